"""``funnelsim plan`` and ``funnelsim statements``: readings, text, JSON, and what is refused."""

import json
import re

import pytest
from click.testing import CliRunner

import funnelsim as fs
from funnelsim.cli import main

SHORT, LONG = "6-5-3-3-2-1", "9-6-5-5-3-1"


def run(*arguments):
    return CliRunner().invoke(main, arguments, prog_name="funnelsim")


def text_of(*arguments):
    done = run(*arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


def answer_of(*arguments):
    done = run(*arguments, "--json", "-")
    assert done.exit_code == 0
    return json.loads(done.stdout)


def shown_peak(text):
    return float(re.search(r"^peak +([\d.]+) activities", text, re.MULTILINE)[1])


# --- the readings of "at most how much work in a month?" ---

READINGS = {
    "three, one a month": ("--contracts 3", 14, 20, 3),
    "ten, one a month": ("--contracts 10 --every month --lag 1 --start monthly", 20, 29, 7),
    "ten signed inside a year": ("--contracts 10 --start inside", 28, 41, 10),
    "ten at once": ("--contracts 10 --start once", 60, 90, 10),
    "steady": ("--contracts 10 --start steady", 16.67, 24.17, 10),
    "steady, in each of three months": (
        "--contracts 10 --start steady --lag 3 --effort every",
        50,
        72.5,
        10,
    ),
    "three months a stage, first year": ("--contracts 12 --lag 3 --window 12", 17, 25, 0),
}


@pytest.mark.parametrize(("options", "short", "long", "signed"), READINGS.values(), ids=READINGS)
def test_each_reading(options, short, long, signed):
    for counts, peak in ((SHORT, short), (LONG, long)):
        text = text_of("plan", "--counts", counts, *options.split())
        assert shown_peak(text) == peak
        assert re.search(rf"^signed +{signed} of the \d+ inside 12 months$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("counts", "months"),
    [(SHORT, [6, 11, 14, 11, 8, 6, 3, 1]), (LONG, [9, 15, 20, 16, 13, 9, 4, 1])],
)
def test_three_cohorts_month_by_month(counts, months):
    lines = text_of("plan", "--contracts", "3", "--counts", counts).splitlines()

    head = next(k for k, line in enumerate(lines) if line.startswith("month "))
    shown = [int(line.split()[-2]) for line in lines[head + 1 : head + 1 + len(months)]]
    assert shown == months
    assert lines[head + 1 + len(months)].split()[0] == "all"


def test_the_starts_of_ten_signed_inside_a_year():
    answer = answer_of("plan", "--contracts", "10", "--counts", SHORT, "--start", "inside")

    assert [row["started"] for row in answer["periods"]] == [2, 2, 2, 1, 1, 1, 1] + [0] * 5


def test_how_often_a_plan_for_the_mean_is_met():
    text = text_of("plan", "--contracts", "10", "--counts", SHORT)

    assert "bring 10 contracts or more in 55.4 % of futures; 80 % takes 74, 90 % takes 83" in text


# --- options ---


def test_the_text_is_that_of_the_plan_in_python():
    options = [
        "--start", "2,2,1", "--lag", "1,2,1,1,1", "--effort", "spread", "--hours", "1,2,3,4,5",
        "--first", "2027-04", "--window", "9",
        "--running", "proposal:6", "--running", "meeting:5:0",
    ]  # fmt: skip
    running = [fs.RunningDeals("proposal", 6), fs.RunningDeals("meeting", 5, elapsed=0)]

    plan = fs.work_plan(
        SHORT, start=[2, 2, 1], lag=[1, 2, 1, 1, 1], effort="spread", hours=[1, 2, 3, 4, 5],
        first="2027-04", window=9, running=running,
    )  # fmt: skip

    assert text_of("plan", "--counts", SHORT, *options) == f"{plan!r}\n"


def test_due_dates_are_scheduled_backwards():
    answer = answer_of("plan", "--counts", SHORT, "--due", "0,0,2,0,0,0,3")

    assert [row["started"] for row in answer["periods"]][:2] == [2, 3]
    assert answer["late"] == [{"due": 3, "contracts": 2, "periods": 3}]


@pytest.mark.parametrize(
    "percentages",
    ["key-account", "10,20,45,50,80,100", "10-20-45-50-80-100", "10%,20%,45%,50%,80%,100%",
     ".1,.2,.45,.5,.8,1"],
)  # fmt: skip
def test_percentages_instead_of_counts(percentages):
    answer = answer_of("plan", "--percentages", percentages, "--contracts", "10", "--start", "once")

    assert [row["total"] for row in answer["periods"]] == pytest.approx(
        [100, 50, 200 / 9, 20, 12.5, 10]
    )
    assert answer["chance_of_contracts"] == pytest.approx(0.5487, abs=5e-5)


def test_stages_may_be_named():
    text = text_of("plan", "--counts", "3-2-1", "--contracts", "1", "--names", "call, visit, order")

    assert "call  visit  order  total" in text


def test_json_in_a_file_comes_with_the_text(tmp_path):
    target = tmp_path / "plan.json"
    text = text_of("plan", "--contracts", "10", "--counts", SHORT, "--json", str(target))

    assert shown_peak(text) == 20
    expected = json.loads(json.dumps(fs.work_plan(SHORT, 10.0).to_dict()))
    assert json.loads(target.read_text("utf-8")) == expected


def test_json_on_standard_output_leaves_notes_to_standard_error():
    done = run("plan", "--contracts", "10", "--counts", SHORT, "--json", "-")

    assert json.loads(done.stdout)["peak"]["load"] == 20
    assert done.stderr.startswith("warning: a plan for the mean: 60 deals in training")


# --- statements ---


def test_both_statements_side_by_side():
    text = text_of("statements")

    assert text == f"{fs.compare_statements()!r}\n"
    assert re.search(r"^80 % +124 +74$", text, re.MULTILINE)
    assert re.search(r"^60 deals, as counts ask +7.3 % +55.4 %$", text, re.MULTILINE)


def test_statements_as_json():
    answer = answer_of(
        "statements", "--counts", LONG, "--percentages", "10,20,45,50,80,100",
        "--contracts", "3", "--confidence", "0.8", "--names", "a,b,c,d,e,f",
    )  # fmt: skip

    expected = fs.compare_statements(counts=LONG, contracts=3, confidence=0.8, names=list("abcdef"))
    assert answer == expected.to_dict()


# --- wrong input ---

WRONG = {
    "nothing": ("plan", "--counts must be given; such as 6-5-3-3-2-1; or give --percentages"),
    "both": (
        f"plan --counts {SHORT} --percentages key-account",
        "--percentages must be left out where --counts is given, got 'key-account'; funnelsim",
    ),
    "bad counts": ("plan --counts 6-5-x", "counts must be numbers joined by '-', got '6-5-x'"),
    "growing": ("plan --counts 1-2 --contracts 3", "counts must not grow from a stage to the next"),
    "no contract": ("plan --counts 6-5-2 --contracts 3", "counts must end with 1, the contract"),
    "no contracts": (f"plan --counts {SHORT}", "contracts must be given; or a list of starts, or"),
    "negative": (f"plan --counts {SHORT} --contracts -1", "contracts must be in [0, 1e+06], got"),
    "a word": (f"plan --counts {SHORT} --contracts ten", "Invalid value for '--contracts': 'ten'"),
    "negative lag": (
        f"plan --counts {SHORT} --contracts 3 --lag -1",
        "lag must be a whole number of at least 0 and at most 10000, got -1",
    ),
    "lag a word": (
        f"plan --counts {SHORT} --contracts 3 --lag one",
        "lag must be numbers separated by commas, got 'one'",
    ),
    "unknown start": (
        f"plan --counts {SHORT} --contracts 3 --start montly",
        "start must be a known pattern, or a list, got 'montly'; did you mean 'monthly'?",
    ),
    "weekly": (
        f"plan --counts {SHORT} --contracts 3 --start weekly",
        "start must be 'monthly' where a period is a month, got 'weekly'",
    ),
    "every": (
        f"plan --counts {SHORT} --contracts 3 --every fortnight",
        "every must be a kind of period, got 'fortnight'; known: day, week, month, quarter, year",
    ),
    "effort": (
        f"plan --counts {SHORT} --contracts 3 --effort evry",
        "effort must be a known word, got 'evry'; did you mean 'every'?",
    ),
    "too short": (
        f"plan --counts {SHORT} --contracts 3 --start inside --window 5",
        "window must be at least 6 for a contract to be signed inside, got 5",
    ),
    "start and due": (
        f"plan --counts {SHORT} --start once --due 3",
        "start must be left out where due is given, got 'once'",
    ),
    "running": (
        f"plan --counts {SHORT} --running meeting",
        "--running must be a stage and a number of deals, got 'meeting'; such as proposal:6",
    ),
    "running nowhere": (
        f"plan --counts {SHORT} --running meting:3",
        "stage of running deals must be a stage, got 'meting'; did you mean 'meeting'?",
    ),
    "percentages without the contract": (
        "plan --percentages 10,20 --contracts 3",
        "percentages must end with 100, the contract, got 20; or with 1, if all are fractions",
    ),
    "percentages that fall": (
        "plan --percentages 50,20,100 --contracts 3",
        "percentages must not fall from stage to stage, got 50; the next is 20",
    ),
    "percentages out of range": (
        "plan --percentages 10,450,100 --contracts 3",
        "percentages must be above 0 and at most 100, got 450",
    ),
    "names": (
        "plan --percentages 10,100 --contracts 3 --names a,b,c",
        "names must have one entry for each of the 2 stages, got 3",
    ),
    "no folder": (
        f"plan --counts {SHORT} --contracts 3 --json no/where.json",
        "'no/where.json' must be a file that can be written",
    ),
    "an option": (f"plan --counts {SHORT} --contract 3", "No such option"),
    "statements of other lengths": (
        "statements --counts 3-2-1",
        "counts must have as many stages as percentages, 6, got 3",
    ),
    "a confidence in percent": (
        "statements --confidence 80",
        "confidence must be in (0, 1), got 80; 80 % is given as 0.8",
    ),
}


@pytest.mark.parametrize(("line", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_one_message_and_status_2(line, message):
    done = run(*line.split())

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.count("error: ") == 1
    assert "Traceback" not in done.stderr
