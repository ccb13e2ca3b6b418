"""How a command reads a history: the options for an export, and what was found in it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from funnelsim._text import counted
from funnelsim.cli.lists import names_in
from funnelsim.cli.output import say
from funnelsim.cli.wording import OptionError, in_options
from funnelsim.errors import InputError

if TYPE_CHECKING:
    from funnelsim.events import EventLog
    from funnelsim.history import History
    from funnelsim.periods import Periods

NAMES_SHOWN = 5
PROBLEMS_SHOWN = 10
LISTS = ("stages", "won", "lost", "segments")

_OPTIONS = [
    click.option("--format", help="What the file is; by default recognised by its columns."),
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="FIELD=NAME",
        help="The file's name for a field: amount=value. May be repeated.",
    ),
    click.option("--stages", metavar="LIST", help="The open stages in order."),
    click.option("--won", metavar="LIST", help="The words for won."),
    click.option("--lost", metavar="LIST", help="The words for lost."),
    click.option("--segments", metavar="LIST", help="The columns that deals are grouped by."),
    click.option("--timezone", help="The zone whose days count, such as Europe/Berlin."),
    click.option("--currency", help="The one to read, if there are several."),
    click.option(
        "--day-first/--month-first",
        default=None,
        help="How 4/12/2019 is read, if dates do not tell.",
    ),
    click.option(
        "--year-first/--year-last", default=None, help="How 25-01-13 is read, if dates do not tell."
    ),
    click.option("--decimal", help="The decimal sign, . or , if amounts do not tell."),
    click.option("--record-start", help="The first day from which closes are recorded."),
    click.option("--last-day", help="The day of the extraction."),
    click.option("--strict", is_flag=True, help="Refuse rows that cannot be used."),
]


def history_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options for an export; it is called with the history in their place."""

    @functools.wraps(command)
    def with_history(history_file: str, **options: Any) -> None:
        own = {name: options.pop(name) for name in _NAMES}
        try:
            command(_history(history_file, own), history_file=history_file, **options)
        except InputError as error:
            raise OptionError(in_options(str(error))) from error

    for option in reversed(_OPTIONS):
        with_history = option(with_history)
    return click.argument("history_file", metavar="HISTORY", type=click.Path())(with_history)


_NAMES = (
    "format", "columns", "stages", "won", "lost", "segments", "timezone", "currency", "day_first",
    "year_first", "decimal", "record_start", "last_day", "strict",
)  # fmt: skip


def _history(path: str, options: dict[str, Any]) -> History:
    from funnelsim.history import History  # noqa: PLC0415

    columns = dict(_pair("--column", one) for one in options.pop("columns"))
    strict = options.pop("strict")
    lists = {name: names_in(options.pop(name)) for name in LISTS}
    history = History.from_file(
        path, on_bad_rows="raise" if strict else "skip", **options, **lists, **columns
    )
    for note in notes_of(history.log):
        say(in_options(note))
    return history


def _pair(field: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise InputError(field, "be a name, an equals sign and a value", text)
    return name.strip(), value.strip()


def pair_or_none(field: str, text: str | None) -> tuple[str, str] | None:
    """Return the two sides of ``column=value``; None stays None."""
    return None if text is None else _pair(field, text)


def periods_of(
    every: str | None,
    count: int | None,
    fiscal_year_start: int,
    otherwise: tuple[str, int] | None = None,
) -> Periods | None:
    """Return the periods that were asked for; if none were, those others, or None."""
    from funnelsim.periods import Periods  # noqa: PLC0415

    if every is None:
        if count is not None:
            raise InputError("--every", "be given beside --count", remedy="such as --every month")
        if otherwise is None:
            return None
        every, count = otherwise
    return Periods(every, 1 if count is None else count, fiscal_year_start=fiscal_year_start)


def notes_of(log: EventLog) -> list[str]:
    """Return what was recognised in an export, left out and treated, a line each."""
    notes = [f"read {log.source} as {log.recognised}"] if log.recognised else []
    rows = len({problem.row for problem in log.skipped})
    if rows:
        notes.append(f"warning: {counted(rows, 'row')} cannot be used and left out:")
        notes += [f"  {problem}" for problem in log.skipped[:PROBLEMS_SHOWN]]
        more = len(log.skipped) - PROBLEMS_SHOWN
        notes += [f"  and {more:,} more"] * (more > 0)
    for one in log.treatments:
        shown = ", ".join(one.ids[:NAMES_SHOWN])
        more = one.count - NAMES_SHOWN
        names = f" ({shown}{f' and {more:,} more' * (more > 0)})" if shown else ""
        notes.append(f"note: {one.message}{names}")
    return notes
