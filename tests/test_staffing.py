"""Who works when: dates and ramps that can be counted by hand, and draws against exact means."""

import datetime as dt
import itertools
import pickle

import numpy as np
import pytest

import funnelsim as fs
from funnelsim._expected_staff import presence_of
from funnelsim._staffing import draw_codes, draw_seats, draw_shares, lower_team
from funnelsim.errors import InputError
from funnelsim.team import Rep, Role, Team

AS_OF = dt.date(2026, 12, 31)
WEEKDAYS = fs.Clock(weekend=["saturday", "sunday"], holidays=["2027-01-01"])
CHANCY = {"ramp": [0.1, 0.4, 0.7], "attrition": 0.9, "backfill": fs.Gamma(mean=45, cv=0.8)}


def staff_of(roles, reps, *, periods=None, clock=None, as_of=AS_OF):
    scenario = fs.Scenario(
        as_of=as_of,
        periods=periods or fs.Periods("quarter", 4),
        funnel=fs.Funnel.key_account(time=30),
        clock=clock or fs.Clock(),
        team=Team(roles, reps),
    )
    return lower_team(scenario)


def shares(staff, seat=0, paths=64):
    return draw_shares(staff, seat, 1, 0, paths)


def changes(column):
    """Return the days, from 1, on which a share becomes another, with the new share."""
    padded = np.concatenate([[0.0], column])
    return [(int(d) + 1, float(column[d])) for d in np.flatnonzero(np.diff(padded))]


def day(text):
    return (dt.date.fromisoformat(text) - AS_OF).days


def test_a_rep_who_is_there_is_fully_productive():
    staff = staff_of([Role("rep", ramp=[0.2])], [Rep("rep")])
    assert (shares(staff) == 1.0).all()
    assert shares(staff).shape == (365, 1)


def test_a_hire_ramps_by_calendar_months_from_the_first_day():
    staff = staff_of([Role("rep", ramp=[0.1, 0.4, 0.7])], [Rep("rep", start="2027-02-15")])
    assert changes(shares(staff)[:, 0]) == [
        (day("2027-02-15"), 0.1),
        (day("2027-03-15"), 0.4),
        (day("2027-04-15"), 0.7),
        (day("2027-05-15"), 1.0),
    ]


def test_a_month_from_the_31st_ends_on_the_last_day_of_a_short_month():
    staff = staff_of([Role("rep", ramp=[0.1, 0.4, 0.7])], [Rep("rep", start="2027-01-31")])
    assert changes(shares(staff)[:, 0]) == [
        (day("2027-01-31"), 0.1),
        (day("2027-02-28"), 0.4),
        (day("2027-03-31"), 0.7),
        (day("2027-04-30"), 1.0),
    ]


def test_of_a_past_start_the_months_are_counted_from_it():
    staff = staff_of([Role("rep", ramp=[0.1, 0.4, 0.7])], [Rep("rep", start="2026-11-20")])
    expected = [(1, 0.4), (day("2027-01-20"), 0.7), (day("2027-02-20"), 1.0)]
    assert changes(shares(staff)[:, 0]) == expected


@pytest.mark.parametrize(("ramped", "expected"), [(0, [0.1, 0.4, 0.7, 1.0]), (2, [0.7, 1.0])])
def test_months_of_ramp_that_are_done_are_left_out(ramped, expected):
    role = Role("rep", ramp=[0.1, 0.4, 0.7])
    there = staff_of([role], [Rep("rep", ramped=ramped)])
    hired = staff_of([role], [Rep("rep", start="2027-03-01", ramped=ramped)])
    assert [share for _, share in changes(shares(there)[:, 0])] == expected
    assert [share for _, share in changes(shares(hired)[:, 0])] == expected
    assert changes(shares(there)[:, 0])[1][0] == day("2027-02-01")
    assert changes(shares(hired)[:, 0])[1][0] == day("2027-04-01")


def test_more_months_done_than_there_are_is_fully_ramped():
    staff = staff_of([Role("rep", ramp=[0.1])], [Rep("rep", ramped=5)])
    assert (shares(staff) == 1.0).all()


def test_a_fixed_delay_moves_the_ramp_too():
    role = Role("rep", ramp=[0.1, 0.4])
    late = staff_of([role], [Rep("rep", start="2027-02-01", delay=28)])
    on_time = staff_of([role], [Rep("rep", start="2027-03-01")])
    assert (shares(late) == shares(on_time)).all()
    assert shares(late).shape == (365, 64)


def test_a_known_last_day_closes_the_seat():
    staff = staff_of([Role("rep", **CHANCY)], [Rep("rep", leave="2027-03-10")])
    found = shares(staff, paths=256)
    assert found[day("2027-03-10") - 1].any()
    assert not found[day("2027-03-10") :].any()


def test_who_has_left_before_the_as_of_date_is_not_there():
    staff = staff_of([Role("rep")], [Rep("rep", start="2026-01-01", leave="2026-12-31")])
    assert not shares(staff).any()
    assert not presence_of(staff)[0].filled.any()


def test_a_hire_beyond_the_horizon_is_not_there():
    staff = staff_of([Role("rep", **CHANCY)], [Rep("rep", start="2028-01-01", delay=30)])
    assert not shares(staff).any()
    assert not presence_of(staff)[0].filled.any()


def test_hours_follow_the_clock():
    staff = staff_of([Role("rep", hours_per_week=35)], [Rep("rep")], clock=WEEKDAYS)
    minutes = draw_seats(staff, 1, 0, 64)
    weekday = (np.datetime64(AS_OF) + np.arange(1, 366)).astype("datetime64[D]").astype(int)
    off = np.isin((weekday + 4) % 7, (0, 6)) | (np.arange(365) == 0)
    assert minutes.shape == (1, 365, 64)
    assert minutes.dtype == np.float32
    assert (minutes[:, off] == 0.0).all()
    assert (minutes[:, ~off] > 0.0).all()
    assert minutes[0, :, 0].sum() == pytest.approx(35 * 60 * 365 / 7, rel=1e-6)


def test_a_leaver_leaves_the_seat_empty_unless_it_is_filled_again():
    empty = staff_of([Role("rep", attrition=3.0)], [Rep("rep")])
    again = staff_of([Role("rep", attrition=3.0, backfill=10)], [Rep("rep")])
    there = draw_codes(empty, 0, 1, 0, 512) > 0
    assert (np.diff(there.astype(int), axis=0) <= 0).all()
    gaps = draw_codes(again, 0, 1, 0, 512) > 0
    lengths = [
        len(list(run)) for path in gaps.T for filled, run in itertools.groupby(path) if not filled
    ]
    assert max(lengths) == 10
    assert sorted(lengths)[len(lengths) // 2] == 10


def test_blocks_do_not_matter():
    staff = staff_of(
        [Role("rep", **CHANCY)], [Rep("rep"), Rep("rep", start="2027-04-01", delay=20)]
    )
    whole = draw_seats(staff, 7, 0, 1024)
    parts = [draw_seats(staff, 7, first, 256) for first in range(0, 1024, 256)]
    assert (np.concatenate(parts, axis=2) == whole).all()
    assert (draw_seats(pickle.loads(pickle.dumps(staff)), 7, 0, 1024) == whole).all()
    assert (draw_seats(staff, 8, 0, 1024) != whole).any()


def test_a_rep_more_changes_nobody_elses_luck():
    role = Role("rep", **CHANCY)
    hire = Rep("rep", start="2027-04-01", delay=fs.Gamma(mean=30, cv=1))
    few = staff_of([role], [Rep("rep", count=2), hire, Rep("rep", name="Bo")])
    more = staff_of(
        [role], [Rep("rep", count=3), Rep("rep", name="Al"), hire, Rep("rep", name="Bo")]
    )
    before, after = draw_seats(few, 7, 0, 256), draw_seats(more, 7, 0, 256)
    assert (before == after[[0, 1, 4, 5]]).all()
    assert len({after[k].tobytes() for k in range(6)}) == 6


def test_an_earlier_hire_has_the_same_luck():
    role = Role("rep", attrition=0.9)
    stays = [
        (draw_codes(staff_of([role], [Rep("rep", start=start)]), 0, 7, 0, 256) > 0).sum(axis=0)
        for start in ("2027-03-01", "2027-02-01")
    ]
    gone = stays[0] < day("2027-12-31") - day("2027-03-01") + 1
    assert gone.any()
    assert (stays[0][gone] == stays[1][gone]).all()


REPS = {
    "there": Rep("rep"),
    "new": Rep("rep", ramped=1),
    "started": Rep("rep", start="2026-11-15"),
    "hire": Rep("rep", start="2027-03-31"),
    "late hire": Rep("rep", start="2027-03-31", delay=fs.Gamma(mean=30, cv=1)),
    "late hire who knows": Rep(
        "rep", start="2027-02-28", delay=fs.Pert(low=5, mode=9, high=40), ramped=2
    ),
    "leaver": Rep("rep", leave="2027-05-01"),
}
ROLES = {
    "not filled again": Role("rep", ramp=[0.1, 0.4, 0.7], attrition=0.9),
    "filled again": Role("rep", **CHANCY),
    "filled at once": Role("rep", attrition=5.0, backfill=0, ramp=[0.5]),
    "filled by lot": Role("rep", attrition=2.0, backfill=fs.Discrete([3, 80], [0.4, 0.6])),
}
PATHS = 2**14


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("rep", REPS)
def test_draws_have_the_exact_means(role, rep):
    # 28 cases x 2 means x 365 days; two-sided normal quantile of 1e-3 / 20,440 comparisons: 5.5
    staff = staff_of([ROLES[role]], [REPS[rep]])
    found = presence_of(staff)[0]
    codes = draw_codes(staff, 0, 20_261, 0, PATHS)
    drawn = {"filled": codes > 0, "productive": staff.share[0][codes]}
    for name, values in drawn.items():
        exact = getattr(found, name)
        variance = (values.astype(float) ** 2).mean(axis=1) - values.mean(axis=1) ** 2
        error = np.sqrt(np.maximum(variance, 1.0 / PATHS) / PATHS)
        assert (np.abs(values.mean(axis=1) - exact) / error).max() < 5.5


def test_a_stay_is_exponential_and_a_seat_reaches_its_balance():
    hazard, wait = 2.0 / 365.25, 30
    role = Role("rep", attrition=2.0, backfill=wait)
    found = presence_of(staff_of([role], [Rep("rep")], periods=fs.Periods("year", 20)))[0]
    days = np.arange(wait)
    assert found.filled[:wait] == pytest.approx(np.exp(-hazard * days), rel=1e-12)
    mean_stay = 1.0 / -np.expm1(-hazard)
    assert found.filled[-1] == pytest.approx(mean_stay / (mean_stay + wait), rel=1e-6)


def test_a_seat_that_is_filled_at_once_is_always_filled():
    found = presence_of(staff_of([Role("rep", attrition=5.0, backfill=0)], [Rep("rep")]))[0]
    assert found.filled == pytest.approx(1.0, abs=1e-12)


def test_a_horizon_beyond_a_hundred_years_is_refused():
    with pytest.raises(InputError, match="end within 36,525 days, a hundred years"):
        staff_of([Role("rep")], [Rep("rep")], periods=fs.Periods("year", 101))


def test_a_team_without_reps_has_no_seats():
    staff = staff_of([Role("rep")], [])
    assert draw_seats(staff, 1, 0, 64).shape == (0, 365, 64)
    assert presence_of(staff) == []


def test_parts_of_days_at_the_end_are_a_whole_day():
    staff = staff_of([Role("rep")], [Rep("rep")], periods=fs.Periods(edges=[0, 1.5]))
    assert staff.days == 2
