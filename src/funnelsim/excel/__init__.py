"""The finance workbook: assumptions in, answers out."""

from funnelsim.excel.reading import read_workbook
from funnelsim.excel.template import write_template

__all__ = ["read_workbook", "write_template"]
