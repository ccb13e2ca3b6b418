import dataclasses
import datetime as dt
import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelsim.errors import InputError
from funnelsim.periods import KINDS, Periods, as_date

D = dt.date
DATES = st.dates(D(1, 1, 1), D(2400, 12, 31))
CALENDARS = st.builds(
    Periods,
    st.sampled_from(KINDS),
    st.integers(1, 40),
    fiscal_year_start=st.integers(1, 12),
)
EDGES = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=8, unique=True).map(
    lambda days: Periods(edges=[0, *sorted(days)])
)


def dates(periods, as_of):
    return [(str(window.start), str(window.end)) for window in periods.windows(as_of)]


@pytest.mark.parametrize(
    ("periods", "as_of", "expected"),
    [
        (Periods("day", 2), "2026-12-31", ["2027-01-01 2027-01-01", "2027-01-02 2027-01-02"]),
        (Periods("day", 2), "2028-02-28", ["2028-02-29 2028-02-29", "2028-03-01 2028-03-01"]),
        # 2027-01-03 is a Sunday: whole weeks follow; a Monday and a Saturday lie inside a week
        (Periods("week", 2), "2027-01-03", ["2027-01-04 2027-01-10", "2027-01-11 2027-01-17"]),
        (Periods("week", 2), "2027-01-04", ["2027-01-05 2027-01-10", "2027-01-11 2027-01-17"]),
        (Periods("week", 2), "2027-01-09", ["2027-01-10 2027-01-10", "2027-01-11 2027-01-17"]),
        (Periods("month", 2), "2026-12-31", ["2027-01-01 2027-01-31", "2027-02-01 2027-02-28"]),
        (Periods("month", 2), "2027-01-15", ["2027-01-16 2027-01-31", "2027-02-01 2027-02-28"]),
        (Periods("month", 2), "2027-01-30", ["2027-01-31 2027-01-31", "2027-02-01 2027-02-28"]),
        (Periods("month", 1), "2028-01-31", ["2028-02-01 2028-02-29"]),
        (Periods("month", 1), "2100-01-31", ["2100-02-01 2100-02-28"]),
        (Periods("quarter", 2), "2026-12-31", ["2027-01-01 2027-03-31", "2027-04-01 2027-06-30"]),
        (Periods("quarter", 2), "2027-02-10", ["2027-02-11 2027-03-31", "2027-04-01 2027-06-30"]),
        (
            Periods("quarter", 2, fiscal_year_start=7),
            "2027-06-30",
            ["2027-07-01 2027-09-30", "2027-10-01 2027-12-31"],
        ),
        (
            Periods("quarter", 2, fiscal_year_start=2),
            "2027-12-31",
            ["2028-01-01 2028-01-31", "2028-02-01 2028-04-30"],
        ),
        (Periods("year", 2), "2026-12-31", ["2027-01-01 2027-12-31", "2028-01-01 2028-12-31"]),
        (
            Periods("year", 2, fiscal_year_start=7),
            "2026-12-31",
            ["2027-01-01 2027-06-30", "2027-07-01 2028-06-30"],
        ),
        (
            Periods("year", 1, fiscal_year_start=7),
            "2027-06-30",
            ["2027-07-01 2028-06-30"],
        ),
        (
            Periods("year", 2, fiscal_year_start=12),
            "2027-11-29",
            ["2027-11-30 2027-11-30", "2027-12-01 2028-11-30"],
        ),
        # the fiscal year that holds the first date began before the calendar does
        (Periods("year", 1, fiscal_year_start=7), "0001-01-01", ["0001-01-02 0001-06-30"]),
    ],
)
def test_dates_by_hand(periods, as_of, expected):
    assert dates(periods, as_of) == [tuple(pair.split()) for pair in expected]


def test_the_first_window_is_what_remains_of_its_period():
    january, february = Periods("month", 2).windows("2027-01-15")
    assert january == (D(2027, 1, 16), D(2027, 1, 31), 0.0, 16.0, 16 / 31)
    assert february == (D(2027, 2, 1), D(2027, 2, 28), 16.0, 44.0, 1.0)


def test_the_share_counts_the_leap_day():
    first, second = Periods("year", 2).windows("2028-02-28")
    assert first.share == (366 - 31 - 28) / 366
    assert second.share == 1.0


def test_edges_are_day_numbers():
    periods = Periods(edges=[0, 90, 180.5])
    assert periods.windows("2026-12-31") == ((0, 90, 0.0, 90.0, 1.0), (90, 180.5, 90.0, 180.5, 1.0))
    assert [repr(edge) for edge in periods.edges] == ["0", "90", "180.5"]
    assert (periods.count, len(periods), periods.every) == (2, 2, None)
    assert periods.edges_in_days("2026-12-31").tolist() == [0.0, 90.0, 180.5]


def test_defaults_are_twelve_months():
    assert Periods() == Periods("month", 12) == Periods("month") == Periods(count=12)
    assert len(Periods("quarter")) == 12


@given(CALENDARS, DATES)
def test_windows_tile_the_days_and_match_their_dates(periods, as_of):
    windows = periods.windows(as_of)
    assert len(windows) == len(periods) == periods.count
    assert windows[0].lo == 0
    for window in windows:
        assert window.lo < window.hi
        assert as_of + dt.timedelta(window.lo + 1) == window.start
        assert as_of + dt.timedelta(window.hi) == window.end
    for before, after in itertools.pairwise(windows):
        assert before.hi == after.lo
        assert after.share == 1.0
    edges = periods.edges_in_days(as_of)
    assert edges.dtype == np.float64
    assert edges.tolist() == [0.0, *(window.hi for window in windows)]


@given(CALENDARS, DATES)
def test_windows_do_not_depend_on_where_in_a_period_they_begin(periods, as_of):
    """A later as-of date inside the first window changes the start and share of that one only."""
    first, *later = periods.windows(as_of)
    eve = first.end - dt.timedelta(1)
    if first.start < first.end:
        cut, *same = periods.windows(eve)
        assert (cut.start, cut.end) == (first.end, first.end)
        assert 0 < cut.share < first.share
        assert [w[:2] for w in same] == [w[:2] for w in later]
        # both shares are days left of the same whole period
        assert cut.share * (first.hi - first.lo) == pytest.approx(first.share)


@given(DATES, st.integers(1, 12))
def test_fiscal_years_and_quarters_start_in_their_months(as_of, month):
    years = Periods("year", 3, fiscal_year_start=month).windows(as_of)
    assert all((w.start.month, w.start.day) == (month, 1) for w in years[1:])
    quarters = Periods("quarter", 5, fiscal_year_start=month).windows(as_of)
    assert all((w.start.month - month) % 3 == 0 and w.start.day == 1 for w in quarters[1:])
    assert years[1].start in {w.start for w in quarters}


@given(DATES)
def test_weeks_start_on_monday(as_of):
    first, *whole = Periods("week", 4).windows(as_of)
    assert first.end.isoweekday() == 7
    assert all(w.start.isoweekday() == 1 and w.end.isoweekday() == 7 for w in whole)
    assert first.share == (first.hi - first.lo) / 7


@given(st.one_of(CALENDARS, EDGES))
def test_round_trip(periods):
    assert Periods.from_toml("periods", periods.to_toml()) == periods
    assert pickle.loads(pickle.dumps(periods)) == periods
    assert hash(dataclasses.replace(periods)) == hash(periods)
    assert eval(repr(periods)) == periods


def test_a_table_may_leave_out_what_is_the_default():
    assert Periods.from_toml("periods", {}) == Periods("month", 12)
    assert Periods.from_toml("periods", {"edges": [0, 30]}) == Periods(edges=[0, 30])
    assert Periods("quarter", 4, fiscal_year_start=7).to_toml() == {
        "every": "quarter",
        "count": 4,
        "fiscal_year_start": 7,
    }


def test_numbers_of_numpy_are_taken():
    edges = Periods(edges=np.array([0.0, 30.0, 60.0]))
    assert edges == Periods(edges=[0, 30, 60])
    assert Periods("month", np.int64(3)) == Periods("month", 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"every": "monht"},
            (
                "periods.every must be a kind of period, got 'monht'; did you mean 'month'? "
                "known: day, week, month, quarter, year"
            ),
        ),
        ({"every": 7}, "periods.every must be one of day, week, month, quarter, year, got 7"),
        (
            {"count": 0},
            "periods.count must be a whole number of at least 1 and at most 10000, got 0",
        ),
        (
            {"count": 10_001},
            "periods.count must be a whole number of at least 1 and at most 10000, got 10001",
        ),
        (
            {"count": 1.0},
            "periods.count must be a whole number of at least 1 and at most 10000, got 1.0",
        ),
        (
            {"fiscal_year_start": 13},
            "periods.fiscal_year_start must be a whole number of at least 1 and at most 12, got 13",
        ),
        (
            {"every": "month", "edges": [0, 30]},
            (
                "periods.every must be left out where edges are given, got 'month'; "
                "give either every and count, or edges"
            ),
        ),
        (
            {"count": 12, "edges": [0, 30]},
            (
                "periods.count must be left out where edges are given, got 12; "
                "give either every and count, or edges"
            ),
        ),
        ({"edges": [1, 30]}, "periods.edges must start with 0, the as-of date, got 1.0"),
        ({"edges": [0, 30, 30]}, "periods.edges must increase strictly after 30, got 30.0"),
        (
            {"edges": [0]},
            "periods.edges must hold 2 to 10001 day numbers, got 1; such as [0, 90, 180]",
        ),
        (
            {"edges": [0, float("nan")]},
            "edge 1 of periods.edges must be a finite number, got nan",
        ),
        (
            {"edges": [0, "30"]},
            (
                "edge 1 of periods.edges must be a finite number, got '30'; "
                "write a number, without quotes"
            ),
        ),
        (
            {"edges": "0,30"},
            "periods.edges must be a list of day numbers, got '0,30'; such as [0, 90, 180]",
        ),
        (
            {"edges": 90},
            "periods.edges must be a list of day numbers, got 90; such as [0, 90, 180]",
        ),
    ],
)
def test_wrong_periods_are_refused(arguments, message):
    with pytest.raises(InputError) as error:
        Periods(**arguments)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"evry": "month"},
            (
                "key of periods must be a known key, got 'evry'; did you mean 'every'? "
                "known: every, count, fiscal_year_start, edges"
            ),
        ),
        ([12], "periods must be a table, got [12]"),
    ],
)
def test_wrong_tables_are_refused(table, message):
    with pytest.raises(InputError) as error:
        Periods.from_toml("periods", table)
    assert str(error.value) == message


def test_the_calendar_ends_with_the_year_9999():
    assert Periods("year", 1).windows("9998-12-31")[0].end == D(9999, 12, 31)
    message = (
        "periods.count must let the last period end by 9999-12-31, got 1; "
        "ask for fewer or shorter periods"
    )
    for every, as_of in [("year", "9999-12-31"), ("day", "9999-12-31"), ("week", "9999-12-30")]:
        with pytest.raises(InputError) as error:
            Periods(every, 1).windows(as_of)
        assert str(error.value) == message
    with pytest.raises(InputError, match="got 10000"):
        Periods("year", 10_000).windows("2026-12-31")


TOKYO = dt.timezone(dt.timedelta(hours=9))


@pytest.mark.parametrize(
    "value",
    [
        D(2026, 12, 31),
        dt.datetime(2026, 12, 31, 23, 59, 59),  # noqa: DTZ001  local days have no zone
        dt.datetime(2026, 12, 31, 1, tzinfo=TOKYO),
        "2026-12-31",
        " 2026-12-31 ",
        "2026-12-31T10:00:00",
        "2026-12-31 10:00",
        "2026-12-31T01:00:00.123456+09:00",
        "2026-12-31T23:00:00Z",
        pd.Timestamp("2026-12-31 23:59:59"),
        pd.Timestamp("2026-12-31 01:00", tz="Asia/Tokyo"),
        np.datetime64("2026-12-31"),
        np.datetime64("2026-12-31T23:59:59", "ns"),
    ],
)
def test_as_date_takes_the_local_day(value):
    day = as_date("as_of", value)
    assert type(day) is D
    assert day == D(2026, 12, 31)


def test_as_date_before_1970():
    assert as_date("as_of", np.datetime64("1969-12-31T23:00", "ns")) == D(1969, 12, 31)


@pytest.mark.parametrize(
    "value",
    [
        None,
        pd.NaT,
        np.datetime64("NaT", "D"),
        np.datetime64("NaT", "ns"),
        np.datetime64("2026-12"),  # a month is no day
        np.datetime64(10**7, "D"),  # the year 29349
        20261231,
        46387.0,
        True,
        "",
        "31.12.2026",
        "12/31/2026",
        "2026-02-30",
        "2026-12",
        "20261231",
        "2026-12-31 noon",
        "2026-12-31T24:00",
        "٢٠٢٦-١٢-٣١",
        ["2026-12-31"],
    ],
)
def test_what_is_no_date_is_refused(value):
    with pytest.raises(InputError) as error:
        as_date("as_of", value)
    message = str(error.value)
    assert message.startswith("as_of must be a date, got ")
    assert message.endswith("; write the date as 2026-12-31")


def test_the_wrong_date_is_shown():
    with pytest.raises(InputError) as error:
        Periods().windows("31.12.2026")
    assert str(error.value) == (
        "as_of must be a date, got '31.12.2026'; write the date as 2026-12-31"
    )
