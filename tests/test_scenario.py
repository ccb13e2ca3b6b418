"""One complete set of assumptions, checked together when it is made."""

import datetime as dt
import math
import pickle

import numpy as np
import pandas as pd
import pytest

import funnelsim as fs

FUNNEL = fs.Funnel.key_account(time=30)
DEALS = fs.Pipeline.from_frame(
    {"stage": ["Training", "proposal"], "amount": [1000.5, 2000], "region": ["N", "S"]}
)
TOGETHER = "draw number d of every uncertain parameter belongs together"
MOST = "90,071,992,547,409"


def scenario(**changes):
    base = {
        "as_of": "2026-12-31", "periods": fs.Periods("quarter", 3), "funnel": FUNNEL,
        "pipeline": DEALS,
    }  # fmt: skip
    return fs.Scenario(**base | changes)


def test_what_is_not_given_is_off():
    bare = fs.Scenario(as_of="2026-12-31", periods=fs.Periods("month", 1), funnel=FUNNEL)
    assert (bare.name, bare.currency, bare.quota, bare.booked) == ("", "", None, 0.0)
    assert (len(bare.pipeline), bare.market, bare.clock) == (0, fs.Market(), fs.Clock())
    assert (bare.quota_cents, bare.period_quota_cents, bare.booked_cents) == (None, None, 0)


@pytest.mark.parametrize(
    "as_of", ["2026-12-31", dt.date(2026, 12, 31), pd.Timestamp("2026-12-31 18:00")]
)
def test_the_day_may_be_written_in_any_way(as_of):
    assert scenario(as_of=as_of).as_of == dt.date(2026, 12, 31)


def test_the_windows_follow_the_day():
    windows = scenario(as_of="2027-01-10").windows
    assert [(w.lo, w.hi) for w in windows] == [(0, 80), (80, 171), (171, 263)]
    assert windows[0].start == dt.date(2027, 1, 11)


def test_stages_of_the_pipeline_are_spelled_as_in_the_funnel():
    assert scenario().pipeline.stages == ("training", "proposal")


def test_a_quota_for_the_horizon():
    whole = scenario(quota=3_000_000.29, booked=0.1)
    assert whole.quota == 3_000_000.29
    assert (whole.quota_cents, whole.period_quota_cents, whole.booked_cents) == (
        300_000_029, None, 10,
    )  # fmt: skip


@pytest.mark.parametrize(
    "quota", [[1, 2.5, 3], (1, 2.5, 3), np.array([1, 2.5, 3]), pd.Series([1, 2.5, 3])]
)
def test_a_quota_for_each_period(quota):
    parts = scenario(quota=quota)
    assert parts.quota == (1.0, 2.5, 3.0)
    assert parts.period_quota_cents == (100, 250, 300)
    assert parts.quota_cents == 650


def test_draws_of_the_funnel_and_the_market_belong_together():
    unsure = fs.Funnel.key_account(time=fs.Exponential([20, 30]))
    assert scenario(funnel=unsure, market=fs.Market(cycle_cv=(0.1, 0.2))).draws == 2
    assert scenario(market=fs.Market(cycle_cv=(0.1, 0.2, 0.3))).draws == 3


def test_scenarios_are_values():
    one, two = scenario(quota=[1, 2, 3]), scenario(quota=[1, 2, 3])
    assert one == two
    assert hash(one) == hash(two)
    again = pickle.loads(pickle.dumps(one))
    assert again == one
    assert again != scenario(quota=[1, 2, 4])


def test_some_fields_replaced():
    base = scenario(quota=[1, 2, 3], name="base")
    other = base.replace(quota=7, market=fs.Market(cycle_cv=0.2))
    assert (other.quota, other.market.cycle_cv, other.name) == (7.0, 0.2, "base")
    assert base.quota == (1.0, 2.0, 3.0)
    assert other.replace(quota=[1, 2, 3], market=fs.Market()) == base


def test_what_is_replaced_is_checked_anew():
    with pytest.raises(fs.InputError, match="for each of the 2 periods, got 3"):
        scenario(quota=[1, 2, 3]).replace(periods=fs.Periods("quarter", 2))


def test_a_segment_of_the_market_need_not_exist_where_there_are_no_deals():
    market = fs.Market(segment_correlation={"region": 0.1})
    assert len(scenario(pipeline=fs.Pipeline(), market=market).pipeline) == 0


UNSURE = fs.Funnel.from_percentages(
    FUNNEL.names, FUNNEL.win_probabilities[0], time=fs.Exponential([20, 30])
)
PERIOD_QUOTA = "or one number for the whole horizon"
WRONG = [
    ({"name": None}, "name must be a text, got None"),
    ({"currency": 5}, "currency must be a text, got 5"),
    (
        {"as_of": "2026-02-30"},
        "as_of must be a date, got '2026-02-30'; write the date as 2026-12-31",
    ),
    (
        {"as_of": "31.12.2026"},
        "as_of must be a date, got '31.12.2026'; write the date as 2026-12-31",
    ),
    ({"as_of": 20261231}, "as_of must be a date, got 20261231; write the date as 2026-12-31"),
    ({"as_of": None}, "as_of must be a date, got None; write the date as 2026-12-31"),
    ({"periods": 12}, "periods must be a Periods, got 12"),
    ({"periods": "month"}, "periods must be a Periods, got 'month'"),
    ({"funnel": "6-5-3-3-2-1"}, "funnel must be a Funnel, got '6-5-3-3-2-1'"),
    ({"pipeline": None}, "pipeline must be a Pipeline, got None"),
    ({"market": 0.05}, "market must be a Market, got 0.05"),
    ({"clock": None}, "clock must be a Clock, got None"),
    ({"quota": 0}, "quota must be a finite number above 0, got 0"),
    ({"quota": -5}, "quota must be a finite number above 0, got -5"),
    ({"quota": math.nan}, "quota must be a finite number above 0, got nan"),
    ({"quota": math.inf}, "quota must be a finite number above 0, got inf"),
    (
        {"quota": True},
        "quota must be a finite number above 0, got True; write a number, without quotes",
    ),
    (
        {"quota": "5"},
        "quota must be a finite number above 0, got '5'; write a number, without quotes",
    ),
    ({"quota": 1e14}, f"quota must be below {MOST}, got 100000000000000.0"),
    ({"quota": 0.004}, "quota must be at least a cent, got 0.004"),
    ({"quota": []}, f"quota must have one number for each of the 3 periods, got 0; {PERIOD_QUOTA}"),
    (
        {"quota": [1, 2]},
        f"quota must have one number for each of the 3 periods, got 2; {PERIOD_QUOTA}",
    ),
    ({"quota": [1, 0, 2]}, "quota of period 2 must be a finite number above 0, got 0"),
    ({"booked": -1}, "booked must be a finite number of at least 0, got -1"),
    ({"booked": None}, "booked must be a finite number of at least 0, got None"),
    ({"booked": 1e14}, f"booked must be below {MOST}, got 100000000000000.0"),
    (
        {"funnel": UNSURE, "market": fs.Market(cycle_cv=(0.1, 0.2, 0.3))},
        f"the market must hold as many draws as the funnel (2), got 3; {TOGETHER}",
    ),
    (
        {"market": fs.Market(segment_correlation={"regoin": 0.1})},
        (
            "segment must be a segment of the pipeline, got 'regoin'; did you mean 'region'? "
            "known: region"
        ),
    ),
    (
        {"market": fs.Market(win_rate_swing=0.29)},
        (
            "win_rate_swing must be below 0.285, got 0.29; a win rate of 0.1 cannot swing as far "
            "as that"
        ),
    ),
    (
        {"market": fs.Market(win_rate_swing=0.04, segment_correlation={"region": 0.96})},
        (
            "the common and the segments' win rate correlations must add up to less than 1, got "
            "1.009895"
        ),
    ),
    (
        {
            "pipeline": fs.Pipeline.from_deals(
                [{"id": "A", "stage": "proposal", "amount": fs.Exponential([1, 2])}]
            )
        },
        (
            "amount of deal 'A' must be certain or one distribution; a deal's amount takes no sets "
            "of draws"
        ),
    ),
    (
        {"as_of": "9999-12-01"},
        (
            "periods.count must let the last period end by 9999-12-31, got 3; ask for fewer or "
            "shorter periods"
        ),
    ),
]


@pytest.mark.parametrize(("changes", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_input_says_what_would_be_right(changes, message):
    with pytest.raises(fs.InputError) as error:
        scenario(**changes)
    assert str(error.value) == message


def test_deals_that_do_not_fit_are_named_by_row():
    deals = fs.Pipeline.from_frame(
        {"stage": ["porposal", "contract"], "amount": [1, 2], "entered": ["2026-01-01"] * 2}
    )
    with pytest.raises(fs.RowsError) as error:
        scenario(pipeline=deals)
    assert str(error.value).splitlines()[1:3] == [
        (
            "  row 1: stage must be a stage of the funnel, got 'porposal'; did you mean "
            "'proposal'? known: training, meeting, consulting, proposal, negotiation, contract"
        ),
        (
            "  row 2: stage must be one before the last, got 'contract'; "
            "an open deal stands before 'contract'; add signed amounts to booked"
        ),
    ]


def test_an_unknown_field_cannot_be_replaced():
    with pytest.raises(fs.InputError) as error:
        scenario().replace(qouta=5)
    assert str(error.value) == (
        "a field of a scenario must be a known name, got 'qouta'; did you mean 'quota'? known: "
        "as_of, periods, quota, booked, currency, name, funnel, pipeline, market, clock, "
        "new_business, required_pipeline, team, signals"
    )
