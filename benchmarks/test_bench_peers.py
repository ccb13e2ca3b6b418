"""All tools agree on small work; then each is timed on its own (`--benchmark-only`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks import ours
from benchmarks.agreement import (
    Difference,
    differences,
    differences_of_ways,
    disagreements,
)
from benchmarks.peers import PEERS, careful_trajectories
from benchmarks.work import Work

if TYPE_CHECKING:
    import numpy as np

PATHS = {"SimPy": 400, "pure Python": 2_000, "plain NumPy": 2_000}
MANY = 20_000
SMALL = Work.make(60, seed=3)
TOOLS = {"funnelsim": ours.simulate, **PEERS}
DEALS = 500
TIMED_PATHS = {"SimPy": 4, "pure Python": 40, "plain NumPy": 100, "careful NumPy": 2_000}


def small_run(names: list[str]) -> dict[str, np.ndarray]:
    return {name: TOOLS[name](SMALL, PATHS.get(name, MANY), 5) for name in names}


def test_peers_agree_with_each_other_and_with_the_exact_means():
    assert disagreements(differences(SMALL, small_run(list(PEERS)))) == []


def test_funnelsim_agrees_with_its_peers():
    names = ["funnelsim", "careful NumPy, folded", "careful NumPy", "plain NumPy"]
    assert disagreements(differences(SMALL, small_run(names))) == []


def test_a_tool_that_is_off_by_a_twentieth_is_found():
    runs = small_run(["careful NumPy, folded", "careful NumPy"])
    runs["careful NumPy"] = 1.05 * runs["careful NumPy"]
    assert disagreements(differences(SMALL, runs))


def test_a_tool_without_the_market_factor_is_found_by_its_spread():
    work, folded = Work.make(500, seed=3), TOOLS["careful NumPy, folded"]
    runs = {"with": folded(work, MANY, 5), "without": folded(replace(work, rho=0.0), MANY, 6)}
    found = disagreements(differences(work, runs))
    assert found
    assert all("attainment" in difference.what for difference in found)


NAMES = ("funnelsim", "careful NumPy")


def both_ways(work: Work = SMALL) -> tuple[careful_trajectories.Trajectories, ...]:
    ours_on_small = ours.trajectories(SMALL, MANY, 5)
    return ours_on_small, careful_trajectories.simulate(work, MANY, 5)


def test_trajectories_agree_with_careful_numpy_in_bookings_stages_and_days():
    ways = both_ways()
    found = differences_of_ways(NAMES, ways)
    assert {one.what.split(",")[0] for one in found} == {
        "entering", "standing", "day of a first win",
    }  # fmt: skip
    runs = {name: way.bookings for name, way in zip(NAMES, ways, strict=True)}
    assert disagreements([*differences(SMALL, runs), *found]) == []


def test_trajectories_of_slower_stages_are_found():
    ways = both_ways(replace(SMALL, mean_time=31.0))
    assert disagreements(differences_of_ways(NAMES, ways))


def test_the_threshold_counts_the_comparisons():
    difference = Difference("mean", "a", "b", 3.5)
    assert disagreements([difference])
    assert not disagreements([difference] * 100)


@pytest.mark.parametrize("name", TOOLS)
def test_bench_reference_work(benchmark, name):
    work, paths = Work.make(DEALS), TIMED_PATHS.get(name, MANY)
    bookings = benchmark(TOOLS[name], work, paths, 1)
    assert bookings.shape == (paths, work.periods)
