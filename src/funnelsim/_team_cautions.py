"""What a reader of a forecast should know about its team."""

from __future__ import annotations

from collections.abc import Iterator

from funnelsim import _team_work
from funnelsim.scenario import Scenario
from funnelsim.team import Rep

OWNER = "owner"


def without_rep(scenario: Scenario) -> tuple[str, ...]:
    """Return the ids of deals that only their owner works on, and whose owner is no rep."""
    team, pipeline = scenario.team, scenario.pipeline
    if team is None or team.by != OWNER or not _team_work.hours_of(scenario):
        return ()
    reps = {rep.name.casefold() for rep in team.reps if rep.name is not None}
    owners = dict(pipeline.segments).get(OWNER, ("",) * len(pipeline))
    return tuple(
        deal
        for deal, owner in zip(pipeline.ids, owners, strict=True)
        if owner.casefold() not in reps
    )


def without_due_date(scenario: Scenario) -> tuple[str, ...]:
    """Return the ids of deals without a close date, where the one that is due first is next."""
    team, pipeline = scenario.team, scenario.pipeline
    if team is None or team.order != "due-date" or not _team_work.hours_of(scenario):
        return ()
    dates = zip(pipeline.ids, pipeline.close_dates, strict=True)
    return tuple(deal for deal, date in dates if date is None)


def never_there(scenario: Scenario) -> tuple[str, ...]:
    """Return the reps who leave before the first day, or start after the last, by name or place."""
    team = scenario.team
    if team is None:
        return ()
    days = scenario.windows[-1].hi
    return tuple(
        rep.name or f"team.reps {place} ({rep.role})"
        for place, rep in enumerate(team.reps, 1)
        if any(_outside(rep, scenario, days))
    )


def _outside(rep: Rep, scenario: Scenario, days: float) -> Iterator[bool]:
    if rep.leave is not None:
        yield rep.leave <= scenario.as_of
    if rep.start is not None:
        yield (rep.start - scenario.as_of).days > days


def attrition(scenario: Scenario) -> dict[str, float]:
    """Return the attrition of each role, by its dotted name."""
    roles = () if scenario.team is None else scenario.team.roles
    return {f"team.roles.{role.name}.attrition": role.attrition for role in roles}
