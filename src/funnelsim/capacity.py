"""Working capacity: what people have the time for, who waits for whom, and what that costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim import _team_work, answers
from funnelsim._capacity_text import capacity_text, in_words
from funnelsim._factors import REPLICATES
from funnelsim._passes import Ground, pieces
from funnelsim._version import __version__
from funnelsim._waits import DAY, quantile_of_waits
from funnelsim.errors import InputError, unknown
from funnelsim.estimate import Estimate
from funnelsim.frames import to_frame
from funnelsim.futures import Due
from funnelsim.goal import CENTS
from funnelsim.parameters import whole
from funnelsim.scenario import Scenario

if TYPE_CHECKING:
    from funnelsim._queue_blocks import Compared

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FORMAT = 1
MOST_PATHS = 16_384
"""Paths of the answers, at most, unless more are asked for."""
UNITS_OF_AN_HOUR = 1000 * 86_400 * 60
P90 = 0.9


class Counted(NamedTuple):
    """What is kept: ``R`` roles, ``S`` stages, the last of them won, ``K`` periods, ``P`` paths."""

    worked: Ints  # (64, R, K) units of work done, by replicate, and so are the next ones
    offered: Ints  # (64, R, K) units of work that there was time for
    begun: Ints  # (64, S - 1, K) deals whose work began, by the period of coming to the stage
    waited: Ints  # (64, S - 1, K) deals that waited for it
    wait: Ints  # (64, S - 1, K) seconds that they waited
    stale: Ints  # (64, S - 1, K) deals that were lost while they waited
    waits: Ints  # (64, S - 1, bins) waits by length
    backlog: NDArray[np.int32]  # (S - 1, K, P) deals that wait at the end of a period
    cents: Ints  # (K, P) bookings
    free: Ints  # (K, P) bookings if nobody had to wait


@dataclass(frozen=True)
class Wait:
    """How long deals wait in a stage until somebody begins to work on them.

    Parameters
    ----------
    stage, role : str
        The stage, and whose work it takes.
    deals : Estimate
        Mean number of deals on which work begins inside the horizon.
    share : Estimate or None
        Share of them that wait at all; None where there are none, and so below.
    mean : Estimate or None
        Calendar days that they wait on average, those who do not wait included. Deals on which no
        work begins are not among them: see `Capacity.backlog`.
    p90 : Estimate or None
        Calendar days that nine in ten wait at most.
    stale : Estimate
        Mean number of deals that are lost while they wait.

    Examples
    --------
    >>> deals, none = Estimate.exact(12.0), Estimate.exact(0.0)
    >>> wait = Wait("proposal", "seller", deals, None, Estimate.exact(3.5), None, none)
    >>> f"{wait.mean:.1f} days for a {wait.role}"
    '3.5 days for a seller'
    """

    stage: str
    role: str
    deals: Estimate
    share: Estimate | None
    mean: Estimate | None
    p90: Estimate | None
    stale: Estimate


@dataclass(frozen=True, repr=False, eq=False)
class Capacity:
    """What people have the time for; made by `Forecast.capacity`.

    A deal that comes to a stage with work waits until a rep of the role is free, or its owner. Work
    takes its hours over those that the rep has on each day. The time in the stage runs from the
    start of the work; a deal moves on when it is over, while the rep may still have work with it.
    Deals open on the as-of date take no more work in the stage where they are. Where a rep leaves,
    the deal goes before all that wait, with what is left of its work; work on a deal that has moved
    on by then is not taken up again.

    Parameters
    ----------
    scenario : Scenario
        The assumptions.
    paths : int
        Number of simulated futures.
    counted : Counted
        What is known of them.

    Examples
    --------
    >>> from funnelsim import Funnel, NewBusiness, Periods, Rep, Role, Team, simulate
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("quarter", 4), quota=6_000_000,
    ...     funnel=Funnel.key_account(time=30), new_business=NewBusiness(60, 300_000),
    ...     team=Team([Role("rep")], [Rep("rep", count=2)], work={"training": 20, "proposal": 40}),
    ... )
    >>> found = simulate(scenario, paths=1_000).capacity()
    >>> found.bottleneck()
    'rep'
    >>> found.lost().value > 0
    True
    """

    scenario: Scenario
    paths: int
    counted: Counted

    @property
    def roles(self) -> tuple[str, ...]:
        """Names of the roles."""
        assert self.scenario.team is not None
        return tuple(role.name for role in self.scenario.team.roles)

    def utilisation(self, role: str, period: int | None = None) -> Estimate | None:
        """Return the part of a role's hours that is worked on deals.

        Parameters
        ----------
        role : str
            Its name.
        period : int, optional
            Number of the period from 0; by default the whole horizon.

        Returns
        -------
        Estimate or None
            None where the role has no hours.

        Raises
        ------
        InputError
            If there is no such role or period.
        """
        assert self.scenario.team is not None
        r = self.roles.index(self.scenario.team.role_name("role", role))
        at = slice(None) if period is None else slice(self._period(period), period + 1)
        worked, offered = (
            one[:, r, at].sum(axis=1).astype(np.float64) / UNITS_OF_AN_HOUR
            for one in (self.counted.worked, self.counted.offered)
        )
        return answers.ratio(worked, offered)

    def waits(self) -> list[Wait]:
        """Return how long deals wait, stage by stage; stages without work are left out."""
        return [self._wait(s, role) for s, (_, role) in _team_work.hours_of(self.scenario).items()]

    def _wait(self, s: int, role: int, periods: slice = slice(None)) -> Wait:
        counted = self.counted
        begun, waited, wait, stale = (
            one[:, s, periods].sum(axis=1).astype(np.float64)
            for one in (counted.begun, counted.waited, counted.wait, counted.stale)
        )
        return Wait(
            stage=self.scenario.funnel.names[s],
            role=self.roles[role],
            deals=self._per_path(begun),
            share=answers.ratio(waited, begun),
            mean=answers.ratio(wait / DAY, begun),
            p90=quantile_of_waits(counted.waits[:, s], P90),
            stale=self._per_path(stale),
        )

    def _per_path(self, counts: Floats) -> Estimate:
        """Return the mean of what is counted by replicate."""
        paths = np.bincount(np.arange(self.paths) % REPLICATES, minlength=REPLICATES)
        found = answers.ratio(counts[paths > 0], paths[paths > 0].astype(np.float64))
        assert found is not None
        return found

    def _period(self, period: int) -> int:
        return whole("period", period, 0, len(self.scenario.windows) - 1)

    def backlog(self, stage: str, period: int) -> Estimate:
        """Return the mean number of deals that wait in a stage at the end of a period.

        Parameters
        ----------
        stage : str
            Its name.
        period : int
            Number of the period from 0.

        Raises
        ------
        InputError
            If no work is done in a stage of that name, or there is no such period.
        """
        names = {self.scenario.funnel.names[s]: s for s in _team_work.hours_of(self.scenario)}
        own = next((one for one in names if one.casefold() == stage.strip().casefold()), None)
        if own is None:
            raise unknown("stage", stage, names, "be a stage with work")
        return answers.mean(self.counted.backlog[names[own], self._period(period)])

    def bottleneck(self) -> str | None:
        """Return the role for whose time deals wait longest, all taken together.

        Deals that still wait at the end of a period count with a day for each day of the period.
        None: nobody waits.
        """
        lost = dict.fromkeys(self.roles, 0.0)
        days = np.array([window.hi - window.lo for window in self.scenario.windows])
        for s, (_, role) in _team_work.hours_of(self.scenario).items():
            left = float(self.counted.backlog[s].mean(axis=1) @ days)
            waited = float(self.counted.wait[:, s].sum()) / DAY / self.paths
            lost[self.roles[role]] += waited + left
        worst = max(lost, key=lambda role: lost[role])
        return worst if lost[worst] > 0.0 else None

    def bookings(self) -> Estimate:
        """Return mean bookings over the horizon, in currency units."""
        return answers.mean(self.counted.cents.sum(axis=0), CENTS)

    def unlimited_bookings(self) -> Estimate:
        """Return mean bookings on the same draws if nobody had to wait."""
        return answers.mean(self.counted.free.sum(axis=0), CENTS)

    def lost(self) -> Estimate:
        """Return mean bookings that lack of hours keeps out of the horizon.

        It is the mean of the differences path by path, on the same draws.
        """
        before, after = self.counted.free.sum(axis=0), self.counted.cents.sum(axis=0)
        return answers.mean(before - after, CENTS)

    def attainment_probability(self) -> Estimate | None:
        """Return the chance to reach the quota; None without one."""
        hits = self._hits(self.counted.cents)
        return None if hits is None else answers.probability(hits)

    def unlimited_attainment_probability(self) -> Estimate | None:
        """Return the same chance if nobody had to wait."""
        hits = self._hits(self.counted.free)
        return None if hits is None else answers.probability(hits)

    def lost_attainment(self) -> Estimate | None:
        """Return the chance that lack of hours takes, on the same draws; None without a quota."""
        before, after = self._hits(self.counted.free), self._hits(self.counted.cents)
        if before is None or after is None:
            return None
        return answers.chance_difference(before, after)

    def _hits(self, cents: Ints) -> NDArray[np.bool_] | None:
        due = Due.of(self.scenario).so_far
        return None if due is None else np.asarray(cents.sum(axis=0) >= due[-1])

    def in_words(self) -> str:
        """Return who is the bottleneck, and what that means, in a sentence."""
        return in_words(self)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as the JSON answer holds it."""
        return {
            "funnelsim": __version__,
            "format": FORMAT,
            "paths": self.paths,
            "bottleneck": self.bottleneck(),
            "in_words": self.in_words(),
            "roles": [self._role_dict(role) for role in self.roles],
            "stages": [self._stage_dict(one) for one in self.waits()],
            "bookings": self.bookings().to_dict(),
            "unlimited_bookings": self.unlimited_bookings().to_dict(),
            "lost_bookings": self.lost().to_dict(),
            "attainment_probability": _plain(self.attainment_probability()),
            "unlimited_attainment_probability": _plain(self.unlimited_attainment_probability()),
            "lost_attainment": _plain(self.lost_attainment()),
        }

    def _role_dict(self, role: str) -> dict[str, Any]:
        periods = range(len(self.scenario.windows))
        return {
            "role": role,
            "utilisation": _plain(self.utilisation(role)),
            "periods": [_plain(self.utilisation(role, k)) for k in periods],
        }

    def _stage_dict(self, wait: Wait) -> dict[str, Any]:
        periods = range(len(self.scenario.windows))
        return {
            **{name: _plain(value) for name, value in vars(wait).items()},
            "backlog": [self.backlog(wait.stage, k).to_dict() for k in periods],
        }

    def to_frame(self, *, backend: str | None = None) -> Any:
        """Return a dataframe with a row for each stage with work and period; NaN: there is none.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, optional
            The library to use; by default the first of these that is installed.
        """
        rows = [
            self._row(s, role, k)
            for s, (_, role) in _team_work.hours_of(self.scenario).items()
            for k in range(len(self.scenario.windows))
        ]
        return to_frame({name: [row[name] for row in rows] for name in rows[0]}, backend)

    def _row(self, s: int, role: int, k: int) -> dict[str, Any]:
        """Return a row of the table: an estimate fills its own column and that of its error."""
        window, wait = self.scenario.windows[k], self._wait(s, role, slice(k, k + 1))
        row = {"stage": wait.stage, "role": wait.role, "start": window.start, "end": window.end}
        estimates = {
            "deals": wait.deals,
            "waited": wait.share,
            "days": wait.mean,
            "stale": wait.stale,
            "backlog": self.backlog(wait.stage, k),
            "utilisation": self.utilisation(wait.role, k),
        }
        for name, one in estimates.items():
            row[name] = math.nan if one is None else one.value
            row[f"{name}_standard_error"] = math.nan if one is None else one.standard_error
        return row

    def __repr__(self) -> str:
        return capacity_text(self)


def _plain(value: Any) -> Any:
    return value.to_dict() if isinstance(value, Estimate) else value


def count_capacity(ground: Ground, paths: int) -> Capacity:
    """Return the working capacity on the first paths of a forecast.

    Raises
    ------
    InputError
        If no stage takes hours of a team.
    """
    if not _team_work.hours_of(ground.scenario):
        remedy = 'state a team with work, such as work={"proposal": 6}'
        raise InputError("capacity", "be asked where stages take hours of a team", remedy=remedy)
    from funnelsim._queue import lower_queue  # noqa: PLC0415  loads the compiler
    from funnelsim._queue_blocks import Trip, block_of, run_compared  # noqa: PLC0415

    queue = lower_queue(ground.scenario, ground.lowered)
    trip = Trip(queue, ground.lowered.shared, 0)
    blocks = pieces(ground, run_compared, trip, paths, block_of(queue), _counted)
    sums = [sum(part) for part in list(zip(*blocks, strict=True))[:7]]
    paths_of = [np.concatenate(part, axis=-1) for part in list(zip(*blocks, strict=True))[7:]]
    return Capacity(ground.scenario, paths, Counted(*sums, *paths_of))


def _counted(block: Compared) -> Counted:
    loads = block.limited.loads
    return Counted(
        _by_replicate(np.moveaxis(loads.worked, 0, -1)),
        _by_replicate(np.moveaxis(block.limited.offered, 0, -1)),
        _by_replicate(loads.begun),
        _by_replicate(loads.waited),
        _by_replicate(loads.wait),
        _by_replicate(loads.stale),
        loads.waits.astype(np.int64),
        loads.backlog.copy(),
        block.limited.deals.bookings.copy(),
        block.free.bookings.copy(),
    )


def _by_replicate(values: NDArray[np.integer[Any]]) -> Ints:
    """Return sums over paths, (..., P), for each replicate: shape (64, ...)."""
    found = np.zeros((REPLICATES, *values.shape[:-1]), np.int64)
    for replicate in range(min(REPLICATES, values.shape[-1])):
        found[replicate] = values[..., replicate::REPLICATES].sum(axis=-1)
    return found
