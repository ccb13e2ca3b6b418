"""Tables of times: what the kernel reads is what the distribution says."""

import numpy as np
import pytest
from numba import njit

import funnelsim as fs
from funnelsim import _cells
from funnelsim._cells import lower_cells
from funnelsim.kernels.cells import level_of_word, time_at

GENERATOR = np.random.default_rng(5)
EVEN = (np.arange(10_000) + 0.5) / 10_000
NEAR_0, NEAR_1 = 2.0 ** -np.linspace(1, 32, 1000), 1.0 - 2.0 ** -np.linspace(1, 32, 1000)
WHOLE_DAYS = GENERATOR.integers(0, 200, 5000).astype(float)
SINGLE = {
    "fixed": fs.Fixed(30.1),
    "discrete": fs.Discrete((5.0, 20.0, 30.0), (0.2, 0.5, 0.3)),
    "quarters": fs.Discrete((1.0, 2.0, 3.0, 4.0), (0.25, 0.25, 0.25, 0.25)),
    "one in a million": fs.Discrete((1.0, 2.0, 700.0), (1e-6, 1.0 - 2e-6, 1e-6)),
    "many in a cell": fs.Sample(WHOLE_DAYS),
    "nothing or more": fs.Discrete((0.0, 9.0), (0.5, 0.5)),
}
SMOOTH = {
    "exponential": fs.Exponential(30),
    "gamma": fs.Gamma(mean=30, cv=0.6),
    "gamma with a pole": fs.Gamma(mean=30, cv=2.0),
    "lognormal": fs.Lognormal(median=30, sigma=1.0),
    "weibull": fs.Weibull(shape=0.7, scale=20),
    "pert": fs.Pert(low=0, mode=10, high=60),
    "quantiles": fs.Quantiles({0.1: 10, 0.5: 30, 0.9: 80}),
    "flat quantiles": fs.Quantiles({0.1: 10, 0.5: 30, 0.9: 30, 0.95: 80}),
}


@njit
def read_all(places, guide, nodes, law, survival, time):
    for i in range(len(survival)):
        time[i] = time_at(places, guide, nodes, np.uint64(law), survival[i])


@njit
def level(word):
    return level_of_word(word)


def read(cells, law, survival):
    time = np.empty(len(survival))
    read_all(*cells, law, survival, time)
    return time


@pytest.mark.parametrize("name", SINGLE)
def test_single_values_are_exact(name):
    levels = np.concatenate([EVEN, NEAR_0, NEAR_1])
    cells = lower_cells({SINGLE[name]: 1.0})
    np.testing.assert_array_equal(read(cells, 0, levels), rounded(SINGLE[name].isf(levels)))


def rounded(time):
    return np.rint(time * 2.0**40) / 2.0**40


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_laws_are_lines_between_close_times(name):
    law = SMOOTH[name]
    time = read(lower_cells({law: 1.0}), 0, EVEN)
    off = time - law.isf(EVEN)
    assert abs(off.mean()) < 2e-5 * law.mean
    assert np.abs(off / np.maximum(time, 1e-3)).max() < 2e-4
    assert (np.diff(time) <= 0.0).all()


@pytest.mark.parametrize("name", SMOOTH)
def test_both_tails_keep_their_resolution(name):
    law = SMOOTH[name]
    cells = lower_cells({law: 1.0})
    for levels in (NEAR_0, NEAR_1):
        exact = law.isf(levels)
        np.testing.assert_allclose(read(cells, 0, levels), exact, rtol=1e-3, atol=1e-9)


def test_old_deals_have_levels_as_small_as_their_chance():
    law = fs.Exponential(10)
    levels = 2.0 ** -np.linspace(300, 431, 1000)
    np.testing.assert_allclose(
        read(lower_cells({law: 2.0**-400}), 0, levels), law.isf(levels), rtol=1e-5
    )


def test_beyond_the_smallest_level_the_last_line_goes_on():
    time = read(lower_cells({fs.Exponential(10): 1.0}), 0, np.array([0.0, 1e-300, 2.0**-33]))
    assert np.isfinite(time).all()
    assert (np.diff(time) <= 0.0).all()


def test_several_laws_stand_one_after_the_other():
    laws = [*SINGLE.values(), *SMOOTH.values()]
    together = lower_cells(dict.fromkeys(laws, 0.001))
    for place, law in enumerate(laws):
        alone = lower_cells({law: 0.001})
        np.testing.assert_array_equal(read(together, place, EVEN), read(alone, 0, EVEN))


def test_a_time_without_end_is_cut():
    law = fs.Pareto(alpha=0.01, low=1)
    assert read(lower_cells({law: 1.0}), 0, np.array([2.0**-32]))[0] == _cells.LONGEST


def test_many_laws_have_fewer_steps(monkeypatch):
    monkeypatch.setattr(_cells, "MANY_NODES", 3 * 66 * 64)
    laws = [fs.Exponential(mean) for mean in (10, 20, 30)]
    cells = lower_cells(dict.fromkeys(laws, 1.0))
    assert len(cells.nodes) < 3 * 66 * 64 + 100
    for place, law in enumerate(laws):
        np.testing.assert_allclose(read(cells, place, EVEN), law.isf(EVEN), rtol=1e-3, atol=1e-4)


def test_too_many_laws_are_refused(monkeypatch):
    monkeypatch.setattr(_cells, "MOST_NODES", 1000)
    with pytest.raises(fs.InputError, match="draws of times must need at most 1,000 nodes"):
        lower_cells({fs.Exponential(10): 1.0})


def test_no_laws_are_no_tables():
    assert [len(part) for part in lower_cells({})] == [0, 0, 0]


def test_words_are_levels_inside_0_and_1():
    assert level(np.int32(0)) == 2.0**-32
    assert level(np.int32(2**31 - 1)) == 1.0 - 2.0**-32
