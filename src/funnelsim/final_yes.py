"""The last conversion, where technical buyers may say no and the economic buyer says the last word.

With ``V = 1 - prod(1 - v_j)`` the chance of at least one veto, ``p = e1 (1 - V) + e0 V``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from funnelsim.errors import InputError
from funnelsim.parameters import Interval, number

CHANCE = Interval(0.0, 1.0)


@dataclass(frozen=True)
class FinalYes:
    """Vetoes of technical buyers, and the economic buyer's yes with and without one.

    Parameters
    ----------
    conversion : float
        The last conversion ``p``, over all deals: that of the funnel's last open stage.
    vetoes : sequence of float
        Chance of each technical buyer's veto, ``v_j``, of one who is still to speak.
    despite : float
        Chance of the economic buyer's yes despite a veto, ``e0``.

    Raises
    ------
    InputError
        If no chance of a yes without a veto gives this conversion; the message says the range of
        conversions that would do.

    Examples
    --------
    >>> final = FinalYes(0.8, vetoes=[0.1, 0.05], despite=0.2)
    >>> round(final.veto, 3), round(final.without_veto, 4)
    (0.145, 0.9018)
    >>> round(final.given([0.05]), 4)
    0.8667
    """

    conversion: float
    vetoes: tuple[float, ...] = field(default=(), kw_only=True)
    despite: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "conversion", number("conversion", self.conversion, CHANCE))
        object.__setattr__(self, "despite", number("despite", self.despite, CHANCE))
        object.__setattr__(self, "vetoes", _checked(self.vetoes))
        low, high = self.range
        if not low <= self.conversion <= high:
            remedy = "or other chances of a veto, or of a yes despite one"
            raise InputError(
                "conversion", f"be in [{low:.6g}, {high:.6g}]", self.conversion, remedy
            )

    @property
    def veto(self) -> float:
        """Chance of at least one veto, ``V``."""
        return _any_of(self.vetoes)

    @property
    def range(self) -> tuple[float, float]:
        """The conversions that these vetoes allow: from ``e0 V`` to ``1 - V + e0 V``."""
        despite = self.despite * self.veto
        return despite, min(1.0 - self.veto + despite, 1.0)

    @property
    def without_veto(self) -> float:
        """Chance of the economic buyer's yes where nobody vetoes, ``e1``."""
        if self.veto == 1.0:
            return 1.0  # never asked: without a veto there is nothing
        yes = (self.conversion - self.despite * self.veto) / (1.0 - self.veto)
        return min(max(yes, 0.0), 1.0)  # the last bit of a quotient

    def given(self, left: Iterable[float], *, veto: bool = False) -> float:
        """Return the conversion of one deal.

        Parameters
        ----------
        left : iterable of float
            Chances of a veto of the technical buyers who are still to speak; others have agreed.
        veto : bool
            Whether one has vetoed already.
        """
        chance = 1.0 if veto else _any_of(_checked(left))
        return self.without_veto * (1.0 - chance) + self.despite * chance


def _checked(vetoes: Any) -> tuple[float, ...]:
    if isinstance(vetoes, str) or not isinstance(vetoes, Iterable):
        raise InputError("vetoes", "be a list of chances", vetoes, "such as [0.1, 0.05]")
    return tuple(number(f"veto {k}", one, CHANCE) for k, one in enumerate(vetoes, 1))


def _any_of(vetoes: Iterable[float]) -> float:
    return 1.0 - math.prod(1.0 - one for one in vetoes)
