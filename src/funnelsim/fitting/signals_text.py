"""Effects of signals in words: the table that a planner reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from funnelsim._text import aligned
from funnelsim.fitting.signal_effects import NO_EFFECT, Effect

if TYPE_CHECKING:
    from funnelsim.fitting.signals_fit import SignalFit

HEADER = ("signal", "answer", "wins", "deals", "odds x", "80 % interval", "evidence")
MOST_SILENT = 12


def summary_of(fit: SignalFit) -> str:
    """Return the effects as a table, the strongest signals first, and what to know below."""
    order = sorted(fit.names, key=lambda name: -fit.strengths[name].value)
    of = {name: [one for one in fit.effects if one.signal == name] for name in order}
    telling = [name for name in order if any(one.evidence != NO_EFFECT for one in of[name])]
    rows = [
        _row(one)
        for name in telling
        for one in sorted(of[name], key=lambda one: -one.log_odds)
    ]  # fmt: skip
    won = fit.deals.won
    title = (
        f"Signals of {len(won):,} closed deals, {won.sum():,.0f} won ({won.mean():.0%}); "
        "odds against the average deal"
    )
    lines = [
        title,
        "",
        *(aligned(HEADER, rows) if rows else ["No signal shows an effect."]),
    ]
    silent = [name for name in order if name not in telling]
    if silent:
        more = f" and {len(silent) - MOST_SILENT} more" if len(silent) > MOST_SILENT else ""
        lines += ["", f"No effect shown: {', '.join(silent[:MOST_SILENT])}{more}"]
    if fit.warnings:
        lines += ["", "What to know:", *(f"* {one.message}" for one in fit.warnings)]
    return "\n".join(lines)


def _row(one: Effect) -> tuple[str, ...]:
    low, high = np.exp([one.low, one.high])
    counts = f"{one.wins:,}", f"{one.deals:,}"
    return (
        one.signal, one.level, *counts, f"{one.odds_ratio:.2f}",
        f"{low:.2f} to {high:.2f}", one.evidence,
    )  # fmt: skip
