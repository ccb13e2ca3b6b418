"""A forecast as a workbook: answers, charts, an audit, and the assumptions behind them."""

from __future__ import annotations

import os
from typing import Any

from funnelsim._whole_file import check_writable, write_whole
from funnelsim.errors import InputError
from funnelsim.excel.answers import (
    write_deals,
    write_periods,
    write_sensitivity,
    write_summary,
)
from funnelsim.excel.assumptions import write_assumptions
from funnelsim.excel.audit import write_audit
from funnelsim.excel.book import Book
from funnelsim.excel.capacity_sheet import capacity_of, write_capacity
from funnelsim.excel.hours_sheet import hours_of, write_hours
from funnelsim.excel.template import tables_of
from funnelsim.forecast import Forecast
from funnelsim.planning.sensitivity import Sensitivity
from funnelsim.scenario_answers import ScenarioAnswers

SMALL = 10_000.0
"""Mean bookings below which cents are worth showing."""


def write_workbook(
    forecast: ScenarioAnswers,
    path: str | os.PathLike[str],
    *,
    sensitivity: Sensitivity | None = None,
) -> None:
    """Write the answers of a forecast as a workbook, with charts and an audit sheet.

    The sheets of assumptions are in it, too: `read_workbook` makes the scenario from it.

    Parameters
    ----------
    forecast : Forecast or StreamedForecast
        The answers.
    path : path
        The file to write; one that exists is replaced, whole or not at all.
    sensitivity : Sensitivity, optional
        What moves an answer most, for a sheet of its own.

    Raises
    ------
    InputError
        If the file cannot be written, the scenario holds what cells cannot, or XlsxWriter is not
        installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from funnelsim import Funnel, Periods, Scenario, simulate
    >>> from funnelsim.excel import read_workbook, write_workbook
    >>> forecast = simulate(Scenario(
    ...     as_of="2026-12-31", periods=Periods("month", 12), funnel=Funnel.key_account(time=30)
    ... ), paths=1_000)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "forecast.xlsx")
    ...     write_workbook(forecast, file)
    ...     read_workbook(file) == forecast.scenario
    True
    """
    if not isinstance(forecast, ScenarioAnswers):
        raise InputError("forecast", "be a forecast of a scenario", forecast)
    if not isinstance(sensitivity, Sensitivity | None):
        raise InputError("sensitivity", "be a Sensitivity", sensitivity)
    check_writable(path)
    write_whole(path, workbook_of(forecast, sensitivity))


def workbook_of(forecast: ScenarioAnswers, sensitivity: Sensitivity | None) -> bytes:
    """Return the bytes of the workbook."""
    scenario, answer, deals = forecast.scenario, _answer(forecast), forecast.deals()
    small = answer["bookings"]["mean"]["value"] < SMALL
    book = Book(scenario.name or "Forecast", scenario.as_of, cents=small)
    write_summary(book, answer)
    write_periods(book, answer)
    capacity = capacity_of(scenario, forecast.record.paths, forecast.record.seed)
    if capacity is not None:
        write_capacity(book, capacity)
    hours = hours_of(forecast)
    if hours is not None:
        write_hours(book, hours)
    write_deals(book, deals, waiting=hours is not None)
    if sensitivity is not None:
        write_sensitivity(book, sensitivity)
    cells = write_assumptions(book, tables_of(scenario))
    write_audit(book, scenario, deals, capacity, cells)
    return book.content()


def _answer(forecast: ScenarioAnswers) -> dict[str, Any]:
    """Return the answers; what needs further paths is left out."""
    return (
        forecast.to_dict(activities=False) if isinstance(forecast, Forecast) else forecast.to_dict()
    )
