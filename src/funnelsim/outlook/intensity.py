"""Which deals are won: win intensities of open deals, and the multiplier that meets expected wins.

A deal's chances to be won by the ends of periods, ``P_1 <= P_2 <= ...``, are read as exposures
``d_k = log(1 - P_(k-1)) - log(1 - P_k)``. On a path that multiplies the intensity of period k by
``kappa_k`` the deal survives it unwon with chance ``exp(-kappa_k d_k)``; with one period that is
``(1 - P)**kappa``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.outlook.spans import Spans

Floats = NDArray[np.float64]

MOST = 1.0 - 1e-9
GRAIN = 50.0
"""Exposures are rounded to 1 / 50 of their size: deals of about equal chances share one."""
MERGED_GRAIN = 8.0
LEAST = 1e-7
COARSE, NODES = 20.0, 64.0
ROUNDS, TOLERANCE = 100, 1e-4


class OpenDeals(NamedTuple):
    """Open deals in groups of equal exposure."""

    deals: NDArray[np.intp]  # (n,) places among the known deals, group by group
    first: NDArray[np.int64]  # (groups + 1,) first deal of each group
    exposure: Floats  # (groups, periods)

    @property
    def counts(self) -> NDArray[np.int64]:
        """The deals of each group."""
        return np.diff(self.first)


def open_deals(
    spans: Spans, day: int, chances: Floats, effect: Floats, chosen: NDArray[np.bool_]
) -> OpenDeals:
    """Return the chosen open deals in groups of equal exposure.

    Parameters
    ----------
    spans : Spans
        Where the deals stood.
    day : int
        The as-of day.
    chances : ndarray, shape (periods, stages, 400)
        Chances to be won by the ends of the periods, by stage and age.
    effect : ndarray, shape (stages, deals)
        What multiplies a deal's exposure, by the stage it stands in.
    chosen : ndarray of bool, shape (deals,)
        The deals to take.
    """
    deals, stage, age = spans.standing(day)
    mine = chosen[deals]
    deals, stage, age = deals[mine], stage[mine], age[mine]
    survives = np.log1p(-np.minimum(chances[:, stage, age], MOST))
    exposure = -np.diff(survives, axis=0, prepend=0.0).T * effect[stage, deals, None]
    grains = np.rint(np.log(np.maximum(exposure, LEAST)) * GRAIN).astype(np.int64)
    levels, group = np.unique(grains, axis=0, return_inverse=True)
    order = np.argsort(group.reshape(-1), kind="stable")
    counts = np.bincount(group.reshape(-1), minlength=len(levels))
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    rounded = np.where(levels > np.log(LEAST) * GRAIN + 0.5, np.exp(levels / GRAIN), 0.0)
    return OpenDeals(deals[order], first, rounded)


def merged(deals: OpenDeals) -> OpenDeals:
    """Return fewer groups, of deals whose exposures are near each other, at their mean.

    Sums over the deals keep to about 1 in 10,000: exposures of a group differ by an eighth, and
    to the first order only their mean counts.
    """
    grains = np.rint(np.log(np.maximum(deals.exposure, LEAST)) * MERGED_GRAIN)
    levels, group = np.unique(grains.astype(np.int64), axis=0, return_inverse=True)
    group = group.reshape(-1)
    counts = np.bincount(group, deals.counts, len(levels))
    sums = np.zeros(levels.shape)
    np.add.at(sums, group, deals.exposure * deals.counts[:, None])
    order = np.argsort(np.repeat(group, deals.counts), kind="stable")
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return OpenDeals(deals.deals[order], first, sums / counts[:, None])


def solve_kappa(deals: OpenDeals, fresh: Floats, expected: Floats) -> Floats:
    """Return the multipliers of intensity under which each period gives its expected wins.

    ``sum_i S_i (1 - exp(-kappa d_i)) + kappa F = expected``, with ``S_i`` the chance that deal i
    is not won before; Newton's method on the logarithms.

    Parameters
    ----------
    deals : OpenDeals
        The open deals.
    fresh : ndarray, shape (periods,)
        F: wins expected of new deals, above 0.
    expected : ndarray, shape (periods, paths)
        Wins expected on each path, above 0.

    Returns
    -------
    ndarray, shape (periods, paths)
        The multipliers.
    """
    alive = deals.counts[:, None].astype(np.float64)
    kappa = np.empty_like(expected)
    for k in range(len(expected)):
        held = deals.exposure[:, k, None]
        inside = held[:, 0] > 0.0
        solve = _common_root if alive.shape[1] == 1 else _root
        kappa[k] = solve(held[inside], alive[inside], fresh[k], expected[k])
        if k + 1 < len(expected):
            alive = alive * np.exp(-held * kappa[k])
    return kappa


def _common_root(exposure: Floats, alive: Floats, fresh: float, expected: Floats) -> Floats:
    """Solve a period that all paths enter alike: at nodes, with cubics between them.

    The nodes are whole multiples of a step, whichever paths there are.
    """
    from scipy.interpolate import CubicHermiteSpline  # noqa: PLC0415

    place = np.log(expected) * NODES
    nodes = np.arange(np.floor(place.min()), np.ceil(place.max()) + 2.0) / NODES
    root = _root(exposure, alive, fresh, np.exp(nodes))
    gives, slope = _gives(exposure, alive, fresh, root)
    between = CubicHermiteSpline(nodes, np.log(root), gives / (root * slope))
    return np.asarray(np.exp(between(np.log(expected))))


def _root(exposure: Floats, alive: Floats, fresh: float, expected: Floats) -> Floats:
    """Solve one period: first with the deals in coarse bins, then exactly."""
    order = np.argsort(exposure[:, 0])
    bins = np.floor(np.log(exposure[order, 0]) * COARSE)
    starts = np.flatnonzero(np.diff(bins, prepend=-np.inf))
    kappa = np.ones_like(expected)
    if len(starts):
        in_bin = np.add.reduceat(alive[order], starts)
        middle = np.exp((bins[starts, None] + 0.5) / COARSE)
        kappa = _newton(middle, in_bin, fresh, expected, kappa)
    return _newton(exposure, alive, fresh, expected, kappa)


def _newton(
    exposure: Floats, alive: Floats, fresh: float, expected: Floats, kappa: Floats
) -> Floats:
    for _ in range(ROUNDS):
        gives, slope = _gives(exposure, alive, fresh, kappa)
        step = np.log(expected / gives) * gives / (kappa * slope)
        kappa = kappa * np.exp(np.clip(step, -3.0, 3.0))
        if np.abs(step).max() < TOLERANCE:  # the error left is about its square
            break
    return kappa


def _gives(exposure: Floats, alive: Floats, fresh: float, kappa: Floats) -> tuple[Floats, Floats]:
    """Return the wins under multipliers, and the slope in them."""
    left = np.exp(-exposure * kappa)
    left *= alive
    gives = alive.sum(axis=0) - left.sum(axis=0) + kappa * fresh
    return gives, np.einsum("gp,g->p", left, exposure[:, 0]) + fresh
