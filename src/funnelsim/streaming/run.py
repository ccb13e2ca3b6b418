"""From a scenario to the answers of very many paths: tasks of blocks are run and added up."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing

from funnelsim._running import grid_of, in_order
from funnelsim._version import __version__
from funnelsim._workers import Executors
from funnelsim.errors import InputError
from funnelsim.futures import Due
from funnelsim.scenario import Scenario
from funnelsim.scenario_answers import Record
from funnelsim.simulation import Kernel, Options, Progress, kernel_of, lowered_of
from funnelsim.streaming.checkpoint import Checkpoint, Origin
from funnelsim.streaming.forecast import StreamedForecast
from funnelsim.streaming.summary import Layout, Summary, summarise

GROUP = 8
"""Blocks of a task: so many that its summary is worth sending."""


def stream(
    scenario: Scenario,
    *,
    paths: int,
    seed: int = 1,
    threads: int | None = None,
    executor: Executors | None = None,
    progress: Progress | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> StreamedForecast:
    """Simulate very many paths of a scenario, and keep none of them.

    The paths are those that `simulate` has with the same seed. Memory does not grow with them.

    Parameters
    ----------
    scenario : Scenario
        The assumptions.
    paths : int
        Number of simulated futures, at least 2. The Monte Carlo error falls with its square root.
    seed : int
        Key of all random numbers, from 0 to 2**64 - 1. The same scenario, paths and seed give the
        same bits, whatever the threads or the executor, and however often the run was stopped.
    threads : int, optional
        Number of threads; by default one for each processor.
    executor : concurrent.futures.Executor or callable, optional
        Runs the blocks instead of our own threads, as in `simulate`.
    progress : callable, optional
        Called as ``progress(paths done, paths in all)`` after each task of several blocks, and
        first of all where a run goes on.
    checkpoint : str or path-like, optional
        File that the state is kept in: written whole every few seconds, at the end, and when
        something stops the run. Where the file is there, the run goes on from it; it may go on to
        more paths than were asked for before.

    Returns
    -------
    StreamedForecast
        Answers with their errors, and the record that makes them again.

    Raises
    ------
    InputError
        If an argument is not usable; if the checkpoint is damaged, holds another scenario, seed or
        version, or more paths than are asked for. Such a file is left as it is.
    FunnelsimError
        If workers of the executor die again and again, and no block is done in between.

    Warns
    -----
    ExecutorWarning
        If a worker's death broke the executor: what was left ran on threads of this process.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline, Scenario
    >>> from funnelsim.streaming import stream
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("year", 1), quota=300_000,
    ...     funnel=Funnel.key_account(time=10),
    ...     pipeline=Pipeline.from_frame({"stage": ["proposal"], "amount": [300_000]}),
    ... )
    >>> chance = stream(scenario, paths=100_000, seed=1).attainment_probability()
    >>> abs(chance.value - 0.5) < 5 * chance.standard_error
    True
    """
    options = Options.checked(paths, seed, threads, executor, progress)
    if not isinstance(scenario, Scenario):
        raise InputError("scenario", "be a Scenario", scenario)
    lowered = lowered_of(scenario)
    kernel = kernel_of(lowered, scenario)
    layout = Layout(scenario.periods.count, lowered.new is not None, Due.of(scenario))
    file = None if checkpoint is None else _file(checkpoint, kernel, layout, options.seed)
    found = _added_up(kernel, layout, options, file)
    record = Record(scenario, options.seed, options.paths, __version__, lowered.digest)
    return StreamedForecast(record, lowered, layout, found)


def _file(path: str | os.PathLike[str], kernel: Kernel, layout: Layout, seed: int) -> Checkpoint:
    """Return the checkpoint of a run, or refuse its name."""
    if not isinstance(path, str | os.PathLike):
        raise InputError("checkpoint", "be the name of a file", path)
    work = (kernel.run.__qualname__, kernel.work, kernel.block)
    return Checkpoint(path, Origin.of(seed, GROUP * kernel.block, work, layout), layout)


def _added_up(kernel: Kernel, layout: Layout, options: Options, file: Checkpoint | None) -> Summary:
    """Return the summary of all paths: of those in the file, and of those that follow."""
    task, progress = GROUP * kernel.block, options.progress
    found = whole = Summary.nothing(layout) if file is None else _gone_on(file, options)
    with closing(_tasks(kernel, layout, options, found.paths)) as parts:
        try:
            for _, part in parts:
                found = found.plus(part)
                whole = found if part.paths == task else whole
                if file is not None:
                    file.keep(whole)
                if progress is not None:
                    progress(found.paths, options.paths)
        finally:  # whatever stops the run; before the tasks under way are waited for
            if file is not None:
                file.keep(whole, now=True)
    return found


def _tasks(
    kernel: Kernel, layout: Layout, options: Options, done: int
) -> Generator[tuple[int, Summary]]:
    """Yield the summaries of the tasks that are not done yet, in order."""
    task = GROUP * kernel.block
    grid = grid_of(options.paths, task)[done // task :]
    if grid:
        work = (kernel, layout, options.seed)
        yield from in_order(summarise, work, grid, options.threads, options.executor)


def _gone_on(file: Checkpoint, options: Options) -> Summary:
    """Return the state in a file, if no more was done than is asked for."""
    found = file.read()
    if found.paths > options.paths:
        rule = f"be at least the {found.paths:,} that {file.name} holds"
        raise InputError("paths", rule, options.paths)
    if found.paths and options.progress is not None:
        options.progress(found.paths, options.paths)
    return found
