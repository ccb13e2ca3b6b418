"""What a history is too short or too bare to say, and what was done instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from funnelsim._text import counted
from funnelsim.cautions import Caution
from funnelsim.fitting.times import ENOUGH

if TYPE_CHECKING:
    from funnelsim.fitting.fit import Fit

FEW_CLOSES = 20
MOST_SILENT = 31
QUARTER = 91
NEAR_ZERO = 0.25
"""Intervals of positive numbers that begin below so small a part of the value tell little of 0."""
HISTORY = ("history",)


def warnings_of(fit: Fit) -> tuple[Caution, ...]:
    """Return what to know about a fit."""
    return (*_of_the_end(fit), *_of_closes(fit), *_of_stages(fit), *_of_the_rest(fit))


def _of_the_end(fit: Fit) -> Iterator[Caution]:
    known = fit.known
    times = np.concatenate([known.entry.ravel(), known.closed])
    silent = int(known.day - times[np.isfinite(times)].max() // 1)
    if silent > MOST_SILENT:
        message = (
            f"nothing happened in the last {silent} days before the as-of date: if the history "
            "ends there, rates are too low and deals look too old"
        )
        yield Caution("silent-end", HISTORY, message)


def _of_closes(fit: Fit) -> Iterator[Caution]:
    known = fit.known
    won, lost = int(known.won.sum()), int(known.lost.sum())
    if not won:
        yield Caution("no-won-deals", HISTORY, _NO_WINS)
    if not lost:
        yield Caution("no-lost-deals", HISTORY, _no_losses(len(fit.stalled)))
    if won + lost < FEW_CLOSES:
        few = f"only {counted(won + lost, 'deal')}" if won + lost else "no deal"
        message = (
            f"{few} closed so far, fewer than {FEW_CLOSES}: conversions lean on their pooled mean, "
            "and intervals are wide"
        )
        yield Caution("few-closes", HISTORY, message)
    closed = known.closed[np.isfinite(known.closed)]
    days = known.day + 1 - max(known.record_start, int(closed.min())) if len(closed) else 0
    if days < QUARTER:
        message = (
            f"closes are recorded for {counted(days, 'day')}, less than a quarter: a "
            "quarter-end effect cannot be told from growth"
        )
        yield Caution("less-than-a-quarter", HISTORY, message)


_NO_WINS = (
    "no deal was won: what a win brings is taken from the amounts of all deals, and the last "
    "conversion leans on its prior; if wins are left out of the export, both are wrong"
)


def _no_losses(stalled: int) -> str:
    if stalled:
        return (
            "no deal was lost: losses seem not to be recorded. "
            f"{counted(stalled, 'open deal')} that stalled count as lost instead; those that died "
            "younger count as open until then, so the pipeline looks too large, and times until "
            "a loss are a guess"
        )
    return (
        "no deal was lost: either losses are not recorded, or deals stay open for ever; "
        "conversions rest on how long deals have been open, and are too high if lost deals are "
        "missing: dead deals then count as open"
    )


def _of_stages(fit: Fit) -> Iterator[Caution]:
    few = [one for one in fit.stages if min(one.forward, one.lost) < ENOUGH]
    if few:
        counts = "; ".join(f"{one.name}: {one.forward} and {one.lost}" for one in few)
        message = (
            f"fewer than {ENOUGH} deals went on, or were lost ({counts}): a parametric law with a "
            "weak prior stands for the times"
        )
        yield Caution("few-deals-in-stage", tuple(one.name for one in few), message)
    short = [one for one in fit.stages if one.end.kind == "tail"]
    if short:
        parts = "; ".join(f"{one.name}: {one.end.in_words()}" for one in short)
        message = f"the record is too short to see what becomes of all deals ({parts})"
        yield Caution("record-too-short", tuple(one.name for one in short), message)
    for one in fit.stages:
        if one.end.stalled:
            message = (
                f"stage {one.name!r}: {counted(len(one.end.stalled), 'open deal')} older than the "
                f"{one.end.age:,.0f} days after which none went on: stalled, not counted"
            )
            yield Caution("stalled", one.end.stalled, message)


def _of_the_rest(fit: Fit) -> Iterator[Caution]:
    if fit.creation.last_is_low:
        name, deals = fit.creation.months[-1]
        message = (
            f"{counted(deals, 'deal')} created in {name}, far fewer than before: if they are "
            "recorded late, the rate of creation is too low"
        )
        yield Caution("creation-falls", HISTORY, message)
    if len(fit.sharing.cohorts) < 2:  # noqa: PLR2004
        message = f"the correlation of outcomes is not measured: {fit.sharing.rho.how}"
        yield Caution("no-cohorts", HISTORY, message)
    yield from _of_what_is_above_zero(fit)
    known = fit.known
    bare = np.flatnonzero(known.open & np.isnan(known.amount))
    if len(bare) and fit.amounts.typical is not None:
        message = f"open deals without an amount: that of a typical win, {fit.amounts.typical:,.0f}"
        yield Caution("typical-amount", tuple(known.ids[k] for k in bare.tolist()), message)
    if fit.amounts.typical is None:
        message = "no amount is known: deals are counted, and bring nothing"
        yield Caution("no-amounts", HISTORY, message)


def _of_what_is_above_zero(fit: Fit) -> Iterator[Caution]:
    """Say which numbers may be 0 although their intervals cannot hold it."""
    named = {
        "the dispersion of months": fit.creation.dispersion,
        "the correlation of outcomes": fit.sharing.rho,
    }
    unsure = [name for name, one in named.items() if 0.0 < one.low < NEAR_ZERO * one.value]
    if unsure:
        verb, them = ("is", "it") if len(unsure) == 1 else ("are", "them")
        message = (
            f"{' and '.join(unsure)} {verb} above 0 by assumption, so no interval of {them} can "
            "hold 0: history does not tell whether there is any"
        )
        yield Caution("above-zero", HISTORY, message)
