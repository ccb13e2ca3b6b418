"""Veto and final yes: the conversion is kept, and refused where nothing gives it."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelsim import InputError
from funnelsim.final_yes import FinalYes

CHANCES = st.floats(0.0, 1.0)


@given(st.lists(CHANCES, max_size=5), CHANCES, CHANCES)
def test_the_mean_over_all_vetoes_is_the_conversion(vetoes, despite, part):
    veto = 1.0 - math.prod(1.0 - one for one in vetoes)
    low, high = despite * veto, min(1.0 - veto + despite * veto, 1.0)
    final = FinalYes(min(low + part * (high - low), high), vetoes=vetoes, despite=despite)
    total = 0.0
    for said in itertools.product([False, True], repeat=len(vetoes)):
        share = math.prod(v if no else 1.0 - v for v, no in zip(vetoes, said, strict=True))
        total += share * final.given([], veto=any(said))
    assert total == pytest.approx(final.conversion, abs=1e-9)


def test_by_hand():
    # V = 1 - 0.9 * 0.8 = 0.28; e1 = (0.6 - 0.25 * 0.28) / 0.72
    final = FinalYes(0.6, vetoes=[0.1, 0.2], despite=0.25)
    assert final.without_veto == pytest.approx(0.53 / 0.72, abs=1e-15)
    assert final.given([0.1, 0.2]) == pytest.approx(0.6, abs=1e-15)
    assert final.given([]) == final.without_veto
    assert final.given([0.2]) == pytest.approx(0.8 * final.without_veto + 0.2 * 0.25, abs=1e-15)
    assert final.given([0.1], veto=True) == 0.25


def test_without_technical_buyers_the_economic_buyer_decides():
    assert FinalYes(0.8).without_veto == 0.8


@pytest.mark.parametrize("conversion", [0.069, 0.791])
def test_a_conversion_that_nothing_gives_is_refused_with_the_range(conversion):
    with pytest.raises(InputError) as caught:
        FinalYes(conversion, vetoes=[0.1, 0.2], despite=0.25)
    assert str(caught.value) == (
        f"conversion must be in [0.07, 0.79], got {conversion}; or other chances of a veto, or of "
        "a yes despite one"
    )


def test_what_is_no_chance_is_refused():
    with pytest.raises(InputError, match=r"veto 2 must be in \[0, 1\], got 5"):
        FinalYes(0.5, vetoes=[0.1, 5])
    with pytest.raises(InputError, match="vetoes must be a list of chances"):
        FinalYes(0.5, vetoes=0.1)
