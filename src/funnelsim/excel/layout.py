"""What a sheet of assumptions asks for: its entries, and the cells that each of them has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

LAW, CV = ".law", ".cv"
LAWS = ("gamma", "lognormal", "exponential")
"""The families that a mean, and perhaps a cv, state; any other is written as in a scenario file."""


@dataclass(frozen=True)
class Entry:
    """One thing that a sheet asks for, and how its cells look.

    Parameters
    ----------
    name : str
        Its name in the section of the scenario file; dotted where it lies deeper.
    kind : str
        ``"text"``, ``"choice"``, ``"date"``, ``"money"``, ``"number"``, ``"share"`` (shown in
        percent), ``"whole"`` or ``"flag"`` (TRUE or FALSE).
    unit, rule : str
        What is shown beside it.
    example : object
        A value, or a tuple of values where several are usual.
    choices : tuple of str
        The words that are allowed.
    low, high : float, optional
        The range of numbers that Excel takes without asking.
    many : bool
        Whether it may be several values, in cells to the right.
    listed : bool
        Whether it is a list even where it has one value.
    law : bool
        Whether it may be a distribution: then its law and its cv stand beside it.
    spread : int
        Of a list in a row of a table: into so many columns, named ``name.1``, ``name.2``, ...
    named_in : str
        The sheet whose first column has the names that it may be.
    """

    name: str
    kind: str
    unit: str
    rule: str
    example: object = None
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    many: bool = False
    listed: bool = False
    law: bool = False
    spread: int = 0
    named_in: str = ""


@dataclass(frozen=True)
class Fields:
    """A sheet with a row for each value of a section."""

    sheet: str
    section: tuple[str, ...]
    hint: str
    entries: tuple[Entry, ...]
    prefix: str = ""
    """What names of rows may start with that stand for more than one key."""


@dataclass(frozen=True)
class Rows:
    """A sheet with a row for each table of a list of tables, such as stages or deals."""

    sheet: str
    section: tuple[str, ...]
    hint: str
    entries: tuple[Entry, ...]
    needed: tuple[str, ...]
    """Columns by which the line of names is found."""
    free: bool = False
    """Whether other columns are allowed: the segments of deals."""
    spare: int = 20
    """Empty rows that are laid out."""
    keyed: str = ""
    """The column that names the table of each row, where the section is no list."""


Sheet = Fields | Rows


def laid_out(entries: tuple[Entry, ...]) -> Iterator[Entry]:
    """Give the entries by their cells: a distribution has three, a list in a row several."""
    for one in entries:
        yield from _spread(one) if one.spread else (one,)
        if one.law:
            laws = "empty: always the same; gamma for times, lognormal for amounts"
            yield Entry(one.name + LAW, "choice", "", laws, example_of_law(one), LAWS)
            rule = "standard deviation over the mean"
            yield Entry(one.name + CV, "number", "", rule, 0.6, low=0.0, high=100.0)


def _spread(entry: Entry) -> Iterator[Entry]:
    examples = entry.example if isinstance(entry.example, tuple) else ()
    for k in range(entry.spread):
        example = examples[k] if k < len(examples) else None
        rule = f"{entry.rule} {k + 1}"
        yield replace(entry, name=f"{entry.name}.{k + 1}", rule=rule, example=example, spread=0)


def example_of_law(entry: Entry) -> str:
    """Return the law that is usual for an entry."""
    return "lognormal" if entry.kind == "money" else "gamma"
