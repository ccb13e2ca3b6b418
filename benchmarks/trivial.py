"""The least that a process with a cached compiled function can cost."""

from __future__ import annotations

from numba import njit


@njit(cache=True)
def add(left, right):
    return left + right
