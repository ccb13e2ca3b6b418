"""The section on a team: what is right, what is wrong, what is written."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim import read_scenario, write_scenario
from funnelsim.team import Rep, Role, Team, Work

BASE = """\
as_of = 2026-12-31
[periods]
count = 4
[funnel]
preset = "key-account"
time = 30
"""  # six lines
WHOLE = """\
[team]
order = "value-per-hour"
by = "owner"
stale = 0.01
over_assignment = 1.15
[team.work]
meeting = 2
Proposal = { gamma = { mean = 6, cv = 0.5 } }
negotiation = { hours = { pert = { low = 1, mode = 4, high = 9 } }, role = "engineer" }
[[team.roles]]
name = "rep"
hours_per_week = 30
ramp = [0, 0.25, 0.5]
attrition = 0.2
backfill = { gamma = { mean = 60, cv = 0.5 } }
quota = 600_000
attainment_factor = 0.85
cost = 180_000
creates = 1.5
[[team.roles]]
name = "engineer"
[[team.reps]]
role = "rep"
count = 6
[[team.reps]]
role = "Rep"
start = 2027-04-01
delay = { exponential = { mean = 20 } }
ramped = 1
[[team.reps]]
role = "engineer"
name = "Bo"
leave = "2027-09-30"
quota = 0
"""
MEANT = Team(
    [
        Role(
            "rep",
            hours_per_week=30,
            ramp=[0, 0.25, 0.5],
            attrition=0.2,
            backfill=fs.Gamma(mean=60, cv=0.5),
            quota=600_000,
            attainment_factor=0.85,
            cost=180_000,
            creates=1.5,
        ),
        Role("engineer"),
    ],
    [
        Rep("rep", count=6),
        Rep("rep", start=dt.date(2027, 4, 1), delay=fs.Exponential(mean=20), ramped=1),
        Rep("engineer", name="Bo", leave=dt.date(2027, 9, 30), quota=0),
    ],
    work={
        "meeting": Work(2),
        "proposal": Work(fs.Gamma(mean=6, cv=0.5)),
        "negotiation": Work(fs.Pert(low=1, mode=4, high=9), "engineer"),
    },
    order="value-per-hour",
    by="owner",
    stale=0.01,
    over_assignment=1.15,
)


@pytest.fixture
def save(tmp_path):
    def write(content, name="plan.toml"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


def test_every_key_is_read(save):
    assert read_scenario(save(BASE + WHOLE)).team == MEANT


def test_without_the_section_there_is_no_team(save):
    assert read_scenario(save(BASE)).team is None


def test_a_role_is_enough(save):
    team = read_scenario(save(f'{BASE}[[team.roles]]\nname = "rep"\n')).team
    assert team == Team([Role("rep")])


def test_what_is_written_is_read_as_an_equal_scenario(save, tmp_path):
    scenario = read_scenario(save(BASE + WHOLE))
    write_scenario(scenario, tmp_path / "written.toml")
    assert read_scenario(tmp_path / "written.toml") == scenario


def test_what_is_usual_is_not_written(save, tmp_path):
    scenario = read_scenario(save(f'{BASE}[[team.roles]]\nname = "rep"\n'))
    write_scenario(scenario, tmp_path / "written.toml")
    text = (tmp_path / "written.toml").read_text()
    assert text.endswith('[team]\nroles = [\n    { name = "rep" },\n]\n')


def test_work_from_a_file_stays_in_the_file(save, tmp_path):
    save("hours\n2\n5\n", "hours.csv")
    work = '[team.work]\nmeeting = { sample = { file = "hours.csv", column = "hours" } }\n'
    scenario = read_scenario(save(f'{BASE}{work}[[team.roles]]\nname = "rep"\n'))
    assert scenario.team.work["meeting"].hours == fs.Sample([2, 5])
    write_scenario(scenario, tmp_path / "written.toml")
    assert "hours.csv" in (tmp_path / "written.toml").read_text()
    assert read_scenario(tmp_path / "written.toml") == scenario


numbers = st.floats(0.0, 10.0)
laws = st.one_of(
    st.just(None),
    st.floats(0.0, 90.0).map(fs.Fixed),
    st.builds(fs.Gamma, mean=st.floats(1, 90), cv=st.floats(0.1, 3)),
)
roles = st.builds(
    Role,
    st.sampled_from(["rep", "Engineer"]),
    hours_per_week=st.floats(1.0, 168.0),
    ramp=st.lists(st.floats(0, 1), max_size=4),
    attrition=numbers,
    backfill=laws,
    quota=st.none() | st.floats(0, 1e9),
    attainment_factor=numbers,
    cost=st.none() | numbers,
    creates=numbers,
)
hires = st.builds(
    Rep,
    st.just("rep"),
    count=st.integers(1, 9),
    start=st.dates(dt.date(2027, 1, 1), dt.date(2028, 1, 1)),
    delay=laws,
    ramped=st.none() | st.integers(0, 12),
    quota=st.none() | numbers,
)
there = st.builds(Rep, st.just("REP"), leave=st.none() | st.dates(dt.date(2026, 1, 1)))
work = st.dictionaries(
    st.sampled_from(["training", "Meeting"]),
    st.builds(Work, laws.filter(bool), st.none() | st.just("rep")),
)
teams = st.builds(
    Team,
    st.lists(roles, min_size=1, unique_by=lambda role: role.name).filter(
        lambda given: any(role.name == "rep" for role in given)
    ),
    st.lists(hires | there, max_size=4),
    work=work,
    order=st.sampled_from(["first-come", "stage", "value-per-hour", "due-date"]),
    by=st.sampled_from(["pool", "owner"]),
    stale=numbers,
    over_assignment=st.none() | st.floats(0.1, 3),
)


@settings(max_examples=60, deadline=None)
@given(team=teams)
def test_any_team_is_written_and_read(tmp_path_factory, team):
    path = tmp_path_factory.mktemp("teams") / "plan.toml"
    scenario = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("month", 4),
        funnel=fs.Funnel.key_account(time=30),
        team=team,
    )
    write_scenario(scenario, path)
    assert read_scenario(path) == scenario


ROLE = '[[team.roles]]\nname = "rep"\n'


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[team]\n", 7, "team must state roles; each under [[team.roles]]"),
        (
            "[team]\nordre = 3\n",
            8,
            "key of team must be a known key, got 'ordre'; did you mean 'order'?",
        ),
        ("[team]\nroles = 3\n", 8, "team.roles must be a list of tables, got 3"),
        ("[[team.roles]]\nramp = [1]\n", 7, "role 1 must state name"),
        (
            f"{ROLE}qouta = 3\n",
            9,
            "key of role 1 must be a known key, got 'qouta'; did you mean 'quota'?",
        ),
        (f"{ROLE}ramp = [25]\n", 9, "month 1 of ramp of role 'rep' must be in [0, 1], got 25"),
        (f"{ROLE}attrition = -1\n", 9, "attrition of role 'rep' must be in [0, 100], got -1"),
        (
            f"{ROLE}backfill = {{ gama = {{ mean = 3 }} }}\n",
            9,
            "distribution of backfill of role 'rep' must be a known family, got 'gama'",
        ),
        (f"{ROLE}[[team.reps]]\ncount = 3\n", 9, "rep 1 must state role"),
        (
            f'{ROLE}[[team.reps]]\nrole = "rep"\n[[team.reps]]\nrole = "erp"\n',
            12,
            "role of a rep must be a role of the team, got 'erp'; did you mean 'rep'?",
        ),
        (
            f'{ROLE}[[team.reps]]\nrole = "rep"\nstart = 3\n',
            11,
            "start of rep 'rep' must be a date, got 3",
        ),
        (f"{ROLE}[team.work]\nmeeting = -1\n", 10, "hours of work in stage 'meeting' must be"),
        (
            f"{ROLE}[team.work]\nmeeting = {{ hours = 3, rloe = 3 }}\n",
            10,
            "key of work in stage 'meeting' must be a known key, got 'rloe'; did you mean 'role'?",
        ),
        (
            f"{ROLE}[team.work]\nmeeting = {{ role = 'rep' }}\n",
            10,
            "work in stage 'meeting' must state hours",
        ),
        (
            f"{ROLE}[team.work]\nporposal = 1\n",
            10,
            "team.work must name a stage of the funnel, got 'porposal'; did you mean 'proposal'?",
        ),
        (
            f'{ROLE}[[team.reps]]\nrole = "rep"\ndelay = 3\n',
            11,
            "delay of rep 'rep' must be left out where the start is not after the as-of date",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(save, text, line, message):
    with pytest.raises(fs.InputError) as error:
        read_scenario(save(BASE + text))
    assert str(error.value).split("plan.toml, ")[1].startswith(f"line {line}: {message}")
