"""Snapshots of a pipeline: a row per deal and day on which one was taken."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError
from funnelsim.events.deal_rows import close_days, row_outcomes
from funnelsim.events.log import LOST
from funnelsim.events.outcomes import OPEN, UNUSED, Labelled, states_of
from funnelsim.events.sheet import Moves, Sheet, deals_in_words, no_moves
from funnelsim.events.stage_changes import used_states, with_starts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST, FEWEST = 0.5, 5
"""A snapshot that lacks so large a share of the open deals, and so many, is incomplete."""


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
    """Return the events with a loss of deals that a snapshot lacks although they were open.

    If a later snapshot shows such a deal again, it is reopened then: before, it looked lost.
    """
    taken = np.unique(np.floor(day[sheet.usable]))
    seen = _sightings(sheet, moves, np.searchsorted(taken, np.floor(day)))
    follows = np.append(seen.deal[1:] == seen.deal[:-1], False)
    following = np.append(seen.snapshot[1:], 0)
    following = np.where(follows, following, len(taken))
    missing = (seen.state >= 0) & (seen.snapshot + 1 < following)
    when = taken[np.minimum(seen.snapshot + 1, len(taken) - 1)]
    closed_before = (
        follows & (np.append(seen.state[1:], 0) < 0) & (np.append(seen.time[1:], 0) <= when)
    )
    missing &= ~closed_before
    missing &= ~_in_partial_snapshots(sheet, moves, seen, missing & follows, len(taken))
    if not missing.any():
        return moves
    _say_vanished(sheet, moves, seen.deal[missing], back=follows[missing])
    return _with_losses(moves, seen, missing, when)


class _Sightings(NamedTuple):
    """The snapshots that show each deal, by deal and snapshot: its state then, and since when."""

    deal: Ints
    snapshot: Ints
    state: Ints
    time: Floats
    row: Ints


def _sightings(sheet: Sheet, moves: Moves, snapshot: NDArray[np.intp]) -> _Sightings:
    """Return each deal's snapshots; in one that shows a state left out it has that of before."""
    size = len(sheet)
    state, time = np.full(size, UNUSED), np.full(size, np.nan)
    own = slice(None, None, -1)  # of a row's own event and a start that was added the first stays
    state[moves.row[own]], time[moves.row[own]] = moves.state[own], moves.time[own]
    deal = sheet.deals()[1]
    row = np.flatnonzero(sheet.usable & np.isin(deal, moves.deal))
    row = row[np.lexsort((row, snapshot[row], deal[row]))]
    last = np.append((np.diff(deal[row]) != 0) | (np.diff(snapshot[row]) != 0), True)
    row = row[last[: len(row)]]
    told = np.maximum.accumulate(np.where(state[row] != UNUSED, np.arange(len(row)), -1))
    carried = np.where((told >= 0) & (deal[row[told]] == deal[row]), state[row[told]], UNUSED)
    return _Sightings(deal[row], snapshot[row].astype(np.int64), carried, time[row], row)


def _in_partial_snapshots(
    sheet: Sheet, moves: Moves, seen: _Sightings, back: NDArray[np.bool_], snapshots: int
) -> NDArray[np.bool_]:
    """Return which are missing in a snapshot that lacks most open deals, though they come back."""
    open_then = np.bincount(seen.snapshot[seen.state >= 0], minlength=snapshots)
    lacking = np.bincount(seen.snapshot[back], minlength=snapshots)
    partial = lacking > np.maximum(MOST * open_then, FEWEST - 1)
    which = back & partial[seen.snapshot]
    if which.any():
        names = moves.named(seen.deal[which])
        sheet.treat(
            "partial-snapshots",
            names,
            f"{deals_in_words(len(names))} missing in a snapshot that lacks most open deals and in "
            "a later one again: that snapshot is taken for incomplete",
        )
    return np.asarray(which)


def _say_vanished(sheet: Sheet, moves: Moves, deal: Ints, *, back: NDArray[np.bool_]) -> None:
    gone = moves.named(deal[~back])
    if gone and not (moves.state < 0).any():
        raise InputError(
            sheet.table.source,
            f"show how deals close: {len(gone):,} of them vanish, and none is won or lost",
            remedy="export closed deals, too",
        )
    once = "open in one snapshot and gone in the next: taken as lost on the day of that"
    again = (
        "open in one snapshot, gone in the next and in a later one again: lost in between, as it "
        "looked then, and reopened"
    )
    back_again = moves.named(deal[back])
    for code, names, message in (
        ("vanished", gone, once),
        ("vanished-and-back", back_again, again),
    ):
        if names:
            sheet.treat(code, names, f"{deals_in_words(len(names))} {message}")


def _with_losses(moves: Moves, seen: _Sightings, missing: NDArray[np.bool_], when: Floats) -> Moves:
    count = int(missing.sum())
    return dataclasses.replace(
        moves,
        deal=np.append(moves.deal, seen.deal[missing]),
        time=np.append(moves.time, when[missing]),
        state=np.append(moves.state, np.full(count, LOST)),
        amount=np.append(moves.amount, np.full(count, np.nan)),
        row=np.append(moves.row, seen.row[missing]),
    )
