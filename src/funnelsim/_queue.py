"""From a scenario with a team to what the kernel of working capacity reads: all a worker needs."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._arrays import Lowered
from funnelsim._cells import lower_cells
from funnelsim._chances import rounded, stable_number
from funnelsim._creation import flattened
from funnelsim._staffing import Staff, lower_team
from funnelsim._team_work import Hours, check_team, hours_of
from funnelsim._walks import Walks, lower_walks
from funnelsim.distributions import Exponential
from funnelsim.kernels.queue_desk import (
    Crew,
)
from funnelsim.kernels.queue_ways import Work
from funnelsim.scenario import Scenario
from funnelsim.team import Team

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
OWNER = "owner"


class Creates(NamedTuple):
    """Deals that reps create, in ``J`` pieces of periods."""

    role: Floats  # (R,) by a fully productive rep in a whole period
    part: Floats  # (J,) of a whole period
    days: Ints  # (J, 2) first day of a piece, and the one after its last


class Queue(NamedTuple):
    """Deals, the work they take, and the seats, whose days are drawn block by block."""

    walks: Walks
    work: Work
    crew: Crew
    staff: Staff
    seats: Ints  # the staff's seats in the crew's order
    creates: Creates


class _Pool(NamedTuple):
    """Seats of one role whose reps take each other's deals; an owner's, or everybody's."""

    role: int
    owner: str | None
    seats: list[int]


def lower_queue(scenario: Scenario, lowered: Lowered) -> Queue:
    """Return the arrays of a scenario with a team; ``lowered`` is what the folded kernel reads.

    Raises
    ------
    InputError
        If nobody is there for the work of a stage, or reps cannot create deals.
    """
    check_team(scenario)
    team, walks = scenario.team, lower_walks(scenario, lowered)
    assert team is not None
    creates = _creates(scenario, team, lowered)
    if creates.role.any():
        walks = _by_piece(walks)
    return Queue(walks, *_of_team(scenario, team, lowered), creates)


def digest_of(scenario: Scenario, lowered: Lowered) -> str:
    """Return the digest of a scenario's arrays, those of its team among them."""
    team = scenario.team
    assert team is not None
    parts = (*_of_team(scenario, team, lowered), _creates(scenario, team, lowered))
    digest = hashlib.blake2b(lowered.digest.encode(), digest_size=16)
    for part in flattened(parts):
        digest.update(_bytes(part))
    return digest.hexdigest()


def _bytes(part: Any) -> bytes:
    """Return what of an array or a name goes into a digest: no last bit of a library."""
    if part is None or isinstance(part, str):
        return repr(part).encode()
    array = np.asarray(part)
    return (rounded(array) if array.dtype == np.float64 else array).tobytes()


def _of_team(scenario: Scenario, team: Team, lowered: Lowered) -> tuple[Work, Crew, Staff, Ints]:
    staff, hours = lower_team(scenario), hours_of(scenario)
    pools = _pools(team, staff)
    seats = np.array([seat for pool in pools for seat in pool.seats], dtype=np.int64)
    crew = _crew(scenario, team, lowered, hours, pools)
    return _work(scenario, team, hours), crew, staff, seats


def _creates(scenario: Scenario, team: Team, lowered: Lowered) -> Creates:
    """Return the deals that reps create in each piece of a period of creation."""
    role = np.array([role.creates for role in team.roles])
    if lowered.new is None:
        return Creates(np.zeros_like(role), np.zeros(0), np.zeros((0, 2), np.int64))
    pieces, windows = lowered.new.pieces, scenario.windows
    whole = np.array([window.hi - window.lo for window in windows])[pieces.period]
    share = np.array([window.share for window in windows])[pieces.period]
    days = np.column_stack([np.floor(pieces.lo), np.ceil(pieces.hi)]).astype(np.int64)
    return Creates(role, rounded((pieces.hi - pieces.lo) / whole * share), days)


def _by_piece(walks: Walks) -> Walks:
    """Return walks in which the mean number of each piece is its own."""
    births = walks.births
    cohort = np.arange(len(births.cohort), dtype=np.int64)
    return walks._replace(births=births._replace(cohort=cohort, part=np.ones(len(cohort))))


def _work(scenario: Scenario, team: Team, hours: Hours) -> Work:
    """Return the tables of hours, and of how long a deal waits at most."""
    laws = {law: 1.0 for law, _ in hours.values()}
    patience = None
    if team.stale > 0.0:
        patience = Exponential(1.0 / team.stale)
        laws.setdefault(patience, 1.0)
    number = {law: place for place, law in enumerate(laws)}
    cells = lower_cells(laws)
    row = np.full(len(scenario.funnel.stages) - 1, -1, np.int64)
    for s, (law, _) in hours.items():
        row[s] = number[law]
    at = np.int64(-1 if patience is None else number[patience])
    return Work(row, cells.places, cells.guide, cells.nodes, at)


def _pools(team: Team, staff: Staff) -> list[_Pool]:
    """Return the pools, role by role."""
    found = []
    for role in range(len(team.roles)):
        seats = np.flatnonzero(staff.role == role).tolist()
        if team.by == OWNER:
            found += [_Pool(role, _key(staff.names[seat]), [seat]) for seat in seats]
        else:
            found.append(_Pool(role, None, seats))
    return found


def _key(name: str | None) -> str | None:
    """Return a name as owners are told apart."""
    return None if name is None else name.strip().casefold()


def _crew(
    scenario: Scenario, team: Team, lowered: Lowered, hours: Hours, pools: list[_Pool]
) -> Crew:
    whole = (lowered.deals.high << np.uint64(32)) | lowered.deals.low
    deal = np.argsort(whole, kind="stable").astype(np.int64)
    rank = np.empty_like(deal)
    rank[deal] = np.arange(len(deal))
    place = {stable_number(name): row for row, name in enumerate(scenario.pipeline.ids)}
    row = np.array([place[number] for number in whole[deal].tolist()], dtype=np.int64)
    roles = [pool.role for pool in pools]
    role_of_stage = np.full(len(scenario.funnel.stages) - 1, -1, np.int64)
    for s, (_, role) in hours.items():
        role_of_stage[s] = role
    ends = np.array([window.hi for window in scenario.windows])
    sizes = [len(pool.seats) for pool in pools]
    return Crew(
        first=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        role=np.array(roles, dtype=np.int64),
        pools=np.searchsorted(roles, np.arange(len(team.roles) + 1)).astype(np.int64),
        pool_of_seat=np.repeat(np.arange(len(pools)), sizes).astype(np.int64),
        role_of_stage=role_of_stage,
        pool=_pool_of_deals(scenario, whole[deal], row, len(team.roles), pools),
        priority=_priority(scenario, team, row, hours),
        rank=rank,
        deal=deal,
        period=np.searchsorted(ends, np.arange(1.0, np.ceil(ends[-1]) + 1.0)).astype(np.int64),
    )


def _pool_of_deals(
    scenario: Scenario, whole: NDArray[np.uint64], row: Ints, roles: int, pools: list[_Pool]
) -> Ints:
    """Return the pool of each open deal in each role.

    A deal whose owner is none of the role's reps goes to one of them by its stable number.
    """
    known = dict(scenario.pipeline.segments).get(OWNER)
    owners = [None if known is None else _key(known[place]) for place in row.tolist()]
    found = np.empty((len(row), roles), np.int64)
    for role in range(roles):
        theirs = [place for place, pool in enumerate(pools) if pool.role == role]
        own = {pools[place].owner: place for place in theirs}
        begin, size = min(theirs, default=0), np.uint64(max(len(theirs), 1))
        spread = begin + ((whole & np.uint64(0xFFFFFFFF)) % size).astype(np.int64)
        named = [-1 if owner is None else own.get(owner, -1) for owner in owners]
        found[:, role] = np.where(np.array(named, dtype=np.int64) >= 0, named, spread)
    return found


def _priority(scenario: Scenario, team: Team, row: Ints, hours: Hours) -> Floats:
    """Return what the queues are ordered by, the lower the sooner; equal ones by who came first.

    The last row is that of created deals.
    """
    stages = len(scenario.funnel.stages) - 1
    order = np.zeros((len(row) + 1, stages))
    if team.order == "stage":
        order[:] = -np.arange(stages)
    elif team.order == "due-date":
        dates = [scenario.pipeline.close_dates[place] for place in row.tolist()]
        days = [np.inf if date is None else float((date - scenario.as_of).days) for date in dates]
        order[:] = np.array([*days, np.inf])[:, None]
    elif team.order == "value-per-hour":
        hours_ahead = _hours_ahead(scenario, hours)
        taken = hours_ahead > 0.0
        order[:, taken] = -_amounts(scenario, row)[:, None] / hours_ahead[taken]
    return order


def _amounts(scenario: Scenario, row: Ints) -> Floats:
    """Return the mean amount of each open deal, then that of a created one, in currency units."""
    amounts = [scenario.pipeline.amounts[place] for place in row.tolist()]
    means = [one / 100.0 if isinstance(one, int) else one.mean for one in amounts]
    business = scenario.new_business
    created = business.amount.mean if business is not None and business.amount is not None else 0.0
    return np.array([*means, created])


def _hours_ahead(scenario: Scenario, hours: Hours) -> Floats:
    """Return the hours of a win that starts from each stage: those of all it takes to have one."""
    wins = scenario.funnel.win_probabilities.mean(axis=0)[:-1]
    mean = np.array([hours[s][0].mean if s in hours else 0.0 for s in range(len(wins))])
    return np.asarray(np.cumsum((mean / wins)[::-1])[::-1])
