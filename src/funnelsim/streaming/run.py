"""From a scenario to the answers of very many paths: tasks of blocks are run and added up."""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import closing

from funnelsim._running import grid_of, in_order
from funnelsim._version import __version__
from funnelsim.errors import InputError
from funnelsim.futures import Due
from funnelsim.scenario import Scenario
from funnelsim.scenario_answers import Record
from funnelsim.simulation import Options, Progress, kernel_of
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
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> StreamedForecast:
    """Simulate very many paths of a scenario, and keep none of them.

    The paths are those of `simulate` with the same seed. Memory does not grow with their number.
    """
    options = Options.checked(paths, seed, threads, executor, progress)
    if not isinstance(scenario, Scenario):
        raise InputError("scenario", "be a Scenario", scenario)
    from funnelsim._arrays import lower  # noqa: PLC0415  loads the compiler

    lowered = lower(scenario)
    kernel = kernel_of(lowered, scenario)
    layout = Layout(scenario.periods.count, lowered.new is not None, Due.of(scenario))
    found = Summary.nothing(layout)
    grid = grid_of(options.paths, GROUP * kernel.block)
    parts = in_order(
        summarise, (kernel, layout, options.seed), grid, options.threads, options.executor
    )
    with closing(parts):
        for _, part in parts:
            found = found.plus(part)
            if options.progress is not None:
                options.progress(found.paths, options.paths)
    record = Record(scenario, options.seed, options.paths, __version__, lowered.digest)
    return StreamedForecast(record, lowered, layout, found)
