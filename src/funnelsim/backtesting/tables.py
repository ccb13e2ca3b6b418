"""The summary of a backtest as text: a verdict in words, and a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from funnelsim._text import aligned, counted, plain_number
from funnelsim.backtesting.comparison import Ratio
from funnelsim.backtesting.summary import Line
from funnelsim.backtesting.walk import AS_MODELLED

HEADER = (
    "method", "n", "CRPS", "ratio", "90 % interval", "50/80/95 % hold", "width", "Brier", "bias",
    "accuracy",
)  # fmt: skip
ALONE = "1"
SAME = 0.005
NONE = "-"


def verdict_text(lines: Sequence[Line]) -> str:
    """Return a sentence per horizon, dimension and method that is no baseline."""
    told = [line for line in lines if not line.simple and not line.method.endswith(AS_MODELLED)]
    return "\n".join(_verdict(line) for line in told) or "Only baselines were scored."


def _verdict(line: Line) -> str:
    about = f"{line.horizon}, {line.dimension}"
    facts = f"{counted(line.forecasts, 'forecast')}, {counted(line.separate, 'separate window')}"
    if line.ratio is None or line.best is None:
        return f"{about}: {line.method!r} has no baseline to be compared with ({facts})."
    ratio = line.ratio
    figures = f"CRPS ratio {ratio.value:.2f}{_bounds(ratio)}; {facts}"
    return f"{about}: {line.method!r} {_outcome(line, ratio)} ({figures})."


def _outcome(line: Line, ratio: Ratio) -> str:
    best = f"the best simple forecast ({line.best})"
    change = ratio.value - 1.0
    by = f"{100 * abs(change):.0f} % {'worse' if change > 0 else 'better'}"
    if line.outcome == "beats":
        return f"beats {best}: {by}"
    if line.outcome == "loses":
        return f"LOSES to {best}: {by}. Use that instead"
    scored = f"scored the same as {best}" if abs(change) < SAME else f"was {by} than {best}"
    if line.outcome == "untold":
        return f"{scored}, but {line.too_few()}"
    return scored if abs(change) < SAME else f"{scored}, which may be chance"


def _bounds(ratio: Ratio) -> str:
    if ratio.low is None or ratio.high is None:
        return ""
    return f", 90 % interval {ratio.low:.2f} to {ratio.high:.2f}"


def table_text(lines: Sequence[Line], currency: str | None) -> str:
    """Return a table per horizon and dimension, the best methods first."""
    tables = []
    for (horizon, dimension), group in groupby(lines, lambda one: (one.horizon, one.dimension)):
        found = list(group)
        most = max(found, key=lambda one: one.forecasts)
        money = f" {currency}" if currency and most.measure == "bookings" else ""
        heading = (
            f"{most.measure.capitalize()}, {horizon}, {dimension}: "
            f"{counted(most.forecasts, 'forecast')}, "
            f"{counted(most.separate, 'separate window')}, mean {plain_number(most.actual)}{money}"
        )
        tables.append("\n".join([heading, *aligned(HEADER, [_cells(one) for one in found])]))
    return "\n\n".join(tables)


def _cells(line: Line) -> list[str]:
    held = "/".join(f"{100 * share:.0f}" for share in (line.in50, line.in80, line.in95))
    return [
        line.method,
        f"{line.forecasts}",
        plain_number(round(line.crps, 2)),
        _ratio(line),
        _interval(line),
        held,
        plain_number(round(line.width, 1)),
        NONE if line.brier is None else f"{line.brier:.3f}",
        NONE if line.bias is None else f"{100 * line.bias:+.0f} %",
        f"{100 * line.accuracy:.0f} %",
    ]


def _ratio(line: Line) -> str:
    if line.method == line.best:
        return ALONE
    return f"{line.ratio.value:.2f}" if line.ratio else NONE


def _interval(line: Line) -> str:
    ratio = line.ratio
    if line.method == line.best or ratio is None or ratio.low is None or ratio.high is None:
        return NONE
    return f"{ratio.low:.2f} to {ratio.high:.2f}"
