"""Who is next: the deals that wait for a rep, and those that come to a stage today.

Both are total orders (a time in whole seconds, then the deal's rank), so no answer can depend on
the form of a queue. Those who wait stand in a skew heap (Sleator and Tarjan, 1986): no room is set
aside, and any deal is in one heap at most. Those who come on a later day stand in that day's list;
it becomes a binary heap when the day comes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.kernels.jit import part

NOBODY = np.int32(-1)


class Waiting(NamedTuple):
    """What is known of each deal of a path while it waits, and where it is in its heap."""

    first: NDArray[np.float64]  # the lower, the sooner; then who came first
    since: NDArray[np.int64]  # second in which it came to the stage
    rank: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]


@part
def _before(waiting, one, other):
    """Return whether a deal is next before another."""
    if waiting.first[one] != waiting.first[other]:
        return waiting.first[one] < waiting.first[other]
    if waiting.since[one] != waiting.since[other]:
        return waiting.since[one] < waiting.since[other]
    return waiting.rank[one] < waiting.rank[other]


@part
def merged(waiting, one, other):
    """Return the first of all deals in two heaps, that are one heap then."""
    if one < 0:
        return other
    if other < 0:
        return one
    if _before(waiting, other, one):
        one, other = other, one
    root = one
    left, right = waiting.left, waiting.right
    while True:
        after = right[one]
        right[one] = left[one]
        if after < 0:
            left[one] = other
            return root
        if _before(waiting, other, after):
            after, other = other, after
        left[one] = after
        one = after


@part
def joined(waiting, root, one):
    """Return the first of a heap and one deal more."""
    waiting.left[one] = waiting.right[one] = NOBODY
    return merged(waiting, root, one)


@part
def without_first(waiting, root):
    """Return the first of a heap once its first has left."""
    return merged(waiting, waiting.left[root], waiting.right[root])


@part
def put_in(heap, count, key):
    """Add a key to a binary heap of so many."""
    place = count
    while place > 0:
        above = (place - 1) >> 1
        if heap[above] <= key:
            break
        heap[place] = heap[above]
        place = above
    heap[place] = key


@part
def take_out(heap, count):
    """Remove the lowest key from a binary heap of so many, which is the first."""
    key, last, place = heap[count - 1], count - 1, 0
    while True:
        below = 2 * place + 1
        if below >= last:
            break
        if below + 1 < last and heap[below + 1] < heap[below]:
            below += 1
        if key <= heap[below]:
            break
        heap[place] = heap[below]
        place = below
    heap[place] = key
