"""Plain tables: columns named by the user or recognised, and the treatment of what is messy."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelsim.errors import InputError, RowsError
from funnelsim.events import LOST, WON, EventLog, read_events

DAY = dt.date(2026, 1, 1).toordinal()


def changes(*rows, **more):
    """Return the log of rows: deal, time, stage, amount."""
    names = ("deal", "time", "stage", "amount")
    table = {name: [row[k] if k < len(row) else None for row in rows] for k, name in
             enumerate(names)}  # fmt: skip
    return read_events(table, **more)


def deals(rows, **more):
    names = ("deal", "created", "closed", "outcome", "amount")
    table = {name: [row[k] if k < len(row) else None for row in rows] for k, name in
             enumerate(names)}  # fmt: skip
    return read_events(table, **more)


def states(log, name):
    which = log.deal == log.ids.index(name)
    words = {**dict(enumerate(log.stages)), WON: "won", LOST: "lost"}
    return [words[int(state)] for state in log.state[which]]


def treatment(log, code):
    found = [one for one in log.treatments if one.code == code]
    assert len(found) == 1, [one.code for one in log.treatments]
    return found[0]


def test_columns_are_named_by_the_user():
    log = read_events(
        {"opp_no": ["1", "1"], "when": ["2026-01-01", "2026-01-09"], "where": ["Demo", "Won"],
         "worth": [5, 6]},
        deal="opp_no", time="when", stage="where", amount="worth",
    )  # fmt: skip
    assert str(log.recognised) == (
        "stage-changes: deal is 'opp_no', time is 'when', stage is 'where', amount is 'worth'"
    )
    assert log.amount.tolist() == [5.0, 6.0]


def test_rows_of_deals_have_one_stage_and_two_events():
    log = deals([("A", "2026-01-01", "2026-02-01", "Won", 100), ("B", "2026-01-05", "", "Open", 7)])
    assert log.stages == ("open",)
    assert (states(log, "A"), states(log, "B")) == (["open", "won"], ["open"])
    assert log.as_of(DAY + 40).booked.tolist()[0] == 100.0
    assert "past stages" in treatment(log, "state-at-extraction").message


def test_a_deal_that_moves_back_is_named():
    log = changes(
        ("A", "2026-01-01", "Demo"), ("A", "2026-01-02", "Offer"), ("A", "2026-01-03", "Demo"),
        ("B", "2026-01-01", "Demo"), ("B", "2026-01-02", "Offer"),
    )  # fmt: skip
    assert log.stages == ("Demo", "Offer")
    assert treatment(log, "moved-back").ids == ("A",)
    assert log.as_of(DAY + 5).stage.tolist() == [1, 1]


def test_a_reopened_deal_is_named_and_open_until_its_last_close():
    log = changes(
        ("A", "2026-01-01", "Demo"), ("A", "2026-01-02", "Lost"), ("A", "2026-01-05", "Demo"),
        ("A", "2026-01-09", "Won"),
    )  # fmt: skip
    assert treatment(log, "reopened").ids == ("A",)
    assert log.as_of(DAY + 6).open.tolist() == [True]
    assert log.as_of(DAY + 8).won.tolist() == [True]


def test_another_outcome_after_a_close_is_named():
    log = changes(("A", "2026-01-01", "Lost"), ("A", "2026-01-02", "Won"))
    assert treatment(log, "outcome-changed").ids == ("A",)


def test_a_repeated_state_counts_once_and_an_amount_that_changes_stays():
    log = changes(
        ("A", "2026-01-01", "Demo", 5), ("A", "2026-01-02", "Demo", 5),
        ("A", "2026-01-03", "Demo", 6), ("A", "2026-01-04", "Won", 7),
        ("A", "2026-01-08", "Won", 9),
    )  # fmt: skip
    assert treatment(log, "repeated-states").ids == ("A",)
    assert treatment(log, "changed-after-close").ids == ("A",)
    assert log.amount.tolist() == [5, 6, 7]
    assert log.as_of(DAY + 9).closed.tolist() == [DAY + 3]


def test_a_duplicated_row_counts_once():
    log = changes(*[("A", "2026-01-01", "Demo", 5)] * 3, ("A", "2026-01-03", "Won", 5))
    assert treatment(log, "duplicate-rows").message == (
        "2 rows of 1 deal with what another row says, too: counted once"
    )
    assert len(log.time) == 2


def test_states_of_one_instant_come_in_the_order_of_stages():
    log = changes(
        ("A", "2026-01-01T10:00:00", "Won"), ("A", "2026-01-01T10:00:00", "Offer"),
        ("A", "2026-01-01T10:00:00", "Demo"), ("B", "2026-01-01", "Demo"),
        ("B", "2026-01-04", "Offer"),
    )  # fmt: skip
    assert states(log, "A") == ["Demo", "Offer", "won"]
    assert treatment(log, "same-instant").ids == ("A",)


def test_the_order_of_stages_is_that_of_most_deals():
    paths = {"A": "xyz", "B": "xz", "C": "yxz", "D": "xyz"}
    rows = [(n, f"2026-01-0{k + 1}", s) for n, p in paths.items() for k, s in enumerate(p)]
    log = changes(*rows)
    assert log.stages == ("x", "y", "z")
    assert "x > y > z" in treatment(log, "stage-order").message


def test_stated_stages_leave_out_the_others_and_say_so():
    log = changes(
        ("A", "2026-01-01", "Lead"), ("A", "2026-01-03", "Demo"), ("A", "2026-01-05", "Legacy"),
        ("A", "2026-01-08", "Won"), ("B", "2026-01-01", "Lead"), ("B", "2026-01-02", "Lost"),
        stages=["Demo"],
    )  # fmt: skip
    assert states(log, "A") == ["Demo", "won"]
    assert "(Lead, Legacy)" in treatment(log, "unlisted-states").message
    assert treatment(log, "never-in-stages").ids == ("B",)


def test_stages_that_were_renamed_are_one_stage():
    log = changes(
        ("A", "2026-01-01", "Demo"), ("A", "2026-01-03", "Quote sent"), ("B", "2026-01-01", "Demo"),
        ("B", "2026-01-02", "proposal"), ("B", "2026-01-05", "Quote sent"),
        stages={"Demo": ["Demo"], "Offer": ["Quote sent", "Proposal"]},
    )  # fmt: skip
    assert log.stages == ("Demo", "Offer")
    assert states(log, "B") == ["Demo", "Offer"]


def test_capitals_do_not_make_another_stage():
    log = changes(
        ("A", "2026-01-01", "demo"), ("B", "2026-01-01", "Demo"), ("A", "2026-01-03", "WON")
    )
    assert log.stages == ("demo",)


def test_the_default_order_of_a_system_is_kept_where_its_names_are():
    log = changes(("A", "2026-01-01", "Develop"), ("B", "2026-01-02", "Qualify"))
    assert log.stages == ("Qualify", "Develop")
    assert "in the order of the system" in treatment(log, "stage-order").message


def test_deals_told_apart_by_name_are_said_to_be():
    log = read_events(
        {"Opportunity Name": ["A"], "To Stage": ["Demo"], "Last Modified": ["2026-01-01"]}
    )
    assert "two of one name" in treatment(log, "deals-by-name").message


def test_a_german_file_with_semicolons_points_and_commas(tmp_path):
    path = tmp_path / "export.csv"
    text = (
        "Nummer;Datum;Phase;Wert\n007;03.02.2026 09:30;Angebot;1.200,50 €\n"
        "007;04.02.2026;Gewonnen;1.100,00 €\n"
    )
    path.write_text(text, encoding="utf-8-sig")
    log = read_events(path, deal="Nummer", time="Datum", stage="Phase", amount="Wert")
    assert (log.ids, log.stages, log.currency) == (("007",), ("Angebot",), "EUR")
    assert log.amount.tolist() == [1200.5, 1100.0]
    assert log.time.tolist() == [DAY + 33 + 9.5 / 24, DAY + 34]


def test_a_field_history_may_have_a_stage_called_open():
    log = read_events({
        "OpportunityId": ["1"] * 3, "CreatedDate": ["2026-01-01", "2026-01-02", "2026-01-05"],
        "Field": ["created", "StageName", "StageName"], "OldValue": [None, "Open", "Demo"],
        "NewValue": [None, "Demo", "Open"],
    })  # fmt: skip
    assert states(log, "1") == ["Open", "Demo", "Open"]


def test_snapshots_of_all_deals_have_no_start_of_record_of_their_own():
    log = read_events({
        "snapshot": ["2026-01-10"] * 2 + ["2026-01-17"] * 2, "deal": list("ABAB"),
        "created": ["2025-11-01", "2025-12-01"] * 2, "closed": ["2025-12-24", "", "2025-12-24", ""],
        "stage": ["Won", "Demo", "Won", "Offer"],
    })  # fmt: skip
    assert log.as_of(log.last_day).closed[0] == dt.date(2025, 12, 24).toordinal()
    assert log.record_start == dt.date(2025, 11, 1).toordinal()


def test_words_for_won_and_lost_are_stated():
    log = changes(
        ("A", "2026-01-01", "Demo"), ("A", "2026-01-03", "Unterschrieben"),
        ("B", "2026-01-01", "Demo"), ("B", "2026-01-03", "Absage"),
        won=["unterschrieben"], lost=["Absage"],
    )  # fmt: skip
    assert log.stages == ("Demo",)
    assert (states(log, "A")[-1], states(log, "B")[-1]) == ("won", "lost")


@pytest.mark.parametrize("top", [1, 100])
def test_a_probability_of_0_or_100_tells_an_outcome(top):
    log = read_events({
        "deal": ["A", "A", "B", "B"], "stage": ["Demo", "Signed", "Demo", "Out"],
        "date": ["2026-01-01", "2026-01-03"] * 2, "probability": [top / 2, top, top / 2, 0],
    })  # fmt: skip
    assert (states(log, "A"), states(log, "B")) == (["Demo", "won"], ["Demo", "lost"])
    assert "'Signed' is taken for won" in treatment(log, "won-by-probability").message


def test_words_that_only_look_like_won_are_stages():
    log = changes(("A", "2026-01-01", "Won't say"), ("A", "2026-01-02", "Budget approved"))
    assert log.stages == ("Won't say", "Budget approved")
    assert "neither win rates" in treatment(log, "no-wins").message


def test_deals_entered_when_already_won_are_named():
    log = deals([("A", "2026-01-01", "2026-01-01", "won"), ("B", "2026-01-01", "2026-02-01", "won"),
                 ("C", "2026-01-01", "2026-02-01", "lost")])  # fmt: skip
    assert treatment(log, "entered-won").ids == ("A",)


def test_a_close_before_creation_is_taken_for_both():
    log = deals([("A", "2026-02-01", "2026-01-05", "won"), ("B", "2026-01-01", "", "open")])
    assert treatment(log, "closed-before-created").ids == ("A",)
    known = log.as_of(DAY + 4)
    assert known.created[known.ids.index("A")] == DAY + 4


def test_a_close_on_the_day_of_creation_is_not_before_it():
    log = deals([("A", "2026-02-01T10:00:00", "2026-02-01", "won")])
    assert {one.code for one in log.treatments} & {"closed-before-created"} == set()
    assert log.time.tolist() == [DAY + 31 + 10 / 24] * 2


def test_a_closed_deal_without_creation_is_created_when_it_closes():
    log = deals(
        [("A", "", "2026-01-05", "won"), ("B", "", "", "open"), ("C", "2026-01-02", "", "open")]
    )
    assert treatment(log, "created-missing").ids == ("A",)
    assert [str(one) for one in log.skipped] == [
        "row 2: created must be given, since the deal is open"
    ]


def test_lost_deals_without_any_date_are_left_out_and_it_is_said_what_that_costs():
    log = deals([("A", "2026-01-01", "2026-01-05", "won"), ("B", "2026-01-01", "", "lost")])
    found = treatment(log, "lost-without-dates")
    assert found.ids == ("B",)
    assert "cannot be estimated" in found.message
    assert log.ids == ("A",)


def test_closed_deals_of_a_table_without_dates_of_closes_are_left_out():
    log = read_events(
        {"deal": list("AB"), "created": ["2026-01-01"] * 2, "status": ["won", "open"]}
    )
    found = treatment(log, "no-close-dates")
    assert (log.ids, found.ids) == (("B",), ("A",))
    assert "cannot be estimated" in found.message


def test_a_log_that_starts_in_the_middle_of_deals_says_so():
    log = read_events({
        "deal": list("AB"), "date": ["2026-01-01"] * 2, "from stage": [None, "Demo"],
        "stage": ["Demo", "Offer"],
    })  # fmt: skip
    assert treatment(log, "start-unknown").ids == ("B",)


def test_one_lost_deal_without_a_date_is_a_bad_row():
    log = deals([("A", "2026-01-01", "2026-01-05", "lost"), ("B", "2026-01-01", "", "lost"),
                 ("C", "2026-01-01", "", "won")])  # fmt: skip
    assert [str(one) for one in log.skipped] == [
        "row 2: closed must be given, since the deal is lost",
        "row 3: closed must be given, since the deal is won",
    ]


def test_line_items_with_the_total_of_the_deal_count_once():
    log = read_events({
        "deal": ["A", "A", "B"], "created": ["2026-01-01"] * 3, "closed": ["2026-02-01"] * 3,
        "outcome": ["won"] * 3, "amount": [900, 900, 50], "product": ["x", "y", "x"],
    })  # fmt: skip
    assert log.as_of(DAY + 60).booked.sum() == 950
    assert treatment(log, "repeated-deals").ids == ("A",)


def test_line_items_with_other_amounts_are_bad_rows():
    log = deals(
        [("A", "2026-01-01", "2026-02-01", "won", 5), ("A", "2026-01-01", "2026-02-01", "won", 6)]
    )
    (problem,) = log.skipped
    assert str(problem) == (
        "row 2: amount must be that of row 1, the same deal, got 6; give one row per deal, with "
        "its total"
    )


def test_a_mass_update_of_closes_is_named():
    rows = [(f"a{k}", "2025-01-01", f"2025-{k % 12 + 1:02d}-{k % 28 + 1:02d}", "lost")
            for k in range(84)]  # fmt: skip
    rows += [(f"b{k}", "2025-01-01", "2025-11-29", "lost") for k in range(30)]
    table = {name: [row[k] for row in rows] for k, name in
             enumerate(("deal", "created", "closed", "outcome"))}  # fmt: skip
    table["last modified"] = table["closed"]
    log = read_events(table)
    assert len(treatment(log, "mass-closed").ids) == 30
    assert "30 losses on 2025-11-29" in treatment(log, "loss-sweeps").message
    table["last modified"] = ["2026-01-01"] * len(rows)
    assert "mass-closed" not in {one.code for one in read_events(table).treatments}


def test_amounts_of_nothing_below_nothing_and_in_another_unit_are_named():
    rows = [(f"a{k}", "2026-01-01", "Demo", 900 + 10 * k) for k in range(20)]
    log = changes(
        *rows, ("z", "2026-01-01", "Demo", 0), ("n", "2026-01-01", "Demo", -5),
        ("t", "2026-01-01", "Demo", 1_000_000), ("a1", "2026-01-09", "Demo", 910_000),
    )  # fmt: skip
    assert treatment(log, "zero-amounts").ids == ("z",)
    assert treatment(log, "negative-amounts").ids == ("n",)
    assert treatment(log, "thousand-times").ids == ("a1", "t")
    assert log.amount[log.deal == log.ids.index("t")].tolist() == [1e6]
    assert np.isnan(log.amount[log.deal == log.ids.index("n")]).all()


def test_a_win_without_an_amount_brings_the_last_one_expected():
    log = changes(("A", "2026-01-01", "Demo", 5), ("A", "2026-01-03", "Won", None))
    assert log.as_of(DAY + 5).booked.tolist() == [5.0]
    assert treatment(log, "booked-not-said").ids == ("A",)


def test_a_booked_column_is_what_a_win_brings():
    log = read_events({"deal": ["A"], "created": ["2026-01-01"], "closed": ["2026-02-01"],
                       "outcome": ["won"], "amount": [100], "booked": [90]})  # fmt: skip
    known = log.as_of(DAY + 60)
    assert (known.amount.tolist(), known.booked.tolist()) == ([100.0], [90.0])


def test_one_currency_is_read_and_the_others_are_counted():
    table = {"deal": ["A", "B"], "date": ["2026-01-01"] * 2, "stage": ["Demo"] * 2,
             "amount": [5, 5], "currency": ["EUR", "jpy"]}  # fmt: skip
    log = read_events(table, currency="EUR")
    assert (log.ids, log.currency) == (("A",), "EUR")
    assert treatment(log, "other-currency").message == "1 row of 1 deal not in EUR: left out"


def test_signs_of_currencies_in_the_amounts_count_too():
    table = {"deal": ["A", "B"], "date": ["2026-01-01"] * 2, "stage": ["Demo"] * 2,
             "amount": ["$5", "€1.200,50"]}  # fmt: skip
    with pytest.raises(InputError, match="hold one currency, but has"):
        read_events(table)
    assert read_events(table, currency="USD").ids == ("A",)


def test_later_events_are_left_out_when_the_last_day_is_stated():
    log = changes(("A", "2026-01-01", "Demo"), ("A", "2027-01-01", "Won"), last_day="2026-06-30")
    assert states(log, "A") == ["Demo"]
    assert treatment(log, "after-last-day").ids == ("A",)
    assert log.last_day == dt.date(2026, 6, 30).toordinal()


def test_segments_are_the_columns_with_few_texts():
    count = 300
    table = {
        "deal": [f"d{k}" for k in range(count)], "created": ["2026-01-01"] * count,
        "status": ["open"] * count, "region": [None, "N/A", "None"] * 100, "note": [f"n{k}" for
        k in range(count)], "size": ["1", "2"] * 150, "phoned": ["2026-01-01"] * count,
        "lost reason": ["price", "other"] * 150,
    }  # fmt: skip
    log = read_events(table)
    assert list(log.segments) == ["region"]
    assert set(log.segments["region"]) == {"(none)", "N/A", "None"}
    assert list(read_events(table, segments=["size", "NOTE"]).segments) == ["note", "size"]


def test_the_segment_of_a_deal_is_the_first_it_had():
    log = read_events({
        "deal": ["A", "A", "B", "C"], "date": ["2026-01-05", *["2026-01-01"] * 3],
        "stage": ["Offer", "Demo", "Demo", "Demo"], "owner": ["late", "early", "late", "early"],
    })  # fmt: skip
    assert dict(zip(log.ids, log.segments["owner"], strict=True)) == {
        "A": "early", "B": "late", "C": "early"}  # fmt: skip


def test_columns_of_texts_beyond_twenty_are_named():
    table = {"deal": list("abc"), "date": ["2026-01-01"] * 3, "stage": ["Demo"] * 3}
    table |= {f"s{k:02d}": ["x", "y", "x"] for k in range(22)}
    log = read_events(table)
    assert len(log.segments) == 20
    assert "not s20, s21" in treatment(log, "more-segments").message


def test_ids_stay_as_written():
    log = changes(("007", "2026-01-01", "Demo"), ("7", "2026-01-01", "Demo"))
    assert log.ids == ("007", "7")


def test_ids_that_come_as_numbers_are_named():
    log = changes((7, "2026-01-01", "Demo"), (12.0, "2026-01-01", "Demo"))
    assert log.ids == ("12", "7")
    assert "zeros in front" in treatment(log, "numeric-ids").message


def test_bad_rows_raise_when_asked_to():
    with pytest.raises(RowsError, match="1 row cannot be used"):
        changes(("A", "2026-01-01", "Demo"), ("B", "soon", "Demo"), on_bad_rows="raise")


def test_a_history_says_what_it_lacks():
    log = deals([("A", "2026-01-01", "2026-02-01", "won", 5)])
    assert "cannot be estimated" in treatment(log, "no-losses").message
    assert "no deal is open" in treatment(log, "no-open-deals").message
    log = deals([("A", "2026-01-01", "", "open")])
    assert "neither win rates" in treatment(log, "no-wins").message
    assert "only numbers of deals" in treatment(log, "no-amounts").message


def test_two_pipelines_are_read_one_at_a_time():
    table = {
        "deal": list("AABBC"),
        "date": ["2026-01-01", "2026-01-02"] * 2 + ["2026-01-03"],
        "stage": ["Demo", "Offer", "Trial", "Offer", "Demo"],
        "pipeline": list("ssppq"),
    }
    with pytest.raises(InputError, match="hold one pipeline, but holds 3 with other stages"):
        read_events(table)
    log = read_events(table, stages=["Demo", "Offer"], segments="pipeline")
    assert states(log, "A") == ["Demo", "Offer"]
    assert log.segments["pipeline"] == ("s", "p", "q")


def test_pipelines_with_the_same_stages_are_read_together():
    table = {"deal": list("AAB"), "date": ["2026-01-01", "2026-01-02", "2026-01-02"],
             "stage": ["Demo", "Offer", "Demo"], "pipeline": list("ssp")}  # fmt: skip
    assert len(read_events(table)) == 2


def test_cases_and_blanks_of_names_do_not_matter():
    log = read_events({" DEAL ": ["A"], "Date": ["2026-01-01"], "STAGE": ["Demo"]})
    assert log.ids == ("A",)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from("ABC"),
        st.integers(0, 30),
        st.sampled_from(["Demo", "Offer", "Won", "Lost"]),
        st.none() | st.integers(1, 99),
    ),
    min_size=1,
    max_size=20,
)


@given(EVENTS)
def test_whatever_the_rows_the_log_is_in_order_and_reads_back(events):
    rows = [(d, dt.date.fromordinal(DAY + t).isoformat(), s, a) for d, t, s, a in events]
    rows += [("X", "2026-01-01", "Demo"), ("X", "2026-01-02", "Offer")]
    log = changes(*rows, stages=["Demo", "Offer"])
    again = read_events(log.columns(), stages=log.stages)
    assert isinstance(log, EventLog)
    assert set(log.ids) == {row[0] for row in rows} - set(never(log))
    assert rows_of(again) == rows_of(log)
    for name in log.ids:
        one = states(log, name)
        said = log.amount[log.deal == log.ids.index(name)]
        pairs = zip(one, one[1:], said, said[1:], strict=False)
        assert all(a != b or x != y for a, b, x, y in pairs)


def rows_of(log):
    """Return the events in an order that does not hang on that of the rows."""
    return sorted(zip(*log.columns().values(), strict=True), key=str)


def never(log):
    return [name for one in log.treatments if one.code == "never-in-stages" for name in one.ids]


@given(st.permutations(range(6)))
def test_the_order_of_rows_does_not_matter(order):
    rows = [("A", "2026-01-01", "Demo", 5), ("A", "2026-01-01", "Offer", 5),
            ("A", "2026-01-03", "Won", 6), ("B", "2026-01-02", "Demo", 1),
            ("B", "2026-01-04", "Lost", 1), ("C", "2026-01-04", "Offer", 1)]  # fmt: skip
    one = changes(*rows, stages=["Demo", "Offer"])
    other = changes(*(rows[k] for k in order), stages=["Demo", "Offer"])
    assert rows_of(other) == rows_of(one)


def stage_dates(*rows):
    """Return the log of rows: deal, stage, close date, and the dates of entry of three stages."""
    names = ("Record ID", "Deal Stage", "Close Date", "Date entered Demo", "Date entered Offer",
             "Date entered Closed Lost")  # fmt: skip
    return read_events({name: [row[k] for row in rows] for k, name in enumerate(names)})


def test_a_close_before_the_last_entry_has_the_day_of_that_entry():
    log = stage_dates(
        ("1", "Closed Won", "2026-01-05", "2026-01-01", "2026-01-09", None),
        ("2", "Offer", None, "2026-01-01", "2026-01-03", None),
    )
    assert treatment(log, "closed-before-last-stage").ids == ("1",)
    assert log.as_of(DAY + 20).closed[0] == DAY + 8


def test_a_deal_that_is_open_now_is_not_lost_by_an_older_date():
    log = stage_dates(
        ("1", "Demo", None, "2026-01-01", None, "2026-01-04"),
        ("2", "Offer", None, "2026-01-01", "2026-01-06", "2026-01-04"),
    )
    assert states(log, "1") == ["Demo"]
    assert states(log, "2") == ["Demo", "lost", "Offer"]  # it was, and came back


def test_days_with_as_many_closes_as_others_are_no_sweeps():
    rows = [(f"d{k}", "2025-01-01", f"2025-03-{k // 25 + 1:02d}", "lost") for k in range(500)]
    assert "loss-sweeps" not in {one.code for one in deals(rows).treatments}


def test_a_close_that_is_not_understood_is_asked_for():
    stages = ["Closed Won", "Closed - Competitor", "Meeting"]
    rows = {
        "id": list("ABC"), "created": ["2026-01-01"] * 3, "stage": stages,
        "closed": ["2026-02-01", "2026-02-01", None],
    }  # fmt: skip
    with pytest.raises(InputError, match=r"got 'Closed - Competitor'; say which are: won=\["):
        read_events(rows)
    log = read_events(rows, lost=["Closed - Competitor"])
    assert log.as_of(log.last_day).lost.tolist() == [False, True, False]
    with pytest.raises(InputError, match="Closed - Competitor"):
        read_events({"deal": list("ABC"), "date": ["2026-01-01"] * 3, "stage": stages})
    changes = {
        "deal": list("ABC"), "date": ["2026-01-01"] * 3, "stage": stages,
        "probability": [100, 0, 20],
    }  # fmt: skip
    assert read_events(changes).as_of(log.last_day).lost.tolist() == [False, True, False]
