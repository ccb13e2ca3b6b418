"""Scenarios that executors are compared on, and blocks that kill the process they run in.

Workers import this module, so it imports no more than they need.
"""

import contextlib
import os
import re
import signal
import time
from pathlib import Path

import numpy as np

import funnelsim as fs
from funnelsim._arrays import lower
from funnelsim._blocks import BLOCK, Work, run_block
from funnelsim._running import grid_of, in_order

PATHS = 5 * BLOCK + 100
SEED = 11
FATAL = 2 * BLOCK
"""First path of the block that kills."""
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has but the second, which kills, too
STAGES = ("training", "consulting", "proposal", "negotiation")


def scenario(**fields):
    deals = [
        {"id": f"d{i}", "stage": STAGES[i % 4], "amount": 900.0 + i, "age": 2.0 * i,
         "region": "NSE"[i % 3]}
        for i in range(12)
    ]  # fmt: skip
    return fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("quarter", 3),
        funnel=fs.Funnel.key_account(time=fs.Gamma(mean=25, cv=0.6)),
        pipeline=fs.Pipeline.from_deals(deals),
        market=fs.Market(
            win_rate_correlation=0.1, cycle_cv=0.3, amount_cv=0.2,
            segment_correlation={"region": 0.1},
        ),
        quota=9000,
        **fields,
    )  # fmt: skip


SCENARIOS = {
    "folded": scenario(required_pipeline=fs.RequiredPipeline(amount=800)),
    "trajectories": scenario(new_business=fs.NewBusiness([3, 2, 4], 800.0, planned=True)),
}


def plain(kind):
    """Return the forecast of a plain run."""
    return fs.simulate(SCENARIOS[kind], paths=PATHS, seed=SEED, threads=1)


def answers_of(forecast, kind):
    """Return the numbers of the paths, of parts, and of what is still needed."""
    cents = {"all": forecast.bookings} | {
        name: part.bookings for name, part in forecast.by("region").items()
    }
    found = {name: np.rint(100 * amount).astype(np.int64) for name, amount in cents.items()}
    found["wins"] = forecast.wins
    if kind == "folded":
        found["required"] = np.array([one.deals for one in forecast.required_pipeline([0.5, 0.8])])
    return found


def assert_same(forecast, other, kind):
    found, wanted = answers_of(forecast, kind), answers_of(other, kind)
    assert found.keys() == wanted.keys()
    for name, numbers in wanted.items():
        np.testing.assert_array_equal(found[name], numbers, err_msg=name)


def bookings_through(run, before, executor, paths=PATHS, threads=2):
    """Return the cents of all paths, with blocks that ``run(*before, work, seed, ...)`` does."""
    lowered = lower(SCENARIOS["folded"])
    work = Work(lowered.deals, lowered.shared, lowered.new)
    blocks = in_order(run, (*before, work, SEED), grid_of(paths, BLOCK), threads, executor)
    with contextlib.closing(blocks):
        return np.hstack([block.bookings for _, block in blocks])


def assert_killed_and_the_same(mark, cents):
    """Check that a worker was killed under way, and that nothing came of it."""
    victim = int(mark.read_text("utf-8"))
    assert victim != os.getpid()
    assert not alive(victim)
    np.testing.assert_array_equal(cents, bookings_through(run_block, (), None))


def alive(number):
    """Return whether there is a process of that number which is not a zombie."""
    state = Path(f"/proc/{number}/stat")
    if state.parent.parent.joinpath("self").exists():
        return state.exists() and state.read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(number, 0)
    except OSError:
        return False
    return True


def begun(folder):
    """Return how many blocks were begun when all is quiet."""
    before = -1
    while before < (before := len(list(folder.iterdir()))):
        time.sleep(0.4)
    return before


def shown(word):
    """Return the block of plain Python in docs/scale.md that has a word in it."""
    page = Path(__file__).parents[1].joinpath("docs", "scale.md").read_text("utf-8")
    codes = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    [code] = [code for code in codes if word in code]
    return code


def python_path():
    """Return the environment of a process that finds the tests."""
    root = str(Path(__file__).parents[1])
    return os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}


# --- blocks, as run_block with something before its arguments ---


def dies_once(mark, work, seed, first, paths):
    """Kill the process at the third block, unless the mark says that this was done."""
    if paths and first == FATAL and not Path(mark).exists():
        Path(mark).write_text(str(os.getpid()), "utf-8")
        os.kill(os.getpid(), KILL)
    return run_block(work, seed, first, paths)


def dies_once_with(_, mark, work, seed, first, paths):
    """Do so with more to be sent than it takes."""
    return dies_once(mark, work, seed, first, paths)


def dies_always(parent, work, seed, first, paths):
    """Kill the process at the third block, unless it is the parent."""
    if paths and first == FATAL and os.getpid() != parent:
        os.kill(os.getpid(), KILL)
    return run_block(work, seed, first, paths)


def marks(folder, pause, work, seed, first, paths):
    """Leave a file for each block that was begun, and take some time for it."""
    if paths:
        with (Path(folder) / str(first)).open("a", encoding="utf-8") as file:
            file.write("begun\n")
        time.sleep(pause)
    return run_block(work, seed, first, paths)


def fails(folder, work, seed, first, paths):
    """Fail at the third block."""
    if paths and first == FATAL:
        marks(folder, 0.0, work, seed, first, 1)
        raise ArithmeticError("not this block")
    return run_block(work, seed, first, paths)
