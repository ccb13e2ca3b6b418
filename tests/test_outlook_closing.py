"""The season of the last step, on deals whose hazard is known."""

import datetime as dt

import numpy as np
import pytest

from funnelsim.events import WON, EventLog
from funnelsim.fitting.hazards import fit_hazards
from funnelsim.outlook.calendar import CLASSES, season
from funnelsim.outlook.closing import win_factors
from funnelsim.outlook.spans import Spans
from tests.worlds import origin, simulate_world

START = dt.date(2024, 1, 1).toordinal()


def history(by_class, days=800, a_day=10, seed=1):
    """Return deals of one stage that are won each day with a chance by its calendar class."""
    rng = np.random.default_rng(seed)
    chance = np.array(by_class)[season(START + np.arange(days))]
    created = np.repeat(np.arange(days), a_day)
    closed = np.full(len(created), -1)
    for day in range(days):
        open_ = (created <= day) & (closed < 0)
        closed[open_ & (rng.random(len(created)) < chance[day])] = day
    won = np.flatnonzero(closed >= 0)
    count = len(created)
    return EventLog(
        [f"D{k}" for k in range(count)],
        ["open"],
        deal=np.r_[np.arange(count), won],
        time=START + np.r_[created, closed[won]].astype(float),
        state=np.r_[np.zeros(count), np.full(len(won), WON)].astype(int),
    )


def found(log):
    known = log.as_of(log.last_day)
    return win_factors(known, Spans.of(known), fit_hazards(known))


def test_without_a_season_every_class_is_usual():
    np.testing.assert_allclose(found(history([0.05] * CLASSES)), 1.0, atol=0.1)


def test_a_push_in_the_last_fortnight_is_found():
    factors = found(history([0.03, 0.03, 0.03, 0.12, 0.12]))
    assert factors[3:].min() / factors[:3].max() > 2.5


def test_wins_are_those_that_the_factors_expect():
    log = history([0.02, 0.02, 0.04, 0.06, 0.2])
    known = log.as_of(log.last_day)
    spans, hazards = Spans.of(known), fit_hazards(known)
    factors = win_factors(known, spans, hazards)
    classes = season(np.arange(known.record_start, known.day + 1))
    expected = np.zeros(CLASSES)
    wins = np.zeros(CLASSES)
    for deal in range(len(known)):
        last = min(int(spans.closed[deal]), known.day)
        for date in range(max(int(spans.entry[0, deal]), known.record_start), last + 1):
            age = min(date - int(spans.entry[0, deal]), 399)
            expected[classes[date - known.record_start]] += hazards.forward[0, age]
        if known.won[deal]:
            wins[classes[last - known.record_start]] += 1
    quarters = 9  # 800 days from a first of January; the last is broken off on 10 March
    told = 0.4**2 / (0.4**2 + 0.2**2 / np.array([*[quarters] * 3, quarters - 1, quarters - 1]))
    np.testing.assert_allclose(factors, ((wins + 20) / (expected + 20)) ** told)


@pytest.mark.parametrize(("world", "pushed"), [("steady", False), ("quarter-end pull", True)])
def test_worlds(world, pushed):
    known = simulate_world(world, 1, 24).as_of(origin(1, 20))
    factors = win_factors(known, Spans.of(known), fit_hazards(known))
    assert bool(factors[3:].min() > 1.5 * factors[:3].max()) is pushed
