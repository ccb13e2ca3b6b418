"""Numbers and tables as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

MANY = 1000
"""From here on a number is shown without its decimals."""


def plain_number(value: float) -> str:
    """Return a number as people write it: thousands apart, four digits where it is small."""
    whole = abs(value) >= MANY or float(value).is_integer()
    return f"{value:,.0f}" if whole else f"{value:,.4g}"


def percent(value: float) -> str:
    """Return a chance in percent, with one decimal."""
    return f"{100 * value:.1f} %"


def counted(number: float, what: str) -> str:
    """Return a number with its noun: "1 deal", "2 deals"."""
    return f"{plain_number(number)} {what}{'s' * (number != 1)}"


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table: the first column to the left, the others to the right."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
