"""First passage: how many extra deals, taken in order, until enough is booked.

Extra deals stand in the order 0, 1, 2, … on every path, each with its own words. Lanes are the
paths of a tile; when few are left, they go on one by one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from funnelsim.kernels.creation import amount_in_cents, mix, nth
from funnelsim.kernels.jit import part
from funnelsim.kernels.outcomes import AMOUNT_HIGH, AMOUNT_LOW, OUTCOME, SCALE, TILE
from funnelsim.kernels.philox import uniform_of, uniform_row

FEW = TILE // 8
SURE = np.int32(2**31 - 1)


@part
def _cents(extra, tile, lane, low, high, key, size):
    """Return the cents of a deal that is booked."""
    if len(extra.quantiles) == 0:
        return amount_in_cents(extra.quantiles, extra.amount, size, np.int32(0), np.int32(0))
    upper = uniform_of(tile, lane, low, high, AMOUNT_HIGH, key)
    lower = uniform_of(tile, lane, low, high, AMOUNT_LOW, key)
    return amount_in_cents(extra.quantiles, extra.amount, size, upper, lower)


@part
def _alone(extra, most, tile, lane, key, threshold, size, start, left):
    """Return the number of deals that one lane takes, from the deal ``start`` on."""
    for one in range(start, most):
        low, high = nth(extra.low, extra.high, one)
        if uniform_of(tile, lane, low, high, OUTCOME, key) <= threshold:
            left -= np.int64(_cents(extra, tile, lane, low, high, key, size))
            if left <= 0:
                return one + 1
    return most + 1


@part
def _together(extra, most, tile, key, threshold, size, uniform, left, deals):
    """Advance all lanes until few are left; return the number of deals taken by then."""
    for one in range(most):
        open_lanes = np.int64(0)
        for lane in range(TILE):
            open_lanes += np.int64(left[lane] > 0)
        if open_lanes <= FEW:
            return one
        low, high = nth(extra.low, extra.high, one)
        uniform_row(tile, low, high, OUTCOME, key, uniform)
        for lane in range(TILE):
            if left[lane] > 0 and uniform[lane] <= threshold[lane]:
                cents = _cents(extra, tile, lane, low, high, key, size[lane])
                left[lane] -= np.int64(cents)
                if left[lane] <= 0:
                    deals[lane] = one + 1
    return most


@part
def _hopeless(extra, most, threshold, size, left):
    """Say whether no number of extra deals would ever do."""
    if threshold < 0:
        return True
    if len(extra.quantiles) > 0:
        return False
    none = np.int32(0)
    cents = amount_in_cents(extra.quantiles, extra.amount, size, none, none)
    return cents * np.float64(most) < np.float64(left)


@part
def _certain(extra, threshold, size, left):
    """Return the number of deals of one amount that are all booked; 0 where chance plays a part."""
    if threshold < SURE or len(extra.quantiles) > 0 or left <= 0:
        return np.int64(0)
    none = np.int32(0)
    cents = np.int64(amount_in_cents(extra.quantiles, extra.amount, size, none, none))
    return (left + cents - 1) // cents


def pass_of(source: int) -> Callable[..., None]:
    """Return the kernel, closed over a digest of its source: see `funnelsim.kernels.compiled`.

    ``extra`` are the deals, as new business of one period with a mean number of 1, so that what
    it wins is the chance of a deal to be booked in time. The kernel fills ``deals`` (paths,) with
    the number of them at which ``need`` (cents) is booked: 0 where nothing is needed, ``most + 1``
    where so many are not enough.
    """

    def passage(extra, most, factors, key_words, first_tile, need, deals):
        source  # noqa: B018
        key = (key_words[0], key_words[1])
        uniform, threshold = np.empty(TILE, np.int32), np.empty(TILE, np.int32)
        rows, chance = np.empty((4, TILE)), np.empty((1, TILE))
        left = np.empty(TILE, np.int64)
        for first in range(0, len(need), TILE):
            tile = np.uint64(first_tile + first // TILE)
            mine, size = deals[first : first + TILE], factors.size[first : first + TILE]
            mix(extra, factors, first, rows, chance)
            for lane in range(TILE):
                threshold[lane] = np.int32(np.floor(chance[0, lane] * SCALE - 1.0))
                left[lane] = max(need[first + lane], 0)
                mine[lane] = most + 1 if left[lane] > 0 else 0
                if _hopeless(extra, most, threshold[lane], size[lane], left[lane]):
                    left[lane] = 0
                certain = _certain(extra, threshold[lane], size[lane], left[lane])
                if certain > 0:
                    mine[lane], left[lane] = certain, 0
            start = _together(extra, most, tile, key, threshold, size, uniform, left, mine)
            for lane in range(TILE):
                if left[lane] > 0:
                    mine[lane] = _alone(
                        extra, most, tile, lane, key, threshold[lane], size[lane], start, left[lane]
                    )

    return passage
