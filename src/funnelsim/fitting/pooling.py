"""Win rates by segment, each leaning on the whole as far as its own deals are few."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.events import Known

Floats = NDArray[np.float64]

DRAWS = 2000
PRECISIONS = np.geomspace(2.0, 2000.0, 61)
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


def pool(
    known: Known, column: str, gone: NDArray[np.bool_], *, random: np.random.Generator
) -> list[Pooled]:
    """Return the win rate of each value of a segment column (beta-binomial, empirical Bayes).

    Parameters
    ----------
    known : Known
        What is known on a day.
    column : str
        A segment column.
    gone : ndarray of bool, shape (deals,)
        Open deals that have stalled: they count as lost.
    random : numpy.random.Generator
        For the intervals.
    """
    codes, names = known.segments[column]
    decided = np.isfinite(known.closed) | gone
    deals = np.bincount(codes[decided], minlength=len(names)).astype(np.float64)
    won = np.bincount(codes[decided & known.won], minlength=len(names)).astype(np.float64)
    chances, weights = shrunk(won, deals, random)
    low, high = np.quantile(chances, [0.1, 0.9], axis=0)
    return [
        Pooled(
            column,
            name,
            float(won[k] / deals[k]) if deals[k] else float("nan"),
            float(chances[:, k].mean()),
            float(low[k]),
            float(high[k]),
            int(deals[k]),
            int(won[k]),
            float(weights[k]),
        )
        for k, name in enumerate(names)
    ]


def shrunk(won: Floats, deals: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Return draws of the segments' win rates, and the mean weight of each one's own evidence.

    The law of the segments' win rates is a beta law, whose precision is drawn from its posterior
    (flat in its logarithm) and whose mean from that of all deals together.

    Parameters
    ----------
    won, deals : ndarray, shape (segments,)
        Wins and decided deals.
    random : numpy.random.Generator
        Where draws come from.

    Returns
    -------
    chances : ndarray, shape (DRAWS, segments)
    weights : ndarray, shape (segments,)

    Examples
    --------
    >>> random = np.random.Generator(np.random.Philox(1))
    >>> chances, weights = shrunk(np.array([30.0, 0.0]), np.array([100.0, 2.0]), random)
    >>> chances.mean(axis=0).round(1), bool(weights[0] > weights[1])
    (array([0.3, 0.3]), True)
    """
    density = precision_density(won, deals)
    precision = random.choice(PRECISIONS, DRAWS, p=density)[:, None]
    total, all_deals = won.sum(), deals.sum()
    # as many independent deals as the segments, alike inside, are worth
    worth = np.minimum((deals / (1.0 + deals / precision)).sum(axis=1), all_deals)
    mean = total + 0.5, all_deals - total + 0.5
    scale = (worth + 1.0) / (all_deals + 1.0)
    centre = random.beta(mean[0] * scale, mean[1] * scale)[:, None]
    chances = random.beta(centre * precision + won, (1.0 - centre) * precision + deals - won)
    return chances, np.asarray((deals / (deals + precision)).mean(axis=0))


def precision_density(won: Floats, deals: Floats) -> Floats:
    """Return the posterior of the precision on `PRECISIONS`: chances that sum to 1.

    Examples
    --------
    >>> alike = precision_density(np.array([30.0, 31.0, 29.0]), np.full(3, 100.0))
    >>> apart = precision_density(np.array([10.0, 50.0, 29.0]), np.full(3, 100.0))
    >>> bool(alike @ PRECISIONS > 10 * apart @ PRECISIONS)
    True
    """
    from scipy.special import betaln  # noqa: PLC0415

    mean = (won.sum() + 0.5) / (deals.sum() + 1.0)
    alpha, beta = mean * PRECISIONS[:, None], (1.0 - mean) * PRECISIONS[:, None]
    likely = (betaln(alpha + won, beta + deals - won) - betaln(alpha, beta)).sum(axis=1)
    chance = np.exp(likely - likely.max())
    return np.asarray(chance / chance.sum())
