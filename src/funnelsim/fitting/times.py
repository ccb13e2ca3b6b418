"""Times in stage, going on and being lost, as distributions of the engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.distributions import Distribution, Quantiles
from funnelsim.distributions.parametric import Parametric
from funnelsim.fitting.conversions import StageEnd
from funnelsim.fitting.fitted import Fitted, first_draws, fitted, significant
from funnelsim.fitting.incidence import Incidence
from funnelsim.fitting.laws import Law, Mixture

Floats = NDArray[np.float64]

ENOUGH = 30
"""Events from which on the times are those that were seen; below, a parametric law."""
MOST_KNOTS = 50
LATE = 10.0
"""Lost deals have the longest times: so many times the record's end for the very last of them."""
NEVER_GOES_ON = 36525.0
"""Days after which a stalled deal is lost: a century."""
TAIL_LEVELS = (np.arange(20) + 0.5) / 20.0


@dataclass(frozen=True)
class StageTime:
    """Days in a stage for one way out of it.

    Parameters
    ----------
    distribution : Distribution
        The times, for the engine.
    mean : Fitted
        Their mean in days, without stalled deals.
    """

    distribution: Distribution
    mean: Fitted


def law_of_draws(law: Distribution, count: int) -> Distribution:
    """Return a law with the first so many of its draws.

    Examples
    --------
    >>> from funnelsim import Gamma
    >>> law_of_draws(Gamma(mean=[20, 30, 40], cv=0.5), 2)
    Gamma(mean=(20.0, 30.0), cv=0.5)
    """
    if not isinstance(law, Parametric) or law.draws == 1:
        return law
    numbers = {
        name: first_draws(value, count) if isinstance(value, tuple) else value
        for name, value in law.parameters
    }
    return type(law)(**numbers)


def stage_time(
    incidence: Incidence,
    cumulative: Floats,
    days: Floats,
    end: StageEnd,
    mixture: Mixture | None,
    *,
    forward: bool,
    events: int,
) -> StageTime:
    """Return the times of the deals that left one way.

    Parameters
    ----------
    incidence : Incidence
        The stage's, up to the end of its record.
    cumulative : ndarray, shape (ages,)
        The cumulative incidence of this way.
    days : ndarray, shape (draws,)
        Bootstrap of the mean days of those who were seen to leave so.
    end : StageEnd
        What becomes of the others.
    mixture : Mixture
        Parametric laws: for few events, and beyond the record.
    forward : bool
        Which way.
    events : int
        How many left so.
    """
    late = end.remaining * (end.share if forward else 1.0 - end.share)
    stalled = late if end.kind == "stalled" and not forward else 0.0
    total = float(cumulative[-1]) if len(cumulative) else 0.0
    if events < ENOUGH:
        assert mixture is not None
        stalled /= (stalled + total) or 1.0
        return _parametric(mixture, stalled, forward=forward, events=events)
    seen = float(np.diff(cumulative, prepend=0.0) @ incidence.ages) / total
    levels, ages = _knots(incidence.ages, cumulative / total, seen)
    days = np.where(np.isnan(days), seen, days)
    how = f"the times of {events:,} deals"
    part = 0.0 if end.kind == "stalled" else late / (late + total)
    tail, words = _tail(end, mixture, seen, forward=forward)
    if part > 0.0:
        levels = np.append(levels * (1.0 - part), 1.0 - part + part * TAIL_LEVELS)
        ages = np.append(ages, tail)
        seen, days = ((1.0 - part) * one + part * tail.mean() for one in (seen, days))
        how += f", {words} ({part:.1%})"
    of_stalled = stalled / (stalled + total)
    mean = fitted(float(seen), np.asarray(days), events, _with_stalled(how, of_stalled))
    if stalled > 0.0:
        levels = np.append(levels * (1.0 - of_stalled), 1.0)
        ages = np.append(ages, NEVER_GOES_ON)
    return StageTime(_quantiles(levels, ages, end.age * (1.0 if forward else LATE)), mean)


def _tail(
    end: StageEnd, mixture: Mixture | None, mean: float, *, forward: bool
) -> tuple[Floats, str]:
    """Return when those leave who outlast the record, at `TAIL_LEVELS`, and what says so."""
    if end.kind == "tail":
        assert mixture is not None
        law = mixture.law(forward=forward)
        return _beyond(law, end.age), f"a {law.family} law after {end.age:,.0f} days"
    later = np.asarray(end.age - 0.5 * mean * np.log1p(-TAIL_LEVELS), dtype=np.float64)
    return later, f"and a guess after {end.age:,.0f} days"


def _with_stalled(how: str, part: float) -> str:
    return f"{how}; {part:.0%} stalled, lost after a century" if part > 0.0 else how


def _parametric(mixture: Mixture, stalled: float, *, forward: bool, events: int) -> StageTime:
    """Return times of a parametric law with its draws; certain, where some have stalled."""
    law = mixture.law(forward=forward)
    drawn, certain = law.distribution(mixture.numbers(forward=forward)), law.distribution()
    means = np.array([drawn.at(d).mean for d in range(drawn.draws)])
    how = f"a {law.family} law, {events:,} deals and a weak prior"
    mean = fitted(float(certain.mean), means, events, _with_stalled(how, stalled))
    if stalled == 0.0:
        return StageTime(drawn, mean)
    levels, ages = (
        np.append(_GRID * (1.0 - stalled), 1.0),
        np.append(certain.ppf(_GRID), NEVER_GOES_ON),
    )
    return StageTime(_quantiles(levels, ages), mean)


_GRID = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.995])


def _knots(ages: Floats, level: Floats, mean: float) -> tuple[Floats, Floats]:
    """Return levels and ages of straight lines through the middles of the steps.

    The middle keeps the mean; deals that left in no time stay at 0. The last half step goes on
    for a mean time, so that a deal a day older than any that left has a chance, and soon none.
    """
    rises = np.diff(level, prepend=0.0) > 0.0
    ages, level = ages[rises], level[rises]
    middle = 0.5 * (level + np.concatenate([[0.0], level[:-1]]))
    if ages[0] == 0.0:
        levels = np.concatenate([[0.0, level[0]], middle[1:]])
        ages = np.concatenate([[0.0, 0.0], ages[1:]])
    else:
        first = max(0.0, 1.5 * ages[0] - 0.5 * ages[min(1, len(ages) - 1)])
        levels, ages = np.concatenate([[0.0], middle]), np.concatenate([[first], ages])
    return _fewer(np.append(levels, level[-1]), np.append(ages, ages[-1] + mean))


def _fewer(levels: Floats, ages: Floats) -> tuple[Floats, Floats]:
    """Return so few knots that a person can read them: the ends, and others even in level."""
    if len(levels) <= MOST_KNOTS:
        return levels, ages
    wanted = np.linspace(levels[0], levels[-1], MOST_KNOTS - 10)
    late = levels[-1] * (1.0 - np.geomspace(1e-3, 1e-2, 10))
    grid = np.unique(np.concatenate([wanted, late]))
    return grid, np.interp(grid, levels, ages)


def _beyond(law: Law, age: float) -> Floats:
    """Return quantiles of the time of a deal that has reached an age."""
    whole = law.distribution()
    alive = float(whole.sf(age))
    if alive <= 1e-12:  # noqa: PLR2004
        return np.asarray(age * (1.0 + 0.5 * TAIL_LEVELS), dtype=np.float64)
    left = whole.isf(alive * (1.0 - TAIL_LEVELS))
    return np.asarray(np.clip(left, age, NEVER_GOES_ON))


def _quantiles(levels: Floats, ages: Floats, last: float = 0.0) -> Quantiles:
    """Return the knots as quantiles, in digits that a file keeps.

    A line to the ``last`` age ends them, where they do not end themselves.
    """
    levels = np.clip(np.round(levels, 6), 0.0, 1.0)
    if levels[-1] < 1.0:
        levels, ages = np.append(levels, 1.0), np.append(ages, max(last, ages[-1]))
    kept = np.concatenate([[True], np.diff(levels) > 0.0])
    rising = np.maximum.accumulate(significant(ages[kept]))
    return Quantiles(list(zip(levels[kept].tolist(), rising.tolist(), strict=True)))
