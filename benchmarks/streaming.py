"""Paths that are not kept: time against kept ones, and memory (`-m benchmarks.streaming`)."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from benchmarks.memory import MIB
from benchmarks.startup import run
from benchmarks.timing import best_of

SMALL, LARGE = 20, 2_000
PATHS = 1_000_000
GROWING = (1_000_000, 10_000_000)
BILLION = 500_000
"""Paths of 2,000 deals: 1e9 outcomes of deals."""
SLICES = {"careful": 8_192, "streamed": 65_536}
"""Paths of them that are timed side by side."""
ROUNDS = 5

STREAMED = """
import numba, numpy, psutil, scipy.special
from time import perf_counter
from benchmarks import memory, ours
from benchmarks.work import Work
from funnelsim.streaming import stream
imported = psutil.Process().memory_info().rss
scenario = ours.scenario(Work.make({deals}))
stream(scenario, paths=256, threads=1)
warm = psutil.Process().memory_info().rss
start = perf_counter()
stream(scenario, paths={paths}, threads=1).to_dict()
print(imported, warm, memory.peak(), perf_counter() - start)
"""


@dataclass(frozen=True)
class Streamed:
    """Seconds, and bytes of the peak over the imports and over a process that has run before."""

    deals: int
    paths: int
    over_imports: int
    over_warm: int
    seconds: float

    @classmethod
    def measure(cls, deals: int, paths: int) -> Streamed:
        """Measure one run on one thread in a fresh process; one before fills the compiler's cache.

        The answers are part of it.
        """
        run(STREAMED.format(deals=deals, paths=256))
        imported, warm, most, took = run(STREAMED.format(deals=deals, paths=paths))[1].split()
        over = int(most) - int(imported), int(most) - int(warm)
        return cls(deals, paths, *over, float(took))

    def __str__(self) -> str:
        return (
            f"{self.paths:,} paths of {self.deals:,} deals streamed: {self.seconds:.2f} s, "
            f"{self.over_imports / MIB:.0f} MiB over the imports, "
            f"{self.over_warm / MIB:.0f} over a warm process"
        )


def against_kept(deals: int, paths: int = PATHS, rounds: int = ROUNDS) -> dict[str, float]:
    """Return the seconds of all answers of paths that are kept, and of paths that are not."""
    import funnelsim as fs  # noqa: PLC0415
    from benchmarks import ours  # noqa: PLC0415
    from benchmarks.work import Work  # noqa: PLC0415
    from funnelsim.streaming import stream  # noqa: PLC0415

    scenario = ours.scenario(Work.make(deals))
    calls = {
        "kept": lambda: fs.simulate(scenario, paths=paths, threads=1).to_dict(activities=False),
        "streamed": lambda: stream(scenario, paths=paths, threads=1).to_dict(),
    }
    for call in calls.values():
        call()
    return best_of(calls, rounds)


def against_careful(rounds: int = ROUNDS) -> dict[str, float]:
    """Return the seconds of one path of the large scenario, in careful NumPy and streamed."""
    from benchmarks import ours  # noqa: PLC0415
    from benchmarks.peers import careful_numpy  # noqa: PLC0415
    from benchmarks.work import Work  # noqa: PLC0415
    from funnelsim.streaming import stream  # noqa: PLC0415

    work = Work.make(LARGE)
    scenario = ours.scenario(work)
    stream(scenario, paths=256, threads=1)
    calls = {
        "careful": lambda: careful_numpy.simulate(work, SLICES["careful"], 1),
        "streamed": lambda: stream(scenario, paths=SLICES["streamed"], threads=1).to_dict(),
    }
    return {name: took / SLICES[name] for name, took in best_of(calls, rounds).items()}


def main() -> None:
    for deals in (SMALL, LARGE // 10):
        took = against_kept(deals)
        ratio = took["streamed"] / took["kept"]
        print(
            f"{PATHS:,} paths of {deals} deals with all answers: kept {took['kept']:.2f} s, "
            f"streamed {took['streamed']:.2f} s, ratio {ratio:.2f}"
        )
    for paths in GROWING:
        print(Streamed.measure(SMALL, paths))
    print(Streamed.measure(LARGE, BILLION))
    each = {name: 1e9 * took / LARGE for name, took in against_careful().items()}
    print(
        f"a deal and path, of slices side by side: careful NumPy {each['careful']:.1f} ns, "
        f"streamed {each['streamed']:.2f} ns, "
        f"{each['careful'] / each['streamed']:.1f} times as fast"
    )


if __name__ == "__main__":
    if sys.platform == "win32":
        sys.exit("the peak is read by the resource module, which Windows does not have")
    main()
