"""Answers of working capacity: what adds up, what is known exactly, and what is said."""

import math

import numpy as np
import pytest

import funnelsim as fs
from funnelsim import answers
from funnelsim._waits import quantile_of_waits
from tests.oracles.compare import Comparison, assert_agreement

PATHS = 2048


@pytest.fixture(scope="module")
def plan():
    """Two reps who are short of hours, and engineers who are not."""
    return fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("quarter", 4),
        quota=4_000_000,
        funnel=fs.Funnel.key_account(time=fs.Gamma(mean=30, cv=0.6)),
        new_business=fs.NewBusiness(60, 300_000),
        clock=fs.Clock(weekend=["saturday", "sunday"]),
        team=fs.Team(
            [fs.Role("rep"), fs.Role("engineer")],
            [fs.Rep("rep", count=2), fs.Rep("engineer", count=4)],
            work={
                "training": fs.Work(20),
                "proposal": fs.Work(fs.Gamma(mean=30, cv=0.5), "engineer"),
            },
        ),
    )


@pytest.fixture(scope="module")
def found(plan):
    return fs.simulate(plan, paths=PATHS).capacity()


@pytest.mark.compiled
def test_the_bookings_are_the_forecasts(plan, found):
    forecast = fs.simulate(plan, paths=PATHS)
    assert found.bookings().value == pytest.approx(forecast.bookings.sum(axis=1).mean())
    assert found.attainment_probability() == forecast.attainment_probability()


@pytest.mark.compiled
def test_what_is_lost_is_the_difference_on_the_same_draws(plan, found):
    free = fs.simulate(plan.replace(team=None), paths=PATHS)
    with_time = plan.team.__class__(
        plan.team.roles,
        [fs.Rep("rep", count=150), fs.Rep("engineer", count=150)],
        work=plan.team.work,
    )
    enough = fs.simulate(plan.replace(team=with_time), paths=PATHS)
    assert found.unlimited_bookings().value == pytest.approx(enough.bookings.sum(axis=1).mean())
    assert found.lost().value == pytest.approx(
        found.unlimited_bookings().value - found.bookings().value
    )
    assert found.lost().standard_error < found.bookings().standard_error
    assert found.lost_attainment().value == pytest.approx(
        found.unlimited_attainment_probability().value - found.attainment_probability().value
    )
    # the folded kernel has other draws of new business, but the same law
    one, other = found.unlimited_bookings(), answers.mean(free._total, 100)
    error = math.hypot(one.standard_error, other.standard_error)
    assert_agreement([Comparison("unlimited", one.value, error, other.value)])


@pytest.mark.compiled
def test_the_bottleneck_is_who_lacks_hours(found):
    assert found.bottleneck() == "rep"
    assert found.utilisation("rep").value > 0.95
    assert found.utilisation("engineer").value < 0.5
    assert found.in_words().startswith("the bottleneck is rep: 9")
    assert [one.stage for one in found.waits()] == ["training", "proposal"]
    training, proposal = found.waits()
    assert training.mean.value > 10.0
    assert proposal.mean.value < 1.0
    assert training.p90.low <= training.p90.value <= training.p90.high
    assert found.backlog("training", 3).value > found.backlog("training", 0).value


@pytest.mark.compiled
def test_hours_worked_are_those_of_the_deals(found):
    """In the first stage, 20 hours each: done, but for what is still worked on at the end."""
    hours = found.utilisation("rep").value * 2 * 40 * 365 / 7
    begun = found.waits()[0].deals.value
    assert 20 * (begun - 2) < hours < 20 * begun


@pytest.mark.compiled
def test_utilisation_where_hours_suffice_is_the_load():
    """Deals created at 1 a day, of 6 hours each, on 10 hours a day: six tenths."""
    scenario = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods(edges=[0, 100, 200]),
        funnel=fs.Funnel.from_counts("2-1", time=0),
        new_business=fs.NewBusiness(100),
        team=fs.Team(
            [fs.Role("rep", hours_per_week=70)],
            [fs.Rep("rep")],
            work={"stage 1": fs.Gamma(mean=6, cv=1)},
        ),
    )
    found = fs.simulate(scenario, paths=PATHS).capacity()
    used = found.utilisation("rep", 1)
    assert_agreement([Comparison("load", used.value, used.standard_error, 0.6)])


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda one: one.backlog("nope", 0), "stage must be a stage with work"),
        (lambda one: one.backlog("meeting", 0), "stage must be a stage with work"),
        (lambda one: one.backlog("training", 4), "period must be"),
        (lambda one: one.backlog("training", -1), "period must be"),
        (lambda one: one.utilisation("rep", 9), "period must be"),
        (lambda one: one.utilisation("rep", 1.5), "period must be"),
        (lambda one: one.utilisation("boss"), "role must be a role of the team"),
    ],
)
def test_what_there_is_not_is_refused(found, ask, told):
    with pytest.raises(fs.InputError, match=told):
        ask(found)


@pytest.mark.compiled
def test_a_role_that_nobody_fills_is_the_bottleneck():
    scenario = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("quarter", 2),
        funnel=fs.Funnel.key_account(time=10),
        new_business=fs.NewBusiness(30),
        team=fs.Team(
            [fs.Role("rep"), fs.Role("engineer")],
            [fs.Rep("rep", count=9), fs.Rep("engineer", count=9, leave="2027-03-31")],
            work={"training": 2, "meeting": fs.Work(2, "engineer")},
        ),
    )
    found = fs.simulate(scenario, paths=256).capacity()
    waiting = found.backlog("Meeting", 1).value
    assert waiting > 5
    words = found.in_words()
    assert words.startswith("the bottleneck is engineer: ")
    assert "nobody is there in 1 of 2 periods" in words
    assert words.endswith(f"at the end {waiting:.4g} wait")


@pytest.mark.compiled
def test_text_table_and_record_say_the_same(plan, found):
    text, table, record = repr(found), found.to_frame(backend="pandas"), found.to_dict()
    assert text.startswith(f"Working capacity, mean over 2,048 paths: {found.in_words()}")
    assert "if nobody had to wait" in text
    assert list(table["stage"]) == ["training"] * 4 + ["proposal"] * 4
    first = table.iloc[0]
    assert first["backlog"] == found.backlog("training", 0).value
    assert first["utilisation"] == found.utilisation("rep", 0).value
    assert record["bottleneck"] == "rep"
    assert record["stages"][0]["mean"] == found.waits()[0].mean.to_dict()
    assert len(record["roles"][1]["periods"]) == len(plan.windows)
    assert first["days_standard_error"] > 0.0
    weighted = (table["days"] * table["deals"])[:4].sum() / table["deals"][:4].sum()
    assert weighted == pytest.approx(found.waits()[0].mean.value)


def test_quantiles_of_counted_waits():
    """2,000 waits of 10, 20, ..., by second up to 64 seconds and within 3 % beyond."""
    rng = np.random.default_rng(1)
    days = rng.exponential(4.0, size=(64, 4000))
    counts = np.zeros((64, 864), np.int64)
    for row, waits in zip(counts, np.floor(days * 86_400).astype(np.int64), strict=True):
        power = np.floor(np.log2(np.maximum(waits, 1))).astype(np.int64)
        step = (waits - 2**power) * 32 // 2**power
        np.add.at(row, np.where(waits < 64, waits, 64 + (power - 6) * 32 + step), 1)
    found = quantile_of_waits(counts, 0.9)
    wanted = np.quantile(days, 0.9)
    assert found.value == pytest.approx(wanted, rel=2e-3)
    assert found.low < wanted < found.high
    assert found.standard_error == pytest.approx(4.0 * np.sqrt(0.9 / 0.1 / days.size), rel=0.4)
    assert quantile_of_waits(np.zeros((64, 864), np.int64), 0.9) is None


def test_capacity_is_asked_where_there_is_work(plan):
    bare = fs.simulate(plan.replace(team=None), paths=64)
    with pytest.raises(fs.InputError, match="capacity must be asked where stages take hours"):
        bare.capacity()


@pytest.mark.compiled
def test_nobody_waits_for_an_idle_team():
    scenario = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("month", 2),
        funnel=fs.Funnel.key_account(time=30),
        pipeline=fs.Pipeline.from_deals([{"stage": "training", "amount": 1}]),
        team=fs.Team([fs.Role("rep")], [fs.Rep("rep")], work={"meeting": 2}),
    )
    found = fs.simulate(scenario, paths=64).capacity()
    assert found.bottleneck() is None
    assert found.in_words().startswith("nobody is a bottleneck: no deal waits")
    assert found.lost().value == 0.0
    assert found.attainment_probability() is None
    assert found.waits()[0].p90.value == 0.0
