"""A workbook as the document of a scenario file, with the cell of each key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from funnelsim.errors import InputError, RowProblem, RowsError
from funnelsim.excel.cells import Place
from funnelsim.scenario_file.document import Document
from funnelsim.scenario_file.lines import KeyPath

DEALS: KeyPath = ("pipeline", "deals")
CORRECT = "correct these cells"


@dataclass(frozen=True)
class WorkbookDocument(Document):
    """What the sheets of a workbook say, as a scenario file would.

    Parameters
    ----------
    places : dict
        The cell of each key, empty ones included.
    """

    places: dict[KeyPath, Place] = field(default_factory=dict)

    @cached_property
    def lines(self) -> dict[KeyPath, int]:
        """The row of each key, which tells what has a place."""
        return {path: place.row + 1 for path, place in self.places.items()}

    def where(self, path: KeyPath) -> str:
        """Return file, sheet and cell of a key, or of the nearest thing around it."""
        for count in range(len(path), 0, -1):
            if path[:count] in self.places:
                return f"{self.file}, {self.places[path[:count]]}"
        return self.file

    def in_cells(self, error: RowsError) -> InputError:
        """Return what is wrong with rows of deals, said of cells."""
        problems = [self._in_cell(one) for one in error.problems]
        if len(problems) > 1:
            sheet = self.places[*DEALS, 0].sheet
            return RowsError(f"{self.file}, sheet {sheet}", problems, CORRECT)
        [one] = error.problems
        rule = self._of_sheet(one.rule)
        where = self.where((*DEALS, one.row - 1, one.column))
        return InputError(one.column, rule, one.value, one.remedy, where)

    def _in_cell(self, problem: RowProblem) -> RowProblem:
        place = self.places[*DEALS, problem.row - 1, problem.column]
        column, rule = f"cell {place.cell}, {problem.column},", self._of_sheet(problem.rule)
        return RowProblem(place.row + 1, column, rule, problem.value, problem.remedy)

    def _of_sheet(self, rule: str) -> str:
        """Return a rule that speaks of rows of the sheet."""

        def row(found: re.Match[str]) -> str:
            return f"row {self.places[*DEALS, int(found[1]) - 1].row + 1}"

        return re.sub(r"\brow (\d+)\b", row, rule)
