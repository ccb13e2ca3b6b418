"""Days of wins: from the clock to whole days, and the first of them on each path."""

from __future__ import annotations

import numpy as np

from funnelsim.kernels.jit import inlined, part


@part
def day_of(tau, clock, earliest):
    """Return the first whole day by whose end the clock reaches a time, none before another."""
    reached = clock * (1.0 - 1e-12) - 1e-9
    if len(tau) == 0:
        return max(np.int64(np.ceil(reached)), earliest)
    low, high = np.int64(0), np.int64(len(tau) - 1)
    while low < high:
        middle = (low + high) >> 1
        if tau[middle] < reached:
            low = middle + 1
        else:
            high = middle
    return max(low, earliest)


@part
def sign(signed, path, day):
    """Put a day of a win among the first ones of its path."""
    place = len(signed)
    if place == 0 or day >= signed[place - 1, path]:
        return
    place -= 1
    while place > 0 and signed[place - 1, path] > day:
        signed[place, path] = signed[place - 1, path]
        place -= 1
    signed[place, path] = day


@inlined
def calendar_at(tau, clock):
    """Return the first calendar day by which the clock reaches a time, or the horizon."""
    if len(tau) == 0:
        return clock
    low, high = np.int64(0), np.int64(len(tau) - 1)
    if clock > tau[high]:
        return np.float64(high)
    while low < high:
        middle = (low + high) >> 1
        if tau[middle] < clock:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        return 0.0
    before = tau[low - 1]
    return np.float64(low - 1) + (clock - before) / (tau[low] - before)
