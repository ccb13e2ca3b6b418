"""A run that was stopped goes on from its checkpoint, to the same bits."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.streaming import checkpoint, run, stream
from tests.test_streaming import OPEN, SCENARIOS

pytestmark = pytest.mark.compiled  # tens of thousands of paths

TASK = run.GROUP * 8192
PATHS = 2 * TASK + 77


class StopError(Exception):
    """Stands for whatever stops a run."""


def stopped_at(paths, stop=StopError):
    """Return a progress that stops the run after so many paths."""

    def progress(done, _):
        if done >= paths:
            raise stop

    return progress


def bits(forecast):
    """Return all that is known of a forecast."""
    kept = forecast._summary
    arrays = [kept.high, kept.low, kept.squares, kept.hits]
    counts = [(one.first, one.counts.tolist()) for one in kept.counts]
    return [one.tobytes() for one in arrays], counts, json.dumps(forecast.to_dict())


@pytest.fixture(scope="module")
def uninterrupted():
    return stream(OPEN, paths=PATHS, seed=4)


@pytest.mark.parametrize("stop", [StopError, KeyboardInterrupt])
def test_what_stops_a_run_leaves_what_is_done(tmp_path, uninterrupted, stop):
    file, seen = tmp_path / "run.ckpt", []
    with pytest.raises(stop):
        stream(OPEN, paths=PATHS, seed=4, checkpoint=file, progress=stopped_at(1, stop))
    resumed = stream(
        OPEN, paths=PATHS, seed=4, checkpoint=file, progress=lambda *done: seen.append(done)
    )
    assert seen == [(TASK, PATHS), (2 * TASK, PATHS), (PATHS, PATHS)]
    assert bits(resumed) == bits(uninterrupted)


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "nothing"])
def test_every_kind_of_scenario_goes_on(tmp_path, name, monkeypatch):
    monkeypatch.setattr(run, "GROUP", 1)
    scenario, file = SCENARIOS[name], str(tmp_path / "run.ckpt")
    with pytest.raises(StopError):
        stream(scenario, paths=20_000, checkpoint=file, progress=stopped_at(8000))
    resumed = stream(scenario, paths=20_000, checkpoint=file)
    assert bits(resumed) == bits(stream(scenario, paths=20_000))


def test_a_finished_run_is_read_not_run(tmp_path, uninterrupted):
    file, seen = tmp_path / "run.ckpt", []
    for _ in range(2):
        found = stream(OPEN, paths=2 * TASK, seed=4, checkpoint=file)
    assert bits(found) == bits(stream(OPEN, paths=2 * TASK, seed=4))
    more = stream(
        OPEN, paths=PATHS, seed=4, checkpoint=file, progress=lambda *done: seen.append(done)
    )
    assert seen == [(2 * TASK, PATHS), (PATHS, PATHS)]
    assert bits(more) == bits(uninterrupted)


def test_paths_that_do_not_fill_a_task_go_on_to_more(tmp_path, uninterrupted):
    file = tmp_path / "run.ckpt"
    for paths in (100, TASK + 3, PATHS):
        found = stream(OPEN, paths=paths, seed=4, checkpoint=file)
        assert found.record.paths == paths
    assert bits(found) == bits(uninterrupted)


def test_the_file_is_written_every_few_seconds(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    file, sizes = tmp_path / "run.ckpt", []

    def progress(done, _):
        about = json.loads(np.load(file)["about"].item())
        sizes.append((done, about["paths"]))

    stream(OPEN, paths=PATHS, seed=4, checkpoint=file, progress=progress)
    assert sizes == [(TASK, TASK), (2 * TASK, 2 * TASK), (PATHS, 2 * TASK)]
    assert [one.name for one in tmp_path.iterdir()] == ["run.ckpt"]


# What does not fit


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    file = tmp_path_factory.mktemp("written") / "run.ckpt"
    stream(OPEN, paths=TASK, seed=4, checkpoint=file)
    return file.read_bytes()


OTHER = {
    "quota": OPEN.replace(quota=100_001),
    "booked": OPEN.replace(booked=5_001),
    "periods": OPEN.replace(periods=fs.Periods("month", 9)),
    "market": OPEN.replace(market=fs.Market(win_rate_correlation=0.2, amount_cv=0.2)),
    "new business": SCENARIOS["new business"],
    "trajectories": SCENARIOS["trajectories"],
}


@pytest.mark.parametrize("name", OTHER)
def test_another_scenario_is_refused(tmp_path, written, name):
    file = tmp_path / "run.ckpt"
    file.write_bytes(written)
    with pytest.raises(fs.InputError) as error:
        stream(OTHER[name], paths=TASK, seed=4, checkpoint=file)
    assert str(error.value) == (
        f"checkpoint {str(file)!r} must be of the same scenario; it holds paths of another one; "
        "name another file, or delete this one to begin anew"
    )
    assert file.read_bytes() == written


@pytest.mark.parametrize(
    ("given", "version", "message"),
    [
        ({"seed": 5}, None, "checkpoint {file} must be of seed 5, got 4; name another file"),
        ({}, "9.9", "checkpoint {file} must be written by funnelsim 9.9, got '{version}'; name"),
        ({"paths": TASK - 1}, None, "paths must be at least the 65,536 that checkpoint {file}"),
    ],
)
def test_another_seed_or_version_or_fewer_paths_are_refused(
    tmp_path, written, given, version, message, monkeypatch
):
    file = tmp_path / "run.ckpt"
    file.write_bytes(written)
    if version is not None:
        monkeypatch.setattr(checkpoint, "__version__", version)
    with pytest.raises(fs.InputError) as error:
        stream(OPEN, **({"paths": TASK, "seed": 4, "checkpoint": file} | given))
    start = message.format(file=repr(str(file)), version=fs.__version__)
    assert str(error.value).startswith(start)
    assert file.read_bytes() == written


def damaged(content):
    """Yield files that are not as they were written: cut, changed, something else."""
    yield from (b"", b"paths = 4\n", b"PK", content[:-1], content[: len(content) // 2])
    rng = np.random.default_rng(1)
    for place in rng.integers(0, len(content), 60):
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        yield bytes(changed)


def test_a_damaged_file_is_refused_or_was_not_damaged_where_it_counts(
    tmp_path, written, monkeypatch
):
    expected, refused = bits(stream(OPEN, paths=TASK, seed=4)), 0
    monkeypatch.setattr(run, "in_order", None)  # the whole run is in the file
    file = tmp_path / "run.ckpt"
    for content in damaged(written):
        file.write_bytes(content)
        try:
            found = stream(OPEN, paths=TASK, seed=4, checkpoint=file)
        except fs.InputError as error:
            assert "must be a whole checkpoint of funnelsim; it is damaged" in str(error)  # noqa: PT017
            refused += 1
        else:
            assert bits(found) == expected
        assert file.read_bytes() == content
    assert refused > 55


def test_a_checkpoint_of_other_rows_is_refused(tmp_path, written):
    """Arrays that do not fit together, under a name that does."""
    file = tmp_path / "run.ckpt"
    file.write_bytes(written)
    arrays = dict(np.load(file))
    for name in ("high", "low", "squares", "hits", "first", "length", "counts"):
        with file.open("wb") as target:
            np.savez(target, **(arrays | {name: arrays[name][:-1]}))
        with pytest.raises(fs.InputError, match="it is damaged"):
            stream(OPEN, paths=TASK, seed=4, checkpoint=file)


@pytest.mark.parametrize("paths", [TASK // 2, TASK + 1, 0, -TASK, float(TASK), str(TASK)])
def test_a_checkpoint_of_other_paths_is_refused(tmp_path, written, paths):
    """It holds whole tasks, and no more counts than paths."""
    file = tmp_path / "run.ckpt"
    file.write_bytes(written)
    arrays = dict(np.load(file))
    about = json.loads(arrays["about"].item()) | {"paths": paths}
    with file.open("wb") as target:
        np.savez(target, **arrays | {"about": np.array(json.dumps(about))})
    with pytest.raises(fs.InputError, match="it is damaged"):
        stream(OPEN, paths=2 * TASK, seed=4, checkpoint=file)


def test_a_checkpoint_of_negative_amounts_is_refused(tmp_path, written):
    file = tmp_path / "run.ckpt"
    file.write_bytes(written)
    arrays = dict(np.load(file))
    with file.open("wb") as target:
        np.savez(target, **arrays | {"first": arrays["first"] - 5_000})
    with pytest.raises(fs.InputError, match="it is damaged"):
        stream(OPEN, paths=2 * TASK, seed=4, checkpoint=file)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (3, "checkpoint must be the name of a file, got 3"),
        ("", "'' must be a file that can be written"),
        ("nowhere/run.ckpt", "'nowhere/run.ckpt' must be a file that can be written; there is no"),
        (os.devnull, f"checkpoint {os.devnull!r} must be a regular file"),
    ],
)
def test_a_name_that_cannot_be_is_refused_before_the_run(path, message):
    with pytest.raises(fs.InputError) as error:
        stream(OPEN, paths=10, checkpoint=path)
    assert str(error.value).startswith(message)


# Killed

RUN = """
import sys
from pathlib import Path
from funnelsim.streaming import checkpoint, run, stream
from tests.test_streaming import OPEN
checkpoint.SECONDS, run.GROUP = 0.0, 2
stream(OPEN, paths=10_000_000, seed=4, threads=2, checkpoint=sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system")
def test_a_killed_run_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "GROUP", 2)
    file = tmp_path / "run.ckpt"
    root = Path(__file__).resolve().parents[1]
    paths = os.pathsep.join([str(root / "src"), str(root), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(file)], env={**os.environ, "PYTHONPATH": paths}
    ) as killed:
        limit = time.monotonic() + 120
        while not file.exists() and killed.poll() is None and time.monotonic() < limit:
            time.sleep(0.01)
        time.sleep(0.2)  # in the middle of whatever it does
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    done = json.loads(np.load(file)["about"].item())["paths"]
    assert 0 < done < 10_000_000
    more = done + 3 * TASK + 77
    resumed = stream(OPEN, paths=more, seed=4, checkpoint=file)
    assert bits(resumed) == bits(stream(OPEN, paths=more, seed=4))
