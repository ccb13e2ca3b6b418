"""What all results of planning have in common: the answers kept of a forecast, and their tables."""

from __future__ import annotations

import datetime as dt
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim import answers
from funnelsim._text import percent, plain_number
from funnelsim._version import __version__
from funnelsim.errors import InputError, unknown
from funnelsim.estimate import Estimate
from funnelsim.forecast import Forecast
from funnelsim.frames import to_frame
from funnelsim.futures import given
from funnelsim.goal import CENTS

FORMAT = 1

LEVELS = {"p10": 0.1, "p50": 0.5, "p90": 0.9}

COLUMNS = {
    "attainment": "attainment_probability",
    "mean": "bookings_mean",
    "p10": "bookings_p10",
    "p50": "bookings_p50",
    "p90": "bookings_p90",
    "wins": "wins_mean",
}
"""The answers by the name they are asked for, with the column that they fill."""

WORDS = {
    "attainment": "chance to reach the quota",
    "mean": "mean bookings",
    "p10": "P10 of bookings",
    "p50": "P50 of bookings",
    "p90": "P90 of bookings",
    "wins": "mean wins",
}


@dataclass(frozen=True)
class Answers:
    """What is kept of a forecast; or of the difference between two.

    Parameters
    ----------
    attainment : Estimate or None
        Chance to reach the quota; None without one.
    mean, p10, p50, p90 : Estimate
        Of bookings over the horizon, in currency units.
    wins : Estimate
        Mean number of deals won.
    sd : float, optional
        Standard deviation of bookings; a difference has none.
    """

    attainment: Estimate | None
    mean: Estimate
    p10: Estimate
    p50: Estimate
    p90: Estimate
    wins: Estimate
    sd: float | None = None

    @classmethod
    def of(cls, forecast: Forecast) -> Answers:
        """Return the answers of a forecast."""
        cents, wins = totals(forecast)
        low, middle, high = answers.quantiles(cents, list(LEVELS.values()), CENTS)
        mean, wins_mean = answers.mean(cents, CENTS), answers.mean(wins)
        sd = answers.deviation(cents, CENTS)
        return cls(forecast.attainment_probability(), mean, low, middle, high, wins_mean, sd)

    def to_dict(self) -> dict[str, Any]:
        """Return the answers as `Forecast.to_dict` arranges them."""
        spread = {} if self.sd is None else {"sd": self.sd}
        levels = {name: getattr(self, name).to_dict() for name in LEVELS}
        return {
            "attainment_probability": given(self.attainment),
            "bookings": {"mean": self.mean.to_dict(), **spread, "quantiles": levels},
            "wins": {"mean": self.wins.to_dict()},
        }

    def columns(self, prefix: str = "") -> dict[str, Any]:
        """Return the answers by the names of their columns."""
        row = {f"{prefix}{column}": getattr(self, name) for name, column in COLUMNS.items()}
        return row if self.sd is None else row | {f"{prefix}bookings_sd": self.sd}


def totals(forecast: Forecast) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return bookings in cents and wins over the horizon, each of shape (paths,)."""
    return forecast._total, forecast._total_wins  # noqa: SLF001  exact, unlike bookings in units


def one_answer(forecast: Forecast, answer: str) -> Estimate:
    """Return a single answer of a forecast, by its name in `COLUMNS`."""
    if answer == "attainment":
        found = forecast.attainment_probability()
        if found is None:
            raise InputError("quota", "be given for the chance to reach it", None, OTHER_ANSWERS)
        return found
    if answer in LEVELS:
        return forecast.quantile(LEVELS[answer])
    return forecast.expected_bookings() if answer == "mean" else forecast.expected_wins()


OTHER_ANSWERS = 'or ask for another answer, such as answer="mean"'


def checked_answer(answer: str | None, quota: object) -> str:
    """Return the name of an answer; by default attainment if there is a quota, else the mean."""
    if answer is None:
        return "mean" if quota is None else "attainment"
    if answer not in COLUMNS:
        raise unknown("answer", str(answer), COLUMNS)
    if answer == "attainment" and quota is None:
        raise InputError("quota", "be given for the chance to reach it", None, OTHER_ANSWERS)
    return answer


@dataclass(frozen=True, kw_only=True, repr=False)
class Result(ABC):
    """A table of answers, each with its Monte Carlo error.

    Parameters
    ----------
    seed, paths : int
        Of all simulations behind it.
    currency : str
        Of all amounts.
    """

    seed: int
    paths: int
    currency: str

    @abstractmethod
    def rows(self) -> list[dict[str, Any]]:
        """Return the table, one dict for each row, all with the same keys."""

    def to_frame(self, *, backend: str | None = None) -> Any:
        """Return the table as a dataframe, one row for each row of it.

        An estimate fills four columns: its value, and those that end in ``_standard_error``,
        ``_low`` and ``_high``.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, optional
            The library to use; by default the first of these that is installed.
        """
        return to_frame(tidy(self.rows()), backend)

    def _heading(self) -> dict[str, Any]:
        return {
            "funnelsim": __version__,
            "format": FORMAT,
            "seed": self.seed,
            "paths": self.paths,
            "currency": self.currency,
        }

    def _made(self) -> str:
        """Return how the result was made, for the first line of a text."""
        return f"{self.paths:,} paths each, seed {self.seed}"


def tidy(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return columns of plain values; an estimate fills four of them, NaN where it is None."""
    columns: dict[str, list[Any]] = {}
    for name in rows[0] if rows else ():
        values = [row[name] for row in rows]
        if not any(isinstance(value, Estimate) for value in values):
            columns[name] = _one_kind([plain_cell(value) for value in values])
            continue
        parts = [NO_ESTIMATE if value is None else value for value in values]
        columns[name] = [part.value for part in parts]
        for part in ("standard_error", "low", "high"):
            columns[f"{name}_{part}"] = [getattr(one, part) for one in parts]
    return columns


def _one_kind(cells: list[Any]) -> list[Any]:
    """Return a column as dataframes take it: all texts if one is, all floats if one is, as is."""
    if any(isinstance(cell, str) for cell in cells):
        return [None if cell is None else str(cell) for cell in cells]
    if any(cell is None or isinstance(cell, float) for cell in cells):
        return [math.nan if cell is None else float(cell) for cell in cells]
    return cells


NO_ESTIMATE = Estimate(math.nan, math.nan, math.nan, math.nan)


def plain_cell(value: Any) -> Any:
    """Return a value as a table or JSON can hold it: a number, a text, or what it shows."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def shown_input(value: Any) -> str:
    """Return a value of an input for a text."""
    value = plain_cell(value)
    return plain_number(value) if isinstance(value, int | float) else str(value)


def beyond(difference: Estimate) -> bool:
    """Return whether a difference is told from 0: its 95 % interval does not hold it."""
    return difference.low > 0.0 or difference.high < 0.0


UNTOLD = "not told apart by so many paths"
SAME = "the same on these paths"
VERDICTS = ("higher", "lower", SAME, UNTOLD)


def verdict(difference: Estimate) -> str:
    """Return in words what is known of a difference."""
    if beyond(difference):
        return "higher" if difference.value > 0.0 else "lower"
    return SAME if difference.low == difference.high else UNTOLD


def in_words(change: Answers) -> str:
    """Return what is known of each difference, those of one kind together."""
    told: dict[str, list[str]] = {}
    for name, words in WORDS.items():
        difference = getattr(change, name)
        if difference is not None:
            told.setdefault(verdict(difference), []).append(words)
    return "; ".join(f"{kind}: {', '.join(told[kind])}" for kind in VERDICTS if kind in told)


def shown_answer(answer: str, estimate: Estimate | None) -> str:
    """Return an answer for a text: a chance in percent, the rest as a number."""
    if estimate is None:
        return "-"
    return percent(estimate.value) if answer == "attainment" else plain_number(estimate.value)


def shown_difference(answer: str, difference: Estimate | None) -> str:
    """Return a difference with its sign and its error; of chances in percentage points."""
    if difference is None:
        return "-"
    scale = 100.0 if answer == "attainment" else 1.0
    value, error = scale * difference.value, scale * difference.standard_error
    if answer == "attainment":
        finer = math.ceil(1.0 - math.log10(error)) if error > 0.0 else 0
        return f"{value:+.{max(finer, 2)}f} ± {error:.2g}"
    sign = "+" if value > 0.0 else ""
    return f"{sign}{plain_number(value)} ± {error:{',.2g' if error < MANY else ',.0f'}}"


MANY = 100.0
"""Errors from here on are shown without decimals."""
