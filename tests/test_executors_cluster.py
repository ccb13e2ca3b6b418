"""Executors of loky and Dask, where they are installed: the same bits, and dead workers."""

import contextlib
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

import funnelsim as fs
from funnelsim._arrays import lower
from funnelsim._blocks import BLOCK, Work, run_block
from funnelsim._running import grid_of, in_order
from funnelsim.errors import ExecutorWarning
from tests.executors import (
    PATHS,
    SCENARIOS,
    SEED,
    assert_killed_and_the_same,
    assert_same,
    begun,
    bookings_through,
    dies_always,
    dies_once,
    fails,
    marks,
    plain,
    python_path,
    shown,
)

pytestmark = pytest.mark.compiled  # tens of thousands of paths


def end_of(process):
    """Wait for the end of a process that was told to end; on a busy machine, see to it."""
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def loky():
    return pytest.importorskip("loky", reason="loky is not installed")


@pytest.fixture(scope="module")
def distributed():
    return pytest.importorskip("distributed", reason="Dask's distributed is not installed")


@pytest.fixture(params=SCENARIOS)
def kind(request):
    return request.param


def simulated(kind, executor):
    return fs.simulate(SCENARIOS[kind], paths=PATHS, seed=SEED, executor=executor)


def cancelled_after_two(executor, folder):
    """Run sixty slow blocks, but no further than to the second; return how many were begun."""
    lowered = lower(SCENARIOS["folded"])
    work = Work(lowered.deals, lowered.shared, lowered.new)
    grid = grid_of(60 * BLOCK, BLOCK)
    blocks = in_order(marks, (folder, 0.05, work, SEED), grid, None, executor)
    with contextlib.closing(blocks):
        assert [next(blocks)[0], next(blocks)[0]] == [0, BLOCK]
    return begun(folder)


class Small:
    """Stands for the package in the code of a page: it simulates no more paths than here."""

    def simulate(self, scenario, executor, **_):
        return fs.simulate(scenario, paths=PATHS, seed=SEED, executor=executor)


def run_shown(word, **names):
    """Run the code of the page that has a word in it, and return the names it leaves."""
    names |= {"fs": Small(), "scenario": SCENARIOS["folded"]}
    exec(compile(shown(word), "scale.md", "exec"), names)
    assert_same(names["forecast"], plain("folded"), "folded")
    return names


# --- loky ---


@pytest.fixture
def loky_pool(loky):
    executor = loky.get_reusable_executor(max_workers=2)
    yield executor
    executor.shutdown(kill_workers=True)


def test_loky_does_not_matter(loky, kind):
    executor = loky.get_reusable_executor(max_workers=2)
    forecast = simulated(kind, executor)
    assert executor.submit(sum, [1, 2]).result() == 3
    executor.shutdown(kill_workers=True)
    assert_same(forecast, plain(kind), kind)


def test_what_the_page_shows_of_loky_runs(loky):
    run_shown("import loky")
    loky.get_reusable_executor().shutdown(kill_workers=True)


def test_a_killed_worker_of_loky_is_followed_by_a_new_pool(loky, tmp_path):
    mark = tmp_path / "killed"
    made = []

    def make():
        made.append(loky.get_reusable_executor(max_workers=2))
        return made[-1]

    assert_killed_and_the_same(mark, bookings_through(dies_once, (mark,), make))
    assert len(made) == 2


def test_what_is_left_of_a_broken_loky_runs_on_threads(loky_pool, tmp_path):
    mark = tmp_path / "killed"
    with pytest.warns(ExecutorWarning, match="TerminatedWorkerError.*ran on threads"):
        cents = bookings_through(dies_once, (mark,), loky_pool)
    assert_killed_and_the_same(mark, cents)


def test_closing_cancels_what_waits_in_loky(loky_pool, tmp_path):
    assert 2 <= cancelled_after_two(loky_pool, tmp_path) < 50
    assert loky_pool.submit(sum, [1, 2]).result() == 3


def test_loky_that_was_shut_down_is_refused(loky_pool):
    with pytest.raises(fs.InputError, match="executor must run until all blocks are done"):
        fs.simulate(
            SCENARIOS["folded"], paths=50 * BLOCK, executor=loky_pool,
            progress=lambda *_: loky_pool.shutdown(kill_workers=True),
        )  # fmt: skip


# --- a cluster of Dask in this machine ---


@pytest.fixture(scope="module")
def client(distributed):
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def strict_client(client, monkeypatch):
    """Return a client of a cluster that gives up a task at the first dead worker."""
    monkeypatch.setattr(client.cluster.scheduler, "allowed_failures", 0)
    return client


def test_dask_does_not_matter(client, kind):
    with client.get_executor() as executor:
        forecast = simulated(kind, executor)
    assert_same(forecast, plain(kind), kind)
    assert_same(simulated(kind, client.get_executor), plain(kind), kind)


def test_what_the_page_shows_of_dask_runs(client, distributed, monkeypatch):
    address, connect = client.scheduler.address, distributed.Client
    given = []

    def connected(shown):
        given.append(shown)
        return connect(address)

    monkeypatch.setattr(distributed, "Client", connected)
    run_shown("from distributed import Client")["client"].close()
    assert given == ["tcp://scheduler:8786"]


def test_a_killed_worker_of_dask_loses_nothing(client, tmp_path):
    mark = tmp_path / "killed"
    cents = bookings_through(dies_once, (mark,), client.get_executor())
    assert_killed_and_the_same(mark, cents)


def test_a_block_that_dask_gave_up_is_given_to_it_again(strict_client, tmp_path):
    mark = tmp_path / "killed"
    cents = bookings_through(dies_once, (mark,), strict_client.get_executor())
    assert_killed_and_the_same(mark, cents)


def test_blocks_that_always_kill_workers_of_dask_end_in_an_error(strict_client):
    with pytest.raises(fs.FunnelsimError, match="workers died 3 times in a row") as error:
        bookings_through(dies_always, (os.getpid(),), strict_client.get_executor())
    assert type(error.value.__cause__).__name__ == "KilledWorker"


def test_an_error_of_a_block_on_dask_is_not_tried_again(client, tmp_path):
    with pytest.raises(ArithmeticError, match="not this block"):
        bookings_through(fails, (tmp_path,), client.get_executor())
    assert [file.read_text("utf-8") for file in tmp_path.iterdir()] == ["begun\n"]


def test_closing_cancels_what_waits_in_dask_and_it_can_be_run_again(client, tmp_path):
    executor = client.get_executor()
    (tmp_path / "first").mkdir()
    assert 2 <= cancelled_after_two(executor, tmp_path / "first") < 50
    cents = bookings_through(marks, (tmp_path / "first", 0.0), executor)
    np.testing.assert_array_equal(cents, bookings_through(run_block, (), None))


def test_dask_that_was_shut_down_is_refused(client):
    executor = client.get_executor()
    executor.shutdown()
    with pytest.raises(fs.InputError, match="executor must run until all blocks are done"):
        simulated("folded", executor)


def test_blocks_that_somebody_else_cancelled_are_told(client):
    executor = client.get_executor()
    with pytest.raises(fs.InputError, match=r"cancelled a block \(CancelledError\)"):
        fs.simulate(
            SCENARIOS["folded"], paths=50 * BLOCK, executor=executor,
            progress=lambda *_: executor.shutdown(wait=False),
        )  # fmt: skip


# --- a scheduler and workers of Dask, each a process of its own ---


@pytest.fixture
def scheduler_file(distributed, tmp_path):  # noqa: ARG001  it needs to be installed
    """Start a scheduler and two workers that nobody restarts."""
    file = tmp_path / "scheduler.json"
    at_home = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
    worker = ["worker", *at_home, "--no-nanny", "--nthreads", "1", "--local-directory", tmp_path]
    commands = [["scheduler", *at_home, "--port", "0"], worker, worker]
    started = []
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        try:
            for words in commands:
                command = [sys.executable, "-m", "dask", *words]
                started.append(subprocess.Popen(command, env=python_path(), stdout=log, stderr=log))
                wait_for(file)
            yield file
        finally:
            for one in reversed(started):
                one.terminate()
            for one in started:
                end_of(one)


def wait_for(file, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError):
            return json.loads(file.read_text("utf-8"))
        time.sleep(0.1)
    raise TimeoutError(file)


def test_workers_that_are_processes_of_their_own(distributed, scheduler_file, tmp_path):
    mark = tmp_path / "killed"
    with distributed.Client(scheduler_file=str(scheduler_file)) as client:
        client.wait_for_workers(2, timeout=60)
        executor = client.get_executor()
        forecasts = {kind: simulated(kind, executor) for kind in SCENARIOS}
        cents = bookings_through(dies_once, (mark,), executor)
        assert len(client.scheduler_info()["workers"]) == 1
    assert_killed_and_the_same(mark, cents)
    for kind, forecast in forecasts.items():
        assert_same(forecast, plain(kind), kind)
