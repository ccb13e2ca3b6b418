"""The sheets of answers: summary, bookings by period, deals, sensitivity."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from funnelsim.excel.book import Book, Page
from funnelsim.excel.charts import Banded, Column, band_chart, chance_chart, tornado_chart
from funnelsim.planning.results import COLUMNS, WORDS
from funnelsim.planning.sensitivity import Sensitivity
from funnelsim.summary import heading, notes_of

Answer = Mapping[str, Any]

HEADER = 3
FIRST = HEADER + 1
CHART_ROWS = 18
LARGE = 1_000
HEIGHT = 45
LEVELS = ("p10", "p50", "p90")
MONEY = "amount"
OF_ESTIMATE = ("value", "standard error", "low", "high")


def write_summary(book: Book, answer: Answer) -> None:
    """Add the sheet with the answers over the horizon, each with how sure it is."""
    page = book.sheet("Summary", {0: 44, 1: 20, 2: 17, 3: 20, 4: 20})
    money = answer["currency"]
    hint = "Standard errors, and 95 % intervals from low to high, are those of the simulation."
    page.title(heading(dict(answer)), f"{hint} Amounts are in {money}." if money else hint)
    page.text(HEADER, 0, "answer", "header")
    page.row(HEADER, 1, OF_ESTIMATE, "number header")
    page.raw.freeze_panes(FIRST, 1)
    row = FIRST
    for name, value, kind in _facts(answer):
        page.text(row, 0, name, "name")
        cells = (
            [value[key] for key in ("value", "standard_error", "low", "high")]
            if isinstance(value, Mapping)
            else [value]
        )
        page.row(row, 1, cells, "plain", kind)
        row += 1
    row += 1
    for note in notes_of(answer["warnings"]):
        page.text(row, 0, note, "hint")
        row += 1
    page.text(row + 1, 0, _made(answer), "hint")


def _facts(answer: Answer) -> list[tuple[str, Any, str]]:
    """Return name, value or estimate, and kind of what a summary says."""
    bookings, wins, sources = answer["bookings"], answer["wins"], answer["sources"]
    facts: list[tuple[str, Any, str]] = []
    if answer["quota"] is not None:
        facts += [
            ("quota", answer["quota"], MONEY),
            ("chance to reach the quota", answer["attainment_probability"], "chance"),
        ]
    if answer["attainment_probability_every_period"] is not None:
        every = answer["attainment_probability_every_period"]
        facts.append(("chance to reach the quota of every period", every, "chance"))
    facts += [
        ("booked to date", answer["booked"], MONEY),
        ("new bookings, mean", bookings["mean"], MONEY),
        ("new bookings, standard deviation", bookings["sd"], MONEY),
        *(
            (f"new bookings, {level.upper()}", bookings["quantiles"][level], MONEY)
            for level in LEVELS
        ),
    ]
    if sources["new_business"] is not None:
        facts += [
            ("of them from the open pipeline, mean", sources["open_pipeline"]["mean"], MONEY),
            ("of them from new business, mean", sources["new_business"]["mean"], MONEY),
        ]
    facts += [
        ("wins, mean", wins["mean"], "decimal"),
        *((f"wins, {level.upper()}", wins["quantiles"][level], "decimal") for level in LEVELS),
        ("open pipeline", answer["open_pipeline"], MONEY),
        ("weighted pipeline", answer["weighted_pipeline"], MONEY),
        ("coverage of what is left to book", answer["coverage"], "decimal"),
    ]
    return [one for one in facts if one[1] is not None] + _required(answer)


def _required(answer: Answer) -> list[tuple[str, Any, str]]:
    facts: list[tuple[str, Any, str]] = []
    for one in answer["required_pipeline"] or []:
        name = f"required pipeline for {100 * one['confidence']:g} %"
        if one["reachable"]:
            facts += [(f"{name}, extra deals", one["deals"], "whole"),
                      (f"{name}, amount", one["amount"], MONEY)]  # fmt: skip
        else:
            facts.append((name, "not reachable", ""))
    return facts


def _made(answer: Answer) -> str:
    return (
        f"Made by funnelsim {answer['funnelsim']} from {answer['paths']:,} paths, seed "
        f"{answer['seed']}, digest {answer['digest']}: the same again gives the same numbers."
    )


def write_periods(book: Book, answer: Answer) -> None:
    """Add the sheet of bookings by period, with its charts."""
    periods = answer["periods"]
    columns = _period_columns(periods)
    page = book.sheet("Forecast", dict.fromkeys(range(len(columns)), 15.0))
    hint = "New bookings: below P10 in one future of ten, above P90 in one of ten."
    page.title("Bookings by period", hint)
    places = write_columns(page, columns)
    charts = [_bookings_chart(book, answer["currency"], places)]
    chances = [
        places[name]
        for name in ("quota reached so far", "period's quota reached")
        if name in places
    ]
    if chances:
        charts.append(chance_chart(book, "Chance to reach the quota", places["period"], chances))
    for k, chart in enumerate(charts):
        page.raw.insert_chart(FIRST + len(periods) + 1 + k * CHART_ROWS, 0, chart)


def _period_columns(periods: list[Answer]) -> dict[str, tuple[list[Any], str]]:
    """Return the columns of the table of periods, each with its kind."""
    bookings = [one["bookings"] for one in periods]
    levels = [[one["quantiles"][level]["value"] for one in bookings] for level in LEVELS]
    low, middle, high = levels
    columns: dict[str, tuple[list[Any], str]] = {
        "period": ([f"to {one['end']}" for one in periods], ""),
        "period starts": ([_day(one["start"]) for one in periods], "date"),
        "period ends": ([_day(one["end"]) for one in periods], "date"),
        "mean": ([one["mean"]["value"] for one in bookings], MONEY),
        "error of mean": ([one["mean"]["standard_error"] for one in bookings], MONEY),
        "P10": (low, MONEY),
        "P50": (middle, MONEY),
        "P90": (high, MONEY),
        "P50 - P10": ([b - a for a, b in zip(low, middle, strict=True)], MONEY),
        "P90 - P50": ([b - a for a, b in zip(middle, high, strict=True)], MONEY),
        "mean wins": ([one["wins"]["mean"]["value"] for one in periods], "decimal"),
    }
    if any(one["quota"] is not None for one in periods):
        columns["quota"] = ([one["quota"] for one in periods], MONEY)
        columns["period's quota reached"] = (_chances(periods, "attainment_probability"), "chance")
    if periods[0]["cumulative_attainment_probability"] is not None:
        so_far = _chances(periods, "cumulative_attainment_probability")
        columns["quota reached so far"] = (so_far, "chance")
    return columns


def _chances(periods: list[Answer], name: str) -> list[Any]:
    return [None if one[name] is None else one[name]["value"] for one in periods]


def _day(value: Any) -> Any:
    """Return a date where an answer has one: periods that are given by edges have numbers."""
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


def write_columns(page: Page, columns: Mapping[str, tuple[list[Any], str]]) -> dict[str, Column]:
    """Write columns below their names; return where their cells are."""
    places = {}
    page.raw.set_row(HEADER, HEIGHT)
    for column, (name, (values, kind)) in enumerate(columns.items()):
        page.text(HEADER, column, name, "number header" if kind else "header")
        for row, value in enumerate(values, FIRST):
            page.write(row, column, value, "plain", _kind_of(value) if kind == "input" else kind)
        places[name] = Column(page, column, FIRST, FIRST + max(len(values), 1) - 1)
    page.raw.freeze_panes(FIRST, 1)
    return places


def _kind_of(value: Any) -> str:
    return "amount" if isinstance(value, int | float) and abs(value) >= LARGE else "number"


def _bookings_chart(book: Book, currency: str, places: Mapping[str, Column]) -> Any:
    banded = Banded(*(places[name] for name in _BANDED))
    axis = f"bookings, {currency}" if currency else "bookings"
    title = "Bookings by period: P50 with P10 to P90"
    return band_chart(book, title, axis, banded, places.get("quota"))


_BANDED = ("period", "P50", "P10", "P90", "P50 - P10", "P90 - P50", "mean")


NOT_WAITING = "Nobody waits in them: where people are short, deals close later than this."


def write_deals(book: Book, deals: Mapping[str, list[Any]], *, waiting: bool) -> None:
    """Add the sheet of open deals: all that is said of them is exact.

    ``waiting`` says that on the simulated paths they wait for people.
    """
    kinds = {
        "amount": MONEY,
        "age": "number",
        "expected_close": "date",
        "win_probability": "chance",
    }
    columns = {
        name.replace("_", " "): (values, kinds.get(name, "chance" if name[:3] == "won" else ""))
        for name, values in deals.items()
    }
    widths = dict.fromkeys(range(len(columns)), 15.0)
    page = book.sheet("Deals", widths)
    hint = "Exact, deal by deal: chances to be won in the end, and inside each period."
    page.title("Open deals", f"{hint} {NOT_WAITING}" if waiting else hint)
    write_columns(page, columns)
    if deals["id"]:
        page.raw.autofilter(HEADER, 0, FIRST + len(deals["id"]) - 1, len(columns) - 1)


def write_sensitivity(book: Book, found: Sensitivity) -> None:
    """Add the sheet of what moves an answer most."""
    page = book.sheet("Sensitivity", {0: 34, **dict.fromkeys(range(1, 8), 18.0)})
    page.title(f"What moves the {WORDS[found.answer]}", "One input at a time, largest swing first.")
    share = found.answer == "attainment"
    kind = "chance" if share else MONEY
    rows = found.rows()
    at = COLUMNS[found.answer]
    columns: dict[str, tuple[list[Any], str]] = {
        "input": ([row["input"] for row in rows], ""),
        "low": ([row["low"] for row in rows], "input"),
        "high": ([row["high"] for row in rows], "input"),
        "answer at low": ([float(row[f"{at}_at_low"]) for row in rows], kind),
        "answer at high": ([float(row[f"{at}_at_high"]) for row in rows], kind),
        "change at low": ([float(row["difference_at_low"]) for row in rows], kind),
        "change at high": ([float(row["difference_at_high"]) for row in rows], kind),
        "error of swing": ([row["swing"].standard_error for row in rows], kind),
    }
    places = write_columns(page, columns)
    for k, note in enumerate(found.notes):
        page.text(FIRST + len(rows) + k, 0, note, "hint")
    if rows:
        sides = [places["change at low"], places["change at high"]]
        form = "0%" if share else "#,##0"
        title = f"Change of the {WORDS[found.answer]}"
        chart = tornado_chart(book, title, places["input"], sides, form)
        page.raw.insert_chart(FIRST + len(rows) + len(found.notes) + 1, 0, chart)
