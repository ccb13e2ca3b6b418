"""From a scenario to a forecast: the blocks of paths are run and put together."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim import _team_work
from funnelsim._deals import MOST_CENTS
from funnelsim._running import grid_of, in_order
from funnelsim._version import __version__
from funnelsim._workers import Executors, check_executor
from funnelsim.errors import InputError
from funnelsim.forecast import Forecast, Kept
from funnelsim.goal import CENTS
from funnelsim.parameters import whole
from funnelsim.scenario import Scenario
from funnelsim.scenario_answers import Record

if TYPE_CHECKING:
    from funnelsim._arrays import Lowered
    from funnelsim._blocks import Block
    from funnelsim._remembered import Remembered

Progress = Callable[[int, int], Any]

MOST_PATHS = 2**32
MOST_SEED = 2**64 - 1


def simulate(
    scenario: Scenario,
    *,
    paths: int = 100_000,
    seed: int = 1,
    threads: int | None = None,
    executor: Executors | None = None,
    progress: Progress | None = None,
) -> Forecast:
    """Simulate a scenario.

    Parameters
    ----------
    scenario : Scenario
        The assumptions.
    paths : int
        Number of simulated futures, at least 2. The Monte Carlo error falls with its square root.
    seed : int
        Key of all random numbers, from 0 to 2**64 - 1. The same scenario, paths and seed give the
        same bits, whatever the threads or the executor.
    threads : int, optional
        Number of threads; by default one for each processor.
    executor : concurrent.futures.Executor or callable, optional
        Runs the blocks instead of our own threads: on processes, with loky, Dask or MPI. It is
        left running. A callable without arguments makes an executor: it is shut down in the end,
        and a new one is made if a worker dies.
    progress : callable, optional
        Called as ``progress(paths done, paths in all)`` after each block.

    Returns
    -------
    Forecast
        Paths, answers with their errors, and the record that makes them again.

    Raises
    ------
    InputError
        If an argument is not usable, or the executor is shut down before the last block is done.
    FunnelsimError
        If workers of the executor die again and again, and no block is done in between.

    Warns
    -----
    ExecutorWarning
        If a worker's death broke the executor: what was left ran on threads of this process.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline, Scenario, simulate
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("year", 1), quota=300_000,
    ...     funnel=Funnel.key_account(time=10),
    ...     pipeline=Pipeline.from_frame({"stage": ["proposal"], "amount": [300_000]}),
    ... )
    >>> chance = simulate(scenario, paths=10_000, seed=1).attainment_probability()
    >>> abs(chance.value - 0.5) < 5 * chance.standard_error
    True
    """
    options = Options.checked(paths, seed, threads, executor, progress)
    if not isinstance(scenario, Scenario):
        raise InputError("scenario", "be a Scenario", scenario)
    lowered = lowered_of(scenario)
    return forecast_of(scenario, lowered, run_paths(lowered, scenario, options), options)


class Options(NamedTuple):
    """How a simulation is run: nothing of it but paths and seed changes a number."""

    paths: int
    seed: int
    threads: int | None
    executor: Executors | None
    progress: Progress | None

    @classmethod
    def checked(cls, paths: Any, seed: Any, threads: Any, executor: Any, progress: Any) -> Options:
        """Return the options, or refuse the first that is not usable."""
        paths = whole("paths", paths, 2, MOST_PATHS)
        seed = whole("seed", seed, 0, MOST_SEED)
        if threads is not None:
            threads = whole("threads", threads, 1)
        if executor is not None:
            check_executor(executor)
        if progress is not None and not callable(progress):
            raise InputError("progress", "be callable with two numbers", progress)
        return cls(paths, seed, threads, executor, progress)


def lowered_of(scenario: Scenario, remembered: Remembered | None = None) -> Lowered:
    """Return the arrays of a scenario, under a digest of all that its paths hang on."""
    from funnelsim._arrays import lower  # noqa: PLC0415  loads the compiler

    lowered = lower(scenario, remembered)
    if _team_work.matters(scenario):
        from funnelsim._queue import digest_of  # noqa: PLC0415
    elif scenario.new_business is not None and scenario.new_business.needs_trajectories:
        from funnelsim._walks import digest_of  # noqa: PLC0415
    else:
        return lowered
    return lowered._replace(digest=digest_of(scenario, lowered))


def run_paths(lowered: Lowered, scenario: Scenario, options: Options) -> Kept:
    """Return all paths of a scenario, block by block."""
    paths, progress = options.paths, options.progress
    periods = scenario.periods.count
    bookings = np.empty((periods, paths), np.int64)
    fresh = None if lowered.new is None else np.empty(paths, np.int64)
    wins: NDArray[Any] = np.empty((periods, paths), np.uint16)  # half the memory, if they fit
    with closing(_blocks(lowered, scenario, options)) as blocks:
        for first, block in blocks:
            last = first + block.wins.shape[1]
            check_exact(block.bookings)
            bookings[:, first:last] = block.bookings
            if block.wins.max() > np.iinfo(wins.dtype).max:
                wins = wins.astype(np.int32)
            wins[:, first:last] = block.wins
            if fresh is not None and block.fresh is not None:
                fresh[first:last] = block.fresh
            if progress is not None:
                progress(last, paths)
    return Kept(bookings, wins, fresh)


def forecast_of(scenario: Scenario, lowered: Lowered, kept: Kept, options: Options) -> Forecast:
    """Return the forecast that has these paths."""
    paths, seed, threads = options.paths, options.seed, options.threads
    # for parts of the forecast: on our own threads, since an executor may be shut down by then
    again = functools.partial(simulate, paths=paths, seed=seed, threads=threads)
    record = Record(scenario, seed, paths, __version__, lowered.digest)
    return Forecast(record, kept, lowered, again, threads)


def _blocks(lowered: Lowered, scenario: Scenario, options: Options) -> Generator[tuple[int, Block]]:
    """Yield the blocks of the grid in order, each with its first path."""
    run, work, size = kernel_of(lowered, scenario)
    paths, seed, threads, executor, _ = options
    return in_order(run, (work, seed), grid_of(paths, size), threads, executor)


class Kernel(NamedTuple):
    """What runs one block of a scenario: ``run(work, seed, first path, paths)``."""

    run: Callable[[Any, int, int, int], Block]
    work: Any
    block: int  # paths of a block of the grid


def kernel_of(lowered: Lowered, scenario: Scenario) -> Kernel:
    """Return what runs the blocks of a scenario.

    The folded kernel does not know the day of a win, exact numbers of new deals, nor people.
    """
    from funnelsim._blocks import BLOCK, Work, run_block  # noqa: PLC0415

    if _team_work.matters(scenario):
        from funnelsim import _queue_blocks  # noqa: PLC0415
        from funnelsim._queue import lower_queue  # noqa: PLC0415

        queue = lower_queue(scenario, lowered)
        work = _queue_blocks.Trip(queue, lowered.shared, 0)
        return Kernel(_queue_blocks.run_booked, work, _queue_blocks.block_of(queue))
    if scenario.new_business is not None and scenario.new_business.needs_trajectories:
        from funnelsim import _walk_blocks  # noqa: PLC0415
        from funnelsim._walks import lower_walks  # noqa: PLC0415

        trip = _walk_blocks.Trip(lower_walks(scenario, lowered), lowered.shared, 0)
        return Kernel(_walk_blocks.run_booked, trip, _walk_blocks.BLOCK)
    return Kernel(run_block, Work(lowered.deals, lowered.shared, lowered.new), BLOCK)


def check_exact(bookings: NDArray[np.int64]) -> None:
    """Refuse sums that a float no longer holds exactly, or that went past 64 bits."""
    if bookings.size and not 0 <= bookings.min() <= bookings.max() < MOST_CENTS:
        raise InputError(
            "bookings of a period on a path",
            f"stay below {MOST_CENTS // CENTS:,}",
            remedy="amounts, their spread or the amount factor are too large to add up exactly",
        )
