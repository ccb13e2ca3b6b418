"""Repeat business: each win opens a number of further wins, which come a while later.

The four words of one counter, that of the win which opens it, are all of a further win: two are its
stable number, one its delay, one how many wins it opens itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.kernels.cells import ONE, level_of_word, time_at
from funnelsim.kernels.creation import amount_in_cents
from funnelsim.kernels.days import day_of, sign
from funnelsim.kernels.jit import part
from funnelsim.kernels.outcomes import AMOUNT_HIGH, AMOUNT_LOW
from funnelsim.kernels.philox import LANES, philox, uniform_of
from funnelsim.kernels.walking import period_of

OFFSPRING = np.uint64(7)
"""Purpose of the number of wins that the win of an open or a created deal opens."""
CHILD = np.uint64(2**31)
"""Purpose of the first win that a win opens, on the first of the four paths of a counter."""
PATHS_OF_A_COUNTER = np.uint64(4)
LOW, HIGH, NUMBER, PERIOD, DAY = range(5)


class Repeats(NamedTuple):
    """What the kernel knows of repeat business, and the wins that still have to open others."""

    more: NDArray[np.int32]  # a 31-bit uniform above the j-th opens more than j; none: no repeats
    delay: np.uint64  # table of the days on the clock to a further win
    amount: int  # cents
    quantiles: NDArray[np.float64]  # (2, 2, nodes) currency units; (0, 2, 2): one amount


class Pending(NamedTuple):
    """Wins that still have to open others; the last comes first."""

    words: NDArray[np.uint64]  # (room, 5) stable number, how many it opens, period, day
    clock: NDArray[np.float64]  # (room,)


@part
def opened(more, word):
    """Return how many wins a win opens, by its 31-bit word."""
    number = 0
    while number < len(more) and word > more[number]:
        number += 1
    return number


@part
def child_of(tile, lane, low, high, number, key):
    """Return the four words of the further win with this number, on one path."""
    counter = np.uint64(LANES) * tile + np.uint64(lane % LANES)
    own = PATHS_OF_A_COUNTER * np.uint64(number) + np.uint64(lane // LANES)
    return philox(counter, low, high, np.uint64(CHILD + own), key[0], key[1])


@part
def put(pending, place, low, high, number, period, day, clock):
    """Put a win at a place, in twice the room if there is none left; return where all are."""
    words, clocks = pending.words, pending.clock
    if place == len(clocks):
        words, clocks = np.empty((2 * place, 5), np.uint64), np.empty(2 * place)
        for i in range(place):
            clocks[i] = pending.clock[i]
            for j in range(5):
                words[i, j] = pending.words[i, j]
    words[place, LOW], words[place, HIGH] = low, high
    words[place, NUMBER], words[place, PERIOD] = np.uint64(number), period
    words[place, DAY], clocks[place] = np.uint64(day), clock
    return Pending(words, clocks)


@part
def open_repeats(repeats, pending, road, lanes, results, size, tile, lane, path, key):
    """Book all wins inside the horizon that the first of the pending ones opens, and so on."""
    beyond = np.uint64(len(road.end) - 1)
    won = lanes.entered.shape[0] - 1
    waiting = 1
    while waiting > 0:
        waiting -= 1
        words, clock = pending.words, pending.clock[waiting]
        low, high, period = words[waiting, LOW], words[waiting, HIGH], words[waiting, PERIOD]
        day = np.int64(words[waiting, DAY])
        for one in range(np.int64(words[waiting, NUMBER])):
            w = child_of(tile, lane, low, high, one, key)
            level = level_of_word(w[2] >> ONE)
            at = clock + time_at(road.places, road.guide, road.nodes, repeats.delay, level)
            k = period_of(road.end, at, period)
            if k < beyond:
                upper = lower = np.int32(0)
                if len(repeats.quantiles) > 0:
                    upper = uniform_of(tile, lane, w[0], w[1], AMOUNT_HIGH, key)
                    lower = uniform_of(tile, lane, w[0], w[1], AMOUNT_LOW, key)
                cents = amount_in_cents(repeats.quantiles, repeats.amount, size, upper, lower)
                results.bookings[k, path] += np.int64(cents)
                results.fresh[k, path] += np.int64(cents)
                lanes.entered[won, k, lane] += np.int32(1)
                when = day_of(road.tau, at, day)
                sign(results.signed, path, when)
                number = opened(repeats.more, np.int32(w[3] >> ONE))
                if number > 0:
                    pending = put(pending, waiting, w[0], w[1], number, k, when, at)
                    waiting += 1
