"""Required pipeline and rate of creation: chances by exact laws, what is required by search."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaincinv

from tests.oracles import exact
from tests.oracles.business_law import laws_of


class Extra:
    """The chance to reach the quota with extra deals, averaged over the draws."""

    def __init__(self, description):
        self.description = description
        self.laws = laws_of(description)
        self.needed = needed(description)

    def chance(self, number):
        """Return the chance to reach the quota with so many extra deals."""
        return float(np.mean([attainment(law, self.needed, number) for law in self.laws]))

    def deals(self, confidence, most=1024):
        """Return the fewest extra deals that reach the quota with this chance, None beyond most."""
        enough = 1
        while self.chance(enough) < confidence:
            enough *= 2
            if enough > most:
                return None
        below = -1
        while enough - below > 1:
            middle = (below + enough) // 2
            if self.chance(middle) >= confidence:
                enough = middle
            else:
                below = middle
        return enough


def needed(description):
    """Return the units still to book."""
    quota = description["quota"]
    whole = sum(quota) if isinstance(quota, list) else quota
    return whole - description.get("booked", 0)


def attainment(law, units, extra=0):
    """Return the chance of a draw's law to reach so many units over the horizon."""
    pmf = law.of(range(law.periods), extra=extra)
    return exact.attainment_with_amount_factor(pmf, units, law.description.get("amount_cv", 0.0))


def passage_by_steps(chance, amounts, need, most):
    """Return P(deals until ``need`` units are booked <= n) for n up to ``most``: money by steps.

    One deal after the other moves the law of the money booked so far; what reaches the need is
    taken out.
    """
    open_still = np.zeros(need)
    open_still[0] = 1.0
    reached = [0.0]
    for _ in range(most):
        moved = (1.0 - chance) * open_still
        for units, weight in amounts:
            if units < need:
                moved[units:] += chance * weight * open_still[: need - units]
        open_still = moved
        reached.append(1.0 - open_still.sum())
    return np.array(reached)


# The rate of creation


def with_rate(description, rate):
    """Return the description with its rates in proportion, their mean being ``rate``."""
    rates = np.atleast_1d(description["new"]["rate"])
    times = (rates * rate / rates.mean()).tolist()
    return {
        **description,
        "new": {**description["new"], "rate": times if len(times) > 1 else times[0]},
    }


def chance_at_rate(description, rate):
    """Return the chance to reach the quota at a rate of creation."""
    found = laws_of(with_rate(description, rate))
    return float(np.mean([attainment(law, needed(description)) for law in found]))


def rate_for(description, confidence, high):
    """Return the rate at which the quota is reached with this chance; ``high`` is enough."""
    return brentq(lambda rate: chance_at_rate(description, rate) - confidence, 0.0, high, xtol=1e-6)


def rate_for_equal_amounts(wins, win_per_created, confidence):
    """Return the mean number created over the horizon: the quantile of a gamma."""
    return float(gammaincinv(wins, confidence)) / win_per_created
