"""The command that reads closed deals: what the answers about them say of winning."""

from __future__ import annotations

import re

import click

from funnelsim.cli.lists import names_in
from funnelsim.cli.output import check_target, give, json_option, say
from funnelsim.cli.wording import OptionError
from funnelsim.errors import InputError
from funnelsim.parameters import whole

_OPTIONS = re.compile(r"\b(columns|numeric|late|groups|lost|won)=")
"""Arguments that messages name, as options."""


@click.command()
@click.argument("deals_file", metavar="DEALS", type=click.Path())
@click.option("--outcome", default="Status", show_default=True, help="The column of the outcome.")
@click.option("--won", default="Won", show_default=True, metavar="LIST", help="Its words for won.")
@click.option("--lost", metavar="LIST", help="Its words for lost; by default the other one.")
@click.option("--columns", metavar="LIST", help="The signals; by default all other columns.")
@click.option("--numeric", metavar="LIST", help="Signals whose numbers have a straight effect.")
@click.option("--groups", metavar="COLUMN", help="Which deals belong together: an account, say.")
@click.option("--base-chance", metavar="COLUMN", help="Each deal's chance without its signals.")
@click.option("--late", metavar="LIST", help="Signals that were perhaps written after the outcome.")
@click.option(
    "--unknown",
    type=click.Choice(["answer", "missing"]),
    default="answer",
    show_default=True,
    help='What the word "unknown" is.',
)
@click.option(
    "--repeats",
    default=1,
    show_default=True,
    help="How often chances are scored on deals that were not used, split in 10 parts; 0: not.",
)
@click.option(
    "-o", "--output", type=click.Path(), metavar="FILE", help="Write [signals] for a scenario file."
)
@click.option("--draws", default=1, show_default=True, help="Draws of each effect in that file.")
@click.option("--seed", type=int, default=1, show_default=True, help="Key of the draws.")
@json_option
def signals(  # noqa: PLR0917
    deals_file: str,
    outcome: str,
    won: str,
    lost: str | None,
    columns: str | None,
    numeric: str | None,
    groups: str | None,
    base_chance: str | None,
    late: str | None,
    unknown: str,
    repeats: int,
    output: str | None,
    draws: int,
    seed: int,
    target: str | None,
) -> None:
    """Say what signals of closed deals tell about winning, each with its evidence."""
    from funnelsim.fitting.signals_fit import fit_signals  # noqa: PLC0415
    from funnelsim.fitting.signals_toml import write_signals  # noqa: PLC0415

    check_target(target, deals_file)
    check_target(output, deals_file, "--output")
    if output is not None:
        check_target(target, output)
    whole("--repeats", repeats, 0)
    try:
        fit = fit_signals(
            deals_file, outcome, names_in(won), names_in(lost), columns=names_in(columns),
            numeric=names_in(numeric) or (), groups=groups, base_chance=base_chance,
            late=names_in(late) or (), unknown=unknown, seed=seed,
        )  # fmt: skip
    except InputError as error:
        raise OptionError(_OPTIONS.sub(r"--\1", str(error))) from error
    answer, text = fit.to_dict(), fit.summary()
    if repeats:
        found = fit.calibration(repeats=repeats, seed=seed)
        answer, text = {**answer, "calibration": found.to_dict()}, f"{text}\n\n{found!r}"
    if output is not None:
        write_signals(fit, output, draws=draws)
    give(answer, text, target)
    if output is not None:
        say(f"wrote {output}: put it at the end of a scenario file")
