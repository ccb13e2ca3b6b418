"""Points that the paths of a replicate share out evenly, and the plain arithmetic around them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from scipy.stats import qmc

from funnelsim._factors import (
    BITS,
    CYCLE,
    DRAW,
    MARKET,
    REPLICATES,
    SIZE,
    direction_numbers,
    exponential,
    logarithm,
    normal_quantile,
    plain_points,
    points,
)

DIMENSIONS = (MARKET, CYCLE, SIZE, DRAW)
RELATIVE = 1e-14


def digits_of(index, directions):
    """Return the digits of a point, bit by bit: the definition of a digital sequence."""
    digits = 0
    for bit, direction in enumerate(directions.tolist()):
        if index >> bit & 1:
            digits ^= direction
    return digits


def replicates(seed, dimension, count):
    """Return the digits of the first points of each replicate, shape (replicates, count)."""
    found = points(seed, dimension, 0, count * REPLICATES)
    digits = np.floor(found * 2.0**BITS).astype(np.uint64)
    return digits.reshape(count, REPLICATES).T


def test_directions_are_those_of_sobol():
    # SciPy goes through the points by Gray code: the same ones, in another order.
    count = 1024
    theirs = qmc.Sobol(len(DIMENSIONS), scramble=False, bits=BITS).random(count)
    for dimension in DIMENSIONS:
        directions = direction_numbers(dimension)
        gray = [digits_of(i ^ (i >> 1), directions) / 2.0**BITS for i in range(count)]
        np.testing.assert_array_equal(gray, theirs[:, dimension])


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_each_replicate_is_a_digital_net(seed, dimension):
    """Any ``2**m`` points from a multiple of it on: one in each of as many equal intervals."""
    digits = replicates(seed, dimension, 512)
    for m in range(10):
        cells = (digits >> np.uint64(BITS - m)).reshape(REPLICATES, -1, 1 << m)
        expected = np.broadcast_to(np.arange(1 << m), cells.shape)
        np.testing.assert_array_equal(np.sort(cells, axis=2), expected)


def test_two_dimensions_of_a_replicate_are_a_net_together():
    """Sobol's first two dimensions are a (0, 2)-sequence, and scrambling keeps that."""
    m = 6
    first, second = (replicates(3, d, 1 << m) for d in (0, 1))
    for split in range(m + 1):
        cell = (first >> np.uint64(BITS - split)) << np.uint64(m - split)
        cell |= second >> np.uint64(BITS - (m - split))
        expected = np.broadcast_to(np.arange(1 << m), cell.shape)
        np.testing.assert_array_equal(np.sort(cell, axis=1), expected)


def test_replicates_are_scrambled_apart():
    digits = replicates(1, MARKET, 256)
    assert len(np.unique(digits, axis=0)) == REPLICATES
    differences = digits ^ digits[:, :1]  # a mere shift of another replicate would show here
    assert len(np.unique(differences, axis=0)) == REPLICATES


def test_points_are_uniform_over_the_replicates():
    first = replicates(5, MARKET, 1)[:, 0] / 2.0**BITS
    assert stats.kstest(first, "uniform").pvalue > 1e-3


def test_points_are_open_at_both_ends_and_on_their_grid():
    found = points(7, CYCLE, 0, 64 * 4096)
    assert found.min() >= 2.0**-33
    assert found.max() <= 1.0 - 2.0**-33
    grid = found * 2.0**33
    np.testing.assert_array_equal(grid % 2.0, 1.0)


@pytest.mark.parametrize("first", [64, 256, 8192, 2**32 - 8192])
@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_points_do_not_depend_on_the_block(dimension, first):
    whole = points(11, dimension, first - 64, 1024)
    np.testing.assert_array_equal(points(11, dimension, first, 320), whole[64:384])


@pytest.mark.parametrize("first", [4, 256, 8192, 2**32 - 8192])
def test_plain_points_do_not_depend_on_the_block(first):
    whole = plain_points(11, 12345, first - 4, 1024)
    np.testing.assert_array_equal(plain_points(11, 12345, first, 320), whole[4:324])


def test_no_points_at_all():
    assert points(1, MARKET, 0, 0).shape == (0,)
    assert plain_points(1, 9, 0, 0).shape == (0,)


def test_plain_points_are_uniform_and_open_at_both_ends():
    found = plain_points(1, 99, 0, 100_000)
    assert stats.kstest(found, "uniform").pvalue > 1e-3
    assert 0.0 < found.min() < found.max() < 1.0


def test_streams_do_not_go_together():
    """Two scrambles of one dimension would: only their shifts set them apart."""
    made = [plain_points(seed, stream, 0, 4096) for seed in (1, 2) for stream in (7, 8, 2**64 - 1)]
    made += [points(1, dimension, 0, 4096) for dimension in DIMENSIONS]
    correlation = np.corrcoef(made) - np.eye(len(made))
    pairs = len(made) * (len(made) - 1) / 2
    assert np.abs(correlation).max() < stats.norm.isf(1e-4 / pairs / 2) / np.sqrt(4096)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_another_seed_scrambles_anew(dimension):
    assert not np.intersect1d(points(1, dimension, 0, 512), points(2, dimension, 0, 512)).size


# The arithmetic

POSITIVE = st.floats(min_value=5e-324, max_value=1e308)


@given(st.lists(POSITIVE, min_size=1, max_size=50))
def test_the_logarithm(values):
    x = np.array(values)
    np.testing.assert_allclose(logarithm(x), np.log(x), rtol=RELATIVE, atol=1e-16)


def test_the_logarithm_near_1_and_of_powers_of_two():
    x = np.concatenate([1.0 + np.linspace(-0.3, 0.45, 10_001), 2.0 ** np.arange(-1074.0, 1024.0)])
    np.testing.assert_allclose(logarithm(x), np.log(x), rtol=1e-15, atol=2e-16)
    assert logarithm(np.array([1.0]))[0] == 0.0


def test_the_exponential():
    x = np.concatenate([np.linspace(-700.0, 700.0, 100_001), np.linspace(-1.0, 1.0, 10_001), [0.0]])
    np.testing.assert_allclose(exponential(x), np.exp(x), rtol=RELATIVE)
    assert exponential(np.array([0.0]))[0] == 1.0


def test_the_exponential_beyond_what_a_float_holds():
    with np.errstate(over="ignore", under="ignore"):
        assert exponential(np.array([-800.0, 800.0])).tolist() == [0.0, np.inf]


def test_the_normal_quantile():
    tail = 2.0 ** -np.arange(2.0, 1000.0)
    u = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 200_001), tail, 1.0 - tail[:51]])
    found, exact = normal_quantile(u), special.ndtri(u)
    np.testing.assert_allclose(found, exact, rtol=RELATIVE, atol=1e-15)


def test_the_normal_quantile_is_symmetric_and_rises():
    u = (np.arange(2**12) + 0.5) / 2**12
    found = normal_quantile(u)
    np.testing.assert_array_equal(found, -found[::-1])
    assert (np.diff(found) > 0.0).all()
    border = np.array([0.075, 0.925])  # where the algorithm changes its formula
    steps = np.nextafter(border, 0.0), border, np.nextafter(border, 1.0)
    np.testing.assert_allclose(normal_quantile(np.array(steps)), special.ndtri(steps), rtol=1e-14)


def test_the_normal_quantile_of_points_has_the_moments_of_a_normal():
    z = normal_quantile(points(1, MARKET, 0, 2**16))
    for power, moment in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0)]:
        assert abs((z**power).mean() - moment) < 0.02
