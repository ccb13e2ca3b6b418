"""Stages that may be something else: a close that is not understood, a dead end, a typo."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError
from funnelsim.events.sheet import Sheet, deals_in_words, rows_in_words

CLOSED = frozenset({
    "closed", "geschlossen", "abgeschlossen", "fermé", "fermée", "cerrado", "cerrada", "chiuso",
    "chiusa",
})  # fmt: skip
FEW, LONG = 5, 91.0
"""So many deals, the first of them so many days ago, and none that went on: a dead end, perhaps."""
ALIKE, MANY_TIMES = 0.85, 20
"""How alike two names are if one may be a typo of the other, and how many times rarer it is."""


def speaks_of_a_close(label: str) -> bool:
    """Return whether a name starts with a word for closed.

    Examples
    --------
    >>> [speaks_of_a_close(name) for name in ("Closed - Competitor", "Closing", "ClosedOther")]
    [True, False, True]
    """
    words = re.findall(r"[^\W\d_]+", label.casefold())
    return bool(words) and (words[0] in CLOSED or words[0].startswith("closed"))


def not_understood(column: str, label: str, labels: Sequence[str]) -> InputError:
    """Return what to say of a word that may be an outcome."""
    shown = ", ".join(map(repr, labels[:12]))
    more = f" and {len(labels) - 12} more" if len(labels) > 12 else ""  # noqa: PLR2004
    return InputError(
        column,
        "hold words that are known to mean won, lost or open",
        label,
        f'say which are: won=["…"], lost=["…"]; it holds {shown}{more}',
    )


def name_doubtful(
    sheet: Sheet,
    labels: Sequence[str],
    open_ones: Sequence[int],
    closing: tuple[Sequence[str], Sequence[str]],
    events: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
) -> None:
    """Ask for closes that are not understood, and name dead ends and likely typos.

    Nothing is asked or said where the user states the stages.

    Parameters
    ----------
    labels : sequence of str
        The states as written.
    open_ones : sequence of int
        The places of those taken for open stages.
    closing : (sequence of str, sequence of str)
        Those taken for won, and for lost.
    events : (label, deal, time)
        Arrays of one length.

    Raises
    ------
    InputError
        If a stage is called closed, is not known to be won or lost, and no deal leaves it.
    """
    if sheet.stated.stages is not None:
        return
    label, deal, time = events
    for k in open_ones:
        inside = label == k
        if not inside.any():
            continue
        left, deals = _left(inside, deal, time)
        if speaks_of_a_close(labels[k]):
            _ask_or_say(sheet, labels[k], closing, left, deals)
        elif left == 0 and deals >= FEW and time.max() - time[inside].min() > LONG:
            _say_dead_end(sheet, labels[k], deals)
    counts = np.bincount(label[label >= 0], minlength=len(labels))
    _name_typos(sheet, labels, open_ones, counts.tolist())


def _left(
    inside: NDArray[np.bool_], deal: NDArray[np.int64], time: NDArray[np.float64]
) -> tuple[int, int]:
    """Return how many deals went on from a state, and how many were in it."""
    size = int(deal.max()) + 1
    came, last_other = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(came, deal[inside], time[inside])
    np.maximum.at(last_other, deal[~inside], time[~inside])
    return int((last_other > came).sum()), int(np.isfinite(came).sum())


def _ask_or_say(
    sheet: Sheet, name: str, closing: tuple[Sequence[str], Sequence[str]], left: int, deals: int
) -> None:
    if left:
        sheet.treat(
            "closed-and-left",
            (),
            f"{name!r} is taken for an open stage, since {left:,} of {deals_in_words(deals)} go on "
            'from it; if it is an outcome, state lost=["…"] or won=["…"]',
        )
        return
    won, lost = (_quoted([*own, name]) for own in closing)
    raise InputError(
        sheet.columns.get("stage", "stage"),
        "hold words that are known to mean won, lost or open",
        name,
        f"no deal goes on from it: state lost=[{lost}] or won=[{won}]; if it is an open stage, "
        "state all of them with stages=[…]",
    )


def _say_dead_end(sheet: Sheet, name: str, deals: int) -> None:
    if sheet.match.layout.kind == "snapshots":  # there deals go on by vanishing
        return
    sheet.treat(
        "dead-end",
        (),
        f"no deal goes on from {name!r}, of {deals_in_words(deals)}: they count as open; if it is "
        f'an outcome, state lost=["{name}", …] or won=["{name}", …]',
    )


def _name_typos(
    sheet: Sheet, labels: Sequence[str], open_ones: Sequence[int], counts: list[int]
) -> None:
    for k in open_ones:
        often = [j for j in range(len(labels)) if counts[j] >= MANY_TIMES * max(counts[k], 1)]
        names = {_plain(labels[j]): j for j in reversed(often) if j != k}
        near = difflib.get_close_matches(_plain(labels[k]), names, 1, ALIKE)
        if counts[k] and near and _letters(labels[k]) != _letters(near[0]):
            j = names[near[0]]
            sheet.treat(
                "perhaps-a-typo",
                (),
                f"{labels[k]!r} ({rows_in_words(counts[k])}) is close to {labels[j]!r} "
                f"({rows_in_words(counts[j])}) and taken for a stage of its own; if it is a typo, "
                f'correct it, or state stages={{"{labels[j]}": ["{labels[j]}", "{labels[k]}"], …}}',
            )


def _plain(label: str) -> str:
    return label.casefold().strip()


def _letters(label: str) -> str:
    """Return a name without its numbers: stages that differ in those are no typos."""
    return re.sub(r"\d+", "", _plain(label))


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
