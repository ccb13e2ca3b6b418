"""What deals share: market, segments, cycle and amount factors, uncertain parameters."""

import pytest

from tests.oracles.checking import check
from tests.oracles.description import deals

pytestmark = pytest.mark.compiled

GAMMA = {"gamma": {"mean": 30, "cv": 0.6}}
SAME_SCALE = {"gamma": {"shape": 2, "scale": 10.8}}
LOGNORMAL = {"lognormal": {"median": 25, "sigma": 0.7}}
QUICK = {"exponential": {"mean": 3}}
FAR = [0, 4000]
TWENTY = {"stages": [{"win": 0.3, "time": QUICK}], "deals": deals(20), "edges": FAR}
TWO_STAGES = [{"win": 0.3, "time": GAMMA}, {"win": 0.6, "time": {"gamma": {"mean": 15, "cv": 0.6}}}]
IN_TIME = {
    "stages": TWO_STAGES, "edges": [0, 30, 60],
    "deals": deals(8, age=10.0) + deals(4, stage=1, units=2),
}  # fmt: skip
FEW = {
    "stages": [{"win": 0.5, "time": GAMMA}], "deals": deals(3, age=20.0) + deals(3, units=2),
    "edges": [0, 20, 50], "quota": [1, 2], "joint": True,
}  # fmt: skip
REGIONS = ("north", "south", "west")
BY_REGION = [
    {"region": REGIONS[number % 3], "product": "one", "units": 1 + number % 2}
    for number in range(18)
]
FIXED = [{"win": 0.5, "time": 20}, {"win": 0.7, "time": 25}]

CASES = {
    # market factor
    **{
        f"market at rho {rho}": {**TWENTY, "quota": quota, "rho": rho}
        for rho, quota in [(0.01, 8), (0.05, 9), (0.10, 3), (0.3, 10), (0.6, 12), (0.95, 1)]
    },
    "market, sixty meetings": {
        "stages": [{"win": 0.1, "time": QUICK}], "deals": deals(60), "edges": FAR, "quota": 10,
        "rho": 0.05,
    },
    "market, unequal chances and amounts": {
        "stages": [{"win": w, "time": QUICK} for w in (0.05, 0.3, 0.9)], "edges": FAR, "quota": 30,
        "deals": [{"stage": n % 3, "units": 1 + n % 5} for n in range(25)], "rho": 0.15,
    },
    "market in several windows": {**IN_TIME, "quota": [2, 3], "rho": 0.2},
    "market, every period": {**FEW, "rho": 0.4},
    "market leaves certain deals alone": {
        "stages": [{"conversion": 0.3, "time": QUICK}, {"conversion": 1.0, "time": QUICK}],
        "deals": deals(10) + deals(2, stage=1) + deals(2, own=1.0), "edges": FAR, "quota": 8,
        "rho": 0.5,
    },
    "market moves own win probabilities": {
        **TWENTY, "deals": deals(10, own=0.7) + deals(10), "quota": 12, "rho": 0.25,
    },
    "market moves what age has told": {
        "stages": [{"win": 0.4, "time": GAMMA, "lost": {"gamma": {"mean": 70, "cv": 1.0}}}],
        "deals": [{"age": 7.0 * number} for number in range(12)], "edges": [0, 30, 90],
        "quota": [1, 2], "rho": 0.3,
    },
    "market and close dates": {
        **FEW, "deals": deals(3, close=20) + deals(3, close=21, own=0.4), "rho": 0.3,
    },
    # the same, said as a swing of the win rate
    **{
        f"win rate swings by {100 * swing:g} points": {
            "stages": [{"win": 0.1, "time": QUICK}, {"win": 0.5, "time": QUICK}], "swing": swing,
            "deals": deals(30) + deals(5, stage=1), "edges": FAR, "quota": 8,
        }
        for swing in (0.025, 0.058, 0.2)
    },
    # segments
    "segments with a factor beside the common one": {
        **TWENTY, "deals": BY_REGION, "quota": 12, "rho": 0.05, "segments": {"region": 0.05},
    },
    "segments alone": {**TWENTY, "deals": BY_REGION, "quota": 12, "segments": {"region": 0.3}},
    "strong factors, common and of segments": {
        **TWENTY, "deals": BY_REGION, "quota": 15, "rho": 0.3, "segments": {"region": 0.6},
    },
    "one segment holds all deals": {
        **TWENTY, "deals": BY_REGION, "quota": 14, "rho": 0.1, "segments": {"product": 0.2},
    },
    "two columns of segments": {
        **TWENTY, "deals": BY_REGION, "quota": 14, "rho": 0.1,
        "segments": {"product": 0.15, "region": 0.25},
    },
    "segments in several windows, every period": {
        **FEW, "deals": [{"region": REGIONS[n % 2], "age": 5.0 * n} for n in range(6)],
        "quota": [1, 1], "rho": 0.1, "segments": {"region": 0.4},
    },
    # cycle factor
    **{
        f"cycle factor of cv {cv}": {
            "stages": [{"win": 0.4, "time": GAMMA}, {"win": 0.7, "time": SAME_SCALE}],
            "deals": deals(8) + deals(6, stage=1, age=15.0), "edges": [0, 20, 60],
            "quota": [2, 3], "cycle_cv": cv,
        }
        for cv in (0.1, 0.3, 1.2)
    },
    "cycle factor on residual and later times": {**IN_TIME, "quota": [3, 2], "cycle_cv": 0.6},
    "cycle factor, fixed times": {
        "stages": FIXED, "deals": deals(6, age=5.0) + deals(5, stage=1, age=8.0),
        "edges": [0, 17, 40, 60], "quota": [2, 2, 1], "cycle_cv": 0.3,
    },
    "cycle factor, every period": {**FEW, "cycle_cv": 0.5},
    "cycle factor leaves close dates alone": {
        **FEW, "deals": deals(3, close=20) + deals(3, age=12.0), "cycle_cv": 0.6,
    },
    "cycle factor does not move what age has told": {
        "stages": [{"win": 0.4, "time": GAMMA, "lost": LOGNORMAL}],
        "deals": deals(10, age=40.0), "edges": [0, 15, 30], "quota": [1, 2], "cycle_cv": 0.8,
    },
    "cycle and market factors": {**FEW, "cycle_cv": 0.5, "rho": 0.3},
    # amount factor
    **{
        f"amount factor of cv {cv}": {**TWENTY, "quota": 7, "amount_cv": cv}
        for cv in (0.05, 0.3, 1.0)
    },
    "amount factor moves no booked to date": {
        **TWENTY, "quota": 9, "booked": 4, "amount_cv": 0.5,
    },
    "amount factor, every period": {**FEW, "amount_cv": 0.4},
    "amount and market factors in several windows": {
        **IN_TIME, "quota": [2, 3], "rho": 0.2, "amount_cv": 0.3,
    },
    "all factors at once": {**FEW, "rho": 0.3, "cycle_cv": 0.4, "amount_cv": 0.3, "booked": 1},
    # draws
    "draws of a conversion": {
        **TWENTY, "stages": [{"conversion": (0.1, 0.2, 0.35, 0.6), "time": QUICK}], "quota": 8,
    },
    "draws of two conversions belong together": {
        "stages": [{"conversion": (0.2, 0.5, 0.9), "time": QUICK},
                   {"conversion": (0.3, 0.6, 0.9), "time": QUICK}],
        "deals": deals(10) + deals(5, stage=1), "edges": FAR, "quota": 7,
    },
    "draws that reach a conversion of 1": {
        "stages": [{"conversion": (1.0, 0.3), "time": QUICK}, {"conversion": 0.5, "time": QUICK}],
        "deals": deals(12), "edges": FAR, "quota": 5, "rho": 0.1,
    },
    "draws of a time": {
        **IN_TIME, "quota": [4, 2],
        "stages": [{"win": 0.4, "time": {"gamma": {"mean": (15, 30, 60), "cv": 0.6}}},
                   {"win": 0.7, "time": 10}],
    },
    "draws of times tell by age": {
        "stages": [{"win": 0.4, "time": {"exponential": {"mean": (10, 40)}},
                    "lost": {"exponential": {"mean": (30, 20)}}}],
        "deals": deals(10, age=18.0), "edges": [0, 20, 60], "quota": [1, 2],
    },
    "draws of the market": {**TWENTY, "quota": 9, "rho": (0.0, 0.05, 0.4)},
    "draws of conversion, time and all factors": {
        **FEW, "stages": [{"conversion": (0.4, 0.7),
                           "time": {"gamma": {"mean": (20, 40), "cv": 0.6}}}],
        "rho": (0.05, 0.4), "cycle_cv": (0.5, 0.2), "amount_cv": (0.1, 0.3),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_deals_share_is_exact(name):
    check(name, CASES[name])
