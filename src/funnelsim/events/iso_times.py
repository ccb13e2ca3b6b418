"""Columns of ISO times, read at once: the way nearly all exports write them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

LONGEST_TEXT = 40
DATE, TIME = len("2019-04-12"), len("2019-04-12T10:00:00")
SECONDS = 86_400.0
EPOCH = dt.date(1970, 1, 1).toordinal()

_DIGITS_OF_DATE = (0, 1, 2, 3, 5, 6, 8, 9)
_DIGITS_OF_TIME = (11, 12, 14, 15, 17, 18)
_REST = re.compile(r"(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?")


def read_iso(
    cells: Sequence[Any],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the times in a column as far as they are plain ISO text.

    Returns
    -------
    day : ndarray, shape (rows,)
        Days as ordinals with the time of day as a fraction; NaN where a cell is anything else.
    offset : ndarray, shape (rows,)
        Seconds ahead of UTC; NaN where none is written.
    whole : ndarray of bool, shape (rows,)
        Whether it is a day without a time.

    Examples
    --------
    >>> read_iso(["2019-04-12T12:00:00.000+0100", "12 April"])
    (array([737161.5,      nan]), array([3600.,   nan]), array([False, False]))
    """
    day, offset = np.full(len(cells), np.nan), np.full(len(cells), np.nan)
    whole = np.zeros(len(cells), np.bool_)
    texts = _ascii(cells)
    if texts is None:
        return day, offset, whole
    letters = texts.view(np.uint8).reshape(len(texts), -1)
    length = np.char.str_len(texts)
    dated = _all_digits(letters, _DIGITS_OF_DATE) & _are(letters, {4: b"-", 7: b"-"})
    whole = dated & (length == DATE)
    date = _date(letters, np.flatnonzero(dated))
    day[dated] = date
    timed = dated & (length >= TIME)
    if letters.shape[1] >= TIME:
        fraction, shift = _times(letters, texts, timed)
        day = np.where(timed, day + fraction, day)
        offset = shift
    day[~(whole | timed)] = np.nan
    return day, offset, whole & np.isfinite(day)


def _ascii(cells: Sequence[Any]) -> NDArray[np.bytes_] | None:
    """Return the texts of a column, b"" for other cells; None if they are not dates as ISO."""
    first = next((cell for cell in cells if cell is not None), None)
    if not isinstance(first, str) or first[4:5] != "-":
        return None
    texts = [cell if isinstance(cell, str) else "" for cell in cells]
    if max(map(len, texts)) > LONGEST_TEXT or not all(map(str.isascii, texts)):
        return None
    found = np.array(texts, dtype=np.bytes_)
    return found if found.dtype.itemsize >= DATE else None


def _all_digits(letters: Bytes, places: Sequence[int]) -> NDArray[np.bool_]:
    found = np.ones(len(letters), np.bool_)
    for place in places:
        found &= letters[:, place] - ord("0") < 10  # noqa: PLR2004  wraps around below "0"
    return found


def _are(letters: Bytes, signs: dict[int, bytes]) -> NDArray[np.bool_]:
    found = np.ones(len(letters), np.bool_)
    for place, allowed in signs.items():
        found &= np.isin(letters[:, place], np.frombuffer(allowed, np.uint8))
    return found


def _number(letters: Bytes, *places: int) -> NDArray[np.int64]:
    value = np.zeros(len(letters), np.int64)
    for place in places:
        value = value * 10 + (letters[:, place] - ord("0"))
    return value


def _date(letters: Bytes, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return ordinals of dates; NaN for one that does not exist."""
    own = letters[rows]
    year, month, day = _number(own, 0, 1, 2, 3), _number(own, 5, 6), _number(own, 8, 9)
    exists = (year > 0) & (month >= 1) & (month <= 12) & (day >= 1)  # noqa: PLR2004
    months = (year - 1970) * 12 + np.where(exists, month, 1) - 1
    first = months.astype("datetime64[M]")
    date = first.astype("datetime64[D]") + (day - 1)
    exists &= date.astype("datetime64[M]") == first
    return np.where(exists, date.astype(np.int64) + float(EPOCH), np.nan)


def _times(
    letters: Bytes, texts: NDArray[np.bytes_], timed: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the fraction of the day and the offset; NaN where a cell says no time."""
    hour, minute, second = (_number(letters, k, k + 1) for k in (11, 14, 17))
    fits = timed & _all_digits(letters, _DIGITS_OF_TIME)
    fits &= _are(letters, {10: b"T ", 13: b":", 16: b":"})
    fits &= (hour < 24) & (minute < 60) & (second < 60)  # noqa: PLR2004
    part, shift = _rests(letters, texts, fits)
    seconds = hour * 3600 + minute * 60 + second + part
    return np.where(fits, seconds / SECONDS, np.nan), np.where(fits, shift, np.nan)


def _rests(
    letters: Bytes, texts: NDArray[np.bytes_], fits: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what is written after the seconds: their fraction (NaN if unclear) and the offset."""
    size = letters.shape[1] - TIME
    if not size:
        return np.zeros(len(texts)), np.full(len(texts), np.nan)
    ends = np.ascontiguousarray(letters[:, TIME:]).view(f"S{size}").ravel()
    written = ends[fits].tolist()
    read = {end: _rest(end.decode()) for end in set(written)}
    part, shift = np.full(len(texts), np.nan), np.full(len(texts), np.nan)
    part[fits] = [read[end][0] for end in written]
    shift[fits] = [read[end][1] for end in written]
    return part, shift


def _rest(text: str) -> tuple[float, float]:
    found = _REST.fullmatch(text)
    if found is None:
        return np.nan, np.nan
    part = float(f"0.{found[1] or 0}")
    if found[2] is None:
        return part, np.nan
    if found[2] == "Z":
        return part, 0.0
    seconds = int(found[2][1:3]) * 3600 + int(found[2][-2:]) * 60
    return part, float(seconds if found[2][0] == "+" else -seconds)


def local_days(day: NDArray[np.float64], zone: Any) -> NDArray[np.float64]:
    """Return times of UTC as local times of a zone, days as ordinals.

    The offset is asked for once a day, and once a time only on days on which it changes.

    Examples
    --------
    >>> import zoneinfo
    >>> local_days(np.array([737161.5]), zoneinfo.ZoneInfo("Asia/Tokyo"))
    array([737161.875])
    """
    dates, place = np.unique(np.floor(day), return_inverse=True)
    starts = np.array([_offset_at(one, zone) for one in dates.tolist()])
    ends = np.array([_offset_at(one + 1.0, zone) for one in dates.tolist()])
    offset = starts[place]
    for k in np.flatnonzero((starts != ends)[place]).tolist():
        offset[k] = _offset_at(float(day[k]), zone)
    return np.asarray(day + offset / SECONDS)


def _offset_at(day: float, zone: Any) -> float:
    whole = int(day // 1)
    moment = dt.datetime.fromordinal(whole).replace(tzinfo=dt.UTC)
    local = (moment + dt.timedelta(seconds=round((day - whole) * SECONDS, 3))).astimezone(zone)
    shift = local.utcoffset()
    return 0.0 if shift is None else shift.total_seconds()
