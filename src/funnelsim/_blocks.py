"""One block of paths: the factors that its paths share, then the kernel. All that a worker runs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._chances import Shared
from funnelsim._creation import NewDeals, draw_intensities
from funnelsim._factors import (
    CYCLE,
    DRAW,
    MARKET,
    SIZE,
    exponential,
    normal_quantile,
    plain_points,
    points,
)
from funnelsim.kernels.compiled import create, fold, passage
from funnelsim.kernels.creation import Intensities
from funnelsim.kernels.outcomes import TILE, Deals, PathFactors, Scratch

BLOCK = 8192
"""Paths of a block. The grid of blocks is fixed: it does not depend on the workers."""
PASSAGE_BLOCK = 512
"""Paths of a block of first passages: each may take many deals, and a block cannot be stopped."""


class Work(NamedTuple):
    """What all blocks of a forecast share."""

    deals: Deals
    shared: Shared
    new: NewDeals | None


class Search(NamedTuple):
    """What all blocks of a first passage share."""

    extra: NewDeals
    shared: Shared
    most: int
    need: NDArray[np.int64]  # (all paths,) cents


class Block(NamedTuple):
    """Bookings in cents and numbers of wins, both of shape (periods, paths)."""

    bookings: NDArray[np.int64]
    wins: NDArray[np.int32]
    fresh: NDArray[np.int64] | None  # (paths,) bookings of new business among them


def run_block(work: Work, seed: int, first: int, paths: int) -> Block:
    """Return the paths from ``first`` on; ``first`` is a multiple of the tile.

    The result depends on nothing but the arguments: not on other blocks, nor on who runs it.
    """
    deals, shared, new = work
    padded = _padded(paths)
    bookings, wins = _sums(deals, padded)
    factors = draw_factors(shared, seed, first, padded)
    periods = len(bookings)
    fold(deals, factors, Scratch.make(periods), _key(seed), first // TILE, bookings, wins)
    if new is None:
        return Block(bookings[:, :paths], wins[:, :paths], None)
    shares = draw_intensities(new, shared, factors, seed, first)
    fresh, _ = _create(new, shares, seed, first, bookings, wins)
    return Block(bookings[:, :paths], wins[:, :paths], fresh[:paths])


def _create(  # noqa: PLR0917
    new: NewDeals,
    shares: Intensities,
    seed: int,
    first: int,
    bookings: NDArray[np.int64],
    wins: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Add new business; return its bookings, and the mean and the uniform of its wins."""
    paths = bookings.shape[1]
    fresh, wanted = np.zeros(paths, np.int64), np.zeros((2, paths))
    create(new.creation, shares, _key(seed), first // TILE, bookings, wins, fresh, wanted)
    return fresh, wanted


def run_passage(search: Search, seed: int, first: int, paths: int) -> NDArray[np.int64]:
    """Return how many extra deals each path takes until ``need`` (cents, of all paths) is booked.

    A path on which ``most`` are not enough has ``most + 1``.
    """
    padded = _padded(paths)
    wanted, deals = np.zeros(padded, np.int64), np.zeros(padded, np.int64)
    extra, shared, most, need = search
    wanted[:paths] = need[first : first + paths]
    factors = draw_factors(shared, seed, first, padded)
    shares = draw_intensities(extra, shared, factors, seed, first)
    passage(extra.creation, most, shares, _key(seed), first // TILE, wanted, deals)
    return deals[:paths]


def run_wanted(work: Work, seed: int, first: int, paths: int) -> NDArray[np.float64]:
    """Return the mean number of wins of new business, and the uniform it is drawn with, (2, P)."""
    deals, shared, new = work
    assert new is not None
    bookings, wins = _sums(deals, _padded(paths))
    factors = draw_factors(shared, seed, first, bookings.shape[1])
    shares = draw_intensities(new, shared, factors, seed, first)
    return _create(new, shares, seed, first, bookings, wins)[1][:, :paths]


def _sums(deals: Deals, paths: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return bookings and wins by period and path, nothing so far."""
    shape = (len(deals.end_place), paths)
    return np.zeros(shape, np.int64), np.zeros(shape, np.int32)


def _padded(paths: int) -> int:
    return -(-paths // TILE) * TILE


def _key(seed: int) -> NDArray[np.uint64]:
    return np.array([seed & 0xFFFFFFFF, seed >> 32], dtype=np.uint64)


def draw_factors(shared: Shared, seed: int, first: int, paths: int) -> PathFactors:
    """Return the factors of ``paths`` paths from ``first`` on, both multiples of the tile."""
    draw = _draws(len(shared.common), seed, first, paths)
    cycle, size = shared.cycle[draw], shared.size[draw]
    slowness, amount = np.zeros(paths), np.ones(paths)
    if cycle.any():
        e = normal_quantile(points(seed, CYCLE, first, paths))
        slowness = (cycle * e - 0.5 * cycle * cycle) / shared.step
    if size.any():
        e = normal_quantile(points(seed, SIZE, first, paths))
        amount = exponential(size * e - 0.5 * size * size)
    return PathFactors(_shifts(shared, draw, seed, first, paths), slowness, amount, draw)


def _draws(draws: int, seed: int, first: int, paths: int) -> NDArray[np.uint32]:
    """Return which draw of the uncertain parameters each path uses."""
    if draws == 1:
        return np.zeros(paths, np.uint32)
    return (points(seed, DRAW, first, paths) * draws).astype(np.uint32)


def _shifts(
    shared: Shared, draw: NDArray[np.uint32], seed: int, first: int, paths: int
) -> NDArray[np.float64]:
    """Return what is added to a score, shape (cells, paths): the common factor, then segments'."""
    common = shared.common[draw]
    shift = np.zeros((len(shared.streams), paths))
    if common.any():
        shift += np.sqrt(common) * normal_quantile(points(seed, MARKET, first, paths))
    for column, rho in enumerate(shared.segments):
        for stream in np.unique(shared.streams[:, column]):
            factor = normal_quantile(plain_points(seed, int(stream), first, paths))
            shift[shared.streams[:, column] == stream] += np.sqrt(rho) * factor
    return np.asarray(shift / np.sqrt(1.0 - common - shared.segments.sum()))
