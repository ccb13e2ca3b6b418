"""What deals share: how far the win rates of cohorts differ by more than chance."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import unknown
from funnelsim.events import Known
from funnelsim.fitting.creation import draw_from_grid
from funnelsim.fitting.fitted import Fitted, fitted, significant

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
PRIOR_RHO = 0.05
"""Mean of the exponential prior of the correlation."""
NEARLY_ALL = 0.9
FEWEST_IN_COHORT = 5
MOST_IN_COHORT = 5000.0
"""Beyond so many deals, the chance of the deals themselves says nothing against the market's."""
NODES = np.linspace(-8.0, 8.0, 401)
RHOS = 0.6 * np.linspace(0.0, 1.0, 41) ** 2
WIDTH, BEND = 1.5, 4.0
_STEPS = WIDTH * np.sinh(BEND * np.linspace(-1.0, 1.0, 51)) / np.sinh(BEND)
LOW_CHANCE = 1e-300


@dataclass(frozen=True, eq=False)
class Sharing:
    """The market factor behind the outcomes of deals.

    Parameters
    ----------
    rho : Fitted
        Correlation of the latent normals (one-factor Gaussian copula).
    win_rate : float
        Of the cohorts.
    cohorts : tuple of (str, int, int)
        Name, resolved deals and wins of each cohort.
    """

    rho: Fitted
    win_rate: float
    cohorts: tuple[tuple[str, int, int], ...]


def fit_sharing(
    known: Known,
    gone: NDArray[np.bool_],
    *,
    cohort: str = "quarter",
    draws: int = 200,
    random: np.random.Generator,
) -> Sharing:
    """Return the correlation of outcomes, from cohorts by the time of creation.

    Parameters
    ----------
    known : Known
        What is known on a day.
    gone : ndarray of bool, shape (deals,)
        Open deals that have stalled: they count as lost.
    cohort : {"quarter", "month", "year"}
        What deals share a market by.
    draws : int
        How many draws.
    random : numpy.random.Generator
        Where they come from.
    """
    if cohort not in MONTHS_IN:
        raise unknown("cohort", cohort, MONTHS_IN, "be a kind of period")
    numbers = cohort_numbers(known, cohort)
    found = _resolved(known, numbers, gone, cohort)
    deals, wins = np.array([row[1:] for row in found], dtype=np.float64).reshape(-1, 2).T
    several = len(found) >= 2  # noqa: PLR2004
    if several:
        density = rho_density(deals, wins)
        how = f"{len(found)} {cohort}s of creation, {int(deals.sum()):,} deals"
    else:
        density = np.exp(-RHOS / PRIOR_RHO)
        how = f"the prior alone: no two {cohort}s of creation are nearly all decided"
    mean = _area(density * RHOS) / _area(density)
    many = draw_from_grid(RHOS, density, draws, random)
    how += f"; exponential prior of mean {PRIOR_RHO:g}"
    win_rate = float(wins.sum() / deals.sum()) if len(found) else float("nan")
    number = fitted(mean, many, int(deals.sum()), how)
    rho = replace(number, interval=shortest_interval(RHOS, density))
    return Sharing(rho, win_rate, found)


def shortest_interval(grid: Floats, density: Floats, chance: float = 0.8) -> tuple[float, float]:
    """Return the shortest interval of a chance: from 0 on where no correlation is likeliest.

    Examples
    --------
    >>> grid = np.linspace(0.0, 1.0, 1001)
    >>> shortest_interval(grid, 1.0 - grid)
    (0.0, 0.55279)
    """
    mass = 0.5 * (density[1:] + density[:-1]) * np.diff(grid)
    at_most = np.concatenate([[0.0], np.cumsum(mass)]) / mass.sum()
    lows = np.linspace(0.0, 1.0 - chance, 101)
    low, high = (np.interp(level, at_most, grid) for level in (lows, lows + chance))
    best = int(np.argmin(high - low))
    low, high = significant(np.array([low[best], high[best]])).tolist()
    return low, high


def _area(density: Floats) -> float:
    return float((0.5 * (density[1:] + density[:-1])) @ np.diff(RHOS))


def cohort_numbers(known: Known, cohort: str) -> Ints:
    """Return the number of the month, quarter or year in which each deal was created."""
    days = np.floor(known.created).astype(np.int64) - dt.date(1970, 1, 1).toordinal()
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(months // MONTHS_IN[cohort])


def _name(number: int, cohort: str) -> str:
    year, part = divmod(number * MONTHS_IN[cohort], 12)
    if cohort == "year":
        return f"{1970 + year}"
    return f"{1970 + year}-{part + 1:02d}"


def _resolved(
    known: Known, numbers: Ints, gone: NDArray[np.bool_], cohort: str
) -> tuple[tuple[str, int, int], ...]:
    """Return the cohorts that are nearly all decided, from the start of the record on."""
    whole = known.created >= known.record_start
    decided = np.isfinite(known.closed) | gone
    found = []
    for number in np.unique(numbers[whole]).tolist():
        mine = whole & (numbers == number)
        deals, wins = int((mine & decided).sum()), int((mine & known.won).sum())
        if deals >= max(NEARLY_ALL * mine.sum(), FEWEST_IN_COHORT):
            found.append((_name(number, cohort), deals, wins))
    return tuple(found)


def rho_density(deals: Floats, wins: Floats) -> Floats:
    """Return the posterior density of the correlation at `RHOS`, not normalised.

    The likelihood of a cohort is a mean over the market by the trapezoid rule of binomial
    chances at ``Phi((Phi_inv(w) + sqrt(rho) Z) / sqrt(1 - rho))``; the win rate w is integrated
    out under a flat prior.

    Parameters
    ----------
    deals, wins : ndarray, shape (cohorts,)
        Resolved deals of each cohort, and how many of them were won.
    """
    from scipy.special import logsumexp, ndtri  # noqa: PLC0415

    scale = np.minimum(1.0, MOST_IN_COHORT / deals)
    won, lost = wins * scale, (deals - wins) * scale
    middle = float(ndtri((wins.sum() + 0.5) / (deals.sum() + 1.0)))
    rates = middle + _STEPS
    logs = np.array([[_log_likelihood(x, rho, won, lost) for x in rates] for rho in RHOS])
    log_prior = -0.5 * rates**2 + np.log(np.gradient(rates))
    by_rho = np.asarray(logsumexp(logs + log_prior, axis=1))
    return np.asarray(np.exp(by_rho - by_rho.max() - RHOS / PRIOR_RHO))


def _log_likelihood(score: float, rho: float, won: Floats, lost: Floats) -> float:
    """Return the log-likelihood of all cohorts at one win rate (as a normal score) and rho."""
    from scipy.special import log_ndtr  # noqa: PLC0415

    at = (score + np.sqrt(rho) * NODES) / np.sqrt(1.0 - rho)
    logs = np.outer(won, log_ndtr(at)) + np.outer(lost, log_ndtr(-at)) - 0.5 * NODES**2
    most = logs.max(axis=1, keepdims=True)
    return float((most[:, 0] + np.log(np.exp(logs - most).sum(axis=1))).sum())


def design_effects(sizes: Floats, conversions: Floats, stage: int, rhos: Floats) -> Floats:
    """Return by how much the market inflates the variance of a stage's conversion.

    Deals of a cohort share a market: n of them are worth ``n / (1 + (n - 1) r)``, with r the
    correlation of two deals' going on.

    Parameters
    ----------
    sizes : ndarray, shape (cohorts,)
        Deals of each cohort that left the stage.
    conversions : ndarray, shape (stages,)
        Conversions of all open stages.
    stage : int
        Which.
    rhos : ndarray, shape (draws,)
        Correlation of the latent normals.
    """
    sizes = sizes[sizes > 0.0]
    if not len(sizes):
        return np.ones(len(rhos))
    r = np.interp(rhos, RHOS, [stage_correlation(conversions, stage, rho) for rho in RHOS])
    worth = (sizes[:, None] / (1.0 + (sizes[:, None] - 1.0) * r)).sum(axis=0)
    return np.asarray(sizes.sum() / worth)


def stage_correlation(conversions: Floats, stage: int, rho: float) -> float:
    """Return the correlation of two deals' going on from a stage, given a common market.

    Examples
    --------
    >>> round(stage_correlation(np.array([0.5]), 0, 0.1), 4)
    0.0638
    """
    from scipy.special import ndtr, ndtri  # noqa: PLC0415

    if rho == 0.0:
        return 0.0
    reach = np.concatenate([[1.0], np.cumprod(conversions)])[stage : stage + 2]
    weight = np.exp(-0.5 * NODES**2)
    weight /= weight.sum()
    shift = np.sqrt(rho) * NODES
    first, then = (ndtr((ndtri(one) + shift) / np.sqrt(1.0 - rho)) for one in reach)
    going_on = then / np.maximum(first, LOW_CHANCE)
    weight = weight * first / (weight @ first)
    mean = float(weight @ going_on)
    return float(weight @ (going_on - mean) ** 2) / (mean * (1.0 - mean))
