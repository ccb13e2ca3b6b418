"""What wins bring: from those who won lately."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.events import Known
from funnelsim.outlook.draws import BLOCK, Purpose, stream

Floats = NDArray[np.float64]
Cents = NDArray[np.int64]

LATELY = 182
ENOUGH = 20
"""Fewer recent winners than this, and all of the record count."""
TOGETHER = 16
"""So many paths share one draw of the Bayesian bootstrap."""
FINE = 4096


class Winners(NamedTuple):
    """What winners brought."""

    ratios: Floats  # booked over estimated
    values: Floats  # cents


def winners(known: Known, chosen: NDArray[np.bool_]) -> Winners:
    """Return what recent winners brought: ratios of all deals, cents of the chosen ones.

    Where nothing was booked the estimate counts; where the chosen never won, the estimates of
    the chosen deals; where no amount is said at all, nothing.
    """
    brought = np.where(np.isnan(known.booked), known.amount, known.booked)
    lately = known.won & (known.closed > known.day - LATELY)
    ratio = brought / np.where(known.amount > 0.0, known.amount, np.nan)
    ratios = _first_enough([ratio[lately], ratio[known.won]])
    values = _first_enough(
        [brought[lately & chosen], brought[known.won & chosen], known.amount[chosen], brought]
    )
    return Winners(
        ratios if len(ratios) else np.ones(1), values * 100.0 if len(values) else np.zeros(1)
    )


def _first_enough(choices: list[Floats]) -> Floats:
    """Return the first of the choices that holds enough values, else the first that holds any."""
    usable = [one[~np.isnan(one)] for one in choices]
    enough = (one for one in usable if len(one) >= ENOUGH)
    some = (one for one in usable if len(one))
    return next(enough, next(some, np.empty(0)))


def new_wins(
    values: Floats, expected: Floats, seed: int, block: int
) -> tuple[NDArray[np.int64], Cents]:
    """Draw wins of new deals, and what they bring by a Bayesian bootstrap of winners.

    Parameters
    ----------
    values : ndarray
        What winners brought, in cents.
    expected : ndarray, shape (periods, 1024)
        Expected wins on each path of a block.
    seed, block : int
        Which random numbers to use.

    Returns
    -------
    two ndarrays of int, shape (periods, 1024)
        Wins and cents.
    """
    wins = stream(seed, Purpose.NEW_WINS, block).poisson(expected)
    draw = stream(seed, Purpose.NEW_AMOUNTS, block)
    cents = np.empty_like(wins)
    middles = (np.arange(FINE) + 0.5) / FINE
    for first in range(0, BLOCK, TOGETHER):
        below = np.cumsum(draw.standard_exponential(len(values)))
        table = values[np.searchsorted(below, middles * below[-1])]
        some = wins[:, first : first + TOGETHER]
        picked = table[draw.integers(0, FINE, int(some.sum()))]
        ends = np.cumsum(some.reshape(-1))
        running = np.concatenate([[0.0], np.cumsum(np.rint(picked))])
        sums = running[ends] - running[np.concatenate([[0], ends[:-1]])]
        cents[:, first : first + TOGETHER] = sums.reshape(some.shape).astype(np.int64)
    return wins, cents
