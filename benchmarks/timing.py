"""Interleaved timing: every round runs every call once, so that a slow moment hits all alike."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_PATHS = 1 << 20


def seconds(call: Callable[[], object]) -> float:
    """Return how long one call takes."""
    start = perf_counter()
    call()
    return perf_counter() - start


def best_of(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the least seconds of each call over interleaved rounds. Call them once before."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            best[name] = min(best[name], seconds(call))
    return best


def paths_for(simulate: Callable[[int], object], budget: float) -> int:
    """Return the paths that ``simulate(paths)`` does in about ``budget`` seconds, a power of two.

    This also warms it up.
    """
    paths = 2
    while paths < MOST_PATHS:
        took = seconds(lambda: simulate(paths))  # noqa: B023  called at once
        if took > budget / 2:
            break
        paths *= 4 if took < budget / 8 else 2
    return min(paths, MOST_PATHS)
