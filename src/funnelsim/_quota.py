"""The arithmetic of quota capacity: what seats are worth in each period.

Sums run in one fixed order, day by day and seat by seat, so that the same bits come out however
many paths are computed at once.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._expected_staff import Presence
from funnelsim._factors import REPLICATES
from funnelsim._staffing import ON_TIME, YEAR, Staff, draw_shares
from funnelsim.errors import InputError
from funnelsim.goal import CENTS
from funnelsim.periods import MONTHS_IN, Window
from funnelsim.scenario import Scenario
from funnelsim.team import Team

Floats = NDArray[np.float64]
Cents = NDArray[np.int64]

MONTHS = 12
BLOCK = 64 * REPLICATES
"""Paths whose days are in memory at once."""


class Span(NamedTuple):
    """The periods in days: ``K`` of them."""

    windows: tuple[Window, ...]
    length: Floats  # (K,) days of the whole calendar period
    years: Floats  # (K,) what a whole one is of a year's quota

    @classmethod
    def of(cls, scenario: Scenario) -> Span:
        """Return the periods of a scenario."""
        windows, every = scenario.windows, scenario.periods.every
        length = np.array([(one.hi - one.lo) / one.share for one in windows])
        months = MONTHS_IN.get(every or "")
        years = length / YEAR if months is None else np.full(len(length), months / MONTHS)
        return cls(windows, length, years)

    def days(self, k: int) -> list[tuple[int, float]]:
        """Return the days of a period, from index 0, each with the part of it that is inside."""
        lo, hi = self.windows[k].lo, self.windows[k].hi
        each = range(math.floor(lo), math.ceil(hi))
        return [(day, min(day + 1.0, hi) - max(float(day), lo)) for day in each]

    def inside(self, k: int, values: Floats) -> Floats:
        """Return the sum of daily values, (days, columns), over a period: always in one order."""
        total = np.zeros(values.shape[1:])
        for day, part in self.days(k):
            total += part * values[day]
        return total


class Worth(NamedTuple):
    """What a seat is worth in a year, in currency units: shape (seats,) each."""

    quota: Floats
    bring: Floats  # quota x attainment factor
    cost: Floats  # NaN where no cost is stated


def worth_of(scenario: Scenario) -> Worth:
    """Return what each seat is worth.

    Raises
    ------
    InputError
        If the scenario has no team, or no rep has a quota.
    """
    team = scenario.team
    if team is None:
        remedy = "such as Team([Role('rep', quota=600_000)], [Rep('rep', count=8)])"
        raise InputError("scenario.team", "be stated", None, remedy)
    roles = {role.name: role for role in team.roles}
    if all(role.quota is None for role in team.roles) and all(r.quota is None for r in team.reps):
        raise InputError("quota of a role", "be stated", None, "per year, of a fully ramped rep")
    quota = [roles[r.role].quota if r.quota is None else r.quota for r in team.people]
    amount = np.array([one or 0.0 for one in quota], dtype=np.float64)
    factor = np.array([roles[rep.role].attainment_factor for rep in team.people])
    return Worth(amount, amount * factor, costs_of(team))


def costs_of(team: Team) -> Floats:
    """Return the cost of each seat per year; NaN where no cost is stated."""
    cost = {role.name: math.nan if role.cost is None else role.cost for role in team.roles}
    return np.array([cost[rep.role] for rep in team.people], dtype=np.float64)


def draw_cents(staff: Staff, span: Span, worth: Worth, seed: int, paths: int) -> Cents:
    """Return the capacity of each period on each path, in cents."""
    periods = len(span.windows)
    cents = np.empty((periods, paths), dtype=np.int64)
    for first in range(0, paths, BLOCK):
        count = min(BLOCK, paths - first)
        capacity = np.zeros((periods, count))
        for seat, bring in enumerate(worth.bring):
            shares = draw_shares(staff, seat, seed, first, count)
            for k in range(periods):
                capacity[k] += bring * span.years[k] * (span.inside(k, shares) / span.length[k])
        cents[:, first : first + count] = np.rint(capacity * CENTS)
    return cents


def street_quota(staff: Staff, span: Span, worth: Worth) -> Floats:
    """Return the street quota of each period: all start on time and stay."""
    plan = staff._replace(
        hazard=np.zeros_like(staff.hazard), late=np.full_like(staff.late, ON_TIME)
    )
    shares = [draw_shares(plan, seat, 0, 0, 1) for seat in range(len(staff.role))]
    return _summed(span, worth.quota, shares)


def _summed(span: Span, per_year: Floats, shares: Sequence[Floats]) -> Floats:
    """Return what seats are worth in each period, by their daily shares (days, 1)."""
    found = []
    for k, years in enumerate(span.years):
        parts = [float(span.inside(k, share)[0]) / span.length[k] for share in shares]
        worth = [one * years * part for one, part in zip(per_year, parts, strict=True)]
        found.append(math.fsum(worth))
    return np.array(found)


class Expected(NamedTuple):
    """Exact means of each period: shape (periods,) each."""

    capacity: Floats
    headcount: Floats
    productive: Floats
    cost: Floats | None

    @classmethod
    def of(
        cls, scenario: Scenario, span: Span, worth: Worth, presence: Sequence[Presence]
    ) -> Expected:
        """Return the means that the presence of each seat makes."""
        filled = [one.filled[:, None] for one in presence]
        productive = [one.productive[:, None] for one in presence]
        ones = np.ones(len(presence))
        mean = span._replace(
            years=np.ones(len(span.years)), length=np.array([w.hi - w.lo for w in span.windows])
        )
        assert scenario.team is not None
        costs = any(role.cost is not None for role in scenario.team.roles)
        return cls(
            _summed(span, worth.bring, productive),
            _summed(mean, ones, filled),
            _summed(mean, ones, productive),
            expected_cost(span, worth.cost, presence) if costs else None,
        )


def expected_cost(span: Span, cost: Floats, presence: Sequence[Presence]) -> Floats:
    """Return the mean cost of the filled seats in each period."""
    return _summed(span, np.nan_to_num(cost), [one.filled[:, None] for one in presence])


def targets(scenario: Scenario, street: Floats) -> list[float | None]:
    """Return the target of each period, and over the horizon."""
    team, booked = scenario.team, scenario.booked_cents
    parts, total = scenario.period_quota_cents, scenario.quota_cents
    if total is None and team is not None and team.over_assignment is not None:
        own = street / team.over_assignment
        return [*map(float, own), math.fsum(own)]
    if parts is not None:
        own = np.array([parts[0] - booked, *parts[1:]]) / CENTS
        return [*map(float, own), (sum(parts) - booked) / CENTS]
    none: list[float | None] = [None] * len(street)
    return [*none, None if total is None else (total - booked) / CENTS]


class Means(NamedTuple):
    """What is known exactly of a period, or of all together."""

    start: dt.date | float
    end: dt.date | float
    headcount: float
    productive: float
    street: float
    expected: float
    cost: float | None
    target: float | None


def means_of(
    span: Span, street: Floats, expected: Expected, due: Sequence[float | None]
) -> list[Means]:
    """Return the means of each period, and last of all together: headcounts over the days."""
    days = np.array([window.hi - window.lo for window in span.windows])
    cost = expected.cost
    rows = [
        Means(
            window.start,
            window.end,
            headcount=float(expected.headcount[k]),
            productive=float(expected.productive[k]),
            street=float(street[k]),
            expected=float(expected.capacity[k]),
            cost=None if cost is None else float(cost[k]),
            target=due[k],
        )
        for k, window in enumerate(span.windows)
    ]
    total = Means(
        span.windows[0].start,
        span.windows[-1].end,
        headcount=float(days @ expected.headcount / days.sum()),
        productive=float(days @ expected.productive / days.sum()),
        street=math.fsum(street),
        expected=math.fsum(expected.capacity),
        cost=None if cost is None else math.fsum(cost),
        target=due[-1],
    )
    return [*rows, total]
