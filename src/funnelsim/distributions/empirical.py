"""Distributions made of stated values: quantiles, a sample, values with chances."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.distributions.base import Distribution, Floats, one_factor
from funnelsim.errors import InputError
from funnelsim.parameters import NONNEGATIVE, Interval, Parameter, number

MOST_VALUES = 10_000_000
SUM_TOLERANCE = 1e-9
JUST_BELOW_1 = float(np.nextafter(1.0, 0.0))
LEVEL = Interval(0.0, 1.0)

Values = Sequence[float] | NDArray[Any]


@dataclass(frozen=True)
class Quantiles(Distribution):
    """Quantiles that a planner believes in, with straight lines between them.

    Without the levels 0 and 1 the outer lines go on; what would fall below 0 sits at 0.

    Parameters
    ----------
    points : mapping of level to value
        At least two levels in [0, 1], as numbers or text (``{"0.1": 10, "0.9": 80}``); the
        values are at least 0 and do not fall with the level. Kept as pairs in order of level.

    Examples
    --------
    >>> Quantiles({0.1: 10, 0.5: 30, 0.9: 80}).ppf([0.3, 1.0])
    array([20. , 92.5])
    """

    points: Mapping[Any, float] | Sequence[tuple[float, float]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", _checked_points(self.points))
        if not np.isfinite(self._knots).all():
            raise InputError(
                "quantiles", "reach level 1 at a finite value", remedy='state a value for level "1"'
            )

    @cached_property
    def _knots(self) -> Floats:
        """Levels, survivals and values from level 0 to level 1, one row each."""
        knots = list(self.points)
        with np.errstate(over="ignore"):
            lowest = _line(knots[1], knots[0], 0.0)
            highest = _line(knots[-2], knots[-1], 1.0)
        level, value = knots[0]
        if lowest < 0.0 < value:  # the line reaches 0 on its way
            knots.insert(0, (level * (1.0 - value / (value - lowest)), 0.0))
        if knots[0][0] > 0.0:
            knots.insert(0, (0.0, max(lowest, 0.0)))
        if knots[-1][0] < 1.0:
            knots.append((1.0, highest))
        return _fixed_array([(level, 1.0 - level, value) for level, value in knots]).T

    @property
    def mean(self) -> float:
        """The mean, the area under the straight lines."""
        levels, _, values = self._knots
        return float(np.sum(np.diff(levels) * (0.5 * values[:-1] + 0.5 * values[1:])))

    def scaled(self, factor: Parameter) -> Quantiles:
        """Return the distribution of ``factor`` times the value."""
        times = one_factor(factor)
        return Quantiles([(level, value * times) for level, value in self.points])

    @property
    def atoms(self) -> bool:
        """Whether a line is flat, which gives its value a chance of its own."""
        return bool((np.diff(self._knots[2]) == 0.0).any())

    def _sf(self, x: Floats) -> Floats:
        _, survivals, values = self._knots
        above = np.searchsorted(values, x, side="right")  # the first knot above x
        right = np.clip(above, 1, len(values) - 1)
        inside = (above > 0) & (above < len(values))
        width = np.where(inside, values[right] - values[right - 1], 1.0)
        share = np.where(inside, values[right] - x, 0.0) / width
        on_line = survivals[right] + share * (survivals[right - 1] - survivals[right])
        return np.where(inside, on_line, np.where(above == 0, 1.0, 0.0))

    def _ppf(self, q: Floats) -> Floats:
        levels, _, values = self._knots
        return np.asarray(np.interp(q, levels, values))

    def _isf(self, q: Floats) -> Floats:
        _, survivals, values = self._knots
        return np.asarray(np.interp(q, survivals[::-1], values[::-1]))


@dataclass(frozen=True)
class _Steps(Distribution):
    """A distribution on finitely many values."""

    @abstractmethod
    def _table(self) -> tuple[Floats, Floats, Floats]:
        """Return values in rising order, the chance of at most each, and of more than each."""

    @cached_property
    def _steps(self) -> Floats:
        return _fixed_array(self._table())

    @property
    def atoms(self) -> bool:
        """Whether single values have a chance of their own: they do."""
        return True

    def _sf(self, x: Floats) -> Floats:
        values, _, more = self._steps
        below = np.searchsorted(values, x, side="right")
        return np.where(below == 0, 1.0, more[np.maximum(below, 1) - 1])

    def _ppf(self, q: Floats) -> Floats:
        values, at_most, _ = self._steps
        return np.asarray(values[np.searchsorted(at_most, q, side="left")])

    def _isf(self, q: Floats) -> Floats:
        values, _, more = self._steps
        return np.asarray(values[len(values) - np.searchsorted(more[::-1], q, side="right")])


@dataclass(frozen=True)
class Sample(_Steps):
    """Values that were seen; each is as likely as any other.

    Parameters
    ----------
    values : sequence of float
        At least one and at most 10 million values, each at least 0.
    source : (str, str), optional
        File and column that the values come from: a scenario file names them instead. Two samples
        are equal if their values are, wherever they came from.

    Examples
    --------
    >>> Sample([10, 20, 20, 60]).sf(20)
    array(0.25)
    """

    values: Values
    source: tuple[str, str] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", checked_values("sample", self.values))
        if self.source is not None:
            object.__setattr__(self, "source", _checked_source(self.source))

    def scaled(self, factor: Parameter) -> Sample:
        """Return the distribution of ``factor`` times the value; it is no longer that of a file."""
        times = one_factor(factor)
        return Sample([value * times for value in self.values])

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return float(np.mean(self._steps[0]))

    def _table(self) -> tuple[Floats, Floats, Floats]:
        count = len(self.values)
        rank = np.arange(1, count + 1)
        # Divided one by one: a running sum of 1 / n would drift over many values.
        return np.sort(self.values), rank / count, (count - rank) / count


@dataclass(frozen=True)
class Discrete(_Steps):
    """Values with their chances.

    Parameters
    ----------
    values : sequence of float
        At least one value, each at least 0.
    chances : sequence of float
        As many chances, each in [0, 1]; they sum to 1 within 1e-9.

    Examples
    --------
    >>> Discrete([0, 100], [0.8, 0.2]).mean
    20.0
    """

    values: Values
    chances: Values

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", checked_values("discrete", self.values))
        object.__setattr__(self, "chances", self._checked_chances())

    def _checked_chances(self) -> tuple[float, ...]:
        given = _as_list("chances of discrete", self.chances)
        if len(given) != len(self.values):
            rule = f"be as many as its values ({len(self.values)})"
            raise InputError("chances of discrete", rule, len(given))
        remedy = "chances are given as 0.5, not 50"
        chances = tuple(
            number(f"chance {place} of discrete", chance, LEVEL, remedy)
            for place, chance in enumerate(given, start=1)
        )
        total = math.fsum(chances)
        if abs(total - 1.0) > SUM_TOLERANCE:
            raise InputError("chances of discrete", "sum to 1", total)
        return chances

    def scaled(self, factor: Parameter) -> Discrete:
        """Return the distribution of ``factor`` times the value."""
        times = one_factor(factor)
        return Discrete([value * times for value in self.values], self.chances)

    @property
    def mean(self) -> float:
        """The sum of values times chances."""
        values, chances = self._sorted()
        return float(np.sum(values * chances))

    def _sorted(self) -> tuple[Floats, Floats]:
        """Return the values that can come, in rising order, and their chances."""
        values, chances = np.array(self.values), np.array(self.chances)
        order = np.argsort(values, kind="stable")
        order = order[chances[order] > 0.0]
        return values[order], chances[order] / math.fsum(self.chances)

    def _table(self) -> tuple[Floats, Floats, Floats]:
        values, chances = self._sorted()
        at_most = np.minimum(np.cumsum(chances), JUST_BELOW_1)
        at_most[-1] = 1.0  # and nowhere before, however small the last chance
        more = np.minimum(np.cumsum(chances[:0:-1])[::-1], 1.0)  # added from the tail's end
        return values, at_most, np.append(more, 0.0)


def checked_values(family: str, values: Any) -> tuple[float, ...]:
    """Return values as a tuple of numbers of at least 0, or raise an `InputError`.

    Messages count the values from 1.
    """
    field = f"values of {family}"
    given = _as_list(field, values)
    if not 0 < len(given) <= MOST_VALUES:
        raise InputError(field, f"be between 1 and {MOST_VALUES:,}", len(given))
    if usable(given):
        return tuple(map(float, given))
    return tuple(
        number(f"value {place} of {family}", value, NONNEGATIVE)
        for place, value in enumerate(given, start=1)
    )


def usable(values: list[Any]) -> bool:
    """Return whether all are plain numbers of at least 0, in one look at millions of them."""
    if not set(map(type, values)) <= {int, float}:
        return False
    try:
        array = np.array(values, dtype=np.float64)
    except OverflowError:
        return False
    return bool((np.isfinite(array) & (array >= 0.0)).all())


def _as_list(field: str, values: Any) -> list[Any]:
    if hasattr(values, "tolist"):  # a NumPy array, or a column of a dataframe
        values = values.tolist()
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise InputError(field, "be a list of numbers", values)
    return list(values)


def _checked_source(source: Any) -> tuple[str, str]:
    named = isinstance(source, Sequence) and not isinstance(source, str)
    if not named or [type(part) for part in source] != [str, str]:
        raise InputError("source of sample", "be the names of a file and a column", source)
    file, column = source
    return file, column


def _checked_points(points: Any) -> tuple[tuple[float, float], ...]:
    """Return (level, value) pairs in order of level."""
    pairs = list(points.items()) if isinstance(points, Mapping) else points
    if not isinstance(pairs, Sequence) or not all(_is_pair(pair) for pair in pairs):
        raise InputError(
            "quantiles", "be a table of levels and values", points, 'as in {"0.1": 10, "0.9": 80}'
        )
    if any(isinstance(value, Mapping) for _, value in pairs):  # 0.1 = 10 in TOML, unquoted
        remedy = 'quote the levels, as in "0.1" = 10'
        raise InputError("quantiles", "be levels and values", points, remedy)
    if len(pairs) < 2:  # noqa: PLR2004 - a line needs two points
        raise InputError("quantiles", "state at least two levels", points)
    checked = sorted(_checked_point(level, value) for level, value in pairs)
    for (lower, low), (upper, high) in pairwise(checked):
        if lower == upper:
            raise InputError("levels of quantiles", "differ", upper, "it is stated twice")
        if high < low:
            rule = f"be at least that at level {lower:g} ({low:g})"
            raise InputError(f"value at level {upper:g} of quantiles", rule, high)
    return tuple(checked)


def _checked_point(level: Any, value: Any) -> tuple[float, float]:
    try:
        as_number = float(level) if isinstance(level, str) else level
    except ValueError:
        as_number = level
    remedy = "a level is given as 0.1, not 10 or p10"
    checked = number("level of quantiles", as_number, LEVEL, remedy)
    return checked, number(f"value at level {level} of quantiles", value, NONNEGATIVE)


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) == 2  # noqa: PLR2004


def _line(inner: tuple[float, float], outer: tuple[float, float], level: float) -> float:
    """Return the value at a level on the line that goes on from the outer of two points."""
    slope = (outer[1] - inner[1]) / (outer[0] - inner[0])
    return outer[1] + slope * (level - outer[0])


def _fixed_array(rows: Any) -> Floats:
    array = np.array(rows, dtype=np.float64)
    array.flags.writeable = False
    return array
