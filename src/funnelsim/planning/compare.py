"""Scenarios side by side, and how much each differs from one of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from funnelsim._text import aligned
from funnelsim._workers import Executors
from funnelsim.errors import InputError, unknown
from funnelsim.estimate import Estimate
from funnelsim.forecast import Forecast
from funnelsim.futures import given
from funnelsim.goal import CENTS
from funnelsim.parameters import NEVER_NUMBERS, whole
from funnelsim.planning.costs import (
    cost_difference,
    return_on_cost,
    shown_cost,
    shown_return,
    stated,
)
from funnelsim.planning.paired import differences
from funnelsim.planning.results import Answers, Result, in_words, shown_answer, shown_difference
from funnelsim.planning.runs import Runs
from funnelsim.scenario import Scenario
from funnelsim.simulation import Progress
from funnelsim.staff_cost import staff_cost

LEAST = 2
SHOWN = {
    "attainment": "chance",
    "mean": "mean",
    "p10": "P10",
    "p50": "P50",
    "p90": "P90",
    "wins": "wins",
}


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparison(Result):
    """Scenarios on the same draws; made by `compare`.

    Parameters
    ----------
    names : tuple of str
        What the scenarios are called.
    baseline : str
        The one that the others are compared with.
    forecasts : tuple of Forecast
        One for each scenario.
    answers : tuple of Answers
        What each forecast says.
    differences : tuple of Answers
        What each says less what the baseline says, with paired errors.
    changed : tuple of tuple of str
        The fields of each scenario that are not those of the baseline.
    costs : tuple of float or None
        Expected cost of each team inside the horizon, exact; None where no role states one.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline
    >>> base = Scenario(
    ...     name="base", as_of="2026-12-31", periods=Periods("year", 1), quota=300_000,
    ...     funnel=Funnel.key_account(time=10),
    ...     pipeline=Pipeline.from_frame({"stage": ["proposal"], "amount": [300_000]}),
    ... )
    >>> both = compare([base, base.replace(name="signed", booked=300_000)], paths=10_000)
    >>> both.names, both.changed
    (('base', 'signed'), ((), ('booked',)))
    >>> abs(both.differences[1].attainment.value - 0.5) < 0.02
    True
    """

    names: tuple[str, ...]
    baseline: str
    forecasts: tuple[Forecast, ...]
    answers: tuple[Answers, ...]
    differences: tuple[Answers, ...]
    changed: tuple[tuple[str, ...], ...]
    costs: tuple[float | None, ...]

    @property
    def cost_differences(self) -> tuple[float | None, ...]:
        """What each scenario costs more than the baseline; None where either has no cost."""
        first = self.costs[self.names.index(self.baseline)]
        return tuple(cost_difference(cost, first) for cost in self.costs)

    @property
    def returns(self) -> tuple[Estimate | None, ...]:
        """Difference of mean bookings for each unit of the difference of cost, if there is one."""
        pairs = zip(self.differences, self.cost_differences, strict=True)
        return tuple(return_on_cost(change.mean, cost) for change, cost in pairs)

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict for each scenario: its answers, and its differences to the baseline.

        Where a team has a cost there are also ``cost``, ``difference_cost`` and ``return_on_cost``.
        """
        rows = [
            {
                "scenario": name,
                "quota": _units(forecast.scenario.quota_cents),
                "booked": forecast.scenario.booked,
                **found.columns(),
                **change.columns("difference_"),
            }
            for name, forecast, found, change in self._parts()
        ]
        if stated(self.costs):
            triples = zip(rows, self.costs, self.cost_differences, self.returns, strict=True)
            for row, cost, more, brings in triples:
                row |= {"cost": cost, "difference_cost": more, "return_on_cost": brings}
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return all answers as JSON holds them; None where there is no quota."""
        scenarios = [
            {
                "name": name,
                "as_of": forecast.scenario.as_of.isoformat(),
                "quota": _units(forecast.scenario.quota_cents),
                "booked": forecast.scenario.booked,
                "changed": list(changed),
                **found.to_dict(),
                "cost": cost,
                "differences": {**change.to_dict(), "cost": more},
                "return_on_cost": given(brings),
            }
            for (name, forecast, found, change), changed, cost, more, brings in zip(
                self._parts(),
                self.changed,
                self.costs,
                self.cost_differences,
                self.returns,
                strict=True,
            )
        ]
        return {**self._heading(), "baseline": self.baseline, "scenarios": scenarios}

    def _parts(self) -> Iterable[tuple[str, Forecast, Answers, Answers]]:
        return zip(self.names, self.forecasts, self.answers, self.differences, strict=True)

    def __repr__(self) -> str:
        first = self.names.index(self.baseline)
        lines = [f"Comparison with {self.baseline}: {self._made()}", ""]
        lines += [*aligned(*self._answers_table()), ""]
        header, rows = self._differences_table()
        lines += [*aligned(header, [*rows[:first], *rows[first + 1 :]]), ""]
        for (name, *_, change), changed in zip(self._parts(), self.changed, strict=True):
            if name != self.baseline:
                lines.append(f"{name} (differs in {', '.join(changed) or 'nothing'})")
                lines.append(f"  {in_words(change)}")
        lines.append("Differences of chances are in percentage points; ± is one standard error.")
        if stated(self.costs):
            lines.append("return: difference of mean bookings for each unit of difference of cost")
        return "\n".join(lines)

    def _answers_table(self) -> tuple[list[str], list[list[str]]]:
        header = ["scenario", *SHOWN.values()]
        rows = [
            [name, *(shown_answer(answer, getattr(found, answer)) for answer in SHOWN)]
            for name, found in zip(self.names, self.answers, strict=True)
        ]
        if stated(self.costs):
            header.append("cost")
            for row, cost in zip(rows, self.costs, strict=True):
                row.append(shown_cost(cost))
        return header, rows

    def _differences_table(self) -> tuple[list[str], list[list[str]]]:
        header = ["difference", *SHOWN.values()]
        rows = [
            [name, *(shown_difference(answer, getattr(change, answer)) for answer in SHOWN)]
            for name, change in zip(self.names, self.differences, strict=True)
        ]
        if stated(self.costs):
            header += ["cost", "return"]
            for row, cost, brings in zip(rows, self.cost_differences, self.returns, strict=True):
                row += [shown_cost(cost), shown_return(brings)]
        return header, rows


def _units(cents: int | None) -> float | None:
    return None if cents is None else cents / CENTS


def compare(
    scenarios: Sequence[Scenario] | Mapping[str, Scenario],
    *,
    baseline: int | str = 0,
    paths: int = 100_000,
    seed: int = 1,
    threads: int | None = None,
    executor: Executors | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Simulate scenarios on the same draws and compare them with one of them.

    A deal has the same draws in every scenario in which its id stands, so what scenarios have in
    common cancels out of the differences. The currency must be the same. Periods, quota and day
    may differ; bookings are then those of each scenario's own horizon. Where roles of a team state
    a cost, plans of hiring are told apart by their cost and return, too.

    Parameters
    ----------
    scenarios : sequence of Scenario, or mapping of str to Scenario
        At least two. In a sequence they are called by their `Scenario.name`.
    baseline : int or str
        The one to compare with: its place, from 0, or its name.
    paths, seed, threads, executor, progress
        As of `simulate`; progress is over all scenarios.

    Returns
    -------
    Comparison
        Answers and differences, each with its error. It keeps all forecasts.

    Raises
    ------
    InputError
        If there are fewer than two scenarios, of more than one currency, or no such baseline.

    Examples
    --------
    >>> from funnelsim import Funnel, NewBusiness, Periods
    >>> base = Scenario(as_of="2026-12-31", periods=Periods("year", 1), quota=3_000_000,
    ...                 funnel=Funnel.key_account(time=30), new_business=NewBusiness(96, 300_000))
    >>> more = base.replace(new_business=NewBusiness(120, 300_000))
    >>> found = compare({"8 a month": base, "10 a month": more}, paths=2_000)
    >>> found.differences[1].attainment.low > 0
    True
    """
    given = _named(scenarios)
    names, cases = list(given), list(given.values())
    first = _place(baseline, names)
    _check_currencies(given)
    with Runs(
        paths=paths,
        seed=seed,
        threads=threads,
        executor=executor,
        progress=progress,
        scenarios=len(cases),
    ) as runs:
        forecasts = tuple(runs.forecast(one) for one in cases)
    record = forecasts[first].record
    return Comparison(
        seed=record.seed,
        paths=record.paths,
        currency=cases[first].currency,
        names=tuple(names),
        baseline=names[first],
        forecasts=forecasts,
        answers=tuple(Answers.of(one) for one in forecasts),
        differences=tuple(differences(one, forecasts[first]) for one in forecasts),
        changed=tuple(differing_fields(one, cases[first]) for one in cases),
        costs=tuple(staff_cost(one) for one in cases),
    )


def differing_fields(scenario: Scenario, other: Scenario) -> tuple[str, ...]:
    """Return the fields of a scenario, apart from its name, that are not those of another."""
    return tuple(
        one.name
        for one in dataclasses.fields(Scenario)
        if one.name != "name" and getattr(scenario, one.name) != getattr(other, one.name)
    )


def _named(scenarios: Any) -> dict[str, Scenario]:
    """Return the scenarios by names that differ."""
    if isinstance(scenarios, Mapping):
        found = {str(name): one for name, one in scenarios.items()}
    elif isinstance(scenarios, Iterable) and not isinstance(scenarios, NEVER_NUMBERS):
        found = _by_own_names(list(scenarios))
    else:
        raise InputError("scenarios", "be a list of Scenario objects", scenarios)
    for name, one in found.items():
        if not isinstance(one, Scenario):
            raise InputError(f"scenario {name!r}", "be a Scenario", one)
    if len(found) < LEAST:
        raise InputError("scenarios", "be at least two", len(found), "one is for simulate")
    return found


def _by_own_names(scenarios: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, one in enumerate(scenarios, 1):
        own = getattr(one, "name", "") or f"scenario {number}"
        name, count = own, 1
        while name in found:
            count += 1
            name = f"{own} ({count})"
        found[name] = one
    return found


def _place(baseline: int | str, names: list[str]) -> int:
    if isinstance(baseline, str):
        if baseline not in names:
            raise unknown("baseline", baseline, names, "be the name of a scenario")
        return names.index(baseline)
    return whole("baseline", baseline, 0, len(names) - 1)


def _check_currencies(given: Mapping[str, Scenario]) -> None:
    currencies = {one.currency for one in given.values()}
    if len(currencies) > 1:
        raise InputError(
            "currencies of the scenarios",
            "be the same",
            sorted(currencies),
            "amounts of different currencies cannot be compared",
        )
