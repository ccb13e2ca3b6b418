"""Waits against exact queues: Erlang's M/M/c, and Pollaczek and Khinchine's M/G/1."""

import itertools
import math

import numpy as np
import pytest

import funnelsim as fs
from funnelsim import answers
from funnelsim._arrays import lower
from funnelsim._queue import lower_queue
from funnelsim._queue_blocks import BLOCK, Trip, run_queue
from tests.oracles.compare import Comparison, assert_agreement

ROUND_THE_CLOCK = 168.0
DAY = 24.0
HOURS = {
    "exponential": fs.Exponential(DAY),
    "gamma with a cv of 2": fs.Gamma(mean=DAY, cv=2.0),
    "fixed": fs.Fixed(DAY),
    "uneven": fs.Discrete((6.0, 78.0), (0.75, 0.25)),
}
SQUARES = {  # of the work's days, on average
    "exponential": 2.0,
    "gamma with a cv of 2": 5.0,
    "fixed": 1.0,
    "uneven": (0.75 * 6.0**2 + 0.25 * 78.0**2) / DAY**2,
}


def erlang_c(load, people):
    """Return the chance to wait in M/M/c, by Erlang's B and its recursion."""
    blocked = 1.0
    for one in range(1, people + 1):
        blocked = load * blocked / (one + load * blocked)
    return people * blocked / (people - load * (1.0 - blocked))


def station(per_day, people, hours, days, *, by="pool", stale=0.0):
    """Return a scenario that is a queue: warm-up, the days that count, and some after them."""
    warm, counted, after = days
    edges = [0, warm, warm + counted, warm + counted + after]
    return fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods(edges=edges),
        funnel=fs.Funnel(
            [
                fs.Stage("desk", conversion=1.0, time=0.0),
                fs.Stage("won", win_probability=1.0),
            ]
        ),
        new_business=fs.NewBusiness([per_day * (hi - lo) for lo, hi in itertools.pairwise(edges)]),
        team=fs.Team(
            [fs.Role("clerk", hours_per_week=ROUND_THE_CLOCK)],
            [fs.Rep("clerk", count=people)],
            work={"desk": hours},
            by=by,
            stale=stale,
        ),
    )


def waits_of(scenario, paths, seed=1):
    """Return the chance to wait and the mean wait in days, of those who come after the warm-up."""
    lowered = lower(scenario)
    trip = Trip(lower_queue(scenario, lowered), lowered.shared, 0)
    blocks = [run_queue(trip, seed, first, BLOCK).loads for first in range(0, paths, BLOCK)]

    def by_replicate(name):
        values = np.concatenate([getattr(one, name)[0, 1] for one in blocks])
        return values.reshape(-1, 64).sum(axis=0).astype(np.float64)

    begun = by_replicate("begun")
    return (
        answers.ratio(by_replicate("waited"), begun),
        answers.ratio(by_replicate("wait") / 86_400.0, begun),
    )


def compared(name, scenario, paths, chance, mean):
    share, days = waits_of(scenario, paths)
    return [
        Comparison(f"{name}: chance to wait", share.value, share.standard_error, chance),
        Comparison(f"{name}: mean wait", days.value, days.standard_error, mean),
    ]


def test_erlang_c_is_the_published_number():
    assert round(erlang_c(48.0, 55), 5) == 0.23870


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("load", "people", "days", "paths"),
    [(48.0, 55, (40, 40, 10), 512), (7.2, 8, (150, 100, 30), 1024), (1.5, 2, (60, 100, 40), 4096)],
)
def test_waits_of_a_pool_are_erlangs(load, people, days, paths):
    chance = erlang_c(load, people)
    scenario = station(load, people, fs.Exponential(DAY), days)
    assert_agreement(compared(f"M/M/{people}", scenario, paths, chance, chance / (people - load)))


@pytest.mark.compiled
@pytest.mark.parametrize("law", list(HOURS))
def test_waits_for_one_are_pollaczeks_and_khinchines(law):
    load = 0.6
    scenario = station(load, 1, HOURS[law], (250, 200, 100))
    mean = load * SQUARES[law] / (2.0 * (1.0 - load))
    assert_agreement(compared(law, scenario, 4096, load, mean))


@pytest.mark.compiled
def test_each_owner_is_a_queue_of_their_own():
    """Deals without an owner are spread evenly: the queues are M/G/1, by the stable number."""
    load, people = 0.6, 3
    scenario = station(people * load, people, fs.Fixed(DAY), (150, 150, 60), by="owner")
    share, days = waits_of(scenario, 2048)
    # the numbers of created deals are one after the other, so a seat takes every third: Erlang's
    # times between them wait less than Poisson's do
    assert share.value < load
    assert days.value < load / (2.0 * (1.0 - load))


@pytest.mark.compiled
@pytest.mark.parametrize("hazard", [0.02, 0.3])
def test_deals_that_wait_go_stale_at_the_stated_hazard(hazard):
    """With no one there, a deal that came is lost by the end with 1 - exp(-hazard times days)."""
    scenario = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods(edges=[0, 4, 11]),
        funnel=fs.Funnel(
            [
                fs.Stage("call", conversion=1.0, time=1.0),
                fs.Stage("desk", conversion=1.0, time=1.0),
                fs.Stage("won", win_probability=1.0),
            ]
        ),
        pipeline=fs.Pipeline.from_deals([{"stage": "call", "amount": 1}] * 8),
        team=fs.Team(
            [fs.Role("clerk")],
            [fs.Rep("clerk", start="2027-06-01")],
            work={"desk": 1},
            stale=hazard,
        ),
    )
    lowered = lower(scenario)
    trip = Trip(lower_queue(scenario, lowered), lowered.shared, 0)
    blocks = [run_queue(trip, 3, first, BLOCK) for first in range(0, 2048, BLOCK)]
    stale = np.concatenate([one.loads.stale[1] for one in blocks], axis=1)
    backlog = np.concatenate([one.loads.backlog[1] for one in blocks], axis=1)
    first = answers.mean(stale[0], 8)
    both = answers.mean(stale.sum(axis=0), 8)
    found = [
        Comparison("by day 4", first.value, first.standard_error, -math.expm1(-3.0 * hazard)),
        Comparison("by day 11", both.value, both.standard_error, -math.expm1(-10.0 * hazard)),
    ]
    assert_agreement(found)
    assert (stale.cumsum(axis=0) + backlog == 8).all()


@pytest.mark.compiled
def test_reps_create_deals_by_their_ramp():
    role = fs.Role("rep", creates=6.0, ramp=(0.0, 0.5))
    scenario = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("month", 4),
        funnel=fs.Funnel.key_account(time=30),
        new_business=fs.NewBusiness(2.0),
        team=fs.Team([role], [fs.Rep("rep", count=2), fs.Rep("rep", start="2027-01-01")]),
    )
    entering = fs.simulate(scenario, paths=4096).activities(4096).entering[0]
    wanted = [2.0 + 6.0 * (2.0 + ramp) for ramp in (0.0, 0.5, 1.0, 1.0)]
    rows = [(answers.mean(row), mean) for row, mean in zip(entering, wanted, strict=True)]
    assert_agreement(
        Comparison(f"month {k}", one.value, one.standard_error, mean)
        for k, (one, mean) in enumerate(rows)
    )
