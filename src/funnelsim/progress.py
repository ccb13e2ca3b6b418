"""A progress bar for `simulate`, by tqdm."""

from __future__ import annotations

import sys
from typing import Any

from funnelsim.errors import InputError


def progress_bar() -> ProgressBar:
    """Return a progress bar to hand to `simulate`.

    It shows where standard error is a terminal, and in a notebook; elsewhere it stays silent. It
    closes itself when all paths are done, and serves for the next simulation.

    Raises
    ------
    InputError
        If tqdm is not installed.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Scenario, progress_bar, simulate
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("month", 12), funnel=Funnel.key_account(time=30)
    ... )
    >>> forecast = simulate(scenario, paths=1_000, progress=progress_bar())
    """
    try:
        from tqdm.auto import tqdm  # noqa: PLC0415
        from tqdm.notebook import tqdm_notebook  # noqa: PLC0415
    except ImportError:
        remedy = "pip install 'funnelsim[progress]'"
        raise InputError("tqdm", "be installed for a progress bar", remedy=remedy) from None
    shows = is_terminal(sys.stderr) or issubclass(tqdm, tqdm_notebook)
    return ProgressBar(tqdm if shows else None)


class ProgressBar:
    """Called with the paths done and the paths in all; made by `progress_bar`."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm = tqdm
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        """Show how far the simulation is."""
        if self._tqdm is None:
            return
        if self._bar is not None and done < self._bar.n:  # what was stopped begins anew
            self.close()
        if self._bar is None:
            self._bar = self._tqdm(total=total, unit="path", unit_scale=True, leave=False)
        self._bar.update(done - self._bar.n)
        if done >= total:
            self.close()

    def close(self) -> None:
        """Take the bar away, wherever it stands."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def is_terminal(stream: Any) -> bool:
    """Return whether a stream is there and is a terminal."""
    try:
        return stream is not None and bool(stream.isatty())
    except (AttributeError, ValueError):  # a stand-in, or a closed stream
        return False
