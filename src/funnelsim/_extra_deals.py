"""Extra deals as the kernel of first passage reads them: all of them enter on one day."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from funnelsim._chances import Shared
from funnelsim._creation import (
    FEWER_STEPS,
    MANY_DRAWS,
    STEPS,
    Chances,
    NewDeals,
    creation_of,
    pieces_of,
    scales_of,
    span_of,
)
from funnelsim._remaining import RemainingTime
from funnelsim._timing import laws_of_draws
from funnelsim.distributions import Distribution
from funnelsim.kernels.creation import Creation
from funnelsim.new_business import YEAR
from funnelsim.scenario import Scenario

EXTRA_DEAL = "\0extra deal"
"""The stable number of this name is that of the first one; no deal of a user is called so."""
NODES, FEWER_NODES = 16384, 1024
"""Places of the cycle factor, with few draws of times and with many. A fixed time is either short
enough for the horizon or too long, for all deals of a path: the jump has to be narrow."""


def lower_extra(
    scenario: Scenario, shared: Shared, stage: int, day: float, amount: Distribution
) -> NewDeals:
    """Return extra deals that all enter on one day, as a cohort with a mean number of 1.

    Their chance is that of being booked inside the horizon.
    """
    year = np.zeros(1, np.int64)
    if scenario.market.persistence < 1.0:
        year[0] = math.floor(day / YEAR)
    chances = _chancesin_time(scenario, shared, stage, day)
    creation = creation_of(scenario, shared, stage, chances, year, EXTRA_DEAL, amount)
    return _one_each(creation, year, scenario, chances.span)


def _chancesin_time(scenario: Scenario, shared: Shared, stage: int, day: float) -> Chances:
    """Return the chance to be booked by the end of the last period, given a win."""
    clock, as_of, end = scenario.clock, scenario.as_of, scenario.windows[-1].hi
    start, last = clock.elapsed(as_of, [day, end])
    chosen = laws_of_draws(scenario.funnel)
    many = len(chosen) > MANY_DRAWS
    moving = bool(shared.cycle.any()) and last > start
    span = span_of(shared) if moving else 0.0
    nodes = (FEWER_NODES if many else NODES) if moving else 1
    factors = np.exp(np.linspace(-span, span, nodes))
    steps = FEWER_STEPS if many else STEPS
    left = last - start if day <= end else -1.0
    by = np.stack([in_time(laws, stage, left, factors, steps) for laws in chosen])
    if not moving:
        return Chances(by.reshape(1, 1, -1), np.zeros((0, 1, 2)), 0.0)
    return Chances(np.zeros((1, 1, len(chosen))), by.reshape(1, 1, -1), span)


def in_time(
    laws: list[Distribution], stage: int, left: float, factors: NDArray[np.float64], steps: int
) -> NDArray[np.float64]:
    """Return the chance that what remains under each cycle factor takes no longer than is left."""
    result = np.zeros(len(factors))
    if left < 0.0:
        return result
    for some in scales_of(factors):
        times = left / factors[some]
        remaining = RemainingTime(laws, float(times.max()), steps)
        exact = len(factors) == 1
        result[some] = (
            remaining.by(stage, np.zeros(1), times)[0]
            if exact
            else remaining.read(stage, 0.0, times)
        )
    return result


def always_won(new: NewDeals) -> NewDeals:
    """Return new business as deals that are all booked: those that a rate's wins are."""
    draws = new.creation.score.shape[1]
    certain = new.creation._replace(
        score=np.ones((1, draws)),
        year=np.full(1, -1, np.int64),
        by_end=np.ones((1, 1, 1)),
        table=np.zeros((0, 1, 2)),
    )
    one = np.zeros(1, np.int64)
    return new._replace(
        creation=certain,
        rate=np.ones(1),
        factor=np.ones(len(new.factor)),
        year=one,
        frailty=one - 1,
        swing=0.0,
    )


def _one_each(
    creation: Creation, year: NDArray[np.int64], scenario: Scenario, span: float
) -> NewDeals:
    return NewDeals(
        creation=creation,
        rate=np.ones(1),
        factor=np.ones(scenario.draws),
        year=year,
        frailty=np.full(1, -1, np.int64),
        gammas=np.zeros((0, 2, 2, 2)),
        streams=np.zeros(1, np.uint64),
        swing=0.0,
        persistence=scenario.market.persistence,
        span=span,
        cohort=np.zeros(1, np.int64),
        part=np.ones(1),
        pieces=pieces_of(scenario, by_year=False),
    )
