"""What CI breaks on purpose is still there to be broken."""

import runpy
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[1] / ".ci/breaks.py"
SOURCE = Path(__file__).parents[1] / "src/funnelsim"

if not TABLE.exists():
    pytest.skip("the checks of a clone are not here", allow_module_level=True)

GROUPS = runpy.run_path(str(TABLE))["GROUPS"]


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_each_break_changes_one_place_and_has_tests(group):
    breaks, tests = GROUPS[group]
    found = {what: (SOURCE / file).read_text("utf-8").count(old) for what, file, old, _ in breaks}
    assert found == dict.fromkeys(found, 1)
    assert all((Path(__file__).parent / name).exists() for name in tests)
