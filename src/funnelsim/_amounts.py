"""Amounts of deals as cents, and their distributions as quantile tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.distributions import Discrete, Distribution, Sample
from funnelsim.kernels.quantiles import OCTAVES, STEPS
from funnelsim.pipeline import Pipeline

HALF = 0.5
NEXT_TO = 1e-9
"""How near to a jump (of its level) the quantiles on its two sides are asked for."""
NEAREST = 2.0**-54
"""Distance of the smallest and of the largest uniform from their end of (0, 1)."""
MOST_JUMPS = 2**14
"""Values, at most, whose jumps are all in a table; a larger sample is drawn by lines between some
of its values, which moves its mean by less than 1e-4 of itself."""


class Amounts(NamedTuple):
    """Amounts of the deals, in the pipeline's order."""

    cents: NDArray[np.int64]
    spread: NDArray[np.int64]  # row of the tables; -1: the amount is certain
    tables: NDArray[np.float64]  # (spreads, or 1 of zeros, 2, 2, nodes)


def lower_amounts(pipeline: Pipeline) -> Amounts:
    """Return the amounts of a pipeline."""
    rows: dict[Distribution, int] = {}
    spread = np.full(len(pipeline), -1, dtype=np.int64)
    cents = np.zeros(len(pipeline), dtype=np.int64)
    for i, amount in enumerate(pipeline.amounts):
        if isinstance(amount, int):
            cents[i] = amount
        else:
            spread[i] = rows.setdefault(amount, len(rows))
    tables = [quantile_table(law) for law in rows]
    most = max((table.shape[2] for table in tables), default=2)
    padded = [
        np.pad(table, ((0, 0), (0, 0), (0, most - table.shape[2])), mode="edge") for table in tables
    ]
    stacked = np.stack(padded) if padded else np.zeros((1, 2, 2, 2))
    return Amounts(cents, spread, np.ascontiguousarray(stacked))


def quantile_table(law: Distribution) -> NDArray[np.float64]:
    """Return levels and quantiles of both halves, shape (2, 2, nodes), as the kernel reads them."""
    octave = 2.0 ** -np.arange(OCTAVES + 1.0, 1.0, -1.0)
    level = (octave[:, None] * (1.0 + np.arange(STEPS) / STEPS)).ravel()
    level = np.concatenate([[NEAREST], level, [HALF]])
    halves = [
        _half(level, law.ppf, jump_levels(law, law.ppf(level), upper=False)),
        _half(level, law.isf, jump_levels(law, law.isf(level), upper=True)),
    ]
    most = max(half.shape[1] for half in halves)
    return np.stack(
        [np.pad(half, ((0, 0), (0, most - half.shape[1])), mode="edge") for half in halves]
    )


def jump_levels(
    law: Distribution, reached: NDArray[np.float64], *, upper: bool
) -> NDArray[np.float64]:
    """Return the levels of one half at which the quantile function may jump."""
    if not law.atoms:
        return np.zeros(0)
    values = np.unique(reached)
    if isinstance(law, Discrete | Sample):
        seen = np.unique(law.values)
        values = seen if len(seen) <= MOST_JUMPS else values
    beyond = law.sf(values)
    levels = beyond if upper else 1.0 - beyond
    return np.asarray(levels[(levels > 2.0**-53) & (levels <= HALF)])


def _half(
    level: NDArray[np.float64],
    quantile: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    jumps: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return rising levels with their quantiles; a jump stands twice, just before and after."""
    before, after = jumps * (1.0 - NEXT_TO), jumps * (1.0 + NEXT_TO)
    asked = np.concatenate([level, before, after])
    stated = np.concatenate([level, jumps, jumps])
    order = np.argsort(asked, kind="stable")
    values = quantile(asked[order])
    levels = np.concatenate([stated[order], [1.0]])
    return np.stack([levels, np.concatenate([values, values[-1:]])])
