"""Deals that do not exist yet: new business, repeat business, and what extra deals would be."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from funnelsim._deals import MOST_CENTS
from funnelsim.distributions import Distribution, Fixed, as_distribution
from funnelsim.errors import InputError, unknown
from funnelsim.parameters import (
    Interval,
    Parameter,
    draws_of,
    number,
    parameter,
    plain,
    whole,
)
from funnelsim.periods import MOST_DAYS, Window, as_date

YEAR = 365.25
MONTHS = 12
MOST_RATE = Interval(0.0, 1e7)
MOST_DISPERSION = Interval(0.0, 1e4)
GROWTH = Interval(-1.0, 100.0, open_low=True)
SWING = Interval(-10.0, 10.0, open_low=True, open_high=True)
LESS_THAN_ONE = Interval(0.0, 1.0, open_high=True)
LEVEL = Interval(0.0, 1.0, open_low=True, open_high=True)
DAY = Interval(0.0, MOST_DAYS)
MOST_EXTRA = 10_000_000
CENTS = 100


@dataclass(frozen=True)
class Repeat:
    """Repeat business: each win opens further wins of the same customer.

    The number of wins that a win opens is Poisson; each of them may open more. A win is worth
    ``1 / (1 - mean)`` wins in all, itself included (Borel-Tanner).

    Parameters
    ----------
    mean : float
        Mean number of wins that a win opens, in [0, 1).
    delay : Distribution or number
        Days on the clock from a win to each win that it opens.
    amount : Distribution or number, optional
        Amount of a repeated win; by default that of new business.

    Examples
    --------
    >>> Repeat(mean=0.3, delay=180).delay
    Fixed(value=180.0)
    """

    mean: float
    delay: Distribution
    amount: Distribution | None = None

    def __post_init__(self) -> None:
        remedy = "with one or more each, wins would never end"
        object.__setattr__(self, "mean", number("repeat.mean", self.mean, LESS_THAN_ONE, remedy))
        object.__setattr__(self, "delay", _one_law("repeat.delay", self.delay))
        object.__setattr__(self, "amount", _amount("repeat.amount", self.amount))


@dataclass(frozen=True)
class NewBusiness:
    """Deals that will be created in each period.

    Their number is Poisson, or negative binomial where there is a dispersion; a deal enters its
    stage at any time of its period, evenly.

    Parameters
    ----------
    per_period : float or sequence of float
        Mean number created in a whole period; or one number for each period. Where the as-of date
        lies inside a period, the first counts for the part that remains.
    amount : Distribution or number, optional
        Amount of a deal in currency units; without one, deals are counted and book nothing.
    stage : str, optional
        The stage that they enter; by default the first.
    dispersion : float
        Of a whole period: the variance is ``mean + dispersion * mean**2``, independent between
        periods. The rate of a period is gamma distributed with the shape ``1 / dispersion``; a
        part of a period has that part of the shape, so that parts add up to the same law.
    season : sequence of float
        Nothing, or 12 weights for January to December, of which only the ratios count.
    growth : float
        Growth of the rate per year of 365.25 days, from the as-of date to a period's middle.
    factor : float or sequence of draws
        Multiplies all rates; draws say how unsure the rate is.
    market_swing : float
        One standard deviation of the rate, as a share of itself, that moves with the market
        factor; below 0 it moves against it. The mean stays.
    planned : bool
        Exactly ``per_period`` deals are created in each period: whole numbers, no chance.
    repeat : Repeat, optional
        What wins open further wins.

    Raises
    ------
    InputError
        If a value is not usable; the message names the field, the rule, the value and a remedy.

    Examples
    --------
    >>> from funnelsim import Periods
    >>> business = NewBusiness(per_period=8, amount=300_000, growth=0.1)
    >>> [round(mean, 2) for mean in business.mean_created(
    ...     Periods("quarter", 4).windows("2026-12-31"), "2026-12-31")]
    [8.09, 8.29, 8.49, 8.69]
    """

    per_period: float | tuple[float, ...]
    amount: Distribution | None = None
    _: KW_ONLY
    stage: str | None = None
    dispersion: float = 0.0
    season: tuple[float, ...] = ()
    growth: float = 0.0
    factor: Parameter = 1.0
    market_swing: float = 0.0
    planned: bool = False
    repeat: Repeat | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "per_period", _rates(self.per_period))
        object.__setattr__(self, "amount", _amount("new_business.amount", self.amount))
        object.__setattr__(self, "stage", _stage("new_business.stage", self.stage))
        for name, allowed in _ALLOWED.items():
            checked = number(f"new_business.{name}", getattr(self, name), allowed, _REMEDIES[name])
            object.__setattr__(self, name, checked)
        object.__setattr__(self, "season", _season(self.season))
        factor = parameter("new_business.factor", self.factor, MOST_RATE)
        object.__setattr__(self, "factor", factor)
        if not isinstance(self.repeat, Repeat | None):
            raise InputError("new_business.repeat", "be a Repeat", self.repeat)
        if not isinstance(self.planned, bool):
            raise InputError("new_business.planned", "be true or false", self.planned)
        if self.planned:
            self._check_planned()

    def _check_planned(self) -> None:
        for rate in np.atleast_1d(np.asarray(self.per_period)):
            if not float(rate).is_integer():
                rule, remedy = "be whole numbers where it is planned", "or leave out planned"
                raise InputError("new_business.per_period", rule, float(rate), remedy)
        for one in dataclasses.fields(self):
            if one.name in _OF_CHANCE and getattr(self, one.name) != one.default:
                rule = "be left out where new business is planned"
                remedy = "exactly per_period deals are created"
                raise InputError(f"new_business.{one.name}", rule, getattr(self, one.name), remedy)

    @property
    def draws(self) -> int:
        """Number of draws of the rate, 1 if it is certain."""
        return draws_of(self.factor)

    @property
    def needs_trajectories(self) -> bool:
        """Whether exact numbers of deals, or the days of wins, matter."""
        return self.planned or (self.repeat is not None and self.repeat.mean > 0.0)

    def resolve(self, stages: Sequence[str], periods: int) -> NewBusiness:
        """Return the same new business with the funnel's own spelling of its stage.

        Raises
        ------
        InputError
            If the funnel has no such stage, it is the last, or there is not one rate per period.
        """
        if isinstance(self.per_period, tuple) and len(self.per_period) != periods:
            rule = f"have one number for each of the {periods} periods"
            remedy = "or one number for all"
            raise InputError("new_business.per_period", rule, len(self.per_period), remedy)
        stage = own_stage("new_business.stage", self.stage, stages)
        return dataclasses.replace(self, stage=stage)

    def mean_created(self, windows: Sequence[Window], as_of: Any) -> tuple[float, ...]:
        """Return the mean number created in each window, without `factor`.

        That is ``per_period * share * season * (1 + growth) ** years``: the share of the period
        that remains, the mean weight of its days, and the years to its middle.

        Parameters
        ----------
        windows : sequence of Window
            The periods.
        as_of : date
            The as-of date, as `Periods.windows` takes it.
        """
        rates = self.per_period
        each = rates if isinstance(rates, tuple) else (rates,) * len(windows)
        if self.planned:
            return each
        day = as_date("as_of", as_of)
        return tuple(
            rate * window.share * self._season_of(window, day) * self._grown(window)
            for rate, window in zip(each, windows, strict=True)
        )

    def check_created(self, windows: Sequence[Window], as_of: Any) -> None:
        """Refuse a mean number in a period, under the largest factor, beyond what can be counted.

        Raises
        ------
        InputError
            If it is above 10,000,000.
        """
        factor = max(self.factor) if isinstance(self.factor, tuple) else self.factor
        largest = max(self.mean_created(windows, as_of)) * factor
        if largest > MOST_RATE.high:
            rule = f"be at most {MOST_RATE.high:,.0f} in each period, with season, growth, factor"
            raise InputError("new_business.per_period", rule, largest)

    def _grown(self, window: Window) -> float:
        years = 0.5 * (window.lo + window.hi) / YEAR
        # e**100 is beyond every mean number that is allowed
        return math.exp(min(years * math.log1p(self.growth), 100.0))

    def _season_of(self, window: Window, as_of: dt.date) -> float:
        """Return the mean weight of a window's days; the mean of the 12 weights is 1."""
        if not self.season:
            return 1.0
        first, last = math.floor(window.lo), math.ceil(window.hi)
        start = np.datetime64(as_of) + np.arange(first + 1, last + 1)
        month = start.astype("datetime64[M]").astype(np.int64) % MONTHS
        day = np.arange(first, last)
        inside = np.minimum(day + 1.0, window.hi) - np.maximum(day, window.lo)
        weight = np.array(self.season) * MONTHS / math.fsum(self.season)
        return float(weight[month] @ inside / inside.sum())


_ALLOWED = {"dispersion": MOST_DISPERSION, "growth": GROWTH, "market_swing": SWING}
_REMEDIES = {
    "dispersion": "one number: the variance is mean + dispersion * mean**2",
    "growth": "10 % a year is given as 0.1",
    "market_swing": "one number: 20 % is given as 0.2",
}
_OF_CHANCE = ("dispersion", "season", "growth", "factor", "market_swing")


@dataclass(frozen=True)
class RequiredPipeline:
    """What extra deals would be: where and when they enter, what they are worth.

    Parameters
    ----------
    stage : str, optional
        The stage that they enter; by default the first.
    amount : Distribution or number, optional
        Amount of a deal in currency units; by default that of new business.
    day : float
        All of them enter on this day after the as-of date.
    confidence : float or sequence of float
        Chances in (0, 1) with which the quota is to be reached.
    most : int
        Give up beyond so many deals, at most 10,000,000.

    Examples
    --------
    >>> RequiredPipeline(amount=300_000, confidence=0.8).confidence
    (0.8,)
    """

    stage: str | None = None
    amount: Distribution | None = None
    day: float = 0.0
    confidence: tuple[float, ...] = (0.5, 0.8, 0.9)
    most: int = 100_000

    def __post_init__(self) -> None:
        object.__setattr__(self, "stage", _stage("required_pipeline.stage", self.stage))
        object.__setattr__(self, "amount", _amount("required_pipeline.amount", self.amount))
        day = number("required_pipeline.day", self.day, DAY)
        object.__setattr__(self, "day", day)
        object.__setattr__(self, "confidence", as_confidences(self.confidence))
        most = whole("required_pipeline.most", self.most, 1, MOST_EXTRA)
        object.__setattr__(self, "most", most)

    def resolve(self, stages: Sequence[str]) -> RequiredPipeline:
        """Return the same with the funnel's own spelling of the stage.

        Raises
        ------
        InputError
            If the funnel has no such stage, or it is the last.
        """
        stage = own_stage("required_pipeline.stage", self.stage, stages)
        return dataclasses.replace(self, stage=stage)


def extra_amount(plan: RequiredPipeline, business: NewBusiness | None) -> Distribution:
    """Return the amount of an extra deal: its own, or that of new business.

    Raises
    ------
    InputError
        If neither is stated.

    Examples
    --------
    >>> extra_amount(RequiredPipeline(), NewBusiness(8, amount=300_000))
    Fixed(value=300000.0)
    """
    amount = plan.amount or (business.amount if business is not None else None)
    if amount is None:
        remedy = "there is no new business with an amount to take it from"
        raise InputError("required_pipeline.amount", "be stated", remedy=remedy)
    return amount


def as_confidences(given: Any) -> tuple[float, ...]:
    """Return one or several confidences, each in (0, 1).

    Examples
    --------
    >>> as_confidences(0.8)
    (0.8,)
    """
    given = plain(given)
    several = isinstance(given, Sequence) and not isinstance(given, str)
    levels = list(given) if several else [given]
    if not levels:
        raise InputError("confidence", "have at least one number", given, "such as 0.8")
    remedy = "80 % is given as 0.8"
    return tuple(number("confidence", one, LEVEL, remedy) for one in levels)


def own_stage(field: str, stage: str | None, stages: Sequence[str]) -> str | None:
    """Return the funnel's spelling of a stage that deals enter, which is not the last.

    Examples
    --------
    >>> own_stage("stage", " Meeting", ("training", "meeting", "contract"))
    'meeting'
    """
    if stage is None:
        return None
    spelling = {name.casefold(): name for name in stages}
    found = spelling.get(stage.strip().casefold())
    if found is None:
        raise unknown(field, stage, stages, "be a stage of the funnel")
    if found == stages[-1]:
        raise InputError(field, "not be the last stage", stage, "it is closed-won")
    return found


def _rates(given: Any) -> float | tuple[float, ...]:
    given = plain(given)
    field = "new_business.per_period"
    if not isinstance(given, Sequence) or isinstance(given, str):
        return number(field, given, MOST_RATE)
    if not given:
        raise InputError(field, "have one number for each period", given)
    return tuple(number(f"{field} of period {k}", one, MOST_RATE) for k, one in enumerate(given, 1))


def _season(given: Any) -> tuple[float, ...]:
    given = plain(given)
    field, remedy = "new_business.season", "give 12 weights, for January to December"
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise InputError(field, "be a list", given, remedy)
    if len(given) not in (0, MONTHS):
        raise InputError(field, "hold 12 weights", len(given), remedy)
    weights = tuple(
        number(f"{field} of month {k}", one, MOST_RATE) for k, one in enumerate(given, 1)
    )
    if weights and not any(weights):
        raise InputError(field, "have a weight above 0", list(weights))
    return weights


def _stage(field: str, given: Any) -> str | None:
    if given is not None and (not isinstance(given, str) or not given.strip()):
        raise InputError(field, "be the name of a stage", given)
    return given


def _one_law(field: str, given: Any) -> Distribution:
    law = as_distribution(field, given)
    if law.draws > 1:
        raise InputError(field, "be certain or one distribution", remedy="it takes no draws")
    return law


def _amount(field: str, given: Any) -> Distribution | None:
    """Return an amount as a distribution of currency units, checked; None if there is none."""
    if given is None:
        return None
    law = _one_law(field, given)
    middle = float(law.ppf(np.array([0.5]))[0])
    if middle * CENTS >= MOST_CENTS:
        what = "be" if isinstance(law, Fixed) else "have a median"
        raise InputError(field, f"{what} below {MOST_CENTS // CENTS:,}", middle)
    return law
