"""Quota capacity: the arithmetic on paper, exact means against draws, and what is said of it."""

import json
import math

import numpy as np
import pandas as pd
import pytest

import funnelsim as fs
from funnelsim.quotas import quota_capacity
from funnelsim.team import Rep, Role, Team

QUARTER = fs.Periods("quarter", 1)


def scenario(roles, reps, *, periods=None, over_assignment=None, **changes):
    given = {
        "as_of": "2026-12-31",
        "periods": periods or fs.Periods("quarter", 4),
        "funnel": fs.Funnel.key_account(time=30),
        "team": Team(roles, reps, over_assignment=over_assignment),
    }
    return fs.Scenario(**given | changes)


def few(given, **changes):
    return quota_capacity(scenario(*given, **changes), paths=64)


# ---- arithmetic on paper


def test_seven_ramped_and_three_new_reps():
    roles = [
        Role("ramped", quota=600_000, attainment_factor=0.85),
        Role("new", quota=600_000, attainment_factor=0.40),
    ]
    found = few((roles, [Rep("ramped", count=7), Rep("new", count=3)]), periods=QUARTER)
    assert found.total.expected == fs.Estimate.exact(1_072_500.0)
    assert found.total.mean.value == 1_072_500.0
    assert found.total.street == 1_500_000.0
    assert found.total.sd == 0.0


def test_the_same_with_a_ramp_of_a_quarter():
    # three new reps bring 40 % of a quota, where a ramped one brings 85 %: a share of 40/85
    role = Role("rep", quota=600_000, attainment_factor=0.85, ramp=[0.40 / 0.85] * 3)
    found = few(([role], [Rep("rep", count=7), Rep("rep", count=3, ramped=0)]), periods=QUARTER)
    assert found.total.expected.value == pytest.approx(1_072_500.0, rel=1e-15)
    assert found.total.mean.value == 1_072_500.0


@pytest.mark.parametrize(
    ("periods", "parts"),
    [
        (fs.Periods("month", 2), [1 / 12, 1 / 12]),
        (fs.Periods("quarter", 2), [1 / 4, 1 / 4]),
        (fs.Periods("year", 2), [1.0, 1.0]),
        (fs.Periods("week", 2), [3 / 365.25, 7 / 365.25]),
        (fs.Periods(edges=[0, 10, 10.5]), [10 / 365.25, 0.5 / 365.25]),
    ],
)
def test_a_quota_of_a_year_counts_for_a_part_of_it(periods, parts):
    found = few(([Role("rep", quota=1_200_000)], [Rep("rep")]), periods=periods)
    expected = [1_200_000 * part for part in parts]
    assert [one.street for one in found.periods] == pytest.approx(expected, rel=1e-14)
    assert [one.expected.value for one in found.periods] == pytest.approx(expected, rel=1e-14)
    assert [one.headcount for one in found.periods] == [1.0] * len(parts)


def test_of_a_period_that_has_begun_the_rest_counts():
    found = few(([Role("rep", quota=1_200_000)], [Rep("rep")]), as_of="2027-01-15",
                periods=fs.Periods("month", 2))  # fmt: skip
    assert found.periods[0].expected.value == pytest.approx(100_000 * 16 / 31, rel=1e-14)
    assert found.periods[1].expected.value == 100_000.0


def test_a_hire_counts_from_the_first_day_by_its_ramp():
    role = Role("rep", quota=1_200_000, ramp=[0.0, 0.5])
    found = few(([role], [Rep("rep", start="2027-01-16")]), periods=fs.Periods("month", 4))
    expected = [0.0, 0.5 * 13 / 28, (0.5 * 15 + 16) / 31, 1.0]
    assert [one.expected.value / 100_000 for one in found.periods] == pytest.approx(expected)
    assert [one.street / 100_000 for one in found.periods] == pytest.approx(expected)
    assert [one.headcount for one in found.periods] == pytest.approx([16 / 31, 1.0, 1.0, 1.0])
    assert found.periods[2].productive == pytest.approx((0.5 * 15 + 16) / 31)


def test_a_rep_may_have_a_quota_of_their_own():
    role = Role("rep", quota=600_000)
    found = few(([role], [Rep("rep"), Rep("rep", quota=0), Rep("rep", quota=1_000_000)]))
    assert found.total.expected.value == 1_600_000.0


def test_who_has_no_quota_adds_nothing():
    roles = [Role("rep", quota=600_000), Role("engineer")]
    found = few((roles, [Rep("rep"), Rep("engineer", count=5)]))
    assert found.total.expected.value == 600_000.0
    assert found.total.headcount == 6.0


def test_attrition_has_a_mean_that_can_be_integrated():
    # day d is worked with chance exp(-h (d - 1)): a geometric sum over the 365 days of the year
    role = Role("rep", quota=1_000_000, attrition=0.2)
    found = few(([role], [Rep("rep", count=10)]), periods=fs.Periods("year", 1))
    hazard = 0.2 / 365.25
    mean = -math.expm1(-hazard * 365) / -math.expm1(-hazard) / 365
    assert found.total.expected.value == pytest.approx(10_000_000 * mean, rel=1e-12)
    assert found.total.street == 10_000_000.0
    # of a time that is not in whole days: (1 - exp(-0.2)) / 0.2, half a day of hazard apart
    assert mean == pytest.approx(-math.expm1(-0.2) / 0.2, rel=5e-4)


def test_the_street_quota_takes_the_plan_at_its_word():
    role = Role("rep", quota=1_000_000, attrition=50.0, backfill=30, ramp=[0.5])
    hire = Rep("rep", start="2027-04-01", count=3)
    late = Rep("rep", start="2027-04-01", count=3, delay=60)
    stays = Role("rep", quota=1_000_000, ramp=[0.5])
    found = few(([role], [Rep("rep", count=5), late]))
    planned = few(([stays], [Rep("rep", count=5), hire]))
    assert [one.street for one in found.periods] == [one.street for one in planned.periods]
    assert planned.total.expected.value == pytest.approx(planned.total.street)


def test_a_late_hire_has_a_mean_that_can_be_integrated():
    # of an exponential delay in whole days, at most k with chance 1 - exp(-(k + 1/2) / 30)
    role = Role("rep", quota=1_000_000)
    hire = Rep("rep", start="2027-01-01", delay=fs.Exponential(mean=30))
    found = few(([role], [hire]), periods=fs.Periods("year", 1))
    there = -np.expm1(-(np.arange(365) + 0.5) / 30)
    assert found.total.expected.value == pytest.approx(1_000_000 * there.mean(), rel=1e-12)
    assert found.total.street == 1_000_000.0


def test_the_cost_is_that_of_filled_seats():
    roles = [Role("rep", quota=1_000_000, cost=200_000), Role("engineer")]
    reps = [Rep("rep", start="2027-07-01"), Rep("rep"), Rep("engineer")]
    found = few((roles, reps))
    assert [one.cost for one in found.periods] == [50_000.0, 50_000.0, 100_000.0, 100_000.0]
    assert found.total.cost == 300_000.0
    assert few(([Role("rep", quota=1)], [Rep("rep")])).total.cost is None


# ---- targets


def test_one_quota_is_a_target_over_the_horizon():
    found = few(([Role("rep", quota=1_000_000)], [Rep("rep", count=2)]), quota=1.5e6, booked=1e5)
    assert [one.target for one in found.periods] == [None] * 4
    assert (found.total.target, found.total.gap) == (1_400_000.0, 600_000.0)
    assert found.total.over_assignment == 2.0 / 1.4
    assert found.total.covered.value == 1.0


def test_quotas_of_periods_are_their_targets():
    found = few(
        ([Role("rep", quota=1_000_000, attainment_factor=0.8)], [Rep("rep", count=2)]),
        quota=[3e5, 4e5, 5e5, 6e5],
        booked=1e5,
    )
    assert [one.target for one in found.periods] == [2e5, 4e5, 5e5, 6e5]
    assert [one.gap for one in found.periods] == [2e5, 0.0, -1e5, -2e5]
    assert [one.covered.value for one in found.periods] == [1.0, 1.0, 0.0, 0.0]
    assert found.total.target == 1_700_000.0
    assert found.total.over_assignment_needed == pytest.approx(1.25)


def test_without_a_quota_the_planned_over_assignment_says_the_target():
    found = few(([Role("rep", quota=1_000_000)], [Rep("rep", count=2)]), over_assignment=1.25)
    assert found.total.target == 1_600_000.0
    assert found.total.over_assignment == 1.25
    assert few(([Role("rep", quota=1_000_000)], [Rep("rep")])).total.target is None


def test_what_is_reached_already_needs_no_over_assignment():
    found = few(([Role("rep", quota=1_000_000)], [Rep("rep")]), quota=1e5, booked=2e5)
    assert found.total.target == -100_000.0
    assert found.total.over_assignment is None
    assert found.total.covered.value == 1.0


def test_without_capacity_nothing_can_be_over_assigned():
    found = few(([Role("rep", quota=1)], []), quota=1e5)
    assert found.total.expected.value == 0.0
    assert found.total.over_assignment_needed is None
    assert found.total.covered.value == 0.0


# ---- draws


CHANCY = (
    [
        Role("rep", quota=600_000, attainment_factor=0.85, ramp=[0, 0.25, 0.5, 0.75], attrition=0.4,
             backfill=fs.Gamma(mean=60, cv=0.5), cost=180_000),
        Role("farmer", quota=400_000, attrition=1.0),
    ],
    [
        Rep("rep", count=4),
        Rep("rep", count=2, start="2027-03-31", delay=fs.Gamma(mean=30, cv=1)),
        Rep("farmer", count=2, leave="2027-09-30"),
        Rep("farmer", ramped=0, name="Bo"),
    ],
)  # fmt: skip


@pytest.mark.parametrize("periods", [fs.Periods("quarter", 4), fs.Periods("month", 18)])
def test_simulated_means_are_the_exact_ones(periods):
    # 22 means and their totals; two-sided normal quantile of 1e-3 / 24 comparisons: 4.1
    found = quota_capacity(scenario(*CHANCY, periods=periods), paths=16_384, seed=7)
    for one in [*found.periods, found.total]:
        assert abs(one.mean.value - one.expected.value) < 4.1 * one.mean.standard_error
        assert one.p10.value <= one.p50.value <= one.p90.value
        assert one.expected.standard_error == 0.0


def test_the_spread_of_one_leaver_is_that_of_the_law():
    # the chance that the rep is still there at the end is that of a full capacity
    role = Role("rep", quota=1_000_000, attrition=1.0)
    found = quota_capacity(scenario([role], [Rep("rep")], quota=1e6), paths=65_536)
    chance = math.exp(-364 / 365.25)
    covered = found.total.covered
    assert abs(covered.value - chance) < 4.0 * covered.standard_error


def test_a_path_depends_on_the_seed_alone():
    given = scenario(*CHANCY)
    whole = quota_capacity(given, paths=8_192, seed=3)
    part = quota_capacity(given, paths=5_001, seed=3)
    assert (whole.cents[:, :5_001] == part.cents).all()
    assert (quota_capacity(given, paths=5_001, seed=4).cents != part.cents).any()


def test_one_more_rep_is_paired_with_the_others():
    roles, reps = CHANCY
    base = scenario(roles, reps)
    more = fs.with_value(base, "team.reps.farmer", 4)
    added = quota_capacity(more, paths=512).cents - quota_capacity(base, paths=512).cents
    assert (added.sum(axis=0) >= 0).all()
    assert (added.sum(axis=0) > 0).any()


# ---- what is said of it


def test_the_text_says_periods_total_and_over_assignment():
    text = repr(few(([Role("rep", quota=1_000_000, cost=100)], [Rep("rep", count=2)]),
                    quota=1.6e6, over_assignment=1.3))  # fmt: skip
    lines = text.splitlines()
    assert lines[0] == "Quota capacity, 64 paths, seed 1"
    assert lines[2].split() == [
        "period", "reps", "ramped", "street", "quota", "capacity", "P10", "P90", "target", "gap",
        "covered",
    ]  # fmt: skip
    assert lines[3].split() == [
        *("2027-01-01", "to", "2027-03-31", "2", "2"),
        *["500,000"] * 4,
        *["-"] * 3,
    ]
    assert lines[7].endswith("1,600,000  +400,000  100.0 %")
    assert lines[9:] == [
        "over-assignment needed: 1 of street quota for 1 of the target",
        "over-assignment there is: 1.25, planned: 1.3",
        "cost of the seats that are filled: 200",
    ]


def test_without_a_target_the_text_has_no_columns_of_it():
    assert "target" not in repr(few(([Role("rep", quota=1)], [Rep("rep")]))).splitlines()[2]


def test_the_dict_is_plain():
    found = few(CHANCY, quota=[1e6, 1e6, 1e6, 1e6], over_assignment=1.1)
    answer = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert answer["over_assignment_planned"] == 1.1
    assert answer["total"]["expected"]["value"] == found.total.expected.value
    assert answer["periods"][0]["start"] == "2027-01-01"
    assert len(answer["periods"]) == 4


def test_the_frame_has_a_row_for_each_period():
    frame = few(CHANCY, quota=3e6).to_frame(backend="pandas")
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == 4
    assert {"start", "expected", "mean", "mean_standard_error", "p90", "cost"} <= set(frame.columns)
    assert frame["target"].isna().all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            lambda: scenario([Role("rep", quota=1)], []).replace(team=None),
            "scenario.team must be stated",
        ),
        (
            lambda: scenario([Role("rep")], [Rep("rep")]),
            "quota of a role must be stated, got None; per",
        ),
        (lambda: "scenario", "scenario must be a Scenario, got 'scenario'"),
    ],
)
def test_what_is_wrong_is_named(given, message):
    with pytest.raises(fs.InputError) as error:
        quota_capacity(given())
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("wrong", [{"paths": 1}, {"paths": 2**25}, {"seed": -1}, {"paths": 2.5}])
def test_wrong_numbers_are_refused(wrong):
    with pytest.raises(fs.InputError, match="must be a whole number"):
        quota_capacity(scenario([Role("rep", quota=1)], [Rep("rep")]), **wrong)
