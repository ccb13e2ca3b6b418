"""Tables in and out: any dataframe or file becomes columns of plain values, and back."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from funnelsim._csv_text import records_of
from funnelsim.errors import InputError, RowProblem, RowsError, unknown
from funnelsim.parameters import Interval, number

TEXT_ENDINGS = (".csv", ".tsv", ".txt")
PARQUET_ENDINGS = (".parquet", ".pq")
BACKENDS = ("pandas", "polars", "pyarrow")
KINDS_OF_FRAMES = (
    "give a frame of pandas, polars, pyarrow or another library that narwhals supports, "
    "a mapping of column names to sequences, or a list of mappings"
)
MISSING = ("NaTType", "NAType")  # types of pandas, known by name so that pandas is not imported
DATAFRAME = "dataframe"

Path_ = str | os.PathLike[str]


@dataclass(frozen=True)
class Table:
    """Columns of plain Python values, read from a file or a dataframe.

    Parameters
    ----------
    source : str
        What was read, for messages: the name of the file, or ``"dataframe"``.
    columns : dict of str to list
        The cells of each column: text (trimmed), numbers, dates, and None for an empty cell.
        Columns without a name are left out, since nobody can refer to them.
    rows : sequence of int
        The number of each row; data rows count from 1, in a file without its blank lines.
    problems : tuple of RowProblem
        Rows that could not be read. They have a number, but no cells.
    """

    source: str
    columns: dict[str, list[Any]]
    rows: Sequence[int]
    problems: tuple[RowProblem, ...] = field(default=())


def table_from_file(path: Path_) -> Table:
    """Return the table in a CSV or Parquet file, told apart by the file's ending."""
    ending = _path(path).suffix.lower()
    if ending in TEXT_ENDINGS:
        return table_from_csv(path)
    if ending in PARQUET_ENDINGS:
        return table_from_parquet(path)
    endings = ", ".join((*TEXT_ENDINGS, *PARQUET_ENDINGS))
    raise InputError(f"ending of {_path(path).name!r}", f"be one of {endings}", ending)


def table_from_frame(frame: Any) -> Table:
    """Return the table in a dataframe.

    Parameters
    ----------
    frame : dataframe, mapping of str to sequence, or sequence of mappings
        Any dataframe that narwhals supports, eager or lazy (a lazy one is collected); or columns
        by name; or one mapping per row, where a missing key is an empty cell.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        If ``frame`` is none of these, or its columns have the same name or unequal lengths.

    Examples
    --------
    >>> table_from_frame({"stage": [" proposal ", ""], "amount": [3e5, float("nan")]}).columns
    {'stage': ['proposal', None], 'amount': [300000.0, None]}
    """
    if isinstance(frame, Mapping):
        return _table(DATAFRAME, [(name, _sequence(name, cells)) for name, cells in frame.items()])
    if isinstance(frame, list | tuple):
        return table_from_records(DATAFRAME, frame)
    return _table(DATAFRAME, _columns_of_frame(frame))


def table_from_records(source: str, records: Sequence[Any]) -> Table:
    """Return the table of rows that are given as mappings; a missing key is an empty cell."""
    for row, record in enumerate(records, 1):
        if not isinstance(record, Mapping):
            raise InputError(f"row {row} of {source}", "be a mapping of names to values", record)
    names = dict.fromkeys(chain.from_iterable(records))
    columns = [(name, [record.get(name) for record in records]) for name in names]
    return _table(source, columns, rows=range(1, len(records) + 1))


def table_from_parquet(path: Path_) -> Table:
    """Return the table in a Parquet file, read by pyarrow, polars or pandas."""
    bytes_of(path, 0)
    name = _path(path).name
    reader = next((read for read in _PARQUET_READERS if _installed(read)), None)
    if reader is None:
        remedy = "pip install 'funnelsim[parquet]'"
        raise InputError(name, "be read with pyarrow, which is not installed", remedy=remedy)
    try:
        frame = _PARQUET_READERS[reader](_path(path))
    except Exception as error:  # noqa: BLE001  each library has its own exceptions
        reason = str(error).partition("\n")[0]
        raise InputError(name, "be a Parquet file", remedy=reason) from None
    return _table(name, _columns_of_frame(frame))


def table_from_csv(path: Path_) -> Table:
    """Return the table in a text file of separated values.

    The text is UTF-8, with or without a byte order mark. The separator (comma, semicolon or tab)
    is the one found most often in the header line. Blank lines, and lines of separators alone,
    are skipped.

    Raises
    ------
    InputError
        If the file is missing, empty, not UTF-8 or not proper CSV, or two columns have one name.
    """
    name = _path(path).name
    records, separator = records_of(name, bytes_of(path))
    if not records:
        raise InputError(name, "hold a line of column names", remedy="the file is empty")
    header, width = records[0], len(records[0])
    problems = [
        RowProblem(
            row,
            "number of cells",
            f"be {width}, as in the header",
            len(record),
            f"put a cell that holds {separator!r} in double quotes",
        )
        for row, record in enumerate(records)
        if len(record) != width
    ]
    whole = [row for row, record in enumerate(records) if len(record) == width][1:]
    cells = list(zip(*(records[row] for row in whole), strict=True)) or [()] * width
    return _table(name, zip(header, cells, strict=True), whole, problems)


def column_of_file(path: Path_, column: str) -> list[float]:
    """Return one column of numbers of a file.

    Raises
    ------
    InputError
        If there is no such column, or no rows; a `RowsError` if a cell is not a finite number.
    """
    table = table_from_file(path)
    name = column_named(table, column, "column")
    problems, numbers = list(table.problems), []
    for row, cell in zip(table.rows, table.columns[name], strict=True):
        try:
            numbers.append(cell_number(name, cell, Interval()))
        except InputError as error:
            problems.append(RowProblem(row, name, error.rule, error.value))
    if problems:
        problems.sort(key=lambda problem: problem.row)
        raise RowsError(table.source, problems, "every cell of the column must be a number")
    if not numbers:
        raise InputError(f"column {name!r} of {table.source}", "hold at least one number")
    return numbers


def column_named(table: Table, wanted: Any, kind: str) -> str:
    """Return the table's column of that name, whatever the case and surrounding blanks."""
    found = columns_like(table, wanted) if isinstance(wanted, str) else []
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"{kind} of {table.source}",
            "be the name of one column",
            wanted,
            f"there are {', '.join(map(repr, found))}",
        )
    if not isinstance(wanted, str):
        raise InputError(f"{kind} of {table.source}", "be the name of a column", wanted)
    raise unknown(f"{kind} of {table.source}", wanted, table.columns, "be a column of the table")


def columns_like(table: Table, wanted: str) -> list[str]:
    """Return the columns of that name: the exact one, or else all that differ in case only."""
    if wanted in table.columns:
        return [wanted]
    folded = wanted.strip().casefold()
    return [name for name in table.columns if name.casefold() == folded]


def cell_number(
    column: str,
    cell: Any,
    allowed: Interval,
    spelling: str | None = None,
    remedy: str | None = None,
) -> float:
    """Return the number in a cell; text counts if it is written as a plain number.

    ``spelling`` is the remedy for text that is no number, ``remedy`` that for a number that is
    not allowed.
    """
    value = cell
    if isinstance(cell, str):
        value = _number_in_text(cell)
        if value is None:
            raise InputError(column, allowed.rule(), cell, spelling)
    try:
        return number(column, value, allowed)
    except InputError:
        raise InputError(column, allowed.rule(), cell, remedy) from None


def to_frame(columns: Mapping[str, Sequence[Any]], backend: str | None = None) -> Any:
    """Return a dataframe with the given columns.

    Parameters
    ----------
    columns : mapping of str to sequence
        Columns of equal length.
    backend : {"pandas", "polars", "pyarrow"}, optional
        The library to use; by default the first of these that is installed.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or pyarrow.Table

    Raises
    ------
    InputError
        If the library, or all three, are not installed.
    """
    if backend is not None and backend not in BACKENDS:
        raise unknown("backend", str(backend), BACKENDS, "be a dataframe library")
    wanted = BACKENDS if backend is None else (backend,)
    found = next((name for name in wanted if _installed(name)), None)
    if found is None:
        raise InputError(
            "backend", f"be installed: {' or '.join(wanted)}", remedy=f"pip install {wanted[0]}"
        )
    library = importlib.import_module(found)
    plain = {name: list(cells) for name, cells in columns.items()}
    return library.table(plain) if found == "pyarrow" else library.DataFrame(plain)


def _table(
    source: str,
    columns: Iterable[tuple[Any, Iterable[Any]]],
    rows: Sequence[int] | None = None,
    problems: Iterable[RowProblem] = (),
) -> Table:
    """Return a table of clean cells; refuse equal names and unequal lengths."""
    clean: dict[str, list[Any]] = {}
    for given, cells in columns:
        name = str(given).strip()
        if name in clean:
            raise InputError(f"column names of {source}", "differ", name, "it stands there twice")
        if name:
            clean[name] = [
                (cell.strip() or None) if type(cell) is str else _plain(cell) for cell in cells
            ]
    lengths = {name: len(cells) for name, cells in clean.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"columns of {source}", "have one length", lengths)
    count = next(iter(lengths.values()), 0)
    return Table(source, clean, range(1, count + 1) if rows is None else rows, tuple(problems))


def _plain(cell: Any) -> Any:
    """Return a cell as a plain value: text trimmed; None if it is empty or not a number."""
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, np.generic):
        # nanoseconds have no counterpart among Python's values, they would become an int
        dated = isinstance(cell, np.datetime64)
        cell = (cell.astype("datetime64[us]") if dated else cell).item()
    if isinstance(cell, float) and cell != cell:  # noqa: PLR0124  only NaN differs from itself
        return None
    if type(cell).__name__ in MISSING or (isinstance(cell, Decimal) and cell.is_nan()):
        return None
    return cell


def _sequence(name: Any, cells: Any) -> list[Any]:
    if isinstance(cells, str | bytes | Mapping) or not hasattr(cells, "__iter__"):
        raise InputError(f"column {name!r} of {DATAFRAME}", "be a sequence of values", cells)
    return list(cells)


def _columns_of_frame(frame: Any) -> list[tuple[Any, list[Any]]]:
    import narwhals as nw  # noqa: PLC0415

    try:
        known = nw.from_native(frame)
    except TypeError:
        raise InputError(DATAFRAME, "be of a known kind", frame, KINDS_OF_FRAMES) from None
    except ValueError as error:  # so does narwhals say that names are not unique
        reason = " ".join(str(error).split())
        raise InputError(f"column names of {DATAFRAME}", "differ", remedy=reason) from None
    eager = known.collect() if isinstance(known, nw.LazyFrame) else known
    names = eager.columns
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:  # an old narwhals does not mind
        raise InputError(f"column names of {DATAFRAME}", "differ", remedy=f"{twice!r} stands twice")
    return [(name, eager.get_column(name).to_list()) for name in names]


def _number_in_text(text: str) -> float | None:
    try:
        return None if "_" in text else float(text)  # Python's own 1_000 is nobody's spelling
    except ValueError:
        return None


def _path(path: Any) -> Path:
    try:
        return Path(path)
    except TypeError:
        raise InputError("file", "be the path of a file", path) from None


def bytes_of(path: Path_, size: int = -1) -> bytes:
    """Return what a file holds, or its first ``size`` bytes; refuse a path that is no file."""
    place = _path(path)
    try:
        with place.open("rb") as file:
            return file.read(size)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        remedy = f"looked for {os.path.abspath(place)}: {reason}"  # noqa: PTH100  never raises
        name = repr(os.fspath(path))
        raise InputError(name, "be a file that can be read", remedy=remedy) from None


def _installed(library: str) -> bool:
    return importlib.util.find_spec(library) is not None


def _with_pyarrow(path: Path) -> Any:
    import pyarrow.parquet  # noqa: PLC0415

    # read_table would make columns of folder names such as year=2026
    return pyarrow.parquet.ParquetFile(path).read()


def _with_polars(path: Path) -> Any:
    return importlib.import_module("polars").read_parquet(path, hive_partitioning=False)


def _with_pandas(path: Path) -> Any:
    return importlib.import_module("pandas").read_parquet(path)


_PARQUET_READERS: dict[str, Callable[[Path], Any]] = {
    "pyarrow": _with_pyarrow,
    "polars": _with_polars,
    "pandas": _with_pandas,
}
