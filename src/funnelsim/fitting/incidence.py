"""Competing risks: how many deals went on, or were lost, by each age in a stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.fitting.spells import FORWARD, OPEN, Spells

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Incidence:
    """Product-limit survival and cumulative incidence at the ages at which deals left.

    Parameters
    ----------
    ages : ndarray, shape (ages,)
        The distinct ages of the events, rising.
    at_risk : ndarray, shape (..., ages)
        The weight of the deals in the stage at each age, just before its events.
    survival : ndarray, shape (..., ages)
        The share that is still in the stage after each age (Kaplan and Meier, JASA 1958).
    forward, lost : ndarray, shape (..., ages)
        The share that has gone on, or was lost, by each age (Aalen and Johansen, Scandinavian
        Journal of Statistics 5, 1978). The three shares sum to 1.
    """

    ages: Floats
    at_risk: Floats
    survival: Floats
    forward: Floats
    lost: Floats

    def until(self, age: float) -> Incidence:
        """Return the same up to an age."""
        kept = slice(0, int(np.searchsorted(self.ages, age, side="right")))
        rows = (self.at_risk, self.survival, self.forward, self.lost)
        return Incidence(self.ages[kept], *(row[..., kept] for row in rows))


class RiskTable:
    """The spells of a stage, sorted once, so that many sets of weights are counted fast.

    Parameters
    ----------
    spells : Spells
        The spells; those of truncated deals count from their start on.

    Examples
    --------
    >>> import numpy as np
    >>> spells = Spells(np.zeros(4), np.array([1.0, 2, 3, 3]), np.array([1, 2, 1, 0]),
    ...                 np.arange(4), False)
    >>> RiskTable(spells).incidence().forward
    array([0.25, 0.25, 0.5 ])
    """

    def __init__(self, spells: Spells) -> None:
        left = spells.cause != OPEN
        self.ages = np.unique(spells.end[left])
        self._first = np.searchsorted(self.ages, spells.start, side="left")
        self._after = np.searchsorted(self.ages, spells.end, side="right")
        self._left = np.flatnonzero(left)
        ways = np.where(spells.cause == FORWARD, 0, len(self.ages))
        self._event = (self._after - 1 + ways)[self._left]  # forward at each age, then lost
        self._spells = len(spells)

    def incidence(self, weights: Floats | None = None) -> Incidence:
        """Return the incidence where each spell counts as its weight, 1 by default.

        Parameters
        ----------
        weights : ndarray, shape (spells,) or (draws, spells), optional
            One set of weights, or several.
        """
        if weights is None:
            weights = np.ones(self._spells)
        if weights.ndim == 1:
            return self._estimate(*self._counts(weights))
        rows = [self._counts(one) for one in weights]
        return self._estimate(*(np.stack(column) for column in zip(*rows, strict=True)))

    def _counts(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the weight at risk, going on and lost at each age."""
        size = len(self.ages)
        come = np.bincount(self._first, weights, size + 1)[:size]
        gone = np.bincount(self._after, weights, size + 1)[:size]
        events = np.bincount(self._event, weights[self._left], 2 * size).astype(np.float64)
        forward, lost = events[:size], events[size:]
        # what rounding leaves of a sum of differences is no less than those who leave
        return np.maximum(np.cumsum(come - gone), forward + lost), forward, lost

    def _estimate(self, at_risk: Floats, forward: Floats, lost: Floats) -> Incidence:
        some = np.where(at_risk > 0.0, at_risk, 1.0)
        survival = np.asarray(np.cumprod(1.0 - (forward + lost) / some, axis=-1))
        ones = np.ones((*survival.shape[:-1], 1))
        before = np.concatenate([ones, survival[..., :-1]], axis=-1)
        return Incidence(
            self.ages,
            at_risk,
            survival,
            np.asarray(np.cumsum(before * forward / some, axis=-1)),
            np.asarray(np.cumsum(before * lost / some, axis=-1)),
        )
