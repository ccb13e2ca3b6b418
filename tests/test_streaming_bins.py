"""Bins of whole numbers: exact where they are narrow, never wider than stated."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelsim.streaming.bins import EXACT, NOTHING, RELATIVE_ERROR, Counts, bins_of, ends_of

WHOLE = st.one_of(
    st.integers(0, 5000),
    st.integers(0, 2**63 - 1),
    st.builds(
        lambda power, near: min(max(2**power + near, 0), 2**63 - 1),
        st.integers(0, 63),
        st.integers(-3, 3),
    ),
)


@given(WHOLE)
def test_a_number_lies_between_the_ends_of_its_bin(value):
    [place] = bins_of(np.array([value, 2**62]))[:1].tolist()
    low, high = ends_of(place)
    assert low <= value <= high
    assert (high - low) / 2 < RELATIVE_ERROR * low or low == high
    assert bins_of(np.array([value])).tolist() == [place]  # whatever else there is


@given(st.integers(0, 54 * 1024))
def test_bins_follow_each_other_without_a_gap(place):
    assert ends_of(place)[1] + 1 == ends_of(place + 1)[0]


def test_small_numbers_are_exact():
    values = np.arange(EXACT + 2)
    assert bins_of(values)[:EXACT].tolist() == list(range(EXACT))
    assert bins_of(values)[EXACT:].tolist() == [EXACT, EXACT]


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.int64])
def test_the_kind_of_integers_does_not_matter(kind):
    values = np.array([0, 7, 2000, 30_000])
    assert bins_of(values.astype(kind)).tolist() == bins_of(values).tolist()


def as_dict(counts):
    return {counts.first + k: n for k, n in enumerate(counts.counts.tolist()) if n}


@given(st.lists(st.lists(WHOLE, max_size=4), min_size=1, max_size=3))
def test_counts_add_up_in_any_order(groups):
    values = [value for group in groups for value in group]
    places = [int(bins_of(np.array([value]))[0]) for value in values if value > 0]
    expected = {place: places.count(place) for place in places}
    for order in itertools.permutations(groups):
        total = NOTHING
        for group in order:
            total = total.plus(Counts.of(np.array(group, np.int64)))
        assert as_dict(total) == expected


def test_counts_are_not_changed_by_adding():
    one, other = Counts.of(np.array([5, 6])), Counts.of(np.array([6, 900]))
    one.plus(other)
    assert (as_dict(one), as_dict(other)) == ({5: 1, 6: 1}, {6: 1, 900: 1})
