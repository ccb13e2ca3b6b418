"""Lognormal and Pareto amounts: what "20 % bring 80 %" means for them, and fits in closed form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from funnelsim.concentration import AS_PART, MOST, PART, ROUNDING, TOP
from funnelsim.distributions import Lognormal, Pareto
from funnelsim.errors import InputError
from funnelsim.estimate import Estimate
from funnelsim.parameters import NONNEGATIVE, number, plain

FEWEST = 3
"""Amounts that a law is fitted to, at least."""
NO_VARIANCE = 2.0
"""A Pareto law with an alpha of at most this has no variance."""
NORMAL = NormalDist()


def lognormal_sigma_of(top: float = TOP, share: float = MOST) -> float:
    """Return the sigma of the lognormal amounts of which the largest part brings such a share.

    The Lorenz curve is ``L(p) = Phi(Phi_inv(p) - sigma)`` [1]_, so that
    ``sigma = Phi_inv(share) - Phi_inv(top)``.

    Parameters
    ----------
    top : float
        The largest of them, as a share of all in (0, 1).
    share : float
        What they bring, in [top, 1).

    Raises
    ------
    InputError
        If they are no shares, or the largest would bring less than their number.

    References
    ----------
    .. [1] J. Aitchison and J. A. C. Brown, The Lognormal Distribution, Cambridge (1957).

    Examples
    --------
    >>> round(lognormal_sigma_of(), 4)
    1.6832
    """
    top, share = _rule(top, share)
    return max(NORMAL.inv_cdf(share) - NORMAL.inv_cdf(top), 0.0)


def pareto_alpha_of(top: float = TOP, share: float = MOST) -> float:
    """Return the alpha of the Pareto amounts of which the largest part brings such a share.

    The Lorenz curve is ``L(p) = 1 - (1 - p)**(1 - 1 / alpha)`` [1]_, so that
    ``alpha = ln(top) / (ln(top) - ln(share))``. With an alpha of at most 2, as for 80/20, amounts
    have no variance: sums of them are ruled by the largest, and a standard error means nothing.
    Prefer a lognormal (`lognormal_sigma_of`).

    Parameters
    ----------
    top : float
        The largest of them, as a share of all in (0, 1).
    share : float
        What they bring, in (top, 1).

    Raises
    ------
    InputError
        If they are no shares, or the largest would bring no more than their number.

    References
    ----------
    .. [1] B. C. Arnold, Pareto Distributions, 2nd ed., CRC Press (2015).

    Examples
    --------
    >>> round(pareto_alpha_of(), 4)  # ln 5 / ln 4
    1.161
    """
    top, share = _rule(top, share)
    if share <= top:
        raise InputError("share", "be above top, for a Pareto law", share)
    return math.log(top) / (math.log(top) - math.log(share))


def _rule(top: Any, share: Any) -> tuple[float, float]:
    top, share = number("top", top, PART, AS_PART), number("share", share, PART, AS_PART)
    if share < top:
        rule = f"be at least top ({top:g}): the largest bring no less than their number"
        raise InputError("share", rule, share)
    return top, share


@dataclass(frozen=True)
class AmountLaws:
    """A lognormal and a Pareto law fitted to amounts; made by `fit_amount_laws`.

    Parameters
    ----------
    count : int
        Amounts that they are fitted to, those above 0.
    left_out : int
        Amounts of 0.
    median : float
        Of the lognormal: the geometric mean.
    sigma : Estimate
        Of the lognormal: the standard deviation of the logarithms. Its interval is the exact one
        where the amounts are lognormal (chi-squared).
    low : float
        Of the Pareto: the smallest amount.
    alpha : Estimate
        Of the Pareto: Hill's estimator over all amounts above the smallest [1]_. Its interval is
        the exact one where the amounts are Pareto (gamma).
    log_likelihood : tuple of float
        Of the lognormal and of the Pareto; the larger fits better, as both have two parameters.

    References
    ----------
    .. [1] B. M. Hill, A simple general approach to inference about the tail of a distribution,
       Annals of Statistics 3 (1975).

    Examples
    --------
    >>> laws = fit_amount_laws([1.0, 2.0, 4.0, 8.0, 0.0])
    >>> laws.count, laws.left_out, round(laws.median, 4), round(laws.sigma.value, 4)
    (4, 1, 2.8284, 0.8948)
    >>> round(laws.alpha.value, 4), laws.has_no_variance
    (0.7213, True)
    """

    count: int
    left_out: int
    median: float
    sigma: Estimate
    low: float
    alpha: Estimate
    log_likelihood: tuple[float, float]

    @property
    def lognormal(self) -> Lognormal:
        """The fitted lognormal, as an amount of a scenario."""
        return Lognormal(median=self.median, sigma=self.sigma.value)

    @property
    def pareto(self) -> Pareto:
        """The fitted Pareto."""
        return Pareto(alpha=self.alpha.value, low=self.low)

    @property
    def better(self) -> str:
        """``"lognormal"`` or ``"pareto"``: the one under which the amounts are more likely."""
        lognormal, pareto = self.log_likelihood
        return "pareto" if pareto > lognormal else "lognormal"

    @property
    def has_no_variance(self) -> bool:
        """Whether the fitted Pareto has no variance: its alpha is at most 2."""
        return self.alpha.value <= NO_VARIANCE

    def lognormal_top(self, part: float = TOP) -> float:
        """Return the share that the largest part of lognormal amounts brings.

        Parameters
        ----------
        part : float
            In (0, 1).
        """
        part = number("part", part, PART, AS_PART)
        return NORMAL.cdf(NORMAL.inv_cdf(part) + self.sigma.value)

    def pareto_top(self, part: float = TOP) -> float | None:
        """Return the share that the largest part of Pareto amounts brings.

        Parameters
        ----------
        part : float
            In (0, 1).

        Returns
        -------
        float or None
            None where alpha is at most 1: then there is no mean to share.
        """
        part, alpha = number("part", part, PART, AS_PART), self.alpha.value
        return float(part ** (1.0 - 1.0 / alpha)) if alpha > 1.0 else None

    def to_dict(self) -> dict[str, Any]:
        """Return both laws as JSON holds them."""
        lognormal, pareto = self.log_likelihood
        return {
            "count": self.count,
            "left_out": self.left_out,
            "lognormal": {
                "median": self.median,
                "sigma": self.sigma.to_dict(),
                "top_20_percent_share": self.lognormal_top(),
                "log_likelihood": lognormal,
            },
            "pareto": {
                "low": self.low,
                "alpha": self.alpha.to_dict(),
                "top_20_percent_share": self.pareto_top(),
                "log_likelihood": pareto,
                "has_no_variance": self.has_no_variance,
            },
            "better": self.better,
        }


def fit_amount_laws(values: Sequence[float]) -> AmountLaws | None:
    """Return the laws fitted to amounts; None for less than 3 above 0, or if all are equal.

    Parameters
    ----------
    values : sequence of float
        Amounts, at least 0. Those of 0 are left out and counted: neither law has any.

    Raises
    ------
    InputError
        If a value is not usable.

    Examples
    --------
    >>> laws = fit_amount_laws([40_000, 60_000, 90_000, 150_000, 1_200_000])
    >>> round(laws.median), round(laws.sigma.value, 3), laws.better
    (131203, 1.331, 'pareto')
    """
    given = sorted(number("an amount", one, NONNEGATIVE) for one in plain(values))
    logs = [math.log(one) for one in given if one > 0.0]
    if len(logs) < FEWEST or logs[-1] - logs[0] <= ROUNDING:
        return None
    count = len(logs)
    mean = math.fsum(logs) / count
    squares = math.fsum((one - mean) ** 2 for one in logs)
    beyond = math.fsum(one - logs[0] for one in logs)
    return AmountLaws(
        count=count,
        left_out=len(given) - count,
        median=math.exp(mean),
        sigma=_sigma(squares, count - 1),
        low=next(one for one in given if one > 0.0),
        alpha=_alpha(beyond, count - 1),
        log_likelihood=_log_likelihoods(mean, squares, beyond, count),
    )


def _sigma(squares: float, free: int) -> Estimate:
    """Return the standard deviation; the sum of squares over its square is chi-squared."""
    from scipy.special import chdtri  # noqa: PLC0415

    value = math.sqrt(squares / free)
    low, high = (math.sqrt(squares / float(chdtri(free, level))) for level in (0.025, 0.975))
    return Estimate(value, value / math.sqrt(2.0 * free), low, high)


def _alpha(beyond: float, free: int) -> Estimate:
    """Return the tail's exponent; twice it times the sum is chi-squared, twice as many free."""
    from scipy.special import chdtri  # noqa: PLC0415

    value = free / beyond
    low, high = (float(chdtri(2 * free, level)) / (2.0 * beyond) for level in (0.975, 0.025))
    return Estimate(value, value / math.sqrt(free), low, high)


def _log_likelihoods(mean: float, squares: float, beyond: float, count: int) -> tuple[float, float]:
    """Return the largest log-likelihood of either law, both in closed form."""
    of_logs = -count * mean
    lognormal = of_logs - 0.5 * count * (math.log(2.0 * math.pi * squares / count) + 1.0)
    alpha = count / beyond
    pareto = count * math.log(alpha) - alpha * beyond + of_logs
    return lognormal, pareto
