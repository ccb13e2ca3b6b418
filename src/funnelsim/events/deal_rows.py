"""Tables with one row per deal: when it was created, and when and how it closed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from funnelsim.events.log import LOST, ONE_STAGE, WON
from funnelsim.events.outcomes import OPEN, outcomes_of, refuse_closed
from funnelsim.events.sheet import Moves, Sheet, deals_in_words, rows_in_words

Floats = NDArray[np.float64]


def read_rows(sheet: Sheet) -> Moves:
    """Return the events of a table that has a row per deal: its creation, and its close."""
    ids, deal = sheet.deals()
    created = sheet.times("created").day
    outcome = row_outcomes(sheet)
    closed = close_days(sheet, outcome, created)
    amount = sheet.amounts("amount").value
    booked = sheet.amounts("booked").value
    booked = np.where(np.isnan(booked), amount, booked)
    closed = _dated_closes(sheet, outcome, closed)
    created = _created_days(sheet, outcome, created, closed)
    _refuse_repeats(
        sheet,
        deal,
        {
            "outcome": outcome.astype(np.float64),
            "created": created,
            "closed": np.where(outcome == OPEN, np.nan, closed),
            "amount": amount,
        },
    )
    _say_what_is_not_known(sheet)
    row = np.flatnonzero(sheet.usable)
    ended = row[outcome[row] != OPEN]
    won = outcome[ended] == WON
    return Moves(
        ids,
        ONE_STAGE,
        deal=np.concatenate([deal[row], deal[ended]]),
        time=np.concatenate([created[row], closed[ended]]),
        state=np.concatenate([np.zeros(len(row), np.int64), outcome[ended]]),
        amount=np.concatenate([amount[row], np.where(won, booked[ended], np.nan)]),
        row=np.concatenate([row, ended]),
    )


def row_outcomes(sheet: Sheet) -> NDArray[np.int64]:
    """Return `WON`, `LOST` or `OPEN` for each row, from what says it most plainly."""
    result = np.full(len(sheet), OPEN)
    told = np.zeros(len(sheet), np.bool_)
    if "outcome" in sheet:
        words, code = sheet.words("outcome")
        words = [_dynamics_word(sheet, word) for word in words]
        meant = outcomes_of(sheet.columns["outcome"], words, sheet.stated, others_open=False)
        result, told = np.array([*meant, OPEN], np.int64)[code], code >= 0
    for field, outcome in (("won_at", WON), ("lost_at", LOST)):
        if field in sheet and "outcome" not in sheet:
            given = np.isfinite(sheet.times(field).day)
            result, told = np.where(given & ~told, outcome, result), told | given
    if "is_won" in sheet:
        won, closed = sheet.flags("is_won"), sheet.flags("is_closed")
        result = np.where(~told & (won == 1.0), WON, result)
        result = np.where(~told & (won == 0.0) & (closed == 1.0), LOST, result)
        told |= (won == 1.0) | (closed == 1.0) | (closed == 0.0)
    if "stage" in sheet and not told.all():
        words, code = sheet.words("stage")
        stated = sheet.stated if "outcome" not in sheet else type(sheet.stated)()
        meant = outcomes_of(sheet.columns["stage"], words, stated, others_open=True)
        refuse_closed(sheet.columns["stage"], words, meant, stated)
        result = np.where(told, result, np.array([*meant, OPEN], np.int64)[code])
    return result


def _dynamics_word(sheet: Sheet, word: str) -> str:
    """Return the word for a number of Dynamics' statecode."""
    states = {"0": "Open", "1": "Won", "2": "Lost"}
    return states.get(word, word) if sheet.match.layout.format == "dynamics" else word


def close_days(
    sheet: Sheet, outcome: NDArray[np.int64], created: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return when each row's deal closed; a day without a time is not before its creation."""
    closed = sheet.times("closed")
    day, whole = closed.day.copy(), closed.whole.copy()
    for field, which in (("won_at", WON), ("lost_at", LOST)):
        own = sheet.times(field)
        better = np.isfinite(own.day) & (outcome == which)
        day, whole = np.where(better, own.day, day), np.where(better, own.whole, whole)
    same_day = whole & (np.floor(created) == day)
    return np.where(same_day, created, day)


def _dated_closes(
    sheet: Sheet, outcome: NDArray[np.int64], closed: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Refuse closed deals without a date; name lost deals if none of them has one."""
    column = next((sheet.columns[f] for f in ("closed", "won_at", "lost_at") if f in sheet), None)
    undated = (outcome != OPEN) & np.isnan(closed) & sheet.usable
    lost = (outcome == LOST) & sheet.usable
    if column is None:
        _say(
            sheet, undated, "no-close-dates",
            "won or lost, but no column says when: left out. When deals close, and what share is "
            "won, cannot be estimated from this file",
        )  # fmt: skip
        sheet.usable &= ~undated
        return closed
    if undated[lost].all():
        _say(
            sheet, lost, "lost-without-dates",
            "lost, and none has a date of its loss: left out. When deals are lost, and what share "
            "is won, cannot be estimated from this file",
        )  # fmt: skip
        sheet.usable &= ~lost
        undated &= ~lost
    for place in np.flatnonzero(undated).tolist():
        word = "won" if outcome[place] == WON else "lost"
        sheet.refuse(place, column, f"be given, since the deal is {word}")
    return closed


def _created_days(
    sheet: Sheet,
    outcome: NDArray[np.int64],
    created: NDArray[np.float64],
    closed: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Refuse open deals without a creation; closed ones are created when they close."""
    column = sheet.columns["created"]
    missing = np.isnan(created) & sheet.usable
    for place in np.flatnonzero(missing & (outcome == OPEN)).tolist():
        sheet.refuse(place, column, "be given, since the deal is open")
    ended = (outcome != OPEN) & sheet.usable
    _say(
        sheet, missing & ended, "created-missing",
        "closed without a date of creation: taken as created on the day of the close",
    )  # fmt: skip
    _say(
        sheet, ended & (closed < created), "closed-before-created",
        "closed before creation: taken as created on the day of the close",
    )  # fmt: skip
    return np.where(ended, np.fmin(created, closed), created)


def _say(sheet: Sheet, which: NDArray[np.bool_], code: str, message: str) -> None:
    ids = [str(sheet.cells("deal")[k]) for k in np.flatnonzero(which).tolist()]
    if ids:
        sheet.treat(code, ids, f"{deals_in_words(len(ids))} {message}")


def _refuse_repeats(sheet: Sheet, deal: NDArray[np.int64], said: dict[str, Floats]) -> None:
    """Count a deal's rows once if they say the same; refuse those that say something else."""
    row = np.flatnonzero(sheet.usable)
    _, first = np.unique(deal[row], return_index=True)
    if len(first) == len(row):
        return
    head = np.full(int(deal.max()) + 1, -1)
    head[deal[row[first]]] = row[first]
    repeats = np.setdiff1d(row, row[first])
    own = head[deal[repeats]]
    for name, values in said.items():
        one, other = values[repeats], values[own]
        differs = (one != other) & ~(np.isnan(one) & np.isnan(other))
        column = sheet.columns.get(name, name)
        for place, before in zip(repeats[differs].tolist(), own[differs].tolist(), strict=True):
            rule = f"be that of row {sheet.table.rows[before]}, the same deal"
            remedy = "give one row per deal, with its total"
            sheet.refuse(place, column, rule, sheet.cells(name)[place], remedy)
    again = repeats[sheet.usable[repeats]]
    sheet.usable[again] = False
    ids = tuple(dict.fromkeys(str(sheet.cells("deal")[k]) for k in again.tolist()))
    if ids:
        sheet.treat(
            "repeated-deals",
            ids,
            f"{rows_in_words(len(again))} of {deals_in_words(len(ids))} with the total of another "
            "row, as in exports of line items: each deal counted once",
        )


def _say_what_is_not_known(sheet: Sheet) -> None:
    sheet.treat(
        "state-at-extraction",
        (),
        "a table with one row per deal says what a deal was when it was exported: past stages, "
        "and past values of amounts and of segments, are not known. Deals have one stage, 'open', "
        "and a back-test uses amounts that were not known then",
    )
