"""A scenario as a plain dict, and what the oracles read from it.

::

    {"stages": [{"win": 0.3, "time": {"gamma": {"mean": 30, "cv": 0.6}}, "lost": 20}, ...],
     "deals": [{"stage": 0, "units": 2, "age": 5.0, "own": 0.4, "close": 40, "region": "north"}],
     "edges": [0, 30, 60], "quota": 5 or [2, 3], "booked": 1, "unit": 100.0,
     "rho": 0.05, "swing": 0.04, "segments": {"region": 0.03}, "cycle_cv": 0.2, "amount_cv": 0.1}

A stage has a win probability (``win``) or a conversion (``conversion``); closed-won follows the
last and is not listed. Amounts, quota and booked are whole numbers of ``unit``. A tuple, anywhere,
is a set of draws. ``own`` is a deal's own win probability, ``close`` its close day. Deals that do
not exist yet::

    {"new": {"rate": 3.0 or [3.0, 2.0], "units": 2 or {"values": [1, 5], "chances": [0.8, 0.2]},
             "stage": 0, "dispersion": 0.3, "season": [12 weights], "growth": 0.1, "factor": 1.2,
             "swing": 0.2, "planned": True, "repeat": {"mean": 0.3, "delay": 20, "units": 1}},
     "extra": {"stage": 0, "units": 1, "day": 10, "most": 500}, "persistence": 0.5,
     "clock": {"weekend": ["saturday", "sunday"]}, "shares": [0.5, 1.0]}

``rate`` is that of a whole period, of which ``shares`` are left on the as-of date.
"""

from itertools import pairwise

from tests.oracles.exact import correlation_of_swing


def deals(count, **fields):
    """Return ``count`` equal deals."""
    return [dict(fields) for _ in range(count)]


def number_of_draws(part):
    """Return how many draws a description holds; all its tuples have the same length."""
    if isinstance(part, tuple):
        return len(part)
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return max((number_of_draws(one) for one in inner), default=1)


def at_draw(part, draw):
    """Return the description with every set of draws replaced by one of them."""
    if isinstance(part, tuple):
        return part[draw]
    if isinstance(part, dict):
        return {key: at_draw(one, draw) for key, one in part.items()}
    if isinstance(part, list):
        return [at_draw(one, draw) for one in part]
    return part


def win_probabilities(description):
    """Return w_s for every stage, closed-won included: the product of the conversions left."""
    chances = [1.0]
    for stage in reversed(description["stages"]):
        own = stage["win"] if "win" in stage else stage["conversion"] * chances[0]
        chances.insert(0, own)
    return chances


def correlation(description):
    """Return the correlation of the common factor, from itself or from the swing it makes."""
    if "swing" in description:
        return correlation_of_swing(win_probabilities(description)[0], description["swing"])
    return description.get("rho", 0.0)


def periods_of(description):
    """Return the windows (lo, hi] of the periods, in days."""
    edges = description["edges"]
    return list(pairwise(edges))


def close_day(deal):
    """Return the day a deal is booked on if won, or None; one in the past is ignored."""
    day = deal.get("close")
    return day if day is not None and day > 0 else None
