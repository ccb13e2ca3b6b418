"""An independent, obvious simulator of a scenario with new business, repeats and activities.

Period by period, stage by stage, with NumPy's random numbers: how many deals are created and when,
how far each gets, how long each stage takes; and what every win opens.
"""

from typing import NamedTuple

import numpy as np

from tests.oracles import creation, laws
from tests.oracles.description import (
    at_draw,
    close_day,
    correlation,
    number_of_draws,
    periods_of,
    win_probabilities,
)
from tests.oracles.independent import _mean_one, _moved, _thresholds
from tests.oracles.working_time import WorkingTime, on_the_clock

NEVER = np.inf


class Futures(NamedTuple):
    """Results by path: P paths, K periods, S stages before closed-won; bookings in units."""

    standing_bookings: np.ndarray  # (P, K) of deals open on the as-of date
    fresh_bookings: np.ndarray  # (P, K) of new business and of repeats
    wins: np.ndarray  # (P, K)
    entering: np.ndarray  # (P, S + 1, K)
    waiting: np.ndarray  # (P, S, K) in a stage at the end of a period


class Shared(NamedTuple):
    """What the deals of a path share."""

    market: np.ndarray  # (years, P)
    cycle: np.ndarray  # (P,)
    size: np.ndarray  # (P,)


def simulate(description, paths, seed):
    """Return the futures of so many paths; path i uses any of the draws."""
    rng = np.random.default_rng(seed)
    draws = number_of_draws(description)
    drawn = rng.integers(draws, size=paths)
    stages, periods = len(description["stages"]), len(periods_of(description))
    result = Futures(
        np.zeros((paths, periods)),
        np.zeros((paths, periods)),
        np.zeros((paths, periods), int),
        np.zeros((paths, stages + 1, periods), int),
        np.zeros((paths, stages, periods), int),
    )
    for draw in range(draws):
        rows = np.flatnonzero(drawn == draw)
        part = Run(at_draw(description, draw), len(rows), rng).run()
        for whole, some in zip(result, part, strict=True):
            whole[rows] = some
    return result


class Run:
    """The simulation of one draw of the parameters."""

    def __init__(self, description, paths, rng):
        self.description = on_the_clock(description)
        self.paths, self.rng = paths, rng
        self.yearly = description.get("persistence", 1.0) < 1.0
        self.clock = WorkingTime(description)
        self.edges = np.array([float(self.clock.tau(edge)) for edge in description["edges"]])
        self.stages, self.periods = len(description["stages"]), len(self.edges) - 1
        self.result = Futures(
            np.zeros((paths, self.periods)),
            np.zeros((paths, self.periods)),
            np.zeros((paths, self.periods), int),
            np.zeros((paths, self.stages + 1, self.periods), int),
            np.zeros((paths, self.stages, self.periods), int),
        )
        self.shared = Shared(
            self._market(),
            _mean_one(description.get("cycle_cv", 0.0), paths, rng),
            _mean_one(description.get("amount_cv", 0.0), paths, rng),
        )

    def run(self):
        won = [self._open_deal(deal) for deal in self._open_deals()]
        if "new" in self.description:
            new = self.description["new"]
            for period, window in enumerate(periods_of(self.description)):
                cut = self.yearly and not new.get("planned")
                for year, part in _years(window) if cut else [(0, window)]:
                    won.append(self._created(new, period, year, window, part))
            self._repeats(new.get("repeat"), won)
        return self.result

    def _market(self):
        """Return the market factor of each year."""
        years = int(self.description["edges"][-1] // creation.YEAR) + 1
        phi = self.description.get("persistence", 1.0)
        market = [self.rng.standard_normal(self.paths)]
        for _ in range(years - 1):
            fresh = self.rng.standard_normal(self.paths)
            market.append(phi * market[-1] + np.sqrt(1.0 - phi**2) * fresh)
        return np.array(market)

    # Open deals

    def _open_deals(self):
        """Yield each deal with the sum of its market factors."""
        columns = self.description.get("segments", {})
        factors = {}
        for deal in self.description["deals"]:
            shift = np.sqrt(correlation(self.description)) * self.shared.market[0]
            for column, rho in columns.items():
                name = column, deal[column]
                if name not in factors:
                    factors[name] = self.rng.standard_normal(self.paths)
                shift = shift + np.sqrt(rho) * factors[name]
            yield deal, (shift, correlation(self.description) + sum(columns.values()))

    def _open_deal(self, deal_and_market):
        deal, market = deal_and_market
        path = np.arange(self.paths)
        position, thresholds = deal.get("stage", 0), _thresholds(self.description, deal)
        start = np.zeros(self.paths)
        entered, left = self._walk(
            position, thresholds, market, start, self.shared.cycle, deal.get("age", 0.0)
        )
        if close_day(deal) is not None:
            booked = float(self.clock.tau(close_day(deal)))
            entered[-1] = np.where(np.isfinite(entered[-1]), booked, NEVER)
        before = np.full(self.paths, -1)  # it does not enter the stage that it stands in
        self._count_stages(path, position, entered, left, before)
        units = np.full(self.paths, float(deal.get("units", 1)))
        self._book(path, entered[-1], units, self.result.standing_bookings)
        return path, entered[-1]

    # New business

    def _created(self, new, period, year, window, part):
        """Simulate what is created in a part of a period; return the paths and times of wins."""
        low, high = part
        number = self._number(new, period, year, (high - low) / (window[1] - window[0]))
        path = np.repeat(np.arange(self.paths), number)
        day = self.rng.uniform(low, high, len(path))
        position = new.get("stage", 0)
        chances = win_probabilities(self.description)
        thresholds = [chances[position] / one for one in chances[position + 1 :]]
        rho = correlation(self.description)
        years = (day // creation.YEAR).astype(int) if self.yearly else 0
        market = np.sqrt(rho) * self.shared.market[years, path], rho
        start = self.clock.tau(day)
        entered, left = self._walk(
            position, thresholds, market, start, self.shared.cycle[path], 0.0
        )
        born = np.full(len(path), period)  # also on a day off after the end of another period
        self._count_stages(path, position, entered, left, born)
        self._book(path, entered[-1], self._units(new, len(path)), self.result.fresh_bookings)
        return path, entered[-1]

    def _number(self, new, period, year, share):
        """Return how many deals are created on each path."""
        mean = creation.mean_created(self.description)[period]
        if new.get("planned"):
            return np.full(self.paths, round(mean))
        rate = np.full(self.paths, share * mean)
        rate = rate * creation.rate_swing(new.get("swing", 0.0), self.shared.market[year])
        dispersion = creation.dispersions(self.description)[period]
        if dispersion > 0.0:
            assert share == 1.0, "a period with dispersion lies in one year"
            rate *= self.rng.gamma(1.0 / dispersion, dispersion, self.paths)
        return self.rng.poisson(rate)

    def _units(self, given, size):
        units = given.get("units", 1) or 0
        if isinstance(units, dict):
            return self.rng.choice(units["values"], size, p=units["chances"]).astype(float)
        return np.full(size, float(units))

    def _repeats(self, repeat, won):
        """Let every win open others, and those others, until none falls into the horizon."""
        if repeat is None:
            return
        delay = laws.law_of(repeat["delay"])
        amounts = {**self.description["new"], **repeat}
        path = np.concatenate([one for one, _ in won])
        tau = np.concatenate([one for _, one in won])
        while True:
            inside = tau <= self.edges[-1] + laws.ROUNDING
            path, tau = path[inside], tau[inside]
            number = self.rng.poisson(repeat["mean"], len(path))
            path, tau = np.repeat(path, number), np.repeat(tau, number)
            if not len(path):
                return
            tau = tau + delay.rvs(size=len(path), random_state=self.rng)
            self._add(self.result.entering[:, self.stages], path, tau, 1)
            self._book(path, tau, self._units(amounts, len(path)), self.result.fresh_bookings)

    # Any deal

    def _walk(self, position, thresholds, market, start, cycle, age):
        """Return when each stage from ``position`` on is entered, and when it is left: clock times.

        The last that is entered is closed-won, which is never left.
        """
        shift, explained = market
        size = len(start)
        uniform = self.rng.random(size)
        entered, left = [start], []
        for step, threshold in enumerate(thresholds):
            stage = self.description["stages"][position + step]
            forward, lost = (laws.law_of(stage.get(key, stage["time"])) for key in ("time", "lost"))
            if step == 0:
                forward, lost = laws.residual(forward, age), laws.residual(lost, age)
            goes_on = uniform < _moved(threshold, shift, explained)
            on = entered[-1] + cycle * forward.rvs(size=size, random_state=self.rng)
            off = entered[-1] + cycle * lost.rvs(size=size, random_state=self.rng)
            left.append(np.where(goes_on, on, off))
            entered.append(np.where(goes_on, on, NEVER))
        return entered, left

    def _count_stages(self, path, position, entered, left, born):
        """Count entries and who stands where; ``born`` is the period of the first entry, or -1."""
        np.add.at(self.result.entering[:, position], (path[born >= 0], born[born >= 0]), 1)
        for step, when in enumerate(entered[1:], 1):
            self._add(self.result.entering[:, position + step], path, when, 1)
        for step, gone in enumerate(left):
            for period, edge in enumerate(self.edges[1:]):
                here = entered[step] <= edge + laws.ROUNDING if step else born <= period
                stands = here & (gone > edge + laws.ROUNDING)
                np.add.at(self.result.waiting[:, position + step, period], path[stands], 1)

    def _book(self, path, tau, units, bookings):
        self._add(self.result.wins, path, tau, 1)
        self._add(bookings, path, tau, units * self.shared.size[path])

    def _add(self, table, path, tau, values):
        """Add values to the periods that clock times fall into; what is at once is in the first."""
        period = np.searchsorted(self.edges[1:] + laws.ROUNDING, tau)
        inside = period < self.periods
        values = np.broadcast_to(values, tau.shape)
        np.add.at(table, (path[inside], period[inside]), values[inside])


def _years(window):
    """Yield the parts of a period that lie in different years after the as-of date."""
    low, high = window
    year = int(low // creation.YEAR)
    while low < high:
        end = min(high, (year + 1) * creation.YEAR)
        yield year, (low, end)
        low, year = end, year + 1
