"""The state of a run on disk, so that it may go on after it was stopped.

The file is NumPy's ``.npz`` without pickled objects: whole numbers and floats as they are in
memory, a checksum on each of them, and nothing that is run when it is read. It is written whole or
not at all, and holds whole tasks only: a run may go on from it to any number of paths.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
import zlib
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from funnelsim._factors import REPLICATES
from funnelsim._version import __version__
from funnelsim._whole_file import check_writable, write_whole
from funnelsim.errors import InputError
from funnelsim.streaming.bins import NOTHING, Counts
from funnelsim.streaming.summary import Layout, Summary

FORMAT = 1
SECONDS = 5.0
"""Time between two writings of the file."""
OTHERWISE = "name another file, or delete this one to begin anew"

_ARRAYS = ("high", "low", "squares", "hits", "first", "length", "counts")


class Origin(NamedTuple):
    """What the paths of a checkpoint were made of."""

    digest: str
    seed: int
    version: str
    task: int  # paths of a task

    @classmethod
    def of(cls, seed: int, task: int, *parts: Any) -> Origin:
        """Return the origin; ``parts`` are tuples of all that workers are given."""
        return cls(fingerprint(parts), seed, __version__, task)

    def check(self, about: dict[str, Any], name: str) -> None:
        """Refuse a file of another version, seed or scenario."""
        if about["version"] != self.version:
            rule = f"be written by funnelsim {self.version}"
            raise InputError(name, rule, about["version"], OTHERWISE)
        if about["seed"] != self.seed:
            raise InputError(name, f"be of seed {self.seed}", about["seed"], OTHERWISE)
        if (about["digest"], about["task"]) != (self.digest, self.task):
            hint = f"it holds paths of another one; {OTHERWISE}"
            raise InputError(name, "be of the same scenario", remedy=hint)


class Checkpoint:
    """A file that the state of a run is kept in.

    Parameters
    ----------
    path : str or path-like
        The file; it need not be there yet.
    origin : Origin
        What the paths are made of.
    layout : Layout
        What a state holds.

    Raises
    ------
    InputError
        If the file cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], origin: Origin, layout: Layout) -> None:
        check_writable(path)
        self._path, self._origin, self._layout = path, origin, layout
        self.name = f"checkpoint {os.fspath(path)!r}"
        self._next = monotonic() + SECONDS
        self._written = -1

    def read(self) -> Summary:
        """Return the state in the file, that of no paths where there is no file.

        Raises
        ------
        InputError
            If the file is damaged, or of another scenario, seed or version.
        """
        target = Path(self._path)
        if not target.exists():
            return Summary.nothing(self._layout)
        if not target.is_file():
            raise InputError(self.name, "be a regular file")
        try:
            about, arrays = _unpacked(target.read_bytes())
        except OSError as error:
            rule = "be a file that can be read"
            raise InputError(self.name, rule, remedy=error.strerror or str(error)) from None
        except _DAMAGE:
            raise self._damaged() from None
        self._origin.check(about, self.name)
        found = _summary(about["paths"], arrays, self._layout)
        if found is None or found.paths % self._origin.task:
            raise self._damaged()
        self._written = found.paths
        return found

    def keep(self, state: Summary, *, now: bool = False) -> None:
        """Write the state if it is time to, or ``now``; it is whole tasks."""
        if (now or monotonic() >= self._next) and state.paths != self._written:
            write_whole(self._path, _packed(self._origin, state))
            self._written = state.paths
            self._next = monotonic() + SECONDS

    def _damaged(self) -> InputError:
        hint = f"it is damaged, or is something else, and was left as it is; {OTHERWISE}"
        return InputError(self.name, "be a whole checkpoint of funnelsim", remedy=hint)


def fingerprint(parts: Any) -> str:
    """Return a hash of nested tuples of arrays and plain values."""
    digest = hashlib.blake2b(digest_size=16)

    def add(part: Any) -> None:
        if isinstance(part, tuple):
            digest.update(f"({len(part)}".encode())
            for one in part:
                add(one)
        elif isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode() + part.tobytes())
        else:
            assert part is None or isinstance(part, str | int | float | np.generic), part
            digest.update(f"{type(part).__name__}:{part};".encode())

    add(parts)
    return digest.hexdigest()


_DAMAGE = (
    zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, EOFError, NotImplementedError,
    RuntimeError,
)  # fmt: skip
"""What NumPy and zipfile raise on files that are not as they were written."""


def _packed(origin: Origin, state: Summary) -> bytes:
    """Return the content of the file."""
    about = {"format": FORMAT, **origin._asdict(), "paths": state.paths}
    counts = [one.counts for one in state.counts]
    content = io.BytesIO()
    np.savez(
        content,
        about=np.array(json.dumps(about)),
        high=state.high,
        low=state.low,
        squares=state.squares,
        hits=state.hits,
        first=np.array([one.first for one in state.counts], np.int64),
        length=np.array([len(one) for one in counts], np.int64),
        counts=np.concatenate(counts),
    )
    return content.getvalue()


def _unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a file says of itself, and its arrays."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if packed.testzip() is not None:
            raise zipfile.BadZipFile
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        about = json.loads(file["about"].item())
        arrays = {name: file[name] for name in _ARRAYS}
    whole = isinstance(about["paths"], int) and about["paths"] >= 0
    if about["format"] != FORMAT or not whole or not about.keys() >= set(Origin._fields):
        raise ValueError
    return about, arrays


def _summary(paths: int, arrays: dict[str, Any], layout: Layout) -> Summary | None:
    """Return the state that arrays stand for, None where they do not fit together."""
    rows = layout.rows
    shapes = {
        "high": (rows, REPLICATES), "low": (rows, REPLICATES), "squares": (rows,),
        "hits": (layout.hits, REPLICATES), "first": (rows,), "length": (rows,),
        "counts": (int(arrays["length"].sum()),),
    }  # fmt: skip
    for name, shape in shapes.items():
        kind = np.float64 if name == "squares" else np.int64
        if arrays[name].shape != shape or arrays[name].dtype != kind:
            return None
    parts = np.split(arrays["counts"], np.cumsum(arrays["length"])[:-1])
    counts = tuple(
        Counts(first, part) if len(part) else NOTHING
        for first, part in zip(arrays["first"].tolist(), parts, strict=True)
    )
    if any(one.first < 0 or one.counts.sum() > paths for one in counts):
        return None
    high, low, squares, hits = (arrays[name] for name in _ARRAYS[:4])
    return Summary(paths, high, low, squares, hits, counts)
