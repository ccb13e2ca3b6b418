"""New business: how many deals are created, and when those that are won are booked.

``I(x)``, the integral of the law F of the sales cycle from 0 to x, is E(x - T)+ : what is created
evenly over a stretch of time is booked by a day h with the chance [I(h - s) - I(h - e)] / (e - s).
"""

import datetime as dt
import itertools
import math

import numpy as np
from scipy import stats
from scipy.integrate import quad

from tests.oracles import laws
from tests.oracles.description import periods_of, win_probabilities
from tests.oracles.working_time import WorkingTime

YEAR = 365.25


def shares(description):
    """Return the part of each period that is not yet over on the as-of date."""
    return description.get("shares", [1.0] * len(periods_of(description)))


def mean_created(description):
    """Return the mean number of deals created in each period, the common factor included."""
    new = description["new"]
    windows = periods_of(description)
    rates = new["rate"] if isinstance(new["rate"], list) else [new["rate"]] * len(windows)
    if new.get("planned"):
        return [float(rate) for rate in rates]
    return [
        rate * share * _season(description, window) * _growth(new, window) * new.get("factor", 1.0)
        for rate, share, window in zip(rates, shares(description), windows, strict=True)
    ]


def _growth(new, window):
    return (1.0 + new.get("growth", 0.0)) ** (sum(window) / 2.0 / YEAR)


def _season(description, window):
    """Return the mean, over the days of a window, of the weight of a date's month."""
    weights = description["new"].get("season")
    if not weights:
        return 1.0
    (low, high), total = window, 0.0
    for day in range(math.floor(low), math.ceil(high)):
        date = description["as_of"] + dt.timedelta(days=day + 1)
        length = min(day + 1, high) - max(day, low)
        total += length * 12.0 * weights[date.month - 1] / sum(weights)
    return total / (high - low)


def dispersions(description):
    """Return the dispersion of each period: of a part of a period it is that much larger."""
    dispersion = description["new"].get("dispersion", 0.0)
    return [dispersion / share for share in shares(description)]


def rate_swing(swing, z):
    """Return what the market does to the rate: lognormal of mean 1, its cv the swing."""
    sigma = math.copysign(math.sqrt(math.log1p(swing * swing)), swing)
    return np.exp(sigma * np.asarray(z) - 0.5 * sigma**2)


# When


def excess(times, x):
    """Return E(x - T)+ for the sum T of independent times: the integral of its law to x."""
    fixed, moving = [(0.0, 1.0)], []
    for law in times:
        if not isinstance(law, laws.Atoms):
            moving.append(law)
            continue
        pairs = list(zip(law.values, law.chances, strict=True))
        fixed = [(a + b, p * q) for (a, p), (b, q) in itertools.product(fixed, pairs)]
    return math.fsum(chance * _moving_excess(moving, x - shift) for shift, chance in fixed)


def _moving_excess(times, x):
    if x <= 0.0:
        return 0.0
    if not times:
        return x
    times = laws._merged(times)
    if len(times) == 1:
        name = getattr(getattr(times[0], "dist", None), "name", "")
        if name in _EXCESS:
            return _EXCESS[name](times[0], x)
    return integral_of_cdf(times, x)


def integral_of_cdf(times, x):
    """Return the same by quadrature of the law of the sum."""
    value, _ = quad(lambda t: laws.sum_cdf(times, t), 0.0, x, epsabs=1e-9, epsrel=1e-9, limit=200)
    return value


def _exponential_excess(law, x):
    mean = law.mean()
    return x + mean * math.expm1(-x / mean)


def _gamma_excess(law, x):
    shape, scale = law.args[0], law.kwds["scale"]
    more = stats.gamma(shape + 1.0, scale=scale)
    return x * law.cdf(x) - shape * scale * more.cdf(x)


def _lognormal_excess(law, x):
    """Return the value of a put: Black and Scholes."""
    sigma, median = law.args[0], law.kwds["scale"]
    d = math.log(x / median) / sigma
    return x * stats.norm.cdf(d) - law.mean() * stats.norm.cdf(d - sigma)


_EXCESS = {"expon": _exponential_excess, "gamma": _gamma_excess, "lognorm": _lognormal_excess}


def cycle_of(description, stage=0):
    """Return the laws of the times from entering a stage to closed-won."""
    return [laws.law_of(one["time"]) for one in description["stages"][stage:]]


def booked_by(times, window, tau, factor=1.0, clock=None):
    """Return P(booked by clock time tau | won) of a deal created evenly over a window of days."""
    low, high = window
    stretches = [window] if clock is None else clock.straight(low, high)
    reached = 0.0
    for start, end in stretches:
        begin, finish = (start, end) if clock is None else (clock.tau(start), clock.tau(end))
        if finish > begin:
            rise = excess(times, (tau - begin) / factor) - excess(times, (tau - finish) / factor)
            reached += factor * rise * (end - start) / (finish - begin)
        else:  # a weekend: nothing moves
            reached += (end - start) * laws.sum_cdf(times, (tau - begin) / factor)
    return reached / (high - low)


def wins_by_period(description, factor=1.0):
    """Return the mean wins of each period (row) out of deals created in each (column)."""
    clock = WorkingTime(description)
    new, windows = description["new"], periods_of(description)
    times = cycle_of(description, new.get("stage", 0))
    reached = np.array([
        [booked_by(times, window, clock.tau(edge), factor, clock) for window in windows]
        for edge in description["edges"]
    ])  # fmt: skip
    win = win_probabilities(description)[new.get("stage", 0)]
    return win * np.diff(reached, axis=0) * np.array(mean_created(description))


# How many: generating functions of the number of those created deals that matter


def none_of(mean, dispersion, planned):
    """Return E s^N where ``mean`` is the (complex) mean of N times (1 - s).

    ``planned`` is the number of deals that are created for certain, None if that is random.
    """
    if planned is not None:
        return (1.0 - mean / planned) ** planned if planned else np.ones_like(mean)
    if dispersion == 0.0:
        return np.exp(-mean)
    return (1.0 + dispersion * mean) ** (-1.0 / dispersion)
