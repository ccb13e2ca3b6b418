"""Fails when funnelsim has become slower than it was: `python -m benchmarks.gate`.

Costs are compared as ratios to those of peers that do the same work in the same minute, with the
ratios of a stored baseline (``baseline.json``), or with ``--against`` with those of another
checkout, measured side by side. A row that is slower by more than its tolerance is measured twice
more, alone, in new processes; it fails if it is too slow each time.

Exit status: 0 passed, 1 a row is slower, 2 there is no baseline, or nothing could be measured.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks import gate_baseline, gate_sides
from benchmarks.gate_baseline import Baseline, Expected, UnreadableError
from benchmarks.gate_rows import ROWS, Row
from benchmarks.gate_sides import NotMeasuredError
from benchmarks.gate_verdicts import SLOWER, Judged, Measured, conclusion, judge, table

UPDATES = 3
"""Measurements whose median is a new baseline."""

Ratios = dict[str, float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    asked = _arguments(arguments)
    processor, versions = gate_baseline.processor(), gate_baseline.versions()
    here = ", ".join(f"{name} {number}" for name, number in versions.items())
    print(f"{processor}; {here}.", flush=True)
    try:
        if asked.update:
            return _update(asked.baseline, processor, versions)
        stored = _stored(asked, processor)
        if asked.against is None and stored is not None:
            for line in stored.differences(processor, versions):
                print(line, flush=True)
        rows = run(asked.checkout, asked.against, stored)
    except UnreadableError as error:
        print(f"{error}\n`python -m benchmarks.gate --update` writes one.", file=sys.stderr)
        return 2
    except NotMeasuredError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"\n{table(rows)}\n\n{conclusion(rows)}")
    if asked.json is not None:
        found = {
            "processor": processor,
            "versions": versions,
            "rows": [row.to_dict() for row in rows],
        }
        asked.json.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    return int(any(row.verdict == SLOWER for row in rows))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--against",
        type=_checkout,
        metavar="FOLDER",
        help="another checkout to compare with, in place of the baseline",
    )
    parser.add_argument(
        "--checkout",
        type=_checkout,
        default=gate_sides.ROOT,
        metavar="FOLDER",
        help="the checkout to judge, if not this one",
    )
    parser.add_argument(
        "--baseline",
        type=Path,
        default=gate_baseline.FILE,
        metavar="FILE",
        help="the stored baseline, if not benchmarks/baseline.json",
    )
    parser.add_argument(
        "--update", action="store_true", help="measure, and make it the baseline of this processor"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements there")
    return parser.parse_args(arguments)  # fmt: skip


def _checkout(text: str) -> Path:
    if not (Path(text) / "src" / "funnelsim").is_dir():
        raise argparse.ArgumentTypeError(f"{text}: there is no src/funnelsim in it")
    return Path(text).resolve()


def _stored(asked: argparse.Namespace, processor: str) -> Baseline | None:
    """Return the baseline, without which another checkout will do."""
    try:
        found = gate_baseline.read(asked.baseline, processor)
    except UnreadableError:
        if asked.against is None:
            raise
        return None
    missing = [row.name for row in ROWS if row.name not in found.rows]
    if missing and asked.against is None:
        raise UnreadableError(f"{asked.baseline}: nothing on {', '.join(missing)}")
    return found


def _update(file: Path, processor: str, versions: Mapping[str, str]) -> int:
    found = [_complete(gate_sides.measure([gate_sides.ROOT], ROWS)[0]) for _ in range(UPDATES)]
    rows = {row.name: Expected(statistics.median(one[row.name] for one in found)) for row in ROWS}
    for row in ROWS:
        shown = ", ".join(f"{one[row.name]:.3g}" for one in found)
        print(f"{row.name}: {shown}", flush=True)
    gate_baseline.write(file, Baseline(processor, versions, rows))
    return 0


def _complete(ratios: Ratios) -> Ratios:
    missing = [row.name for row in ROWS if row.name not in ratios]
    if missing:
        raise NotMeasuredError(f"could not be measured: {', '.join(missing)}")
    return ratios


def run(checkout: Path, against: Path | None, stored: Baseline | None) -> list[Judged]:
    """Measure all rows of a checkout and judge them."""
    expected = stored.rows if stored is not None else {}
    ours, theirs = _ratios(checkout, against, expected, ROWS)
    _complete(ours)
    rows = []
    for row in ROWS:
        tolerance = expected.get(row.name, Expected(0.0)).tolerance
        if row.name in theirs:
            first = Measured(ours[row.name], theirs[row.name])
            again = partial(_again, checkout, against, expected, row)
            rows.append(judge(row.name, first, tolerance, again))
        else:
            rows.append(Judged(row.name, ours[row.name], (), tolerance))
    return rows


def _ratios(
    checkout: Path, against: Path | None, expected: Mapping[str, Expected], rows: Sequence[Row]
) -> tuple[Ratios, Ratios]:
    """Return the ratios of rows, and what is expected of them."""
    if against is None:
        stored = {name: one.ratio for name, one in expected.items()}
        return gate_sides.measure([checkout], rows)[0], stored
    ours, theirs = gate_sides.measure([checkout, against], rows)
    return ours, theirs


def _again(
    checkout: Path, against: Path | None, expected: Mapping[str, Expected], row: Row
) -> Measured:
    """Measure one row alone."""
    print(f"{row.name}: too slow, once more", flush=True)
    ours, theirs = _ratios(checkout, against, expected, [row])
    return Measured(ours[row.name], theirs[row.name])


if __name__ == "__main__":
    sys.exit(main())
