"""Fitted signals as a section of a scenario file, with what stands behind each number."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from funnelsim._whole_file import check_writable, write_whole
from funnelsim.scenario_file.writing import signals_text

if TYPE_CHECKING:
    from funnelsim.fitting.signals_fit import SignalFit


def write_signals(
    fit: SignalFit, path: str | os.PathLike[str], *, draws: int = 1, late: bool = False
) -> None:
    """Write the effects as the section ``[signals]`` of a scenario file.

    Parameters
    ----------
    fit : SignalFit
        The effects.
    path : path
        The file to write; one that exists is replaced, whole or not at all.
    draws : int
        Draws of each effect; 1: the mean log-odds alone.
    late : bool
        Whether signals that are perhaps late are among them.

    Raises
    ------
    InputError
        If the file cannot be written, or there are not so many draws.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from funnelsim.fitting.signals_fit import fit_signals
    >>> fit = fit_signals({"coach": ["yes"] * 60 + ["no"] * 60,
    ...     "Status": ["Won"] * 40 + ["Lost"] * 20 + ["Won"] * 15 + ["Lost"] * 45})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "signals.toml")
    ...     write_signals(fit, file)
    ...     file.read_text("utf-8").splitlines()[0]
    '# Effects of signals on the odds of winning, from 120 closed deals, 55 won.'
    """
    check_writable(path)
    chosen = fit.signals(draws=draws, late=late)
    won = f"{fit.deals.won.sum():,.0f} won"
    lines = [
        f"Effects of signals on the odds of winning, from {len(fit.deals):,} closed deals, {won}."
    ]
    lines += [
        f"{one.signal} = {one.level}: {one.in_words}"
        for one in fit.effects
        if one.signal in chosen.names
    ]
    lines += [one.message for one in fit.warnings]
    comments = "".join(f"# {part}\n" for line in lines for part in line.splitlines())
    write_whole(path, (comments + "\n" + signals_text(chosen)).encode())
