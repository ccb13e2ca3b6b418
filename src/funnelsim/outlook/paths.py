"""Paths of wins and bookings: open deals by their intensities, new wins by their rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from funnelsim._chances import stable_number
from funnelsim.events import Known
from funnelsim.outlook.amounts import Winners, new_wins
from funnelsim.outlook.draws import BLOCK
from funnelsim.outlook.intensity import OpenDeals, merged, solve_kappa

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

HALF = np.uint64(32)
MASK = np.uint64(0xFFFFFFFF)


def drawn(
    known: Known, deals: OpenDeals, fresh: Floats, expected: Floats, *, brought: Winners, seed: int
) -> tuple[Counts, Counts]:
    """Draw wins and cents of each period.

    Parameters
    ----------
    known : Known
        What is known of the deals.
    deals : OpenDeals
        Those that stand open, in groups.
    fresh : ndarray, shape (periods,)
        Wins expected of new deals.
    expected : ndarray, shape (periods, paths)
        Wins expected of each path; whole blocks of paths.
    brought : Winners
        What wins bring.
    seed : int
        Which random numbers to use.

    Returns
    -------
    two ndarrays of int, shape (periods, paths)
        Wins and cents.
    """
    blocks = [slice(first, first + BLOCK) for first in range(0, expected.shape[1], BLOCK)]
    few = merged(deals) if len(expected) > 1 else deals
    kappa = np.hstack([solve_kappa(few, fresh, expected[:, here]) for here in blocks])
    wins, cents = _open_wins(known, deals, kappa, brought, seed)
    for block, here in enumerate(blocks):
        mean = kappa[:, here] * fresh[:, None]
        new, bring = new_wins(brought.values, mean, seed, block)
        wins[:, here] += new
        cents[:, here] += bring
    return wins, cents


def _open_wins(
    known: Known, deals: OpenDeals, kappa: Floats, brought: Winners, seed: int
) -> tuple[Counts, Counts]:
    """Return wins and cents of open deals in each period."""
    from funnelsim.kernels.compiled import win  # noqa: PLC0415

    names = [stable_number(known.ids[place]) for place in deals.deals.tolist()]
    numbers = np.array(names, np.uint64)
    amount = known.amount[deals.deals] * 100.0
    plain = np.isnan(amount)
    wins, cents = np.zeros(kappa.shape, np.int64), np.zeros(kappa.shape, np.int64)
    win(
        deals.first,
        deals.exposure,
        numbers & MASK,
        numbers >> HALF,
        np.where(plain, 1.0, amount),
        plain,
        brought.ratios,
        brought.values,
        kappa,
        np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint64),
        wins,
        cents,
    )
    return np.diff(wins, axis=0, prepend=0), np.diff(cents, axis=0, prepend=0)
