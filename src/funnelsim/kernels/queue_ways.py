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

from funnelsim.kernels.births import DAY, count_created, enter, prepare
from funnelsim.kernels.births import PERIOD as PERIOD_OF_BIRTH
from funnelsim.kernels.cells import level_of_word, time_at
from funnelsim.kernels.creation import nth
from funnelsim.kernels.jit import part
from funnelsim.kernels.outcomes import OUTCOME, TILE
from funnelsim.kernels.philox import uniform_row
from funnelsim.kernels.trajectories import start_everywhere, start_lost
from funnelsim.kernels.walking import FIRST_TIME, ZERO, leave, period_of, rest_of, thresholds

FIRST_WORK = np.uint64(2**20)
"""Purpose of the work in the first stage; that of stage ``s`` is ``s`` more."""
SECONDS = 3600.0
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
    """The deals of a tile that come to a stage with work, or are won before, and their stays."""

    deals: NDArray[np.int64]  # (TILE,) deals of a path
    legs: NDArray[np.int64]  # (TILE,) their stays in stages
    whole: NDArray[np.int32]  # (TILE, room, COLUMNS)
    clock: NDArray[np.float64]  # (TILE, room) when the deal entered the stage
    time: NDArray[np.float64]  # (TILE, room) days on the clock of a stay
    seconds: NDArray[np.int32]  # (TILE, room) of work


RANK, STAGE, FATE, PERIOD, LEG, EARLIEST, DATED, LOW, HIGH = range(9)
"""Columns: place of the deal in the order of all; the stage where it is; the one in which it is
lost, or one behind all; the period in which it entered; its stay there, counted on the path; a day
that no win of it is before; its group, if it is won on a stated date, else -1; its number."""
COLUMNS = 9


@part
def row_length(needed):
    """Return a length of rows for so many numbers."""
    return (needed // 512 + 1) * 512 + PADDING


@part
def empty_ways(deals, legs):
    """Return room for so many deals and legs on each path."""
    wide, long = row_length(deals), row_length(legs)
    return Ways(
        np.zeros(TILE, np.int64),
        np.zeros(TILE, np.int64),
        np.empty((TILE, wide, COLUMNS), np.int32),
        np.empty((TILE, wide)),
        np.empty((TILE, long)),
        np.empty((TILE, long), np.int32),
    )


@part
def with_room(ways, stages):
    """Return ways with room for one deal more on each path, in so many stages."""
    wide, long = ways.clock.shape[1], ways.time.shape[1]
    deals, legs = ways.deals.max(), ways.legs.max()
    if deals < wide and legs + stages <= long:
        return ways
    more = empty_ways(2 * wide if deals == wide else wide, 2 * long)
    more.deals[:], more.legs[:] = ways.deals, ways.legs
    for lane in range(TILE):
        for i in range(ways.deals[lane]):
            more.clock[lane, i] = ways.clock[lane, i]
            for column in range(COLUMNS):
                more.whole[lane, i, column] = ways.whole[lane, i, column]
        for leg in range(ways.legs[lane]):
            more.time[lane, leg] = ways.time[lane, leg]
            more.seconds[lane, leg] = ways.seconds[lane, leg]
    return more


@part
def _set_out(rank, stage, last, group, ways, lanes, count, low, high):
    """Write down that the deal enters a stage, on the first ``count`` lanes."""
    for i in range(count):
        lane = lanes.active[i]
        place = ways.deals[lane]
        row = ways.whole[lane, place]
        row[RANK], row[STAGE], row[FATE], row[DATED] = rank, stage, last + 1, group
        row[PERIOD], row[LEG] = np.int32(lanes.period[lane]), ways.legs[lane]
        row[EARLIEST], row[LOW], row[HIGH] = lanes.earliest[lane], np.int32(low), np.int32(high)
        ways.clock[lane, place] = lanes.clock[lane]
        ways.deals[lane] = place + 1


@part
def _draw_work(stage, work, lanes, tile, low, high, key):
    """Draw the words of the work in a stage, if it takes any."""
    if work.law[stage] >= 0:
        uniform_row(tile, low, high, FIRST_WORK + np.uint64(stage), key, lanes.uniform[1])


@part
def _write_leg(stage, time, work, ways, lanes, lane):
    """Write down a stay and its work, in whole seconds."""
    leg, seconds = ways.legs[lane], np.int32(0)
    if work.law[stage] >= 0:
        level = level_of_word(lanes.uniform[1, lane])
        hours = time_at(work.places, work.guide, work.nodes, np.uint64(work.law[stage]), level)
        seconds = np.int32(min(np.floor(hours * SECONDS + 0.5), 2147483647.0))
    ways.time[lane, leg] = time
    ways.seconds[lane, leg] = seconds
    ways.legs[lane] = leg + 1


@part
def write_way(rank, stage, road, work, ways, lanes, count, tile, low, high, key):
    """Write down the way of a deal from a stage on, for the first ``count`` lanes.

    It begins at the first stage that takes work; where none does, with the win.
    """
    last, horizon, ahead = lanes.threshold.shape[0] - 1, road.end[len(road.end) - 2], lanes.real[0]
    active, outcome, pace = lanes.active, lanes.outcome, lanes.pace
    while stage <= last and work.law[stage] < 0 and count > 0:
        uniform_row(tile, low, high, FIRST_TIME + np.uint64(stage), key, lanes.uniform[0])
        count = leave(stage, road.whole, ZERO, 0.0, road, lanes, count)
        stage += 1
    _set_out(rank, stage, last, np.int64(-1), ways, lanes, count, low, high)
    for i in range(count):
        ahead[active[i]] = lanes.clock[active[i]]
    for s in range(stage, last + 1):
        if count == 0:
            break
        uniform_row(tile, low, high, FIRST_TIME + np.uint64(s), key, lanes.uniform[0])
        _draw_work(s, work, lanes, tile, low, high, key)
        going = np.int64(0)
        for i in range(count):
            lane = active[i]
            lost = np.uint64(outcome[lane] > lanes.threshold[s, lane])
            table = road.law[s, lost, np.uint64(road.law_step * np.uint64(lanes.draw[lane]))]
            rest = rest_of(
                road.places, road.guide, road.nodes, table, 1.0, 0.0, lanes.uniform[0, lane]
            )
            time = rest * pace[lane]
            _write_leg(s, time, work, ways, lanes, lane)
            if lost == ZERO:
                ahead[lane] += time
                active[going] = lane
                going += np.int64(ahead[lane] <= horizon)
            else:
                ways.whole[lane, ways.deals[lane] - 1, FATE] = s
        count = going


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
        uniform_row(tile, low, high, FIRST_TIME + np.uint64(s), key, lanes.uniform[0])
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
    close, at_close = deals.close[group], np.uint64(deals.close_period[group])
    for i in range(count):
        lane = active[i]
        scale = close / clock[lane] if clock[lane] > 0.0 else 0.0
        at, k = 0.0, ZERO
        for s in range(stage, last + 1):
            rest[s, lane] *= scale
            if s < begin:
                at += rest[s, lane]
                k = min(period_of(road.end, at, k), at_close) if s < last else at_close
                lanes.left[s, k, lane] += np.int32(1)
                lanes.entered[s + 1, k, lane] += np.int32(1)
        clock[lane], period[lane] = at, k
    if begin > last and at_close == np.uint64(len(road.end) - 1):
        return
    _set_out(rank, begin, last, group, ways, lanes, count, low, high)
    for s in range(begin, last + 1):
        _draw_work(s, work, lanes, tile, low, high, key)
        for i in range(count):
            _write_leg(s, rest[s, active[i]], work, ways, lanes, active[i])


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
            ways = with_room(ways, last + 1)
            low, high = deals.low[deal], deals.high[deal]
            uniform_row(tile, low, high, OUTCOME, key, lanes.outcome)
            start_everywhere(lanes)
            count = np.int64(TILE)
            if close >= 0.0:
                count = start_lost(lanes)
            if count > 0:
                uniform_row(tile, low, high, FIRST_TIME + np.uint64(stage), key, lanes.uniform[0])
                alive = deals.alive[group]
                count = leave(stage, alive, deals.alive_step, deals.age[group], road, lanes, count)
            write_way(rank[deal], stage + 1, road, work, ways, lanes, count, tile, low, high, key)
            if close >= 0.0:
                start_everywhere(lanes)
                write_dated_way(
                    rank[deal], stage, deals, group, road, work, ways, lanes, tile, low, high, key
                )
    return ways


@part
def write_created_deals(births, road, work, before, ways, paths, lanes, tile, first, key):
    """Create deals, which come after ``before`` others, and write down their ways."""
    if len(births.period) == 0:
        return ways
    prepare(births, paths, lanes, first)
    stage, last = births.stage, lanes.threshold.shape[0] - 1
    for number in range(count_created(births, paths, lanes, tile, first, key)):
        ways = with_room(ways, last + 1)
        low, high = nth(births.low, births.high, number)
        uniform_row(tile, low, high, OUTCOME, key, lanes.outcome)
        uniform_row(tile, low, high, PERIOD_OF_BIRTH, key, lanes.uniform[0])
        uniform_row(tile, low, high, DAY, key, lanes.uniform[1])
        count = enter(births, road, lanes, number)
        write_way(before + number, stage, road, work, ways, lanes, count, tile, low, high, key)
    return ways
