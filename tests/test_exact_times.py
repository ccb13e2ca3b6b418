"""When deals are won: ages, sums of times inside windows, several periods at once."""

import datetime as dt

import pytest

from tests.oracles.checking import check
from tests.oracles.description import deals

pytestmark = pytest.mark.compiled

GAMMA = {"gamma": {"mean": 30, "cv": 0.6}}
OTHER_GAMMA = {"gamma": {"shape": 3, "scale": 10.8}}  # the scale of the first
LOGNORMAL = {"lognormal": {"median": 25, "sigma": 0.7}}
FAST, SLOW = {"exponential": {"mean": 20}}, {"exponential": {"mean": 60}}
DICE = {"discrete": {"values": [10, 20, 30], "chances": [0.5, 0.3, 0.2]}}
AGES = [{"age": age} for age in (0.0, 5.0, 12.5, 30.0, 55.0, 80.0, 120.0)]


def one_stage(time, **fields):
    return [{"win": 0.4, "time": time, **fields}]


CASES = {
    # sums of times inside windows
    "one exponential": {
        "stages": one_stage(FAST), "deals": deals(12), "edges": [0, 10, 20, 45], "quota": [1, 1, 2],
    },
    "three distinct exponentials": {
        "stages": [{"win": 0.4, "time": FAST}, {"win": 0.6, "time": SLOW},
                   {"win": 0.9, "time": {"exponential": {"mean": 7}}}],
        "deals": deals(10) + deals(5, stage=1) + deals(3, stage=2), "edges": [0, 30, 90],
        "quota": [3, 4],
    },
    "equal exponentials": {
        "stages": [{"win": 0.4, "time": FAST}] * 4, "deals": deals(15), "edges": [0, 50, 80],
        "quota": [2, 2],
    },
    "gammas of one scale": {
        "stages": [{"win": 0.5, "time": GAMMA}, {"win": 0.8, "time": OTHER_GAMMA}],
        "deals": deals(9) + deals(5, stage=1, units=2), "edges": [0, 40, 70], "quota": [6, 4],
    },
    "key-account preset with gammas": {
        "stages": [{"win": w, "time": GAMMA} for w in (0.1, 0.2, 0.45, 0.5, 0.8)],
        "preset": "key-account", "edges": [0, 60, 120, 180], "quota": [3, 2, 1],
        "deals": [{"stage": number % 5, "age": 11.0 * (number % 5)} for number in range(15)],
    },
    "lognormal and gamma": {
        "stages": [{"win": 0.5, "time": LOGNORMAL}, {"win": 0.8, "time": GAMMA}],
        "deals": deals(10), "edges": [0, 45, 75], "quota": [2, 2],
    },
    "weibull after a fixed time": {
        "stages": [{"win": 0.5, "time": 14}, {"win": 0.7, "time": {"weibull": {"shape": 0.8,
                   "scale": 30}}}],
        "deals": deals(8) + deals(4, stage=1), "edges": [0, 14, 28, 56], "quota": [1, 1, 2],
    },
    "pert": {
        "stages": one_stage({"pert": {"low": 5, "mode": 20, "high": 90}}),
        "deals": deals(10) + deals(3, age=30.0), "edges": [0, 20, 40], "quota": [2, 2],
    },
    "pareto": {
        "stages": one_stage({"pareto": {"alpha": 1.161, "low": 10}}),
        "deals": deals(10) + deals(4, age=40.0), "edges": [0, 12, 60], "quota": [1, 3],
    },
    "quantiles that a planner believes in": {
        "stages": one_stage({"quantiles": {"0.1": 10, "0.5": 30, "0.9": 80}}),
        "deals": deals(10) + deals(4, age=35.0), "edges": [0, 15, 60], "quota": [2, 3],
    },
    "sample": {
        "stages": one_stage({"sample": [3, 9, 9, 27, 81]}), "deals": deals(10) + deals(3, age=9.0),
        "edges": [0, 9, 50], "quota": [3, 2],
    },
    "discrete times": {
        "stages": [{"win": 0.5, "time": DICE}, {"win": 0.8, "time": DICE}],
        "deals": deals(8) + deals(5, stage=1), "edges": [0, 20, 30, 50], "quota": [3, 2, 1],
    },
    "discrete times at an age": {
        "stages": [{"win": 0.5, "time": DICE, "lost": SLOW}, {"win": 0.8, "time": GAMMA}],
        "deals": deals(6, age=10.0) + deals(4, age=20.5), "edges": [0, 30, 60], "quota": [2, 2],
    },
    # a window is (lo, hi]
    "day hi belongs to the window": {
        "stages": one_stage(30), "deals": deals(9), "edges": [0, 30, 60], "quota": [4, 1],
    },
    "the day after hi does not": {
        "stages": one_stage(31), "deals": deals(9), "edges": [0, 30, 60], "quota": [1, 4],
    },
    "an age brings a deal to the end of the window": {
        "stages": [{"win": 0.4, "time": 30}, {"win": 0.8, "time": 12}],
        "deals": deals(6, age=12.0) + deals(5, age=11.0), "edges": [0, 30, 60], "quota": [3, 2],
    },
    "fractional edges": {
        "stages": [{"win": 0.4, "time": 7.5}, {"win": 0.8, "time": 15}],
        "deals": deals(6) + deals(5, age=0.25), "edges": [0, 22.25, 22.5, 40.75],
        "quota": [2, 2, 1],
    },
    "tenths of a day add up": {
        "stages": [{"win": 0.4, "time": 0.1}, {"win": 0.5, "time": 0.2}],
        "deals": deals(8) + deals(4, stage=1), "edges": [0, 0.2, 0.3, 1], "quota": [2, 3, 1],
    },
    "discrete times in tenths, at an age": {
        "stages": [{"win": 0.4, "time": {"discrete": {"values": [10.3, 20.7],
                                                      "chances": [0.5, 0.5]}}}],
        "deals": deals(5, age=0.3) + deals(5, age=10.3), "edges": [0, 10.0, 10.4, 20.4],
        "quota": [1, 1, 1],
    },
    "no time at all in a later stage": {
        "stages": [{"win": 0.4, "time": GAMMA}, {"win": 0.5, "time": 0}],
        "deals": deals(10) + deals(4, stage=1), "edges": [0, 10, 40], "quota": [2, 1],
    },
    "a fixed time beyond the horizon": {
        "stages": [{"win": 0.6, "time": 50}], "deals": deals(5) + deals(8, age=10.0),
        "edges": [0, 20, 40], "quota": [1, 5],
    },
    "one day in many": {
        "stages": one_stage({"gamma": {"mean": 4, "cv": 1.0}}), "deals": deals(30),
        "edges": list(range(11)), "quota": [2] * 2 + [1] * 8,
    },
    # age tells
    "age with one time tells nothing": {
        "stages": one_stage(GAMMA), "deals": AGES * 2, "edges": [0, 20, 50], "quota": [3, 2],
    },
    "wins are quick, losses slow": {
        "stages": one_stage(GAMMA, lost={"gamma": {"mean": 60, "cv": 0.8}}), "deals": AGES * 3,
        "edges": [0, 15, 60], "quota": [2, 2],
    },
    "losses are quick, wins slow": {
        "stages": one_stage(LOGNORMAL, lost={"gamma": {"mean": 12, "cv": 0.5}}), "deals": AGES,
        "edges": [0, 15, 60], "quota": [1, 2],
    },
    "exponentials at an age": {
        "stages": [{"win": 0.3, "time": FAST, "lost": SLOW}, {"win": 0.7, "time": SLOW,
                   "lost": FAST}],
        "deals": AGES + deals(5, stage=1, age=33.0), "edges": [0, 30, 100], "quota": [2, 3],
    },
    "very old deals keep their resolution": {
        "stages": [{"win": 0.4, "time": FAST, "lost": {"exponential": {"mean": 21}}},
                   {"win": 0.8, "time": GAMMA}],
        "deals": deals(8, age=300.0) + deals(4, stage=1, age=250.0), "edges": [0, 40, 70],
        "quota": [2, 1],
    },
    "older than both times: keeps its conversion, goes on at once": {
        "stages": [{"win": 0.4, "time": 30, "lost": 40}, {"win": 0.8, "time": GAMMA}],
        "deals": deals(8, age=100.0), "edges": [0, 25, 60], "quota": [1, 2],
    },
    "older than both times in the last stage: won in the first period, or not at all": {
        "stages": [{"win": 0.4, "time": GAMMA}, {"win": 0.7, "time": 20}],
        "deals": deals(6, stage=1, age=20.0) + deals(4, stage=1, age=5.0), "edges": [0, 1, 30],
        "quota": [4, 3],
    },
    "too old to be won": {
        "stages": one_stage(30, lost=GAMMA), "deals": deals(5, age=30.0) + deals(8, age=3.0),
        "edges": [0, 20, 40], "quota": [1, 2],
    },
    "too old to be lost": {
        "stages": one_stage(GAMMA, lost=10), "deals": deals(5, age=10.0) + deals(8, age=3.0),
        "edges": [0, 20, 40], "quota": [3, 2],
    },
    "conversion of 1 at an age": {
        "stages": [{"win": 0.5, "time": GAMMA, "lost": FAST}, {"win": 0.5, "time": LOGNORMAL},
                   {"win": 0.9, "time": 3, "lost": SLOW}],
        "deals": deals(5, stage=1, age=60.0) + deals(5, age=20.0) + deals(3, stage=2, age=1.0),
        "edges": [0, 30, 60], "quota": [4, 2],
    },
    "own win probability: age moves when, not whether": {
        "stages": one_stage(GAMMA, lost=SLOW), "deals": deals(10, own=0.7, age=50.0) + deals(5),
        "edges": [0, 10, 40], "quota": [3, 4],
    },
    # several periods jointly
    "every period, exponentials": {
        "stages": one_stage(FAST), "deals": deals(6, units=2), "edges": [0, 10, 30, 60],
        "quota": [1, 1, 1], "joint": True,
    },
    "every period, unequal amounts": {
        "stages": [{"win": 0.6, "time": GAMMA}, {"win": 0.8, "time": 10}],
        "deals": [{"units": u, "stage": u % 2, "age": 3.0 * u} for u in (1, 2, 3, 4, 5, 6)],
        "edges": [0, 25, 50], "quota": [3, 2], "joint": True,
    },
    "every period, with booked to date": {
        "stages": one_stage(DICE), "deals": deals(5), "edges": [0, 10, 20, 30],
        "quota": [3, 1, 1], "booked": 2, "joint": True,
    },
    "booked above the first quota alone": {
        "stages": one_stage(GAMMA), "deals": deals(6), "edges": [0, 20, 60], "quota": [2, 1],
        "booked": 5, "joint": True,
    },
    # close dates
    "close dates": {
        "stages": one_stage(GAMMA, lost=SLOW), "edges": [0, 30, 60], "quota": [2, 2],
        "deals": deals(4, close=30, age=9.0) + deals(4, close=31, age=40.0) + deals(3, close=61),
        "joint": True,
    },
    "close dates with own win probability": {
        "stages": one_stage(GAMMA), "edges": [0, 10.5, 60], "quota": [4, 3],
        "deals": deals(5, close=10, own=0.8) + deals(5, close=11, own=0.3) + deals(4, age=30.0),
    },
    "a close date in the past is ignored": {
        "stages": one_stage(GAMMA), "deals": deals(9, close=-20), "edges": [0, 20, 60],
        "quota": [1, 2],
    },
    # calendars
    "calendar months": {
        "stages": [{"win": 0.5, "time": DICE}, {"win": 0.8, "time": GAMMA}],
        "deals": deals(8, age=3.0) + deals(6, stage=1, age=10.0), "quota": [2, 2, 1],
        "calendar": ["month", 3], "edges": [0, 31, 59, 90],
    },
    "the rest of a quarter, then fiscal quarters": {
        "stages": one_stage({"gamma": {"mean": 80, "cv": 0.6}}), "deals": deals(10),
        "quota": [2, 2],
        "as_of": dt.date(2027, 1, 10), "calendar": ["quarter", 2], "edges": [0, 80, 171],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_times_and_windows_are_exact(name):
    check(name, CASES[name])
