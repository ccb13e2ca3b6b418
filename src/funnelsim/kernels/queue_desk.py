"""What is kept of a path while its days go by: columns, counts, and who belongs where."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.kernels.jit import inlined, part
from funnelsim.kernels.queue_order import FIRST, LINK
from funnelsim.kernels.queue_ways import Work

DAY = np.int64(86400)
WORK_SECOND = np.int64(1_440_000)
"""Units of a second of work: a seat with m minutes of work on a day does 1,000 m in each second."""
FREE, GONE = np.int64(-1), np.int64(-2)
"""What a seat works on: nothing; a deal that does not come back to it."""
NEVER = np.int64(2**62)
PATIENCE = np.uint64(2**21)
"""Purpose of how long a deal waits in the first stage; that of stage ``s`` is ``s`` more."""
RANK_BITS = np.int64(36)
RANKS = np.int64(2**36 - 1)
WORD, SHORT = np.int64(0xFFFFFFFF), np.int64(0xFFFF)
BINS = 864
REPLICATES = 64

STAGE, FATE, PERIOD, NEXT_LEG, EARLIEST, DATED, LOW, HIGH = range(LINK + 1, LINK + 9)
UNITS, SPENT, BEGUN = range(HIGH + 1, HIGH + 4)
"""Columns of a deal: the stage where it is, the one in which it is lost; the period in which it
entered; where its stay is written down; a day that no win of it is before; its group, if it is won
on a stated date; its stable number; units of work that are left; seconds of waiting in the stage so
far; whether its work there has begun."""
CLOCK, STAY = 0, 1
"""Columns of numbers: when it entered the stage; time in the stage that is left."""
BUSY, REST = range(2)
"""Columns of a seat: the deal that it works on; units that it leaves undone."""
SEAT_BITS = np.int64(16)
SEATS = np.int64(2**16 - 1)
COMING, WON, WORKING = range(3)
"""Numbers: of deals that come today; of deals that are won; of seats whose work will be done."""
ENTERED, GONE_FROM, QUEUED, STALE, STARTED, WAITED, WAIT = range(7)
"""Counts by stage and period: deals that enter and that leave; the change of those that wait; those
that are lost while they wait. By the period of coming to the stage: deals whose work began, those
that waited for it, and their seconds."""


class Crew(NamedTuple):
    """Seats in pools of roles, and who of ``n`` open deals goes where, by rank."""

    first: NDArray[np.int64]  # (pools + 1,) first seat of each pool
    role: NDArray[np.int64]  # (pools,)
    pools: NDArray[np.int64]  # (R + 1,) first pool of each role
    pool_of_seat: NDArray[np.int64]  # (seats,)
    role_of_stage: NDArray[np.int64]  # (S - 1,)
    pool: NDArray[np.int64]  # (n, R) pool of a deal in each role
    priority: NDArray[np.float64]  # (n + 1, S - 1) the lower, the sooner; last: created deals
    rank: NDArray[np.int64]  # (n,) rank of each deal
    deal: NDArray[np.int64]  # (n,) deal of each rank
    period: NDArray[np.int64]  # (D,) period of each day


class Loads(NamedTuple):
    """What is found of the work on ``P`` paths; counted in the period of the coming to a stage."""

    worked: NDArray[np.int64]  # (P, R, K) units of work done in a period
    begun: NDArray[np.int32]  # (S - 1, K, P) deals whose work began
    waited: NDArray[np.int32]  # (S - 1, K, P) deals that waited for it
    wait: NDArray[np.int64]  # (S - 1, K, P) seconds that they waited
    stale: NDArray[np.int32]  # (S - 1, K, P) deals lost while they waited, in the period of that
    backlog: NDArray[np.int32]  # (S - 1, K, P) deals that wait at the end of a period
    waits: NDArray[np.int32]  # (64, S - 1, BINS) waits by replicate, stage and length


class Desk(NamedTuple):
    """What is kept of one path: its deals, seats and days."""

    whole: NDArray[np.int64]  # (room, columns) of each deal
    real: NDArray[np.float64]  # (room, 3)
    slot: NDArray[np.int64]  # (ranks,) the deal of a rank
    won: NDArray[np.int64]  # (room,) deals that are won
    heap: NDArray[np.int64]  # (room,) who comes today
    head: NDArray[np.int64]  # (D,) a deal that comes on a day
    queue: NDArray[np.int64]  # (pools, 3) who waits
    seat: NDArray[np.int64]  # (seats, 2)
    free: NDArray[np.int64]  # (pools,) seats that do not work on anything
    done: NDArray[np.int64]  # (seats,) when seats are done, in a heap
    number: NDArray[np.int64]  # (3,)
    counts: NDArray[np.int64]  # (7, S, K + 1)


class Plan(NamedTuple):
    """What holds on all paths."""

    end: NDArray[np.float64]  # (K + 1,) ends of the periods on the clock, then infinity
    tau: NDArray[np.float64]  # (H + 1,) the clock at whole days; empty: the clock is the calendar
    close: NDArray[np.float64]  # (G,) stated close dates of groups of open deals, on the clock
    close_period: NDArray[np.int64]  # (G,)
    crew: Crew
    work: Work


@part
def desk_of(room, ranks, crew, stages, periods):
    """Return a desk for so many deals of a path."""
    return Desk(
        np.empty((room, BEGUN + 1), np.int64),
        np.empty((room, FIRST + 1), np.float64),
        np.empty(ranks, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(len(crew.period), np.int64),
        np.empty((len(crew.role), 3), np.int64),
        np.empty((len(crew.pool_of_seat), REST + 1), np.int64),
        np.empty(len(crew.role), np.int64),
        np.empty(len(crew.pool_of_seat), np.int64),
        np.empty(WORKING + 1, np.int64),
        np.empty((WAIT + 1, stages, periods + 1), np.int64),
    )


@inlined
def bin_of(seconds):
    """Return the bin of a wait: each second by itself, then 32 bins to each doubling."""
    if seconds < 64:
        return seconds
    return (np.float64(seconds).view(np.int64) >> 47) - (np.int64(1023 + 6) << 5) + 64
