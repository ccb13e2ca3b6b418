"""The command line's group of commands: errors become a message and a status, never a traceback."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any, NoReturn

import click

from funnelsim._version import __version__
from funnelsim.cli.output import drop_output, never_fail_to_encode, say
from funnelsim.errors import FunnelsimError, nearest

WRONG_INPUT = 2
STOPPED = 130


class _StoppedError(KeyboardInterrupt):
    """Control-C. Where Python meets a plain KeyboardInterrupt it may end itself by the signal."""


class _Commands(click.Group):
    """The commands; an error is one message and a status, never a traceback."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run the command that is asked for, and exit."""
        for stream in (sys.stdout, sys.stderr):
            never_fail_to_encode(stream)
        extra["standalone_mode"] = False
        try:
            with _stoppable():
                status = super().main(*args, **extra)
        except (FunnelsimError, click.ClickException) as error:
            say(_message(error))
            status = WRONG_INPUT
        except (click.Abort, KeyboardInterrupt):
            say("stopped")
            status = STOPPED
        except OSError as error:  # the help, or the version, could not be printed
            drop_output()
            say(f"error: {error.strerror or error}")
            status = WRONG_INPUT
        sys.exit(status if isinstance(status, int) else 0)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command of that name, or refuse it and offer the nearest."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = nearest(args[0], self.commands)
            offer = f"; did you mean {near!r}?" if near else ""
            known = ", ".join(self.commands)
            raise click.UsageError(f"no such command {args[0]!r}{offer}; known: {known}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, no_args_is_help=False)
@click.version_option(__version__, prog_name="funnelsim", message="%(prog)s %(version)s")
def main() -> None:
    """Monte Carlo sales forecasting: will we make the number, and how sure are we?

    Exit status: 0 done, 2 wrong input, 130 stopped. Answers go to standard output, messages to
    standard error.
    """


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Let Control-C end the command with our status."""
    main_thread = threading.current_thread() is threading.main_thread()
    if not main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _stop(_number: int, _frame: Any) -> NoReturn:
    raise _StoppedError


def _message(error: Exception) -> str:
    """Return what is wrong; for a wrong command line also how it is used."""
    if not isinstance(error, click.ClickException):
        return f"error: {error}"
    context = getattr(error, "ctx", None)
    usage = f"\n{context.get_usage()}" if context else ""
    return f"error: {error.format_message()}{usage}"
