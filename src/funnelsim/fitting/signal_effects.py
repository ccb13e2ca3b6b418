"""Effects of answers: by how much each moves the odds, and how much evidence there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim._text import counted
from funnelsim.fitting.alike import Columns
from funnelsim.fitting.fitted import HIGH, LOW, Fitted
from funnelsim.fitting.signal_table import NEVER, Answers, ClosedDeals

Floats = NDArray[np.float64]

SHOWN, HINTED = 0.975, 0.9
"""How sure the direction of an effect must be to be called shown, and a hint."""
PER_ONE = "1 more"
NO_EFFECT, HINT, EFFECT = "no effect shown", "a hint", "shown"


@dataclass(frozen=True)
class Effect:
    """The effect of an answer on the odds of winning, against the average deal of the table.

    Parameters
    ----------
    signal, level : str
        Which answer; the level of a number says per how much more.
    log_odds : float
        Mean of the posterior; other answers and shrinkage are taken into account.
    low, high : float
        80 % interval.
    deals, wins : int
        Deals with this answer, and how many of them were won.
    upward : float
        How sure it is that the effect is above 0, in [0, 1].

    Examples
    --------
    >>> Effect("coach", "no", -0.2, -0.7, 0.2, 11, 3, 0.3).in_words
    '3 wins in 11: no effect shown'
    """

    signal: str
    level: str
    log_odds: float
    low: float
    high: float
    deals: int
    wins: int
    upward: float

    @property
    def odds_ratio(self) -> float:
        """By how much the answer multiplies the odds."""
        return float(np.exp(self.log_odds))

    @property
    def evidence(self) -> str:
        """``"shown"`` if its direction is 97.5 % sure, ``"a hint"`` if 90 %."""
        sure = max(self.upward, 1.0 - self.upward)
        return EFFECT if sure >= SHOWN else HINT if sure >= HINTED else NO_EFFECT

    @property
    def in_words(self) -> str:
        """What a planner reads."""
        counts = f"{counted(self.wins, 'win')} in {self.deals:,}"
        if self.evidence == NO_EFFECT:
            return f"{counts}: {NO_EFFECT}"
        low, high = np.exp([self.low, self.high])
        perhaps = "perhaps " if self.evidence == HINT else ""
        return f"{counts}: {perhaps}odds x {self.odds_ratio:.2g} ({low:.2g} to {high:.2g})"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, with odds ratio, evidence and words."""
        return {
            "signal": self.signal,
            "level": self.level,
            "log_odds": self.log_odds,
            "low": self.low,
            "high": self.high,
            "odds_ratio": self.odds_ratio,
            "deals": self.deals,
            "wins": self.wins,
            "upward": self.upward,
            "evidence": self.evidence,
            "in_words": self.in_words,
        }


def centred(drawn: Floats, seen: Columns) -> Floats:
    """Return draws of effects against the average deal: over the deals each signal's mean is 0."""
    average = seen.columns.mean(axis=0)
    result = drawn.copy()
    for signal in range(int(seen.signal[-1]) + 1):
        own = seen.signal == signal
        if own.sum() > 1:
            result[:, own] -= (drawn[:, own] @ average[own])[:, None]
    return result


def effects_of(deals: ClosedDeals, seen: Columns, log_odds: Floats) -> tuple[Effect, ...]:
    """Return the effect of each level and each number, in the order of the columns."""
    effects: list[Effect] = []
    for place, answers in enumerate(deals.answers):
        own = log_odds[:, seen.signal == place]
        for k, level in enumerate(answers.levels or (PER_ONE,)):
            inside = answers.place == k if answers.levels else answers.place != NEVER
            draws = own[:, k] / answers.scale
            low, high = np.quantile(draws, [LOW, HIGH])
            count, wins = int(inside.sum()), int(deals.won[inside].sum())
            upward = float((draws > 0.0).mean() + 0.5 * (draws == 0.0).mean())
            effects.append(
                Effect(answers.name, level, float(draws.mean()), float(low), float(high),
                       count, wins, upward)
            )  # fmt: skip
    return tuple(effects)


def strengths_of(deals: ClosedDeals, seen: Columns, log_odds: Floats) -> dict[str, Fitted]:
    """Return for each signal the standard deviation of its log-odds over the deals."""
    return {
        answers.name: _strength(answers, seen.columns[:, own], log_odds[:, own])
        for answers, own in (
            (answers, seen.signal == place) for place, answers in enumerate(deals.answers)
        )
    }


def _strength(answers: Answers, columns: Floats, log_odds: Floats) -> Fitted:
    count = len(columns) - answers.empty
    mean, square = columns.mean(axis=0), columns.T @ columns / len(columns)
    spread = square - np.outer(mean, mean)
    sd = np.sqrt(np.maximum(np.einsum("di,ij,dj->d", log_odds, spread, log_odds), 0.0))
    return Fitted(float(sd.mean()), tuple(sd.tolist()), count, f"{count:,} answers")
