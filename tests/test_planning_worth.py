"""What one more deal, a day and a point are worth: against exact laws; tables and notes."""

import json

import pytest
from scipy.special import expit, logit

import funnelsim as fs
from funnelsim.planning.fields import with_value
from funnelsim.planning.paired import differences
from funnelsim.planning.worth import value_of_changes
from tests.oracles.compare import Comparison as Compared
from tests.oracles.compare import assert_agreement
from tests.plans import CHANCES, STAGES, UNIT, UNITS, Exact, plan

FEW = {"paths": 300}
FIRST = 0.10


def by_input(found):
    return {one.input: one for one in found.changes}


@pytest.mark.compiled
def test_gains_agree_with_exact_laws():
    """An extra deal has the mean amount of its stage, else of all deals: given as 2 units."""
    scenario = plan(required_pipeline=fs.RequiredPipeline(amount=2.0 * UNIT))
    found = value_of_changes(scenario, paths=65_536)

    base = Exact()
    moved = logit(FIRST + 0.01) - logit(FIRST)
    exact = {
        f"pipeline.extra_deals.{stage}": Exact(stages=(*STAGES, stage), units=(*UNITS, 2))
        for stage in CHANCES
    }
    exact["funnel.win_rate"] = Exact(
        chances=[expit(logit(CHANCES[stage]) + moved) for stage in STAGES]
    )
    compared = []
    for name, one in by_input(found).items():
        law = exact.get(name, base)  # all deals close in time: a day off the cycle does nothing
        for what, estimate, truth in (
            ("chance", one.gain.attainment, law.attainment - base.attainment),
            ("mean", one.gain.mean, law.mean - base.mean),
            ("wins", one.gain.wins, law.wins - base.wins),
        ):
            label = f"{name} {what}"
            compared.append(Compared(label, estimate.value, estimate.standard_error, truth))
    assert len(compared) == 21
    assert_agreement(compared)


def test_gains_are_paired_differences():
    found = by_input(value_of_changes(plan(), paths=300, seed=7))
    before = fs.simulate(plan(), paths=300, seed=7)

    for name, value in (("pipeline.extra_deals.proposal", 1), ("funnel.cycle_time", 49.0),
                        ("funnel.win_rate", 0.11)):  # fmt: skip
        after = fs.simulate(with_value(plan(), name, value), paths=300, seed=7)
        assert found[name].after == value
        assert found[name].gain == differences(after, before)


@pytest.mark.compiled
def test_a_day_off_the_cycle_is_worth_something_where_time_is_short():
    """A deal is won on day 30 by its close date, or by its stages; the quarter ends in between."""
    deals = {"periods": fs.Periods("quarter", 1), "funnel": fs.Funnel.key_account(
        time=fs.Gamma(mean=30, cv=0.5))}  # fmt: skip

    gain = by_input(value_of_changes(plan(**deals), paths=20_000))["funnel.cycle_time"].gain

    assert gain.mean.low > 0.0
    assert gain.attainment.low > 0.0


def test_changes_that_cannot_be_made_are_left_out_and_said():
    funnel = fs.Funnel.from_percentages(["first", "won"], [0.995, 1.0], time=1)
    found = value_of_changes(plan(funnel=funnel, stages=["first"], units=[3], quota=2), **FEW)

    assert list(by_input(found)) == ["pipeline.extra_deals.first"]
    assert len(found.notes) == 3
    assert found.notes[0].startswith("one day off the cycle is left out: funnel.cycle_time must")
    assert found.notes[1].startswith("one point of win rate is left out: funnel.win_rate must")
    assert all(f"note: {note}" in repr(found) for note in found.notes)


def test_an_extra_deal_without_a_known_amount_is_left_out():
    found = value_of_changes(plan(stages=[], units=[]), **FEW)

    assert list(by_input(found)) == ["funnel.cycle_time", "funnel.win_rate"]
    assert "amount of an extra deal must be known" in found.notes[0]


def test_where_nothing_can_be_changed_there_is_only_the_base():
    funnel = fs.Funnel.from_percentages(["first", "won"], [1.0, 1.0], time=1)
    found = value_of_changes(plan(funnel=funnel, stages=[], units=[]), **FEW)

    assert found.changes == ()
    assert json.dumps(found.to_dict())
    assert "as it is" in repr(found)


def test_one_more_on_top_of_those_there_are():
    scenario = with_value(plan(), "pipeline.extra_deals.proposal", 2)
    found = by_input(value_of_changes(scenario, **FEW))["pipeline.extra_deals.proposal"]

    assert (found.before, found.after) == (2, 3)


def test_the_dict_is_json():
    answer = json.loads(json.dumps(value_of_changes(plan(), **FEW).to_dict(), allow_nan=False))

    assert [one["change"] for one in answer["changes"]] == [
        *(f"one more deal in {stage}" for stage in CHANCES),
        "one day off the cycle",
        "one point of win rate",
    ]
    assert set(answer["changes"][0]["differences"]) == {
        "attainment_probability",
        "bookings",
        "wins",
    }
    assert answer["base"]["bookings"] == fs.simulate(plan(), **FEW).to_dict()["bookings"]


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_the_frame_has_a_row_for_each_change(backend):
    frame = value_of_changes(plan(), **FEW).to_frame(backend=backend)
    names = list(frame.column_names if backend == "pyarrow" else frame.columns)

    assert len(frame) == 7
    assert names[:5] == ["change", "input", "before", "after", "difference_attainment_probability"]
    assert "difference_bookings_p10_standard_error" in names


def test_without_a_quota_money_is_left():
    found = value_of_changes(plan(quota=None), **FEW)

    assert all(one.gain.attainment is None for one in found.changes)
    assert found.to_dict()["changes"][0]["differences"]["attainment_probability"] is None
    row = next(line for line in repr(found).splitlines() if line.startswith("one more deal in pro"))
    assert row.split()[5] == "-"


def day_off(**changes):
    """Return the cells of the line of a day off the cycle."""
    lines = repr(value_of_changes(plan(**changes), paths=2000)).splitlines()
    assert lines[0] == "plan, what changes are worth: 2,000 paths each, seed 1"
    return next(line for line in lines if line.startswith("one day off")).split()[5:]


def test_the_text_tells_what_is_exact_from_what_is_not_told():
    """Fixed times end in time for certain; others nearly so, and no path has one that does not."""
    nearly = fs.Funnel.key_account(time=fs.Gamma(mean=30, cv=0.6))

    assert day_off() == ["+0.00", "±", "0", "0", "±", "0", "0", "±", "0"]
    assert day_off(funnel=nearly)[:3] == ["+0.000", "±", "0.05*"]


def test_progress_goes_over_all_runs():
    seen = []
    value_of_changes(plan(), **FEW, progress=lambda done, total: seen.append((done, total)))

    assert seen[-1] == (2400, 2400)
