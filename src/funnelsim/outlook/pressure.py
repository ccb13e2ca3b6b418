"""Pressure: the wins a day that the hazards expect of the deals that stood open, and of new ones.

A deal is followed by stage and age, day by day. ``chances[n, k, a]`` is its chance to be won
within ``n`` days, where ``a`` is the age at which it is at risk on the first of them:
``c[n, k, a] = on[k, a] c[n, k + 1, 0] + (1 - on[k, a] - off[k, a]) c[n - 1, k, a + 1]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.fitting.hazards import AGES, Hazards
from funnelsim.outlook.spans import Spans, Whole

Floats = NDArray[np.float64]

WEEK = 7
RATE_DAYS = 91
"""New deals are expected at the rate of so many days before."""
FIRST_DAYS = 28
"""A record younger than this has the rate of so many days from its start."""


def win_chances(hazards: Hazards, days: int) -> Floats:
    """Return chances to be won within 0, 1, ... days, shape (days + 1, stages, 400).

    Examples
    --------
    >>> import numpy as np
    >>> hazards = Hazards(np.full((1, 400), 0.5), np.zeros((1, 400)))
    >>> win_chances(hazards, 2)[:, 0, 0]
    array([0.  , 0.5 , 0.75])
    """
    stages = hazards.stages
    stay = 1.0 - hazards.forward - hazards.lost
    older = np.minimum(np.arange(AGES) + 1, AGES - 1)
    chances = np.zeros((days + 1, stages + 1, AGES))
    chances[1:, stages] = 1.0
    for n in range(1, days + 1):
        for k in reversed(range(stages)):
            onward = hazards.forward[k] * chances[n, k + 1, 0]
            chances[n, k] = onward + stay[k] * chances[n - 1, k, older]
    return chances[:, :stages]


class Dated(NamedTuple):
    """Chances from one day on, whose last step has a season."""

    chances: Floats  # (days + 1, stages, 400) to be won within 0, 1, ... days
    fresh: Floats  # (days,) wins on each day, where one deal enters the first stage a day


def usual_chances(hazards: Hazards, days: int) -> Dated:
    """Return chances where every day is a usual one."""
    chances = win_chances(hazards, days)
    return Dated(chances, chances[1:, 0, 0])


def dated_chances(hazards: Hazards, factors: Floats) -> Dated:
    """Return chances to be won where the last step's hazard has a factor on each day to come.

    Parameters
    ----------
    hazards : Hazards
        The hazards of a usual day.
    factors : ndarray, shape (days,)
        What multiplies the chance of the last step, of the days to come: of few, as the cost
        grows with their square.

    Examples
    --------
    >>> import numpy as np
    >>> hazards = Hazards(np.full((1, 400), 0.4), np.zeros((1, 400)))
    >>> found = dated_chances(hazards, np.array([0.0, 2.0]))
    >>> found.chances[:, 0, 0], found.fresh
    (array([0. , 0. , 0.8]), array([0. , 1.6]))
    """
    chances = chances_by(hazards, factors, np.arange(len(factors) + 1))
    none = np.zeros((hazards.stages, AGES))
    return Dated(chances, stepped_wins(hazards, factors, none, 1.0))


def chances_by(hazards: Hazards, factors: Floats, ends: Whole) -> Floats:
    """Return chances to be won by some days, shape (ends, stages, 400).

    Parameters
    ----------
    hazards, factors
        As in `dated_chances`.
    ends : ndarray of int, shape (ends,)
        Numbers of days, rising.
    """
    stages = hazards.stages
    older = np.minimum(np.arange(AGES) + 1, AGES - 1)
    chances = np.zeros((len(ends), stages + 1, AGES))
    for day in range(int(ends[-1]), 0, -1):  # from this day on
        later = chances[np.searchsorted(ends, day) :]
        later[:, stages] = 1.0
        for k in reversed(range(stages)):
            onward, stay = _steps(hazards, k, factors[day - 1])
            later[:, k] = onward * later[:, k + 1, :1] + stay * later[:, k][:, older]
    return chances[:, :stages]


def stepped_wins(hazards: Hazards, factors: Floats, standing: Floats, rate: float) -> Floats:
    """Return the wins expected on each day to come, shape (days,): the deals are stepped on.

    Parameters
    ----------
    hazards, factors
        As in `dated_chances`.
    standing : ndarray, shape (stages, 400)
        Deals by stage, and age on the first day.
    rate : float
        New deals a day.
    """
    at_risk, wins = standing.copy(), np.empty(len(factors))
    for day, factor in enumerate(factors.tolist()):
        arrive = rate
        for k in range(hazards.stages):
            onward, stay = _steps(hazards, k, factor)
            at_risk[k, 0] += arrive
            arrive = float((at_risk[k] * onward).sum())
            stayed = at_risk[k] * stay
            at_risk[k] = np.append(0.0, stayed[:-1])
            at_risk[k, -1] += stayed[-1]
        wins[day] = arrive
    return wins


def _steps(hazards: Hazards, stage: int, factor: float) -> tuple[Floats, Floats]:
    """Return the chances to go on and to stay, by age; the last step has the day's factor."""
    onward, lost = hazards.forward[stage], hazards.lost[stage]
    if stage + 1 == hazards.stages:
        onward = np.minimum(onward * factor, 1.0 - lost)
    return onward, 1.0 - onward - lost


@dataclass(frozen=True, eq=False)
class Groups:
    """A way to group the deals: a code for each, and how many codes there are.

    Where ``weight`` is given, shape (stages, deals), a deal's chances count so many times.
    """

    code: NDArray[np.int32]
    count: int
    weight: Floats | None = None

    @classmethod
    def whole(cls, deals: int) -> Groups:
        """Return one group of all deals."""
        return cls(np.zeros(deals, np.int32), 1)

    def standing(self, spans: Spans, day: int, code: int) -> Floats:
        """Return the deals of a code that stand open at a day's end, shape (stages, 400)."""
        deals, stage, age = spans.standing(day)
        mine = self.code[deals] == code
        deals, place = deals[mine], (stage * AGES + age)[mine]
        weight = None if self.weight is None else self.weight[stage[mine], deals]
        stages = len(spans.entry)
        return np.bincount(place, weight, stages * AGES).reshape(stages, AGES).astype(np.float64)


def creation_rate(spans: Spans, groups: Groups, day: int, start: int, last: int) -> Floats:
    """Return the new deals a day of each group before a day, by weight, shape (groups,).

    The mean of the 91 days that end on ``day``, or of those since the record's ``start``; of the
    record's first 28 days where there are fewer, as far as ``last``, the as-of day.
    """
    first = max(day - RATE_DAYS + 1, start)
    final = day if day - first + 1 >= FIRST_DAYS else min(start + FIRST_DAYS - 1, last)
    created = spans.entry[0]
    inside = (created >= first) & (created <= final)
    weight = None if groups.weight is None else groups.weight[0, inside]
    counts = np.bincount(groups.code[inside], weight, groups.count)
    return np.asarray(counts / max(final - first + 1, 1))


def expected_wins(
    spans: Spans, groups: Groups, dated: Dated, day: int, rate: Floats
) -> tuple[Floats, Floats]:
    """Return the wins expected on each of the days after one, of open deals and of new ones.

    Parameters
    ----------
    spans : Spans
        Where the deals stood.
    groups : Groups
        The groups to sum over.
    dated : Dated
        Chances from the day after on.
    day : int
        The day at whose end the deals stand.
    rate : ndarray, shape (groups,)
        New deals a day.

    Returns
    -------
    two ndarrays, shape (days, groups)
        Wins a day of the deals that stand open, and of those still to come.
    """
    deals, stage, age = spans.standing(day)
    place = stage * AGES + age
    flat = np.diff(dated.chances.reshape(len(dated.chances), -1), axis=0)
    cells, which = np.unique(groups.code[deals] * flat.shape[1] + place, return_inverse=True)
    weight = None if groups.weight is None else groups.weight[stage, deals]
    counts = np.bincount(which, weight, len(cells)).astype(np.float64)
    owner, column = np.divmod(cells, flat.shape[1])
    sums = np.zeros((len(flat), groups.count))
    np.add.at(sums.T, owner, (flat[:, column] * counts).T)
    return sums, dated.fresh[:, None] * rate


def past_pressure(
    spans: Spans, groups: Groups, weeks: list[Dated], starts: Whole, *, start: int, last: int
) -> Floats:
    """Return the wins a day expected for the week after each of some days.

    Parameters
    ----------
    spans, groups
        As in `expected_wins`.
    weeks : list of Dated
        The chances of each week.
    starts : ndarray of int, shape (weeks,)
        The days at whose end the weeks begin.
    start, last : int
        The first day of the record, and the as-of day.

    Returns
    -------
    ndarray, shape (weeks, 7, groups)
        Expected wins by day of the week.
    """
    result = np.empty((len(starts), WEEK, groups.count))
    for row, day in enumerate(starts.tolist()):
        rate = creation_rate(spans, groups, day, start, last)
        result[row] = sum(expected_wins(spans, groups, weeks[row], day, rate))
    return result
