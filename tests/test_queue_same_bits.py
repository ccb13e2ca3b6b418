"""Forecasts with people have the same bits, whatever runs the blocks and however they are cut."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import funnelsim as fs
from funnelsim._arrays import lower
from funnelsim._queue import lower_queue
from funnelsim._queue_blocks import Trip, block_of, run_queue
from funnelsim.planning.runs import Runs
from funnelsim.streaming import stream

pytestmark = pytest.mark.compiled

PATHS = 3_000


def scenario():
    """Return reps who ramp, leave and come late, two roles, deals that go stale, repeats."""
    names = fs.Funnel.key_account(time=30).names[:-1]
    rows = [
        {"id": f"d{i}", "stage": names[i % 5], "amount": 1000.0 + i, "age": 2.0 * i, "owner": "Ann"}
        for i in range(20)
    ]
    roles = [
        fs.Role("rep", ramp=(0.2, 0.6), attrition=0.4, backfill=fs.Gamma(mean=40, cv=0.5),
                creates=3.0),
        fs.Role("engineer"),
    ]  # fmt: skip
    reps = [
        fs.Rep("rep", name="Ann"),
        fs.Rep("rep"),
        fs.Rep("rep", start="2027-03-01", delay=20),
        fs.Rep("engineer"),
    ]
    work = {
        "training": 6,
        "consulting": fs.Work(fs.Gamma(mean=20, cv=1), "engineer"),
        "proposal": 9,
    }
    return fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("month", 9),
        funnel=fs.Funnel.key_account(time=fs.Gamma(mean=20, cv=0.6)),
        pipeline=fs.Pipeline.from_deals(rows),
        market=fs.Market(win_rate_correlation=0.05, cycle_cv=0.2, amount_cv=0.1),
        clock=fs.Clock(weekend=["saturday", "sunday"]),
        new_business=fs.NewBusiness(8, fs.Gamma(mean=900, cv=1), repeat=fs.Repeat(0.3, 40)),
        quota=20_000,
        team=fs.Team(roles, reps, work=work, by="owner", order="value-per-hour", stale=0.01),
    )


def cents(forecast):
    return np.rint(forecast.bookings * 100).astype(np.int64)


@pytest.fixture(scope="module")
def reference():
    return fs.simulate(scenario(), paths=PATHS, seed=11, threads=1)


def test_threads_and_processes_do_not_matter(reference):
    threads = fs.simulate(scenario(), paths=PATHS, seed=11, threads=3)
    with ProcessPoolExecutor(2, get_context("spawn")) as workers:
        processes = fs.simulate(scenario(), paths=PATHS, seed=11, executor=workers)
    np.testing.assert_array_equal(cents(threads), cents(reference))
    np.testing.assert_array_equal(cents(processes), cents(reference))
    assert threads.to_dict() == reference.to_dict()


@pytest.mark.parametrize("size", [256, 768])
def test_blocks_regrouped_are_the_same(reference, size):
    lowered = lower(scenario())
    queue = lower_queue(scenario(), lowered)
    assert block_of(queue) != size
    trip = Trip(queue, lowered.shared, 0)
    parts = [
        run_queue(trip, 11, first, min(size, PATHS - first)).deals.bookings
        for first in range(0, PATHS, size)
    ]
    np.testing.assert_array_equal(np.hstack(parts).T, cents(reference))


def test_planning_and_streaming_give_the_same_forecast(reference):
    runs = Runs(paths=PATHS, seed=11)
    runs.forecast(scenario().replace(team=None))
    again = runs.forecast(scenario().replace(quota=30_000))
    np.testing.assert_array_equal(cents(again), cents(reference))
    streamed = stream(scenario(), paths=PATHS, seed=11)
    assert streamed.attainment_probability() == reference.attainment_probability()
    assert streamed.record == reference.record


def test_a_team_is_part_of_the_digest(reference):
    base = scenario()
    one_more = fs.with_value(base, "team.reps", 4)
    without = base.replace(team=None)
    found = {fs.simulate(one, paths=64).record.digest for one in (base, one_more, without)}
    assert len(found) == 3
    assert reference.record.digest in found


def test_activities_and_capacity_tell_of_the_same_paths(reference):
    work, capacity = reference.activities(), reference.capacity()
    assert work.entering[-1].sum() == reference.wins.sum()
    assert capacity.bookings().value == pytest.approx(reference.bookings.sum(axis=1).mean())


DIGEST = """
import sys
sys.path.insert(0, {tests!r})
from tests.test_queue_same_bits import fingerprint
print(fingerprint())
"""


def fingerprint():
    forecast = fs.simulate(scenario(), paths=1_000, seed=3)
    return forecast.record.digest, hashlib.sha256(cents(forecast).tobytes()).hexdigest()


@pytest.mark.slow
def test_a_generic_processor_gives_the_same_bits(tmp_path):
    code = DIGEST.format(tests=str(Path(__file__).resolve().parents[1]))
    changes = {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_CPU_NAME": "generic"}
    process = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **changes},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert process.stdout.strip() == str(fingerprint())
