"""All goals beside what is measured now, in one run: `python -m benchmarks.table`.

First every tool must agree with every other on small work. Then all are timed warm, on one thread,
in interleaved rounds; the best round counts. The unit is the cost per deal and path of the whole
call, set-up included, each tool on as many paths as it does in about a second.
"""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from benchmarks import extra_deals, memory, ours, startup, timing, words
from benchmarks.agreement import differences, differences_of_ways, disagreements
from benchmarks.peers import PEERS, careful_trajectories
from benchmarks.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

DEALS = 2_000
BUDGET = 1.0
ROUNDS = 4
SMALL_PATHS = {"SimPy": 2_000, "pure Python": 8_000, "plain NumPy": 8_000}
PATHS = 131_072
TILE = 256
ONE_BLOCK = 8_192
CREATED = 500.0
"""Deals created in each period, as many over the horizon as there are open ones."""


@dataclass(frozen=True)
class Row:
    """One line of the table: two costs and their ratio, beside the goal."""

    what: str
    ours: str
    other: str
    ratio: float
    goal: float | None = None
    stretch: float | None = None
    least: bool = True
    """Whether the goal is a least ratio, or a greatest one."""

    def __str__(self) -> str:
        if self.goal is None:
            goal, met = "", ""
        else:
            stretch = f" ({self.stretch:g})" if self.stretch else ""
            goal = f"{'>=' if self.least else '<='} {self.goal:g}{stretch}"
            good = self.ratio >= self.goal if self.least else self.ratio <= self.goal
            met = "yes" if good else "**no**"
        return f"| {self.what} | {self.ours} | {self.other} | {self.ratio:.3g} | {goal} | {met} |"


HEADER = "| | funnelsim | other | ratio | goal (stretch) | met |\n|---|---|---|---|---|---|"


def nanoseconds(seconds: float, paths: int, deals: int = DEALS) -> float:
    return seconds / paths / deals * 1e9


def check_agreement() -> str:
    """Compare all tools on small work; leave the program if any two differ."""
    work = Work.make(60, seed=3)
    ways = (ours.trajectories(work, 20_000, 12), careful_trajectories.simulate(work, 20_000, 13))
    names = ("funnelsim, trajectories", "careful NumPy, trajectories")
    tools = {"funnelsim": ours.simulate, **PEERS}
    runs = {name: tool(work, SMALL_PATHS.get(name, 50_000), 11) for name, tool in tools.items()}
    runs |= {name: way.bookings for name, way in zip(names, ways, strict=True)}
    found = [*differences(work, runs), *differences_of_ways(names, ways)]
    wrong = disagreements(found)
    if wrong:
        sys.exit("The tools differ, so nothing is timed:\n" + "\n".join(map(str, wrong)))
    agreed = f"{len(runs)} tools agree in {len(found)} comparisons of means and attainment."
    return f"{agreed}\n{extra_deals.check()}"


def peer_rows(work: Work) -> list[Row]:
    """Time the reference work by all tools and by our words alone."""
    calls: dict[str, Callable[[int], object]] = {
        "funnelsim": lambda paths: ours.simulate(work, paths, 1),
        "words": lambda paths: words.fill(work.deals, paths, 1),
    }
    calls |= {name: partial(_peer, tool, work) for name, tool in PEERS.items()}
    words.fill(work.deals, TILE, 1)
    paths = {name: timing.paths_for(call, BUDGET) for name, call in calls.items()}
    best = timing.best_of({n: partial(call, paths[n]) for n, call in calls.items()}, ROUNDS)
    cost = {name: nanoseconds(best[name], paths[name]) for name in calls}
    goals = {
        "careful NumPy": (15, 20), "careful NumPy, folded": (6, 8), "plain NumPy": (200, None),
    }  # fmt: skip
    mine = f"{cost['funnelsim']:.2f} ns"
    what = "open pipeline, market factor, {} periods, against {}"
    rows = [
        Row(what.format(work.periods, name), mine, f"{cost[name]:,.1f} ns",
            cost[name] / cost["funnelsim"], *goals.get(name, ()))
        for name in PEERS
    ]  # fmt: skip
    floor = f"{cost['words']:.2f} ns"
    tile = timing.best_of({"tile": lambda: ours.simulate(work, TILE, 1)}, ROUNDS)["tile"]
    over = nanoseconds(best["funnelsim"] - tile, paths["funnelsim"] - TILE)
    return [
        *rows,
        Row("the same, against our words alone", mine, floor, cost["funnelsim"] / cost["words"],
            2.2, 1.8, least=False),
        Row(f"the same, over a set-up of {1e3 * tile:.0f} ms", f"{over:.2f} ns", floor,
            over / cost["words"]),
    ]  # fmt: skip


def _peer(tool: Callable[[Work, int, int], np.ndarray], work: Work, paths: int) -> np.ndarray:
    return tool(work, paths, 1)


def variant_rows(work: Work) -> list[Row]:
    """Time the cycle factor, and two threads."""
    calls = {
        "one": lambda: ours.simulate(work, PATHS, 1),
        "two": lambda: ours.simulate(work, PATHS, 1, threads=2),
        "cycle": lambda: ours.simulate(work, PATHS, 1, cycle_cv=0.2),
    }
    for call in calls.values():
        call()
    best = timing.best_of(calls, ROUNDS)
    shown = {name: f"{nanoseconds(took, PATHS):.2f} ns" for name, took in best.items()}
    cycle, two = best["cycle"] / best["one"], best["one"] / best["two"]
    return [
        Row("with cycle factor, against without", shown["cycle"], shown["one"], cycle, 2.5, None,
            least=False),
        Row("2 threads, against 1 (on idle cores)", shown["two"], shown["one"], two, 1.7),
    ]  # fmt: skip


def trajectory_rows(work: Work) -> list[Row]:
    """Time every stage of every deal, what is counted included."""
    calls: dict[str, Callable[[int], object]] = {
        "trajectories": lambda paths: ours.trajectories(work, paths, 1),
        "careful": lambda paths: careful_trajectories.simulate(work, paths, 1),
        "bookings": lambda paths: ours.simulate(work, paths, 1),
    }
    for call in calls.values():
        call(TILE)  # a kernel that is compiled is no measure of paths
    paths = {name: timing.paths_for(call, BUDGET) for name, call in calls.items()}
    best = timing.best_of({n: partial(call, paths[n]) for n, call in calls.items()}, ROUNDS)
    cost = {name: nanoseconds(best[name], paths[name]) for name in calls}
    mine = f"{cost['trajectories']:.1f} ns"
    what = "every stage of every deal, {} periods, against {}"
    return [
        Row(what.format(work.periods, "careful NumPy doing the same"), mine,
            f"{cost['careful']:.1f} ns", cost["careful"] / cost["trajectories"]),
        Row(what.format(work.periods, "our bookings alone"), mine,
            f"{cost['bookings']:.2f} ns", cost["trajectories"] / cost["bookings"]),
    ]  # fmt: skip


def extra_rows(work: Work) -> list[Row]:
    """Time deals that are created, and the required pipeline."""
    kinds = {"none": (0.0, 0.0), "fixed": (CREATED, 0.0), "lognormal": (CREATED, 1.0)}
    calls = {name: partial(extra_deals.run, work, ONE_BLOCK, *how) for name, how in kinds.items()}
    for call in calls.values():
        call()
    best = timing.best_of(calls, 2 * ROUNDS)
    created = round(CREATED * work.periods)
    open_deal = nanoseconds(best["none"], ONE_BLOCK, work.deals)
    rows = []
    for name in ("fixed", "lognormal"):
        cost = nanoseconds(best[name] - best["none"], ONE_BLOCK, created)
        rows.append(
            Row(f"a created deal, {name} amounts, against an open one", f"{cost:.2f} ns",
                f"{open_deal:.2f} ns", cost / open_deal, 1.5, None, least=False)
        )  # fmt: skip
    ways = {name: partial(call, PATHS // 2) for name, call in extra_deals.CALLS.items()}
    for way in ways.values():
        way()
    took = timing.best_of(ways, 2)
    ratio = took["bisection"] / took["one pass"]
    shown = (f"{took[name]:.2f} s" for name in ("one pass", "bisection"))
    return [*rows, Row("required pipeline in one pass, against bisection", *shown, ratio, 5)]


def growth_rows() -> list[Row]:
    """Time more paths and more deals: the dearest cost over the cheapest, without set-up.

    What one tile of paths takes is the set-up; the whole call is shown beside it.
    """
    by_paths = {f"{p:,} paths": _growth(1_000, p) for p in (1_024, 16_384, 131_072, 1_000_000)}
    by_deals = {f"{n:,} deals": _growth(n, 8_192) for n in (1_000, 10_000, 100_000)}
    rows = []
    for what, costs in (("paths", by_paths), ("deals", by_deals)):
        ends = list(costs)
        title = f"growth, {ends[0]} to {ends[-1]}"
        for index, kind in enumerate(("over the set-up", "whole call")):
            values = [cost[index] for cost in costs.values()]
            shown = ", ".join(f"{value:.2f}" for value in values) + " ns"
            goal = 1.5 if index == 0 or what == "deals" else None
            rows.append(
                Row(f"{title}, {kind}", shown, "", max(values) / min(values), goal, None, False)
            )
    return rows


def _growth(deals: int, paths: int) -> tuple[float, float]:
    work = Work.make(deals)
    calls = {
        "tile": lambda: ours.simulate(work, TILE, 1),
        "all": lambda: ours.simulate(work, paths, 1),
    }
    calls["tile"]()
    best = timing.best_of(calls, 2 if deals * paths > 3e8 else 5)
    over = nanoseconds(best["all"] - best["tile"], paths - TILE, deals)
    return over, nanoseconds(best["all"], paths, deals)


def startup_rows() -> list[Row]:
    """Time fresh interpreters."""
    found = startup.measure()
    milliseconds = 1e3 * (found.import_funnelsim - found.import_numpy)
    unwanted = ", ".join(found.unwanted) or "none"
    return [
        Row(f"import over import numpy, ms ({found.modules} modules; unwanted: {unwanted})",
            f"{found.import_funnelsim:.3f} s", f"{found.import_numpy:.3f} s", milliseconds,
            30, None, least=False),
        Row("first forecast, empty cache, seconds", f"{found.first_cold:.2f} s", "",
            found.first_cold, 5, None, least=False),
        Row("kernels compiled for it", ", ".join(found.compiled), "", len(found.compiled),
            2, None, least=False),
        Row("first forecast, later process, against numba and a trivial call",
            f"{found.first_cached:.2f} s", f"{found.trivial_cached:.2f} s",
            found.first_cached / found.trivial_cached, 1.5, None, least=False),
    ]  # fmt: skip


def memory_rows() -> list[Row]:
    """Read the peak of large forecasts; the ratio is to 8 bytes a path and period plus 100 MiB."""
    rows = []
    for case in memory.CASES:
        peak = memory.measure(*case)
        what = f"peak over imports, {peak.paths:,} paths x {peak.periods}, to the goal"
        shown = (f"{size / memory.MIB:.0f} MiB" for size in (peak.over_imports, peak.goal))
        rows.append(Row(what, *shown, peak.over_imports / peak.goal, 1, None, least=False))
    return rows


def main() -> None:
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba", "simpy"))
    print(f"Python {platform.python_version()}, {packages}; {os.cpu_count()} cores.")
    print(check_agreement(), end="\n\n")
    print(HEADER)
    work = Work.make(DEALS)
    sections = (partial(peer_rows, work), partial(variant_rows, work),
                partial(trajectory_rows, work), partial(extra_rows, work), growth_rows,
                startup_rows, memory_rows)  # fmt: skip
    for section in sections:
        for row in section():
            print(row, flush=True)


if __name__ == "__main__":
    main()
