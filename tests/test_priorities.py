"""Deals ranked by value per hour: by hand, against brute force, and dropped under limited hours."""

import itertools
import json
import math

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.signals import Signal, Signals
from tests.oracles.compare import Comparison, assert_agreement, estimate_from_paths

HOURS = (6, 10, 20, 40, 10)
WINS = (0.10, 0.20, 0.45, 0.50, 0.80)
STAGES = ("training", "meeting", "consulting", "proposal", "negotiation")
PATHS = 2048


def scenario_of(deals, *, hours=HOURS, time=20, **changes):
    base = {
        "as_of": "2026-12-31",
        "periods": fs.Periods("quarter", 2),
        "funnel": fs.Funnel.key_account(time=time, hours=hours),
        "pipeline": fs.Pipeline.from_deals(deals),
    }
    return fs.Scenario(**base | changes)


def ranked(scenario, current=0.0, paths=2):
    return fs.simulate(scenario, paths=paths).priorities(current)


def deal(name, stage, amount=100_000, **more):
    return {"id": name, "stage": stage, "amount": amount, **more}


def some_deals(seed, count, stages=4):
    rng = np.random.default_rng(seed)
    return [
        deal(f"D{i}", STAGES[rng.integers(stages)], round(float(rng.lognormal(12.2, 0.7)), -3))
        for i in range(count)
    ]


def test_hours_ahead_are_those_of_later_stages_by_the_chance_to_come_to_them():
    found = {one.id: one for one in ranked(scenario_of([deal(s, s) for s in STAGES])).deals}
    for s, stage in enumerate(STAGES):
        ahead = math.fsum(HOURS[k] * WINS[s] / WINS[k] for k in range(s + 1, 5))
        assert found[stage].hours == pytest.approx(ahead, rel=1e-12)
        assert found[stage].value == pytest.approx(WINS[s] * 100_000)
        if ahead:
            assert found[stage].value_per_hour == pytest.approx(WINS[s] * 100_000 / ahead)


def test_with_the_whole_of_its_own_stage_it_is_amount_over_hours_of_a_win():
    """amount / sum over k >= s of h_k / w_k, where the chance is the stage's own."""
    for one in ranked(scenario_of([deal(s, s) for s in STAGES]), current=1.0).deals:
        s = STAGES.index(one.stage)
        hours_of_a_win = math.fsum(HOURS[k] / WINS[k] for k in range(s, 5))
        assert one.value_per_hour == pytest.approx(100_000 / hours_of_a_win, rel=1e-12)


def test_a_part_of_its_own_stage_counts_by_that_part():
    none, half = (ranked(scenario_of([deal("A", "proposal")]), c).deals[0] for c in (0.0, 0.5))
    assert half.hours - none.hours == pytest.approx(0.5 * 40)


def test_a_judgement_above_a_later_stage_comes_there_for_sure():
    [one] = ranked(scenario_of([deal("A", "consulting", win_probability=0.9)])).deals
    assert one.hours == pytest.approx(40 + 10)
    assert one.value == pytest.approx(90_000)


def test_draws_of_a_conversion_count_alike():
    names = ("meeting", "proposal")
    draws = [0.2, 0.6]
    stages = [
        fs.Stage(names[0], conversion=draws, time=10, hours=3),
        fs.Stage(names[1], conversion=0.5, time=10, hours=8),
        fs.Stage("won", win_probability=1.0),
    ]
    scenario = scenario_of(
        [deal("A", "meeting"), deal("B", "meeting", win_probability=0.4)],
        funnel=fs.Funnel(stages),
    )
    found = {one.id: one for one in ranked(scenario).deals}
    assert found["A"].hours == pytest.approx(8 * 0.4)
    assert found["A"].win_probability == pytest.approx(0.2)
    assert found["B"].hours == pytest.approx(8 * 0.8)


@pytest.mark.compiled
def test_hours_ahead_are_those_that_simulated_deals_come_to():
    """Deals that enter later stages, times hours: ages that tell, shared chances, a signal."""
    funnel = fs.Funnel.key_account(
        time=fs.Gamma(mean=20, cv=0.6), time_if_lost=fs.Gamma(mean=40, cv=0.9), hours=HOURS
    )
    coach = Signal("coach", {"covered": 3.0, "not": 1.0}, reference={"covered": 0.4, "not": 0.6})
    comparisons = []
    for n, one in enumerate(
        [
            deal("young", "training"),
            deal("old", "meeting", age=60.0),
            deal("judged", "consulting", win_probability=0.7, age=10.0),
            deal("near", "negotiation"),
            deal("with a coach", "training", coach="covered"),
            deal("without", "meeting", coach="not"),
        ]
    ):
        scenario = scenario_of(
            [one],
            signals=Signals([coach]) if "coach" in one else None,
            funnel=funnel,
            periods=fs.Periods("year", 20),
            market=fs.Market(win_rate_correlation=0.1),
        )
        forecast = fs.simulate(scenario, paths=64, seed=n)
        entering = forecast.activities(paths=1 << 14).entering[:5].sum(axis=1)
        spent = (entering * np.array(HOURS)[:, None]).sum(axis=0)
        value, error = estimate_from_paths(spent)
        ahead = forecast.priorities().deals[0].hours
        comparisons.append(Comparison(one["id"], value, error, ahead))
    assert_agreement(comparisons)


def test_first_what_takes_no_hours_last_what_cannot_be_won():
    deals = [
        deal("b", "meeting"), deal("a", "meeting"), deal("c", "meeting", 100_001),
        deal("small and near", "negotiation", 5_000), deal("near", "negotiation"),
        deal("dead", "meeting", 9e6, win_probability=0.0),
        deal("dead and near", "negotiation", 9e6, win_probability=0.0),
    ]  # fmt: skip
    found = ranked(scenario_of(deals)).deals
    assert [one.id for one in found] == [
        "near", "small and near", "c", "a", "b", "dead", "dead and near",
    ]  # fmt: skip
    assert [one.rank for one in found] == list(range(1, 8))
    assert found[0].value_per_hour is None
    assert found[0].hours == 0.0
    assert found[-1].value_per_hour == 0.0


def test_equal_value_per_hour_the_larger_first():
    """In one stage the chance to win cancels out, as long as no later stage is certain."""
    first, second = ranked(
        scenario_of(
            [
                deal("A", "training", win_probability=0.0625),
                deal("B", "training", win_probability=0.125),
            ]
        )
    ).deals
    assert first.value_per_hour == second.value_per_hour
    assert (first.id, first.value) == ("B", 12_500.0)


def test_an_owner_is_named_where_there_is_one():
    found = ranked(scenario_of([deal("A", "meeting", owner="Al"), deal("B", "meeting")]))
    assert [one.owner for one in found.deals] == ["Al", None]


def test_a_teams_work_comes_before_the_funnels_hours():
    team = fs.Team([fs.Role("rep")], [fs.Rep("rep")], work={"proposal": fs.Gamma(mean=30, cv=1)})
    scenario = scenario_of([deal("A", "consulting")], team=team)
    [one] = ranked(scenario).deals
    assert one.hours == pytest.approx(30 * 0.45 / 0.50 + 10 * 0.45 / 0.80)


def test_an_infinite_mean_is_no_number_in_json():
    found = ranked(
        scenario_of([deal("A", "meeting", fs.Pareto(alpha=1.0, low=1_000)), deal("B", "meeting")])
    )
    assert [one.id for one in found.deals] == ["A", "B"]
    assert found.to_dict()["deals"][0]["value"] is None
    assert found.to_dict()["value"] is None


def test_it_is_asked_where_stages_take_hours():
    bare = scenario_of([deal("A", "meeting")], funnel=fs.Funnel.key_account(time=20))
    with pytest.raises(fs.InputError, match="priorities must be asked where stages take hours"):
        ranked(bare)
    with pytest.raises(fs.InputError, match=r"current must be in \[0, 1\]"):
        ranked(scenario_of([deal("A", "meeting")]), current=2)


@pytest.mark.parametrize("wrong", [-0.1, 35, math.nan, "a third"])
def test_a_share_is_a_share(wrong):
    with pytest.raises(fs.InputError, match="share must be"):
        ranked(scenario_of([deal("A", "meeting")])).drop(wrong)


@pytest.mark.parametrize(
    ("share", "count", "many"),
    [(0.0, 10, 0), (0.35, 10, 4), (0.29, 50, 15), (0.04, 10, 0), (0.5, 1, 1), (1.0, 7, 7)],
)
def test_so_many_are_dropped(share, count, many):
    found = ranked(scenario_of(some_deals(1, count)))
    pruned = found.drop(share)
    assert pruned.dropped == tuple(one.id for one in found.deals[count - many :])
    assert pruned.kept == count - many


def test_without_deals_there_is_nothing_to_rank():
    found = ranked(scenario_of([]))
    assert found.deals == ()
    assert found.drop(0.5).in_words() == "dropping 50 % (0 of 0 deals) changes nothing"


def test_in_order_of_value_per_hour_no_budget_of_hours_brings_more():
    """The fractional knapsack against all subsets of up to 10 deals, for every budget of hours."""
    rng = np.random.default_rng(7)
    budgets = 0
    for case in range(40):
        hours = rng.integers(0, 40, 5).astype(float)
        hours[rng.integers(1, 5)] += 1.0
        deals = some_deals(case, int(rng.integers(1, 11)), stages=5)
        found = ranked(scenario_of(deals, hours=tuple(hours)), float(rng.integers(3)) / 2).deals
        value, took = (np.array([getattr(d, name) for d in found]) for name in ("value", "hours"))
        subsets = np.array(list(itertools.product([0, 1], repeat=len(found))))
        all_hours, all_values = subsets @ took, subsets @ value
        so_far, worth = np.cumsum([0.0, *took]), np.cumsum([0.0, *value])
        for budget in np.unique([*so_far, *all_hours, *rng.uniform(0, so_far[-1] + 1, 50)]):
            best = all_values[all_hours <= budget * (1 + 1e-12)].max()
            whole = np.searchsorted(so_far, budget * (1 + 1e-12), side="right") - 1
            left = budget - so_far[whole]
            part = left / took[whole] * value[whole] if whole < len(found) else 0.0
            assert worth[whole] * (1 - 1e-9) <= best <= (worth[whole] + part) * (1 + 1e-9)
            budgets += 1
    assert budgets > 2_000


def with_people(deals, hours_per_week, **changes):
    team = fs.Team([fs.Role("rep", hours_per_week=hours_per_week)], [fs.Rep("rep")])
    return scenario_of(
        deals, hours=(0, *HOURS[1:]), time=fs.Gamma(mean=15, cv=0.6), team=team, **changes
    )


def totals_of(scenario, kept, paths=PATHS):
    where = [name in kept for name in scenario.pipeline.ids]
    smaller = scenario.replace(pipeline=scenario.pipeline.where(where))
    return fs.simulate(smaller, paths=paths).bookings.sum(axis=1)


@pytest.mark.compiled
def test_what_stays_is_simulated_on_the_same_draws():
    scenario = with_people(some_deals(4, 10), 6, quota=400_000)
    pruned = ranked(scenario, paths=PATHS).drop(0.35)
    before = fs.simulate(scenario, paths=PATHS)
    kept = set(scenario.pipeline.ids) - set(pruned.dropped)
    after = totals_of(scenario, kept)
    change = after - before.bookings.sum(axis=1)
    value, error = estimate_from_paths(change)
    assert pruned.bookings_difference.value == pytest.approx(value)
    assert pruned.bookings_difference.standard_error == pytest.approx(error)
    assert pruned.bookings_after.value == pytest.approx(after.mean())
    assert pruned.attainment_before == before.attainment_probability()
    assert pruned.attainment_difference.value == pytest.approx(
        (after >= 400_000).mean() - before.attainment_probability().value
    )
    assert pruned.lost_before == before.capacity().lost()
    assert pruned.utilisation_before == {"rep": before.capacity().utilisation("rep")}
    assert pruned.utilisation_after["rep"].value < pruned.utilisation_before["rep"].value
    assert pruned.hours_dropped + pruned.hours_kept == pytest.approx(
        sum(one.hours for one in before.priorities().deals)
    )


def test_what_is_dropped_does_not_move_the_odds_of_what_stays():
    """Shares of known answers are those of all open deals, not of those that stay."""
    coached = [deal(f"D{i}", "meeting", 1000 * i + 1, coach="yes" if i % 3 else "no")
               for i in range(9)]  # fmt: skip
    coach = Signal("coach", {"yes": 4.0, "no": 1.0})
    scenario = scenario_of(coached, signals=Signals([coach]))
    forecast = fs.simulate(scenario, paths=512)
    pruned = forecast.priorities().drop(0.5)
    smaller = scenario.replace(
        pipeline=scenario.pipeline.where(
            [one not in pruned.dropped for one in scenario.pipeline.ids]
        )
    )
    before, after = forecast.deals(), fs.simulate(smaller, paths=512).deals()
    chances = dict(zip(before["id"], before["win_probability"], strict=True))
    assert {one: chances[one] for one in after["id"]} == pytest.approx(
        dict(zip(after["id"], after["win_probability"], strict=True)), rel=1e-9
    )
    assert len(set(chances.values())) == 2


@pytest.mark.compiled
def test_dropping_helps_where_hours_are_short_and_not_where_there_is_time():
    deals = some_deals(3, 30)
    short = ranked(with_people(deals, 10, quota=1_200_000), paths=PATHS)
    rows = short.table((0.0, 0.35, 0.5))
    first, _, half = rows["bookings"]
    assert half > 1.4 * first
    assert rows["attainment_difference"][2] > 20 * rows["attainment_difference_standard_error"][2]
    assert rows["lost_bookings"][2] < 0.5 * rows["lost_bookings"][0]
    free = ranked(with_people(deals, 168, quota=1_200_000), paths=PATHS)
    for share in (0.2, 0.5):
        pruned = free.drop(share)
        assert pruned.bookings_difference.high < 0.0
        assert pruned.attainment_difference.value <= 0.0


@pytest.mark.compiled
def test_without_people_what_is_dropped_is_only_missing():
    scenario = scenario_of(some_deals(5, 10), quota=500_000)
    pruned = ranked(scenario, paths=PATHS).drop(0.5)
    lost = totals_of(scenario, set(pruned.dropped))
    assert pruned.bookings_difference.value == pytest.approx(-lost.mean())
    assert pruned.utilisation_before is None
    assert pruned.lost_after is None


@pytest.mark.compiled
@pytest.mark.parametrize("hours_per_week", [3, 6])
def test_what_of_the_ranking_does_best_does_best_of_all_subsets(hours_per_week):
    """Five deals and one rep who is short of hours: 32 subsets, on the same draws.

    The ranking knows nothing of time, and work is not divided, so nothing promises that. In these
    cases one of the six sets that the ranking offers books the most, or next to it.
    """
    shares = []
    for seed in range(3):
        scenario = with_people(some_deals(seed, 5), hours_per_week)
        order = [one.id for one in ranked(scenario).deals]
        means = {
            frozenset(subset): totals_of(scenario, subset, paths=512).mean()
            for size in range(6)
            for subset in itertools.combinations(order, size)
        }
        own = max(means[frozenset(order[:many])] for many in range(6))
        shares.append(own / max(means.values()))
    assert shares == pytest.approx([1.0] * 3, abs=0.05)


def test_nothing_dropped_is_exactly_the_same():
    pruned = ranked(scenario_of(some_deals(2, 5), quota=300_000), paths=64).drop(0.0)
    assert pruned.bookings_difference == fs.Estimate.exact(0.0)
    assert pruned.attainment_difference == fs.Estimate.exact(0.0)
    assert pruned.attainment_after == pruned.attainment_before


def test_text_says_what_is_gained():
    found = ranked(scenario_of(some_deals(6, 8), quota=300_000), paths=256)
    pruned = found.drop(0.35)
    assert repr(found).startswith("Open deals by value per hour of work ahead: ")
    assert len(repr(found).splitlines()) == 2 + 1 + 8
    assert pruned.in_words().startswith("dropping 35 % (3 of 8 deals) frees ")
    assert "moves the chance by -" in pruned.in_words()
    assert repr(pruned).startswith(pruned.in_words())
    bare = ranked(scenario_of(some_deals(6, 8)), paths=256).drop(0.35)
    assert "moves mean bookings by -" in bare.in_words()
    assert "chance of the quota" not in repr(bare)


def test_a_long_ranking_shows_its_ends():
    text = repr(ranked(scenario_of(some_deals(6, 60))))
    assert "... 36 deals between" in text
    assert len(text.splitlines()) == 3 + 24 + 1


@pytest.mark.compiled
def test_json_and_frames_hold_the_same():
    found = ranked(with_people(some_deals(6, 8), 6, quota=300_000), paths=256)
    answer = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [one["id"] for one in answer["deals"]] == [one.id for one in found.deals]
    assert answer["paths"] == 256
    table = found.to_frame(backend="pandas")
    assert list(table["rank"]) == list(range(1, 9))
    assert table["hours"].sum() == pytest.approx(answer["hours"])
    pruned = found.drop(0.5)
    record = json.loads(json.dumps(pruned.to_dict(), allow_nan=False))
    assert record["dropped"] == list(pruned.dropped)
    assert record["utilisation_after"]["rep"]["value"] == pruned.utilisation_after["rep"].value
    rows = found.table((0.0, 0.5))
    assert rows["bookings"][1] == pruned.bookings_after.value
    assert rows["utilisation_rep"][1] == pruned.utilisation_after["rep"].value
    assert found.table(()) == {}
