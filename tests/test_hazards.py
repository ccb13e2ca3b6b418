"""Hazards by stage and age against a slow, obvious count."""

import numpy as np
import pytest

from funnelsim.errors import InputError
from funnelsim.events import LOST, WON, EventLog
from funnelsim.fitting.hazards import AGES, PRIOR_DAYS, Hazards, fit_hazards


def some_log(seed, deals=300, stages=3, days=500):
    rng = np.random.default_rng(seed)
    rows = []
    for deal in range(deals):
        time = float(rng.integers(0, days)) + rng.random()
        stage = 0
        while True:
            rows.append((deal, time, stage))
            time += rng.exponential(25.0) * (rng.random() > 0.1)
            if rng.random() < 0.3:
                rows.append((deal, time, LOST))
                break
            stage += 1 + (rng.random() < 0.1)
            if stage >= stages:
                rows.append((deal, time, WON))
                break
    deal, time, state = (np.array(column) for column in zip(*rows, strict=True))
    ids = [f"D{k}" for k in range(deals)]
    names = [f"stage {k}" for k in range(stages)]
    return EventLog(ids, names, deal=deal, time=time, state=state, record_start=100)


def counted(known, stage, weights):
    """Return events and days at risk, one deal and one day after the other."""
    forward, lost, days = np.zeros(AGES), np.zeros(AGES), np.zeros(AGES)
    for deal in range(len(known)):
        entry = known.entry[stage, deal]
        if not np.isfinite(entry):
            continue
        last = stage + 1 == len(known.stages)
        on = (known.closed[deal] if known.won[deal] else np.inf) if last else np.inf
        on = on if last else known.entry[stage + 1, deal]
        for day in range(int(entry), known.day + 1):
            age = min(day - int(entry), AGES - 1)
            if day >= known.record_start:
                days[age] += weights[deal]
            if np.isfinite(on) and int(on) == day:
                forward[age] += weights[deal] * (day >= known.record_start)
                break
            if np.isfinite(known.closed[deal]) and int(known.closed[deal]) == day:
                lost[age] += weights[deal] * (day >= known.record_start)
                break
    return forward, lost, days


@pytest.mark.parametrize("day", [180, 480, 1400])
def test_hazards_are_windowed_events_over_windowed_days_at_risk(day):
    known = some_log(5).as_of(day)
    weights = np.random.default_rng(1).random(len(known)) + 0.5
    counts = [counted(known, k, weights) for k in range(3)]
    total = np.array(counts).sum(axis=(0, 2))

    hazards = fit_hazards(known, weights)

    for k, (forward, lost, days) in enumerate(counts):
        events = forward.sum() + lost.sum()
        width = 28 if events < 100 else 14 if events < 500 else 7
        for age in (0, 1, 2, 10, 60, 200, AGES - 2, AGES - 1):
            near = range(max(1, age - width), min(AGES, age + width + 1)) if age else [0]
            share = {a: 1 - abs(a - age) / (width + 1) for a in near}
            share = share if age else {0: 1.0}
            at_risk = sum(share[a] * days[a] for a in near) + PRIOR_DAYS
            for found, kind, of_all in ((hazards.forward, forward, 0), (hazards.lost, lost, 1)):
                mean = (kind.sum() + total[of_all] / total[2]) / (days.sum() + 1)
                expected = (sum(share[a] * kind[a] for a in near) + PRIOR_DAYS * mean) / at_risk
                assert found[k, age] == pytest.approx(expected, rel=1e-9)


def test_a_known_constant_hazard_is_found():
    rng = np.random.default_rng(3)
    start = rng.integers(0, 700, 6000)
    time = rng.geometric(0.05, 6000) - 1  # events at age 0 are possible
    won = rng.random(6000) < 0.4
    log = EventLog(
        [str(k) for k in range(6000)],
        ["open"],
        deal=np.tile(np.arange(6000), 2),
        time=np.concatenate([start, start + time]),
        state=np.concatenate([np.zeros(6000, int), np.where(won, WON, LOST)]),
    )

    hazards = fit_hazards(log.as_of(700))

    assert hazards.forward[0, :40].mean() == pytest.approx(0.02, rel=0.06)
    assert hazards.lost[0, :40].mean() == pytest.approx(0.03, rel=0.06)


def test_deals_that_closed_before_the_record_do_not_count():
    log = some_log(8)
    known = log.as_of(400)
    weights = np.ones(len(known))
    early = known.closed < known.record_start
    assert early.any()

    changed = np.where(early, 50.0, weights)

    np.testing.assert_array_equal(
        fit_hazards(known, changed).forward, fit_hazards(known, weights).forward
    )


def test_dead_deals_get_no_chance():
    deals = 400
    log = EventLog(
        [str(k) for k in range(deals)],
        ["open"],
        deal=np.tile(np.arange(deals), 2)[: deals + deals // 2],
        time=np.concatenate([np.arange(deals), np.arange(deals // 2) + 30.0]),
        state=np.concatenate([np.zeros(deals, int), np.full(deals // 2, WON)]),
    )

    hazards = fit_hazards(log.as_of(deals))

    assert hazards.forward[0, 30] > 0.03
    assert hazards.forward[0, 50:120].max() < 0.0005


def test_wrong_input_is_refused():
    known = some_log(2).as_of(300)
    with pytest.raises(InputError, match="weights must be"):
        fit_hazards(known, np.ones(3))
    with pytest.raises(InputError, match="day at risk"):
        fit_hazards(some_log(2).as_of(60))
    with pytest.raises(InputError, match="not exceed 1 in sum"):
        Hazards(np.full((1, AGES), 0.6), np.full((1, AGES), 0.6))
    with pytest.raises(InputError, match="shape"):
        Hazards(np.full((1, 3), 0.6), np.full((1, 3), 0.3))
