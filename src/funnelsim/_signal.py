"""One signal of deals: a column whose answers move the odds, and by how much.

No effect is built in. Effects are odds ratios, stated or fitted; a constant for all levels changes
nothing, since the chances of the reference population stay those of the stages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim._deals import NO_SEGMENT
from funnelsim.errors import InputError, unknown
from funnelsim.parameters import (
    NONNEGATIVE,
    POSITIVE,
    Interval,
    Parameter,
    common_draws,
    draws_of,
    number,
    parameter,
    plain,
)

Floats = NDArray[np.float64]

MISSING, ANSWER = "missing", "answer"
UNKNOWN = "unknown"
"""The word of a cell that says that an answer is not known."""
RATIO = Interval(1e-6, 1e6)
INSIDE = Interval(0.0, 1.0, open_low=True, open_high=True)
NEAR_ONE = 1e-6


@dataclass(frozen=True)
class Signal:
    """A column of the deals whose words move the odds.

    Parameters
    ----------
    name : str
        A segment column of the deals.
    effects : mapping of str to number, draws or mapping
        For each level its odds ratio against the level that has 1: ``{"covered": 2.0, "not
        covered": 1.0}``. In points, ``{"from": 0.10, "to": 0.15}``: what moves a chance of 10 %
        to 15 % has the odds ratio 1.59. Draws are one ratio for each draw of the scenario.
    reference : mapping of str to number, optional
        Share of each level in the population that the stages' chances are those of; by default
        that of the known answers of the open deals.
    unknown : {"missing", "answer"}
        What the word "unknown" is: missing, so that the deal's chance is the average over the
        answers it may have; or an answer of its own, with an effect. An empty cell is missing.
    group : str, optional
        What it belongs to, such as ``"buying influences"``; for tables alone.

    Examples
    --------
    >>> entry = Signal("entry", {"before": {"from": 0.10, "to": 0.15}, "tender": 1.0})
    >>> round(entry.effects["before"], 2), entry.levels
    (1.59, ('before', 'tender'))
    """

    name: str
    effects: Mapping[str, Any]
    reference: Any = field(default=None, kw_only=True)
    unknown: str = field(default=MISSING, kw_only=True)
    group: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        set_name(self)
        label = f"effects of signal {self.name!r}"
        if not isinstance(self.effects, Mapping) or not self.effects:
            remedy = 'such as {"covered": 2.0, "not covered": 1.0}'
            raise InputError(label, "map each level to its odds ratio", self.effects, remedy)
        if self.unknown not in (MISSING, ANSWER):
            where = f"unknown of signal {self.name!r}"
            raise unknown(where, str(self.unknown), (MISSING, ANSWER), "be a known word")
        put(self, "effects", self._checked_effects(self.effects))
        common_draws(self.draw_counts())
        if self.reference is not None:
            put(self, "reference", self._checked_shares(self.reference))

    def __hash__(self) -> int:
        return hash((self.name, tuple(sorted(self.effects.items())), self.unknown))

    def _checked_effects(self, given: Mapping[Any, Any]) -> dict[str, Parameter]:
        effects: dict[str, Parameter] = {}
        for level, value in given.items():
            word = str(level).strip()
            if word.casefold() in {one.casefold() for one in effects}:
                raise InputError(f"levels of signal {self.name!r}", "differ", word)
            if word in ("", NO_SEGMENT) or (word.casefold() == UNKNOWN and not self._answers):
                remedy = 'with unknown = "answer" the word unknown is a level'
                raise InputError(f"level of signal {self.name!r}", "be an answer", word, remedy)
            effects[word] = odds_ratio(f"effect of {word!r} of signal {self.name!r}", value)
        if self._answers and UNKNOWN not in map(str.casefold, effects):
            label = f"effects of signal {self.name!r}"
            raise InputError(label, f"state that of {UNKNOWN!r}", remedy="it is an answer here")
        return effects

    @property
    def _answers(self) -> bool:
        return self.unknown == ANSWER

    def _checked_shares(self, given: Any) -> dict[str, float]:
        label = f"reference of signal {self.name!r}"
        if not isinstance(given, Mapping):
            remedy = 'such as {"covered": 0.4, "not covered": 0.6}'
            raise InputError(label, "map each level to its share", given, remedy)
        shares = dict.fromkeys(self.effects, 0.0)
        for level, value in given.items():
            own = self._level(label, str(level))
            shares[own] = number(f"share of {own!r} in the {label}", value, Interval(0.0, 1.0))
        if abs(math.fsum(shares.values()) - 1.0) > NEAR_ONE:
            raise InputError(label, "add up to 1", round(math.fsum(shares.values()), 6))
        return shares

    def _level(self, label: str, word: str) -> str:
        for level in self.effects:
            if level.casefold() == word.strip().casefold():
                return level
        raise unknown(label, word, self.levels, "be a level of the signal")

    @property
    def levels(self) -> tuple[str, ...]:
        """Its levels, in the order in which they were given."""
        return tuple(self.effects)

    @property
    def moves(self) -> bool:
        """Whether the odds of any two levels differ."""
        return len(set(self.effects.values())) > 1

    def draw_counts(self) -> list[tuple[str, int]]:
        """Return the number of draws of each effect, by name."""
        return [
            (f"effect of {level!r} of signal {self.name!r}", draws_of(value))
            for level, value in self.effects.items()
        ]

    def code(self, cell: str) -> float:
        """Return the number of a cell's level, NaN where the answer is missing.

        Raises
        ------
        InputError
            If the word is no level; the message offers the nearest.
        """
        word = cell.strip().casefold()
        if word in ("", NO_SEGMENT) or (word == UNKNOWN and not self._answers):
            return math.nan
        return float(self.levels.index(self._level(self.name, cell)))

    def log_odds(self, codes: Floats, draws: int) -> Floats:
        """Return the log-odds of known answers, shape (draws, answers)."""
        ratios = [np.broadcast_to(np.asarray(one), (draws,)) for one in self.effects.values()]
        return np.asarray(np.log(np.column_stack(ratios))[:, codes.astype(np.int64)])

    def shares(self) -> tuple[Floats, Floats]:
        """Return the codes of the reference population's answers, and their shares."""
        assert self.reference is not None
        share = np.array(list(self.reference.values()))
        return np.arange(float(len(share))), share / share.sum()

    def of_answers(self, codes: Floats) -> Signal:
        """Return the signal with the shares of known answers as its reference."""
        count = np.bincount(codes.astype(np.int64), minlength=len(self.effects))
        shares = dict(zip(self.levels, (count / count.sum()).tolist(), strict=True))
        return replace(self, reference=shares)

    @staticmethod
    def numeric(name: str, odds_ratio: Any, **more: Any) -> NumericSignal:
        """Return a signal of numbers; the same as `NumericSignal`."""
        return NumericSignal(name, odds_ratio, **more)


@dataclass(frozen=True)
class NumericSignal:
    """A column of the deals whose numbers move the odds evenly.

    Parameters
    ----------
    name : str
        A segment column of the deals that holds numbers: a rating, a count of red flags.
    odds_ratio : number, draws or mapping
        By how much the odds are multiplied for each ``per`` more; or from and to, as of `Signal`.
    per : float
        The step that the odds ratio is for.
    reference : (mean, sd), mapping or sequence of number, optional
        Mean and standard deviation of a normal population, ``{"mean": 0, "sd": 1}``; or a sample
        of it, a list or ``{"values": [...]}``; by default the known answers of the open deals.
    group : str, optional
        As of `Signal`.

    Examples
    --------
    >>> NumericSignal("rating", 1.3, reference=(0, 2)).reference
    {'mean': 0.0, 'sd': 2.0}
    """

    name: str
    odds_ratio: Any
    per: float = field(default=1.0, kw_only=True)
    reference: Any = field(default=None, kw_only=True)
    group: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        set_name(self)
        ratio = odds_ratio(f"odds_ratio of signal {self.name!r}", self.odds_ratio)
        put(self, "odds_ratio", ratio)
        put(self, "per", number(f"per of signal {self.name!r}", self.per, POSITIVE))
        if self.reference is not None:
            put(self, "reference", self._checked_reference(plain(self.reference)))

    def __hash__(self) -> int:
        return hash((self.name, self.odds_ratio, self.per))

    def _checked_reference(self, given: Any) -> dict[str, Any]:
        label = f"reference of signal {self.name!r}"
        if isinstance(given, tuple) and len(given) == 2:  # noqa: PLR2004
            given = {"mean": given[0], "sd": given[1]}
        elif isinstance(given, Sequence) and not isinstance(given, str):
            given = {"values": given}
        if isinstance(given, Mapping) and set(given) == {"mean", "sd"}:
            mean = number(f"mean of {label}", given["mean"], Interval())
            return {"mean": mean, "sd": number(f"sd of {label}", given["sd"], NONNEGATIVE)}
        if isinstance(given, Mapping) and set(given) == {"values"}:
            values = parameter(label, given["values"], Interval())
            return {"values": values if isinstance(values, tuple) else (values,)}
        remedy = "such as { mean = 0, sd = 2 } or { values = [1, 2, 2, 5] }"
        raise InputError(label, "state mean and sd, or values", given, remedy)

    @property
    def moves(self) -> bool:
        """Whether the odds ratio is another than 1."""
        return bool(self.odds_ratio != 1.0)

    def draw_counts(self) -> list[tuple[str, int]]:
        """Return the number of draws of the effect, by name."""
        return [(f"odds_ratio of signal {self.name!r}", draws_of(self.odds_ratio))]

    def code(self, cell: str) -> float:
        """Return the number in a cell, NaN where the answer is missing.

        Raises
        ------
        InputError
            If it is no number.
        """
        word = cell.strip().casefold()
        if word in ("", NO_SEGMENT, UNKNOWN):
            return math.nan
        try:
            value = float(word)
        except ValueError:
            value = math.inf
        if not math.isfinite(value):
            raise InputError(self.name, "be a number", cell)
        return value

    def log_odds(self, codes: Floats, draws: int) -> Floats:
        """Return the log-odds of known answers, shape (draws, answers)."""
        slope = np.log(np.broadcast_to(np.asarray(self.odds_ratio), (draws,))) / self.per
        return np.asarray(np.multiply.outer(slope, codes))

    def shares(self) -> tuple[Floats, Floats]:
        """Return the values of a reference sample, and their shares."""
        assert self.reference is not None
        values, count = np.unique(np.array(self.reference["values"]), return_counts=True)
        return values, count / count.sum()

    def of_answers(self, codes: Floats) -> NumericSignal:
        """Return the signal with known answers as its reference."""
        return replace(self, reference={"values": tuple(codes.tolist())})


AnySignal = Signal | NumericSignal


def odds_ratio(label: str, given: Any) -> Parameter:
    """Return an odds ratio, or draws of it, from itself or from two chances.

    Examples
    --------
    >>> round(odds_ratio("effect", {"from": 0.10, "to": 0.15}), 4)
    1.5882
    """
    if not isinstance(given, Mapping):
        remedy = "an odds ratio of 2 doubles the odds, 1 changes nothing"
        return parameter(label, given, RATIO, remedy)
    if set(given) != {"from", "to"}:
        raise InputError(label, "state from and to", given, "such as { from = 0.10, to = 0.15 }")
    low, high = (number(f"{key} of the {label}", given[key], INSIDE) for key in ("from", "to"))
    return parameter(label, high / (1.0 - high) * ((1.0 - low) / low), RATIO)


def set_name(signal: AnySignal) -> None:
    """Check and set the name of a signal, and of its group."""
    if not isinstance(signal.name, str) or not signal.name.strip():
        raise InputError("name of a signal", "be the name of a column", signal.name)
    put(signal, "name", signal.name.strip())
    if signal.group is not None and not isinstance(signal.group, str):
        raise InputError(f"group of signal {signal.name!r}", "be a text", signal.group)


def put(target: Any, name: str, value: Any) -> None:
    """Put what was checked into a frozen dataclass that is being made."""
    object.__setattr__(target, name, value)
