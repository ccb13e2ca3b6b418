"""How much of an input reaches the quota with a stated chance."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from funnelsim._version import __version__
from funnelsim._workers import Executors
from funnelsim.answers import STUDENT
from funnelsim.errors import InputError
from funnelsim.estimate import Estimate
from funnelsim.futures import LEVEL, given
from funnelsim.goal import CENTS
from funnelsim.new_business import RequiredPipeline
from funnelsim.parameters import Interval, number
from funnelsim.planning.fields import bounds, check_scenario, is_whole, value_of
from funnelsim.planning.levers import EXTRA_DEALS, amount_of_extra, extra_in_words, lever_of
from funnelsim.planning.results import FORMAT
from funnelsim.planning.runs import Runs
from funnelsim.planning.search import COARSE, FINE, Domain, Edge, find_edge
from funnelsim.planning.trials import Trials
from funnelsim.scenario import Scenario
from funnelsim.simulation import Progress

ANY = Interval(-math.inf, math.inf)
MONEY, PARTS = 1e9, 16
"""What may be so large is an amount; from nothing a search begins with this part of the quota."""
ABOUT = 40
"""Simulations that a search usually takes, for the bar."""


@dataclass(frozen=True)
class Solution:
    """How much of an input reaches the quota with a stated chance; made by `solve`.

    Parameters
    ----------
    scenario : str
        What the scenario is called.
    seed, paths : int
        Of all simulations.
    name : str
        The input, by its dotted name.
    attainment : float
        The chance asked for.
    reachable : bool
        Whether a value that was tried reaches it.
    value : float or None
        The value nearest to the edge that reaches it: the least that is enough where more of the
        input helps, the most where it harms. None where none does.
    low, high : float or None
        The ends of the 95 % interval of the value; None where an end is beyond reach.
    standard_error : float or None
        Monte Carlo error of the value.
    now : float or None
        The value in the scenario; None where it has none.
    attainment_now : Estimate
        The chance there.
    attainment_there : Estimate or None
        The chance at ``value``.
    more_helps : bool or None
        Whether more of the input makes the chance larger; None where it does not move it.
    most_attainment : Estimate
        The highest chance that was seen.
    most_at : float
        The value at which it was seen.
    every_value_is_enough : bool
        Whether all values that were tried reach the chance; ``value`` is the last of them.
    simulations : int
        How many values were tried.
    note : str
        What an extra deal is worth, where they are asked for.

    Examples
    --------
    >>> from funnelsim import Funnel, NewBusiness, Periods, solve
    >>> base = Scenario(as_of="2026-12-31", periods=Periods("year", 1), quota=1_200_000,
    ...                 funnel=Funnel.key_account(time=10), new_business=NewBusiness(24, 300_000))
    >>> found = solve(base, "new_business.per_period", attainment=0.8, paths=2_000)
    >>> found.reachable, found.low < found.value < found.high
    (True, True)
    """

    scenario: str
    seed: int
    paths: int
    name: str
    attainment: float
    reachable: bool
    value: float | None
    low: float | None
    high: float | None
    standard_error: float | None
    now: float | None
    attainment_now: Estimate
    attainment_there: Estimate | None
    more_helps: bool | None
    most_attainment: Estimate
    most_at: float
    every_value_is_enough: bool
    simulations: int
    note: str = ""

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """The ends of the interval."""
        return self.low, self.high

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON holds them."""
        shown: dict[str, Any] = {"funnelsim": __version__, "format": FORMAT}
        shown |= {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in ("attainment_now", "attainment_there", "most_attainment"):
            shown[name] = given(shown[name])
        return shown

    def __repr__(self) -> str:
        from funnelsim.planning.text import solution_text  # noqa: PLC0415

        return solution_text(self)


def solve(
    base: Scenario,
    name: str,
    attainment: float = 0.8,
    low: float | None = None,
    high: float | None = None,
    *,
    paths: int = 20_000,
    seed: int = 1,
    threads: int | None = None,
    executor: Executors | None = None,
    progress: Progress | None = None,
) -> Solution:
    """Return how much of an input reaches the quota with a stated chance.

    All values are tried on the same draws, so that the chance moves with the value and not with
    chance; the search takes for granted that it moves in one direction, and looks once
    more inside a short or a stated range before it gives up. Of reps no more are tried once more of
    them book the same on every path: then there is time for all. Extra deals
    (``pipeline.extra_deals``) are answered by `Forecast.required_pipeline`, in one pass, where
    there are none yet and they may come at once.

    Parameters
    ----------
    base : Scenario
        The assumptions, with a quota.
    name : str
        A number of the scenario by its dotted name (where there is one for each period, their
        mean, or the sum of the quota; the profile stays): ``"new_business.per_period"``,
        ``"funnel.win_rate"``, ``"funnel.cycle_time"``, ``"pipeline.amount"``, ``"quota"``, …
    attainment : float
        The chance to reach the quota, in (0, 1).
    low, high : float, optional
        Where to look, if not wherever the input may be.
    paths, seed, threads, executor, progress
        As of `simulate`. Progress is over all values, of which there are about 40.

    Returns
    -------
    Solution
        The value with the interval that the Monte Carlo error leaves, or how far it goes.

    Raises
    ------
    InputError
        If there is no quota, no such input, or it is not a number.

    Examples
    --------
    Ten wins of 10 % each, with a chance of 80 %: 124 deals.

    >>> from funnelsim import Funnel, Periods, RequiredPipeline
    >>> ten = Scenario(as_of="2026-12-31", periods=Periods("year", 1), quota=10,
    ...                funnel=Funnel.key_account(time=10),
    ...                required_pipeline=RequiredPipeline(amount=1))
    >>> found = solve(ten, "pipeline.extra_deals", attainment=0.8, paths=20_000)
    >>> found.low <= 124 <= found.high
    True
    """
    check_scenario(base)
    target = number("attainment", attainment, LEVEL)
    if base.quota is None:
        raise InputError("quota", "be stated", remedy="attainment is the chance to reach it")
    with Runs(
        paths=paths, seed=seed, threads=threads, executor=executor, progress=progress,
        scenarios=ABOUT,
    ) as runs:  # fmt: skip
        if _is_required_pipeline(base, name, low, high):
            return _extra_deals(base, name, target, runs)
        return _searched(base, name, target, (low, high), runs)


def _is_required_pipeline(base: Scenario, name: str, low: float | None, high: float | None) -> bool:
    """Return whether extra deals are asked for as required pipeline has them: from none, now."""
    now = value_of(base, name)
    if name != EXTRA_DEALS and not name.startswith(f"{EXTRA_DEALS}."):
        return False
    day = base.required_pipeline.day if base.required_pipeline else 0.0
    return low is None and high is None and day == 0.0 and now == 0


def _searched(
    base: Scenario, name: str, target: float, ends: tuple[float | None, float | None], runs: Runs
) -> Solution:
    """Return the solution by a search over the values of the input."""
    trials = Trials(base, name, runs)
    domain = replace(_domain(base, name, *ends), settled=trials.time_for_all)
    start = _start(trials.now, domain, name)
    if trials.chance(start) is None:
        raise InputError(name, "be possible where the search begins", start, "state low and high")
    edge = find_edge(trials.chance, target, start, domain)
    found = _solution(trials, target, edge)
    if edge.value is not None and edge.rising is not None and not edge.everywhere:
        found = _with_interval(found, trials, edge.value, domain)
    return found


def _domain(base: Scenario, name: str, low: float | None, high: float | None) -> Domain:
    """Return where to look: all that the input may be, or the part that is asked for."""
    ends = list(bounds(base, name))
    for place, asked in enumerate((low, high)):
        if asked is not None:
            ends[place] = number(("low", "high")[place], asked, ANY)
    if is_whole(name, base):
        ends = [math.ceil(ends[0]), math.floor(ends[1]) if math.isfinite(ends[1]) else ends[1]]
    if not ends[0] < ends[1]:
        raise InputError("low", f"be less than high, which is {ends[1]:g}", ends[0])
    unit = _quota_of(base) / PARTS if ends[1] >= MONEY else 1.0
    if low is not None or high is not None:
        unit = math.inf
    return Domain(ends[0], ends[1], is_whole(name, base), unit)


def _quota_of(base: Scenario) -> float:
    assert base.quota_cents is not None
    return base.quota_cents / CENTS


def _start(now: float | None, domain: Domain, name: str) -> float:
    """Return where to begin: where the input stands, or amid the values that it may have."""
    if now is not None:
        return min(max(now, domain.low), domain.high)
    if not math.isfinite(domain.high - domain.low):
        raise InputError(name, "have a value to begin with, or low and high be stated")
    return 0.5 * (domain.low + domain.high)


def _solution(trials: Trials, target: float, edge: Edge) -> Solution:
    most_at, most = trials.best
    value = edge.value
    return Solution(
        scenario=trials.base.name,
        seed=trials.runs.seed,
        paths=trials.runs.paths,
        name=trials.name,
        attainment=target,
        reachable=value is not None,
        value=value,
        low=value,
        high=value,
        standard_error=None if value is None else 0.0,
        now=trials.now,
        attainment_now=trials.at_base(),
        attainment_there=None if value is None else trials.at(value),
        more_helps=edge.rising,
        most_attainment=most,
        most_at=most_at,
        every_value_is_enough=edge.everywhere,
        simulations=len(trials.seen),
    )


def _with_interval(found: Solution, trials: Trials, value: float, domain: Domain) -> Solution:
    """Return the solution with its interval: where the chance is the target give or take its error.

    The standard error is that of the interval, which is nearly that of a normal distribution.
    """
    reach = STUDENT * trials.at(value).standard_error
    ends = [
        find_edge(trials.chance, found.attainment + off, value, domain, part=COARSE).value
        for off in (-reach, reach)
    ]
    low, high = ends if found.more_helps else ends[::-1]
    near = 0.0 if domain.whole else FINE * abs(value)  # the search stops so near to the edge
    low = None if low is None else min(low, value - near)
    high = None if high is None else max(high, value + near)
    known = low is not None and high is not None
    error = (high - low) / (2.0 * STUDENT) if known else None  # type: ignore[operator]
    most_at, most = trials.best
    return replace(
        found,
        low=low,
        high=high,
        standard_error=error,
        most_attainment=most,
        most_at=most_at,
        simulations=len(trials.seen),
    )


def _plan_of(base: Scenario, name: str) -> dict[str, Any]:
    """Return the stage and the amount of extra deals, as the lever of that name has them."""
    lever = lever_of(base, name)
    assert lever is not None
    stage = lever.name.removeprefix(f"{EXTRA_DEALS}.")
    amount = amount_of_extra(base, stage)
    return {"stage": stage, "amount": amount / CENTS if isinstance(amount, int) else amount}


def _extra_deals(base: Scenario, name: str, target: float, runs: Runs) -> Solution:
    """Return the extra deals, which are required pipeline."""
    plan = _plan_of(base, name)
    forecast = runs.forecast(base)
    now = forecast.attainment_probability()
    need = forecast.required_pipeline(target, **plan)
    assert now is not None
    assert not isinstance(need, list)
    there = None if need.deals is None else forecast.attainment_with(need.deals, **plan)
    most = base.required_pipeline.most if base.required_pipeline else RequiredPipeline().most
    return Solution(
        scenario=base.name,
        seed=runs.seed,
        paths=runs.paths,
        name=name,
        attainment=target,
        reachable=need.reachable,
        value=need.deals,
        low=need.low,
        high=need.high,
        standard_error=need.standard_error,
        now=0.0,
        attainment_now=now,
        attainment_there=there,
        more_helps=True,
        most_attainment=need.most_confidence,
        most_at=float(most),
        every_value_is_enough=need.deals == 0,
        simulations=1,
        note=extra_in_words(base, [str(plan["stage"])]),
    )
