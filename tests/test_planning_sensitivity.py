"""One input at a time: swings against exact laws, the usual inputs, tables and text."""

import json

import pytest

import funnelsim as fs
from funnelsim.planning.paired import differences
from funnelsim.planning.sensitivity import sensitivity
from tests.oracles.compare import Comparison as Compared
from tests.oracles.compare import assert_agreement
from tests.plans import CHANCES, STAGES, UNIT, UNITS, Exact, plan

FEW = {"paths": 300}
INPUTS = {"quota": (5.0 * UNIT, 7.0 * UNIT), "pipeline.deals.2.win_probability": (0.3, 0.6)}


def rich(**changes):
    business = fs.NewBusiness(per_period=3, amount=UNIT)
    market = fs.Market(win_rate_correlation=0.05, cycle_cv=0.2)
    return plan(**{"new_business": business, "market": market, "booked": 1000.0} | changes)


@pytest.mark.compiled
def test_the_tornado_agrees_with_exact_laws():
    found = sensitivity(plan(), INPUTS, paths=65_536)
    exact = {}
    for name, values in INPUTS.items():
        laws = []
        for value in values:
            won = [CHANCES[stage] for stage in STAGES]
            won[1] = value if name != "quota" else won[1]
            laws.append(Exact(chances=won, quota=value / UNIT if name == "quota" else 6))
        exact[name] = [law.attainment for law in laws]

    compared = []
    for one in found.swings:
        low, high = exact[one.input]
        for what, estimate, truth in (
            ("at low", one.answers_low.attainment, low),
            ("at high", one.answers_high.attainment, high),
            ("change to low", one.change_low.attainment, low - Exact().attainment),
            ("change to high", one.change_high.attainment, high - Exact().attainment),
            ("swing", one.swing, high - low),
        ):
            label = f"{one.input} {what}"
            compared.append(Compared(label, estimate.value, estimate.standard_error, truth))
    assert_agreement(compared)
    assert [one.input for one in found.swings] == ["quota", "pipeline.deals.2.win_probability"]


@pytest.mark.compiled
def test_the_order_of_mean_bookings_is_exact():
    """Each deal's chance moves by 0.1: the means move with the amounts, and that is the order."""
    names = [f"pipeline.deals.{k}.win_probability" for k in range(1, 7)]
    pairs = {
        name: (CHANCES[stage] - 0.05, CHANCES[stage] + 0.05)
        for name, stage in zip(names, STAGES, strict=True)
    }
    found = sensitivity(plan(), pairs, answer="mean", paths=65_536)

    amount = dict(zip(names, UNITS, strict=True))
    assert_agreement(
        Compared(one.input, one.swing.value, one.swing.standard_error,
                 0.1 * UNIT * amount[one.input])
        for one in found.swings
    )  # fmt: skip
    sizes = [amount[one.input] for one in found.swings]
    assert sizes == sorted(sizes, reverse=True)


def test_swings_are_paired_differences():
    found = sensitivity(plan(), {"quota": (5e5, 7e5)}, **FEW, answer="p50", seed=3).swings[0]
    ends = [fs.simulate(plan(quota=quota), paths=300, seed=3) for quota in (5, 7)]
    before = fs.simulate(plan(), paths=300, seed=3)

    assert found.swing == differences(ends[1], ends[0]).p50
    assert found.change_low == differences(ends[0], before)
    assert found.answers_high.attainment == ends[1].attainment_probability()


def test_rows_are_in_order_of_the_size_of_their_swing():
    found = sensitivity(rich(), **FEW)

    sizes = [abs(one.swing.value) for one in found.swings]
    assert sizes == sorted(sizes, reverse=True)


def test_the_usual_inputs_are_those_that_the_scenario_has():
    assert {one.input for one in sensitivity(plan(), **FEW).swings} == {
        "funnel.win_rate", "funnel.cycle_time", "pipeline.amount", "quota"
    }  # fmt: skip
    assert {one.input for one in sensitivity(rich(), **FEW).swings} == {
        "funnel.win_rate", "funnel.cycle_time", "pipeline.amount", "quota",
        "new_business.per_period", "new_business.amount.mean", "market.win_rate_correlation",
        "market.cycle_cv",
    }  # fmt: skip


def test_a_list_of_numbers_is_scaled_one_by_one():
    business = fs.NewBusiness(per_period=[1.0, 3.0], amount=UNIT)
    scenario = plan(periods=fs.Periods("month", 2), new_business=business)

    found = sensitivity(scenario, ["new_business.per_period"], by=0.5, **FEW).swings[0]

    assert (found.low, found.high) == ((0.5, 1.5), (1.5, 4.5))


def test_a_usual_input_that_cannot_be_varied_is_left_out_and_said():
    funnel = fs.Funnel.from_percentages(["first", "won"], [0.95, 1.0], time=10)
    found = sensitivity(plan(funnel=funnel, stages=["first"], units=[3], quota=2), **FEW)

    assert "funnel.win_rate" not in {one.input for one in found.swings}
    assert len(found.notes) == 1
    assert found.notes[0].startswith("funnel.win_rate is left out: funnel.win_rate must be")
    assert found.notes[0] in repr(found)


def test_the_answer_is_attainment_if_there_is_a_quota():
    assert sensitivity(plan(), ["quota"], **FEW).answer == "attainment"
    assert sensitivity(plan(quota=None), ["pipeline.amount"], **FEW).answer == "mean"


@pytest.mark.parametrize("answer", ["attainment", "mean", "p10", "p50", "p90", "wins"])
def test_every_answer_has_a_table_and_a_text(answer):
    found = sensitivity(plan(), ["pipeline.amount", "funnel.win_rate"], answer=answer, **FEW)

    json.dumps(found.to_dict(), allow_nan=False)
    frame = found.to_frame(backend="pandas")
    assert list(frame.columns[:3]) == ["input", "low", "high"]
    assert {"swing", "swing_standard_error", "difference_at_low_low"} <= set(frame.columns)
    assert repr(found).startswith("Sensitivity of the ")


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_values_of_several_kinds_make_a_column_of_texts(backend):
    business = fs.NewBusiness(per_period=[1.0, 3.0], amount=UNIT)
    scenario = plan(periods=fs.Periods("month", 2), new_business=business)
    found = sensitivity(scenario, ["new_business.per_period", "quota"], by=0.5, **FEW)

    column = found.to_frame(backend=backend)["low"]

    values = column.to_pylist() if backend == "pyarrow" else column.to_list()
    assert sorted(values) == ["(0.5, 1.5)", "300000.0"]


def test_bars_point_to_where_the_answer_goes():
    text = repr(sensitivity(plan(), INPUTS, paths=2000))
    quota = next(line for line in text.splitlines() if line.startswith("quota"))

    bar = quota.split("  ")[-1].strip()
    assert set(bar) == {"-", "|", "+"}
    assert max(bar.count("-"), bar.count("+")) == 15
    assert "Swings are in percentage points" in text


def test_a_swing_that_is_noise_is_said():
    text = repr(sensitivity(plan(), {"quota": (5.6e5, 5.7e5)}, paths=2000))

    assert "Not told from 0 by so many paths: quota." in text


def test_progress_goes_over_all_runs():
    seen = []
    sensitivity(plan(), INPUTS, **FEW, progress=lambda done, total: seen.append((done, total)))

    assert seen[-1] == (1500, 1500)


@pytest.mark.parametrize(
    ("inputs", "options", "sentence"),
    [
        ("quota", {}, "inputs must be a list of names, or map names to (low, high)"),
        ([], {}, "inputs must hold at least one"),
        ({"quota": 5}, {}, "values of 'quota' must be a pair of a low and a high value, got 5"),
        (["currency"], {}, "currency must be a number, to be varied, got 'EUR'"),
        (["booked"], {}, "booked must not be 0, to be varied by a share"),
        (["quota"], {"by": 1.0}, "by must be in (0, 1), got 1.0; 10 % is given as 0.1"),
        (["quota"], {"answer": "median"}, "answer must be a known name, got 'median'"),
        ({"market.win_rate_correlation": (0, 2)}, {}, "market.win_rate_correlation"),
    ],
)
def test_wrong_inputs_are_refused(inputs, options, sentence):
    with pytest.raises(fs.InputError) as caught:
        sensitivity(plan(), inputs, **FEW, **options)

    assert str(caught.value).startswith(sentence)


def test_attainment_needs_a_quota():
    with pytest.raises(fs.InputError, match="quota must be given for the chance to reach it"):
        sensitivity(plan(quota=None), ["pipeline.amount"], answer="attainment")
