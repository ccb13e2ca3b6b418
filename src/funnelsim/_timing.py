"""Remaining times of all open deals, as the kernel reads them: at the periods' ends, or a table."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._remaining import LATTICE, RemainingTime
from funnelsim.distributions import Distribution
from funnelsim.errors import InputError
from funnelsim.funnel import Funnel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NODES = 2048
FEWEST_NODES = 128
MOST_TABLE = 2**27
"""Numbers in a table of remaining times, at most: one gibibyte."""
FAR = 6.5
"""Standard deviations of the path factors that can occur with 32-bit points."""
LATTICE_OF_DRAWS = 1024
"""Steps of the lattice where times are drawn, so that it is made once for each draw."""
MANY_DRAWS = 16
SURE = 1e-9
BEFORE_ALL = 1e9
"""A place on the table's axis, in steps, before its first node, wherever the cycle moves it."""


class Timing(NamedTuple):
    """F by row: the distinct pairs of stage and age."""

    row: Ints  # (deals,)
    by_end: Floats  # (rows, K, draws of times)
    cycle_by_end: Floats | None  # the same, averaged over the cycle factor
    table: Floats  # (rows, draws * nodes) where the cycle factor moves, else no rows
    nodes: int
    draw_step: int
    end_place: Floats  # (K,)
    step: float


def lower_times(
    funnel: Funnel, stage: Ints, age: Floats, ends: Floats, cycle: Floats
) -> Timing:
    """Return the laws of remaining time of deals at these stages and ages.

    Parameters
    ----------
    funnel : Funnel
        Stages with their times.
    stage, age : ndarray, shape (deals,)
        Where each deal stands, and its age in days on the clock.
    ends : ndarray, shape (periods,)
        Ends of the periods, days on the clock.
    cycle : ndarray, shape (draws,)
        Sigma of the cycle factor.
    """
    pairs, row = np.unique(np.column_stack([stage, age]), axis=0, return_inverse=True)
    laws = [step.time for step in funnel.stages[:-1] if step.time is not None]
    draws = max([law.draws for law in laws], default=1)
    steps = LATTICE if draws <= MANY_DRAWS else LATTICE_OF_DRAWS
    chosen = [[law.at(min(d, law.draws - 1)) for law in laws] for d in range(draws)]
    reach = float(ends[-1])
    if len(pairs) * len(ends) * draws > MOST_TABLE:
        raise InputError(
            "draws of times", f"need at most {MOST_TABLE:,} chances, one for each draw, period and "
            "pair of stage and age", len(pairs) * len(ends) * draws, "give fewer draws",
        )
    plain = [_by_stage(RemainingTime(one, reach, steps), pairs, ends) for one in chosen]
    by_end = np.ascontiguousarray(np.stack(plain, axis=2))
    row = row.reshape(-1).astype(np.int64)
    if not cycle.any() or not len(pairs):
        none = np.zeros((0, 2))
        return Timing(row, by_end, None, none, 2, 0, np.zeros(len(ends)), 1.0)
    axis = _axis(ends, float(cycle.max()), len(pairs) * draws)
    table = np.empty((len(pairs), draws, len(axis)))
    for d, one in enumerate(chosen):
        table[:, d] = _table(one, pairs, axis, steps)
    step = math.log(axis[-1] / axis[0]) / (len(axis) - 1)
    place = np.where(ends > 0.0, np.log(np.maximum(ends, axis[0]) / axis[0]) / step, -BEFORE_ALL)
    mean = _over_cycle(table, place, step, cycle)
    flat = np.ascontiguousarray(table.reshape(len(pairs), -1))
    return Timing(row, by_end, mean, flat, len(axis), len(axis) if draws > 1 else 0, place, step)


def _by_stage(remaining: RemainingTime, pairs: Floats, ends: Floats) -> Floats:
    """Return F at the ends of the periods for each pair of stage and age."""
    result = np.empty((len(pairs), len(ends)))
    for s in np.unique(pairs[:, 0]).astype(int):
        here = pairs[:, 0] == s
        result[here] = remaining.by(s, pairs[here, 1], ends)
    return result


def _axis(ends: Floats, sigma: float, rows: int) -> Floats:
    """Return times, evenly spaced in their logarithm, at which a table holds F."""
    nodes = NODES
    while rows * nodes > MOST_TABLE and nodes > FEWEST_NODES:
        nodes //= 2
    if rows * nodes > MOST_TABLE:
        raise InputError(
            "draws of times together with a cycle factor",
            f"need at most {MOST_TABLE // FEWEST_NODES:,} tables, one for each draw and pair of "
            "stage and age", rows, "give fewer draws, or ages in whole days",
        )
    span = FAR * sigma + 0.5 * sigma * sigma
    positive = ends[ends > 0.0]
    return np.geomspace(positive[0] * math.exp(-span), positive[-1] * math.exp(span), nodes)


def _table(laws: list[Distribution], pairs: Floats, axis: Floats, steps: int) -> Floats:
    """Return F at the nodes of the axis, averaged over the step around each."""
    half = math.sqrt(axis[1] / axis[0])
    edges = np.append(axis / half, axis[-1] * half)
    remaining = RemainingTime(laws, min(float(edges[-1]), _longest(laws, pairs)), steps)
    result = np.empty((len(pairs), len(axis)))
    for s in np.unique(pairs[:, 0]).astype(int):
        here = pairs[:, 0] == s
        result[here] = remaining.averaged(s, pairs[here, 1], edges)
    return result


def _longest(laws: list[Distribution], pairs: Floats) -> float:
    """Return a time that no deal's remaining time goes past, but for one chance in a billion."""
    times = [float(law.isf(np.array([SURE]))[0]) for law in laws]
    for s in np.unique(pairs[:, 0]).astype(int):
        oldest = pairs[pairs[:, 0] == s, 1].max()
        alive = float(laws[s].sf(np.array([oldest]))[0])
        if alive > 0.0:
            late = float(laws[s].isf(np.array([SURE * alive]))[0]) - oldest
            times[s] = max(times[s], late)
    return sum(times) + 1.0


def _over_cycle(table: Floats, place: Floats, step: float, cycle: Floats) -> Floats:
    """Return F at the ends of the periods, averaged over the cycle factor."""
    e = np.linspace(-FAR, FAR, 261)
    weight = np.exp(-0.5 * e * e)
    weight /= weight.sum()
    rows, draws, nodes = table.shape
    most = draws if (cycle == cycle[0]).all() else max(draws, len(cycle))
    result = np.zeros((rows, len(place), most))
    for d in range(most):
        sigma = cycle[min(d, len(cycle) - 1)]
        slowness = (sigma * e - 0.5 * sigma * sigma) / step
        at = np.clip(place[:, None] - slowness, 0.0, nodes - 1.001)
        node = at.astype(np.int64)
        part = at - node
        one = table[:, min(d, draws - 1)]
        for k in range(len(place)):
            read = one[:, node[k]] * (1.0 - part[k]) + one[:, node[k] + 1] * part[k]
            result[:, k, d] = read @ weight
    return result
