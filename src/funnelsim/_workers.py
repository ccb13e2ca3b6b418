"""Where blocks run: an executor, and the next one when its workers die."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from typing import Any, TypeAlias, TypeVar

from funnelsim._broken_pools import let_go
from funnelsim.errors import ExecutorWarning, InputError

Answer = TypeVar("Answer")


class Workers:
    """Gives blocks to an executor, and to the next one when that is broken.

    Parameters
    ----------
    executor : concurrent.futures.Executor or callable
        An executor is its owner's: it is left running, and if it breaks, threads of this process
        take over, with a warning. A callable makes executors: a broken one is followed by a new
        one, and `close` shuts the last one down.
    threads : int, optional
        Number of threads that take over; by default one for each processor.

    Examples
    --------
    >>> workers = Workers(lambda: ThreadPoolExecutor(2))
    >>> workers.submit(lambda: 5).result()
    5
    >>> workers.close()
    """

    def __init__(self, executor: Executors, threads: int | None = None) -> None:
        check_executor(executor)
        self._threads = threads
        self._make = None if _is_executor(executor) else executor
        self._ours = self._make is not None
        self._executor: Any = executor if self._make is None else self._made()

    def submit(self, work: Callable[[], Answer]) -> Future[Answer]:
        """Let a worker do some work; a broken executor raises BrokenExecutor."""
        try:
            return self._executor.submit(work)  # type: ignore[no-any-return]
        except BrokenExecutor:
            raise
        except Exception as error:
            raise stopped(error) from error

    def replace(self, error: BaseException) -> None:
        """Go on elsewhere, now that this error has shown the executor to be broken."""
        let_go(self._executor)
        self.close()
        if self._make is not None:
            self._executor = self._made()
            return
        self._executor, self._ours = ThreadPoolExecutor(self._threads or processors()), True
        warnings.warn(
            f"the executor broke ({_told(error)}); what was left ran on threads of this process. "
            "A function that makes an executor, given instead of one, lets a new one be made",
            ExecutorWarning,
            stacklevel=2,
        )

    def close(self) -> None:
        """Shut down an executor that was made here, once what is under way is done."""
        if self._ours:
            self._executor.shutdown()

    def _made(self) -> Executor:
        assert callable(self._make)
        executor = self._make()
        if not _is_executor(executor):
            raise InputError("executor", f"{_RULE}; it made something else", executor)
        return executor


Executors: TypeAlias = Executor | Callable[[], Executor] | Workers
"""What runs blocks: an executor, or what makes one. `Workers` are left open for further use."""

_RULE = "be a concurrent.futures.Executor, or make one when it is called"


def check_executor(executor: Any) -> None:
    """Refuse what is neither an executor nor makes one."""
    if not (_is_executor(executor) or callable(executor)):
        raise InputError("executor", _RULE, executor)


def worker_died(error: BaseException | None) -> bool:
    """Return whether this is about a worker that died, not about the work it was given."""
    if isinstance(error, BrokenExecutor):  # of concurrent.futures; loky's are of the same class
        return True
    # Dask has a class of its own, for work on which several workers in a row died. It is known by
    # its name, because Dask need not be installed, and takes a second to import where it is.
    return _is_kind(error, "distributed", "KilledWorker")


def was_stopped(error: BaseException) -> bool:
    """Return whether somebody else shut the executor down, or cancelled a block."""
    # loky has a class of its own for work that it gave up when it was shut down by force
    return isinstance(error, CancelledError) or _is_kind(error, "loky", "ShutdownExecutorError")


def stopped(error: BaseException) -> InputError:
    """Return the error for an executor that no longer does what it is asked."""
    remedy = f"it refused or cancelled a block ({_told(error)}); was it shut down?"
    return InputError("executor", "run until all blocks are done", remedy=remedy)


def processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_executor(given: Any) -> bool:
    # a class such as ThreadPoolExecutor has the method too, but makes what has it
    return hasattr(given, "submit") and not isinstance(given, type)


def _is_kind(error: BaseException | None, package: str, name: str) -> bool:
    """Return whether an error is of a class of a package that is not imported here."""
    kind = type(error)
    return kind.__name__ == name and kind.__module__.partition(".")[0] == package


def _told(error: BaseException) -> str:
    """Return the kind of an error and the first line of what it says."""
    [first, *_] = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
