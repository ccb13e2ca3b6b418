import calendar
import datetime as dt
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from funnelsim.clock import WEEKDAYS, Clock, QuarterEnd
from funnelsim.errors import InputError

D = dt.date
WEEKEND = ("saturday", "sunday")
WORK_DAYS = Clock(weekend=WEEKEND)
RATE_2027 = 365 / 261  # 2027 begins and ends on a Friday: 52 weeks of 5 days, and one day
AS_OF = st.dates(D(1990, 1, 1), D(2060, 12, 31))
WEIGHTS = st.sampled_from([0.0, 0.5, 1.0, 1.3, 4.0])


@st.composite
def clocks(draw):
    parts = {
        "weekend": draw(st.lists(st.sampled_from(WEEKDAYS), max_size=4)),
        "holidays": draw(st.lists(st.dates(D(2026, 1, 1), D(2028, 12, 31)), max_size=20)),
        "season": draw(st.one_of(st.just([]), st.lists(WEIGHTS, min_size=12, max_size=12))),
        "quarter_end": draw(st.none() | st.builds(QuarterEnd, st.integers(1, 92), WEIGHTS)),
        "fiscal_year_start": draw(st.integers(1, 12)),
    }
    try:
        return Clock(**parts)
    except InputError:
        assume(False)


def weight_of(clock, date):
    """Return the weight of a date, by asking the calendar what the words say."""
    weight = clock.season[date.month - 1] if clock.season else 1.0
    last = date
    while (last.month - clock.fiscal_year_start) % 3 != 2 or (last + dt.timedelta(1)).day != 1:
        last += dt.timedelta(1)
    if clock.quarter_end and (last - date).days < clock.quarter_end.days:
        weight *= clock.quarter_end.weight
    if date in clock.holidays or calendar.day_name[date.weekday()].lower() in clock.weekend:
        return 0.0
    return weight


def rates_of(clock, year):
    days = [D(year, 1, 1) + dt.timedelta(k) for k in range(366 if calendar.isleap(year) else 365)]
    weights = [weight_of(clock, day) for day in days]
    return {day: weight * len(days) / sum(weights) for day, weight in zip(days, weights)}  # noqa: B905


def test_the_default_is_calendar_time():
    clock = Clock()
    assert clock.is_identity
    days = np.array([[-3.5, 0.0], [1.25, 1e7]])
    assert np.array_equal(clock.elapsed("2026-12-31", days), days)
    assert np.array_equal(clock.day("2026-12-31", days), days)


@pytest.mark.parametrize(
    "clock",
    [Clock(season=[2] * 12), Clock(quarter_end=QuarterEnd(14, 1)), Clock(fiscal_year_start=4)],
)
def test_what_changes_no_rate_is_calendar_time(clock):
    assert clock.is_identity
    assert clock.elapsed("2027-01-01", [0.3, 12.0]).tolist() == [0.3, 12.0]


@pytest.mark.parametrize(
    "clock",
    [
        WORK_DAYS,
        Clock(holidays=["2027-05-01"]),
        Clock(season=[1] * 11 + [2]),
        Clock(quarter_end=QuarterEnd(14, 3.0)),
    ],
)
def test_anything_else_is_not(clock):
    assert not clock.is_identity


def test_the_answer_is_not_the_callers_array():
    days = np.array([1.0, 2.0])
    Clock().elapsed("2027-01-01", days)[0] = 9.0
    assert days.tolist() == [1.0, 2.0]


def test_weekends_by_hand():
    # after Friday 2027-01-01: Saturday, Sunday, Monday, half of Tuesday
    elapsed = WORK_DAYS.elapsed("2027-01-01", [0, 1, 2, 2.5, 3, 3.5])
    assert elapsed.tolist() == pytest.approx([0, 0, 0, RATE_2027 / 2, RATE_2027, 1.5 * RATE_2027])
    assert elapsed[:3].tolist() == [0.0, 0.0, 0.0]


def test_days_before_the_as_of_date_by_hand():
    # from Monday 2027-01-04 back: Monday, Sunday, Saturday, Friday; then 2026 (261 work days)
    elapsed = WORK_DAYS.elapsed("2027-01-04", [-0.5, -1, -2, -3, -4, -5])
    expected = np.array([-0.5, -1, -1, -1, -2, -3]) * RATE_2027
    assert elapsed.tolist() == pytest.approx(expected.tolist())


def test_a_holiday_by_hand():
    clock = Clock(weekend=WEEKEND, holidays=["2027-01-01", dt.datetime(2027, 1, 5, 12)])  # noqa: DTZ001
    rate = 365 / 259
    # Friday and Tuesday are free, so after 2026-12-31: 0 0 0 1 0 1
    elapsed = clock.elapsed("2026-12-31", range(1, 7))
    assert elapsed.tolist() == pytest.approx([0, 0, 0, rate, rate, 2 * rate])


def test_a_holiday_on_a_weekend_changes_nothing():
    clock = Clock(weekend=WEEKEND, holidays=["2027-01-02"])
    days = np.arange(400.0)
    assert np.array_equal(clock.elapsed("2026-12-31", days), WORK_DAYS.elapsed("2026-12-31", days))


def test_a_leap_year_has_its_own_rate():
    # 2028 begins on a Saturday and has 366 days: 52 weeks, a Saturday and a Sunday
    assert WORK_DAYS.elapsed("2028-02-28", [1])[0] == pytest.approx(366 / 260)


def test_season_by_hand():
    clock = Clock(season=[2] + [1] * 11)
    january, february = 730 / 396, 365 / 396
    elapsed = clock.elapsed("2027-01-30", [1, 2, -30])
    assert elapsed.tolist() == pytest.approx([january, january + february, -30 * january])


@pytest.mark.parametrize(
    ("fiscal_year_start", "pushed"),
    [
        (1, "2027-03-31"),
        (4, "2027-03-31"),
        (2, "2027-01-31"),
        (12, "2027-02-28"),
        (6, "2027-05-31"),
    ],
)
def test_quarter_ends_by_hand(fiscal_year_start, pushed):
    clock = Clock(quarter_end=QuarterEnd(1, 11.0), fiscal_year_start=fiscal_year_start)
    rate = 365 / (361 + 4 * 11)
    last = D.fromisoformat(pushed)
    elapsed = clock.elapsed(last - dt.timedelta(1), [-1, 1, 2])
    assert elapsed.tolist() == pytest.approx([-rate, 11 * rate, 12 * rate])


def test_a_push_that_goes_on_after_new_year():
    # fiscal quarters end on 31 January, April, July, October; the last 40 days begin 23 December
    clock = Clock(quarter_end=QuarterEnd(40, 2.0), fiscal_year_start=2)
    pushed = 31 + 40 + 40 + 40 + 9
    rate = 365 / (365 + pushed)
    elapsed = clock.elapsed("2027-12-22", [-1, 1, 9])
    assert elapsed.tolist() == pytest.approx([-rate, 2 * rate, 18 * rate])


def test_the_inverse_gives_the_earliest_day():
    tau = np.array([0.0, 0.5, 1.0, 1.5]) * RATE_2027
    # Thursday evening, noon and evening of Friday, noon of Monday
    assert WORK_DAYS.day("2026-12-31", tau).tolist() == pytest.approx([0, 0.5, 1, 3.5])
    # on a Sunday no time has passed since Friday evening
    assert WORK_DAYS.day("2027-01-03", [0.0]).tolist() == [-2.0]


def test_the_inverse_covers_any_finite_time():
    # the sum of a year is its number of days: 2027 to 2126 are 36,525 - 1 days
    century = (D(2126, 12, 31) - D(2026, 12, 31)).days
    assert WORK_DAYS.day("2026-12-31", [century - 1e-6])[0] == pytest.approx(century, abs=1e-5)
    assert WORK_DAYS.day("2026-12-31", [1e9]).tolist() == [1e9]
    assert WORK_DAYS.day("2026-12-31", [-1e9]).tolist() == [-1e9]


def test_where_dates_end_the_rate_is_one():
    left = (D.max - D(9999, 12, 25)).days
    to_end, beyond = WORK_DAYS.elapsed("9999-12-25", [left, left + 10.5])
    assert beyond - to_end == pytest.approx(10.5)
    to_start, before = Clock(weekend=["monday"]).elapsed("0001-01-02", [-2, -7.5])
    assert to_start == pytest.approx(-365 / 312)  # Tuesday; 0001-01-01 is one of 53 Mondays
    assert before - to_start == pytest.approx(-5.5)


@given(clocks(), st.integers(1990, 2060))
def test_every_calendar_year_has_mean_rate_one(clock, year):
    days = (D(year + 1, 1, 1) - D(year, 1, 1)).days
    ends = clock.elapsed(D(year - 1, 12, 31), [days, 0])
    assert ends.tolist() == [float(days), 0.0]


@given(clocks(), st.dates(D(2025, 6, 1), D(2029, 6, 1)), st.integers(-500, 400))
def test_elapsed_adds_up_the_rates_of_the_dates(clock, as_of, first):
    days = np.arange(first, first + 30)
    rates = {}
    for year in {(as_of + dt.timedelta(int(k))).year for k in (*days, days[-1] + 1)}:
        rates |= rates_of(clock, year)
    steps = np.diff(clock.elapsed(as_of, days))
    expected = [rates[as_of + dt.timedelta(int(day))] for day in days[1:]]
    assert steps.tolist() == pytest.approx(expected, abs=1e-9)


@given(clocks(), AS_OF, st.lists(st.floats(-2000, 2000), min_size=1, max_size=20))
def test_elapsed_never_decreases(clock, as_of, days):
    elapsed = clock.elapsed(as_of, sorted(days))
    assert (np.diff(elapsed) >= -1e-9).all()
    assert clock.elapsed(as_of, 0) == 0


@given(clocks(), AS_OF, st.lists(st.floats(-2000, 2000), min_size=1, max_size=20))
def test_elapsed_of_the_day_is_the_time(clock, as_of, taus):
    assert clock.elapsed(as_of, clock.day(as_of, taus)).tolist() == pytest.approx(taus, abs=1e-9)


@given(clocks(), AS_OF, st.integers(-1000, 1000))
def test_the_day_of_a_whole_day_is_that_day_or_the_first_as_good(clock, as_of, first):
    days = np.arange(first, first + 100)
    elapsed = clock.elapsed(as_of, days)
    earliest = clock.day(as_of, elapsed)
    assert (earliest <= days).all()
    assert np.array_equal(earliest, np.floor(earliest))  # exact at whole days
    assert np.array_equal(clock.elapsed(as_of, earliest), elapsed)
    assert (clock.elapsed(as_of, earliest - 0.01) < elapsed).all()


@given(clocks(), AS_OF, st.integers(1, 800), st.floats(-500, 500))
def test_a_later_as_of_date_only_moves_zero(clock, as_of, later, day):
    between = clock.elapsed(as_of, later)
    moved = clock.elapsed(as_of + dt.timedelta(later), day - later)
    assert clock.elapsed(as_of, day) == pytest.approx(between + moved, abs=1e-9)


def test_the_answer_does_not_hang_on_what_else_is_asked():
    alone = [WORK_DAYS.elapsed("2027-03-05", day) for day in (-900.25, 3.7, 4000.0)]
    assert WORK_DAYS.elapsed("2027-03-05", [-900.25, 3.7, 4000.0]).tolist() == alone


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
@pytest.mark.parametrize("clock", [Clock(), WORK_DAYS])
def test_shapes_are_kept(clock, shape):
    for method in (clock.elapsed, clock.day):
        answer = method("2027-01-01", np.ones(shape))
        assert isinstance(answer, np.ndarray)
        assert (answer.shape, answer.dtype) == (shape, np.float64)


def test_values_are_kept_in_one_form():
    clock = Clock(
        weekend=["SUN", " Saturday "],
        holidays=["2027-12-25", D(2027, 1, 1), pd.Timestamp("2027-12-25 10:00")],
        season=np.arange(12),
    )
    assert clock.weekend == ("saturday", "sunday")
    assert clock.holidays == (D(2027, 1, 1), D(2027, 12, 25))
    assert clock.season == tuple(float(k) for k in range(12))
    assert clock == Clock(("sat", "sun"), ("2027-01-01", "2027-12-25"), tuple(range(12)))


@given(clocks())
def test_round_trip(clock):
    again = Clock.from_toml("clock", clock.to_toml(), clock.fiscal_year_start)
    assert again == clock
    assert hash(again) == hash(clock)
    assert pickle.loads(pickle.dumps(clock)) == clock


def test_the_table_of_a_scenario_file():
    table = {
        "weekend": ["saturday", "sunday"],
        "holidays": [D(2027, 1, 1)],
        "season": [1.0] * 11 + [2.0],
        "quarter_end": {"days": 14, "weight": 3.0},
    }
    clock = Clock.from_toml("clock", table, 7)
    assert clock == Clock(
        weekend=WEEKEND,
        holidays=["2027-01-01"],
        season=[1] * 11 + [2],
        quarter_end=QuarterEnd(14, 3),
        fiscal_year_start=7,
    )
    assert clock.to_toml() == table
    assert Clock.from_toml("clock", {}) == Clock()
    assert Clock().to_toml() == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"weekend": ["saturdy"]},
            (
                "clock.weekend must hold names of weekdays, got 'saturdy'; "
                "did you mean 'saturday'? "
                "known: monday, tuesday, wednesday, thursday, friday, saturday, sunday"
            ),
        ),
        (
            {"weekend": "sunday"},
            'clock.weekend must be a list, got \'sunday\'; such as ["saturday", "sunday"]',
        ),
        (
            {"weekend": [6]},
            'clock.weekend must hold names of weekdays, got 6; such as "saturday"',
        ),
        (
            {"weekend": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
            (
                "clock.weekend must leave a day with progress, "
                "got ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']; "
                'such as ["saturday", "sunday"]'
            ),
        ),
        (
            {"holidays": ["2027-01-01", "1.5.2027"]},
            (
                "holiday 1 of clock.holidays must be a date, got '1.5.2027'; "
                "write the date as 2026-12-31"
            ),
        ),
        (
            {"holidays": D(2027, 1, 1)},
            (
                "clock.holidays must be a list, got datetime.date(2027, 1, 1); "
                "such as [2027-01-01, 2027-12-25]"
            ),
        ),
        (
            {"season": [1, 2, 3, 4]},
            "clock.season must hold 12 weights, for January to December, got [1, 2, 3, 4]",
        ),
        (
            {"season": [1, 1, -1] + [1] * 9},
            "clock.season for March must be a finite number of at least 0, got -1",
        ),
        (
            {"season": [0] * 12},
            "clock.season must have a weight above 0, got [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]",
        ),
        (
            {"season": 2.0},
            "clock.season must be a list, got 2.0; give 12 weights, for January to December",
        ),
        (
            {"quarter_end": (14, 3.0)},
            (
                "clock.quarter_end must be a QuarterEnd, got (14, 3.0); "
                "such as QuarterEnd(days=14, weight=3.0)"
            ),
        ),
        (
            {"fiscal_year_start": 0},
            "clock.fiscal_year_start must be a whole number of at least 1 and at most 12, got 0",
        ),
        (
            {"quarter_end": QuarterEnd(92, 0)},
            (
                "clock must leave progress in every year; "
                "the weights of the dates of 2001 add up to 0"
            ),
        ),
        (
            {"season": [1] + [0] * 11, "holidays": [D(2031, 1, day) for day in range(1, 32)]},
            (
                "clock must leave progress in every year; "
                "the weights of the dates of 2031 add up to 0"
            ),
        ),
        (
            {"season": [1e308] * 11 + [0]},
            (
                "clock must leave progress in every year; "
                "the weights of the dates of 2001 add up to inf"
            ),
        ),
    ],
)
def test_wrong_clocks_are_refused(arguments, message):
    with pytest.raises(InputError) as error:
        Clock(**arguments)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("days", "weight", "message"),
    [
        (
            0,
            1.0,
            "clock.quarter_end.days must be a whole number of at least 1 and at most 92, got 0",
        ),
        (
            93,
            1.0,
            "clock.quarter_end.days must be a whole number of at least 1 and at most 92, got 93",
        ),
        (14, -1, "clock.quarter_end.weight must be a finite number of at least 0, got -1"),
    ],
)
def test_wrong_quarter_ends_are_refused(days, weight, message):
    with pytest.raises(InputError) as error:
        QuarterEnd(days, weight)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"weekends": ["saturday"]},
            (
                "key of clock must be a known key, got 'weekends'; did you mean 'weekend'? "
                "known: weekend, holidays, season, quarter_end"
            ),
        ),
        (
            {"quarter_end": {"day": 14, "weight": 3.0}},
            (
                "key of clock.quarter_end must be a known key, got 'day'; did you mean 'days'? "
                "known: days, weight"
            ),
        ),
        (
            {"quarter_end": {"days": 14}},
            (
                "clock.quarter_end must have weight, got {'days': 14}; "
                "such as { days = 14, weight = 3.0 }"
            ),
        ),
        ({"quarter_end": 14}, "clock.quarter_end must be a table, got 14"),
        (["saturday"], "clock must be a table, got ['saturday']"),
    ],
)
def test_wrong_tables_are_refused(table, message):
    with pytest.raises(InputError) as error:
        Clock.from_toml("clock", table)
    assert str(error.value) == message


@pytest.mark.parametrize("clock", [Clock(), WORK_DAYS])
@pytest.mark.parametrize(("method", "field"), [("elapsed", "days"), ("day", "tau")])
def test_wrong_days_are_refused(clock, method, field):
    with pytest.raises(InputError) as error:
        getattr(clock, method)("2027-01-01", [1.0, float("nan")])
    assert str(error.value) == f"{field} must be finite numbers, got nan"
    with pytest.raises(InputError, match="as_of must be a date, got 7"):
        getattr(clock, method)(7, [1.0])
