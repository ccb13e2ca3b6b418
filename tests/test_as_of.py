"""Nothing later than the origin is used: a changed future leaves every answer the same, in bits."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from funnelsim.backtesting.backtest import backtest
from funnelsim.backtesting.baselines import baselines
from funnelsim.backtesting.track import track_record
from funnelsim.events import LOST, WON, EventLog
from funnelsim.fitting import fit_known
from funnelsim.outlook.outlook import prepare
from tests import worlds

pytestmark = pytest.mark.compiled  # thousands of paths

MONTHS = 9
PATHS = 256
SEED = 3


def another_future(log, day, seed):
    """Return the log with other events after a day: none of the old ones, and many new deals."""
    rng = np.random.default_rng(seed)
    past = log.time < day + 1
    new = 500
    count = len(log) + new
    deal = np.concatenate([rng.integers(count, size=3_000), np.arange(len(log), count)])
    time = rng.uniform(day + 1, day + 200, len(deal))
    state = rng.choice([WON, LOST, *range(len(log.stages))], len(deal))
    return EventLog(
        [*log.ids, *(f"new {place}" for place in range(new))],
        log.stages,
        deal=np.concatenate([log.deal[past], deal]),
        time=np.concatenate([log.time[past], time]),
        state=np.concatenate([log.state[past], state]),
        amount=np.concatenate([log.amount[past], rng.uniform(1.0, 1e9, len(deal))]),
        segments={
            name: [*values, *(f"{name} never seen" for _ in range(new))]
            for name, values in log.segments.items()
        },
        record_start=log.record_start,
        last_day=day + 200,
        currency=log.currency,
    )


@cache
def pasts(world):
    """Return what is known on a day, by three logs that differ after it."""
    log = worlds.simulate_world(world, SEED, MONTHS + 4)
    day = worlds.origin(SEED, MONTHS)
    return [
        one.as_of(day) for one in (log, another_future(log, day, 1), another_future(log, day, 2))
    ]


@pytest.mark.parametrize("world", ["all of these", "stages not recorded"])
def test_the_futures_differ_and_what_is_known_does_not(world):
    log = worlds.simulate_world(world, SEED, MONTHS + 4)
    other = another_future(log, worlds.origin(SEED, MONTHS), 1)
    ends = [one.as_of(log.last_day) for one in (log, other)]
    assert ends[0].won.sum() != ends[1].won.sum()
    first, *others = pasts(world)
    for known in others:
        assert known.ids == first.ids
        for field in ("entry", "closed", "won", "amount", "booked"):
            np.testing.assert_array_equal(getattr(known, field), getattr(first, field))


@pytest.mark.parametrize("segment", [None, ("team", "team 2")])
@pytest.mark.parametrize("name", [name for name in baselines() if name != "last year"])
def test_baselines(name, segment):
    answers = [baselines()[name](known, 30, segment, PATHS, 1) for known in pasts("all of these")]
    assert answers[0][1].sum() > 0
    for answer in answers[1:]:
        np.testing.assert_array_equal(answer, answers[0])


@pytest.mark.parametrize("segment", [None, ("team", "team 2")])
@pytest.mark.parametrize("world", ["all of these", "stages not recorded"])
def test_the_outlook(world, segment):
    answers = []
    for known in pasts(world):
        ahead = prepare(known).ahead([30, 91], segment=segment, paths=PATHS, seed=1)
        answers.append((ahead.wins, ahead.bookings, ahead.elasticity))
    assert answers[0][1].sum() > 0
    for wins, bookings, elasticity in answers[1:]:
        np.testing.assert_array_equal(wins, answers[0][0])
        np.testing.assert_array_equal(bookings, answers[0][1])
        assert elasticity == answers[0][2]


@pytest.mark.parametrize("world", ["all of these", "stages not recorded"])
def test_the_fit_and_its_scenario(world):
    fits = [fit_known(known, by="team", draws=20) for known in pasts(world)]
    for fit in fits[1:]:
        assert fit.to_dict() == fits[0].to_dict()
        assert fit.scenario() == fits[0].scenario()


def test_a_backtest_of_origins_that_lie_before_the_change():
    log = worlds.simulate_world("all of these", SEED, MONTHS + 4)
    day = worlds.origin(SEED, MONTHS)
    tables = []
    for one in (log, another_future(log, day, 1)):
        found = backtest(one, [30], origins=[day - 60, day - 30], by=["team"], least_wins=1,
                         paths=PATHS)  # fmt: skip
        seen = {tuple(row) for row in found.forecasts if row.segment != "team never seen"}
        tables.append(seen)
    assert len(tables[0]) > 100
    assert tables[0] == tables[1]


def test_the_track_record():
    log = worlds.simulate_world("all of these", SEED, MONTHS + 4)
    day = worlds.origin(SEED, MONTHS)
    first, second = (
        track_record(one, day, 30, most=2, paths=PATHS)
        for one in (log, another_future(log, day, 1))
    )
    assert first.forecasts == 2
    assert first.to_dict() == second.to_dict()
