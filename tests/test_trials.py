"""The law of wins among independent deals, against sums of fractions and against SciPy."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from funnelsim import InputError
from funnelsim._trials import chance_of_wins, deals_needed, whole_up


def summed(deals, wins, win):
    """Return the chance of at least so many wins, term by term."""
    win = Fraction(win)
    terms = (
        math.comb(deals, k) * win**k * (1 - win) ** (deals - k) for k in range(wins, deals + 1)
    )
    return float(sum(terms, Fraction(0)))


@given(st.integers(0, 40), st.integers(0, 45), st.floats(0.001, 1.0))
def test_the_chance_is_the_sum_of_its_terms(deals, wins, win):
    assert chance_of_wins(deals, wins, win) == pytest.approx(summed(deals, wins, win), abs=1e-12)


@given(st.integers(1, 200), st.floats(0.005, 1.0), st.floats(0.01, 0.99))
def test_so_many_deals_are_enough_and_one_fewer_is_not(wins, win, confidence):
    deals = deals_needed(wins, win, confidence)

    assert chance_of_wins(deals, wins, win) >= confidence - 1e-12
    assert chance_of_wins(deals - 1, wins, win) < confidence
    assert deals >= wins


@pytest.mark.parametrize("win", [0.05, 0.1, 1 / 6, 0.45, 0.9])
@pytest.mark.parametrize("wins", [1, 3, 10, 400])
def test_deals_needed_are_a_quantile_of_the_negative_binomial(wins, win):
    for confidence in (0.05, 0.5, 0.8, 0.9, 0.99):
        quantile = wins + stats.nbinom.ppf(confidence, wins, win)
        assert deals_needed(wins, win, confidence) == quantile


def test_ten_wins():
    assert [deals_needed(10, 0.10, level) for level in (0.5, 0.8, 0.9)] == [97, 124, 140]
    assert chance_of_wins(60, 10, 0.10) == pytest.approx(0.0731, abs=5e-5)
    assert chance_of_wins(60, 10, 1 / 6) == pytest.approx(0.5536, abs=5e-5)


@pytest.mark.parametrize(
    ("win", "three_times"), [(0.20, 0.061), (1 / 3, 0.568), (0.50, 0.979)], ids=str
)
def test_the_rules_in_use(win, three_times):
    assert chance_of_wins(30, 10, win) == pytest.approx(three_times, abs=5e-4)
    assert 0.55 < chance_of_wins(whole_up(10 / win), 10, win) < 0.59


def test_no_wins_take_no_deals_and_certain_wins_take_as_many():
    assert deals_needed(0, 0.1, 0.9) == 0
    assert deals_needed(7, 1.0, 0.999) == 7


def test_a_chance_that_is_reached_but_for_rounding_is_reached():
    assert deals_needed(1, 0.1, 1 - 0.9**3) == 3
    assert deals_needed(400, 0.5, 0.5) == 799  # by symmetry exactly one half


def test_more_deals_than_can_be_counted():
    with pytest.raises(InputError, match=r"confidence must be reached with fewer than 2\*\*53"):
        deals_needed(1_000_000, 1e-12, 0.9)


def test_what_is_whole_but_for_rounding_stays():
    assert whole_up(10 * (1 / 0.1)) == 100
    assert whole_up(3 * 1.1 * 10) == 33
    assert whole_up(2.01) == 3
