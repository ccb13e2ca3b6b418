"""What was booked already in the period that is running."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from funnelsim.events import Known
from funnelsim.periods import Periods, Window


def booked_since(known: Known, periods: Periods, chosen: NDArray[np.bool_] | None = None) -> float:
    """Return what was booked in the current first period up to the as-of day, in currency units.

    Parameters
    ----------
    known : Known
        What is known on the day.
    periods : Periods
        Calendar periods; with edges in days nothing is booked before the first.
    chosen : ndarray of bool, shape (deals,), optional
        The deals that count; by default all.
    """
    if periods.every is None:
        return 0.0
    first = known.day + 1 - _days_gone(periods.windows(dt.date.fromordinal(known.day))[0])
    recent = known.won & (known.closed >= first)
    if chosen is not None:
        recent &= chosen
    brought = np.where(np.isnan(known.booked), known.amount, known.booked)
    return round(float(np.nansum(brought[recent])), 2)


def _days_gone(window: Window) -> int:
    """Return how many days of a whole period lie before the as-of date's end."""
    left = window.hi - window.lo
    return round(left / window.share - left)
