"""Paths of bookings and wins against a goal, and the answers that are drawn from them."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from funnelsim import answers
from funnelsim.estimate import Estimate
from funnelsim.goal import CENTS, Goal
from funnelsim.parameters import Interval, number, plain

LEVEL = Interval(0.0, 1.0, open_low=True, open_high=True)


class Futures:
    """Simulated bookings and wins, period by period.

    Parameters
    ----------
    goal : Goal
        The day, the periods and the quota.
    cents : ndarray of int, shape (periods, paths)
        New bookings.
    wins : ndarray of int, shape (periods, paths)
        Number of deals won.

    Examples
    --------
    >>> from funnelsim.periods import Periods
    >>> goal = Goal(as_of="2026-12-31", periods=Periods(edges=[0, 30]), quota=4.0)
    >>> futures = Futures(goal, np.array([[100, 300, 500, 900]]), np.array([[1, 1, 2, 2]]))
    >>> futures.attainment_probability().value, futures.quantile(0.5).value
    (0.5, 3.0)
    """

    def __init__(
        self, goal: Goal, cents: NDArray[np.int64], wins: NDArray[np.integer[Any]]
    ) -> None:
        self._goal, self._cents, self._wins = goal, cents, wins
        for array in (cents, wins):
            array.flags.writeable = False

    @property
    def bookings(self) -> NDArray[np.float64]:
        """Bookings in currency units, shape (paths, periods)."""
        return np.asarray(self._cents.T / CENTS)

    @property
    def wins(self) -> NDArray[np.int32]:
        """Number of deals won, shape (paths, periods)."""
        return self._wins.T.astype(np.int32)

    @property
    def total_bookings(self) -> NDArray[np.float64]:
        """Bookings over the horizon in currency units, shape (paths,)."""
        return np.asarray(self._total / CENTS)

    @property
    def _total(self) -> NDArray[np.int64]:
        return np.asarray(self._cents.sum(axis=0))

    @property
    def _total_wins(self) -> NDArray[np.int64]:
        return np.asarray(self._wins.sum(axis=0, dtype=np.int64))

    def attainment_probability(self) -> Estimate | None:
        """Return the chance to reach the quota over the horizon; None without a quota."""
        quota = self._goal.quota_cents
        return None if quota is None else self._reached(self._total, quota)

    def attainment_by_period(self) -> list[Estimate] | None:
        """Return the chance of each period to reach its own quota; None unless it has one."""
        quotas = self._goal.period_quota_cents
        if quotas is None:
            return None
        booked = [self._goal.booked_cents] + [0] * (len(quotas) - 1)
        rows = zip(self._cents, quotas, booked, strict=True)
        return [self._reached(row, quota, before) for row, quota, before in rows]

    def cumulative_attainment(self) -> list[Estimate] | None:
        """Return the chance to be on quota by the end of each period; None without a quota.

        With one quota for the horizon: to have reached it by then. With a quota per period: to
        have reached the sum of the quotas until then.
        """
        whole, parts = self._goal.quota_cents, self._goal.period_quota_cents
        if whole is None:
            return None
        count = len(self._cents)
        due = [whole] * count if parts is None else itertools.accumulate(parts)
        so_far = np.zeros(self._cents.shape[1], np.int64)
        result = []
        for row, quota in zip(self._cents, due, strict=True):
            so_far += row
            result.append(self._reached(so_far, quota))
        return result

    def attainment_every_period(self) -> Estimate | None:
        """Return the chance that every period reaches its own quota; None unless it has one."""
        quotas = self._goal.period_quota_cents
        if quotas is None:
            return None
        before = self._goal.booked_cents
        every = np.ones(self._cents.shape[1], bool)
        for row, quota in zip(self._cents, quotas, strict=True):
            every &= row + before >= quota
            before = 0
        return answers.probability(every)

    def _reached(
        self, bookings: NDArray[np.int64], quota: int, before: int | None = None
    ) -> Estimate:
        before = self._goal.booked_cents if before is None else before
        if before >= quota:
            return Estimate.exact(1.0)
        return answers.probability(bookings >= quota - before)

    @overload
    def quantile(self, level: float) -> Estimate: ...
    @overload
    def quantile(self, level: Sequence[float]) -> list[Estimate]: ...
    def quantile(self, level: float | Sequence[float]) -> Estimate | list[Estimate]:
        """Return quantiles of bookings over the horizon, in currency units.

        Parameters
        ----------
        level : float or sequence of float
            Levels in (0, 1): 0.1 for P10.
        """
        level = plain(level)
        single = not isinstance(level, Sequence) or isinstance(level, str)
        levels = [number("level", one, LEVEL) for one in ([level] if single else level)]  # type: ignore[union-attr]
        result = answers.quantiles(self._total, levels, CENTS)
        return result[0] if single else result

    def expected_bookings(self) -> Estimate:
        """Return mean bookings over the horizon, in currency units."""
        return answers.mean(self._total, CENTS)

    def expected_wins(self) -> Estimate:
        """Return the mean number of deals won over the horizon."""
        return answers.mean(self._total_wins)

    def _periods(self) -> list[dict[str, Any]]:
        windows = self._goal.windows
        none: list[Estimate | None] = [None] * len(windows)
        quotas = self._goal.period_quota_cents
        own, so_far = self.attainment_by_period() or none, self.cumulative_attainment() or none
        return [
            {
                "start": _day(window.start),
                "end": _day(window.end),
                "quota": None if quotas is None else quotas[k] / CENTS,
                "attainment_probability": given(own[k]),
                "cumulative_attainment_probability": given(so_far[k]),
                "bookings": answers.distribution(self._cents[k], CENTS),
                "wins": answers.distribution(self._wins[k]),
            }
            for k, window in enumerate(windows)
        ]


def given(estimate: Estimate | None) -> dict[str, float] | None:
    """Return an estimate as the JSON answer holds it."""
    return None if estimate is None else estimate.to_dict()


def _day(value: dt.date | float) -> str | float:
    return value.isoformat() if isinstance(value, dt.date) else value
