"""Which open deals are worth their hours: ranked by value per hour, and the last ones dropped."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from funnelsim import _exact, _team_work, answers
from funnelsim._priorities_text import in_words, priorities_text, pruned_text
from funnelsim.errors import InputError
from funnelsim.estimate import Estimate
from funnelsim.frames import to_frame
from funnelsim.futures import Due, given
from funnelsim.goal import CENTS
from funnelsim.parameters import Interval, number
from funnelsim.scenario import Scenario

if TYPE_CHECKING:
    from funnelsim._arrays import Lowered
    from funnelsim.capacity import Capacity

Floats = NDArray[np.float64]

SHARE = Interval(0.0, 1.0)
AS_SHARE = "35 % is given as 0.35"
USUAL = (0.0, 0.2, 0.35, 0.5)
"""Shares of a table, unless asked; the key-account method says a little over a third."""
OWNER, NOBODY = "owner", "(none)"
ROUNDING = 1e-9
"""Deals by which a product with a share may miss a half through rounding."""


class Simulated(Protocol):
    """What is asked of a forecast, before and after."""

    @property
    def scenario(self) -> Scenario:
        """The assumptions."""

    @property
    def _total(self) -> NDArray[np.int64]:
        """Cents over the horizon, shape (paths,)."""

    def attainment_probability(self) -> Estimate | None:
        """Return the chance to reach the quota."""

    def expected_bookings(self) -> Estimate:
        """Return mean bookings over the horizon."""

    def capacity(self) -> Capacity:
        """Return what people have the time for."""

    def _heading(self) -> dict[str, Any]: ...


class Source(NamedTuple):
    """The forecast whose deals are ranked, and what simulates a scenario on the same draws."""

    forecast: Simulated
    again: Callable[[Scenario], Simulated]


@dataclass(frozen=True)
class Priority:
    """An open deal, what it is expected to bring and what it still takes.

    Parameters
    ----------
    rank : int
        From 1: the most value per hour.
    id, stage : str
        The deal, and the stage where it stands.
    owner : str or None
        Whose deal it is, where the pipeline says so.
    amount : float
        Mean amount, in currency units.
    win_probability : float
        Chance to be won in the end, given its age.
    value : float
        ``win_probability * amount``.
    hours : float
        Expected hours of work ahead: those of each later stage times the chance to come to it.
    value_per_hour : float or None
        Their ratio; None where a deal of some value takes no more hours, 0 without any value.

    Examples
    --------
    >>> Priority(1, "A", "proposal", None, 300_000.0, 0.5, 150_000.0, 25.0, 6_000.0).value_per_hour
    6000.0
    """

    rank: int
    id: str
    stage: str
    owner: str | None
    amount: float
    win_probability: float
    value: float
    hours: float
    value_per_hour: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON holds them; None for a number that is not finite."""
        return {name: _finite(value) for name, value in vars(self).items()}


@dataclass(frozen=True, repr=False)
class Pruned:
    """What comes of dropping the last deals of a ranking; made by `Priorities.drop`.

    Hours and values are exact, of the open deals, wherever in time they fall. What is simulated has
    its error; differences are path by path, on the same draws.

    Parameters
    ----------
    share : float
        The part of the deals that was asked to be dropped.
    dropped : tuple of str
        Ids of the deals that are dropped, by rank.
    kept : int
        Number of deals that stay.
    hours_dropped, hours_kept : float
        Expected hours of work ahead.
    value_dropped, value_kept : float
        Expected value, in currency units.
    attainment_before, attainment_after, attainment_difference : Estimate or None
        Chance to reach the quota; None without one.
    bookings_before, bookings_after, bookings_difference : Estimate
        Mean bookings over the horizon, in currency units.
    utilisation_before, utilisation_after : dict of str to Estimate or None, optional
        Part of its hours that each role works on deals; None where people limit nothing.
    lost_before, lost_after : Estimate, optional
        Mean bookings that lack of hours keeps out of the horizon.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline, simulate
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("year", 1),
    ...     funnel=Funnel.key_account(time=30, hours=[0, 10, 20, 40, 10]),
    ...     pipeline=Pipeline.from_frame({"stage": ["training", "proposal"], "amount": [9e4, 3e5]}))
    >>> pruned = simulate(scenario, paths=1_000).priorities().drop(0.5)
    >>> pruned.dropped, pruned.hours_kept
    (('1',), 6.25)
    """

    share: float
    dropped: tuple[str, ...]
    kept: int
    hours_dropped: float
    hours_kept: float
    value_dropped: float
    value_kept: float
    attainment_before: Estimate | None
    attainment_after: Estimate | None
    attainment_difference: Estimate | None
    bookings_before: Estimate
    bookings_after: Estimate
    bookings_difference: Estimate
    utilisation_before: dict[str, Estimate | None] | None = None
    utilisation_after: dict[str, Estimate | None] | None = None
    lost_before: Estimate | None = None
    lost_after: Estimate | None = None

    def in_words(self) -> str:
        """Return what dropping them does, in a sentence."""
        return in_words(self)

    def row(self) -> dict[str, Any]:
        """Return it as a row of a table; an estimate fills its own column and that of its error."""
        cells: dict[str, Any] = {
            "share": self.share,
            "dropped": len(self.dropped),
            "kept": self.kept,
            "hours": self.hours_kept,
            "value": self.value_kept,
        }
        estimates = {
            "attainment_probability": self.attainment_after,
            "attainment_difference": self.attainment_difference,
            "bookings": self.bookings_after,
            "bookings_difference": self.bookings_difference,
            "lost_bookings": self.lost_after,
        }
        for role, used in (self.utilisation_after or {}).items():
            estimates[f"utilisation_{role}"] = used
        for name, one in estimates.items():
            cells[name] = math.nan if one is None else one.value
            cells[f"{name}_standard_error"] = math.nan if one is None else one.standard_error
        return cells

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON holds them; None for a number that is not finite."""
        plain = {name: _plain(value) for name, value in vars(self).items()}
        return plain | {"in_words": self.in_words()}

    def __repr__(self) -> str:
        return pruned_text(self)


@dataclass(frozen=True, repr=False, eq=False)
class Priorities:
    """Open deals ranked by value per hour; made by `Forecast.priorities`.

    A deal with the chance ``w`` to be won comes to a later stage ``k`` with the chance
    ``min(w / w_k, 1)``, so its hours ahead are the sum of ``h_k * min(w / w_k, 1)``. (Where signals
    move its odds, the chance to come to ``k`` is moved, too.) In the order of value per hour, deals
    bring the most for every budget of hours, as long as work can be divided (fractional knapsack
    [1]_). The ranking looks at the end, not at the horizon: it does not know which deal would be
    won too late.

    Parameters
    ----------
    deals : tuple of Priority
        By rank: first what takes no more hours, then by value per hour; equal ones by their value,
        then by their id. What cannot be won is last.
    current : float
        The part of its own stage's work that a deal is taken to have ahead.
    source : Source
        What simulates again.

    References
    ----------
    .. [1] G. B. Dantzig, Discrete-variable extremum problems, Operations Research 5 (1957).

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline, simulate
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("year", 1),
    ...     funnel=Funnel.key_account(time=30, hours=[0, 10, 20, 40, 10]),
    ...     pipeline=Pipeline.from_frame({"stage": ["training", "proposal"], "amount": [9e4, 3e5]}))
    >>> found = simulate(scenario, paths=1_000).priorities()
    >>> [(one.id, round(one.hours, 2), round(one.value_per_hour)) for one in found.deals]
    [('2', 6.25, 24000), ('1', 18.69, 481)]
    """

    deals: tuple[Priority, ...]
    current: float
    source: Source

    def drop(self, share: float = 0.35) -> Pruned:
        """Return what comes of dropping the last part of the ranking.

        The deals that stay are simulated again on the same draws.

        Parameters
        ----------
        share : float
            Part of the deals, in [0, 1]: of n deals ``floor(share * n + 0.5)`` are dropped.

        Raises
        ------
        InputError
            If it is not a share.
        """
        share = number("share", share, SHARE, AS_SHARE)
        many = math.floor(share * len(self.deals) + 0.5 + ROUNDING)
        kept = self.deals[: len(self.deals) - many]
        return _pruned(share, kept, self.deals[len(kept) :], self.source)

    def table(self, shares: Sequence[float] = USUAL) -> dict[str, list[Any]]:
        """Return what comes of dropping several shares, column by column.

        Parameters
        ----------
        shares : sequence of float
            As of `drop`.

        Returns
        -------
        dict of str to list
            ``share``, ``dropped`` and ``kept`` deals, ``hours`` and ``value`` of those that stay,
            then ``attainment_probability``, ``bookings``, their differences to dropping nothing,
            ``lost_bookings`` and the utilisation of each role, each beside its standard error; NaN
            where there is none. Any dataframe library takes it.
        """
        rows = [self.drop(share).row() for share in shares]
        return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}

    def to_dict(self) -> dict[str, Any]:
        """Return the ranking as the JSON answer holds it."""
        return {
            **self.source.forecast._heading(),  # noqa: SLF001  as all answers begin
            "current": self.current,
            "hours": math.fsum(one.hours for one in self.deals),
            "value": _finite(math.fsum(one.value for one in self.deals)),
            "deals": [one.to_dict() for one in self.deals],
        }

    def to_frame(self, *, backend: str | None = None) -> Any:
        """Return a dataframe with a row for each deal; without hours, value per hour is NaN.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, optional
            The library to use; by default the first of these that is installed.
        """
        columns = {
            name: [getattr(one, name) for one in self.deals]
            for name in Priority.__dataclass_fields__
        }
        ratios = columns["value_per_hour"]
        columns["value_per_hour"] = [math.nan if one is None else one for one in ratios]
        return to_frame(columns, backend)

    def __repr__(self) -> str:
        return priorities_text(self)


def rank_deals(source: Source, lowered: Lowered, current: float) -> Priorities:
    """Return the open deals of a forecast ranked by value per hour.

    Raises
    ------
    InputError
        If no stage takes hours, or ``current`` is no share.
    """
    current = number("current", current, SHARE, "the work of its stage still ahead, in [0, 1]")
    scenario = source.forecast.scenario
    hours = _hours_ahead(scenario, lowered, current).tolist()
    pipeline, chances = scenario.pipeline, lowered.chance[lowered.group].tolist()
    owners = dict(pipeline.segments).get(OWNER, (NOBODY,) * len(pipeline))
    cells = zip(
        pipeline.ids, pipeline.stages, owners, _exact.mean_amounts(pipeline), chances, hours,
        strict=True,
    )  # fmt: skip
    ranked = sorted((_priority(*row) for row in cells), key=_order)
    deals = (Priority(rank, *one) for rank, one in enumerate(ranked, 1))
    return Priorities(tuple(deals), current, source)


class _Unranked(NamedTuple):
    """The fields of a `Priority` without its rank."""

    id: str
    stage: str
    owner: str | None
    amount: float
    win_probability: float
    value: float
    hours: float
    value_per_hour: float | None


def _priority(  # noqa: PLR0917
    name: str, stage: str, owner: str, amount: float, chance: float, hours: float
) -> _Unranked:
    value = chance * amount if chance > 0.0 else 0.0  # the mean of an amount may be infinite
    ratio: float | None = value / hours if hours > 0.0 else None
    if value == 0.0:
        ratio = 0.0
    return _Unranked(
        name, stage, None if owner == NOBODY else owner, amount, chance, value, hours, ratio
    )


def _order(one: _Unranked) -> tuple[float, float, str]:
    ratio = math.inf if one.value_per_hour is None else one.value_per_hour
    return -ratio, -one.value, one.id  # infinite means compare, too


def _hours_ahead(scenario: Scenario, lowered: Lowered, current: float) -> Floats:
    """Return the expected hours of each deal, in the pipeline's order.

    Draws of parameters count alike: it is the mean over them.
    """
    hours = _mean_hours(scenario)
    from funnelsim._walks import reached  # noqa: PLC0415  loads the compiler

    comes = np.ones((len(lowered.chance), len(hours)))
    comes[:, 1:] = reached(scenario, lowered)[:, :-1].mean(axis=2)
    stage, later = lowered.standing.stage[:, None], np.arange(len(hours))
    comes = np.where(later > stage, comes, np.where(later == stage, current, 0.0))
    return np.asarray((comes * hours).sum(axis=1)[lowered.group])


def _mean_hours(scenario: Scenario) -> Floats:
    """Return the mean hours of work of each open stage.

    Raises
    ------
    InputError
        If none takes any.
    """
    hours = np.array([stage.hours or 0.0 for stage in scenario.funnel.stages[:-1]])
    for s, (law, _) in _team_work.hours_of(scenario).items():  # a team's work comes first
        hours[s] = law.mean
    if not hours.any():
        remedy = 'state hours of stages, or a team with work={"proposal": 6}'
        raise InputError("priorities", "be asked where stages take hours", remedy=remedy)
    return hours


def _pruned(
    share: float, kept: Sequence[Priority], dropped: Sequence[Priority], source: Source
) -> Pruned:
    before = source.forecast
    after = _without(source, {one.id for one in dropped})
    change = after._total - before._total  # noqa: SLF001  exact, unlike bookings in units
    return Pruned(
        share=share,
        dropped=tuple(one.id for one in dropped),
        kept=len(kept),
        hours_dropped=math.fsum(one.hours for one in dropped),
        hours_kept=math.fsum(one.hours for one in kept),
        value_dropped=math.fsum(one.value for one in dropped),
        value_kept=math.fsum(one.value for one in kept),
        attainment_before=before.attainment_probability(),
        attainment_after=after.attainment_probability(),
        attainment_difference=_attainment_difference(after, before),
        bookings_before=before.expected_bookings(),
        bookings_after=after.expected_bookings(),
        bookings_difference=answers.mean(change, CENTS),
        **_limits("before", before),
        **_limits("after", after),
    )


def _without(source: Source, dropped: set[str]) -> Simulated:
    """Return the forecast without some deals, on the same draws."""
    if not dropped:
        return source.forecast
    scenario = source.forecast.scenario
    kept = scenario.pipeline.where([name not in dropped for name in scenario.pipeline.ids])
    return source.again(scenario.replace(pipeline=kept))


def _attainment_difference(after: Simulated, before: Simulated) -> Estimate | None:
    due = Due.of(before.scenario).so_far
    if due is None:
        return None
    if after is before or due[-1] <= 0:
        return Estimate.exact(0.0)
    hits, hits_before = (one._total >= due[-1] for one in (after, before))  # noqa: SLF001
    return answers.chance_difference(hits, hits_before)


def _limits(when: str, forecast: Simulated) -> dict[str, Any]:
    """Return utilisation and lost bookings, where people limit the deals."""
    if not _team_work.hours_of(forecast.scenario):
        return {}
    found = forecast.capacity()
    used = {role: found.utilisation(role) for role in found.roles}
    return {f"utilisation_{when}": used, f"lost_{when}": found.lost()}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Estimate):
        return given(value)
    if isinstance(value, dict):
        return {name: given(one) for name, one in value.items()}
    return list(value) if isinstance(value, tuple) else _finite(value)
