"""Signals: what is known of deals beside their stage, and the population that it is held against.

In the reference population the chances are those of the stages; a deal's answers move its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim._deals import NO_SEGMENT
from funnelsim._signal import AnySignal, NumericSignal, Signal, put
from funnelsim.errors import InputError, RowProblem, RowsError, unknown
from funnelsim.frames import table_from_frame
from funnelsim.parameters import common_draws
from funnelsim.pipeline import Pipeline

__all__ = ["NumericSignal", "Signal", "Signals"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Signals:
    """The signals of all deals, and the population that the stages' chances are those of.

    Parameters
    ----------
    signals : sequence of Signal or NumericSignal
        The columns that move the odds; their names differ.
    population : dataframe, mapping of columns or list of mappings, optional
        The reference population deal by deal, with a column for each signal and no answer missing:
        for signals that depend on each other. Signals then have no reference of their own. By
        default signals are independent in the reference population.

    Examples
    --------
    >>> Signals([Signal("coach", {"covered": 2.0, "not covered": 1.0})]).names
    ('coach',)
    """

    signals: Sequence[AnySignal]
    population: Any = None
    own: tuple[str, ...] = field(default=(), compare=False)
    """Signals whose reference is that of the open deals."""

    def __post_init__(self) -> None:
        given: Any = self.signals
        if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
            raise InputError("signals", "be a list of Signal objects", given)
        put(self, "signals", tuple(given))
        seen: set[str] = set()
        for one in self.signals:
            if not isinstance(one, Signal | NumericSignal):
                raise InputError("signals", "be Signal or NumericSignal objects", one)
            if one.name.casefold() in seen:
                raise InputError("names of signals", "differ, whatever the case", one.name)
            seen.add(one.name.casefold())
        common_draws(self.draw_counts())
        if self.population is not None:
            put(self, "population", self._checked_population(self.population))

    def __hash__(self) -> int:
        return hash(tuple(self.signals))

    def _checked_population(self, given: Any) -> dict[str, tuple[str, ...]]:
        table = table_from_frame(given)
        for one in self.signals:
            if one.reference is not None:
                rule, remedy = "be left out where a population is given", "it has the shares"
                raise InputError(f"reference of signal {one.name!r}", rule, remedy=remedy)
            if one.name not in table.columns:
                raise unknown("population", one.name, table.columns, "have a column of the signal")
        columns = {one.name: _texts(table.columns[one.name]) for one in self.signals}
        codes = self._codes("population", columns, table.rows)
        if not len(codes):
            raise InputError("population", "have at least one deal")
        for row, column in zip(*np.nonzero(np.isnan(codes)), strict=True):
            field_ = f"{self.signals[column].name} in row {row + 1} of the population"
            raise InputError(field_, "be known", remedy="leave such deals out")
        return columns

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the signals, in order."""
        return tuple(one.name for one in self.signals)

    @property
    def draws(self) -> int:
        """Number of draws that the effects share, 1 if all are certain."""
        return common_draws(self.draw_counts())

    def draw_counts(self) -> list[tuple[str, int]]:
        """Return the number of draws of each effect, by name."""
        return [count for one in self.signals for count in one.draw_counts()]

    def codes(self, pipeline: Pipeline) -> Floats:
        """Return the answers of deals as numbers, NaN where missing, shape (deals, signals).

        Raises
        ------
        InputError
            If the deals have no such column; a `RowsError` for words that are no level.
        """
        known = dict(pipeline.segments)
        columns: dict[str, tuple[str, ...]] = {}
        for one in self.signals:
            if one.name in known:
                columns[one.name] = known[one.name]
            elif one.moves and len(pipeline):
                raise unknown("signal", one.name, known, "be a column of the deals")
        return self._codes(pipeline.source.name, columns, pipeline.rows)

    def _codes(
        self, source: str, columns: Mapping[str, Sequence[str]], rows: Sequence[int]
    ) -> Floats:
        codes = np.full((len(rows), len(self.signals)), np.nan)
        problems: list[RowProblem] = []
        for place, one in enumerate(self.signals):
            cells = columns.get(one.name, ())
            known, wrong = _coded(one, set(cells))
            for k, cell in enumerate(cells):
                codes[k, place] = known.get(cell, math.nan)
                if cell in wrong:
                    error = wrong[cell]
                    problem = RowProblem(rows[k], one.name, error.rule, cell, error.remedy)
                    problems.append(problem)
        if problems:
            problems.sort(key=lambda problem: problem.row)
            raise RowsError(source, problems, "correct them, or add their words to the signal")
        return codes

    def population_codes(self) -> Floats:
        """Return the answers of the reference population, shape (rows, signals)."""
        assert self.population is not None
        rows = range(1, len(next(iter(self.population.values()), ())) + 1)
        return self._codes("population", self.population, rows)

    def resolve(self, pipeline: Pipeline) -> Signals:
        """Return the signals checked against deals, whose answers are the reference if none is.

        A reference that was taken from deals once stays, whatever deals come or go later.
        """
        if vars(self).get("_settled_in") is pipeline:
            return self
        codes, own, signals = self.codes(pipeline), list(self.own), list(self.signals)
        for place, one in enumerate(self.signals):
            answers = codes[~np.isnan(codes[:, place]), place]
            if one.reference is None and self.population is None and len(answers):
                signals[place] = one.of_answers(answers)
                own.append(one.name)
        settled = (
            self
            if tuple(signals) == self.signals
            else replace(self, signals=tuple(signals), own=tuple(own))
        )
        put(settled, "_settled_in", pipeline)
        return settled


def _coded(one: AnySignal, cells: set[str]) -> tuple[dict[str, float], dict[str, InputError]]:
    """Return the numbers of different cells, and what is wrong with those that have none."""
    known: dict[str, float] = {}
    wrong: dict[str, InputError] = {}
    for cell in cells:
        try:
            known[cell] = one.code(cell)
        except InputError as error:
            wrong[cell] = error
    return known, wrong


def _texts(cells: Sequence[Any]) -> tuple[str, ...]:
    """Return cells as the segments of deals are written."""
    whole = (int(one) if isinstance(one, float) and one.is_integer() else one for one in cells)
    return tuple(NO_SEGMENT if one is None else str(one) for one in whole)
