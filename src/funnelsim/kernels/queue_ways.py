"""The way of each deal from the first stage that takes work, as it is before anybody works on it.

How far a deal gets, how long it stays in each stage and what work that takes do not depend on who
waits for whom. So they are drawn for all 256 paths of a tile at once, and written down path by path
for `funnelsim.kernels.queue_days`. A way ends where the deal is won or lost, or beyond the horizon:
waiting only makes it later.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.kernels.births import count_created, draw_birth, enter, prepare, sure_to_win
from funnelsim.kernels.borrowing import borrowed
from funnelsim.kernels.cells import is_single, level_of_word, time_at
from funnelsim.kernels.creation import nth
from funnelsim.kernels.jit import inlined, part
from funnelsim.kernels.outcomes import OUTCOME, TILE
from funnelsim.kernels.philox import uniform_row
from funnelsim.kernels.trajectories import start_everywhere, start_lost
from funnelsim.kernels.walking import (
    NO_TIME,
    ZERO,
    draw_time,
    leave,
    period_of,
    rest_of,
    thresholds,
)

FIRST_WORK = np.uint64(2**20)
"""Purpose of the work in the first stage; that of stage ``s`` is ``s`` more."""
SECONDS, MOST_SECONDS = 3600.0, 1e9
PADDING = 24
"""Added to rows of a multiple of 512: rows 4096 bytes apart would share the same few lines of a
processor's cache."""


class Work(NamedTuple):
    """What work the stages take, as tables of `funnelsim.kernels.cells` (hours, and days)."""

    law: NDArray[np.int64]  # (S - 1,) table of a stage's hours; -1: no work
    places: NDArray[np.int64]
    guide: NDArray[np.uint32]
    nodes: NDArray[np.float64]
    patience: np.int64  # table of the days until a waiting deal is lost; -1: it waits for ever


class Ways(NamedTuple):
    """The deals of a tile that come to a stage with work, or are won before, path by path.

    A deal has `HEAD` words and two for each stay in a stage (a leg): days on the clock, as the bits
    of a number, and seconds of work. They stand together: so few pages of memory are written to at
    a time.
    """

    deals: NDArray[np.int64]  # (TILE,) of a path
    length: NDArray[np.int64]  # (TILE,) words of a path
    head: NDArray[np.int64]  # (TILE,) where the last deal begins
    words: NDArray[np.int64]  # (TILE, room)


RANK_LOW, HIGH_EARLIEST, STAGES, PERIOD_DATED, CLOCK_BITS = range(5)
"""Words of a deal, most of them two numbers: its place in the order of all; its stable number; a
day that no win of it is before; the stage where it is and the one in which it is lost (or one
behind all); the period in which it entered it; its group, if it is won on a stated date, else -1;
when it entered, as bits; then come its legs, the number of which stands above the stages."""
HEAD = 5
LEG = 2
HALF, SIXTEEN = np.int64(32), np.int64(16)
ONE_LEG = np.int64(2**32)


@part
def largest(row):
    """Return the largest number of a row; the library's own takes longer to compile."""
    most = row[0]
    for i in range(1, len(row)):
        most = max(most, row[i])
    return most


@part
def empty_ways(words):
    """Return room for so many words on each path."""
    return Ways(
        np.zeros(TILE, np.int64),
        np.zeros(TILE, np.int64),
        np.zeros(TILE, np.int64),
        np.empty((TILE, (words // 512 + 1) * 512 + PADDING), np.int64),
    )


@part
def with_room(ways, words):
    """Return ways with room for so many words more on each path."""
    room, needed = ways.words.shape[1], largest(ways.length) + words
    if needed <= room:
        return ways
    more = empty_ways(max(2 * room, needed))
    for lane in range(TILE):
        more.deals[lane], more.length[lane] = ways.deals[lane], ways.length[lane]
        for place in range(ways.length[lane]):
            more.words[lane, place] = ways.words[lane, place]
    return more


@inlined
def bits(number):
    """Return the bits of a number as a whole one."""
    return np.float64(number).view(np.int64)


@inlined
def both(upper, lower):
    """Return two 32-bit words as one."""
    return (np.int64(upper) << HALF) | (np.int64(lower) & np.int64(0xFFFFFFFF))


@part
def _set_out(rank, stage, last, group, ways, lanes, count, low, high):
    """Write down that the deal enters a stage, on the first ``count`` lanes."""
    ways, lanes = borrowed(ways), borrowed(lanes)
    for i in range(count):
        lane = lanes.active[i]
        head = ways.length[lane]
        words = ways.words[lane]
        words[head + RANK_LOW] = both(low, rank)
        words[head + HIGH_EARLIEST] = both(high, lanes.earliest[lane])
        words[head + STAGES] = (np.int64(last + 1) << SIXTEEN) | stage
        words[head + PERIOD_DATED] = both(lanes.period[lane], group)
        words[head + CLOCK_BITS] = bits(lanes.clock[lane])
        ways.head[lane], ways.length[lane] = head, head + HEAD
        ways.deals[lane] += 1


@part
def _draw_work(stage, work, lanes, tile, low, high, key):
    """Draw the words of the work in a stage, if it takes any that they could change."""
    law = work.law[stage]
    if law >= 0 and not is_single(work.places, np.uint64(law)):
        uniform_row(tile, low, high, FIRST_WORK + np.uint64(stage), key, lanes.uniform[1])


@inlined
def _seconds(drawn, law, places, guide, nodes, word):
    """Return whole seconds of work by a word; none without a law."""
    if not drawn:
        return np.int64(0)
    hours = time_at(places, guide, nodes, law, level_of_word(word))
    return np.int64(min(np.floor(hours * SECONDS + 0.5), MOST_SECONDS))


@inlined
def _write_leg(time, seconds, words, length, head, lane):
    """Write down a stay and its work."""
    place = length[lane]
    words[lane, place], words[lane, place + 1] = bits(time), seconds
    words[lane, head[lane] + STAGES] += ONE_LEG
    length[lane] = place + LEG


@part
def write_way(rank, stage, road, work, ways, lanes, count, tile, low, high, key):
    """Write down the way of a deal from a stage on, for the first ``count`` lanes.

    It begins at the first stage that takes work; where none does, with the win.
    """
    road, work, ways, lanes = borrowed(road), borrowed(work), borrowed(ways), borrowed(lanes)
    last, horizon, ahead = lanes.threshold.shape[0] - 1, road.end[len(road.end) - 2], lanes.real[0]
    active, outcome, pace = lanes.active, lanes.outcome, lanes.pace
    while stage <= last and work.law[stage] < 0 and count > 0:
        draw_time(stage, road, lanes, tile, low, high, key)
        count = leave(stage, road.whole, ZERO, 0.0, road, lanes, count)
        stage += 1
    _set_out(rank, stage, last, np.int64(-1), ways, lanes, count, low, high)
    clock, word, effort = lanes.clock, lanes.uniform[0], lanes.uniform[1]
    draw, step, places, guide, nodes = (
        lanes.draw,
        road.law_step,
        road.places,
        road.guide,
        road.nodes,
    )
    work_places, work_guide, work_nodes = work.places, work.guide, work.nodes
    words, length, head = ways.words, ways.length, ways.head
    for i in range(count):
        ahead[active[i]] = clock[active[i]]
    for s in range(stage, last + 1):
        if count == 0:
            break
        draw_time(s, road, lanes, tile, low, high, key)
        _draw_work(s, work, lanes, tile, low, high, key)
        going, laws, threshold = np.uint64(0), road.law[s], lanes.threshold[s]
        drawn, law = work.law[s] >= 0, np.uint64(max(work.law[s], 0))
        for i in range(count):
            lane = active[i]
            lost = np.uint64(outcome[lane] > threshold[lane])
            table = laws[lost, np.uint64(step * np.uint64(draw[lane]))]
            time = rest_of(places, guide, nodes, table, 1.0, 0.0, word[lane]) * pace[lane]
            seconds = _seconds(drawn, law, work_places, work_guide, work_nodes, effort[lane])
            _write_leg(time, seconds, words, length, head, lane)
            ahead[lane] += time
            active[going] = lane
            going += np.uint64(lost == ZERO) & np.uint64(ahead[lane] <= horizon)
            if lost != ZERO:
                words[lane, head[lane] + STAGES] += (s - last - 1) << SIXTEEN
        count = np.int64(going)


@part
def _first_work(stage, work):
    """Return the first stage from this one on that takes work."""
    while stage < len(work.law) and work.law[stage] < 0:
        stage += 1
    return stage


@part
def write_dated_way(
    rank, stage, deals, group, road, work, ways, lanes, tile, low, high, key
):  # fmt: skip
    """Write down the way of a deal on the lanes where it is won on its stated close date.

    Its times are as `funnelsim.kernels.trajectories.close_on_date` scales them.
    """
    active, clock, period, rest = lanes.active, lanes.clock, lanes.period, lanes.rest
    last, begin = lanes.threshold.shape[0] - 1, _first_work(stage + 1, work)
    count = np.int64(0)
    for lane in range(TILE):
        active[count] = np.uint64(lane)
        clock[lane] = 0.0
        count += np.int64(lanes.outcome[lane] <= lanes.threshold[last, lane])
    for s in range(stage, last + 1):
        draw_time(s, road, lanes, tile, low, high, key)
        for i in range(count):
            lane = active[i]
            draw, here = np.uint64(lanes.draw[lane]), s == stage
            rest[s, lane] = rest_of(
                road.places,
                road.guide,
                road.nodes,
                road.law[s, 0, np.uint64(road.law_step * draw)],
                deals.alive[group, 0, np.uint64(deals.alive_step * draw)] if here else 1.0,
                deals.age[group] if here else 0.0,
                lanes.uniform[0, lane],
            )
            clock[lane] += rest[s, lane]
    close, at_close, going = deals.close[group], np.uint64(deals.close_period[group]), np.int64(0)
    for i in range(count):
        lane = active[i]
        scale = close / clock[lane] if clock[lane] > NO_TIME else 0.0
        at, k = 0.0, ZERO
        for s in range(stage, last + 1):
            rest[s, lane] *= scale
            if s < begin:
                at += rest[s, lane]
                k = min(period_of(road.end, at, k), at_close) if s < last else at_close
                lanes.left[s, k, lane] += np.int32(1)
                lanes.entered[s + 1, k, lane] += np.int32(1)
        clock[lane], period[lane] = close if begin > last else at, k
        active[going] = lane
        going += np.int64(k < np.uint64(len(road.end) - 1))
    count = going
    _set_out(rank, begin, last, group, ways, lanes, count, low, high)
    for s in range(begin, last + 1):
        _draw_work(s, work, lanes, tile, low, high, key)
        law = np.uint64(max(work.law[s], 0))
        for i in range(count):
            lane = active[i]
            seconds = _seconds(
                work.law[s] >= 0, law, work.places, work.guide, work.nodes, lanes.uniform[1, lane]
            )
            _write_leg(rest[s, lane], seconds, ways.words, ways.length, ways.head, lane)


@part
def write_open_deals(deals, road, work, rank, ways, paths, lanes, tile, first, key):
    """Write down the ways of all open deals."""
    last = lanes.threshold.shape[0] - 1
    for group in range(len(deals.stage)):
        stage, cell, close = deals.stage[group], deals.cell[group], deals.close[group]
        shift = paths.shift[max(cell, 0), first : first + TILE]
        thresholds(
            deals.score, group, stage, lanes.draw, shift, cell >= 0, lanes.chance, lanes.threshold
        )
        for deal in range(deals.group_first[group], deals.group_first[group + 1]):
            ways = with_room(ways, HEAD + LEG * (last + 1))
            low, high = deals.low[deal], deals.high[deal]
            uniform_row(tile, low, high, OUTCOME, key, lanes.outcome)
            start_everywhere(lanes)
            count = np.int64(TILE)
            if close >= 0.0:
                count = start_lost(lanes)
            if count > 0:
                draw_time(stage, road, lanes, tile, low, high, key)
                alive = deals.alive[group]
                count = leave(stage, alive, deals.alive_step, deals.age[group], road, lanes, count)
            write_way(
                rank[deal],
                stage + 1,
                road,
                work,
                borrowed(ways),
                lanes,
                count,
                tile,
                low,
                high,
                key,
            )
            if close >= 0.0:
                start_everywhere(lanes)
                write_dated_way(
                    rank[deal],
                    stage,
                    deals,
                    group,
                    road,
                    work,
                    borrowed(ways),
                    lanes,
                    tile,
                    low,
                    high,
                    key,
                )
    return ways


@part
def write_created_deals(births, road, work, before, ways, paths, lanes, tile, first, key):
    """Create deals, which come after ``before`` others; return their ways, and how many there are.

    That is the largest number of all deals on a path.
    """
    if len(births.period) == 0:
        return ways, before
    prepare(births, paths, lanes, first)
    sure = sure_to_win(births, lanes)
    stage, last = births.stage, lanes.threshold.shape[0] - 1
    most = count_created(births, paths, lanes, tile, first, key)
    ways = with_room(ways, most * (HEAD + LEG))  # memory that is not written to costs nothing
    for number in range(most):
        ways = with_room(ways, HEAD + LEG * (last + 1))
        low, high = nth(births.low, births.high, number)
        draw_birth(births, sure, lanes, tile, low, high, key)
        count = enter(births, road, lanes, number)
        write_way(
            before + number, stage, road, work, borrowed(ways), lanes, count, tile, low, high, key
        )
    return ways, before + most
