"""Where a backtest stands, and how far it looks ahead: rolling origins and their windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from funnelsim.errors import InputError
from funnelsim.periods import month_starts

QUARTER_END = "quarter end"
SPACING = 7
HISTORY = 91
"""Days of recorded closes before the first origin: one quarter, so that a season can be seen."""
NEAREST_END = 7
"""Origins with fewer days left in their quarter are left out of the forecasts to its end."""


@dataclass(frozen=True, order=True)
class Window:
    """The days that a forecast is about: ``(day, day + days]``.

    Parameters
    ----------
    day : int
        The origin, as an ordinal: the forecast knows what was known at its end.
    days : int
        The length.
    horizon : str
        What windows are compared under: ``"30 days"`` or ``"quarter end"``.
    """

    day: int
    days: int
    horizon: str

    @property
    def end(self) -> int:
        """The last day."""
        return self.day + self.days


def rolling(days: Sequence[int], last_day: int, horizons: Sequence[int]) -> list[Window]:
    """Return the windows of some origins that end inside the record.

    Examples
    --------
    >>> [(one.day, one.horizon) for one in rolling([100, 105, 110, 115], 140, [30, 91])]
    [(100, '30 days'), (105, '30 days'), (110, '30 days')]
    """
    windows = [Window(day, ahead, f"{ahead} days") for ahead in horizons for day in days]
    return [window for window in windows if window.end <= last_day]


def to_quarter_end(days: Sequence[int], last_day: int, fiscal_year_start: int = 1) -> list[Window]:
    """Return the windows from origins to the ends of their quarters, inside the record.

    Examples
    --------
    >>> days = [date(2026, 3, day).toordinal() for day in (4, 23, 26)]
    >>> [window.days for window in to_quarter_end(days, days[-1] + 30)]
    [27, 8]
    """
    ends = [quarter_end(day + 1, fiscal_year_start) for day in days]
    windows = [Window(day, end - day, QUARTER_END) for day, end in zip(days, ends, strict=True)]
    return [one for one in windows if one.days >= NEAREST_END and one.end <= last_day]


def quarter_end(day: int, fiscal_year_start: int = 1, later: int = 0) -> int:
    """Return the last day of the quarter that holds a day, or of one so many quarters later.

    Examples
    --------
    >>> day = date(2026, 12, 31).toordinal()
    >>> [date.fromordinal(quarter_end(day, later=step)).isoformat() for step in (-1, 0, 1)]
    ['2026-09-30', '2026-12-31', '2027-03-31']
    >>> date.fromordinal(quarter_end(day, fiscal_year_start=2)).isoformat()
    '2027-01-31'
    """
    found = date.fromordinal(day)
    month = 12 * found.year + found.month - 1
    first = month - (month - (fiscal_year_start - 1)) % 3
    return int(month_starts(np.array([first + 3 * (later + 1)]))[0]) - 1


def checked_first(record_start: int, last_day: int, first: int | None, shortest: int) -> int:
    """Return the first origin: by default, after one quarter of recorded closes.

    Raises
    ------
    InputError
        If not even the shortest horizon ends inside the record.
    """
    start = record_start + HISTORY if first is None else first
    if start + shortest > last_day:
        recorded = last_day - record_start + 1
        raise InputError(
            "history",
            f"hold {start + shortest - record_start + 1} days of closes, so that one forecast "
            f"of {shortest} days can be scored",
            recorded,
            "ask for a shorter horizon, or for an earlier first origin",
        )
    return start
