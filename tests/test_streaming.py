"""Answers of paths that are not kept, against those of the same paths kept."""

import json
import tracemalloc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.streaming import StreamedForecast, run, stream
from funnelsim.streaming.bins import RELATIVE_ERROR

pytestmark = pytest.mark.compiled  # tens of thousands of paths

DEALS = {
    "id": ["a", "b", "c", "d"],
    "stage": ["meeting", "proposal", "negotiation", "proposal"],
    "amount": [123_456.78, 999.99, 0.05, 70_000],
    "age": [3, 40, 10, 0],
}
OPEN = fs.Scenario(
    as_of="2026-12-31",
    periods=fs.Periods("quarter", 3),
    funnel=fs.Funnel.key_account(time=fs.Gamma(mean=30, cv=0.6)),
    pipeline=fs.Pipeline.from_frame(DEALS),
    market=fs.Market(win_rate_correlation=0.1, amount_cv=0.2),
    quota=100_000,
    booked=5_000,
)
SCENARIOS = {
    "one quota": OPEN,
    "a quota of each period": OPEN.replace(quota=[4_000, 60_000, 1_000]),
    "no quota": OPEN.replace(quota=None),
    "new business": OPEN.replace(
        new_business=fs.NewBusiness(per_period=4, amount=fs.Lognormal(mean=9_000, cv=1)),
        required_pipeline=fs.RequiredPipeline(amount=5_000),
    ),
    "trajectories": OPEN.replace(
        new_business=fs.NewBusiness(
            per_period=2, amount=900, repeat=fs.Repeat(mean=0.4, delay=fs.Gamma(mean=40, cv=1))
        ),
    ),
    "nothing": OPEN.replace(pipeline=fs.Pipeline.from_frame({"stage": [], "amount": []})),
    "huge amounts": OPEN.replace(
        pipeline=fs.Pipeline.from_frame({**DEALS, "amount": [1e13, 2e13, 0.01, 3e12]})
    ),
}
PATHS = 70_003  # more than one task, and the last is not whole


def pairs(kept, streamed, place=""):
    """Yield the place of each number of two answers, and both."""
    if isinstance(kept, dict):
        for name, inner in kept.items():
            yield from pairs(inner, streamed[name], f"{place}/{name}")
    elif isinstance(kept, list):
        assert len(kept) == len(streamed)
        for number, (one, other) in enumerate(zip(kept, streamed, strict=True)):
            yield from pairs(one, other, f"{place}/{number}")
    else:
        yield place, kept, streamed


@pytest.fixture(scope="module", params=SCENARIOS)
def both(request):
    scenario = SCENARIOS[request.param]
    kept = fs.simulate(scenario, paths=PATHS, seed=5)
    return kept, stream(scenario, paths=PATHS, seed=5)


def in_words(both):
    """Return both answers, without what needs paths."""
    kept, streamed = both[0].to_dict(activities=False), both[1].to_dict()
    assert list(streamed) == [*kept, "streamed"]
    return kept | {"required_pipeline": None}, streamed


def test_means_and_chances_are_those_of_the_paths_to_the_last_bit(both):
    kept, streamed = in_words(both)
    found = [one for one in pairs(kept, streamed) if "/quantiles/" not in one[0]]
    inexact = [place for place, one, other in found if one != other]
    assert all(place.endswith("/sd") for place in inexact)
    assert sum("/mean/" in place for place, _, _ in found) >= 4 * (2 + 2 * 3 + 1)


def test_deviations_are_those_of_the_paths(both):
    for place, one, other in pairs(*in_words(both)):
        if place.endswith("/sd"):
            assert other == pytest.approx(one, rel=1e-9, abs=0), place


def test_quantiles_are_off_by_less_than_stated_and_their_intervals_hold_them(both):
    levels = [0.0001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.9999]
    kept, streamed = (one.quantile(levels) for one in (both[0], both[1]))
    for true, found in zip(kept, streamed, strict=True):
        assert abs(found.value - true.value) <= RELATIVE_ERROR * true.value
        assert found.low <= true.value <= found.high
        assert found.low <= found.value <= found.high
        assert found.high - found.low >= 0.99 * (true.high - true.low)


@pytest.mark.compiled
def test_a_quantile_next_to_a_leap_may_be_on_its_other_side():
    """A deal of 52 %: of 1,024 paths the median is all of it, and may be nothing."""
    deal = {"id": "A", "stage": "proposal", "amount": 300_000, "win_probability": 0.52}
    scenario = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("year", 1),
        funnel=fs.Funnel.key_account(time=3),
        pipeline=fs.Pipeline.from_deals([deal]),
    )
    found = stream(scenario, paths=1_024, seed=0).quantile(0.5)
    assert found.value == pytest.approx(300_000, rel=RELATIVE_ERROR)
    assert found.low == 0.0


def test_quantiles_of_wins_are_exact(both):
    for period, row in enumerate(both[1].to_dict()["periods"]):
        wins = np.sort(both[0].wins[:, period])
        for name, level in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9)):
            rank = int(np.ceil(level * PATHS)) - 1
            assert row["wins"]["quantiles"][name]["value"] == wins[rank]


def test_public_answers_are_those_of_the_forecast(both):
    kept, streamed = both
    for name in (
        "attainment_probability", "attainment_by_period", "cumulative_attainment",
        "attainment_every_period", "expected_bookings", "expected_wins", "deals",
    ):  # fmt: skip
        assert getattr(streamed, name)() == getattr(kept, name)(), name
    for name in ("record", "scenario", "warnings", "open_pipeline", "weighted_pipeline"):
        assert getattr(streamed, name) == getattr(kept, name), name
    shown, shown_kept = repr(streamed).splitlines(), repr(kept).splitlines()
    assert shown[0] == shown_kept[0]
    assert "chance to reach it" in repr(streamed) or kept.scenario.quota is None
    columns = streamed.to_frame(backend="pandas").columns
    assert list(columns) == list(kept.to_frame(backend="pandas").columns)


@pytest.mark.parametrize("paths", [2, 3, 63, 64, 65, 8192, 8193])
def test_any_number_of_paths(paths):
    kept, streamed = fs.simulate(OPEN, paths=paths, seed=2), stream(OPEN, paths=paths, seed=2)
    assert streamed.expected_bookings() == kept.expected_bookings()
    assert streamed.attainment_probability() == kept.attainment_probability()
    assert streamed.to_dict()["bookings"]["sd"] == pytest.approx(
        kept.to_dict(activities=False)["bookings"]["sd"], rel=1e-12
    )


@pytest.mark.parametrize("name", ["one quota", "trajectories"])
def test_threads_and_executors_give_the_same_bits(name):
    reference = json.dumps(stream(SCENARIOS[name], paths=PATHS, threads=1).to_dict())
    with ThreadPoolExecutor(3) as pool:
        for options in ({"threads": 2}, {"threads": 5}, {"executor": pool}):
            found = stream(SCENARIOS[name], paths=PATHS, **options).to_dict()
            assert json.dumps(found) == reference


@pytest.mark.slow
def test_processes_give_the_same_bits():
    reference = stream(OPEN, paths=PATHS, threads=1).to_dict()
    with ProcessPoolExecutor(2) as pool:
        assert stream(OPEN, paths=PATHS, executor=pool).to_dict() == reference


def test_progress_counts_paths():
    seen = []
    stream(OPEN, paths=PATHS, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(65_536, PATHS), (PATHS, PATHS)]


def test_amounts_that_do_not_add_up_exactly_are_refused():
    deals = {"stage": ["negotiation"] * 3, "amount": [2.9e13] * 3}
    huge = OPEN.replace(pipeline=fs.Pipeline.from_frame(deals), quota=None)
    with pytest.raises(fs.InputError, match="bookings of a period on a path must stay below"):
        stream(huge, paths=1000)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"paths": 1}, "paths must be a whole number of at least 2"),
        ({"paths": 10, "seed": -1}, "seed must be"),
        ({"paths": 10, "threads": 0}, "threads must be"),
        ({"paths": 10, "executor": 4}, "executor must be"),
        ({"paths": 10, "progress": 4}, "progress must be"),
    ],
)
def test_wrong_arguments_say_what_would_be_right(given, message):
    with pytest.raises(fs.InputError, match=f"^{message}"):
        stream(OPEN, **given)
    with pytest.raises(fs.InputError, match=r"^scenario must be a Scenario, got "):
        stream("plan.toml", paths=10)


def test_a_task_is_a_group_of_blocks_of_the_grid():
    assert run.GROUP * 8192 < PATHS  # so that the tests above merge what tasks found
    assert isinstance(stream(OPEN, paths=10), StreamedForecast)


def peak_of(call):
    """Return the most bytes that were in use at once while something ran."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_paths(monkeypatch):
    monkeypatch.setattr(run, "GROUP", 1)
    stream(OPEN, paths=2)
    few, many = (peak_of(lambda n=n: stream(OPEN, paths=n * 8192, threads=1)) for n in (2, 20))
    assert many < 1.5 * few
    assert many < 20 * 8192 * 3 * 8  # bookings alone, if they were kept


@pytest.mark.slow
def test_two_hundred_periods_stay_small():
    amounts = np.random.default_rng(1).lognormal(11, 1, 300).round(2)
    stages = ["meeting", "proposal", "negotiation"] * 100
    scenario = OPEN.replace(
        periods=fs.Periods(edges=range(0, 5 * 201, 5)),
        pipeline=fs.Pipeline.from_frame({"stage": stages, "amount": amounts}),
        quota=None,
    )
    kept = stream(scenario, paths=65_536)._summary
    assert sum(one.counts.nbytes for one in kept.counts) < 10e6
