"""The kernel of trajectories against what is known exactly: means, days, the method's peak."""

import datetime as dt

import numpy as np
import pytest
from scipy import stats

import funnelsim as fs
from funnelsim import _walk_blocks
from funnelsim._arrays import lower
from funnelsim._walk_blocks import NEVER, Trip, run_walks
from funnelsim._walks import lower_walks
from tests.oracles.compare import Comparison, assert_agreement, estimate_from_paths
from tests.oracles.repeats import mean_within

pytestmark = pytest.mark.compiled

PATHS = 1 << 14
MANY = 200
"""Comparisons of one test, at most."""
MEAN = 20.0
CONVERSIONS = (0.7, 0.5, 0.9)
EDGES = (0.0, 15.0, 40.0, 90.0)
SURE = (1.0, 1.0, 1.0)
WEEKEND = ("saturday", "sunday")


def trip_of(scenario, signed=3):
    lowered = lower(scenario)
    return Trip(lower_walks(scenario, lowered), lowered.shared, signed)


def walk(scenario, paths=PATHS, seed=5, signed=3):
    return run_walks(trip_of(scenario, signed), seed, 0, paths)


def funnel(times, conversions=CONVERSIONS):
    stages = [
        fs.Stage(f"s{s}", conversion=conversion, time=time)
        for s, (conversion, time) in enumerate(zip(conversions, times, strict=True))
    ]
    return fs.Funnel([*stages, fs.Stage("won", win_probability=1.0)])


def scenario(times, conversions=CONVERSIONS, edges=EDGES, deals=(), **fields):
    rows = [{"amount": 1.0, "id": f"d{i}", **deal} for i, deal in enumerate(deals)]
    return fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods(edges=edges),
        funnel=funnel(times, conversions),
        pipeline=fs.Pipeline.from_deals(rows) if rows else fs.Pipeline(),
        **fields,
    )


def agree(found, exact):
    """Compare the means over the paths, the last axis, with their exact values."""
    rows, wanted = found.reshape(-1, found.shape[-1]), np.ravel(exact)
    assert_agreement(
        (
            Comparison(str(place), *estimate_from_paths(row), value)
            for place, (row, value) in enumerate(zip(rows, wanted, strict=True))
        ),
        MANY,
    )


# Exponential times


def by(stages, days):
    """Return the chance that so many stages are left within some days."""
    days = np.asarray(days)
    return stats.gamma(stages, scale=MEAN).cdf(days) if stages else (days >= 0.0).astype(float)


def by_of_new(stages, days, low, high):
    """Return the same for deals created evenly between two days: the integral in closed form."""

    def integral(x):
        x = np.maximum(x, 0.0)
        return x * by(stages, x) - stages * MEAN * by(stages + 1, x)

    days = np.asarray(days)
    return (integral(days - low) - integral(days - high)) / (high - low)


def means(left, first, number):
    """Return mean entries and mean standing of deals in the first stage.

    ``left(stages)`` is the chance to have left so many stages by the end of each period.
    """
    reach = np.cumprod([1.0, *CONVERSIONS])
    entered = np.array([number * reach[s] * left(s) for s in range(4)])
    standing = np.array([number * reach[s] * (left(s) - left(s + 1)) for s in range(3)])
    if not first:
        entered[0] = 0.0
    return np.diff(entered, axis=1, prepend=0.0), standing


@pytest.mark.parametrize("market", [fs.Market(), fs.Market(win_rate_correlation=0.2)])
def test_means_of_open_deals_with_exponential_times(market):
    deals = [{"stage": "s0", "age": float(3 * i)} for i in range(10)]
    block = walk(scenario([fs.Exponential(MEAN)] * 3, deals=deals, market=market))
    entering, standing = means(lambda s: by(s, EDGES[1:]), first=False, number=10)
    agree(block.entering, entering)
    agree(block.standing, standing)


@pytest.mark.parametrize("per_period", [(8.0, 3.0, 0.0), (0.0, 0.0, 5.0)])
def test_means_of_created_deals_with_exponential_times(per_period):
    block = walk(
        scenario([fs.Exponential(MEAN)] * 3, new_business=fs.NewBusiness(per_period, amount=1.0))
    )
    entering, standing = np.zeros((4, 3)), np.zeros((3, 3))
    for rate, low, high in zip(per_period, EDGES, EDGES[1:], strict=False):

        def left(stages, low=low, high=high):
            return by_of_new(stages, EDGES[1:], low, high)

        new = means(left, first=True, number=rate)
        entering, standing = entering + new[0], standing + new[1]
    agree(block.entering, entering)
    agree(block.standing, standing)
    agree(block.bookings, 100.0 * entering[3])
    np.testing.assert_array_equal(block.fresh, block.bookings)


def test_a_rate_far_above_what_one_uniform_can_say():
    new = fs.NewBusiness((1200.0, 700.0, 0.0), dispersion=0.02)
    created = walk(scenario([200.0] * 3, new_business=new)).entering[0].astype(float)
    mean = np.array([1200.0, 700.0, 0.0])
    agree(created, mean)
    agree((created - mean[:, None]) ** 2, mean + 0.02 * mean**2)


# Fixed times


def test_a_certain_deal_with_fixed_times_is_the_same_on_every_path():
    block = walk(scenario([10.0] * 3, SURE, (0, 10, 20, 30), [{"stage": "s0", "age": 3.0}]), 300)
    entering = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    standing = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    np.testing.assert_array_equal(block.entering, np.repeat(entering, 300).reshape(4, 3, 300))
    np.testing.assert_array_equal(block.standing, np.repeat(standing, 300).reshape(3, 3, 300))


def test_a_stage_left_at_the_end_of_a_period_is_left_in_it():
    block = walk(scenario([10.0, 10.0, 10.1], SURE, (0, 10, 20, 30), [{"stage": "s0"}]), 256)
    assert block.entering[:, :, 0].tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert block.standing[:, :, 0].tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 1]]


def test_lost_deals_leave_after_their_own_time():
    stage = fs.Stage("s", conversion=0.25, time=25.0, time_if_lost=5.0)
    block = walk(
        fs.Scenario(
            as_of="2026-12-31",
            periods=fs.Periods(edges=(0, 10, 20, 30)),
            funnel=fs.Funnel([stage, fs.Stage("won", win_probability=1.0)]),
            pipeline=fs.Pipeline.from_deals([{"stage": "s", "amount": 1.0}] * 4),
        )
    )
    agree(block.standing[0], [1.0, 1.0, 0.0])
    agree(block.wins, [0.0, 0.0, 1.0])


def test_planned_deals_enter_evenly_inside_their_period():
    new = fs.NewBusiness([6, 0, 3], planned=True)
    block = walk(scenario([10.0] * 3, SURE, (0, 30, 60, 90), new_business=new))
    assert (block.entering[0] == np.array([[6], [0], [3]])).all()
    agree(block.entering[1], [4.0, 2.0, 2.0])
    agree(block.entering[3], [0.0, 6.0, 0.0])
    agree(block.standing[2], [2.0, 0.0, 1.0])


# Days of wins


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ({"deals": [{"stage": "s0", "age": 3.0}]}, [27, NEVER, NEVER]),
        ({"deals": [{"stage": "s0", "age": 3.5}]}, [27, NEVER, NEVER]),
        ({"deals": [{"stage": "s2", "age": 10.0}]}, [1, NEVER, NEVER]),
        ({"deals": [{"stage": "s1"}, {"stage": "s2"}, {"stage": "s0"}]}, [10, 20, 30]),
        ({"deals": [{"stage": "s2", "close_date": dt.date(2027, 1, 25)}]}, [25, NEVER, NEVER]),
        ({"deals": [{"stage": "s2", "close_date": dt.date(2027, 2, 25)}]}, [NEVER] * 3),
        (
            {"deals": [{"stage": "s2"}], "clock": fs.Clock(weekend=WEEKEND)},
            [12, NEVER, NEVER],  # the eighth day at work after Thursday, 31 December
        ),
    ],
)
def test_days_of_the_first_wins(fields, days):
    signed = walk(scenario([10.0] * 3, SURE, (0, 20, 40), **fields), 256).signed
    assert (signed == np.array(days)[:, None]).all()


def test_repeats_are_signed_their_delay_later():
    new = fs.NewBusiness(0, 5.0, repeat=fs.Repeat(0.5, 8))
    deals = [{"stage": "s2", "amount": 20.0}]
    block = walk(scenario([10.0] * 3, SURE, (0, 15, 25), deals, new_business=new), signed=50)
    chances = [np.isin(block.signed, [10]), np.isin(block.signed, [18])]
    agree(np.stack(chances).sum(axis=1), [1.0, 0.5])
    assert set(np.unique(block.signed)) == {10, 18, NEVER}
    agree(block.bookings, [2000.0, 250.0])
    agree(block.fresh, [0.0, 250.0])


def test_a_win_is_worth_more_wins_by_repeats():
    new = fs.NewBusiness(0, 5.0, repeat=fs.Repeat(0.7, fs.Exponential(15)))
    block = walk(scenario([10.0] * 3, SURE, EDGES, [{"stage": "s2"}], new_business=new))
    by_end = mean_within(0.7, 15.0, np.array(EDGES[1:]) - 10.0)
    agree(block.wins, np.diff(by_end, prepend=0.0))


def test_wins_that_wait_find_room(monkeypatch):
    new = fs.NewBusiness(20.0, 5.0, repeat=fs.Repeat(0.9, 3))
    many = scenario([1.0] * 3, SURE, EDGES, new_business=new)
    block = walk(many, 512)
    monkeypatch.setattr(_walk_blocks, "ROOM", 1)
    cramped = walk(many, 512)
    for one, other in zip(block, cramped, strict=True):
        np.testing.assert_array_equal(one, other)


# Blocks


def everything(deals, per_period=4.0):
    return scenario(
        [fs.Gamma(mean=20, cv=0.7)] * 3,
        deals=deals,
        market=fs.Market(win_rate_correlation=0.1, cycle_cv=0.3, amount_cv=0.2),
        new_business=fs.NewBusiness(
            per_period, fs.Lognormal(mean=10, cv=1.0), dispersion=0.5, repeat=fs.Repeat(0.3, 10)
        ),
    )


SOME = [
    {"id": f"some {i}", "stage": f"s{i % 3}", "amount": 10.0 + i, "age": float(i)} for i in range(7)
]


@pytest.mark.parametrize("size", [256, 768])
def test_blocks_regrouped_are_the_same(size):
    trip = trip_of(everything(SOME))
    whole = run_walks(trip, 3, 0, 1500)
    parts = [run_walks(trip, 3, k, min(size, 1500 - k)) for k in range(0, 1500, size)]
    for name in whole._fields:
        together = np.concatenate([getattr(part, name) for part in parts], axis=-1)
        np.testing.assert_array_equal(together, getattr(whole, name))


def test_a_deal_added_leaves_the_others_alone():
    added = {"id": "added", "stage": "s1", "age": 4.0}
    old, more = walk(everything(SOME), 512), walk(everything([added, *SOME]), 512)
    alone = walk(everything([added], per_period=0.0), 512)
    for name in ("bookings", "fresh", "entering", "standing"):
        together = getattr(old, name) + getattr(alone, name)
        np.testing.assert_array_equal(getattr(more, name), together)


# The method's peak


def test_the_random_peak_is_above_the_peak_of_the_mean():
    plan = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods(edges=range(0, 510, 30)),
        funnel=fs.Funnel.from_counts("6-5-3-3-2-1", time=30),
        new_business=fs.NewBusiness([6] * 10 + [0] * 6, planned=True),
    )
    load = walk(plan, 1 << 16).entering.sum(axis=0)
    peak = load.max(axis=0)
    assert load.mean(axis=1).max() == pytest.approx(20.0, abs=0.05)
    assert 22.25 <= peak.mean() <= 22.30
    assert np.quantile(peak, 0.9, method="inverted_cdf") == 25
