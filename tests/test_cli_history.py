"""``funnelsim fit``, ``outlook`` and ``backtest``: text, JSON, files, and what is refused."""

from __future__ import annotations

import csv
import datetime as dt
import json

import pytest
from click.testing import CliRunner

import funnelsim as fs
from funnelsim.cli import main

pytestmark = pytest.mark.compiled  # thousands of paths

DAY = dt.date(2026, 1, 1)
COLUMNS = ("id", "created", "closed", "outcome", "amount", "owner")


@pytest.fixture
def export(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "deals.csv").open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for k in range(330):
            opened = DAY + dt.timedelta(k)
            closed = opened + dt.timedelta(5 + k % 9)
            outcome = ("won", "lost")[k % 3 == 0]
            writer.writerow([f"D{k}", opened, closed, outcome, 1000 + k, "AB"[k % 2]])
        writer.writerow(["X1", "", "", "open", 5, "A"])
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, arguments)


def answer(done, name="answer.json"):
    assert done.exit_code == 0, done.stderr
    with open(name, encoding="utf-8") as text:  # noqa: PTH123
        return json.load(text)


@pytest.mark.usefixtures("export")
def test_what_was_read_and_left_out_is_said_beside_the_answer():
    done = run("outlook", "deals.csv", "--horizon", "30", "--paths", "200")
    assert done.exit_code == 0
    assert done.stdout.startswith("Forecast: as of 2026-12-0")
    assert "read deals.csv as deals: deal is 'id'" in done.stderr
    assert "1 row cannot be used and left out:\n  row 331: created must be given" in done.stderr


@pytest.mark.usefixtures("export")
def test_outlook_in_json_is_what_python_answers():
    options = ["--horizon", "30", "--paths", "300", "--seed", "5", "--quota", "20000"]
    found = answer(run("outlook", "deals.csv", *options, "--json", "answer.json"))
    history = fs.History.from_csv("deals.csv")
    assert found == history.forecast(30, quota=20_000.0, paths=300, seed=5).to_dict()


@pytest.mark.usefixtures("export")
def test_outlook_by_periods_and_segment():
    options = ["--every", "month", "--count", "2", "--segment", "owner=A", "--no-track-record"]
    found = answer(run("outlook", "deals.csv", *options, "--paths", "200", "--json", "answer.json"))
    assert len(found["periods"]) == 2
    assert found["segment"] == ["owner", "A"]
    assert found["track_record"] is None


def test_a_fit_is_a_file_that_can_be_forecast(export):
    options = ["--as-of", "2026-07-31", "--quota", "50000", "--every", "month", "--count", "3"]
    done = run("fit", "deals.csv", *options, "--draws", "20", "-o", "fitted.toml")
    assert done.exit_code == 0, done.stderr
    assert "wrote fitted.toml" in done.stderr
    scenario = fs.read_scenario(export / "fitted.toml")
    assert (scenario.quota, len(scenario.periods)) == (50_000.0, 3)
    assert scenario.as_of == dt.date(2026, 7, 31)
    again = run("forecast", "fitted.toml", "--paths", "200")
    assert "chance to reach it" in again.stdout


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ("-o deals.csv", "--output"),
        ("--json deals.csv", "--json"),
        ("-o x.toml --json x.toml", "--json"),
        ("-o x.toml --json ./x.toml", "--json"),
    ],
)
def test_no_file_is_written_over_one_that_is_needed(export, options, option):
    before = (export / "deals.csv").read_bytes()
    done = run("fit", "deals.csv", "--draws", "5", *options.split())
    assert done.exit_code == 2
    assert f"error: {option} must be another file than" in done.stderr
    assert (export / "deals.csv").read_bytes() == before
    assert not (export / "x.toml").exists()


def test_the_fiscal_year_is_that_of_the_scenario_and_of_the_season(export):
    run("fit", "deals.csv", "--fiscal-year-start", "4", "--draws", "5", "-o", "fitted.toml")
    assert fs.read_scenario(export / "fitted.toml").periods.fiscal_year_start == 4
    options = ["--horizon", "60", "--paths", "300", "--no-track-record"]
    found = [
        answer(
            run("outlook", "deals.csv", *options, "--fiscal-year-start", month, "--json", "a"), "a"
        )
        for month in ("1", "2")
    ]
    assert found[0]["wins"] != found[1]["wins"]


@pytest.mark.usefixtures("export")
def test_a_fit_in_json():
    done = run("fit", "deals.csv", "--draws", "20", "--by", "owner", "--json", "answer.json")
    found = answer(done)
    stage = found["stages"][0]
    assert stage["conversion"]["low"] < 2 / 3 < stage["conversion"]["high"]
    assert {one["segment"] for one in found["segments"]} == {"A", "B"}
    assert "Created in a month" in done.stdout


@pytest.mark.usefixtures("export")
def test_a_backtest_says_who_won():
    options = ["--horizon", "30", "--spacing", "28", "--paths", "200", "--by", "owner"]
    done = run("backtest", "deals.csv", *options, "--json", "answer.json")
    found = answer(done)
    assert "30 days, total: 'outlook'" in done.stdout
    assert {line["dimension"] for line in found["summary"]} >= {"total", "owner"}
    assert found["verdict"]["bookings"][0] in done.stdout


@pytest.mark.usefixtures("export")
def test_columns_and_words_can_be_stated():
    options = ["--column", "booked=amount", "--won", "lost", "--lost", "won", "--format", "deals"]
    done = run("fit", "deals.csv", "--draws", "20", *options, "--json", "answer.json")
    assert "booked is 'amount'" in done.stderr
    assert answer(done)["stages"][0]["conversion"]["value"] < 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("outlook deals.csv", "--horizon or --every must be given, one of them, got 'neither'"),
        ("outlook deals.csv --count 3", "--every must be given beside --count"),
        ("outlook deals.csv --horizon 30 --every month", "be given, one of them, got 'both'"),
        ("outlook deals.csv --horizon 30 --segment west", "an equals sign and a value, got 'west'"),
        ("outlook deals.csv --horizon 30 --segment owner=C", "segment 'owner' must be a known"),
        ("outlook deals.csv --horizon 30 --elasticity 7", "--elasticity must be in [0, 1], got 7"),
        ("outlook deals.csv --horizon 30 --as-of soon", "--as-of must be"),
        ("outlook deals.csv --horizon 30 --strict", "1 row cannot be used"),
        ("outlook deals.csv --horizon 30 --format crm", "--format must be"),
        ("outlook deals.csv --horizon 30 --column price=x", "FIELD in --column must be a field"),
        ("outlook deals.csv --horizon 30 --won yes", "--won must occur in 'outcome', got 'yes'"),
        ("outlook deals.csv --horizon 30 --decimal x", '--decimal must be "." or ","'),
        ("outlook deals.csv --horizon 30 --json deals.csv", "be another file than"),
        ("outlook none.csv --horizon 30", "none.csv"),
        ("fit deals.csv --by region", "--by must be a segment of the history, got 'region'"),
        ("fit deals.csv --as-of 2020-01-01", "event, got '2020-01-01'; that is of 2026-01-01"),
        ("fit deals.csv --draws 0", "--draws must be"),
        ("fit deals.csv -o nowhere/x.toml", "nowhere"),
        ("backtest deals.csv --horizon 900", "ask for a shorter horizon"),
        ("backtest deals.csv --horizon 0", "--horizon must be"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("export")
def test_wrong_input_is_one_message_and_status_2(arguments, message):
    done = run(*arguments.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [
                "A,2026-01-05,Demo",
                "A,2026-02-05,Won",
                "B,2026-01-05,Demo",
                "B,2026-03-05,Closed - X",
            ],
            'no deal goes on from it: state --lost "Closed - X" or --won "Won,Closed - X"; if it',
        ),
        (["A,5/4/2026,Demo"], "say --day-first for day/month/year, --month-first for month/day"),
        (["A,25-01-13,Demo"], "say --year-first for year/month/day, or --day-first for"),
    ],
)
def test_messages_speak_of_options(tmp_path, monkeypatch, rows, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "changes.csv").write_text("\n".join(["deal,date,stage", *rows, ""]))
    done = run("outlook", "changes.csv", "--horizon", "30")
    assert done.exit_code == 2
    assert message in done.stderr


def test_notes_speak_of_options(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"D{k},2026-0{1 + step}-05,{stage},12.500" for k in range(30)
            for step, stage in enumerate(("Demo", "Proposal", "Won"))]  # fmt: skip
    rows += ["E,2026-01-05,Demo,8.500", "E,2026-02-05,Propsal,8.500"]
    (tmp_path / "changes.csv").write_text("\n".join(["deal,date,stage,amount", *rows, ""]))
    done = run("fit", "changes.csv", "--draws", "5")
    assert done.exit_code == 0, done.stderr
    assert "--decimal , reads it the other way" in done.stderr
    assert "if it is a typo, correct it" in done.stderr
    assert "=[" not in done.stderr


def test_the_open_deals_may_be_a_file_beside_the_scenario(export):
    options = ["--as-of", "2026-07-31", "--draws", "20"]
    run("fit", "deals.csv", *options, "-o", "whole.toml")
    done = run("fit", "deals.csv", *options, "-o", "short.toml", "--deals", "open.csv")
    assert done.exit_code == 0, done.stderr
    whole, short = (fs.read_scenario(export / f"{name}.toml") for name in ("whole", "short"))
    assert len(short.pipeline.ids) > 3
    assert short.pipeline.ids == whole.pipeline.ids
    forecasts = [fs.simulate(one, paths=500).to_dict() for one in (whole, short)]
    assert forecasts[0] == forecasts[1]
    assert len((export / "short.toml").read_text()) < len((export / "whole.toml").read_text())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--deals open.csv", "--output must be given beside --deals"),
        ("-o x.toml --deals x.toml", "--deals must be another file than x.toml"),
        ("-o x.toml --deals deals.csv", "--deals must be another file than deals.csv"),
        ("-o x.toml --deals y.csv --json y.csv", "--deals must be another file than y.csv"),
    ],
)
def test_the_file_of_the_open_deals_is_none_of_the_others(export, options, message):
    before = (export / "deals.csv").read_bytes()
    done = run("fit", "deals.csv", "--draws", "5", *options.split())
    assert done.exit_code == 2
    assert message in done.stderr
    assert (export / "deals.csv").read_bytes() == before


@pytest.mark.usefixtures("export")
def test_win_rates_by_segment_are_there_to_compare():
    done = run("fit", "deals.csv", "--draws", "20", "--by", "owner", "-o", "by.toml")
    assert "Win rates by segment, to compare; the scenario has that of all deals:" in done.stdout
    run("fit", "deals.csv", "--draws", "20", "-o", "plain.toml")
    assert fs.read_scenario("by.toml") == fs.read_scenario("plain.toml")
    assert "the scenario keeps that of all" in " ".join(run("fit", "--help").stdout.split())
