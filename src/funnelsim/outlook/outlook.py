"""The outlook: how many wins the regression expects, which deals and amounts the pipeline tells."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._chances import stable_number
from funnelsim.errors import InputError, unknown
from funnelsim.events import Known
from funnelsim.fitting.hazards import Hazards, fit_hazards
from funnelsim.outlook.amounts import Winners, new_wins, winners
from funnelsim.outlook.calendar import CLASSES, Cells, cells_of, past_weeks, season
from funnelsim.outlook.draws import BLOCK
from funnelsim.outlook.elasticity import (
    ASSUMED,
    Elasticity,
    Window,
    from_panel,
    from_windows,
    panel_windows,
    people_columns,
)
from funnelsim.outlook.intensity import OpenDeals, amount_effect, open_deals, solve_kappa
from funnelsim.outlook.market import NUDGE, Market, fit_market, shifted
from funnelsim.outlook.pressure import WEEK, Groups, win_chances
from funnelsim.outlook.regression import Belief, Counts, Drift, Regression, fit_regression
from funnelsim.outlook.series import Series, coming_pressure, past_series, relative
from funnelsim.outlook.spans import Spans
from funnelsim.outlook.wins import ALPHA, BETA, INTERCEPT, Coming, expected_wins_on
from funnelsim.parameters import Interval, number, whole

Floats = NDArray[np.float64]

SIGMAS = (0.01, 0.03, 0.08)
SIGMA_SCALE = 0.03
PHIS = (0.0, 0.02, 0.08)
SEASON_SDS = (0.02, 0.4)
PERSISTENCES = (1.0, 0.97, 0.9)
INTERCEPT_SD = 2.0
SEGMENT_SEASON_SD = 0.1
"""How far a segment's season may be from the whole's."""
GIVEN_SD = 1e-3
LEAST_FRESH = 0.01
"""New deals are expected to give at least this share of all wins."""
ELASTICITY = Interval(0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Ahead:
    """A forecast: wins and bookings of periods, path by path.

    Parameters
    ----------
    day : int
        The as-of day.
    edges : tuple of int
        Days after it at which the periods end.
    wins : ndarray of int, shape (paths, periods)
        Deals won in each period.
    bookings : ndarray of int, shape (paths, periods)
        What they bring, in cents.
    elasticity : Elasticity
        How far wins follow the pipeline.
    """

    day: int
    edges: tuple[int, ...]
    wins: NDArray[np.int64]
    bookings: NDArray[np.int64]
    elasticity: Elasticity


class _Part(NamedTuple):
    """The whole, or one segment: its past, its place in it, and its regression."""

    series: Series
    code: int
    chosen: NDArray[np.bool_]
    regression: Regression
    beta: bool


@dataclass(frozen=True, eq=False)
class Outlook:
    """What forecasts from one as-of day share; made by `prepare`.

    Parameters
    ----------
    known : Known
        What is known.
    spans : Spans
        Its whole days.
    hazards : Hazards
        Daily chances to go on and to be lost.
    windows : dict of str to list of Window
        The panel of each segment column.
    elasticity : Elasticity
        How far wins follow the pipeline.
    fiscal_year_start : int
        The month in which fiscal years start.
    """

    known: Known
    spans: Spans
    hazards: Hazards
    windows: dict[str, list[Window]]
    elasticity: Elasticity
    fiscal_year_start: int
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    def ahead(
        self,
        edges: Sequence[int],
        *,
        segment: tuple[str, str] | None = None,
        paths: int = 4096,
        seed: int = 1,
    ) -> Ahead:
        """Forecast wins and bookings of the periods to come.

        Parameters
        ----------
        edges : sequence of int
            Days after the as-of day at which periods end, increasing.
        segment : tuple of (str, str), optional
            A segment column and its value; by default all deals.
        paths : int, default 4096
            Number of paths.
        seed : int, default 1
            The same seed gives the same paths.

        Raises
        ------
        InputError
            If edges do not increase from at least 1, or the segment is not known.
        """
        ends = _checked_edges(edges)
        count, seed = whole("paths", paths, 2), whole("seed", seed, 0)
        part = self._whole() if segment is None else self._segment(*segment)
        chances = self._chances(int(ends[-1]))
        coming = self._coming(part, ends, chances)
        expected = np.hstack(
            [
                expected_wins_on(part.regression, self._market(), coming, seed, block)
                for block in range(-(-count // BLOCK))
            ]
        )
        deals = open_deals(self.spans, self.known.day, chances[ends], self._effect(), part.chosen)
        fresh = np.add.reduceat(
            chances[1:, 0, 0] * part.series.rate[part.code], np.append(0, ends[:-1])
        )
        fresh = np.maximum(fresh, LEAST_FRESH * expected.mean(axis=1))
        wins, cents = self._drawn(deals, fresh, expected, winners(self.known, part.chosen), seed)
        return Ahead(
            self.known.day,
            tuple(ends.tolist()),
            np.ascontiguousarray(wins[:, :count].T),
            np.ascontiguousarray(cents[:, :count].T),
            self.elasticity,
        )

    def _drawn(
        self, deals: OpenDeals, fresh: Floats, expected: Floats, brought: Winners, seed: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return wins and cents of open and new deals, shape (periods, paths)."""
        kappa = np.empty_like(expected)
        wins = np.zeros(expected.shape, np.int64)
        cents = np.zeros(expected.shape, np.int64)
        for block in range(expected.shape[1] // BLOCK):
            here = slice(block * BLOCK, (block + 1) * BLOCK)
            kappa[:, here] = solve_kappa(deals, fresh, expected[:, here])
        self._open_wins(deals, kappa, brought, seed, (wins, cents))
        wins[1:], cents[1:] = np.diff(wins, axis=0), np.diff(cents, axis=0)
        for block in range(expected.shape[1] // BLOCK):
            here = slice(block * BLOCK, (block + 1) * BLOCK)
            mean = kappa[:, here] * fresh[:, None]
            new, bring = new_wins(brought.values, mean, seed, block)
            wins[:, here] += new
            cents[:, here] += bring
        return wins, cents

    def _open_wins(
        self,
        deals: OpenDeals,
        kappa: Floats,
        brought: Winners,
        seed: int,
        totals: tuple[NDArray[np.int64], NDArray[np.int64]],
    ) -> None:
        """Count wins and cents of open deals by the ends of the periods, in place."""
        from funnelsim.kernels.compiled import win  # noqa: PLC0415

        names = [stable_number(self.known.ids[place]) for place in deals.deals.tolist()]
        numbers = np.array(names, np.uint64)
        amount = self.known.amount[deals.deals] * 100.0
        plain = np.isnan(amount)
        win(
            deals.first,
            deals.exposure,
            numbers & np.uint64(0xFFFFFFFF),
            numbers >> np.uint64(32),
            np.where(plain, 1.0, amount),
            plain,
            brought.ratios,
            brought.values,
            kappa,
            np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint64),
            *totals,
        )

    def _whole(self) -> _Part:
        if "whole" not in self._kept:
            groups = Groups.whole(len(self.known))
            series = past_series(self.known, self.spans, self._chances(WEEK), groups)
            regression = fit_regression(self._counts(series, 0, series), _points(self.elasticity))
            chosen = np.ones(len(self.known), bool)
            self._kept["whole"] = _Part(series, 0, chosen, regression, beta=False)
        part: _Part = self._kept["whole"]
        return part

    def _segment(self, column: str, value: str) -> _Part:
        if (column, value) not in self._kept:
            if column not in self.known.segments:
                raise unknown("segment column", column, self.known.segments)
            codes, names = self.known.segments[column]
            if value not in names:
                raise unknown(f"segment {column!r}", value, names)
            whole_part, code = self._whole(), names.index(value)
            series = self._series(column)
            counts = self._counts(series, code, whole_part.series)
            belief = _segment_belief(whole_part.regression, self._beta(column))
            regression = fit_regression(counts, _points_with([(1.0, belief)]))
            part = _Part(series, code, codes == code, regression, beta=True)
            self._kept[column, value] = part
        kept: _Part = self._kept[column, value]
        return kept

    def _series(self, column: str) -> Series:
        if ("series", column) not in self._kept:
            codes, names = self.known.segments[column]
            groups = Groups(codes, len(names))
            series = past_series(self.known, self.spans, self._chances(WEEK), groups)
            self._kept["series", column] = series
        kept: Series = self._kept["series", column]
        return kept

    def _beta(self, column: str) -> tuple[float, float]:
        if self.elasticity.found == "given":
            return self.elasticity.value, self.elasticity.sd
        windows = self.windows.get(column, [])
        return from_windows(windows)

    def _effect(self) -> Floats:
        if "effect" not in self._kept:
            self._kept["effect"] = amount_effect(self.known)
        effect: Floats = self._kept["effect"]
        return effect

    def _chances(self, days: int) -> Floats:
        """Return chances to win within 0, ..., days, shape (days + 1, stages, 400)."""
        if len(self._kept.get("chances", ())) <= days:
            self._kept["chances"] = win_chances(self.hazards, days)
        chances: Floats = self._kept["chances"]
        return chances[: days + 1]

    def _counts(self, series: Series, code: int, of_all: Series) -> Counts:
        """Return the past of a group in cells."""
        start, day = self.known.record_start, self.known.day
        classes = season(np.arange(start, day + 1), self.fiscal_year_start)
        cells = cells_of(past_weeks(start, day), classes)
        own = cells.sums(series.pressure[:, code]) / cells.days
        everyone = cells.sums(of_all.pressure[:, 0]) / cells.days
        wins = series.wins[:, code]
        columns = _columns(cells, own, everyone, series.mean[code], of_all, series is not of_all)
        offset = np.log(cells.days) + _log_rate(wins)
        return Counts(cells.sums(wins), offset, cells.week, columns)

    def _coming(self, part: _Part, ends: NDArray[np.int64], chances: Floats) -> Coming:
        """Return the cells to come."""
        days = int(ends[-1])
        ahead = np.arange(days)
        classes = season(self.known.day + 1 + ahead, self.fiscal_year_start)
        cells = cells_of(ahead // WEEK, classes, ends)
        of_all = self._whole_series(part)
        daily = [
            np.add(*coming_pressure(series, self.spans, chances, self.known.day))
            for series in (part.series, of_all)
        ]
        own = cells.sums(daily[0][:, part.code]) / cells.days
        everyone = cells.sums(daily[1][:, 0]) / cells.days
        columns = _columns(cells, own, everyone, part.series.mean[part.code], of_all, part.beta)
        offset = np.log(cells.days) + _log_rate(part.series.wins[:, part.code])
        period = np.searchsorted(ends, cells.first, side="right")
        return Coming(cells.week, period, offset, columns, self._response(of_all, cells))

    def _response(self, of_all: Series, cells: Cells) -> Floats:
        """Return how pressure answers to a shift of the market, beyond that of the first days.

        What the market does at once is in the level of wins.
        """
        days, day = int(cells.days.sum()), self.known.day
        up, down = (
            cells.sums(np.add(*coming_pressure(of_all, self.spans, self._nudged(days, by), day)))
            for by in (NUDGE, -NUDGE)
        )
        slope = np.log(np.maximum(up, 1e-12) / np.maximum(down, 1e-12))[:, 0] / (2.0 * NUDGE)
        return np.asarray(slope - slope[0])

    def _nudged(self, days: int, shift: float) -> Floats:
        """Return chances to win under a shift of the market."""
        if len(self._kept.get(shift, ())) <= days:
            self._kept[shift] = win_chances(shifted(self.hazards, shift), days)
        chances: Floats = self._kept[shift]
        return chances[: days + 1]

    def _market(self) -> Market:
        if "market" not in self._kept:
            self._kept["market"] = fit_market(
                self.known, self.spans, self.hazards, self.fiscal_year_start
            )
        market: Market = self._kept["market"]
        return market

    def _whole_series(self, part: _Part) -> Series:
        return self._whole().series if part.beta else part.series


def prepare(
    known: Known,
    *,
    elasticity: float | None = None,
    panel: Sequence[str] | None = None,
    fiscal_year_start: int = 1,
) -> Outlook:
    """Prepare forecasts from what is known on a day.

    Parameters
    ----------
    known : Known
        What is known.
    elasticity : float, optional
        How far wins follow the pipeline: 0 for throughput alone, 1 for the pipeline alone. By
        default it is read from the panel.
    panel : sequence of str, optional
        Segment columns whose members share selling time; by default those that look like people:
        owner, agent, manager, region, team.
    fiscal_year_start : int, default 1
        Month in which fiscal years start.

    Raises
    ------
    InputError
        If the record has no day yet, a column is not known, or a number is out of range.
    """
    if known.day < known.record_start:
        remedy = f"closes are recorded from day {known.record_start} on"
        raise InputError("as-of day", "lie inside the record", known.day, remedy)
    for name in panel or ():
        if name not in known.segments:
            raise unknown("panel column", name, known.segments)
    month = whole("fiscal_year_start", fiscal_year_start, 1, 12)
    windows: dict[str, list[Window]] = {}
    if elasticity is not None:
        value = number("elasticity", elasticity, ELASTICITY)
        found = Elasticity(value, GIVEN_SD, "given")
    else:
        windows = panel_windows(known, list(known.segments))
        columns = people_columns(list(known.segments)) if panel is None else panel
        found = from_panel(windows, columns) if columns else ASSUMED
    return Outlook(known, Spans.of(known), fit_hazards(known), windows, found, month)


def _checked_edges(edges: Sequence[int]) -> NDArray[np.int64]:
    ends = [whole("edges", edge, 1) for edge in edges]
    if not ends or any(later <= before for before, later in itertools.pairwise(ends)):
        raise InputError("edges", "be increasing days after the as-of day", list(edges))
    return np.array(ends, np.int64)


def _log_rate(wins: Floats) -> float:
    """Return the logarithm of wins a day over the record; half a win where there is none."""
    return float(np.log(max(wins.sum(), 0.5) / len(wins)))


def _columns(
    cells: Cells, own: Floats, everyone: Floats, mean: float, of_all: Series, beta: bool
) -> Floats:
    """Return season classes, pressure of all, intercept, and the group's own beside all."""
    all_pressure = relative(everyone, float(of_all.mean[0]))
    columns = [*np.eye(CLASSES)[cells.season].T, all_pressure, np.ones(len(own))]
    if beta:
        columns.append(relative(own, float(mean)) - all_pressure)
    return np.column_stack(columns)


def _points(elasticity: Elasticity) -> list[tuple[float, Belief, Drift]]:
    """Return the grid of the whole: with a season and without one."""
    mean = np.zeros(CLASSES + 2)
    mean[ALPHA] = elasticity.value
    beliefs = []
    for sd in SEASON_SDS:
        variance = np.full(CLASSES + 2, sd**2)
        variance[ALPHA], variance[INTERCEPT] = elasticity.sd**2, INTERCEPT_SD**2
        beliefs.append((1.0, Belief(mean, np.diag(variance))))
    return _points_with(beliefs)


def _points_with(
    beliefs: list[tuple[float, Belief]],
) -> list[tuple[float, Belief, Drift]]:
    return [
        (weight * sigma * np.exp(-sigma / SIGMA_SCALE), belief, Drift(sigma, persistence, phi))
        for weight, belief in beliefs
        for persistence in PERSISTENCES
        for phi in PHIS
        for sigma in SIGMAS
    ]


def _segment_belief(regression: Regression, beta: tuple[float, float]) -> Belief:
    """Return the prior of a segment's border: season and elasticity as of the whole."""
    of_all = regression.belief()
    mean = np.append(of_all.mean, beta[0])
    covariance = np.zeros((BETA + 1, BETA + 1))
    covariance[:BETA, :BETA] = of_all.covariance
    covariance[INTERCEPT] = covariance[:, INTERCEPT] = 0.0
    mean[INTERCEPT] = 0.0
    covariance[INTERCEPT, INTERCEPT] = INTERCEPT_SD**2
    seasons = np.arange(CLASSES)
    covariance[seasons, seasons] += SEGMENT_SEASON_SD**2
    covariance[BETA, BETA] = beta[1] ** 2
    return Belief(mean, covariance)
