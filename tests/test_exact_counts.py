"""Independent deals without a clock to speak of: counts and bookings against exact laws."""

import pytest

from tests.oracles.checking import check
from tests.oracles.description import deals

pytestmark = pytest.mark.compiled

QUICK = {"exponential": {"mean": 3}}
FAR = [0, 4000]
HALF, THIRD = {"win": 0.5, "time": QUICK}, {"win": 1 / 3, "time": QUICK}
FOUR = [
    {"win": chance, "time": time}
    for chance, time in [(0.26, 5), (0.31, QUICK), (0.32, 2), (0.75, QUICK)]
]
KEY_ACCOUNT = [{"win": chance, "time": QUICK} for chance in (0.1, 0.2, 0.45, 0.5, 0.8)]
RULE_OF_THUMB = [
    {"conversion": chance, "time": QUICK} for chance in (5 / 6, 3 / 5, 1.0, 2 / 3, 1 / 2)
]
MIXED_AMOUNTS = [{"units": units, "stage": units % 4} for units in (1, 2, 3, 5, 8, 13, 4, 6, 7, 10)]

CASES = {
    # wins are Poisson-binomial
    "one deal": {"stages": [HALF], "deals": deals(1), "edges": FAR, "quota": 1},
    "twenty deals at 30 %": {
        "stages": [{"win": 0.3, "time": QUICK}], "deals": deals(20), "edges": FAR, "quota": 7,
    },
    "sixty meetings at 10 %": {
        "stages": [{"win": 0.1, "time": QUICK}], "deals": deals(60), "edges": FAR, "quota": 10,
    },
    "sixty meetings at one in six": {
        "stages": [{"win": 1 / 6, "time": QUICK}], "deals": deals(60), "edges": FAR, "quota": 10,
    },
    "four stages": {
        "stages": FOUR, "edges": FAR, "quota": 14,
        "deals": deals(20) + deals(10, stage=1) + deals(5, stage=2) + deals(2, stage=3),
    },
    "three times coverage at one third": {
        "stages": [THIRD], "deals": deals(30), "edges": FAR, "quota": 10,
    },
    "rare wins": {
        "stages": [{"win": 0.01, "time": QUICK}], "deals": deals(40), "edges": FAR, "quota": 1,
    },
    "nearly certain wins": {
        "stages": [{"win": 0.98, "time": QUICK}], "deals": deals(30), "edges": FAR, "quota": 30,
    },
    # with amounts
    "ten amounts": {"stages": FOUR, "deals": MIXED_AMOUNTS, "edges": FAR, "quota": 20},
    "one whale among minnows": {
        "stages": [HALF], "deals": deals(1, units=40) + deals(12), "edges": FAR, "quota": 40,
    },
    "one deal alone decides": {
        "stages": FOUR, "deals": deals(1, stage=3, units=20) + deals(19), "edges": FAR, "quota": 20,
    },
    "amounts of dimes add up to the quota exactly": {
        "stages": [HALF], "unit": 0.1, "deals": deals(7) + deals(3, units=3), "edges": FAR,
        "quota": 8,
    },
    "amounts of a cent": {
        "stages": [THIRD], "unit": 0.01, "deals": deals(12) + deals(4, units=7), "edges": FAR,
        "quota": 14,
    },
    "quota between two sums": {
        "stages": [HALF], "deals": deals(10, units=10), "edges": FAR, "quota": 41,
    },
    "a deal of no amount": {
        "stages": [HALF], "deals": deals(6, units=2) + deals(3, units=0), "edges": FAR, "quota": 6,
    },
    # quota and booked to date
    "no quota": {"stages": FOUR, "deals": MIXED_AMOUNTS, "edges": FAR},
    "booked to date fills part of the quota": {
        "stages": [HALF], "deals": deals(12), "edges": FAR, "quota": 10, "booked": 4,
    },
    "booked to date is the quota": {
        "stages": [HALF], "deals": deals(5), "edges": FAR, "quota": 4, "booked": 4,
    },
    "booked to date is more than the quota": {
        "stages": [HALF], "deals": deals(5), "edges": FAR, "quota": 4, "booked": 9,
    },
    "out of reach": {"stages": [HALF], "deals": deals(5), "edges": FAR, "quota": 6},
    "no deals": {"stages": [HALF], "deals": [], "edges": FAR, "quota": 1},
    # conversions
    "key-account preset": {
        "stages": KEY_ACCOUNT, "preset": "key-account", "edges": FAR, "quota": 8,
        "deals": [{"stage": number % 5, "units": 1 + number % 3} for number in range(20)],
    },
    "rule of thumb, with three to three": {
        "stages": RULE_OF_THUMB, "counts": "6-5-3-3-2-1", "edges": FAR, "quota": 5,
        "deals": [{"stage": number % 5} for number in range(15)],
    },
    "conversion of exactly 1": {
        "stages": [{"conversion": 0.4, "time": QUICK}, {"conversion": 1.0, "time": QUICK}],
        "deals": deals(8) + deals(4, stage=1, units=2), "edges": FAR, "quota": 12,
    },
    "equal win probabilities": {
        "stages": [{"win": 0.4, "time": QUICK}, {"win": 0.4, "time": 7}, {"win": 0.4, "time": 1}],
        "deals": deals(5) + deals(5, stage=1) + deals(5, stage=2), "edges": FAR, "quota": 7,
    },
    "all win probabilities 1": {
        "stages": [{"win": 1.0, "time": QUICK}, {"win": 1.0, "time": 7}],
        "deals": deals(4) + deals(3, stage=1), "edges": FAR, "quota": 7,
    },
    # a deal's own win probability
    "own win probability": {
        "stages": FOUR, "edges": FAR, "quota": 6,
        "deals": deals(5, own=0.6) + deals(5, stage=2) + deals(3, stage=1, own=0.15, units=2),
    },
    "own win probability above that of every later stage": {
        "stages": FOUR, "deals": deals(6, own=0.95) + deals(6), "edges": FAR, "quota": 7,
    },
    "own win probability of 1": {
        "stages": FOUR, "deals": deals(3, own=1.0) + deals(9), "edges": FAR, "quota": 5,
    },
    "own win probability of 1 reaches the quota": {
        "stages": FOUR, "deals": deals(3, own=1.0, units=2), "edges": FAR, "quota": 6,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_counts_and_bookings_are_exact(name):
    check(name, CASES[name])
