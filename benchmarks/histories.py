"""Two recorded histories as event logs, read from a folder that is not part of the project.

The folder holds ``crm-sales-opportunities`` (one row per deal) and ``loan-stage-history`` (an
event log), named by an argument or by the environment variable FUNNELSIM_DATA.
"""

from __future__ import annotations

import csv
import gzip
import os
from datetime import date, datetime
from pathlib import Path

from funnelsim.errors import InputError
from funnelsim.events import LOST, WON, EventLog

LOAN_STAGES = {"A_PREACCEPTED": 0, "O_SENT": 1, "O_SENT_BACK": 2}
LOAN_ENDS = {"A_APPROVED": WON, "A_DECLINED": LOST, "A_CANCELLED": LOST}
LOAN_LAST = date(2012, 2, 29)
"""After this day no application was submitted to the log."""
CRM_LAST = date(2017, 12, 31)


def folder(name: str, given: str | Path | None = None) -> Path:
    """Return the folder of a data set."""
    root = given or os.environ.get("FUNNELSIM_DATA")
    if root is None:
        raise InputError("FUNNELSIM_DATA", "name the folder of the histories")
    return Path(root) / name


def crm(root: str | Path | None = None) -> EventLog:
    """Return the CRM history: engaged, then won or lost; the list price until booked."""
    where = folder("crm-sales-opportunities", root)
    prices = {row["product"]: float(row["sales_price"]) for row in _rows(where / "products.csv")}
    teams = {row["sales_agent"]: row for row in _rows(where / "sales_teams.csv")}
    ids, events = [], []
    segments: dict[str, list[str]] = {
        name: [] for name in ("agent", "manager", "region", "product")
    }
    for row in _rows(where / "sales_pipeline.csv"):
        if not row["engage_date"]:
            continue  # still prospecting
        product = "GTX Pro" if row["product"] == "GTXPro" else row["product"]
        deal = len(ids)
        ids.append(row["opportunity_id"])
        events.append((deal, _day(row["engage_date"]), 0, prices[product]))
        if row["close_date"]:
            won = row["deal_stage"] == "Won"
            booked = float(row["close_value"]) if won else float("nan")
            events.append((deal, _day(row["close_date"]), WON if won else LOST, booked))
        team = teams[row["sales_agent"]]
        for name, value in (
            ("agent", row["sales_agent"]),
            ("manager", team["manager"]),
            ("region", team["regional_office"]),
            ("product", product),
        ):
            segments[name].append(value)
    return _log(
        ids, ["engaging"], events, segments, last=CRM_LAST, currency="USD", source="CRM sales"
    )


def loans(root: str | Path | None = None) -> EventLog:
    """Return the loan applications from their preacceptance on; the amount is that asked for."""
    where = folder("loan-stage-history", root)
    asked = {
        row["case_id"]: float(row["amount_requested"]) for row in _rows(where / "applications.csv")
    }
    place: dict[str, int] = {}
    approved: set[str] = set()
    events = []
    for row in _rows(where / "stage_history.csv.gz"):
        case, state = row["case_id"], row["state"]
        if state == "A_PREACCEPTED":
            place.setdefault(case, len(place))
        to = LOAN_STAGES.get(state, LOAN_ENDS.get(state))
        if to is None or case not in place or case in approved:
            continue
        if to == WON:
            approved.add(case)
        moment = datetime.fromisoformat(row["time"])
        seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
        events.append((place[case], moment.toordinal() + seconds / 86_400.0, to, asked[case]))
    stages = ["preaccepted", "offer sent", "offer back"]
    return _log(
        list(place), stages, events, {}, last=LOAN_LAST, currency="EUR", source="loan stages"
    )


def _rows(path: Path) -> list[dict[str, str]]:
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode()
    return list(csv.DictReader(text.splitlines()))


def _day(text: str) -> float:
    return float(date.fromisoformat(text).toordinal())


def _log(
    ids: list[str],
    stages: list[str],
    events: list[tuple[int, float, int, float]],
    segments: dict[str, list[str]],
    *,
    last: date,
    currency: str,
    source: str,
) -> EventLog:
    deal, time, state, amount = zip(*events, strict=True)
    return EventLog(
        ids,
        stages,
        deal=deal,
        time=time,
        state=state,
        amount=amount,
        segments=segments,
        last_day=last.toordinal(),
        currency=currency,
        source=source,
    )
