"""Laws of a time in stage, of what remains of it at an age, and of sums of times.

A time is written as in a scenario file: a number of days, or a table with one key, such as
``{"gamma": {"mean": 30, "cv": 0.6}}``.
"""

import math
from functools import lru_cache

import numpy as np
from scipy import stats
from scipy.integrate import quad
from scipy.linalg import expm

NORMAL_90 = 1.2815515655446004
ROUNDING = 1e-9


class Atoms:
    """A law on finitely many values."""

    def __init__(self, values, chances):
        order = np.argsort(values, kind="stable")
        self.values = [float(values[one]) for one in order]
        self.chances = [float(chances[one]) for one in order]

    def sf(self, x):
        """Return P(T > x): the step at x itself is behind."""
        return math.fsum(c for v, c in zip(self.values, self.chances, strict=True) if v > x)

    def cdf(self, x):
        return math.fsum(c for v, c in zip(self.values, self.chances, strict=True) if v <= x)

    def rvs(self, size, random_state):
        chances = np.array(self.chances) / sum(self.chances)
        return random_state.choice(self.values, size=size, p=chances)


class Lines:
    """Quantiles that a planner believes in, with straight lines between them."""

    def __init__(self, quantiles):
        levels, values = zip(
            *sorted((float(q), float(x)) for q, x in quantiles.items()), strict=True
        )
        levels, values = list(levels), list(values)
        if levels[0] > 0.0:  # the outer lines go on, never below 0
            slope = (values[1] - values[0]) / (levels[1] - levels[0])
            start = values[0] - slope * levels[0]
            if start < 0.0:
                zero_at = levels[0] - values[0] / slope
                levels, values = [0.0, zero_at, *levels], [0.0, 0.0, *values]
            else:
                levels, values = [0.0, *levels], [start, *values]
        if levels[-1] < 1.0:
            slope = (values[-1] - values[-2]) / (levels[-1] - levels[-2])
            values.append(values[-1] + slope * (1.0 - levels[-1]))
            levels.append(1.0)
        self.levels, self.values = levels, values

    def ppf(self, u):
        return np.interp(u, self.levels, self.values)

    def isf(self, u):
        return self.ppf(1.0 - u)

    def cdf(self, x):
        """Return the level of x; at a value with an atom, the upper end of its step."""
        if x < self.values[0]:
            return 0.0
        if x >= self.values[-1]:
            return 1.0
        below = max(k for k, value in enumerate(self.values) if value <= x)
        part = (x - self.values[below]) / (self.values[below + 1] - self.values[below])
        return self.levels[below] + part * (self.levels[below + 1] - self.levels[below])

    def sf(self, x):
        return 1.0 - self.cdf(x)

    def rvs(self, size, random_state):
        return self.ppf(random_state.random(size))


class Residual:
    """What remains of a continuous time that has lasted ``age`` days: T - age given T > age."""

    def __init__(self, law, age):
        self.law, self.age, self.alive = law, age, law.sf(age)

    def cdf(self, x):
        return 1.0 - self.law.sf(self.age + x) / self.alive if x > 0.0 else 0.0

    def ppf(self, u):
        return self.law.isf(self.alive * (1.0 - u)) - self.age

    def rvs(self, size, random_state):
        return self.ppf(random_state.random(size))


def law_of(time):
    """Return the law of a time in stage, by the definitions of the scenario file."""
    if not isinstance(time, dict):
        return Atoms([time], [1.0])
    ((family, given),) = time.items()
    return _FAMILIES[family](given)


def _gamma(given):
    shape = given.get("shape") or given["cv"] ** -2
    scale = given.get("scale") or given["mean"] / shape
    return stats.gamma(shape, scale=scale)


def _lognormal(given):
    if "median" in given:
        median, sigma = given["median"], given["sigma"]
    elif "p10" in given:
        median = math.sqrt(given["p10"] * given["p90"])
        sigma = math.log(given["p90"] / given["p10"]) / (2.0 * NORMAL_90)
    else:
        sigma = math.sqrt(math.log1p(given["cv"] ** 2))
        median = given["mean"] / math.sqrt(1.0 + given["cv"] ** 2)
    return stats.lognorm(sigma, scale=median)


def _pert(given):
    low, mode, high = given["low"], given["mode"], given["high"]
    rise, fall = 4.0 * (mode - low) / (high - low), 4.0 * (high - mode) / (high - low)
    return stats.beta(1.0 + rise, 1.0 + fall, loc=low, scale=high - low)


_FAMILIES = {
    "fixed": lambda given: Atoms([given], [1.0]),
    "exponential": lambda given: stats.expon(scale=given["mean"]),
    "gamma": _gamma,
    "lognormal": _lognormal,
    "weibull": lambda given: stats.weibull_min(given["shape"], scale=given["scale"]),
    "pert": _pert,
    "pareto": lambda given: stats.pareto(given["alpha"], scale=given["low"]),
    "quantiles": Lines,
    "sample": lambda given: Atoms(given, [1.0 / len(given)] * len(given)),
    "discrete": lambda given: Atoms(given["values"], given["chances"]),
}


def residual(law, age):
    """Return the law of the time that remains at an age; a deal too old goes on at once."""
    if law.sf(age) <= 0.0:
        return Atoms([0.0], [1.0])
    if isinstance(law, Atoms):
        left = [(v, c) for v, c in zip(law.values, law.chances, strict=True) if v > age]
        return Atoms([v - age for v, _ in left], [c / law.sf(age) for _, c in left])
    if law.sf(age) == 1.0 and age == 0.0:
        return law
    if _mean_if_exponential(law) is not None:
        return law  # without memory
    return Residual(law, age)


# Sums


def sum_cdf(laws, t):
    """Return P(sum of independent times <= t), the step at t included."""
    fixed = [(0.0, 1.0)]
    for law in laws:
        if isinstance(law, Atoms):
            fixed = [
                (shift + value, chance * one)
                for shift, chance in fixed
                for value, one in zip(law.values, law.chances, strict=True)
            ]
    moving = _merged([law for law in laws if not isinstance(law, Atoms)])
    return math.fsum(chance * _moving_cdf(moving, t - shift) for shift, chance in fixed)


def _moving_cdf(laws, t):
    if not laws:
        return float(t >= -ROUNDING)  # 0.1 + 0.2 days are 0.3 days
    if t < 0.0:
        return 0.0
    means = [_mean_if_exponential(law) for law in laws]
    if len(laws) > 1 and None not in means:
        return hypoexponential_cdf(tuple(means), t)
    return quadrature_cdf(laws, t)


def quadrature_cdf(laws, t):
    """Return P(sum <= t) of continuous times: the first by its quantiles, the rest by recursion."""
    first, *rest = laws
    if t < 0.0 or not rest:
        return float(first.cdf(t)) if t >= 0.0 else 0.0
    value, _ = quad(
        lambda u: quadrature_cdf(rest, t - first.ppf(u)), 0.0, first.cdf(t),
        epsabs=1e-8, epsrel=1e-8, limit=200,
    )  # fmt: skip
    return value


@lru_cache(maxsize=100_000)
def hypoexponential_cdf(means, t):
    """Return P(sum of exponentials <= t) from the generator of their phases, equal or not."""
    phases = len(means)
    generator = np.zeros((phases, phases))
    for phase, mean in enumerate(means):
        generator[phase, phase] = -1.0 / mean
        if phase + 1 < phases:
            generator[phase, phase + 1] = 1.0 / mean
    return 1.0 - float(expm(generator * t)[0].sum())


def _mean_if_exponential(law):
    name = getattr(getattr(law, "dist", None), "name", "")
    return float(law.mean()) if name == "expon" else None


def _merged(laws):
    """Return the same sum with gammas of one scale put together; what is odd comes first."""
    shapes, others = {}, []
    for law in laws:
        if getattr(getattr(law, "dist", None), "name", "") == "gamma":
            scale = round(law.kwds["scale"], 9)  # mean * cv^2 comes with a rounding
            shapes[scale] = shapes.get(scale, 0.0) + law.args[0]
        else:
            others.append(law)
    return others + [stats.gamma(shape, scale=scale) for scale, shape in shapes.items()]
