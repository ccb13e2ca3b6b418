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

from funnelsim.kernels.births import DAY, PERIOD, count_created, enter, prepare
from funnelsim.kernels.cells import level_of_word, time_at
from funnelsim.kernels.creation import nth
from funnelsim.kernels.jit import part
from funnelsim.kernels.outcomes import OUTCOME, TILE
from funnelsim.kernels.philox import uniform_row
from funnelsim.kernels.settling import settle
from funnelsim.kernels.trajectories import close_on_date, start_everywhere, start_lost
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
    """The deals of a tile that come to a stage with work, and their stays (legs) in stages."""

    deals: NDArray[np.int64]  # (TILE,) deals of a path
    legs: NDArray[np.int64]  # (TILE,)
    rank: NDArray[np.int32]  # (TILE, room) place of the deal in the order of all
    stage: NDArray[np.int16]  # where it is
    fate: NDArray[np.int16]  # the stage in which it is lost, or the last, or beyond the horizon
    clock: NDArray[np.float64]  # when it entered the stage
    period: NDArray[np.int16]
    leg: NDArray[np.int32]  # its stay there, counted on the path
    earliest: NDArray[np.int32]  # a day that no win of it is before
    dated: NDArray[np.int32]  # its group, if it is won on a stated date; else -1
    time: NDArray[np.float64]  # (TILE, room) days on the clock of a stay
    seconds: NDArray[np.int32]  # (TILE, room) of work


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
        np.empty((TILE, wide), np.int32),
        np.empty((TILE, wide), np.int16),
        np.empty((TILE, wide), np.int16),
        np.empty((TILE, wide), np.float64),
        np.empty((TILE, wide), np.int16),
        np.empty((TILE, wide), np.int32),
        np.empty((TILE, wide), np.int32),
        np.empty((TILE, wide), np.int32),
        np.empty((TILE, long), np.float64),
        np.empty((TILE, long), np.int32),
    )


@part
def _copied(ways, more):
    """Return the larger of two, with all that is in the other."""
    for lane in range(TILE):
        deals, legs = ways.deals[lane], ways.legs[lane]
        more.deals[lane], more.legs[lane] = deals, legs
        more.rank[lane, :deals] = ways.rank[lane, :deals]
        more.stage[lane, :deals] = ways.stage[lane, :deals]
        more.fate[lane, :deals] = ways.fate[lane, :deals]
        more.clock[lane, :deals] = ways.clock[lane, :deals]
        more.period[lane, :deals] = ways.period[lane, :deals]
        more.leg[lane, :deals] = ways.leg[lane, :deals]
        more.earliest[lane, :deals] = ways.earliest[lane, :deals]
        more.dated[lane, :deals] = ways.dated[lane, :deals]
        more.time[lane, :legs] = ways.time[lane, :legs]
        more.seconds[lane, :legs] = ways.seconds[lane, :legs]
    return more


@part
def with_room(ways, stages):
    """Return ways with room for one deal more on each path, in so many stages."""
    deals, legs = np.int64(0), np.int64(0)
    for lane in range(TILE):
        deals, legs = max(deals, ways.deals[lane]), max(legs, ways.legs[lane])
    wide, long = ways.rank.shape[1], ways.time.shape[1]
    if deals < wide and legs + stages <= long:
        return ways
    return _copied(ways, empty_ways(2 * wide if deals == wide else wide, 2 * long))


@part
def _set_out(rank, stage, last, group, ways, lanes, count):
    """Write down that the deal enters a stage, on the first ``count`` lanes."""
    for i in range(count):
        lane = lanes.active[i]
        place = ways.deals[lane]
        ways.rank[lane, place] = rank
        ways.stage[lane, place] = stage
        ways.fate[lane, place] = last + 1
        ways.clock[lane, place] = lanes.clock[lane]
        ways.period[lane, place] = lanes.period[lane]
        ways.leg[lane, place] = ways.legs[lane]
        ways.earliest[lane, place] = lanes.earliest[lane]
        ways.dated[lane, place] = group
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
    """Write down the way of a deal from a stage on, for the first ``count`` lanes."""
    last, horizon, ahead = lanes.threshold.shape[0] - 1, road.end[len(road.end) - 2], lanes.real[0]
    active, outcome, pace = lanes.active, lanes.outcome, lanes.pace
    _set_out(rank, stage, last, np.int64(-1), ways, lanes, count)
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
                ways.fate[lane, ways.deals[lane] - 1] = s
        count = going


@part
def _to_work(stage, work, road, lanes, count, tile, low, high, key):
    """Let the deal go on to the next stage that takes work; return it and the number of lanes.

    Without any, the stage is that of a win.
    """
    while stage < lanes.threshold.shape[0] and work.law[stage] < 0:
        if count > 0:
            uniform_row(tile, low, high, FIRST_TIME + np.uint64(stage), key, lanes.uniform[0])
            count = leave(stage, road.whole, ZERO, 0.0, road, lanes, count)
        stage += 1
    return stage, count


@part
def _from_the_start(stage, deals, group, road, work, lanes, count, tile, low, high, key):
    """Let an open deal leave its stage, which takes no more work, and go on to one that does."""
    if count > 0:
        uniform_row(tile, low, high, FIRST_TIME + np.uint64(stage), key, lanes.uniform[0])
        count = leave(
            stage, deals.alive[group], deals.alive_step, deals.age[group], road, lanes, count
        )
    return _to_work(stage + 1, work, road, lanes, count, tile, low, high, key)


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
                k = min(period_of(road.end, at, k), at_close)
                lanes.left[s, k, lane] += np.int32(1)
                lanes.entered[s + 1, k, lane] += np.int32(1)
        clock[lane], period[lane] = at, k
    _set_out(rank, begin, last, group, ways, lanes, count)
    for s in range(begin, last + 1):
        _draw_work(s, work, lanes, tile, low, high, key)
        for i in range(count):
            _write_leg(s, rest[s, active[i]], work, ways, lanes, active[i])


@part
def write_open_deals(
    deals, repeats, pending, road, work, rank, ways, paths, lanes, results, tile, first, key
):  # fmt: skip
    """Write down the ways of all open deals; settle those that come to no more work."""
    low, high = deals.low, deals.high
    last = lanes.threshold.shape[0] - 1
    for group in range(len(deals.stage)):
        stage, cell, close = deals.stage[group], deals.cell[group], deals.close[group]
        shift = paths.shift[max(cell, 0), first : first + TILE]
        thresholds(
            deals.score, group, stage, lanes.draw, shift, cell >= 0, lanes.chance, lanes.threshold
        )
        for deal in range(deals.group_first[group], deals.group_first[group + 1]):
            ways = with_room(ways, last + 1)
            words = (tile, low[deal], high[deal], key)
            uniform_row(tile, low[deal], high[deal], OUTCOME, key, lanes.outcome)
            if close < 0.0:
                start_everywhere(lanes)
                count = np.int64(TILE)
            else:
                count = start_lost(lanes)
            at, count = _from_the_start(
                stage, deals, group, road, work, lanes, count, *words
            )  # fmt: skip
            if at <= last:
                write_way(rank[deal], at, road, work, ways, lanes, count, *words)
                count = np.int64(0)
            if close >= 0.0:
                start_everywhere(lanes)
                if at <= last:
                    write_dated_way(
                        rank[deal], stage, deals, group, road, work, ways, lanes, *words
                    )
                else:
                    count = close_on_date(stage, deals, group, road, lanes, *words)
            drawn = deals.spread[deal] >= 0
            own = deals.quantiles[max(deals.spread[deal], 0), : 2 * drawn]
            settle(
                deals.amount[deal], own, False, repeats, pending, road, paths, lanes, results,
                count, tile, first, low[deal], high[deal], key,
            )  # fmt: skip
    return ways


@part
def write_created_deals(
    births, repeats, pending, road, work, before, ways, paths, lanes, results, tile, first, key
):  # fmt: skip
    """Create deals, which come after ``before`` others, and write down their ways."""
    if len(births.period) == 0:
        return ways
    prepare(births, paths, lanes, first)
    last = lanes.threshold.shape[0] - 1
    for number in range(count_created(births, paths, lanes, tile, first, key)):
        ways = with_room(ways, last + 1)
        low, high = nth(births.low, births.high, number)
        words = (tile, low, high, key)
        uniform_row(tile, low, high, OUTCOME, key, lanes.outcome)
        uniform_row(tile, low, high, PERIOD, key, lanes.uniform[0])
        uniform_row(tile, low, high, DAY, key, lanes.uniform[1])
        count = enter(births, road, lanes, number)
        at, count = _to_work(births.stage, work, road, lanes, count, *words)
        if at <= last:
            write_way(before + number, at, road, work, ways, lanes, count, *words)
        else:
            settle(
                births.amount, births.quantiles, True, repeats, pending, road, paths, lanes,
                results, count, tile, first, low, high, key,
            )  # fmt: skip
    return ways
