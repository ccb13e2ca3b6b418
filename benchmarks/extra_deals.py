"""New business and required pipeline: deals beside the open ones, against what is obvious.

The obvious way to a required pipeline is to simulate with more and more extra deals in the pipeline
and to halve the interval between too few and enough.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import ours
from benchmarks.work import STAGES, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from funnelsim import Scenario
    from funnelsim._blocks import Work as Block

AMOUNT = 300_000.0
CONFIDENCE = 0.8
OPEN_DEALS = 200
QUOTA = 1.3
"""Of the mean bookings of the open deals."""


@lru_cache(maxsize=4)
def block(work: Work, per_period: float, cv: float) -> Block:
    """Return what a block runs: the open deals and so many created in each period."""
    import funnelsim as fs  # noqa: PLC0415
    from funnelsim import _blocks  # noqa: PLC0415
    from funnelsim._arrays import lower  # noqa: PLC0415

    scenario = ours.scenario(work)
    if per_period:
        amount = fs.Lognormal(mean=AMOUNT, cv=cv) if cv else AMOUNT
        scenario = scenario.replace(new_business=fs.NewBusiness(per_period, amount))
    lowered = lower(scenario)
    return _blocks.Work(lowered.deals, lowered.shared, lowered.new)


def run(work: Work, paths: int, per_period: float = 0.0, cv: float = 0.0) -> np.ndarray:
    """Return the bookings (periods, paths) of one block, in cents."""
    from funnelsim._blocks import run_block  # noqa: PLC0415

    return np.asarray(run_block(block(work, per_period, cv), 1, 0, paths).bookings)


@lru_cache(maxsize=1)
def short_of_quota() -> Scenario:
    """Return open deals that do not reach the quota on most paths."""
    import funnelsim as fs  # noqa: PLC0415

    work = Work.make(OPEN_DEALS)
    return ours.scenario(work).replace(
        quota=QUOTA * float(work.expected_bookings().sum()),
        required_pipeline=fs.RequiredPipeline(amount=AMOUNT),
    )


def one_pass(paths: int, confidence: float = CONFIDENCE) -> int | None:
    """Return the required deals, by first passage."""
    import funnelsim as fs  # noqa: PLC0415

    forecast = fs.simulate(short_of_quota(), paths=paths, seed=1, threads=1)
    return forecast.required_pipeline(confidence).deals


def by_bisection(paths: int, confidence: float = CONFIDENCE) -> int:
    """Return the same, by simulating with extra deals in the pipeline."""
    few, enough = 0, 1
    while not _reached(enough, paths, confidence):
        few, enough = enough, 2 * enough
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if _reached(middle, paths, confidence) else (middle, enough)
    return enough


def _reached(extra: int, paths: int, confidence: float) -> bool:
    import funnelsim as fs  # noqa: PLC0415

    work = Work.make(OPEN_DEALS)
    table = {
        "id": [*(f"D{n}" for n in range(work.deals)), *(f"extra {n}" for n in range(extra))],
        "stage": [*(STAGES[stage] for stage in work.stage), *[STAGES[0]] * extra],
        "amount": [*work.amount.tolist(), *[AMOUNT] * extra],
        "age": [*work.age.tolist(), *[0.0] * extra],
    }
    scenario = short_of_quota().replace(pipeline=fs.Pipeline.from_frame(table))
    chance = fs.simulate(scenario, paths=paths, seed=1, threads=1).attainment_probability()
    return chance is not None and chance.value >= confidence


def check(paths: int = 8_192) -> str:
    """Compare both ways to a required pipeline; leave the program if they differ."""
    import funnelsim as fs  # noqa: PLC0415

    found = fs.simulate(short_of_quota(), paths=paths, seed=2).required_pipeline(CONFIDENCE)
    other = by_bisection(paths)
    if abs(found.deals - other) > 5.0 * found.standard_error + 1.0:
        sys.exit(f"required pipeline: {found.deals} in one pass, {other} by bisection")
    return f"Required pipeline: {found.deals} deals in one pass, {other} by bisection."


CALLS: dict[str, Callable[[int], object]] = {"one pass": one_pass, "bisection": by_bisection}
