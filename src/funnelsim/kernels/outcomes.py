"""The folded kernel: one uniform per deal and path decides whether and by when it is booked.

A deal of group ``g`` is booked by the end of period ``k`` when its uniform is at most
``w_g(z) F_g(T_k / c)``: the chance to win under the path's market factor, times the distribution
of the remaining time given a win under the path's cycle factor. Lanes are the 256 paths of a tile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.kernels.jit import part
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
    """All that the kernel knows: ``n`` deals in ``G`` groups, ``K`` periods, ``D`` draws.

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
    jump: NDArray[np.float64]  # where F jumps after a node; 2: it is a line; no rows: no jumps
    nodes: int
    draw_step: int  # distance of one draw's nodes from the next; 0 if there is one draw
    end_place: NDArray[np.float64]  # (K,) place of the end of a period on the table's axis
    low: NDArray[np.uint64]  # (n,) the deal's stable number, lower 32 bits
    high: NDArray[np.uint64]  # (n,) upper 32 bits
    amount: NDArray[np.int64]  # (n,) cents
    spread: NDArray[np.int64]  # (n,) row of quantiles for amounts with a spread; -1: fixed
    quantiles: NDArray[np.float64]  # (at least 1, 2, 2, nodes) currency units


class PathFactors(NamedTuple):
    """What the deals of a path share, for ``P`` paths (a multiple of the tile)."""

    shift: NDArray[np.float64]  # (cells, P) added to a score
    slowness: NDArray[np.float64]  # (P,) steps on the table's axis by which a cycle is longer
    size: NDArray[np.float64]  # (P,) factor of all amounts
    draw: NDArray[np.uint32]  # (P,) row of the uncertain parameters


class Scratch(NamedTuple):
    """Rows that the kernel writes and reads again: one lane for each path of a tile."""

    chance: NDArray[np.float64]
    by: NDArray[np.float64]  # (K, TILE)
    amount: NDArray[np.float64]
    uniform: NDArray[np.int32]  # (4, TILE)
    place: NDArray[np.uint32]  # (K, TILE), and so are the rest
    part: NDArray[np.float64]
    threshold: NDArray[np.int32]
    partial: NDArray[np.int32]
    total: NDArray[np.float64]
    won: NDArray[np.int32]

    @classmethod
    def make(cls, periods: int) -> Scratch:
        """Return rows for a number of periods."""
        row, rows = TILE, (periods, TILE)
        return cls(
            np.empty(row),
            np.empty(rows),
            np.empty(row),
            np.empty((4, TILE), np.int32),
            np.zeros(rows, np.uint32),
            np.zeros(rows),
            np.empty(rows, np.int32),
            np.zeros(rows, np.int32),
            np.zeros(rows),
            np.zeros(rows, np.int32),
        )


@part
def pick(values, draw, row):
    """Fill ``row`` with the value of each path's draw."""
    if len(values) == 1:
        row[:] = values[0]
    else:
        for lane in range(TILE):
            row[lane] = values[draw[lane]]


@part
def move(shift, chance):
    """Turn scores into chances to win under the market factor."""
    for lane in range(TILE):
        chance[lane] = normal_cdf(chance[lane] + shift[lane])


@part
def _places(end_place, slowness, nodes, place, part):
    """Fill the place of each period's end on the table's axis, as the cycle factor moves it."""
    for k in range(len(end_place)):
        for lane in range(TILE):
            at = min(max(end_place[k] - slowness[lane], 0.0), nodes - 1.001)
            node = np.int32(at)
            place[k, lane] = node
            part[k, lane] = at - node


@part
def _read(table, step, draw, k, place, part, by):
    """Fill ``by`` with F at the end of period ``k``, on a line between two nodes."""
    step = np.uint32(step)
    for lane in range(TILE):
        at = np.uint32(place[k, lane] + step * draw[lane])
        below = table[at]
        by[lane] = below + part[k, lane] * (table[np.uint32(at + np.uint32(1))] - below)


@part
def _read_jumps(table, jump, step, draw, k, place, part, by):
    """Do the same for an F that jumps between two nodes."""
    step = np.uint32(step)
    for lane in range(TILE):
        at = np.uint32(place[k, lane] + step * draw[lane])
        over = np.uint32(at + np.uint32(part[k, lane] >= jump[at]))
        by[lane] = table[over]


@part
def _scale(chance, by, k, threshold):
    """Fill thresholds t with P(u <= t) = chance for a 31-bit u: -1 never, 2**31 - 1 always."""
    for lane in range(TILE):
        threshold[k, lane] = np.int32(chance[lane] * by[lane] * SCALE - 1.0)


@part
def _add1(uniform, a0, threshold, partial, won):
    """Add one deal's cents and win to every path on which it is booked by a period's end."""
    zero = np.int32(0)
    for k in range(threshold.shape[0]):
        for lane in range(TILE):
            booked = uniform[0, lane] <= threshold[k, lane]
            partial[k, lane] += a0 if booked else zero
            won[k, lane] += np.int32(booked)


@part
def _add4(uniform, a0, a1, a2, a3, threshold, partial, won):
    """Do the same for four deals of a group at once: a third less traffic for each."""
    zero = np.int32(0)
    for k in range(threshold.shape[0]):
        for lane in range(TILE):
            t = threshold[k, lane]
            b0, b1 = uniform[0, lane] <= t, uniform[1, lane] <= t
            b2, b3 = uniform[2, lane] <= t, uniform[3, lane] <= t
            partial[k, lane] += ((a0 if b0 else zero) + (a1 if b1 else zero)) + (
                (a2 if b2 else zero) + (a3 if b3 else zero)
            )
            won[k, lane] += (np.int32(b0) + np.int32(b1)) + (np.int32(b2) + np.int32(b3))


@part
def _add_varying(uniform, amount, threshold, total, won):
    """Do the same with an amount per path; whole numbers in floats add up exactly."""
    for k in range(threshold.shape[0]):
        for lane in range(TILE):
            booked = uniform[0, lane] <= threshold[k, lane]
            total[k, lane] += amount[lane] if booked else 0.0
            won[k, lane] += np.int32(booked)


@part
def _flush(partial, total):
    """Move the 32-bit sums to the whole ones."""
    for k in range(partial.shape[0]):
        for lane in range(TILE):
            total[k, lane] += partial[k, lane]
            partial[k, lane] = 0


@part
def _set_amounts(table, cents, size, uniform, amount):
    """Fill ``amount`` with cents: certain, or drawn (a table) with rows 1 and 2 of the uniforms.

    The amount factor comes on top, then all is rounded.
    """
    for lane in range(TILE):
        amount[lane] = cents
    if len(table) > 0:
        for lane in range(TILE):
            amount[lane] = 100.0 * quantile(table, uniform[1, lane], uniform[2, lane])
    for lane in range(TILE):
        amount[lane] = np.floor(amount[lane] * size[lane] + 0.5)


@part
def _hand_out(total, won, first, bookings, wins):
    """Write a tile's sums by the end of each period as sums inside each period."""
    for k in range(bookings.shape[0]):
        for lane in range(TILE):
            before = total[k - 1, lane] if k > 0 else 0.0
            bookings[k, first + lane] = np.int64(total[k, lane] - before)
            wins[k, first + lane] = won[k, lane] - (won[k - 1, lane] if k > 0 else 0)


def fold_of(source: int) -> Callable[..., None]:
    """Return the kernel, closed over a digest of its source: see `funnelsim.kernels.compiled`.

    The kernel fills bookings (cents) and wins, both (periods, paths), for the tiles from
    ``first_tile``. Deals with one amount on all paths are added as 32-bit integers, flushed before
    they could overflow; the others, and very large ones, as whole numbers in floats, exact as well.
    Fields are taken out of their tuples first: in a loop, each would be counted each time.
    """

    def fold(deals, factors, scratch, key_words, first_tile, bookings, wins):
        source  # noqa: B018
        key = (key_words[0], key_words[1])  # scalars: an array could alias what is written
        cell, score, by_end, table_row = deals.cell, deals.score, deals.by_end, deals.table_row
        table, jump, quantiles = deals.table, deals.jump, deals.quantiles
        group_first, group_fixed = deals.group_first, deals.group_fixed
        low, high, cents, spread = deals.low, deals.high, deals.amount, deals.spread
        chance, by, amount, uniform = scratch.chance, scratch.by, scratch.amount, scratch.uniform
        place, part, threshold = scratch.place, scratch.part, scratch.threshold
        partial, total, won = scratch.partial, scratch.total, scratch.won
        for first in range(0, bookings.shape[1], TILE):
            tile = np.uint64(first_tile + first // TILE)
            draw = factors.draw[first : first + TILE]
            size = factors.size[first : first + TILE]
            if len(table) > 0:
                slowness = factors.slowness[first : first + TILE]
                _places(deals.end_place, slowness, deals.nodes, place, part)
            total[:] = 0.0
            won[:] = 0
            room = np.int64(MOST_PARTIAL)
            row_before = np.int64(-1)
            for group in range(len(cell)):
                pick(score[group], draw, chance)
                if cell[group] >= 0:
                    move(factors.shift[cell[group], first : first + TILE], chance)
                row = table_row[group]
                for k in range(threshold.shape[0]):
                    if row < 0:
                        pick(by_end[group, k], draw, by[k])
                    elif row == row_before:
                        pass  # groups alike but for their chance follow each other
                    elif len(jump) > 0 and jump[row, 0] <= 1.0:
                        _read_jumps(
                            table[row], jump[row], deals.draw_step, draw, k, place, part, by[k]
                        )
                    else:
                        _read(table[row], deals.draw_step, draw, k, place, part, by[k])
                    _scale(chance, by[k], k, threshold)
                row_before = row
                deal, fixed, last = group_first[group], group_fixed[group], group_first[group + 1]
                while deal < last:
                    several = 4 if fixed - deal >= 4 else 1
                    together = np.int64(0)
                    for one in range(several):
                        row_of_one = uniform[one]
                        uniform_row(
                            tile, low[deal + one], high[deal + one], OUTCOME, key, row_of_one
                        )
                        together += cents[deal + one]
                    if deal < fixed:
                        if together > room:
                            _flush(partial, total)
                            room = np.int64(MOST_PARTIAL)
                        room -= together
                        a0 = np.int32(cents[deal])
                        if several == 4:
                            a1, a2 = np.int32(cents[deal + 1]), np.int32(cents[deal + 2])
                            a3 = np.int32(cents[deal + 3])
                            _add4(uniform, a0, a1, a2, a3, threshold, partial, won)
                        else:
                            _add1(uniform, a0, threshold, partial, won)
                    else:
                        drawn = max(spread[deal], 0)
                        if spread[deal] >= 0:
                            uniform_row(tile, low[deal], high[deal], AMOUNT_HIGH, key, uniform[1])
                            uniform_row(tile, low[deal], high[deal], AMOUNT_LOW, key, uniform[2])
                        own = quantiles[drawn, : 2 * (spread[deal] >= 0)]
                        _set_amounts(own, cents[deal], size, uniform, amount)
                        _add_varying(uniform, amount, threshold, total, won)
                    deal += several
            _flush(partial, total)
            _hand_out(total, won, first, bookings, wins)

    return fold
