"""Averages of sigmoids over laws of log-odds, against sums and integrals written out."""

import itertools

import numpy as np
import pytest
from scipy.special import expit, logit, ndtr

from funnelsim._odds import MOST_LISTED, TINY, Atoms, Bell, Transformed, average_over, probit

DRAWS = 3


def random_laws(count, levels, spread, seed):
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.ones(levels), size=count)
    at = random.normal(0.0, spread, (count, DRAWS, levels))
    return [Atoms(share, one) for share, one in zip(shares, at, strict=True)]


def by_enumeration(laws, c):
    """Return the mean of sigmoid(c + x) over all combinations, for each draw."""
    total = np.zeros_like(c)
    for places in itertools.product(*(range(len(law.share)) for law in laws)):
        share = np.prod([law.share[k] for law, k in zip(laws, places, strict=True)])
        total += share * expit(c + sum(law.at[:, k] for law, k in zip(laws, places, strict=True)))
    return total


@pytest.mark.parametrize("spread", [0.3, 2.0, 6.0])
@pytest.mark.parametrize(("count", "levels"), [(1, 2), (3, 4), (6, 3), (11, 2)])
def test_the_mean_is_that_of_all_combinations(count, levels, spread):
    laws = random_laws(count, levels, spread, seed=count)
    c = np.linspace(-40.0, 40.0, 31)[:, None] * np.ones(DRAWS)
    found = average_over(laws, DRAWS).at(c)
    np.testing.assert_allclose(found, by_enumeration(laws, c), rtol=0.0, atol=1e-14)


def test_some_of_several_laws():
    laws = random_laws(4, 3, 1.0, seed=2)
    some = np.array([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 1, 0]], bool)
    c = np.array([[-1.0], [0.3], [2.0], [60.0]]) * np.ones(DRAWS)
    found = Transformed(laws).of_some(c, some)
    for row, kept in enumerate(some):
        part = [law for law, is_in in zip(laws, kept, strict=True) if is_in]
        np.testing.assert_allclose(
            found[row : row + 1], by_enumeration(part, c[row : row + 1]), atol=1e-14
        )


def test_both_ways_were_taken():
    listed, many = (average_over(random_laws(n, 2, 1.0, 1), DRAWS) for n in (8, 9))
    assert 2**8 <= MOST_LISTED < 2**9
    assert type(listed) is not type(many)


@pytest.mark.parametrize("sd", [0.2, 1.0, 4.0])
def test_a_normal_law_by_the_trapezoid_rule(sd):
    z, step = np.linspace(-10.0, 10.0, 8001, retstep=True)
    weight = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) * step
    c = np.linspace(-12.0, 12.0, 25)[:, None]
    found = average_over([Bell(np.array([0.7]), np.array([sd]))], 1).at(c)
    np.testing.assert_allclose(found[:, 0], expit(c + 0.7 + sd * z) @ weight, rtol=0, atol=5e-15)


def test_beyond_all_values_the_mean_is_0_or_1():
    average = average_over(random_laws(10, 3, 2.0, 3), DRAWS)
    far = np.array([[-500.0], [500.0]]) * np.ones(DRAWS)
    np.testing.assert_allclose(average.at(far), [[0.0] * DRAWS, [1.0] * DRAWS], atol=1e-15)


@pytest.mark.parametrize("count", [2, 10])
def test_the_constant_gives_the_chance_back(count):
    average = average_over(random_laws(count, 3, 1.5, 7), DRAWS)
    chance = np.array([2 * TINY, 1e-6, 0.01, 0.1, 0.5, 0.99, 1 - 1e-6])[:, None] * np.ones(DRAWS)
    np.testing.assert_allclose(average.at(average.solve(chance)), chance, rtol=0, atol=5e-15)


def test_without_signals_the_constant_is_the_logit():
    chance = np.array([[0.1, 0.45]])
    np.testing.assert_allclose(average_over([], 2).solve(chance), logit(chance), atol=1e-12)


def test_the_slope_is_the_derivative():
    average = average_over(random_laws(10, 3, 1.5, 9), DRAWS)
    c = np.linspace(-5.0, 5.0, 11)[:, None] * np.ones(DRAWS)
    _, slope = average.with_slope(c)
    rise = (average.at(c + 1e-4) - average.at(c - 1e-4)) / 2e-4
    np.testing.assert_allclose(slope, rise, atol=1e-8)


@pytest.mark.parametrize("chance", [0.001, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("tau", [0.0, 0.4, 1.0, 2.5])
def test_the_probit_form_keeps_the_mean(chance, tau):
    z, step = np.linspace(-10.0, 10.0, 4001, retstep=True)
    weight = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) * step
    assert weight @ probit(chance, tau, z) == pytest.approx(chance, abs=1e-14)


def test_the_probit_form_is_the_chance_of_a_latent_normal():
    # of a deal won when a + e > 0 with a = tau x, e ~ N(0, 1): one constant keeps the mean
    constant = np.sqrt(2.0) * -1.2815515655446004
    assert probit(0.10, 1.0, 0.5) == pytest.approx(ndtr(constant + 0.5), abs=1e-15)
    assert probit(0.10, 1.0, np.zeros(3)).shape == (3,)
