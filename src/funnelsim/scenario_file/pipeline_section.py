"""The `[pipeline]` section: a file of deals, or the deals themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from funnelsim.errors import InputError, RowsError
from funnelsim.periods import checked_keys
from funnelsim.pipeline import Pipeline, PipelineContext
from funnelsim.scenario_file.document import Document
from funnelsim.scenario_file.lines import KeyPath
from funnelsim.scenario_file.values import beside, distribution_at, list_of_tables

PIPELINE_KEYS = ("file", "columns", "on_bad_rows", "deals")
NO_SEGMENTS = ("context", "on_bad_rows")


def pipeline_of(document: Document, table: Any, context: PipelineContext) -> Pipeline:
    """Return the deals that a ``[pipeline]`` table states."""
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
    path = beside(document, file)
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
    tables = list_of_tables("pipeline.deals", deals)
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
                deal[key] = distribution_at(document, f"amount of deal {number + 1}", value, place)
    return deal


def deal_meant(pipeline: Pipeline, error: InputError) -> KeyPath:
    """Return the place of the deal that an error names; of nothing, if it names none."""
    if pipeline.source.file is None:
        for name, row in zip(pipeline.ids, pipeline.rows, strict=True):
            if error.field.endswith(f"deal {name!r}"):
                return ("pipeline", "deals", row - 1)
    return ()
