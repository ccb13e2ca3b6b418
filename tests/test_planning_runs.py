"""Scenarios on the same draws: each is that of `simulate`, whatever was run before it."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import funnelsim as fs
from funnelsim import _arrays
from funnelsim._remembered import Remembered
from funnelsim.errors import InputError
from funnelsim.planning import runs as module
from funnelsim.planning.runs import Runs

PATHS = 640

DEALS = fs.Pipeline.from_frame(
    {
        "id": [f"D{i}" for i in range(12)],
        "stage": ["training", "meeting", "consulting", "proposal", "negotiation", "proposal"] * 2,
        "amount": [100_000 * (1 + i % 4) for i in range(12)],
        "age": [3 * i for i in range(12)],
        "region": ["north", "south"] * 6,
    }
)
SPREAD = fs.Lognormal(mean=300_000, cv=0.6)
BASE = fs.Scenario(
    name="base",
    as_of="2026-12-31",
    periods=fs.Periods("quarter", 4),
    funnel=fs.Funnel.key_account(time=fs.Gamma(mean=30, cv=0.6)),
    pipeline=DEALS,
    quota=2_000_000,
    market=fs.Market(win_rate_correlation=0.05),
)
NEW = BASE.replace(new_business=fs.NewBusiness(8, SPREAD))


def scaled(pipeline: fs.Pipeline, numerator: int, denominator: int = 1) -> fs.Pipeline:
    amounts = tuple(round(one * numerator / denominator) for one in pipeline.amounts)
    return dataclasses.replace(pipeline, amounts=amounts)


CHANGES = {
    "base": BASE,
    "quota": BASE.replace(quota=3_000_000, name="more"),
    "booked": BASE.replace(booked=500_000),
    "quota by period": BASE.replace(quota=[1e6, 1e6, 2e6, 3e6]),
    "rho": BASE.replace(market=fs.Market(win_rate_correlation=0.2)),
    "amounts": BASE.replace(pipeline=scaled(DEALS, 11, 10)),
    "amounts that do not stay in proportion": BASE.replace(pipeline=scaled(DEALS, 1, 3)),
    "fewer deals": BASE.replace(pipeline=DEALS.where([True, False] * 6)),
    "no deals": BASE.replace(pipeline=fs.Pipeline()),
    "new business": NEW,
    "more of it": NEW.replace(new_business=fs.NewBusiness(10, SPREAD)),
    "of one amount": NEW.replace(new_business=fs.NewBusiness(10, 250_000)),
    "new business alone": NEW.replace(pipeline=fs.Pipeline()),
    "dispersed": NEW.replace(new_business=fs.NewBusiness(8, SPREAD, dispersion=0.3)),
    "planned": NEW.replace(new_business=fs.NewBusiness(2, SPREAD, planned=True)),
    "more planned": NEW.replace(new_business=fs.NewBusiness(3, SPREAD, planned=True)),
    "repeats": NEW.replace(new_business=fs.NewBusiness(8, SPREAD, repeat=fs.Repeat(0.2, 60))),
    "more repeats": NEW.replace(new_business=fs.NewBusiness(8, SPREAD, repeat=fs.Repeat(0.6, 60))),
    "later repeats": NEW.replace(new_business=fs.NewBusiness(8, SPREAD, repeat=fs.Repeat(0.2, 90))),
    "larger repeats": NEW.replace(
        new_business=fs.NewBusiness(8, SPREAD, repeat=fs.Repeat(0.2, 60, fs.Fixed(900_000)))
    ),
    "cycle": NEW.replace(market=fs.Market(cycle_cv=0.2, amount_cv=0.1)),
    "cycle and amounts": NEW.replace(
        market=fs.Market(cycle_cv=0.2, amount_cv=0.1), pipeline=scaled(DEALS, 2)
    ),
    "segments": NEW.replace(market=fs.Market(segment_correlation={"region": 0.1})),
    "times": NEW.replace(funnel=fs.Funnel.key_account(time=fs.Gamma(mean=20, cv=0.6))),
    "weekdays": NEW.replace(clock=fs.Clock(weekend=["sat", "sun"])),
    "draws": BASE.replace(market=fs.Market(win_rate_correlation=[0.01, 0.05, 0.2])),
}


def same(one: fs.Forecast, other: fs.Forecast) -> bool:
    return (
        one.record == other.record
        and np.array_equal(one.bookings, other.bookings)
        and np.array_equal(one.wins, other.wins)
        and one.sources() == other.sources()
    )


@pytest.fixture(scope="module")
def plain() -> dict[str, fs.Forecast]:
    return {name: fs.simulate(one, paths=PATHS, seed=3) for name, one in CHANGES.items()}


@pytest.mark.compiled
@pytest.mark.parametrize("order", ["as listed", "backwards", "shuffled"])
def test_each_forecast_is_that_of_simulate_whatever_came_before(plain, order):
    names = list(CHANGES) * 2
    if order == "backwards":
        names.reverse()
    elif order == "shuffled":
        names = np.random.default_rng(5).permutation(names).tolist()
    runs = Runs(paths=PATHS, seed=3)
    different = [name for name in names if not same(runs.forecast(CHANGES[name]), plain[name])]
    assert different == []


def paths_run(monkeypatch, *scenarios: fs.Scenario) -> int:
    """Return how often paths were simulated for these scenarios in a row."""
    ran = []
    real = module.run_paths
    monkeypatch.setattr(module, "run_paths", lambda *given: ran.append(1) or real(*given))
    runs = Runs(paths=PATHS)
    for one in scenarios:
        runs.forecast(one)
    return len(ran)


@pytest.mark.parametrize(
    ("changed", "times"),
    [
        (["base", "quota", "booked", "quota by period"], 1),
        (["base", "amounts"], 1),
        (["base", "amounts that do not stay in proportion"], 2),
        (["base", "new business", "more of it", "of one amount"], 4),
        (["new business", "base", "new business alone"], 3),
        (["planned", "planned"], 1),
        (["base", "rho"], 2),
    ],
)
def test_only_what_changed_is_simulated(monkeypatch, changed, times):
    assert paths_run(monkeypatch, *(CHANGES[name] for name in changed)) == times


def test_laws_of_remaining_time_are_made_once(monkeypatch):

    made = []
    real = _arrays.lower_times
    monkeypatch.setattr(_arrays, "lower_times", lambda *given: made.append(1) or real(*given))
    runs = Runs(paths=PATHS)
    for name in ("base", "rho", "amounts", "new business", "times"):
        runs.forecast(CHANGES[name])
    assert len(made) == 2


def test_large_amounts_are_scaled_to_the_cent():
    some, more = (
        BASE.replace(
            pipeline=fs.Pipeline.from_frame({"stage": ["negotiation"] * 3, "amount": [size] * 3})
        )
        for size in (2.0**40, 2.9e13)
    )
    runs = Runs(paths=PATHS)
    runs.forecast(some)
    assert same(runs.forecast(more), fs.simulate(more, paths=PATHS))


def test_progress_counts_all_scenarios():
    seen = []
    progress = lambda done, total: seen.append((done, total))  # noqa: E731
    runs = Runs(paths=PATHS, scenarios=3, progress=progress)
    for name in ("base", "quota", "new business"):
        runs.forecast(CHANGES[name])
    done = [one for one, _ in seen]
    assert done == sorted(done)
    assert seen[-1] == (3 * PATHS, 3 * PATHS)
    assert {total for _, total in seen} == {3 * PATHS}


@pytest.mark.compiled
def test_progress_never_goes_back_where_new_business_is_a_part_of_its_own():
    seen = []
    runs = Runs(paths=30_000, scenarios=2, progress=lambda done, _: seen.append(done))
    for name in ("new business", "more of it"):
        runs.forecast(CHANGES[name])
    assert len(seen) > 8
    assert seen == sorted(seen)
    assert seen[-1] == 60_000


@pytest.mark.compiled
def test_the_digest_tells_repeats_and_plans_apart():
    names = ("new business", "repeats", "more repeats", "later repeats", "larger repeats",
             "planned", "more planned")  # fmt: skip
    digests = {fs.simulate(CHANGES[name], paths=2).record.digest for name in names}
    assert len(digests) == len(names)


def test_what_is_raised_by_progress_stops_the_run():
    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Runs(paths=PATHS, progress=stop).forecast(BASE)


@pytest.mark.compiled
def test_an_executor_that_is_made_serves_all_scenarios_and_is_shut_down():
    made = []

    def pool():
        made.append(ThreadPoolExecutor(2))
        return made[-1]

    with Runs(paths=PATHS, seed=3, executor=pool) as runs:
        found = [runs.forecast(CHANGES[name]) for name in ("base", "rho", "new business")]
    plain = Runs(paths=PATHS, seed=3)
    expected = [plain.forecast(CHANGES[name]) for name in ("base", "rho", "new business")]
    assert all(same(*pair) for pair in zip(found, expected, strict=True))
    assert len(made) == 1
    with pytest.raises(RuntimeError, match="shutdown"):
        made[0].submit(print)


def test_wrong_options_are_refused():
    with pytest.raises(InputError, match="paths must be"):
        Runs(paths=1)


def test_the_last_results_are_remembered_by_their_arrays():
    kept = Remembered(most=2)
    rows = np.arange(3)
    assert kept.get((rows,), lambda: "first") == "first"
    assert kept.get((rows.copy(),), lambda: "again") == "first"
    assert kept.get((rows.astype(float),), lambda: "another type") == "another type"
    assert kept.get((rows,), lambda: "again") == "first"
    assert kept.get((rows[:2],), lambda: "shorter") == "shorter"
    assert kept.get((rows.astype(float),), lambda: "forgotten") == "forgotten"
