"""Peak memory of a large forecast over the imports, in fresh processes (`-m benchmarks.memory`)."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.startup import run

MIB = 2.0**20
KEPT = 8
ROOM = 100 * MIB
CASES = ((1_000_000, 4), (1_000_000, 12))

FORECAST = """
import numba, numpy, psutil, scipy.special
from benchmarks import memory, ours
from benchmarks.work import Work
import funnelsim as fs
imported = psutil.Process().memory_info().rss
scenario = ours.scenario(Work.make({deals}, periods={periods}))
fs.simulate(scenario, paths=256, seed=1, threads=1)
warm = psutil.Process().memory_info().rss
fs.simulate(scenario, paths={paths}, seed=1, threads=1).attainment_probability()
print(imported, warm, memory.peak())
"""


def peak() -> int:
    """Return the largest resident size of this process so far, in bytes.

    On Linux from the memory map, which starts anew with a program: the resource module also
    counts what the process that started this one had at that time.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource  # noqa: PLC0415  not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@dataclass(frozen=True)
class Memory:
    """Bytes of the peak over the imports alone, and over a process that has forecast before."""

    paths: int
    periods: int
    over_imports: int
    over_warm: int

    @property
    def goal(self) -> float:
        return KEPT * self.paths * self.periods + ROOM

    def __str__(self) -> str:
        return (
            f"{self.paths:,} paths x {self.periods}: {self.over_imports / MIB:.0f} MiB over the "
            f"imports, {self.over_warm / MIB:.0f} over a warm process, goal {self.goal / MIB:.0f}"
        )


def measure(paths: int, periods: int, deals: int = 200) -> Memory:
    """Measure one forecast and its attainment probability.

    A process before it fills the cache of compiled functions: the compiler is not what is measured.
    """
    run(FORECAST.format(paths=256, periods=periods, deals=deals))
    code = FORECAST.format(paths=paths, periods=periods, deals=deals)
    imported, warm, most = map(int, run(code)[1].split())
    return Memory(paths, periods, most - imported, most - warm)


if __name__ == "__main__":
    if sys.platform == "win32":
        sys.exit("the peak is read by the resource module, which Windows does not have")
    for case in CASES:
        print(measure(*case))
