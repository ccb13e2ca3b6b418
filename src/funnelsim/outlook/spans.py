"""Where deals stood on any day up to the as-of day, in whole days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.events import NEVER, Known
from funnelsim.fitting.hazards import AGES

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

FAR = 2**40
"""The whole day of what has not happened."""


@dataclass(frozen=True, eq=False)
class Spans:
    """The whole days on which deals entered stages and closed, `FAR` for never.

    Parameters
    ----------
    entry : ndarray of int, shape (stages, deals)
        The day a stage was entered or passed.
    closed : ndarray of int, shape (deals,)
        The day of the close.
    """

    entry: Whole
    closed: Whole

    @classmethod
    def of(cls, known: Known) -> Spans:
        """Return the spans of all known deals."""
        return cls(_whole(known.entry), _whole(known.closed))

    def standing(self, day: int) -> tuple[NDArray[np.intp], Whole, Whole]:
        """Return the deals open at a day's end, their stages, and the age of their next day.

        Ages of `AGES` days and more are that of the last.
        """
        deals = np.flatnonzero((self.entry[0] <= day) & (self.closed > day))
        stage = (self.entry[:, deals] <= day).sum(axis=0) - 1
        age = np.minimum(day - self.entry[stage, deals] + 1, AGES - 1)
        return deals, stage, age


def earlier(known: Known, day: int) -> Known:
    """Return what was known on an earlier day, as far as the deals known now tell."""
    seen = np.floor(known.created) <= day
    part = known.only(seen)
    closed = np.floor(part.closed) <= day
    return Known(
        day=day,
        record_start=part.record_start,
        stages=part.stages,
        ids=part.ids,
        entry=np.where(np.floor(part.entry) <= day, part.entry, NEVER),
        closed=np.where(closed, part.closed, NEVER),
        won=part.won & closed,
        amount=part.amount,
        booked=np.where(closed, part.booked, np.nan),
        segments=part.segments,
    )


def _whole(days: Floats) -> Whole:
    return np.where(np.isfinite(days), np.floor(days), FAR).astype(np.int64)
