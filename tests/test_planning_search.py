"""The search for the value that reaches a target: on functions whose edge is known."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies

from funnelsim.planning.search import COARSE, FINE, Domain, find_edge

POSITIVE = Domain(0.0, math.inf)
UNIT = Domain(0.0, 1.0)
SCALES = strategies.floats(1e-3, 1e6)


class Counted:
    """A chance that remembers what it was asked."""

    def __init__(self, chance):
        self.chance, self.asked = chance, []

    def __call__(self, value):
        self.asked.append(value)
        return self.chance(value)


def saturating(scale):
    return lambda x: 1.0 - math.exp(-x / scale)


@given(strategies.floats(1e-3, 1e6), strategies.floats(1e-3, 1e6), strategies.floats(0.01, 0.99))
def test_the_edge_of_a_rising_chance(scale, part, target):
    start = scale * part
    chance = Counted(saturating(scale))
    found = find_edge(chance, target, start, POSITIVE)
    exact = -scale * math.log1p(-target)
    assert found.rising
    assert found.value == pytest.approx(exact, rel=2 * FINE)
    assert chance.chance(found.value) >= target
    assert len(chance.asked) < 60


@given(SCALES, strategies.floats(0.01, 200))
def test_the_edge_of_a_falling_chance(scale, part):
    start = scale * part
    found = find_edge(lambda x: math.exp(-x / scale), 0.5, start, POSITIVE)
    assert found.rising is False
    assert found.value == pytest.approx(scale * math.log(2.0), rel=2 * FINE)


@given(strategies.integers(0, 100_000), strategies.integers(0, 100_000))
def test_a_number_of_things_is_exact(edge, start):
    domain = Domain(0.0, 1e5, whole=True, unit=math.inf)
    found = find_edge(lambda n: (0.9 if n >= edge else 0.0) + n / 1e7, 0.9, float(start), domain)
    assert (found.value, found.everywhere) == (float(edge), edge == 0)


def test_a_share_stays_inside_its_ends():
    asked = Counted(lambda w: w**2)
    found = find_edge(asked, 0.9, 0.1, UNIT)
    assert found.value == pytest.approx(math.sqrt(0.9), rel=2 * FINE)
    assert all(0.0 <= value <= 1.0 for value in asked.asked)


def test_no_value_is_enough():
    found = find_edge(lambda x: 0.5 * x / (1.0 + x), 0.8, 1.0, POSITIVE)
    assert (found.value, found.rising) == (None, True)


def test_the_end_itself_is_tried():
    found = find_edge(lambda w: w, 1.0, 0.5, UNIT)
    assert found.value == 1.0


def test_all_values_are_enough():
    found = find_edge(lambda x: 0.9 + 0.1 * min(x, 1.0), 0.8, 3.0, POSITIVE)
    assert (found.value, found.everywhere, found.rising) == (0.0, True, True)


@pytest.mark.parametrize(("level", "value"), [(0.9, 2.0), (0.5, None)])
def test_an_input_that_moves_nothing(level, value):
    found = find_edge(lambda _: level, 0.8, 2.0, POSITIVE)
    assert (found.value, found.rising) == (value, None)


def test_values_that_cannot_be_are_a_wall():
    def chance(x):
        return None if x > 7.0 else x / 10.0

    assert find_edge(chance, 0.65, 1.0, POSITIVE).value == pytest.approx(6.5, rel=2 * FINE)
    assert find_edge(chance, 0.8, 1.0, POSITIVE).value is None


def test_a_chance_that_is_flat_at_the_start_still_has_its_edge():
    found = find_edge(lambda x: max(0.0, min((x - 50.0) / 10.0, 1.0)), 0.5, 1.0, POSITIVE)
    assert found.value == pytest.approx(55.0, rel=2 * FINE)


def test_a_search_goes_only_so_far_unless_a_range_is_stated():
    def chance(x):
        return 1.0 if x >= 1e8 else x * 1e-9

    assert find_edge(chance, 0.5, 1.0, Domain(0.0, 1e9)).value is None
    found = find_edge(chance, 0.5, 1.0, Domain(0.0, 1e9, unit=math.inf))
    assert found.value == pytest.approx(1e8, rel=2 * FINE)


def test_from_nothing():
    assert find_edge(saturating(9.0), 0.5, 0.0, POSITIVE).value == pytest.approx(
        9.0 * math.log(2.0), rel=2 * FINE
    )


def test_a_coarse_search_asks_less():
    fine, coarse = Counted(saturating(3.0)), Counted(saturating(3.0))
    find_edge(fine, 0.7, 1.0, POSITIVE)
    find_edge(coarse, 0.7, 1.0, POSITIVE, part=COARSE)
    assert len(coarse.asked) < len(fine.asked)


def test_a_search_ends_where_larger_values_no_longer_differ():
    """Upwards alone: from where all is the same, less is still looked at."""

    def chance(x):
        return min(x, 20.0) / 40.0

    def settled(one, other):
        return min(one, other) >= 20.0

    domain = Domain(0.0, 1e6, whole=True, settled=settled)
    counted = Counted(chance)
    assert find_edge(counted, 0.9, 3.0, domain).value is None
    assert max(counted.asked) < 1_000
    from_above = Counted(chance)
    assert find_edge(from_above, 0.25, 500.0, domain).value == 10.0
    assert max(from_above.asked) < 5_000
