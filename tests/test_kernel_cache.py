"""Compiled kernels are kept between runs where that can be, and never after a line has changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

import funnelsim
from funnelsim.kernels import compiled

RUN = """
import funnelsim as fs
from funnelsim.kernels.compiled import fold
scenario = fs.Scenario(
    as_of="2026-12-31", periods=fs.Periods("year", 1), market=fs.Market(win_rate_correlation=0.1),
    funnel=fs.Funnel.key_account(time=10),
    pipeline=fs.Pipeline.from_deals([{"stage": "proposal", "amount": 1}] * 2),
)
wins = fs.simulate(scenario, paths=4096, seed=5).wins
print(type(fold._cache).__name__, sum(fold._cache_hits.values()), wins.sum())
"""


@pytest.fixture
def package(tmp_path):
    """Return a folder with a copy of the package."""
    source = Path(funnelsim.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, tmp_path / "lib" / "funnelsim", ignore=ignored)
    return tmp_path / "lib"


def run(package, code=RUN, **environment):
    """Run code against a copy of the package; return the words that it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    env = kept | {"PYTHONPATH": str(package)} | environment
    out = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=env, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert out.returncode == 0, out.stderr
    return out.stdout.split()


@pytest.mark.compiled
@pytest.mark.slow
def test_a_second_run_finds_what_the_first_one_kept(package, tmp_path):
    cache = str(tmp_path / "cache")
    kind, hits, wins = run(package, NUMBA_CACHE_DIR=cache)
    assert (kind, hits) == ("FunctionCache", "0")
    assert run(package, NUMBA_CACHE_DIR=cache) == ["FunctionCache", "1", wins]


@pytest.mark.compiled
@pytest.mark.slow
def test_an_edited_part_is_compiled_anew(package, tmp_path):
    cache = str(tmp_path / "cache")
    _, _, wins = run(package, NUMBA_CACHE_DIR=cache)
    file = package / "funnelsim" / "kernels" / "normal.py"
    text, line = file.read_text(), "return min(max(0.5 + x * v, 0.0), 1.0)"
    assert text.count(line) == 1
    file.write_text(text.replace(line, "return 0.0 * v"))
    assert run(package, NUMBA_CACHE_DIR=cache) == ["FunctionCache", "0", "0"]
    assert wins != "0"


@pytest.mark.compiled
@pytest.mark.slow
def test_without_a_folder_to_write_to_nothing_is_kept(package, tmp_path):
    """A file stands wherever Numba would make a folder: so it is for any user, and for root."""
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    (package / "funnelsim" / "kernels" / "__pycache__").write_text("")
    kind, hits, _ = run(
        package, NUMBA_CACHE_DIR=str(blocked / "x"), HOME=str(blocked), XDG_CACHE_HOME=str(blocked),
        PYTHONDONTWRITEBYTECODE="1",
    )  # fmt: skip
    assert (kind, hits) == ("NullCache", "0")


def test_a_compiler_that_cannot_keep_is_asked_again_without(monkeypatch):
    asked = []

    def njit(**options):
        asked.append(options)
        if options.get("cache"):
            raise RuntimeError("cannot cache function 'fold': no locator available")
        return numba.njit(**options)

    def add(one, other):
        return one + other

    monkeypatch.setattr(compiled, "njit", njit)
    assert compiled._kept(add)(1, 2) == 3
    assert asked == [{"nogil": True, "cache": True}, {"nogil": True}]


@pytest.mark.parametrize(
    "place", ["normal.py", "philox.py", "quantiles.py", "outcomes.py", "compiled.py"]
)
def test_the_digest_follows_every_line_of_every_kernel(monkeypatch, package, place):
    folder = package / "funnelsim" / "kernels"
    before = compiled._source_digest()
    monkeypatch.setattr(compiled, "__file__", str(folder / "compiled.py"))
    assert compiled._source_digest() == before  # the place does not matter
    with (folder / place).open("a") as file:
        file.write("\n")
    assert compiled._source_digest() != before
