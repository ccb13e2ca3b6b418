"""The correlation of outcomes, against brute quadrature and simulated cohorts."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy.stats import binom, norm

from funnelsim.errors import InputError
from funnelsim.events import LOST, WON, EventLog
from funnelsim.fitting.fitted import generator
from funnelsim.fitting.sharing import (
    PRIOR_RHO,
    RHOS,
    design_effects,
    fit_sharing,
    rho_density,
    stage_correlation,
)
from funnelsim.market import swing_of


def brute(rho, deals, wins):
    """Return the posterior density of rho by fine midpoint sums, not normalised."""
    w = (np.arange(800) + 0.5) / 800
    z = -7.0 + 14.0 * (np.arange(1500) + 0.5) / 1500
    chance = norm.cdf((norm.ppf(w)[:, None] + np.sqrt(rho) * z) / np.sqrt(1 - rho))
    cohorts = [binom.pmf(k, n, chance) @ norm.pdf(z) for n, k in zip(deals, wins, strict=True)]
    return np.prod(cohorts, axis=0).sum() * np.exp(-rho / PRIOR_RHO)


def test_density_is_that_of_brute_quadrature():
    deals, wins = np.array([40.0, 55.0, 30.0]), np.array([10.0, 25.0, 6.0])
    found = rho_density(deals, wins)
    some = [4, 12, 20]
    expected = np.array([brute(RHOS[k], deals, wins) for k in some])
    np.testing.assert_allclose(found[some] / found[some[0]], expected / expected[0], rtol=2e-3)


def test_very_many_deals_are_no_trouble():
    density = rho_density(np.full(4, 2e6), np.array([0.4e6, 0.5e6, 0.45e6, 0.48e6]))
    assert np.isfinite(density).all()
    assert 0.0 < RHOS[np.argmax(density)] < 0.05


def cohorts(rho, seed, quarters=12, each=400):
    """Return a log of deals whose outcomes share a market by quarter of creation."""
    random = np.random.default_rng(seed)
    starts = [dt.date(2020 + q // 4, 3 * (q % 4) + 1, 1).toordinal() for q in range(quarters)]
    created = np.repeat(starts, each) + random.uniform(0, 89, quarters * each)
    market = np.repeat(random.standard_normal(quarters), each)
    own = random.standard_normal(quarters * each)
    won = norm.cdf(np.sqrt(1 - rho) * own - np.sqrt(rho) * market) < 0.4
    order = np.argsort(created)
    created, won = created[order], won[order]
    deal = np.arange(len(created))
    return EventLog(
        [str(k) for k in deal], ["offer"], deal=np.r_[deal, deal],
        time=np.r_[created, created + 20], state=np.r_[0 * deal, np.where(won, WON, LOST)],
    )  # fmt: skip


@pytest.mark.parametrize(("rho", "low", "high"), [(0.0, 0.0, 0.01), (0.1, 0.06, 0.13)])
def test_rho_of_simulated_cohorts(rho, low, high):
    values, held = [], 0
    for seed in range(6):
        log = cohorts(rho, seed)
        known = log.as_of(log.last_day)
        found = fit_sharing(known, known.open, draws=500, random=generator(1, 1))
        values.append(found.rho.value)
        held += found.rho.low <= rho <= found.rho.high
        assert len(found.cohorts) == 12
        assert np.mean(found.rho.draws) == pytest.approx(found.rho.value, rel=0.15, abs=0.002)
    assert low <= np.mean(values) <= high
    assert held >= 3  # of 6 at 80 %: fewer has a chance of 2 %


def test_cohorts_that_are_not_decided_are_left_out():
    log = cohorts(0.05, seed=6, quarters=5)
    day = dt.date(2020, 12, 15).toordinal()  # the fourth quarter is not over, nor decided
    known = log.as_of(day)
    found = fit_sharing(known, np.zeros(len(known), bool), random=generator(1, 1))
    assert [one[0] for one in found.cohorts] == ["2020-01", "2020-04", "2020-07"]
    gone = fit_sharing(known, known.open, random=generator(1, 1))
    assert len(gone.cohorts) == 4


def test_without_two_cohorts_the_prior_stands_and_says_so():
    log = cohorts(0.05, seed=7, quarters=1)
    known = log.as_of(log.last_day)
    found = fit_sharing(known, known.open, draws=4000, random=generator(1, 1))
    assert "prior alone" in found.rho.how
    assert np.mean(found.rho.draws) == pytest.approx(PRIOR_RHO, rel=0.1)
    assert found.rho.low == 0.0


def test_unknown_cohort():
    log = cohorts(0.05, seed=7, quarters=1)
    known = log.as_of(log.last_day)
    with pytest.raises(InputError, match="did you mean 'quarter'"):
        fit_sharing(known, known.open, cohort="quarters", random=generator(1, 1))


def test_correlation_of_the_first_stage_is_that_of_its_swing():
    for chance, rho in ((0.3, 0.05), (0.7, 0.2)):
        expected = swing_of(chance, rho) ** 2 / (chance * (1 - chance))
        found = stage_correlation(np.array([chance, 0.5]), 0, rho)
        assert found == pytest.approx(expected, rel=1e-6)


def test_correlation_of_a_later_stage_is_that_of_simulated_deals():
    random = np.random.default_rng(8)
    rho, conversions = 0.2, np.array([0.6, 0.5])
    z = random.standard_normal(400_000)
    reach = norm.cdf((norm.ppf(np.cumprod(conversions))[:, None] + np.sqrt(rho) * z)
                     / np.sqrt(1 - rho))  # fmt: skip
    going_on = reach[1] / reach[0]
    mean = np.average(going_on, weights=reach[0])
    spread = np.average((going_on - mean) ** 2, weights=reach[0])
    expected = spread / (mean * (1 - mean))
    assert mean == pytest.approx(0.5, abs=0.002)
    assert stage_correlation(conversions, 1, rho) == pytest.approx(expected, rel=0.02)


def test_design_effects():
    conversions = np.array([0.5])
    r = stage_correlation(conversions, 0, RHOS[10])
    sizes = np.array([100.0, 300.0, 0.0])
    [none, some] = design_effects(sizes, conversions, 0, np.array([0.0, RHOS[10]]))
    assert none == 1.0
    assert some == pytest.approx(400 / (100 / (1 + 99 * r) + 300 / (1 + 299 * r)))
