"""The kernel of trajectories gives the same paths as its naive twin, bit for bit."""

import datetime as dt

import numba
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim._arrays import lower
from funnelsim._blocks import draw_factors
from funnelsim._creation import draw_intensities
from funnelsim._factors import plain_points, points
from funnelsim._walk_blocks import Trip, run_walks
from funnelsim._walks import lower_walks
from tests.oracles.walk_twin import Points, walk_twin

PATHS = 320  # a tile and a part of one
CHOSEN = (0, 1, 63, 64, 130, 199, 255, 256, 300, 319)
SIGNED = 3
REGIONS = ("north", "south")
EXAMPLES = 20 if numba.config.DISABLE_JIT else 150


def floats(least, most):
    """Return numbers that a table of times holds as they are: multiples of 2**-40."""
    return st.floats(least, most).map(lambda value: round(value * 2**40) / 2**40)


chances = st.sampled_from([0.05, 0.3, 0.8, 1.0])
times = st.one_of(
    floats(0, 60).map(fs.Fixed),
    st.integers(1, 30).map(fs.Fixed),
    st.just(fs.Fixed((10.0, 25.0))),
    st.just(fs.Discrete((5.0, 20.0, 30.0), (0.2, 0.5, 0.3))),
    st.just(fs.Discrete((0.0, 40.0), (0.5, 0.5))),
    st.lists(floats(0, 50), min_size=1, max_size=6).map(fs.Sample),
)
spread = st.sampled_from(
    [
        fs.Discrete((10.0, 99.99, 500.25), (0.25, 0.25, 0.5)),
        fs.Sample((1.0, 2.5, 70.0)),
    ]
)
deals = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["first", "second", "third"]),
        "amount": st.one_of(st.integers(0, 10**6).map(lambda c: c / 100), spread),
        "age": floats(0, 60),
        "region": st.sampled_from(REGIONS),
    },
    optional={
        "win_probability": st.sampled_from([0.0, 0.4, 1.0]),
        "close_date": st.dates(dt.date(2026, 12, 1), dt.date(2027, 4, 1)),
    },
)
correlation = st.sampled_from([0.0, 0.05, 0.3, (0.0, 0.1), (0.02, 0.2)])
cv = st.sampled_from([0.0, 0.0, 0.3, (0.1, 0.5)])
markets = st.builds(
    fs.Market,
    win_rate_correlation=correlation,
    cycle_cv=cv,
    amount_cv=cv,
    segment_correlation=st.sampled_from([{}, {"region": 0.2}]),
    persistence=st.sampled_from([1.0, 0.5]),
)
clocks = st.sampled_from(
    [
        fs.Clock(),
        fs.Clock(),
        fs.Clock(weekend=("saturday", "sunday")),
        fs.Clock(quarter_end=fs.QuarterEnd(days=14, weight=3.0), holidays=("2027-01-01",)),
    ]
)
delays = st.sampled_from([fs.Fixed(0), fs.Fixed(7), fs.Fixed(33), fs.Sample((3.5, 9.0, 30.0))])
repeats = st.builds(
    fs.Repeat,
    mean=st.sampled_from([0.4, 0.9, 0.0]),
    delay=delays,
    amount=st.one_of(st.none(), st.just(12.34), spread),
)
seeds = st.one_of(st.integers(0, 9), st.just(2**64 - 1))


@st.composite
def new_business(draw, periods):
    planned = draw(st.integers(0, 3)) == 3
    chance = {
        "season": draw(st.sampled_from([(), tuple(range(12))])),
        "factor": draw(st.sampled_from([1.0, (0.5, 2.0)])),
        "market_swing": draw(st.sampled_from([0.0, 0.5])),
        "dispersion": draw(st.sampled_from([0.0, 1.5])),
    }
    number = st.integers(0, 3) if planned else st.one_of(st.floats(0, 3), st.just(2.5))
    return fs.NewBusiness(
        draw(st.lists(number, min_size=periods, max_size=periods)),
        draw(st.one_of(st.none(), st.just(300.0), spread)),
        stage=draw(st.sampled_from([None, "second"])),
        planned=planned,
        repeat=draw(st.sampled_from([repeats, st.none()]).flatmap(lambda one: one)),
        **({} if planned else chance),
    )


@st.composite
def scenarios(draw, market=markets, edges=None, most_deals=6, new=True):
    first = draw(st.one_of(chances.filter(lambda p: p < 1), st.just((0.3, 0.6))))
    stages = [
        fs.Stage("first", conversion=first, time=draw(times), time_if_lost=draw(times)),
        fs.Stage("second", conversion=draw(chances), time=draw(times)),
        fs.Stage("third", conversion=draw(chances), time=draw(times), time_if_lost=draw(times)),
        fs.Stage("won", win_probability=1.0),
    ]
    rows = draw(st.lists(deals, max_size=most_deals))
    if edges is None:
        edges = sorted(draw(st.sets(st.integers(1, 120), min_size=1, max_size=4)))
    given_rows = [{"id": f"d{i}", **row} for i, row in enumerate(rows)]
    return fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods(edges=[0, *edges]),
        funnel=fs.Funnel(stages),
        pipeline=fs.Pipeline.from_deals(given_rows) if rows else fs.Pipeline(),
        market=draw(market),
        clock=draw(clocks),
        new_business=draw(new_business(len(edges))) if new else None,
    )


def coordinates(lowered, seed):
    """Return what the paths of the twin are made of, beside its words."""
    by_dimension = {d: points(seed, d, 0, 512) for d in range(4)}
    plain = {}

    def plain_point(stream, path):
        if stream not in plain:
            plain[stream] = plain_points(seed, stream, 0, 512)
        return float(plain[stream][path])

    mean = None
    if lowered.new is not None:
        factors = draw_factors(lowered.shared, seed, 0, 512)
        rates = draw_intensities(lowered.new, lowered.shared, factors, seed, 0).mean
        mean = lowered.new.part[:, None] * rates[lowered.new.cohort]
    return Points(
        lambda dimension, path: float(by_dimension[dimension][path]),
        plain_point,
        lambda piece, path: float(mean[piece, path]),
    )


def check(scenario, seed):
    lowered = lower(scenario)
    expected = walk_twin(scenario, lowered, seed, CHOSEN, coordinates(lowered, seed), SIGNED)
    trip = Trip(lower_walks(scenario, lowered), lowered.shared, SIGNED)
    block = run_walks(trip, seed, 0, PATHS)
    for name in ("wins", *expected._fields):
        found = getattr(block, name)[..., CHOSEN]
        wanted = expected.entering[-1] if name == "wins" else getattr(expected, name)
        np.testing.assert_array_equal(found, wanted, err_msg=name)


@given(scenarios(new=False), seeds)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
def test_kernel_and_twin_agree_on_open_deals(scenario, seed):
    check(scenario, seed)


@given(scenarios(most_deals=2), seeds)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
def test_kernel_and_twin_agree_on_new_business(scenario, seed):
    check(scenario, seed)


@given(
    scenarios(
        market=st.builds(
            fs.Market,
            win_rate_correlation=st.sampled_from([0.3, (0.1, 0.4)]),
            persistence=st.sampled_from([0.0, 0.5]),
        ),
        edges=[200, 500, 1000],
        most_deals=0,
    ),
    seeds,
)
@settings(max_examples=EXAMPLES // 2, deadline=None, derandomize=True)
def test_kernel_and_twin_agree_on_years_of_the_market(scenario, seed):
    check(scenario, seed)
