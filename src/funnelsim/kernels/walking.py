"""One deal's way through the stages, on the 256 paths of a tile.

Lanes are paths. The deal's word of outcome says how far it gets on each of them; one more word for
each stage says how long it stays there, given that it goes on or is lost. The lanes whose deal is
still open stand at the front of a list, so that those that are lost cost nothing more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.kernels.cells import ONE, is_single, level_of_word, time_at
from funnelsim.kernels.jit import part
from funnelsim.kernels.outcomes import SCALE, TILE, move, pick
from funnelsim.kernels.philox import uniform_row

ZERO = np.uint64(0)
FIRST_TIME = np.uint64(8)
"""Purpose of the time in the first stage; that of stage ``s`` is ``s`` more."""
NO_TIME = 1e-9
"""Days; a way that takes no longer has no shape that could be stretched."""


class Road(NamedTuple):
    """What every deal goes through: laws of time, periods, days."""

    law: NDArray[np.uint64]  # (S - 1, 2, draws) table of the time in a stage, forward or lost
    law_step: np.uint64  # 0 if times are the same in all draws, else 1
    places: NDArray[np.int64]  # tables of times, as `funnelsim.kernels.cells` has them
    guide: NDArray[np.uint32]
    nodes: NDArray[np.float64]
    end: NDArray[np.float64]  # (K + 1,) ends of the periods on the clock, then infinity
    tau: NDArray[np.float64]  # (H + 1,) the clock at whole days; empty: the clock is the calendar
    whole: NDArray[np.float64]  # (2, 1) ones: what a deal of no age survives


class WalkPaths(NamedTuple):
    """What the deals of a path share, for ``P`` paths (a multiple of the tile)."""

    shift: NDArray[np.float64]  # (cells, P) added to a score
    pace: NDArray[np.float64]  # (P,) factor of all remaining times
    size: NDArray[np.float64]  # (P,) factor of all amounts
    draw: NDArray[np.uint32]  # (P,) row of the uncertain parameters
    mean: NDArray[np.float64]  # (C, P) mean number of deals created in each cohort
    new_shift: NDArray[np.float64]  # (years, P) added to the score of a deal created in a year


class Lanes(NamedTuple):
    """Rows that the kernel writes and reads again: one lane for each path of a tile."""

    chance: NDArray[np.float64]
    outcome: NDArray[np.int32]
    uniform: NDArray[np.int32]  # (2, TILE)
    threshold: NDArray[np.int32]  # (S - 1, TILE)
    active: NDArray[np.uint64]  # lanes whose deal is still open
    clock: NDArray[np.float64]  # when it entered its stage
    period: NDArray[np.uint64]  # the period of that
    earliest: NDArray[np.int64]  # a day that no win of the deal is before
    rest: NDArray[np.float64]  # (S - 1, TILE) time that remained in each stage
    pace: NDArray[np.float64]
    draw: NDArray[np.uint32]
    entered: NDArray[np.int32]  # (S, K + 1, TILE); the last row is beyond the horizon
    left: NDArray[np.int32]  # (S - 1, K + 1, TILE)
    real: NDArray[np.float64]  # (4, TILE)
    created: NDArray[np.int32]  # deals created on the path
    total: NDArray[np.float64]  # (J, TILE) mean number created by the end of each period
    ready: NDArray[np.int32]  # (years, S - 1, TILE) thresholds of a deal created in a year


@part
def thresholds(score, group, stage, draw, shift, moved, chance, threshold):
    """Fill the thresholds of each stage ahead: a 31-bit uniform at most that goes forward."""
    for s in range(stage, threshold.shape[0]):
        pick(score[group, s], draw, chance)
        if moved:
            move(shift, chance)
        for lane in range(TILE):
            threshold[s, lane] = np.int32(chance[lane] * SCALE - 1.0)


@part
def period_of(end, clock, period):
    """Return the period in which the clock reaches this time, none before ``period``."""
    while clock > end[period]:
        period = np.uint64(period + ONE)
    return period


@part
def rest_of(places, guide, nodes, law, survival, age, word):
    """Return what remains of a time that exceeds the age; nothing where none can."""
    time = time_at(places, guide, nodes, law, survival * level_of_word(word))
    return max(time - age, 0.0) if survival > 0.0 else 0.0


@part
def leave(s, alive, step, age, road, lanes, count):
    """Let the first ``count`` lanes leave stage ``s``; return how many then are in the next.

    The others are lost, or leave it beyond the horizon. ``alive`` (2, draws) is the chance that a
    time, forward or lost, exceeds the age. Times are read for all lanes before any period is looked
    for: a branch that the processor guesses wrong then holds up no reads.
    """
    law, law_step, end = road.law[s], road.law_step, road.end
    places, guide, nodes = road.places, road.guide, road.nodes
    threshold, outcome, uniform = lanes.threshold[s], lanes.outcome, lanes.uniform[0]
    active, clock, period, pace = lanes.active, lanes.clock, lanes.period, lanes.pace
    entered, left, draw = lanes.entered[s + 1], lanes.left[s], lanes.draw
    rest = lanes.rest[s]
    beyond, going = np.uint64(len(end) - 1), np.uint64(0)
    for i in range(count):
        lane = active[i]
        lost, row = np.uint64(outcome[lane] > threshold[lane]), np.uint64(draw[lane])
        survival = alive[lost, np.uint64(step * row)]
        table = law[lost, np.uint64(law_step * row)]
        rest[lane] = rest_of(places, guide, nodes, table, survival, age, uniform[lane])
    for i in range(count):
        lane = active[i]
        lost = np.uint64(outcome[lane] > threshold[lane])
        at = clock[lane] + rest[lane] * pace[lane]
        k = period_of(end, at, period[lane])
        left[k, lane] += np.int32(1)
        entered[k, lane] += np.int32(ONE - lost)
        clock[lane] = at
        period[lane] = k
        active[going] = lane
        going += np.uint64(ONE - lost) & np.uint64(k < beyond)
    return np.int64(going)


@part
def draw_time(s, road, lanes, tile, low, high, key):
    """Fill the first row of words with those of the time in a stage, if they can change it."""
    law, places = road.law[s], road.places
    fixed = is_single(places, law[0, 0]) and is_single(places, law[1, 0])
    if road.law_step != ZERO or not fixed:
        uniform_row(tile, low, high, FIRST_TIME + np.uint64(s), key, lanes.uniform[0])


@part
def go_on(stage, alive, step, age, road, lanes, count, tile, low, high, key):
    """Let the first ``count`` lanes go on from a stage; return how many are won in time."""
    for s in range(stage, lanes.threshold.shape[0]):
        if count > 0:
            draw_time(s, road, lanes, tile, low, high, key)
            if s == stage:
                count = leave(s, alive, step, age, road, lanes, count)
            else:
                count = leave(s, road.whole, ZERO, 0.0, road, lanes, count)
    return count
