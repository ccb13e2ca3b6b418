"""The finance workbook: assumptions in, answers out."""

from funnelsim.excel.reading import read_workbook
from funnelsim.excel.template import write_template
from funnelsim.excel.writing import write_workbook

__all__ = ["read_workbook", "write_template", "write_workbook"]
