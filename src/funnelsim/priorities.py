"""Which open deals are worth their hours: ranked by value per hour of work ahead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim import _exact, _team_work
from funnelsim._priorities_text import priorities_text
from funnelsim.errors import InputError
from funnelsim.frames import to_frame
from funnelsim.parameters import Interval, number
from funnelsim.pruning import Pruned, Source, finite, prune
from funnelsim.scenario import Scenario

if TYPE_CHECKING:
    from funnelsim._arrays import Lowered

Floats = NDArray[np.float64]

SHARE = Interval(0.0, 1.0)
AS_SHARE = "35 % is given as 0.35"
USUAL = (0.0, 0.2, 0.35, 0.5)
"""Shares of a table, unless asked; the key-account method says a little over a third."""
OWNER, NOBODY = "owner", "(none)"
ROUNDING = 1e-9
"""Deals by which a product with a share may miss a half through rounding."""


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
        return {name: finite(value) for name, value in vars(self).items()}


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
        return prune(share, kept, self.deals[len(kept) :], self.source)

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
            "value": finite(math.fsum(one.value for one in self.deals)),
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
