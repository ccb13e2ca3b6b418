"""The open deals on the as-of date."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from funnelsim._deals import (
    CHANCE,
    MOST_CENTS,
    DealColumns,
    find_columns,
    read_deals,
    table_of_deals,
)
from funnelsim._pipeline_context import PipelineContext
from funnelsim.distributions import Distribution
from funnelsim.errors import InputError, RowProblem, RowsError, unknown
from funnelsim.frames import (
    Path_,
    Table,
    table_from_csv,
    table_from_file,
    table_from_frame,
    table_from_parquet,
)
from funnelsim.parameters import NONNEGATIVE, Interval, number

__all__ = ["Pipeline", "PipelineContext", "PipelineSource"]

ON_BAD_ROWS = ("raise", "skip")
HOW_TO_SKIP = 'correct them, or leave them out with on_bad_rows = "skip"'
INLINE = "pipeline.deals"
_COLUMNS = (
    "stages",
    "amounts",
    "ages",
    "entered",
    "win_probabilities",
    "close_dates",
    "currencies",
    "rows",
)


@dataclass(frozen=True)
class PipelineSource:
    """Where open deals came from.

    Parameters
    ----------
    name : str
        The source in messages: the name of the file, or ``"dataframe"``.
    file : str, optional
        The path as it was given; None if there was no file.
    columns : tuple of (str, str)
        Each field or segment whose column has another name, with that column.
    on_bad_rows : {"raise", "skip"}
        Whether bad rows are an error, or left out and kept in `Pipeline.skipped`.
    """

    name: str = "pipeline"
    file: str | None = None
    columns: tuple[tuple[str, str], ...] = ()
    on_bad_rows: str = "raise"

    def __post_init__(self) -> None:
        if self.on_bad_rows not in ON_BAD_ROWS:
            raise unknown("on_bad_rows", str(self.on_bad_rows), ON_BAD_ROWS, "be a known word")

    def column(self, name: str) -> str:
        """Return the user's column for a field."""
        return dict(self.columns).get(name, name)


@dataclass(frozen=True, repr=False)
class Pipeline:
    """Open deals, by column: each column has one value per deal.

    Made by `from_file` and its kin, which check each cell and name each bad row; ``Pipeline()``
    has no deals. Two pipelines are equal if their deals are, wherever they came from.

    Parameters
    ----------
    ids : tuple of str
        What a deal is called; a deal's random draws hang on it. No two are the same.
    stages : tuple of str
        The stage that a deal stands in.
    amounts : tuple of int or Distribution
        Contract value: cents, or a distribution in currency units.
    ages : tuple of float or None
        Days already spent in the stage.
    entered : tuple of date or None
        The day a deal entered its stage: the other way to say its age.
    win_probabilities : tuple of float or None
        A judgement in [0, 1] that replaces the win probability of the stage.
    close_dates : tuple of date or None
        The day a deal closes if it is won.
    currencies : tuple of str or None
        Only compared with the scenario's currency.
    rows : tuple of int
        The deal's row in its source, from 1, for messages.
    segments : tuple of (str, tuple of str)
        What deals are grouped by, such as owner or region, in order of name; ``"(none)"`` where
        it is not given.
    skipped : tuple of RowProblem
        What was wrong with the rows that were left out.
    ages_expected : bool
        Whether the source says ages at all, so that a deal without one is worth a warning.
    source : PipelineSource
        Where the deals came from.

    Raises
    ------
    InputError
        If the columns have unequal lengths, or hold a value that is not allowed.

    Examples
    --------
    >>> deals = Pipeline.from_frame({
    ...     "stage": ["Proposal", "meeting"], "value": [300_000, 120_000.5], "region": ["N", None],
    ... }, amount="value")
    >>> deals
    Pipeline(2 deals)
    >>> deals.ids, deals.amounts, deals.segment("region")
    (('1', '2'), (30000000, 12000050), ('N', '(none)'))
    """

    ids: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    amounts: tuple[int | Distribution, ...] = ()
    ages: tuple[float | None, ...] = ()
    entered: tuple[dt.date | None, ...] = ()
    win_probabilities: tuple[float | None, ...] = ()
    close_dates: tuple[dt.date | None, ...] = ()
    currencies: tuple[str | None, ...] = ()
    rows: tuple[int, ...] = field(default=(), compare=False)
    segments: tuple[tuple[str, tuple[str, ...]], ...] = ()
    skipped: tuple[RowProblem, ...] = field(default=(), compare=False)
    ages_expected: bool = False
    source: PipelineSource = field(default=PipelineSource(), compare=False)

    def __post_init__(self) -> None:
        count = len(self.ids)
        object.__setattr__(self, "ids", tuple(self.ids))
        for name in _COLUMNS:
            optional = name not in ("stages", "amounts")
            absent = range(1, count + 1) if name == "rows" else (None,) * count
            cells = tuple(getattr(self, name) or (absent if optional else ()))
            object.__setattr__(self, name, cells)
            self._check_length(name, cells)
        for name, cells in self.segments:
            self._check_length(f"segment {name!r}", cells)
        object.__setattr__(self, "segments", tuple(sorted(self.segments)))
        self._check_values()
        aged = any(one is not None for one in (*self.ages, *self.entered))
        object.__setattr__(self, "ages_expected", self.ages_expected or aged)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Pipeline({len(self)} deal{'s' * (len(self) != 1)})"

    @classmethod
    def from_file(
        cls,
        path: Path_,
        /,
        *,
        on_bad_rows: str = "raise",
        context: PipelineContext | None = None,
        **columns: str,
    ) -> Pipeline:
        """Return the open deals in a CSV or Parquet file, told apart by its ending.

        Parameters
        ----------
        path : path
            The file. Its columns are found by name, whatever the case: stage and amount; and if
            present id, entered or age, win_probability, close_date, owner and currency. Any
            other column is a segment.
        on_bad_rows : {"raise", "skip"}
            Whether bad rows are an error that shows the first ten, or left out and kept in
            ``skipped``.
        context : PipelineContext, optional
            The scenario's stages, as-of date and currency, if they are known by now: then what
            does not fit them is reported together with the rest.
        **columns : str
            The file's name for a field or a segment: ``amount="value"``.

        Raises
        ------
        InputError
            If the file cannot be read, or a column is not found; a `RowsError` for bad rows.
        """
        return cls._from_table(table_from_file(path), path, on_bad_rows, context, columns)

    @classmethod
    def from_csv(
        cls,
        path: Path_,
        /,
        *,
        on_bad_rows: str = "raise",
        context: PipelineContext | None = None,
        **columns: str,
    ) -> Pipeline:
        """Return the open deals in a CSV file, whatever its ending; see `from_file`."""
        return cls._from_table(table_from_csv(path), path, on_bad_rows, context, columns)

    @classmethod
    def from_parquet(
        cls,
        path: Path_,
        /,
        *,
        on_bad_rows: str = "raise",
        context: PipelineContext | None = None,
        **columns: str,
    ) -> Pipeline:
        """Return the open deals in a Parquet file, whatever its ending; see `from_file`."""
        return cls._from_table(table_from_parquet(path), path, on_bad_rows, context, columns)

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        /,
        *,
        on_bad_rows: str = "raise",
        context: PipelineContext | None = None,
        **columns: str,
    ) -> Pipeline:
        """Return the open deals in a dataframe, a mapping of columns or a list of mappings.

        The parameters are those of `from_file`.

        Examples
        --------
        >>> Pipeline.from_frame([{"id": "A1", "stage": "proposal", "amount": 3e5}]).ids
        ('A1',)
        """
        return cls._from_table(table_from_frame(frame), None, on_bad_rows, context, columns)

    @classmethod
    def from_deals(
        cls,
        deals: Sequence[Mapping[str, Any]],
        *,
        on_bad_rows: str = "raise",
        context: PipelineContext | None = None,
    ) -> Pipeline:
        """Return open deals that are given one by one, as a scenario file does.

        Any key that is no field is a segment; but one that is nearly a field is refused.

        Examples
        --------
        >>> Pipeline.from_deals([{"stage": "proposal", "amount": 3e5, "age": 12}]).ages
        (12.0,)
        """
        return cls._from_table(table_of_deals(INLINE, deals), None, on_bad_rows, context, {})

    @property
    def without_age(self) -> tuple[str, ...]:
        """Ids of the deals that say no age although the source has such a column: taken as 0."""
        if not self.ages_expected:
            return ()
        cells = zip(self.ids, self.ages, self.entered, strict=True)
        return tuple(name for name, age, day in cells if age is None and day is None)

    def ages_on(self, as_of: dt.date) -> tuple[float, ...]:
        """Return the days that each deal has spent in its stage on a day, 0 if unknown."""
        cells = zip(self.ages, self.entered, strict=True)
        return tuple(
            age if age is not None else float((as_of - day).days) if day is not None else 0.0
            for age, day in cells
        )

    def segment(self, name: str) -> tuple[str, ...]:
        """Return each deal's value of a segment, such as ``"region"``."""
        segments = dict(self.segments)
        if name not in segments:
            raise unknown("segment", name, segments, "be a segment of the pipeline")
        return segments[name]

    def where(self, kept: Sequence[bool]) -> Pipeline:
        """Return the pipeline with those deals that are marked as kept.

        Examples
        --------
        >>> deals = Pipeline.from_frame({"id": ["a", "b"], "stage": ["x", "x"], "amount": [1, 2]})
        >>> deals.where([False, True]).ids
        ('b',)
        """
        columns: dict[str, Any] = {
            name: tuple(itertools.compress(getattr(self, name), kept))
            for name in ("ids", *_COLUMNS)
        }
        segments = tuple(
            (name, tuple(itertools.compress(cells, kept))) for name, cells in self.segments
        )
        return replace(self, segments=segments, **columns)

    def resolve(self, context: PipelineContext) -> Pipeline:
        """Return the deals checked against a scenario, with stages spelled as in its funnel.

        Raises
        ------
        InputError
            If deals are in several currencies; a `RowsError` for an unknown stage, a deal that
            is already won, one that entered its stage later, or one in another currency,
            unless bad rows are skipped.
        """
        if vars(self).get("_settled_in") == context:  # the same deals in a changed scenario
            return self
        columns = {name: getattr(self, name) for name in ("ids", *_COLUMNS)}
        deals = DealColumns(columns, dict(self.segments), self.ages_expected)
        settled = _settled(deals, [], self.source, context)
        settled = replace(settled, skipped=self.skipped + settled.skipped)
        object.__setattr__(settled, "_settled_in", context)
        return settled

    @classmethod
    def _from_table(
        cls,
        table: Table,
        path: Path_ | None,
        on_bad_rows: str,
        context: PipelineContext | None,
        mapping: Mapping[str, str],
    ) -> Pipeline:
        columns = find_columns(table, mapping)
        renamed = tuple((name, column) for name, column in columns.items() if name != column)
        file = None if path is None else os.fspath(path)
        source = PipelineSource(table.source, file, renamed, on_bad_rows)
        deals, problems = read_deals(table, columns)
        return _settled(deals, problems, source, context)

    def _check_length(self, name: str, cells: Sequence[Any]) -> None:
        if len(cells) != len(self):
            rule = f"have one value for each of the {len(self)} deals"
            raise InputError(f"{name} of the pipeline", rule, len(cells))

    def _check_values(self) -> None:
        if len(set(self.ids)) != len(self):
            raise InputError("ids of the pipeline", "differ")
        for name, amount in zip(self.ids, self.amounts, strict=True):
            cents = isinstance(amount, int) and amount >= 0
            if not cents and not isinstance(amount, Distribution):
                rule = "be a whole number of cents, at least 0, or a distribution"
                raise InputError(f"amount of deal {name!r}", rule, amount)
        for name, age, day in zip(self.ids, self.ages, self.entered, strict=True):
            if age is not None and day is not None:
                rule = "have an age or a day it entered its stage, not both"
                raise InputError(f"deal {name!r}", rule, (age, day.isoformat()))
        self._check_numbers("age", self.ages, NONNEGATIVE)
        self._check_numbers("win_probability", self.win_probabilities, CHANCE)
        total = sum(amount for amount in self.amounts if isinstance(amount, int))
        if total >= MOST_CENTS:
            rule = f"be below {MOST_CENTS // 100:,}"
            raise InputError(f"sum of the amounts of {self.source.name}", rule, total / 100)

    def _check_numbers(
        self, field_name: str, cells: Sequence[float | None], allowed: Interval
    ) -> None:
        for name, value in zip(self.ids, cells, strict=True):
            fine = isinstance(value, float) and math.isfinite(value) and value in allowed
            if value is not None and not fine:
                number(f"{field_name} of deal {name!r}", value, allowed)


def _settled(
    deals: DealColumns,
    problems: Sequence[RowProblem],
    source: PipelineSource,
    context: PipelineContext | None,
) -> Pipeline:
    """Return the pipeline of the usable rows, or raise an error that names all others."""
    misfits = context.misfits(deals.columns, source.column) if context else []
    bad = sorted((*problems, *misfits), key=lambda problem: problem.row)
    if bad and source.on_bad_rows == "raise":
        raise RowsError(source.name, bad, HOW_TO_SKIP)
    usable = deals.without({problem.row for problem in bad})
    columns = {name: tuple(cells) for name, cells in usable.columns.items()}
    if context:
        context.check_one_currency(source.name, columns["currencies"])
        columns["stages"] = context.spelled(columns["stages"])
    segments = tuple((name, tuple(cells)) for name, cells in usable.segments.items())
    return Pipeline(
        **columns,
        segments=segments,
        skipped=tuple(bad),
        ages_expected=deals.ages_expected,
        source=source,
    )
