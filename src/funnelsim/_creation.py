"""New business as the kernels read it, and what a path's new business shares."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._amounts import quantile_table
from funnelsim._chances import Shared, rounded, scores, stable_number
from funnelsim._factors import (
    MARKET,
    exponential,
    normal_quantile,
    plain_points,
    points,
)
from funnelsim._remaining import TIE, RemainingTime
from funnelsim._remembered import Remembered
from funnelsim._timing import FAR, laws_of_draws
from funnelsim.distributions import Distribution, Fixed, Gamma
from funnelsim.errors import InputError
from funnelsim.goal import CENTS
from funnelsim.kernels.creation import Creation, Intensities
from funnelsim.kernels.outcomes import PathFactors
from funnelsim.new_business import YEAR, NewBusiness
from funnelsim.parameters import Parameter
from funnelsim.scenario import Scenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEPS, FEWER_STEPS = 8192, 1024
"""Steps of the lattice of remaining times: with few draws of times, and with many."""
NODES, FEWER_NODES = 128, 32
MANY_DRAWS = 16
SCALE = 4.0
LEAST_SPAN = 0.25
MOST_CREATED = 1e9
"""Mean number of deals created on a path, at most: they are counted in 32 bits."""
NEW_DEAL = "\0new deal"
"""The stable number of this name is that of the first one; no deal of a user is called so."""


class Pieces(NamedTuple):
    """The periods as those of creation, cut where a year of the market factor begins."""

    period: Ints  # (J,)
    lo: Floats  # (J,) days
    hi: Floats  # (J,)
    year: Ints  # (J,)


class NewDeals(NamedTuple):
    """All that a worker needs of new business: ``C`` cohorts of ``J`` pieces of periods."""

    creation: Creation
    rate: Floats  # (C,) mean number created
    factor: Floats  # (draws,) of all rates
    year: Ints  # (C,) year after the as-of date in which it is created
    frailty: Ints  # (C,) row of the gamma tables; -1: none
    gammas: Floats  # (rows, 2, 2, nodes) quantiles of mean-one gammas
    streams: NDArray[np.uint64]  # (C,) number of the frailty's random words
    swing: float  # sigma of the rate's logarithm that moves with the market
    persistence: float
    span: float  # the table of the cycle factor goes from minus to plus this logarithm
    cohort: Ints  # (J,) cohort of each piece
    part: Floats  # (J,) its part of the cohort's mean number
    pieces: Pieces


class Chances(NamedTuple):
    """Chances to be booked by the periods' ends, given a win: see `Creation`."""

    by_end: Floats
    table: Floats
    span: float


class Entry(NamedTuple):
    """Where and when deals enter, and how their entries spread over calendar days."""

    stage: int
    knots: Floats  # days, rising
    by: Floats  # (C, knots) share of each cohort that has entered by then


def flattened(parts: Sequence[Any]) -> Iterator[Any]:
    """Yield the arrays and numbers of nested tuples."""
    for part in parts:
        if isinstance(part, tuple):
            yield from flattened(part)
        else:
            yield part


def lower_new_business(
    scenario: Scenario, shared: Shared, remembered: Remembered | None = None
) -> NewDeals | None:
    """Return the arrays of a scenario's new business, None if there is none."""
    business = scenario.new_business
    if business is None:
        return None
    windows = scenario.windows
    pieces = pieces_of(scenario, by_year=scenario.market.persistence < 1.0)
    whole = np.array([window.hi - window.lo for window in windows])[pieces.period]
    mean = np.array(business.mean_created(windows, scenario.as_of))[pieces.period]
    mean *= (pieces.hi - pieces.lo) / whole
    dispersed = business.dispersion > 0.0
    cohort = np.arange(len(mean)) if dispersed else pieces.year
    _, cohort = np.unique(cohort, return_inverse=True)
    cohort = cohort.reshape(-1).astype(np.int64)
    rate = np.bincount(cohort, mean).astype(np.float64)
    part = np.where(rate[cohort] > 0.0, mean / np.where(rate > 0.0, rate, 1.0)[cohort], 0.0)
    years = np.zeros(len(rate), np.int64)
    years[cohort] = pieces.year
    frailty, gammas = _frailties(business, [window.share for window in windows])
    entry = _entries(scenario, pieces, cohort, part)
    chances = _remembered_chances(scenario, shared, entry, remembered)
    creation = creation_of(scenario, shared, entry.stage, chances, years, NEW_DEAL, business.amount)
    swing = math.sqrt(math.log1p(business.market_swing**2))
    named = [stable_number(f"\0frailty {k}") for k in pieces.period.tolist()]
    return NewDeals(
        creation=creation,
        rate=rounded(rate),
        factor=_each(business.factor, scenario.draws),
        year=years,
        frailty=frailty[pieces.period] if dispersed else np.full(len(rate), -1, np.int64),
        gammas=gammas,
        streams=np.array(named, np.uint64),
        swing=math.copysign(swing, business.market_swing),
        persistence=scenario.market.persistence,
        span=chances.span,
        cohort=cohort,
        part=rounded(part),
        pieces=pieces,
    )


def pieces_of(scenario: Scenario, *, by_year: bool) -> Pieces:
    """Return the periods of creation, whole or cut by the years after the as-of date."""
    ends = np.array([window.hi for window in scenario.windows])
    cuts = YEAR * np.arange(1.0, math.ceil(ends[-1] / YEAR)) if by_year else ends[:0]
    edges = np.unique(np.concatenate([[0.0], ends, cuts]))
    lo, hi = edges[:-1], edges[1:]
    year = np.floor(0.5 * (lo + hi) / YEAR).astype(np.int64) * by_year
    return Pieces(np.searchsorted(ends, hi).astype(np.int64), lo, hi, year)


def _each(value: Parameter, draws: int) -> Floats:
    return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), (draws,)))


def _frailties(business: NewBusiness, shares: list[float]) -> tuple[Ints, Floats]:
    """Return the row of each period's gamma, and the quantile tables of mean-one gammas.

    The rate of a period is gamma with the shape ``share / dispersion``.
    """
    if business.dispersion == 0.0:
        return np.zeros(0, np.int64), np.zeros((0, 2, 2, 2))
    kinds, row = np.unique(np.array(shares), return_inverse=True)
    tables = [
        quantile_table(Gamma(mean=1.0, cv=math.sqrt(business.dispersion / share)))
        for share in kinds.tolist()
    ]
    return row.reshape(-1).astype(np.int64), np.stack(tables)


def _entries(scenario: Scenario, pieces: Pieces, cohort: Ints, part: Floats) -> Entry:
    """Return how the creation of each cohort spreads: evenly inside each piece."""
    business = scenario.new_business
    assert business is not None
    stage = 0 if business.stage is None else scenario.funnel.names.index(business.stage)
    edges = np.array([0.0, *pieces.hi])
    knots = edges
    if not scenario.clock.is_identity:
        knots = np.unique(np.concatenate([edges, np.arange(0.0, math.ceil(edges[-1]))]))
    created = np.zeros((int(cohort.max()) + 1, len(edges)))
    for j, end in enumerate(pieces.hi):
        created[cohort[j], edges >= end] += part[j]
    by = np.stack([np.interp(knots, edges, row) for row in created])
    return Entry(stage, knots, by)


def creation_of(  # noqa: PLR0917
    scenario: Scenario,
    shared: Shared,
    stage: int,
    chances: Chances,
    year: Ints,
    name: str,
    amount: Distribution | None,
) -> Creation:
    """Return what the kernel reads of deals that enter a stage."""
    draws = scenario.draws
    wins = np.broadcast_to(scenario.funnel.win_probabilities[:, stage], (len(year), draws))
    moved = bool(shared.common.any())
    alone = shared._replace(segments=np.zeros(0))
    whole = stable_number(name)
    cents, quantiles = amount_of(amount)
    nodes = chances.table.shape[2] // chances.by_end.shape[2]
    return Creation(
        score=rounded(scores(np.array(wins), alone, moved=moved)),
        year=year if moved else np.full(len(year), -1, np.int64),
        by_end=rounded(chances.by_end),
        table=rounded(chances.table),
        nodes=nodes,
        draw_step=nodes if chances.by_end.shape[2] > 1 else 0,
        low=np.uint64(whole & 0xFFFFFFFF),
        high=np.uint64(whole >> 32),
        amount=cents,
        quantiles=quantiles,
    )


def amount_of(amount: Distribution | None) -> tuple[int, Floats]:
    """Return one amount in cents, or the quantile table of a distribution."""
    if amount is None:
        return 0, np.zeros((0, 2, 2))
    if isinstance(amount, Fixed):
        return round(float(amount.mean) * CENTS), np.zeros((0, 2, 2))
    return 0, quantile_table(amount)


def _remembered_chances(
    scenario: Scenario, shared: Shared, entry: Entry, remembered: Remembered | None
) -> Chances:
    if remembered is None:
        return _chances_by_end(scenario, shared, entry)
    when = (scenario.as_of, scenario.periods, scenario.clock)
    key = ("new", scenario.funnel.times, *when, shared.cycle, *entry)
    return remembered.get(key, lambda: _chances_by_end(scenario, shared, entry))


def _chances_by_end(scenario: Scenario, shared: Shared, entry: Entry) -> Chances:
    """Return F by the periods' ends, (C, K, D), and its table over the cycle factor.

    A deal that enters at clock time ``s`` and needs ``c x`` is booked by the end ``T`` if
    ``s <= T - c x``: the share of entries by then, averaged over the law of ``x``.
    """
    clock, as_of = scenario.clock, scenario.as_of
    ends = clock.elapsed(as_of, [window.hi for window in scenario.windows])
    chosen = laws_of_draws(scenario.funnel)
    many = len(chosen) > MANY_DRAWS
    entered = _by_clock(entry, clock.elapsed(as_of, entry.knots))
    steps = FEWER_STEPS if many else STEPS
    none = np.zeros((0, len(ends), 2))
    if not shared.cycle.any() or ends[-1] <= 0.0:
        one = [_booked(laws, entry.stage, entered, ends, np.ones(1), steps) for laws in chosen]
        return Chances(np.ascontiguousarray(np.concatenate(one, axis=2)), none, 0.0)
    span = span_of(shared)
    factors = np.exp(np.linspace(-span, span, FEWER_NODES if many else NODES))
    rows = [_booked(laws, entry.stage, entered, ends, factors, steps) for laws in chosen]
    table = np.stack(rows, axis=2)  # (C, K, D, nodes)
    flat = table.reshape(len(entry.by), len(ends), -1)
    return Chances(np.zeros((len(entry.by), len(ends), len(chosen))), flat, span)


def span_of(shared: Shared) -> float:
    """Return how far a table over the cycle factor goes to either side, as a logarithm."""
    sigma = float(shared.cycle.max())
    return max(FAR * sigma + 0.5 * sigma * sigma, LEAST_SPAN)


def scales_of(factors: Floats) -> Iterator[Ints]:
    """Yield the places of cycle factors within a factor of 4: they share a lattice."""
    scale = np.floor(np.log(factors) / math.log(SCALE) + 0.5)
    for one in np.unique(scale):
        yield np.flatnonzero(scale == one)


Entered = tuple[Floats, Floats]


def _by_clock(entry: Entry, taus: Floats) -> Entered:
    """Return clock times, rising strictly, and the share of each cohort entered by then.

    Where the clock stands still the share jumps: just before and at the same time.
    """
    first = np.concatenate([[True], np.diff(taus) > TIE])
    last = np.concatenate([np.diff(taus) > TIE, [True]])
    kept = first | last
    at = np.where(last, taus, taus - 0.5 * TIE)[kept]
    return at, entry.by[:, kept]


def _booked(  # noqa: PLR0917
    laws: list[Distribution],
    stage: int,
    entered: Entered,
    ends: Floats,
    factors: Floats,
    steps: int,
) -> Floats:
    """Return the chance to be booked by each end under each cycle factor, (C, K, factors)."""
    at, shares = entered
    result = np.empty((len(shares), len(ends), len(factors)))
    for some in scales_of(factors):
        reach = float(ends[-1] / factors[some].min())
        law = RemainingTime(laws, reach, steps).law(stage, 0.0)
        for f in some.tolist():
            latest = ends[:, None] * (1.0 + 1e-12) + TIE - factors[f] * law.at
            for c, share in enumerate(shares):
                by = np.interp(latest, at, share, left=0.0)
                result[c, :, f] = np.clip(by @ law.chance, 0.0, 1.0)
    return result


# --- on the paths of a block ---


def draw_intensities(
    new: NewDeals, shared: Shared, factors: PathFactors, seed: int, first: int
) -> Intensities:
    """Return what the new business of a block's paths shares; ``factors`` are its deals'."""
    paths = len(factors.draw)
    z = _markets(new, shared, seed, first, paths)
    mean = new.rate[:, None] * new.factor[factors.draw]
    if new.swing != 0.0:
        moved = exponential(new.swing * z - 0.5 * new.swing * new.swing)
        mean = mean * moved[new.year]
    for c in np.flatnonzero(new.frailty >= 0).tolist():
        u = plain_points(seed, int(new.streams[c]), first, paths)
        mean[c] *= _read_quantiles(new.gammas[new.frailty[c]], u)
    _check_count(mean)
    common = shared.common[factors.draw]
    shift = np.sqrt(common / (1.0 - common)) * z
    place = np.zeros(paths)
    if len(new.creation.table):
        last = new.creation.nodes - 1.0
        along = (factors.slowness * shared.step + new.span) / (2.0 * new.span)
        place = np.clip(along * last, 0.0, last - 0.001)
    return Intensities(mean, shift, place, factors.size, factors.draw)


def _check_count(mean: Floats) -> None:
    """Refuse mean numbers on a path that could not be counted."""
    largest = float(mean.sum(axis=0).max(initial=0.0))
    if largest > MOST_CREATED:
        raise InputError(
            "new business of a path",
            f"stay below {MOST_CREATED:,.0f} deals on average",
            largest,
            "its rate, dispersion, factor or market_swing is too large",
        )


def _markets(new: NewDeals, shared: Shared, seed: int, first: int, paths: int) -> Floats:
    """Return the market factor of each year, shape (years, paths)."""
    years = int(new.year.max()) + 1
    z = np.zeros((years, paths))
    if not shared.common.any() and new.swing == 0.0:
        return z
    z[0] = normal_quantile(points(seed, MARKET, first, paths))
    phi = new.persistence
    for year in range(1, years):
        stream = stable_number(f"\0market of year {year}")
        e = normal_quantile(plain_points(seed, stream, first, paths))
        z[year] = phi * z[year - 1] + math.sqrt(1.0 - phi * phi) * e
    return z


def _read_quantiles(table: Floats, u: Floats) -> Floats:
    """Return the quantiles of a table as the kernels read it: each half has its own levels."""
    upper = u >= 0.5  # noqa: PLR2004
    level = np.where(upper, 1.0 - u, u)
    result = np.empty_like(u)
    for side in (0, 1):
        here = upper == bool(side)
        levels, values = table[side]
        at = np.clip(np.searchsorted(levels, level[here], side="right") - 1, 0, len(levels) - 2)
        part = (level[here] - levels[at]) / (levels[at + 1] - levels[at])
        result[here] = values[at] + part * (values[at + 1] - values[at])
    return result
