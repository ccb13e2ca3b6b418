"""The outlook: how many wins the regression expects, which deals and amounts the pipeline tells."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError, unknown
from funnelsim.events import Known
from funnelsim.events.known import date_of
from funnelsim.fitting.hazards import Hazards, fit_hazards
from funnelsim.outlook.amounts import winners
from funnelsim.outlook.calendar import season
from funnelsim.outlook.closing import win_factors
from funnelsim.outlook.covariates import SPAN, Covariates, Effect, fit_covariates, visits
from funnelsim.outlook.design import (
    Expected,
    Place,
    coming_cells,
    past_counts,
    segment_points,
    stated_season,
    whole_points,
)
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
from funnelsim.outlook.intensity import open_deals
from funnelsim.outlook.market import NUDGE, Market, fit_market, shifted
from funnelsim.outlook.paths import drawn
from funnelsim.outlook.pressure import (
    WEEK,
    Dated,
    Groups,
    chances_by,
    creation_rate,
    dated_chances,
    stepped_wins,
    win_chances,
)
from funnelsim.outlook.regression import Regression, fit_regression
from funnelsim.outlook.series import Series, past_series, week_starts
from funnelsim.outlook.spans import Spans
from funnelsim.outlook.wins import expected_wins_on
from funnelsim.parameters import Interval, number, whole

Floats = NDArray[np.float64]
Kept = TypeVar("Kept")

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
    """The whole, or one segment: its place, its deals, and its regression."""

    place: Place
    chosen: NDArray[np.bool_]
    regression: Regression


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
    season : ndarray, shape (5,), optional
        What is stated of the season: logarithms of wins a day by calendar class.
    """

    known: Known
    spans: Spans
    hazards: Hazards
    windows: dict[str, list[Window]]
    elasticity: Elasticity
    fiscal_year_start: int
    season: Floats | None = None
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
        expected = self._expected(part, ends, -(-count // BLOCK), seed)
        by_ends, effect = self._chances(ends), self._covariates().multiplier
        deals = open_deals(self.spans, self.known.day, by_ends, effect, part.chosen)
        daily = self._of_new(int(ends[-1])) * self._fresh_rate(part.place)
        fresh = np.add.reduceat(daily, np.append(0, ends[:-1]))
        fresh = np.maximum(fresh, LEAST_FRESH * expected.mean(axis=1))
        brought = winners(self.known, part.chosen)
        wins, cents = drawn(self.known, deals, fresh, expected, brought=brought, seed=seed)
        return Ahead(
            self.known.day,
            tuple(ends.tolist()),
            np.ascontiguousarray(wins[:, :count].T),
            np.ascontiguousarray(cents[:, :count].T),
            self.elasticity,
        )

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What moves the odds: an effect for each value of the segment columns."""
        return self._covariates().effects

    def _fresh_rate(self, place: Place) -> float:
        """Return new deals a day, each as often as its values say."""
        groups = replace(place.series.groups, weight=self._covariates().multiplier)
        known = self.known
        rate = creation_rate(self.spans, groups, known.day, known.record_start, known.day)
        return float(rate[place.code])

    def _expected(self, part: _Part, ends: NDArray[np.int64], blocks: int, seed: int) -> Floats:
        """Return expected wins of each period on blocks of paths, shape (periods, paths)."""
        days, place = int(ends[-1]), part.place
        daily = Expected(
            self._daily(place.series, place.code, days),
            *(self._of_all(place.of_all, days, by) for by in (0.0, NUDGE, -NUDGE)),
        )
        coming = coming_cells(self.known.day, ends, place, daily, self.fiscal_year_start)
        market = self._market()
        return np.hstack(
            [expected_wins_on(part.regression, market, coming, seed, k) for k in range(blocks)]
        )

    def _of_all(self, series: Series, days: int, shift: float) -> Floats:
        """Return wins a day expected of all deals under a shift of the market, shape (days,)."""
        return self._keep((days, shift), lambda: self._daily(series, 0, days, shift))

    def _daily(self, series: Series, code: int, days: int, shift: float = 0.0) -> Floats:
        """Return wins a day expected of a group under a shift of the market, shape (days,)."""
        hazards = shifted(self.hazards, shift) if shift else self.hazards
        standing = series.groups.standing(self.spans, self.known.day, code)
        return stepped_wins(hazards, self._ahead(days), standing, float(series.rate[code]))

    def _of_new(self, days: int) -> Floats:
        """Return wins a day where one deal is created each day and none is open, shape (days,)."""
        none = np.zeros_like(self.hazards.forward)
        return self._keep(
            ("new", days), lambda: stepped_wins(self.hazards, self._ahead(days), none, 1.0)
        )

    def _chances(self, ends: NDArray[np.int64]) -> Floats:
        """Return chances to win by the ends of periods, shape (periods, stages, 400)."""
        factors = self._ahead(int(ends[-1]))
        return self._keep(ends.tobytes(), lambda: chances_by(self.hazards, factors, ends))

    def _ahead(self, days: int) -> Floats:
        """Return the factors of the last step's hazard on the days to come."""
        return self._factors(self.known.day + 1 + np.arange(days))

    def _keep(self, key: Any, make: Callable[[], Kept]) -> Kept:
        if key not in self._kept:
            self._kept[key] = make()
        kept: Kept = self._kept[key]
        return kept

    def _whole(self) -> _Part:
        return self._keep("whole", self._fit_whole)

    def _fit_whole(self) -> _Part:
        count = len(self.known)
        series = self._past(Groups.whole(count))
        place = Place(series, 0, series)
        counts = past_counts(self.known, place, self.fiscal_year_start)
        regression = fit_regression(counts, whole_points(self.elasticity, self.season))
        return _Part(place, np.ones(count, bool), regression)

    def _segment(self, column: str, value: str) -> _Part:
        if column not in self.known.segments:
            raise unknown("segment column", column, self.known.segments)
        names = self.known.segments[column][1]
        if value not in names:
            raise unknown(f"segment {column!r}", value, names)
        code = names.index(value)
        return self._keep((column, code), lambda: self._fit_segment(column, code))

    def _fit_segment(self, column: str, code: int) -> _Part:
        codes, names = self.known.segments[column]
        weight = self._covariates().multiplier
        series = self._keep(column, lambda: self._past(Groups(codes, len(names), weight)))
        place = Place(series, code, self._whole().place.series)
        counts = past_counts(self.known, place, self.fiscal_year_start)
        points = segment_points(self._whole().regression, self._beta(column))
        return _Part(place, codes == code, fit_regression(counts, points))

    def _past(self, groups: Groups) -> Series:
        return past_series(self.known, self.spans, self._keep("weeks", self._weeks), groups)

    def _weeks(self) -> list[Dated]:
        """Return the chances of each week of the past."""
        days = np.arange(1, WEEK + 1)
        kinds: dict[bytes, Dated] = {}
        found = []
        for start in week_starts(self.known).tolist():
            factors = self._factors(start + days)
            key = factors.tobytes()
            if key not in kinds:
                kinds[key] = dated_chances(self.hazards, factors)
            found.append(kinds[key])
        return found

    def _factors(self, days: NDArray[np.int64]) -> Floats:
        """Return the factors of the last step's hazard on some days."""
        by_class = self._keep("factors", self._fit_factors)
        return np.asarray(by_class[season(days, self.fiscal_year_start)])

    def _fit_factors(self) -> Floats:
        return win_factors(self.known, self.spans, self.hazards, self.fiscal_year_start)

    def _beta(self, column: str) -> tuple[float, float]:
        """Return mean and sd of the elasticity to a segment's own pressure."""
        if self.elasticity.found == "given":
            return self.elasticity.value, self.elasticity.sd
        return from_windows(self.windows.get(column, []))

    def _covariates(self) -> Covariates:
        return self._keep("covariates", self._fit_covariates)

    def _fit_covariates(self) -> Covariates:
        days = min(SPAN, self.known.day - self.known.record_start + 1)
        seen = visits(self.known, self.spans, win_chances(self.hazards, days))
        return fit_covariates(self.known, seen)

    def _market(self) -> Market:
        return self._keep("market", self._fit_market)

    def _fit_market(self) -> Market:
        return fit_market(self.known, self.spans, self.hazards, self.fiscal_year_start)


def prepare(
    known: Known,
    *,
    elasticity: float | None = None,
    panel: Sequence[str] | None = None,
    fiscal_year_start: int = 1,
    season: Sequence[float] | None = None,
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
    season : sequence of float, optional
        What a day's wins are in proportion to when more than 60, 31 to 60, 14 to 30, 7 to 13, and
        fewer than 7 days of the quarter are left. The record corrects it as it grows; by default
        it alone tells the season.

    Raises
    ------
    InputError
        If the record has no day yet, a column is not known, or a number is out of range.
    """
    if known.day < known.record_start:
        remedy = f"closes are recorded from {date_of(known.record_start)} on"
        raise InputError("as_of", "lie inside the record", date_of(known.day), remedy)
    for name in panel or ():
        if name not in known.segments:
            raise unknown("panel column", name, known.segments)
    month = whole("fiscal_year_start", fiscal_year_start, 1, 12)
    stated = None if season is None else stated_season(season)
    windows: dict[str, list[Window]] = {}
    if elasticity is not None:
        value = number("elasticity", elasticity, ELASTICITY)
        found = Elasticity(value, GIVEN_SD, "given")
    else:
        windows = panel_windows(known, list(known.segments))
        columns = people_columns(list(known.segments)) if panel is None else panel
        found = from_panel(windows, columns) if columns else ASSUMED
    return Outlook(known, Spans.of(known), fit_hazards(known), windows, found, month, stated)


def _checked_edges(edges: Sequence[int]) -> NDArray[np.int64]:
    ends = [whole("edges", edge, 1) for edge in edges]
    if not ends or any(later <= before for before, later in itertools.pairwise(ends)):
        raise InputError("edges", "be increasing days after the as-of day", list(edges))
    return np.array(ends, np.int64)
