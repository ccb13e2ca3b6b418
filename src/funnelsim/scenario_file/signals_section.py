"""The `[signals]` section: columns of the deals that move the odds, and a population."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from funnelsim.errors import InputError
from funnelsim.periods import checked_keys
from funnelsim.pipeline import Pipeline
from funnelsim.scenario_file.document import Document
from funnelsim.scenario_file.values import list_of_tables
from funnelsim.signals import NumericSignal, Signal, Signals

SIGNALS_KEYS = ("columns", "population")
SIGNAL_KEYS = tuple(one.name for one in fields(Signal) if one.name != "name")
NUMERIC_KEYS = tuple(one.name for one in fields(NumericSignal) if one.name != "name")


def signals_of(document: Document, table: Any) -> Signals:
    """Return what a ``[signals]`` table states."""
    with document.placed("signals"):
        given = checked_keys("signals", table, SIGNALS_KEYS)
        columns = given.get("columns")
        if not isinstance(columns, Mapping) or not columns:
            remedy = "such as [signals.columns.coach] with effects = { covered = 2, open = 1 }"
            raise InputError("signals", "have columns", remedy=remedy)
        signals = [_signal(document, name, one) for name, one in columns.items()]
        population: Any = given.get("population")
        if population is not None:
            population = list_of_tables("signals.population", population)
        return Signals(tuple(signals), population)


def _signal(document: Document, name: str, table: Any) -> Signal | NumericSignal:
    with document.placed("signals", "columns", name):
        label = f"signals.columns.{name}"
        if not isinstance(table, Mapping) or ("effects" in table) == ("odds_ratio" in table):
            remedy = "effects of words, or the odds_ratio of numbers"
            raise InputError(label, "have either effects or an odds_ratio", remedy=remedy)
        if "effects" in table:
            return Signal(name, **checked_keys(label, table, SIGNAL_KEYS))
        return NumericSignal(name, **checked_keys(label, table, NUMERIC_KEYS))


def signals_table(signals: Signals, pipeline: Pipeline) -> dict[str, Any]:
    """Return the table that states signals; a reference that the deals give is left out."""
    columns = {one.name: _table(one) for one in _as_stated(signals, pipeline).signals}
    table: dict[str, Any] = {"columns": columns}
    if signals.population is not None:
        rows = zip(*signals.population.values(), strict=True)
        table["population"] = [dict(zip(signals.population, row, strict=True)) for row in rows]
    return table


def _as_stated(signals: Signals, pipeline: Pipeline) -> Signals:
    """Return signals without the references that these very deals would give."""
    own = set(signals.own)
    stated = tuple(
        replace(one, reference=None) if one.name in own else one for one in signals.signals
    )
    plain = Signals(stated, signals.population)
    return plain if plain.resolve(pipeline) == signals else signals


def _table(signal: Signal | NumericSignal) -> dict[str, Any]:
    """Return the keys of a signal that are not as usual."""
    usual = {"unknown": "missing", "per": 1.0}
    given = {one.name: getattr(signal, one.name) for one in fields(signal) if one.name != "name"}
    return {
        key: dict(value) if isinstance(value, Mapping) else value
        for key, value in given.items()
        if value is not None and value != usual.get(key)
    }
