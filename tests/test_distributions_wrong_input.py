"""Wrong input: each message says field, rule, value and what would be right."""

import math
import tomllib

import pytest
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
)
from funnelsim.errors import InputError


def toml(value, field="time"):
    return lambda: distribution_from_toml(field, value)


HINT = (
    "as in { gamma = { mean = 30, cv = 0.6 } }; families: fixed, exponential, gamma, lognormal, "
    "weibull, pert, pareto, quantiles, sample, discrete"
)
CLASSES = (
    "one of Fixed, Exponential, Gamma, Lognormal, Weibull, Pert, Pareto, Quantiles, Sample, "
    "Discrete, or a frozen one of scipy.stats"
)
POINTS = 'as in {"0.1": 10, "0.9": 80}'
LEVEL = "a level is given as 0.1, not 10 or p10"
TOGETHER = "draw number d of every uncertain parameter belongs together"
WRONG = [
    (lambda: Fixed(-1), "value of fixed must be a finite number of at least 0, got -1"),
    (lambda: Fixed(math.nan), "value of fixed must be a finite number of at least 0, got nan"),
    (
        lambda: Fixed([1, math.inf]),
        "draw 1 of value of fixed must be a finite number of at least 0, got inf",
    ),
    (lambda: Exponential(0), "mean of exponential must be a finite number above 0, got 0"),
    (lambda: Exponential([]), "mean of exponential must hold at least one draw, got []"),
    (lambda: Exponential(None), "parameters of exponential must be mean, got []"),
    (
        lambda: Exponential("30"),
        (
            "mean of exponential must be a finite number above 0, got '30'; "
            "write a number, without quotes"
        ),
    ),
    (
        lambda: Gamma(mean=-3, cv=1),
        "mean of gamma must be a finite number above 0, got -3",
    ),
    (lambda: Gamma(mean=3, cv=0), "cv of gamma must be a finite number above 0, got 0"),
    (lambda: Gamma(mean=3, cv=1e-9), "cv of gamma must be in [1e-06, 1e+06], got 1e-09"),
    (
        lambda: Gamma(mean=3, cv=[1, 1e9]),
        "draw 1 of cv of gamma must be in [1e-06, 1e+06], got 1000000000.0",
    ),
    (Gamma, "parameters of gamma must be mean and cv, or shape and scale, got []"),
    (
        lambda: Gamma(mean=3, shape=2),
        "parameters of gamma must be mean and cv, or shape and scale, got ['mean', 'shape']",
    ),
    (
        lambda: Gamma(mean=[1, 2], cv=[1, 2, 3]),
        f"cv of gamma must hold as many draws as mean of gamma (2), got 3; {TOGETHER}",
    ),
    (
        lambda: Lognormal(median=3),
        (
            "parameters of lognormal must be median and sigma, or mean and cv, or p10 and p90, "
            "got ['median']"
        ),
    ),
    (lambda: Lognormal(p10=9, p90=9), "p90 of lognormal must be above p10 (9), got 9.0"),
    (
        lambda: Lognormal(p10=[1, 9], p90=8),
        "draw 1 of p90 of lognormal must be above p10 (9), got 8.0",
    ),
    (
        lambda: Weibull(shape=0, scale=1),
        "shape of weibull must be a finite number above 0, got 0",
    ),
    (lambda: Pert(low=5, mode=5, high=5), "high of pert must be above low (5), got 5.0"),
    (
        lambda: Pert(low=5, mode=9, high=8),
        "mode of pert must be between low (5) and high (8), got 9.0",
    ),
    (
        lambda: Pert(low=5, mode=[6, 4], high=8),
        "draw 1 of mode of pert must be between low (5) and high (8), got 4.0",
    ),
    (
        lambda: Pareto(alpha=True, low=1),
        "alpha of pareto must be a finite number above 0, got True; write a number, without quotes",
    ),
    (lambda: Quantiles({0.5: 30}), "quantiles must state at least two levels, got {0.5: 30}"),
    (lambda: Quantiles(3), f"quantiles must be a table of levels and values, got 3; {POINTS}"),
    (
        lambda: Quantiles({"p10": 3, "p90": 4}),
        f"level of quantiles must be in [0, 1], got 'p10'; {LEVEL}",
    ),
    (
        lambda: Quantiles({10: 3, 90: 4}),
        f"level of quantiles must be in [0, 1], got 10; {LEVEL}",
    ),
    (
        lambda: Quantiles({"0.1": -3, "0.9": 4}),
        "value at level 0.1 of quantiles must be a finite number of at least 0, got -3",
    ),
    (
        lambda: Quantiles({"0.1": 3, 0.1: 4}),
        "levels of quantiles must differ, got 0.1; it is stated twice",
    ),
    (
        lambda: Quantiles({0.5: 3, 0.1: 4}),
        "value at level 0.5 of quantiles must be at least that at level 0.1 (4), got 3.0",
    ),
    (
        lambda: Quantiles({0: 0, 1e-3: 1e307}),
        'quantiles must reach level 1 at a finite value; state a value for level "1"',
    ),
    (lambda: Sample([]), "values of sample must be between 1 and 10,000,000, got 0"),
    (lambda: Sample(5), "values of sample must be a list of numbers, got 5"),
    (lambda: Sample("5"), "values of sample must be a list of numbers, got '5'"),
    (
        lambda: Sample([1, 2, -3]),
        "value 3 of sample must be a finite number of at least 0, got -3",
    ),
    (
        lambda: Sample([1, True]),
        (
            "value 2 of sample must be a finite number of at least 0, got True; "
            "write a number, without quotes"
        ),
    ),
    (
        lambda: Sample([10**400]),
        f"value 1 of sample must be a finite number of at least 0, got 1{'0' * 58}…",
    ),
    (
        lambda: Sample([1], source="a.csv"),
        "source of sample must be the names of a file and a column, got 'a.csv'",
    ),
    (
        lambda: Discrete([1, 2], [0.5, 0.4]),
        "chances of discrete must sum to 1, got 0.9",
    ),
    (
        lambda: Discrete([1, 2], [50, 50]),
        "chance 1 of discrete must be in [0, 1], got 50; chances are given as 0.5, not 50",
    ),
    (
        lambda: Discrete([1, 2], [1]),
        "chances of discrete must be as many as its values (2), got 1",
    ),
    (
        lambda: Frozen(stats.norm(30, 5)),
        (
            "support of scipy.stats.norm must not go below 0, got -inf; "
            "cut it at 0 (scipy.stats.truncnorm), or use Gamma or Lognormal"
        ),
    ),
    (
        lambda: Frozen(stats.gamma(-1)),
        (
            "distribution of scipy.stats must have a support and a mean, "
            "got Frozen(scipy.stats.gamma(-1)); its parameters, or its mean, are outside "
            "what SciPy computes"
        ),
    ),
    (
        lambda: Frozen(stats.gamma([1, 2])),
        (
            "distribution of scipy.stats must be a single one, not an array of them, "
            "got Frozen(scipy.stats.gamma([1, 2]))"
        ),
    ),
    (
        lambda: Frozen(3),
        (
            "distribution of scipy.stats must be frozen, got 3; "
            "with its parameters, as in scipy.stats.gamma(2, scale=15)"
        ),
    ),
    (
        lambda: as_distribution("amount", -3),
        "amount must be a finite number of at least 0, got -3",
    ),
    (
        lambda: as_distribution("time of stage 'proposal'", stats.uniform(-1, 2)),
        (
            "time of stage 'proposal': support of scipy.stats.uniform must not go below 0, "
            "got -1.0; cut it at 0 (scipy.stats.truncnorm), or use Gamma or Lognormal"
        ),
    ),
    (
        lambda: as_distribution("time", [1, 2]),
        (
            "time must be a number or a distribution, got [1, 2]; for values that were seen "
            "write Sample([...]), or { sample = [...] } in a file"
        ),
    ),
    (
        lambda: as_distribution("time", "30"),
        f"time must be a number or a distribution, got '30'; {CLASSES}",
    ),
    (
        lambda: as_distribution("time", True),
        f"time must be a number or a distribution, got True; {CLASSES}",
    ),
    (toml(-3), "time must be a finite number of at least 0, got -3"),
    (toml("30"), f"time must be a number or a table with one key, got '30'; {HINT}"),
    (toml({}), f"time must be a number or a table with one key, got {{}}; {HINT}"),
    (
        toml({"mean": 30, "cv": 1}),
        f"time must be a number or a table with one key, got {{'mean': 30, 'cv': 1}}; {HINT}",
    ),
    (
        toml({"gama": {"mean": 30}}),
        (
            "distribution of time must be a known family, got 'gama'; did you mean 'gamma'? known: "
            "fixed, exponential, gamma, lognormal, weibull, pert, pareto, quantiles, sample, "
            "discrete"
        ),
    ),
    (
        toml({"gamma": {"mean": -3, "cv": 1}}, "time of stage 'proposal'"),
        "time of stage 'proposal': mean of gamma must be a finite number above 0, got -3",
    ),
    (
        toml({"weibull": {"shap": 30, "scale": 1}}),
        (
            "time: parameter of weibull must be a known name, got 'shap'; "
            "did you mean 'shape'? known: shape, scale"
        ),
    ),
    (
        toml({"pert": {"low": 30}}),
        "time: parameters of pert must be low, mode and high, got ['low']",
    ),
    (
        toml({"exponential": 30}),
        "time: exponential must be a table of its parameters, got 30; as in { mean = … }",
    ),
    (
        toml(tomllib.loads("time = { quantiles = { 0.1 = 10, 0.9 = 20 } }")["time"]),
        (
            "time: quantiles must be levels and values, got {'0': {'1': 10, '9': 20}}; "
            'quote the levels, as in "0.1" = 10'
        ),
    ),
    (
        toml({"discrete": {"values": [1]}}),
        "time: parameters of discrete must be values and chances, got ['values']",
    ),
    (
        toml({"sample": {"file": "a.csv"}}),
        "time: parameters of sample must be file and column, got ['file']",
    ),
    (
        toml({"sample": {"file": 3, "column": "days"}}),
        "time: file of sample must be text in quotes, got 3",
    ),
    (
        toml({"sample": {"file": "a.csv", "column": "days"}}),
        (
            "time: sample must be a list of numbers: no file can be read here, "
            "got {'file': 'a.csv', 'column': 'days'}"
        ),
    ),
    (
        lambda: distribution_from_toml(
            "time", {"sample": {"file": "a.csv", "column": "days"}}, lambda *_: []
        ),
        "time: values of sample must be between 1 and 10,000,000, got 0",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_input_says_what_would_be_right(make, message):
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == message


def test_an_unfrozen_distribution_of_scipy_is_told_how():
    with pytest.raises(InputError, match=r"time: distribution of scipy\.stats must be frozen"):
        as_distribution("time", stats.gamma)
