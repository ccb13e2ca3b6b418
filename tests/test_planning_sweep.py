"""Answers on a grid: its order, its tables, and what is refused before anything is simulated."""

import json
import math

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.planning import sweep as module
from funnelsim.planning.fields import with_values
from funnelsim.planning.paired import differences
from funnelsim.planning.sweep import sweep
from tests.oracles.compare import Comparison as Compared
from tests.oracles.compare import assert_agreement
from tests.plans import CHANCES, QUOTA, STAGES, UNIT, Exact, plan

FEW = {"paths": 300}
GRID = {"quota": [5.0 * UNIT, 6.0 * UNIT], "market.win_rate_correlation": [0.0, 0.05, 0.1]}


def test_the_grid_is_in_the_order_of_its_inputs():
    found = sweep(plan(), GRID, **FEW)

    assert found.inputs == tuple(GRID)
    assert [row.inputs for row in found.combinations] == [
        (quota, rho) for quota in GRID["quota"] for rho in GRID["market.win_rate_correlation"]
    ]


def test_each_row_is_the_forecast_of_its_scenario():
    found = sweep(plan(), GRID, paths=300, seed=4)
    before = fs.simulate(plan(), paths=300, seed=4)

    for row in found.combinations:
        scenario = with_values(plan(), dict(zip(GRID, row.inputs, strict=True)))
        forecast = fs.simulate(scenario, paths=300, seed=4)
        change = differences(forecast, before)
        assert row.answers.attainment == forecast.attainment_probability()
        assert row.answers.p90 == forecast.quantile(0.9)
        assert (row.attainment_change, row.mean_change) == (change.attainment, change.mean)


@pytest.mark.compiled
def test_rows_agree_with_exact_laws():
    chances = [0.3, 0.4, 0.6]
    name = "pipeline.deals.3.win_probability"
    found = sweep(plan(), {name: chances, "quota": [UNIT * one for one in (4, 6)]}, paths=32_768)
    base = Exact().attainment

    compared = []
    for row in found.combinations:
        won = [CHANCES[stage] for stage in STAGES]
        won[2] = row.inputs[0]
        exact = Exact(chances=won, quota=row.inputs[1] / UNIT)
        for what, estimate, truth in (
            ("chance", row.answers.attainment, exact.attainment),
            ("mean", row.answers.mean, exact.mean),
            ("wins", row.answers.wins, exact.wins),
            ("change", row.attainment_change, exact.attainment - base),
            ("change of the mean", row.mean_change, exact.mean - Exact().mean),
        ):
            label = f"{what} at {row.inputs}"
            compared.append(Compared(label, estimate.value, estimate.standard_error, truth))
    assert_agreement(compared)


def test_zipped_values_belong_together():
    found = sweep(plan(), {"quota": [4e5, 5e5], "booked": [0, 1e5]}, zipped=True, **FEW)

    assert [row.inputs for row in found.combinations] == [(4e5, 0), (5e5, 1e5)]


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_the_frame_has_a_row_for_each_combination(backend):
    found = sweep(plan(), GRID, **FEW).to_frame(backend=backend)
    names = list(found.column_names if backend == "pyarrow" else found.columns)

    assert len(found) == 6
    assert names[:6] == ["quota", "market.win_rate_correlation", "attainment_probability",
                         "attainment_probability_standard_error", "attainment_probability_low",
                         "attainment_probability_high"]  # fmt: skip
    assert {"bookings_mean", "bookings_sd", "bookings_p50_high", "wins_mean_standard_error",
            "difference_attainment_probability_standard_error"} <= set(names)  # fmt: skip


def test_the_dict_is_json():
    answer = json.loads(json.dumps(sweep(plan(), GRID, **FEW).to_dict(), allow_nan=False))

    assert answer["inputs"] == list(GRID)
    assert answer["rows"][1]["inputs"] == {"quota": 5 * UNIT, "market.win_rate_correlation": 0.05}
    forecast = fs.simulate(plan(), **FEW).to_dict(activities=False)
    assert answer["base"]["bookings"] == forecast["bookings"]
    assert set(answer["rows"][0]["differences"]) == {"attainment_probability", "bookings"}


def test_values_that_are_no_numbers_are_shown():
    laws = [fs.Fixed(20), fs.Gamma(mean=20, cv=0.5)]
    found = sweep(plan(), {"funnel.stages.proposal.time": laws}, **FEW)

    frame = found.to_frame(backend="polars")
    assert frame["funnel.stages.proposal.time"].to_list() == [str(law) for law in laws]
    assert json.dumps(found.to_dict())


def test_whole_and_other_numbers_make_a_column_of_floats():
    found = sweep(plan(), {"market.win_rate_correlation": [0, 0.05]}, **FEW)

    assert found.to_frame(backend="polars")["market.win_rate_correlation"].to_list() == [0.0, 0.05]


def test_without_a_quota():
    found = sweep(plan(quota=None), {"market.cycle_cv": [0.0, 0.2]}, **FEW)

    assert found.to_dict()["rows"][0]["attainment_probability"] is None
    assert math.isnan(found.to_frame(backend="pandas")["attainment_probability"][0])
    assert "mean to base" in repr(found)


def test_a_quota_may_be_swept_where_there_is_none():
    found = sweep(plan(quota=None), {"quota": [4e5, 6e5]}, **FEW)

    first, second = (row.answers.attainment.value for row in found.combinations)
    assert first > second
    assert found.combinations[0].attainment_change is None


def test_arrays_and_ranges_are_values():
    found = sweep(plan(), {"quota": np.array([4e5, 5e5]), "booked": range(1, 3)}, **FEW)

    assert [row.inputs for row in found.combinations] == [
        (4e5, 1), (4e5, 2), (5e5, 1), (5e5, 2)
    ]  # fmt: skip


def test_the_text():
    many = {"quota": [UNIT * (1 + k / 10) for k in range(25)]}
    text = repr(sweep(plan(), many, **FEW))

    assert text.startswith("Sweep of quota: 25 rows, 300 paths each, seed 1\n")
    assert "and 5 more: to_frame() has them all" in text
    assert "chance to base" in text


def test_paths_are_not_made_twice(monkeypatch):
    """Quotas vary innermost, whatever the order asked for, so that their paths stay in mind."""
    order = []

    class Noting(module.Runs):
        def forecast(self, scenario):
            order.append(scenario)
            return super().forecast(scenario)

    monkeypatch.setattr(module, "Runs", Noting)
    sweep(plan(), GRID, **FEW)

    correlations = [one.market.win_rate_correlation for one in order[1:]]
    assert correlations == sorted(correlations)


def test_progress_goes_over_all_rows():
    seen = []
    sweep(plan(), GRID, **FEW, progress=lambda done, total: seen.append((done, total)))

    assert seen[-1] == (2100, 2100)


@pytest.mark.parametrize(
    ("inputs", "options", "sentence"),
    [
        ({}, {}, "inputs must map names of fields to values"),
        ([1, 2], {}, "inputs must map names of fields to values"),
        ({"quota": 5}, {}, "values of 'quota' must be a list, got 5; such as [5]"),
        ({"quota": "5"}, {}, "values of 'quota' must be a list"),
        ({"quota": []}, {}, "values of 'quota' must hold at least one"),
        ({"quota": [1.0, 2.0], "booked": [1]}, {"zipped": True},
         "values of the inputs must be equally many"),
    ],
)  # fmt: skip
def test_wrong_inputs_are_refused(inputs, options, sentence):
    with pytest.raises(fs.InputError) as caught:
        sweep(plan(), inputs, **options)

    assert str(caught.value).startswith(sentence)


def test_a_wrong_combination_is_named_before_anything_is_simulated(monkeypatch):
    def never(*_args, **_kwargs):
        raise AssertionError

    monkeypatch.setattr(module, "Runs", never)
    with pytest.raises(fs.InputError) as caught:
        sweep(plan(), {"quota": [QUOTA], "market.win_rate_correlation": [0.1, 1.5]})

    message = str(caught.value)
    assert message.startswith("quota = 6, market.win_rate_correlation = 1.5: ")
    assert "win_rate_correlation must be in [0, 1), got 1.5" in message


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(fs.InputError, match=r"market\.win_rate_correlation"):
        sweep(plan(), {"market.win_rate_corelation": [0.1]})
