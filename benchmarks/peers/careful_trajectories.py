"""Careful NumPy: every stage of every deal, vectorised over chunks of paths and alike deals.

As in `careful_numpy`, but a deal that is lost takes its time, too, and it is counted when each
stage is entered and left. What is lost, or is beyond the horizon, is left out from then on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from benchmarks.peers.careful_numpy import DRAWS_A_CHUNK, inverse_survival, remaining
from benchmarks.work import OPEN_STAGES, Work

FIRST_WINS = 10
NEVER = 2**31 - 1
MOST_DAYS = 2**20


class Trajectories(NamedTuple):
    """What is found on P paths, in K periods and S stages, the last of them won."""

    bookings: np.ndarray  # (P, K)
    entering: np.ndarray  # (P, S, K)
    standing: np.ndarray  # (P, S - 1, K)
    signed: np.ndarray  # (P, FIRST_WINS) days of the first wins, rising; NEVER: not in time


class Group(NamedTuple):
    """The deals that stand in one stage."""

    stage: int
    log_still_open: np.ndarray  # (deals,), and so are the next two
    age: np.ndarray
    amount: np.ndarray
    latent: list[np.ndarray]  # of each stage ahead: the chance to leave it forward, as a score


def simulate(work: Work, paths: int, seed: int) -> Trajectories:
    """Return the trajectories of all deals."""
    rng = np.random.Generator(np.random.SFC64(seed))
    inverse = inverse_survival(work)
    groups = [_group(work, stage) for stage in np.unique(work.stage).tolist()]
    result = Trajectories(
        np.zeros((paths, work.periods)),
        np.zeros((paths, OPEN_STAGES + 1, work.periods), np.int32),
        np.zeros((paths, OPEN_STAGES, work.periods), np.int32),
        np.full((paths, FIRST_WINS), NEVER, np.int32),
    )
    chunk = max(1, DRAWS_A_CHUNK // work.deals)
    for first in range(0, paths, chunk):
        rows = Trajectories(*(part[first : first + chunk] for part in result))
        _fill(work, groups, rows, inverse, rng)
    return result


def _group(work: Work, stage: int) -> Group:
    deals = work.stage == stage
    latent = [
        special.ndtri(work.reach_chance(later + 1)[deals]) for later in range(stage, OPEN_STAGES)
    ]
    return Group(
        stage,
        work.log_still_open[deals].astype(np.float32),
        work.age[deals].astype(np.float32),
        work.amount[deals].astype(float),
        [one[:1] if np.ptp(one) < 1e-6 else one for one in latent],
    )


def _fill(
    work: Work,
    groups: list[Group],
    rows: Trajectories,
    inverse: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Fill the rows of a chunk of paths, which are zeros."""
    paths, width = len(rows.bookings), work.periods + 1
    z = np.sqrt(work.rho) * rng.standard_normal(paths)
    entered = np.zeros((OPEN_STAGES + 1, paths, width), np.int32)
    left = np.zeros((OPEN_STAGES, paths, width), np.int32)
    wins = []
    for group in groups:
        left[group.stage, :, 0] -= len(group.age)  # they stand there from the beginning
        wins.append(_walk(work, group, z, (entered, left), rows.bookings, (inverse, rng)))
    rows.entering[:] = entered[:, :, :-1].transpose(1, 0, 2)
    standing = np.cumsum(entered[:-1] - left, axis=2)[:, :, :-1]
    rows.standing[:] = standing.transpose(1, 0, 2)
    path, day = (np.concatenate(part) for part in zip(*wins, strict=True))
    _sign(path, day, rows.signed)


def _walk(  # noqa: PLR0917
    work: Work,
    group: Group,
    z: np.ndarray,
    counts: tuple[np.ndarray, np.ndarray],
    bookings: np.ndarray,
    draw: tuple[np.ndarray, np.random.Generator],
) -> tuple[np.ndarray, np.ndarray]:
    """Walk the deals that stand in one stage; return the paths and the days of their wins."""
    (entered, left), (inverse, rng) = counts, draw
    width, deals = work.periods + 1, len(group.age)
    size = len(z) * width
    uniform = rng.random(len(z) * deals, dtype=np.float32)
    path = np.repeat(np.arange(len(z)), deals)
    deal = np.tile(np.arange(deals, dtype=np.int32), len(z))
    day = remaining(group.log_still_open[deal], group.age[deal], inverse, rng)
    for stage, latent in enumerate(group.latent, group.stage):
        if stage > group.stage:
            later = rng.standard_gamma(work.shape, len(day), dtype=np.float32)
            later *= np.float32(work.scale)
            day += later
        cell = path * width
        for end in work.edges[1:]:
            cell += day > np.float32(end)
        chance = special.ndtr(((latent + z[:, None]) / np.sqrt(1 - work.rho)).astype(np.float32))
        forward = uniform < (chance[path, 0] if chance.shape[1] == 1 else chance[path, deal])
        left[stage] += np.bincount(cell, minlength=size).reshape(len(z), width)
        cell = cell[forward]
        entered[stage + 1] += np.bincount(cell, minlength=size).reshape(len(z), width)
        kept = np.flatnonzero(forward)[day[forward] <= np.float32(work.edges[-1])]
        uniform, path, deal, day = uniform[kept], path[kept], deal[kept], day[kept]
    cell = path * width
    for end in work.edges[1:]:
        cell += day > np.float32(end)
    booked = np.bincount(cell, group.amount[deal], minlength=size)
    bookings += booked.reshape(len(z), width)[:, :-1]
    return path, day


def _sign(path: np.ndarray, day: np.ndarray, signed: np.ndarray) -> None:
    """Fill the days of the first wins of each path."""
    both = np.sort(path * MOST_DAYS + np.maximum(np.ceil(day), 1.0).astype(np.int64))
    path, whole = np.divmod(both, MOST_DAYS)
    first = np.searchsorted(path, np.arange(len(signed) + 1))
    for place in range(signed.shape[1]):
        at = first[:-1] + place
        there = at < first[1:]
        signed[there, place] = whole[at[there]]
