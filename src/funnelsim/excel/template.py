"""A workbook to fill in."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

from funnelsim._whole_file import check_writable, write_whole
from funnelsim.errors import InputError
from funnelsim.excel.assumptions import write_assumptions
from funnelsim.excel.book import Book
from funnelsim.scenario import Scenario
from funnelsim.scenario_file.writing import scenario_text

DAY = dt.date(2000, 1, 1)
"""The day that an empty workbook says it was made on: it is the same on every day."""


def write_template(path: str | os.PathLike[str], scenario: Scenario | None = None) -> None:
    """Write a workbook whose sheets ask for a scenario, from which `read_workbook` makes one.

    Parameters
    ----------
    path : path
        The file to write; one that exists is replaced, whole or not at all.
    scenario : Scenario, optional
        Assumptions to fill in; by default the sheets are empty.

    Raises
    ------
    InputError
        If the file cannot be written, the scenario holds what cells cannot (a frozen distribution
        of SciPy, say), or XlsxWriter is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from funnelsim.excel import write_template
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "finance.xlsx")
    ...     write_template(file)
    ...     file.stat().st_size > 0
    True
    """
    check_writable(path)
    if not isinstance(scenario, Scenario | None):
        raise InputError("scenario", "be a Scenario", scenario)
    book = Book("Assumptions", DAY if scenario is None else scenario.as_of)
    write_assumptions(book, {} if scenario is None else tables_of(scenario))
    write_whole(path, book.content())


def tables_of(scenario: Scenario) -> dict[str, Any]:
    """Return the tables of a scenario file that says all by itself."""
    import tomllib  # noqa: PLC0415  loaded where it is used

    if scenario.signals is not None:
        rule, remedy = "be left out of a workbook", "a scenario file holds them"
        raise InputError("signals", rule, remedy=remedy)
    return tomllib.loads(scenario_text(scenario, "scenario.toml", inline=True))
