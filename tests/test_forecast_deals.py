"""What is known exactly of each deal; segments, and dataframes of the answers."""

import datetime as dt
import math

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import funnelsim as fs
from tests.oracles.compare import Comparison, assert_agreement, estimate_from_paths
from tests.test_forecast import AS_OF, DEALS, forecast

# Deals

MARKETS = {
    "plain": fs.Market(),
    "all factors": fs.Market(win_rate_correlation=0.2, cycle_cv=0.5, amount_cv=0.3,
                             segment_correlation={"region": 0.2}),
    "draws": fs.Market(win_rate_correlation=(0.1, 0.3), cycle_cv=(0.0, 0.6)),
}  # fmt: skip


@pytest.mark.compiled
@pytest.mark.parametrize("market", MARKETS)
def test_chances_of_deals_agree_with_the_paths(market):
    compared = []
    for row in DEALS:
        alone = forecast(
            1 << 14,
            market=MARKETS[market],
            pipeline=fs.Pipeline.from_deals([{"region": "W"} | row]),
        )
        table = alone.deals()
        names = [name for name in table if name.startswith("won_")]
        for k, name in enumerate(names):
            value, error = estimate_from_paths(alone.wins[:, k])
            if table[name][0] > 0.003:  # else too rare for 64 replicates
                compared.append(Comparison(f"{row['id']} {name}", value, error, table[name][0]))
        whole = sum(table[name][0] for name in names)
        value, error = estimate_from_paths(alone.wins.sum(axis=1))
        compared.append(Comparison(row["id"], value, error, whole))
        assert whole <= table["win_probability"][0] + 1e-9
    assert len(compared) > 12
    assert_agreement(compared)


def test_the_table_of_deals():
    table = forecast().deals()
    assert list(table) == [
        "id", "stage", "amount", "age", "win_probability", "won_by_2027-01-31",
        "won_2027-02-01_to_2027-02-28", "won_2027-03-01_to_2027-03-31",
        "won_2027-04-01_to_2027-04-30", "expected_close",
    ]  # fmt: skip
    assert table["id"] == ["A", "B", "C", "D", "E"]
    assert table["stage"] == ["training", "proposal", "proposal", "negotiation", "meeting"]
    assert table["amount"] == [1000.0, 500.0, 700.0, 300.0, 800.0]
    assert table["age"] == [10.0, 40.0, 0.0, 5.0, 5.0]
    assert table["win_probability"][2] == 0.9
    assert table["won_by_2027-01-31"][3] == 0.0
    assert table["won_2027-02-01_to_2027-02-28"][3] == table["win_probability"][3]
    assert table["expected_close"][3] == dt.date(2027, 2, 10)


def test_the_chance_given_the_age():
    forward, lost = fs.Gamma(mean=25, cv=0.6), fs.Gamma(mean=40, cv=1)
    odds = 0.625 / 0.375 * forward.sf(40) / lost.sf(40)
    expected = odds / (1 + odds) * 0.8
    assert forecast().deals()["win_probability"][1] == pytest.approx(float(expected), rel=1e-12)


def one_deal(time, clock=None, **deal):
    funnel = fs.Funnel.from_percentages(["training", "won"], [0.5, 1], time=time)
    row = {"stage": "training", "amount": 1, **deal}
    found = forecast(2, funnel=funnel, pipeline=fs.Pipeline.from_deals([row]),
                     clock=clock or fs.Clock())  # fmt: skip
    return found.deals()["expected_close"][0]


@pytest.mark.parametrize(
    ("time", "deal", "expected"),
    [
        (30, {}, dt.date(2027, 1, 30)),
        (30, {"age": 10}, dt.date(2027, 1, 20)),
        (30, {"age": 10.5}, dt.date(2027, 1, 20)),  # 19.5 days: in the course of day 20
        (30, {"age": 30}, AS_OF),  # older than its time allows: goes on at once
        (fs.Gamma(mean=30, cv=0.6), {}, dt.date(2027, 1, 30)),
        (fs.Exponential(30), {"age": 1000}, dt.date(2027, 1, 30)),
        (fs.Discrete([10, 20], [0.5, 0.5]), {}, dt.date(2027, 1, 15)),
        (fs.Discrete([10, 20], [0.5, 0.5]), {"age": 12}, dt.date(2027, 1, 8)),
        (fs.Pareto(alpha=2, low=10), {"age": 40}, dt.date(2027, 2, 9)),
        (fs.Pareto(alpha=1.161, low=10), {}, dt.date(2027, 3, 14)),
        (fs.Pareto(alpha=1, low=10), {}, None),
        (fs.Pareto(alpha=1, low=10), {"close_date": "2027-05-01"}, dt.date(2027, 5, 1)),
        (30, {"close_date": "2027-05-01", "age": 10}, dt.date(2027, 5, 1)),
        (30, {"close_date": "2026-05-01"}, dt.date(2027, 1, 30)),
        (1e7, {}, None),  # after the year 9999
    ],
)
def test_expected_close_dates(time, deal, expected):
    assert one_deal(time, **deal) == expected


def test_expected_close_dates_on_a_clock():
    """The mean is a time on the clock; the date is that of the day on which it gets there."""
    weekend = fs.Clock(weekend=("saturday", "sunday"))
    elapsed = weekend.elapsed(AS_OF, [14.0])[0]
    assert one_deal(float(elapsed), weekend) == AS_OF + dt.timedelta(days=14)
    day = weekend.day(AS_OF, [10.0])[0]
    assert one_deal(10, weekend) == AS_OF + dt.timedelta(days=math.ceil(day - 1e-6))


def test_expected_close_dates_over_draws():
    assert one_deal(fs.Fixed([10, 20])) == AS_OF + dt.timedelta(days=15)


# Segments and frames


def test_segments_have_no_quota_and_nothing_booked():
    parts = forecast(quota=[100, 200, 300, 400]).by("region")
    assert list(parts) == ["(none)", "N", "S"]
    for part in parts.values():
        assert part.scenario.quota is None
        assert part.scenario.booked == 0.0
        assert (part.record.paths, part.record.seed) == (2000, 1)
    assert parts["N"].deals()["id"] == ["A", "C"]


def test_an_unknown_segment_offers_what_exists():
    with pytest.raises(fs.InputError) as error:
        forecast(2).by("regoin")
    assert str(error.value) == (
        "segment must be a segment of the pipeline, got 'regoin'; did you mean 'region'? "
        "known: region"
    )


KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.Table}


def columns_of(frame):
    if isinstance(frame, pa.Table):
        return frame.to_pydict()
    return {name: frame[name].to_list() for name in frame.columns}


@pytest.mark.parametrize("backend", KINDS)
def test_frames_of_the_periods(backend):
    found = forecast(quota=[100, 200, 300, 400])
    frame = found.to_frame(backend=backend)
    assert type(frame) is KINDS[backend]
    columns = columns_of(frame)
    assert columns["start"] == ["2027-01-01", "2027-02-01", "2027-03-01", "2027-04-01"]
    assert columns["quota"] == [100.0, 200.0, 300.0, 400.0]
    periods = found.to_dict()["periods"]
    assert columns["bookings_mean"] == [one["bookings"]["mean"]["value"] for one in periods]
    assert columns["bookings_p90"] == [
        one["bookings"]["quantiles"]["p90"]["value"] for one in periods
    ]
    assert columns["attainment_probability_standard_error"] == [
        one["attainment_probability"]["standard_error"] for one in periods
    ]


@pytest.mark.parametrize("backend", KINDS)
def test_frames_of_the_deals(backend):
    heavy = fs.Pareto(alpha=1, low=10)
    found = forecast(funnel=fs.Funnel.key_account(time=[30, 30, 30, 30, heavy]))
    frame = found.to_frame("deals", backend=backend)
    assert type(frame) is KINDS[backend]
    columns, table = columns_of(frame), found.deals()
    assert list(columns) == list(table)
    assert columns["win_probability"] == table["win_probability"]
    closes = [None if pd.isna(day) else day for day in columns["expected_close"]]
    assert table["expected_close"][0] is None
    assert [day and dt.date(day.year, day.month, day.day) for day in closes] == table[
        "expected_close"
    ]


def test_without_a_quota_its_columns_are_empty():
    columns = columns_of(forecast(quota=None).to_frame(backend="polars"))
    assert all(math.isnan(one) for one in columns["attainment_probability"])


def test_the_first_library_found_makes_the_frame():
    assert type(forecast(2).to_frame()) is pd.DataFrame


def test_an_unknown_table_or_library():
    with pytest.raises(fs.InputError) as error:
        forecast(2).to_frame("deal")
    assert str(error.value) == (
        "table must be a table of the forecast, got 'deal'; did you mean 'deals'? "
        "known: periods, deals"
    )
    with pytest.raises(fs.InputError, match="known: pandas, polars, pyarrow"):
        forecast(2).to_frame(backend="panda")


def test_a_stated_chance_comes_back_as_it_was_stated():
    """Where age tells nothing, 0.45 is not 0.44999999999999996."""
    stages = ["training", "meeting", "consulting", "proposal", "negotiation"]
    scenario = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("year", 1),
        funnel=fs.Funnel.key_account(time=fs.Exponential(30)),
        pipeline=fs.Pipeline.from_frame({"stage": stages, "amount": [1] * 5}),
    )
    deals = fs.simulate(scenario, paths=2).deals()
    assert deals["win_probability"] == [0.10, 0.20, 0.45, 0.50, 0.80]
