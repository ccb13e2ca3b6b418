"""Times as tables: any law in one compiled form, read at a level of survival without a search.

A table is folded at one half: the lower half is read at the level itself, the upper half at one
minus the level, so both tails keep their resolution. The exponent and the first bits of the
mantissa are the number of a cell; a guide tells at which node each cell starts. Between nodes are
straight lines; two nodes at one level are a jump, so laws of single values are exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.kernels.jit import part

STEP = 2.0**-31
ONE, TWO = np.uint64(1), np.uint64(2)
ALL_BITS = 62
"""Bits dropped where all levels are in one cell: those of a law of a single value."""


class Cells(NamedTuple):
    """Tables of ``L`` laws, one after the other; each has a lower and an upper half."""

    places: NDArray[np.int64]  # (2 L, 3) where the cells start, the lowest cell, bits dropped
    guide: NDArray[np.uint32]  # (cells,) last node at or before the start of each cell
    nodes: NDArray[np.float64]  # (nodes, 3) level, time at it, slope after it


@part
def level_of_word(word):
    """Return the uniform of a 31-bit word, in (0, 1)."""
    return (np.float64(word) + 0.5) * STEP


@part
def is_single(places, law):
    """Return whether a law is that of a single value, whatever the level."""
    return places[np.uint64(TWO * law), 2] == ALL_BITS


@part
def time_at(places, guide, nodes, law, survival):
    """Return the time that is exceeded with a chance of ``survival``, in (0, 1].

    Indices are unsigned: a signed one would be looked at twice, since it may count from the end.
    """
    level = min(survival, 1.0 - survival)
    half = np.uint64(TWO * law + np.uint64(survival > 0.5))
    bits = np.float64(level).view(np.int64) >> places[half, 2]
    cell = np.uint64(places[half, 0] + max(bits, places[half, 1]))
    low, high = np.uint64(guide[cell]), np.uint64(guide[np.uint64(cell + ONE)])
    while high > np.uint64(low + ONE):  # the level is at or after low, and before high
        middle = np.uint64((low + high) >> ONE)
        if nodes[middle, 0] <= level:
            low = middle
        else:
            high = middle
    return nodes[low, 1] + (level - nodes[low, 0]) * nodes[low, 2]
