"""Events as read become events in order; what is unusual about their path is named."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError
from funnelsim.events.log import LOST, WON
from funnelsim.events.sheet import Moves, Sheet, deals_in_words, rows_in_words, some

Flags = NDArray[np.bool_]

LAST_STATE = 10**6
"""The place of won among states of one instant: after every stage, and after lost."""
AT_ONCE_DAYS = 1.0
FEW_EVENTS, MANY_EVENTS, YEAR = 3, 20, 366.0


def tidy(sheet: Sheet, moves: Moves) -> Moves:
    """Return the events by deal and time, each once; treatments go to the sheet."""
    moves = _until_last_day(sheet, moves)
    moves = _in_order(sheet, moves)
    moves = _without_duplicates(sheet, moves)
    moves = _collapsed(sheet, moves)
    _name_paths(sheet, moves)
    return moves


def _until_last_day(sheet: Sheet, moves: Moves) -> Moves:
    last = sheet.stated.last_day
    if last is None:
        _refuse_far_ahead(sheet, moves)
        return moves
    later = moves.time >= last + 1
    if later.any():
        ids = moves.named(moves.deal[later])
        sheet.treat(
            "after-last-day",
            ids,
            f"{rows_in_words(int(later.sum()))} of {deals_in_words(len(ids))} lie after last_day: "
            "left out",
        )
    return moves.only(~later)


def _refuse_far_ahead(sheet: Sheet, moves: Moves) -> None:
    """Refuse a few events more than a year after all others: they would set the last day."""
    time = np.sort(moves.time)
    few = max(FEW_EVENTS, len(time) // 1000)
    if len(time) < MANY_EVENTS:
        return
    gaps = np.flatnonzero(np.diff(time[-few - 1 :]) > YEAR)
    if len(gaps):
        before = int(time[len(time) - few - 1 + gaps[0]])
        late = moves.named(moves.deal[moves.time > before + 1])
        first = dt.date.fromordinal(int(time[-1]))
        raise InputError(
            f"last_day of {sheet.table.source}",
            f"be stated: {deals_in_words(len(late))} ({some(late)}) with dates up to {first}, more "
            "than a year after all others",
            remedy=f'last_day="{dt.date.fromordinal(before)}" leaves them out',
        )


def _in_order(sheet: Sheet, moves: Moves) -> Moves:
    """Return the events by deal and time; those of one instant by stage, then lost, then won."""
    ending = np.where(moves.state == WON, LAST_STATE, LAST_STATE - 1)
    rank = np.where(moves.state < 0, ending, moves.state)
    order = np.lexsort((moves.row, rank, moves.time, moves.deal))
    ordered = moves.only(order)
    together = _follows(ordered) & (np.diff(ordered.time, prepend=np.nan) == 0.0)
    together &= np.diff(ordered.state, prepend=0) != 0
    if together.any():
        ids = ordered.named(ordered.deal[together])
        sheet.treat(
            "same-instant",
            ids,
            f"{deals_in_words(len(ids))} with several states at one time: the order of the stages "
            "counts",
        )
    return ordered


def _follows(moves: Moves) -> Flags:
    """Return whether the event before is one of the same deal."""
    return np.asarray(np.diff(moves.deal, prepend=-1) == 0)


def _same_as_before(moves: Moves) -> tuple[Flags, Flags]:
    """Return whether an event has the state of the deal's event before, and its amount or none."""
    same = _follows(moves) & (np.diff(moves.state, prepend=0) == 0)
    said = np.diff(moves.amount, prepend=np.nan) == 0.0
    return same, said | np.isnan(moves.amount)


def _without_duplicates(sheet: Sheet, moves: Moves) -> Moves:
    same, said = _same_as_before(moves)
    at_once = np.diff(moves.time, prepend=np.nan) == 0.0
    twice = same & said & at_once
    if twice.any():
        ids = moves.named(moves.deal[twice])
        sheet.treat(
            "duplicate-rows",
            ids,
            f"{rows_in_words(int(twice.sum()))} of {deals_in_words(len(ids))} with what another "
            "row says, too: counted once",
        )
    return moves.only(~twice)


def _collapsed(sheet: Sheet, moves: Moves) -> Moves:
    """Return the events without those that repeat a state; what changes an amount stays."""
    same, said = _same_as_before(moves)
    after_close = same & (moves.state < 0)
    changed = after_close & ~said
    if changed.any():
        ids = moves.named(moves.deal[changed])
        sheet.treat(
            "changed-after-close",
            ids,
            f"{deals_in_words(len(ids))} with another amount after the close: the first one said "
            "at the close is kept",
        )
    repeated = same & (said | after_close)
    if repeated.any():
        ids = moves.named(moves.deal[repeated])
        sheet.treat(
            "repeated-states",
            ids,
            f"{rows_in_words(int(repeated.sum()))} of {deals_in_words(len(ids))} with the state of "
            "the row before: the first counts",
        )
    return moves.only(~repeated)


def _name_paths(sheet: Sheet, moves: Moves) -> None:
    """Name deals whose path is unusual; as_of says how each counts."""
    follows, state = _follows(moves), moves.state
    before = np.append(LOST, state[:-1])
    furthest = _furthest_before(moves)
    stages = state >= 0
    reopened = follows & (before < 0) & stages
    judged = follows & (before < 0) & ~stages & (state != before)
    back = follows & stages & (state < furthest) & ~reopened
    skipped = stages & (state > furthest + 1)
    at_once = _entered_won(moves)
    for code, which, message in (
        ("moved-back", back, "moved back: the furthest stage reached counts"),
        ("skipped-stages", skipped, "skipped a stage: it is passed in no time"),
        ("reopened", reopened, "reopened after a close: open until the last close"),
        ("outcome-changed", judged, "with another outcome after a close: the last one counts"),
        (
            "entered-won",
            at_once,
            "won within a day of creation by a single change: kept, though perhaps entered late",
        ),
    ):
        ids = moves.named(moves.deal[which])
        if ids:
            sheet.treat(code, ids, f"{deals_in_words(len(ids))} {message}")


def _furthest_before(moves: Moves) -> NDArray[np.int64]:
    """Return the furthest stage of a deal before each event; -1 before the first."""
    wide = len(moves.stages) + 2
    reached = np.maximum(moves.state, -1)
    running = np.maximum.accumulate(reached + moves.deal * wide) - moves.deal * wide
    before = np.append(-1, running[:-1])
    return np.where(_follows(moves), before, -1)


def _entered_won(moves: Moves) -> Flags:
    """Return the events that win a deal within a day of its creation, after one event or none."""
    follows = _follows(moves)
    start = np.flatnonzero(~follows)
    length = np.diff(np.append(start, len(follows)))
    which = np.zeros(len(follows), np.bool_)
    last = start + length - 1
    quick = (moves.state[last] == WON) & (length <= 2)  # noqa: PLR2004
    quick &= moves.time[last] - moves.time[start] < AT_ONCE_DAYS
    which[last[quick]] = True
    return which
