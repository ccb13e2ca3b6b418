"""Exports as each system writes them become the canonical log."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from funnelsim.events import LOST, WON, read_events

HISTORIES = Path(__file__).parent / "data" / "histories"


def path_of(log, name):
    """Return the events of one deal: day, hour, state, amount."""
    deal = log.ids.index(name)
    which = log.deal == deal
    states = {**dict(enumerate(log.stages)), WON: "won", LOST: "lost"}
    return [
        (
            dt.date.fromordinal(int(time)).isoformat(),
            round(time % 1 * 24, 2),
            states[int(state)],
            None if amount != amount else float(amount),  # noqa: PLR0124
        )
        for time, state, amount in zip(
            log.time[which], log.state[which], log.amount[which], strict=True
        )
    ]


def codes_of(log):
    return {treatment.code for treatment in log.treatments}


def test_salesforce_opportunity_history():
    log = read_events(HISTORIES / "salesforce_opportunity_history.csv")
    assert log.recognised.format == "salesforce"
    assert dict(log.recognised.columns)["time"] == "CreatedDate"
    assert log.stages == ("Prospecting", "Qualification", "Needs Analysis", "Negotiation/Review")
    assert log.currency == "USD"
    assert path_of(log, "006A0000001AAAAIA1") == [
        ("2019-01-07", 9.2, "Prospecting", 50000.0),
        ("2019-01-21", 10.0, "Qualification", 50000.0),
        ("2019-02-02", 10.0, "Qualification", 62000.0),  # the amount alone; the date alone is not
        ("2019-03-11", 16.5, "Negotiation/Review", 62000.0),
        ("2019-04-12", 10.0, "won", 58000.0),
    ]
    assert codes_of(log) == {"stage-order", "repeated-states", "skipped-stages", "offsets"}
    assert log.skipped == ()


def test_a_zone_makes_local_days_of_times_with_an_offset():
    path = HISTORIES / "salesforce_opportunity_history.csv"
    log = read_events(path, timezone="Europe/Berlin")
    assert path_of(log, "006A0000001AAABIA1")[-1][:3] == ("2019-05-21", 1.5, "lost")
    assert "offsets" not in codes_of(log)


def test_salesforce_report_of_stage_history():
    log = read_events(HISTORIES / "salesforce_stage_report.csv")
    assert log.recognised.format == "salesforce"
    assert log.currency == "EUR"
    assert path_of(log, "0061a") == [
        ("2019-01-07", 9.2, "Prospecting", 50000.0),
        ("2019-03-11", 16.5, "Negotiation/Review", 62000.0),
        ("2019-04-12", 10.0, "won", 58000.0),
    ]
    assert path_of(log, "0061b") == [  # its first change is not its creation
        ("2019-02-01", 0.0, "Prospecting", None),
        ("2019-02-25", 8.0, "Qualification", 20000.0),
    ]
    footer = next(one for one in log.treatments if one.code == "footer")
    assert footer.message == "3 lines under the table, without a deal: left out"
    assert log.skipped == ()


def test_salesforce_field_history():
    log = read_events(HISTORIES / "salesforce_field_history.csv")
    assert log.recognised.format == "salesforce-field-history"
    assert path_of(log, "006X1") == [
        ("2019-01-07", 9.2, "Prospecting", 50000.0),  # both from the old values of changes
        ("2019-01-21", 10.0, "Qualification", 50000.0),
        ("2019-02-02", 10.0, "Qualification", 62000.0),
        ("2019-04-12", 10.0, "won", 58000.0),  # changed with the stage, in the row before
    ]
    assert path_of(log, "006X2") == [("2019-02-01", 8.0, "Prospecting", None)]
    unknown = next(one for one in log.treatments if one.code == "start-unknown")
    assert unknown.ids == ("006X3",)


def test_salesforce_opportunities_are_rows_of_deals():
    log = read_events(HISTORIES / "salesforce_opportunities.csv")
    assert log.recognised.format == "deals"
    assert path_of(log, "006A") == [
        ("2019-01-07", 9.2, "open", 58000.0),
        ("2019-04-12", 0.0, "won", 58000.0),
    ]
    assert path_of(log, "006C") == [("2019-05-02", 8.0, "open", 9000.0)]  # CloseDate: expected
    assert log.segments == {"OwnerId": ("005A", "005B", "005B")}


def test_hubspot_export_with_labels():
    log = read_events(HISTORIES / "hubspot_export.csv")
    assert log.recognised.format == "hubspot"
    assert log.stages == ("Appointment Scheduled", "Qualified To Buy", "Contract Sent")
    assert path_of(log, "9001") == [
        ("2022-01-10", 9.5, "Appointment Scheduled", 12000.0),
        ("2022-01-20", 11.0, "Qualified To Buy", None),
        ("2022-03-01", 10.0, "Contract Sent", None),
        ("2022-03-15", 14.0, "won", 12000.0),
    ]
    assert path_of(log, "9002")[-1] == ("2022-04-02", 9.0, "Contract Sent", None)
    assert path_of(log, "9003")[-1] == ("2022-04-20", 16.0, "lost", None)


def test_hubspot_properties_with_ids_of_stages():
    log = read_events(HISTORIES / "hubspot_api.csv")
    assert log.recognised.format == "hubspot"
    assert log.stages == ("appointmentscheduled", "70911223")
    assert path_of(log, "101") == [  # the stage of won deals is one of those with a number
        ("2022-01-10", 9.5, "appointmentscheduled", 12000.0),
        ("2022-01-20", 11.0, "70911223", None),
        ("2022-03-15", 14.0, "won", 12000.0),
    ]
    assert path_of(log, "104") == [("2022-02-11", 9.0, "appointmentscheduled", None)]


def test_pipedrive_export_of_deals():
    log = read_events(HISTORIES / "pipedrive_deals.csv")
    assert log.recognised.format == "pipedrive"
    assert dict(log.recognised.columns)["won_at"] == "Deal - Won time"
    assert log.ids == ("1", "2", "3")
    assert path_of(log, "1")[-1] == ("2022-03-15", 14.0, "won", 12000.0)
    assert path_of(log, "3")[-1] == ("2022-04-20", 16.0, "lost", None)
    deleted = next(one for one in log.treatments if one.code == "deleted-rows")
    assert deleted.ids == ("4",)


def test_pipedrive_flow_of_changes():
    log = read_events(HISTORIES / "pipedrive_flow.csv", format="pipedrive")
    assert log.stages == ("1", "2", "3")
    assert path_of(log, "11") == [
        ("2022-01-10", 9.5, "1", 10000.0),
        ("2022-01-20", 11.0, "2", 10000.0),
        ("2022-02-01", 10.0, "2", 12000.0),
        ("2022-03-01", 10.0, "3", 12000.0),
        ("2022-03-15", 14.0, "won", 12000.0),
    ]
    assert path_of(log, "12")[2:] == [  # opened again, in the stage in which it was lost
        ("2022-03-01", 9.0, "lost", None),
        ("2022-03-10", 9.0, "2", None),
    ]


def test_dynamics_opportunities():
    log = read_events(HISTORIES / "dynamics_opportunities.csv")
    assert log.recognised.format == "dynamics"
    assert path_of(log, "{A1}") == [
        ("2021-01-07", 9.2, "open", 60000.0),
        ("2021-04-12", 0.0, "won", 58000.0),  # actualvalue
    ]
    assert path_of(log, "{A2}")[-1] == ("2021-05-20", 0.0, "lost", None)
    assert log.segments["ownerid"] == ("Ann", "Bo", "Bo")


def test_dynamics_business_central_entries():
    log = read_events(HISTORIES / "business_central_entries.csv")
    assert log.recognised.format == "dynamics"
    assert log.stages == ("Initial", "Understanding needs", "Presentation/Workshop")
    assert path_of(log, "OP000001") == [  # days first: 21/01/2021 says so
        ("2021-01-07", 0.0, "Initial", 60000.0),
        ("2021-01-21", 0.0, "Understanding needs", 60000.0),
        ("2021-03-11", 0.0, "Presentation/Workshop", 62000.0),
        ("2021-04-12", 0.0, "won", 58000.0),
    ]


def test_zoho_stage_history():
    log = read_events(HISTORIES / "zoho_stage_history.csv")
    assert log.recognised.format == "zoho"
    assert log.stages == ("Qualification", "Needs Analysis", "Proposal/Price Quote")
    assert path_of(log, "z1")[2] == ("2020-04-11", 9.2, "Proposal/Price Quote", 62000.0)
    assert path_of(log, "z2")[-1][2] == "lost"  # Closed-Lost to Competition
    offsets = next(one for one in log.treatments if one.code == "offsets")
    assert "offset +01:00 and +02:00, days are those of that clock" in offsets.message


def test_zoho_deals():
    log = read_events(HISTORIES / "zoho_deals.csv")
    assert path_of(log, "z2") == [
        ("2020-02-01", 9.2, "open", 20000.0),
        ("2020-02-21", 0.0, "lost", None),
    ]


def test_weekly_snapshots():
    log = read_events(HISTORIES / "weekly_snapshots.csv")
    assert log.recognised.format == "snapshots"
    assert log.stages == ("Qualified", "Demo", "Proposal")
    assert path_of(log, "d1") == [
        ("2023-01-02", 0.0, "Demo", 10000.0),
        ("2023-01-09", 0.0, "Proposal", 12000.0),
        ("2023-01-13", 0.0, "won", 11000.0),  # the date of the close, between two snapshots
    ]
    assert path_of(log, "d2")[-1] == ("2023-01-16", 0.0, "lost", None)
    by_code = {one.code: one for one in log.treatments}
    assert by_code["vanished"].ids == ("d2",)
    assert by_code["start-unknown"].ids == ("d1", "d2")
    assert log.record_start == dt.date(2023, 1, 2).toordinal()


@pytest.mark.parametrize("path", sorted(HISTORIES.glob("*.csv")), ids=lambda path: path.stem)
def test_a_format_can_be_asked_for_and_frames_read_as_files_do(path):
    pandas = pytest.importorskip("pandas")
    whole = read_events(path)
    if path.stem == "salesforce_stage_report":  # pandas wants lines of one width
        return
    frame = pandas.read_csv(path, dtype=str, keep_default_na=False)
    again = read_events(frame, format=whole.recognised.format)
    assert again.columns() == whole.columns()
    assert codes_of(again) == codes_of(whole)


@pytest.mark.parametrize("path", sorted(HISTORIES.glob("*.csv")), ids=lambda path: path.stem)
def test_a_log_written_as_columns_is_read_back(path):
    log = read_events(path)
    again = read_events(
        log.columns(), stages=[one for one in log.stages if one in log.columns()["state"]],
        segments=list(log.segments),
    )  # fmt: skip
    assert again.columns() == log.columns()
    assert again.recognised.format == "stage-changes"


WEEKS = [f"2026-01-{day:02d}" for day in (5, 12, 19, 26)]


def snapshots_of(rows, weeks=WEEKS, **more):
    """Return the log of weekly snapshots: for each deal its stages by week, "" where it lacks."""
    cells = [(deal, week, stage) for deal, stages in rows.items()
             for week, stage in zip(weeks, stages, strict=True) if stage]  # fmt: skip
    columns = dict(zip(("deal", "snapshot", "stage"), zip(*cells, strict=True), strict=True))
    closed = more.pop("closed", {})
    if closed:
        columns["close date"] = [closed.get(deal) if s == "Won" else None for deal, _, s in cells]
    return read_events(columns, **more)


def test_a_deal_that_vanishes_and_comes_back_was_lost_in_between():
    rows = {
        "A": ["Demo", "", "Demo", "Offer"],
        "B": ["Demo", "Offer", "Won", "Won"],
        "C": ["Demo", "Demo", "", ""],
        "E": ["Demo", "Won", "Won", "Won"],
    }
    log = snapshots_of(rows)
    assert path_of(log, "A") == [
        ("2026-01-05", 0.0, "Demo", None),
        ("2026-01-12", 0.0, "lost", None),
        ("2026-01-19", 0.0, "Demo", None),
        ("2026-01-26", 0.0, "Offer", None),
    ]
    by_code = {one.code: one for one in log.treatments}
    assert by_code["vanished-and-back"].ids == ("A",)
    assert by_code["vanished"].ids == ("C",)
    day = dt.date(2026, 1, 14).toordinal()
    now, cut = log.as_of(day), snapshots_of({k: v[:2] for k, v in rows.items()}, WEEKS[:2])
    cut = cut.as_of(day)
    assert now.lost.tolist() == [True, False, False, False]
    assert now.ids == cut.ids
    for name in ("entry", "closed", "won"):
        np.testing.assert_array_equal(getattr(now, name), getattr(cut, name))


def test_a_deal_that_comes_back_closed_was_closed_on_the_day_it_says():
    rows = {"A": ["Demo", "", "", "Won"], "B": ["Demo", "Demo", "Demo", "Demo"]}
    said = path_of(snapshots_of(rows, closed={"A": "2026-01-09"}), "A")
    assert said[1:] == [("2026-01-09", 0.0, "won", None)]
    later = path_of(snapshots_of(rows, closed={"A": "2026-01-22"}), "A")
    assert [one[0::2][:2] for one in later[1:]] == [("2026-01-12", "lost"), ("2026-01-22", "won")]
    unsaid = path_of(snapshots_of(rows), "A")
    assert [one[0::2][:2] for one in unsaid[1:]] == [("2026-01-12", "lost"), ("2026-01-26", "won")]


def test_a_snapshot_that_lacks_most_deals_is_taken_for_incomplete():
    rows = {f"D{k}": ["Demo", "Demo" if k < 3 else "", "Demo", "Won"] for k in range(10)}
    log = snapshots_of(rows)
    by_code = {one.code: one for one in log.treatments}
    assert by_code["partial-snapshots"].count == 7
    assert not (log.state == LOST).any()
