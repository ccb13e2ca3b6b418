"""The set that the gate measures: small pieces of work, and the ratios of their costs.

A row is the cost of a piece of funnelsim in units of the cost of a peer's, so less is better, on
any machine. A piece takes 10 to 100 ms, its set-up left out: many short rounds find a quiet moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from benchmarks import extra_deals, ours
from benchmarks.peers import careful_numpy, careful_numpy_folded, careful_trajectories
from benchmarks.work import Work

Call = Callable[[], object]

DEALS = 2_000
FEW = 5
"""Open deals beside new business: too few to count."""
CREATED = 1_000.0
"""Deals created in each period."""
MOST = 100_000
NEED = 100
"""Average wins that a first passage takes."""
CORRELATIONS = (0.01, 0.02, 0.03, 0.04, 0.06)
SMALL = 250
STEP = 10.0
"""Days between ages in the small work: its tables are short, and stay in a processor's cache."""


@dataclass(frozen=True)
class Piece:
    """One piece of work that is timed.

    Parameters
    ----------
    make : callable
        Sets the work up, and returns the call that is timed.
    units : int
        How much work a call does: paths, times deals where those differ between the two sides.
    """

    make: Callable[[], Call]
    units: float = 1.0


@dataclass(frozen=True)
class Row:
    """The cost of one piece, for each unit, against that of another."""

    name: str
    piece: str
    yardstick: str

    def ratio(self, seconds: dict[str, float]) -> float:
        """Return the ratio of costs, from the seconds of each piece."""
        ours, other = (seconds[one] / PIECES[one].units for one in (self.piece, self.yardstick))
        return ours / other


class _Prepared(Work):
    """The reference work with its table of chances by period kept: a set-up is not timed."""

    @cached_property
    def _booked_by(self) -> np.ndarray:
        return super().booked_by(*self.groups()[:2])

    def booked_by(self, stage: np.ndarray, age: np.ndarray) -> np.ndarray:
        del stage, age
        return self._booked_by


@lru_cache(maxsize=2)
def _work(deals: int = DEALS) -> Work:
    return _Prepared.make(deals)


@lru_cache(maxsize=1)
def _small_work() -> Work:
    found = Work.make(SMALL)
    return _Prepared(found.stage, np.floor(found.age / STEP) * STEP, found.amount)


def _block(work: Work, paths: int, *, cycle_cv: float = 0.0) -> Call:
    """Return a block of bookings of open deals."""
    from funnelsim import _blocks  # noqa: PLC0415
    from funnelsim._arrays import lower  # noqa: PLC0415

    lowered = lower(ours.scenario(work, cycle_cv))
    block = _blocks.Work(lowered.deals, lowered.shared, lowered.new)
    return lambda: _blocks.run_block(block, 1, 0, paths)


def _created(paths: int) -> Call:
    """Return a block of bookings of new business."""
    return lambda: extra_deals.run(_work(FEW), paths, CREATED, 1.0)


def _passage(paths: int) -> Call:
    """Return the first passages of paths that all need so many average wins."""
    import funnelsim as fs  # noqa: PLC0415
    from funnelsim._arrays import lower  # noqa: PLC0415
    from funnelsim._blocks import PASSAGE_BLOCK, Search, run_passage  # noqa: PLC0415
    from funnelsim._extra_deals import lower_extra  # noqa: PLC0415

    scenario, amount = ours.scenario(_work(FEW)), fs.Lognormal(mean=extra_deals.AMOUNT, cv=1.0)
    shared = lower(scenario).shared
    need = np.full(paths, round(100 * NEED * extra_deals.AMOUNT))
    search = Search(lower_extra(scenario, shared, 0, 0, amount), shared, MOST, need)
    starts = range(0, paths, PASSAGE_BLOCK)
    return lambda: [run_passage(search, 1, first, PASSAGE_BLOCK) for first in starts]


def _trajectories(paths: int) -> Call:
    """Return a block of trajectories of the open deals."""
    from funnelsim._arrays import lower  # noqa: PLC0415
    from funnelsim._walk_blocks import Trip, run_walks  # noqa: PLC0415
    from funnelsim._walks import lower_walks  # noqa: PLC0415

    scenario = ours.scenario(_work())
    lowered = lower(scenario)
    walks = lower_walks(scenario, lowered)
    trip = Trip(walks, lowered.shared, careful_trajectories.FIRST_WINS)
    return lambda: run_walks(trip, 1, 0, paths)


def _sweep(paths: int) -> Call:
    """Return a sweep over correlations, which moves no array but those of the market."""
    from funnelsim.planning.sweep import sweep  # noqa: PLC0415

    scenario = ours.scenario(_small_work())
    inputs = {"market.win_rate_correlation": CORRELATIONS}
    return lambda: sweep(scenario, inputs, paths=paths, threads=1)


def _words(paths: int) -> Call:
    """Return the making of as many random words as bookings take, and nothing else."""
    from benchmarks import words  # noqa: PLC0415  it imports the package, which is not ours yet

    return lambda: words.fill(DEALS, paths, 1)


def _arrays() -> Call:
    """Return the making of all arrays of the scenario."""
    from funnelsim._arrays import lower  # noqa: PLC0415

    scenario = ours.scenario(_small_work())
    return lambda: lower(scenario)


def _quadrature() -> Call:
    """Return the chances by period of the same groups, by SciPy alone."""
    work, (stages, ages, _) = Work.make(SMALL), _small_work().groups()
    return lambda: work.booked_by(stages, ages)


PIECES = {
    "bookings": Piece(lambda: _block(_work(), 4_096), 4_096),
    "bookings, cycle factor": Piece(
        lambda: _block(_small_work(), 8_192, cycle_cv=0.2), 8_192 * SMALL / DEALS
    ),
    "new business": Piece(lambda: _created(2_048), 2_048),
    "first passage": Piece(lambda: _passage(512), 512),
    "required pipeline": Piece(lambda: lambda: extra_deals.one_pass(1_024), 1_024),
    "sweep": Piece(lambda: _sweep(1_024), 1_024),
    "trajectories": Piece(lambda: _trajectories(256), 256),
    "arrays": Piece(_arrays),
    "careful NumPy": Piece(lambda: lambda: careful_numpy.simulate(_work(), 256, 1), 256),
    "careful NumPy, folded": Piece(
        lambda: lambda: careful_numpy_folded.simulate(_work(), 2_048, 1), 2_048
    ),
    "careful NumPy, trajectories": Piece(
        lambda: lambda: careful_trajectories.simulate(_work(), 32, 1), 32
    ),
    "random words alone": Piece(lambda: _words(4_096), 4_096),
    "quadrature in SciPy": Piece(_quadrature),
}
"""What is timed: pieces of funnelsim, then their yardsticks."""

ROWS = (
    Row("bookings against careful NumPy", "bookings", "careful NumPy"),
    Row("bookings against careful NumPy, folded", "bookings", "careful NumPy, folded"),
    Row("bookings against random words alone", "bookings", "random words alone"),
    Row("bookings, cycle factor", "bookings, cycle factor", "careful NumPy"),
    Row("new business", "new business", "careful NumPy"),
    Row("first passage", "first passage", "careful NumPy"),
    Row("required pipeline, whole answer", "required pipeline", "careful NumPy"),
    Row("a sweep of six scenarios", "sweep", "careful NumPy"),
    Row("trajectories", "trajectories", "careful NumPy, trajectories"),
    Row("making the arrays", "arrays", "quadrature in SciPy"),
)
