"""Chances of a funnel's stages, each set with the others of its kind kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError
from funnelsim.funnel import AS_FRACTION, Stage
from funnelsim.parameters import PROBABILITY, Parameter, parameter

Chance = NDArray[np.float64]
"""A chance: of no dimension, or one for each draw."""

WIN, CONVERSION = "win_probability", "conversion"


class Chances:
    """Win probabilities and conversions of stages; a setting changes what hangs on it.

    Parameters
    ----------
    stages : sequence of Stage
        The stages in order, the last of them won.

    Examples
    --------
    Setting a conversion keeps the other conversions, so that earlier win probabilities follow.

    >>> from funnelsim import Funnel
    >>> chances = Chances(Funnel.from_counts("4-2-1", time=30).stages)
    >>> chances.set(1, "conversion", 0.8)
    >>> chances.get(0, "conversion"), chances.get(0, "win_probability")
    (0.5, 0.4)
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self._wins = [np.ones(()) for _ in stages]
        self._conversions = [np.ones(()) for _ in stages]
        for s in range(len(stages) - 2, -1, -1):
            if stages[s].win_probability is not None:
                self._set_win(s, np.asarray(stages[s].win_probability))
            else:
                self._set_conversion(s, np.asarray(stages[s].conversion))
        self._given = {WIN: [*self._wins], CONVERSION: [*self._conversions]}
        self._kinds: dict[int, str] = {}

    def get(self, s: int, kind: str) -> Parameter:
        """Return a chance of a stage, one for each draw if they differ."""
        return _as_parameter((self._wins if kind == WIN else self._conversions)[s])

    def set(self, s: int, kind: str, value: Any) -> None:
        """Set a chance of a stage, a number or draws; the others of its kind are kept.

        Raises
        ------
        InputError
            If the value is no chance in (0, 1].
        """
        label = f"{kind} of stage {self._stages[s].name!r}"
        chance = np.asarray(parameter(label, value, PROBABILITY, AS_FRACTION))
        self._kinds[s] = kind
        if kind == WIN:
            self._set_win(s, chance)
            self._keep_win_before(s)
        else:
            self._set_conversion(s, chance)
            for before in range(s - 1, -1, -1):
                self._wins[before] = self._conversions[before] * self._wins[before + 1]

    def _set_win(self, s: int, chance: Chance) -> None:
        self._wins[s] = chance
        if s + 1 < len(self._stages):
            self._conversions[s] = chance / self._wins[s + 1]

    def _set_conversion(self, s: int, chance: Chance) -> None:
        self._conversions[s] = chance
        following = self._wins[s + 1] if s + 1 < len(self._stages) else 1.0
        self._wins[s] = chance * following

    def _keep_win_before(self, s: int) -> None:
        if s:
            self._conversions[s - 1] = self._wins[s - 1] / self._wins[s]

    def stages(self) -> tuple[Stage, ...]:
        """Return the stages with their chances; one that is as it was stated is the same.

        Raises
        ------
        InputError
            If a stage wins more often than the next.
        """
        self._check_order()
        return tuple(self._stated(s) for s in range(len(self._stages)))

    def _stated(self, s: int) -> Stage:
        stage = self._stages[s]
        own = WIN if stage.win_probability is not None else CONVERSION
        now = self._wins[s] if own == WIN else self._conversions[s]
        if np.array_equal(now, self._given[own][s]) and self._kinds.get(s, own) == own:
            return stage
        kind = self._kinds.get(s, CONVERSION if own == WIN else WIN)
        if kind == WIN and self._wins[s].ndim == 0:
            return _with_chance(stage, WIN, float(self._wins[s]))
        return _with_chance(stage, CONVERSION, _as_parameter(self._conversions[s]))

    def _check_order(self) -> None:
        for s in range(len(self._stages) - 1):
            excess = np.atleast_1d(self._wins[s] - self._wins[s + 1])
            if (excess > 0.0).any():
                draw = int(excess.argmax())
                here, following = (
                    float(np.broadcast_to(one, excess.shape)[draw])
                    for one in (self._wins[s], self._wins[s + 1])
                )
                raise InputError(
                    f"win_probability of stage {self._stages[s].name!r}",
                    f"be at most that of the next stage, {following:g}",
                    here,
                    "a deal further on is at least as likely to be won",
                )


def _with_chance(stage: Stage, kind: str, value: Any) -> Stage:
    other = CONVERSION if kind == WIN else WIN
    return dataclasses.replace(stage, **{kind: value, other: None})


def _as_parameter(chance: Chance) -> Parameter:
    found: float | list[float] = chance.tolist()
    return tuple(found) if isinstance(found, list) else found


def with_win_probabilities(stages: Sequence[Stage], wins: NDArray[np.float64]) -> tuple[Stage, ...]:
    """Return stages with other win probabilities, stated as conversions where they are drawn.

    Parameters
    ----------
    stages : sequence of Stage
        The stages in order.
    wins : ndarray of float, shape (draws, stages)
        Chances to win from each stage, not falling from a stage to the next.
    """
    new = [stages[-1]]
    for s in range(len(stages) - 2, -1, -1):
        win, following = wins[:, s], wins[:, s + 1]
        if (win == win[0]).all():
            new.append(_with_chance(stages[s], WIN, float(win[0])))
        else:
            new.append(_with_chance(stages[s], CONVERSION, tuple((win / following).tolist())))
    return tuple(new[::-1])
