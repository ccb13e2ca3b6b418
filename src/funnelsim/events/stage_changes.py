"""Logs of stage changes: a row per deal, time and stage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from funnelsim.events.log import LOST, WON
from funnelsim.events.outcomes import FIRST, OPEN, UNUSED, Labelled, outcomes_of, states_of
from funnelsim.events.sheet import Moves, Sheet, deals_in_words, rows_in_words, some


def read_changes(sheet: Sheet) -> Moves:
    """Return the events of a log that has a row per change of stage."""
    ids, deal = sheet.deals()
    time = sheet.times("time").day
    labels, label = sheet.words("stage")
    amount = sheet.amounts("amount").value
    booked = sheet.amounts("booked").value
    _refuse_empty(sheet, "time", np.isnan(time))
    ended = _outcome_rows(sheet)
    _refuse_empty(sheet, "stage", (label < 0) & (ended == OPEN))
    row = np.flatnonzero(sheet.usable)
    own = Labelled(labels, label[row], deal[row], time[row], row)
    events = with_starts(sheet, own)
    added = len(events.row) - len(row)  # a start that is added has no outcome of its own
    stages, state = states_of(sheet, events)
    said = np.append(ended[row], np.full(added, OPEN))
    state = np.where(said != OPEN, said, state)
    amounts = np.append(amount[row], np.full(added, np.nan))
    brought = (state == WON) & ~np.isnan(booked[events.row])
    amounts = np.where(brought, booked[events.row], amounts)
    moves = Moves(ids, stages, events.deal, events.time, state, amounts, events.row)
    return used_states(sheet, moves)


def used_states(sheet: Sheet, moves: Moves) -> Moves:
    """Return the events whose state is among the stages, or an outcome; say what is left out."""
    unused = moves.state == UNUSED
    if not unused.any():
        return moves
    names = sorted({str(sheet.cells("stage")[k]) for k in moves.row[unused].tolist()})
    kept = moves.only(~unused)
    sheet.treat(
        "unlisted-states",
        moves.named(moves.deal[unused]),
        f"{rows_in_words(int(unused.sum()))} in states that are not among stages ({some(names)}): "
        "left out; a deal stays in the stage it had come to",
    )
    reached = np.zeros(len(moves.ids), np.bool_)
    reached[kept.deal[kept.state != LOST]] = True
    never = ~reached[kept.deal]
    if never.any():
        never_ids = moves.named(kept.deal[never])
        sheet.treat(
            "never-in-stages",
            never_ids,
            f"{deals_in_words(len(never_ids))} lost without having been in one of the stages: "
            "left out",
        )
    return kept.only(~never)


def _refuse_empty(sheet: Sheet, field: str, empty: NDArray[np.bool_]) -> None:
    for place in np.flatnonzero(empty & sheet.usable).tolist():
        sheet.refuse(place, sheet.columns[field], "be given")


def _outcome_rows(sheet: Sheet) -> NDArray[np.int64]:
    """Return what a column of outcomes beside the stage says of each row."""
    if "outcome" not in sheet:
        return np.full(len(sheet), OPEN)
    words, code = sheet.words("outcome")
    stated = type(sheet.stated)()
    meant = outcomes_of(sheet.columns["outcome"], words, stated, others_open=True)
    return np.array([*meant, OPEN], np.int64)[code]


def with_starts(sheet: Sheet, events: Labelled) -> Labelled:
    """Return the events with the creation of deals whose first change came later.

    Such a deal starts in the stage that its first change came from, if that is said.
    """
    if "created" not in sheet:
        _say_unknown_starts(sheet, events)
        return events
    times = sheet.times("created")
    created, whole = times.day[events.row], times.whole[events.row]
    first = _first_events(events)
    same_day = whole & (created == np.floor(events.time))
    late = first[(created < events.time)[first] & ~same_day[first]]  # not where it is NaN
    came_from, code = sheet.words("from_stage")
    labels = [*events.labels, *(name for name in came_from if name not in events.labels)]
    places = np.array([*(labels.index(name) for name in came_from), FIRST], np.int64)
    start = places[code[events.row[late]]]
    _say_guessed(sheet, events.row[late[start == FIRST]])
    return Labelled(
        labels,
        np.append(events.label, start),
        np.append(events.deal, events.deal[late]),
        np.append(events.time, created[late]),
        np.append(events.row, events.row[late]),
    )


def _first_events(events: Labelled) -> NDArray[np.intp]:
    """Return the place of each deal's first event."""
    order = np.lexsort((events.row, events.time, events.deal))
    return np.asarray(order[np.diff(events.deal[order], prepend=-1) > 0])


def _say_unknown_starts(sheet: Sheet, events: Labelled) -> None:
    """Name deals that came from a stage before their first change on record."""
    if "from_stage" not in sheet:
        return
    rows = events.row[_first_events(events)]
    before = sheet.cells("from_stage")
    ids = [str(sheet.cells("deal")[k]) for k in rows.tolist() if before[k] is not None]
    if ids:
        sheet.treat(
            "start-unknown",
            ids,
            f"{deals_in_words(len(ids))} in a stage before the first change on record: taken as "
            "created then, so first times are too short; name the column created=… if there is one",
        )


def _say_guessed(sheet: Sheet, rows: NDArray[np.int64]) -> None:
    if len(rows):
        ids = [str(sheet.cells("deal")[k]) for k in rows.tolist()]
        sheet.treat(
            "created-before-first-change",
            ids,
            f"{deals_in_words(len(ids))} created before the first change on record: in the first "
            "stage from creation on",
        )
