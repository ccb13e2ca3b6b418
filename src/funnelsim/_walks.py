"""From a scenario to what the kernel of trajectories reads: all that a worker needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._arrays import Lowered, chances_to_reach, digest
from funnelsim._cells import lower_cells, rounded_level
from funnelsim._chances import Shared, rounded, scores, stable_number
from funnelsim._creation import NewDeals, amount_of, flattened, pieces_of
from funnelsim.distributions import Distribution
from funnelsim.kernels.births import Births
from funnelsim.kernels.cells import Cells
from funnelsim.kernels.repeats import Repeats
from funnelsim.kernels.trajectories import OpenDeals
from funnelsim.kernels.walking import Road
from funnelsim.new_business import YEAR, Repeat
from funnelsim.scenario import Scenario

Floats = NDArray[np.float64]
Laws = list[tuple[list[Distribution], ...]]
"""For each open stage the times going forward and if lost, one for each draw."""

TIE, RELATIVE_TIE = 1e-9, 1e-12
"""Days by which a sum of times may miss the end of a period through rounding and still be in it."""
CREATED_DEAL = "\0created deal"
"""Its stable number is that of the first created deal; no deal of a user is called so."""
MOST_OPENED = 16
"""Wins that a win opens, at most: with a mean below 1 more have a chance below 2**-31."""

_NONE, _NO_ROWS = np.zeros(0), np.zeros(0, np.int64)
_NO_QUANTILES = np.zeros((0, 2, 2))
NO_BIRTHS = Births(
    0, _NO_ROWS, _NO_ROWS, _NONE, _NONE, _NONE, YEAR, _NO_ROWS, np.ones((1, 1, 1)), False,
    np.uint64(0), np.uint64(0), 0, _NO_QUANTILES,
)  # fmt: skip
NO_REPEATS = Repeats(np.zeros(0, np.int32), np.uint64(0), 0, _NO_QUANTILES)


class Walks(NamedTuple):
    """All that a worker needs beside the parameters of the path factors."""

    deals: OpenDeals
    births: Births
    repeats: Repeats
    road: Road
    new: NewDeals | None  # what the paths' new business is drawn from


def lower_walks(scenario: Scenario, lowered: Lowered) -> Walks:
    """Return the arrays of a scenario; ``lowered`` is what the folded kernel reads."""
    laws = _laws(scenario)
    alive = _alive(laws, lowered)
    least = _least(laws, lowered, alive)
    repeat = scenario.new_business.repeat if scenario.new_business else None
    if repeat is not None:
        least.setdefault(repeat.delay, 1.0)
    number = {law: np.uint64(place) for place, law in enumerate(least)}
    return Walks(
        _open_deals(scenario, lowered, alive),
        _births(scenario, lowered),
        _repeats(scenario, repeat, number),
        _road(scenario, laws, number, lower_cells(least)),
        lowered.new,
    )


def digest_of(scenario: Scenario, lowered: Lowered) -> str:
    """Return the digest of a scenario's arrays, what is followed deal by deal among them."""
    walks = lower_walks(scenario, lowered)
    parts = flattened((walks.births, walks.repeats, walks.road))
    return digest((np.frombuffer(lowered.digest.encode(), np.uint8), *parts))


def _laws(scenario: Scenario) -> Laws:
    """Return the times in each open stage, forward and lost, in each of their draws."""
    pairs = [(one.time, one.time_if_lost or one.time) for one in scenario.funnel.stages[:-1]]
    draws = max(law.draws for pair in pairs for law in pair if law is not None)
    return [
        tuple([law.at(min(d, law.draws - 1)) for d in range(draws)] for law in pair if law)
        for pair in pairs
    ]


def _alive(laws: Laws, lowered: Lowered) -> Floats:
    """Return the chance that a time, forward or lost, exceeds the age, (groups, 2, draws)."""
    standing = lowered.standing
    alive = np.ones((len(standing.stage), 2, len(laws[0][0])))
    for s, side, d, law in _each(laws):
        here = standing.stage == s
        alive[here, side, d] = law.sf(standing.age[here])
    return rounded_level(alive)


def _each(laws: Laws) -> Iterator[tuple[int, int, int, Distribution]]:
    """Yield each law with its stage, whether it is that of lost deals, and its draw."""
    for s, pair in enumerate(laws):
        for side, draws in enumerate(pair):
            for d, law in enumerate(draws):
                yield s, side, d, law


def _least(laws: Laws, lowered: Lowered, alive: Floats) -> dict[Distribution, float]:
    """Return all different laws, each with the least chance of an age that it has to explain."""
    least: dict[Distribution, float] = {}
    for s, side, d, law in _each(laws):
        ages = alive[lowered.standing.stage == s, side, d]
        one = float(ages[ages > 0.0].min(initial=1.0))
        least[law] = min(least.get(law, 1.0), one)
    return least


def _open_deals(scenario: Scenario, lowered: Lowered, alive: Floats) -> OpenDeals:
    standing, deals = lowered.standing, lowered.deals
    ends = np.array([window.hi for window in scenario.windows])
    stated = ~np.isnan(standing.close)
    day = np.where(stated, standing.close, 0.0)
    close = scenario.clock.elapsed(scenario.as_of, day)
    moved = bool((deals.cell >= 0).any())
    return OpenDeals(
        group_first=deals.group_first,
        stage=standing.stage,
        cell=deals.cell,
        score=_scores(reached(scenario, lowered), lowered.shared, moved=moved),
        age=rounded(standing.age),
        alive=np.ascontiguousarray(alive),
        alive_step=np.uint64(alive.shape[2] > 1),
        close=np.where(stated, rounded(close), -1.0),
        close_period=np.searchsorted(ends, day, side="left").astype(np.int64),
        close_day=day.astype(np.int64),
        low=deals.low,
        high=deals.high,
        amount=deals.amount,
        spread=deals.spread,
        quantiles=deals.quantiles,
    )


def reached(scenario: Scenario, lowered: Lowered) -> Floats:
    """Return the chance of each group to reach each stage after the first, given all known.

    Shape (groups, stages - 1, draws); that of the last stage is the chance to win.
    """
    if lowered.odds is None:
        return _plainly(scenario, lowered.wins)
    standing, odds = lowered.standing, lowered.odds
    stages = range(1, len(scenario.funnel.stages))
    chances = [chances_to_reach(scenario, standing, odds, k) for k in stages]
    return np.stack(chances, axis=1)


def _plainly(scenario: Scenario, wins: Floats) -> Floats:
    """Return ``w / w_k``, where ``w`` is the chance to win; at most 1."""
    shape = (scenario.draws, len(scenario.funnel.stages))
    later = np.broadcast_to(scenario.funnel.win_probabilities, shape).T[None, 1:, :]
    return np.asarray(np.minimum(wins[:, None, :] / later, 1.0))


def _scores(chances: Floats, shared: Shared, *, moved: bool) -> Floats:
    """Return chances to leave each stage forward, given all that is known, as scores."""
    score = rounded(scores(chances, shared, moved=moved))
    same = bool((score == score[:, :, :1]).all())
    return np.ascontiguousarray(score[:, :, :1]) if same else score


def _births(scenario: Scenario, lowered: Lowered) -> Births:
    """Return new business by its periods of creation."""
    business, new, shared = scenario.new_business, lowered.new, lowered.shared
    if business is None or new is None:
        return NO_BIRTHS
    stage = 0 if business.stage is None else scenario.funnel.names.index(business.stage)
    wins = np.broadcast_to(scenario.funnel.win_probabilities[:, stage], (1, scenario.draws))
    moved = bool(shared.common.any())
    alone = shared._replace(segments=np.zeros(0))
    whole = stable_number(CREATED_DEAL)
    cents, quantiles = amount_of(business.amount)
    created = business.mean_created(scenario.windows, scenario.as_of) if business.planned else ()
    pieces = pieces_of(scenario, by_year=False) if business.planned else new.pieces
    return Births(
        stage=stage,
        period=pieces.period,
        cohort=new.cohort,
        part=rounded(new.part),
        lo=pieces.lo,
        hi=pieces.hi,
        year=YEAR,
        planned=np.cumsum(created, dtype=np.int64),
        score=_scores(_plainly(scenario, wins), alone, moved=moved),
        moved=moved,
        low=np.uint64(whole & 0xFFFFFFFF),
        high=np.uint64(whole >> 32),
        amount=cents,
        quantiles=quantiles,
    )


def _repeats(
    scenario: Scenario, repeat: Repeat | None, number: dict[Distribution, np.uint64]
) -> Repeats:
    """Return repeat business; the number that a win opens is Poisson."""
    business = scenario.new_business
    if business is None or repeat is None or repeat.mean == 0.0:
        return NO_REPEATS
    most = np.arange(MOST_OPENED)
    chance = np.exp(-repeat.mean) * np.cumprod(np.append(1.0, repeat.mean / most[1:]))
    by = np.floor(rounded(np.cumsum(chance)) * 2.0**31 - 1.0).astype(np.int32)
    cents, quantiles = amount_of(repeat.amount or business.amount)
    return Repeats(by, number[repeat.delay], cents, quantiles)


def _road(
    scenario: Scenario, laws: Laws, number: dict[Distribution, np.uint64], cells: Cells
) -> Road:
    row = np.empty((len(laws), 2, len(laws[0][0])), np.uint64)
    for s, side, d, law in _each(laws):
        row[s, side, d] = number[law]
    ends = np.array([window.hi for window in scenario.windows])
    clock = rounded(scenario.clock.elapsed(scenario.as_of, ends))
    return Road(
        law=row,
        law_step=np.uint64(row.shape[2] > 1),
        places=cells.places,
        guide=cells.guide,
        nodes=cells.nodes,
        end=np.append(clock * (1.0 + RELATIVE_TIE) + TIE, np.inf),
        tau=_tau(scenario, float(ends[-1])),
        whole=np.ones((2, 1)),
    )


def _tau(scenario: Scenario, end: float) -> Floats:
    """Return the clock at the whole days of the horizon; nothing where it is the calendar."""
    if scenario.clock.is_identity:
        return np.zeros(0)
    days = np.arange(np.ceil(end) + 1.0)
    return rounded(scenario.clock.elapsed(scenario.as_of, days))
