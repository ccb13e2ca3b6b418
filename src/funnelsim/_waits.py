"""Quantiles of waits that are counted by their length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from funnelsim import answers
from funnelsim.estimate import Estimate

Ints = NDArray[np.int64]

DAY = 86_400.0
SHORT_BINS, STEPS, FIRST_POWER = 64, 32, 6
"""Waits are counted by the second up to 64 of them, then in 32 steps to each doubling."""


def quantile_of_waits(counts: Ints, level: float) -> Estimate | None:
    """Return a quantile of waits in days, from their numbers by replicate and length.

    The interval goes from the quantile at the level less the error of the distribution function
    there to that at the level plus it.
    """
    total = counts.sum(axis=0)
    if not total.any():
        return None
    place = int(np.searchsorted(np.cumsum(total), level * total.sum()))
    below = counts[:, : place + 1].sum(axis=1).astype(np.float64)
    reached = answers.ratio(below, counts.sum(axis=1).astype(np.float64))
    assert reached is not None
    reach = answers.student(len(counts)) * reached.standard_error
    value, low, high = (_at(total, one) for one in (level, level - reach, level + reach))
    return Estimate(value, (high - low) / 2.0 / answers.student(len(counts)), low, high)


def _at(counts: Ints, level: float) -> float:
    """Return the wait, in days, that a part of all waits is at most; even inside a bin."""
    so_far = np.cumsum(counts)
    wanted = min(max(level, 0.0), 1.0) * float(so_far[-1])
    place = int(np.searchsorted(so_far, wanted))
    begin, width = _bin(place)
    before = float(so_far[place - 1]) if place else 0.0
    return (begin + width * (wanted - before) / max(float(counts[place]), 1.0)) / DAY


def _bin(place: int) -> tuple[float, float]:
    """Return where a bin of waits begins and how long it is, in seconds."""
    if place < SHORT_BINS:
        return float(place), 0.0
    power, step = divmod(place - SHORT_BINS, STEPS)
    width = 2.0 ** (power + FIRST_POWER) / STEPS
    return 2.0 ** (power + FIRST_POWER) + step * width, width
