"""The kernel of working capacity: the trajectories of deals that wait until somebody has the time.

Outcomes, times and amounts have the words of the kernel of trajectories. Where nobody waits, what
is booked, won and entered has the very same bits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from funnelsim.kernels.borrowing import borrowed
from funnelsim.kernels.creation import amount_in_cents
from funnelsim.kernels.days import day_of, sign
from funnelsim.kernels.jit import inlined, part
from funnelsim.kernels.outcomes import AMOUNT_HIGH, AMOUNT_LOW, TILE
from funnelsim.kernels.philox import uniform_of
from funnelsim.kernels.queue_days import run_path
from funnelsim.kernels.queue_desk import (
    CLOCK,
    DATED,
    EARLIEST,
    ENTERED,
    GONE_FROM,
    HIGH,
    LOW,
    PERIOD,
    WON,
    Plan,
    desk_of,
)
from funnelsim.kernels.queue_order import RANK
from funnelsim.kernels.queue_ways import (
    HEAD,
    LEG,
    empty_ways,
    largest,
    write_created_deals,
    write_open_deals,
)
from funnelsim.kernels.repeats import OFFSPRING, open_repeats, opened, put
from funnelsim.kernels.trajectories import hand_out


@part
def _count(desk, lanes, lane):
    """Add the deals that entered and left the stages of a path."""
    for s in range(lanes.entered.shape[0]):
        for k in range(lanes.entered.shape[1]):
            lanes.entered[s, k, lane] += np.int32(desk.counts[ENTERED, s, k])
            if s < lanes.left.shape[0]:
                lanes.left[s, k, lane] += np.int32(desk.counts[GONE_FROM, s, k])


@inlined
def _cents(fixed, table, size, tile, lane, low, high, key):
    """Return the cents of a deal on one path."""
    upper = lower = np.int32(0)
    if len(table) > 0:
        upper = uniform_of(tile, lane, low, high, AMOUNT_HIGH, key)
        lower = uniform_of(tile, lane, low, high, AMOUNT_LOW, key)
    return np.int64(amount_in_cents(table, fixed, size, upper, lower))


@part
def _repeat(
    number, low, high, k, day, clock, repeats, pending, road, lanes, results, size, tile, lane,
    path, key,
):  # fmt: skip
    """Book the further wins that a win opens."""
    stack = put(pending, 0, low, high, number, k, day, clock)
    open_repeats(repeats, stack, road, lanes, results, size, tile, lane, path, key)


@part
def _book(
    deals, births, repeats, pending, road, deal_of_rank, desk, paths, lanes, results, lane, tile,
    first, key,
):  # fmt: skip
    """Book all deals that are won on a path."""
    whole, won, real, more, path = desk.whole, desk.won, desk.real, repeats.more, first + lane
    amount, spread, quantiles, tau = deals.amount, deals.spread, deals.quantiles, road.tau
    fixed, created, close_day = births.amount, births.quantiles, deals.close_day
    bookings, fresh, signed, size = (
        results.bookings,
        results.fresh,
        results.signed,
        paths.size[path],
    )
    for place in range(desk.number[WON]):
        i = won[place]
        rank, k, clock = whole[i, RANK], whole[i, PERIOD], real[i, CLOCK]
        low, high = np.uint64(whole[i, LOW]), np.uint64(whole[i, HIGH])
        if rank < len(deal_of_rank):
            deal = deal_of_rank[rank]
            table = quantiles[max(spread[deal], 0), : 2 * (spread[deal] >= 0)]
            bookings[k, path] += _cents(amount[deal], table, size, tile, lane, low, high, key)
        else:
            cents = _cents(fixed, created, size, tile, lane, low, high, key)
            bookings[k, path] += cents
            fresh[k, path] += cents
        if len(signed) == 0 and len(more) == 0:
            continue
        group, day = whole[i, DATED], whole[i, EARLIEST]
        day = close_day[group] if group >= 0 else day
        if len(signed) > 0:
            day = day_of(tau, clock, day)
            sign(signed, path, day)
        if len(more) > 0:
            number = opened(more, uniform_of(tile, lane, low, high, OFFSPRING, key))
            if number > 0:
                _repeat(
                    number, low, high, np.uint64(k), day, clock, repeats, pending, road, lanes,
                    results, size, tile, lane, path, key,
                )  # fmt: skip


def queue_of(source: int) -> Callable[..., None]:
    """Return the kernel, closed over a digest of its source: see `funnelsim.kernels.compiled`.

    The kernel fills results and loads for the tiles from ``first_tile``; they hold zeros, and days
    beyond all in ``signed``. ``rates`` (paths, seats, D) are units of work a second of a seat on a
    day, -1 where nobody is there; ``change`` (paths, D) says on which days a seat comes or goes.
    """

    def queue(
        deals, births, repeats, pending, road, work, crew, rates, change, paths, lanes, key_words,
        first_tile, results, loads,
    ):  # fmt: skip
        source  # noqa: B018
        deals, births, repeats = borrowed(deals), borrowed(births), borrowed(repeats)
        pending, road, work, crew = (
            borrowed(pending),
            borrowed(road),
            borrowed(work),
            borrowed(crew),
        )
        rates, change, paths = borrowed(rates), borrowed(change), borrowed(paths)
        lanes, results, loads = borrowed(lanes), borrowed(results), borrowed(loads)
        key = (key_words[0], key_words[1])
        stages, periods = results.entering.shape[0], results.entering.shape[1]
        plan = Plan(road.end, road.tau, deals.close, deals.close_period, crew, work)
        ways = empty_ways(len(deals.low) * (HEAD + LEG))
        for first in range(0, len(paths.pace), TILE):
            tile = np.uint64(first_tile + first // TILE)
            lanes.entered[:], lanes.left[:] = 0, 0
            ways.deals[:], ways.length[:] = 0, 0
            for lane in range(TILE):
                lanes.pace[lane] = paths.pace[first + lane]
                lanes.draw[lane] = paths.draw[first + lane]
            ways = write_open_deals(
                deals, road, work, crew.rank, ways, paths, lanes, tile, first, key
            )
            ways, ranks = write_created_deals(
                births, road, work, len(deals.low), ways, paths, lanes, tile, first, key
            )
            own = desk_of(largest(ways.deals), ranks, crew, stages, periods)
            desk, lent = borrowed(own), borrowed(ways)
            for lane in range(min(TILE, len(rates) - first)):
                at = first + lane
                run_path(rates[at], change[at], lent, plan, desk, loads, tile, at, lane, key)
                _count(desk, lanes, lane)
                _book(
                    deals, births, repeats, pending, road, crew.deal, desk, paths, lanes, results,
                    lane, tile, first, key,
                )  # fmt: skip
            hand_out(deals, lanes, results, first)
            own.number[:], ways.deals[:] = 0, 0  # they are used until here, and so kept

    return queue
