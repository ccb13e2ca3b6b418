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
from funnelsim.kernels.philox import uniform_row, word_row
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
    draws: int
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
    """Turn scores into chances to win under the market factor, times the scale."""
    for lane in range(TILE):
        chance[lane] = SCALE * normal_cdf(chance[lane] + shift[lane])


@njit(nogil=True)
def _read(nodes, offset, draw, place, part, by):
    """Fill ``by`` with F at the places of one period's end."""
    for lane in range(TILE):
        at = np.uint32(place[lane] + offset * draw[lane])
        below = nodes[at]
        by[lane] = below + part[lane] * (nodes[np.uint32(at + np.uint32(1))] - below)


@njit(nogil=True)
def _scale(chance, by, threshold):
    """Fill thresholds t with P(u <= t) = chance for a 31-bit u: -1 never, 2**31 - 1 always."""
    for lane in range(TILE):
        threshold[lane] = np.int32(chance[lane] * by[lane] - 1.0)


@njit(nogil=True)
def _scale_by(chance, by, threshold):
    """Do the same for an F that is the same on all paths."""
    for lane in range(TILE):
        threshold[lane] = np.int32(chance[lane] * by - 1.0)


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
def _add4(u0, u1, u2, u3, threshold, a0, a1, a2, a3, partial, count):
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
def _spread(table, low, high, tile, key, upper, lower, amount):
    """Fill ``amount`` with cents drawn from the deal's own distribution."""
    word_row(tile, low, high, AMOUNT_HIGH, key, upper)
    word_row(tile, low, high, AMOUNT_LOW, key, lower)
    for lane in range(TILE):
        amount[lane] = 100.0 * quantile(table, upper[lane], lower[lane])


@njit(nogil=True)
def _resize(size, amount):
    """Multiply cents by the amount factor and round them."""
    for lane in range(TILE):
        amount[lane] = np.floor(amount[lane] * size[lane] + 0.5)


@njit(nogil=True)
def _add_fixed(first, last, low, high, cents, tile, key, threshold, uniform, partial, total, count, room):
    """Add deals whose amount is the same on every path; return the room left.

    Partial sums are 32-bit integers; they are flushed before they could overflow.
    """
    deal = first
    while deal < last:
        several = 4 if last - deal >= 4 else 1
        together = np.int64(0)
        for one in range(several):
            uniform_row(tile, low[deal + one], high[deal + one], OUTCOME, key, uniform[one])
            together += cents[deal + one]
        if together > room:
            _flush(partial, total)
            room = MOST_PARTIAL
        room -= together
        a0 = np.int32(cents[deal])
        if several == 4:
            a1, a2, a3 = np.int32(cents[deal + 1]), np.int32(cents[deal + 2]), np.int32(cents[deal + 3])
            for k in range(threshold.shape[0]):
                _add4(uniform[0], uniform[1], uniform[2], uniform[3], threshold[k],
                      a0, a1, a2, a3, partial[k], count[k])
        else:
            for k in range(threshold.shape[0]):
                _add1(uniform[0], threshold[k], a0, partial[k], count[k])
        deal += several
    return room


@njit(nogil=True)
def _fold(deals, factors, key_words, first_tile, bookings, wins):
    """Fill bookings (cents) and wins, both (periods, paths), for the tiles from ``first_tile``."""
    key = (key_words[0], key_words[1])  # scalars: an array could alias what is written
    periods, paths = bookings.shape
    cell, score, by_end = deals.cell, deals.score, deals.by_end
    table, table_row, nodes = deals.table, deals.table_row, deals.nodes
    group_first, group_fixed = deals.group_first, deals.group_fixed
    low, high, cents, spread = deals.low, deals.high, deals.amount, deals.spread
    offset = np.uint32(nodes if deals.draws > 1 else 0)
    chance, by, amount = np.empty(TILE), np.empty(TILE), np.empty(TILE)
    place, part = np.zeros((periods, TILE), np.uint32), np.zeros((periods, TILE))
    threshold = np.empty((periods, TILE), np.int32)
    uniform = np.empty((4, TILE), np.int32)
    upper, lower = np.empty(TILE, np.uint64), np.empty(TILE, np.uint64)
    partial, count = np.zeros((periods, TILE), np.int32), np.zeros((periods, TILE), np.int32)
    total = np.zeros((periods, TILE))
    for first in range(0, paths, TILE):
        tile = first_tile + first // TILE
        draw = factors.draw[first : first + TILE]
        size = factors.size[first : first + TILE]
        slowness = factors.slowness[first : first + TILE]
        if len(table) > 0:
            for k in range(periods):
                _places(deals.end_place[k], slowness, nodes, place[k], part[k])
        total[:] = 0.0
        count[:] = 0
        room = MOST_PARTIAL
        for group in range(len(cell)):
            _pick(score[group], draw, chance)
            if cell[group] >= 0:
                _move(factors.shift[cell[group], first : first + TILE], chance)
            for k in range(periods):
                if table_row[group] >= 0:
                    _read(table[table_row[group]], offset, draw, place[k], part[k], by)
                    _scale(chance, by, threshold[k])
                elif by_end.shape[2] == 1:
                    _scale_by(chance, by_end[group, k, 0], threshold[k])
                else:
                    _pick(by_end[group, k], draw, by)
                    _scale(chance, by, threshold[k])
            room = _add_fixed(group_first[group], group_fixed[group], low, high, cents, tile, key,
                              threshold, uniform, partial, total, count, room)
            for deal in range(group_fixed[group], group_first[group + 1]):
                uniform_row(tile, low[deal], high[deal], OUTCOME, key, uniform[0])
                if spread[deal] >= 0:
                    _spread(deals.quantiles[spread[deal]], low[deal], high[deal], tile, key, upper, lower, amount)
                else:
                    amount[:] = cents[deal]
                _resize(size, amount)
                for k in range(periods):
                    _add_varying(uniform[0], threshold[k], amount, total[k], count[k])
        _flush(partial, total)
        for k in range(periods):
            for lane in range(TILE):
                before = total[k - 1, lane] if k > 0 else 0.0
                bookings[k, first + lane] = np.int64(total[k, lane] - before)
                wins[k, first + lane] = count[k, lane] - (count[k - 1, lane] if k > 0 else 0)
