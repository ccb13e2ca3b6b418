"""The finance workbook on the command line: an empty one, and one with answers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from funnelsim.cli.output import check_target, print_text
from funnelsim.cli.simulated import progress_in_memory, scenario_of
from funnelsim.errors import InputError

if TYPE_CHECKING:
    from funnelsim.scenario import Scenario
    from funnelsim.scenario_answers import ScenarioAnswers

PATHS = 20_000
"""Futures of each run of the sensitivity in a workbook, at most."""

excel_option = click.option(
    "--excel",
    "workbook",
    type=click.Path(),
    metavar="FILE",
    help="Write a workbook (.xlsx): answers, charts, audit and assumptions.",
)
"""The option by which a command takes the file for a workbook."""


@click.command()
@click.argument("file", type=click.Path())
@click.option("--from", "source", type=click.Path(), help="A scenario file to fill it in from.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def template(file: str, source: str | None, force: bool) -> None:
    """Write a workbook (.xlsx) that asks for a scenario."""
    from funnelsim.excel import write_template  # noqa: PLC0415

    check_workbook(file, source, "FILE")
    if os.path.exists(file) and not force:  # noqa: PTH110  never raises
        remedy = "it may be filled in: name another, or add --force"
        raise InputError("FILE", "be a file that does not exist yet", file, remedy)
    write_template(file, None if source is None else scenario_of(source))
    print_text(f"{file} is written: fill in the yellow cells, then funnelsim forecast {file}")


def check_workbook(workbook: str | None, source: str | None, option: str = "--excel") -> None:
    """Refuse a file for a workbook that has another ending, or cannot be written."""
    if workbook is None:
        return
    if not workbook.casefold().endswith(".xlsx"):
        raise InputError(option, "end in .xlsx", workbook)
    check_target(workbook, source, option)


def write_answers(
    forecast: ScenarioAnswers, workbook: str, *, sensitivity: bool, **options: Any
) -> None:
    """Write a forecast as a workbook; with a sensitivity, which runs the scenario some more."""
    from funnelsim.excel import write_workbook  # noqa: PLC0415

    found = _sensitivity(forecast.scenario, **options) if sensitivity else None
    write_workbook(forecast, workbook, sensitivity=found)


def _sensitivity(scenario: Scenario, *, paths: int, seed: int, threads: int | None) -> Any:
    from funnelsim.planning.sensitivity import sensitivity  # noqa: PLC0415

    paths = min(paths, PATHS)
    with progress_in_memory(paths) as progress:
        return sensitivity(scenario, paths=paths, seed=seed, threads=threads, progress=progress)
