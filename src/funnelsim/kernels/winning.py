"""Open deals on paths that share a win intensity: one uniform for each deal and path.

A deal of group ``g`` is won by the end of period ``k`` when its uniform is at most
``1 - exp(-sum_j kappa_j exposure_gj)``, the sum over periods up to ``k``; then it brings its
amount times a ratio picked by a second uniform. Lanes are the 256 paths of a tile.
"""

from __future__ import annotations

import math

import numpy as np

from funnelsim.kernels.jit import part
from funnelsim.kernels.outcomes import SCALE, TILE
from funnelsim.kernels.philox import uniform_row

WON = np.uint64(16)
RATIO = np.uint64(17)


@part
def _thresholds(exposure, kappa, first, threshold):
    """Fill thresholds of a group, shape (periods, 256)."""
    for lane in range(TILE):
        total = 0.0
        for k in range(len(exposure)):
            total += kappa[k, first + lane] * exposure[k]
            threshold[k, lane] = np.int32(-math.expm1(-total) * SCALE - 1.0)


@part
def _count(uniform, threshold, first, wins):
    """Add a deal's win to each path from the period on in which it is won; return how many."""
    some = np.int64(0)
    for k in range(len(threshold)):
        some = np.int64(0)
        for lane in range(TILE):
            won = np.int64(uniform[lane] <= threshold[k, lane])
            wins[k, first + lane] += won
            some += won
    return some


@part
def _bring(uniform, picked, amount, ratios, first, threshold, cents):
    """Add a deal's cents to the paths on which it is won."""
    last = len(threshold) - 1
    for lane in range(TILE):
        if uniform[lane] <= threshold[last, lane]:
            place = np.int64(picked[lane] / SCALE * len(ratios))
            brings = np.int64(amount * ratios[place] + 0.5)
            for k in range(last + 1):
                if uniform[lane] <= threshold[k, lane]:
                    cents[k, first + lane] += brings


def win_of(digest):
    """Return the kernel; ``digest`` is that of all kernels' sources."""

    def win(
        group_first, exposure, low, high, amount, plain, ratios, values, kappa, key, wins, cents
    ):
        """Count wins and cents of open deals by the end of each period, on whole tiles of paths.

        ``exposure`` has shape (groups, periods); ``amount`` is in cents, and where ``plain`` a
        deal has none and brings one of ``values``; the arrays of paths have shape (periods, P).
        """
        _ = digest
        threshold = np.empty((exposure.shape[1], TILE), np.int32)
        uniform, picked = np.empty(TILE, np.int32), np.empty(TILE, np.int32)
        for first in range(0, kappa.shape[1], TILE):
            tile = np.uint64(first // TILE)
            for group in range(len(exposure)):
                _thresholds(exposure[group], kappa, first, threshold)
                for deal in range(group_first[group], group_first[group + 1]):
                    uniform_row(tile, low[deal], high[deal], WON, key, uniform)
                    if _count(uniform, threshold, first, wins) > 0:
                        uniform_row(tile, low[deal], high[deal], RATIO, key, picked)
                        table = values if plain[deal] else ratios
                        _bring(uniform, picked, amount[deal], table, first, threshold, cents)

    return win
