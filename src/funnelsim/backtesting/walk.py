"""A walk through past origins: each forecast made from what was known then, and scored."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.backtesting import scores
from funnelsim.backtesting.baselines import Forecaster
from funnelsim.backtesting.experience import Experience, widened
from funnelsim.backtesting.origins import Window
from funnelsim.backtesting.outcomes import CENTS, Segment, Wins, members, wins_of
from funnelsim.errors import InputError
from funnelsim.events import EventLog, Known

TOTAL = "total"
MEASURES = ("bookings", "wins")
AS_MODELLED = ", spread as modelled"
EVERY = "every method"
Progress = Callable[[int, int], object]


class Row(NamedTuple):
    """One forecast of one quantity, and its scores.

    Amounts are in currency units. ``briers`` has one value for each multiple of the mean rate so
    far that might have been the quota.
    """

    day: int
    horizon: str
    days: int
    dimension: str
    segment: str
    method: str
    measure: str
    actual: float
    mean: float
    p10: float
    p50: float
    p90: float
    crps: float
    pit: float
    in50: bool
    in80: bool
    in95: bool
    width: float
    pinball10: float
    pinball50: float
    pinball90: float
    abs_error: float
    accuracy: float
    briers: tuple[float, ...]


class LeftOut(NamedTuple):
    """A forecast that a method could not make, and why."""

    day: int
    horizon: str
    dimension: str
    segment: str
    method: str
    reason: str


@dataclass(frozen=True, eq=False)
class Walk:
    """What is walked through.

    Parameters
    ----------
    log : EventLog
        The history.
    windows : sequence of Window
        What is forecast, each from its own origin.
    segments : sequence of (str, str) or None
        The segments that are forecast; None is the total.
    simple, learning : mapping of str to callable
        Forecasters by name: the baselines, and those whose spread learns from their past errors,
        which are scored with and without.
    quota : sequence of float
        Multiples of the mean rate so far.
    paths, seed : int
        What forecasters are called with.
    """

    log: EventLog
    windows: Sequence[Window]
    segments: Sequence[Segment]
    simple: Mapping[str, Forecaster]
    learning: Mapping[str, Forecaster]
    quota: Sequence[float]
    paths: int
    seed: int

    def run(self, progress: Progress | None = None) -> tuple[list[Row], list[LeftOut]]:
        """Return all scores, and what could not be forecast.

        What came is what was known at the end of the last day of a window: a deal that is reopened
        later does not change it, nor what was learnt from it.
        """
        rows: list[Row] = []
        left: list[LeftOut] = []
        experience = Experience()
        by_day = sorted(self.windows)
        total, before = len(by_day), None
        for done, window in enumerate(by_day, start=1):
            if before is None or before.day != window.day:
                before = self.log.as_of(window.day)
            after = self.log.as_of(window.end)
            for segment in self.segments:
                came = wins_of(after, segment)
                case = _Case(self, before, window, segment, came, experience)
                case.score(rows, left)
            if progress is not None:
                progress(done, total)
        return rows, left


@dataclass(frozen=True, eq=False)
class _Case:
    """One window of one segment, and all forecasts of it."""

    walk: Walk
    known: Known
    window: Window
    segment: Segment
    came: Wins
    experience: Experience

    def score(self, rows: list[Row], left: list[LeftOut]) -> None:
        """Add the scores of all methods; a segment that nobody knew then is left out."""
        if not members(self.known, self.segment).any():
            left.append(LeftOut(*self._place(), EVERY, "no deal of the segment was known"))
            return
        for method, forecaster in {**self.walk.simple, **self.walk.learning}.items():
            days, paths, seed = self.window.days, self.walk.paths, self.walk.seed
            try:
                sample = forecaster(self.known, days, self.segment, paths, seed)
            except InputError as problem:
                left.append(LeftOut(*self._place(), method, str(problem)))
                continue
            wins, cents = _checked(method, paths, *sample)
            for measure, values in (("bookings", cents / CENTS), ("wins", wins * 1.0)):
                rows += self._rows(method, measure, np.sort(values))

    def _place(self) -> tuple[int, str, str, str]:
        dimension, name = self.segment or (TOTAL, "")
        return self.window.day, self.window.horizon, dimension, name

    def _rows(self, method: str, measure: str, sample: NDArray[np.float64]) -> list[Row]:
        if method not in self.walk.learning:
            return [self._row(method, measure, sample)]
        plain = self._row(method + AS_MODELLED, measure, sample)
        about = (method, measure, self.window.horizon)
        learnt = widened(sample, *self.experience.until(self.window.day, about))
        z = scores.normal_score(plain.pit, len(sample))
        self.experience.add(self.window, about, z)
        return [self._row(method, measure, learnt), plain]

    def _row(self, method: str, measure: str, sample: NDArray[np.float64]) -> Row:
        actual = self._actual(measure, self.window.day, self.window.end)
        mean = float(sample.mean())
        p10, p50, p90 = (scores.quantile(sample, level) for level in (0.1, 0.5, 0.9))
        seed = zlib.crc32(repr((self.walk.seed, self._place(), measure)).encode())
        day, horizon, dimension, name = self._place()
        return Row(
            day=day,
            horizon=horizon,
            days=self.window.days,
            dimension=dimension,
            segment=name,
            method=method,
            measure=measure,
            actual=actual,
            mean=mean,
            p10=p10,
            p50=p50,
            p90=p90,
            crps=scores.crps(sample, actual),
            pit=scores.pit(sample, actual, seed),
            in50=scores.holds(sample, actual, 0.5),
            in80=p10 <= actual <= p90,
            in95=scores.holds(sample, actual, 0.95),
            width=p90 - p10,
            pinball10=scores.pinball(sample, actual, 0.1),
            pinball50=scores.pinball(sample, actual, 0.5),
            pinball90=scores.pinball(sample, actual, 0.9),
            abs_error=abs(mean - actual),
            accuracy=scores.accuracy(mean, actual),
            briers=tuple(self._briers(measure, sample, actual)),
        )

    def _actual(self, measure: str, after: int, until: int) -> float:
        if measure == "wins":
            return float(self.came.count(after, until))
        return self.came.bookings(after, until) / CENTS

    def _briers(self, measure: str, sample: NDArray[np.float64], actual: float) -> list[float]:
        """Return the Brier score of reaching each multiple of the mean rate known so far."""
        so_far = wins_of(self.known, self.segment)
        start, day = self.known.record_start, self.known.day
        wins, cents = so_far.count(start - 1, day), so_far.bookings(start - 1, day)
        rate = (wins if measure == "wins" else cents / CENTS) / (day - start + 1)
        targets = [multiple * rate * self.window.days for multiple in self.walk.quota]
        return [scores.brier(float(np.mean(sample >= t)), actual >= t) for t in targets]


def _checked(method: str, paths: int, wins: object, cents: object) -> list[NDArray[np.int64]]:
    found = [np.asarray(values) for values in (wins, cents)]
    for values in found:
        if values.shape != (paths,):
            raise InputError(f"forecaster {method!r}", f"return {paths} values", values.shape)
    return found
