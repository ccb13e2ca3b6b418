"""Backtests: origins, strictness, scores against slow twins, and what is said about them."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from funnelsim.backtesting import scores
from funnelsim.backtesting.backtest import backtest
from funnelsim.backtesting.baselines import baselines
from funnelsim.backtesting.experience import Experience, factor, widened
from funnelsim.backtesting.origins import Window, quarter_end, rolling, to_quarter_end
from funnelsim.backtesting.outcomes import members, wins_of
from funnelsim.backtesting.summary import separate_windows
from funnelsim.backtesting.track import track_record
from funnelsim.backtesting.walk import AS_MODELLED
from funnelsim.errors import InputError
from funnelsim.events import LOST, WON, EventLog
from tests.test_as_of import another_future

START = date(2026, 1, 1).toordinal()
PATHS = 400


@cache
def history(days=320, seed=1, amounts=True):
    """Return a history of three deals a day, half of them won within two months."""
    rng = np.random.default_rng(seed)
    events, teams = [], []
    for deal in range(3 * days):
        created = START + deal // 3 + rng.random()
        amount = float(np.rint(rng.lognormal(9.0, 0.6))) if amounts else np.nan
        events.append((deal, created, 0, amount))
        closed = created + 30 + rng.gamma(2.0, 8.0)
        if rng.random() < 0.7:
            events.append((deal, created + rng.uniform(1.0, 29.0), 1, 1.1 * amount))
        events.append((deal, closed, WON if rng.random() < 0.5 else LOST, amount))
        teams.append(["north", "south", "tiny"][2 if deal % 60 == 0 else deal % 2])
    place, time, state, amount = zip(*[e for e in events if e[1] < START + days], strict=True)
    return EventLog(
        [f"D{k}" for k in range(3 * days)],
        ["open", "offer"],
        deal=place,
        time=time,
        state=state,
        amount=amount,
        segments={"team": teams},
        record_start=START,
        last_day=START + days - 1,
        currency="EUR",
    )


def normal(factor_of_mean=1.0, spread=0.25):
    """Return a forecaster that knows the mean of the last 60 days, or is off by a factor."""

    def forecast(known, days, segment, paths, seed):
        wins = wins_of(known, segment)
        rate = wins.count(known.day - 60, known.day) / 60
        cents = wins.bookings(known.day - 60, known.day) / 60
        rng = np.random.default_rng([seed, known.day, days])
        noise = np.exp(spread * rng.normal(size=paths)) * factor_of_mean
        return np.rint(rate * days * noise).astype(int), np.rint(cents * days * noise).astype(int)

    return forecast


def oracle(log, noise=0.02):
    """Return a forecaster that peeks at the end of the record."""
    known_at_end = log.as_of(log.last_day)

    def forecast(known, days, segment, paths, seed):
        came = wins_of(known_at_end, segment)
        window = known.day, known.day + days
        off = np.exp(noise * np.random.default_rng(seed).normal(size=paths))
        wins = np.rint(came.count(*window) * off).astype(int)
        return wins, np.rint(came.bookings(*window) * off).astype(int)

    return forecast


def small(log=None, horizons=(30,), **more):
    more = {"forecasters": {"stub": normal()}, "paths": PATHS, "origins": 14, **more}
    return backtest(log or history(), horizons, **more)


# Origins


def test_weekly_origins_of_a_record_of_ten_months():
    first, last = (date(2017, m, 31).toordinal() for m in (5, 12))
    days = range(first, last + 1, 7)
    assert len(rolling(days, last, [30])) == 27
    assert len(rolling(days, last, [91])) == 18
    assert len(to_quarter_end(days, last)) == 28


def test_windows_to_the_quarter_end_are_a_week_long_at_least():
    days = range(date(2026, 3, 1).toordinal(), date(2026, 7, 1).toordinal())
    windows = to_quarter_end(days, date(2026, 9, 29).toordinal())
    assert min(window.days for window in windows) == 7
    assert {date.fromordinal(window.end) for window in windows} == {
        date(2026, 3, 31),
        date(2026, 6, 30),
    }
    assert date.fromordinal(quarter_end(date(2026, 2, 28).toordinal(), 3)) == date(2026, 2, 28)


def test_a_record_too_short_says_what_it_takes():
    with pytest.raises(InputError, match=r"hold 122 days of closes.*got 60"):
        small(history(60))
    assert small(history(80), first=START + 40).forecasts


def test_separate_windows_against_trying_all():
    rng = np.random.default_rng(1)
    for _ in range(50):
        windows = [(int(rng.integers(30)), int(rng.integers(1, 12))) for _ in range(8)]
        most = 0
        for which in range(2**8):
            chosen = sorted(w for k, w in enumerate(windows) if which >> k & 1)
            apart = all(a[0] + a[1] <= b[0] for a, b in pairwise(chosen))
            most = max(most, len(chosen) * apart)
        assert separate_windows(windows) == most


# Strictness


def test_forecasters_see_what_was_known_and_share_it():
    seen = []

    def watching(known, days, segment, paths, seed):
        happened = [known.entry[np.isfinite(known.entry)], known.closed[~known.open]]
        assert max(part.max() for part in happened) < known.day + 1
        seen.append(known)
        return normal()(known, days, segment, paths, seed)

    found = small(horizons=(30, 60), by=["team"], forecasters={"watching": watching})
    days = {row.day for row in found.forecasts}
    assert {known.day for known in seen} == days
    assert len({id(known) for known in seen}) == len(days)


def test_another_future_leaves_all_forecasts_the_same_bit_for_bit():
    log = history()
    day = START + 210
    origins = [day - 60, day - 45, day - 30, day]
    found = []
    for one in (log, another_future(log, day, 1), another_future(log, day, 2)):
        rows = small(one, by=["team"], origins=origins, least_wins=20).forecasts
        found.append({row[:7]: row for row in rows})
    changed = 0
    for place, row in found[0].items():
        for other in found[1:]:
            names = ("mean", "p10", "p50", "p90", "width")
            if row.day + row.days <= day:
                assert row == other[place]
            else:
                assert [getattr(row, n) for n in names] == [getattr(other[place], n) for n in names]
                changed += row.actual != other[place].actual
    assert changed > 50


def test_a_deal_that_is_reopened_later_was_won_all_the_same():
    log = history()
    won = log.as_of(START + 180).won.nonzero()[0]
    deals = [log.ids.index(log.as_of(START + 180).ids[k]) for k in won]
    later = np.full(len(deals), START + 200.0)
    again = EventLog(
        log.ids,
        log.stages,
        deal=[*log.deal, *deals],
        time=[*log.time, *later],
        state=[*log.state, *[1] * len(deals)],
        amount=[*log.amount, *[np.nan] * len(deals)],
        record_start=START,
        last_day=log.last_day,
    )
    one, other = (small(x, origins=[START + 120, START + 150]).forecasts for x in (log, again))
    assert one == other


def test_experience_is_of_windows_that_are_over():
    narrow = small(forecasters={"stub": normal(spread=0.02)}, origins=7)
    spreads = {}
    for row in narrow.forecasts:
        if row.measure == "bookings" and row.method.startswith("stub"):
            spreads.setdefault(row.day, {})[row.method] = row.width
    first = min(spreads)
    for day, widths in spreads.items():
        ratio = widths["stub"] / widths["stub" + AS_MODELLED]
        if day < first + 30:
            assert ratio == 1.0
        else:
            assert ratio > 1.02
    late = spreads[max(spreads)]
    assert late["stub"] > 1.5 * late["stub" + AS_MODELLED]


def test_the_factor_of_the_spread():
    assert factor(np.array([]), np.array([])) == 1.0
    assert factor(np.array([2.0, -1.0]), np.array([0.5, 0.5])) == pytest.approx(
        ((10 + 2.0 + 0.5) / 11) ** 0.5
    )
    assert factor(np.full(999, 9.0), np.ones(999)) == 2.0
    assert factor(np.zeros(999), np.ones(999)) == 0.6
    sample = np.array([0.0, 1.0, 4.0])
    np.testing.assert_allclose(widened(sample, np.full(999, 9.0), np.ones(999)), [0, 1, 16])
    np.testing.assert_array_equal(widened(np.zeros(3), np.array([9.0]), np.ones(1)), np.zeros(3))


def test_overlapping_windows_share_their_weight():
    seen = Experience()
    for day in (100, 107, 114, 200):
        seen.add(Window(day, 28, "28 days"), ("a", "wins", "28 days"), 1.0)
    z, weights = seen.until(142, ("a", "wins", "28 days"))
    assert (len(z), weights.tolist()) == (3, [7 / 56] * 3)
    assert len(seen.until(142, ("a", "bookings", "28 days"))[0]) == 0


# Scores


def test_each_row_against_a_slow_twin():
    log, stub = history(), normal()
    found = small(log, by=["team"], quota=(0.8, 1.2), seed=5)
    end = log.as_of(log.last_day)
    rows = [row for row in found.forecasts if row.method == "stub" + AS_MODELLED]
    assert {row.segment for row in rows} == {"", "north", "south"}
    for row in rows:
        known = log.as_of(row.day)
        segment = None if row.dimension == "total" else (row.dimension, row.segment)
        wins, cents = stub(known, row.days, segment, PATHS, 5)
        x = np.sort(wins) if row.measure == "wins" else np.sort(cents) / 100
        worth = np.ones(len(end)) if row.measure == "wins" else end.booked
        chosen = end.won & members(end, segment)
        chosen &= (end.closed >= row.day + 1) & (end.closed < row.day + 31)
        actual = worth[chosen].sum()
        assert row.actual == pytest.approx(actual)
        pairs = np.abs(x[:, None] - x).sum() / (2 * PATHS * (PATHS - 1))
        assert row.crps == pytest.approx(np.abs(x - actual).mean() - pairs)
        assert (row.p10, row.p50, row.p90) == (x[39], x[199], x[359])
        assert row.in80 == (x[39] <= actual <= x[359])
        assert row.in50 == (x[99] <= actual <= x[299])
        assert (x < actual).mean() <= row.pit <= (x <= actual).mean()
        past = known.won & members(known, segment)
        worth = np.ones(len(known)) if row.measure == "wins" else known.booked
        rate = worth[past].sum() / (row.day - START + 1)
        for multiple, score in zip((0.8, 1.2), row.briers, strict=True):
            target = multiple * rate * row.days
            assert score == pytest.approx(((x >= target).mean() - (actual >= target)) ** 2)
        assert row.accuracy == pytest.approx(max(0, 1 - abs(x.mean() - actual) / actual))
        assert row.pinball90 == scores.pinball(x, actual, 0.9)


def test_the_summary_is_the_mean_of_its_rows():
    found = small(by=["team"], quota=(1.0,))
    rows = [r for r in found.forecasts if (r.method, r.measure) == ("stub", "bookings")]
    total = next(line for line in found.summary() if line.method == "stub")
    team = next(x for x in found.summary() if (x.method, x.dimension) == ("stub", "team"))
    for line, dimension in ((total, "total"), (team, "team")):
        own = [row for row in rows if row.dimension == dimension]
        assert line.forecasts == len(own)
        assert line.crps == pytest.approx(np.mean([row.crps for row in own]))
        assert line.in80 == pytest.approx(np.mean([row.in80 for row in own]))
        assert line.brier == pytest.approx(np.mean([row.briers[0] for row in own]))
        assert line.bias == pytest.approx(
            sum(row.mean for row in own) / sum(row.actual for row in own) - 1
        )
        best = [
            r
            for r in found.forecasts
            if (r.method, r.measure, r.dimension) == (line.best, "bookings", dimension)
        ]
        assert line.ratio.value == pytest.approx(
            sum(row.crps for row in own) / sum(row.crps for row in best)
        )
    assert team.forecasts == 2 * total.forecasts
    assert team.separate == total.separate


def test_the_best_baseline_has_the_smallest_score_and_enough_forecasts():
    found = small(horizons=(91,))
    lines = {line.method: line for line in found.summary()}
    simple = {name: line for name, line in lines.items() if line.simple}
    assert lines["growth rate"].forecasts < lines["run rate"].forecasts
    often = [x for x in simple.values() if x.forecasts >= lines["stub"].forecasts / 2]
    assert lines["stub"].best == min(often, key=lambda x: x.crps).method
    assert lines[lines["stub"].best].ratio.value == 1.0


def test_all_segments_together_are_the_columns_together():
    log = history()
    two = EventLog(
        log.ids,
        log.stages,
        deal=log.deal,
        time=log.time,
        state=log.state,
        amount=log.amount,
        segments={**log.segments, "owner": [f"o{k % 2}" for k in range(len(log))]},
        record_start=START,
        last_day=log.last_day,
    )
    found = small(two, by=["team", "owner"])
    counts = {x.dimension: x.forecasts for x in found.summary() if x.method == "stub"}
    assert counts["all segments"] == counts["team"] + counts["owner"] == 4 * counts["total"]


# What is said


def test_a_forecast_that_knows_beats_and_one_that_is_off_loses():
    log = history(420)
    stubs = {"seer": oracle(log), "twice": normal(2.0)}
    found = small(log, forecasters=stubs, origins=15)
    seer, twice = found.verdict().splitlines()
    assert seer.startswith("30 days, total: 'seer' beats the best simple forecast (")
    assert "'twice' LOSES to the best simple forecast" in twice
    assert "Use that instead" in twice
    assert "separate windows" in twice
    assert "LOSES" in found.verdict("wins")


def test_too_few_windows_are_not_called_a_victory():
    found = small(horizons=(91,), forecasters={"seer": oracle(history())}, first=START + 200)
    assert re.search(
        r"'seer' was \d+ % better than the best simple forecast \(.*\), "
        r"but 1 separate window is too few to tell \(",
        found.verdict(),
    )


def test_many_windows_with_few_wins_are_not_called_a_victory():
    days = START + np.array([0, 30, 60, 400, 700])
    log = EventLog(
        list("ABCDE"), ["open"], deal=[*range(5)] * 2, time=[*days, *(days + 20)],
        state=[0] * 5 + [WON] * 5, amount=[100.0] * 10, record_start=START,
        last_day=START + 1000,
    )  # fmt: skip
    found = small(log, forecasters={"seer": oracle(log)})
    line = next(one for one in found.summary() if one.method == "seer")
    assert (line.method, line.ratio.outcome, line.outcome) == ("seer", "beats", "untold")
    assert line.separate > 10 > line.eventful
    assert f"but {line.eventful} of {line.separate} separate windows with wins are too few" in (
        found.verdict()
    )


def test_only_baselines():
    assert small(forecasters={}).verdict() == "Only baselines were scored."


def test_notes_say_what_flatters_and_what_is_missing():
    notes = "\n".join(small(by=["team"]).notes)
    assert "picked after the fact" in notes
    assert "below 10, the spread is the model's word" in notes
    assert "segments of the day of extraction (team)" in notes
    assert "Too few wins to be scored as segments: team tiny." in notes
    assert "of 'last year' left out. First reason: last year must rest on" in notes
    assert "amounts are those at extraction" not in notes


def test_a_state_export_is_said_to_leak():
    log = history()
    first = np.zeros(len(log.time), bool)
    first[np.unique(log.deal, return_index=True)[1]] = True
    chosen = first | (log.state < 0)
    states = EventLog(
        log.ids,
        log.stages,
        deal=log.deal[chosen],
        time=log.time[chosen],
        state=log.state[chosen],
        amount=log.amount[chosen],
        record_start=START,
        last_day=log.last_day,
    )
    notes = "\n".join(small(states).notes)
    assert "amounts are those at extraction" in notes
    assert "segments of the day" not in notes


def test_a_history_without_amounts_is_scored_by_its_wins():
    found = small(history(amounts=False))
    assert any("wins without an amount count as bookings of 0" in note for note in found.notes)
    bookings = next(line for line in found.summary() if line.method == "stub")
    assert (bookings.ratio, bookings.bias, bookings.actual) == (None, None, 0.0)
    assert next(line for line in found.summary("wins") if line.method == "stub").ratio
    assert "has no baseline to be compared with" in found.verdict()


def test_forecasts_that_cannot_be_made_are_listed():
    def never(*_):
        raise InputError("stub", "rest on more", 1)

    found = small(forecasters={"never": never, "stub": normal()})
    assert {one.reason for one in found.left_out if one.method == "never"} == {
        "stub must rest on more, got 1"
    }
    assert any("of 'never' left out" in note for note in found.notes)


def test_json_columns_and_text():
    found = small(by=["team"])
    answer = json.loads(json.dumps(found.to_dict()))
    assert answer["quota"] == [0.9, 1.0, 1.1]
    assert len(answer["summary"]) == len(found.lines)
    columns = found.rows()
    assert {len(column) for column in columns.values()} == {len(found.forecasts)}
    assert columns["day"][0] == date.fromordinal(found.forecasts[0].day).isoformat()
    assert columns["brier1.1"][3] == found.forecasts[3].briers[2]
    table = found.table().split("\n\n")
    assert len(table) == 2
    assert table[0].startswith("Bookings, 30 days, total: 15 forecasts, 5 separate windows, mean ")
    assert table[0].splitlines()[2].startswith("stub")
    assert str(found).startswith(found.verdict())


def test_progress_counts_windows():
    calls = []
    small(horizons=(30, 60), progress=lambda *where: calls.append(where))
    assert calls == [(k + 1, len(calls)) for k in range(len(calls))]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"horizons": (0,)}, "horizons must"),
        ({"by": ["teem"]}, "did you mean 'team'"),
        ({"quota": (0.0,)}, "quota must"),
        ({"origins": 0}, "origins must"),
        ({"origins": [START + 310]}, "origins must have a window that ends inside"),
        ({"paths": 1}, "paths must"),
        ({"fiscal_year_start": 13}, "fiscal_year_start must"),
        ({"forecasters": {"stub": lambda *_: ([1], [1])}}, "forecaster 'stub' must return 400"),
    ],
)
def test_wrong_input_is_refused(more, message):
    with pytest.raises(InputError, match=message):
        small(**more)


# The outlook and its track record


@pytest.mark.compiled
def test_the_outlook_is_scored_by_default():
    found = backtest(history(), [30], by=["team"], origins=56, paths=256)
    methods = [line.method for line in found.summary() if line.dimension == "team"]
    assert set(methods[:2]) == {"outlook", "outlook" + AS_MODELLED}
    assert set(methods[2:]) < set(baselines())
    assert (
        found.forecasts == backtest(history(), [30], by=["team"], origins=56, paths=256).forecasts
    )


@pytest.mark.compiled
def test_a_track_record_knows_nothing_later():
    log = history()
    day = START + 240
    mine, other = (
        track_record(one, day, 30, by=["team"], paths=256)
        for one in (log, another_future(log, day, 1))
    )
    assert mine.to_dict() == other.to_dict()
    np.testing.assert_array_equal(mine.z["bookings"], other.z["bookings"])


def test_a_track_record_ends_with_the_window_that_has_just_ended():
    days = []

    def watching(known, days_ahead, segment, paths, seed):
        days.append(known.day)
        return normal()(known, days_ahead, segment, paths, seed)

    record = track_record(history(), START + 240, 30, forecaster=watching, paths=PATHS)
    assert sorted(set(days)) == [START + 240 - 30 - 15 * k for k in reversed(range(8))]
    assert (record.forecasts, record.separate) == (8, 4)
    assert record.weights["wins"].tolist() == [0.25] * 8
    assert len(record.z["wins"]) == 8
    assert record.sentences()[0].startswith(
        "8 past forecasts 30 days ahead (4 separate windows) could be scored: the 80 % interval "
    )
    few = track_record(history(), START + 300, 30, forecaster=normal(), most=3, paths=PATHS)
    assert few.forecasts == 3


def test_a_track_record_says_when_it_loses():
    record = track_record(history(), START + 300, 30, forecaster=normal(3.0), paths=PATHS)
    assert record.loses
    assert "% WORSE than the best simple one" in record.sentences()[-1]
    good = track_record(history(), START + 300, 30, forecaster=oracle(history()), paths=PATHS)
    assert "% better than the best simple one" in good.sentences()[-1]
    assert good.held == 1.0


def test_a_short_record_has_no_track():
    record = track_record(history(), START + 100, 30, forecaster=normal(), paths=PATHS)
    assert (record.forecasts, record.separate, record.held, record.ratio) == (0, 0, None, None)
    assert "that takes 121 days of recorded closes, and there are 101" in record.sentences()[0]
    assert json.loads(json.dumps(record.to_dict()))["forecasts"] == 0
