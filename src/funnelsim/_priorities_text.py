"""Priorities as text: the ranking, and what dropping its last deals does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from funnelsim._text import aligned, counted, percent, plain_number
from funnelsim.estimate import Estimate

if TYPE_CHECKING:
    from funnelsim.priorities import Priorities, Priority
    from funnelsim.pruning import Pruned

ENDS = 12
"""Deals that are shown of each end of a long ranking."""
MANY = 100.0
"""Errors from here on are shown without decimals."""
HEADER = ["deal", "stage", "amount", "chance", "value", "hours ahead", "value per hour"]
BARE = ["dropped", "deals left", "hours ahead", "value", "bookings", "difference"]


class Change(Protocol):
    """What leaving deals out does to the chance of the quota and to mean bookings."""

    @property
    def attainment_before(self) -> Estimate | None:
        """Chance of the quota with them."""

    @property
    def attainment_after(self) -> Estimate | None:
        """Chance of the quota without."""

    @property
    def attainment_difference(self) -> Estimate | None:
        """Their difference."""

    @property
    def bookings_before(self) -> Estimate:
        """Mean bookings with them."""

    @property
    def bookings_after(self) -> Estimate:
        """Mean bookings without."""

    @property
    def bookings_difference(self) -> Estimate:
        """Their difference."""


def priorities_text(found: Priorities) -> str:
    """Return the ranking as text for a terminal."""
    owned = any(one.owner is not None for one in found.deals)
    header = [*HEADER[:2], *(["owner"] if owned else []), *HEADER[2:]]
    rows = [_row(one, owned=owned) for one in found.deals]
    left_out = len(rows) - 2 * ENDS
    lines = aligned(header, rows)
    if left_out > 1:
        lines[1 + ENDS : 1 + ENDS + left_out] = [f"... {counted(left_out, 'deal')} between"]
    hours, value = (
        _sum([getattr(one, name) for one in found.deals]) for name in ("hours", "value")
    )
    what = "Open deals by value per hour of work ahead"
    return "\n".join([f"{what}: {hours} hours for a value of {value}", "", *lines])


def _row(one: Priority, *, owned: bool) -> list[str]:
    numbers = (one.value, one.hours)
    ratio = "no hours" if one.value_per_hour is None else plain_number(one.value_per_hour)
    return [
        one.id,
        one.stage,
        *([one.owner or ""] if owned else []),
        plain_number(one.amount),
        percent(one.win_probability),
        *map(plain_number, numbers),
        ratio,
    ]


def _sum(values: Sequence[float]) -> str:
    return plain_number(math.fsum(values))


def pruned_text(found: Pruned) -> str:
    """Return what dropping does as text: a sentence, and a table of before and after."""
    rows = [["hours ahead", _both(found.hours_dropped + found.hours_kept, found.hours_kept)]]
    rows.append(["value of them", _both(found.value_dropped + found.value_kept, found.value_kept)])
    if found.attainment_before is not None and found.attainment_after is not None:
        before, after = (percent(one.value) for one in _chances(found))
        rows.append(["chance of the quota", [before, after]])
    rows.append(["bookings", _both(found.bookings_before.value, found.bookings_after.value)])
    if found.lost_before is not None and found.lost_after is not None:
        rows.append(
            ["lost to lack of hours", _both(found.lost_before.value, found.lost_after.value)]
        )
    for role, used in (found.utilisation_before or {}).items():
        after_it = (found.utilisation_after or {}).get(role)
        rows.append([f"hours worked, {role}", [_used(used), _used(after_it)]])
    table = aligned(["", "before", "after"], [[str(label), *both] for label, both in rows])
    return "\n".join([found.in_words(), "", *table])


def _chances(found: Change) -> list[Estimate]:
    both = (found.attainment_before, found.attainment_after)
    return [one for one in both if one is not None]


def _both(before: float, after: float) -> list[str]:
    return [plain_number(before), plain_number(after)]


def _used(value: Estimate | None) -> str:
    return "-" if value is None else percent(value.value)


def table_text(found: Sequence[Pruned]) -> str:
    """Return what several shares do as the lines of one table."""
    chance = any(one.attainment_after is not None for one in found)
    roles = list(found[0].utilisation_after or {}) if found else []
    header = [*BARE, *(["chance", "points"] if chance else [])]
    header += [*(["lost"] if roles else []), *(f"worked, {role}" for role in roles)]
    return "\n".join(aligned(header, [_shares_row(one, roles, chance=chance) for one in found]))


def _shares_row(one: Pruned, roles: Sequence[str], *, chance: bool) -> list[str]:
    row = [
        f"{100 * one.share:g} %",
        str(one.kept),
        plain_number(one.hours_kept),
        plain_number(one.value_kept),
        plain_number(one.bookings_after.value),
        signed(one.bookings_difference),
    ]
    if chance:
        row.append("-" if one.attainment_after is None else percent(one.attainment_after.value))
        row.append("-" if one.attainment_difference is None else points(one.attainment_difference))
    if roles:
        row.append("-" if one.lost_after is None else plain_number(one.lost_after.value))
    return [*row, *(_used((one.utilisation_after or {})[role]) for role in roles)]


def in_words(found: Pruned) -> str:
    """Return what dropping the last deals does, in a sentence."""
    count = len(found.dropped)
    dropped = f"dropping {100 * found.share:g} % ({count} of {count + found.kept} deals)"
    if not count:
        return f"{dropped} changes nothing"
    freed = f"frees {plain_number(found.hours_dropped)} hours{_part(found)}"
    given_up = f"gives up {plain_number(found.value_dropped)} of value"
    return f"{dropped} {freed}, {given_up} and {moved(found)}"


def _part(found: Pruned) -> str:
    hours = found.hours_dropped + found.hours_kept
    return f" ({percent(found.hours_dropped / hours)} of those ahead)" if hours > 0.0 else ""


def moved(found: Change) -> str:
    """Return how the chance moves; without a quota, mean bookings."""
    change = found.attainment_difference
    if change is None:
        change, of = found.bookings_difference, "mean bookings"
        by, ends = signed(change), (found.bookings_before, found.bookings_after)
        before, after = (plain_number(one.value) for one in ends)
    else:
        by, of = f"{points(change)} points", "the chance"
        before, after = (percent(one.value) for one in _chances(found))
    untold = change.low <= 0.0 <= change.high
    remark = ": not told apart by so many paths" if untold else ""
    return f"moves {of} by {by}, from {before} to {after}{remark}"


def signed(change: Estimate) -> str:
    """Return a difference of amounts with its error."""
    sign, error = "+" if change.value > 0.0 else "", change.standard_error
    return f"{sign}{plain_number(change.value)} ± {error:{',.2g' if error < MANY else ',.0f'}}"


def points(change: Estimate) -> str:
    """Return a difference of chances with its error, in points."""
    return f"{100 * change.value:+.1f} ± {100 * change.standard_error:.2g}"
