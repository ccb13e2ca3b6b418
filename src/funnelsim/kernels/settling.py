"""What a win does: it is booked, signed on a day, and opens further wins."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.kernels.creation import amount_in_cents
from funnelsim.kernels.days import day_of, sign
from funnelsim.kernels.jit import part
from funnelsim.kernels.outcomes import AMOUNT_HIGH, AMOUNT_LOW
from funnelsim.kernels.philox import uniform_row
from funnelsim.kernels.repeats import OFFSPRING, open_repeats, opened, put


class Results(NamedTuple):
    """What is found for ``P`` paths."""

    bookings: NDArray[np.int64]  # (K, P) cents
    fresh: NDArray[np.int64]  # (K, P) those of new business among them
    entering: NDArray[np.int32]  # (S, K, P) deals that enter each stage in each period
    standing: NDArray[np.int32]  # (S - 1, K, P) deals in each open stage at each period's end
    signed: NDArray[np.int32]  # (N, P) days of the first wins, rising


@part
def settle(
    cents, table, new, repeats, pending, road, paths, lanes, results, count, tile, first, low, high,
    key,
):  # fmt: skip
    """Book the deal on the first ``count`` lanes, where it is won inside the horizon."""
    if count == 0:
        return
    if len(table) > 0:
        uniform_row(tile, low, high, AMOUNT_HIGH, key, lanes.uniform[0])
        uniform_row(tile, low, high, AMOUNT_LOW, key, lanes.uniform[1])
    upper, lower, size = lanes.uniform[0], lanes.uniform[1], paths.size
    active, period, clock, earliest = lanes.active, lanes.period, lanes.clock, lanes.earliest
    bookings, fresh, signed, tau = results.bookings, results.fresh, results.signed, road.tau
    for i in range(count):
        lane = active[i]
        path, k = np.uint64(np.uint64(first) + lane), period[lane]
        amount = np.int64(amount_in_cents(table, cents, size[path], upper[lane], lower[lane]))
        bookings[k, path] += amount
        if new:
            fresh[k, path] += amount
        if len(signed) > 0:
            earliest[lane] = day_of(tau, clock[lane], earliest[lane])
            sign(signed, path, earliest[lane])
    if len(repeats.more) > 0:
        uniform_row(tile, low, high, OFFSPRING, key, lanes.uniform[0])
        for i in range(count):
            lane = np.int64(active[i])
            number = opened(repeats.more, lanes.uniform[0, lane])
            if number > 0:
                win = (low, high, number, period[lane], earliest[lane], clock[lane])
                stack, path = put(pending, 0, *win), first + lane
                open_repeats(
                    repeats, stack, road, lanes, results, size[path], tile, lane, path, key
                )
