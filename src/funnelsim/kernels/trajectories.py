"""The kernel of trajectories: every stage's time of every deal, and what is booked when.

It agrees in law with the folded kernel and draws the same words for outcomes and amounts; beside
bookings it knows when each deal enters each stage, and on which day it is won.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.kernels.births import walk_created_deals
from funnelsim.kernels.jit import part
from funnelsim.kernels.outcomes import OUTCOME, TILE
from funnelsim.kernels.philox import uniform_row
from funnelsim.kernels.settling import settle
from funnelsim.kernels.walking import (
    FIRST_TIME,
    NO_TIME,
    ZERO,
    go_on,
    period_of,
    rest_of,
    thresholds,
)


class OpenDeals(NamedTuple):
    """``n`` open deals in ``G`` groups alike but for the amount; ``S`` stages, the last is won."""

    group_first: NDArray[np.int64]  # (G + 1,) first deal of each group
    stage: NDArray[np.int64]  # (G,)
    cell: NDArray[np.int64]  # (G,) row of the path factors' shift; -1: no market factor
    score: NDArray[np.float64]  # (G, S - 1, draws) chance to leave a stage forward, as a score
    age: NDArray[np.float64]  # (G,) days on the clock
    alive: NDArray[np.float64]  # (G, 2, draws) chance that a time, forward or lost, exceeds it
    alive_step: np.uint64  # 0 if that is the same in all draws, else 1
    close: NDArray[np.float64]  # (G,) stated close date on the clock; below 0: none
    close_period: NDArray[np.int64]  # (G,) its period
    close_day: NDArray[np.int64]  # (G,) its day
    low: NDArray[np.uint64]  # (n,) the deal's stable number, lower 32 bits
    high: NDArray[np.uint64]  # (n,) upper 32 bits
    amount: NDArray[np.int64]  # (n,) cents
    spread: NDArray[np.int64]  # (n,) row of quantiles for amounts with a spread; -1: fixed
    quantiles: NDArray[np.float64]  # (at least 1, 2, 2, nodes) currency units


@part
def close_on_date(stage, deals, group, road, lanes, tile, low, high, key):
    """Let the deal be won on its stated close date, on the lanes where it is won.

    Its times are as drawn, but for their scale. Return on how many lanes it is won in time.
    """
    active, clock, period, rest = lanes.active, lanes.clock, lanes.period, lanes.rest
    last = lanes.threshold.shape[0] - 1
    count = np.int64(0)
    for lane in range(TILE):
        active[count] = np.uint64(lane)
        count += np.int64(lanes.outcome[lane] <= lanes.threshold[last, lane])
    for i in range(count):
        clock[active[i]] = 0.0
    for s in range(stage, last + 1):
        uniform_row(tile, low, high, FIRST_TIME + np.uint64(s), key, lanes.uniform[0])
        for i in range(count):
            lane = active[i]
            draw = np.uint64(lanes.draw[lane])
            here = s == stage
            rest[s, lane] = rest_of(
                road.places,
                road.guide,
                road.nodes,
                road.law[s, 0, np.uint64(road.law_step * draw)],
                deals.alive[group, 0, np.uint64(deals.alive_step * draw)] if here else 1.0,
                deals.age[group] if here else 0.0,
                lanes.uniform[0, lane],
            )
            clock[lane] += rest[s, lane]  # first of all the sum
    close, at_close = deals.close[group], np.uint64(deals.close_period[group])
    for i in range(count):
        lane = active[i]
        scale = close / clock[lane] if clock[lane] > NO_TIME else 0.0
        at, k = 0.0, ZERO
        for s in range(stage, last + 1):
            at += rest[s, lane] * scale
            k = min(period_of(road.end, at, k), at_close) if s < last else at_close
            lanes.left[s, k, lane] += np.int32(1)
            lanes.entered[s + 1, k, lane] += np.int32(1)
        clock[lane], period[lane] = close, at_close
        lanes.earliest[lane] = deals.close_day[group]
    return count if at_close < np.uint64(len(road.end) - 1) else 0


@part
def start_everywhere(lanes):
    """Let a deal be open on all lanes, at the as-of date."""
    for lane in range(TILE):
        lanes.active[lane] = np.uint64(lane)
        lanes.clock[lane] = 0.0
        lanes.period[lane] = ZERO
        lanes.earliest[lane] = 1


@part
def start_lost(lanes):
    """Let a deal be open on the lanes where it is lost in the end; return how many."""
    start_everywhere(lanes)
    last = lanes.threshold.shape[0] - 1
    count = np.int64(0)
    for lane in range(TILE):
        lanes.active[count] = np.uint64(lane)
        count += np.int64(lanes.outcome[lane] > lanes.threshold[last, lane])
    return count


@part
def walk_open_deals(deals, repeats, pending, road, paths, lanes, results, tile, first, key):
    """Walk all open deals on the paths of a tile."""
    low, high = deals.low, deals.high
    for group in range(len(deals.stage)):
        stage, cell, close = deals.stage[group], deals.cell[group], deals.close[group]
        shift = paths.shift[max(cell, 0), first : first + TILE]
        thresholds(
            deals.score, group, stage, lanes.draw, shift, cell >= 0, lanes.chance, lanes.threshold
        )
        age, alive, step = deals.age[group], deals.alive[group], deals.alive_step
        for deal in range(deals.group_first[group], deals.group_first[group + 1]):
            uniform_row(tile, low[deal], high[deal], OUTCOME, key, lanes.outcome)
            words = (tile, low[deal], high[deal], key)
            if close < 0.0:
                start_everywhere(lanes)
                count = go_on(stage, alive, step, age, road, lanes, TILE, *words)
            else:
                count = start_lost(lanes)
                go_on(stage, alive, step, age, road, lanes, count, *words)
                count = close_on_date(stage, deals, group, road, lanes, *words)
            drawn = deals.spread[deal] >= 0
            own = deals.quantiles[max(deals.spread[deal], 0), : 2 * drawn]
            settle(
                deals.amount[deal], own, False, repeats, pending, road, paths, lanes, results,
                count, tile, first, low[deal], high[deal], key,
            )  # fmt: skip


@part
def hand_out(deals, lanes, results, first):
    """Write what was counted in a tile; ``deals`` say how many stand in each stage at first."""
    entered, left = lanes.entered, lanes.left
    stages, periods = results.entering.shape[0], results.entering.shape[1]
    for s in range(stages):
        for k in range(periods):
            for lane in range(TILE):
                results.entering[s, k, first + lane] = entered[s, k, lane]
    for s in range(stages - 1):
        there = np.int32(0)
        for group in range(len(deals.stage)):
            size = deals.group_first[group + 1] - deals.group_first[group]
            there += np.int32(size if deals.stage[group] == s else 0)
        for k in range(periods):
            for lane in range(TILE):
                before = results.standing[s, k - 1, first + lane] if k > 0 else there
                results.standing[s, k, first + lane] = (
                    before + entered[s, k, lane] - left[s, k, lane]
                )


def walk_of(source: int) -> Callable[..., None]:
    """Return the kernel, closed over a digest of its source: see `funnelsim.kernels.compiled`.

    The kernel fills results for the tiles from ``first_tile``; they hold zeros, and days beyond
    all in ``signed``.
    """

    def walk(deals, births, repeats, pending, road, paths, lanes, key_words, first_tile, results):
        source  # noqa: B018
        key = (key_words[0], key_words[1])
        for first in range(0, len(paths.pace), TILE):
            tile = np.uint64(first_tile + first // TILE)
            lanes.entered[:] = 0
            lanes.left[:] = 0
            for lane in range(TILE):
                lanes.pace[lane] = paths.pace[first + lane]
                lanes.draw[lane] = paths.draw[first + lane]
            walk_open_deals(deals, repeats, pending, road, paths, lanes, results, tile, first, key)
            walk_created_deals(
                births, repeats, pending, road, paths, lanes, results, tile, first, key
            )
            hand_out(deals, lanes, results, first)

    return walk
