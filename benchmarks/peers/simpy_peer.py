"""SimPy: every deal of every path is a process that waits in its stages."""

from __future__ import annotations

import random
from bisect import bisect_left
from math import log, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.pure_python import interpolate
from benchmarks.work import OPEN_STAGES, Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    import simpy

NORMAL = NormalDist()


def simulate(work: Work, paths: int, seed: int) -> np.ndarray:
    """Return bookings (paths, periods)."""
    import simpy  # noqa: PLC0415  an extra of the benchmarks, which tests of the gate do without

    rng = random.Random(seed)
    reach = np.stack([work.reach_chance(stage) for stage in range(OPEN_STAGES + 1)], axis=1)
    latent = [[NORMAL.inv_cdf(c) if c < 1 else float("inf") for c in row] for row in reach.tolist()]
    log_survival, days = (column.tolist() for column in work.survival_table)
    still_open = work.log_still_open.tolist()
    stages, ages, amounts = work.stage.tolist(), work.age.tolist(), work.amount.tolist()

    def deal(env: simpy.Environment, number: int, z: float, booked: list[int]) -> Iterator:
        outcome = rng.random()
        log_left = still_open[number] + log(1.0 - rng.random())
        wait = interpolate(log_left, log_survival, days) - ages[number]
        for stage in range(stages[number] + 1, OPEN_STAGES + 1):
            yield env.timeout(max(wait, 0.0))
            if outcome >= NORMAL.cdf((latent[number][stage] + z) / sqrt(1 - work.rho)):
                return
            wait = rng.gammavariate(work.shape, work.scale)
        booked[max(bisect_left(work.edges, env.now) - 1, 0)] += amounts[number]

    bookings = []
    for _ in range(paths):
        env = simpy.Environment()
        booked = [0] * work.periods
        z = sqrt(work.rho) * rng.gauss(0.0, 1.0)
        for number in range(work.deals):
            env.process(deal(env, number, z, booked))
        env.run(until=work.edges[-1])
        bookings.append(booked)
    return np.array(bookings, dtype=float)
