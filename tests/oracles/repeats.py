"""Repeat business: a branching process of wins, each opening a Poisson number of further ones."""

import itertools
import math

import numpy as np
from scipy.special import gammaln

from tests.oracles import laws

NEAR = 1e-9


def borel_tanner_pmf(wins, mean, most):
    """Return the law of the total of ``wins`` wins and all that come of them, up to ``most``.

    Haight and Breuer (1960): P(n) = wins / n e^(-mean n) (mean n)^(n - wins) / (n - wins)!
    """
    total = np.arange(wins, most + 1)
    pmf = np.zeros(most + 1)
    if wins == 0:
        pmf[0] = 1.0
        return pmf
    more = total - wins
    log = np.log(wins / total) - mean * total + more * np.log(mean * total) - gammaln(more + 1)
    pmf[wins:] = np.exp(log)
    return pmf


def generalised_poisson_pmf(rate, mean, most):
    """Return the law of the total if the number of first wins is Poisson.

    Consul and Jain (1973): P(n) = rate (rate + mean n)^(n - 1) e^(-rate - mean n) / n!
    """
    total = np.arange(most + 1)
    base = rate + mean * total
    return np.exp(math.log(rate) + (total - 1) * np.log(base) - base - gammaln(total + 1))


def generations_pmf(wins, mean, generations, most):
    """Return the law of the total with so many generations of repeats: plain enumeration."""
    one = np.zeros(most + 1)
    one[1] = 1.0
    tree = one
    for _ in range(generations):
        tree = _compound(mean, tree, most)[: most + 1]
        tree = np.convolve(one, tree)[: most + 1]
    total = np.zeros(most + 1)
    total[0] = 1.0
    for _ in range(wins):
        total = np.convolve(total, tree)[: most + 1]
    return total


def _compound(mean, pmf, most):
    """Return the law of the sum of a Poisson number of values: term by term."""
    total, power = np.zeros(most + 1), np.zeros(most + 1)
    power[0], weight = 1.0, math.exp(-mean)
    for number in range(1, 80):
        total += weight * power
        power = np.convolve(power, pmf)[: most + 1]
        weight *= mean / number
    return total


def mean_within(mean, delay, days):
    """Return the mean number of wins that a win is worth within so many days, itself included.

    The delay is exponential; ``delay`` is its mean.
    """
    rest = mean / (1.0 - mean)
    return 1.0 + rest * -np.expm1(-(1.0 - mean) * np.asarray(days) / delay)


# Inside windows, for a delay of finitely many values


def atoms(repeat):
    """Return the values of the delay and their chances."""
    if repeat is None or repeat["mean"] == 0.0:
        return []
    law = laws.law_of(repeat["delay"])
    return list(zip(law.values, law.chances, strict=True))


def cut_points(edges, repeat):
    """Return the clock times from 0 to the last edge between which a win's future is the same.

    Those are the edges, each less any sum of delays.
    """
    found = set(edges)
    waiting = list(edges)
    while waiting:
        end = waiting.pop()
        for delay, _ in atoms(repeat):
            earlier = end - delay
            if earlier > NEAR and not any(abs(earlier - one) < NEAR for one in found):
                found.add(earlier)
                waiting.append(earlier)
    cuts = sorted(found)
    assert len(cuts) < 500, "delays are too short for this oracle"
    return cuts


def after_a_win(cuts, repeat, again):
    """Return, for each cell between cut points, the generating function of what a win opens.

    ``again(tau)`` is that of one repeated win at a clock time, by itself.
    """
    cells = list(itertools.pairwise(cuts))
    opened = [np.ones_like(again(cuts[-1])) for _ in cells]
    delays = atoms(repeat)
    for cell in range(len(cells) - 1, -1, -1):
        middle = sum(cells[cell]) / 2.0
        later = 0.0
        for delay, chance in delays:
            beyond = middle + delay > cuts[-1]
            place = np.searchsorted(cuts, middle + delay) - 1
            later = later + chance * (1.0 if beyond else again(middle + delay) * opened[int(place)])
        if delays:
            opened[cell] = np.exp(repeat["mean"] * (later - 1.0))
    return opened
