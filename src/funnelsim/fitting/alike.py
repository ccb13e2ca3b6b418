"""Deals that belong together say less than as many deals apart: how much less, and what follows.

Rows with all answers in common are often one customer's, or one deal entered twice. How alike the
outcomes inside a group are, beyond what their answers explain, is read from the table; a group of
``n`` then counts for ``n / (1 + (n - 1) rho)`` independent deals (Kish, 1965).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.fitting.averaged import APART, Averaged, fit_averaged
from funnelsim.fitting.hierarchical import (
    Evidence,
    Places,
    Posterior,
    sigmoid,
    with_intercept,
)

Floats = NDArray[np.float64]

ROUNDS = 2
SHOWN = 2.0
"""Likeness counts where it is so many of its standard errors above none."""


class Columns(NamedTuple):
    """What is regressed, and which deals belong together."""

    columns: Floats  # (deals, columns)
    signal: Places  # (columns,)
    won: Floats  # (deals,)
    offset: Floats  # (deals,)
    group: Places  # (deals,)

    def rows(self, chosen: NDArray[np.bool_]) -> Columns:
        """Return some of the deals."""
        return self._replace(
            columns=self.columns[chosen], won=self.won[chosen],
            offset=self.offset[chosen], group=self.group[chosen],
        )  # fmt: skip

    def evidence(self, rho: float) -> Evidence:
        """Return the deals, each with the weight that its group leaves it."""
        size = np.bincount(self.group)[self.group]
        weight = np.asarray(1.0 / (1.0 + (size - 1.0) * rho), np.float64)
        return Evidence(self.columns, self.signal, self.won, self.offset, weight)


def fit_columns(
    deals: Columns, *, apart: Sequence[float] = APART, begin: Averaged | None = None
) -> tuple[Averaged, float]:
    """Return the posterior of the effects, and how alike the deals of a group are.

    Parameters
    ----------
    deals : Columns
        The closed deals.
    apart : sequence of float
        As of `fit_averaged`.
    begin : Averaged, optional
        Of like deals, to begin with.
    """
    posterior, rho = fit_averaged(deals.evidence(0.0), apart, begin), 0.0
    several = len(np.unique(deals.group)) < len(deals.group)
    for _ in range(ROUNDS if several else 0):
        found = likeness(deals.won, _left_out(posterior.best, deals, rho), deals.group)
        if found == rho:
            break
        rho = found
        posterior = fit_averaged(deals.evidence(rho), apart, posterior)
    return posterior, rho


def _left_out(posterior: Posterior, deals: Columns, rho: float) -> Floats:
    """Return the chance of each deal as if its group had not been seen, to first order."""
    seen = deals.evidence(rho)
    rows = with_intercept(seen.columns)
    eta = seen.offset + rows @ posterior.mode
    chance = sigmoid(eta)
    slope, curve = seen.weight * (seen.won - chance), seen.weight * chance * (1.0 - chance)
    moved = np.linalg.solve(posterior.total, rows.T).T
    order = np.argsort(deals.group, kind="stable")
    for own in np.split(order, np.cumsum(np.bincount(deals.group))[:-1]):
        if len(own) > 1:
            reach = rows[own] @ moved[own].T
            left = np.linalg.solve(np.eye(len(own)) - curve[own, None] * reach, slope[own])
            eta[own] -= reach @ left
    return sigmoid(eta)


def likeness(won: Floats, chance: Floats, group: Places) -> float:
    """Return the correlation of outcomes inside groups beyond their chances, in [0, 1].

    It is the mean product of two standardised residuals of one group, over all pairs; 0 where it
    may as well be chance.

    Examples
    --------
    >>> twice = np.array([1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    >>> likeness(twice, np.full(8, 0.5), np.array([0, 0, 1, 1, 2, 2, 3, 3]))
    1.0
    >>> likeness(twice, np.full(8, 0.5), np.arange(8))
    0.0
    """
    residual = (won - chance) / np.sqrt(chance * (1.0 - chance))
    size = np.bincount(group).astype(np.float64)
    pairs = size * (size - 1.0)
    products = np.bincount(group, residual) ** 2 - np.bincount(group, residual**2)
    if pairs.sum() == 0.0:
        return 0.0
    rho = float(products[pairs > 0.0].sum() / pairs.sum())
    by_chance = float(np.sqrt(2.0 * pairs.sum()) / pairs.sum())
    return min(rho, 1.0) if rho > SHOWN * by_chance - 1e-12 else 0.0
