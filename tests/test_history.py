"""A history as a user meets it: read, fit, forecast, scored."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.events import EventLog
from tests.worlds import simulate_world

pytestmark = pytest.mark.compiled  # thousands of paths

DAY = dt.date(2026, 1, 1)


@pytest.fixture(scope="module")
def history():
    return fs.History(simulate_world("steady", 1, months=12))


@pytest.fixture(scope="module")
def day(history):
    return history.last_day - dt.timedelta(60)


@pytest.fixture(scope="module")
def forecast(history, day):
    return history.forecast(30, as_of=day, quota=5_000_000, paths=2000)


def plain(count=240, **columns):
    """Return one deal a day, each won after nine days."""
    days = [DAY + dt.timedelta(k) for k in range(count)]
    frame = {
        "id": [f"D{k}" for k in range(count)],
        "created": days,
        "closed": [one + dt.timedelta(9) for one in days],
        "outcome": ["won"] * count,
        "amount": [1000.0] * count,
    }
    return fs.History.from_frame(frame | columns)


def test_it_says_what_it_holds():
    assert repr(plain()) == "History(240 deals, 480 events, 2026-01-01 to 2026-09-06)"
    assert plain().last_day == dt.date(2026, 9, 6)


def test_a_file_is_read_like_a_frame(tmp_path):
    file = tmp_path / "deals.csv"
    file.write_text("id,created,closed,outcome,amount\nA,2026-01-05,2026-02-01,won,5\n")
    for history in (fs.History.from_csv(file), fs.History.from_file(file)):
        assert history.as_of().booked.tolist() == [5.0]


def test_events_are_a_frame():
    frame = plain(3).events(backend="pandas")
    assert len(frame) == 6
    assert set(frame["state"]) == {"open", "won"}


def test_a_day_is_a_date_or_the_last_one():
    history = plain()
    assert history.as_of().day == history.last_day.toordinal()
    assert history.as_of("2026-02-01").day == dt.date(2026, 2, 1).toordinal()
    with pytest.raises(fs.InputError, match="as_of"):
        history.as_of("soon")


def test_a_steady_history_is_forecast_to_go_on():
    forecast = plain().forecast(30, as_of="2026-08-01", paths=4000)
    assert forecast.expected_wins().value == pytest.approx(30, rel=0.1)
    assert forecast.expected_bookings().value == pytest.approx(30_000, rel=0.1)


def test_periods_add_up(history, day):
    months = fs.Periods("month", 3)
    found = history.forecast(periods=months, as_of=day, paths=2000, track_record=False)
    assert found.bookings.shape == found.wins.shape == (2000, 3)
    whole = history.forecast(
        int(found.goal.windows[-1].hi), as_of=day, paths=2000, track_record=False
    )
    assert found.expected_wins().value == pytest.approx(whole.expected_wins().value, rel=0.05)


def test_same_seed_same_bits_and_a_prefix_of_paths(history, day, forecast):
    again = history.forecast(30, as_of=day, quota=5_000_000, paths=2000)
    assert json.dumps(again.to_dict()) == json.dumps(forecast.to_dict())
    other = history.forecast(30, as_of=day, quota=5_000_000, paths=2000, seed=2)
    assert not np.array_equal(other.bookings, forecast.bookings)


def test_nothing_later_than_the_day_is_used(history, day, forecast):
    log, last = history.log, day.toordinal()
    early = log.time < last + 1
    rest = len(log.time) - int(early.sum())
    random = np.random.default_rng(5)
    changed = EventLog(
        log.ids,
        log.stages,
        deal=np.r_[log.deal[early], random.permutation(log.deal[~early])],
        time=np.r_[log.time[early], random.uniform(last + 1, last + 400, rest)],
        state=np.r_[log.state[early], random.permutation(log.state[~early])],
        amount=np.r_[log.amount[early], random.uniform(1, 1e7, rest)],
        segments=log.segments,
        currency=log.currency,
    )
    found = fs.History(changed).forecast(30, as_of=day, quota=5_000_000, paths=2000)
    assert found.to_dict() == forecast.to_dict()
    fits = [one.fit(day).to_dict() for one in (history, fs.History(changed))]
    assert fits[0] == fits[1]


def test_the_first_close_of_the_future_does_not_tell_where_the_record_starts():
    days = [DAY + dt.timedelta(k) for k in range(60)]
    closed = [one + dt.timedelta(90) for one in days]
    frame = {"id": range(60), "created": days, "amount": [5.0] * 60}
    whole = fs.History.from_frame({**frame, "closed": closed, "outcome": ["won"] * 60})
    cut = fs.History.from_frame({**frame, "closed": [None] * 60, "outcome": ["open"] * 60})
    day = DAY + dt.timedelta(70)
    assert whole.as_of(day).record_start == cut.as_of(day).record_start == DAY.toordinal()
    assert whole.fit(day).to_dict() == cut.fit(day).to_dict()


def test_the_order_of_rows_changes_nothing():
    rng = np.random.default_rng(3)
    count = 150
    created = [DAY + dt.timedelta(int(k)) for k in rng.integers(0, 200, count)]
    frame = {
        "id": [f"D{k}" for k in range(count)],
        "created": created,
        "closed": [
            one + dt.timedelta(int(k))
            for one, k in zip(created, rng.integers(1, 60, count), strict=True)
        ],
        "outcome": [("won", "lost")[k % 2] for k in range(count)],
        "amount": rng.lognormal(9, 1, count).round(2).tolist(),
        "owner": ["AB"[k % 2] for k in range(count)],
    }
    order = rng.permutation(count).tolist()
    mixed = {name: [cells[k] for k in order] for name, cells in frame.items()}
    first, second = fs.History.from_frame(frame), fs.History.from_frame(mixed)
    assert first.log.columns() == second.log.columns()
    assert first.fit(draws=20).to_dict() == second.fit(draws=20).to_dict()
    answers = [one.forecast(30, paths=300).to_dict() for one in (first, second)]
    assert answers[0] == answers[1]


def test_what_the_running_period_has_booked_counts():
    history = plain()  # a win a day, of 1,000, from 10 January on
    quarter = fs.Periods("quarter", 1)
    options = {"as_of": "2026-05-15", "quota": 80_000, "paths": 300, "track_record": False}
    found = history.forecast(periods=quarter, **options)
    assert found.goal.booked == 45_000.0
    assert found.goal.booked == history.fit("2026-05-15").booked_since(quarter)
    assert history.forecast(periods=quarter, booked=7, **options).goal.booked == 7.0
    assert history.forecast(30, **options).goal.booked == 0.0


def test_the_answer_is_plain_json(forecast):
    answer = json.loads(json.dumps(forecast.to_dict(), allow_nan=False))
    chance = answer["attainment_probability"]
    assert chance["low"] <= chance["value"] <= chance["high"]
    assert answer["periods"][0]["bookings"] == answer["bookings"]
    assert answer["elasticity"]["sentence"] == str(forecast.elasticity)
    assert answer["track_record"]["forecasts"] == forecast.track_record.forecasts > 3


def test_the_text_says_elasticity_and_record(forecast):
    text = repr(forecast)
    assert "chance to reach it" in text
    assert str(forecast.elasticity) in text
    assert "past forecasts 30 days ahead" in text


def test_the_spread_is_that_of_past_errors(history, day, forecast):
    plain_ = history.forecast(30, as_of=day, quota=5_000_000, paths=2000, track_record=False)
    assert plain_.track_record is None
    assert plain_.spread == 1.0
    assert forecast.spread != 1.0
    for found in (plain_, forecast):
        total = found.total_bookings
        logs = np.log(np.quantile(total, [0.1, 0.9]) / np.median(total))
        found.width = logs[1] - logs[0]
    assert forecast.width == pytest.approx(forecast.spread * plain_.width, rel=0.02)


def test_a_stated_elasticity_is_kept(history, day):
    means = []
    for value in (0.0, 1.0):
        found = history.forecast(30, as_of=day, elasticity=value, paths=2000, track_record=False)
        assert (found.elasticity.value, found.elasticity.found) == (value, "given")
        means.append(found.expected_wins().value)
    assert means[0] != means[1]


def test_segments_are_forecast_alone(history, day, forecast):
    team = history.log.segments["team"][0]
    part = history.forecast(30, as_of=day, segment=("team", team), paths=2000)
    assert part.expected_bookings().value < 0.5 * forecast.expected_bookings().value
    assert f"team: {team}" in repr(part)


def test_little_history_is_said():
    notes = " ".join(plain(70).forecast(30, paths=500).notes)
    assert "not yet a quarter of history" in notes
    assert "at 0 the mean is" in notes
    record = plain(70).forecast(30, paths=500).track_record
    assert record.forecasts == 0
    assert "No forecast 30 days ahead could be scored yet" in record.sentences()[0]


def test_a_gap_after_the_history_is_said():
    history = plain()
    found = history.forecast(30, as_of="2026-09-20", paths=500, track_record=False)
    assert any("ends 14 days before the as-of date" in note for note in found.notes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either a horizon or periods, got 'neither'"),
        ({"horizon": 30, "periods": fs.Periods("month", 1)}, "got 'both'"),
        ({"horizon": 0}, "edges"),
        ({"horizon": 30, "elasticity": 2}, "elasticity must be in"),
        ({"horizon": 30, "segment": ("regoin", "N")}, "segment column must be a known name"),
        ({"horizon": 30, "panel": ["nobody"]}, "panel column must be a known name"),
        ({"horizon": 30, "paths": 1}, "paths"),
        ({"horizon": 30, "quota": -1}, "quota must be"),
        ({"horizon": 30, "as_of": "2025-01-01"}, "not be before the first event"),
        ({"periods": fs.Periods(edges=[0, 10.5])}, "whole days"),
    ],
)
def test_wrong_questions_are_refused(options, message):
    with pytest.raises(fs.InputError, match=message):
        plain().forecast(**options)


def test_a_fit_becomes_a_scenario_that_runs(history, day):
    scenario = history.fit(day, draws=20).scenario(quota=5_000_000, periods=fs.Periods("month", 3))
    assert fs.simulate(scenario, paths=256).attainment_probability() is not None


def test_a_backtest_of_a_history(history):
    found = fs.backtest(history, [30], origins=28, by=["team"], paths=200)
    assert "outlook" in found.verdict()
    assert found.to_dict() == history.backtest([30], origins=28, by=["team"], paths=200).to_dict()
