"""What to know before the figures of a backtest are believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from funnelsim._text import counted
from funnelsim.backtesting.origins import Window
from funnelsim.backtesting.summary import ENOUGH_WINDOWS, separate_windows
from funnelsim.backtesting.walk import LeftOut
from funnelsim.events import EventLog, Known

NAMES_SHOWN = 5
AFTERWARDS = (
    "The best baseline is picked after the fact, for each horizon and dimension: nobody could have "
    "known which it would be, so the comparison is harsh on the others."
)
FEW_WINDOWS = "the spread is the model's word, not experience"


def notes_of(
    log: EventLog,
    end: Known,
    windows: Sequence[Window],
    left_out: Sequence[LeftOut],
    small: Sequence[tuple[str, str]],
) -> list[str]:
    """Return the notes, one sentence or two each."""
    notes = [AFTERWARDS, *_few(windows)]
    if not amounts_change(log):
        notes.append(
            "No deal changes its amount while it is open: the amounts are those at extraction, "
            "which were not known at past origins. Scores of forecasts that use them are too good."
        )
    if log.segments:
        columns = ", ".join(log.segments)
        notes.append(f"Deals are in the segments of the day of extraction ({columns}).")
    silent = int((end.won & np.isnan(end.booked) & np.isnan(end.amount)).sum())
    if silent:
        notes.append(f"{counted(silent, 'win')} without an amount count as bookings of 0.")
    if small:
        names = ", ".join(f"{column} {name}" for column, name in small[:NAMES_SHOWN])
        more = ", ..." if len(small) > NAMES_SHOWN else ""
        notes.append(f"Too few wins to be scored as segments: {names}{more}.")
    return [*notes, *_missing(left_out)]


def _few(windows: Sequence[Window]) -> Iterator[str]:
    for horizon in dict.fromkeys(window.horizon for window in windows):
        own = {(one.day, one.days) for one in windows if one.horizon == horizon}
        separate = separate_windows(own)
        if separate < ENOUGH_WINDOWS:
            yield (
                f"{horizon}: {counted(len(own), 'forecast')}, but only "
                f"{counted(separate, 'separate window')}, as windows overlap; below "
                f"{ENOUGH_WINDOWS}, {FEW_WINDOWS}, and no forecast can be told from another."
            )


def _missing(left_out: Sequence[LeftOut]) -> Iterator[str]:
    for horizon, method in dict.fromkeys((one.horizon, one.method) for one in left_out):
        own = [one for one in left_out if (one.horizon, one.method) == (horizon, method)]
        times = counted(len(own), "forecast")
        yield f"{horizon}: {times} of {method!r} left out. First reason: {own[0].reason}."


def amounts_change(log: EventLog) -> bool:
    """Return whether some deal says two amounts before it closes.

    Examples
    --------
    >>> amounts_change(EventLog(["A"], ["open", "offer"], deal=[0, 0], time=[1, 2], state=[0, 1],
    ...                         amount=[5.0, 6.0]))
    True
    """
    said = (log.state >= 0) & ~np.isnan(log.amount)
    deal, amount = log.deal[said], log.amount[said]
    first = np.full(len(log.ids), np.nan)
    first[deal[::-1]] = amount[::-1]
    return bool((amount != first[deal]).any())
