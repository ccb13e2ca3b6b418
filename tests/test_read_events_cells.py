"""Cells that say when and how much."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelsim.errors import InputError
from funnelsim.events import LOST, WON, read_events
from funnelsim.events.amounts import read_amounts
from funnelsim.events.outcomes import outcome_in
from funnelsim.events.times import _read, day_first_of, read_times, zone_of

NOON = dt.date(2019, 4, 12).toordinal() + 0.5
MOMENTS = st.datetimes(dt.datetime(1985, 1, 1), dt.datetime(2060, 1, 1))  # noqa: DTZ001
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "cell",
    [
        "2019-04-12T12:00:00.000+0000",
        "2019-04-12T12:00:00Z",
        "2019-04-12 12:00",
        "2019-04-12T12:00:00+00:00",
        "2019-04-12 12:00:00 UTC",
        "12/4/2019 12:00",
        "12.04.2019 12:00:00",
        "12-4-19 12:00 PM",
        "2019/04/12 12:00",
        "12 Apr 2019, 12:00",
        "12-Apr-2019 12:00:00",
        "April 12, 2019 12:00 pm",
        "Fri, 12 Apr 2019 12:00:00 GMT",
        "1555070400000",
        1555070400000,
        1555070400,
        43567.5,
        dt.datetime(2019, 4, 12, 12, tzinfo=dt.UTC),
        dt.datetime(2019, 4, 12, 12),  # noqa: DTZ001
        np.datetime64("2019-04-12T12:00").item(),
    ],
)
def test_noon_however_it_is_written(cell):
    times = read_times("when", [cell], day_first=True)
    assert times.day.tolist() == [NOON]
    assert times.whole.tolist() == [False]


@pytest.mark.parametrize(
    "cell", ["2019-04-12", "12/04/2019", "20190412", 20190412, dt.date(2019, 4, 12), 43567]
)
def test_a_day_without_a_time(cell):
    times = read_times("when", [cell], day_first=True)
    assert (times.day.tolist(), times.whole.tolist()) == ([NOON - 0.5], [True])


@pytest.mark.parametrize("cell", [None, "N/A", "None", "-", "null", "(blank)"])
def test_no_time(cell):
    times = read_times("when", [cell, "2019-04-12"])
    assert (np.isnan(times.day).tolist(), times.bad) == ([True, False], ())


@pytest.mark.parametrize(
    "cell",
    [
        "soon", "2019-13-01", "2019-02-29", "2019-04-12T24:01:00", "2019-04-12T10:61:00",
        "1900-01-01", "2019-04-12T10:00:00+99:99x", True, 7, 1e30, "31/31/2019", "0000-01-01",
        "12/4/2019 26:00", "12 Foo 2019", "2019-04-12T10:00:00.",
    ],
)  # fmt: skip
def test_no_time_that_can_be_read(cell):
    times = read_times("when", ["2019-04-12", cell], day_first=True)
    assert [place for place, _, _ in times.bad] == [1]


def test_offsets_an_hour_apart_are_local_clocks_and_others_become_utc():
    local = read_times("when", ["2019-01-01T12:00:00+01:00", "2019-07-01T12:00:00+02:00"])
    assert (local.day % 1).tolist() == [0.5, 0.5]
    assert "+01:00 and +02:00" in local.note
    utc = read_times("when", ["2019-01-01T12:00:00-05:00", "2019-07-01T12:00:00+06:00"])
    assert (utc.day % 1 * 24).round(6).tolist() == [17.0, 6.0]
    assert "days are those of UTC" in utc.note


def test_a_stated_zone_decides_the_day():
    times = read_times("when", ["2019-07-01T23:30:00Z", "2019-07-01T23:30:00"], zone=BERLIN)
    july = dt.date(2019, 7, 1).toordinal()
    assert times.day.tolist() == [july + 1 + 1.5 / 24, july + 23.5 / 24]


def test_the_clock_changes_within_a_day():
    times = ["2019-03-31T00:30:00Z", "2019-03-31T01:30:00Z", "2019-10-27T00:30:00Z",
             "2019-10-27T01:30:00Z"]  # fmt: skip
    found = read_times("when", times, zone=BERLIN)
    assert (found.day % 1 * 24).round(6).tolist() == [1.5, 3.5, 2.5, 2.5]


@given(st.lists(MOMENTS, min_size=1, max_size=30))
def test_times_of_a_column_are_those_of_each_cell(moments):
    texts = [moment.isoformat() for moment in moments]
    texts += [moment.isoformat(timespec="milliseconds") + "+0230" for moment in moments]
    texts += [moment.date().isoformat() for moment in moments]
    zone = zone_of("America/New_York")
    found = read_times("when", texts, zone=zone)
    for text, day, whole in zip(texts, found.day.tolist(), found.whole.tolist(), strict=True):
        moment = dt.datetime.fromisoformat(text)
        local = moment.astimezone(zone) if moment.tzinfo else moment
        wanted = local.toordinal() + (local - local.replace(hour=0, minute=0, second=0,
            microsecond=0, fold=0)).total_seconds() / 86_400  # fmt: skip
        assert day == pytest.approx(wanted, abs=2e-9)
        assert whole == (len(text) == 10)


@given(MOMENTS)
def test_a_column_read_at_once_is_one_read_cell_by_cell(moment):
    text = moment.isoformat(timespec="seconds")
    day, _, whole = _read(text, None)
    times = read_times("when", [text])
    assert (times.day.tolist(), times.whole.tolist()) == ([day], [whole])


def test_the_order_of_day_and_month_is_that_of_all_dates_of_a_table():
    assert day_first_of([("a", ["4/12/2019"]), ("b", [None, "4/13/2019"])]) is False
    assert day_first_of([("a", ["4.12.2019"])]) is True
    assert day_first_of([("a", ["2019-04-12", 5, None])]) is None
    with pytest.raises(InputError, match="say whether the day or the month comes first"):
        day_first_of([("a", ["4/12/2019"])])


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1200.5", "900", None], [1200.5, 900.0, None]),
        (["1,200.50", "900"], [1200.5, 900.0]),
        (["1.200,50", "900"], [1200.5, 900.0]),
        (["1,200", "900"], [1200.0, 900.0]),
        (["12,5", "900"], [12.5, 900.0]),
        (["1'200.50 CHF"], [1200.5]),
        (["1 200,50 €"], [1200.5]),
        (["1\u202f200,50"], [1200.5]),
        (["$1,200", "US$ 5", "USD 7"], [1200.0, 5.0, 7.0]),
        (["(1,200.00)", "-5", "\u22127"], [-1200.0, -5.0, -7.0]),
        (["1.234.567"], [1234567.0]),
        (["12.500", "3.000", "1.250"], [12500.0, 3000.0, 1250.0]),  # no amount has three decimals
        (["12.500", "3.000", "1.25"], [12.5, 3.0, 1.25]),
        (["N/A", "-", "5"], [None, None, 5.0]),
        ([5, 6.5, None], [5.0, 6.5, None]),
    ],
)
def test_amounts_however_they_are_written(cells, values):
    found = read_amounts(cells)
    assert found.bad == ()
    assert [None if np.isnan(one) else one for one in found.value.tolist()] == values


def test_points_taken_for_thousands_are_said():
    assert read_amounts(["12.500", "3.000", "1.250"]).unsure == ","
    assert not read_amounts(["1.200,50", "3.000"]).unsure


def test_currencies_beside_amounts():
    assert read_amounts(["$5", "5 EUR", "¥500", "5"]).currency == {0: "USD", 1: "EUR", 2: "JPY"}


@pytest.mark.parametrize(
    "cell", ["five", "1_000", "10%", "inf", "nan5", "1,2,3", "1.2.3", True, "--5"]
)
def test_no_amount_that_can_be_read(cell):
    assert read_amounts(["5", cell]).bad == (1,)


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("Closed Won", WON), ("gewonnen", WON), ("Ganado", WON), ("Approved", WON),
        ("Nicht gewonnen", LOST), ("Not approved", LOST), ("Perdu(e)", LOST),
        ("Unsuccessful", LOST), ("Proposal", None), ("Closed Lost - price", LOST),
        ("Verloren (Preis)", LOST), ("Dropped", LOST), ("Abandoned", LOST), ("Disqualified", LOST),
        ("Dropped - no budget", LOST), ("Loss (price)", LOST), ("Dead: no reply", LOST),
        ("Sample dropped off", None), ("Closed - Competitor", None), ("Win plan", None),
    ],
)  # fmt: skip
def test_words_for_outcomes(word, outcome):
    assert outcome_in(word) == outcome


def test_one_amount_in_another_writing_is_named_alone():
    amounts = ["82352.00", "300.50", "1200.75", "1.234,56"]
    log = read_events(
        {
            "deal": list("ABCD"),
            "created": ["2026-01-05"] * 4,
            "closed": ["2026-02-01"] * 4,
            "outcome": ["won"] * 4,
            "amount": amounts,
        }
    )
    assert [problem.row for problem in log.skipped] == [4]
    assert log.as_of(log.last_day).booked.tolist() == [82352.0, 300.5, 1200.75]
