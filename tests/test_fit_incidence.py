"""Competing risks by age, against hand-computed cases and lifelines."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from funnelsim import Clock
from funnelsim.events import LOST, WON, EventLog
from funnelsim.fitting.incidence import RiskTable
from funnelsim.fitting.spells import FORWARD, OPEN, Spells, spells
from funnelsim.fitting.spells import LOST as LEFT_LOST


def spells_of(start, end, cause):
    return Spells(
        np.asarray(start, float),
        np.asarray(end, float),
        np.asarray(cause),
        np.arange(len(end)),
        whole_days=False,
    )


def random_spells(seed, count=400, *, truncated=True):
    """Return spells with competing risks, censoring, and late entries."""
    random = np.random.default_rng(seed)
    first = random.gamma(2.0, 10.0, count)
    second = random.weibull(1.5, count) * 30.0
    limit = random.uniform(5.0, 80.0, count)
    start = np.where(random.random(count) < 0.4, random.uniform(0, 15, count), 0.0) * truncated
    end = np.minimum(np.minimum(first, second), limit)
    cause = np.where(end == limit, OPEN, np.where(end == first, FORWARD, LEFT_LOST))
    seen = end >= start
    return spells_of(start[seen], end[seen], cause[seen])


def test_a_case_by_hand():
    # 1: 1 of 4 goes on; 2: 1 of 3 is lost; 3: 1 of 2 goes on, the other is open at that age
    found = RiskTable(spells_of([0, 0, 0, 0], [1, 2, 3, 3], [1, 2, 1, 0])).incidence()
    assert found.ages.tolist() == [1, 2, 3]
    assert found.at_risk.tolist() == [4, 3, 2]
    np.testing.assert_allclose(found.survival, [0.75, 0.5, 0.25])
    np.testing.assert_allclose(found.forward, [0.25, 0.25, 0.5])
    np.testing.assert_allclose(found.lost, [0.0, 0.25, 0.25])


def test_a_truncated_deal_is_at_risk_from_its_start_on():
    # the third is seen from age 2 on, that age included
    found = RiskTable(spells_of([0, 0, 2], [1, 2, 4], [1, 1, 2])).incidence()
    assert found.at_risk.tolist() == [2, 2, 1]
    np.testing.assert_allclose(found.survival, [0.5, 0.25, 0.0])


def test_weights_count_deals():
    one = random_spells(3, 60)
    times = np.random.default_rng(1).integers(1, 4, len(one))
    repeated = spells_of(*(np.repeat(c, times) for c in (one.start, one.end, one.cause)))
    weighted, many = RiskTable(one).incidence(times * 1.0), RiskTable(repeated).incidence()
    for name in ("at_risk", "survival", "forward", "lost"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(many, name), atol=1e-12)


def test_several_sets_of_weights_at_once():
    one = random_spells(4)
    weights = np.random.default_rng(2).exponential(size=(3, len(one)))
    table = RiskTable(one)
    together = table.incidence(weights)
    for d in range(3):
        alone = table.incidence(weights[d])
        np.testing.assert_array_equal(together.forward[d], alone.forward)
        np.testing.assert_array_equal(together.survival[d], alone.survival)


@pytest.mark.parametrize("seed", range(5))
def test_shares_sum_to_one(seed):
    found = RiskTable(random_spells(seed)).incidence()
    np.testing.assert_allclose(found.survival + found.forward + found.lost, 1.0, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_survival_is_that_of_lifelines(seed):
    lifelines = pytest.importorskip("lifelines")
    one = random_spells(seed)
    found = RiskTable(one).incidence()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = lifelines.KaplanMeierFitter()
        fitter.fit(one.end, one.cause != OPEN, entry=one.start)
        expected = fitter.survival_function_at_times(found.ages).to_numpy()
    np.testing.assert_allclose(found.survival, expected, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cause", [FORWARD, LEFT_LOST])
def test_incidence_is_that_of_lifelines(seed, cause):
    lifelines = pytest.importorskip("lifelines")
    one = random_spells(seed, truncated=False)
    found = RiskTable(one).incidence()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = lifelines.AalenJohansenFitter(calculate_variance=False)
        fitter.fit(one.end, one.cause, event_of_interest=cause)
    table = fitter.cumulative_density_.iloc[:, 0]
    expected = table.to_numpy()[np.searchsorted(table.index, found.ages + 1e-9) - 1]
    mine = found.forward if cause == FORWARD else found.lost
    np.testing.assert_allclose(mine, expected, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_truncated_incidence_is_that_of_lifelines(seed):
    lifelines = pytest.importorskip("lifelines")
    one = random_spells(seed)
    found = RiskTable(one).incidence()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = lifelines.AalenJohansenFitter(calculate_variance=False)
        fitter.fit(one.end, one.cause, event_of_interest=FORWARD, entry=one.start)
    table = fitter.cumulative_density_.iloc[:, 0]
    expected = table.to_numpy()[np.searchsorted(table.index, found.ages + 1e-9) - 1]
    np.testing.assert_allclose(found.forward, expected, atol=1e-10)


def log_of(*events, **more):
    """Return a log of (deal, day, state)."""
    ids = list(dict.fromkeys(event[0] for event in events))
    deal, time, state = zip(*[(ids.index(e[0]), e[1], e[2]) for e in events], strict=True)
    return EventLog(ids, ["meeting", "offer"], deal=deal, time=time, state=state, **more)


def test_spells_of_dates_are_half_a_day_longer_for_open_deals():
    log = log_of(("A", 700_001, 0), ("A", 700_004, 1), ("B", 700_002, 0), ("B", 700_009, LOST))
    first, last = spells(log.as_of(700_010))
    assert first.end.tolist() == [3, 7]
    assert first.cause.tolist() == [FORWARD, LEFT_LOST]
    assert last.end.tolist() == [6.5]
    assert last.cause.tolist() == [OPEN]


def test_spells_of_moments_reach_to_the_end_of_the_day():
    log = log_of(("A", 700_001.25, 0), ("A", 700_004.5, WON), ("B", 700_002.75, 0))
    first, last = spells(log.as_of(700_010))
    assert first.end.tolist() == [3.25, 8.25]
    assert last.end.tolist() == [0.0]
    assert last.cause.tolist() == [FORWARD]


def test_what_left_a_stage_before_the_record_starts_is_not_seen():
    log = log_of(
        ("A", 700_001, 0), ("A", 700_005, 1), ("A", 700_020, WON), ("B", 700_008, 0),
        ("B", 700_013, LOST), record_start=700_010,
    )  # fmt: skip
    first, last = spells(log.as_of(700_030))
    assert (first.start.tolist(), first.end.tolist()) == ([2.0], [5.0])
    assert (last.start.tolist(), last.end.tolist()) == ([5.0], [15.0])


def test_times_on_a_clock():
    friday = 738_000 - (738_000 - 1) % 7 + 4
    log = log_of(("A", friday, 0), ("A", friday + 3, LOST))  # closed on Monday
    one, _ = spells(log.as_of(friday + 10), Clock(weekend=("saturday", "sunday")))
    assert one.end[0] == pytest.approx(7 / 5, rel=0.01)
