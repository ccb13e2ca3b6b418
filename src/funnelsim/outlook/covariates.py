"""What moves the odds: by how much more often deals are won that are of one product, say.

A deal counts in each stage that it was seen in: won or not by now, against its chance to be won
by now as the hazards tell from when it was first at risk there. So neither its age nor that it
may still be open tilts the comparison. Wins of a value over those expected are drawn to 1 as far
as chance goes: ``(wins + c) / (expected + c)``, gamma-Poisson but for the variance, which is that
of deals won or not; ``c`` is averaged over what the values of the column tell of their spread
(empirical Bayes).
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.events import Known
from funnelsim.fitting.hazards import AGES
from funnelsim.outlook.spans import FAR, Spans, Whole

Floats = NDArray[np.float64]

SPAN = AGES
"""Wins count within so many days of the first at risk."""
SPREADS = np.array([0.0, 0.05, 0.1, 0.2, 0.4, 0.8])
"""Standard deviations of the multipliers of a column's values."""
SPREADS_PRIOR = np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1])
ROUNDS = 2
AMOUNT, UNSAID = "amount", "none said"
FIFTHS = ("lowest fifth", "second fifth", "third fifth", "fourth fifth", "highest fifth")
LEAST, MOST = 1e-9, 1.0 - 1e-9


class Effect(NamedTuple):
    """What a value of a segment column does to a new deal's chance to be won.

    Parameters
    ----------
    column, value : str
        The segment column, and its value.
    multiplier : float
        Of the win intensity.
    wins : int
        Those of deals that the record saw in their first stage.
    expected : float
        Those expected of deals as old, with the same amounts and other values.
    """

    column: str
    value: str
    multiplier: float
    wins: int
    expected: float


class Covariates(NamedTuple):
    """What deals' values do to their win intensities."""

    multiplier: Floats  # (stages, deals)
    effects: tuple[Effect, ...]


class _Column(NamedTuple):
    """A way to tell deals apart: a code for each, and what the codes are called."""

    name: str
    codes: NDArray[np.int32]
    names: tuple[str, ...]


class Visits(NamedTuple):
    """Deals in stages, from the first day at risk there in the record."""

    deal: NDArray[np.intp]
    stage: NDArray[np.intp]
    chance: Floats  # to be won by now
    won: Floats  # whether it was


def visits(known: Known, spans: Spans, chances: Floats) -> Visits:
    """Return the visits of all stages.

    Parameters
    ----------
    known : Known
        What is known.
    spans : Spans
        Its whole days.
    chances : ndarray, shape (days + 1, stages, 400)
        Those of `pressure.win_chances`; wins count within so many days.
    """
    found = [_of_stage(known, spans, chances, k) for k in range(len(spans.entry))]
    return Visits(*(np.concatenate(one) for one in zip(*found, strict=True)))


def _of_stage(known: Known, spans: Spans, chances: Floats, stage: int) -> Visits:
    entry, left = spans.entry[stage], spans.closed
    if stage + 1 < len(spans.entry):
        left = np.minimum(left, spans.entry[stage + 1])
    first: Whole = np.maximum(entry, known.record_start)
    deal = np.flatnonzero((entry < FAR) & (left >= first))
    first = first[deal]
    days = np.minimum(known.day - first + 1, len(chances) - 1)
    age = np.minimum(first - entry[deal], AGES - 1)
    won = known.won[deal] & (spans.closed[deal] < first + days)
    stages = np.full(len(deal), stage)
    return Visits(deal, stages, chances[days, stage, age], won.astype(np.float64))


def fit_covariates(known: Known, seen: Visits) -> Covariates:
    """Fit an effect for each value of the segment columns and each class of amounts.

    One column after the other, each on what the others leave.

    Parameters
    ----------
    known : Known
        What is known.
    seen : Visits
        Its visits.
    """
    columns = [_Column(name, *one) for name, one in known.segments.items()]
    columns = [one for one in (*columns, amount_classes(known)) if len(one.names) > 1]
    size = len(known.stages)
    factors = [np.ones((size, len(one.names))) for one in columns]
    exposure = -np.log1p(-np.minimum(seen.chance, MOST))
    effects: list[list[Effect]] = [[] for _ in columns]
    for _ in range(ROUNDS):
        for k, column in enumerate(columns):
            rest = exposure * _others(seen, columns, factors, k)
            sums = _sums(seen, rest, column, size)
            factors[k] = np.array([*map(shrunk, *sums)])
            effects[k] = _table(column, factors[k][0], sums[0][0], sums[1][0])
    multiplier = np.ones((size, len(known)))
    for column, factor in zip(columns, factors, strict=True):
        multiplier *= factor[:, column.codes]
    return Covariates(multiplier, tuple(itertools.chain(*effects)))


def amount_classes(known: Known) -> _Column:
    """Return the fifth of the closed deals' amounts that each deal's falls into."""
    said = ~np.isnan(known.amount)
    closed = said & np.isfinite(known.closed)
    if not closed.any():
        return _Column(AMOUNT, np.zeros(len(known), np.int32), (UNSAID,))
    limits = np.quantile(known.amount[closed], np.arange(1, len(FIFTHS)) / len(FIFTHS))
    place = np.searchsorted(limits, np.where(said, known.amount, 0.0), side="left")
    codes = np.where(said, place, len(FIFTHS)).astype(np.int32)
    return _Column(AMOUNT, codes, (*FIFTHS, UNSAID))


def _others(seen: Visits, columns: list[_Column], factors: list[Floats], k: int) -> Floats:
    """Return the product of the factors of all columns but one, shape (visits,)."""
    result = np.ones(len(seen.deal))
    for other, (column, factor) in enumerate(zip(columns, factors, strict=True)):
        if other != k:
            result *= factor[seen.stage, column.codes[seen.deal]]
    return result


def _table(column: _Column, factor: Floats, wins: Floats, expected: Floats) -> list[Effect]:
    rows = zip(column.names, factor.tolist(), wins.tolist(), expected.tolist(), strict=True)
    return [Effect(column.name, value, m, round(w), e) for value, m, w, e in rows]


def _sums(seen: Visits, exposure: Floats, column: _Column, stages: int) -> tuple[Floats, ...]:
    """Return wins, those expected and their variance, by stage and value.

    As many are expected of a stage as were won: only differences between values count.
    """
    count = len(column.names)
    place = seen.stage * count + column.codes[seen.deal]
    chance = -np.expm1(-exposure)
    wins, expected, variance = (
        np.bincount(place, one, stages * count).reshape(stages, count).astype(np.float64)
        for one in (seen.won, chance, chance * (1.0 - chance))
    )
    total = expected.sum(axis=1, keepdims=True)
    level = np.divide(wins.sum(axis=1, keepdims=True), total, out=0.0 * total, where=total > 0.0)
    return wins, expected * level, variance * level


def shrunk(wins: Floats, expected: Floats, variance: Floats) -> Floats:
    """Return multipliers of values: wins over those expected, drawn to 1 as far as chance goes.

    Examples
    --------
    >>> wins, expected = np.array([30.0, 70.0]), np.array([50.0, 50.0])
    >>> shrunk(wins, expected, variance=expected).round(2)
    array([0.67, 1.33])
    >>> shrunk(wins / 10, expected / 10, variance=expected / 10).round(2)
    array([0.96, 1.04])
    """
    some = expected > 0.0
    away, expected, variance = (wins - expected)[some], expected[some], variance[some]
    scatter = np.maximum(variance, LEAST) + np.outer(SPREADS, expected) ** 2
    score = np.log(SPREADS_PRIOR) - 0.5 * (np.log(scatter) + away**2 / scatter).sum(axis=1)
    weight = np.exp(score - score.max())
    pulls = np.outer(SPREADS**2, expected) / scatter  # 1 / (expected + c)
    result = np.ones_like(wins)
    result[some] += away * (weight / weight.sum() @ pulls)
    return result
