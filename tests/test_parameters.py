"""A parameter is a value or a set of draws; what is neither is refused with a full sentence."""

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelsim.errors import InputError
from funnelsim.parameters import (
    NONNEGATIVE,
    POSITIVE,
    PROBABILITY,
    Interval,
    at,
    common_draws,
    draws_of,
    number,
    parameter,
    whole,
)

WITHOUT_QUOTES = "write a number, without quotes"


@pytest.mark.parametrize(
    ("allowed", "inside", "outside", "rule"),
    [
        (Interval(), [-1e300, 0.0], [], "be a finite number"),
        (POSITIVE, [5e-324, 1e308], [0.0, -1.0], "be a finite number above 0"),
        (NONNEGATIVE, [0.0], [-5e-324], "be a finite number of at least 0"),
        (PROBABILITY, [1e-9, 1.0], [0.0, 1.0 + 1e-15], "be in (0, 1]"),
        (Interval(0, 1, open_high=True), [0.0, 0.999], [1.0], "be in [0, 1)"),
        (Interval(0, 1, open_low=True, open_high=True), [0.5], [0.0, 1.0], "be in (0, 1)"),
        (Interval(2, 3), [2, 3], [1.9, 3.1], "be in [2, 3]"),
    ],
)
def test_an_interval_knows_its_ends_and_says_its_rule(allowed, inside, outside, rule):
    assert all(one in allowed for one in inside)
    assert not any(one in allowed for one in outside)
    assert allowed.rule() == rule


@pytest.mark.parametrize(
    "value", [3, 3.0, np.float32(3), np.int8(3), np.array(3.0), Decimal(3)], ids=repr
)
def test_any_kind_of_number_becomes_a_plain_float(value):
    found = number("x", value, POSITIVE)
    assert found == 3.0
    assert type(found) is float


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0, "x must be a finite number above 0, got 0"),
        (-1, "x must be a finite number above 0, got -1"),
        (math.nan, "x must be a finite number above 0, got nan"),
        (math.inf, "x must be a finite number above 0, got inf"),
        (10**400, f"x must be a finite number above 0, got 1{'0' * 58}…"),
        (None, "x must be a finite number above 0, got None"),
        (1j, "x must be a finite number above 0, got 1j"),
        ([1], "x must be a finite number above 0, got [1]"),
        (np.array([1.0, 2.0]), "x must be a finite number above 0, got array([1., 2.])"),
        (np.float64(-2), "x must be a finite number above 0, got -2.0"),
        ("30", f"x must be a finite number above 0, got '30'; {WITHOUT_QUOTES}"),
        (b"30", f"x must be a finite number above 0, got b'30'; {WITHOUT_QUOTES}"),
        (True, f"x must be a finite number above 0, got True; {WITHOUT_QUOTES}"),
        (np.True_, f"x must be a finite number above 0, got True; {WITHOUT_QUOTES}"),
    ],
)
def test_no_number_is_refused(value, message):
    with pytest.raises(InputError) as error:
        number("x", value, POSITIVE)
    assert str(error.value) == message


def test_a_remedy_of_the_caller_comes_last():
    with pytest.raises(InputError) as error:
        number("chance", 45, PROBABILITY, "percentages are given as 0.45")
    assert str(error.value) == "chance must be in (0, 1], got 45; percentages are given as 0.45"


@pytest.mark.parametrize("value", [7, np.int64(7), np.uint8(7), np.array(7)], ids=repr)
def test_a_whole_number_becomes_a_plain_int(value):
    found = whole("n", value, 1, 9)
    assert found == 7
    assert type(found) is int


@pytest.mark.parametrize(
    ("value", "high", "message"),
    [
        (0, None, "n must be a whole number of at least 1, got 0"),
        (10, 9, "n must be a whole number of at least 1 and at most 9, got 10"),
        (3.0, None, "n must be a whole number of at least 1, got 3.0"),
        ("3", None, "n must be a whole number of at least 1, got '3'"),
        (None, None, "n must be a whole number of at least 1, got None"),
        (True, None, "n must be a whole number of at least 1, got True"),
        (np.True_, None, "n must be a whole number of at least 1, got True"),
        (np.array([3.5]), None, "n must be a whole number of at least 1, got array([3.5])"),
    ],
)
def test_no_whole_number_is_refused(value, high, message):
    with pytest.raises(InputError) as error:
        whole("n", value, 1, high)
    assert str(error.value) == message


@pytest.mark.parametrize(
    "draws",
    [
        [0.1, 0.2],
        (0.1, 0.2),
        np.array([0.1, 0.2]),
        pd.Series([0.1, 0.2]),
        pl.Series([0.1, 0.2]),
        pa.chunked_array([[0.1], [0.2]]),
    ],
    ids=["list", "tuple", "numpy", "pandas", "polars", "pyarrow"],
)
def test_a_set_of_draws_becomes_a_tuple_of_floats(draws):
    found = parameter("x", draws, PROBABILITY)
    assert found == (0.1, 0.2)
    assert {type(one) for one in found} == {float}


def test_a_plain_value_stays_a_number():
    assert parameter("x", np.array(0.5), PROBABILITY) == 0.5
    assert parameter("x", 1, PROBABILITY) == 1.0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "x must hold at least one draw, got []"),
        ([0.5, 1.5], "draw 1 of x must be in (0, 1], got 1.5"),
        ([0.5, "a"], f"draw 1 of x must be in (0, 1], got 'a'; {WITHOUT_QUOTES}"),
        ([[0.5]], "draw 0 of x must be in (0, 1], got [0.5]"),
        (np.array([0.5, math.nan]), "draw 1 of x must be in (0, 1], got nan"),
        ("0.5", f"x must be in (0, 1], got '0.5'; {WITHOUT_QUOTES}"),
        (b"01", f"x must be in (0, 1], got b'01'; {WITHOUT_QUOTES}"),
        ({0.5}, "x must be in (0, 1], got {0.5}"),
    ],
)
def test_no_parameter_is_refused(value, message):
    with pytest.raises(InputError) as error:
        parameter("x", value, PROBABILITY)
    assert str(error.value) == message


@given(st.lists(st.floats(0, 1, exclude_min=True), min_size=1, max_size=9))
def test_draws_come_back_one_by_one(draws):
    value = parameter("x", draws, PROBABILITY)
    assert draws_of(value) == len(draws)
    assert [at(value, draw) for draw in range(len(draws))] == draws


def test_a_plain_value_is_the_same_in_every_draw():
    assert draws_of(0.3) == 1
    assert at(0.3, 17) == 0.3


def test_certain_parameters_go_with_any_number_of_draws():
    assert common_draws([]) == 1
    assert common_draws([("a", 1), ("b", 1)]) == 1
    assert common_draws([("a", 1), ("b", 5), ("c", 1), ("d", 5)]) == 5


def test_unequal_numbers_of_draws_are_refused():
    with pytest.raises(InputError) as error:
        common_draws([("a", 1), ("b", 5), ("c", 5), ("d", 4)])
    assert str(error.value) == (
        "d must hold as many draws as b (5), got 4; "
        "draw number d of every uncertain parameter belongs together"
    )
