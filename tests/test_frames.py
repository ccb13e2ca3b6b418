"""Tables from every source hold the same plain values, and every bad file ends in one sentence."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funnelsim import frames
from funnelsim.errors import InputError, RowsError
from funnelsim.frames import (
    column_of_file,
    table_from_csv,
    table_from_file,
    table_from_frame,
    table_from_parquet,
    to_frame,
)

DAY = dt.datetime(2026, 5, 4)  # noqa: DTZ001  a local calendar day
CLEAN = {
    "stage": ["proposal", None, "tender"],
    "amount": [3.5, None, 7.0],
    "entered": [DAY, None, DAY],
}
DIRTY = {
    "stage": [" proposal ", "", "tender"],
    "amount": [3.5, None, 7.0],
    "entered": [DAY, None, DAY],
}


@pytest.fixture
def save(tmp_path):
    def write(content, name="deals.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refused(function, *arguments):
    with pytest.raises(InputError) as caught:
        function(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    "frame",
    [
        DIRTY,
        pd.DataFrame(DIRTY),
        pd.DataFrame(DIRTY).convert_dtypes(),
        pl.DataFrame(DIRTY),
        pl.DataFrame(DIRTY).lazy(),
        pa.table(DIRTY),
        [dict(zip(DIRTY, row, strict=True)) for row in zip(*DIRTY.values(), strict=True)],
        {
            "stage": pd.Series(DIRTY["stage"]),
            "amount": np.array([3.5, np.nan, 7.0]),
            "entered": np.array([DAY, "NaT", DAY], dtype="datetime64[ns]"),
        },
    ],
    ids=["dict", "pandas", "nullable", "polars", "lazy", "pyarrow", "records", "arrays"],
)
def test_every_kind_of_frame_gives_the_same_plain_columns(frame):
    table = table_from_frame(frame)
    assert table.columns == CLEAN
    assert list(table.rows) == [1, 2, 3]
    assert table.source == "dataframe"


@pytest.mark.parametrize(
    "cell",
    [
        float("nan"),
        np.float32("nan"),
        pd.NA,
        pd.NaT,
        np.datetime64("NaT", "D"),
        decimal.Decimal("sNaN"),
        None,
        "",
        "  ",
    ],
)
def test_every_kind_of_missing_cell_is_none(cell):
    assert table_from_frame({"x": [cell]}).columns == {"x": [None]}


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        (np.int64(3), int),
        (np.float32(0.5), float),
        (np.str_(" a "), str),
        (np.bool_(True), bool),
        (np.datetime64("2026-05-04T00:00:00.000000001"), dt.datetime),
    ],
)
def test_numpy_scalars_become_plain_values(cell, plain):
    (found,) = table_from_frame({"x": [cell]}).columns["x"]
    assert type(found) is plain


def test_a_missing_key_of_a_record_is_an_empty_cell():
    assert table_from_frame([{"a": 1}, {"b": 2}]).columns == {"a": [1, None], "b": [None, 2]}


def test_polars_nan_and_dates():
    frame = pl.DataFrame({"x": [float("nan"), 1.0], "day": [DAY.date(), None]})
    assert table_from_frame(frame).columns == {"x": [None, 1.0], "day": [DAY.date(), None]}


@pytest.mark.parametrize("frame", [5, "stage", None, {1, 2}, pd.Series([1])])
def test_what_is_no_frame_is_refused_with_what_works(frame):
    message = refused(table_from_frame, frame)
    assert "dataframe must be of a known kind, got" in message
    assert "pandas, polars, pyarrow" in message


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"a": "text"}, "column 'a' of dataframe must be a sequence of values, got 'text'"),
        ({"a": 3}, "column 'a' of dataframe must be a sequence of values, got 3"),
        (
            {"a": [1], "b": [1, 2]},
            "columns of dataframe must have one length, got {'a': 1, 'b': 2}",
        ),
        (
            {"a": [1], " a": [1]},
            "column names of dataframe must differ, got 'a'; it stands there twice",
        ),
        ([{"a": 1}, 7], "row 2 of dataframe must be a mapping of names to values, got 7"),
    ],
)
def test_malformed_frames_are_refused(frame, message):
    assert refused(table_from_frame, frame) == message


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]),
    ],
)
def test_a_frame_with_two_columns_of_one_name_is_refused(frame):
    message = refused(table_from_frame, frame)
    assert message.startswith("column names of dataframe must differ; ")
    assert "'a'" in message


ANSWER = {"id": ["A1", "A2"], "firm": ["Müller", None], "note": ["a, b\n;c", 'say "x"']}


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("last", [True, False])
def test_variants_of_csv_give_the_same_table(save, mark, separator, end, last):
    rows = [
        ["id", " firm", "note "],
        ["A1", " Müller ", '"a, b\n;c"'],
        [],
        [" "],
        ["", " ", ""],
        ["A2", "", ' "say ""x"""'],
    ]
    text = end.join(separator.join(row) for row in rows) + end * last
    table = table_from_csv(save(mark + text.encode()))
    assert table.columns == ANSWER
    assert list(table.rows) == [1, 2]
    assert table.problems == ()
    assert table.source == "deals.csv"


def test_the_separator_is_counted_outside_quotes(save):
    path = save('"a,b,c,d";e;f\n1;2;3\n')
    assert table_from_csv(path).columns == {"a,b,c,d": ["1"], "e": ["2"], "f": ["3"]}


def test_one_column_needs_no_separator(save):
    assert table_from_csv(save("days\n3\n4\n")).columns == {"days": ["3", "4"]}


def test_columns_without_a_name_are_left_out(save):
    assert table_from_csv(save(",a,\n0,1,\n1,2,x\n")).columns == {"a": ["1", "2"]}


def test_a_header_alone_is_a_table_without_rows(save):
    table = table_from_csv(save("a,b\n"))
    assert (table.columns, list(table.rows)) == ({"a": [], "b": []}, [])


def test_rows_of_another_width_are_problems_and_the_rest_keep_their_numbers(save):
    table = table_from_csv(save("a,b\n1,2\n3\n\n1,300,000\n4,5\n"))
    assert table.columns == {"a": ["1", "4"], "b": ["2", "5"]}
    assert list(table.rows) == [1, 4]
    assert [str(problem) for problem in table.problems] == [
        (
            "row 2: number of cells must be 2, as in the header, got 1; "
            "put a cell that holds ',' in double quotes"
        ),
        (
            "row 3: number of cells must be 2, as in the header, got 3; "
            "put a cell that holds ',' in double quotes"
        ),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "deals.csv must hold a line of column names; the file is empty"),
        (
            b"\xef\xbb\xbf\r\n ,\r\n",
            "deals.csv must hold a line of column names; the file is empty",
        ),
        (b"a,b,a\n", "column names of deals.csv must differ, got 'a'; it stands there twice"),
        (
            b"a\nx\n\xfcber\n",
            (
                "deals.csv must be UTF-8 text, but has byte 0xfc at position 4 "
                "(line 3); save the file as CSV UTF-8"
            ),
        ),
        (
            b"\xef\xbb\xbfa\n\xfcber\n",
            (
                "deals.csv must be UTF-8 text, but has byte 0xfc at "
                "position 5 (line 2); save the file as CSV UTF-8"
            ),
        ),
        (
            "a,b".encode("utf-16"),
            (
                "deals.csv must be UTF-8 text, but has byte 0xff at position 0 "
                "(line 1); save the file as CSV UTF-8"
            ),
        ),
        (
            b"a\n\n1\x002\n",
            "deals.csv must be text, but has a NUL byte in line 3; save the file as CSV UTF-8",
        ),
        (
            b'a,b\n1,2\n3,"open\n4,5\n',
            "line 3 of deals.csv must be proper CSV; a double quote opened here is never closed",
        ),
        (
            b"a\n1\n" + b"x" * 200_000,
            "line 3 of deals.csv must be proper CSV; field larger than field limit (131072)",
        ),
        (b'a,b\n"1"2,3\n', "line 2 of deals.csv must be proper CSV; ',' expected after '\"'"),
    ],
)
def test_files_that_are_no_csv_are_refused(save, content, message):
    assert refused(table_from_csv, save(content)) == message


@pytest.mark.parametrize("read", [table_from_csv, table_from_file, table_from_parquet])
def test_a_missing_file_is_named_with_the_place_looked_at(read, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ending = ".parquet" if read is table_from_parquet else ".csv"
    assert refused(read, f"nope/deals{ending}") == (
        f"'nope/deals{ending}' must be a file that can be read; "
        f"looked for {tmp_path}/nope/deals{ending}: No such file or directory"
    )


def test_a_directory_and_a_path_that_is_none_are_refused(tmp_path):
    assert refused(table_from_csv, tmp_path).endswith("Is a directory")
    assert "null byte" in refused(table_from_csv, "a\0b.csv")
    assert refused(table_from_file, 5) == "file must be the path of a file, got 5"


@pytest.mark.parametrize("name", ["deals.xlsx", "deals"])
def test_another_ending_is_refused_with_those_that_work(save, name):
    message = refused(table_from_file, save("a\n1\n", name))
    assert f"ending of {name!r} must be one of .csv, .tsv, .txt, .parquet, .pq" in message


@pytest.mark.parametrize("name", ["deals.csv", "deals.TSV", "deals.txt"])
def test_text_endings_are_read_as_csv(save, name):
    assert table_from_file(save("a\n1\n", name)).columns == {"a": ["1"]}


@pytest.mark.parametrize("library", ["pyarrow", "polars", "pandas"])
@pytest.mark.parametrize("name", ["deals.parquet", "deals.pq"])
def test_parquet_is_read_by_any_of_three_libraries(tmp_path, monkeypatch, library, name):
    path = tmp_path / "year=2026" / name  # the folder's name is no column
    path.parent.mkdir()
    pq.write_table(pa.table(DIRTY), path)
    monkeypatch.setattr(frames, "_installed", lambda other: other == library)
    table = table_from_file(path)
    assert {name: table.columns[name] for name in CLEAN} == CLEAN
    assert table.source == name


def test_parquet_without_a_reader_says_what_to_install(save, monkeypatch):
    monkeypatch.setattr(frames, "_installed", lambda _: False)
    assert refused(table_from_parquet, save("x", "a.pq")) == (
        "a.pq must be read with pyarrow, which is not installed; pip install 'funnelsim[parquet]'"
    )


@pytest.mark.parametrize("library", ["pyarrow", "polars", "pandas"])
def test_what_is_no_parquet_is_refused(save, monkeypatch, library):
    monkeypatch.setattr(frames, "_installed", lambda other: other == library)
    message = refused(table_from_parquet, save("PAR1 but not really", "a.pq"))
    assert message.startswith("a.pq must be a Parquet file; ")
    assert "\n" not in message


def test_a_column_of_numbers(save):
    assert column_of_file(save("Days, n\n3.5,x\n1e2,y\n"), " days") == [3.5, 100.0]


@pytest.mark.parametrize("column", ["day", "1", 1])
def test_an_unknown_column_is_refused_with_the_columns(save, column):
    message = refused(column_of_file, save("days,n\n3,4\n"), column)
    assert f"column of deals.csv must be {'a column' if column != 1 else 'the name'}" in message
    if column == "day":
        assert message.endswith("got 'day'; did you mean 'days'? known: days, n")


def test_a_column_name_that_fits_twice_is_refused(save):
    message = refused(column_of_file, save("Days,DAYS\n3,4\n"), "days")
    assert message == (
        "column of deals.csv must be the name of one column, got 'days'; there are 'Days', 'DAYS'"
    )
    assert column_of_file(save("Days,DAYS\n3,4\n"), "DAYS") == [4.0]


def test_cells_that_are_no_numbers_are_all_named(save):
    path = save("days,x\n3,\nthree,\n,1\n1_000,\ninf,\n5\n")
    with pytest.raises(RowsError) as caught:
        column_of_file(path, "days")
    assert [problem.row for problem in caught.value.problems] == [2, 3, 4, 5, 6]
    assert "row 2: days must be a finite number, got 'three'" in str(caught.value)


def test_a_column_without_rows_is_refused(save):
    message = refused(column_of_file, save("days\n"), "days")
    assert message == "column 'days' of deals.csv must hold at least one number"


@pytest.mark.parametrize(
    ("backend", "kind"),
    [
        ("pandas", pd.DataFrame),
        ("polars", pl.DataFrame),
        ("pyarrow", pa.Table),
        (None, pd.DataFrame),
    ],
)
def test_a_dataframe_of_the_wanted_library_comes_out(backend, kind):
    columns = {"id": ("A1", "A2"), "chance": (0.5, None)}
    frame = to_frame(columns, backend)
    assert isinstance(frame, kind)
    assert table_from_frame(frame).columns == {"id": ["A1", "A2"], "chance": [0.5, None]}


def test_the_first_library_that_is_installed_is_used(monkeypatch):
    monkeypatch.setattr(frames, "_installed", lambda name: name != "pandas")
    assert isinstance(to_frame({"x": [1]}), pl.DataFrame)
    assert (
        refused(to_frame, {}, "pandas") == "backend must be installed: pandas; pip install pandas"
    )
    monkeypatch.setattr(frames, "_installed", lambda _: False)
    assert "pandas or polars or pyarrow" in refused(to_frame, {})


def test_an_unknown_backend_offers_the_nearest():
    assert "did you mean 'polars'?" in refused(to_frame, {}, "polar")


@given(
    st.binary(max_size=60)
    | st.text("ab1\",;\t\n\r \ufeff\0'é", max_size=60).map(str.encode)
    | st.lists(st.sampled_from([b"stage,amount", b"\n", b"\r", b'"', b",", b"x", b"\xff"])).map(
        b"".join
    )
)
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_table_or_an_input_error(save, raw):
    try:
        table = table_from_csv(save(raw))
    except InputError:
        return
    assert {len(cells) for cells in table.columns.values()} <= {len(table.rows)}
    numbers = [*table.rows, *(problem.row for problem in table.problems)]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


def test_names_of_columns_need_not_be_text():
    assert table_from_frame(pd.DataFrame({0: [1], "a": [2]})).columns == {"0": [1], "a": [2]}
