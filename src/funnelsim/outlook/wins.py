"""Expected wins on paths: draws from the regression's posterior, its level walked on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.outlook.calendar import CLASSES
from funnelsim.outlook.draws import BLOCK, Purpose, stream
from funnelsim.outlook.market import Market, market_on
from funnelsim.outlook.regression import Regression

Floats = NDArray[np.float64]

ALPHA, INTERCEPT, BETA = CLASSES, CLASSES + 1, CLASSES + 2
"""Places in the border, after the calendar classes."""


class Coming(NamedTuple):
    """The cells to come: runs of days in one week, calendar class and period."""

    week: NDArray[np.int64]  # (cells,) from 0
    period: NDArray[np.int64]  # (cells,)
    offset: Floats  # (cells,)
    columns: Floats  # (cells, border)
    response: Floats  # (cells,) of the logarithm of pressure to a shift of the market


def expected_wins_on(
    regression: Regression, market: Market, cells: Coming, seed: int, block: int
) -> Floats:
    """Return the expected wins of each period on a block of paths, shape (periods, 1024).

    A path draws a point of the grid, last level and border from its Gaussian, walks the level on
    from week to week, and gives each week a gamma factor of mean 1 and variance phi.
    """
    point = _points(regression, seed, block)
    state = _states(regression, point, seed, block)
    sigma, persistence, phi = regression.drift[point].T
    weeks = int(cells.week[-1]) + 1
    level = _levels(state[0], sigma, persistence, stream(seed, Purpose.WALK, block), weeks)
    level += np.log(_scatter(phi, stream(seed, Purpose.SCATTER, block), weeks))
    eta = cells.offset[:, None] + level[cells.week] + cells.columns @ state[1:]
    if cells.response.any():
        shift = market_on(market, weeks, seed, block)
        eta += state[1 + ALPHA] * cells.response[:, None] * shift[cells.week]
    first = np.searchsorted(cells.period, np.arange(int(cells.period[-1]) + 1))
    return np.asarray(np.add.reduceat(np.exp(eta), first, axis=0))


def _points(regression: Regression, seed: int, block: int) -> NDArray[np.intp]:
    uniform = stream(seed, Purpose.POINT, block).random(BLOCK)
    below = np.cumsum(regression.weight)[:-1]
    return np.searchsorted(below, uniform, side="right")


def _states(regression: Regression, point: NDArray[np.intp], seed: int, block: int) -> Floats:
    """Return last level and border, shape (1 + border, 1024)."""
    size = regression.mean.shape[1]
    normals = stream(seed, Purpose.BORDER, block).standard_normal((size, BLOCK))
    result = regression.mean[point].T.copy()
    for one in np.unique(point):
        mine = point == one
        result[:, mine] += np.linalg.cholesky(regression.covariance[one]) @ normals[:, mine]
    return result


def _levels(
    last: Floats, sigma: Floats, persistence: Floats, draw: np.random.Generator, weeks: int
) -> Floats:
    level = np.empty((weeks, BLOCK))
    for week in range(weeks):
        last = persistence * last + sigma * draw.standard_normal(BLOCK)
        level[week] = last
    return level


def _scatter(phi: Floats, draw: np.random.Generator, weeks: int) -> Floats:
    """Return gamma factors of mean 1; 1 where there is no overdispersion."""
    result = np.ones((weeks, BLOCK))
    some = phi > 0.0
    shape = 1.0 / phi[some]
    for week in range(weeks):
        result[week, some] = np.maximum(draw.standard_gamma(shape) / shape, 1e-12)
    return result
