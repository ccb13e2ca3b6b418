"""Deals that are under way when a work plan begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from funnelsim.errors import InputError, unknown
from funnelsim.parameters import NONNEGATIVE, number, whole
from funnelsim.periods import MOST_PERIODS
from funnelsim.workplan.stages import PlannedStage


@dataclass(frozen=True)
class RunningDeals:
    """Deals that are under way when a work plan begins, all in one stage and equally old.

    Parameters
    ----------
    stage : str
        The stage they stand in, before the last.
    deals : float, optional
        How many deals stand there. Give this or `contracts`.
    contracts : float, optional
        How many contracts they are worth: deals over the stage's activities per contract.
    elapsed : int
        Whole periods since they entered the stage. With 0 they enter it in the first period; those
        that have stood there for as long as the stage takes, or longer, go on in the first period.

    Examples
    --------
    >>> RunningDeals("proposal", 6).elapsed
    1
    """

    stage: str
    deals: float | None = None
    contracts: float | None = None
    elapsed: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.stage, str) or not self.stage.strip():
            raise InputError("stage of running deals", "be the name of a stage", self.stage)
        if (self.deals is None) == (self.contracts is None):
            both = "neither" if self.deals is None else "both"
            raise InputError("running deals", "be stated in deals or in contracts", both)
        for field in ("deals", "contracts"):
            if getattr(self, field) is not None:
                value = number(f"{field} of running deals", getattr(self, field), NONNEGATIVE)
                object.__setattr__(self, field, value)
        elapsed = whole("elapsed of running deals", self.elapsed, 0, MOST_PERIODS)
        object.__setattr__(self, "elapsed", elapsed)

    def contracts_worth(self, stages: tuple[PlannedStage, ...]) -> float:
        """Return how many contracts the deals are worth in a plan with these stages."""
        if self.contracts is not None:
            return self.contracts
        return (self.deals or 0.0) / stages[self.index(stages)].activities

    def index(self, stages: tuple[PlannedStage, ...]) -> int:
        """Return the number of the stage they stand in, from 0; the last is none of them."""
        names = [stage.name for stage in stages]
        folded = [name.casefold() for name in names]
        wanted = self.stage.strip().casefold()
        if wanted not in folded:
            raise unknown("stage of running deals", self.stage, names[:-1], "be a stage")
        if wanted == folded[-1]:
            raise InputError("stage of running deals", "come before the last", self.stage)
        return folded.index(wanted)


def as_running(given: Any, stages: tuple[PlannedStage, ...]) -> tuple[RunningDeals, ...]:
    """Return the running deals of a plan, if each stands in one of its stages."""
    several = [given] if isinstance(given, RunningDeals) else given
    if not isinstance(several, Iterable) or isinstance(several, str):
        raise InputError("running", "be a list of RunningDeals", given)
    running = tuple(several)
    for one in running:
        if not isinstance(one, RunningDeals):
            raise InputError("running", "hold RunningDeals", one)
        one.index(stages)
    return running
