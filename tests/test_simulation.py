"""Arguments, progress, executors and cancelling; that bits are the same is tested elsewhere."""

import pickle
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

import funnelsim as fs
from funnelsim import _blocks, _running

pytestmark = pytest.mark.compiled  # tens of thousands of paths

SCENARIO = fs.Scenario(
    as_of="2026-12-31",
    periods=fs.Periods("quarter", 2),
    funnel=fs.Funnel.key_account(time=fs.Gamma(mean=10, cv=0.6)),
    pipeline=fs.Pipeline.from_frame(
        {"stage": ["proposal", "meeting"], "amount": [500, 900], "region": ["N", "S"]}
    ),
    quota=800,
)
BLOCK = _blocks.BLOCK
RULE_OF_PATHS = "paths must be a whole number of at least 2 and at most 4294967296, got"
RULE_OF_SEED = "seed must be a whole number of at least 0 and at most 18446744073709551615, got"
RULE_OF_THREADS = "threads must be a whole number of at least 1, got"
EXECUTOR = "executor must be a concurrent.futures.Executor, or make one when it is called"
WRONG = [
    ({"paths": 1}, f"{RULE_OF_PATHS} 1"),
    ({"paths": 0}, f"{RULE_OF_PATHS} 0"),
    ({"paths": -5}, f"{RULE_OF_PATHS} -5"),
    ({"paths": 1e5}, f"{RULE_OF_PATHS} 100000.0"),
    ({"paths": "1000"}, f"{RULE_OF_PATHS} '1000'"),
    ({"paths": None}, f"{RULE_OF_PATHS} None"),
    ({"paths": True}, f"{RULE_OF_PATHS} True"),
    ({"paths": 2**32 + 1}, f"{RULE_OF_PATHS} 4294967297"),
    ({"seed": -1}, f"{RULE_OF_SEED} -1"),
    ({"seed": 2**64}, f"{RULE_OF_SEED} 18446744073709551616"),
    ({"seed": 1.0}, f"{RULE_OF_SEED} 1.0"),
    ({"seed": None}, f"{RULE_OF_SEED} None"),
    ({"threads": 0}, f"{RULE_OF_THREADS} 0"),
    ({"threads": -2}, f"{RULE_OF_THREADS} -2"),
    ({"threads": 2.0}, f"{RULE_OF_THREADS} 2.0"),
    ({"executor": 4}, EXECUTOR + ", got 4"),
    ({"progress": True}, "progress must be callable with two numbers, got True"),
]


@pytest.mark.parametrize(("given", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_arguments_say_what_would_be_right(given, message):
    with pytest.raises(fs.InputError) as error:
        fs.simulate(SCENARIO, **given)
    assert str(error.value) == message


@pytest.mark.parametrize("given", [None, "plan.toml", {"quota": 5}])
def test_what_is_no_scenario_is_refused(given):
    with pytest.raises(fs.InputError, match=r"^scenario must be a Scenario, got "):
        fs.simulate(given)


@pytest.mark.parametrize("paths", [2, 63, 64, 65, 255, 256, 257, BLOCK, BLOCK + 1])
def test_any_number_of_paths(paths):
    forecast = fs.simulate(SCENARIO, paths=paths, seed=3)
    assert forecast.bookings.shape == forecast.wins.shape == (paths, 2)
    assert set(np.unique(forecast.total_bookings)) <= {0.0, 500.0, 900.0, 1400.0}
    first = fs.simulate(SCENARIO, paths=2 * BLOCK, seed=3)
    np.testing.assert_array_equal(forecast.bookings, first.bookings[:paths])
    chance = forecast.attainment_probability()
    assert 0.0 <= chance.low <= chance.value <= chance.high <= 1.0
    assert chance.standard_error > 0.0


@pytest.mark.parametrize("seed", [0, 2**64 - 1, np.uint64(2**64 - 1), np.int32(7)])
def test_any_seed(seed):
    forecast = fs.simulate(SCENARIO, paths=100, seed=seed)
    assert forecast.record.seed == int(seed)
    again = fs.simulate(SCENARIO, paths=100, seed=int(seed))
    np.testing.assert_array_equal(forecast.bookings, again.bookings)


@pytest.mark.parametrize("threads", [1, 2, 50])
@pytest.mark.parametrize("paths", [100, BLOCK, 5 * BLOCK + 300])
def test_progress_goes_up_in_blocks_to_the_total(paths, threads):
    seen = []
    fs.simulate(SCENARIO, paths=paths, threads=threads, progress=lambda *now: seen.append(now))
    ends = [*range(BLOCK, paths, BLOCK), paths]
    assert seen == [(end, paths) for end in ends]


def test_progress_is_called_where_simulate_was():
    seen = set()
    fs.simulate(
        SCENARIO, paths=4 * BLOCK, threads=2,
        progress=lambda *_: seen.add(threading.get_ident()),
    )  # fmt: skip
    assert seen == {threading.get_ident()}


# Cancelling and failing


class Counter:
    """Blocks that were begun, and are being worked on."""

    def __init__(self, wait=0.0):
        self.begun = self.working = 0
        self.wait, self.lock = wait, threading.Lock()

    def run(self, *arguments):
        if arguments[-1] == 0:  # the compiler is warmed up
            return _run_block(*arguments)
        with self.lock:
            self.begun += 1
            self.working += 1
        time.sleep(self.wait)
        try:
            return _run_block(*arguments)
        finally:
            with self.lock:
                self.working -= 1


_run_block = _blocks.run_block


@pytest.fixture
def counter(monkeypatch):
    counted = Counter(wait=0.005)
    monkeypatch.setattr(_blocks, "run_block", counted.run)
    return counted


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interrupt_stops_all_work(counter, kind, threads):
    before = threading.active_count()

    def stop(done, _):
        if done >= 2 * BLOCK:
            raise kind

    with pytest.raises(kind) as error:
        fs.simulate(SCENARIO, paths=200 * BLOCK, threads=threads, progress=stop)
    assert counter.working == 0
    assert threading.active_count() == before
    assert 2 <= counter.begun <= 2 + 2 * threads
    begun = counter.begun
    time.sleep(0.05)
    assert counter.begun == begun
    del error


def test_a_failing_block_is_reported_and_stops_the_rest(monkeypatch):
    begun = []

    def fail(*arguments):
        begun.append(arguments[-2])
        if arguments[-2] == 3 * BLOCK:
            raise MemoryError("no room")
        return _run_block(*arguments)

    monkeypatch.setattr(_blocks, "run_block", fail)
    before = threading.active_count()
    with pytest.raises(MemoryError, match="no room"):
        fs.simulate(SCENARIO, paths=100 * BLOCK, threads=2)
    assert threading.active_count() == before
    assert len(begun) < 20


class Broken(ThreadPoolExecutor):
    """An executor whose third task fails, and which lets none of the later ones run."""

    def __init__(self):
        super().__init__(1)
        self.tasks = []

    def submit(self, *_, **__):
        task = Future()
        if len(self.tasks) == 2:
            task.set_exception(OSError("worker lost"))
        elif len(self.tasks) < 2:
            task.set_result(_[0]())
        self.tasks.append(task)
        return task


def test_an_error_of_an_executor_is_reported_and_the_rest_cancelled():
    seen = []
    with Broken() as executor, pytest.raises(OSError, match="worker lost"):
        fs.simulate(
            SCENARIO, paths=200 * BLOCK, executor=executor, progress=lambda *now: seen.append(now)
        )
    assert [done for done, _ in seen] == [BLOCK, 2 * BLOCK]
    assert 3 < len(executor.tasks) <= _running.AHEAD + 3
    assert all(task.cancelled() for task in executor.tasks[3:])


def test_an_executor_is_left_running():
    with ThreadPoolExecutor(2) as executor:
        fs.simulate(SCENARIO, paths=3 * BLOCK, executor=executor)
        assert executor.submit(sum, [1, 2]).result() == 3


def test_parts_of_a_forecast_do_not_need_its_executor():
    with ThreadPoolExecutor(2) as executor:
        forecast = fs.simulate(SCENARIO, paths=1000, executor=executor)
    parts = forecast.by("region")
    whole = sum(part.bookings for part in parts.values())
    np.testing.assert_array_equal(whole, forecast.bookings)


# What comes back


def test_a_forecast_can_be_pickled():
    forecast = fs.simulate(SCENARIO, paths=1000)
    again = pickle.loads(pickle.dumps(forecast))
    assert again.to_dict() == forecast.to_dict()
    assert again.record == forecast.record
    assert list(again.by("region")) == ["N", "S"]


def test_the_record_says_all_that_is_needed():
    record = fs.simulate(SCENARIO, paths=1000, seed=5).record
    assert (record.scenario, record.seed, record.paths) == (SCENARIO, 5, 1000)
    assert record.version == fs.__version__
    assert len(record.digest) == 32


def test_the_digest_follows_the_assumptions():
    digests = [
        fs.simulate(one, paths=2).record.digest
        for one in (
            SCENARIO,
            SCENARIO.replace(name="other", quota=9, booked=3),  # not in the arrays
            SCENARIO.replace(market=fs.Market(cycle_cv=0.1)),
            SCENARIO.replace(periods=fs.Periods("quarter", 3)),
            SCENARIO.replace(pipeline=fs.Pipeline()),
        )
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4
