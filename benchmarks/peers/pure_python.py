"""Pure Python: the random module, one path and one deal at a time."""

from __future__ import annotations

import random
from bisect import bisect_left
from math import log, sqrt
from statistics import NormalDist

import numpy as np

from benchmarks.work import OPEN_STAGES, Work

NORMAL = NormalDist()


def interpolate(x: float, xs: list[float], ys: list[float]) -> float:
    """Return the straight line between the two points beside ``x``."""
    right = min(max(bisect_left(xs, x), 1), len(xs) - 1)
    part = (x - xs[right - 1]) / (xs[right] - xs[right - 1])
    return ys[right - 1] + part * (ys[right] - ys[right - 1])


def simulate(work: Work, paths: int, seed: int) -> np.ndarray:
    """Return bookings (paths, periods)."""
    rng = random.Random(seed)
    log_survival, days = (column.tolist() for column in work.survival_table)
    ages = work.age.tolist()
    latent = [NORMAL.inv_cdf(chance) for chance in work.win_chance.tolist()]
    still_open = work.log_still_open.tolist()
    deals = list(
        zip(work.stage.tolist(), ages, work.amount.tolist(), latent, still_open, strict=True)
    )
    bookings = []
    for _ in range(paths):
        z = sqrt(work.rho) * rng.gauss(0.0, 1.0)
        booked = [0] * work.periods
        for stage, age, amount, normal, survived in deals:
            if rng.random() >= NORMAL.cdf((normal + z) / sqrt(1 - work.rho)):
                continue
            day = interpolate(survived + log(1.0 - rng.random()), log_survival, days) - age
            for _later in range(stage + 1, OPEN_STAGES):
                day += rng.gammavariate(work.shape, work.scale)
            period = bisect_left(work.edges, day) - 1
            if period < work.periods:
                booked[max(period, 0)] += amount
        bookings.append(booked)
    return np.array(bookings, dtype=float)
