"""The dynamic regression on simulated counts, and against numerical integration."""

import time

import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.special import gammaln

from funnelsim.outlook.banded import Factor, Precision
from funnelsim.outlook.regression import (
    Belief,
    Counts,
    Drift,
    chain_precision,
    find_mode,
    fit_regression,
    log_likelihood,
)

WIDE = Belief(np.zeros(4), np.diag([1.0, 1.0, 1.0, 4.0]))


def simulated(seed, weeks=150, sigma=0.03, alpha=0.8, phi=0.0):
    rng = np.random.default_rng(seed)
    week = np.repeat(np.arange(weeks), 2)
    season = np.tile([0, 1], weeks)
    level = np.cumsum(sigma * rng.standard_normal(weeks))
    pressure = 0.4 * np.sin(np.arange(weeks) / 9.0)[week] + 0.1 * rng.standard_normal(2 * weeks)
    columns = np.column_stack([*np.eye(2)[season].T, pressure, np.ones(2 * weeks)])
    log_mean = np.log(30.0) + level[week] + columns @ [-0.3, 0.3, alpha, 0.0]
    scatter = rng.gamma(1 / phi, phi, 2 * weeks) if phi else 1.0
    wins = rng.poisson(np.exp(log_mean) * scatter).astype(float)
    return Counts(wins, np.full(2 * weeks, np.log(30.0)), week, columns), level


def grid(belief=WIDE):
    return [
        (1.0, belief, Drift(sigma, 1.0, phi)) for sigma in (0.01, 0.03, 0.1) for phi in (0.0, 0.1)
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_level_season_and_elasticity_are_found(seed):
    counts, level = simulated(seed)

    found = fit_regression(counts, grid())

    belief = found.belief()
    sd = np.sqrt(np.diag(belief.covariance))
    assert abs(belief.mean[2] - 0.8) < 3.5 * sd[2]
    assert sd[2] < 0.1
    assert belief.mean[1] - belief.mean[0] == pytest.approx(0.6, abs=0.1)
    now = found.weight @ (found.mean[:, 0] + found.mean[:, 4] + found.mean[:, 1])
    assert now == pytest.approx(level[-1] - 0.3, abs=0.25)


def test_the_evidence_tells_scatter_and_drift():
    plain = fit_regression(simulated(5)[0], grid())
    scattered = fit_regression(simulated(5, phi=0.1)[0], grid())
    still = fit_regression(simulated(5, sigma=0.0)[0], grid())

    assert plain.weight[plain.drift[:, 2] == 0.0].sum() > 0.9
    assert scattered.weight[scattered.drift[:, 2] == 0.1].sum() > 0.9
    assert still.weight[still.drift[:, 0] == 0.01].sum() > 0.9


def test_the_mode_has_no_slope_and_does_not_depend_on_where_it_began():
    counts, _ = simulated(7, weeks=40)
    drift = Drift(0.05, 0.9, 0.02)
    rng = np.random.default_rng(1)

    mode = find_mode(counts, WIDE, drift)
    again = find_mode(counts, WIDE, drift, (rng.normal(size=40), rng.normal(size=4)))

    np.testing.assert_allclose(again.level, mode.level, atol=1e-6)
    np.testing.assert_allclose(again.border, mode.border, atol=1e-6)
    assert again.log_evidence == pytest.approx(mode.log_evidence, abs=1e-6)


@pytest.mark.parametrize("phi", [0.0, 0.05])
def test_evidence_against_numerical_integration(phi):
    counts = Counts(np.array([40.0]), np.log([30.0]), np.array([0]), np.ones((1, 1)))
    belief, drift = Belief(np.zeros(1), np.array([[0.25]])), Drift(0.2, 1.0, phi)

    def density(border, level):
        eta = np.log(30.0) + level + border
        prior = np.exp(-0.5 * (level / 0.2) ** 2 - 0.5 * (border / 0.5) ** 2)
        return np.exp(log_likelihood(counts.wins, np.array([eta]), phi) - 100) * prior

    whole = dblquad(density, -1.2, 1.2, -2.5, 2.5)[0] / (2 * np.pi * 0.2 * 0.5)

    found = find_mode(counts, belief, drift).log_evidence

    assert found == pytest.approx(np.log(whole) + 100, abs=0.02)


def test_log_likelihood_is_that_of_the_negative_binomial():
    wins, eta, phi = np.array([0.0, 3.0, 50.0]), np.log([1.0, 4.0, 40.0]), 0.2
    shape, mu = 1 / phi, np.exp(eta)
    share = mu / (mu + shape)
    expected = gammaln(wins + shape) - gammaln(shape)
    expected += wins * np.log(share) + shape * np.log(1 - share)

    assert log_likelihood(wins, eta, phi) == pytest.approx(expected.sum())


@pytest.mark.parametrize("persistence", [1.0, 0.9, 0.5])
@pytest.mark.parametrize("weeks", [1, 2, 6])
def test_the_prior_of_the_level_is_the_autoregression(weeks, persistence):
    drift = Drift(0.1, persistence, 0.0)
    start = 0.1 if persistence == 1.0 else 0.1 / np.sqrt(1 - persistence**2)
    root = np.zeros((weeks, weeks))
    for week in range(weeks):
        root[week] = persistence * root[week - 1] if week else 0.0
        root[week, week] = 0.1 if week else start

    diagonal, beside = chain_precision(weeks, drift)

    precision = Precision(diagonal, beside, np.zeros((weeks, 1)), np.eye(1))
    covariance, _ = Factor.of(precision).draw(np.eye(weeks + 1))
    np.testing.assert_allclose(covariance @ covariance.T, root @ root.T, atol=1e-12)


def test_ten_years_of_weeks_take_no_time():
    counts, _ = simulated(9, weeks=520)
    find_mode(counts, WIDE, Drift(0.03, 1.0, 0.02))
    begun = time.perf_counter()
    find_mode(counts, WIDE, Drift(0.03, 1.0, 0.02))

    assert time.perf_counter() - begun < 0.25  # some milliseconds; dense algebra takes a second
