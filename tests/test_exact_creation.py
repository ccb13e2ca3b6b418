"""New business: wins and bookings by period, and what its deals share, against exact laws."""

import datetime as dt

import pytest

from tests.oracles.business_checks import check_business
from tests.oracles.description import deals

pytestmark = pytest.mark.compiled

QUICK = {"exponential": {"mean": 3}}
FAST = {"exponential": {"mean": 20}}
GAMMA = {"gamma": {"mean": 30, "cv": 0.6}}
SAME_SCALE = {"gamma": {"mean": 15, "cv": 0.6 * 2**0.5}}
LOGNORMAL = {"lognormal": {"median": 25, "sigma": 0.7}}
DICE = {"discrete": {"values": [10, 20, 30], "chances": [0.5, 0.3, 0.2]}}
AMOUNTS = {"values": [1, 2, 5], "chances": [0.5, 0.3, 0.2]}
ONE = [{"win": 0.4, "time": GAMMA}]
TWO = [{"win": 0.3, "time": GAMMA}, {"win": 0.6, "time": SAME_SCALE}]
EDGES, THREE = [0, 20, 45], [0, 20, 45, 90]
OPEN = deals(6, units=2, age=10.0) + deals(3)
WEEKS = {"clock": {"weekend": ["saturday", "sunday"]}, "as_of": dt.date(2026, 12, 31)}
MONTHS = {
    "calendar": ("month", 3), "as_of": dt.date(2027, 1, 15), "edges": [0, 16, 44, 75],
    "shares": [16 / 31, 1.0, 1.0],
}  # fmt: skip
ALONE = {"stages": ONE, "deals": [], "edges": THREE}
TWO_YEARS = {
    "stages": ONE, "deals": deals(4), "edges": [0, 365.25, 730.5], "rho": 0.3, "quota": [7, 7],
}  # fmt: skip
CASES = {
    # Poisson
    **{
        f"one stage of {next(iter(time)) if isinstance(time, dict) else 'a fixed time'}": {
            **ALONE, "stages": [{"win": 0.4, "time": time}], "new": {"rate": [9.0, 5.0, 12.0]},
            "quota": [1, 2, 4],
        }
        for time in (GAMMA, FAST, LOGNORMAL, DICE, 17)
    },
    "gammas of one scale": {**ALONE, "stages": TWO, "new": {"rate": 12.0}, "quota": [1, 1, 3]},
    "three exponentials": {
        **ALONE, "stages": [{"win": w, "time": FAST} for w in (0.3, 0.5, 0.8)], "quota": [1, 2, 4],
        "new": {"rate": 12.0, "stage": 1},
    },
    "fixed and discrete times": {
        **ALONE, "stages": [{"win": 0.3, "time": 12}, {"win": 0.6, "time": DICE}],
        "new": {"rate": 14.0}, "quota": [1, 2, 4],
    },
    "into the last stage": {
        **ALONE, "stages": TWO, "new": {"rate": 5.0, "stage": 1}, "quota": [2, 2, 4],
    },
    "won as soon as created": {
        "stages": [{"win": 1.0, "time": 0}], "deals": [], "edges": [0, 8, 20],
        "new": {"rate": [3.0, 6.0]}, "quota": [4, 6],
    },
    "a hundred a period": {
        **ALONE, "new": {"rate": 120.0}, "quota": [11, 36, 60], "lattice": 512,
    },
    "few": {**ALONE, "new": {"rate": [0.2, 0.1, 0.3]}, "quota": 1},
    "in one period of three": {**ALONE, "new": {"rate": [0, 9, 0]}, "quota": 3},
    "an open pipeline beside": {
        "stages": ONE, "deals": OPEN, "edges": THREE, "quota": [3, 7, 7], "booked": 1,
        "new": {"rate": 8.0, "units": AMOUNTS},
    },
    "two amounts": {
        **ALONE, "new": {"rate": 9.0, "units": {"values": [3, 10], "chances": [0.8, 0.2]}},
        "quota": [3, 9, 20],
    },
    "no amounts": {
        "stages": ONE, "deals": OPEN, "edges": EDGES, "new": {"rate": 6.0, "units": None},
        "quota": 5,
    },
    # rates
    "part of a first month": {**MONTHS, "stages": ONE, "deals": [], "new": {"rate": 9.0}},
    "season and growth": {
        **MONTHS, "stages": ONE, "deals": [], "quota": [1, 4, 6],
        "new": {"rate": 9.0, "growth": 3.0, "season": [1, 2, 5] + [2] * 9},
    },
    "season inside periods of days": {
        "stages": [{"win": 0.4, "time": 5}], "deals": [], "edges": [0, 20, 45.5, 70],
        "as_of": dt.date(2026, 12, 31), "new": {"rate": 12.0, "season": [3, 1, 5] + [2] * 9},
    },
    "draws of the rate": {
        "stages": ONE, "deals": OPEN, "edges": EDGES, "quota": [3, 8],
        "new": {"rate": 9.0, "factor": (0.3, 0.9, 2.1)},
    },
    "draws of rate and conversion belong together": {
        **ALONE, "stages": [{"conversion": (0.2, 0.5), "time": GAMMA}], "quota": [1, 2, 4],
        "new": {"rate": 9.0, "factor": (0.5, 1.5)}, "rho": (0.0, 0.3),
    },
    # weeks
    "weekends off": {**ALONE, **WEEKS, "new": {"rate": 10.0}, "quota": [1, 2, 5]},
    "weekends off and a fixed time": {
        **ALONE, **WEEKS, "stages": [{"win": 0.5, "time": 12}], "new": {"rate": 10.0},
        "quota": [2, 4, 10],
    },
    "months on a clock with a season": {
        **MONTHS, "stages": ONE, "deals": [], "new": {"rate": 10.0}, "quota": [1, 3, 6],
        "clock": {"weekend": ["sunday"], "season": [0.5, 1, 2] + [1] * 9},
    },
    # dispersion
    "dispersed": {
        **ALONE, "new": {"rate": [9.0, 4.0, 12.0], "dispersion": 0.4}, "quota": [1, 2, 5],
    },
    "dispersed strongly": {**ALONE, "new": {"rate": 4.0, "dispersion": 3.0}, "quota": [1, 1, 2]},
    "dispersed in a part of a month": {
        **MONTHS, "stages": [{"win": 0.4, "time": 5}], "deals": [], "quota": [2, 4, 4],
        "new": {"rate": 9.0, "dispersion": 0.8},
    },
    "dispersed, both periods": {
        "stages": ONE, "deals": OPEN[:3], "edges": EDGES, "quota": [2, 4], "joint": True,
        "lattice": 128, "new": {"rate": 9.0, "dispersion": 0.6},
    },
    # planned
    "planned": {**ALONE, "new": {"rate": [9, 0, 4], "planned": True}, "quota": [1, 2, 3]},
    "planned in a part of a month": {
        **MONTHS, "stages": TWO, "deals": OPEN, "quota": [3, 4, 4], "rho": 0.2,
        "new": {"rate": [7, 3, 2], "planned": True, "stage": 1, "units": AMOUNTS},
    },
    # what deals share
    **{
        f"market at rho {rho}": {
            "stages": ONE, "deals": OPEN, "edges": THREE, "quota": [4, 8, 10], "rho": rho,
            "new": {"rate": 9.0}, "lattice": 512,
        }
        for rho in (0.05, 0.3, 0.8)
    },
    "a rate that follows the market": {
        "stages": ONE, "deals": OPEN, "edges": THREE, "quota": [4, 8, 10], "rho": 0.2,
        "new": {"rate": 9.0, "swing": 0.4}, "lattice": 512,
    },
    "a rate that goes against the market": {
        "stages": ONE, "deals": OPEN, "edges": THREE, "quota": [4, 6, 8], "rho": 0.2,
        "new": {"rate": 9.0, "swing": -0.6}, "lattice": 512,
    },
    "a rate that swings alone": {
        **ALONE, "new": {"rate": 9.0, "swing": 0.5}, "quota": [1, 3, 5], "lattice": 512,
    },
    "swing, dispersion and open deals, both periods": {
        "stages": ONE, "deals": OPEN[:4], "edges": EDGES, "quota": [2, 4], "joint": True,
        "lattice": 128, "new": {"rate": 6.0, "dispersion": 0.2, "swing": -0.5}, "rho": 0.2,
        "amount_cv": 0.2,
    },
    "cycle factor": {
        **ALONE, "new": {"rate": 9.0}, "quota": [1, 2, 4], "cycle_cv": 0.5, "lattice": 64,
    },
    "cycle factor, fixed times": {
        **ALONE, "stages": [{"win": 0.5, "time": 18}], "deals": OPEN, "quota": [3, 7, 8],
        "new": {"rate": 5.0}, "cycle_cv": 0.3, "lattice": 128,
    },
    "amount factor": {
        **ALONE, "new": {"rate": 9.0, "units": AMOUNTS}, "quota": [1, 5, 12], "amount_cv": 0.5,
    },
    "all factors at once": {
        "stages": ONE, "deals": OPEN[3:8], "edges": EDGES, "quota": [2, 5], "rho": 0.2,
        "cycle_cv": 0.3, "amount_cv": 0.3, "new": {"rate": 6.0, "dispersion": 0.3, "swing": 0.3},
        "lattice": 128,
    },
    # years
    **{
        f"persistence {phi}": {
            **TWO_YEARS, "persistence": phi, "new": {"rate": 12.0, "swing": 0.3},
        }
        for phi in (0.0, 0.5, 0.9)
    },
    "persistence over calendar years": {
        **TWO_YEARS, "edges": [0, 365, 730], "persistence": 0.3,
        "new": {"rate": 12.0, "swing": 0.3},
    },
    "a period in two years of the market": {
        **TWO_YEARS, "edges": [0, 200, 500], "persistence": 0.2,
        "new": {"rate": 12.0, "swing": 0.3},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_new_business_is_exact(name):
    check_business(name, CASES[name])
