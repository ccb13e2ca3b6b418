"""Shows that the gate catches a slower kernel: `python -m benchmarks.slowed`.

The package is copied, and a line of a kernel changed so that it does some of its tiles of paths
twice: the answers stay as they are, and the cost grows by that share. Then the gate judges the
copy. Options that follow ``--`` are the gate's, as in ``-- --against .``.

Exit status: 0 if the gate failed the copy for rows of that kernel and no others, otherwise 1.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import gate
from benchmarks.gate_rows import ROWS, Row
from benchmarks.gate_sides import ROOT, measure
from benchmarks.gate_verdicts import SLOWER


@dataclass(frozen=True)
class Kernel:
    """A kernel that is slowed: where, and the pieces that run it."""

    file: str
    old: str
    new: str
    pieces: tuple[str, ...]


KERNELS = {
    "bookings": Kernel(
        "kernels/outcomes.py",
        "for first in range(0, bookings.shape[1], TILE):",
        "for first in [one % bookings.shape[1] for one in"
        " range(0, int({times} * bookings.shape[1]), TILE)]:",
        ("bookings", "bookings, cycle factor"),
    ),
    "first passage": Kernel(
        "kernels/passage.py",
        "for first in range(0, len(need), TILE):",
        "for first in [one % len(need) for one in range(0, int({times} * len(need)), TILE)]:",
        ("first passage",),
    ),
}


def slowed_copy(folder: Path, kernel: Kernel, by: float) -> Path:
    """Copy the package into a folder, with a kernel that costs more by the share ``by``."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / "src" / "funnelsim" / kernel.file
    text = file.read_text("utf-8")
    if text.count(kernel.old) != 1:
        sys.exit(f"{kernel.file}: {kernel.old!r} stands {text.count(kernel.old)} times, not once")
    file.write_text(text.replace(kernel.old, kernel.new.format(times=1.0 + by)), "utf-8")
    return folder


def slowdown(copy: Path, kernel: Kernel) -> float:
    """Return by what share the kernel of the copy really costs more."""
    row = Row("slowed", kernel.pieces[0], "careful NumPy, folded")
    slow, clean = measure([copy, ROOT], [row])
    return slow[row.name] / clean[row.name] - 1.0


def main() -> int:
    """Slow a kernel, run the gate, and say whether it saw it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slowed", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--kernel", choices=KERNELS, default="bookings")
    parser.add_argument("--by", type=float, default=0.3, help="share of the cost (default 0.3)")
    parser.add_argument("gate", nargs="*", help="options of the gate")
    asked = parser.parse_args()
    kernel = KERNELS[asked.kernel]
    slow = {row.name for row in ROWS if row.piece in kernel.pieces}
    with tempfile.TemporaryDirectory() as folder:
        copy = slowed_copy(Path(folder), kernel, asked.by)
        print(f"{asked.kernel}: slower by {slowdown(copy, kernel):.0%} in truth", flush=True)
        found = copy / "found.json"
        status = gate.main(["--checkout", str(copy), "--json", str(found), *asked.gate])
        rows = json.loads(found.read_text("utf-8"))["rows"] if found.exists() else []
    failed = {row["row"] for row in rows if row["verdict"] == SLOWER}
    print(f"The gate's status is {status}; it failed {len(failed & slow)} of {len(slow)} rows "
          f"of the slowed kernel, and {len(failed - slow)} others.")  # fmt: skip
    return int(status != 1 or not failed <= slow)


if __name__ == "__main__":
    sys.exit(main())
