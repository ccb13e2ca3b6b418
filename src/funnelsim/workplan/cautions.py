"""What a reader of a work plan should know."""

from __future__ import annotations

from typing import Any

from funnelsim._text import counted, percent, plain_number
from funnelsim._trials import deals_needed, whole_up
from funnelsim.cautions import Caution

MORE_SURE = (0.8, 0.9)


def cautions_of_plan(answer: dict[str, Any]) -> list[Caution]:
    """Return all warnings about a plan (as `WorkPlan.to_dict` gives it, without warnings)."""
    return [
        Caution(code, (), message)
        for code, messages in (
            ("due-too-early", _late(answer)),
            ("running-overdue", _overdue(answer)),
            ("work-after-window", _after(answer)),
            ("plan-for-the-mean", _mean(answer)),
        )
        for message in messages
    ]


def _late(answer: dict[str, Any]) -> list[str]:
    """Name the contracts that are due too early to be signed then."""
    every = answer["every"]
    takes = f"a contract takes {counted(answer['total_lag'], every)} from its start"
    return [_late_by(every, **late) + takes for late in answer["late"]]


def _late_by(every: str, due: int, contracts: float, periods: int) -> str:
    are = "is" if contracts == 1 else "are"
    return (
        f"{counted(contracts, 'contract')} due in {every} {due} of the plan {are} signed "
        f"{counted(periods, every)} late, in {every} {due + periods}: "
    )


def _overdue(answer: dict[str, Any]) -> list[str]:
    """Name the running deals that have stood in their stage for longer than it takes."""
    lags = {stage["name"].casefold(): stage["lag"] for stage in answer["stages"]}
    every = answer["every"]
    return [
        f"running deals have stood in {deals['stage']} for {counted(deals['elapsed'], every)}, "
        f"longer than the stage takes: they go on in {every} 1 of the plan"
        for deals in answer["running"]
        if deals["elapsed"] > max(lags[deals["stage"].strip().casefold()], 1)
    ]


def _after(answer: dict[str, Any]) -> list[str]:
    """Say how much of the work the window leaves out."""
    if not answer["load_after"]:
        return []
    left, last = plain_number(answer["load_after"]), len(answer["periods"])
    activities = "activity" if left == "1" else "activities"
    return [f"{left} more {activities} after the {counted(last, answer['every'])} shown"]


def _mean(answer: dict[str, Any]) -> list[str]:
    """Say how often the plan is met where each deal of it is won by chance."""
    chance, deals = answer["chance_of_contracts"], answer["first_stage_deals"]
    if chance == 1.0:
        return []
    first = answer["stages"][0]
    wins, win = whole_up(answer["contracts"]), 1.0 / first["activities"]
    more = (f"{100 * level:g} % takes {deals_needed(wins, win, level):,}" for level in MORE_SURE)
    won = f"{counted(wins, 'contract')} or more in {percent(chance)} of futures"
    message = (
        f"a plan for the mean: {deals:,} deals in {first['name']}, each won with a chance of "
        f"{percent(win)}, bring {won}; {', '.join(more)}"
    )
    return [message]
