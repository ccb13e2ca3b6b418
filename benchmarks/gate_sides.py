"""The measured processes of the gate: pieces timed in turn, by one checkout or by two side by side.

A process (`main`) imports the package of one checkout and waits for rounds; in a round it runs each
piece once. The cost of a piece is the least processor time of all rounds: on a machine that is busy
with other things it was found steadier than the least time on the clock, and than any median
(``docs/benchmarks.md``). Each measurement is made by several processes one after the other, as
where a process happens to lie in memory moves its speed by some per cent.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import process_time
from typing import Self

from benchmarks.gate_rows import PIECES, Row

ROOT = Path(__file__).resolve().parents[1]
PROCESSES = 4
ROUNDS = 20

Seconds = dict[str, float]


class NotMeasuredError(Exception):
    """A package could not be measured; the message says why."""


class Side:
    """A process that times pieces of one checkout's package; a context.

    Parameters
    ----------
    checkout : Path
        A folder with the package under ``src/funnelsim``.
    pieces : sequence of str
        Names of `PIECES`.
    """

    def __init__(self, checkout: Path, pieces: Sequence[str]) -> None:
        path = os.pathsep.join([str(checkout / "src"), str(ROOT)])
        self.best: Seconds = {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.gate_sides", *pieces],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._checkout = checkout

    def ready(self) -> dict[str, str]:
        """Wait until all is set up; return the pieces that this package does not have, and why."""
        found = self._answer()
        if not Path(found["package"]).is_relative_to(self._checkout.resolve()):
            raise NotMeasuredError(f"{self._checkout}: measured {found['package']} in its place")
        missing: dict[str, str] = found["missing"]
        return missing

    def round(self) -> None:
        """Run each piece once."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        for name, took in self._answer().items():
            self.best[name] = min(took, self.best.get(name, took))

    def _answer(self) -> dict:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise NotMeasuredError(
                f"{self._checkout}: its measurement ended: {self._process.wait()}"
            )
        return dict(json.loads(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def measure(
    checkouts: Sequence[Path],
    rows: Sequence[Row],
    *,
    processes: int = PROCESSES,
    rounds: int = ROUNDS,
) -> list[dict[str, float]]:
    """Return the ratio of each row, for each checkout; their rounds take turns.

    A row that the package of a checkout cannot do is left out of its ratios.
    """
    pieces = list(dict.fromkeys(name for row in rows for name in (row.piece, row.yardstick)))
    best: list[Seconds] = [{} for _ in checkouts]
    for _ in range(processes):
        with ExitStack() as stack:
            sides = [stack.enter_context(Side(checkout, pieces)) for checkout in checkouts]
            for side, checkout in zip(sides, checkouts, strict=True):
                for name, why in side.ready().items():
                    print(f"{checkout}: no {name}: {why}", file=sys.stderr)
            for number in range(rounds):
                for side in sides if number % 2 == 0 else sides[::-1]:
                    side.round()
        best = [_least(old, side.best) for old, side in zip(best, sides, strict=True)]
    return [
        {row.name: row.ratio(least) for row in rows if {row.piece, row.yardstick} <= set(least)}
        for least in best
    ]


def _least(left: Seconds, right: Seconds) -> Seconds:
    return {name: min(took, left.get(name, took)) for name, took in right.items()}


def main(names: Iterable[str]) -> None:
    """Time pieces: a round for each line that comes in, its seconds in a line that goes out."""
    import funnelsim  # noqa: PLC0415

    calls, missing = {}, {}
    for name in names:
        try:
            call = PIECES[name].make()
            call()
        except (ImportError, AttributeError, TypeError) as error:  # another version's inside
            missing[name] = str(error)
        else:
            calls[name] = call
    print(json.dumps({"package": str(funnelsim.__file__), "missing": missing}), flush=True)
    for _ in sys.stdin:
        took = {}
        for name, call in calls.items():
            start = process_time()
            call()
            took[name] = process_time() - start
        print(json.dumps(took), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
