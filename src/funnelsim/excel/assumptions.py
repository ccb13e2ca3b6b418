"""The sheets of assumptions: laid out with notes and rules, filled in where there are values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from funnelsim.excel.book import Book, Page
from funnelsim.excel.cells import to_toml
from funnelsim.excel.layout import (
    CV,
    LAW,
    Entry,
    Fields,
    Rows,
    laid_out,
)
from funnelsim.excel.sheets import SHEETS
from funnelsim.excel.validation import noted, validate
from funnelsim.periods import as_date

FIELD_COLUMNS = ("name", "unit", "rule", "example", "value")
FIELD_WIDTHS = {0: 26, 1: 15, 2: 70, 3: 28, 4: 18}
VALUE_COLUMN = 4
FIELD_HEADER = 3
MORE_VALUES = 12
TABLE_RULES, TABLE_EXAMPLE, TABLE_HEADER = 2, 3, 4
FIRST_ROW = TABLE_HEADER + 1
HEIGHT_OF_RULES = 66

Root = Mapping[str, Any]
Cells = dict[tuple[str, str], tuple[int, int]]
"""The first cell of each value, or column, by the names of its sheet and its own."""


def write_assumptions(book: Book, root: Root) -> Cells:
    """Add the sheets of assumptions to a workbook.

    Parameters
    ----------
    book : Book
        The workbook.
    root : mapping
        What a scenario file would say; empty for a workbook to fill in.

    Returns
    -------
    dict
        Where everything stands.
    """
    cells: Cells = {}
    for sheet in SHEETS:
        if isinstance(sheet, Fields):
            cells |= _write_fields(book, sheet, _at(root, sheet.section) or {})
        else:
            cells |= _write_rows(book, sheet, _tables(sheet, _at(root, sheet.section)), bool(root))
    return cells


def _at(root: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        root = root.get(key) if isinstance(root, Mapping) else None
    return root


def _tables(sheet: Rows, given: Any) -> list[Root]:
    """Return the tables of a section as a list; what names them stands in a column."""
    if not sheet.keyed:
        return list(given or [])
    return [
        {sheet.keyed: name}
        | dict(one if isinstance(one, Mapping) and "hours" in one else {"hours": one})
        for name, one in (given or {}).items()
    ]


def _write_fields(book: Book, sheet: Fields, table: Root) -> Cells:
    page = book.sheet(sheet.sheet, FIELD_WIDTHS)
    page.title(sheet.sheet, sheet.hint)
    page.row(FIELD_HEADER, 0, FIELD_COLUMNS, "header")
    page.raw.freeze_panes(FIELD_HEADER + 1, 1)
    values = _flat(sheet, table)
    cells: Cells = {}
    longest = printed = 1
    for row, entry in enumerate(_entries(sheet, values), FIELD_HEADER + 1):
        texts = (entry.name, entry.unit, entry.rule, _example(entry))
        for column, style in enumerate(("name", "note", "note", "example")):
            page.text(row, column, texts[column], style)
        longest = max(longest, _write_values(page, row, entry, values.get(entry.name)))
        printed = max(printed, _count(values.get(entry.name)))
        cells[sheet.sheet, entry.name] = (row, VALUE_COLUMN)
    if longest > 1:
        page.row(FIELD_HEADER, VALUE_COLUMN + 1, range(2, longest + 1), "header")
        page.raw.set_column(VALUE_COLUMN + 1, VALUE_COLUMN + longest - 1, 13)
    page.raw.print_area(0, 0, FIELD_HEADER + len(cells), VALUE_COLUMN + printed - 1)
    return cells


def _count(given: Any) -> int:
    return len(given) if isinstance(given, list | tuple) else 1


def _write_values(page: Page, row: int, entry: Entry, given: Any) -> int:
    """Write the value, or the values, of a row; return how many cells they may fill."""
    values = list(given) if isinstance(given, list | tuple) else [given]
    if isinstance(given, list | tuple) and len(values) == 1 and not entry.listed:
        values = [to_toml(given)]  # a list, although of one value
    values += [None] * ((MORE_VALUES if entry.many else 1) - len(values))
    for k, value in enumerate(values):
        write_input(page, row, VALUE_COLUMN + k, value, entry)
    last = VALUE_COLUMN + len(values) - 1
    validate(page, (row, VALUE_COLUMN, row, last), entry, FIRST_ROW)
    return len(values)


def _entries(sheet: Fields, values: Mapping[str, Any]) -> list[Entry]:
    """Return an entry for each row; examples of names give way to names that are there."""
    entries = list(laid_out(sheet.entries))
    if sheet.prefix and values:
        entries = [one for one in entries if not one.name.startswith(sheet.prefix)]
    known = {one.name for one in entries}
    return entries + [
        Entry(name, "number", "", "", low=0.0, high=1.0) for name in values if name not in known
    ]


def _flat(sheet: Fields, table: Root) -> dict[str, Any]:
    """Return the values of a section by the names of rows."""
    known = {entry.name: entry for entry in sheet.entries}
    depth = len(sheet.section)
    elsewhere = {
        one.section[depth]
        for one in SHEETS
        if one.section[:depth] == sheet.section and len(one.section) > depth
    }
    table = {name: value for name, value in table.items() if name not in elsewhere}
    flat: dict[str, Any] = {}
    for name, value in _leaves(table, known):
        flat |= _parted(known[name], value) if name in known else {name: value}
    return flat


def _leaves(table: Root, known: Mapping[str, Entry], before: str = "") -> list[tuple[str, Any]]:
    """Return dotted names with their values; distributions are values."""
    found: list[tuple[str, Any]] = []
    for key, value in table.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping) and name not in known:
            found += _leaves(value, known, f"{name}.")
        else:
            found.append((name, value))
    return found


def _parted(entry: Entry, value: Any) -> dict[str, Any]:
    """Return a value by names of cells: of a plain distribution the mean, the law and the cv."""
    if not isinstance(value, Mapping):
        return {entry.name: value}
    [(law, content)] = value.items()
    if law in ("gamma", "lognormal") and _plain_numbers(content, {"mean", "cv"}):
        return {entry.name: content["mean"], entry.name + LAW: law, entry.name + CV: content["cv"]}
    if law == "exponential" and _plain_numbers(content, {"mean"}):
        return {entry.name: content["mean"], entry.name + LAW: law}
    return {entry.name: to_toml(value)}


def _plain_numbers(content: Any, names: set[str]) -> bool:
    return (
        isinstance(content, Mapping)
        and set(content) == names
        and all(isinstance(one, int | float) for one in content.values())
    )


def _write_rows(book: Book, sheet: Rows, tables: list[Root], filled: bool) -> Cells:
    known = {entry.name: entry for entry in sheet.entries}
    rows = [_flat_row(known, table) for table in tables]
    entries = _columns(sheet, rows, filled)
    page = book.sheet(sheet.sheet, {k: _width(one) for k, one in enumerate(entries)})
    page.title(sheet.sheet, sheet.hint)
    page.raw.set_row(TABLE_RULES, HEIGHT_OF_RULES)
    page.raw.freeze_panes(FIRST_ROW, 1)
    last = FIRST_ROW + len(rows) + sheet.spare - 1
    for column, entry in enumerate(entries):
        page.text(TABLE_RULES, column, noted(entry), "note")
        page.text(TABLE_EXAMPLE, column, _example(entry), "example")
        page.text(TABLE_HEADER, column, entry.name, "header")
        for row in range(FIRST_ROW, last + 1):
            given = rows[row - FIRST_ROW] if row - FIRST_ROW < len(rows) else {}
            write_input(page, row, column, given.get(entry.name), entry)
        validate(page, (FIRST_ROW, column, last, column), entry, FIRST_ROW)
    page.raw.autofilter(TABLE_HEADER, 0, last, len(entries) - 1)
    return {(sheet.sheet, entry.name): (FIRST_ROW, k) for k, entry in enumerate(entries)}


def _flat_row(known: Mapping[str, Entry], table: Root) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if name in known and known[name].law:
            flat |= _parted(known[name], value)
        elif name in known and known[name].spread:
            flat |= {f"{name}.{k}": one for k, one in enumerate(value, 1)}
        else:
            flat[name] = to_toml(value) if isinstance(value, Mapping | list | tuple) else value
    return flat


def _columns(sheet: Rows, rows: list[dict[str, Any]], filled: bool) -> list[Entry]:
    """Return the columns: all of a sheet to fill in; else those that hold something, or could."""
    entries = list(laid_out(sheet.entries))
    known = {entry.name for entry in entries}
    names = dict.fromkeys(name for row in rows for name in row)
    if filled and sheet.free and rows:
        entries = [entry for entry in entries if entry.name in names or entry.name in sheet.needed]
    elif sheet.free:
        entries.append(Entry("region", "segment", "", "such as this: any other column", "north"))
    return entries + [_more(sheet, name) for name in names if name not in known]


def _more(sheet: Rows, name: str) -> Entry:
    """Return the entry of a column that is not laid out: a segment, or more of a list."""
    spread = [one for one in sheet.entries if one.spread and name.startswith(f"{one.name}.")]
    return Entry(name, spread[0].kind if spread else "segment", "", "")


def _width(entry: Entry) -> float:
    usual = {"text": 24, "segment": 16, "money": 18, "date": 20}
    return max(usual.get(entry.kind, 17), len(entry.name) + 4)


def _example(entry: Entry) -> str:
    """Return an example as a text that shows how it looks in cells."""
    example = entry.example
    if example is None:
        return ""
    values = example if isinstance(example, tuple) else (example,)
    more = " | …" if len(values) > 3 else ""  # noqa: PLR2004  as many as fit
    return "such as " + " | ".join(_shown(entry, one) for one in values[:3]) + more


def _shown(entry: Entry, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if entry.kind == "share":
        return f"{100 * value:g}%"
    return f"{value:,}" if isinstance(value, int) else str(value)


def write_input(page: Page, row: int, column: int, value: Any, entry: Entry) -> None:
    """Write a cell to fill in, with its value if it has one."""
    if entry.kind == "date" and isinstance(value, str):
        value = _date_or_text(value)
    page.write(row, column, value, "input", entry.kind)


def _date_or_text(text: str) -> Any:
    return as_date("date", text) if text.strip() else None
