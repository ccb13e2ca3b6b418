"""The history of a team's deals, and everything that can be asked of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funnelsim.events import EventLog, Known
from funnelsim.events.reading import read_events
from funnelsim.frames import Path_, to_frame
from funnelsim.periods import Periods, as_date

if TYPE_CHECKING:
    from funnelsim.backtesting.backtest import Backtest
    from funnelsim.fitting import Fit
    from funnelsim.history.forecast import HistoryForecast


@dataclass(frozen=True, eq=False)
class History:
    """What happened to deals; made by `from_csv`, `from_file` or `from_frame`.

    Parameters
    ----------
    log : EventLog
        The events, in the one form that all exports become.

    Examples
    --------
    >>> history = History.from_frame({
    ...     "id": ["A", "B"], "created": ["2026-01-05", "2026-02-01"], "amount": [5e4, 3e4],
    ...     "closed": ["2026-03-09", None], "outcome": ["won", "open"],
    ... })
    >>> history
    History(2 deals, 3 events, 2026-01-05 to 2026-03-09)
    """

    log: EventLog

    def __repr__(self) -> str:
        log = self.log
        first, last = dt.date.fromordinal(int(log.time[0])), dt.date.fromordinal(log.last_day)
        return f"History({len(log):,} deals, {len(log.time):,} events, {first} to {last})"

    @classmethod
    def from_file(cls, path: Path_, /, **options: Any) -> History:
        """Return the history in a CSV or Parquet file, told apart by its ending.

        Parameters
        ----------
        path : path
            An export: stage changes, one row per deal, or snapshots.
        **options
            As `from_frame`.
        """
        return cls(read_events(path, **options))

    @classmethod
    def from_csv(cls, path: Path_, /, **options: Any) -> History:
        """Return the history in a CSV file; parameters as `from_frame`."""
        return cls.from_file(path, **options)

    @classmethod
    def from_frame(cls, frame: Any, /, **options: Any) -> History:
        """Return the history in a dataframe.

        Parameters
        ----------
        frame : dataframe, mapping of str to sequence, or sequence of mappings
            Stage changes, one row per deal, or snapshots.
        **options
            ``format`` (by default recognised by the columns), ``stages`` in order, ``won`` and
            ``lost`` (the words for these outcomes), ``timezone``, ``currency``, ``on_bad_rows``
            ("skip", which counts and names them, or "raise"), ``record_start`` and ``last_day``,
            ``segments``, ``day_first``, ``year_first``, ``decimal``; and the table's name of a
            column for a field, such as ``amount="value"``.

        Raises
        ------
        InputError
            If the table is none that is known; it says which columns were found and wanted.
        """
        return cls(read_events(frame, **options))

    @property
    def last_day(self) -> dt.date:
        """The last day that the history tells of."""
        return dt.date.fromordinal(self.log.last_day)

    def as_of(self, date: Any = None) -> Known:
        """Return what was known at the end of a day, by default the last one."""
        return self.log.as_of(self._day(date))

    def events(self, *, backend: str | None = None) -> Any:
        """Return the canonical table of events as a dataframe.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, optional
            The library to use; by default the first of these that is installed.
        """
        return to_frame(self.log.columns(), backend)

    def fit(self, as_of: Any = None, **options: Any) -> Fit:
        """Return the assumptions that the history speaks for, each with how sure it is.

        Parameters
        ----------
        as_of : date or str, optional
            Nothing later is used; by default the last day.
        **options
            ``by`` (segment columns whose win rates are shown beside, partially pooled; the
            scenario has that of all deals), ``seed`` and ``draws``.
        """
        from funnelsim.fitting import fit_known  # noqa: PLC0415

        return fit_known(self.as_of(as_of), **options)

    def forecast(
        self,
        horizon: int | None = None,
        *,
        periods: Periods | None = None,
        as_of: Any = None,
        **options: Any,
    ) -> HistoryForecast:
        """Return the forecast that joins throughput and pipeline, with its track record.

        Parameters
        ----------
        horizon : int, optional
            Days after the as-of date; or give ``periods``.
        periods : Periods, optional
            The windows that bookings are counted in.
        as_of : date or str, optional
            The day of the forecast, by default the last one.
        **options
            ``quota``, ``booked`` (by default what was booked in the running period, as the
            history tells) and ``name`` as in a `Scenario`; ``segment`` (column, value);
            ``elasticity`` (None: as found in the history; 0: pure throughput; 1: pure physics);
            ``panel`` (columns of people who share selling time); ``season`` (five weights of a
            day's wins, with more than 60, 31 to 60, 14 to 30, 7 to 13 and fewer than 7 days of
            the quarter left, which the history corrects as it grows); ``track_record`` (False to
            leave it out, and with it the spread's correction by past errors); ``paths``, ``seed``.
        """
        from funnelsim.history.forecast import forecast_history  # noqa: PLC0415

        return forecast_history(self.log, self._day(as_of), horizon, periods, **options)

    def backtest(self, horizons: Sequence[int] = (30, 91), **options: Any) -> Backtest:
        """Return how forecasts of the past would have scored; options as `backtest`."""
        from funnelsim.backtesting.backtest import backtest  # noqa: PLC0415

        return backtest(self.log, horizons, **options)

    def _day(self, date: Any) -> int:
        return self.log.last_day if date is None else as_date("as_of", date).toordinal()


def backtest(history: History, horizons: Sequence[int] = (30, 91), **options: Any) -> Backtest:
    """Return how forecasts of the past would have scored, beside simple ones.

    Parameters
    ----------
    history : History
        What happened.
    horizons : sequence of int
        Days ahead.
    **options
        ``by`` (columns whose segments are scored, too), ``origins`` (days between forecasts, or
        the ordinal days themselves), ``first``, ``quarter_end``, ``quota`` (multiples of the mean
        rate so far), ``forecasters`` (by name, instead of the outlook), ``fiscal_year_start``,
        ``least_wins``, ``paths``, ``seed`` and ``progress``.

    Raises
    ------
    InputError
        If the history is too short to score one forecast, or an option is not usable.

    Examples
    --------
    >>> import datetime as dt
    >>> days = [dt.date(2026, 1, 1) + dt.timedelta(k) for k in range(300)]
    >>> history = History.from_frame({
    ...     "id": [f"D{k}" for k in range(300)], "created": days, "outcome": ["won"] * 300,
    ...     "closed": [day + dt.timedelta(9) for day in days], "amount": [5e4] * 300,
    ... })
    >>> found = backtest(history, [30], origins=28)
    >>> found.summary()[0].horizon, found.summary()[0].forecasts
    ('30 days', 7)
    """
    return history.backtest(horizons, **options)
