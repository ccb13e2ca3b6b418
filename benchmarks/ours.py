"""funnelsim's side of the benchmarks: the reference work, by its public face."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.work import Work, funnelsim_scenario

if TYPE_CHECKING:
    from funnelsim import Scenario


@lru_cache(maxsize=8)
def scenario(work: Work, cycle_cv: float = 0.0) -> Scenario:
    """Return the work's scenario, built once: reading a pipeline is not what is timed."""
    return funnelsim_scenario(work, quota=float(work.expected_bookings().sum()), cycle_cv=cycle_cv)


def simulate(
    work: Work, paths: int, seed: int, *, threads: int = 1, cycle_cv: float = 0.0
) -> np.ndarray:
    """Return bookings (paths, periods) in currency units."""
    import funnelsim as fs  # noqa: PLC0415

    forecast = fs.simulate(scenario(work, cycle_cv), paths=paths, seed=seed, threads=threads)
    return np.asarray(forecast.bookings)
