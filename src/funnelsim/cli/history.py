"""The commands that read a history: fit assumptions to it, forecast from it, score its past."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funnelsim.cli.histories import history_options, pair_or_none, periods_of
from funnelsim.cli.lists import names_in
from funnelsim.cli.output import (
    check_target,
    give,
    json_option,
    progress_on_terminal,
    say,
)
from funnelsim.errors import InputError
from funnelsim.parameters import whole

if TYPE_CHECKING:
    from funnelsim.history import History
    from funnelsim.periods import Periods

HORIZONS = (30, 91)

_as_of = click.option(
    "--as-of", metavar="DATE", help="Nothing later is used; by default the history's last day."
)
_every = click.option("--every", help="Periods: day, week, month, quarter, year.")
_count = click.option("--count", type=int, help="How many periods.")
_fiscal = click.option(
    "--fiscal-year-start", type=int, default=1, show_default=True, help="Month, 1 to 12."
)
_quota = click.option("--quota", type=float, help="Bookings to reach over the horizon.")
_seed = click.option("--seed", type=int, default=1, show_default=True, help="Key of the draws.")


@click.command()
@history_options
@_as_of
@click.option(
    "-o", "--output", type=click.Path(), metavar="FILE", help="Write a scenario file to edit."
)
@click.option(
    "--deals",
    metavar="NAME",
    help="Write the open deals to a CSV file of that name beside it, not into the scenario file.",
)
@_quota
@click.option("--booked", type=float, help="Booked already; by default as the history tells.")
@_every
@_count
@_fiscal
@click.option("--name", help="What the scenario is called.")
@click.option(
    "--by",
    metavar="LIST",
    help="Segment columns whose win rates are shown beside; the scenario keeps that of all.",
)
@click.option("--draws", type=int, default=200, show_default=True, help="Draws of each number.")
@_seed
@json_option
def fit(  # noqa: PLR0917
    history: History,
    history_file: str,
    as_of: str | None,
    output: str | None,
    deals: str | None,
    quota: float | None,
    booked: float | None,
    every: str | None,
    count: int | None,
    fiscal_year_start: int,
    name: str | None,
    by: str | None,
    draws: int,
    seed: int,
    target: str | None,
) -> None:
    """Fit the assumptions of a scenario to a history, each with how sure it is."""
    check_target(target, history_file)
    check_target(output, history_file, "--output")
    if output is not None:
        check_target(target, output)
        _check_beside(deals, output, history_file, target)
    elif deals is not None:
        raise InputError("--output", "be given beside --deals", remedy="such as -o fitted.toml")
    fitted = history.fit(as_of, by=names_in(by), draws=draws, seed=seed)
    periods = periods_of(every, count, fiscal_year_start, otherwise=("quarter", 4))
    if output is not None:
        fitted.to_toml(
            output,
            deals=deals,
            quota=quota,
            booked=booked,
            periods=periods,
            name=name,
            currency=history.log.currency,
        )
    give(fitted.to_dict(), fitted.summary(), target)
    if output is not None:
        say(f"wrote {output}: forecast it with: funnelsim forecast {output}")


def _check_beside(deals: str | None, output: str, *others: str | None) -> None:
    """Refuse a file for the open deals that is none of its own."""
    if deals is not None:
        beside = str(Path(output).parent / deals)
        for other in (output, *others):
            check_target(beside, other, "--deals")


@click.command()
@history_options
@_as_of
@click.option("--horizon", type=int, help="Days ahead; or give --every and --count.")
@_every
@_count
@_fiscal
@_quota
@click.option("--booked", type=float, help="Booked already; by default as the history tells.")
@click.option("--name", default="", help="What the forecast is called.")
@click.option("--segment", metavar="COLUMN=VALUE", help="Forecast these deals alone.")
@click.option(
    "--elasticity",
    type=float,
    help="How far wins follow the pipeline: 0 people alone, 1 pipeline alone; by default found.",
)
@click.option("--panel", metavar="LIST", help="Columns of people who share selling time.")
@click.option("--no-track-record", is_flag=True, help="Leave past forecasts unscored.")
@click.option("--paths", type=int, default=20_000, show_default=True, help="Simulated futures.")
@_seed
@json_option
def outlook(  # noqa: PLR0917
    history: History,
    history_file: str,
    horizon: int | None,
    every: str | None,
    count: int | None,
    fiscal_year_start: int,
    segment: str | None,
    panel: str | None,
    no_track_record: bool,
    target: str | None,
    **options: Any,
) -> None:
    """Forecast wins and bookings from a history, with the record of such forecasts."""
    check_target(target, history_file)
    periods = periods_of(every, count, fiscal_year_start)
    forecast = history.forecast(
        periods=_horizon_or_periods(horizon, periods, fiscal_year_start),
        segment=pair_or_none("--segment", segment),
        panel=names_in(panel),
        track_record=not no_track_record,
        **options,
    )
    give(forecast.to_dict(), repr(forecast), target, forecast.notes)


def _horizon_or_periods(
    horizon: int | None, periods: Periods | None, fiscal_year_start: int
) -> Periods:
    from funnelsim.periods import Periods  # noqa: PLC0415

    if (horizon is None) == (periods is None):
        both = "both" if periods is not None else "neither"
        remedy = "such as --horizon 30, or --every month --count 3"
        raise InputError("--horizon or --every", "be given, one of them", both, remedy)
    if periods is not None:
        return periods
    days = whole("--horizon", horizon, 1)
    return Periods(edges=[0, days], fiscal_year_start=fiscal_year_start)


@click.command()
@history_options
@click.option(
    "--horizon",
    "horizons",
    type=int,
    multiple=True,
    help="Days ahead; may be repeated. By default 30 and 91.",
)
@click.option("--quarter-end", is_flag=True, help="Forecast to the end of the quarter, too.")
@click.option("--by", metavar="LIST", help="Columns whose segments are scored, too.")
@click.option("--spacing", type=int, default=7, show_default=True, help="Days between origins.")
@_fiscal
@click.option("--paths", type=int, default=2048, show_default=True, help="Futures a forecast.")
@_seed
@json_option
def backtest(  # noqa: PLR0917
    history: History,
    history_file: str,
    horizons: tuple[int, ...],
    by: str | None,
    spacing: int,
    target: str | None,
    **options: Any,
) -> None:
    """Score forecasts of the past beside the simple ones that people use instead."""
    check_target(target, history_file)
    with progress_on_terminal() as progress:
        found = history.backtest(
            horizons or HORIZONS,
            by=names_in(by) or (),
            origins=spacing,
            progress=progress,
            **options,
        )
    give(found.to_dict(), str(found), target)
