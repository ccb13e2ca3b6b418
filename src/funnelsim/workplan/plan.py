"""A work plan and its answers: the load of each period, its peak, the contracts signed.

``load[m] = sum over cohorts g of n_g * sum over stages s of c_s e_s(m - start_g - offset_s)``:
``n_g`` contracts are started together; one contract takes ``c_s`` activities in stage ``s``, which
is entered ``offset_s`` periods after the start; ``e_s(k)`` is the effort ``k`` periods later.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._trials import chance_of_wins, whole_up
from funnelsim._version import __version__
from funnelsim.cautions import Caution
from funnelsim.frames import to_frame
from funnelsim.workplan.calendar import PERIODS_A_YEAR, period_names
from funnelsim.workplan.cautions import cautions_of_plan
from funnelsim.workplan.load import (
    Entry,
    entries_running,
    entries_started,
    entries_steady,
    last_period,
    load_of,
    signed_in,
)
from funnelsim.workplan.running import RunningDeals
from funnelsim.workplan.stages import PlannedStage
from funnelsim.workplan.starts import STEADY, Late
from funnelsim.workplan.text import text_of_plan

FORMAT = 1
NEARLY = 1.0 - 1e-9
"""Periods whose load is this share of the highest share the peak: rounding is no difference."""


class Peak(NamedTuple):
    """The highest load, and the periods that have it.

    Parameters
    ----------
    load : float
        Activities, or hours, in such a period.
    periods : tuple of int
        The periods, counted from 1.
    """

    load: float
    periods: tuple[int, ...]


@dataclass(frozen=True, repr=False)
class WorkPlan:
    """How much work falls into each period if all goes as planned; made by `work_plan`.

    Loads have shape (periods, stages), totals (periods,).

    Parameters
    ----------
    stages : tuple of PlannedStage
        Name, activities per contract, lag, offset and hours of each stage.
    contracts : float
        Contracts started; in the steady state those of one window.
    starts : tuple of float
        Contracts started in each period; in the steady state those of one window.
    pattern : str
        What was given: a pattern such as ``"monthly"``, or ``"list"``, or ``"due"``.
    late : tuple of Late
        Contracts due too early: period, contracts, and how many periods later they are signed.
    effort, every, window, running, first
        As they were given to `work_plan`.

    Examples
    --------
    >>> from funnelsim import work_plan
    >>> plan = work_plan("6-5-3-3-2-1", contracts=10)
    >>> plan.total
    array([ 6., 11., 14., 17., 19., 20., 20., 20., 20., 20., 14.,  9.,  6.,
            3.,  1.])
    >>> plan.peak
    Peak(load=20.0, periods=(6, 7, 8, 9, 10))
    >>> plan.signed_inside
    7.0
    """

    stages: tuple[PlannedStage, ...]
    contracts: float
    starts: tuple[float, ...]
    pattern: str
    late: tuple[Late, ...]
    effort: str
    every: str
    window: int | None
    running: tuple[RunningDeals, ...]
    first: dt.date | None

    @property
    def total_lag(self) -> int:
        """Periods from the start of a contract to its signature."""
        return self.stages[-1].offset

    @property
    def deadline(self) -> int:
        """Periods inside which contracts are counted: the window, or a year."""
        return self.window or PERIODS_A_YEAR[self.every]

    @property
    def periods(self) -> int:
        """Periods that the plan shows: the window, or until all is done."""
        if self.window is not None or self.pattern == STEADY:
            return self.deadline
        return self._last_period

    @property
    def period_names(self) -> tuple[str, ...]:
        """Names of the periods: numbers from 1, or dates where the first was given."""
        return period_names(self.every, self.first, self.periods)

    @property
    def load(self) -> NDArray[np.float64]:
        """Activities of each stage in each period, shape (periods, stages)."""
        return load_of(self.stages, self.effort, self._entries(), self.periods)

    @property
    def total(self) -> NDArray[np.float64]:
        """Activities in each period, shape (periods,)."""
        return np.asarray(self.load.sum(axis=1))

    @property
    def peak(self) -> Peak:
        """Activities in the busiest period, and which periods have as many."""
        return _peak(self.total)

    @property
    def hours(self) -> NDArray[np.float64] | None:
        """Hours of work in each period, shape (periods,); None if no hours are stated."""
        hours = [stage.hours for stage in self.stages if stage.hours is not None]
        return np.asarray(self.load @ np.array(hours)) if hours else None

    @property
    def peak_hours(self) -> Peak | None:
        """Hours in the busiest period, and which periods have as many; None without hours."""
        hours = self.hours
        return None if hours is None else _peak(hours)

    @property
    def load_after(self) -> float:
        """Activities that fall after the last period shown; none in the steady state."""
        if self.pattern == STEADY:
            return 0.0
        until = max(self._last_period, self.periods)
        whole_load = load_of(self.stages, self.effort, self._entries(), until)
        return float(whole_load[self.periods :].sum())

    @property
    def signed(self) -> NDArray[np.float64]:
        """Contracts signed in each period, those of running deals included, shape (periods,)."""
        return signed_in(self.stages, self._entries(), self.periods)

    @property
    def signed_inside(self) -> float:
        """Contracts of the plan's own starts signed inside the window, by default a year."""
        return float(signed_in(self.stages, self._started(), self.deadline).sum())

    @property
    def signed_inside_from_running(self) -> float:
        """Contracts of running deals signed inside the window, by default a year."""
        under_way = entries_running(self.stages, self.running)
        return float(signed_in(self.stages, under_way, self.deadline).sum())

    @property
    def first_stage_deals(self) -> int:
        """Deals that enter the first stage for the contracts started, rounded up."""
        return whole_up(self.contracts * self.stages[0].activities)

    @property
    def chance_of_contracts(self) -> float:
        """Chance that `first_stage_deals` bring at least as many contracts as are started.

        Each deal is won with a chance of one over the activities of the first stage,
        independently: the binomial law, exact, whenever they are signed. For ten contracts by
        6-5-3-3-2-1 it is 0.5536: a plan for the mean is met about half the time.
        """
        win = 1.0 / self.stages[0].activities
        return chance_of_wins(self.first_stage_deals, whole_up(self.contracts), win)

    @property
    def warnings(self) -> list[Caution]:
        """What a reader of the plan should know."""
        return cautions_of_plan(self._answers())

    def columns(self) -> dict[str, list[Any]]:
        """Return the plan by column, one row per period.

        ``period``, ``started``, the activities of each stage under its name (with "activities"
        behind it if another column has that name), ``total``, ``hours`` where they are stated,
        and ``signed``.
        """
        load, hours = self.load, self.hours
        columns: dict[str, list[Any]] = {
            "period": list(self.period_names),
            "started": self._started_in,
        }
        last: dict[str, list[Any]] = {"total": load.sum(axis=1).tolist()}
        if hours is not None:
            last["hours"] = hours.tolist()
        last["signed"] = self.signed.tolist()
        for s, stage in enumerate(self.stages):
            taken = stage.name in columns or stage.name in last
            columns[f"{stage.name} activities" if taken else stage.name] = load[:, s].tolist()
        return columns | last

    def to_frame(self, *, backend: str | None = None) -> Any:
        """Return a dataframe with one row per period: the columns of `columns`.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, optional
            The library to use; by default the first of these that is installed.
        """
        return to_frame(self.columns(), backend)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan and its answers as the JSON answer holds them."""
        answer = self._answers()
        return answer | {"warnings": [one.to_dict() for one in cautions_of_plan(answer)]}

    def __repr__(self) -> str:
        return text_of_plan(self.to_dict())

    def _answers(self) -> dict[str, Any]:
        hours = self.peak_hours
        return {
            "funnelsim": __version__,
            "format": FORMAT,
            "every": self.every,
            "first": None if self.first is None else self.first.isoformat(),
            "window": self.window,
            "deadline": self.deadline,
            "effort": self.effort,
            "start": self.pattern,
            "contracts": self.contracts,
            "stages": [asdict(stage) for stage in self.stages],
            "total_lag": self.total_lag,
            "running": [
                {
                    "stage": one.stage,
                    "elapsed": one.elapsed,
                    "contracts": one.contracts_worth(self.stages),
                }
                for one in self.running
            ],
            "late": [one._asdict() for one in self.late],
            "peak": _listed(self.peak),
            "peak_hours": None if hours is None else _listed(hours),
            "signed_inside": self.signed_inside,
            "signed_inside_from_running": self.signed_inside_from_running,
            "load_after": self.load_after,
            "first_stage_deals": self.first_stage_deals,
            "chance_of_contracts": self.chance_of_contracts,
            "periods": self._rows(),
        }

    def _rows(self) -> list[dict[str, Any]]:
        load, hours, signed, started = self.load, self.hours, self.signed, self._started_in
        return [
            {
                "name": name,
                "started": started[m],
                "load": load[m].tolist(),
                "total": float(load[m].sum()),
                "hours": None if hours is None else float(hours[m]),
                "signed": float(signed[m]),
            }
            for m, name in enumerate(self.period_names)
        ]

    @property
    def _started_in(self) -> list[float]:
        """Contracts started in each period that is shown."""
        return [*self.starts, *[0.0] * self.periods][: self.periods]

    @property
    def _last_period(self) -> int:
        return last_period(self.stages, self.effort, self._entries())

    def _entries(self) -> Iterator[Entry]:
        return itertools.chain(self._started(), entries_running(self.stages, self.running))

    def _started(self) -> Iterator[Entry]:
        if self.pattern == STEADY:
            return entries_steady(self.stages, self.starts[0], self.deadline)
        return entries_started(self.stages, self.starts)


def _peak(loads: NDArray[np.float64]) -> Peak:
    highest = float(loads.max())
    return Peak(highest, tuple(int(k) + 1 for k in np.flatnonzero(loads >= highest * NEARLY)))


def _listed(peak: Peak) -> dict[str, Any]:
    return {"load": peak.load, "periods": list(peak.periods)}
