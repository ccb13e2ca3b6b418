"""Each distribution in all its forms against scipy.stats and closed forms, tails included."""

import copy
import dataclasses
import math
import pickle
import subprocess
import sys
import tomllib
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from funnelsim.distributions import (
    Discrete,
    Distribution,
    Exponential,
    Fixed,
    Frozen,
    Gamma,
    Lognormal,
    Pareto,
    Pert,
    Quantiles,
    Sample,
    Weibull,
    as_distribution,
    distribution_from_toml,
    distribution_to_toml,
)
from funnelsim.errors import InputError, RowsError

LEVELS = np.array([1e-12, 1e-3, 0.05, 0.1, 0.3, 0.5, 0.77, 0.9, 0.999, 1 - 1e-9])
TAIL = np.array([1e-9, 1e-20, 1e-100, 1e-200, 1e-250])


def lognormal(mu, sigma):
    return stats.lognorm(sigma, scale=math.exp(mu))


def log_sigma(cv):
    return math.sqrt(math.log1p(cv**2))


Z90 = stats.norm.ppf(0.9)
AGAINST_SCIPY = [
    (Exponential(30), stats.expon(scale=30)),
    (Exponential(3e5), stats.expon(scale=3e5)),
    (Gamma(mean=30, cv=0.6), stats.gamma(1 / 0.36, scale=30 * 0.36)),
    (Gamma(mean=3e5, cv=2), stats.gamma(0.25, scale=12e5)),
    (Gamma(shape=40, scale=0.5), stats.gamma(40, scale=0.5)),
    (Lognormal(median=30, sigma=0.5), lognormal(math.log(30), 0.5)),
    (
        Lognormal(mean=3e5, cv=0.6),
        lognormal(math.log(3e5) - log_sigma(0.6) ** 2 / 2, log_sigma(0.6)),
    ),
    (Lognormal(p10=10, p90=90), lognormal(math.log(30), math.log(3) / Z90)),
    (Lognormal(p10=20, p90=30), lognormal(math.log(600) / 2, math.log(1.5) / 2 / Z90)),
    (Weibull(shape=1.7, scale=30), stats.weibull_min(1.7, scale=30)),
    (Weibull(shape=0.6, scale=3e5), stats.weibull_min(0.6, scale=3e5)),
    (Pert(low=10, mode=20, high=60), stats.beta(1.8, 4.2, loc=10, scale=50)),
    (Pert(low=0, mode=0, high=60), stats.beta(1, 5, scale=60)),
    (Pert(low=1e5, mode=3e5, high=3e5), stats.beta(5, 1, loc=1e5, scale=2e5)),
    (Pareto(alpha=1.161, low=5e4), stats.pareto(1.161, scale=5e4)),
    (Pareto(alpha=3, low=2), stats.pareto(3, scale=2)),
]
UNBOUNDED = [one for one in AGAINST_SCIPY if not isinstance(one[0], Pert)]
FROZEN = [
    stats.gamma(2, scale=15),
    stats.invgauss(0.5, scale=30),
    stats.fisk(2.5, scale=20),
    stats.truncnorm(-1, 3, loc=30, scale=15),
    stats.uniform(10, 20),
    stats.poisson(3),
    stats.poisson(3, loc=2),
    stats.binom(10, 0.3),
    stats.geom(0.1),
    stats.nbinom(3, 0.2),
]
CERTAIN = [
    Fixed(30),
    Fixed(0),
    *(one for one, _ in AGAINST_SCIPY),
    Quantiles({"0.1": 10, "0.5": 30, "0.9": 80}),
    Quantiles({0.3: 10, 0.5: 30, 0.9: 80}),
    Quantiles({0: 5, 0.2: 30, 0.6: 30, 1: 80}),
    Quantiles({0.2: 0, 0.6: 0, 0.9: 7}),
    Sample([5.0, 1.0, 5.0, 9.0, 0.0]),
    Discrete([100, 0, 40], [0.25, 0.5, 0.25]),
    Discrete([7, 3, 5], [0, 0.4, 0.6]),
    *map(Frozen, FROZEN),
]


@pytest.mark.parametrize(("ours", "theirs"), AGAINST_SCIPY)
def test_parametric_families_agree_with_scipy(ours, theirs):
    x = theirs.ppf(LEVELS)
    np.testing.assert_allclose(ours.sf(x), theirs.sf(x), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(ours.ppf(LEVELS), x, rtol=1e-9)
    np.testing.assert_allclose(ours.isf(LEVELS), theirs.isf(LEVELS), rtol=1e-9)
    assert ours.mean == pytest.approx(float(theirs.mean()), rel=1e-12)
    assert not ours.atoms


@pytest.mark.parametrize(("ours", "theirs"), UNBOUNDED)
def test_the_far_tail_keeps_its_relative_accuracy(ours, theirs):
    x = theirs.isf(TAIL)
    np.testing.assert_allclose(ours.isf(TAIL), x, rtol=1e-10)
    np.testing.assert_allclose(ours.sf(ours.isf(TAIL)), TAIL, rtol=1e-10)


@pytest.mark.parametrize(
    ("ours", "x", "log_sf"),
    [
        (Exponential(30), 30 * 460.0, -460.0),
        (Weibull(shape=2, scale=30), 30 * 21.5, -(21.5**2)),
        (Pareto(alpha=4, low=1e3), 1e53, -200 * math.log(10)),
        (Lognormal(median=30, sigma=0.5), 30 * math.exp(15), stats.norm.logsf(30)),
        (Gamma(shape=3, scale=10), 4700.0, -470 + math.log(1 + 470 + 470**2 / 2)),  # Erlang
    ],
)
def test_survival_of_1e_200_against_closed_forms(ours, x, log_sf):
    assert -480 < log_sf < -440
    assert float(ours.sf(x)) == pytest.approx(math.exp(log_sf), rel=1e-12)


def test_pert_is_accurate_at_both_ends():
    symmetric = Pert(low=0, mode=30, high=60)  # beta(3, 3): P(T > 60 - 60 e) = 10 e^3 - 15 e^4 + ..
    e = 2.0**-40
    exact = 10 * e**3 - 15 * e**4 + 6 * e**5
    assert float(symmetric.sf(60 - 60 * e)) == pytest.approx(exact, rel=1e-12)
    assert float(symmetric.ppf(1e-250)) == pytest.approx(60 * (1e-250 / 10) ** (1 / 3), rel=1e-12)
    assert float(symmetric.ppf(0.99e-90)) == pytest.approx(60 * 0.99e-91 ** (1 / 3), rel=1e-12)
    assert float(symmetric.ppf(1.01e-90)) == pytest.approx(60 * 1.01e-91 ** (1 / 3), rel=1e-12)
    assert float(symmetric.isf(1e-250)) == 60.0


@pytest.mark.parametrize("ours", CERTAIN, ids=repr)
def test_every_distribution_has_the_shape_of_a_survival_function(ours):
    x = np.sort(np.concatenate([[-5.0, -1e-300, 0.0], ours.ppf(LEVELS), [1e9, 1e300, np.inf]]))
    survival = ours.sf(x)
    assert survival.dtype == np.float64
    assert (survival[:2] == 1.0).all()
    assert survival[-1] == 0.0
    assert (np.diff(survival) <= 0.0).all()
    assert ours.sf(x.reshape(1, -1)).shape == (1, len(x))
    assert ours.ppf(0.5).shape == ours.isf(0.5).shape == ours.sf(3.0).shape == ()
    assert ours.ppf(np.empty((0, 2))).shape == (0, 2)
    assert ours.draws == 1
    assert ours.at(0) is ours


@pytest.mark.parametrize("ours", CERTAIN, ids=repr)
def test_quantiles_are_finite_nonnegative_and_inside_the_ends(ours):
    q = np.concatenate([[1e-300, 1e-30], LEVELS])
    both = np.array([ours.ppf(q), ours.isf(q)])
    assert np.isfinite(both).all()
    assert (both >= 0.0).all()
    assert float(ours.ppf(0)) == float(ours.isf(1)) <= both.min()
    assert float(ours.ppf(1)) == float(ours.isf(0)) >= both.max()
    assert (np.diff(ours.ppf(q)) >= 0.0).all()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CERTAIN), st.floats(1e-9, 1 - 1e-9))
def test_ppf_and_isf_are_generalised_inverses(ours, q):
    near = 1e-9
    value = float(ours.ppf(q))
    assert ours.sf(value * (1 + near)) <= 1 - q + near
    assert value == 0.0 or ours.sf(value * (1 - near)) >= 1 - q - near
    value = float(ours.isf(q))
    assert ours.sf(value * (1 + near)) <= q * (1 + near)
    assert value == 0.0 or ours.sf(value * (1 - near)) >= q * (1 - 1e-6)


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=30), st.data())
def test_sample_is_the_empirical_distribution(values, data):
    ours, count = Sample(values), len(values)
    step = data.draw(st.integers(1, count))
    assert float(ours.ppf(step / count)) == sorted(values)[step - 1]
    for x in range(-1, 22):
        assert float(ours.sf(x)) == sum(value > x for value in values) / count
        assert float(ours.sf(x + 0.5)) == float(ours.sf(x))
    q = data.draw(st.floats(0.0, 1.0))
    at_most = [x for x in sorted(values) if sum(value > x for value in values) / count <= q]
    assert float(ours.isf(q)) == at_most[0]
    assert ours.mean == pytest.approx(sum(values) / count)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=8).filter(
        lambda pairs: sum(weight for _, weight in pairs) > 0
    ),
    st.floats(0.001, 0.999),
)
def test_discrete_follows_its_chances(pairs, q):
    total = sum(weight for _, weight in pairs)
    ours = Discrete([value for value, _ in pairs], [weight / total for _, weight in pairs])
    more = {x: sum(w for value, w in pairs if value > x) / total for x in range(-1, 10)}
    for x, chance in more.items():
        assert float(ours.sf(x)) == pytest.approx(chance, abs=1e-15)
    if min(abs(q - chance) for chance in more.values()) > 1e-9:
        assert float(ours.isf(q)) == min(x for x in more if more[x] < q)
        if min(abs(1 - q - chance) for chance in more.values()) > 1e-9:
            assert float(ours.ppf(q)) == min(x for x in more if more[x] < 1 - q)
    assert ours.mean == pytest.approx(sum(value * weight for value, weight in pairs) / total)


def test_discrete_keeps_a_tiny_last_chance():
    ours = Discrete([5, 10, 900], [0.5, 0.5, 1e-200])
    assert ours.sf([9.9, 10, 899]) == pytest.approx([0.5, 1e-200, 1e-200], rel=1e-12)
    assert ours.isf([1e-199, 1e-201]).tolist() == [10, 900]
    assert ours.ppf(1) == 900


def test_values_without_a_chance_do_not_come():
    ours = Discrete([7, 3, 5], [0, 0.4, 0.6])
    assert (float(ours.ppf(0)), float(ours.ppf(1))) == (3, 5)


def test_quantiles_are_met_and_joined_by_straight_lines():
    ours = Quantiles({"0.1": 10, "0.5": 30, "0.9": 80})
    levels = [0, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 1]
    values = [5, 7.5, 10, 20, 30, 55, 80, 86.25, 92.5]
    assert ours.ppf(levels) == pytest.approx(values)
    assert ours.sf(values) == pytest.approx([1 - level for level in levels], abs=1e-15)
    assert ours.isf([1e-250, 0.05]) == pytest.approx([92.5, 86.25])
    assert ours.mean == pytest.approx(0.1 * 7.5 + 0.4 * 20 + 0.4 * 55 + 0.1 * 86.25)
    assert not ours.atoms
    assert ours.points == ((0.1, 10.0), (0.5, 30.0), (0.9, 80.0))


def test_quantiles_keep_the_relative_accuracy_of_a_line_that_ends():
    ours = Quantiles({0: 0, 1: 64})
    assert float(ours.sf(64 - 2.0**-40)) == 2.0**-46


def test_what_a_line_takes_below_zero_sits_at_zero():
    ours = Quantiles({0.3: 10, 0.5: 30, 0.9: 80})  # the line meets 0 at level 0.2
    assert ours.ppf([0.1, 0.2, 0.25]) == pytest.approx([0, 0, 5])
    assert ours.sf([-1e-9, 0, 5]) == pytest.approx([1, 0.8, 0.75])
    assert ours.atoms
    assert ours.mean == pytest.approx(0.1 * 5 + 0.2 * 20 + 0.4 * 55 + 0.1 * 86.25)


def test_a_flat_line_is_a_point_mass():
    ours = Quantiles({0: 5, 0.2: 30, 0.6: 30, 1: 80})
    assert ours.sf([29.999999, 30]) == pytest.approx([0.8, 0.4])
    assert ours.ppf([0.2, 0.3, 0.6]) == pytest.approx([30, 30, 30])
    assert ours.atoms
    all_at_once = Quantiles({0.1: 7, 0.9: 7})
    assert all_at_once.sf([6.99, 7]).tolist() == [1, 0]
    assert all_at_once.mean == pytest.approx(7)


@pytest.mark.parametrize(
    "ours",
    [one for one in CERTAIN if one != Pareto(alpha=1.161, low=5e4)],  # its tail is too long
    ids=repr,
)
def test_the_mean_is_the_area_under_the_survival_function(ours):
    top = float(ours.isf(1e-12))
    ends = np.unique(np.concatenate([[0.0], ours.ppf(LEVELS), ours.isf(LEVELS), [top]]))
    if ours.atoms:
        ends = np.union1d(ends, np.arange(0, min(top, 400) + 1))
    area = sum(
        integrate.quad(lambda x: float(ours.sf(x)), low, high, epsrel=1e-9)[0]
        for low, high in pairwise(ends)
    )
    assert ours.mean == pytest.approx(area, rel=1e-5)


def test_means_without_a_limit():
    assert math.isinf(Pareto(alpha=1, low=5).mean)
    assert math.isinf(Frozen(stats.halfcauchy()).mean)
    assert math.isinf(Lognormal(median=1, sigma=50).mean)
    assert math.isinf(Weibull(shape=1e-3, scale=1).mean)


def test_atoms_are_point_masses():
    smooth = [Gamma(mean=3, cv=1), Quantiles({0.1: 1, 0.9: 5}), Frozen(stats.expon(1))]
    steps = [Fixed(3), Sample([1]), Discrete([1], [1]), Frozen(stats.poisson(3))]
    assert [one.atoms for one in smooth] == [False] * 3
    assert [one.atoms for one in steps] == [True] * 4


@pytest.mark.parametrize("theirs", FROZEN, ids=lambda one: one.dist.name)
def test_frozen_distributions_are_those_of_scipy(theirs):
    ours = Frozen(theirs)
    q = LEVELS[1:-1]
    x = theirs.ppf(q)
    np.testing.assert_array_equal(ours.ppf(q), x)
    np.testing.assert_allclose(ours.sf(x), theirs.sf(x))
    np.testing.assert_allclose(ours.isf(q), theirs.isf(q), rtol=1e-9)
    assert ours.mean == theirs.mean()


@pytest.mark.parametrize(
    ("theirs", "closed"),
    [
        (stats.fisk(2.5, scale=20), lambda q: 20 * (1 / q - 1) ** 0.4),
        (stats.lomax(1.5, scale=3), lambda q: 3 * np.expm1(-np.log(q) / 1.5)),
        (stats.geom(0.1), lambda q: np.ceil(np.log(q) / math.log1p(-0.1))),
    ],
)
def test_frozen_tails_where_scipy_itself_takes_ppf_of_one_minus_q(theirs, closed):
    q = np.concatenate([TAIL, [5e-4, 0.3]])
    sharp = theirs.dist.name != "fisk"  # SciPy's fisk has 1 - cdf for its survival
    q = q if sharp else q[q > 1e-8]
    np.testing.assert_allclose(Frozen(theirs).isf(q), closed(q), rtol=1e-10)


def test_frozen_discrete_tails_are_the_first_value_that_is_rare_enough():
    theirs = stats.poisson(3)
    k = Frozen(theirs).isf(TAIL)
    assert (theirs.sf(k) <= TAIL).all()
    assert (theirs.sf(k - 1) > TAIL).all()


def test_frozen_cuts_a_discrete_power_law_far_out():
    theirs = stats.yulesimon(5)
    cut = float(Frozen(theirs).isf(1e-250))
    assert theirs.sf(cut) < 1e-11
    assert float(Frozen(theirs).isf(1e-12)) < cut < 1e9


def test_what_scipy_cannot_compute_is_no_silent_nan():
    class Gap(stats.rv_continuous):
        def _ppf(self, q):
            return np.where(q < 0.2, np.nan, q)

        def _cdf(self, x):
            return x

        def _stats(self):
            return 0.5, 1 / 12, 0.0, 0.0

    ours = Frozen(Gap(a=0.0, b=1.0, name="gap")())
    assert float(ours.ppf(0.5)) == 0.5
    with pytest.raises(InputError) as caught:
        ours.ppf([0.1, 0.5])
    assert str(caught.value) == (
        "Frozen(scipy.stats.gap()) must have numbers for quantiles and survival; "
        "SciPy returns NaN here: use Sample or Quantiles instead"
    )


def test_frozen_takes_values_with_chances_of_scipy():
    ours = Frozen(stats.rv_discrete(values=([1, 4], [0.25, 0.75]))())
    assert ours.ppf([0, 0.2, 0.3]).tolist() == [1, 1, 4]
    assert ours.isf([1e-250, 0.7, 0.8]).tolist() == [4, 4, 1]


DRAWN = [
    Fixed([1, 2, 3]),
    Exponential((10, 20, 30)),
    Gamma(mean=np.array([10.0, 20.0, 30.0]), cv=0.6),
    Lognormal(p10=[1, 2, 3], p90=[4, 5, 6]),
    Weibull(shape=[1, 2, 3], scale=5),
    Pert(low=0, mode=[1, 2, 3], high=9),
    Pareto(alpha=[0.5, 2, 3], low=[1, 2, 3]),
]


@pytest.mark.parametrize("ours", DRAWN, ids=repr)
def test_a_draw_is_the_same_family_with_plain_numbers(ours):
    assert ours.draws == 3
    for draw in range(3):
        one = ours.at(draw)
        assert type(one) is type(ours)
        assert one.draws == 1
        wanted = {
            name: value[draw] if isinstance(value, tuple) else value
            for name, value in ours.parameters
        }
        assert dict(one.parameters) == wanted
        assert 0.0 < one.ppf(0.5) < 100.0
    with pytest.raises(IndexError):
        ours.at(3)


@pytest.mark.parametrize("ours", DRAWN, ids=repr)
def test_several_draws_have_no_single_answer(ours):
    message = r"the parameters hold 3 draws: take one with \.at\(draw\) first"
    for ask in (ours.sf, ours.ppf, ours.isf):
        with pytest.raises(ValueError, match=message):
            ask(0.5)
    with pytest.raises(ValueError, match=message):
        _ = ours.mean


def test_a_single_draw_is_certain():
    assert Exponential([30]) == Exponential(30)


def test_questions_outside_their_range_are_refused():
    with pytest.raises(ValueError, match="sf needs numbers, got NaN"):
        Fixed(1).sf([1.0, math.nan])
    for q in (-1e-9, 1.0000001, math.nan):
        with pytest.raises(ValueError, match=r"ppf needs levels in \[0, 1\]"):
            Fixed(1).ppf(q)
        with pytest.raises(ValueError, match=r"isf needs levels in \[0, 1\]"):
            Fixed(1).isf(q)


@pytest.mark.parametrize("ours", [*CERTAIN, *DRAWN], ids=repr)
def test_distributions_are_values(ours):
    assert isinstance(ours, Distribution)
    hash(ours)
    if ours.draws == 1:
        ours.sf(1.0)  # fills what is cached
    again = pickle.loads(pickle.dumps(ours))
    if not isinstance(ours, Frozen):
        assert again == ours == copy.deepcopy(ours)
        assert hash(again) == hash(ours)
        assert not any(isinstance(part, np.ndarray) for part in vars(again).values())
    if ours.draws == 1:
        assert float(again.ppf(0.3)) == float(ours.ppf(0.3))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(ours, dataclasses.fields(ours)[0].name, 3)


def test_equality_looks_at_family_and_form():
    assert Gamma(mean=30, cv=1) == Gamma(mean=30.0, cv=1.0)
    assert Gamma(mean=30, cv=1) != Gamma(shape=1, scale=30)
    assert Weibull(shape=1, scale=30) != Gamma(shape=1, scale=30)
    assert Sample([1, 2]) != Sample([1, 2], source=("a.csv", "days"))
    assert repr(Lognormal(cv=0.6, mean=[1, 2])) == "Lognormal(mean=(1.0, 2.0), cv=0.6)"


def test_samples_come_from_any_container():
    wanted = Sample([1.0, 2.0, 2.0])
    assert Sample(np.array([1, 2, 2])) == Sample(iter([1, 2, 2])) == wanted
    assert Sample([np.float32(1), Decimal(2), 2]) == wanted
    assert all(type(value) is float for value in Sample([np.float32(1), 2]).values)


def test_a_large_sample_is_fast_and_exact():
    values = np.arange(1_000_000, dtype=float)
    ours = Sample(values)
    assert ours.ppf([0.25, 0.5]).tolist() == [249_999, 499_999]
    assert float(ours.sf(499_999)) == 0.5


@pytest.mark.parametrize("value", [30, 30.0, np.float32(30), np.int64(30), Decimal(30)])
def test_a_number_is_a_fixed_value(value):
    assert as_distribution("time", value) == Fixed(30)


def test_distributions_pass_and_scipy_is_wrapped():
    ours = Gamma(mean=3, cv=1)
    assert as_distribution("time", ours) is ours
    theirs = stats.gamma(2)
    assert as_distribution("time", theirs) == Frozen(theirs)


positive = st.floats(1e-3, 1e7)
spread = st.floats(0.01, 10)


def drawn(values):
    return values | st.lists(values, min_size=4, max_size=4)


def ordered(kind, names):
    def make(values):
        return kind(**dict(zip(names, sorted(values), strict=True)))

    return st.lists(positive, min_size=len(names), max_size=len(names), unique=True).map(make)


@st.composite
def discretes(draw):
    pairs = draw(
        st.lists(st.tuples(positive, st.integers(0, 5)), min_size=1, max_size=9).filter(
            lambda pairs: sum(weight for _, weight in pairs) > 0
        )
    )
    total = sum(weight for _, weight in pairs)
    return Discrete([value for value, _ in pairs], [weight / total for _, weight in pairs])


@st.composite
def quantiles(draw):
    levels = draw(st.lists(st.floats(0, 1), min_size=2, max_size=6, unique=True))
    close = np.diff(sorted(levels)).min() < 1e-6
    levels = [0.1, 0.9] if close else levels
    values = sorted(draw(positive) for _ in levels)
    return Quantiles(dict(zip(sorted(levels), values, strict=True)))


FAMILIES = st.one_of(
    st.builds(Fixed, drawn(positive)),
    st.builds(Exponential, drawn(positive)),
    st.builds(Gamma, mean=drawn(positive), cv=drawn(spread)),
    st.builds(Gamma, shape=drawn(spread), scale=drawn(positive)),
    st.builds(Lognormal, median=drawn(positive), sigma=drawn(spread)),
    st.builds(Lognormal, mean=drawn(positive), cv=drawn(spread)),
    ordered(Lognormal, ["p10", "p90"]),
    st.builds(Weibull, shape=drawn(spread), scale=drawn(positive)),
    ordered(Pert, ["low", "mode", "high"]),
    st.builds(Pareto, alpha=drawn(spread), low=drawn(positive)),
    st.builds(Sample, st.lists(positive, min_size=1)),
    discretes(),
    quantiles(),
)


@settings(max_examples=300, deadline=None)
@given(FAMILIES)
def test_a_scenario_file_gives_back_what_was_written(ours):
    text = tomli_w.dumps({"time": distribution_to_toml(ours)})
    again = distribution_from_toml("time", tomllib.loads(text)["time"])
    assert again == ours
    assert repr(again) == repr(ours)


@settings(max_examples=300, deadline=None)
@given(FAMILIES, st.floats(0.001, 0.999))
def test_every_family_is_its_own_inverse(ours, q):
    one = ours.at(0)
    value = float(one.ppf(q))
    assert math.isfinite(value)
    assert one.sf(value * (1 + 1e-9)) <= 1 - q + 1e-6
    assert value == 0.0 or one.sf(value * (1 - 1e-9)) >= 1 - q - 1e-6


def test_the_forms_of_a_scenario_file():
    text = """
    a = 30
    b = { fixed = 30 }
    c = { fixed = [30, 40] }
    d = { quantiles = { "0.1" = 10, "0.5" = 30, "0.9" = 80 } }
    e = { lognormal = { p10 = 10, p90 = [80, 90] } }
    f = { discrete = { values = [0, 100], chances = [0.8, 0.2] } }
    """
    read = {name: distribution_from_toml(name, one) for name, one in tomllib.loads(text).items()}
    assert read["a"] == read["b"] == Fixed(30)
    assert read["c"] == Fixed([30, 40])
    assert read["d"] == Quantiles({0.1: 10, 0.5: 30, 0.9: 80})
    assert read["e"] == Lognormal(p10=10, p90=[80, 90])
    assert read["f"] == Discrete([0, 100], [0.8, 0.2])
    assert distribution_to_toml(Fixed(30)) == 30
    assert distribution_to_toml(read["c"]) == {"fixed": [30, 40]}
    assert distribution_to_toml(Quantiles({0: 1, 0.25: 2, 1: 3})) == {
        "quantiles": {"0": 1, "0.25": 2, "1": 3}
    }


def test_a_sample_can_stand_in_a_file():
    asked = []

    def read_column(file, column):
        asked.append((file, column))
        return np.array([3.0, 5.0])

    table = {"sample": {"file": "days.csv", "column": "days"}}
    ours = distribution_from_toml("time", table, read_column)
    assert ours == Sample([3, 5], source=("days.csv", "days"))
    assert asked == [("days.csv", "days")]
    assert distribution_to_toml(ours) == table


def test_bad_rows_of_a_file_are_named():
    with pytest.raises(RowsError) as caught:
        distribution_from_toml(
            "time of stage 'proposal'",
            {"sample": {"file": "days.csv", "column": "days"}},
            lambda *_: [3, "four", 5.0, -1, None],
        )
    assert str(caught.value) == (
        "time of stage 'proposal': days.csv: 3 rows cannot be used\n"
        "  row 2: days must be a finite number of at least 0, got 'four'\n"
        "  row 4: days must be a finite number of at least 0, got -1\n"
        "  row 5: days must be a finite number of at least 0, got None\n"
        "every row of a sample needs a number of at least 0"
    )


def test_numbers_of_any_kind_in_a_file_are_taken():
    table = {"sample": {"file": "days.csv", "column": "days"}}
    ours = distribution_from_toml("time", table, lambda *_: [Decimal(3), np.float32(5)])
    assert ours.values == (3.0, 5.0)


def test_frozen_cannot_be_written():
    with pytest.raises(InputError) as caught:
        distribution_to_toml(Frozen(stats.gamma(2)))
    assert str(caught.value) == (
        "distribution must be one that a scenario file can hold, got Frozen(scipy.stats.gamma(2)); "
        "use Sample (its values) or Quantiles (a few of its quantiles) instead"
    )


def toml(value, field="time"):
    return lambda: distribution_from_toml(field, value)


HINT = (
    "as in { gamma = { mean = 30, cv = 0.6 } }; families: fixed, exponential, gamma, lognormal, "
    "weibull, pert, pareto, quantiles, sample, discrete"
)
CLASSES = (
    "one of Fixed, Exponential, Gamma, Lognormal, Weibull, Pert, Pareto, Quantiles, Sample, "
    "Discrete, or a frozen one of scipy.stats"
)
POINTS = 'as in {"0.1": 10, "0.9": 80}'
LEVEL = "a level is given as 0.1, not 10 or p10"
TOGETHER = "draw number d of every uncertain parameter belongs together"
WRONG = [
    (lambda: Fixed(-1), "value of fixed must be a finite number of at least 0, got -1"),
    (lambda: Fixed(math.nan), "value of fixed must be a finite number of at least 0, got nan"),
    (
        lambda: Fixed([1, math.inf]),
        "draw 1 of value of fixed must be a finite number of at least 0, got inf",
    ),
    (lambda: Exponential(0), "mean of exponential must be a finite number above 0, got 0"),
    (lambda: Exponential([]), "mean of exponential must hold at least one draw, got []"),
    (lambda: Exponential(None), "parameters of exponential must be mean, got []"),
    (
        lambda: Exponential("30"),
        (
            "mean of exponential must be a finite number above 0, got '30'; "
            "write a number, without quotes"
        ),
    ),
    (
        lambda: Gamma(mean=-3, cv=1),
        "mean of gamma must be a finite number above 0, got -3",
    ),
    (lambda: Gamma(mean=3, cv=0), "cv of gamma must be a finite number above 0, got 0"),
    (lambda: Gamma(mean=3, cv=1e-9), "cv of gamma must be in [1e-06, 1e+06], got 1e-09"),
    (
        lambda: Gamma(mean=3, cv=[1, 1e9]),
        "draw 1 of cv of gamma must be in [1e-06, 1e+06], got 1000000000.0",
    ),
    (Gamma, "parameters of gamma must be mean and cv, or shape and scale, got []"),
    (
        lambda: Gamma(mean=3, shape=2),
        "parameters of gamma must be mean and cv, or shape and scale, got ['mean', 'shape']",
    ),
    (
        lambda: Gamma(mean=[1, 2], cv=[1, 2, 3]),
        f"cv of gamma must hold as many draws as mean of gamma (2), got 3; {TOGETHER}",
    ),
    (
        lambda: Lognormal(median=3),
        (
            "parameters of lognormal must be median and sigma, or mean and cv, or p10 and p90, "
            "got ['median']"
        ),
    ),
    (lambda: Lognormal(p10=9, p90=9), "p90 of lognormal must be above p10 (9), got 9.0"),
    (
        lambda: Lognormal(p10=[1, 9], p90=8),
        "draw 1 of p90 of lognormal must be above p10 (9), got 8.0",
    ),
    (
        lambda: Weibull(shape=0, scale=1),
        "shape of weibull must be a finite number above 0, got 0",
    ),
    (lambda: Pert(low=5, mode=5, high=5), "high of pert must be above low (5), got 5.0"),
    (
        lambda: Pert(low=5, mode=9, high=8),
        "mode of pert must be between low (5) and high (8), got 9.0",
    ),
    (
        lambda: Pert(low=5, mode=[6, 4], high=8),
        "draw 1 of mode of pert must be between low (5) and high (8), got 4.0",
    ),
    (
        lambda: Pareto(alpha=True, low=1),
        "alpha of pareto must be a finite number above 0, got True; write a number, without quotes",
    ),
    (lambda: Quantiles({0.5: 30}), "quantiles must state at least two levels, got {0.5: 30}"),
    (lambda: Quantiles(3), f"quantiles must be a table of levels and values, got 3; {POINTS}"),
    (
        lambda: Quantiles({"p10": 3, "p90": 4}),
        f"level of quantiles must be in [0, 1], got 'p10'; {LEVEL}",
    ),
    (
        lambda: Quantiles({10: 3, 90: 4}),
        f"level of quantiles must be in [0, 1], got 10; {LEVEL}",
    ),
    (
        lambda: Quantiles({"0.1": -3, "0.9": 4}),
        "value at level 0.1 of quantiles must be a finite number of at least 0, got -3",
    ),
    (
        lambda: Quantiles({"0.1": 3, 0.1: 4}),
        "levels of quantiles must differ, got 0.1; it is stated twice",
    ),
    (
        lambda: Quantiles({0.5: 3, 0.1: 4}),
        "value at level 0.5 of quantiles must be at least that at level 0.1 (4), got 3.0",
    ),
    (
        lambda: Quantiles({0: 0, 1e-3: 1e307}),
        'quantiles must reach level 1 at a finite value; state a value for level "1"',
    ),
    (lambda: Sample([]), "values of sample must be between 1 and 10,000,000, got 0"),
    (lambda: Sample(5), "values of sample must be a list of numbers, got 5"),
    (lambda: Sample("5"), "values of sample must be a list of numbers, got '5'"),
    (
        lambda: Sample([1, 2, -3]),
        "value 3 of sample must be a finite number of at least 0, got -3",
    ),
    (
        lambda: Sample([1, True]),
        (
            "value 2 of sample must be a finite number of at least 0, got True; "
            "write a number, without quotes"
        ),
    ),
    (
        lambda: Sample([10**400]),
        f"value 1 of sample must be a finite number of at least 0, got 1{'0' * 58}…",
    ),
    (
        lambda: Sample([1], source="a.csv"),
        "source of sample must be the names of a file and a column, got 'a.csv'",
    ),
    (
        lambda: Discrete([1, 2], [0.5, 0.4]),
        "chances of discrete must sum to 1, got 0.9",
    ),
    (
        lambda: Discrete([1, 2], [50, 50]),
        "chance 1 of discrete must be in [0, 1], got 50; chances are given as 0.5, not 50",
    ),
    (
        lambda: Discrete([1, 2], [1]),
        "chances of discrete must be as many as its values (2), got 1",
    ),
    (
        lambda: Frozen(stats.norm(30, 5)),
        (
            "support of scipy.stats.norm must not go below 0, got -inf; "
            "cut it at 0 (scipy.stats.truncnorm), or use Gamma or Lognormal"
        ),
    ),
    (
        lambda: Frozen(stats.gamma(-1)),
        (
            "distribution of scipy.stats must have a support and a mean, "
            "got Frozen(scipy.stats.gamma(-1)); its parameters, or its mean, are outside "
            "what SciPy computes"
        ),
    ),
    (
        lambda: Frozen(stats.gamma([1, 2])),
        (
            "distribution of scipy.stats must be a single one, not an array of them, "
            "got Frozen(scipy.stats.gamma([1, 2]))"
        ),
    ),
    (
        lambda: Frozen(3),
        (
            "distribution of scipy.stats must be frozen, got 3; "
            "with its parameters, as in scipy.stats.gamma(2, scale=15)"
        ),
    ),
    (
        lambda: as_distribution("amount", -3),
        "amount must be a finite number of at least 0, got -3",
    ),
    (
        lambda: as_distribution("time of stage 'proposal'", stats.uniform(-1, 2)),
        (
            "time of stage 'proposal': support of scipy.stats.uniform must not go below 0, "
            "got -1.0; cut it at 0 (scipy.stats.truncnorm), or use Gamma or Lognormal"
        ),
    ),
    (
        lambda: as_distribution("time", [1, 2]),
        (
            "time must be a number or a distribution, got [1, 2]; for values that were seen "
            "write Sample([...]), or { sample = [...] } in a file"
        ),
    ),
    (
        lambda: as_distribution("time", "30"),
        f"time must be a number or a distribution, got '30'; {CLASSES}",
    ),
    (
        lambda: as_distribution("time", True),
        f"time must be a number or a distribution, got True; {CLASSES}",
    ),
    (toml(-3), "time must be a finite number of at least 0, got -3"),
    (toml("30"), f"time must be a number or a table with one key, got '30'; {HINT}"),
    (toml({}), f"time must be a number or a table with one key, got {{}}; {HINT}"),
    (
        toml({"mean": 30, "cv": 1}),
        f"time must be a number or a table with one key, got {{'mean': 30, 'cv': 1}}; {HINT}",
    ),
    (
        toml({"gama": {"mean": 30}}),
        (
            "distribution of time must be a known family, got 'gama'; did you mean 'gamma'? known: "
            "fixed, exponential, gamma, lognormal, weibull, pert, pareto, quantiles, sample, "
            "discrete"
        ),
    ),
    (
        toml({"gamma": {"mean": -3, "cv": 1}}, "time of stage 'proposal'"),
        "time of stage 'proposal': mean of gamma must be a finite number above 0, got -3",
    ),
    (
        toml({"weibull": {"shap": 30, "scale": 1}}),
        (
            "time: parameter of weibull must be a known name, got 'shap'; "
            "did you mean 'shape'? known: shape, scale"
        ),
    ),
    (
        toml({"pert": {"low": 30}}),
        "time: parameters of pert must be low, mode and high, got ['low']",
    ),
    (
        toml({"exponential": 30}),
        "time: exponential must be a table of its parameters, got 30; as in { mean = … }",
    ),
    (
        toml(tomllib.loads("time = { quantiles = { 0.1 = 10, 0.9 = 20 } }")["time"]),
        (
            "time: quantiles must be levels and values, got {'0': {'1': 10, '9': 20}}; "
            'quote the levels, as in "0.1" = 10'
        ),
    ),
    (
        toml({"discrete": {"values": [1]}}),
        "time: parameters of discrete must be values and chances, got ['values']",
    ),
    (
        toml({"sample": {"file": "a.csv"}}),
        "time: parameters of sample must be file and column, got ['file']",
    ),
    (
        toml({"sample": {"file": 3, "column": "days"}}),
        "time: file of sample must be text in quotes, got 3",
    ),
    (
        toml({"sample": {"file": "a.csv", "column": "days"}}),
        (
            "time: sample must be a list of numbers: no file can be read here, "
            "got {'file': 'a.csv', 'column': 'days'}"
        ),
    ),
    (
        lambda: distribution_from_toml(
            "time", {"sample": {"file": "a.csv", "column": "days"}}, lambda *_: []
        ),
        "time: values of sample must be between 1 and 10,000,000, got 0",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_input_says_what_would_be_right(make, message):
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == message


def test_an_unfrozen_distribution_of_scipy_is_told_how():
    with pytest.raises(InputError, match=r"time: distribution of scipy\.stats must be frozen"):
        as_distribution("time", stats.gamma)


def test_importing_loads_no_scipy():
    code = (
        "import sys, funnelsim.distributions as d\n"
        "ours = d.Weibull(shape=2, scale=3), d.Sample([1, 2]), d.Quantiles({0: 1, 1: 2})\n"
        "[one.isf(one.sf(1.5)) for one in ours]\n"
        "d.as_distribution('time', 3)\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'scipy'])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
