"""The work that a forecast brings: deals entering and standing in each stage, period by period."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim import _team_work, answers
from funnelsim._passes import Ground, pieces
from funnelsim._text import aligned, plain_number
from funnelsim.estimate import Estimate
from funnelsim.frames import to_frame
from funnelsim.periods import Window
from funnelsim.scenario import Scenario

if TYPE_CHECKING:
    from funnelsim._walk_blocks import WalkBlock

Counts = NDArray[np.integer[Any]]

MOST_PATHS = 16_384
"""Paths of activities, at most, unless more are asked for: each deal is followed by itself."""
FIRST_WINS = 10
"""The days of so many first wins are kept."""
LEVELS = (0.1, 0.5, 0.9)
MINUTES = 60
NEVER = 2**31 - 1


class Counted(NamedTuple):
    """What is kept of each path: ``S`` stages, the last of them won, ``K`` periods, ``P`` paths."""

    entering: Counts  # (S, K, P)
    standing: Counts  # (S - 1, K, P)
    signed: Counts  # (N, P) days of the first wins; NEVER: not inside the horizon


@dataclass(frozen=True)
class Activities:
    """Deals entering and standing in each stage in each period; made by `Forecast.activities`.

    Every stage's time of every deal is drawn. A created deal enters its first stage when it is
    created; an open deal does not enter the one that it stands in; repeat business enters the last
    stage alone.

    Examples
    --------
    >>> from funnelsim import Funnel, NewBusiness, Periods, Scenario, simulate
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods(edges=list(range(0, 510, 30))),
    ...     funnel=Funnel.from_counts("6-5-3-3-2-1", time=30),
    ...     new_business=NewBusiness([6] * 10 + [0] * 6, planned=True),
    ... )
    >>> work = simulate(scenario, paths=16_384).activities()
    >>> round(work.peak_of_mean), round(work.peak_mean().value), work.peak_quantile(0.9).value
    (20, 22, 25.0)
    """

    scenario: Scenario
    counted: Counted

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages, the last of them won."""
        return self.scenario.funnel.names

    @property
    def paths(self) -> int:
        """Number of simulated futures."""
        return int(self.counted.entering.shape[2])

    @property
    def entering(self) -> NDArray[np.int32]:
        """Deals entering each stage in each period, shape (stages, periods, paths)."""
        return self.counted.entering.astype(np.int32)

    @property
    def standing(self) -> NDArray[np.int32]:
        """Deals in each open stage at each period's end, shape (stages - 1, periods, paths)."""
        return self.counted.standing.astype(np.int32)

    @property
    def load(self) -> NDArray[np.int32]:
        """All deals entering a stage, of whichever stage, shape (periods, paths)."""
        load: NDArray[np.int32] = self.counted.entering.sum(axis=0, dtype=np.int32)
        return load

    @property
    def peak(self) -> NDArray[np.int32]:
        """The largest load of a period on each path, shape (paths,)."""
        peak: NDArray[np.int32] = self.load.max(axis=0)
        return peak

    @property
    def peak_of_mean(self) -> float:
        """The largest mean load of a period: that of a plan on paper."""
        return float(self.load.mean(axis=1).max())

    def peak_mean(self) -> Estimate:
        """Return the mean of the largest load, which is above the largest mean load."""
        return answers.mean(self.peak)

    def peak_quantile(self, level: float) -> Estimate:
        """Return a quantile of the largest load, such as 0.9."""
        return answers.quantiles(self.peak, [level])[0]

    def peak_period(self) -> list[float]:
        """Return for each period the share of paths on which it is the first of largest load."""
        first = self.load.argmax(axis=0)
        share = np.bincount(first, minlength=self.load.shape[0]) / self.paths
        return [float(one) for one in share]

    def win_dates(self) -> list[dict[str, Any]]:
        """Return by when the first, second, ... win is signed.

        Returns
        -------
        list of dict
            ``win`` (1, 2, ...), ``p10``, ``p50``, ``p90``: the date by which it is signed with
            that chance; a day number where periods are given by edges; None where the chance is
            not reached inside the horizon.
        """
        return [
            {"win": n, **{f"p{round(100 * level)}": self._date(days, level) for level in LEVELS}}
            for n, days in enumerate(self.counted.signed, 1)
        ]

    def _date(self, days: Counts, level: float) -> dt.date | int | None:
        day = int(answers.quantiles(days, [level])[0].value)
        if day >= NEVER:
            return None
        if self.scenario.periods.edges is not None:
            return day
        return self.scenario.as_of + dt.timedelta(days=day)

    def hours(self) -> list[dict[str, Any]] | None:
        """Return the hours of the stages entered in each period; None if no stage carries hours.

        A stage's hours fall on the period in which it is entered.
        """
        minutes = [round((one.hours or 0.0) * MINUTES) for one in self.scenario.funnel.stages]
        if not any(minutes):
            return None
        spent = np.tensordot(np.array(minutes), self.counted.entering.astype(np.int64), axes=1)
        return [answers.distribution(row, MINUTES) for row in spent]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as the JSON answer holds it."""
        return {
            "stages": list(self.stages),
            "paths": self.paths,
            "entering": _each(self.counted.entering),
            "standing": _each(self.counted.standing),
            "load": [answers.distribution(row) for row in self.load],
            "peak": {
                "of_mean": self.peak_of_mean,
                **answers.distribution(self.peak),
                "period": self.peak_period(),
            },
            "win_dates": [
                {
                    key: value.isoformat() if isinstance(value, dt.date) else value
                    for key, value in one.items()
                }
                for one in self.win_dates()
            ],
            "hours": self.hours(),
        }

    def to_frame(self, *, backend: str | None = None) -> Any:
        """Return a dataframe with a row for each stage and period.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, optional
            The library to use; by default the first of these that is installed.
        """
        columns: dict[str, list[Any]] = {
            name: []
            for name in ("stage", "start", "end", "mean", "standard_error", "p10", "p50", "p90")
        }
        for name, rows in zip(self.stages, self.counted.entering, strict=True):
            for window, row in zip(self.scenario.windows, rows, strict=True):
                low, middle, high = answers.quantiles(row, list(LEVELS))
                mean = answers.mean(row)
                values = (
                    *(name, window.start, window.end, mean.value, mean.standard_error),
                    *(low.value, middle.value, high.value),
                )
                for column, value in zip(columns.values(), values, strict=True):
                    column.append(value)
        return to_frame(columns, backend)

    def __repr__(self) -> str:
        header = ["period", *self.stages, "all", "P90"]
        load = self.load
        rows = [
            [
                _period(window),
                *(plain_number(one) for one in means),
                plain_number(load[k].mean()),
                plain_number(answers.quantiles(load[k], [0.9])[0].value),
            ]
            for k, (window, means) in enumerate(
                zip(self.scenario.windows, self.counted.entering.mean(axis=2).T, strict=True)
            )
        ]
        peak = (
            f"largest load of a period: {self.peak_of_mean:.4g} by the means; by chance "
            f"{self.peak_mean().value:.4g} on average, {self.peak_quantile(0.9).value:.0f} at P90"
        )
        title = f"Deals entering each stage, mean over {self.paths:,} paths"
        return "\n".join([title, "", *aligned(header, rows), "", peak])


def _each(counts: Counts) -> list[list[dict[str, Any]]]:
    return [[answers.distribution(row) for row in rows] for rows in counts]


def _period(window: Window) -> str:
    start, end = window.start, window.end
    return f"{start} to {end}"


def count_activities(ground: Ground, paths: int) -> Activities:
    """Return the activities of the first paths of a forecast."""
    if _team_work.matters(ground.scenario):
        blocks = _with_people(ground, paths)
    else:
        from funnelsim._walk_blocks import BLOCK, Trip, run_walks  # noqa: PLC0415
        from funnelsim._walks import lower_walks  # noqa: PLC0415

        walks = lower_walks(ground.scenario, ground.lowered)
        trip = Trip(walks, ground.lowered.shared, FIRST_WINS)
        blocks = pieces(ground, run_walks, trip, paths, BLOCK, _counted)
    kept = [np.concatenate(parts, axis=-1) for parts in zip(*blocks, strict=True)]
    return Activities(ground.scenario, Counted(*kept))


def _with_people(ground: Ground, paths: int) -> list[Counted]:
    """Return what is kept of each block where deals wait for people."""
    from funnelsim._queue import lower_queue  # noqa: PLC0415
    from funnelsim._queue_blocks import Trip, block_of, run_queue  # noqa: PLC0415

    queue = lower_queue(ground.scenario, ground.lowered)
    trip = Trip(queue, ground.lowered.shared, FIRST_WINS)
    return pieces(
        ground, run_queue, trip, paths, block_of(queue), lambda block: _counted(block.deals)
    )


def _counted(block: WalkBlock) -> Counted:
    return Counted(*(_narrow(getattr(block, name)) for name in Counted._fields))


def _narrow(counts: Counts) -> Counts:
    """Return small numbers in half the memory."""
    few = counts.max(initial=0) <= np.iinfo(np.uint16).max
    return counts.astype(np.uint16) if few else counts.copy()
