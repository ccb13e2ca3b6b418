"""Quantile tables: any distribution in one compiled form, with its resolution in the tails.

A 53-bit uniform is folded at one half; each half has its own table of levels (distance to its end
of (0, 1), rising) and quantiles, joined by straight lines. Equal levels are jumps, so that discrete
distributions are exact. Levels crowd towards the ends, so the last of a heavy tail is there, too.
"""

from __future__ import annotations

import numpy as np

from funnelsim.kernels.jit import part

HALF = 2.0**52
GRAIN = 2.0**-53


@part
def quantile(table, upper, lower):
    """Return the quantile of the uniform made of two 31-bit words.

    ``table`` has shape (2, 2, nodes): the lower half, then the upper half; levels, then quantiles.
    The uniform is ``(m + 1/2) / 2**53``, so neither 0 nor 1; ``m`` are the 31 bits of ``upper``
    and the first 22 of ``lower``.
    """
    m = np.float64(upper) * 4194304.0 + np.float64(lower >> np.int32(9))
    side = 0
    if m >= HALF:
        side = 1
        m = 2.0 * HALF - 1.0 - m
    level = (m + 0.5) * GRAIN
    levels, values = table[side, 0], table[side, 1]
    low, high = 0, len(levels) - 1  # levels[low] <= level < levels[high]
    while high - low > 1:
        middle = (low + high) >> 1
        if levels[middle] <= level:
            low = middle
        else:
            high = middle
    part = (level - levels[low]) / (levels[high] - levels[low])
    return values[low] + part * (values[high] - values[low])
