"""Executors of the standard library: the same bits, dead workers, cancelling, shutting down."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import (
    BrokenExecutor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)

import numpy as np
import pytest

import funnelsim as fs
from funnelsim import _running
from funnelsim._blocks import BLOCK, run_block
from funnelsim._workers import Workers
from funnelsim.errors import ExecutorWarning
from tests.executors import (
    FATAL,
    PATHS,
    SCENARIOS,
    SEED,
    assert_killed_and_the_same,
    assert_same,
    begun,
    bookings_through,
    dies_always,
    dies_once,
    dies_once_with,
    fails,
    marks,
    plain,
    python_path,
    shown,
)

pytestmark = pytest.mark.compiled  # tens of thousands of paths

SPAWN = multiprocessing.get_context("spawn")


def processes(count=2):
    return ProcessPoolExecutor(count, SPAWN)


@pytest.fixture(scope="module")
def pool():
    """Return a pool of spawned processes, for tests that leave it whole."""
    with processes() as executor:
        yield executor


@pytest.fixture(scope="module", params=SCENARIOS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def reference(kind):
    return plain(kind)


# --- the same bits ---


def test_threads_and_their_number_do_not_matter(kind, reference):
    for executor in (None, lambda: ThreadPoolExecutor(3), ThreadPoolExecutor):
        forecast = fs.simulate(
            SCENARIOS[kind], paths=PATHS, seed=SEED, threads=3, executor=executor
        )
        assert_same(forecast, reference, kind)


def test_processes_do_not_matter(kind, reference, pool):
    forecast = fs.simulate(SCENARIOS[kind], paths=PATHS, seed=SEED, executor=pool)
    assert_same(forecast, reference, kind)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    "method", sorted({*multiprocessing.get_all_start_methods()} - {"spawn"}) or ["spawn"]
)
def test_how_processes_start_does_not_matter(method):
    context = multiprocessing.get_context(method)
    forecast = fs.simulate(
        SCENARIOS["folded"],
        paths=PATHS,
        seed=SEED,
        executor=lambda: ProcessPoolExecutor(2, context),
    )
    assert_same(forecast, plain("folded"), "folded")


# --- executors that are made ---


class Made(ThreadPoolExecutor):
    """Counts what was made and shut down."""

    made = shut = 0

    def __init__(self):
        super().__init__(2)
        type(self).made += 1

    def shutdown(self, *arguments, **named):
        type(self).shut += 1
        super().shutdown(*arguments, **named)


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setattr(Made, "made", 0)
    monkeypatch.setattr(Made, "shut", 0)
    return Made


def test_what_makes_an_executor_is_called_once_and_its_executor_shut_down(made):
    fs.simulate(SCENARIOS["folded"], paths=PATHS, executor=made)
    assert (made.made, made.shut) == (1, 1)


def test_an_executor_that_was_made_is_shut_down_after_an_error(made):
    def stop(*_):
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fs.simulate(SCENARIOS["folded"], paths=PATHS, executor=made, progress=stop)
    assert (made.made, made.shut) == (1, 1)


def test_an_executor_of_the_users_is_not_shut_down(made):
    with made() as executor:
        fs.simulate(SCENARIOS["folded"], paths=PATHS, executor=executor)
        assert made.shut == 0


def test_workers_are_shared_by_several_runs(made):
    workers = Workers(made)
    for _ in range(2):
        bookings_through(run_block, (), workers)
    assert (made.made, made.shut) == (1, 0)
    workers.close()
    assert (made.made, made.shut) == (1, 1)


@pytest.mark.parametrize("executor", [lambda: 5, lambda: ThreadPoolExecutor, dict])
def test_what_makes_no_executor_is_refused(executor):
    with pytest.raises(fs.InputError, match="it made something else, got"):
        fs.simulate(SCENARIOS["folded"], paths=100, executor=executor)


# --- dead workers ---


def test_a_killed_worker_is_followed_by_a_new_pool(tmp_path):
    mark = tmp_path / "killed"
    assert_killed_and_the_same(mark, bookings_through(dies_once, (mark,), processes))


def test_what_is_left_of_a_broken_pool_runs_on_threads_and_it_is_said(tmp_path):
    mark = tmp_path / "killed"
    with processes() as executor:
        with pytest.warns(ExecutorWarning, match="BrokenProcessPool.*ran on threads"):
            cents = bookings_through(dies_once, (mark,), executor)
        assert_killed_and_the_same(mark, cents)
        with pytest.warns(ExecutorWarning, match="ran on threads"):  # broken from the first
            assert_killed_and_the_same(mark, bookings_through(run_block, (), executor))


def test_a_worker_may_die_while_it_is_sent_more_than_a_pipe_holds(tmp_path):
    mark = tmp_path / "killed"
    large = np.zeros(2**20)
    with processes(1) as executor, pytest.warns(ExecutorWarning, match="ran on threads"):
        cents = bookings_through(dies_once_with, (large, mark), executor)
    assert_killed_and_the_same(mark, cents)


def test_blocks_that_always_kill_their_worker_end_in_an_error():
    pools = []

    def make():
        pools.append(processes(1))
        return pools[-1]

    with pytest.raises(fs.FunnelsimError, match="workers died 3 times in a row") as error:
        bookings_through(dies_always, (os.getpid(),), make)
    assert isinstance(error.value.__cause__, BrokenExecutor)
    assert _running.DEATHS <= len(pools) <= _running.DEATHS + 1  # once two more blocks were done


class Breaks(ThreadPoolExecutor):
    """Runs so many blocks, and breaks at the next one."""

    runs = ()

    def __init__(self, blocks):
        super().__init__(1)
        self.blocks, self.lost = blocks, []

    def submit(self, task):
        if self.blocks < 0:
            raise BrokenExecutor("broken before")
        if self.blocks == 0:
            self.blocks = -1
            lost = Future()
            lost.set_exception(BrokenExecutor("a worker died"))
            self.lost = [lost]
            return lost
        self.blocks -= 1
        done = super().submit(task)
        done.exception()  # it is done before the pool breaks
        return done


def test_blocks_that_are_done_are_kept(tmp_path):
    pools = []

    def make():
        pools.append(Breaks(2))
        return pools[-1]

    cents = bookings_through(marks, (tmp_path, 0.0), make)
    np.testing.assert_array_equal(cents, bookings_through(run_block, (), None))
    assert len(pools) == 3
    begun = [file.read_text("utf-8").split() for file in tmp_path.iterdir()]
    assert begun == [["begun"]] * 6


def test_pools_may_break_ever_so_often_while_blocks_get_done():
    pools = []

    def make():
        pools.append(Breaks(1))
        return pools[-1]

    cents = bookings_through(run_block, (), make)
    np.testing.assert_array_equal(cents, bookings_through(run_block, (), None))
    assert len(pools) == 6 > _running.DEATHS


def test_pools_that_break_at_once_end_in_an_error():
    pools = []

    def make():
        pools.append(Breaks(-1))
        return pools[-1]

    with pytest.raises(fs.FunnelsimError, match="broken before"):
        bookings_through(run_block, (), make)
    assert len(pools) == _running.DEATHS


# --- errors, cancelling, shutting down ---


def test_an_error_of_a_block_is_not_tried_again(tmp_path, pool):
    with pytest.raises(ArithmeticError, match="not this block"):
        bookings_through(fails, (tmp_path,), pool)
    assert (tmp_path / str(FATAL)).read_text("utf-8") == "begun\n"
    assert pool.submit(sum, [1, 2]).result() == 3


def interrupt_after(blocks, folder):
    """Send this process an interrupt once so many blocks were begun."""
    end = time.monotonic() + 60
    while len(list(folder.iterdir())) < blocks and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def interruptible():
    """Listen to interrupts, which a process started in the background is told to ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(os.name != "posix", reason="no process can send itself an interrupt")
@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_an_interrupt_cancels_what_waits(workers, tmp_path, pool):
    executor = pool if workers == "processes" else ThreadPoolExecutor(2)
    thread = threading.Thread(target=interrupt_after, args=(3, tmp_path))
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        bookings_through(marks, (tmp_path, 0.05), executor, paths=100 * BLOCK)
    thread.join()
    assert 3 <= begun(tmp_path) < _running.AHEAD
    assert executor.submit(sum, [1, 2]).result() == 3
    if workers == "threads":
        executor.shutdown()


def test_an_error_of_progress_cancels_what_waits(pool, monkeypatch):
    seen, tasks, submit = [], [], pool.submit

    def keep(task):
        tasks.append(submit(task))
        return tasks[-1]

    def stop(done, _):
        seen.append(done)
        if len(seen) == 2:
            raise ArithmeticError

    monkeypatch.setattr(pool, "submit", keep)
    with pytest.raises(ArithmeticError):
        fs.simulate(SCENARIOS["folded"], paths=200 * BLOCK, executor=pool, progress=stop)
    assert seen == [BLOCK, 2 * BLOCK]
    assert len(tasks) == _running.AHEAD + 1
    wait(tasks)
    assert sum(task.cancelled() for task in tasks) > _running.AHEAD / 2


def test_an_executor_that_was_shut_down_is_refused():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(fs.InputError) as error:
        fs.simulate(SCENARIOS["folded"], paths=PATHS, executor=executor)
    assert str(error.value).startswith(
        "executor must run until all blocks are done; it refused or cancelled a block (RuntimeError"
    )


def test_an_executor_that_is_shut_down_under_way_is_refused():
    executor = ThreadPoolExecutor(1)
    with pytest.raises(fs.InputError, match=r"cancelled a block \(CancelledError\)"):
        fs.simulate(
            SCENARIOS["folded"], paths=50 * BLOCK, executor=executor,
            progress=lambda *_: executor.shutdown(cancel_futures=True),
        )  # fmt: skip


QUIET = """
import os, sys
from concurrent.futures import ProcessPoolExecutor
from tests.executors import bookings_through, dies_once
if __name__ == "__main__":
    cents = bookings_through(dies_once, (sys.argv[1],), lambda: ProcessPoolExecutor(2))
    print(cents.sum() > 0, os.path.exists(sys.argv[1]))
"""


def test_nothing_is_printed_when_pools_break_and_end(tmp_path):
    (tmp_path / "quiet.py").write_text(QUIET, "utf-8")
    out = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", tmp_path / "quiet.py", tmp_path / "mark"],
        capture_output=True, check=True, text=True, env=python_path(),
    )  # fmt: skip
    assert (out.stdout, out.stderr) == ("True True\n", "")


def test_what_the_page_shows_of_processes_runs(tmp_path):
    code = shown("ProcessPoolExecutor(4)") + "    print(forecast.record.paths)\n"
    (tmp_path / "shown.py").write_text(code, "utf-8")
    fs.write_scenario(SCENARIOS["folded"], tmp_path / "scenario.toml")
    out = subprocess.run(
        [sys.executable, "-W", "error", "shown.py"],
        cwd=tmp_path, capture_output=True, check=True, text=True, env=python_path(),
    )  # fmt: skip
    assert (out.stdout, out.stderr) == ("100000\n", "")
