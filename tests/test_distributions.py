"""Each distribution in all its forms against scipy.stats and closed forms, tails included."""

import copy
import dataclasses
import math
import pickle
import subprocess
import sys
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
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
)

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
    assert Sample([1, 2]) == Sample([1, 2], source=("a.csv", "days"))
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
