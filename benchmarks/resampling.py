"""Ratios of mean scores to the best of several others, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

DRAWS = 2_000


@dataclass(frozen=True)
class Ratio:
    """A ratio with its 90 % bootstrap interval, and the name of what it is a ratio to."""

    value: float
    low: float
    high: float
    best: str

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f}-{self.high:.2f})"


def ratio_to_best(
    scores: np.ndarray, others: Mapping[str, np.ndarray], block: np.ndarray, seed: int = 1
) -> Ratio:
    """Return the mean score over that of the other with the least, picked after the fact.

    Whole blocks are drawn again, with replacement; in each draw the best is picked anew.

    Parameters
    ----------
    scores : array, shape (cases,)
        Of the method in question; small is good.
    others : mapping of str to array, shape (cases,)
        Of the others, on the same cases.
    block : array of int, shape (cases,)
        The cases of one block are not independent of each other: a seed, or a stretch of time.
    """
    names, blocks = list(others), np.unique(block, return_inverse=True)[1]
    count = blocks.max() + 1
    table = np.array([np.bincount(blocks, row, count) for row in (scores, *others.values())])
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), DRAWS)
    sums = table @ draws.T
    ratios = sums[0] / sums[1:].min(axis=0)
    total = table.sum(axis=1)
    best = int(np.argmin(total[1:]))
    low, high = np.quantile(ratios, [0.05, 0.95])
    return Ratio(float(total[0] / total[1:][best]), float(low), float(high), names[best])


def stretches(day: np.ndarray, length: int) -> np.ndarray:
    """Return the block of each origin: stretches of so many days from the first origin on."""
    return (day - day.min()) // length
