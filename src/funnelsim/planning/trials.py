"""The chance to reach the quota at values of one input."""

from __future__ import annotations

import hashlib
import math
import statistics
from collections.abc import Callable

from funnelsim.errors import InputError
from funnelsim.estimate import Estimate
from funnelsim.forecast import Forecast
from funnelsim.planning.fields import value_of, with_value
from funnelsim.planning.headcount import is_headcount
from funnelsim.planning.runs import Runs
from funnelsim.scenario import Scenario

LISTED: dict[str, Callable[[tuple[float, ...]], float]] = {
    "quota": math.fsum,
    "new_business.per_period": statistics.fmean,
}
"""Inputs with one number for each period, and the one number that stands for all."""


class Trials:
    """The chance to reach the quota at values of one input; each value is tried once."""

    def __init__(self, base: Scenario, name: str, runs: Runs) -> None:
        self.base, self.name, self.now = base, name, _number_of(base, name)
        self.seen: dict[float, Estimate] = {}
        self._paths: dict[float, bytes] = {}
        self.runs = runs

    def at(self, value: float) -> Estimate:
        """Return the chance at a value that the scenario takes."""
        if value not in self.seen:
            changed = self.base if value == self.now else with_value(self.base, self.name, value)
            forecast = self.runs.forecast(changed)
            self.seen[value] = _attainment(forecast)
            if is_headcount(self.name):
                self._paths[value] = hashlib.blake2b(forecast.bookings.tobytes()).digest()
        return self.seen[value]

    def at_base(self) -> Estimate:
        """Return the chance of the scenario as it is."""
        return _attainment(self.runs.forecast(self.base)) if self.now is None else self.at(self.now)

    def time_for_all(self, fewer: float, more: float) -> bool:
        """Return whether more reps book the same on every path: then nobody waits for one more."""
        known = fewer in self._paths and more in self._paths
        return known and self._paths[fewer] == self._paths[more]

    def chance(self, value: float) -> float | None:
        """Return the chance, None where the scenario does not take the value."""
        try:
            return self.at(value).value
        except InputError:
            return None

    @property
    def best(self) -> tuple[float, Estimate]:
        """The value with the highest chance, the nearest to where the input stands."""
        by_distance = sorted(self.seen.items(), key=lambda one: abs(one[0] - (self.now or 0.0)))
        return max(by_distance, key=lambda one: one[1].value)


def _attainment(forecast: Forecast) -> Estimate:
    found = forecast.attainment_probability()
    assert found is not None
    return found


def _number_of(base: Scenario, name: str) -> float | None:
    now = value_of(base, name)
    if now is None:
        return None
    if name in LISTED and isinstance(now, tuple):  # a number keeps its profile
        return LISTED[name](now)
    if isinstance(now, bool) or not isinstance(now, int | float):
        raise InputError(name, "be one number, to be solved for", now)
    return float(now)
