"""Exceptions, and the one sentence for bad input: field, rule, value, remedy.

This is a leaf module: it imports nothing of funnelsim, so that every other module may raise.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

ROWS_SHOWN = 10
VALUE_LENGTH = 60


class FunnelsimError(Exception):
    """Base of all errors that funnelsim raises on purpose.

    Examples
    --------
    >>> issubclass(InputError, FunnelsimError), issubclass(InputError, ValueError)
    (True, True)
    """


class InputError(FunnelsimError, ValueError):
    """A value given by the user is not usable.

    Parameters
    ----------
    field : str
        What was given, in the user's words: ``"win_probability of stage 'proposal'"``.
    rule : str
        What it must be or do, to follow "must": ``"be in (0, 1]"``.
    value : object, optional
        What was got instead. Left out when there is nothing to show.
    remedy : str, optional
        What would be right: ``"percentages are given as 0.5, not 50"``.
    where : str, optional
        File and line, put in front.

    Examples
    --------
    >>> print(InputError("paths", "be at least 2", 1))
    paths must be at least 2, got 1
    """

    def __init__(
        self,
        field: str,
        rule: str,
        value: Any = ...,
        remedy: str | None = None,
        where: str | None = None,
    ) -> None:
        self.field, self.rule, self.value = field, rule, value
        self.remedy, self.where = remedy, where
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        got = "" if self.value is ... else f", got {shown(self.value)}"
        hint = f"; {self.remedy}" if self.remedy else ""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.field} must {self.rule}{got}{hint}"

    def at(self, where: str) -> InputError:
        """Return the same error with a place (file and line) in front."""
        return InputError(self.field, self.rule, self.value, self.remedy, where)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the parts of the sentence, so that the error crosses processes."""
        return type(self), (self.field, self.rule, self.value, self.remedy, self.where)


@dataclass(frozen=True)
class RowProblem:
    """One cell of a table that cannot be used.

    ``row`` counts the data rows from 1; ``column`` is the name in the user's table.
    """

    row: int
    column: str
    rule: str
    value: Any = ...
    remedy: str | None = None

    def __str__(self) -> str:
        return f"row {self.row}: {InputError(self.column, self.rule, self.value, self.remedy)}"


class RowsError(InputError):
    """Rows of a table that cannot be used; all are counted, the first ten are shown.

    Parameters
    ----------
    source : str
        The table: the name of a file, or ``"dataframe"``.
    problems : sequence of RowProblem
        What is wrong, cell by cell.
    remedy : str
        What to do about it.
    where : str, optional
        File and line of the scenario that names the table.

    Examples
    --------
    >>> print(RowsError("deals.csv", [RowProblem(7, "amount", "be given")], "correct them"))
    deals.csv: 1 row cannot be used
      row 7: amount must be given
    correct them
    """

    def __init__(
        self, source: str, problems: Sequence[RowProblem], remedy: str, where: str | None = None
    ) -> None:
        self.source, self.problems, self.advice = source, tuple(problems), remedy
        super().__init__(source, "hold only usable rows", where=where)

    def _sentence(self) -> str:
        rows = len({problem.row for problem in self.problems})
        place = f"{self.where}: " if self.where else ""
        lines = [f"{place}{self.source}: {rows} row{'s' * (rows != 1)} cannot be used"]
        lines += [f"  {problem}" for problem in self.problems[:ROWS_SHOWN]]
        more = len(self.problems) - ROWS_SHOWN
        if more > 0:
            lines.append(f"  and {more} more")
        return "\n".join([*lines, self.advice])

    def at(self, where: str) -> RowsError:
        """Return the same error with a place (file and line) in front."""
        return RowsError(self.source, self.problems, self.advice, where)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.source, self.problems, self.advice, self.where)


class ExecutorWarning(RuntimeWarning):
    """The executor of the user's broke, and threads of this process took over.

    Nothing is lost, and the numbers are the same. What broke it is worth a look: a worker process
    that dies has most often too little memory.

    Examples
    --------
    >>> issubclass(ExecutorWarning, RuntimeWarning)
    True
    """


def shown(value: Any) -> str:
    """Return a value as it may stand in a message: its repr, cut at 60 characters."""
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    text = repr(value)
    return text if len(text) <= VALUE_LENGTH else text[: VALUE_LENGTH - 1] + "…"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most like ``word``, or None if none is near."""
    by_folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.strip().casefold(), by_folded, n=1, cutoff=0.5)
    return by_folded[found[0]] if found else None


def unknown(
    kind: str,
    word: str,
    known: Iterable[str],
    rule: str = "be a known name",
    *,
    where: str | None = None,
) -> InputError:
    """Return the error for a name nobody knows: it offers the nearest, and lists what exists."""
    names = list(known)
    near = nearest(word, names)
    offer = f"did you mean {near!r}? " if near else ""
    return InputError(kind, rule, word, f"{offer}known: {', '.join(names)}", where)
