"""Start-up: import, and time to the first forecast (`python -m benchmarks.startup`).

Every number comes from fresh interpreters; the kinds of process are interleaved, and the median of
the rounds is shown.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 7
COLD_ROUNDS = 2
UNWANTED = ("numba", "scipy.stats", "pandas", "matplotlib")

IMPORT = """
from time import perf_counter
start = perf_counter()
import {module}
print(perf_counter() - start)
"""
MODULES = (
    "import sys, funnelsim; print(len(sys.modules), *[m for m in {unwanted} if m in sys.modules])"
)
TRIVIAL = "from benchmarks.trivial import add; add(1, 2)"
FORECAST = """
import funnelsim as fs
funnel = fs.Funnel.key_account(time=fs.Gamma(mean=30, cv=0.6))
pipeline = fs.Pipeline.from_frame({"id": ["a", "b", "c"], "stage": ["training", "proposal",
    "negotiation"], "amount": [100_000, 200_000, 300_000], "age": [3, 40, 10]})
scenario = fs.Scenario(name="first", as_of="2026-12-31", periods=fs.Periods("quarter", 4),
    funnel=funnel, pipeline=pipeline, quota=400_000, market=fs.Market(win_rate_correlation=0.05))
fs.simulate(scenario, paths=1_024, seed=1, threads=1).attainment_probability()
"""


@dataclass(frozen=True)
class Startup:
    """Seconds, and counts of modules and of compiled functions."""

    import_numpy: float
    import_funnelsim: float
    modules: int
    unwanted: tuple[str, ...]
    first_cold: float
    first_cached: float
    trivial_cached: float
    compiled: tuple[str, ...]


def run(code: str, cache: str | None = None) -> tuple[float, str]:
    """Run code in a fresh interpreter; return the seconds of the process and what it printed."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path}
    if cache:
        environment["NUMBA_CACHE_DIR"] = cache
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    )
    return perf_counter() - start, done.stdout.strip()


def imports(rounds: int = ROUNDS) -> dict[str, float]:
    """Return the median seconds of importing NumPy and funnelsim."""
    took: dict[str, list[float]] = {"numpy": [], "funnelsim": []}
    for _ in range(rounds + 1):
        for module, seconds in took.items():
            seconds.append(float(run(IMPORT.format(module=module))[1]))
    # the first round warms the disk
    return {module: median(seconds[1:]) for module, seconds in took.items()}


def modules() -> tuple[int, tuple[str, ...]]:
    """Return how many modules an import of funnelsim loads, and which of them are unwanted."""
    count, *unwanted = run(MODULES.format(unwanted=UNWANTED))[1].split()
    return int(count), tuple(unwanted)


def cold() -> tuple[float, tuple[str, ...]]:
    """Return the seconds of a first forecast on an empty cache, and the functions it compiled."""
    took, names = [], ()
    for _ in range(COLD_ROUNDS):
        with tempfile.TemporaryDirectory() as cache:
            took.append(run(FORECAST, cache)[0])
            names = tuple(
                sorted(file.name.rsplit("-", 1)[0] for file in Path(cache).rglob("*.nbi"))
            )
    return min(took), names


def cached(rounds: int = ROUNDS) -> dict[str, float]:
    """Return the median seconds of whole later processes: a first forecast, a trivial call."""
    took: dict[str, list[float]] = {FORECAST: [], TRIVIAL: []}
    with tempfile.TemporaryDirectory() as cache:
        for code in took:
            run(code, cache)
        for _ in range(rounds):
            for code, seconds in took.items():
                seconds.append(run(code, cache)[0])
    return {"forecast": median(took[FORECAST]), "trivial": median(took[TRIVIAL])}


def measure() -> Startup:
    """Measure all of it; about half a minute."""
    imported, loaded, first, later = imports(), modules(), cold(), cached()
    return Startup(
        imported["numpy"], imported["funnelsim"], *loaded,
        first[0], later["forecast"], later["trivial"], first[1],
    )  # fmt: skip


if __name__ == "__main__":
    for field, value in vars(measure()).items():
        print(f"{field:18} {value if not isinstance(value, float) else f'{value:.3f} s'}")
