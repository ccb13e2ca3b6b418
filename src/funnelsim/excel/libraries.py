"""The libraries that write and read workbooks; loaded where they are used."""

from __future__ import annotations

from typing import Any

from funnelsim.errors import InputError

REMEDY = "pip install 'funnelsim[excel]'"


def xlsxwriter() -> Any:
    """Return the library that writes workbooks.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        import xlsxwriter  # noqa: PLC0415
    except ImportError:
        rule = "be written with XlsxWriter, which is not installed"
        raise InputError("the workbook", rule, remedy=REMEDY) from None
    return xlsxwriter


def calamine() -> Any:
    """Return the library that reads workbooks.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        import python_calamine  # noqa: PLC0415
    except ImportError:
        rule = "be read with python-calamine, which is not installed"
        raise InputError("the workbook", rule, remedy=REMEDY) from None
    return python_calamine
