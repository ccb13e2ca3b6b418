"""The one helper of all statistical tests: estimates with their errors against exact values.

An estimate's error comes from 64 replicates, so (value - exact) / error has a t distribution with
63 degrees of freedom. The threshold is its two-sided quantile at a family-wise level of 1e-4 shared
among all the comparisons made (Bonferroni): a correct simulator fails one suite in ten thousand
seeds. The seeds are fixed, so it either passes always or never.
"""

import math
import os
from typing import NamedTuple

import numpy as np
from scipy import stats

FAMILYWISE_LEVEL = 1e-4
REPLICATES = 64
RELATIVE_ROUNDING = 1e-9

COMPARISONS = 5000
"""How many comparisons the whole suite may make; the tables together must stay below it."""


WORST = {}
"""Of each test file that was run, the number of comparisons and the worst; printed in the end."""


class Comparison(NamedTuple):
    """One estimate beside its exact value."""

    name: str
    value: float
    standard_error: float
    exact: float

    @property
    def z(self):
        """How many standard errors the value is off; infinite for a wrong value without error."""
        if self.standard_error > 0.0:
            return (self.value - self.exact) / self.standard_error
        same = math.isclose(
            self.value, self.exact, rel_tol=RELATIVE_ROUNDING, abs_tol=RELATIVE_ROUNDING**2
        )
        return 0.0 if same else math.copysign(math.inf, self.value - self.exact)

    def __str__(self):
        return (
            f"{self.name}: {self.value:.8g} ± {self.standard_error:.2g}, "
            f"exact {self.exact:.8g}, z {self.z:+.2f}"
        )


def estimate_from_paths(values):
    """Return the mean over paths and its standard error; path ``i`` is in replicate ``i % 64``."""
    means = np.reshape(values, (-1, REPLICATES)).mean(axis=0)
    return float(means.mean()), float(means.std(ddof=1) / math.sqrt(REPLICATES))


def threshold(comparisons=COMPARISONS):
    """Return the largest \\|z\\| that a correct estimate may show."""
    return float(stats.t.isf(FAMILYWISE_LEVEL / comparisons / 2.0, REPLICATES - 1))


def worst_of(compared):
    """Return the comparison that is most standard errors off; NaN counts as most."""
    return max(compared, key=lambda one: math.inf if math.isnan(one.z) else abs(one.z))


def assert_agreement(compared, comparisons=COMPARISONS):
    """Fail if any estimate is too far from its exact value; return the worst comparison."""
    compared = list(compared)
    assert compared, "nothing was compared"
    limit = threshold(comparisons)
    wrong = [one for one in compared if not abs(one.z) <= limit]
    lines = "\n  ".join(str(one) for one in wrong)
    assert not wrong, f"beyond {limit:.2f} standard errors:\n  {lines}"
    _remember(compared)
    return worst_of(compared)


def _remember(compared):
    file = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[0]
    count, before = WORST.get(file, (0, []))
    WORST[file] = count + len(compared), [worst_of([*before, *compared])]
