"""Philox4x32-10, the counter-based generator of Salmon et al. (SC'11).

All words live in 64-bit integers, so that a product of two 32-bit words is exact and the compiler
finds the widening multiply of the vector units. Every operand is cast: mixed signs would turn
into floats.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from funnelsim.kernels.jit import part

MASK = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
WEYL_0 = np.uint64(0x9E3779B9)
WEYL_1 = np.uint64(0xBB67AE85)

LANES = 64
"""Counters to a row: a tile of paths is four rows, one for each word of the cipher."""


@part
def philox_round(c0, c1, c2, c3, k0, k1):
    """Return one round; the upper halves of the words hold rubbish that the next mask removes."""
    p0 = (c0 & MASK) * MULTIPLIER_0
    p1 = (c2 & MASK) * MULTIPLIER_1
    return (p1 >> HALF) ^ c1 ^ k0, p1, (p0 >> HALF) ^ c3 ^ k1, p0


@njit(nogil=True)
def philox(c0, c1, c2, c3, k0, k1):
    """Return the four 32-bit words of one counter under one key, each in 64 bits."""
    for _ in range(9):
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
        k0 = (k0 + WEYL_0) & MASK
        k1 = (k1 + WEYL_1) & MASK
    c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    return c0 & MASK, c1 & MASK, c2 & MASK, c3 & MASK


@njit(nogil=True)
def uniform_row(tile, low, high, purpose, key, row):
    """Fill ``row`` with 31-bit uniforms, one for each path of a tile.

    Path ``256 * tile + 64 * w + lane`` gets word ``w`` of the counter ``64 * tile + lane``. The
    lowest bit is dropped: then ``u <= t`` can say "never" (t = -1) and "always" (t = 2**31 - 1)
    in a signed 32-bit compare.
    """
    first = np.uint64(LANES) * tile
    for lane in range(LANES):
        w0, w1, w2, w3 = philox(first + np.uint64(lane), low, high, purpose, key[0], key[1])
        row[lane] = np.int32(w0 >> np.uint64(1))
        row[LANES + lane] = np.int32(w1 >> np.uint64(1))
        row[2 * LANES + lane] = np.int32(w2 >> np.uint64(1))
        row[3 * LANES + lane] = np.int32(w3 >> np.uint64(1))


@njit(nogil=True)
def uniform_of(tile, lane, low, high, purpose, key):
    """Return the 31-bit uniform that `uniform_row` puts into one lane."""
    counter = np.uint64(LANES) * tile + np.uint64(lane % LANES)
    words = philox(counter, low, high, purpose, key[0], key[1])
    word = words[0]
    if lane >= 3 * LANES:
        word = words[3]
    elif lane >= 2 * LANES:
        word = words[2]
    elif lane >= LANES:
        word = words[1]
    return np.int32(word >> np.uint64(1))
