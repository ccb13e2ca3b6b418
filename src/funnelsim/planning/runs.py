"""Scenarios simulated on the same draws; what did not change is not made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from funnelsim import _team_work
from funnelsim._remembered import Remembered
from funnelsim._workers import Executors, Workers
from funnelsim.forecast import Forecast, Kept
from funnelsim.scenario import Scenario
from funnelsim.simulation import (
    Options,
    Progress,
    check_exact,
    forecast_of,
    lowered_of,
    run_paths,
)

if TYPE_CHECKING:
    from funnelsim._arrays import Lowered
    from funnelsim._creation import NewDeals
    from funnelsim.kernels.outcomes import Deals

LAWS, ARRAYS, PARTS = 16, 4, 2
"""How many laws of remaining time, sets of arrays, and paths of a part are kept in mind."""


class _Part(NamedTuple):
    """Paths of the open deals, or of new business; amounts are in multiples of ``unit`` cents."""

    kept: Kept
    unit: int


class Runs:
    """Simulates scenarios on the same draws.

    Each forecast is that of `simulate`, bit for bit. Where a scenario differs from an earlier one

    * in the quota, in what is booked, or in its name alone, the paths are the same;
    * in new business alone, the paths of the open deals are, and the other way round;
    * in amounts that are all scaled alike, to whole cents, the paths are scaled;
    * in chances, correlations or amounts, the laws of remaining time are the same.

    Parameters
    ----------
    paths, seed, threads, executor
        As of `simulate`; the same for all scenarios. Leaving a ``with`` shuts down an executor that
        was made here.
    progress : callable, optional
        Called as ``progress(paths done, paths in all)``, over all scenarios.
    scenarios : int
        How many will be asked for.

    Examples
    --------
    >>> from funnelsim import Funnel, NewBusiness, Periods, simulate
    >>> base = Scenario(as_of="2026-12-31", periods=Periods("year", 1), quota=900_000,
    ...                 funnel=Funnel.key_account(time=30), new_business=NewBusiness(24, 300_000))
    >>> more = base.replace(quota=1_200_000)
    >>> with Runs(paths=1_000) as runs:
    ...     found = [float(runs.forecast(one).attainment_probability()) for one in (base, more)]
    >>> plain = [simulate(one, paths=1_000).attainment_probability() for one in (base, more)]
    >>> found == [float(one) for one in plain]
    True
    """

    def __init__(
        self,
        *,
        paths: int,
        seed: int = 1,
        threads: int | None = None,
        executor: Executors | None = None,
        progress: Progress | None = None,
        scenarios: int = 1,
    ) -> None:
        self._workers = None if executor is None else Workers(executor, threads)
        self._options = Options.checked(paths, seed, threads, self._workers, progress)
        self._total, self._done, self._told = scenarios * self._options.paths, 0, 0
        self._laws, self._arrays = Remembered(LAWS), Remembered(ARRAYS)
        self._open, self._new = Remembered(PARTS), Remembered(PARTS)

    def forecast(self, scenario: Scenario) -> Forecast:
        """Return the forecast that `simulate` gives, bit for bit."""
        lowered = self._lowered(scenario)
        kept = self._paths(scenario, lowered)
        self._done += self._options.paths
        self._say(0)
        return forecast_of(scenario, lowered, kept, self._options)

    @property
    def paths(self) -> int:
        """Number of paths of each forecast."""
        return self._options.paths

    @property
    def seed(self) -> int:
        """Key of all random numbers."""
        return self._options.seed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Shut down what was made here; report that no more will be asked for."""
        if self._workers is not None:
            self._workers.close()
        if kind is None and self._options.progress is not None and self._done < self._total:
            self._options.progress(self._total, self._total)

    def _lowered(self, scenario: Scenario) -> Lowered:
        return self._arrays.get((_plain(scenario),), lambda: lowered_of(scenario, self._laws))

    def _paths(self, scenario: Scenario, lowered: Lowered) -> Kept:
        business = scenario.new_business
        one_by_one = business is not None and business.needs_trajectories
        if one_by_one or _team_work.matters(scenario):
            # the arrays of the folded kernel hold neither repeats nor plans nor people
            key = ("one by one", _plain(scenario))
            return self._open.get(key, lambda: _Part(self._run(scenario, lowered), 1)).kept
        old = self._open_paths(scenario, lowered)
        if lowered.new is None:
            return old
        new = self._new_paths(scenario, lowered, lowered.new)
        assert new.fresh is not None
        bookings = old.cents + new.cents
        check_exact(bookings)
        return Kept(bookings, _added(old.wins, new.wins), new.fresh)

    def _open_paths(self, scenario: Scenario, lowered: Lowered) -> Kept:
        """Return the paths of the open deals; of deals alike but for their unit, scaled."""
        deals, unit = _in_units(lowered)
        alone = lowered._replace(new=None)
        part = self._open.get(
            (*deals, *lowered.shared), lambda: _Part(self._run(scenario, alone), unit)
        )
        if part.unit == unit:
            return part.kept
        cents = part.kept.cents // part.unit * unit
        check_exact(cents)
        return part.kept._replace(cents=cents)

    def _new_paths(self, scenario: Scenario, lowered: Lowered, new: NewDeals) -> Kept:
        from funnelsim._creation import flattened  # noqa: PLC0415

        alone = lowered._replace(deals=_no_deals(lowered.deals))
        key = (*flattened(new), *lowered.shared)
        return self._new.get(key, lambda: self._run(scenario, alone))

    def _run(self, scenario: Scenario, lowered: Lowered) -> Kept:
        progress = None if self._options.progress is None else self._say
        return run_paths(lowered, scenario, self._options._replace(progress=progress))

    def _say(self, done: int, _paths: int = 0) -> None:
        """Report progress; the paths of a second part of a scenario count no further."""
        if self._options.progress is not None:
            self._told = max(self._told, self._done + done)
            self._options.progress(self._told, max(self._total, self._told))


def _plain(scenario: Scenario) -> Scenario:
    """Return the scenario without what changes no path: its quota, what is booked, its name."""
    return scenario.replace(quota=None, booked=0.0, name="", required_pipeline=None)


def _in_units(lowered: Lowered) -> tuple[Deals, int]:
    """Return the deals with their amounts as multiples of their greatest common unit of cents."""
    deals = lowered.deals
    spread = bool((deals.spread >= 0).any()) or bool(lowered.shared.size.any())
    unit = 1 if spread else max(int(np.gcd.reduce(deals.amount)), 1)
    return deals._replace(amount=deals.amount // unit), unit


def _no_deals(deals: Deals) -> Deals:
    """Return the same arrays without a deal."""
    none = {
        name: getattr(deals, name)[:0]
        for name in ("group_fixed", "cell", "score", "by_end", "table_row", "low", "high",
                     "amount", "spread")
    }  # fmt: skip
    return deals._replace(group_first=deals.group_first[:1], **none)


def _added(old: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
    """Return the sum of two counts, in 16 bits where it fits as `run_paths` does."""
    both = old.astype(np.int32) + new
    fits = not both.size or both.max() <= np.iinfo(np.uint16).max
    return np.asarray(both, np.uint16 if fits else np.int32)
