"""How many deals are created: the recent level, its dispersion, and the season if it shows."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.events import Known
from funnelsim.fitting.fitted import Fitted, fitted, significant

Floats = NDArray[np.float64]

MONTH = 365.25 / 12.0
"""Mean days of a month."""
MONTHS = 12
FEWEST_MONTHS_OF_SEASON = 24
PRIOR_DISPERSION = 0.1
"""Mean of the exponential prior of the dispersion of months."""
DISPERSIONS = np.concatenate([[0.0], np.geomspace(1e-4, 5.0, 60)])
SURPRISING = 0.001
LEAST_DEALS = 0.5
"""No deal in the record is taken for half a one."""


@dataclass(frozen=True)
class Creation:
    """Deals created in a mean month of 30.4 days.

    Parameters
    ----------
    per_month : Fitted
        The rate; its draws are gamma distributed.
    dispersion : Fitted
        Of a month: the variance is ``mean + dispersion * mean**2``.
    season : tuple of float
        Nothing, or 12 weights for January to December.
    months : tuple of (str, int)
        The whole months that were counted, with their deals.
    last_is_low : bool
        Whether the last month is surprisingly low for those before it: deals may be recorded late.
    """

    per_month: Fitted
    dispersion: Fitted
    season: tuple[float, ...]
    months: tuple[tuple[str, int], ...]
    last_is_low: bool


def fit_creation(
    known: Known, *, recent_days: int = 365, draws: int = 200, random: np.random.Generator
) -> Creation:
    """Return how many deals are created in a month.

    Whole months count, from the start of the record on: of deals created before it, only those
    that were still open then are known.

    Parameters
    ----------
    known : Known
        What is known on a day.
    recent_days : int
        The level is that of the months in so many days before, or of all if there are fewer.
    draws : int
        How many draws.
    random : numpy.random.Generator
        Where they come from.
    """
    names, deals, days = _whole_months(known)
    if not len(deals):
        names, deals, days = _all_days(known)
    season = _season(names, deals, days)
    exposure = days / MONTH
    if season:
        exposure = exposure * np.array([season[int(name[5:7]) - 1] for name in names])
    recent = _recent(days, recent_days)
    dispersions = _dispersion_draws(deals, exposure, draws, random)
    return Creation(
        _rate(deals[recent], exposure[recent], dispersions, _span(names[recent]), random),
        _dispersion(dispersions, names),
        season,
        tuple(zip(names.tolist(), deals.astype(int).tolist(), strict=True)),
        _last_is_low(deals[recent], exposure[recent]),
    )


def _rate(
    deals: Floats, exposure: Floats, dispersions: Floats, span: str, random: np.random.Generator
) -> Fitted:
    """Return the rate with draws: gamma, as sure as the months are at each dispersion."""
    mean, _ = most_likely(deals, exposure)
    mean = max(mean, LEAST_DEALS / float(exposure.sum()))
    shape = np.maximum(deals.sum(), LEAST_DEALS) / (1.0 + dispersions * deals.mean())
    rates = mean * random.gamma(shape) / shape
    count = int(deals.sum())
    return fitted(mean, rates, count, f"{count:,} deals created in {span}")


def _dispersion(draws: Floats, names: NDArray[np.str_]) -> Fitted:
    how = f"{_span(names)}; exponential prior of mean {PRIOR_DISPERSION:g}"
    return fitted(float(draws.mean()), draws, len(names), how)


def _span(names: NDArray[np.str_]) -> str:
    if len(names) == 1:
        return str(names[0])
    return f"{len(names)} whole months, {names[0]} to {names[-1]}"


def _whole_months(known: Known) -> tuple[NDArray[np.str_], Floats, Floats]:
    """Return the names, deals and days of the whole months of the record."""
    first = max(known.record_start, math.floor(known.created.min()))
    start, after = _month_number(first), _month_number(known.day + 1)
    if _first_day(start) < first:
        start += 1
    edges = np.array([_first_day(m) for m in range(start, after + 1)], dtype=np.float64)
    if len(edges) < 2:  # noqa: PLR2004
        return np.array([], dtype=str), np.zeros(0), np.zeros(0)
    deals, _ = np.histogram(known.created[known.created < edges[-1]], edges)
    names = [f"{m // MONTHS:04d}-{m % MONTHS + 1:02d}" for m in range(start, after)]
    return np.array(names), deals.astype(np.float64), np.diff(edges)


def _month_number(day: int) -> int:
    date = dt.date.fromordinal(day)
    return MONTHS * date.year + date.month - 1


def _first_day(month: int) -> int:
    return dt.date(month // MONTHS, month % MONTHS + 1, 1).toordinal()


def _all_days(known: Known) -> tuple[NDArray[np.str_], Floats, Floats]:
    """Return the record as one piece, where it holds no whole month."""
    first = max(known.record_start, math.floor(known.created.min()))
    first = min(first, known.day)
    deals = float((known.created >= first).sum())
    name = f"{dt.date.fromordinal(first)} to {dt.date.fromordinal(known.day)}"
    return np.array([name]), np.array([deals]), np.array([known.day + 1.0 - first])


def _recent(days: Floats, most: int) -> slice:
    back = np.cumsum(days[::-1])
    count = max(int((back <= most + 1.0).sum()), 1)
    return slice(len(days) - count, len(days))


def log_likelihood(deals: Floats, exposure: Floats, mean: float, dispersion: float) -> float:
    """Return the negative binomial log-likelihood of counts; Poisson without dispersion.

    Parameters
    ----------
    deals, exposure : ndarray
        Counts, and how many mean months each stands for.
    mean, dispersion : float
        The mean of a month, and ``(variance - mean) / mean**2``.
    """
    from scipy.special import gammaln, xlogy  # noqa: PLC0415

    expected = mean * exposure
    if dispersion <= 0.0:
        return float((xlogy(deals, expected) - expected - gammaln(deals + 1.0)).sum())
    shape = 1.0 / dispersion
    of_counts = gammaln(deals + shape) - gammaln(shape) - gammaln(deals + 1.0)
    of_mean = xlogy(deals, expected / (shape + expected)) - shape * np.log1p(expected / shape)
    return float((of_counts + of_mean).sum())


def most_likely(deals: Floats, exposure: Floats) -> tuple[float, float]:
    """Return the most likely mean and dispersion of a month.

    Examples
    --------
    >>> mean, dispersion = most_likely(np.array([10.0, 10.0, 10.0]), np.ones(3))
    >>> round(mean, 3), dispersion
    (10.0, 0.0)
    """
    from scipy.optimize import minimize_scalar  # noqa: PLC0415

    plain = float(deals.sum() / exposure.sum())
    if plain == 0.0 or len(deals) < 2:  # noqa: PLR2004
        return plain, 0.0

    def cost(log_dispersion: float) -> float:
        dispersion = math.exp(log_dispersion)
        return -log_likelihood(
            deals, exposure, _mean_given(deals, exposure, dispersion), dispersion
        )

    best = minimize_scalar(cost, bounds=(-12.0, 3.0), method="bounded", options={"xatol": 1e-9})
    if -best.fun <= log_likelihood(deals, exposure, plain, 0.0) + 1e-9:
        return plain, 0.0
    dispersion = math.exp(best.x)
    return _mean_given(deals, exposure, dispersion), dispersion


def _mean_given(deals: Floats, exposure: Floats, dispersion: float) -> float:
    """Return the most likely mean: each month weighs as its variance lets it."""
    mean = float(deals.sum() / exposure.sum())
    for _ in range(50):
        weight = 1.0 / (1.0 + dispersion * mean * exposure)
        mean = float((weight * deals).sum() / (weight * exposure).sum())
    return mean


def _dispersion_draws(
    deals: Floats, exposure: Floats, draws: int, random: np.random.Generator
) -> Floats:
    """Return draws of the dispersion from its posterior on a grid.

    The mean is integrated out (Laplace), or the dispersion of few months would come out too low.
    """
    likely = np.zeros(len(DISPERSIONS))
    if deals.sum() > 0.0:
        for k, dispersion in enumerate(DISPERSIONS.tolist()):
            mean = _mean_given(deals, exposure, dispersion)
            known = (exposure * mean / (1.0 + dispersion * mean * exposure)).sum()
            best = log_likelihood(deals, exposure, mean, dispersion)
            likely[k] = best - 0.5 * np.log(known)
    density = np.exp(likely - likely.max() - DISPERSIONS / PRIOR_DISPERSION)
    return draw_from_grid(DISPERSIONS, density, draws, random)


def draw_from_grid(
    grid: Floats, density: Floats, draws: int, random: np.random.Generator
) -> Floats:
    """Return draws from a density that is known on a grid, with straight lines between."""
    mass = 0.5 * (density[1:] + density[:-1]) * np.diff(grid)
    at_most = np.concatenate([[0.0], np.cumsum(mass)])
    return np.asarray(np.interp(random.random(draws) * at_most[-1], at_most, grid))


def _season(names: NDArray[np.str_], deals: Floats, days: Floats) -> tuple[float, ...]:
    """Return 12 weights where two years or more show them, shrunk by what chance alone does.

    Whole years before the as-of month are compared, each with its own level.
    """
    years = len(deals) // MONTHS
    if len(deals) < FEWEST_MONTHS_OF_SEASON or deals.min() == 0.0:
        return ()
    last = slice(len(deals) - years * MONTHS, None)
    rate = (deals[last] / days[last]).reshape(years, MONTHS)
    ratio = np.log(rate / rate.mean(axis=1, keepdims=True))
    inside = ratio.var(axis=0, ddof=1).mean() / years
    of_chance = max(inside, float((1.0 / deals[last]).mean()) / years)
    between = max(float(ratio.mean(axis=0).var(ddof=1)) - of_chance, 0.0)
    if between <= of_chance:
        return ()
    shrunk = ratio.mean(axis=0) * between / (between + of_chance)
    weights = np.roll(np.exp(shrunk), int(names[last][0][5:7]) - 1)
    return tuple(significant(weights / weights.mean()).tolist())


def _last_is_low(deals: Floats, exposure: Floats) -> bool:
    """Return whether the last month has a chance below one in a thousand, given the others."""
    from scipy.special import betainc, gammaincc  # noqa: PLC0415

    if len(deals) < 4:  # noqa: PLR2004
        return False
    mean, dispersion = most_likely(deals[:-1], exposure[:-1])
    expected = mean * exposure[-1]
    if expected == 0.0:
        return False
    if dispersion == 0.0:
        return bool(gammaincc(deals[-1] + 1.0, expected) < SURPRISING)
    shape = 1.0 / dispersion
    return bool(betainc(shape, deals[-1] + 1.0, shape / (shape + expected)) < SURPRISING)
