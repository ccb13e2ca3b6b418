"""The kernels' entries: compiled at first use, and kept between runs where a folder is writable."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from funnelsim.kernels.outcomes import fold_tiles


def _source_digest() -> int:
    """Return a number that changes with any line of any kernel."""
    digest = hashlib.blake2b(digest_size=7)
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return int.from_bytes(digest.digest(), "little")


def _entry() -> Callable[..., None]:
    """Return the function whose compiled form is kept.

    Numba keys what it keeps on the function's own file and on the values it closes over. The
    kernel's helpers live in other files, so the digest of all of them is closed over here:
    otherwise an edited helper would leave old numbers in use.
    """
    source = _source_digest()

    def fold(deals, factors, scratch, key, first_tile, bookings, wins):
        source  # noqa: B018
        fold_tiles(deals, factors, scratch, key, first_tile, bookings, wins)

    return fold


def _kept(function: Callable[..., None]) -> Any:
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder is writable, as in a read-only install
        return njit(nogil=True)(function)


fold = _kept(_entry())
