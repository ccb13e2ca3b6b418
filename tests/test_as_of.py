"""Nothing later than the origin is used: a changed future leaves every answer the same, in bits."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import pytest

import funnelsim as fs
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


def changes_of(deals, *, later):
    """Return rows of stage changes; later ones have stages and segments that were never seen."""
    rng = np.random.default_rng(SEED)
    rows = []
    for k in range(deals):
        day = DAY + float(rng.integers(200))
        segment = {"region": rng.choice(["North", "South"])}
        for stage in ("Meeting", "Offer", rng.choice(["Won", "Lost"])):
            rows.append((f"D{k}", day, stage, segment))
            day += float(rng.integers(1, 30))
            if rng.random() < 0.2:
                break
    if later:
        for k in range(40):
            new = {"region": "Moon"}
            rows += [
                (f"D{k}", DAY + 260.0 + k, "Legal", {"region": "North"}),
                (f"N{k}", DAY + 260.0 + k, "Inbound", new),
                (f"N{k}", DAY + 270.0 + k, "Meeting", new),
                (f"N{k}", DAY + 275.0 + k, "Offer", new),
                (f"N{k}", DAY + 280.0 + k, "Won", new),
            ]
    return fs.History.from_frame({
        "deal": [row[0] for row in rows],
        "time": [dt.date.fromordinal(int(row[1])) for row in rows],
        "stage": [str(row[2]) for row in rows],
        "amount": [1000.0 + len(row[0]) for row in rows],
        "region": [str(row[3]["region"]) for row in rows],
    })  # fmt: skip


DAY = dt.date(2026, 1, 1).toordinal()
ORIGIN = dt.date.fromordinal(DAY + 240)


def test_later_stages_and_segments_are_not_known():
    before, after = (changes_of(200, later=later) for later in (False, True))
    assert after.log.stages == ("Inbound", "Meeting", "Offer", "Legal")
    first, second = (one.as_of(ORIGIN) for one in (before, after))
    assert first.stages == second.stages == ("Meeting", "Offer")
    assert second.segments["region"][1] == ("North", "South")
    assert after.as_of().stages == after.log.stages
    fits = [one.fit(ORIGIN, by="region", draws=20) for one in (before, after)]
    assert fits[0].to_dict() == fits[1].to_dict()
    assert fits[0].to_toml() == fits[1].to_toml()
    assert fits[1].scenario().funnel.names == ("Meeting", "Offer", "won")
    told = [one.forecast(30, as_of=ORIGIN, quota=1e5, paths=256) for one in (before, after)]
    assert told[0].to_dict() == told[1].to_dict()
    scores = [
        {tuple(row) for row in one.backtest([30], origins=[DAY + 185, DAY + 200], by=["region"],
                                            least_wins=1, paths=PATHS).forecasts}
        for one in (before, after)
    ]  # fmt: skip
    assert len(scores[0]) > 50
    assert scores[0] == {row for row in scores[1] if "Moon" not in row}


def test_a_backtest_goes_on_when_a_stage_comes_later():
    found = changes_of(300, later=True).backtest([30], origins=30, first=DAY + 180, paths=PATHS)
    assert found.summary()[0].forecasts >= 3
    assert {one.method for one in found.left_out} <= {"last year"}


def test_stages_that_are_stated_are_known_from_the_start():
    rows = {"deal": ["A", "A"], "time": ["2026-01-01", "2026-02-01"], "stage": ["Meeting", "Legal"]}
    told = [
        fs.History.from_frame(rows, **more).as_of("2026-01-15").stages
        for more in ({}, {"stages": ["Meeting", "Legal"]})
    ]
    assert told == [("Meeting",), ("Meeting", "Legal")]


def test_a_history_that_has_only_closed_so_far_has_one_stage():
    rows = {
        "deal": ["A", "B", "B"],
        "time": ["2026-01-01", "2026-02-01", "2026-03-01"],
        "stage": ["Won", "Legal", "Won"],
    }
    known = fs.History.from_frame(rows).as_of("2026-01-15")
    assert known.stages == ("open",)
    assert known.entry.shape == (1, 1)
    assert known.won.all()
