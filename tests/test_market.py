"""What deals share: stated as a correlation or as a swing of the win rate."""

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import funnelsim as fs
from funnelsim.market import correlation_of_swing, swing_of
from tests.oracles import exact

POINTS = "4 points are given as 0.04"


def test_everything_is_off_by_default():
    market = fs.Market()
    assert (market.win_rate_correlation, market.cycle_cv, market.amount_cv) == (0.0, 0.0, 0.0)
    assert market.segment_correlation == {}
    assert market.win_rate_swing is None
    assert market.persistence == 1.0
    assert market.draws == 1


def test_each_parameter_may_be_a_set_of_draws():
    market = fs.Market(win_rate_correlation=[0.02, 0.1], cycle_cv=0.2, amount_cv=(0.1, 0.3))
    assert market.draws == 2
    assert market.win_rate_correlation == (0.02, 0.1)
    assert [market.common_correlation(draw) for draw in (0, 1)] == [0.02, 0.1]


def test_markets_are_values():
    given = {"win_rate_correlation": 0.05, "segment_correlation": {"b": 0.1, "a": 0.2}}
    one, two = fs.Market(**given), fs.Market(**given)
    assert one == two
    assert hash(one) == hash(two)
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != fs.Market(win_rate_correlation=0.05)
    assert fs.Market(win_rate_swing=0.02) != fs.Market(win_rate_swing=0.03)
    assert fs.Market(persistence=0.5) != fs.Market()


def test_the_mapping_that_was_given_is_not_kept():
    given = {"region": 0.1}
    market = fs.Market(segment_correlation=given)
    given["region"] = 0.9
    assert market.segment_correlation == {"region": 0.1}


@pytest.mark.parametrize(("rho", "points"), [(0.02, 2.5), (0.05, 4.0), (0.10, 5.8)])
def test_swings_of_a_win_rate_of_a_tenth(rho, points):
    assert round(100 * swing_of(0.10, rho), 1) == points


@given(st.floats(0.02, 0.98), st.floats(0.001, 0.8))
def test_a_swing_and_its_correlation_are_two_words_for_one_thing(win_rate, rho):
    swing = swing_of(win_rate, rho)
    assert math.isclose(swing, exact.win_rate_swing(win_rate, rho), rel_tol=1e-9)
    assert math.isclose(correlation_of_swing(win_rate, swing), rho, rel_tol=1e-7)


def test_the_swing_against_the_bivariate_normal():
    # Var = P(both of two deals are won) - w^2
    w, rho = 0.3, 0.2
    z = stats.norm.ppf(w)
    both = stats.multivariate_normal(cov=[[1, rho], [rho, 1]]).cdf([z, z])
    assert math.isclose(swing_of(w, rho), math.sqrt(both - w * w), rel_tol=1e-5)


@pytest.mark.parametrize("win_rate", [0.1, 1.0])
def test_no_swing_is_no_correlation(win_rate):
    assert correlation_of_swing(win_rate, 0.0) == 0.0


def test_correlations_just_below_1_together_are_legal():
    market = fs.Market(win_rate_correlation=0.5, segment_correlation={"a": 0.25, "b": 0.2499})
    assert market.common_correlation(0) == 0.5


TOTAL = "the common and the segments' win rate correlations must add up to less than 1, got"
WRONG = [
    ({"win_rate_correlation": 1}, "win_rate_correlation must be in [0, 1), got 1"),
    ({"win_rate_correlation": -0.1}, "win_rate_correlation must be in [0, 1), got -0.1"),
    ({"win_rate_correlation": math.nan}, "win_rate_correlation must be in [0, 1), got nan"),
    (
        {"win_rate_correlation": [0.1, 1.0]},
        "draw 1 of win_rate_correlation must be in [0, 1), got 1.0",
    ),
    (
        {"win_rate_correlation": "0.1"},
        "win_rate_correlation must be in [0, 1), got '0.1'; write a number, without quotes",
    ),
    ({"cycle_cv": -1}, "cycle_cv must be in [0, 100], got -1"),
    ({"cycle_cv": math.inf}, "cycle_cv must be in [0, 100], got inf"),
    ({"amount_cv": None}, "amount_cv must be in [0, 100], got None"),
    ({"persistence": 1.1}, "persistence must be in [0, 1], got 1.1"),
    ({"persistence": -0.1}, "persistence must be in [0, 1], got -0.1"),
    ({"persistence": [0.5]}, "persistence must be in [0, 1], got [0.5]"),
    ({"amount_cv": []}, "amount_cv must hold at least one draw, got []"),
    ({"win_rate_swing": 4}, f"win_rate_swing must be in [0, 0.5), got 4; {POINTS}"),
    ({"win_rate_swing": -0.01}, f"win_rate_swing must be in [0, 0.5), got -0.01; {POINTS}"),
    (
        {"win_rate_swing": [0.1, 0.2]},
        f"win_rate_swing must be in [0, 0.5), got [0.1, 0.2]; {POINTS}",
    ),
    (
        {"win_rate_swing": 0.04, "win_rate_correlation": 0.05},
        "market must state win_rate_correlation or win_rate_swing, not both",
    ),
    (
        {"segment_correlation": 0.03},
        (
            "segment_correlation must map a segment column to a correlation, got 0.03; "
            "such as { region = 0.03 }"
        ),
    ),
    (
        {"segment_correlation": {"region": 1}},
        "segment_correlation of 'region' must be in [0, 1), got 1",
    ),
    ({"win_rate_correlation": 0.4, "segment_correlation": {"region": 0.6}}, f"{TOTAL} 1.0"),
    (
        {"win_rate_correlation": 0.7, "segment_correlation": {"a": 0.2, "b": 0.1}},
        f"{TOTAL} 1.0",
    ),
    (
        {"win_rate_correlation": (0.1, 0.5), "segment_correlation": {"region": 0.5}},
        f"{TOTAL} 1.0",
    ),
    (
        {"win_rate_correlation": (0.1, 0.2), "cycle_cv": (0.1, 0.2, 0.3)},
        (
            "cycle_cv must hold as many draws as win_rate_correlation (2), got 3; "
            "draw number d of every uncertain parameter belongs together"
        ),
    ),
]


@pytest.mark.parametrize(("given", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_input_says_what_would_be_right(given, message):
    with pytest.raises(fs.InputError) as error:
        fs.Market(**given)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("win_rate", "swing", "most"), [(0.1, 0.286, "0.285"), (0.5, 0.48, "0.475"), (1.0, 0.1, "0")]
)
def test_a_win_rate_swings_only_so_far(win_rate, swing, most):
    with pytest.raises(fs.InputError) as error:
        correlation_of_swing(win_rate, swing)
    assert str(error.value) == (
        f"win_rate_swing must be below {most}, got {swing}; "
        f"a win rate of {win_rate:g} cannot swing as far as that"
    )
