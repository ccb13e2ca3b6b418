"""Quantile tables: any distribution in one compiled form, with its resolution in the tails.

A 53-bit uniform is folded at one half; each half has its own table of levels (distance to its end
of (0, 1), rising) and quantiles, joined by straight lines. Equal levels are jumps, so that discrete
distributions are exact. Levels crowd towards the ends, so the last of a heavy tail is there, too:
there are `STEPS` of them to each halving, so that the bits of a level tell its place at once; only
where there are jumps as well, those after it are searched.
"""

from __future__ import annotations

import numpy as np

from funnelsim.kernels.jit import part

OCTAVES = 52
"""Halvings of the distance to an end of (0, 1)."""
BITS = 6
STEPS = 2**BITS
"""Levels to each halving: the mean is off by 3e-5 of itself where the quantile is steepest, as that
of a gamma with a cv of 3, far less elsewhere."""
SHIFT = np.int64(52 - BITS)
BEFORE = np.int64((1023 - OCTAVES - 1) * STEPS - 1)
"""The first bits of a level, as a whole number, where the place of its node is 0."""
ONE = np.uint64(1)
HALF = 2.0**52
GRAIN = 2.0**-53


@part
def quantile(table, upper, lower):
    """Return the quantile of the uniform made of two 31-bit words.

    ``table`` has shape (2, 2, nodes): the lower half, then the upper half; levels, then quantiles.
    Its levels are one below all halvings, those of the halvings, and jumps.
    The uniform is ``(m + 1/2) / 2**53``, so neither 0 nor 1; ``m`` are the 31 bits of ``upper``
    and the first 22 of ``lower``.
    """
    m = np.float64(upper) * 4194304.0 + np.float64(lower >> np.int32(9))
    side = np.uint64(m >= HALF)
    m = 2.0 * HALF - 1.0 - m if m >= HALF else m
    level = (m + 0.5) * GRAIN
    place = np.int64((np.float64(level).view(np.int64) >> SHIFT) - BEFORE)
    low = np.uint64(max(place, np.int64(0)))
    high = np.uint64(low + ONE)
    if level >= table[side, 0, high]:
        high = np.uint64(table.shape[2] - 1)  # levels[low] <= level < levels[high]
        while high > np.uint64(low + ONE):
            middle = np.uint64((low + high) >> ONE)
            if table[side, 0, middle] <= level:
                low = middle
            else:
                high = middle
    part = (level - table[side, 0, low]) / (table[side, 0, high] - table[side, 0, low])
    return table[side, 1, low] + part * (table[side, 1, high] - table[side, 1, low])
