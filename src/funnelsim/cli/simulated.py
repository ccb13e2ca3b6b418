"""What all commands that simulate scenarios have in common: their options, their reading."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click

from funnelsim.cli.output import check_target, progress_on_terminal
from funnelsim.errors import InputError

if TYPE_CHECKING:
    from funnelsim.scenario import Scenario

Command = TypeVar("Command", bound=Callable[..., Any])

WORKBOOKS = (".xlsx", ".xlsm")
"""Endings of scenarios that are not text files."""

scenario_argument = click.argument("scenario_file", metavar="SCENARIO", type=click.Path())


def simulated(paths: int) -> Callable[[Command], Command]:
    """Return a decorator that adds the options of a simulation, with so many paths unless asked."""
    options = (
        click.option(
            "--paths", type=int, default=paths, show_default=True, help="Simulated futures."
        ),
        click.option(
            "--seed", type=int, default=1, show_default=True, help="Key of the random numbers."
        ),
        click.option("--threads", type=int, help="Threads; by default one for each processor."),
    )

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def scenario_of(file: str, target: str | None = None) -> Scenario:
    """Return the scenario of a file, once it is sure that the answer can be written."""
    check_target(target, file)
    if file.casefold().endswith(WORKBOOKS):
        from funnelsim.excel import read_workbook  # noqa: PLC0415

        return read_workbook(file)
    from funnelsim.scenario_file import read_scenario  # noqa: PLC0415

    return read_scenario(file)


@contextlib.contextmanager
def progress_in_memory(paths: int) -> Iterator[Any]:
    """Show a bar where it can be seen; say what to do where paths do not fit into memory."""
    try:
        with progress_on_terminal() as progress:
            yield progress
    except MemoryError:
        rule, remedy = "fit into the memory of this machine", "ask for fewer"
        raise InputError("paths", rule, paths, remedy) from None
