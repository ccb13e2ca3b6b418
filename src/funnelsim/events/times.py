"""Cells that say when: ISO, a locale's dates, epochs; a column is read in one way as a whole."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError, unknown
from funnelsim.events.iso_times import SECONDS, local_days, read_iso

NOT_GIVEN = frozenset(
    {"none", "n/a", "na", "null", "nan", "nat", "-", "--", "#n/a", "(blank)", "not set", "unknown"}
)
"""Texts that say that there is no date, or no amount."""
FIRST_YEAR, LAST_YEAR = 1980, 2100
SUMMER_TIME = 3_600.0
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
SHEET_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001  the days of a spreadsheet have no zone
HOW_TO_WRITE = "write 2019-04-12 or 2019-04-12T10:00:00"

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_NUMBERS = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})\2(\d{4}|\d\d)(?!\d)(.*)", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})([/.\-])(\d{1,2})\2(\d{1,2})(?!\d)(.*)", re.ASCII)
_DAY_NAME = re.compile(
    r"(?:[a-z]{3,9},? )?(\d{1,2})[ .\-/]+([a-z]{3,9})\.?[ ,\-/]+(\d{4})(.*)", re.IGNORECASE
)
_NAME_DAY = re.compile(r"(?:[a-z]{3,9},? )?([a-z]{3,9})\.? (\d{1,2}),? (\d{4})(.*)", re.IGNORECASE)
_CLOCK = re.compile(
    r"[T ,]*(\d{1,2})[:.](\d\d)(?:[:.](\d\d)(?:[.,]\d+)?)?\s*([ap]\.?m\.?)?\s*"
    r"(Z|UTC|GMT|[+-]\d\d:?\d\d)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class Times:
    """The times of a column.

    Parameters
    ----------
    day : ndarray, shape (rows,)
        Days as ordinals with the time of day as a fraction; NaN where there is none.
    whole : ndarray of bool, shape (rows,)
        Whether a cell says no time of day.
    bad : tuple of (int, str, str)
        The place of each cell that is no time, the rule it breaks and the remedy.
    note : str, optional
        How offsets were treated, if there were any.
    """

    day: NDArray[np.float64]
    whole: NDArray[np.bool_]
    bad: tuple[tuple[int, str, str], ...]
    note: str | None = None


class _NotATimeError(ValueError):
    """A cell that is no time: the rule and the remedy."""


def zone_of(name: Any) -> Any:
    """Return the time zone of that name, None for None.

    Examples
    --------
    >>> zone_of("Europe/Berlin")
    zoneinfo.ZoneInfo(key='Europe/Berlin')
    """
    if name is None:
        return None
    import zoneinfo  # noqa: PLC0415

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        known = zoneinfo.available_timezones()
        if not known:
            remedy = "pip install tzdata: this system has no time zones"
            raise InputError("timezone", "be a known time zone", name, remedy) from None
        if not isinstance(name, str):
            raise InputError("timezone", 'be a name such as "Europe/Berlin"', name) from None
        near = [zone for zone in known if name.casefold() in zone.casefold()] or ["Europe/Berlin"]
        raise unknown("timezone", name, sorted(near)[:5], "be a known time zone") from None


def day_first_of(
    columns: Iterable[tuple[str, Sequence[Any]]],
    stated: bool | None = None,
    *,
    year_first: bool = False,
) -> bool | None:
    """Return whether days come before months in dates such as 4/12/2019; None if there are none.

    All date columns of a table are looked at together: an export has one locale. Where the year
    comes first, dates with two-digit years tell nothing.

    Raises
    ------
    InputError
        If the dates say neither, or both, and the user does not.

    Examples
    --------
    >>> day_first_of([("Close Date", ["4/12/2019", "25/12/2019"])])
    True
    """
    if stated is not None:
        return stated
    first: dict[bool, tuple[str, str]] = {}
    example: tuple[str, str] | None = None
    for name, cells in columns:
        for cell in dict.fromkeys(one for one in cells if isinstance(one, str)):
            found = _NUMBERS.fullmatch(cell)
            if found is None or (year_first and len(found[4]) == 2):  # noqa: PLR2004
                continue
            example = example or (name, cell)
            for is_day_first, part in ((True, found[1]), (False, found[3])):
                if int(part) > 12:  # noqa: PLR2004  months
                    first.setdefault(is_day_first, (name, cell))
            if found[2] == ".":
                first.setdefault(True, (name, cell))
    return _decided(first, example)


def _decided(first: dict[bool, tuple[str, str]], example: tuple[str, str] | None) -> bool | None:
    remedy = "say day_first=True for day/month/year, day_first=False for month/day/year"
    if len(first) > 1:
        one, other = first[True][1], first[False][1]
        raise InputError(
            f"dates of {first[True][0]!r}",
            f"be written in one way: in {one!r} the day comes first, in {other!r} the month",
            remedy=remedy,
        )
    if not first and example:
        raise InputError(
            f"dates of {example[0]!r}", "say whether the day or the month comes first",
            example[1], remedy,
        )  # fmt: skip
    return next(iter(first)) if first else None


def read_times(
    column: str,
    cells: Sequence[Any],
    *,
    day_first: bool | None = None,
    year_first: bool = False,
    zone: Any = None,
) -> Times:
    """Return the times in a column.

    A time with an offset becomes local time in ``zone``. Without a zone it stays the local time
    as written if all offsets are the same or an hour apart (summer time), else it becomes UTC.
    A time without an offset is local as it is.

    Raises
    ------
    InputError
        If only some times have an offset, and no zone is stated for the others.

    Examples
    --------
    >>> read_times("CreatedDate", ["2019-04-12T12:00:00.000+0000"]).day
    array([737161.5])
    """
    day, offset, whole = read_iso(cells)
    _refuse_years(day, offset, whole)
    bad: list[tuple[int, str, str]] = []
    seen: dict[Any, tuple[float, float, bool] | _NotATimeError | None] = {None: None}
    for place in np.flatnonzero(np.isnan(day)).tolist():
        cell = cells[place]
        if cell not in seen:
            seen[cell] = _read(cell, day_first, year_first)
        found = seen[cell]
        if isinstance(found, _NotATimeError):
            bad.append((place, *found.args))
        elif found is not None:
            day[place], offset[place], whole[place] = found
    if zone is None:
        note = _settle_offsets(column, cells, day, offset, whole)
        return Times(day, whole, tuple(bad), note)
    shifted = np.isfinite(offset)
    day[shifted] = local_days(day[shifted] - offset[shifted] / SECONDS, zone)
    return Times(day, whole, tuple(bad))


def _refuse_years(
    day: NDArray[np.float64], offset: NDArray[np.float64], whole: NDArray[np.bool_]
) -> None:
    """Take back days outside the years that are read, in place."""
    first, end = (dt.date(year, 1, 1).toordinal() for year in (FIRST_YEAR, LAST_YEAR + 1))
    outside = ~((day >= first) & (day < end))
    day[outside], offset[outside], whole[outside] = np.nan, np.nan, False


def _settle_offsets(
    column: str,
    cells: Sequence[Any],
    day: NDArray[np.float64],
    offset: NDArray[np.float64],
    whole: NDArray[np.bool_],
) -> str | None:
    """Make times with offsets local, in place; return how."""
    shifted = np.isfinite(offset)
    if not shifted.any():
        return None
    bare = np.isfinite(day) & ~whole & ~shifted
    if bare.any():
        raise InputError(
            column,
            "be written with an offset in every row or in none",
            cells[int(np.flatnonzero(bare)[0])],
            'timezone="Europe/Berlin", or another: that of the times without one',
        )
    least, most = float(offset[shifted].min()), float(offset[shifted].max())
    if most - least <= SUMMER_TIME:
        both = _offset_text(least) + ("" if least == most else f" and {_offset_text(most)}")
        return (
            f"written with offset {both}, days are those of that clock; "
            'timezone="Europe/Berlin" makes them local days'
        )
    day[shifted] -= offset[shifted] / SECONDS
    return (
        f"written with offsets from {_offset_text(least)} to {_offset_text(most)}, "
        'days are those of UTC; timezone="Europe/Berlin" makes them local days'
    )


def _offset_text(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _read(
    cell: Any, day_first: bool | None, year_first: bool = False
) -> tuple[float, float, bool] | _NotATimeError | None:
    """Return the day, the offset in seconds (NaN without) and whether it is a whole day."""
    if isinstance(cell, str) and cell.casefold() in NOT_GIVEN:
        return None
    try:
        moment, whole = _moment(cell, day_first, year_first)
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            rule = f"be in the years {FIRST_YEAR} to {LAST_YEAR}"
            return _NotATimeError(rule, "empty the cell if there is no date")
        offset = moment.utcoffset()
    except _NotATimeError as error:
        return error
    except (ValueError, OverflowError):
        return _NotATimeError("be a date or a time", HOW_TO_WRITE)
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond * 1e-6
    shift = np.nan if offset is None else offset.total_seconds()
    return moment.toordinal() + seconds / SECONDS, shift, whole


def _moment(cell: Any, day_first: bool | None, year_first: bool) -> tuple[dt.datetime, bool]:
    if isinstance(cell, str):
        return _moment_of_text(cell, day_first, year_first)
    if isinstance(cell, dt.datetime):
        return cell, False
    if isinstance(cell, dt.date):
        return dt.datetime(cell.year, cell.month, cell.day), True  # noqa: DTZ001  as given
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise ValueError  # noqa: TRY004  as from any text that is no time
    return _moment_of_number(float(cell))


def _moment_of_number(number: float) -> tuple[dt.datetime, bool]:
    """Return the time that a number stands for: an epoch, a day such as 20190412, a sheet's day."""
    if 1e11 <= number < 1e14:  # noqa: PLR2004  milliseconds
        return EPOCH + dt.timedelta(milliseconds=number), False
    if 3e8 <= number < 1e11:  # noqa: PLR2004  seconds
        return EPOCH + dt.timedelta(seconds=number), False
    if FIRST_YEAR * 10_000 <= number < (LAST_YEAR + 1) * 10_000:
        return dt.datetime.strptime(str(int(number)), "%Y%m%d"), True  # noqa: DTZ007
    if 29_221 <= number < 73_415:  # noqa: PLR2004  days of a sheet in the years 1980 to 2100
        return SHEET_EPOCH + dt.timedelta(days=number), number.is_integer()
    raise ValueError


def _moment_of_text(
    text: str, day_first: bool | None, year_first: bool
) -> tuple[dt.datetime, bool]:
    if text.isdecimal():
        return _moment_of_number(float(text))
    try:
        return dt.datetime.fromisoformat(text), len(text) <= len("2019-04-12")
    except ValueError:
        year, month, day, rest = _day_of_text(text, day_first, year_first)
    if not rest.strip():
        return dt.datetime(year, month, day), True  # noqa: DTZ001  as written
    found = _CLOCK.fullmatch(rest.strip())
    if found is None:
        raise ValueError
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4]:
        hour = hour % 12 + (12 if found[4][0] in "pP" else 0)
    return dt.datetime(year, month, day, hour, minute, second, tzinfo=_offset(found[5])), False


def _day_of_text(text: str, day_first: bool | None, year_first: bool) -> tuple[int, int, int, str]:
    """Return year, month, day, and what is written after them."""
    if found := _NUMBERS.fullmatch(text):
        if year_first and len(found[4]) == 2:  # noqa: PLR2004
            return 2000 + int(found[1]), int(found[3]), int(found[4]), found[5]
        year = int(found[4]) + (2000 if len(found[4]) == 2 else 0)  # noqa: PLR2004
        first, second = int(found[1]), int(found[3])
        day, month = (first, second) if day_first else (second, first)
        if month > 12:  # noqa: PLR2004
            order = "day/month/year" if day_first else "month/day/year"
            rule = f"be a date in the order {order}, as the other rows"
            raise _NotATimeError(rule, HOW_TO_WRITE)
        return year, month, day, found[5]
    if found := _YEAR_FIRST.fullmatch(text):
        return int(found[1]), int(found[3]), int(found[4]), found[5]
    if found := _DAY_NAME.fullmatch(text):
        return int(found[3]), _month(found[2]), int(found[1]), found[4]
    if found := _NAME_DAY.fullmatch(text):
        return int(found[3]), _month(found[1]), int(found[2]), found[4]
    raise ValueError


def _month(name: str) -> int:
    number = _MONTHS.get(name[:3].casefold())
    if number is None:
        raise ValueError
    return number


def _offset(text: str | None) -> dt.tzinfo | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return dt.UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return dt.timezone(dt.timedelta(minutes=minutes if text[0] == "+" else -minutes))
