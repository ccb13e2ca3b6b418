"""Frozen scipy.stats distributions: as SciPy has them, and their tails where it has none."""

import math

import numpy as np
import pytest
from scipy import stats

from funnelsim.distributions import Frozen
from funnelsim.errors import InputError

LEVELS = np.array([1e-12, 1e-3, 0.05, 0.1, 0.3, 0.5, 0.77, 0.9, 0.999, 1 - 1e-9])
TAIL = np.array([1e-9, 1e-20, 1e-100, 1e-200, 1e-250])
FROZEN = [
    stats.gamma(2, scale=15),
    stats.invgauss(0.5, scale=30),
    stats.fisk(2.5, scale=20),
    stats.truncnorm(-1, 3, loc=30, scale=15),
    stats.uniform(10, 20),
    stats.poisson(3),
    stats.poisson(3, loc=2),
    stats.binom(10, 0.3),
    stats.geom(0.1),
    stats.nbinom(3, 0.2),
]


@pytest.mark.parametrize("theirs", FROZEN, ids=lambda one: one.dist.name)
def test_frozen_distributions_are_those_of_scipy(theirs):
    ours = Frozen(theirs)
    q = LEVELS[1:-1]
    x = theirs.ppf(q)
    np.testing.assert_array_equal(ours.ppf(q), x)
    np.testing.assert_allclose(ours.sf(x), theirs.sf(x))
    np.testing.assert_allclose(ours.isf(q), theirs.isf(q), rtol=1e-9)
    assert ours.mean == theirs.mean()


@pytest.mark.parametrize(
    ("theirs", "closed"),
    [
        (stats.fisk(2.5, scale=20), lambda q: 20 * (1 / q - 1) ** 0.4),
        (stats.lomax(1.5, scale=3), lambda q: 3 * np.expm1(-np.log(q) / 1.5)),
        (stats.geom(0.1), lambda q: np.ceil(np.log(q) / math.log1p(-0.1))),
    ],
)
def test_frozen_tails_where_scipy_itself_takes_ppf_of_one_minus_q(theirs, closed):
    q = np.concatenate([TAIL, [5e-4, 0.3]])
    sharp = theirs.dist.name != "fisk"  # SciPy's fisk has 1 - cdf for its survival
    q = q if sharp else q[q > 1e-8]
    np.testing.assert_allclose(Frozen(theirs).isf(q), closed(q), rtol=1e-10)


def test_frozen_discrete_tails_are_the_first_value_that_is_rare_enough():
    theirs = stats.poisson(3)
    k = Frozen(theirs).isf(TAIL)
    assert (theirs.sf(k) <= TAIL).all()
    assert (theirs.sf(k - 1) > TAIL).all()


def test_frozen_cuts_a_discrete_power_law_far_out():
    theirs = stats.yulesimon(5)
    cut = float(Frozen(theirs).isf(1e-250))
    assert theirs.sf(cut) < 1e-11
    assert float(Frozen(theirs).isf(1e-12)) < cut < 1e9


def test_what_scipy_cannot_compute_is_no_silent_nan():
    class Gap(stats.rv_continuous):
        def _ppf(self, q):
            return np.where(q < 0.2, np.nan, q)

        def _cdf(self, x):
            return x

        def _stats(self):
            return 0.5, 1 / 12, 0.0, 0.0

    ours = Frozen(Gap(a=0.0, b=1.0, name="gap")())
    assert float(ours.ppf(0.5)) == 0.5
    with pytest.raises(InputError) as caught:
        ours.ppf([0.1, 0.5])
    assert str(caught.value) == (
        "Frozen(scipy.stats.gap()) must have numbers for quantiles and survival; "
        "SciPy returns NaN here: use Sample or Quantiles instead"
    )


def test_frozen_takes_values_with_chances_of_scipy():
    ours = Frozen(stats.rv_discrete(values=([1, 4], [0.25, 0.75]))())
    assert ours.ppf([0, 0.2, 0.3]).tolist() == [1, 1, 4]
    assert ours.isf([1e-250, 0.7, 0.8]).tolist() == [4, 4, 1]
