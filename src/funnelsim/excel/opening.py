"""The sheets of a workbook as rows of plain values; cells without a usable value are refused."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from funnelsim.errors import InputError
from funnelsim.excel.cells import plain
from funnelsim.excel.libraries import calamine
from funnelsim.frames import bytes_of

Grid = list[list[Any]]
"""Rows of cells; None is an empty one."""

NOT_A_WORKBOOK = "be a workbook (.xlsx)"


class Opened:
    """A workbook that is read sheet by sheet.

    Raises
    ------
    InputError
        If there is no such file, or it is no workbook.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        library = calamine()
        self.file = str(os.fspath(path))
        content = io.BytesIO(bytes_of(path))
        try:
            self._parts = zipfile.ZipFile(content)
            self._paths = dict(_paths(self._parts))
            content.seek(0)
            self._book = library.CalamineWorkbook.from_filelike(content)
        except Exception as error:  # noqa: BLE001  each layer has its own exceptions
            reason = str(error).partition("\n")[0]
            raise InputError(self.file, NOT_A_WORKBOOK, remedy=reason) from None
        self.sheets: list[str] = list(self._book.sheet_names)

    def grid(self, sheet: str) -> Grid:
        """Return the cells of a sheet, from its first row and column.

        Raises
        ------
        InputError
            If a cell holds an error, or a formula that was never calculated.
        """
        try:
            rows = self._book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            uncomputed = list(self._uncomputed(sheet))
        except Exception as error:  # noqa: BLE001
            reason = str(error).partition("\n")[0]
            raise InputError(f"sheet {sheet}", "be readable", remedy=reason) from None
        if uncomputed:
            raise uncomputed[0]
        return [[plain(cell) for cell in row] for row in rows]

    def _uncomputed(self, sheet: str) -> Iterator[InputError]:
        """Give an error for each cell that looks empty to a reader, but is not."""
        with self._parts.open(self._paths[sheet]) as part:
            for _, element in ET.iterparse(part):  # noqa: S314  the user's own file
                if _name(element) != "c":
                    continue
                kind, texts = element.get("t"), {_name(one): one.text for one in element}
                where = f"{self.file}, sheet {sheet}, cell {element.get('r')}"
                if kind == "e":
                    yield InputError("the cell", "hold no error", texts.get("v"), where=where)
                elif "f" in texts and not texts.get("v") and kind != "str":
                    remedy = "open the workbook in Excel and save it"
                    rule = "hold the value of its formula"
                    yield InputError("the cell", rule, remedy=remedy, where=where)
                element.clear()


def _paths(parts: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Give the name of each sheet with the part of the file that holds it."""
    targets = {
        one.get("Id"): one.get("Target") or ""
        for one in ET.fromstring(parts.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    }
    for one in ET.fromstring(parts.read("xl/workbook.xml")).iter():  # noqa: S314
        if _name(one) != "sheet":
            continue
        identity = next(value for key, value in one.attrib.items() if key.endswith("}id"))
        target = targets[identity]
        yield one.attrib["name"], target[1:] if target.startswith("/") else f"xl/{target}"


def _name(element: Any) -> str:
    """Return an element's name, whatever its namespace."""
    return str(element.tag).rpartition("}")[2]
