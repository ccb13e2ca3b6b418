"""From paths, or from their sums, to answers with their Monte Carlo error: pure functions.

Path ``i`` belongs to replicate ``i % 64``. Replicates are independent, so the spread of their means
gives the standard error, however even the points inside each of them are.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from funnelsim._factors import REPLICATES
from funnelsim.estimate import Estimate

STUDENT = 1.9983405425
"""97.5 % quantile of Student's t with 63 degrees of freedom."""

LARGE = 2**63
"""Sums from here on do not fit into 64 bits."""

Values = NDArray[np.integer[Any]] | NDArray[np.bool_]
Replicates = tuple[NDArray[Any], NDArray[np.int64]]
"""The sum and the number of paths of each replicate; sums are exact integers."""


def replicate_sums(values: Values) -> Replicates:
    """Return the sum and the number of paths of each replicate."""
    paths = len(values)
    groups = min(REPLICATES, paths)
    whole = paths // groups * groups
    size = max(int(values.max()), -int(values.min()))  # differences may be below 0
    most = size * (paths // groups + 1)
    kind = np.int64 if most < LARGE else object  # Python's own integers have no end
    sums = values[:whole].reshape(-1, groups).sum(axis=0, dtype=kind)
    counts = np.full(groups, paths // groups, dtype=np.int64)
    rest = values[whole:]
    sums[: len(rest)] += rest
    counts[: len(rest)] += 1
    return sums, counts


def spread_of_mean(values: Values) -> tuple[float, float]:
    """Return the mean and its standard error from the replicates."""
    return _spread(replicate_sums(values))


def _spread(replicates: Replicates) -> tuple[float, float]:
    """Return the mean and its standard error from sums and numbers of paths of the replicates."""
    sums, counts = replicates
    paths, groups = int(counts.sum()), len(sums)
    total = sum(sums.tolist())  # of Python's integers: 64 sums of 63 bits are more than 64 bits
    mean = total / paths
    if groups == 1:
        return mean, math.nan
    whole, rest = divmod(total, paths)  # differences are small, so they are taken of integers
    off = (sums - counts.astype(sums.dtype) * whole).astype(np.float64) - counts * (rest / paths)
    return mean, math.sqrt(float(off @ off) * groups / (groups - 1)) / paths


def student(paths: int) -> float:
    """Return how many standard errors a 95 % interval reaches to each side."""
    if paths >= REPLICATES:
        return STUDENT
    from scipy.special import stdtrit  # noqa: PLC0415

    return float(stdtrit(paths - 1, 0.975))


def mean(values: Values, parts: int = 1) -> Estimate:
    """Return the mean of whole numbers of parts, such as cents, in units of so many parts."""
    return mean_of(replicate_sums(values), parts)


def mean_of(replicates: Replicates, parts: int = 1) -> Estimate:
    """Return the same mean from sums alone."""
    average, error = _spread(replicates)
    reach = student(int(replicates[1].sum())) * error
    low, high = average - reach, average + reach
    return Estimate(average / parts, error / parts, low / parts, high / parts)


def probability(hits: NDArray[np.bool_]) -> Estimate:
    """Return the chance of an event from its indicator on each path.

    The interval is Wilson's with the number of independent paths that the standard error stands
    for. Where no path, or every path, has the event, the error is that of one path in all: it is
    small, but not nothing.
    """
    return probability_of(replicate_sums(hits))


def probability_of(replicates: Replicates) -> Estimate:
    """Return the same chance from numbers of hits alone."""
    paths = int(replicates[1].sum())
    chance, error = _spread(replicates)
    if error == 0.0:
        error = math.sqrt((chance * (1.0 - chance) + 1.0 / paths) / paths)
        worth = float(paths)
    else:
        worth = chance * (1.0 - chance) / error**2
    reach = student(paths) ** 2 / worth
    centre = (chance + 0.5 * reach) / (1.0 + reach)
    half = math.sqrt(chance * (1.0 - chance) * reach + 0.25 * reach * reach) / (1.0 + reach)
    return Estimate(
        chance, error, min(max(centre - half, 0.0), chance), max(min(centre + half, 1.0), chance)
    )


def chance_difference(hits: NDArray[np.bool_], hits_before: NDArray[np.bool_]) -> Estimate:
    """Return the difference of two chances from their indicators on the same paths.

    Where the replicates do not differ, as where no path does, the error is that of one path in
    all: it is small, but not nothing.
    """
    change = hits.astype(np.int8) - hits_before.astype(np.int8)
    paths = len(change)
    value, error = spread_of_mean(change)
    if error == 0.0:
        spread = np.count_nonzero(change) / paths - value**2
        error = math.sqrt((spread + 1.0 / paths) / paths)
    return within(value, error, paths, 1.0)


def within(value: float, error: float, paths: int, most: float = math.inf) -> Estimate:
    """Return an estimate with Student's interval, inside what the value can be."""
    reach = student(paths) * error
    return Estimate(value, error, max(value - reach, -most), min(value + reach, most))


def ratio(parts: NDArray[np.float64], whole: NDArray[np.float64]) -> Estimate | None:
    """Return one sum over another, both by replicate; None where there is nothing to divide by.

    The error is that of a ratio of two means (delta method).
    """
    total, groups = float(whole.sum()), len(whole)
    if total == 0.0:
        return None
    value = float(parts.sum()) / total
    off = parts - value * whole
    error = math.sqrt(float(off @ off) * groups / max(groups - 1, 1)) / total
    reach = student(groups) * error
    return Estimate(value, error, max(value - reach, 0.0), value + reach)


def rank_of(level: float, paths: int) -> int:
    """Return the place, from 0, of a quantile among so many ordered values."""
    return min(max(math.ceil(level * paths - 1e-9) - 1, 0), paths - 1)


def quantiles(values: Values, levels: list[float], parts: int = 1) -> list[Estimate]:
    """Return quantiles: the smallest value whose level is reached, without interpolation.

    The interval reaches from the quantile at the level less its error to that at the level plus
    its error. The error is that of the distribution function at the value or just before it,
    whichever is larger: where many paths share the value, the level may be that of its neighbour.
    """
    ordered = np.sort(values)
    paths = len(ordered)

    def at(level: float) -> int:
        return int(ordered[rank_of(level, paths)])

    result = []
    for level in levels:
        value = at(level)
        below, until = probability(values < value), probability(values <= value)
        reach = student(paths) * max(below.standard_error, until.standard_error)
        low, high = at(level - reach), at(level + reach)
        error = (high - low) / (2.0 * student(paths))
        result.append(Estimate(value / parts, error / parts, low / parts, high / parts))
    return result


def deviation(values: Values, parts: int = 1) -> float:
    """Return the sample's standard deviation."""
    if len(values) < 2:  # noqa: PLR2004
        return math.nan
    return float(np.std(values.astype(np.float64), ddof=1)) / parts


def distribution(values: Values, parts: int = 1) -> dict[str, Any]:
    """Return mean, standard deviation, P10, P50 and P90, as the JSON answer holds them."""
    return described(OfPaths(values, parts))


class Quantity(Protocol):
    """A random quantity that much is asked of, however it is known."""

    def mean(self) -> Estimate:
        """Return its mean."""

    def deviation(self) -> float:
        """Return its standard deviation."""

    def quantiles(self, levels: list[float]) -> list[Estimate]:
        """Return its quantiles at levels in (0, 1)."""


class OfPaths(NamedTuple):
    """A quantity known by its value on each path, in whole numbers of parts of a unit."""

    values: Values
    parts: int = 1

    def mean(self) -> Estimate:
        """Return its mean."""
        return mean(self.values, self.parts)

    def deviation(self) -> float:
        """Return its standard deviation."""
        return deviation(self.values, self.parts)

    def quantiles(self, levels: list[float]) -> list[Estimate]:
        """Return its quantiles at levels in (0, 1)."""
        return quantiles(self.values, levels, self.parts)


def described(quantity: Quantity) -> dict[str, Any]:
    """Return a quantity as the JSON answer holds it."""
    low, middle, high = quantity.quantiles([0.1, 0.5, 0.9])
    return {
        "mean": quantity.mean().to_dict(),
        "sd": quantity.deviation(),
        "quantiles": {"p10": low.to_dict(), "p50": middle.to_dict(), "p90": high.to_dict()},
    }
