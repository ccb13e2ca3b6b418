"""From a scenario to flat arrays: contiguous, one dtype each; all that a worker needs."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._amounts import Amounts, lower_amounts
from funnelsim._chances import (
    GRAIN,
    Shared,
    chance_at_age,
    lower_market,
    rounded,
    scores,
    stable_number,
)
from funnelsim._creation import NewDeals, flattened, lower_new_business
from funnelsim._remembered import Remembered
from funnelsim._signal_odds import SignalOdds, signal_odds
from funnelsim._timing import Timing, lower_times
from funnelsim.distributions import Distribution
from funnelsim.kernels.outcomes import MOST_PARTIAL, Deals
from funnelsim.scenario import Scenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

RARE = 1e-3
MOST_FIXED = MOST_PARTIAL // 4
"""Cents of a deal that may be added as a 32-bit integer, four deals at a time."""


class Standing(NamedTuple):
    """Where deals stand: one entry for each deal, or for each group of deals alike."""

    stage: Ints
    age: Floats  # days on the clock
    own: Floats  # win probability of the deal's own, else NaN
    close: Floats  # day of its stated close date after the as-of date, else NaN
    cell: Ints  # row of the market's shifts
    too_old: Bools  # older than its times allow: keeps its conversion, goes on at once
    past: Bools  # older than its forward times allow, not its times if lost: cannot be won
    sure: Bools  # older than its times if lost allow, not its forward times: cannot be lost here
    rare: Bools  # older than all but one in a thousand are, going forward or lost
    signal: Ints  # row of its answers to signals; 0 where there are none

    def at(self, index: Ints) -> Standing:
        """Return the entries of some deals."""
        return Standing._make(column[index] for column in self)


class Lowered(NamedTuple):
    """All that a worker needs, and what is known exactly of each deal."""

    deals: Deals
    shared: Shared
    standing: Standing  # of each group
    group: Ints  # (n,) group of each deal, in the pipeline's order
    wins: Floats  # (G, draws) chance to win in each draw
    chance: Floats  # (G,) chance to win
    by_end: Floats  # (G, K) chance to be booked by the end of each period
    late: Bools  # (n,) stated close date is not after the as-of date: ignored
    new: NewDeals | None  # new business
    digest: str
    odds: SignalOdds | None = None  # where signals move the odds


def lower(scenario: Scenario, remembered: Remembered | None = None) -> Lowered:
    """Return the arrays of a scenario; laws of remaining time as remembered, if they are."""
    clock, as_of = scenario.clock, scenario.as_of
    days = np.array([window.hi for window in scenario.windows])
    shared, cells = lower_market(scenario)
    odds = signal_odds(scenario)
    everyone, late = _standing(scenario, cells, odds)
    lead, group = _alike(everyone)
    standing = everyone.at(lead)
    timing = _timing(scenario, standing, clock.elapsed(as_of, days), shared, remembered)
    shared = shared._replace(
        step=round(timing.step * GRAIN) / GRAIN,
        cycle=rounded(shared.cycle),
        size=rounded(shared.size),
    )
    wins = win_chances(scenario, standing)
    if odds is not None:
        wins = chances_to_reach(scenario, standing, odds, len(scenario.funnel.stages) - 1)
    deals = _deals(scenario, lower_amounts(scenario.pipeline), standing, group, timing)
    deals = deals._replace(
        score=rounded(scores(wins, shared, moved=bool((cells >= 0).any()))),
        by_end=rounded(_stepped(timing.by_end[timing.row], standing.close, days)),
    )
    by_end = _stepped(timing.cycle_by_end[timing.row], standing.close, days)
    new = lower_new_business(scenario, shared, remembered)
    return Lowered(
        deals,
        shared,
        standing,
        group,
        wins,
        wins.mean(axis=1),
        _marginal(wins, by_end),
        late,
        new,
        digest((*deals, *shared, *(flattened(new) if new else ()))),
        odds,
    )


def _timing(
    scenario: Scenario,
    standing: Standing,
    ends: Floats,
    shared: Shared,
    remembered: Remembered | None,
) -> Timing:
    """Return the laws of remaining time: most of the work, and the same for many scenarios."""
    parts = (scenario.funnel, standing.stage, standing.age, ends, shared.cycle)
    if remembered is None:
        return lower_times(*parts)
    key = ("open", scenario.funnel.times, *parts[1:])
    return remembered.get(key, lambda: lower_times(*parts))


def _standing(scenario: Scenario, cells: Ints, odds: SignalOdds | None) -> tuple[Standing, Bools]:
    """Return where each deal stands, and whose stated close date is past."""
    pipeline, as_of = scenario.pipeline, scenario.as_of
    number = {name: s for s, name in enumerate(scenario.funnel.names)}
    stage = np.array([number[name] for name in pipeline.stages], dtype=np.int64)
    days = np.array(
        [
            float((as_of - entered).days) if entered is not None else (age or 0.0)
            for entered, age in zip(pipeline.entered, pipeline.ages, strict=True)
        ]
    )
    age = np.maximum(-scenario.clock.elapsed(as_of, -days), 0.0)
    own = _floats(pipeline.win_probabilities)
    close = _floats([date and (date - as_of).days for date in pipeline.close_dates])
    late = close <= 0.0
    close[late] = np.nan
    forward, lost = _survivals(scenario, stage, age)
    judged, gone = np.isnan(own), forward == 0.0
    return Standing(
        stage,
        age,
        own,
        close,
        cells,
        too_old=gone & ((lost == 0.0) | ~judged) & (age > 0.0),
        past=gone & (lost > 0.0) & judged,
        sure=~gone & (lost == 0.0) & judged,
        rare=~gone & (np.maximum(forward, lost) < RARE),
        signal=np.zeros(len(stage), np.int64) if odds is None else odds.answers.of_deal,
    ), late


def _floats(values: Any) -> Floats:
    """Return numbers as an array, NaN for those not given."""
    return np.array([np.nan if one is None else one for one in values], dtype=np.float64)


def _survivals(scenario: Scenario, stage: Ints, age: Floats) -> tuple[Floats, Floats]:
    """Return the chance that a deal's time going forward, and if lost, is longer than its age.

    Where all deals go forward there is no time if lost: what is older than it goes forward, too.
    """
    forward, lost = np.ones(len(age)), np.ones(len(age))
    for s, step in enumerate(scenario.funnel.stages[:-1]):
        here = stage == s
        if step.time is not None and here.any():
            forward[here] = _survival(step.time, age[here])
            lost[here] = _survival(step.time_if_lost or step.time, age[here])
            if (scenario.funnel.conversions[:, s] == 1.0).all():
                lost[here] = forward[here]
    return forward, lost


def _survival(law: Distribution, age: Floats) -> Floats:
    """Return the chance that the time is longer than the age, the greatest of all draws."""
    return np.asarray(np.max([law.at(d).sf(age) for d in range(law.draws)], axis=0))


def _alike(everyone: Standing) -> tuple[Ints, Ints]:
    """Return one deal for each group of deals alike but for the amount, and each deal's group."""
    keys = np.column_stack([np.nan_to_num(column, nan=-1.0) for column in everyone])
    _, lead, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return lead.astype(np.int64), group.reshape(-1).astype(np.int64)


def win_chances(scenario: Scenario, standing: Standing) -> Floats:
    """Return each group's chance to win without signals, shape (groups, draws)."""
    funnel, draws = scenario.funnel, scenario.draws
    wins = np.broadcast_to(funnel.win_probabilities, (draws, len(funnel.stages)))
    conversions = np.broadcast_to(funnel.conversions, (draws, len(funnel.stages) - 1))
    chances = np.empty((len(standing.stage), draws))
    for s, step in enumerate(funnel.stages[:-1]):
        here = standing.stage == s
        chances[here] = wins[:, s]  # where age tells nothing, the very number that was stated
        telling = here & ~standing.too_old & (step.time_if_lost is not None)
        on = chance_at_age(step, conversions[:, s], standing.age[telling])
        chances[telling] = on * wins[None, :, s + 1]
    stated = ~np.isnan(standing.own)
    chances[stated] = standing.own[stated, None]
    return chances


def chances_to_reach(scenario: Scenario, standing: Standing, odds: SignalOdds, to: int) -> Floats:
    """Return each group's chance to reach a stage given its signals, shape (groups, draws).

    Signals move the chance ``w / w_k`` of a deal that enters its stage; what its age tells comes on
    top, as without signals: neither survival function depends on what is unknown.
    """
    funnel, draws = scenario.funnel, scenario.draws
    wins = np.broadcast_to(funnel.win_probabilities, (draws, len(funnel.stages)))
    conversions = np.broadcast_to(funnel.conversions, (draws, len(funnel.stages) - 1))
    stated = ~np.isnan(standing.own)
    entering = np.where(stated[:, None], standing.own[:, None], wins[:, standing.stage].T)
    chances = odds.given(standing.signal, np.minimum(entering / wins[:, to], 1.0))
    for s, step in enumerate(funnel.stages[:-1]):
        aged = (standing.stage == s) & ~standing.too_old & ~stated
        if step.time_if_lost is not None and aged.any():
            on = odds.given(standing.signal[aged], np.tile(conversions[:, s], (int(aged.sum()), 1)))
            chances[aged] *= chance_at_age(step, on, standing.age[aged]) / on
    return np.minimum(chances, 1.0)


def _stepped(by_end: Floats, close: Floats, days: Floats) -> Floats:
    """Return F with a step at the stated close date where there is one."""
    stated = ~np.isnan(close)
    by_end[stated] = (close[stated, None] <= days)[:, :, None]
    return by_end


def _marginal(wins: Floats, by_end: Floats) -> Floats:
    """Return the chance to be booked by each end, over all draws, shape (groups, K)."""
    draws = max(wins.shape[1], by_end.shape[2])
    if draws == 1 or by_end.shape[2] == 1:
        return np.asarray(wins.mean(axis=1)[:, None] * by_end[:, :, 0])
    return np.asarray((wins[:, None, :] * by_end).mean(axis=2))


def _deals(
    scenario: Scenario, amounts: Amounts, standing: Standing, group: Ints, timing: Timing
) -> Deals:
    """Return the arrays but for the chances; deals sorted by group, varying amounts last."""
    varies = (amounts.spread >= 0) | (amounts.cents > MOST_FIXED)
    varies |= scenario.market.amount_cv != 0.0
    order = np.lexsort((varies, group))
    groups = len(standing.stage)
    first = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=groups))])
    fixed = first[:-1] + np.bincount(group[~varies], minlength=groups)
    whole = np.array([stable_number(one) for one in scenario.pipeline.ids], dtype=np.uint64)[order]
    moved = (len(timing.table) > 0) & np.isnan(standing.close)
    return Deals(
        group_first=first.astype(np.int64),
        group_fixed=fixed.astype(np.int64),
        cell=np.ascontiguousarray(standing.cell),
        score=np.empty((0, 0)),
        by_end=np.empty((0, 0, 0)),
        table_row=np.where(moved, timing.row, -1).astype(np.int64),
        table=rounded(timing.table),
        jump=rounded(timing.jump),
        nodes=timing.nodes,
        draw_step=timing.draw_step,
        end_place=rounded(timing.end_place),
        low=whole & np.uint64(0xFFFFFFFF),
        high=whole >> np.uint64(32),
        amount=amounts.cents[order],
        spread=amounts.spread[order],
        quantiles=amounts.tables,
    )


def digest(parts: tuple[Any, ...]) -> str:
    """Return a hash of all arrays: the same digest, seed and paths give the same answer."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        array = np.asarray(part, np.int64) if isinstance(part, int) else np.asarray(part)
        found.update(array.tobytes())
    return found.hexdigest()
