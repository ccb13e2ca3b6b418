"""New business: the wins among the deals created on a path, without drawing those that are lost.

Deals are created by a Poisson process (at a rate that may differ from path to path), so the wins
among them are one, too: their number on a path is Poisson, and each falls into a period on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.kernels.jit import part
from funnelsim.kernels.outcomes import (
    AMOUNT_HIGH,
    AMOUNT_LOW,
    OUTCOME,
    SCALE,
    TILE,
    move,
    pick,
)
from funnelsim.kernels.philox import uniform_row
from funnelsim.kernels.quantiles import GRAIN, quantile

COUNT_HIGH = np.uint64(5)
COUNT_LOW = np.uint64(6)
MASK = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
MOST_MEAN = 500.0
"""Means above are drawn as a sum of equal parts: e to the minus this is far from underflow."""
POWERS = np.ldexp(1.0, -np.arange(1024))
LN2_HIGH, LN2_LOW = 0.693145751953125, 1.4286068203094172321e-6


class Creation(NamedTuple):
    """What the kernel knows of new business: ``C`` cohorts, ``K`` periods, ``D`` draws.

    A cohort is a set of periods of creation whose rates move together. ``by_end`` is the chance
    that a win of the cohort is booked by the end of a period; where the cycle factor moves times,
    ``table`` holds it at places of the factor's logarithm.
    """

    score: NDArray[np.float64]  # (C, D) as that of a group of open deals
    year: NDArray[np.int64]  # (C,) row of the market's shift; -1: no market factor
    by_end: NDArray[np.float64]  # (C, K, D)
    table: NDArray[np.float64]  # (C or 0, K, D * nodes)
    nodes: int
    draw_step: int  # distance of one draw's nodes from the next; 0 if there is one draw
    low: np.uint64  # the stable number of the first deal, lower 32 bits
    high: np.uint64  # upper 32 bits
    amount: int  # cents
    quantiles: NDArray[np.float64]  # (2, 2, nodes) currency units; (0, 2, 2): one amount


class Intensities(NamedTuple):
    """What the new business of ``P`` paths shares."""

    mean: NDArray[np.float64]  # (C, P) mean number of deals created
    shift: NDArray[np.float64]  # (years, P) added to a score
    place: NDArray[np.float64]  # (P,) place on the table's axis
    size: NDArray[np.float64]  # (P,) factor of all amounts
    draw: NDArray[np.uint32]  # (P,) row of the uncertain parameters


@part
def exponential_of_minus(x):
    """Return e to the -x for x in [0, 600] within 1e-15 of its size."""
    power = np.floor(x * 1.4426950408889634 + 0.5)
    rest = (power * LN2_HIGH - x) + power * LN2_LOW
    series = 1.0
    for term in range(16, 0, -1):
        series = 1.0 + rest * series / np.float64(term)
    return series * POWERS[np.int64(power)]


@part
def level_of(upper, lower):
    """Return the 53-bit uniform of two 31-bit words, in (0, 1)."""
    m = np.float64(upper) * 4194304.0 + np.float64(lower >> np.int32(9))
    return (m + 0.5) * GRAIN


@part
def nth(low, high, number):
    """Return the two words of the stable number of the deal ``number`` places on."""
    whole = ((high << HALF) | low) + np.uint64(number)
    return whole & MASK, whole >> HALF


@part
def _add_poisson(mean, level, chance, below, count):
    """Add to ``count`` the Poisson number of each lane, by inversion.

    ``count`` grows for as long as the distribution function stays below the level.
    """
    most = 0.0
    for lane in range(TILE):
        chance[lane] = exponential_of_minus(mean[lane])
        below[lane] = chance[lane]
        most = max(most, mean[lane])
    last = np.int64(most + 12.0 * np.sqrt(most) + 60.0)  # beyond, chances are below 2**-60
    for number in range(1, last):
        beyond = np.int32(0)
        for lane in range(TILE):
            more = level[lane] > below[lane]
            count[lane] += np.int32(more)
            beyond += np.int32(more)
            chance[lane] *= mean[lane] / np.float64(number)
            below[lane] += chance[lane]
        if beyond == 0:
            break


@part
def draw_counts(tile, low, high, key, mean, uniform, rows, count):
    """Fill ``count`` with a Poisson number for each lane; ``rows`` are four rows to write in.

    The uniform of the first part is left in the second row.
    """
    count[:] = 0
    most = 0.0
    for lane in range(TILE):
        most = max(most, mean[lane])
    parts = max(np.int64(np.ceil(most / MOST_MEAN)), np.int64(1))
    for one in range(parts - 1, -1, -1):
        at_low, at_high = nth(low, high, one)
        uniform_row(tile, at_low, at_high, COUNT_HIGH, key, uniform[0])
        uniform_row(tile, at_low, at_high, COUNT_LOW, key, uniform[1])
        for lane in range(TILE):
            rows[1, lane] = level_of(uniform[0, lane], uniform[1, lane])
            rows[0, lane] = mean[lane] / np.float64(parts)
        _add_poisson(rows[0], rows[1], rows[2], rows[3], count)


@part
def mix(creation, factors, first, rows, by_end):
    """Fill ``by_end`` (K, lanes) with the mean number of wins booked by each period's end."""
    by_end[:] = 0.0
    draw = factors.draw[first : first + TILE]
    chance, by = rows[0], rows[1]
    for cohort in range(len(creation.year)):
        pick(creation.score[cohort], draw, chance)
        if creation.year[cohort] >= 0:
            move(factors.shift[creation.year[cohort], first : first + TILE], chance)
        for k in range(by_end.shape[0]):
            if len(creation.table) == 0:
                pick(creation.by_end[cohort, k], draw, by)
            else:
                _read_place(
                    creation.table[cohort, k],
                    creation.draw_step,
                    draw,
                    factors.place[first : first + TILE],
                    by,
                )
            for lane in range(TILE):
                won = factors.mean[cohort, first + lane] * chance[lane] * by[lane]
                by_end[k, lane] += won


@part
def _read_place(table, step, draw, place, by):
    """Fill ``by`` from a table at places between its nodes."""
    for lane in range(TILE):
        node = np.int64(place[lane])
        at = node + np.int64(step) * np.int64(draw[lane])
        by[lane] = table[at] + (place[lane] - np.float64(node)) * (table[at + 1] - table[at])


@part
def amount_in_cents(table, cents, size, upper, lower):
    """Return a deal's cents: certain, or drawn from a table; then the amount factor, rounded."""
    amount = np.float64(cents)
    if len(table) > 0:
        amount = 100.0 * quantile(table, upper, lower)
    return np.floor(amount * size + 0.5)


@part
def _set_cents(table, cents, size, uniform, number, count, amount):
    """Fill ``amount`` with the cents of a path's deal, where it has one of this number."""
    for lane in range(TILE):
        if number < count[lane]:
            amount[lane] = amount_in_cents(
                table, cents, size[lane], uniform[1, lane], uniform[2, lane]
            )


@part
def _book(uniform, threshold, number, count, amount, first, bookings, wins, fresh):
    """Add the deal in the period that its uniform falls into."""
    for lane in range(TILE):
        if number < count[lane]:
            k = 0
            while uniform[0, lane] > threshold[k, lane]:
                k += 1
            bookings[k, first + lane] += np.int64(amount[lane])
            wins[k, first + lane] += np.int32(1)
            fresh[first + lane] += np.int64(amount[lane])


def create_of(source: int) -> Callable[..., None]:
    """Return the kernel, closed over a digest of its source: see `funnelsim.kernels.compiled`.

    It adds the new business to bookings (cents) and wins, both (periods, paths), for the tiles
    from ``first_tile``, fills ``fresh`` with its bookings over all periods, and ``wanted`` with
    the mean number of wins of each path and the uniform that its number was drawn with.
    """

    def create(creation, factors, key_words, first_tile, bookings, wins, fresh, wanted):
        source  # noqa: B018
        key = (key_words[0], key_words[1])
        periods, paths = bookings.shape
        uniform = np.empty((4, TILE), np.int32)
        rows, by_end = np.empty((4, TILE)), np.empty((periods, TILE))
        threshold, count = np.empty((periods, TILE), np.int32), np.empty(TILE, np.int32)
        quantiles, cents = creation.quantiles, creation.amount
        for first in range(0, paths, TILE):
            tile = np.uint64(first_tile + first // TILE)
            size = factors.size[first : first + TILE]
            mix(creation, factors, first, rows, by_end)
            mean = by_end[periods - 1]
            draw_counts(tile, creation.low, creation.high, key, mean, uniform, rows, count)
            for lane in range(TILE):
                wanted[0, first + lane] = mean[lane]
                wanted[1, first + lane] = rows[1, lane]
                for k in range(periods):
                    part = by_end[k, lane] / mean[lane] if mean[lane] > 0.0 else 1.0
                    threshold[k, lane] = np.int32(part * SCALE - 1.0)
            for one in range(count.max()):
                low, high = nth(creation.low, creation.high, one)
                uniform_row(tile, low, high, OUTCOME, key, uniform[0])
                if len(quantiles) > 0:
                    uniform_row(tile, low, high, AMOUNT_HIGH, key, uniform[1])
                    uniform_row(tile, low, high, AMOUNT_LOW, key, uniform[2])
                _set_cents(quantiles, cents, size, uniform, one, count, rows[0])
                _book(uniform, threshold, one, count, rows[0], first, bookings, wins, fresh)

    return create
