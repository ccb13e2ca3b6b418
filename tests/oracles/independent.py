"""An independent, obvious simulator of a scenario described by a plain dict.

Deal by deal, stage by stage, with NumPy's random numbers: outcome first, then time given the
outcome. It shares no formula with the exact answers beyond the laws of single times.
"""

import numpy as np
from scipy import stats

from tests.oracles import laws
from tests.oracles.description import (
    at_draw,
    close_day,
    correlation,
    number_of_draws,
    periods_of,
    win_probabilities,
)

NEVER = np.inf


def simulate(description, paths, seed):
    """Return bookings (in units) and wins, each an array of (paths, periods)."""
    rng = np.random.default_rng(seed)
    draws = number_of_draws(description)
    drawn = rng.integers(draws, size=paths)
    shape = (paths, len(periods_of(description)))
    bookings, wins = np.zeros(shape), np.zeros(shape, dtype=int)
    for draw in range(draws):
        rows = np.flatnonzero(drawn == draw)
        bookings[rows], wins[rows] = _at_one_draw(at_draw(description, draw), len(rows), rng)
    return bookings, wins


def _at_one_draw(description, paths, rng):
    shift, explained = _market(description, paths, rng)
    cycle = _mean_one(description.get("cycle_cv", 0.0), paths, rng)
    amount_factor = _mean_one(description.get("amount_cv", 0.0), paths, rng)
    periods = periods_of(description)
    bookings, wins = np.zeros((paths, len(periods))), np.zeros((paths, len(periods)), dtype=int)
    for deal, moved in zip(description["deals"], shift, strict=True):
        won, day = _day_won(description, deal, (moved, explained), rng)
        day = np.where(won, day if close_day(deal) else day * cycle, NEVER)
        for period, (lo, hi) in enumerate(periods):
            after = (day > lo + laws.ROUNDING) | (
                period == 0
            )  # an open deal that goes on at once: after as-of
            inside = after & (day <= hi + laws.ROUNDING)
            wins[:, period] += inside
            bookings[:, period] += inside * deal.get("units", 1) * amount_factor
    return bookings, wins


def _market(description, paths, rng):
    """Return, for each deal, the sum of its factors on each path, and the variance they explain."""
    rho = correlation(description)
    columns = description.get("segments", {})
    common = np.sqrt(rho) * rng.standard_normal(paths)
    factors = {}
    for column in columns:
        for deal in description["deals"]:
            if (column, deal[column]) not in factors:
                factors[column, deal[column]] = rng.standard_normal(paths)
    shift = [
        sum((np.sqrt(r) * factors[c, deal[c]] for c, r in columns.items()), start=common)
        for deal in description["deals"]
    ]
    return shift, rho + sum(columns.values())


def _mean_one(cv, paths, rng):
    sigma = np.sqrt(np.log1p(cv**2))
    return np.exp(sigma * rng.standard_normal(paths) - sigma**2 / 2.0)


def _day_won(description, deal, market, rng):
    """Return whether a deal is won on each path, and after how many days it is won or lost."""
    shift, explained = market
    paths = len(shift)
    uniform = rng.random(paths)
    position, stages = deal.get("stage", 0), description["stages"]
    thresholds = _thresholds(description, deal)
    open_still = np.ones(paths, dtype=bool)
    days = np.zeros(paths)
    for step, threshold in enumerate(thresholds):
        stage = stages[position + step]
        forward = open_still & (uniform < _moved(threshold, shift, explained))
        lost = open_still & ~forward
        days[forward] += _times(stage["time"], step, deal, forward.sum(), rng)
        days[lost] += _times(stage.get("lost", stage["time"]), step, deal, lost.sum(), rng)
        open_still = forward
    if close_day(deal) is not None:
        days = np.full(paths, float(close_day(deal)))
    return open_still, days


def _thresholds(description, deal):
    """Return the chances to reach each later stage: nested, the last is the chance of a win."""
    position = deal.get("stage", 0)
    chances = win_probabilities(description)
    if "own" in deal:
        return [min(1.0, deal["own"] / w) if w > 0 else 1.0 for w in chances[position + 1 :]]
    first = chances[position] / chances[position + 1]
    stage = description["stages"][position]
    forward = laws.law_of(stage["time"]).sf(deal.get("age", 0.0))
    lost = laws.law_of(stage.get("lost", stage["time"])).sf(deal.get("age", 0.0))
    seen = first * forward + (1.0 - first) * lost  # Bayes: how likely to be open at this age
    first = first * forward / seen if seen > 0.0 and first < 1.0 else first
    return [first * chances[position + 1] / w for w in chances[position + 1 :]]


def _moved(threshold, shift, explained):
    if threshold in (0.0, 1.0) or explained == 0.0:
        return threshold
    latent = stats.norm.ppf(threshold) + shift
    return stats.norm.cdf(latent / np.sqrt(1.0 - explained))


def _times(time, step, deal, size, rng):
    law = laws.law_of(time)
    if step == 0:
        law = laws.residual(law, deal.get("age", 0.0))
    return law.rvs(size=size, random_state=rng)
