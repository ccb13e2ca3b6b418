"""The season of the last step: how many more wins a day brings near a quarter's end than usual.

Deals that stand ready wait for the quarter's end where a team pulls them there. A usual hazard
takes them for due, at any time of the quarter; a hazard with a factor for the calendar does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from funnelsim.events import Known
from funnelsim.fitting.hazards import AGES, Hazards
from funnelsim.outlook.calendar import CLASSES, season
from funnelsim.outlook.spans import Spans

Floats = NDArray[np.float64]

PRIOR_WINS = 20.0
"""So many wins at the usual hazard are added to those of each class."""
SEASON_SD, QUARTER_SD = 0.4, 0.2
"""How far classes differ, and one quarter's class from its usual level, in logarithms."""


def win_factors(known: Known, spans: Spans, hazards: Hazards, fiscal_year_start: int = 1) -> Floats:
    """Return what multiplies the last step's hazard in each calendar class, shape (5,).

    Wins over the sum of the hazards of the deals at risk (the compensator), both with the same
    number added; drawn towards 1 where a class was seen in few quarters, since then a level that
    moves looks like a season.
    """
    start, day = known.record_start, known.day
    entered = np.flatnonzero((spans.entry[-1] <= day) & (spans.closed >= start))
    first = np.maximum(spans.entry[-1, entered], start)
    days = np.minimum(spans.closed[entered], day) - first + 1
    at_risk = np.repeat(np.arange(len(entered)), days)
    ahead = np.arange(len(at_risk)) - np.repeat(np.cumsum(days) - days, days)
    date = first[at_risk] + ahead
    age = np.minimum(date - spans.entry[-1, entered[at_risk]], AGES - 1)
    classes = season(np.arange(start, day + 1), fiscal_year_start)
    expected = np.bincount(classes[date - start], hazards.forward[-1, age], CLASSES)
    won = spans.closed[known.won] - start
    wins = np.bincount(classes[won[won >= 0]], minlength=CLASSES)
    seen = np.add.reduceat(np.eye(CLASSES)[classes], _runs(classes)).astype(bool).sum(axis=0)
    told = SEASON_SD**2 / (SEASON_SD**2 + QUARTER_SD**2 / np.maximum(seen, 1))
    return np.asarray(((wins + PRIOR_WINS) / (expected + PRIOR_WINS)) ** told)


def _runs(classes: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return where runs of days of one class begin."""
    return np.flatnonzero(np.diff(classes, prepend=-1))
