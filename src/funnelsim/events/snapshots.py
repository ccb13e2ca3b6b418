"""Snapshots of a pipeline: a row per deal and day on which one was taken."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError
from funnelsim.events.deal_rows import close_days, row_outcomes
from funnelsim.events.log import LOST
from funnelsim.events.outcomes import OPEN, Labelled, states_of
from funnelsim.events.sheet import Moves, Sheet, deals_in_words, no_moves
from funnelsim.events.stage_changes import used_states, with_starts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def read_snapshots(sheet: Sheet) -> Moves:
    """Return the events that snapshots show: a change has the day of the first that shows it."""
    ids, deal = sheet.deals()
    day = sheet.times("snapshot").day
    outcome = row_outcomes(sheet)
    labels, label = sheet.words("stage")
    amount, booked = (sheet.amounts(field).value for field in ("amount", "booked"))
    created = sheet.times("created").day
    closed = close_days(sheet, outcome, created)
    _refuse_empty(sheet, day, label, outcome)
    row = np.flatnonzero(sheet.usable)
    if not len(row):
        return no_moves()
    row = row[np.lexsort((row, day[row], deal[row]))]
    time = _close_or_snapshot(deal[row], day[row], outcome[row], closed[row])
    events = with_starts(sheet, Labelled(labels, label[row], deal[row], time, row))
    added = len(events.row) - len(row)
    stages, state = states_of(sheet, events)
    ended = np.append(outcome[row], np.full(added, OPEN))
    state = np.where(ended != OPEN, ended, state)
    said = np.where((outcome != OPEN) & np.isfinite(booked), booked, amount)
    said = np.append(said[row], np.full(added, np.nan))
    moves = Moves(ids, stages, events.deal, events.time, state, said, events.row)
    moves = used_states(sheet, moves)
    _say_what_is_not_known(sheet, moves, day)
    moves = _with_vanished(sheet, moves, day)
    first = day[row].min()
    early = (outcome[row] != OPEN) & (day[row] == first)
    start = None if early.any() else int(first)
    return dataclasses.replace(moves, record_start=start)


def _refuse_empty(sheet: Sheet, day: Floats, label: Ints, outcome: Ints) -> None:
    for place in np.flatnonzero(np.isnan(day)).tolist():
        sheet.refuse(place, sheet.columns["snapshot"], "be given")
    if "stage" in sheet:
        for place in np.flatnonzero((label < 0) & (outcome == OPEN)).tolist():
            sheet.refuse(place, sheet.columns["stage"], "be given, since the deal is open")


def _close_or_snapshot(deal: Ints, day: Floats, outcome: Ints, closed: Floats) -> Floats:
    """Return when what a row shows came to be, as far as it is known.

    That is its snapshot; for a close the date of the close, if it lies between this snapshot and
    the one before, or before the first.
    """
    before = np.where(np.diff(deal, prepend=-1) == 0, np.append(-np.inf, day[:-1]), -np.inf)
    known = (outcome != OPEN) & (closed <= day + 1) & (closed >= np.floor(before))
    return np.where(known, closed, day)


def _say_what_is_not_known(sheet: Sheet, moves: Moves, day: Floats) -> None:
    gap = np.diff(np.unique(np.floor(day[np.isfinite(day)])))
    usual = f"; they are {np.median(gap):g} days apart" if len(gap) else ""
    sheet.treat(
        "between-snapshots",
        (),
        "a change has the day of the first snapshot that shows it, and may have come after the "
        f"one before{usual}",
    )
    first = day[sheet.usable].min()
    there = moves.named(moves.deal[moves.time == first]) if "created" not in sheet else ()
    if there:
        sheet.treat(
            "start-unknown",
            there,
            f"{deals_in_words(len(there))} in the first snapshot: created before, nobody knows "
            "when; taken as created then, so first times are too short",
        )


def _with_vanished(sheet: Sheet, moves: Moves, day: Floats) -> Moves:
    """Return the events with a loss of deals that are open in their last snapshot, not the last."""
    taken = np.unique(day[sheet.usable])
    last_day = np.full(len(moves.ids), -np.inf)
    deal = sheet.deals()[1]
    np.maximum.at(last_day, deal[sheet.usable], day[sheet.usable])
    order = np.lexsort((moves.state, moves.time, moves.deal))
    ends = order[np.append(np.diff(moves.deal[order]) > 0, True)]
    gone = ends[(moves.state[ends] >= 0) & (last_day[moves.deal[ends]] < taken[-1])]
    if not len(gone):
        return moves
    names = moves.named(moves.deal[gone])
    if not (moves.state < 0).any():
        raise InputError(
            sheet.table.source,
            f"show how deals close: {len(names):,} of them vanish, and none is won or lost",
            remedy="export closed deals, too",
        )
    when = taken[np.searchsorted(taken, last_day[moves.deal[gone]], side="right")]
    sheet.treat(
        "vanished",
        names,
        f"{deals_in_words(len(names))} open in one snapshot and gone in the next: taken as lost on "
        "the day of that",
    )
    return dataclasses.replace(
        moves,
        deal=np.append(moves.deal, moves.deal[gone]),
        time=np.append(moves.time, when),
        state=np.append(moves.state, np.full(len(gone), LOST)),
        amount=np.append(moves.amount, np.full(len(gone), np.nan)),
        row=np.append(moves.row, moves.row[gone]),
    )
