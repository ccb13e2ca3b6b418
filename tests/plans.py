"""A small scenario whose answers are known exactly: independent deals that all close in time."""

import funnelsim as fs
from tests.oracles.exact import at_least, bookings_pmf, mean_of, quantile_of

UNIT = 100_000
STAGES = ("meeting", "consulting", "proposal", "proposal", "negotiation", "negotiation")
UNITS = (3, 2, 1, 4, 2, 1)
CHANCES = {"training": 0.10, "meeting": 0.20, "consulting": 0.45, "proposal": 0.50,
           "negotiation": 0.80}  # fmt: skip
QUOTA = 6


def plan(*, stages=STAGES, units=UNITS, quota=QUOTA, **changes):
    deals = fs.Pipeline.from_frame(
        {"stage": list(stages), "amount": [UNIT * unit for unit in units]}
    )
    base = {
        "name": "plan", "as_of": "2026-12-31", "periods": fs.Periods("year", 1), "currency": "EUR",
        "funnel": fs.Funnel.key_account(time=10), "pipeline": deals,
        "quota": None if quota is None else UNIT * quota,
    }  # fmt: skip
    return fs.Scenario(**base | changes)


class Exact:
    """The exact answers of a plan with these chances, in currency units."""

    def __init__(self, stages=STAGES, units=UNITS, quota=QUOTA, chances=None):
        won = [CHANCES[stage] for stage in stages] if chances is None else list(chances)
        self.law = bookings_pmf(won, list(units))
        self.attainment = at_least(self.law, quota)
        self.mean = UNIT * mean_of(self.law)
        self.wins = sum(won)

    def quantile(self, level):
        return UNIT * quantile_of(self.law, level)
