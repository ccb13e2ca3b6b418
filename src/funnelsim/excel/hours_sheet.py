"""The sheet of working capacity: hours worked, who waits for whom, and what that costs."""

from __future__ import annotations

from typing import Any

from funnelsim import _team_work
from funnelsim.capacity import Capacity
from funnelsim.estimate import Estimate
from funnelsim.excel.answers import FIRST, HEIGHT, MONEY, OF_ESTIMATE, write_columns
from funnelsim.excel.book import Book, Page
from funnelsim.excel.charts import chance_chart
from funnelsim.forecast import Forecast
from funnelsim.scenario_answers import ScenarioAnswers

SHEET = "Hours"
WAITS = ("work in", "by", "deals", "share that waits", "days of waiting", "error of days",
         "P90 of days", "lost while waiting")  # fmt: skip
TEXTS = 2
"""Columns of texts among them."""


def hours_of(forecast: ScenarioAnswers) -> Capacity | None:
    """Return the working capacity of a forecast; None if no stage takes hours of a team."""
    if not isinstance(forecast, Forecast) or not _team_work.hours_of(forecast.scenario):
        return None
    return forecast.capacity()


def write_hours(book: Book, found: Capacity) -> None:
    """Add the sheet of working capacity, with a chart of the hours that are worked."""
    columns = _columns(found)
    page = book.sheet(SHEET, {0: 30, **dict.fromkeys(range(1, max(len(columns), 8)), 15.0)})
    page.title("Working capacity", f"Mean of {found.paths:,} paths: {found.in_words()}.")
    places = write_columns(page, columns)
    row = FIRST + len(found.scenario.windows) + 1
    row = _write_waits(page, found, row)
    row = _write_costs(page, found, row + 1)
    used = [place for name, place in places.items() if name.endswith("hours worked")]
    chart = chance_chart(book, "Share of hours worked", places["period"], used, axis="hours worked")
    page.raw.insert_chart(row + 1, 0, chart)


def _columns(found: Capacity) -> dict[str, tuple[list[Any], str]]:
    """Return the columns of the table of periods, each with its kind."""
    windows = found.scenario.windows
    columns: dict[str, tuple[list[Any], str]] = {
        "period": ([f"to {one.end}" for one in windows], ""),
    }
    for role in found.roles:
        used = [_value(found.utilisation(role, k)) for k in range(len(windows))]
        columns[f"{role}: hours worked"] = (used, "share")
    for stage in (one.stage for one in found.waits()):
        waiting = [found.backlog(stage, k).value for k in range(len(windows))]
        columns[f"waiting in {stage} at the end"] = (waiting, "decimal")
    return columns


def _write_waits(page: Page, found: Capacity, row: int) -> int:
    """Write a line for each stage with work; return the row after them."""
    page.raw.set_row(row, HEIGHT)
    page.row(row, 0, WAITS[:TEXTS], "header")
    page.row(row, TEXTS, WAITS[TEXTS:], "number header")
    for one in found.waits():
        row += 1
        error = None if one.mean is None else one.mean.standard_error
        page.row(row, 0, [one.stage, one.role])
        page.write(row, 2, one.deals.value, "plain", "decimal")
        page.write(row, 3, _value(one.share), "plain", "share")
        days = [_value(one.mean), error, _value(one.p90), one.stale.value]
        page.row(row, 4, days, "plain", "decimal")
    return row + 1


def _write_costs(page: Page, found: Capacity, row: int) -> int:
    """Write what waiting costs, each with how sure it is; return the row after it."""
    page.text(row, 0, "on the same draws", "header")
    page.row(row, 1, OF_ESTIMATE, "number header")
    facts: list[tuple[str, Estimate | None, str]] = [
        ("new bookings, mean", found.bookings(), MONEY),
        ("if nobody had to wait", found.unlimited_bookings(), MONEY),
        ("lost for lack of hours", found.lost(), MONEY),
        ("chance to reach the quota", found.attainment_probability(), "chance"),
        ("chance if nobody had to wait", found.unlimited_attainment_probability(), "chance"),
        ("chance lost for lack of hours", found.lost_attainment(), "chance"),
    ]
    for name, estimate, kind in facts:
        if estimate is not None:
            row += 1
            page.text(row, 0, name, "name")
            spread = (estimate.standard_error, estimate.low, estimate.high)
            page.row(row, 1, (estimate.value, *spread), "plain", kind)
    return row + 1


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value
