"""Required pipeline and required rate of creation against exact laws."""

import datetime as dt

import numpy as np
import pytest

import funnelsim as fs
from tests.oracles.description import deals
from tests.oracles.required_checks import check_rate, check_required

pytestmark = pytest.mark.compiled

GAMMA = {"gamma": {"mean": 30, "cv": 0.6}}
QUICK = {"exponential": {"mean": 3}}
ONE = [{"win": 0.4, "time": GAMMA}]
TWO = [
    {"win": 0.2, "time": GAMMA},
    {"win": 0.5, "time": {"gamma": {"mean": 15, "cv": 0.6 * 2**0.5}}},
]
FAR = [0, 4000]
EXTRA = {"units": 1, "day": 0}
MEETINGS = {
    "stages": [{"win": 0.1, "time": QUICK}], "deals": [], "edges": FAR, "quota": 10, "extra": EXTRA,
    "lattice": 512,
}  # fmt: skip
SOON = {
    "stages": ONE, "deals": deals(4, units=2, age=10.0), "edges": [0, 30, 60], "quota": 12,
    "extra": EXTRA,
}  # fmt: skip
THREE_AMOUNTS = {"values": [1, 2, 5], "chances": [0.5, 0.3, 0.2]}
WEEKS = {"clock": {"weekend": ["saturday", "sunday"]}, "as_of": dt.date(2026, 12, 31)}
BETA = tuple(np.random.default_rng(7).beta(3.0, 17.0, 64).round(6).tolist())

CASES = {
    "ten wins at 10 %": MEETINGS,
    "ten wins at one in six": {**MEETINGS, "stages": [{"win": 1 / 6, "time": QUICK}]},
    "every deal is won": {**MEETINGS, "stages": [{"win": 1.0, "time": 5}]},
    **{
        f"ten wins, market at rho {rho}": {**MEETINGS, "rho": rho, "lattice": 512}
        for rho in (0.02, 0.05, 0.1)
    },
    **{
        f"ten wins by the rule of three at {win:.2f}": {
            **MEETINGS, "stages": [{"win": win, "time": QUICK}],
        }
        for win in (0.2, 1 / 3, 0.5)
    },
    "two amounts": {
        **MEETINGS, "quota": 30, "extra": {"units": {"values": [2, 7], "chances": [0.7, 0.3]}},
    },
    "three amounts, some booked": {
        **MEETINGS, "quota": 30, "booked": 9, "extra": {"units": THREE_AMOUNTS},
    },
    "amounts of dimes": {**MEETINGS, "unit": 0.1, "quota": 8, "extra": {"units": 3}},
    "on top of open deals": SOON,
    "with a deadline": {**SOON, "extra": {"units": THREE_AMOUNTS, "day": 17.5}},
    "into a later stage": {**SOON, "stages": TWO, "extra": {"units": 1, "stage": 1, "day": 10}},
    "on top of new business": {**SOON, "new": {"rate": [8.0, 3.0], "units": THREE_AMOUNTS}},
    "amounts are those of new business": {
        **SOON, "quota": 20, "new": {"rate": 6.0, "units": THREE_AMOUNTS}, "extra": {"day": 5},
    },
    "on top of dispersed new business in a market": {
        **SOON, "new": {"rate": 8.0, "dispersion": 0.5, "swing": 0.4}, "rho": 0.1, "lattice": 512,
    },
    "on top of repeat business": {
        **SOON, "new": {"rate": 6.0, "repeat": {"mean": 0.4, "delay": 15}},
    },
    "draws of the conversion": {
        **MEETINGS, "quota": 4, "stages": [{"conversion": BETA, "time": QUICK}], "lattice": 512,
    },
    "draws of the time": {
        **SOON, "stages": [{"win": 0.4, "time": {"gamma": {"mean": (15, 30, 60), "cv": 0.6}}}],
    },
    "amount factor": {**SOON, "extra": {"units": THREE_AMOUNTS}, "amount_cv": 0.4},
    "cycle factor": {**SOON, "rho": 0.05, "cycle_cv": 0.4, "lattice": 128},
    "weekends off": {**SOON, **WEEKS, "extra": {"units": 1, "day": 9.5}},
    "cycle factor decides whether there is time": {
        **SOON, "stages": [{"win": 0.5, "time": 50}], "cycle_cv": 0.3, "deals": deals(3),
        "extra": {"units": 1, "most": 200}, "lattice": 512,
    },
    "at most so many": {**SOON, "extra": {"units": 1, "most": 20}},
    "too late": {**SOON, "extra": {"units": 1, "day": 60}},
    "in another year of the market": {
        **MEETINGS, "edges": [0, 365.25, 730.5], "deals": deals(6), "rho": 0.3, "persistence": 0.4,
        "stages": ONE, "extra": {"units": 1, "day": 400}, "lattice": 256,
    },
    "all factors at once": {
        **SOON, "new": {"rate": 5.0, "swing": -0.3}, "rho": (0.05, 0.1), "cycle_cv": 0.3,
        "amount_cv": 0.2, "lattice": 128,
    },
    "booked already": {**SOON, "booked": 12},
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_required_pipeline_is_exact(name):
    check_required(name, CASES[name])


@pytest.mark.parametrize(
    ("rho", "published"),
    [(0.0, (97, 124, 140)), (0.02, (None, 138, 163)), (0.05, (None, 158, 201)),
     (0.1, (None, 198, 276))],
)  # fmt: skip
def test_published_first_meetings(rho, published):
    """Ten contracts at a win rate of 10 %: first meetings for 50, 80 and 90 % in one pass."""
    scenario = fs.Scenario(
        as_of="2026-12-31", periods=fs.Periods("year", 10), quota=3_000_000,
        funnel=fs.Funnel.key_account(time=10), market=fs.Market(win_rate_correlation=rho),
        required_pipeline=fs.RequiredPipeline(amount=300_000),
    )  # fmt: skip
    found = fs.simulate(scenario, paths=1 << 18, seed=1).required_pipeline()
    assert all(
        abs(one.deals - deals) <= max(1.0, 3.0 * one.standard_error)
        for one, deals in zip(found, published, strict=True)
        if deals is not None
    )


RATES = {
    "flat": {"stages": ONE, "deals": [], "edges": [0, 45, 90], "quota": 6, "new": {"rate": 5.0}},
    "amounts, and a profile": {
        "stages": ONE, "deals": [], "edges": [0, 45, 90], "quota": 14, "lattice": 512,
        "new": {"rate": [9.0, 3.0], "units": THREE_AMOUNTS},
    },
    "on top of open deals": {**SOON, "new": {"rate": 1.0}},
    "in a market that moves it": {
        **SOON, "new": {"rate": 4.0, "swing": 0.3}, "rho": 0.1, "lattice": 512,
    },
    "dispersed, with an amount factor": {
        **SOON, "new": {"rate": 4.0, "dispersion": 0.3}, "amount_cv": 0.3, "lattice": 512,
    },
    "draws of the rate": {**SOON, "new": {"rate": 4.0, "factor": (0.7, 1.0, 1.5)}, "lattice": 512},
}  # fmt: skip


@pytest.mark.parametrize("name", RATES)
def test_required_rate_of_creation_is_exact(name):
    check_rate(name, RATES[name], high=60.0)
