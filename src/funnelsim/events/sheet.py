"""A recognised table by column: texts, times and amounts, and what is wrong with its rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import RowProblem
from funnelsim.events.amounts import Amounts, read_amounts
from funnelsim.events.log import Treatment
from funnelsim.events.recognition import Match, date_entered_columns, folded
from funnelsim.events.short_years import short_order_of
from funnelsim.events.times import Times, day_first_of, read_times
from funnelsim.frames import Table

DATES = ("time", "created", "closed", "won_at", "lost_at", "modified", "snapshot")
IDS_SHOWN = 5
NAMES = frozenset(
    {"opportunityname", "dealname", "dealtitle", "title", "topic", "name", "potentialname"}
)
"""Headers of what deals are called by people, folded: not always unique."""
_ROUNDED_ID = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
_YES = frozenset({"true", "1", "yes", "y", "1.0"})
_NO = frozenset({"false", "0", "no", "n", "0.0"})


@dataclass(frozen=True)
class Stated:
    """What the user states of a history, beside its columns."""

    stages: Sequence[str] | Mapping[str, Sequence[str]] | None = None
    won: Sequence[str] | None = None
    lost: Sequence[str] | None = None
    zone: Any = None
    currency: str | None = None
    record_start: int | None = None
    last_day: int | None = None
    segments: Sequence[str] | None = None
    day_first: bool | None = None
    year_first: bool | None = None
    decimal: str | None = None


@dataclass(frozen=True, eq=False)
class Moves:
    """Events of deals as read, before they are put in order.

    ``deal`` is a place in ``ids``, ``state`` one in ``stages``, `WON` or `LOST`, ``row`` a place
    in the table; all have one length, that of ``time`` and ``amount``. ``record_start`` is the
    first day of the record, if the kind of table tells it.
    """

    ids: tuple[str, ...]
    stages: tuple[str, ...]
    deal: NDArray[np.int64]
    time: NDArray[np.float64]
    state: NDArray[np.int64]
    amount: NDArray[np.float64]
    row: NDArray[np.int64]
    record_start: int | None = None

    def only(self, kept: NDArray[Any]) -> Moves:
        """Return some of the events, by a mask or by their places."""
        return replace(
            self,
            deal=self.deal[kept],
            time=self.time[kept],
            state=self.state[kept],
            amount=self.amount[kept],
            row=self.row[kept],
        )

    def named(self, deals: NDArray[Any]) -> tuple[str, ...]:
        """Return what deals are called, each once."""
        return tuple(self.ids[k] for k in np.unique(deals).tolist())


def no_moves() -> Moves:
    """Return the events of a table without a usable row."""
    whole, none = np.empty(0, np.int64), np.empty(0)
    return Moves((), (), whole, none, whole, none, whole)


class Sheet:
    """A table whose columns are recognised; it gathers what is wrong with rows, and treatments.

    Parameters
    ----------
    table : Table
        The cells.
    match : Match
        The column of each field.
    stated : Stated
        What the user states.
    """

    def __init__(self, table: Table, match: Match, stated: Stated) -> None:
        self.match, self.stated = match, stated
        self.columns = match.columns
        self.treatments: list[Treatment] = []
        self._amounts: dict[str, Amounts] = {}
        self.offsets: dict[str, list[str]] = {}
        self.table = _without_footer(table, self.columns, self.treatments)
        self.problems = list(self.table.problems)
        self.usable = np.ones(len(self.table.rows), np.bool_)
        self.year_first, self.day_first = self._order_of_dates()

    def __len__(self) -> int:
        return len(self.table.rows)

    def __contains__(self, field: str) -> bool:
        return field in self.columns

    def _dates(self) -> list[tuple[str, Sequence[Any]]]:
        names = [self.columns[field] for field in DATES if field in self.columns]
        if self.match.layout.kind == "stage dates":
            names += date_entered_columns(self.table.columns)
        return [(name, self.table.columns[name]) for name in names]

    def _order_of_dates(self) -> tuple[bool, bool | None]:
        """Return whether a year of two digits comes first, and whether the day before the month."""
        dates, stated = self._dates(), self.stated
        short, example = short_order_of(
            dates, year_first=stated.year_first, day_first=stated.day_first
        )
        year_first = short == "year/month/day"
        day_first = stated.day_first
        if day_first is None and short is not None and not year_first:
            day_first = short == "day/month/year"
        day_first = day_first_of(dates, day_first, year_first=year_first)
        if example is not None and stated.day_first is None and not stated.year_first:
            order = short or ("day/month/year" if day_first else "month/day/year")
            self.treat(
                "two-digit-years",
                (),
                f"dates such as {example} are read as {order}: no other order fits them",
            )
        return year_first, day_first

    def cells(self, field: str) -> list[Any]:
        """Return the cells of a field; all None if the table has no such column."""
        if field not in self.columns:
            return [None] * len(self)
        return self.table.columns[self.columns[field]]

    def refuse(
        self, place: int, column: str, rule: str, value: Any = ..., remedy: str | None = None
    ) -> None:
        """Note that a row cannot be used; the first reason is kept."""
        if self.usable[place]:
            self.problems.append(RowProblem(self.table.rows[place], column, rule, value, remedy))
            self.usable[place] = False

    def treat(self, code: str, ids: Sequence[str], message: str) -> None:
        """Note what was done about something unusual."""
        self.treatments.append(Treatment(code, tuple(ids), message))

    def deals(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Return what the deals are called, and the deal of each row (-1: none is given)."""
        column, cells = self.columns["deal"], self.cells("deal")
        names, codes = coded(cells)
        texts = [_id_text(name) for name in names]
        for name, text in zip(names, texts, strict=True):
            if _ROUNDED_ID.fullmatch(text):
                for place in np.flatnonzero(codes == names.index(name)).tolist():
                    remedy = "a spreadsheet rounded it: export again, as text"
                    self.refuse(place, column, "be the whole id", name, remedy)
        for place in np.flatnonzero(codes < 0).tolist():
            self.refuse(place, column, "be given")
        self._say_if_numbers(column, names, texts)
        if folded(column) in NAMES:
            message = f"deals are told apart by {column}: two of one name count as one deal"
            self.treat("deals-by-name", (), message)
        ids, merged = coded(texts)
        places = np.append(merged, -1)
        return tuple(ids), places[codes]

    def _say_if_numbers(self, column: str, names: list[Any], texts: list[str]) -> None:
        if not any(isinstance(name, int | float) for name in names):
            return
        if len({len(text) for text in texts}) > 1:
            self.treat(
                "numeric-ids",
                (),
                f"{column} was read as numbers: zeros in front of an id, if there were any, are "
                "lost (read the column as text to keep them)",
            )

    def words(self, field: str) -> tuple[list[str], NDArray[np.int64]]:
        """Return the distinct texts of a field, and which one each row has (-1: none)."""
        names, codes = coded(self.cells(field))
        texts, merged = coded([_id_text(name) for name in names])
        return texts, np.append(merged, -1)[codes]

    def flags(self, field: str) -> NDArray[np.float64]:
        """Return 1 for yes, 0 for no, NaN for neither."""
        names, codes = self.words(field)
        folded = [name.casefold() for name in names]
        values = [1.0 if n in _YES else 0.0 if n in _NO else np.nan for n in folded]
        return np.array([*values, np.nan])[codes]

    def times(self, field: str) -> Times:
        """Return the times of a field; a cell that is none makes its row unusable."""
        return self.times_of(self.columns[field]) if field in self.columns else _no_times(len(self))

    def times_of(self, column: str) -> Times:
        """Return the times of a column."""
        cells = self.table.columns[column]
        times = read_times(
            column,
            cells,
            day_first=self.day_first,
            year_first=self.year_first,
            zone=self.stated.zone,
        )
        for place, rule, remedy in times.bad:
            self.refuse(place, column, rule, cells[place], remedy)
        if times.note and column not in self.offsets.setdefault(times.note, []):
            self.offsets[times.note].append(column)
        return times

    def say_offsets(self) -> None:
        """Say how times with offsets were treated, once for all columns."""
        for note, columns in self.offsets.items():
            self.treat("offsets", (), f"{', '.join(columns)}: {note}")

    def amounts(self, field: str) -> Amounts:
        """Return the amounts of a field; a cell that is none makes its row unusable."""
        if field not in self.columns:
            return Amounts(np.full(len(self), np.nan), {}, ())
        if field in self._amounts:
            return self._amounts[field]
        column, cells = self.columns[field], self.cells(field)
        amounts = self._amounts[field] = read_amounts(cells, self.stated.decimal)
        for place in amounts.bad:
            self.refuse(place, column, "be an amount", cells[place], "write 300000.00")
        self._say_if_unsure(column, amounts)
        return amounts

    def _say_if_unsure(self, column: str, amounts: Amounts) -> None:
        if not amounts.unsure:
            return
        other = "," if amounts.unsure == "." else "."
        sign = "point" if "." in amounts.example else "comma"
        what = "decimal sign" if amounts.unsure in amounts.example else "thousands separator"
        self.treat(
            "thousands-or-decimals",
            (),
            f"every {sign} in {column} stands before exactly three digits, as in "
            f"{amounts.example}: it is taken for the {what}; "
            f'decimal="{other}" reads it the other way',
        )


def coded(cells: Sequence[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the distinct cells in the order in which they come, and the place of each cell's.

    Examples
    --------
    >>> coded(["b", None, "a", "b"])
    (['b', 'a'], array([ 0, -1,  1,  0]))
    """
    places: dict[Any, int] = {None: -1}
    codes = [places.setdefault(cell, len(places) - 1) for cell in cells]
    return list(places)[1:], np.array(codes, np.int64)


def some(ids: Sequence[str]) -> str:
    """Return the first few ids, and how many more there are.

    Examples
    --------
    >>> some(["A", "B"]), some(list("ABCDEFG"))
    ('A, B', 'A, B, C, D, E and 2 more')
    """
    more = len(ids) - IDS_SHOWN
    return ", ".join(ids[:IDS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def deals_in_words(count: int) -> str:
    """Return ``"1 deal"``, ``"1,234 deals"``."""
    return f"{count:,} deal{'s' * (count != 1)}"


def rows_in_words(count: int) -> str:
    """Return ``"1 row"``, ``"1,234 rows"``."""
    return f"{count:,} row{'s' * (count != 1)}"


def _id_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # a column of whole numbers with gaps comes out of pandas as floats
    return str(cell)


def _no_times(rows: int) -> Times:
    return Times(np.full(rows, np.nan), np.zeros(rows, np.bool_), ())


def _without_footer(table: Table, columns: Any, treatments: list[Treatment]) -> Table:
    """Return a table without the lines of text that reports put under it.

    They are lines with another number of cells after the last whole row, and last rows of which
    only the first cell is filled.
    """
    used = [own for own in columns.values() if own in table.columns]
    first = next(iter(table.columns), None)
    rest = [table.columns[name] for name in used if name != first]
    last = len(table.rows)
    while last and rest and all(cells[last - 1] is None for cells in rest):
        last -= 1
    end = table.rows[last - 1] if last else 0
    under = [problem for problem in table.problems if problem.row > end]
    count = len(table.rows) - last + len(under)
    if not count or not last:
        return table
    lines = f"{count} line{'s' * (count != 1)}"
    treatments.append(Treatment("footer", (), f"{lines} under the table, without a deal: left out"))
    cut = {name: cells[:last] for name, cells in table.columns.items()}
    above = tuple(problem for problem in table.problems if problem.row <= end)
    return replace(table, columns=cut, rows=table.rows[:last], problems=above)
