"""A backtest: forecasts of the past, made as they would have been then, beside simple ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from funnelsim.backtesting.baselines import Forecaster, baselines
from funnelsim.backtesting.notes import notes_of
from funnelsim.backtesting.origins import (
    SPACING,
    checked_first,
    rolling,
    to_quarter_end,
)
from funnelsim.backtesting.ours import NAME, OutlookForecaster
from funnelsim.backtesting.outcomes import LEAST_WINS, large_segments
from funnelsim.backtesting.summary import Line, lines_of
from funnelsim.backtesting.tables import table_text, verdict_text
from funnelsim.backtesting.walk import LeftOut, Progress, Row, Walk
from funnelsim.errors import InputError
from funnelsim.events import EventLog
from funnelsim.parameters import Interval, number, whole

PATHS = 2048
BRIERS = "brier{:g}"


@dataclass(frozen=True, eq=False)
class Backtest:
    """How past forecasts scored; made by `backtest`.

    Parameters
    ----------
    source, currency : str or None
        Of the history.
    forecasts : tuple of Row
        Every forecast and its scores.
    left_out : tuple of LeftOut
        What a method could not forecast, and why.
    lines : tuple of Line
        One line per measure, horizon, dimension and method.
    quota : tuple of float
        Multiples of the mean rate so far, whose reaching was forecast.
    notes : tuple of str
        What to know before the figures are believed.

    Examples
    --------
    >>> from funnelsim.events import WON
    >>> days = range(400)
    >>> log = EventLog(
    ...     [f"D{day}" for day in days], ["open"], deal=[*days, *days],
    ...     time=[*days, *(day + 5 for day in days)], state=[0] * 400 + [WON] * 400,
    ... )
    >>> found = backtest(log, [30], forecasters={}, origins=28)
    >>> line = found.summary("wins")[0]
    >>> line.horizon, line.dimension, line.forecasts, line.separate
    ('30 days', 'total', 11, 6)
    >>> len(found.rows()["crps"]), found.verdict()
    (156, 'Only baselines were scored.')
    """

    source: str
    currency: str | None
    forecasts: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]
    lines: tuple[Line, ...]
    quota: tuple[float, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        origins = len({row.day for row in self.forecasts})
        return f"Backtest({len(self.forecasts):,} forecasts from {origins} origins)"

    def __str__(self) -> str:
        return "\n\n".join([self.verdict(), self.table(), *self.notes])

    def summary(self, measure: str = "bookings") -> list[Line]:
        """Return the lines of one measure, ``"bookings"`` or ``"wins"``."""
        return [line for line in self.lines if line.measure == measure]

    def verdict(self, measure: str = "bookings") -> str:
        """Return in words whether the forecasts beat the best simple one, for each horizon."""
        return verdict_text(self.summary(measure))

    def table(self, measure: str = "bookings") -> str:
        """Return the summary as text."""
        return table_text(self.summary(measure), self.currency)

    def rows(self) -> dict[str, list[Any]]:
        """Return every forecast and its scores as columns, for a dataframe.

        Days are ISO dates; ``brier0.9`` is the score of reaching 0.9 of the mean rate so far.
        """
        names = [name for name in Row._fields if name != "briers"]
        columns = {name: [getattr(row, name) for row in self.forecasts] for name in names}
        columns["day"] = [_iso(day) for day in columns["day"]]
        for k, multiple in enumerate(self.quota):
            columns[BRIERS.format(multiple)] = [row.briers[k] for row in self.forecasts]
        return columns

    def to_dict(self) -> dict[str, Any]:
        """Return the summary, the verdict and the notes, ready for JSON."""
        return {
            "source": self.source,
            "currency": self.currency,
            "quota": list(self.quota),
            "verdict": {
                measure: self.verdict(measure).splitlines() for measure in ("bookings", "wins")
            },
            "summary": [asdict(line) for line in self.lines],
            "left_out": [{**one._asdict(), "day": _iso(one.day)} for one in self.left_out],
            "notes": list(self.notes),
        }


def backtest(
    log: EventLog,
    horizons: Sequence[int] = (30, 91),
    *,
    by: Sequence[str] = (),
    origins: int | Sequence[int] | None = None,
    first: int | None = None,
    quarter_end: bool = False,
    quota: Sequence[float] = (0.9, 1.0, 1.1),
    forecasters: Mapping[str, Forecaster] | None = None,
    fiscal_year_start: int = 1,
    least_wins: int = LEAST_WINS,
    paths: int = PATHS,
    seed: int = 1,
    progress: Progress | None = None,
) -> Backtest:
    """Score forecasts of the past, beside the simple ones that people would have used.

    Parameters
    ----------
    log : EventLog
        The history.
    horizons : sequence of int
        Days ahead.
    by : sequence of str
        Columns whose segments are forecast, too, beside the total.
    origins : int or sequence of int, optional
        Days between origins, by default 7; or the origins themselves, as ordinals.
    first : int, optional
        The first origin; by default 91 days after closes began to be recorded.
    quarter_end : bool
        Whether to forecast to the end of the quarter, too, from origins at least 7 days before it.
    quota : sequence of float
        Multiples of the mean rate so far whose reaching is forecast.
    forecasters : mapping of str to callable, optional
        What is compared with the baselines: by default the outlook. Each is called as
        ``(known, days, segment, paths, seed)`` and returns wins and cents of each path.
    fiscal_year_start : int
        Month in which fiscal years start.
    least_wins : int
        Segments with fewer wins in the whole record are left out.
    paths, seed : int
        Paths of each forecast, and what its random numbers start from.
    progress : callable, optional
        Called with the windows done and the windows in all.

    Raises
    ------
    InputError
        If the history is too short to score one forecast, or an argument is not usable.

    Examples
    --------
    >>> from funnelsim.events import WON
    >>> days = range(400)
    >>> log = EventLog(
    ...     [f"D{day}" for day in days], ["open"], deal=[*days, *days],
    ...     time=[*days, *(day + 5 for day in days)], state=[0] * 400 + [WON] * 400,
    ...     amount=[1000.0] * 800,
    ... )
    >>> backtest(log, [30], forecasters={}, origins=28)
    Backtest(156 forecasts from 11 origins)
    """
    horizons = tuple(whole("horizons", days, 1) for days in horizons)
    multiples = tuple(number("quota", one, Interval(0.0, open_low=True)) for one in quota)
    end = log.as_of(log.last_day)
    days = _origins(log, horizons, origins, first)
    windows = rolling(days, log.last_day, horizons)
    if quarter_end:
        windows += to_quarter_end(days, log.last_day, fiscal_year_start)
    if not windows:
        raise InputError("origins", "have a window that ends inside the record", horizons)
    segments, small = large_segments(end, by, whole("least_wins", least_wins, 1))
    simple = baselines(fiscal_year_start)
    walk = Walk(
        log=log,
        windows=windows,
        segments=segments,
        simple={name: one for name, one in simple.items() if name not in (forecasters or {})},
        learning=_compared(forecasters, fiscal_year_start),
        quota=multiples,
        paths=whole("paths", paths, 2),
        seed=whole("seed", seed, 0),
    )
    rows, left = walk.run(progress)
    return Backtest(
        source=log.source,
        currency=log.currency,
        forecasts=tuple(rows),
        left_out=tuple(left),
        lines=tuple(lines_of(rows, list(walk.simple))),
        quota=multiples,
        notes=tuple(notes_of(log, end, windows, left, small)),
    )


def _compared(
    forecasters: Mapping[str, Forecaster] | None, fiscal_year_start: int
) -> dict[str, Forecaster]:
    if forecasters is None:
        return {NAME: OutlookForecaster(fiscal_year_start=fiscal_year_start)}
    return dict(forecasters)


def _origins(
    log: EventLog,
    horizons: Sequence[int],
    origins: int | Sequence[int] | None,
    first: int | None,
) -> list[int]:
    last = log.last_day
    if origins is None or isinstance(origins, int | np.integer):
        spacing = whole("origins", SPACING if origins is None else origins, 1)
        start = checked_first(log.record_start, last, first, min(horizons, default=1))
        return list(range(start, last + 1, spacing))
    return sorted({whole("origins", day, 1, last) for day in origins})


def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()
