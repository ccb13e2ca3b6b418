"""Working capacity as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funnelsim._text import aligned, percent, plain_number
from funnelsim.estimate import Estimate

if TYPE_CHECKING:
    from funnelsim.capacity import Capacity

FULL = 0.85
"""Utilisation of a period from which on a role is the bottleneck: beyond, waits grow fast."""
SOME = 0.05
"""Deals that wait at the end, on average, from which on it is said."""


def in_words(found: Capacity) -> str:
    """Return who is the bottleneck, and what that means, in a sentence."""
    role = found.bottleneck()
    if role is None:
        used = [one for one in map(found.utilisation, found.roles) if one is not None]
        most = max((one.value for one in used), default=0.0)
        return f"nobody is a bottleneck: no deal waits; at most {percent(most)} of hours worked"
    fullest, busy = _busy(found, role)
    who = f"the bottleneck is {role}" if fullest >= FULL else f"deals wait most for {role}"
    own = [one for one in found.waits() if one.role == role]
    means = {one.stage: one.mean.value for one in own if one.mean}
    parts = [f"{who}: {busy}"]
    if means:
        worst = max(means, key=lambda stage: means[stage])
        parts.append(f"in {worst} deals wait {plain_number(means[worst])} days on average")
    last = len(found.scenario.windows) - 1
    left = sum(found.backlog(one.stage, last).value for one in own)
    if left >= SOME:
        parts.append(f"at the end {plain_number(left)} wait")
    return "; ".join(parts)


def _busy(found: Capacity, role: str) -> tuple[float, str]:
    """Return how full a role's fullest period is, and what to say; full is one without hours."""
    own = found.utilisation(role)
    if own is None:
        return 1.0, "it has no hours"
    periods = [found.utilisation(role, k) for k in range(len(found.scenario.windows))]
    fullest = max(one.value for one in periods if one is not None)
    empty = sum(one is None for one in periods)
    if not empty:
        share = f"{percent(fullest)} in the fullest period"
        return fullest, f"{percent(own.value)} of its hours worked, {share}"
    missing = f"nobody is there in {empty} of {len(periods)} periods"
    return 1.0, f"{percent(own.value)} of its hours worked, and {missing}"


def capacity_text(found: Capacity) -> str:
    """Return the answers as text for a terminal."""
    lines = [f"Working capacity, mean over {found.paths:,} paths: {in_words(found)}", ""]
    lines += [*aligned(*_utilisation_table(found)), "", *aligned(*_wait_table(found)), ""]
    lost, before = found.lost(), found.unlimited_bookings()
    lines.append(
        f"bookings {_with_error(found.bookings())}; if nobody had to wait "
        f"{_with_error(before)}: {_with_error(lost)} lost"
    )
    after, whole = found.attainment_probability(), found.unlimited_attainment_probability()
    if after is not None and whole is not None:
        chances = f"{_points(after)}; if nobody had to wait {_points(whole)}"
        lines.append(f"chance to reach the quota {chances}")
    lines.append("± is one standard error.")
    return "\n".join(lines)


def _shown(value: Estimate | None, *, share: bool = False) -> str:
    if value is None:
        return "-"
    return percent(value.value) if share else plain_number(value.value)


def _with_error(value: Estimate | None) -> str:
    if value is None:
        return "-"
    return f"{plain_number(value.value)} ± {plain_number(value.standard_error)}"


def _points(value: Estimate) -> str:
    return f"{percent(value.value)} ± {100.0 * value.standard_error:.2f} points"


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
            _shown(one.deals),
            _shown(one.share, share=True),
            _with_error(one.mean),
            _shown(one.p90),
            _shown(one.stale),
            _shown(found.backlog(one.stage, last)),
        ]
        for one in found.waits()
    ]
    return header, rows
