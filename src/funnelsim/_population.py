"""The population that chances are those of: how the log-odds of its answers spread.

Signals are either independent of each other, or their answers stand deal by deal in a table.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim._odds import Atoms, Average, Bell, Law, Transformed, average_over
from funnelsim._signal import AnySignal, NumericSignal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shares = tuple[Floats, Floats]

MOST_ANSWERS = 8
"""Different numbers that are asked for one by one."""


class Population(ABC):
    """The answers of a population to some signals."""

    signals: Sequence[AnySignal]
    everyone: Average
    """The average over the population, of which nothing is known."""

    @abstractmethod
    def mean_given(self, at: Floats, codes: Floats) -> Floats:
        """Return the mean of ``sigmoid(at + x)`` over the missing answers, shape (n, draws).

        ``codes`` has shape (n, signals), NaN where an answer is missing.
        """

    @abstractmethod
    def _shares(self, place: int) -> Shares:
        """Return the different answers to a signal, rising, and their shares."""

    def possible(self, place: int) -> Shares:
        """Return the answers that a signal may have, and their shares.

        Many different numbers stand for two, one standard deviation to either side of their mean.
        """
        codes, share = self._shares(place)
        if isinstance(self.signals[place], NumericSignal) and len(codes) > MOST_ANSWERS:
            mean = codes @ share
            sd = np.sqrt(share @ (codes - mean) ** 2)
            return mean + np.array([-sd, sd]), np.full(2, 0.5)
        return codes, share


class Independent(Population):
    """A population in which no answer tells anything of another."""

    def __init__(self, signals: Sequence[AnySignal], draws: int) -> None:
        self.signals = signals
        laws = [_law(one, draws) for one in signals]
        self.everyone = average_over(laws, draws)
        self._laws = Transformed(laws)

    def mean_given(self, at: Floats, codes: Floats) -> Floats:
        """Return the mean over the missing answers."""
        from scipy.special import expit  # noqa: PLC0415

        missing = np.isnan(codes)
        some = missing.any(axis=1)
        found = np.asarray(expit(at))
        found[some] = self._laws.of_some(at[some], missing[some])
        return found

    def _shares(self, place: int) -> Shares:
        one = self.signals[place]
        normal = _normal(one)
        if normal is not None:
            return normal["mean"] + np.array([-1.0, 1.0]) * normal["sd"], np.full(2, 0.5)
        return one.shares()


class Joint(Population):
    """A population deal by deal, shape (rows, signals)."""

    def __init__(self, signals: Sequence[AnySignal], rows: Floats, draws: int) -> None:
        self.signals, self._draws = signals, draws
        self._rows, count = np.unique(rows, axis=0, return_counts=True)
        self._share = count / count.sum()
        self._at = [
            one.log_odds(codes, draws) for one, codes in zip(signals, self._rows.T, strict=True)
        ]
        everything = np.ones(len(signals), bool)
        self.everyone = average_over([self._together(everything, slice(None))], draws)

    def mean_given(self, at: Floats, codes: Floats) -> Floats:
        """Return the mean over the missing answers of those who are alike in the known ones."""
        missing = np.isnan(codes)
        keys = np.hstack([missing, np.where(missing, 0.0, codes)])
        _, lead, kind = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        found = np.empty(at.shape)
        for number, row in enumerate(lead.tolist()):
            alike = kind.reshape(-1) == number
            found[alike] = average_over(self._laws(codes[row]), self._draws).at(at[alike])
        return found

    def _shares(self, place: int) -> Shares:
        codes, code = np.unique(self._rows[:, place], return_inverse=True)
        return codes, np.bincount(code.reshape(-1), self._share).astype(np.float64)

    def _laws(self, codes: Floats) -> list[Law]:
        """Return the laws of the missing answers, given those that are known."""
        missing = np.isnan(codes)
        if not missing.any():
            return []
        agree = (self._rows[:, ~missing] == codes[~missing]).all(axis=1)
        if agree.any():
            return [self._together(missing, agree)]
        # nobody is like this: each answer by itself
        return [Atoms(self._share, self._at[j]) for j in np.flatnonzero(missing).tolist()]

    def _together(self, some: NDArray[np.bool_], rows: Any) -> Atoms:
        """Return the law of the sum of some signals in some rows."""
        share = self._share[rows]
        at = sum(self._at[j][:, rows] for j in np.flatnonzero(some).tolist())
        return Atoms(share / share.sum(), np.asarray(at))


def _law(one: AnySignal, draws: int) -> Law:
    """Return the law of a signal's log-odds."""
    normal = _normal(one)
    if normal is not None:
        at = one.log_odds(np.array([normal["mean"], normal["sd"]]), draws)
        return Bell(at[:, 0], np.abs(at[:, 1]))
    codes, share = one.shares()
    return Atoms(share, one.log_odds(codes, draws))


def _normal(one: AnySignal) -> dict[str, float] | None:
    """Return mean and standard deviation of a normal reference."""
    normal = isinstance(one, NumericSignal) and "mean" in (one.reference or ())
    return one.reference if normal else None
