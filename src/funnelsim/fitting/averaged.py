"""Effects averaged over how unlike the strengths of shrinkage may be, as far as deals tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.fitting.hierarchical import Evidence, Posterior, fit_hierarchical

Floats = NDArray[np.float64]

APART = 0.0, 0.35, 0.7, 1.2
"""Sds of the logarithms of the signals' standard deviations around the shared one."""
LEAST = 0.02
"""What has less weight is left out."""


@dataclass(frozen=True, eq=False)
class Averaged:
    """Posteriors with the weight that the evidence gives each.

    Parameters
    ----------
    parts : tuple of Posterior
        One for each way to shrink.
    weights : tuple of float
        They add up to 1.
    """

    parts: tuple[Posterior, ...]
    weights: tuple[float, ...]

    @property
    def best(self) -> Posterior:
        """The posterior of most weight."""
        return self.parts[int(np.argmax(self.weights))]

    @property
    def apart(self) -> tuple[float, ...]:
        """How unlike strengths may be, part by part."""
        return tuple(one.apart for one in self.parts)

    def chances(self, columns: Floats, offset: Floats) -> Floats:
        """Return the mean chance of rows to be won, unsure effects averaged over."""
        told = [one.chances(columns, offset) for one in self.parts]
        return np.asarray(np.array(self.weights) @ np.array(told))

    def draws(self, count: int, random: np.random.Generator) -> Floats:
        """Return draws of intercept and effects, shape (count, 1 + columns), in no order."""
        border = np.rint(np.cumsum((0.0, *self.weights)) * count).astype(int)
        drawn = [
            one.draws(int(size), random)
            for one, size in zip(self.parts, np.diff(border), strict=True)
        ]
        return np.asarray(random.permutation(np.concatenate(drawn)))


def fit_averaged(
    seen: Evidence, apart: Sequence[float] = APART, begin: Averaged | None = None
) -> Averaged:
    """Return the posterior of intercept and effects, averaged over ways to shrink.

    Parameters
    ----------
    seen : Evidence
        The deals.
    apart : sequence of float
        The ways.
    begin : Averaged, optional
        Of like deals, to begin with.
    """
    before = None if begin is None else begin.best
    parts: list[Posterior] = []
    for one in apart:
        before = fit_hierarchical(seen, apart=one, begin=before)
        parts.append(before)
    evidence = np.array([one.log_evidence for one in parts])
    weight = np.exp(evidence - evidence.max())
    weight = np.where(weight < LEAST * weight.sum(), 0.0, weight)
    kept = np.flatnonzero(weight)
    shares = (weight[kept] / weight[kept].sum()).tolist()
    return Averaged(tuple(parts[k] for k in kept.tolist()), tuple(shares))
