"""A chain with a border against dense linear algebra."""

import numpy as np
import pytest

from funnelsim.outlook.banded import Factor, Precision


def some_precision(seed, weeks=30, border=4):
    rng = np.random.default_rng(seed)
    cross = rng.normal(size=(weeks, border)) * 0.3
    diagonal = 3.0 + rng.random(weeks)
    beside = rng.uniform(-1.0, 1.0, weeks - 1)
    return Precision(diagonal, beside, cross, cross.T @ cross + 2.0 * np.eye(border))


def dense(precision):
    chain = np.diag(precision.diagonal)
    chain += np.diag(precision.beside, 1) + np.diag(precision.beside, -1)
    return np.block([[chain, precision.cross], [precision.cross.T, precision.border]])


@pytest.mark.parametrize("weeks", [1, 2, 30])
def test_against_dense_linear_algebra(weeks):
    precision = some_precision(weeks, weeks)
    whole = dense(precision)
    rng = np.random.default_rng(1)
    chain, border = rng.normal(size=weeks), rng.normal(size=4)
    both = np.concatenate([chain, border])
    inverse = np.linalg.inv(whole)
    ends = [weeks - 1, *range(weeks, weeks + 4)]

    factor = Factor.of(precision)

    np.testing.assert_allclose(np.concatenate(precision.times(chain, border)), whole @ both)
    np.testing.assert_allclose(np.concatenate(factor.solve(chain, border)), inverse @ both)
    assert factor.log_determinant == pytest.approx(np.linalg.slogdet(whole)[1])
    np.testing.assert_allclose(factor.end_covariance(), inverse[np.ix_(ends, ends)])


def test_draws_have_the_covariance_exactly():
    precision = some_precision(3)
    size = 34

    chain, border = Factor.of(precision).draw(np.eye(size))

    root = np.vstack([chain, border])
    np.testing.assert_allclose(root @ root.T, np.linalg.inv(dense(precision)), atol=1e-12)


def test_what_is_not_positive_definite_is_refused():
    precision = some_precision(4)

    with pytest.raises(np.linalg.LinAlgError):
        Factor.of(precision._replace(border=precision.border - 10.0 * np.eye(4)))
