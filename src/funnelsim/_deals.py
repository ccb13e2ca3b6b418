"""The cells of a table become the columns of open deals, each bad cell a problem of its row."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from funnelsim.distributions import Distribution, as_distribution, distribution_from_toml
from funnelsim.errors import InputError, RowProblem, unknown
from funnelsim.frames import (
    DATAFRAME,
    Table,
    cell_number,
    column_named,
    columns_like,
    table_from_records,
)
from funnelsim.parameters import NONNEGATIVE, Interval
from funnelsim.periods import as_date

FIELDS = (
    "id",
    "stage",
    "amount",
    "entered",
    "age",
    "win_probability",
    "close_date",
    "owner",
    "currency",
)
REQUIRED = ("stage", "amount")
NO_SEGMENT = "(none)"
NEAR = 0.8  # keys that are this like a field are taken for a slip, not for a segment
MOST_CENTS = 2**53  # below, a whole number of cents is exact in a float too
CHANCE = Interval(0.0, 1.0)
PLAIN_AMOUNT = "write 300000.00, without thousands separators or currency sign"
AS_FRACTION = "percentages are given as 0.45"
GIVEN = "be given"

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)

Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class DealColumns:
    """Open deals by column, as read; a cell that cannot be used is None.

    ``columns`` is keyed by the field names of `Pipeline`, ``segments`` by segment.
    """

    columns: Columns
    segments: Columns
    ages_expected: bool

    def without(self, rows: set[int]) -> DealColumns:
        """Return the deals that do not stand in the given rows."""
        if not rows:
            return self
        kept = [n for n, row in enumerate(self.columns["rows"]) if row not in rows]
        columns, segments = (
            {name: [cells[n] for n in kept] for name, cells in group.items()}
            for group in (self.columns, self.segments)
        )
        return DealColumns(columns, segments, self.ages_expected)


def find_columns(table: Table, mapping: Mapping[str, Any]) -> dict[str, str]:
    """Return the column of the table for each field and each segment.

    Parameters
    ----------
    mapping : mapping of str to str
        The user's column for a field or a segment. A field that is not named has the column of
        its own name, if there is one; any other column is a segment of its own name.

    Raises
    ------
    InputError
        If a column does not exist, or none is found for the stage or the amount.
    """
    _refuse_slips("column mapping", mapping)
    found = {_field_or(name): column_named(table, column, name) for name, column in mapping.items()}
    for name in FIELDS:
        if name not in found and columns_like(table, name):
            found[name] = column_named(table, name, name)
    _check_required(table, found)
    taken = set(found.values())
    for column in table.columns:
        if column not in taken and column not in found and column.casefold() not in FIELDS:
            found[column] = column
    return found


def table_of_deals(source: str, deals: Sequence[Any]) -> Table:
    """Return the table of deals that are given one by one as mappings.

    Any key that is no field is a segment; but one that is nearly a field is refused.
    """
    table = table_from_records(source, deals)
    _refuse_slips("key of a deal", table.columns)
    empty = {name: [None] * len(table.rows) for name in REQUIRED if not columns_like(table, name)}
    return replace(table, columns=table.columns | empty)


def _field_or(name: str) -> str:
    folded = name.strip().casefold()
    return folded if folded in FIELDS else name


def _refuse_slips(kind: str, names: Iterable[str]) -> None:
    """Refuse a name that is nearly that of a field: it would pass for a segment."""
    for name in names:
        field = _field_or(name).casefold()
        if field not in FIELDS and difflib.get_close_matches(field, FIELDS, 1, NEAR):
            raise unknown(kind, name, FIELDS, "be a field, or a segment with another name")


def _check_required(table: Table, found: Mapping[str, str]) -> None:
    missing = [name for name in REQUIRED if name not in found]
    names = ", ".join(map(repr, table.columns))
    if len(missing) == len(REQUIRED):
        first = "" if table.source == DATAFRAME else " in the first line"
        needed = "have columns for stage and amount"
        remedy = f'found{first}: {names}; name yours: columns = {{ stage = "…", amount = "…" }}'
        if first:
            needed = f"hold column names{first}, among them stage and amount"
        raise InputError(table.source, needed, remedy=remedy)
    for name in missing:
        error = unknown("columns", name, table.columns)
        remedy = f'{error.remedy}; name yours: columns = {{ {name} = "…" }}'
        raise InputError(f"columns of {table.source}", f"include {name!r}", remedy=remedy)


def read_deals(table: Table, columns: Mapping[str, str]) -> tuple[DealColumns, list[RowProblem]]:
    """Return the deals of a table, and what is wrong with their cells."""
    problems: list[RowProblem] = list(table.problems)

    def read(name: str, convert: Callable[[str, Any], Any]) -> list[Any]:
        if name not in columns:
            return [None] * len(table.rows)
        column = columns[name]
        return _converted(column, table.rows, table.columns[column], convert, problems)

    deals: Columns = {
        "ids": _read_ids(table, columns.get("id"), problems),
        "stages": read("stage", _given_text),
        "amounts": read("amount", _amount),
        "ages": read("age", _age),
        "entered": read("entered", _date),
        "win_probabilities": read("win_probability", _chance),
        "close_dates": read("close_date", _date),
        "currencies": read("currency", _text),
        "rows": table.rows,
    }
    segments = {
        name: [_text(column, cell) or NO_SEGMENT for cell in table.columns[column]]
        for name, column in columns.items()
        if name not in FIELDS or name == "owner"
    }
    if "age" in columns and "entered" in columns:
        problems += _twice_aged(deals, columns["age"], columns["entered"])
    return DealColumns(deals, segments, "age" in columns or "entered" in columns), problems


def _converted(
    column: str,
    rows: Sequence[int],
    cells: Sequence[Any],
    convert: Callable[[str, Any], Any],
    problems: list[RowProblem],
) -> list[Any]:
    """Return the converted cells; one that cannot be used is None, and a problem."""
    values: list[Any] = []
    for row, cell in zip(rows, cells, strict=True):
        try:
            values.append(convert(column, cell))
        except InputError as error:
            problems.append(RowProblem(row, error.field, error.rule, error.value, error.remedy))
            values.append(None)
    return values


def _read_ids(table: Table, column: str | None, problems: list[RowProblem]) -> list[Any]:
    cells = [] if column is None else table.columns[column]
    if column is None or all(cell is None for cell in cells):
        return [str(row) for row in table.rows]
    ids = _converted(column, table.rows, cells, _given_text, problems)
    first: dict[str, int] = {}
    for row, name in zip(table.rows, ids, strict=True):
        if name is not None and first.setdefault(name, row) != row:
            rule = f"differ from that of row {first[name]}"
            problems.append(RowProblem(row, column, rule, name))
    return ids


def _twice_aged(deals: Columns, age: str, entered: str) -> list[RowProblem]:
    rule, remedy = f"be empty where {entered} is given", "a deal has an age or a day it entered"
    cells = zip(deals["rows"], deals["ages"], deals["entered"], strict=True)
    return [
        RowProblem(row, age, rule, days, remedy)
        for row, days, day in cells
        if days is not None and day is not None
    ]


def _text(_column: str, cell: Any) -> str | None:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # a column of whole numbers with gaps comes out of pandas as floats
    return None if cell is None else str(cell)


def _given_text(column: str, cell: Any) -> str:
    text = _text(column, cell)
    if text is None:
        raise InputError(column, GIVEN)
    return text


def _amount(column: str, cell: Any) -> int | Distribution:
    """Return an amount in cents, or the distribution that says how it spreads."""
    if cell is None:
        raise InputError(column, GIVEN)
    if isinstance(cell, Mapping):  # as a scenario file states a distribution
        return distribution_from_toml(column, cell)
    if hasattr(cell, "ppf"):
        return as_distribution(column, cell)
    value = cell_number(column, cell, NONNEGATIVE, PLAIN_AMOUNT)
    cents = _cents(cell) if value * 100 < MOST_CENTS else MOST_CENTS
    if cents >= MOST_CENTS:
        raise InputError(column, f"be below {MOST_CENTS // 100:,}", cell)
    return cents


def _cents(cell: Any) -> int:
    """Return cents by way of the decimal number that was written: text and floats round alike."""
    written = cell if isinstance(cell, int | str | Decimal) else float(cell)
    exact = _EXACT.multiply(Decimal(str(written)), Decimal(100))
    return int(exact.to_integral_value(ROUND_HALF_EVEN, _EXACT))


def _age(column: str, cell: Any) -> float | None:
    return None if cell is None else cell_number(column, cell, NONNEGATIVE, "write days as 12.5")


def _chance(column: str, cell: Any) -> float | None:
    return None if cell is None else cell_number(column, cell, CHANCE, AS_FRACTION, AS_FRACTION)


def _date(column: str, cell: Any) -> Any:
    return None if cell is None else as_date(column, cell)
