"""The `[team]` section: roles, reps, and the work of stages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from funnelsim.errors import InputError
from funnelsim.periods import as_date, checked_keys
from funnelsim.scenario_file.document import Document
from funnelsim.scenario_file.lines import KeyPath
from funnelsim.scenario_file.values import distribution_at, list_of_tables
from funnelsim.team import Rep, Role, Team, Work, own_stage_of_work

TEAM_KEYS = tuple(one.name for one in fields(Team))
ROLE_KEYS = tuple(one.name for one in fields(Role))
REP_KEYS = tuple(one.name for one in fields(Rep))
WORK_KEYS = tuple(one.name for one in fields(Work))


def team_of(document: Document, table: Any, stages: Sequence[str], as_of: Any) -> Team:
    """Return the team that a ``[team]`` table states, for a funnel's stages and a day."""
    with document.placed("as_of"):
        day = as_date("as_of", as_of)
    with document.placed("team"):
        given = checked_keys("team", table, TEAM_KEYS)
        if "roles" not in given:
            remedy = 'each under [[team.roles]], such as name = "rep"'
            raise InputError("team", "state roles", remedy=remedy)
        given["roles"] = _entries(document, "roles", given["roles"], _role)
        given["reps"] = _entries(document, "reps", given.get("reps", []), _rep)
        if "work" in given:
            given["work"] = _works(document, given["work"])
        _check_places(document, given, stages, day)
        return Team(**given)


def _check_places(
    document: Document, given: Mapping[str, Any], stages: Sequence[str], as_of: dt.date
) -> None:
    """Refuse what does not fit the rest of the scenario, with the line of the rep or the work."""
    roles = Team(given["roles"])
    for place, rep in enumerate(given["reps"]):
        with document.placed("team", "reps", place):
            roles.role_name("role of a rep", rep.role)
            rep.check_as_of(as_of)
    for stage in given.get("work", {}):
        with document.placed("team", "work", stage):
            own_stage_of_work(stage, stages)


def _entries(
    document: Document, key: str, given: Any, made: Callable[[Document, KeyPath, Any], Any]
) -> list[Any]:
    """Return what each table of a list states."""
    tables = list_of_tables(f"team.{key}", given)
    return [made(document, ("team", key, place), one) for place, one in enumerate(tables)]


def _role(document: Document, place: KeyPath, table: Mapping[str, Any]) -> Role:
    with document.placed(*place):
        given = _checked(f"role {_number(place)}", table, ROLE_KEYS, "name")
        _read_law(document, place, given, "backfill", f"backfill of role {given['name']!r}")
        return Role(**given)


def _rep(document: Document, place: KeyPath, table: Mapping[str, Any]) -> Rep:
    with document.placed(*place):
        given = _checked(f"rep {_number(place)}", table, REP_KEYS, "role")
        _read_law(document, place, given, "delay", f"delay of rep {_number(place)}")
        return Rep(**given)


def _works(document: Document, table: Any) -> dict[str, Work]:
    """Return the work of each stage: hours alone, or a table of hours and a role."""
    if not isinstance(table, Mapping):
        raise InputError("team.work", "be a table", table, "such as proposal = 6")
    return {stage: _work(document, stage, one) for stage, one in table.items()}


def _work(document: Document, stage: str, given: Any) -> Work:
    place, label = ("team", "work", stage), f"hours of work in stage {stage!r}"
    with document.placed(*place):
        if not isinstance(given, Mapping) or not (given.keys() & set(WORK_KEYS)):
            return Work(distribution_at(document, label, given, place))
        table = _checked(f"work in stage {stage!r}", given, WORK_KEYS, "hours")
        _read_law(document, place, table, "hours", label)
        return Work(**table)


def _checked(field: str, table: Any, keys: tuple[str, ...], needed: str) -> dict[str, Any]:
    given = checked_keys(field, table, keys)
    if needed not in given:
        raise InputError(field, f"state {needed}")
    return given


def _read_law(
    document: Document, place: KeyPath, given: dict[str, Any], key: str, label: str
) -> None:
    if key in given:
        given[key] = distribution_at(document, label, given[key], (*place, key))


def _number(place: KeyPath) -> int:
    return int(place[-1]) + 1
