"""One lever: a name that moves several fields of a scenario alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from funnelsim.parameters import Interval, number, whole
from funnelsim.scenario import Scenario


@dataclass(frozen=True)
class Lever:
    """One lever of a scenario.

    Parameters
    ----------
    name : str
        Its dotted name, with the funnel's spelling of a stage.
    unit : str
        The unit of its value, in words.
    allowed : Interval
        The values that it may have.
    whole : bool
        Whether the value is a whole number.
    read : callable
        Takes a scenario, returns the value.
    write : callable
        Takes a scenario and a checked value, returns the scenario with it.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("month", 12), funnel=Funnel.key_account(time=30)
    ... )
    >>> from funnelsim.planning.levers import lever_of
    >>> lever = lever_of(scenario, "funnel.cycle_time")
    >>> lever.read(scenario), lever.unit
    (150.0, 'days')
    """

    name: str
    unit: str
    allowed: Interval
    whole: bool
    read: Callable[[Scenario], Any]
    write: Callable[[Scenario, Any], Scenario]

    def set(self, scenario: Scenario, value: Any) -> Scenario:
        """Return the scenario in which the lever has a value.

        Raises
        ------
        InputError
            If the value is not allowed, or this scenario's lever cannot be moved.
        """
        now = self.read(scenario)
        if not isinstance(value, bool) and value == now:
            return scenario
        if self.whole:
            checked: Any = whole(self.name, _as_whole(value), 0, int(self.allowed.high))
        else:
            checked = number(self.name, value, self.allowed)
        return self.write(scenario, checked)


def _as_whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
