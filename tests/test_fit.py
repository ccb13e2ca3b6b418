"""A fit as a whole: a funnel recovered, nothing later, scenarios that run, files read back."""

from __future__ import annotations

import json

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.errors import InputError
from funnelsim.events import LOST, WON, EventLog
from funnelsim.fitting import fit_known
from tests.worlds import simulate_funnel


@pytest.fixture(scope="module")
def recovered():
    """Return the fit of a funnel of five stages, with what is true of it."""
    log, truth = simulate_funnel(2)
    return fit_known(log.as_of(log.last_day), by="team"), truth


def test_a_funnel_is_recovered(recovered):
    fit, truth = recovered
    for one, chance, (forward, _), (lost, _) in zip(
        fit.stages, truth.conversions, truth.forward, truth.lost, strict=True
    ):
        assert one.conversion.value == pytest.approx(chance, abs=0.05)
        assert one.time.mean.value == pytest.approx(forward, rel=0.12)
        assert one.time_if_lost.mean.value == pytest.approx(lost, rel=0.12)
    assert fit.creation.per_month.value == pytest.approx(truth.created, rel=0.12)
    held = [
        one.conversion.low <= chance <= one.conversion.high
        for one, chance in zip(fit.stages, truth.conversions, strict=True)
    ]
    assert sum(held) >= 2  # of 5 at 80 %: fewer has a chance below 1 %
    assert fit.sharing.rho.low == truth.rho == 0.0


def test_a_truncated_funnel_is_recovered():
    log, truth = simulate_funnel(6)
    assert truth.truncated
    fit = fit_known(log.as_of(log.last_day))
    for one, chance, (forward, _) in zip(fit.stages, truth.conversions, truth.forward, strict=True):
        assert one.conversion.value == pytest.approx(chance, abs=0.06)
        assert one.time.mean.value == pytest.approx(forward, rel=0.12)
    assert fit.creation.per_month.value == pytest.approx(truth.created, rel=0.2)


def changed_after(log, day):
    """Return a log that is the same up to the end of a day, and wild after it."""
    kept = log.time < day + 1
    later = np.flatnonzero(~kept)
    state, amount, time = log.state.copy(), log.amount.copy(), log.time.copy()
    state[later], amount[later] = WON, 1e6
    time[later] = day + 1 + np.random.default_rng(1).random(len(later))
    return EventLog(
        log.ids, log.stages, deal=log.deal, time=time, state=state, amount=amount,
        segments=log.segments, record_start=log.record_start,
    )  # fmt: skip


@pytest.mark.parametrize("days", [60, 400])
def test_nothing_later_is_used(days):
    log, _ = simulate_funnel(1)
    day = log.record_start + days
    logs = log, changed_after(log, day)
    fit, other = (fit_known(one.as_of(day), by="team", draws=40) for one in logs)
    assert json.dumps(fit.to_dict()) == json.dumps(other.to_dict())
    assert fit.scenario(quota=1e6) == other.scenario(quota=1e6)
    later = fit_known(log.as_of(day + 60), by="team", draws=40)
    assert later.to_dict() != fit.to_dict()


def test_the_same_seed_gives_the_same_fit(recovered):
    fit, _ = recovered
    again = fit_known(fit.known, by="team")
    assert again.scenario() == fit.scenario()
    other = fit_known(fit.known, by="team", seed=2)
    assert other.stages[0].conversion.draws != fit.stages[0].conversion.draws
    assert other.stages[0].conversion.value == fit.stages[0].conversion.value


@pytest.mark.compiled
def test_the_scenario_runs(recovered):
    fit, _ = recovered
    scenario = fit.scenario(quota=2e7, periods=fs.Periods("quarter", 2), currency="EUR")
    assert scenario.draws == 200
    assert len(scenario.pipeline) == fit.known.open.sum()
    forecast = fs.simulate(scenario, paths=2000, seed=1)
    wins = fit.known.won & (fit.known.closed > fit.known.day - 182)
    assert forecast.wins.sum(axis=1).mean() == pytest.approx(wins.sum(), rel=0.25)
    assert sum(one.count for one in forecast.warnings) <= 5


@pytest.mark.compiled
def test_stalled_deals_do_not_count():
    random = np.random.default_rng(3)
    start = 738_000
    created = start + np.sort(random.uniform(0, 700, 900))
    days = np.minimum(random.gamma(2.0, 10.0, 900), 70.0)
    dead = np.arange(900) % 3 == 0
    deal = np.arange(900)
    ended = deal[~dead]
    log = EventLog(
        [str(k) for k in deal], ["offer"], deal=np.r_[deal, ended],
        time=np.r_[created, (created + days)[ended]],
        state=np.r_[0 * deal, np.where(random.random(600) < 0.5, WON, LOST)],
        amount=np.full(1500, 1000.0),
    )  # fmt: skip
    fit = fit_known(log.as_of(start + 700))
    assert len(fit.stalled) > 240
    forecast = fs.simulate(fit.scenario(new_business=False), paths=500, seed=1)
    deals = forecast.deals()
    chances = dict(zip(deals["id"], deals["win_probability"], strict=True))
    assert max(chances[name] for name in fit.stalled) < 0.01
    assert max(chances.values()) > 0.2


def test_open_deals_as_they_stand(recovered):
    fit, _ = recovered
    pipeline, known = fit.pipeline(), fit.known
    place = int(np.flatnonzero(known.open)[7])
    row = pipeline.ids.index(known.ids[place])
    stage = known.stage[place]
    assert pipeline.stages[row] == known.stages[stage]
    assert pipeline.ages[row] == pytest.approx(known.day + 1 - known.entry[stage, place], rel=1e-4)
    assert pipeline.amounts[row] == round(100 * known.amount[place])
    codes, names = known.segments["team"]
    assert pipeline.segment("team")[row] == names[codes[place]]


def test_deals_without_an_amount_have_that_of_a_typical_win():
    log, _ = simulate_funnel(1)
    day = log.record_start + 300
    known = log.as_of(day)
    bare = known.ids[int(np.flatnonzero(known.open)[0])]
    amount = log.amount.copy()
    amount[np.array(log.ids)[log.deal] == bare] = np.nan
    less = EventLog(
        log.ids, log.stages, deal=log.deal, time=log.time, state=log.state, amount=amount,
        record_start=log.record_start,
    )  # fmt: skip
    fit = fit_known(less.as_of(day))
    assert fit.pipeline().amounts[fit.pipeline().ids.index(bare)] == round(
        100 * fit.amounts.typical
    )
    [warning] = [one for one in fit.warnings if one.code == "typical-amount"]
    assert warning.ids == (bare,)


@pytest.mark.parametrize(
    ("periods", "months"),
    [(fs.Periods("month", 3), 1), (fs.Periods("quarter", 2), 3), (fs.Periods("year", 1), 12)],
)
def test_new_business_of_any_period(recovered, periods, months):
    fit, _ = recovered
    business = fit.new_business(periods)
    assert business.per_period == pytest.approx(fit.creation.per_month.value * months, rel=1e-4)
    assert business.dispersion == pytest.approx(fit.creation.dispersion.value / months, rel=1e-4)
    assert np.mean(business.factor) == pytest.approx(1.0, abs=0.02)


def test_new_business_between_edges(recovered):
    fit, _ = recovered
    business = fit.new_business(fs.Periods(edges=[0, 14, 45]))
    daily = fit.creation.per_month.value / 30.4375
    np.testing.assert_allclose(business.per_period, [14 * daily, 31 * daily], rtol=1e-4)


def test_booked_is_what_the_current_period_brought_so_far():
    log, _ = simulate_funnel(1)
    day = fs.periods.as_date("day", "2020-11-20").toordinal()
    known = log.as_of(day)
    fit = fit_known(known, draws=20)
    since = fs.periods.as_date("day", "2020-10-01").toordinal()
    expected = known.booked[known.won & (known.closed >= since)].sum()
    assert fit.scenario(periods=fs.Periods("quarter", 2)).booked == pytest.approx(expected)
    monthly = known.booked[known.won & (known.closed >= since + 31)].sum()
    assert fit.scenario(periods=fs.Periods("month", 2)).booked == pytest.approx(monthly)
    assert fit.scenario(periods=fs.Periods(edges=[0, 30])).booked == 0.0
    assert fit.scenario(booked=5.0).booked == 5.0


@pytest.mark.parametrize("days", [60, 400])
def test_the_file_reads_back(tmp_path, days):
    log, _ = simulate_funnel(1)
    fit = fit_known(log.as_of(log.record_start + days), draws=30)
    file = tmp_path / "fitted.toml"
    text = fit.to_toml(file, quota=1e6, currency="EUR")
    assert file.read_text() == text
    assert fs.read_scenario(file) == fit.scenario(quota=1e6, currency="EUR")
    fit.to_toml(file, deals="deals.csv", quota=1e6)
    assert fs.read_scenario(file) == fit.scenario(quota=1e6)
    assert 'file = "deals.csv"' in file.read_text()
    assert fit.to_toml(quota=1e6, currency="EUR") == text


def test_the_file_says_where_numbers_came_from(recovered):
    fit, _ = recovered
    text = fit.to_toml(quota=1e7)
    words = " ".join(line[2:] for line in text.splitlines() if line.startswith("# "))
    for one in fit.stages:
        conversion = one.conversion
        assert f"{conversion.value:,.5g}, 80 % interval {conversion.low:,.4g} to" in words
        assert f"{conversion.deals:,} deals that left" in words
    assert f"{fit.creation.per_month.deals:,} deals created in" in words
    lines = text.splitlines()
    assert lines[lines.index('name = "stage 1"') + 1].startswith("# 0.7")
    assert max(map(len, lines)) < 130
    given = fit.to_toml(market=fs.Market(win_rate_correlation=0.2))
    assert fit.sharing.rho.how not in " ".join(given.split("[[funnel")[0].split())


def test_deals_beside_need_a_path(recovered):
    with pytest.raises(InputError, match="deals must be left out without a path"):
        recovered[0].to_toml(deals="deals.csv")


def test_the_summary_is_a_table(recovered):
    fit, _ = recovered
    lines = fit.summary().splitlines()
    assert lines[0] == f"Fitted to {len(fit.known):,} deals known on {fit.as_of}"
    one = fit.stages[2]
    [row] = [line for line in lines if line.startswith("stage 3")]
    assert f"{one.conversion.value:.1%}" in row
    assert f"{one.forward:,} on, {one.lost:,} lost, {one.open:,} open" in row
    assert any(line.startswith("Win rate of team team 1") for line in lines)
    assert repr(fit) == f"Fit({len(fit.known):,} deals, 5 stages, as of {fit.as_of})"


def test_plain_values_are_json(recovered):
    numbers = json.loads(json.dumps(recovered[0].to_dict(), allow_nan=False))
    assert numbers["stages"][0]["conversion"]["low"] < numbers["stages"][0]["conversion"]["value"]
    assert [one["segment"] for one in numbers["segments"]] == [f"team {k}" for k in (1, 2, 3, 4)]


def small(states, **more):
    """Return the log of deals created day after day, each closed as said, or open (None)."""
    start, rows = 738_000, []
    for k, state in enumerate(states):
        rows.append((k, start + k, 0))
        if state is not None:
            rows.append((k, start + k + 5, state))
    deal, time, state = zip(*rows, strict=True)
    return EventLog(
        [str(k) for k in range(len(states))], ["offer"], deal=deal, time=time, state=state, **more
    )


@pytest.mark.parametrize(
    ("states", "codes"),
    [
        ([None], {"no-won-deals", "no-lost-deals", "few-closes", "no-amounts"}),
        ([None, WON, None], {"no-lost-deals", "few-closes", "few-deals-in-stage"}),
        ([LOST, None, LOST], {"no-won-deals", "few-closes", "less-than-a-quarter"}),
        ([WON] * 30, {"no-lost-deals", "less-than-a-quarter", "no-cohorts"}),
    ],
)
@pytest.mark.compiled
def test_too_little_history_is_said_and_still_makes_a_scenario(states, codes):
    log = small(states)
    fit = fit_known(log.as_of(738_040), draws=40)
    assert codes <= {one.code for one in fit.warnings}
    assert all(one.message for one in fit.warnings)
    conversion = fit.stages[0].conversion
    assert 0.0 < conversion.low < conversion.high <= 1.0
    if len(states) < 5:
        assert conversion.high - conversion.low > 0.25
    forecast = fs.simulate(fit.scenario(), paths=200, seed=1)
    assert np.isfinite(forecast.bookings).all()
    assert "What to know:" in fit.summary()
    json.dumps(fit.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"draws": 0}, "draws must be a whole number of at least 1"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"by": "region"}, "by must be a segment of the history"),
        ({"cohort": "week"}, "cohort must be a kind of period"),
    ],
)
def test_wrong_input(given, message):
    with pytest.raises(InputError, match=message):
        fit_known(small([WON, LOST]).as_of(738_010), **given)


def test_wrong_input_of_a_scenario(recovered):
    with pytest.raises(InputError, match="known must be what a history knows on a day"):
        fit_known(small([WON]))
    with pytest.raises(InputError, match="periods must be Periods"):
        recovered[0].scenario(periods="quarter")
    with pytest.raises(InputError, match="draws must be a whole number"):
        recovered[0].scenario(draws=1000)


def test_a_stage_called_won():
    log = small([WON, LOST, None])
    other = EventLog(log.ids, ["Won"], deal=log.deal, time=log.time, state=log.state)
    assert fit_known(other.as_of(738_020), draws=5).funnel().names == ("Won", "closed won")


def test_segments_named_like_fields_read_back(tmp_path):
    log = small([None, WON, LOST, None], segments={"owner": ["Ann, B.", "Bo", "Bo", ""]})
    fit = fit_known(log.as_of(738_020), by="owner", draws=5)
    file = tmp_path / "fitted.toml"
    fit.to_toml(file)
    assert fs.read_scenario(file) == fit.scenario()
    fit.to_toml(file, deals="deals.csv")
    assert fs.read_scenario(file).pipeline.segment("owner") == ("Ann, B.", "(none)")


@pytest.mark.parametrize(
    "name", ["a\u2028b", "a\x85b", "a\x0cb", 'a"b', "[pipeline]", "x = 1", "ü"]
)
def test_names_of_all_kinds_come_back_from_the_file(tmp_path, name):
    day = np.arange(30)
    log = EventLog(
        [f"{name}{k}" for k in day],
        [f"{name} stage"],
        deal=np.r_[day, day[:20]],
        time=738000 + np.r_[5.0 * day, 5.0 * day[:20] + 20],
        state=np.r_[np.zeros(30), np.where(day[:20] % 3 == 0, WON, LOST)].astype(int),
        amount=np.full(50, 5e4),
    )
    fit = fit_known(log.as_of(738200), draws=5)
    file = tmp_path / "fitted.toml"
    fit.to_toml(file, quota=1e6)
    assert fs.read_scenario(file) == fit.scenario(quota=1e6)


@pytest.mark.parametrize(("later", "warned"), [(0, False), (31, False), (32, True), (400, True)])
def test_a_history_that_ends_before_the_day_is_said(later, warned):
    log = simulate_funnel(1)[0]
    codes = [one.code for one in fit_known(log.as_of(log.last_day + later), draws=5).warnings]
    assert ("silent-end" in codes) is warned


def told(states, day=738_040, **more):
    fit = fit_known(small(states, **more).as_of(day), draws=40)
    return {one.code: one.message for one in fit.warnings}, fit


def test_losses_and_wins_that_are_not_recorded_are_said():
    messages, _ = told([WON] * 30)
    assert (
        "too high if lost deals are missing: dead deals then count as open"
        in (messages["no-lost-deals"])
    )
    assert "if wins are left out of the export" in told([LOST] * 30)[0]["no-won-deals"]
    assert "no deal closed so far, fewer than 20" in told([None] * 3)[0]["few-closes"]
    assert "only 1 deal closed so far" in told([WON, None])[0]["few-closes"]


def test_losses_that_are_not_recorded_are_said_where_deals_have_stalled():
    messages, fit = told([WON, None] * 100, day=738_500)
    assert len(fit.stalled) > 50
    assert (
        f"{len(fit.stalled)} open deals that stalled count as lost instead"
        in (messages["no-lost-deals"])
    )


def test_intervals_that_cannot_hold_zero_are_said():
    messages, fit = told([WON, LOST] * 100, day=738_199)
    assert fit.sharing.rho.low == 0.0
    assert fit.creation.dispersion.low > 0.0
    assert messages["above-zero"] == (
        "the dispersion of months is above 0 by assumption, so no interval of it can hold 0: "
        "history does not tell whether there is any"
    )
    assert "above-zero" not in told([WON, LOST] * 100, day=738_300)[0]  # months without deals


def test_a_push_is_not_told_without_a_win():
    words = told([LOST] * 400, day=738_400)[1].closing.words
    assert words[1] == "Quarter's end: no win in a whole quarter, so a push cannot be told"
