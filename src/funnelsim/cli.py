"""The command line: forecast a scenario file, or check it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from funnelsim._version import __version__
from funnelsim.errors import FunnelsimError, InputError, nearest
from funnelsim.progress import is_terminal, progress_bar

if TYPE_CHECKING:
    from funnelsim.scenario import Scenario

WRONG_INPUT = 2
STOPPED = 130
STDOUT = "-"


class _StoppedError(KeyboardInterrupt):
    """Control-C. Where Python meets a plain KeyboardInterrupt it may end itself by the signal."""


class _Commands(click.Group):
    """The commands; an error is one message and a status, never a traceback."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run the command that is asked for, and exit."""
        for stream in (sys.stdout, sys.stderr):
            _never_fail_to_encode(stream)
        extra["standalone_mode"] = False
        try:
            with _stoppable():
                status = super().main(*args, **extra)
        except (FunnelsimError, click.ClickException) as error:
            _say(_message(error))
            status = WRONG_INPUT
        except (click.Abort, KeyboardInterrupt):
            _say("stopped")
            status = STOPPED
        except OSError as error:  # the help, or the version, could not be printed
            _drop_output()
            _say(f"error: {error.strerror or error}")
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


@main.command()
@click.argument("scenario_file", metavar="SCENARIO", type=click.Path())
@click.option("--paths", type=int, default=100_000, show_default=True, help="Simulated futures.")
@click.option("--seed", type=int, default=1, show_default=True, help="Key of the random numbers.")
@click.option("--threads", type=int, help="Threads; by default one for each processor.")
@click.option(
    "--json",
    "target",
    type=click.Path(),
    metavar="FILE",
    help="Write the answer as JSON; '-' is standard output, then without the summary.",
)
def forecast(
    scenario_file: str, paths: int, seed: int, threads: int | None, target: str | None
) -> None:
    """Forecast the bookings of a scenario file."""
    from funnelsim._whole_file import check_writable, write_whole  # noqa: PLC0415
    from funnelsim.scenario_file import read_scenario  # noqa: PLC0415
    from funnelsim.summary import notes_of, text_summary  # noqa: PLC0415

    if target is not None and target != STDOUT:
        check_writable(target)
        _check_other_file(target, scenario_file)
    scenario = read_scenario(scenario_file)
    answer = _answer(scenario, paths=paths, seed=seed, threads=threads)
    if target == STDOUT:
        for note in notes_of(answer["warnings"]):
            _say(note)
        _print_bytes(_json(answer))
        return
    if target is not None:
        write_whole(target, _json(answer))
    _print(text_summary(answer))


@main.command()
@click.argument("scenario_file", metavar="SCENARIO", type=click.Path())
def check(scenario_file: str) -> None:
    """Check a scenario file without simulating it."""
    from funnelsim._arrays import lower  # noqa: PLC0415
    from funnelsim.cautions import cautions  # noqa: PLC0415
    from funnelsim.scenario_file import read_scenario  # noqa: PLC0415
    from funnelsim.summary import notes_of  # noqa: PLC0415

    scenario = read_scenario(scenario_file)
    found = cautions(scenario, lower(scenario))
    for note in notes_of([one.to_dict() for one in found]):
        _say(note)
    read = [
        _counted(len(scenario.pipeline), "deal"),
        _counted(len(scenario.periods), "period"),
        _counted(len(scenario.funnel.stages), "stage"),
        _counted(len(found), "warning"),
    ]
    _print(f"{scenario_file} is fine: {', '.join(read)}")


def _answer(scenario: Scenario, **options: Any) -> dict[str, Any]:
    """Return the answers of a simulation, with a progress bar where it can be seen."""
    from funnelsim.simulation import simulate  # noqa: PLC0415

    try:
        with _progress() as progress:
            return simulate(scenario, progress=progress, **options).to_dict()
    except MemoryError:
        rule, remedy = "fit into the memory of this machine", "ask for fewer"
        raise InputError("paths", rule, options["paths"], remedy) from None


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
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


def _json(answer: dict[str, Any]) -> bytes:
    text = json.dumps(answer, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _check_other_file(target: str, scenario_file: str) -> None:
    try:
        same = os.path.samefile(target, scenario_file)  # noqa: PTH121
    except (OSError, ValueError):  # one of them does not exist
        return
    if same:
        raise InputError("--json", "be another file than the scenario", target)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


# --- signals and streams ---


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


def _never_fail_to_encode(stream: Any) -> None:
    """Let a console show '?' for a sign that it does not have."""
    with contextlib.suppress(AttributeError, ValueError):
        stream.reconfigure(errors="replace")


def _say(message: str) -> None:
    """Write a message to standard error."""
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None:
            print(message, file=sys.stderr, flush=True)  # noqa: T201


def _print(text: str) -> None:
    """Write an answer to standard output."""
    with _standard_output() as stream:
        stream.write(f"{text}\n")
        stream.flush()


def _print_bytes(content: bytes) -> None:
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
        _drop_output()
    except OSError as error:
        _drop_output()
        rule, remedy = "take the answer", error.strerror or str(error)
        raise InputError("standard output", rule, remedy=remedy) from None


def _drop_output() -> None:
    """Send what is still to be written nowhere, so that nothing fails at the exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
