"""The kernel gives the same paths as its naive twin, bit for bit."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim._arrays import lower
from funnelsim._factors import plain_points, points
from funnelsim.kernels import philox as words
from tests.oracles.philox import philox
from tests.oracles.twin import twin

PATHS = 320  # a tile and a part of one
REGIONS = ("north", "south")

chances = st.sampled_from([0.05, 0.3, 0.8, 1.0])
times = st.one_of(
    st.floats(1, 60).map(fs.Fixed),
    st.floats(1, 60).map(fs.Exponential),
    st.builds(lambda m, c: fs.Gamma(mean=m, cv=c), st.floats(1, 60), st.floats(0.2, 2.0)),
    st.just(fs.Discrete((5.0, 20.0, 30.0), (0.2, 0.5, 0.3))),
)
spread = st.sampled_from(
    [
        fs.Discrete((10.0, 99.99, 500.25), (0.25, 0.25, 0.5)),
        fs.Sample((1.0, 2.5, 70.0)),
    ]
)
deals = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["first", "second"]),
        "amount": st.one_of(st.integers(0, 10**6).map(lambda c: c / 100), st.just(3e7), spread),
        "age": st.floats(0, 80),
        "region": st.sampled_from(REGIONS),
    },
    optional={
        "win_probability": st.sampled_from([0.0, 0.4, 1.0]),
        "close_date": st.dates(dt.date(2026, 12, 1), dt.date(2027, 4, 1)),
    },
)
correlation = st.sampled_from([0.0, 0.05, 0.3, (0.0, 0.1), (0.02, 0.2)])
cv = st.sampled_from([0.0, 0.3, (0.1, 0.5)])
markets = st.builds(
    fs.Market,
    win_rate_correlation=correlation,
    cycle_cv=cv,
    amount_cv=cv,
    segment_correlation=st.sampled_from([{}, {"region": 0.2}]),
)


@st.composite
def scenarios(draw):
    first = draw(st.one_of(chances.filter(lambda p: p < 1), st.just((0.3, 0.6))))
    stages = [
        fs.Stage("first", conversion=first, time=draw(times), time_if_lost=draw(times)),
        fs.Stage("second", conversion=draw(chances), time=draw(times)),
        fs.Stage("won", win_probability=1.0),
    ]
    rows = draw(st.lists(deals, min_size=1, max_size=9))
    return fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods(
            edges=[0, *sorted(draw(st.sets(st.integers(1, 120), min_size=1, max_size=4)))]
        ),
        funnel=fs.Funnel(stages),
        pipeline=fs.Pipeline.from_deals([{"id": f"d{i}", **row} for i, row in enumerate(rows)]),
        market=draw(markets),
    )


@given(scenarios(), st.one_of(st.integers(0, 9), st.just(2**64 - 1)))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_kernel_and_twin_agree(scenario, seed):
    coordinates = {d: points(seed, d, 0, 512) for d in range(4)}
    plain = {}

    def plain_point(stream, path):
        if stream not in plain:
            plain[stream] = plain_points(seed, stream, 0, 512)
        return float(plain[stream][path])

    expected_bookings, expected_wins = twin(
        scenario,
        lower(scenario),
        seed,
        PATHS,
        lambda dimension, path: float(coordinates[dimension][path]),
        plain_point,
    )
    forecast = fs.simulate(scenario, paths=PATHS, seed=seed, threads=1)
    np.testing.assert_array_equal(forecast.wins.T, expected_wins)
    np.testing.assert_array_equal(np.rint(forecast.bookings.T * 100), expected_bookings)


def known_answers():
    for line in (
        Path(__file__).with_name("data").joinpath("philox4x32.txt").read_text().splitlines()
    ):
        if not line.startswith("#"):
            numbers = [int(part, 16) for part in line.split()]
            yield numbers[:4], numbers[4:6], numbers[6:]


@pytest.mark.parametrize(("counter", "key", "answer"), list(known_answers()))
def test_known_answers(counter, key, answer):
    assert list(philox(counter, key)) == answer
    assert [int(w) for w in words.philox(*map(np.uint64, (*counter, *key)))] == answer


def test_uniforms_are_the_words_without_their_last_bit():
    row = np.empty(256, np.int32)
    key = (np.uint64(7), np.uint64(9))
    words.uniform_row(np.uint64(5), np.uint64(3), np.uint64(1), np.uint64(0), key, row)
    for path in (0, 63, 64, 255):
        expected = philox((64 * 5 + path % 64, 3, 1, 0), (7, 9))[path // 64] >> 1
        assert row[path] == expected
