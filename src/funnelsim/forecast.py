"""A forecast: paths, the answers drawn from them, and the record that makes them again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim import _team_work, answers
from funnelsim._needs import Needs
from funnelsim._passes import Ground
from funnelsim.activities import MOST_PATHS, Activities, count_activities
from funnelsim.capacity import Capacity, count_capacity
from funnelsim.errors import InputError
from funnelsim.estimate import Estimate
from funnelsim.futures import Futures, given
from funnelsim.goal import CENTS
from funnelsim.key_accounts import KeyAccounts, find_accounts
from funnelsim.parameters import whole
from funnelsim.priorities import Priorities, rank_deals
from funnelsim.pruning import Source
from funnelsim.required import CreationRate, Requirement
from funnelsim.scenario import Scenario
from funnelsim.scenario_answers import Record, ScenarioAnswers

if TYPE_CHECKING:
    from funnelsim._arrays import Lowered

MOST_ASKED = 2**24
"""Paths of answers that follow each deal, at most."""


class Kept(NamedTuple):
    """What is kept of each path."""

    cents: NDArray[np.int64]  # (periods, paths) bookings
    wins: NDArray[np.integer[Any]]  # (periods, paths)
    fresh: NDArray[np.int64] | None  # (paths,) bookings of new business; None: there is none


class Forecast(ScenarioAnswers, Futures):
    """Simulated futures of one scenario; made by `simulate`.

    Bookings are new bookings after the as-of date; attainment alone adds what is booked already.
    Estimates carry their Monte Carlo error; what is known exactly has an error of 0.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline, Scenario, simulate
    >>> forecast = simulate(Scenario(
    ...     as_of="2026-12-31", periods=Periods("quarter", 2), quota=500_000, booked=300_000,
    ...     funnel=Funnel.key_account(time=10),
    ...     pipeline=Pipeline.from_frame({"stage": ["negotiation"], "amount": [200_000]}),
    ... ), paths=10_000)
    >>> forecast.bookings.shape
    (10000, 2)
    >>> forecast.quantile(0.5).value
    200000.0
    """

    def __init__(
        self,
        record: Record,
        kept: Kept,
        lowered: Lowered,
        again: Callable[[Scenario], Forecast],
        threads: int | None = None,
    ) -> None:
        self.record, self._threads = record, threads
        super().__init__(record.scenario, kept.cents, kept.wins)
        self._fresh = kept.fresh
        self._lowered, self._again = lowered, again
        if self._fresh is not None:
            self._fresh.flags.writeable = False

    def required_pipeline(
        self, confidence: float | Sequence[float] | None = None, **plan: Any
    ) -> Requirement | list[Requirement]:
        """Return the extra deals needed to reach the quota with a confidence.

        They come on top of the open deals and of new business, in one pass for all confidences.

        Parameters
        ----------
        confidence : float or sequence of float, optional
            Chances in (0, 1); by default those of the scenario's `RequiredPipeline`.
        **plan
            Fields of `RequiredPipeline` that differ from the scenario's: ``stage``, ``amount``,
            ``day``, ``most``.

        Returns
        -------
        Requirement or list of Requirement
            One for a single confidence, else a list.

        Raises
        ------
        InputError
            If there is no quota, or no amount of an extra deal.
        """
        return self._needs.requirements(confidence, plan)

    def attainment_with(self, deals: int, **plan: Any) -> Estimate:
        """Return the chance to reach the quota with so many extra deals.

        Parameters
        ----------
        deals : int
            Extra deals, from 0 to the most that are tried.
        **plan
            As of `required_pipeline`.

        Raises
        ------
        InputError
            If there is no quota, no amount of an extra deal, or deals are not in that range.
        """
        return self._needs.chance_with(deals, plan)

    def required_pipeline_curve(
        self, confidence: Sequence[float] | None = None, **plan: Any
    ) -> dict[str, list[Any]]:
        """Return required deals, amount and coverage against confidence, column by column.

        The columns are ``confidence``, ``deals``, ``low``, ``high``, ``amount`` and ``coverage``;
        None where a confidence is not reachable. By default for 1 to 99 %.
        """
        return self._needs.curve(confidence, plan)

    def pipeline_rules(self, **plan: Any) -> list[dict[str, Any]]:
        """Return the pipeline that the rules "3x" and "1 / win rate" ask for, and what it is worth.

        Returns
        -------
        list of dict
            ``rule``, ``coverage`` (pipeline, open deals included, over the quota still to book),
            ``deals`` (extra ones), ``amount``, and ``attainment_probability`` with so many.
        """
        return self._needs.rules(plan)

    def required_creation_rate(
        self, confidence: float | Sequence[float] | None = None, **plan: Any
    ) -> CreationRate | list[CreationRate]:
        """Return the deals to be created per period to reach the quota with a confidence.

        The rate stands in place of the planned one and keeps its profile (season, growth, list);
        without new business it is the same in all periods, of deals as in `RequiredPipeline`.

        Parameters
        ----------
        confidence : float or sequence of float, optional
            Chances in (0, 1); by default those of the scenario's `RequiredPipeline`.
        **plan
            ``stage`` or ``amount`` of the deals, if other than planned.

        Raises
        ------
        InputError
            If there is no quota or no amount, or new business is planned or has repeats.
        """
        return self._needs.rates(confidence, plan)

    def required_dict(
        self, confidence: Sequence[float] | None = None, **plan: Any
    ) -> dict[str, Any]:
        """Return all that is known of required pipeline, as ``funnelsim required`` writes it.

        Parameters as `required_pipeline`. The creation rate is None, and a note says why, where
        new business is planned or has repeats.
        """
        return {
            **self._heading(),
            "attainment_probability": given(self.attainment_probability()),
            **self._needs.to_dict(confidence, plan),
            "warnings": [caution.to_dict() for caution in self.warnings],
        }

    def activities(self, paths: int | None = None) -> Activities:
        """Return the deals that enter each stage in each period, and more of the work.

        Parameters
        ----------
        paths : int, optional
            Simulated futures, at least 2; by default those of the forecast, at most 16,384, since
            every stage of every deal is drawn.
        """
        if paths is None:
            return self._activities
        return count_activities(self._ground, whole("paths", paths, 2, MOST_ASKED))

    def capacity(self, paths: int | None = None) -> Capacity:
        """Return what people have the time for: utilisation, waits, backlog, bookings lost.

        Parameters
        ----------
        paths : int, optional
            Simulated futures, at least 2; by default those of the forecast, at most 16,384: each is
            simulated once more as if nobody had to wait.

        Raises
        ------
        InputError
            If no stage takes hours of a team.
        """
        if paths is None:
            return self._capacity
        return count_capacity(self._ground, whole("paths", paths, 2, MOST_ASKED))

    def priorities(self, current: float = 0.0) -> Priorities:
        """Return the open deals ranked by value per hour of work ahead.

        Hours are those of the team's work, or without a team those of the funnel's stages.

        Parameters
        ----------
        current : float
            The part of the work of its own stage that a deal is taken to have ahead, in [0, 1]. It
            moves the ranking alone: a simulated deal takes no more work in the stage where it is.

        Raises
        ------
        InputError
            If no stage takes hours.
        """
        return rank_deals(Source(self, self._again), self._lowered, current)

    def key_accounts(self, by: str = "account") -> KeyAccounts:
        """Return what each account brings, how concentrated that is, and the forecast without.

        Parameters
        ----------
        by : str
            The column of the open deals that names the account. Any other groups them as well.

        Raises
        ------
        InputError
            If the deals have no such column, or the mean of an amount is infinite.
        """
        source = Source(self, self._again)
        return find_accounts(source, self._lowered, by, self.record.seed)

    @functools.cached_property
    def _capacity(self) -> Capacity:
        return count_capacity(self._ground, min(self.record.paths, MOST_PATHS))

    @functools.cached_property
    def _activities(self) -> Activities:
        return count_activities(self._ground, min(self.record.paths, MOST_PATHS))

    @functools.cached_property
    def _needs(self) -> Needs:
        total = self._total
        before = total if self._fresh is None else total - self._fresh
        return Needs(self._ground, total, before)

    @property
    def _ground(self) -> Ground:
        return Ground(self.scenario, self._lowered, self.record.seed, self._threads)

    def by(self, segment: str) -> dict[str, Forecast]:
        """Return a forecast for each value of a segment, such as ``"region"``.

        The draws of each deal and of what deals share are the same, so the bookings of the parts
        add up to those of the open pipeline on every path. Parts have no quota, nothing booked and
        no new business, which belongs to no segment. (Where new business is planned or has repeats,
        deals are followed one by one, and the parts add up in law only.)

        Raises
        ------
        InputError
            If there is no such segment, or people limit the deals: those of all segments wait for
            the same hours, so no part can be told by itself.
        """
        if _team_work.matters(self.scenario):
            rule, remedy = (
                "limit no deals for a forecast of parts",
                "give a scenario without team.work",
            )
            raise InputError("team", rule, segment, remedy)
        values = self.scenario.pipeline.segment(segment)
        return {
            value: self._again(
                self.scenario.replace(
                    pipeline=self.scenario.pipeline.where([one == value for one in values]),
                    new_business=None,
                    quota=None,
                    booked=0.0,
                )
            )
            for value in sorted(set(values))
        }

    def to_dict(self, *, activities: bool = True) -> dict[str, Any]:
        """Return all answers as the JSON answer holds them; the same input gives the same bytes.

        Parameters
        ----------
        activities : bool
            Whether to follow each deal through its stages for the activities; else they are None.
        """
        return self._answers(
            required_pipeline=self._required(),
            activities=self.activities().to_dict() if activities else None,
        )

    def _shown(self) -> dict[str, Any]:
        return self.to_dict(activities=False)

    def _open_pipeline(self) -> answers.Quantity:
        total, fresh = self._total, self._fresh
        return answers.OfPaths(total if fresh is None else total - fresh, CENTS)

    def _new_business(self) -> answers.Quantity | None:
        return None if self._fresh is None else answers.OfPaths(self._fresh, CENTS)

    def _required(self) -> list[dict[str, Any]] | None:
        """Return the required pipeline where the scenario asks for it and has a quota."""
        plan = self.scenario.required_pipeline
        if plan is None or self.scenario.quota is None:
            return None
        found = self._needs.requirements(plan.confidence, {})
        return [one.to_dict() for one in found]  # type: ignore[union-attr]
