"""Levers: names that move several fields of a scenario alike.

``funnel.win_rate``
    The win probability of the first stage (a mean over the draws, if it is uncertain). The log-odds
    of the win probability of each stage move by the same amount; one of 1 stays. Judgements of
    single deals stay, too.
``funnel.cycle_time``
    Mean days from entering the first stage to a win: the sum of the mean times of the stages (a
    mean over the draws). All times are scaled by one factor, also those of losses.
``pipeline.amount``
    The sum of the mean amounts of the open deals, in currency units. All are scaled by one factor,
    amounts in cents exactly and rounded half to even.
``pipeline.extra_deals``, ``pipeline.extra_deals.<stage>``
    So many deals more in a stage, which entered it on the as-of date; without a stage in that of
    the required pipeline, else in the first. They are called ``"extra <stage> 1"`` and so on. An
    amount is that of the required pipeline, else of new business, else the mean of the open deals
    of the stage, else of all. (The day that a required pipeline states is not theirs.)
``team.reps``, ``team.reps.<role>``
    The number of reps of the first role, or of the one that is named, hires included. More are
    like the last rep of the role that is stated without a name, fewer are without the last.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim._deals import MOST_CENTS, NO_SEGMENT
from funnelsim._text import plain_number
from funnelsim.distributions import Distribution, Fixed
from funnelsim.errors import InputError
from funnelsim.funnel import Funnel, Stage
from funnelsim.goal import CENTS
from funnelsim.new_business import extra_amount, own_stage
from funnelsim.parameters import POSITIVE, Interval
from funnelsim.pipeline import Pipeline
from funnelsim.planning.chances import with_win_probabilities
from funnelsim.planning.headcount import headcount_lever, headcount_names, is_headcount
from funnelsim.planning.laws import mean_of
from funnelsim.planning.lever import Lever
from funnelsim.scenario import Scenario

WIN_RATE, CYCLE_TIME = "funnel.win_rate", "funnel.cycle_time"
AMOUNT, EXTRA_DEALS = "pipeline.amount", "pipeline.extra_deals"
MOST_EXTRA_DEALS = 100_000
FARTHEST = 700.0
"""Log-odds beyond which a chance is 0 or 1 in a float."""

Floats = NDArray[np.float64]


def is_lever(name: str) -> bool:
    """Return whether a name is that of a lever."""
    extra = name == EXTRA_DEALS or name.startswith(f"{EXTRA_DEALS}.")
    return name in _LEVERS or extra or is_headcount(name)


def lever_of(scenario: Scenario, name: str) -> Lever:
    """Return the lever of a name that is one.

    Raises
    ------
    InputError
        If the funnel has no such stage, or it is the last; or the team has no such role.
    """
    if name in _LEVERS:
        return _LEVERS[name]
    if is_headcount(name):
        return headcount_lever(scenario, name)
    stage = name.removeprefix(EXTRA_DEALS).removeprefix(".") or _usual_stage(scenario)
    found = own_stage(EXTRA_DEALS, stage, scenario.funnel.names)
    assert found is not None
    return Lever(
        f"{EXTRA_DEALS}.{found}",
        "deals",
        Interval(0, MOST_EXTRA_DEALS),
        True,
        lambda read: len(_extra_deals(read.pipeline, found)),
        lambda written, count: _with_extra_deals(written, found, count),
    )


def lever_names(scenario: Scenario) -> list[str]:
    """Return the names of the levers that can be moved in a scenario."""
    stages = scenario.funnel.names[:-1]
    now = {name: lever.read(scenario) for name, lever in _LEVERS.items()}
    movable = [name for name in now if now[name] in _LEVERS[name].allowed and now[name] < np.inf]
    extra = [EXTRA_DEALS, *(f"{EXTRA_DEALS}.{stage}" for stage in stages)]
    return [*movable, *extra, *headcount_names(scenario)]


# ---- the win rate


def _win_rate(scenario: Scenario) -> float:
    return float(scenario.funnel.win_probabilities[:, 0].mean())


def _with_win_rate(scenario: Scenario, rate: float) -> Scenario:
    wins = scenario.funnel.win_probabilities
    odds = _odds_ratio(wins[:, 0], rate)
    moved = wins * odds / (1.0 - wins + wins * odds)
    moved[:, 0] = rate if len(moved) == 1 else moved[:, 0]
    ordered = np.maximum.accumulate(moved, axis=1)  # rounding might swap neighbours
    stages = with_win_probabilities(scenario.funnel.stages, np.minimum(ordered, 1.0))
    return scenario.replace(funnel=Funnel(stages))


def _odds_ratio(wins: Floats, rate: float) -> float:
    """Return what the odds are multiplied by so that the mean of the win rates is ``rate``."""
    if (wins == 1.0).any():
        rule = "be below 1 in the first stage, to be moved"
        raise InputError(WIN_RATE, rule, float(wins.max()), "set win probabilities of stages")
    if len(wins) == 1:
        return float(rate * (1.0 - wins[0]) / (wins[0] * (1.0 - rate)))
    from scipy.optimize import brentq  # noqa: PLC0415

    def excess(log_odds: float) -> float:
        odds = np.exp(log_odds)
        return float(np.mean(wins * odds / (1.0 - wins + wins * odds))) - rate

    logits = np.log(wins) - np.log1p(-wins)
    wanted = np.log(rate) - np.log1p(-rate)
    low, high = wanted - logits.max(), wanted - logits.min()
    if low == high:
        return float(np.exp(low))
    return float(np.exp(brentq(excess, low - 1e-6, high + 1e-6, xtol=1e-14)))


# ---- the cycle time


def _cycle_time(scenario: Scenario) -> float:
    times = [stage.time for stage in scenario.funnel.stages if stage.time is not None]
    return float(np.mean(sum(np.asarray(mean_of(time)) for time in times)))


def _with_cycle_time(scenario: Scenario, days: float) -> Scenario:
    now = _cycle_time(scenario)
    if not 0.0 < now < np.inf:
        rule = "be above 0 and finite, to be scaled"
        raise InputError(CYCLE_TIME, rule, now, "set times of stages")
    stages = tuple(_scaled(stage, days / now) for stage in scenario.funnel.stages)
    return scenario.replace(funnel=Funnel(stages))


def _scaled(stage: Stage, factor: float) -> Stage:
    times = {"time": stage.time, "time_if_lost": stage.time_if_lost}
    moved = {name: time and time.scaled(factor) for name, time in times.items()}
    return dataclasses.replace(stage, **moved)  # type: ignore[arg-type]


# ---- the amounts of open deals


def _amount(scenario: Scenario) -> float:
    cents = _sum_of_cents(scenario.pipeline)
    return float(cents) / CENTS if isinstance(cents, float) else float(cents / CENTS)


def _sum_of_cents(pipeline: Pipeline) -> Fraction | float:
    """Return the sum of the mean amounts, exactly if it is finite."""
    total = Fraction(sum(one for one in pipeline.amounts if isinstance(one, int)))
    for one in pipeline.amounts:
        if not isinstance(one, int):
            if not np.isfinite(one.mean):
                return float(one.mean)
            total += Fraction(one.mean) * CENTS
    return total


def _with_amount(scenario: Scenario, amount: float) -> Scenario:
    pipeline = scenario.pipeline
    now = _sum_of_cents(pipeline)
    if not isinstance(now, Fraction) or now == 0:
        rule = "be above 0 and finite, to be scaled"
        remedy = "give amounts of deals" if len(pipeline) else "there are no open deals"
        raise InputError(AMOUNT, rule, float(now), remedy)
    factor = Fraction(repr(amount)) * CENTS / now
    amounts = tuple(_times(one, factor) for one in pipeline.amounts)
    return scenario.replace(pipeline=dataclasses.replace(pipeline, amounts=amounts))


def _times(amount: int | Distribution, factor: Fraction) -> int | Distribution:
    if isinstance(amount, int):
        return _half_even(amount * factor.numerator, factor.denominator)
    return amount.scaled(float(factor))


def _half_even(numerator: int, denominator: int) -> int:
    """Return a quotient as `round` rounds a fraction, which takes ten times as long to make."""
    whole_part, rest = divmod(numerator, denominator)
    above = 2 * rest - denominator
    return whole_part + (above > 0 or (above == 0 and whole_part % 2 == 1))


# ---- extra deals


def _usual_stage(scenario: Scenario) -> str:
    required = scenario.required_pipeline
    return (required and required.stage) or scenario.funnel.names[0]


def _extra_deals(pipeline: Pipeline, stage: str) -> dict[int, int]:
    """Return the numbers of the extra deals of a stage, each with its place in the pipeline."""
    pattern = re.compile(rf"extra {re.escape(stage)} ([1-9]\d*)")
    found = ((pattern.fullmatch(name), place) for place, name in enumerate(pipeline.ids))
    return {int(match[1]): place for match, place in found if match}


def _with_extra_deals(scenario: Scenario, stage: str, count: int) -> Scenario:
    kept = _without_extra_deals(scenario.pipeline, stage, count)
    there = _extra_deals(kept, stage)
    numbers = [k for k in range(1, count + 1) if k not in there]
    if not numbers:
        return scenario.replace(pipeline=kept)
    amount = amount_of_extra(scenario, stage)
    row = max(kept.rows, default=0)
    more = len(numbers)
    new: dict[str, tuple[Any, ...]] = {
        "ids": tuple(f"extra {stage} {k}" for k in numbers),
        "stages": (stage,) * more,
        "amounts": (amount,) * more,
        "ages": ((0.0 if kept.ages_expected else None),) * more,
        "rows": tuple(range(row + 1, row + 1 + more)),
    }
    for name in ("entered", "win_probabilities", "close_dates", "currencies"):
        new[name] = (None,) * more
    columns = {name: getattr(kept, name) + cells for name, cells in new.items()}
    segments = tuple((name, cells + (NO_SEGMENT,) * more) for name, cells in kept.segments)
    return scenario.replace(pipeline=dataclasses.replace(kept, segments=segments, **columns))


def _without_extra_deals(pipeline: Pipeline, stage: str, above: int) -> Pipeline:
    """Return the pipeline without those extra deals whose number is above one."""
    gone = {place for k, place in _extra_deals(pipeline, stage).items() if k > above}
    return pipeline.where([place not in gone for place in range(len(pipeline))])


def amount_of_extra(scenario: Scenario, stage: str) -> int | Distribution:
    """Return what an extra deal of a stage is worth: cents, or a distribution in units."""
    required, business = scenario.required_pipeline, scenario.new_business
    if required is not None:
        return _in_cents(extra_amount(required, business))
    if business is not None and business.amount is not None:
        return _in_cents(business.amount)
    return _mean_amount(scenario, stage)


def extra_in_words(scenario: Scenario, stages: Sequence[str]) -> str:
    """Return what an extra deal of each of some stages is worth, and why."""
    amounts = {stage: amount_of_extra(scenario, stage) for stage in stages}
    means = {
        stage: plain_number(one / CENTS if isinstance(one, int) else one.mean)
        for stage, one in amounts.items()
    }
    money = f" {scenario.currency}".rstrip()
    shown = ", ".join(f"{mean}{money} in {stage}" for stage, mean in means.items())
    if len(set(means.values())) == 1:
        shown = next(iter(means.values())) + money
    return f"an extra deal is worth {shown}: {_why(scenario)}"


def _why(scenario: Scenario) -> str:
    required, business = scenario.required_pipeline, scenario.new_business
    if required is not None and required.amount is not None:
        return "the amount of the required pipeline"
    if business is not None and business.amount is not None:
        return "the mean amount of new business; state required_pipeline.amount for another"
    return "the mean of the open deals of its stage, else of all"


def _in_cents(amount: Distribution) -> int | Distribution:
    return round(Fraction(repr(amount.mean)) * CENTS) if isinstance(amount, Fixed) else amount


def _mean_amount(scenario: Scenario, stage: str) -> int:
    """Return the mean amount of the open deals of a stage, else of all, in cents."""
    pipeline = scenario.pipeline
    own = pipeline.where([one == stage for one in pipeline.stages])
    those = own if len(own) else pipeline
    total = _sum_of_cents(those)
    if not len(those) or not isinstance(total, Fraction):
        remedy = "state required_pipeline.amount"
        raise InputError("amount of an extra deal", "be known", remedy=remedy)
    return round(total / len(those))


_LEVERS = {
    one.name: one
    for one in (
        Lever(
            WIN_RATE,
            "chance to win a deal that enters the first stage",
            Interval(0.0, 1.0, open_low=True, open_high=True),
            False,
            _win_rate,
            _with_win_rate,
        ),
        Lever(CYCLE_TIME, "days", POSITIVE, False, _cycle_time, _with_cycle_time),
        Lever(
            AMOUNT,
            "currency units",
            Interval(0.0, MOST_CENTS / CENTS, open_low=True, open_high=True),
            False,
            _amount,
            _with_amount,
        ),
    )
}
