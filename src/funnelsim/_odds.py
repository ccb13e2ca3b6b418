"""Odds that signals move: averages over a law of log-odds, and the constant that keeps a chance.

A chance ``t`` becomes ``sigmoid(alpha + x)``, where ``x`` is the log-odds of a deal's signals and
``alpha`` is such that the average over a reference population, in which ``x`` has a law, is ``t``.
Everything has one column for each draw of the uncertain parameters.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_LISTED = 256
"""Values of a sum that are listed one by one; a sum of more goes by its characteristic function."""
AT_ONCE = 2**21
"""Numbers of a table of deals, draws and nodes held at once."""
STEPS = 80
TIGHT = 1e-13
TINY = 1e-9
"""Chances as near to 0 or 1 as this stay what they are."""
REACH = 10.0
"""Standard deviations of a normal that count: beyond are less than 2e-23."""
FREQUENCIES = 12.0
"""Where ``1 / sinh(pi w)`` is below 1e-16."""
DIGITS = 37.0
"""Log-odds at which a sigmoid is 0 or 1 to 1e-16."""


class Atoms(NamedTuple):
    """A law of log-odds with single values."""

    share: Floats  # (L,) of each value, adding up to 1
    at: Floats  # (D, L)

    def ends(self) -> tuple[Floats, Floats]:
        """Return the least and the greatest value in each draw."""
        likely = self.at[:, self.share > 0.0]
        return likely.min(axis=1), likely.max(axis=1)

    def transform(self, frequency: Floats) -> NDArray[np.complex128]:
        """Return the mean of ``exp(i w x)``, shape (draws, frequencies)."""
        found = np.zeros((len(self.at), len(frequency)), np.complex128)
        for share, at in zip(self.share, self.at.T, strict=True):
            found += share * np.exp(1j * np.multiply.outer(at, frequency))
        return found


class Bell(NamedTuple):
    """A normal law of log-odds."""

    mean: Floats  # (D,)
    sd: Floats  # (D,)

    def ends(self) -> tuple[Floats, Floats]:
        """Return between which values it lies, but for nothing that a double could hold."""
        return self.mean - REACH * self.sd, self.mean + REACH * self.sd

    def transform(self, frequency: Floats) -> NDArray[np.complex128]:
        """Return the mean of ``exp(i w x)``, shape (draws, frequencies)."""
        mean, sd = self.mean[:, None], self.sd[:, None]
        return np.asarray(np.exp(1j * mean * frequency - 0.5 * (sd * frequency) ** 2))


Law = Atoms | Bell


class Average(ABC):
    """The mean of ``sigmoid(c + x)`` over a law of ``x``, as a function of ``c``."""

    low: Floats  # (D,) least value of x
    high: Floats  # (D,) greatest
    noise: float = 1e-15
    """Error of the mean, at most."""

    @abstractmethod
    def _both(self, c: Floats) -> tuple[Floats, Floats]:
        """Return the mean and its derivative at ``c``, shape (n, D)."""

    @property
    @abstractmethod
    def nodes(self) -> int:
        """Numbers that each value takes."""

    def with_slope(self, c: Floats) -> tuple[Floats, Floats]:
        """Return the mean and its derivative at ``c``, shape (n, D)."""
        rows = max(1, AT_ONCE // (self.nodes * c.shape[1]))
        parts = [self._both(c[first : first + rows]) for first in range(0, len(c), rows)]
        if not parts:
            return np.empty(c.shape), np.empty(c.shape)
        value, slope = zip(*parts, strict=True)
        return np.concatenate(value), np.concatenate(slope)

    def at(self, c: Floats) -> Floats:
        """Return the mean at ``c``, shape (n, D)."""
        return self.with_slope(c)[0]

    def solve(self, chance: Floats) -> Floats:
        """Return the ``c`` at which the mean is each chance in (0, 1), shape (n, D).

        By Newton's method inside a bracket that each step makes smaller.
        """
        from scipy.special import logit  # noqa: PLC0415

        goal = logit(chance)
        low, high = goal - self.high, goal - self.low
        c = 0.5 * (low + high)
        for _ in range(STEPS):
            value, slope = self.with_slope(c)
            low, high = np.where(value < chance, c, low), np.where(value < chance, high, c)
            step = (chance - value) / np.maximum(slope, np.finfo(np.float64).tiny)
            new = c + step
            new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
            new = np.where(np.abs(chance - value) <= self.noise, c, new)
            done = np.abs(new - c).max(initial=0.0) <= TIGHT
            c = new
            if done:
                break
        return np.asarray(c)


class _Listed(Average):
    """An average over values that are listed one by one."""

    def __init__(self, law: Atoms) -> None:
        self._law = law
        self.low, self.high = law.ends()

    @property
    def nodes(self) -> int:
        return len(self._law.share)

    def _both(self, c: Floats) -> tuple[Floats, Floats]:
        from scipy.special import expit  # noqa: PLC0415

        chance = expit(c[:, :, None] + self._law.at)
        slope = chance * (1.0 - chance)
        return chance @ self._law.share, slope @ self._law.share


class Transformed(Average):
    """An average by characteristic functions, whose product is that of a sum.

    ``E sigmoid(c + x) = 1/2 + integral over w > 0 of Im(E exp(i w (c + x))) / sinh(pi w)``; the
    trapezoid rule is exact to 1e-15, since ``1 / sinh`` falls off, and a step below
    ``2 pi / (|c + x| + 37)`` leaves no trace of the rule's own period.
    """

    noise = 4e-15

    def __init__(self, laws: Sequence[Law]) -> None:
        low, high = np.swapaxes([law.ends() for law in laws], 0, 1)  # (J, D) each
        self.low, self.high = low.sum(axis=0), high.sum(axis=0)
        self._middles, half = 0.5 * (low + high), 0.5 * (self.high - self.low)
        # beyond the laws' ends and 37 on, the mean is 0 or 1
        self._far = half + DIGITS
        step = 2.0 * np.pi / float((self._far + half).max() + DIGITS)
        self._frequency = step * np.arange(np.ceil(FREQUENCIES / step) + 1.0)
        self._weight = np.full(len(self._frequency), step)
        self._weight[0] = 0.5 * step / np.pi  # what is left of 1 / sinh(pi w) without the pole
        self._weight[1:] /= np.sinh(np.pi * self._frequency[1:])
        self._waves = [
            law.transform(self._frequency)
            * np.exp(-1j * np.multiply.outer(middle, self._frequency))
            for law, middle in zip(laws, self._middles, strict=True)
        ]
        self._means = np.array([_mean_of(law) for law in laws]) - self._middles
        self._all = self._sum_of(np.ones((1, len(laws)), bool))

    def _sum_of(self, some: NDArray[np.bool_]) -> _Sum:
        """Return sums of some of the laws, one for each row of ``some``, shape (sums, laws)."""
        wave = np.ones((len(some), *self._waves[0].shape), np.complex128) * self._weight
        for j, own in enumerate(self._waves):
            wave[some[:, j]] *= own
        return _Sum(wave, some @ self._middles, some @ self._means)

    @property
    def nodes(self) -> int:
        return len(self._frequency)

    def _both(self, c: Floats) -> tuple[Floats, Floats]:
        return self._read(self._all, c)

    def of_some(self, c: Floats, some: NDArray[np.bool_]) -> Floats:
        """Return the mean over the sum of some of the laws, others for each row.

        Parameters
        ----------
        c : ndarray, shape (n, draws)
        some : ndarray of bool, shape (n, laws)
        """
        found = np.empty(c.shape)
        rows = max(1, AT_ONCE // (self.nodes * c.shape[1]))
        for first in range(0, len(c), rows):
            part = slice(first, first + rows)
            kinds, kind = np.unique(some[part], axis=0, return_inverse=True)
            sums = self._sum_of(kinds)
            each = _Sum._make(one[kind.reshape(-1)] for one in sums)
            found[part] = self._read(each, c[part])[0]
        return found

    def _read(self, total: _Sum, c: Floats) -> tuple[Floats, Floats]:
        """Return the mean and its derivative, of one sum or of one for each row."""
        at = np.clip(c + total.middle, -self._far, self._far)
        angle = at[:, :, None] * self._frequency
        cosine, sine = np.cos(angle), np.sin(angle)
        real, imaginary = total.wave.real, total.wave.imag
        value = (cosine * imaginary + sine * real).sum(axis=2)
        first = real[:, :, 0]
        value += first * (at + total.mean)  # the limit at w = 0: w (c + E x) / sinh(pi w)
        slope = ((cosine * real - sine * imaginary) * self._frequency).sum(axis=2) + first
        return np.clip(0.5 + value, 0.0, 1.0), slope


class _Sum(NamedTuple):
    """Sums of laws."""

    wave: NDArray[np.complex128]  # (sums, D, nodes) weight times characteristic function
    middle: Floats  # (sums, D) it is about this value
    mean: Floats  # (sums, D) of what is left


def _mean_of(law: Law) -> Floats:
    return law.mean if isinstance(law, Bell) else law.at @ law.share


def average_over(laws: Sequence[Law], draws: int) -> Average:
    """Return the average over the sum of independent laws.

    Examples
    --------
    >>> coin = Atoms(np.array([0.5, 0.5]), np.array([[0.0, 2.0]]))
    >>> float(average_over([coin], 1).at(np.array([[-1.0]]))[0, 0])
    0.5
    """
    total = Atoms(np.ones(1), np.zeros((draws, 1)))
    for law in laws:
        if isinstance(law, Bell) or len(total.share) * len(law.share) > MOST_LISTED:
            return Transformed(laws)
        share = np.multiply.outer(total.share, law.share).ravel()
        at = (total.at[:, :, None] + law.at[:, None, :]).reshape(draws, -1)
        total = Atoms(share, at)
    return _Listed(total)


def probit(chance: float | Floats, tau: float, x: float | Floats) -> Floats:
    """Return ``Phi(sqrt(1 + tau^2) Phi_inv(t) + tau x)``: its mean over x ~ N(0, 1) is ``t``.

    Examples
    --------
    >>> round(float(probit(0.10, 1.0, 0.5)), 3)
    0.095
    """
    from scipy.special import ndtr, ndtri  # noqa: PLC0415

    return np.asarray(ndtr(np.sqrt(1.0 + tau * tau) * ndtri(chance) + tau * np.asarray(x)))
