"""Who can be expected to be there, exactly: the law of `funnelsim._staffing` summed up.

A seat is an alternating renewal process in whole days. A rep who starts on day s is there on day d
with chance ``exp(-h (d - s))``, h the hazard per day. With g the law of the days from one start to
the next (the stay, then the backfill), the chance that a new rep starts on day d is
``v(d) = sum over s < d of (u(s) + v(s)) g(d - s)``, u the law of the first start (Feller, An
Introduction to Probability Theory, vol. 1, ch. XIII).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._staffing import NEVER, ON_TIME, Staff, edges_of_first

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Presence(NamedTuple):
    """A seat day by day: shape (days,) each."""

    filled: Floats  # chance that somebody has the seat
    productive: Floats  # mean share of full productivity


def presence_of(staff: Staff) -> list[Presence]:
    """Return each seat's presence; seats that are alike are computed once."""
    known: dict[tuple[int, ...], Presence] = {}
    found = []
    for seat in range(len(staff.role)):
        columns = (staff.role, staff.start, staff.last, staff.late, staff.done)
        alike = (*(int(column[seat]) for column in columns), *staff.edges[seat].tolist())
        if alike not in known:
            known[alike] = seat_presence(staff, seat)
        found.append(known[alike])
    return found


def seat_presence(staff: Staff, seat: int) -> Presence:
    """Return the presence of one seat."""
    role, final = int(staff.role[seat]), int(staff.last[seat])
    stays = np.exp(-staff.hazard[role] * np.arange(staff.days))
    first, later = first_starts(staff, seat), np.zeros(staff.days)
    if staff.backfill[role] != NEVER and staff.hazard[role] > 0.0:
        later = _later_starts(
            first, _gap(float(staff.hazard[role]), staff.within[staff.backfill[role]])
        )
    filled, productive = np.zeros(staff.days), np.zeros(staff.days)
    share = staff.share[role, 1 : staff.months[role] + 2]
    for starts, is_first in ((first, True), (later, False)):
        for day in np.flatnonzero(starts) + 1:
            there = starts[day - 1] * stays[: staff.days - day + 1]
            filled[day - 1 :] += there
            edges = _edges(staff, seat, int(day), is_first=is_first)
            productive[day - 1 :] += there * _ramped(share, edges, int(day), staff.days)
    filled[max(final, 0) :] = productive[max(final, 0) :] = 0.0
    return Presence(filled, productive)


def first_starts(staff: Staff, seat: int) -> Floats:
    """Return the chance that the first rep starts on each day, shape (days,)."""
    starts = np.zeros(staff.days)
    day = int(staff.start[seat])
    if day > staff.days:
        return starts
    if staff.late[seat] == ON_TIME:
        starts[day - 1] = 1.0
        return starts
    waits = np.diff(staff.within[staff.late[seat]], prepend=0.0)
    starts[day - 1 :] = waits[: staff.days - day + 1]
    return starts


def _gap(hazard: float, within: Floats) -> Floats:
    """Return the chance of each number of days, from 0, between two starts: a stay and a wait."""
    days = len(within)
    stay = np.exp(-hazard * (np.arange(days) - 1.0)) * -np.expm1(-hazard)
    stay[0] = 0.0
    return np.convolve(stay, np.diff(within, prepend=0.0))[:days]


def _later_starts(first: Floats, gap: Floats) -> Floats:
    """Return the chance that a rep who fills the seat again starts on each day."""
    later = np.zeros(len(first))
    either = first.copy()
    for day in range(1, len(first)):
        later[day] = either[:day] @ gap[day:0:-1]
        either[day] += later[day]
    return later


def _edges(staff: Staff, seat: int, day: int, *, is_first: bool) -> Ints:
    if is_first:
        return edges_of_first(staff, seat, np.array([day])).reshape(-1)
    edges: Ints = staff.first_of_month[day - 1]
    return edges


def _ramped(share: Floats, edges: Ints, day: int, days: int) -> Floats:
    """Return the share of full productivity on each day from a start on."""
    month = np.searchsorted(edges[: len(share)], np.arange(day, days + 1), side="right") - 1
    return np.asarray(share[month])
