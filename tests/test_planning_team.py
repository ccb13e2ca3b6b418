"""Dotted names of a team: its fields, and the number of its reps."""

import pytest

import funnelsim as fs
from funnelsim.planning.fields import (
    bounds,
    input_names,
    is_whole,
    value_of,
    with_value,
    with_values,
)
from funnelsim.team import Rep, Role, Team, Work

TEAM = Team(
    [Role("Rep", ramp=[0.5], quota=600_000, backfill=30), Role("Engineer")],
    [
        Rep("Rep", count=6),
        Rep("Rep", start="2027-04-01", count=2),
        Rep("Rep", name="Bo"),
        Rep("Engineer", name="Al"),
    ],
    work={"proposal": Work(fs.Gamma(mean=6, cv=0.5), "Engineer")},
)
BASE = fs.Scenario(
    as_of="2026-12-31",
    periods=fs.Periods("quarter", 4),
    funnel=fs.Funnel.key_account(time=30),
    team=TEAM,
)
ALONE = BASE.replace(team=None)


def counts(scenario):
    return [(rep.role, rep.name, rep.count) for rep in scenario.team.reps]


def test_the_number_of_reps_is_that_of_the_first_role():
    assert value_of(BASE, "team.reps") == 9
    assert value_of(BASE, "team.reps.engineer") == 1


def test_more_are_like_the_last_without_a_name():
    assert counts(with_value(BASE, "team.reps", 12)) == [
        ("Rep", None, 6),
        ("Rep", None, 5),
        ("Rep", "Bo", 1),
        ("Engineer", "Al", 1),
    ]


def test_where_all_have_names_more_are_there_and_ramped():
    more = with_value(BASE, "team.reps.Engineer", 3)
    assert more.team.reps[-1] == Rep("Engineer", count=2)


@pytest.mark.parametrize(
    ("count", "left"),
    [(8, [6, 2]), (7, [6, 1]), (6, [6]), (2, [2]), (0, [])],
)
def test_fewer_are_without_the_last(count, left):
    fewer = with_value(BASE, "team.reps.rep", count)
    assert [rep.count for rep in fewer.team.reps if rep.role == "Rep"] == left
    assert value_of(fewer, "team.reps") == count
    assert fewer.team.reps[-1] == Rep("Engineer", name="Al")


def test_from_none_to_some():
    none = with_value(BASE, "team.reps", 0)
    assert with_value(none, "team.reps", 2).team.reps[-1] == Rep("Rep", count=2)


def test_the_number_that_there_is_changes_nothing():
    assert with_value(BASE, "team.reps", 9) is BASE


def test_the_number_is_whole_and_has_bounds():
    assert is_whole("team.reps")
    assert is_whole("team.reps.Engineer", BASE)
    assert bounds(BASE, "team.reps") == (0.0, 10_000.0)
    for wrong in (1.5, -1, 10_001, True):
        with pytest.raises(fs.InputError, match=r"team\.reps\.Rep must be a whole number"):
            with_value(BASE, "team.reps", wrong)


def test_a_number_twice_is_refused():
    with pytest.raises(fs.InputError, match="name each once"):
        with_values(BASE, {"team.reps": 3, "team.reps.rep": 4})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("team.order", "stage"),
        ("team.by", "owner"),
        ("team.stale", 0.02),
        ("team.over_assignment", 1.2),
        ("team.roles.Rep.ramp", (0.25, 0.5)),
        ("team.roles.Rep.attrition", 0.2),
        ("team.roles.Rep.backfill.mean", 60.0),
        ("team.roles.engineer.hours_per_week", 20.0),
        ("team.roles.Engineer.backfill", fs.Gamma(mean=20, cv=1)),
        ("team.work.proposal.hours.mean", 9.0),
        ("team.work.Proposal.hours.cv", 0.7),
        ("team.work.proposal", Work(3, "Rep")),
    ],
)
def test_a_field_is_set_and_the_others_stay(name, value):
    changed = with_value(BASE, name, value)
    assert value_of(changed, name) == value
    assert with_value(changed, name, value_of(BASE, name)) == BASE


def test_a_law_may_be_a_table():
    changed = with_value(BASE, "team.roles.Rep.backfill", {"gamma": {"mean": 20, "cv": 1}})
    assert changed.team.roles[0].backfill == fs.Gamma(mean=20, cv=1)


def test_fields_of_a_team_and_reps_are_set_together():
    changed = with_values(BASE, {"team.reps": 4, "team": Team([Role("seller")], [Rep("seller")])})
    assert counts(changed) == [("seller", None, 4)]


def test_numeric_names_have_bounds():
    listed = [name for name in input_names(BASE) if name.startswith("team")]
    assert {"team.reps", "team.reps.Engineer", "team.roles.Rep.quota"} <= set(listed)
    assert "team.roles.Rep.name" not in listed
    for name in listed:
        if isinstance(value_of(BASE, name), int | float):
            low, high = bounds(BASE, name)
            assert low <= value_of(BASE, name) <= high


def test_without_a_team_there_are_no_names_of_it():
    assert [name for name in input_names(ALONE) if name.startswith("team.")] == []
    for name in ("team.reps", "team.stale"):
        with pytest.raises(fs.InputError, match="team must be stated, to have"):
            value_of(ALONE, name)


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("team.rep", "team.reps"),
        ("team.reps.enginer", "Engineer"),
        ("team.roles.Rep.qouta", "team.roles.Rep.quota"),
        ("team.roles.enginer.ramp", "team.roles.Engineer.ramp"),
        ("team.work.porposal.hours", "team.work.proposal.hours"),
    ],
)
def test_an_unknown_name_offers_the_nearest(name, offered):
    with pytest.raises(fs.InputError) as error:
        with_value(BASE, name, 3)
    assert f"did you mean '{offered}'?" in str(error.value)
