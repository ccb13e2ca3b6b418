"""What signals say of each deal: its odds before and after, what moved them, what is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._arrays import Lowered, chances_to_reach, win_chances
from funnelsim._signal import AnySignal, Signal
from funnelsim._signal_odds import SignalOdds
from funnelsim.scenario import Scenario

Floats = NDArray[np.float64]

NOTHING = 0.005
"""A factor of the odds that differs from 1 by less than this is not shown."""


class _Deals(NamedTuple):
    """Groups of deals alike, and the chance of each to win whatever it is asked."""

    scenario: Scenario
    lowered: Lowered
    odds: SignalOdds

    def chance(self, codes: Floats) -> Floats:
        """Return the chance to win of each group, had it the answers ``codes``."""
        standing = self.lowered.standing
        asked = standing._replace(signal=np.arange(len(codes)))
        last = len(self.scenario.funnel.stages) - 1
        found = chances_to_reach(self.scenario, asked, self.odds.answering(codes), last)
        return np.asarray(found.mean(axis=1))


def signal_columns(
    scenario: Scenario, lowered: Lowered, amounts: Sequence[float]
) -> dict[str, list[Any]]:
    """Return the columns of the table of deals that signals add; none where they move nothing.

    ``amounts`` are the mean amounts of the deals, in currency units.
    """
    if lowered.odds is None:
        return {}
    deals = _Deals(scenario, lowered, lowered.odds)
    codes = lowered.odds.answers.codes[lowered.standing.signal]
    group = lowered.group
    before = win_chances(scenario, lowered.standing).mean(axis=1)
    moved = _moved(deals, codes)
    unknown = [
        ", ".join(one.name for one, code in zip(lowered.odds.signals, row, strict=True) if code)
        for row in np.isnan(codes)
    ]
    return {
        "odds_before_signals": _odds(before)[group].tolist(),
        "odds_after_signals": _odds(lowered.chance)[group].tolist(),
        "moved_by": [moved[g] for g in group.tolist()],
        "unknown": [unknown[g] for g in group.tolist()],
        **_asking(deals, codes, np.array(amounts)),
    }


def _asking(deals: _Deals, codes: Floats, amounts: Floats) -> dict[str, list[Any]]:
    """Return which unknown answer is worth most, and how far it would move the expected amount.

    That is one standard deviation of the chance to win over the answers that there may be.
    """
    spread = np.zeros(codes.shape)
    for j in np.flatnonzero(np.isnan(codes).any(axis=0)).tolist():
        answers, share = deals.odds.population.possible(j)
        chance = np.empty((len(codes), len(answers)))
        for k, answer in enumerate(answers.tolist()):
            asked = codes.copy()
            asked[:, j] = answer
            chance[:, k] = deals.chance(asked)
        mean = chance @ share
        spread[:, j] = np.sqrt((chance - mean[:, None]) ** 2 @ share)
    spread[~np.isnan(codes)] = 0.0
    best, group = spread.argmax(axis=1), deals.lowered.group
    worth = spread[np.arange(len(best)), best]
    names = [
        deals.odds.signals[j].name if one > 0.0 else "" for j, one in zip(best, worth, strict=True)
    ]
    return {
        "ask": [names[g] for g in group.tolist()],
        "asking_moves": (worth[group] * amounts).tolist(),
    }


def _moved(deals: _Deals, codes: Floats) -> list[str]:
    """Return in words what each known answer does to the odds, against not knowing it."""
    from scipy.special import logit  # noqa: PLC0415

    after = logit(deals.lowered.chance)
    words: list[list[tuple[float, str]]] = [[] for _ in range(len(codes))]
    for j, one in enumerate(deals.odds.signals):
        without = codes.copy()
        without[:, j] = np.nan
        with np.errstate(invalid="ignore"):  # a chance of 0 or 1 is moved by nothing
            factor = np.exp(after - logit(deals.chance(without)))
        for g in np.flatnonzero(~np.isnan(codes[:, j]) & (np.abs(factor - 1.0) >= NOTHING)):
            size = abs(float(np.log(factor[g])))
            words[g].append((size, f"{one.name} {_answer(one, codes[g, j])} x{factor[g]:.2f}"))
    return ["; ".join(text for _, text in sorted(row, key=lambda one: -one[0])) for row in words]


def _answer(one: AnySignal, code: float) -> str:
    return one.levels[int(code)] if isinstance(one, Signal) else f"{code:g}"


def _odds(chance: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(chance / (1.0 - chance))
