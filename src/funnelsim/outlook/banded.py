"""Gaussians of a long chain and a few numbers that touch all of it, at a cost linear in the chain.

The precision matrix is ``[[A, C], [C', D]]``: ``A`` tridiagonal (a level from week to week),
``D`` small and dense (season, elasticities, intercept), ``C`` dense. All that is needed follows
from the Cholesky factor of ``A`` and the Schur complement ``S = D - C' inv(A) C``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Precision(NamedTuple):
    """A precision matrix with a tridiagonal block and a dense border."""

    diagonal: Floats  # (weeks,) of A
    beside: Floats  # (weeks - 1,) beside the diagonal of A
    cross: Floats  # (weeks, border) C
    border: Floats  # (border, border) D

    def times(self, chain: Floats, border: Floats) -> tuple[Floats, Floats]:
        """Return the product with a vector, in its two parts."""
        upper = self.diagonal * chain + self.cross @ border
        upper[:-1] += self.beside * chain[1:]
        upper[1:] += self.beside * chain[:-1]
        return upper, self.cross.T @ chain + self.border @ border


@dataclass(frozen=True, eq=False)
class Factor:
    """A factorised precision matrix.

    Examples
    --------
    >>> import numpy as np
    >>> precision = Precision(np.array([2.0, 2.0]), np.array([-1.0]), np.zeros((2, 1)), np.eye(1))
    >>> factor = Factor.of(precision)
    >>> round(float(np.exp(factor.log_determinant)), 9)
    3.0
    >>> chain, border = factor.solve(np.array([1.0, 0.0]), np.array([2.0]))
    >>> chain.round(6), border
    (array([0.666667, 0.333333]), array([2.]))
    """

    banded: Floats  # (2, weeks) Cholesky factor of A, upper form
    cross: Floats
    carried: Floats  # (weeks, border) inv(A) C
    schur: Floats  # (border, border) lower Cholesky factor of S

    @classmethod
    def of(cls, precision: Precision) -> Factor:
        """Factorise; LinAlgError if the matrix is not positive definite."""
        from scipy.linalg import cho_solve_banded, cholesky_banded  # noqa: PLC0415

        upper = np.zeros((2, len(precision.diagonal)))
        upper[0, 1:], upper[1] = precision.beside, precision.diagonal
        banded = cholesky_banded(upper, check_finite=False)
        carried = cho_solve_banded((banded, False), precision.cross, check_finite=False)
        schur = np.linalg.cholesky(precision.border - precision.cross.T @ carried)
        return cls(banded, precision.cross, carried, schur)

    @property
    def log_determinant(self) -> float:
        """The logarithm of the determinant of the whole matrix."""
        parts = np.log(self.banded[1]).sum() + np.log(np.diagonal(self.schur)).sum()
        return float(2.0 * parts)

    def solve(self, chain: Floats, border: Floats) -> tuple[Floats, Floats]:
        """Return the solution for a right-hand side, in its two parts."""
        from scipy.linalg import cho_solve, cho_solve_banded  # noqa: PLC0415

        alone = cho_solve_banded((self.banded, False), chain, check_finite=False)
        rest = cho_solve((self.schur, True), border - self.cross.T @ alone, check_finite=False)
        return alone - self.carried @ rest, rest

    def end_covariance(self) -> Floats:
        """Return the covariance of the chain's last number and the border.

        Returns
        -------
        ndarray, shape (1 + border, 1 + border)
            The last number of the chain comes first.
        """
        from scipy.linalg import cho_solve  # noqa: PLC0415

        size = len(self.schur)
        inner = cho_solve((self.schur, True), np.eye(size), check_finite=False)
        slope = -self.carried[-1]  # of the last number on the border
        last = 1.0 / self.banded[1, -1] ** 2  # its variance given the border
        result = np.empty((size + 1, size + 1))
        result[1:, 1:] = inner
        result[0, 1:] = result[1:, 0] = inner @ slope
        result[0, 0] = last + slope @ inner @ slope
        return result

    def draw(self, normals: Floats) -> tuple[Floats, Floats]:
        """Return draws of the Gaussian with mean 0 and this precision.

        Parameters
        ----------
        normals : ndarray, shape (weeks + border, draws)
            Independent standard normals.

        Returns
        -------
        two ndarrays, shapes (weeks, draws) and (border, draws)
            The chain and the border.
        """
        from scipy.linalg import solve_banded, solve_triangular  # noqa: PLC0415

        weeks = self.banded.shape[1]
        border = solve_triangular(self.schur.T, normals[weeks:], lower=False)
        alone = solve_banded((0, 1), self.banded, normals[:weeks])
        return alone - self.carried @ border, border
