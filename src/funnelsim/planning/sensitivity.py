"""Which input moves an answer most, one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from funnelsim._text import aligned
from funnelsim._workers import Executors
from funnelsim.errors import InputError
from funnelsim.estimate import Estimate
from funnelsim.forecast import Forecast
from funnelsim.parameters import NEVER_NUMBERS, Interval, number, plain
from funnelsim.planning.fields import check_scenario, value_of, with_value
from funnelsim.planning.paired import differences
from funnelsim.planning.results import (
    COLUMNS,
    UNTOLD,
    WORDS,
    Answers,
    Result,
    checked_answer,
    plain_cell,
    shown_answer,
    shown_difference,
    shown_input,
    verdict,
)
from funnelsim.planning.runs import Runs
from funnelsim.scenario import Scenario
from funnelsim.simulation import Progress

USUAL = (
    "funnel.win_rate",
    "funnel.cycle_time",
    "pipeline.amount",
    "new_business.per_period",
    "new_business.amount.mean",
    "quota",
    "market.win_rate_correlation",
    "market.cycle_cv",
    "market.amount_cv",
)
"""The inputs that are varied unless others are named."""

BAR = 30
SHARE = Interval(0.0, 1.0, open_low=True, open_high=True)


@dataclass(frozen=True)
class Swing:
    """What an answer is at a low and at a high value of one input.

    Parameters
    ----------
    input : str
        Dotted name of the field.
    low, high : object
        The two values.
    answers_low, answers_high : Answers
        What the forecasts say there.
    change_low, change_high : Answers
        The same less what the base scenario says, with paired errors.
    swing : Estimate
        The answer that was asked for at the high value less that at the low one.
    """

    input: str
    low: Any
    high: Any
    answers_low: Answers
    answers_high: Answers
    change_low: Answers
    change_high: Answers
    swing: Estimate


@dataclass(frozen=True, kw_only=True, repr=False)
class Sensitivity(Result):
    """What moves an answer, largest swing first; made by `sensitivity`.

    Parameters
    ----------
    answer : str
        Of which answer: ``"attainment"``, ``"mean"``, ``"p10"``, ``"p50"``, ``"p90"``, ``"wins"``.
    base : Answers
        What the base scenario says.
    swings : tuple of Swing
        One for each input, in order of the size of its swing.
    notes : tuple of str
        Usual inputs that could not be varied, and why.

    Examples
    --------
    >>> from funnelsim import Funnel, NewBusiness, Periods
    >>> base = Scenario(as_of="2026-12-31", periods=Periods("year", 1), quota=900_000,
    ...                 funnel=Funnel.key_account(time=30), new_business=NewBusiness(24, 300_000))
    >>> found = sensitivity(base, {"new_business.per_period": (12, 36), "quota": (8e5, 1e6)},
    ...                     paths=2_000)
    >>> [swing.input for swing in found.swings]
    ['new_business.per_period', 'quota']
    """

    answer: str
    base: Answers
    swings: tuple[Swing, ...]
    notes: tuple[str, ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict for each input: values, the answer there, differences, and the swing."""
        column = COLUMNS[self.answer]
        return [
            {
                "input": one.input,
                "low": plain_cell(one.low),
                "high": plain_cell(one.high),
                f"{column}_at_low": getattr(one.answers_low, self.answer),
                f"{column}_at_high": getattr(one.answers_high, self.answer),
                "difference_at_low": getattr(one.change_low, self.answer),
                "difference_at_high": getattr(one.change_high, self.answer),
                "swing": one.swing,
            }
            for one in self.swings
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return all answers as JSON holds them."""
        rows = [
            {
                "input": one.input,
                "low": plain_cell(one.low),
                "high": plain_cell(one.high),
                "at_low": {**one.answers_low.to_dict(), "differences": one.change_low.to_dict()},
                "at_high": {**one.answers_high.to_dict(), "differences": one.change_high.to_dict()},
                "swing": one.swing.to_dict(),
            }
            for one in self.swings
        ]
        return {
            **self._heading(),
            "answer": COLUMNS[self.answer],
            "base": self.base.to_dict(),
            "inputs": rows,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        base = shown_answer(self.answer, getattr(self.base, self.answer))
        lines = [f"Sensitivity of the {WORDS[self.answer]}, {base}: {self._made()}", ""]
        header = ["input", "low", "high", "at low", "at high", "swing", ""]
        table = aligned(header, [self._shown(one) for one in self.swings])
        lines += [*table, "", "In the bars | is the base scenario, - is lower and + is higher."]
        still = [one.input for one in self.swings if verdict(one.swing) == UNTOLD]
        if still:
            lines.append(f"Not told from 0 by so many paths: {', '.join(still)}.")
        if self.answer == "attainment":
            lines.append("Swings are in percentage points; ± is one standard error.")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def _shown(self, one: Swing) -> list[str]:
        ends = [getattr(found, self.answer) for found in (one.answers_low, one.answers_high)]
        return [
            one.input,
            shown_input(one.low),
            shown_input(one.high),
            *(shown_answer(self.answer, end) for end in ends),
            shown_difference(self.answer, one.swing),
            self._bar(one),
        ]

    def _bar(self, one: Swing) -> str:
        """Return how far the answer goes below and above the base, on a scale for all inputs."""
        longest = max(abs(move) for other in self.swings for move in self._moves(other))
        moves = [round(BAR / 2 * move / longest) if longest else 0 for move in self._moves(one)]
        below, above = max(0, *(-move for move in moves)), max(0, *moves)
        return f"{'-' * below:>{BAR // 2}}|{'+' * above:<{BAR // 2}}"

    def _moves(self, one: Swing) -> tuple[float, float]:
        low, high = (getattr(change, self.answer) for change in (one.change_low, one.change_high))
        return low.value, high.value


class _Pair(NamedTuple):
    """An input with its two values, and the scenarios that have them."""

    name: str
    low: Any
    high: Any
    scenarios: tuple[Scenario, Scenario]


def sensitivity(
    base: Scenario,
    inputs: Iterable[str] | Mapping[str, tuple[Any, Any]] | None = None,
    *,
    answer: str | None = None,
    by: float = 0.1,
    paths: int = 20_000,
    seed: int = 1,
    threads: int | None = None,
    executor: Executors | None = None,
    progress: Progress | None = None,
) -> Sensitivity:
    """Return how far an answer moves with each input alone, the others as they are.

    All runs have the same draws. What inputs do together is not seen: see `sobol_shares`.

    Parameters
    ----------
    base : Scenario
        The assumptions.
    inputs : list of str, or mapping of str to (low, high), optional
        Dotted names of fields, each to be varied by ``by`` to both sides; or with the two values
        of each. By default win rate, cycle time, amounts, new business, quota and the market, as
        far as the scenario has them.
    answer : {"attainment", "mean", "p10", "p50", "p90", "wins"}, optional
        The chance to reach the quota, or one of bookings, or mean wins. By default attainment, or
        mean bookings where there is no quota.
    by : float
        Share in (0, 1): 0.1 for 10 % less and 10 % more.
    paths, seed, threads, executor, progress
        As of `simulate`, for each run; progress is over all of them.

    Returns
    -------
    Sensitivity
        A row for each input, in order of the size of its swing.

    Raises
    ------
    InputError
        If a name is not known, the scenario does not take a value, or a value cannot be scaled.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline
    >>> deals = Pipeline.from_frame({"stage": ["proposal"] * 9, "amount": [300_000] * 9})
    >>> base = Scenario(as_of="2026-12-31", periods=Periods("year", 1), quota=1_200_000,
    ...                 funnel=Funnel.key_account(time=60), pipeline=deals)
    >>> found = sensitivity(base, ["pipeline.amount", "funnel.cycle_time"], answer="mean",
    ...                     paths=2_000)
    >>> [(swing.input, swing.low, swing.high) for swing in found.swings]
    [('pipeline.amount', 2430000.0, 2970000.0), ('funnel.cycle_time', 270.0, 330.0)]
    """
    check_scenario(base)
    asked = checked_answer(answer, base.quota)
    share = number("by", by, SHARE, "10 % is given as 0.1")
    pairs, notes = _pairs(base, inputs, share)
    with Runs(
        paths=paths,
        seed=seed,
        threads=threads,
        executor=executor,
        progress=progress,
        scenarios=2 * len(pairs) + 1,
    ) as runs:
        before = runs.forecast(base)
        swings = [_swing(pair, asked, runs, before) for pair in pairs]
    return Sensitivity(
        seed=before.record.seed,
        paths=before.record.paths,
        currency=base.currency,
        answer=asked,
        base=Answers.of(before),
        swings=tuple(sorted(swings, key=lambda one: -abs(one.swing.value))),
        notes=tuple(notes),
    )


def _swing(pair: _Pair, answer: str, runs: Runs, before: Forecast) -> Swing:
    low, high = (runs.forecast(scenario) for scenario in pair.scenarios)
    return Swing(
        input=pair.name,
        low=pair.low,
        high=pair.high,
        answers_low=Answers.of(low),
        answers_high=Answers.of(high),
        change_low=differences(low, before),
        change_high=differences(high, before),
        swing=getattr(differences(high, low), answer),
    )


def _pairs(base: Scenario, inputs: Any, share: float) -> tuple[list[_Pair], list[str]]:
    """Return the inputs with their values, and why others are left out."""
    if inputs is None:
        return _usual(base, share)
    if isinstance(inputs, Mapping):
        pairs = [_pair(base, name, *_two(name, values)) for name, values in inputs.items()]
    elif isinstance(inputs, Iterable) and not isinstance(inputs, NEVER_NUMBERS):
        named = list(inputs)
        if len(set(named)) < len(named):
            raise InputError("inputs", "name each input once", named)
        pairs = [_pair(base, name, *_around(base, name, share)) for name in named]
    else:
        remedy = 'such as ["funnel.win_rate", "quota"]'
        raise InputError(
            "inputs", "be a list of names, or map names to (low, high)", inputs, remedy
        )
    if not pairs:
        raise InputError("inputs", "hold at least one", inputs)
    return pairs, []


def _usual(base: Scenario, share: float) -> tuple[list[_Pair], list[str]]:
    pairs, notes = [], []
    for name in _present(base):
        try:
            pairs.append(_pair(base, name, *_around(base, name, share)))
        except InputError as error:
            notes.append(f"{name} is left out: {error}")
    if not pairs:
        raise InputError("inputs", "be named", None, "the scenario has none of the usual ones")
    return pairs, notes


def _present(base: Scenario) -> Iterator[str]:
    """Yield the usual inputs that a scenario has: they are stated and not 0."""
    for name in USUAL:
        try:
            now = value_of(base, name)
        except InputError:  # of a part that is not stated
            continue
        values = now if isinstance(now, tuple) else (now,)
        if any(values):
            yield name


def _two(name: str, values: Any) -> tuple[Any, Any]:
    found = plain(values)
    try:
        low, high = found
    except (TypeError, ValueError):
        rule = "be a pair of a low and a high value"
        raise InputError(f"values of {name!r}", rule, values) from None
    return low, high


def _around(base: Scenario, name: str, share: float) -> tuple[Any, Any]:
    """Return the value of a field less a share, and more; each of a tuple."""
    now = value_of(base, name)
    values = now if isinstance(now, tuple) else (now,)
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in values):
        raise InputError(name, "be a number, to be varied", now, "give its low and high value")
    if not any(values):
        raise InputError(name, "not be 0, to be varied by a share", now, "give low and high value")
    low, high = (tuple(_moved(one, side) for one in values) for side in (1.0 - share, 1.0 + share))
    return (low, high) if isinstance(now, tuple) else (low[0], high[0])


def _moved(value: float, factor: float) -> float:
    """Return a value times a factor, without the last digits that are rounding."""
    return float(f"{value * factor:.12g}")


def _pair(base: Scenario, name: str, low: Any, high: Any) -> _Pair:
    return _Pair(name, low, high, (with_value(base, name, low), with_value(base, name, high)))
