"""A workbook that is being written: its formats, and cells that say what they are given."""

from __future__ import annotations

import datetime as dt
import io
import math
import re
from collections.abc import Mapping
from typing import Any

from funnelsim.errors import InputError
from funnelsim.excel.cells import LONGEST
from funnelsim.excel.libraries import xlsxwriter

FIRST_DATE = dt.date(1900, 3, 1)
"""Excel takes 1900 for a leap year: days before are not where they seem to be."""

NUMBERS = {
    "date": "yyyy-mm-dd",
    "money": "#,##0.00",
    "amount": "#,##0",
    "number": "General",
    "whole": "#,##0",
    "share": "0.0%",
    "chance": "0.00%",
    "decimal": "#,##0.00",
    "tiny": "0.0E+00",
    "part": "0.000000",
}
"""How values of a kind are shown."""

A4 = 9
NO_CHARACTERS = re.compile("[\ufffe\uffff]")
BLUE, GREY, YELLOW, PALE = "#1F4E79", "#7F7F7F", "#FFF9DB", "#DCE6F1"

HEADER = {
    "bold": True,
    "bg_color": BLUE,
    "font_color": "white",
    "valign": "vcenter",
    "text_wrap": True,
}
STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14, "font_color": BLUE},
    "hint": {"font_color": GREY, "italic": True},
    "header": HEADER,
    "number header": HEADER | {"align": "right"},
    "input": {"bg_color": YELLOW, "border": 1, "border_color": "#D9D9D9"},
    "note": {"font_color": GREY, "text_wrap": True, "valign": "top"},
    "example": {"font_color": GREY, "italic": True},
    "name": {"bold": True, "valign": "top"},
    "strong": {"bold": True},
    "total": {"bold": True, "top": 1},
    "live": {"bg_color": PALE},
    "plain": {},
}


class Digits(float):
    """A number of which all digits are written: 16, as is usual, do not tell all floats apart."""

    def __format__(self, spec: str) -> str:
        """Return the shortest text that is read back as the same number."""
        return repr(float(self))


class Book:
    """A workbook in memory.

    Parameters
    ----------
    title : str
        Kept among the properties of the file.
    day : date
        The day that the file says it was made on: the same answers give the same bytes.
    cents : bool
        Whether amounts of answers are shown with cents: where they are small.

    Raises
    ------
    InputError
        If XlsxWriter is not installed.
    """

    def __init__(self, title: str, day: dt.date, *, cents: bool = False) -> None:
        self._content, self._cents = io.BytesIO(), cents
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        }
        self.file = xlsxwriter().Workbook(self._content, options)
        created = dt.datetime(max(day, FIRST_DATE).year, day.month, day.day)  # noqa: DTZ001
        self.file.set_properties({"title": title[:255], "created": created})
        self._formats: dict[tuple[str, str], Any] = {}

    def sheet(self, name: str, widths: Mapping[int, float] | None = None) -> Page:
        """Return a new sheet with columns of some widths."""
        page = Page(self, self.file.add_worksheet(name))
        page.raw.set_landscape()
        page.raw.set_paper(A4)
        page.raw.fit_to_pages(1, 0)
        for column, width in (widths or {}).items():
            page.raw.set_column(column, column, width)
        return page

    def format(self, style: str, kind: str = "") -> Any:
        """Return the format of a style for a kind of value."""
        if (style, kind) not in self._formats:
            shown = "money" if kind == "amount" and self._cents else kind
            number = {"num_format": NUMBERS[shown]} if shown in NUMBERS else {}
            self._formats[style, kind] = self.file.add_format(STYLES[style] | number)
        return self._formats[style, kind]

    def content(self) -> bytes:
        """Return the bytes of the finished file."""
        self.file.close()
        return self._content.getvalue()


class Page:
    """A sheet that is being written."""

    def __init__(self, book: Book, raw: Any) -> None:
        self._book, self.raw = book, raw

    @property
    def name(self) -> str:
        """What the sheet is called."""
        return str(self.raw.get_name())

    def write(
        self, row: int, column: int, value: Any, style: str = "plain", kind: str = ""
    ) -> None:
        """Write a value as what it is: a text is never a formula, whatever it begins with."""
        form = self._book.format(style, kind)
        if value is None:
            self.raw.write_blank(row, column, None, form)
        elif isinstance(value, bool):
            self.raw.write_boolean(row, column, value, form)
        elif isinstance(value, int | float):
            self._number(row, column, float(value), form)
        elif isinstance(value, dt.date) and value >= FIRST_DATE:
            self.raw.write_datetime(row, column, value, self._book.format(style, "date"))
        else:
            self.text(row, column, str(value), style)

    def _number(self, row: int, column: int, value: float, form: Any) -> None:
        if math.isfinite(value):
            self.raw.write_number(row, column, Digits(value), form)
        else:
            self.raw.write_string(row, column, "not finite", form)

    def text(self, row: int, column: int, text: str, style: str = "plain") -> None:
        """Write a text."""
        if len(text.encode("utf-16-le")) // 2 > LONGEST:
            rule = f"fit into a cell of {LONGEST:,} characters"
            raise InputError("text of the workbook", rule, text)
        if NO_CHARACTERS.search(text):
            remedy = "U+FFFE and U+FFFF are none"
            raise InputError("text of the workbook", "hold characters", text, remedy)
        self.raw.write_string(row, column, text, self._book.format(style))

    def row(self, row: int, column: int, values: Any, style: str = "plain", kind: str = "") -> None:
        """Write values beside each other."""
        for k, value in enumerate(values):
            self.write(row, column + k, value, style, kind)

    def formula(  # noqa: PLR0917
        self, row: int, column: int, formula: str, value: Any, style: str = "live", kind: str = ""
    ) -> None:
        """Write a formula with its value, for readers that do not calculate."""
        shown = float(value) if isinstance(value, int | float) else value
        form = self._book.format(style, kind)
        self.raw.write_formula(row, column, f"={formula}", form, shown)

    def title(self, text: str, hint: str = "") -> None:
        """Write the first two lines of a sheet."""
        self.text(0, 0, text, "title")
        self.text(1, 0, hint, "hint")
