"""Broken exports, each with the message it gets."""

from __future__ import annotations

import pytest

from funnelsim.errors import InputError
from funnelsim.events import read_events

EXPORTS = [
    pytest.param(
        "", {}, ("export.csv must hold a line of column names; the file is empty"), id="empty"
    ),
    pytest.param("deal,date,stage\n", {}, ("export.csv must hold at least one row"), id="header"),
    pytest.param(
        ("foo,bar\n1,2\n"),
        {},
        (
            "export.csv must be a history of a known format; its columns are 'foo', 'bar'; "
            'name yours, as in deal="…"\n'
            "  hubspot lacks deal, date entered columns\n"
            "  salesforce lacks deal, time, stage\n"
            "  pipedrive lacks deal, created, outcome or won_at\n"
            "  dynamics lacks deal, created, outcome\n"
            "  dynamics lacks deal, time, stage\n"
            "  zoho lacks deal, time, stage\n"
            "  deals lacks deal, created, outcome or stage or won_at\n"
            "  stage-changes lacks deal, time, stage\n"
            "  snapshots lacks deal, snapshot, stage or outcome\n"
            "  salesforce-field-history lacks deal, time, what, new\n"
            "  pipedrive lacks deal, time, what, new"
        ),
        id="no-columns-known",
    ),
    pytest.param(
        ("deal,date,value\nA,2026-01-01,5\n"),
        {},
        (
            "export.csv must be a history of a known format; its columns are 'deal', 'date', "
            "'value'; name yours, as in deal=\"…\"\n"
            "  stage-changes lacks stage\n"
            "  hubspot lacks deal, date entered columns\n"
            "  deals lacks created, outcome or stage or won_at\n"
            "  snapshots lacks snapshot, stage or outcome\n"
            "  salesforce lacks deal, time, stage\n"
            "  pipedrive lacks deal, created, outcome or won_at\n"
            "  dynamics lacks deal, created, outcome\n"
            "  dynamics lacks deal, time, stage\n"
            "  zoho lacks deal, time, stage\n"
            "  salesforce-field-history lacks deal, time, what, new\n"
            "  pipedrive lacks deal, time, what, new"
        ),
        id="no-stage",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\n"),
        {"time": "dat"},
        (
            "time of export.csv must be a column of the table, got 'dat'; did you mean "
            "'date'? known: deal, date, stage"
        ),
        id="typo-column",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\n"),
        {"tme": "date"},
        (
            "argument of read_events must be a field of a history, got 'tme'; did you mean "
            "'time'? known: deal, time, stage, from_stage, amount, booked, created, closed, "
            "won_at, lost_at, outcome, is_won, is_closed, is_deleted, probability, currency, "
            "pipeline, modified, snapshot, what, old, new"
        ),
        id="typo-field",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\n"),
        {"format": "sales-force"},
        (
            "format must be a known format, got 'sales-force'; did you mean 'salesforce'? "
            "known: salesforce, salesforce-field-history, hubspot, pipedrive, dynamics, "
            "zoho, deals, stage-changes, snapshots"
        ),
        id="typo-format",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\n"),
        {"format": "hubspot"},
        (
            "export.csv must be a history of format 'hubspot'; its columns are 'deal', "
            "'date', 'stage'; name yours, as in deal=\"…\"\n"
            "  hubspot lacks deal, date entered columns"
        ),
        id="wrong-format",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\n"),
        {"time": "date", "created": "date"},
        ("time and created must be different columns, got 'date'"),
        id="two-fields-one-column",
    ),
    pytest.param(
        ("deal,created,date,stage,closed\nA,2026-01-01,2026-01-01,Demo,\n"),
        {},
        (
            "format of export.csv must be stated: 'deals' and 'stage-changes' fit equally "
            "well; format=\"deals\"; the columns are 'deal', 'created', 'date', 'stage', "
            "'closed'"
        ),
        id="two-fit",
    ),
    pytest.param(
        ("deal,date,stage\nA,4/12/2019,Demo\nB,5/11/2019,Demo\n"),
        {},
        (
            "dates of 'date' must say whether the day or the month comes first, got "
            "'4/12/2019'; say day_first=True for day/month/year, day_first=False for "
            "month/day/year"
        ),
        id="ambiguous",
    ),
    pytest.param(
        ("deal,date,stage\nA,25/12/2019,Demo\nB,12/25/2019,Demo\n"),
        {},
        (
            "dates of 'date' must be written in one way: in '25/12/2019' the day comes "
            "first, in '12/25/2019' the month; say day_first=True for day/month/year, "
            "day_first=False for month/day/year"
        ),
        id="both-orders",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01T10:00:00Z,Demo\nB,2026-01-02T10:00:00,Demo\n"),
        {},
        (
            "date must be written with an offset in every row or in none, got "
            "'2026-01-02T10:00:00'; timezone=\"Europe/Berlin\", or another: that of the times "
            "without one"
        ),
        id="offset-in-some",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\n"),
        {"timezone": "Berlin"},
        (
            "timezone must be a known time zone, got 'Berlin'; did you mean 'Europe/Berlin'? "
            "known: Europe/Berlin"
        ),
        id="zone",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\n"),
        {"timezone": 1},
        ('timezone must be a name such as "Europe/Berlin", got 1'),
        id="zone-type",
    ),
    pytest.param(
        (
            "deal,date,stage,amount,currency\n"
            "A,2026-01-01,Demo,5,EUR\n"
            "B,2026-01-02,Demo,5,JPY\n"
            "C,2026-01-02,Demo,5,EUR\n"
        ),
        {},
        (
            'currency must hold one currency, but has EUR (2), JPY (1); currency="EUR" reads '
            "those rows alone; or convert before"
        ),
        id="currencies",
    ),
    pytest.param(
        ("deal,date,stage,amount,currency\nA,2026-01-01,Demo,5,EUR\n"),
        {"currency": "USD"},
        ("currency must be one of those in 'currency': EUR (1), got 'USD'"),
        id="currency",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\nA,2026-01-02,Offer\n"),
        {"stages": ["Demo", "Ofer"]},
        (
            "stages must be open stages that occur in 'stage', got 'Ofer'; did you mean "
            "'Offer'? known: Demo, Offer"
        ),
        id="stages",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\n"),
        {"stages": "Demo"},
        ("stages must be a list of the open stages, in order, got 'Demo'"),
        id="stages-str",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\n"),
        {"stages": ["Demo", "demo"]},
        ("stages must differ, got ['Demo', 'demo']"),
        id="stages-twice",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\nA,2026-01-02,Signed\n"),
        {"won": ["signd"]},
        ("won must occur in 'stage', got 'signd'; did you mean 'Signed'? known: Demo, Signed"),
        id="won",
    ),
    pytest.param(
        ("deal,created,closed,outcome\nA,2026-01-01,2026-01-02,Weg\n"),
        {"lost": ["Wegg"]},
        ("lost must occur in 'outcome', got 'Wegg'; did you mean 'Weg'? known: Weg"),
        id="lost",
    ),
    pytest.param(
        (
            "deal,created,closed,outcome\n"
            "A,2026-01-01,2026-01-02,Gewonnen\n"
            "B,2026-01-01,2026-01-02,Weg\n"
        ),
        {},
        (
            "outcome must hold words that are known to mean won, lost or open, got 'Weg'; "
            "say which are: won=[\"…\"], lost=[\"…\"]; it holds 'Gewonnen', 'Weg'"
        ),
        id="outcome",
    ),
    pytest.param(
        "deal,date,stage\n" + "".join(f"A,2026-01-01,s{k}\n" for k in range(61)),
        {},
        (
            "stage must hold at most 60 different stages, got 61; name the column of stages: "
            'stage="…"'
        ),
        id="stage-many",
    ),
    pytest.param(
        ("deal,date,stage,pipeline\nA,2026-01-01,Demo,Sales\nB,2026-01-01,Trial,Partner\n"),
        {},
        (
            "pipeline must hold one pipeline, but holds 2 with other stages; state the "
            "stages of one, in order, with stages=[…]: 'Sales' has Demo; 'Partner' has Trial"
        ),
        id="pipelines",
    ),
    pytest.param(
        (
            'Record ID,"Date entered ""Demo (Sales)""","Date entered ""Demo (Partner)"""\n'
            "1,2026-01-01,\n"
            "2,,2026-01-02\n"
        ),
        {},
        (
            "export.csv must hold one pipeline, but holds 2 with other stages; state the "
            "stages of one, in order, with stages=[…]: 'Sales' has Demo (Sales); 'Partner' "
            "has Demo (Partner)"
        ),
        id="hs-pipelines",
    ),
    pytest.param(
        ("deal,date,stage\nA,soon,Demo\nB,later,Demo\n"),
        {},
        (
            "export.csv: 2 rows cannot be used\n"
            "  row 1: date must be a date or a time, got 'soon'; write 2019-04-12 or "
            "2019-04-12T10:00:00\n"
            "  row 2: date must be a date or a time, got 'later'; write 2019-04-12 or "
            "2019-04-12T10:00:00\n"
            "no row is left: are these the right columns?"
        ),
        id="no-usable",
    ),
    pytest.param(
        (
            "deal,date,stage\n"
            "A,2026-01-01,Demo\n"
            "B,2026-02-30,Demo\n"
            ",2026-01-01,Demo\n"
            "C,2026-01-01,\n"
            "D,,Demo\n"
        ),
        {"on_bad_rows": "raise"},
        (
            "export.csv: 4 rows cannot be used\n"
            "  row 2: date must be a date or a time, got '2026-02-30'; write 2019-04-12 or "
            "2019-04-12T10:00:00\n"
            "  row 3: deal must be given\n"
            "  row 4: stage must be given\n"
            "  row 5: date must be given\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="dates-raise",
    ),
    pytest.param(
        (
            "deal,date,stage\n"
            "A,2026-01-01,Demo\n"
            "B,0001-01-01,Demo\n"
            "C,1900-01-00,Demo\n"
            "D,45000,Demo\n"
        ),
        {"on_bad_rows": "raise"},
        (
            "export.csv: 2 rows cannot be used\n"
            "  row 2: date must be in the years 1980 to 2100, got '0001-01-01'; empty the "
            "cell if there is no date\n"
            "  row 3: date must be a date or a time, got '1900-01-00'; write 2019-04-12 or "
            "2019-04-12T10:00:00\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="year",
    ),
    pytest.param(
        ("deal,date,stage\nA,4/12/2019,Demo\nB,25/12/2019,Demo\n"),
        {"on_bad_rows": "raise", "day_first": False},
        (
            "export.csv: 1 row cannot be used\n"
            "  row 2: date must be a date in the order month/day/year, as the other rows, "
            "got '25/12/2019'; write 2019-04-12 or 2019-04-12T10:00:00\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="month-order",
    ),
    pytest.param(
        (
            "deal,date,stage,amount\n"
            "A,2026-01-01,Demo,five\n"
            "B,2026-01-01,Demo,1_000\n"
            "C,2026-01-01,Demo,10%\n"
            "D,2026-01-01,Demo,inf\n"
            "E,2026-01-01,Demo,5\n"
            'F,2026-01-01,Demo,"1,2,3"\n'
            "G,2026-01-01,Demo,N/A\n"
        ),
        {"on_bad_rows": "raise"},
        (
            "export.csv: 5 rows cannot be used\n"
            "  row 1: amount must be an amount, got 'five'; write 300000.00\n"
            "  row 2: amount must be an amount, got '1_000'; write 300000.00\n"
            "  row 3: amount must be an amount, got '10%'; write 300000.00\n"
            "  row 4: amount must be an amount, got 'inf'; write 300000.00\n"
            "  row 6: amount must be an amount, got '1,2,3'; write 300000.00\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="amounts",
    ),
    pytest.param(
        ("deal,date,stage\n1.23457E+11,2026-01-01,Demo\nB,2026-01-01,Demo\n"),
        {"on_bad_rows": "raise"},
        (
            "export.csv: 1 row cannot be used\n"
            "  row 1: deal must be the whole id, got '1.23457E+11'; a spreadsheet rounded "
            "it: export again, as text\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="rounded-id",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\nB,2026-01-01,Demo,5\nC,2026-01-01,Demo\n"),
        {"on_bad_rows": "raise"},
        (
            "export.csv: 1 row cannot be used\n"
            "  row 2: number of cells must be 3, as in the header, got 4; put a cell that "
            "holds ',' in double quotes\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="width",
    ),
    pytest.param(
        ("deal,created,closed,outcome\nA,,,open\nB,2026-01-01,,open\n"),
        {"on_bad_rows": "raise"},
        (
            "export.csv: 1 row cannot be used\n"
            "  row 1: created must be given, since the deal is open\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="open-no-created",
    ),
    pytest.param(
        ("deal,created,closed,outcome\nA,2026-01-01,,won\nB,2026-01-01,,open\n"),
        {"on_bad_rows": "raise"},
        (
            "export.csv: 1 row cannot be used\n"
            "  row 1: closed must be given, since the deal is won\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="won-no-closed",
    ),
    pytest.param(
        (
            "deal,created,closed,outcome\n"
            "A,2026-01-01,,open\n"
            "A,2026-01-03,,open\n"
            "A,2026-01-01,2026-01-02,won\n"
        ),
        {"on_bad_rows": "raise"},
        (
            "export.csv: 2 rows cannot be used\n"
            "  row 2: created must be that of row 1, the same deal, got '2026-01-03'; give "
            "one row per deal, with its total\n"
            "  row 3: outcome must be that of row 1, the same deal, got 'won'; give one row "
            "per deal, with its total\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="repeat",
    ),
    pytest.param(
        ("deal,created,closed,outcome\nA,2026-01-01,,open\nA,2026-01-01,2026-01-02,won\n"),
        {"on_bad_rows": "raise"},
        (
            "export.csv: 1 row cannot be used\n"
            "  row 2: outcome must be that of row 1, the same deal, got 'won'; give one row "
            "per deal, with its total\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="repeat-outcome",
    ),
    pytest.param(
        ("OpportunityId,Field,OldValue,NewValue,CreatedDate\n1,Owner,a,b,2026-01-01\n"),
        {},
        (
            "Field must name the field of the stage in some rows (StageName, Stage, "
            "stage_id), got 'Owner'"
        ),
        id="field-history-without-stage",
    ),
    pytest.param(
        (
            "OpportunityId,Field,OldValue,NewValue,CreatedDate\n"
            "1,StageName,a,,2026-01-01\n"
            "1,Amount,5,six,2026-01-01\n"
            "2,created,,,2026-01-01\n"
        ),
        {"on_bad_rows": "raise"},
        (
            "export.csv: 2 rows cannot be used\n"
            "  row 1: NewValue must be given for a change of stage\n"
            "  row 2: NewValue must be an amount, got 'six'; write 300000.00\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="field-history-new",
    ),
    pytest.param(
        ('Record ID,"Date entered ""Demo (Sales)"""\n1,2026-01-01\n2,\n'),
        {"on_bad_rows": "raise"},
        (
            "export.csv: 1 row cannot be used\n"
            "  row 2: dates of entry must be given, or the date of entry into a stage\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="hubspot-without-date",
    ),
    pytest.param(
        (
            'Record ID,Deal Stage,Close Date,"Date entered ""Demo (Sales)"""\n'
            "1,Demo,,2026-01-01\n"
            "2,Closed Won,,2026-01-02\n"
        ),
        {"on_bad_rows": "raise"},
        (
            "export.csv: 1 row cannot be used\n"
            "  row 2: Close Date must be given, since the deal is won\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="hubspot-won-without-date",
    ),
    pytest.param(
        ("snapshot,deal,stage\n2026-01-01,A,Demo\n2026-01-08,B,Demo\n"),
        {},
        (
            "export.csv must show how deals close: 1 of them vanish, and none is won or "
            "lost; export closed deals, too"
        ),
        id="snapshots-of-open-deals",
    ),
    pytest.param(
        ("snapshot,deal,stage\n,A,Demo\n2026-01-08,B,\n2026-01-08,C,Demo\n"),
        {"on_bad_rows": "raise"},
        (
            "export.csv: 2 rows cannot be used\n"
            "  row 1: snapshot must be given\n"
            "  row 2: stage must be given, since the deal is open\n"
            'correct them, or leave them out with on_bad_rows="skip"'
        ),
        id="snapshot-cells",
    ),
    pytest.param(
        "deal,date,stage\n"
        + "".join(f"d{k},2026-01-{k + 1:02d},Demo\n" for k in range(25))
        + "x,2062-01-01,Won\n",
        {},
        (
            "last_day of export.csv must be stated: 1 deal (x) with dates up to 2062-01-01, "
            'more than a year after all others; last_day="2026-01-25" leaves them out'
        ),
        id="far",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\n"),
        {"last_day": "2025-01-01"},
        (
            "export.csv must hold an event that can be used; 1 row of 1 deal lie after "
            "last_day: left out"
        ),
        id="before-last-day",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\n"),
        {"last_day": "soon"},
        ("last_day must be a date, got 'soon'; write the date as 2026-12-31"),
        id="last-day",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\n"),
        {"record_start": 2026.5},
        ("record_start must be a date, got 2026.5; write the date as 2026-12-31"),
        id="record-start",
    ),
    pytest.param(
        ("deal,date,stage,region\nA,2026-01-01,Demo,N\n"),
        {"segments": ["regoin"]},
        (
            "segments of export.csv must be a column of the table, got 'regoin'; did you "
            "mean 'region'? known: deal, date, stage, region"
        ),
        id="segments",
    ),
    pytest.param(
        ("deal,date,stage\nA,2026-01-01,Demo\n"),
        {"on_bad_rows": "ignore"},
        ("on_bad_rows must be a known word, got 'ignore'; known: skip, raise"),
        id="on_bad_rows",
    ),
]


@pytest.mark.parametrize(("text", "stated", "message"), EXPORTS)
def test_a_broken_export_is_explained(tmp_path, text, stated, message):
    path = tmp_path / "export.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_events(path, **stated)
    assert str(caught.value) == message
