"""Distributions as users give them: numbers, tables of a file, and what is wrong."""

import math
import tomllib
from decimal import Decimal

import numpy as np
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from funnelsim.distributions import (
    Discrete,
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
