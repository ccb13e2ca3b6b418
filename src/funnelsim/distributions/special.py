"""The families whose formulas need special functions: gamma, lognormal and PERT."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from funnelsim.distributions.base import Floats
from funnelsim.distributions.parametric import Draws, Parametric, exp_or_inf
from funnelsim.errors import InputError
from funnelsim.parameters import Interval

# Beyond these the functions lose their digits, and nobody means such a time or amount.
CV_LIMITS = Interval(1e-6, 1e6)
SHAPE_LIMITS = Interval(1e-12, 1e12)
Z90 = 1.2815515655446004  # the standard normal quantile at 0.9
MODE_WEIGHT = 4.0
HALF = 0.5
# From here down the first term of the incomplete beta function is exact to the last digit (the
# arguments are at most 5), while its inverse in SciPy underflows.
TINY_CHANCE = 1e-90


class Gamma(Parametric):
    """Gamma distribution, by mean and coefficient of variation or by shape and scale.

    Parameters
    ----------
    mean : float or set of draws
        The mean, above 0.
    cv : float or set of draws
        Standard deviation over mean, in [1e-6, 1e6].
    shape : float or set of draws
        The shape, ``1 / cv ** 2``, in [1e-12, 1e12].
    scale : float or set of draws
        The scale, ``mean / shape``, above 0.

    Examples
    --------
    >>> Gamma(mean=30, cv=0.6).ppf([0.1, 0.5, 0.9]).round(2)
    array([10.45, 26.49, 54.13])
    """

    family = "gamma"
    forms = (("mean", "cv"), ("shape", "scale"))
    limits: ClassVar[Mapping[str, Interval]] = MappingProxyType(
        {"cv": CV_LIMITS, "shape": SHAPE_LIMITS}
    )

    def __init__(
        self,
        *,
        mean: Draws | None = None,
        cv: Draws | None = None,
        shape: Draws | None = None,
        scale: Draws | None = None,
    ) -> None:
        super().__init__(mean=mean, cv=cv, shape=shape, scale=scale)

    @property
    def mean(self) -> float:
        """The mean."""
        numbers = self._numbers()
        return numbers["mean"] if "mean" in numbers else numbers["shape"] * numbers["scale"]

    def _shape_and_scale(self) -> tuple[float, float]:
        numbers = self._numbers()
        if "cv" in numbers:
            variance_over_square = numbers["cv"] ** 2
            return 1.0 / variance_over_square, numbers["mean"] * variance_over_square
        return numbers["shape"], numbers["scale"]

    def _sf(self, x: Floats) -> Floats:
        from scipy.special import gammaincc  # noqa: PLC0415

        shape, scale = self._shape_and_scale()
        return np.asarray(gammaincc(shape, x / scale))

    def _ppf(self, q: Floats) -> Floats:
        from scipy.special import gammaincinv  # noqa: PLC0415

        shape, scale = self._shape_and_scale()
        return np.asarray(scale * gammaincinv(shape, q))

    def _isf(self, q: Floats) -> Floats:
        from scipy.special import gammainccinv  # noqa: PLC0415

        shape, scale = self._shape_and_scale()
        return np.asarray(scale * gammainccinv(shape, q))


class Lognormal(Parametric):
    """Lognormal distribution: the logarithm is normal.

    Parameters
    ----------
    median, sigma : float or set of draws
        The median, and the standard deviation of the logarithm, above 0.
    mean, cv : float or set of draws
        The mean, above 0, and the standard deviation over the mean, in [1e-6, 1e6].
    p10, p90 : float or set of draws
        The 10th and the 90th percentile, ``0 < p10 < p90``.

    Examples
    --------
    >>> round(float(Lognormal(p10=10, p90=90).ppf(0.5)), 6)
    30.0
    """

    family = "lognormal"
    forms = (("median", "sigma"), ("mean", "cv"), ("p10", "p90"))
    limits: ClassVar[Mapping[str, Interval]] = MappingProxyType({"cv": CV_LIMITS})

    def __init__(
        self,
        *,
        median: Draws | None = None,
        sigma: Draws | None = None,
        mean: Draws | None = None,
        cv: Draws | None = None,
        p10: Draws | None = None,
        p90: Draws | None = None,
    ) -> None:
        super().__init__(median=median, sigma=sigma, mean=mean, cv=cv, p10=p10, p90=p90)

    def _check_together(self, values: Mapping[str, float], which: str) -> None:
        if "p10" in values and values["p10"] >= values["p90"]:
            rule = f"be above p10 ({values['p10']:g})"
            raise InputError(f"{which}p90 of lognormal", rule, values["p90"])

    @property
    def mean(self) -> float:
        """The mean, ``median * exp(sigma ** 2 / 2)``."""
        numbers = self._numbers()
        if "mean" in numbers:
            return numbers["mean"]
        mu, sigma = self._mu_and_sigma()
        return exp_or_inf(mu + 0.5 * sigma * sigma)

    def _mu_and_sigma(self) -> tuple[float, float]:
        """Return mean and standard deviation of the logarithm."""
        numbers = self._numbers()
        if "median" in numbers:
            return math.log(numbers["median"]), numbers["sigma"]
        if "mean" in numbers:
            variance = math.log1p(numbers["cv"] ** 2)
            return math.log(numbers["mean"]) - 0.5 * variance, math.sqrt(variance)
        spread = _log_ratio(numbers["p90"], numbers["p10"])
        return math.log(numbers["p10"]) + 0.5 * spread, 0.5 * spread / Z90

    def _sf(self, x: Floats) -> Floats:
        from scipy.special import ndtr  # noqa: PLC0415

        mu, sigma = self._mu_and_sigma()
        return np.asarray(ndtr((mu - np.log(x)) / sigma))

    def _ppf(self, q: Floats) -> Floats:
        from scipy.special import ndtri  # noqa: PLC0415

        mu, sigma = self._mu_and_sigma()
        return np.asarray(np.exp(mu + sigma * ndtri(q)))

    def _isf(self, q: Floats) -> Floats:
        from scipy.special import ndtri  # noqa: PLC0415

        mu, sigma = self._mu_and_sigma()
        return np.asarray(np.exp(mu - sigma * ndtri(q)))


class Pert(Parametric):
    """PERT distribution: a beta distribution between ``low`` and ``high`` around a mode.

    The mode weighs 4 against 1 for either end, so the mean is ``(low + 4 mode + high) / 6``
    (Malcolm et al., Operations Research 7, 1959).

    Parameters
    ----------
    low, mode, high : float or set of draws
        Smallest, likeliest and largest value, ``0 <= low <= mode <= high``, ``low < high``.

    Examples
    --------
    >>> Pert(low=10, mode=20, high=60).mean
    25.0
    """

    family = "pert"
    forms = (("low", "mode", "high"),)
    from_zero = frozenset({"low", "mode"})

    def __init__(self, *, low: Draws, mode: Draws, high: Draws) -> None:
        super().__init__(low=low, mode=mode, high=high)

    def _check_together(self, values: Mapping[str, float], which: str) -> None:
        low, mode, high = values["low"], values["mode"], values["high"]
        if low >= high:
            raise InputError(f"{which}high of pert", f"be above low ({low:g})", high)
        if mode not in Interval(low, high):
            rule = f"be between low ({low:g}) and high ({high:g})"
            raise InputError(f"{which}mode of pert", rule, mode)

    @property
    def mean(self) -> float:
        """The mean, ``(low + 4 mode + high) / 6``."""
        low, mode, high = self._numbers().values()
        return low / 6.0 + mode / 1.5 + high / 6.0

    def _beta(self) -> tuple[float, float, float, float]:
        """Return low, high and the two arguments of the beta distribution between them."""
        low, mode, high = self._numbers().values()
        width = high - low
        left = 1.0 + MODE_WEIGHT * ((mode - low) / width)
        return low, high, left, 1.0 + MODE_WEIGHT * ((high - mode) / width)

    def _sf(self, x: Floats) -> Floats:
        from scipy.special import betainc  # noqa: PLC0415

        low, high, left, right = self._beta()
        from_high = np.clip((high - x) / (high - low), 0.0, 1.0)
        return np.asarray(betainc(right, left, from_high))

    def _ppf(self, q: Floats) -> Floats:
        low, high, left, right = self._beta()
        return np.minimum(low + (high - low) * _beta_quantile(left, right, q), high)

    def _isf(self, q: Floats) -> Floats:
        low, high, left, right = self._beta()
        from_high = np.maximum(high - (high - low) * _beta_quantile(right, left, q), low)
        # A value near low is measured from there, or it would lose its digits.
        return np.where(q < HALF, from_high, self._ppf(1.0 - q))


def _beta_quantile(left: float, right: float, q: Floats) -> Floats:
    from scipy.special import betaincinv, betaln  # noqa: PLC0415

    first_term = np.exp((np.log(q) + math.log(left) + betaln(left, right)) / left)
    inverse = betaincinv(left, right, np.maximum(q, TINY_CHANCE))
    return np.asarray(np.where(q < TINY_CHANCE, first_term, inverse))


def _log_ratio(high: float, low: float) -> float:
    """Return ``ln(high / low)`` for ``high > low``: never 0, and without overflow."""
    near = high < 2.0 * low
    return math.log1p((high - low) / low) if near else math.log(high) - math.log(low)
