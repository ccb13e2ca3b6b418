"""A user's own frozen scipy.stats distribution, taken as it is where SciPy is exact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from funnelsim.distributions.base import Distribution, Floats
from funnelsim.errors import InputError

LARGEST = float(np.finfo(np.float64).max)
# Many scipy.stats distributions take their isf from ppf(1 - q), which knows no small q. Below
# this chance we search the survival function, which they have in full.
SEARCH_BELOW = 1e-3
HALVINGS = 64  # a bracket of [1, 2] ends at neighbouring floats after 53


def is_frozen(value: Any) -> bool:
    """Return whether this is a frozen scipy.stats distribution (without importing SciPy)."""
    return is_of_scipy(value) and hasattr(value, "dist")


def is_of_scipy(value: Any) -> bool:
    """Return whether this is a scipy.stats distribution of one variable, frozen or not."""
    from_scipy = type(value).__module__.startswith("scipy.stats")
    return from_scipy and all(hasattr(value, name) for name in ("sf", "ppf", "support"))


@dataclass(frozen=True)
class Frozen(Distribution):
    """Any frozen distribution of scipy.stats, continuous or discrete, on values from 0.

    Two are equal if they hold the same scipy.stats object. It cannot be written to a scenario
    file. Its far tail is as accurate as SciPy's survival function.

    Parameters
    ----------
    dist : frozen scipy.stats distribution
        For instance ``scipy.stats.invgauss(0.5, scale=30)``.

    Examples
    --------
    >>> from scipy import stats
    >>> Frozen(stats.poisson(3)).ppf(0.5)
    array(3.)
    """

    dist: Any

    def __post_init__(self) -> None:
        field = "distribution of scipy.stats"
        if not is_frozen(self.dist):
            remedy = "with its parameters, as in scipy.stats.gamma(2, scale=15)"
            raise InputError(field, "be frozen", self.dist, remedy)
        if np.size(self.dist.mean()) != 1:
            raise InputError(field, "be a single one, not an array of them", self.dist.args)
        low = float(self.dist.support()[0])
        if math.isnan(low) or math.isnan(self.mean):
            remedy = "its parameters, or its mean, are outside what SciPy computes"
            raise InputError(field, "have a support and a mean", self._parameters(), remedy)
        if low < 0.0:
            remedy = "cut it at 0 (scipy.stats.truncnorm), or use Gamma or Lognormal"
            raise InputError(f"support of {self._name()}", "not go below 0", low, remedy)

    @property
    def mean(self) -> float:
        """The mean, as scipy.stats has it."""
        return float(self.dist.mean())

    @property
    def atoms(self) -> bool:
        """Whether it is a discrete distribution."""
        return hasattr(self.dist, "pmf")

    def _name(self) -> str:
        return f"scipy.stats.{self.dist.dist.name}"

    def _parameters(self) -> tuple[Any, ...]:
        return (self.dist.dist.name, *self.dist.args, *self.dist.kwds.items())

    def _ends(self) -> tuple[float, float]:
        low, high = self.dist.support()
        return float(low), float(high)

    def _sf(self, x: Floats) -> Floats:
        return np.asarray(np.clip(self.dist.sf(x), 0.0, 1.0))

    def _ppf(self, q: Floats) -> Floats:
        # SciPy has discrete distributions start one below their support.
        return np.asarray(np.clip(self.dist.ppf(q), *self._ends()))

    def _isf(self, q: Floats) -> Floats:
        flat = q.ravel()
        searched = (flat > 0.0) & (flat < SEARCH_BELOW) & self._has_lattice()
        values = np.asarray(self.dist.isf(np.where(searched, SEARCH_BELOW, flat)), dtype=float)
        if searched.any():
            values[searched] = self._search(flat[searched])
        return np.asarray(np.clip(values, *self._ends())).reshape(q.shape)

    def _has_lattice(self) -> bool:
        """Return whether a search finds its values: not so for a list of values in SciPy."""
        return not hasattr(self.dist.dist, "xk")

    def _search(self, q: Floats) -> Floats:
        """Return the smallest value whose survival is at most ``q``, by bisection."""
        low, high = self._ends()
        start = low - 1.0 if self.atoms else low  # a value that is too small
        below = np.full(q.shape, start)
        step = max(float(self.dist.ppf(0.5)) - start, 1e-300)
        above = np.full(q.shape, min(start + step, high))
        while (short := (self.dist.sf(above) > q) & (above < min(high, LARGEST))).any():
            step = min(2.0 * step, LARGEST)
            below = np.where(short, above, below)
            above = np.where(short, min(start + step, high), above)
        for _ in range(HALVINGS):
            middle = below + 0.5 * (above - below)
            if self.atoms:
                middle = start + np.floor(middle - start)
            short = self.dist.sf(middle) > q
            below, above = np.where(short, middle, below), np.where(short, above, middle)
        return above
