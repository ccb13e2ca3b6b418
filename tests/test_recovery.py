"""Known funnels are recovered from their histories; `benchmarks.recovery` prints the tables."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
from scipy import stats

from benchmarks import recovery
from benchmarks.plain_table import lines
from benchmarks.resampling import ratio_to_best
from tests import worlds

FAST = (0, 2, 7)
"""Three stages and truncated; five stages; six stages with a correlation."""
KINDS = {"created a month": 0.05, "conversion": 0.03, "mean days forward": 0.03,
         "mean days lost": 0.03}  # fmt: skip
"""Numbers that hundreds of deals, or a year of months, tell; the largest bias over all funnels."""


@cache
def found(seed):
    return recovery.recovered(seed)


@pytest.mark.parametrize("seed", FAST)
def test_errors_are_no_larger_than_the_intervals_say(seed):
    """Five in a hundred over all numbers of a funnel, were the intervals those of normals."""
    certain = [one for one in found(seed) if one.kind in KINDS]
    for one in certain:
        error = (one.high - one.low) / 2.563
        limit = stats.norm.isf(0.025 / len(certain)) + 1.0  # intervals are estimates, too
        assert abs(one.value - one.true) < limit * error, one


@pytest.mark.parametrize("seed", FAST)
def test_values_lie_in_their_intervals(seed):
    for one in found(seed):
        assert one.low <= one.value <= one.high or one.true == 0.0, one


def test_no_correlation_is_told_as_a_small_one():
    rho = next(one for one in found(2) if one.kind.startswith("rho"))
    assert (rho.true, rho.kind) == (0.0, "rho where it is 0")
    assert rho.high < 0.05


def test_a_longer_history_of_one_funnel_is_told_more_surely():
    truth = dataclasses.replace(worlds.funnel_truth(2), months=12)
    short, long = (
        recovery.compared(worlds.simulate_truth(one, 5), one, 5)
        for one in (truth, dataclasses.replace(truth, months=48))
    )
    width = [
        np.mean([one.high - one.low for one in numbers if one.kind == "mean days forward"])
        for numbers in (short, long)
    ]
    assert 0.3 < width[1] / width[0] < 0.7  # 0.5 were it the root of the deals


@pytest.mark.slow
def test_all_funnels_within_the_band():
    everything = [one for seed in range(recovery.FUNNELS) for one in found(seed)]
    for kind, most in KINDS.items():
        chosen = [one for one in everything if one.kind == kind]
        assert abs(np.mean([one.value / one.true - 1.0 for one in chosen])) < most
        low, high = recovery.band(len(chosen), len(KINDS))
        assert low <= np.mean([one.held for one in chosen]) <= high
    rho = [(one.true, one.value) for one in everything if one.kind.startswith("rho")]
    assert np.corrcoef(np.transpose(rho))[0, 1] > 0.6


def test_the_band_is_that_of_the_binomial():
    low, high = recovery.band(90, 5)
    inside = stats.binom.cdf(round(90 * high), 90, 0.8) - stats.binom.cdf(
        round(90 * low) - 1, 90, 0.8
    )
    assert inside >= 0.99
    assert (low, high) == pytest.approx((0.69, 0.90), abs=0.02)


def test_a_table_shows_bias_and_what_was_held():
    numbers = [recovery.Found("speed", k, 2.0, 2.2, 1.9, 2.1 + (k > 5)) for k in range(10)]
    row = recovery.table(numbers).splitlines()[2].split()
    assert row[:3] == ["speed", "10", "+10.0%"]
    assert row[6:] == ["100%", "50%-100%", "yes"]


def test_the_best_of_others_is_picked_in_each_draw():
    block = np.repeat(np.arange(4), 5)
    good, bad = np.full(20, 1.0), np.full(20, 3.0)
    ratio = ratio_to_best(np.full(20, 0.5), {"bad": bad, "good": good}, block)
    assert (ratio.value, ratio.low, ratio.high, ratio.best) == (0.5, 0.5, 0.5, "good")
    uneven = ratio_to_best(good + block, {"same": np.full(20, 2.0), "bad": bad}, block)
    assert uneven.value == pytest.approx(1.25)
    assert uneven.low < 1.0
    assert uneven.high > 1.5


def test_plain_tables_align():
    text = lines(["what", "number"], [["a", 1.23456], ["longer", 7]])
    assert text.splitlines() == [
        "what    number",
        "------  ------",
        "a         1.23",
        "longer       7",
    ]
