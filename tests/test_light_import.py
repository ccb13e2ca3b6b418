"""``import funnelsim`` costs next to nothing, and shows the public names."""

import importlib.resources
import json
import subprocess
import sys

import pytest

import funnelsim

HEAVY = {
    "click", "matplotlib", "narwhals", "numba", "pandas", "polars", "pyarrow", "scipy", "tomli_w",
    "tomllib", "tqdm",
}  # fmt: skip


def loaded_by(code):
    """Return the modules that a fresh interpreter has loaded after some code."""
    out = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys, json; print(json.dumps(list(sys.modules)))"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return {name.partition(".")[0] for name in json.loads(out.stdout.splitlines()[-1])}


def test_the_import_loads_nothing_heavy():
    assert loaded_by("import funnelsim") & HEAVY == set()


def test_all_public_names_load_nothing_heavy():
    names = "import funnelsim as fs\nfor name in fs.__all__: getattr(fs, name)"
    assert loaded_by(names) & HEAVY == set()


def test_no_public_name_is_hidden_by_a_module_of_that_name():
    package = importlib.resources.files(funnelsim)
    assert not {one.name.removesuffix(".py") for one in package.iterdir()} & set(funnelsim.__all__)


def test_a_scenario_loads_neither_the_compiler_nor_dataframes():
    code = """
import funnelsim as fs
fs.Scenario(
    as_of="2026-12-31", periods=fs.Periods("month", 12), quota=5, market=fs.Market(cycle_cv=0.2),
    funnel=fs.Funnel.key_account(time=30), clock=fs.Clock(weekend=("saturday", "sunday")),
    pipeline=fs.Pipeline.from_deals([{"stage": "meeting", "amount": 5}]),
)
"""
    assert loaded_by(code) & HEAVY == set()


@pytest.mark.compiled
def test_a_forecast_loads_no_statistics_and_no_dataframes():
    code = """
import funnelsim as fs
scenario = fs.Scenario(
    as_of="2026-12-31", periods=fs.Periods("month", 12), quota=5,
    funnel=fs.Funnel.key_account(time=fs.Gamma(mean=30, cv=0.6)),
    market=fs.Market(win_rate_correlation=0.1, cycle_cv=0.2, amount_cv=0.1),
    pipeline=fs.Pipeline.from_deals([{"stage": "meeting", "amount": 5, "age": 3}]),
)
fs.simulate(scenario, paths=100).to_dict()
import sys
assert "scipy.stats" not in sys.modules
"""
    assert loaded_by(code) & HEAVY - {"tomllib"} == {"numba", "scipy"}  # Numba reads TOML


def test_public_names_are_those_of_all():
    public = {name for name in dir(funnelsim) if not name.startswith("_")} | {"__version__"}
    assert public == set(funnelsim.__all__)
    assert len(funnelsim.__all__) == len(public)
    assert all(getattr(funnelsim, name) is not None for name in funnelsim.__all__)


def test_a_star_import_gives_the_public_names():
    names = {}
    exec("from funnelsim import *", names)
    assert set(names) - {"__builtins__"} == set(funnelsim.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'funnelsim' has no attribute 'forcast'"):
        _ = funnelsim.forcast


@pytest.mark.parametrize("name", ["Scenario", "simulate", "Gamma", "InputError"])
def test_what_is_public_says_where_it_is_at_home(name):
    assert getattr(funnelsim, name).__module__.startswith("funnelsim.")
    assert getattr(funnelsim, name).__doc__
