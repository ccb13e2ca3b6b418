"""The clock: calendar time to working time and back.

Weekends, holidays, season and quarter-end pushes are one thing: a change of time. Durations and
ages are measured on the clock, and the calendar day comes back by its inverse (docs: the model,
"Calendar time").

A date has a weight, and its rate is that weight over the mean weight of its calendar year. So each
full calendar year has mean rate one, exactly: a mean measured in calendar days (from a CRM's
history, say) keeps its value however the year is shaped, and a holiday moves progress inside its
year instead of slowing the whole future down.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from funnelsim.errors import InputError, unknown
from funnelsim.parameters import NONNEGATIVE, number, whole
from funnelsim.periods import as_date, checked_keys, month_starts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
KEYS = ("weekend", "holidays", "season", "quarter_end")
LONGEST_QUARTER = 92
# Weekdays and leap years repeat after 28 years without a skipped leap year: all kinds of years.
_ALL_KINDS_OF_YEARS = range(2001, 2029)


@dataclass(frozen=True)
class QuarterEnd:
    """The push at the end of a quarter.

    Parameters
    ----------
    days : int
        The last so many calendar days of each fiscal quarter, 1 to 92 ...
    weight : float
        ... have their weight multiplied by this; 0 or more.

    Examples
    --------
    Three times the progress in the last fortnight of a quarter is a third of all its progress.

    >>> push = Clock(quarter_end=QuarterEnd(days=14, weight=3.0))
    >>> push.elapsed("2027-03-17", [14]).round(1)
    array([32.1])
    """

    days: int
    weight: float

    def __post_init__(self) -> None:
        days = whole("clock.quarter_end.days", self.days, 1, LONGEST_QUARTER)
        weight = number("clock.quarter_end.weight", self.weight, NONNEGATIVE)
        object.__setattr__(self, "days", days)
        object.__setattr__(self, "weight", weight)


@dataclass(frozen=True)
class Clock:
    """Progress in calendar time: which days count, and how much.

    The rate of a date is its weight over the mean weight of its calendar year. By default all
    weights are one and the clock is calendar time.

    Parameters
    ----------
    weekend : sequence of str
        Names of weekdays without progress: ``["saturday", "sunday"]``, or ``["sat", "sun"]``.
    holidays : sequence of dates
        Dates without progress, each as `funnelsim.periods.as_date` takes it.
    season : sequence of float
        Empty, or 12 weights of 0 or more for the dates of January to December.
    quarter_end : QuarterEnd, optional
        A push in the last days of each fiscal quarter.
    fiscal_year_start : int
        Month (1 to 12) in which fiscal years start; it shapes the quarters.

    Raises
    ------
    InputError
        A value is outside its range, or no day of some year is left with progress.

    Examples
    --------
    A Friday evening, with weekends off: Monday is the third day and the first with progress.

    >>> clock = Clock(weekend=["saturday", "sunday"])
    >>> clock.elapsed("2027-01-01", [1, 2, 3]).round(4).tolist()
    [0.0, 0.0, 1.3985]
    >>> clock.day("2027-01-01", [1.3984674]).round(4).tolist()
    [3.0]
    """

    weekend: Sequence[str] = ()
    holidays: Sequence[Any] = ()
    season: Sequence[float] = ()
    quarter_end: QuarterEnd | None = None
    fiscal_year_start: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.quarter_end, QuarterEnd | None):
            raise InputError(
                "clock.quarter_end",
                "be a QuarterEnd",
                self.quarter_end,
                "such as QuarterEnd(days=14, weight=3.0)",
            )
        month = whole("clock.fiscal_year_start", self.fiscal_year_start, 1, 12)
        object.__setattr__(self, "weekend", _checked_weekend(self.weekend))
        object.__setattr__(self, "holidays", _checked_holidays(self.holidays))
        object.__setattr__(self, "season", _checked_season(self.season))
        object.__setattr__(self, "fiscal_year_start", month)
        if not self.is_identity:
            for year in {*_ALL_KINDS_OF_YEARS, *(day.year for day in self.holidays)}:
                _progress(self, year)

    @property
    def is_identity(self) -> bool:
        """Whether clock time is calendar time."""
        even_quarters = self.quarter_end is None or self.quarter_end.weight == 1
        return even_quarters and not (self.weekend or self.holidays or self._has_seasons)

    @property
    def _has_seasons(self) -> bool:
        return bool(self.season) and min(self.season) < max(self.season)

    def elapsed(self, as_of: Any, days: ArrayLike) -> NDArray[np.float64]:
        """Return the clock time that passes from the end of the day `as_of` to each of `days`.

        Parameters
        ----------
        as_of : date
            As `funnelsim.periods.as_date` takes it.
        days : array of float
            Days after `as_of`; negative before it. Progress is even within a day. Before the year
            1 and after 9999, where dates end, the rate is one.

        Returns
        -------
        ndarray of float
            Of the same shape; 0 at day 0, and never decreasing in `days`.

        Raises
        ------
        InputError
            `as_of` is no date, or a day is not a finite number.
        """
        wanted = _finite("days", days)
        date = as_date("as_of", as_of)
        if self.is_identity or not wanted.size:
            return wanted.copy()
        table = _table(self, date, wanted.min(), wanted.max())
        inside = wanted.clip(table.days[0], table.days[-1])
        return np.asarray(np.interp(inside, table.days, table.taus) + (wanted - inside))

    def day(self, as_of: Any, tau: ArrayLike) -> NDArray[np.float64]:
        """Return the earliest day whose elapsed clock time reaches each `tau`.

        Parameters
        ----------
        as_of : date
            As `funnelsim.periods.as_date` takes it.
        tau : array of float
            Clock times after the end of the day `as_of`; negative before it.

        Returns
        -------
        ndarray of float
            Days after `as_of`, of the same shape. The earliest one: a time that is reached on
            Friday evening gives Friday, and so does ``tau = 0`` where `as_of` is the Sunday after.

        Raises
        ------
        InputError
            `as_of` is no date, or a time is not a finite number.
        """
        wanted = _finite("tau", tau)
        date = as_date("as_of", as_of)
        if self.is_identity or not wanted.size:
            return wanted.copy()
        begun = _progress(self, date.year)[_day_of_year(date)] - _day_of_year(date)
        table = _table(self, date, wanted.min() + begun, wanted.max() + begun)
        inside = wanted.clip(table.taus[0], table.taus[-1])
        return np.asarray(_first_reaching(table, inside) + (wanted - inside))

    def to_toml(self) -> dict[str, Any]:
        """Return the ``[clock]`` table of a scenario file; what has no effect is left out.

        The start of the fiscal year is stated with the periods.
        """
        push = self.quarter_end
        table = {
            "weekend": list(self.weekend),
            "holidays": list(self.holidays),
            "season": list(self.season),
            "quarter_end": {"days": push.days, "weight": push.weight} if push else None,
        }
        return {key: value for key, value in table.items() if value}

    @classmethod
    def from_toml(cls, field: str, table: Any, fiscal_year_start: int = 1) -> Clock:
        """Return the clock that a ``[clock]`` table states; `field` names it in errors."""
        given = checked_keys(field, table, KEYS)
        if "quarter_end" in given:
            given["quarter_end"] = _quarter_end(f"{field}.quarter_end", given["quarter_end"])
        return cls(**given, fiscal_year_start=fiscal_year_start)


class _Table(NamedTuple):
    """Clock time at the end of each day, both counted from the end of the as-of date."""

    days: NDArray[np.float64]
    taus: NDArray[np.float64]


def _table(clock: Clock, as_of: dt.date, first: float, last: float) -> _Table:
    """Tabulate the years that hold the days `first` to `last`, and one more on either side.

    Full years are as long on the clock as in the calendar, so a clock time, once it is counted from
    the start of the year of `as_of`, lies in the same year as the day of that number.
    """
    years = range(_year(as_of, first, -1), _year(as_of, last, 1) + 1)
    new_year = dt.date(as_of.year, 1, 1).toordinal()
    begins = [dt.date(year, 1, 1).toordinal() - new_year for year in years]
    progress = [_progress(clock, year) for year in years]
    since_new_year = [begin + part[:-1] for begin, part in zip(begins, progress, strict=True)]
    end = float(begins[-1] + progress[-1].size - 1)
    taus = np.concatenate([*since_new_year, [end]])
    passed = _day_of_year(as_of)
    days = np.arange(begins[0], end + 1) - passed
    return _Table(days, taus - _progress(clock, as_of.year)[passed])


def _year(as_of: dt.date, day: float, margin: int) -> int:
    """Return the year of a day after `as_of`, `margin` years on, within the years of dates."""
    first, last = dt.date.min.toordinal(), dt.date.max.toordinal()
    ordinal = min(max(as_of.toordinal() + float(np.ceil(day)), first), last)
    year = dt.date.fromordinal(int(ordinal)).year + margin
    return min(max(year, dt.MINYEAR), dt.MAXYEAR)


def _first_reaching(table: _Table, tau: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the first day that reaches each `tau`, exact where a whole day reaches it exactly."""
    after = np.searchsorted(table.taus, tau, side="left")
    before = np.maximum(after - 1, 0)
    rise = table.taus[after] - table.taus[before]  # above 0, or after and before are both the first
    part = (tau - table.taus[before]) / np.where(rise > 0, rise, 1)
    return np.asarray(table.days[before] + part)


@functools.lru_cache(maxsize=1024)
def _progress(clock: Clock, year: int) -> NDArray[np.float64]:
    """Return the clock time since New Year at the end of day 0, 1, … of a year, read-only.

    The last is the number of days of the year, exactly: no rounding is carried to the next year.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # checked on the next line
        weights = np.cumsum(_weights(clock, year))
    if not 0 < weights[-1] < np.inf:
        raise InputError(
            "clock",
            "leave progress in every year",
            remedy=f"the weights of the dates of {year} add up to {weights[-1]:g}",
        )
    progress = np.concatenate([[0.0], weights / weights[-1] * weights.size])
    progress.flags.writeable = False
    return progress


def _weights(clock: Clock, year: int) -> NDArray[np.float64]:
    """Return the weight of each date of a year."""
    months = 12 * year + np.arange(12)
    starts = month_starts(12 * year + np.arange(13))
    days = np.arange(starts[0], starts[-1])
    month = np.repeat(np.arange(12), np.diff(starts))
    season = np.array(clock.season or [1.0] * len(MONTHS))
    weights: NDArray[np.float64] = season[month]
    if clock.quarter_end is not None:
        to_last_month = (clock.fiscal_year_start - 2 - np.arange(12)) % 3
        days_left = month_starts(months + to_last_month + 1)[month] - days
        weights[days_left <= clock.quarter_end.days] *= clock.quarter_end.weight
    works = np.array([name not in clock.weekend for name in WEEKDAYS])
    weights *= works[(days - 1) % 7]  # 0001-01-01, ordinal 1, is a Monday
    for holiday in clock.holidays:
        if holiday.year == year:
            weights[_day_of_year(holiday) - 1] = 0
    return weights


def _day_of_year(date: dt.date) -> int:
    return date.timetuple().tm_yday


def _finite(field: str, values: ArrayLike) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    wrong = numbers[~np.isfinite(numbers)]
    if wrong.size:
        raise InputError(field, "be finite numbers", wrong[0])
    return numbers


def _listed(field: str, given: Any, remedy: str) -> list[Any]:
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise InputError(field, "be a list", given, remedy)
    return list(given)


def _checked_weekend(given: Any) -> tuple[str, ...]:
    remedy = 'such as ["saturday", "sunday"]'
    names = {_weekday(name) for name in _listed("clock.weekend", given, remedy)}
    if len(names) == len(WEEKDAYS):
        raise InputError("clock.weekend", "leave a day with progress", given, remedy)
    return tuple(sorted(names, key=WEEKDAYS.index))


def _weekday(given: Any) -> str:
    if not isinstance(given, str):
        raise InputError("clock.weekend", "hold names of weekdays", given, 'such as "saturday"')
    word = given.strip().casefold()
    for name in WEEKDAYS:
        if word in (name, name[:3]):
            return name
    raise unknown("clock.weekend", given, WEEKDAYS, "hold names of weekdays")


def _checked_holidays(given: Any) -> tuple[dt.date, ...]:
    dates = _listed("clock.holidays", given, "such as [2027-01-01, 2027-12-25]")
    return tuple(
        sorted({as_date(f"holiday {k} of clock.holidays", d) for k, d in enumerate(dates)})
    )


def _checked_season(given: Any) -> tuple[float, ...]:
    weights = _listed("clock.season", given, "give 12 weights, for January to December")
    if len(weights) not in (0, len(MONTHS)):
        raise InputError("clock.season", "hold 12 weights, for January to December", given)
    pairs = zip(MONTHS, weights, strict=False)
    season = tuple(number(f"clock.season for {name}", one, NONNEGATIVE) for name, one in pairs)
    if season and not any(season):
        raise InputError("clock.season", "have a weight above 0", given)
    return season


def _quarter_end(field: str, table: Any) -> QuarterEnd:
    given = checked_keys(field, table, ("days", "weight"))
    for key in ("days", "weight"):
        if key not in given:
            raise InputError(field, f"have {key}", given, "such as { days = 14, weight = 3.0 }")
    return QuarterEnd(**given)
