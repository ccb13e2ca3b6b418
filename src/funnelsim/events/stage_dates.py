"""Tables with one row per deal and a column per stage that says when the deal entered it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from funnelsim.events.deal_rows import close_days, row_outcomes
from funnelsim.events.log import LOST, WON
from funnelsim.events.outcomes import FIRST, OPEN, Labelled, outcome_in, states_of
from funnelsim.events.pipelines import refuse_several
from funnelsim.events.recognition import date_entered_columns, folded
from funnelsim.events.sheet import Moves, Sheet, deals_in_words
from funnelsim.events.stage_changes import used_states

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOLD_BY = ("stage", "is_won", "outcome")
"""The fields that say whether a deal is closed; without them its latest date does."""


def read_stage_dates(sheet: Sheet) -> Moves:
    """Return the events of a table that has a date of entry per stage.

    Such a date is that of the latest visit, so that a deal which moved back seems to have come
    to its stages out of order.
    """
    ids, deal = sheet.deals()
    outcome = row_outcomes(sheet)
    columns = date_entered_columns(sheet.table.columns)
    several = len({pipeline for _, pipeline in columns.values()}) > 1
    names = [f"{n} ({p})" if several and p else n for n, p in columns.values()]
    entered = np.array([sheet.times_of(column).day for column in columns])
    if several and sheet.stated.stages is None:
        _check_pipelines(sheet, list(columns.values()), np.isfinite(entered).any(axis=1))
    created = sheet.times("created").day
    closed = close_days(sheet, outcome, created)
    amount = sheet.amounts("amount").value
    _refuse_dateless(sheet, np.vstack([entered, created]))
    events = _unpivoted(_closing_named(sheet, names, outcome), entered, created, sheet.usable)
    stages, state = states_of(sheet, events)
    events_deal = deal[events.row]
    said = np.full(len(state), np.nan)
    moves = Moves(ids, stages, events_deal, events.time, state, said, events.row)
    moves = _closed_as_told(sheet, used_states(sheet, moves), outcome, closed)
    sheet.treat(
        "values-at-extraction",
        (),
        "amounts and segments are those at the export, not those of the time; a date of entry is "
        "that of the latest visit to a stage",
    )
    return _with_amounts(moves, amount)


def _check_pipelines(
    sheet: Sheet, columns: list[tuple[str, str | None]], filled: NDArray[np.bool_]
) -> None:
    stages: dict[str, set[str]] = {}
    for (name, pipeline), any_date in zip(columns, filled.tolist(), strict=True):
        if any_date and outcome_in(name) is None:
            stages.setdefault(str(pipeline), set()).add(f"{name} ({pipeline})")
    refuse_several(sheet, stages)


def _refuse_dateless(sheet: Sheet, days: Floats) -> None:
    for place in np.flatnonzero(np.isnan(days).all(axis=0) & sheet.usable).tolist():
        column = sheet.columns.get("created", "dates of entry")
        sheet.refuse(place, column, "be given, or the date of entry into a stage")


def _closing_named(sheet: Sheet, names: list[str], outcome: Ints) -> list[str]:
    """Return the stages with those called won and lost in which closed deals stand."""
    if "stage" not in sheet or sheet.stated.won is not None or sheet.stated.lost is not None:
        return names
    words, code = sheet.words("stage")
    by_folded = {folded(word): k for k, word in enumerate(words)}
    renamed = list(names)
    for k, name in enumerate(names):
        standing = outcome[code == by_folded.get(folded(name), -2)]
        if len(standing) and outcome_in(name) is None and (standing != OPEN).all():
            renamed[k] = "won" if (standing == WON).mean() > 0.5 else "lost"  # noqa: PLR2004
    return renamed


def _unpivoted(
    labels: list[str], entered: Floats, created: Floats, usable: NDArray[np.bool_]
) -> Labelled:
    """Return an event per date; a creation is one in the first stage."""
    given = np.isfinite(entered)
    first = np.where(given, entered, np.inf).min(axis=0)
    days = np.vstack([entered, np.where(created < first, created, np.nan)])
    label, row = np.nonzero(np.isfinite(days) & usable)
    time = days[label, row]
    return Labelled(labels, np.where(label == len(labels), FIRST, label), row, time, row)


def _closed_as_told(sheet: Sheet, moves: Moves, outcome: Ints, closed: Floats) -> Moves:
    """Return the events with the close that a row tells, and without one of an open deal."""
    size = len(sheet)
    last_open = np.full(size, -np.inf)
    in_stage = moves.state >= 0
    np.maximum.at(last_open, moves.row[in_stage], moves.time[in_stage])
    after = (moves.state < 0) & (moves.time >= last_open[moves.row])
    told = any(field in sheet for field in TOLD_BY)
    if told:
        moves = moves.only(~after | (moves.state == outcome[moves.row]))
        after = (moves.state < 0) & (moves.time >= last_open[moves.row])
    has_close = np.zeros(size, np.bool_)
    has_close[moves.row[after]] = True
    present = np.zeros(size, np.bool_)
    present[moves.row] = True
    lacking = np.flatnonzero((outcome != OPEN) & ~has_close & present)
    column = sheet.columns.get("closed", "closed")
    for place in lacking[np.isnan(closed[lacking])].tolist():
        word = "lost" if outcome[place] == LOST else "won"
        sheet.refuse(place, column, f"be given, since the deal is {word}")
    dated = lacking[np.isfinite(closed[lacking])]
    _say_early(sheet, dated[closed[dated] < last_open[dated]])
    closes = np.maximum(closed[dated], last_open[dated])
    whole = _with_closes(moves, dated, closes, outcome[dated])
    return whole.only(sheet.usable[whole.row])


def _say_early(sheet: Sheet, early: Ints) -> None:
    if len(early):
        own = [str(sheet.cells("deal")[k]) for k in early.tolist()]
        sheet.treat(
            "closed-before-last-stage",
            own,
            f"{deals_in_words(len(own))} closed before the last stage was entered: the day of that "
            "entry counts",
        )


def _with_closes(moves: Moves, rows: Ints, closes: Floats, outcome: Ints) -> Moves:
    """Return the events with those that close the deals of some rows."""
    deal_of = np.full(int(moves.row.max(initial=-1)) + 1, -1)
    deal_of[moves.row] = moves.deal
    return Moves(
        moves.ids,
        moves.stages,
        np.append(moves.deal, deal_of[rows]),
        np.append(moves.time, closes),
        np.append(moves.state, outcome),
        np.append(moves.amount, np.full(len(rows), np.nan)),
        np.append(moves.row, rows),
    )


def _with_amounts(moves: Moves, amount: Floats) -> Moves:
    """Return the events with the row's amount at the first of a deal, and where it is won."""
    ordered = moves.only(np.lexsort((moves.time, moves.row)))
    first = np.diff(ordered.row, prepend=-1) > 0
    said = np.where(first | (ordered.state == WON), amount[ordered.row], np.nan)
    return Moves(
        ordered.ids, ordered.stages, ordered.deal, ordered.time, ordered.state, said, ordered.row
    )
