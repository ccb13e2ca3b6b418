"""Plain NumPy: a loop over paths, vectorised over deals, distributions from scipy.stats."""

from __future__ import annotations

import numpy as np
from scipy import stats

from benchmarks.work import OPEN_STAGES, Work


def simulate(work: Work, paths: int, seed: int) -> np.ndarray:
    """Return bookings (paths, periods)."""
    rng = np.random.default_rng(seed)
    time = stats.gamma(work.shape, scale=work.scale)
    latent = stats.norm.ppf(work.win_chance)
    still_open = time.sf(work.age)
    bookings = np.empty((paths, work.periods))
    for path in range(paths):
        z = rng.standard_normal()
        chance = stats.norm.cdf((latent + np.sqrt(work.rho) * z) / np.sqrt(1 - work.rho))
        won = rng.random(work.deals) < chance
        day = time.isf(still_open * rng.random(work.deals)) - work.age
        for stage in range(1, OPEN_STAGES):
            later = rng.gamma(work.shape, work.scale, work.deals)
            day += np.where(work.stage < stage, later, 0.0)
        amount = np.where(won, work.amount, 0)
        bookings[path] = np.histogram(day, bins=work.edges, weights=amount)[0]
    return bookings
