"""When the contracts of a work plan are started: by a pattern, a list, or backwards from dates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from funnelsim.errors import InputError, unknown
from funnelsim.parameters import Interval, number, plain
from funnelsim.periods import MOST_PERIODS

ONCE, INSIDE, STEADY, LIST, DUE = "once", "inside", "steady", "list", "due"
EACH = {
    "day": "daily",
    "week": "weekly",
    "month": "monthly",
    "quarter": "quarterly",
    "year": "yearly",
}
"""The pattern that starts one contract each period, by the kind of period."""

CONTRACTS = Interval(0.0, 1e6)


class Late(NamedTuple):
    """Contracts that cannot be signed when they are due: too few periods are left before.

    Parameters
    ----------
    due : int
        The period in which they are due; the first of the plan is 1.
    contracts : float
        How many.
    periods : int
        How many periods later they are signed if they are started in the first one.
    """

    due: int
    contracts: float
    periods: int


class Starts(NamedTuple):
    """When contracts are started.

    Parameters
    ----------
    pattern : str
        The pattern that was given, or ``"list"`` or ``"due"``.
    total : float
        How many are started; in the steady state in one window.
    by_period : tuple of float
        Those of each period from the first on.
    late : tuple of Late
        Those due too early.
    """

    pattern: str
    total: float
    by_period: tuple[float, ...]
    late: tuple[Late, ...] = ()


def contracts_started(
    contracts: Any, start: Any, due: Any, *, every: str, window: int, total_lag: int
) -> Starts:
    """Return when contracts are started.

    Parameters
    ----------
    contracts : float or None
        How many, where `start` is a pattern.
    start : str, sequence of float, or None
        A pattern (by default one each period), or the contracts of each period.
    due : sequence of float, or None
        Contracts due in each period, instead of `start`.
    every : str
        What a period is.
    window : int
        Periods in which contracts are to be signed.
    total_lag : int
        Periods from a start to its signature.
    """
    if contracts is not None:
        contracts = number("contracts", contracts, CONTRACTS)
    if due is not None:
        if start is not None:
            raise InputError("start", "be left out where due is given", start)
        starts, late = by_due(_by_period("due", due), total_lag)
        return Starts(DUE, _sum(contracts, starts), starts, late)
    if start is not None and not isinstance(start, str):
        starts = _by_period("start", start)
        return Starts(LIST, _sum(contracts, starts), starts)
    pattern = EACH[every] if start is None else start
    _check_pattern(pattern, every)
    if contracts is None:
        raise InputError("contracts", "be given", remedy="or a list of starts, or of due dates")
    return Starts(pattern, contracts, by_pattern(pattern, contracts, window, total_lag))


def by_pattern(pattern: str, contracts: float, window: int, total_lag: int) -> tuple[float, ...]:
    """Return the contracts started in each period from the first on.

    Examples
    --------
    >>> by_pattern("inside", 10.0, 12, 5)
    (2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0)
    """
    if pattern == STEADY:
        return (contracts / window,) * window
    if pattern == ONCE:
        return (contracts,)
    if not contracts.is_integer():
        rule = "be a whole number where contracts are started one by one"
        raise InputError("contracts", rule, contracts, "or give the starts as a list")
    if pattern == INSIDE:
        return _inside(int(contracts), window, total_lag)
    if contracts > MOST_PERIODS:
        raise InputError("contracts", f"be at most {MOST_PERIODS}, one each period", contracts)
    return (1.0,) * int(contracts)


def _inside(contracts: int, window: int, total_lag: int) -> tuple[float, ...]:
    if window <= total_lag:
        rule = f"be at least {total_lag + 1} for a contract to be signed inside"
        raise InputError("window", rule, window, f"a contract takes {total_lag} periods")
    each, rest = divmod(contracts, window - total_lag)
    return tuple(float(each + (k < rest)) for k in range(window - total_lag))


def by_due(due: Sequence[float], total_lag: int) -> tuple[tuple[float, ...], tuple[Late, ...]]:
    """Return the contracts started in each period so that they are signed when due, and the late.

    What would have had to start before the first period starts in the first.

    Examples
    --------
    >>> by_due([0, 0, 2, 0, 0, 0, 3], 5)
    ((2.0, 3.0), (Late(due=3, contracts=2, periods=3),))
    """
    starts = [0.0] * max(len(due) - total_lag, 1)
    late = []
    for period, contracts in enumerate(due, 1):
        start = period - total_lag
        starts[max(start, 1) - 1] += contracts
        if start < 1 and contracts:
            late.append(Late(period, contracts, 1 - start))
    return tuple(starts), tuple(late)


def _by_period(field: str, given: Any) -> tuple[float, ...]:
    """Return contracts per period, checked."""
    given = plain(given)
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InputError(field, "be a list of contracts per period", given, "such as [2, 2, 1]")
    entries = list(given)
    if not 0 < len(entries) <= MOST_PERIODS:
        raise InputError(field, f"have 1 to {MOST_PERIODS} periods", len(entries))
    return tuple(
        number(f"entry {k} of {field}", one, CONTRACTS) for k, one in enumerate(entries, 1)
    )


def _sum(contracts: float | None, starts: tuple[float, ...]) -> float:
    """Return how many contracts are started, if they are as many as was said."""
    total = math.fsum(starts)
    if contracts is not None and not math.isclose(contracts, total):
        rule = f"be the sum of the list, {total:g}"
        raise InputError("contracts", rule, contracts, "or leave it out")
    return total


def _check_pattern(pattern: str, every: str) -> None:
    if pattern in EACH.values() and pattern != EACH[every]:
        rule = f"be {EACH[every]!r} where a period is a {every}"
        raise InputError("start", rule, pattern, "or a list of contracts per period")
    known = (EACH[every], ONCE, INSIDE, STEADY)
    if pattern not in known:
        raise unknown("start", pattern, known, "be a known pattern, or a list")
