"""A number and how sure it is."""

import dataclasses

import pytest

from funnelsim import Estimate


def test_it_is_a_number_and_shows_its_error():
    estimate = Estimate(0.63712, 0.00213, 0.633, 0.641)
    assert float(estimate) == 0.63712
    assert repr(estimate) == "Estimate(0.63712 ± 0.0021)"


def test_an_exact_value_has_no_error():
    assert Estimate.exact(2.5) == Estimate(2.5, 0.0, 2.5, 2.5)
    assert repr(Estimate.exact(1.0)) == "Estimate(1 ± 0)"


def test_as_the_json_answer_holds_it():
    assert Estimate(0.5, 0.1, 0.3, 0.7).to_dict() == {
        "value": 0.5, "standard_error": 0.1, "low": 0.3, "high": 0.7,
    }  # fmt: skip


def test_it_cannot_be_changed_and_can_be_a_key():
    estimate = Estimate(0.5, 0.1, 0.3, 0.7)
    with pytest.raises(dataclasses.FrozenInstanceError):
        estimate.value = 0.6
    assert {estimate: 1}[Estimate(0.5, 0.1, 0.3, 0.7)] == 1


def test_a_format_is_that_of_the_value():
    estimate = Estimate(0.637, 0.002, 0.633, 0.641)
    assert f"{estimate:.1%}" == "63.7%"
    assert f"{estimate}" == repr(estimate)
