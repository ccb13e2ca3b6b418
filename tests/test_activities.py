"""The activities of a forecast: counts, peaks, dates and hours."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

import funnelsim as fs

pytestmark = pytest.mark.compiled  # tens of thousands of paths

METHOD = fs.Scenario(
    as_of="2026-12-31",
    periods=fs.Periods(edges=list(range(0, 510, 30))),
    funnel=fs.Funnel.from_counts("6-5-3-3-2-1", time=30),
    new_business=fs.NewBusiness([6] * 10 + [0] * 6, planned=True),
)


@pytest.fixture(scope="module")
def method():
    return fs.simulate(METHOD, paths=256).activities(paths=65_536)


def test_the_random_peak_is_above_the_peak_of_the_mean(method):
    assert method.paths == 65_536
    assert method.peak_of_mean == pytest.approx(20.0, abs=0.05)
    mean = method.peak_mean()
    assert abs(mean.value - 22.272) < 4.5 * mean.standard_error
    assert method.peak_quantile(0.9).value == 25


def test_means_are_those_of_the_plan_on_paper(method):
    per_cohort = np.array([6, 5, 3, 3, 2, 1])
    expected = np.zeros((6, 16))
    for start in range(10):
        expected[np.arange(6), start + np.arange(6)] += per_cohort
    means = method.entering.mean(axis=2)
    error = method.entering.std(axis=2) / np.sqrt(method.paths)
    assert (np.abs(means - expected) <= 5.5 * error + 1e-9).all()  # 96 comparisons
    assert (method.standing[:, -1] == 0).all()


def test_what_enters_less_what_leaves_is_what_stands():
    deals = fs.Pipeline.from_frame({"stage": ["meeting"] * 5, "amount": [1] * 5})
    scenario = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("month", 6),
        funnel=fs.Funnel.key_account(time=fs.Exponential(mean=40)),
        pipeline=deals,
        new_business=fs.NewBusiness(3, 10),
    )
    work = fs.simulate(scenario, paths=2048).activities()
    first = np.cumsum(work.entering[0], axis=0)
    assert (work.standing[0] <= first).all()
    assert (np.diff(work.standing[-1], axis=0) <= work.entering[-2][1:]).all()
    assert work.entering[0].mean() == pytest.approx(3, abs=0.1)
    assert (work.load == work.entering.sum(axis=0)).all()


def test_dates_of_wins_of_a_sure_deal():
    funnel = fs.Funnel.from_percentages(["deal", "won"], [1.0, 1.0], time=45)
    deals = fs.Pipeline.from_frame({"stage": ["deal"], "amount": [1]})
    scenario = fs.Scenario(
        as_of="2026-12-31", periods=fs.Periods("month", 3), funnel=funnel, pipeline=deals
    )
    work = fs.simulate(scenario, paths=128).activities()
    dates = work.win_dates()
    day = dt.date(2027, 2, 14)
    assert dates[0] == {"win": 1, "p10": day, "p50": day, "p90": day}
    assert dates[1] == {"win": 2, "p10": None, "p50": None, "p90": None}
    assert len(dates) == 10


def test_hours_fall_where_a_stage_is_entered():
    funnel = fs.Funnel.from_percentages(["a", "b", "won"], [1.0, 1.0, 1.0], time=40, hours=[2.5, 6])
    scenario = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods(edges=[0, 30, 60, 90]),
        funnel=funnel,
        new_business=fs.NewBusiness([4, 0, 0], planned=True),
    )
    hours = fs.simulate(scenario, paths=128).activities().hours()
    means = [one["mean"]["value"] for one in hours]
    assert means[0] == 10.0
    assert means[1] + means[2] == pytest.approx(24.0)
    plain = scenario.replace(funnel=fs.Funnel.key_account(time=30))
    assert fs.simulate(plain, paths=128).activities().hours() is None


def test_the_answer_holds_them_and_the_page_does_not_wait_for_them():
    scenario = METHOD.replace(quota=100, new_business=fs.NewBusiness(6, 10))
    forecast = fs.simulate(scenario, paths=1000)
    answer = json.loads(json.dumps(forecast.to_dict(), allow_nan=False))
    work = answer["activities"]
    assert work["stages"] == list(scenario.funnel.names)
    assert len(work["entering"]) == 6
    assert len(work["entering"][0]) == 16
    assert set(work["entering"][0][0]) == {"mean", "sd", "quantiles"}
    assert work["paths"] == 1000
    assert forecast.to_dict(activities=False)["activities"] is None
    frame = forecast.activities().to_frame(backend="pandas")
    assert len(frame) == 6 * 16
    text = repr(forecast.activities())
    assert "training" in text
    assert "by chance" in text


def test_threads_change_nothing():
    one = fs.simulate(METHOD, paths=6000, threads=1).activities()
    two = fs.simulate(METHOD, paths=6000, threads=2).activities()
    assert (one.entering == two.entering).all()
    assert one.to_dict() == two.to_dict()


def test_too_few_paths_are_refused():
    with pytest.raises(fs.InputError, match="paths"):
        fs.simulate(METHOD, paths=64).activities(paths=1)
