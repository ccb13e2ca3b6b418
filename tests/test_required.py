"""Required pipeline and required rate of creation, beyond the exact laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import funnelsim as fs
from funnelsim._arrays import lower
from funnelsim._blocks import BLOCK, Work, run_block
from funnelsim._chances import stable_number
from funnelsim._creation import FEWER_STEPS, STEPS
from funnelsim._extra_deals import EXTRA_DEAL, in_time

pytestmark = pytest.mark.compiled  # tens of thousands of paths

PATHS = 20_000


def scenario(**changes):
    usual = {
        "as_of": "2026-12-31",
        "periods": fs.Periods("quarter", 4),
        "funnel": fs.Funnel.key_account(time=fs.Gamma(mean=20, cv=0.6)),
        "quota": 3_000_000,
        "required_pipeline": fs.RequiredPipeline(amount=300_000),
        "market": fs.Market(win_rate_correlation=0.05, cycle_cv=0.2, amount_cv=0.1),
    }
    return fs.Scenario(**{**usual, **changes})


def test_so_many_extra_deals_are_what_the_forecast_with_them_attains(monkeypatch):
    """The same words: the folded kernel with n extra deals reaches the quota on the same paths."""
    base = scenario()
    forecast = fs.simulate(base, paths=BLOCK)
    deals = forecast.required_pipeline(0.8).deals
    first = stable_number(EXTRA_DEAL)
    numbers = {f"extra {n}": (first + n) % 2**64 for n in range(deals)}
    monkeypatch.setattr("funnelsim._arrays.stable_number", numbers.__getitem__)
    for count, expected in ((deals, True), (deals - 1, False)):
        frame = {
            "id": list(numbers)[:count],
            "stage": ["training"] * count,
            "amount": [300_000] * count,
        }
        lowered = lower(base.replace(pipeline=fs.Pipeline.from_frame(frame)))
        block = run_block(Work(lowered.deals, lowered.shared, None), 1, 0, BLOCK)
        reached = block.bookings.sum(axis=0) >= base.quota_cents
        assert bool(reached.mean() >= 0.8) is expected


def test_the_chance_with_extra_deals_passes_the_confidence_where_they_are_required():
    forecast = fs.simulate(scenario(), paths=PATHS)
    deals = forecast.required_pipeline(0.8).deals
    assert forecast.attainment_with(deals - 1).value < 0.8 <= forecast.attainment_with(deals).value
    assert forecast.attainment_with(0).value == forecast.attainment_probability().value
    assert forecast.attainment_with(40, stage="proposal").value > forecast.attainment_with(40).value


@pytest.mark.parametrize("deals", [-1, 2.5, 100_001])
def test_extra_deals_are_a_number_that_was_tried(deals):
    with pytest.raises(fs.InputError, match="deals must be"):
        fs.simulate(scenario(), paths=1_000).attainment_with(deals)


@pytest.mark.parametrize("amount", [300_000, fs.Lognormal(mean=300_000, cv=0.6)])
def test_the_required_rate_is_what_the_forecast_at_that_rate_attains(amount):
    base = scenario(new_business=fs.NewBusiness(40, amount), required_pipeline=None)
    forecast = fs.simulate(base, paths=PATHS)
    rate = forecast.required_creation_rate(0.8).per_period
    for factor, expected in ((1.0, True), (1.0 - 1e-3, False)):
        business = fs.NewBusiness(rate * factor, amount)
        again = fs.simulate(base.replace(new_business=business), paths=PATHS)
        assert (again.attainment_probability().value >= 0.8) is expected


def test_one_confidence_gives_one_answer_and_several_a_list():
    forecast = fs.simulate(scenario(), paths=2048)
    one, several = forecast.required_pipeline(0.8), forecast.required_pipeline([0.8])
    assert several == [one]
    assert [r.confidence for r in forecast.required_pipeline()] == [0.5, 0.8, 0.9]
    assert isinstance(forecast.required_creation_rate(0.8), fs.CreationRate)


def test_amount_and_coverage_are_of_the_extra_deals_alone():
    deals = fs.Pipeline.from_frame({"stage": ["negotiation"] * 2, "amount": [500_000, 100_000]})
    base = scenario(pipeline=deals, booked=1_000_000)
    found = fs.simulate(base, paths=PATHS).required_pipeline(0.8)
    assert found.amount == found.deals * 300_000
    assert found.coverage == pytest.approx(found.amount / 2_000_000)


def test_a_quota_that_is_booked_needs_nothing():
    forecast = fs.simulate(scenario(booked=3_000_000), paths=512)
    found = forecast.required_pipeline(0.9)
    assert (found.deals, found.amount, found.coverage) == (0, 0.0, 0.0)
    assert found.most_confidence == fs.Estimate.exact(1.0)
    assert forecast.required_creation_rate(0.9).per_period == 0.0
    assert [rule["deals"] for rule in forecast.pipeline_rules()] == [0, 0]


@pytest.mark.parametrize(
    "plan", [{"day": 365}, {"amount": 0}, {"most": 5}], ids=["no time", "no money", "few"]
)
def test_what_cannot_be_reached_says_how_far_it_goes(plan):
    deals = fs.Pipeline.from_frame({"stage": ["negotiation"], "amount": [3_000_000]})
    base = scenario(pipeline=deals, market=fs.Market())
    forecast = fs.simulate(base, paths=PATHS)
    found = forecast.required_pipeline(0.95, **plan)
    assert not found.reachable
    assert (found.deals, found.amount, found.coverage, found.low) == (None,) * 4
    assert abs(found.most_confidence.value - 0.8) < 5 * found.most_confidence.standard_error + 0.01
    assert forecast.required_pipeline(0.5, **plan).deals == 0


def test_a_sure_win_takes_the_quotient():
    funnel = fs.Funnel.from_percentages(["deal", "won"], [1.0, 1.0], time=5)
    forecast = fs.simulate(scenario(funnel=funnel, market=fs.Market()), paths=512)
    found = forecast.required_pipeline([0.01, 0.5, 0.99])
    assert [one.deals for one in found] == [10, 10, 10]
    assert [rule["deals"] for rule in forecast.pipeline_rules()] == [30, 10]


def test_very_large_amounts_add_up():
    forecast = fs.simulate(scenario(quota=9e12), paths=2048)
    assert forecast.required_pipeline(0.5, amount=1e12).deals > 9


def test_the_order_of_confidences_is_kept_and_the_curve_rises():
    forecast = fs.simulate(scenario(), paths=PATHS)
    assert [r.confidence for r in forecast.required_pipeline([0.9, 0.5])] == [0.9, 0.5]
    curve = forecast.required_pipeline_curve()
    assert curve["confidence"][0] == 0.01
    assert len(curve["deals"]) == 99
    assert all(np.diff(curve["deals"]) >= 0)
    assert set(curve) == {"confidence", "deals", "low", "high", "amount", "coverage"}


def test_rules_count_the_open_pipeline():
    deals = fs.Pipeline.from_frame({"stage": ["meeting"] * 4, "amount": [1_500_000] * 4})
    base = scenario(pipeline=deals)
    three, inverse = fs.simulate(base, paths=2048).pipeline_rules()
    assert three["deals"] == 10  # 9 million, of which 6 are there
    assert inverse["deals"] == 80  # 30 million, of which 6 are there
    assert 0 < three["attainment_probability"]["value"] < 1


def test_the_rate_keeps_the_profile_of_the_plan():
    base = scenario(new_business=fs.NewBusiness([10, 20, 30, 40], 300_000), required_pipeline=None)
    rate = fs.simulate(base, paths=PATHS).required_creation_rate(0.5)
    times = rate.per_period / 25
    plan = fs.NewBusiness([one * times for one in (10, 20, 30, 40)], 300_000)
    again = fs.simulate(base.replace(new_business=plan), paths=PATHS).attainment_probability()
    assert abs(again.value - 0.5) < 1e-3


@pytest.mark.parametrize("steps", [FEWER_STEPS, STEPS])
@pytest.mark.parametrize(
    ("mean", "cv", "days"), [(360, 0.02, 365), (30, 0.1, 31), (900, 0.01, 905)]
)
def test_a_steep_deadline_is_met_as_often_as_the_law_of_the_time_says(mean, cv, days, steps):
    time = fs.Gamma(mean=mean, cv=cv)
    law = stats.gamma(cv**-2, scale=mean * cv**2)
    one, many = np.ones(1), np.exp(np.linspace(-0.3, 0.3, 16))
    assert abs(in_time([time], 0, days, one, steps)[0] - law.cdf(days)) < 1e-9
    lattice = 1e-3 * (FEWER_STEPS / steps) ** 2
    after = in_time([fs.Fixed(3), time], 0, days + 3, one, steps)[0]
    assert abs(after - law.cdf(days)) < lattice
    found = in_time([time], 0, days, many, steps)
    np.testing.assert_allclose(found, law.cdf(days / many), atol=lattice)


def test_a_rate_is_asked_of_deals_of_another_stage_or_amount():
    forecast = fs.simulate(scenario(new_business=fs.NewBusiness(8, 300_000)), paths=2048)
    planned = forecast.required_creation_rate(0.8).per_period
    assert forecast.required_creation_rate(0.8, stage="proposal").per_period < planned
    assert forecast.required_creation_rate(0.8, amount=600_000).per_period < planned
    with pytest.raises(fs.InputError, match="day"):
        forecast.required_creation_rate(0.8, day=30)


@pytest.mark.parametrize(
    ("plan", "note"),
    [
        ({"day": 400}, "enter after the last period, which ends on day 365"),
        ({"amount": 0}, "an amount of 0"),
        ({"amount": fs.Pareto(alpha=0.9, low=1000)}, "no finite mean"),
    ],
)
def test_the_answer_says_why_nothing_helps(plan, note):
    notes = fs.simulate(scenario(), paths=256).required_dict([0.8], **plan)["notes"]
    assert any(note in one for one in notes)


def test_more_deals_than_can_be_counted_are_refused():
    business, months = fs.NewBusiness(9e6, 5), fs.Periods("month", 120)
    with pytest.raises(fs.InputError, match=r"stay below 1,000,000,000 deals on average"):
        fs.simulate(scenario(new_business=business, periods=months), paths=64)


def test_what_extra_deals_are_worth_is_asked_at_once():
    with pytest.raises(fs.InputError, match=r"required_pipeline.amount must be stated"):
        scenario(required_pipeline=fs.RequiredPipeline(stage="meeting"))
    assert (
        scenario(
            required_pipeline=fs.RequiredPipeline(), new_business=fs.NewBusiness(1, 5)
        ).required_pipeline.amount
        is None
    )


@pytest.mark.parametrize(
    ("changes", "plan", "message"),
    [
        ({"quota": None}, {}, "quota must be stated"),
        ({"required_pipeline": None}, {}, "required_pipeline.amount must be stated"),
        ({}, {"stage": "nowhere"}, "required_pipeline.stage must be a stage of the funnel"),
        ({}, {"stage": "contract"}, "not be the last stage"),
        ({}, {"amuont": 3}, "did you mean 'amount'"),
        ({}, {"confidence": 80}, "confidence must be in"),
        ({}, {"confidence": []}, "at least one number"),
        ({}, {"day": -1}, "required_pipeline.day"),
        ({}, {"most": 0}, "required_pipeline.most"),
    ],
)
def test_wrong_questions_are_refused(changes, plan, message):
    forecast = fs.simulate(scenario(**changes), paths=64)
    with pytest.raises(fs.InputError, match=message):
        forecast.required_pipeline(**{"confidence": 0.8, **plan})


@pytest.mark.parametrize(
    "business",
    [
        fs.NewBusiness(3, 300_000, planned=True),
        fs.NewBusiness(3, 300_000, repeat=fs.Repeat(0.5, 30)),
    ],
    ids=["planned", "repeats"],
)
def test_a_rate_is_not_asked_of_a_plan_without_chance_or_with_repeats(business):
    forecast = fs.simulate(scenario(new_business=business), paths=256)
    with pytest.raises(fs.InputError, match="required rate"):
        forecast.required_creation_rate(0.8)
    answer = forecast.required_dict([0.8])
    assert answer["required_creation_rate"] is None
    assert "no required rate of creation" in answer["notes"][-1]


def test_an_amount_without_a_mean_has_no_amount_in_the_answer():
    heavy = fs.Pareto(alpha=0.9, low=100_000)
    found = fs.simulate(scenario(), paths=2048).required_pipeline(0.8, amount=heavy)
    assert found.reachable
    assert found.amount is None
    assert found.coverage is None


def test_threads_and_other_confidences_change_nothing():
    one = fs.simulate(scenario(), paths=PATHS, threads=1).required_dict([0.5, 0.8])
    two = fs.simulate(scenario(), paths=PATHS, threads=2).required_dict([0.5, 0.8])
    assert one == two
    assert math.isclose(one["to_book"], 3_000_000)
