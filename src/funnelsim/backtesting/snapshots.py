"""The pipeline as it stood: what was open by stage, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.backtesting.outcomes import Segment, in_cents, members
from funnelsim.errors import InputError
from funnelsim.events import Known

MOST_SNAPSHOTS = 13
SPACING = 7
ENOUGH_CLOSED = 20
"""Closed deals from which on a segment's own win rate is used."""


@dataclass(frozen=True, eq=False)
class Conversion:
    """What became of earlier snapshots within a number of days.

    Parameters
    ----------
    share : ndarray, shape (snapshots, stages)
        The share of the deals open in a stage that was won.
    ratio : ndarray, shape (stages,)
        What a won deal brought, over the mean amount of an open one.
    new : ndarray of int, shape (snapshots,)
        Deals created after the snapshot and won in time.
    new_cents : ndarray of int
        What each of them brought.
    """

    share: NDArray[np.float64]
    ratio: NDArray[np.float64]
    new: NDArray[np.int64]
    new_cents: NDArray[np.int64]


def conversions(known: Known, days: int, segment: Segment = None) -> Conversion:
    """Return what became of the last 13 weekly snapshots whose days are over.

    Raises
    ------
    InputError
        If no snapshot with recorded closes is so many days old.
    """
    snapshots = range(known.day - days, known.record_start - 2, -SPACING)[:MOST_SNAPSHOTS]
    if not snapshots:
        recorded = known.day - known.record_start + 1
        rule = f"rest on a snapshot that is {days} days old"
        raise InputError("snapshot conversion", rule, recorded)
    deals = known.only(members(known, segment))
    seen = [_after(deals, day, days) for day in snapshots]
    open_count, won_count, open_sum, won_sum = np.array([one[0] for one in seen]).swapaxes(0, 1)
    new = [one[1] for one in seen]
    share = won_count / np.maximum(open_count, 1.0)
    return Conversion(
        share,
        _ratio(open_count, won_count, open_sum, won_sum),
        np.array([len(one) for one in new]),
        np.concatenate(new),
    )


def _ratio(*tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean booked amount of a win over the mean amount of an open deal, by stage."""
    open_count, won_count, open_sum, won_sum = (table.sum(axis=0) for table in tables)
    known = (won_count > 0) & (open_sum > 0)
    won_count, open_sum = np.where(known, won_count, 1.0), np.where(known, open_sum, 1.0)
    return np.where(known, won_sum / won_count * open_count / open_sum, 1.0)


def _after(deals: Known, day: int, days: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return numbers and amounts by stage, open on a day and won in time; and new wins' cents."""
    closed = np.floor(deals.closed)
    entered = np.floor(deals.entry) <= day
    open_then = entered[0] & (closed > day)
    in_time = deals.won & (closed > day) & (closed <= day + days)
    stage = np.where(open_then, entered.sum(axis=0) - 1, 0)
    stages, cents, said = len(deals.stages), in_cents(deals), _said(deals)

    def by_stage(which: NDArray[np.bool_], weight: NDArray[np.generic]) -> NDArray[np.float64]:
        sums = np.bincount(stage[which], weight[which].astype(np.float64), minlength=stages)
        return np.asarray(sums, np.float64)

    ones, won = np.ones(len(deals)), open_then & in_time
    table = np.stack(
        [
            by_stage(open_then, ones),
            by_stage(won, ones),
            by_stage(open_then, said),
            by_stage(won, cents),
        ]
    )
    return table, cents[in_time & ~entered[0]]


def open_by_stage(known: Known, segment: Segment = None) -> list[NDArray[np.int64]]:
    """Return the amounts of the open deals of each stage, in cents.

    Deals whose amount is not said have the mean of the open ones that say one; if none does, the
    mean of what wins brought.
    """
    cents, standing = _said(known), known.open & members(known, segment)
    return [cents[standing & (known.stage == k)] for k in range(len(known.stages))]


def _said(known: Known) -> NDArray[np.int64]:
    """Return the amounts of deals while they are open, in cents."""
    cents, said = in_cents(known), ~np.isnan(known.amount)
    before = np.rint(np.where(said, known.amount, 0.0) * 100.0).astype(np.int64)
    usual = next((some for some in (before[said & known.open], cents[known.won]) if len(some)), [0])
    return np.where(said, before, round(float(np.mean(usual))))


def win_rates(known: Known, segment: Segment = None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many of the closed deals that reached each stage were won, and their number.

    They are those of the segment where it has 20 closed deals or more, else those of all.

    Raises
    ------
    InputError
        If fewer than 20 deals are closed.
    """
    closed = ~known.open
    if closed.sum() < ENOUGH_CLOSED:
        rule = f"rest on {ENOUGH_CLOSED} closed deals"
        raise InputError("weighted pipeline", rule, int(closed.sum()))
    own = closed & members(known, segment)
    which = own if own.sum() >= ENOUGH_CLOSED else closed
    reached = np.isfinite(known.entry[:, which])
    return (reached & known.won[which]).sum(axis=1), reached.sum(axis=1)
