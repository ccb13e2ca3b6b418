"""The text of a scenario file as tables, and the line of what is wrong in it."""

from __future__ import annotations

import codecs
import datetime as dt
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from funnelsim.errors import InputError, shown
from funnelsim.frames import bytes_of
from funnelsim.scenario_file.lines import KeyPath, lines_of

MOST_WHOLE = 2**63
ZIP = b"PK\x03\x04"
SAVE_AS = "save the file as UTF-8"
SPELLINGS = "dates are written 2026-12-31, numbers 0.45 or 500_000, texts in quotes"
_LINE = re.compile(r" \(at line (\d+), column (\d+)\)$")
_AT_END = " (at end of document)"


@dataclass(frozen=True)
class Document:
    """A scenario file that is proper TOML.

    Parameters
    ----------
    file : str
        The file, as it is named in messages.
    text : str
        What it holds.
    root : dict
        The tables in it.
    """

    file: str
    text: str
    root: dict[str, Any]

    @property
    def folder(self) -> str:
        """The folder that files named in the scenario are relative to."""
        return os.path.dirname(os.path.abspath(self.file))  # noqa: PTH100, PTH120  never raises

    @cached_property
    def lines(self) -> dict[KeyPath, int]:
        """The line of each key; found only when something is wrong."""
        return lines_of(self.text)

    def where(self, path: KeyPath) -> str:
        """Return file and line of a key, or of the nearest thing around it that has a line."""
        for count in range(len(path), 0, -1):
            if path[:count] in self.lines:
                return f"{self.file}, line {self.lines[path[:count]]}"
        return self.file

    @contextmanager
    def placed(self, *path: str | int) -> Iterator[None]:
        """Say file and line in errors about what stands at or below a key."""
        try:
            yield
        except InputError as error:
            if error.where is not None:
                raise
            raise error.at(self.place_of(error, *path)) from None

    def place_of(self, error: InputError, *path: str | int) -> str:
        """Return file and line of what an error, about a key or what is below it, speaks of."""
        return self.where(self._meant(path, error))

    def _meant(self, path: KeyPath, error: InputError) -> KeyPath:
        """Return the key below ``path`` that an error most likely speaks of, else ``path``."""
        named = set(re.findall(r"[\w-]+", error.field))
        best, most = path, 0
        for one in self.lines:
            parts = [part for part in one[len(path) :] if isinstance(part, str)]
            # entries of lists look alike, so which one is meant is not guessed from the top
            guessed = not path and len(parts) < len(one)
            if one[: len(path)] != path or guessed or not parts:
                continue
            likeness = _likeness(parts, named, error.value)
            if likeness > most:
                best, most = one, likeness
        return best


def _likeness(keys: list[str], named: set[str], value: Any) -> int:
    """Return how well keys fit an error: those that its field names count more than its value."""
    if keys[-1] in named:
        last = 20
    elif isinstance(value, str) and keys[-1] == value:
        last = 10
    else:
        return 0
    return last + sum(2 if key in named else -1 for key in keys[:-1])


def read_document(path: str | os.PathLike[str]) -> Document:
    """Return the tables of a scenario file.

    Raises
    ------
    InputError
        If there is no such file, or it is not UTF-8 or not TOML; with the line where it is known.
    """
    raw = bytes_of(path)
    file = str(os.fspath(path))
    if raw.startswith(ZIP):
        remedy = "a workbook (.xlsx) is read by funnelsim.read_workbook"
        raise InputError(file, "be a text file", remedy=remedy)
    return parsed(file, _decoded(file, raw))


def parsed(file: str, text: str) -> Document:
    """Return the tables of the text of a scenario file; ``file`` names it in messages."""
    import tomllib  # noqa: PLC0415

    if not text.strip():
        raise InputError(file, "hold a scenario", remedy="the file is empty")
    try:
        root = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(file, text, error) from None
    except ValueError:  # Python refuses to convert so many
        raise InputError(file, "hold no number of thousands of digits") from None
    document = Document(file, text, root)
    _check_values(document, (), root)
    return document


def _decoded(file: str, raw: bytes) -> str:
    body = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        where = f"{file}, line {line}"
        rule = f"be UTF-8 text, but has byte 0x{body[error.start]:02x}"
        raise InputError("the file", rule, remedy=SAVE_AS, where=where) from None


def _syntax_error(file: str, text: str, error: ValueError) -> InputError:
    """Return the parser's message as ours, with the line that it names at its end."""
    reason = str(error)
    found = _LINE.search(reason)
    if found:
        line, reason = int(found[1]), f"{reason[: found.start()]} (column {found[2]})"
    else:
        line, reason = text.rstrip("\n").count("\n") + 1, reason.removesuffix(_AT_END)
    lines = text.splitlines()
    quoted = shown(lines[line - 1].strip()) if line <= len(lines) else "nothing"
    remedy = f"{reason} in {quoted}; {SPELLINGS}"
    return InputError("the file", "be proper TOML", remedy=remedy, where=f"{file}, line {line}")


def _check_values(document: Document, path: KeyPath, value: Any) -> None:
    """Refuse what TOML can say but no key of a scenario means."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _check_values(document, (*path, key), inner)
    elif isinstance(value, list):
        for entry, inner in enumerate(value):
            _check_values(document, (*path, entry), inner)
    elif isinstance(value, float) and not math.isfinite(value):
        raise _refused(document, path, "be a finite number", value)
    elif isinstance(value, int) and abs(value) >= MOST_WHOLE:
        raise _refused(document, path, "be a number of at most 64 bits")
    elif isinstance(value, dt.datetime) and value.tzinfo is not None:
        shown = value.isoformat()
        remedy = "days are local days: write 2026-12-31, without time zone"
        raise _refused(document, path, "be a date without a time zone", shown, remedy)


def _refused(
    document: Document, path: KeyPath, rule: str, value: Any = ..., remedy: str | None = None
) -> InputError:
    name = ".".join(part for part in path if isinstance(part, str))
    return InputError(name, rule, value, remedy, document.where(path))
