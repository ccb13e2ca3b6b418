"""The fixed grid of blocks of paths, over threads or any executor, given back in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, TypeVar

AHEAD = 64
"""Blocks that may wait in an executor whose size is not known."""

Block = TypeVar("Block")
Run = Callable[..., Block]
"""A function of a module: some arguments, then the first path and the number of paths."""
Arguments = tuple[Any, ...]
Grid = list[tuple[int, int]]


def in_order(
    run: Run[Block],
    arguments: Arguments,
    grid: Grid,
    threads: int | None,
    executor: Executor | None,
) -> Generator[tuple[int, Block]]:
    """Yield each block of the grid with its first path.

    Parameters
    ----------
    run : callable
        Called as ``run(*arguments, first, paths)``; first of all for no paths, so that it is
        compiled once, before any worker starts.
    arguments : tuple
        What all blocks share.
    grid : list of (int, int)
        First path and number of paths of each block; it does not depend on the workers.
    threads : int, optional
        Number of threads; by default one for each processor.
    executor : concurrent.futures.Executor, optional
        Runs the blocks instead of our own threads.
    """
    run(*arguments, 0, 0)
    if executor is not None:
        yield from _submitted(executor, AHEAD, run, arguments, grid)
        return
    workers = min(threads or _processors(), len(grid))
    if workers == 1:
        for first, size in grid:
            yield first, run(*arguments, first, size)
        return
    pool = ThreadPoolExecutor(workers)
    try:
        yield from _submitted(pool, 2 * workers, run, arguments, grid)
    finally:
        pool.shutdown(cancel_futures=True)


def grid_of(paths: int, size: int) -> Grid:
    """Return blocks of so many paths, the last of them what is left."""
    return [(first, min(size, paths - first)) for first in range(0, paths, size)]


def _submitted(
    executor: Executor, ahead: int, run: Run[Block], arguments: Arguments, grid: Grid
) -> Iterator[tuple[int, Block]]:
    """Yield blocks in order; so many are under way at once that no worker waits."""
    waiting: deque[tuple[int, Future[Block]]] = deque()
    try:
        for first, size in grid:
            waiting.append((first, executor.submit(run, *arguments, first, size)))
            if len(waiting) >= ahead:
                start, done = waiting.popleft()
                yield start, done.result()
        while waiting:
            start, done = waiting.popleft()
            yield start, done.result()
    finally:
        for _, task in waiting:
            task.cancel()


def _processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
