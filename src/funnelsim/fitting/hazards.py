"""Daily chances to go on and to be lost, by stage and age: what happened, no shape assumed.

A deal that entered a stage on day ``e`` has age ``d - e`` on day ``d``, and is at risk at age 0
already on the day of its entry: so a deal may pass several stages, and be won, in one day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError
from funnelsim.events import Known
from funnelsim.events.known import date_of

Floats = NDArray[np.float64]

AGES = 400
"""Ages in days from 0; the last stands for itself and all above."""
PRIOR_DAYS = 40.0
"""Deal-days at the stage's mean hazard that are added to those of a window."""
WINDOWS = ((100, 28), (500, 14))
"""Below so many events of a stage, the half-width of the window in days."""
NARROW = 7


@dataclass(frozen=True, eq=False)
class Hazards:
    """The daily chance to leave a stage, by age: forward, and by being lost.

    Parameters
    ----------
    forward : ndarray, shape (stages, 400)
        Chance that a deal of this stage and age goes on to the next stage within the day; from
        the last stage, that it is won.
    lost : ndarray, shape (stages, 400)
        Chance that it is lost within the day.

    Raises
    ------
    InputError
        If a chance is not in [0, 1], or the two of one stage and age exceed 1 together.

    Examples
    --------
    >>> import numpy as np
    >>> hazards = Hazards(np.full((1, 400), 0.02), np.full((1, 400), 0.01))
    >>> hazards.stages
    1
    """

    forward: Floats
    lost: Floats

    def __post_init__(self) -> None:
        for name in ("forward", "lost"):
            values = np.array(getattr(self, name), np.float64)
            if values.ndim != 2 or values.shape[1] != AGES:  # noqa: PLR2004
                raise InputError(f"hazards.{name}", f"have shape (stages, {AGES})", values.shape)
            if not ((values >= 0.0) & (values <= 1.0)).all():
                raise InputError(f"hazards.{name}", "be in [0, 1]")
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        if self.forward.shape != self.lost.shape:
            raise InputError("hazards.lost", "have the shape of forward", self.lost.shape)
        if (self.forward + self.lost > 1.0 + 1e-12).any():
            raise InputError("hazards", "not exceed 1 in sum at any age")

    @property
    def stages(self) -> int:
        """The number of open stages."""
        return len(self.forward)


def fit_hazards(known: Known, weights: Floats | None = None) -> Hazards:
    """Fit hazards by stage and age to all deals known on a day.

    A deal is at risk in a stage from its entry, or the first day from which closes are recorded
    if that is later (left truncation), to its exit or the as-of day (right censoring). Events and
    days at risk are smoothed over age with one triangular window, so that the chances of all
    exits stay below 1; age 0, where skipped stages are passed, is left out of the smoothing.

    Parameters
    ----------
    known : Known
        What was known on a day.
    weights : ndarray, shape (deals,), optional
        How often each deal counts: those of a Bayesian bootstrap, say.

    Returns
    -------
    Hazards
        The chances; where nobody was at risk, the stage's mean.

    Raises
    ------
    InputError
        If the weights do not fit the deals, or no day at risk was recorded.

    Examples
    --------
    >>> from funnelsim.events import LOST, WON, EventLog
    >>> log = EventLog(["A", "B"], ["open"], deal=[0, 1, 0, 1], time=[1, 1, 5, 9],
    ...                state=[0, 0, WON, LOST])
    >>> hazards = fit_hazards(log.as_of(20))
    >>> round(float(hazards.forward.mean()), 2)  # one win in 5 + 9 days at risk
    0.07
    """
    count = len(known)
    weights = np.ones(count) if weights is None else np.asarray(weights, np.float64)
    if weights.shape != (count,) or not (weights >= 0.0).all():
        raise InputError("weights", f"be {count} numbers of at least 0", weights.shape)
    counts = [_stage_counts(known, k, weights) for k in range(len(known.stages))]
    forward, lost, days = (np.array(one) for one in zip(*counts, strict=True))
    if not days.any():
        remedy = f"closes are recorded from {date_of(known.record_start)} on"
        raise InputError("as_of", "come after some day at risk", date_of(known.day), remedy)
    return Hazards(*_smoothed(forward, lost, days))


def _stage_counts(known: Known, stage: int, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Return moves forward, losses and days at risk of a stage, each of shape (400,)."""
    entered = np.isfinite(known.entry[stage])
    last = stage + 1 == len(known.stages)
    won_at = np.where(known.won, known.closed, np.inf)
    onward = np.floor(won_at if last else known.entry[stage + 1])[entered]
    entry, closed = np.floor(known.entry[stage])[entered], np.floor(known.closed)[entered]
    left = np.minimum(onward, closed)
    first = np.maximum(known.record_start, entry) - entry
    final = np.minimum(left, known.day) - entry
    seen = final >= first
    went = seen & np.isfinite(onward)
    lost = seen & ~np.isfinite(onward) & np.isfinite(closed)
    weight = weights[entered]
    return (
        _by_age(final[went], weight[went]),
        _by_age(final[lost], weight[lost]),
        _days_at_risk(first[seen], final[seen], weight[seen]),
    )


def _by_age(ages: Floats, weight: Floats) -> Floats:
    """Return the weight of events at each age, the last age pooled."""
    places = np.minimum(ages, AGES - 1).astype(np.intp)
    return np.bincount(places, weight, minlength=AGES).astype(np.float64)


def _days_at_risk(first: Floats, final: Floats, weight: Floats) -> Floats:
    """Return the deal-days at each age of deals at risk from their first age to their final."""
    from_here = np.bincount(np.minimum(first, AGES).astype(np.intp), weight, AGES + 1)
    no_more = np.bincount(np.minimum(final + 1, AGES).astype(np.intp), weight, AGES + 1)
    days = np.maximum(np.cumsum(from_here - no_more)[:AGES], 0.0)
    beyond = final - np.maximum(first, AGES - 1) + 1
    days[-1] = float((weight * np.maximum(beyond, 0.0)).sum())
    return np.asarray(days)


def _smoothed(forward: Floats, lost: Floats, days: Floats) -> tuple[Floats, Floats]:
    """Return hazards from counts of shape (stages, 400)."""
    on, off = np.empty_like(forward), np.empty_like(lost)
    whole = (forward.sum() / days.sum(), lost.sum() / days.sum())
    for k in range(len(days)):
        width = _half_width(float(forward[k].sum() + lost[k].sum()))
        at_risk = _windowed(days[k], width) + PRIOR_DAYS
        for result, events, mean in ((on, forward[k], whole[0]), (off, lost[k], whole[1])):
            usual = (events.sum() + mean) / (days[k].sum() + 1.0)  # an empty stage has the mean
            result[k] = (_windowed(events, width) + PRIOR_DAYS * usual) / at_risk
    return on, off


def _half_width(events: float) -> int:
    return next((width for below, width in WINDOWS if events < below), NARROW)


def _windowed(values: Floats, width: int) -> Floats:
    """Return weighted sums over neighbouring ages, from age 1 on; age 0 stays what it is."""
    window = 1.0 - np.abs(np.arange(-width, width + 1)) / (width + 1.0)
    inner = np.convolve(values[1:], window, mode="same")
    return np.concatenate([values[:1], inner])
