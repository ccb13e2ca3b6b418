"""The naive twin of the kernel of working capacity: one path, event by event, in plain lists.

It reads the same Philox words as the kernel and is given who is there on which day. Times and hours
have single values only, as in the twin of trajectories. What happens in one second happens in this
order: the day begins, work is done, deals come to a stage, waiting deals are lost.
"""

import heapq
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

import funnelsim as fs
from tests.oracles.walk_twin import (
    NEVER,
    RELATIVE_TIE,
    TIE,
    _as_cents,
    _OnePath,
    stable_number,
    time_exceeded_by,
    uniform,
)

WORK, PATIENCE = 2**20, 2**21
DAY = 86_400
UNITS_OF_A_SECOND = 1_440_000
MORNING, DONE, COMING, LOST = range(4)


class Loads(NamedTuple):
    """What is found of the work, as in a block of the kernel."""

    worked: np.ndarray
    begun: np.ndarray
    waited: np.ndarray
    wait: np.ndarray
    stale: np.ndarray
    backlog: np.ndarray


class Leg(NamedTuple):
    """A stay in a stage."""

    stage: int
    time: float
    forward: bool
    seconds: int


@dataclass
class Deal:
    """A deal on its way."""

    number: int
    rank: int
    legs: list
    clock: float
    period: int
    earliest: int
    amount: object
    new: bool
    owner: str | None
    value: float
    due: float
    dated: tuple | None = None  # clock, period and day of a win on a stated date
    since: int = 0
    spent: int = 0
    units: int = 0
    stay: float = 0.0
    begun: bool = False
    waits: bool = False


@dataclass
class Seat:
    """What a seat works on: a deal, or the rest of what a deal no longer waits for."""

    pool: tuple
    busy: bool = False
    deal: Deal | None = None
    left: int = 0  # units that it leaves undone


def queue_twin(scenario, lowered, seed, paths, points, rates, patience, signed):
    """Return what happens on some paths; ``rates`` (paths, seats, days) belong to them.

    Seats are ordered as the team names its people. ``patience`` tells the days that a deal waits at
    most from a uniform; None: it waits for ever.
    """
    each = [
        _Office(scenario, lowered, seed, path, points, rates[place].tolist(), patience).run()
        for place, path in enumerate(paths)
    ]
    first = np.full((signed, len(each)), NEVER)
    for column, one in enumerate(each):
        days = sorted(one.days)[:signed]
        first[: len(days), column] = days
    found = {
        name: np.stack([getattr(one, name) for one in each], axis=-1)
        for name in ("bookings", "fresh", "entering", "standing", *Loads._fields)
    }
    return {**found, "signed": first}


class _Office(_OnePath):
    """All that happens on one path, with people."""

    def __init__(self, scenario, lowered, seed, path, points, rates, patience):
        super().__init__(scenario, lowered, seed, path, points)
        self.team, self.rates, self.patience = scenario.team, rates, patience
        self.roles = [role.name for role in self.team.roles]
        self.horizon = math.ceil(scenario.windows[-1].hi)
        days = np.arange(self.horizon + 1.0)
        self.taus = _rounded(scenario.clock.elapsed(scenario.as_of, days))
        self.seats = [Seat(self._pool_of_rep(place)) for place in range(len(rates))]
        self.queues, self.events, self.deals = {}, [], []
        shape = (self.last, self.periods)
        self.worked = np.zeros((len(self.roles), self.periods), np.int64)
        self.begun, self.waited, self.wait, self.stale, self.backlog = np.zeros(
            (5, *shape), np.int64
        )
        self.open = len(scenario.pipeline)
        ranked = sorted(range(self.open), key=lambda d: stable_number(scenario.pipeline.ids[d]))
        self.rank = {deal: rank for rank, deal in enumerate(ranked)}

    def run(self):
        super().run()  # notes all deals
        for deal in self.deals:
            self._come_or_pass(deal, (deal.earliest - 1) * DAY)
        for day in range(self.horizon):
            self._at(day * DAY, MORNING, day)
        while self.events:
            second, kind, order, payload = heapq.heappop(self.events)
            if second >= self.horizon * DAY:
                break
            if kind == MORNING:
                self._morning(order)
            elif kind == DONE:
                self._done(order, second)
            elif kind == COMING:
                self._comes(payload, second)
            else:
                self._lost(payload, second)
        return self

    # the calendar

    def clock_at(self, second):
        return self._clock_on(second / DAY)

    def _clock_on(self, day):
        whole = int(day)
        if self.scenario.clock.is_identity:
            return day
        return self.taus[whole] + (day - whole) * (self.taus[whole + 1] - self.taus[whole])

    def second_of(self, clock):
        return min(math.floor(self._calendar(clock) * DAY), self.horizon * DAY - 1)

    def _calendar(self, clock):
        if self.scenario.clock.is_identity:
            return clock
        after = next((d for d, tau in enumerate(self.taus) if tau >= clock), None)
        if after is None:
            return float(self.horizon)
        if after == 0:
            return 0.0
        before = self.taus[after - 1]
        return (after - 1) + (clock - before) / (self.taus[after] - before)

    def _period_from(self, clock, period):
        while period < self.periods and clock > self.ends[period] * (1.0 + RELATIVE_TIE) + TIE:
            period += 1
        return period

    # people

    def _role_of_seat(self, place):
        return self.team.people[place].role

    def _pool_of_rep(self, place):
        """Return a name for those who share their work."""
        rep = self.team.people[place]
        return (rep.role, place) if self.team.by == "owner" else (rep.role,)

    def _pool_of(self, deal):
        """Return the pool that a deal's work in its stage belongs to."""
        stage = self.scenario.funnel.names[deal.legs[0].stage]
        work = self.team.work.get(stage)
        role = work.role if work is not None and work.role else self.roles[0]
        if self.team.by == "pool":
            return (role,)
        own = [place for place, rep in enumerate(self.team.people) if rep.role == role]
        for place in own:
            name = self.team.people[place].name
            if name is not None and name.casefold() == (deal.owner or "").casefold():
                return (role, place)
        return (role, own[(deal.number & 0xFFFFFFFF) % len(own)])

    def _there(self, place, second):
        return self.rates[place][second // DAY] >= 0

    # deals

    def _hours(self, stage):
        """Return the hours of a stage; None if it takes no work."""
        step = self.scenario.funnel.stages[stage]
        work = self.team.work.get(step.name)
        law = fs.Fixed(step.hours or 0.0) if work is None else work.hours
        return law if law.mean > 0.0 else None

    def _leg(self, stage, number, fate, age, scale=None):
        law, lost = self._hours(stage), stage == fate
        time = self._rest(stage, number, lost, age) * (self.pace if scale is None else scale)
        seconds = 0
        if law is not None and age is None:
            hours = time_exceeded_by(law, uniform(self.word(number, WORK + stage)))
            seconds = math.floor(hours * 3600.0 + 0.5)
        return Leg(stage, time, not lost, seconds)

    def _legs(self, stage, number, fate, age=None, scale=None):
        return [
            self._leg(s, number, fate, age if s == stage else None, scale)
            for s in range(stage, min(fate, self.last - 1) + 1)
        ]

    def _open_deal(self, deal):
        standing, pipeline = self.lowered.standing, self.scenario.pipeline
        group, number = self.lowered.group[deal], stable_number(pipeline.ids[deal])
        stage, age = int(standing.stage[group]), float(standing.age[group])
        segments = [
            (tied, stable_number(f"{name}\0{pipeline.segment(name)[deal]}"))
            for name, tied in self.scenario.market.segment_correlation.items()
        ]
        win = float(self.lowered.wins[group, self.draw])
        fate = self._fate(stage, number, win, segments)
        dated, scale = None, None
        if fate == self.last and not math.isnan(standing.close[group]):
            day = int(standing.close[group])
            found = (k for k, window in enumerate(self.scenario.windows) if day <= window.hi)
            dated = (_rounded(self.tau(day)), next(found, self.periods), day)
            whole = sum(leg.time for leg in self._legs(stage, number, fate, age, 1.0))
            scale = dated[0] / whole if whole > TIE else 0.0
        amount = pipeline.amounts[deal]
        owners = dict(pipeline.segments).get("owner")
        close = pipeline.close_dates[deal]
        self.deals.append(
            Deal(
                number,
                self.rank[deal],
                self._legs(stage, number, fate, age, scale),
                clock=0.0,
                period=0,
                earliest=1,
                amount=amount,
                new=False,
                owner=owners[deal] if owners else None,
                value=amount / 100 if isinstance(amount, int) else amount.mean,
                due=math.inf if close is None else (close - self.scenario.as_of).days,
                dated=dated,
            )
        )
        self.standing[stage] += 1

    def _created_deal(self, deal):
        scenario, names = self.scenario, self.scenario.funnel.names
        number = (stable_number("\0created deal") + deal) % 2**64
        stage = names.index(self.business.stage or names[0])
        born, first, last = self._born(deal, number)
        day = first + uniform(self.word(number, 4)) * (last - first)
        wins = scenario.funnel.win_probabilities
        win = float(wins[self.draw if len(wins) > 1 else 0, stage])
        year = math.floor(day / 365.25) if scenario.market.persistence < 1.0 else 0
        fate = self._fate(stage, number, win, year=year)
        self.entering[stage, born] += 1
        self.standing[stage, born:] += 1
        mean = self.business.amount.mean if self.business.amount is not None else 0.0
        self.deals.append(
            Deal(
                number,
                self.open + deal,
                self._legs(stage, number, fate),
                clock=self._clock_on(day),
                period=born,
                earliest=math.ceil(day),
                amount=_as_cents(self.business.amount),
                new=True,
                owner=None,
                value=mean,
                due=math.inf,
            )
        )

    def _come_or_pass(self, deal, now):
        """Let a deal that is new in a stage wait for work, or pass where there is none."""
        leg = deal.legs[0]
        deal.spent, deal.begun = 0, False
        if leg.seconds == 0:
            self._leave(deal, deal.clock + leg.time, now)
            return
        deal.units, deal.stay = leg.seconds * UNITS_OF_A_SECOND, leg.time
        self._at(max(self.second_of(deal.clock), now), COMING, deal.rank, deal)

    def _leave(self, deal, clock, now):
        """Let a deal leave its stage; all that happens then."""
        leg = deal.legs.pop(0)
        period, to_win = self._period_from(clock, deal.period), leg.stage == self.last - 1
        if deal.dated is not None:
            period = deal.dated[1] if to_win else min(period, deal.dated[1])
            clock = deal.dated[0] if to_win else clock
        self.standing[leg.stage, period:] -= 1
        if not leg.forward:
            return
        if period < self.periods:
            self.entering[leg.stage + 1, period] += 1
            if not to_win:
                self.standing[leg.stage + 1, period:] += 1
        deal.clock, deal.period = clock, period
        if period == self.periods:
            return
        if to_win:
            day = deal.dated[2] if deal.dated else max(self.day_of(clock), deal.earliest)
            self._win(deal.number, period, day, clock, deal.amount, new=deal.new)
        else:
            self._come_or_pass(deal, now)

    # events

    def _at(self, second, kind, order, payload=None):
        heapq.heappush(self.events, (second, kind, order, _Payload(payload)))

    def _comes(self, payload, now):
        deal = payload.value
        pool = self._pool_of(deal)
        for place, seat in enumerate(self.seats):
            if seat.pool == pool and not seat.busy and self._there(place, now):
                deal.since = now
                self._begin(deal, place, now)
                return
        self._wait(deal, pool, now)

    def _wait(self, deal, pool, now):
        deal.since, deal.waits = now, True
        self.queues.setdefault(pool, []).append(deal)
        self.backlog[deal.legs[0].stage, deal.period :] += 1
        if self.patience is not None:
            stage = deal.legs[0].stage
            days = self.patience(uniform(self.word(deal.number, PATIENCE + stage)))
            until = now + math.floor(days * DAY) - deal.spent
            self._at(until, LOST, deal.rank, (deal, now))

    def _lost(self, payload, now):
        deal, since = payload.value
        if not deal.waits or deal.since != since:
            return
        self._stop_waiting(deal, now)
        stage = deal.legs[0].stage
        self.standing[stage, deal.period :] -= 1
        if deal.period < self.periods:
            self.stale[stage, deal.period] += 1

    def _stop_waiting(self, deal, now):
        """Take a deal out of its queue, and move its clock."""
        deal.waits = False
        next(queue for queue in self.queues.values() if deal in queue).remove(deal)
        if now > deal.since:
            deal.clock = max(self.clock_at(now), deal.clock)
            deal.period = self._period_from(deal.clock, deal.period)
            deal.spent += now - deal.since
            deal.dated = None
        self.backlog[deal.legs[0].stage, deal.period :] -= 1

    def _next_in(self, pool):
        """Return the waiting deal that is next."""
        queue = self.queues.get(pool, [])
        return min(queue, key=lambda d: (self._priority(d), d.since, d.rank), default=None)

    def _priority(self, deal):
        stage = deal.legs[0].stage
        if deal.begun:
            return -math.inf
        if self.team.order == "stage":
            return -stage
        if self.team.order == "due-date":
            return deal.due
        if self.team.order == "value-per-hour":
            return -deal.value / self._hours_ahead(stage)
        return 0

    def _hours_ahead(self, stage):
        wins = self.scenario.funnel.win_probabilities.mean(axis=0)
        laws = [(self._hours(s), wins[s]) for s in reversed(range(stage, self.last))]
        total = 0.0
        for law, win in laws:
            total += (law.mean if law is not None else 0.0) / win
        return total

    def _done(self, place, now):
        seat = self.seats[place]
        seat.busy, seat.deal = False, None
        self._take(place, now)

    def _take(self, place, now):
        """Let a free seat take the deal that is next."""
        deal = self._next_in(self.seats[place].pool) if self._there(place, now) else None
        if deal is not None:
            self._begin(deal, place, now)

    def _begin(self, deal, place, now):
        stage, came, wait = deal.legs[0].stage, deal.period, now - deal.since
        if not deal.begun:
            deal.begun = True
            self.begun[stage, came] += 1
            self.waited[stage, came] += wait > 0
            self.wait[stage, came] += wait
        if deal.waits:
            self._stop_waiting(deal, now)
        seat = self.seats[place]
        seat.busy, seat.deal = True, None
        day = self._work_off(deal.units, place, now)
        leaves = deal.clock + deal.stay
        if day is not None and leaves > self.clock_at(day * DAY):
            seat.deal = deal
        else:
            self._leave(deal, leaves, now)

    def _work_off(self, units, place, now):
        """Count the work day by day; return the day on which the seat is left before it is done."""
        seat, role = self.seats[place], self.roles.index(self._role_of_seat(place))
        seat.left, second = 0, now
        for day in range(now // DAY, self.horizon):
            rate = self.rates[place][day]
            if rate < 0:
                seat.left = units
                return day
            most = rate * ((day + 1) * DAY - second)
            period = next(
                (k for k, window in enumerate(self.scenario.windows) if day + 1 <= window.hi),
                self.periods - 1,
            )
            self.worked[role, period] += min(units, most)
            if units <= most:
                self._at(second + -(-units // rate), DONE, place)
                return None
            units, second = units - most, (day + 1) * DAY
        return None

    def _morning(self, day):
        """Let seats that have been left give their deals back; those who are free take one."""
        now, back = day * DAY, []
        for place, seat in enumerate(self.seats):
            if self.rates[place][day] < 0 and seat.left > 0:
                if seat.deal is not None:
                    back.append(seat)
                seat.busy, seat.left = False, seat.left if seat.deal is not None else 0
        for seat in back:
            deal = seat.deal
            clock = max(self.clock_at(now), deal.clock)
            deal.stay = deal.clock + deal.stay - clock
            deal.clock, deal.period = clock, self._period_from(clock, deal.period)
            deal.units = seat.left
            seat.deal, seat.left = None, 0
            self._wait(deal, seat.pool, now)
        for place, seat in enumerate(self.seats):
            if not seat.busy and self._there(place, now) and self._next_in(seat.pool) is not None:
                seat.busy = True
                self._at(now, DONE, place)


def _rounded(clock):
    return np.rint(clock * 2.0**40) / 2.0**40


class _Payload(NamedTuple):
    """What an event is about; never compared, since no two are alike before it."""

    value: object

    def __lt__(self, other):
        raise AssertionError("two events at one time")
