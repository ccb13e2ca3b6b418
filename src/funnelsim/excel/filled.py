"""One sheet that was filled in: its cells as values of a scenario file, and where they stand."""

from __future__ import annotations

from typing import Any

from funnelsim.errors import InputError, unknown
from funnelsim.excel.cells import Place, from_toml, is_toml
from funnelsim.excel.layout import Entry
from funnelsim.excel.opening import Grid
from funnelsim.scenario_file.lines import KeyPath


class Filled:
    """A sheet that is being read.

    Parameters
    ----------
    file, sheet : str
        The names of the file and of the sheet, for messages.
    grid : list of list
        Its cells.
    """

    def __init__(self, file: str, sheet: str, grid: Grid) -> None:
        self.file, self.sheet, self.grid = file, sheet, grid
        self.places: dict[KeyPath, Place] = {}

    def where(self, row: int, column: int) -> str:
        """Return file, sheet and cell."""
        return f"{self.file}, {Place(self.sheet, row, column)}"

    def note(self, path: KeyPath, row: int, column: int) -> None:
        """Remember in which cell a key stands."""
        self.places[path] = Place(self.sheet, row, column)

    def wrong(
        self, path: KeyPath, field: str, rule: str, value: Any = ..., remedy: str | None = None
    ) -> InputError:
        """Return the error about the cell of a key."""
        return InputError(field, rule, value, remedy, f"{self.file}, {self.places[path]}")

    def entry_of(self, name: str, known: dict[str, Entry], row: int, column: int) -> Entry:
        """Return the entry of a name, or refuse the cell that holds the name."""
        found = known.get(name.casefold())
        if found is None:
            raise unknown("the name", name, known, where=self.where(row, column))
        return found

    def value(self, entry: Entry, row: int, column: int) -> Any:
        """Return the value in a cell; None if it is empty."""
        cell = self.grid[row][column]
        if entry.kind in ("text", "choice") and isinstance(cell, int | float):
            return cell if isinstance(cell, bool) else str(cell)
        if is_toml(cell) and (entry.many or entry.law or entry.kind == "money"):
            try:
                return from_toml(entry.name, cell)
            except InputError as error:
                raise error.at(self.where(row, column)) from None
        return cell

    def several(self, entry: Entry, row: int, column: int) -> Any:
        """Return the value, or the list of values, from a cell on; None if there is none."""
        cells = self.grid[row][column:]
        used = [k for k, cell in enumerate(cells) if cell is not None]
        if not used:
            return None
        if used[-1] > 0 and not entry.many:
            where, remedy = self.where(row, column + used[-1]), "leave this cell empty"
            raise InputError(entry.name, "be one value", cells[used[-1]], remedy, where)
        if len(used) <= used[-1]:
            where = self.where(row, column + cells.index(None))
            remedy = "more values stand to the right of it"
            raise InputError(entry.name, "be given", remedy=remedy, where=where)
        values = [self.value(entry, row, column + k) for k in used]
        return values if len(values) > 1 or entry.listed else values[0]
