"""Where a command's answer goes: standard output, a file of JSON; messages to standard error."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

import click

from funnelsim.errors import InputError
from funnelsim.progress import is_terminal, progress_bar

STDOUT = "-"

json_option = click.option(
    "--json",
    "target",
    type=click.Path(),
    metavar="FILE",
    help="Write the answer as JSON; '-' is standard output, then without the summary.",
)
"""The option by which a command takes the file for its JSON answer."""


def check_target(target: str | None, source: str | None = None, option: str = "--json") -> None:
    """Refuse a file for the answer that cannot be written, or is one that is needed."""
    from funnelsim._whole_file import check_writable  # noqa: PLC0415

    if target is not None and target != STDOUT:
        check_writable(target)
        if source is not None:
            _check_other_file(target, source, option)


def give(answer: dict[str, Any], text: str, target: str | None, notes: Iterable[str] = ()) -> None:
    """Give an answer: as text, as JSON in a file beside the text, or as JSON alone with notes."""
    from funnelsim._whole_file import write_whole  # noqa: PLC0415

    if target == STDOUT:
        for note in notes:
            say(note)
        print_bytes(_json(answer))
        return
    if target is not None:
        write_whole(target, _json(answer))
    print_text(text)


def _check_other_file(target: str, source: str, option: str) -> None:
    same = os.path.realpath(target) == os.path.realpath(source)
    with contextlib.suppress(OSError, ValueError):  # one of them does not exist
        same = same or os.path.samefile(target, source)  # noqa: PTH121
    if same:
        raise InputError(option, f"be another file than {source}", target)


def _json(answer: dict[str, Any]) -> bytes:
    text = json.dumps(answer, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


@contextlib.contextmanager
def progress_on_terminal() -> Iterator[Callable[[int, int], None] | None]:
    """Show a bar while something runs, if standard error is a terminal."""
    if not is_terminal(sys.stderr):
        yield None
        return
    try:
        bar = progress_bar()
    except InputError:  # tqdm is not installed
        with click.progressbar(length=1, file=sys.stderr, label="paths") as plain:
            yield lambda done, total: _advance(plain, done, total)
        return
    try:
        yield bar
    finally:
        bar.close()


def _advance(bar: Any, done: int, total: int) -> None:
    bar.length = total
    bar.update(done - bar.pos)


def never_fail_to_encode(stream: Any) -> None:
    """Let a console show '?' for a sign that it does not have."""
    with contextlib.suppress(AttributeError, ValueError):
        stream.reconfigure(errors="replace")


def say(message: str) -> None:
    """Write a message to standard error."""
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None:
            print(message, file=sys.stderr, flush=True)  # noqa: T201


def print_text(text: str) -> None:
    """Write an answer to standard output."""
    with _standard_output() as stream:
        stream.write(f"{text}\n")
        stream.flush()


def print_bytes(content: bytes) -> None:
    """Write an answer to standard output in UTF-8, whatever the console's encoding."""
    with _standard_output() as stream:
        stream.flush()
        stream.buffer.write(content)
        stream.buffer.flush()


@contextlib.contextmanager
def _standard_output() -> Iterator[TextIO]:
    """Give standard output; who stops reading it is left in peace."""
    if sys.stdout is None:
        raise InputError("standard output", "be open")
    try:
        yield sys.stdout
    except BrokenPipeError:
        drop_output()
    except OSError as error:
        drop_output()
        rule, remedy = "take the answer", error.strerror or str(error)
        raise InputError("standard output", rule, remedy=remedy) from None


def drop_output() -> None:
    """Send what is still to be written nowhere, so that nothing fails at the exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
