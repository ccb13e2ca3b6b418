"""The track record that travels with a forecast: how its like scored on the days before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim._text import counted
from funnelsim.backtesting import scores
from funnelsim.backtesting.baselines import Forecaster, baselines
from funnelsim.backtesting.comparison import Ratio
from funnelsim.backtesting.experience import weight_of
from funnelsim.backtesting.notes import FEW_WINDOWS
from funnelsim.backtesting.origins import HISTORY, rolling
from funnelsim.backtesting.ours import NAME, OutlookForecaster
from funnelsim.backtesting.outcomes import large_segments
from funnelsim.backtesting.summary import ENOUGH_WINDOWS, Line, lines_of
from funnelsim.backtesting.walk import AS_MODELLED, MEASURES, TOTAL, Row, Walk
from funnelsim.events import EventLog
from funnelsim.parameters import whole

MOST_ORIGINS = 12
PATHS = 1024


@dataclass(frozen=True, eq=False)
class TrackRecord:
    """How earlier forecasts of a horizon scored; made by `track_record`.

    Parameters
    ----------
    day, days : int
        The as-of day of the forecast that this goes with, and its horizon.
    recorded : int
        Days with recorded closes until then.
    line : Line or None
        The scores of the total's bookings; None if no forecast could be scored.
    z : dict of str to ndarray
        For ``"bookings"`` and ``"wins"``, the standard normal scores of what came, pooled over the
        segments: below 0 where less came than expected, and of variance 1 if the spread is right.
    weights : dict of str to ndarray
        What part of an independent forecast each is worth, as windows overlap.

    Examples
    --------
    >>> record = TrackRecord(day=738_000, days=30, recorded=60, line=None, z={}, weights={})
    >>> record.forecasts, record.loses
    (0, False)
    """

    day: int
    days: int
    recorded: int
    line: Line | None
    z: dict[str, NDArray[np.float64]]
    weights: dict[str, NDArray[np.float64]]

    @property
    def forecasts(self) -> int:
        """How many past forecasts of the total could be scored."""
        return self.line.forecasts if self.line else 0

    @property
    def separate(self) -> int:
        """How many of their windows do not overlap."""
        return self.line.separate if self.line else 0

    @property
    def held(self) -> float | None:
        """The share of what came that the 80 % interval held."""
        return self.line.in80 if self.line else None

    @property
    def ratio(self) -> Ratio | None:
        """The score (CRPS) over that of the best simple forecast; above 1 it was worse."""
        return self.line.ratio if self.line else None

    @property
    def loses(self) -> bool:
        """Whether the best simple forecast scored better, be it by chance."""
        return self.ratio is not None and self.ratio.value > 1.0

    def sentences(self) -> list[str]:
        """Return what to say beside the forecast."""
        if self.line is None:
            return [self._unscored()]
        held = f"the 80 % interval held {100 * self.line.in80:.0f} % of what came"
        found = [f"{_scored(self.line)} could be scored: {held}."]
        if self.separate < ENOUGH_WINDOWS:
            found.append(f"Below {ENOUGH_WINDOWS} separate windows {FEW_WINDOWS}.")
        return found + self._comparison()

    def _unscored(self) -> str:
        return (
            f"No forecast {self.days} days ahead could be scored yet: that takes "
            f"{HISTORY + self.days} days of recorded closes, and there are {self.recorded}; "
            f"{FEW_WINDOWS}."
        )

    def _comparison(self) -> list[str]:
        if self.line is None or self.ratio is None:
            return []
        change = f"{100 * abs(self.ratio.value - 1.0):.0f} %"
        chance = {"ties": ", which may be chance", "untold": f", but {self.line.too_few()}"}
        best = f"the best simple one ({self.line.best}, picked afterwards)"
        how_sure = chance.get(self.line.outcome or "", "")
        word = "WORSE" if self.loses else "better"
        return [f"These forecasts scored {change} {word} than {best}{how_sure}."]

    def to_dict(self) -> dict[str, Any]:
        """Return the record, ready for JSON."""
        return {
            "day": self.day,
            "days": self.days,
            "forecasts": self.forecasts,
            "separate_windows": self.separate,
            "held_80": self.held,
            "crps_ratio": asdict(self.ratio) if self.ratio else None,
            "best_simple": self.line.best if self.line else None,
            "sentences": self.sentences(),
        }


def track_record(
    log: EventLog,
    day: int,
    days: int,
    *,
    by: Sequence[str] = (),
    forecaster: Forecaster | None = None,
    most: int = MOST_ORIGINS,
    fiscal_year_start: int = 1,
    paths: int = PATHS,
    seed: int = 1,
) -> TrackRecord:
    """Score forecasts like one that is made on a day, on the days before.

    Origins are half a horizon apart, the last so that its window has just ended; the first has 91
    days of recorded closes behind it. Nothing after `day` is used.

    Parameters
    ----------
    log : EventLog
        The history.
    day : int
        The as-of day of the forecast.
    days : int
        Its horizon.
    by : sequence of str
        Columns whose segments add to what is known of the spread.
    forecaster : callable, optional
        What makes the forecasts; by default the outlook.
    most : int
        The most origins.
    fiscal_year_start, paths, seed : int
        As for `backtest`.

    Raises
    ------
    InputError
        If nothing is known on the day, or an argument is not usable.

    Examples
    --------
    >>> from funnelsim.events import WON
    >>> days = range(200)
    >>> log = EventLog(
    ...     [f"D{day}" for day in days], ["open"], deal=[*days, *days],
    ...     time=[*days, *(day + 5 for day in days)], state=[0] * 200 + [WON] * 200,
    ... )
    >>> record = track_record(log, 110, 30)
    >>> record.forecasts
    0
    >>> print(record.sentences()[0][:54])
    No forecast 30 days ahead could be scored yet: that ta
    """
    days, most = whole("days", days, 1), whole("most", most, 1)
    known = log.as_of(day)
    step = max(days // 2, 1)
    earliest = known.record_start + HISTORY
    origins = list(range(day - days, earliest - 1, -step))[:most]
    segments, _ = large_segments(known, by)
    walk = Walk(
        log=log,
        windows=rolling(origins, day, [days]),
        segments=segments,
        simple=baselines(fiscal_year_start),
        learning={NAME: forecaster or OutlookForecaster(fiscal_year_start=fiscal_year_start)},
        quota=(),
        paths=whole("paths", paths, 2),
        seed=whole("seed", seed, 0),
    )
    rows, _ = walk.run()
    lines = [line for line in lines_of(rows, list(walk.simple)) if line.dimension == TOTAL]
    ours = [line for line in lines if (line.method, line.measure) == (NAME, "bookings")]
    plain = [row for row in rows if row.method == NAME + AS_MODELLED]
    scored = {measure: [row for row in plain if row.measure == measure] for measure in MEASURES}
    weight = weight_of(step, days)
    return TrackRecord(
        day=day,
        days=days,
        recorded=max(day - known.record_start + 1, 0),
        line=ours[0] if ours else None,
        z={name: _normal_scores(found, paths) for name, found in scored.items()},
        weights={name: np.full(len(found), weight) for name, found in scored.items()},
    )


def _scored(line: Line) -> str:
    separate = counted(line.separate, "separate window")
    return f"{counted(line.forecasts, 'past forecast')} {line.horizon} ahead ({separate})"


def _normal_scores(rows: Sequence[Row], paths: int) -> NDArray[np.float64]:
    return np.array([scores.normal_score(row.pit, paths) for row in rows])
