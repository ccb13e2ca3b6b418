"""The naive twin of the kernel of trajectories: one path, one deal, one stage at a time.

It reads the same Philox words. Times have single values only (fixed, discrete, samples), so that a
period or a day is not decided by the last digits of a table. What is told by ages, and the rates of
new business, are taken as the scenario's own: the twin is about what happens on a path.
"""

import functools
import hashlib
import itertools
import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

import funnelsim as fs
from tests.oracles.philox import philox, word
from tests.oracles.twin import draw_of

NORMAL = NormalDist()
OUTCOME, AMOUNT_HIGH, AMOUNT_LOW, PERIOD, DAY, COUNT_HIGH, COUNT_LOW, OFFSPRING = range(8)
FIRST_TIME, CHILD = 8, 2**31
MARKET, CYCLE, SIZE, DRAW = range(4)
TIE, RELATIVE_TIE = 1e-9, 1e-12
NEVER = 2**31 - 1
YEAR = 365.25


class Found(NamedTuple):
    """What is found on P paths, as in a block of trajectories."""

    bookings: np.ndarray
    fresh: np.ndarray
    entering: np.ndarray
    standing: np.ndarray
    signed: np.ndarray


class Visit(NamedTuple):
    """A stay in a stage: the periods in which it begins (-1: before all) and ends."""

    stage: int
    entered: int
    left: int
    forward: bool


class Points(NamedTuple):
    """The coordinates of a path, and the mean number of deals created on it in each period."""

    point: object  # (dimension, path)
    plain: object  # (stream, path)
    mean: object  # (period, path)


def walk_twin(scenario, lowered, seed, paths, points, signed):
    """Return what happens on some paths; ``signed`` days of first wins are kept."""
    each = [_OnePath(scenario, lowered, seed, path, points).run() for path in paths]
    first = np.full((signed, len(each)), NEVER)
    for column, one in enumerate(each):
        days = sorted(one.days)[:signed]
        first[: len(days), column] = days
    return Found(
        np.stack([one.bookings for one in each], axis=-1),
        np.stack([one.fresh for one in each], axis=-1),
        np.stack([one.entering for one in each], axis=-1),
        np.stack([one.standing for one in each], axis=-1),
        first,
    )


def stable_number(name):
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def uniform(word_of_31_bits):
    return (word_of_31_bits + 0.5) / 2**31


def values_of(law):
    """Return the values of a law, rising, with their chances."""
    if isinstance(law, fs.Fixed):
        return [(law.mean, 1.0)]
    if isinstance(law, fs.Sample):
        return [(value, 1.0 / len(law.values)) for value in sorted(law.values)]
    return sorted(zip(law.values, law.chances, strict=True))


def longer(law, age):
    """Return the chance of a time longer than ``age``."""
    return math.fsum(chance for value, chance in values_of(law) if value > age)


def time_exceeded_by(law, level):
    """Return the time that is exceeded with the chance ``level``."""
    return next(value for value, _ in values_of(law) if longer(law, value) <= level)


@functools.lru_cache(maxsize=100_000)
def tau(clock, as_of, day):
    return float(clock.elapsed(as_of, [day])[0])


class _OnePath:
    """All that happens on one path."""

    def __init__(self, scenario, lowered, seed, path, points):
        self.scenario, self.lowered, self.seed, self.path = scenario, lowered, seed, path
        self.points, self.business = points, scenario.new_business
        self.draw = int(points.point(DRAW, path) * scenario.draws) if scenario.draws > 1 else 0
        market = scenario.market
        self.pace = self._mean_one(market.cycle_cv, CYCLE)
        self.size = self._mean_one(market.amount_cv, SIZE)
        self.periods, self.last = len(scenario.windows), len(scenario.funnel.stages) - 1
        self.ends = [self.tau(window.hi) for window in scenario.windows]
        self.bookings = np.zeros(self.periods, np.int64)
        self.fresh = np.zeros(self.periods, np.int64)
        self.entering = np.zeros((self.last + 1, self.periods), np.int32)
        self.standing = np.zeros((self.last, self.periods), np.int32)
        self.days = []

    def run(self):
        for deal in range(len(self.scenario.pipeline)):
            self._open_deal(deal)
        if self.business is not None:
            for deal in range(self._number_created()):
                self._created_deal(deal)
        return self

    # what deals share

    def _mean_one(self, cv, dimension):
        sigma = math.sqrt(math.log1p(draw_of(cv, self.draw) ** 2))
        if sigma == 0.0:
            return 1.0
        e = NORMAL.inv_cdf(self.points.point(dimension, self.path))
        return math.exp(sigma * e - 0.5 * sigma * sigma)

    def _moved(self, chance, segments, year):
        """Return a chance as the market of the path moves it."""
        market = self.scenario.market
        rho = draw_of(market.win_rate_correlation, self.draw)
        own = 1.0 - rho - sum(tied for tied, _ in segments)
        if chance in (0.0, 1.0) or own == 1.0:
            return chance
        latent = NORMAL.inv_cdf(chance) + math.sqrt(rho) * (self._market(year) if rho else 0.0)
        for tied, stream in segments:
            latent += math.sqrt(tied) * NORMAL.inv_cdf(self.points.plain(stream, self.path))
        return NORMAL.cdf(latent / math.sqrt(own))

    def _market(self, year):
        if year == 0:
            return NORMAL.inv_cdf(self.points.point(MARKET, self.path))
        phi = self.scenario.market.persistence
        stream = stable_number(f"\0market of year {year}")
        e = NORMAL.inv_cdf(self.points.plain(stream, self.path))
        return phi * self._market(year - 1) + math.sqrt(1.0 - phi * phi) * e

    # clock, periods, days

    def tau(self, day):
        return tau(self.scenario.clock, self.scenario.as_of, day)

    def period_of(self, clock):
        """Return the period that a clock time is in; their number beyond the horizon."""
        return next(
            (k for k, end in enumerate(self.ends) if clock <= end * (1.0 + RELATIVE_TIE) + TIE),
            self.periods,
        )

    def day_of(self, clock):
        """Return the first whole day by whose end the clock reaches a time."""
        day = 0
        while self.tau(day) < clock * (1.0 - RELATIVE_TIE) - TIE:
            day += 1
        return day

    # one deal

    def word(self, number, purpose):
        """Return the 31 bits of a purpose."""
        return word(self.seed, self.path, number, purpose) >> 1

    def _laws(self, stage):
        """Return the times in a stage, going forward and if lost."""
        step = self.scenario.funnel.stages[stage]
        pair = (step.time, step.time_if_lost or step.time)
        return [law.at(min(self.draw, law.draws - 1)) for law in pair]

    def _rest(self, stage, number, lost, age):
        """Return what remains of the time in a stage; an age of None: the deal just entered it."""
        law, level = self._laws(stage)[lost], uniform(self.word(number, FIRST_TIME + stage))
        if age is None:
            return time_exceeded_by(law, level)
        alive = longer(law, age)
        return max(time_exceeded_by(law, alive * level) - age, 0.0) if alive > 0.0 else 0.0

    def _fate(self, stage, number, win, segments=(), year=0):
        """Return the stage that a deal gets to: the one in which it is lost, or the last."""
        wins = np.broadcast_to(
            self.scenario.funnel.win_probabilities, (self.scenario.draws, self.last + 1)
        )[self.draw]
        u = uniform(self.word(number, OUTCOME))
        while stage < self.last:
            chance = min(win / wins[stage + 1], 1.0)
            if u >= self._moved(chance, segments, year):
                break
            stage += 1
        return stage

    def _walk(self, stage, number, fate, clock=0.0, age=None):
        """Return the clock times at which the deal leaves each stage, and how it does."""
        steps = []
        for s in range(stage, min(fate, self.last - 1) + 1):
            lost = s == fate
            clock += self._rest(s, number, lost, age if s == stage else None) * self.pace
            steps.append((s, clock, not lost))
        return steps

    def _count(self, visits):
        for visit in visits:
            if visit.forward and visit.left < self.periods:
                self.entering[visit.stage + 1, visit.left] += 1
            self.standing[visit.stage, max(visit.entered, 0) : visit.left] += 1

    def _visits(self, steps, entered):
        visits = []
        for stage, clock, forward in steps:
            left = max(self.period_of(clock), entered)  # a day off may end an earlier period
            visits.append(Visit(stage, entered, left, forward))
            entered = left
        return visits

    def _win(self, number, period, day, clock, amount, new):
        """Book a win, and all wins that it opens."""
        if period >= self.periods:
            return
        self._book(number, period, day, amount, new)
        repeat = self.business.repeat if self.business else None
        if repeat is None or repeat.mean == 0.0:
            return
        opened = self._opened(self.word(number, OFFSPRING))
        self._open_wins(number, opened, day, clock)

    def _book(self, number, period, day, amount, new):
        cents = self._cents(number, amount)
        self.bookings[period] += cents
        self.fresh[period] += cents * new
        self.days.append(day)

    def _cents(self, number, amount):
        """Return the cents of a deal, rounded after the amount factor; whole numbers are cents."""
        if amount is None:
            return 0
        if isinstance(amount, int):
            return math.floor(amount * self.size + 0.5)
        high, low = self.word(number, AMOUNT_HIGH), self.word(number, AMOUNT_LOW)
        u = ((high << 22 | low >> 9) + 0.5) / 2**53
        return math.floor(time_exceeded_by(amount, 1.0 - u) * 100.0 * self.size + 0.5)

    # open deals

    def _open_deal(self, deal):
        scenario, standing = self.scenario, self.lowered.standing
        pipeline, group = scenario.pipeline, self.lowered.group[deal]
        number = stable_number(pipeline.ids[deal])
        stage, age = int(standing.stage[group]), float(standing.age[group])
        win = float(self.lowered.wins[group, self.draw])
        segments = [
            (tied, stable_number(f"{name}\0{pipeline.segment(name)[deal]}"))
            for name, tied in scenario.market.segment_correlation.items()
        ]
        fate = self._fate(stage, number, win, segments)
        steps = self._walk(stage, number, fate, age=age)
        visits = self._visits(steps, -1)
        clock, day = steps[-1][1], None
        if fate == self.last and not math.isnan(standing.close[group]):
            day = int(standing.close[group])
            clock = self.tau(day)
            visits = self._on_date(steps, day)
        self._count(visits)
        if fate == self.last:
            day = max(self.day_of(clock), 1) if day is None else day
            self._win(number, visits[-1].left, day, clock, pipeline.amounts[deal], new=False)

    def _on_date(self, steps, day):
        """Return the visits of a deal that is won on a stated day: its times, but for scale."""
        close = self.tau(day)
        at_close = next(
            (k for k, window in enumerate(self.scenario.windows) if day <= window.hi), self.periods
        )
        whole = steps[-1][1]
        visits, entered = [], -1
        for stage, clock, _ in steps:
            at = clock / whole * close if whole > TIE else 0.0
            left = at_close if stage == self.last - 1 else min(self.period_of(at), at_close)
            visits.append(Visit(stage, entered, left, forward=True))
            entered = left
        return visits

    # new business

    def _number_created(self):
        if self.business.planned:
            return int(sum(self._planned()))
        number = stable_number("\0created deal")
        high, low = self.word(number, COUNT_HIGH), self.word(number, COUNT_LOW)
        u = ((high << 22 | low >> 9) + 0.5) / 2**53
        mean = sum(self.points.mean(k, self.path) for k in range(len(self._pieces())))
        assert mean < 500
        return poisson_number(mean, u)

    def _planned(self):
        return self.business.mean_created(self.scenario.windows, self.scenario.as_of)

    def _pieces(self):
        """Return the periods as (number, first day, last day), cut by the years of the market."""
        years = self.scenario.market.persistence < 1.0 and not self.business.planned
        found = []
        for k, window in enumerate(self.scenario.windows):
            whole = range(1, math.ceil(window.hi / YEAR)) if years else ()
            inside = [YEAR * year for year in whole if window.lo < YEAR * year < window.hi]
            cuts = [window.lo, *inside, window.hi]
            found += [(k, lo, hi) for lo, hi in itertools.pairwise(cuts)]
        return found

    def _born(self, deal, number):
        """Return the piece of a period in which a deal is created."""
        pieces = self._pieces()
        if self.business.planned:
            sizes, place = self._planned(), deal + 0.5
        else:
            sizes = [self.points.mean(k, self.path) for k in range(len(pieces))]
            place = uniform(self.word(number, PERIOD)) * sum(sizes)
        return next(one for k, one in enumerate(pieces) if place < sum(sizes[: k + 1]))

    def _created_deal(self, deal):
        scenario, names = self.scenario, self.scenario.funnel.names
        number = (stable_number("\0created deal") + deal) % 2**64
        stage = names.index(self.business.stage or names[0])
        born, first, last = self._born(deal, number)
        day = first + uniform(self.word(number, DAY)) * (last - first)
        wins = scenario.funnel.win_probabilities
        win = float(wins[self.draw if len(wins) > 1 else 0, stage])
        year = math.floor(day / YEAR) if scenario.market.persistence < 1.0 else 0
        fate = self._fate(stage, number, win, year=year)
        steps = self._walk(stage, number, fate, clock=self.tau(day))
        visits = self._visits(steps, born)
        self.entering[stage, born] += 1
        self._count(visits)
        if fate == self.last:
            clock, amount = steps[-1][1], _as_cents(self.business.amount)
            won_on = max(self.day_of(clock), math.ceil(day))
            self._win(number, visits[-1].left, won_on, clock, amount, new=True)

    # repeats

    def _opened(self, bits):
        """Return how many wins a win opens."""
        return poisson_number(self.business.repeat.mean, uniform(bits))

    def _open_wins(self, number, opened, day, clock):
        repeat = self.business.repeat
        tile, within = divmod(self.path, 256)
        which, lane = divmod(within, 64)
        key = (self.seed & 0xFFFFFFFF, self.seed >> 32)
        for one in range(opened):
            counter = (64 * tile + lane, number & 0xFFFFFFFF, number >> 32, CHILD + 4 * one + which)
            low, high, when, more = philox(counter, key)
            at = clock + time_exceeded_by(repeat.delay, uniform(when >> 1))
            period = self.period_of(at)
            if period < self.periods:
                child, won_on = high << 32 | low, max(self.day_of(at), day)
                amount = _as_cents(repeat.amount or self.business.amount)
                self._book(child, period, won_on, amount, new=True)
                self.entering[self.last, period] += 1
                self._open_wins(child, self._opened(more >> 1), won_on, at)


def _as_cents(amount):
    """Return the cents of a fixed amount; other laws stay as they are."""
    return round(amount.mean * 100) if isinstance(amount, fs.Fixed) else amount


def poisson_number(mean, u):
    """Return the least number at which the distribution function reaches ``u``."""
    number, chance = 0, math.exp(-mean)
    reached = chance
    while reached < u:
        number += 1
        chance *= mean / number
        reached += chance
    return number
