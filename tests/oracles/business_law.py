"""The exact answers of a scenario with new business and repeats, by generating functions.

Given a draw of the parameters, the cycle factor and the market factors, open deals are independent
and the deals created in a period are Poisson (or negative binomial, or a stated number) with one
chance for each cell of time. So the generating function of bookings is a product, its average over
what is shared is that of the mixture, and the discrete Fourier transform gives the law.
"""

import itertools
import math

import numpy as np

from tests.oracles import creation, exact, laws, repeats
from tests.oracles.description import (
    at_draw,
    close_day,
    correlation,
    number_of_draws,
    periods_of,
    win_probabilities,
)
from tests.oracles.scenario_law import deal_threshold, remaining_times
from tests.oracles.working_time import WorkingTime, on_the_clock

NONE = {"rate": 0.0}
LATTICE = 256
ROUNDING = 1e-14
CHUNK = 400
ROUGH = 0.35  # correlations above need the finest nodes
NODES, TWO_YEARS = 101, 61  # of one market factor, and of each of two


def laws_of(description):
    """Return the law of each draw of the parameters."""
    draws = range(number_of_draws(description))
    return [BusinessLaw(at_draw(description, draw)) for draw in draws]


class BusinessLaw:
    """The law of bookings and wins in one draw."""

    def __init__(self, description, lattice=None):
        description = on_the_clock(description)
        self.description = description
        self.new, self.extra = description.get("new", NONE), description.get("extra", {})
        self.lattice = lattice or description.get("lattice", LATTICE)
        self.clock = WorkingTime(description)
        self.periods = len(periods_of(description))
        self.edges = [float(self.clock.tau(edge)) for edge in description["edges"]]
        self.cuts = repeats.cut_points(self.edges, self.new.get("repeat"))
        self.thresholds = [deal_threshold(description, deal) for deal in description["deals"]]
        self.win = win_probabilities(description)[self.new.get("stage", 0)]
        self.created = creation.mean_created({"new": NONE, **description})
        self.years = _years(description)
        factors = exact.factor_nodes(description.get("cycle_cv", 0.0), self._breaks(), order=6)
        self.parts = [
            (weight, self._open_cells(factor), self._new_cells(factor), self._in_time(factor))
            for factor, weight in zip(*factors, strict=True)
        ]
        self.market, self.kept = self._market_nodes(), {}

    # Times

    def _open_cells(self, factor):
        """Return the chance of each open deal to be booked in each cell, given a win."""
        rows = {}
        for deal in self.description["deals"]:
            key = _kind(deal)
            if key not in rows:
                by = [self._booked_by(deal, tau, factor) for tau in self.cuts]
                rows[key] = np.diff(by)
        return [rows[_kind(deal)] for deal in self.description["deals"]]

    def _booked_by(self, deal, tau, factor):
        if tau <= 0.0:
            return 0.0
        if close_day(deal) is not None:
            return float(self.clock.tau(close_day(deal)) <= tau)
        return laws.sum_cdf(remaining_times(self.description, deal), tau / factor)

    def _new_cells(self, factor):
        """Return the chance, given a win, of deals of each period of creation to be in each cell.

        There is a list for each period of pairs (year, chances), the parts of a period that fall
        into several years.
        """
        times = creation.cycle_of(self.description, self.new.get("stage", 0))
        found = []
        for low, high in periods_of(self.description):
            pieces = []
            for year, window in _by_year(low, high, self.years):
                by = [creation.booked_by(times, window, t, factor, self.clock) for t in self.cuts]
                share = (window[1] - window[0]) / (high - low)
                pieces.append((year, share * np.diff(by)))
            found.append(pieces)
        return found

    def _in_time(self, factor):
        """Return the chance of an extra deal to be booked inside the horizon, given a win."""
        extra = self.extra
        times = creation.cycle_of(self.description, extra.get("stage", 0))
        left = (self.edges[-1] - float(self.clock.tau(extra.get("day", 0.0)))) / factor
        return laws.sum_cdf(times, left) if left > 0.0 else 0.0

    def _breaks(self):
        """Return the cycle factors at which a fixed time crosses from one edge to another."""
        totals = set()
        stage = self.new.get("stage", 0)
        for times in [
            creation.cycle_of(self.description, stage),
            *(remaining_times(self.description, deal) for deal in self.description["deals"]),
        ]:
            if all(isinstance(law, laws.Atoms) for law in times):
                sums = itertools.product(*(law.values for law in times))
                totals |= {sum(one) for one in sums}
        day = float(self.clock.tau(self.extra.get("day", 0.0)))
        spans = {b - a for a, b in itertools.combinations(self.cuts, 2)} | {self.cuts[-1] - day}
        return sorted({span / total for span in spans for total in totals if total > 0.0})

    # What deals share

    def _market_nodes(self):
        """Return the market factor of each year at the nodes (years, nodes), and the weights."""
        rho, swing = correlation(self.description), self.new.get("swing", 0.0)
        if rho == 0.0 and swing == 0.0:
            return np.zeros((self.years, 1)), np.ones(1)
        if self.years == 1:
            nodes = exact.MARKET_NODES if rho > ROUGH else NODES
            points, weights = exact.normal_nodes(nodes)
            return points[None, :], weights
        assert self.years == 2, "the oracle integrates over two market factors at most"
        phi = self.description["persistence"]
        points, weights = exact.normal_nodes(TWO_YEARS)
        first, fresh = (grid.ravel() for grid in np.meshgrid(points, points))
        both = np.outer(weights, weights).ravel()
        return np.stack([first, phi * first + math.sqrt(1.0 - phi * phi) * fresh]), both

    def _moved(self, chance, year, nodes):
        z = self.market[0][year, nodes]
        return exact.conditional_chance(chance, correlation(self.description), z)

    def _swung(self, year, nodes):
        return creation.rate_swing(self.new.get("swing", 0.0), self.market[0][year, nodes])

    # Laws

    def of(self, windows, counted="bookings", sources=("open", "new"), extra=0):
        """Return the law of what is booked, or of wins, inside these periods together.

        With so many extra deals, it is that of the horizon.
        """
        frequency = 2.0 * np.pi * np.arange(self.lattice // 2 + 1) / self.lattice
        phases = np.zeros((self.periods, len(frequency)))
        phases[list(windows)] = frequency
        pmf = np.fft.irfft(self.transform(phases, counted, sources, extra), self.lattice)
        assert np.abs(pmf[-self.lattice // 16 :]).max() < 1e-9, "the lattice is too short"
        return np.where(np.abs(pmf) < ROUNDING, 0.0, pmf)

    def joint(self, counted="bookings"):
        """Return the joint law of two periods, shape (lattice, lattice)."""
        assert self.periods == 2
        frequency = 2.0 * np.pi * np.arange(self.lattice) / self.lattice
        phases = np.stack([grid.ravel() for grid in np.meshgrid(frequency, frequency)])
        transform = self.transform(phases, counted).reshape(self.lattice, self.lattice)
        pmf = np.fft.ifft2(transform.T).real
        assert np.abs(pmf[-4:]).max() < 1e-9
        assert np.abs(pmf[:, -4:]).max() < 1e-9
        return pmf

    def transform(self, phases, counted="bookings", sources=("open", "new"), extra=0):
        """Return E exp(-i sum of phase times what is booked in each period).

        What the wins of open deals open is new business, too.
        """
        key = phases.tobytes(), counted, sources
        if key not in self.kept:
            self.kept = {key: list(self._parts(phases, counted, sources))}
        total = np.zeros(phases.shape[1], dtype=complex)
        for weights, nodes, given, in_time in self.kept[key]:
            one = self._extra(in_time, phases[-1], nodes) ** extra if extra else 1.0
            total += weights @ (given * one)
        return total

    def _parts(self, phases, counted, sources):
        """Yield the generating function without extra deals, at some nodes after the other."""
        opened = self._opened(phases, counted)
        if "new" not in sources:
            opened = [np.ones_like(one) for one in opened]
        standing = phases if "open" in sources else np.zeros_like(phases)
        own = _amounts(self.new, counted)
        cells = np.stack([
            self._one(own, phases, cell) * opened[cell] for cell in range(len(self.cuts) - 1)
        ])  # fmt: skip
        for weight, open_cells, new_cells, in_time in self.parts:
            deals = self._open_deals(open_cells, standing, counted, opened)
            made = [
                [(year, (1.0 - cells).T @ chances) for year, chances in pieces]
                for pieces in new_cells
            ]
            made = made * ("new" in sources)
            for first in range(0, self.market[0].shape[1], CHUNK):
                nodes = slice(first, first + CHUNK)
                given = self._given(deals, made, nodes, phases.shape[1])
                yield weight * self.market[1][nodes], nodes, given, in_time

    def _open_deals(self, open_cells, phases, counted, opened):
        """Return for each kind of deal its threshold, how many there are, and 1 - E(...| won)."""
        found = {}
        listed = zip(self.description["deals"], self.thresholds, open_cells, strict=True)
        for deal, threshold, chances in listed:
            units = 1 if counted == "wins" else deal.get("units", 1)
            key = (_kind(deal), threshold, units)
            if key in found:
                found[key][1] += 1
                continue
            amounts = [(units, 1.0)]
            cells = [self._one(amounts, phases, k) * opened[k] for k in range(len(opened))]
            found[key] = [threshold, 1, (1.0 - np.stack(cells)).T @ chances]
        return list(found.values())

    def _given(self, deals, made, nodes, size):
        """Return the generating function at some nodes of the market, (nodes, size)."""
        count = len(self.market[1][nodes])
        given = np.ones((count, size), dtype=complex)
        for threshold, number, away in deals:
            given *= (1.0 - self._moved(threshold, 0, nodes)[:, None] * away) ** number
        spread = creation.dispersions({"new": NONE, **self.description})
        for period, pieces in enumerate(made):
            mean = 0.0
            for year, away in pieces:
                rate = self._moved(self.win, year, nodes) * self._swung(year, nodes)
                mean = mean + self.created[period] * rate[:, None] * away
            planned = round(self.created[period]) if self.new.get("planned") else None
            given *= creation.none_of(mean, spread[period], planned)
        return given

    def _extra(self, in_time, phase, nodes):
        """Return the generating function of the bookings of one extra deal."""
        win = win_probabilities(self.description)[self.extra.get("stage", 0)]
        year = min(int(self.extra.get("day", 0.0) / creation.YEAR), self.years - 1)
        chance = self._moved(win, year, nodes) * in_time
        amounts = _amounts({**self.new, **self.extra}, "bookings")
        one = sum(weight * np.exp(-1j * units * phase) for units, weight in amounts)
        return 1.0 - chance[:, None] * (1.0 - one)

    def _opened(self, phases, counted):
        """Return, for each cell, the generating function of all that a win there opens."""
        repeat = self.new.get("repeat")
        own = _amounts({**self.new, **(repeat or {})}, counted)

        def again(tau):
            cell = int(np.searchsorted(self.cuts, tau)) - 1
            return self._one(own, phases, min(cell, len(self.cuts) - 2))

        return repeats.after_a_win(self.cuts, repeat, again)

    def _one(self, amounts, phases, cell):
        """Return the generating function of one win in a cell."""
        middle = (self.cuts[cell] + self.cuts[cell + 1]) / 2.0
        phase = phases[int(np.searchsorted(self.edges, middle)) - 1]
        return sum(chance * np.exp(-1j * units * phase) for units, chance in amounts)

    # Moments of wins, without repeats

    def moments(self):
        """Return the mean wins of each period, and the mean product of each pair of periods."""
        assert not repeats.atoms(self.new.get("repeat"))
        means, products = np.zeros(self.periods), np.zeros((self.periods, self.periods))
        spread = creation.dispersions({"new": NONE, **self.description})
        nodes = slice(None)
        for weight, open_cells, new_cells, _ in self.parts:
            mean, less = 0.0, 0.0  # (nodes, periods), (nodes, periods, periods)
            for threshold, chances in zip(self.thresholds, open_cells, strict=True):
                p = self._moved(threshold, 0, nodes)[:, None] * chances
                mean, less = mean + p, less - p[:, :, None] * p[:, None, :]
            for period, pieces in enumerate(new_cells):
                made = self.created[period]
                m = made * sum(
                    (self._moved(self.win, year, nodes) * self._swung(year, nodes))[:, None] * cells
                    for year, cells in pieces
                )
                excess = -1.0 / max(made, 1) if self.new.get("planned") else spread[period]
                mean, less = mean + m, less + excess * m[:, :, None] * m[:, None, :]
            products_here = less + mean[:, :, None] * mean[:, None, :]
            weights = weight * self.market[1]
            means += weights @ mean
            products += np.tensordot(weights, products_here, 1) + np.diag(weights @ mean)
        return means, products


def _kind(deal):
    return deal.get("stage", 0), deal.get("age", 0.0), close_day(deal)


def _amounts(given, counted):
    """Return the amounts of a created or a repeated win as pairs (units, chance)."""
    units = given.get("units", 1)
    if counted == "wins":
        return [(1, 1.0)]
    if isinstance(units, dict):
        return list(zip(units["values"], units["chances"], strict=True))
    return [(units or 0, 1.0)]


def _years(description):
    """Return how many market factors there are."""
    if description.get("persistence", 1.0) == 1.0:
        return 1
    return math.ceil(description["edges"][-1] / creation.YEAR - 1e-9)


def _by_year(low, high, years):
    """Yield (year, window) for the parts of a window in each year."""
    for year in range(years):
        start = max(low, year * creation.YEAR)
        end = high if year == years - 1 else min(high, (year + 1) * creation.YEAR)
        if end > start:
            yield year, (start, end)
