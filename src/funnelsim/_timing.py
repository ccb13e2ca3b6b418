"""Remaining times of all open deals, as the kernel reads them: at the periods' ends, or a table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._remaining import TIE, RemainingTime, Values
from funnelsim.distributions import Distribution
from funnelsim.errors import InputError
from funnelsim.funnel import Funnel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Laws = list[Distribution]

STEPS, STEPS_OF_DRAWS, STEPS_OF_TABLE = 8192, 1024, 2048
"""Steps of the lattice: for the periods' ends, where times are drawn, and for a table."""
MANY_DRAWS = 16
SCALE = 4.0
"""Times within a factor of 4 share a lattice, so that short times have a fine one."""
NODES = 2048
FEWEST_NODES = 128
MOST_TABLE = 2**27
"""Numbers in a table of remaining times, at most: one gibibyte."""
FAR = 6.5
"""Standard deviations of the path factors that can occur with 32-bit points."""
LEAST_SPAN = 0.25
"""Room (of the logarithm) before the first end of a period: some steps, however small the cv."""
SURE = 1e-9
AFTER_NODE = 1e-6
"""Part of a step by which a jump at the first node comes after it."""
BEFORE_ALL = 1e9
"""A place on the table's axis, in steps, before its first node, wherever the cycle moves it."""


class Timing(NamedTuple):
    """F by row: the distinct pairs of stage and age."""

    row: Ints  # (deals,)
    by_end: Floats  # (rows, K, draws of times)
    cycle_by_end: Floats  # the same, averaged over the cycle factor
    table: Floats  # (rows, draws * nodes) where the cycle factor moves, else no rows
    jump: Floats  # the same shape: part of the step after a node where F jumps; 2: F is a line
    nodes: int
    draw_step: int
    end_place: Floats  # (K,)
    step: float


def lower_times(funnel: Funnel, stage: Ints, age: Floats, ends: Floats, cycle: Floats) -> Timing:
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
    row = row.reshape(-1).astype(np.int64)
    chosen = laws_of_draws(funnel)
    _check_size(len(pairs) * len(ends) * len(chosen))
    steps = STEPS if len(chosen) <= MANY_DRAWS else STEPS_OF_DRAWS
    plain = [_at_ends(laws, pairs, ends, steps) for laws in chosen]
    by_end = np.ascontiguousarray(np.stack(plain, axis=2))
    if not cycle.any() or not len(pairs) or not ends.any():
        none = np.zeros((0, 2))
        return Timing(row, by_end, by_end, none, none, 2, 0, np.zeros(len(ends)), 1.0)
    axis = _axis(ends, float(cycle.max()), len(pairs) * len(chosen))
    table = np.empty((len(pairs), len(chosen), len(axis)))
    jump = np.empty_like(table)
    for d, laws in enumerate(chosen):
        table[:, d], jump[:, d] = _table(laws, pairs, axis)
    step = math.log(axis[-1] / axis[0]) / (len(axis) - 1)
    place = np.where(ends > 0.0, np.log(np.maximum(ends, axis[0]) / axis[0]) / step, -BEFORE_ALL)
    jumps = jump.reshape(len(pairs), -1) if (jump <= 1.0).any() else np.zeros((0, 2))
    return Timing(
        row,
        by_end,
        _over_cycle(table, jump, place, step, cycle),
        table.reshape(len(pairs), -1),
        jumps,
        len(axis),
        len(axis) if len(chosen) > 1 else 0,
        place,
        step,
    )


def laws_of_draws(funnel: Funnel) -> list[Laws]:
    """Return the times in stage for each of their draws."""
    laws = [step.time for step in funnel.stages[:-1] if step.time is not None]
    draws = max(law.draws for law in laws)
    return [[law.at(min(d, law.draws - 1)) for law in laws] for d in range(draws)]


def _check_size(numbers: int) -> None:
    if numbers > MOST_TABLE:
        raise InputError(
            "draws of times",
            f"need at most {MOST_TABLE:,} chances, one for each draw, period and "
            "pair of stage and age",
            numbers,
            "give fewer draws",
        )


def _scales(times: Floats) -> Iterator[Ints]:
    """Yield the times (as indices) that share a lattice: those within a factor of `SCALE`."""
    some = np.maximum(times, 2.0**-10)
    below = np.log(some / some.max()) / math.log(SCALE)
    scale = np.ceil(below - 1e-9)
    for one in np.unique(scale):
        yield np.flatnonzero(scale == one)


def _stages(pairs: Floats) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    for s in np.unique(pairs[:, 0]).astype(int).tolist():
        yield s, pairs[:, 0] == s


def _at_ends(laws: Laws, pairs: Floats, ends: Floats, steps: int) -> Floats:
    """Return F at the ends of the periods for each pair of stage and age."""
    result = np.empty((len(pairs), len(ends)))
    for some in _scales(ends):
        remaining = RemainingTime(laws, float(ends[some].max()), steps)
        for s, here in _stages(pairs):
            result[np.ix_(here, some)] = remaining.by(s, pairs[here, 1], ends[some])
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
            "stage and age",
            rows,
            "give fewer draws, or ages in whole days",
        )
    span = max(FAR * sigma + 0.5 * sigma * sigma, LEAST_SPAN)
    positive = ends[ends > 0.0]
    return np.geomspace(positive[0] * math.exp(-span), positive[-1] * math.exp(span), nodes)


def _table(laws: Laws, pairs: Floats, axis: Floats) -> tuple[Floats, Floats]:
    """Return F at the nodes of the axis, and where it jumps between them.

    The first node stands for all times before it, 0 included, and holds F(0): a period in which
    the clock stands still books nothing.
    """
    half = math.sqrt(axis[1] / axis[0])
    edges = np.append(axis / half, axis[-1] * half)
    longest = _longest(laws, pairs)
    table, jump = np.empty((len(pairs), len(axis))), np.full((len(pairs), len(axis)), 2.0)
    for some in _scales(axis):
        reach = min(float(edges[some[-1] + 1]), longest)
        remaining = RemainingTime(laws, reach, STEPS_OF_TABLE)
        around = edges[some[0] : some[-1] + 2]
        for s, here in _stages(pairs):
            rows = np.flatnonzero(here)
            single = [remaining.single_values(s, float(age)) for age in pairs[rows, 1]]
            smooth = rows[[one is None for one in single]]
            table[np.ix_(smooth, some)] = remaining.averaged(s, pairs[smooth, 1], around)
            if some[0] == 0:
                table[smooth, 0] = remaining.by(s, pairs[smooth, 1], np.zeros(1))[:, 0]
            for row, values in zip(rows, single, strict=True):
                if values is not None:
                    table[row], jump[row] = _jumps(values, axis)
    return table, jump


def _jumps(values: Values, axis: Floats) -> tuple[Floats, Floats]:
    """Return F at the nodes for single values, and the place of the jump after each node.

    Several jumps between two nodes become one, where their mean is.
    """
    place = np.interp(np.log(np.maximum(values.at, 1e-300)), np.log(axis), np.arange(len(axis)))
    after = np.where(values.at > TIE, np.maximum(np.ceil(place - 1e-9) - 1, 0), -1).astype(np.int64)
    place = np.maximum(place, AFTER_NODE)
    late = values.at > axis[-1]
    chance = np.where(late, 0.0, values.chance)
    mass = np.bincount(after + 1, chance, len(axis) + 1)
    where = np.bincount(after + 1, chance * (place - after), len(axis) + 1)
    jump = np.where(mass > 0.0, where / np.where(mass > 0.0, mass, 1.0), 0.5)
    return np.asarray(np.cumsum(mass)[:-1], dtype=np.float64), np.asarray(jump[1:])


def _longest(laws: Laws, pairs: Floats) -> float:
    """Return a time that no deal's remaining time goes past, but for one chance in a billion."""
    times = [float(law.isf(np.array([SURE]))[0]) for law in laws]
    for s, here in _stages(pairs):
        oldest = pairs[here, 1].max()
        alive = float(laws[s].sf(np.array([oldest]))[0])
        if alive > 0.0:
            late = float(laws[s].isf(np.array([SURE * alive]))[0]) - oldest
            times[s] = max(times[s], late)
    return sum(times) + 1.0


def _over_cycle(table: Floats, jump: Floats, place: Floats, step: float, cycle: Floats) -> Floats:
    """Return F at the ends of the periods, averaged over the cycle factor.

    Each step of F between two nodes counts where the factor is small enough: at its jump, or at
    the middle of a line.
    """
    rows, draws, _ = table.shape
    most = draws if (cycle == cycle[0]).all() else max(draws, len(cycle))
    result = np.empty((rows, len(place), most))
    node = np.arange(table.shape[2] - 1)
    for d in range(most):
        sigma = float(cycle[min(d, len(cycle) - 1)])
        one, breaks = table[:, min(d, draws - 1)], jump[:, min(d, draws - 1)]
        rises = np.diff(one, axis=1)
        reached = _reached(place[:, None] - (node + 0.5), step, sigma, line=True)
        result[:, :, d] = one[:, :1] + rises @ reached.T
        for row in np.flatnonzero(breaks[:, 0] <= 1.0):
            reached = _reached(place[:, None] - (node + breaks[row, :-1]), step, sigma)
            result[row, :, d] = one[row, 0] + reached @ rises[row]
    return result


def _reached(ahead: Floats, step: float, sigma: float, *, line: bool = False) -> Floats:
    """Return the chance that the cycle factor leaves the end of a period this far ahead.

    Where the factor is always 1 and F a line, return the part of the step before the end.
    """
    if sigma == 0.0:
        return np.clip(ahead + 0.5, 0.0, 1.0) if line else (ahead >= 0.0).astype(np.float64)
    from scipy.special import ndtr  # noqa: PLC0415

    return np.asarray(ndtr(ahead * step / sigma + 0.5 * sigma))
