"""What the regression is told: cells of the past and of what comes, their columns, and priors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError
from funnelsim.events import Known
from funnelsim.outlook.calendar import CLASSES, FROM_DAYS_LEFT, Cells, cells_of, past_weeks, season
from funnelsim.outlook.elasticity import Elasticity
from funnelsim.outlook.market import NUDGE
from funnelsim.outlook.pressure import WEEK
from funnelsim.outlook.regression import Belief, Counts, Drift, Regression
from funnelsim.outlook.series import Series, relative
from funnelsim.outlook.wins import ALPHA, BETA, INTERCEPT, Coming
from funnelsim.parameters import POSITIVE, number

Floats = NDArray[np.float64]

SIGMAS = (0.01, 0.03, 0.08)
SIGMA_SCALE = 0.03
PERSISTENCES = (1.0, 0.97, 0.9)
PHIS = (0.0, 0.02, 0.08)
SEASON_SDS = (0.02, 0.4)
"""Without a season, and with one."""
QUARTER_DAYS = 91
INTERCEPT_SD = 2.0
STATED_SDS = (0.1, 0.3)
"""About a stated season: as stated, and where the record says otherwise."""
SEGMENT_SEASON_SD = 0.1
"""How far a segment's season may be from the whole's."""

Point = tuple[float, Belief, Drift]


class Place(NamedTuple):
    """The whole or a segment: its series, its code there, and the series of all deals."""

    series: Series
    code: int
    of_all: Series

    @property
    def beside(self) -> bool:
        """Whether its pressure is a column beside that of all."""
        return self.series is not self.of_all


class Expected(NamedTuple):
    """Wins a day expected of the days to come."""

    own: Floats  # (days,) of the place
    of_all: Floats  # (days,)
    up: Floats  # (days,) of all under a market nudged up
    down: Floats  # (days,) and down


def past_counts(known: Known, place: Place, fiscal_year_start: int) -> Counts:
    """Return the past of a place in cells."""
    start, day = known.record_start, known.day
    classes = season(np.arange(start, day + 1), fiscal_year_start)
    cells = cells_of(past_weeks(start, day), classes)
    columns = _columns(
        cells, place, place.series.pressure[:, place.code], place.of_all.pressure[:, 0]
    )
    wins = place.series.wins[:, place.code]
    return Counts(cells.sums(wins), np.log(cells.days) + _log_rate(wins), cells.week, columns)


def coming_cells(
    day: int, ends: NDArray[np.int64], place: Place, expected: Expected, fiscal_year_start: int
) -> Coming:
    """Return the cells of the days after one up to the last end of a period."""
    ahead = np.arange(int(ends[-1]))
    cells = cells_of(ahead // WEEK, season(day + 1 + ahead, fiscal_year_start), ends)
    return Coming(
        week=cells.week,
        period=np.searchsorted(ends, cells.first, side="right"),
        offset=np.log(cells.days) + _log_rate(place.series.wins[:, place.code]),
        columns=_columns(cells, place, expected.own, expected.of_all),
        response=_response(cells, expected),
    )


def _response(cells: Cells, expected: Expected) -> Floats:
    """Return how pressure answers to a shift of the market, beyond its answer in the first days.

    What the market does at once is in the level of wins.
    """
    up, down = (np.maximum(cells.sums(one), 1e-12) for one in (expected.up, expected.down))
    slope = np.log(up / down) / (2.0 * NUDGE)
    return np.asarray(slope - slope[0])


def _log_rate(wins: Floats) -> float:
    """Return the logarithm of wins a day over the record; half a win where there is none."""
    return float(np.log(max(wins.sum(), 0.5) / len(wins)))


def _columns(cells: Cells, place: Place, own: Floats, of_all: Floats) -> Floats:
    """Return season classes, pressure of all, intercept, and the place's own beside all."""
    everyone = relative(cells.sums(of_all) / cells.days, float(place.of_all.mean[0]))
    columns = [*np.eye(CLASSES)[cells.season].T, everyone, np.ones(len(everyone))]
    if place.beside:
        mean = float(place.series.mean[place.code])
        columns.append(relative(cells.sums(own) / cells.days, mean) - everyone)
    return np.column_stack(columns)


def stated_season(weights: Sequence[float]) -> Floats:
    """Return what stated weights of the calendar classes say of the logarithm of wins a day.

    They are relative to their mean over the days of a quarter of 91 days.

    Examples
    --------
    >>> stated_season([1, 1, 1, 2, 4]).round(2)
    array([-0.27, -0.27, -0.27,  0.42,  1.12])
    """
    each = list(weights) if np.iterable(weights) else []
    if len(each) != CLASSES:
        remedy = "weights of a day with > 60, 31-60, 14-30, 7-13 and < 7 days left in the quarter"
        raise InputError("season", f"be {CLASSES} numbers above 0", weights, remedy)
    stated = np.array([number("season", one, POSITIVE) for one in each])
    days = -np.diff(FROM_DAYS_LEFT, prepend=QUARTER_DAYS)
    return np.asarray(np.log(stated / (stated @ days / QUARTER_DAYS)))


def whole_points(elasticity: Elasticity, stated: Floats | None = None) -> list[Point]:
    """Return the grid of the whole: with a season and without one, or with one as stated."""
    mean = np.zeros(CLASSES + 2)
    mean[ALPHA] = elasticity.value
    if stated is not None:
        mean[:CLASSES] = stated
    result = []
    for sd in SEASON_SDS if stated is None else STATED_SDS:
        variance = np.full(CLASSES + 2, sd**2)
        variance[ALPHA], variance[INTERCEPT] = elasticity.sd**2, INTERCEPT_SD**2
        result += _drifts(Belief(mean, np.diag(variance)))
    return result


def segment_points(whole: Regression, beta: tuple[float, float]) -> list[Point]:
    """Return the grid of a segment: season and elasticity about as of the whole, its own level.

    Parameters
    ----------
    whole : Regression
        That of all deals.
    beta : tuple of (float, float)
        Mean and sd of the elasticity to the segment's own pressure beside that of all.
    """
    of_all = whole.belief()
    mean = np.append(of_all.mean, beta[0])
    covariance = np.zeros((BETA + 1, BETA + 1))
    covariance[:BETA, :BETA] = of_all.covariance
    covariance[INTERCEPT] = covariance[:, INTERCEPT] = 0.0
    mean[INTERCEPT], covariance[INTERCEPT, INTERCEPT] = 0.0, INTERCEPT_SD**2
    seasons = np.arange(CLASSES)
    covariance[seasons, seasons] += SEGMENT_SEASON_SD**2
    covariance[BETA, BETA] = beta[1] ** 2
    return _drifts(Belief(mean, covariance))


def _drifts(belief: Belief) -> list[Point]:
    return [
        (sigma * np.exp(-sigma / SIGMA_SCALE), belief, Drift(sigma, persistence, phi))
        for persistence in PERSISTENCES
        for phi in PHIS
        for sigma in SIGMAS
    ]
