"""The funnel: percentages, conversions and counts are the same thing said in three ways."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import funnelsim as fs

WON = fs.Stage("won", win_probability=1.0)
AS_FRACTION = "percentages are given as 0.5, not 50"
FURTHER_ON = "a deal further on is at least as likely to be won"
SUCH_AS = "such as 6-5-3-3-2-1"
TOGETHER = "draw number d of every uncertain parameter belongs together"


def stage(name="a", **given):
    chance = {} if "conversion" in given or "win_probability" in given else {"conversion": 0.5}
    return fs.Stage(name, **{"time": 30, **chance, **given})


def test_the_key_account_funnel():
    funnel = fs.Funnel.key_account(time=30)
    assert funnel.names == (
        "training", "meeting", "consulting", "proposal", "negotiation", "contract",
    )  # fmt: skip
    np.testing.assert_array_equal(funnel.win_probabilities, [[0.1, 0.2, 0.45, 0.5, 0.8, 1.0]])
    np.testing.assert_allclose(funnel.conversions, [[0.5, 0.2 / 0.45, 0.9, 0.625, 0.8]], rtol=1e-15)
    assert {one.time for one in funnel.stages[:-1]} == {fs.Fixed(30)}
    assert funnel.stages[-1].time is None


@pytest.mark.parametrize("counts", ["6-5-3-3-2-1", " 6 - 5-3 -3-2-1.0 ", (6, 5, 3, 3, 2, 1)])
def test_counts_are_activities_per_contract(counts):
    funnel = fs.Funnel.from_counts(counts, time=30)
    assert funnel.names == fs.Funnel.key_account(time=30).names
    np.testing.assert_array_equal(funnel.conversions, [[5 / 6, 3 / 5, 1.0, 2 / 3, 1 / 2]])
    np.testing.assert_allclose(
        funnel.win_probabilities, [[1 / 6, 1 / 5, 1 / 3, 1 / 3, 1 / 2, 1.0]], rtol=1e-15
    )


def test_counts_of_another_number_of_stages_have_numbered_names_or_given_ones():
    assert fs.Funnel.from_counts("4-2-1", time=5).names == ("stage 1", "stage 2", "stage 3")
    named = fs.Funnel.from_counts("4-2-1", time=5, names=["lead", "offer", "won"])
    assert named.names == ("lead", "offer", "won")


def test_one_entry_for_each_open_stage():
    funnel = fs.Funnel.from_percentages(
        ["a", "b", "won"], [0.2, 0.5, 1], time=[10, fs.Gamma(mean=3, cv=1)],
        time_if_lost=(7, 8), hours=[2, 6.5],
    )  # fmt: skip
    first, second, last = funnel.stages
    assert (first.time, second.time) == (fs.Fixed(10), fs.Gamma(mean=3, cv=1))
    assert (first.time_if_lost, second.time_if_lost) == (fs.Fixed(7), fs.Fixed(8))
    assert (first.hours, second.hours, last.hours) == (2.0, 6.5, None)


def test_a_frozen_distribution_of_scipy_is_a_time():
    assert stage(time=stats.gamma(2, scale=9)).time.mean == 18.0


def test_a_conversion_is_given_back_as_it_was_stated():
    funnel = fs.Funnel([stage("a", conversion=0.1), stage("b", conversion=0.3), WON])
    assert funnel.conversions.tolist() == [[0.1, 0.3]]
    assert funnel.win_probabilities.tolist() == [[0.1 * 0.3, 0.3, 1.0]]


def test_conversions_and_win_probabilities_may_be_mixed():
    funnel = fs.Funnel([stage("a"), stage("b", win_probability=0.4), stage("c"), WON])
    assert funnel.win_probabilities.tolist() == [[0.2, 0.4, 0.5, 1.0]]
    assert funnel.conversions.tolist() == [[0.5, 0.8, 0.5]]


def test_the_last_stage_may_be_a_conversion_of_1():
    assert fs.Funnel([stage("a"), fs.Stage("won", conversion=1)]).draws == 1


def test_equal_win_probabilities_and_1_are_legal():
    equal = fs.Funnel([stage("a", win_probability=0.5), stage("b", win_probability=0.5), WON])
    assert equal.conversions.tolist() == [[1.0, 0.5]]
    sure = fs.Funnel([stage("a", win_probability=1), WON])
    assert sure.conversions.tolist() == [[1.0]]


def test_draws_of_conversions_and_times():
    funnel = fs.Funnel(
        [
            stage("a", conversion=[0.5, 0.6], time=fs.Exponential([20, 30])),
            stage("b", conversion=0.5),
            WON,
        ]
    )
    assert funnel.draws == 2
    assert [one.draws for one in funnel.stages] == [2, 1, 1]
    assert funnel.win_probabilities.tolist() == [[0.25, 0.5, 1.0], [0.3, 0.5, 1.0]]
    assert funnel.conversions.tolist() == [[0.5, 0.5], [0.6, 0.5]]


@given(st.lists(st.floats(1e-3, 1.0), min_size=1, max_size=6))
def test_said_as_percentages_or_as_conversions_it_is_the_same_funnel(chances):
    names = [f"s{i}" for i in range(len(chances))]
    by_chance = fs.Funnel([stage(n, conversion=c) for n, c in zip(names, chances, strict=True)]
                          + [WON])  # fmt: skip
    wins = by_chance.win_probabilities[0]
    by_win = fs.Funnel.from_percentages([*names, "won"], wins, time=30)
    np.testing.assert_array_equal(by_win.win_probabilities, by_chance.win_probabilities)
    np.testing.assert_allclose(by_win.conversions, by_chance.conversions, rtol=1e-14)
    np.testing.assert_allclose(wins[0], math.prod(chances), rtol=1e-14)


def test_funnels_are_values():
    one, two = (fs.Funnel.key_account(time=fs.Gamma(mean=30, cv=0.6)) for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != fs.Funnel.key_account(time=31)


def test_names_are_trimmed():
    assert fs.Stage(" proposal ", conversion=0.5).name == "proposal"


WRONG = [
    # stages
    (
        lambda: fs.Stage("", conversion=0.5),
        "name of a stage must be a text that is not empty, got ''",
    ),
    (
        lambda: fs.Stage("  ", conversion=0.5),
        "name of a stage must be a text that is not empty, got '  '",
    ),
    (
        lambda: fs.Stage(3, conversion=0.5),
        "name of a stage must be a text that is not empty, got 3",
    ),
    (
        lambda: fs.Stage("a"),
        "stage 'a' must have either a win_probability or a conversion, got 'neither'",
    ),
    (
        lambda: fs.Stage("a", win_probability=0.4, conversion=0.5),
        "stage 'a' must have either a win_probability or a conversion, got 'both'",
    ),
    (
        lambda: stage(win_probability=45),
        f"win_probability of stage 'a' must be in (0, 1], got 45; {AS_FRACTION}",
    ),
    (
        lambda: stage(win_probability=0),
        f"win_probability of stage 'a' must be in (0, 1], got 0; {AS_FRACTION}",
    ),
    (
        lambda: stage(win_probability="0.45"),
        f"win_probability of stage 'a' must be in (0, 1], got '0.45'; {AS_FRACTION}",
    ),
    (
        lambda: stage(win_probability=math.nan),
        f"win_probability of stage 'a' must be in (0, 1], got nan; {AS_FRACTION}",
    ),
    (
        lambda: stage(win_probability=[0.4, 0.5]),
        (
            "win_probability of stage 'a' must be one number, got [0.4, 0.5]; "
            "draws are given as conversion, so that win probabilities keep their order"
        ),
    ),
    (
        lambda: stage(conversion=0),
        f"conversion of stage 'a' must be in (0, 1], got 0; {AS_FRACTION}",
    ),
    (
        lambda: stage(conversion=1.2),
        f"conversion of stage 'a' must be in (0, 1], got 1.2; {AS_FRACTION}",
    ),
    (
        lambda: stage(conversion=[0.5, 1.2]),
        f"draw 1 of conversion of stage 'a' must be in (0, 1], got 1.2; {AS_FRACTION}",
    ),
    (lambda: stage(conversion=[]), "conversion of stage 'a' must hold at least one draw, got []"),
    (
        lambda: stage(time=-3),
        "time of stage 'a' must be a finite number of at least 0, got -3",
    ),
    (
        lambda: stage(time_if_lost=math.inf),
        "time_if_lost of stage 'a' must be a finite number of at least 0, got inf",
    ),
    (
        lambda: stage(time=[3, 4]),
        (
            "time of stage 'a' must be a number or a distribution, got [3, 4]; for values that "
            "were seen write Sample([...]), or { sample = [...] } in a file"
        ),
    ),
    (
        lambda: stage(time="30"),
        (
            "time of stage 'a' must be a number or a distribution, got '30'; one of Fixed, "
            "Exponential, Gamma, Lognormal, Weibull, Pert, Pareto, Quantiles, Sample, Discrete, or "
            "a frozen one of scipy.stats"
        ),
    ),
    (
        lambda: stage(hours=-1),
        "hours of stage 'a' must be a finite number of at least 0, got -1",
    ),
    # funnels
    (lambda: fs.Funnel(None), "stages of a funnel must be a list of Stage objects, got None"),
    (lambda: fs.Funnel("ab"), "stages of a funnel must be Stage objects, got 'a'"),
    (lambda: fs.Funnel([]), "a funnel must have at least two stages, got 0"),
    (lambda: fs.Funnel([WON]), "a funnel must have at least two stages, got 1"),
    (
        lambda: fs.Funnel([stage("a"), stage("A"), WON]),
        "names of stages must differ, whatever the case, got 'A'",
    ),
    (
        lambda: fs.Funnel([stage("a"), fs.Stage("won", win_probability=0.9)]),
        "win_probability of the last stage 'won' must be 1, got 0.9; the last stage is closed-won",
    ),
    (
        lambda: fs.Funnel([stage("a"), stage("won", win_probability=1)]),
        "the last stage 'won' must have no time; leave it out",
    ),
    (
        lambda: fs.Funnel([stage("a", time=None), WON]),
        "stage 'a' must have a time; days in stage, such as 30",
    ),
    (
        lambda: fs.Funnel([stage("a", win_probability=0.6), stage("b", win_probability=0.4), WON]),
        (
            "win_probability of stage 'a' must be at most that of the next stage, 0.4, got 0.6; "
            f"{FURTHER_ON}"
        ),
    ),
    (
        lambda: fs.Funnel(
            [stage("a", win_probability=0.5), stage("b", conversion=(0.9, 0.3)), WON]
        ),
        (
            "win_probability of stage 'a' must be at most that of the next stage, 0.3, got 0.5; "
            f"{FURTHER_ON}"
        ),
    ),
    (
        lambda: fs.Funnel(
            [stage("a", conversion=(0.1, 0.2)), stage("b", time=fs.Exponential((3, 4, 5))), WON]
        ),
        (
            "time of stage 'b' must hold as many draws as conversion of stage 'a' (2), got 3; "
            f"{TOGETHER}"
        ),
    ),
    # columns
    (
        lambda: fs.Funnel.from_percentages(["a", "won"], [0.5, 0.7, 1], time=3),
        "win_probabilities must have one entry for each of the 2 stages, got 3",
    ),
    (
        lambda: fs.Funnel.from_percentages(["a", "won"], [50, 100], time=3),
        f"win_probability of stage 'a' must be in (0, 1], got 50; {AS_FRACTION}",
    ),
    (
        lambda: fs.Funnel.key_account(time=[1, 2, 3]),
        "time must have one entry for each of the 5 open stages, got 3",
    ),
    (
        lambda: fs.Funnel.key_account(time=3, time_if_lost=[1]),
        "time_if_lost must have one entry for each of the 5 open stages, got 1",
    ),
    (
        lambda: fs.Funnel.key_account(time=3, hours=[1, 2, 3, 4, 5, 6]),
        "hours must have one entry for each of the 5 open stages, got 6",
    ),
    # counts
    (
        lambda: fs.Funnel.from_counts("6-5-x", time=3),
        f"counts must be numbers joined by '-', got '6-5-x'; {SUCH_AS}",
    ),
    (
        lambda: fs.Funnel.from_counts("6--5", time=3),
        f"counts must be numbers joined by '-', got '6--5'; {SUCH_AS}",
    ),
    (
        lambda: fs.Funnel.from_counts("6", time=3),
        f"counts must be numbers joined by '-', got '6'; {SUCH_AS}",
    ),
    (
        lambda: fs.Funnel.from_counts(6, time=3),
        f"counts must be numbers of activities, got 6; {SUCH_AS}",
    ),
    (
        lambda: fs.Funnel.from_counts("3-4-1", time=3),
        "counts must not grow from a stage to the next, got '3-4-1'",
    ),
    (
        lambda: fs.Funnel.from_counts([2, 0], time=3),
        "counts must be a finite number above 0, got 0",
    ),
    (
        lambda: fs.Funnel.from_counts("2-0", time=3),
        "counts must be a finite number above 0, got 0.0",
    ),
    (
        lambda: fs.Funnel.from_counts([2, math.inf], time=3),
        "counts must be a finite number above 0, got inf",
    ),
    (
        lambda: fs.Funnel.from_counts("3-2-1", time=3, names=["a", "b"]),
        "names must have one entry for each of the 3 stages, got 2",
    ),
]


@pytest.mark.parametrize(("made", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_input_says_what_would_be_right(made, message):
    with pytest.raises(fs.InputError) as error:
        made()
    assert str(error.value) == message
