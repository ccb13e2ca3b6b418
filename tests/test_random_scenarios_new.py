"""Random scenarios with new business, repeats and activities, against the plain simulator."""

import datetime as dt
import math
from itertools import pairwise

import numpy as np
import pytest

import funnelsim as fs
from tests.oracles import futures
from tests.oracles.build import scenario_of
from tests.oracles.compare import Comparison, assert_agreement, estimate_from_paths
from tests.test_random_scenarios import _deal, _stage

pytestmark = pytest.mark.compiled

PATHS = 1 << 15
ACTIVE_PATHS = 1 << 13
SCENARIOS = 16
CLOCK = {"weekend": ["saturday", "sunday"], "season": [1, 2, 1] * 4}


def _units(rng):
    amounts = {"values": [1, 3, 8], "chances": [0.6, 0.3, 0.1]}
    return [2, amounts, None][rng.choice(3, p=[0.4, 0.5, 0.1])]


def _repeat(rng):
    delay = [
        float(rng.integers(5, 40)),
        {"exponential": {"mean": float(rng.uniform(10, 60))}},
        {"gamma": {"mean": float(rng.uniform(10, 60)), "cv": 0.5}},
    ]
    repeat = {"mean": float(rng.uniform(0.1, 0.8)), "delay": delay[rng.integers(3)]}
    return repeat | ({"units": 2} if rng.random() < 0.5 else {})


def _new(rng, stages, periods, draws):
    new = {"stage": int(rng.integers(stages)), "units": _units(rng)}
    if rng.random() < 0.25:
        new |= {"planned": True, "rate": rng.integers(0, 6, periods).tolist()}
    else:
        new["rate"] = rng.uniform(0.0, 6.0, periods).round(2).tolist()
        new["dispersion"] = float(rng.choice([0.0, 0.5]))
        new["swing"] = float(rng.choice([0.0, 0.4, -0.4]))
        new["growth"] = float(rng.choice([0.0, 1.0, -0.5]))
        if rng.random() < 0.5:
            new["season"] = rng.uniform(0.5, 2.0, 12).tolist()
        if draws > 1:
            new["factor"] = tuple(rng.uniform(0.5, 1.5, draws).tolist())
    if rng.random() < 0.5:
        new["repeat"] = _repeat(rng)
    return new


def _description(seed):
    rng = np.random.default_rng([seed, 20270401])
    stages, draws = int(rng.integers(1, 6)), int(rng.choice([1, 4]))
    edges = [0, *np.cumsum(rng.uniform(5, 40, rng.integers(1, 5))).tolist()]
    return {
        "stages": [_stage(rng, draws) for _ in range(stages)],
        "deals": [_deal(rng, stages) for _ in range(int(rng.integers(1, 8)))],
        "edges": edges,
        "as_of": dt.date(2026, 12, 31) + dt.timedelta(days=int(rng.integers(365))),
        "quota": 1,
        "rho": float(rng.choice([0.0, 0.1, 0.5])),
        "segments": {"region": float(rng.uniform(0, 0.2))},
        "cycle_cv": float(rng.choice([0.0, 0.4])),
        "amount_cv": float(rng.choice([0.0, 0.3])),
        "new": _new(rng, stages, len(edges) - 1, draws),
        **({"clock": CLOCK} if rng.random() < 0.4 else {}),
    }


def _far(description):
    """Return the description over some two and a half years, with another market in each."""
    days = [9.0 * edge * 100.0 / description["edges"][-1] for edge in description["edges"]]
    new = {**description["new"], "dispersion": 0.0}
    return {**description, "edges": days, "persistence": 0.4, "new": new}


def _answers(bookings, fresh, wins):
    """Return {name: (value, error)} for means, squares and products of the results by path."""
    found = {"wins squared": wins.sum(axis=1) ** 2.0, "bookings squared": bookings.sum(axis=1) ** 2}
    found |= {"new": fresh, "open times new": fresh * (bookings.sum(axis=1) - fresh)}
    for period, (booked, won) in enumerate(zip(bookings.T, wins.T, strict=True)):
        found |= {f"bookings {period}": booked, f"wins {period}": won, f"any {period}": won > 0}
    for period, (one, next_one) in enumerate(pairwise(wins.T)):
        found[f"wins {period} times the next"] = 1.0 * one * next_one
    return {name: estimate_from_paths(values) for name, values in found.items()}


def _activities(entering, standing):
    """Return {name: (value, error)} of arrays of (paths, stages, periods)."""
    found = {"load squared": entering.sum(axis=(1, 2)) ** 2.0}
    for what, counts in (("entering", entering), ("standing", standing)):
        for place in np.ndindex(counts.shape[1:]):
            found[f"{what} {place}"] = counts[:, *place]
    return {name: estimate_from_paths(values) for name, values in found.items()}


def _agree(ours, plain):
    assert_agreement(
        Comparison(name, value, math.hypot(error, plain[name][1]), plain[name][0])
        for name, (value, error) in ours.items()
        if plain[name][0] == 0.0 or plain[name][1] < 0.1 * abs(plain[name][0])
    )


def _at(seed):
    description = _description(seed)
    return _far(description) if seed % 4 == 3 else description


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_a_random_scenario_agrees_with_the_plain_simulator(seed):
    description = _at(seed)
    forecast = fs.simulate(scenario_of(description, f"random {seed}"), paths=PATHS, seed=seed)
    ours = _answers(forecast.bookings / 1000.0, forecast._fresh / 1e5, forecast.wins)
    plain = futures.simulate(description, PATHS, seed=seed)
    fresh = plain.fresh_bookings
    _agree(ours, _answers(plain.standing_bookings + fresh, fresh.sum(axis=1), plain.wins))


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_activities_of_a_random_scenario_agree_with_the_plain_simulator(seed):
    """Close dates are left out: they say when a deal is won, not when it is in which stage."""
    description = _at(seed + SCENARIOS)
    for deal in description["deals"]:
        deal.pop("close", None)
    forecast = fs.simulate(scenario_of(description, f"random {seed}"), paths=256, seed=seed)
    work = forecast.activities(paths=ACTIVE_PATHS)
    by_path = (np.moveaxis(counts, 2, 0) for counts in (work.entering, work.standing))
    plain = futures.simulate(description, ACTIVE_PATHS, seed=seed)
    _agree(_activities(*by_path), _activities(plain.entering, plain.waiting))
