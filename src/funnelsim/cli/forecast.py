"""The commands that read a scenario file: forecast it, or check it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import numpy as np

from funnelsim._text import counted
from funnelsim.cli.output import check_target, give, json_option, print_text, say
from funnelsim.cli.simulated import (
    progress_in_memory,
    scenario_argument,
    scenario_of,
    simulated,
)
from funnelsim.cli.workbook import check_workbook, excel_option, write_answers
from funnelsim.errors import InputError

if TYPE_CHECKING:
    from funnelsim.scenario import Scenario


@click.command()
@scenario_argument
@simulated(100_000)
@click.option("--no-activities", is_flag=True, help="Leave the activities out of the JSON answer.")
@click.option(
    "--stream", "streamed", is_flag=True, help="Keep answers, not paths: for very many of them."
)
@click.option(
    "--checkpoint",
    type=click.Path(),
    metavar="FILE",
    help="With --stream: go on from this file, and write it every few seconds.",
)
@excel_option
@click.option("--no-sensitivity", is_flag=True, help="Leave the sensitivity out of the workbook.")
@json_option
def forecast(  # noqa: PLR0917
    scenario_file: str,
    paths: int,
    seed: int,
    threads: int | None,
    no_activities: bool,
    streamed: bool,
    checkpoint: str | None,
    workbook: str | None,
    no_sensitivity: bool,
    target: str | None,
) -> None:
    """Forecast the bookings of a scenario file or a workbook."""
    from funnelsim.summary import notes_of, text_summary  # noqa: PLC0415

    check_workbook(workbook, scenario_file)
    scenario = scenario_of(scenario_file, target)
    options: dict[str, Any] = {"paths": paths, "seed": seed, "threads": threads}
    only_streamed = {}
    if checkpoint is not None:
        _check_checkpoint(checkpoint, streamed, scenario_file)
        only_streamed["checkpoint"] = checkpoint
    activities = target is not None and not no_activities
    made, answer = (
        _streamed(scenario, **options, **only_streamed)
        if streamed
        else _simulated(scenario, activities, **options)
    )
    if workbook is not None:
        write_answers(made, workbook, sensitivity=not no_sensitivity, **options)
    give(answer, text_summary(answer), target, notes_of(answer["warnings"]))


@click.command()
@scenario_argument
def check(scenario_file: str) -> None:
    """Check a scenario file without simulating it."""
    from funnelsim._arrays import lower  # noqa: PLC0415
    from funnelsim.cautions import cautions  # noqa: PLC0415
    from funnelsim.summary import notes_of  # noqa: PLC0415

    scenario = scenario_of(scenario_file)
    found = cautions(scenario, lower(scenario))
    for note in notes_of([one.to_dict() for one in found]):
        say(note)
    read = [
        counted(len(scenario.pipeline), "deal"),
        *_new_deals(scenario),
        counted(len(scenario.periods), "period"),
        counted(len(scenario.funnel.stages), "stage"),
        counted(len(found), "warning"),
    ]
    print_text(f"{scenario_file} is fine: {', '.join(read)}")


def _new_deals(scenario: Scenario) -> list[str]:
    """Say how many deals will be created, on average over the draws of the rate."""
    business = scenario.new_business
    if business is None:
        return []
    created = sum(business.mean_created(scenario.windows, scenario.as_of))
    number = created * float(np.mean(business.factor))
    return [counted(number, "new deal") + " on average" * (not business.planned)]


def _simulated(scenario: Scenario, activities: bool, **options: Any) -> tuple[Any, dict[str, Any]]:
    """Return a forecast and its answers, with a progress bar where it can be seen."""
    from funnelsim.simulation import simulate  # noqa: PLC0415

    with progress_in_memory(options["paths"]) as progress:
        forecast = simulate(scenario, progress=progress, **options)
        return forecast, forecast.to_dict(activities=activities)


def _streamed(scenario: Scenario, **options: Any) -> tuple[Any, dict[str, Any]]:
    """Return a forecast whose paths are not kept, and its answers."""
    from funnelsim.streaming import stream  # noqa: PLC0415

    with progress_in_memory(options["paths"]) as progress:
        forecast = stream(scenario, progress=progress, **options)
        return forecast, forecast.to_dict()


def _check_checkpoint(checkpoint: str, streamed: bool, scenario_file: str) -> None:
    if not streamed:
        raise InputError("--checkpoint", "stand beside --stream", checkpoint)
    check_target(checkpoint, scenario_file, "--checkpoint")
