"""The outlook as a whole: as of a day, the same bits, amounts, elasticity, wrong input."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from funnelsim.errors import InputError
from funnelsim.events import EventLog
from funnelsim.outlook.calendar import days_left
from funnelsim.outlook.elasticity import people_columns
from funnelsim.outlook.outlook import prepare
from tests.worlds import origin, simulate_world

pytestmark = pytest.mark.compiled  # a thousand paths and hundreds of deals


@pytest.fixture(scope="module")
def log():
    return simulate_world("all of these", 3, 14)


@pytest.fixture(scope="module")
def known(log):
    return log.as_of(origin(3, 11))


def test_the_same_seed_gives_the_same_paths_however_many_and_whatever_is_asked_beside(known):
    ground = prepare(known)
    ground.ahead([10, 91], segment=("team", "team 2"), paths=300)

    whole = ground.ahead([30, 91], paths=1500, seed=7)
    part = prepare(known).ahead([30, 91], paths=1100, seed=7)

    np.testing.assert_array_equal(part.wins, whole.wins[:1100])
    np.testing.assert_array_equal(part.bookings, whole.bookings[:1100])
    other = ground.ahead([30, 91], paths=1100, seed=8)
    assert not np.array_equal(other.wins, part.wins)


def test_threads_do_not_change_a_bit(known):
    def forecast(seed):
        return prepare(known).ahead([30], paths=1024, seed=seed).bookings

    alone = [forecast(seed) for seed in (1, 2, 3, 4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(forecast, (1, 2, 3, 4)))

    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_later_is_used(log):
    day = origin(3, 11)
    later = log.time >= day + 1
    rng = np.random.default_rng(1)
    changed = EventLog(
        log.ids,
        log.stages,
        deal=log.deal,
        time=np.where(later, log.time + rng.uniform(0, 90, len(log.time)), log.time),
        state=np.where(later & (log.state < 0), -3 - log.state, log.state),
        amount=np.where(later, log.amount * 3, log.amount),
        segments=log.segments,
        record_start=log.record_start,
        last_day=log.last_day,
    )
    for segment in (None, ("product", "product 1")):
        before = prepare(log.as_of(day)).ahead([30, 91], segment=segment, paths=1024)
        after = prepare(changed.as_of(day)).ahead([30, 91], segment=segment, paths=1024)
        np.testing.assert_array_equal(before.wins, after.wins)
        np.testing.assert_array_equal(before.bookings, after.bookings)


def test_segments_add_up_about_to_the_whole_and_bookings_to_wins(known):
    ground = prepare(known)
    whole = ground.ahead([30, 60])
    teams = [ground.ahead([30, 60], segment=("team", f"team {k + 1}")) for k in range(5)]

    assert whole.wins.shape == whole.bookings.shape == (4096, 2)
    assert whole.wins.dtype == whole.bookings.dtype == np.int64
    assert (whole.wins >= 0).all()
    assert ((whole.bookings > 0) == (whole.wins > 0)).all()
    sums = sum(one.wins.mean(axis=0) for one in teams)
    np.testing.assert_allclose(sums, whole.wins.mean(axis=0), rtol=0.15)


def test_a_world_without_amounts_books_nothing_and_says_so_by_zeros():
    log = simulate_world("steady", 4, 8)
    bare = EventLog(
        log.ids, log.stages, deal=log.deal, time=log.time, state=log.state,
        record_start=log.record_start, last_day=log.last_day,
    )  # fmt: skip

    ahead = prepare(bare.as_of(origin(4, 7))).ahead([30], paths=1024)

    assert ahead.wins.mean() > 5
    assert not ahead.bookings.any()


def test_the_truth_falls_inside_and_amounts_of_open_deals_are_their_own():
    log = simulate_world("steady", 5, 16)
    came = log.as_of(log.last_day)
    held = []
    for months in (8, 9, 10, 11, 12, 13):
        day = origin(5, months)
        ahead = prepare(log.as_of(day)).ahead([28], paths=1024)
        inside = came.won & (came.closed >= day + 1) & (came.closed < day + 29)
        place = (ahead.bookings[:, 0] / 100 < np.nansum(came.booked[inside])).mean()
        held.append(0.02 < place < 0.98)

    assert sum(held) >= 5


@pytest.mark.parametrize(("world", "low", "high"), [("steady", 0.65, 1.0),
                                                    ("capacity-bound", 0.0, 0.6)])  # fmt: skip
def test_the_elasticity_tells_free_deals_from_busy_teams(world, low, high):
    found = [
        prepare(simulate_world(world, seed, 15).as_of(origin(seed, 15))).elasticity
        for seed in (1, 2, 3, 4)
    ]

    assert low <= np.mean([one.value for one in found]) <= high
    assert all(one.found == "panel" and one.columns == ("team",) for one in found)


def test_a_given_elasticity_is_used_and_said(known):
    ground = prepare(known, elasticity=0)

    assert ground.elasticity.value == 0.0
    assert str(ground.elasticity).endswith("as given.")


def quarter_end_share(ground, day):
    """Return the share of the wins of the rest of the quarter that fall into its last 14 days."""
    left = int(days_left(np.array([day]))[0])
    wins = ground.ahead([left - 14, left], paths=2048).wins.mean(axis=0)
    return wins[1] / wins.sum()


def test_a_stated_season_holds_before_the_record_has_one_and_bows_to_a_long_record():
    weights = [1, 1, 1, 4, 4]
    long = simulate_world("steady", 5, 30)
    young, old = (long.record_start + days for days in (40, 800))
    for day, low, high in ((young, 1.7, 4.0), (old, 0.9, 1.6)):
        known = long.as_of(day)
        plain = quarter_end_share(prepare(known), day)
        stated = quarter_end_share(prepare(known, season=weights), day)
        assert low < stated / plain < high, day


def test_weights_in_proportion_are_the_same_season(known):
    one = prepare(known, season=[1, 1, 1, 2, 3]).ahead([40], paths=1024)
    other = prepare(known, season=(2, 2, 2, 4, 6)).ahead([40], paths=1024)

    np.testing.assert_array_equal(one.wins, other.wins)


def test_without_people_the_elasticity_is_assumed(known):
    ground = prepare(known, panel=[])

    assert ground.elasticity.sd == 0.35
    assert "cannot be told yet" in str(ground.elasticity)


def test_a_record_of_a_few_days_and_no_win_still_gives_a_forecast():
    log = simulate_world("steady", 6, 6)
    known = log.as_of(log.record_start + 3)
    known = known.only(~known.won)

    ahead = prepare(known).ahead([30], paths=1024)

    assert np.isfinite(ahead.bookings.mean())
    assert ahead.wins.std() > 0


def test_names_of_people_are_recognised():
    names = ["Owner", "sales_agent", "product", "Region", "report", "account manager", "source"]

    assert people_columns(names) == ("Owner", "sales_agent", "Region", "account manager")


def test_wrong_input_is_refused(log, known):
    with pytest.raises(InputError, match="inside the record"):
        prepare(log.as_of(log.record_start - 5))
    with pytest.raises(InputError, match="known: product, team"):
        prepare(known, panel=["tem"])
    for season in ([1, 1, 1], [1, 1, 1, 1, 0], [1, 1, 1, 1, float("nan")], "11111", 3):
        with pytest.raises(InputError, match="season"):
            prepare(known, season=season)
    with pytest.raises(InputError, match="elasticity"):
        prepare(known, elasticity=2)
    ground = prepare(known)
    for edges in ([], [0], [30, 30], [30, 20]):
        with pytest.raises(InputError, match="edges"):
            ground.ahead(edges)
    with pytest.raises(InputError, match="did you mean 'team 1'"):
        ground.ahead([30], segment=("team", "teem 1"))
    with pytest.raises(InputError, match="segment column"):
        ground.ahead([30], segment=("owner", "x"))
