"""Quantile tables: any distribution in one compiled form, with its resolution in the tails.

A 53-bit uniform is folded at one half. Each half is cut into octaves (from 2**-m-1 to 2**-m of
the distance to its end) and each octave into equal steps; between them the quantile is a straight
line. So the last octaves, where a heavy tail lives, have as many steps as the first.
"""

from __future__ import annotations

import numpy as np
from numba import njit

OCTAVES = 52
STEPS = 128
STEP_BITS = 7
TOP = np.uint64(1) << np.uint64(52)


@njit(nogil=True)
def quantile(table, upper, lower):
    """Return the quantile of the uniform made of two 32-bit words.

    ``table`` has shape (2, OCTAVES, STEPS + 1): the lower half, then the upper half by its
    distance to 1. The uniform is ``(m + 1/2) / 2**53``, so neither 0 nor 1.
    """
    m = ((upper << np.uint64(32)) | lower) >> np.uint64(11)  # 53 bits
    side = 0
    if m >= TOP:
        side = 1
        m = (np.uint64(2) * TOP - np.uint64(1)) - m
    # v = m + 1/2 in units of 2**-53, below 2**52: octave 0 is [2**51, 2**52)
    v = float(m) + 0.5
    octave = 0
    edge = 2.0**51
    while v < edge and octave < OCTAVES - 1:
        octave += 1
        edge *= 0.5
    along = max((v - edge) / edge, 0.0) * STEPS
    step = min(int(along), STEPS - 1)
    line = table[side, octave]
    return line[step] + (along - step) * (line[step + 1] - line[step])
