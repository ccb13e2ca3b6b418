"""What comes of dropping open deals: hours, value, and the rest simulated on the same draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from funnelsim import _team_work, answers
from funnelsim._priorities_text import in_words, pruned_text
from funnelsim.estimate import Estimate
from funnelsim.futures import Due, given
from funnelsim.goal import CENTS
from funnelsim.scenario import Scenario

if TYPE_CHECKING:
    from funnelsim.capacity import Capacity
    from funnelsim.priorities import Priority


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
        plain = {name: in_json(value) for name, value in vars(self).items()}
        return plain | {"in_words": self.in_words()}

    def __repr__(self) -> str:
        return pruned_text(self)


def prune(
    share: float, kept: Sequence[Priority], dropped: Sequence[Priority], source: Source
) -> Pruned:
    """Return what comes of dropping some of the deals.

    Parameters
    ----------
    share : float
        The part that was asked for.
    kept, dropped : sequence of Priority
        The deals that stay, and the others.
    source : Source
        The forecast of all of them.
    """
    before = source.forecast
    after = without_deals(source, {one.id for one in dropped})
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
        attainment_difference=attainment_difference(after, before),
        bookings_before=before.expected_bookings(),
        bookings_after=after.expected_bookings(),
        bookings_difference=answers.mean(change, CENTS),
        **_limits("before", before),
        **_limits("after", after),
    )


def without_deals(source: Source, dropped: set[str]) -> Simulated:
    """Return the forecast without some deals, on the same draws."""
    if not dropped:
        return source.forecast
    scenario = source.forecast.scenario
    kept = scenario.pipeline.where([name not in dropped for name in scenario.pipeline.ids])
    return source.again(scenario.replace(pipeline=kept))


def attainment_difference(after: Simulated, before: Simulated) -> Estimate | None:
    """Return the difference of the chances of the quota, path by path; None without one."""
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


def finite(value: Any) -> Any:
    """Return a value as JSON can hold it: None for a number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def in_json(value: Any) -> Any:
    """Return a value, an estimate or estimates by name, as JSON holds them."""
    if isinstance(value, Estimate):
        return given(value)
    if isinstance(value, dict):
        return {name: given(one) for name, one in value.items()}
    return list(value) if isinstance(value, tuple) else finite(value)
