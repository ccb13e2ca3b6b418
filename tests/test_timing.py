"""Remaining times as the kernel reads them: at the ends of periods, and in tables of the cycle."""

import math

import numpy as np
import pytest
from scipy import stats

import funnelsim as fs
from funnelsim import _timing
from funnelsim._timing import MOST_TABLE, laws_of_draws, lower_times
from tests.oracles import exact

GAMMA = fs.Gamma(mean=30, cv=0.6)
TWO = stats.gamma(2 / 0.36, scale=30 * 0.36)
ONE = stats.gamma(1 / 0.36, scale=30 * 0.36)
ENDS = np.array([31.0, 59.0, 90.0, 181.0, 365.0])
CYCLE = 0.4


def funnel(*times):
    chances = np.linspace(0.5, 1.0, len(times) + 1)
    names = [f"s{i}" for i in range(len(times) + 1)]
    return fs.Funnel.from_percentages(names, chances, time=list(times))


def lowered(times, stage, age, ends=ENDS, cycle=(0.0,)):
    return lower_times(funnel(*times), np.array(stage), np.array(age), ends, np.array(cycle))


def over_cycle(chance_by, ends, sigma, breaks=()):
    """Return the average of F(end / factor) over the mean-one lognormal factor."""
    cv = math.sqrt(math.expm1(sigma**2))
    values, weights = exact.factor_nodes(cv, breaks)
    return np.array([np.dot(weights, chance_by(end / values)) for end in ends])


# At the ends of periods


def test_equal_deals_share_a_row():
    timing = lowered([GAMMA, GAMMA], [1, 0, 1, 0], [5.0, 5.0, 5.0, 7.0])
    assert timing.by_end.shape == (3, len(ENDS), 1)
    assert timing.row[0] == timing.row[2]
    assert len(set(timing.row.tolist())) == 3


def test_each_period_has_a_lattice_of_its_scale():
    """Short times before a far horizon are as exact as without it."""
    short = fs.Gamma(mean=2, cv=0.5)
    ends = np.array([1.5, 3.0, 10.0, 3650.0])
    timing = lowered([short, short], [0], [0.0], ends)
    expected = stats.gamma(8, scale=0.5).cdf(ends)
    np.testing.assert_allclose(timing.by_end[0, :, 0], expected, atol=1e-6)


def test_stages_and_ages_keep_their_own_law():
    timing = lowered([GAMMA, GAMMA], [0, 1, 1], [0.0, 0.0, 40.0])
    found = timing.by_end[timing.row, :, 0]
    residual = 1.0 - ONE.sf(40.0 + ENDS) / ONE.sf(40.0)
    np.testing.assert_allclose(found, [TWO.cdf(ENDS), ONE.cdf(ENDS), residual], atol=1e-6)


def test_without_a_cycle_factor_there_is_no_table():
    timing = lowered([GAMMA], [0], [0.0])
    assert len(timing.table) == len(timing.jump) == 0
    assert timing.cycle_by_end is timing.by_end


def test_without_deals_there_is_no_row():
    timing = lowered([GAMMA], np.zeros(0, int), np.zeros(0), cycle=(CYCLE,))
    assert timing.by_end.shape == (0, len(ENDS), 1)
    assert len(timing.table) == 0


def test_draws_of_times_stand_side_by_side():
    timing = lowered([fs.Exponential([20, 50]), 10], [0], [3.0])
    shifted = np.maximum(ENDS - 10, 0)
    expected = np.stack([-np.expm1(-shifted / 20), -np.expm1(-shifted / 50)], axis=1)
    np.testing.assert_allclose(timing.by_end[0], expected, atol=1e-6)


def test_many_draws_have_a_coarser_lattice():
    means = np.linspace(20, 40, 40)
    timing = lowered([fs.Exponential(means), fs.Exponential(means)], [0], [0.0])
    expected = [stats.gamma(2, scale=mean).cdf(ENDS) for mean in means]
    np.testing.assert_allclose(timing.by_end[0].T, expected, atol=5e-5)


def test_laws_of_draws_repeat_what_is_certain():
    laws = laws_of_draws(funnel(fs.Exponential([20, 50]), 10))
    assert laws == [[fs.Exponential(20), fs.Fixed(10)], [fs.Exponential(50), fs.Fixed(10)]]


# Under the cycle factor


@pytest.mark.parametrize("sigma", [0.05, 0.4, 1.0])
@pytest.mark.parametrize("age", [0.0, 13.37, 120.0])
def test_the_average_over_the_cycle(age, sigma):
    timing = lowered([GAMMA], [0], [age], cycle=(sigma,))
    expected = over_cycle(lambda t: 1.0 - ONE.sf(age + t) / ONE.sf(age), ENDS, sigma)
    np.testing.assert_allclose(timing.cycle_by_end[0, :, 0], expected, atol=1e-5)


def test_the_average_of_a_sum_over_the_cycle():
    timing = lowered([GAMMA, GAMMA], [0], [0.0], cycle=(CYCLE,))
    expected = over_cycle(TWO.cdf, ENDS, CYCLE)
    np.testing.assert_allclose(timing.cycle_by_end[0, :, 0], expected, atol=1e-5)


def test_the_average_of_jumps_over_the_cycle():
    values, chances = np.array([20.0, 30.0, 75.5]), np.array([0.2, 0.5, 0.3])
    timing = lowered([fs.Discrete(values, chances)], [0], [0.0], cycle=(CYCLE,))
    cv = math.sqrt(math.expm1(CYCLE**2))
    expected = [
        sum(
            chance * (1.0 - exact.factor_at_least(end / value, cv))
            for value, chance in zip(values, chances, strict=True)
        )
        for end in ENDS
    ]
    np.testing.assert_allclose(timing.cycle_by_end[0, :, 0], expected, atol=1e-6)


def test_draws_of_the_cycle_without_draws_of_times():
    timing = lowered([GAMMA], [0], [0.0], cycle=(0.1, 0.0, 0.5))
    for draw, sigma in [(0, 0.1), (2, 0.5)]:
        expected = over_cycle(ONE.cdf, ENDS, sigma)
        np.testing.assert_allclose(timing.cycle_by_end[0, :, draw], expected, atol=1e-5)
    np.testing.assert_allclose(timing.cycle_by_end[0, :, 1], ONE.cdf(ENDS), atol=1e-5)


@pytest.mark.parametrize(
    ("times", "law"),
    [([GAMMA], ONE), ([GAMMA, GAMMA], TWO), ([fs.Exponential(20)], stats.expon(scale=20))],
)
def test_the_table_holds_f_wherever_the_cycle_moves_the_end(times, law):
    timing = lowered(times, [0], [0.0], cycle=(CYCLE,))
    factor = np.exp(CYCLE * np.linspace(-5, 5, 201) - 0.5 * CYCLE**2)
    for k, end in enumerate(ENDS):
        place = timing.end_place[k] - np.log(factor) / timing.step
        found = np.interp(place, np.arange(timing.nodes), timing.table[0])
        np.testing.assert_allclose(found, law.cdf(end / factor), atol=2e-5)


def test_the_table_jumps_where_single_values_are():
    timing = lowered([fs.Discrete([20, 30.3], [0.4, 0.6])], [0], [0.0], cycle=(CYCLE,))
    table, jump = timing.table[0], timing.jump[0]
    for end, place in zip(ENDS, timing.end_place, strict=True):
        for value, before, after in [(20, 0.0, 0.4), (30.3, 0.4, 1.0)]:
            for off, expected in [(-1e-6, before), (1e-6, after)]:
                at = place - math.log(end / value) / timing.step + off
                node = math.floor(at)
                assert table[node + (at - node >= jump[node])] == pytest.approx(expected, abs=1e-12)


def test_only_single_values_jump():
    both = lowered([GAMMA, 30], [0, 1], [0.0, 0.0], cycle=(CYCLE,))
    smooth, fixed = both.jump[both.row]
    assert (smooth == 2.0).all()
    assert ((fixed >= 0.0) & (fixed <= 1.0)).all()
    assert len(lowered([GAMMA], [0], [0.0], cycle=(CYCLE,)).jump) == 0


def test_a_table_of_draws_has_the_nodes_of_each_in_a_row():
    timing = lowered([fs.Exponential([20, 50])], [0], [0.0], cycle=(CYCLE, CYCLE))
    assert timing.draw_step == timing.nodes
    parts = timing.table[0].reshape(2, timing.nodes)
    for part, mean in zip(parts, (20, 50), strict=True):
        found = np.interp(timing.end_place, np.arange(timing.nodes), part)
        np.testing.assert_allclose(found, -np.expm1(-ENDS / mean), atol=2e-5)


@pytest.mark.parametrize("time", [GAMMA, fs.Discrete([0.5, 40.0], [0.5, 0.5])])
def test_while_the_clock_stands_still_nothing_is_booked(time):
    timing = lowered([time, 5], [0, 1], [0.0, 0.0], np.array([0.0, 31.0]), cycle=(CYCLE,))
    table, jump = timing.table[timing.row], timing.jump[timing.row]
    assert timing.by_end[:, 0].tolist() == [[0.0], [0.0]]
    np.testing.assert_allclose(timing.cycle_by_end[:, 0], 0.0, atol=1e-9)
    assert timing.end_place[0] < -1e8  # the kernel reads the first node
    assert table[:, 0].tolist() == [0.0, 0.0]
    assert (jump[:, 0] > 0.0).all()


def test_a_deal_that_goes_on_at_once_may_be_booked_at_0():
    """Older than a fixed time, in the last stage: its remaining time is 0."""
    timing = lowered([GAMMA, 5], [1], [9.0], np.array([0.0, 31.0]), cycle=(CYCLE,))
    assert timing.cycle_by_end[0, :, 0].tolist() == [1.0, 1.0]
    assert timing.table[0, 0] == 1.0


def test_nothing_but_a_standing_clock():
    timing = lowered([GAMMA], [0], [0.0], np.zeros(2), cycle=(CYCLE,))
    assert timing.by_end.tolist() == [[[0.0], [0.0]]]
    assert len(timing.table) == 0


# Limits


def test_too_many_draws_of_times_are_refused(monkeypatch):
    monkeypatch.setattr(_timing, "MOST_TABLE", 9)
    with pytest.raises(fs.InputError) as error:
        lowered([fs.Exponential([20, 50])], [0], [0.0])
    assert str(error.value) == (
        "draws of times must need at most 9 chances, one for each draw, period and "
        "pair of stage and age, got 10; give fewer draws"
    )


def test_tables_get_coarser_before_they_are_refused(monkeypatch):
    monkeypatch.setattr(_timing, "MOST_TABLE", 300)
    timing = lowered([fs.Exponential([20, 50])], [0], [0.0], cycle=(CYCLE, CYCLE))
    assert timing.nodes == 128
    with pytest.raises(fs.InputError) as error:
        lowered([fs.Exponential([20, 50, 60])], [0], [0.0], cycle=(CYCLE,) * 3)
    assert str(error.value) == (
        "draws of times together with a cycle factor must need at most 2 tables, one for each "
        "draw and pair of stage and age, got 3; give fewer draws, or ages in whole days"
    )


def test_the_limit_is_a_gibibyte():
    assert MOST_TABLE * 8 == 2**30
