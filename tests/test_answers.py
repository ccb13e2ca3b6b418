"""From paths to answers: by hand on small arrays, and honest about their errors."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

import funnelsim as fs
from funnelsim import Estimate, answers
from tests.oracles import exact
from tests.oracles.build import scenario_of
from tests.oracles.description import deals
from tests.oracles.scenario_law import exact_answers

# By hand


def test_replicates_are_every_64th_path():
    sums, counts = answers.replicate_sums(np.arange(64 * 3 + 5))
    assert counts.tolist() == [4] * 5 + [3] * 59
    assert sums[:2].tolist() == [0 + 64 + 128 + 192, 1 + 65 + 129 + 193]
    assert sums[63] == 63 + 127 + 191
    assert sums.sum() == sum(range(64 * 3 + 5))


def test_few_paths_are_a_replicate_each():
    sums, counts = answers.replicate_sums(np.array([3, 1, 4]))
    assert (sums.tolist(), counts.tolist()) == ([3, 1, 4], [1, 1, 1])


def test_the_mean_of_few_paths_is_the_usual_one():
    values = np.array([3, 1, 4, 1, 5])
    found = answers.mean(values)
    error = values.std(ddof=1) / math.sqrt(5)
    reach = stats.t.ppf(0.975, 4) * error
    assert found.value == 2.8
    assert found.standard_error == pytest.approx(error, rel=1e-12)
    assert (found.low, found.high) == pytest.approx((2.8 - reach, 2.8 + reach))


def test_the_error_is_that_of_the_means_of_replicates():
    values = np.random.default_rng(1).integers(0, 1000, 64 * 20)
    means = values.reshape(20, 64).mean(axis=0)
    found = answers.mean(values, 100)
    assert found.value == pytest.approx(values.mean() / 100, rel=1e-14)
    assert found.standard_error == pytest.approx(means.std(ddof=1) / 8 / 100, rel=1e-12)
    reach = stats.t.ppf(0.975, 63) * found.standard_error
    assert found.high - found.value == pytest.approx(reach, rel=1e-9)


def test_even_paths_inside_replicates_make_the_error_small():
    rows = np.tile(np.arange(1000)[:, None], (1, 64))  # each replicate has all values once
    assert answers.mean(rows.ravel()).standard_error == 0.0


def test_a_part_of_a_replicate_counts_as_its_paths():
    values = np.full(64 * 3 + 5, 7)
    assert answers.mean(values) == Estimate.exact(7.0)


def test_sums_beyond_64_bits_are_exact():
    values = np.full(64 * 5000, 2**53 - 1)
    values[0] -= 5000 * 64
    found = answers.mean(values)
    assert found.value == float(2**53 - 2)
    assert found.standard_error == pytest.approx(1.0)


def test_a_probability_by_hand():
    hits = np.array([True, False, True, True, False])
    found = answers.probability(hits)
    error = hits.std(ddof=1) / math.sqrt(5)
    assert (found.value, found.standard_error) == (0.6, pytest.approx(error))
    reach = stats.t.ppf(0.975, 4) ** 2 / (0.24 / error**2)
    ends = np.roots([1 + reach, -(1.2 + reach), 0.36])  # Wilson: (c - p)^2 = reach c (1 - c)
    assert [found.low, found.high] == pytest.approx(sorted(ends))


@pytest.mark.parametrize("paths", [2, 63, 64, 10_000])
@pytest.mark.parametrize("chance", [0, 1])
def test_certain_on_all_paths_is_nearly_sure_not_exact(paths, chance):
    found = answers.probability(np.full(paths, bool(chance)))
    assert found.value == chance
    assert found.standard_error == pytest.approx(1.0 / paths)
    inner = found.high if chance == 0 else 1.0 - found.low
    assert 1.0 / paths < inner < (1.0 if paths < 10 else 6.0 / paths)
    assert (found.low if chance == 0 else found.high) == chance


def test_a_chance_that_all_replicates_agree_on_still_has_an_error():
    hits = np.tile([True] * 64 + [False] * 64, 50)
    found = answers.probability(hits)
    assert found.value == 0.5
    assert found.standard_error == pytest.approx(0.5 / math.sqrt(len(hits)), rel=1e-3)


@pytest.mark.parametrize(
    ("level", "value"),
    [(0.1, 10), (0.2, 10), (0.2000001, 20), (0.5, 30), (0.6, 30), (0.601, 40), (0.8, 40),
     (0.9, 50), (0.999, 50), (1e-9, 10)],
)  # fmt: skip
def test_a_quantile_is_the_smallest_value_whose_level_is_reached(level, value):
    [found] = answers.quantiles(np.array([50, 10, 40, 30, 20]), [level])
    assert found.value == value
    assert found.low <= value <= found.high


@pytest.mark.parametrize("paths", [10, 100, 1000, 10_000, 99_990])
def test_levels_that_are_reached_exactly_are_reached(paths):
    values = np.arange(1, paths + 1)
    found = answers.quantiles(values, [0.1, 0.5, 0.9])
    assert [one.value for one in found] == [paths // 10, paths // 2, paths * 9 // 10]


def test_quantiles_come_in_the_order_asked_for_and_in_units():
    values = np.arange(1, 1001)
    high, low = answers.quantiles(values, [0.9, 0.1], 100)
    assert (high.value, low.value) == (9.0, 1.0)


def test_the_error_of_a_quantile_is_that_of_the_level_over_the_density():
    values = np.random.default_rng(2).integers(0, 10**6, 64 * 200)
    [found] = answers.quantiles(values, [0.5])
    level = answers.probability(values <= found.value).standard_error
    assert found.standard_error == pytest.approx(level * 1e6, rel=0.15)


def test_all_paths_alike_have_no_spread():
    values = np.full(1000, 5)
    found = answers.distribution(values)
    same = Estimate.exact(5.0).to_dict()
    assert found == {
        "mean": same, "sd": 0.0, "quantiles": {"p10": same, "p50": same, "p90": same},
    }  # fmt: skip


def test_a_distribution_by_hand():
    values = np.array([0, 0, 100, 300, 600])
    found = answers.distribution(values, 100)
    assert found["mean"]["value"] == 2.0
    assert found["sd"] == pytest.approx(np.std([0, 0, 1, 3, 6], ddof=1))
    assert [found["quantiles"][p]["value"] for p in ("p10", "p50", "p90")] == [0.0, 1.0, 6.0]
    assert set(found["mean"]) == {"value", "standard_error", "low", "high"}


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint16])
def test_the_kind_of_integers_does_not_matter(kind):
    values = np.random.default_rng(3).integers(0, 60_000, 70_000)
    assert answers.distribution(values.astype(kind)) == answers.distribution(values)


# Honest: over many seeds of scenarios with exact answers

SEEDS = 200
PATHS = 2048
GAMMA = {"gamma": {"mean": 30, "cv": 0.6}}
SCENARIOS = {
    "independent": {
        "stages": [{"win": 0.3, "time": GAMMA}], "deals": deals(20), "edges": [0, 40],
        "quota": 4,
    },
    "one market": {
        "stages": [{"win": 0.3, "time": GAMMA}], "deals": deals(40), "edges": [0, 60],
        "quota": 12, "rho": 0.2,
    },
    "amounts move together": {
        "stages": [{"win": 0.5, "time": 10}], "deals": deals(10, units=3), "edges": [0, 30],
        "quota": 16, "amount_cv": 0.3,
    },
    "a rare event": {
        "stages": [{"win": 0.1, "time": 10}], "deals": deals(10), "edges": [0, 30], "quota": 4,
    },
}  # fmt: skip


@pytest.fixture(scope="module", params=SCENARIOS)
def many(request):
    description = SCENARIOS[request.param]
    scenario = scenario_of(description)
    runs = [fs.simulate(scenario, paths=PATHS, seed=1000 + s, threads=1) for s in range(SEEDS)]
    return exact_answers(description), runs


def assert_honest(estimates, true):
    """Errors fit the spread: z has a variance of 1, and 95 % intervals hold the truth in 95 %."""
    z = np.array([(one.value - true) / one.standard_error for one in estimates])
    inside = np.mean([one.low <= true <= one.high for one in estimates])
    assert abs(z.mean()) < 4.5 / math.sqrt(SEEDS)
    assert 0.8 < z.std() < 1.2
    assert 0.90 <= inside <= 0.99


@pytest.mark.compiled
def test_errors_of_the_attainment_are_honest(many):
    law, runs = many
    assert_honest([one.attainment_probability() for one in runs], law["attainment"])


@pytest.mark.compiled
def test_errors_of_the_mean_are_honest(many):
    law, runs = many
    assert_honest([one.expected_bookings() for one in runs], law["mean bookings"])


@pytest.mark.compiled
def test_errors_of_quantiles_are_honest():
    """Of bookings with an amount factor; a quantile of whole deals has no density."""
    scenario = scenario_of(
        {
            "stages": [{"win": 0.5, "time": 1}],
            "deals": deals(12),
            "edges": [0, 30],
            "amount_cv": 0.3,
        }
    )
    runs = [fs.simulate(scenario, paths=PATHS, seed=s, threads=1) for s in range(SEEDS)]
    pmf = exact.bookings_pmf([0.5] * 12, [1] * 12)
    for level in (0.1, 0.5, 0.9):
        units = brentq(
            lambda x, q=level: exact.attainment_with_amount_factor(pmf, x, 0.3) - 1 + q, 0.1, 99
        )
        found = [one.quantile(level) for one in runs]
        inside = np.mean([one.low <= 1000.0 * units <= one.high for one in found])
        assert 0.90 <= inside <= 0.99
        errors = np.array([one.value for one in found]) - 1000.0 * units
        stated = np.mean([one.standard_error for one in found])
        assert 0.8 < errors.std() / stated < 1.2
