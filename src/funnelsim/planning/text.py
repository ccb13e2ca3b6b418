"""How much of an input is enough, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funnelsim._text import aligned, counted, percent, plain_number

if TYPE_CHECKING:
    from funnelsim.planning.solve import Solution


def solution_text(found: Solution) -> str:
    """Return the answer as plain text."""
    chance = f"{100 * found.attainment:g} %"
    now = "none" if found.now is None else plain_number(found.now)
    rows = [["now", now, "", percent(found.attainment_now.value)]]
    if found.reachable and found.value is not None and found.attainment_there is not None:
        there = percent(found.attainment_there.value)
        rows.append([_bound(found), plain_number(found.value), _interval(found), there])
    header = [found.name, "value", "95 % interval", "chance of the quota"]
    made = f"{found.paths:,} paths each, seed {found.seed}"
    title = f"{found.scenario or 'Scenario'}, the quota with a chance of {chance}: {made}"
    lines = [title, "", *aligned(header, rows)]
    return "\n".join([*lines, *([""] if (notes := _notes(found)) else []), *notes])


def _bound(found: Solution) -> str:
    """Return whether the value is the least or the most that does."""
    if found.more_helps is None:
        return "any value"
    return "at least" if found.more_helps else "at most"


def _interval(found: Solution) -> str:
    if found.more_helps is None or found.every_value_is_enough:
        return ""
    low, high = ("beyond reach" if end is None else plain_number(end) for end in found.ends)
    return f"{low} to {high}"


def _notes(found: Solution) -> list[str]:
    most = percent(found.most_attainment.value)
    if found.more_helps is None:
        so = "" if found.reachable else "not reachable: "
        return [f"{so}{found.name} does not move the chance, {most} at every value tried"]
    if not found.reachable:
        best = f"with {found.name} at {plain_number(found.most_at)}"
        tried = f"of {counted(found.simulations, 'value')} tried"
        return [f"not reachable: {tried} the best chance is {most}, {best}"]
    if found.every_value_is_enough:
        return ["every value that was tried is enough"]
    return [found.note] if found.note else []
