"""Repeat business against exact laws: its total, and what falls inside windows."""

import datetime as dt

import numpy as np
import pytest

from tests.oracles import repeats
from tests.oracles.business_checks import check_business, simulated
from tests.oracles.compare import Comparison, assert_agreement, estimate_from_paths
from tests.oracles.description import deals

pytestmark = pytest.mark.compiled

GAMMA = {"gamma": {"mean": 30, "cv": 0.6}}
SURE = [{"win": 1.0, "time": 5}]
ONE = [{"win": 0.4, "time": GAMMA}]
FIXED = [{"win": 0.5, "time": 12}]
FAR = [0, 900]
EDGES, THREE = [0, 30, 75], [0, 20, 45, 90]
AMOUNTS = {"values": [1, 2, 5], "chances": [0.5, 0.3, 0.2]}
WEEKS = {"clock": {"weekend": ["saturday", "sunday"]}, "as_of": dt.date(2026, 12, 31)}
TWO_DELAYS = {"discrete": {"values": [15, 40], "chances": [0.7, 0.3]}}


def only(mean, delay, **fields):
    """Return new business that is nothing but repeats."""
    return {"rate": 0.0, "repeat": {"mean": mean, "delay": delay, **fields}}


CASES = {
    "three wins without limit": {
        "stages": SURE, "deals": deals(3), "edges": FAR, "quota": 4, "new": only(0.3, 10),
    },
    "open deals without limit": {
        "stages": FIXED, "deals": deals(8, units=2), "edges": FAR, "quota": 11,
        "new": only(0.4, 10, units=1),
    },
    "Poisson wins without limit": {
        "stages": SURE, "deals": [], "edges": [0, 20, 900], "quota": [2, 3],
        "new": {"rate": [4.0, 0.0], "repeat": {"mean": 0.3, "delay": 10}},
    },
    "one generation inside the horizon": {
        "stages": SURE, "deals": deals(4), "edges": [0, 10, 40], "quota": [4, 3],
        "new": only(0.7, 20),
    },
    "several generations inside windows": {
        "stages": ONE, "deals": deals(6, age=15.0), "edges": THREE, "quota": [1, 2, 5],
        "new": only(0.8, 11),
    },
    "a delay longer than the horizon": {
        "stages": ONE, "deals": deals(6), "edges": EDGES, "quota": [1, 1], "new": only(0.8, 80),
    },
    "a delay of two values": {
        "stages": ONE, "deals": deals(6), "edges": EDGES, "quota": [1, 3],
        "new": {"rate": 4.0, "repeat": {"mean": 0.5, "delay": TWO_DELAYS}},
    },
    "amounts of their own": {
        "stages": ONE, "deals": deals(4, units=7), "edges": EDGES, "quota": [5, 20], "lattice": 512,
        "new": {"rate": 5.0, "units": 3, "repeat": {"mean": 0.6, "delay": 14, "units": AMOUNTS}},
    },
    "new business of several amounts": {
        "stages": ONE, "deals": [], "edges": THREE, "quota": [1, 4, 10],
        "new": {"rate": 6.0, "units": AMOUNTS, "repeat": {"mean": 0.5, "delay": 14}},
    },
    "dispersed": {
        "stages": ONE, "deals": [], "edges": THREE, "quota": [1, 2, 5], "lattice": 512,
        "new": {"rate": 6.0, "dispersion": 0.5, "repeat": {"mean": 0.5, "delay": 14}},
    },
    "planned": {
        "stages": FIXED, "deals": deals(3), "edges": THREE, "quota": [3, 4, 9],
        "new": {"rate": [4, 3, 5], "planned": True, "repeat": {"mean": 0.5, "delay": 14}},
    },
    "in a market that moves the rate": {
        "stages": ONE, "deals": deals(6), "edges": EDGES, "quota": [2, 4], "rho": 0.2,
        "new": {"rate": 6.0, "swing": 0.3, "repeat": {"mean": 0.5, "delay": 14}}, "lattice": 512,
    },
    "the cycle factor moves no delay": {
        "stages": FIXED, "deals": deals(5), "edges": EDGES, "quota": [3, 6], "cycle_cv": 0.4,
        "new": {"rate": 5.0, "repeat": {"mean": 0.6, "delay": 25}}, "lattice": 128,
    },
    "the amount factor moves repeats, too": {
        "stages": FIXED, "deals": deals(5), "edges": EDGES, "quota": [3, 6], "amount_cv": 0.4,
        "new": {"rate": 5.0, "repeat": {"mean": 0.6, "delay": 25}},
    },
    "delays on a clock": {
        "stages": ONE, "deals": deals(5), "edges": EDGES, "quota": [1, 3], **WEEKS,
        "new": {"rate": 5.0, "repeat": {"mean": 0.6, "delay": 17.5}},
    },
    "after a close date": {
        "stages": ONE, "deals": deals(5, close=20, own=0.6), "edges": [0, 30, 39, 75],
        "quota": [3, 1, 2], "new": only(0.7, 19.5),
    },
    "draws of rate and conversion": {
        "stages": [{"conversion": (0.2, 0.6), "time": GAMMA}], "deals": deals(5), "edges": EDGES,
        "quota": [1, 3],
        "new": {"rate": 5.0, "factor": (0.5, 1.5), "repeat": {"mean": 0.5, "delay": 20}},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_repeats_are_exact(name):
    check_business(name, CASES[name])


@pytest.mark.parametrize(
    ("name", "pmf"),
    [("three wins without limit", repeats.borel_tanner_pmf(3, 0.3, 80)),
     ("Poisson wins without limit", repeats.generalised_poisson_pmf(4.0, 0.3, 80))],
    ids=["Borel and Tanner", "generalised Poisson"],
)  # fmt: skip
def test_the_total_has_the_law_known_for_it(name, pmf):
    wins = simulated(name, CASES[name]).wins.sum(axis=1)
    telling = [count for count, chance in enumerate(pmf) if chance > 0.005]
    assert len(telling) >= 8
    assert_agreement(
        Comparison(f"{count} wins", *estimate_from_paths(wins == count), pmf[count])
        for count in telling
    )


MEMORYLESS = {"mean": 0.6, "delay": {"exponential": {"mean": 25}}}


def test_delays_without_memory_inside_windows():
    """Open deals won on day 5, and what is created over 30 days and won 5 days later."""
    description = {
        "stages": SURE, "deals": deals(2), "edges": EDGES,
        "new": {"rate": [3.0, 0.0], "repeat": MEMORYLESS},
    }  # fmt: skip
    days = 5.0 + (np.arange(30_000) + 0.5) / 1000.0
    by = [_worth(2.0, np.array([5.0]), end) + _worth(3.0, days, end) for end in EDGES]
    wins = simulated("memoryless", description).wins
    assert_agreement(
        Comparison(f"mean wins {period}", *estimate_from_paths(wins[:, period]), mean)
        for period, mean in enumerate(np.diff(by))
    )


def _worth(number, days, end):
    """Return the mean of all wins by a day that come of wins on these days, averaged over them."""
    left = end - days
    return number * np.mean(np.where(left < 0.0, 0.0, repeats.mean_within(0.6, 25.0, left)))
