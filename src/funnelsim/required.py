"""Required pipeline: how many extra deals, or how high a rate of creation, for a confidence.

The deals required for a confidence are that quantile, over the paths, of the number of extra deals
at which the quota is booked: one pass over the paths answers for all confidences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim import answers
from funnelsim.estimate import Estimate
from funnelsim.goal import CENTS

Counts = NDArray[np.int64]

RULE_OF_THREE = 3.0
LEVELS = tuple(level / 100 for level in range(1, 100))
PARTS = 1_000_000
"""A rate is kept in millionths of a deal per period."""
MOST_RATE = 1e7
"""Deals per period beyond which a rate counts as not reachable: more cannot be stated either."""


@dataclass(frozen=True)
class Requirement:
    """The pipeline required for one confidence; made by `Forecast.required_pipeline`.

    Parameters
    ----------
    confidence : float
        The chance with which the quota is to be reached.
    reachable : bool
        Whether so many deals, up to the most that were tried, can do it.
    deals : int or None
        Extra deals; None where it is not reachable.
    low, high : int or None
        The ends of the 95 % interval of the deals; None where an end is not reachable.
    standard_error : float or None
        Monte Carlo error of the deals.
    amount : float or None
        Deals times their mean amount, in currency units.
    coverage : float or None
        Amount over the quota still to book; the extra deals alone.
    most_confidence : Estimate
        The chance that the most deals that were tried would give.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, RequiredPipeline, Scenario, simulate
    >>> forecast = simulate(Scenario(
    ...     as_of="2026-12-31", periods=Periods("year", 1), quota=3_000_000,
    ...     funnel=Funnel.key_account(time=10),
    ...     required_pipeline=RequiredPipeline(amount=300_000),
    ... ), paths=100_000)
    >>> [one.deals for one in forecast.required_pipeline([0.5, 0.8, 0.9])]
    [97, 124, 140]
    """

    confidence: float
    reachable: bool
    deals: int | None
    low: int | None
    high: int | None
    standard_error: float | None
    amount: float | None
    coverage: float | None
    most_confidence: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as the JSON answer holds them."""
        return {
            "confidence": self.confidence,
            "reachable": self.reachable,
            "deals": self.deals,
            "low": self.low,
            "high": self.high,
            "standard_error": self.standard_error,
            "amount": self.amount,
            "coverage": self.coverage,
            "most_confidence": self.most_confidence.value,
        }


@dataclass(frozen=True)
class CreationRate:
    """The rate of creation required for one confidence; by `Forecast.required_creation_rate`.

    Parameters
    ----------
    confidence : float
        The chance with which the quota is to be reached.
    reachable : bool
        Whether any rate can do it.
    per_period : float or None
        Mean number of deals to be created in a whole period; where the plan has one number for
        each period, their mean.
    low, high : float or None
        The ends of its 95 % interval.
    standard_error : float or None
        Its Monte Carlo error.
    most_confidence : Estimate
        The chance that even the highest rate would give.

    Examples
    --------
    >>> CreationRate(0.8, False, None, None, None, None, Estimate.exact(0.1)).reachable
    False
    """

    confidence: float
    reachable: bool
    per_period: float | None
    low: float | None
    high: float | None
    standard_error: float | None
    most_confidence: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as the JSON answer holds them."""
        return {
            "confidence": self.confidence,
            "reachable": self.reachable,
            "per_period": self.per_period,
            "low": self.low,
            "high": self.high,
            "standard_error": self.standard_error,
            "most_confidence": self.most_confidence.value,
        }


@dataclass(frozen=True)
class Passage:
    """First passage on every path.

    Parameters
    ----------
    counts : ndarray of int, shape (paths,)
        Extra deals until the quota is booked; ``most + 1`` where ``most`` are not enough.
    most : int
        The most that were tried.
    to_book : int
        Quota still to book, in cents.
    mean_amount : float
        Mean amount of an extra deal, in currency units.
    """

    counts: Counts
    most: int
    to_book: int
    mean_amount: float

    def chance_with(self, deals: int) -> Estimate | None:
        """Return the chance to reach the quota with so many; None beyond what was tried."""
        if self.to_book <= 0:
            return Estimate.exact(1.0)
        return answers.probability(self.counts <= deals) if deals <= self.most else None

    def requirements(self, confidences: Sequence[float]) -> list[Requirement]:
        """Return what is required for each confidence."""
        most = self.chance_with(self.most)
        assert most is not None
        found = answers.quantiles(self.counts, list(confidences))
        return [
            self._requirement(level, one, most)
            for level, one in zip(confidences, found, strict=True)
        ]

    def _requirement(self, level: float, deals: Estimate, most: Estimate) -> Requirement:
        if deals.value > self.most:
            return Requirement(level, False, None, None, None, None, None, None, most)
        high = int(deals.high) if deals.high <= self.most else None
        amount = deals.value * self.mean_amount
        amount = amount if math.isfinite(amount) else math.nan
        coverage = amount * CENTS / self.to_book if self.to_book > 0 else 0.0
        error = deals.standard_error if high is not None else None
        return Requirement(
            level,
            True,
            int(deals.value),
            int(deals.low),
            high,
            error,
            _finite(amount),
            _finite(coverage),
            most,
        )

    def curve(self, confidences: Sequence[float] = LEVELS) -> dict[str, list[Any]]:
        """Return deals, amount and coverage against confidence, column by column."""
        rows = [one.to_dict() for one in self.requirements(confidences)]
        names = ("confidence", "deals", "low", "high", "amount", "coverage")
        return {name: [row[name] for row in rows] for name in names}

    def rules(self, open_pipeline: float, win_rate: float) -> list[dict[str, Any]]:
        """Return what the rules in use would give, and how likely that reaches the quota.

        Both state a coverage: pipeline, the open deals included, over the quota still to book.
        """
        stated = (("3x", RULE_OF_THREE), ("1 / win rate", 1.0 / win_rate))
        return [self._rule(name, coverage, open_pipeline) for name, coverage in stated]

    def _rule(self, name: str, coverage: float, open_pipeline: float) -> dict[str, Any]:
        lacking = max(coverage * max(self.to_book, 0) / CENTS - open_pipeline, 0.0)
        usable = 0.0 < self.mean_amount < math.inf
        deals = math.ceil(lacking / self.mean_amount - 1e-9) if usable else None
        chance = None if deals is None else self.chance_with(deals)
        return {
            "rule": name,
            "coverage": coverage,
            "deals": deals,
            "amount": None if deals is None else deals * self.mean_amount,
            "attainment_probability": None if chance is None else chance.to_dict(),
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def rates_for(rates: Counts, confidences: Sequence[float]) -> list[CreationRate]:
    """Return the rate required for each confidence; ``rates`` (paths,) are in millionths."""
    most = answers.probability(rates <= MOST_RATE * PARTS)
    found = answers.quantiles(rates, list(confidences), PARTS)
    result = []
    for level, rate in zip(confidences, found, strict=True):
        if rate.value > MOST_RATE:
            result.append(CreationRate(level, False, None, None, None, None, most))
            continue
        high = rate.high if rate.high <= MOST_RATE else None
        error = None if high is None else rate.standard_error
        result.append(CreationRate(level, True, rate.value, rate.low, high, error, most))
    return result
