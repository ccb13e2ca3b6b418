"""Differences between two forecasts on the same draws, each with its paired Monte Carlo error."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from funnelsim import answers
from funnelsim._factors import REPLICATES
from funnelsim.errors import InputError
from funnelsim.estimate import Estimate
from funnelsim.forecast import Forecast
from funnelsim.goal import CENTS
from funnelsim.planning.results import LEVELS, Answers, totals

Bools = NDArray[np.bool_]
Cents = NDArray[np.int64]


def differences(after: Forecast, before: Forecast) -> Answers:
    """Return the answers of ``after`` less those of ``before``.

    Both were made of the same seed and number of paths, so path ``i`` of both has the same draws,
    and what they have in common cancels out (common random numbers [1]_). Means are those of the
    differences path by path. A quantile is taken from all paths of each forecast; its error comes
    from the spread of the differences that the 64 replicates have on their own. Where many paths
    share the value, it is what the intervals of both quantiles leave open.

    Parameters
    ----------
    after, before : Forecast
        The two forecasts.

    Returns
    -------
    Answers
        Differences; that of attainment is None unless both have a quota.

    Raises
    ------
    InputError
        If the seeds or the numbers of paths are not the same.

    References
    ----------
    .. [1] P. Glasserman and D. D. Yao, Some guidelines and guarantees for common random numbers,
       Management Science 38 (1992).

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline, Scenario, simulate
    >>> base = Scenario(
    ...     as_of="2026-12-31", periods=Periods("year", 1), quota=300_000,
    ...     funnel=Funnel.key_account(time=10),
    ...     pipeline=Pipeline.from_frame({"stage": ["proposal"], "amount": [300_000]}),
    ... )
    >>> before = simulate(base, paths=1_000)
    >>> after = simulate(base.replace(booked=300_000), paths=1_000)
    >>> change = differences(after, before)
    >>> change.mean.value, round(change.attainment.value + before.attainment_probability().value, 9)
    (0.0, 1.0)
    """
    (cents, wins), (cents_before, wins_before) = totals(after), totals(before)
    attainment, mean = main_differences(after, before)
    low, middle, high = quantile_differences(cents, cents_before, list(LEVELS.values()))
    wins_mean = answers.mean(wins - wins_before)
    return Answers(attainment, mean, low, middle, high, wins_mean)


def main_differences(after: Forecast, before: Forecast) -> tuple[Estimate | None, Estimate]:
    """Return the differences of attainment and of mean bookings alone."""
    _check_draws(after, before)
    cents, cents_before = totals(after)[0], totals(before)[0]
    mean = answers.mean(cents - cents_before, CENTS)
    return _attainment(after, before, cents, cents_before), mean


def _check_draws(after: Forecast, before: Forecast) -> None:
    for name in ("seed", "paths"):
        ours, theirs = getattr(after.record, name), getattr(before.record, name)
        if ours != theirs:
            raise InputError(
                f"{name} of the forecasts",
                "be the same for a difference path by path",
                (theirs, ours),
                "simulate both with the same seed and number of paths",
            )


def _attainment(
    after: Forecast, before: Forecast, cents: Cents, cents_before: Cents
) -> Estimate | None:
    hits, hits_before = reached(after, cents), reached(before, cents_before)
    if hits is None or hits_before is None:
        return None
    if _certain(after) and _certain(before):
        return Estimate.exact(0.0)
    same = _left(after) == _left(before) and after.record.digest == before.record.digest
    if same and np.array_equal(cents, cents_before):
        return Estimate.exact(0.0)
    return answers.chance_difference(hits, hits_before)


def reached(forecast: Forecast, cents: Cents) -> Bools | None:
    """Return whether each path reaches the quota; None without one."""
    left = _left(forecast)
    return None if left is None else np.asarray(cents >= left)


def _left(forecast: Forecast) -> int | None:
    """Return the cents still to book."""
    quota = forecast.scenario.quota_cents
    return None if quota is None else quota - forecast.scenario.booked_cents


def _certain(forecast: Forecast) -> bool:
    """Return whether the quota is booked already."""
    left = _left(forecast)
    return left is not None and left <= 0


def quantile_differences(
    cents: Cents, cents_before: Cents, levels: Sequence[float]
) -> list[Estimate]:
    """Return the differences of quantiles, in currency units."""
    paths = len(cents)
    if np.array_equal(cents, cents_before):
        return [Estimate.exact(0.0)] * len(levels)
    spread = _of_replicates(cents, levels) - _of_replicates(cents_before, levels)
    after, before = (answers.quantiles(one, list(levels), CENTS) for one in (cents, cents_before))
    found = []
    for own, one, other in zip(spread, after, before, strict=True):
        error = float(np.std(own, ddof=1)) / math.sqrt(len(own)) / CENTS
        change = answers.within(one.value - other.value, error, paths)
        tied = _shared(cents, one.value) or _shared(cents_before, other.value)
        found.append(_apart(change, one, other, paths) if tied else change)
    return found


def _shared(cents: Cents, value: float) -> bool:
    """Return whether so many paths have a value that a quantile is one of few."""
    return bool(np.count_nonzero(cents == round(value * CENTS)) > math.sqrt(len(cents)))


def _apart(change: Estimate, after: Estimate, before: Estimate, paths: int) -> Estimate:
    """Return a difference that may be that of any values inside both intervals.

    Where many paths share a value, the quantiles of small replicates leap from one such value to
    the next together, and their spread says nothing of how near the level is to a leap.
    """
    low, high = min(change.low, after.low - before.high), max(change.high, after.high - before.low)
    return Estimate(change.value, (high - low) / (2.0 * answers.student(paths)), low, high)


def _of_replicates(values: Cents, levels: Sequence[float]) -> NDArray[np.int64]:
    """Return the quantiles of each replicate alone, shape (levels, replicates)."""
    groups = min(REPLICATES, len(values))
    each = len(values) // groups
    ordered = np.sort(values[: each * groups].reshape(each, groups), axis=0)
    return np.asarray(ordered[[answers.rank_of(level, each) for level in levels]])


def by_replicate(forecast: Forecast, answer: str) -> NDArray[np.float64]:
    """Return an answer as each replicate alone gives it, shape (replicates,).

    In currency units for bookings; by the names of `funnelsim.planning.results.COLUMNS`.
    """
    cents, wins = totals(forecast)
    if answer in LEVELS:
        return np.asarray(_of_replicates(cents, [LEVELS[answer]])[0] / CENTS)
    values: answers.Values = wins if answer == "wins" else cents
    if answer == "attainment":
        hits = reached(forecast, cents)
        assert hits is not None  # an answer is checked before anything is simulated
        values = hits
    sums, counts = answers.replicate_sums(values)
    means: NDArray[np.float64] = np.asarray(sums, np.float64) / counts
    return means / CENTS if answer == "mean" else means
