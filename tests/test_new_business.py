"""New business, repeat business and extra deals as assumptions: held, refused, counted."""

import calendar
import datetime as dt
import math
import pickle
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.new_business import as_confidences, own_stage

AS_OF = dt.date(2026, 12, 31)
SEASON = [1, 2, 0, 4, 5, 6, 7, 8, 9, 10, 11, 12]


def scenario(business=None, **given):
    return fs.Scenario(
        **{
            "as_of": AS_OF,
            "periods": fs.Periods("quarter", 4),
            "funnel": fs.Funnel.key_account(time=30),
            "new_business": business,
        }
        | given
    )


# --- what they hold ---


def test_new_business_by_default():
    business = fs.NewBusiness(8)
    assert (business.per_period, business.amount, business.stage) == (8.0, None, None)
    assert (business.dispersion, business.season, business.growth) == (0.0, (), 0.0)
    assert (business.factor, business.market_swing, business.planned) == (1.0, 0.0, False)
    assert (business.repeat, business.draws) == (None, 1)


def test_numbers_become_plain_values():
    business = fs.NewBusiness(
        np.array([1, 2]), np.float64(5), season=np.arange(12), factor=np.array([0.5, 2]),
    )  # fmt: skip
    assert business.per_period == (1.0, 2.0)
    assert business.amount == fs.Fixed(5)
    assert business.season == tuple(map(float, range(12)))
    assert (business.factor, business.draws) == ((0.5, 2.0), 2)


def test_they_are_values():
    given = {"per_period": [3, 4], "amount": fs.Lognormal(mean=9, cv=1), "season": SEASON}
    repeat = fs.Repeat(0.3, fs.Gamma(mean=90, cv=1), 5)
    one = fs.NewBusiness(**given, factor=[1, 2], repeat=repeat)
    required = fs.RequiredPipeline(amount=fs.Fixed(3), confidence=[0.5])
    for made in (one, repeat, required):
        assert pickle.loads(pickle.dumps(made)) == made
        assert hash(pickle.loads(pickle.dumps(made))) == hash(made)
    assert one != fs.NewBusiness(**given, factor=[1, 2])
    assert repeat != fs.Repeat(0.3, fs.Gamma(mean=90, cv=1))


def test_extra_deals_by_default():
    required = fs.RequiredPipeline()
    assert (required.stage, required.amount, required.day) == (None, None, 0.0)
    assert (required.confidence, required.most) == ((0.5, 0.8, 0.9), 100_000)


def test_a_scenario_spells_stages_as_the_funnel_does():
    found = scenario(
        fs.NewBusiness(8, 5, stage=" MEETING"),
        required_pipeline=fs.RequiredPipeline(stage="Training"),
    )
    assert found.new_business.stage == "meeting"
    assert found.required_pipeline.stage == "training"
    assert found.replace(quota=5).new_business == found.new_business


def test_draws_of_the_rate_belong_to_those_of_the_scenario():
    unsure = fs.Market(cycle_cv=[0.1, 0.2])
    assert scenario(fs.NewBusiness(8, factor=[0.9, 1.2])).draws == 2
    assert scenario(fs.NewBusiness(8, factor=[0.9, 1.2]), market=unsure).draws == 2
    with pytest.raises(fs.InputError, match=r"new_business\.factor must hold as many draws as"):
        scenario(fs.NewBusiness(8, factor=[0.9, 1, 1.2]), market=unsure)


# --- what they refuse ---

NUMBER = "write a number, without quotes"
WRONG = [
    ({"per_period": -1}, "new_business.per_period must be in [0, 1e+07], got -1"),
    ({"per_period": 1.1e7}, "new_business.per_period must be in [0, 1e+07], got 11000000.0"),
    ({"per_period": math.nan}, "new_business.per_period must be in [0, 1e+07], got nan"),
    ({"per_period": "8"}, f"new_business.per_period must be in [0, 1e+07], got '8'; {NUMBER}"),
    ({"per_period": True}, "new_business.per_period must be in [0, 1e+07], got True"),
    ({"per_period": None}, "new_business.per_period must be in [0, 1e+07], got None"),
    ({"per_period": []}, "new_business.per_period must have one number for each period, got []"),
    ({"per_period": [1, "2"]}, "new_business.per_period of period 2 must be in [0, 1e+07], got"),
    ({"amount": -1}, "new_business.amount must be a finite number of at least 0, got -1"),
    ({"amount": "5"}, "new_business.amount must be"),
    ({"amount": fs.Fixed([1, 2])}, "new_business.amount must be certain or one distribution"),
    ({"amount": 1e14}, "new_business.amount must be below 90,071,992,547,409, got 10000"),
    ({"amount": fs.Lognormal(median=1e14, sigma=1)}, "new_business.amount must have a median"),
    ({"stage": 3}, "new_business.stage must be the name of a stage, got 3"),
    ({"stage": " "}, "new_business.stage must be the name of a stage, got ' '"),
    ({"dispersion": -0.1}, "new_business.dispersion must be in [0, 10000], got -0.1"),
    ({"dispersion": [1, 2]}, "new_business.dispersion must be in [0, 10000], got [1, 2]"),
    ({"season": "x"}, "new_business.season must be a list, got 'x'; give 12 weights, for January"),
    ({"season": 3}, "new_business.season must be a list, got 3"),
    ({"season": [1] * 11}, "new_business.season must hold 12 weights, got 11; give 12 weights"),
    ({"season": [1] * 11 + [-1]}, "new_business.season of month 12 must be in [0, 1e+07], got -1"),
    ({"season": [0] * 12}, "new_business.season must have a weight above 0, got [0.0, 0.0"),
    ({"growth": -1}, "new_business.growth must be in (-1, 100], got -1"),
    ({"growth": 101}, "new_business.growth must be in (-1, 100], got 101"),
    ({"factor": -1}, "new_business.factor must be in [0, 1e+07], got -1"),
    ({"factor": []}, "new_business.factor must hold at least one draw, got []"),
    ({"factor": [1, -1]}, "draw 1 of new_business.factor must be in [0, 1e+07], got -1"),
    ({"market_swing": 10}, "new_business.market_swing must be in (-10, 10), got 10"),
    ({"market_swing": -10}, "new_business.market_swing must be in (-10, 10), got -10"),
    ({"planned": 1}, "new_business.planned must be true or false, got 1"),
    ({"repeat": 0.3}, "new_business.repeat must be a Repeat, got 0.3"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_new_business_is_named(given, message):
    with pytest.raises(fs.InputError) as caught:
        fs.NewBusiness(**{"per_period": 8} | given)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"per_period": 2.5}, "per_period must be whole numbers where it is planned, got 2.5"),
        ({"per_period": [2, 2.5]}, "per_period must be whole numbers where it is planned, got 2.5"),
        ({"dispersion": 1}, "dispersion must be left out where new business is planned, got 1.0"),
        ({"season": SEASON}, "season must be left out where new business is planned"),
        ({"growth": 0.1}, "growth must be left out where new business is planned"),
        ({"factor": 2}, "factor must be left out where new business is planned"),
        ({"factor": [1, 1]}, "factor must be left out where new business is planned"),
        ({"market_swing": 0.1}, "market_swing must be left out where new business is planned"),
    ],
)
def test_what_is_planned_leaves_nothing_to_chance(given, message):
    with pytest.raises(fs.InputError, match=re.escape(f"new_business.{message}")):
        fs.NewBusiness(**{"per_period": 8, "planned": True} | given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mean": 1}, "repeat.mean must be in [0, 1), got 1; with one or more each, wins would"),
        ({"mean": -0.1}, "repeat.mean must be in [0, 1), got -0.1"),
        ({"mean": [0.1]}, "repeat.mean must be in [0, 1), got [0.1]"),
        ({"delay": "x"}, "repeat.delay must be"),
        ({"delay": fs.Exponential([1, 2])}, "repeat.delay must be certain or one distribution"),
        ({"amount": 1e14}, "repeat.amount must be below 90,071,992,547,409, got 100000000000000.0"),
        ({"amount": fs.Fixed([1, 2])}, "repeat.amount must be certain or one distribution"),
    ],
)
def test_wrong_repeats_are_named(given, message):
    with pytest.raises(fs.InputError, match=re.escape(message)):
        fs.Repeat(**{"mean": 0.3, "delay": 90} | given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"stage": ""}, "required_pipeline.stage must be the name of a stage, got ''"),
        ({"amount": fs.Fixed([1, 2])}, "required_pipeline.amount must be certain or one"),
        ({"amount": 1e14}, "required_pipeline.amount must be below 90,071,992,547,409"),
        ({"day": -1}, "required_pipeline.day must be in [0, 3.65206e+06], got -1"),
        ({"day": 1e300}, "required_pipeline.day must be in [0, 3.65206e+06], got 1e+300"),
        ({"confidence": 80}, "confidence must be in (0, 1), got 80; 80 % is given as 0.8"),
        ({"confidence": [0.5, 1]}, "confidence must be in (0, 1), got 1"),
        ({"confidence": 0}, "confidence must be in (0, 1), got 0"),
        ({"confidence": []}, "confidence must have at least one number, got []; such as 0.8"),
        ({"confidence": "0.8"}, "confidence must be in (0, 1), got '0.8'"),
        ({"most": 0}, "required_pipeline.most must be a whole number of at least 1 and at most"),
        ({"most": 10_000_001}, "required_pipeline.most must be a whole number of at least 1"),
        ({"most": 2.5}, "required_pipeline.most must be a whole number of at least 1"),
    ],
)
def test_wrong_extra_deals_are_named(given, message):
    with pytest.raises(fs.InputError, match=re.escape(message)):
        fs.RequiredPipeline(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"business": fs.NewBusiness([8, 8])},
         "new_business.per_period must have one number for each of the 4 periods, got 2; or one"),
        ({"business": fs.NewBusiness(8, stage="meting")},
         "new_business.stage must be a stage of the funnel, got 'meting'; did you mean 'meeting'?"),
        ({"business": fs.NewBusiness(8, stage="Contract")},
         "new_business.stage must not be the last stage, got 'Contract'; it is closed-won"),
        ({"required_pipeline": fs.RequiredPipeline(stage="xyz")},
         "required_pipeline.stage must be a stage of the funnel, got 'xyz'"),
        ({"required_pipeline": fs.RequiredPipeline(stage="contract")},
         "required_pipeline.stage must not be the last stage"),
        ({"business": fs.NewBusiness(8), "required_pipeline": fs.RequiredPipeline()},
         "required_pipeline.amount must be stated; there is no new business with an amount"),
        ({"required_pipeline": fs.RequiredPipeline()}, "required_pipeline.amount must be stated"),
        ({"business": 8}, "new_business must be a NewBusiness, got 8"),
        ({"required_pipeline": 8}, "required_pipeline must be a RequiredPipeline, got 8"),
        ({"business": fs.NewBusiness(1e7, factor=[1, 1.5])},
         "per_period must be at most 10,000,000 in each period, with season, growth, factor, got"),
        ({"business": fs.NewBusiness(8, growth=100), "periods": fs.Periods("year", 7000)},
         "new_business.per_period must be at most 10,000,000 in each period"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_scenario_is_named(given, message):
    with pytest.raises(fs.InputError, match=re.escape(message)):
        scenario(**given)


def test_the_most_that_is_allowed():
    assert scenario(fs.NewBusiness(1e7, stage="negotiation")).new_business.per_period == 1e7
    assert fs.RequiredPipeline(most=10_000_000).most == 10_000_000


# --- the mean number created ---


def means(business, periods, as_of=AS_OF):
    return business.mean_created(periods.windows(as_of), as_of)


def test_the_first_period_counts_for_the_part_that_remains():
    found = means(fs.NewBusiness(8), fs.Periods("month", 2), "2027-01-15")
    assert found == pytest.approx((8 * 16 / 31, 8))
    assert means(fs.NewBusiness([3, 5]), fs.Periods("month", 2), "2027-01-15")[1] == 5


def test_with_edges_each_period_is_a_whole_one():
    assert means(fs.NewBusiness(8), fs.Periods(edges=[0, 1.5, 90])) == (8, 8)


def test_a_season_weighs_the_days_of_a_period():
    business = fs.NewBusiness(12, season=SEASON)
    found = means(business, fs.Periods("month", 13))
    assert found[:12] == pytest.approx([12 * weight * 12 / sum(SEASON) for weight in SEASON])
    assert found[12] == pytest.approx(found[0])
    doubled = fs.NewBusiness(12, season=[2 * weight for weight in SEASON])
    assert means(doubled, fs.Periods("month", 13)) == pytest.approx(found)
    [quarter] = means(business, fs.Periods("quarter", 1))
    assert quarter == pytest.approx(12 * (31 * 1 + 28 * 2 + 31 * 0) / 90 * 12 / sum(SEASON))


def test_growth_is_that_of_a_year():
    found = means(fs.NewBusiness(10, growth=0.21), fs.Periods(edges=[0, 365.25, 730.5]))
    assert found == pytest.approx((10 * 1.21**0.5, 10 * 1.21**1.5))


def test_the_factor_is_left_to_the_paths():
    assert means(fs.NewBusiness(8, factor=3), fs.Periods("month", 1)) == (8,)


def test_what_is_planned_is_not_shared_out():
    business = fs.NewBusiness([3, 5], planned=True)
    assert means(business, fs.Periods("month", 2), "2027-01-15") == (3, 5)


def _twin(business, windows, as_of):
    """Return the mean numbers by adding up pieces of days, each with the weight of its date."""
    season = business.season or (1,) * 12
    rates = business.per_period
    found = []
    for k, window in enumerate(windows):
        weighed = length = 0.0
        day = math.floor(window.lo)
        while day < window.hi:
            piece = min(day + 1, window.hi) - max(day, window.lo)
            month = (as_of + dt.timedelta(days=day + 1)).month
            weighed += piece * season[month - 1] / (sum(season) / 12)
            length += piece
            day += 1
        middle = window.lo + length / 2
        rate = rates[k] if isinstance(rates, tuple) else rates
        grown = (1 + business.growth) ** (middle / 365.25)
        found.append(rate * window.share * weighed / length * grown)
    return found


RATES = st.floats(0, 100)
EDGES = st.lists(st.floats(0.01, 200), min_size=3, max_size=3).map(
    lambda steps: fs.Periods(edges=[0.0, *np.cumsum(steps).tolist()])
)
CALENDAR = st.sampled_from(["day", "week", "month", "quarter", "year"]).map(
    lambda every: fs.Periods(every, 3)
)


@given(
    rates=RATES | st.lists(RATES, min_size=3, max_size=3),
    season=st.just([]) | st.lists(st.floats(0.1, 9), min_size=12, max_size=12),
    growth=st.floats(-0.9, 3),
    periods=EDGES | CALENDAR,
    as_of=st.dates(dt.date(2023, 12, 20), dt.date(2028, 3, 5)),
)
@example(rates=1.0, season=SEASON, growth=0.0, periods=fs.Periods(edges=[0, 0.2, 0.7, 1]),
         as_of=dt.date(2028, 2, 28))  # fmt: skip
def test_the_mean_number_is_that_of_its_days(rates, season, growth, periods, as_of):
    business = fs.NewBusiness(rates, season=season, growth=growth)
    windows = periods.windows(as_of)
    expected = _twin(business, windows, as_of)
    assert business.mean_created(windows, as_of) == pytest.approx(expected, rel=1e-9)


def test_the_parts_of_a_period_add_up_to_the_whole():
    business = fs.NewBusiness(31, season=SEASON)
    [rest] = means(business, fs.Periods("month", 1), dt.date(2027, 5, 11))
    [whole] = means(business, fs.Periods("month", 1), dt.date(2027, 4, 30))
    assert rest / whole == pytest.approx(20 / calendar.monthrange(2027, 5)[1])


# --- small helpers that others use, too ---


def test_one_confidence_or_several():
    assert as_confidences(0.8) == (0.8,)
    assert as_confidences(np.array([0.5, 0.9])) == (0.5, 0.9)


def test_the_first_stage_needs_no_name():
    assert own_stage("stage", None, ("a", "b")) is None
    assert own_stage("stage", "A ", ("a", "b")) == "a"
