"""Each stage of the funnel: its conversion, and its times both ways, from one set of weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.clock import Clock
from funnelsim.events import Known
from funnelsim.fitting.conversions import (
    LITTLE,
    StageDraws,
    StageEnd,
    conversion_draws,
    conversion_value,
    pooled_conversion,
    stage_draws,
    stage_end,
)
from funnelsim.fitting.fitted import Fitted, first_draws, fitted, generator
from funnelsim.fitting.incidence import Incidence, RiskTable
from funnelsim.fitting.laws import Mixture, fit_mixture
from funnelsim.fitting.sharing import cohort_numbers, design_effects
from funnelsim.fitting.spells import FORWARD, LOST, OPEN, Spells, coarse, spells, three_digits
from funnelsim.fitting.times import ENOUGH, StageTime, law_of_draws, stage_time
from funnelsim.funnel import Stage

Floats = NDArray[np.float64]

OF_WEIGHTS, OF_LAWS, OF_CONVERSIONS = 1, 3000, 6000
"""Purposes of random numbers; those of stages count on from theirs."""
AT_ONCE = 2_000_000
USUAL_DAYS = 30.0


@dataclass(frozen=True)
class StageFit:
    """What history says of one stage.

    Parameters
    ----------
    name : str
        The stage.
    conversion : Fitted
        The chance to go on to the next stage.
    time, time_if_lost : StageTime
        Days in the stage, going on and being lost.
    entered, forward, lost, open : int
        Deals that were seen in it, and how they left.
    end : StageEnd
        What was done about those who outlast the record.
    """

    name: str
    conversion: Fitted
    time: StageTime
    time_if_lost: StageTime
    entered: int
    forward: int
    lost: int
    open: int
    end: StageEnd

    def stage(self, draws: int) -> Stage:
        """Return the stage as the engine takes it, with the first so many draws."""
        return Stage(
            self.name,
            conversion=first_draws(self.conversion.draws, draws),
            time=law_of_draws(self.time.distribution, draws),
            time_if_lost=law_of_draws(self.time_if_lost.distribution, draws),
        )

    @property
    def certain_times(self) -> bool:
        """Whether no time has draws."""
        return self.time.distribution.draws == self.time_if_lost.distribution.draws == 1

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        return {
            "name": self.name,
            "conversion": self.conversion.to_dict(),
            "mean_time": self.time.mean.to_dict(),
            "mean_time_if_lost": self.time_if_lost.mean.to_dict(),
            "entered": self.entered,
            "forward": self.forward,
            "lost": self.lost,
            "open": self.open,
            "end": self.end.in_words(),
            "stalled": len(self.end.stalled),
        }


@dataclass(frozen=True, eq=False)
class Reading:
    """A stage before the market is known: all but the spread of its conversion."""

    name: str
    spells: Spells
    seen: Incidence
    end: StageEnd
    mixture: Mixture | None
    draws: StageDraws


def read_stages(known: Known, clock: Clock, *, seed: int, draws: int) -> list[Reading]:
    """Return what each stage says, with the bootstrap of one set of weights for all stages."""
    several = spells(known, clock)
    usual, place = pooled_conversion(several), _usual_place(several)
    tables = [RiskTable(one) for one in several]
    found = []
    for s, (one, table) in enumerate(zip(several, tables, strict=True)):
        end, mixture = stage_end(one, table, known.ids, None), None
        if needs_law(one, end):
            mixture = fit_mixture(
                one,
                usual_conversion=usual,
                usual_place=place,
                draws=draws,
                random=generator(seed, OF_LAWS + s),
            )
            end = stage_end(one, table, known.ids, mixture)
        found.append((end, mixture))
    ends = [end for end, _ in found]
    bootstrap = _bootstrap(several, ends, deals=len(known), seed=seed, draws=draws)
    return [
        Reading(name, one, table.incidence().until(end.age), end, mixture, many)
        for name, one, table, (end, mixture), many in zip(
            known.stages, several, tables, found, bootstrap, strict=True
        )
    ]


def needs_law(one: Spells, end: StageEnd) -> bool:
    """Return whether a parametric law is needed: few events, or a record that is too short."""
    few = min(one.count(FORWARD), one.count(LOST)) < ENOUGH
    return few or (end.kind in ("ratio", "tail") and end.remaining >= LITTLE)


def _usual_place(several: list[Spells]) -> float:
    """Return the log of a usual time: days at risk for each deal that left.

    Deals that never go on do not count without end: it is at most four times the mean of those
    that left.
    """
    ages = np.concatenate([one.end[one.cause != OPEN] for one in several])
    days = sum(float((one.end - one.start).sum()) for one in several)
    if not len(ages) or ages.mean() == 0.0:
        return math.log(max(USUAL_DAYS, days))
    return math.log(min(days / len(ages), 4.0 * float(ages.mean())))


def _bootstrap(
    several: list[Spells],
    ends: list[StageEnd],
    *,
    deals: int,
    seed: int,
    draws: int,
) -> list[StageDraws]:
    """Return the bootstrap of each stage, a block of draws at a time."""
    rough = [coarse(one) for one in several]
    tables = [RiskTable(one) for one in rough]
    ages = [
        end.age if one is exact else float(three_digits(np.array([end.age]))[0])
        for one, exact, end in zip(rough, several, ends, strict=True)
    ]
    random = generator(seed, OF_WEIGHTS)
    block = max(1, AT_ONCE // max(deals, 1))
    parts: list[list[StageDraws]] = [[] for _ in several]
    for first in range(0, draws, block):
        weights = random.exponential(size=(min(block, draws - first), deals))
        for s, (one, table, age) in enumerate(zip(rough, tables, ages, strict=True)):
            parts[s].append(stage_draws(one, table, age, weights[:, one.deal]))
    return [_joined(some) for some in parts]


def _joined(parts: list[StageDraws]) -> StageDraws:
    names = StageDraws.__dataclass_fields__
    return StageDraws(*(np.concatenate([getattr(one, name) for one in parts]) for name in names))


def finish_stages(
    known: Known, readings: list[Reading], rhos: Floats, *, cohort: str, seed: int
) -> tuple[StageFit, ...]:
    """Return the stages with the spread of conversions that a common market of cohorts brings."""
    usual = pooled_conversion([one.spells for one in readings])
    values = np.array([_value(one, usual) for one in readings])
    numbers = cohort_numbers(known, cohort)
    result = []
    for s, one in enumerate(readings):
        random = generator(seed, OF_CONVERSIONS + s)
        draws = conversion_draws(one.end, one.draws, usual, random)
        left = one.spells.deal[one.spells.cause != OPEN]
        _, sizes = np.unique(numbers[left], return_counts=True)
        effects = design_effects(sizes.astype(np.float64), values, s, rhos)
        result.append(_finished(one, values[s], widened(draws, values[s], effects), effects))
    return tuple(result)


def _value(one: Reading, usual: float) -> float:
    resolved = one.spells.count(FORWARD) + one.spells.count(LOST)
    return conversion_value(one.end, one.seen, resolved, usual)


def widened(draws: Floats, value: float, effects: Floats) -> Floats:
    """Return draws of a chance with their spread, on the logit scale, times root ``effects``.

    Examples
    --------
    >>> widened(np.array([0.4, 0.6]), 0.5, np.array([4.0, 1.0])).round(3)
    array([0.308, 0.6  ])
    """
    from scipy.special import expit, logit  # noqa: PLC0415

    centre = float(logit(value))
    safe = np.clip(draws, 1e-9, 1.0 - 1e-9)
    return np.asarray(expit(centre + (logit(safe) - centre) * np.sqrt(effects)))


def _finished(one: Reading, value: float, draws: Floats, effects: Floats) -> StageFit:
    forward, lost = one.spells.count(FORWARD), one.spells.count(LOST)
    resolved = forward + lost
    effect = float(np.median(effects))
    how = f"{resolved:,} deals that left ({forward:,} forward, {lost:,} lost); {one.end.in_words()}"
    if effect > 1.005:  # noqa: PLR2004
        how += f"; worth {resolved / effect:,.0f} independent ones, for deals share a market"
    time, time_if_lost = (
        stage_time(
            one.seen, cumulative, days, one.end, one.mixture, forward=is_forward, events=events
        )
        for cumulative, days, is_forward, events in (
            (one.seen.forward, one.draws.forward_days, True, forward),
            (one.seen.lost, one.draws.lost_days, False, lost),
        )
    )
    safe = np.clip(draws, 1e-6, 1.0)
    return StageFit(
        one.name,
        fitted(value, safe, resolved, how),
        time,
        time_if_lost,
        entered=len(one.spells),
        forward=forward,
        lost=lost,
        open=one.spells.count(OPEN),
        end=one.end,
    )
