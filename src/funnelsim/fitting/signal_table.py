"""A plain table of closed deals, read as outcomes and the answers to questions about each deal."""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._deals import NO_SEGMENT
from funnelsim._signal import ANSWER, MISSING, UNKNOWN
from funnelsim.errors import InputError, RowProblem, RowsError
from funnelsim.errors import unknown as unknown_name
from funnelsim.frames import Table, cell_number, column_named, table_from_file, table_from_frame
from funnelsim.parameters import Interval

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

FEWEST = 10
NEVER, NOTHING = -1, 1e300
DIFFERENT = 0.25
"""Equal answers tell deals that belong together if so many groups per deal are left."""
CHANCE = Interval(0.0, 1.0, open_low=True, open_high=True)
SAY_WHICH = "give columns= without it, or numeric= with it"


class Answers(NamedTuple):
    """One column: the level of each deal, or its distance from the mean in sds."""

    name: str
    levels: tuple[str, ...]  # empty for a numeric column
    place: Places  # (deals,) of the level, NEVER where the cell is empty
    distance: Floats  # (deals,) zero where the cell is empty
    centre: float
    scale: float

    @property
    def numeric(self) -> bool:
        """Whether the column is a number with a straight effect."""
        return not self.levels

    @property
    def empty(self) -> int:
        """How many cells are empty and say nothing."""
        return int((self.place == NEVER).sum())

    def shares(self) -> dict[str, float]:
        """Return the share of each level among the answers."""
        count = np.bincount(self.place[self.place != NEVER], minlength=len(self.levels))
        return dict(zip(self.levels, (count / count.sum()).tolist(), strict=True))

    def columns(self) -> Floats:
        """Return one column of the regression for each level, or one for the number.

        An empty cell is every answer in part, as often as others gave it.
        """
        if self.numeric:
            return self.distance[:, None]
        columns = np.asarray(self.place[:, None] == np.arange(len(self.levels)), np.float64)
        columns[self.place == NEVER] = list(self.shares().values())
        return columns


@dataclass(frozen=True, eq=False)
class ClosedDeals:
    """Closed deals with what was said of each.

    Parameters
    ----------
    source : str
        The table's name.
    won : ndarray, shape (deals,)
        1 where a deal was won, 0 where it was lost.
    answers : tuple of Answers
        Column by column.
    group : ndarray of int, shape (deals,)
        Deals that belong together, from 0 on.
    base_chance : ndarray, shape (deals,), optional
        The chance of each deal without its signals.
    """

    source: str
    won: Floats
    answers: tuple[Answers, ...]
    group: Places
    base_chance: Floats | None = None

    def __len__(self) -> int:
        return len(self.won)

    @property
    def offset(self) -> Floats:
        """Log-odds of each deal without its signals, 0 if nothing is known."""
        if self.base_chance is None:
            return np.zeros(len(self))
        return np.asarray(np.log(self.base_chance) - np.log1p(-self.base_chance))


def read_closed_deals(
    table: Any,
    *,
    outcome: str,
    won: Any,
    lost: Any = None,
    columns: Sequence[str] | None = None,
    numeric: Sequence[str] = (),
    groups: str | None = None,
    base_chance: str | None = None,
    unknown: str = ANSWER,
) -> ClosedDeals:
    """Return the closed deals of a dataframe or a file; `fit_signals` says what is what."""
    is_file = isinstance(table, str | os.PathLike)
    read = table_from_file(table) if is_file else table_from_frame(table)
    if read.problems:
        raise RowsError(read.source, read.problems, "correct them")
    if unknown not in (MISSING, ANSWER):
        raise InputError("unknown", f"be {MISSING!r} or {ANSWER!r}", unknown)
    silent = {"", NO_SEGMENT, *([UNKNOWN] if unknown == MISSING else [])}
    outcome = column_named(read, outcome, "outcome")
    groups = None if groups is None else column_named(read, groups, "groups")
    chance = None if base_chance is None else column_named(read, base_chance, "base_chance")
    numeric = _names(read, "numeric", numeric)
    if columns is None:
        chosen = [name for name in read.columns if name not in {outcome, groups, chance}]
    else:
        chosen = _names(read, "columns", columns)
    _check_columns(read, chosen, numeric, outcome)
    answers = tuple(
        _numbers(read, name) if name in numeric else _levels(read, name, silent) for name in chosen
    )
    return ClosedDeals(
        read.source,
        _outcomes(read, outcome, won, lost),
        answers,
        _groups(answers) if groups is None else _codes(_full(read, groups)),
        None if chance is None else _chances(read, chance),
    )


def _names(table: Table, field: str, given: Sequence[str]) -> list[str]:
    if isinstance(given, str):
        raise InputError(field, "be a list of names", given, f"write {field}=[{given!r}]")
    return list(dict.fromkeys(column_named(table, name, field) for name in given))


def _check_columns(
    table: Table, chosen: Sequence[str], numeric: Sequence[str], outcome: str
) -> None:
    if not chosen:
        raise InputError(table.source, "have a column beside outcome and groups")
    if outcome in chosen:
        raise InputError("columns", "not hold the outcome", outcome)
    for name in numeric:
        if name not in chosen:
            raise InputError("numeric", "name columns that are fitted", name)


def _full(table: Table, name: str) -> list[Any]:
    """Return the cells of a column in which none may be empty."""
    cells = table.columns[name]
    problems = [
        RowProblem(row, name, "be given")
        for row, cell in zip(table.rows, cells, strict=True)
        if cell is None
    ]
    if problems:
        raise RowsError(table.source, problems, f"fill {name!r} in, or leave these rows out")
    return cells


def _outcomes(table: Table, name: str, won: Any, lost: Any) -> Floats:
    cells = [_label(cell) for cell in _full(table, name)]
    wins, losses = _labels(won), _labels(lost)
    if not losses and not wins & set(cells):
        shown = ", ".join(sorted(wins))
        raise unknown_name("won", shown, sorted(set(cells)), f"be a word of column {name!r}")
    if not losses:
        losses = set(cells) - wins
        if len(losses) > 1:
            shown = ", ".join(sorted(losses))
            raise InputError("lost", "be given where outcomes are several", shown, 'lost=["Lost"]')
    problems = [
        RowProblem(row, name, f"be one of {', '.join(sorted(wins | losses))}", cell)
        for row, cell in zip(table.rows, cells, strict=True)
        if cell not in wins and cell not in losses
    ]
    if problems:
        raise RowsError(table.source, problems, "give closed deals only")
    ends = np.array([cell in wins for cell in cells], dtype=np.float64)
    if len(ends) < FEWEST or ends.all() or not ends.any():
        rule = f"hold at least {FEWEST} closed deals, won and lost ones"
        raise InputError(table.source, rule, f"{ends.sum():.0f} won of {len(ends)}")
    return ends


def _labels(given: Any) -> set[str]:
    if given is None:
        return set()
    several = isinstance(given, Iterable) and not isinstance(given, str)
    return {_label(one) for one in (given if several else (given,))}


def _label(cell: Any) -> str:
    """Return a cell as the name of a level: 1.0 and 1 are one level."""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()


def _levels(table: Table, name: str, silent: set[str]) -> Answers:
    """Return the levels of a column; the first spelling stands for all that differ in case."""
    cells = table.columns[name]
    word_of = {cell: "" if cell is None else _label(cell) for cell in dict.fromkeys(cells)}
    words = [word_of[cell] for cell in cells]
    spelled = {one.casefold(): one for one in sorted(set(words), reverse=True)}
    levels = sorted(word for folded, word in spelled.items() if folded not in silent)
    if not levels:
        raise InputError(f"column {name!r}", "hold answers", remedy="leave it out")
    if len(levels) > max(len(words) // 2, FEWEST):
        rule = "say the same of several deals"
        raise InputError(f"column {name!r}", rule, f"{len(levels)} different answers", SAY_WHICH)
    place = {level.casefold(): k for k, level in enumerate(levels)}
    place_of = {word: place.get(word.casefold(), NEVER) for word in word_of.values()}
    places = np.array([place_of[word] for word in words], np.int64)
    return Answers(name, tuple(levels), places, np.zeros(len(words)), 0.0, 1.0)


def _numbers(table: Table, name: str) -> Answers:
    values = np.array(_parsed(table, name, Interval()), np.float64)
    known = np.isfinite(values)
    centre, scale = (values[known].mean(), values[known].std()) if known.any() else (0.0, 0.0)
    if scale == 0.0:
        raise InputError(f"column {name!r}", "hold different numbers", remedy="leave it out")
    distance = np.where(known, (values - centre) / scale, 0.0)
    return Answers(name, (), np.where(known, 0, NEVER), distance, float(centre), float(scale))


def _parsed(table: Table, name: str, allowed: Interval) -> list[float]:
    """Return the numbers of a column, NaN for an empty cell."""
    numbers, problems = [], []
    for row, cell in zip(table.rows, table.columns[name], strict=True):
        try:
            numbers.append(math.nan if cell is None else cell_number(name, cell, allowed))
        except InputError as error:
            problems.append(RowProblem(row, name, error.rule, cell))
    if problems:
        raise RowsError(table.source, problems, "write plain numbers")
    return numbers


def _chances(table: Table, name: str) -> Floats:
    _full(table, name)
    return np.array(_parsed(table, name, CHANCE))


def _groups(answers: Sequence[Answers]) -> Places:
    """Return the same number for deals that have all their answers in common, if few do.

    Where most do, equal answers are no sign that deals belong together: each is by itself.
    """
    rows = np.column_stack([
        np.where(one.place == NEVER, NOTHING, one.distance if one.numeric else one.place)
        for one in answers
    ])  # fmt: skip
    group = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    apart = int(group.max()) + 1 >= DIFFERENT * len(group)
    return group if apart else np.arange(len(group))


def _codes(cells: Sequence[Hashable]) -> Places:
    place = {cell: k for k, cell in enumerate(dict.fromkeys(cells))}
    return np.array([place[cell] for cell in cells], dtype=np.int64)
