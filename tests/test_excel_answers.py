"""Answers in workbooks: formulas against Python, charts, what is missing, what breaks."""

import errno
import itertools
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import python_calamine
import xlsxwriter
from click.testing import CliRunner
from scipy.stats import poisson_binom

import funnelsim as fs
from funnelsim.cli import main
from funnelsim.excel import read_workbook, write_template, write_workbook
from funnelsim.excel.convolution import MOST_CELLS, Grid, chance_to_reach, grid_of
from funnelsim.quotas import quota_capacity
from tests.excel_recalculated import needs_soffice, recalculated
from tests.workbooks import EXAMPLES, example, with_team


def sheet_of(file, name):
    book = python_calamine.CalamineWorkbook.from_path(str(file))
    return book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def checks_of(file):
    """Name, live value, value of the forecast, and verdict of each line of the audit."""
    rows = itertools.takewhile(lambda row: row[0], sheet_of(file, "Audit")[4:])
    return {row[0]: (row[1], row[2], row[4]) for row in rows}


def written(scenario, folder, **options):
    forecast = fs.simulate(scenario, paths=256)
    write_workbook(forecast, folder / "out.xlsx", **options)
    return forecast


# ---- the exact chance of the open deals


def test_chance_to_reach_is_that_of_all_subsets():
    units, chances = (3, 1, 4, 1, 5), (0.5, 0.25, 0.1, 0.9, 0.35)
    for need in range(1, 16):
        brute = sum(
            np.prod([p if won else 1 - p for p, won in zip(chances, outcome, strict=True)])
            for outcome in itertools.product((0, 1), repeat=5)
            if np.dot(outcome, units) >= need
        )
        assert chance_to_reach(Grid(1, need, units), chances) == pytest.approx(brute, abs=1e-15)


def test_chance_to_reach_of_equal_amounts_is_poisson_binomial():
    chances = np.linspace(0.05, 0.9, 30).tolist()
    exact = poisson_binom(chances).sf(11)
    assert chance_to_reach(Grid(1, 12, (1,) * 30), chances) == pytest.approx(exact, rel=1e-12)


def test_why_there_is_no_grid():
    base = example("key-account")
    assert "KA-06 is not one number" in grid_of(base)
    assert grid_of(base.replace(quota=None)) == "there is no quota"
    assert grid_of(base.replace(pipeline=fs.Pipeline())) == "there are no open deals"
    odd = fs.Pipeline.from_deals([{"stage": "meeting", "amount": 1e5 + k + 0.01} for k in range(9)])
    assert f"more than {MOST_CELLS:,}" in grid_of(base.replace(pipeline=odd))


@pytest.mark.compiled
def test_a_forecast_without_a_market_agrees_with_the_exact_chance():
    scenario = with_team().replace(
        market=fs.Market(), team=None, quota=3e6, periods=fs.Periods("year", 6)
    )
    forecast = fs.simulate(scenario, paths=4_096)
    grid, chances = grid_of(scenario), forecast.deals()["win_probability"]
    found = forecast.attainment_probability()
    assert abs(found.value - chance_to_reach(grid, chances)) < 5 * found.standard_error


# ---- the audit


def test_the_audit_has_what_python_says(tmp_path):
    scenario = with_team()
    forecast = written(scenario, tmp_path)
    checks = checks_of(tmp_path / "out.xlsx")
    capacity = quota_capacity(scenario, paths=64).total.expected.value
    chances = forecast.deals()["win_probability"]
    assert {name: said for name, (_, said, _) in checks.items()} == {
        "open pipeline": forecast.open_pipeline,
        "weighted pipeline": forecast.weighted_pipeline,
        "quota": 3e6,
        "booked to date": 3e5,
        "left to book": 2.7e6,
        "coverage of what is left to book": forecast.coverage,
        "open deals reach the quota in the end": chance_to_reach(grid_of(scenario), chances),
        "quota capacity": capacity,
    }


def conversions():
    """A funnel of conversions, and losses that take longer: ages tell something."""
    times = {"time": 20, "time_if_lost": fs.Gamma(mean=60, cv=0.6)}
    base = with_team()
    return base.replace(
        quota=2_500_000.0,
        funnel=fs.Funnel([
            fs.Stage(name, conversion=chance, **times)
            for name, chance in zip(base.funnel.names, (0.5, 0.4, 0.9, 0.625, 0.8), strict=False)
        ] + [fs.Stage("contract", 1.0)]),
    )  # fmt: skip


def draws():
    """Conversions that are drawn: texts in cells."""
    return conversions().replace(
        funnel=fs.Funnel(
            [
                fs.Stage("training", conversion=[0.5, 0.4], time=20),
                fs.Stage("meeting", conversion=[0.4, 0.5], time=20),
                fs.Stage("consulting", conversion=0.9, time=20),
                fs.Stage("proposal", conversion=0.6, time=20),
                fs.Stage("negotiation", conversion=0.8, time=20),
                fs.Stage("contract", 1.0),
            ]
        )
    )


@needs_soffice
@pytest.mark.slow
@pytest.mark.parametrize("made", [with_team, conversions, draws, lambda: example("key-account")])
def test_libreoffice_computes_the_same(made, tmp_path):
    written(made(), tmp_path)
    checks = checks_of(recalculated(tmp_path / "out.xlsx", tmp_path))
    assert len(checks) >= 6
    for name, (live, said, verdict) in checks.items():
        assert verdict == "equal", name
        assert live == pytest.approx(said, rel=1e-9, abs=1e-9), name


@needs_soffice
@pytest.mark.slow
def test_formulas_follow_the_assumptions(tmp_path):
    scenario = with_team()
    written(scenario, tmp_path)
    with zipfile.ZipFile(tmp_path / "out.xlsx") as old:
        parts = {name: old.read(name) for name in old.namelist()}
    names = re.findall(r'<sheet name="([^"]+)"', parts["xl/workbook.xml"].decode())
    for sheet, cell, value in (
        ("Funnel", "B8", "0.4"),
        ("Scenario", "E9", "500000"),
        ("Roles", "M6", "500000"),
    ):
        name = f"xl/worksheets/sheet{names.index(sheet) + 1}.xml"
        pattern = rf'(<c r="{cell}"[^>]*>)<v>[^<]*</v>'.encode()
        parts[name], count = re.subn(pattern, rb"\1<v>" + value.encode() + b"</v>", parts[name])
        assert count == 1, (sheet, cell)
    with zipfile.ZipFile(tmp_path / "changed.xlsx", "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    changed = read_workbook(tmp_path / "changed.xlsx")
    assert changed.booked == 5e5
    again = fs.simulate(changed, paths=256)
    live = {
        k: v[0] for k, v in checks_of(recalculated(tmp_path / "changed.xlsx", tmp_path)).items()
    }
    chances = again.deals()["win_probability"]
    assert live["weighted pipeline"] == pytest.approx(again.weighted_pipeline, rel=1e-9)
    assert live["coverage of what is left to book"] == pytest.approx(again.coverage, rel=1e-9)
    exact = chance_to_reach(grid_of(changed), chances)
    assert live["open deals reach the quota in the end"] == pytest.approx(exact, abs=1e-9)
    capacity = quota_capacity(changed, paths=64).total.expected.value
    assert live["quota capacity"] == pytest.approx(capacity, rel=1e-9)


def test_what_is_not_finite_is_said(tmp_path):
    deals = fs.Pipeline.from_deals(
        [{"stage": "meeting", "amount": {"pareto": {"low": 1e5, "alpha": 0.9}}}]
    )
    written(example("key-account").replace(pipeline=deals), tmp_path)
    assert sheet_of(tmp_path / "out.xlsx", "Audit")[4][:2] == ["open pipeline", "not finite"]


# ---- answers and charts


@pytest.mark.compiled
def test_sheets_and_charts(tmp_path):
    scenario = with_team()
    found = fs.sensitivity(scenario, ["quota", "funnel.win_rate"], paths=128)
    forecast = written(scenario, tmp_path, sensitivity=found)
    with zipfile.ZipFile(tmp_path / "out.xlsx") as parts:
        charts = [name for name in parts.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == 5  # bookings, attainment, capacity, hours, sensitivity
    table = sheet_of(tmp_path / "out.xlsx", "Forecast")
    mean = table[3].index("mean")
    told = [period["bookings"]["mean"]["value"] for period in forecast.to_dict()["periods"]]
    assert [row[mean] for row in table[4:16]] == told
    deals = sheet_of(tmp_path / "out.xlsx", "Deals")
    assert [row[0] for row in deals[4:]] == list(scenario.pipeline.ids)
    summary = {row[0]: row[1] for row in sheet_of(tmp_path / "out.xlsx", "Summary")}
    assert summary["chance to reach the quota"] == forecast.attainment_probability().value
    assert [row[0] for row in sheet_of(tmp_path / "out.xlsx", "Sensitivity")[4:6]] == [
        "quota",
        "funnel.win_rate",
    ]


@pytest.mark.compiled
def test_working_capacity_has_a_sheet(tmp_path):
    team = fs.Team([fs.Role("rep"), fs.Role("engineer")], [fs.Rep("rep"), fs.Rep("engineer")],
                   work={"training": 20, "proposal": fs.Work(30, "engineer")})  # fmt: skip
    base = example("key-account")
    forecast = written(base.replace(team=team), tmp_path)
    found, table = forecast.capacity(), sheet_of(tmp_path / "out.xlsx", "Hours")
    assert table[1][0].endswith(f"{found.in_words()}.")
    worked = table[3].index("rep: hours worked")
    periods = len(base.windows)
    assert [row[worked] for row in table[4 : 4 + periods]] == [
        found.utilisation("rep", k).value for k in range(periods)
    ]
    waiting = table[3].index("waiting in proposal at the end")
    assert table[3 + periods][waiting] == found.backlog("proposal", periods - 1).value
    rows = {row[0]: row[1:] for row in table[4 + periods :]}
    assert rows["proposal"][:2] == ["engineer", found.waits()[1].deals.value]
    lost = found.lost_attainment()
    assert rows["chance lost for lack of hours"][:2] == [lost.value, lost.standard_error]


def test_a_forecast_without_a_quota_has_a_workbook(tmp_path):
    scenario = fs.Scenario(as_of="2026-12-31", periods=fs.Periods(edges=[0, 30.5, 91]),
                           funnel=fs.Funnel.key_account(time=30))  # fmt: skip
    written(scenario, tmp_path)
    assert read_workbook(tmp_path / "out.xlsx") == scenario
    write_workbook(fs.stream(scenario, paths=256), tmp_path / "streamed.xlsx")


# ---- what is missing, what breaks


@pytest.mark.parametrize(
    ("library", "use"), [("xlsxwriter", write_template), ("python_calamine", read_workbook)]
)
def test_a_library_that_is_not_installed_is_named(library, use, tmp_path, monkeypatch):
    write_template(tmp_path / "plan.xlsx", example("key-account"))
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(fs.InputError, match=r"not installed; pip install 'funnelsim\[excel\]'"):
        use(tmp_path / "plan.xlsx")


def test_what_is_no_workbook_is_refused(tmp_path):
    (tmp_path / "plan.xlsx").write_text("as_of = 2026-12-31")
    with pytest.raises(fs.InputError, match="be a workbook"):
        read_workbook(tmp_path / "plan.xlsx")
    with pytest.raises(fs.InputError):
        read_workbook(tmp_path / "none.xlsx")
    write_template(tmp_path / "plan.xlsx", example("key-account"))
    with pytest.raises(fs.InputError, match=r"read by funnelsim\.read_workbook"):
        fs.read_scenario(tmp_path / "plan.xlsx")


def test_a_formula_that_was_never_calculated_is_refused(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "plan.xlsx") as book:
        page = book.add_worksheet("Scenario")
        page.write_row(3, 0, ["name", "value"])
        page.write_row(4, 0, ["as_of", "2026-12-31"])
        page.write("A6", "quota")
        page.write_formula("B6", "=1000*3", None, "")
        book.add_worksheet("Funnel").write(0, 0, "name")
    with pytest.raises(fs.InputError, match=r"sheet Scenario, cell B6: .* value of its formula"):
        read_workbook(tmp_path / "plan.xlsx")


@pytest.mark.parametrize("sheets", [["Scenario"], ["Funnel"], ["Scenari", "Funnel"], ["Plan"]])
def test_sheets_that_are_needed_are_asked_for(sheets, tmp_path):
    with xlsxwriter.Workbook(tmp_path / "plan.xlsx") as book:
        for sheet in sheets:
            book.add_worksheet(sheet).write_row(0, 0, ["name", "value"])
    with pytest.raises(fs.InputError, match=r"have a sheet|did you mean 'Scenario'"):
        read_workbook(tmp_path / "plan.xlsx")


def test_a_text_that_no_cell_holds_is_refused(tmp_path):
    scenario = example("key-account")
    for text, said in (("x" * 40_000, "32,767"), ("a\uffff", "hold characters")):
        with pytest.raises(fs.InputError, match=said):
            write_template(tmp_path / "plan.xlsx", scenario.replace(name=text))
    assert not (tmp_path / "plan.xlsx").exists()


def test_a_full_disk_leaves_the_old_file_whole(tmp_path, monkeypatch):
    file = tmp_path / "plan.xlsx"
    write_template(file, example("key-account"))
    before = file.read_bytes()
    opened = Path.open

    class Full:
        def __init__(self, inner):
            self.inner = inner

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.inner.close()

        def write(self, content):
            self.inner.write(content[:100])
            raise OSError(errno.ENOSPC, "No space left on device")

    other = example("new-business")
    monkeypatch.setattr(Path, "open", lambda path, *given: Full(opened(path, *given)))
    with pytest.raises(fs.InputError, match="No space left"):
        write_template(file, other)
    monkeypatch.undo()
    assert file.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["plan.xlsx"]


# ---- the command line


def run(*arguments):
    return CliRunner().invoke(main, [str(one) for one in arguments], prog_name="funnelsim")


def test_template_does_not_overwrite(tmp_path):
    file = tmp_path / "finance.xlsx"
    assert run("template", file).exit_code == 0
    before = file.read_bytes()
    again = run("template", file, "--from", EXAMPLES / "key-account" / "scenario.toml")
    assert (again.exit_code, "--force" in again.stderr) == (2, True)
    assert file.read_bytes() == before
    source = EXAMPLES / "key-account" / "scenario.toml"
    assert run("template", file, "--from", source, "--force").exit_code == 0
    assert read_workbook(file) == example("key-account")


def test_template_wants_the_ending(tmp_path):
    done = run("template", tmp_path / "finance.csv")
    assert (done.exit_code, "end in .xlsx" in done.stderr) == (2, True)


@pytest.mark.compiled
def test_every_command_takes_a_workbook(tmp_path):
    write_template(tmp_path / "plan.xlsx", example("key-account"))
    toml = EXAMPLES / "key-account" / "scenario.toml"
    for command in (["check"], ["inputs"], ["forecast", "--paths", "256"],
                    ["sensitivity", "--paths", "128", "--input", "quota"],
                    ["solve", "--paths", "128", "quota", "--attainment", "0.5"]):  # fmt: skip
        ours = run(command[0], toml, *command[1:])
        theirs = run(command[0], tmp_path / "plan.xlsx", *command[1:])
        assert (theirs.exit_code, theirs.stderr) == (0, ours.stderr), command
        named = ours.stdout.replace(str(toml), str(tmp_path / "plan.xlsx"))
        assert theirs.stdout == named, command


@pytest.mark.compiled
def test_forecast_writes_a_workbook(tmp_path):
    toml = EXAMPLES / "key-account" / "scenario.toml"
    out = tmp_path / "out.xlsx"
    assert run("forecast", toml, "--paths", "256", "--excel", out).exit_code == 0
    assert "Sensitivity" in python_calamine.CalamineWorkbook.from_path(str(out)).sheet_names
    assert read_workbook(out) == example("key-account")
    other = tmp_path / "plain.xlsx"
    done = run("forecast", out, "--paths", "256", "--excel", other, "--no-sensitivity", "--stream")
    assert done.exit_code == 0
    assert "Sensitivity" not in python_calamine.CalamineWorkbook.from_path(str(other)).sheet_names


def test_a_workbook_is_not_written_over_its_source(tmp_path):
    write_template(tmp_path / "plan.xlsx", example("key-account"))
    done = run("forecast", tmp_path / "plan.xlsx", "--excel", tmp_path / "plan.xlsx")
    assert (done.exit_code, "be another file" in done.stderr) == (2, True)


def test_a_wrong_cell_on_the_command_line(tmp_path):
    write_template(tmp_path / "finance.xlsx")
    done = run("forecast", tmp_path / "finance.xlsx")
    assert done.exit_code == 2
    assert "finance.xlsx, sheet Scenario, cell E7: as_of must be given" in done.stderr
