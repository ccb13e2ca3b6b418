"""Wins and pressure day by day, of all deals or by the groups of a segment column."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.events import Known
from funnelsim.outlook.pressure import (
    WEEK,
    Dated,
    Groups,
    creation_rate,
    past_pressure,
)
from funnelsim.outlook.spans import Spans, Whole

Floats = NDArray[np.float64]

MOST_RATIO = 4.0
"""Pressure counts up to so many times its mean, and down to one in so many."""


class Series(NamedTuple):
    """The past by day, from the first day of the record to the as-of day."""

    groups: Groups
    wins: Floats  # (days, groups)
    pressure: Floats  # (days, groups) wins expected at the start of each day's week
    rate: Floats  # (groups,) new deals a day, now

    @property
    def mean(self) -> Floats:
        """Mean pressure over the record, shape (groups,)."""
        return np.asarray(self.pressure.mean(axis=0))


def week_starts(known: Known) -> Whole:
    """Return the days at whose end the weeks of the record begin, the last on the as-of day."""
    days = known.day - known.record_start + 1
    weeks = -(-days // WEEK)
    return np.maximum(known.day - WEEK * np.arange(weeks, 0, -1), known.record_start - 1)


def past_series(known: Known, spans: Spans, chances: list[Dated], groups: Groups) -> Series:
    """Return the past of each group.

    Parameters
    ----------
    known : Known
        What is known.
    spans : Spans
        Its whole days.
    chances : list of Dated
        Chances of each week of `week_starts`.
    groups : Groups
        The groups of the deals.
    """
    start, day = known.record_start, known.day
    days = day - start + 1
    closed = spans.closed[known.won] - start
    code = groups.code[known.won][closed >= 0]
    place = closed[closed >= 0] * groups.count + code
    wins = np.bincount(place, minlength=days * groups.count).reshape(days, groups.count)
    starts = week_starts(known)
    weekly = past_pressure(spans, groups, chances, starts, start=start, last=day)
    short = days - WEEK * (len(starts) - 1)  # days of the oldest week
    pressure = np.concatenate([weekly[0, :short], weekly[1:].reshape(-1, groups.count)])
    rate = creation_rate(spans, groups, day, start, day)
    return Series(groups, wins.astype(np.float64), pressure, rate)


def relative(pressure: Floats, mean: float) -> Floats:
    """Return the logarithm of pressure over its mean, cut at a factor of 4."""
    ratio = pressure / mean if mean > 0.0 else np.ones_like(pressure)
    return np.asarray(np.log(np.clip(ratio, 1.0 / MOST_RATIO, MOST_RATIO)))
