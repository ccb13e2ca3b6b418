"""The commands that plan work by arithmetic: a work plan, and the two statements behind one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from funnelsim.cli.lists import funnel_of, names_in, number_or_numbers, numbers_in
from funnelsim.cli.output import check_target, give, json_option
from funnelsim.errors import InputError

if TYPE_CHECKING:
    from funnelsim.funnel import Funnel
    from funnelsim.workplan import RunningDeals


@click.command()
@click.option("--contracts", type=float, help="Contracts to sign.")
@click.option("--counts", help="Activities per contract, stage by stage, such as 6-5-3-3-2-1.")
@click.option(
    "--percentages",
    metavar="LIST",
    help="Win probability of each stage, instead of counts: 10,20,45,50,80,100 (these are the "
    "preset key-account).",
)
@click.option(
    "--start",
    metavar="PATTERN|LIST",
    help="monthly (weekly where --every is week, and so on): one each period, the default; once: "
    "all in the first; inside: evenly, so that all are signed inside the window; steady: as many "
    "in each window, for ever. Or the contracts started in each period: 2,2,1.",
)
@click.option("--due", metavar="LIST", help="Contracts due in each period; scheduled backwards.")
@click.option(
    "--every", default="month", show_default=True, help="A period: day, week, month, quarter, year."
)
@click.option(
    "--lag", default="1", show_default=True, help="Periods in a stage; or a list, one per stage."
)
@click.option(
    "--effort",
    default="once",
    show_default=True,
    help="An activity is done once, when its stage is entered; spread over the stage; or in every "
    "period of it.",
)
@click.option("--window", type=int, help="Periods looked at; by default until all is done.")
@click.option(
    "--running",
    multiple=True,
    metavar="STAGE:DEALS[:PERIODS]",
    help="Deals under way, and periods since they entered their stage (1). May be repeated.",
)
@click.option("--hours", metavar="LIST", help="Hours for an activity; or a list, one per stage.")
@click.option("--names", metavar="LIST", help="Names of the stages.")
@click.option("--first", help="The first period, such as 2027-01; periods are named by date.")
@json_option
def plan(
    counts: str | None,
    percentages: str | None,
    names: str | None,
    target: str | None,
    **given: Any,
) -> None:
    """Plan the work of contracts: activities in each period, the peak, what is signed.

    Plain arithmetic; a note says how often such a plan is met where deals are won by chance.
    """
    from funnelsim.summary import notes_of  # noqa: PLC0415
    from funnelsim.workplan import work_plan  # noqa: PLC0415

    check_target(target)
    stages = names_in(names)
    made = work_plan(
        _activities(counts, percentages),
        **given
        | {
            "start": _start(given["start"]),
            "due": None if given["due"] is None else numbers_in("due", given["due"]),
            "lag": number_or_numbers("lag", given["lag"]),
            "hours": number_or_numbers("hours", given["hours"]),
            "running": [_running(one) for one in given["running"]],
            "names": stages,
        },
    )
    answer = made.to_dict()
    give(answer, repr(made), target, notes_of(answer["warnings"]))


@click.command()
@click.option("--counts", default="6-5-3-3-2-1", show_default=True, help="Activities per contract.")
@click.option(
    "--percentages",
    default="key-account",
    show_default=True,
    metavar="LIST",
    help="Win probability of each stage, such as 10,20,45,50,80,100 (these are key-account).",
)
@click.option("--contracts", type=int, default=10, show_default=True, help="Contracts to sign.")
@click.option(
    "--confidence",
    default="0.5,0.8,0.9",
    show_default=True,
    metavar="LIST",
    help="Chances with which they are to be signed.",
)
@click.option("--names", metavar="LIST", help="Names of the stages.")
@json_option
def statements(
    *,
    counts: str,
    percentages: str,
    contracts: int,
    confidence: str,
    names: str | None,
    target: str | None,
) -> None:
    """Compare percentages with counts: where they disagree, and the deals that each asks for."""
    from funnelsim.statements import compare_statements  # noqa: PLC0415

    check_target(target)
    stages = names_in(names)
    both = compare_statements(
        funnel_of(percentages),
        counts,
        contracts=contracts,
        confidence=numbers_in("confidence", confidence),
        names=stages,
    )
    give(both.to_dict(), repr(both), target)


def _activities(counts: str | None, percentages: str | None) -> str | Funnel:
    """Return the one statement that was given."""
    if percentages is None:
        if counts is None:
            remedy = "such as 6-5-3-3-2-1; or give --percentages"
            raise InputError("--counts", "be given", remedy=remedy)
        return counts
    if counts is not None:
        rule, remedy = "be left out where --counts is given", "funnelsim statements compares them"
        raise InputError("--percentages", rule, percentages, remedy)
    return funnel_of(percentages)


def _start(text: str | None) -> str | list[float] | None:
    word = text is None or text.strip()[:1].isalpha()
    return text if word else numbers_in("start", text or "")


def _running(text: str) -> RunningDeals:
    from funnelsim.workplan import RunningDeals  # noqa: PLC0415

    form = re.fullmatch(r"(.+?):([^:]+)(?::(\d+))?", text.strip())
    if form is None:
        remedy = "such as proposal:6, or proposal:6:2 after two periods"
        raise InputError("--running", "be a stage and a number of deals", text, remedy)
    (deals,) = numbers_in("--running", form[2])
    return RunningDeals(form[1], deals, elapsed=int(form[3] or 1))
