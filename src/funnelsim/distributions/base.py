"""What every distribution answers: the checks around the formulas that each family brings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from funnelsim.errors import InputError
from funnelsim.parameters import Parameter

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Distribution(ABC):
    """A distribution of a time (days) or an amount (currency units), on the values from 0.

    A parameter may be a set of draws. Such a distribution says how many draws it holds, and
    `at` takes one of them; only then can its functions be asked. Results are arrays of the
    shape of the argument. A value beyond the largest float comes back as ``inf``.

    Examples
    --------
    >>> from funnelsim import Gamma
    >>> unsure = Gamma(mean=[28, 31, 35], cv=0.6)
    >>> unsure.draws, unsure.at(1).mean
    (3, 31.0)
    """

    @property
    def draws(self) -> int:
        """How many draws the parameters hold: 1 if they are certain."""
        return 1

    @property
    def atoms(self) -> bool:
        """Whether single values have a chance of their own."""
        return False

    @property
    @abstractmethod
    def mean(self) -> float:
        """The mean, in the unit of the values; it may be ``inf``."""

    def at(self, draw: int) -> Self:  # noqa: ARG002 - a certain distribution is the same in all draws
        """Return the distribution in one draw of its parameters, with plain numbers."""
        return self

    @abstractmethod
    def scaled(self, factor: Parameter) -> Distribution:
        """Return the distribution of ``factor`` times the value, in the same family.

        Parameters
        ----------
        factor : float or tuple of float
            Above 0; or one factor for each draw of the parameters.

        Examples
        --------
        >>> from funnelsim import Gamma
        >>> Gamma(mean=30, cv=0.6).scaled(2.0)
        Gamma(mean=60.0, cv=0.6)
        """

    def sf(self, x: ArrayLike) -> Floats:
        """Return the survival function ``P(T > x)``, accurate in the far tail.

        Parameters
        ----------
        x : array_like of float
            Values of any shape; the answer is 1 below 0.

        Raises
        ------
        ValueError
            If a value is NaN, or the parameters hold several draws.
        """
        self._check_certain()
        points = np.asarray(x, dtype=np.float64)
        if np.isnan(points).any():
            raise ValueError("sf needs numbers, got NaN")
        tail = _quietly(self._sf, np.maximum(points, 0.0))
        return np.where(points < 0.0, 1.0, tail)

    def ppf(self, q: ArrayLike) -> Floats:
        """Return the quantile: the smallest value whose distribution function reaches ``q``.

        Parameters
        ----------
        q : array_like of float
            Levels in [0, 1]; 0 and 1 give the ends of the support.

        Raises
        ------
        ValueError
            If a level is outside [0, 1] or NaN, or the parameters hold several draws.
        """
        self._check_certain()
        return _quietly(self._ppf, _levels("ppf", q))

    def isf(self, q: ArrayLike) -> Floats:
        """Return the smallest value whose survival is at most ``q``, accurate for tiny ``q``.

        Parameters
        ----------
        q : array_like of float
            Chances in [0, 1]; 0 and 1 give the ends of the support.

        Raises
        ------
        ValueError
            If a chance is outside [0, 1] or NaN, or the parameters hold several draws.
        """
        self._check_certain()
        return _quietly(self._isf, _levels("isf", q))

    @abstractmethod
    def _sf(self, x: Floats) -> Floats:
        """Return the survival at values that are not negative."""

    @abstractmethod
    def _ppf(self, q: Floats) -> Floats: ...

    @abstractmethod
    def _isf(self, q: Floats) -> Floats: ...

    def _check_certain(self) -> None:
        if self.draws > 1:
            raise ValueError(
                f"the parameters hold {self.draws} draws: take one with .at(draw) first"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what was given, and leave out the arrays made from it."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def one_factor(factor: Parameter) -> float:
    """Return a factor for a distribution without draws of its parameters."""
    if isinstance(factor, tuple):
        remedy = "this distribution has no parameters that could hold draws"
        raise InputError("factor of a distribution", "be one number", factor, remedy)
    return factor


def _levels(name: str, q: ArrayLike) -> Floats:
    levels = np.asarray(q, dtype=np.float64)
    if not ((levels >= 0.0) & (levels <= 1.0)).all():
        raise ValueError(f"{name} needs levels in [0, 1]")
    return levels


def _quietly(formula: Callable[[Floats], Floats], points: Floats) -> Floats:
    """Apply a formula at its ends, too, where a logarithm of 0 or an overflow is the answer."""
    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        return np.asarray(formula(points), dtype=np.float64)
