"""Backtests on two recorded histories, beside goals: `python -m benchmarks.real_histories FOLDER`.

The folder holds what `benchmarks.histories` reads; FUNNELSIM_DATA may name it instead. Forecasts
are made weekly, as they would have been made then. Each ratio is CRPS over that of the best simple
forecast, which is picked afterwards for each line, with a 90 % interval by block bootstrap. The
goals guard against regressions: the recipe was developed on these histories.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import histories, plain_table
from funnelsim.backtesting.backtest import Backtest, backtest
from funnelsim.backtesting.summary import SEGMENTS, Line
from funnelsim.backtesting.walk import TOTAL
from funnelsim.errors import InputError
from funnelsim.events import EventLog
from funnelsim.history import History

OUTLOOK = "outlook"
BY = ("region", "manager", "product")
HORIZONS = (30, 91)
LOAN_HORIZONS = (14, 28)
LOAN_FIRST = 63
"""Days after the first application: two whole months of a pipeline that starts empty."""
SHORT_WEEKS = (4, 8, 13)
RATIOS = {
    ("30 days", TOTAL): 0.70,
    ("91 days", TOTAL): 1.0,
    ("quarter end", TOTAL): 0.70,
    ("30 days", SEGMENTS): 0.80,
    ("91 days", SEGMENTS): 0.90,
    ("quarter end", SEGMENTS): 0.85,
}
ANY_DIMENSION = 1.15
BRIERS = {
    ("30 days", SEGMENTS): 0.80,
    ("91 days", SEGMENTS): 1.0,
    ("quarter end", SEGMENTS): 0.80,
}
HELD = ((45, 62), (75, 90), (92, 100))
"""Per cent of the truths of segments that 50, 80 and 95 % intervals hold."""


@dataclass(frozen=True)
class Goals:
    """What is asked of the lines of a backtest: all may be empty."""

    ratios: dict[tuple[str, str], float]
    briers: dict[tuple[str, str], float]
    any_dimension: float | None
    held: Sequence[tuple[int, int]]


CRM = Goals(RATIOS, BRIERS, ANY_DIMENSION, HELD)
NONE = Goals({}, {}, None, ())


def scores(found: Backtest, measure: str, goals: Goals) -> str:
    """Return the table of a measure: a line per horizon and dimension."""
    lines = found.summary(measure)
    ours = [line for line in lines if line.method == OUTLOOK]
    header = [
        *(measure, "dimension", "n", "apart", "CRPS", "ratio", "90 %", "goal", "best"),
        *("50/80/95 held", "goal", "Brier", "best", "ratio", "goal", "bias", "accuracy"),
    ]
    return plain_table.lines(header, [_row(line, lines, goals) for line in ours])


def _row(line: Line, lines: Sequence[Line], goals: Goals) -> list[object]:
    about = (line.horizon, line.dimension)
    rivals = [one for one in lines if one.simple and (one.horizon, one.dimension) == about]
    brier = min((one.brier for one in rivals if one.brier is not None), default=None)
    ratio = line.ratio
    held = [100 * share for share in (line.in50, line.in80, line.in95)]
    told = ratio is not None and ratio.low is not None
    return [
        line.horizon,
        line.dimension,
        line.forecasts,
        line.separate,
        f"{line.crps:,.4g}" if line.crps < 1_000 else f"{line.crps:,.0f}",
        f"{ratio.value:.2f}" if ratio else "-",
        f"{ratio.low:.2f}-{ratio.high:.2f}" if told else "-",
        _at_most(ratio.value if ratio else None, goals.ratios.get(about, goals.any_dimension)),
        line.best or "-",
        "/".join(f"{share:.0f}" for share in held),
        _inside(held, goals.held) if line.dimension == SEGMENTS else "",
        "-" if line.brier is None else f"{line.brier:.3f}",
        "-" if brier is None else f"{brier:.3f}",
        "-" if line.brier is None or not brier else f"{line.brier / brier:.2f}",
        _at_most(line.brier / brier if line.brier and brier else None, goals.briers.get(about)),
        "-" if line.bias is None else f"{100 * line.bias:+.0f} %",
        f"{100 * line.accuracy:.0f} %",
    ]


def _at_most(value: float | None, goal: float | None) -> str:
    if goal is None or value is None:
        return ""
    return f"<= {goal:.2f} {'yes' if value <= goal else 'NO'}"


def _inside(held: Sequence[float], bands: Sequence[tuple[int, int]]) -> str:
    if not bands:
        return ""
    return "/".join(
        "yes" if low <= share <= high else "NO"
        for share, (low, high) in zip(held, bands, strict=True)
    )


def crm(folder: str | None, paths: int) -> Backtest:
    """Return the backtest of the CRM history: 30 and 91 days, to the quarter's end, segments."""
    return backtest(histories.crm(folder), HORIZONS, by=BY, quarter_end=True, paths=paths)


def loans(folder: str | None, paths: int) -> Backtest:
    """Return the backtest of the loan history, 14 and 28 days."""
    log = histories.loans(folder)
    first = int(log.time[0]) + LOAN_FIRST
    return backtest(log, LOAN_HORIZONS, first=first, paths=paths)


def short(log: EventLog, days: int, weeks: Sequence[int] = SHORT_WEEKS) -> str:
    """Return what a user is told who has so many weeks of closes."""
    told = []
    for count in weeks:
        day = log.record_start + 7 * count - 1
        date = dt.date.fromordinal(day)
        told.append(f"--- {count} weeks of closes, as of {date}, {days} days ahead")
        try:
            forecast = History(log).forecast(days, as_of=date, paths=4096)
            fit = History(log).fit(as_of=date)
        except InputError as problem:
            told.append(f"refused: {problem}")
            continue
        told += [str(forecast), "and the fit warns:", *(f"  {one.message}" for one in fit.warnings)]
    return "\n".join(told)


def _print(name: str, found: Backtest, goals: Goals, began: float) -> None:
    print(f"## {name}: {found!r}, {time.perf_counter() - began:.0f} s\n")
    for measure in ("bookings", "wins"):
        print(scores(found, measure, goals if measure == "bookings" else NONE), end="\n\n")
        print(found.verdict(measure), end="\n\n")
    print(*found.notes, sep="\n", end="\n\n")


def main() -> None:
    """Print the tables of both histories, and what short ones are told."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--only", choices=["crm", "loans", "short"], action="append")
    parser.add_argument("--paths", type=int, default=2048)
    parser.add_argument("--tables", action="store_true", help="of all methods, too")
    parser.add_argument("--json", type=Path, help="a folder to write the answers to")
    chosen = parser.parse_args()
    only = chosen.only or ["crm", "loans", "short"]
    for name, run, goals in (("crm", crm, CRM), ("loans", loans, NONE)):
        if name in only:
            began = time.perf_counter()
            found = run(chosen.folder, chosen.paths)
            _print(name, found, goals, began)
            if chosen.tables:
                print(found.table(), found.table("wins"), sep="\n\n", end="\n\n")
            if chosen.json:
                chosen.json.mkdir(exist_ok=True)
                text = json.dumps(found.to_dict(), indent=1)
                (chosen.json / f"{name}.json").write_text(text)
    if "short" in only:
        print("## Short histories\n")
        print(short(histories.crm(chosen.folder), HORIZONS[0]))


if __name__ == "__main__":
    main()
