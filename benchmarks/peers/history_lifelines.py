"""What an analyst would write with pandas and lifelines: a fit of a history, and a backtest.

Per stage the Aalen-Johansen estimate of going forward and of being lost (left truncated, right
censored; a binomial standard error, which is faster than the estimator's own), mean times, a
Weibull law of the time; deals created a month; a log-normal law of amounts. The backtest fits
daily hazards again at each origin (Nelson-Aalen) and forecasts from the open deals and from new
ones at the recent rate: pipeline physics alone.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from lifelines import AalenJohansenFitter, NelsonAalenFitter, WeibullFitter

WON = -1
OLDEST = 400
RECENT = 91


@dataclass(frozen=True)
class Stage:
    """The estimate of one stage: chances, their standard error, mean days, a Weibull law."""

    forward: float
    error: float
    mean_forward: float
    mean_lost: float
    weibull: tuple[float, float]


def deals_as_of(events: pd.DataFrame, day: int, stages: int) -> pd.DataFrame:
    """Return one row per deal, as known at the end of a day: entries of stages, close, outcome."""
    seen = events[events.time < day + 1]
    entries = seen[seen.state >= 0].pivot_table("time", "deal", "state", "min")
    entries = entries.reindex(columns=range(stages))
    closes = seen[seen.state < 0].groupby("deal").last()
    table = entries.join(closes[["time", "state"]].rename(columns={"time": "closed"}))
    estimate = seen[seen.state == 0].groupby("deal").amount.first()
    return table.join(estimate).join(closes.amount.rename("booked"))


def spells(deals: pd.DataFrame, stage: int, stages: int, day: int, start: int) -> pd.DataFrame:
    """Return the time at risk in a stage: since when seen, how long, and how it ended."""
    here = deals[deals[stage].notna()]
    entered = here[stage]
    forward = here[stage + 1] if stage + 1 < stages else here.closed.where(here.state == WON)
    left = forward.fillna(here.closed)
    how = np.where(forward.notna(), 1, np.where(left.notna(), 2, 0))
    left = left.fillna(day + 1.0)
    spell = pd.DataFrame(
        {"since": (start - entered).clip(lower=0.0), "days": left - entered, "how": how}
    )
    return spell[spell.days > spell.since]


def fit_stage(spell: pd.DataFrame) -> Stage:
    """Return the estimates of a stage from its spells."""
    chances, means = [], []
    for which in (1, 2):
        fitter = AalenJohansenFitter(calculate_variance=False)
        fitter.fit(spell.days, spell.how, event_of_interest=which, entry=spell.since)
        incidence = fitter.cumulative_density_.iloc[:, 0]
        steps = incidence.diff().fillna(incidence.iloc[0])
        chances.append(incidence.iloc[-1])
        means.append(float((steps * incidence.index).sum() / steps.sum()))
    weibull = WeibullFitter().fit(spell.days, spell.how == 1, entry=spell.since)
    shape = (float(weibull.lambda_), float(weibull.rho_))
    forward, left = chances[0] / sum(chances), (spell.how > 0).sum()
    error = float(np.sqrt(forward * (1.0 - forward) / left))
    return Stage(float(forward), error, means[0], means[1], shape)


def fit(events: pd.DataFrame, day: int, stages: int, start: int) -> dict[str, object]:
    """Return stages, deals created a month and the log-normal law of amounts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        deals = deals_as_of(events, day, stages)
        fitted = [fit_stage(spells(deals, k, stages, day, start)) for k in range(stages)]
    recorded = deals[deals[0] >= start]
    months = recorded[0] // (365.25 / 12)
    created = recorded.groupby(months).size()
    logs = np.log(deals.amount.dropna())
    return {
        "stages": fitted,
        "created": (created.mean(), created.var()),
        "amounts": (logs.mean(), logs.std()),
    }


def hazards(deals: pd.DataFrame, stages: int, day: int, start: int) -> np.ndarray:
    """Return daily hazards, shape (stages, 2, OLDEST): forward and lost, by age."""
    table = np.zeros((stages, 2, OLDEST))
    for stage in range(stages):
        spell = spells(deals, stage, stages, day, start)
        for place, which in enumerate((1, 2)):
            fitter = NelsonAalenFitter(nelson_aalen_smoothing=False)
            fitter.fit(spell.days, spell.how == which, entry=spell.since)
            total = fitter.cumulative_hazard_.iloc[:, 0]
            steps = np.interp(np.arange(OLDEST + 1), total.index, total)
            table[stage, place] = np.clip(np.diff(steps), 0.0, 1.0)
    return table


def chances(table: np.ndarray, days: int) -> np.ndarray:
    """Return the chance to be won in so many days, shape (days + 1, stages, OLDEST)."""
    stages = len(table)
    won = np.zeros((days + 1, stages, OLDEST))
    older = np.minimum(np.arange(OLDEST) + 1, OLDEST - 1)
    stay = np.clip(1.0 - table.sum(axis=1), 0.0, 1.0)
    for left in range(1, days + 1):
        for stage in range(stages):
            on = won[left - 1, stage + 1, 0] if stage + 1 < stages else 1.0
            won[left, stage] = table[stage, 0] * on + stay[stage] * won[left - 1, stage, older]
    return won


def forecast(
    events: pd.DataFrame, day: int, stages: int, start: int, *, days: int, paths: int, seed: int
) -> np.ndarray:
    """Return bookings of the next days, shape (paths,)."""
    deals = deals_as_of(events, day, stages)
    won = chances(hazards(deals, stages, day, start), days)
    rng = np.random.default_rng(seed)
    winners = deals.booked[deals.state == WON].to_numpy()
    is_open = deals[deals.closed.isna()]
    entered = is_open[list(range(stages))].to_numpy()
    stage = (~np.isnan(entered)).sum(axis=1) - 1
    age = np.minimum(day + 1 - entered[np.arange(len(stage)), stage], OLDEST - 1).astype(int)
    draws = rng.random((paths, len(stage))) < won[days, stage, age]
    bookings = draws @ is_open.amount.to_numpy()
    rate = (deals[0] > day - RECENT).sum() / RECENT * won[:days, 0, 0].sum()
    for path, count in enumerate(rng.poisson(rate, paths)):
        bookings[path] += rng.choice(winners, count).sum()
    return bookings


def backtest(
    events: pd.DataFrame,
    origins: list[int],
    stages: int,
    start: int,
    *,
    days: int = 30,
    paths: int = 1_000,
) -> pd.DataFrame:
    """Return, per origin, what came, the median, and whether the 80 % interval held it."""
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for origin in origins:
            sample = forecast(events, origin, stages, start, days=days, paths=paths, seed=origin)
            window = events[(events.time >= origin + 1) & (events.time < origin + 1 + days)]
            came = window.amount[window.state == WON].sum()
            low, median, high = np.quantile(sample, [0.1, 0.5, 0.9])
            spread = np.abs(_differences_of_pairs(sample)).mean() / 2
            score = np.abs(sample - came).mean() - spread
            rows.append((origin, came, median, low <= came <= high, score))
    return pd.DataFrame(rows, columns=["origin", "came", "median", "held", "crps"])


def _differences_of_pairs(sample: np.ndarray) -> np.ndarray:
    """Return differences of random pairs of a sample."""
    return sample - np.roll(np.random.default_rng(1).permutation(sample), 1)
