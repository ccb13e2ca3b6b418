"""funnelsim's side of the benchmarks: the reference work, by its public face."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.careful_trajectories import FIRST_WINS, Trajectories
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


def trajectories(work: Work, paths: int, seed: int) -> Trajectories:
    """Return every deal's way through the stages, by the kernel of trajectories alone."""
    from funnelsim._arrays import lower  # noqa: PLC0415
    from funnelsim._running import grid_of  # noqa: PLC0415
    from funnelsim._walk_blocks import BLOCK, Trip, run_walks  # noqa: PLC0415
    from funnelsim._walks import lower_walks  # noqa: PLC0415

    lowered = lower(scenario(work))
    trip = Trip(lower_walks(scenario(work), lowered), lowered.shared, FIRST_WINS)
    blocks = [run_walks(trip, seed, first, size) for first, size in grid_of(paths, BLOCK)]

    def joined(name: str) -> np.ndarray:
        return np.moveaxis(np.concatenate([getattr(one, name) for one in blocks], axis=-1), -1, 0)

    return Trajectories(joined("bookings") / 100.0, *map(joined, Trajectories._fields[1:]))
