"""Percentages against counts: two statements about a funnel side by side, and what each asks for.

Deals of one market that are won independently; exact, without simulation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim._text import aligned, counted, percent, plain_number
from funnelsim._trials import chance_of_wins, deals_needed, whole_up
from funnelsim._version import __version__
from funnelsim.errors import InputError
from funnelsim.frames import to_frame
from funnelsim.funnel import KEY_ACCOUNT_WIN_PROBABILITIES, Funnel, usual_names
from funnelsim.parameters import Interval, number, plain, whole

FORMAT = 1
LEVEL = Interval(0.0, 1.0, open_low=True, open_high=True)
MOST_CONTRACTS = 1_000_000
SAME = 1e-9
"""Ratios as near to 1 as this are no disagreement but rounding."""
KINDS = ("percentages", "counts")
STAGE_HEADER = ["stage", "won (p)", "(c)", "goes on (p)", "(c)", "activities (p)", "(c)", "p/c"]


@dataclass(frozen=True, repr=False)
class Statements:
    """Two statements about one funnel; made by `compare_statements`.

    Where an answer has two rows, the first is by percentages and the second by counts.

    Parameters
    ----------
    names : tuple of str
        Names of the stages.
    percentages, counts : Funnel
        The funnel by each statement, with the same stages.
    contracts : int
        Contracts to sign.
    confidence : tuple of float
        Chances in (0, 1) with which they are to be signed.

    Examples
    --------
    >>> from funnelsim import compare_statements
    >>> both = compare_statements(contracts=10)
    >>> both.activities.round(2)
    array([[10.  ,  5.  ,  2.22,  2.  ,  1.25,  1.  ],
           [ 6.  ,  5.  ,  3.  ,  3.  ,  2.  ,  1.  ]])
    >>> both.deals_needed
    array([[ 97, 124, 140],
           [ 58,  74,  83]])
    """

    names: tuple[str, ...]
    percentages: Funnel
    counts: Funnel
    contracts: int
    confidence: tuple[float, ...]

    @property
    def win_probabilities(self) -> NDArray[np.float64]:
        """Chance to win from each stage by each statement, shape (2, stages)."""
        return np.vstack([self.percentages.win_probabilities, self.counts.win_probabilities])

    @property
    def conversions(self) -> NDArray[np.float64]:
        """Chance of going on to the next stage by each statement, shape (2, stages - 1)."""
        return np.vstack([self.percentages.conversions, self.counts.conversions])

    @property
    def activities(self) -> NDArray[np.float64]:
        """Activities per contract of each stage by each statement, shape (2, stages)."""
        both = (self.percentages, self.counts)
        return np.vstack([funnel.activities_per_contract for funnel in both])

    @property
    def ratio(self) -> NDArray[np.float64]:
        """Activities by percentages over those by counts, shape (stages,); 1 where they agree."""
        by_percentages, by_counts = self.activities
        return np.asarray(by_percentages / by_counts)

    @property
    def disagree(self) -> tuple[str, ...]:
        """Names of the stages where the statements disagree."""
        off = abs(self.ratio - 1.0) > SAME
        return tuple(name for name, here in zip(self.names, off, strict=True) if here)

    @property
    def deals_needed(self) -> NDArray[np.int64]:
        """Deals in the first stage for the contracts, shape (2, confidences).

        The quantile of a negative binomial law: so many deals bring the contracts with at least
        the confidence.
        """
        return np.array(
            [
                [deals_needed(self.contracts, win, level) for level in self.confidence]
                for win in self._first_wins
            ]
        )

    @property
    def planned_deals(self) -> tuple[int, int]:
        """Deals in the first stage that each statement asks for: contracts times activities."""
        first = self.activities[:, 0].tolist()
        return whole_up(self.contracts * first[0]), whole_up(self.contracts * first[1])

    @property
    def chances(self) -> NDArray[np.float64]:
        """Chance of the contracts with the planned deals, shape (2, 2).

        Rows: the deals that each statement asks for. Columns: the statement that holds.
        """
        return np.array(
            [
                [chance_of_wins(deals, self.contracts, win) for win in self._first_wins]
                for deals in self.planned_deals
            ]
        )

    @property
    def _first_wins(self) -> list[float]:
        return [float(win) for win in self.win_probabilities[:, 0]]

    def columns(self) -> dict[str, list[Any]]:
        """Return the statements by column, one row per stage.

        ``stage``; ``win_probability``, ``conversion`` (None for the last stage) and ``activities``
        by each, such as ``activities_counts``; ``ratio``.
        """
        columns: dict[str, list[Any]] = {"stage": list(self.names)}
        for field, values in self._by_stage():
            for kind, row in zip(KINDS, values, strict=True):
                columns[f"{field}_{kind}"] = row
        return columns | {"ratio": self.ratio.tolist()}

    def to_frame(self, *, backend: str | None = None) -> Any:
        """Return a dataframe with one row per stage: the columns of `columns`.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, optional
            The library to use; by default the first of these that is installed.
        """
        return to_frame(self.columns(), backend)

    def to_dict(self) -> dict[str, Any]:
        """Return both statements and what they ask for as the JSON answer holds them."""
        by_stage = dict(self._by_stage())
        stages = [
            {
                "name": name,
                **{field: _both(row[s] for row in rows) for field, rows in by_stage.items()},
                "ratio": float(self.ratio[s]),
            }
            for s, name in enumerate(self.names)
        ]
        needed = zip(self.confidence, self.deals_needed.T.tolist(), strict=True)
        planned = zip(KINDS, self.planned_deals, self.chances.tolist(), strict=True)
        return {
            "funnelsim": __version__,
            "format": FORMAT,
            "contracts": self.contracts,
            "stages": stages,
            "disagree": list(self.disagree),
            "deals_needed": [{"confidence": level, **_both(deals)} for level, deals in needed],
            "planned_deals": [
                {"asked_by": kind, "deals": deals, "chance": _both(chances)}
                for kind, deals, chances in planned
            ],
        }

    def _by_stage(self) -> list[tuple[str, list[list[Any]]]]:
        return [
            ("win_probability", self.win_probabilities.tolist()),
            ("conversion", [[*row, None] for row in self.conversions.tolist()]),
            ("activities", self.activities.tolist()),
        ]

    def __repr__(self) -> str:
        return _text(self.to_dict())


def compare_statements(
    percentages: Funnel | Sequence[float] | None = None,
    counts: Funnel | str | Sequence[float] = "6-5-3-3-2-1",
    *,
    contracts: int = 10,
    confidence: float | Sequence[float] = (0.5, 0.8, 0.9),
    names: Sequence[str] | None = None,
) -> Statements:
    """Show two statements about a funnel side by side, where they disagree and what it means.

    Parameters
    ----------
    percentages : Funnel or sequence of float, optional
        Win probability of each stage, the last of them 1; by default those of the key-account
        method, 10, 20, 45, 50, 80 and 100 %.
    counts : str, sequence of float, or Funnel
        Activities per contract of each stage.
    contracts : int
        Contracts to sign.
    confidence : float or sequence of float
        Chances in (0, 1) with which they are to be signed.
    names : sequence of str, optional
        Names of the stages; by default those of a funnel that was given.

    Raises
    ------
    InputError
        The statements have different numbers of stages, or a value is outside its range.

    Examples
    --------
    >>> both = compare_statements()
    >>> both.planned_deals
    (100, 60)
    >>> both.chances.round(4)
    array([[0.5487, 0.9787],
           [0.0731, 0.5536]])
    """
    if percentages is None:
        percentages = KEY_ACCOUNT_WIN_PROBABILITIES
    by_percentages = _funnel_of_percentages(percentages)
    by_counts = counts if isinstance(counts, Funnel) else Funnel.from_counts(counts, 0)
    for field, funnel in (("percentages", by_percentages), ("counts", by_counts)):
        if funnel.draws > 1:
            raise InputError(field, "be a funnel without draws", remedy="a statement is certain")
    stages = len(by_percentages.stages)
    if len(by_counts.stages) != stages:
        rule = f"have as many stages as percentages, {stages}"
        raise InputError("counts", rule, len(by_counts.stages))
    if names is None:
        named = by_counts.names if _only_counts_name(percentages, counts) else by_percentages.names
    else:
        named = _checked(names, stages)
    return Statements(
        named,
        _renamed(by_percentages, named),
        _renamed(by_counts, named),
        whole("contracts", contracts, 1, MOST_CONTRACTS),
        _levels(confidence),
    )


def _funnel_of_percentages(given: Any) -> Funnel:
    if isinstance(given, Funnel):
        return given
    wins = plain(given)
    if isinstance(wins, str) or not isinstance(wins, Iterable):
        raise InputError("percentages", "be win probabilities, one per stage", given)
    chances = list(wins)
    return Funnel.from_percentages(usual_names(len(chances)), chances, 0)


def _only_counts_name(percentages: Any, counts: Any) -> bool:
    return isinstance(counts, Funnel) and not isinstance(percentages, Funnel)


def _renamed(funnel: Funnel, names: tuple[str, ...]) -> Funnel:
    stages = zip(funnel.stages, names, strict=True)
    return Funnel(tuple(replace(stage, name=name) for stage, name in stages))


def _checked(names: Any, stages: int) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise InputError("names", "be a list of the stages' names", names)
    return Funnel.from_counts([1.0] * stages, 0, names=names).names


def _levels(confidence: Any) -> tuple[float, ...]:
    given = plain(confidence)
    levels = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    if not levels:
        raise InputError("confidence", "be one number or several", confidence)
    return tuple(number("confidence", one, LEVEL, "80 % is given as 0.8") for one in levels)


def _both(values: Iterable[Any]) -> dict[str, Any]:
    return dict(zip(KINDS, values, strict=True))


def _text(answer: dict[str, Any]) -> str:
    """Return the answer (as `Statements.to_dict` gives it) as plain text."""
    first, contracts = answer["stages"][0]["name"], counted(answer["contracts"], "contract")
    stages = [
        [
            stage["name"],
            *(percent(one) for one in stage["win_probability"].values()),
            *("" if one is None else percent(one) for one in stage["conversion"].values()),
            *(plain_number(one) for one in stage["activities"].values()),
            plain_number(stage["ratio"]),
        ]
        for stage in answer["stages"]
    ]
    needed = [
        [f"{100 * row['confidence']:g} %", *(plain_number(row[kind]) for kind in KINDS)]
        for row in answer["deals_needed"]
    ]
    planned = [
        [
            f"{counted(row['deals'], 'deal')}, as {row['asked_by']} ask",
            *(percent(one) for one in row["chance"].values()),
        ]
        for row in answer["planned_deals"]
    ]
    by_kind = [f"by {kind}" for kind in KINDS]
    if_right = [f"if {kind} are right" for kind in KINDS]
    return "\n".join(
        [
            "Percentages (p) against counts (c)",
            "",
            *aligned(STAGE_HEADER, stages),
            "",
            _disagreement(answer),
            "",
            *aligned([f"deals in {first} for {contracts}", *by_kind], needed),
            "",
            *aligned([f"chance of {contracts} with", *if_right], planned),
        ]
    )


def _disagreement(answer: dict[str, Any]) -> str:
    """Return the stages in which the statements disagree, the widest apart first."""
    off = [stage for stage in answer["stages"] if stage["name"] in answer["disagree"]]
    if not off:
        return "The statements agree."
    off.sort(key=lambda stage: -abs(math.log(stage["ratio"])))
    parts = [f"{stage['name']} ({stage['ratio']:.3g})" for stage in off]
    return f"They disagree, by the ratio of activities p/c, in {', '.join(parts)}."
