"""What a forecaster's own past errors say about its spread: only of windows that are over."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from funnelsim.backtesting.origins import Window

PRIOR = 10.0
"""So many past forecasts is the spread as modelled worth."""
NARROWEST, WIDEST = 0.6, 2.0

About = tuple[str, str, str]
"""Method, measure and horizon."""


class Experience:
    """Normal scores of past forecasts, pooled over segments, in the order they were made.

    Examples
    --------
    >>> seen = Experience()
    >>> seen.add(Window(100, 30, "30 days"), ("outlook", "wins", "30 days"), 1.5)
    >>> [len(seen.until(day, ("outlook", "wins", "30 days"))[0]) for day in (129, 130)]
    [0, 1]
    """

    def __init__(self) -> None:
        self._seen: dict[About, list[tuple[Window, float]]] = defaultdict(list)

    def add(self, window: Window, about: About, z: float) -> None:
        """Note the normal score of a forecast."""
        self._seen[about].append((window, z))

    def until(self, day: int, about: About) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the scores of windows that had ended by a day, and their weights.

        Windows that overlap say the same: each counts for the days between origins over twice its
        length.
        """
        over = [(window, z) for window, z in self._seen[about] if window.end <= day]
        days = sorted({window.day for window, _ in over})
        spacing = float(np.median(np.diff(days))) if len(days) > 1 else None
        weights = [weight_of(spacing or window.days, window.days) for window, _ in over]
        return np.array([z for _, z in over]), np.array(weights)


def weight_of(spacing: float, days: int) -> float:
    """Return what part of an independent forecast one is worth whose origins are so far apart.

    Examples
    --------
    >>> weight_of(7, 28), weight_of(100, 30)
    (0.125, 1.0)
    """
    return min(spacing / (2.0 * days), 1.0)


def factor(z: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return by what the spread is to be multiplied, from past normal scores and their weights.

    Examples
    --------
    >>> factor(np.array([]), np.array([])), round(factor(np.full(30, 2.0), np.ones(30)), 3)
    (1.0, 1.803)
    """
    square = (PRIOR + float(weights @ z**2)) / (PRIOR + float(weights.sum()))
    return float(min(max(square**0.5, NARROWEST), WIDEST))


def widened(
    sample: NDArray[np.float64], z: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a sample whose spread about its median, in logarithms, is scaled by past errors.

    Examples
    --------
    >>> widened(np.array([50.0, 100.0, 200.0]), np.full(999, 2.0), np.ones(999)).round(2).tolist()
    [25.13, 100.0, 397.94]
    """
    median = float(np.median(sample))
    if median <= 0.0 or not len(z):
        return sample
    return np.asarray(median * (sample / median) ** factor(z, weights))
