"""What came: the wins of windows of days, and what they brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError, unknown
from funnelsim.events import Known

Segment = tuple[str, str] | None
"""A column that deals are grouped by and a name in it; None for all deals."""

CENTS = 100
LEAST_WINS = 100
"""Segments with fewer wins are not scored: their scores say little."""


@dataclass(frozen=True, eq=False)
class Wins:
    """Wins in order of their days.

    A window is ``(after, until]``, in whole days, as are the windows of a forecast.

    Parameters
    ----------
    day : ndarray of int, shape (wins,)
        The day of each win, increasing.
    cents : ndarray of int, shape (wins,)
        What each brought; 0 where no amount is said.
    """

    day: NDArray[np.int64]
    cents: NDArray[np.int64]

    def count(self, after: int, until: int) -> int:
        """Return the number of wins in a window."""
        first, last = self._places(after, until)
        return last - first

    def bookings(self, after: int, until: int) -> int:
        """Return what the wins in a window brought, in cents."""
        return int(self.in_window(after, until).sum())

    def in_window(self, after: int, until: int) -> NDArray[np.int64]:
        """Return what each win in a window brought, in cents."""
        first, last = self._places(after, until)
        return self.cents[first:last]

    def _places(self, after: int, until: int) -> tuple[int, int]:
        first, last = np.searchsorted(self.day, [after + 1, until + 1])
        return int(first), max(int(last), int(first))


def wins_of(known: Known, segment: Segment = None) -> Wins:
    """Return the wins known, of all deals or of one segment.

    Examples
    --------
    >>> from funnelsim.events import WON, EventLog
    >>> log = EventLog(["A", "B"], ["meeting"], deal=[0, 1, 0], time=[1, 2, 9.5],
    ...                state=[0, 0, WON], amount=[300, 400, 250])
    >>> wins = wins_of(log.as_of(9))
    >>> wins.count(8, 9), wins.count(9, 10), wins.bookings(0, 9)
    (1, 0, 25000)
    """
    kept = _KEPT.setdefault(known, {})
    if segment not in kept:
        kept[segment] = _wins_of(known, segment)
    return kept[segment]


def _wins_of(known: Known, segment: Segment) -> Wins:
    chosen = known.won & members(known, segment)
    day = np.floor(known.closed[chosen]).astype(np.int64)
    order = np.argsort(day, kind="stable")
    return Wins(day[order], in_cents(known)[chosen][order])


_KEPT: WeakKeyDictionary[Known, dict[Segment, Wins]] = WeakKeyDictionary()
"""Wins that several forecasters ask for, as long as what is known is in use."""


def in_cents(known: Known) -> NDArray[np.int64]:
    """Return what each deal brought, or is said to bring, in whole cents; 0 where nothing is said.

    That is what was booked, else the last amount said before.
    """
    worth = np.where(np.isnan(known.booked), known.amount, known.booked)
    cents: NDArray[np.int64] = np.rint(np.nan_to_num(worth, nan=0.0) * CENTS).astype(np.int64)
    return cents


def members(known: Known, segment: Segment) -> NDArray[np.bool_]:
    """Return which deals belong to a segment; none do before the first of them is known.

    Raises
    ------
    InputError
        If deals are not grouped by the column.
    """
    if segment is None:
        return np.ones(len(known), np.bool_)
    column, name = segment
    if column not in known.segments:
        if not known.segments:
            raise InputError("by", "be empty where deals have no segments", column)
        raise unknown("by", column, known.segments, "be a column of the history")
    code, names = known.segments[column]
    if name not in names:
        return np.zeros(len(known), np.bool_)
    return np.asarray(code == names.index(name))


def large_segments(
    known: Known, by: Sequence[str], least: int = LEAST_WINS
) -> tuple[list[Segment], list[tuple[str, str]]]:
    """Return None for the total and the segments with enough wins; and those with too few.

    Raises
    ------
    InputError
        If deals are not grouped by a column.
    """
    large: list[Segment] = [None]
    small: list[tuple[str, str]] = []
    for column in [by] if isinstance(by, str) else by:
        members(known, (column, ""))  # raises for a column that is not there
        for name in known.segments[column][1]:
            wins = int(known.won[members(known, (column, name))].sum())
            (large if wins >= least else small).append((column, name))
    return large, small
