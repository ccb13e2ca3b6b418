"""The stages of a work plan: activities per contract, periods in stage, hours for an activity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from funnelsim.errors import InputError
from funnelsim.funnel import Funnel, as_counts
from funnelsim.parameters import NEVER_NUMBERS, NONNEGATIVE, number, plain, whole
from funnelsim.periods import MOST_PERIODS

MOST_ACTIVITIES = 1e6


@dataclass(frozen=True)
class PlannedStage:
    """One stage of a work plan.

    Parameters
    ----------
    name : str
        What it is called.
    activities : float
        Activities that one contract takes.
    lag : int
        Periods from entering the stage to entering the next.
    offset : int
        Periods from the start of a contract to entering the stage.
    hours : float, optional
        Hours for one activity; None if none are stated.
    """

    name: str
    activities: float
    lag: int
    offset: int
    hours: float | None


def planned_stages(
    counts: Any, lag: Any, hours: Any = None, names: Any = None
) -> tuple[PlannedStage, ...]:
    """Return the stages of a plan, checked.

    Parameters
    ----------
    counts : str, sequence of float, or Funnel
        Activities per contract, or win probabilities ``w_s`` that mean ``1 / w_s`` activities. A
        funnel also gives names and hours that are left out.
    lag : int or sequence of int
        Periods in each stage; the last may be left out, and is 1.
    hours : float or sequence of float, optional
        Hours for an activity of each stage; the last may be left out, and is 0.
    names : sequence of str, optional
        Names of the stages.
    """
    if isinstance(counts, Funnel):
        names = counts.names if names is None else names
        hours = _hours_of(counts) if hours is None else hours
    activities = _activities(counts)
    count = len(activities)
    lags = _per_stage("lag", lag, count, 1, _whole_lag)
    spent = [None] * count if hours is None else _per_stage("hours", hours, count, 0.0, _hours)
    if sum(lags) > MOST_PERIODS:
        raise InputError("lag", f"add up to at most {MOST_PERIODS} periods", sum(lags))
    return tuple(
        PlannedStage(name, activities[s], lags[s], sum(lags[:s]), spent[s])
        for s, name in enumerate(_names(activities, names))
    )


def _activities(counts: Any) -> list[float]:
    if isinstance(counts, Funnel):
        if counts.draws > 1:
            raise InputError("counts", "be a funnel without draws", remedy="a plan is one number")
        # rounded, for a quotient of quotients may be 6.000000000000001
        numbers = [round(float(one), 12) for one in counts.activities_per_contract[0]]
    else:
        numbers = as_counts(plain(counts))
    if not numbers or numbers[-1] != 1.0:
        last = numbers[-1] if numbers else counts
        raise InputError("counts", "end with 1, the contract", last, "such as 6-5-3-3-2-1")
    if numbers[0] > MOST_ACTIVITIES:
        raise InputError("counts", f"be at most {MOST_ACTIVITIES:g}", numbers[0])
    return numbers


def _names(activities: Sequence[float], names: Any) -> tuple[str, ...]:
    """Return the names that a funnel of these counts has: there they are checked."""
    if isinstance(names, str) or not isinstance(names, Iterable | None):
        raise InputError("names", "be a list of the stages' names", names)
    given = None if names is None else list(names)
    return Funnel.from_counts(activities, time=0, names=given).names


def _hours_of(funnel: Funnel) -> list[float] | None:
    """Return the hours of a funnel's stages; the last, a contract, may have none."""
    hours = [stage.hours for stage in funnel.stages]
    if all(one is None for one in hours):
        return None
    if hours[-1] is None:
        hours[-1] = 0.0
    if None in hours:
        name = funnel.stages[hours.index(None)].name
        raise InputError(f"hours of stage {name!r}", "be given, since other stages have hours")
    return [one for one in hours if one is not None]


def _per_stage(
    field: str, given: Any, stages: int, last: float, checked: Callable[[str, Any], Any]
) -> list[Any]:
    """Return one entry per stage: one for all, or a list that may leave out the last stage."""
    given = plain(given)
    if isinstance(given, NEVER_NUMBERS) or not isinstance(given, Iterable):
        return [checked(field, given)] * stages
    entries = list(given)
    if len(entries) not in (stages - 1, stages):
        rule = f"have one entry for each of the {stages} stages, or of the {stages - 1} open ones"
        raise InputError(field, rule, len(entries))
    entries += [last] * (stages - len(entries))
    return [checked(f"entry {k} of {field}", one) for k, one in enumerate(entries, 1)]


def _whole_lag(field: str, given: Any) -> int:
    return whole(field, given, 0, MOST_PERIODS)


def _hours(field: str, given: Any) -> float:
    return number(field, given, NONNEGATIVE)
