"""The commands that ask "what if": compare, sweep, sensitivity, worth, solve, inputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from funnelsim.cli.inputs import ranges_by_name, values_by_name
from funnelsim.cli.output import check_target, give, json_option, print_text
from funnelsim.cli.simulated import (
    progress_in_memory,
    scenario_argument,
    scenario_of,
    simulated,
)
from funnelsim.errors import InputError

if TYPE_CHECKING:
    from funnelsim.scenario import Scenario

WIDTH = 60
"""Signs of a value in the list of inputs."""
PATHS_OF_SHARES = 4_096
"""Paths of each of the many runs behind Sobol shares, unless asked."""

ANSWER = click.option(
    "--answer",
    type=click.Choice(["attainment", "mean", "p10", "p50", "p90", "wins"]),
    help="What is asked for: attainment by default where there is a quota, else mean.",
)


@click.command()
@click.argument("scenario_files", metavar="SCENARIO...", type=click.Path(), nargs=-1)
@simulated(100_000)
@json_option
def compare(
    scenario_files: tuple[str, ...],
    paths: int,
    seed: int,
    threads: int | None,
    target: str | None,
) -> None:
    """Compare scenario files on the same draws; the first is what the others are compared to."""
    from funnelsim.planning.compare import compare as compared  # noqa: PLC0415

    if len(scenario_files) < 2:  # noqa: PLR2004  one and another
        remedy = "one is forecast by funnelsim forecast"
        raise InputError("SCENARIO", "be at least two files", len(scenario_files), remedy)
    for file in scenario_files:
        check_target(target, file)
    scenarios = _named([(file, scenario_of(file)) for file in scenario_files])
    with progress_in_memory(paths) as progress:
        found = compared(scenarios, paths=paths, seed=seed, threads=threads, progress=progress)
    give(found.to_dict(), repr(found), target)


def _named(read: list[tuple[str, Scenario]]) -> dict[str, Scenario]:
    """Return scenarios by their names; where two share one, or have none, by their files."""
    names = [scenario.name or Path(file).stem for file, scenario in read]
    if len(set(names)) < len(names):
        names = [file for file, _ in read]
    if len(set(names)) < len(names):
        raise InputError("scenarios", "be different files", names)
    return {name: scenario for name, (_, scenario) in zip(names, read, strict=True)}


@click.command()
@scenario_argument
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="NAME=VALUES",
    help="An input and its values, V1,V2,... or FIRST:LAST:COUNT; may be given several times.",
)
@click.option("--zipped", is_flag=True, help="Take the values row by row, not each with each.")
@simulated(20_000)
@json_option
def sweep(  # noqa: PLR0917
    scenario_file: str,
    given: tuple[str, ...],
    zipped: bool,
    paths: int,
    seed: int,
    threads: int | None,
    target: str | None,
) -> None:
    """Simulate a scenario at many values of its inputs, on the same draws."""
    from funnelsim.planning.sweep import sweep as swept  # noqa: PLC0415

    inputs = values_by_name("--set", given)
    if not inputs:
        remedy = "such as --set quota=1_000_000,1_200_000"
        raise InputError("--set", "be given at least once", remedy=remedy)
    scenario = scenario_of(scenario_file, target)
    with progress_in_memory(paths) as progress:
        found = swept(
            scenario, inputs, zipped=zipped, paths=paths, seed=seed, threads=threads,
            progress=progress,
        )  # fmt: skip
    give(found.to_dict(), repr(found), target)


@click.command()
@scenario_argument
@click.option(
    "--input",
    "given",
    multiple=True,
    metavar="NAME[=LOW:HIGH]",
    help="An input, and its range; by default (not with --shares) those that are there.",
)
@click.option("--by", default=0.1, show_default=True, help="How far, where there is no range.")
@click.option(
    "--shares",
    is_flag=True,
    help="Sobol shares of variance over the ranges, by default of 4,096 paths a run.",
)
@click.option("--samples", default=512, show_default=True, help="Samples of the shares.")
@ANSWER
@simulated(20_000)
@json_option
@click.pass_context
def sensitivity(  # noqa: PLR0917
    context: click.Context,
    scenario_file: str,
    given: tuple[str, ...],
    by: float,
    shares: bool,
    samples: int,
    answer: str | None,
    paths: int,
    seed: int,
    threads: int | None,
    target: str | None,
) -> None:
    """Say which inputs move the answer most: one at a time, or by their shares of its variance."""
    from funnelsim.planning.sensitivity import sensitivity as one_at_a_time  # noqa: PLC0415
    from funnelsim.planning.sobol import sobol_shares  # noqa: PLC0415

    scenario = scenario_of(scenario_file, target)
    if shares and context.get_parameter_source("paths") == ParameterSource.DEFAULT:
        paths = PATHS_OF_SHARES
    options: dict[str, Any] = {"answer": answer, "paths": paths, "seed": seed, "threads": threads}
    found: Any
    with progress_in_memory(paths) as progress:
        if shares:
            ranges = ranges_by_name("--input", given)
            if len(ranges) < 2:  # noqa: PLR2004  or there is nothing to share
                example = "--input funnel.win_rate=0.08:0.12 --input quota=9e5:1.1e6"
                rule = "give at least two inputs, each with its range, to --shares"
                raise InputError("--input", rule, len(ranges), f"such as {example}")
            found = sobol_shares(scenario, ranges, samples=samples, progress=progress, **options)
        else:
            found = one_at_a_time(scenario, _inputs(given), by=by, progress=progress, **options)
    give(found.to_dict(), repr(found), target)


def _inputs(given: tuple[str, ...]) -> Any:
    """Return names, or ranges by name; None for the usual ones."""
    with_range = [one for one in given if "=" in one]
    if not with_range:
        return list(given) or None
    if len(with_range) < len(given):
        plain = next(one for one in given if "=" not in one)
        raise InputError("--input", "have a range everywhere, or nowhere", plain)
    return ranges_by_name("--input", given)


@click.command()
@scenario_argument
@simulated(100_000)
@json_option
def worth(
    scenario_file: str, paths: int, seed: int, threads: int | None, target: str | None
) -> None:
    """Say what one more deal, one day and one point of win rate are worth."""
    from funnelsim.planning.worth import value_of_changes  # noqa: PLC0415

    scenario = scenario_of(scenario_file, target)
    with progress_in_memory(paths) as progress:
        found = value_of_changes(
            scenario, paths=paths, seed=seed, threads=threads, progress=progress
        )
    give(found.to_dict(), repr(found), target)


@click.command()
@scenario_argument
@click.argument("name", metavar="INPUT")
@click.option("--attainment", default=0.8, show_default=True, help="The chance to reach the quota.")
@click.option("--low", type=float, help="Where to look, from.")
@click.option("--high", type=float, help="Where to look, to.")
@simulated(20_000)
@json_option
def solve(  # noqa: PLR0917
    scenario_file: str,
    name: str,
    attainment: float,
    low: float | None,
    high: float | None,
    paths: int,
    seed: int,
    threads: int | None,
    target: str | None,
) -> None:
    """Say how much of an input reaches the quota with a chance."""
    from funnelsim.planning.solve import solve as solved  # noqa: PLC0415

    scenario = scenario_of(scenario_file, target)
    with progress_in_memory(paths) as progress:
        found = solved(
            scenario, name, attainment, low, high, paths=paths, seed=seed, threads=threads,
            progress=progress,
        )  # fmt: skip
    give(found.to_dict(), repr(found), target)


@click.command()
@scenario_argument
def inputs(scenario_file: str) -> None:
    """List the inputs of a scenario by their names, with their values."""
    from funnelsim.planning.fields import input_names  # noqa: PLC0415

    scenario = scenario_of(scenario_file)
    known = input_names(scenario)
    width = max(len(name) for name in known)
    lines = [f"{name:{width}}  {_shown(scenario, name)}".rstrip() for name in known]
    print_text("\n".join(lines))


def _shown(scenario: Scenario, name: str) -> str:
    """Return the value of an input, shortened; nothing for a pattern of names."""
    from funnelsim.planning.fields import value_of  # noqa: PLC0415
    from funnelsim.planning.results import shown_input  # noqa: PLC0415

    if "<" in name:
        return ""
    shown = shown_input(value_of(scenario, name))
    return shown if len(shown) <= WIDTH else f"{shown[: WIDTH - 3]}..."
