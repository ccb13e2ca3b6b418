"""The commands about people's time: text, JSON, and what is refused."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import funnelsim as fs
from funnelsim.cli import main

pytestmark = pytest.mark.compiled  # thousands of paths

SCENARIO = """
name = "Plan"
as_of = 2026-12-31
quota = 500_000
periods = { every = "quarter", count = 2 }
funnel = { preset = "key-account", time = 20, hours = HOURS }
pipeline = { deals = [
    { id = "A", stage = "consulting", amount = 300_000, owner = "Al" },
    { id = "B", stage = "meeting", amount = 100_000, owner = "Bo" },
    { id = "C", stage = "negotiation", amount = 200_000, owner = "Bo" },
] }
"""
TEAM = """
[team]
roles = [{ name = "rep", hours_per_week = 4 }]
reps = [{ role = "rep" }]
"""
FEW = ("--paths", "1000")


@pytest.fixture
def plan(tmp_path):
    def written(hours="[0, 10, 20, 40, 10]", team=TEAM):
        path = tmp_path / "plan.toml"
        path.write_text(SCENARIO.replace("HOURS", hours) + team)
        return str(path)

    return written


def run(*arguments):
    return CliRunner().invoke(main, [str(one) for one in arguments])


def answer_of(*arguments):
    result = run(*arguments, "--json", "-")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_capacity_is_that_of_the_forecast(plan):
    file = plan()
    forecast = fs.simulate(fs.read_scenario(file), paths=1_000)
    result = run("capacity", file, *FEW)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip() == repr(forecast.capacity())
    assert answer_of("capacity", file, *FEW) == json.loads(
        json.dumps(forecast.capacity().to_dict())
    )


def test_capacity_is_refused_without_people(plan):
    result = run("capacity", plan(team=""), *FEW)
    assert result.exit_code == 2
    assert "capacity must be asked where stages take hours of a team" in result.stderr


def test_priorities_are_those_of_the_forecast(plan):
    file = plan()
    forecast = fs.simulate(fs.read_scenario(file), paths=1_000)
    found = answer_of("priorities", file, *FEW, "--drop", 0.35, "--drop", 0.7)
    assert [one["id"] for one in found["deals"]] == ["C", "A", "B"]
    assert found["deals"][1]["owner"] == "Al"
    assert [one["dropped"] for one in found["pruned"]] == [["B"], ["A", "B"]]
    wanted = forecast.priorities().drop(0.35).to_dict()
    assert found["pruned"][0] == json.loads(json.dumps(wanted))
    assert found["paths"] == 1_000


def test_priorities_as_text(plan):
    bare = run("priorities", plan())
    assert bare.exit_code == 0, bare.stderr
    assert bare.stdout.startswith("Open deals by value per hour of work ahead: ")
    assert "dropping" not in bare.stdout
    pruned = run("priorities", plan(), *FEW, "--drop", 0.35)
    assert pruned.stdout.startswith(bare.stdout.rstrip())
    assert "dropping 35 % (1 of 3 deals) frees " in pruned.stdout


def test_a_part_of_the_current_stage_moves_the_ranking(plan):
    found = answer_of("priorities", plan(team=""), "--current", 1)
    assert found["deals"][0]["hours"] == 10.0
    assert found["current"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "hours", "sentence"),
    [
        (["--drop", "35"], "[0, 10, 20, 40, 10]", "--drop must be in [0, 1], got 35"),
        (["--current", "2"], "[0, 10, 20, 40, 10]", "current must be in [0, 1], got 2"),
        ([], "[0, 0, 0, 0, 0]", "priorities must be asked where stages take hours"),
    ],
)
def test_what_is_refused(plan, arguments, hours, sentence):
    result = run("priorities", plan(hours=hours, team=""), *FEW, *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
