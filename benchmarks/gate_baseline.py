"""The stored baseline: the ratio of each row and its tolerance, for each kind of processor."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.gate_verdicts import TOLERANCE

FILE = Path(__file__).with_name("baseline.json")
PACKAGES = ("numpy", "scipy", "numba")


class UnreadableError(Exception):
    """There is no baseline that can be read; the message says why."""


@dataclass(frozen=True)
class Expected:
    """What is expected of a row."""

    ratio: float
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class Baseline:
    """The ratios of one processor, and the versions they were measured with."""

    processor: str
    versions: Mapping[str, str]
    rows: Mapping[str, Expected]

    def differences(self, processor: str, versions: Mapping[str, str]) -> list[str]:
        """Return what here is not as it was there, a sentence each."""
        found = []
        if processor != self.processor:
            found.append(
                f"The baseline is of another processor ({self.processor}) than this ({processor}): "
                "ratios may differ for that alone. Use --against, or add this one by --update."
            )
        other = [
            f"{name} {self.versions.get(name, '?')} there, {here} here"
            for name, here in versions.items()
            if here != self.versions.get(name)
        ]
        return [*found, f"Other versions: {'; '.join(other)}."] if other else found


def processor() -> str:
    """Return the model of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = (line.partition(":") for line in cpuinfo.read_text("utf-8").splitlines())
        said = {name.strip(): value.strip() for name, _, value in reversed(list(lines))}
        if "model name" in said:
            return f"{said['model name']}, family {said['cpu family']}, model {said['model']}"
    if platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Return the versions that ratios depend on."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"Python": python, **{name: version(name) for name in PACKAGES}}


def read(file: Path, here: str) -> Baseline:
    """Return the baseline of this processor, or of the first one in the file.

    Raises
    ------
    UnreadableError
        If there is no file, or it is no baseline.
    """
    found = _read_all(file)
    if not found:
        raise UnreadableError(f"{file}: no baseline in it")
    return next((one for one in found if one.processor == here), found[0])


def _read_all(file: Path) -> list[Baseline]:
    try:
        return [_parsed(one) for one in json.loads(file.read_text("utf-8"))]
    except OSError as error:
        raise UnreadableError(f"{file}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(f"{file}: not a baseline: {error!r}") from error


def _parsed(one: Mapping) -> Baseline:
    rows = {name: Expected(**expected) for name, expected in one["rows"].items()}
    for name, expected in rows.items():
        if not (expected.ratio > 0.0 and expected.tolerance > 0.0):
            raise ValueError(f"{name}: ratio and tolerance have to be positive")
    return Baseline(one["processor"], one["versions"], rows)


def write(file: Path, new: Baseline) -> None:
    """Put a baseline in the place of the one of its processor; tolerances stay as they were."""
    others = _read_all(file) if file.exists() else []
    kept = {
        name: expected.tolerance
        for one in others
        if one.processor == new.processor
        for name, expected in one.rows.items()
    }
    rows = {
        name: Expected(round(expected.ratio, 5), kept.get(name, expected.tolerance))
        for name, expected in new.rows.items()
    }
    new = Baseline(new.processor, new.versions, rows)
    places = [one if one.processor != new.processor else new for one in others]
    listed = places if new in places else [*places, new]
    file.write_text(json.dumps([asdict(one) for one in listed], indent=2) + "\n", "utf-8")
