"""What all deals share on a path: the market, the length of cycles, the size of amounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from funnelsim.errors import InputError
from funnelsim.parameters import (
    Interval,
    Parameter,
    at,
    common_draws,
    draws_of,
    number,
    parameter,
)

CORRELATION = Interval(0.0, 1.0, open_high=True)
LEAST_OF_ITS_OWN = 1e-9
"""Variance that is a deal's own, at least: 0.7, 0.2 and 0.1 add up to a little less than 1."""
VARIATION = Interval(0.0, 100.0)
MOST_OF_LIMIT = 0.95
BISECTIONS = 50


@dataclass(frozen=True)
class Market:
    """Factors drawn once per path and shared by all its deals. All are off by default.

    Parameters
    ----------
    win_rate_correlation : float or sequence of draws
        Correlation ``rho`` in [0, 1) of the latent normals of two deals (one-factor Gaussian
        copula, the Vasicek model).
    win_rate_swing : float, optional
        The same said in win rates: one standard deviation of the yearly win rate of the first
        stage, 0.04 for four points. Give this or the correlation.
    cycle_cv : float or sequence of draws
        Coefficient of variation of the mean-one lognormal factor of all remaining times.
    amount_cv : float or sequence of draws
        Coefficient of variation of the mean-one lognormal factor of all amounts.
    segment_correlation : mapping of str to float, optional
        For a segment column, the correlation that deals of the same segment share beside the
        common one: ``{"region": 0.03}``. All correlations together stay below 1.
    persistence : float
        How much of the market factor goes on from year to year, ``phi`` in [0, 1]. Open deals, and
        those created in the first 365.25 days after the as-of date, have ``Z_0``; those created in
        year t have ``Z_t = phi Z_(t-1) + sqrt(1 - phi^2) e``.

    Examples
    --------
    >>> Market(win_rate_correlation=0.05).win_rate_correlation
    0.05
    """

    win_rate_correlation: Parameter = 0.0
    win_rate_swing: float | None = None
    cycle_cv: Parameter = 0.0
    amount_cv: Parameter = 0.0
    segment_correlation: Mapping[str, float] = field(default_factory=dict)
    persistence: float = 1.0

    def __post_init__(self) -> None:
        for name, allowed in _ALLOWED.items():
            object.__setattr__(self, name, parameter(name, getattr(self, name), allowed))
        if self.win_rate_swing is not None:
            self._check_swing()
        self._check_segments()
        persistence = number("persistence", self.persistence, Interval(0.0, 1.0))
        object.__setattr__(self, "persistence", persistence)
        common_draws(self.draw_counts())

    def _check_swing(self) -> None:
        half = Interval(0.0, 0.5, open_high=True)
        swing = number("win_rate_swing", self.win_rate_swing, half, "4 points are given as 0.04")
        object.__setattr__(self, "win_rate_swing", swing)
        if self.win_rate_correlation != 0.0:
            raise InputError(
                "market",
                "state win_rate_correlation or win_rate_swing, not both",
            )

    def _check_segments(self) -> None:
        if not isinstance(self.segment_correlation, Mapping):
            raise InputError(
                "segment_correlation",
                "map a segment column to a correlation",
                self.segment_correlation,
                "such as { region = 0.03 }",
            )
        given = {
            str(name): number(f"segment_correlation of {name!r}", value, CORRELATION)
            for name, value in self.segment_correlation.items()
        }
        object.__setattr__(self, "segment_correlation", given)
        self.check_total(max(self.common_correlation(d) for d in range(self.draws)))

    def check_total(self, common: float) -> None:
        """Refuse a common correlation that leaves a deal no variance of its own."""
        total = common + sum(self.segment_correlation.values())
        if total > 1.0 - LEAST_OF_ITS_OWN:
            field = "the common and the segments' win rate correlations"
            raise InputError(field, "add up to less than 1", round(total, 6))

    def __hash__(self) -> int:
        segments = tuple(sorted(self.segment_correlation.items()))
        return hash((self.win_rate_correlation, self.cycle_cv, self.amount_cv, segments))

    def draw_counts(self) -> list[tuple[str, int]]:
        """Return the number of draws of each parameter, by name."""
        return [(name, draws_of(getattr(self, name))) for name in _ALLOWED]

    @property
    def draws(self) -> int:
        """Number of draws that the parameters share, 1 if all are certain."""
        return common_draws(self.draw_counts())

    def common_correlation(self, draw: int) -> float:
        """Return the stated common correlation in one draw."""
        return at(self.win_rate_correlation, draw)


_ALLOWED: dict[str, Any] = {
    "win_rate_correlation": CORRELATION,
    "cycle_cv": VARIATION,
    "amount_cv": VARIATION,
}


def correlation_of_swing(win_rate: float, swing: float) -> float:
    """Return the correlation at which one standard deviation of the win rate is ``swing``.

    The win rate given the market, ``Phi((Phi_inv(w) + sqrt(rho) Z) / sqrt(1 - rho))``, has a
    standard deviation that grows with ``rho`` from 0 to ``sqrt(w (1 - w))``; the root is found by
    bisection.

    Examples
    --------
    >>> round(correlation_of_swing(0.10, 0.04), 3)
    0.05
    """
    if swing == 0.0:
        return 0.0
    limit = (win_rate * (1.0 - win_rate)) ** 0.5
    if swing >= limit * MOST_OF_LIMIT:
        raise InputError(
            "win_rate_swing",
            f"be below {limit * MOST_OF_LIMIT:.4g}",
            swing,
            f"a win rate of {win_rate:g} cannot swing as far as that",
        )
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if swing_of(win_rate, middle) > swing else (middle, high)
    return 0.5 * (low + high)


def swing_of(win_rate: float, correlation: float) -> float:
    """Return one standard deviation of the win rate, by the trapezoid rule over the market."""
    from scipy.special import ndtr, ndtri  # noqa: PLC0415

    z = np.linspace(-9.0, 9.0, 801)
    weight = np.exp(-0.5 * z * z)
    weight /= weight.sum()
    rate = ndtr((ndtri(win_rate) + correlation**0.5 * z) / (1.0 - correlation) ** 0.5)
    return float(np.sqrt(max(weight @ rate**2 - (weight @ rate) ** 2, 0.0)))
