"""The engine alone, and the parts of the table that need no long run."""

from __future__ import annotations

import pytest

from benchmarks import extra_deals, ours, startup, timing, words
from benchmarks.table import Row
from benchmarks.work import Work

WORK = Work.make(2_000)
PATHS = 8_192


def test_bench_words_alone(benchmark):
    rows = benchmark(words.fill, WORK.deals, PATHS, 1)
    assert len(set(rows.ravel().tolist())) > rows.size - 3  # 31 bits: hardly ever twice the same


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("cycle_cv", [0.0, 0.2])
def test_bench_open_pipeline(benchmark, threads, cycle_cv):
    bookings = benchmark(ours.simulate, WORK, PATHS, 1, threads=threads, cycle_cv=cycle_cv)
    assert bookings.shape == (PATHS, WORK.periods)


def test_bench_trajectories(benchmark):
    found = benchmark(ours.trajectories, WORK, 1_024, 1)
    assert found.entering.shape == (1_024, 6, WORK.periods)


@pytest.mark.parametrize("cv", [0.0, 1.0])
def test_bench_created_deals(benchmark, cv):
    bookings = benchmark(extra_deals.run, WORK, PATHS, 500.0, cv)
    assert bookings.sum() > extra_deals.run(WORK, PATHS).sum()


@pytest.mark.parametrize("way", extra_deals.CALLS)
def test_bench_required_pipeline(benchmark, way):
    assert benchmark(extra_deals.CALLS[way], PATHS) > 0


def test_both_ways_to_a_required_pipeline_agree():
    assert "by bisection" in extra_deals.check(4_096)


def test_import_loads_nothing_heavy():
    _, unwanted = startup.modules()
    assert unwanted == ()


@pytest.mark.parametrize(
    ("ratio", "least", "verdict"),
    [(20.0, True, "yes"), (10.0, True, "**no**"), (20.0, False, "**no**"), (10.0, False, "yes")],
)
def test_a_row_says_whether_its_goal_is_met(ratio, least, verdict):
    line = str(Row("what", "1 ns", "20 ns", ratio, 15, 20, least))
    assert line.rsplit(" | ", maxsplit=1)[-1] == f"{verdict} |"


def test_a_row_without_a_goal_leaves_it_blank():
    assert str(Row("what", "1 ns", "20 ns", 20.0)).endswith("| 20 |  |  |")


def test_paths_grow_until_the_budget_is_used(monkeypatch):
    monkeypatch.setattr(timing, "seconds", lambda call: call())
    assert timing.paths_for(lambda paths: paths / 1_000, 1.0) in {512, 1_024}
    assert timing.paths_for(lambda _: 5.0, 1.0) == 2


def test_best_of_runs_the_calls_in_turn():
    order = []
    best = timing.best_of({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 2)
    assert order == ["a", "b", "a", "b"]
    assert set(best) == {"a", "b"}


def test_the_peak_does_not_count_the_process_that_started_this_one():
    large = bytearray(b"x") * 400_000_000
    found = int(startup.run("from benchmarks import memory; print(memory.peak())")[1])
    assert 0 < found < len(large) / 2
