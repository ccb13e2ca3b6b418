"""Created deals in the kernel of trajectories: how many there are on a path, and when each enters.

Deal number 0, 1, 2, ... of a path has the stable number of the first one plus so many. Their number
is Poisson, by one uniform of 53 bits for each 500 of its mean; then each deal picks its period by
the mean numbers, and its day evenly inside of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.kernels.borrowing import borrowed
from funnelsim.kernels.cells import level_of_word
from funnelsim.kernels.creation import draw_counts, nth
from funnelsim.kernels.jit import inlined, part
from funnelsim.kernels.outcomes import OUTCOME, TILE
from funnelsim.kernels.philox import uniform_row
from funnelsim.kernels.settling import settle
from funnelsim.kernels.walking import ZERO, go_on, thresholds

PERIOD = np.uint64(3)
DAY = np.uint64(4)
ALWAYS = np.int32(2**31 - 1)


class Births(NamedTuple):
    """What the kernel knows of ``J`` pieces of periods of creation; none: no new business.

    Where numbers are planned, the pieces are the whole periods.
    """

    stage: int
    period: NDArray[np.int64]  # (J,)
    cohort: NDArray[np.int64]  # pieces of one cohort have rates that move together
    part: NDArray[np.float64]  # of the mean number of its cohort
    lo: NDArray[np.float64]  # (J,) days between which deals are created
    hi: NDArray[np.float64]  # (J,)
    year: float  # days to a year of the market factor
    planned: NDArray[np.int64]  # (J,) exact number created by the end of each; empty: Poisson
    score: NDArray[np.float64]  # (1, S - 1, draws) chance to leave a stage forward, as a score
    moved: bool  # whether the market moves it
    low: np.uint64  # the stable number of the first deal, lower 32 bits
    high: np.uint64  # upper 32 bits
    amount: int  # cents
    quantiles: NDArray[np.float64]  # (2, 2, nodes) currency units; (0, 2, 2): one amount


@part
def prepare(births, paths, lanes, first):
    """Fill the thresholds of deals created in each year."""
    for year in range(len(lanes.ready)):
        shift = paths.new_shift[year, first : first + TILE]
        thresholds(
            births.score, 0, births.stage, lanes.draw, shift, births.moved, lanes.chance,
            lanes.ready[year],
        )  # fmt: skip


@part
def count_created(births, paths, lanes, tile, first, key):
    """Fill the number of deals created on each path; return the largest."""
    total, last = lanes.total, len(births.cohort) - 1
    if len(births.planned) > 0:
        return births.planned[len(births.planned) - 1]
    for j in range(last + 1):
        for lane in range(TILE):
            before = total[j - 1, lane] if j > 0 else 0.0
            mean = paths.mean[births.cohort[j], first + lane]
            total[j, lane] = before + births.part[j] * mean
    draw_counts(
        tile, births.low, births.high, key, total[last], lanes.uniform, lanes.real, lanes.created
    )
    most = np.int64(0)
    for lane in range(TILE):
        most = max(most, np.int64(lanes.created[lane]))
    return most


@part
def _pick_pieces(planned, total, number, word, place, piece):
    """Fill the piece of a period in which each path's deal with this number is created."""
    last = len(total) - 1
    if len(planned) > 0:
        j = 0
        while j < last and planned[j] <= number:
            j += 1
        piece[:] = np.uint64(j)
        return
    piece[:] = ZERO
    for lane in range(TILE):
        place[lane] = level_of_word(word[lane]) * total[last, lane]
    for j in range(last):
        for lane in range(TILE):
            piece[lane] += np.uint64(total[j, lane] <= place[lane])


@inlined
def clock_at(tau, day):
    """Return the clock at a calendar day; progress is even within a day."""
    if len(tau) == 0:
        return day
    whole = np.int64(day)
    return tau[whole] + (day - np.float64(whole)) * (tau[whole + 1] - tau[whole])


@part
def sure_to_win(births, lanes):
    """Return whether every created deal of a tile is won, and if so leave the words of that."""
    for year in range(len(lanes.ready)):
        for s in range(births.stage, lanes.ready.shape[1]):
            for lane in range(TILE):
                if lanes.ready[year, s, lane] < ALWAYS:
                    return False
    lanes.outcome[:] = 0
    return True


@part
def draw_birth(births, sure, lanes, tile, low, high, key):
    """Fill the words of a created deal that matter: of its outcome, its period and its day."""
    if not sure:
        uniform_row(tile, low, high, OUTCOME, key, lanes.outcome)
    if len(births.period) > 1 and len(births.planned) == 0:
        uniform_row(tile, low, high, PERIOD, key, lanes.uniform[0])
    uniform_row(tile, low, high, DAY, key, lanes.uniform[1])


@part
def enter(births, road, lanes, number):
    """Let the deal with this number enter its stage where it is created; return on how many lanes.

    The words of its period and of its day are at hand.
    """
    births, road, lanes = borrowed(births), borrowed(road), borrowed(lanes)
    stage, tau, planned = births.stage, road.tau, births.planned
    lo, hi, periods, year_length = births.lo, births.hi, births.period, births.year
    moment, created, active, clock = lanes.uniform[1], lanes.created, lanes.active, lanes.clock
    period, earliest, entered = lanes.period, lanes.earliest, lanes.entered[stage]
    ready, threshold = lanes.ready, lanes.threshold
    last_year, there = len(ready) - 1, np.int64(0)
    _pick_pieces(planned, lanes.total, number, lanes.uniform[0], lanes.real[0], period)
    if last_year == 0:
        for s in range(stage, len(threshold)):
            for lane in range(TILE):
                threshold[s, lane] = ready[0, s, lane]
    for lane in range(TILE):
        j = period[lane]
        day = lo[j] + level_of_word(moment[lane]) * (hi[j] - lo[j])
        if last_year > 0:
            year = min(np.int64(day / year_length), last_year)
            for s in range(stage, len(threshold)):
                threshold[s, lane] = ready[year, s, lane]
        clock[lane] = clock_at(tau, day)
        period[lane] = np.uint64(periods[j])
        earliest[lane] = np.int64(np.ceil(day))
    for lane in range(TILE):
        created_here = len(planned) > 0 or number < created[lane]
        entered[period[lane], lane] += np.int32(created_here)
        active[there] = np.uint64(lane)
        there += np.int64(created_here)
    return there


@part
def walk_created_deals(births, repeats, pending, road, paths, lanes, results, tile, first, key):
    """Create deals on the paths of a tile, and walk them."""
    if len(births.period) == 0:
        return
    prepare(births, paths, lanes, first)
    sure = sure_to_win(births, lanes)
    for number in range(count_created(births, paths, lanes, tile, first, key)):
        low, high = nth(births.low, births.high, number)
        draw_birth(births, sure, lanes, tile, low, high, key)
        count = enter(births, road, lanes, number)
        count = go_on(births.stage, road.whole, ZERO, 0.0, road, lanes, count, tile, low, high, key)
        settle(
            births.amount, births.quantiles, True, repeats, pending, road, paths, lanes, results,
            count, tile, first, low, high, key,
        )  # fmt: skip
