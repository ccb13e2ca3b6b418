"""Workbooks: asked for, read as scenarios, and written with answers that formulas compute again."""

import datetime as dt
import functools
import io
import json
import re
import tempfile
import zipfile

import numpy as np
import pytest
import python_calamine
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xlsxwriter.utility import xl_cell_to_rowcol

import funnelsim as fs
from funnelsim.excel import read_workbook, sheets, write_template, write_workbook
from funnelsim.excel.assumptions import write_assumptions
from funnelsim.excel.book import Book
from funnelsim.excel.layout import laid_out
from funnelsim.excel.template import tables_of
from funnelsim.scenario_file import new_business_section, pipeline_section, reading, team_section
from funnelsim.scenario_file.funnel_section import STAGE_KEYS
from funnelsim.signals import Signal, Signals
from funnelsim.team import Rep, Role, Team
from tests.workbooks import everything, example, with_team

NAMES = ("key-account", "new-business", "crm-hardware")


# ---- round trips


@pytest.mark.parametrize("name", NAMES)
def test_an_example_comes_back_from_its_workbook(name, tmp_path):
    scenario = example(name)
    write_template(tmp_path / "plan.xlsx", scenario)
    assert read_workbook(tmp_path / "plan.xlsx") == scenario


@pytest.mark.parametrize("made", [everything, with_team])
def test_every_cell_comes_back(made, tmp_path):
    scenario = made()
    write_template(tmp_path / "plan.xlsx", scenario)
    assert read_workbook(tmp_path / "plan.xlsx") == scenario


def test_a_quota_that_is_a_list_of_one_comes_back(tmp_path):
    scenario = example("key-account").replace(quota=[3e6], periods=fs.Periods("year", 1))
    write_template(tmp_path / "plan.xlsx", scenario)
    assert read_workbook(tmp_path / "plan.xlsx").quota == (3e6,)


@pytest.mark.compiled
@pytest.mark.parametrize("name", NAMES[:2])
def test_a_scenario_file_and_its_workbook_give_the_same_bits(name, tmp_path):
    scenario = example(name)
    write_template(tmp_path / "plan.xlsx", scenario)
    ours = fs.simulate(scenario, paths=512, seed=3)
    theirs = fs.simulate(read_workbook(tmp_path / "plan.xlsx"), paths=512, seed=3)
    assert theirs.record.digest == ours.record.digest
    np.testing.assert_array_equal(theirs.bookings, ours.bookings)
    assert json.dumps(theirs.to_dict()) == json.dumps(ours.to_dict())


@pytest.mark.compiled
def test_the_answers_hold_the_assumptions(tmp_path):
    scenario = with_team()
    write_workbook(fs.simulate(scenario, paths=256), tmp_path / "out.xlsx")
    assert read_workbook(tmp_path / "out.xlsx") == scenario


def test_the_same_answers_give_the_same_bytes(tmp_path):
    scenario = example("key-account")
    for name in ("a", "b"):
        write_workbook(fs.simulate(scenario, paths=256), tmp_path / f"{name}.xlsx")
        write_template(tmp_path / f"{name}-template.xlsx")
    for end in (".xlsx", "-template.xlsx"):
        assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes()


numbers = st.floats(min_value=1e-3, max_value=1e9, allow_nan=False)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufffe\uffff"), min_size=1
    ).filter(lambda text: text.strip()),
    numbers,
    numbers,
)
def test_any_text_and_any_number_come_back(text, amount, days):
    deals = fs.Pipeline.from_deals(
        [{"id": text.strip(), "stage": "meeting", "amount": round(amount, 2)}]
    )
    scenario = fs.Scenario(
        name=text, currency="", as_of="2026-12-31", periods=fs.Periods("month", 2),
        quota=amount + 1,
        funnel=fs.Funnel.key_account(time=fs.Gamma(mean=days, cv=0.6)), pipeline=deals,
    )  # fmt: skip
    book = Book("x", scenario.as_of)
    write_assumptions(book, tables_of(scenario))
    assert _read(book.content()) == scenario


def _read(content):
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        file.write(content)
        file.flush()
        return read_workbook(file.name)


# ---- one sheet for each section, one cell for each key


def _names(sheet):
    return {entry.name.split(".")[0] for entry in laid_out(sheet.entries)}


@pytest.mark.parametrize(
    ("sheet", "keys"),
    [
        (sheets.CLOCK, reading.CLOCK_KEYS),
        (sheets.MARKET, reading.MARKET_KEYS),
        (sheets.FUNNEL, STAGE_KEYS),
        (sheets.NEW_BUSINESS, new_business_section.NEW_BUSINESS_KEYS),
        (sheets.REQUIRED_PIPELINE, new_business_section.REQUIRED_PIPELINE_KEYS),
        (sheets.ROLES, team_section.ROLE_KEYS),
        (sheets.REPS, team_section.REP_KEYS),
        (sheets.WORK, ("stage", *team_section.WORK_KEYS)),
    ],
)
def test_a_sheet_has_a_place_for_every_key_of_its_section(sheet, keys):
    assert _names(sheet) == {key for key in keys if key != "_"}


def test_every_section_has_a_sheet():
    tops = {sheet.section[0] for sheet in sheets.SHEETS if sheet.section}
    assert tops == set(reading.SECTIONS) - {"signals"}  # refused: see below
    assert _names(sheets.SCENARIO) == set(reading.VALUES)
    assert _names(sheets.TEAM) | {"roles", "reps", "work"} == set(team_section.TEAM_KEYS) - {"_"}
    assert "deals" in pipeline_section.PIPELINE_KEYS


def test_a_workbook_does_not_hold_signals(tmp_path):
    one = Signal("coach", {"covered": 2.0, "open": 1.0})
    scenario = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("quarter", 2),
        funnel=fs.Funnel.key_account(time=30),
        signals=Signals([one]),
    )
    with pytest.raises(fs.InputError, match="signals must be left out of a workbook"):
        write_template(tmp_path / "finance.xlsx", scenario)


def test_an_empty_template_asks_for_what_is_needed(tmp_path):
    write_template(tmp_path / "finance.xlsx")
    with pytest.raises(fs.InputError, match=r"sheet Scenario, cell E7: as_of must be given"):
        read_workbook(tmp_path / "finance.xlsx")
    found = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "finance.xlsx")).sheet_names
    assert found == [sheet.sheet for sheet in sheets.SHEETS]


def test_cells_are_validated_frozen_and_wide(tmp_path):
    write_template(tmp_path / "finance.xlsx")
    with zipfile.ZipFile(tmp_path / "finance.xlsx") as parts:
        for number, sheet in enumerate(sheets.SHEETS, 1):
            text = parts.read(f"xl/worksheets/sheet{number}.xml").decode()
            assert "<dataValidation " in text, sheet.sheet
            assert 'state="frozen"' in text, sheet.sheet
            assert "<cols>" in text, sheet.sheet


# ---- texts are no formulas

SIGNS = ("=1+1", "+1", "-1+2", "@SUM(1)", '=HYPERLINK("x")', "\t=1")


def test_no_text_is_ever_a_formula(tmp_path):
    first, second = SIGNS[:2]
    base = example("key-account")
    deals = fs.Pipeline.from_deals([
        {"id": sign, "stage": "=stage", "amount": 1e5, "@who": sign, "=region": "-x"}
        for sign in SIGNS[:5]
    ])  # fmt: skip
    scenario = base.replace(
        name=first, currency="=EUR", pipeline=deals, team=Team(
            [Role(second, quota=1e5)], [Rep(second, name="=Kim")], work={"=stage": 3},
        ),
        funnel=fs.Funnel([fs.Stage("=stage", 0.5, time=30), fs.Stage("@won", 1.0)]),
        market=fs.Market(segment_correlation={"=region": 0.1}),
    )  # fmt: skip
    forecast = fs.simulate(scenario, paths=256)
    found = fs.sensitivity(scenario, ["quota", "pipeline.deals.=1+1.amount"], paths=128)
    write_workbook(forecast, tmp_path / "out.xlsx", sensitivity=found)
    assert read_workbook(tmp_path / "out.xlsx") == scenario
    checked = 0
    with zipfile.ZipFile(tmp_path / "out.xlsx") as parts:
        for name in parts.namelist():
            text = parts.read(name).decode(errors="replace")
            for formula in re.findall(r"<(?:c:)?f>(.*?)</(?:c:)?f>", text):
                for sign in ("1+1", "=EUR", "@SUM", "HYPERLINK", "=Kim", "=region", "@won"):
                    assert sign not in formula
                checked += 1
    assert checked > 100


# ---- wrong cells


@functools.cache
def grids_of(name):
    """The cells of a filled-in workbook, by sheet."""
    scenario = {"key-account": lambda: example("key-account"), "team": with_team}[name]()
    book = Book("x", scenario.as_of)
    write_assumptions(book, tables_of(scenario))
    read = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(book.content()))
    return {
        sheet: {
            (row, column): value
            for row, cells in enumerate(read.get_sheet_by_name(sheet).to_python(False))
            for column, value in enumerate(cells)
            if value != ""
        }
        for sheet in read.sheet_names
    }


def cells_of(name, **changed):
    """A workbook of a scenario with cells changed, each by ``Sheet_B7``; None empties a cell."""
    content = io.BytesIO()
    out = xlsxwriter.Workbook(content)
    date = out.add_format({"num_format": "yyyy-mm-dd"})
    for sheet, cells in grids_of(name).items():
        page, filled = out.add_worksheet(sheet), dict(cells)
        for place, value in changed.items():
            where, _, cell = place.rpartition("_")
            if where == sheet:
                filled[xl_cell_to_rowcol(cell)] = value
        for (row, column), value in filled.items():
            if isinstance(value, dt.date):
                page.write_datetime(row, column, value, date)
            elif value == "=1/0":
                page.write_formula(row, column, value, None, "#DIV/0!")
            elif isinstance(value, str):
                page.write_string(row, column, value)
            elif value is not None:
                page.write(row, column, value)
    out.close()
    return content.getvalue()


WRONG = [
    ({"Scenario_E7": "soon"}, "cell E7: as_of must be a date, got 'soon'"),
    ({"Scenario_E7": 46387}, "cell E7: as_of must be a date, got 46387"),
    ({"Scenario_E7": None}, "cell E7: as_of must be given"),
    ({"Scenario_E8": -5}, "cell E8: quota must be a finite number above 0, got -5"),
    ({"Scenario_E8": "3 million"}, "cell E8: quota must be a finite number"),
    ({"Scenario_F8": 5}, "cell E8: quota must have one number for each of the 12 periods, got 2"),
    ({"Scenario_F9": 5}, "cell F9: booked must be one value, got 5"),
    ({"Scenario_A9": "bookd"}, "cell A9: the name must be a known name, got 'bookd'; did you mean"),
    ({"Scenario_E9": "=1/0"}, "cell E9: the cell must hold no error, got '#DIV/0!'"),
    ({"Periods_E5": "fortnight"}, "cell E5: periods.every must be a kind of period"),
    ({"Periods_E6": 2.5}, "cell E6: periods.count must be a whole number"),
    ({"Clock_E5": "caturday"}, "cell E5: clock.weekend must hold names of weekdays"),
    ({"Clock_E6": "2027-02-30"}, "cell E6: holiday 0 of clock.holidays must be a date"),
    ({"Funnel_B7": 50}, "cell B7: win_probability of stage 'meeting' must be"),
    ({"Funnel_B7": 0.05}, "cell B6: win_probability of stage 'training' must be at most"),
    ({"Funnel_E7": "gama"}, "cell E7: distribution of time of stage 'meeting' must be a known"),
    ({"Funnel_E7": None}, "cell F7: time.cv must stand beside a law, in time.law, got 0.6"),
    ({"Funnel_D7": None}, "cell E7: time.law must stand beside a mean, in time, got 'gamma'"),
    ({"Funnel_D7": "{ gamma = "}, "cell D7: time must be written as in a scenario file"),
    ({"Funnel_F7": -1}, "cell F7: time of stage 'meeting': cv of gamma must be"),
    ({"Funnel_L7": 3}, "cell L7: the cell must stand under a name, or be empty, got 3"),
    ({"Pipeline_B8": "propsal"}, "cell B8: stage must be a stage of the funnel, got 'propsal'"),
    ({"Pipeline_C9": "abc"}, "cell C9: amount must be"),
    ({"Pipeline_C9": None}, "cell C9: amount must be given"),
    ({"Pipeline_D9": "2027-02-30"}, "cell D9: entered must be a date, got '2027-02-30'"),
    ({"Pipeline_A9": "KA-01"}, "cell A9: id must differ from that of row 6, got 'KA-01'"),
    ({"Pipeline_E6": 80}, "cell E6: win_probability must be"),
    ({"Pipeline_G5": "close_dte"}, "cell G5: key of a deal must be a field"),
    ({"New business_E6": 3}, "cell E6: new_business must state per_period"),
    ({"New business_E5": -3}, "cell E5: new_business.per_period must be"),
    ({"New business_E5": 3, "New business_E9": "won"}, "cell E9: new_business.stage must be a"),
    ({"New business_E5": 3, "New business_E15": "maybe"}, "cell E15: new_business.planned must be"),
    ({"Market_E5": 1.5}, "cell E5: win_rate_correlation must be"),
    ({"Market_E6": 0.04}, "cell E5: market must state win_rate_correlation or win_rate_swing"),
    ({"Required pipeline_E6": 1, "Required pipeline_E10": 80}, "cell E10: confidence must be"),
]
OF_TEAM = [
    ({"Roles_B6": 0}, "cell B6: hours_per_week of role 'account executive' must be"),
    ({"Roles_D6": 25}, "sheet Roles, cell"),
    ({"Roles_E6": None}, "cell F6: ramp.4 must follow on ramp.3, which is empty, got 0.6"),
    ({"Reps_A7": "executive"}, "cell A7: role of a rep must be a role of the team"),
    ({"Reps_C7": 2.5}, "cell C7: count"),
    ({"Work_A7": "meeting"}, "cell A7: stage must stand here once, got 'meeting'"),
    ({"Team_E5": "fifo"}, "cell E5: team.order must be a known word, got 'fifo'"),
]


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [("key-account", *one) for one in WRONG] + [("team", *one) for one in OF_TEAM],
)
def test_a_wrong_cell_is_named(name, changed, said, tmp_path):
    (tmp_path / "plan.xlsx").write_bytes(cells_of(name, **changed))
    with pytest.raises(fs.InputError) as raised:
        read_workbook(tmp_path / "plan.xlsx")
    message = str(raised.value)
    sheet = list(changed)[-1].rpartition("_")[0]
    assert f"plan.xlsx, sheet {sheet}, " in message
    assert said in message
    assert message.count("\n") == 0


def test_unchanged_cells_are_right(tmp_path):
    for name in ("key-account", "team"):
        (tmp_path / "plan.xlsx").write_bytes(cells_of(name))
        read_workbook(tmp_path / "plan.xlsx")
