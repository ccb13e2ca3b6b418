"""Multipliers of intensity, and which deals they win."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnelsim.fitting.hazards import fit_hazards
from funnelsim.outlook.intensity import OpenDeals, merged, open_deals, solve_kappa
from funnelsim.outlook.pressure import win_chances
from funnelsim.outlook.spans import Spans
from tests.worlds import origin, simulate_world


def gives(deals, kappa, fresh):
    """Return the wins under multipliers, deal by deal and period by period."""
    result = np.zeros_like(kappa)
    for count, exposure in zip(deals.counts, deals.exposure, strict=True):
        unwon = np.ones(kappa.shape[1])
        for k in range(len(kappa)):
            survives = np.exp(-exposure[k] * kappa[k])
            result[k] += count * unwon * (1 - survives)
            unwon = unwon * survives
    return result + kappa * fresh[:, None]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 3), st.integers(0, 60))
def test_sums_are_met_exactly(seed, periods, groups):
    rng = np.random.default_rng(seed)
    first = np.concatenate([[0], np.cumsum(rng.integers(1, 9, groups))]).astype(np.int64)
    exposure = np.exp(rng.uniform(-12, 1, (groups, periods))) * (rng.random((groups, 1)) < 0.9)
    deals = OpenDeals(np.arange(first[-1]), first, exposure)
    fresh = rng.uniform(0.01, 20, periods)
    expected = np.exp(rng.uniform(-4, 5, (periods, 50)))

    kappa = solve_kappa(deals, fresh, expected)

    np.testing.assert_allclose(gives(deals, kappa, fresh), expected, rtol=1e-6)


def test_one_period_multiplies_the_log_chance_not_to_win():
    chances = np.array([0.0, 0.3])[:, None, None] * np.ones((2, 1, 400))
    spans = Spans(np.array([[1, 2, 3]]), np.full(3, 2**40))

    deals = open_deals(spans, 10, chances[1:], np.ones((1, 3)), np.array([True, False, True]))
    kappa = solve_kappa(deals, np.array([0.1]), np.array([[1.0]]))

    assert deals.counts.tolist() == [2]
    assert sorted(deals.deals) == [0, 2]
    assert deals.exposure[0, 0] == pytest.approx(-np.log(0.7), rel=0.011)
    unwon = np.exp(-deals.exposure[0, 0] * kappa[0, 0])
    assert 2 * (1 - unwon) + 0.1 * kappa[0, 0] == pytest.approx(1.0)


def test_the_same_paths_get_the_same_multipliers_whoever_else_is_there():
    rng = np.random.default_rng(1)
    deals = OpenDeals(np.arange(30), np.arange(31), rng.random((30, 2)))
    expected = rng.uniform(1, 40, (2, 500))

    whole = solve_kappa(deals, np.array([1.0, 2.0]), expected)
    part = solve_kappa(deals, np.array([1.0, 2.0]), expected[:, :100])

    np.testing.assert_allclose(part, whole[:, :100], rtol=1e-6)


def test_merged_groups_hold_the_same_deals_and_give_about_the_same_multipliers():
    rng = np.random.default_rng(2)
    exposure = np.exp(rng.normal(-2.5, 1.0, (400, 1)) + rng.normal(0.0, 0.1, (400, 3)))
    counts = rng.integers(1, 5, 400)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    deals = OpenDeals(rng.permutation(first[-1]), first, exposure)
    fresh, expected = np.array([2.0, 9.0, 20.0]), rng.uniform(30, 200, (3, 300))

    few = merged(deals)

    assert len(few.exposure) < 0.8 * len(exposure)
    assert sorted(few.deals) == sorted(deals.deals)
    where = np.empty((first[-1], 3))
    where[deals.deals] = np.repeat(exposure, counts, axis=0)
    for deal, row in zip(few.deals, np.repeat(few.exposure, few.counts, axis=0), strict=True):
        np.testing.assert_allclose(row, where[deal], rtol=0.14)
    found = gives(deals, solve_kappa(few, fresh, expected), fresh)
    np.testing.assert_allclose(found, expected, rtol=5e-4)


def test_open_deals_keep_their_chances_in_groups():
    known = simulate_world("unequal deals", 1, 12).as_of(origin(1, 10))
    spans = Spans.of(known)
    effect = np.random.default_rng(1).uniform(0.5, 2.0, known.entry.shape)
    chances = win_chances(fit_hazards(known), 60)[[20, 60]]

    deals = open_deals(spans, known.day, chances, effect, np.ones(len(known), bool))

    assert sorted(deals.deals) == np.flatnonzero(known.open).tolist()
    exposure = np.repeat(deals.exposure, deals.counts, axis=0)
    for row, deal in enumerate(deals.deals):
        stage = known.stage[deal]
        age = int(known.day - np.floor(known.entry[stage, deal])) + 1
        unwon = 1 - chances[:, stage, min(age, 399)]
        expected = -np.log(np.append(unwon[0], unwon[1] / unwon[0])) * effect[stage, deal]
        np.testing.assert_allclose(exposure[row], expected, rtol=0.011, atol=2e-7)
