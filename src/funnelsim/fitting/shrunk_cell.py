"""The win chance of a cell with few deals, leaning on the chance that is believed without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError
from funnelsim.parameters import NONNEGATIVE, Interval, number, whole

CHANCE = Interval(0.0, 1.0, open_low=True, open_high=True)


@dataclass(frozen=True)
class ShrunkCell:
    """A win chance that leans on a believed one as far as its own deals are few.

    The chance has the law ``Beta(k w + wins, k (1 - w) + losses)``.

    Parameters
    ----------
    chance : float
        ``w``, what is believed without these deals, in (0, 1).
    strength : float
        ``k``, how many deals the belief counts for; above 0.
    wins, losses : float
        The cell's own deals.

    Raises
    ------
    InputError
        If a number is outside its range.

    Examples
    --------
    >>> cell = ShrunkCell(chance=0.2, strength=10, wins=3, losses=1)
    >>> round(cell.mean, 3), round(cell.weight, 3)
    (0.357, 0.286)
    """

    chance: float
    strength: float
    wins: float = 0.0
    losses: float = 0.0

    def __post_init__(self) -> None:
        number("chance", self.chance, CHANCE, "percentages are given as 0.5, not 50")
        if number("strength", self.strength, NONNEGATIVE) == 0.0:
            raise InputError("strength", "be above 0", self.strength)
        number("wins", self.wins, NONNEGATIVE)
        number("losses", self.losses, NONNEGATIVE)

    @property
    def parameters(self) -> tuple[float, float]:
        """The two parameters of its beta law."""
        return (
            self.strength * self.chance + self.wins,
            self.strength * (1.0 - self.chance) + self.losses,
        )

    @property
    def mean(self) -> float:
        """The mean win chance."""
        wins, losses = self.parameters
        return wins / (wins + losses)

    @property
    def weight(self) -> float:
        """The weight of the cell's own deals, in [0, 1)."""
        deals = self.wins + self.losses
        return deals / (self.strength + deals)

    def interval(self, level: float = 0.8) -> tuple[float, float]:
        """Return the middle interval that holds the chance with this probability.

        Examples
        --------
        >>> low, high = ShrunkCell(0.2, 10, 3, 1).interval()
        >>> round(low, 2), round(high, 2)
        (0.2, 0.52)
        """
        from scipy.special import betaincinv  # noqa: PLC0415

        tail = 0.5 - 0.5 * number("level", level, CHANCE)
        low, high = betaincinv(*self.parameters, [tail, 1.0 - tail])
        return float(low), float(high)

    def draws(self, count: int, *, seed: int = 1) -> NDArray[np.float64]:
        """Return draws of the chance, such as a parameter takes; the same for the same seed."""
        random = np.random.Generator(np.random.Philox(whole("seed", seed, 0)))
        return random.beta(*self.parameters, size=whole("count", count, 1))

    def to_dict(self) -> dict[str, Any]:
        """Return what it rests on, its mean, weight and 80 % interval."""
        low, high = self.interval()
        return {
            "chance": self.chance, "strength": self.strength,
            "wins": self.wins, "losses": self.losses,
            "mean": self.mean, "low": low, "high": high, "weight": self.weight,
        }  # fmt: skip
