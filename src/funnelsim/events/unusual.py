"""What is unusual about amounts and closes is named, and what a history cannot tell is said."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from funnelsim.events.log import LOST, WON
from funnelsim.events.sheet import Moves, Sheet, deals_in_words

MANY_A_DAY, TIMES_USUAL = 20, 8.0
"""So many closes in a day, and so many times as on a usual day, are not chance."""
FEWEST_AMOUNTS = 8
THOUSAND = (2.7, 3.3)
"""Powers of ten by which an amount in the wrong unit is off."""
FAR = 4.0
"""So many standard deviations from the median are not chance."""
NEARLY_ALL = 0.9
NO_OPEN_DEALS = (
    "no deal is open: the pipeline of today cannot be forecast, and if open deals were left out of "
    "the export, recent deals seem to close faster and more surely than they do"
)


def name_unusual(sheet: Sheet, moves: Moves) -> Moves:
    """Name what is unusual; return the events with the amounts that can be used."""
    moves = _with_bookings(sheet, _without_negative(sheet, moves))
    _name_amounts(sheet, moves)
    _name_days(sheet, moves)
    _say_what_is_lacking(sheet, moves)
    return moves


def _with_amount(moves: Moves, amount: NDArray[np.float64]) -> Moves:
    return Moves(
        moves.ids, moves.stages, moves.deal, moves.time, moves.state, amount, moves.row,
        moves.record_start,
    )  # fmt: skip


def _without_negative(sheet: Sheet, moves: Moves) -> Moves:
    negative = moves.amount < 0.0
    if not negative.any():
        return moves
    ids = moves.named(moves.deal[negative])
    count = deals_in_words(len(ids))
    sheet.treat("negative-amounts", ids, f"{count} with a negative amount: taken as not said")
    return _with_amount(moves, np.where(negative, np.nan, moves.amount))


def _with_bookings(sheet: Sheet, moves: Moves) -> Moves:
    """Return the events with the last amount said where a won deal says none; by deal and time."""
    said = np.isfinite(moves.amount)
    place = np.where(said, np.arange(len(said)), -1)
    latest = np.maximum.accumulate(place) if len(place) else place
    own = (latest >= 0) & (moves.deal[latest] == moves.deal)
    lacking = (moves.state == WON) & ~said & own
    if not lacking.any():
        return moves
    ids = moves.named(moves.deal[lacking])
    sheet.treat(
        "booked-not-said",
        ids,
        f"{deals_in_words(len(ids))} won without an amount: the last one expected counts",
    )
    return _with_amount(moves, np.where(lacking, moves.amount[latest], moves.amount))


def _name_amounts(sheet: Sheet, moves: Moves) -> None:
    nothing = (moves.amount == 0.0) & (moves.state != LOST)
    if nothing.any():
        ids = moves.named(moves.deal[nothing])
        sheet.treat("zero-amounts", ids, f"{deals_in_words(len(ids))} with an amount of 0: kept")
    off = _off_by_a_thousand(moves)
    if off.any():
        ids = moves.named(moves.deal[off])
        sheet.treat(
            "thousand-times",
            ids,
            f"{deals_in_words(len(ids))} with an amount about a thousand times or a thousandth of "
            "the others: kept, but look whether the unit is wrong",
        )


def _off_by_a_thousand(moves: Moves) -> NDArray[np.bool_]:
    """Return the events whose amount is off by a thousand, from the others or from the deal's."""
    off = np.zeros(len(moves.amount), np.bool_)
    places = np.flatnonzero(moves.amount > 0.0)
    if len(places) < FEWEST_AMOUNTS:
        return off
    power = np.log10(moves.amount[places])
    low, middle, high = np.quantile(power, [0.25, 0.5, 0.75])
    spread = (high - low) / 1.349  # that of a normal law
    away = np.abs(power - middle)
    off[places] = (away > THOUSAND[0]) & (away < THOUSAND[1]) & (away > FAR * spread)
    jump = np.abs(np.diff(power))
    same = np.diff(moves.deal[places]) == 0
    jumped = same & (np.abs(jump - 3.0) < 0.05)  # noqa: PLR2004  a factor of 890 to 1120
    off[places[1:][jumped]] = True
    return off


def _name_days(sheet: Sheet, moves: Moves) -> None:
    """Name days that hold far more closes than is usual."""
    modified = np.floor(sheet.times("modified").day) if "modified" in sheet else None
    for state, code, what in ((None, "mass-closed", "closes"), (LOST, "loss-sweeps", "losses")):
        which = moves.state < 0 if state is None else moves.state == state
        day = np.floor(moves.time[which])
        for found, count in _crowded(day):
            there = which & (np.floor(moves.time) == found)
            if code == "mass-closed" and (
                modified is None or np.mean(modified[moves.row[there]] == found) < NEARLY_ALL
            ):
                continue
            why = (
                "on which they were last changed, too: perhaps a mass update; kept"
                if code == "mass-closed"
                else "a sweep of deals that died before, perhaps; kept, so losses look slower"
            )
            date = dt.date.fromordinal(int(found))
            ids = moves.named(moves.deal[there])
            sheet.treat(code, ids, f"{count:,} {what} on {date}, {why}")


def _crowded(day: NDArray[np.float64]) -> list[tuple[float, int]]:
    """Return days with many more closes than the others, with their number."""
    if not len(day):
        return []
    days, counts = np.unique(day, return_counts=True)
    found = []
    for one, count in zip(days.tolist(), counts.tolist(), strict=True):
        usual = (len(day) - count) / max(float(days[-1] - days[0]), 1.0)
        if count >= MANY_A_DAY and count > TIMES_USUAL * usual:
            found.append((one, count))
    return found


def _say_what_is_lacking(sheet: Sheet, moves: Moves) -> None:
    """Say what cannot be estimated from a history that lacks something."""
    state = moves.state
    ends = np.append(np.diff(moves.deal) != 0, True)
    told = {treatment.code for treatment in sheet.treatments}
    for code, lacks, message in (
        ("no-wins", not (state == WON).any(),
         "no deal is won: neither win rates nor bookings can be estimated"),
        ("no-losses", not (state == LOST).any() and "lost-without-dates" not in told,
         "no deal is lost: what share of deals is won cannot be estimated"),
        ("no-open-deals", bool((state[ends] < 0).all()),
         NO_OPEN_DEALS),
        ("no-amounts", not np.isfinite(moves.amount).any(),
         "no amount is said: only numbers of deals can be forecast"),
    ):  # fmt: skip
        if lacks:
            sheet.treat(code, (), message)
