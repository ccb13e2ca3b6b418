"""Concentration by hand, its properties, and laws of amounts against integrals and simulation."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

import funnelsim as fs
from funnelsim.amount_laws import fit_amount_laws, lognormal_sigma_of, pareto_alpha_of
from funnelsim.concentration import Concentration

amounts = st.lists(st.floats(0.01, 1e9), min_size=1, max_size=40)


def test_four_accounts_by_hand():
    four = Concentration([20, 70, 0, 10])
    assert four.lorenz == ((0, 0), (0.25, 0), (0.5, 0.1), (0.75, 0.3), (1, 1))
    area = 0.25 * (0 + 0.1 + 0.3 + 0.5)  # trapezoids under the curve: half of the last point
    assert four.gini == pytest.approx(1 - 2 * area)
    assert four.effective_number == pytest.approx(1 / (0.04 + 0.49 + 0.01))
    assert four.top(0.25) == pytest.approx(0.7)
    assert four.top(0.2) == pytest.approx(0.56)  # 0.8 of the largest
    assert four.top(0.6) == pytest.approx(0.9 + 0.4 * 0.1)
    assert [four.bring(share) for share in (0.01, 0.7, 0.71, 0.9, 0.91)] == [1, 1, 2, 2, 3]


def test_equal_accounts_are_not_concentrated():
    five = Concentration([3.3] * 5)
    assert five.gini == pytest.approx(0.0, abs=1e-15)
    assert five.effective_number == pytest.approx(5)
    assert five.top(0.2) == pytest.approx(0.2)
    assert five.bring(0.8) == 4


def test_one_account_with_all():
    many = Concentration([0.0] * 9 + [5.0])
    assert many.gini == pytest.approx(0.9)
    assert (many.bring(), many.effective_number, many.top(0.1)) == (1, 1.0, 1.0)


@pytest.mark.parametrize("wrong", [[], [0.0, 0.0], [1.0, -1.0], [math.nan], [math.inf], ["1"]])
def test_nothing_to_share_is_refused(wrong):
    with pytest.raises(fs.InputError):
        Concentration(wrong)


@pytest.mark.parametrize("wrong", [0, 1, 20, -0.1, math.nan])
def test_a_part_is_a_part(wrong):
    one = Concentration([1.0, 2.0])
    for asked in (one.top, one.bring, lognormal_sigma_of, pareto_alpha_of):
        with pytest.raises(fs.InputError, match="must be in"):
            asked(wrong)


@given(amounts)
def test_the_lorenz_curve_is_convex_and_gini_its_area(values):
    found = Concentration(values)
    x, y = np.array(found.lorenz).T
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert (np.diff(y) >= -1e-12).all()
    assert (np.diff(y, 2) >= -1e-12).all()
    assert 0.0 <= found.gini < 1.0
    assert found.gini == pytest.approx(1 - np.sum(np.diff(x) * (y[1:] + y[:-1])), abs=1e-9)
    assert 1 - 1e-9 <= found.effective_number <= len(values) * (1 + 1e-9)


@given(amounts, st.randoms(), st.floats(1e-3, 1e3))
def test_neither_order_nor_unit_matters(values, order, unit):
    found = Concentration(values)
    mixed = list(values)
    order.shuffle(mixed)
    assert Concentration(mixed) == found
    scaled = Concentration([unit * one for one in values])
    assert scaled.gini == pytest.approx(found.gini, abs=1e-9)
    assert scaled.top() == pytest.approx(found.top())


@given(amounts, st.floats(0.01, 0.99))
def test_so_many_bring_it_and_one_less_does_not(values, share):
    found = Concentration(values)
    many = found.bring(share)
    largest, due = sorted(values, reverse=True), share * math.fsum(values)
    assert math.fsum(largest[:many]) >= due * (1 - 1e-9)
    assert math.fsum(largest[: many - 1]) < due * (1 + 1e-9)


@given(amounts, st.floats(0.01, 0.98))
def test_the_top_is_read_off_the_lorenz_curve(values, part):
    found = Concentration(values)
    assert found.top(part) == pytest.approx(1 - np.interp(1 - part, *zip(*found.lorenz)), abs=1e-9)  # noqa: B905


def test_twenty_eighty():
    assert lognormal_sigma_of() == pytest.approx(2 * stats.norm.ppf(0.8), rel=1e-12)
    assert lognormal_sigma_of() == pytest.approx(1.683, abs=5e-4)
    assert pareto_alpha_of() == pytest.approx(math.log(5) / math.log(4), rel=1e-12)
    assert pareto_alpha_of() == pytest.approx(1.161, abs=5e-4)


@pytest.mark.parametrize(("top", "share"), [(0.2, 0.8), (0.1, 0.5), (0.05, 0.9), (0.5, 0.7)])
def test_the_laws_bring_what_was_asked(top, share):
    """Lorenz curves by numerical integration of the quantile function, and in closed form."""
    sigma, alpha = lognormal_sigma_of(top, share), pareto_alpha_of(top, share)
    assert 1 - stats.norm.cdf(stats.norm.ppf(1 - top) - sigma) == pytest.approx(share, rel=1e-12)
    assert top ** (1 - 1 / alpha) == pytest.approx(share, rel=1e-12)
    cut = stats.norm.isf(top)
    held = quad(lambda z: math.exp(sigma * z - sigma**2 / 2) * stats.norm.pdf(z), cut, cut + 40)[0]
    assert held == pytest.approx(share, rel=1e-7)


def test_equal_parts_are_a_lognormal_without_spread_and_no_pareto():
    assert lognormal_sigma_of(0.2, 0.2) == 0.0
    with pytest.raises(fs.InputError, match="share must be above top"):
        pareto_alpha_of(0.2, 0.2)
    for law in (lognormal_sigma_of, pareto_alpha_of):
        with pytest.raises(fs.InputError, match="share must be at least top"):
            law(0.8, 0.2)


def test_closed_forms_are_scipys_maximum_of_likelihood():
    values = np.random.default_rng(5).lognormal(10, 1.2, 200)
    laws = fit_amount_laws(values)
    shape, _, scale = stats.lognorm.fit(values, floc=0)
    assert laws.median == pytest.approx(scale, rel=1e-6)
    assert laws.sigma.value == pytest.approx(shape * math.sqrt(200 / 199), rel=1e-6)
    lognormal, pareto = laws.log_likelihood
    assert lognormal == pytest.approx(stats.lognorm.logpdf(values, shape, 0, scale).sum())
    alpha = 200 / np.log(values / values.min()).sum()
    assert laws.alpha.value == pytest.approx(alpha * 199 / 200)
    assert pareto == pytest.approx(stats.pareto.logpdf(values, alpha, scale=values.min()).sum())
    assert laws.better == "lognormal"
    assert laws.lognormal.sf(np.array([scale])) == pytest.approx([0.5], abs=1e-6)
    assert laws.pareto.sf(np.array([laws.low])) == pytest.approx([1.0])


def test_the_other_law_fits_better_where_it_is_true():
    values = stats.pareto.rvs(1.161, size=300, random_state=3)
    laws = fit_amount_laws(values)
    assert laws.better == "pareto"
    assert laws.has_no_variance
    assert not fit_amount_laws(stats.pareto.rvs(4, size=300, random_state=3)).has_no_variance


def test_intervals_cover_as_they_say():
    """4,000 samples of 12: a 95 % interval covers in 95 %, within 4 standard errors of that."""
    rng = np.random.default_rng(11)
    cases = 4000
    covered = np.zeros(2)
    for _ in range(cases):
        sigma = fit_amount_laws(rng.lognormal(3, 1.683, 12)).sigma
        alpha = fit_amount_laws(rng.pareto(1.161, 12) + 1).alpha
        covered += sigma.low <= 1.683 <= sigma.high, alpha.low <= 1.161 <= alpha.high
    error = math.sqrt(0.95 * 0.05 / cases)
    assert np.abs(covered / cases - 0.95).max() < 4 * error


def test_shares_of_the_top_under_each_law():
    laws = fit_amount_laws(np.random.default_rng(2).lognormal(0, 0.8, 50))
    assert laws.lognormal_top() == pytest.approx(
        1 - stats.norm.cdf(stats.norm.ppf(0.8) - laws.sigma.value)
    )
    assert laws.pareto_top() is None  # an alpha of 0.7
    assert laws.alpha.value < 1
    steep = fit_amount_laws([10.0, 11.0, 12.0, 14.0])
    assert steep.pareto_top() == pytest.approx(0.2 ** (1 - 1 / steep.alpha.value))


def test_too_little_to_fit():
    assert fit_amount_laws([1.0, 2.0, 0.0, 0.0]) is None
    assert fit_amount_laws([2.0] * 9) is None
    found = fit_amount_laws([1.0, 2.0, 3.0, 0.0])
    assert (found.count, found.left_out) == (3, 1)
    with pytest.raises(fs.InputError, match="an amount"):
        fit_amount_laws([1.0, -2.0, 3.0])


def test_json():
    found = Concentration([20, 70, 0, 10])
    assert json.loads(json.dumps(found.to_dict()))["gini"] == found.gini
    laws = fit_amount_laws([1.0, 2.0, 9.0, 0.0])
    answer = json.loads(json.dumps(laws.to_dict(), allow_nan=False))
    assert answer["lognormal"]["sigma"]["value"] == laws.sigma.value
    assert "Gini" in repr(found)
