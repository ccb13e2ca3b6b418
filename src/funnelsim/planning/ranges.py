"""The values that a numeric field of a scenario may have, as the others are now."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funnelsim._deals import CHANCE, MOST_CENTS
from funnelsim.clock import LONGEST_QUARTER, Clock, QuarterEnd
from funnelsim.distributions import Distribution, Fixed
from funnelsim.distributions.parametric import Parametric
from funnelsim.goal import CENTS
from funnelsim.market import LEAST_OF_ITS_OWN, MOST_OF_LIMIT, VARIATION, Market
from funnelsim.new_business import (
    DAY,
    GROWTH,
    LESS_THAN_ONE,
    MOST_DISPERSION,
    MOST_EXTRA,
    MOST_RATE,
    SWING,
    NewBusiness,
    Repeat,
    RequiredPipeline,
)
from funnelsim.parameters import NONNEGATIVE, POSITIVE, PROBABILITY, Interval
from funnelsim.periods import MOST_PERIODS, Periods
from funnelsim.planning.chances import CONVERSION, WIN
from funnelsim.planning.deals import Deal
from funnelsim.planning.market_parts import Segments
from funnelsim.planning.parts import Law, Part
from funnelsim.planning.stages import StageFields
from funnelsim.planning.whole import Whole
from funnelsim.reps import HAZARD, OF_ROLE
from funnelsim.reps import MONEY as OF_REP
from funnelsim.scenario import Scenario
from funnelsim.team import Role, Team

MONEY = MOST_CENTS / CENTS
MONTHS = Interval(1, 12)

_BY_KIND: dict[type, dict[str, Interval]] = {
    Scenario: {
        "quota": Interval(0.0, MONEY, open_low=True, open_high=True),
        "booked": Interval(0.0, MONEY, open_high=True),
    },
    Periods: {"count": Interval(1, MOST_PERIODS), "fiscal_year_start": MONTHS},
    Clock: {"fiscal_year_start": MONTHS},
    QuarterEnd: {"days": Interval(1, LONGEST_QUARTER), "weight": NONNEGATIVE},
    Market: {"cycle_cv": VARIATION, "amount_cv": VARIATION, "persistence": Interval(0.0, 1.0)},
    NewBusiness: {
        "per_period": MOST_RATE,
        "dispersion": MOST_DISPERSION,
        "growth": GROWTH,
        "factor": MOST_RATE,
        "market_swing": SWING,
    },
    Repeat: {"mean": LESS_THAN_ONE},
    RequiredPipeline: {"day": DAY, "most": Interval(1, MOST_EXTRA)},
    Team: {"stale": HAZARD, "over_assignment": POSITIVE},
    Role: {**OF_ROLE, "quota": OF_REP, "cost": OF_REP},
}
_OF_DEAL = {
    "age": NONNEGATIVE,
    WIN: CHANCE,
    "amount": Interval(0.0, MONEY, open_high=True),
}


def allowed(scenario: Scenario, part: Part, field: str) -> Interval | None:
    """Return the values that a field of a part may have; None if it is no number."""
    if isinstance(part, Law):
        return _of_law(part.value, field)
    if isinstance(part, Segments):
        others = sum(value for column, value in part.value.items() if column != field)
        return _correlation(_common(scenario), others)
    if isinstance(part, StageFields):
        return _of_stage(part, field)
    if isinstance(part, Deal):
        return None if isinstance(part.get(field), Distribution) else _OF_DEAL.get(field)
    value = scenario if isinstance(part, Whole) else part.value
    if isinstance(value, Market) and field in ("win_rate_correlation", "win_rate_swing"):
        return _of_market(scenario, field)
    return _BY_KIND.get(type(value), {}).get(field)


def _of_law(law: Distribution, field: str) -> Interval | None:
    if field == "mean":
        return NONNEGATIVE if isinstance(law, Fixed) else POSITIVE
    if not isinstance(law, Parametric):
        return None
    if field in law.limits:
        return law.limits[field]
    return NONNEGATIVE if field in law.from_zero else POSITIVE


def _of_stage(part: StageFields, field: str) -> Interval | None:
    if field == "hours":
        return NONNEGATIVE
    if field == CONVERSION:
        return PROBABILITY
    if field != WIN:
        return None
    before, after = part.neighbours()
    low, high = float(np.max(before)), float(np.min(after))
    return Interval(low, high, open_low=low == 0.0)


def _of_market(scenario: Scenario, field: str) -> Interval:
    if field == "win_rate_correlation":
        return _correlation(sum(scenario.market.segment_correlation.values()))
    wins = float(scenario.funnel.win_probabilities[:, 0].mean())
    limit = MOST_OF_LIMIT * math.sqrt(wins * (1.0 - wins))
    return Interval(0.0, limit, open_high=True)


def _common(scenario: Scenario) -> float:
    """Return the largest common correlation of the market."""
    common: Any = scenario.market.win_rate_correlation
    return float(np.max(common))


def _correlation(*others: float) -> Interval:
    """Return what is left to a correlation by others: together they stay below 1."""
    return Interval(0.0, 1.0 - LEAST_OF_ITS_OWN - sum(others), open_high=True)
