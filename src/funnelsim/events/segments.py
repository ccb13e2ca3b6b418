"""Which columns group deals, and the group of each deal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.events.recognition import date_entered_columns, folded
from funnelsim.events.sheet import Sheet, some
from funnelsim.events.times import read_times
from funnelsim.frames import column_named

MOST_VALUES, MOST_COLUMNS = 200, 20
NO_SEGMENT = "(none)"
_NOT_KNOWN_THEN = frozenset({
    "age", "ageindays", "closedlostreason", "closedwonreason", "closereason", "closemonth",
    "description", "donotmodifymodifiedon", "donotmodifyrowchecksum", "fiscal", "fiscalperiod",
    "fiscalquarter", "fiscalyear", "forecastcategory", "forecastcategoryname", "hsisclosed",
    "hsisclosedwon", "isclosed", "isclosedwon", "isdealclosed", "isdeleted", "iswon",
    "lastactivity", "lastmodifiedby", "lossreason", "lostreason", "modifiedby", "nextstep",
    "opportunitystatus", "prevclosedate", "reasonforloss", "reasonforlosss", "statecode",
    "status", "statusreason", "statuscode", "winreason", "wonreason", "dealstatus",
    "deallostreason", "stagecode", "salesstage", "salesstagecode", "stepname", "active",
})  # fmt: skip
"""Headers of what is known only once a deal has closed, or that say its state again."""


def segments_of(sheet: Sheet, first_row: NDArray[np.int64]) -> dict[str, tuple[str, ...]]:
    """Return the group of each deal by every column that groups them.

    Parameters
    ----------
    first_row : ndarray of int, shape (deals,)
        The first row of each deal: what it says is the group, since later values were not known.
    """
    if sheet.stated.segments is not None:
        return _stated(sheet, sheet.stated.segments, first_row)
    columns = sheet.table.columns
    taken = {own for field, own in sheet.columns.items() if field != "pipeline"}
    taken |= set(date_entered_columns(columns))
    found: dict[str, tuple[str, ...]] = {}
    beyond: list[str] = []
    for name, cells in columns.items():
        if name in taken or folded(name) in _NOT_KNOWN_THEN:
            continue
        values = _few(cells)
        if values is None or not _are_words(values) or len(values) >= len(first_row):
            continue
        if len(found) == MOST_COLUMNS:
            beyond.append(name)
        else:
            found[name] = _of_deals(cells, first_row)
    if beyond:
        sheet.treat(
            "more-segments",
            (),
            f"only the first {MOST_COLUMNS} columns of texts group deals, not {some(beyond)}: "
            "choose with segments=[…]",
        )
    return found


def _stated(
    sheet: Sheet, given: Sequence[str], first_row: NDArray[np.int64]
) -> dict[str, tuple[str, ...]]:
    names = [given] if isinstance(given, str) else list(given)
    owns = [column_named(sheet.table, name, "segments") for name in names]
    return {own: _of_deals(sheet.table.columns[own], first_row) for own in owns}


def _of_deals(cells: Sequence[Any], first_row: NDArray[np.int64]) -> tuple[str, ...]:
    own = [cells[place] for place in first_row.tolist()]
    return tuple(NO_SEGMENT if cell is None else str(cell) for cell in own)


def _few(cells: Sequence[Any]) -> list[Any] | None:
    """Return the distinct cells of a column, None if they are many."""
    step = 10_000
    seen: set[Any] = set()
    for start in range(0, len(cells), step):
        seen.update(cells[start : start + step])
        if len(seen) > MOST_VALUES + 1:  # an empty cell is no value
            return None
    texts = sorted(cell for cell in seen if isinstance(cell, str))
    return texts if len(texts) <= MOST_VALUES else None


def _are_words(values: Sequence[Any]) -> bool:
    """Return whether a column's distinct texts are words, not numbers and not times."""
    if not values or all(map(_is_number, values)):
        return False
    times = read_times("", values, day_first=False, zone=dt.UTC)
    return len(times.bad) > 0 or not np.isfinite(times.day).any()


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "").rstrip("%"))
    except ValueError:
        return False
    return True
