"""Careful NumPy: whole trajectories, vectorised over chunks of paths and the deals of a stage.

The outcome is drawn first and times only for deals that are won. The remaining time of an old
deal comes from a table of the inverse survival on even steps of log survival (np.interp has to
search, and takes ten times as long). Single precision; memory is bounded by the chunk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from benchmarks.work import OPEN_STAGES, Work

DRAWS_A_CHUNK = 100_000
STEPS = 512
"""Steps of the table for each unit of log survival."""
LONGEST = 60
"""Where the table ends: survival e**-60."""


@dataclass(frozen=True)
class Stage:
    """The deals that stand in one stage."""

    number: int
    latent: np.ndarray
    log_still_open: np.ndarray
    age: np.ndarray
    amount: np.ndarray


def simulate(work: Work, paths: int, seed: int) -> np.ndarray:
    """Return bookings (paths, periods)."""
    rng = np.random.Generator(np.random.SFC64(seed))
    stages = [_stage(work, number) for number in range(OPEN_STAGES)]
    inverse = inverse_survival(work)
    bookings = np.empty((paths, work.periods))
    chunk = max(1, DRAWS_A_CHUNK // work.deals)
    for first in range(0, paths, chunk):
        rows = bookings[first : first + chunk]
        rows[:] = 0.0
        z = np.sqrt(work.rho) * rng.standard_normal(len(rows))
        for stage in stages:
            if len(stage.age):
                rows += _stage_bookings(work, stage, inverse, z, rng)
    return bookings


def inverse_survival(work: Work) -> np.ndarray:
    """Return the days at even steps of log survival."""
    log_survival, days = work.survival_table
    steps = np.arange(LONGEST * STEPS + 2) / STEPS
    return np.interp(-steps, log_survival, days).astype(np.float32)


def _stage(work: Work, number: int) -> Stage:
    deals = work.stage == number
    latent = special.ndtri(work.win_chance[deals]).astype(np.float32)
    if len(latent) and np.ptp(latent) < 1e-6:  # one chance for all: one threshold a path
        latent = latent[:1]
    open_log = work.log_still_open[deals].astype(np.float32)
    age, amount = work.age[deals].astype(np.float32), work.amount[deals].astype(float)
    return Stage(number, latent, open_log, age, amount)


def _stage_bookings(
    work: Work, stage: Stage, inverse: np.ndarray, z: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    deals = len(stage.age)
    score = (stage.latent + z[:, None]) / np.sqrt(1 - work.rho)
    chance = special.ndtr(score.astype(np.float32))
    won = np.flatnonzero(rng.random((len(z), deals), dtype=np.float32) < chance)
    path, deal = np.divmod(won, deals)
    day = remaining(stage.log_still_open[deal], stage.age[deal], inverse, rng)
    for _later in range(stage.number + 1, OPEN_STAGES):
        later = rng.standard_gamma(work.shape, len(won), dtype=np.float32)
        later *= np.float32(work.scale)
        day += later
    width = work.periods + 1
    cell = path * width
    for end in work.edges[1:]:
        cell += day > end
    sums = np.bincount(cell, stage.amount[deal], minlength=len(z) * width)
    return sums.reshape(len(z), width)[:, :-1]


def remaining(
    log_still_open: np.ndarray, age: np.ndarray, inverse: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return what remains of times in stage that have lasted so many days."""
    place = rng.standard_exponential(len(age), dtype=np.float32)
    place -= log_still_open
    place *= np.float32(STEPS)
    step = place.astype(np.int32)
    place -= step
    low = inverse[step]
    return low + place * (inverse[step + 1] - low) - age
