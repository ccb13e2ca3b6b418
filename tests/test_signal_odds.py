"""Chances given signals: averages over the population stay those of the stages."""

import itertools
import math

import numpy as np
import pytest
from scipy.special import expit, logit

from funnelsim._signal_odds import SignalOdds
from funnelsim.signals import NumericSignal, Signal, Signals

STAGES = np.array([0.1, 0.2, 4 / 9, 0.45, 0.5, 0.9, 0.8])
INFLUENCES = [
    Signal(name, {"covered": ratio, "not covered": 1, "against": 0.4},
           reference={"covered": share, "not covered": 0.9 - share, "against": 0.1})
    for name, ratio, share in [("coach", 2.5, 0.3), ("user", 1.4, 0.5), ("economic", 6.0, 0.2)]
]  # fmt: skip


def combinations(signals):
    """Return all answers in the population, and the share of each combination."""
    parts = [one.shares() for one in signals]
    codes = np.array(list(itertools.product(*(codes for codes, _ in parts))))
    share = np.array([math.prod(one) for one in itertools.product(*(part for _, part in parts))])
    return codes, share


def chances(signals, codes, stage, **more):
    odds = SignalOdds(Signals(signals, **more), 1)
    return odds.chances(codes, np.full((len(codes), 1), stage))[:, 0]


@pytest.mark.parametrize("stage", STAGES)
def test_the_average_over_the_population_stays(stage):
    codes, share = combinations(INFLUENCES)
    found = chances(INFLUENCES, codes, stage)
    assert share @ found == pytest.approx(stage, abs=1e-13)
    assert np.ptp(found) > 0.05


@pytest.mark.parametrize("asked", [(0,), (1, 2), (0, 2), ()])
@pytest.mark.parametrize("stage", STAGES)
def test_the_average_stays_where_some_answers_are_unknown(stage, asked):
    codes, share = combinations(INFLUENCES)
    codes[:, [j for j in range(3) if j not in asked]] = np.nan
    assert share @ chances(INFLUENCES, codes, stage) == pytest.approx(stage, abs=1e-13)


def test_unknown_is_the_average_of_the_answers():
    codes = np.array([[0.0, 1.0, code] for code in (0, 1, 2)])
    known = chances(INFLUENCES, codes, 0.2)
    [unknown] = chances(INFLUENCES, np.array([[0.0, 1.0, np.nan]]), 0.2)
    assert unknown == pytest.approx(INFLUENCES[2].shares()[1] @ known, abs=1e-14)


def test_a_deal_of_which_nothing_is_known_keeps_its_chance():
    found = chances(INFLUENCES, np.full((1, 3), np.nan), 0.45)
    assert found[0] == pytest.approx(0.45, abs=1e-14)


def test_odds_differ_by_the_odds_ratio():
    codes = np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    covered, not_covered = chances(INFLUENCES, codes, 0.2)
    assert logit(covered) - logit(not_covered) == pytest.approx(math.log(2.5), abs=1e-12)


def test_centring_the_answers_is_wrong():
    # one standard deviation of the answers is 1.26 of log-odds
    one = NumericSignal("score", math.e, reference=(0.0, 1.26))
    z, step = np.linspace(-9.0, 9.0, 801, retstep=True)
    share = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) * step
    naive = share @ expit(logit(0.10) + 1.26 * z)
    right = share @ chances([one], 1.26 * z[:, None], 0.10)
    assert right == pytest.approx(0.10, abs=1e-13)
    assert naive == pytest.approx(0.151, abs=5e-4)


def test_chances_stay_in_order():
    odds = SignalOdds(Signals(INFLUENCES), 1)
    rising = np.linspace(0.0, 1.0, 200)[:, None]
    for codes in ([0.0, 0.0, 0.0], [2.0, 2.0, 2.0], [np.nan, 1.0, np.nan]):
        found = odds.chances(np.tile(codes, (200, 1)), rising)[:, 0]
        assert (np.diff(found) > 0.0).all()
        assert (found[0], found[-1]) == (0.0, 1.0)


def test_many_signals_by_all_combinations():
    random = np.random.default_rng(5)
    signals = [
        Signal(f"s{j}", {"yes": float(np.exp(random.normal())), "no": 1.0},
               reference={"yes": share, "no": 1.0 - share})
        for j, share in enumerate(random.uniform(0.1, 0.9, 12))
    ]  # fmt: skip
    codes, share = combinations(signals)
    assert share @ chances(signals, codes, 0.2) == pytest.approx(0.2, abs=1e-12)
    asked = codes.copy()
    asked[:, 3:] = np.nan
    assert share @ chances(signals, asked, 0.2) == pytest.approx(0.2, abs=1e-12)


def test_answers_that_hang_together():
    table = {"coach": ["yes", "yes", "no", "no", "no"], "user": ["yes", "yes", "no", "no", "yes"]}
    signals = [Signal(name, {"yes": 3.0, "no": 1.0}) for name in table]
    rows = Signals(signals, population=table).population_codes()
    for asked in ([0, 1], [0], [1], []):
        codes = np.full_like(rows, np.nan)
        codes[:, asked] = rows[:, asked]
        found = chances(signals, codes, 0.3, population=table)
        assert found.mean() == pytest.approx(0.3, abs=1e-14)
    # who covers the coach covers the user: both known tells no more than the one
    both, coach = chances(signals, np.array([[0.0, 0.0], [0.0, np.nan]]), 0.3, population=table)
    assert coach == pytest.approx(both, abs=1e-14)


def test_a_combination_that_nobody_has_is_averaged_answer_by_answer():
    table = {"a": ["yes", "no"], "b": ["yes", "no"], "c": ["yes", "no"]}
    signals = [Signal(name, {"yes": 3.0, "no": 1.0}) for name in table]
    codes = np.array([[0.0, 1.0, np.nan], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    unknown, yes, no = chances(signals, codes, 0.3, population=table)
    assert unknown == pytest.approx((yes + no) / 2, abs=1e-14)


def test_each_draw_has_its_own_constant():
    draws = (0.5, 1.2, 4.0)
    one = Signal("coach", {"yes": draws, "no": 1}, reference={"yes": 0.3, "no": 0.7})
    found = SignalOdds(Signals([one]), 3).chances(
        np.array([[0.0], [1.0], [np.nan]]), np.array([[0.1, 0.1, 0.2]] * 3)
    )
    np.testing.assert_allclose(0.3 * found[0] + 0.7 * found[1], [0.1, 0.1, 0.2], atol=1e-14)
    np.testing.assert_allclose(logit(found[0]) - logit(found[1]), np.log(draws), atol=1e-12)
    np.testing.assert_allclose(found[2], [0.1, 0.1, 0.2], atol=1e-14)
    for d, ratio in enumerate(draws):
        alone = Signal("coach", {"yes": ratio, "no": 1}, reference={"yes": 0.3, "no": 0.7})
        single = chances([alone], np.array([[0.0]]), [0.1, 0.1, 0.2][d])
        assert found[0, d] == pytest.approx(single[0], abs=1e-14)


def test_what_moves_nothing_is_left_out():
    still = Signal("technical", {"yes": 1, "no": 1})
    open_reference = Signal("coach", {"yes": 2, "no": 1})
    assert SignalOdds(Signals([still, open_reference, INFLUENCES[1]]), 1).place == [2]
