"""The command that says how much pipeline is needed."""

from __future__ import annotations

from typing import Any

import click

from funnelsim._text import aligned, percent, plain_number
from funnelsim.cli.output import give, json_option
from funnelsim.cli.simulated import (
    progress_in_memory,
    scenario_argument,
    scenario_of,
    simulated,
)

NOT_REACHABLE = "not reachable"


@click.command()
@scenario_argument
@click.option(
    "--confidence",
    type=float,
    multiple=True,
    help="Chance to reach the quota, such as 0.8; may be given several times.",
)
@click.option("--stage", help="The stage that extra deals enter.")
@click.option("--amount", type=float, help="What each of them is worth, in currency units.")
@click.option("--day", type=float, help="The day after the as-of date on which they enter.")
@click.option("--most", type=int, help="Give up beyond so many deals.")
@simulated(100_000)
@json_option
def required(  # noqa: PLR0917
    scenario_file: str,
    confidence: tuple[float, ...],
    paths: int,
    seed: int,
    threads: int | None,
    target: str | None,
    **plan: Any,
) -> None:
    """Say how much extra pipeline reaches the quota, and how surely.

    What is not stated here is taken from the scenario's [required_pipeline].
    """
    from funnelsim.simulation import simulate  # noqa: PLC0415
    from funnelsim.summary import notes_of  # noqa: PLC0415

    scenario = scenario_of(scenario_file, target)
    stated = {name: value for name, value in plan.items() if value is not None}
    with progress_in_memory(paths) as progress:
        forecast = simulate(scenario, paths=paths, seed=seed, threads=threads, progress=progress)
        answer = forecast.required_dict(list(confidence) or None, **stated)
    give(answer, _text(answer), target, notes_of(answer["warnings"]))


def _text(answer: dict[str, Any]) -> str:
    """Return the answer as plain text."""
    money = answer["currency"]
    name = answer["scenario"] or "Required pipeline"
    lines = [
        f"{name}: as of {answer['as_of']}, {answer['paths']:,} paths, seed {answer['seed']}",
        "",
        f"still to book  {plain_number(answer['to_book'])} {money}".rstrip(),
        f"chance without extra deals  {percent(answer['attainment_probability']['value'])}",
        _extra(answer["extra"], money),
        "",
        *aligned(["confidence", "deals", "95 % interval", "amount", "coverage"], _rows(answer)),
        "",
        *aligned(["rule in use", "deals", "coverage with open deals", "chance"], _rules(answer)),
    ]
    rates = answer["required_creation_rate"]
    if rates is not None:
        header = ["deals created per period", "rate", "95 % interval"]
        lines += ["", *aligned(header, [_rate(one) for one in rates])]
    notes = [*_not_reachable(answer), *answer["notes"]]
    return "\n".join(lines + (["", *notes] if notes else []))


def _extra(extra: dict[str, Any], currency: str) -> str:
    day, amount = plain_number(extra["day"]), _money(extra["mean_amount"], currency)
    return f"extra deals enter {extra['stage']} on day {day} after the as-of date, {amount} each"


def _rows(answer: dict[str, Any]) -> list[list[str]]:
    rows = []
    for one in answer["required_pipeline"]:
        level = f"{100 * one['confidence']:g} %"
        if not one["reachable"]:
            rows.append([level, NOT_REACHABLE, "", "", ""])
            continue
        coverage = "" if one["coverage"] is None else f"{one['coverage']:.2f}"
        amount = _money(one["amount"], answer["currency"])
        rows.append([level, f"{one['deals']:,}", _interval(one), amount, coverage])
    return rows


def _interval(one: dict[str, Any]) -> str:
    high = "more" if one["high"] is None else plain_number(one["high"])
    return f"{plain_number(one['low'])} to {high}"


def _rules(answer: dict[str, Any]) -> list[list[str]]:
    rows = []
    for one in answer["pipeline_rules"]:
        chance = one["attainment_probability"]
        deals = "" if one["deals"] is None else f"{one['deals']:,}"
        shown = "not known" if chance is None else percent(chance["value"])
        rows.append([one["rule"], deals, f"{one['coverage']:.2f}", shown])
    return rows


def _rate(one: dict[str, Any]) -> list[str]:
    level = f"for {100 * one['confidence']:g} %"
    if not one["reachable"]:
        return [level, NOT_REACHABLE, ""]
    return [level, plain_number(one["per_period"]), _interval(one)]


def _not_reachable(answer: dict[str, Any]) -> list[str]:
    """Return one line on how far extra deals go, where that is not far enough."""
    missed = [one for one in answer["required_pipeline"] if not one["reachable"]]
    if not missed:
        return []
    most = percent(missed[0]["most_confidence"])
    return [
        f"not reachable: with {answer['extra']['most']:,} extra deals the chance is at most {most}"
    ]


def _money(value: float | None, currency: str) -> str:
    return "not finite" if value is None else f"{plain_number(value)} {currency}".rstrip()
