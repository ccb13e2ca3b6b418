"""The commands that ask "what if": text, JSON, and what is refused."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from funnelsim.cli import main
from funnelsim.cli.inputs import ranges_by_name, value_in, values_by_name
from funnelsim.errors import InputError

pytestmark = pytest.mark.compiled  # thousands of paths

SCENARIO = """
name = "{name}"
currency = "CNY"
as_of = 2026-12-31
quota = 1_500_000
periods = {{ every = "quarter", count = 4 }}
funnel = {{ preset = "key-account", time = {time} }}
pipeline = {{ deals = [
    {{ id = "A", stage = "proposal", amount = 300_000 }},
    {{ id = "B", stage = "negotiation", amount = 200_000 }},
] }}
[new_business]
per_period = 8
amount = 300_000
"""
FEW = ("--paths", "1000")


@pytest.fixture
def plan(tmp_path):
    def written(name="Plan", time=20, file="plan.toml"):
        path = tmp_path / file
        path.write_text(SCENARIO.format(name=name, time=time))
        return str(path)

    return written


def run(*arguments):
    return CliRunner().invoke(main, [str(one) for one in arguments])


def answer_of(*arguments):
    result = run(*arguments, "--json", "-")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_compare_names_scenarios_and_differences(plan):
    files = plan(), plan("Faster", 15, "fast.toml")
    result = run("compare", *files, *FEW)
    assert result.exit_code == 0, result.stderr
    assert "Faster" in result.stdout
    found = answer_of("compare", *files, *FEW)
    assert found["baseline"] == "Plan"
    assert [one["name"] for one in found["scenarios"]] == ["Plan", "Faster"]


def test_compare_takes_the_files_where_names_are_the_same(plan):
    files = plan(), plan(time=15, file="fast.toml")
    assert [one["name"] for one in answer_of("compare", *files, *FEW)["scenarios"]] == list(files)


@pytest.mark.parametrize(
    ("count", "message"), [(0, "at least two files"), (1, "funnelsim forecast")]
)
def test_compare_wants_two(plan, count, message):
    result = run("compare", *[plan()][:count])
    assert result.exit_code == 2
    assert message in result.stderr


def test_compare_refuses_the_same_file_twice(plan):
    result = run("compare", plan(), plan())
    assert result.exit_code == 2
    assert "different files" in result.stderr


def test_sweep_has_a_row_for_each_combination(plan):
    given = ("--set", "quota=1_000_000:2_000_000:3", "--set", "market.cycle_cv=0,0.3")
    result = run("sweep", plan(), *given, *FEW)
    assert result.exit_code == 0, result.stderr
    assert "market.cycle_cv" in result.stdout
    assert len(answer_of("sweep", plan(), *given, *FEW)["rows"]) == 6


def test_sweep_row_by_row(plan):
    given = ("--set", "quota=1e6,2e6", "--set", "booked=0,1e5", "--zipped")
    assert len(answer_of("sweep", plan(), *given, *FEW)["rows"]) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("quota",), "--set must be NAME=VALUES"),
        (("quota=1e6:2e6:1",), "count 2 to"),
        (("quota=a:b:3",), "be a range of numbers"),
        (("quota=1e6:2e6",), "a range FIRST:LAST:COUNT"),
        ((), "--set must be given at least once"),
        (("quota=1e6", "quota=2e6"), "name each input once"),
        (("qouta=1e6",), "did you mean 'quota'"),
        (("quota=-5",), "quota must be"),
    ],
)
def test_sweep_refuses(plan, given, message):
    result = run("sweep", plan(), *(part for one in given for part in ("--set", one)))
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_sensitivity_takes_the_usual_inputs_names_or_ranges(plan):
    assert run("sensitivity", plan(), *FEW).exit_code == 0
    names = answer_of("sensitivity", plan(), "--input", "quota", "--by", 0.2, *FEW)
    assert names["inputs"][0]["low"] == 1_200_000
    ranges = answer_of("sensitivity", plan(), "--input", "quota=1e6:2e6", *FEW)
    assert ranges["inputs"][0]["high"] == 2_000_000


def test_sensitivity_by_shares(plan):
    given = ("--input", "quota=1e6:2e6", "--input", "funnel.win_rate=0.08:0.14")
    options = ("--shares", "--samples", 8, "--answer", "mean", *FEW)
    found = answer_of("sensitivity", plan(), *given, *options)
    first = {one["input"]: one["first_order"]["value"] for one in found["inputs"]}
    assert found["paths"] == 1_000
    assert first["quota"] == pytest.approx(0.0, abs=1e-9)  # mean bookings do not hang on it


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--input", "quota=1e6:2e6", "--input", "booked"), "range everywhere, or nowhere"),
        (("--input", "quota=1e6"), "a low and a high end"),
        (("--input", "qouta"), "did you mean 'quota'"),
        (("--answer", "medain"), "'attainment', 'mean'"),
        (("--shares",), "--input must give at least two inputs"),
    ],
)
def test_sensitivity_refuses(plan, given, message):
    result = run("sensitivity", plan(), *given, *FEW)
    assert result.exit_code == 2
    assert message in result.stderr


def test_worth_names_each_stage(plan):
    result = run("worth", plan(), *FEW)
    assert result.exit_code == 0, result.stderr
    assert "an extra deal is worth 300,000 CNY: the mean amount of new business" in result.stdout
    for stage in ("training", "meeting", "consulting", "proposal", "negotiation"):
        assert stage in result.stdout
    assert answer_of("worth", plan(), *FEW)["changes"]


def test_solve_says_how_much(plan):
    result = run("solve", plan(), "new_business.per_period", "--attainment", 0.9, *FEW)
    assert result.exit_code == 0, result.stderr
    assert "at least" in result.stdout
    found = answer_of("solve", plan(), "new_business.per_period", "--attainment", 0.9, *FEW)
    assert found["reachable"] is True
    assert found["low"] <= found["value"] <= found["high"]


def test_solve_says_how_far_it_goes(plan):
    result = run("solve", plan(), "new_business.per_period", "--high", 9, *FEW)
    assert result.exit_code == 0, result.stderr
    assert "not reachable" in result.stdout


def test_inputs_are_listed_with_their_values(plan):
    result = run("inputs", plan())
    assert result.exit_code == 0, result.stderr
    rows = dict(line.split(None, 1) for line in result.stdout.splitlines() if " " in line)
    assert rows["quota"] == "1,500,000"
    assert rows["funnel.cycle_time"] == "100"


@pytest.mark.parametrize("command", ["sweep", "sensitivity", "worth", "solve"])
def test_the_answer_is_not_written_over_the_scenario(plan, command):
    file = plan()
    more = {"solve": ["quota"], "sweep": ["--set", "quota=1e6"]}.get(command, [])
    result = run(command, file, *more, "--json", file)
    assert result.exit_code == 2
    assert "another file" in result.stderr


@pytest.mark.parametrize(
    ("text", "value"),
    [("8", 8), ("0.5", 0.5), ("1_000", 1_000), ("1e6", 1_000_000), ("true", True),
     ("proposal", "proposal"), ('"a b"', "a b"), ("{ gamma = { mean = 3, cv = 1 } }",
     {"gamma": {"mean": 3, "cv": 1}})],
)  # fmt: skip
def test_values_are_those_of_a_scenario_file(text, value):
    assert value_in(text) == value


def test_lists_and_ranges_of_values():
    found = values_by_name("--set", ["a=1,[2, 3],x", "b=0:1:3"])
    assert found == {"a": [1, [2, 3], "x"], "b": [0, 0.5, 1]}
    assert ranges_by_name("--input", ["a.b=1:2"]) == {"a.b": (1.0, 2.0)}
    with pytest.raises(InputError, match="be NAME=VALUES"):
        values_by_name("--set", ["=3"])
