"""Logs of changed fields: a row per deal, time, field and new value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError
from funnelsim.events.amounts import read_amounts
from funnelsim.events.outcomes import FIRST, OPEN, Labelled, outcome_in, states_of
from funnelsim.events.recognition import folded
from funnelsim.events.sheet import Moves, Sheet, deals_in_words
from funnelsim.events.stage_changes import used_states

CREATED, STAGE, STATUS, AMOUNT, OTHER = range(5)
OF_STATE = (STAGE, STATUS)
REOPENED = "open"
"""The status of a deal that is neither won nor lost: no stage of its own."""
_KINDS = {
    "created": CREATED, "create": CREATED, "addtime": CREATED, "creation": CREATED,
    "stagename": STAGE, "stage": STAGE, "stageid": STAGE, "dealstage": STAGE, "status": STATUS,
    "amount": AMOUNT, "value": AMOUNT,
}  # fmt: skip
"""What each tracked field is; the status of a deal is open, won or lost."""


def read_fields(sheet: Sheet) -> Moves:
    """Return the events of a log that has a row per changed field."""
    ids, deal = sheet.deals()
    time = sheet.times("time").day
    for place in np.flatnonzero(np.isnan(time) & sheet.usable).tolist():
        sheet.refuse(place, sheet.columns["time"], "be given")
    kind = _kinds(sheet)
    old, new = sheet.cells("old"), sheet.cells("new")
    before, after = _amounts(sheet, kind, old), _amounts(sheet, kind, new)
    for place in np.flatnonzero(np.isin(kind, OF_STATE) & sheet.usable).tolist():
        if new[place] is None:
            sheet.refuse(place, sheet.columns["new"], "be given for a change of stage")
    row = np.flatnonzero(sheet.usable & (kind != OTHER))
    row = row[np.lexsort((row, kind[row], time[row], deal[row]))]
    places, deals, kinds = row.tolist(), deal[row].tolist(), kind[row].tolist()
    labels, label = _labels(deals, kinds, [old[k] for k in places], [new[k] for k in places])
    amount = _carried_amounts(deals, kinds, before[row].tolist(), after[row].tolist())
    _say_unknown_starts(sheet, ids, deal[row], kind[row])
    again = np.zeros(len(row), np.bool_)  # what another change of the same instant completes
    again[:-1] = (np.diff(deal[row]) == 0) & (np.diff(time[row]) == 0.0) & (np.diff(label) == 0)
    kept = ~again
    row, label, amount = row[kept], label[kept], amount[kept]
    stages, state = states_of(sheet, Labelled(labels, label, deal[row], time[row], row))
    return used_states(sheet, Moves(ids, stages, deal[row], time[row], state, amount, row))


def _kinds(sheet: Sheet) -> NDArray[np.int64]:
    words, code = sheet.words("what")
    kinds = [_KINDS.get(folded(word), OTHER) for word in words]
    if not {STAGE, STATUS, CREATED} & set(kinds):
        raise InputError(
            sheet.columns["what"],
            "name the field of the stage in some rows (StageName, Stage, stage_id)",
            ", ".join(words[:8]),
        )
    return np.array([*kinds, OTHER], np.int64)[code]


def _amounts(sheet: Sheet, kind: NDArray[np.int64], cells: list[Any]) -> NDArray[np.float64]:
    """Return the amounts among the values of changes; NaN elsewhere."""
    places = np.flatnonzero(kind == AMOUNT)
    found = read_amounts([cells[k] for k in places.tolist()], sheet.stated.decimal)
    for bad in found.bad:
        place = int(places[bad])
        sheet.refuse(place, sheet.columns["new"], "be an amount", cells[place], "write 300000.00")
    values = np.full(len(sheet), np.nan)
    values[places] = found.value
    return values


def _labels(
    deal: list[int], kind: list[int], old: list[Any], new: list[Any]
) -> tuple[list[str], NDArray[np.int64]]:
    """Return the state of a deal at each of its changes, carried on; rows come in order."""
    places: dict[str, int] = {}
    open_places: set[int] = set()
    label: list[int] = []
    now = stage = FIRST  # the state, and the last stage that is open
    for k, one in enumerate(deal):
        if k == 0 or one != deal[k - 1]:
            now = stage = FIRST
        if kind[k] in OF_STATE:
            name = str(new[k])
            known = len(places)
            reopened = kind[k] == STATUS and name.casefold() == REOPENED
            now = stage if reopened else places.setdefault(name, known)
            if len(places) > known and outcome_in(name) in {None, OPEN}:
                open_places.add(now)
            stage = now if now in open_places else stage
        label.append(now)
    _fill_starts(deal, kind, old, label, places)
    return list(places), np.array(label, np.int64)


def _fill_starts(
    deal: list[int], kind: list[int], old: list[Any], label: list[int], places: dict[str, int]
) -> None:
    """Give the changes before the first change of stage the stage that it came from."""
    coming = FIRST
    for k in range(len(deal) - 1, -1, -1):
        if k + 1 == len(deal) or deal[k + 1] != deal[k]:
            coming = FIRST
        if kind[k] in OF_STATE:
            name = "" if old[k] is None else str(old[k])
            known = bool(name) and (kind[k] == STAGE or name.casefold() != REOPENED)
            coming = places.setdefault(name, len(places)) if known else FIRST
        elif label[k] == FIRST:
            label[k] = coming


def _carried_amounts(
    deal: list[int], kind: list[int], before: list[float], after: list[float]
) -> NDArray[np.float64]:
    """Return the amount of a deal at each change: the last said, before the first the old one."""
    amount: list[float] = []
    now = math.nan
    for k, one in enumerate(deal):
        if k == 0 or one != deal[k - 1]:
            now = math.nan
        if kind[k] == AMOUNT:
            now = after[k]
        amount.append(now)
    coming = math.nan
    for k in range(len(deal) - 1, -1, -1):
        if k + 1 == len(deal) or deal[k + 1] != deal[k]:
            coming = math.nan
        if kind[k] == AMOUNT:
            coming = before[k]
        elif math.isnan(amount[k]):
            amount[k] = coming
    return np.array(amount)


def _say_unknown_starts(
    sheet: Sheet, ids: tuple[str, ...], deal: NDArray[np.int64], kind: NDArray[np.int64]
) -> None:
    without = np.setdiff1d(deal, deal[kind == CREATED])
    if len(without):
        named = tuple(ids[k] for k in without.tolist())
        sheet.treat(
            "start-unknown",
            named,
            f"{deals_in_words(len(named))} without a row that tells the creation: taken as created "
            "at the first change on record, so first times are too short",
        )
