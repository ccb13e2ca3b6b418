"""From the tables of a scenario file to a scenario."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from funnelsim.clock import Clock
from funnelsim.errors import InputError, unknown
from funnelsim.market import Market
from funnelsim.new_business import NewBusiness, RequiredPipeline
from funnelsim.periods import Periods, checked_keys
from funnelsim.scenario import Scenario
from funnelsim.scenario_file.document import Document, read_document
from funnelsim.scenario_file.funnel_section import funnel_of
from funnelsim.scenario_file.new_business_section import new_business_of, required_pipeline_of
from funnelsim.scenario_file.pipeline_section import deal_meant, pipeline_of
from funnelsim.scenario_file.signals_section import signals_of
from funnelsim.scenario_file.team_section import team_of
from funnelsim.signals import Signals
from funnelsim.team import Team

VALUES = ("name", "currency", "as_of", "quota", "booked")
SECTIONS = (
    "periods",
    "clock",
    "funnel",
    "pipeline",
    "new_business",
    "required_pipeline",
    "market",
    "team",
    "signals",
)
NEEDED = ("as_of", "periods", "funnel")
EXAMPLES = {
    "as_of": "as_of = 2026-12-31",
    "periods": "[periods]",
    "funnel": '[funnel] with preset = "key-account"',
}
CLOCK_KEYS = tuple(one.name for one in fields(Clock))
MARKET_KEYS = tuple(one.name for one in fields(Market))


def read_scenario(path: str | os.PathLike[str]) -> Scenario:
    """Return the scenario that a TOML file states.

    Parameters
    ----------
    path : path
        The scenario file. Files named in it are relative to its folder.

    Raises
    ------
    InputError
        If the file cannot be read, is not proper TOML, holds a key that is not known or a value
        that is not usable; the message says the file and, where it is known, the line.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from funnelsim import read_scenario
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "plan.toml")
    ...     _ = file.write_text('''
    ... as_of = 2026-12-31
    ... periods = { every = "quarter", count = 4 }
    ... funnel = { preset = "key-account", time = 30 }
    ... ''')
    ...     scenario = read_scenario(file)
    >>> scenario.windows[0].end
    datetime.date(2027, 3, 31)
    """
    try:
        return scenario_of(read_document(path))
    except RecursionError:
        raise InputError(str(path), "be nested less deeply") from None


def scenario_of(document: Document) -> Scenario:
    """Return the scenario that a document states."""
    root = _root(document)
    with document.placed("periods"):
        periods = Periods.from_toml("periods", root["periods"])
    with document.placed("clock"):
        clock = _clock(root.get("clock", {}), periods.fiscal_year_start)
    with document.placed("market"):
        market = Market(**checked_keys("market", root.get("market", {}), MARKET_KEYS))
    funnel = funnel_of(document, root["funnel"])
    parts = {key: root[key] for key in VALUES if key in root} | _optional(
        document, root, funnel.names
    )
    with document.placed():
        scenario = Scenario(**parts, periods=periods, clock=clock, market=market, funnel=funnel)
    if "pipeline" not in root:
        return scenario
    pipeline = pipeline_of(document, root["pipeline"], scenario.context)
    try:
        return scenario.replace(pipeline=pipeline)
    except InputError as error:
        raise error.at(document.place_of(error, *deal_meant(pipeline, error))) from None


def _root(document: Document) -> dict[str, Any]:
    """Return the table at the top, with keys that are known and all that are needed."""
    root, known = document.root, (*VALUES, *SECTIONS)
    for key in root:
        with document.placed(key):
            if key not in known:
                raise unknown("key at the top", key, known, "be a known key")
    missing = [key for key in NEEDED if key not in root]
    if missing:
        remedy = "add " + ", ".join(EXAMPLES[key] for key in missing)
        rule = f"state {', '.join(missing)}"
        raise InputError("the scenario", rule, remedy=remedy, where=document.file)
    return root


def _optional(document: Document, root: dict[str, Any], stages: Sequence[str]) -> dict[str, Any]:
    """Return what is stated of deals that do not exist yet, of people and of signals."""
    parts: dict[str, NewBusiness | RequiredPipeline | Team | Signals] = {}
    if "new_business" in root:
        parts["new_business"] = new_business_of(document, root["new_business"])
    if "required_pipeline" in root:
        parts["required_pipeline"] = required_pipeline_of(document, root["required_pipeline"])
    if "team" in root:
        parts["team"] = team_of(document, root["team"], stages, root["as_of"])
    if "signals" in root:
        parts["signals"] = signals_of(document, root["signals"])
    return parts


def _clock(table: Any, year_of_periods: int) -> Clock:
    """Return the clock; its quarters are those of the periods unless it says otherwise."""
    given = checked_keys("clock", table, CLOCK_KEYS)
    year = given.pop("fiscal_year_start", year_of_periods if "quarter_end" in given else 1)
    return Clock.from_toml("clock", given, year)
