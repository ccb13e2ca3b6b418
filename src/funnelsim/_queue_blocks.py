"""One block of trajectories of deals that wait for people: who is there, then the kernel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._blocks import Block, draw_factors
from funnelsim._chances import Shared
from funnelsim._creation import draw_intensities
from funnelsim._queue import Queue
from funnelsim._staffing import draw_codes
from funnelsim._walk_blocks import NEVER, ROOM, WalkBlock, lanes_for, walk_paths
from funnelsim.kernels.compiled import queue
from funnelsim.kernels.outcomes import TILE
from funnelsim.kernels.queue_desk import (
    BINS,
    DAY,
    REPLICATES,
    Loads,
)
from funnelsim.kernels.repeats import Pending
from funnelsim.kernels.settling import Results
from funnelsim.kernels.walking import WalkPaths

Rates = NDArray[np.int32]

BLOCK = 256
"""Paths of a block, unless few people let there be more: see `block_of`."""
LARGE_BLOCK = 1024
MOST_DAYS = 2**13
"""Days of all seats, so many that those of a large block are held."""
PARTS = 1000
"""Units of work in each second of a day for one minute of work on that day."""
NOBODY_THERE = -1


class QueueBlock(NamedTuple):
    """What is found on ``P`` paths: that of a block of trajectories, and the work."""

    deals: WalkBlock
    loads: Loads
    offered: NDArray[np.int64]  # (P, R, K) units of work that each role could do in a period


class Compared(NamedTuple):
    """Paths on which deals wait for people, and the same paths if nobody had to wait."""

    limited: QueueBlock
    free: WalkBlock


class People(NamedTuple):
    """Who is there on ``P`` paths, and the deals that they create."""

    rates: Rates  # (P, seats, D) units of work a second; below 0: nobody
    created: NDArray[np.float64]  # (J, P padded to whole tiles) mean number in each piece


class Trip(NamedTuple):
    """What all blocks share."""

    queue: Queue
    shared: Shared
    signed: int  # number of first wins whose days are kept


def block_of(queue: Queue) -> int:
    """Return the paths of a block. The grid of blocks does not depend on the workers."""
    return LARGE_BLOCK if len(queue.seats) * queue.staff.days <= MOST_DAYS else BLOCK


def run_queue(trip: Trip, seed: int, first: int, paths: int) -> QueueBlock:
    """Return the paths from ``first`` on; ``first`` is a multiple of the tile.

    The result depends on nothing but the arguments: not on other blocks, nor on who runs it.
    """
    people = draw_people(trip.queue, seed, first, paths)
    return run_people(trip, people, seed, first)


def run_compared(trip: Trip, seed: int, first: int, paths: int) -> Compared:
    """Return the same paths beside those of the same people with time for all their work."""
    people = draw_people(trip.queue, seed, first, paths)
    work = trip.queue.work
    idle = work._replace(law=np.full_like(work.law, -1))
    free = trip._replace(queue=trip.queue._replace(work=idle))
    return Compared(
        run_people(trip, people, seed, first), run_people(free, people, seed, first).deals
    )


def run_booked(trip: Trip, seed: int, first: int, paths: int) -> Block:
    """Return bookings and wins of the same paths, as the folded kernel's blocks have them."""
    block = run_queue(trip, seed, first, paths).deals
    return Block(block.bookings, block.wins, block.fresh.sum(axis=0))


def draw_people(queue: Queue, seed: int, first: int, paths: int) -> People:
    """Return who is there on the paths from ``first`` on, and the deals that they create.

    A seat without anybody, or of a rep who is not yet productive, has -1; a day off has 0.
    """
    staff, creates = queue.staff, queue.creates
    padded = -(-paths // TILE) * TILE
    rates = np.empty((paths, len(queue.seats), staff.days), np.int32)
    created = np.zeros((len(creates.part), padded))
    days = np.arange(staff.days)
    for place, seat in enumerate(queue.seats.tolist()):
        role = staff.role[seat]
        share = staff.share[role]
        by_code = np.rint(PARTS * staff.minutes[role][:, None] * share).astype(np.int32)
        by_code[:, share == 0.0] = NOBODY_THERE
        codes = draw_codes(staff, seat, seed, first, padded)
        rates[:, place] = by_code[days, codes[:, :paths].T]
        if creates.role[role] > 0.0:
            shares = np.broadcast_to(share[codes], (staff.days, padded))
            for piece, (begin, end) in enumerate(creates.days.tolist()):
                mean = shares[begin:end].mean(axis=0)
                created[piece] += creates.role[role] * creates.part[piece] * mean
    return People(rates, created)


def run_people(trip: Trip, people: People, seed: int, first: int) -> QueueBlock:
    """Return the paths from ``first`` on, with these people on them."""
    walks, work, crew, rates = trip.queue.walks, trip.queue.work, trip.queue.crew, people.rates
    paths = len(rates)
    padded = -(-paths // TILE) * TILE
    stages, periods = walks.road.law.shape[0] + 1, len(walks.road.end) - 1
    results = Results(
        np.zeros((periods, padded), np.int64),
        np.zeros((periods, padded), np.int64),
        np.empty((stages, periods, padded), np.int32),
        np.empty((stages - 1, periods, padded), np.int32),
        np.full((trip.signed, padded), NEVER, np.int32),
    )
    loads = _loads(len(crew.pools) - 1, stages, periods, padded)
    key = np.array([seed & 0xFFFFFFFF, seed >> 32], dtype=np.uint64)
    factors = _with_created(
        trip, people, walk_paths(walks, trip.shared, seed, first, padded), seed, first
    )
    lanes = lanes_for(stages, periods, len(walks.births.cohort), len(factors.new_shift))
    pending = Pending(np.empty((ROOM, 5), np.uint64), np.empty(ROOM))
    queue(
        walks.deals, walks.births, walks.repeats, pending, walks.road, work, crew, rates,
        _changes(rates), factors, lanes, key, first // TILE, results, loads,
    )  # fmt: skip
    offered = _offered(rates, crew.role[crew.pool_of_seat], crew.period, loads.worked.shape[1:])
    found = WalkBlock._make(part[..., :paths] for part in results)
    kept = [part[..., :paths] for part in loads[1:-1]]
    return QueueBlock(found, Loads._make([loads.worked[:paths], *kept, loads.waits]), offered)


def _with_created(
    trip: Trip, people: People, factors: WalkPaths, seed: int, first: int
) -> WalkPaths:
    """Return the paths' factors with the deals that reps create among those of each piece."""
    new = trip.queue.walks.new
    if new is None or not trip.queue.creates.role.any():
        return factors
    alone = new._replace(rate=np.ones_like(new.rate))
    paths = draw_factors(trip.shared, seed, first, len(factors.pace))
    luck = draw_intensities(alone, trip.shared, paths, seed, first).mean[new.cohort]
    stated = (new.rate[new.cohort] * new.part)[:, None]
    return factors._replace(mean=luck * (stated + people.created))


def _loads(roles: int, stages: int, periods: int, paths: int) -> Loads:
    shape = (stages - 1, periods, paths)
    return Loads(
        np.zeros((paths, roles, periods), np.int64),
        np.zeros(shape, np.int32),
        np.zeros(shape, np.int32),
        np.zeros(shape, np.int64),
        np.zeros(shape, np.int32),
        np.zeros(shape, np.int32),
        np.zeros((REPLICATES, stages - 1, BINS), np.int32),
    )


def _changes(rates: Rates) -> NDArray[np.bool_]:
    """Return the days on which somebody comes or goes, shape (paths, days)."""
    there = rates >= 0
    changes = np.zeros((len(rates), rates.shape[2]), np.bool_)
    changes[:, 1:] = (there[:, :, 1:] != there[:, :, :-1]).any(axis=1)
    return changes


def _offered(
    rates: Rates, role: NDArray[np.int64], period: NDArray[np.int64], shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """Return the units of work that each role could do in each period, shape (paths, R, K)."""
    offered = np.zeros((len(rates), *shape), np.int64)
    for place, one in enumerate(role.tolist()):
        units = np.maximum(rates[:, place], 0).astype(np.int64) * DAY
        for k in range(shape[1]):
            offered[:, one, k] += units[:, period == k].sum(axis=1)
    return offered
