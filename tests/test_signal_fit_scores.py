"""Scores of stated chances, and splits that keep groups of deals together."""

import json

import numpy as np
import pytest

from funnelsim.errors import InputError
from funnelsim.fitting.scores import (
    auc_of,
    grouped_folds,
    reliability,
    scores_of,
    slope_of,
)
from funnelsim.fitting.signals_fit import fit_signals


def stated(count, seed, sharpness=1.0):
    """Return outcomes, and chances whose log-odds are so many times the true ones."""
    random = np.random.Generator(np.random.Philox(seed))
    eta = random.normal(-0.5, 1.0, count)
    won = (random.random(count) < 1.0 / (1.0 + np.exp(-eta))).astype(float)
    return won, 1.0 / (1.0 + np.exp(-sharpness * eta))


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_the_slope_says_how_far_too_far_apart_chances_are(sharpness):
    won, chance = stated(50_000, 1, sharpness)

    assert slope_of(won, chance) == pytest.approx(1.0 / sharpness, rel=0.04)


def test_right_chances_score_best():
    found = [scores_of(*stated(50_000, 2, sharpness)) for sharpness in (0.5, 1.0, 2.0)]

    assert min(one.log_loss for one in found) == found[1].log_loss
    assert min(one.brier for one in found) == found[1].brier
    assert found[0].auc == pytest.approx(found[2].auc)


def test_auc_is_the_share_of_pairs_in_the_right_order():
    won, chance = stated(200, 3)
    chance = chance.round(1)
    pairs = np.sign(chance[won == 1][:, None] - chance[won == 0])

    assert auc_of(won, chance) == pytest.approx(np.mean(0.5 + 0.5 * pairs))
    assert auc_of(won, np.full(200, 0.3)) == 0.5


def test_chances_that_are_all_alike_have_no_slope():
    won, _ = stated(100, 4)

    assert slope_of(won, np.full(100, 0.3)) is None
    assert scores_of(won, np.full(100, 0.3)).slope is None


def test_a_chance_of_none_for_what_happened_has_a_finite_loss():
    assert 5.0 < scores_of(np.array([1.0, 0.0]), np.zeros(2)).log_loss < 10.0


def test_bins_hold_all_deals_and_their_shares():
    won, chance = stated(2000, 5)

    bins = reliability(won, chance)

    assert sum(one.deals for one in bins) == 2000
    assert len(bins) == 10
    assert sum(one.deals * one.won for one in bins) == pytest.approx(won.sum())
    inside = sum(one.low <= one.chance <= one.high for one in bins)
    assert inside >= 5  # of 10, each with a chance of 0.8: fewer happen once in 1,000 times
    assert len(reliability(won[:45], chance[:45])) == 2
    assert len(reliability(won[:5], chance[:5])) == 1


def test_repeats_of_deals_count_once_in_bins():
    won, chance = stated(400, 6)

    once, thrice = reliability(won, chance), reliability(np.tile(won, 3), np.tile(chance, 3), 3)

    assert [one.deals for one in once] == [one.deals for one in thrice]
    assert [one.low for one in once] == pytest.approx([one.low for one in thrice], abs=0.02)


def test_groups_stay_together_and_folds_are_alike_in_groups():
    random = np.random.Generator(np.random.Philox(7))
    group = random.permutation(np.repeat(np.arange(50), random.integers(1, 6, 50)))

    fold = grouped_folds(group, 7, random)

    assert all(len(set(fold[group == one].tolist())) == 1 for one in range(50))
    sizes = [len(set(group[fold == one].tolist())) for one in range(7)]
    assert max(sizes) - min(sizes) <= 1


@pytest.fixture(scope="module")
def table():
    random = np.random.Generator(np.random.Philox(8))
    place = random.integers(0, 3, 300)
    chance = np.array([0.2, 0.4, 0.7])[place]
    won = random.random(300) < chance
    return {
        "entry": np.array(["tender", "during", "before"])[place].tolist(),
        "noise": random.integers(0, 4, 300).tolist(),
        "account": random.integers(0, 100, 300).tolist(),
        "chance": np.where(place == 2, 0.7, 0.3).tolist(),
        "Status": np.where(won, "Won", "Lost").tolist(),
    }


def test_calibration_stands_beside_base_rate_and_base_chance(table):
    fit = fit_signals(table, groups="account", base_chance="chance")

    found = fit.calibration(folds=5, repeats=3)

    accounts = len(set(table["account"]))
    assert (found.groups, found.folds, found.repeats) == (accounts, 5, 3)
    assert list(found.scores) == ["signals", "base rate", "base chance"]
    assert found.scores["signals"].log_loss < found.scores["base rate"].log_loss
    gain = found.gains["base rate"]
    difference = found.scores["base rate"].log_loss - found.scores["signals"].log_loss
    assert gain.value == pytest.approx(difference)
    assert found.worth_it
    assert gain.low < gain.value < gain.high
    assert "of 100 cases" in found.in_words()
    assert "base chance" in repr(found)
    assert json.loads(json.dumps(found.to_dict()))["deals"] == 300


def test_signals_that_say_nothing_are_said_to(table):
    found = fit_signals(table, columns=["noise"]).calibration(folds=5, repeats=2)

    assert not found.worth_it
    assert "tell nothing that is shown" in found.in_words()


def test_the_same_seed_gives_the_same_splits(table):
    fit = fit_signals(table, columns=["entry"])

    one, same, other = (fit.calibration(folds=5, repeats=1, seed=seed) for seed in (1, 1, 2))

    assert one.to_dict() == same.to_dict()
    assert one.to_dict() != other.to_dict()


def test_more_folds_than_groups_are_refused(table):
    fit = fit_signals(table | {"account": ["a", "b", "c"] * 100}, groups="account")

    with pytest.raises(InputError, match="folds must be at most 3"):
        fit.calibration(folds=4)
    with pytest.raises(InputError, match="folds"):
        fit.calibration(folds=1)
