"""The folded kernel: one uniform per deal and path decides whether and by when it is booked.

A deal of group ``g`` is booked by the end of period ``k`` when its uniform is at most
``w_g(z) F_g(T_k / c)``: the chance to win under the path's market factor, times the distribution
of the remaining time given a win under the path's cycle factor. Lanes are the 256 paths of a tile.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from funnelsim.kernels.normal import normal_cdf
from funnelsim.kernels.philox import uniform_row
from funnelsim.kernels.quantiles import quantile

TILE = 256
SCALE = 2.0**31
MOST_PARTIAL = 2**31 - 1
OUTCOME = np.uint64(0)
AMOUNT_HIGH = np.uint64(1)
AMOUNT_LOW = np.uint64(2)


class Deals(NamedTuple):
    """All that the kernel knows of a scenario: ``G`` groups, ``n`` deals, ``K`` periods, ``D`` draws.

    ``score`` is the chance to win, or where the market moves it, its normal quantile divided by
    the root of what is left of the variance. ``by_end`` is F at the ends of the periods; groups
    with a row in ``table`` read F there, at places that the cycle factor moves.
    """

    group_first: NDArray[np.int64]  # (G + 1,) first deal of each group
    group_fixed: NDArray[np.int64]  # (G,) end of those of its deals with one amount on all paths
    cell: NDArray[np.int64]  # (G,) row of the path factors' shift; -1: no market factor
    score: NDArray[np.float64]  # (G, D)
    by_end: NDArray[np.float64]  # (G, K, D)
    table_row: NDArray[np.int64]  # (G,) row of the table; -1: by_end
    table: NDArray[np.float64]  # (rows, D * nodes)
    nodes: int
    draw_step: int  # distance of one draw's nodes from the next; 0 if there is one draw
    end_place: NDArray[np.float64]  # (K,) place of the end of a period on the table's axis
    low: NDArray[np.uint64]  # (n,) the deal's stable number, lower 32 bits
    high: NDArray[np.uint64]  # (n,) upper 32 bits
    amount: NDArray[np.int64]  # (n,) cents
    spread: NDArray[np.int64]  # (n,) row of quantiles for amounts with a spread; -1: fixed
    quantiles: NDArray[np.float64]  # (spreads, 2, octaves, steps + 1) currency units


class PathFactors(NamedTuple):
    """What the deals of a path share, for ``P`` paths (a multiple of the tile)."""

    shift: NDArray[np.float64]  # (cells, P) added to a score
    slowness: NDArray[np.float64]  # (P,) steps on the table's axis by which a cycle is longer
    size: NDArray[np.float64]  # (P,) factor of all amounts
    draw: NDArray[np.int64]  # (P,) row of the uncertain parameters


class Scratch(NamedTuple):
    """Rows that the kernel writes and reads again: one lane for each path of a tile."""

    chance: NDArray[np.float64]
    by: NDArray[np.float64]
    amount: NDArray[np.float64]
    uniform: NDArray[np.int32]  # (4, TILE)
    place: NDArray[np.uint32]  # (K, TILE), and so are the rest
    part: NDArray[np.float64]
    threshold: NDArray[np.int32]
    partial: NDArray[np.int32]
    total: NDArray[np.float64]
    count: NDArray[np.int32]

    @classmethod
    def make(cls, periods: int) -> Scratch:
        """Return rows for a number of periods."""
        row, rows = TILE, (periods, TILE)
        return cls(
            np.empty(row), np.empty(row), np.empty(row), np.empty((4, TILE), np.int32),
            np.zeros(rows, np.uint32), np.zeros(rows), np.empty(rows, np.int32),
            np.zeros(rows, np.int32), np.zeros(rows), np.zeros(rows, np.int32),
        )


@njit(nogil=True)
def _pick(values, draw, row):
    """Fill ``row`` with the value of each path's draw."""
    if len(values) == 1:
        row[:] = values[0]
    else:
        for lane in range(TILE):
            row[lane] = values[draw[lane]]


@njit(nogil=True)
def _move(shift, chance):
    """Turn scores into chances to win under the market factor."""
    for lane in range(TILE):
        chance[lane] = normal_cdf(chance[lane] + shift[lane])


@njit(nogil=True)
def _read(nodes, offset, draw, place, part, by):
    """Fill ``by`` with F at the places of one period's end."""
    step = np.uint32(offset)
    for lane in range(TILE):
        at = np.uint32(place[lane] + step * draw[lane])
        below = nodes[at]
        by[lane] = below + part[lane] * (nodes[np.uint32(at + np.uint32(1))] - below)


@njit(nogil=True)
def _scale(chance, by, threshold):
    """Fill thresholds t with P(u <= t) = chance for a 31-bit u: -1 never, 2**31 - 1 always."""
    for lane in range(TILE):
        threshold[lane] = np.int32(chance[lane] * by[lane] * SCALE - 1.0)


@njit(nogil=True)
def _places(end_place, slowness, nodes, place, part):
    """Fill the place of a period's end on the table's axis, as the cycle factor moves it."""
    for lane in range(TILE):
        at = min(max(end_place - slowness[lane], 0.0), nodes - 1.001)
        node = np.int32(at)
        place[lane] = node
        part[lane] = at - node


@njit(nogil=True)
def _add1(uniform, threshold, amount, partial, count):
    """Add one deal's cents and win to every path on which it is booked by the period's end."""
    for lane in range(TILE):
        booked = uniform[lane] <= threshold[lane]
        partial[lane] += amount if booked else np.int32(0)
        count[lane] += np.int32(booked)


@njit(nogil=True)
def _add4(u0, u1, u2, u3, a0, a1, a2, a3, threshold, partial, count):
    """Do the same for four deals of a group at once: a third less traffic for each."""
    zero = np.int32(0)
    for lane in range(TILE):
        t = threshold[lane]
        b0, b1, b2, b3 = u0[lane] <= t, u1[lane] <= t, u2[lane] <= t, u3[lane] <= t
        partial[lane] += (a0 if b0 else zero) + (a1 if b1 else zero) + (
            (a2 if b2 else zero) + (a3 if b3 else zero)
        )
        count[lane] += (np.int32(b0) + np.int32(b1)) + (np.int32(b2) + np.int32(b3))


@njit(nogil=True)
def _add_varying(uniform, threshold, amount, total, count):
    """Do the same with an amount per path; whole numbers in floats add up exactly."""
    for lane in range(TILE):
        booked = uniform[lane] <= threshold[lane]
        total[lane] += amount[lane] if booked else 0.0
        count[lane] += np.int32(booked)


@njit(nogil=True)
def _flush(partial, total):
    for k in range(partial.shape[0]):
        row, into = partial[k], total[k]
        for lane in range(TILE):
            into[lane] += row[lane]
            row[lane] = 0


@njit(nogil=True)
def _draw_amounts(table, upper, lower, amount):
    """Fill ``amount`` with cents drawn from the deal's own distribution."""
    for lane in range(TILE):
        amount[lane] = 100.0 * quantile(table, upper[lane], lower[lane])


@njit(nogil=True)
def _resize(size, amount):
    """Multiply cents by the amount factor and round them."""
    for lane in range(TILE):
        amount[lane] = np.floor(amount[lane] * size[lane] + 0.5)


@njit(nogil=True)
def _fold(deals, factors, scratch, key_words, first_tile, bookings, wins):
    """Fill bookings (cents) and wins, both (periods, paths), for the tiles from ``first_tile``.

    Deals with one amount on all paths are added as 32-bit integers, flushed before they could
    overflow; the others, and very large ones, as whole numbers in floats, exact as well.
    """
    key = (key_words[0], key_words[1])  # scalars: an array could alias what is written
    periods, paths = bookings.shape
    cell, score, by_end = deals.cell, deals.score, deals.by_end
    table, table_row = deals.table, deals.table_row
    group_first, group_fixed = deals.group_first, deals.group_fixed
    low, high, cents, spread = deals.low, deals.high, deals.amount, deals.spread
    chance, by, amount = scratch.chance, scratch.by, scratch.amount
    place, part, threshold, uniform = scratch.place, scratch.part, scratch.threshold, scratch.uniform
    u0, u1, u2, u3 = uniform[0], uniform[1], uniform[2], uniform[3]
    partial, total, count = scratch.partial, scratch.total, scratch.count
    for first in range(0, paths, TILE):
        tile = np.uint64(first_tile + first // TILE)
        draw = factors.draw[first : first + TILE]
        size = factors.size[first : first + TILE]
        slowness = factors.slowness[first : first + TILE]
        if len(table) > 0:
            for k in range(periods):
                _places(deals.end_place[k], slowness, deals.nodes, place[k], part[k])
        total[:] = 0.0
        count[:] = 0
        room = np.int64(MOST_PARTIAL)
        for group in range(len(cell)):
            _pick(score[group], draw, chance)
            if cell[group] >= 0:
                _move(factors.shift[cell[group], first : first + TILE], chance)
            for k in range(periods):
                if table_row[group] >= 0:
                    _read(table[table_row[group]], deals.draw_step, draw, place[k], part[k], by)
                else:
                    _pick(by_end[group, k], draw, by)
                _scale(chance, by, threshold[k])
            deal = group_first[group]
            fixed, last = group_fixed[group], group_first[group + 1]
            while deal < last:
                several = 4 if fixed - deal >= 4 else 1
                together = np.int64(0)
                for one in range(several):
                    uniform_row(tile, low[deal + one], high[deal + one], OUTCOME, key, uniform[one])
                    together += cents[deal + one]
                if deal >= fixed:
                    amount[:] = cents[deal]
                    if spread[deal] >= 0:
                        uniform_row(tile, low[deal], high[deal], AMOUNT_HIGH, key, uniform[1])
                        uniform_row(tile, low[deal], high[deal], AMOUNT_LOW, key, uniform[2])
                        _draw_amounts(deals.quantiles[spread[deal]], uniform[1], uniform[2], amount)
                    _resize(size, amount)
                    for k in range(periods):
                        _add_varying(uniform[0], threshold[k], amount, total[k], count[k])
                else:
                    if together > room:
                        _flush(partial, total)
                        room = np.int64(MOST_PARTIAL)
                    room -= together
                    a0 = np.int32(cents[deal])
                    if several == 4:
                        a1, a2 = np.int32(cents[deal + 1]), np.int32(cents[deal + 2])
                        a3 = np.int32(cents[deal + 3])
                        for k in range(periods):
                            _add4(u0, u1, u2, u3, a0, a1, a2, a3, threshold[k], partial[k], count[k])
                    else:
                        for k in range(periods):
                            _add1(u0, threshold[k], a0, partial[k], count[k])
                deal += several
        _flush(partial, total)
        for k in range(periods):
            for lane in range(TILE):
                before = total[k - 1, lane] if k > 0 else 0.0
                bookings[k, first + lane] = np.int64(total[k, lane] - before)
                wins[k, first + lane] = count[k, lane] - (count[k - 1, lane] if k > 0 else 0)
