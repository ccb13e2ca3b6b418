"""Who enters which stage of a work plan when, and the activities of that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.workplan.running import RunningDeals
from funnelsim.workplan.stages import PlannedStage

Stages = tuple[PlannedStage, ...]
ONCE, SPREAD, EVERY = "once", "spread", "every"
EFFORTS = (ONCE, SPREAD, EVERY)


class Entry(NamedTuple):
    """Contracts that enter a stage together; periods before the plan are 0 and below."""

    stage: int
    period: int
    contracts: float


def entries_started(stages: Stages, starts: tuple[float, ...], first: int = 1) -> Iterator[Entry]:
    """Give the entries of contracts started in each period from the first on."""
    for start, contracts in enumerate(starts, first):
        if contracts:
            for s, stage in enumerate(stages):
                yield Entry(s, start + stage.offset, contracts)


def entries_steady(stages: Stages, contracts: float, periods: int) -> Iterator[Entry]:
    """Give the entries of as many contracts in every period, as far back as they still matter."""
    back = stages[-1].offset + max(stage.lag for stage in stages)
    return entries_started(stages, (contracts,) * (back + periods), 1 - back)


def entries_running(stages: Stages, running: Iterable[RunningDeals]) -> Iterator[Entry]:
    """Give the entries of deals under way; those that are overdue go on in the first period."""
    for deals in running:
        here, contracts = deals.index(stages), deals.contracts_worth(stages)
        entered = 1 - deals.elapsed
        yield Entry(here, entered, contracts)
        going_on = max(1, entered + stages[here].lag) - stages[here + 1].offset
        for s in range(here + 1, len(stages)):
            yield Entry(s, going_on + stages[s].offset, contracts)


def last_period(stages: Stages, effort: str, entries: Iterable[Entry]) -> int:
    """Return the last period with work, 1 if there is none."""
    ends = (one.period + _span(stages[one.stage], effort) - 1 for one in entries)
    return max(1, max(ends, default=1))


def load_of(
    stages: Stages, effort: str, entries: Iterable[Entry], periods: int
) -> NDArray[np.float64]:
    """Return the activities of each stage in each period, shape (periods, stages)."""
    load = np.zeros((periods, len(stages)))
    for s, period, contracts in entries:
        span = _span(stages[s], effort)
        each = contracts * stages[s].activities
        first = max(period - 1, 0)
        after = max(period - 1 + span, 0)  # 0 where all of it lies before the plan
        load[first:after, s] += each / span if effort == SPREAD else each
    return load


def signed_in(stages: Stages, entries: Iterable[Entry], periods: int) -> NDArray[np.float64]:
    """Return the contracts signed in each period: those that enter the last stage."""
    signed = np.zeros(periods)
    for s, period, contracts in entries:
        if s == len(stages) - 1 and 1 <= period <= periods:
            signed[period - 1] += contracts
    return signed


def _span(stage: PlannedStage, effort: str) -> int:
    """Return the periods over which an activity of a stage reaches."""
    return 1 if effort == ONCE else max(stage.lag, 1)
