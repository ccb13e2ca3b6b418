"""Our own Philox words alone: the floor under any kernel that draws one word a deal and path."""

from __future__ import annotations

import numpy as np
from numba import njit

from funnelsim.kernels.philox import uniform_row

TILE = 256
ROWS = 8
"""Rows written in turn, so that no row can be left out as overwritten at once."""


@njit(nogil=True)
def _fill(tiles, deals, key_words, rows):
    key = (key_words[0], key_words[1])  # scalars: an array could alias what is written
    for tile in range(tiles):
        for deal in range(deals):
            row = rows[deal % ROWS]
            uniform_row(np.uint64(tile), np.uint64(deal), np.uint64(0), np.uint64(0), key, row)


def fill(deals: int, paths: int, seed: int) -> np.ndarray:
    """Make the words of ``deals`` deals on ``paths`` paths (a multiple of the tile)."""
    rows = np.empty((ROWS, TILE), np.int32)
    _fill(paths // TILE, deals, np.array([seed, 0], np.uint64), rows)
    return rows
