"""A forecast drawn from a history: its paths, how far wins follow the pipeline, its record."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim import answers
from funnelsim._version import __version__
from funnelsim.backtesting.experience import factor
from funnelsim.backtesting.ours import OutlookForecaster
from funnelsim.backtesting.track import TrackRecord, track_record
from funnelsim.errors import InputError
from funnelsim.events import EventLog, Known
from funnelsim.fitting.booked import booked_since
from funnelsim.futures import Futures, given
from funnelsim.goal import CENTS, Goal
from funnelsim.history.text import forecast_text
from funnelsim.history.words import notes_of
from funnelsim.outlook.covariates import Effect
from funnelsim.outlook.elasticity import Elasticity
from funnelsim.outlook.outlook import Outlook, prepare
from funnelsim.periods import Periods

FORMAT = 1
PATHS = 20_000
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """What was asked of a history.

    Parameters
    ----------
    segment : tuple of (str, str), optional
        A column and its value; None for all deals.
    elasticity : float, optional
        The elasticity that was stated; None where it was to be found.
    panel : tuple of str, optional
        The columns of people who share selling time; None for those that look like it.
    season : tuple of float, optional
        What was stated of the season of a quarter; None where the history alone tells it.
    paths, seed : int
        Simulated futures, and the key of the random numbers.
    """

    segment: tuple[str, str] | None = None
    elasticity: float | None = None
    panel: tuple[str, ...] | None = None
    season: tuple[float, ...] | None = None
    paths: int = PATHS
    seed: int = 1


class HistoryForecast(Futures):
    """Futures drawn from a history; made by `History.forecast`.

    Bookings are new bookings after the as-of date; attainment alone adds what is booked already.

    Parameters
    ----------
    goal : Goal
        The day, the periods and the quota.
    asked : Asked
        What was asked.
    ahead : tuple of ndarray
        Bookings in cents and wins, each of shape (periods, paths).
    told : tuple of (Elasticity, tuple of Effect)
        How far wins follow the pipeline, and what moves the odds of a deal.
    record : TrackRecord, optional
        How earlier forecasts of the same horizon scored.
    spread : float
        By what the spread was multiplied, from the errors of those; 1 as it was modelled.
    notes : tuple of str
        What to know before the forecast is believed.

    Examples
    --------
    >>> from funnelsim.history import History
    >>> days = [dt.date(2026, 1, 1) + dt.timedelta(k) for k in range(200)]
    >>> history = History.from_frame({
    ...     "id": [f"D{k}" for k in range(200)], "created": days, "outcome": ["won"] * 200,
    ...     "closed": [day + dt.timedelta(9) for day in days], "amount": [5e4] * 200,
    ... })
    >>> forecast = history.forecast(30, as_of="2026-06-30", quota=1_200_000, paths=4000)
    >>> forecast.attainment_probability().value > 0.5
    True
    >>> forecast.track_record.forecasts
    4
    """

    def __init__(  # noqa: PLR0917
        self,
        goal: Goal,
        asked: Asked,
        ahead: tuple[Counts, Counts],
        told: tuple[Elasticity, tuple[Effect, ...]],
        record: TrackRecord | None,
        spread: float,
        notes: tuple[str, ...],
    ) -> None:
        super().__init__(goal, *ahead)
        self.goal, self.asked = goal, asked
        self.elasticity, self.effects = told
        self.track_record, self.spread, self.notes = record, spread, notes

    def to_dict(self) -> dict[str, Any]:
        """Return all answers as the JSON answer holds them; the same input gives the same bytes."""
        goal, quota = self.goal, self.goal.quota_cents
        every = self.attainment_every_period()
        return {
            "funnelsim": __version__,
            "format": FORMAT,
            "scenario": goal.name,
            "seed": self.asked.seed,
            "paths": self.asked.paths,
            "currency": goal.currency,
            "as_of": goal.as_of.isoformat(),
            "segment": list(self.asked.segment) if self.asked.segment else None,
            "quota": None if quota is None else quota / CENTS,
            "booked": goal.booked,
            "attainment_probability": given(self.attainment_probability()),
            "bookings": answers.distribution(self._total, CENTS),
            "wins": answers.distribution(self._total_wins),
            "attainment_probability_every_period": given(every),
            "periods": self._periods(),
            "elasticity": _in_words(self.elasticity),
            "effects": [one._asdict() for one in self.effects],
            "spread": self.spread,
            "track_record": self.track_record.to_dict() if self.track_record else None,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return forecast_text(self.to_dict())


def forecast_history(
    log: EventLog,
    day: int,
    horizon: int | None,
    periods: Periods | None,
    *,
    quota: float | Sequence[float] | None = None,
    booked: float | None = None,
    name: str = "",
    segment: tuple[str, str] | None = None,
    elasticity: float | None = None,
    panel: Sequence[str] | None = None,
    season: Sequence[float] | None = None,
    track_record: bool = True,
    paths: int = PATHS,
    seed: int = 1,
) -> HistoryForecast:
    """Forecast what follows a day of a history; parameters as `History.forecast`."""
    windows = _periods(horizon, periods)
    known = log.as_of(day)
    if booked is None:
        booked = booked_since(known, windows, _members(known, segment))
    goal = Goal(
        as_of=dt.date.fromordinal(day),
        periods=windows,
        quota=quota,  # type: ignore[arg-type]
        booked=booked,
        currency=log.currency or "",
        name=name,
    )
    asked = Asked(
        segment=None if segment is None else (str(segment[0]), str(segment[1])),
        elasticity=elasticity,
        panel=None if panel is None else tuple(panel),
        season=None if season is None else tuple(season),
        paths=paths,
        seed=seed,
    )
    return _forecast(log, known, goal, asked, scored=track_record)


def _members(known: Known, segment: tuple[str, str] | None) -> NDArray[np.bool_] | None:
    """Return which deals are in a segment, if it is known; else all are."""
    if segment is None or segment[0] not in known.segments:
        return None
    codes, names = known.segments[segment[0]]
    return np.array([name == segment[1] for name in names])[codes]


def _in_words(elasticity: Elasticity) -> dict[str, Any]:
    return {
        **asdict(elasticity),
        "columns": list(elasticity.columns),
        "verdict": elasticity.verdict,
        "sentence": str(elasticity),
    }


def _periods(horizon: int | None, periods: Periods | None) -> Periods:
    if (horizon is None) == (periods is None):
        given_both = "both" if periods is not None else "neither"
        raise InputError("forecast", "be given either a horizon or periods", given_both)
    return Periods(edges=[0, horizon]) if periods is None else periods  # type: ignore[list-item]


def _forecast(
    log: EventLog, known: Known, goal: Goal, asked: Asked, *, scored: bool
) -> HistoryForecast:
    month = goal.periods.fiscal_year_start
    outlook = _prepared(known, asked, asked.elasticity, month)
    edges = _edges(goal)
    ahead = outlook.ahead(edges, segment=asked.segment, paths=asked.paths, seed=asked.seed)
    cents, wins = np.ascontiguousarray(ahead.bookings.T), np.ascontiguousarray(ahead.wins.T)
    record = _track_record(log, known, edges[-1], asked, month) if scored else None
    spread = 1.0
    if record is not None:
        spread = factor(record.z["bookings"], record.weights["bookings"])
        cents = _scaled(cents, spread)
        wins = _scaled(wins, factor(record.z["wins"], record.weights["wins"]))
    notes = notes_of(log, outlook, asked, edges[-1], _bounds(outlook, edges, asked))
    told = outlook.elasticity, outlook.effects
    return HistoryForecast(goal, asked, (cents, wins), told, record, spread, notes)


def _prepared(
    known: Known, asked: Asked, elasticity: float | None, fiscal_year_start: int
) -> Outlook:
    return prepare(
        known,
        elasticity=elasticity,
        panel=asked.panel,
        season=asked.season,
        fiscal_year_start=fiscal_year_start,
    )


def _edges(goal: Goal) -> list[int]:
    """Return the ends of the periods in whole days."""
    for window in goal.windows:
        if not float(window.hi).is_integer():
            remedy = "a history is told by whole days"
            raise InputError("periods.edges", "be whole days", window.hi, remedy)
    return [int(window.hi) for window in goal.windows]


def _track_record(
    log: EventLog, known: Known, days: int, asked: Asked, fiscal_year_start: int
) -> TrackRecord:
    forecaster = OutlookForecaster(
        elasticity=asked.elasticity, panel=asked.panel, fiscal_year_start=fiscal_year_start
    )
    by = [asked.segment[0]] if asked.segment else []
    return track_record(
        log,
        known.day,
        days,
        by=by,
        forecaster=forecaster,
        fiscal_year_start=fiscal_year_start,
        seed=asked.seed,
    )


def _scaled(values: Counts, spread: float) -> Counts:
    """Scale the spread of totals about their median, in logarithms; periods keep their shares."""
    total = values.sum(axis=0)
    median = float(np.median(total))
    if spread == 1.0 or median <= 0.0:
        return values
    ratio = np.where(total > 0, total / median, 1.0)
    return np.floor(values * ratio ** (spread - 1.0) + 0.5).astype(np.int64)


def _bounds(outlook: Outlook, edges: list[int], asked: Asked) -> tuple[float, float] | None:
    """Return mean bookings at an elasticity of 0 and of 1, where it cannot be told."""
    if outlook.elasticity.verdict != "unknown" or outlook.elasticity.found == "given":
        return None
    means = []
    for value in (0.0, 1.0):
        fixed = _prepared(outlook.known, asked, value, outlook.fiscal_year_start)
        ahead = fixed.ahead(edges, segment=asked.segment, paths=4096, seed=asked.seed)
        means.append(float(ahead.bookings.sum(axis=1).mean()) / CENTS)
    low, high = means
    return (low, high) if math.isfinite(low + high) else None
