"""Effects of a history's segments on winning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funnelsim.errors import InputError, unknown
from funnelsim.events import Known
from funnelsim.fitting.signals_fit import SignalFit, fit_signals

OUTCOME = "(outcome)"
WON, LOST = "won", "lost"


def fit_known_signals(
    known: Known, by: str | Sequence[str] | None = None, **more: Any
) -> SignalFit:
    """Return what the segments of a history's closed deals say of winning.

    Deals that are open on the day are left out. Where deals of one answer were created later than
    others, those of them that closed are the quick ones: look at this before it is believed.

    Parameters
    ----------
    known : Known
        What was known on a day.
    by : str or sequence of str, optional
        Segment columns; by default all.
    **more
        As `fit_signals` takes it: ``numeric``, ``groups`` (a segment too), ``late``, ``draws``...

    Raises
    ------
    InputError
        If there is no such segment, or too few deals were won or lost.

    Examples
    --------
    >>> from funnelsim.events import LOST, WON, EventLog
    >>> day = np.arange(80)
    >>> log = EventLog(
    ...     [f"D{k}" for k in day], ["offer"], deal=np.r_[day, day],
    ...     time=738000 + np.r_[2.0 * day, 2.0 * day + 20], amount=np.full(160, 5e4),
    ...     state=np.r_[np.zeros(80), np.where(day % 4 == 0, WON, LOST)].astype(int),
    ...     segments={"coach": ["yes" if k % 8 in (0, 1, 4) else "no" for k in day]})
    >>> fit_known_signals(log.as_of(738371)).effect("coach", "no").evidence
    'shown'
    """
    if not isinstance(known, Known):
        raise InputError("known", "be what a history knows on a day", known, "log.as_of(day)")
    columns = [by] if isinstance(by, str) else list(known.segments if by is None else by)
    needed = [*columns, *([more["groups"]] if more.get("groups") else [])]
    for name in needed:
        if name not in known.segments:
            raise unknown("by", name, known.segments, "be a segment of the history")
    places = np.flatnonzero(np.isfinite(known.closed))
    table: dict[str, list[str]] = {
        OUTCOME: [WON if one else LOST for one in known.won[places].tolist()]
    }
    for name in needed:
        codes, words = known.segments[name]
        table[name] = [words[code] for code in codes[places].tolist()]
    return fit_signals(table, OUTCOME, WON, LOST, columns=columns, **more)
