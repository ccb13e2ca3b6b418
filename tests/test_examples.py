"""The examples and the README say what the program does."""

import csv
import datetime as dt
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import funnelsim as fs
from funnelsim.distributions.given import FAMILIES
from funnelsim.scenario_file import (
    funnel_section,
    new_business_section,
    pipeline_section,
    reading,
    team_section,
)

ROOT = Path(__file__).parents[1]
CRM = ROOT / "examples" / "crm-hardware"
KEY_ACCOUNT = ROOT / "examples" / "key-account"
NEW_BUSINESS = ROOT / "examples" / "new-business"
README = (ROOT / "README.md").read_text("utf-8")
# so many paths take minutes where the JIT is off
pytestmark = pytest.mark.compiled

SOURCE = "FUNNELSIM_CRM_FOLDER"  # names the folder of the publisher's files


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def command_line(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "funnelsim", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONUTF8": "1"},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )


def made_by_script(source, folder, name="open_deals"):
    command = [sys.executable, CRM / f"make_{name}.py", source, folder / f"{name}.csv"]
    subprocess.run(command, check=True)
    return folder / f"{name}.csv"


def rows(file):
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


# --- the README ---


def shown_under(heading):
    """Return the commands of a section, each with the answer that is shown below it."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(
        r"^```sh\n\.venv/bin/funnelsim (.*?)\n```\s+```text\n(.*?)^```",
        section, re.MULTILINE | re.DOTALL,
    )  # fmt: skip


def test_the_first_two_commands_stand_alone_on_a_line():
    first, second = blocks("sh")[:2]

    assert first.count("\n") == second.count("\n") == 1
    assert first.startswith("python3 -m venv .venv && ")
    assert second.startswith("python3 -m venv .venv-test && ")


def test_the_first_command_prints_what_the_readme_shows():
    *_, last = blocks("sh")[0].strip().split(" && ")
    program, *arguments = last.split()
    assert program == ".venv/bin/funnelsim"

    answer = command_line(*arguments)

    assert answer.stdout == blocks("text")[0]
    assert answer.stderr == ""


@pytest.mark.parametrize(
    ("heading", "commands"),
    [
        ("How much pipeline, and how much work?", ["required", "plan"]),
        ("What if?", ["worth", "solve"]),
    ],
)
def test_other_commands_print_what_the_readme_shows(heading, commands):
    shown = shown_under(heading)

    assert [line.split()[0] for line, _ in shown] == commands
    for line, text in shown:
        assert command_line(*line.split()).stdout == text


def test_the_history_says_what_the_readme_shows():
    """Fitted numbers rest on libraries of linear algebra: they agree to some digits."""
    [(line, text)] = shown_under("From a CRM's own history")
    found = command_line(*line.split()).stdout

    number = r"[\d,]*\.?\d+"
    assert re.sub(number, "0", found) == re.sub(number, "0", text)
    pairs = zip(re.findall(number, found), re.findall(number, text), strict=True)
    for one, other in pairs:
        value = float(other.replace(",", ""))
        assert float(one.replace(",", "")) == pytest.approx(value, rel=0.05, abs=1.0)


def test_the_second_command_installs_extras_that_exist():
    [extras] = re.findall(r"\.\[([\w,]+)\]", blocks("sh")[1])
    known = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

    assert set(extras.split(",")) <= set(known["project"]["optional-dependencies"])


def test_the_python_of_the_readme_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    [code] = blocks("python")
    names = {}

    exec(compile(code, "README.md", "exec"), names)

    [shown] = re.findall(r"# (Estimate\(.*\))", code)
    assert repr(names["forecast"].attainment_probability()) == shown


def test_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)

    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


# --- the hardware seller ---


def test_old_deals_are_named_as_dead():
    scenario = fs.read_scenario(CRM / "scenario.toml")
    ages = dict(zip(scenario.pipeline.ids, scenario.pipeline.ages_on(scenario.as_of), strict=True))

    [caution] = fs.simulate(scenario, paths=2).warnings

    assert caution.code == "deal-cannot-go-forward"
    assert set(caution.ids) == {name for name, age in ages.items() if age >= 138}
    text = (CRM / "README.md").read_text("utf-8")
    assert f"the {len(scenario.pipeline):,} deals that were engaged" in text
    assert f"{caution.count} of the {len(ages):,} deals" in text


def test_the_numbers_in_its_readme():
    scenario = fs.read_scenario(CRM / "scenario.toml")
    text = " ".join((CRM / "README.md").read_text("utf-8").split())

    forecast = fs.simulate(scenario)
    p10, p90 = (estimate.value / 1e6 for estimate in forecast.quantile([0.1, 0.9]))

    assert f"mean of {forecast.expected_bookings().value / 1e6:.2f} million" in text
    assert f"P10 to P90 from {p10:.2f} to {p90:.2f} million" in text
    assert f"a chance of {100 * forecast.attainment_probability().value:.0f} %" in text
    assert 1 / (forecast.total_bookings < 1_251_928).mean() == pytest.approx(12, abs=0.5)
    alone = fs.simulate(scenario.replace(market=fs.Market()))
    assert alone.attainment_probability().low > 0.999


def test_the_script_keeps_deals_open_on_the_day(tmp_path):
    (tmp_path / "products.csv").write_text("product,series,sales_price\nGTX Pro,GTX,4821\n")
    (tmp_path / "sales_teams.csv").write_text("sales_agent,manager,regional_office\nAnna,D,West\n")
    (tmp_path / "sales_pipeline.csv").write_text(
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        "closed,Anna,GTX Pro,A,Won,2017-09-01,2017-09-30,5000\n"
        "won-later,Anna,GTXPro,A,Won,2017-09-30,2017-10-01,5000\n"
        "still-open,Anna,GTX Pro,,Engaging,2017-01-05,,\n"
        "too-late,Anna,GTX Pro,A,Engaging,2017-10-01,,\n"
        "undated,Anna,GTX Pro,A,Prospecting,,,\n"
    )

    deals = rows(made_by_script(tmp_path, tmp_path))

    common = {"stage": "engaging", "amount": "4821", "owner": "Anna"}
    common |= {"product": "GTX Pro", "region": "West"}
    assert deals == [
        {"id": "won-later", "entered": "2017-09-30", "account": "A", **common},
        {"id": "still-open", "entered": "2017-01-05", "account": "", **common},
    ]


def test_the_open_deals_are_those_of_the_history():
    known = fs.History.from_csv(CRM / "history.csv").as_of("2017-09-30")
    deals = {row["id"]: float(row["amount"]) for row in rows(CRM / "open_deals.csv")}

    found = {known.ids[k]: float(known.amount[k]) for k in known.open.nonzero()[0].tolist()}

    assert found == deals


@pytest.mark.skipif(SOURCE not in os.environ, reason=f"{SOURCE} does not name the source files")
def test_the_scripts_make_the_files_that_are_shipped(tmp_path):
    source = Path(os.environ[SOURCE])

    made, history = (made_by_script(source, tmp_path, name) for name in ("open_deals", "history"))

    assert made.read_bytes() == (CRM / "open_deals.csv").read_bytes()
    assert history.read_bytes() == (CRM / "history.csv").read_bytes()
    ids = {row["id"] for row in rows(made)}
    won = [
        float(row["close_value"])
        for row in rows(source / "sales_pipeline.csv")
        if row["opportunity_id"] in ids and row["deal_stage"] == "Won"
    ]
    assert (len(won), sum(won)) == (559, 1_251_928)


# --- the key accounts ---


def test_the_key_accounts_agree_with_their_exact_chances():
    scenario = fs.read_scenario(KEY_ACCOUNT / "scenario.toml")
    forecast = fs.simulate(scenario)
    deals = forecast.deals()

    columns = [name for name in deals if name.startswith("won_")]
    exact = [sum(deals[name]) for name in columns]
    simulated = forecast.to_dict()["periods"]

    assert len(exact) == len(simulated) == 12
    for wins, period in zip(exact, simulated, strict=True):
        mean = period["wins"]["mean"]
        assert abs(mean["value"] - wins) < 4.5 * mean["standard_error"] + 1e-4
    assert forecast.warnings == []
    assert 0.3 < forecast.attainment_probability().value < 0.7


def test_what_single_deals_state():
    scenario = fs.read_scenario(KEY_ACCOUNT / "scenario.toml")
    deals = fs.simulate(scenario, paths=2).deals()
    at = {name: place for place, name in enumerate(deals["id"])}

    assert deals["win_probability"][at["KA-07"]] == 0.25
    assert deals["expected_close"][at["KA-03"]] == dt.date(2027, 3, 15)
    assert isinstance(scenario.pipeline.amounts[at["KA-06"]], fs.Lognormal)
    assert set(scenario.pipeline.segment("region")) == {"north", "south", "east"}


# --- the deals that do not exist yet ---


def test_the_numbers_of_new_business():
    scenario = fs.read_scenario(NEW_BUSINESS / "scenario.toml")
    text = " ".join((NEW_BUSINESS / "README.md").read_text("utf-8").split())
    created = sum(scenario.new_business.mean_created(scenario.windows, scenario.as_of))

    answer = fs.simulate(scenario).to_dict()
    bookings, part = (
        one["mean"]["value"] / 1e6
        for one in (answer["bookings"], answer["sources"]["open_pipeline"])
    )
    half, most = (one["deals"] for one in answer["required_pipeline"])

    assert f"about {created:.0f} more" in text
    assert f"a chance of {100 * answer['attainment_probability']['value']:.0f} %" in text
    assert (
        f"of {bookings:.2f} million that come on average, the open deals bring {part:.2f}" in text
    )
    assert f"in one of two futures {half} meetings more are needed" in text
    assert f"and {most} to reach it in four of five" in text


@pytest.mark.parametrize(
    "folder", [CRM, KEY_ACCOUNT, NEW_BUSINESS], ids=["crm-hardware", "key-account", "new-business"]
)
def test_the_command_line_finds_them_fine(folder):
    answer = command_line("check", str(folder / "scenario.toml"))

    assert "is fine" in answer.stdout


# --- the reference of the scenario file ---


def test_the_docs_name_every_key_and_family():
    page = (ROOT / "docs" / "assumptions.md").read_text("utf-8")
    keys = {
        *reading.VALUES,
        *reading.MARKET_KEYS,
        *funnel_section.FORMS,
        *funnel_section.BESIDE,
        *funnel_section.STAGE_KEYS,
        *pipeline_section.PIPELINE_KEYS,
        *new_business_section.NEW_BUSINESS_KEYS,
        *new_business_section.REPEAT_KEYS,
        *new_business_section.REQUIRED_PIPELINE_KEYS,
        *team_section.TEAM_KEYS,
        *team_section.ROLE_KEYS,
        *team_section.REP_KEYS,
        *team_section.WORK_KEYS,
        *FAMILIES,
    }

    unsaid = [key for key in keys if not re.search(rf"`(?:\[\[.*\.)?{key}(?:\]\])?`", page)]

    assert unsaid == []
    assert [part for part in reading.SECTIONS if f"`[{part}]`" not in page] == []
