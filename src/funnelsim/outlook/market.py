"""The market: a common shift of the odds that deals go on rather than be lost, week by week.

Given that a deal leaves its stage, at an age, hazards say how likely it goes on; where in a week
more go on than that, in all stages together, the market is good. The shift is an autoregression
of order one, with a season beside it, in Gaussian approximation: each exit brings the slope and
the curvature of its log-likelihood at a shift of 0. All exits tell of it, not wins alone, and it
moves the deals in early stages, whose wins a level of wins cannot show yet.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.events import Known
from funnelsim.fitting.hazards import AGES, Hazards
from funnelsim.outlook.banded import Factor, Precision
from funnelsim.outlook.calendar import CLASSES, cells_of, past_weeks, season
from funnelsim.outlook.draws import BLOCK, Purpose, stream
from funnelsim.outlook.regression import Drift, chain_precision
from funnelsim.outlook.spans import FAR, Spans

Floats = NDArray[np.float64]

PERSISTENCES = (0.9, 0.97, 0.99)
"""Half of a shift is gone after about 7, 23 and 69 weeks."""
SDS = (0.02, 0.1, 0.2, 0.4)
"""Standard deviation of the shift in the long run, in log odds."""
SEASON_SD, INTERCEPT_SD = 0.3, 0.3
NUDGE = 0.05


class Market(NamedTuple):
    """What is believed of the shift in the last week: a mixture over a grid."""

    weight: Floats  # (points,)
    sigma: Floats  # (points,) sd of a week's step
    persistence: Floats  # (points,)
    mean: Floats  # (points,) of the last week's shift
    sd: Floats  # (points,)


def shifted(hazards: Hazards, shift: float) -> Hazards:
    """Return hazards whose odds to go forward rather than be lost are ``exp(shift)`` as high.

    The chance to leave a stage within a day stays.

    Examples
    --------
    >>> hazards = Hazards(np.full((1, 400), 0.02), np.full((1, 400), 0.02))
    >>> more = shifted(hazards, np.log(3.0))
    >>> round(float(more.forward[0, 0]), 6), round(float(more.lost[0, 0]), 6)
    (0.03, 0.01)
    """
    leave = hazards.forward + hazards.lost
    up = hazards.forward * np.exp(shift)
    share = np.divide(up, up + hazards.lost, out=np.zeros_like(up), where=leave > 0.0)
    return Hazards(leave * share, leave * (1.0 - share))


def exits(known: Known, spans: Spans, hazards: Hazards) -> tuple[Floats, Floats]:
    """Return slope and curvature of each day's log-likelihood in the shift, shape (days,)."""
    start, days = known.record_start, known.day - known.record_start + 1
    share = hazards.forward / np.maximum(hazards.forward + hazards.lost, 1e-300)
    slope, curve = np.zeros(days), np.zeros(days)
    stages = len(spans.entry)
    won_at = np.where(known.won, spans.closed, FAR)
    for k in range(stages):
        onward = spans.entry[k + 1] if k + 1 < stages else won_at
        left = np.minimum(onward, spans.closed)
        seen = (spans.entry[k] < FAR) & (left >= start) & (left < FAR)
        age = np.minimum(left[seen] - spans.entry[k, seen], AGES - 1)
        chance = share[k, age]
        went = (onward[seen] < FAR).astype(np.float64)
        slope += np.bincount(left[seen] - start, went - chance, days)
        curve += np.bincount(left[seen] - start, chance * (1.0 - chance), days)
    return slope, curve


def fit_market(known: Known, spans: Spans, hazards: Hazards, fiscal_year_start: int = 1) -> Market:
    """Fit the shift of the market to all exits from stages since the record began."""
    start, day = known.record_start, known.day
    classes = season(np.arange(start, day + 1), fiscal_year_start)
    cells = cells_of(past_weeks(start, day), classes)
    slope, curve = (cells.sums(daily) for daily in exits(known, spans, hazards))
    columns = np.column_stack([*np.eye(CLASSES)[cells.season].T, np.ones(len(slope))])
    first = np.searchsorted(cells.week, np.arange(int(cells.week[-1]) + 1))
    weighted = curve[:, None] * columns
    told = Precision(
        np.add.reduceat(curve, first),
        np.zeros(len(first) - 1),
        np.add.reduceat(weighted, first),
        columns.T @ weighted,
    )
    right = np.add.reduceat(slope, first), columns.T @ slope
    points = [(p, sd * np.sqrt(1.0 - p**2)) for p in PERSISTENCES for sd in SDS]
    score, *rest = np.array([_point(told, right, *point) for point in points]).T
    weight = np.exp(score - score.max())
    return Market(weight / weight.sum(), *rest)


def _point(
    told: Precision, right: tuple[Floats, Floats], persistence: float, sigma: float
) -> tuple[float, ...]:
    """Return log-evidence, sigma, persistence, and mean and sd of the last shift."""
    diagonal, beside = chain_precision(len(told.diagonal), Drift(sigma, persistence, 0.0))
    border = np.diag([*[SEASON_SD**-2] * CLASSES, INTERCEPT_SD**-2])
    prior = Factor.of(Precision(diagonal, beside, np.zeros_like(told.cross), border))
    factor = Factor.of(
        Precision(told.diagonal + diagonal, beside, told.cross, told.border + border)
    )
    level, rest = factor.solve(*right)
    fits = float(level @ right[0] + rest @ right[1])
    evidence = 0.5 * (fits + prior.log_determinant - factor.log_determinant)
    sd = float(np.sqrt(factor.end_covariance()[0, 0]))
    return evidence, sigma, persistence, float(level[-1]), sd


def market_on(market: Market, weeks: int, seed: int, block: int) -> Floats:
    """Return the mean shift from now to each week to come, shape (weeks, 1024)."""
    draw = stream(seed, Purpose.PRESSURE, block)
    below = np.cumsum(market.weight)[:-1]
    point = np.searchsorted(below, draw.random(BLOCK), side="right")
    now = market.mean[point] + market.sd[point] * draw.standard_normal(BLOCK)
    shift = np.empty((weeks, BLOCK))
    for week in range(weeks):
        now = market.persistence[point] * now
        now = now + market.sigma[point] * draw.standard_normal(BLOCK)
        shift[week] = now
    return np.asarray(np.cumsum(shift, axis=0) / np.arange(1, weeks + 1)[:, None])
