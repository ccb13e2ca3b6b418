"""The naive twin of the folded kernel: one path, one deal at a time, on the same Philox words.

Chances, factors and amounts are worked out with Python's own functions. They may differ from the
kernel's in the ninth digit, so an outcome could differ once in a billion draws.
"""

import hashlib
import math
from statistics import NormalDist

import numpy as np

from tests.oracles.philox import word

NORMAL = NormalDist()
OUTCOME, AMOUNT_HIGH, AMOUNT_LOW = 0, 1, 2
MARKET, CYCLE, SIZE, DRAW = range(4)


def stable_number(name):
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def twin(scenario, lowered, seed, paths, point, plain_point):
    """Return bookings (cents) and wins, shape (periods, paths).

    ``point(dimension, path)`` and ``plain_point(stream, path)`` give the coordinates of a path.
    """
    periods = len(scenario.windows)
    bookings = np.zeros((periods, paths), np.int64)
    wins = np.zeros((periods, paths), np.int64)
    for path in range(paths):
        draw = int(point(DRAW, path) * scenario.draws) if scenario.draws > 1 else 0
        for deal in range(len(scenario.pipeline)):
            by = [
                chance_by(scenario, lowered, deal, k, draw, path, point, plain_point)
                for k in range(periods)
            ]
            u = (word(seed, path, stable_number(scenario.pipeline.ids[deal]), OUTCOME) >> 1) / 2**31
            period = next((k for k in range(periods) if u < by[k]), None)
            if period is not None:
                bookings[period, path] += amount(scenario, deal, seed, path, draw, point)
                wins[period, path] += 1
    return bookings, wins


def chance_by(scenario, lowered, deal, k, draw, path, point, plain_point):
    """Return the chance to be booked by the end of period k, given the factors of the path."""
    group, market = lowered.group[deal], scenario.market
    arrays, draws = lowered.deals, lowered.deals.score.shape[1]
    moved = arrays.cell[group] >= 0
    score = float(arrays.score[group, draw if draws > 1 else 0])
    if not moved:
        win = score
    elif abs(score) > 1e5:
        win = float(score > 0)
    else:
        rho = draw_of(market.win_rate_correlation, draw)
        segments = market.segment_correlation
        own = math.sqrt(1.0 - rho - sum(segments.values()))
        shift = math.sqrt(rho) * NORMAL.inv_cdf(point(MARKET, path)) if rho else 0.0
        for name, tied in segments.items():
            stream = stable_number(f"{name}\0{scenario.pipeline.segment(name)[deal]}")
            shift += math.sqrt(tied) * NORMAL.inv_cdf(plain_point(stream, path))
        win = NORMAL.cdf(score + shift / own)
    return win * timely(arrays, lowered.shared.step, group, k, draw, market, path, point)


def timely(arrays, step, group, k, draw, market, path, point):
    """Return F at the end of period k, moved by the cycle factor."""
    row = arrays.table_row[group]
    if row < 0:
        by_end = arrays.by_end[group, k]
        return float(by_end[draw if len(by_end) > 1 else 0])
    sigma = math.sqrt(math.log1p(draw_of(market.cycle_cv, draw) ** 2))
    e = NORMAL.inv_cdf(point(CYCLE, path)) if sigma else 0.0
    place = arrays.end_place[k] - (sigma * e - 0.5 * sigma * sigma) / step
    nodes = arrays.table[row].reshape(-1, arrays.nodes)[draw if arrays.draw_step else 0]
    if len(arrays.jump) and arrays.jump[row, 0] <= 1.0:
        jump = arrays.jump[row].reshape(-1, arrays.nodes)[draw if arrays.draw_step else 0]
        node = math.floor(min(max(place, 0.0), arrays.nodes - 1.001))
        return float(nodes[node + (place - node >= jump[node])])
    return float(np.interp(place, np.arange(arrays.nodes), nodes))


def amount(scenario, deal, seed, path, draw, point):
    """Return the cents of a won deal on a path, rounded after all factors."""
    given = scenario.pipeline.amounts[deal]
    sigma = math.sqrt(math.log1p(draw_of(scenario.market.amount_cv, draw) ** 2))
    factor = math.exp(sigma * NORMAL.inv_cdf(point(SIZE, path)) - 0.5 * sigma**2) if sigma else 1.0
    if isinstance(given, int):
        return math.floor(given * factor + 0.5)
    number = stable_number(scenario.pipeline.ids[deal])
    high, low = (word(seed, path, number, purpose) >> 1 for purpose in (AMOUNT_HIGH, AMOUNT_LOW))
    u = ((high << 22 | low >> 9) + 0.5) / 2**53
    quantile = given.ppf(np.array([u]))[0] if u < 0.5 else given.isf(np.array([1.0 - u]))[0]
    return math.floor(float(quantile) * 100.0 * factor + 0.5)


def draw_of(value, draw):
    return value[draw] if isinstance(value, tuple) and len(value) > 1 else float(np.ravel(value)[0])
