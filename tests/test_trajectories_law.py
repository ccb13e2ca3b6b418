"""The kernel of trajectories and the folded kernel agree in law, on scenarios drawn at random.

Both are run on the same seed, so that what deals share on a path is the same: what is compared is
the mean of the paths' differences, whose error comes from the 64 replicates.
"""

import dataclasses
import math
from itertools import pairwise

import numpy as np
import pytest

import funnelsim as fs
from funnelsim._arrays import lower
from funnelsim._blocks import BLOCK, Work, run_block
from funnelsim._walk_blocks import Trip, run_walks
from funnelsim._walks import lower_walks
from tests.oracles.build import scenario_of
from tests.oracles.compare import Comparison, assert_agreement, estimate_from_paths
from tests.test_random_scenarios import _description

pytestmark = pytest.mark.compiled

PATHS = 1 << 16
SCENARIOS = 20
MOST_PERIODS = 4
MOST_ANSWERS = 5 * MOST_PERIODS + 4
MOST_COMPARISONS = SCENARIOS * MOST_ANSWERS
RARE = 0.005
WEEKEND = ("saturday", "sunday")


def _clock(rng):
    season = tuple(rng.uniform(0.2, 3.0, 12).tolist())
    clocks = [
        fs.Clock(),
        fs.Clock(weekend=WEEKEND),
        fs.Clock(weekend=WEEKEND, season=season, holidays=("2027-01-01", "2027-01-06")),
        fs.Clock(quarter_end=fs.QuarterEnd(days=14, weight=3.0)),
    ]
    return clocks[rng.integers(len(clocks))]


def _new_business(rng, periods, stages, draws):
    amounts = [300.0, fs.Lognormal(mean=300, cv=0.5), fs.Discrete((10.0, 900.0), (0.7, 0.3)), None]
    rates = rng.uniform(0.5, 12.0, periods)
    return fs.NewBusiness(
        float(rates[0]) if rng.random() < 0.5 else tuple(rates.tolist()),
        amounts[rng.integers(len(amounts))],
        stage=f"stage {rng.integers(stages)}",
        dispersion=float(rng.choice([0.0, 0.3, 1.5])),
        season=tuple(rng.uniform(0.0, 2.0, 12).tolist()) if rng.random() < 0.4 else (),
        growth=float(rng.choice([0.0, 0.4])),
        factor=tuple(rng.uniform(0.5, 1.5, draws).tolist()) if draws > 1 else 1.2,
        market_swing=float(rng.choice([0.0, 0.4, -0.2])),
    )


def _market(rng, market, draws):
    rho = market.win_rate_correlation
    if draws > 1 and rho > 0.0:
        rho = (rho, 0.5 * rho, 0.0, 0.9 * rho)
    return dataclasses.replace(
        market, win_rate_correlation=rho, persistence=float(rng.choice([1.0, 0.6]))
    )


def _uncertain_time(rng, stage):
    """Return a time with as many draws as the stage's conversion has."""
    conversions = stage["conversion"]
    draws = len(conversions) if isinstance(conversions, tuple) else 1
    return {"gamma": {"mean": tuple(rng.uniform(5.0, 60.0, draws).tolist()), "cv": 0.5}}


def _scenario(seed):
    """Return a scenario with everything in it at once."""
    rng = np.random.default_rng([seed, 20270401])
    description = _description(seed)
    longer = float(rng.choice([1.0, 4.0]))
    description["edges"] = [longer * edge for edge in description["edges"]]
    if rng.random() < 0.5:
        description["stages"][0]["time"] = _uncertain_time(rng, description["stages"][0])
    described = scenario_of(description, f"random {seed}")
    pipeline, draws = described.pipeline, described.draws
    spread = fs.Lognormal(mean=2000, cv=0.4)
    amounts = tuple(spread if rng.random() < 0.2 else one for one in pipeline.amounts)
    stages = len(described.funnel.stages) - 1
    return described.replace(
        pipeline=dataclasses.replace(pipeline, amounts=amounts),
        market=_market(rng, described.market, draws),
        clock=_clock(rng),
        new_business=_new_business(rng, len(described.windows), stages, draws),
    )


def _both(scenario, seed):
    """Return bookings, wins (periods, paths) and the horizon's new business by both kernels."""
    lowered = lower(scenario)
    work = Work(lowered.deals, lowered.shared, lowered.new)
    trip = Trip(lower_walks(scenario, lowered), lowered.shared, 3)
    starts = range(0, PATHS, BLOCK)
    folded = [run_block(work, seed, first, BLOCK) for first in starts]
    walked = [run_walks(trip, seed, first, BLOCK) for first in starts]
    return (
        (
            np.hstack([block.bookings for block in folded]) / 1e5,
            np.hstack([block.wins for block in folded]),
            np.concatenate([block.fresh for block in folded]) / 1e5,
        ),
        (
            np.hstack([block.bookings for block in walked]) / 1e5,
            np.hstack([block.wins for block in walked]),
            np.hstack([block.fresh for block in walked]).sum(axis=0) / 1e5,
        ),
    )


def _answers(bookings, wins, fresh):
    """Return {name: values by path}."""
    total, all_wins = bookings.sum(axis=0), wins.sum(axis=0)
    found = {"bookings squared": total**2, "new business": fresh}
    for k, (booked, won) in enumerate(zip(bookings, wins, strict=True)):
        found |= {f"bookings {k}": booked, f"wins {k}": won, f"wins {k} squared": won**2}
        found[f"any win {k}"] = won > 0
    for k, (one, next_one) in enumerate(pairwise(wins)):
        found[f"wins {k} times the next"] = one * next_one
    for share in (0.5, 1.0, 1.5):
        found[f"wins >= {share} of their mean"] = all_wins
    return found


def _comparisons(folded, walked):
    """Yield the differences of all answers; a chance that is nearly 0 or 1 is left out."""
    fold, walk = _answers(*folded), _answers(*walked)
    mean = folded[1].sum(axis=0).mean()
    for name, expected in fold.items():
        ours, theirs = walk[name], expected
        if name.startswith("wins >= "):
            least = math.ceil(float(name.split()[2]) * mean)
            ours, theirs = ours >= least, theirs >= least
        if theirs.dtype == bool and not RARE <= theirs.mean() <= 1.0 - RARE:
            continue
        value, error = estimate_from_paths(ours.astype(float) - theirs)
        yield Comparison(name, value, error, 0.0)


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_both_kernels_agree_in_law(seed):
    folded, walked = _both(_scenario(seed), seed)
    compared = list(_comparisons(folded, walked))
    assert len(compared) <= MOST_ANSWERS
    assert_agreement(compared, MOST_COMPARISONS)
