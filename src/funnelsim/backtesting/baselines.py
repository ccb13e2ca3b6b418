"""The simple forecasts that people use instead, each as a sample.

A forecaster is called as ``(known, days, segment, paths, seed)`` and returns wins and bookings in
cents of each path, for the window ``(known.day, known.day + days]``. A baseline that cannot be made
from so short a record raises an `InputError` that says what is missing.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from funnelsim.backtesting.origins import quarter_end
from funnelsim.backtesting.outcomes import Segment, Wins, wins_of
from funnelsim.backtesting.snapshots import conversions, open_by_stage, win_rates
from funnelsim.errors import InputError
from funnelsim.events import Known
from funnelsim.parameters import whole

Sample = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Wins and bookings in cents of each path."""
Forecaster = Callable[[Known, int, Segment, int, int], Sample]

WEEK = 7
QUARTER_WEEKS = 13
LEAST_WEEKS = 4
SHORTEST_QUARTER = 89
SLACK = 3
"""Quarters differ by up to 3 days: a window longer than the shortest is moved so far to fit."""
ENOUGH_QUARTERS = 3
"""From so many windows on, how unlike they are is seen in them."""
MOST_GROWTH = 2.0
ONCE = 0.5
"""Wins are counted from half a win (Jeffreys' prior): none so far is not none for ever."""
AT_ONCE = 2_000_000


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is asked of a baseline, and its random numbers."""

    name: str
    known: Known
    days: int
    segment: Segment
    paths: int
    rng: np.random.Generator

    @property
    def day(self) -> int:
        return self.known.day

    @property
    def recorded(self) -> int:
        """The number of days with recorded closes."""
        return self.known.day - self.known.record_start + 1

    def wins(self) -> Wins:
        return wins_of(self.known, self.segment)

    def need(self, least: int) -> None:
        if self.recorded < least:
            rule = f"rest on {least} days of recorded closes"
            raise InputError(self.name, rule, self.recorded)


def _asked(name: str, known: Known, days: int, segment: Segment, *sampling: int) -> _Asked:
    """Return what is asked; the random numbers depend on nothing but what names the forecast."""
    paths, seed = sampling
    whole("days", days, 1)
    whole("paths", paths, 2)
    whole("seed", seed, 0)
    text = "\0".join([name, *(segment or ())])
    entropy = [seed, known.day, days, zlib.crc32(text.encode())]
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))
    return _Asked(name, known, days, segment, paths, rng)


def run_rate(known: Known, days: int, segment: Segment, paths: int, seed: int) -> Sample:
    """Return the run rate: weeks of the last 91 days, drawn with replacement.

    They are drawn from a bootstrap of the weeks, so that the error of the rate is in the spread.
    """
    return _weeks_again(_asked("run rate", known, days, segment, paths, seed), QUARTER_WEEKS)


def record_mean(known: Known, days: int, segment: Segment, paths: int, seed: int) -> Sample:
    """Return the mean of the whole record: its weeks, drawn as those of the run rate."""
    return _weeks_again(_asked("record mean", known, days, segment, paths, seed))


def growth_rate(known: Known, days: int, segment: Segment, paths: int, seed: int) -> Sample:
    """Return the wins of as many days before, grown as they had grown over the days before those.

    Growth is at most twofold, either way.
    """
    asked = _asked("growth rate", known, days, segment, paths, seed)
    asked.need(2 * days)
    wins, day, rng = asked.wins(), asked.day, asked.rng
    before = rng.gamma(wins.count(day - 2 * days, day - days) + ONCE, size=paths)
    last = rng.gamma(wins.count(day - days, day) + ONCE, size=paths)
    growth = np.clip(last / before, 1.0 / MOST_GROWTH, MOST_GROWTH)
    count = rng.poisson(last * growth)
    return count, compound(count, _pool(asked, [(day - days, day)]), rng)


def weighted_pipeline(known: Known, days: int, segment: Segment, paths: int, seed: int) -> Sample:
    """Return the open pipeline times its win rates by stage, as if it all closed in the window.

    The win rate of a stage is that of the closed deals that had reached it.
    """
    rng = _asked("weighted pipeline", known, days, segment, paths, seed).rng
    won, closed = win_rates(known, segment)
    wins = np.zeros(paths, np.int64)
    cents = np.zeros(paths, np.int64)
    for k, amounts in enumerate(open_by_stage(known, segment)):
        chance = rng.beta(won[k] + ONCE, closed[k] - won[k] + ONCE, size=paths)
        count = rng.binomial(len(amounts), chance)
        wins += count
        cents += compound(count, amounts, rng)
    return wins, cents


def snapshot_conversion(known: Known, days: int, segment: Segment, paths: int, seed: int) -> Sample:
    """Return what converts as it did after earlier weekly snapshots (a vendor's projection).

    By stage, the share of the deals and of the amount open at a snapshot that was won within as
    many days, times what is open now; and as many wins of deals that are yet to be created. Each
    path follows one of the last 13 snapshots.
    """
    rng = _asked("snapshot conversion", known, days, segment, paths, seed).rng
    found = conversions(known, days, segment)
    which = rng.integers(len(found.new), size=paths)
    wins = rng.poisson(rng.gamma(found.new[which] + ONCE))
    cents = compound(wins, _or_wins(found.new_cents, known), rng)
    for k, amounts in enumerate(open_by_stage(known, segment)):
        count = rng.binomial(len(amounts), found.share[which, k])
        wins = wins + count
        cents += np.rint(compound(count, amounts, rng) * found.ratio[k]).astype(np.int64)
    return wins, cents


def _same_days(
    name: str, month: int, /, known: Known, days: int, segment: Segment, *sampling: int
) -> Sample:
    """Return the same days of earlier quarters: as far from their ends as the window is.

    ``"last quarter"`` is the latest of them, ``"earlier quarters"`` the mean of all, ``"last
    year"`` the one four quarters ago.
    """
    asked = _asked(name, known, days, segment, *sampling)
    windows = _earlier(asked, month, 4 if name == "last year" else None)
    return _windows_again(asked, windows[:1] if name == "last quarter" else windows)


def baselines(fiscal_year_start: int = 1) -> dict[str, Forecaster]:
    """Return all baselines by name, for a fiscal year that starts in a month (1 to 12).

    Examples
    --------
    >>> list(baselines())[:4]
    ['run rate', 'last quarter', 'earlier quarters', 'last year']
    """
    month = whole("fiscal_year_start", fiscal_year_start, 1, 12)
    return {
        "run rate": run_rate,
        "last quarter": partial(_same_days, "last quarter", month),
        "earlier quarters": partial(_same_days, "earlier quarters", month),
        "last year": partial(_same_days, "last year", month),
        "record mean": record_mean,
        "growth rate": growth_rate,
        "weighted pipeline": weighted_pipeline,
        "snapshot conversion": snapshot_conversion,
    }


def compound(
    count: NDArray[np.int64], amounts: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the sum of so many amounts, drawn with replacement, for each path."""
    result = np.zeros(len(count), np.int64)
    if not len(amounts):
        return result
    some = np.flatnonzero(count)
    parts = np.flatnonzero(np.diff(np.cumsum(count[some]) // AT_ONCE)) + 1
    kind = np.uint16 if len(amounts) <= np.iinfo(np.uint16).max else np.int64
    for part in np.split(some, parts):  # so that memory has a bound
        ends = np.cumsum(count[part])
        if len(part):
            drawn = amounts[rng.integers(len(amounts), size=ends[-1], dtype=kind)]
            result[part] = np.add.reduceat(drawn, ends - count[part])
    return result


def _weeks_again(asked: _Asked, most: int | None = None) -> Sample:
    """Return sums of weeks; the last is cut to the days left, so that weekdays fit."""
    asked.need(LEAST_WEEKS * WEEK)
    weeks = asked.recorded // WEEK
    weeks = min(weeks, most or weeks)
    first = asked.day - WEEK * weeks
    wins = asked.wins()
    chosen = wins.day > first
    place = wins.day[chosen] - first - 1
    drawn = asked.rng.integers(weeks, size=(asked.paths, weeks))
    picks = asked.rng.integers(weeks, size=(asked.paths, -(-asked.days // WEEK)))
    week = np.take_along_axis(drawn, picks, axis=1)
    left = asked.days % WEEK
    count, cents = np.zeros((2, WEEK * weeks), np.int64)
    np.add.at(count, place, 1)
    np.add.at(cents, place, wins.cents[chosen])
    return _sum_of_weeks(count, week, left), _sum_of_weeks(cents, week, left)


def _sum_of_weeks(
    by_day: NDArray[np.int64], week: NDArray[np.int64], left: int
) -> NDArray[np.int64]:
    table = by_day.reshape(-1, WEEK)
    whole_weeks = table.sum(axis=1)
    last = table[:, :left].sum(axis=1) if left else whole_weeks
    result: NDArray[np.int64] = whole_weeks[week[:, :-1]].sum(axis=1) + last[week[:, -1]]
    return result


def _earlier(asked: _Asked, month: int, back: int | None) -> list[tuple[int, int]]:
    """Return the windows that lie in earlier quarters as this one does in its own, last first."""
    day, days = asked.day, asked.days
    end = quarter_end(day + 1, month)
    steps = [back] if back else range(1, 2 + asked.recorded // SHORTEST_QUARTER)
    windows = []
    for step in steps:
        shift = end - quarter_end(day + 1, month, -step)
        if shift < days - SLACK:
            continue
        after = day - max(shift, days)
        if after + 1 >= asked.known.record_start:
            windows.append((after, after + days))
    if not windows:
        rule = f"rest on {days} recorded days that lie in a quarter as these do"
        raise InputError(asked.name, rule, asked.recorded)
    return windows


def _windows_again(asked: _Asked, windows: Sequence[tuple[int, int]]) -> Sample:
    """Return Poisson numbers of wins at the mean of some windows, which is itself uncertain.

    How unlike the windows are, beyond Poisson, is added when there are enough to see it.
    """
    rng, wins, paths = asked.rng, asked.wins(), asked.paths
    counts = np.array([wins.count(*window) for window in windows])
    size = len(counts)
    drawn = counts[rng.integers(size, size=(paths, size))].sum(axis=1)
    rate = rng.gamma(drawn + ONCE) / size
    mean = counts.mean()
    if size >= ENOUGH_QUARTERS and counts.var(ddof=1) > mean:
        excess = (counts.var(ddof=1) - mean) / mean**2
        rate *= rng.gamma(1.0 / excess, excess, size=paths)
    count = rng.poisson(rate)
    return count, compound(count, _pool(asked, windows), rng)


def _pool(asked: _Asked, windows: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Return what the wins in some windows brought; if there are none, all of the segment's."""
    wins = asked.wins()
    inside = np.concatenate([wins.in_window(*window) for window in windows])
    return inside if len(inside) else _or_wins(wins.cents, asked.known)


def _or_wins(cents: NDArray[np.int64], known: Known) -> NDArray[np.int64]:
    return cents if len(cents) else wins_of(known).cents
