"""The outlook as a forecaster."""

from __future__ import annotations

from collections.abc import Sequence

from funnelsim.backtesting.baselines import Sample
from funnelsim.backtesting.outcomes import Segment
from funnelsim.events import Known
from funnelsim.outlook.outlook import Outlook, prepare

NAME = "outlook"


class OutlookForecaster:
    """The outlook, prepared once for each as-of day.

    Parameters
    ----------
    elasticity : float, optional
        How far wins follow the pipeline; by default it is read from the panel.
    panel : sequence of str, optional
        Columns whose members share selling time.
    fiscal_year_start : int
        Month in which fiscal years start.
    """

    def __init__(
        self,
        *,
        elasticity: float | None = None,
        panel: Sequence[str] | None = None,
        fiscal_year_start: int = 1,
    ) -> None:
        self._elasticity, self._panel = elasticity, panel
        self._fiscal_year_start = fiscal_year_start
        self._last: tuple[Known, Outlook] | None = None

    def __call__(self, known: Known, days: int, segment: Segment, paths: int, seed: int) -> Sample:
        """Return wins and bookings in cents of each path."""
        ahead = self._prepared(known).ahead([days], segment=segment, paths=paths, seed=seed)
        return ahead.wins[:, 0], ahead.bookings[:, 0]

    def _prepared(self, known: Known) -> Outlook:
        if self._last is None or self._last[0] is not known:
            outlook = prepare(
                known,
                elasticity=self._elasticity,
                panel=self._panel,
                fiscal_year_start=self._fiscal_year_start,
            )
            self._last = known, outlook
        return self._last[1]
