"""Scores of a forecast that is given as a sample: pure functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from funnelsim.errors import InputError
from funnelsim.parameters import Interval, number

LEVEL = Interval(0.0, 1.0, open_low=True, open_high=True)


def crps(sample: ArrayLike, actual: float, *, fair: bool = True) -> float:
    """Return the continuous ranked probability score of a sample: small is good.

    It is the mean distance of the sample from what came, less half the mean distance inside the
    sample, in the unit of the values; of a single number, the absolute error. Cost: one sort.

    Parameters
    ----------
    sample : array_like, shape (paths,)
        Draws from the forecast, at least two.
    actual : float
        What came.
    fair : bool
        Whether pairs of a draw with itself are left out, so that the score does not depend on the
        number of draws on average [1]_; it can then be a little below 0. Otherwise the score is
        that of the sample's own distribution [2]_.

    Raises
    ------
    InputError
        If there are fewer than two draws, or a value is not finite.

    References
    ----------
    .. [1] C. A. T. Ferro, Fair scores for ensemble forecasts. Q. J. R. Meteorol. Soc. 140 (2014).
    .. [2] T. Gneiting and A. E. Raftery, Strictly proper scoring rules, prediction, and
       estimation. J. Am. Stat. Assoc. 102 (2007), equation 21.

    Examples
    --------
    >>> crps([0.0, 1.0, 2.0, 3.0], 1.0, fair=False), crps([1.0, 1.0], 3.0)
    (0.375, 2.0)
    """
    ordered = _ordered(sample, at_least=2)
    count = len(ordered)
    distance = ordered - _finite("actual", actual)  # small numbers: the sums below lose no digits
    rank = 2.0 * np.arange(1, count + 1) - (count + 1)
    inside = float(rank @ distance) / (count * (count - 1 if fair else count))
    return float(np.abs(distance).mean()) - inside


def pinball(sample: ArrayLike, actual: float, level: float) -> float:
    """Return the pinball (quantile) loss of the sample's quantile at a level.

    Examples
    --------
    >>> pinball([10.0, 20.0], 30.0, 0.9), round(pinball([10.0, 20.0], 10.0, 0.9), 12)
    (9.0, 1.0)
    """
    off = _finite("actual", actual) - quantile(sample, level)
    return max(level * off, (level - 1.0) * off)


def brier(chance: float, happened: bool) -> float:
    """Return the squared distance of a chance from 1 if the event came, from 0 if not.

    Examples
    --------
    >>> brier(0.75, True), brier(0.75, False)
    (0.0625, 0.5625)
    """
    return (number("chance", chance, Interval(0.0, 1.0)) - bool(happened)) ** 2


def quantile(sample: ArrayLike, level: float) -> float:
    """Return the smallest draw whose level is reached, without interpolation.

    Examples
    --------
    >>> [quantile([1, 2, 3, 4], level) for level in (0.25, 0.26, 0.99)]
    [1.0, 2.0, 4.0]
    """
    ordered = _ordered(sample)
    level = number("level", level, LEVEL)
    rank = math.ceil(level * len(ordered) - 1e-9)
    return float(ordered[max(rank, 1) - 1])


def interval(sample: ArrayLike, share: float) -> tuple[float, float]:
    """Return the central interval that holds so large a share of the draws.

    Whether it holds what came is its coverage; the distance of its ends is its width.

    Examples
    --------
    >>> interval(range(1, 101), 0.8)
    (10.0, 90.0)
    """
    tail = (1.0 - number("share", share, LEVEL)) / 2.0
    ordered = _ordered(sample)
    return quantile(ordered, tail), quantile(ordered, 1.0 - tail)


def holds(sample: ArrayLike, actual: float, share: float) -> bool:
    """Return whether the central interval of so large a share holds what came, ends included.

    Examples
    --------
    >>> holds(range(1, 101), 90, 0.8), holds(range(1, 101), 91, 0.8)
    (True, False)
    """
    low, high = interval(sample, share)
    return low <= _finite("actual", actual) <= high


def pit(sample: ArrayLike, actual: float, seed: int | None = None) -> float:
    """Return the place of what came in the forecast: the share of draws below it.

    The places of good forecasts are even over (0, 1) (probability integral transform).

    Parameters
    ----------
    sample : array_like, shape (paths,)
        Draws from the forecast.
    actual : float
        What came.
    seed : int, optional
        Draws that equal `actual` are put below it in a share drawn with this seed, which makes
        the places of exact forecasts even whatever is forecast. By default half of them are.

    Examples
    --------
    >>> pit([1, 2, 2, 3], 2), pit([1, 2, 2, 3], 4)
    (0.5, 1.0)
    >>> 0.25 < pit([1, 2, 2, 3], 2, seed=7) < 0.75
    True
    """
    ordered = _ordered(sample)
    actual = _finite("actual", actual)
    below = int(np.searchsorted(ordered, actual, side="left"))
    until = int(np.searchsorted(ordered, actual, side="right"))
    part = 0.5 if seed is None else float(np.random.default_rng(seed).random())
    return (below + part * (until - below)) / len(ordered)


def normal_score(place: float, draws: int) -> float:
    """Return the standard normal value at a place; outermost places count as half a draw inside.

    Examples
    --------
    >>> normal_score(0.5, 100), round(normal_score(0.0, 100), 3), round(normal_score(1.0, 100), 3)
    (0.0, -2.576, 2.576)
    """
    from scipy.special import ndtri  # noqa: PLC0415

    margin = 0.5 / draws
    return float(ndtri(min(max(place, margin), 1.0 - margin)))


def bias(forecasts: ArrayLike, actuals: ArrayLike) -> float:
    """Return by what part of what came the forecasts were too high, over all of them.

    Raises
    ------
    InputError
        If nothing came in any of them.

    Examples
    --------
    >>> bias([150.0, 100.0], [100.0, 100.0])
    0.25
    """
    came = float(np.sum(actuals))
    if came <= 0.0:
        raise InputError("actuals", "sum to more than 0 for a bias", came)
    return float(np.sum(forecasts)) / came - 1.0


def accuracy(forecast: float, actual: float) -> float:
    """Return the accuracy as people know it: ``max(0, 1 - |forecast - actual| / actual)``.

    Where nothing came it is 1 if nothing was forecast, else 0.

    Examples
    --------
    >>> accuracy(90.0, 100.0), accuracy(250.0, 100.0), accuracy(0.0, 0.0), accuracy(1.0, 0.0)
    (0.9, 0.0, 1.0, 0.0)
    """
    error = abs(_finite("forecast", forecast) - _finite("actual", actual))
    if actual == 0.0:
        return float(error == 0.0)
    return max(0.0, 1.0 - error / actual)


def _ordered(sample: ArrayLike, at_least: int = 1) -> NDArray[np.float64]:
    values: NDArray[Any] = np.asarray(sample, np.float64)
    if values.ndim != 1 or len(values) < at_least:
        remedy = f"it has the shape {values.shape}"
        raise InputError("sample", f"be a row of at least {at_least} draws", remedy=remedy)
    ordered = values if (values[1:] >= values[:-1]).all() else np.sort(values)
    if not np.isfinite(ordered[[0, -1]]).all():  # NaN is sorted to the end
        raise InputError("sample", "hold finite numbers alone")
    return ordered


def _finite(field: str, value: float) -> float:
    return number(field, value, Interval())
