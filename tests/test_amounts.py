"""Amounts as quantile tables: read by the kernel, held against the exact quantiles."""

import numpy as np
import pytest
from numba import njit
from scipy import stats
from scipy.integrate import trapezoid

import funnelsim as fs
from funnelsim._amounts import lower_amounts, quantile_table
from funnelsim.kernels.quantiles import quantile

RNG = np.random.default_rng(20261231)
STEPPED = {
    "one value": fs.Fixed(1234.5),
    "two values": fs.Discrete([10.0, 99.99], [0.25, 0.75]),
    "a rare value": fs.Discrete([1.0, 2.0, 1e6], [0.4, 0.6 - 1e-7, 1e-7]),
    "a rare small value": fs.Discrete([1.0, 2.0, 1e6], [1e-7, 0.6 - 1e-7, 0.4]),
    "a half on each side": fs.Discrete([1.0, 3.0], [0.5, 0.5]),
    "three seen": fs.Sample([1.0, 2.5, 70.0]),
    "hundreds seen": fs.Sample(RNG.lognormal(10, 1, 700).round(2)),
    "thousands seen": fs.Sample(RNG.lognormal(10, 1, 9_000)),
    "many seen, many of them alike": fs.Sample(RNG.lognormal(7, 1, 20_000).round(-1)),
    "a frozen law of whole numbers": fs.Frozen(stats.poisson(7)),
}
SMOOTH = {
    "exponential": fs.Exponential(1000),
    "gamma": fs.Gamma(mean=1000, cv=0.6),
    "gamma with a pole": fs.Gamma(mean=1000, cv=3.0),
    "lognormal": fs.Lognormal(mean=300_000, cv=0.6),
    "lognormal of key accounts": fs.Lognormal(median=100_000, sigma=1.683),
    "weibull": fs.Weibull(shape=0.5, scale=1000),
    "pert": fs.Pert(low=100, mode=200, high=900),
    "quantiles": fs.Quantiles({0.1: 10, 0.5: 30, 0.9: 80}),
    "pareto 80/20": fs.Pareto(alpha=1.161, low=1000),
    "tens of thousands seen": fs.Sample(RNG.lognormal(10, 1, 40_000)),
}
EVERYTHING = STEPPED | SMOOTH
MEAN_ERROR = {
    "gamma with a pole": 3e-5, "weibull": 3e-5, "lognormal of key accounts": 2e-5,
    "tens of thousands seen": 1e-4,
    "pareto 80/20": 5e-3,  # 6e-3 of it, 2 ** (-53 * (1 - 1 / alpha)), is beyond all uniforms
}  # fmt: skip
"""By how much of itself the mean of a table may be off; 1e-5 for the others."""
LINE_ERROR = {"tens of thousands seen": 2e-2}  # 3e-3 for the others


@njit
def _read(table, upper, lower):
    found = np.empty(len(upper))
    for i in range(len(upper)):
        found[i] = quantile(table, upper[i], lower[i])
    return found


def read(table, numbers):
    """Return the kernel's quantiles of uniforms ``(m + 1/2) / 2**53``."""
    m = np.array(numbers, dtype=np.int64)
    return _read(table, (m >> 22).astype(np.int32), ((m & (2**22 - 1)) << 9).astype(np.int32))


def exact(law, numbers):
    """Return the exact quantiles of the same uniforms, each from its nearer end."""
    m = np.array(numbers, dtype=np.int64)
    low = law.ppf((np.minimum(m, 2**52 - 1) + 0.5) / 2.0**53)
    high = law.isf((2**53 - 1 - np.maximum(m, 2**52) + 0.5) / 2.0**53)
    return np.where(m < 2**52, low, high)


def some_numbers():
    """Return uniforms everywhere: evenly, and crowded to both ends."""
    even = RNG.integers(0, 2**53, 4000)
    small = (2.0 ** RNG.uniform(0, 52, 1000)).astype(np.int64)
    ends = [0, 2**53 - 1, 2**52 - 1, 2**52]
    return np.concatenate([even, small, 2**53 - 1 - small, ends])


@pytest.mark.parametrize("name", STEPPED)
def test_single_values_are_exact(name):
    law = STEPPED[name]
    table = quantile_table(law)
    numbers = some_numbers()
    np.testing.assert_array_equal(read(table, numbers), exact(law, numbers))


@pytest.mark.parametrize("name", SMOOTH)
def test_lines_between_quantiles_are_close(name):
    law = SMOOTH[name]
    table = quantile_table(law)
    numbers = some_numbers()
    np.testing.assert_allclose(
        read(table, numbers), exact(law, numbers), rtol=LINE_ERROR.get(name, 3e-3)
    )


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_mean_stays(name):
    """The mean of the table is exact: it is made of straight lines."""
    law = EVERYTHING[name]
    area = 0.0
    for levels, values in quantile_table(law):
        inside = levels <= 0.5
        area += trapezoid(values[inside], levels[inside]) + levels[0] * values[0]
    assert area == pytest.approx(law.mean, rel=MEAN_ERROR.get(name, 1e-5))


@pytest.mark.parametrize("name", EVERYTHING)
def test_levels_rise_to_the_half_and_quantiles_do_not_turn(name):
    lower, upper = quantile_table(EVERYTHING[name])
    for levels, values, sign in [(*lower, 1), (*upper, -1)]:
        assert (np.diff(levels) >= 0.0).all()
        assert (np.diff(values) * sign >= 0.0).all()
        assert levels[0] == 2.0**-54  # the smallest distance of a uniform from its end
        assert 0.5 in levels


def test_amounts_in_the_order_of_the_pipeline():
    law, other = fs.Exponential(1000), fs.Sample([1.0, 2.0])
    deals = fs.Pipeline.from_deals(
        [{"stage": "a", "amount": amount} for amount in (law, 12.34, other, fs.Exponential(1000))]
    )
    amounts = lower_amounts(deals)
    assert amounts.cents.tolist() == [0, 1234, 0, 0]
    assert amounts.spread.tolist() == [0, -1, 1, 0]  # equal distributions share a table
    assert amounts.tables.shape[:3] == (2, 2, 2)
    for row, one in enumerate((law, other)):
        numbers = some_numbers()
        found, wanted = (read(t, numbers) for t in (amounts.tables[row], quantile_table(one)))
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("deals", [[], [{"stage": "a", "amount": 5}]])
def test_without_a_spread_there_is_a_table_of_nothing(deals):
    amounts = lower_amounts(fs.Pipeline.from_deals(deals) if deals else fs.Pipeline())
    assert amounts.tables.shape == (1, 2, 2, 2)
    assert (amounts.spread == -1).all()
