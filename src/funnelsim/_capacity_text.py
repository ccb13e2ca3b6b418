"""Working capacity as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funnelsim._text import aligned, percent, plain_number
from funnelsim.estimate import Estimate

if TYPE_CHECKING:
    from funnelsim.capacity import Capacity

FULL = 0.85
"""Utilisation of a period from which on a role is the bottleneck: beyond, waits grow fast."""


def in_words(found: Capacity) -> str:
    """Return who is the bottleneck, and what that means, in a sentence."""
    role = found.bottleneck()
    if role is None:
        used = [one for one in map(found.utilisation, found.roles) if one is not None]
        most = max((one.value for one in used), default=0.0)
        return f"nobody is a bottleneck: no deal waits; at most {percent(most)} of hours worked"
    own = found.utilisation(role)
    periods = [found.utilisation(role, k) for k in range(len(found.scenario.windows))]
    fullest = max((one.value for one in periods if one is not None), default=1.0)
    busy = "it has no hours"
    if own is not None:
        busy = f"{percent(own.value)} of its hours worked, {percent(fullest)} in the fullest period"
    who = f"the bottleneck is {role}" if fullest >= FULL else f"deals wait most for {role}"
    means = {one.stage: one.mean.value for one in found.waits() if one.role == role and one.mean}
    if not means:
        return f"{who}: {busy}"
    worst = max(means, key=lambda stage: means[stage])
    return f"{who}: {busy}; in {worst} deals wait {plain_number(means[worst])} days on average"


def capacity_text(found: Capacity) -> str:
    """Return the answers as text for a terminal."""
    lines = [f"Working capacity, mean over {found.paths:,} paths: {in_words(found)}", ""]
    lines += [*aligned(*_utilisation_table(found)), "", *aligned(*_wait_table(found)), ""]
    lost, before = found.lost(), found.unlimited_bookings()
    lines.append(
        f"bookings {plain_number(found.bookings().value)}; if nobody had to wait "
        f"{plain_number(before.value)}: {plain_number(lost.value)} lost "
        f"(± {plain_number(lost.standard_error)})"
    )
    after, whole = found.attainment_probability(), found.unlimited_attainment_probability()
    if after is not None and whole is not None:
        chances = f"{percent(after.value)}; if nobody had to wait {percent(whole.value)}"
        lines.append(f"chance to reach the quota {chances}")
    return "\n".join(lines)


def _shown(value: Estimate | None, *, share: bool = False) -> str:
    if value is None:
        return "-"
    return percent(value.value) if share else plain_number(value.value)


def _utilisation_table(found: Capacity) -> tuple[list[str], list[list[str]]]:
    rows = [
        [
            f"{window.start} to {window.end}",
            *(_shown(found.utilisation(role, k), share=True) for role in found.roles),
        ]
        for k, window in enumerate(found.scenario.windows)
    ]
    return ["hours worked", *found.roles], rows


def _wait_table(found: Capacity) -> tuple[list[str], list[list[str]]]:
    last = len(found.scenario.windows) - 1
    header = ["work in", "deals", "wait", "days", "P90", "lost waiting", "waiting at the end"]
    rows = [
        [
            one.stage,
            plain_number(one.deals),
            _shown(one.share, share=True),
            _shown(one.mean),
            _shown(one.p90),
            plain_number(one.stale),
            _shown(found.backlog(one.stage, last)),
        ]
        for one in found.waits()
    ]
    return header, rows
