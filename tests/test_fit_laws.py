"""Parametric times by maximum likelihood, against scipy on the same data."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from scipy.optimize import minimize

from funnelsim.fitting.laws import FAMILIES, Law, fit_law, fit_mixture
from funnelsim.fitting.spells import FORWARD, LOST, OPEN, Spells

LAWS = {
    "gamma": lambda law: scipy.stats.gamma(
        math.exp(-2 * law.shape), scale=math.exp(law.place + 2 * law.shape)
    ),
    "lognormal": lambda law: scipy.stats.lognorm(math.exp(law.shape), scale=math.exp(law.place)),
    "weibull": lambda law: scipy.stats.weibull_min(math.exp(-law.shape), scale=math.exp(law.place)),
}
OF_SCIPY = {
    "gamma": scipy.stats.gamma,
    "lognormal": scipy.stats.lognorm,
    "weibull": scipy.stats.weibull_min,
}


def spells_of(end, cause, start=None, *, whole_days=False):
    start = np.zeros(len(end)) if start is None else start
    return Spells(start, end, cause, np.arange(len(end)), whole_days)


@pytest.mark.parametrize("family", FAMILIES)
def test_formulas_are_those_of_scipy(family):
    ages = np.array([0.1, 1.0, 10.0, 40.0, 120.0])
    for place, shape in ((3.0, -0.5), (2.0, 0.3), (4.0, -2.0)):
        law = Law(family, place, shape)
        expected = LAWS[family](law)
        np.testing.assert_allclose(law.log_density(ages), expected.logpdf(ages), rtol=1e-9)
        np.testing.assert_allclose(law.survival(ages), expected.sf(ages), rtol=1e-9, atol=1e-290)
        np.testing.assert_allclose(law.distribution().sf(ages), expected.sf(ages), atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_most_likely_law_of_censored_times_is_that_of_scipy(family):
    random = np.random.default_rng(7)
    time, limit = random.gamma(2.0, 12.0, 300), random.uniform(5, 60, 300)
    end, seen = np.minimum(time, limit), time <= limit
    found = fit_law(
        spells_of(end, np.where(seen, FORWARD, OPEN)), FORWARD, family=family, place=3.0
    )
    data = scipy.stats.CensoredData(uncensored=end[seen], right=end[~seen])
    *shape, _, scale = OF_SCIPY[family].fit(data, floc=0)
    expected = OF_SCIPY[family](*shape, scale=scale)
    at = np.array([2.0, 10.0, 25.0, 60.0])
    np.testing.assert_allclose(found.survival(at), expected.sf(at), atol=2e-4)


def test_dates_are_intervals():
    random = np.random.default_rng(8)
    days = np.floor(random.random(400) + random.gamma(3.0, 3.0, 400))
    found = fit_law(
        spells_of(days, np.full(400, FORWARD), whole_days=True), FORWARD, family="gamma", place=2.0
    )
    data = scipy.stats.CensoredData(
        interval=np.column_stack([np.maximum(days - 0.5, 0.0), days + 0.5])
    )
    shape, _, scale = scipy.stats.gamma.fit(data, floc=0)
    assert math.exp(found.place) == pytest.approx(shape * scale, rel=1e-3)
    assert math.exp(found.shape) == pytest.approx(shape**-0.5, rel=1e-3)


def test_truncated_times_are_those_of_a_plain_optimum():
    random = np.random.default_rng(9)
    time, start = random.weibull(1.4, 2000) * 25.0, random.uniform(0, 30, 2000)
    kept = time > start
    time, start = time[kept], start[kept]
    found = fit_law(
        spells_of(time, np.full(len(time), FORWARD), start), FORWARD, family="weibull", place=3.0
    )

    def cost(at):
        law = scipy.stats.weibull_min(np.exp(at[0]), scale=np.exp(at[1]))
        return -(law.logpdf(time) - law.logsf(start)).sum()

    best = minimize(cost, [0.0, 3.0], method="Nelder-Mead", options={"xatol": 1e-8})
    assert -found.shape == pytest.approx(best.x[0], abs=1e-4)
    assert found.place == pytest.approx(best.x[1], abs=1e-4)
    assert math.exp(found.place) == pytest.approx(25.0, rel=0.1)


def mixed(count, random, limit):
    """Return spells: six in ten go on after gamma times of mean 20, the rest are lost after 30."""
    on = random.random(count) < 0.6
    time = np.where(on, random.gamma(2.0, 10.0, count), random.gamma(2.0, 15.0, count))
    end = np.minimum(time, limit)
    cause = np.where(time > limit, OPEN, np.where(on, FORWARD, LOST))
    return spells_of(end, cause)


def test_a_mixture_is_recovered_beyond_its_record():
    random = np.random.default_rng(10)
    one = mixed(4000, random, limit=25.0)
    found = fit_mixture(one, usual_conversion=0.5, usual_place=3.0, draws=100, random=random)
    assert found.conversion == pytest.approx(0.6, abs=0.06)
    assert found.forward.distribution().mean == pytest.approx(20.0, rel=0.15)
    # of those still there after 25 days: P(on) S_on / (...) of the true gamma laws
    on, off = (scipy.stats.gamma(2.0, scale=s).sf(25.0) for s in (10.0, 15.0))
    expected = 0.6 * on / (0.6 * on + 0.4 * off)
    assert found.shares_forward(25.0).mean() == pytest.approx(expected, abs=0.1)


def test_draws_are_as_wide_as_the_deals_are_few():
    random = np.random.default_rng(11)
    widths = []
    for count in (50, 800):
        one = mixed(count, random, limit=200.0)
        found = fit_mixture(one, usual_conversion=0.5, usual_place=3.0, draws=400, random=random)
        widths.append(found.numbers(forward=True)[:, 0].std())
    # of the log mean of n gamma times of cv 0.7: 0.7 / sqrt(n); a weak prior narrows the first
    assert widths[1] == pytest.approx(0.71 / math.sqrt(800 * 0.6), rel=0.25)
    assert widths[0] == pytest.approx(0.71 / math.sqrt(50 * 0.6), rel=0.4)


def test_no_deals_leave_the_prior():
    random = np.random.default_rng(12)
    none = spells_of(np.zeros(0), np.zeros(0, int))
    found = fit_mixture(none, usual_conversion=0.7, usual_place=3.0, draws=4000, random=random)
    assert found.forward.place == pytest.approx(3.0, abs=0.01)
    assert found.numbers(forward=True)[:, 0].std() > 0.7


def test_a_constant_time_is_no_trouble():
    random = np.random.default_rng(13)
    one = spells_of(np.full(20, 14.0), np.full(20, LOST), whole_days=True)
    found = fit_mixture(one, usual_conversion=0.5, usual_place=3.0, draws=50, random=random)
    assert found.lost.distribution().mean == pytest.approx(14.0, rel=0.05)
    assert np.isfinite(found.draws).all()
