"""Signals: what they take, what they refuse, what they take from deals."""

import copy
import math
import pickle

import numpy as np
import pytest

from funnelsim import InputError, Pipeline, RowsError
from funnelsim.signals import NumericSignal, Signal, Signals

COACH = Signal("coach", {"covered": 2.0, "not covered": 1.0})


def pipeline(**columns):
    count = len(next(iter(columns.values())))
    return Pipeline.from_frame({"stage": ["proposal"] * count, "amount": [1e5] * count, **columns})


def test_points_are_odds_ratios():
    one = Signal("entry", {"before": {"from": 0.10, "to": 0.15}, "tender": 1})
    assert one.effects["before"] == pytest.approx((0.15 / 0.85) / (0.10 / 0.90), abs=1e-15)
    assert one.moves


def test_effects_may_be_draws():
    one = Signal("entry", {"before": np.array([1.5, 2.5]), "tender": 1})
    assert one.effects == {"before": (1.5, 2.5), "tender": 1.0}
    assert Signals([one]).draws == 2
    np.testing.assert_allclose(
        one.log_odds(np.array([0.0, 1.0, 0.0]), 2),
        [[math.log(1.5), 0, math.log(1.5)], [math.log(2.5), 0, math.log(2.5)]],
    )


def test_a_number_moves_the_odds_evenly():
    one = Signal.numeric("red flags", 0.5, per=2.0, reference=[0, 1, 1, 4])
    assert one == NumericSignal("red flags", 0.5, per=2.0, reference={"values": (0, 1, 1, 4)})
    np.testing.assert_allclose(one.log_odds(np.array([4.0]), 1), [[2 * math.log(0.5)]])
    assert [values.tolist() for values in one.shares()] == [[0, 1, 4], [0.25, 0.5, 0.25]]


def test_equal_odds_move_nothing():
    assert not Signal("coach", {"covered": 1, "not covered": 1}).moves
    assert not Signal("coach", {"covered": 3, "not covered": 3}).moves
    assert not NumericSignal("rating", 1.0).moves


@pytest.mark.parametrize("cell", ["", "(none)", "unknown", " Unknown "])
def test_what_is_missing(cell):
    assert math.isnan(COACH.code(cell))
    assert math.isnan(NumericSignal("rating", 2.0).code(cell))


def test_unknown_may_be_an_answer_of_its_own():
    one = Signal("coach", {"covered": 2, "unknown": 0.5, "not covered": 1}, unknown="answer")
    assert one.code("UNKNOWN") == 1.0
    assert math.isnan(one.code("(none)"))


def test_the_open_deals_are_the_reference_where_none_is_stated():
    deals = pipeline(coach=["covered", "Not covered", "covered", "unknown", None, "covered"])
    settled = Signals([COACH]).resolve(deals)
    assert settled.signals[0].reference == {"covered": 0.75, "not covered": 0.25}
    assert settled.own == ("coach",)
    later = settled.resolve(pipeline(coach=["not covered"]))
    assert later == settled


def test_numbers_of_open_deals_are_a_sample():
    settled = Signals([NumericSignal("rating", 1.3)]).resolve(pipeline(rating=[3, 1.5, None, 3]))
    assert settled.signals[0].reference == {"values": (3.0, 1.5, 3.0)}


def test_a_stated_reference_stays():
    one = Signal("coach", {"covered": 2, "not": 1}, reference={"Covered": 0.1, "not": 0.9})
    settled = Signals([one]).resolve(pipeline(coach=["covered"]))
    assert settled.signals[0].reference == {"covered": 0.1, "not": 0.9}
    assert settled.own == ()


def test_deals_that_say_nothing_leave_the_reference_open():
    settled = Signals([COACH]).resolve(pipeline(coach=[None, "unknown"]))
    assert settled.signals[0].reference is None


def test_answers_as_numbers():
    signals = Signals([COACH, NumericSignal("rating", 1.3)])
    codes = signals.codes(pipeline(coach=["not covered", None], rating=["2", "unknown"]))
    np.testing.assert_array_equal(codes, [[1.0, 2.0], [np.nan, np.nan]])


def test_a_column_may_be_absent_where_nothing_is_moved():
    still = Signal("user", {"covered": 1, "not covered": 1})
    codes = Signals([COACH, still]).codes(pipeline(coach=["covered"]))
    np.testing.assert_array_equal(codes, [[0.0, np.nan]])


def test_signals_are_hashable_and_cross_processes():
    signals = Signals([COACH, NumericSignal("rating", 1.3, reference=(0, 1))])
    same = pickle.loads(pickle.dumps(signals))
    assert same == signals
    assert hash(same) == hash(signals)
    assert copy.deepcopy(signals) == signals


def test_words_that_are_no_level_are_named_by_row():
    deals = pipeline(coach=["covered", "coverd", "covered", "maybe"])
    with pytest.raises(RowsError) as caught:
        Signals([COACH]).resolve(deals)
    assert "2 rows cannot be used" in str(caught.value)
    assert "row 2: coach must be a level of the signal, got 'coverd'; did you mean 'covered'?" in (
        str(caught.value)
    )
    assert "row 4" in str(caught.value)


def test_a_population_deal_by_deal():
    two = Signal("user", {"covered": 1.5, "not covered": 1})
    rows = [
        {"coach": "covered", "user": "Covered"},
        {"coach": "covered", "user": "covered", "region": "N"},
        {"coach": "not covered", "user": "not covered"},
    ]
    signals = Signals([COACH, two], population=rows)
    np.testing.assert_array_equal(signals.population_codes(), [[0, 0], [0, 0], [1, 1]])
    assert signals.resolve(pipeline(coach=["covered"], user=["covered"])) is signals


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            lambda: Signal("", {"a": 1}),
            "name of a signal must be the name of a column, got ''",
        ),
        (
            lambda: Signal("coach", 2.0),
            (
                "effects of signal 'coach' must map each level to its odds ratio, got 2.0; such as "
                '{"covered": 2.0, "not covered": 1.0}'
            ),
        ),
        (
            lambda: Signal("coach", {"covered": 0}),
            (
                "effect of 'covered' of signal 'coach' must be in [1e-06, 1e+06], got 0; an odds "
                "ratio of 2 doubles the odds, 1 changes nothing"
            ),
        ),
        (
            lambda: Signal("coach", {"covered": {"from": 0.1, "to": 15}}),
            "to of the effect of 'covered' of signal 'coach' must be in (0, 1), got 15",
        ),
        (
            lambda: Signal("coach", {"covered": {"to": 0.15}}),
            (
                "effect of 'covered' of signal 'coach' must state from and to, got {'to': 0.15}; "
                "such as { from = 0.10, to = 0.15 }"
            ),
        ),
        (
            lambda: Signal("coach", {"covered": 2, "Covered ": 1}),
            "levels of signal 'coach' must differ, got 'Covered'",
        ),
        (
            lambda: Signal("coach", {"covered": 2, "unknown": 1}),
            (
                "level of signal 'coach' must be an answer, got 'unknown'; with unknown = "
                '"answer" the word unknown is a level'
            ),
        ),
        (
            lambda: Signal("coach", {"covered": 2}, unknown="answer"),
            "effects of signal 'coach' must state that of 'unknown'; it is an answer here",
        ),
        (
            lambda: Signal("coach", {"covered": 2}, unknown="no"),
            "unknown of signal 'coach' must be a known word, got 'no'; known: missing, answer",
        ),
        (
            lambda: Signal("coach", {"covered": 2, "not": 1}, reference={"covered": 0.5}),
            "reference of signal 'coach' must add up to 1, got 0.5",
        ),
        (
            lambda: Signal("coach", {"covered": 2, "not": 1}, reference={"cover": 0.5}),
            (
                "reference of signal 'coach' must be a level of the signal, got 'cover'; did you "
                "mean 'covered'? known: covered, not"
            ),
        ),
        (
            lambda: Signal("coach", {"a": (1, 2), "b": (1, 2, 3)}),
            (
                "effect of 'b' of signal 'coach' must hold as many draws as effect of 'a' of "
                "signal 'coach' (2), got 3; draw number d of every uncertain parameter belongs "
                "together"
            ),
        ),
        (
            lambda: NumericSignal("rating", 1.2, per=0),
            "per of signal 'rating' must be a finite number above 0, got 0",
        ),
        (
            lambda: NumericSignal("rating", 1.2, reference=(0, -1)),
            "sd of reference of signal 'rating' must be a finite number of at least 0, got -1",
        ),
        (
            lambda: NumericSignal("rating", 1.2, reference="normal"),
            (
                "reference of signal 'rating' must state mean and sd, or values, got 'normal'; "
                "such as { mean = 0, sd = 2 } or { values = [1, 2, 2, 5] }"
            ),
        ),
        (
            lambda: Signals([COACH, Signal("Coach", {"a": 1})]),
            "names of signals must differ, whatever the case, got 'Coach'",
        ),
        (
            lambda: Signals(["coach"]),
            "signals must be Signal or NumericSignal objects, got 'coach'",
        ),
        (
            lambda: Signals([COACH], population={"coch": ["covered"]}),
            (
                "population must have a column of the signal, got 'coach'; did you mean 'coch'? "
                "known: coch"
            ),
        ),
        (
            lambda: Signals([COACH], population={"coach": ["covered", None]}),
            "coach in row 2 of the population must be known; leave such deals out",
        ),
        (
            lambda: Signals([COACH], population={"coach": []}),
            "population must have at least one deal",
        ),
        (
            lambda: Signals([COACH]).resolve(pipeline(coch=["covered"])),
            "signal must be a column of the deals, got 'coach'; did you mean 'coch'? known: coch",
        ),
        (
            lambda: NumericSignal("rating", 1.2).code("high"),
            "rating must be a number, got 'high'",
        ),
    ],
)
def test_wrong_input_is_named(made, message):
    with pytest.raises(InputError) as caught:
        made()
    assert str(caught.value) == message


def test_a_population_has_the_shares():
    one = Signal("coach", {"covered": 2, "not": 1}, reference={"covered": 0.5, "not": 0.5})
    with pytest.raises(InputError, match="must be left out where a population is given"):
        Signals([one], population={"coach": ["covered"]})
