"""Effects of signals fitted to closed deals: recovery, evidence, warnings, and wrong input."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import funnelsim as fs
from funnelsim.errors import InputError, RowsError
from funnelsim.fitting.alike import likeness
from funnelsim.fitting.hierarchical import Evidence, fit_hierarchical, prior_precision
from funnelsim.fitting.shrunk_cell import ShrunkCell
from funnelsim.fitting.signals_fit import fit_signals

B2B = Path(__file__).parent / "data/b2b_qualification/opportunities.csv"
SHARES = (0.4, 0.3, 0.2, 0.1)


def made(deals, sds, seed, *, level=-1.0):
    """Return a table of deals whose signals have effects with these sds, and the effects."""
    random = np.random.Generator(np.random.Philox(seed))
    eta, table, truth = np.full(deals, level), {}, {}
    for k, sd in enumerate(sds):
        place = random.choice(len(SHARES), deals, p=SHARES)
        effect = sd * random.standard_normal(len(SHARES))
        eta += effect[place]
        table[f"s{k}"] = [f"l{one}" for one in place]
        centred = effect - effect[place].mean()
        truth |= {(f"s{k}", f"l{one}"): centred[one] for one in range(len(SHARES))}
    won = random.random(deals) < 1.0 / (1.0 + np.exp(-eta))
    return table | {"Status": np.where(won, "Won", "Lost").tolist()}, truth


def coach(wins_with=40, with_=60, wins_without=15, without=40):
    ends = [
        *["Won"] * wins_with, *["Lost"] * (with_ - wins_with),
        *["Won"] * wins_without, *["Lost"] * (without - wins_without),
    ]  # fmt: skip
    return {"coach": ["yes"] * with_ + ["no"] * without, "Status": ends}


@pytest.fixture(scope="module")
def b2b():
    with B2B.open() as file:
        names = next(csv.reader(file))
    return fit_signals(B2B, columns=[one for one in names if one not in ("row", "Status")])


def test_effects_of_many_deals_are_those_that_made_them():
    table, truth = made(20_000, [0.8, 0.4, 0.0], seed=1)

    effects = fit_signals(table).effects

    width = [max((one.high - one.low) / 2.56, 0.01) for one in effects]
    z = [
        (one.log_odds - truth[one.signal, one.level]) / w
        for one, w in zip(effects, width, strict=True)
    ]
    assert max(np.abs(z)) < 3.5  # 12 comparisons
    assert max(abs(one.log_odds) for one in effects if one.signal == "s0") > 0.5


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    """Strengths of signals are drawn from the prior, as it takes them to be."""
    held, wrong, shown = [], 0, 0
    for seed in range(40):
        random = np.random.Generator(np.random.Philox(seed))
        apart = random.choice([0.0, 0.35, 0.7, 1.2])
        sds = 0.5 * np.exp(random.standard_normal() + apart * random.standard_normal(8))
        table, truth = made(300, np.minimum(sds, 3.0), seed)
        effects = fit_signals(table, draws=200).effects
        held.append(np.mean([e.low <= truth[e.signal, e.level] <= e.high for e in effects]))
        told = [e for e in effects if e.evidence == "shown"]
        shown += len(told)
        wrong += sum(truth[e.signal, e.level] * e.log_odds < 0.0 for e in told)

    error = np.std(held) / np.sqrt(len(held))
    assert abs(np.mean(held) - 0.8) < 3.0 * error < 0.08
    assert shown > 200
    assert wrong <= 0.025 * shown


def test_without_an_effect_few_are_claimed():
    evidence = []
    for seed in range(20):
        table, _ = made(200, [0.0] * 8, seed)
        evidence += [one.evidence for one in fit_signals(table, draws=200).effects]

    assert len(evidence) == 20 * 8 * 4
    assert evidence.count("shown") <= 0.015 * len(evidence)
    assert evidence.count("a hint") <= 0.05 * len(evidence)


def test_a_level_of_few_deals_shrinks_more_than_one_of_many():
    table = {
        "entry": ["before"] * 100 + ["late"] * 100 + ["tender"] * 4,
        "Status": ["Won"] * 70 + ["Lost"] * 30 + ["Won"] * 30 + ["Lost"] * 74,
    }

    fit = fit_signals(table)

    late, tender = fit.effect("entry", "late"), fit.effect("entry", "tender")
    assert (tender.wins, tender.deals) == (0, 4)
    assert tender.high - tender.low > late.high - late.low
    assert tender.log_odds > np.log(0.05)  # its own odds alone are 0
    assert late.evidence == "shown"


def test_words_say_how_much_evidence_there_is():
    fit = fit_signals(coach() | {"tender": ["yes", "no"] * 50})

    assert fit.effect("coach", "yes").in_words.startswith("40 wins in 60: odds x 1.")
    assert fit.effect("tender", "yes").in_words == "28 wins in 50: no effect shown"
    assert "No effect shown: tender" in fit.summary()
    assert repr(fit) == fit.summary()


def test_duplicates_count_for_less():
    random = np.random.Generator(np.random.Philox(3))
    deals = 200
    table = {f"s{k}": random.integers(0, 4, deals).tolist() for k in range(5)}
    table["Status"] = np.where(random.random(deals) < 0.4, "Won", "Lost").tolist()
    twice = {name: cells * 2 for name, cells in table.items()}

    once, again = fit_signals(table), fit_signals(twice)

    assert once.likeness < 0.2
    assert again.likeness > 0.7
    assert "alike" in {one.code for one in again.warnings}
    widths = [one.effect("s1", "1").high - one.effect("s1", "1").low for one in (once, again)]
    assert widths[1] > 0.8 * widths[0]


def test_likeness_of_outcomes_that_agree_by_chance_is_none():
    random = np.random.Generator(np.random.Philox(5))
    chance = random.uniform(0.2, 0.8, 4000)
    group = np.repeat(np.arange(2000), 2)

    assert likeness((random.random(4000) < chance).astype(float), chance, group) == 0.0

    shared = np.repeat(random.random(2000), 2) < 0.5
    assert likeness(shared.astype(float), np.full(4000, 0.5), group) == pytest.approx(1.0)


def test_a_base_chance_takes_away_what_it_explains():
    random = np.random.Generator(np.random.Philox(6))
    late = random.random(4000) < 0.5
    chance = np.where(late, 0.6, 0.2)
    table = {
        "stage": np.where(late, "late", "early").tolist(),
        "chance": chance.tolist(),
        "Status": np.where(random.random(4000) < chance, "Won", "Lost").tolist(),
    }

    bare = fit_signals(table, columns=["stage"]).effect("stage", "late")
    beside = fit_signals(table, base_chance="chance").effect("stage", "late")

    assert bare.evidence == "shown"
    assert abs(beside.log_odds) < 4.0 * (beside.high - beside.low) / 2.56 < 0.3 < bare.log_odds


def test_a_number_has_a_straight_effect():
    random = np.random.Generator(np.random.Philox(7))
    flags = random.poisson(2.0, 5000)
    won = random.random(5000) < 1.0 / (1.0 + np.exp(0.5 * flags - 0.5))
    table = {"flags": flags.tolist(), "Status": won.tolist()}

    fit = fit_signals(table, won=True, numeric=["flags"])

    effect = fit.effect("flags")
    assert effect.level == "1 more"
    assert abs(effect.log_odds + 0.5) < 4.0 * (effect.high - effect.low) / 2.56
    assert effect.high < 0.0
    signal = fit.signals(draws=1).signals[0]
    assert np.log(signal.odds_ratio) / signal.per == pytest.approx(effect.log_odds)


def test_an_empty_cell_says_nothing_and_unknown_is_an_answer():
    table = coach()
    table["coach"] = [None if k % 5 == 0 else one for k, one in enumerate(table["coach"])]

    fit = fit_signals(table)

    assert {one.level for one in fit.effects} == {"yes", "no"}
    assert sum(one.deals for one in fit.effects) == 80
    words = table | {"coach": [one or "Unknown" for one in table["coach"]]}
    answered = fit_signals(words)
    assert answered.effect("coach", "Unknown").deals == 20
    assert answered.signals(draws=1).signals[0].unknown == "answer"
    silent = fit_signals(words, unknown="missing")
    assert silent.effects == fit.effects


def test_levels_that_differ_in_case_are_one():
    table = coach()
    table["coach"] = [one.upper() if k % 2 else one for k, one in enumerate(table["coach"])]

    assert [one.deals for one in fit_signals(table).effects] == [40, 60]


@pytest.mark.parametrize(
    "make", [pd.DataFrame, pl.DataFrame, dict], ids=["pandas", "polars", "dict"]
)
def test_any_dataframe_gives_the_same_effects(make):
    assert fit_signals(make(coach())).effects == fit_signals(coach()).effects


def test_the_same_seed_gives_the_same_draws():
    one, same, other = (fit_signals(coach(), seed=seed) for seed in (1, 1, 2))

    assert np.array_equal(one.log_odds, same.log_odds)
    assert not np.array_equal(one.log_odds, other.log_odds)


def test_signals_of_a_fit_hold_its_effects_and_shares():
    fit = fit_signals(coach(), draws=50)

    (signal,) = fit.signals().signals

    assert signal.levels == ("no", "yes")
    assert signal.reference == {"no": 0.4, "yes": 0.6}
    assert np.mean(np.log(signal.effects["yes"])) == pytest.approx(
        fit.effect("coach", "yes").log_odds
    )
    assert len(fit.signals(draws=7).signals[0].effects["no"]) == 7
    assert np.log(fit.signals(draws=1).signals[0].effects["no"]) == pytest.approx(
        fit.effect("coach", "no").log_odds
    )


@pytest.mark.compiled
def test_a_scenario_takes_fitted_signals_with_their_draws():
    signals = fit_signals(coach(), draws=20).signals()
    deals = [{"stage": "meeting", "amount": 1e5, "coach": one} for one in ("yes", "no", "")]
    scenario = fs.Scenario(
        as_of="2026-12-31", periods=fs.Periods("quarter", 4), quota=1e5,
        funnel=fs.Funnel.key_account(time=30), pipeline=fs.Pipeline.from_deals(deals),
    )  # fmt: skip

    told = fs.simulate(scenario.replace(signals=signals), paths=256, seed=1).deals()

    covered, not_covered, missing = told["win_probability"]
    assert not_covered < 0.15
    assert covered > 0.23
    assert missing == pytest.approx(0.2)
    assert 0.6 * covered + 0.4 * not_covered == pytest.approx(0.2)  # as in the table


def test_late_signals_are_left_out_of_the_assumptions():
    table = coach() | {"praise": ["yes", "no"] * 50}

    fit = fit_signals(table, late=["praise"])

    assert [one.name for one in fit.signals().signals] == ["coach"]
    assert [one.name for one in fit.signals(late=True).signals] == ["coach", "praise"]
    assert "late" in {one.code for one in fit.warnings}
    scores = fit.calibration(folds=5, repeats=1).scores
    assert list(scores) == ["signals", "base rate", "signals without praise"]


def test_an_answer_that_settles_the_outcome_is_warned_of():
    table = coach(wins_with=59, with_=60)

    (warning,) = fit_signals(table).warnings

    assert warning.code == "settles-outcome"
    assert "coach 'yes' (59 wins in 60)" in warning.message
    assert not fit_signals(coach()).warnings


def test_a_column_of_empty_cells_for_the_most_part_is_warned_of():
    table = coach() | {"rating": ["A", "B"] * 20 + [None] * 60}

    assert "mostly-empty" in {one.code for one in fit_signals(table).warnings}


def test_numbers_of_a_fit_as_plain_values():
    fit = fit_signals(coach())

    plain = json.loads(json.dumps(fit.to_dict()))

    assert plain["won"] == 55
    assert [one["in_words"] for one in plain["effects"]] == [one.in_words for one in fit.effects]
    frame = fit.to_frame("pandas")
    assert list(frame["level"]) == ["no", "yes"]


@pytest.mark.compiled
def test_real_deals_are_told_apart_out_of_sample(b2b):
    found = b2b.calibration(repeats=1)

    scores, base = found.scores["signals"], found.scores["base rate"]
    assert (found.deals, found.groups) == (448, 346)
    assert scores.log_loss < 0.54
    assert base.log_loss > 0.69
    assert 0.9 <= scores.slope <= 1.1
    assert 0.79 < scores.auc < 0.84
    assert found.worth_it
    assert b2b.effect("Authority", "High").evidence == "no effect shown"
    assert b2b.effect("Competitors", "Yes").evidence == "shown"
    assert 0.2 < b2b.likeness < 0.5


@pytest.mark.parametrize(
    ("change", "given", "words"),
    [
        ({}, {"outcome": "Statsu"}, "Status"),
        ({}, {"columns": ["cooch"]}, "coach"),
        ({}, {"columns": "coach"}, "list of names"),
        ({}, {"columns": []}, "have a column"),
        ({}, {"columns": ["Status"]}, "not hold the outcome"),
        ({}, {"columns": ["coach"], "numeric": ["coach"]}, "row 1"),
        ({}, {"won": "Signed"}, "won must be a word of column"),
        ({}, {"won": "Signed", "lost": ["Lost"]}, "closed deals only"),
        ({}, {"late": ["coahc"]}, "coach"),
        ({}, {"unknown": "no"}, "missing"),
        ({}, {"apart": -1.0}, "apart"),
        ({}, {"draws": 1}, "draws"),
        ({"Status": ["Won"] * 100}, {}, "won and lost ones"),
        ({"Status": ["Open"] + ["Won", "Lost", "Lost"] * 33}, {"lost": "Lost"}, "row 1"),
        ({"Status": [None] + ["Won", "Lost", "Lost"] * 33}, {}, "row 1"),
        ({"id": list(range(100))}, {}, "same of several deals"),
        ({"coach": [None] * 100}, {}, "hold answers"),
        ({"flags": [1] * 100}, {"numeric": ["flags"]}, "different numbers"),
        ({"flags": ["x"] + [1] * 99}, {"numeric": ["flags"]}, "row 1"),
        ({"p": [1.0] + [0.5] * 99}, {"base_chance": "p"}, "row 1"),
        ({"p": [None] + [0.5] * 99}, {"base_chance": "p"}, "row 1"),
        ({"account": [None] + ["a", "b", "c"] * 33}, {"groups": "account"}, "row 1"),
    ],
)
def test_wrong_input_is_refused_by_name(change, given, words):
    with pytest.raises(InputError, match=words):
        fit_signals(coach() | change, **given)


def test_an_outcome_that_is_neither_is_refused_row_by_row():
    with pytest.raises(RowsError, match="2 rows cannot be used"):
        fit_signals(coach() | {"Status": ["Open"] * 2 + ["Won", "Lost"] * 49}, lost="Lost")


def test_unknown_names_of_effects_are_refused():
    fit = fit_signals(coach())

    with pytest.raises(InputError, match="coach"):
        fit.effect("coash")
    with pytest.raises(InputError, match="yes"):
        fit.effect("coach", "yess")
    with pytest.raises(InputError, match="level of 'coach'"):
        fit.effect("coach")
    with pytest.raises(InputError, match="coach"):
        fit.signals(["coash"])


def test_newton_finds_the_mode_and_the_evidence_its_best_strength():
    table, _ = made(400, [0.8, 0.8, 0.1], seed=2)
    seen = fit_signals(table).columns.evidence(0.0)
    best = fit_hierarchical(seen, apart=0.7)
    rows = np.column_stack([np.ones(400), seen.columns])

    chance = 1.0 / (1.0 + np.exp(-rows @ best.mode))
    slope = rows.T @ (seen.won - chance) - prior_precision(best.log_sd, seen.group) * best.mode

    assert np.abs(slope).max() < 1e-3
    worse = [fit_hierarchical(seen, apart=one).log_evidence for one in (0.0, 5.0)]
    assert best.log_evidence > max(worse) - 3.0


def test_a_deal_of_weight_two_is_two_deals():
    random = np.random.Generator(np.random.Philox(4))
    columns = np.eye(3)[random.integers(0, 3, 60)]
    won = (random.random(60) < 0.4).astype(float)
    group, zero = np.zeros(3, np.int64), np.zeros(60)

    heavy = fit_hierarchical(Evidence(columns, group, won, zero, np.full(60, 2.0)))
    twice = Evidence(np.r_[columns, columns], group, np.r_[won, won], np.zeros(120), np.ones(120))

    assert heavy.mode == pytest.approx(fit_hierarchical(twice).mode, abs=1e-6)


def test_a_shrunk_cell_has_a_beta_law():
    cell = ShrunkCell(0.2, 10.0, wins=3, losses=8)

    assert cell.parameters == (5.0, 16.0)
    assert cell.mean == pytest.approx(5.0 / 21.0)
    drawn = cell.draws(20_000, seed=3)
    error = np.sqrt(5.0 * 16.0 / 21.0**2 / 22.0 / 20_000)
    assert abs(drawn.mean() - cell.mean) < 4.0 * error
    low, high = cell.interval()
    assert np.mean((drawn > low) & (drawn < high)) == pytest.approx(0.8, abs=0.012)
    assert cell.to_dict()["weight"] == pytest.approx(11.0 / 21.0)
    for wrong in ({"chance": 0.0}, {"strength": 0.0}, {"wins": -1}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            ShrunkCell(**({"chance": 0.2, "strength": 10.0} | wrong))
