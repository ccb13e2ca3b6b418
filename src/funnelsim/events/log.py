"""The canonical log: one row per event of a deal, in order of time."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError, RowProblem
from funnelsim.events.known import NEVER, Known, date_of
from funnelsim.events.recognition import Recognised

Kind = TypeVar("Kind", bound=np.generic)

WON, LOST = -1, -2
"""States beside the stages, which count from 0."""
FEW_BEFORE = 20
"""So many deals created before the first close say that earlier closes were not recorded."""
ONE_STAGE = ("open",)
"""The stages of a history that tells of none."""


@dataclass(frozen=True)
class Treatment:
    """Something unusual in a history, what was done about it, and to how many deals.

    Parameters
    ----------
    code : str
        A short name that stays the same: ``"moved-back"``.
    ids : tuple of str
        The deals it was done to.
    message : str
        What was found, and how it is treated.
    """

    code: str
    ids: tuple[str, ...]
    message: str

    @property
    def count(self) -> int:
        """The number of deals."""
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class EventLog:
    """What happened to deals, and when: the one form that every kind of export becomes.

    An event is a deal entering a stage, being won, or being lost, each with the amount said
    then. `as_of` turns the events up to a day into what was known on it.

    Parameters
    ----------
    ids : sequence of str
        What the deals are called; no two are the same.
    stages : sequence of str
        The open stages, in order.
    deal : array_like of int, shape (events,)
        The place of the event's deal in ``ids``.
    time : array_like, shape (events,)
        Days as ordinals (``datetime.date.toordinal``), with the time of day as a fraction.
    state : array_like of int, shape (events,)
        The stage entered, from 0; `WON` or `LOST`.
    amount : array_like, shape (events,), optional
        The amount said by the event, in currency units; NaN where none is.
    segments : mapping of str to sequence of str, optional
        What deals are grouped by: a name per deal.
    record_start : int, optional
        First day from which closes are recorded. By default that of the first close if 20 deals
        or more were created before it, else that of the first event.
    last_day : int, optional
        The day of the extraction; by default that of the last event.
    currency : str, optional
        The currency of the amounts.
    skipped : sequence of RowProblem
        What was wrong with rows that could not be used.
    treatments : sequence of Treatment
        What was unusual about rows that could.
    source : str
        Where the events came from.
    recognised : Recognised, optional
        The format of the table they were read from, and which column became what.
    stages_stated : bool
        Whether the stages are known whatever the events; else a stage is known on a day if some
        event until then is in it.

    Raises
    ------
    InputError
        If there is no event, an array has another length, or a place is out of range.

    Examples
    --------
    >>> log = EventLog(["A"], ["meeting", "proposal"], deal=[0, 0, 0], time=[1, 9, 30],
    ...                state=[0, 1, WON], amount=[5e4, 6e4, 5.5e4])
    >>> known = log.as_of(10)
    >>> known.stage, known.open, known.amount
    (array([1]), array([ True]), array([60000.]))
    >>> log.as_of(30).booked
    array([55000.])
    """

    ids: tuple[str, ...]
    stages: tuple[str, ...]
    deal: NDArray[np.int64]
    time: NDArray[np.float64]
    state: NDArray[np.int64]
    amount: NDArray[np.float64]
    segments: dict[str, tuple[str, ...]]
    stated_start: int | None
    last_day: int
    currency: str | None
    skipped: tuple[RowProblem, ...]
    treatments: tuple[Treatment, ...]
    source: str
    recognised: Recognised | None
    stages_stated: bool

    def __init__(
        self,
        ids: Sequence[str],
        stages: Sequence[str],
        *,
        deal: Any,
        time: Any,
        state: Any,
        amount: Any = None,
        segments: dict[str, Sequence[str]] | None = None,
        record_start: int | None = None,
        last_day: int | None = None,
        currency: str | None = None,
        skipped: Sequence[RowProblem] = (),
        treatments: Sequence[Treatment] = (),
        source: str = "history",
        recognised: Recognised | None = None,
        stages_stated: bool = True,
    ) -> None:
        time = np.asarray(time, np.float64)
        amount = np.full(len(time), np.nan) if amount is None else np.asarray(amount, np.float64)
        columns = _checked(len(ids), len(stages), np.asarray(deal), time, np.asarray(state), amount)
        order = np.lexsort((np.arange(len(time)), time))
        names = ("deal", "time", "state", "amount")
        for name, column in zip(names, columns, strict=True):
            kept = column[order]
            kept.flags.writeable = False
            object.__setattr__(self, name, kept)
        for name, value in {
            "ids": tuple(ids),
            "stages": tuple(stages),
            "segments": _segments(len(ids), segments or {}),
            "currency": currency,
            "skipped": tuple(skipped),
            "treatments": tuple(treatments),
            "source": source,
            "recognised": recognised,
            "stages_stated": bool(stages_stated),
        }.items():
            object.__setattr__(self, name, value)
        last = int(self.time[-1] // 1) if last_day is None else int(last_day)
        object.__setattr__(self, "last_day", last)
        stated = None if record_start is None else int(record_start)
        object.__setattr__(self, "stated_start", stated)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"EventLog({len(self.ids):,} deals, {len(self.time):,} events)"

    def columns(self) -> dict[str, list[Any]]:
        """Return the events as columns: a table to look at, and that `read_events` reads again.

        Returns
        -------
        dict of str to list
            ``deal``; ``time``, an ISO day, or a time where it was recorded; ``state``, the stage,
            ``"won"`` or ``"lost"``; ``amount``, None where none is said; and the segments.

        Examples
        --------
        >>> EventLog(["A"], ["meeting"], deal=[0, 0], time=[737161, 737170.5], state=[0, WON],
        ...          amount=[5e4, None], segments={"region": ["N"]}).columns()["time"]
        ['2019-04-12', '2019-04-21T12:00:00']
        """
        deals = self.deal.tolist()
        names = [*self.stages, "lost", "won"]  # LOST and WON are the places from the end
        table: dict[str, list[Any]] = {
            "deal": [self.ids[k] for k in deals],
            "time": list(map(_iso, self.time.tolist())),
            "state": [names[k] for k in self.state.tolist()],
            "amount": [None if math.isnan(one) else one for one in self.amount.tolist()],
        }
        for name, groups in self.segments.items():
            table[f"{name} (segment)" if name in table else name] = [groups[k] for k in deals]
        return table

    @property
    def record_start(self) -> int:
        """First day from which closes are recorded, as all events tell."""
        return self._record_start(len(self.time))

    def _record_start(self, events: int) -> int:
        """Return the first day from which closes are recorded, as the first events tell."""
        if self.stated_start is not None:
            return self.stated_start
        closes = np.flatnonzero(self.state[:events] < 0)
        first = int(self.time[0] // 1)
        if not len(closes):
            return first
        before = len(np.unique(self.deal[: closes[0]]))
        return int(self.time[closes[0]] // 1) if before >= FEW_BEFORE else first

    def as_of(self, day: int) -> Known:
        """Return what was known at the end of a day.

        A deal that moves back stays in the furthest stage it reached; a stage that it skips is
        passed in no time; of two closes the last counts, and a deal that was reopened is open
        from its creation until it closes again. Stages that no event until then is in are not
        known, unless they were stated; nor are segments in which no deal was.

        Parameters
        ----------
        day : int
            An ordinal day.

        Raises
        ------
        InputError
            If nothing was known by then.
        """
        last = int(np.searchsorted(self.time, day + 1, side="left"))
        if last == 0:
            remedy = f"that is of {date_of(self.time[0])}"
            raise InputError("as_of", "not be before the first event", date_of(day), remedy)
        deal, time = self.deal[:last], self.time[:last]
        state, amount = self.state[:last], self.amount[:last]
        found, place = np.unique(deal, return_inverse=True)
        count = len(found)
        closed, won = _last_close(count, place, time, state)
        kept = self._stages_in(state)
        entry = _first_entries(count, kept, place, time, state)
        passed = np.where(won & ~np.isfinite(entry), closed, entry)
        ending = state < 0
        said = ~np.isnan(amount)
        booked = np.where(won, _last(count, place, amount, said & (state == WON)), np.nan)
        return Known(
            day=int(day),
            record_start=self._record_start(last),
            stages=tuple(self.stages[k] for k in kept) or ONE_STAGE,
            ids=tuple(self.ids[k] for k in found.tolist()),
            entry=_read_only(passed),
            closed=_read_only(closed),
            won=_read_only(won),
            amount=_read_only(_last(count, place, amount, said & ~ending)),
            booked=_read_only(booked),
            segments={name: _coded(values, found) for name, values in self.segments.items()},
        )

    def _stages_in(self, state: NDArray[np.int64]) -> list[int]:
        """Return the places of the stages that are known from so many events."""
        places = range(len(self.stages))
        return [k for k in places if self.stages_stated or (state == k).any()]


def _iso(time: float) -> str:
    day = int(time // 1)
    if time == day:
        return dt.date.fromordinal(day).isoformat()
    moment = dt.datetime.fromordinal(day) + dt.timedelta(days=time - day, milliseconds=0.5)
    return moment.isoformat(timespec="milliseconds").removesuffix(".000")


def _checked(deals: int, stages: int, *columns: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    deal, time, state, amount = columns
    if not len(time):
        raise InputError("history", "hold at least one event")
    for name, column in zip(("deal", "state", "amount"), (deal, state, amount), strict=True):
        if column.shape != time.shape:
            raise InputError(f"events.{name}", f"have {len(time)} values", column.size)
    if not np.isfinite(time).all():
        raise InputError("events.time", "be finite")
    if deal.min() < 0 or deal.max() >= deals:
        raise InputError("events.deal", f"be in 0 to {deals - 1}", int(deal.max()))
    if state.min() < LOST or state.max() >= stages:
        raise InputError("events.state", f"be in {LOST} to {stages - 1}", int(state.max()))
    return deal.astype(np.int64), time, state.astype(np.int64), amount


def _segments(deals: int, given: dict[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    for name, values in given.items():
        if len(values) != deals:
            raise InputError(f"segment {name!r}", f"have {deals} values", len(values))
    return {name: tuple(given[name]) for name in sorted(given)}


def _last(
    count: int, place: NDArray[np.intp], values: NDArray[np.float64], which: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the last of a deal's chosen values, NaN if it has none; events come in order."""
    result = np.full(count, np.nan)
    result[place[which]] = values[which]  # of several the last is kept
    return result


def _last_close(
    count: int, place: NDArray[np.intp], time: NDArray[np.float64], state: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return when each deal closed, if that was the last of its events, and whether it was won."""
    last = np.zeros(count, np.intp)
    last[place] = np.arange(len(place))
    ended = state[last] < 0
    return np.where(ended, time[last], NEVER), state[last] == WON


def _first_entries(
    count: int,
    stages: Sequence[int],
    place: NDArray[np.intp],
    time: NDArray[np.float64],
    state: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the first day at which each deal was in a stage or beyond, shape (stages, deals)."""
    entry = np.full((max(len(stages), 1), count), NEVER)
    for row, stage in enumerate(stages):
        reached = np.flatnonzero(state >= stage)[::-1]
        entry[row, place[reached]] = time[reached]  # the earliest comes last
    entry[0] = _first_of(count, place, time)
    return entry


def _first_of(
    count: int, place: NDArray[np.intp], time: NDArray[np.float64]
) -> NDArray[np.float64]:
    first = np.empty(count)
    first[place[::-1]] = time[::-1]
    return first


def _coded(
    values: tuple[str, ...], found: NDArray[np.intp]
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    names, codes = np.unique(np.array(values, dtype=object)[found].astype(str), return_inverse=True)
    return codes.astype(np.int32), tuple(names.tolist())


def _read_only(values: NDArray[Kind]) -> NDArray[Kind]:
    values.flags.writeable = False
    return values
