"""Plain tables for a terminal: columns of words to the left, of numbers to the right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table of text; a float is shown with three digits."""
    body = [[_shown(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "  ".join(
            text.ljust(width) if place == 0 else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [list(header), rule, *body]
    )


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
