"""What is read but may be meant otherwise: it is asked for, or said."""

from __future__ import annotations

import datetime as dt

import pytest

from funnelsim.errors import InputError
from funnelsim.events import LOST
from tests.test_read_events_plain import DAY, changes, treatment


def paths(**counts):
    """Return the log of so many deals on each path, stages ten days apart."""
    more = counts.pop("options", {})
    rows = []
    for path, count in counts.items():
        for k in range(count):
            rows += [
                (f"{path}{k}", dt.date.fromordinal(DAY + k + 10 * step), stage)
                for step, stage in enumerate(path.split(">"))
            ]
    return changes(*rows, **more)


COMPETITOR = {"Demo>Won": 9, "Demo>Closed Lost": 9, "Demo>Closed - Competitor": 4}


@pytest.mark.parametrize(
    "options", [{}, {"won": ["Won"]}, {"won": ["Won"], "lost": ["Closed Lost"]}]
)
def test_a_close_that_no_deal_leaves_is_asked_for(options):
    with pytest.raises(InputError) as problem:
        paths(**COMPETITOR, options=options)
    assert str(problem.value) == (
        "stage must hold words that are known to mean won, lost or open, got 'Closed - "
        'Competitor\'; no deal goes on from it: state lost=["Closed Lost", "Closed - '
        'Competitor"] or won=["Won", "Closed - Competitor"]; if it is an open stage, state '
        "all of them with stages=[…]"
    )


def test_a_close_that_is_stated_is_one():
    log = paths(**COMPETITOR, options={"lost": ["Closed Lost", "Closed - Competitor"]})
    assert log.stages == ("Demo",)
    assert (log.state == LOST).sum() == 13
    assert paths(**COMPETITOR, options={"stages": ["Demo", "Closed - Competitor"]}).stages == (
        "Demo", "Closed - Competitor",
    )  # fmt: skip


def test_a_stage_called_closed_that_deals_leave_is_open_and_named():
    log = paths(**{"Demo>Closed for review>Won": 5, "Demo>Closed for review": 3, "Demo>Lost": 4})
    assert log.stages == ("Demo", "Closed for review")
    assert "since 5 of 8 deals go on from it" in treatment(log, "closed-and-left").message


def test_a_stage_that_no_deal_leaves_is_named():
    log = paths(**{"Demo>Won": 100, "Demo>Lost": 100, "Demo>Ghosted": 6})
    assert treatment(log, "dead-end").message == (
        "no deal goes on from 'Ghosted', of 6 deals: they count as open; if it is an outcome, "
        'state lost=["Ghosted", …] or won=["Ghosted", …]'
    )
    recent = paths(**{"Demo>Won": 40, "Demo>Lost": 40, "Demo>Ghosted": 6})
    assert not [one for one in recent.treatments if one.code == "dead-end"]


def test_a_stage_that_may_be_a_typo_is_named():
    log = paths(**{"Demo>Proposal>Won": 30, "Demo>Propsal>Won": 1, "Demo>Lost": 5})
    assert set(log.stages) == {"Demo", "Propsal", "Proposal"}
    assert treatment(log, "perhaps-a-typo").message == (
        "'Propsal' (1 row) is close to 'Proposal' (30 rows) and taken for a stage of its own; if "
        'it is a typo, correct it, or state stages={"Proposal": ["Proposal", "Propsal"], …}'
    )
    other = paths(**{"Demo>Stage 1>Won": 30, "Demo>Stage 2>Won": 1, "Demo>Propsal>Won": 2})
    assert not [one for one in other.treatments if one.code == "perhaps-a-typo"]


def dated(days, **more):
    return changes(*[(f"D{k}", day, "Demo") for k, day in enumerate(days)], **more)


def days_of(log):
    return [dt.date.fromordinal(int(time)).isoformat() for time in log.time]


def test_a_year_of_two_digits_may_be_first():
    log = dated(["25-01-13", "25-02-28", "24-11-05"])
    assert days_of(log) == ["2024-11-05", "2025-01-13", "2025-02-28"]
    assert treatment(log, "two-digit-years").message == (
        "dates such as 25-01-13 are read as year/month/day: no other order fits them"
    )


def test_a_year_of_two_digits_may_be_last():
    log = dated(["25/1/13", "28/2/13", "05/11/12"])
    assert days_of(log) == ["2012-11-05", "2013-01-25", "2013-02-28"]
    assert "day/month/year: no other" in treatment(log, "two-digit-years").message
    assert days_of(dated(["12.01.13", "13.02.13"])) == ["2013-01-12", "2013-02-13"]
    assert days_of(dated(["1/25/13", "2/3/13"])) == ["2013-01-25", "2013-02-03"]


def test_an_order_that_two_digit_years_do_not_tell_is_asked_for():
    days = ["25-01-13", "24-02-14"]
    with pytest.raises(InputError) as problem:
        dated(days)
    assert str(problem.value) == (
        "dates of 'time' must be in an order that is clear: year/month/day and "
        "day/month/year fit, got '25-01-13'; say year_first=True for year/month/day, or "
        "day_first=True for day/month/year"
    )
    assert days_of(dated(days, year_first=True)) == ["2024-02-14", "2025-01-13"]
    assert days_of(dated(days, day_first=True)) == ["2013-01-25", "2014-02-24"]
    assert days_of(dated(days, year_first=False)) == ["2013-01-25", "2014-02-24"]


def test_days_before_months_are_told_by_dates_with_one_digit_days_too():
    assert days_of(dated(["5-10-2013", "25-10-2013"])) == ["2013-10-05", "2013-10-25"]
    with pytest.raises(InputError, match="whether the day or the month comes first"):
        dated(["5-10-2013"])


def worth(amounts, **more):
    """Return the amounts that are read, and what is said of them."""
    rows = [(f"D{k}", "2026-01-05", "Demo", amount) for k, amount in enumerate(amounts)]
    log = changes(*rows, **more)
    said = [one.message for one in log.treatments if one.code == "thousands-or-decimals"]
    return log.amount.tolist(), said


def test_amounts_that_could_be_thousands_or_decimals_are_named():
    found, said = worth(["12.000", "8.500"])
    assert found == [12.0, 8.5]
    assert said[0] == (
        "every point in amount stands before exactly three digits, as in 12.000: it is taken for "
        'the decimal sign; decimal="," reads it the other way'
    )
    assert worth(["12.000", "8.500"], decimal=",") == ([12_000.0, 8_500.0], [])
    found, said = worth(["12.000", "8.500", "3.250", "900"])
    assert found == [12_000.0, 8_500.0, 3_250.0, 900.0]
    assert 'taken for the thousands separator; decimal="." reads' in said[0]
    assert worth(["12.000", "8.500", "3.250"], decimal=".") == ([12.0, 8.5, 3.25], [])
    found, said = worth(["12,000", "8,500"])
    assert found == [12_000.0, 8_500.0]
    assert "every comma in amount stands before exactly three digits" in said[0]
    assert worth(["12,000", "8,500"], decimal=",") == ([12.0, 8.5], [])


@pytest.mark.parametrize("amounts", [["12.000", "8.5"], ["1.200,50", "8.500"], ["900", "12000"]])
def test_amounts_that_tell_are_not_named(amounts):
    assert worth(amounts)[1] == []


def test_a_decimal_sign_is_a_point_or_a_comma():
    with pytest.raises(InputError, match=r'decimal must be "\." or ","'):
        worth(["1"], decimal=";")
