"""``funnelsim forecast --stream``: very many paths, and going on from a checkpoint."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from funnelsim.cli import main

pytestmark = pytest.mark.compiled  # tens of thousands of paths

SCENARIO = """
as_of = 2026-12-31
quota = 300_000
periods = { every = "quarter", count = 2 }
funnel = { preset = "key-account", time = 10 }
pipeline = { deals = [{ id = "A", stage = "proposal", amount = 300_000 }] }
"""


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.toml").write_text(SCENARIO)


def forecast(*arguments):
    return CliRunner().invoke(main, ["forecast", "plan.toml", *map(str, arguments)])


def answer(*arguments):
    done = forecast(*arguments, "--json", "-")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.usefixtures("plan")
def test_chances_and_means_are_those_of_kept_paths():
    kept = answer("--paths", 5_000, "--no-activities")
    streamed = answer("--paths", 5_000, "--stream")
    for name in ("attainment_probability", "open_pipeline", "coverage", "digest"):
        assert streamed[name] == kept[name]
    assert streamed["bookings"]["mean"] == kept["bookings"]["mean"]


@pytest.mark.usefixtures("plan")
def test_a_run_goes_on_from_its_checkpoint():
    options = ("--stream", "--checkpoint", "run.ckpt")
    answer("--paths", 70_000, *options)
    assert answer("--paths", 150_000, *options) == answer("--paths", 150_000, "--stream")


@pytest.mark.usefixtures("plan")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--checkpoint", "run.ckpt"), "must stand beside --stream"),
        (("--stream", "--checkpoint", "plan.toml"), "be another file than plan.toml"),
        (("--stream", "--checkpoint", "nowhere/run.ckpt"), "nowhere"),
    ],
)
def test_checkpoints_that_cannot_be(options, message):
    done = forecast("--paths", 1_000, *options)
    assert done.exit_code == 2
    assert message in done.stderr
