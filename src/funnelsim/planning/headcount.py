"""The lever ``team.reps``: how many reps of a role a team has."""

from __future__ import annotations

import dataclasses

from funnelsim.errors import InputError
from funnelsim.parameters import Interval
from funnelsim.planning.lever import Lever
from funnelsim.reps import MOST_REPS
from funnelsim.scenario import Scenario
from funnelsim.team import Rep, Team

REPS = "team.reps"


def is_headcount(name: str) -> bool:
    """Return whether a name is that of a number of reps.

    Examples
    --------
    >>> is_headcount("team.reps.engineer"), is_headcount("team.roles")
    (True, False)
    """
    return name == REPS or name.startswith(f"{REPS}.")


def headcount_lever(scenario: Scenario, name: str) -> Lever:
    """Return the lever of a number of reps: of the first role, or of the one that is named.

    Raises
    ------
    InputError
        If there is no team, or it has no such role.
    """
    team = _team(scenario)
    word = name.removeprefix(REPS).removeprefix(".")
    role = team.role_name(REPS, word) if word else team.roles[0].name
    return Lever(
        f"{REPS}.{role}",
        "reps",
        Interval(0, MOST_REPS),
        True,
        lambda read: _team(read).headcount(role),
        lambda written, count: written.replace(team=with_headcount(_team(written), role, count)),
    )


def headcount_names(scenario: Scenario) -> list[str]:
    """Return the names of these levers: none without a team."""
    if scenario.team is None:
        return []
    return [REPS, *(f"{REPS}.{role.name}" for role in scenario.team.roles)]


def with_headcount(team: Team, role: str, count: int) -> Team:
    """Return a team with so many reps of a role.

    More are like the last rep of the role that is stated without a name; without one, they are
    there and ramped. Fewer are without the last that are stated.

    Examples
    --------
    >>> from funnelsim.team import Role
    >>> team = Team([Role("rep")], [Rep("rep", count=6), Rep("rep", start="2027-04-01")])
    >>> [rep.count for rep in with_headcount(team, "rep", 9).reps]
    [6, 3]
    >>> [rep.count for rep in with_headcount(team, "rep", 4).reps]
    [4]
    """
    reps = list(team.reps)
    own = [place for place, rep in enumerate(reps) if rep.role == role]
    more = count - team.headcount(role)
    if more > 0:
        _add(reps, role, more)
    for place in reversed(own):
        fewer = min(max(-more, 0), reps[place].count)
        more += fewer
        if fewer == reps[place].count:
            del reps[place]
        elif fewer:
            reps[place] = dataclasses.replace(reps[place], count=reps[place].count - fewer)
    return dataclasses.replace(team, reps=tuple(reps))


def _add(reps: list[Rep], role: str, more: int) -> None:
    alike = [place for place, one in enumerate(reps) if one.role == role and one.name is None]
    if alike:
        last = reps[alike[-1]]
        reps[alike[-1]] = dataclasses.replace(last, count=last.count + more)
    else:
        reps.append(Rep(role, count=more))


def _team(scenario: Scenario) -> Team:
    if scenario.team is None:
        remedy = "such as Team([Role('rep')], [Rep('rep', count=8)])"
        raise InputError("team", "be stated, to have reps", None, remedy)
    return scenario.team
