"""Histories whose truth is known: nine worlds to forecast in, and funnels to recover.

The draws of a longer history begin with those of a shorter one: `simulate_world` of 40 months is
that of 36 months and 4 more. Each purpose has its own stream, so worlds of one seed share draws.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import ndtr, ndtri

from funnelsim.events import LOST, WON, EventLog

MONTH = 365.25 / 12
EPOCH = dt.date(1970, 1, 1).toordinal()
FIRST = dt.date(2020, 1, 1).toordinal()
WARM_UP = 12
"""Months of creation before the first recorded close: the pipeline is full when records begin."""
CREATION, CHANGES, TIMES, OUTCOMES, AMOUNTS, MARKET, SEGMENTS, PULL, SIGNING, DESIGN = range(10)


@dataclass(frozen=True)
class World:
    """What is true in a world; times are in days, rates by the month of 30.44 days.

    Parameters
    ----------
    deals : float
        Mean number of deals created in a month, by all teams together.
    change : float
        Standard deviation of the log of the creation rate, drawn anew every 9 months for all
        teams together; the mean rate stays ``deals``.
    log_sd : float
        Of the log-normal amounts, whose mean is 50,000.
    rho : float
        Correlation of the latent normals of all outcomes decided in one month, at every stage.
        The market is a normal AR(1) of months with persistence 0.9: half of a shock is gone
        after 6.6 months. A stage's outcome uses the month in which it is decided.
    pulled : float
        Share of wins that are signed in the last 14 days of their quarter, if they were not
        already; the others stay where they were.
    staged : bool
        Whether stages are recorded, or only that a deal was created and closed.
    capacity : float
        What a team can sign, as a share of the mean number of its wins; inf for no limit. Wins
        queue for their team's pen, first come first served, and signing takes an exponential
        time. Until they are signed they stand in the last stage.
    odds : tuple of float
        Of each product: what multiplies the odds to go forward, at every stage.
    sizes : tuple of float
        Of each product: what multiplies its amounts.
    """

    deals: float = 300.0
    change: float = 0.0
    log_sd: float = 0.6
    rho: float = 0.0
    pulled: float = 0.0
    staged: bool = True
    capacity: float = np.inf
    odds: tuple[float, ...] = (1.0, 1.0, 1.0)
    sizes: tuple[float, ...] = (1.0, 1.0, 1.0)


STAGES = ("training", "contact", "consulting", "proposal", "tender")
CONVERSIONS = np.array([0.5, 4 / 9, 0.9, 0.625, 0.8])
MEAN_DAYS = np.array([20.0, 15.0, 25.0, 25.0, 20.0])
SHAPE = 2.0
TEAMS = 5
PRODUCTS = (0.5, 0.3, 0.2)
MEAN_AMOUNT = 50_000.0
BOOKED_SD = 0.1
EVERY = 9
PERSISTENCE = 0.9
LAST_DAYS = 14

_ALL = World(deals=150.0, change=0.5, log_sd=1.5, rho=0.05, pulled=0.5)
WORLDS = {
    "steady": World(),
    "changing creation": World(change=0.5),
    "unequal deals": World(deals=150.0, log_sd=1.5),
    "strong market": World(rho=0.05),
    "quarter-end pull": World(pulled=0.5),
    "all of these": _ALL,
    "stages not recorded": replace(_ALL, staged=False),
    "capacity-bound": World(change=0.5, capacity=0.9),
    "products differ": World(odds=(1.0, 0.7, 1.5), sizes=(1.0, 3.0, 0.5)),
}


def record_start(seed):
    """Return the first day of a world's record: origins stand anywhere in a quarter."""
    return FIRST + 37 * seed % 91


def origin(seed, months):
    """Return the last day of so many months of a world's record."""
    return record_start(seed) + round(months * MONTH) - 1


def simulate_world(name, seed, months=36):
    """Return the log of a world's first months of recorded closes.

    Deals created in the year before are there as far as they were still open when the record
    began, with all their stages.
    """
    world, start = WORLDS[name], record_start(seed)
    end = origin(seed, months) + 1
    created = _created(world, seed, start - WARM_UP * MONTH, WARM_UP + int(months) + 2)
    count = len(created)
    left = created[:, None] + np.cumsum(_times(seed, count), axis=1)
    product = np.searchsorted(np.cumsum(PRODUCTS), _stream(seed, SEGMENTS + 100).random(count))
    chances = _chances(world, seed, start - WARM_UP * MONTH, left)
    chances = multiplied(chances, np.array(world.odds)[product, None])
    passed = np.cumprod(_stream(seed, OUTCOMES).random(left.shape) < chances, axis=1, dtype=bool)
    won, furthest = passed[:, -1], np.minimum(passed.sum(axis=1), len(STAGES) - 1)
    closed = left[np.arange(count), furthest]
    team = _stream(seed, SEGMENTS).integers(TEAMS, size=count)
    if np.isfinite(world.capacity):
        closed = _signed(world, seed, closed, won, team)
    closed = _pulled(world, seed, closed, won)
    estimate, booked = _amounts(seed, count, np.log(MEAN_AMOUNT) - world.log_sd**2 / 2, world)
    estimate, booked = (np.array(world.sizes)[product] * one for one in (estimate, booked))
    entry = np.column_stack([created, np.where(passed, left, np.inf)[:, :-1]])
    return _log(
        _Deals(entry if world.staged else entry[:, :1], closed, won, estimate, booked),
        STAGES if world.staged else ("open",),
        {"team": team, "product": product},
        (start, end),
        f"{name}, seed {seed}",
    )


def market(seed, months):
    """Return the market factor of each month from a year before the record on."""
    shocks = _stream(seed, MARKET).standard_normal(months)
    fresh = np.sqrt(1 - PERSISTENCE**2)
    factor = np.empty(months)
    now = shocks[0]
    for month, shock in enumerate(shocks):
        now = PERSISTENCE * now + fresh * shock if month else now
        factor[month] = now
    return factor


def creation_rates(world, seed, months):
    """Return the mean number of deals created in each month from a year before the record on."""
    stream = _stream(seed, CHANGES)
    phase = int(stream.integers(EVERY))
    levels = world.change * stream.standard_normal(months // EVERY + 2) - world.change**2 / 2
    return world.deals * np.exp(levels[(np.arange(months) + phase) // EVERY])


def conditional(chance, rho, factor):
    """Return the chance given the market factor (Vasicek's one-factor model)."""
    return ndtr((ndtri(chance) + np.sqrt(rho) * factor) / np.sqrt(1 - rho))


def multiplied(chance, odds):
    """Return the chance whose odds are so many times as high."""
    return chance * odds / (1 - chance + chance * odds)


def _stream(seed, purpose):
    return np.random.Generator(np.random.Philox(key=np.array([seed, purpose], np.uint64)))


def _created(world, seed, first, months):
    stream = _stream(seed, CREATION)
    counts = stream.poisson(creation_rates(world, seed, months))
    month = np.repeat(np.arange(months), counts)
    when = _stream(seed, CREATION + 100).random(len(month))
    return first + MONTH * np.sort(month + when)


def _times(seed, count):
    return MEAN_DAYS / SHAPE * _stream(seed, TIMES).gamma(SHAPE, size=(count, len(STAGES)))


def _chances(world, seed, first, left):
    if world.rho == 0:
        return CONVERSIONS
    month = ((left - first) / MONTH).astype(int)
    return conditional(CONVERSIONS, world.rho, market(seed, month.max() + 1)[month])


def _amounts(seed, count, log_mean, world):
    normal = _stream(seed, AMOUNTS).standard_normal((count, 2))
    estimate = np.exp(log_mean + world.log_sd * normal[:, 0])
    return estimate, estimate * np.exp(BOOKED_SD * normal[:, 1] - BOOKED_SD**2 / 2)


def _signed(world, seed, ready, won, team):
    signing = _stream(seed, SIGNING).standard_exponential(len(ready))
    mean_wins = world.deals / MONTH / TEAMS * CONVERSIONS.prod()
    signing /= world.capacity * mean_wins
    closed = ready.copy()
    for one in range(TEAMS):
        wins = np.flatnonzero(won & (team == one))
        free = -np.inf
        for deal in wins[np.argsort(ready[wins])]:
            free = max(free, ready[deal]) + signing[deal]
            closed[deal] = free
    return closed


def _pulled(world, seed, closed, won):
    draws = _stream(seed, PULL).random((len(closed), 2))
    late = quarter_end(closed) - LAST_DAYS * draws[:, 1]
    early = quarter_end(closed) - closed > LAST_DAYS
    return np.where(won & early & (draws[:, 0] < world.pulled), late, closed)


def quarter_of(day):
    """Return the calendar quarter of days, counted from 1970."""
    days = (np.floor(day).astype(np.int64) - EPOCH).astype("datetime64[D]")
    return days.astype("datetime64[M]").astype(np.int64) // 3


def quarter_end(day):
    """Return the first moment after the calendar quarter of days."""
    months = (3 * (quarter_of(day) + 1)).astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64) + EPOCH


@dataclass(frozen=True, eq=False)
class _Deals:
    """Deals to their end: entries of shape (deals, stages), inf for stages never reached."""

    entry: np.ndarray
    closed: np.ndarray
    won: np.ndarray
    estimate: np.ndarray
    booked: np.ndarray


def _log(deals, stages, segments, record, source):
    """Return what a record from its first day up to (not with) its end holds of the deals."""
    start, end = record
    kept = np.flatnonzero((deals.closed >= start) & (deals.entry[:, 0] < end))
    place, stage = np.nonzero(deals.entry[kept] < end)
    ended = np.flatnonzero(deals.closed[kept] < end)
    won = deals.won[kept][ended]
    said = np.where(stage == 0, deals.estimate[kept][place], np.nan)
    return EventLog(
        [f"D{number:06d}" for number in kept.tolist()],
        stages,
        deal=np.concatenate([place, ended]),
        time=np.concatenate([deals.entry[kept][place, stage], deals.closed[kept][ended]]),
        state=np.concatenate([stage, np.where(won, WON, LOST)]),
        amount=np.concatenate([said, np.where(won, deals.booked[kept][ended], np.nan)]),
        segments={
            name: [f"{name} {code + 1}" for code in codes[kept].tolist()]
            for name, codes in segments.items()
        },
        record_start=start,
        last_day=end - 1,
        currency="EUR",
        source=source,
    )


@dataclass(frozen=True)
class FunnelTruth:
    """What is true of a simulated funnel; a stage's values stand in the order of the stages.

    Parameters
    ----------
    conversions : tuple of float
        The long-run chance to go forward from each stage.
    forward, lost : tuple of (float, float)
        Mean days and gamma shape of the time in each stage, if left forward or lost.
    created : float
        Mean number of deals created in a calendar month.
    dispersion : float
        Of the deals created in a calendar month, independent between months: the variance is
        ``created + dispersion * created**2``.
    rho : float
        Correlation of the latent normals that decide how far the deals of one calendar quarter of
        creation get; independent between quarters.
    log_mean, log_sd : float
        Of the log-normal amounts, as estimated.
    months : int
        Calendar months of the record.
    truncated : bool
        Whether deals that closed before the record began are absent. Otherwise the first deal was
        created on the record's first day.
    """

    conversions: tuple[float, ...]
    forward: tuple[tuple[float, float], ...]
    lost: tuple[tuple[float, float], ...]
    created: float
    dispersion: float
    rho: float
    log_mean: float
    log_sd: float
    months: int
    truncated: bool

    @cached_property
    def win_rate(self):
        """The long-run share of deals that are won."""
        return float(np.prod(self.conversions))


def funnel_truth(seed):
    """Return what is true of the funnel of a seed: the stages go round from 3 to 6.

    Every third is truncated; every other one has a rho.
    """
    draw = _stream(seed, DESIGN)
    stages = 3 + seed % 4
    forward = draw.uniform(8, 40, stages)
    lost = forward * draw.uniform(0.5, 1.8, stages)
    shapes = draw.uniform(1, 4, (2, stages))
    return FunnelTruth(
        conversions=tuple(draw.uniform(0.5, 0.9, stages)),
        forward=tuple(zip(forward.tolist(), shapes[0].tolist(), strict=True)),
        lost=tuple(zip(lost.tolist(), shapes[1].tolist(), strict=True)),
        created=draw.uniform(60, 200),
        dispersion=draw.uniform(0.0, 0.1),
        rho=draw.uniform(0.03, 0.15) if seed % 2 else 0.0,
        log_mean=draw.uniform(8, 11),
        log_sd=draw.uniform(0.3, 1.2),
        months=int(draw.integers(12, 37)),
        truncated=seed % 3 == 0,
    )


def simulate_funnel(seed):
    """Return the log of a known funnel, censored at its last day, and what is true of it."""
    truth = funnel_truth(seed)
    return simulate_truth(truth, seed), truth


def simulate_truth(truth, seed):
    """Return a log of the truth: another seed is another history of the same funnel."""
    before = WARM_UP if truth.truncated else 0
    months = np.arange(-before, truth.months + 1)
    edges = (np.datetime64("2020-01") + months).astype("datetime64[D]").astype(np.int64) + EPOCH
    rates = np.full(len(edges) - 1, truth.created)
    if truth.dispersion > 0:
        shape = 1 / truth.dispersion
        rates = rates / shape * _stream(seed, CHANGES).gamma(shape, size=len(rates))
    month = np.repeat(np.arange(len(rates)), _stream(seed, CREATION).poisson(rates))
    when = _stream(seed, CREATION + 100).random(len(month))
    created = np.sort(edges[month] + np.diff(edges)[month] * when)
    entry, closed, won = _walked(truth, seed, created)
    estimate, booked = _amounts(seed, len(created), truth.log_mean, truth)
    team = _stream(seed, SEGMENTS).integers(4, size=len(created))
    names = [f"stage {k + 1}" for k in range(len(truth.conversions))]
    deals = _Deals(entry, closed, won, estimate, booked)
    return _log(deals, names, {"team": team}, (int(edges[before]), int(edges[-1])), f"seed {seed}")


def _walked(truth, seed, created):
    """Return entries, closes and wins: how far a deal gets is one uniform, as in the model."""
    count, stages = len(created), len(truth.conversions)
    quarter = quarter_of(created)
    factor = _stream(seed, MARKET).standard_normal(np.ptp(quarter) + 1)[quarter - quarter[0]]
    latent = _stream(seed, OUTCOMES).standard_normal(count)
    uniform = ndtr(np.sqrt(1 - truth.rho) * latent - np.sqrt(truth.rho) * factor)
    passed = uniform[:, None] < np.cumprod(truth.conversions)
    mean, shape = np.where(passed[..., None], truth.forward, truth.lost).transpose(2, 0, 1)
    left = created[:, None] + np.cumsum(mean / shape * _stream(seed, TIMES).gamma(shape), axis=1)
    closed = left[np.arange(count), np.minimum(passed.sum(axis=1), stages - 1)]
    entry = np.column_stack([created, np.where(passed, left, np.inf)[:, :-1]])
    return entry, closed, passed[:, -1]
