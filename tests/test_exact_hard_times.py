"""Times that a lattice or a table of times easily gets wrong, against exact answers."""

import pytest

from tests.oracles.checking import check
from tests.oracles.description import deals

pytestmark = pytest.mark.compiled

TENTHS = {"discrete": {"values": [10.3, 20.7], "chances": [0.5, 0.5]}}

CASES = {
    "later discrete times in tenths reach the end of a window": {
        "stages": [{"win": 0.4, "time": 5}, {"win": 0.8, "time": TENTHS}],
        "deals": deals(10), "edges": [0, 15.3, 25.7], "quota": [2, 1],
    },
    "samples in tenths of a day": {
        "stages": [{"win": 0.4, "time": {"sample": [0.1, 0.3, 1.7]}},
                   {"win": 0.8, "time": {"sample": [0.2, 0.7, 2.9]}}],
        "deals": deals(10), "edges": [0, 0.3, 1.0, 2.0], "quota": [1, 1, 1],
    },
    "short times before a far horizon": {
        "stages": [{"win": 0.4, "time": {"gamma": {"mean": 2, "cv": 0.5}}},
                   {"win": 0.8, "time": {"exponential": {"mean": 1}}}],
        "deals": deals(10), "edges": [0, 1.5, 3, 3650], "quota": [1, 1, 1],
    },
    "deals of one fixed time move together with the cycle factor": {
        "stages": [{"win": 0.3, "time": 30}], "deals": deals(40), "edges": [0, 1, 30, 90],
        "quota": [1, 1, 1], "cycle_cv": 0.5,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_hard_times_are_exact(name):
    check(name, CASES[name])
