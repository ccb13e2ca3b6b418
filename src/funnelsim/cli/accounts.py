"""The command about key accounts: what each brings, and the forecast without the largest."""

from __future__ import annotations

import click

from funnelsim.cli.output import give, json_option
from funnelsim.cli.people import FEWEST, PATHS
from funnelsim.cli.simulated import (
    progress_in_memory,
    scenario_argument,
    scenario_of,
    simulated,
)


@click.command()
@scenario_argument
@click.option(
    "--by",
    default="account",
    show_default=True,
    metavar="COLUMN",
    help="Column of the open deals that names the account.",
)
@click.option(
    "--without",
    "left_out",
    multiple=True,
    metavar="N|NAME",
    help="Also forecast without the N largest accounts, or without one by its name; may be given "
    "several times, each for itself.",
)
@simulated(PATHS)
@json_option
def accounts(  # noqa: PLR0917
    scenario_file: str,
    by: str,
    left_out: tuple[str, ...],
    paths: int,
    seed: int,
    threads: int | None,
    target: str | None,
) -> None:
    """Say what each account is expected to bring, how concentrated that is, and what is without."""
    from funnelsim._key_accounts_text import without_table_text  # noqa: PLC0415
    from funnelsim.simulation import simulate  # noqa: PLC0415

    scenario, paths = scenario_of(scenario_file, target), paths if left_out else FEWEST
    with progress_in_memory(paths) as progress:
        forecast = simulate(scenario, paths=paths, seed=seed, threads=threads, progress=progress)
        found = forecast.key_accounts(by)
        names = {one.name for one in found.accounts}
        left = [found.without(_asked(one, names)) for one in left_out]
    lines = [repr(found)]
    if left:
        lines += ["", without_table_text(left), "", *(one.in_words() for one in left)]
    answer = {**found.to_dict(), "without": [one.to_dict() for one in left]}
    give(answer, "\n".join(lines), target)


def _asked(text: str, names: set[str]) -> int | str:
    """Return a name where there is such an account, else a number where it is one."""
    return int(text) if text not in names and text.isdecimal() else text
