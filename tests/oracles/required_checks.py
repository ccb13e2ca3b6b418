"""Required pipeline of a described scenario, held against its exact law."""

import math

import numpy as np

from tests.oracles import required
from tests.oracles.business_checks import UNIT, simulated
from tests.oracles.checking import PATHS
from tests.oracles.compare import Comparison, assert_agreement

CONFIDENCES = (0.1, 0.3, 0.5, 0.8, 0.9)
MOST = 500
TIE = 4.0
"""Standard errors of a chance within which the quantile may be that of the neighbour."""


def check_required(name, description):
    """Hold the chance with several numbers of extra deals, and the deals, against their law."""
    forecast, extra = simulated(name, description), required.Extra(description)
    found = forecast.required_pipeline(CONFIDENCES)
    passage = forecast._needs.passage(forecast._needs.plan(None, {}))
    compared = [
        _comparison(f"{number} extra deals", passage.chance_with(number), extra.chance(number))
        for number in sorted({0, *(one.deals for one in found if one.deals)})
    ]
    compared += [
        _comparison(rule["rule"], rule["attainment_probability"], extra.chance(rule["deals"]))
        for rule in forecast.pipeline_rules()
        if rule["attainment_probability"] is not None and rule["deals"] < MOST
    ]
    if "most" in description.get("extra", {}):
        compared.append(_comparison("most", found[0].most_confidence, extra.chance(passage.most)))
    for level, one in zip(CONFIDENCES, found, strict=True):
        _check_deals(level, one, extra)
    return assert_agreement(compared)


def _comparison(name, estimate, exactly):
    if isinstance(estimate, dict):
        value, error = estimate["value"], estimate["standard_error"]
    else:
        value, error = estimate.value, estimate.standard_error
    sure = min(exactly, 1.0 - exactly) < 1e-10
    return Comparison(name, value, 0.0 if sure else error, round(exactly) if sure else exactly)


def _check_deals(level, found, extra):
    """Fail unless the deals are the fewest with the chance of their law, but for its error."""
    slack = TIE * math.sqrt(level * (1.0 - level) / PATHS)
    if not found.reachable:
        assert found.deals is found.amount is found.coverage is None
        assert extra.chance(found_most(extra)) < level + slack
        return
    assert extra.chance(found.deals) >= level - slack
    assert found.deals == 0 or extra.chance(found.deals - 1) < level + slack
    mean = _mean_units(extra.description) * extra.description.get("unit", UNIT)
    assert np.isclose(found.amount, found.deals * mean)
    needed = extra.needed * extra.description.get("unit", UNIT)
    assert np.isclose(found.coverage, found.amount / needed if needed > 0 else 0.0)


def found_most(extra):
    """Return the most deals that are tried, or as many as the lattice can hold."""
    return extra.description.get("extra", {}).get("most", MOST)


def _mean_units(description):
    given = {**description.get("new", {}), **description.get("extra", {})}
    units = given.get("units", 1)
    if isinstance(units, dict):
        return float(np.dot(units["values"], units["chances"]))
    return units


def check_rate(name, description, high):
    """Hold the rate of creation required against the root of the exact law."""
    forecast = simulated(name, description)
    levels = (0.3, 0.5, 0.8)
    compared = [
        Comparison(
            f"rate for {level}",
            one.per_period,
            one.standard_error,
            required.rate_for(description, level, high),
        )
        for level, one in zip(levels, forecast.required_creation_rate(levels), strict=True)
    ]
    return assert_agreement(compared)
