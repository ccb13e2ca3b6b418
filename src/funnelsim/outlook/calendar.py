"""Days as the regression sees them: weeks back from the as-of day, days left in a quarter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.outlook.pressure import WEEK
from funnelsim.outlook.spans import Whole
from funnelsim.periods import month_starts

Floats = NDArray[np.float64]

FROM_DAYS_LEFT = (61, 31, 14, 7, 0)
"""The least days left in the quarter of each class."""
CLASSES = len(FROM_DAYS_LEFT)
MONTHS = 3


class Cells(NamedTuple):
    """Runs of days in one week and one calendar class."""

    first: NDArray[np.intp]  # (cells,) place of the first day
    days: NDArray[np.int64]  # (cells,) how many
    week: NDArray[np.int64]  # (cells,)
    season: NDArray[np.int64]  # (cells,) calendar class

    def sums(self, daily: Floats) -> Floats:
        """Return sums over the days of each cell, along the first axis."""
        return np.asarray(np.add.reduceat(daily, self.first, axis=0))


def days_left(days: Whole, fiscal_year_start: int = 1) -> Whole:
    """Return how many days of the fiscal quarter are left after each day.

    Examples
    --------
    >>> from datetime import date
    >>> import numpy as np
    >>> days_left(np.array([date(2027, 3, 30).toordinal()]))
    array([1])
    """
    months = (days.astype("datetime64[D]") - _ordinal_shift()).astype("datetime64[M]")
    count = months.astype(np.int64) + 1970 * 12
    place = (count - (fiscal_year_start - 1)) % MONTHS
    return np.asarray(month_starts(count - place + MONTHS) - 1 - days)


def _ordinal_shift() -> np.timedelta64:
    """Return the days from NumPy's day 0 (1970) to that of ordinals."""
    return np.timedelta64(719_163, "D")


def season(days: Whole, fiscal_year_start: int = 1) -> Whole:
    """Return the calendar class of each day: 0 early in a quarter, 4 in its last week."""
    left = days_left(days, fiscal_year_start)
    return np.asarray((left[:, None] < np.array(FROM_DAYS_LEFT[:-1])).sum(axis=1))


def cells_of(week: Whole, classes: Whole, edges: Whole | None = None) -> Cells:
    """Return runs of consecutive days with one week and one class.

    Parameters
    ----------
    week, classes : ndarray of int, shape (days,)
        Of each day.
    edges : ndarray of int, optional
        Numbers of days after which a run ends in any case.
    """
    starts = np.ones(len(week), bool)
    starts[1:] = (np.diff(week) != 0) | (np.diff(classes) != 0)
    if edges is not None:
        starts[edges[edges < len(week)]] = True
    first = np.flatnonzero(starts)
    return Cells(first, np.diff(first, append=len(week)), week[first], classes[first])


def past_weeks(start: int, day: int) -> Whole:
    """Return the week of each day from the record's start to the as-of day, the oldest 0."""
    back = (day - np.arange(start, day + 1)) // WEEK
    return np.asarray(back[0] - back)
