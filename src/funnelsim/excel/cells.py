"""Cells: their names, and what stands in one as a value of a scenario file, and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from funnelsim.errors import InputError

LETTERS = 26
EXACT = 2**53
LONGEST = 32_767
"""Characters that a cell holds."""


class Place(NamedTuple):
    """A cell; rows and columns count from 0."""

    sheet: str
    row: int
    column: int

    @property
    def cell(self) -> str:
        """Return the cell's name in Excel.

        Examples
        --------
        >>> Place("Funnel", 6, 27).cell
        'AB7'
        """
        return f"{letters(self.column)}{self.row + 1}"

    def __str__(self) -> str:
        return f"sheet {self.sheet}, cell {self.cell}"


def letters(column: int) -> str:
    """Return the letters of a column that is counted from 0.

    Examples
    --------
    >>> letters(0), letters(26), letters(702)
    ('A', 'AA', 'AAA')
    """
    text, rest = "", column + 1
    while rest:
        rest, sign = divmod(rest - 1, LETTERS)
        text = chr(ord("A") + sign) + text
    return text


def plain(cell: Any) -> Any:
    """Return what a cell holds: None if nothing, whole numbers and whole days as such."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT:
        return int(cell)
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date()
    return cell


def is_toml(value: Any) -> bool:
    """Return whether a cell holds a list or a table, written as in a scenario file."""
    return isinstance(value, str) and value.strip()[:1] in ("[", "{")


def from_toml(field: str, text: str) -> Any:
    """Return the value of a text that is written as in a scenario file.

    Raises
    ------
    InputError
        If it is not proper TOML.

    Examples
    --------
    >>> from_toml("time", "{ gamma = { mean = 30, cv = 0.6 } }")
    {'gamma': {'mean': 30, 'cv': 0.6}}
    """
    import tomllib  # noqa: PLC0415

    try:
        return tomllib.loads(f"value = {text.strip()}\n")["value"]
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        remedy = "such as { gamma = { mean = 30, cv = 0.6 } }, or [0.4, 0.5] for draws"
        raise InputError(field, "be written as in a scenario file", text, remedy) from None


def to_toml(value: Any) -> str:
    """Return a value on one line, as in a scenario file.

    Examples
    --------
    >>> to_toml({"quantiles": {"0.1": 3, "0.9": [1.5, 2]}})
    '{ quantiles = { "0.1" = 3, "0.9" = [1.5, 2] } }'
    """
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {to_toml(one)}" for key, one in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(to_toml, value))}]"
    return _line(value)


def _key(key: str) -> str:
    import tomli_w  # noqa: PLC0415

    return tomli_w.dumps({key: 0}).rpartition(" = ")[0]


def _line(value: Any) -> str:
    import tomli_w  # noqa: PLC0415

    return tomli_w.dumps({"value": value}).partition(" = ")[2].rstrip("\n")
