"""What a team is expected to cost inside the horizon: exact, with leavers and late hires."""

from __future__ import annotations

import math

from funnelsim.scenario import Scenario


def staff_cost(scenario: Scenario) -> float | None:
    """Return the mean cost of the seats that are filled, over all periods.

    It is the sum over seats and days of the chance that somebody has the seat, times the cost of
    a day: that of a year over the periods of a year, as `quota_capacity` counts it.

    Parameters
    ----------
    scenario : Scenario
        The assumptions.

    Returns
    -------
    float or None
        In currency units; roles without a cost cost nothing. None where no role of a team states
        one, or there is no team.

    Examples
    --------
    Two reps for a year, and one from July on:

    >>> from funnelsim import Funnel, Periods, Rep, Role, Team
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("quarter", 4), funnel=Funnel.key_account(time=30),
    ...     team=Team([Role("rep", cost=100_000)],
    ...               [Rep("rep", count=2), Rep("rep", start="2027-07-01")]),
    ... )
    >>> staff_cost(scenario)
    250000.0
    """
    team = scenario.team
    if team is None or all(role.cost is None for role in team.roles):
        return None
    from funnelsim import _quota  # noqa: PLC0415  loads the compiler
    from funnelsim._expected_staff import presence_of  # noqa: PLC0415
    from funnelsim._staffing import lower_team  # noqa: PLC0415

    span, presence = _quota.Span.of(scenario), presence_of(lower_team(scenario))
    cost = _quota.expected_cost(span, _quota.costs_of(team), presence)
    return math.fsum(cost)
