"""Answers about a scenario that every kind of forecast of it gives, and its record."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funnelsim import _exact, answers
from funnelsim.cautions import Caution, cautions
from funnelsim.errors import unknown
from funnelsim.frames import to_frame
from funnelsim.futures import GoalAnswers, given
from funnelsim.goal import CENTS
from funnelsim.scenario import Scenario
from funnelsim.summary import html_summary, text_summary

if TYPE_CHECKING:
    from funnelsim._arrays import Lowered

FORMAT = 1


@dataclass(frozen=True)
class Record:
    """All that makes a forecast again: same record, same bits.

    ``digest`` is a hash of the arrays that the assumptions were turned into; it tells whether
    another version of funnelsim, or of a library under it, still makes the same of them.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Scenario, simulate
    >>> scenario = Scenario(as_of="2026-12-31", periods=Periods("month", 3),
    ...                     funnel=Funnel.key_account(time=30))
    >>> record = simulate(scenario, paths=256, seed=7).record
    >>> again = simulate(record.scenario, paths=record.paths, seed=record.seed)
    >>> again.record == record
    True
    """

    scenario: Scenario
    seed: int
    paths: int
    version: str
    digest: str


class ScenarioAnswers(GoalAnswers):
    """What is asked of a scenario, however its futures are known.

    A kind of forecast sets the record, and the arrays that the scenario was turned into.
    """

    record: Record
    _lowered: Lowered

    @abstractmethod
    def _open_pipeline(self) -> answers.Quantity:
        """Return new bookings of the open pipeline over the horizon."""

    @abstractmethod
    def _new_business(self) -> answers.Quantity | None:
        """Return new bookings of new business over the horizon; None where there is none."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return all answers as the JSON answer holds them; the same input gives the same bytes."""

    @property
    def scenario(self) -> Scenario:
        """The assumptions behind the forecast."""
        return self.record.scenario

    def sources(self) -> dict[str, Any]:
        """Return where bookings come from over the horizon.

        Returns
        -------
        dict
            ``booked`` (currency units), and the distributions of the new bookings of
            ``open_pipeline`` and of ``new_business``, which is None where there is none.
        """
        new = self._new_business()
        return {
            "booked": self.scenario.booked,
            "open_pipeline": answers.described(self._open_pipeline()),
            "new_business": None if new is None else answers.described(new),
        }

    @property
    def open_pipeline(self) -> float:
        """Sum of the (mean) amounts of all open deals, in currency units."""
        return _exact.open_pipeline(self.scenario.pipeline)

    @property
    def weighted_pipeline(self) -> float:
        """Sum of win probability times amount, ages ignored, in currency units."""
        return _exact.weighted_pipeline(self.scenario)

    @property
    def coverage(self) -> float | None:
        """Open pipeline over the quota still to book; None without one."""
        return _exact.coverage(self.scenario)

    @property
    def warnings(self) -> list[Caution]:
        """What a reader of the forecast should know, with the deals it is about."""
        return cautions(self.scenario, self._lowered)

    def deals(self) -> dict[str, list[Any]]:
        """Return what is known of each open deal, column by column; all exact.

        Returns
        -------
        dict of str to list
            ``id``, ``stage``, ``amount`` (the mean, if it has a spread), ``age`` (days),
            ``win_probability`` (in the end, given age and signals), one column of the chance to be
            booked inside each period, and ``expected_close`` (mean close date given a win; None
            where the mean is not finite). Any dataframe library takes it.

            Where signals move the odds also ``odds_before_signals``, ``odds_after_signals``,
            ``moved_by`` (the factor of each known answer, against not knowing it), ``unknown``
            (the signals without an answer), ``ask`` (the one whose answer would move the expected
            amount most) and ``asking_moves`` (by how much, one standard deviation).
        """
        return _exact.deals(self.scenario, self._lowered)

    def _answers(self, **more: Any) -> dict[str, Any]:
        """Return the answers of the JSON answer, those that need paths as they are given."""
        attained, every = self.attainment_probability(), self.attainment_every_period()
        return {
            **self._heading(),
            "open_pipeline": _finite(self.open_pipeline),
            "weighted_pipeline": _finite(self.weighted_pipeline),
            "coverage": _finite(self.coverage),
            "attainment_probability": given(attained),
            "bookings": answers.described(self._bookings()),
            "wins": answers.described(self._won()),
            "sources": self.sources(),
            "attainment_probability_every_period": given(every),
            "periods": self._periods(),
            "required_pipeline": None,
            "activities": None,
            **more,
            "warnings": [caution.to_dict() for caution in self.warnings],
        }

    def _heading(self) -> dict[str, Any]:
        """Return what every answer says first: of which scenario, made how."""
        scenario, record = self.scenario, self.record
        quota = scenario.quota_cents
        return {
            "funnelsim": record.version,
            "format": FORMAT,
            "scenario": scenario.name,
            "seed": record.seed,
            "paths": record.paths,
            "digest": record.digest,
            "currency": scenario.currency,
            "as_of": scenario.as_of.isoformat(),
            "quota": None if quota is None else quota / CENTS,
            "booked": scenario.booked,
        }

    def to_frame(self, table: str = "periods", *, backend: str | None = None) -> Any:
        """Return a dataframe of the periods, or of the deals.

        Parameters
        ----------
        table : {"periods", "deals"}
            Which answers.
        backend : {"pandas", "polars", "pyarrow"}, optional
            The library to use; by default the first of these that is installed.
        """
        if table == "deals":
            return to_frame(self.deals(), backend)
        if table != "periods":
            raise unknown("table", table, ("periods", "deals"), "be a table of the forecast")
        return to_frame(_columns(self._periods()), backend)

    def _shown(self) -> dict[str, Any]:
        """Return the answers that a summary shows."""
        return self.to_dict()

    def __repr__(self) -> str:
        return text_summary(self._shown())

    def _repr_html_(self) -> str:
        return html_summary(self._shown())


def _finite(value: float | None) -> float | None:
    """Return a number as JSON can hold it: None where the mean of an amount is infinite."""
    return value if value is not None and math.isfinite(value) else None


def _columns(periods: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Flatten the periods: a column for each number, errors beside their values."""
    rows = [_flat("", period) for period in periods]
    return {name: [row.get(name) for row in rows] for name in rows[0]}


def _flat(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name: math.nan if value is None else value}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        whole = key in ("value", "quantiles")
        flat |= _flat(name if whole else f"{name}_{key}" if name else key, inner)
    return flat
