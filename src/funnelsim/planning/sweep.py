"""The answers on a grid of values of some inputs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from funnelsim._text import aligned
from funnelsim._workers import Executors
from funnelsim.errors import InputError
from funnelsim.estimate import Estimate
from funnelsim.forecast import Forecast
from funnelsim.futures import given
from funnelsim.parameters import NEVER_NUMBERS, plain
from funnelsim.planning.fields import check_scenario, with_values
from funnelsim.planning.paired import main_differences
from funnelsim.planning.results import (
    Answers,
    Result,
    plain_cell,
    shown_answer,
    shown_difference,
    shown_input,
)
from funnelsim.planning.runs import Runs
from funnelsim.scenario import Scenario
from funnelsim.simulation import Progress

SHOWN = {"attainment": "chance", "mean": "mean", "p10": "P10", "p50": "P50", "p90": "P90"}
ROWS_SHOWN = 20

SAME_PATHS = ("quota", "booked")
"""Inputs that leave the paths as they are."""

DEPTHS = range(4)


@dataclass(frozen=True)
class SweepRow:
    """The answers at one combination of inputs.

    Parameters
    ----------
    inputs : tuple
        The value of each input, in the order of `Sweep.inputs`.
    answers : Answers
        What the forecast says.
    attainment_change : Estimate or None
        Attainment less that of the base scenario, with the paired error; None without quotas.
    mean_change : Estimate
        Mean bookings less those of the base scenario.
    """

    inputs: tuple[Any, ...]
    answers: Answers
    attainment_change: Estimate | None
    mean_change: Estimate


@dataclass(frozen=True, kw_only=True, repr=False)
class Sweep(Result):
    """Answers at combinations of inputs, on the same draws; made by `sweep`.

    Parameters
    ----------
    inputs : tuple of str
        Dotted names of the fields that vary.
    base : Answers
        Those of the scenario as it is.
    combinations : tuple of SweepRow
        In the order of the grid: the last input varies fastest.

    Examples
    --------
    >>> from funnelsim import Funnel, NewBusiness, Periods
    >>> base = Scenario(as_of="2026-12-31", periods=Periods("year", 1), quota=900_000,
    ...                 funnel=Funnel.key_account(time=30), new_business=NewBusiness(24, 300_000))
    >>> found = sweep(base, {"new_business.per_period": [24, 48], "quota": [600_000, 900_000]},
    ...               paths=1_000)
    >>> [row.inputs for row in found.combinations]
    [(24, 600000), (24, 900000), (48, 600000), (48, 900000)]
    >>> found.combinations[1].attainment_change
    Estimate(0 ± 0)
    """

    inputs: tuple[str, ...]
    base: Answers
    combinations: tuple[SweepRow, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict for each combination: inputs, answers, differences to the base."""
        return [
            {
                **{name: plain_cell(value) for name, value in self._pairs(row)},
                **row.answers.columns(),
                "difference_attainment_probability": row.attainment_change,
                "difference_bookings_mean": row.mean_change,
            }
            for row in self.combinations
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return all answers as JSON holds them; None where there is no quota."""
        rows = [
            {
                "inputs": {name: plain_cell(value) for name, value in self._pairs(row)},
                **row.answers.to_dict(),
                "differences": {
                    "attainment_probability": given(row.attainment_change),
                    "bookings": {"mean": row.mean_change.to_dict()},
                },
            }
            for row in self.combinations
        ]
        return {
            **self._heading(),
            "inputs": list(self.inputs),
            "base": self.base.to_dict(),
            "rows": rows,
        }

    def _pairs(self, row: SweepRow) -> Iterator[tuple[str, Any]]:
        return zip(self.inputs, row.inputs, strict=True)

    def __repr__(self) -> str:
        rows = self.combinations
        lines = [f"Sweep of {', '.join(self.inputs)}: {len(rows):,} rows, {self._made()}", ""]
        change = "attainment" if any(row.attainment_change for row in rows) else "mean"
        header = [*self.inputs, *SHOWN.values(), f"{SHOWN[change]} to base"]
        lines += aligned(header, [_shown(row, change) for row in rows[:ROWS_SHOWN]])
        if len(rows) > ROWS_SHOWN:
            lines.append(f"and {len(rows) - ROWS_SHOWN:,} more: to_frame() has them all")
        lines += ["", "Differences of chances are in percentage points; ± is one standard error."]
        return "\n".join(lines)


def _shown(row: SweepRow, change: str) -> list[str]:
    difference = row.attainment_change if change == "attainment" else row.mean_change
    return [
        *(shown_input(value) for value in row.inputs),
        *(shown_answer(answer, getattr(row.answers, answer)) for answer in SHOWN),
        shown_difference(change, difference),
    ]


def sweep(
    base: Scenario,
    inputs: Mapping[str, Iterable[Any]],
    *,
    zipped: bool = False,
    paths: int = 20_000,
    seed: int = 1,
    threads: int | None = None,
    executor: Executors | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Return the answers at every combination of values of some inputs, on the same draws.

    All combinations are checked before the first is simulated. What a combination has in common
    with an earlier one is not simulated again. Answers are kept, paths are not.

    Parameters
    ----------
    base : Scenario
        The assumptions that stay.
    inputs : mapping of str to values
        Dotted names of fields, such as ``"market.win_rate_correlation"``, with the values of each.
    zipped : bool
        Whether the first values of all inputs belong together, and the second, and so on; else
        every value is combined with every other.
    paths, seed, threads, executor, progress
        As of `simulate`, for each combination; progress is over all of them.

    Returns
    -------
    Sweep
        A row for each combination, with errors, and its difference to the base scenario.

    Raises
    ------
    InputError
        If a name is not known, or a scenario does not take a value; the message names the
        combination.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline
    >>> deals = Pipeline.from_frame({"stage": ["proposal"] * 9, "amount": [300_000] * 9})
    >>> base = Scenario(as_of="2026-12-31", periods=Periods("year", 1), quota=1_200_000,
    ...                 funnel=Funnel.key_account(time=30), pipeline=deals)
    >>> found = sweep(base, {"market.win_rate_correlation": [0, 0.1, 0.2]}, paths=1_000)
    >>> [round(float(row.answers.mean), -5) for row in found.combinations]
    [1300000.0, 1300000.0, 1300000.0]
    """
    check_scenario(base)
    columns = _columns(inputs)
    points = _zipped(columns) if zipped else list(itertools.product(*columns.values()))
    cases = [_case(base, columns, point) for point in points]
    with Runs(
        paths=paths,
        seed=seed,
        threads=threads,
        executor=executor,
        progress=progress,
        scenarios=len(points) + 1,
    ) as runs:
        before = runs.forecast(base)
        found: dict[int, SweepRow] = {}
        for place in _order(columns, points):
            found[place] = _row(points[place], runs.forecast(cases[place]), before)
    return Sweep(
        seed=before.record.seed,
        paths=before.record.paths,
        currency=base.currency,
        inputs=tuple(columns),
        base=Answers.of(before),
        combinations=tuple(found[place] for place in range(len(points))),
    )


def _row(point: tuple[Any, ...], forecast: Forecast, before: Forecast) -> SweepRow:
    return SweepRow(point, Answers.of(forecast), *main_differences(forecast, before))


def _columns(inputs: Any) -> dict[str, list[Any]]:
    """Return the values of each input; refuse what are none."""
    if not isinstance(inputs, Mapping) or not inputs:
        example = 'such as {"quota": [1_000_000, 1_200_000]}'
        raise InputError("inputs", "map names of fields to values", inputs, example)
    columns = {}
    for name, given_values in inputs.items():
        values = plain(given_values)
        if not isinstance(values, Iterable) or isinstance(values, NEVER_NUMBERS):
            raise InputError(f"values of {name!r}", "be a list", values, f"such as [{values!r}]")
        columns[name] = list(values)
        if not columns[name]:
            raise InputError(f"values of {name!r}", "hold at least one", columns[name])
    return columns


def _zipped(columns: Mapping[str, Sequence[Any]]) -> list[tuple[Any, ...]]:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        remedy = "zipped values belong together, one of each input"
        raise InputError("values of the inputs", "be equally many", lengths, remedy)
    return list(zip(*columns.values(), strict=True))


def _case(base: Scenario, names: Iterable[str], point: tuple[Any, ...]) -> Scenario:
    """Return the scenario at a point, or an error that names the point."""
    values = dict(zip(names, point, strict=True))
    try:
        return with_values(base, values)
    except InputError as error:
        where = ", ".join(f"{name} = {value}" for name, value in values.items())
        raise error.at(where) from None


def _order(names: Iterable[str], points: Sequence[tuple[Any, ...]]) -> list[int]:
    """Return the places of the points in an order that lets most be taken from those before.

    Inputs that change all paths change least often, those that change none most often.
    """
    depths = [_depth(name) for name in names]
    first: dict[tuple[int, str], int] = {}

    def turn(place: int) -> list[int]:
        inputs = list(zip(depths, points[place], strict=True))
        own = [(depth, repr([value for d, value in inputs if d == depth])) for depth in DEPTHS]
        return [first.setdefault(one, place) for one in own]

    return sorted(range(len(points)), key=turn)


def _depth(name: str) -> int:
    """Return how little of a simulation an input changes."""
    if name in SAME_PATHS:
        return 3
    return {"new_business": 2, "pipeline": 1}.get(name.partition(".")[0], 0)
