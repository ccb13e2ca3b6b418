"""Dates whose year has two digits: whether it comes first, as in 25-01-13."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Any

from funnelsim.errors import InputError

MOST_YEARS = 15
"""A history of more years is none: the order of its dates is another."""
NEARLY_ALL = 0.95
CENTURY = 2000
ORDERS = {
    "year/month/day": "year_first=True",
    "day/month/year": "day_first=True",
    "month/day/year": "day_first=False",
}
"""Each order, and what states it."""
_SHORT = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})\2(\d\d)(?!\d)", re.ASCII)


def short_order_of(
    columns: Iterable[tuple[str, Sequence[Any]]], *, year_first: bool | None, day_first: bool | None
) -> tuple[str | None, str | None]:
    """Return the order of dates with two-digit years, and one of them; None if there are none.

    Between day and month first it may stay open: then dates with four digits may tell. An order
    fits if nearly all dates exist in it and lie within fifteen years. After dots the year is last.

    Parameters
    ----------
    columns : iterable of (str, sequence)
        The names of all date columns of a table, and their cells.
    year_first, day_first : bool, optional
        What the user states.

    Raises
    ------
    InputError
        If the year may be first, and other orders fit, too.

    Examples
    --------
    >>> days = ["25-01-31", "24-12-05", "25-02-28"]
    >>> short_order_of([("day", days)], year_first=None, day_first=None)
    ('year/month/day', '25-01-31')
    """
    found = {cell: (name, match) for name, cell, match in _short_dates(columns)}
    if not found:
        return None, None
    example = next(iter(found))
    if year_first or day_first is not None:
        stated = "year_first=True" if year_first else f"day_first={day_first}"
        return next(order for order, words in ORDERS.items() if words == stated), example
    fitting = [order for order in ORDERS if _fits(order, [one[1] for one in found.values()])]
    dotted = any(one[1][2] == "." for one in found.values())
    if (year_first is False or dotted) and "year/month/day" in fitting:
        fitting.remove("year/month/day")
    if "year/month/day" in fitting and len(fitting) > 1:
        raise InputError(
            f"dates of {found[example][0]!r}",
            f"be in an order that is clear: {' and '.join(fitting)} fit",
            example,
            "say " + ", or ".join(f"{ORDERS[one]} for {one}" for one in fitting),
        )
    return (fitting[0] if len(fitting) == 1 else None), example


def _short_dates(
    columns: Iterable[tuple[str, Sequence[Any]]],
) -> Iterable[tuple[str, str, re.Match[str]]]:
    for name, cells in columns:
        for cell in dict.fromkeys(one for one in cells if isinstance(one, str)):
            match = _SHORT.match(cell)
            if match:
                yield name, cell, match


def _fits(order: str, matches: Sequence[re.Match[str]]) -> bool:
    days = [day for day in (_day(order, match) for match in matches) if day is not None]
    if not days or len(days) < NEARLY_ALL * len(matches):
        return False
    return max(days).year - min(days).year <= MOST_YEARS


def _day(order: str, match: re.Match[str]) -> dt.date | None:
    parts = dict(zip(order.split("/"), map(int, (match[1], match[3], match[4])), strict=True))
    try:
        return dt.date(CENTURY + parts["year"], parts["month"], parts["day"])
    except ValueError:
        return None
