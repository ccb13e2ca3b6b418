"""Effects of what deals are like: fair to age and censoring, found where they are, else near 1."""

import numpy as np
import pytest

from funnelsim.fitting.hazards import AGES, Hazards, fit_hazards
from funnelsim.outlook.covariates import fit_covariates, shrunk, visits
from funnelsim.outlook.outlook import prepare
from funnelsim.outlook.pressure import win_chances
from funnelsim.outlook.spans import Spans
from tests.worlds import origin, simulate_world

ONE_STAGE = Hazards(np.full((1, AGES), 0.05), np.full((1, AGES), 0.05))


def known_of(world, seed, months):
    return simulate_world(world, seed, months).as_of(origin(seed, months))


def by_value(effects, column):
    return {one.value: one for one in effects if one.column == column}


@pytest.fixture(scope="module")
def differing():
    return known_of("products differ", 31, 15)


def test_products_that_differ_are_told_and_teams_that_do_not_stay_near_1(differing):
    found = by_value(prepare(differing).effects, "product")

    # the true win rates are 0.1, 0.051 and 0.186; all deals' is 0.103
    assert found["product 1"].multiplier == pytest.approx(0.97, abs=0.12)
    assert found["product 2"].multiplier < 0.75
    assert found["product 3"].multiplier > 1.35
    teams = by_value(prepare(differing).effects, "team").values()
    assert all(0.9 < one.multiplier < 1.1 for one in teams)


def test_where_nothing_differs_multipliers_are_near_1():
    for world, seed in (("steady", 41), ("unequal deals", 42), ("steady", 43)):
        effects = prepare(known_of(world, seed, 15)).effects
        assert all(0.85 < one.multiplier < 1.15 for one in effects)


def test_wins_are_those_of_deals_seen_in_the_first_stage_and_expected_as_many(differing):
    found = prepare(differing).effects
    left = np.floor(np.minimum(differing.entry[1], differing.closed))
    wins = (differing.won & (left >= differing.record_start)).sum()

    for column in ("product", "team", "amount"):
        values = by_value(found, column).values()
        assert sum(one.wins for one in values) == pytest.approx(wins, abs=2)
        assert sum(one.expected for one in values) == pytest.approx(wins, rel=0.02)


def test_a_deal_counts_as_long_as_it_was_seen(differing):
    known = differing
    chances = win_chances(fit_hazards(known), 200)
    seen = visits(known, Spans.of(known), chances)
    entry, closed = np.floor(known.entry), np.floor(known.closed)

    assert len(seen.deal) > len(known)
    assert (np.unique(seen.deal) == np.arange(len(known))).all()
    for place in range(0, len(seen.deal), 97):
        deal, stage = seen.deal[place], seen.stage[place]
        first = int(max(entry[stage, deal], known.record_start))
        days = min(known.day - first + 1, 200)
        age = min(first - int(entry[stage, deal]), AGES - 1)
        assert seen.chance[place] == chances[days, stage, age]
        assert seen.won[place] == (known.won[deal] and closed[deal] < first + days)


def test_young_deals_do_not_look_bad():
    """A product sold of late has few wins, and as few are expected."""
    known = known_of("steady", 44, 15)
    codes = (known.created > known.day - 120).astype(np.int32)
    known.segments["age"] = codes, ("old", "young")

    found = by_value(prepare(known).effects, "age")

    assert found["young"].wins < 0.2 * found["old"].wins
    assert found["young"].multiplier == pytest.approx(1.0, abs=0.15)


def test_chance_alone_is_drawn_to_1_and_evidence_is_not():
    rng = np.random.default_rng(5)
    expected = rng.uniform(5, 60, 40)
    even = shrunk(rng.poisson(expected).astype(float), expected, expected)
    apart = np.exp(0.4 * rng.standard_normal(40))
    found = shrunk(rng.poisson(expected * apart).astype(float), expected, expected)

    assert np.abs(even - 1.0).max() < 0.1
    assert np.abs(found - apart).mean() < 0.8 * np.abs(apart - 1.0).mean()
    assert (shrunk(np.zeros(3), np.array([0.0, 1e-12, 90.0]), np.array([0, 1e-12, 90.0])) > 0).all()


def test_columns_that_say_the_same_share_the_effect(differing):
    known = differing
    alone = fit_covariates(known, visits(known, Spans.of(known), chances_of(known)))
    twice = known.only(np.ones(len(known), bool))
    twice.segments["again"] = known.segments["product"]
    both = fit_covariates(twice, visits(twice, Spans.of(twice), chances_of(twice)))

    np.testing.assert_allclose(both.multiplier, alone.multiplier, rtol=0.12)


def chances_of(known):
    return win_chances(fit_hazards(known), 300)


@pytest.mark.compiled  # thousands of paths
def test_effects_move_the_wins_of_a_product_and_the_sum_of_all_little(differing):
    bare = differing.only(np.ones(len(differing), bool))
    del bare.segments["product"]
    with_product, without = (prepare(one) for one in (differing, bare))

    total = [one.ahead([91], paths=2048).wins.mean() for one in (with_product, without)]
    assert total[0] == pytest.approx(total[1], rel=0.03)


def test_nothing_to_tell_deals_apart_gives_ones():
    known = known_of("steady", 45, 6)
    bare = known.only(np.ones(len(known), bool))
    bare.segments.clear()
    bare.amount[:] = np.nan

    ground = prepare(bare)

    assert ground.effects == ()
    assert ground.ahead([30], paths=1024).wins.mean() > 1
