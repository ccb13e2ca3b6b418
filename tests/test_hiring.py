"""Hiring plans: what they cost and return, and how many reps it takes."""

import json
import math

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.planning.costs import return_on_cost
from funnelsim.staff_cost import staff_cost

pytestmark = pytest.mark.compiled

PATHS = 1024
REP = fs.Role("rep", cost=120_000)


def plan(reps, *, roles=(REP,), **changes):
    base = {
        "as_of": "2026-12-31",
        "periods": fs.Periods("quarter", 4),
        "quota": 2_000_000,
        "funnel": fs.Funnel.key_account(time=fs.Gamma(mean=20, cv=0.6)),
        "new_business": fs.NewBusiness(40, 300_000),
        "team": fs.Team(
            roles, reps, work={"training": 8, "meeting": 8, "consulting": 16, "proposal": 40}
        ),
    }
    return fs.Scenario(**base | changes)


def test_cost_is_that_of_quota_capacity():
    """With leavers, empty seats and late hires, by the same exact presence."""
    role = fs.Role("rep", cost=120_000, quota=1, attrition=0.4, backfill=60)
    engineer = fs.Role("engineer", cost=90_000)
    free = fs.Role("partner")
    late = fs.Rep("rep", count=3, start="2027-03-01", delay=fs.Gamma(mean=30, cv=1))
    for periods in (fs.Periods("quarter", 4), fs.Periods("month", 7), fs.Periods(edges=[0, 50])):
        scenario = plan(
            [fs.Rep("rep", count=2), late, fs.Rep("engineer"), fs.Rep("partner")],
            roles=[role, engineer, free],
            periods=periods,
        )
        assert staff_cost(scenario) == pytest.approx(
            fs.quota_capacity(scenario, paths=2).total.cost, rel=1e-12
        )


def test_cost_of_people_who_come_and_leave_by_hand():
    reps = [fs.Rep("rep", count=2), fs.Rep("rep", start="2027-04-01"),
            fs.Rep("rep", leave="2027-06-30")]  # fmt: skip
    assert staff_cost(plan(reps)) == pytest.approx(120_000 * (2 + 0.75 + 0.5))


def test_cost_of_one_who_may_leave_by_hand():
    """Of somebody who leaves at a rate h per day, and is not followed: a geometric sum."""
    role = fs.Role("rep", cost=120_000, attrition=0.5)
    h = 0.5 / 365.25
    quarters = [90, 91, 92, 92]
    days = np.split(np.exp(-h * np.arange(365)), np.cumsum(quarters)[:-1])
    assert staff_cost(plan([fs.Rep("rep")], roles=[role])) == pytest.approx(
        30_000 * sum(float(day.mean()) for day in days)
    )


def test_no_cost_where_none_is_stated():
    assert staff_cost(plan([fs.Rep("rep")], roles=[fs.Role("rep")])) is None
    assert staff_cost(plan([fs.Rep("rep")], team=None)) is None


def test_a_team_hires():
    team = fs.Team([REP], [fs.Rep("rep", count=3)])
    more = team.hire(fs.Rep("Rep", count=2, start="2027-03-01"), fs.Rep("rep", name="Bo"))
    assert [rep.count for rep in more.reps] == [3, 2, 1]
    assert more.reps[1].role == "rep"
    assert team.headcount("rep") == 3
    assert team.hire() == team
    with pytest.raises(fs.InputError, match="must be Rep objects"):
        team.hire("rep")
    with pytest.raises(fs.InputError, match="did you mean 'rep'"):
        team.hire(fs.Rep("reps"))


@pytest.fixture(scope="module")
def found():
    base = plan([fs.Rep("rep", count=3)])
    late = fs.Rep("rep", count=2, start="2027-03-01", delay=fs.Fixed(60))
    hires = {
        "today": base,
        "two in March": base.replace(
            team=base.team.hire(fs.Rep("rep", count=2, start="2027-03-01"))
        ),
        "two months late": base.replace(team=base.team.hire(late)),
        "one fewer": base.replace(team=fs.Team([REP], [fs.Rep("rep", count=2)],
                                               work=base.team.work)),
        "another quota": base.replace(quota=1_500_000),
    }  # fmt: skip
    return fs.compare(hires, paths=PATHS)


def test_plans_differ_by_cost_and_return(found):
    costs = dict(zip(found.names, found.costs, strict=True))
    assert costs["today"] == pytest.approx(360_000)
    # March of the first quarter, 31 of its 90 days, then three quarters
    assert costs["two in March"] == pytest.approx(360_000 + 60_000 * (31 / 90 + 3))
    assert costs["two months late"] == pytest.approx(360_000 + 60_000 * (2 + 62 / 91))
    by_name = dict(zip(found.names, found.returns, strict=True))
    assert by_name["today"] is None
    assert by_name["another quota"] is None
    for name, change, more, brings in zip(
        found.names, found.differences, found.cost_differences, found.returns, strict=True
    ):
        if brings is not None:
            assert brings.value == pytest.approx(change.mean.value / more), name
            assert brings.standard_error == pytest.approx(change.mean.standard_error / abs(more))
            assert brings.low < brings.value < brings.high
    assert by_name["one fewer"].value > 0.0  # less is spent and less is booked
    assert by_name["two in March"].low > 0.0


def test_tables_text_and_json_hold_cost_and_return(found):
    row = found.rows()[1]
    assert row["cost"] == found.costs[1]
    assert row["return_on_cost"] == found.returns[1]
    frame = found.to_frame(backend="pandas")
    assert frame["difference_cost"][1] == found.cost_differences[1]
    assert frame["return_on_cost"][1] == found.returns[1].value
    assert math.isnan(frame["return_on_cost"][0])
    answer = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert answer["scenarios"][1]["differences"]["cost"] == found.cost_differences[1]
    assert answer["scenarios"][1]["return_on_cost"]["value"] == found.returns[1].value
    assert answer["scenarios"][0]["return_on_cost"] is None
    lines = repr(found).splitlines()
    assert lines[2].split()[-1] == "cost"
    assert next(line for line in lines if line.startswith("difference")).split()[-1] == "return"
    assert lines[-1].startswith("return: ")


def test_without_cost_nothing_is_said_of_it():
    base = plan([fs.Rep("rep")], roles=[fs.Role("rep")])
    bare = fs.compare({"a": base, "b": base.replace(quota=5)}, paths=64)
    assert "cost" not in bare.rows()[0]
    assert "return" not in repr(bare)
    assert bare.to_dict()["scenarios"][0]["cost"] is None


def test_a_scenario_without_a_team_has_no_cost_to_compare():
    base = plan([fs.Rep("rep")])
    mixed = fs.compare({"a": base, "b": base.replace(team=None)}, paths=64)
    assert mixed.costs == (120_000.0, None)
    assert mixed.returns == (None, None)
    assert repr(mixed)


def test_a_return_of_nothing_spent_is_none():
    assert return_on_cost(fs.Estimate.exact(3.0), 0.0) is None


def hours(reps, engineers):
    """The scenario of the page on hours."""
    return plan(
        [],
        quota=6_000_000,
        funnel=fs.Funnel.key_account(time=fs.Gamma(mean=30, cv=0.6)),
        new_business=fs.NewBusiness(100, 300_000),
        clock=fs.Clock(weekend=["saturday", "sunday"]),
        team=fs.Team(
            [fs.Role("rep"), fs.Role("engineer")],
            [fs.Rep("rep", count=reps), fs.Rep("engineer", count=engineers)],
            work={
                "training": 8, "meeting": 8, "consulting": 16,
                "proposal": fs.Work(fs.Gamma(mean=40, cv=0.5), "engineer"),
            },
        ),
    )  # fmt: skip


def test_so_many_reps_reach_the_quota():
    """The smallest number whose chance reaches it, as each number tried by itself has it."""
    few = {"paths": 512}
    chances = {
        reps: fs.simulate(hours(reps, 3), **few).attainment_probability() for reps in range(1, 7)
    }
    for target in (0.3, 0.6):
        smallest = min(reps for reps, chance in chances.items() if chance.value >= target)
        found = fs.solve(hours(4, 3), "team.reps", attainment=target, **few)
        assert found.reachable
        assert found.value == smallest
        assert found.attainment_there == chances[smallest]
        assert found.low <= found.value <= found.high


def test_no_reps_are_tried_beyond_time_for_all():
    """Where engineers are short, reps do not help, however many."""
    found = fs.solve(hours(4, 1), "team.reps", attainment=0.8, paths=512)
    assert not found.reachable
    assert found.most_attainment.value < 0.3
    assert found.simulations <= 5
    enough = fs.solve(hours(4, 1), "team.reps.engineer", attainment=0.6, paths=512)
    assert 1 < enough.value <= 4


def test_reps_are_swept():
    base = plan([fs.Rep("rep", count=3)])
    swept = fs.sweep(base, {"team.reps": [2, 4, 8]}, paths=PATHS).rows()
    means = [row["bookings_mean"].value for row in swept]
    assert [row["team.reps"] for row in swept] == [2, 4, 8]
    assert means == sorted(means)
    again = base.replace(team=fs.Team([REP], [fs.Rep("rep", count=4)], work=base.team.work))
    assert means[1] == pytest.approx(fs.simulate(again, paths=PATHS).expected_bookings().value)
