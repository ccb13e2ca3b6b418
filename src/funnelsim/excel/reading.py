"""From a workbook to a scenario, by way of the document that a scenario file would give."""

from __future__ import annotations

import difflib
import os
from typing import Any

from funnelsim.errors import InputError, RowsError, unknown
from funnelsim.excel.cells import Place
from funnelsim.excel.document import WorkbookDocument
from funnelsim.excel.filled import Filled
from funnelsim.excel.layout import Fields, Sheet
from funnelsim.excel.opening import Opened
from funnelsim.excel.sections import HOW_TO_START, read_fields, read_rows
from funnelsim.excel.sheets import FUNNEL, ROLES, SCENARIO, SHEETS, TEAM
from funnelsim.scenario import Scenario
from funnelsim.scenario_file.lines import KeyPath
from funnelsim.scenario_file.reading import scenario_of

NEAR = 0.8


def read_workbook(path: str | os.PathLike[str]) -> Scenario:
    """Return the scenario that the sheets of a workbook state.

    Parameters
    ----------
    path : path
        A workbook (.xlsx) with the sheets of `write_template`. Other sheets are left alone.

    Raises
    ------
    InputError
        If the file cannot be read, or a cell is not usable; the message names file, sheet and
        cell, the value and the rule. If python-calamine is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from funnelsim import Funnel, Periods, Scenario
    >>> from funnelsim.excel import read_workbook, write_template
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("month", 12), funnel=Funnel.key_account(time=30)
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "finance.xlsx")
    ...     write_template(file, scenario)
    ...     read_workbook(file) == scenario
    True
    """
    document = _document(Opened(path))
    try:
        return scenario_of(document)
    except RowsError as error:
        raise document.in_cells(error) from None


def _document(opened: Opened) -> WorkbookDocument:
    """Return the document that the sheets of a workbook state."""
    found = _own_names(opened)
    root: dict[str, Any] = {"periods": {}}
    places: dict[KeyPath, Place] = {}
    for sheet in SHEETS:
        if sheet.sheet in found:
            name = found[sheet.sheet]
            filled = Filled(opened.file, name, opened.grid(name))
            _set(
                root,
                sheet,
                read_fields(sheet, filled)
                if isinstance(sheet, Fields)
                else read_rows(sheet, filled),
            )
            places |= filled.places
    if "as_of" not in root:
        where = f"{opened.file}, {places.get(('as_of',), f'sheet {found[SCENARIO.sheet]}')}"
        raise InputError("as_of", "be given", remedy="such as 2026-12-31", where=where)
    if "funnel" not in root:
        where = f"{opened.file}, sheet {found[FUNNEL.sheet]}"
        raise InputError("the funnel", "have stages", remedy="a row for each", where=where)
    if "team" in root and "roles" not in root["team"]:
        where = f"{opened.file}, sheet {found.get(ROLES.sheet, TEAM.sheet)}"
        raise InputError("the team", "have roles", remedy="a row for each", where=where)
    return WorkbookDocument(opened.file, "", root, places)


def _own_names(opened: Opened) -> dict[str, str]:
    """Return the workbook's own spelling of each sheet that is there."""
    known = {one.sheet.casefold(): one.sheet for one in SHEETS}
    own = {name.strip().casefold(): name for name in opened.sheets}
    found = {sheet: own[folded] for folded, sheet in known.items() if folded in own}
    for folded, name in own.items():
        near = difflib.get_close_matches(folded, known, 1, NEAR)
        if near and known[near[0]] not in found:
            raise unknown("name of a sheet", name, known.values(), where=opened.file)
    for needed in (SCENARIO, FUNNEL):
        if needed.sheet not in found:
            raise InputError(opened.file, f"have a sheet {needed.sheet}", remedy=HOW_TO_START)
    return found


def _set(root: dict[str, Any], sheet: Sheet, value: Any) -> None:
    """Put what a sheet says where a scenario file would say it; an empty sheet says nothing."""
    if not value:
        return
    if not sheet.section:
        root |= value
        return
    for key in sheet.section[:-1]:
        root = root.setdefault(key, {})
    root[sheet.section[-1]] = value
