"""Broken pools of processes let go of the work that was on its way to them.

Python before 3.11.5 waits for ever where a worker dies while more than a pipe holds is on its way
to it: nobody reads any more, and what keeps the pipe open is this process's own end of it
(https://github.com/python/cpython/issues/94777).
"""

from __future__ import annotations

import contextlib
from typing import Any

GRACE = 2.0
"""Seconds in which a pool that knows how to let go has done so."""


def let_go(executor: Any) -> None:
    """Let a broken pool of the standard library end, so that nobody waits for it for ever."""
    ending = getattr(executor, "_executor_manager_thread", None)
    if not _is_pool_of_processes(executor) or ending is None:
        return
    ending.join(GRACE)
    reader = getattr(getattr(executor, "_call_queue", None), "_reader", None)
    if ending.is_alive() and reader is not None:
        with contextlib.suppress(OSError):  # closed meanwhile
            reader.close()


def _is_pool_of_processes(executor: Any) -> bool:
    # known by its name: the class imports what forks and spawns
    return any(
        (kind.__module__, kind.__name__) == ("concurrent.futures.process", "ProcessPoolExecutor")
        for kind in type(executor).__mro__
    )
