"""A forecast whose paths were not kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from funnelsim import answers
from funnelsim.estimate import Estimate
from funnelsim.goal import CENTS
from funnelsim.scenario_answers import Record, ScenarioAnswers
from funnelsim.streaming.bins import RELATIVE_ERROR, Counts, ends_of

if TYPE_CHECKING:
    from funnelsim._arrays import Lowered
    from funnelsim.streaming.summary import Layout, Summary


class StreamedForecast(ScenarioAnswers):
    """Answers of very many paths of one scenario, none of them kept; made by `stream`.

    Means, probabilities and their errors are those that `Forecast` gives for the same paths.
    A quantile is the middle of a bin, off by less than 1/2048 of the value, on top of its Monte
    Carlo error; below 2048 cents, or 2048 wins, it is exact. Its interval and its standard error
    include both. The Monte Carlo error of a quantile is that of independent paths, which is the
    larger one: the points of what deals share are more even than that.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline, Scenario
    >>> from funnelsim.streaming import stream
    >>> forecast = stream(Scenario(
    ...     as_of="2026-12-31", periods=Periods("quarter", 2), quota=500_000, booked=300_000,
    ...     funnel=Funnel.key_account(time=10),
    ...     pipeline=Pipeline.from_frame({"stage": ["negotiation"], "amount": [200_000]}),
    ... ), paths=100_000)
    >>> abs(forecast.attainment_probability().value - 0.8) < 0.01
    True
    >>> median = forecast.quantile(0.5)
    >>> median.low <= 200_000 <= median.high
    True
    >>> abs(median.value - 200_000) <= forecast.quantile_relative_error * 200_000
    True
    """

    quantile_relative_error = RELATIVE_ERROR
    """By less than this part of itself a quantile is off, beside its Monte Carlo error."""

    def __init__(self, record: Record, lowered: Lowered, layout: Layout, summary: Summary) -> None:
        self._goal, self.record, self._lowered = record.scenario, record, lowered
        self._layout, self._summary = layout, summary

    def to_dict(self) -> dict[str, Any]:
        """Return all answers as the JSON answer holds them; the same input gives the same bytes.

        What needs paths, required pipeline and activities, is None. ``streamed`` says how far off a
        quantile may be.
        """
        streamed = {"quantile_relative_error": self.quantile_relative_error}
        return {**self._answers(), "streamed": streamed}

    def _bookings(self, period: int | None = None) -> answers.Quantity:
        return self._quantity(self._layout.bookings(period), CENTS)

    def _won(self, period: int | None = None) -> answers.Quantity:
        return self._quantity(self._layout.wins(period), 1)

    def _new_business(self) -> answers.Quantity | None:
        layout = self._layout
        return self._quantity(layout.fresh, CENTS) if layout.new_business else None

    def _open_pipeline(self) -> answers.Quantity:
        layout = self._layout
        return self._quantity(layout.fresh + 1, CENTS) if layout.new_business else self._bookings()

    def _quantity(self, row: int, parts: int) -> answers.Quantity:
        found = self._summary
        return _Counted(
            found.paths, found.sums(row), float(found.squares[row]), found.counts[row], parts
        )

    def _chances_so_far(self, due: Sequence[int]) -> Iterable[Estimate]:
        return map(self._chance, range(len(due)))

    def _own_chances(self, due: Sequence[int]) -> Iterable[Estimate]:
        return map(self._chance, range(len(due), 2 * len(due)))

    def _chance_of_every(self, due: Sequence[int]) -> Estimate:
        return self._chance(2 * len(due))

    def _chance_in_all(self, due: int) -> Estimate:  # noqa: ARG002  is what was counted
        return self._chance(self._layout.periods - 1)

    def _chance(self, row: int) -> Estimate:
        return answers.probability_of(self._summary.hits_of(row))


class _Counted(NamedTuple):
    """A quantity in whole numbers of parts of a unit, of which sums and bins are known."""

    paths: int
    replicates: answers.Replicates
    squares: float
    counts: Counts
    parts: int

    def mean(self) -> Estimate:
        """Return its mean."""
        return answers.mean_of(self.replicates, self.parts)

    def deviation(self) -> float:
        """Return its standard deviation."""
        return math.sqrt(self.squares / (self.paths - 1)) / self.parts

    def quantiles(self, levels: list[float]) -> list[Estimate]:
        """Return its quantiles: the middle of a bin, the interval from the outer ends of two."""
        below = np.cumsum(np.concatenate([[0], self.counts.counts]))
        below += self.paths - below[-1]  # the zeros, which come first
        return [self._quantile(level, below) for level in levels]

    def _quantile(self, level: float, below: Any) -> Estimate:
        """Return one quantile; ``below`` counts the values below each bin that is not zero's."""

        def at(level: float) -> tuple[int, int, int]:
            """Return the number of the bin from 1, 0 for that of zero, and its ends."""
            place = int(np.searchsorted(below, answers.rank_of(level, self.paths), side="right"))
            return place, *(ends_of(self.counts.first + place - 1) if place else (0, 0))

        place, low, high = at(level)
        until = below[min(place, len(below) - 1)]
        reach = answers.student(self.paths) * max(
            self._error(int(below[place - 1]) if place else 0), self._error(int(until))
        )
        (_, least, _), (_, _, most) = at(level - reach), at(level + reach)
        error = (most - least) / (2.0 * answers.student(self.paths))
        return Estimate(
            (low + high) / 2.0 / self.parts,
            error / self.parts,
            least / self.parts,
            most / self.parts,
        )

    def _error(self, hits: int) -> float:
        """Return the error of the share of so many independent paths; a little more than none."""
        share = hits / self.paths
        return math.sqrt((share * (1.0 - share) + 1.0 / self.paths) / self.paths)
