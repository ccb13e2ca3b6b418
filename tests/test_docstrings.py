"""The examples in the docstrings run, and say what they return."""

import doctest
import importlib
import pkgutil

import pytest

import funnelsim

NAMES = [
    "funnelsim",
    *(
        module.name
        for module in pkgutil.walk_packages(funnelsim.__path__, "funnelsim.")
        if not module.name.endswith("__main__")
    ),
]


@pytest.mark.compiled  # examples with tens of thousands of paths
@pytest.mark.parametrize("name", NAMES)
def test_examples_of_a_module(name):
    module = importlib.import_module(name)

    outcome = doctest.testmod(module, report=True)

    assert outcome.failed == 0


TABLES = {"__version__", "CONTACT_ROLES", "SIGNAL_SETS"}


def test_everything_public_has_an_example():
    finder = doctest.DocTestFinder(exclude_empty=True)
    public = [getattr(funnelsim, name) for name in funnelsim.__all__ if name not in TABLES]

    without = [
        one.__name__
        for one in public
        if not any(found.examples for found in finder.find(one, one.__name__))
    ]

    assert without == []
