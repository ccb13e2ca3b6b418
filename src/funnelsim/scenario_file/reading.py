"""From the tables of a scenario file to a scenario."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from funnelsim.clock import Clock
from funnelsim.distributions import Distribution, distribution_from_toml
from funnelsim.errors import InputError, RowsError, unknown
from funnelsim.frames import column_of_file
from funnelsim.funnel import Funnel, Stage
from funnelsim.market import Market
from funnelsim.periods import Periods, checked_keys
from funnelsim.pipeline import Pipeline, PipelineContext
from funnelsim.scenario import Scenario
from funnelsim.scenario_file.document import Document, read_document
from funnelsim.scenario_file.lines import KeyPath

VALUES = ("name", "currency", "as_of", "quota", "booked")
SECTIONS = ("periods", "clock", "funnel", "pipeline", "market")
NEEDED = ("as_of", "periods", "funnel")
LATER = ("new_business", "required_pipeline")
EXAMPLES = {
    "as_of": "as_of = 2026-12-31",
    "periods": "[periods]",
    "funnel": '[funnel] with preset = "key-account"',
}
PRESET = "key-account"
FORMS = ("preset", "counts", "stages")
BESIDE = ("time", "time_if_lost", "hours")
"""Keys that go with a preset or counts, for all open stages; stages have their own."""
TIMES = ("time", "time_if_lost")
STAGE_KEYS = tuple(one.name for one in fields(Stage))
CLOCK_KEYS = tuple(one.name for one in fields(Clock))
MARKET_KEYS = tuple(one.name for one in fields(Market))
PIPELINE_KEYS = ("file", "columns", "on_bad_rows", "deals")
NO_SEGMENTS = ("context", "on_bad_rows")


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
    funnel = _funnel(document, root["funnel"])
    values = {key: root[key] for key in VALUES if key in root}
    with document.placed():
        scenario = Scenario(**values, periods=periods, clock=clock, market=market, funnel=funnel)
    if "pipeline" not in root:
        return scenario
    pipeline = _pipeline(document, root["pipeline"], scenario.context)
    try:
        return scenario.replace(pipeline=pipeline)
    except InputError as error:
        raise error.at(document.place_of(error, *_deal_meant(pipeline, error))) from None


def _root(document: Document) -> dict[str, Any]:
    """Return the table at the top, with keys that are known and all that are needed."""
    root, known = document.root, (*VALUES, *SECTIONS)
    for key in root:
        with document.placed(key):
            if key in LATER:
                rule = "be left out: this version of funnelsim does not support it yet"
                raise InputError(f"[{key}]", rule)
            if key not in known:
                raise unknown("key at the top", key, known, "be a known key")
    missing = [key for key in NEEDED if key not in root]
    if missing:
        remedy = "add " + ", ".join(EXAMPLES[key] for key in missing)
        rule = f"state {', '.join(missing)}"
        raise InputError("the scenario", rule, remedy=remedy, where=document.file)
    return root


def _clock(table: Any, year_of_periods: int) -> Clock:
    """Return the clock; its quarters are those of the periods unless it says otherwise."""
    given = checked_keys("clock", table, CLOCK_KEYS)
    year = given.pop("fiscal_year_start", year_of_periods if "quarter_end" in given else 1)
    return Clock.from_toml("clock", given, year)


# --- the funnel ---


def _funnel(document: Document, table: Any) -> Funnel:
    with document.placed("funnel"):
        given = checked_keys("funnel", table, (*FORMS, "names", *BESIDE))
        forms = [form for form in FORMS if form in given]
        if len(forms) != 1:
            rule = f"have one of {', '.join(FORMS)}"
            raise InputError("funnel", rule, " and ".join(forms) or "none")
        [form] = forms
        if form == "stages":
            return _funnel_of_stages(document, given)
        return _funnel_of_form(document, given)


def _funnel_of_form(document: Document, given: dict[str, Any]) -> Funnel:
    """Return the funnel of a preset or of counts."""
    if "time" not in given:
        raise InputError("funnel", "have a time", remedy="days in each stage, such as time = 30")
    for field in TIMES:
        if field in given:
            given[field] = _times(document, field, given[field])
    if "preset" in given:
        preset = given.pop("preset")
        if "names" in given:
            raise InputError("names", "be left out with a preset", remedy="it has its own")
        if preset != PRESET:
            raise unknown("funnel.preset", str(preset), [PRESET], "be a known preset")
        return Funnel.key_account(**given)
    counts = given.pop("counts")
    if not isinstance(counts, str | list):
        raise InputError("counts", "be text or a list of numbers", counts, 'such as "6-5-3-3-2-1"')
    if not isinstance(given.get("names", []), list):
        raise InputError("names", "be a list of names", given["names"])
    return Funnel.from_counts(counts, **given)


def _times(document: Document, field: str, value: Any) -> Distribution | list[Distribution]:
    """Return the distribution for all open stages, or a list with one for each."""
    if not isinstance(value, list):
        return _distribution(document, f"funnel.{field}", value, ("funnel", field))
    return [
        _distribution(
            document, f"entry {number + 1} of funnel.{field}", one, ("funnel", field, number)
        )
        for number, one in enumerate(value)
    ]


def _funnel_of_stages(document: Document, given: dict[str, Any]) -> Funnel:
    for key in ("names", *BESIDE):
        if key in given:
            rule = "be left out where stages are given"
            raise InputError(f"funnel.{key}", rule, remedy="each stage has its own")
    tables = _tables("funnel.stages", given["stages"])
    stages = [_stage(document, number, table) for number, table in enumerate(tables)]
    try:
        return Funnel(tuple(stages))
    except InputError as error:
        which = _stage_meant(stages, error)
        raise error.at(document.place_of(error, "funnel", "stages", *which)) from None


def _stage(document: Document, number: int, table: Mapping[str, Any]) -> Stage:
    with document.placed("funnel", "stages", number):
        given = checked_keys(f"stage {number + 1}", table, STAGE_KEYS)
        if "name" not in given:
            raise InputError(f"stage {number + 1}", "have a name")
        for field in TIMES:
            if field in given:
                label, place = f"{field} of stage {given['name']!r}", ("funnel", "stages", number)
                given[field] = _distribution(document, label, given[field], (*place, field))
        return Stage(**given)


def _stage_meant(stages: Sequence[Stage], error: InputError) -> list[int]:
    """Return the number of the stage that an error names, as its value or in its field."""
    for number in reversed(range(len(stages))):
        name = stages[number].name
        if error.value == name or repr(name) in error.field:
            return [number]
    return []


# --- the pipeline ---


def _pipeline(document: Document, table: Any, context: PipelineContext) -> Pipeline:
    with document.placed("pipeline"):
        given = checked_keys("pipeline", table, PIPELINE_KEYS)
        if ("file" in given) == ("deals" in given):
            both = "both" if "file" in given else "neither"
            remedy = "for no deals leave the section out"
            raise InputError("pipeline", "have either a file or deals", both, remedy)
        skipping = {"on_bad_rows": given["on_bad_rows"]} if "on_bad_rows" in given else {}
        if "file" in given:
            columns = given.get("columns", {})
            return _pipeline_of_file(document, given["file"], columns, skipping, context)
        if "columns" in given:
            raise InputError("columns", "be left out where deals are given")
        return _pipeline_of_deals(document, given["deals"], skipping, context)


def _pipeline_of_file(
    document: Document, file: Any, columns: Any, skipping: dict[str, Any], context: PipelineContext
) -> Pipeline:
    if not isinstance(file, str):
        raise InputError("file", "be text in quotes", file, 'such as "opportunities.csv"')
    if not isinstance(columns, Mapping):
        raise InputError("columns", "be a table", columns, 'such as { amount = "value" }')
    for name in NO_SEGMENTS:
        if name in columns:
            raise InputError(f"columns.{name}", "be another name of a segment")
    path = _beside(document, file)
    try:
        return Pipeline.from_file(path, context=context, **skipping, **columns)
    except RowsError as error:
        raise error.at(document.where(("pipeline", "file"))) from None
    except InputError as error:
        if error.field != repr(path):
            raise
        raise InputError("file", error.rule, file, error.remedy) from None


def _pipeline_of_deals(
    document: Document, deals: Any, skipping: dict[str, Any], context: PipelineContext
) -> Pipeline:
    tables = _tables("pipeline.deals", deals)
    rows = [_deal(document, number, table) for number, table in enumerate(tables)]
    try:
        return Pipeline.from_deals(rows, context=context, **skipping)
    except RowsError as error:
        first = error.problems[0]
        cell = InputError(first.column, first.rule)
        where = document.place_of(cell, "pipeline", "deals", first.row - 1)
        raise error.at(where) from None


def _deal(document: Document, number: int, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deal with plain values; only an amount may be a table."""
    deal = dict(table)
    for key, value in table.items():
        if not isinstance(value, Mapping | list):
            continue
        with document.placed("pipeline", "deals", number, key):
            if key.strip().casefold() != "amount" or isinstance(value, list):
                raise InputError(f"{key} of deal {number + 1}", "be one value", value)
            if isinstance(value.get("sample"), Mapping):
                place = ("pipeline", "deals", number, key)
                deal[key] = _distribution(document, f"amount of deal {number + 1}", value, place)
    return deal


def _deal_meant(pipeline: Pipeline, error: InputError) -> KeyPath:
    """Return the place of the deal that an error names; of nothing, if it names none."""
    if pipeline.source.file is None:
        for name, row in zip(pipeline.ids, pipeline.rows, strict=True):
            if error.field.endswith(f"deal {name!r}"):
                return ("pipeline", "deals", row - 1)
    return ()


# --- what all have in common ---


def _distribution(document: Document, field: str, value: Any, place: KeyPath) -> Distribution:
    """Return the distribution at a key; the file of a sample is relative to the document."""
    if isinstance(value, Mapping) and isinstance(value.get("sample"), Mapping):
        sample = dict(value["sample"])
        if isinstance(sample.get("file"), str):
            sample["file"] = _beside(document, sample["file"])
        value = {**value, "sample": sample}
    with document.placed(*place):
        return distribution_from_toml(field, value, column_of_file)


def _beside(document: Document, file: str) -> str:
    return os.path.join(document.folder, file)  # noqa: PTH118  keeps the user's spelling


def _tables(field: str, given: Any) -> list[Mapping[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise InputError(field, "be a list of tables", given, f"each under [[{field}]]")
    return given
