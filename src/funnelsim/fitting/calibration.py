"""Whether chances from signals hold on deals that were not used to find them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim._text import aligned
from funnelsim.errors import InputError
from funnelsim.estimate import Estimate
from funnelsim.fitting.alike import Columns, fit_columns
from funnelsim.fitting.averaged import APART, Averaged
from funnelsim.fitting.fitted import generator
from funnelsim.fitting.hierarchical import Places
from funnelsim.fitting.scores import (
    ReliabilityBin,
    Scores,
    grouped_folds,
    losses_of,
    reliability,
    scores_of,
)

Floats = NDArray[np.float64]

Chances = Callable[[Columns, Columns], Floats]
"""From deals to learn from and deals to tell, the chances of the latter."""

SIGNALS, BASE_RATE, BASE_CHANCE = "signals", "base rate", "base chance"
OF_FOLDS = 3000
NORMAL_95 = 1.959964
HEADER = ("", "log loss", "Brier", "AUC", "slope")
BIN_HEADER = ("stated", "won", "80 % interval", "deals")


@dataclass(frozen=True)
class Calibration:
    """Scores of the signals' chances out of sample, beside simpler ones.

    Parameters
    ----------
    deals, groups : int
        How many deals, and how many groups of deals that stay together.
    folds, repeats : int
        Each repeat splits the groups anew into so many folds; each fold is told by a fit to the
        others.
    scores : mapping of str to Scores
        Of the ``"signals"``, of the ``"base rate"`` and whatever else was compared; the mean over
        the repeats.
    gains : mapping of str to Estimate
        How much lower the signals' log loss is than that of each other; the standard error takes
        groups as independent of each other.
    bins : tuple of ReliabilityBin
        Deals of like chances: what was stated, and what happened.
    """

    deals: int
    groups: int
    folds: int
    repeats: int
    scores: Mapping[str, Scores]
    gains: Mapping[str, Estimate]
    bins: tuple[ReliabilityBin, ...]

    @property
    def worth_it(self) -> bool:
        """Whether the signals' log loss is lower than the base rate's beyond chance."""
        return self.gains[BASE_RATE].low > 0.0

    def in_words(self) -> str:
        """Return in one sentence whether the signals tell deals apart."""
        gain, mine = self.gains[BASE_RATE], self.scores[SIGNALS]
        base = self.scores[BASE_RATE].log_loss
        if not self.worth_it:
            return (
                f"Out of sample the signals tell nothing that is shown: log loss "
                f"{mine.log_loss:.3f}, and {base:.3f} with the base rate alone."
            )
        return (
            f"Out of sample the signals lower the log loss from {base:.3f} to {mine.log_loss:.3f} "
            f"(by {gain.value:.3f} ± {NORMAL_95 * gain.standard_error:.3f}); of a won and a lost "
            f"deal the won one has the higher chance in {100 * mine.auc:.0f} of 100 cases."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as plain values."""
        return {
            "deals": self.deals,
            "groups": self.groups,
            "folds": self.folds,
            "repeats": self.repeats,
            "scores": {name: one.to_dict() for name, one in self.scores.items()},
            "gains": {name: one.to_dict() for name, one in self.gains.items()},
            "bins": [one.to_dict() for one in self.bins],
        }

    def __repr__(self) -> str:
        rows = [
            (name, f"{one.log_loss:.4f}", f"{one.brier:.4f}", f"{one.auc:.3f}",
             "-" if one.slope is None else f"{one.slope:.2f}")
            for name, one in self.scores.items()
        ]  # fmt: skip
        bins = [
            (f"{one.chance:.0%}", f"{one.won:.0%}", f"{one.low:.0%} to {one.high:.0%}",
             f"{one.deals:,}")
            for one in self.bins
        ]  # fmt: skip
        how = f"{self.deals:,} deals in {self.groups:,} groups, {self.folds} folds"
        lines = [f"Calibration out of sample: {how}, {self.repeats} times", ""]
        lines += [*aligned(HEADER, rows), "", *aligned(BIN_HEADER, bins), "", self.in_words()]
        return "\n".join(lines)


def by_signals(apart: Sequence[float] = APART, begin: Averaged | None = None) -> Chances:
    """Return the way to tell deals by their signals."""

    def chances(learn: Columns, told: Columns) -> Floats:
        posterior, _ = fit_columns(learn, apart=apart, begin=begin)
        return posterior.chances(told.columns, told.offset)

    return chances


def by_base_rate(learn: Columns, told: Columns) -> Floats:
    """Return the share won among the deals to learn from, for each deal to tell."""
    return np.full(len(told.won), (learn.won.sum() + 0.5) / (len(learn.won) + 1.0))


def by_base_chance(learn: Columns, told: Columns) -> Floats:  # noqa: ARG001
    """Return the chances that the deals had without their signals."""
    return np.asarray(1.0 / (1.0 + np.exp(-told.offset)))


def calibrate(
    deals: Columns, ways: Mapping[str, Chances], *, folds: int, repeats: int, seed: int
) -> Calibration:
    """Return scores of several ways to tell deals, by repeated grouped cross-validation.

    Parameters
    ----------
    deals : Columns
        The closed deals.
    ways : mapping of str to function
        ``"signals"`` and ``"base rate"`` are among them.
    folds, repeats : int
        How many; see `Calibration`.
    seed : int
        Of the splits.
    """
    groups = int(deals.group.max()) + 1
    if folds > groups:
        raise InputError("folds", f"be at most {groups}, as there are groups of deals", folds)
    random = generator(seed, OF_FOLDS)
    told: dict[str, list[Floats]] = {name: [] for name in ways}
    for _ in range(repeats):
        fold = grouped_folds(deals.group, folds, random)
        for name, way in ways.items():
            told[name].append(_out_of_sample(deals, fold, way))
    return Calibration(
        len(deals.won),
        groups,
        folds,
        repeats,
        {name: _mean([scores_of(deals.won, one) for one in told[name]]) for name in ways},
        {
            name: _gain(deals, told[name], told[SIGNALS])
            for name in ways
            if name != SIGNALS
        },
        reliability(np.tile(deals.won, repeats), np.concatenate(told[SIGNALS]), repeats),
    )  # fmt: skip


def _out_of_sample(deals: Columns, fold: Places, way: Chances) -> Floats:
    chance = np.empty(len(fold))
    for one in range(int(fold.max()) + 1):
        inside = fold == one
        chance[inside] = way(deals.rows(~inside), deals.rows(inside))
    return chance


def _mean(several: list[Scores]) -> Scores:
    slopes = [one.slope for one in several if one.slope is not None]
    return Scores(
        float(np.mean([one.log_loss for one in several])),
        float(np.mean([one.brier for one in several])),
        float(np.mean([one.auc for one in several])),
        float(np.mean(slopes)) if len(slopes) == len(several) else None,
    )


def _gain(deals: Columns, others: list[Floats], mine: list[Floats]) -> Estimate:
    """Return by how much our log loss is lower; groups of deals are independent."""
    pairs = zip(others, mine, strict=True)
    by_deal = [losses_of(deals.won, other) - losses_of(deals.won, own) for other, own in pairs]
    gain = np.mean(by_deal, axis=0)
    mean, count = float(gain.mean()), len(gain)
    sums = np.bincount(deals.group, gain - mean)
    groups = len(sums)
    error = float(np.sqrt((sums**2).sum() * groups / max(groups - 1, 1))) / count
    return Estimate(mean, error, mean - NORMAL_95 * error, mean + NORMAL_95 * error)
