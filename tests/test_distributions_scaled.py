"""A scaled distribution is that of a multiple of the value, whatever the family."""

import numpy as np
import pytest
from scipy import stats

import funnelsim as fs

LEVELS = np.linspace(0.005, 0.995, 67)
LAWS = [
    fs.Fixed(3),
    fs.Fixed(0),
    fs.Exponential(30),
    fs.Gamma(mean=30, cv=0.6),
    fs.Gamma(shape=2, scale=3),
    fs.Lognormal(median=3, sigma=1),
    fs.Lognormal(mean=3, cv=1),
    fs.Lognormal(p10=3, p90=9),
    fs.Weibull(shape=2, scale=3),
    fs.Pert(low=0, mode=3, high=9),
    fs.Pareto(alpha=2, low=4),
    fs.Quantiles({0.1: 3, 0.5: 8, 0.9: 80}),
    fs.Sample([1, 2, 3, 3.3]),
    fs.Discrete([1, 2.2], [0.3, 0.7]),
    fs.Frozen(stats.invgauss(0.5, scale=30)),
    fs.Frozen(stats.poisson(3)),
    fs.Frozen(stats.randint(3, 9, loc=0.25)),
]


@pytest.mark.parametrize("factor", [1.7 / 3, 3.0])
@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_quantiles_and_mean_are_multiplied(law, factor):
    scaled = law.scaled(factor)
    assert type(scaled) is type(law)
    np.testing.assert_allclose(scaled.ppf(LEVELS), factor * law.ppf(LEVELS), rtol=1e-12)
    np.testing.assert_allclose(scaled.isf(LEVELS), factor * law.isf(LEVELS), rtol=1e-12)
    assert scaled.mean == pytest.approx(factor * law.mean, rel=1e-12)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_survival_jumps_where_the_values_are(law):
    scaled = law.scaled(1.7 / 3)
    at = law.ppf(LEVELS)
    np.testing.assert_allclose(scaled.sf(scaled.ppf(LEVELS)), law.sf(at), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_once_is_the_same(law):
    assert law.scaled(1.0) == law


def test_a_frozen_one_is_scaled_again():
    law = fs.Frozen(stats.poisson(3)).scaled(2.0).scaled(0.25)
    assert law.factor == 0.5
    assert "factor=0.5" in repr(law)
    with pytest.raises(fs.InputError, match="factor of distribution of"):
        law.scaled(0.0)


def test_draws_are_scaled_alike_or_each_by_its_own():
    law = fs.Gamma(mean=[28, 35], cv=0.6)
    assert law.scaled(2.0) == fs.Gamma(mean=[56, 70], cv=0.6)
    assert law.scaled((2.0, 3.0)) == fs.Gamma(mean=[56, 105], cv=0.6)
    unsure_form = fs.Weibull(shape=[1, 2], scale=30)
    assert unsure_form.scaled((1.0, 2.0)) == fs.Weibull(shape=[1, 2], scale=[30, 60])


def test_values_take_one_factor():
    with pytest.raises(fs.InputError, match="factor of a distribution must be one number"):
        fs.Sample([1, 2]).scaled((1.0, 2.0))


def test_a_scaled_sample_is_not_that_of_its_file():
    assert fs.Sample([1, 2], source=("days.csv", "days")).scaled(2.0).source is None
