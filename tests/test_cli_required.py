"""``funnelsim required``: text, JSON, and what is refused."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from funnelsim.cli import main

pytestmark = pytest.mark.compiled  # tens of thousands of paths

SCENARIO = """
name = "Plan"
currency = "CNY"
as_of = 2026-12-31
quota = 3_000_000
booked = {booked}
periods = {{ every = "year", count = 1 }}
funnel = {{ preset = "key-account", time = 10 }}
[required_pipeline]
amount = 300_000
"""


@pytest.fixture
def plan(tmp_path):
    def written(booked=0, text=SCENARIO):
        file = tmp_path / "plan.toml"
        file.write_text(text.format(booked=booked))
        return str(file)

    return written


def run(*arguments):
    return CliRunner().invoke(main, ["required", *arguments])


def test_ten_wins_at_ten_percent(plan):
    result = run(plan(), "--paths", "50000")
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    deals = {row[0]: row[2] for row in rows if len(row) > 3 and row[1] == "%"}
    assert deals["50"] == "97"
    assert deals["80"] == "124"
    assert "29,100,000 CNY" in result.stdout
    assert "3x" in result.stdout
    assert "1 / win rate" in result.stdout


def test_json_holds_the_block_of_the_forecast(plan, tmp_path):
    target = tmp_path / "answer.json"
    result = run(plan(), "--confidence", "0.8", "--paths", "20000", "--json", str(target))
    assert result.exit_code == 0
    answer = json.loads(target.read_text())
    [block] = answer["required_pipeline"]
    assert block["deals"] == 124
    assert block["reachable"] is True
    assert block["coverage"] == pytest.approx(12.4)
    assert block["most_confidence"] == 1.0
    assert len(answer["curve"]["deals"]) == 99
    assert [rule["rule"] for rule in answer["pipeline_rules"]] == ["3x", "1 / win rate"]
    assert answer["required_creation_rate"][0]["per_period"] > 100


def test_not_reachable_says_how_far_it_goes(plan):
    result = run(plan(), "--day", "360", "--paths", "1000")
    assert result.exit_code == 0
    assert "not reachable: with 100,000 extra deals the chance is at most 0.0 %" in result.stdout


def test_booked_already(plan):
    result = run(plan(booked=3_000_000), "--paths", "1000")
    assert result.exit_code == 0
    assert "still to book  0 CNY" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--confidence", "80"], "confidence must be in (0, 1), got 80"),
        (["--stage", "nowhere"], "required_pipeline.stage"),
        (["--most", "0"], "required_pipeline.most"),
        (["--amount", "-3"], "required_pipeline.amount"),
    ],
)
def test_wrong_questions_end_with_one_message(plan, arguments, message):
    result = run(plan(), *arguments, "--paths", "100")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_without_quota_or_amount_it_says_what_is_missing(plan):
    bare = SCENARIO.replace("quota = 3_000_000\nbooked = {booked}\n", "")
    assert "quota must be stated" in run(plan(text=bare), "--paths", "100").stderr
    bare = SCENARIO.replace("[required_pipeline]\namount = 300_000\n", "")
    assert "required_pipeline.amount must be stated" in run(plan(text=bare), "--paths", "64").stderr
