"""Baselines on histories small enough to be reckoned by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from funnelsim.backtesting.baselines import baselines, compound
from funnelsim.backtesting.origins import quarter_end
from funnelsim.backtesting.outcomes import in_cents, members, wins_of
from funnelsim.backtesting.snapshots import conversions, open_by_stage, win_rates
from funnelsim.errors import InputError
from funnelsim.events import LOST, WON, EventLog

PATHS = 20_000
START = date(2026, 1, 1).toordinal()
NAMES = list(baselines())


def log_of(deals, start=START, last=None, stages=("open", "offer"), segments=None):
    """Return the log of deals, each a list of (days after the start, state, amount)."""
    events = [(k, start + day, *what) for k, deal in enumerate(deals) for day, *what in deal]
    place, time, state, amount = zip(*events, strict=True)
    return EventLog(
        [f"D{k}" for k in range(len(deals))],
        stages,
        deal=place,
        time=time,
        state=state,
        amount=amount,
        segments=segments,
        record_start=start,
        last_day=last,
    )


def two(_):
    return 2


def steady(days, wins=two, amount=100.0):
    """Return a log with some wins on each day, created the day before."""
    deals = [
        [(day - 1, 0, amount), (day, WON, amount)]
        for day in range(1, days)
        for _ in range(wins(day))
    ]
    return log_of(deals)


def forecast(name, log, day, days=30, segment=None, paths=PATHS):
    return baselines()[name](log.as_of(START + day), days, segment, paths, 1)


def assert_mean(values, mean, variance):
    """A threshold of 4.5 standard errors, for some tens of comparisons."""
    assert abs(values.mean() - mean) < 4.5 * (variance / len(values)) ** 0.5 + 1e-9


def test_wins_of_a_window_are_those_after_its_origin_until_its_last_day():
    log = log_of([[(0, 0, 5.0), (d, WON, 7.0 + d)] for d in (3.0, 3.9, 4.0, 9.5)])
    wins = wins_of(log.as_of(START + 9))
    assert [wins.count(START + lo, START + hi) for lo, hi in ((2, 3), (3, 4), (3, 9))] == [2, 1, 2]
    assert wins.bookings(START + 3, START + 9) == 1_100 + 1_650


def test_a_win_that_books_nothing_said_brings_its_estimate_or_nothing():
    nan = float("nan")
    log = log_of([[(0, 0, 5.0), (1, WON, nan)], [(0, 0, nan), (1, WON, nan)]])
    assert in_cents(log.as_of(START + 1)).tolist() == [500, 0]


def test_segments_nobody_knows_yet_are_empty_and_columns_nobody_has_are_refused():
    log = log_of([[(0, 0, 5.0)], [(1, 0, 5.0)]], segments={"team": ["a", "b"]})
    known = log.as_of(START + 1)
    assert members(known, ("team", "b")).tolist() == [False, True]
    assert not members(log.as_of(START), ("team", "b")).any()
    with pytest.raises(InputError, match="did you mean 'team'"):
        members(known, ("teem", "a"))


@pytest.mark.parametrize("name", ["run rate", "record mean"])
@pytest.mark.parametrize("days", [7, 30, 91, 3])
def test_what_is_the_same_every_day_stays_so(name, days):
    wins, cents = forecast(name, steady(200), 199, days)
    assert (wins == 2 * days).all()
    assert (cents == 2 * days * 10_000).all()


def test_run_rate_looks_back_91_days_and_the_record_mean_further():
    log = steady(196, wins=lambda day: 1 if day <= 104 else 3)
    run, _ = forecast("run rate", log, 195, 28)
    mean, _ = forecast("record mean", log, 195, 28)
    assert (run == 84).all()
    # 196 days: 28 weeks, 15 of one win a day (the first lacks a day), 13 of three
    assert_mean(mean, (104 + 3 * 91) / 28 * 4, 4 * (14 / 2) ** 2 * (1 + 4 / 28))


def test_the_weeks_of_the_run_rate_keep_their_weekdays():
    log = steady(150, wins=lambda day: 5 if (START + day) % 7 == 0 else 0)
    day = 140 + (-START) % 7  # the last day is one of those with wins
    assert (forecast("run rate", log, day, 6)[0] == 0).all()
    assert (forecast("run rate", log, day, 7)[0] == 5).all()
    assert (forecast("run rate", log, day - 1, 1)[0] == 5).all()


def test_the_spread_of_the_run_rate_holds_the_error_of_the_rate():
    rng = np.random.default_rng(4)
    counts = rng.poisson(3.0, 400)
    log = steady(400, wins=lambda day: int(counts[day]))
    wins, _ = forecast("run rate", log, 399, 91)
    weeks = counts[400 - 91 :].reshape(13, 7).sum(axis=1)
    variance = weeks.var() * (13 + 13 * 12 / 13)
    assert wins.var() == pytest.approx(variance, rel=0.05)


def quarters(day):
    """Wins a day: 1, 2, 4, ... by calendar quarter from 2026 on, 5 more in the last ten days."""
    at = date.fromordinal(START + day)
    quarter = 4 * (at.year - 2026) + (at.month - 1) // 3
    left = quarter_end(at.toordinal()) - at.toordinal()
    return 2**quarter + 5 * (left < 10)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("last quarter", 4 * 10 + 50), ("earlier quarters", (1 + 2 + 4) / 3 * 10 + 50)],
)
def test_the_same_days_of_earlier_quarters_lie_as_far_from_their_end(name, expected):
    day = date(2026, 12, 21).toordinal() - START
    wins, cents = forecast(name, steady(day + 1, wins=quarters), day, 10)
    # gamma-Poisson: the mean of n windows, with half a win more
    windows = 1 if name == "last quarter" else 3
    assert_mean(wins, expected + 0.5 / windows, 4 * expected * 2)
    assert (cents == wins * 10_000).all()


def test_last_year_is_four_quarters_ago():
    day = date(2027, 3, 21).toordinal() - START
    wins, _ = forecast("last year", steady(day + 1, wins=quarters), day, 10)
    assert_mean(wins, 60.5, 121)
    with pytest.raises(InputError, match="last year must rest on 10 recorded days"):
        forecast("last year", steady(300), 299, 10)


def test_quarters_that_are_unlike_widen_the_mean_of_them():
    day = date(2026, 12, 21).toordinal() - START
    alike, _ = forecast("earlier quarters", steady(day + 1), day, 10)
    unlike, _ = forecast("earlier quarters", steady(day + 1, wins=quarters), day, 10)
    assert alike.var() == pytest.approx(20 * (1 + 1 / 3), rel=0.1)
    assert unlike.var() > 2 * unlike.mean()


def test_a_fiscal_year_moves_the_quarters():
    day = date(2026, 12, 31).toordinal() - START
    log = steady(
        day + 1, wins=lambda d: 9 if date.fromordinal(START + d).month in (4, 7, 10) else 0
    )
    known = log.as_of(START + day)
    for month, october in ((2, 31), (1, 29)):  # 92 days back to October 1st; 90 to the 3rd
        wins, _ = baselines(month)["last quarter"](known, 31, None, PATHS, 1)
        assert_mean(wins, 9 * october + 0.5, 2 * 9 * october)


def test_a_long_window_is_moved_so_that_it_is_known():
    log = steady(400)
    day = date(2026, 6, 30).toordinal() - START
    wins, _ = forecast("last quarter", log, day, 94)  # the quarter to come has 92 days, the last 91
    assert_mean(wins, 2 * 94 + 0.5, 4 * 94)
    with pytest.raises(InputError, match="rest on 95 recorded days"):
        forecast("last quarter", steady(150), 149, 95)


def test_growth_goes_on():
    log = steady(121, wins=lambda day: 4 if day <= 60 else 6 if day <= 90 else 9)
    wins, _ = forecast("growth rate", log, 120, 30)
    assert wins.mean() == pytest.approx(270 * 1.5, rel=0.02)
    halved, _ = forecast("growth rate", steady(121, wins=lambda d: 0 if d > 90 else 4), 120, 30)
    assert halved.mean() < 1.0
    boom, _ = forecast("growth rate", steady(121, wins=lambda d: 40 if d > 90 else 1), 120, 30)
    assert boom.mean() == pytest.approx(2 * 1200, rel=0.01)  # at most twofold


def pipeline_log():
    """Ten deals won and ten lost after an offer, ten lost without; 4 open, 6 with an offer."""
    won = [[(0, 0, 50.0), (5, 1, 50.0), (10, WON, 60.0)]] * 10
    lost = [[(0, 0, 50.0), (5, 1, 50.0), (11, LOST, 0.0)]] * 10
    early = [[(0, 0, 50.0), (12, LOST, 0.0)]] * 10
    still = [[(20, 0, 100.0)]] * 4 + [[(20, 0, 200.0), (25, 1, 300.0)]] * 6
    return log_of([*won, *lost, *early, *still])


def test_the_weighted_pipeline_by_hand():
    log = pipeline_log()
    known = log.as_of(START + 30)
    assert [rates.tolist() for rates in win_rates(known)] == [[10, 10], [30, 20]]
    assert [amounts.tolist() for amounts in open_by_stage(known)] == [[10_000] * 4, [30_000] * 6]
    wins, cents = forecast("weighted pipeline", log, 30)
    rates = 10.5 / 31, 10.5 / 21
    assert_mean(wins, 4 * rates[0] + 6 * rates[1], 4)
    assert_mean(cents / 10_000, 4 * rates[0] + 18 * rates[1], 36)
    assert wins.max() <= 10


def test_an_open_deal_without_an_amount_has_the_mean_one():
    nan = float("nan")
    log = log_of([[(0, 0, 10.0)], [(0, 0, 20.0)], [(0, 0, nan)]])
    assert sorted(open_by_stage(log.as_of(START))[0].tolist()) == [1000, 1500, 2000]


def test_open_deals_are_worth_what_wins_brought_where_none_says_an_amount():
    log = EventLog(
        ["A", "B", "C"], ["open"], deal=[0, 1, 2, 0, 1], time=[1, 2, 3, 4, 5],
        state=[0, 0, 0, WON, WON], amount=[np.nan, np.nan, np.nan, 10.0, 30.0],
    )  # fmt: skip
    assert open_by_stage(log.as_of(9))[0].tolist() == [2000]


def conversion_log():
    """Of 8 deals open on day 20, 2 are won by day 30 (60 each); 3 newer ones, too."""
    old = [[(10, 0, 40.0), (25, WON, 60.0)]] * 2 + [[(10, 0, 40.0)]] * 6
    new = [[(22, 0, 10.0), (28, WON, 10.0)]] * 3
    return log_of([[(0, 0, 1.0)], *old, *new])


def test_the_conversion_of_a_snapshot_by_hand():
    log = conversion_log()
    found = conversions(log.as_of(START + 30), 10)
    assert found.share.tolist()[0] == [2 / 9, 0.0]
    assert found.new.tolist()[0] == 3
    assert sorted(found.new_cents[:3]) == [1000] * 3
    # days 20, 13, 6 and -1: after the last all closes were recorded, too
    assert found.share[:, 0].tolist() == [2 / 9, 0.0, 0.0, 0.0]
    # booked by a win over open: 60 / mean of 9 + 9 + 1 open deals (1, 40 x 8, twice; 1)
    assert found.ratio[0] == pytest.approx(60 / (643 / 19))


def test_a_snapshot_conversion_brings_its_share_of_the_amount():
    deals = [[(0, 0, 40.0), (45, WON, 80.0)]] * 50 + [[(0, 0, 40.0)]] * 50
    wins, cents = forecast("snapshot conversion", log_of(deals), 50, 10)
    # snapshots of days 40 (half won), 33, 26, 19, 12 and 5 (none); 50 are open
    assert wins.mean() == pytest.approx(0.5 + 50 * 0.5 / 6, rel=0.03)
    assert cents.mean() == pytest.approx(wins.mean() * 8000, rel=0.03)


def test_compound_sums_have_the_mean_and_variance_of_wald():
    rng = np.random.default_rng(6)
    amounts = np.array([100, 300, 800])
    count = rng.poisson(2.0, 200_000)
    sums = compound(count, amounts, rng)
    assert_mean(sums, 800, 2 * (amounts**2).mean())
    assert sums.var() == pytest.approx(2 * (amounts**2).mean(), rel=0.02)
    assert (sums[count == 0] == 0).all()
    assert set(sums[count == 1]) == {100, 300, 800}


def test_compound_sums_come_in_blocks_that_miss_no_path(monkeypatch):
    monkeypatch.setattr("funnelsim.backtesting.baselines.AT_ONCE", 10)
    rng = np.random.default_rng(6)
    count = np.array([0, 3, 25, 0, 1, 9, 0])
    assert compound(count, np.array([7]), rng).tolist() == (7 * count).tolist()
    assert compound(np.zeros(3, int), np.array([7]), rng).tolist() == [0, 0, 0]
    assert compound(count, np.array([], int), rng).tolist() == [0] * 7


@pytest.mark.parametrize("name", NAMES)
def test_each_says_when_the_record_is_too_short(name):
    log = log_of([[(0, 0, 1.0)], [(1, 0, 1.0), (3, WON, 1.0)]])
    with pytest.raises(InputError, match="must rest on"):
        forecast(name, log, 3, 30)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_sample_and_another_does_not(name):
    rng = np.random.default_rng(9)
    deals = [
        [(d, 0, float(rng.integers(1, 99))), (d + rng.integers(1, 40), WON, float(d))]
        for d in range(500)
        for _ in range(2)
    ] + [[(d, 0, 2.0), (d + 3, LOST, 0.0)] for d in range(500)]
    known = log_of(deals).as_of(START + 480)
    one, same, other = (baselines()[name](known, 30, None, 500, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one[1] != other[1]).any()
    assert one[0].dtype == one[1].dtype == np.int64
    with pytest.raises(InputError, match="paths must"):
        baselines()[name](known, 30, None, 1, 1)
    with pytest.raises(InputError, match="days must"):
        baselines()[name](known, 0, None, 10, 1)


def test_a_segment_is_forecast_from_its_own_deals():
    deals = [[(d, 0, 1.0), (d + 1, WON, 1.0 + k)] for d in range(200) for k in (0, 1)]
    log = log_of(deals, segments={"team": ["a", "b"] * 200})
    wins, cents = forecast("run rate", log, 199, 28, ("team", "b"))
    assert (wins == 28).all()
    assert (cents == 28 * 200).all()
