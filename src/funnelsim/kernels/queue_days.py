"""One path, day by day: deals come to stages with work, wait for a rep, are worked on and go on.

Time is in whole seconds of the calendar; a seat does whole units of work a second, so many on each
day. In each second work that is done comes first (by seat), then the deals that come to a stage (by
rank). A seat that gets free takes the deal that is next, a deal the first seat that is free.
"""

from __future__ import annotations

import numpy as np

from funnelsim.kernels.births import clock_at
from funnelsim.kernels.borrowing import borrowed
from funnelsim.kernels.cells import level_of_word, time_at
from funnelsim.kernels.days import calendar_at
from funnelsim.kernels.jit import inlined, part
from funnelsim.kernels.philox import uniform_of
from funnelsim.kernels.queue_desk import (
    BEGUN,
    BUSY,
    CLOCK,
    COMING,
    DATED,
    DAY,
    EARLIEST,
    ENTERED,
    FATE,
    FREE,
    GONE,
    GONE_FROM,
    HIGH,
    LOW,
    NEVER,
    NEXT_LEG,
    PATIENCE,
    PERIOD,
    QUEUED,
    RANK_BITS,
    RANKS,
    REPLICATES,
    REST,
    SEAT_BITS,
    SEATS,
    SHORT,
    SPENT,
    STAGE,
    STALE,
    STARTED,
    STAY,
    UNITS,
    WAIT,
    WAITED,
    WON,
    WORD,
    WORK_SECOND,
    WORKING,
    bin_of,
)
from funnelsim.kernels.queue_order import (
    FIRST,
    LINK,
    NOBODY,
    RANK,
    SINCE,
    join,
    put_in,
    take_next,
    take_out,
    waits,
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
)
from funnelsim.kernels.walking import period_of


@inlined
def _go_on(
    i, at, day, now, end, tau, close, close_period, priority, whole, real, won, heap, head, number,
    counts, words,
):  # fmt: skip
    """Let a deal leave its stage at a clock time, and those after it that take no work.

    A time below 0 says that it is only now that it comes to its stage. It comes to the next one
    that takes work when the clock says so, but no sooner than now.
    """
    last, beyond = counts.shape[1] - 2, np.int64(len(end) - 1)
    s, leg = whole[i, STAGE], whole[i, NEXT_LEG]
    while True:
        if at >= 0.0:
            group, k = whole[i, DATED], np.int64(period_of(end, at, np.uint64(whole[i, PERIOD])))
            if group >= 0:
                k = min(k, close_period[group]) if s < last else close_period[group]
                at = at if s < last else close[group]
            counts[GONE_FROM, s, k] += 1
            if whole[i, FATE] == s:
                return
            s, leg = s + 1, leg + LEG
            counts[ENTERED, s, k] += 1
            real[i, CLOCK], whole[i, PERIOD] = at, k
            if k >= beyond:
                return
        if s > last:
            won[number[WON]] = i
            number[WON] += 1
            return
        stay, seconds = np.int64(words[leg]).view(np.float64), words[leg + 1]
        if seconds > 0:
            break
        at = real[i, CLOCK] + stay
    whole[i, STAGE], whole[i, NEXT_LEG] = s, leg
    whole[i, UNITS], whole[i, SPENT], whole[i, BEGUN] = seconds * WORK_SECOND, 0, 0
    real[i, FIRST] = priority[min(whole[i, RANK], np.int64(len(priority) - 1)), s]
    real[i, STAY] = stay
    second = np.int64(np.floor(calendar_at(tau, real[i, CLOCK]) * np.float64(DAY)))
    second = max(min(second, len(head) * DAY - 1), now)
    whole[i, SINCE] = second
    on = second // DAY
    if on == day:
        put_in(heap, number[COMING], ((second - on * DAY) << RANK_BITS) | whole[i, RANK])
        number[COMING] += 1
    else:
        whole[i, LINK] = head[on]
        head[on] = i


@inlined
def _move_clock(i, second, tau, end, whole, real):
    """Set a deal's clock to a second of the calendar, and its period; neither goes back."""
    at = max(clock_at(tau, np.float64(second) / np.float64(DAY)), real[i, CLOCK])
    real[i, CLOCK] = at
    whole[i, PERIOD] = np.int64(period_of(end, at, np.uint64(whole[i, PERIOD])))


@part
def _patience(i, places, guide, nodes, law, whole, tile, lane, key):
    """Return the second by which a waiting deal is lost, if nobody begins to work on it."""
    low, high = np.uint64(whole[i, LOW]), np.uint64(whole[i, HIGH])
    purpose = PATIENCE + np.uint64(whole[i, STAGE])
    level = level_of_word(uniform_of(tile, lane, low, high, purpose, key))
    days = time_at(places, guide, nodes, np.uint64(law), level)
    return whole[i, SINCE] + np.int64(np.floor(days * np.float64(DAY))) - whole[i, SPENT]


@part
def _next_patient(
    queue, now, days, places, guide, nodes, law, tau, end, whole, real, counts, tile, lane, key
):  # fmt: skip
    """Take the next deal out of a queue that is not lost by now; count those that are."""
    i = take_next(whole, real, queue)
    while i >= 0:
        until = _patience(i, places, guide, nodes, law, whole, tile, lane, key)
        if until >= now:
            break
        if until < days * DAY:
            _move_clock(i, until, tau, end, whole, real)
            s, k = whole[i, STAGE], whole[i, PERIOD]
            counts[GONE_FROM, s, k] += 1
            counts[QUEUED, s, k] -= 1
            counts[STALE, s, k] += 1
        i = take_next(whole, real, queue)
    return i


@inlined
def _work_off(units, rates, seat, day, now, period, worked, role):
    """Work from now on; return when it is done, and what is left where the seat leaves before."""
    days, last = rates.shape[1], worked.shape[1] - 1
    room = (day + 1) * DAY - now
    while day < days:
        rate = np.int64(rates[seat, day])
        if rate < 0:
            return NEVER, units, day
        k, most = min(period[day], last), rate * room
        if units <= most:
            worked[role, k] += units
            return (day + 1) * DAY - room + (units + rate - 1) // rate, np.int64(0), day
        worked[role, k] += most
        units -= most
        day += 1
        room = DAY
    return NEVER, np.int64(0), day


@inlined
def _begin(
    i, seat, day, now, rates, tau, end, role, period, worked, lengths, whole, real, seats, counts
):  # fmt: skip
    """Let a seat begin to work on a deal; return when the deal leaves the stage, or -1.

    Return when the seat is done, too.
    """
    wait, s, k = now - whole[i, SINCE], whole[i, STAGE], whole[i, PERIOD]
    if whole[i, BEGUN] == 0:
        whole[i, BEGUN] = 1
        counts[STARTED, s, k] += 1
        counts[WAITED, s, k] += np.int64(wait > 0)
        counts[WAIT, s, k] += wait
        lengths[s, bin_of(wait)] += np.int32(1)
    if wait > 0:
        _move_clock(i, now, tau, end, whole, real)
        whole[i, SPENT] += wait
        whole[i, DATED] = -1
    done, rest, until = _work_off(whole[i, UNITS], rates, seat, day, now, period, worked, role)
    at = real[i, CLOCK] + real[i, STAY]
    seats[seat, REST], seats[seat, BUSY] = rest, GONE
    if rest > 0 and at > clock_at(tau, np.float64(until)):
        seats[seat, BUSY], at = i, -1.0
    return at, done


@part
def _morning(
    day, rates, pool_of_seat, tau, end, whole, real, seats, free, finish, number, queues, counts
):  # fmt: skip
    """Put the deals of seats that have left before all that wait; wake seats that can take one."""
    now = day * DAY
    for seat in range(len(pool_of_seat)):
        if rates[seat, day] < 0 and seats[seat, REST] > 0:
            i, pool = seats[seat, BUSY], pool_of_seat[seat]
            if i >= 0:
                at = real[i, CLOCK] + real[i, STAY]
                _move_clock(i, now, tau, end, whole, real)
                real[i, STAY] = at - real[i, CLOCK]
                whole[i, UNITS], whole[i, SINCE] = seats[seat, REST], now
                real[i, FIRST] = -np.inf
                join(whole, real, queues[pool], i)
                counts[QUEUED, whole[i, STAGE], whole[i, PERIOD]] += 1
            seats[seat, BUSY], seats[seat, REST] = FREE, 0
            free[pool] += 1
    for seat in range(len(pool_of_seat)):
        pool, idle = pool_of_seat[seat], rates[seat, day] >= 0 and seats[seat, BUSY] == FREE
        if idle and waits(queues[pool]):
            seats[seat, BUSY] = GONE
            free[pool] -= 1
            put_in(finish, number[WORKING], (now << SEAT_BITS) | seat)
            number[WORKING] += 1


@inlined
def _free_seat(begin, end, day, rates, seats):
    """Return the first seat of a pool that is there and free; -1: none is."""
    for seat in range(begin, end):
        if seats[seat, BUSY] == FREE and rates[seat, day] >= 0:
            return seat
    return NOBODY


@part
def _pool_of(i, role, pool, pools, whole):
    """Return where a deal's work of a role is done."""
    if whole[i, RANK] < len(pool):
        return pool[whole[i, RANK], role]
    return pools[role] + whole[i, LOW] % (pools[role + 1] - pools[role])


@part
def _set_up(ways, plan, desk, lane):
    """Let all deals of a path come to their first stage with work, before the first day.

    One that is created on a day off comes on that day, though the clock stood there before.
    """
    ways, plan, desk = borrowed(ways), borrowed(plan), borrowed(desk)
    words, place, whole = ways.words[lane], np.int64(0), desk.whole
    desk.head[:], desk.queue[:], desk.number[:], desk.counts[:] = NOBODY, NOBODY, 0, 0
    desk.seat[:, BUSY], desk.seat[:, REST] = FREE, 0
    for pool in range(len(desk.free)):
        desk.free[pool] = plan.crew.first[pool + 1] - plan.crew.first[pool]
    for i in range(ways.deals[lane]):
        stages, low_rank = words[place + STAGES], words[place + RANK_LOW]
        high_earliest, period_dated = words[place + HIGH_EARLIEST], words[place + PERIOD_DATED]
        whole[i, RANK], whole[i, LOW] = low_rank & WORD, low_rank >> HALF & WORD
        whole[i, EARLIEST], whole[i, HIGH] = high_earliest & WORD, high_earliest >> HALF & WORD
        whole[i, STAGE], whole[i, FATE] = stages & SHORT, stages >> SIXTEEN & SHORT
        whole[i, PERIOD] = period_dated >> HALF
        whole[i, DATED] = np.int64(np.int32(period_dated & WORD))
        whole[i, NEXT_LEG] = place + HEAD
        desk.slot[whole[i, RANK]] = i
        desk.real[i, CLOCK] = np.int64(words[place + CLOCK_BITS]).view(np.float64)
        place += HEAD + LEG * (stages // ONE_LEG)
        _go_on(
            i, -1.0, np.int64(-1), (whole[i, EARLIEST] - 1) * DAY, plan.end, plan.tau, plan.close,
            plan.close_period, plan.crew.priority, whole, desk.real, desk.won, desk.heap, desk.head,
            desk.number, desk.counts, words,
        )  # fmt: skip


@part
def _clear(plan, desk, loads, tile, path, lane, key):
    """Count the deals that are lost while they still wait; write down what was counted."""
    work, counts = plan.work, desk.counts
    if work.patience >= 0:
        for pool in range(len(desk.queue)):
            _next_patient(
                desk.queue[pool], NEVER, len(desk.head), work.places, work.guide, work.nodes,
                work.patience, plan.tau, plan.end, desk.whole, desk.real, counts, tile, lane, key,
            )  # fmt: skip
    for s in range(loads.begun.shape[0]):
        total = np.int64(0)
        for k in range(loads.begun.shape[1]):
            total += counts[QUEUED, s, k]
            loads.backlog[s, k, path] = total
            loads.begun[s, k, path] = counts[STARTED, s, k]
            loads.waited[s, k, path] = counts[WAITED, s, k]
            loads.wait[s, k, path] = counts[WAIT, s, k]
            loads.stale[s, k, path] = counts[STALE, s, k]


@part
def run_path(rates, change, ways, plan, desk, loads, tile, path, lane, key):
    """Run all days of a path; ``rates`` (seats, D) are units a second, below 0: nobody is there.

    It is in the loop that time is spent: all arrays are borrowed, and out of their tuples, before.
    """
    rates, change, ways, plan = borrowed(rates), borrowed(change), borrowed(ways), borrowed(plan)
    desk, loads = borrowed(desk), borrowed(loads)
    _set_up(ways, plan, desk, lane)
    whole, real, slot, won, heap = desk.whole, desk.real, desk.slot, desk.won, desk.heap
    head, queues, seats, free = desk.head, desk.queue, desk.seat, desk.free
    finish, number, counts = desk.done, desk.number, desk.counts
    words, worked, lengths = ways.words[lane], loads.worked[path], loads.waits[path % REPLICATES]
    end, tau, close, close_period = plan.end, plan.tau, plan.close, plan.close_period
    crew, work = plan.crew, plan.work
    first, role, pools, pool_of_seat = crew.first, crew.role, crew.pools, crew.pool_of_seat
    role_of_stage, pool_of_deal, priority = crew.role_of_stage, crew.pool, crew.priority
    period, patience = crew.period, work.patience
    places, guide, nodes = work.places, work.guide, work.nodes
    for day in range(len(head)):
        begin = day * DAY
        if change[day]:
            _morning(
                day, rates, pool_of_seat, tau, end, whole, real, seats, free, finish, number,
                queues, counts,
            )  # fmt: skip
        i = head[day]
        while i >= 0:
            put_in(heap, number[COMING], ((whole[i, SINCE] - begin) << RANK_BITS) | whole[i, RANK])
            number[COMING] += 1
            i = whole[i, LINK]
        while True:
            arrival = begin + (heap[0] >> RANK_BITS) if number[COMING] > 0 else begin + DAY - 1
            waited = number[WORKING] > 0 and (finish[0] >> SEAT_BITS) <= arrival
            if waited:
                now, seat, i = finish[0] >> SEAT_BITS, finish[0] & SEATS, NOBODY
                take_out(finish, number[WORKING])
                number[WORKING] -= 1
                pool = pool_of_seat[seat]
                seats[seat, BUSY] = FREE
                free[pool] += 1
                if rates[seat, day] >= 0:
                    if patience < 0:
                        i = take_next(whole, real, queues[pool])
                    else:
                        i = _next_patient(
                            queues[pool], now, len(head), places, guide, nodes, patience, tau, end,
                            whole, real, counts, tile, lane, key,
                        )  # fmt: skip
                if i < 0:
                    continue
            elif number[COMING] > 0:
                now, i = arrival, slot[heap[0] & RANKS]
                take_out(heap, number[COMING])
                number[COMING] -= 1
                pool = _pool_of(i, role_of_stage[whole[i, STAGE]], pool_of_deal, pools, whole)
                seat = NOBODY
                if free[pool] > 0:
                    seat = _free_seat(first[pool], first[pool + 1], day, rates, seats)
                if seat < 0:
                    join(whole, real, queues[pool], i)
                    counts[QUEUED, whole[i, STAGE], whole[i, PERIOD]] += 1
                    continue
            else:
                break
            at, done = _begin(
                i, seat, day, now, rates, tau, end, role[pool], period, worked, lengths, whole,
                real, seats, counts,
            )  # fmt: skip
            if waited:
                counts[QUEUED, whole[i, STAGE], whole[i, PERIOD]] -= 1
            free[pool] -= 1
            if done < NEVER:
                put_in(finish, number[WORKING], (done << SEAT_BITS) | seat)
                number[WORKING] += 1
            if at >= 0.0:
                _go_on(
                    i, at, day, now, end, tau, close, close_period, priority, whole, real, won,
                    heap, head, number, counts, words,
                )  # fmt: skip
    _clear(plan, desk, loads, tile, path, lane, key)
