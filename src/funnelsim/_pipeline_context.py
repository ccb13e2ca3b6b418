"""What open deals must fit: the stages, the as-of date and the currency of a scenario."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from funnelsim.errors import InputError, RowProblem, unknown
from funnelsim.periods import as_date


@dataclass(frozen=True)
class PipelineContext:
    """What open deals must fit.

    Parameters
    ----------
    stage_names : sequence of str
        The stages of the funnel in order; the last one is closed-won.
    as_of : date or str
        The day of the forecast; no deal entered its stage after it.
    currency : str
        The currency of the scenario, ``""`` if it has none.
    """

    stage_names: tuple[str, ...]
    as_of: dt.date
    currency: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "stage_names", tuple(self.stage_names))
        object.__setattr__(self, "as_of", as_date("as_of", self.as_of))

    def misfits(
        self, deals: Mapping[str, Sequence[Any]], column_of: Callable[[str], str]
    ) -> list[RowProblem]:
        """Return what does not fit in columns of deals, where None stands for no value."""
        checks: tuple[tuple[str, str, Callable[[Any], InputError | None]], ...] = (
            ("stage", "stages", self._stage),
            ("entered", "entered", self._entered),
            ("currency", "currencies", self._currency),
        )
        problems: list[RowProblem] = []
        for field, name, check in checks:
            # cells repeat, so each different one is judged once
            errors = {cell: check(cell) for cell in set(deals[name]) - {None}}
            wrong = {cell: error for cell, error in errors.items() if error is not None}
            problems += [
                RowProblem(row, column_of(field), error.rule, error.value, error.remedy)
                for row, cell in zip(deals["rows"], deals[name], strict=True)
                if wrong and (error := wrong.get(cell)) is not None
            ]
        return problems

    def spelled(self, stages: Sequence[str]) -> tuple[str, ...]:
        """Return the names of stages that fit, spelled as in the funnel."""
        names = self._names()
        return tuple(names[stage.strip().casefold()] for stage in stages)

    def check_one_currency(self, source: str, currencies: Sequence[str | None]) -> None:
        """Refuse deals in several currencies where the scenario names none."""
        found = {one.casefold(): one for one in currencies if one is not None}
        if not self.currency and len(found) > 1:
            remedy = "mixed currencies: one currency per scenario"
            names = ", ".join(sorted(found.values()))
            raise InputError(f"currency of {source}", "be the same for all deals", names, remedy)

    def _names(self) -> dict[str, str]:
        return {name.strip().casefold(): name for name in self.stage_names}

    def _stage(self, stage: str) -> InputError | None:
        name = self._names().get(stage.strip().casefold())
        if name is None:
            return unknown("stage", stage, self.stage_names, "be a stage of the funnel")
        last = self.stage_names[-1]
        if name == last:
            remedy = f"an open deal stands before {last!r}; add signed amounts to booked"
            return InputError("stage", "be one before the last", stage, remedy)
        return None

    def _entered(self, day: dt.date) -> InputError | None:
        if day <= self.as_of:
            return None
        return InputError("entered", f"not be after as_of, {self.as_of}", day.isoformat())

    def _currency(self, currency: str) -> InputError | None:
        if not self.currency or currency.casefold() == self.currency.strip().casefold():
            return None
        remedy = "one currency per scenario"
        return InputError("currency", f"be that of the scenario, {self.currency}", currency, remedy)
