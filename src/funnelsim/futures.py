"""Paths of bookings and wins against a goal, and the answers that are drawn from them."""

from __future__ import annotations

import datetime as dt
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from funnelsim import answers
from funnelsim.estimate import Estimate
from funnelsim.goal import CENTS, Goal
from funnelsim.parameters import Interval, number, plain

LEVEL = Interval(0.0, 1.0, open_low=True, open_high=True)
Cents = NDArray[np.int64]
Hits = NDArray[np.bool_]


class Due(NamedTuple):
    """New bookings that reach the quota, in cents; 0 or less is reached already."""

    own: tuple[int, ...] | None
    """Of each period; None unless each has its own quota."""
    so_far: tuple[int, ...] | None
    """By the end of each period, the last of them over the horizon; None without a quota.

    With one quota for the horizon: to have reached it by then. With a quota per period: to have
    reached the sum of the quotas until then.
    """

    @classmethod
    def of(cls, goal: Goal) -> Due:
        """Return what is due to reach the quota of a goal."""
        whole, parts, booked = goal.quota_cents, goal.period_quota_cents, goal.booked_cents
        if whole is None:
            return cls(None, None)
        if parts is None:
            return cls(None, (whole - booked,) * goal.periods.count)
        so_far = tuple(due - booked for due in itertools.accumulate(parts))
        return cls((parts[0] - booked, *parts[1:]), so_far)


def own_hits(cents: Cents, due: Sequence[int]) -> Iterator[Hits]:
    """Yield for each period whether its bookings (periods, paths) reach what is due in it."""
    return (row >= need for row, need in zip(cents, due, strict=True))


def hits_so_far(cents: Cents, due: Sequence[int]) -> Iterator[Hits]:
    """Yield for each period whether bookings until its end reach what is due by then."""
    so_far = np.zeros(cents.shape[1], np.int64)
    for row, need in zip(cents, due, strict=True):
        so_far += row
        yield so_far >= need


def hits_of_every(cents: Cents, due: Sequence[int]) -> Hits:
    """Return whether every period reaches what is due in it."""
    every = np.ones(cents.shape[1], bool)
    for hits in own_hits(cents, due):
        every &= hits
    return every


class GoalAnswers(ABC):
    """What is asked of bookings and wins against a goal, however they are known.

    A kind of futures sets the goal.
    """

    _goal: Goal

    @abstractmethod
    def _bookings(self, period: int | None = None) -> answers.Quantity:
        """Return new bookings of a period, or over the horizon."""

    @abstractmethod
    def _won(self, period: int | None = None) -> answers.Quantity:
        """Return the number of deals won in a period, or over the horizon."""

    @abstractmethod
    def _own_chances(self, due: Sequence[int]) -> Iterable[Estimate]:
        """Return the chance that each period reaches what is due in it."""

    @abstractmethod
    def _chances_so_far(self, due: Sequence[int]) -> Iterable[Estimate]:
        """Return the chance to reach what is due by the end of each period."""

    @abstractmethod
    def _chance_of_every(self, due: Sequence[int]) -> Estimate:
        """Return the chance that every period reaches what is due in it."""

    @abstractmethod
    def _chance_in_all(self, due: int) -> Estimate:
        """Return the chance to reach what is due over the horizon."""

    def attainment_probability(self) -> Estimate | None:
        """Return the chance to reach the quota over the horizon; None without a quota."""
        due = Due.of(self._goal).so_far
        return None if due is None else _unless_reached(due[-1], self._chance_in_all(due[-1]))

    def attainment_by_period(self) -> list[Estimate] | None:
        """Return the chance of each period to reach its own quota; None unless it has one."""
        due = Due.of(self._goal).own
        return None if due is None else list(map(_unless_reached, due, self._own_chances(due)))

    def cumulative_attainment(self) -> list[Estimate] | None:
        """Return the chance to be on quota by the end of each period; None without a quota.

        With one quota for the horizon: to have reached it by then. With a quota per period: to
        have reached the sum of the quotas until then.
        """
        due = Due.of(self._goal).so_far
        return None if due is None else list(map(_unless_reached, due, self._chances_so_far(due)))

    def attainment_every_period(self) -> Estimate | None:
        """Return the chance that every period reaches its own quota; None unless it has one."""
        due = Due.of(self._goal).own
        return None if due is None else self._chance_of_every(due)

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
        result = self._bookings().quantiles(levels)
        return result[0] if single else result

    def expected_bookings(self) -> Estimate:
        """Return mean bookings over the horizon, in currency units."""
        return self._bookings().mean()

    def expected_wins(self) -> Estimate:
        """Return the mean number of deals won over the horizon."""
        return self._won().mean()

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
                "bookings": answers.described(self._bookings(k)),
                "wins": answers.described(self._won(k)),
            }
            for k, window in enumerate(windows)
        ]


class Futures(GoalAnswers):
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

    def _bookings(self, period: int | None = None) -> answers.Quantity:
        return answers.OfPaths(self._total if period is None else self._cents[period], CENTS)

    def _won(self, period: int | None = None) -> answers.Quantity:
        return answers.OfPaths(self._total_wins if period is None else self._wins[period])

    def _own_chances(self, due: Sequence[int]) -> Iterable[Estimate]:
        return map(answers.probability, own_hits(self._cents, due))

    def _chances_so_far(self, due: Sequence[int]) -> Iterable[Estimate]:
        return map(answers.probability, hits_so_far(self._cents, due))

    def _chance_of_every(self, due: Sequence[int]) -> Estimate:
        return answers.probability(hits_of_every(self._cents, due))

    def _chance_in_all(self, due: int) -> Estimate:
        return answers.probability(self._total >= due)


def _unless_reached(due: int, chance: Estimate) -> Estimate:
    """Return the chance to reach what is due: certain where nothing is."""
    return Estimate.exact(1.0) if due <= 0 else chance


def given(estimate: Estimate | None) -> dict[str, float] | None:
    """Return an estimate as the JSON answer holds it."""
    return None if estimate is None else estimate.to_dict()


def _day(value: dt.date | float) -> str | float:
    return value.isoformat() if isinstance(value, dt.date) else value
