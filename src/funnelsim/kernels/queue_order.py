"""Who is next: the deals that wait for a rep, and those that come to a stage today.

Both are total orders (a time in whole seconds, then the deal's rank), so no answer can depend on
the form of a queue. Those who come on a later day stand in that day's list, which becomes a binary
heap when the day comes. Those who wait stand in a row for as long as each that joins is behind all
others, as it is where who comes first is next; the others stand in a skew heap (Sleator and Tarjan,
1986), for which no room has to be set aside.
"""

from __future__ import annotations

import numpy as np

from funnelsim.kernels.jit import inlined

NOBODY = np.int64(-1)
RANK, SINCE, LEFT, RIGHT, LINK = range(5)
"""Columns of a deal: its place in the order of all; the second in which it came to its stage; the
two heaps below it; the deal behind it in a row, or the next one of the same day."""
HEAD, LAST, ROOT = range(3)
"""Columns of a queue: the first and the last of its row; the first of its heap."""
FIRST = 2
"""Column of numbers: the lower, the sooner; among equal ones who came first is next."""


@inlined
def _before(whole, real, one, other):
    """Return whether a deal is next before another."""
    if real[one, FIRST] != real[other, FIRST]:
        return real[one, FIRST] < real[other, FIRST]
    if whole[one, SINCE] != whole[other, SINCE]:
        return whole[one, SINCE] < whole[other, SINCE]
    return whole[one, RANK] < whole[other, RANK]


@inlined
def merged(whole, real, one, other):
    """Return the first of all deals in two heaps, that are one heap then."""
    if one < 0:
        return other
    if other < 0:
        return one
    if _before(whole, real, other, one):
        one, other = other, one
    root = one
    while True:
        after = whole[one, RIGHT]
        whole[one, RIGHT] = whole[one, LEFT]
        if after < 0:
            whole[one, LEFT] = other
            return root
        if _before(whole, real, other, after):
            after, other = other, after
        whole[one, LEFT] = after
        one = after


@inlined
def join(whole, real, queue, one):
    """Let a deal join a queue: at the end of its row where that is in order, else in its heap."""
    last = queue[LAST]
    if last < 0 or _before(whole, real, last, one):
        if last < 0:
            queue[HEAD] = one
        else:
            whole[last, LINK] = one
        queue[LAST] = one
        whole[one, LINK] = NOBODY
    else:
        whole[one, LEFT] = whole[one, RIGHT] = NOBODY
        queue[ROOT] = merged(whole, real, queue[ROOT], one)


@inlined
def take_next(whole, real, queue):
    """Take the deal that is next out of a queue; nobody: -1."""
    head, root = queue[HEAD], queue[ROOT]
    if root >= 0 and (head < 0 or _before(whole, real, root, head)):
        queue[ROOT] = merged(whole, real, whole[root, LEFT], whole[root, RIGHT])
        return root
    if head >= 0:
        queue[HEAD] = whole[head, LINK]
        if queue[HEAD] < 0:
            queue[LAST] = NOBODY
    return head


@inlined
def waits(queue):
    """Return whether anybody waits in a queue."""
    return queue[HEAD] >= 0 or queue[ROOT] >= 0


@inlined
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


@inlined
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
