"""The oracles against each other, against published figures and against the plain simulator."""

import math

import numpy as np
import pytest
from scipy import stats

from tests import (
    test_exact_activities,
    test_exact_counts,
    test_exact_creation,
    test_exact_hard_times,
    test_exact_repeats,
    test_exact_required,
    test_exact_sharing,
    test_exact_times,
    test_random_scenarios,
    test_random_scenarios_new,
)
from tests.oracles import exact, independent, laws
from tests.oracles.business_checks import most_comparisons as most_of_business
from tests.oracles.checking import most_comparisons
from tests.oracles.compare import (
    COMPARISONS,
    Comparison,
    assert_agreement,
    estimate_from_paths,
    threshold,
    worst_of,
)
from tests.oracles.description import deals
from tests.oracles.scenario_law import exact_answers

PATHS = 64 * 512


# Counts and bookings


def test_the_published_pipeline_of_four_stages():
    counts, chances = [200, 100, 50, 20], [0.26, 0.31, 0.32, 0.75]
    pmf = exact.poisson_binomial_pmf(np.repeat(chances, counts))
    assert exact.mean_of(pmf) == pytest.approx(114.0, abs=1e-9)
    assert exact.sd_of(pmf) == pytest.approx(8.631, abs=5e-4)
    assert [exact.quantile_of(pmf, level) for level in (0.1, 0.5, 0.9)] == [103, 114, 125]
    assert exact.at_least(pmf, 100) == pytest.approx(0.95495, abs=5e-6)


def test_equal_chances_give_the_binomial():
    pmf = exact.poisson_binomial_pmf([0.3] * 20)
    assert pmf == pytest.approx(stats.binom(20, 0.3).pmf(np.arange(21)), abs=1e-15)
    assert exact.sd_of(pmf) == pytest.approx(2.049, abs=5e-4)


def test_one_shared_beta_win_probability_widens_and_one_per_deal_does_not():
    rates = stats.beta(3, 7).ppf((np.arange(4000) + 0.5) / 4000)
    shared = np.mean([exact.poisson_binomial_pmf([rate] * 20) for rate in rates], axis=0)
    assert exact.sd_of(shared) == pytest.approx(3.384, abs=2e-3)
    assert exact.sd_of(exact.poisson_binomial_pmf([rates.mean()] * 20)) == pytest.approx(
        2.049, abs=1e-3
    )


def test_convolution_and_characteristic_function_agree():
    rng = np.random.default_rng(5)
    chances, units = rng.random(25), rng.integers(0, 30, 25).tolist()
    assert exact.bookings_pmf(chances, units) == pytest.approx(
        exact.bookings_pmf_by_fft(chances, units), abs=1e-14
    )


def test_bookings_of_two_deals_by_hand():
    assert exact.bookings_pmf([0.5, 0.2], [1, 3]) == pytest.approx([0.4, 0.4, 0.0, 0.1, 0.1])
    assert exact.at_least(np.array([0.4, 0.4, 0.0, 0.1, 0.1]), 1.5) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("deals_needed", "rho", "confidence"),
    [(97, 0, 0.5), (124, 0, 0.8), (140, 0, 0.9), (138, 0.02, 0.8), (158, 0.05, 0.8),
     (198, 0.10, 0.8), (163, 0.02, 0.9), (201, 0.05, 0.9), (276, 0.10, 0.9)],
)  # fmt: skip
def test_first_meetings_required_for_ten_wins(deals_needed, rho, confidence):
    """The published number is the first that reaches the confidence: one less does not."""

    def chance(count):
        def given(z):
            return stats.binom.sf(9, count, exact.conditional_chance(0.1, rho, z))

        return float(exact.mix_over_market(given))

    assert chance(deals_needed) >= confidence > chance(deals_needed - 1)


@pytest.mark.parametrize(
    ("chance", "expected"), [(0.1, 0.0731), (1 / 6, 0.5536)], ids=["10 %", "1 in 6"]
)
def test_ten_wins_from_sixty_meetings(chance, expected):
    pmf = exact.poisson_binomial_pmf([chance] * 60)
    assert exact.at_least(pmf, 10) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("rate", "expected"), [(0.2, 0.061), (1 / 3, 0.568), (0.5, 0.979)])
def test_three_times_coverage(rate, expected):
    pmf = exact.poisson_binomial_pmf([rate] * 30)
    assert exact.at_least(pmf, 10) == pytest.approx(expected, abs=5e-4)


# The market factor


def test_the_published_quantile_of_the_copula():
    z = stats.norm.ppf(0.9)
    assert exact.conditional_chance(0.1, 0.05, z) == pytest.approx(0.15367, abs=5e-6)


@pytest.mark.parametrize(("rho", "points"), [(0.02, 2.5), (0.05, 4.0), (0.10, 5.8)])
def test_swing_of_the_yearly_win_rate(rho, points):
    swing = exact.win_rate_swing(0.1, rho)
    assert 100 * swing == pytest.approx(points, abs=0.05)
    assert exact.correlation_of_swing(0.1, swing) == pytest.approx(rho, abs=1e-10)


@pytest.mark.parametrize("rho", [0.0, 0.05, 0.5, 0.9])
def test_the_market_keeps_every_marginal_and_the_ends(rho):
    for chance in (0.0, 0.013, 0.5, 0.97, 1.0):
        mean = exact.mix_over_market(lambda z, t=chance: exact.conditional_chance(t, rho, z))
        assert mean == pytest.approx(chance, abs=1e-13)


def test_two_wins_together_are_a_bivariate_normal_orthant():
    both = exact.mixed_bookings_pmf([(0.3, 1.0), (0.2, 1.0)], [1, 1], 0.4)[2]
    corner = stats.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]])
    assert both == pytest.approx(corner.cdf(stats.norm.ppf([0.3, 0.2])), abs=1e-6)


def test_segments_without_a_factor_of_their_own_are_the_common_factor_alone():
    one, other = ([(0.3, 0.8)] * 3, [1, 2, 3]), ([(0.6, 0.5)] * 2, [2, 2])
    split = exact.segmented_bookings_pmf([one, other], 0.1, 0.0)
    assert split == pytest.approx(
        exact.mixed_bookings_pmf(one[0] + other[0], one[1] + other[1], 0.1), abs=1e-14
    )


def test_one_segment_adds_its_correlation_to_the_common_one():
    chances, units = [(0.3, 0.8), (0.5, 1.0), (0.2, 0.4)], [1, 2, 4]
    nested = exact.segmented_bookings_pmf([(chances, units)], 0.05, 0.10)
    assert nested == pytest.approx(exact.mixed_bookings_pmf(chances, units, 0.15), abs=1e-13)


def test_fewer_nodes_are_enough_for_segments():
    segments = [([(0.3, 0.8)] * 5, [1] * 5), ([(0.6, 1.0)] * 5, [2] * 5)]
    coarse = exact.segmented_bookings_pmf(segments, 0.3, 0.5)
    fine = exact.segmented_bookings_pmf(segments, 0.3, 0.5, nodes=801)
    assert coarse == pytest.approx(fine, abs=1e-12)


# Lognormal factors


@pytest.mark.parametrize("cv", [0.05, 0.3, 1.0])
def test_lognormal_factor_has_mean_one_and_its_cv(cv):
    values, weights = exact.factor_nodes(cv)
    assert weights.sum() == pytest.approx(1.0, abs=1e-10)
    assert weights @ values == pytest.approx(1.0, abs=1e-7)
    assert weights @ (values - 1.0) ** 2 == pytest.approx(cv**2, rel=1e-5)
    above = exact.factor_nodes(cv, breaks=[1.2])
    assert above[1] @ (above[0] >= 1.2) == pytest.approx(exact.factor_at_least(1.2, cv), abs=1e-10)


def test_amount_factor_by_mixture_over_the_factor():
    pmf, cv = exact.bookings_pmf([0.3, 0.6, 0.5], [2, 3, 5]), 0.25
    values, weights = exact.factor_nodes(cv, breaks=[6.0 / s for s in range(1, len(pmf))])
    mixture = sum(w * exact.at_least(pmf, 6.0 / f) for f, w in zip(values, weights, strict=True))
    assert exact.attainment_with_amount_factor(pmf, 6, cv) == pytest.approx(mixture, abs=1e-10)


# Age


def test_age_with_two_exponentials_has_odds_that_fall_exponentially():
    forward, lost = stats.expon(scale=20.0), stats.expon(scale=50.0)
    chance = exact.win_chance_at_age(0.4, forward.sf, lost.sf, 30.0, win_next=0.5)
    odds = 0.4 / 0.6 * math.exp(-30.0 / 20.0 + 30.0 / 50.0)
    assert chance == pytest.approx(0.5 * odds / (1.0 + odds), rel=1e-14)


@pytest.mark.parametrize(
    ("conversion", "forward", "lost", "expected"),
    [(0.4, 0.0, 0.0, 0.4), (0.4, 0.0, 0.1, 0.0), (0.4, 0.1, 0.0, 1.0), (1.0, 0.2, 0.9, 1.0),
     (0.0, 0.9, 0.2, 0.0), (0.4, 0.3, 0.3, 0.4)],
)  # fmt: skip
def test_conversion_at_the_ends(conversion, forward, lost, expected):
    assert exact.conversion_at_age(conversion, forward, lost) == pytest.approx(expected)


# Times


def test_equal_exponentials_are_a_gamma():
    for t in (5.0, 40.0, 130.0):
        assert laws.hypoexponential_cdf((20.0, 20.0, 20.0), t) == pytest.approx(
            stats.gamma(3, scale=20).cdf(t), abs=1e-12
        )


@pytest.mark.parametrize("means", [(10.0, 60.0), (10.0, 25.0, 60.0)])
def test_distinct_exponentials_by_their_closed_form(means):
    for t in (3.0, 50.0, 200.0):
        closed = sum(
            math.prod(m / (m - o) for o in means if o != m) * -math.expm1(-t / m) for m in means
        )
        assert laws.hypoexponential_cdf(means, t) == pytest.approx(closed, abs=1e-12)


def test_quadrature_of_two_exponentials_is_hypoexponential():
    pair = [stats.expon(scale=10.0), stats.expon(scale=60.0)]
    for t in (3.0, 50.0, 200.0):
        exactly = laws.hypoexponential_cdf((10.0, 60.0), t)
        assert laws.quadrature_cdf(pair, t) == pytest.approx(exactly, abs=1e-8)


def test_gammas_of_one_scale_add_their_shapes_and_quadrature_agrees():
    parts = [stats.gamma(shape, scale=9.0) for shape in (0.7, 2.0)]
    for t in (4.0, 30.0):
        whole = stats.gamma(2.7, scale=9.0).cdf(t)
        assert laws.sum_cdf(parts, t) == pytest.approx(whole, abs=1e-12)
        assert laws.quadrature_cdf(parts, t) == pytest.approx(whole, abs=1e-8)


def test_steps_belong_to_the_window_they_end():
    times = [
        laws.law_of(7.5),
        laws.law_of({"discrete": {"values": [5, 15], "chances": [0.4, 0.6]}}),
    ]
    assert laws.sum_cdf(times, 12.5) == pytest.approx(0.4)
    assert laws.sum_cdf(times, 12.4999) == 0.0
    assert laws.sum_cdf(times, 22.5) == 1.0


def test_residual_of_atoms_is_conditional_and_strict():
    law = laws.law_of({"discrete": {"values": [10, 20, 40], "chances": [0.5, 0.3, 0.2]}})
    left = laws.residual(law, 10)
    assert (left.values, left.chances) == ([10.0, 30.0], pytest.approx([0.6, 0.4]))
    assert laws.residual(law, 40).values == [0.0]


@pytest.mark.parametrize(
    "time",
    [{"gamma": {"mean": 30, "cv": 0.6}}, {"lognormal": {"median": 20, "sigma": 0.9}},
     {"quantiles": {"0.1": 10, "0.5": 30, "0.9": 80}}, {"weibull": {"shape": 1.7, "scale": 20}}],
    ids=lambda time: next(iter(time)),
)  # fmt: skip
def test_residual_quantiles_invert_its_law_and_exceed_the_age(time):
    law = laws.law_of(time)
    left = laws.residual(law, 25.0)
    for u in (0.01, 0.4, 0.99):
        assert left.ppf(u) > 0.0
        assert left.cdf(left.ppf(u)) == pytest.approx(u, abs=1e-10)
        assert law.cdf(law.ppf(u)) == pytest.approx(u, abs=1e-10)


def test_exponential_forgets_its_age():
    assert laws.residual(laws.law_of({"exponential": {"mean": 30}}), 77.0).cdf(30.0) == (
        pytest.approx(1.0 - math.exp(-1.0))
    )


@pytest.mark.parametrize(
    ("time", "mean", "sd"),
    [({"gamma": {"mean": 30, "cv": 0.6}}, 30, 18), ({"lognormal": {"mean": 30, "cv": 0.6}}, 30, 18),
     ({"gamma": {"shape": 2, "scale": 7}}, 14, 14 / math.sqrt(2)),
     ({"pert": {"low": 0, "mode": 10, "high": 50}}, 15, math.sqrt(15 * 35 / 7))],
)  # fmt: skip
def test_laws_have_the_stated_moments(time, mean, sd):
    law = laws.law_of(time)
    assert (law.mean(), law.std()) == pytest.approx((mean, sd))


def test_lognormal_of_two_percentiles():
    law = laws.law_of({"lognormal": {"p10": 10, "p90": 90}})
    assert (law.ppf(0.1), law.ppf(0.9)) == pytest.approx((10, 90))


# Several periods


def test_joint_law_of_one_deal_is_multinomial_and_its_margins_convolve():
    law = exact.joint_law([[0.2, 0.3]], [4])
    assert law == pytest.approx({(0, 0): 0.5, (4, 0): 0.2, (0, 4): 0.3})
    law = exact.joint_law([[0.2, 0.3], [0.5, 0.1], [0.3, 0.3]], [1, 2, 2])
    first = sum(chance for state, chance in law.items() if state[0] >= 2)
    assert first == pytest.approx(exact.at_least(exact.bookings_pmf([0.2, 0.5, 0.3], [1, 2, 2]), 2))
    assert exact.every_period(law, [2, 0]) == pytest.approx(first)
    assert exact.every_period(law, [2, 1]) < first


# The helper of the statistical tests


def test_comparison_without_error_must_be_equal():
    assert Comparison("same", 0.1 + 0.2, 0.0, 0.3).z == 0.0
    assert Comparison("other", 0.3001, 0.0, 0.3).z == math.inf
    assert Comparison("none", 0.0, 0.0, 0.0).z == 0.0
    with pytest.raises(AssertionError, match="other"):
        assert_agreement([Comparison("other", 0.3001, 0.0, 0.3)])


def test_threshold_counts_the_comparisons_and_the_worst_is_named():
    assert threshold(1) == pytest.approx(stats.t.ppf(1 - 5e-5, 63))
    assert threshold(1000) > threshold(10)
    compared = [Comparison("a", 1.0, 0.1, 1.05), Comparison("b", 1.0, 0.1, 0.8)]
    assert assert_agreement(compared).name == "b"
    compared.append(Comparison("c", math.nan, 0.1, 0.8))
    assert worst_of(compared).name == "c"
    with pytest.raises(AssertionError, match="c: nan"):
        assert_agreement(compared)


def test_the_tables_stay_below_the_number_of_comparisons():
    modules = (test_exact_counts, test_exact_times, test_exact_sharing, test_exact_hard_times)
    tables = [module.CASES for module in modules]
    in_tables = sum(most_comparisons(one) for table in tables for one in table.values())
    at_random = test_random_scenarios.SCENARIOS * 20 + test_random_scenarios_new.SCENARIOS * 60
    business = [test_exact_creation.CASES, test_exact_repeats.CASES]
    of_business = sum(most_of_business(one) for table in business for one in table.values())
    required = 12 * len(test_exact_required.CASES) + 3 * len(test_exact_required.RATES)
    activities = sum(
        (len(one["edges"]) - 1) * (2 * len(one["stages"]) + 1)
        for one in test_exact_activities.CASES.values()
    )
    assert in_tables + at_random + of_business + required + activities <= COMPARISONS


# The exact answers of whole scenarios against the plain simulator

GAMMA = {"gamma": {"mean": 30, "cv": 0.6}}
SLOW = {"lognormal": {"mean": 50, "cv": 0.8}}
SCENARIOS = {
    "ages": {
        "stages": [{"win": 0.2, "time": GAMMA, "lost": SLOW}, {"win": 0.5, "time": 10}],
        "deals": deals(8, age=25.0, units=2) + deals(4, stage=1, age=4.0),
        "edges": [0, 20, 45.5], "quota": [1, 3], "joint": True,
    },
    "factors": {
        "stages": [{"win": 0.3, "time": GAMMA}], "edges": [0, 30, 90], "quota": [2, 4],
        "deals": deals(6, units=2), "rho": 0.2, "cycle_cv": 0.4, "amount_cv": 0.3, "joint": True,
    },
    "segments": {
        "stages": [{"win": 0.4, "time": 10, "lost": SLOW}], "edges": [0, 30], "quota": 8,
        "deals": deals(8, region="n") + deals(8, region="s", age=5.0),
        "rho": 0.1, "segments": {"region": 0.3},
    },
    "draws": {
        "stages": [
            {"conversion": (0.2, 0.5, 0.9), "time": {"gamma": {"mean": (10, 30, 50), "cv": 0.5}}},
            {"conversion": 0.5, "time": 12},
        ],
        "deals": deals(8, own=0.4, close=25) + deals(6, age=8.0), "edges": [0, 40],
        "quota": 7, "booked": 2, "rho": (0.0, 0.1, 0.4),
    },
    "fixed times, cycle factor": {
        "stages": [{"win": 0.4, "time": {"sample": [10, 20, 60]}}, {"win": 0.7, "time": 15}],
        "deals": deals(6, age=12.0) + deals(5, stage=1, age=3.0, own=0.2), "edges": [0, 20, 40],
        "quota": [1, 2], "cycle_cv": 0.3,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_exact_answers_agree_with_the_plain_simulator(name):
    description = SCENARIOS[name]
    bookings, wins = independent.simulate(description, PATHS, seed=11)
    booked, quota = description.get("booked", 0), description["quota"]
    total, won = bookings.sum(axis=1), wins.sum(axis=1)
    seen = {"mean wins": won, "mean bookings": total * 1000.0}
    if isinstance(quota, list):
        reached = [bookings[:, 0] + booked >= quota[0], *(bookings[:, 1:] >= quota[1:]).T]
        seen |= {f"attainment {period}": hit for period, hit in enumerate(reached)}
        seen["cumulative 1"] = total + booked >= sum(quota[:2])
        seen["every period"] = np.all(reached, axis=0)
        quota = sum(quota)
    seen["attainment"] = total + booked >= quota
    answers = exact_answers(description)
    for key in answers:
        if key.startswith("wins >= "):
            seen[key] = won >= int(key.removeprefix("wins >= "))
    compared = [
        Comparison(key, *estimate_from_paths(seen[key]), answers[key])
        for key in seen.keys() & answers.keys()
    ]
    assert len(compared) >= 5
    assert_agreement(compared, comparisons=100)
