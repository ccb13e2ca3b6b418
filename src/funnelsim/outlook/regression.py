"""Dynamic regression of wins: a level that drifts from week to week, season, and pressure.

Wins of a cell (a run of days in one week and one calendar class) are negative binomial with mean
``mu`` and variance ``mu + phi mu**2``; ``log mu = offset + level[week] + columns @ border``. The
level is an autoregression of order one, a random walk where its persistence is 1. Level and
border are found together by Newton's method, and Laplace's approximation at the mode gives the
evidence of each point of a grid of the few numbers left (Rue, Martino and Chopin, 2009).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.outlook.banded import Factor, Precision

Floats = NDArray[np.float64]

STEPS, TOLERANCE = 60, 1e-7
LARGEST_STEP = 3.0
"""No Newton step changes a logarithm by more."""


class Counts(NamedTuple):
    """Wins in cells, and what explains them."""

    wins: Floats  # (cells,)
    offset: Floats  # (cells,) logarithm of the days, and of a typical rate
    week: NDArray[np.int64]  # (cells,) ascending, all weeks from 0 on
    columns: Floats  # (cells, border)


class Drift(NamedTuple):
    """How the level moves, and how counts scatter around their mean."""

    sigma: float  # sd of a week's step
    persistence: float  # share of the level that is left a week later; 1: a random walk
    phi: float  # overdispersion


class Belief(NamedTuple):
    """A Gaussian of the border."""

    mean: Floats  # (border,)
    covariance: Floats  # (border, border)


@dataclass(frozen=True, eq=False)
class Mode:
    """The mode of level and border at one point of the grid, and the curvature there."""

    level: Floats
    border: Floats
    factor: Factor
    log_evidence: float


def chain_precision(weeks: int, drift: Drift) -> tuple[Floats, Floats]:
    """Return the diagonal of the level's prior precision, and what stands beside it.

    A stationary level starts in its stationary law, a random walk at 0 with one step's sd: where
    it starts is the intercept's.
    """
    step = drift.sigma**-2.0
    diagonal = np.full(weeks, step * (1.0 + drift.persistence**2))
    diagonal[-1] = step
    start = step * max(1.0 - drift.persistence**2, 0.0) or step
    diagonal[0] = start + (step * drift.persistence**2 if weeks > 1 else 0.0)
    return diagonal, np.full(weeks - 1, -drift.persistence * step)


class _Point(NamedTuple):
    """All that one point of the grid needs."""

    counts: Counts
    belief: Belief
    prior: Precision
    phi: float

    @classmethod
    def of(cls, counts: Counts, belief: Belief, drift: Drift) -> _Point:
        weeks = int(counts.week[-1]) + 1
        inner = np.asarray(np.linalg.inv(belief.covariance), np.float64)
        cross = np.zeros((weeks, len(inner)))
        prior = Precision(*chain_precision(weeks, drift), cross, inner)
        return cls(counts, belief, prior, drift.phi)

    def eta(self, level: Floats, border: Floats) -> Floats:
        counts = self.counts
        return np.asarray(counts.offset + level[counts.week] + counts.columns @ border)

    def value(self, level: Floats, border: Floats) -> float:
        """Return the logarithm of likelihood times prior, up to what no grid point changes."""
        away = border - self.belief.mean
        upper, lower = self.prior.times(level, away)
        likelihood = log_likelihood(self.counts.wins, self.eta(level, border), self.phi)
        return likelihood - 0.5 * float(level @ upper + away @ lower)

    def curvature(self, level: Floats, border: Floats) -> tuple[Factor, tuple[Floats, Floats]]:
        """Return the factorised curvature and the gradient."""
        counts, prior, mu = self.counts, self.prior, np.exp(self.eta(level, border))
        thick = 1.0 + self.phi * mu
        slope = (counts.wins - mu) / thick
        curve = mu * (1.0 + self.phi * counts.wins) / thick**2
        first = np.searchsorted(counts.week, np.arange(len(level)))
        weighted = curve[:, None] * counts.columns
        curvature = Precision(
            prior.diagonal + np.add.reduceat(curve, first),
            prior.beside,
            np.add.reduceat(weighted, first),
            prior.border + counts.columns.T @ weighted,
        )
        upper, lower = prior.times(level, border - self.belief.mean)
        gradient = np.add.reduceat(slope, first) - upper, counts.columns.T @ slope - lower
        return Factor.of(curvature), gradient


def find_mode(
    counts: Counts, belief: Belief, drift: Drift, begin: tuple[Floats, Floats] | None = None
) -> Mode:
    """Return the mode at one point of the grid, by Newton's method.

    Parameters
    ----------
    counts : Counts
        The wins and what explains them.
    belief : Belief
        The prior of the border.
    drift : Drift
        The point of the grid.
    begin : tuple of ndarray, optional
        Level and border to begin with.
    """
    point = _Point.of(counts, belief, drift)
    weeks = len(point.prior.diagonal)
    level, border = begin if begin is not None else (np.zeros(weeks), belief.mean.copy())
    value = point.value(level, border)
    factor, right = point.curvature(level, border)
    for _ in range(STEPS):
        step = factor.solve(*right)
        if max(np.abs(step[0]).max(), np.abs(step[1]).max()) < TOLERANCE:
            break
        level, border, value = _moved(point, level, border, step, value)
        factor, right = point.curvature(level, border)
    prior_determinant = Factor.of(point.prior).log_determinant
    evidence = value + 0.5 * (prior_determinant - factor.log_determinant)
    return Mode(level, border, factor, evidence)


def _moved(
    point: _Point, level: Floats, border: Floats, step: tuple[Floats, Floats], value: float
) -> tuple[Floats, Floats, float]:
    """Return where a step leads that does not make things worse, halved until it does not."""
    share = min(1.0, LARGEST_STEP / max(np.abs(step[0]).max(), np.abs(step[1]).max()))
    while True:
        moved = level + share * step[0], border + share * step[1]
        better = point.value(*moved)
        if better >= value - 1e-9 * abs(value) or share < TOLERANCE:
            return *moved, better
        share /= 2.0


def log_likelihood(wins: Floats, eta: Floats, phi: float) -> float:
    """Return the log-likelihood of counts, up to the logarithms of their factorials."""
    mu = np.exp(eta)
    if phi == 0.0:
        return float((wins * eta - mu).sum())
    from scipy.special import gammaln  # noqa: PLC0415

    shape = 1.0 / phi
    rising = gammaln(wins + shape) - gammaln(shape) + wins * np.log(phi)
    return float((rising + wins * eta - (wins + shape) * np.log1p(phi * mu)).sum())


@dataclass(frozen=True, eq=False)
class Regression:
    """The posterior of the last level and the border: a mixture of Gaussians over the grid.

    Parameters
    ----------
    weight : ndarray, shape (points,)
        Of each point of the grid.
    drift : ndarray, shape (points, 3)
        Its sigma, persistence and phi.
    mean : ndarray, shape (points, 1 + border)
        The last week's level, and the border.
    covariance : ndarray, shape (points, 1 + border, 1 + border)
        Of these.
    """

    weight: Floats
    drift: Floats
    mean: Floats
    covariance: Floats

    def belief(self) -> Belief:
        """Return mean and covariance of the border under the whole mixture."""
        mean = self.weight @ self.mean[:, 1:]
        away = self.mean[:, 1:] - mean
        inside = np.einsum("g,gij->ij", self.weight, self.covariance[:, 1:, 1:])
        return Belief(mean, inside + np.einsum("g,gi,gj->ij", self.weight, away, away))


def fit_regression(counts: Counts, points: list[tuple[float, Belief, Drift]]) -> Regression:
    """Fit the regression at each point of a grid, and weigh the points by prior and evidence.

    Parameters
    ----------
    counts : Counts
        The wins and what explains them.
    points : list of (float, Belief, Drift)
        Prior weight, prior of the border, and drift of each point.
    """
    modes: list[Mode] = []
    begin = None
    for _, belief, drift in points:
        mode = find_mode(counts, belief, drift, begin)
        begin = mode.level, mode.border
        modes.append(mode)
    score = np.array([mode.log_evidence for mode in modes])
    score += np.log([weight for weight, _, _ in points])
    weight = np.exp(score - score.max())
    return Regression(
        weight / weight.sum(),
        np.array([drift for _, _, drift in points], np.float64),
        np.array([np.concatenate([mode.level[-1:], mode.border]) for mode in modes]),
        np.array([mode.factor.end_covariance() for mode in modes]),
    )
