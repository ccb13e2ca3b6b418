"""The command about key accounts: text, JSON, and what is refused."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import funnelsim as fs
from funnelsim.cli import main

SCENARIO = """
name = "Plan"
as_of = 2026-12-31
quota = 400_000
periods = { every = "quarter", count = 2 }
funnel = { preset = "key-account", time = 20 }
pipeline = { deals = [
    { id = "A", stage = "consulting", amount = 300_000, account = "Acme", owner = "Al" },
    { id = "B", stage = "meeting", amount = 100_000, account = "77", owner = "Bo" },
    { id = "C", stage = "negotiation", amount = 200_000, account = "Acme", owner = "Bo" },
    { id = "D", stage = "proposal", amount = 250_000, account = "Cato", owner = "Al" },
] }
"""
FEW = ("--paths", "1000")


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(SCENARIO)
    return str(path)


def run(*arguments):
    return CliRunner().invoke(main, [str(one) for one in arguments])


def plain(found):
    return json.loads(json.dumps(found.to_dict()))


def test_accounts_are_those_of_the_forecast(plan):
    result = run("accounts", plan, *FEW, "--without", 1, "--without", "Cato", "--json", "-")
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    found = fs.simulate(fs.read_scenario(plan), paths=1_000).key_accounts()
    assert answer["without"] == [plain(found.without(1)), plain(found.without("Cato"))]
    assert {**plain(found), "without": answer["without"]} == answer
    assert answer["without"][0]["accounts"] == ["Acme"]


def test_accounts_as_text(plan):
    bare = run("accounts", plan)
    assert bare.exit_code == 0, bare.stderr
    assert bare.stdout.startswith("Key accounts by account: 2 of 3 accounts bring 80 %")
    assert "leaving out" not in bare.stdout
    left = run("accounts", plan, *FEW, "--without", 2)
    assert left.stdout.startswith(bare.stdout.rstrip())
    assert "leaving out Acme, Cato (3 deals" in left.stdout


def test_a_number_that_is_a_name_is_the_name(plan):
    result = run("accounts", plan, *FEW, "--without", 77)
    assert "leaving out 77 (1 deal, " in result.stdout


def test_any_column(plan):
    result = run("accounts", plan, "--by", "owner")
    assert result.stdout.startswith("Key accounts by owner: ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--by", "acount"], "by must be a column of the open deals, got 'acount'; did you mean"),
        (["--without", "4"], "accounts must be a whole number of at least 0 and at most 3, got 4"),
        (["--without", "Akme"], "did you mean 'Acme'?"),
    ],
)
def test_what_is_refused(plan, arguments, sentence):
    result = run("accounts", plan, *FEW, *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
