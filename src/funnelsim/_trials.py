"""Independent deals with one win probability: the chance of so many wins, and deals needed.

Deals needed for the first ``r`` wins are negative binomial; ``P(deals needed <= n)`` is the chance
of at least ``r`` wins among ``n``, the regularized incomplete beta function ``I_w(r, n - r + 1)``.
"""

from __future__ import annotations

import math

from funnelsim.errors import InputError

MOST_DEALS = 2**53
SAME = 1e-12
"""A chance that falls short of a confidence by less than this reaches it: rounding is no risk."""


def chance_of_wins(deals: int, wins: int, win_probability: float) -> float:
    """Return the chance of at least so many wins.

    Examples
    --------
    >>> round(chance_of_wins(60, 10, 0.10), 4), round(chance_of_wins(60, 10, 1 / 6), 4)
    (0.0731, 0.5536)
    """
    from scipy.special import betainc  # noqa: PLC0415

    if wins <= 0:
        return 1.0
    if wins > deals:
        return 0.0
    return float(betainc(wins, deals - wins + 1, win_probability))


def deals_needed(wins: int, win_probability: float, confidence: float) -> int:
    """Return the fewest deals that bring at least so many wins with a chance of `confidence`.

    Raises
    ------
    InputError
        It takes more deals than can be counted exactly.

    Examples
    --------
    >>> [deals_needed(10, 0.10, confidence) for confidence in (0.5, 0.8, 0.9)]
    [97, 124, 140]
    """

    def enough(deals: int) -> bool:
        return chance_of_wins(deals, wins, win_probability) >= confidence - SAME

    most = max(wins, 1)
    while not enough(most):
        most *= 2
        if most > MOST_DEALS:
            rule, remedy = "be reached with fewer than 2**53 deals", "ask for less"
            raise InputError("confidence", rule, confidence, remedy)
    least = min(wins, most) - 1  # never enough, for it is fewer than the wins
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if enough(middle) else (middle, most)
    return most


def whole_up(value: float) -> int:
    """Return the next whole number; what is whole but for rounding stays."""
    return math.ceil(value - 1e-9)
