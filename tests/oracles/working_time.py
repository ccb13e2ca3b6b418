"""Calendar days as clock time, date by date: the weight of a date over the mean of its year.

A description may have a clock, ``{"weekend": ["saturday", "sunday"], "season": [12 weights]}``, and
then needs an ``as_of``; without one, clock time is calendar time.
"""

import datetime as dt
import itertools
from functools import lru_cache

import numpy as np

NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class WorkingTime:
    """Clock time since the end of the as-of date, tabulated at the end of each day."""

    def __init__(self, description):
        clock = description.get("clock")
        self.days = self.clock = None
        if clock is None:
            return
        reach = int(description["edges"][-1]) + 2
        self.days = np.arange(-reach - 400, reach + 1)
        kind = (tuple(clock.get("weekend", ())), tuple(clock.get("season", (1.0,) * 12)))
        dates = [description["as_of"] + dt.timedelta(days=int(day)) for day in self.days]
        rates = [_weight(date, *kind) / _mean_weight(date.year, *kind) for date in dates]
        passed = np.cumsum(rates)
        self.clock = passed - passed[self.days == 0]

    def tau(self, day):
        """Return the clock time that passes from the end of the as-of date to a day."""
        return day if self.days is None else np.interp(day, self.days, self.clock)

    def day(self, tau):
        """Return the earliest day whose clock time reaches ``tau``."""
        if self.days is None:
            return tau
        after = np.searchsorted(self.clock, tau, side="left").clip(1, len(self.clock) - 1)
        before, reached = self.clock[after - 1], self.clock[after]
        part = (tau - before) / np.where(reached > before, reached - before, 1.0)
        return np.where(tau > self.clock[-1], np.inf, self.days[after - 1] + part)

    def straight(self, low, high):
        """Return the stretches of (low, high] in which progress is even: pairs of days."""
        if self.days is None:
            return [(low, high)]
        inside = [float(day) for day in self.days if low < day < high]
        cuts = [low, *inside, high]
        return list(itertools.pairwise(cuts))


def _weight(date, weekend, season):
    return 0.0 if NAMES[date.weekday()] in weekend else season[date.month - 1]


@lru_cache
def _mean_weight(year, weekend, season):
    first = dt.date(year, 1, 1)
    length = (dt.date(year + 1, 1, 1) - first).days
    weights = [_weight(first + dt.timedelta(days=day), weekend, season) for day in range(length)]
    return sum(weights) / length


def on_the_clock(description):
    """Return the description with the ages of its deals measured on the clock."""
    clock = WorkingTime(description)
    if clock.days is None:
        return description
    aged = [
        {**deal, "age": -float(clock.tau(-deal["age"]))} if "age" in deal else deal
        for deal in description["deals"]
    ]
    return {**description, "deals": aged}
