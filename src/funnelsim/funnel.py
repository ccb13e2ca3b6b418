"""The funnel: stages in order, with percentages, conversions or counts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.distributions import Distribution, as_distribution
from funnelsim.errors import InputError
from funnelsim.parameters import (
    NONNEGATIVE,
    POSITIVE,
    PROBABILITY,
    Parameter,
    common_draws,
    draws_of,
    number,
    parameter,
)

KEY_ACCOUNT_STAGES = ("training", "meeting", "consulting", "proposal", "negotiation", "contract")
KEY_ACCOUNT_WIN_PROBABILITIES = (0.10, 0.20, 0.45, 0.50, 0.80, 1.0)
AS_FRACTION = "percentages are given as 0.5, not 50"


@dataclass(frozen=True)
class Stage:
    """One step of the funnel.

    Parameters
    ----------
    name : str
        What the stage is called in the pipeline.
    win_probability : float, optional
        Chance in (0, 1] that a deal entering the stage is won in the end.
    conversion : float or sequence of draws, optional
        Chance in (0, 1] of going on to the next stage. Give this or ``win_probability``; only a
        conversion may be a set of draws, since drawn win probabilities could break their order.
    time : Distribution or number, optional
        Days in the stage, given that the deal goes on. The last stage has none.
    time_if_lost : Distribution or number, optional
        Days in the stage, given that the deal is lost in it; by default the same as ``time``.
    hours : float, optional
        Hours of work that the stage takes; kept for work plans.

    Examples
    --------
    >>> Stage("proposal", win_probability=0.5, time=30).time
    Fixed(value=30.0)
    """

    name: str
    win_probability: float | None = None
    conversion: Parameter | None = None
    time: Distribution | None = None
    time_if_lost: Distribution | None = None
    hours: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise InputError("name of a stage", "be a text that is not empty", self.name)
        object.__setattr__(self, "name", self.name.strip())
        self._check_chances()
        for field in ("time", "time_if_lost"):
            given = getattr(self, field)
            if given is not None:
                object.__setattr__(self, field, as_distribution(self._label(field), given))
        if self.hours is not None:
            hours = number(self._label("hours"), self.hours, NONNEGATIVE)
            object.__setattr__(self, "hours", hours)

    def _label(self, field: str) -> str:
        return f"{field} of stage {self.name!r}"

    def _check_chances(self) -> None:
        if (self.win_probability is None) == (self.conversion is None):
            both = self.win_probability is not None
            raise InputError(
                f"stage {self.name!r}",
                "have either a win_probability or a conversion",
                "both" if both else "neither",
            )
        if self.win_probability is not None:
            if np.ndim(self.win_probability) > 0:
                raise InputError(
                    self._label("win_probability"),
                    "be one number",
                    self.win_probability,
                    "draws are given as conversion, so that win probabilities keep their order",
                )
            field = self._label("win_probability")
            win = number(field, self.win_probability, PROBABILITY, AS_FRACTION)
            object.__setattr__(self, "win_probability", win)
        else:
            field = self._label("conversion")
            chance = parameter(field, self.conversion, PROBABILITY, AS_FRACTION)
            object.__setattr__(self, "conversion", chance)

    @property
    def draws(self) -> int:
        """Number of draws that the stage's parameters share, 1 if all are certain."""
        return common_draws(self._draw_counts())

    def _draw_counts(self) -> list[tuple[str, int]]:
        counts = [(self._label("conversion"), draws_of(self.conversion or 1.0))]
        for field in ("time", "time_if_lost"):
            law = getattr(self, field)
            if law is not None:
                counts.append((self._label(field), law.draws))
        return counts


@dataclass(frozen=True)
class Funnel:
    """Stages in order; the last is closed-won.

    Parameters
    ----------
    stages : sequence of Stage
        At least two, with names that differ (whatever the case). Every stage but the last has a
        time in stage; the last has a win probability of 1 and no time.

    Examples
    --------
    >>> funnel = Funnel.key_account(time=30)
    >>> funnel.conversions.round(3)
    array([[0.5  , 0.444, 0.9  , 0.625, 0.8  ]])
    """

    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.stages, Iterable):
            raise InputError("stages of a funnel", "be a list of Stage objects", self.stages)
        object.__setattr__(self, "stages", tuple(self.stages))
        for stage in self.stages:
            if not isinstance(stage, Stage):
                raise InputError("stages of a funnel", "be Stage objects", stage)
        if len(self.stages) < 2:  # noqa: PLR2004
            raise InputError("a funnel", "have at least two stages", len(self.stages))
        self._check_names()
        self._check_last()
        for stage in self.stages[:-1]:
            if stage.time is None:
                raise InputError(
                    f"stage {stage.name!r}", "have a time", remedy="days in stage, such as 30"
                )
        common_draws(self._draw_counts())
        self._check_order()

    def _check_names(self) -> None:
        seen: set[str] = set()
        for stage in self.stages:
            if stage.name.casefold() in seen:
                raise InputError("names of stages", "differ, whatever the case", stage.name)
            seen.add(stage.name.casefold())

    def _check_last(self) -> None:
        last = self.stages[-1]
        if (last.win_probability or last.conversion) != 1.0:
            raise InputError(
                f"win_probability of the last stage {last.name!r}",
                "be 1",
                last.win_probability or last.conversion,
                "the last stage is closed-won",
            )
        if last.time is not None or last.time_if_lost is not None:
            raise InputError(f"the last stage {last.name!r}", "have no time", remedy="leave it out")

    def _check_order(self) -> None:
        wins = self.win_probabilities
        for s in range(len(self.stages) - 1):
            draw = (wins[:, s] - wins[:, s + 1]).argmax()  # the one that is furthest off
            if wins[draw, s] > wins[draw, s + 1]:
                raise InputError(
                    f"win_probability of stage {self.stages[s].name!r}",
                    f"be at most that of the next stage, {wins[draw, s + 1]:g}",
                    wins[draw, s],
                    "a deal further on is at least as likely to be won",
                )

    def _draw_counts(self) -> list[tuple[str, int]]:
        return [count for stage in self.stages for count in stage._draw_counts()]  # noqa: SLF001

    @property
    def draws(self) -> int:
        """Number of draws that the funnel's parameters share, 1 if all are certain."""
        return common_draws(self._draw_counts())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the stages, in order."""
        return tuple(stage.name for stage in self.stages)

    @property
    def times(self) -> tuple[Distribution | None, ...]:
        """Time in each stage, None for the last."""
        return tuple(stage.time for stage in self.stages)

    @property
    def win_probabilities(self) -> NDArray[np.float64]:
        """Chance to win from each stage, shape (draws, stages)."""
        wins = np.ones((self.draws, len(self.stages)))
        for s in range(len(self.stages) - 2, -1, -1):
            stage = self.stages[s]
            if stage.win_probability is not None:
                wins[:, s] = stage.win_probability
            else:
                chance = stage.conversion or 1.0
                wins[:, s] = np.asarray(chance) * wins[:, s + 1]
        return wins

    @property
    def conversions(self) -> NDArray[np.float64]:
        """Chance of going on to the next stage, shape (draws, stages - 1).

        A stage stated as a conversion gives back that number, not a quotient of products.
        """
        wins = self.win_probabilities
        chances = wins[:, :-1] / wins[:, 1:]
        for s, stage in enumerate(self.stages[:-1]):
            if stage.conversion is not None:
                chances[:, s] = stage.conversion
        return chances

    @property
    def activities_per_contract(self) -> NDArray[np.float64]:
        """Mean number of deals that enter each stage for one contract, shape (draws, stages).

        It is one over the win probability of the stage.
        """
        return 1.0 / self.win_probabilities

    @classmethod
    def key_account(
        cls, time: Any, *, time_if_lost: Any = None, hours: Sequence[float] | None = None
    ) -> Funnel:
        """Return the key-account funnel: 10, 20, 45, 50, 80, 100 %.

        Parameters
        ----------
        time, time_if_lost : Distribution, number, or a sequence with one per open stage
            Days in stage.
        hours : sequence of float, optional
            Hours of work, one per open stage.
        """
        return cls.from_percentages(
            KEY_ACCOUNT_STAGES,
            KEY_ACCOUNT_WIN_PROBABILITIES,
            time,
            time_if_lost=time_if_lost,
            hours=hours,
        )

    @classmethod
    def from_percentages(
        cls,
        names: Sequence[str],
        win_probabilities: Sequence[float],
        time: Any,
        *,
        time_if_lost: Any = None,
        hours: Sequence[float] | None = None,
    ) -> Funnel:
        """Return a funnel from the win probability of each stage, the last of them 1."""
        _same_length("win_probabilities", win_probabilities, len(names))
        chances = [{"win_probability": chance} for chance in win_probabilities]
        return cls._from_columns(names, chances, time, time_if_lost, hours)

    @classmethod
    def from_counts(
        cls,
        counts: str | Sequence[float],
        time: Any,
        *,
        names: Sequence[str] | None = None,
        time_if_lost: Any = None,
        hours: Sequence[float] | None = None,
    ) -> Funnel:
        """Return a funnel from activities per contract, such as ``"6-5-3-3-2-1"``.

        Counts say how many activities of each stage one contract takes, so the conversions are
        their quotients: 5/6, 3/5, 1, 2/3, 1/2.

        Examples
        --------
        >>> Funnel.from_counts("6-5-3-3-2-1", time=30).conversions.round(3)
        array([[0.833, 0.6  , 1.   , 0.667, 0.5  ]])
        """
        numbers = as_counts(counts)
        if names is None:
            names = usual_names(len(numbers))
        _same_length("names", names, len(numbers))
        chances: list[dict[str, Any]] = [
            {"conversion": later / now} for now, later in itertools.pairwise(numbers)
        ]
        chances.append({"win_probability": 1.0})
        return cls._from_columns(names, chances, time, time_if_lost, hours)

    @classmethod
    def _from_columns(
        cls,
        names: Sequence[str],
        chances: Sequence[dict[str, Any]],
        time: Any,
        time_if_lost: Any,
        hours: Sequence[float] | None,
    ) -> Funnel:
        steps = len(names) - 1
        columns = {
            "time": _per_stage("time", time, steps),
            "time_if_lost": _per_stage("time_if_lost", time_if_lost, steps),
            "hours": _per_stage("hours", hours, steps),
        }
        return cls(
            tuple(
                Stage(name, **chances[s], **{key: column[s] for key, column in columns.items()})
                for s, name in enumerate(names)
            )
        )


def _per_stage(field: str, given: Any, steps: int) -> list[Any]:
    """Return one entry per stage, None for the last; a single value serves all open stages."""
    if isinstance(given, Sequence) and not isinstance(given, str):
        _same_length(field, given, steps, "open stages")
        return [*given, None]
    return [given] * steps + [None]


def _same_length(field: str, given: Sequence[Any], expected: int, what: str = "stages") -> None:
    if len(given) != expected:
        raise InputError(field, f"have one entry for each of the {expected} {what}", len(given))


def usual_names(count: int) -> tuple[str, ...]:
    """Return names for so many stages: those of the key-account method for six."""
    if count == len(KEY_ACCOUNT_STAGES):
        return KEY_ACCOUNT_STAGES
    return tuple(f"stage {s + 1}" for s in range(count))


def as_counts(counts: str | Sequence[float]) -> list[float]:
    """Return activities per contract as numbers that do not grow.

    Examples
    --------
    >>> as_counts("6-5-3-3-2-1")
    [6.0, 5.0, 3.0, 3.0, 2.0, 1.0]
    """
    given: Sequence[Any] = counts
    if isinstance(counts, str):
        if not re.fullmatch(r"\s*\d+(\.\d+)?(\s*-\s*\d+(\.\d+)?)+\s*", counts):
            raise InputError("counts", "be numbers joined by '-'", counts, "such as 6-5-3-3-2-1")
        given = [float(part) for part in counts.split("-")]
    elif not isinstance(counts, Iterable):
        raise InputError("counts", "be numbers of activities", counts, "such as 6-5-3-3-2-1")
    numbers = [number("counts", one, POSITIVE) for one in given]
    for now, later in itertools.pairwise(numbers):
        if later > now:
            raise InputError("counts", "not grow from a stage to the next", counts)
    return numbers
