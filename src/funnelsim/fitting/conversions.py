"""Stage conversions: the share of deals that go on in the end, whatever is still open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.fitting.incidence import Incidence, RiskTable
from funnelsim.fitting.laws import Mixture
from funnelsim.fitting.spells import FORWARD, LOST, OPEN, Spells

Floats = NDArray[np.float64]

FEW_AT_RISK = 10
"""An age is seen while so many deals (or a fifth of the most there are) are in the stage."""
LITTLE = 0.05
EXPECTED, FEWEST_BEFORE = 5.0, 10
"""So many events missing, by the hazard of younger deals, say that the rest has stalled."""
PRIOR_DEALS = 2.0
POOLED_PRIOR_DEALS = 10.0
"""The pooled mean leans on one half as if so many deals had said it."""


@dataclass(frozen=True, eq=False)
class StageEnd:
    """Where the record of a stage ends, and what becomes of those who are still in it then.

    Parameters
    ----------
    age : float
        The last age that enough deals were seen at.
    remaining : float
        The share still in the stage then.
    kind : {"none", "ratio", "stalled", "tail"}
        Nobody is left; few are, who part as the others did; they never go on; a parametric law
        says what becomes of them.
    share : float
        The part of the remaining that goes on.
    stalled : tuple of str
        Ids of open deals older than that age, where they never go on.
    shares : ndarray, shape (draws,), optional
        Draws of the share, where a parametric law says it.
    """

    age: float
    remaining: float
    kind: str
    share: float
    stalled: tuple[str, ...] = ()
    shares: Floats | None = None

    def in_words(self) -> str:
        """Return what was done about those who remain."""
        part = f"{self.remaining:.1%} still there after {self.age:,.0f} days"
        return {
            "none": "all followed to their end",
            "ratio": f"{part}, split as the others were",
            "stalled": f"{part}: stalled, counted as never going on",
            "tail": f"{part}, of whom a parametric law says that {self.share:.0%} go on",
        }[self.kind]


def seen_until(table: RiskTable, incidence: Incidence) -> float:
    """Return the last age of an event, 0 without events.

    Where many outlast the last age at which enough deals were at risk, it is that age: the few
    events after it would decide about all of them.
    """
    if not len(table.ages):
        return 0.0
    enough = min(float(FEW_AT_RISK), incidence.at_risk.max() / 5.0)
    last = int(np.flatnonzero(incidence.at_risk >= enough)[-1])
    return float(table.ages[last if incidence.survival[last] >= LITTLE else -1])


def stage_end(
    spells: Spells, table: RiskTable, ids: tuple[str, ...], mixture: Mixture | None
) -> StageEnd:
    """Return what becomes of the deals that outlast the record of a stage.

    Parameters
    ----------
    spells, table : Spells, RiskTable
        The stage's spells.
    ids : tuple of str
        Names of all deals.
    mixture : Mixture, optional
        The parametric law, for those who remain where the record is short; without one they
        part as the others did.
    """
    whole = table.incidence()
    age = seen_until(table, whole)
    seen = whole.until(age)
    if not len(seen.ages):
        return _by_law(age, 1.0, mixture) if mixture else StageEnd(age, 1.0, "ratio", 0.5)
    remaining = float(seen.survival[-1])
    split = float(seen.forward[-1] / (seen.forward[-1] + seen.lost[-1]))
    if remaining < 1e-9:  # noqa: PLR2004
        return StageEnd(age, 0.0, "none", split)
    old = (spells.cause == OPEN) & (spells.end > age)
    if remaining >= LITTLE and has_stalled(spells, age):
        named = tuple(ids[deal] for deal in spells.deal[old].tolist())
        return StageEnd(age, remaining, "stalled", 0.0, named)
    if remaining < LITTLE or mixture is None:
        return StageEnd(age, remaining, "ratio", split)
    return _by_law(age, remaining, mixture)


def _by_law(age: float, remaining: float, mixture: Mixture) -> StageEnd:
    shares = mixture.shares_forward(age)
    return StageEnd(age, remaining, "tail", float(shares.mean()), shares=shares)


def has_stalled(spells: Spells, age: float) -> bool:
    """Return whether deals beyond an age leave far more seldom than those before it did.

    Expected are the hazard of the older half of the ages before, times the days that deals were
    seen beyond.

    Examples
    --------
    >>> import numpy as np
    >>> spells = Spells(np.zeros(30), np.r_[np.arange(1.0, 21.0), np.full(10, 80.0)],
    ...                 np.r_[np.ones(20), np.zeros(10)], np.arange(30), False)
    >>> has_stalled(spells, 20.0), has_stalled(spells, 59.0)
    (True, False)
    """
    left = spells.cause != OPEN
    before = (spells.end > 0.5 * age) & (spells.end <= age) & left
    days = _days_between(spells, 0.5 * age, age)
    beyond = _days_between(spells, age, np.inf)
    if days <= 0.0 or before.sum() < FEWEST_BEFORE:
        return False
    expected = before.sum() / days * beyond
    found = int((left & (spells.end > age)).sum())
    return bool(expected >= EXPECTED and found <= 0.1 * expected)


def _days_between(spells: Spells, low: float, high: float) -> float:
    """Return the days that deals were at risk between two ages."""
    first = np.maximum(spells.start, low)
    return float(np.maximum(np.minimum(spells.end, high) - first, 0.0).sum())


@dataclass(frozen=True, eq=False)
class StageDraws:
    """Bayesian bootstrap of a stage: each deal counts with an exponential weight (Rubin 1981).

    Parameters
    ----------
    resolved : ndarray, shape (draws,)
        Weight of the deals that left.
    forward, lost, remaining : ndarray, shape (draws,)
        Shares by the end of the record.
    forward_days, lost_days : ndarray, shape (draws,)
        Mean days of those who left so by then; NaN for none.
    """

    resolved: Floats
    forward: Floats
    lost: Floats
    remaining: Floats
    forward_days: Floats
    lost_days: Floats


def stage_draws(spells: Spells, table: RiskTable, age: float, weights: Floats) -> StageDraws:
    """Return what the stage says under several sets of weights of its spells.

    Parameters
    ----------
    weights : ndarray, shape (draws, spells)
        A weight for each spell in each draw.
    """
    seen = table.incidence(weights).until(age)
    resolved = weights[:, spells.cause != OPEN].sum(axis=1)
    if not len(seen.ages):
        empty = np.zeros(len(weights))
        none = np.full(len(weights), np.nan)
        return StageDraws(resolved, empty, empty, empty + 1.0, none, none)
    return StageDraws(
        resolved,
        seen.forward[:, -1],
        seen.lost[:, -1],
        seen.survival[:, -1],
        _mean_days(seen.ages, seen.forward),
        _mean_days(seen.ages, seen.lost),
    )


def _mean_days(ages: Floats, incidence: Floats) -> Floats:
    chance = np.diff(incidence, prepend=0.0, axis=-1)
    total = incidence[..., -1]
    return np.asarray(
        np.where(total > 0.0, chance @ ages / np.where(total > 0.0, total, 1.0), np.nan)
    )


def conversion_draws(
    end: StageEnd, draws: StageDraws, usual: float, random: np.random.Generator
) -> Floats:
    """Return draws of a conversion, with a prior worth two deals.

    Parameters
    ----------
    end : StageEnd
        What becomes of those who outlast the record.
    draws : StageDraws
        The bootstrap.
    usual : float
        The pooled mean of all stages, where the prior is centred.
    random : numpy.random.Generator
        For the prior's deals.
    """
    count = len(draws.resolved)
    chance = draws.forward + draws.remaining * _shares(end, draws)
    on = random.gamma(PRIOR_DEALS * usual, size=count)
    off = random.gamma(PRIOR_DEALS * (1.0 - usual), size=count)
    weight = draws.resolved
    return np.asarray((weight * chance + on) / (weight + on + off))


def _shares(end: StageEnd, draws: StageDraws) -> Floats:
    if end.kind == "ratio":
        left = draws.forward + draws.lost
        return np.asarray(draws.forward / np.where(left > 0.0, left, 1.0))
    return end.shares if end.shares is not None else np.full(len(draws.resolved), end.share)


def conversion_value(end: StageEnd, incidence: Incidence, resolved: int, usual: float) -> float:
    """Return the conversion: the forward incidence and its part of what remains, with the prior.

    Examples
    --------
    >>> import numpy as np
    >>> spells = Spells(np.zeros(4), np.array([1.0, 2, 3, 3]), np.array([1, 2, 1, 2]),
    ...                 np.arange(4), False)
    >>> table = RiskTable(spells)
    >>> end = stage_end(spells, table, ("A", "B", "C", "D"), None)
    >>> conversion_value(end, table.incidence(), 4, 0.5)
    0.5
    """
    seen = incidence.until(end.age)
    forward = float(seen.forward[-1]) if len(seen.ages) else 0.0
    chance = forward + end.remaining * end.share
    return (resolved * chance + PRIOR_DEALS * usual) / (resolved + PRIOR_DEALS)


def pooled_conversion(stages: list[Spells]) -> float:
    """Return the mean conversion of all stages among the deals that left; of few, nearer 1/2."""
    forward = sum(one.count(FORWARD) for one in stages)
    lost = sum(one.count(LOST) for one in stages)
    return (forward + 0.5 * POOLED_PRIOR_DEALS) / (forward + lost + POOLED_PRIOR_DEALS)
