"""One path, day by day: deals come to stages with work, wait for a rep, are worked on and go on.

Time is in whole seconds of the calendar; a seat does whole units of work a second, so many on each
day. In each second work that is done comes first (by seat), then the deals that come to a stage (by
rank). A seat that gets free takes the deal that is next, a deal the first seat that is free.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.kernels.births import clock_at
from funnelsim.kernels.cells import level_of_word, time_at
from funnelsim.kernels.creation import nth
from funnelsim.kernels.jit import part
from funnelsim.kernels.philox import uniform_of
from funnelsim.kernels.queue_order import (
    NOBODY,
    Waiting,
    joined,
    put_in,
    take_out,
    without_first,
)
from funnelsim.kernels.settling import settle_one
from funnelsim.kernels.walking import period_of

DAY = np.int64(86400)
UNITS = np.int64(1_440_000)
"""Units of a second of work: a seat with m minutes of work on a day does 1,000 m in each second."""
ABSENT = np.int32(-1)
FREE, GONE = np.int32(-1), np.int32(-2)
"""What a seat works on: nothing; what its deal no longer waits for."""
NEVER = np.int64(2**62)
PATIENCE = np.uint64(2**21)
"""Purpose of how long a deal waits in the first stage; that of stage ``s`` is ``s`` more."""
RANK_BITS = np.int64(36)
RANKS = np.int64(2**36 - 1)
BINS = 864
REPLICATES = 64


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

    worked: NDArray[np.int64]  # (R, K, P) units of work done in a period
    begun: NDArray[np.int32]  # (S - 1, K, P) deals whose work began
    waited: NDArray[np.int32]  # (S - 1, K, P) deals that waited for it
    wait: NDArray[np.int64]  # (S - 1, K, P) seconds that they waited
    stale: NDArray[np.int32]  # (S - 1, K, P) deals lost while they waited, in the period of that
    backlog: NDArray[np.int32]  # (S - 1, K, P) deals that wait at the end of a period
    waits: NDArray[np.int32]  # (64, S - 1, BINS) waits by replicate, stage and length


class Desk(NamedTuple):
    """What is kept of the deals of one path, of its seats, and of its days."""

    waiting: Waiting
    slot: NDArray[np.int32]  # by rank, the deal's place on the path
    begun: NDArray[np.bool_]  # its work in the stage has begun
    spent: NDArray[np.int64]  # seconds of waiting in the stage
    units: NDArray[np.int64]  # of work that are left
    stay: NDArray[np.float64]  # time in the stage that is left
    link: NDArray[np.int32]  # the next deal of the same day
    head: NDArray[np.int32]  # (D,) a deal that comes on the day
    heap: NDArray[np.int64]  # who comes today
    coming: NDArray[np.int64]  # (1,) how many
    root: NDArray[np.int32]  # (pools,) who is next
    busy: NDArray[np.int32]  # (seats,) the deal that is worked on
    done: NDArray[np.int64]  # (seats,) second in which that is done
    rest: NDArray[np.int64]  # (seats,) units that a seat leaves undone
    back: NDArray[np.int32]  # (S - 1, K + 1) change of the number that waits


class Ground(NamedTuple):
    """What does not change while paths are run."""

    deals: Any  # OpenDeals; all others by their own names
    births: Any
    repeats: Any
    pending: Any
    road: Any
    work: Any
    crew: Crew


@part
def desk_of(room, ranks, crew, stages, periods):
    """Return a desk for so many deals of a path."""
    waiting = Waiting(
        np.empty(room, np.float64),
        np.empty(room, np.int64),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
    )
    seats, days = len(crew.pool_of_seat), len(crew.period)
    return Desk(
        waiting,
        np.empty(ranks, np.int32),
        np.empty(room, np.bool_),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.float64),
        np.empty(room, np.int32),
        np.empty(days, np.int32),
        np.empty(room, np.int64),
        np.zeros(1, np.int64),
        np.empty(len(crew.role), np.int32),
        np.empty(seats, np.int32),
        np.empty(seats, np.int64),
        np.empty(seats, np.int64),
        np.empty((stages - 1, periods + 1), np.int32),
    )


@part
def calendar_at(tau, clock):
    """Return the first calendar day by which the clock reaches a time, or the horizon."""
    if len(tau) == 0:
        return clock
    low, high = np.int64(0), np.int64(len(tau) - 1)
    if clock >= tau[high]:
        return np.float64(high)
    while low < high:
        middle = (low + high) >> 1
        if tau[middle] < clock:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        return 0.0
    before = tau[low - 1]
    return np.float64(low - 1) + (clock - before) / (tau[low] - before)


@part
def second_of(tau, clock, days):
    """Return the second of the calendar in which the clock reaches a time, inside the horizon."""
    second = np.int64(np.floor(calendar_at(tau, clock) * np.float64(DAY)))
    return min(second, days * DAY - 1)


@part
def bin_of(seconds):
    """Return the bin of a wait: each second by itself, then 32 bins to each doubling."""
    if seconds < 64:
        return seconds
    return (np.float64(seconds).view(np.int64) >> 47) - (np.int64(1023 + 6) << 5) + 64


@part
def _expect(i, second, day, desk):
    """Let a deal come to its stage in a second, today or later."""
    desk.waiting.since[i] = second
    if second // DAY == day:
        count = desk.coming[0]
        put_in(desk.heap, count, ((second % DAY) << RANK_BITS) | np.int64(desk.waiting.rank[i]))
        desk.coming[0] = count + 1
    else:
        desk.link[i] = desk.head[second // DAY]
        desk.head[second // DAY] = i


@part
def _leave(i, at, day, now, ground, ways, desk, lanes, lane):
    """Let a deal leave its stage at a clock time, and all after it that take no work.

    Return whether it is won inside the horizon.
    """
    deals, road = ground.deals, ground.road
    last, beyond = lanes.threshold.shape[0] - 1, np.int64(len(road.end) - 1)
    while True:
        s, group = np.int64(ways.stage[lane, i]), ways.dated[lane, i]
        k = np.int64(period_of(road.end, at, np.uint64(ways.period[lane, i])))
        if group >= 0:
            k = min(k, deals.close_period[group]) if s < last else deals.close_period[group]
            at = at if s < last else deals.close[group]
        lanes.left[s, k, lane] += np.int32(1)
        if ways.fate[lane, i] == s:
            return False
        lanes.entered[s + 1, k, lane] += np.int32(1)
        ways.clock[lane, i], ways.period[lane, i] = at, k
        if k >= beyond or s == last:
            return k < beyond
        leg = ways.leg[lane, i] + 1
        ways.leg[lane, i], ways.stage[lane, i] = leg, s + 1
        if ways.seconds[lane, leg] > 0:
            _arrive(i, day, now, ground, ways, desk, lane)
            return False
        at += ways.time[lane, leg]


@part
def _arrive(i, day, now, ground, ways, desk, lane):
    """Let a deal come to a stage with work, no sooner than now."""
    leg, s = ways.leg[lane, i], ways.stage[lane, i]
    desk.begun[i], desk.spent[i] = False, 0
    desk.units[i] = np.int64(ways.seconds[lane, leg]) * UNITS
    desk.stay[i] = ways.time[lane, leg]
    row = min(np.int64(ways.rank[lane, i]), np.int64(len(ground.crew.deal)))
    desk.waiting.first[i] = ground.crew.priority[row, s]
    second = second_of(ground.road.tau, ways.clock[lane, i], len(desk.head))
    _expect(i, max(second, now), day, desk)


@part
def _words_of(ground, rank):
    """Return the two words of a deal's stable number."""
    known = len(ground.crew.deal)
    if rank < known:
        deal = ground.crew.deal[rank]
        return ground.deals.low[deal], ground.deals.high[deal]
    return nth(ground.births.low, ground.births.high, rank - known)


@part
def _win(i, ground, ways, lanes, results, paths, tile, first, lane, key):
    """Book a deal that is won."""
    deals, births, crew = ground.deals, ground.births, ground.crew
    rank = np.int64(ways.rank[lane, i])
    low, high = _words_of(ground, rank)
    lanes.clock[lane] = ways.clock[lane, i]
    lanes.period[lane] = np.uint64(ways.period[lane, i])
    lanes.earliest[lane] = ways.earliest[lane, i]
    if ways.dated[lane, i] >= 0:
        lanes.earliest[lane] = deals.close_day[ways.dated[lane, i]]
    cents, table, new = births.amount, births.quantiles, True
    if rank < len(crew.deal):
        deal = crew.deal[rank]
        drawn = deals.spread[deal] >= 0
        cents, new = deals.amount[deal], False
        table = deals.quantiles[max(deals.spread[deal], 0), : 2 * drawn]
    settle_one(
        cents, table, new, ground.repeats, ground.pending, ground.road, paths, lanes, results, lane,
        tile, first, low, high, key,
    )  # fmt: skip


@part
def _patience(i, ground, ways, desk, tile, lane, key):
    """Return the second by which a waiting deal is lost, if nobody begins to work on it."""
    work, s = ground.work, np.uint64(ways.stage[lane, i])
    if work.patience < 0:
        return NEVER
    low, high = _words_of(ground, np.int64(ways.rank[lane, i]))
    level = level_of_word(uniform_of(tile, lane, low, high, PATIENCE + s, key))
    days = time_at(work.places, work.guide, work.nodes, np.uint64(work.patience), level)
    return desk.waiting.since[i] + np.int64(np.floor(days * np.float64(DAY))) - desk.spent[i]


@part
def _period_at(second, i, ground, ways, lane):
    """Return the clock at a second of the calendar, none before the deal's, and its period."""
    road = ground.road
    at = max(clock_at(road.tau, np.float64(second) / np.float64(DAY)), ways.clock[lane, i])
    return at, np.int64(period_of(road.end, at, np.uint64(ways.period[lane, i])))


@part
def _give_up(i, second, ground, ways, desk, lanes, loads, path, lane):
    """Count a deal that is lost while it waits."""
    s = ways.stage[lane, i]
    _, k = _period_at(second, i, ground, ways, lane)
    lanes.left[s, k, lane] += np.int32(1)
    desk.back[s, k] -= np.int32(1)
    if k < loads.stale.shape[1]:
        loads.stale[s, k, path] += np.int32(1)


@part
def _next_of(pool, now, ground, ways, desk, lanes, loads, tile, path, lane, key):
    """Take the deal that is next out of its queue; nobody: -1. Those lost by now are counted."""
    while desk.root[pool] >= 0:
        i = desk.root[pool]
        desk.root[pool] = without_first(desk.waiting, i)
        until = _patience(i, ground, ways, desk, tile, lane, key)
        if until >= now:
            return i
        _give_up(i, until, ground, ways, desk, lanes, loads, path, lane)
    return NOBODY


@part
def _work(units, rates, day, now, period, worked, path):
    """Work from now on; return when it is done, and what is left where the seat leaves before."""
    room = (day + 1) * DAY - now
    last = worked.shape[0] - 1
    while True:
        rate = np.int64(rates[day])
        if rate < 0:
            return NEVER, units, day
        k = min(period[day], last)
        if units <= rate * room:
            worked[k, path] += units
            return (day + 1) * DAY - room + (units + rate - 1) // rate, np.int64(0), day
        worked[k, path] += rate * room
        units -= rate * room
        day += 1
        room = DAY
        if day == len(rates):
            return NEVER, np.int64(0), day


@part
def _count_wait(i, wait, ways, loads, path, lane):
    """Count how long a deal waited until its work began."""
    s, k = ways.stage[lane, i], ways.period[lane, i]
    loads.begun[s, k, path] += np.int32(1)
    if wait > 0:
        loads.waited[s, k, path] += np.int32(1)
        loads.wait[s, k, path] += wait
    loads.waits[path % REPLICATES, s, bin_of(wait)] += np.int32(1)


@part
def _begin(i, seat, day, now, rates, ground, ways, desk, loads, path, lane):
    """Let a seat begin to work on a deal; return when the deal leaves the stage, or -1."""
    wait, at = now - desk.waiting.since[i], ways.clock[lane, i]
    if not desk.begun[i]:
        _count_wait(i, wait, ways, loads, path, lane)
        desk.begun[i] = True
    if wait > 0:
        at, k = _period_at(now, i, ground, ways, lane)
        desk.spent[i] += wait
        ways.clock[lane, i], ways.period[lane, i] = at, k
        ways.dated[lane, i] = -1
    role = ground.crew.role[ground.crew.pool_of_seat[seat]]
    done, rest, until = _work(
        desk.units[i], rates[seat], day, now, ground.crew.period, loads.worked[role], path
    )
    at += desk.stay[i]
    desk.done[seat], desk.rest[seat], desk.busy[seat] = done, rest, GONE
    if rest > 0 and at > clock_at(ground.road.tau, np.float64(until)):
        desk.busy[seat] = i
        return -1.0
    return at


@part
def _morning(day, rates, ground, ways, desk, lane):
    """Put the deals of seats that have left back into the queue; wake seats that can take one."""
    crew, now = ground.crew, day * DAY
    for seat in range(len(desk.busy)):
        if rates[seat, day] < 0 and desk.rest[seat] > 0:
            i = desk.busy[seat]
            if i >= 0:
                at = ways.clock[lane, i] + desk.stay[i]
                ways.clock[lane, i], ways.period[lane, i] = _period_at(now, i, ground, ways, lane)
                desk.stay[i] = at - ways.clock[lane, i]
                desk.units[i], desk.waiting.since[i] = desk.rest[seat], now
                pool = crew.pool_of_seat[seat]
                desk.root[pool] = joined(desk.waiting, desk.root[pool], i)
                desk.back[ways.stage[lane, i], ways.period[lane, i]] += np.int32(1)
            desk.busy[seat], desk.rest[seat] = FREE, 0
    for seat in range(len(desk.busy)):
        waits = desk.root[crew.pool_of_seat[seat]] >= 0
        if waits and rates[seat, day] >= 0 and desk.busy[seat] == FREE:
            desk.busy[seat], desk.done[seat] = GONE, now


@part
def _soonest(done):
    """Return the second in which a seat is next done, and which."""
    best, which = NEVER, -1
    for seat in range(len(done)):
        if done[seat] < best:
            best, which = done[seat], seat
    return best, which


@part
def _free_seat(pool, day, rates, crew, busy):
    """Return the first seat of a pool that is there and free; -1: none is."""
    for seat in range(crew.first[pool], crew.first[pool + 1]):
        if busy[seat] == FREE and rates[seat, day] >= 0:
            return seat
    return -1


@part
def _pool_of(i, ground, ways, lane):
    """Return where a deal's work in its stage is done."""
    crew, rank = ground.crew, np.int64(ways.rank[lane, i])
    role, known = crew.role_of_stage[ways.stage[lane, i]], len(crew.deal)
    if rank < known:
        return crew.pool[rank, role]
    number, begin = nth(ground.births.low, ground.births.high, rank - known)[0], crew.pools[role]
    return begin + np.int64(number % np.uint64(crew.pools[role + 1] - begin))


@part
def _set_up(ground, ways, desk, lanes, results, paths, tile, first, lane, key):
    """Let all deals of a path come to their first stage with work, before the first day."""
    desk.head[:] = NOBODY
    desk.root[:] = NOBODY
    desk.busy[:] = FREE
    desk.done[:] = NEVER
    desk.rest[:] = 0
    desk.back[:] = 0
    desk.coming[0] = 0
    for i in range(ways.deals[lane]):
        desk.waiting.rank[i] = ways.rank[lane, i]
        desk.slot[ways.rank[lane, i]] = i
        leg = ways.leg[lane, i]
        if ways.seconds[lane, leg] > 0:
            _arrive(i, -1, 0, ground, ways, desk, lane)
        elif _leave(
            i, ways.clock[lane, i] + ways.time[lane, leg], -1, 0, ground, ways, desk, lanes, lane
        ):
            _win(i, ground, ways, lanes, results, paths, tile, first, lane, key)


@part
def _clear(ground, ways, desk, lanes, loads, tile, path, lane, key):
    """Count the deals that still wait at the end of the horizon, and are lost before it."""
    end = len(desk.head) * DAY
    for pool in range(len(desk.root)):
        while ground.work.patience >= 0 and desk.root[pool] >= 0:
            i = desk.root[pool]
            desk.root[pool] = without_first(desk.waiting, i)
            until = _patience(i, ground, ways, desk, tile, lane, key)
            if until < end:
                _give_up(i, until, ground, ways, desk, lanes, loads, path, lane)
    back, backlog = desk.back, loads.backlog
    for s in range(backlog.shape[0]):
        total = np.int32(0)
        for k in range(backlog.shape[1]):
            total += back[s, k]
            backlog[s, k, path] = total


@part
def run_path(
    ground, rates, change, ways, desk, lanes, results, loads, paths, tile, first, lane, key
):
    """Run all days of a path; ``rates`` (seats, D) are units a second, below 0: nobody is there."""
    path = first + lane
    crew, heap, coming = ground.crew, desk.heap, desk.coming
    _set_up(ground, ways, desk, lanes, results, paths, tile, first, lane, key)
    soonest, which = NEVER, -1
    for day in range(len(desk.head)):
        begin = day * DAY
        if change[day]:
            _morning(day, rates, ground, ways, desk, lane)
            soonest, which = _soonest(desk.done)
        i = desk.head[day]
        while i >= 0:
            second = desk.waiting.since[i] - begin
            put_in(heap, coming[0], (second << RANK_BITS) | np.int64(desk.waiting.rank[i]))
            coming[0] += 1
            i = desk.link[i]
        while True:
            arrival = begin + (heap[0] >> RANK_BITS) if coming[0] > 0 else begin + DAY - 1
            queued = soonest <= arrival
            if queued:
                now, seat = soonest, which
                desk.busy[seat], desk.done[seat] = FREE, NEVER
                i = NOBODY
                if rates[seat, day] >= 0:
                    pool = crew.pool_of_seat[seat]
                    i = _next_of(pool, now, ground, ways, desk, lanes, loads, tile, path, lane, key)
                soonest, which = _soonest(desk.done)
                if i < 0:
                    continue
            elif coming[0] > 0:
                now = arrival
                i = desk.slot[heap[0] & RANKS]
                take_out(heap, coming[0])
                coming[0] -= 1
                pool = _pool_of(i, ground, ways, lane)
                seat = _free_seat(pool, day, rates, crew, desk.busy)
                if seat < 0:
                    desk.root[pool] = joined(desk.waiting, desk.root[pool], i)
                    desk.back[ways.stage[lane, i], ways.period[lane, i]] += np.int32(1)
                    continue
            else:
                break
            at = _begin(i, seat, day, now, rates, ground, ways, desk, loads, path, lane)
            if queued:
                desk.back[ways.stage[lane, i], ways.period[lane, i]] -= np.int32(1)
            if desk.done[seat] < soonest:
                soonest, which = desk.done[seat], seat
            elif desk.done[seat] == soonest and seat < which:
                which = seat
            if at >= 0.0 and _leave(i, at, day, now, ground, ways, desk, lanes, lane):
                _win(i, ground, ways, lanes, results, paths, tile, first, lane, key)
    _clear(ground, ways, desk, lanes, loads, tile, path, lane, key)
