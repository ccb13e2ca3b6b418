"""Corners of a scenario where an answer easily goes wrong."""

import datetime as dt
import time

import numpy as np
import pytest

import funnelsim as fs
from funnelsim import answers
from funnelsim._arrays import lower

AS_OF = "2026-12-31"


def one_stage(rows, time_in_stage, *, conversion=0.5, time_if_lost=None, **given):
    stages = [
        fs.Stage("lead", conversion=conversion, time=time_in_stage, time_if_lost=time_if_lost),
        fs.Stage("won", win_probability=1),
    ]
    rows = [{"id": str(i), "stage": "lead", "amount": 1, **row} for i, row in enumerate(rows)]
    return fs.Scenario(**{
        "as_of": AS_OF, "periods": fs.Periods(edges=[0, 10, 30, 90]), "funnel": fs.Funnel(stages),
        "pipeline": fs.Pipeline.from_deals(rows), **given,
    })  # fmt: skip


@pytest.mark.parametrize("cents", [10**13, 10**14, 2 * 10**15])
def test_sums_of_all_replicates_may_pass_64_bits(cents):
    values = np.full(100_000, cents, dtype=np.int64)
    values[::2] = 0
    assert answers.mean(values, 100).value == cents / 200


def test_intervals_of_quantiles_hold_the_truth_where_paths_share_values():
    """The median of a fair coin is 0; half of the samples find the other side."""
    missed = 0
    for seed in range(200):
        tosses = np.random.default_rng(seed).integers(0, 2, 4096) * 300
        [median] = answers.quantiles(tosses, [0.5])
        missed += not median.low <= 0 <= median.high
    assert missed <= 22  # 5 % of 200 is 10; 22 and fewer come with a chance of 0.9998


@pytest.mark.compiled
@pytest.mark.parametrize("cv", [1e-9, 1e-5, 1e-3, 0.02])
def test_a_small_cycle_factor_is_next_to_none(cv):
    law = fs.Gamma(mean=20, cv=0.6)
    rows = [{"age": 5.0}, {"age": 0.0}]
    plain = lower(one_stage(rows, law)).by_end
    moved = lower(one_stage(rows, law, market=fs.Market(cycle_cv=cv))).by_end
    np.testing.assert_allclose(moved, plain, atol=2e-4)
    means = [
        fs.simulate(one_stage(rows, law, market=market), paths=50_000).wins.mean(axis=0)
        for market in (fs.Market(), fs.Market(cycle_cv=cv))
    ]
    np.testing.assert_allclose(means[1], means[0], atol=0.005)


def test_draws_count_by_their_chance_to_win_for_the_close_date():
    scenario = one_stage([{}], fs.Fixed([100, 10]), conversion=[0.01, 1.0])
    [expected] = fs.simulate(scenario, paths=2).deals()["expected_close"]
    assert expected == dt.date(2027, 1, 11)  # (0.01 * 100 + 1 * 10) / 1.01 is 10.9 days


def test_a_judged_deal_older_than_its_time_is_named():
    scenario = one_stage(
        [{"age": 30.0, "win_probability": 0.6}], 10, time_if_lost=fs.Exponential(60)
    )
    [warning] = fs.simulate(scenario, paths=2).warnings
    assert (warning.code, warning.ids) == ("deal-older-than-its-times", ("0",))


def test_a_new_deal_is_never_too_old():
    assert fs.simulate(one_stage([{"age": 0.0}], 0), paths=2).warnings == []


@pytest.mark.compiled  # NumPy warns of the cast that compiled code makes silently
def test_sums_too_large_to_be_exact_are_refused():
    rows = [{"amount": fs.Pareto(alpha=0.1, low=1000)}]
    with pytest.raises(fs.InputError, match=r"^bookings of a period on a path must stay below"):
        fs.simulate(one_stage(rows, 5), paths=10_000)


@pytest.mark.parametrize("name", ["cycle_cv", "amount_cv"])
def test_a_variation_has_an_end(name):
    with pytest.raises(fs.InputError, match=rf"^{name} must be in \[0, 100\], got 1e\+100"):
        fs.Market(**{name: 1e100})


def test_an_edge_beyond_all_dates_is_refused():
    with pytest.raises(fs.InputError, match=r"^periods.edges must end by day 3652059"):
        fs.Periods(edges=[0, 1e300])


def test_one_mistyped_age_costs_neither_memory_nor_time():
    rows = [{"age": float(age)} for age in [*range(9), 10**9]]
    scenario = one_stage(rows, fs.Lognormal(median=30, sigma=0.5), periods=fs.Periods("day", 30))
    start = time.perf_counter()
    forecast = fs.simulate(scenario, paths=100)
    assert time.perf_counter() - start < 60
    assert "9" in {name for warning in forecast.warnings for name in warning.ids}


def test_small_sums_keep_their_decimals():
    scenario = one_stage([{"amount": 12.5}], 5, quota=12.5, currency="MEUR")
    text = repr(fs.simulate(scenario, paths=1000))
    assert "12.5 MEUR" in text


def test_a_fraction_is_an_amount():
    from fractions import Fraction  # noqa: PLC0415

    frame = {"stage": ["lead"], "amount": [Fraction(1, 3)]}
    assert fs.Pipeline.from_frame(frame).amounts == (33,)
