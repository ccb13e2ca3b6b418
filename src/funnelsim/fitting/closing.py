"""When deals are won: on which weekdays, and in the last days of quarters."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.clock import Clock, QuarterEnd
from funnelsim.events import Known

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEK = 7
WEEKEND = ("saturday", "sunday")
FEWEST_WINS, FEWEST_WEEKS, FEWEST_QUARTERS = 50, 4, 2
CLEAR = 4.0
"""Standard errors that a difference must be away from none."""
WEEKEND_OFF = 0.1
"""Weekends are off where a day of them brings less than this part of a working day."""
LEAST_PUSH = 1.25
ENDS = (7, 14, 31)
"""Lengths of a quarter's end that are tried, in days."""


@dataclass(frozen=True)
class Closing:
    """The closing clock.

    Parameters
    ----------
    clock : Clock
        With weekends off, or a push at the end of quarters, where the evidence is clear.
    words : tuple of str
        The numbers, either way.
    """

    clock: Clock
    words: tuple[str, ...]


def fit_closing(known: Known) -> Closing:
    """Return the closing clock that the wins show.

    Examples
    --------
    >>> from funnelsim.events import WON, EventLog
    >>> day = np.arange(300)
    >>> log = EventLog([str(k) for k in day], ["offer"], deal=np.r_[day, day],
    ...                time=738000 + np.r_[day, day], state=np.r_[0 * day, 0 * day + WON])
    >>> fit_closing(log.as_of(738300)).clock.is_identity
    True
    """
    days, wins = _daily_wins(known)
    weekend, of_weeks = _weekend(days, wins)
    push, of_quarters = _quarter_end(days, wins)
    return Closing(Clock(weekend=weekend, quarter_end=push), (of_weeks, of_quarters))


def _daily_wins(known: Known) -> tuple[Ints, Floats]:
    """Return the days of the record, as ordinals, and the wins on each."""
    closed = np.floor(known.closed[known.won]).astype(np.int64)
    first = min(max(known.record_start, math.floor(known.created.min())), known.day)
    days = np.arange(first, known.day + 1)
    closed = closed[closed >= first]
    return days, np.bincount(closed - first, minlength=len(days)).astype(np.float64)


def _weekend(days: Ints, wins: Floats) -> tuple[tuple[str, ...], str]:
    """Return the weekdays without wins, and the numbers in words."""
    off = (days - 1) % WEEK >= 5  # noqa: PLR2004  ordinal 1 is a Monday
    total, free = wins.sum(), wins[off].sum()
    if total < FEWEST_WINS or len(days) < FEWEST_WEEKS * WEEK:
        return (), f"Weekends: {total:,.0f} wins in {len(days):,} days are too few to tell"
    ratio = (free / off.sum()) / max((total - free) / (~off).sum(), 1e-12)
    words = f"Weekends: {free:,.0f} of {total:,.0f} wins, {ratio:.2f} times the wins of a weekday"
    share = off.mean()
    error = math.sqrt(total * share * (1.0 - share))
    clear = ratio < WEEKEND_OFF and free < total * share - CLEAR * error
    return (WEEKEND, f"{words}: off") if clear else ((), f"{words}: not off")


def _quarter_end(days: Ints, wins: Floats) -> tuple[QuarterEnd | None, str]:
    """Return the push at the end of quarters if each of them shows it, and the numbers."""
    quarter, left = _quarters(days)
    whole = [q for q in np.unique(quarter).tolist() if _is_whole(left[quarter == q])]
    if len(whole) < FEWEST_QUARTERS:
        return None, (
            f"Quarter's end: {len(whole)} whole quarters of closes are too few to tell a push "
            "from growth"
        )
    if not wins[np.isin(quarter, whole)].any():
        return None, "Quarter's end: no win in a whole quarter, so a push cannot be told"
    best = max((_push(quarter, left, wins, whole, length) for length in ENDS), key=_likelihood)
    words = (
        f"Quarter's end: {best.weight:.2f} times the wins a day in the last {best.length} days, "
        f"{min(best.ratios):.2f} to {max(best.ratios):.2f} in {len(whole)} quarters"
    )
    clear = min(best.ratios) > 1.0 and best.weight >= LEAST_PUSH and best.errors >= CLEAR
    if not clear:
        return None, f"{words}: not clear, left out"
    return QuarterEnd(best.length, round(best.weight, 2)), words


def _quarters(days: Ints) -> tuple[Ints, Ints]:
    """Return the quarter of each day, and the days that are left in it with that day."""
    epoch = dt.date(1970, 1, 1).toordinal()
    month = (days - epoch).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    quarter = month // 3
    after = (3 * (quarter + 1)).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return quarter, after - (days - epoch)


def _is_whole(left: Ints) -> bool:
    return len(left) >= 90 and bool(left.min() == 1)  # noqa: PLR2004


@dataclass(frozen=True)
class _Push:
    """The last days of quarters beside the others."""

    length: int
    weight: float
    ratios: tuple[float, ...]
    errors: float
    log_likelihood: float


def _likelihood(push: _Push) -> float:
    return push.log_likelihood


def _push(quarter: Ints, left: Ints, wins: Floats, whole: list[int], length: int) -> _Push:
    """Return how many more wins a day the last days of whole quarters have."""
    late = left <= length
    rows = [(quarter == q) & late for q in whole], [(quarter == q) & ~late for q in whole]
    end, rest = (np.array([wins[which].sum() for which in some]) for some in rows)
    end_days, rest_days = (np.array([which.sum() for which in some]) for some in rows)
    ratios = (end + 0.5) / end_days / ((rest + 0.5) / rest_days)
    weight = float(end.sum() / end_days.sum() / max(rest.sum() / rest_days.sum(), 1e-12))
    spread = math.sqrt(float((1.0 / (end + 0.5) + 1.0 / (rest + 0.5)).sum())) / len(whole)
    errors = float(np.log(ratios).mean()) / spread
    fit = _log_likelihood(end.sum(), end_days.sum()) + _log_likelihood(rest.sum(), rest_days.sum())
    return _Push(length, weight, tuple(ratios.tolist()), errors, fit)


def _log_likelihood(wins: float, days: float) -> float:
    """Return the Poisson log-likelihood of a rate that is the same on so many days."""
    return wins * math.log(max(wins, 1e-12) / days) - wins
