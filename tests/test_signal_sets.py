"""Ready-made sets of signals, and roles of contacts."""

import pytest

from funnelsim import InputError
from funnelsim.signal_sets import CONTACT_ROLES, SIGNAL_SETS, buying_influences, signal_set
from funnelsim.signals import NumericSignal, Signals


@pytest.mark.parametrize("name", SIGNAL_SETS)
def test_no_set_moves_anything_by_itself(name):
    signals = Signals(signal_set(name))
    assert signals.names == tuple(SIGNAL_SETS[name])
    assert not any(one.moves for one in signals.signals)
    assert {one.group for one in signals.signals} == {name}


def test_effects_are_stated_where_there_are_some():
    economic = signal_set("MEDDPICC", {"champion": {"Covered": (2.0, 3.0)}})[6]
    assert economic.effects == {"covered": (2.0, 3.0), "not covered": 1.0}
    [flags] = signal_set("red flags", {"red_flags": 0.7})
    assert flags == NumericSignal("red_flags", 0.7, group="red flags")


def test_unknown_as_an_answer():
    coach = signal_set("buying influences", {"coach": {"unknown": 0.5}}, unknown="answer")[0]
    assert coach.effects == {"covered": 1.0, "not covered": 1.0, "unknown": 0.5}


def test_roles_of_contacts():
    found = buying_influences(["Technical Buyer", "end_user", "EVALUATOR"], absent="not covered")
    assert found == {
        "coach": "not covered",
        "user": "covered",
        "technical": "covered",
        "economic": "not covered",
    }


def test_the_table_of_roles_can_be_edited():
    table = {**CONTACT_ROLES, "Executive Sponsor": "economic", "Sponsor": None}
    assert buying_influences(["executive sponsor", "sponsor"], table)["economic"] == "covered"
    assert set(CONTACT_ROLES.values()) - {None} == set(SIGNAL_SETS["buying influences"])


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: signal_set("meddpic"), "did you mean 'meddpicc'?"),
        (lambda: signal_set("rating", {"ratings": 2}), "did you mean 'rating'?"),
        (lambda: signal_set("entry point", {"entry_point": 2}), "must map levels to odds ratios"),
        (lambda: signal_set("entry point", {"entry_point": {"befor": 2}}), "mean 'before'?"),
        (lambda: buying_influences(["Econ Buyer"]), "did you mean 'Economic Buyer'?"),
        (lambda: buying_influences(["x"], {"x": "boss"}), "must be one of the four, got 'boss'"),
    ],
)
def test_wrong_names_are_named(made, message):
    with pytest.raises(InputError) as caught:
        made()
    assert message in str(caught.value)
