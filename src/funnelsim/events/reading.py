"""Any export of a history becomes the canonical log."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError, RowsError, unknown
from funnelsim.events.amounts import Amounts, the_one_currency
from funnelsim.events.cleaning import tidy
from funnelsim.events.deal_rows import read_rows
from funnelsim.events.field_history import read_fields
from funnelsim.events.log import EventLog
from funnelsim.events.recognition import recognise
from funnelsim.events.segments import segments_of
from funnelsim.events.sheet import Moves, Sheet, Stated, deals_in_words, rows_in_words
from funnelsim.events.snapshots import read_snapshots
from funnelsim.events.stage_changes import read_changes
from funnelsim.events.stage_dates import read_stage_dates
from funnelsim.events.times import zone_of
from funnelsim.events.unusual import name_unusual
from funnelsim.frames import Path_, Table, table_from_file, table_from_frame
from funnelsim.periods import as_date

ON_BAD_ROWS = ("skip", "raise")
HOW_TO_SKIP = 'correct them, or leave them out with on_bad_rows="skip"'
NONE_LEFT = "no row is left: are these the right columns?"

_READERS: dict[str, Callable[[Sheet], Moves]] = {
    "changes": read_changes,
    "fields": read_fields,
    "rows": read_rows,
    "snapshots": read_snapshots,
    "stage dates": read_stage_dates,
}


def read_events(
    source: Path_ | Any,
    *,
    format: str | None = None,  # noqa: A002  the word users look for
    stages: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    won: Sequence[str] | None = None,
    lost: Sequence[str] | None = None,
    timezone: str | None = None,
    currency: str | None = None,
    on_bad_rows: str = "skip",
    record_start: Any = None,
    last_day: Any = None,
    segments: Sequence[str] | None = None,
    day_first: bool | None = None,
    year_first: bool | None = None,
    decimal: str | None = None,
    **columns: str | None,
) -> EventLog:
    """Return the history of deals in a file or a dataframe.

    Parameters
    ----------
    source : path, dataframe, mapping of columns, or sequence of mappings
        A CSV, TSV or Parquet file, or any frame that narwhals supports.
    format : str, optional
        ``"salesforce"`` (opportunity history), ``"salesforce-field-history"``, ``"hubspot"``
        (dates at which stages were entered), ``"pipedrive"``, ``"dynamics"``, ``"zoho"``, or a
        plain table: ``"deals"`` (one row per deal), ``"stage-changes"``, ``"snapshots"``. By
        default it is recognised by the columns; `EventLog.recognised` says which it is.
    stages : sequence of str, or mapping of str to sequence of str, optional
        The open stages in order. Rows in other states are left out. Where stages were renamed:
        the names that each had, ``{"Proposal": ["Proposal", "Quote sent"]}``.
    won, lost : sequence of str, optional
        The words for won and for lost, where they cannot be told by themselves.
    timezone : str, optional
        The zone whose days count, such as ``"Europe/Berlin"``: times with an offset are converted
        to it, those without are in it. By default times stay as written.
    currency : str, optional
        The one to read, if there are several; rows of others are left out.
    on_bad_rows : {"skip", "raise"}
        Whether rows that cannot be used are left out, and listed in ``skipped``, or an error.
    record_start, last_day : date, optional
        The first day from which closes are recorded, and the day of the extraction. By default
        they are read from the events. Later events are left out.
    segments : sequence of str, optional
        The columns that deals are grouped by; by default all with few different texts.
    day_first : bool, optional
        Whether 4/12/2019 is in December, if the dates do not tell.
    year_first : bool, optional
        Whether 25-01-13 is of 2025, if the dates do not tell.
    decimal : {".", ","}, optional
        The decimal sign of amounts, if they do not tell: whether 12.500 is twelve and a half.
    **columns : str
        The table's own name for a field: ``deal="opp_no"``; see `events.layouts.FIELDS`.

    Returns
    -------
    EventLog

    Raises
    ------
    InputError
        If the table cannot be read or recognised, or something must be stated; a `RowsError` if
        no row can be used, or any cannot and ``on_bad_rows`` is ``"raise"``.

    Examples
    --------
    >>> log = read_events({
    ...     "deal": ["A", "A", "B"], "date": ["2026-01-05", "2026-02-01", "2026-01-20"],
    ...     "stage": ["Meeting", "Won", "Meeting"], "amount": [9000, 8500, 4000]})
    >>> log
    EventLog(2 deals, 3 events)
    >>> print(log.recognised)
    stage-changes: deal is 'deal', time is 'date', stage is 'stage', amount is 'amount'
    """
    if on_bad_rows not in ON_BAD_ROWS:
        raise unknown("on_bad_rows", str(on_bad_rows), ON_BAD_ROWS, "be a known word")
    if decimal not in {None, ".", ","}:
        raise InputError("decimal", 'be "." or ","', decimal)
    table = _table_of(source)
    match = recognise(table, format, columns)
    stated = Stated(
        stages=stages,
        won=won,
        lost=lost,
        zone=zone_of(timezone),
        currency=currency,
        record_start=_day("record_start", record_start),
        last_day=_day("last_day", last_day),
        segments=segments,
        day_first=day_first,
        year_first=year_first,
        decimal=decimal,
    )
    sheet = Sheet(table, match, stated)
    money = _one_currency(sheet)
    _leave_out_deleted(sheet)
    moves = _READERS[match.layout.kind](sheet)
    _stop_if_bad(sheet, raise_any=on_bad_rows == "raise")
    moves = tidy(sheet, moves)
    if not len(moves.time):
        raise _stopped(sheet) or _nothing_left(sheet)
    moves = name_unusual(sheet, moves)
    sheet.say_offsets()
    return _log(sheet, moves, money)


def _table_of(source: Any) -> Table:
    is_path = isinstance(source, str | os.PathLike)
    table = table_from_file(source) if is_path else table_from_frame(source)
    if not len(table.rows) and not table.problems:
        raise InputError(table.source, "hold at least one row")
    return table


def _day(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    return as_date(name, value).toordinal()


def _one_currency(sheet: Sheet) -> str | None:
    """Return the currency; rows of another one, if one is chosen, are left out and counted."""
    column, found = _currencies(sheet)
    if column is None:
        return sheet.stated.currency
    names, counts = np.unique(found[found != ""], return_counts=True)
    rows = dict(zip(names.tolist(), counts.tolist(), strict=True))
    by_count = sorted(rows, key=lambda name: -rows[name])
    chosen = the_one_currency(column, by_count, sheet.stated.currency, rows)
    other = (found != "") & (found != chosen)
    if other.any():
        ids = {str(sheet.cells("deal")[k]) for k in np.flatnonzero(other).tolist()}
        count = f"{rows_in_words(int(other.sum()))} of {deals_in_words(len(ids))}"
        sheet.treat("other-currency", sorted(ids), f"{count} not in {chosen}: left out")
        sheet.usable &= ~other
    return chosen


def _currencies(sheet: Sheet) -> tuple[str | None, NDArray[np.str_]]:
    """Return where currencies are said, and that of each row ("" where none is)."""
    if "currency" in sheet:
        names, codes = sheet.words("currency")
        return sheet.columns["currency"], np.array([*map(str.upper, names), ""])[codes]
    said = np.full(len(sheet), "", dtype="U3")
    for field in ("amount", "booked"):
        amounts: Amounts = sheet.amounts(field)
        for place, name in amounts.currency.items():
            said[place] = name
        if amounts.currency:
            return sheet.columns[field], said
    return None, said


def _leave_out_deleted(sheet: Sheet) -> None:
    """Leave out rows that their system calls deleted."""
    gone = np.zeros(len(sheet), np.bool_)
    if "is_deleted" in sheet:
        gone = sheet.flags("is_deleted") == 1.0
    if "outcome" in sheet and sheet.match.layout.kind == "rows":
        words, code = sheet.words("outcome")
        gone |= np.array([*(word.casefold() == "deleted" for word in words), False])[code]
    if gone.any():
        ids = dict.fromkeys(str(sheet.cells("deal")[k]) for k in np.flatnonzero(gone).tolist())
        sheet.treat(
            "deleted-rows", tuple(ids), f"{rows_in_words(int(gone.sum()))} deleted: left out"
        )
        sheet.usable &= ~gone


def _stop_if_bad(sheet: Sheet, *, raise_any: bool) -> None:
    if sheet.problems and (raise_any or not sheet.usable.any()):
        raise _stopped(sheet) or AssertionError


def _nothing_left(sheet: Sheet) -> InputError:
    why = "; ".join(treatment.message for treatment in sheet.treatments if treatment.ids)
    return InputError(sheet.table.source, "hold an event that can be used", remedy=why or None)


def _stopped(sheet: Sheet) -> RowsError | None:
    if not sheet.problems:
        return None
    ordered = sorted(sheet.problems, key=lambda problem: problem.row)
    remedy = HOW_TO_SKIP if sheet.usable.any() else NONE_LEFT
    return RowsError(sheet.table.source, ordered, remedy)


def _log(sheet: Sheet, moves: Moves, money: str | None) -> EventLog:
    found, first, place = np.unique(moves.deal, return_index=True, return_inverse=True)
    names = [moves.ids[k] for k in found.tolist()]
    ranked = _ranked(names, place, moves.time)
    rank = np.empty(len(ranked), np.int64)
    rank[ranked] = np.arange(len(ranked))
    order = np.argsort(rank[place], kind="stable")  # the log sorts by time, and keeps this order
    return EventLog(
        [names[k] for k in ranked.tolist()],
        moves.stages,
        deal=rank[place][order],
        time=moves.time[order],
        state=moves.state[order],
        amount=moves.amount[order],
        segments=dict(segments_of(sheet, moves.row[first[ranked]])),
        record_start=_first(sheet.stated.record_start, moves.record_start),
        last_day=sheet.stated.last_day,
        currency=money,
        skipped=sorted(sheet.problems, key=lambda problem: problem.row),
        treatments=sheet.treatments,
        source=sheet.table.source,
        recognised=sheet.match.recognised(),
        stages_stated=sheet.stated.stages is not None,
    )


def _ranked(
    names: list[str], place: NDArray[np.intp], time: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the deals in order of their first event, then of their names: not of the rows."""
    first = np.full(len(names), np.inf)
    np.minimum.at(first, place, time)
    return np.lexsort((np.array(names), first))


def _first(*days: int | None) -> int | None:
    return next((day for day in days if day is not None), None)
