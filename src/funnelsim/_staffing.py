"""Who is there and how productive, day by day on each path.

Time is in whole days: day ``d`` is the one that ends ``d`` days after the as-of date. A rep works
each day from the first to the last; days of delay and of backfill are rounded to whole ones. So the
exact means (`funnelsim._expected_staff`) and the draws have one law, to the last digit.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._chances import stable_number
from funnelsim._factors import logarithm, plain_points
from funnelsim.distributions import Distribution
from funnelsim.errors import InputError
from funnelsim.scenario import Scenario
from funnelsim.team import Rep, Role, Team

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int16]

YEAR = 365.25
WEEK = 7
MINUTES = 60
MOST_DAYS = 36_525
"""Days of the horizon, at most: a hundred years."""
ON_TIME = NEVER = -1
"""Row of the table of days where a start is on time, and where a seat is not filled again."""
EMPTY = 0
"""Code of a day on which nobody has the seat; month k of the ramp has the code k."""


class Staff(NamedTuple):
    """All seats as arrays: ``S`` seats, ``R`` roles, ``D`` days, at most ``M`` months of ramp.

    A seat is what one rep has, and whoever fills it again.
    """

    minutes: Floats  # (R, D) of work of a fully productive rep on each day
    share: Floats  # (R, M + 2) of full productivity, by code
    months: Ints  # (R,) of ramp; a full rep has this code plus 1
    hazard: Floats  # (R,) of leaving, per day
    first_of_month: Ints  # (D, M + 1) first day of month 1, 2, ... of a rep who starts on a day
    within: Floats  # (laws, D + 1) chance that a delay or a backfill takes at most so many days
    backfill: Ints  # (R,) row of `within`; -1: an empty seat stays empty
    role: Ints  # (S,)
    start: Ints  # (S,) day of the first start, 1 for one who is there
    last: Ints  # (S,) last day of the seat, D if it stays
    late: Ints  # (S,) row of `within`; -1: the first start is on time
    done: Ints  # (S,) months of ramp that the first rep has done at the start
    edges: Ints  # (S, M + 1) first day of each month of the first rep who is on time
    keys: tuple[str, ...]  # (S,) that the random draws of a seat hang on
    names: tuple[str | None, ...]  # (S,) the owner whose seat it is

    @property
    def days(self) -> int:
        """Number of days of the horizon."""
        return int(self.minutes.shape[1])


def lower_team(scenario: Scenario) -> Staff:
    """Return the seats of a scenario's team, which it has.

    Raises
    ------
    InputError
        If the horizon is longer than a hundred years.
    """
    team, as_of, days = scenario.team, scenario.as_of, _days(scenario)
    assert team is not None
    most = max(len(role.ramp) for role in team.roles)
    laws: dict[Distribution, int] = {}
    backfill = [_row(laws, role.backfill) for role in team.roles]
    late = [_row(laws, rep.delay) for rep in team.people]
    return Staff(
        minutes=_minutes(scenario, team.roles, days),
        share=np.array([_shares(role, most) for role in team.roles]),
        months=_whole([len(role.ramp) for role in team.roles]),
        hazard=np.array([role.attrition / YEAR for role in team.roles]),
        first_of_month=_first_of_month(as_of, np.arange(1, days + 1), most),
        within=_within(laws, days),
        backfill=_whole(backfill),
        late=_whole(late),
        last=_whole([_last(rep, as_of, days) for rep in team.people]),
        keys=tuple(seat_keys(team, as_of)),
        names=tuple(rep.name for rep in team.people),
        **_beginnings(team, as_of, most),
    )


def _beginnings(team: Team, as_of: dt.date, most: int) -> dict[str, Any]:
    """Return role, first day and months done of each seat's first rep."""
    number = {role.name: k for k, role in enumerate(team.roles)}
    roles = [number[rep.role] for rep in team.people]
    started = [
        _started(rep, as_of, len(team.roles[k].ramp))
        for rep, k in zip(team.people, roles, strict=True)
    ]
    edges = [_first_edges(as_of, day, done, most) for day, done in started]
    return {
        "role": _whole(roles),
        "start": _whole([max(day, 1) for day, _ in started]),
        "done": _whole([done for _, done in started]),
        "edges": np.array(edges, dtype=np.int64).reshape(len(roles), most + 1),
    }


def _whole(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def draw_seats(staff: Staff, seed: int, first: int, paths: int) -> NDArray[np.float32]:
    """Return the minutes of work that each seat has on each day of each path.

    Ramp, leavers, backfill, late hires and days off are in it. A path's draws depend on the seed,
    the seat and the path alone.

    Parameters
    ----------
    staff : Staff
        The seats.
    seed : int
        Of the forecast.
    first, paths : int
        The paths from ``first`` on, a multiple of 4.

    Returns
    -------
    ndarray of float32
        Shape (seats, days, paths), C order; day ``d`` has the index ``d - 1``.
    """
    minutes = np.empty((len(staff.role), staff.days, paths), dtype=np.float32)
    for seat, role in enumerate(staff.role):
        table = (staff.minutes[role, :, None] * staff.share[role]).astype(np.float32)
        codes = draw_codes(staff, seat, seed, first, paths)
        for day in range(staff.days):
            minutes[seat, day] = np.take(table[day], codes[day])
    return minutes


def draw_shares(staff: Staff, seat: int, seed: int, first: int, paths: int) -> Floats:
    """Return the share of full productivity of a seat, shape (days, paths).

    Where nothing is random there is one column for all paths: shape (days, 1).
    """
    codes = draw_codes(staff, seat, seed, first, paths)
    return np.asarray(staff.share[staff.role[seat]][codes])


def draw_codes(staff: Staff, seat: int, seed: int, first: int, paths: int) -> Codes:
    """Return the code of a seat on each day: 0 nobody, then the month of the ramp.

    The shape is (days, paths), or (days, 1) where nothing is random.
    """
    if staff.hazard[staff.role[seat]] == 0.0 and staff.late[seat] == ON_TIME:
        paths = 1
    steps = np.zeros((staff.days + 2, paths), dtype=np.int16)
    for path, edges, last in _stays(staff, seat, _Luck(staff.keys[seat], seed, first, paths)):
        begun = np.zeros(len(path), dtype=np.int16)
        for edge in edges:
            there = edge <= last
            steps[edge[there], path[there]] += 1
            begun += there
        steps[last + 1, path] -= begun
    for day in range(2, staff.days + 1):  # row by row: many times faster than a sum along columns
        steps[day] += steps[day - 1]
    return steps[1:-1]


class _Luck(NamedTuple):
    """The random numbers of one seat on some paths."""

    key: str
    seed: int
    first: int
    paths: int

    def points(self, what: str) -> Floats:
        """Return numbers in (0, 1), one for each path, that depend on seat, purpose and path."""
        stream = stable_number(f"{self.key}\0{what}")
        return plain_points(self.seed, stream, self.first, self.paths)


def _stays(staff: Staff, seat: int, luck: _Luck) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield one rep after the other: paths, first days of the months (months, paths), last days."""
    role, final = staff.role[seat], int(staff.last[seat])
    columns = int(staff.months[role]) + 1
    start = staff.start[seat] + _wait(staff, int(staff.late[seat]), luck.points("late"))
    path = np.flatnonzero(start <= final)
    start = start[path]
    edges = edges_of_first(staff, seat, start)[:, :columns]
    for count in itertools.count():
        if not len(path):
            return
        stay = _tenure(staff, int(role), luck.points(f"leave {count}")[path])
        last = np.minimum(start + stay - 1, final)
        yield path, edges.T, last
        if staff.backfill[role] == NEVER:
            return
        empty = _wait(staff, int(staff.backfill[role]), luck.points(f"backfill {count}")[path])
        start = last + 1 + empty
        path, start = path[start <= final], start[start <= final]
        edges = staff.first_of_month[start - 1, :columns]


def edges_of_first(staff: Staff, seat: int, start: Ints) -> Ints:
    """Return the first days of the months of the first rep on each path, (paths, months)."""
    columns = staff.edges.shape[1]
    if staff.late[seat] == ON_TIME:
        return np.broadcast_to(staff.edges[seat], (len(start), columns))
    edges: Ints = staff.first_of_month[start - 1]
    return edges[:, _month_columns(columns, int(staff.done[seat]))]


def _tenure(staff: Staff, role: int, points: Floats) -> Ints:
    """Return the days that a rep stays, at least 1: an exponential time, rounded up."""
    hazard, most = staff.hazard[role], staff.days + 1.0
    if hazard == 0.0:
        return np.full(len(points), staff.days, dtype=np.int64)
    stay: Ints = np.ceil(np.minimum(-logarithm(points) / hazard, most)).astype(np.int64)
    return np.maximum(stay, 1)


def _wait(staff: Staff, row: int, points: Floats) -> Ints:
    """Return whole days by a row of the table; ``days + 1`` for all that is longer."""
    if row == ON_TIME:
        return np.zeros(len(points), dtype=np.int64)
    return np.searchsorted(staff.within[row], points, side="left").astype(np.int64)


# ---- from the assumptions to arrays


def seat_keys(team: Team, as_of: dt.date) -> list[str]:
    """Return what the draws of each seat hang on, so that a rep more moves nobody else's.

    A named rep has the name; others are counted in their role, those who are there by themselves
    and hires by themselves. The day of a hire is not in it: an earlier one has the same luck.
    """
    counts: dict[str, int] = {}
    keys = []
    for rep in team.people:
        kind = "hire" if rep.start is not None and rep.start > as_of else "there"
        kind = kind if rep.name is None else f"name\0{rep.name.casefold()}"
        group = f"\0seat\0{rep.role}\0{kind}"
        counts[group] = counts.get(group, 0) + 1
        keys.append(f"{group}\0{counts[group]}")
    return keys


def _days(scenario: Scenario) -> int:
    days = int(np.ceil(scenario.windows[-1].hi))
    if days > MOST_DAYS:
        rule = f"end within {MOST_DAYS:,} days, a hundred years, where there is a team"
        raise InputError("periods", rule, days)
    return days


def _row(laws: dict[Distribution, int], law: Distribution | None) -> int:
    return -1 if law is None else laws.setdefault(law, len(laws))


def _within(laws: dict[Distribution, int], days: int) -> Floats:
    """Return the chance of at most 0, 1, ... days, each to its nearest whole number."""
    ends = np.arange(days + 1) + 0.5
    return np.array([1.0 - law.sf(ends) for law in laws]).reshape(len(laws), days + 1)


def _minutes(scenario: Scenario, roles: Sequence[Role], days: int) -> Floats:
    progress = np.diff(scenario.clock.elapsed(scenario.as_of, np.arange(days + 1.0)))
    weekly = np.array([role.hours_per_week for role in roles])
    return np.asarray(weekly[:, None] * (MINUTES / WEEK) * progress)


def _shares(role: Role, most: int) -> list[float]:
    return [0.0, *role.ramp, *[1.0] * (most + 1 - len(role.ramp))]


def _started(rep: Rep, as_of: dt.date, months: int) -> tuple[int, int]:
    """Return the first day (below 1: before the as-of date) and the months done on it."""
    if rep.start is None:
        return 1, months if rep.ramped is None else min(rep.ramped, months)
    return (rep.start - as_of).days, min(rep.ramped or 0, months)


def _last(rep: Rep, as_of: dt.date, days: int) -> int:
    if rep.leave is None:
        return days
    return min((rep.leave - as_of).days, days)


def _first_edges(as_of: dt.date, day: int, done: int, most: int) -> Ints:
    edges: Ints = _first_of_month(as_of, np.array([day]), most)[0]
    own: Ints = np.maximum(edges[_month_columns(most + 1, done)], 1)
    return own


def _month_columns(columns: int, done: int) -> Ints:
    """Return which month of tenure begins each month of ramp where some are done."""
    return np.maximum(np.arange(columns) - done, 0)


def _first_of_month(as_of: dt.date, start: Ints, months: int) -> Ints:
    """Return the first day of each month of tenure, shape (starts, months + 1).

    A month ends on the same day of the calendar's next month, or on its last day if it has no such.
    """
    date = np.datetime64(as_of) + start
    month = date.astype("datetime64[M]")
    day = (date - month.astype("datetime64[D]")).astype(np.int64)
    later = month[:, None] + np.arange(months + 1)
    first = later.astype("datetime64[D]")
    length = ((later + 1).astype("datetime64[D]") - first).astype(np.int64)
    found = first + np.minimum(day[:, None], length - 1)
    days: Ints = (found - np.datetime64(as_of)).astype(np.int64)
    return days
