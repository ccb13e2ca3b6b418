"""A fitted number: its value, how unsure it is, and how many deals say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LOW, HIGH = 0.1, 0.9
DIGITS = 5


@dataclass(frozen=True)
class Fitted:
    """A number read from history.

    Parameters
    ----------
    value : float
        The best single value.
    draws : tuple of float
        Draws of the posterior: how unsure it is.
    deals : int
        How many deals (or months, or cohorts) it rests on; ``how`` says which.
    how : str
        Where it came from, in words.
    interval : (float, float), optional
        The 80 % interval where it is not the middle of the draws.

    Examples
    --------
    >>> Fitted(0.5, (0.4, 0.5, 0.6), 12, "12 deals").high
    0.58
    """

    value: float
    draws: tuple[float, ...]
    deals: int
    how: str
    interval: tuple[float, float] | None = None

    @property
    def low(self) -> float:
        """The lower end of the 80 % interval."""
        return self.interval[0] if self.interval else float(np.quantile(self.draws, LOW))

    @property
    def high(self) -> float:
        """The upper end of the 80 % interval."""
        return self.interval[1] if self.interval else float(np.quantile(self.draws, HIGH))

    def to_dict(self) -> dict[str, Any]:
        """Return value, low, high, deals and how."""
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "deals": self.deals,
            "how": self.how,
        }


def fitted(value: float, draws: Floats, deals: int, how: str) -> Fitted:
    """Return a fitted number with value and draws rounded to the digits that a file keeps."""
    return Fitted(
        float(significant(np.array([value]))[0]), tuple(significant(draws).tolist()), deals, how
    )


def significant(values: Floats) -> Floats:
    """Return numbers rounded to five significant digits.

    Examples
    --------
    >>> significant(np.array([0.123456, 98765.4, 0.0])).tolist()
    [0.12346, 98765.0, 0.0]
    """
    return np.array([float(f"{one:.{DIGITS}g}") for one in values.tolist()])


def first_draws(draws: tuple[float, ...], count: int) -> float | tuple[float, ...]:
    """Return the first so many draws, a plain number if it is one.

    Examples
    --------
    >>> first_draws((0.1, 0.2, 0.3), 2), first_draws((0.1, 0.2, 0.3), 1)
    ((0.1, 0.2), 0.1)
    """
    return draws[:count] if count > 1 else draws[0]


def generator(seed: int, purpose: int) -> np.random.Generator:
    """Return the random numbers of one purpose; others do not shift them."""
    return np.random.Generator(np.random.Philox(key=[seed % 2**64, purpose]))
