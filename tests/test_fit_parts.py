"""Conversions, times, creation, amounts, closing and pooling, each on histories made for it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import beta as beta_law
from scipy.stats import nbinom

from funnelsim.errors import InputError
from funnelsim.events import LOST, WON, EventLog
from funnelsim.fitting import fit_known
from funnelsim.fitting.amounts import even_values, fit_amounts
from funnelsim.fitting.closing import fit_closing
from funnelsim.fitting.conversions import stage_end
from funnelsim.fitting.creation import fit_creation, log_likelihood, most_likely
from funnelsim.fitting.fitted import generator
from funnelsim.fitting.incidence import RiskTable
from funnelsim.fitting.pooling import shrunk
from funnelsim.fitting.spells import Spells

FIRST = dt.date(2023, 1, 1).toordinal()


def history(created, days, won, *, amount=None, booked=None, segments=None, **more):
    """Return a log of deals of one stage; of those whose days are infinite, nothing ends."""
    count = len(created)
    ended = np.flatnonzero(np.isfinite(days))
    amount = np.full(count, 1000.0) if amount is None else np.asarray(amount, float)
    booked = amount if booked is None else np.asarray(booked, float)
    return EventLog(
        [f"D{k}" for k in range(count)],
        ["offer"],
        deal=np.r_[np.arange(count), ended],
        time=np.r_[created, (created + days)[ended]],
        state=np.r_[np.zeros(count, int), np.where(won, WON, LOST)[ended]],
        amount=np.r_[amount, np.where(won, booked, np.nan)[ended]],
        segments=segments,
        record_start=more.pop("record_start", FIRST),
        **more,
    )


def plain(count, seed=0, *, chance=0.4, span=700.0, mean=20.0):
    """Return creation, days and outcomes of independent deals."""
    random = np.random.default_rng(seed)
    created = FIRST + np.sort(random.uniform(0, span, count))
    return created, random.gamma(2.0, mean / 2.0, count), random.random(count) < chance


# conversions


def test_without_censoring_the_conversion_is_a_beta_posterior_with_two_deals():
    created, days, won = plain(400, chance=0.3, span=90)  # one quarter: no cohorts, the prior rho
    fit = fit_known(history(created, days, won).as_of(FIRST + 1000), draws=4000)
    one = fit.stages[0].conversion
    wins, usual = won.sum(), (won.sum() + 5.0) / 410.0
    assert one.value == pytest.approx((wins + 2 * usual) / 402, rel=1e-4)
    assert fit.stages[0].end.kind == "none"
    # the market's prior widens it, so it is compared where that is taken out again
    from funnelsim.clock import Clock  # noqa: PLC0415
    from funnelsim.fitting.stages import finish_stages, read_stages  # noqa: PLC0415

    known = history(created, days, won).as_of(FIRST + 1000)
    readings = read_stages(known, Clock(), seed=1, draws=4000)
    [alone] = finish_stages(known, readings, np.zeros(4000), cohort="quarter", seed=1)
    law = beta_law(wins + 2 * usual, 400 - wins + 2 * (1 - usual))
    assert alone.conversion.low == pytest.approx(law.ppf(0.1), abs=0.003)
    assert alone.conversion.high == pytest.approx(law.ppf(0.9), abs=0.003)
    assert one.high - one.low > 1.5 * (alone.conversion.high - alone.conversion.low)


def test_deals_beyond_the_last_close_have_stalled():
    created, days, won = plain(600, seed=3, chance=0.6)
    days = np.where(np.arange(600) % 3 == 0, np.inf, np.minimum(days, 60.0))
    fit = fit_known(history(created, days, won, last_day=FIRST + 800).as_of(FIRST + 800))
    assert fit.stages[0].end.kind == "stalled"
    assert fit.stages[0].conversion.value == pytest.approx(0.4, abs=0.05)
    dead = set(fit.stalled)
    assert len(dead) == pytest.approx(200, abs=5)
    known = fit.known
    old = known.open & (known.day + 1 - known.created > fit.stages[0].end.age)
    assert dead == {known.ids[k] for k in np.flatnonzero(old)}
    [warning] = [one for one in fit.warnings if one.code == "stalled"]
    assert warning.ids == fit.stalled


def test_few_who_remain_part_as_the_others_did():
    end = np.r_[np.arange(1.0, 401.0), 500.0]
    cause = np.r_[np.tile([1, 1, 1, 2], 100), 0]
    one = Spells(np.zeros(401), end, cause, np.arange(401), whole_days=False)
    found = stage_end(one, RiskTable(one), tuple(map(str, range(401))), None)
    assert found.kind == "ratio"
    assert found.remaining == pytest.approx(1 / 401)
    assert found.share == pytest.approx(0.75)


def test_a_short_record_is_continued_by_a_law_and_says_so():
    random = np.random.default_rng(5)
    created = FIRST + np.sort(random.uniform(0, 25, 500))
    days, won = random.gamma(2.0, 15.0, 500), random.random(500) < 0.5
    log = history(created, days, won, last_day=FIRST + 1000)
    fit = fit_known(log.as_of(FIRST + 25))
    assert fit.stages[0].end.kind == "tail"
    assert "record-too-short" in {one.code for one in fit.warnings}
    one = fit.stages[0].conversion
    assert one.low < 0.5 < one.high
    later = fit_known(log.as_of(FIRST + 400)).stages[0].conversion
    assert one.high - one.low > 1.2 * (later.high - later.low)


# times


def test_mean_times_are_those_of_all_deals_in_spite_of_open_ones():
    created, days, won = plain(3000, seed=6, span=200.0, mean=40.0)
    known = history(created, days, won, last_day=FIRST + 1000).as_of(FIRST + 200)
    [one] = fit_known(known).stages
    naive = (known.closed - known.created)[known.won].mean()
    assert naive < 37.0
    assert one.time.mean.value == pytest.approx(40.0, rel=0.05)
    assert one.time.distribution.mean == pytest.approx(one.time.mean.value, rel=0.02)


def test_dates_keep_the_mean_and_the_shares_of_days():
    random = np.random.default_rng(7)
    created = FIRST + np.floor(np.sort(random.uniform(0, 600, 900)))
    days, won = np.floor(random.gamma(3.0, 4.0, 900)), random.random(900) < 0.5
    [one] = fit_known(history(created, days, won).as_of(FIRST + 900)).stages
    law = one.time.distribution
    assert law.mean == pytest.approx(days[won].mean(), rel=0.01)
    for day in (0, 5, 12):
        assert law.sf(day + 0.5) == pytest.approx((days[won] > day).mean(), abs=0.03)


# creation


def test_months_and_rate():
    created = FIRST + np.concatenate([np.arange(0, 365, 0.5), np.arange(365, 396, 0.25)])
    known = history(created, np.full(len(created), np.inf), np.zeros(len(created), bool)).as_of(
        FIRST + 400
    )
    found = fit_creation(known, random=generator(1, 1))
    assert len(found.months) == 13
    assert found.months[0] == ("2023-01", 62)
    assert found.months[-1] == ("2024-01", 124)
    # the last 365 days: eleven months at 2 a day, one at 4
    assert found.per_month.value == pytest.approx((2 * 334 + 4 * 31) / 365 * 30.4375, rel=0.02)


def test_negative_binomial_is_that_of_a_plain_optimum():
    random = np.random.default_rng(8)
    deals = random.poisson(80 * random.gamma(10.0, 0.1, 30)).astype(float)
    exposure = random.uniform(0.9, 1.1, 30)
    mean, dispersion = most_likely(deals, exposure)

    def cost(at):
        size, expected = np.exp(-at[1]), np.exp(at[0]) * exposure
        return -nbinom.logpmf(deals, size, size / (size + expected)).sum()

    best = minimize(
        cost, [4.0, -2.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10}
    )
    assert np.log(mean) == pytest.approx(best.x[0], abs=1e-5)
    assert np.log(dispersion) == pytest.approx(best.x[1], abs=1e-4)
    assert log_likelihood(deals, exposure, mean, dispersion) == pytest.approx(-best.fun)


def test_a_season_shows_after_two_years_and_chance_alone_does_not():
    random = np.random.default_rng(9)
    month = np.arange(36)
    starts = [dt.date(2023 + m // 12, m % 12 + 1, 1).toordinal() for m in month]
    wave = 1.0 + 0.5 * np.sin(2 * np.pi * month / 12)
    for rates, seen in ((400 * wave, True), (np.full(36, 400.0), False)):
        counts = random.poisson(rates)
        created = np.repeat(starts, counts) + random.uniform(0, 28, counts.sum())
        created = np.sort(created)
        log = history(created, np.full(len(created), np.inf), np.zeros(len(created), bool))
        found = fit_creation(log.as_of(dt.date(2025, 12, 31).toordinal()), random=generator(1, 1))
        assert bool(found.season) == seen
        if seen:
            np.testing.assert_allclose(found.season, wave[:12] / wave[:12].mean(), atol=0.12)


def test_a_month_that_falls_is_said():
    counts = np.r_[np.full(11, 300), 40]
    starts = [dt.date(2023, m, 1).toordinal() for m in range(1, 13)]
    created = np.sort(np.repeat(starts, counts) + np.tile(np.linspace(0, 27, 20), 167))
    fit = fit_known(
        history(created, np.full(len(created), 9.0), created % 2 < 1).as_of(FIRST + 364)
    )
    assert fit.creation.last_is_low
    assert "creation-falls" in {one.code for one in fit.warnings}


def test_a_record_of_a_few_days_is_one_piece():
    created = FIRST + np.linspace(0.0, 9.99, 40)
    known = history(created, np.full(40, 3.0), np.arange(40) % 2 == 0).as_of(FIRST + 9)
    found = fit_creation(known, random=generator(1, 1))
    assert found.per_month.value == pytest.approx(4 * 30.4375, rel=0.01)
    assert found.per_month.high > 1.15 * found.per_month.value


# amounts


def test_amounts_are_those_booked_and_keep_their_mean():
    random = np.random.default_rng(10)
    created, days, won = plain(2000, seed=10)
    said = random.lognormal(8.0, 1.0, 2000)
    known = history(created, days, won, amount=said, booked=0.9 * said).as_of(FIRST + 2000)
    found = fit_amounts(known, random=generator(1, 1))
    assert found.mean.value == pytest.approx(0.9 * said[won].mean(), rel=1e-4)
    assert found.distribution.mean == pytest.approx(found.mean.value, rel=1e-4)
    assert found.booked_ratio.value == pytest.approx(0.9)
    top = np.sort(said[won])[::-1]
    assert found.largest == pytest.approx(top[: round(0.2 * len(top))].sum() / top.sum())


def test_few_amounts_are_a_lognormal():
    created, days, won = plain(20, seed=11, chance=1.0)
    said = np.exp(np.linspace(7.0, 9.0, 20))
    found = fit_amounts(history(created, days, won, amount=said).as_of(FIRST + 2000),
                        random=generator(1, 1))  # fmt: skip
    assert type(found.distribution).__name__ == "Lognormal"
    assert found.distribution.ppf(0.5) == pytest.approx(np.exp(8.0), rel=1e-3)
    assert found.mean.low < said.mean() < found.mean.high


@pytest.mark.parametrize("count", [3, 200, 201, 777])
def test_even_values_keep_the_mean(count):
    values = np.random.default_rng(count).lognormal(8.0, 1.5, count)
    assert even_values(values).mean() == pytest.approx(values.mean())
    assert len(even_values(values)) == min(count, 200)


# closing


def wins_on(days):
    created = np.asarray(days, float)
    return history(created - 3.0, np.full(len(created), 3.0), np.ones(len(created), bool))


def test_weekends_without_wins_are_off():
    days = np.repeat(np.arange(FIRST + 10, FIRST + 110), 2)
    working = days[(days - 1) % 7 < 5]
    assert fit_closing(wins_on(working).as_of(FIRST + 110)).clock.weekend == ("saturday", "sunday")
    assert fit_closing(wins_on(days).as_of(FIRST + 110)).clock.weekend == ()
    assert fit_closing(wins_on(working[:40]).as_of(FIRST + 110)).clock.weekend == ()


def test_a_push_at_the_end_of_each_quarter_is_found():
    random = np.random.default_rng(12)
    days = np.arange(FIRST, FIRST + 365)
    ends = [dt.date(2023, 4, 1), dt.date(2023, 7, 1), dt.date(2023, 10, 1), dt.date(2024, 1, 1)]
    left = np.min([np.where(e.toordinal() > days, e.toordinal() - days, 999) for e in ends], axis=0)
    flat = np.repeat(days, random.poisson(4.0, 365))
    pushed = np.repeat(days, random.poisson(np.where(left <= 14, 12.0, 4.0)))
    found = fit_closing(wins_on(pushed).as_of(FIRST + 364)).clock.quarter_end
    assert found.days == 14
    assert found.weight == pytest.approx(3.0, abs=0.4)
    assert fit_closing(wins_on(flat).as_of(FIRST + 364)).clock.quarter_end is None
    short = fit_closing(wins_on(pushed[pushed < FIRST + 100]).as_of(FIRST + 100))
    assert short.clock.quarter_end is None
    assert "too few" in short.words[1]


# pooling


def test_segments_lean_on_the_whole_as_far_as_their_deals_are_few():
    won, deals = np.array([90.0, 300.0, 2.0, 0.0]), np.array([300.0, 600.0, 2.0, 0.0])
    chances, weights = shrunk(won, deals, generator(1, 1))
    value = chances.mean(axis=0)
    assert 0.3 < value[0] < 0.36
    assert 0.46 < value[1] < 0.5
    assert value[3] < value[2] < 0.75
    assert weights[1] > weights[0] > weights[2] > weights[3] == 0.0
    low, high = np.quantile(chances, [0.1, 0.9], axis=0)
    assert high[3] - low[3] > high[1] - low[1]


def test_win_rates_by_a_segment():
    created, days, won = plain(400, seed=13)
    team = ["north", "south"] * 200
    known = history(created, days, won, segments={"team": team}).as_of(FIRST + 1000)
    fit = fit_known(known, by="team")
    north, south = fit.pooled
    assert (north.segment, north.deals, north.won) == ("north", 200, int(won[::2].sum()))
    assert south.own == pytest.approx(won[1::2].mean())
    with pytest.raises(InputError, match="did you mean 'team'"):
        fit_known(known, by="teams")
