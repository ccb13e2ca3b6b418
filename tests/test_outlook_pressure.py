"""Pressure against stepping the same table of deals forward, day by day."""

import numpy as np
import pytest

from funnelsim.fitting.hazards import AGES, Hazards, fit_hazards
from funnelsim.outlook.pressure import (
    Groups,
    chances_by,
    creation_rate,
    dated_chances,
    expected_wins,
    stepped_wins,
    usual_chances,
    win_chances,
)
from funnelsim.outlook.series import past_series, week_starts
from funnelsim.outlook.spans import Spans, earlier
from tests.worlds import origin, simulate_world

STAGES = 3


def some_hazards(seed):
    rng = np.random.default_rng(seed)
    return Hazards(rng.uniform(0, 0.2, (STAGES, AGES)), rng.uniform(0, 0.1, (STAGES, AGES)))


def stepped(hazards, table, rate, factors):
    """Return the wins of each day from expected deals by stage and age, new ones at a rate."""
    result = []
    for factor in factors:
        onward = rate
        for k in range(STAGES):
            older = np.zeros(AGES)
            older[0] = onward  # at risk on the day of entry
            older[1:] = table[k, :-1]
            older[-1] += table[k, -1]
            on, off = hazards.forward[k], hazards.lost[k]
            on = np.minimum(on * factor, 1 - off) if k == STAGES - 1 else on
            onward = (older * on).sum()
            table[k] = older * (1 - on - off)
        result.append(onward)
    return np.array(result)


@pytest.fixture(scope="module")
def known():
    return simulate_world("steady", 1, 12).as_of(origin(1, 10))


@pytest.mark.parametrize("season", [False, True])
def test_open_and_new_deals_are_won_as_when_the_table_is_stepped(season):
    hazards = some_hazards(1)
    rng = np.random.default_rng(2)
    deals, days, day = 200, 40, 1000
    entry = np.full((STAGES, deals), 2**40)
    entry[0] = day - rng.integers(0, 600, deals)
    for k in range(1, STAGES):
        on = (rng.random(deals) < 0.5) & (entry[k - 1] <= day)
        entry[k, on] = entry[k - 1, on] + rng.integers(0, 1 + day - entry[k - 1, on])
    spans = Spans(entry, np.full(deals, 2**40))
    group = rng.integers(0, 2, deals).astype(np.int32)
    rate = np.array([1.5, 0.2])

    factors = rng.uniform(0, 8, days) if season else np.ones(days)

    dated = dated_chances(hazards, factors) if season else usual_chances(hazards, days)
    standing, fresh = expected_wins(spans, Groups(group, 2), dated, day, rate)

    for one in range(2):
        table = np.zeros((STAGES, AGES))
        for deal in np.flatnonzero(group == one):
            stage = int((entry[:, deal] <= day).sum()) - 1
            table[stage, min(day - entry[stage, deal], AGES - 1)] += 1
        np.testing.assert_allclose(standing[:, one], stepped(hazards, table, 0.0, factors))
        none = np.zeros((STAGES, AGES))
        np.testing.assert_allclose(fresh[:, one], stepped(hazards, none, rate[one], factors))


@pytest.mark.parametrize("weighted", [False, True])
def test_deals_that_are_stepped_on_are_won_as_their_chances_say(known, weighted):
    """Forward day by day, and backward from each day: the same wins."""
    rng = np.random.default_rng(6)
    spans, hazards, factors = Spans.of(known), fit_hazards(known), rng.uniform(0, 3, 45)
    codes, names = known.segments["team"]
    weight = rng.uniform(0.5, 2, (len(known.stages), len(known))) if weighted else None
    groups, rate = Groups(codes, len(names), weight), rng.uniform(0, 3, len(names))

    standing, fresh = expected_wins(spans, groups, dated_chances(hazards, factors), known.day, rate)

    for code in range(len(names)):
        table = groups.standing(spans, known.day, code)
        wins = stepped_wins(hazards, factors, table, float(rate[code]))
        np.testing.assert_allclose(wins, standing[:, code] + fresh[:, code])


def test_chances_by_some_days_are_those_of_all_days():
    hazards, factors = some_hazards(8), np.random.default_rng(9).uniform(0, 3, 40)
    ends = np.array([1, 17, 18, 40])
    found = chances_by(hazards, factors, ends)
    np.testing.assert_array_equal(found, dated_chances(hazards, factors).chances[ends])


def test_days_without_a_factor_are_usual_ones():
    hazards = some_hazards(5)
    for one, other in zip(
        dated_chances(hazards, np.ones(30)), usual_chances(hazards, 30), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-13)


def test_chances_to_win_agree_with_simulated_deals():
    hazards = some_hazards(3)
    rng = np.random.default_rng(4)
    runs, days = 20_000, 25
    stage, age = np.zeros(runs, int), np.full(runs, 7)
    alive, won = np.ones(runs, bool), np.zeros(runs, bool)
    for _ in range(days):
        fresh = np.ones(runs, bool)
        while fresh.any():  # who goes on is at risk again on the same day
            uniform = rng.random(runs)
            on = fresh & alive & (uniform < hazards.forward[stage, age])
            off = fresh & alive & ~on & (uniform > 1 - hazards.lost[stage, age])
            alive &= ~off
            won |= on & (stage == STAGES - 1)
            alive &= ~won
            fresh = on & alive
            stage[fresh] += 1
            age[fresh] = 0
        age[alive] += 1

    expected = win_chances(hazards, days)[days, 0, 7]

    assert won.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / runs))


def test_standing_is_what_was_known_then(known):
    spans = Spans.of(known)
    for back in (0, 40, 200):
        day = known.day - back
        then = earlier(known, day)
        deals, stage, age = spans.standing(day)
        assert [known.ids[k] for k in deals] == [
            one for one, is_open in zip(then.ids, then.open, strict=True) if is_open
        ]
        np.testing.assert_array_equal(stage, then.stage[then.open])
        entered = np.floor(then.entry[stage, np.flatnonzero(then.open)])
        np.testing.assert_array_equal(age, np.minimum(day - entered + 1, AGES - 1))


def test_earlier_is_what_the_log_says_of_that_day():
    log = simulate_world("all of these", 2, 12)
    day = origin(2, 9)

    then, direct = earlier(log.as_of(log.last_day), day), log.as_of(day)

    assert then.ids == direct.ids
    for name in ("entry", "closed", "won", "booked", "amount"):
        np.testing.assert_array_equal(getattr(then, name), getattr(direct, name))


def test_the_past_counts_every_win_once_and_pressure_is_of_their_size(known):
    spans, week = Spans.of(known), usual_chances(fit_hazards(known), 7)
    chances = [week] * len(week_starts(known))
    codes, names = known.segments["team"]

    whole = past_series(known, spans, chances, Groups.whole(len(known)))
    teams = past_series(known, spans, chances, Groups(codes, len(names)))

    days = known.day - known.record_start + 1
    assert whole.wins.shape == whole.pressure.shape == (days, 1)
    assert whole.wins.sum() == known.won.sum()
    np.testing.assert_array_equal(teams.wins.sum(axis=1), whole.wins[:, 0])
    np.testing.assert_allclose(teams.pressure.sum(axis=1), whole.pressure[:, 0])
    assert whole.pressure.sum() == pytest.approx(known.won.sum(), rel=0.1)


def test_the_rate_of_new_deals_is_that_of_the_last_91_days(known):
    spans, groups = Spans.of(known), Groups.whole(len(known))
    start, day = known.record_start, known.day
    created = np.floor(known.created)

    now = creation_rate(spans, groups, day, start, day)
    young = creation_rate(spans, groups, start + 5, start, day)

    assert now[0] == ((created > day - 91) & (created <= day)).sum() / 91
    assert young[0] == ((created >= start) & (created < start + 28)).sum() / 28
