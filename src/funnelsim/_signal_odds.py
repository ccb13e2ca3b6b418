"""From the signals of a scenario's deals to their chances, averaged over what is unknown."""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._odds import TINY, Atoms, Average, Bell, Law, average_over
from funnelsim._signal import AnySignal, NumericSignal
from funnelsim.pipeline import Pipeline
from funnelsim.scenario import Scenario
from funnelsim.signals import Signals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_ANSWERS = 8
"""Different numbers that are asked for one by one."""


class Answers(NamedTuple):
    """What is known of deals, one row for each combination of answers."""

    codes: Floats  # (P, J) number of each answer; NaN: missing
    of_deal: Ints  # (n,) row of each deal


class SignalOdds:
    """The chances of deals given their signals.

    Parameters
    ----------
    signals : Signals
        Settled on a pipeline.
    draws : int
        Draws of the scenario's uncertain parameters.
    pipeline : Pipeline, optional
        The deals whose answers are of interest.
    """

    def __init__(self, signals: Signals, draws: int, pipeline: Pipeline | None = None) -> None:
        self._all, self._draws = signals, draws
        self._joint = signals.population is not None
        self.place = [
            j
            for j, one in enumerate(signals.signals)
            if one.moves and (self._joint or one.reference is not None)
        ]
        self.signals: list[AnySignal] = [signals.signals[j] for j in self.place]
        if self._joint:
            self._rows, count = np.unique(
                signals.population_codes()[:, self.place], axis=0, return_counts=True
            )
            self._share = count / count.sum()
            self._laws: list[Law] = [
                Atoms(self._share, one.log_odds(codes, draws))
                for one, codes in zip(self.signals, self._rows.T, strict=True)
            ]
        else:
            self._laws = [_reference(one, draws) for one in self.signals]
        everything = range(len(self.signals))
        self._everyone = average_over(
            [self._together(everything, slice(None))] if self._joint else self._laws, draws
        )
        self._averages: dict[tuple[float, ...], Average] = {}
        self.answers = self._answers(Pipeline() if pipeline is None else pipeline)

    def _answers(self, pipeline: Pipeline) -> Answers:
        """Return the different combinations of answers among deals, and that of each deal."""
        codes = self._all.codes(pipeline)[:, self.place]
        missing = np.isnan(codes)
        keys = np.hstack([np.where(missing, 0.0, codes), missing])
        _, lead, of_deal = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        return Answers(codes[lead], of_deal.reshape(-1).astype(np.int64))

    def given(self, row: Ints, chance: Floats) -> Floats:
        """Return the chances of deals with the answers in some rows of `answers`."""
        return self.chances(self.answers.codes[row], chance)

    def answering(self, codes: Floats) -> SignalOdds:
        """Return the same odds for deals with other answers, one row for each deal."""
        other = copy.copy(self)
        other.answers = Answers(codes, np.arange(len(codes)))
        return other

    def possible(self, place: int) -> tuple[Floats, Floats]:
        """Return the answers that a signal may have, and their shares in the population.

        Many different numbers stand for two, one standard deviation to either side of their mean.
        """
        one = self.signals[place]
        if self._joint:
            codes, share = self._rows[:, place], self._share
        elif _is_normal(one):
            codes = one.reference["mean"] + np.array([-1.0, 1.0]) * one.reference["sd"]
            return codes, np.full(2, 0.5)
        else:
            codes, share = one.shares()
        kinds, kind = np.unique(codes, return_inverse=True)
        share = np.bincount(kind.reshape(-1), share).astype(np.float64)
        if isinstance(one, NumericSignal) and len(kinds) > MOST_ANSWERS:
            mean = kinds @ share
            sd = np.sqrt(share @ (kinds - mean) ** 2)
            return mean + np.array([-sd, sd]), np.full(2, 0.5)
        return kinds, share

    def constants(self, chance: Floats) -> Floats:
        """Return ``alpha`` of each chance in [0, 1], shape (n, draws)."""
        inner = np.where(_inner(chance), chance, 0.5)
        kinds, kind = np.unique(inner, axis=0, return_inverse=True)
        return self._everyone.solve(kinds)[kind.reshape(-1)]

    def chances(self, codes: Floats, chance: Floats) -> Floats:
        """Return chances given answers.

        Parameters
        ----------
        codes : ndarray, shape (n, J)
            Number of each answer, NaN where it is missing.
        chance : ndarray, shape (n, draws)
            The chances of the reference population; 0 and 1 stay what they are.
        """
        moved = np.array(chance)
        constant = self.constants(moved)
        missing = np.isnan(codes)
        for key, rows in self._alike(codes, missing).items():
            known = np.zeros((len(rows), self._draws))
            for j in np.flatnonzero(~missing[rows[0]]).tolist():
                known += self.signals[j].log_odds(codes[rows, j], self._draws).T
            moved[rows] = self._average(key, codes[rows[0]]).at(constant[rows] + known)
        return np.where(_inner(chance), moved, chance)

    def _alike(self, codes: Floats, missing: NDArray[np.bool_]) -> dict[tuple[float, ...], Ints]:
        """Return the rows with one law of what is missing, by a key of that law."""
        which = np.hstack([missing, np.where(missing, 0.0, codes)]) if self._joint else missing
        kinds, kind = np.unique(which.astype(np.float64), axis=0, return_inverse=True)
        order = np.argsort(kind.reshape(-1), kind="stable")
        ends = np.cumsum(np.bincount(kind.reshape(-1), minlength=len(kinds)))[:-1]
        rows = np.split(order, ends)
        return {tuple(one.tolist()): some for one, some in zip(kinds, rows, strict=True)}

    def _average(self, key: tuple[float, ...], codes: Floats) -> Average:
        if key not in self._averages:
            self._averages[key] = average_over(self._laws_of_missing(codes), self._draws)
        return self._averages[key]

    def _laws_of_missing(self, codes: Floats) -> list[Law]:
        """Return the laws of the missing answers, given those that are known."""
        missing = np.flatnonzero(np.isnan(codes)).tolist()
        if not self._joint or not missing:
            return [self._laws[j] for j in missing]
        known = ~np.isnan(codes)
        agree = np.flatnonzero((self._rows[:, known] == codes[known]).all(axis=1))
        if len(agree):
            return [self._together(missing, agree)]
        return [self._laws[j] for j in missing]  # nobody is like this: each answer by itself

    def _together(self, places: range | list[int], rows: Ints | slice) -> Atoms:
        """Return the law of the sum of some signals in rows of the population."""
        share = self._share[rows]
        at = np.zeros((self._draws, len(share)))
        for j in places:
            law = self._laws[j]
            assert isinstance(law, Atoms)
            at += law.at[:, rows]
        return Atoms(share / share.sum(), at)


def signal_odds(scenario: Scenario) -> SignalOdds | None:
    """Return the odds of a scenario's deals; None where no signal moves them."""
    if scenario.signals is None:
        return None
    odds = SignalOdds(scenario.signals, scenario.draws, scenario.pipeline)
    return odds if odds.signals else None


def _inner(chance: Floats) -> NDArray[np.bool_]:
    return (chance > TINY) & (chance < 1.0 - TINY)


def _is_normal(one: AnySignal) -> bool:
    return isinstance(one, NumericSignal) and "mean" in (one.reference or ())


def _reference(one: AnySignal, draws: int) -> Law:
    """Return the law of a signal's log-odds in the reference population."""
    if _is_normal(one):
        at = one.log_odds(np.array([one.reference["mean"], one.reference["sd"]]), draws)
        return Bell(at[:, 0], np.abs(at[:, 1]))
    codes, share = one.shares()
    return Atoms(share, one.log_odds(codes, draws))
