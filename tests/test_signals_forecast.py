"""Forecasts of deals with signals: against chances written out, and mixtures over the market."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

import funnelsim as fs
from funnelsim._arrays import lower
from funnelsim._signal_odds import SignalOdds
from funnelsim._walks import lower_walks
from funnelsim.cautions import cautions
from funnelsim.planning.runs import Runs
from funnelsim.signals import NumericSignal, Signal, Signals
from tests.oracles import exact
from tests.oracles.compare import Comparison, assert_agreement

RATIO, SHARE = 3.0, 0.4
COACH = Signal("coach", {"yes": RATIO, "no": 1.0}, reference={"yes": SHARE, "no": 1 - SHARE})
ECONOMIC = Signal("economic", {"yes": 5.0, "no": 1.0}, reference={"yes": 0.3, "no": 0.7})
TWO = Signals([COACH, ECONOMIC])
STAGES = ["training", "meeting", "consulting", "proposal", "negotiation"]
PATHS = 1 << 16


def deals_of(count=12, **columns):
    random = np.random.default_rng(3)
    rows = {
        "id": [f"d{k}" for k in range(count)],
        "stage": [STAGES[k % 5] for k in range(count)],
        "amount": [1000.0 * (1 + k % 4) for k in range(count)],
        "coach": random.choice(["yes", "no", "unknown"], count).tolist(),
        "economic": random.choice(["yes", "no", None], count).tolist(),
    }
    return fs.Pipeline.from_frame(rows | columns)


def scenario(signals=TWO, deals=None, funnel=None, **changes):
    given = {
        "as_of": "2026-12-31",
        "periods": fs.Periods("year", 3),
        "funnel": funnel or fs.Funnel.key_account(time=20),
        "pipeline": deals or deals_of(),
        "signals": signals,
        "quota": 8000,
    }
    return fs.Scenario(**given | changes)


def constant_of(chance, signals):
    """Return alpha, by bisection over all combinations."""
    grid = [(1.0, 0.0)]
    for one in signals:
        grid = [
            (share * one.reference[level], at + np.log(ratio))
            for share, at in grid
            for level, ratio in one.effects.items()
        ]
    low, high = -60.0, 60.0
    for _ in range(200):
        middle = (low + high) / 2
        mean = sum(share * expit(middle + at) for share, at in grid)
        low, high = (middle, high) if mean < chance else (low, middle)
    return low


def given_answers(chance, answers, signals):
    """Return a chance given answers, None for an unknown one, as the model says it."""
    if chance in (0.0, 1.0):
        return chance
    grid = [(1.0, constant_of(chance, signals))]
    for one, answer in zip(signals, answers, strict=True):
        known = one.reference if answer is None else {answer: 1.0}
        grid = [
            (share * known[level], at + np.log(one.effects[level]))
            for share, at in grid
            for level in known
        ]
    return sum(share * expit(at) for share, at in grid)


def answers_of(deals):
    columns = [deals.segment(one.name) for one in TWO.signals]
    return [
        tuple(None if x in ("unknown", "(none)") else x for x in row)
        for row in zip(*columns, strict=True)
    ]


def wins_of(one):
    lowered = lower(one)
    return lowered.chance[lowered.group]


def test_chances_are_those_of_the_model():
    one = scenario()
    of_stage = dict(zip(one.funnel.names, one.funnel.win_probabilities[0], strict=True))
    expected = [
        given_answers(of_stage[stage], answers, TWO.signals)
        for stage, answers in zip(one.pipeline.stages, answers_of(one.pipeline), strict=True)
    ]
    np.testing.assert_allclose(wins_of(one), expected, atol=1e-12)


def test_each_stage_is_reached_as_the_model_says():
    one = scenario()
    walks, lowered = lower_walks(one, lower(one)), lower(one)
    wins = one.funnel.win_probabilities[0]
    answers = answers_of(one.pipeline)
    for deal, group in enumerate(lowered.group.tolist()):
        s = STAGES.index(one.pipeline.stages[deal])
        expected = [
            given_answers(wins[s] / wins[k], answers[deal], TWO.signals)
            for k in range(s + 1, len(wins))
        ]
        np.testing.assert_allclose(walks.deals.score[group, s:, 0], expected, atol=1e-11)


def test_a_judgement_is_the_chance_that_signals_move():
    own = [None, 0.3, 1.0, 0.0] * 3
    one = scenario(deals=deals_of(win_probability=own))
    answers = answers_of(one.pipeline)
    expected = [given_answers(own[k], answers[k], TWO.signals) for k in range(12) if k % 4]
    np.testing.assert_allclose(wins_of(one)[[k for k in range(12) if k % 4]], expected, atol=1e-12)


def test_age_comes_on_top_of_signals():
    # of those who are still open at the age, counted among deals with each answer that it may have
    times = {"time": fs.Gamma(mean=60, cv=1), "time_if_lost": fs.Gamma(mean=20, cv=1)}
    funnel = fs.Funnel([
        fs.Stage("first", win_probability=0.2, **times),
        fs.Stage("second", win_probability=0.5, **times),
        fs.Stage("won", win_probability=1.0),
    ])  # fmt: skip
    rows = {"stage": ["first"] * 3, "amount": [1.0] * 3, "age": [30.0] * 3,
            "coach": ["yes", "no", None], "economic": [None] * 3}  # fmt: skip
    one = scenario(deals=fs.Pipeline.from_frame(rows), funnel=funnel)
    forward, lost = fs.Gamma(mean=60, cv=1).sf(30.0), fs.Gamma(mean=20, cv=1).sf(30.0)
    expected = []
    for coach in ("yes", "no", None):
        levels = COACH.reference if coach is None else {coach: 1.0}
        won = still = 0.0
        for level, a in levels.items():
            for answer, b in ECONOMIC.reference.items():
                on = given_answers(0.4, (level, answer), TWO.signals)
                win = given_answers(0.2, (level, answer), TWO.signals)
                won += a * b * win * forward
                still += a * b * (on * forward + (1.0 - on) * lost)
        expected.append(won / still)
    np.testing.assert_allclose(wins_of(one), expected, atol=1e-12)


@pytest.mark.parametrize("known", [(), ("coach",), ("economic",), ("coach", "economic")])
def test_the_population_keeps_the_chance_of_each_stage(known):
    # one deal for each combination in each stage, weighted by its share
    rows, weights = [], []
    for stage in STAGES:
        for coach, a in COACH.reference.items():
            for economic, b in ECONOMIC.reference.items():
                answers = {"coach": coach, "economic": economic}
                rows.append({"stage": stage, "amount": 1.0,
                             **{name: answers[name] if name in known else None
                                for name in answers}})  # fmt: skip
                weights.append(a * b)
    one = scenario(deals=fs.Pipeline.from_deals(rows))
    found = (wins_of(one) * weights).reshape(5, 4).sum(axis=1)
    np.testing.assert_allclose(found, one.funnel.win_probabilities[0, :5], atol=1e-12)


def test_deals_of_whom_nothing_is_known_are_as_without_signals():
    deals = deals_of(coach=[None] * 12, economic=["unknown"] * 12)
    with_signals, without = lower(scenario(deals=deals)), lower(scenario(None, deals=deals))
    np.testing.assert_array_equal(with_signals.deals.score, without.deals.score)


@pytest.mark.parametrize(
    "signals",
    [
        Signals([]),
        Signals([Signal("coach", {"yes": 1.0, "no": 1.0})]),
        Signals([Signal("coach", {"yes": 2.0, "no": 2.0}), NumericSignal("score", 1.0)]),
    ],
)
def test_signals_without_effect_change_no_bit(signals):
    plain, moved = lower(scenario(None)), lower(scenario(signals))
    assert moved.digest == plain.digest
    assert moved.odds is None


def test_deals_with_equal_answers_share_a_group():
    deals = fs.Pipeline.from_frame({
        "stage": ["meeting"] * 6, "amount": [1.0] * 6,
        "coach": ["yes", "no"] * 3, "economic": [None] * 6,
    })  # fmt: skip
    assert len(lower(scenario(deals=deals)).chance) == 2


@pytest.mark.compiled
@pytest.mark.parametrize("rho", [0.0, 0.08])
@pytest.mark.parametrize("followed", [False, True])
def test_a_portfolio_is_the_mixture_over_the_market(rho, followed):
    planned = fs.NewBusiness(0, 1000.0, repeat=fs.Repeat(0.2, 5000)) if followed else None
    one = scenario(market=fs.Market(win_rate_correlation=rho), new_business=planned)
    forecast = fs.simulate(one, paths=PATHS, seed=31)
    units = [amount // 100_000 for amount in one.pipeline.amounts]
    pmf = exact.mixed_bookings_pmf([(w, 1.0) for w in wins_of(one)], units, rho)
    rows = [Comparison("mean", *pair(forecast.expected_bookings()), 1000 * exact.mean_of(pmf))]
    for quota in (3, 8, 13):
        at_least = fs.simulate(one.replace(quota=1000.0 * quota), paths=PATHS, seed=31)
        found = at_least.attainment_probability()
        rows.append(Comparison(f"{quota}", *pair(found), exact.at_least(pmf, quota)))
    assert_agreement(rows)


def pair(estimate):
    return estimate.value, estimate.standard_error


def test_draws_of_an_effect_go_with_draws_of_the_market():
    draws = (1.0, 2.0, 8.0)
    unsure = dataclasses.replace(COACH, effects={"yes": draws, "no": 1.0})
    one = scenario(Signals([unsure, ECONOMIC]))
    assert one.draws == 3
    for d, ratio in enumerate(draws):
        sure = dataclasses.replace(COACH, effects={"yes": ratio, "no": 1.0})
        single = lower(scenario(Signals([sure, ECONOMIC])))
        lowered = lower(one)
        np.testing.assert_allclose(
            lowered.wins[lowered.group, d], single.wins[single.group, 0], atol=1e-12
        )


def test_the_answers_of_open_deals_are_the_reference():
    coach = Signal("coach", {"yes": RATIO, "no": 1.0})
    rows = {"stage": ["meeting"] * 10, "amount": [1.0] * 10, "coach": ["yes"] * 3 + ["no"] * 7}
    one = scenario(Signals([coach]), deals=fs.Pipeline.from_frame(rows))
    assert wins_of(one).mean() == pytest.approx(0.2, abs=1e-14)
    odds = logit(wins_of(one))
    assert odds[0] - odds[9] == pytest.approx(np.log(RATIO), abs=1e-12)


@pytest.mark.compiled
def test_parts_of_a_forecast_keep_the_reference_of_the_whole():
    signals = Signals([Signal("coach", {"yes": RATIO, "no": 1.0})])
    forecast = fs.simulate(scenario(signals), paths=2048)
    parts = forecast.by("economic")
    np.testing.assert_array_equal(sum(part.wins for part in parts.values()), forecast.wins)


def test_an_answer_can_be_changed_by_its_name():
    one = scenario()
    place = one.pipeline.segment("coach").index("no")
    other = fs.with_value(one, f"pipeline.deals.{one.pipeline.ids[place]}.coach", "yes")
    assert wins_of(other)[place] > wins_of(one)[place]


@pytest.mark.compiled
def test_the_table_of_deals_says_what_moved_them():
    rows = {
        "stage": ["meeting"] * 4,
        "amount": [1000.0] * 4,
        "coach": ["yes", None, "no", "yes"],
        "economic": [None, None, "yes", "no"],
        "win_probability": [None, None, None, 1.0],
    }
    table = fs.simulate(scenario(deals=fs.Pipeline.from_frame(rows)), paths=256).deals()
    np.testing.assert_allclose(table["odds_before_signals"], [0.25, 0.25, 0.25, np.inf])
    odds = [
        chance / (1 - chance)
        for chance in (given_answers(0.2, answers, TWO.signals)
                       for answers in [("yes", None), (None, None), ("no", "yes")])
    ]  # fmt: skip
    np.testing.assert_allclose(table["odds_after_signals"], [*odds, np.inf], atol=1e-12)
    assert table["unknown"] == ["economic", "coach, economic", "", ""]
    assert table["ask"] == ["economic", "economic", "", ""]
    coach_unknown = given_answers(0.2, (None, "yes"), TWO.signals)
    factor = odds[2] / (coach_unknown / (1 - coach_unknown))
    assert f"coach no x{factor:.2f}" in table["moved_by"][2]
    assert table["moved_by"][2].startswith("economic yes x")
    assert table["moved_by"][1] == table["moved_by"][3] == ""
    yes, no = (given_answers(0.2, (None, answer), TWO.signals) for answer in ("yes", "no"))
    spread = abs(yes - no) * np.sqrt(0.3 * 0.7)
    np.testing.assert_allclose(table["asking_moves"][1], 1000.0 * spread, rtol=1e-9)
    assert table["asking_moves"][3] == 0.0


@pytest.mark.compiled
def test_a_table_without_signals_is_as_ever():
    table = fs.simulate(scenario(None), paths=256).deals()
    assert not {"moved_by", "unknown", "ask", "odds_after_signals"} & set(table)


def test_what_a_reader_should_know_of_signals():
    signals = Signals([
        Signal("coach", {"yes": 2.0, "no": 1.0}),
        Signal("economic", {"yes": 1.0, "no": 1.0}),
        Signal("user", {"yes": 2.0, "no": 1.0}),
        dataclasses.replace(COACH, name="technical"),
    ])  # fmt: skip
    deals = deals_of(user=[None] * 12, technical=["yes"] * 12)
    one = scenario(signals, deals=deals)
    found = {caution.code: caution.ids for caution in cautions(one, lower(one))}
    assert found == {
        "signal-without-effect": ("economic",),
        "signal-unknown-everywhere": ("user",),
        "signal-reference-of-open-deals": ("coach",),
    }


def unsure_world():
    """Return deals with ages, two times, words, numbers and draws of an effect."""
    random = np.random.default_rng(8)
    deals = deals_of(
        30,
        age=random.integers(0, 50, 30).astype(float).tolist(),
        rating=[None if k % 5 == 0 else float(k % 4) for k in range(30)],
    )
    signals = Signals([
        dataclasses.replace(COACH, effects={"yes": (1.5, 3.0, 5.0), "no": 1.0}),
        ECONOMIC,
        NumericSignal("rating", 1.4, reference=(1.5, 1.0)),
    ])  # fmt: skip
    funnel = fs.Funnel.key_account(time=fs.Gamma(mean=40, cv=0.8), time_if_lost=25)
    return scenario(signals, deals, funnel, market=fs.Market(win_rate_correlation=0.05))


@pytest.mark.compiled
def test_draws_ages_and_numbers_are_the_mixture_over_market_and_draws():
    one = unsure_world().replace(periods=fs.Periods("year", 12))
    lowered = lower(one)
    units = [amount // 100_000 for amount in one.pipeline.amounts]
    laws = [
        exact.mixed_bookings_pmf([(w, 1.0) for w in wins], units, 0.05)
        for wins in lowered.wins[lowered.group].T
    ]
    pmf = np.mean(laws, axis=0)
    rows = []
    for quota in (25, 32, 40):
        forecast = fs.simulate(one.replace(quota=1000.0 * quota), paths=PATHS, seed=5)
        found = pair(forecast.attainment_probability())
        rows.append(Comparison(f"{quota}", *found, exact.at_least(pmf, quota)))
    mean = pair(forecast.expected_bookings())
    rows.append(Comparison("mean", *mean, 1000 * exact.mean_of(pmf)))
    assert_agreement(rows)


@pytest.mark.compiled
def test_deals_followed_one_by_one_are_won_as_often_in_each_period():
    folded = unsure_world()
    followed = folded.replace(new_business=fs.NewBusiness(0, 1.0, repeat=fs.Repeat(0.1, 9000)))
    forecasts = [fs.simulate(one, paths=PATHS, seed=9) for one in (folded, followed)]
    rows = []
    for k in range(3):
        (first, error), (second, other) = (
            (wins.mean(), wins.std() / np.sqrt(PATHS))
            for wins in (forecast.wins[:, k] for forecast in forecasts)
        )
        rows.append(Comparison(f"wins {k}", second, float(np.hypot(error, other)), first))
    assert_agreement(rows)


@pytest.mark.compiled
def test_scenarios_on_the_same_draws_have_the_bits_of_each():
    asked = fs.with_value(scenario(), "pipeline.deals.d2.economic", "yes")
    cases = [scenario(), asked, scenario(None), scenario(TWO, quota=9000)]
    with Runs(paths=2048, seed=4) as runs:
        for one in cases:
            again = fs.simulate(one, paths=2048, seed=4)
            np.testing.assert_array_equal(runs.forecast(one).bookings, again.bookings)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_population_keeps_any_chance(data):
    chance = data.draw(st.floats(1e-6, 1.0 - 1e-6))
    signals = []
    for j in range(data.draw(st.integers(1, 4))):
        levels = [1.0, *data.draw(st.lists(st.floats(1.05, 50.0), min_size=1, max_size=3))]
        shares = np.array(data.draw(st.lists(
            st.floats(0.01, 1.0), min_size=len(levels), max_size=len(levels))))  # fmt: skip
        shares /= shares.sum()
        effects = {f"l{k}": ratio for k, ratio in enumerate(levels)}
        reference = dict(zip(effects, shares.tolist(), strict=True))
        signals.append(Signal(f"s{j}", effects, reference=reference))
    odds = SignalOdds(Signals(signals), 1)
    parts = [one.shares() for one in odds.signals]
    codes = np.array(list(itertools.product(*(codes for codes, _ in parts)))).reshape(
        -1, len(parts)
    )
    share = np.array([np.prod(one) for one in itertools.product(*(part for _, part in parts))])
    known = data.draw(st.lists(st.booleans(), min_size=len(parts), max_size=len(parts)))
    codes[:, ~np.array(known, bool)] = np.nan
    found = odds.chances(codes, np.full((len(codes), 1), chance))[:, 0]
    assert share @ found == pytest.approx(chance, abs=1e-12)
