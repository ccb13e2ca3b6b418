"""What was made lately from the same inputs, so that it is not made again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

Made = TypeVar("Made")


class Remembered:
    """The last few results, each by all that it was made from.

    Parameters
    ----------
    most : int
        How many are kept; the one that was not asked for longest is dropped first.

    Examples
    --------
    >>> squares = Remembered(most=2)
    >>> squares.get((3,), lambda: 9), squares.get((3,), lambda: 10)
    (9, 9)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: OrderedDict[tuple[Hashable, ...], Any] = OrderedDict()

    def get(self, key: tuple[Any, ...], make: Callable[[], Made]) -> Made:
        """Return what was made under this key, or make it."""
        short = tuple(_hashable(part) for part in key)
        if short in self._made:
            self._made.move_to_end(short)
            found: Made = self._made[short]
            return found
        made = self._made[short] = make()
        if len(self._made) > self._most:
            self._made.popitem(last=False)
        return made


def _hashable(part: Any) -> Hashable:
    """Return arrays as a digest of their bytes, all else as it is."""
    if not isinstance(part, np.ndarray):
        return part  # type: ignore[no-any-return]
    digest = hashlib.blake2b(part.tobytes(), digest_size=16).digest()
    return part.dtype.str, part.shape, digest
