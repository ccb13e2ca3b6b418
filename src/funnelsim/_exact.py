"""Answers that need no paths: what is known exactly of the pipeline and of each deal."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.goal import CENTS
from funnelsim.pipeline import Pipeline
from funnelsim.scenario import Scenario

if TYPE_CHECKING:
    from funnelsim._arrays import Lowered


def mean_amounts(pipeline: Pipeline) -> list[float]:
    """Return the mean amount of each deal, in currency units."""
    return [
        amount / CENTS if isinstance(amount, int) else float(amount.mean)
        for amount in pipeline.amounts
    ]


def open_pipeline(pipeline: Pipeline) -> float:
    """Return the sum of the mean amounts."""
    return math.fsum(mean_amounts(pipeline))


def weighted_pipeline(scenario: Scenario) -> float:
    """Return the sum of ``w_s * amount``, ages ignored; an own win probability replaces it."""
    wins = scenario.funnel.win_probabilities.mean(axis=0)
    of_stage = dict(zip(scenario.funnel.names, wins.tolist(), strict=True))
    pipeline = scenario.pipeline
    cells = zip(mean_amounts(pipeline), pipeline.stages, pipeline.win_probabilities, strict=True)
    return math.fsum(
        amount * (of_stage[stage] if own is None else own) for amount, stage, own in cells
    )


def coverage(scenario: Scenario) -> float | None:
    """Return open pipeline over the quota still to book; None where nothing is left to book."""
    quota = scenario.quota_cents
    if quota is None or quota <= scenario.booked_cents:
        return None
    return open_pipeline(scenario.pipeline) * CENTS / (quota - scenario.booked_cents)


def deals(scenario: Scenario, lowered: Lowered) -> dict[str, list[Any]]:
    """Return the table of open deals, column by column."""
    from funnelsim._signal_table import signal_columns  # noqa: PLC0415  loads the compiler

    pipeline, group = scenario.pipeline, lowered.group
    by_end, amounts = lowered.by_end[group], mean_amounts(pipeline)
    inside = np.diff(by_end, axis=1, prepend=0.0)
    columns: dict[str, list[Any]] = {
        "id": list(pipeline.ids),
        "stage": list(pipeline.stages),
        "amount": amounts,
        "age": list(pipeline.ages_on(scenario.as_of)),
        "win_probability": lowered.chance[group].tolist(),
        **signal_columns(scenario, lowered, amounts),
    }
    for k, window in enumerate(scenario.windows):
        columns[f"won_by_{window.end}" if k == 0 else f"won_{window.start}_to_{window.end}"] = (
            inside[:, k].tolist()
        )
    columns["expected_close"] = _expected_close(scenario, lowered)
    return columns


def _expected_close(scenario: Scenario, lowered: Lowered) -> list[dt.date | None]:
    """Return each deal's mean close date given a win; None where it is not finite."""
    means = _mean_remaining(scenario, lowered)[lowered.group]
    finite = np.isfinite(means)
    days = np.full(len(means), math.inf)
    days[finite] = scenario.clock.day(scenario.as_of, means[finite])
    stated = lowered.standing.close[lowered.group]
    days = np.where(np.isnan(stated), days, stated)
    return [_date(scenario.as_of, float(day)) for day in days]


def _mean_remaining(scenario: Scenario, lowered: Lowered) -> NDArray[np.float64]:
    """Return the mean remaining time of each group given a win, on the clock.

    Draws count by their chance to win: that is what a win tells of them.
    """
    from funnelsim._remaining import RemainingTime  # noqa: PLC0415
    from funnelsim._timing import laws_of_draws  # noqa: PLC0415

    standing, chosen = lowered.standing, laws_of_draws(scenario.funnel)
    likely = lowered.wins if len(chosen) > 1 else lowered.wins.mean(axis=1, keepdims=True)
    likely = np.broadcast_to(likely, (len(likely), len(chosen)))
    likely = np.where(likely.sum(axis=1, keepdims=True) > 0.0, likely, 1.0)
    total = np.zeros(len(standing.stage))
    for d, laws in enumerate(chosen):
        remaining = RemainingTime(laws, 1.0, steps=1)
        for s in np.unique(standing.stage).tolist():
            here = standing.stage == s
            mean = remaining.mean(s, standing.age[here])
            total[here] += np.where(likely[here, d] > 0.0, likely[here, d] * mean, 0.0)
    return np.asarray(total / likely.sum(axis=1))


def _date(as_of: dt.date, day: float) -> dt.date | None:
    """Return the date of a day number; a part of a day belongs to the date it falls in."""
    try:
        return as_of + dt.timedelta(days=math.ceil(day - 1e-6))
    except (OverflowError, ValueError):
        return None
