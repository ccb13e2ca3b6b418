"""What a small change is worth: in the chance to reach the quota, in money, and in risk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from funnelsim._text import aligned
from funnelsim._workers import Executors
from funnelsim.errors import InputError
from funnelsim.forecast import Forecast
from funnelsim.planning.fields import check_scenario, value_of, with_value
from funnelsim.planning.levers import EXTRA_DEALS, extra_in_words
from funnelsim.planning.paired import differences
from funnelsim.planning.results import (
    UNTOLD,
    Answers,
    Result,
    plain_cell,
    shown_answer,
    shown_difference,
    verdict,
)
from funnelsim.planning.runs import Runs
from funnelsim.scenario import Scenario
from funnelsim.simulation import Progress

POINT = 0.01
SHOWN = {"attainment": "chance, points", "mean": "mean bookings", "p10": "P10 of bookings"}


@dataclass(frozen=True)
class Worth:
    """What one change is worth.

    Parameters
    ----------
    change : str
        What is changed, in words.
    input : str
        Dotted name of the field.
    before, after : float
        Its value.
    gain : Answers
        The answers with the change less those without it, with paired errors.
    """

    change: str
    input: str
    before: float
    after: float
    gain: Answers


@dataclass(frozen=True, kw_only=True, repr=False)
class ValueOfChanges(Result):
    """What small changes are worth; made by `value_of_changes`.

    Parameters
    ----------
    name : str
        What the scenario is called.
    base : Answers
        What it says as it is.
    changes : tuple of Worth
        One more deal in each stage, one day off the cycle, one point of win rate.
    notes : tuple of str
        Changes that could not be made, and why; what an extra deal is worth.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline
    >>> deals = Pipeline.from_frame({"stage": ["proposal"] * 9, "amount": [300_000] * 9})
    >>> base = Scenario(as_of="2026-12-31", periods=Periods("year", 1), quota=1_200_000,
    ...                 funnel=Funnel.key_account(time=30), pipeline=deals)
    >>> found = value_of_changes(base, paths=10_000)
    >>> [change.change for change in found.changes][3:]
    ['one more deal in proposal', 'one more deal in negotiation', 'one day off the cycle', \
'one point of win rate']
    >>> round(found.changes[3].gain.mean.value, -4)
    150000.0
    """

    name: str
    base: Answers
    changes: tuple[Worth, ...]
    notes: tuple[str, ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict for each change: what it is, and the differences that it makes."""
        return [
            {
                "change": one.change,
                "input": one.input,
                "before": plain_cell(one.before),
                "after": plain_cell(one.after),
                **one.gain.columns("difference_"),
            }
            for one in self.changes
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return all answers as JSON holds them; None where there is no quota."""
        changes = [
            {
                "change": one.change,
                "input": one.input,
                "before": plain_cell(one.before),
                "after": plain_cell(one.after),
                "differences": one.gain.to_dict(),
            }
            for one in self.changes
        ]
        return {
            **self._heading(),
            "scenario": self.name,
            "base": self.base.to_dict(),
            "changes": changes,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        lines = [f"{self.name or 'Scenario'}, what changes are worth: {self._made()}", ""]
        rows = [[one.change, *_shown(one.gain)] for one in self.changes]
        as_it_is = [shown_answer(name, getattr(self.base, name)) for name in SHOWN]
        lines += aligned(["change", *SHOWN.values()], [*rows, ["as it is", *as_it_is]])
        lines += ["", "± is one standard error; * is not told from 0 by so many paths."]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def _shown(gain: Answers) -> list[str]:
    cells = []
    for name in SHOWN:
        difference = getattr(gain, name)
        unsure = difference is not None and verdict(difference) == UNTOLD
        cells.append(shown_difference(name, difference) + "*" * unsure)
    return cells


class _Change(NamedTuple):
    """A change to be made: what it is, the field, and how much is added to it."""

    change: str
    input: str
    step: float


def value_of_changes(
    base: Scenario,
    *,
    paths: int = 100_000,
    seed: int = 1,
    threads: int | None = None,
    executor: Executors | None = None,
    progress: Progress | None = None,
) -> ValueOfChanges:
    """Return what one more deal, one day off the cycle and one point of win rate are worth.

    Each change is made alone, on the same draws: one more deal in each stage (of the
    amount of `RequiredPipeline`, else of new business, else of the open deals of the stage), a
    mean cycle that is a day shorter (``funnel.cycle_time``), and a win rate of the first stage that
    is 0.01 higher (``funnel.win_rate``; the odds of the other stages move alike). A change that
    cannot be made is left out, and a note says why.

    Parameters
    ----------
    base : Scenario
        The assumptions.
    paths, seed, threads, executor, progress
        As of `simulate`, for each run; progress is over all of them.

    Returns
    -------
    ValueOfChanges
        For each change what it adds to attainment, to mean bookings and to P10, the bookings that
        are exceeded with a chance of 90 %.

    Raises
    ------
    InputError
        If an option is not usable.

    Examples
    --------
    >>> from funnelsim import Funnel, NewBusiness, Periods
    >>> base = Scenario(as_of="2026-12-31", periods=Periods("year", 1), quota=900_000,
    ...                 funnel=Funnel.key_account(time=30), new_business=NewBusiness(48, 300_000))
    >>> found = value_of_changes(base, paths=2_000)
    >>> all(change.gain.attainment.value >= 0 for change in found.changes)
    True
    """
    check_scenario(base)
    cases, notes = [], []
    for change in _changes(base):
        try:
            before = value_of(base, change.input)
            after = _added(before, change.step)
            cases.append((change, before, after, with_value(base, change.input, after)))
        except InputError as error:
            notes.append(f"{change.change} is left out: {error}")
    stages = [extra_stage(change.input) for change, *_ in cases if extra_stage(change.input)]
    if stages:
        notes.append(extra_in_words(base, stages))
    with Runs(
        paths=paths,
        seed=seed,
        threads=threads,
        executor=executor,
        progress=progress,
        scenarios=len(cases) + 1,
    ) as runs:
        as_it_is = runs.forecast(base)
        changes = [
            Worth(change.change, change.input, before, after, _gain(runs, changed, as_it_is))
            for change, before, after, changed in cases
        ]
    return ValueOfChanges(
        seed=as_it_is.record.seed,
        paths=as_it_is.record.paths,
        currency=base.currency,
        name=base.name,
        base=Answers.of(as_it_is),
        changes=tuple(changes),
        notes=tuple(notes),
    )


def extra_stage(name: str) -> str:
    """Return the stage of a lever of extra deals, an empty text for other inputs."""
    head = f"{EXTRA_DEALS}."
    return name.removeprefix(head) if name.startswith(head) else ""


def _gain(runs: Runs, changed: Scenario, as_it_is: Forecast) -> Answers:
    return differences(runs.forecast(changed), as_it_is)


def _changes(base: Scenario) -> Iterator[_Change]:
    for stage in base.funnel.names[:-1]:
        yield _Change(f"one more deal in {stage}", f"{EXTRA_DEALS}.{stage}", 1)
    yield _Change("one day off the cycle", "funnel.cycle_time", -1.0)
    yield _Change("one point of win rate", "funnel.win_rate", POINT)


def _added(value: float, step: float) -> float:
    """Return the sum, without the last digits that are rounding."""
    return value + step if isinstance(step, int) else float(f"{value + step:.12g}")
