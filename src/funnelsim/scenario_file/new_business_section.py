"""The sections on deals that do not exist yet: `[new_business]` and `[required_pipeline]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from funnelsim.errors import InputError
from funnelsim.new_business import NewBusiness, Repeat, RequiredPipeline
from funnelsim.periods import checked_keys
from funnelsim.scenario_file.document import Document
from funnelsim.scenario_file.values import distribution_at

NEW_BUSINESS_KEYS = tuple(one.name for one in fields(NewBusiness))
REPEAT_KEYS = tuple(one.name for one in fields(Repeat))
REQUIRED_PIPELINE_KEYS = tuple(one.name for one in fields(RequiredPipeline))


def new_business_of(document: Document, table: Any) -> NewBusiness:
    """Return what a ``[new_business]`` table states."""
    with document.placed("new_business"):
        given = checked_keys("new_business", table, NEW_BUSINESS_KEYS)
        _check_given("new_business", given, {"per_period": "such as per_period = 8"})
        _read_laws(document, given, ("amount",), ("new_business",))
        if "repeat" in given:
            given["repeat"] = _repeat_of(document, given["repeat"])
        return NewBusiness(**given)


def _repeat_of(document: Document, table: Any) -> Repeat:
    with document.placed("new_business", "repeat"):
        given = checked_keys("new_business.repeat", table, REPEAT_KEYS)
        needed = {"mean": "such as mean = 0.3", "delay": "days, such as delay = 180"}
        _check_given("new_business.repeat", given, needed)
        _read_laws(document, given, ("delay", "amount"), ("new_business", "repeat"))
        return Repeat(**given)


def required_pipeline_of(document: Document, table: Any) -> RequiredPipeline:
    """Return what a ``[required_pipeline]`` table states."""
    with document.placed("required_pipeline"):
        given = checked_keys("required_pipeline", table, REQUIRED_PIPELINE_KEYS)
        _read_laws(document, given, ("amount",), ("required_pipeline",))
        return RequiredPipeline(**given)


def _check_given(field: str, given: Mapping[str, Any], needed: Mapping[str, str]) -> None:
    for key, example in needed.items():
        if key not in given:
            raise InputError(field, f"state {key}", remedy=example)


def _read_laws(
    document: Document, given: dict[str, Any], keys: tuple[str, ...], place: tuple[str, ...]
) -> None:
    """Replace the values at some keys by the distributions that they state."""
    for key in keys:
        if key in given:
            label = ".".join((*place, key))
            given[key] = distribution_at(document, label, given[key], (*place, key))
