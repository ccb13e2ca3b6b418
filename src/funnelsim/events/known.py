"""What is known of the deals on a day, as arrays: nothing later is in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEVER = np.inf
"""The day of what has not happened by the as-of day."""


def date_of(day: float) -> str:
    """Return an ordinal day as a date, for messages.

    Examples
    --------
    >>> date_of(738887.5)
    '2024-01-02'
    """
    return dt.date.fromordinal(max(int(day), 1)).isoformat()


@dataclass(frozen=True, eq=False)
class Known:
    """The deals as they were known at the end of a day, one place in each array per deal.

    Days are proleptic ordinals (``datetime.date.toordinal``), with a fraction where the time of
    day was recorded.

    Parameters
    ----------
    day : int
        The as-of day; events up to its end are in.
    record_start : int
        The first day from which closes are recorded: before it a deal is seen only if it
        survived (left truncation).
    stages : tuple of str
        The open stages, in order; being won is not among them.
    ids : tuple of str
        What the deals are called.
    entry : ndarray, shape (stages, deals)
        The day a deal entered a stage, or passed it on its way to a later one; `NEVER` where it
        has not come so far. ``entry[0]`` is the day of its creation.
    closed : ndarray, shape (deals,)
        The day it was won or lost; `NEVER` while it is open.
    won : ndarray of bool, shape (deals,)
        Whether it was won.
    amount : ndarray, shape (deals,)
        The last amount said before it closed, in currency units; NaN where none was said.
    booked : ndarray, shape (deals,)
        What a won deal brought, in currency units; NaN where nothing is said, and if not won.
    segments : dict of str to (ndarray of int, tuple of str)
        For each column that deals are grouped by, the code of each deal and the names of the codes.
    """

    day: int
    record_start: int
    stages: tuple[str, ...]
    ids: tuple[str, ...]
    entry: Floats
    closed: Floats
    won: NDArray[np.bool_]
    amount: Floats
    booked: Floats
    segments: dict[str, tuple[NDArray[np.int32], tuple[str, ...]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def created(self) -> Floats:
        """The day of creation, shape (deals,)."""
        return np.asarray(self.entry[0])

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Whether each deal was lost."""
        return np.asarray(np.isfinite(self.closed) & ~self.won)

    @property
    def open(self) -> NDArray[np.bool_]:
        """Whether each deal is open."""
        return np.asarray(~np.isfinite(self.closed))

    @property
    def stage(self) -> NDArray[np.intp]:
        """The furthest stage that each deal has entered or passed."""
        return np.asarray(np.isfinite(self.entry).sum(axis=0) - 1)

    def only(self, chosen: NDArray[np.bool_]) -> Known:
        """Return the same of some deals alone."""
        places = np.flatnonzero(chosen)
        segments = {name: (code[places], names) for name, (code, names) in self.segments.items()}
        return Known(
            day=self.day,
            record_start=self.record_start,
            stages=self.stages,
            ids=tuple(self.ids[k] for k in places.tolist()),
            entry=self.entry[:, places],
            closed=self.closed[places],
            won=self.won[places],
            amount=self.amount[places],
            booked=self.booked[places],
            segments=segments,
        )
