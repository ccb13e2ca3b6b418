"""The commands that read a scenario file: forecast it, or check it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import numpy as np

from funnelsim._text import counted
from funnelsim.cli.output import (
    check_target,
    give,
    json_option,
    print_text,
    progress_on_terminal,
    say,
)
from funnelsim.errors import InputError

if TYPE_CHECKING:
    from funnelsim.scenario import Scenario


@click.command()
@click.argument("scenario_file", metavar="SCENARIO", type=click.Path())
@click.option("--paths", type=int, default=100_000, show_default=True, help="Simulated futures.")
@click.option("--seed", type=int, default=1, show_default=True, help="Key of the random numbers.")
@click.option("--threads", type=int, help="Threads; by default one for each processor.")
@click.option("--no-activities", is_flag=True, help="Leave the activities out of the JSON answer.")
@json_option
def forecast(  # noqa: PLR0917
    scenario_file: str,
    paths: int,
    seed: int,
    threads: int | None,
    no_activities: bool,
    target: str | None,
) -> None:
    """Forecast the bookings of a scenario file."""
    from funnelsim.scenario_file import read_scenario  # noqa: PLC0415
    from funnelsim.summary import notes_of, text_summary  # noqa: PLC0415

    check_target(target, scenario_file)
    scenario = read_scenario(scenario_file)
    activities = target is not None and not no_activities
    answer = _answer(scenario, activities, paths=paths, seed=seed, threads=threads)
    give(answer, text_summary(answer), target, notes_of(answer["warnings"]))


@click.command()
@click.argument("scenario_file", metavar="SCENARIO", type=click.Path())
def check(scenario_file: str) -> None:
    """Check a scenario file without simulating it."""
    from funnelsim._arrays import lower  # noqa: PLC0415
    from funnelsim.cautions import cautions  # noqa: PLC0415
    from funnelsim.scenario_file import read_scenario  # noqa: PLC0415
    from funnelsim.summary import notes_of  # noqa: PLC0415

    scenario = read_scenario(scenario_file)
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


def _answer(scenario: Scenario, activities: bool, **options: Any) -> dict[str, Any]:
    """Return the answers of a simulation, with a progress bar where it can be seen."""
    from funnelsim.simulation import simulate  # noqa: PLC0415

    try:
        with progress_on_terminal() as progress:
            forecast = simulate(scenario, progress=progress, **options)
        return forecast.to_dict(activities=activities)
    except MemoryError:
        rule, remedy = "fit into the memory of this machine", "ask for fewer"
        raise InputError("paths", rule, options["paths"], remedy) from None
