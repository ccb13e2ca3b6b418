"""Deals that enter each stage in each period, and stand in it, against their exact means."""

import datetime as dt

import numpy as np
import pytest

import funnelsim as fs
from tests.oracles.activity_law import mean_activities
from tests.oracles.build import scenario_of
from tests.oracles.compare import Comparison, assert_agreement, estimate_from_paths
from tests.oracles.description import deals

pytestmark = pytest.mark.compiled

PATHS = 1 << 15
GAMMA = {"gamma": {"mean": 30, "cv": 0.6}}
SAME_SCALE = {"gamma": {"mean": 15, "cv": 0.6 * 2**0.5}}
SHORT = {"gamma": {"shape": 2, "scale": 10.8}}
FAST, SLOW = {"exponential": {"mean": 20}}, {"exponential": {"mean": 60}}
DICE = {"discrete": {"values": [10, 20, 30], "chances": [0.5, 0.3, 0.2]}}
THREE = [
    {"win": 0.2, "time": GAMMA, "lost": SHORT}, {"win": 0.4, "time": SAME_SCALE},
    {"win": 0.7, "time": 12, "lost": 5},
]  # fmt: skip
OPEN = deals(4) + deals(3, stage=1) + deals(2, stage=2, age=3.0, own=0.9)
WEEKS = {"clock": {"weekend": ["saturday", "sunday"]}, "as_of": dt.date(2026, 12, 31)}
BASE = {"stages": THREE, "deals": OPEN, "edges": [0, 20, 45, 90]}

CASES = {
    "open deals": {**BASE, "deals": deals(4, age=12.0) + deals(3, stage=1, age=30.0)},
    "new business beside": {**BASE, "new": {"rate": [8.0, 3.0, 5.0]}},
    "straight into the last stage": {**BASE, "new": {"rate": 6.0, "stage": 2}},
    "planned": {**BASE, "new": {"rate": [7, 0, 3], "planned": True, "stage": 1}},
    "dispersed": {**BASE, "new": {"rate": 6.0, "dispersion": 0.5}},
    "a rate that follows the market": {**BASE, "rho": 0.3, "new": {"rate": 6.0, "swing": 0.5}},
    "a rate that goes against the market": {
        **BASE, "rho": 0.3, "new": {"rate": 6.0, "swing": -0.5},
    },
    "weekends off": {**BASE, **WEEKS, "new": {"rate": 6.0}},
    "fixed times": {
        **BASE, "new": {"rate": 6.0},
        "stages": [{"win": 0.2, "time": 14, "lost": 30}, {"win": 0.4, "time": DICE},
                   {"win": 0.7, "time": 21}],
    },
    "exponential times": {
        **BASE, "new": {"rate": 6.0},
        "stages": [{"win": 0.2, "time": FAST, "lost": SLOW}, {"win": 0.4, "time": SLOW},
                   {"win": 0.7, "time": FAST}],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_mean_activities_are_exact(name):
    description = CASES[name]
    forecast = fs.simulate(scenario_of(description, name), paths=256, seed=len(name))
    work = forecast.activities(paths=PATHS)
    entering, standing = mean_activities(description)
    assert_agreement(
        _comparison(f"{what} {place}", counts[place], mean)
        for what, counts, means in [
            ("entering", work.entering, entering), ("standing", work.standing, standing),
        ]
        for place, mean in np.ndenumerate(means)
    )  # fmt: skip


def _comparison(name, counts, mean):
    """Return the comparison; what hardly ever is there is asked to be there hardly ever."""
    value, error = estimate_from_paths(counts)
    return Comparison(name, value, max(error, 1.0 / PATHS), mean)
