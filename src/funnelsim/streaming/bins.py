"""Numbers of paths in bins of a fixed relative width: quantiles without the paths.

A bin is an octave and the next ten bits of a whole number: as in HdrHistogram, of Gil Tene. Whole
numbers below 2048 have a bin each. Only exact arithmetic is used, so the bins are the same on every
machine, and counts add up to the same in whatever order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BITS = 10
EXACT = 2 << BITS
"""Whole numbers below are a bin each."""
RELATIVE_ERROR = 2.0 ** -(BITS + 1)
"""The middle of a bin is off by less than this part of any value in it."""

Ints = NDArray[np.int64]
Whole = NDArray[np.integer[Any]]

_FRACTION, _BIAS = 52, 1023  # of a double
_EXACT_DOUBLES = 2**53
_OFFSET = (_BIAS + BITS - 1) << BITS


def bins_of(values: Whole) -> Ints:
    """Return the bin of each whole number from 0 to 2**63 - 1.

    The bits of a double are the octave and what follows. No number is rounded on its way: those
    with more bits than a double has lose ten of the last first, which no bin looks at.

    Examples
    --------
    >>> bins_of(np.array([0, 1, 2047, 2048, 2049, 2050])).tolist()
    [0, 1, 2047, 2048, 2048, 2049]
    """
    most = values.max(initial=0)
    if most < EXACT:
        return values.astype(np.int64)
    if most >= _EXACT_DOUBLES:
        values = np.where(values < _EXACT_DOUBLES, values, values & -(1 << BITS))
    code = values.astype(np.float64).view(np.int64) >> (_FRACTION - BITS)
    return np.where(values < EXACT, values, code - _OFFSET)


def ends_of(place: int) -> tuple[int, int]:
    """Return the least and the greatest whole number of a bin.

    Examples
    --------
    >>> ends_of(5), ends_of(2048)
    ((5, 5), (2048, 2049))
    """
    if place < EXACT:
        return place, place
    octave, rest = divmod(place, 1 << BITS)
    width = 1 << (octave - 1)
    low = ((1 << BITS) + rest) * width
    return low, low + width - 1


class Counts(NamedTuple):
    """How many values are in each bin from ``first`` on; zeros are not counted.

    Most bookings of a period are nothing or much, and nothing is what is left of all paths.
    """

    first: int
    counts: Ints

    @classmethod
    def of(cls, values: Whole) -> Counts:
        """Count whole numbers of at least 0."""
        places = bins_of(values[values > 0])
        if not len(places):
            return NOTHING
        first = int(places.min())
        return cls(first, np.bincount(places - first).astype(np.int64))

    def plus(self, other: Counts) -> Counts:
        """Return the counts of both."""
        if not len(self.counts) or not len(other.counts):
            return self if len(self.counts) else other
        first = min(self.first, other.first)
        end = max(one.first + len(one.counts) for one in (self, other))
        both = np.zeros(end - first, np.int64)
        for one in (self, other):
            both[one.first - first :][: len(one.counts)] += one.counts
        return Counts(first, both)


NOTHING = Counts(0, np.zeros(0, np.int64))
