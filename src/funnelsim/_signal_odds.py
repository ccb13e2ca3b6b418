"""From the signals of a scenario's deals to their chances, averaged over what is unknown."""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._odds import TINY
from funnelsim._population import Independent, Joint, Population
from funnelsim._signal import AnySignal
from funnelsim.pipeline import Pipeline
from funnelsim.scenario import Scenario
from funnelsim.signals import Signals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Answers(NamedTuple):
    """What is known of deals, one row for each combination of answers."""

    codes: Floats  # (P, J) number of each answer; NaN: missing
    of_deal: Ints  # (n,) row of each deal


class SignalOdds:
    """The chances of deals given their signals.

    Parameters
    ----------
    signals : Signals
        Settled on a pipeline; those that move the odds are `signals`.
    draws : int
        Draws of the scenario's uncertain parameters.
    pipeline : Pipeline, optional
        The deals whose answers are of interest.
    """

    def __init__(self, signals: Signals, draws: int, pipeline: Pipeline | None = None) -> None:
        joint = signals.population is not None
        self.place = [
            j
            for j, one in enumerate(signals.signals)
            if one.moves and (joint or one.reference is not None)
        ]
        self.signals: list[AnySignal] = [signals.signals[j] for j in self.place]
        self._draws = draws
        if self.signals:
            self.population: Population = (
                Joint(self.signals, signals.population_codes()[:, self.place], draws)
                if joint
                else Independent(self.signals, draws)
            )
        codes = signals.codes(Pipeline() if pipeline is None else pipeline)
        self.answers = _different(codes[:, self.place])

    def given(self, row: Ints, chance: Floats) -> Floats:
        """Return the chances of deals with the answers in some rows of `answers`."""
        return self.chances(self.answers.codes[row], chance)

    def answering(self, codes: Floats) -> SignalOdds:
        """Return the same odds for deals with other answers, one row for each deal."""
        other = copy.copy(self)
        other.answers = Answers(codes, np.arange(len(codes)))
        return other

    def constants(self, chance: Floats) -> Floats:
        """Return ``alpha`` of each chance in [0, 1], shape (n, draws)."""
        inner = np.where(_inner(chance), chance, 0.5)
        kinds, kind = np.unique(inner, axis=0, return_inverse=True)
        return self.population.everyone.solve(kinds)[kind.reshape(-1)]

    def chances(self, codes: Floats, chance: Floats) -> Floats:
        """Return chances given answers.

        Parameters
        ----------
        codes : ndarray, shape (n, J)
            Number of each answer, NaN where it is missing.
        chance : ndarray, shape (n, draws)
            The chances of the reference population; 0 and 1 stay what they are.
        """
        at = self.constants(chance)
        for j, one in enumerate(self.signals):
            rows = np.flatnonzero(~np.isnan(codes[:, j]))
            at[rows] += one.log_odds(codes[rows, j], self._draws).T
        return np.where(_inner(chance), self.population.mean_given(at, codes), chance)


def signal_odds(scenario: Scenario) -> SignalOdds | None:
    """Return the odds of a scenario's deals; None where no signal moves them."""
    if scenario.signals is None:
        return None
    odds = SignalOdds(scenario.signals, scenario.draws, scenario.pipeline)
    return odds if odds.signals else None


def _different(codes: Floats) -> Answers:
    """Return the different combinations of answers among deals, and that of each deal."""
    missing = np.isnan(codes)
    keys = np.hstack([np.where(missing, 0.0, codes), missing])
    _, lead, of_deal = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return Answers(codes[lead], of_deal.reshape(-1).astype(np.int64))


def _inner(chance: Floats) -> NDArray[np.bool_]:
    return (chance > TINY) & (chance < 1.0 - TINY)
