"""A user's own frozen scipy.stats distribution, taken as it is where SciPy is exact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from funnelsim.distributions.base import Distribution, Floats, one_factor
from funnelsim.errors import InputError
from funnelsim.parameters import POSITIVE, Parameter, number

SMALLEST, LARGEST = float(np.finfo(np.float64).tiny), float(np.finfo(np.float64).max)
# Many scipy.stats distributions take their isf from ppf(1 - q), which knows no small q. Below
# this chance we search the survival function, which they have in full.
SEARCH_BELOW = 1e-3
HALVINGS = 64  # a bracket of [1, 2] ends at neighbouring floats after 53
DOUBLINGS = 2100  # from the smallest float to the largest
# SciPy adds up some discrete tails term by term, so we stop looking at 256 times the value that is
# exceeded once in 1e9: 8 are enough for all tails that fall like exp(-x) or faster.
DISCRETE_DOUBLINGS = 8


def is_frozen(value: Any) -> bool:
    """Return whether this is a frozen scipy.stats distribution (without importing SciPy)."""
    return is_of_scipy(value) and hasattr(value, "dist")


def is_of_scipy(value: Any) -> bool:
    """Return whether this is a scipy.stats distribution of one variable, frozen or not."""
    from_scipy = type(value).__module__.startswith("scipy.stats")
    return from_scipy and all(hasattr(value, name) for name in ("sf", "ppf", "support"))


@dataclass(frozen=True, repr=False)
class Frozen(Distribution):
    """Any frozen distribution of scipy.stats, continuous or discrete, on values from 0.

    Two are equal if they hold the same scipy.stats object. It cannot be written to a scenario
    file. Its far tail is as accurate as SciPy's survival function; a discrete power law is cut
    off where less than about 1e-11 of its mass is left.

    Parameters
    ----------
    dist : frozen scipy.stats distribution
        For instance ``scipy.stats.invgauss(0.5, scale=30)``.
    factor : float
        Multiplies its values; above 0.

    Examples
    --------
    >>> from scipy import stats
    >>> Frozen(stats.poisson(3)).ppf(0.5)
    array(3.)
    """

    dist: Any
    factor: float = 1.0

    def __post_init__(self) -> None:
        field = "distribution of scipy.stats"
        if not is_frozen(self.dist):
            remedy = "with its parameters, as in scipy.stats.gamma(2, scale=15)"
            raise InputError(field, "be frozen", self.dist, remedy)
        if np.size(self.dist.mean()) != 1:
            raise InputError(field, "be a single one, not an array of them", self)
        object.__setattr__(self, "factor", number(f"factor of {field}", self.factor, POSITIVE))
        low = float(self.dist.support()[0])
        if math.isnan(low) or math.isnan(self.mean):
            remedy = "its parameters, or its mean, are outside what SciPy computes"
            raise InputError(field, "have a support and a mean", self, remedy)
        if low < 0.0:
            remedy = "cut it at 0 (scipy.stats.truncnorm), or use Gamma or Lognormal"
            raise InputError(f"support of {self._name()}", "not go below 0", low, remedy)

    @property
    def mean(self) -> float:
        """The mean, as scipy.stats has it."""
        return self.factor * float(self.dist.mean())

    def scaled(self, factor: Parameter) -> Frozen:
        """Return the distribution of ``factor`` times the value."""
        return Frozen(self.dist, self.factor * one_factor(factor))

    @property
    def atoms(self) -> bool:
        """Whether it is a discrete distribution."""
        return hasattr(self.dist, "pmf")

    def _name(self) -> str:
        return f"scipy.stats.{self.dist.dist.name}"

    def __repr__(self) -> str:
        given = [repr(value) for value in self.dist.args]
        given += [f"{name}={value!r}" for name, value in self.dist.kwds.items()]
        scaled = f", factor={self.factor!r}" if self.factor != 1.0 else ""
        return f"Frozen({self._name()}({', '.join(given)}){scaled})"

    def _ends(self) -> tuple[float, float]:
        low, high = self.dist.support()
        return float(low), float(high)

    def _sf(self, x: Floats) -> Floats:
        return self._inside(self.dist.sf(self._unscaled(x)), 0.0, 1.0)

    def _unscaled(self, x: Floats) -> Floats:
        """Return the largest values that are at most ``x`` when they are scaled."""
        if self.factor == 1.0:
            return x
        value = x / self.factor
        value = np.where(value * self.factor > x, np.nextafter(value, -np.inf), value)
        above = np.nextafter(value, np.inf)
        return np.where(above * self.factor <= x, above, value)

    def _ppf(self, q: Floats) -> Floats:
        # SciPy has discrete distributions start one below their support.
        return self.factor * self._inside(self.dist.ppf(q), *self._ends())

    def _isf(self, q: Floats) -> Floats:
        return self.factor * self._exceeded(q)

    def _exceeded(self, q: Floats) -> Floats:
        flat = q.ravel()
        searched = (flat > 0.0) & (flat < SEARCH_BELOW) & self._has_lattice()
        values = np.asarray(self.dist.isf(np.where(searched, SEARCH_BELOW, flat)), dtype=float)
        if searched.any():
            values[searched] = self._search(flat[searched])
        return self._inside(values, *self._ends()).reshape(q.shape)

    def _inside(self, values: Any, low: float, high: float) -> Floats:
        """Return what SciPy computed, without its excursions beyond the ends."""
        if np.isnan(values).any():
            remedy = "SciPy returns NaN here: use Sample or Quantiles instead"
            raise InputError(repr(self), "have numbers for quantiles and survival", remedy=remedy)
        return np.asarray(np.clip(values, low, high))

    def _has_lattice(self) -> bool:
        """Return whether a search finds its values: not so for a list of values in SciPy."""
        return not hasattr(self.dist.dist, "xk")

    def _search(self, q: Floats) -> Floats:
        """Return the smallest value whose survival is at most ``q``, by bisection."""
        below, above = self._bracket(q)
        lowest = below.min()
        for _ in range(HALVINGS):
            middle = below + 0.5 * (above - below)
            if self.atoms:
                middle = lowest + np.floor(middle - lowest)
            short = self.dist.sf(middle) > q
            below, above = np.where(short, middle, below), np.where(short, above, middle)
        return above

    def _bracket(self, q: Floats) -> tuple[Floats, Floats]:
        """Return values whose survival is above and not above ``q``, by doubling."""
        low, high = self._ends()
        start = low - 1.0 if self.atoms else low
        first = self.dist.isf(SEARCH_BELOW**3) if self.atoms else self.dist.ppf(0.5)
        step = max(float(first) - start, SMALLEST)
        below, above = np.full(q.shape, start), np.full(q.shape, min(start + step, high))
        for _ in range(DISCRETE_DOUBLINGS if self.atoms else DOUBLINGS):
            short = (self.dist.sf(above) > q) & (above < min(high, LARGEST))
            if not short.any():
                break
            step = min(2.0 * step, LARGEST)
            below = np.where(short, above, below)
            above = np.where(short, min(start + step, high, LARGEST), above)
        return below, above
