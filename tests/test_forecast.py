"""A forecast's answers, their shapes, and what is known exactly of each deal."""

import datetime as dt
import json
import math

import numpy as np
import pytest

import funnelsim as fs

AS_OF = dt.date(2026, 12, 31)
EXACT_1 = {"value": 1.0, "standard_error": 0.0, "low": 1.0, "high": 1.0}
ESTIMATE = set(EXACT_1)
DEALS = [
    {"id": "A", "stage": "training", "amount": 1000, "age": 10, "region": "N"},
    {"id": "B", "stage": "proposal", "amount": 500, "age": 40, "region": "S"},
    {"id": "C", "stage": "proposal", "amount": 700, "age": 0, "region": "N",
     "win_probability": 0.9},
    {"id": "D", "stage": "negotiation", "amount": 300, "age": 5, "close_date": "2027-02-10"},
    {"id": "E", "stage": "meeting", "amount": 800, "age": 5, "close_date": "2026-12-01"},
]  # fmt: skip
FUNNEL = fs.Funnel.key_account(time=fs.Gamma(mean=25, cv=0.6), time_if_lost=fs.Gamma(mean=40, cv=1))


def scenario(**changes):
    base = {
        "name": "Test", "currency": "EUR", "as_of": AS_OF, "periods": fs.Periods("month", 4),
        "funnel": FUNNEL, "pipeline": fs.Pipeline.from_deals(DEALS), "quota": 1200, "booked": 200,
    }  # fmt: skip
    return fs.Scenario(**base | changes)


def forecast(paths=2000, **changes):
    return fs.simulate(scenario(**changes), paths=paths, seed=1)


def sure(*closes, **changes):
    """Return a forecast of deals of 100 that are certain to close on these days."""
    rows = [
        {"stage": "training", "amount": 100, "win_probability": 1.0,
         "close_date": AS_OF + dt.timedelta(days=day)}
        for day in closes
    ]  # fmt: skip
    return forecast(100, pipeline=fs.Pipeline.from_deals(rows), **changes)


# The JSON answer


def is_distribution(part):
    assert set(part) == {"mean", "sd", "quantiles"}
    assert set(part["mean"]) == ESTIMATE
    assert isinstance(part["sd"], float)
    assert list(part["quantiles"]) == ["p10", "p50", "p90"]
    assert all(set(one) == ESTIMATE for one in part["quantiles"].values())
    return True


KEYS = [
    "funnelsim", "format", "scenario", "seed", "paths", "currency", "quota", "booked",
    "open_pipeline", "weighted_pipeline", "coverage", "attainment_probability", "bookings", "wins",
    "sources", "attainment_probability_every_period", "periods", "required_pipeline", "activities",
    "warnings",
]  # fmt: skip


def test_the_answer_has_the_keys_and_shapes_that_were_promised():
    answer = forecast(quota=[100, 200, 300, 400]).to_dict()
    assert set(KEYS) <= set(answer)
    assert (answer["funnelsim"], answer["format"]) == (fs.__version__, 1)
    assert (answer["scenario"], answer["currency"]) == ("Test", "EUR")
    assert (answer["seed"], answer["paths"]) == (1, 2000)
    assert (answer["quota"], answer["booked"], answer["open_pipeline"]) == (1000.0, 200.0, 3300.0)
    assert set(answer["attainment_probability"]) == ESTIMATE
    assert set(answer["attainment_probability_every_period"]) == ESTIMATE
    assert is_distribution(answer["bookings"])
    assert is_distribution(answer["wins"])
    assert set(answer["sources"]) == {"booked", "open_pipeline", "new_business"}
    assert answer["sources"]["booked"] == 200.0
    assert is_distribution(answer["sources"]["open_pipeline"])
    assert answer["sources"]["new_business"] is None
    assert [set(one) for one in answer["warnings"]] == [{"code", "count", "ids", "message"}]


def test_the_periods_of_the_answer():
    periods = forecast(quota=[100, 200, 300, 400]).to_dict()["periods"]
    assert [(one["start"], one["end"]) for one in periods] == [
        ("2027-01-01", "2027-01-31"), ("2027-02-01", "2027-02-28"),
        ("2027-03-01", "2027-03-31"), ("2027-04-01", "2027-04-30"),
    ]  # fmt: skip
    assert [one["quota"] for one in periods] == [100.0, 200.0, 300.0, 400.0]
    for one in periods:
        assert set(one["attainment_probability"]) == ESTIMATE
        assert set(one["cumulative_attainment_probability"]) == ESTIMATE
        assert is_distribution(one["bookings"])
        assert is_distribution(one["wins"])
    assert periods[0]["attainment_probability"] == EXACT_1  # 200 are booked already


def test_periods_by_edges_have_day_numbers():
    periods = forecast(periods=fs.Periods(edges=[0, 30, 45.5])).to_dict()["periods"]
    assert [(one["start"], one["end"]) for one in periods] == [(0, 30), (30, 45.5)]


def test_without_a_quota_its_answers_are_null():
    answer = forecast(quota=None).to_dict()
    for key in ("quota", "coverage", "attainment_probability",
                "attainment_probability_every_period"):  # fmt: skip
        assert answer[key] is None
    for period in answer["periods"]:
        assert period["quota"] is None
        assert period["attainment_probability"] is None
        assert period["cumulative_attainment_probability"] is None


def test_one_quota_for_the_horizon_leaves_the_periods_without():
    answer = forecast().to_dict()
    assert answer["quota"] == 1200.0
    assert answer["attainment_probability_every_period"] is None
    for period in answer["periods"]:
        assert period["quota"] is None
        assert period["attainment_probability"] is None
        assert set(period["cumulative_attainment_probability"]) == ESTIMATE


@pytest.mark.parametrize(
    "changes",
    [
        {}, {"quota": None}, {"quota": [1, 2, 3, 4]}, {"pipeline": fs.Pipeline()},
        {"pipeline": fs.Pipeline.from_deals(
            [{"stage": "training", "amount": fs.Pareto(alpha=1, low=5)}])},
        {"periods": fs.Periods(edges=[0, 0.5])}, {"booked": 1e6},
    ],
)  # fmt: skip
@pytest.mark.parametrize("paths", [2, 100])
def test_the_answer_is_json_without_nan(changes, paths):
    answer = forecast(paths, **changes).to_dict()
    text = json.dumps(answer, allow_nan=False)
    assert json.loads(text) == answer


def test_an_infinite_mean_of_an_amount_is_null():
    heavy = fs.Pipeline.from_deals([{"stage": "training", "amount": fs.Pareto(alpha=1, low=5)}])
    found = forecast(pipeline=heavy)
    assert found.open_pipeline == math.inf
    answer = found.to_dict()
    assert answer["open_pipeline"] is answer["weighted_pipeline"] is answer["coverage"] is None
    assert "not finite" in repr(found)


# Bookings, wins, quantiles


def test_bookings_and_wins_by_path_and_period():
    found = sure(1, 31, 32, 59, 200)
    assert found.bookings.tolist() == [[200.0, 200.0, 0.0, 0.0]] * 100
    assert found.wins.tolist() == [[2, 2, 0, 0]] * 100
    assert found.total_bookings.tolist() == [400.0] * 100
    assert found.expected_bookings() == fs.Estimate.exact(400.0)
    assert found.expected_wins() == fs.Estimate.exact(4.0)


def test_quantiles_one_or_several():
    found = forecast()
    low, middle = found.quantile([0.1, 0.5])
    assert found.quantile(0.5) == middle
    assert found.quantile(np.array([0.1, 0.5])) == [low, middle]
    assert found.quantile(np.array(0.1)) == found.quantile(np.float64(0.1)) == low
    assert found.quantile([]) == []
    assert middle.value == np.sort(found.total_bookings)[999]


@pytest.mark.parametrize(
    ("level", "message"),
    [
        (0, "level must be in (0, 1), got 0"),
        (1.0, "level must be in (0, 1), got 1.0"),
        (50, "level must be in (0, 1), got 50"),
        ([0.5, -0.1], "level must be in (0, 1), got -0.1"),
        (math.nan, "level must be in (0, 1), got nan"),
        ("0.5", "level must be in (0, 1), got '0.5'; write a number, without quotes"),
        (None, "level must be in (0, 1), got None"),
    ],
)
def test_wrong_levels(level, message):
    with pytest.raises(fs.InputError) as error:
        forecast(2).quantile(level)
    assert str(error.value) == message


# Attainment


def test_attainment_adds_what_is_booked():
    for booked, expected in [(0, 0.0), (99.99, 0.0), (100, 1.0)]:
        chance = sure(1, quota=200, booked=booked).attainment_probability()
        assert chance.value == expected
        assert chance.standard_error > 0.0  # 100 paths do not make it certain


@pytest.mark.parametrize("booked", [200, 250])
def test_a_quota_already_booked_is_reached_for_certain(booked):
    found = sure(1, quota=200, booked=booked)
    assert found.attainment_probability() == fs.Estimate.exact(1.0)
    assert found.cumulative_attainment() == [fs.Estimate.exact(1.0)] * 4
    assert found.coverage is None


def test_each_period_has_its_own_attainment_and_booked_counts_in_the_first():
    found = sure(32, 60, 61, quota=[200, 200, 200, 50], booked=100)
    assert [one.value for one in found.attainment_by_period()] == [0.0, 0.0, 1.0, 0.0]
    richer = sure(32, 60, 61, quota=[100, 100, 200, 50], booked=150)
    assert richer.attainment_by_period()[0] == fs.Estimate.exact(1.0)
    assert [one.value for one in richer.attainment_by_period()] == [1.0, 1.0, 1.0, 0.0]


def test_cumulative_attainment_of_one_quota_is_to_have_reached_it_by_then():
    found = sure(1, 32, 60, 95, quota=300, booked=50)
    assert [one.value for one in found.cumulative_attainment()] == [0.0, 0.0, 1.0, 1.0]


def test_cumulative_attainment_of_quotas_is_their_sum_so_far():
    found = sure(1, 32, 33, 95, quota=[150, 50, 150, 150], booked=20)
    # 120 of 150, 320 of 200, 320 of 350, 420 of 500
    assert [one.value for one in found.cumulative_attainment()] == [0.0, 1.0, 0.0, 0.0]


def test_every_period_must_reach_its_own():
    each = sure(1, 32, 60, 95, quota=[100, 100, 100, 100])
    assert each.attainment_every_period().value == 1.0
    short = sure(1, 32, 60, 95, quota=[100, 100, 100, 101])
    assert short.attainment_every_period().value == 0.0
    lucky = sure(32, 60, 95, quota=[100, 100, 100, 100], booked=100)
    assert lucky.attainment_every_period().value == 1.0


def test_without_quotas_there_is_no_attainment():
    assert forecast(quota=None).cumulative_attainment() is None
    assert forecast(quota=None).attainment_probability() is None
    assert forecast().attainment_by_period() is None
    assert forecast().attainment_every_period() is None


def test_attainment_on_paths_by_hand():
    found = forecast(quota=[300, 400, 500, 100])
    booked = found.bookings + np.array([200, 0, 0, 0])
    reached = booked >= np.array([300, 400, 500, 100])
    assert [one.value for one in found.attainment_by_period()] == reached.mean(axis=0).tolist()
    assert found.attainment_every_period().value == reached.all(axis=1).mean()
    due = np.cumsum([300, 400, 500, 100])
    so_far = (booked.cumsum(axis=1) >= due).mean(axis=0).tolist()
    assert [one.value for one in found.cumulative_attainment()] == so_far
    assert found.attainment_probability().value == so_far[-1]


def test_huge_quotas_of_many_periods_add_up():
    count = 2000
    days = fs.Periods("day", count)
    found = forecast(2, periods=days, quota=[9e13] * count, pipeline=fs.Pipeline())
    assert found.cumulative_attainment()[-1].value == 0.0


# Pipeline figures


def test_the_pipeline_in_figures_by_hand():
    found = forecast()
    assert found.open_pipeline == 1000 + 500 + 700 + 300 + 800
    # ages and close dates are ignored, a judgement replaces the stage's percentage
    weighted = 0.1 * 1000 + 0.5 * 500 + 0.9 * 700 + 0.8 * 300 + 0.2 * 800
    assert found.weighted_pipeline == pytest.approx(weighted)
    assert found.coverage == pytest.approx(3300 / (1200 - 200))


def test_an_amount_with_a_spread_counts_with_its_mean():
    deals = [{"stage": "proposal", "amount": fs.Exponential(400)}]
    found = forecast(pipeline=fs.Pipeline.from_deals(deals))
    assert (found.open_pipeline, found.weighted_pipeline) == (400.0, 200.0)


def test_draws_of_conversions_count_with_their_mean():
    funnel = fs.Funnel(
        [fs.Stage("training", conversion=(0.2, 0.4), time=5), fs.Stage("won", win_probability=1)]
    )
    deals = fs.Pipeline.from_deals([{"stage": "training", "amount": 1000}])
    assert forecast(funnel=funnel, pipeline=deals).weighted_pipeline == pytest.approx(300)


def test_an_empty_pipeline():
    for booked, chance in [(0, 0.0), (1200, 1.0)]:
        found = forecast(pipeline=fs.Pipeline(), booked=booked)
        assert found.expected_bookings() == fs.Estimate.exact(0.0)
        assert found.attainment_probability().value == chance
        assert (found.open_pipeline, found.weighted_pipeline) == (0.0, 0.0)
        assert found.coverage == (0.0 if booked == 0 else None)
        assert found.wins.sum() == 0
        assert [one.code for one in found.warnings] == ["no-deals"]
        assert found.deals()["id"] == []
        assert len(found.to_frame("deals", backend="pandas")) == 0
        assert "0" in repr(found)
        assert "<table>" in found._repr_html_()


def test_an_empty_pipeline_under_every_factor():
    market = fs.Market(win_rate_correlation=0.1, cycle_cv=0.2, amount_cv=0.1,
                       segment_correlation={"region": 0.1})  # fmt: skip
    assert forecast(pipeline=fs.Pipeline(), market=market).bookings.sum() == 0.0


def test_the_answers_of_a_forecast_cannot_be_changed_by_accident():
    found = forecast(10)
    before = found.to_dict()
    found.bookings[:] = 0.0
    found.wins[:] = 0
    found.total_bookings[:] = 0.0
    assert found.to_dict() == before
