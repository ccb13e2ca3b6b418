"""The chance that at least one of several open deals is won in the end, whatever they share.

Given the factors of a path deals are independent, so the chance of no win is a product, averaged
over the factors: by the trapezoid rule where at most one column of segments tells the deals apart,
else over the factors of simulated paths.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim import answers
from funnelsim._factors import REPLICATES
from funnelsim.estimate import Estimate

if TYPE_CHECKING:
    from funnelsim._arrays import Lowered

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PATHS = 16_384
"""Paths whose factors are averaged over where the trapezoid rule would need too many dimensions."""
REACH = 9.0
FEWEST, MOST = 100, 20_000
"""Steps of the trapezoid rule; beyond the most, a correlation is so near to 1 that it jumps."""
STEPS_OF_WIDTH = 8.0
"""Steps across the slope of one deal's chance; that of thousands of deals is up to 4 times as
steep, and two steps across a slope are enough for the rule to be off by less than 1e-15."""
AT_ONCE = 2**20
"""Pairs of points of both rules held at once."""


class Rule(NamedTuple):
    """Points and weights of an average over a standard normal."""

    at: Floats
    weight: Floats


class Factors(NamedTuple):
    """How a market moves some deals, in one draw of its parameters."""

    common: float  # variance of what all of them share
    apart: float  # variance of what those of one kind share, beside
    own: float  # variance of a deal's own

    def outer(self) -> Rule:
        """Return the rule for what all share."""
        return _rule(self.common, self.apart + self.own)

    def inner(self) -> Rule:
        """Return the rule for what those of one kind share."""
        return _rule(self.apart, self.own)


def chance_of_any(lowered: Lowered, deals: Ints, seed: int) -> Estimate:
    """Return the chance that at least one of the deals is won in the end.

    Parameters
    ----------
    lowered : Lowered
        The arrays of the scenario.
    deals : ndarray of int
        Places of the deals in the pipeline, at least one.
    seed : int
        Of the paths, where their factors are needed.

    Returns
    -------
    Estimate
        Exact where its error is 0.
    """
    deals = deals[lowered.chance[lowered.group[deals]] > 0.0]
    if len(deals) < 2:  # noqa: PLR2004  nothing is shared
        return Estimate.exact(float(lowered.chance[lowered.group[deals]].sum()))
    groups, count = np.unique(lowered.group[deals], return_counts=True)
    wins, cells = lowered.wins[groups], lowered.standing.cell[groups]
    if cells[0] < 0:
        return _exact(float(((1.0 - wins) ** count[:, None]).prod(axis=0).mean()))
    streams = lowered.shared.streams[cells]
    differs = (streams != streams[0]).any(axis=0)
    if differs.sum() > 1:
        return _over_paths(lowered, groups, count, seed)
    kinds = np.zeros(len(groups), np.int64)
    if differs.any():
        _, kinds = np.unique(streams[:, differs], return_inverse=True)
    factors = _factors(lowered, differs)
    given = [
        _none(_scores(wins[:, draw], one), count, kinds.reshape(-1), one)
        for draw, one in enumerate(factors)
    ]
    return _exact(math.fsum(given) / len(given))


def _exact(none: float) -> Estimate:
    return Estimate.exact(min(max(1.0 - none, 0.0), 1.0))


def _factors(lowered: Lowered, differs: NDArray[np.bool_]) -> list[Factors]:
    """Return the variances in each draw; columns in which all deals agree are common to them."""
    shared = lowered.shared
    alike, apart = (float(shared.segments[which].sum()) for which in (~differs, differs))
    return [
        Factors(common + alike, apart, 1.0 - common - alike - apart)
        for common in shared.common.tolist()
    ]


def _scores(wins: Floats, factors: Factors) -> Floats:
    from scipy.special import ndtri  # noqa: PLC0415

    return np.asarray(ndtri(wins) / math.sqrt(factors.own))


def _none(scores: Floats, count: Ints, kinds: Ints, factors: Factors) -> float:
    """Return the chance that none is won: an average over the common factor, then of each kind."""
    outer, inner = factors.outer(), factors.inner()
    scale = math.sqrt(factors.own)
    common = math.sqrt(factors.common) / scale * outer.at
    apart = math.sqrt(factors.apart) / scale * inner.at
    size, total = max(1, AT_ONCE // len(apart)), np.ones(len(common))
    for first in range(0, len(common), size):
        part = slice(first, first + size)
        shift = common[part, None] + apart
        for kind in range(int(kinds.max()) + 1):
            here = kinds == kind
            total[part] *= _product(scores[here], count[here], shift) @ inner.weight
    return float(outer.weight @ total)


def _product(scores: Floats, count: Ints, shift: Floats) -> Floats:
    """Return the chance of no win at each shift; ``count`` deals have each score."""
    from scipy.special import ndtr  # noqa: PLC0415

    none = np.ones(shift.shape)
    for score, many in zip(scores.tolist(), count.tolist(), strict=True):
        none *= ndtr(-(score + shift)) ** many
    return none


def _rule(variance: float, rest: float) -> Rule:
    """Return the trapezoid rule for an average over a factor of this variance."""
    if variance == 0.0:
        return Rule(np.zeros(1), np.ones(1))
    width = math.sqrt(rest / variance)
    steps = min(max(FEWEST, math.ceil(2.0 * REACH * STEPS_OF_WIDTH / width)), MOST)
    at = np.linspace(-REACH, REACH, steps + 1)
    weight = np.exp(-0.5 * at * at)
    weight[[0, -1]] *= 0.5
    return Rule(at, weight / weight.sum())


def _over_paths(lowered: Lowered, groups: Ints, count: Ints, seed: int) -> Estimate:
    """Return the chance over the factors of the first paths, with its error from replicates."""
    from scipy.special import ndtr, ndtri  # noqa: PLC0415

    from funnelsim._blocks import draw_factors  # noqa: PLC0415  loads the compiler

    shared = lowered.shared
    still = np.zeros_like(shared.cycle)
    streams = shared.streams[lowered.standing.cell[groups]]
    here = shared._replace(streams=streams, cycle=still, size=still)
    factors = draw_factors(here, seed, 0, PATHS)
    scores = ndtri(lowered.wins[groups]) / np.sqrt(1.0 - shared.common - shared.segments.sum())
    none = np.ones(PATHS)
    for row, many in enumerate(count.tolist()):
        none *= ndtr(-(scores[row, factors.draw] + factors.shift[row])) ** many
    means = (1.0 - none).reshape(-1, REPLICATES).mean(axis=0)
    error = float(means.std(ddof=1)) / math.sqrt(REPLICATES)
    return _inside(answers.within(float(means.mean()), error, PATHS, 1.0))


def _inside(one: Estimate) -> Estimate:
    return Estimate(one.value, one.standard_error, max(one.low, 0.0), one.high)
