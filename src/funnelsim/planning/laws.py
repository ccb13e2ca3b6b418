"""The mean of a distribution, and the distribution scaled to another mean."""

from __future__ import annotations

from typing import Any

from funnelsim.distributions import Distribution, Fixed
from funnelsim.errors import InputError
from funnelsim.parameters import NONNEGATIVE, POSITIVE, Parameter, parameter


def mean_of(law: Distribution) -> Parameter:
    """Return the mean of a distribution, of each draw if there are several.

    Examples
    --------
    >>> from funnelsim import Pareto
    >>> mean_of(Pareto(alpha=2, low=[10, 15]))
    (20.0, 30.0)
    """
    means = tuple(law.at(draw).mean for draw in range(law.draws))
    return means if len(means) > 1 else means[0]


def with_mean(where: str, law: Distribution, mean: Any) -> Distribution:
    """Return a distribution scaled to a mean, or to one for each draw.

    Examples
    --------
    >>> from funnelsim import Pert
    >>> with_mean("time", Pert(low=10, mode=20, high=60), 50)
    Pert(low=20.0, mode=40.0, high=120.0)
    """
    if isinstance(law, Fixed):
        return Fixed(parameter(where, mean, NONNEGATIVE))
    new, old = parameter(where, mean, POSITIVE), mean_of(law)
    before = old if isinstance(old, tuple) else (old,)
    if not all(0.0 < one < float("inf") for one in before):
        rule = "be that of a distribution with a mean above 0 and finite"
        raise InputError(where, rule, old, "give another distribution")
    draws = max(len(before), len(new) if isinstance(new, tuple) else 1)
    if draws == 1:
        return law.scaled(new / before[0])  # type: ignore[operator]
    after = new if isinstance(new, tuple) else (new,) * draws
    before = before * draws if len(before) == 1 else before
    if len(after) != len(before):
        raise InputError(where, f"hold as many draws as there are, {len(before)}", len(after))
    return law.scaled(tuple(a / b for a, b in zip(after, before, strict=True)))
