"""Cells that say how much: a column is read in one way as a whole, with its currency."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError
from funnelsim.events.times import NOT_GIVEN

SIGNS = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
PLAIN = "write 300000.00"
ENOUGH = 3
"""So many different amounts, all with a point before three digits, are thousands."""

_WRITTEN = re.compile(
    r"(?P<minus>[-\u2212(])?\s*(?P<before>[A-Z]{3}|[A-Z]{0,2}[$€£¥₹])?\s*(?P<minus2>[-\u2212])?"
    r"(?P<digits>\d[\d.,'\u2019\u00a0\u202f ]*|\.\d+)\s*(?P<after>[A-Z]{3}|[$€£¥₹])?\s*\)?"
)
_BLANKS = dict.fromkeys(map(ord, "'\u2019\u00a0\u202f "))
_GROUPED = {sign: re.compile(rf"\d{{1,3}}(?:[{sign}]\d{{3}})+") for sign in ",."}


@dataclass(frozen=True, eq=False)
class Amounts:
    """The amounts of a column.

    Parameters
    ----------
    value : ndarray, shape (rows,)
        Currency units; NaN where none is said.
    currency : dict of int to str
        The currency that is written in a cell, by its place.
    bad : tuple of int
        The places of cells that are no amount.
    unsure : str
        How an amount that could be either was read although no cell proves it: ``"."`` or ``","``
        is the sign that was taken for the decimal one; empty where there is none.
    example : str
        Such an amount.
    """

    value: NDArray[np.float64]
    currency: dict[int, str]
    bad: tuple[int, ...]
    unsure: str = ""
    example: str = ""


def read_amounts(cells: Sequence[Any], decimal: str | None = None) -> Amounts:
    """Return the amounts in a column.

    Thousands separators, decimal commas and signs of currencies are understood; which of comma
    and point is decimal is decided by the column as a whole, unless it is stated.

    Parameters
    ----------
    cells : sequence
        Texts and numbers.
    decimal : {".", ","}, optional
        The decimal sign.

    Examples
    --------
    >>> read_amounts(["1.200,50 €", "900", None]).value
    array([1200.5,  900. ,    nan])
    """
    plain = _plain(cells) if decimal != "," else None
    if plain is None or (decimal is None and _all_in_thousands(cells)):
        return _written(cells, decimal)
    either = _either_way(cells) if decimal is None else []
    return Amounts(plain, {}, (), "." if either else "", either[0] if either else "")


def _plain(cells: Sequence[Any]) -> NDArray[np.float64] | None:
    """Return the numbers of a column that holds nothing else, None of any other."""
    kinds = set(map(type, cells))
    if bool in kinds or (str in kinds and "_" in "".join(c for c in cells if type(c) is str)):
        return None  # Python would take both for numbers
    try:
        values = np.array([math.nan if cell is None else float(cell) for cell in cells])
    except (TypeError, ValueError):
        return None
    missing = sum(cell is None for cell in cells)
    return values if int(np.isfinite(values).sum()) + missing == len(cells) else None


def _all_in_thousands(cells: Iterable[Any]) -> bool:
    """Return whether every point stands before exactly three digits, and in three amounts."""
    return len(set(_either_way(cells))) >= ENOUGH


def _either_way(cells: Iterable[Any]) -> list[str]:
    """Return the texts with a point if before exactly three digits in all: thousands, or not."""
    pointed = [cell for cell in cells if isinstance(cell, str) and "." in cell]
    return pointed if all(map(_GROUPED["."].fullmatch, pointed)) else []


def _written(cells: Sequence[Any], stated: str | None) -> Amounts:
    value = np.full(len(cells), np.nan)
    currency: dict[int, str] = {}
    bad: list[int] = []
    parts = {cell: _parts(cell) for cell in {one for one in cells if isinstance(one, str)}}
    digits = {found[1]: cell for cell, found in parts.items() if found}
    decimal, example = _decimal_sign(list(digits)) if stated is None else (stated, "")
    read = {
        cell: math.nan if found is None else found[0] * _number(found[1], decimal)
        for cell, found in parts.items()
    }
    for place, cell in enumerate(cells):
        if isinstance(cell, str):
            number, found = read[cell], parts[cell]
            value[place] = number
            if found and found[2]:
                currency[place] = found[2]
            if math.isnan(number) and cell.casefold() not in NOT_GIVEN:
                bad.append(place)
        elif cell is not None:
            _one_number(value, place, cell, bad)
    return Amounts(value, currency, tuple(bad), decimal if example else "", digits.get(example, ""))


def _parts(cell: str) -> tuple[float, str, str] | None:
    """Return the sign, the digits and the currency ("" for none) of an amount; None if it is none.

    The digits are without blanks and apostrophes.
    """
    found = _WRITTEN.fullmatch(cell.strip())
    if found is None or (found["minus"] and found["minus2"]):
        return None
    sign = found["before"] or found["after"] or ""
    digits = found["digits"].strip().translate(_BLANKS)
    return (-1.0 if found["minus"] or found["minus2"] else 1.0), digits, SIGNS.get(sign, sign)


def _one_number(value: NDArray[np.float64], place: int, cell: Any, bad: list[int]) -> None:
    try:
        number = math.nan if isinstance(cell, bool) else float(cell)
    except (TypeError, ValueError):
        number = math.nan
    if math.isfinite(number):
        value[place] = number
    else:
        bad.append(place)


def _decimal_sign(written: Sequence[str]) -> tuple[str, str]:
    """Return the decimal sign of a column, and an amount that could be read with the other.

    Most of the amounts that can be read in one way only decide; the others are named as bad.
    """
    votes = Counter(filter(None, map(_sure_sign, written)))
    if votes:
        return ("," if votes[","] > votes["."] else "."), ""
    either = [one for one in written if "," in one or "." in one]
    return ("," if _all_in_thousands(written) else "."), next(iter(either), "")


def _sure_sign(digits: str) -> str | None:
    """Return the decimal sign of an amount, None where it could be either."""
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and point >= 0:
        return "," if comma > point else "."
    for sign, other in ((",", "."), (".", ",")):
        if digits.count(sign) > 1:
            return other
        if sign in digits and not re.fullmatch(rf"\d{{1,3}}[{sign}]\d{{3}}", digits):
            return sign
    return None


def _number(digits: str, decimal: str) -> float:
    """Return a number, NaN if its thousands are not grouped by three."""
    grouping = "." if decimal == "," else ","
    whole, _, part = digits.partition(decimal)
    if grouping in whole:
        if not _GROUPED[grouping].fullmatch(whole):
            return math.nan
        whole = whole.replace(grouping, "")
    try:
        return float(f"{whole}.{part or 0}")
    except ValueError:
        return math.nan


def the_one_currency(
    column: str, found: Iterable[str], chosen: str | None, rows: dict[str, int]
) -> str | None:
    """Return the currency of a history.

    Raises
    ------
    InputError
        If there are several and none is chosen, or the chosen one does not occur.
    """
    names = list(dict.fromkeys(found))
    counted = ", ".join(f"{name} ({rows[name]:,})" for name in names)
    if chosen is None and len(names) > 1:
        raise InputError(
            column,
            f"hold one currency, but has {counted}",
            remedy=f'currency="{names[0]}" reads those rows alone; or convert before',
        )
    if chosen is not None and names and chosen not in names:
        raise InputError("currency", f"be one of those in {column!r}: {counted}", chosen)
    return chosen if chosen is not None else (names[0] if names else None)
