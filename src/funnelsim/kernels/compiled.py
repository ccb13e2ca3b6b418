"""The kernels' entries: compiled at first use, and kept between runs where a folder is writable."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from funnelsim.kernels.creation import create_of
from funnelsim.kernels.outcomes import fold_of
from funnelsim.kernels.passage import pass_of
from funnelsim.kernels.queue import queue_of
from funnelsim.kernels.trajectories import walk_of
from funnelsim.kernels.winning import win_of


def _source_digest() -> int:
    """Return a number that changes with any line of any kernel."""
    digest = hashlib.blake2b(digest_size=7)
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return int.from_bytes(digest.digest(), "little")


def _kept(function: Callable[..., None]) -> Any:
    """Compile a function at its first call, and keep the compiled form.

    Numba keys what it keeps on the function's own file and on the values it closes over. A
    kernel's parts live in other files, so each kernel closes over the digest of all of them:
    otherwise an edited part would leave old numbers in use. The file's name carries the digest,
    too: what was kept of another version may name classes that are no longer where they were.
    """
    function.__qualname__ += f"-{_source_digest():x}"
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder is writable, as in a read-only install
        return njit(nogil=True)(function)


fold = _kept(fold_of(_source_digest()))
create = _kept(create_of(_source_digest()))
passage = _kept(pass_of(_source_digest()))
queue = _kept(queue_of(_source_digest()))
walk = _kept(walk_of(_source_digest()))
win = _kept(win_of(_source_digest()))
