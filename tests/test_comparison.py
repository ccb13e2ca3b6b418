"""Whether one forecast beats another: ratios of scores and their bootstrap."""

from __future__ import annotations

import numpy as np
import pytest

from funnelsim.backtesting.comparison import ratio_of_scores
from funnelsim.errors import InputError


def overlapping(rng, origins, block):
    """Errors of windows that overlap: sums of so many days that are shared."""
    return np.convolve(rng.normal(size=origins + block - 1), np.ones(block), "valid") / block**0.5


@pytest.mark.parametrize(("origins", "block", "separate"), [(27, 5, 6), (20, 1, 20), (100, 13, 8)])
def test_an_interval_holds_the_ratio_in_nine_of_ten_histories(origins, block, separate):
    rng = np.random.default_rng(2)
    held, runs = 0, 400
    for _ in range(runs):
        errors, others = overlapping(rng, origins, block), overlapping(rng, origins, block)
        ours = 0.8 * np.abs(0.6 * errors + 0.8 * others)  # as large as theirs but for the 0.8
        found = ratio_of_scores(ours, np.abs(errors), block=block, separate=separate, draws=300)
        held += found.low <= 0.8 <= found.high
    assert 0.85 < held / runs < 0.96  # 0.9 within 3.3 standard errors


def test_the_ratio_is_of_the_sums():
    found = ratio_of_scores([1, 2, 3, 4], [4, 4, 4, 8], block=1, separate=4)
    assert found.value == 0.5
    assert found.low < 0.5 < found.high


def test_forecasts_that_are_always_in_the_same_ratio_leave_no_doubt():
    theirs = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0])
    found = ratio_of_scores(0.9 * theirs, theirs, block=2, separate=3)
    assert (found.low, found.high) == pytest.approx((0.9, 0.9))
    assert found.outcome == "beats"
    assert ratio_of_scores(1.2 * theirs, theirs, block=2, separate=3).outcome == "loses"


def test_a_tie_and_what_cannot_be_told():
    ours, theirs = np.array([1.0, 9.0, 2.0, 8.0]), np.array([8.0, 2.0, 9.0, 1.0])
    assert ratio_of_scores(ours, theirs, block=1, separate=4).outcome == "ties"
    found = ratio_of_scores(ours, 2 * theirs, block=4, separate=1)
    assert (found.value, found.low, found.high) == (0.5, None, None)
    assert found.outcome == "untold"


def test_few_separate_windows_and_overlap_widen_the_interval():
    rng = np.random.default_rng(3)
    ours, theirs = rng.gamma(2.0, size=(2, 40))

    def width(block, separate):
        found = ratio_of_scores(ours, theirs, block=block, separate=separate)
        return np.log(found.high / found.low)

    assert width(1, 40) < width(1, 8) < width(1, 3) < width(1, 2)


def test_no_ratio_to_a_score_of_nothing():
    assert ratio_of_scores([1.0, 2.0], [0.0, 0.0], block=1, separate=2) is None


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="scores must"):
        ratio_of_scores([1.0, np.nan], [1.0, 1.0], block=1, separate=2)
    with pytest.raises(InputError, match="block must"):
        ratio_of_scores([1.0, 2.0], [1.0, 1.0], block=0, separate=2)
