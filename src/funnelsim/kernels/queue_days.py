"""One path, day by day: deals come to stages with work, wait for a rep, are worked on and go on.

Time is in whole seconds of the calendar; a seat does whole units of work a second, so many on each
day. In each second work that is done comes first (by seat), then the deals that come to a stage (by
rank). A seat that gets free takes the deal that is next, a deal the first seat that is free.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.kernels.births import clock_at
from funnelsim.kernels.cells import level_of_word, time_at
from funnelsim.kernels.jit import inlined
from funnelsim.kernels.philox import uniform_of
from funnelsim.kernels.queue_order import (
    FIRST,
    NOBODY,
    RANK,
    RIGHT,
    SINCE,
    joined,
    put_in,
    take_out,
    without_first,
)
from funnelsim.kernels.queue_ways import (
    CLOCK_BITS,
    HALF,
    HEAD,
    HIGH_EARLIEST,
    LEG,
    ONE_LEG,
    PERIOD_DATED,
    RANK_LOW,
    SIXTEEN,
    STAGES,
    Work,
)
from funnelsim.kernels.walking import period_of

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

STAGE, FATE, PERIOD, NEXT_LEG, EARLIEST, DATED, LOW, HIGH = range(RIGHT + 1, RIGHT + 9)
UNITS, SPENT, BEGUN, LINK = range(HIGH + 1, HIGH + 5)
"""Columns of a deal: the stage where it is, the one in which it is lost; the period in which it
entered; where its stay is written down; a day that no win of it is before; its group, if it is won
on a stated date; its stable number; units of work that are left; seconds of waiting in the stage so
far; whether its work there has begun; the next deal that comes on the same day."""
CLOCK, STAY = 0, 1
"""Columns of numbers: when it entered the stage; time in the stage that is left."""
BUSY, DONE, REST = range(3)
"""Columns of a seat: the deal that it works on; when that is done; units that it leaves undone."""
COMING, WON = 0, 1
"""Numbers of deals: that come today; that are won."""
ENTERED, GONE_FROM, QUEUED = range(3)
"""Counts by stage and period: deals that enter, that leave, the change of those that wait."""


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
    root: NDArray[np.int64]  # (pools,) the waiting deal that is next
    seat: NDArray[np.int64]  # (seats, 3)
    number: NDArray[np.int64]  # (2,)
    counts: NDArray[np.int32]  # (3, S, K + 1)


class Plan(NamedTuple):
    """What holds on all paths."""

    end: NDArray[np.float64]  # (K + 1,) ends of the periods on the clock, then infinity
    tau: NDArray[np.float64]  # (H + 1,) the clock at whole days; empty: the clock is the calendar
    close: NDArray[np.float64]  # (G,) stated close dates of groups of open deals, on the clock
    close_period: NDArray[np.int64]  # (G,)
    crew: Crew
    work: Work


@inlined
def desk_of(room, ranks, crew, stages, periods):
    """Return a desk for so many deals of a path."""
    return Desk(
        np.empty((room, LINK + 1), np.int64),
        np.empty((room, FIRST + 1), np.float64),
        np.empty(ranks, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(len(crew.period), np.int64),
        np.empty(len(crew.role), np.int64),
        np.empty((len(crew.pool_of_seat), REST + 1), np.int64),
        np.empty(WON + 1, np.int64),
        np.empty((QUEUED + 1, stages, periods + 1), np.int32),
    )


@inlined
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


@inlined
def bin_of(seconds):
    """Return the bin of a wait: each second by itself, then 32 bins to each doubling."""
    if seconds < 64:
        return seconds
    return (np.float64(seconds).view(np.int64) >> 47) - (np.int64(1023 + 6) << 5) + 64


@inlined
def _expect(i, day, now, plan, desk):
    """Let a deal come to its stage when the clock says so, but no sooner than now."""
    at = calendar_at(plan.tau, desk.real[i, CLOCK]) * np.float64(DAY)
    second = max(min(np.int64(np.floor(at)), len(desk.head) * DAY - 1), now)
    desk.whole[i, SINCE] = second
    if second // DAY == day:
        count = desk.number[COMING]
        put_in(desk.heap, count, ((second % DAY) << RANK_BITS) | desk.whole[i, RANK])
        desk.number[COMING] = count + 1
    else:
        desk.whole[i, LINK] = desk.head[second // DAY]
        desk.head[second // DAY] = i


@inlined
def _go_on(i, at, day, now, plan, desk, words):
    """Let a deal leave its stage at a clock time, and those after it that take no work.

    A time below 0 says that it is only now that it comes to its stage.
    """
    whole, end, counts = desk.whole[i], plan.end, desk.counts
    last, beyond = counts.shape[1] - 2, np.int64(len(end) - 1)
    while True:
        s, group, leg = whole[STAGE], whole[DATED], whole[NEXT_LEG]
        if at >= 0.0:
            k = np.int64(period_of(end, at, np.uint64(whole[PERIOD])))
            if group >= 0:
                k = min(k, plan.close_period[group]) if s < last else plan.close_period[group]
                at = at if s < last else plan.close[group]
            counts[GONE_FROM, s, k] += np.int32(1)
            if whole[FATE] == s:
                return
            counts[ENTERED, s + 1, k] += np.int32(1)
            desk.real[i, CLOCK], whole[PERIOD] = at, k
            s, leg = s + 1, leg + LEG
            whole[STAGE], whole[NEXT_LEG] = s, leg
            if k >= beyond:
                return
        if s > last:
            desk.won[desk.number[WON]] = i
            desk.number[WON] += 1
            return
        if words[leg + 1] > 0:
            break
        at = desk.real[i, CLOCK] + np.int64(words[leg]).view(np.float64)
    stay = np.int64(words[leg]).view(np.float64)
    row = min(whole[RANK], np.int64(len(plan.crew.deal)))
    desk.real[i, FIRST], desk.real[i, STAY] = plan.crew.priority[row, s], stay
    whole[UNITS], whole[SPENT], whole[BEGUN] = words[leg + 1] * WORK_SECOND, 0, 0
    _expect(i, day, now, plan, desk)


@inlined
def _patience(i, plan, desk, tile, lane, key):
    """Return the second by which a waiting deal is lost, if nobody begins to work on it."""
    work, whole = plan.work, desk.whole[i]
    if work.patience < 0:
        return NEVER
    low, high = np.uint64(whole[LOW]), np.uint64(whole[HIGH])
    purpose = PATIENCE + np.uint64(whole[STAGE])
    level = level_of_word(uniform_of(tile, lane, low, high, purpose, key))
    days = time_at(work.places, work.guide, work.nodes, np.uint64(work.patience), level)
    return whole[SINCE] + np.int64(np.floor(days * np.float64(DAY))) - whole[SPENT]


@inlined
def _move_clock(i, second, plan, desk):
    """Set a deal's clock to a second of the calendar, and its period; neither goes back."""
    at = max(clock_at(plan.tau, np.float64(second) / np.float64(DAY)), desk.real[i, CLOCK])
    desk.real[i, CLOCK] = at
    desk.whole[i, PERIOD] = period_of(plan.end, at, np.uint64(desk.whole[i, PERIOD]))


@inlined
def _give_up(i, second, plan, desk, stale):
    """Count a deal that is lost while it waits."""
    _move_clock(i, second, plan, desk)
    s, k = desk.whole[i, STAGE], desk.whole[i, PERIOD]
    desk.counts[GONE_FROM, s, k] += np.int32(1)
    desk.counts[QUEUED, s, k] -= np.int32(1)
    if k < stale.shape[1]:
        stale[s, k] += np.int32(1)


@inlined
def _next_of(pool, now, plan, desk, stale, tile, lane, key):
    """Take the deal that is next out of its queue; nobody: -1. Those lost by now are counted."""
    while desk.root[pool] >= 0:
        i = desk.root[pool]
        desk.root[pool] = without_first(desk.whole, desk.real, i)
        until = _patience(i, plan, desk, tile, lane, key)
        if until >= now:
            return i
        if until < len(desk.head) * DAY:
            _give_up(i, until, plan, desk, stale)
    return NOBODY


@inlined
def _work_off(units, rates, day, now, period, worked):
    """Work from now on; return when it is done, and what is left where the seat leaves before."""
    room = (day + 1) * DAY - now
    while day < len(rates):
        rate = np.int64(rates[day])
        if rate < 0:
            return NEVER, units, day
        k = min(period[day], len(worked) - 1)
        if units <= rate * room:
            worked[k] += units
            return (day + 1) * DAY - room + (units + rate - 1) // rate, np.int64(0), day
        worked[k] += rate * room
        units -= rate * room
        day += 1
        room = DAY
    return NEVER, np.int64(0), day


@inlined
def _begin(i, seat, day, now, rates, plan, desk, loads, path):
    """Let a seat begin to work on a deal; return when the deal leaves the stage, or -1."""
    whole, crew = desk.whole[i], plan.crew
    wait, s, k = now - whole[SINCE], whole[STAGE], whole[PERIOD]
    if whole[BEGUN] == 0:
        whole[BEGUN] = 1
        loads.begun[s, k, path] += np.int32(1)
        loads.waited[s, k, path] += np.int32(wait > 0)
        loads.wait[s, k, path] += wait
        loads.waits[path % REPLICATES, s, bin_of(wait)] += np.int32(1)
    if wait > 0:
        _move_clock(i, now, plan, desk)
        whole[SPENT] += wait
        whole[DATED] = -1
    worked = loads.worked[path, crew.role[crew.pool_of_seat[seat]]]
    done, rest, until = _work_off(whole[UNITS], rates[seat], day, now, crew.period, worked)
    at = desk.real[i, CLOCK] + desk.real[i, STAY]
    desk.seat[seat, DONE], desk.seat[seat, REST], desk.seat[seat, BUSY] = done, rest, GONE
    if rest > 0 and at > clock_at(plan.tau, np.float64(until)):
        desk.seat[seat, BUSY] = i
        return -1.0
    return at


@inlined
def _join(i, pool, desk):
    """Let a deal join the queue of a pool."""
    desk.root[pool] = joined(desk.whole, desk.real, desk.root[pool], i)
    desk.counts[QUEUED, desk.whole[i, STAGE], desk.whole[i, PERIOD]] += np.int32(1)


@inlined
def _morning(day, rates, plan, desk):
    """Put the deals of seats that have left back into the queue; wake seats that can take one."""
    now, pool_of_seat = day * DAY, plan.crew.pool_of_seat
    for seat in range(len(pool_of_seat)):
        if rates[seat, day] < 0 and desk.seat[seat, REST] > 0:
            i = desk.seat[seat, BUSY]
            if i >= 0:
                at = desk.real[i, CLOCK] + desk.real[i, STAY]
                _move_clock(i, now, plan, desk)
                desk.real[i, STAY] = at - desk.real[i, CLOCK]
                desk.whole[i, UNITS], desk.whole[i, SINCE] = desk.seat[seat, REST], now
                _join(i, pool_of_seat[seat], desk)
            desk.seat[seat, BUSY], desk.seat[seat, REST] = FREE, 0
    for seat in range(len(pool_of_seat)):
        waits = desk.root[pool_of_seat[seat]] >= 0
        if waits and rates[seat, day] >= 0 and desk.seat[seat, BUSY] == FREE:
            desk.seat[seat, BUSY], desk.seat[seat, DONE] = GONE, now


@inlined
def _soonest(seats):
    """Return the second in which a seat is next done, and which."""
    best, which = NEVER, np.int64(-1)
    for seat in range(len(seats)):
        if seats[seat, DONE] < best:
            best, which = seats[seat, DONE], np.int64(seat)
    return best, which


@inlined
def _free_seat(pool, day, rates, crew, seats):
    """Return the first seat of a pool that is there and free; -1: none is."""
    for seat in range(crew.first[pool], crew.first[pool + 1]):
        if seats[seat, BUSY] == FREE and rates[seat, day] >= 0:
            return seat
    return NOBODY


@inlined
def _pool_of(i, crew, whole):
    """Return where a deal's work in its stage is done."""
    rank, role = whole[i, RANK], crew.role_of_stage[whole[i, STAGE]]
    if rank < len(crew.deal):
        return crew.pool[rank, role]
    return crew.pools[role] + whole[i, LOW] % (crew.pools[role + 1] - crew.pools[role])


@inlined
def _set_up(ways, plan, desk, lane):
    """Let all deals of a path come to their first stage with work, before the first day."""
    words, head = ways.words[lane], np.int64(0)
    desk.head[:], desk.root[:], desk.number[:] = NOBODY, NOBODY, 0
    desk.seat[:, BUSY], desk.seat[:, DONE], desk.seat[:, REST] = FREE, NEVER, 0
    desk.counts[:] = 0
    for i in range(ways.deals[lane]):
        whole, stages = desk.whole[i], words[head + STAGES]
        whole[RANK], whole[LOW] = (
            words[head + RANK_LOW] & WORD,
            words[head + RANK_LOW] >> HALF & WORD,
        )
        whole[EARLIEST] = words[head + HIGH_EARLIEST] & WORD
        whole[HIGH] = words[head + HIGH_EARLIEST] >> HALF & WORD
        whole[STAGE], whole[FATE] = stages & SHORT, stages >> SIXTEEN & SHORT
        whole[PERIOD] = words[head + PERIOD_DATED] >> HALF
        whole[DATED] = np.int64(np.int32(words[head + PERIOD_DATED] & WORD))
        whole[NEXT_LEG] = head + HEAD
        desk.slot[whole[RANK]] = i
        desk.real[i, CLOCK] = np.int64(words[head + CLOCK_BITS]).view(np.float64)
        head += HEAD + LEG * (stages // ONE_LEG)
        _go_on(i, -1.0, np.int64(-1), np.int64(0), plan, desk, words)


@inlined
def _clear(plan, desk, loads, tile, path, lane, key):
    """Count the deals that still wait at the end of the horizon, and are lost before it."""
    if plan.work.patience >= 0:
        for pool in range(len(desk.root)):
            _next_of(pool, NEVER, plan, desk, loads.stale[:, :, path], tile, lane, key)
    for s in range(loads.backlog.shape[0]):
        total = np.int32(0)
        for k in range(loads.backlog.shape[1]):
            total += desk.counts[QUEUED, s, k]
            loads.backlog[s, k, path] = total


@inlined
def run_path(rates, change, ways, plan, desk, loads, tile, path, lane, key):
    """Run all days of a path; ``rates`` (seats, D) are units a second, below 0: nobody is there."""
    whole, crew, heap, number, seats = desk.whole, plan.crew, desk.heap, desk.number, desk.seat
    words = ways.words[lane]
    _set_up(ways, plan, desk, lane)
    soonest, which = NEVER, NOBODY
    for day in range(len(desk.head)):
        begin = day * DAY
        if change[day]:
            _morning(day, rates, plan, desk)
            soonest, which = _soonest(seats)
        i = desk.head[day]
        while i >= 0:
            second = whole[i, SINCE] - begin
            put_in(heap, number[COMING], (second << RANK_BITS) | whole[i, RANK])
            number[COMING] += 1
            i = whole[i, LINK]
        while True:
            arrival = begin + (heap[0] >> RANK_BITS) if number[COMING] > 0 else begin + DAY - 1
            waited = soonest <= arrival
            if waited:
                now, seat, i = soonest, which, NOBODY
                seats[seat, BUSY], seats[seat, DONE] = FREE, NEVER
                if rates[seat, day] >= 0:
                    pool, stale = crew.pool_of_seat[seat], loads.stale[:, :, path]
                    i = _next_of(pool, now, plan, desk, stale, tile, lane, key)
                soonest, which = _soonest(seats)
                if i < 0:
                    continue
            elif number[COMING] > 0:
                now, i = arrival, desk.slot[heap[0] & RANKS]
                take_out(heap, number[COMING])
                number[COMING] -= 1
                pool = _pool_of(i, crew, whole)
                seat = _free_seat(pool, day, rates, crew, seats)
                if seat < 0:
                    _join(i, pool, desk)
                    continue
            else:
                break
            at = _begin(i, seat, day, now, rates, plan, desk, loads, path)
            if waited:
                desk.counts[QUEUED, whole[i, STAGE], whole[i, PERIOD]] -= np.int32(1)
            done = seats[seat, DONE]
            if done < soonest or (done == soonest and seat < which):
                soonest, which = done, seat
            if at >= 0.0:
                _go_on(i, at, day, now, plan, desk, words)
    _clear(plan, desk, loads, tile, path, lane, key)
