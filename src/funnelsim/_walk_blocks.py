"""One block of trajectories: the factors that its paths share, then the kernel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._blocks import Block, draw_factors
from funnelsim._chances import Shared
from funnelsim._creation import draw_intensities
from funnelsim._factors import exponential
from funnelsim._walks import Walks
from funnelsim.kernels.compiled import walk
from funnelsim.kernels.outcomes import TILE
from funnelsim.kernels.repeats import Pending
from funnelsim.kernels.settling import Results
from funnelsim.kernels.walking import Lanes, WalkPaths

BLOCK = 2048
"""Paths of a block. The grid of blocks is fixed: it does not depend on the workers."""
ROOM = 64
"""Wins that wait to open further ones, at first; there is more if need be."""
NEVER = 2**31 - 1
"""Stands for the day of a win that is not inside the horizon."""


class WalkBlock(NamedTuple):
    """What is found on ``P`` paths, in ``K`` periods and ``S`` stages, the last of them won."""

    bookings: NDArray[np.int64]  # (K, P) cents
    fresh: NDArray[np.int64]  # (K, P) cents of created deals and repeats among them
    entering: NDArray[np.int32]  # (S, K, P) deals that enter a stage; the last: that are won
    standing: NDArray[np.int32]  # (S - 1, K, P) deals in an open stage at the end of a period
    signed: NDArray[np.int32]  # (N, P) day of the first, second, ... win; NEVER: not in time

    @property
    def wins(self) -> NDArray[np.int32]:
        """Number of deals won, shape (K, P)."""
        wins: NDArray[np.int32] = self.entering[-1]
        return wins


class Trip(NamedTuple):
    """What all blocks of trajectories share."""

    walks: Walks
    shared: Shared
    signed: int  # number of first wins whose days are kept


def run_walks(trip: Trip, seed: int, first: int, paths: int) -> WalkBlock:
    """Return the paths from ``first`` on; ``first`` is a multiple of the tile.

    The result depends on nothing but the arguments: not on other blocks, nor on who runs it.
    """
    walks, shared, signed = trip
    padded = -(-paths // TILE) * TILE
    stages, periods = walks.road.law.shape[0] + 1, len(walks.road.end) - 1
    results = Results(
        np.zeros((periods, padded), np.int64),
        np.zeros((periods, padded), np.int64),
        np.empty((stages, periods, padded), np.int32),
        np.empty((stages - 1, periods, padded), np.int32),
        np.full((signed, padded), NEVER, np.int32),
    )
    key = np.array([seed & 0xFFFFFFFF, seed >> 32], dtype=np.uint64)
    factors = walk_paths(walks, shared, seed, first, padded)
    lanes = lanes_for(stages, periods, len(walks.births.cohort), len(factors.new_shift))
    pending = Pending(np.empty((ROOM, 5), np.uint64), np.empty(ROOM))
    walk(
        walks.deals, walks.births, walks.repeats, pending, walks.road, factors, lanes, key,
        first // TILE, results,
    )  # fmt: skip
    return WalkBlock(
        results.bookings[:, :paths],
        results.fresh[:, :paths],
        results.entering[:, :, :paths],
        results.standing[:, :, :paths],
        results.signed[:, :paths],
    )


def run_booked(trip: Trip, seed: int, first: int, paths: int) -> Block:
    """Return bookings and wins of the same paths, as the folded kernel's blocks have them."""
    block = run_walks(trip, seed, first, paths)
    return Block(block.bookings, block.wins, block.fresh.sum(axis=0))


def walk_paths(walks: Walks, shared: Shared, seed: int, first: int, paths: int) -> WalkPaths:
    """Return the factors of ``paths`` paths from ``first`` on, those of the folded kernel."""
    factors = draw_factors(shared, seed, first, paths)
    pace = exponential(factors.slowness * shared.step)
    mean, shift = np.zeros((0, paths)), np.zeros((1, paths))
    if walks.new is not None:
        shares = draw_intensities(walks.new, shared, factors, seed, first)
        mean, shift = shares.mean, shares.shift
    return WalkPaths(factors.shift, pace, factors.size, factors.draw, mean, shift)


def lanes_for(stages: int, periods: int, births: int, years: int) -> Lanes:
    """Return the rows that the kernel works in."""
    return Lanes(
        chance=np.empty(TILE),
        outcome=np.empty(TILE, np.int32),
        uniform=np.empty((2, TILE), np.int32),
        threshold=np.empty((stages - 1, TILE), np.int32),
        active=np.empty(TILE, np.uint64),
        clock=np.empty(TILE),
        period=np.empty(TILE, np.uint64),
        earliest=np.empty(TILE, np.int64),
        rest=np.empty((stages - 1, TILE)),
        pace=np.empty(TILE),
        draw=np.empty(TILE, np.uint32),
        entered=np.empty((stages, periods + 1, TILE), np.int32),
        left=np.empty((stages - 1, periods + 1, TILE), np.int32),
        real=np.empty((4, TILE)),
        created=np.empty(TILE, np.int32),
        total=np.zeros((births, TILE)),
        ready=np.empty((years, stages - 1, TILE), np.int32),
    )
