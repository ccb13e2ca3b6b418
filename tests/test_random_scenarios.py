"""Scenarios drawn at random, with everything in them at once, against the plain simulator."""

import math
from itertools import pairwise

import numpy as np
import pytest

import funnelsim as fs
from tests.oracles import independent
from tests.oracles.build import scenario_of
from tests.oracles.compare import Comparison, assert_agreement, estimate_from_paths

pytestmark = pytest.mark.compiled

PATHS = 1 << 15
SCENARIOS = 16


def _time(rng):
    mean, cv = float(rng.uniform(5, 40)), float(rng.uniform(0.3, 1.2))
    families = [
        float(rng.integers(1, 40)),
        {"exponential": {"mean": mean}},
        {"gamma": {"mean": mean, "cv": cv}},
        {"lognormal": {"mean": mean, "cv": cv}},
        {"weibull": {"shape": 1.0 / cv, "scale": mean}},
        {"pert": {"low": 0.2 * mean, "mode": mean, "high": 4.0 * mean}},
        {"quantiles": {"0.1": 0.3 * mean, "0.5": mean, "0.9": 2.5 * mean}},
        {"discrete": {"values": [5, 17, 50], "chances": [0.3, 0.5, 0.2]}},
    ]
    return families[rng.integers(len(families))]


def _stage(rng, draws):
    chances = rng.uniform(0.3, 1.0, draws)
    stage = {"conversion": tuple(chances.tolist()) if draws > 1 else float(chances[0])}
    stage["time"] = _time(rng)
    if rng.random() < 0.6:
        stage["lost"] = _time(rng)
    return stage


def _deal(rng, stages):
    deal = {
        "stage": int(rng.integers(stages)),
        "units": int(rng.integers(1, 9)),
        "age": float(rng.choice([0.0, rng.uniform(0, 30), rng.uniform(0, 90)])),
        "region": str(rng.choice(["north", "south", "west"])),
        "product": str(rng.choice(["one", "two"])),
    }
    if rng.random() < 0.2:
        deal["own"] = float(rng.choice([0.05, 0.5, 1.0]))
    if rng.random() < 0.2:
        deal["close"] = int(rng.integers(1, 120))
    return deal


def _description(seed):
    rng = np.random.default_rng([seed, 20270101])
    stages = int(rng.integers(1, 6))
    draws = int(rng.choice([1, 4]))
    return {
        "stages": [_stage(rng, draws) for _ in range(stages)],
        "deals": [_deal(rng, stages) for _ in range(int(rng.integers(3, 25)))],
        "edges": [0, *np.cumsum(rng.uniform(5, 40, rng.integers(1, 5))).tolist()],
        "quota": 1,
        "rho": float(rng.choice([0.0, 0.1, 0.5])),
        "segments": {"region": float(rng.uniform(0, 0.2)), "product": float(rng.uniform(0, 0.2))},
        "cycle_cv": float(rng.choice([0.0, 0.4])),
        "amount_cv": float(rng.choice([0.0, 0.3])),
    }


def _answers(bookings, wins):
    """Return {name: values by path} for moments in each period, and of pairs of periods."""
    found = {"wins squared": wins.sum(axis=1) ** 2, "bookings squared": bookings.sum(axis=1) ** 2}
    for period, (booked, won) in enumerate(zip(bookings.T, wins.T, strict=True)):
        found |= {f"bookings {period}": booked, f"wins {period}": won, f"any {period}": won > 0}
    for period, (one, next_one) in enumerate(pairwise(bookings.T)):
        found[f"bookings {period} times the next"] = one * next_one
    return {name: estimate_from_paths(values) for name, values in found.items()}


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_a_random_scenario_agrees_with_the_plain_simulator(seed):
    description = _description(seed)
    forecast = fs.simulate(scenario_of(description, f"random {seed}"), paths=PATHS, seed=seed)
    ours = _answers(forecast.bookings / 1000.0, forecast.wins)
    plain = _answers(*independent.simulate(description, PATHS, seed=seed))
    assert_agreement(
        Comparison(name, value, math.hypot(error, plain[name][1]), plain[name][0])
        for name, (value, error) in ours.items()
        if plain[name][0] == 0.0 or plain[name][1] < 0.1 * abs(plain[name][0])
    )
