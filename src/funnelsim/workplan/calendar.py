"""The periods of a work plan: their names (numbers, or dates), and how many are a year."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from funnelsim.errors import InputError
from funnelsim.periods import Periods, as_date

PERIODS_A_YEAR = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}

_YEAR_OR_MONTH = re.compile(r"\d{4}(-\d\d)?", re.ASCII)
_SHAPES = {"month": "%Y-%m", "quarter": "%Y-%m", "year": "%Y"}


def first_day(first: Any) -> dt.date:
    """Return the first day of a plan, from a date or from ``"2027-01"`` or ``"2027"``.

    Examples
    --------
    >>> first_day("2027-04")
    datetime.date(2027, 4, 1)
    """
    text = first.strip() if isinstance(first, str) else ""
    if _YEAR_OR_MONTH.fullmatch(text):
        first = f"{text}-01-01"[:10]
    day = as_date("first", first)
    if day == dt.date.min:
        raise InputError("first", "be after 0001-01-01", first)
    return day


def period_names(every: str, first: dt.date | None, count: int) -> tuple[str, ...]:
    """Return the names of so many periods; with a first day, the day (month, year) they begin.

    Examples
    --------
    >>> period_names("quarter", dt.date(2027, 1, 1), 2)
    ('2027-01', '2027-04')
    """
    if first is None:
        return tuple(str(period) for period in range(1, count + 1))
    try:
        windows = Periods(every, count).windows(first - dt.timedelta(days=1))
    except InputError:  # it would speak of periods, which nobody stated here
        raise InputError("first", "let the last period end by 9999-12-31", str(first)) from None
    shape = _SHAPES.get(every, "%Y-%m-%d")
    # a date, for whole calendar periods have no edges in days
    return tuple(f"{window.start:{shape}}" for window in windows)
