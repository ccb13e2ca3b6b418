"""Open deals: the same from every source, each bad cell named, nothing dropped in silence."""

import datetime as dt
import decimal
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funnelsim.distributions import Gamma
from funnelsim.errors import InputError, RowsError
from funnelsim.pipeline import Pipeline, PipelineContext, PipelineSource

STAGES = ("training", "proposal", "contract")
CONTEXT = PipelineContext(STAGES, dt.date(2026, 12, 31), "CNY")
DEALS = {
    "id": ["A1", "A2", "A3"],
    "stage": [" Proposal", "training", "TRAINING"],
    "amount": [300_000, 12.5, 0.29],
    "entered": [dt.datetime(2026, 5, 4), None, dt.datetime(2026, 12, 31)],  # noqa: DTZ001
    "win_probability": [0.45, 0.0, 1.0],
    "close_date": [dt.datetime(2027, 3, 1), None, None],  # noqa: DTZ001
    "currency": ["CNY", "cny", None],
    "owner": ["Li", "Ann", "Li"],
    "region": ["North", None, "South"],
}
TEXT = """id,stage,amount,entered,win_probability,close_date,currency,owner,region
A1,Proposal,300000,2026-05-04,0.45,2027-03-01,CNY,Li,North
A2,training,12.5,,0,,cny,Ann,
A3,TRAINING,0.29,2026-12-31,1,,,Li,South
"""
EXPECTED = Pipeline(
    ids=("A1", "A2", "A3"),
    stages=("Proposal", "training", "TRAINING"),
    amounts=(30_000_000, 1_250, 29),
    entered=(dt.date(2026, 5, 4), None, dt.date(2026, 12, 31)),
    win_probabilities=(0.45, 0.0, 1.0),
    close_dates=(dt.date(2027, 3, 1), None, None),
    currencies=("CNY", "cny", None),
    segments=(("owner", ("Li", "Ann", "Li")), ("region", ("North", "(none)", "South"))),
    ages_expected=True,
)


@pytest.fixture
def save(tmp_path):
    def write(content, name="deals.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refused(function, *arguments, **named):
    with pytest.raises(InputError) as caught:
        function(*arguments, **named)
    return str(caught.value)


def problems_of(function, *arguments, **named):
    with pytest.raises(RowsError) as caught:
        function(*arguments, **named)
    return [str(problem) for problem in caught.value.problems]


def one_deal(**cells):
    return {"stage": ["proposal"], "amount": [1.0]} | {name: [cell] for name, cell in cells.items()}


# --- the same deals from every source ---


@pytest.mark.parametrize(
    "frame",
    [
        DEALS,
        pd.DataFrame(DEALS),
        pd.DataFrame(DEALS).convert_dtypes(),
        pl.DataFrame(DEALS, strict=False),
        pl.DataFrame(DEALS, strict=False).lazy(),
        pa.table(DEALS),
        [dict(zip(DEALS, row, strict=True)) for row in zip(*DEALS.values(), strict=True)],
    ],
    ids=["dict", "pandas", "nullable", "polars", "lazy", "pyarrow", "records"],
)
def test_every_kind_of_frame_gives_the_same_deals(frame):
    found = Pipeline.from_frame(frame)
    assert found == EXPECTED
    assert found.source == PipelineSource("dataframe")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_gives_the_same_deals(save, separator):
    path = save("\ufeff" + TEXT.replace(",", separator).replace("\n", "\r\n"), "deals.txt")
    for read in (Pipeline.from_csv, Pipeline.from_file):
        found = read(path)
        assert found == EXPECTED
        assert found.source == PipelineSource("deals.txt", str(path))


def test_parquet_gives_the_same_deals(tmp_path):
    path = tmp_path / "deals.parquet"
    pd.DataFrame(DEALS).to_parquet(path)
    assert Pipeline.from_parquet(path) == Pipeline.from_file(path) == EXPECTED


def test_deals_one_by_one_are_the_same_too():
    rows = [dict(zip(DEALS, row, strict=True)) for row in zip(*DEALS.values(), strict=True)]
    sparse = [{name: cell for name, cell in row.items() if cell is not None} for row in rows]
    assert Pipeline.from_deals(sparse) == EXPECTED


def test_a_pipeline_is_a_value():
    again = pickle.loads(pickle.dumps(EXPECTED))
    assert again == EXPECTED
    assert hash(again) == hash(EXPECTED)
    assert len(EXPECTED) == 3
    assert repr(EXPECTED) == "Pipeline(3 deals)"


def test_an_empty_pipeline():
    empty = Pipeline()
    assert (len(empty), empty.ids, empty.without_age) == (0, (), ())
    assert empty == Pipeline(()) == Pipeline.from_deals([]) == empty.resolve(CONTEXT)


def test_a_header_alone_is_no_deals_but_keeps_its_source(save):
    found = Pipeline.from_csv(save("stage,amount\n"))
    assert len(found) == 0
    assert found.source.name == "deals.csv"


# --- columns ---


def test_columns_are_found_whatever_their_case_and_named_in_the_source(save):
    path = save("ID; Stage ;Value;Sales Region;Stage Entered\nA1;proposal;5;N;2026-01-02\n")
    found = Pipeline.from_csv(path, amount="value", region="sales region", entered="Stage Entered")
    assert (found.ids, found.stages, found.amounts) == (("A1",), ("proposal",), (500,))
    assert found.entered == (dt.date(2026, 1, 2),)
    assert found.segments == (("region", ("N",)),)
    assert dict(found.source.columns) == {
        "amount": "Value",
        "region": "Sales Region",
        "entered": "Stage Entered",
        "id": "ID",
        "stage": "Stage",
    }
    assert Pipeline.from_csv(path, **dict(found.source.columns)) == found


def test_a_column_of_a_fields_name_is_no_segment_when_another_was_named(save):
    path = save("stage,amount,value,owner,rep\nproposal,1,2,x,Li\n")
    found = Pipeline.from_csv(path, amount="value", owner="rep")
    assert found.amounts == (200,)
    assert found.segments == (("owner", ("Li",)),)


@pytest.mark.parametrize(
    ("header", "mapping", "message"),
    [
        (
            "A1;proposal;5",
            {},
            (
                "deals.csv must hold column names in the first line, among them "
                "stage and amount; found in the first line: 'A1', 'proposal', '5'; "
                'name yours: columns = { stage = "…", amount = "…" }'
            ),
        ),
        (
            "stage,amounts",
            {},
            (
                "columns of deals.csv must include 'amount'; did you mean "
                "'amounts'? known: stage, amounts; name yours: columns = { amount = \"…\" }"
            ),
        ),
        (
            "stage,value",
            {"amount": "vale"},
            (
                "amount of deals.csv must be a column of the table, "
                "got 'vale'; did you mean 'value'? known: stage, value"
            ),
        ),
        (
            "stage,value",
            {"amont": "value"},
            (
                "column mapping must be a field, or a segment with "
                "another name, got 'amont'; did you mean 'amount'? known: id, stage, "
                "amount, entered, age, win_probability, close_date, owner, currency"
            ),
        ),
        ("stage,value", {"amount": 2}, "amount of deals.csv must be the name of a column, got 2"),
        (
            "stage,Amount,AMOUNT",
            {},
            (
                "amount of deals.csv must be the name of one column, got "
                "'amount'; there are 'Amount', 'AMOUNT'"
            ),
        ),
    ],
)
def test_missing_columns_are_named_with_what_is_there(save, header, mapping, message):
    assert refused(Pipeline.from_csv, save(header + "\n"), **mapping) == message


def test_a_frame_without_the_columns_says_what_was_found():
    assert refused(Pipeline.from_frame, {"a": [1]}) == (
        "dataframe must have columns for stage and amount; found: 'a'; "
        'name yours: columns = { stage = "…", amount = "…" }'
    )


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("ammount", "amount"),
        ("stge", "stage"),
        ("win_probabilty", "win_probability"),
        ("close date", "close_date"),
        ("curency", "currency"),
        ("Enterd", "entered"),
        ("probability", "win_probability"),
    ],
)
def test_a_slip_in_the_key_of_a_deal_is_no_segment(key, nearest):
    message = refused(Pipeline.from_deals, [{"stage": "proposal", "amount": 1, key: 2}])
    assert f"got {key!r}; did you mean {nearest!r}?" in message


@pytest.mark.parametrize("key", ["region", "industry", "account", "date", "rows", "Team"])
def test_any_other_key_of_a_deal_is_a_segment(key):
    found = Pipeline.from_deals([{"Stage": "proposal", "amount": 1, key: 2}])
    assert found.segments == ((key, ("2",)),)


def test_segments_are_text_and_an_unknown_one_offers_the_nearest():
    found = Pipeline.from_frame(one_deal(region=7.0, tier=2.5))
    assert found.segment("region") == ("7",)
    assert found.segment("tier") == ("2.5",)
    assert refused(found.segment, "regoin") == (
        "segment must be a segment of the pipeline, got 'regoin'; did you mean 'region'? "
        "known: region, tier"
    )


# --- cells ---


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        ("300000.00", 30_000_000),
        (" 7 ", 700),
        ("1e5", 10_000_000),
        (0, 0),
        ("2.675", 268),
        (2.675, 268),
        (0.285, 28),
        ("0.285", 28),
        (decimal.Decimal("12.34"), 1234),
        (np.int64(3), 300),
        ("45035996273704.97", 4_503_599_627_370_497),
        ("1e-999999999", 0),
        (10**13, 10**15),
    ],
)
def test_amounts_are_whole_cents(amount, cents):
    assert Pipeline.from_frame(one_deal(amount=amount)).amounts == (cents,)


def test_an_amount_may_be_a_distribution():
    spread = Gamma(mean=300_000, cv=0.5)
    found = Pipeline.from_deals([{"stage": "proposal", "amount": spread}])
    assert found.amounts == (spread,)
    assert isinstance(hash(found), int)


PLAIN = "; write 300000.00, without thousands separators or currency sign"
LOW = "must be a finite number of at least 0, got"
FRACTION = "; percentages are given as 0.45"


@pytest.mark.parametrize(
    ("field", "cell", "message"),
    [
        ("amount", "300,000", f"{LOW} '300,000'{PLAIN}"),
        ("amount", "1.234,56", f"{LOW} '1.234,56'{PLAIN}"),
        ("amount", "12 k€", f"{LOW} '12 k€'{PLAIN}"),
        ("amount", "1_000", f"{LOW} '1_000'{PLAIN}"),
        ("amount", "nan", f"{LOW} 'nan'"),
        ("amount", "-5", f"{LOW} '-5'"),
        ("amount", -5, f"{LOW} -5"),
        ("amount", float("inf"), f"{LOW} inf"),
        ("amount", 10**400, f"{LOW} 1{'0' * 58}…"),
        ("amount", True, f"{LOW} True"),
        ("amount", [1], f"{LOW} [1]"),
        ("amount", float("nan"), "must be given"),
        ("amount", "", "must be given"),
        ("amount", 9.1e13, "must be below 90,071,992,547,409, got 91000000000000.0"),
        ("amount", "1e300", "must be below 90,071,992,547,409, got '1e300'"),
        ("stage", " ", "must be given"),
        ("age", -1, f"{LOW} -1"),
        ("age", "inf", f"{LOW} 'inf'"),
        ("age", "3 days", f"{LOW} '3 days'; write days as 12.5"),
        ("entered", "31/12/2026", "must be a date, got '31/12/2026'; write the date as 2026-12-31"),
        ("entered", "2026-02-30", "must be a date, got '2026-02-30'; write the date as 2026-12-31"),
        ("close_date", 46_000, "must be a date, got 46000; write the date as 2026-12-31"),
        ("win_probability", "45%", f"must be in [0, 1], got '45%'{FRACTION}"),
        ("win_probability", 45, f"must be in [0, 1], got 45{FRACTION}"),
        ("win_probability", "1.01", f"must be in [0, 1], got '1.01'{FRACTION}"),
        ("win_probability", "-0.1", f"must be in [0, 1], got '-0.1'{FRACTION}"),
    ],
)
def test_a_bad_cell_is_named_with_row_column_value_and_remedy(field, cell, message):
    frame = one_deal(**{field: cell})
    assert problems_of(Pipeline.from_frame, frame) == [f"row 1: {field} {message}"]


def test_messages_name_the_users_column():
    frame = {"Phase": [""], "Wert": [-1]}
    assert problems_of(Pipeline.from_frame, frame, stage="Phase", amount="Wert") == [
        "row 1: Phase must be given",
        f"row 1: Wert {LOW} -1",
    ]


def test_deals_without_stage_or_amount_are_bad_rows():
    assert problems_of(Pipeline.from_deals, [{"stage": "x"}, {"age": 3}]) == [
        "row 1: amount must be given",
        "row 2: stage must be given",
        "row 2: amount must be given",
    ]


def test_row_numbers_stand_in_for_ids_if_there_are_none():
    assert Pipeline.from_frame({"stage": ["a", "b"], "amount": [1, 2]}).ids == ("1", "2")
    assert Pipeline.from_frame({"id": [None, ""], "stage": ["a", "b"], "amount": [1, 2]}).ids == (
        "1",
        "2",
    )


def test_ids_are_text_even_if_a_gap_made_them_floats():
    frame = pd.DataFrame({"id": [7, None], "stage": ["a", ""], "amount": [1, 2]})
    assert Pipeline.from_frame(frame, on_bad_rows="skip").ids == ("7",)


def test_missing_and_repeated_ids_are_bad_rows():
    frame = {"id": ["A", "B", None, "A", " A "], "stage": ["s"] * 5, "amount": [1] * 5}
    assert problems_of(Pipeline.from_frame, frame) == [
        "row 3: id must be given",
        "row 4: id must differ from that of row 1, got 'A'",
        "row 5: id must differ from that of row 1, got 'A'",
    ]


def test_an_empty_age_is_none_and_remembered():
    frame = {
        "id": ["A", "B", "C"],
        "stage": ["s"] * 3,
        "amount": [1] * 3,
        "age": [3, None, None],
        "entered": [None, None, "2026-12-01"],
    }
    found = Pipeline.from_frame(frame)
    assert found.without_age == ("B",)
    assert found.ages_on(dt.date(2026, 12, 31)) == (3.0, 0.0, 30.0)
    assert Pipeline.from_frame(one_deal()).without_age == ()


def test_an_age_and_a_day_of_entry_contradict_each_other():
    frame = one_deal(age=3, entered="2026-12-01")
    assert problems_of(Pipeline.from_frame, frame) == [
        (
            "row 1: age must be empty where entered is given, got 3.0; "
            "a deal has an age or a day it entered"
        )
    ]


def test_the_sum_of_the_amounts_stays_exact():
    frame = {"stage": ["a"] * 2, "amount": [5e13, 5e13]}
    assert refused(Pipeline.from_frame, frame) == (
        "sum of the amounts of dataframe must be below 90,071,992,547,409, got 100000000000000.0"
    )


# --- bad rows ---

BAD = """id,stage,amount,entered,currency
A1,proposal,"300,000",31/12/2026,CNY
A2,training,5,2026-01-01,CNY
A3,propsal,-1,2027-01-01,EUR
A4,contract
A5, Contract ,5,2026-01-01,
"""
CELLS = [
    f"row 1: amount {LOW} '300,000'{PLAIN}",
    "row 1: entered must be a date, got '31/12/2026'; write the date as 2026-12-31",
    f"row 3: amount {LOW} '-1'",
    (
        "row 4: number of cells must be 5, as in the header, got 2; "
        "put a cell that holds ',' in double quotes"
    ),
]
FIT = [
    (
        "row 3: stage must be a stage of the funnel, got 'propsal'; did you mean 'proposal'? "
        "known: training, proposal, contract"
    ),
    "row 3: entered must not be after as_of, 2026-12-31, got '2027-01-01'",
    "row 3: currency must be that of the scenario, CNY, got 'EUR'; one currency per scenario",
    (
        "row 5: stage must be one before the last, got 'Contract'; "
        "an open deal stands before 'contract'; add signed amounts to booked"
    ),
]


def test_all_bad_cells_are_collected_in_order_of_rows(save):
    path = save(BAD)
    assert problems_of(Pipeline.from_csv, path) == CELLS
    found = problems_of(Pipeline.from_csv, path, context=CONTEXT)
    assert found == sorted(CELLS + FIT, key=lambda text: text[:5])
    assert refused(Pipeline.from_csv, path, context=CONTEXT).startswith(
        "deals.csv: 4 rows cannot be used\n  row 1: amount must be"
    )


def test_the_first_ten_are_shown_and_all_are_counted():
    frame = {"stage": ["a"] * 30, "amount": [-1] * 30}
    lines = refused(Pipeline.from_frame, frame).splitlines()
    assert lines[0] == "dataframe: 30 rows cannot be used"
    assert lines[-2:] == [
        "  and 20 more",
        'correct them, or leave them out with on_bad_rows = "skip"',
    ]
    assert len(lines) == 13


def test_skipped_rows_are_left_out_and_kept(save):
    early = Pipeline.from_csv(save(BAD), on_bad_rows="skip", context=CONTEXT)
    assert (early.ids, early.rows, early.stages) == (("A2",), (2,), ("training",))
    assert {str(problem) for problem in early.skipped} == {*CELLS, *FIT}
    late = Pipeline.from_csv(save(BAD), on_bad_rows="skip")
    assert late.ids == ("A2", "A5")
    assert [str(problem) for problem in late.skipped] == CELLS
    resolved = late.resolve(CONTEXT)
    assert resolved.ids == ("A2",)
    assert [str(problem) for problem in resolved.skipped] == [*CELLS, FIT[-1]]


def test_skipping_leaves_every_column_in_step():
    frame = {name: [*cells, *cells[:1]] for name, cells in DEALS.items()}  # A1 twice
    assert Pipeline.from_frame(frame, on_bad_rows="skip").ids == EXPECTED.ids
    found = Pipeline.from_frame(
        {name: cells[::-1] for name, cells in frame.items()}
        | {"amount": [-1, 0.29, 12.5, 300_000]},
        on_bad_rows="skip",
    )
    assert found.ids == ("A3", "A2")
    assert found.segment("region") == ("South", "(none)")
    assert found.rows == (2, 3)


def test_an_unknown_way_with_bad_rows_offers_the_nearest():
    message = refused(Pipeline.from_frame, one_deal(), on_bad_rows="skp")
    assert message == (
        "on_bad_rows must be a known word, got 'skp'; did you mean 'skip'? known: raise, skip"
    )


# --- the scenario ---


def test_resolving_spells_stages_as_the_funnel_does():
    resolved = EXPECTED.resolve(CONTEXT)
    assert resolved.stages == ("proposal", "training", "training")
    assert resolved.resolve(CONTEXT) == resolved
    assert Pipeline.from_frame(DEALS, context=CONTEXT) == resolved


def test_resolving_later_finds_the_same_with_the_users_columns():
    frame = {"Phase": ["propsal"], "amount": [1]}
    found = Pipeline.from_frame(frame, stage="Phase")
    late = problems_of(found.resolve, CONTEXT)
    assert late == problems_of(Pipeline.from_frame, frame, stage="Phase", context=CONTEXT)
    assert late[0].startswith("row 1: Phase must be a stage of the funnel, got 'propsal'; did you")


@pytest.mark.parametrize("how", ["raise", "skip"])
def test_mixed_currencies_are_an_error_without_one_in_the_scenario(how):
    frame = {"stage": ["proposal"] * 3, "amount": [1] * 3, "currency": ["USD", "EUR", "usd"]}
    found = Pipeline.from_frame(frame, on_bad_rows=how)
    without = PipelineContext(STAGES, CONTEXT.as_of)
    assert refused(found.resolve, without) == (
        "currency of dataframe must be the same for all deals, got 'EUR, usd'; "
        "mixed currencies: one currency per scenario"
    )
    one = Pipeline.from_frame(frame | {"currency": ["USD", None, "usd"]}, context=without)
    assert len(one) == 3


def test_an_entry_on_the_as_of_date_is_legal():
    found = Pipeline.from_frame(one_deal(entered="2026-12-31"), context=CONTEXT)
    assert found.ages_on(CONTEXT.as_of) == (0.0,)


# --- made by hand ---


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"stages": ()},
            "stages of the pipeline must have one value for each of the 2 deals, got 0",
        ),
        (
            {"segments": (("region", ("N",)),)},
            "segment 'region' of the pipeline must have one value for each of the 2 deals, got 1",
        ),
        ({"ids": ("A", "A")}, "ids of the pipeline must differ"),
        (
            {"amounts": (1, 2.5)},
            (
                "amount of deal 'B' must be a whole number of cents, at least 0, "
                "or a distribution, got 2.5"
            ),
        ),
        (
            {"amounts": (1, -2)},
            (
                "amount of deal 'B' must be a whole number of cents, at least 0, "
                "or a distribution, got -2"
            ),
        ),
        ({"ages": (1, float("inf"))}, f"age of deal 'B' {LOW} inf"),
        ({"win_probabilities": (2, None)}, "win_probability of deal 'A' must be in [0, 1], got 2"),
    ],
)
def test_a_pipeline_made_by_hand_checks_itself(changes, message):
    right = {"ids": ("A", "B"), "stages": ("s", "s"), "amounts": (1, 2)}
    assert len(Pipeline(**right)) == 2
    assert refused(Pipeline, **(right | changes)) == message


HEADER = st.sampled_from(
    ["stage,amount\n", "id;stage;amount;entered\n", "amount,age,stage,win_probability\n"]
)
CELL = st.sampled_from(
    [
        "",
        "a",
        "A1",
        "1",
        "-1",
        "1e400",
        "nan",
        "0.5",
        "45%",
        "2026-01-01",
        "31/12/2026",
        '"',
        "1e-9999",
        "٣",
    ]
)


@given(
    HEADER.flatmap(
        lambda header: st.lists(
            st.lists(CELL, min_size=1, max_size=4).map((";" if ";" in header else ",").join),
            max_size=5,
        ).map(lambda rows: (header + "\n".join(rows)).encode())
    )
    | st.binary(max_size=40)
)
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_deals_or_an_input_error(save, raw):
    path = save(raw)
    try:
        skipping = Pipeline.from_csv(path, on_bad_rows="skip")
    except InputError:
        return
    assert len(set(skipping.ids)) == len(skipping)
    if skipping.skipped:
        assert problems_of(Pipeline.from_csv, path) == [str(one) for one in skipping.skipped]
    else:
        assert Pipeline.from_csv(path) == skipping
