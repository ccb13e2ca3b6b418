"""A parameter is a value or a set of draws: checked here, once, for all assumptions.

A set of draws says how unsure a parameter is: draw number ``d`` of every uncertain parameter of a
scenario belongs together, and each path of a simulation uses one ``d``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from funnelsim.errors import InputError

Parameter = float | tuple[float, ...]

NEVER_NUMBERS = (bool, np.bool_, str, bytes)
"""Types that Python would take for a number, or for a sequence of numbers."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The values that a number may take; an open end is not itself allowed."""

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    def rule(self) -> str:
        """Return the rule in words, to follow "must"."""
        if self.high == math.inf:
            if self.low == -math.inf:
                return "be a finite number"
            return f"be a finite number {'above' if self.open_low else 'of at least'} {self.low:g}"
        left, right = "(" if self.open_low else "[", ")" if self.open_high else "]"
        return f"be in {left}{self.low:g}, {self.high:g}{right}"


POSITIVE = Interval(low=0.0, open_low=True)
NONNEGATIVE = Interval(low=0.0)
PROBABILITY = Interval(0.0, 1.0, open_low=True)


def number(field: str, value: Any, allowed: Interval, remedy: str | None = None) -> float:
    """Return a finite number inside ``allowed``, or raise an `InputError` that names the field."""
    if isinstance(value, NEVER_NUMBERS):
        raise InputError(field, allowed.rule(), value, remedy or "write a number, without quotes")
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(field, allowed.rule(), value, remedy) from None
    if not math.isfinite(result) or result not in allowed:
        raise InputError(field, allowed.rule(), value, remedy)
    return result


def whole(field: str, value: Any, low: int, high: int | None = None) -> int:
    """Return a whole number in ``[low, high]``, or raise an `InputError` that names the field."""
    rule = f"be a whole number of at least {low}" + (f" and at most {high}" if high else "")
    if isinstance(value, NEVER_NUMBERS):
        raise InputError(field, rule, value)
    try:
        result = operator.index(value)
    except TypeError:
        raise InputError(field, rule, value) from None
    if result < low or (high is not None and result > high):
        raise InputError(field, rule, value)
    return result


def parameter(field: str, value: Any, allowed: Interval, remedy: str | None = None) -> Parameter:
    """Return a number, or a tuple of draws (each a number), inside ``allowed``."""
    value = plain(value)
    if isinstance(value, Sequence) and not isinstance(value, NEVER_NUMBERS):
        if not value:
            raise InputError(field, "hold at least one draw", value)
        rows = enumerate(value)
        return tuple(number(f"draw {row} of {field}", one, allowed, remedy) for row, one in rows)
    return number(field, value, allowed, remedy)


def plain(value: Any) -> Any:
    """Return a NumPy array, or a column of a dataframe, as a number or a list; the rest as it is.

    The methods are those of NumPy and pandas, of polars and of pyarrow.
    """
    for method in ("tolist", "to_list", "to_pylist"):
        if hasattr(value, method):
            return getattr(value, method)()
    return value


def at(value: Parameter, draw: int) -> float:
    """Return the value that a parameter takes in one draw."""
    return value[draw] if isinstance(value, tuple) else value


def draws_of(value: Parameter) -> int:
    """Return how many draws a parameter holds, 1 for a plain value."""
    return len(value) if isinstance(value, tuple) else 1


def common_draws(counts: Iterable[tuple[str, int]]) -> int:
    """Return the number of draws that all uncertain parameters share, 1 if none is uncertain.

    ``counts`` names each parameter with its number of draws.
    """
    several = [(field, count) for field, count in counts if count > 1]
    for field, count in several[1:]:
        if count != several[0][1]:
            first = several[0]
            raise InputError(
                field,
                f"hold as many draws as {first[0]} ({first[1]})",
                count,
                "draw number d of every uncertain parameter belongs together",
            )
    return several[0][1] if several else 1
