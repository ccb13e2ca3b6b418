"""What Excel itself says about cells to fill in: the rule, and a question where it is broken."""

from __future__ import annotations

from typing import Any

from funnelsim.excel.book import FIRST_DATE, Page
from funnelsim.excel.layout import Entry

MOST_NAMES = 200
MOST_OF_NOTE = 255
MOST_OF_TITLE = 32


def noted(entry: Entry) -> str:
    """Return what an entry is, with its unit."""
    return f"{entry.rule} ({entry.unit})" if entry.unit and entry.rule else entry.rule


def validate(
    page: Page, cells: tuple[int, int, int, int], entry: Entry, first_name: int = 0
) -> None:
    """Let Excel say what belongs into cells, and ask about anything else.

    ``first_name`` is the row, in sheets with a row for each table, where names begin.
    """
    rule: dict[str, Any] = {"validate": "any"}
    if entry.kind == "choice":
        rule = {"validate": "list", "source": list(entry.choices)}
    elif entry.kind == "flag":
        rule = {"validate": "list", "source": ["TRUE", "FALSE"]}
    elif entry.named_in:
        first, last = first_name + 1, first_name + MOST_NAMES
        source = f"='{entry.named_in}'!$A${first}:$A${last}"
        rule = {"validate": "list", "source": source, "error_type": "warning"}
    elif entry.kind in ("number", "money", "share", "whole"):
        rule = _range(entry)
    elif entry.kind == "date":
        rule = {"validate": "date", "criteria": ">=", "value": FIRST_DATE}
    told = noted(entry)[:MOST_OF_NOTE]
    title = entry.name[-MOST_OF_TITLE:]
    if told:
        rule |= {"input_title": title, "input_message": told, "error_title": title}
        if rule["validate"] != "any":
            rule["error_message"] = told
    if rule != {"validate": "any"}:
        page.raw.data_validation(*cells, {"ignore_blank": True, **rule})


def _range(entry: Entry) -> dict[str, Any]:
    kind = "integer" if entry.kind == "whole" else "decimal"
    # a list or a distribution may be written as in a scenario file: Excel asks, and takes it
    asks = {"error_type": "warning" if entry.many or entry.law or entry.kind == "money" else "stop"}
    low = -1e300 if entry.low is None else entry.low
    if entry.high is None:
        return {"validate": kind, "criteria": ">=", "value": low, **asks}
    limits = {"minimum": low, "maximum": entry.high}
    return {"validate": kind, "criteria": "between", **limits, **asks}
