"""Periods: the windows of a fiscal calendar, counted in days from the as-of date.

``as_of`` is the end of that local calendar day, without time zones: day 1 is the next date, and a
window is ``(lo, hi]``. Weeks start on Monday.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from funnelsim.errors import InputError, unknown
from funnelsim.parameters import Interval, number, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAYS_IN = {"day": 1, "week": 7}
MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
KINDS = (*DAYS_IN, *MONTHS_IN)
MOST_PERIODS = 10_000
KEYS = ("every", "count", "fiscal_year_start", "edges")

_LAST_DATE = dt.date.max.toordinal()
_EPOCH = dt.date(1970, 1, 1).toordinal()
_ISO_DAY = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)


class Window(NamedTuple):
    """One period, as dates and as days after the as-of date.

    Parameters
    ----------
    start, end : datetime.date or float
        First and last calendar day, both inside; day numbers where periods were given by edges.
    lo, hi : float
        The window is ``(lo, hi]``, in days after the as-of date.
    share : float
        The part of the whole calendar period that remains, in days: 1 for a whole one.
    """

    start: dt.date | float
    end: dt.date | float
    lo: float
    hi: float
    share: float


@dataclass(frozen=True)
class Periods:
    """The periods of a forecast: calendar periods, or raw edges in days.

    Parameters
    ----------
    every : str
        ``"day"``, ``"week"``, ``"month"`` (default), ``"quarter"`` or ``"year"``.
    count : int
        How many periods, 1 to 10,000; default 12. The first is what remains, after the as-of date,
        of the period that holds the next day.
    fiscal_year_start : int
        Month (1 to 12) in which fiscal years start; it shapes quarters and years.
    edges : sequence of float, optional
        Edges of the periods in days after the as-of date, instead of `every` and `count`: the first
        is 0, they increase strictly, and fractions are allowed.

    Raises
    ------
    InputError
        A value is outside its range, or `every` or another `count` is given beside `edges`.

    Examples
    --------
    >>> for window in Periods("month", 2).windows("2027-01-15"):
    ...     print(window.start, window.end, window.lo, window.hi, round(window.share, 3))
    2027-01-16 2027-01-31 0.0 16.0 0.516
    2027-02-01 2027-02-28 16.0 44.0 1.0
    >>> len(Periods(edges=[0, 90, 180]))
    2
    """

    every: str | None = None
    count: int = cast("int", None)  # None, only until made: 12, or as many as the edges bound
    _: KW_ONLY
    fiscal_year_start: int = 1
    edges: Sequence[float] | None = None

    def __post_init__(self) -> None:
        month = whole("periods.fiscal_year_start", self.fiscal_year_start, 1, 12)
        object.__setattr__(self, "fiscal_year_start", month)
        if self.edges is None:
            self._set_calendar()
        else:
            self._set_edges(self.edges)

    def _set_calendar(self) -> None:
        every = "month" if self.every is None else self.every
        if not isinstance(every, str):
            raise InputError("periods.every", f"be one of {', '.join(KINDS)}", every)
        if every not in KINDS:
            raise unknown("periods.every", every, KINDS, "be a kind of period")
        count: Any = self.count
        count = 12 if count is None else whole("periods.count", count, 1, MOST_PERIODS)
        object.__setattr__(self, "every", every)
        object.__setattr__(self, "count", count)

    def _set_edges(self, given: Any) -> None:
        edges = _checked_edges(given)
        # The count that the edges have is let pass, so that a copy with another field can be made.
        beside = {
            "every": self.every,
            "count": None if self.count == len(edges) - 1 else self.count,
        }
        for name, value in beside.items():
            if value is not None:
                raise InputError(
                    f"periods.{name}",
                    "be left out where edges are given",
                    value,
                    "give either every and count, or edges",
                )
        object.__setattr__(self, "edges", edges)
        object.__setattr__(self, "count", len(edges) - 1)

    def __len__(self) -> int:
        return self.count

    def windows(self, as_of: Any) -> tuple[Window, ...]:
        """Return the periods that follow the end of the day `as_of`, in order and without gaps.

        Parameters
        ----------
        as_of : datetime.date, datetime.datetime, str, pandas.Timestamp or numpy.datetime64
            The as-of date.

        Raises
        ------
        InputError
            `as_of` is no date, or a period ends after the year 9999.
        """
        day = as_date("as_of", as_of).toordinal()
        if self.edges is not None:
            return tuple(
                Window(lo, hi, float(lo), float(hi), 1.0) for lo, hi in pairwise(self.edges)
            )
        starts = self._starts(day + 1)
        if starts[-1] - 1 > _LAST_DATE:
            raise InputError(
                "periods.count",
                "let the last period end by 9999-12-31",
                self.count,
                "ask for fewer or shorter periods",
            )
        return tuple(_window(day, start, after) for start, after in pairwise(starts))

    def edges_in_days(self, as_of: Any) -> NDArray[np.float64]:
        """Return the ``count + 1`` edges of the periods, in days after `as_of`; the first is 0."""
        return np.array([0.0, *(window.hi for window in self.windows(as_of))])

    def _starts(self, day: int) -> list[int]:
        """Return the first day of the period that holds `day`, and of the `count` after it."""
        steps = np.arange(self.count + 1)
        if self.every in DAYS_IN:
            length = DAYS_IN[self.every]  # day 1 of the ordinals, 0001-01-01, is a Monday
            starts = day - (day - 1) % length + length * steps
        else:
            length = MONTHS_IN[cast("str", self.every)]
            month = _month_of(day)
            first = month - (month - (self.fiscal_year_start - 1)) % length
            starts = month_starts(first + length * steps)
        return [int(start) for start in starts]

    def to_toml(self) -> dict[str, Any]:
        """Return the ``[periods]`` table of a scenario file."""
        year: dict[str, Any] = {"fiscal_year_start": self.fiscal_year_start}
        if self.edges is not None:
            return {"edges": list(self.edges), **year}
        return {"every": self.every, "count": self.count, **year}

    @classmethod
    def from_toml(cls, field: str, table: Any) -> Periods:
        """Return the periods that a ``[periods]`` table states; `field` names it in errors."""
        return cls(**checked_keys(field, table, KEYS))


def as_date(field: str, value: Any) -> dt.date:
    """Return the local calendar day of a date, a datetime, a timestamp or ISO text.

    Parameters
    ----------
    field : str
        What the value is, for the error.
    value : datetime.date, datetime.datetime, str, pandas.Timestamp or numpy.datetime64
        Time of day and time zone are dropped, not converted.

    Raises
    ------
    InputError
        It is none of these, or not a time, or outside the years 1 to 9999.

    Examples
    --------
    >>> as_date("as_of", "2026-12-31 10:00")
    datetime.date(2026, 12, 31)
    """
    day: Any = None
    if isinstance(value, str):
        day = _day_of_text(value)
    elif isinstance(value, np.datetime64):
        finer_than_week = np.datetime_data(value.dtype)[0] not in ("Y", "M", "W", "generic")
        day = value.astype("datetime64[D]").item() if finer_than_week else None
    elif isinstance(value, dt.datetime):
        day = value.date() if value == value else None  # noqa: PLR0124  NaT is not itself
    elif isinstance(value, dt.date):
        day = value
    if not isinstance(day, dt.date):
        raise InputError(field, "be a date", value, "write the date as 2026-12-31")
    return day


def _day_of_text(text: str) -> dt.date | None:
    found = _ISO_DAY.fullmatch(text.strip())
    try:
        return dt.date.fromisoformat(found[1]) if found else None
    except ValueError:  # 2026-02-30
        return None


def _month_of(day: int) -> int:
    """Return the month that holds a day, counted from January of year 0."""
    if day > _LAST_DATE:
        return 12 * (dt.MAXYEAR + 1)
    date = dt.date.fromordinal(day)
    return 12 * date.year + date.month - 1


def month_starts(months: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the ordinal of the first day of each month, counted from January of year 0.

    NumPy's calendar is used because it does not end with the year 9999.
    """
    since_1970 = (months - 12 * 1970).astype("datetime64[M]")
    return since_1970.astype("datetime64[D]").astype(np.int64) + _EPOCH


def checked_keys(field: str, table: Any, known: Iterable[str]) -> dict[str, Any]:
    """Return a table of a scenario file as a dict, or raise for a key that is not known."""
    if not isinstance(table, Mapping):
        raise InputError(field, "be a table", table)
    for key in table:
        if key not in known:
            raise unknown(f"key of {field}", key, known, "be a known key")
    return dict(table)


def _window(day: int, start: int, after: int) -> Window:
    """Return what remains, after `day`, of the whole period from `start` up to before `after`."""
    first = max(start, day + 1)
    dates = dt.date.fromordinal(first), dt.date.fromordinal(after - 1)
    lo, hi = first - 1 - day, after - 1 - day
    return Window(*dates, float(lo), float(hi), (hi - lo) / (after - start))


MOST_DAYS = 3_652_059
"""Days from year 1 to year 9999: no edge is beyond."""


def _checked_edges(given: Any) -> tuple[float, ...]:
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise InputError("periods.edges", "be a list of day numbers", given, "such as [0, 90, 180]")
    edges = [number(f"edge {k} of periods.edges", edge, Interval()) for k, edge in enumerate(given)]
    if not 1 < len(edges) <= MOST_PERIODS + 1:
        raise InputError(
            "periods.edges",
            f"hold 2 to {MOST_PERIODS + 1} day numbers",
            len(edges),
            "such as [0, 90, 180]",
        )
    if edges[0] != 0:
        raise InputError("periods.edges", "start with 0, the as-of date", edges[0])
    for before, edge in pairwise(edges):
        if not before < edge:
            raise InputError("periods.edges", f"increase strictly after {before:g}", edge)
    if edges[-1] > MOST_DAYS:
        raise InputError("periods.edges", f"end by day {MOST_DAYS}, some 9999 years", edges[-1])
    return tuple(int(edge) if edge.is_integer() else edge for edge in edges)
