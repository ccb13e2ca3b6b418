"""Logistic regression whose columns stand in groups, each with a strength of shrinkage of its own.

``logit P(won) = offset + intercept + columns @ effects``. The effects of group ``g`` are normal
around 0 with standard deviation ``s_g``; the logarithms of the ``s_g`` are normal around one they
share. Given these, Newton's method finds the mode of the effects. Laplace's approximation there
gives the evidence of the standard deviations (MacKay, 1992; Rue, Martino and Chopin, 2009), whose
mode is found by Newton's method, too. How unsure they are is drawn, and the effects given them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

INTERCEPT_PRECISION = 0.01
SHARED = np.log(0.5), 1.0
"""Mean and sd of the logarithm of the standard deviation that the groups share."""
STEPS = 100
TOLERANCE = 1e-3
LARGEST, LARGEST_LOG = 3.0, 0.7
FLATTEST = 0.5
AT_ONCE = 64
NODES = 31


class Evidence(NamedTuple):
    """What is regressed: one row per deal."""

    columns: Floats  # (deals, columns)
    group: Places  # (columns,) ascending from 0 on, none left out
    won: Floats  # (deals,) 0 or 1
    offset: Floats  # (deals,) log-odds
    weight: Floats  # (deals,) how many independent deals a row counts for

    def rows(self, chosen: NDArray[np.bool_]) -> Evidence:
        """Return some of the rows."""
        return Evidence(
            self.columns[chosen], self.group,
            self.won[chosen], self.offset[chosen], self.weight[chosen],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is believed of intercept and effects after the deals were seen.

    Parameters
    ----------
    mode : ndarray, shape (1 + columns,)
        Intercept and effects.
    precision : ndarray, shape (1 + columns, 1 + columns)
        Of the likelihood at the mode, without the prior.
    group : ndarray of int, shape (columns,)
        The group of each column.
    log_sd : ndarray, shape (groups,)
        Logarithms of the groups' standard deviations, at their mode.
    hyper : ndarray, shape (1 + groups, 1 + groups)
        Precision of the shared logarithm and of the groups' distances from it.
    apart : float
        Sd of these distances.
    log_evidence : float
        Logarithm of the likelihood, everything unknown averaged over, up to a constant.
    """

    mode: Floats
    precision: Floats
    group: Places
    log_sd: Floats
    hyper: Floats
    apart: float
    log_evidence: float

    @property
    def total(self) -> Floats:
        """Precision of intercept and effects, prior and likelihood together."""
        return self.precision + np.diag(prior_precision(self.log_sd, self.group))

    def chances(self, columns: Floats, offset: Floats) -> Floats:
        """Return the mean chance of rows to be won, unsure effects averaged over."""
        rows = with_intercept(columns)
        mean = offset + rows @ self.mode
        inverse = np.linalg.inv(self.total)
        sd = np.sqrt(np.einsum("ij,ij->i", rows @ inverse, rows))
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        return np.asarray(sigmoid(mean[:, None] + sd[:, None] * nodes) @ (weights / weights.sum()))

    def draws(self, count: int, random: np.random.Generator) -> Floats:
        """Return draws of intercept and effects, shape (count, 1 + columns)."""
        away = _normal(self.hyper, random.standard_normal((count, len(self.hyper))))
        log_sd = self.log_sd + away[:, :1] + self.apart * away[:, 1:]
        return self._given(log_sd, random)

    def _given(self, log_sd: Floats, random: np.random.Generator) -> Floats:
        """Return a draw of intercept and effects for each row of standard deviations."""
        pull = self.total @ self.mode
        noise = random.standard_normal((len(log_sd), len(self.mode)))
        effects = np.empty_like(noise)
        for first in range(0, len(log_sd), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            prior = prior_precision(log_sd[some], self.group)
            total = self.precision + prior[:, :, None] * np.eye(len(self.mode))
            root = np.linalg.cholesky(total)
            half = np.linalg.solve(root, np.broadcast_to(pull, noise[some].shape)[..., None])
            right = half + noise[some][..., None]
            effects[some] = np.linalg.solve(np.swapaxes(root, 1, 2), right)[..., 0]
        return effects


def fit_hierarchical(
    seen: Evidence, *, apart: float = 0.35, begin: Posterior | None = None
) -> Posterior:
    """Return the posterior of intercept and effects.

    Parameters
    ----------
    seen : Evidence
        The deals.
    apart : float
        How far groups may shrink unlike each other; 0: one strength for all.
    begin : Posterior, optional
        Of like deals, to begin with.

    Examples
    --------
    >>> random = np.random.Generator(np.random.Philox(1))
    >>> level = random.integers(0, 2, 2000)
    >>> won = (random.random(2000) < np.where(level == 1, 0.6, 0.2)).astype(float)
    >>> columns = np.column_stack([level == 0, level == 1]).astype(float)
    >>> seen = Evidence(columns, np.zeros(2, int), won, np.zeros(2000), np.ones(2000))
    >>> found = fit_hierarchical(seen)
    >>> found.chances(np.eye(2), np.zeros(2)).round(1)
    array([0.2, 0.6])
    """
    groups = int(seen.group[-1]) + 1
    shared, away = SHARED[0], np.zeros(groups)
    mode = np.r_[_logit_of_share(seen), np.zeros(len(seen.group))]
    if begin is not None:
        mode, shared = begin.mode, float(begin.log_sd.mean())
        away = (begin.log_sd - shared) / apart if apart > 0.0 else away
    rows = with_intercept(seen.columns)
    for _ in range(STEPS):
        log_sd = shared + apart * away
        mode, precision, far = _towards_mode(seen, rows, mode, log_sd)
        at = mode, precision, _bend(seen, rows, mode, precision, log_sd)
        slope, hyper = _evidence_of(at, seen.group, log_sd, (shared, away, apart))
        if max(np.abs(slope).max(), far) < TOLERANCE:
            break
        step = np.clip(np.linalg.solve(hyper, slope), -LARGEST_LOG, LARGEST_LOG)
        shared, away = shared + float(step[0]), away + step[1:]
    density = _log_density(seen, rows, mode, log_sd, (shared, away))
    prior = prior_precision(log_sd, seen.group)
    width = np.linalg.slogdet(precision + np.diag(prior))[1] + np.linalg.slogdet(hyper)[1]
    evidence = density + 0.5 * float(np.log(prior).sum() - width)
    return Posterior(mode, precision, seen.group, log_sd, hyper, apart, evidence)


def _log_density(
    seen: Evidence, rows: Floats, mode: Floats, log_sd: Floats, hyper: tuple[float, Floats]
) -> float:
    """Return the log-likelihood plus the exponents of all priors."""
    eta = seen.offset + rows @ mode
    likely = seen.weight @ (seen.won * eta - np.logaddexp(0.0, eta))
    squares = prior_precision(log_sd, seen.group) @ mode**2 + hyper[1] @ hyper[1]
    squares += ((hyper[0] - SHARED[0]) / SHARED[1]) ** 2
    return float(likely - 0.5 * squares)


def _towards_mode(
    seen: Evidence, rows: Floats, mode: Floats, log_sd: Floats
) -> tuple[Floats, Floats, float]:
    """Return intercept and effects after a step of Newton's method, the precision, and how far."""
    prior = prior_precision(log_sd, seen.group)
    chance = sigmoid(seen.offset + rows @ mode)
    precision = _curvature(seen, rows, chance)
    slope = rows.T @ (seen.weight * (seen.won - chance)) - prior * mode
    step = np.linalg.solve(precision + np.diag(prior), slope)
    far = float(np.abs(step).max())
    return mode + step * min(1.0, LARGEST / max(far, LARGEST)), precision, far


def _curvature(seen: Evidence, rows: Floats, chance: Floats) -> Floats:
    root = np.sqrt(seen.weight * chance * (1.0 - chance))[:, None] * rows
    return np.asarray(root.T @ root)


def _bend(seen: Evidence, rows: Floats, mode: Floats, precision: Floats, log_sd: Floats) -> Floats:
    """Return how the logarithm of the curvature's determinant grows with intercept and effects.

    Without it the standard deviations of effects on wins and losses would be found too small.
    """
    covariance = np.linalg.inv(precision + np.diag(prior_precision(log_sd, seen.group)))
    chance = sigmoid(seen.offset + rows @ mode)
    third = seen.weight * chance * (1.0 - chance) * (1.0 - 2.0 * chance)
    return np.asarray(rows.T @ (third * np.einsum("ij,ij->i", rows @ covariance, rows)))


def _evidence_of(
    at: tuple[Floats, Floats, Floats],
    group: Places,
    log_sd: Floats,
    hyper: tuple[float, Floats, float],
) -> tuple[Floats, Floats]:
    """Return slope and precision of the evidence in the shared logarithm and the distances.

    The likelihood is taken as normal around the mode, with the curvature it has there.
    """
    (mode, precision, bend), (shared, away, apart) = at, hyper
    groups = len(log_sd)
    member = np.eye(groups)[group]
    whole = np.linalg.inv(precision + np.diag(prior_precision(log_sd, group)))
    covariance = whole[1:, 1:]
    inverse = np.exp(-2.0 * log_sd)
    square = (mode[1:] ** 2 + np.diag(covariance)) @ member
    of_group = member * mode[1:, None]
    cross = 2.0 * of_group.T @ covariance @ of_group + member.T @ covariance**2 @ member
    slope = square * inverse - member.sum(axis=0) - inverse * (bend @ whole[:, 1:] @ of_group)
    curve = np.diag(2.0 * inverse * square) - 2.0 * np.outer(inverse, inverse) * cross
    turn = np.column_stack([np.ones(groups), apart * np.eye(groups)])
    prior = np.r_[SHARED[1] ** -2.0, np.ones(groups)]
    right = turn.T @ slope - prior * np.r_[shared - SHARED[0], away]
    return right, _positive(turn.T @ curve @ turn + np.diag(prior))


def _positive(matrix: Floats) -> Floats:
    """Return a symmetric matrix with all its eigenvalues turned positive, and none too small."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(np.abs(values), FLATTEST)) @ vectors.T)


def _normal(precision: Floats, noise: Floats) -> Floats:
    return np.asarray(np.linalg.solve(np.linalg.cholesky(precision).T, noise.T).T)


def _logit_of_share(seen: Evidence) -> float:
    won = float(seen.weight @ seen.won) + 0.5
    lost = float(seen.weight.sum()) + 1.0 - won
    return float(np.log(won / lost) - np.average(seen.offset, weights=seen.weight))


def prior_precision(log_sd: Floats, group: Places) -> Floats:
    """Return the prior precision of intercept and effects, for one or several sets of sds."""
    of_effects = np.exp(-2.0 * log_sd)[..., group]
    first = np.full((*of_effects.shape[:-1], 1), INTERCEPT_PRECISION)
    return np.concatenate([first, of_effects], axis=-1)


def with_intercept(columns: Floats) -> Floats:
    """Return the columns with a column of ones before them."""
    return np.column_stack([np.ones(len(columns)), columns])


def sigmoid(eta: Floats) -> Floats:
    """Return chances from log-odds."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * eta))
