"""Scores of many forecasts in one line each: by horizon, dimension and method."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from funnelsim._text import counted
from funnelsim.backtesting.comparison import Ratio, ratio_of_scores
from funnelsim.backtesting.walk import TOTAL, Row

SEGMENTS = "all segments"
ENOUGH = 0.5
"""A baseline is compared with if it could be made for so large a share of the forecasts."""
ENOUGH_WINDOWS = 10
"""From so many windows that do not overlap on, one method can be told from another."""

Place = tuple[int, str, str]
"""Day, dimension and segment."""
Cells = dict[Place, Row]


@dataclass(frozen=True)
class Line:
    """How the forecasts of one method scored.

    Parameters
    ----------
    measure, horizon, dimension, method : str
        What was forecast, and how.
    simple : bool
        Whether the method is a baseline.
    forecasts : int
        How many forecasts.
    separate : int
        How many of their windows do not overlap: what they are worth as evidence.
    eventful : int
        How many of those in which something came do not overlap.
    actual : float
        The mean of what came.
    crps : float
        Mean score.
    best : str or None
        The best baseline, picked afterwards; None without any.
    ratio : Ratio or None
        CRPS over that of the best baseline, where both forecast.
    in50, in80, in95 : float
        The share of what came that the intervals held.
    width : float
        Mean width of the 80 % interval.
    pinball : float
        Mean pinball loss of P10, P50 and P90.
    brier, brier_ratio : float or None
        Brier score of reaching the quotas, and over the best baseline's.
    bias : float or None
        By what part the forecasts were too high; None if nothing came.
    accuracy : float
        Mean of ``max(0, 1 - |forecast - actual| / actual)``.
    """

    measure: str
    horizon: str
    dimension: str
    method: str
    simple: bool
    forecasts: int
    separate: int
    eventful: int
    actual: float
    crps: float
    best: str | None
    ratio: Ratio | None
    in50: float
    in80: float
    in95: float
    width: float
    pinball: float
    brier: float | None
    brier_ratio: float | None
    bias: float | None
    accuracy: float

    @property
    def outcome(self) -> str | None:
        """That of the ratio; ``"untold"`` if windows, or those in which something came, are few."""
        if self.ratio is None:
            return None
        enough = min(self.separate, self.eventful) >= ENOUGH_WINDOWS
        return self.ratio.outcome if enough else "untold"

    def too_few(self) -> str:
        """Return in words why their windows do not tell one method from another."""
        few = f"{counted(self.separate, 'separate window')}"
        if self.separate >= ENOUGH_WINDOWS:
            few = f"{self.eventful} of {few} with wins"
        return f"{few} {'is' if few.startswith('1 ') else 'are'} too few to tell"


def lines_of(rows: Sequence[Row], simple: Sequence[str]) -> list[Line]:
    """Return one line per measure, horizon, dimension and method; the best come first."""
    columns = dict.fromkeys(row.dimension for row in rows if row.dimension != TOTAL)
    groups: dict[tuple[str, str, str], dict[str, Cells]] = {}
    for row in rows:
        dimensions = [row.dimension]
        if row.dimension != TOTAL and len(columns) > 1:
            dimensions.append(SEGMENTS)
        for dimension in dimensions:
            methods = groups.setdefault((row.measure, row.horizon, dimension), {})
            methods.setdefault(row.method, {})[row.day, row.dimension, row.segment] = row
    order = [TOTAL, *columns, SEGMENTS]
    found = sorted(groups.items(), key=lambda item: order.index(item[0][2]))
    horizons = list(dict.fromkeys(row.horizon for row in rows))
    found.sort(key=lambda item: (item[0][0], horizons.index(item[0][1])))
    return [line for about, methods in found for line in _lines(about, methods, simple)]


def _lines(
    about: tuple[str, str, str], methods: Mapping[str, Cells], simple: Sequence[str]
) -> list[Line]:
    best = _best(methods, [name for name in simple if name in methods])
    lines = [_line(about, name, methods, best, name in simple) for name in methods]

    def place(line: Line) -> tuple[bool, bool, float]:
        return line.simple, line.method != best, line.ratio.value if line.ratio else math.inf

    return sorted(lines, key=place)


def _best(methods: Mapping[str, Cells], simple: Sequence[str]) -> str | None:
    """Return the baseline with the smallest score, each against the longest where both forecast."""
    if not simple:
        return None
    most = max(len(cells) for cells in methods.values())
    longest = max(simple, key=lambda name: len(methods[name]))
    reach = [name for name in simple if len(methods[name]) >= ENOUGH * most]

    def score(name: str) -> float:
        shared = [place for place in methods[name] if place in methods[longest]]
        theirs = sum(methods[longest][place].crps for place in shared)
        ours = sum(methods[name][place].crps for place in shared)
        return ours / theirs if theirs > 0.0 else math.inf

    return min(reach, key=score) if reach else None


def _line(
    about: tuple[str, str, str],
    method: str,
    methods: Mapping[str, Cells],
    best: str | None,
    simple: bool,
) -> Line:
    measure, horizon, dimension = about
    cells = methods[method]
    rows = list(cells.values())
    theirs = methods[best] if best else {}
    shared = [place for place in cells if place in theirs]
    briers = _mean_brier(rows)
    their_brier = _mean_brier([theirs[place] for place in shared])
    our_brier = _mean_brier([cells[place] for place in shared])
    actual = sum(row.actual for row in rows)
    return Line(
        measure=measure,
        horizon=horizon,
        dimension=dimension,
        method=method,
        simple=simple,
        forecasts=len(rows),
        separate=_separate(rows),
        eventful=_separate(row for row in rows if row.actual > 0.0),
        actual=actual / len(rows),
        crps=_mean(rows, "crps"),
        best=best,
        ratio=_ratio(cells, theirs, shared),
        in50=_mean(rows, "in50"),
        in80=_mean(rows, "in80"),
        in95=_mean(rows, "in95"),
        width=_mean(rows, "width"),
        pinball=sum(_mean(rows, f"pinball{level}") for level in (10, 50, 90)) / 3.0,
        brier=briers,
        brier_ratio=our_brier / their_brier if our_brier is not None and their_brier else None,
        bias=sum(row.mean for row in rows) / actual - 1.0 if actual > 0.0 else None,
        accuracy=_mean(rows, "accuracy"),
    )


def _mean(rows: Sequence[Row], name: str) -> float:
    return float(np.mean([getattr(row, name) for row in rows]))


def _mean_brier(rows: Sequence[Row]) -> float | None:
    values = [value for row in rows for value in row.briers]
    return float(np.mean(values)) if values else None


def separate_windows(windows: Iterable[tuple[int, int]]) -> int:
    """Return how many windows, given as day and days, do not overlap.

    Examples
    --------
    >>> separate_windows([(0, 30), (7, 30), (30, 30), (61, 30)])
    3
    """
    count, free = 0, -math.inf
    for day, days in sorted(windows, key=lambda one: one[0] + one[1]):
        if day >= free:
            count, free = count + 1, day + days
    return count


def _separate(rows: Iterable[Row]) -> int:
    return separate_windows({(row.day, row.days) for row in rows})


def _ratio(cells: Cells, theirs: Cells, shared: Sequence[Place]) -> Ratio | None:
    """Return the ratio of scores, summed over the segments of each origin."""
    if not shared:
        return None
    days = sorted({place[0] for place in shared})
    place_of = {day: k for k, day in enumerate(days)}
    ours, other = np.zeros((2, len(days)))
    for place in shared:
        ours[place_of[place[0]]] += cells[place].crps
        other[place_of[place[0]]] += theirs[place].crps
    rows = [cells[place] for place in shared]
    spacing = float(np.median(np.diff(days))) if len(days) > 1 else math.inf
    block = math.ceil(max(row.days for row in rows) / spacing) if len(days) > 1 else 1
    return ratio_of_scores(
        ours, other, block=min(max(block, 1), len(days)), separate=_separate(rows)
    )
