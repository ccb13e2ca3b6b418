"""How concentrated a sum is: Lorenz curve, Gini coefficient, top shares, effective number."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

from funnelsim.errors import InputError
from funnelsim.parameters import NONNEGATIVE, Interval, number, plain

PART = Interval(0.0, 1.0, open_low=True, open_high=True)
AS_PART = "20 % is given as 0.2"
TOP, MOST = 0.2, 0.8
"""The rule that 20 % of the accounts bring 80 %."""
ROUNDING = 1e-12


@dataclass(frozen=True, repr=False)
class Concentration:
    """How a sum is spread over its parts, such as the amount of all deals over accounts.

    Parameters
    ----------
    values : sequence of float
        The parts, at least 0, in any order; kept from the smallest to the largest. Their sum is
        above 0.

    Raises
    ------
    InputError
        If a value is not usable, or there is nothing to share.

    Examples
    --------
    >>> four = Concentration([10, 0, 70, 20])
    >>> four.lorenz
    ((0.0, 0.0), (0.25, 0.0), (0.5, 0.1), (0.75, 0.3), (1.0, 1.0))
    >>> round(four.gini, 10), four.top(0.25), four.bring(0.8), round(four.effective_number, 2)
    (0.55, 0.7, 2, 1.85)
    """

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        given = sorted(number("an amount", one, NONNEGATIVE) for one in plain(self.values))
        if math.fsum(given) <= 0.0:
            raise InputError("amounts", "have a sum above 0, to tell shares of it", given)
        object.__setattr__(self, "values", tuple(given))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def lorenz(self) -> tuple[tuple[float, float], ...]:
        """Points of the Lorenz curve: the smallest parts, as a share of all, bring such a share."""
        total = math.fsum(self.values)
        so_far = list(itertools.accumulate(self.values, initial=0.0))[:-1]
        count = len(self)
        points = [(k / count, min(one / total, 1.0)) for k, one in enumerate(so_far)]
        return (*points, (1.0, 1.0))

    @property
    def gini(self) -> float:
        """Gini coefficient: 0 where all are equal, ``1 - 1 / n`` where one of n has all.

        Twice the area between the Lorenz curve and the line of equal parts.
        """
        count, total = len(self), math.fsum(self.values)
        ranked = math.fsum((2 * k - count - 1) * one for k, one in enumerate(self.values, 1))
        return max(ranked / (count * total), 0.0)

    @property
    def effective_number(self) -> float:
        """Number of equal parts that are as concentrated: 1 over the sum of squared shares.

        That sum is the Herfindahl-Hirschman index.
        """
        total = math.fsum(self.values)
        return 1.0 / math.fsum((one / total) ** 2 for one in self.values)

    def top(self, part: float = TOP) -> float:
        """Return the share that the largest parts bring.

        Parameters
        ----------
        part : float
            How many of them, as a share of all in (0, 1). The Lorenz curve is read between its
            points: 20 % of 7 accounts are the largest and 0.4 of the next.

        Raises
        ------
        InputError
            If it is not such a share.
        """
        part = number("part", part, PART, AS_PART)
        many = part * len(self)
        whole = math.floor(many + ROUNDING)
        largest = self.values[::-1]
        next_one = largest[whole] if whole < len(self) else 0.0
        held = math.fsum((*largest[:whole], max(many - whole, 0.0) * next_one))
        return min(held / math.fsum(self.values), 1.0)

    def bring(self, share: float = MOST) -> int:
        """Return how many of the largest parts it takes to bring a share.

        Parameters
        ----------
        share : float
            In (0, 1).

        Raises
        ------
        InputError
            If it is not such a share.
        """
        share = number("share", share, PART, "80 % is given as 0.8")
        due = share * math.fsum(self.values) * (1.0 - ROUNDING)
        so_far = itertools.accumulate(self.values[::-1])
        return next((k for k, one in enumerate(so_far, 1) if one >= due), len(self))

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON holds it."""
        return {
            "count": len(self),
            "total": math.fsum(self.values),
            "gini": self.gini,
            "top_20_percent_share": self.top(TOP),
            "count_for_80_percent": self.bring(MOST),
            "effective_number": self.effective_number,
            "lorenz": [list(point) for point in self.lorenz],
        }

    def __repr__(self) -> str:
        return (
            f"Concentration({len(self)} values, Gini {self.gini:.3f}, "
            f"top 20 % bring {100 * self.top(TOP):.1f} %)"
        )
