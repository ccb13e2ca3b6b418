"""What to know before a forecast from a history is believed: where the history is too short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from funnelsim._text import counted, plain_number
from funnelsim.events import EventLog, Known
from funnelsim.outlook.outlook import Outlook

if TYPE_CHECKING:
    from funnelsim.history.forecast import Asked

QUARTER, FULL_CLAIMS = 91, 91
FEW_WINS = 100


def notes_of(
    log: EventLog, outlook: Outlook, asked: Asked, days: int, bounds: tuple[float, float] | None
) -> tuple[str, ...]:
    """Return the notes, one or two sentences each.

    Parameters
    ----------
    days : int
        The horizon.
    bounds : tuple of float, optional
        Mean bookings if wins follow the people alone, and if they follow the pipeline alone.
    """
    known = outlook.known
    return (
        *_of_the_record(known, days, stated=asked.season is not None),
        *_of_the_segment(known, asked.segment),
        *_of_elasticity(bounds),
        *_of_the_log(log, known),
    )


def _of_the_record(known: Known, days: int, *, stated: bool) -> Iterator[str]:
    recorded = known.day - known.record_start + 1
    if recorded < QUARTER:
        yield (
            f"There is not yet a quarter of history ({recorded} days of closes): a quarter-end "
            "effect cannot be told from growth. Until then the forecast assumes "
            + ("the season that was stated." if stated else "hardly any season; it may be stated.")
        )
    elif recorded < FULL_CLAIMS + days:
        yield (
            f"{recorded} days of closes are recorded: full claims for {days} days ahead start at "
            f"{FULL_CLAIMS + days}."
        )


def _of_the_segment(known: Known, segment: tuple[str, str] | None) -> Iterator[str]:
    chosen = np.ones(len(known), bool)
    if segment is not None:
        codes, names = known.segments[segment[0]]
        chosen = codes == names.index(segment[1])
    wins = int((known.won & chosen).sum())
    if segment is not None and wins < FEW_WINS:
        yield (
            f"Only {counted(wins, 'win')} in {segment[0]} {segment[1]}: its season and its "
            "elasticity are those of the whole, and its level is hardly known."
        )
    if not wins:
        yield "No deal was won so far: what a win brings is not known."


def _of_elasticity(bounds: tuple[float, float] | None) -> Iterator[str]:
    if bounds is not None:
        people, pipeline = (plain_number(round(one)) for one in bounds)
        yield (
            "If your team is fully booked, set the elasticity low: at 0 the mean is "
            f"{people}, at 1 it is {pipeline}."
        )


def _of_the_log(log: EventLog, known: Known) -> Iterator[str]:
    if known.day > log.last_day:
        yield (
            f"The history ends {counted(known.day - log.last_day, 'day')} before the as-of date: "
            "the days between count as days without events."
        )
    if log.skipped:
        rows = len({problem.row for problem in log.skipped})
        yield f"{counted(rows, 'row')} of {log.source} could not be used, and is left out."
