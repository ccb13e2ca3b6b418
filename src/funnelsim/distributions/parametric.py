"""Families of a few parameters, each a value or a set of draws; here those of plain formulas."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from funnelsim.distributions.base import Distribution, Floats
from funnelsim.errors import InputError
from funnelsim.parameters import (
    NONNEGATIVE,
    POSITIVE,
    Interval,
    Parameter,
    at,
    common_draws,
    draws_of,
    parameter,
)

Draws = float | Sequence[float] | NDArray[Any]

# Beyond these the formulas lose their digits, and nobody means such a time or amount.
SHAPE_LIMITS = Interval(1e-6, 1e6)
UNITLESS = frozenset({"alpha", "cv", "shape", "sigma"})
"""Parameters of form; all others, in every family, are in the unit of the values."""


@dataclass(frozen=True, init=False, repr=False)
class Parametric(Distribution):
    """A family with named parameters, kept as they were given.

    Attributes
    ----------
    parameters : tuple of (str, float or tuple of float)
        Each parameter that was given, in the order of the family.
    """

    parameters: tuple[tuple[str, Parameter], ...]

    family: ClassVar[str]
    forms: ClassVar[tuple[tuple[str, ...], ...]]
    from_zero: ClassVar[frozenset[str]] = frozenset()  # parameters that may be 0
    limits: ClassVar[Mapping[str, Interval]] = MappingProxyType({})

    def __init__(self, **given: Draws | None) -> None:
        taken = {name: value for name, value in given.items() if value is not None}
        self.check_form(taken)
        checked = tuple((name, self._checked(name, value)) for name, value in taken.items())
        common_draws((f"{name} of {self.family}", draws_of(value)) for name, value in checked)
        object.__setattr__(self, "parameters", checked)
        for draw in range(self.draws):
            self._check_together(self._values(draw), f"draw {draw} of " * (self.draws > 1))

    @classmethod
    def check_form(cls, names: Iterable[str]) -> None:
        """Refuse parameters that do not make one of the family's forms."""
        given = list(names)
        if not any(set(form) == set(given) for form in cls.forms):
            choices = ", or ".join(_listed(form) for form in cls.forms)
            raise InputError(f"parameters of {cls.family}", f"be {choices}", given)

    @property
    def draws(self) -> int:
        """How many draws the parameters hold: 1 if they are certain."""
        return max(draws_of(value) for _, value in self.parameters)

    def at(self, draw: int) -> Self:
        """Return the same family with the plain numbers of one draw."""
        return self if self.draws == 1 else type(self)(**self._values(draw))

    def scaled(self, factor: Parameter) -> Self:
        """Return the distribution of ``factor`` times the value, in the same family."""
        moved = {
            name: value if name in UNITLESS else _times(value, factor)
            for name, value in self.parameters
        }
        return type(self)(**moved)

    def _checked(self, name: str, value: Any) -> Parameter:
        field = f"{name} of {self.family}"
        allowed = NONNEGATIVE if name in self.from_zero else POSITIVE
        checked = parameter(field, value, allowed)
        if name in self.limits:
            parameter(field, checked, self.limits[name])
        one = isinstance(checked, tuple) and len(checked) == 1
        return at(checked, 0) if one else checked  # a single draw is certain

    def _check_together(self, values: Mapping[str, float], which: str) -> None:
        """Refuse numbers that do not go together; ``which`` names the draw in the message."""

    def _values(self, draw: int) -> dict[str, float]:
        return {name: at(value, draw) for name, value in self.parameters}

    def _numbers(self) -> dict[str, float]:
        self._check_certain()
        return self._values(0)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.parameters)
        return f"{type(self).__name__}({given})"


class Fixed(Parametric):
    """Always the same value.

    Parameters
    ----------
    value : float or set of draws
        The value, at least 0.

    Examples
    --------
    >>> Fixed(30).sf([29.0, 30.0])
    array([1., 0.])
    """

    family = "fixed"
    forms = (("value",),)
    from_zero = frozenset({"value"})

    def __init__(self, value: Draws) -> None:
        super().__init__(value=value)

    @property
    def mean(self) -> float:
        """The value."""
        return self._numbers()["value"]

    @property
    def atoms(self) -> bool:
        """Whether single values have a chance of their own: they do."""
        return True

    def _sf(self, x: Floats) -> Floats:
        return (x < self.mean).astype(np.float64)

    def _ppf(self, q: Floats) -> Floats:
        return np.full(q.shape, self.mean)

    _isf = _ppf


class _ByHazard(Parametric):
    """A family with a closed cumulative hazard ``H(x) = -ln P(T > x)``: the rest derives."""

    @abstractmethod
    def _hazard(self, x: Floats) -> Floats: ...

    @abstractmethod
    def _value_at(self, hazard: Floats) -> Floats:
        """Return the value at which the cumulative hazard is reached."""

    def _sf(self, x: Floats) -> Floats:
        return np.exp(-self._hazard(x))

    def _ppf(self, q: Floats) -> Floats:
        return self._value_at(-np.log1p(-q))

    def _isf(self, q: Floats) -> Floats:
        return self._value_at(-np.log(q))


class Exponential(_ByHazard):
    """Exponential distribution: leaving is as likely on any day.

    Parameters
    ----------
    mean : float or set of draws
        The mean, above 0.

    Examples
    --------
    >>> round(float(Exponential(30).ppf(0.5)), 3)
    20.794
    """

    family = "exponential"
    forms = (("mean",),)

    def __init__(self, mean: Draws) -> None:
        super().__init__(mean=mean)

    @property
    def mean(self) -> float:
        """The mean."""
        return self._numbers()["mean"]

    def _hazard(self, x: Floats) -> Floats:
        return x / self.mean

    def _value_at(self, hazard: Floats) -> Floats:
        return hazard * self.mean


class Weibull(_ByHazard):
    """Weibull distribution: ``P(T > x) = exp(-(x / scale) ** shape)``.

    Parameters
    ----------
    shape : float or set of draws
        Above 1 leaving becomes likelier with age, below 1 less likely; in [1e-6, 1e6].
    scale : float or set of draws
        The value that a share ``exp(-1)`` outlives, above 0.

    Examples
    --------
    >>> round(float(Weibull(shape=2, scale=30).sf(30)), 4)
    0.3679
    """

    family = "weibull"
    forms = (("shape", "scale"),)
    limits: ClassVar[Mapping[str, Interval]] = MappingProxyType({"shape": SHAPE_LIMITS})

    def __init__(self, *, shape: Draws, scale: Draws) -> None:
        super().__init__(shape=shape, scale=scale)

    @property
    def mean(self) -> float:
        """The mean, ``scale * gamma(1 + 1 / shape)``."""
        numbers = self._numbers()
        return exp_or_inf(math.log(numbers["scale"]) + math.lgamma(1.0 + 1.0 / numbers["shape"]))

    def _hazard(self, x: Floats) -> Floats:
        numbers = self._numbers()
        return np.power(x / numbers["scale"], numbers["shape"])

    def _value_at(self, hazard: Floats) -> Floats:
        numbers = self._numbers()
        return numbers["scale"] * np.power(hazard, 1.0 / numbers["shape"])


class Pareto(_ByHazard):
    """Pareto distribution: ``P(T > x) = (low / x) ** alpha`` from ``low`` on.

    Parameters
    ----------
    alpha : float or set of draws
        Tail index, above 0; with 1 or less the mean is infinite, with 2 or less the variance.
    low : float or set of draws
        The smallest value, above 0.

    Examples
    --------
    >>> Pareto(alpha=2, low=100_000).mean
    200000.0
    """

    family = "pareto"
    forms = (("alpha", "low"),)

    def __init__(self, *, alpha: Draws, low: Draws) -> None:
        super().__init__(alpha=alpha, low=low)

    @property
    def mean(self) -> float:
        """The mean, ``low * alpha / (alpha - 1)``; infinite for an alpha of 1 or less."""
        numbers = self._numbers()
        alpha = numbers["alpha"]
        return numbers["low"] * (alpha / (alpha - 1.0)) if alpha > 1.0 else math.inf

    def _hazard(self, x: Floats) -> Floats:
        numbers = self._numbers()
        return numbers["alpha"] * np.log(np.maximum(x / numbers["low"], 1.0))

    def _value_at(self, hazard: Floats) -> Floats:
        numbers = self._numbers()
        return numbers["low"] * np.exp(hazard / numbers["alpha"])


def _times(value: Parameter, factor: Parameter) -> Parameter:
    """Return the product, draw by draw where either holds draws."""
    draws = max(draws_of(value), draws_of(factor))
    product = tuple(at(value, draw) * at(factor, draw) for draw in range(draws))
    return product if draws > 1 else product[0]


def exp_or_inf(exponent: float) -> float:
    """Return ``exp(exponent)``, infinite where it passes the largest float."""
    try:
        return math.exp(exponent)
    except OverflowError:
        return math.inf


def _listed(words: Sequence[str]) -> str:
    """Return words as in a sentence: ``low, mode and high``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
