"""The simulated worlds and funnels have the truth that they claim."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from funnelsim.events import WON
from tests import worlds

NAMES = list(worlds.WORLDS)
LONG = 150
"""Months, so that the deals of the first 100 are all closed: a cycle takes 105 days on average."""


def known_at_end(name, seed=1, months=36):
    log = worlds.simulate_world(name, seed, months)
    return log.as_of(log.last_day)


def settled(name, seed=1):
    """Return the deals of 100 months of a world without pulls and queues, all of them closed."""
    known = known_at_end(name, seed, LONG)
    start = worlds.record_start(seed)
    chosen = (known.created >= start) & (known.created < start + 100 * worlds.MONTH)
    assert not known.open[chosen].any()
    return known.only(chosen)


def within(found, expected, error, comparisons=20):
    """Whether a mean is within what chance allows, five in a hundred over all comparisons."""
    assert abs(found - expected) < stats.norm.isf(0.025 / comparisons) * error, (found, expected)


@pytest.mark.parametrize("name", NAMES)
def test_a_longer_history_begins_with_the_shorter_one(name):
    short, long = (worlds.simulate_world(name, 4, months) for months in (20, 30))
    ours, theirs = (log.as_of(short.last_day) for log in (short, long))
    assert ours.ids == theirs.ids
    for field in ("entry", "closed", "won", "amount", "booked"):
        np.testing.assert_array_equal(getattr(ours, field), getattr(theirs, field))


@pytest.mark.parametrize("name", NAMES)
def test_no_deal_closed_before_the_record_and_some_were_open_when_it_began(name):
    known = known_at_end(name)
    assert known.record_start == worlds.record_start(1)
    assert known.closed.min() >= known.record_start
    assert (known.created < known.record_start).sum() > 50
    assert known.day == worlds.origin(1, 36) == known.record_start + 1096 - 1


def test_origins_stand_anywhere_in_a_quarter():
    starts = [worlds.record_start(seed) - worlds.FIRST for seed in range(10)]
    assert len({start // 18 for start in starts}) == 5
    assert max(starts) < 91


def test_conversions_and_times_of_settled_deals():
    known = settled("steady")
    reached = np.vstack([np.isfinite(known.entry), known.won])
    for stage, chance in enumerate(worlds.CONVERSIONS):
        n = reached[stage].sum()
        within(reached[stage + 1].sum() / n, chance, np.sqrt(chance * (1 - chance) / n))
        left = np.vstack([known.entry[1:], np.where(known.won, known.closed, np.inf)])[stage]
        days = np.where(np.isfinite(left), left, known.closed)[reached[stage]]
        days = days - known.entry[stage, reached[stage]]
        mean = worlds.MEAN_DAYS[stage]
        within(days.mean(), mean, mean / np.sqrt(worlds.SHAPE * n))
        lost = days[~reached[stage + 1][reached[stage]]]
        within(lost.mean(), mean, mean / np.sqrt(worlds.SHAPE * len(lost)))


@pytest.mark.parametrize("name", ["steady", "unequal deals", "quarter-end pull"])
def test_deals_are_created_and_won_at_their_rate(name):
    known = known_at_end(name, months=LONG)
    world = worlds.WORLDS[name]
    created = (known.created >= known.record_start).sum()
    within(created / LONG, world.deals, np.sqrt(world.deals / LONG))
    rate = world.deals * worlds.CONVERSIONS.prod()
    within(known.won.sum() / LONG, rate, np.sqrt(rate / LONG))


def test_creation_changes_every_nine_months_by_its_spread_and_keeps_its_mean():
    world = worlds.WORLDS["changing creation"]
    rates = np.array([worlds.creation_rates(world, seed, 900) for seed in range(20)])
    changes = np.diff(np.log(rates), axis=1) != 0
    assert changes.sum(axis=1).min() >= 98
    assert (np.diff(np.flatnonzero(changes[0])) == 9).all()
    levels = np.log(rates[:, ::9])
    n = levels.size
    within(levels.std(), 0.5, 0.5 / np.sqrt(2 * n))
    within(rates.mean() / 300, 1.0, np.sqrt(np.exp(0.25) - 1) / np.sqrt(n))


@pytest.mark.parametrize("name", ["steady", "unequal deals"])
def test_amounts(name):
    known, log_sd = settled(name), worlds.WORLDS[name].log_sd
    logs, n = np.log(known.amount), len(known)
    within(logs.std(), log_sd, log_sd / np.sqrt(2 * n))
    within(logs.mean(), np.log(worlds.MEAN_AMOUNT) - log_sd**2 / 2, log_sd / np.sqrt(n))
    ratio = known.booked[known.won] / known.amount[known.won]
    within(ratio.mean(), 1.0, worlds.BOOKED_SD / np.sqrt(len(ratio)))
    assert np.isnan(known.booked[~known.won]).all()


def test_the_market_is_a_normal_factor_that_persists():
    factor = np.array([worlds.market(seed, 60) for seed in range(2000)])
    within(factor.var(), 1.0, np.sqrt(2 / len(factor)))  # no more than the error of one month
    for lag in (1, 6):
        found = np.mean(factor[:, 59] * factor[:, 59 - lag])
        within(found, 0.9**lag, np.sqrt(2 / len(factor)))


def test_chances_given_the_factor_average_to_the_conversion_and_correlate():
    for chance in worlds.CONVERSIONS:
        mean, square = (
            integrate.quad(
                lambda z, p=power, c=chance: worlds.conditional(c, 0.05, z) ** p
                * stats.norm.pdf(z), -9, 9,
            )[0]
            for power in (1, 2)
        )  # fmt: skip
        both = stats.multivariate_normal([0, 0], [[1, 0.05], [0.05, 1]])
        assert mean == pytest.approx(chance, abs=1e-9)
        assert square == pytest.approx(both.cdf([stats.norm.ppf(chance)] * 2), abs=1e-6)


def test_a_strong_market_moves_all_deals_of_a_month_together():
    known = settled("strong market", seed=2)
    month = ((known.closed - known.record_start) / worlds.MONTH).astype(int)
    factor = worlds.market(2, LONG + 200)[worlds.WARM_UP :]
    first = np.isfinite(known.entry[1])
    left = np.where(first, known.entry[1], known.closed)
    month = ((left - known.record_start) / worlds.MONTH).astype(int)
    for low, high in ((-9, -0.5), (-0.5, 0.5), (0.5, 9)):
        chosen = (factor[month] > low) & (factor[month] <= high)
        chance = worlds.conditional(0.5, 0.05, factor[month][chosen])
        error = np.sqrt((chance * (1 - chance)).sum()) / chosen.sum()
        within(first[chosen].mean(), chance.mean(), error)


def test_half_of_the_other_wins_are_pulled_to_the_last_fortnight():
    pulled, free = (known_at_end(name, months=LONG) for name in ("quarter-end pull", "steady"))

    def late(known):
        days = worlds.quarter_end(known.closed[known.won]) - known.closed[known.won]
        return np.mean(days <= 14)

    share = 14 / (365.25 / 4)
    error = np.sqrt(0.25 / free.won.sum())
    within(late(free), share, error)
    within(late(pulled), share + 0.5 * (1 - share), error)
    quarters = [np.unique(worlds.quarter_of(k.closed[k.won]), return_counts=True)[1]
                for k in (pulled, free)]  # fmt: skip
    np.testing.assert_array_equal(*(found[1:-1] for found in quarters))


def test_a_pull_never_precedes_the_stages():
    known = known_at_end("all of these")
    assert (known.entry[-1] <= known.closed)[known.won].all()


def test_without_stages_the_same_deals_close_on_the_same_days():
    staged, bare = (known_at_end(name) for name in ("all of these", "stages not recorded"))
    assert bare.entry.shape[0] == 1
    for field in ("created", "closed", "won", "amount", "booked"):
        np.testing.assert_array_equal(getattr(staged, field), getattr(bare, field))


def test_teams_sign_what_they_can_and_no_more():
    known = known_at_end("capacity-bound", months=LONG)
    teams = known.segments["team"][0]
    most = 0.9 * 30 / worlds.TEAMS  # a month
    for team in range(worlds.TEAMS):
        days = np.sort(known.closed[known.won & (teams == team)])
        by_year = np.histogram(days, known.record_start + 365.25 * np.arange(LONG // 12 + 1))[0]
        assert (by_year < 12 * most + 4 * np.sqrt(12 * most)).all()
        assert by_year.mean() > 10 * most  # a queue stands nearly always
    steady = known_at_end("changing creation", months=LONG)
    assert known.won.sum() < 0.97 * steady.won.sum()


def test_wins_in_a_queue_are_signed_first_come_first_served():
    known, free = (known_at_end(name, months=LONG) for name in ("capacity-bound",
                                                               "changing creation"))  # fmt: skip
    ready = dict(zip(free.ids, free.closed, strict=True))
    team = known.segments["team"][0]
    for one in range(worlds.TEAMS):
        wins = np.flatnonzero(known.won & (team == one) & np.isin(known.ids, free.ids))
        wins = wins[np.argsort(known.closed[wins])]
        came = np.array([ready[known.ids[deal]] for deal in wins])
        assert (np.diff(came) >= 0).all()
        assert (known.closed[wins] > came).all()


def test_funnels_cover_what_is_asked_for():
    truths = [worlds.funnel_truth(seed) for seed in range(20)]
    assert {len(truth.conversions) for truth in truths} == {3, 4, 5, 6}
    assert min(truth.months for truth in truths) < 18
    assert max(truth.months for truth in truths) > 30
    assert {(truth.truncated, truth.rho > 0) for truth in truths} == {
        (a, b) for a in (True, False) for b in (True, False)
    }


@pytest.mark.parametrize("seed", range(20))
def test_a_funnel_is_recorded_as_it_says(seed):
    log, truth = worlds.simulate_funnel(seed)
    known = log.as_of(log.last_day)
    assert known.closed.min() >= known.record_start
    assert (known.created.min() < known.record_start) == truth.truncated
    assert known.open.any()
    months = (np.datetime64("2020-01") + truth.months).astype("datetime64[D]").astype(int)
    assert log.last_day == months + worlds.EPOCH - 1
    assert (known.entry[1:] >= known.entry[:-1]).all()


@pytest.mark.parametrize("seed", range(8))
def test_a_funnel_has_its_conversions_times_and_rate(seed):
    truth = worlds.replace(worlds.funnel_truth(seed), rho=0.0, months=240)
    log = worlds.simulate_truth(truth, seed)
    known = log.as_of(log.last_day)
    born = known.created >= known.record_start
    within(born.sum() / 240, truth.created,
           np.sqrt((truth.created + truth.dispersion * truth.created**2) / 240), 200)  # fmt: skip
    known = known.only(born & (known.created < log.last_day - 1500))
    assert not known.open.any()
    reached = np.vstack([np.isfinite(known.entry), known.won])
    moved = np.vstack([known.entry[1:], np.where(known.won, known.closed, np.inf)])
    for stage, chance in enumerate(truth.conversions):
        here, on = reached[stage], reached[stage + 1]
        within(on.sum() / here.sum(), chance, np.sqrt(chance * (1 - chance) / here.sum()), 200)
        for chosen, when, (mean, shape) in (
            (on, moved[stage], truth.forward[stage]),
            (here & ~on, known.closed, truth.lost[stage]),
        ):
            days = when[chosen] - known.entry[stage, chosen]
            within(days.mean(), mean, mean / np.sqrt(shape * chosen.sum()), 200)


def test_deals_of_one_quarter_share_their_luck_as_rho_says():
    truth = worlds.replace(worlds.funnel_truth(1), months=2400, dispersion=0.0, created=60.0)
    log = worlds.simulate_truth(truth, 1)
    known = log.as_of(log.last_day)
    closed = known.created < log.last_day - 1500
    quarter = worlds.quarter_of(known.created)[closed]
    quarter -= quarter.min()
    n = np.bincount(quarter)
    rate = np.bincount(quarter, known.won[closed]) / n
    w = truth.win_rate
    both = stats.multivariate_normal([0, 0], [[1, truth.rho], [truth.rho, 1]])
    between = both.cdf([stats.norm.ppf(w)] * 2) - w**2
    found = np.mean((rate - w) ** 2) - np.mean(w * (1 - w) / n)
    assert found == pytest.approx(between, rel=5 * np.sqrt(2 / len(n)))
    within(rate.mean(), w, rate.std() / np.sqrt(len(n)))


def test_amounts_and_dispersion_of_a_funnel():
    truth = worlds.replace(worlds.funnel_truth(2), months=2400, dispersion=0.08, created=60.0)
    log = worlds.simulate_truth(truth, 2)
    known = log.as_of(log.last_day)
    logs = np.log(known.amount)
    within(logs.mean(), truth.log_mean, truth.log_sd / np.sqrt(len(known)))
    within(logs.std(), truth.log_sd, truth.log_sd / np.sqrt(2 * len(known)))
    months = (np.floor(known.created).astype(int) - worlds.EPOCH).astype("datetime64[D]")
    counts = np.unique(months.astype("datetime64[M]"), return_counts=True)[1]
    variance = 60 + 0.08 * 60**2
    assert counts.var() == pytest.approx(variance, rel=5 * np.sqrt(2.5 / len(counts)))
    assert (log.state == WON).sum() == known.won.sum()
