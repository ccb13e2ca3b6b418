"""The exact chance that open deals, each won or lost on its own, bring an amount in the end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.goal import CENTS
from funnelsim.scenario import Scenario

MOST_CELLS = 60_000
"""Cells of a grid that a workbook can well recalculate."""
MOST_DEALS = 16_000


class Grid(NamedTuple):
    """Sums of won amounts in steps of a common unit.

    Parameters
    ----------
    unit : int
        The largest amount, in cents, that all amounts are multiples of.
    need : int
        Units that are still to be booked: the grid has the sums below it.
    units : tuple of int
        Each deal's amount in units.
    """

    unit: int
    need: int
    units: tuple[int, ...]


def grid_of(scenario: Scenario) -> Grid | str:
    """Return the grid on which the chance can be computed, or why there is none.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline
    >>> grid_of(Scenario(
    ...     as_of="2026-12-31", periods=Periods("month", 1), quota=700, booked=100,
    ...     funnel=Funnel.key_account(time=30),
    ...     pipeline=Pipeline.from_frame({"stage": ["meeting"] * 2, "amount": [300, 450]}),
    ... ))
    Grid(unit=15000, need=4, units=(2, 3))
    """
    amounts = scenario.pipeline.amounts
    whole = [amount for amount in amounts if isinstance(amount, int)]
    if scenario.quota_cents is None:
        return "there is no quota"
    if not amounts:
        return "there are no open deals"
    if len(whole) < len(amounts):
        name = next(
            deal
            for deal, amount in zip(scenario.pipeline.ids, amounts, strict=True)
            if not isinstance(amount, int)
        )
        count = len(amounts) - len(whole)
        others = f" and {count - 1} more" * (count > 1)
        return f"the amount of deal {name}{others} is not one number but a distribution"
    unit = math.gcd(*whole) or CENTS
    need = max(math.ceil(max(scenario.quota_cents - scenario.booked_cents, 0) / unit), 1)
    if need * len(amounts) > MOST_CELLS or len(amounts) > MOST_DEALS:
        return (
            f"the amounts are multiples of {unit / CENTS:,.2f} only, so that the grid would have "
            f"{need * len(amounts):,} cells, more than {MOST_CELLS:,}"
        )
    return Grid(unit, need, tuple(amount // unit for amount in whole))


def chance_to_reach(grid: Grid, chances: Sequence[float]) -> float:
    """Return the chance that the won deals add up to the need, deal by deal.

    The distribution of the sum is that of the deals before, convolved with the two values of one
    more deal (the Poisson binomial distribution, with amounts).

    Examples
    --------
    >>> round(chance_to_reach(Grid(unit=1, need=4, units=(2, 3)), [0.5, 0.4]), 12)
    0.2
    """
    return 1.0 - math.fsum(below(grid, chances).tolist())


def below(grid: Grid, chances: Sequence[float]) -> NDArray[np.float64]:
    """Return the chance of each sum below the need, shape (need,)."""
    sums = nothing_won(grid)
    for units, chance in zip(grid.units, chances, strict=True):
        sums = one_more(sums, units, chance)
    return sums


def nothing_won(grid: Grid) -> NDArray[np.float64]:
    """Return the chances of the sums before the first deal."""
    sums = np.zeros(grid.need)
    sums[0] = 1.0
    return sums


def one_more(sums: NDArray[np.float64], units: int, chance: float) -> NDArray[np.float64]:
    """Return the chances of the sums after one more deal."""
    won = np.zeros_like(sums)
    if units < len(sums):
        won[units:] = sums[: len(sums) - units]
    return np.asarray((1.0 - chance) * sums + chance * won)
