"""From a sheet to the section of a scenario file that it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from funnelsim.errors import InputError
from funnelsim.excel.filled import Filled
from funnelsim.excel.layout import CV, LAW, Entry, Fields, Rows, Sheet, laid_out
from funnelsim.scenario_file.lines import KeyPath

NAME, VALUE = "name", "value"
HOW_TO_START = "`funnelsim template finance.xlsx` writes one with all sheets"


def read_fields(sheet: Fields, filled: Filled) -> dict[str, Any]:
    """Return the values of a sheet that has a row for each."""
    table: dict[str, Any] = {}
    header = _header(sheet, filled, (NAME, VALUE))
    texts = _texts(filled.grid[header])
    column = texts.index(VALUE)
    for entry, row in _named_rows(sheet, filled, header + 1, texts.index(NAME)):
        filled.note((*sheet.section, *_keys(entry)), row, column)
        value = filled.several(entry, row, column)
        if value is not None:
            table[entry.name] = value
            if sheet.section not in filled.places:  # for what is wrong with all of it
                filled.note(sheet.section, row, column)
    _join_laws(sheet, table, sheet.section, filled)
    return _nested(table)


def read_rows(sheet: Rows, filled: Filled) -> list[dict[str, Any]] | dict[str, Any]:
    """Return the tables of a sheet that has a row for each; by name, where it names them."""
    header = _header(sheet, filled, sheet.needed)
    columns = _columns(sheet, filled, header)
    tables: list[dict[str, Any]] = []
    for row in range(header + 1, len(filled.grid)):
        if any(cell is not None for cell in filled.grid[row]):
            path: KeyPath = (*sheet.section, len(tables))
            table = _table(columns, filled, row, path)
            _join_laws(sheet, table, path, filled)
            _join_lists(sheet, table, path, filled)
            tables.append(table)
    if sheet.free and tables:
        _expect_ages(columns, tables[0])
    return _by_name(sheet, tables, filled) if sheet.keyed else tables


def _by_name(sheet: Rows, tables: list[dict[str, Any]], filled: Filled) -> dict[str, Any]:
    """Return tables by the column that names them."""
    named: dict[str, Any] = {}
    for number, table in enumerate(tables):
        row: KeyPath = (*sheet.section, number)
        if sheet.keyed not in table:
            raise filled.wrong((*row, sheet.keyed), sheet.keyed, "be given")
        name = str(table.pop(sheet.keyed))
        if name in named:
            raise filled.wrong((*row, sheet.keyed), sheet.keyed, "stand here once", name)
        named[name] = table
        for path, place in list(filled.places.items()):
            if path[: len(row)] == row:
                filled.places[*sheet.section, name, *path[len(row) :]] = place
    return named


def _table(columns: dict[int, Entry], filled: Filled, row: int, path: KeyPath) -> dict[str, Any]:
    """Return what the cells of one row say."""
    used = [column for column, cell in enumerate(filled.grid[row]) if cell is not None]
    filled.note(path, row, used[0])
    for column in used:
        if column not in columns:
            where, cell = filled.where(row, column), filled.grid[row][column]
            raise InputError("the cell", "stand under a name, or be empty", cell, where=where)
    table: dict[str, Any] = {}
    for column, entry in columns.items():
        filled.note((*path, *_keys(entry)), row, column)
        value = filled.value(entry, row, column)
        if value is not None:
            table[entry.name] = value
    return table


def _header(sheet: Sheet, filled: Filled, needed: tuple[str, ...]) -> int:
    """Return the row of the names."""
    for row, cells in enumerate(filled.grid):
        if set(needed) <= set(_texts(cells)):
            return row
    rule = f"have a line of names, among them {' and '.join(needed)}"
    where = f"{filled.file}, sheet {filled.sheet}"
    raise InputError(f"sheet {sheet.sheet}", rule, remedy=HOW_TO_START, where=where)


def _texts(cells: list[Any]) -> list[str]:
    return ["" if cell is None else str(cell).strip().casefold() for cell in cells]


def _named_rows(
    sheet: Fields, filled: Filled, first: int, column: int
) -> Iterator[tuple[Entry, int]]:
    """Give each row that has a name, and the entry that it is for."""
    known = {one.name: one for one in laid_out(sheet.entries)}
    seen: set[str] = set()
    for row in range(first, len(filled.grid)):
        cells = filled.grid[row]
        if cells[column] is None:
            if any(cell is not None for cell in cells[column:]):
                raise InputError("the row", "have a name", where=filled.where(row, column))
            continue
        name = str(cells[column]).strip()
        if sheet.prefix and name.startswith(sheet.prefix):
            entry = Entry(name, "number", "", "")
        else:
            entry = filled.entry_of(name, known, row, column)
        _check_new(entry.name, seen, filled, row, column)
        yield entry, row


def _columns(sheet: Rows, filled: Filled, row: int) -> dict[int, Entry]:
    """Return the entry of each column that has a name."""
    known = {one.name: one for one in laid_out(sheet.entries)}
    found: dict[int, Entry] = {}
    seen: set[str] = set()
    for column, cell in enumerate(filled.grid[row]):
        if cell is None:
            continue
        name = str(cell).strip()
        if sheet.free and name.casefold() not in known:
            found[column] = Entry(name, "segment", "", "")
        elif name.casefold() not in known and _is_spread(sheet, name):
            found[column] = Entry(name.casefold(), "number", "", "")
        else:
            found[column] = filled.entry_of(name, known, row, column)
        _check_new(found[column].name, seen, filled, row, column)
        # what is wrong with a name is nearer to it than to the cells below
        filled.note((*sheet.section[:-1], found[column].name), row, column)
    return found


def _is_spread(sheet: Rows, name: str) -> bool:
    """Return whether a column is one more of a list that is spread."""
    stem, _, number = name.casefold().rpartition(".")
    return number.isdecimal() and any(one.spread and one.name == stem for one in sheet.entries)


def _check_new(name: str, seen: set[str], filled: Filled, row: int, column: int) -> None:
    if name in seen:
        raise InputError("the name", "stand here once", name, where=filled.where(row, column))
    seen.add(name)


def _join_laws(sheet: Sheet, table: dict[str, Any], path: KeyPath, filled: Filled) -> None:
    """Put the mean, the law and the cv of each distribution together."""
    for entry in sheet.entries:
        law, cv = (table.pop(entry.name + part, None) for part in (LAW, CV))
        if law is None and cv is None:
            continue
        place = (*path, *_keys(entry))
        part, stated = (LAW, law) if law is not None else (CV, cv)
        cell, name = (*place, part[1:]), entry.name + part
        mean = table.get(entry.name)
        if not isinstance(mean, int | float):
            rule = f"stand beside a mean, in {entry.name}"
            raise filled.wrong(cell, name, rule, stated, f"or leave {name} empty")
        if law is None:
            rule = f"stand beside a law, in {entry.name + LAW}"
            remedy = "gamma is usual for times, lognormal for amounts"
            raise filled.wrong(cell, name, rule, stated, remedy)
        table[entry.name] = {law: {"mean": mean} | ({} if cv is None else {"cv": cv})}
        _place_law(place, law, filled)


def _join_lists(sheet: Sheet, table: dict[str, Any], path: KeyPath, filled: Filled) -> None:
    """Put the values of each list that is spread over columns together."""
    for entry in sheet.entries:
        cells = [name for name in table if entry.spread and name.startswith(f"{entry.name}.")]
        if not cells:
            continue
        numbers = sorted(int(name.rpartition(".")[2]) for name in cells)
        for k, number in enumerate(numbers, 1):
            if k != number:
                name = f"{entry.name}.{number}"
                cell = (*path, *name.split("."))
                rule = f"follow on {entry.name}.{k}, which is empty"
                raise filled.wrong(cell, name, rule, table[name])
        table[entry.name] = [table.pop(f"{entry.name}.{k}") for k in numbers]


def _place_law(place: KeyPath, law: str, filled: Filled) -> None:
    """Remember the cells of a distribution by the keys that it has in a scenario file."""
    filled.places[*place, law] = filled.places[*place, LAW[1:]]
    filled.places[*place, law, "mean"] = filled.places[place]
    if (*place, CV[1:]) in filled.places:
        filled.places[*place, law, "cv"] = filled.places[*place, CV[1:]]


def _keys(entry: Entry) -> list[str]:
    """Return the keys that a name stands for; what follows the name of a mapping is one key."""
    if entry.kind == "segment":
        return [entry.name]
    return entry.name.split(".", 1 if entry.name.startswith("segment_") else -1)


def _nested(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table of dotted names as tables in tables."""
    root: dict[str, Any] = {}
    for name, value in table.items():
        *outer, last = _keys(Entry(name, "", "", ""))
        inner = root
        for key in outer:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return root


def _expect_ages(columns: dict[int, Entry], first: dict[str, Any]) -> None:
    """Ask for the ages of deals where a column does, although no deal may have one."""
    for entry in columns.values():
        if entry.name in ("age", "entered"):
            first.setdefault(entry.name, "")
