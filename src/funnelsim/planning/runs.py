"""Scenarios simulated on the same draws, one after another."""

from __future__ import annotations

from concurrent.futures import Executor

from funnelsim.forecast import Forecast
from funnelsim.scenario import Scenario
from funnelsim.simulation import Progress, simulate


class Runs:
    """Simulates scenarios on the same draws.

    Parameters
    ----------
    paths, seed, threads, executor
        As of `simulate`; the same for all scenarios.
    progress : callable, optional
        Called as ``progress(paths done, paths in all)``, over all scenarios.
    scenarios : int
        How many will be asked for.
    """

    def __init__(
        self,
        *,
        paths: int,
        seed: int = 1,
        threads: int | None = None,
        executor: Executor | None = None,
        progress: Progress | None = None,
        scenarios: int = 1,
    ) -> None:
        self._options = {"paths": paths, "seed": seed, "threads": threads, "executor": executor}
        self._progress, self._total, self._done = progress, scenarios * paths, 0

    def forecast(self, scenario: Scenario) -> Forecast:
        """Return the forecast that `simulate` gives, bit for bit."""
        found = simulate(scenario, **self._options)  # type: ignore[arg-type]
        self._done += found.record.paths
        if self._progress is not None:
            self._progress(self._done, max(self._total, self._done))
        return found
