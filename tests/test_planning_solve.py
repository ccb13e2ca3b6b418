"""How much of an input is enough: against exact answers, required pipeline and the rate."""

from __future__ import annotations

import json
import math

import pytest
from scipy import optimize, stats

import funnelsim as fs
from funnelsim.planning.solve import solve

pytestmark = pytest.mark.compiled  # tens of thousands of paths

PATHS = 20_000
ERRORS = 4.5
"""Standard errors by which an answer may miss: one in 100,000, for some 20 comparisons."""
BASE = fs.Scenario(
    as_of="2026-12-31",
    periods=fs.Periods("year", 1),
    funnel=fs.Funnel.key_account(time=fs.Gamma(mean=20, cv=0.6)),
    new_business=fs.NewBusiness(24, 300_000),
    quota=1_200_000,
)
TEN = fs.Scenario(
    as_of="2026-12-31",
    periods=fs.Periods("year", 1),
    funnel=fs.Funnel.key_account(time=1),
    quota=10.0,
    required_pipeline=fs.RequiredPipeline(amount=1.0),
)


def deals(number: int, stage: str = "proposal", amount: float = 300_000) -> fs.Pipeline:
    return fs.Pipeline.from_frame({"stage": [stage] * number, "amount": [amount] * number})


def close(found: fs.Solution, exact: float) -> bool:
    return abs(found.value - exact) <= ERRORS * found.standard_error + 2e-4 * abs(exact)


@pytest.mark.parametrize(("confidence", "exact"), [(0.5, 97), (0.8, 124), (0.9, 140)])
def test_extra_deals_are_those_of_required_pipeline(confidence, exact):
    found = solve(TEN, "pipeline.extra_deals", confidence, paths=PATHS)
    need = fs.simulate(TEN, paths=PATHS).required_pipeline(confidence)
    assert (found.value, found.low, found.high) == (need.deals, need.low, need.high)
    assert found.low <= exact <= found.high
    assert found.attainment_there.value >= confidence


def test_extra_deals_of_a_stage():
    found = solve(TEN, "pipeline.extra_deals.proposal", 0.8, paths=PATHS)
    assert (
        found.value == fs.simulate(TEN, paths=PATHS).required_pipeline(0.8, stage="proposal").deals
    )


@pytest.mark.parametrize("day", [0.0, 300.0])
def test_extra_deals_are_those_of_their_lever(day):
    name = "pipeline.extra_deals.proposal"
    plan = fs.RequiredPipeline(amount=1.0, day=day)
    base = fs.with_value(TEN.replace(required_pipeline=plan), name, 5)
    found = solve(base, name, 0.8, paths=2_000)
    there = fs.simulate(fs.with_value(base, name, found.value), paths=2_000)
    assert found.now == 5
    assert there.attainment_probability().value == found.attainment_there.value >= 0.8
    assert not solve(base, name, 0.8, 0, 7, paths=2_000).reachable


def test_a_chance_that_rises_and_falls_is_looked_for_inside():
    """Deals of a fifth each, and a quota above the mean: some correlation helps, more harms."""
    base = BASE.replace(new_business=None, pipeline=deals(400, "meeting", 1_000), quota=86_000)
    now = fs.simulate(base, paths=PATHS).attainment_probability().value
    inside = fs.with_value(base, "market.win_rate_correlation", 0.2)
    best = fs.simulate(inside, paths=PATHS).attainment_probability().value
    end = fs.with_value(base, "market.win_rate_correlation", 0.75)
    assert best > fs.simulate(end, paths=PATHS).attainment_probability().value + 0.02 > now
    found = solve(base, "market.win_rate_correlation", best - 0.005, paths=PATHS)
    assert found.reachable
    assert found.attainment_there.value >= best - 0.005


def test_ends_of_whole_numbers_are_whole():
    base = BASE.replace(new_business=fs.NewBusiness(24, 300_000, planned=True), quota=300_000)
    found = solve(base, "new_business.per_period", 0.4, low=4.5, high=9.5, paths=2_000)
    assert found.value in range(5, 10)


def test_how_far_extra_deals_go_is_said():
    plan = fs.RequiredPipeline(amount=1.0, most=5)
    found = solve(TEN.replace(required_pipeline=plan), "pipeline.extra_deals", paths=1_000)
    assert (found.reachable, found.most_at) == (False, 5)


@pytest.mark.parametrize("ask", [solve, fs.sensitivity, fs.value_of_changes])
def test_what_is_no_scenario_is_refused(ask):
    with pytest.raises(fs.InputError, match="base must be a Scenario"):
        ask("plan.toml", "quota") if ask is solve else ask("plan.toml")


def test_a_search_that_cannot_begin_is_refused():
    with pytest.raises(fs.InputError, match="be possible where the search begins"):
        solve(BASE, "market.cycle_cv", 0.8, low=200, high=300, paths=1_000)


def test_extra_deals_without_a_stated_amount_are_like_the_open_ones():
    base = BASE.replace(new_business=None, pipeline=deals(3))
    found = solve(base, "pipeline.extra_deals.proposal", 0.8, paths=PATHS)
    wins = lambda extra: stats.binom.sf(3, 3 + extra, 0.5)  # noqa: E731
    exact = next(extra for extra in range(100) if wins(extra) >= 0.8)
    assert found.low <= exact <= found.high


def test_the_rate_of_creation_is_the_required_rate():
    found = solve(BASE, "new_business.per_period", 0.8, paths=PATHS)
    rate = fs.simulate(BASE, paths=PATHS).required_creation_rate(0.8)
    assert found.value == pytest.approx(rate.per_period, rel=2e-4)
    assert found.low == pytest.approx(rate.low, rel=0.02)
    assert found.high == pytest.approx(rate.high, rel=0.02)


@pytest.mark.parametrize("target", [0.5, 0.8, 0.95])
def test_the_win_rate_is_exact_where_one_win_is_enough(target):
    """One of five proposals: ``1 - (1 - w)^5``, the logit of w moved as that of the first stage."""
    base = BASE.replace(new_business=None, pipeline=deals(5), quota=300_000)
    found = solve(base, "funnel.win_rate", target, paths=PATHS)
    logit = lambda p: math.log(p / (1.0 - p))  # noqa: E731
    needed = logit(-math.expm1(math.log1p(-target) / 5)) - logit(0.5) + logit(0.1)
    assert close(found, 1.0 / (1.0 + math.exp(-needed)))
    assert found.more_helps


@pytest.mark.parametrize("target", [0.5, 0.8])
def test_the_cycle_time_is_exact_where_one_deal_must_be_won_in_time(target):
    """A deal that is sure to be won, after one exponential time of ``c / 3`` of the cycle ``c``."""
    stages = [
        fs.Stage("first", win_probability=1.0, time=fs.Exponential(60)),
        fs.Stage("last", win_probability=1.0, time=fs.Exponential(30)),
        fs.Stage("won", win_probability=1.0),
    ]
    base = BASE.replace(
        funnel=fs.Funnel(stages), new_business=None, pipeline=deals(1, "last"), quota=300_000
    )
    found = solve(base, "funnel.cycle_time", target, paths=PATHS)
    assert close(found, -3 * 365 / math.log1p(-target))
    assert found.more_helps is False
    assert found.attainment_there.value >= target


def test_the_quota_that_is_reached_with_a_chance_is_a_quantile():
    found = solve(BASE, "quota", 0.5, paths=PATHS)
    at = fs.simulate(BASE, paths=PATHS).quantile(0.5)
    assert found.value == pytest.approx(at.value, rel=2e-4)
    assert found.more_helps is False
    assert not solve(BASE, "quota", 0.95, paths=PATHS).reachable  # nothing may be won at all


def test_the_rate_is_exact_where_wins_are_poisson():
    """Deals that are won at once: Poisson with a tenth of the rate."""
    base = BASE.replace(funnel=fs.Funnel.key_account(time=0))
    found = solve(base, "new_business.per_period", 0.8, paths=PATHS)
    exact = optimize.brentq(lambda mean: stats.poisson.sf(3, mean) - 0.8, 0.1, 50) / 0.1
    assert close(found, exact)


def test_a_scenario_at_the_solution_reaches_the_chance():
    found = solve(BASE, "new_business.per_period", 0.8, paths=PATHS)
    there = BASE.replace(new_business=fs.NewBusiness(found.value, 300_000))
    less = BASE.replace(new_business=fs.NewBusiness(0.999 * found.value, 300_000))
    chances = [
        fs.simulate(one, paths=PATHS).attainment_probability().value for one in (there, less)
    ]
    assert chances[1] < 0.8 <= chances[0] == found.attainment_there.value


def test_no_value_is_enough():
    base = BASE.replace(new_business=None, pipeline=deals(2), quota=900_000)
    found = solve(base, "funnel.win_rate", paths=PATHS)
    assert not found.reachable
    assert (found.value, found.low, found.high, found.standard_error) == (None,) * 4
    assert found.most_attainment.value == 0.0
    assert "not reachable: funnel.win_rate does not move the chance, 0.0 %" in repr(found)


def test_how_far_it_goes_where_it_is_not_far_enough():
    base = BASE.replace(new_business=None, pipeline=deals(2, "negotiation"), quota=600_000)
    found = solve(base, "pipeline.deals.1.win_probability", 0.9, paths=PATHS)
    assert not found.reachable
    assert found.now is None
    assert found.most_at == pytest.approx(1.0, abs=1e-3)
    assert "tried the best chance is 80." in repr(found)
    assert abs(found.most_attainment.value - 0.8) < ERRORS * found.most_attainment.standard_error


def test_an_input_that_does_not_move_the_chance():
    base = BASE.replace(
        new_business=None, pipeline=deals(9), required_pipeline=TEN.required_pipeline
    )
    found = solve(base, "required_pipeline.day", paths=1_000)
    assert found.more_helps is None
    assert "does not move the chance" in repr(found)


def test_less_is_enough_where_the_chance_is_higher_already():
    found = solve(BASE.replace(quota=300_000), "new_business.per_period", 0.5, paths=PATHS)
    assert found.value < 24
    assert found.attainment_there.value >= 0.5


def test_every_value_is_enough():
    found = solve(BASE.replace(booked=2_000_000), "new_business.per_period", paths=1_000)
    assert found.reachable
    assert found.attainment_there.value == 1.0


def test_where_to_look_may_be_stated():
    found = solve(BASE, "new_business.per_period", low=10, high=30, paths=PATHS)
    assert not found.reachable
    assert found.most_at == pytest.approx(30, rel=1e-3)
    with pytest.raises(fs.InputError, match="low must be less than high"):
        solve(BASE, "new_business.per_period", low=10, high=5)


@pytest.mark.parametrize(
    ("changes", "name", "now"),
    [
        ({"new_business": fs.NewBusiness([20, 28], 300_000)}, "new_business.per_period", 24),
        ({"quota": [700_000, 500_000]}, "quota", 1_200_000),
    ],
)
def test_a_number_for_each_period_keeps_its_profile(changes, name, now):
    base = BASE.replace(periods=fs.Periods(edges=[0, 180, 365]), **changes)
    found = solve(base, name, 0.5, paths=2_000)
    assert found.now == now
    there = fs.simulate(fs.with_value(base, name, found.value), paths=2_000)
    assert there.attainment_probability().value >= 0.5


def test_the_answer_says_what_it_is_of():
    found = solve(TEN.replace(name="Ten"), "pipeline.extra_deals", 0.8, paths=1_000, seed=7)
    answer = found.to_dict()
    assert {name: answer[name] for name in ("scenario", "seed", "paths", "format")} == {
        "scenario": "Ten", "seed": 7, "paths": 1_000, "format": 1,
    }  # fmt: skip
    assert "Ten, the quota with a chance of 80 %: 1,000 paths each, seed 7" in repr(found)
    assert "an extra deal is worth 1: the amount of the required pipeline" in repr(found)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("new_business.per_perod", {}, "did you mean 'new_business.per_period'"),
        ("as_of", {}, "as_of must be one number"),
        ("new_business.amount", {}, "new_business.amount must be"),
        ("pipeline.deals.1.amount", {}, "pipeline.deals"),
        ("quota", {"quota": None}, "quota must be stated"),
    ],
)
def test_wrong_questions_are_refused(name, changes, message):
    with pytest.raises(fs.InputError, match=message):
        solve(BASE.replace(**changes), name, paths=1_000)


@pytest.mark.parametrize("attainment", [0, 1, 80, "much"])
def test_a_chance_is_between_0_and_1(attainment):
    with pytest.raises(fs.InputError, match="attainment must be"):
        solve(BASE, "quota", attainment)


def test_the_same_bits_again_and_as_json():
    first, again = (solve(BASE, "quota", 0.7, paths=2_000, threads=n).to_dict() for n in (1, 2))
    assert first == again
    assert json.loads(json.dumps(first, allow_nan=False))["value"] == first["value"]


def test_progress_ends_with_all_done():
    seen = []
    solve(BASE, "quota", paths=1_000, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
