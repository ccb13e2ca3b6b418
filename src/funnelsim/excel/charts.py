"""Native charts of the answers. All texts in them are ours or cells: none can be a formula."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

from funnelsim.excel.book import BLUE, Book, Page
from funnelsim.excel.cells import letters

ORANGE, LIGHT = "#C55A11", "#8FAADC"
COLOURS = (BLUE, ORANGE, "#7F7F7F", "#2E9E9E", "#BF9000", "#8064A2")
SIZE = {"width": 860, "height": 340}


class Column(NamedTuple):
    """Cells below each other, with the cell that names them."""

    page: Page
    column: int
    first: int
    last: int

    @property
    def values(self) -> list[Any]:
        """Return the range as charts take it."""
        return [self.page.name, self.first, self.column, self.last, self.column]

    @property
    def name(self) -> list[Any]:
        """Return the cell above the range."""
        return [self.page.name, self.first - 1, self.column]

    @property
    def formula(self) -> str:
        """Return the range as a formula."""
        column = letters(self.column)
        return f"='{self.page.name}'!${column}${self.first + 1}:${column}${self.last + 1}"


class Banded(NamedTuple):
    """A middle with its band, how far that reaches to both sides, and a mean."""

    labels: Column
    middle: Column
    low: Column
    high: Column
    below: Column
    above: Column
    mean: Column


def band_chart(book: Book, title: str, axis: str, banded: Banded, target: Column | None) -> Any:
    """Return columns of P50 with bars from P10 to P90, the mean, and a target if there is one."""
    chart = book.file.add_chart({"type": "column"})
    bars = {
        "type": "custom",
        "plus_values": banded.above.formula,
        "minus_values": banded.below.formula,
        "line": {"color": "#404040", "width": 1.25},
    }
    chart.add_series(
        _series(banded.labels, banded.middle, LIGHT) | {"gap": 60, "y_error_bars": bars}
    )
    points = book.file.add_chart({"type": "line"})
    points.add_series(_points(banded.labels, banded.mean, "diamond", BLUE))
    for end in (banded.low, banded.high):  # an axis reaches to points, not to ends of bars
        points.add_series(_points(banded.labels, end, "long_dash", "#404040"))
    if target is not None:
        points.add_series(_line(banded.labels, target, ORANGE))
    chart.combine(points)
    return _dressed(chart, title, axis, "#,##0")


def chance_chart(
    book: Book, title: str, labels: Column, chances: list[Column], axis: str = "chance"
) -> Any:
    """Return lines of chances, or of shares; colours that are used up begin again."""
    chart = book.file.add_chart({"type": "line"})
    for chance, color in zip(chances, itertools.cycle(COLOURS), strict=False):
        marked = {"marker": {"type": "circle", "size": 6, "fill": {"color": color}}}
        chart.add_series(_line(labels, chance, color) | marked)
    _dressed(chart, title, axis, "0%")
    chart.set_y_axis({"min": 0, "max": 1, "num_format": "0%", "name": axis, **_GRID})
    return chart


def tornado_chart(book: Book, title: str, labels: Column, sides: list[Column], form: str) -> Any:
    """Return bars to both sides of what the base says."""
    chart = book.file.add_chart({"type": "bar"})
    for side, color in zip(sides, (ORANGE, BLUE), strict=True):
        chart.add_series(_series(labels, side, color) | {"gap": 50, "overlap": 100})
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_y_axis({"reverse": True, "label_position": "low"})
    chart.set_x_axis({"num_format": form, "label_position": "high", **_GRID})
    chart.set_legend({"position": "bottom"})
    chart.set_size(SIZE)
    return chart


_GRID = {"major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}}


def _series(labels: Column, values: Column, color: str) -> dict[str, Any]:
    return {
        "name": values.name,
        "categories": labels.values,
        "values": values.values,
        "fill": {"color": color},
    }


def _points(labels: Column, values: Column, kind: str, color: str) -> dict[str, Any]:
    marker = {"type": kind, "size": 7, "fill": {"color": color}, "border": {"color": color}}
    return _series(labels, values, color) | {"line": {"none": True}, "marker": marker}


def _line(labels: Column, values: Column, color: str) -> dict[str, Any]:
    return _series(labels, values, color) | {"line": {"color": color, "width": 2}}


def _dressed(chart: Any, title: str, axis: str, form: str) -> Any:
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_y_axis({"name": axis, "num_format": form, **_GRID})
    chart.set_x_axis({"num_font": {"rotation": -45}, "label_position": "low"})
    chart.set_legend({"position": "bottom"})
    chart.set_size(SIZE)
    return chart
