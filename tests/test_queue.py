"""Deals that wait for people, in cases that are worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim._arrays import lower
from funnelsim._queue import lower_queue
from funnelsim._queue_blocks import People, Trip, run_people, run_queue
from funnelsim._walk_blocks import Trip as WalkTrip
from funnelsim._walk_blocks import run_walks
from funnelsim._walks import lower_walks
from tests.test_trajectories_twin import scenarios, seeds

ROUND_THE_CLOCK = 168.0
A_DAY = 1_440_000  # units a second of one who works round the clock
ABSENT = -1


def desk(deals, *, work, days=30, roles=1, **team):
    """Return a scenario: a stage of ten days without work, then "desk" and "office"."""
    names = ["clerk", "chief"][:roles]
    reps = team.pop("reps", [fs.Rep(name) for name in names])
    return fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods(edges=list(range(days + 1))),
        funnel=fs.Funnel(
            [
                fs.Stage("call", conversion=1.0, time=10.0),
                fs.Stage("desk", conversion=1.0, time=2.0),
                fs.Stage("office", conversion=1.0, time=2.0),
                fs.Stage("won", win_probability=1.0),
            ]
        ),
        pipeline=fs.Pipeline.from_deals(deals),
        team=fs.Team(
            [fs.Role(name, hours_per_week=ROUND_THE_CLOCK) for name in names],
            reps,
            work=work,
            **team,
        ),
    )


def queue_trip(scenario, signed=0):
    lowered = lower(scenario)
    return Trip(lower_queue(scenario, lowered), lowered.shared, signed)


def days_of_wins(block):
    """Return the day on which each amount is booked, on a path."""
    booked = block.deals.bookings[:, 0] // 100
    return {int(booked[day]): day + 1 for day in np.flatnonzero(booked)}


def test_a_deal_waits_until_the_one_before_is_done():
    """They come on days 1 and 1.5; work takes a day, so the second waits for half a day."""
    deals = [
        {"stage": "call", "amount": 5, "age": 9.0},
        {"stage": "call", "amount": 7, "age": 8.5},
    ]
    block = run_queue(queue_trip(desk(deals, work={"desk": 24})), 1, 0, 1)
    # 1 + 2 + 2 days, and 2 + 2 + 2
    assert days_of_wins(block) == {5: 5, 7: 6}
    loads = block.loads
    assert loads.begun[1, :, 0].sum() == 2
    assert loads.waited[1, :, 0].sum() == 1
    assert loads.wait[1, :, 0].sum() == 86_400 // 2
    assert loads.worked[0, 0].sum() == 2 * 86_400 * A_DAY
    assert block.offered[0, 0].sum() == 30 * 86_400 * A_DAY


def test_what_a_rep_who_leaves_has_not_done_goes_back_into_the_queue():
    """Work of 36 hours begins on day 1; the rep leaves after day 2, the next is there on day 5."""
    scenario = desk([{"stage": "call", "amount": 5, "age": 9.0}], work={"desk": 36})
    rates = np.full((1, 1, 30), A_DAY, np.int32)
    rates[0, 0, 2:5] = ABSENT
    block = run_people(queue_trip(scenario), People(rates, np.zeros((0, 256))), 1, 0)
    # a day of its two in the stage, then it waits for three; one more day there, and two more
    assert days_of_wins(block) == {5: 8}
    assert block.loads.worked[0, 0, [1, 2, 3, 4, 5]].tolist() == [
        86_400 * A_DAY, 0, 0, 0, 43_200 * A_DAY,
    ]  # fmt: skip
    # it waits at the ends of days 2, 3 and 4
    assert np.flatnonzero(block.loads.backlog[1, :, 0]).tolist() == [1, 2, 3]
    assert (block.loads.begun.sum(), block.loads.waited.sum()) == (1, 0)


def test_another_seat_goes_on_with_what_is_left():
    scenario = desk(
        [{"stage": "call", "amount": 5, "age": 9.0}],
        work={"desk": 36},
        reps=[fs.Rep("clerk", count=2)],
    )
    rates = np.full((1, 2, 30), A_DAY, np.int32)
    rates[0, 0, 2:] = ABSENT
    block = run_people(queue_trip(scenario), People(rates, np.zeros((0, 256))), 1, 0)
    assert days_of_wins(block) == {5: 5}
    assert block.loads.worked[0, 0].sum() == 129_600 * A_DAY


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("first-come", [100, 300, 200]),
        ("value-per-hour", [300, 200, 100]),
        ("due-date", [200, 100, 300]),
    ],
)
def test_who_is_next_among_those_who_wait(order, wanted):
    """One is worked on from day 1 to 3; three come meanwhile."""
    due = {100: "2027-01-08", 300: "2027-01-09", 200: "2027-01-07"} if order == "due-date" else {}
    come = {50: 9.0, 100: 8.75, 300: 8.5, 200: 8.25}
    deals = [
        {"stage": "call", "amount": amount, "age": age, "close_date": due.get(amount)}
        for amount, age in come.items()
    ]
    block = run_queue(queue_trip(desk(deals, work={"desk": 48}, order=order)), 1, 0, 1)
    days = days_of_wins(block)
    assert sorted([100, 200, 300], key=days.get) == wanted


def test_deals_further_on_are_next_where_that_is_the_order():
    """One deal waits at the desk, one that comes later in the office; one clerk for both."""
    deals = [
        {"stage": "call", "amount": 50, "age": 9.0},
        {"stage": "call", "amount": 100, "age": 8.75},
        {"stage": "desk", "amount": 300, "age": 0.5},
    ]
    work = {"desk": 24, "office": 24}
    plain = run_queue(queue_trip(desk(deals, work=work)), 1, 0, 1)
    ahead = run_queue(queue_trip(desk(deals, work=work, order="stage")), 1, 0, 1)
    # on day 2 the clerk is free: who came first waits at the desk since day 1.25
    assert (days_of_wins(plain)[300], days_of_wins(ahead)[300]) == (5, 4)
    assert plain.loads.wait[1].sum() == 0.75 * 86_400
    assert ahead.loads.wait[1].sum() == 1.75 * 86_400


def test_owners_work_on_their_own_deals():
    """Ann has two deals, Bo none: in a pool he would take one."""
    deals = [
        {"stage": "call", "amount": 5, "age": 9.0, "owner": "Ann"},
        {"stage": "call", "amount": 7, "age": 9.0, "owner": "ann"},
    ]
    reps = [fs.Rep("clerk", name="Ann"), fs.Rep("clerk", name="Bo")]
    pool = run_queue(queue_trip(desk(deals, work={"desk": 24}, reps=reps)), 1, 0, 1)
    own = run_queue(queue_trip(desk(deals, work={"desk": 24}, reps=reps, by="owner")), 1, 0, 1)
    assert pool.loads.waited.sum() == 0
    assert own.loads.waited.sum() == 1
    assert own.loads.wait.sum() == 86_400


def test_roles_do_not_wait_for_each_other():
    deals = [{"stage": "call", "amount": 5, "age": 9.0}, {"stage": "desk", "amount": 7, "age": 1.0}]
    work = {"desk": fs.Work(24, "clerk"), "office": fs.Work(24, "chief")}
    block = run_queue(queue_trip(desk(deals, work=work, roles=2)), 1, 0, 1)
    assert block.loads.waited.sum() == 0
    assert block.loads.worked[0].sum(axis=1).tolist() == [86_400 * A_DAY, 2 * 86_400 * A_DAY]


@given(scenarios(), seeds)
@settings(max_examples=40, deadline=None, derandomize=True)
@pytest.mark.compiled
def test_with_time_for_all_the_paths_are_those_without_people(scenario, seed):
    """Bit for bit: bookings, wins, entering, standing, days of wins."""
    team = fs.Team(
        [fs.Role("rep", hours_per_week=ROUND_THE_CLOCK)],
        [fs.Rep("rep", count=200)],
        work={"first": fs.Gamma(mean=8, cv=1), "second": 40, "third": 5},
    )
    lowered = lower(scenario)
    plain = run_walks(WalkTrip(lower_walks(scenario, lowered), lowered.shared, 3), seed, 0, 300)
    limited = run_queue(queue_trip(scenario.replace(team=team), signed=3), seed, 0, 300)
    assert limited.loads.waited.sum() == 0
    for name in plain._fields:
        np.testing.assert_array_equal(getattr(limited.deals, name), getattr(plain, name), name)


@given(st.permutations(range(40)))
@settings(max_examples=20, deadline=None, derandomize=True)
@pytest.mark.compiled
def test_the_order_of_deals_does_not_matter(order):
    """Fixed times and whole ages: many come in the same second."""
    rows = [
        {"id": f"d{i}", "stage": "call", "amount": 10.0 + i, "age": float(i % 4)} for i in range(40)
    ]
    base = desk(rows, work={"desk": fs.Gamma(mean=10, cv=1), "office": 7}, days=40)
    base = base.replace(
        funnel=replace(
            base.funnel,
            stages=tuple(
                replace(one, conversion=0.8) if one.time is not None else one
                for one in base.funnel.stages
            ),
        )
    )
    other = base.replace(pipeline=fs.Pipeline.from_deals([rows[i] for i in order]))
    wanted = run_queue(queue_trip(base, 5), 4, 0, 128)
    found = run_queue(queue_trip(other, 5), 4, 0, 128)
    assert wanted.loads.waited.sum() > 1000
    for name in wanted.deals._fields:
        np.testing.assert_array_equal(getattr(found.deals, name), getattr(wanted.deals, name), name)
    for name in wanted.loads._fields:
        np.testing.assert_array_equal(getattr(found.loads, name), getattr(wanted.loads, name), name)


def test_a_role_with_work_needs_somebody():
    scenario = desk([{"stage": "call", "amount": 5}], work={"desk": fs.Work(3, "chief")}, roles=2)
    alone = replace(scenario.team, reps=(fs.Rep("clerk"),))
    with pytest.raises(fs.InputError, match=r"team\.reps must have a rep of each role with work"):
        fs.simulate(scenario.replace(team=alone), paths=2)


@pytest.mark.parametrize("business", [None, fs.NewBusiness([3] * 30, planned=True)])
def test_reps_create_deals_only_beside_new_business_by_chance(business):
    scenario = desk([{"stage": "call", "amount": 5}], work={})
    team = fs.Team([fs.Role("clerk", creates=2.0)], [fs.Rep("clerk")])
    with pytest.raises(fs.InputError, match="creates of role 'clerk' must be 0 where"):
        fs.simulate(scenario.replace(team=team, new_business=business), paths=2)


def test_parts_of_a_forecast_are_not_told_where_people_limit():
    deals = fs.Pipeline.from_frame(
        {"stage": ["proposal"] * 2, "amount": [1.0] * 2, "region": ["north", "south"]}
    )
    base = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("quarter", 1),
        funnel=fs.Funnel.key_account(time=10),
        pipeline=deals,
        team=fs.Team([fs.Role("rep")], [fs.Rep("rep")], work={"negotiation": 8}),
    )
    with pytest.raises(fs.InputError, match="team must limit no deals"):
        fs.simulate(base, paths=2).by("region")
    assert set(fs.simulate(base.replace(team=None), paths=2).by("region")) == {"north", "south"}
