"""Differences of two forecasts on the same draws: their values, and that their errors are true."""

import numpy as np
import pytest
from scipy import stats

import funnelsim as fs
from funnelsim.answers import chance_difference
from funnelsim.planning.paired import by_replicate, differences
from tests.oracles.compare import Comparison, assert_agreement
from tests.plans import QUOTA, STAGES, UNIT, UNITS, Exact, plan

MORE = {"stages": (*STAGES, "proposal"), "units": (*UNITS, 2)}
LAW = {"funnel": fs.Funnel.key_account(time=fs.Gamma(mean=60, cv=0.6)),
       "market": fs.Market(win_rate_correlation=0.05)}  # fmt: skip


def forecast(paths=4096, seed=1, **changes):
    return fs.simulate(plan(**changes), paths=paths, seed=seed)


def compared(name, estimate, exact):
    return Comparison(name, estimate.value, estimate.standard_error, exact)


@pytest.mark.compiled
def test_differences_agree_with_exact_laws():
    change = differences(forecast(65_536, **MORE), forecast(65_536))
    before, after = Exact(), Exact(**MORE)

    assert_agreement([
        compared("attainment", change.attainment, after.attainment - before.attainment),
        compared("mean", change.mean, after.mean - before.mean),
        compared("wins", change.wins, after.wins - before.wins),
    ])  # fmt: skip
    for level, found in zip((0.1, 0.5, 0.9), (change.p10, change.p50, change.p90), strict=True):
        assert found.value == after.quantile(level) - before.quantile(level)


def test_values_are_the_differences_of_the_answers():
    before, after = forecast(1000), forecast(1000, **MORE)

    change = differences(after, before)

    chances = [one.attainment_probability().value for one in (after, before)]
    assert change.attainment.value == pytest.approx(chances[0] - chances[1], abs=1e-12)
    for level, name in ((0.1, "p10"), (0.5, "p50"), (0.9, "p90")):
        assert getattr(change, name).value == (
            after.quantile(level).value - before.quantile(level).value
        )
    assert change.mean.value == pytest.approx(
        (after.total_bookings - before.total_bookings).mean(), rel=1e-12
    )
    assert change.wins.value == (after.wins.sum() - before.wins.sum()) / 1000


def test_a_fall_is_a_rise_the_other_way_round():
    before, after = forecast(1000), forecast(1000, **MORE)

    rise, fall = differences(after, before), differences(before, after)

    for name in ("attainment", "mean", "p10", "p50", "p90", "wins"):
        up, down = getattr(rise, name), getattr(fall, name)
        assert down.value == -up.value
        assert down.standard_error == pytest.approx(up.standard_error, rel=1e-9)
        assert down.low == pytest.approx(-up.high, rel=1e-9)


@pytest.mark.compiled
def test_shared_draws_reduce_the_error():
    """One more deal among seven: the error is far below that of two separate forecasts."""
    before, after = forecast(16_384, **LAW), forecast(16_384, **LAW | MORE)

    change = differences(after, before)

    apart = [
        sum(getattr(one, name)().standard_error ** 2 for one in (before, after)) ** 0.5
        for name in ("attainment_probability", "expected_bookings")
    ]
    assert change.attainment.standard_error < 0.8 * apart[0]
    assert change.mean.standard_error < 0.6 * apart[1]


@pytest.mark.compiled
def test_the_error_covers_the_truth():
    """Over 100 seeds the 95 % intervals hold the exact difference, as often as they should.

    The number that do is binomial with 100 and 0.95; it is below 86 with a chance of 1.1e-4, and
    standardised differences have a mean square near 1: chi-square with 100 degrees of freedom
    (t with 63, whose square has a mean of 63 / 61) stays within its 1e-4 quantiles.
    """
    before, after = Exact(), Exact(**MORE)
    exact = {"attainment": after.attainment - before.attainment, "mean": after.mean - before.mean,
             "wins": after.wins - before.wins}  # fmt: skip
    held, squares = dict.fromkeys(exact, 0), dict.fromkeys(exact, 0.0)

    for seed in range(1, 101):
        change = differences(forecast(2048, seed, **MORE), forecast(2048, seed))
        for name, truth in exact.items():
            found = getattr(change, name)
            held[name] += found.low <= truth <= found.high
            squares[name] += ((found.value - truth) / found.standard_error) ** 2 * 61 / 63

    least = stats.binom.ppf(1e-4, 100, 0.95)
    low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], 100)
    assert min(held.values()) >= least, held
    assert low < min(squares.values()), squares
    assert max(squares.values()) < high, squares


@pytest.mark.compiled
def test_the_error_of_quantiles_is_their_spread_over_seeds():
    """With continuous bookings: the spread over 100 seeds, whose own error is 7 %, within 30 %."""
    spread = {"amount_cv": 0.3, "win_rate_correlation": 0.05}
    values, errors = [], []
    for seed in range(1, 101):
        pair = [
            fs.simulate(plan(market=fs.Market(**spread), **more), paths=4096, seed=seed)
            for more in (MORE, {})
        ]
        change = differences(*pair)
        values.append([change.p50.value, change.p90.value])
        errors.append([change.p50.standard_error, change.p90.standard_error])

    seen = np.std(values, axis=0, ddof=1)
    told = np.sqrt(np.mean(np.square(errors), axis=0))
    assert np.all(np.abs(told / seen - 1.0) < 0.3), (told, seen)


# What is certain, and what is not


def test_the_same_scenario_differs_by_exactly_nothing():
    change = differences(forecast(500), forecast(500))

    for name in ("attainment", "mean", "p10", "p50", "p90", "wins"):
        assert getattr(change, name) == fs.Estimate.exact(0.0)


def test_no_path_that_differs_is_not_certain():
    """A quota a cent lower is reached on the same paths; between them there may be others."""
    change = differences(forecast(500, quota=QUOTA - 0.5), forecast(500))

    assert change.attainment.value == 0.0
    assert change.attainment.standard_error == pytest.approx(1 / 500)
    assert change.attainment.low < 0.0 < change.attainment.high


def test_all_paths_that_differ_are_not_certain_either():
    found = chance_difference(np.ones(500, bool), np.zeros(500, bool))

    assert (found.value, found.high) == (1.0, 1.0)
    assert found.standard_error == pytest.approx(1 / 500)


def test_replicates_that_agree_leave_the_error_of_single_paths():
    """In each replicate half of the paths rise and half fall."""
    hits = np.repeat([True, False], 64)

    found = chance_difference(hits, ~hits)

    assert found.value == 0.0
    assert found.standard_error == pytest.approx(((1.0 + 1 / 128) / 128) ** 0.5)


def test_a_quota_that_is_booked_already_is_certain():
    booked = {"booked": 2.0 * QUOTA * UNIT}
    change = differences(forecast(500, **booked), forecast(500, **booked, **MORE))

    assert change.attainment == fs.Estimate.exact(0.0)


def test_no_attainment_without_a_quota():
    assert differences(forecast(200, quota=None), forecast(200)).attainment is None


@pytest.mark.parametrize("paths", [2, 63, 65, 127, 200])
def test_few_paths_have_errors_as_well(paths):
    change = differences(forecast(paths, **MORE), forecast(paths))

    for name in ("attainment", "mean", "p10", "p50", "p90", "wins"):
        found = getattr(change, name)
        assert found.low <= found.value <= found.high
        assert found.standard_error >= 0.0


@pytest.mark.parametrize(("name", "other"), [("seed", {"seed": 2}), ("paths", {"paths": 300})])
def test_other_draws_are_refused(name, other):
    with pytest.raises(fs.InputError, match=f"{name} of the forecasts must be the same"):
        differences(forecast(**{"paths": 200} | other), forecast(200))


def test_replicates_give_the_answers_they_are_parts_of():
    whole = forecast(640, **MORE)

    assert by_replicate(whole, "mean").mean() == pytest.approx(whole.expected_bookings().value)
    assert by_replicate(whole, "wins").mean() == pytest.approx(whole.expected_wins().value)
    assert by_replicate(whole, "attainment").mean() == pytest.approx(
        whole.attainment_probability().value
    )
    fifth = np.sort(whole.total_bookings[5::64])
    assert by_replicate(whole, "p50")[5] == fifth[4]


@pytest.mark.compiled
def test_a_quantile_that_many_paths_share_may_leap():
    """A deal of 50 % has a median of nothing or all of it; of 80 %, all: the difference is either.

    Of 60 intervals of 95 % at least 49 hold the truth, but for one case in ten thousand.
    """
    held = 0
    before, after = (
        fs.Scenario(
            as_of="2026-12-31",
            periods=fs.Periods("year", 1),
            funnel=fs.Funnel.key_account(time=3),
            pipeline=fs.Pipeline.from_deals(
                [{"id": "A", "stage": "proposal", "amount": 300_000, "win_probability": chance}]
            ),
        )
        for chance in (0.5, 0.8)
    )
    for seed in range(1, 61):
        one, other = (fs.simulate(case, paths=1_024, seed=seed) for case in (after, before))
        found = differences(one, other).p50
        held += found.low <= 300_000 <= found.high
    assert held >= 49
