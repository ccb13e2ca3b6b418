"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path

from funnelsim.errors import InputError

WRITABLE = "be a file that can be written"


def check_writable(path: str | os.PathLike[str]) -> None:
    """Refuse a path that no file can be written to, before the work whose result it is for.

    Raises
    ------
    InputError
        If it is a folder, lies in no folder, or may not be written.
    """
    target = _target(path)
    try:
        reason = _obstacle(target)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    if reason:
        raise InputError(_shown(path), WRITABLE, remedy=reason)


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file so that nobody ever sees a part of it: beside it first, then renamed.

    What is no regular file, such as a pipe, is written directly.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    check_writable(path)
    target = _target(path)
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
        else:
            _replace(target, content)
    except OSError as error:
        raise InputError(_shown(path), WRITABLE, remedy=error.strerror or str(error)) from None


def _replace(target: Path, content: bytes) -> None:
    beside = target.parent / f".funnelsim-{os.getpid()}-{secrets.token_hex(4)}.tmp"
    try:
        with beside.open("xb") as file:
            file.write(content)
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _obstacle(target: Path) -> str | None:
    """Return why a file cannot be written, None if it can."""
    if target.is_dir():
        return "it is a folder"
    if not target.parent.is_dir():
        return f"there is no folder {target.parent}"
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        return "permission denied"
    return None


def _target(path: str | os.PathLike[str]) -> Path:
    """Return the file that is meant, behind links; a pipe or a device stays what it is."""
    given = os.fspath(path)
    if not given or given.endswith(("/", os.sep)):
        raise InputError(_shown(path), WRITABLE, remedy="a name is missing")
    target = Path(given)
    try:
        return target if target.exists() and not target.is_file() else target.resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(_shown(path), WRITABLE, remedy=str(error)) from None


def _shown(path: str | os.PathLike[str]) -> str:
    return repr(os.fspath(path))
