"""A number and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its Monte Carlo error.

    Parameters
    ----------
    value : float
        The estimate.
    standard_error : float
        Its Monte Carlo standard error; 0 where the value is exact.
    low, high : float
        The ends of its 95 % interval.

    Examples
    --------
    >>> estimate = Estimate(0.637, 0.002, 0.633, 0.641)
    >>> float(estimate)
    0.637
    >>> estimate
    Estimate(0.637 ± 0.002)
    """

    value: float
    standard_error: float
    low: float
    high: float

    @classmethod
    def exact(cls, value: float) -> Estimate:
        """Return an estimate that is known without error."""
        return cls(value, 0.0, value, value)

    def __float__(self) -> float:
        return float(self.value)

    def __format__(self, spec: str) -> str:
        """Format the value, as in ``f"{chance:.1%}"``; without a spec, show the error, too."""
        return format(self.value, spec) if spec else repr(self)

    def __repr__(self) -> str:
        return f"Estimate({self.value:.6g} ± {self.standard_error:.2g})"

    def to_dict(self) -> dict[str, float]:
        """Return value, standard_error, low and high, as the JSON answer holds them."""
        return {
            "value": self.value,
            "standard_error": self.standard_error,
            "low": self.low,
            "high": self.high,
        }
