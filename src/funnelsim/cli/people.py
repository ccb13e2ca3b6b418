"""The commands about people's time: capacity and priorities."""

from __future__ import annotations

import click

from funnelsim.cli.output import give, json_option
from funnelsim.cli.simulated import (
    progress_in_memory,
    scenario_argument,
    scenario_of,
    simulated,
)

PATHS = 16_384
"""Paths unless asked; each is simulated deal by deal."""
FEWEST = 2
"""Paths of a forecast of which nothing simulated is asked."""


@click.command()
@scenario_argument
@simulated(PATHS)
@json_option
def capacity(
    scenario_file: str, paths: int, seed: int, threads: int | None, target: str | None
) -> None:
    """Say what people have the time for: who is the bottleneck, and what that costs."""
    from funnelsim.simulation import simulate  # noqa: PLC0415

    scenario = scenario_of(scenario_file, target)
    with progress_in_memory(paths):
        found = simulate(scenario, paths=FEWEST, seed=seed, threads=threads).capacity(paths)
    give(found.to_dict(), repr(found), target)


@click.command()
@scenario_argument
@click.option(
    "--drop",
    "shares",
    type=float,
    multiple=True,
    metavar="SHARE",
    help="Part of the deals to drop, the last of the ranking, such as 0.35; may be given several "
    "times.",
)
@click.option(
    "--current",
    type=float,
    default=0.0,
    show_default=True,
    help="Part of the work of its own stage that a deal has ahead, for the ranking.",
)
@simulated(PATHS)
@json_option
def priorities(  # noqa: PLR0917
    scenario_file: str,
    shares: tuple[float, ...],
    current: float,
    paths: int,
    seed: int,
    threads: int | None,
    target: str | None,
) -> None:
    """Rank open deals by value per hour of work ahead, and say what dropping the last ones does."""
    from funnelsim._priorities_text import table_text  # noqa: PLC0415
    from funnelsim.parameters import number  # noqa: PLC0415
    from funnelsim.priorities import AS_SHARE, SHARE  # noqa: PLC0415
    from funnelsim.simulation import simulate  # noqa: PLC0415

    for share in shares:
        number("--drop", share, SHARE, AS_SHARE)
    scenario, paths = scenario_of(scenario_file, target), paths if shares else FEWEST
    with progress_in_memory(paths) as progress:
        forecast = simulate(scenario, paths=paths, seed=seed, threads=threads, progress=progress)
        found = forecast.priorities(current)
        pruned = [found.drop(share) for share in shares]
    lines = [repr(found)]
    if pruned:
        lines += ["", table_text(pruned), "", *(one.in_words() for one in pruned)]
    answer = {**found.to_dict(), "pruned": [one.to_dict() for one in pruned]}
    give(answer, "\n".join(lines), target)
