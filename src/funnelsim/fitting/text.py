"""A fit in words: the table that a person reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funnelsim.fitting.fitted import Fitted

if TYPE_CHECKING:
    from funnelsim.fitting.fit import Fit

HEADS = ("stage", "conversion", "80 % interval", "days", "80 % interval", "deals behind")


def summary_of(fit: Fit) -> str:
    """Return the table of stages, and a line for each other assumption."""
    rows = [HEADS, *(_stage_row(fit, s) for s in range(len(fit.stages)))]
    lines = [f"Fitted to {len(fit.known):,} deals known on {fit.as_of}", "", *_table(rows), ""]
    lines += _others(fit)
    if fit.pooled:
        lines += ["", "Win rates by segment, to compare; the scenario has that of all deals:"]
    for one in fit.pooled:
        lines.append(
            f"Win rate of {one.column} {one.segment}: {one.value:.1%} ({one.low:.1%} to "
            f"{one.high:.1%}), own {one.own:.1%} of {one.deals:,} deals, weight {one.weight:.0%}"
        )
    if fit.warnings:
        lines += ["", "What to know:", *(f"* {one.message}" for one in fit.warnings)]
    return "\n".join(lines)


def _stage_row(fit: Fit, s: int) -> tuple[str, ...]:
    one = fit.stages[s]
    chance, days = one.conversion, one.time.mean
    return (
        one.name,
        f"{chance.value:.1%}",
        f"{chance.low:.1%} to {chance.high:.1%}",
        f"{days.value:,.1f}",
        f"{days.low:,.1f} to {days.high:,.1f}",
        f"{one.forward:,} on, {one.lost:,} lost, {one.open:,} open",
    )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEADS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _others(fit: Fit) -> list[str]:
    rate, rho, amount = fit.creation.per_month, fit.sharing.rho, fit.amounts.mean
    lines = [
        f"Created in a month: {_with_interval(rate, ',.1f')} ({rate.how})",
        f"Dispersion of months: {_with_interval(fit.creation.dispersion, '.3g')}",
        f"Correlation of outcomes: {_with_interval(rho, '.3f')} ({rho.how})",
    ]
    if amount is not None:
        lines.append(
            f"Amount of a win: {_with_interval(amount, ',.0f')}; the largest 20 % bring "
            f"{fit.amounts.largest:.0%} ({amount.how})"
        )
    if fit.amounts.booked_ratio is not None:
        ratio = fit.amounts.booked_ratio
        lines.append(f"Booked over the amount before: {_with_interval(ratio, '.3f')} ({ratio.how})")
    return [*lines, *fit.closing.words]


def _with_interval(one: Fitted, spec: str) -> str:
    return f"{one.value:{spec}} ({one.low:{spec}} to {one.high:{spec}})"
