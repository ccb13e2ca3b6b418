"""What scenarios cost in people, and what more of that cost returns."""

from __future__ import annotations

from collections.abc import Sequence

from funnelsim._text import plain_number
from funnelsim.estimate import Estimate

Costs = Sequence[float | None]


def cost_difference(cost: float | None, baseline: float | None) -> float | None:
    """Return how much more a scenario costs; None where either states no cost.

    Examples
    --------
    >>> cost_difference(500.0, 400.0), cost_difference(None, 400.0)
    (100.0, None)
    """
    return None if cost is None or baseline is None else cost - baseline


def return_on_cost(change: Estimate, cost: float | None) -> Estimate | None:
    """Return the difference of mean bookings for each unit of the difference of cost.

    Parameters
    ----------
    change : Estimate
        Difference of mean bookings, with its paired error.
    cost : float or None
        Difference of cost; exact.

    Returns
    -------
    Estimate or None
        None where the cost does not differ. Of a saving it is what each unit saved gives up.

    Examples
    --------
    >>> found = return_on_cost(Estimate(300.0, 20.0, 260.0, 340.0), -100.0)
    >>> found.value, found.standard_error, found.low, found.high
    (-3.0, 0.2, -3.4, -2.6)
    """
    if not cost:
        return None
    low, high = sorted((change.low / cost, change.high / cost))
    return Estimate(change.value / cost, change.standard_error / abs(cost), low, high)


def stated(costs: Costs) -> bool:
    """Return whether any scenario states a cost."""
    return any(cost is not None for cost in costs)


def shown_cost(cost: float | None) -> str:
    """Return a cost for a text."""
    return "-" if cost is None else plain_number(cost)


def shown_return(found: Estimate | None) -> str:
    """Return a return for a text, with its error."""
    return "-" if found is None else f"{found.value:.3g} ± {found.standard_error:.1g}"
