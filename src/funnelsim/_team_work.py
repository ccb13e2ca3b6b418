"""What a team does in a scenario: whose hours which stage takes, and who creates deals."""

from __future__ import annotations

from funnelsim.distributions import Distribution, Fixed
from funnelsim.errors import InputError
from funnelsim.scenario import Scenario

Hours = dict[int, tuple[Distribution, int]]
"""Hours of work and number of the role, for each stage that takes any."""


def matters(scenario: Scenario) -> bool:
    """Return whether deals wait for people, or people create deals."""
    team = scenario.team
    if team is None:
        return False
    return bool(hours_of(scenario)) or any(role.creates > 0.0 for role in team.roles)


def hours_of(scenario: Scenario) -> Hours:
    """Return the work of each stage: what the team states, else the funnel's hours."""
    team = scenario.team
    if team is None:
        return {}
    roles = [role.name for role in team.roles]
    found: Hours = {}
    for s, stage in enumerate(scenario.funnel.stages[:-1]):
        stated = team.work.get(stage.name)
        if stated is not None:
            law, role = stated.hours, stated.role or roles[0]
        else:
            law, role = Fixed(stage.hours or 0.0), roles[0]
        if law.mean > 0.0:
            found[s] = (law, roles.index(role))
    return found


def check_team(scenario: Scenario) -> None:
    """Refuse work that nobody is there for, and deals that reps cannot create.

    Raises
    ------
    InputError
        If a role with work has no reps; or reps create deals, and new business is not stated or is
        planned in exact numbers.
    """
    team = scenario.team
    assert team is not None
    for s, (_, role) in hours_of(scenario).items():
        name = team.roles[role].name
        if not any(rep.role == name for rep in team.reps):
            stage = scenario.funnel.names[s]
            remedy = f"stage {stage!r} takes the hours of role {name!r}"
            raise InputError("team.reps", "have a rep of each role with work", remedy=remedy)
    for place in team.roles:
        if place.creates > 0.0:
            _check_creates(scenario, f"creates of role {place.name!r}", place.creates)


def _check_creates(scenario: Scenario, field: str, creates: float) -> None:
    business = scenario.new_business
    if business is None:
        remedy = "state new_business: its amount and stage; per_period may be 0"
        raise InputError(field, "be 0 where there is no new business", creates, remedy)
    if business.planned:
        remedy = "leave out planned, or creates"
        raise InputError(field, "be 0 where new business is planned", creates, remedy)
