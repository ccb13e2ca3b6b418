"""Exact laws of counts and bookings, and mixtures over what deals share.

Everything is written from the formulas of the model, for clarity and not for speed. Amounts are
whole numbers of a unit, so that bookings live on a lattice. That amounts are rounded to cents after
the amount factor is ignored; amounts in the tests are large enough for it not to matter.
"""

import math

import numpy as np
from scipy import stats
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

MARKET_NODES = 801
SEGMENT_NODES = 201  # h = 0.09: for functions as smooth as these the rule is still exact
REACH = 9.0


# Counts and bookings of independent deals


def poisson_binomial_pmf(chances):
    """Return the law of the number of wins of independent deals."""
    return bookings_pmf(chances, [1] * len(chances))


def bookings_pmf(chances, units):
    """Return the law of the sum of the amounts won: entry ``k`` is P(sum == k units).

    ``chances`` may have leading axes (one row per node of a factor); the law then has them too.
    """
    chances = np.asarray(chances, dtype=float)
    pmf = np.zeros((*chances.shape[:-1], sum(units) + 1))
    pmf[..., 0] = 1.0
    for deal, amount in enumerate(units):
        chance = chances[..., deal, None]
        moved = np.zeros_like(pmf)
        moved[..., amount:] = pmf[..., : pmf.shape[-1] - amount]
        pmf = (1.0 - chance) * pmf + chance * moved
    return pmf


def bookings_pmf_by_fft(chances, units):
    """Return the same law from its characteristic function: the second way to the same numbers."""
    size = sum(units) + 1
    frequency = 2j * np.pi * np.arange(size) / size
    transform = np.ones(size, dtype=complex)
    for chance, amount in zip(chances, units, strict=True):
        transform = transform * (1.0 - chance + chance * np.exp(-frequency * amount))
    return np.fft.ifft(transform).real


def at_least(pmf, quota_units):
    """Return P(sum >= quota)."""
    first = max(0, math.ceil(quota_units - 1e-9))
    return float(np.sum(pmf[first:]))


def mean_of(pmf):
    return float(np.dot(np.arange(len(pmf)), pmf))


def sd_of(pmf):
    return math.sqrt(np.dot((np.arange(len(pmf)) - mean_of(pmf)) ** 2, pmf))


def quantile_of(pmf, level):
    """Return the smallest value whose level is reached."""
    return int(np.searchsorted(np.cumsum(pmf), level - 1e-12))


# The market factor


def normal_nodes(nodes=MARKET_NODES):
    """Return points and weights of the trapezoid rule for an average over a standard normal."""
    points, step = np.linspace(-REACH, REACH, nodes, retstep=True)
    weights = np.exp(-0.5 * points**2) / math.sqrt(2.0 * math.pi) * step
    weights[[0, -1]] *= 0.5
    return points, weights


def mix_over_market(function_of_z, nodes=MARKET_NODES):
    """Return the average of ``function_of_z`` (a number or an array) over a standard normal."""
    points, weights = normal_nodes(nodes)
    return sum(
        weight * np.asarray(function_of_z(z)) for z, weight in zip(points, weights, strict=True)
    )


def conditional_chance(chance, rho, z):
    """Return the threshold of a deal on a path whose market factor is ``z``; 0 and 1 stay."""
    return chance_given_factors(chance, math.sqrt(rho) * np.asarray(z, dtype=float), rho)


def chance_given_factors(chance, shift, explained):
    """Return Phi((Phi_inv(t) + shift) / sqrt(1 - explained)), 0 and 1 unmoved.

    ``shift`` is the sum of sqrt(rho_k) Z_k over the factors, ``explained`` the sum of rho_k.
    """
    chance = np.asarray(chance, dtype=float)
    moved = ndtr((ndtri(chance) + shift) / math.sqrt(1.0 - explained))
    return np.where(chance <= 0.0, 0.0, np.where(chance >= 1.0, 1.0, moved))


def mixed_bookings_pmf(chances, units, rho):
    """Return the law of bookings of deals that share one market factor.

    ``chances`` are pairs (threshold, chance of falling into the window given a win): the market
    moves the first, not the second.
    """
    thresholds, inside = np.reshape(np.asarray(chances, dtype=float), (-1, 2)).T
    if rho == 0.0:
        return bookings_pmf(thresholds * inside, units)
    points, weights = normal_nodes()
    given = conditional_chance(thresholds[None, :], rho, points[:, None]) * inside
    return weights @ bookings_pmf(given, units)


def segmented_bookings_pmf(segments, rho, rho_segment, nodes=SEGMENT_NODES):
    """Return the law of bookings of segments with a factor each beside the common one.

    ``segments`` is a list of pairs (chances, units), one for each segment, as above. Given the
    common factor the segments are independent, and the law of each is a mixture over its own.
    """
    common, common_weights = normal_nodes() if rho > 0.0 else (np.zeros(1), np.ones(1))
    own, own_weights = normal_nodes(nodes)
    total = 0.0
    for z, weight in zip(common, common_weights, strict=True):
        law = np.ones(1)
        for chances, units in segments:
            thresholds, inside = np.asarray(chances, dtype=float).T
            shift = math.sqrt(rho) * z + math.sqrt(rho_segment) * own[:, None]
            given = chance_given_factors(thresholds, shift, rho + rho_segment) * inside
            law = np.convolve(law, own_weights @ bookings_pmf(given, units))
        total = total + weight * law
    return total


def win_rate_swing(win_rate, rho):
    """Return the standard deviation of the win rate over the market factor."""
    points, weights = normal_nodes()
    rates = conditional_chance(win_rate, rho, points)
    return math.sqrt(weights @ (rates - win_rate) ** 2)


def correlation_of_swing(win_rate, swing):
    """Return the rho at which the win rate moves by ``swing``."""
    return brentq(lambda rho: win_rate_swing(win_rate, rho) - swing, 1e-9, 0.999, xtol=1e-13)


# Mean-one lognormal factors


def lognormal_sigma(cv):
    return math.sqrt(math.log1p(cv * cv))


def factor_at_least(bound, cv):
    """Return P(f >= bound) of the mean-one lognormal factor with this coefficient of variation."""
    if bound <= 0.0:
        return 1.0
    if cv == 0.0:
        return float(bound <= 1.0 + 1e-12)
    if bound == math.inf:
        return 0.0
    sigma = lognormal_sigma(cv)
    return float(stats.norm.sf((math.log(bound) + 0.5 * sigma * sigma) / sigma))


def attainment_with_amount_factor(pmf, quota_units, cv):
    """Return P(f * sum >= quota): given the sum, the factor must reach quota / sum."""
    if quota_units <= 0.0:
        return 1.0
    return math.fsum(
        chance * factor_at_least(quota_units / units if units else math.inf, cv)
        for units, chance in enumerate(pmf)
    )


def factor_nodes(cv, breaks=(), panel=2.25, order=16):
    """Return points and weights for an average over the mean-one lognormal factor.

    Fixed times make the integrand jump where a time, stretched by the factor, crosses the end of a
    window. So the range is cut at those values (``breaks``), and into panels, and each piece has a
    Gauss-Legendre rule of its own. Beyond three panels on each side lies less than 2e-11.
    """
    if cv == 0.0:
        return np.ones(1), np.ones(1)
    sigma = lognormal_sigma(cv)
    cuts = [(math.log(value) + 0.5 * sigma**2) / sigma for value in breaks if value > 0.0]
    cuts = [cut for cut in cuts if abs(cut) < 3.0 * panel]
    ends = np.unique([*(panel * np.arange(-3, 4)), *cuts])
    nodes, weights = np.polynomial.legendre.leggauss(order)
    half = np.diff(ends)[:, None] / 2
    points = (ends[:-1, None] + half * (nodes + 1.0)).ravel()
    return np.exp(sigma * points - 0.5 * sigma**2), (half * weights).ravel() * stats.norm.pdf(
        points
    )


# Age


def win_chance_at_age(conversion, sf_forward, sf_lost, age, win_next=1.0):
    """Return p_s(a) w_{s+1}: logit p_s(a) = logit p_s + ln A(a) - ln L(a).

    A conversion of 1 stays 1, and of 0 stays 0. A deal older than both times keeps its conversion;
    one that could only have gone forward by now, or only have been lost, has chance 0 or 1.
    """
    return win_next * conversion_at_age(conversion, sf_forward(age), sf_lost(age))


def conversion_at_age(conversion, forward, lost):
    """Return p_s(a) from the two survivals to age a."""
    if conversion in (0.0, 1.0) or (forward <= 0.0 and lost <= 0.0):
        return conversion
    if forward <= 0.0:
        return 0.0
    if lost <= 0.0:
        return 1.0
    logit = math.log(conversion) - math.log1p(-conversion) + math.log(forward) - math.log(lost)
    return 1.0 / (1.0 + math.exp(-logit)) if logit > -700.0 else math.exp(logit)


# Several periods at once, for a handful of deals


def joint_law(chances, units):
    """Return {(units booked in each period): chance}, deal by deal.

    ``chances[i][j]`` is the chance that deal ``i`` is booked in period ``j``: a number, or an array
    over the nodes of a factor; the rest is the chance that it is booked in none.
    """
    periods = len(chances[0])
    law = {(0,) * periods: 1.0}
    for deal, amount in zip(chances, units, strict=True):
        longer = {}
        for state, chance in law.items():
            none = 1.0 - sum(deal)
            longer[state] = longer.get(state, 0.0) + chance * none
            for period, inside in enumerate(deal):
                moved = list(state)
                moved[period] += amount
                key = tuple(moved)
                longer[key] = longer.get(key, 0.0) + chance * inside
        law = longer
    return law


def convolved(law, other):
    """Return the joint law of the sum of two independent vectors of bookings."""
    result = {}
    for state, chance in law.items():
        for added, weight in other.items():
            key = tuple(a + b for a, b in zip(state, added, strict=True))
            result[key] = result.get(key, 0.0) + chance * weight
    return result


def every_period(law, quota_units, amount_cv=0.0):
    """Return P(f * bookings >= quota in every period)."""
    total = 0.0
    for state, chance in law.items():
        needed = [
            0.0 if quota <= 0.0 else (quota / booked if booked else math.inf)
            for booked, quota in zip(state, quota_units, strict=True)
        ]
        total += chance * factor_at_least(max(needed), amount_cv)
    return float(total)
