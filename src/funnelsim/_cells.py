"""Laws of times as the tables that the kernel of trajectories reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._amounts import jump_levels
from funnelsim.distributions import Distribution
from funnelsim.errors import InputError
from funnelsim.kernels.cells import ALL_BITS, Cells

Floats = NDArray[np.float64]

STEPS, FEWEST_STEPS = 128, 16
"""Cells to each halving of the distance to an end of (0, 1): a line is off by 8e-6 of the scale of
an exponential law with the most, by 5e-4 with the fewest."""
OCTAVES = 33
"""Halvings to the smallest level of a time that starts afresh, 2**-32."""
MOST_OCTAVES = 1000
"""Halvings at most, where an old deal has a small chance of being so old."""
MANY_NODES, MOST_NODES = 2**21, 2**24
"""Numbers of nodes from which on there are fewer steps, and that are refused."""
NEXT_TO = 1e-9
"""How near to a jump (of its level) the times on its two sides are asked for."""
LONGEST = 1e9
"""Days; a longer time is as good as this."""
GRAIN = 2.0**40
"""Levels are rounded to 40 bits, times to 2**-40 days, so that a last bit of a library does not
show."""
HALF = 0.5
MANTISSA = 52


class _Half(NamedTuple):
    """One half of a law's table; ``first`` is its lowest cell, 0 where it has but one."""

    nodes: Floats
    guide: NDArray[np.int64]
    first: int


def lower_cells(least: Mapping[Distribution, float]) -> Cells:
    """Return the tables of laws, in their order.

    Parameters
    ----------
    least : mapping of Distribution to float
        For each certain law the least chance, above 0, that a deal's time exceeds its age.
    """
    octaves = {law: _octaves(alive) for law, alive in least.items()}
    steps = _steps(sum(octaves.values()) + OCTAVES * len(octaves))
    shift = MANTISSA - int(math.log2(steps))
    places, guides, nodes = [], [], []
    cells = count = 0
    for law, depth in octaves.items():
        for upper, far in ((False, depth), (True, OCTAVES)):
            half = _half(law, far, steps, upper=upper)
            places.append((cells - half.first, half.first, shift if half.first else ALL_BITS))
            guides.append(half.guide + count)
            nodes.append(half.nodes)
            cells, count = cells + len(half.guide), count + len(half.nodes)
    if not nodes:
        return Cells(np.zeros((0, 3), np.int64), np.zeros(0, np.uint32), np.zeros((0, 3)))
    return Cells(
        np.array(places, dtype=np.int64),
        np.concatenate(guides).astype(np.uint32),
        np.ascontiguousarray(np.concatenate(nodes)),
    )


def rounded_level(level: Floats) -> Floats:
    """Return levels with 40 bits each, however small they are."""
    part, power = np.frexp(level)
    return np.asarray(np.ldexp(np.rint(part * GRAIN) / GRAIN, power))


def _octaves(alive: float) -> int:
    return min(OCTAVES + math.ceil(-math.log2(alive)), MOST_OCTAVES)


def _steps(octaves: int) -> int:
    """Return how many cells an octave has: a power of two, fewer where there are many laws."""
    steps = STEPS
    while octaves * steps > MANY_NODES and steps > FEWEST_STEPS:
        steps //= 2
    if octaves * steps > MOST_NODES:
        raise InputError(
            "draws of times",
            f"need at most {MOST_NODES:,} nodes of tables for activities",
            octaves * steps,
            "give fewer draws",
        )
    return steps


def _half(law: Distribution, octaves: int, steps: int, *, upper: bool) -> _Half:
    """Return the table of levels up to one half; ``upper``: of one minus the survival."""
    quantile = law.ppf if upper else law.isf
    power = 2.0 ** np.arange(-octaves, 0.0)
    border = np.append(
        (0.5 * power[:, None] * (2.0 + 2.0 * np.arange(steps) / steps)).ravel(), HALF
    )
    at_border = quantile(border)
    jumps = rounded_level(jump_levels(law, at_border, upper=not upper))
    jumps = jumps[jumps >= border[0]]
    asked = np.concatenate([border, jumps * (1.0 - NEXT_TO), jumps * (1.0 + NEXT_TO)])
    stated = np.concatenate([border, jumps, jumps])
    order = np.lexsort((asked, stated))
    level = np.append(stated[order], 1.0)
    time = np.concatenate([at_border, quantile(asked[len(border) :])])[order]
    time = np.append(time, time[-1])
    time = np.rint(np.minimum(time, LONGEST) * GRAIN) / GRAIN
    if (time == time[0]).all():
        return _Half(np.array([[0.0, time[0], 0.0]]), np.zeros(2, np.int64), 0)
    width = np.diff(level, append=2.0)
    slope = np.where(width > 0.0, np.diff(time, append=time[-1]) / np.where(width > 0, width, 1), 0)
    guide = np.searchsorted(level, border, side="right") - 1
    first = int(border[:1].view(np.int64)[0]) >> (MANTISSA - int(math.log2(steps)))
    return _Half(np.column_stack([level, time, slope]), np.append(guide, len(level) - 1), first)
