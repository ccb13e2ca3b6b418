"""Scenarios side by side: names, differences, tables and text."""

import json
import math

import pytest

import funnelsim as fs
from funnelsim.planning.compare import compare
from funnelsim.planning.paired import differences
from tests.oracles.compare import Comparison as Compared
from tests.oracles.compare import assert_agreement
from tests.plans import STAGES, UNIT, UNITS, Exact, plan

FEW = {"paths": 300}
MORE = {"stages": (*STAGES, "negotiation"), "units": (*UNITS, 2)}


def cases():
    return [plan(name="base"), plan(name="more", **MORE), plan(name="less", stages=STAGES[1:],
                                                               units=UNITS[1:])]  # fmt: skip


@pytest.mark.compiled
def test_answers_and_differences_agree_with_exact_laws():
    found = compare(cases(), paths=65_536)
    exact = [Exact(), Exact(**MORE), Exact(stages=STAGES[1:], units=UNITS[1:])]

    compared = []
    for name, ours, change, truth in zip(
        found.names, found.answers, found.differences, exact, strict=True
    ):
        pairs = [("attainment", truth.attainment, truth.attainment - exact[0].attainment),
                 ("mean", truth.mean, truth.mean - exact[0].mean),
                 ("wins", truth.wins, truth.wins - exact[0].wins)]  # fmt: skip
        for answer, value, rise in pairs:
            for estimate, right in ((getattr(ours, answer), value),
                                    (getattr(change, answer), rise)):  # fmt: skip
                compared.append(Compared(f"{name} {answer}", estimate.value,
                                         estimate.standard_error, right))  # fmt: skip
        assert ours.p50.value == truth.quantile(0.5)
    assert_agreement(compared)


def test_each_forecast_is_that_of_simulate():
    found = compare(cases(), **FEW, seed=3)

    for scenario, forecast in zip(cases(), found.forecasts, strict=True):
        alone = fs.simulate(scenario, paths=300, seed=3)
        assert (forecast.bookings == alone.bookings).all()
        assert forecast.record == alone.record


@pytest.mark.parametrize("baseline", [1, "more"])
def test_another_baseline(baseline):
    found = compare(cases(), **FEW, baseline=baseline)

    assert found.baseline == "more"
    assert found.differences[1].attainment == fs.Estimate.exact(0.0)
    assert found.differences[0] == differences(found.forecasts[0], found.forecasts[1])


def test_names_are_made_to_differ():
    found = compare([plan(), plan(name=""), plan(), plan()], **FEW)

    assert found.names == ("plan", "scenario 2", "plan (2)", "plan (3)")


def test_a_mapping_brings_its_names():
    found = compare({"a": plan(), "b": plan(quota=5)}, **FEW)

    assert (found.names, found.baseline) == (("a", "b"), "a")
    assert found.changed == ((), ("quota",))


def test_what_differs_is_named():
    other = plan(market=fs.Market(win_rate_correlation=0.1), quota=5, name="other")

    assert compare([plan(), other], **FEW).changed[1] == ("quota", "market")


def test_the_dict_is_json():
    answer = json.loads(json.dumps(compare(cases(), **FEW).to_dict(), allow_nan=False))

    assert list(answer) == [
        "funnelsim", "format", "seed", "paths", "currency", "baseline", "scenarios"
    ]  # fmt: skip
    assert (answer["seed"], answer["paths"], answer["baseline"]) == (1, 300, "base")
    first, second, _ = answer["scenarios"]
    forecast = fs.simulate(cases()[1], **FEW).to_dict(activities=False)
    assert second["bookings"] == forecast["bookings"]
    assert second["attainment_probability"] == forecast["attainment_probability"]
    assert set(second["differences"]["attainment_probability"]) == {
        "value", "standard_error", "low", "high"
    }  # fmt: skip
    assert set(second["differences"]["bookings"]) == {"mean", "quantiles"}
    assert first["changed"] == []


def test_without_a_quota_there_is_no_attainment():
    found = compare([plan(quota=None), plan()], **FEW)
    bare, with_quota = found.to_dict()["scenarios"]

    assert bare["attainment_probability"] is None
    assert with_quota["attainment_probability"] is not None
    assert with_quota["differences"]["attainment_probability"] is None
    frame = found.to_frame(backend="pandas")
    assert math.isnan(frame["attainment_probability"][0])
    assert math.isnan(frame["quota"][0])
    assert frame["attainment_probability"][1] == with_quota["attainment_probability"]["value"]
    assert frame["difference_attainment_probability"].isna().all()


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_the_frame_is_tidy(backend):
    found = compare(cases(), **FEW)
    columns = found.to_frame(backend=backend)
    names = list(columns.column_names if backend == "pyarrow" else columns.columns)

    assert names[:4] == ["scenario", "quota", "booked", "attainment_probability"]
    assert {"bookings_mean", "bookings_mean_standard_error", "bookings_sd", "bookings_p10_low",
            "wins_mean", "difference_attainment_probability_high",
            "difference_bookings_p90_standard_error"} <= set(names)  # fmt: skip
    assert len(columns) == 3


def test_names_of_columns_are_those_of_a_forecast():
    found = compare(cases(), **FEW).to_frame(backend="pandas")
    forecast = fs.simulate(cases()[0], **FEW).to_frame(backend="pandas")

    shared = [name for name in forecast.columns if name.startswith(("bookings_", "attainment"))]
    assert shared
    assert set(shared) <= set(found.columns)
    assert found["bookings_p10_low"][0] == forecast["bookings_p10_low"][0]


def test_the_text_says_what_is_beyond_the_error():
    text = repr(compare([*cases(), plan(name="twin", quota=5.5)], paths=2000))

    assert text.startswith("Comparison with base: 2,000 paths each, seed 1\n")
    assert "more (differs in pipeline)\n  higher: chance to reach the quota, mean bookings" in text
    assert "less (differs in pipeline)\n  lower: chance to reach the quota, mean bookings" in text
    same = "mean bookings, P10 of bookings, P50 of bookings, P90 of bookings, mean wins"
    untold = "not told apart by so many paths: chance to reach the quota"
    assert f"twin (differs in quota)\n  the same on these paths: {same}; {untold}" in text
    assert all(line.isascii() or "±" in line for line in text.splitlines())


def test_progress_goes_over_all_scenarios():
    seen = []
    compare(cases(), **FEW, progress=lambda done, total: seen.append((done, total)))

    assert seen[-1] == (900, 900)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_what_is_raised_in_progress_stops_it():
    def stop(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(cases(), **FEW, progress=stop)


def test_other_periods_may_be_compared():
    months = fs.Periods("month", 2)
    found = compare([plan(), plan(periods=months)], **FEW)

    assert found.changed[1] == ("periods",)
    assert found.differences[1].mean.value <= 0.0


@pytest.mark.parametrize(
    ("scenarios", "sentence"),
    [
        ([], "scenarios must be at least two, got 0"),
        ([plan()], "scenarios must be at least two, got 1; one is for simulate"),
        ([plan(), 3], "scenario 'scenario 2' must be a Scenario, got 3"),
        (3, "scenarios must be a list of Scenario objects, got 3"),
        ("ab", "scenarios must be a list of Scenario objects, got 'ab'"),
        ([plan(), plan(currency="CNY")], "currencies of the scenarios must be the same"),
    ],
)
def test_what_cannot_be_compared_is_refused(scenarios, sentence):
    with pytest.raises(fs.InputError) as caught:
        compare(scenarios)

    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("baseline", "sentence"),
    [
        (2, "baseline must be a whole number of at least 0 and at most 1, got 2"),
        ("bsae", "baseline must be the name of a scenario, got 'bsae'; did you mean 'base'?"),
    ],
)
def test_a_baseline_that_is_not_there_is_refused(baseline, sentence):
    with pytest.raises(fs.InputError) as caught:
        compare([plan(name="base"), plan()], baseline=baseline)

    assert str(caught.value).startswith(sentence)


def test_amounts_in_the_table_are_in_currency_units():
    row = compare(cases(), **FEW).rows()[0]

    assert row["quota"] == 6 * UNIT
    assert row["bookings_mean"] == fs.simulate(cases()[0], **FEW).expected_bookings()
