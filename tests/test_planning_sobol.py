"""Shares of variance: against closed forms, against SciPy on the exact formula, and their noise."""

import inspect
import json

import numpy as np
import pytest
from scipy import stats

import funnelsim as fs
from funnelsim.planning import sobol as module
from funnelsim.planning.sobol import sobol_shares
from tests.plans import plan

FIRST, SECOND = "pipeline.deals.1.win_probability", "pipeline.deals.2.win_probability"
AMOUNT = "pipeline.amount"
SMALL = {"samples": 8, "paths": 256}
ONE_DEAL = {"stages": ["proposal"], "units": [3], "quota": 1}
TWO_DEALS = {"stages": ["proposal", "negotiation"], "units": [1, 2], "quota": 3}


def product_shares(one, two):
    """Return first-order and total shares of X * Y for two independent uniform inputs."""
    (m1, v1), (m2, v2) = (((a + b) / 2, (b - a) ** 2 / 12) for a, b in (one, two))
    parts = np.array([v1 * m2**2, v2 * m1**2])
    whole = parts.sum() + v1 * v2
    return parts / whole, (parts + v1 * v2) / whole


def by_name(found, names):
    shares = {share.input: share for share in found.shares}
    return [shares[name] for name in names]


def assert_close(found, names, exact):
    """Fail where a share is more than three bootstrap errors off, or these are wide.

    The bootstrap takes the points for random ones, so its error is larger than that of Sobol
    points; three of them are a wide margin for four comparisons.
    """
    for share, first, total in zip(by_name(found, names), *exact, strict=True):
        for estimate, truth in ((share.first, first), (share.total, total)):
            assert estimate.standard_error < 0.2
            assert abs(estimate.value - truth) < 3.0 * estimate.standard_error + 1e-12


@pytest.mark.compiled
def test_mean_bookings_of_an_amount_and_a_chance_agree_with_the_closed_form():
    ranges = {AMOUNT: (1e5, 4e5), FIRST: (0.2, 0.9)}

    found = sobol_shares(plan(**ONE_DEAL), ranges, samples=64, answer="mean")

    assert_close(found, ranges, product_shares(*ranges.values()))
    assert found.mean == pytest.approx(2.5e5 * 0.55, rel=0.01)
    assert found.noise < 0.001


@pytest.mark.compiled
def test_attainment_of_two_deals_that_are_both_needed_agrees_with_the_closed_form():
    ranges = {FIRST: (0.3, 0.7), SECOND: (0.5, 0.6)}

    found = sobol_shares(plan(**TWO_DEALS), ranges, samples=64)

    assert_close(found, ranges, product_shares(*ranges.values()))


@pytest.mark.compiled
def test_mean_bookings_that_add_up_have_shares_that_do():
    """The mean is linear in the chances: shares go with the squares of amount times range."""
    ranges = {FIRST: (0.2, 0.8), SECOND: (0.4, 0.7)}

    found = sobol_shares(plan(**TWO_DEALS), ranges, samples=64, answer="mean")

    parts = np.array([(1 * 0.6) ** 2, (2 * 0.3) ** 2])
    shares = parts / parts.sum()
    assert_close(found, ranges, (shares, shares))


@pytest.mark.compiled
def test_an_input_that_does_nothing_has_no_share():
    ranges = {FIRST: (0.2, 0.8), "funnel.cycle_time": (40.0, 60.0)}

    known, idle = by_name(sobol_shares(plan(**ONE_DEAL), ranges, samples=16), ranges)

    assert idle.total == fs.Estimate(0.0, 0.0, 0.0, 0.0)
    assert known.total.low < 1.0 < known.total.high


@pytest.mark.compiled
def test_shares_are_those_of_scipy_on_the_exact_formula():
    """At the same points the only difference is Monte Carlo noise.

    An answer is off by a share r of its standard deviation, with r the root of the noise; a share
    is a mean of products of two answers, so it is off by about 2 r at most.
    """
    ranges = {AMOUNT: (1e5, 4e5), FIRST: (0.2, 0.9)}
    found = sobol_shares(plan(**ONE_DEAL), ranges, samples=64, answer="mean", seed=5)
    random = "rng" if "rng" in inspect.signature(stats.sobol_indices).parameters else "random_state"

    exact = stats.sobol_indices(
        func=lambda x: x[0] * x[1],
        n=64,
        dists=[stats.uniform(low, high - low) for low, high in ranges.values()],
        **{random: module._generator(5, module.POINTS)},
    )

    most = 2.0 * found.noise**0.5
    assert most < 0.06
    for k, share in enumerate(by_name(found, ranges)):
        assert abs(share.first.value - exact.first_order[k]) < most
        assert abs(share.total.value - exact.total_order[k]) < most


@pytest.mark.compiled
def test_intervals_are_those_of_scipys_own_bootstrap():
    """SciPy draws at random and corrects for bias: the same width within a quarter."""
    values = np.random.default_rng(1).random((4, 128))
    some = module._Values(values[0], values[1], values[0] + values[2:] - 0.5)
    result = stats.sobol_indices(
        func={"f_A": some.a[None], "f_B": some.b[None], "f_AB": some.mixed[:, None]}, n=128
    )
    theirs = result.bootstrap().total_order.standard_error

    rng = np.random.default_rng(2)
    ours = [
        module._indices(module._drawn(some, rng.integers(128, size=128)))[1] for _ in range(999)
    ]

    assert np.std(ours, axis=0, ddof=1) == pytest.approx(theirs, rel=0.25)


@pytest.mark.slow
@pytest.mark.compiled
def test_ranges_that_are_possible_together_alone_are_taken():
    """A proposal above the stated negotiation is fine where the negotiation is higher, too."""
    stage = "funnel.stages.{}.win_probability".format
    base = fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("year", 1),
        funnel=fs.Funnel.key_account(time=3),
        pipeline=fs.Pipeline.from_frame({"stage": ["proposal"] * 4, "amount": [9.0] * 4}),
    )
    fine = {stage("proposal"): (0.82, 0.90), stage("negotiation"): (0.92, 0.97)}
    assert len(sobol_shares(base, fine, **SMALL).shares) == 2
    crossing = {stage("consulting"): (0.30, 0.49), stage("proposal"): (0.46, 0.60)}
    ran = []
    with pytest.raises(fs.InputError, match="inputs must be possible together"):
        sobol_shares(
            base, crossing, **SMALL | {"samples": 32, "progress": lambda *_: ran.append(1)}
        )
    assert ran == []


@pytest.mark.compiled
def test_the_share_of_noise_is_true():
    """Over ten seeds, the variance of what answers are off the exact mean is as told.

    What one seed is off varies by 60 % of itself from seed to seed, so the mean of ten by 20 %:
    the limits are three times that to either side, and a factor of two is beyond them.
    """
    ranges = {AMOUNT: (1e5, 4e5), FIRST: (0.2, 0.9)}
    laws = module._laws(ranges)
    told, seen = [], []
    for seed in range(1, 11):
        points = module._points(laws, 16, seed)
        runs = module.Runs(paths=256, seed=seed)
        cases = module._scenarios(plan(**ONE_DEAL), list(ranges), points)
        values, noise = module._answers(cases, "mean", runs)
        told.append(noise)
        seen.append(np.var(values - points[:, 0] * points[:, 1]))

    assert 0.55 < np.mean(told) / np.mean(seen) < 1.6


def test_more_paths_leave_less_noise():
    ranges = {AMOUNT: (1e5, 4e5), FIRST: (0.2, 0.9)}
    few, many = (
        sobol_shares(plan(**ONE_DEAL), ranges, samples=16, paths=paths, answer="mean").noise
        for paths in (128, 2048)
    )

    assert 0.0 < many < few / 4


def test_the_same_seed_gives_the_same_bits():
    ranges = {AMOUNT: (9e5, 1.8e6), FIRST: (0.2, 0.9)}
    answers = [
        json.dumps(sobol_shares(plan(), ranges, **SMALL, **other).to_dict())
        for other in ({}, {"threads": 1}, {"seed": 2}, {"seed": 2**64 - 1})
    ]

    assert answers[0] == answers[1]
    assert len(set(answers)) == 3


def test_inputs_may_be_distributions():
    ranges = {AMOUNT: fs.Gamma(mean=1.3e6, cv=0.2), "market.win_rate_correlation":
              stats.beta(2, 30), "quota": (5e5, 7e5)}  # fmt: skip

    found = sobol_shares(plan(), ranges, **SMALL)

    amount, rho, quota = by_name(found, ranges)
    assert 5e5 < amount.low < 1.3e6 < amount.high < 2.6e6
    assert 0.0 < rho.low < rho.high < 0.3
    assert 5e5 <= quota.low < quota.high <= 7e5


@pytest.mark.parametrize("answer", ["attainment", "mean", "p10", "p50", "p90", "wins"])
def test_every_answer_has_a_table_and_a_text(answer):
    ranges = {AMOUNT: (1e6, 2e6), "funnel.win_rate": (0.05, 0.2), "quota": (4e5, 8e5)}
    found = sobol_shares(plan(), ranges, **SMALL, answer=answer)

    totals = [share.total.value for share in found.shares]
    assert totals == sorted(totals, reverse=True)
    json.dumps(found.to_dict(), allow_nan=False)
    frame = found.to_frame(backend="polars")
    assert frame.columns[:5] == ["input", "low", "high", "first_order",
                                 "first_order_standard_error"]  # fmt: skip
    text = repr(found)
    assert text.startswith("Shares of the variance of the ")
    assert "40 runs of 256 paths each, seed 1" in text
    assert "% of its variance is Monte Carlo noise." in text


def test_progress_goes_over_all_runs():
    seen = []
    ranges = {AMOUNT: (1e6, 2e6), "funnel.win_rate": (0.05, 0.2)}
    sobol_shares(plan(), ranges, **SMALL, progress=lambda done, total: seen.append((done, total)))

    assert seen[-1] == (32 * 256, 32 * 256)


GOOD = {"quota": (4e5, 6e5), AMOUNT: (1e6, 2e6)}


@pytest.mark.parametrize(
    ("inputs", "options", "sentence"),
    [
        (["quota"], {}, "inputs must map at least two names to ranges"),
        ({"quota": (1, 2)}, {}, "inputs must map at least two names to ranges"),
        (GOOD | {"quota": 5}, {}, "range of 'quota' must be a distribution or a pair"),
        (GOOD | {"quota": (1, 2, 3)}, {}, "range of 'quota' must be a distribution or a pair"),
        (GOOD | {"quota": (5, 4)}, {}, "range of 'quota' must go from low to high"),
        (GOOD | {"quota": (1, "a")}, {}, "high of 'quota' must be a finite number"),
        (GOOD, {"samples": 100}, "samples must be a power of two, got 100; such as 256 or 512"),
        (GOOD, {"samples": 1}, "samples must be a whole number of at least 2"),
        (GOOD, {"answer": "middle"}, "answer must be a known name, got 'middle'"),
        (GOOD | {"quotas": (1, 2)}, {}, "name of a field must be known, got 'quotas'"),
        (GOOD | {"market.cycle_cv": (-1, 1)}, {}, "market.cycle_cv"),
    ],
)
def test_wrong_inputs_are_refused(inputs, options, sentence):
    with pytest.raises(fs.InputError) as caught:
        sobol_shares(plan(), inputs, **SMALL | options)

    assert str(caught.value).startswith(sentence)


def test_an_answer_that_never_varies_has_no_shares():
    with pytest.raises(fs.InputError, match="mean bookings must vary with the inputs, got"):
        sobol_shares(plan(), {"quota": (4e5, 6e5), "booked": (0, 1e5)}, **SMALL, answer="mean")


def test_attainment_needs_a_quota():
    with pytest.raises(fs.InputError, match="quota must be given for the chance to reach it"):
        sobol_shares(plan(quota=None), GOOD, **SMALL, answer="attainment")
