"""Logs of changed fields: a row per deal, time, field and new value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError
from funnelsim.events.amounts import read_amounts
from funnelsim.events.outcomes import FIRST, OPEN, Labelled, outcome_in, states_of
from funnelsim.events.recognition import folded
from funnelsim.events.sheet import Moves, Sheet, deals_in_words
from funnelsim.events.stage_changes import used_states

CREATED, STAGE, AMOUNT, OTHER = 0, 1, 2, 3
_KINDS = {
    "created": CREATED, "create": CREATED, "addtime": CREATED, "creation": CREATED,
    "stagename": STAGE, "stage": STAGE, "stageid": STAGE, "dealstage": STAGE, "status": STAGE,
    "amount": AMOUNT, "value": AMOUNT,
}  # fmt: skip
"""What each tracked field is; the status of a deal (open, won, lost) is a stage, too."""


def read_fields(sheet: Sheet) -> Moves:
    """Return the events of a log that has a row per changed field."""
    ids, deal = sheet.deals()
    time = sheet.times("time").day
    for place in np.flatnonzero(np.isnan(time) & sheet.usable).tolist():
        sheet.refuse(place, sheet.columns["time"], "be given")
    kind = _kinds(sheet)
    old, new = sheet.cells("old"), sheet.cells("new")
    before, after = _amounts(sheet, kind, old), _amounts(sheet, kind, new)
    for place in np.flatnonzero((kind == STAGE) & sheet.usable).tolist():
        if new[place] is None:
            sheet.refuse(place, sheet.columns["new"], "be given for a change of stage")
    row = np.flatnonzero(sheet.usable & (kind != OTHER))
    row = row[np.lexsort((row, kind[row], time[row], deal[row]))]
    places = row.tolist()
    labels, label = _labels(
        deal[row], kind[row], [old[k] for k in places], [new[k] for k in places]
    )
    amount = _carried_amounts(deal[row], kind[row], before[row], after[row])
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
    if not {STAGE, CREATED} & set(kinds):
        raise InputError(
            sheet.columns["what"],
            "name the field of the stage in some rows (StageName, Stage, stage_id)",
            ", ".join(words[:8]),
        )
    return np.array([*kinds, OTHER], np.int64)[code]


def _amounts(sheet: Sheet, kind: NDArray[np.int64], cells: list[Any]) -> NDArray[np.float64]:
    """Return the amounts among the values of changes; NaN elsewhere."""
    places = np.flatnonzero(kind == AMOUNT)
    found = read_amounts([cells[k] for k in places.tolist()])
    for bad in found.bad:
        place = int(places[bad])
        sheet.refuse(place, sheet.columns["new"], "be an amount", cells[place], "write 300000.00")
    values = np.full(len(sheet), np.nan)
    values[places] = found.value
    return values


def _labels(
    deal: NDArray[np.int64], kind: NDArray[np.int64], old: list[Any], new: list[Any]
) -> tuple[list[str], NDArray[np.int64]]:
    """Return the state of a deal at each of its changes, carried on; rows come in order."""
    places: dict[str, int] = {}
    label = np.full(len(deal), FIRST)
    stage = np.full(len(deal), FIRST)  # the last open one
    for k in range(len(deal)):
        goes_on = k > 0 and deal[k] == deal[k - 1]
        label[k], stage[k] = (label[k - 1], stage[k - 1]) if goes_on else (FIRST, FIRST)
        if kind[k] != STAGE:
            continue
        name = str(new[k])
        if outcome_in(name) == OPEN and name.casefold() == "open":
            label[k] = stage[k]  # the status of a deal that is opened again
            continue
        label[k] = places.setdefault(name, len(places))
        if outcome_in(name) is None:
            stage[k] = label[k]
    _fill_starts(deal, kind, old, label, places)
    return list(places), label


def _fill_starts(
    deal: NDArray[np.int64],
    kind: NDArray[np.int64],
    old: list[Any],
    label: NDArray[np.int64],
    places: dict[str, int],
) -> None:
    """Give the changes before the first change of stage the stage that it came from."""
    coming = -1
    for k in range(len(deal) - 1, -1, -1):
        ends = k + 1 == len(deal) or deal[k + 1] != deal[k]
        coming = FIRST if ends else coming
        if kind[k] == STAGE:
            name = None if old[k] is None else str(old[k])
            known = name is not None and name.casefold() != "open"
            coming = places.setdefault(str(name), len(places)) if known else FIRST
        elif label[k] == FIRST:
            label[k] = coming


def _carried_amounts(
    deal: NDArray[np.int64],
    kind: NDArray[np.int64],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the amount of a deal at each change: the last said, before the first the old one."""
    amount = np.full(len(deal), np.nan)
    for k in range(len(deal)):
        if kind[k] == AMOUNT:
            amount[k] = after[k]
        elif k and deal[k] == deal[k - 1]:
            amount[k] = amount[k - 1]
    coming = np.nan
    for k in range(len(deal) - 1, -1, -1):
        if k + 1 == len(deal) or deal[k + 1] != deal[k]:
            coming = np.nan
        if kind[k] == AMOUNT:
            coming = before[k]
        elif np.isnan(amount[k]):
            amount[k] = coming
    return amount


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
