"""A work plan as plain text: what is planned, the load of each period, the peak, what is signed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from funnelsim._text import aligned, counted, plain_number
from funnelsim.summary import notes_of

STEADY = "steady"
STARTS = {
    "once": "all started at once",
    "inside": "started so that all are signed inside {window}",
    STEADY: "as many in every {window}, for ever",
    "list": "started as listed",
    "due": "started backwards from their due dates",
}
EFFORTS = {
    "once": "once, when its stage is entered",
    "spread": "spread evenly over its stage",
    "every": "in every {every} of its stage",
}
Fact = tuple[str, str]


def text_of_plan(answer: dict[str, Any]) -> str:
    """Return the answer (as `WorkPlan.to_dict` gives it) as plain text."""
    notes = notes_of(answer["warnings"])
    lines = [
        f"Work plan for {_planned(answer)}",
        "",
        *_lines(_assumptions(answer)),
        "",
        *aligned(*_table(answer)),
        "",
        *_lines(_answers(answer)),
    ]
    return "\n".join(lines + (["", *notes] if notes else []))


def _planned(answer: dict[str, Any]) -> str:
    only_running = answer["running"] and not answer["contracts"]
    return "deals under way" if only_running else counted(answer["contracts"], "contract")


def _lines(facts: list[Fact]) -> list[str]:
    width = max(len(name) for name, _ in facts)
    return [f"{name:<{width}}  {value}" for name, value in facts]


def _assumptions(answer: dict[str, Any]) -> list[Fact]:
    every, stages = answer["every"], answer["stages"]
    words = {"every": every, "window": counted(answer["deadline"], every)}
    lags = [stage["lag"] for stage in stages]
    alike = len(set(lags)) == 1
    running = [
        f"the worth of {counted(one['contracts'], 'contract')} in {one['stage']}, "
        f"there for {counted(one['elapsed'], every)}"
        for one in answer["running"]
    ]
    started = STARTS.get(answer["start"], f"one started each {every}").format(**words)
    return [
        *([("contracts", started)] if answer["contracts"] else []),
        *(("under way", one) for one in running),
        ("activities per contract", _joined(stage["activities"] for stage in stages)),
        ("time in stage", counted(lags[0], every) if alike else f"{_joined(lags)} {every}s"),
        ("an activity is done", EFFORTS[answer["effort"]].format(**words)),
    ]


def _table(answer: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of the table of periods; a steady state has one row."""
    steady, hours = answer["start"] == STEADY, answer["peak_hours"] is not None
    stages = [stage["name"] for stage in answer["stages"]]
    header = [answer["every"], "started", *stages, "total", *["hours"] * hours, "signed"]
    numbers = [
        [
            one["started"],
            *one["load"],
            one["total"],
            *([one["hours"]] if hours else []),
            one["signed"],
        ]
        for one in answer["periods"]
    ]
    if steady:
        return header, [["each", *map(plain_number, numbers[0])]]
    names = [one["name"] for one in answer["periods"]]
    rows = [[name, *map(plain_number, row)] for name, row in zip(names, numbers, strict=True)]
    sums = [plain_number(round(sum(column), 9)) for column in zip(*numbers, strict=True)]
    return header, [*rows, ["all", *sums]]


def _answers(answer: dict[str, Any]) -> list[Fact]:
    every, inside = answer["every"], counted(answer["deadline"], answer["every"])
    facts = [("peak", _peak(answer, "activities", answer["peak"]))]
    if answer["peak_hours"] is not None:
        facts.append(("peak of hours", _peak(answer, "hours", answer["peak_hours"])))
    if answer["contracts"]:
        signed, of = plain_number(answer["signed_inside"]), plain_number(answer["contracts"])
        facts.append(("signed", f"{signed} of the {of} inside {inside}"))
    if answer["running"]:
        running = plain_number(answer["signed_inside_from_running"])
        facts.append(("signed of those under way", f"{running} inside {inside}"))
    takes = f"{counted(answer['total_lag'], every)} from its start to its signature"
    return [*facts, ("a contract takes", takes)]


def _peak(answer: dict[str, Any], what: str, peak: dict[str, Any]) -> str:
    """Return the peak and when it is, neighbouring periods as a range."""
    load, every = f"{plain_number(peak['load'])} {what}", answer["every"]
    if answer["start"] == STEADY:
        return f"{load} in each {every}"
    names = [one["name"] for one in answer["periods"]]
    ranges = [
        names[low - 1] if low == high else f"{names[low - 1]} to {names[high - 1]}"
        for low, high in _ranges(peak["periods"])
    ]
    return f"{load} in {every}{'s' * (len(peak['periods']) > 1)} {', '.join(ranges)}"


def _ranges(periods: Iterable[int]) -> list[tuple[int, int]]:
    """Return first and last of each run of neighbouring numbers."""
    runs: list[tuple[int, int]] = []
    for period in periods:
        if runs and runs[-1][1] == period - 1:
            runs[-1] = (runs[-1][0], period)
        else:
            runs.append((period, period))
    return runs


def _joined(values: Iterable[float]) -> str:
    return "-".join(plain_number(value) for value in values)
