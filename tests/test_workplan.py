"""The work plan: every reading of the method's question, and a walk of each activity beside it."""

import datetime as dt
import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.workplan import Late, Peak

SHORT, LONG = "6-5-3-3-2-1", "9-6-5-5-3-1"
KEY_ACCOUNT = fs.Funnel.key_account(time=30)

# --- a walk of each activity, slow and obvious ---


def walk_contract(counts, lags, effort, entered, stage=0, overdue=False):
    """Give (period, stage, activities) for one contract that enters a stage in a period."""
    for s in range(stage, len(counts)):
        periods_in_stage = max(lags[s], 1)
        if effort == "once":
            yield entered, s, Fraction(counts[s])
        for k in range(periods_in_stage):
            if effort == "every":
                yield entered + k, s, Fraction(counts[s])
            if effort == "spread":
                yield entered + k, s, Fraction(counts[s], periods_in_stage)
        entered += lags[s]
        if overdue and s == stage:
            entered = max(entered, 1)


def table(walked, stages):
    """Return activities by period and stage of what is walked inside the plan, as a matrix."""
    inside = [one for one in walked if one[0] >= 1]
    load = [[Fraction(0)] * stages for _ in range(max((one[0] for one in inside), default=1))]
    for period, stage, activities in inside:
        load[period - 1][stage] += activities
    return np.array(load, dtype=float)


def walk(counts, lags, starts, effort):
    walked = []
    for period, contracts in enumerate(starts, 1):
        for _ in range(contracts):
            walked += walk_contract(counts, lags, effort, period)
    return walked


def matrices_agree(mine, other):
    rows = max(len(mine), len(other))
    both = np.zeros((2, rows, mine.shape[1]))
    both[0, : len(mine)], both[1, : len(other)] = mine, other
    return np.allclose(both[0], both[1], rtol=0, atol=1e-9)


efforts = st.sampled_from(["once", "spread", "every"])


@st.composite
def stage_lists(draw):
    """Counts that never grow and end with 1, and a lag for each."""
    steps = draw(st.lists(st.integers(0, 4), min_size=1, max_size=5))
    counts = [1]
    for step in steps:
        counts.insert(0, counts[0] + step)
    lags = draw(st.lists(st.integers(0, 4), min_size=len(counts), max_size=len(counts)))
    return counts, lags


def list_of_starts(most):
    starts = st.lists(st.integers(0, 3), min_size=1, max_size=most)
    return starts.filter(sum)  # a plan of nothing has its own test


@given(stage_lists(), list_of_starts(8), efforts)
def test_the_load_is_that_of_a_walk_of_each_activity(stages, starts, effort):
    counts, lags = stages

    plan = fs.work_plan(counts, start=starts, lag=lags, effort=effort)

    walked = table(walk(counts, lags, starts, effort), len(counts))
    assert matrices_agree(plan.load, walked)
    assert plan.periods == len(walked)
    assert plan.peak.load == pytest.approx(walked.sum(axis=1).max())


@given(stage_lists(), list_of_starts(6), efforts, st.integers(1, 12))
def test_no_activity_is_lost(stages, starts, effort, window):
    counts, lags = stages
    each = [max(lag, 1) if effort == "every" else 1 for lag in lags]
    all_of_it = sum(starts) * sum(c * k for c, k in zip(counts, each, strict=True))

    whole = fs.work_plan(counts, start=starts, lag=lags, effort=effort)
    part = fs.work_plan(counts, start=starts, lag=lags, effort=effort, window=window)

    assert whole.total.sum() == pytest.approx(all_of_it)
    assert whole.load_after == 0.0
    assert whole.signed.sum() == sum(starts)
    assert part.total.sum() + part.load_after == pytest.approx(all_of_it)
    assert len(part.total) == window


@given(
    stage_lists(),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(1, 3)), min_size=1),
    efforts,
)
def test_running_deals_are_walked_from_where_they_stand(stages, where, effort):
    counts, lags = stages
    names = [f"S{s}" for s in range(len(counts))]
    running, walked = [], []
    for stage, elapsed, contracts in where:
        here = min(stage, len(counts) - 2)
        running.append(fs.RunningDeals(names[here], contracts=contracts, elapsed=elapsed))
        for _ in range(contracts):
            walked += walk_contract(counts, lags, effort, 1 - elapsed, here, overdue=True)

    plan = fs.work_plan(counts, running=running, lag=lags, effort=effort, names=names)

    assert matrices_agree(plan.load, table(walked, len(counts)))
    assert plan.signed.sum() == pytest.approx(sum(one.contracts for one in running))
    assert (plan.contracts, plan.signed_inside) == (0.0, 0.0)
    assert plan.signed_inside_from_running == plan.signed[:12].sum()


@given(stage_lists(), st.integers(1, 20), efforts, st.integers(1, 15))
def test_the_steady_state_is_what_a_long_plan_comes_to(stages, contracts, effort, window):
    counts, lags = stages
    settled = sum(lags) + max(lags) + 1

    steady = fs.work_plan(counts, contracts, "steady", lag=lags, effort=effort, window=window)
    long = fs.work_plan(
        counts, start=[contracts / window] * (settled + window), lag=lags, effort=effort
    )

    assert steady.load == pytest.approx(long.load[settled : settled + window])
    assert steady.signed_inside == pytest.approx(contracts)
    assert len(steady.peak.periods) == window


@given(stage_lists(), list_of_starts(12))
def test_what_is_due_is_signed_then_or_named_as_late(stages, due):
    counts, lags = stages

    plan = fs.work_plan(counts, due=due, lag=lags)

    signed = dict(enumerate(plan.signed.tolist(), 1))
    for period, contracts, periods in plan.late:
        assert period <= plan.total_lag
        signed[period] = signed.get(period, 0) + contracts
        signed[period + periods] -= contracts
    assert [signed.get(period, 0) for period in range(1, len(due) + 1)] == due
    assert sum(plan.starts) == sum(due)


@given(st.integers(0, 60), st.integers(6, 24))
def test_inside_means_all_are_signed_inside(contracts, window):
    plan = fs.work_plan(SHORT, contracts, "inside", window=window)

    assert plan.signed_inside == sum(plan.starts) == contracts
    assert len(plan.starts) == window - 5
    assert max(plan.starts) - min(plan.starts) <= 1
    assert list(plan.starts) == sorted(plan.starts, reverse=True)


# --- the readings of "at most how much work in a month?" ---

READINGS = {
    "three, one a month": ({"contracts": 3}, 14, 20),
    "ten, one a month": ({"contracts": 10}, 20, 29),
    "ten signed inside a year": ({"contracts": 10, "start": "inside"}, 28, 41),
    "ten at once": ({"contracts": 10, "start": "once"}, 60, 90),
    "steady": ({"contracts": 10, "start": "steady"}, 200 / 12, 290 / 12),
    "steady, in each of three months": (
        {"contracts": 10, "start": "steady", "lag": 3, "effort": "every"},
        50,
        72.5,
    ),
    "three months a stage, first year": ({"contracts": 12, "lag": 3, "window": 12}, 17, 25),
}


@pytest.mark.parametrize(("given", "short", "long"), READINGS.values(), ids=READINGS)
def test_the_peak_of_each_reading(given, short, long):
    assert fs.work_plan(SHORT, **given).peak.load == pytest.approx(short)
    assert fs.work_plan(LONG, **given).peak.load == pytest.approx(long)


def test_three_monthly_cohorts_month_by_month():
    assert fs.work_plan(SHORT, 3).total.tolist() == [6, 11, 14, 11, 8, 6, 3, 1]
    assert fs.work_plan(LONG, 3).total.tolist() == [9, 15, 20, 16, 13, 9, 4, 1]
    assert fs.work_plan(SHORT, 3).peak == Peak(14.0, (3,))


@pytest.mark.parametrize("counts", [SHORT, LONG])
def test_ten_monthly_cohorts_sign_seven_inside_the_year(counts):
    plan = fs.work_plan(counts, 10)

    assert plan.signed_inside == 7
    assert plan.signed.tolist() == [0] * 5 + [1] * 10
    assert plan.peak.periods == (6, 7, 8, 9, 10)


def test_the_starts_of_ten_signed_inside_a_year():
    plan = fs.work_plan(SHORT, 10, "inside")

    assert plan.starts == (2, 2, 2, 1, 1, 1, 1)
    assert plan.signed_inside == 10


def test_three_months_a_stage_sign_nothing_in_the_first_year():
    plan = fs.work_plan(SHORT, 12, lag=3, window=12)

    assert plan.total_lag == 15
    assert plan.signed_inside == 0
    assert plan.peak == Peak(17.0, (10, 11, 12))
    assert [one.code for one in plan.warnings] == ["work-after-window", "plan-for-the-mean"]


def test_a_plan_for_the_mean_is_met_about_half_the_time():
    assert fs.work_plan(SHORT, 10).chance_of_contracts == pytest.approx(0.5536, abs=5e-5)
    assert fs.work_plan(KEY_ACCOUNT, 10).chance_of_contracts == pytest.approx(0.5487, abs=5e-5)
    [note] = fs.work_plan(SHORT, 10).warnings
    assert note.message == (
        "a plan for the mean: 60 deals in training, each won with a chance of 16.7 %, bring "
        "10 contracts or more in 55.4 % of futures; 80 % takes 74, 90 % takes 83"
    )


def test_without_chance_there_is_no_note():
    plan = fs.work_plan("1-1-1", 10)

    assert plan.chance_of_contracts == 1.0
    assert plan.warnings == []


# --- percentages, stages, hours ---


def test_percentages_are_activities_by_their_inverse():
    plan = fs.work_plan(KEY_ACCOUNT, 10, "once")

    assert plan.total == pytest.approx([100, 50, 200 / 9, 20, 12.5, 10])
    assert [stage.name for stage in plan.stages] == list(KEY_ACCOUNT.names)


def test_a_funnel_of_counts_gives_whole_activities():
    funnel = fs.Funnel.from_counts(SHORT, time=30)

    plan = fs.work_plan(funnel, 10)

    assert plan.total.tolist() == fs.work_plan(SHORT, 10).total.tolist()


def test_one_lag_for_each_stage_and_none_for_the_last():
    plan = fs.work_plan("3-2-1", 1, lag=[2, 0])

    assert [stage.offset for stage in plan.stages] == [0, 2, 2]
    assert plan.load.tolist() == [[3, 0, 0], [0, 0, 0], [0, 2, 1]]


def test_efforts_differ_in_the_months_of_a_stage():
    def load(effort):
        return fs.work_plan("4-1", 1, lag=2, effort=effort).load[:, 0].tolist()

    assert load("once") == [4, 0, 0]
    assert load("spread") == [2, 2, 0, 0]
    assert load("every") == [4, 4, 0, 0]


def test_hours_are_those_of_the_list_or_of_the_funnel():
    listed = fs.work_plan("3-2-1", 1, hours=[1, 10])
    funnel = fs.Funnel.from_counts("3-2-1", time=1, hours=[1, 10])

    assert listed.hours.tolist() == fs.work_plan(funnel, 1).hours.tolist() == [3, 20, 0]
    assert listed.peak_hours == Peak(20.0, (2,))
    assert fs.work_plan("3-2-1", 1, hours=2).hours.tolist() == [6, 4, 2]
    assert fs.work_plan("3-2-1", 1).hours is None
    assert fs.work_plan("3-2-1", 1).peak_hours is None


def test_a_peak_in_periods_that_differ_by_rounding_is_one_peak():
    plan = fs.work_plan("1-1-1", start=[0.1, 0.2, 0.3, 0.0, 0.3, 0.2, 0.1])

    assert plan.total[2] < plan.total[6]  # 0.6 and 0.6000000000000001
    assert plan.peak.periods == (3, 5, 7)


# --- running deals ---


def test_running_deals_take_what_is_left():
    plan = fs.work_plan(SHORT, running=[fs.RunningDeals("proposal", 6)])

    assert plan.load[:, 4:].tolist() == [[4, 0], [0, 2]]  # negotiation at once, then two contracts
    assert plan.load[:, :4].sum() == 0
    assert plan.signed_inside_from_running == 2


def test_running_deals_come_on_top_of_new_starts():
    running = fs.RunningDeals(" Proposal ", contracts=2)
    both = fs.work_plan(SHORT, 3, running=running)

    alone = fs.work_plan(SHORT, 3)
    assert (both.total - alone.total).tolist() == [4, 2, 0, 0, 0, 0, 0, 0]
    assert both.signed_inside == alone.signed_inside == 3
    assert both.signed_inside_from_running == 2


def test_overdue_deals_go_on_at_once_and_are_named():
    plan = fs.work_plan("3-2-1", running=[fs.RunningDeals("stage 1", 3, elapsed=4)], lag=2)

    assert plan.load.tolist() == [[0, 2, 0], [0, 0, 0], [0, 0, 1]]
    [note] = plan.warnings
    assert note.code == "running-overdue"
    assert note.message == (
        "running deals have stood in stage 1 for 4 months, longer than the stage takes: "
        "they go on in month 1 of the plan"
    )


# --- due dates ---


def test_due_dates_are_scheduled_backwards():
    plan = fs.work_plan(SHORT, due=[0] * 6 + [3])

    assert plan.starts == (0, 3)
    assert plan.signed.tolist() == [0] * 6 + [3]
    assert plan.late == ()


def test_what_is_due_too_early_starts_at_once_and_is_named():
    plan = fs.work_plan(SHORT, due=[0, 0, 2, 0, 0, 1])

    assert plan.starts == (3,)
    assert plan.late == (Late(due=3, contracts=2, periods=3),)
    assert plan.warnings[0].message == (
        "2 contracts due in month 3 of the plan are signed 3 months late, in month 6: "
        "a contract takes 5 months from its start"
    )


# --- periods ---


@pytest.mark.parametrize(
    ("every", "pattern", "deadline", "names"),
    [
        ("day", "daily", 365, ("2027-01-01", "2027-01-02")),
        ("week", "weekly", 52, ("2027-01-01", "2027-01-04")),
        ("month", "monthly", 12, ("2027-01", "2027-02")),
        ("quarter", "quarterly", 4, ("2027-01", "2027-04")),
        ("year", "yearly", 1, ("2027", "2028")),
    ],
)
def test_periods_have_their_pattern_their_year_and_their_names(every, pattern, deadline, names):
    plan = fs.work_plan("1-1", 1, pattern, every=every, first="2027")

    assert plan.deadline == deadline
    assert plan.period_names == names
    assert plan.first == dt.date(2027, 1, 1)


def test_periods_are_numbers_without_a_first_day():
    assert fs.work_plan("1-1", 1).period_names == ("1", "2")


def test_zero_contracts_are_no_work():
    plan = fs.work_plan(SHORT, 0)

    assert (plan.peak, plan.chance_of_contracts, plan.warnings) == (Peak(0.0, (1,)), 1.0, [])
    assert repr(plan).startswith("Work plan for 0 contracts\n")


# --- what is shown ---


def test_columns_and_frames_have_a_row_for_each_period():
    plan = fs.work_plan("2-1", 2, names=["total", "won"], hours=3)

    columns = plan.columns()

    assert list(columns) == ["period", "started", "total activities", "won", "total", "hours",
                             "signed"]  # fmt: skip
    assert columns["total activities"] == [2, 2, 0]
    assert columns["hours"] == [6, 9, 3]
    assert plan.to_frame(backend="pandas").to_dict("list") == columns


def test_the_answer_is_json_and_says_what_the_plan_says():
    plan = fs.work_plan(SHORT, 10, first="2027-01", hours=1)

    answer = json.loads(json.dumps(plan.to_dict(), allow_nan=False))

    assert answer["peak"] == {"load": 20, "periods": [6, 7, 8, 9, 10]}
    assert answer["peak_hours"] == answer["peak"]
    assert answer["signed_inside"] == 7
    assert [row["total"] for row in answer["periods"]] == plan.total.tolist()
    assert answer["periods"][0] == {
        "name": "2027-01", "started": 1, "load": [6, 0, 0, 0, 0, 0], "total": 6, "hours": 6,
        "signed": 0,
    }  # fmt: skip
    assert [one["code"] for one in answer["warnings"]] == ["plan-for-the-mean"]


def test_the_text_tells_the_peak_and_what_is_signed():
    text = repr(fs.work_plan(SHORT, 10, hours=2, running=[fs.RunningDeals("meeting", 5)]))

    assert "peak                       20 activities in months 6 to 10\n" in text
    assert "peak of hours              40 hours in months 6 to 10\n" in text
    assert "signed                     7 of the 10 inside 12 months\n" in text
    assert "signed of those under way  1 inside 12 months\n" in text
    assert "the worth of 1 contract in meeting, there for 1 month\n" in text


def test_plans_are_values():
    assert fs.work_plan(SHORT, 3) == fs.work_plan([6, 5, 3, 3, 2, 1], 3)
    assert hash(fs.work_plan(SHORT, 3)) == hash(fs.work_plan(SHORT, 3))
    assert fs.work_plan(SHORT, 3) != fs.work_plan(SHORT, 4)
