"""Any field of a scenario by its dotted name."""

import copy
import datetime as dt
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.planning.fields import (
    bounds,
    input_names,
    interval,
    is_whole,
    value_of,
    with_value,
    with_values,
)

DEALS = fs.Pipeline.from_frame(
    {
        "id": ["A1", "B.2", "C.2.amount", "C"],
        "stage": ["proposal", "training", "meeting", "v1.time"],
        "amount": [300_000, fs.Gamma(mean=1e5, cv=0.5), 120.55, 50],
        "region": ["N", "S", None, "N"],
        "entered": ["2026-12-01", None, None, None],
        "win_probability": [None, 0.3, None, None],
        "close_date": [None, "2027-03-01", None, None],
    }
)
STAGES = (
    fs.Stage("training", conversion=0.5, time=fs.Gamma(mean=20, cv=0.6), hours=2),
    fs.Stage("meeting", win_probability=0.2, time=fs.Weibull(shape=2, scale=30), time_if_lost=10),
    fs.Stage("v1", conversion=0.8, time=fs.Quantiles({0.1: 3, 0.5: 8, 0.9: 80})),
    fs.Stage("v1.time", conversion=0.9, time=fs.Pert(low=10, mode=20, high=60)),
    fs.Stage("proposal", win_probability=0.5, time=fs.Discrete([5, 9], [0.5, 0.5])),
    fs.Stage("contract", win_probability=1),
)
RICH = fs.Scenario(
    as_of="2026-12-31",
    periods=fs.Periods("quarter", 4),
    quota=[1e6, 1e6, 1e6, 3e5],
    booked=1e4,
    currency="CNY",
    name="rich",
    funnel=fs.Funnel(STAGES),
    pipeline=DEALS,
    market=fs.Market(win_rate_correlation=0.05, cycle_cv=0.2, segment_correlation={"region": 0.1}),
    new_business=fs.NewBusiness(
        per_period=[1, 2, 3, 2],
        amount=fs.Lognormal(p10=1e4, p90=9e4),
        dispersion=0.2,
        season=[1] * 11 + [2],
        repeat=fs.Repeat(mean=0.3, delay=180),
    ),
    required_pipeline=fs.RequiredPipeline(amount=5e5),
    clock=fs.Clock(weekend=["sat", "sun"], quarter_end=fs.QuarterEnd(14, 3)),
)
UNSURE = RICH.replace(
    funnel=fs.Funnel(
        (
            fs.Stage("training", conversion=[0.5, 0.6], time=fs.Gamma(mean=[20, 30], cv=0.6)),
            fs.Stage("meeting", win_probability=0.2, time=fs.Weibull(shape=[1, 2], scale=30)),
            fs.Stage("v1", conversion=[0.8, 0.7], time=fs.Sample([3, 9])),
            fs.Stage("v1.time", conversion=0.9, time=fs.Fixed([10, 20])),
            fs.Stage("proposal", conversion=[0.6, 0.5], time=8),
            fs.Stage("contract", win_probability=1),
        )
    ),
    market=fs.Market(win_rate_correlation=[0.05, 0.1], amount_cv=0.1),
    new_business=fs.NewBusiness(4, amount=100, factor=[0.9, 1.1]),
)
PLAIN = fs.Scenario(
    as_of="2026-12-31", periods=fs.Periods("month", 3), funnel=fs.Funnel.key_account(time=30)
)
EDGES = PLAIN.replace(
    periods=fs.Periods(edges=[0, 30, 90]),
    market=fs.Market(win_rate_swing=0.04),
    new_business=fs.NewBusiness(3, planned=True),
)
SCENARIOS = {"rich": RICH, "unsure": UNSURE, "plain": PLAIN, "edges": EDGES}
FIELDS = {
    (key, name.replace("<id>", deal))
    for key, scenario in SCENARIOS.items()
    for name in input_names(scenario)
    for deal in (scenario.pipeline.ids if "<id>" in name else ("",))
}


def shape(scenario, stage):
    chances = scenario.funnel
    s = chances.names.index(stage)
    return chances.win_probabilities[:, s], chances.conversions[:, s]


@pytest.mark.parametrize(("key", "name"), sorted(FIELDS))
def test_the_value_that_a_field_has_gives_an_equal_scenario(key, name):
    scenario = SCENARIOS[key]
    before = copy.deepcopy(scenario)
    value = value_of(scenario, name)
    assert with_value(scenario, name, value) == scenario
    if isinstance(value, tuple):
        assert with_value(scenario, name, list(value)) == scenario
    assert scenario == before


def test_fields_that_are_set_to_what_they_are_beside_one_that_changes_stay():
    left_out = ("funnel.", "pipeline.", "new_business.amount.m", "new_business.repeat.delay.m")
    fields = {
        name: value_of(RICH, name)
        for key, name in FIELDS
        if key == "rich"
        and not name.startswith(left_out)
        and name != "required_pipeline.amount.mean"
    }
    assert len(fields) > 40
    changed = with_values(RICH, {**fields, "booked": 2e4})
    assert changed == RICH.replace(booked=2e4)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quota", 5e6),
        ("booked", 7.25),
        ("name", "other"),
        ("as_of", dt.date(2026, 12, 1)),
        ("periods.fiscal_year_start", 4),
        ("market.win_rate_correlation", 0.2),
        ("market.win_rate_correlation", (0.1, 0.2)),
        ("market.segment_correlation.region", 0.3),
        ("market.segment_correlation", {"region": 0.2}),
        ("market.persistence", 0.5),
        ("clock.quarter_end.weight", 2.0),
        ("clock.weekend", ("sunday",)),
        ("new_business", None),
        ("new_business.growth", 0.1),
        ("new_business.amount.mean", 5e4),
        ("new_business.amount.p90", 8e4),
        ("new_business.repeat.mean", 0.2),
        ("new_business.repeat.delay.mean", 100.0),
        ("new_business.repeat.amount", fs.Fixed(50)),
        ("required_pipeline.day", 30.0),
        ("required_pipeline.most", 50),
        ("funnel.stages.training.conversion", 0.7),
        ("funnel.stages.meeting.win_probability", 0.3),
        ("funnel.stages.meeting.conversion", (0.3, 0.4)),
        ("funnel.stages.training.time.cv", 0.8),
        ("funnel.stages.training.hours", 3.0),
        ("funnel.stages.meeting.time_if_lost.mean", 4.0),
        ("funnel.stages.v1.time.mean", 40.0),
        ("funnel.stages.v1.time.time.mean", 40.0),
        ("funnel.stages.proposal.time.values", (6.0, 9.0)),
        ("funnel.stages. PROPOSAL .time.mean", 11.0),
        ("pipeline.deals.A1.amount", 70.25),
        ("pipeline.deals.A1.amount.mean", 70.25),
        ("pipeline.deals.B.2.amount.cv", 0.9),
        ("pipeline.deals.B.2.amount", 12.0),
        ("pipeline.deals.C.amount", fs.Exponential(9)),
        ("pipeline.deals.C.2.amount.amount", 70.0),
        ("pipeline.deals.C.win_probability", 0.0),
        ("pipeline.deals.A1.age", 3.5),
        ("pipeline.deals.C.entered", dt.date(2026, 12, 3)),
        ("pipeline.deals.C.close_date", dt.date(2027, 12, 3)),
        ("pipeline.deals.C.stage", "meeting"),
        ("pipeline.deals.C.region", "W"),
    ],
)
def test_a_field_that_is_set_has_its_value(name, value):
    changed = with_value(RICH, name, value)
    found = value_of(changed, name)
    if name == "quota":
        assert changed.quota_cents == value * 100
    elif isinstance(value, float):
        assert found == pytest.approx(value, rel=1e-14)
    else:
        assert found == value
    assert changed != RICH


def test_only_the_field_that_is_set_changes():
    changed = with_value(RICH, "pipeline.deals.A1.win_probability", 0.9)
    assert changed.pipeline.win_probabilities == (0.9, 0.3, None, None)
    assert changed.replace(pipeline=RICH.pipeline) == RICH
    changed = with_value(RICH, "market.cycle_cv", 0.3)
    assert changed.replace(market=RICH.market) == RICH


def test_a_number_keeps_the_profile_of_a_list():
    assert value_of(with_value(RICH, "new_business.per_period", 4), "new_business.per_period") == (
        2.0, 4.0, 6.0, 4.0,
    )  # fmt: skip
    given = with_value(RICH, "new_business.per_period", [1, 1, 1, 1])
    assert given.new_business.per_period == (1.0, 1.0, 1.0, 1.0)


@given(st.integers(100, 10**12))
def test_quota_keeps_its_profile_to_the_cent(cents):
    changed = with_value(RICH, "quota", cents / 100)
    assert changed.quota_cents == round(cents / 100 * 100)
    shares = np.array(changed.quota) / (cents / 100)
    np.testing.assert_allclose(shares, np.array(RICH.quota) / 3.3e6, atol=2 / cents)


def test_a_profile_of_zeros_cannot_be_kept():
    idle = with_value(RICH, "new_business.per_period", [0, 0, 0, 0])
    with pytest.raises(fs.InputError, match="all its numbers are 0: give a list"):
        with_value(idle, "new_business.per_period", 3)


@pytest.mark.parametrize("scenario", [RICH, UNSURE], ids=["certain", "draws"])
@pytest.mark.parametrize("stage", [stage.name for stage in STAGES[:-1]])
class TestChances:
    def test_setting_a_conversion_keeps_the_others(self, scenario, stage):
        changed = with_value(scenario, f"funnel.stages.{stage}.conversion", 0.85)
        s = scenario.funnel.names.index(stage)
        expected = scenario.funnel.conversions
        expected[:, s] = 0.85
        np.testing.assert_allclose(changed.funnel.conversions, expected, rtol=1e-14)
        later = changed.funnel.stages[s + 1 :]
        assert later == scenario.funnel.stages[s + 1 :]

    def test_setting_a_win_probability_keeps_the_others(self, scenario, stage):
        s = scenario.funnel.names.index(stage)
        expected = scenario.funnel.win_probabilities
        least = expected[:, s - 1].max() if s else 0.01
        value = 0.5 * (least + expected[:, s + 1].min())
        if least > expected[:, s + 1].min():
            with pytest.raises(fs.InputError):  # it is not between the neighbours of all draws
                with_value(scenario, f"funnel.stages.{stage}.win_probability", value)
            return
        changed = with_value(scenario, f"funnel.stages.{stage}.win_probability", value)
        expected[:, s] = value
        np.testing.assert_allclose(changed.funnel.win_probabilities, expected, rtol=1e-14)

    def test_draws_are_taken(self, scenario, stage):
        name = f"funnel.stages.{stage}.win_probability"
        wins = np.broadcast_to(value_of(scenario, name), 2)
        moved = tuple((wins * (1 + 1e-6)).tolist())
        np.testing.assert_allclose(value_of(with_value(scenario, name, moved), name), moved)


@settings(max_examples=60)
@given(
    st.permutations(
        [
            ("funnel.stages.meeting.win_probability", 0.15),
            ("funnel.stages.v1.conversion", 0.9),
            ("funnel.stages.v1.time.win_probability", 0.6),
            ("funnel.stages.proposal.win_probability", 0.7),
            ("funnel.stages.training.conversion", 0.3),
            ("funnel.stages.v1.time.time.low", 70),
            ("funnel.stages.v1.time.time.mode", 80),
            ("funnel.stages.v1.time.time.high", 90),
            ("new_business", fs.NewBusiness(3)),
            ("new_business.amount", {"gamma": {"mean": 3, "cv": 1}}),
            ("new_business.amount.mean", 4),
            ("periods.count", 2),
            ("quota", [10, 20]),
        ]
    )
)
def test_all_values_that_are_set_together_hold_whatever_the_order(items):
    changed = with_values(RICH, dict(items))
    for name, value in items:
        if name.startswith("funnel") or "mean" in name:
            assert value_of(changed, name) == pytest.approx(value, rel=1e-14)
    assert changed.new_business.amount == fs.Gamma(mean=4, cv=1)
    assert changed.quota == (10.0, 20.0)
    assert changed == with_values(RICH, dict(sorted(items)))


def test_edges_replace_a_calendar():
    changed = with_value(PLAIN, "periods.edges", [0, 10, 20])
    assert changed.periods == fs.Periods(edges=[0, 10, 20])
    with pytest.raises(fs.InputError, match=r"periods\.count must be left out where edges"):
        with_value(EDGES, "periods.count", 5)


def test_an_age_replaces_the_day_of_entry_and_back():
    assert value_of(RICH, "pipeline.deals.A1.age") == 30.0
    aged = with_value(RICH, "pipeline.deals.A1.age", 12)
    assert (aged.pipeline.ages[0], aged.pipeline.entered[0]) == (12.0, None)
    back = with_value(aged, "pipeline.deals.A1.entered", "2026-12-01")
    assert back == RICH


def test_many_deals_at_once():
    amounts = {f"pipeline.deals.{name}.amount": 7 for name in DEALS.ids}
    assert with_values(RICH, amounts).pipeline.amounts == (700,) * 4


def test_amounts_are_currency_units_to_the_cent():
    odd = with_value(RICH, "pipeline.deals.C.amount", "45035996273704.97")
    assert odd.pipeline.amounts[3] == 4503599627370497
    name = "pipeline.deals.C.amount"
    copied = with_value(RICH, name, value_of(odd, name))
    assert copied.pipeline.amounts == odd.pipeline.amounts


def test_means_of_draws_move_each_by_its_own_factor_or_become_one():
    name = "funnel.stages.meeting.time.mean"
    means = value_of(UNSURE, name)
    assert len(means) == 2
    doubled = with_value(UNSURE, name, [2 * one for one in means])
    assert doubled.funnel.stages[1].time == fs.Weibull(shape=[1, 2], scale=[60, 60])
    level = with_value(UNSURE, name, 10)
    np.testing.assert_allclose(value_of(level, name), [10, 10], rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("quotta", 1, "did you mean 'quota'"),
        ("winrate", 1, "did you mean 'funnel.win_rate'"),
        ("funnel.winrate", 1, "did you mean 'funnel.win_rate'"),
        ("funnel.stages.propsal.time.mean", 1, "did you mean 'funnel.stages.proposal.time.mean'"),
        ("funnel.stages.propsal.time.mean", 1, "known after 'funnel.stages': training, meeting"),
        ("funnel.stages.proposal", 1, "known after 'funnel.stages.proposal': win_probability"),
        ("funnel.stages.meeting.time.cv", 1, "known after 'funnel.stages.meeting.time': shape, sc"),
        ("funnel.stages.contract.time.mean", 1, "contract.time must be stated, to have 'mean'"),
        ("pipeline.deals.A2.amount", 1, "did you mean 'pipeline.deals.A1.amount'"),
        ("pipeline.deals.A1.amont", 1, "did you mean 'pipeline.deals.A1.amount'"),
        ("pipeline.deals", 1, "known after 'pipeline.deals': A1, B.2"),
        ("market.segment_correlation.regio", 0.1, "mean 'market.segment_correlation.region'"),
        ("market.cycle_vc", 0.1, "did you mean 'market.cycle_cv'"),
        ("quota.x", 1, "it is 'quota' alone"),
        ("", 1, "name of a field must be a text"),
        (3, 1, "name of a field must be a text"),
        ("quota", -1, "^quota must be a finite number above 0, got -1"),
        ("booked", True, "^booked must be"),
        ("periods.count", 5, "periods.count: quota must have one number for each of the 5 periods"),
        ("funnel.stages.v1.conversion", 2, r"v1\.conversion: conversion of stage 'v1' must"),
        ("funnel.stages.v1.win_probability", 0.1, "be at most that of the next stage, 0.1"),
        ("funnel.stages.v1.time.mean", 0, "stages.v1.time.mean must be a finite number above 0"),
        ("funnel.stages.v1.time.mean", float("nan"), "v1.time.mean must be a finite number"),
        ("funnel.stages.v1.time.time.low", 50, "stages.v1.time.time.low: .* of pert"),
        ("funnel.stages.training.time", {"gama": {}}, "did you mean 'gamma'"),
        ("pipeline.deals.A1.stage", "x", "pipeline.deals.A1.stage must be a stage of the funnel"),
        ("pipeline.deals.A1.win_probability", 50, "A1.win_probability must be in .0, 1., got 50"),
        ("pipeline.deals.A1.entered", "2027-01-05", "A1.entered must not be after as_of"),
        ("pipeline.deals.A1.currency", "EUR", "A1.currency must be that of the scenario, CNY"),
        ("market.segment_correlation.region", 0.97, "must add up to less than 1"),
        ("market.win_rate_swing", 0.04, "win_rate_correlation or win_rate_swing, not both"),
    ],
)  # fmt: skip
def test_what_cannot_be_set_is_refused(name, value, message):
    with pytest.raises(fs.InputError, match=message):
        with_value(RICH, name, value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("new_business.per_period", "new_business must be stated.*set new_business first"),
        ("new_business.amount.mean", "new_business must be stated.*NewBusiness"),
        ("required_pipeline.day", "required_pipeline must be stated.*set required_pipeline first"),
        ("clock.quarter_end.weight", "quarter_end must be stated.*QuarterEnd"),
        ("funnel.stages.proposal.time_if_lost.mean", "the time of a loss is that of going on"),
    ],
)
def test_a_field_of_what_is_not_there_is_refused_with_a_remedy(name, message):
    for asked in (lambda: value_of(PLAIN, name), lambda: with_value(PLAIN, name, 1)):
        with pytest.raises(fs.InputError, match=message):
            asked()


def test_what_is_not_there_can_be_set_with_its_fields():
    values = {"new_business.repeat.mean": 0.4, "new_business": RICH.new_business, "quota": None}
    changed = with_values(PLAIN.replace(periods=RICH.periods), values)
    assert changed.new_business.repeat.mean == 0.4


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"funnel.stages.v1.time.time.low": 1, "funnel.stages.V1.TIME.time.low": 2}, "each once"),
        (
            {"funnel.stages.v1.conversion": 0.5, "funnel.stages.v1.win_probability": 0.4},
            "either a win_probability or a conversion",
        ),
        (
            {"funnel.stages.meeting.time.mean": 5, "funnel.stages.meeting.time.scale": 4},
            "be scaled by one name",
        ),
    ],
)
def test_two_names_for_the_same_are_refused(values, message):
    with pytest.raises(fs.InputError, match=message):
        with_values(RICH, values)


def test_bad_rows_that_are_skipped_do_not_drop_a_deal():
    lenient = fs.Pipeline.from_frame({"stage": ["v1"], "amount": [1]}, on_bad_rows="skip")
    scenario = RICH.replace(pipeline=lenient, market=fs.Market())
    with pytest.raises(fs.InputError, match=r"deals\.1\.stage must be a stage of the funnel"):
        with_value(scenario, "pipeline.deals.1.stage", "gone")


def test_an_infinite_mean_is_not_scaled():
    wild = with_value(RICH, "new_business.amount", fs.Pareto(alpha=0.9, low=10))
    with pytest.raises(fs.InputError, match="with a mean above 0 and finite"):
        with_value(wild, "new_business.amount.mean", 30)


def test_errors_of_names_cross_processes():
    with pytest.raises(fs.InputError) as caught:
        value_of(RICH, "quotta")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_names_list_what_can_be_set_here():
    rich, edges = input_names(RICH), input_names(EDGES)
    assert len(rich) == len(set(rich))
    assert "pipeline.deals.<id>.region" in rich
    assert not [name for name in rich if "A1" in name]
    assert "market.win_rate_correlation" in rich
    assert "market.win_rate_swing" not in rich
    assert "market.win_rate_swing" in edges
    assert not {"market.win_rate_correlation", "periods.count", "new_business.growth"} & set(edges)
    assert [name for name in rich if "contract" in name] == ["funnel.stages.contract.hours"]
    assert not [name for name in input_names(PLAIN) if name.startswith("new_business.")]


NUMERIC = [
    (key, name)
    for key, name in sorted(FIELDS)
    if isinstance(value_of(SCENARIOS[key], name), int | float)
    and not isinstance(value_of(SCENARIOS[key], name), bool)
]


@pytest.mark.parametrize(("key", "name"), NUMERIC)
def test_a_number_lies_in_its_interval_and_ends_are_right(key, name):
    scenario = SCENARIOS[key]
    found, value = interval(scenario, name), value_of(scenario, name)
    assert bounds(scenario, name) == (found.low, found.high)
    assert value in found
    for end in (found.low, found.high):
        step = 1 if is_whole(name) else 1e-6 + 1e-6 * abs(end)
        if np.isfinite(end):
            with pytest.raises(fs.InputError):
                with_value(scenario, name, end + (step if end == found.high else -step))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("funnel.stages.meeting.time", "it has funnel.stages.meeting.time.shape"),
        ("market", "be a field that is one number"),
        ("name", "be a field that is one number"),
        ("quotta", "did you mean 'quota'"),
    ],
)
def test_what_is_no_number_has_no_interval(name, message):
    with pytest.raises(fs.InputError, match=message):
        interval(RICH, name)


def test_whole_numbers():
    assert is_whole("pipeline.extra_deals.meeting")
    assert is_whole("periods.count")
    assert not is_whole("new_business.per_period")
    assert is_whole("new_business.per_period", EDGES)
    assert not is_whole("new_business.per_period", RICH)
