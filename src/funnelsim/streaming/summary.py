"""What is kept of paths that are not kept: exact sums, squared deviations, bins, hits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim import answers
from funnelsim._factors import REPLICATES
from funnelsim._running import grid_of
from funnelsim.futures import Due, hits_of_every, hits_so_far, own_hits
from funnelsim.simulation import Kernel, check_exact
from funnelsim.streaming.bins import NOTHING, Counts, Ints, Whole

if TYPE_CHECKING:
    from funnelsim._blocks import Block

HALF = 32
"""Bits of the lower part of a sum. The parts of 2**32 paths of 61 bits fit into 64 bits."""


class Layout(NamedTuple):
    """Which row of a summary is what, for ``K`` periods."""

    periods: int
    new_business: bool
    due: Due

    @property
    def rows(self) -> int:
        """Number of quantities: bookings and wins by period and in all, then the sources."""
        return 2 * self.periods + 2 + 2 * self.new_business

    @property
    def hits(self) -> int:
        """Number of events: on quota so far by period, then each period's own, then all of them."""
        so_far, own = self.due.so_far is not None, self.due.own is not None
        return so_far * self.periods + own * (self.periods + 1)

    def bookings(self, period: int | None) -> int:
        """Return the row of bookings of a period, or over the horizon."""
        return self.periods if period is None else period

    def wins(self, period: int | None) -> int:
        """Return the row of wins of a period, or over the horizon."""
        return self.periods + 1 + self.bookings(period)

    @property
    def fresh(self) -> int:
        """The row of new business, before that of the open pipeline."""
        return 2 * self.periods + 2


class Summary(NamedTuple):
    """What is kept of a number of paths: ``R`` quantities and ``H`` events.

    The sum of a quantity on the paths of a replicate is ``high * 2**32 + low``: exact, whatever the
    number of paths.
    """

    paths: int
    high: Ints  # (R, replicates)
    low: Ints  # (R, replicates)
    squares: NDArray[np.float64]  # (R,) sum of squared deviations from the mean
    hits: Ints  # (H, replicates)
    counts: tuple[Counts, ...]  # (R,)

    @classmethod
    def nothing(cls, layout: Layout) -> Summary:
        """Return the summary of no paths."""
        rows, shape = layout.rows, (layout.rows, REPLICATES)
        high, low = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        hits = np.zeros((layout.hits, REPLICATES), np.int64)
        return cls(0, high, low, np.zeros(rows), hits, (NOTHING,) * rows)

    def plus(self, later: Summary) -> Summary:
        """Return the summary of these paths and of those that follow them.

        Squared deviations by Chan, Golub and LeVeque (1979): in a fixed order, so the same bits.
        """
        if not self.paths or not later.paths:
            return self if self.paths else later
        paths = self.paths + later.paths
        apart = later.means() - self.means()
        between = apart * apart * (self.paths * (later.paths / paths))
        return Summary(
            paths,
            self.high + later.high,
            self.low + later.low,
            self.squares + later.squares + between,
            self.hits + later.hits,
            tuple(map(Counts.plus, self.counts, later.counts)),
        )

    def means(self) -> NDArray[np.float64]:
        """Return the mean of each quantity, rounded once."""
        totals = zip(self.high.sum(axis=1).tolist(), self.low.sum(axis=1).tolist(), strict=True)
        return np.array([((high << HALF) + low) / self.paths for high, low in totals])

    def sums(self, row: int) -> answers.Replicates:
        """Return the sum and the number of paths of each replicate, for one quantity."""
        counts = self._paths_of_replicates()
        sums = (self.high[row].astype(object) << HALF) + self.low[row]
        return sums[: len(counts)], counts

    def hits_of(self, row: int) -> answers.Replicates:
        """Return the hits and the number of paths of each replicate, for one event."""
        counts = self._paths_of_replicates()
        return self.hits[row, : len(counts)], counts

    def _paths_of_replicates(self) -> Ints:
        counts = np.full(REPLICATES, self.paths // REPLICATES, np.int64)
        counts[: self.paths % REPLICATES] += 1
        return counts[: min(REPLICATES, self.paths)]


def summarise(kernel: Kernel, layout: Layout, seed: int, first: int, paths: int) -> Summary:
    """Run blocks of the grid, and return what is kept of them: all that a worker sends back.

    ``first`` is a multiple of the block, and memory is that of one block, however many paths.
    """
    found = Summary.nothing(layout)
    for start, size in grid_of(paths, kernel.block) or [(0, 0)]:
        block = kernel.run(kernel.work, seed, first + start, size)
        if size:  # without paths it is run to be compiled
            check_exact(block.bookings)
            found = found.plus(summary_of(block, layout.due))
    return found


def summary_of(block: Block, due: Due) -> Summary:
    """Return what is kept of the paths of one block."""
    paths = block.wins.shape[1]
    rows = [_Row.of(values) for values in _quantities(block)]
    hits = [_by_replicate(one) for one in _events(block, due)]
    sums = np.array([row.sums for row in rows])
    return Summary(
        paths,
        (sums >> HALF).astype(np.int64),
        (sums & ((1 << HALF) - 1)).astype(np.int64),
        np.array([row.squares for row in rows]),
        np.array(hits, np.int64).reshape(-1, REPLICATES),
        tuple(row.counts for row in rows),
    )


def _quantities(block: Block) -> Iterator[Whole]:
    """Yield each quantity on all paths, in the order of the layout."""
    total = block.bookings.sum(axis=0)
    yield from block.bookings
    yield total
    yield from block.wins
    yield block.wins.sum(axis=0, dtype=np.int64)
    if block.fresh is not None:
        yield from (block.fresh, total - block.fresh)


def _events(block: Block, due: Due) -> Iterator[NDArray[np.bool_]]:
    """Yield whether each event happens on each path, in the order of the layout."""
    if due.so_far is not None:
        yield from hits_so_far(block.bookings, due.so_far)
    if due.own is not None:
        last = hits_of_every(block.bookings, due.own)
        yield from itertools.chain(own_hits(block.bookings, due.own), [last])


class _Row(NamedTuple):
    """What is kept of one quantity."""

    sums: NDArray[Any]  # (replicates,)
    squares: float
    counts: Counts

    @classmethod
    def of(cls, values: Whole) -> _Row:
        sums = _by_replicate(values)
        paths, total = len(values), sum(sums.tolist())
        middle, rest = divmod(total, paths)
        apart = (values - middle).astype(np.float64)  # whole numbers: nothing is lost before
        squares = float(np.sum(apart * apart)) - rest * (rest / paths)
        return cls(sums, max(squares, 0.0), Counts.of(values))


def _by_replicate(values: Whole | NDArray[np.bool_]) -> NDArray[Any]:
    """Return the exact sum of each replicate, 0 for one without paths."""
    sums, _ = answers.replicate_sums(values)
    return np.concatenate([sums, np.zeros(REPLICATES - len(sums), sums.dtype)])
