"""The `[funnel]` section: a preset, counts, or stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from funnelsim.distributions import Distribution
from funnelsim.errors import InputError, unknown
from funnelsim.funnel import Funnel, Stage
from funnelsim.periods import checked_keys
from funnelsim.scenario_file.document import Document
from funnelsim.scenario_file.values import distribution_at, list_of_tables

PRESET = "key-account"
FORMS = ("preset", "counts", "stages")
BESIDE = ("time", "time_if_lost", "hours")
"""Keys that go with a preset or counts, for all open stages; stages have their own."""
TIMES = ("time", "time_if_lost")
STAGE_KEYS = tuple(one.name for one in fields(Stage))


def funnel_of(document: Document, table: Any) -> Funnel:
    """Return the funnel that a ``[funnel]`` table states."""
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
        return distribution_at(document, f"funnel.{field}", value, ("funnel", field))
    return [
        distribution_at(
            document, f"entry {number + 1} of funnel.{field}", one, ("funnel", field, number)
        )
        for number, one in enumerate(value)
    ]


def _funnel_of_stages(document: Document, given: dict[str, Any]) -> Funnel:
    for key in ("names", *BESIDE):
        if key in given:
            rule = "be left out where stages are given"
            raise InputError(f"funnel.{key}", rule, remedy="each stage has its own")
    tables = list_of_tables("funnel.stages", given["stages"])
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
                given[field] = distribution_at(document, label, given[field], (*place, field))
        return Stage(**given)


def _stage_meant(stages: Sequence[Stage], error: InputError) -> list[int]:
    """Return the number of the stage that an error names, as its value or in its field."""
    for number in reversed(range(len(stages))):
        name = stages[number].name
        if error.value == name or repr(name) in error.field:
            return [number]
    return []
