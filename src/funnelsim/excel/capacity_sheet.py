"""The sheet of quota capacity: what the reps' quotas add up to, period by period."""

from __future__ import annotations

from typing import Any

from funnelsim.excel.answers import FIRST, MONEY, write_columns
from funnelsim.excel.book import Book
from funnelsim.excel.charts import Banded, band_chart
from funnelsim.quotas import QuotaCapacity, quota_capacity
from funnelsim.scenario import Scenario

PATHS = 16_384
"""Futures of the distribution of capacity, at most."""
_BANDED = ("period", "P50", "P10", "P90", "P50 - P10", "P90 - P50", "expected")
HINT = (
    "What reps are expected to bring, with ramp, leavers and late hires: expected is exact, P10 to"
    " P90 are simulated."
)


def capacity_of(scenario: Scenario, paths: int, seed: int) -> QuotaCapacity | None:
    """Return the quota capacity of a scenario's team; None if no rep has a quota."""
    team = scenario.team
    if team is None or not team.reps:
        return None
    quotas = [*(role.quota for role in team.roles), *(rep.quota for rep in team.reps)]
    if all(one is None for one in quotas):
        return None
    return quota_capacity(scenario, paths=min(paths, PATHS), seed=seed)


def write_capacity(book: Book, found: QuotaCapacity) -> None:
    """Add the sheet of quota capacity, with its chart."""
    columns = _columns(found)
    page = book.sheet("Capacity", dict.fromkeys(range(len(columns)), 15.0))
    page.title("Quota capacity", HINT)
    places = write_columns(page, columns)
    below = FIRST + len(found.periods)
    total = found.total
    page.text(below, 0, "in all", "total")
    in_all = {
        "filled seats": total.headcount,
        "ramped equivalents": total.productive,
        "street quota": total.street,
        "expected": total.expected.value,
        "P10": total.p10.value,
        "P50": total.p50.value,
        "P90": total.p90.value,
        "cost": total.cost,
        "target": total.target,
        "gap": total.gap,
        "target covered": None if total.covered is None else total.covered.value,
    }
    for name, column in list(places.items())[1:]:
        page.write(below, column.column, in_all.get(name), "total", columns[name][1])
    banded = Banded(*(places[name] for name in _BANDED))
    currency = found.scenario.currency
    axis = f"capacity, {currency}" if currency else "capacity"
    title = "Quota capacity by period: P50 with P10 to P90"
    page.raw.insert_chart(below + 2, 0, band_chart(book, title, axis, banded, places.get("target")))


def _columns(found: QuotaCapacity) -> dict[str, tuple[list[Any], str]]:
    """Return the columns of the table, each with its kind."""
    periods = found.periods
    low, middle, high = (
        [getattr(one, name).value for one in periods] for name in ("p10", "p50", "p90")
    )
    columns: dict[str, tuple[list[Any], str]] = {
        "period": ([f"to {one.end}" for one in periods], ""),
        "period starts": ([one.start for one in periods], "date"),
        "period ends": ([one.end for one in periods], "date"),
        "filled seats": ([one.headcount for one in periods], "decimal"),
        "ramped equivalents": ([one.productive for one in periods], "decimal"),
        "street quota": ([one.street for one in periods], MONEY),
        "expected": ([one.expected.value for one in periods], MONEY),
        "P10": (low, MONEY),
        "P50": (middle, MONEY),
        "P90": (high, MONEY),
        "P50 - P10": ([b - a for a, b in zip(low, middle, strict=True)], MONEY),
        "P90 - P50": ([b - a for a, b in zip(middle, high, strict=True)], MONEY),
    }
    if found.total.cost is not None:
        columns["cost"] = ([one.cost for one in periods], MONEY)
    if any(one.target is not None for one in periods):
        covered = [None if one.covered is None else one.covered.value for one in periods]
        columns["target"] = ([one.target for one in periods], MONEY)
        columns["gap"] = ([one.gap for one in periods], MONEY)
        columns["target covered"] = (covered, "chance")
    elif found.total.target is not None:
        columns["target"] = ([None] * len(periods), MONEY)
        columns["gap"] = ([None] * len(periods), MONEY)
        columns["target covered"] = ([None] * len(periods), "chance")
    return columns
