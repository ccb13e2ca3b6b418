"""Roles, reps, work and teams: what is refused, and what is kept."""

import copy
import datetime as dt
import pickle

import pytest

import funnelsim as fs
from funnelsim.team import Rep, Role, Team, Work


def scenario(team, **changes):
    given = {
        "as_of": "2026-12-31",
        "periods": fs.Periods("quarter", 4),
        "funnel": fs.Funnel.key_account(time=30),
        "team": team,
    }
    return fs.Scenario(**given | changes)


def test_spellings_of_roles_and_stages_become_the_teams_and_the_funnels():
    team = Team(
        [Role("Rep"), Role("Engineer")], [Rep(" rep ")], work={" Proposal": Work(2, "ENGINEER")}
    )
    found = scenario(team).team
    assert found.reps[0].role == "Rep"
    assert found.work == {"proposal": Work(2, "Engineer")}


def test_a_number_is_work_of_the_first_role():
    assert Team([Role("rep")], work={"meeting": 2}).work["meeting"] == Work(2.0)


def test_people_are_counted_one_by_one():
    team = Team([Role("rep"), Role("other")], [Rep("rep", count=3), Rep("other"), Rep("rep")])
    assert [one.role for one in team.people] == ["rep"] * 3 + ["other", "rep"]
    assert (team.headcount("REP"), team.headcount("other")) == (4, 1)


def test_teams_are_equal_hashable_and_cross_processes():
    team = Team(
        [Role("rep", ramp=[0.5])], [Rep("rep", start="2027-02-01", delay=3)], work={"meeting": 2}
    )
    same = pickle.loads(pickle.dumps(team))
    assert same == team
    assert hash(same) == hash(team)
    assert copy.deepcopy(scenario(team)) == scenario(team)
    assert team.reps[0].start == dt.date(2027, 2, 1)


def test_a_scenario_without_a_team_has_none():
    assert scenario(None).team is None


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Role(""), "name of a role must be a text that is not empty, got ''"),
        (
            lambda: Role("rep", ramp=[25]),
            "month 1 of ramp of role 'rep' must be in [0, 1], got 25; 40 % is given as 0.4",
        ),
        (
            lambda: Role("rep", ramp=0.5),
            (
                "ramp of role 'rep' must be a list, got 0.5; one share for each month, such as "
                "[0, 0.25, 0.5]"
            ),
        ),
        (
            lambda: Role("rep", ramp=[0.5] * 121),
            "ramp of role 'rep' must have at most 120 months, got 121",
        ),
        (
            lambda: Role("rep", attrition=-0.1),
            (
                "attrition of role 'rep' must be in [0, 100], got -0.1; leavers per seat and year: "
                "20 % is given as 0.2"
            ),
        ),
        (
            lambda: Role("rep", hours_per_week=0),
            "hours_per_week of role 'rep' must be in (0, 168], got 0; such as 40",
        ),
        (
            lambda: Role("rep", attainment_factor=85),
            "attainment_factor of role 'rep' must be in [0, 10], got 85; 85 % is given as 0.85",
        ),
        (
            lambda: Role("rep", quota=-1),
            "quota of role 'rep' must be in [0, 1e+15], got -1",
        ),
        (
            lambda: Role("rep", backfill=fs.Gamma(mean=[30, 40], cv=1)),
            "backfill of role 'rep' must be certain or one distribution; it takes no draws",
        ),
        (
            lambda: Rep("rep", name="Bo", count=2),
            "count of rep 'Bo' must be 1 where the rep has a name, got 2; state each rep by name",
        ),
        (
            lambda: Rep("rep", count=0),
            "count of rep 'rep' must be a whole number of at least 1 and at most 10000, got 0",
        ),
        (
            lambda: Rep("rep", start="2027-02-30"),
            "start of rep 'rep' must be a date, got '2027-02-30'; write the date as 2026-12-31",
        ),
        (
            lambda: Rep("rep", start="2027-02-01", leave="2027-01-31"),
            "leave of rep 'rep' must not be before the start, 2027-02-01, got '2027-01-31'",
        ),
        (
            lambda: Rep("rep", ramped=1.5),
            "ramped of rep 'rep' must be a whole number of at least 0",
        ),
        (lambda: Work(None), "hours of work must be given, got None; such as 6"),
        (
            lambda: Team([]),
            'team.roles must have at least one role; such as Role("rep")',
        ),
        (
            lambda: Team([Role("rep"), Role("REP")]),
            "names of roles must differ, whatever the case, got 'REP'",
        ),
        (
            lambda: Team([Role("rep")], [Rep("erp")]),
            "role of a rep must be a role of the team, got 'erp'; did you mean 'rep'? known: rep",
        ),
        (
            lambda: Team([Role("rep")], [Rep("rep", name="Bo"), Rep("rep", name="bo")]),
            "names of reps must differ, whatever the case, got 'bo'",
        ),
        (
            lambda: Team([Role("rep")], [Rep("rep", count=9_000), Rep("rep", count=1_001)]),
            "team.reps must be at most 10,000 people, got 10001",
        ),
        (lambda: Team([Role("rep")], ["rep"]), "team.reps must be Rep objects, got 'rep'"),
        (lambda: Team("rep"), "team.roles must be a list of Role objects, got 'rep'"),
        (
            lambda: Team([Role("rep")], work={"meeting": -1}),
            "hours of work in stage 'meeting' must be a finite number of at least 0, got -1",
        ),
        (
            lambda: Team([Role("rep")], work={"meeting": Work(1, "boss")}),
            "role of work in stage 'meeting' must be a role of the team, got 'boss'; known: rep",
        ),
        (
            lambda: Team([Role("rep")], work=3),
            'team.work must map a stage to its work, got 3; such as {"proposal": Work(6)}',
        ),
        (
            lambda: Team([Role("rep")], order="fist-come"),
            (
                "team.order must be a known word, got 'fist-come'; did you mean 'first-come'? "
                "known: first-come, stage, value-per-hour, due-date"
            ),
        ),
        (
            lambda: Team([Role("rep")], over_assignment=0),
            (
                "team.over_assignment must be a finite number above 0, got 0; 15 % more than the "
                "target is given as 1.15"
            ),
        ),
        (
            lambda: scenario("team"),
            "team must be a Team, got 'team'",
        ),
        (
            lambda: scenario(Team([Role("rep")], work={"porposal": 1})),
            "team.work must name a stage of the funnel, got 'porposal'; did you mean 'proposal'?",
        ),
        (
            lambda: scenario(Team([Role("rep")], work={"contract": 1})),
            "team.work must not name the last stage, got 'contract'; it is closed-won",
        ),
        (
            lambda: scenario(Team([Role("rep")], work={"meeting": 1, "Meeting": 2})),
            "team.work must name each stage once, got 'Meeting'",
        ),
        (
            lambda: scenario(Team([Role("rep")], [Rep("rep", start="2026-12-31", delay=3)])),
            (
                "delay of rep 'rep' must be left out where the start is not after the as-of date; "
                "only a hire comes late"
            ),
        ),
        (
            lambda: scenario(Team([Role("rep")], [Rep("rep", delay=3)])),
            (
                "delay of rep 'rep' must be left out where the start is not after the as-of date; "
                "only a hire comes late"
            ),
        ),
        (
            lambda: scenario(Team([Role("rep")], [Rep("rep", start="2026-11-30", ramped=1)])),
            (
                "ramped of rep 'rep' must be left out where the start is past, got 1; the months "
                "are counted from the start"
            ),
        ),
    ],
)
def test_what_is_wrong_is_named(made, message):
    with pytest.raises(fs.InputError) as error:
        made()
    assert str(error.value).startswith(message)
