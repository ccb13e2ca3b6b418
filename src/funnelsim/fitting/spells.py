"""The time that each deal spent in a stage, as far as it was seen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from funnelsim.clock import Clock
from funnelsim.events import Known

Floats = NDArray[np.float64]

OPEN, FORWARD, LOST = 0, 1, 2
"""How a spell ended: not so far, by going on to the next stage, by being lost."""
MANY = 2000
"""Different ages of a stage, from which on those of three digits are as good."""
LEAST_AGE = 0.01
"""Days: what passes in no time has this age, where a density at 0 would be infinite."""


@dataclass(frozen=True, eq=False)
class Spells:
    """The spells of deals in one stage, in days.

    A deal is at risk at the ages from ``start`` to ``end``, both included.

    Parameters
    ----------
    start : ndarray, shape (spells,)
        The age from which closes were recorded: 0, or more for a deal that entered before the
        record starts, and is seen only because it was still there (left truncation).
    end : ndarray, shape (spells,)
        The age at which it left the stage, or that it has at the as-of date.
    cause : ndarray of int, shape (spells,)
        `FORWARD`, `LOST`, or `OPEN` at the as-of date (right censoring).
    deal : ndarray of int, shape (spells,)
        The deal's place among the known deals.
    whole_days : bool
        Whether times are dates, so that an age of 5 is one of 4.5 to 5.5 days.
    """

    start: Floats
    end: Floats
    cause: NDArray[np.int64]
    deal: NDArray[np.int64]
    whole_days: bool

    def __len__(self) -> int:
        return len(self.end)

    def count(self, cause: int) -> int:
        """Return how many spells ended so."""
        return int((self.cause == cause).sum())


def spells(known: Known, clock: Clock | None = None) -> list[Spells]:
    """Return the spells in each open stage.

    Parameters
    ----------
    known : Known
        What is known on a day.
    clock : Clock, optional
        The clock on which times are measured; by default calendar time.

    Examples
    --------
    >>> from funnelsim.events import LOST, WON, EventLog
    >>> log = EventLog(["A", "B"], ["meeting", "offer"], deal=[0, 0, 0, 1], time=[1, 9, 30, 20],
    ...                state=[0, 1, WON, 0])
    >>> first, last = spells(log.as_of(40))
    >>> first.end, first.cause, last.end
    (array([ 8. , 20.5]), array([1, 0]), array([21.]))
    """
    whole = whole_days(known)
    now = end_of_day(known, whole=whole)
    when = [*known.entry, np.where(known.won, known.closed, np.inf)]
    on_clock = _ClockTime(known, clock, now)
    return [
        _spells(known, entered, onward, on_clock=on_clock, now=now, whole=whole)
        for entered, onward in pairwise(when)
    ]


def coarse(spells: Spells) -> Spells:
    """Return the spells with ages of three digits where there are very many, so that they tie."""
    if len(np.unique(spells.end)) <= MANY:
        return spells
    return replace(spells, start=three_digits(spells.start), end=three_digits(spells.end))


def three_digits(ages: Floats) -> Floats:
    """Return ages with three significant digits, and none finer than a ten-thousandth of a day.

    Examples
    --------
    >>> three_digits(np.array([0.0, 0.012345, 12.345, 123.45])).tolist()
    [0.0, 0.0123, 12.3, 123.0]
    """
    digits = 2.0 - np.floor(np.log10(np.maximum(ages, LEAST_AGE)))
    return np.asarray(np.rint(ages * 10.0**digits) / 10.0**digits)


def whole_days(known: Known) -> bool:
    """Return whether all times are dates."""
    times = np.concatenate([known.entry.ravel(), known.closed])
    times = times[np.isfinite(times)]
    return bool((times == np.floor(times)).all())


def end_of_day(known: Known, *, whole: bool) -> float:
    """Return the as-of moment on the scale of the times: a date stands for its noon."""
    return known.day + (0.5 if whole else 1.0)


class _ClockTime:
    """Time on a clock that stands at 0 at the as-of moment."""

    def __init__(self, known: Known, clock: Clock | None, now: float) -> None:
        self._clock = None if clock is None or clock.is_identity else clock
        self._as_of, self._now = dt.date.fromordinal(known.day), now

    def __call__(self, time: Floats) -> Floats:
        if self._clock is None:
            return time - self._now
        return self._clock.elapsed(self._as_of, time - self._now)


def _spells(
    known: Known,
    entered: Floats,
    onward: Floats,
    *,
    on_clock: _ClockTime,
    now: float,
    whole: bool,
) -> Spells:
    """Return the spells between entering a stage and the next one."""
    left = np.minimum(np.minimum(onward, known.closed), now)
    cause = np.where(np.isfinite(onward), FORWARD, np.where(known.lost, LOST, OPEN))
    seen = np.flatnonzero(np.isfinite(entered) & (left >= known.record_start))
    begun = on_clock(entered[seen])
    from_start = on_clock(np.maximum(entered[seen], known.record_start))
    return Spells(
        start=from_start - begun,
        end=np.maximum(on_clock(left[seen]) - begun, 0.0),
        cause=cause[seen].astype(np.int64),
        deal=seen,
        whole_days=whole,
    )
