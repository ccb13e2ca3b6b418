"""What won deals bring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.distributions import Distribution, Lognormal, Sample
from funnelsim.events import Known
from funnelsim.fitting.fitted import Fitted, fitted, significant

Floats = NDArray[np.float64]

ENOUGH = 30
MOST_VALUES = 200
LARGEST = 0.2
FEWEST_RATIOS = 5
USUAL_SIGMA, PRIOR_DEALS = 0.8, 4.0
"""Few deals: the sigma of the lognormal leans on this, as if so many deals had said it."""


@dataclass(frozen=True)
class WonAmounts:
    """The amounts of won deals.

    Parameters
    ----------
    distribution : Distribution or None
        Of the amount of a win, in currency units; None if no amount is known.
    mean : Fitted or None
        Its mean.
    booked_ratio : Fitted or None
        What won deals brought over what was last said before, for deals with both; None if
        there are fewer than five.
    largest : float
        The share of the amount that the largest 20 % of the wins brought.
    """

    distribution: Distribution | None
    mean: Fitted | None
    booked_ratio: Fitted | None
    largest: float

    @property
    def typical(self) -> float | None:
        """The amount of a deal that says none: the mean."""
        return None if self.mean is None else self.mean.value


def fit_amounts(known: Known, *, draws: int = 200, random: np.random.Generator) -> WonAmounts:
    """Return what a win brings: what was booked, or the last amount said if nothing was.

    Parameters
    ----------
    known : Known
        What is known on a day.
    draws : int
        How many draws.
    random : numpy.random.Generator
        Where they come from.
    """
    brought = np.where(np.isnan(known.booked), known.amount, known.booked)
    values = brought[known.won & (brought > 0.0)]
    thing = "wins"
    if not len(values):
        values, thing = known.amount[known.amount > 0.0], "deals, none of them won"
    if not len(values):
        return WonAmounts(None, None, None, float("nan"))
    value = np.sort(values)[::-1]
    largest = float(value[: max(round(LARGEST * len(value)), 1)].sum() / value.sum())
    many = random.exponential(size=(draws, len(values)))
    means = (many @ values) / many.sum(axis=1)
    how = f"{len(values):,} {thing}"
    law, mean = _law(values, means, how, random)
    both = known.won & (known.amount > 0.0) & (known.booked >= 0.0)
    return WonAmounts(law, mean, _ratio(known, both, draws, random), largest)


def _law(
    values: Floats, means: Floats, how: str, random: np.random.Generator
) -> tuple[Distribution, Fitted]:
    if len(values) >= ENOUGH:
        law: Distribution = Sample(significant(even_values(values)))
        return law, fitted(float(values.mean()), means, len(values), how)
    logs = np.log(values)
    freedom = PRIOR_DEALS + len(values) - 1.0
    variance = PRIOR_DEALS * USUAL_SIGMA**2 + float(((logs - logs.mean()) ** 2).sum())
    sigma = float(np.sqrt(variance / freedom))
    law = Lognormal(
        median=float(significant(np.exp(logs.mean(keepdims=True)))[0]),
        sigma=float(significant(np.array([sigma]))[0]),
    )
    sigmas = np.sqrt(variance / random.chisquare(freedom, len(means)))
    centres = logs.mean() + sigmas / np.sqrt(len(values)) * random.standard_normal(len(means))
    how = f"{how}: a lognormal, its sigma leaning on {USUAL_SIGMA:g} as {PRIOR_DEALS:g} deals would"
    return law, fitted(law.mean, np.exp(centres + 0.5 * sigmas**2), len(values), how)


def even_values(values: Floats, most: int = MOST_VALUES) -> Floats:
    """Return values, or means of equal parts of them in order if they are many: the mean stays.

    Examples
    --------
    >>> even_values(np.array([1.0, 2.0, 3.0, 10.0, 4.0]), most=2).tolist()
    [1.8, 6.2]
    """
    if len(values) <= most:
        return np.sort(values)
    sums = np.concatenate([[0.0], np.cumsum(np.sort(values))])
    at = np.interp(np.linspace(0.0, len(values), most + 1), np.arange(len(values) + 1), sums)
    return np.asarray(np.diff(at) * (most / len(values)))


def _ratio(
    known: Known, both: NDArray[np.bool_], draws: int, random: np.random.Generator
) -> Fitted | None:
    if both.sum() < FEWEST_RATIOS:
        return None
    booked, said = known.booked[both], known.amount[both]
    weights = random.exponential(size=(draws, len(said)))
    ratios = (weights @ booked) / (weights @ said)
    how = f"{len(said):,} won deals with an amount before and after"
    return fitted(float(booked.sum() / said.sum()), ratios, len(said), how)
