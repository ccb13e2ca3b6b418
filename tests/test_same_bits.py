"""The same seed gives the same bits, whatever runs the blocks, whatever else is forecast."""

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import funnelsim as fs
from funnelsim._arrays import lower
from funnelsim._blocks import Work, run_block

pytestmark = pytest.mark.compiled

PATHS = 30_000  # four blocks, the last a part of one
DEALS = [
    {"id": f"d{i}", "stage": stage, "amount": 1000.0 + i, "age": 3.0 * i, "region": region}
    for i, (stage, region) in enumerate(
        [("training", "N"), ("consulting", "S"), ("proposal", "N"), ("negotiation", "E")] * 3
    )
]
MARKET = fs.Market(
    win_rate_correlation=(0.02, 0.1), cycle_cv=0.3, amount_cv=0.2,
    segment_correlation={"region": 0.1},
)  # fmt: skip


def scenario(deals=DEALS, market=MARKET):
    return fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("quarter", 3),
        funnel=fs.Funnel.key_account(time=fs.Gamma(mean=25, cv=0.6), time_if_lost=40),
        pipeline=fs.Pipeline.from_deals(deals),
        market=market,
        quota=5000,
    )


def cents(forecast):
    return np.rint(forecast.bookings * 100).astype(np.int64)


@pytest.fixture(scope="module")
def reference():
    return fs.simulate(scenario(), paths=PATHS, seed=11, threads=1)


@pytest.mark.parametrize("threads", [2, 7])
def test_threads_do_not_matter(reference, threads):
    other = fs.simulate(scenario(), paths=PATHS, seed=11, threads=threads)
    np.testing.assert_array_equal(cents(other), cents(reference))
    assert other.to_dict() == reference.to_dict()


@pytest.mark.parametrize(
    "executor",
    [lambda: ThreadPoolExecutor(2), lambda: ProcessPoolExecutor(2, get_context("spawn"))],
    ids=["threads", "processes"],
)
def test_executors_do_not_matter(reference, executor):
    with executor() as workers:
        other = fs.simulate(scenario(), paths=PATHS, seed=11, executor=workers)
    np.testing.assert_array_equal(cents(other), cents(reference))
    np.testing.assert_array_equal(other.wins, reference.wins)


@pytest.mark.parametrize("size", [256, 1024, 25_600])
def test_blocks_regrouped_are_the_same(reference, size):
    lowered = lower(scenario())
    parts = [
        run_block(
            Work(lowered.deals, lowered.shared, lowered.new), 11, first, min(size, PATHS - first)
        ).bookings
        for first in range(0, PATHS, size)
    ]
    np.testing.assert_array_equal(np.hstack(parts).T, cents(reference))


def test_fewer_paths_are_the_first_of_more(reference):
    fewer = fs.simulate(scenario(), paths=10_001, seed=11)
    np.testing.assert_array_equal(cents(fewer), cents(reference)[:10_001])


def test_another_seed_gives_other_paths(reference):
    other = fs.simulate(scenario(), paths=PATHS, seed=12)
    assert (cents(other) != cents(reference)).any(axis=1).mean() > 0.9


@pytest.mark.parametrize("place", [0, 5, 12])
def test_a_deal_added_leaves_the_others_alone(reference, place):
    new = {"id": "new", "stage": "meeting", "amount": 7.77, "age": 1.0, "region": "W"}
    more = fs.simulate(scenario([*DEALS[:place], new, *DEALS[place:]]), paths=PATHS, seed=11)
    alone = fs.simulate(scenario([new]), paths=PATHS, seed=11)
    np.testing.assert_array_equal(cents(more), cents(reference) + cents(alone))
    np.testing.assert_array_equal(more.wins, reference.wins + alone.wins)


def test_segments_add_up_to_the_whole(reference):
    parts = reference.by("region")
    assert sorted(parts) == ["E", "N", "S"]
    np.testing.assert_array_equal(sum(map(cents, parts.values())), cents(reference))


def test_a_record_makes_its_forecast_again(reference):
    record = reference.record
    again = fs.simulate(record.scenario, paths=record.paths, seed=record.seed)
    assert again.record == record
    np.testing.assert_array_equal(cents(again), cents(reference))


DIGEST = """
import hashlib, sys
sys.path.insert(0, {tests!r})
import numpy as np
import funnelsim as fs
from tests.test_same_bits import scenario, cents
forecast = fs.simulate(scenario(), paths=5000, seed=3)
print(forecast.record.digest, hashlib.sha256(cents(forecast).tobytes()).hexdigest())
"""


def run_fresh(**environment):
    code = DIGEST.format(tests=str(Path(__file__).resolve().parents[1]))
    return subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def printed(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


def test_a_generic_processor_gives_the_same_bits(tmp_path):
    host = run_fresh(NUMBA_CACHE_DIR=str(tmp_path / "host"))
    generic = run_fresh(NUMBA_CACHE_DIR=str(tmp_path / "generic"), NUMBA_CPU_NAME="generic")
    assert printed(host) == printed(generic)


def test_processes_may_share_an_empty_cache(tmp_path):
    together = [run_fresh(NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(3)]
    assert len({printed(process) for process in together}) == 1
    assert len({printed(run_fresh(NUMBA_CACHE_DIR=str(tmp_path)))}) == 1
