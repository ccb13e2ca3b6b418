"""Open deals by their ids, and the fields of each, as a scenario file names them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from funnelsim.distributions import Fixed
from funnelsim.errors import InputError, RowsError
from funnelsim.goal import CENTS
from funnelsim.pipeline import Pipeline, PipelineContext
from funnelsim.planning.parts import LAWS, WHOLE, Changes, Part, joined, law_of, with_below

COLUMNS = {
    "stage": "stages",
    "amount": "amounts",
    "age": "ages",
    "entered": "entered",
    "win_probability": "win_probabilities",
    "close_date": "close_dates",
    "currency": "currencies",
}
"""The column of a pipeline for each field of a deal."""
TWICE = {"age": "entered", "entered": "age"}
"""Two ways to say the same: setting one takes the other away."""


class PipelinePart(Part):
    """The pipeline: it has deals."""

    def __init__(self, where: str, value: Pipeline, context: PipelineContext) -> None:
        super().__init__(where, value)
        self._deals = Deals(joined(where, "deals"), value, context)

    def fits(self, rest: str) -> bool:
        """Return whether the rest of a name may follow: a deal does."""
        return rest != WHOLE

    def fields(self) -> Sequence[str]:
        """Return the one name."""
        return ["deals"]

    def get(self, field: str) -> Deals:  # noqa: ARG002 - there is but one
        """Return the deals."""
        return self._deals

    def put(self, changes: Changes) -> Any:
        """Return the pipeline with some of its deals changed."""
        return with_below(self._deals.where, self._deals, changes["deals"])


class Deals(Part):
    """The open deals, by id; an id may hold dots."""

    has_value = False
    value: Pipeline

    def __init__(self, where: str, value: Pipeline, context: PipelineContext) -> None:
        super().__init__(where, value)
        self._context = context
        self._places = {name: place for place, name in enumerate(value.ids)}
        self._segments = [name for name, _ in value.segments]

    def fields(self) -> Sequence[str]:
        """Return the ids."""
        return self.value.ids

    def find(self, word: str) -> str | None:
        """Return an id that there is."""
        return word if word in self._places else None

    def fits(self, rest: str) -> bool:
        """Return whether the rest of a name may follow an id."""
        return rest in self._segments or rest.split(".", maxsplit=1)[0] in COLUMNS

    def get(self, field: str) -> Deal:
        """Return a deal."""
        where = joined(self.where, field)
        return Deal(where, self.value, self._places[field], self._context)

    def put(self, changes: Changes) -> Pipeline:
        """Return the pipeline with some of its deals changed."""
        columns = {name: list(getattr(self.value, name)) for name in COLUMNS.values()}
        segments = {name: list(cells) for name, cells in self.value.segments}
        for name, given in changes.items():
            place = self._places[name]
            for field, cell in with_below(self.get(name).where, self.get(name), given).items():
                cells = columns[COLUMNS[field]] if field in COLUMNS else segments[field]
                cells[place] = cell
        kept: dict[str, Any] = {name: tuple(cells) for name, cells in columns.items()}
        kept["segments"] = tuple((name, tuple(cells)) for name, cells in segments.items())
        return dataclasses.replace(self.value, **kept)


class Deal(Part):
    """The fields of one deal, and its segments."""

    has_value = False

    def __init__(
        self, where: str, pipeline: Pipeline, place: int, context: PipelineContext
    ) -> None:
        super().__init__(where, None)
        self._pipeline, self._place, self._context = pipeline, place, context

    def fields(self) -> Sequence[str]:
        """Return the names of the fields and of the segments."""
        return [*COLUMNS, *(name for name, _ in self._pipeline.segments)]

    def split(self, name: str) -> tuple[str, str]:
        """Return the field that a name begins with, and the rest."""
        return (name, WHOLE) if name in self.fields() else super().split(name)

    def get(self, field: str) -> Any:
        """Return a value as a scenario file states it; an age that is known by its first day."""
        cell = self._cell(field)
        if field == "amount" and isinstance(cell, int):
            return units(cell)
        if field == "age" and cell is None and self._cell("entered") is not None:
            return float((self._context.as_of - self._cell("entered")).days)
        return cell

    def _cell(self, field: str) -> Any:
        if field in COLUMNS:
            return getattr(self._pipeline, COLUMNS[field])[self._place]
        return self._pipeline.segment(field)[self._place]

    def put(self, changes: Changes) -> Mapping[str, Any]:
        """Return the new cells of the deal, checked as those of a file are."""
        given = {field: self._new(field, change) for field, change in changes.items()}
        row = {"stage": self._cell("stage"), "amount": 0, **given}
        try:
            read = Pipeline.from_deals([row], context=self._context)
        except RowsError as error:
            first = error.problems[0]
            name = joined(self.where, first.column)
            raise InputError(name, first.rule, first.value, first.remedy) from None
        deal = Deal(self.where, read, 0, self._context)
        cells = {TWICE[one]: None for one in TWICE if given.get(one) is not None}
        return cells | {field: deal._cell(field) for field in given}

    def below(self, field: str) -> Any:
        """Return what is below a field: an amount in cents is a fixed one."""
        cell = self._cell(field)
        return Fixed(cell / CENTS) if isinstance(cell, int) else self.get(field)

    def _new(self, field: str, change: Mapping[str, Any]) -> Any:
        where = joined(self.where, field)
        value = change.get(WHOLE, self.below(field))
        new = with_below(where, law_of(where, value) if field in LAWS else value, change)
        return new.mean if isinstance(new, Fixed) and isinstance(self._cell(field), int) else new


def units(cents: int) -> float | Decimal:
    """Return currency units, as a decimal number where a float has no room for the cents.

    Examples
    --------
    >>> units(12_000_050)
    120000.5
    """
    value = cents / CENTS
    exact = Decimal(cents) / CENTS
    return value if Decimal(repr(value)) == exact else exact
