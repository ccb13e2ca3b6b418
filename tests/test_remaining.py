"""The law of the time that remains, against closed forms and numerical integration."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

import funnelsim as fs
from funnelsim._remaining import INNER, MOST_VALUES, RemainingTime
from tests.oracles.build import time_of
from tests.oracles.laws import Atoms, hypoexponential_cdf, law_of, residual

STEPS = 8192
ACCURACY = 1e-6
WITH_A_POLE = 5e-6  # where a density is infinite at 0
AGES = np.array([0.0, 7.0, 13.37, 60.0, 250.0])
TIMES = np.array([31.0, 45.3, 90.0, 120.0])

GAMMA = {"gamma": {"mean": 30, "cv": 0.6}}
DICE = {"discrete": {"values": [5, 17.3, 50], "chances": [0.3, 0.5, 0.2]}}
SEEN = {"sample": np.random.default_rng(1).gamma(2, 15, 400).round(1).tolist()}
SMOOTH = {
    "exponential": {"exponential": {"mean": 20}},
    "gamma": GAMMA,
    "lognormal": {"lognormal": {"median": 25, "sigma": 0.7}},
    "weibull": {"weibull": {"shape": 1.5, "scale": 30}},
    "pert": {"pert": {"low": 5, "mode": 20, "high": 90}},
    "pareto": {"pareto": {"alpha": 1.161, "low": 10}},
    "quantiles": {"quantiles": {"0.1": 10, "0.5": 30, "0.9": 80}},
}
POLES = {
    "gamma with a pole": {"gamma": {"mean": 20, "cv": 1.5}},
    "weibull with a pole": {"weibull": {"shape": 0.5, "scale": 20}},
}
STEPPED = {"fixed": 17, "fixed off the lattice": 17.13, "discrete": DICE, "sample": SEEN}
KINKS = {"pareto": [10.0], "pert": [5.0, 90.0], "quantiles": [0.0, 10.0, 30.0, 80.0, 92.5]}
PANELS, NODES = 500, 4


def remaining_of(times, reach=120.0, steps=STEPS):
    laws = [time if isinstance(time, int | float) else time_of(time) for time in times]
    laws = [fs.Fixed(one) if isinstance(one, int | float) else one for one in laws]
    return RemainingTime(laws, reach, steps)


def sum_of_two(first, second, t, kinks=()):
    """Return P(X + Y <= t) by many small Gauss-Legendre panels over the quantiles of X.

    Panels are even in X, and end where X leaves Y at one of its ``kinks``.
    """
    if isinstance(first, Atoms):
        parts = zip(first.values, first.chances, strict=True)
        return math.fsum(chance * second.cdf(t - value) for value, chance in parts)
    if isinstance(second, Atoms):
        return sum_of_two(second, first, t)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    cuts = np.concatenate([np.linspace(0.0, t, PANELS + 1), t - np.array(kinks)])
    ends = np.array([first.cdf(x) for x in np.sort(cuts[cuts >= 0.0])])
    half = 0.5 * np.diff(ends)[:, None]
    left = t - np.asarray(first.ppf(ends[:-1, None] + half * (nodes + 1.0)))
    cdf = second.cdf if hasattr(second, "dist") else np.vectorize(second.cdf)
    return float(np.sum(half * weights * cdf(left)))


# One stage


@pytest.mark.parametrize("name", SMOOTH | POLES)
def test_the_last_stage_is_the_exact_residual(name):
    time = (SMOOTH | POLES)[name]
    law, remaining = time_of(time), remaining_of([time])
    alive = law.sf(AGES)
    far = alive > 0.0
    expected = 1.0 - law.sf(AGES[far, None] + TIMES) / alive[far, None]
    found = remaining.by(0, AGES[far], TIMES)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_exponential_times_have_no_memory_in_the_far_tail():
    remaining = remaining_of([{"exponential": {"mean": 10}}])
    found = remaining.by(0, np.array([0.0, 500.0, 7000.0]), TIMES)
    np.testing.assert_allclose(found, np.tile(-np.expm1(-TIMES / 10), (3, 1)), rtol=1e-8)


def test_old_deals_before_another_stage_keep_their_resolution():
    """At age 900 a gamma of this scale has a survival of 1e-36, and goes on as if exponential."""
    remaining = remaining_of([GAMMA, {"exponential": {"mean": 20}}])
    law = residual(law_of(GAMMA), 900.0)
    for k, t in enumerate(TIMES):
        expected = sum_of_two(law, stats.expon(scale=20), t)
        found = remaining.by(0, np.array([900.0]), TIMES)[0, k]
        assert found == pytest.approx(expected, abs=ACCURACY)


@pytest.mark.parametrize("later", [0, 1])
def test_a_deal_older_than_its_time_allows_goes_on_at_once(later):
    remaining = remaining_of([{"pert": {"low": 5, "mode": 20, "high": 90}}, GAMMA][: later + 1])
    found = remaining.by(0, np.array([90.0, 1000.0]), TIMES)
    expected = law_of(GAMMA).cdf(TIMES) if later else np.ones(len(TIMES))
    np.testing.assert_allclose(found, np.tile(expected, (2, 1)), atol=ACCURACY)


# Single values


def test_single_values_add_up_value_by_value():
    remaining = remaining_of([DICE, SEEN, 3.3])
    ages = np.array([0.0, 5.0, 16.9, 49.99])
    for age, row in zip(ages, remaining.by(0, ages, TIMES), strict=True):
        first, second = residual(law_of(DICE), age), law_of(SEEN)
        sums = [
            (one + other + 3.3, chance * share)
            for one, chance in zip(first.values, first.chances, strict=True)
            for other, share in zip(second.values, second.chances, strict=True)
        ]
        expected = [math.fsum(c for v, c in sums if v <= t + 1e-9) for t in TIMES]
        np.testing.assert_allclose(row, expected, atol=1e-12)


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=4),
    st.integers(0, 299),
    st.integers(1, 1200),
)
def test_fixed_times_in_tenths_meet_the_end_of_a_window(tenths, age, end):
    remaining = remaining_of([one / 10 for one in tenths])
    left = max(tenths[0] - age, 0) + sum(tenths[1:])
    found = remaining.by(0, np.array([age / 10]), np.array([end / 10]))[0, 0]
    assert found == float(left <= end)


def test_a_sum_of_too_many_values_goes_to_the_lattice():
    """Then its values move by up to half a step, so chances are as close as they are dense."""
    many = {"sample": np.random.default_rng(2).uniform(0, 60, 300).tolist()}
    remaining = remaining_of([5, many, many])
    assert remaining.single_values(0, 0.0) is None
    values = np.sort(np.add.outer(many["sample"], many["sample"]).ravel())
    assert len(values) > MOST_VALUES
    expected = np.searchsorted(values, TIMES - 5, side="right") / len(values)
    found = remaining.by(0, np.zeros(1), TIMES)[0]
    np.testing.assert_allclose(found, expected, atol=5e-4)


@pytest.mark.parametrize("age", [0.0, 5.0, 20.0, 50.0])
def test_the_law_of_single_values(age):
    at, chance = remaining_of([DICE, 4]).single_values(0, age)
    law = residual(law_of(DICE), age)
    np.testing.assert_allclose(at, np.array(law.values) + 4, atol=1e-9)
    np.testing.assert_allclose(chance, law.chances, rtol=1e-12)


def test_smooth_times_have_no_single_values():
    assert remaining_of([GAMMA]).single_values(0, 0.0) is None
    assert remaining_of([5, GAMMA]).single_values(0, 0.0) is None
    assert remaining_of([5, GAMMA]).single_values(1, 0.0) is None


# Sums


@pytest.mark.parametrize("reach", [30.0, 120.0, 365.0])
@pytest.mark.parametrize("stage", range(5))
def test_gammas_of_one_scale_add_up_to_a_gamma(stage, reach):
    remaining = remaining_of([GAMMA] * 5, reach)
    shape, scale = 1 / 0.36, 30 * 0.36
    times = np.array([0.1, 0.3, 0.75, 1.0]) * reach
    found = remaining.by(stage, np.zeros(1), times)[0]
    exact = stats.gamma(shape * (5 - stage), scale=scale).cdf(times)
    np.testing.assert_allclose(found, exact, atol=ACCURACY)


@pytest.mark.parametrize("means", [(20, 60, 7), (20, 20, 20, 20), (5, 90)])
def test_exponentials_add_up(means):
    remaining = remaining_of([{"exponential": {"mean": mean}} for mean in means])
    found = remaining.by(0, AGES, TIMES)
    exact = [hypoexponential_cdf(means, t) for t in TIMES]
    np.testing.assert_allclose(found, np.tile(exact, (len(AGES), 1)), atol=ACCURACY)


PAIRS = [
    *itertools.product(SMOOTH, SMOOTH),
    *itertools.product(POLES, SMOOTH),
    *itertools.product(STEPPED, SMOOTH | POLES),
    *itertools.product(SMOOTH, STEPPED),
]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_any_two_times_add_up(first, second):
    times = SMOOTH | POLES | STEPPED
    bound = WITH_A_POLE if {first, second} & set(POLES) else ACCURACY
    remaining = remaining_of([times[first], times[second]])
    ages, ends = AGES[[0, 2, 3]], TIMES[[0, 3]]
    found, kinks = remaining.by(0, ages, ends), KINKS.get(second, ())
    expected = [
        [
            sum_of_two(residual(law_of(times[first]), age), law_of(times[second]), t, kinks)
            for t in ends
        ]
        for age in ages
    ]
    np.testing.assert_allclose(found, expected, atol=bound)


def test_fixed_times_shift_the_sum_of_the_others():
    plain = remaining_of([GAMMA, GAMMA])
    shifted = remaining_of([GAMMA, 10.7, GAMMA, 3])
    found = shifted.by(0, AGES, TIMES)
    np.testing.assert_allclose(found, plain.by(0, AGES, TIMES - 13.7), atol=ACCURACY)


@pytest.mark.parametrize("times", [[GAMMA, GAMMA], [GAMMA, 10.7, GAMMA, 3], [12.5, DICE], [GAMMA]])
def test_reading_many_times_agrees_with_each(times):
    remaining = remaining_of(times)
    some = np.array([0.0, 9.9, 17.5, 31.0, 45.3, 62.5, 90.0, 119.0])
    expected = remaining.by(0, np.array([0.0]), some)[0]
    np.testing.assert_allclose(remaining.read(0, 0.0, some), expected, atol=2e-6)


def test_discrete_times_mix_shifted_sums():
    remaining = remaining_of([GAMMA, DICE, GAMMA])
    two = stats.gamma(2 / 0.36, scale=30 * 0.36)
    given_dice = zip([5, 17.3, 50], [0.3, 0.5, 0.2], strict=True)
    expected = sum(chance * two.cdf(TIMES - value) for value, chance in given_dice)
    np.testing.assert_allclose(remaining.by(0, np.zeros(1), TIMES)[0], expected, atol=ACCURACY)


def test_times_before_the_fixed_part_have_no_chance():
    remaining = remaining_of([GAMMA, 50])
    assert remaining.by(0, AGES, np.array([1.0, 49.9])).tolist() == [[0.0, 0.0]] * len(AGES)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from([*SMOOTH.values(), *STEPPED.values()]), min_size=1, max_size=4),
    st.lists(st.floats(0, 400), min_size=1, max_size=5),
)
def test_chances_rise_with_time_and_stay_in_0_to_1(times, ages):
    remaining = remaining_of(times, steps=1024)
    ends = np.linspace(0.5, 120.0, 40)
    for stage in range(len(times)):
        found = remaining.by(stage, np.array(ages), ends)
        assert ((found >= 0.0) & (found <= 1.0)).all()
        assert (np.diff(found, axis=1) > -1e-9).all()


def test_many_ages_at_once_are_as_each_alone():
    """Ages on and off the lattice; many at once are read by windows of one survival function."""
    remaining = remaining_of([GAMMA, GAMMA])
    for ages in (np.arange(0.0, 200.0), np.arange(0.0, 200.0) * 1.0137):
        together = remaining.by(0, ages, TIMES)
        alone = [remaining.by(0, ages[i : i + 1], TIMES[k : k + 1])[0, 0]
                 for i in range(0, 200, 23) for k in range(len(TIMES))]  # fmt: skip
        np.testing.assert_allclose(together[::23].ravel(), alone, atol=ACCURACY)


# Averages between edges, for tables


@pytest.mark.parametrize("times", [[GAMMA], [GAMMA, GAMMA], [7, GAMMA], [DICE, GAMMA], [GAMMA, 7]])
def test_averages_between_edges(times):
    remaining = remaining_of(times)
    edges = np.geomspace(3.0, 119.0, 600)
    ages = np.array([0.0, 13.37, 60.0])
    found = remaining.averaged(0, ages, edges)[:, ::13]
    inside = (np.arange(INNER) + 0.5) / INNER
    inner = (edges[:-1, None] + np.diff(edges)[:, None] * inside)[::13].ravel()
    expected = remaining.by(0, ages, inner).reshape(len(ages), -1, INNER).mean(axis=2)
    np.testing.assert_allclose(found, expected, atol=ACCURACY)


# Means

LAWS = {name: time_of(time) for name, time in (SMOOTH | POLES).items()} | {
    "heavy lognormal": fs.Lognormal(median=25, sigma=1.683),
    "pareto with a variance": fs.Pareto(alpha=2.5, low=10),
}


@pytest.mark.parametrize("name", LAWS)
def test_means_of_what_remains(name):
    law = LAWS[name]
    remaining = RemainingTime([law, fs.Fixed(5.5)], 1.0, 1)
    ages = AGES[law.sf(AGES) > 0.0]
    for age, found in zip(ages, remaining.mean(0, ages), strict=True):
        area, _ = integrate.quad(
            lambda x, age=age: float(law.sf(age + math.exp(x))) * math.exp(x),
            -30,
            250,
            limit=2000,
            epsabs=0.0,
        )
        expected = area / float(law.sf(age)) + 5.5
        assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("law", [*LAWS.values(), *map(time_of, (DICE, SEEN))], ids=str)
def test_the_mean_of_a_new_deal_is_exact(law):
    assert RemainingTime([law], 1.0, 1).mean(0, np.zeros(1))[0] == pytest.approx(
        law.mean, rel=1e-12
    )


def test_means_of_single_values_are_exact():
    remaining = RemainingTime([time_of(DICE), fs.Fixed(30)], 1.0, 1)
    found = remaining.mean(0, np.array([0.0, 5.0, 20.0, 50.0]))
    mean = 0.3 * 5 + 0.5 * 17.3 + 0.2 * 50
    expected = [mean + 30, (0.5 * 12.3 + 0.2 * 45) / 0.7 + 30, 30 + 30, 30]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_infinite_means():
    heavy = fs.Pareto(alpha=1.0, low=10)
    assert RemainingTime([heavy], 1.0, 1).mean(0, np.array([0.0, 99.0])).tolist() == [math.inf] * 2
    assert RemainingTime([fs.Fixed(3), heavy], 1.0, 1).mean(0, np.array([9.0]))[0] == math.inf
