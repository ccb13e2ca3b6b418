"""Random numbers of the outlook: a stream for each purpose and block of paths.

A block is always drawn whole, so that the first paths are the same however many are asked for.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

BLOCK = 1024
"""Paths to a block."""


class Purpose(IntEnum):
    """What a stream is for."""

    POINT = 1
    BORDER = 2
    WALK = 3
    SCATTER = 4
    NEW_WINS = 5
    NEW_AMOUNTS = 6
    PRESSURE = 7


def stream(seed: int, purpose: Purpose, block: int) -> np.random.Generator:
    """Return the generator of a purpose and block.

    Examples
    --------
    >>> first, again = (stream(1, Purpose.WALK, 0).random() for _ in range(2))
    >>> first == again
    True
    """
    key = np.array([seed % 2**64, (int(purpose) << 40) + block], np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
