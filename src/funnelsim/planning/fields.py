"""Any field of a scenario by its dotted name: its value, and the scenario with another value.

Names are those of a scenario file: ``quota``, ``periods.count``, ``market.cycle_cv``,
``new_business.amount.mean``, ``funnel.stages.proposal.conversion``,
``pipeline.deals.A1.win_probability``. The module `levers` adds a few names that move several fields
alike.

Of distributions each parameter that is stated can be set, and the mean: where it is not stated
itself, the distribution is scaled. A number in place of a list per period (quota, new business)
keeps its profile. A stage has both chances, however the funnel states them: setting its conversion
keeps the other conversions, setting its win probability the other win probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from funnelsim.errors import InputError, RowsError
from funnelsim.parameters import Interval, plain
from funnelsim.planning.deals import COLUMNS
from funnelsim.planning.headcount import is_headcount
from funnelsim.planning.lever import Lever
from funnelsim.planning.levers import AMOUNT, EXTRA_DEALS, is_lever, lever_names, lever_of
from funnelsim.planning.parts import (
    WHOLE,
    Part,
    UnknownNameError,
    joined,
    named,
    part_below,
    part_of,
    with_below,
)
from funnelsim.planning.ranges import allowed
from funnelsim.planning.whole import Whole
from funnelsim.scenario import Scenario

DEALS = "pipeline.deals.<id>"
"""Stands for each open deal in `input_names`."""
WHOLE_NUMBERS = (
    "periods.count",
    "periods.fiscal_year_start",
    "clock.fiscal_year_start",
    "clock.quarter_end.days",
    "required_pipeline.most",
)
"""Fields that take whole numbers alone."""


def check_scenario(base: Any) -> None:
    """Refuse what is no scenario."""
    if not isinstance(base, Scenario):
        raise InputError("base", "be a Scenario", base)


def value_of(scenario: Scenario, name: str) -> Any:
    """Return the value of a field of a scenario, or of a lever.

    Parameters
    ----------
    scenario : Scenario
        The assumptions.
    name : str
        The dotted name of a field, as in a scenario file, or of a lever.

    Returns
    -------
    object
        As the scenario holds it: a number, a tuple of draws (or of one number for each period), a
        distribution, a date, a text, None. Amounts are in currency units, times in days.

    Raises
    ------
    InputError
        If there is no such name; the message offers the nearest.

    Examples
    --------
    >>> from funnelsim import Funnel, Gamma, Periods, Scenario
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("quarter", 4), quota=3e6,
    ...     funnel=Funnel.key_account(time=Gamma(mean=30, cv=0.6)),
    ... )
    >>> value_of(scenario, "quota"), value_of(scenario, "funnel.stages.proposal.time.mean")
    (3000000.0, 30.0)
    """
    name = _text(name)
    if is_lever(name):
        return lever_of(scenario, name).read(scenario)
    with _offering(scenario, name):
        return _read(Whole(scenario), name)


def with_value(scenario: Scenario, name: str, value: Any) -> Scenario:
    """Return the scenario in which a field, or a lever, has another value.

    Parameters
    ----------
    scenario : Scenario
        The assumptions; they stay as they are.
    name : str
        The dotted name of a field, as in a scenario file, or of a lever.
    value : object
        Whatever the field takes: a number, draws, a distribution or the table that states one in a
        scenario file, a date, a text. The value that it has gives an equal scenario.

    Raises
    ------
    InputError
        If there is no such name (the message offers the nearest), or the value is not usable.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Scenario
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("quarter", 4), funnel=Funnel.key_account(time=30)
    ... )
    >>> faster = with_value(scenario, "funnel.stages.proposal.time.mean", 21)
    >>> faster.funnel.stages[3].time, scenario.funnel.stages[3].time
    (Fixed(value=21.0), Fixed(value=30.0))
    """
    return with_values(scenario, {name: value})


def with_values(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    """Return the scenario in which several fields and levers have other values.

    The order does not matter: fields are set together and checked together, a part before what is
    in it; then levers move what they find, the amounts of the pipeline last.

    Parameters
    ----------
    scenario : Scenario
        The assumptions; they stay as they are.
    values : mapping of str to object
        The value of each name, as `with_value` takes it.

    Raises
    ------
    InputError
        If a name is not known, two of them mean the same, or a value is not usable.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Scenario
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("quarter", 2), quota=[1e6, 2e6],
    ...     funnel=Funnel.key_account(time=30),
    ... )
    >>> longer = with_values(scenario, {"periods.count": 3, "quota": [1e6, 1e6, 1e6]})
    >>> len(longer.periods), longer.quota_cents
    (3, 300000000)
    """
    given = {_text(name): value for name, value in values.items()}
    if len(given) < len(values):
        raise InputError("names of fields", "name each once", list(values))
    fields = {name: value for name, value in given.items() if not is_lever(name)}
    result = _with_fields(scenario, fields)
    levers: dict[str, tuple[Lever, Any]] = {}
    for name in given.keys() - fields.keys():
        lever = lever_of(result, name)
        if lever.name in levers:
            raise InputError("names of fields", "name each once", name)
        levers[lever.name] = lever, given[name]
    for name in sorted(levers, key=_turn):
        lever, value = levers[name]
        result = lever.set(result, value)
    return result


def input_names(scenario: Scenario) -> list[str]:
    """Return what can be set in a scenario: fields and levers.

    Deals stand there as one pattern, ``pipeline.deals.<id>.amount`` and so on.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Scenario
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("month", 12), funnel=Funnel.key_account(time=30)
    ... )
    >>> [name for name in input_names(scenario) if name.startswith("funnel.stages.proposal")]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['funnel.stages.proposal.win_probability', 'funnel.stages.proposal.conversion',
     'funnel.stages.proposal.time', 'funnel.stages.proposal.time.value',
     'funnel.stages.proposal.time.mean', 'funnel.stages.proposal.time_if_lost',
     'funnel.stages.proposal.hours']
    """
    return [*_names_below(Whole(scenario)), *lever_names(scenario)]


def interval(scenario: Scenario, name: str) -> Interval:
    """Return the values that a numeric field, or a lever, may have as the others are now.

    A value inside may still be refused, where a rule binds several fields.

    Parameters
    ----------
    scenario : Scenario
        The assumptions.
    name : str
        The dotted name of a field or of a lever.

    Returns
    -------
    Interval
        Its ends ``low`` and ``high``, and whether they are open.

    Raises
    ------
    InputError
        If there is no such name, or its value is no number.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Scenario
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("month", 12), funnel=Funnel.key_account(time=30)
    ... )
    >>> interval(scenario, "funnel.stages.proposal.win_probability")
    Interval(low=0.45, high=0.8, open_low=False, open_high=False)
    """
    name = _text(name)
    if is_lever(name):
        return lever_of(scenario, name).allowed
    with _offering(scenario, name):
        part, field = _place(Whole(scenario), name)
        found = allowed(scenario, part, field)
        if found is None:
            below = part_of(name, part.below(field))
            numeric = [joined(name, one) for one in below.fields()] if below else []
            remedy = f"it has {', '.join(numeric)}" if numeric else None
            raise InputError(name, "be a field that is one number", remedy=remedy)
        return found


def bounds(scenario: Scenario, name: str) -> tuple[float, float]:
    """Return the smallest and the largest value that a numeric field, or a lever, may have.

    An end may not be allowed itself; `interval` says so.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Scenario
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("month", 12), funnel=Funnel.key_account(time=30)
    ... )
    >>> bounds(scenario, "funnel.win_rate")
    (0.0, 1.0)
    """
    found = interval(scenario, name)
    return float(found.low), float(found.high)


def is_whole(name: str, scenario: Scenario | None = None) -> bool:
    """Return whether a field or lever takes whole numbers alone.

    Parameters
    ----------
    name : str
        The dotted name of a field or of a lever.
    scenario : Scenario, optional
        With it, the rate of new business is whole where it is planned.

    Examples
    --------
    >>> is_whole("pipeline.extra_deals"), is_whole("quota")
    (True, False)
    """
    name = _text(name)
    if name == "new_business.per_period" and scenario is not None:
        return scenario.new_business is not None and scenario.new_business.planned
    return name in WHOLE_NUMBERS or (
        is_lever(name) and (name.startswith(EXTRA_DEALS) or is_headcount(name))
    )


def _read(part: Part, name: str) -> Any:
    part, field = _place(part, name)
    value = part.get(field)
    return value.value if isinstance(value, Part) else value


def _place(part: Part, name: str) -> tuple[Part, str]:
    """Return the part that holds what a name means, and its field there."""
    field, rest = part.split(name)
    if rest == WHOLE:
        return part, field
    return _place(part_below(joined(part.where, field), part.below(field), rest), rest)


def _with_fields(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    whole = Whole(scenario)
    if all(_is_as_given(whole, name, value) for name, value in values.items()):
        return scenario
    with _offering(scenario, *values):
        found: Scenario = with_below("", whole, values)
        return found


def _is_as_given(whole: Whole, name: str, value: Any) -> bool:
    """Return whether a field has a value already: setting it changes nothing, to the last bit."""
    try:
        now = _read(whole, name)
    except InputError:
        return False  # it may be a field of a part that is set with it
    value = plain(value)
    value = tuple(value) if isinstance(value, list) else value
    same_kind = isinstance(now, bool) == isinstance(value, bool)
    return same_kind and bool(type(now == value) is bool and now == value)


def _turn(name: str) -> tuple[bool, str]:
    """Return what levers are sorted by: the amounts of the pipeline come after its extra deals."""
    return name == AMOUNT, name


def _text(name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        raise InputError("name of a field", "be a text", name, "such as 'market.cycle_cv'")
    return name.strip()


@contextmanager
def _offering(scenario: Scenario, *given: str) -> Iterator[None]:
    """Name the field in errors, and offer the nearest name where it is not known."""
    try:
        yield
    except UnknownNameError as error:
        raise error.offering(input_names(scenario)) from None
    except RowsError:
        raise
    except InputError as error:
        raise (named(given[0], error) if len(given) == 1 else error) from None


def _names_below(part: Part) -> list[str]:
    found: list[str] = []
    for field in part.settable():
        name = joined(part.where, field)
        value = part.below(field)
        if name == "pipeline.deals":
            segments = [segment for segment, _ in part.value.segments]
            found += [joined(DEALS, one) for one in (*COLUMNS, *segments)]
            continue
        if not isinstance(value, Part) or value.has_value:
            found.append(name)
        below = part_of(name, value)
        if below is not None:
            found += _names_below(below)
    return found
