"""Win rates by segment, each leaning on the whole as far as its own deals are few."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.events import Known

Floats = NDArray[np.float64]

PRECISIONS = np.geomspace(1.0, 1e5, 101)
"""How many deals the whole may count for beside a segment's own."""


@dataclass(frozen=True)
class Pooled:
    """A segment's win rate among its decided deals.

    Parameters
    ----------
    column, segment : str
        Which segment.
    own : float
        Its own win rate; NaN without decided deals.
    value : float
        The win rate that leans on the whole.
    low, high : float
        Its 80 % interval.
    deals, won : int
        Decided deals (won, lost or stalled), and the wins among them.
    weight : float
        The weight of its own evidence, in [0, 1].
    """

    column: str
    segment: str
    own: float
    value: float
    low: float
    high: float
    deals: int
    won: int
    weight: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


def pool(known: Known, column: str, gone: NDArray[np.bool_]) -> list[Pooled]:
    """Return the win rate of each value of a segment column (beta-binomial, empirical Bayes).

    Parameters
    ----------
    known : Known
        What is known on a day.
    column : str
        A segment column.
    gone : ndarray of bool, shape (deals,)
        Open deals that have stalled: they count as lost.
    """
    from scipy.special import btdtri  # noqa: PLC0415

    codes, names = known.segments[column]
    decided = np.isfinite(known.closed) | gone
    deals = np.bincount(codes[decided], minlength=len(names)).astype(np.float64)
    won = np.bincount(codes[decided & known.won], minlength=len(names)).astype(np.float64)
    mean, precision = prior_of(won, deals)
    found = []
    for k, name in enumerate(names):
        alpha, beta = mean * precision + won[k], (1.0 - mean) * precision + deals[k] - won[k]
        low, high = (float(btdtri(alpha, beta, level)) for level in (0.1, 0.9))
        own = won[k] / deals[k] if deals[k] else float("nan")
        weight = deals[k] / (deals[k] + precision)
        value = alpha / (alpha + beta)
        counts = int(deals[k]), int(won[k])
        found.append(Pooled(column, name, own, value, low, high, *counts, float(weight)))
    return found


def prior_of(won: Floats, deals: Floats) -> tuple[float, float]:
    """Return mean and precision of the beta law of the segments' win rates, most likely.

    Examples
    --------
    >>> mean, precision = prior_of(np.array([30.0, 31.0, 29.0]), np.full(3, 100.0))
    >>> round(mean, 3), precision > 1000
    (0.301, True)
    """
    from scipy.special import betaln  # noqa: PLC0415

    mean = (won.sum() + 0.5) / (deals.sum() + 1.0)
    alpha, beta = mean * PRECISIONS[:, None], (1.0 - mean) * PRECISIONS[:, None]
    likely = (betaln(alpha + won, beta + deals - won) - betaln(alpha, beta)).sum(axis=1)
    return float(mean), float(PRECISIONS[np.argmax(likely)])
