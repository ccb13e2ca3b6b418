"""The market's shift of odds: found where there is one, and walked on as believed."""

import numpy as np
import pytest

from funnelsim.fitting.hazards import AGES, Hazards, fit_hazards
from funnelsim.outlook.market import Market, exits, fit_market, market_on, shifted
from funnelsim.outlook.spans import Spans
from tests.worlds import origin, simulate_world


def fitted(world, seed, months):
    known = simulate_world(world, seed, months).as_of(origin(seed, months))
    return fit_market(known, Spans.of(known), fit_hazards(known))


def long_run(found):
    return float(found.weight @ (found.sigma / np.sqrt(1 - found.persistence**2)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_strong_market_is_told_from_none(seed):
    assert long_run(fitted("strong market", seed, 24)) > 0.15
    assert long_run(fitted("steady", seed, 24)) < 0.1


def test_a_market_that_turned_good_is_seen():
    known = simulate_world("steady", 4, 24).as_of(origin(4, 24))
    recent = np.isfinite(known.closed) & (known.closed > known.day - 60)
    lucky = known.only(~(recent & known.lost & (np.arange(len(known)) % 5 < 3)))

    found = fit_market(lucky, Spans.of(lucky), fit_hazards(lucky))

    assert found.weight @ found.mean > 0.2


def test_exits_count_slope_and_curvature_deal_by_deal():
    known = simulate_world("steady", 5, 5).as_of(origin(5, 4))
    hazards = fit_hazards(known)
    share = hazards.forward / (hazards.forward + hazards.lost)
    days = known.day - known.record_start + 1
    slope, curve = np.zeros(days), np.zeros(days)
    for deal in range(len(known)):
        for k in range(len(known.stages)):
            last = k + 1 == len(known.stages)
            onward = known.closed[deal] if last and known.won[deal] else np.inf
            onward = onward if last else known.entry[k + 1, deal]
            left = min(onward, known.closed[deal])
            day = int(left) - known.record_start if np.isfinite(left) else -1
            if day >= 0 and np.isfinite(known.entry[k, deal]):
                age = min(int(left) - int(known.entry[k, deal]), AGES - 1)
                chance = share[k, age]
                slope[day] += np.isfinite(onward) - chance
                curve[day] += chance * (1 - chance)

    found = exits(known, Spans.of(known), hazards)

    np.testing.assert_allclose(found[0], slope, atol=1e-9)
    np.testing.assert_allclose(found[1], curve, atol=1e-9)


def test_a_shift_moves_the_odds_and_keeps_the_leaving():
    rng = np.random.default_rng(1)
    hazards = Hazards(rng.uniform(0, 0.4, (2, AGES)), rng.uniform(0.01, 0.4, (2, AGES)))

    more = shifted(hazards, 0.7)

    np.testing.assert_allclose(more.forward + more.lost, hazards.forward + hazards.lost)
    odds = more.forward / more.lost / (hazards.forward / hazards.lost)
    np.testing.assert_allclose(odds, np.exp(0.7))


def test_paths_of_the_shift_have_the_law_believed():
    found = Market(np.ones(1), np.array([0.1]), np.array([0.8]), np.array([0.5]), np.array([0.2]))

    means = np.hstack([market_on(found, 3, 1, block) for block in range(40)])

    first = means[0]
    assert first.mean() == pytest.approx(0.4, abs=0.005)
    assert first.std() == pytest.approx(np.hypot(0.8 * 0.2, 0.1), rel=0.02)
    third = 3 * means[2] - 2 * means[1]
    assert third.mean() == pytest.approx(0.5 * 0.8**3, abs=0.006)
    np.testing.assert_array_equal(market_on(found, 2, 1, 0), means[:2, :1024])
