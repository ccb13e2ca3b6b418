"""Whether one forecast beats another: the ratio of their scores, and how sure it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from funnelsim.errors import InputError
from funnelsim.parameters import whole

DRAWS = 2000
SHARE = 0.9
LEAST_WINDOWS = 2
SEED = 20_270_101


@dataclass(frozen=True)
class Ratio:
    """The mean score of a forecast over that of another; below 1 it is better.

    Parameters
    ----------
    value : float
        The ratio.
    low, high : float or None
        Its 90 % interval; None where the windows are too few to tell.
    """

    value: float
    low: float | None
    high: float | None

    @property
    def outcome(self) -> str:
        """``"beats"``, ``"loses"``, ``"ties"``, or ``"untold"`` without an interval."""
        if self.low is None or self.high is None:
            return "untold"
        if self.high < 1.0:
            return "beats"
        return "loses" if self.low > 1.0 else "ties"


def ratio_of_scores(
    ours: ArrayLike, theirs: ArrayLike, *, block: int, separate: int, draws: int = DRAWS
) -> Ratio | None:
    """Return the ratio of two mean scores, with an interval by moving-block bootstrap.

    Windows of origins close to each other overlap, so whole blocks of origins are drawn, in a
    circle so that each origin counts the same [1]_. What is drawn is the logarithm of the ratio, to
    first order. Few blocks are too alike: the interval is widened by Student's t with one degree of
    freedom less than there are separate windows, for the mean taken out of so few, and for what
    blocks do not see of the correlation of windows that overlap.

    Parameters
    ----------
    ours, theirs : array_like, shape (origins,)
        Scores in the order of time, summed over what was forecast at an origin.
    block : int
        Origins whose windows overlap.
    separate : int
        How many of the windows do not overlap.
    draws : int
        Bootstrap draws.

    Returns
    -------
    Ratio or None
        None if the other score is not above 0; no interval below two separate windows.

    References
    ----------
    .. [1] D. N. Politis and J. P. Romano, A circular block-resampling procedure for stationary
       data, in: Exploring the Limits of Bootstrap, Wiley (1992).

    Examples
    --------
    >>> ratio = ratio_of_scores([8, 9, 10, 9, 8, 10], [10] * 6, block=1, separate=6)
    >>> ratio.value, round(ratio.low, 2), round(ratio.high, 2), ratio.outcome
    (0.9, 0.84, 0.97, 'beats')
    """
    pair = np.array([ours, theirs], np.float64)
    if pair.shape[1] < 1 or not np.isfinite(pair).all():
        raise InputError("scores", "be finite, one for each origin", pair.shape[1])
    whole("block", block, 1)
    whole("separate", separate, 1)
    sums = pair.sum(axis=1)
    if sums.min() <= 0.0:
        return None
    value = float(sums[0] / sums[1])
    if separate < LEAST_WINDOWS:
        return Ratio(value, None, None)
    shares = pair / sums[:, None]
    off = _block_sums(shares[0] - shares[1], block, draws)
    low, high = np.quantile(off, [(1.0 - SHARE) / 2.0, (1.0 + SHARE) / 2.0])
    wide = _widening(separate, block)
    return Ratio(value, value * math.exp(wide * low), value * math.exp(wide * high))


def _block_sums(values: NDArray[np.float64], block: int, draws: int) -> NDArray[np.float64]:
    """Return the sums over as many origins, drawn block by block, shape (draws,)."""
    rng = np.random.Generator(np.random.Philox(key=SEED))
    origins = len(values)
    starts = rng.integers(origins, size=(draws, -(-origins // block)))
    places = (starts[:, :, None] + np.arange(block)) % origins
    return np.asarray(values[places.reshape(draws, -1)[:, :origins]].sum(axis=1))


def _widening(separate: int, block: int) -> float:
    """Return by what the spread of the bootstrap falls short.

    Windows a few origins apart correlate by the share of days they have in common. Blocks as long
    as that reaches see so much of the variance of the mean: the sum of the squared shares over the
    sum of the shares, about two thirds.
    """
    from scipy.special import ndtri, stdtrit  # noqa: PLC0415

    level = (1.0 + SHARE) / 2.0
    student = float(stdtrit(separate - 1.0, level)) / float(ndtri(level))
    common = 1.0 - np.abs(np.arange(1 - block, block)) / block
    seen = float((common**2).sum() / common.sum())
    return student * math.sqrt(separate / (separate - 1.0) / seen)
