"""Scores of samples: against closed forms, slow twins and an independent library."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from funnelsim.backtesting import scores
from funnelsim.errors import InputError

NORMAL_AT_0 = 0.23369497725510913
"""CRPS of N(0, 1) at 0: (sqrt(2) - 1) / sqrt(pi)."""

values = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3))
samples = st.lists(values, min_size=2, max_size=40)


def crps_of_pairs(sample, actual, fair):
    """The definition, pair by pair."""
    n = len(sample)
    pairs = sum(abs(a - b) for a in sample for b in sample)
    return sum(abs(a - actual) for a in sample) / n - pairs / (2 * n * (n - 1 if fair else n))


def crps_of_integral(sample, actual):
    """The integral of the squared distance of the two distribution functions."""
    points = np.unique([*sample, actual])
    level = np.array([np.mean(np.asarray(sample) <= x) for x in points[:-1]])
    return float(np.sum((level - (points[:-1] >= actual)) ** 2 * np.diff(points)))


def test_crps_of_a_normal_sample_at_its_mean():
    even = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    assert scores.crps(even, 0.0) == pytest.approx(NORMAL_AT_0, abs=2e-5)
    assert pytest.approx(NORMAL_AT_0, rel=1e-15) == (math.sqrt(2) - 1) / math.sqrt(math.pi)


def test_crps_of_a_gamma_sample_against_the_integral():
    law = stats.gamma(1.7, scale=3.0)
    even = law.ppf((np.arange(100_000) + 0.5) / 100_000)
    below = integrate.quad(lambda x: law.cdf(x) ** 2, 0, 4.0)[0]
    above = integrate.quad(lambda x: law.sf(x) ** 2, 4.0, np.inf)[0]
    assert scores.crps(even, 4.0) == pytest.approx(below + above, rel=1e-4)


@given(samples, values, st.booleans())
def test_crps_against_all_pairs(sample, actual, fair):
    scale = max(map(abs, [*sample, actual, 1.0]))
    expected = crps_of_pairs(sample, actual, fair)
    assert scores.crps(sample, actual, fair=fair) == pytest.approx(expected, abs=1e-12 * scale)


@given(samples, values)
def test_crps_is_the_integral(sample, actual):
    scale = max(map(abs, [*sample, actual, 1.0]))
    expected = crps_of_integral(sample, actual)
    assert scores.crps(sample, actual, fair=False) == pytest.approx(expected, abs=1e-10 * scale)


def test_the_fair_score_of_few_draws_is_that_of_many_on_average():
    draws = np.random.default_rng(5).normal(size=(20_000, 4))
    fair = np.array([scores.crps(row, 0.0) for row in draws])
    plain = np.array([scores.crps(row, 0.0, fair=False) for row in draws])
    error = fair.std() / math.sqrt(len(fair))
    assert abs(fair.mean() - NORMAL_AT_0) < 4 * error
    assert plain.mean() > NORMAL_AT_0 + 10 * error


def test_cents_of_large_bookings_lose_no_digits():
    sample = 10**15 + np.array([0, 100, 200, 300])
    assert scores.crps(sample, 10**15 + 100, fair=False) == 37.5


@given(samples, values, st.sampled_from([0.1, 0.5, 0.9]))
def test_pinball_is_that_of_the_quantile(sample, actual, level):
    found = float(np.quantile(sample, level, method="inverted_cdf"))
    expected = (actual - found) * (level - (actual < found))
    assert scores.quantile(sample, level) == found
    assert scores.pinball(sample, actual, level) == pytest.approx(expected, abs=1e-9)


def test_crps_is_twice_the_mean_pinball_loss():
    sample = np.random.default_rng(1).gamma(2.0, size=500)
    levels = (np.arange(2000) + 0.5) / 2000
    mean = np.mean([scores.pinball(sample, 3.0, level) for level in levels])
    assert scores.crps(sample, 3.0, fair=False) == pytest.approx(2 * mean, rel=1e-3)


def test_an_interval_holds_its_share():
    sample = np.random.default_rng(2).normal(size=4_000)
    for share in (0.5, 0.8, 0.95):
        low, high = scores.interval(sample, share)
        assert np.mean((sample > low) & (sample <= high)) == pytest.approx(share, abs=1e-3)
        assert scores.holds(sample, low, share)
        assert scores.holds(sample, high, share)
        assert not scores.holds(sample, np.nextafter(low, -9), share)


def test_places_of_an_exact_forecast_of_counts_are_even_when_ties_are_drawn():
    rng = np.random.default_rng(3)
    sample = stats.poisson(1.5).ppf((np.arange(2000) + 0.5) / 2000)
    places = [scores.pit(sample, x, seed=k) for k, x in enumerate(rng.poisson(1.5, 4000))]
    assert stats.kstest(places, "uniform").pvalue > 0.001
    mid = [scores.pit(sample, x) for x in rng.poisson(1.5, 4000)]
    assert np.mean(mid) == pytest.approx(0.5, abs=0.02)
    assert stats.kstest(mid, "uniform").pvalue < 1e-6


def test_the_place_is_the_share_below_and_half_of_the_ties():
    assert scores.pit([1, 2, 2, 3, 9], 2) == pytest.approx(0.4)
    assert scores.pit([1, 2], 0) == 0.0
    assert scores.pit([1, 2, 2, 3], 2, seed=4) == scores.pit([1, 2, 2, 3], 2, seed=4)


def test_normal_scores():
    assert scores.normal_score(0.9, 1000) == pytest.approx(stats.norm.ppf(0.9))
    assert scores.normal_score(1.0, 50) == pytest.approx(stats.norm.ppf(0.99))


@pytest.mark.parametrize(
    ("forecast", "actual", "expected"), [(80, 100, 0.8), (130, 100, 0.7), (300, 100, 0), (0, 5, 0)]
)
def test_the_accuracy_people_know(forecast, actual, expected):
    assert scores.accuracy(forecast, actual) == pytest.approx(expected)


def test_bias_is_of_the_sums():
    assert scores.bias([10, 40], [20, 20]) == pytest.approx(0.25)
    with pytest.raises(InputError, match="actuals must sum to more than 0"):
        scores.bias([1.0], [0.0])


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: scores.crps([1.0], 0.0), "sample"),
        (lambda: scores.crps([1.0, np.nan], 0.0), "sample"),
        (lambda: scores.crps([[1.0, 2.0]], 0.0), "sample"),
        (lambda: scores.crps([1.0, 2.0], np.nan), "actual"),
        (lambda: scores.quantile([1.0], 1.0), "level"),
        (lambda: scores.interval([1.0], 0.0), "share"),
        (lambda: scores.brier(1.5, True), "chance"),
    ],
)
def test_what_is_no_sample_or_no_level_is_refused(call, field):
    with pytest.raises(InputError, match=f"^{field} must"):
        call()


def test_against_an_independent_library():
    oracle = pytest.importorskip("scoringrules")
    rng = np.random.default_rng(8)
    for size in (2, 17, 400):
        sample, actual = rng.lognormal(size=size), float(rng.lognormal())
        plain = oracle.crps_ensemble(actual, sample, estimator="nrg")
        fair = oracle.crps_ensemble(actual, sample, estimator="fair")
        assert scores.crps(sample, actual, fair=False) == pytest.approx(float(plain), rel=1e-12)
        assert scores.crps(sample, actual) == pytest.approx(float(fair), rel=1e-12)
        found = oracle.quantile_score(actual, scores.quantile(sample, 0.9), 0.9)
        assert scores.pinball(sample, actual, 0.9) == pytest.approx(float(found), rel=1e-12)


def test_order_does_not_matter_and_what_is_not_a_number_is_found_anywhere():
    assert scores.crps([3.0, 1.0, 2.0], 1.5) == scores.crps([1.0, 2.0, 3.0], 1.5)
    for place in range(3):
        sample = np.array([1.0, 2.0, 3.0])
        sample[place] = np.nan
        with pytest.raises(InputError, match="finite"):
            scores.quantile(sample, 0.5)
