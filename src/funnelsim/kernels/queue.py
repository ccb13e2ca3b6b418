"""The kernel of working capacity: the trajectories of deals that wait until somebody has the time.

Outcomes, times and amounts have the words of the kernel of trajectories. Where nobody waits, what
is booked, won and entered has the very same bits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from funnelsim.kernels.jit import part
from funnelsim.kernels.outcomes import TILE
from funnelsim.kernels.queue_days import Ground, desk_of, run_path
from funnelsim.kernels.queue_ways import empty_ways, write_created_deals, write_open_deals
from funnelsim.kernels.trajectories import hand_out


@part
def _ranks(ways):
    """Return one more than the highest rank of a deal."""
    most = np.int32(0)
    for lane in range(TILE):
        for i in range(ways.deals[lane]):
            most = max(most, ways.rank[lane, i])
    return np.int64(most) + 1


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
        key = (key_words[0], key_words[1])
        stages, periods = results.entering.shape[0], results.entering.shape[1]
        ground = Ground(deals, births, repeats, pending, road, work, crew)
        ways = empty_ways(len(deals.low), len(deals.low))
        for first in range(0, len(paths.pace), TILE):
            tile = np.uint64(first_tile + first // TILE)
            lanes.entered[:] = 0
            lanes.left[:] = 0
            ways.deals[:] = 0
            ways.legs[:] = 0
            for lane in range(TILE):
                lanes.pace[lane] = paths.pace[first + lane]
                lanes.draw[lane] = paths.draw[first + lane]
            ways = write_open_deals(
                deals, repeats, pending, road, work, crew.rank, ways, paths, lanes, results, tile,
                first, key,
            )  # fmt: skip
            ways = write_created_deals(
                births, repeats, pending, road, work, len(deals.low), ways, paths, lanes, results,
                tile, first, key,
            )  # fmt: skip
            desk = desk_of(ways.rank.shape[1], _ranks(ways), crew, stages, periods)
            for lane in range(min(TILE, len(rates) - first)):
                run_path(
                    ground, rates[first + lane], change[first + lane], ways, desk, lanes, results,
                    loads, paths, tile, first, lane, key,
                )  # fmt: skip
            hand_out(deals, lanes, results, first)

    return queue
