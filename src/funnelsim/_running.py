"""The fixed grid of blocks of paths, over threads or any executor, given back in order."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from typing import Any, Generic, TypeVar

from funnelsim._workers import (
    Executors,
    Workers,
    processors,
    stopped,
    was_stopped,
    worker_died,
)
from funnelsim.errors import FunnelsimError

AHEAD = 64
"""Blocks that may wait in an executor whose size is not known."""
DEATHS = 3
"""If workers die so many times in a row and no block is done in between, we give up."""

Block = TypeVar("Block")
Run = Callable[..., Block]
"""A function of a module: some arguments, then the first path and the number of paths."""
Arguments = tuple[Any, ...]
Place = tuple[int, int]
"""First path and number of paths of a block."""
Grid = list[Place]


def in_order(
    run: Run[Block],
    arguments: Arguments,
    grid: Grid,
    threads: int | None,
    executor: Executors | None,
) -> Generator[tuple[int, Block]]:
    """Yield each block of the grid with its first path.

    A block whose worker died is done again, by another worker.

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
    executor : concurrent.futures.Executor, callable or Workers, optional
        Runs the blocks instead of our own threads; a callable makes an executor.

    Raises
    ------
    InputError
        If the executor is shut down before the last block is done.
    FunnelsimError
        If workers die again and again, and no block is done in between.
    """
    run(*arguments, 0, 0)
    if isinstance(executor, Workers):
        yield from _Line(executor, AHEAD, run, arguments, grid).blocks()
        return
    if executor is not None:
        with closing(Workers(executor, threads)) as workers:
            yield from _Line(workers, AHEAD, run, arguments, grid).blocks()
        return
    count = min(threads or processors(), len(grid))
    if count == 1:
        for first, size in grid:
            yield first, run(*arguments, first, size)
        return
    with closing(Workers(lambda: ThreadPoolExecutor(count))) as workers:
        yield from _Line(workers, 2 * count, run, arguments, grid).blocks()


def grid_of(paths: int, size: int) -> Grid:
    """Return blocks of so many paths, the last of them what is left."""
    return [(first, min(size, paths - first)) for first in range(0, paths, size)]


class _Task(Generic[Block]):
    """The work of one block, as it is sent to a worker."""

    __name__ = "block_of_paths"  # as Dask's displays call it

    def __init__(self, run: Run[Block], arguments: Arguments, place: Place) -> None:
        self._run, self._arguments, self._place = run, arguments, place
        self._name = uuid.uuid4().hex

    def __call__(self) -> Block:
        return self._run(*self._arguments, *self._place)

    def __dask_tokenize__(self) -> str:
        """Return a name that no other task has.

        Dask would hash all arguments otherwise, and give the result of an earlier task of the same
        arguments, even if that was cancelled, or killed its workers.
        """
        return self._name


class _Line(Generic[Block]):
    """Blocks on their way through an executor, so many at once that no worker waits."""

    def __init__(
        self, workers: Workers, ahead: int, run: Run[Block], arguments: Arguments, grid: Grid
    ) -> None:
        self._workers, self._ahead = workers, ahead
        self._run, self._arguments = run, arguments
        self._left = deque(grid)  # what was not yet given back
        self._tasks: dict[Place, Future[Block]] = {}  # the first of them
        self._given = self._done_at_death = self._deaths = 0

    def blocks(self) -> Iterator[tuple[int, Block]]:
        """Yield the blocks in order; whatever ends this cancels those that wait."""
        try:
            while self._left:
                block = self._first()
                place = self._left.popleft()
                del self._tasks[place]
                self._given += 1
                yield place[0], block
        finally:
            for task in self._tasks.values():
                task.cancel()

    def _first(self) -> Block:
        """Return the first block that is left, however many workers die over it."""
        while True:
            try:
                self._fill()
                return self._tasks[self._left[0]].result()
            except Exception as error:
                if was_stopped(error):
                    raise stopped(error) from error
                if not worker_died(error):
                    raise
                self._count(error)
                self._drop_lost(error)

    def _fill(self) -> None:
        for place in islice(self._left, self._ahead):
            if place not in self._tasks:
                task = _Task(self._run, self._arguments, place)
                self._tasks[place] = self._workers.submit(task)

    def _count(self, error: BaseException) -> None:
        """Give up where workers die and nothing gets done."""
        done = self._given + sum(map(_is_done, self._tasks.values()))
        self._deaths = 1 if done > self._done_at_death else self._deaths + 1
        self._done_at_death = done
        if self._deaths >= DEATHS:
            raise FunnelsimError(
                f"workers died {self._deaths} times in a row and no block was done in between; "
                f"most often they have too little memory. The last time: {error}"
            ) from error

    def _drop_lost(self, error: BaseException) -> None:
        """Forget the tasks that died, so that they are done again; all others are kept."""
        broken = isinstance(error, BrokenExecutor)  # then nothing more comes of any task
        for place, task in list(self._tasks.items()):
            if worker_died(_error_of(task)) or (broken and not task.done()):
                task.cancel()
                del self._tasks[place]
        if broken:
            self._workers.replace(error)


def _is_done(task: Future[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _error_of(task: Future[Any]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None
