"""Inputs as they are typed on a command line: names, values and ranges."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Sequence
from typing import Any

import numpy as np

from funnelsim.errors import InputError

RANGE = 3
MOST_VALUES = 1_000


def values_by_name(option: str, given: Sequence[str]) -> dict[str, list[Any]]:
    """Return the values of each ``NAME=V1,V2,...`` or ``NAME=FIRST:LAST:COUNT``."""
    found: dict[str, list[Any]] = {}
    for one in given:
        name, text = _parted(option, one, "market.win_rate_correlation=0,0.05,0.1")
        if name in found:
            raise InputError(option, "name each input once", one)
        found[name] = _values(option, text)
    return found


def ranges_by_name(option: str, given: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return both ends of each ``NAME=LOW:HIGH``."""
    found = {}
    for one in given:
        name, text = _parted(option, one, "funnel.win_rate=0.08:0.12")
        ends = text.split(":")
        if len(ends) != 2:  # noqa: PLR2004  both ends
            remedy = "such as funnel.win_rate=0.08:0.12"
            raise InputError(option, "have a low and a high end", one, remedy)
        found[name] = (_number(option, ends[0], one), _number(option, ends[1], one))
    return found


def _parted(option: str, text: str, example: str) -> tuple[str, str]:
    name, equals, rest = text.partition("=")
    if not equals or not name.strip() or not rest.strip():
        raise InputError(option, "be NAME=VALUES", text, f"such as {example}")
    return name.strip(), rest.strip()


def _values(option: str, text: str) -> list[Any]:
    """Return a range's evenly spaced numbers, or the values of a list."""
    parts = text.split(":")
    if len(parts) == RANGE:
        first, last = (_number(option, part, text) for part in parts[:2])
        count = _number(option, parts[2], text)
        if not 2 <= count <= MOST_VALUES or count != int(count):  # noqa: PLR2004  both ends
            raise InputError(option, f"count 2 to {MOST_VALUES:,} values in FIRST:LAST:COUNT", text)
        return [_plain(value) for value in np.linspace(first, last, int(count)).tolist()]
    if len(parts) == RANGE - 1 and not any(sign in text for sign in "\"'[{-"):
        raise InputError(option, "be a list, or a range FIRST:LAST:COUNT", text)
    return [value_in(part) for part in _listed(text)]


def _listed(text: str) -> list[str]:
    """Return the parts of a list; commas inside of brackets do not part it."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "[{(") - (sign in "]})")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def value_in(text: str) -> Any:
    """Return a value as a scenario file reads it; what it does not read is a text."""
    text = text.strip()
    try:
        return _plain(tomllib.loads(f"value = {text}")["value"])
    except tomllib.TOMLDecodeError:
        return text


def _plain(value: Any) -> Any:
    """Return whole floats as they would be typed."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value.date() if isinstance(value, dt.datetime) else value


def _number(option: str, text: str, given: str) -> float:
    value = value_in(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(option, "be a range of numbers", given)
    return float(value)
