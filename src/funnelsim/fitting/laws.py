"""Times in stage as parametric laws, by maximum likelihood with censored and truncated deals."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.distributions import Distribution, Gamma, Lognormal, Weibull
from funnelsim.fitting.fitted import significant
from funnelsim.fitting.spells import FORWARD, LEAST_AGE, LOST, OPEN, Spells, coarse

Floats = NDArray[np.float64]

FAMILIES = ("gamma", "lognormal", "weibull")
LEAST = 1e-300
SPREAD_OF_PLACE, USUAL_SHAPE, SPREAD_OF_SHAPE = 1.0, math.log(0.7), 0.5
"""Weak prior: the log of the place within a factor of e, of the shape within one of 1.6 ..."""
SPREAD_APART = 0.7
"""... and the places of the two ways out within a factor of 2 of each other."""
STEP = 1e-2
"""Of the differences that give the curvature, in logs."""
BOUNDS = ((-12.0, 12.0), (-8.0, 12.0), (-4.0, 2.0), (-8.0, 12.0), (-4.0, 2.0))
"""Of the logit, and the logs of place and shape: wider than any funnel."""
LARGEST_EXPONENT = 700.0


@dataclass(frozen=True)
class Law:
    """A family with its two numbers, on log scales.

    Parameters
    ----------
    family : {"gamma", "lognormal", "weibull"}
        Which formula.
    place : float
        Logarithm of the gamma's mean, the lognormal's median, the Weibull's scale.
    shape : float
        Logarithm of the gamma's coefficient of variation, the lognormal's sigma, one over the
        Weibull's shape: how wide the law is.

    Examples
    --------
    >>> Law("gamma", math.log(30), math.log(0.5)).distribution()
    Gamma(mean=30.0, cv=0.5)
    """

    family: str
    place: float
    shape: float

    def survival(self, age: Floats) -> Floats:
        """Return P(T > age)."""
        return _FORMULAS[self.family][1](age, self.place, self.shape)

    def log_density(self, age: Floats) -> Floats:
        """Return the logarithm of the density, at ages above 0."""
        return _FORMULAS[self.family][0](age, self.place, self.shape)

    def distribution(self, draws: Floats | None = None) -> Distribution:
        """Return the law as a distribution, with draws of (place, shape) if they are given."""
        numbers = np.array([[self.place, self.shape]]) if draws is None else draws
        place, shape = significant(np.exp(numbers[:, 0])), significant(np.exp(numbers[:, 1]))
        if self.family == "gamma":
            return Gamma(mean=place, cv=shape)
        if self.family == "lognormal":
            return Lognormal(median=place, sigma=shape)
        return Weibull(scale=place, shape=significant(1.0 / np.exp(numbers[:, 1])))


def _gamma_log_density(age: Floats, place: float, shape: float) -> Floats:
    from scipy.special import gammaln  # noqa: PLC0415

    k = math.exp(-2.0 * shape)
    scale = math.exp(place) / k
    return np.asarray((k - 1.0) * np.log(age) - age / scale - k * math.log(scale) - gammaln(k))


def _gamma_survival(age: Floats, place: float, shape: float) -> Floats:
    from scipy.special import gammaincc  # noqa: PLC0415

    k = math.exp(-2.0 * shape)
    return np.asarray(gammaincc(k, age * (k * math.exp(-place))))


def _lognormal_log_density(age: Floats, place: float, shape: float) -> Floats:
    z = (np.log(age) - place) * math.exp(-shape)
    return np.asarray(-0.5 * z * z - np.log(age) - shape - 0.5 * math.log(2.0 * math.pi))


def _lognormal_survival(age: Floats, place: float, shape: float) -> Floats:
    from scipy.special import ndtr  # noqa: PLC0415

    with np.errstate(divide="ignore"):
        return np.asarray(ndtr((place - np.log(age)) * math.exp(-shape)))


def _weibull_log_density(age: Floats, place: float, shape: float) -> Floats:
    k = math.exp(-shape)
    z = np.log(age) - place
    return np.asarray(-shape - place + (k - 1.0) * z - np.exp(np.minimum(k * z, LARGEST_EXPONENT)))


def _weibull_survival(age: Floats, place: float, shape: float) -> Floats:
    with np.errstate(divide="ignore"):
        log_hazard = math.exp(-shape) * (np.log(age) - place)
    return np.asarray(np.exp(-np.exp(np.minimum(log_hazard, LARGEST_EXPONENT))))


_Formula = Callable[[Floats, float, float], Floats]
_FORMULAS: dict[str, tuple[_Formula, _Formula]] = {
    "gamma": (_gamma_log_density, _gamma_survival),
    "lognormal": (_lognormal_log_density, _lognormal_survival),
    "weibull": (_weibull_log_density, _weibull_survival),
}


@dataclass(frozen=True, eq=False)
class _Grouped:
    """Spells that are alike, counted; ages to three digits where there are very many."""

    start: Floats
    end: Floats
    cause: NDArray[np.int64]
    count: Floats
    whole_days: bool

    @classmethod
    def of(cls, spells: Spells) -> _Grouped:
        few = coarse(spells)
        rows = np.column_stack([few.start, few.end, spells.cause])
        alike, count = np.unique(rows, axis=0, return_counts=True)
        start, end, cause = alike.T
        return cls(start, end, cause.astype(np.int64), count.astype(np.float64), spells.whole_days)

    def log_of_leaving(self, law: Law, which: NDArray[np.bool_]) -> Floats:
        """Return the log-likelihood of leaving at an age, or on a day where times are dates."""
        age = self.end[which]
        if not self.whole_days:
            return law.log_density(np.maximum(age, LEAST_AGE))
        first, last = np.maximum(age - 0.5, 0.0), age + 0.5
        return np.log(np.maximum(law.survival(first) - law.survival(last), LEAST))


@dataclass(frozen=True, eq=False)
class Mixture:
    """Which way a deal leaves a stage, and when given the way: the engine's own law.

    A deal that goes on (chance p) does so after a time of the forward law, any other is lost
    after a time of the other (Larson and Dinse, Applied Statistics 34, 1985).

    Parameters
    ----------
    conversion : float
        The chance to go on.
    forward, lost : Law
        The times.
    draws : ndarray, shape (draws, 5)
        Draws of the logit of the conversion, and of place and shape, forward and lost: from the
        normal law around the most likely.
    log_likelihood : float
        Of the spells, with the weak prior.
    """

    conversion: float
    forward: Law
    lost: Law
    draws: Floats
    log_likelihood: float

    def law(self, *, forward: bool) -> Law:
        """Return the law of one way out."""
        return self.forward if forward else self.lost

    def numbers(self, *, forward: bool) -> Floats:
        """Return the draws of place and shape of one way out, shape (draws, 2)."""
        return self.draws[:, 1:3] if forward else self.draws[:, 3:5]

    def shares_forward(self, age: float) -> Floats:
        """Return draws of the chance to go on of a deal that is still in the stage at an age."""
        at, family = np.array([age]), self.forward.family
        rows = self.draws.tolist()
        return np.array([_share(row, family, at) for row in rows])


def _share(row: list[float], family: str, age: Floats) -> float:
    chance = _logistic(row[0])
    on = chance * float(Law(family, row[1], row[2]).survival(age)[0])
    off = (1.0 - chance) * float(Law(family, row[3], row[4]).survival(age)[0])
    return on / (on + off) if on + off > 0.0 else chance


def fit_mixture(
    spells: Spells,
    *,
    usual_conversion: float,
    usual_place: float,
    draws: int,
    random: np.random.Generator,
) -> Mixture:
    """Return the most likely law of a stage's spells, of three families.

    Parameters
    ----------
    spells : Spells
        The spells of one stage.
    usual_conversion, usual_place : float
        Centres of the weak priors: the conversion (worth two deals) and the log of the time.
    draws : int
        How many draws of the times.
    random : numpy.random.Generator
        Where they come from.
    """
    rows = _Grouped.of(spells)
    found = [_most_likely(rows, family, usual_conversion, usual_place) for family in FAMILIES]
    family, best, least = min(zip(FAMILIES, *zip(*found, strict=True), strict=True), key=_cost)
    spread = _spread(lambda at: _cost_of(rows, family, usual_conversion, usual_place, at), best)
    many = best + random.standard_normal((draws, len(best))) @ spread.T
    return Mixture(
        _logistic(best[0]),
        Law(family, *best[1:3].tolist()),
        Law(family, *best[3:5].tolist()),
        np.clip(many, *np.transpose(BOUNDS)),
        -least,
    )


def _cost(found: tuple[str, Floats, float]) -> float:
    return found[2]


def _most_likely(
    rows: _Grouped, family: str, conversion: float, place: float
) -> tuple[Floats, float]:
    from scipy.optimize import minimize  # noqa: PLC0415

    chance = min(max(conversion, 0.02), 0.98)
    alone = [_most_likely_alone(rows, cause, family, place) for cause in (FORWARD, LOST)]
    start = np.concatenate([[math.log(chance / (1.0 - chance))], *alone])
    best = minimize(
        lambda at: _cost_of(rows, family, conversion, place, at),
        start,
        method="L-BFGS-B",
        bounds=BOUNDS,
        options={"eps": 1e-6},
    )
    return np.asarray(best.x), float(best.fun)


def _cost_of(rows: _Grouped, family: str, conversion: float, place: float, at: Floats) -> float:
    """Return minus the log-likelihood and the log prior."""
    chance = _logistic(at[0])
    forward, lost = Law(family, at[1], at[2]), Law(family, at[3], at[4])
    on, off = rows.cause == FORWARD, rows.cause == LOST
    fit = rows.count[on] @ rows.log_of_leaving(forward, on)
    fit += rows.count[off] @ rows.log_of_leaving(lost, off)
    fit += rows.count[on].sum() * math.log(chance) + rows.count[off].sum() * math.log1p(-chance)
    waiting = rows.cause == OPEN
    fit += rows.count[waiting] @ _log_alive(chance, forward, lost, rows.end[waiting])
    late = rows.start > 0.0
    fit -= rows.count[late] @ _log_alive(chance, forward, lost, rows.start[late])
    return -float(fit + _log_prior(at, conversion, place))


def _log_alive(chance: float, forward: Law, lost: Law, age: Floats) -> Floats:
    alive = chance * forward.survival(age) + (1.0 - chance) * lost.survival(age)
    return np.asarray(np.log(np.maximum(alive, LEAST)))


def _log_prior(at: Floats, conversion: float, place: float) -> float:
    chance = _logistic(at[0])
    two_deals = 2.0 * conversion * math.log(chance)
    two_deals += 2.0 * (1.0 - conversion) * math.log1p(-chance)
    places = ((at[[1, 3]] - place) / SPREAD_OF_PLACE) ** 2
    shapes = ((at[[2, 4]] - USUAL_SHAPE) / SPREAD_OF_SHAPE) ** 2
    apart = ((at[1] - at[3]) / SPREAD_APART) ** 2
    return two_deals - 0.5 * float(places.sum() + shapes.sum() + apart)


def _logistic(x: float) -> float:
    return min(max(1.0 / (1.0 + math.exp(-x)), 1e-9), 1.0 - 1e-9)


def _spread(cost: Callable[[Floats], float], best: Floats) -> Floats:
    """Return a square root of the inverse curvature at the optimum (Laplace's method)."""
    size = len(best)
    steps = np.eye(size) * STEP
    curvature = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            both = cost(best + steps[i] + steps[j]) + cost(best - steps[i] - steps[j])
            cross = cost(best + steps[i] - steps[j]) + cost(best - steps[i] + steps[j])
            curvature[i, j] = curvature[j, i] = (both - cross) / (4.0 * STEP**2)
    value, vector = np.linalg.eigh(curvature)
    return np.asarray(vector / np.sqrt(np.maximum(value, 1.0)))


def fit_law(spells: Spells, cause: int, *, family: str, place: float) -> Law:
    """Return the most likely law of the time to one cause, all other ends being censored.

    Parameters
    ----------
    spells : Spells
        The spells.
    cause : int
        `FORWARD` or `LOST`.
    family : {"gamma", "lognormal", "weibull"}
        Which formula.
    place : float
        Where the search starts: the log of a usual time.
    """
    return Law(family, *_alone(_Grouped.of(spells), cause, family, place, _CLOSELY).tolist())


def _most_likely_alone(rows: _Grouped, cause: int, family: str, place: float) -> Floats:
    """Return place and shape of one way out by itself, where the search for both starts."""
    if rows.count[rows.cause == cause].sum() < FEWEST_ALONE:
        return np.array([place, USUAL_SHAPE])
    bounds = np.transpose(BOUNDS[1:3])
    return np.asarray(np.clip(_alone(rows, cause, family, place, _ROUGHLY), *bounds))


def _alone(
    rows: _Grouped, cause: int, family: str, place: float, options: dict[str, float]
) -> Floats:
    from scipy.optimize import minimize  # noqa: PLC0415

    left, late = rows.cause == cause, rows.start > 0.0

    def cost(at: Floats) -> float:
        law = Law(family, *np.clip(at, *np.transpose(BOUNDS[1:3])).tolist())
        alive = np.log(np.maximum(law.survival(rows.end[~left]), LEAST))
        missed = np.log(np.maximum(law.survival(rows.start[late]), LEAST))
        fit = rows.count[left] @ rows.log_of_leaving(law, left) + rows.count[~left] @ alive
        return -float(fit - rows.count[late] @ missed)

    start = np.array([place, USUAL_SHAPE])
    return np.asarray(minimize(cost, start, method="Nelder-Mead", options=options).x)


FEWEST_ALONE = 10
_CLOSELY = {"xatol": 1e-7, "fatol": 1e-9, "maxiter": 2000}
_ROUGHLY = {"xatol": 0.05, "fatol": 0.1, "maxiter": 100}
