"""From what is known on a day to a complete set of assumptions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim._deals import NO_SEGMENT
from funnelsim.cautions import Caution
from funnelsim.errors import InputError, unknown
from funnelsim.events import Known
from funnelsim.fitting.advice import warnings_of
from funnelsim.fitting.amounts import WonAmounts, fit_amounts
from funnelsim.fitting.booked import booked_since
from funnelsim.fitting.closing import Closing, fit_closing
from funnelsim.fitting.creation import MONTH, Creation, fit_creation
from funnelsim.fitting.fitted import first_draws, generator, significant
from funnelsim.fitting.pooling import Pooled, pool
from funnelsim.fitting.sharing import Sharing, fit_sharing
from funnelsim.fitting.spells import end_of_day, whole_days
from funnelsim.fitting.stages import StageFit, finish_stages, read_stages
from funnelsim.fitting.text import summary_of
from funnelsim.fitting.toml import write_fit
from funnelsim.frames import Path_
from funnelsim.funnel import Funnel, Stage
from funnelsim.market import Market
from funnelsim.new_business import NewBusiness
from funnelsim.parameters import whole
from funnelsim.periods import Periods
from funnelsim.pipeline import Pipeline
from funnelsim.scenario import Scenario

Floats = NDArray[np.float64]

OF_CREATION, OF_AMOUNTS, OF_SHARING, OF_SEGMENTS = 1000, 1001, 1002, 2000
MOST_DRAWS = 10_000
FEWEST_DRAWS, AT_ONCE = 20, 8_000
LENGTHS = {"day": 1.0, "week": 7.0, "month": MONTH, "quarter": 3.0 * MONTH, "year": 12.0 * MONTH}
WON_NAMES = ("won", "closed won", "signed")


@dataclass(frozen=True, eq=False)
class Fit:
    """The assumptions that a history supports, each with how sure it is.

    Parameters
    ----------
    known : Known
        What was known on the as-of date: nothing later is used.
    stages : tuple of StageFit
        Conversion and times of each open stage.
    creation : Creation
        Deals created in a month.
    amounts : WonAmounts
        What a win brings.
    sharing : Sharing
        The market that deals share.
    closing : Closing
        Weekdays and the end of quarters.
    pooled : tuple of Pooled
        Win rates by segment, each leaning on the whole as far as its own deals are few. They are
        there to compare: the scenario has that of all deals.
    warnings : tuple of Caution
        What history cannot say, and what was done instead.
    draws : int
        How many draws each uncertain number has; draw ``d`` of all belongs together.

    Examples
    --------
    >>> from funnelsim.events import LOST, WON, EventLog
    >>> day = np.arange(40)
    >>> log = EventLog(
    ...     [f"D{k}" for k in day], ["offer"], deal=np.r_[day, day],
    ...     time=738000 + np.r_[9.0 * day, 9.0 * day + 20], amount=np.full(80, 5e4),
    ...     state=np.r_[np.zeros(40), np.where(day % 4 == 0, WON, LOST)].astype(int))
    >>> fit = fit_known(log.as_of(738371), draws=50)
    >>> round(fit.stages[0].conversion.value, 2)
    0.25
    >>> fit.scenario(quota=500_000).funnel.names
    ('offer', 'won')
    """

    known: Known
    stages: tuple[StageFit, ...]
    creation: Creation
    amounts: WonAmounts
    sharing: Sharing
    closing: Closing
    pooled: tuple[Pooled, ...] = ()
    warnings: tuple[Caution, ...] = ()
    draws: int = field(default=1)

    @property
    def as_of(self) -> dt.date:
        """The day to whose end history was used."""
        return dt.date.fromordinal(self.known.day)

    @property
    def stalled(self) -> tuple[str, ...]:
        """Ids of open deals that are older than any that went on: counted as lost."""
        return tuple(name for one in self.stages for name in one.end.stalled)

    def funnel(self, draws: int | None = None) -> Funnel:
        """Return the stages with draws of their conversions, and their times."""
        count = self.draws if draws is None else draws
        names = {one.name.casefold() for one in self.stages}
        last = next(name for name in (*WON_NAMES, "(won)") if name not in names)
        stages = [one.stage(count) for one in self.stages]
        return Funnel((*stages, Stage(last, win_probability=1.0)))

    @property
    def affordable_draws(self) -> int:
        """How many draws a scenario has: fewer where times are drawn, too, and deals are many.

        Each draw of the times needs the remaining times of all open deals anew.
        """
        if all(one.certain_times for one in self.stages):
            return self.draws
        return min(self.draws, max(AT_ONCE // max(int(self.known.open.sum()), 1), FEWEST_DRAWS))

    def pipeline(self) -> Pipeline:
        """Return the open deals; one without an amount has that of a typical win."""
        known = self.known
        places = np.flatnonzero(known.open)
        typical = self.amounts.typical or 0.0
        amounts = np.where(np.isnan(known.amount[places]), typical, known.amount[places])
        stage = known.stage[places]
        now = end_of_day(known, whole=whole_days(known))
        ages = np.maximum(now - known.entry[stage, places], 0.0)
        segments = {
            name: tuple(names[code].strip() or NO_SEGMENT for code in codes[places].tolist())
            for name, (codes, names) in known.segments.items()
        }
        return Pipeline(
            ids=tuple(known.ids[k] for k in places.tolist()),
            stages=tuple(known.stages[s] for s in stage.tolist()),
            amounts=tuple(round(one * 100.0) for one in amounts.tolist()),
            ages=tuple(significant(ages).tolist()),
            segments=tuple(segments.items()),
        )

    def new_business(self, periods: Periods, draws: int | None = None) -> NewBusiness:
        """Return the deals to be created in each period, with draws of their rate."""
        count = self.draws if draws is None else draws
        rate = self.creation.per_month
        factor = significant(np.array(rate.draws) / rate.value) if rate.value > 0.0 else np.ones(1)
        per_period, dispersion = self._rates(periods)
        return NewBusiness(
            per_period=per_period,
            amount=self.amounts.distribution,
            dispersion=dispersion,
            season=self.creation.season,
            factor=first_draws(tuple(factor.tolist()), count) if len(factor) > 1 else 1.0,
        )

    def _rates(self, periods: Periods) -> tuple[float | tuple[float, ...], float]:
        """Return the mean number and the dispersion of a period, whatever its length."""
        months = np.diff(periods.edges or ()) / MONTH
        if periods.every is not None:
            months = np.array([LENGTHS[periods.every] / MONTH])
        rates = significant(self.creation.per_month.value * months).tolist()
        dispersion = significant(np.array([self.creation.dispersion.value / months.mean()]))[0]
        return (rates[0] if periods.every is not None else tuple(rates)), float(dispersion)

    def booked_since(self, periods: Periods) -> float:
        """Return what was booked in the current first period up to the as-of date."""
        return booked_since(self.known, periods)

    def scenario(
        self,
        *,
        quota: float | Sequence[float] | None = None,
        periods: Periods | None = None,
        name: str | None = None,
        booked: float | None = None,
        currency: str | None = None,
        pipeline: bool | Pipeline = True,
        new_business: bool | NewBusiness = True,
        draws: int | None = None,
        **more: Any,
    ) -> Scenario:
        """Return a scenario of all that was fitted, to simulate or to edit.

        Parameters
        ----------
        quota : float or sequence of float, optional
            Bookings to reach.
        periods : Periods, optional
            By default four quarters.
        name, currency : str, optional
            As the scenario takes them.
        booked : float, optional
            By default what was booked in the current first period so far.
        pipeline : bool or Pipeline
            Whether the open deals are in it; or others instead.
        new_business : bool or NewBusiness
            Whether the deals to be created are in it; or others instead.
        draws : int, optional
            How many draws, at most those of the fit; by default `affordable_draws`.
        **more
            Other fields of the scenario, in place of what was fitted.
        """
        periods = Periods("quarter", 4) if periods is None else periods
        if not isinstance(periods, Periods):
            raise InputError("periods", "be Periods", periods, 'such as Periods("quarter", 4)')
        count = self.affordable_draws if draws is None else whole("draws", draws, 1, self.draws)
        parts: dict[str, Any] = {
            "quota": quota,
            "name": name or f"fitted to {self.as_of}",
            "currency": currency or "",
            "booked": self.booked_since(periods) if booked is None else booked,
            "funnel": self.funnel(count),
            "market": Market(win_rate_correlation=first_draws(self.sharing.rho.draws, count)),
            "clock": self.closing.clock,
        }
        if pipeline is not False:
            parts["pipeline"] = self.pipeline() if pipeline is True else pipeline
        if new_business is not False:
            own = self.new_business(periods, count)
            parts["new_business"] = own if new_business is True else new_business
        parts |= more
        return Scenario(as_of=self.as_of, periods=periods, **parts)

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as plain values."""
        amount, ratio = self.amounts.mean, self.amounts.booked_ratio
        return {
            "as_of": self.as_of.isoformat(),
            "deals": len(self.known),
            "stages": [one.to_dict() for one in self.stages],
            "created_per_month": self.creation.per_month.to_dict(),
            "dispersion": self.creation.dispersion.to_dict(),
            "season": list(self.creation.season),
            "amount": amount.to_dict() if amount else None,
            "booked_ratio": ratio.to_dict() if ratio else None,
            "largest_20_percent": self.amounts.largest if amount else None,
            "win_rate_correlation": self.sharing.rho.to_dict(),
            "cohorts": [list(one) for one in self.sharing.cohorts],
            "closing": list(self.closing.words),
            "segments": [one.to_dict() for one in self.pooled],
            "stalled": list(self.stalled),
            "warnings": [one.to_dict() for one in self.warnings],
        }

    def to_toml(self, path: Path_ | None = None, *, deals: str | None = None, **given: Any) -> str:
        """Return a scenario file to edit, with a comment on where each number came from.

        Parameters
        ----------
        path : path, optional
            The file to write; without one the text is only returned.
        deals : str, optional
            A CSV file for the open deals, to be written beside it; by default they stand in the
            scenario file itself.
        **given
            Quota, periods and the rest, as `scenario` takes them.

        Raises
        ------
        InputError
            If a file cannot be written, or ``deals`` is given without a path.
        """
        return write_fit(self, path, deals, given)

    def summary(self) -> str:
        """Return the assumptions as a table, with what history cannot say below."""
        return summary_of(self)

    def __repr__(self) -> str:
        return f"Fit({len(self.known):,} deals, {len(self.stages)} stages, as of {self.as_of})"


def fit_known(
    known: Known,
    *,
    by: str | Sequence[str] | None = None,
    seed: int = 1,
    draws: int = 200,
    cohort: str = "quarter",
) -> Fit:
    """Return the assumptions that a history supports.

    Parameters
    ----------
    known : Known
        What is known on a day.
    by : str or sequence of str, optional
        Segment columns whose win rates are shown beside; the scenario has that of all deals.
    seed : int
        Of the draws.
    draws : int
        How many draws each uncertain number has.
    cohort : {"quarter", "month", "year"}
        Deals created in the same one share a market.

    Raises
    ------
    InputError
        If there is no such segment, or no deal.
    """
    if not isinstance(known, Known):
        raise InputError("known", "be what a history knows on a day", known, "log.as_of(day)")
    draws = whole("draws", draws, 1, MOST_DRAWS)
    seed = whole("seed", seed, 0)
    closing = fit_closing(known)
    readings = read_stages(known, closing.clock, seed=seed, draws=draws)
    gone = np.isin(np.array(known.ids), [name for one in readings for name in one.end.stalled])
    sharing = fit_sharing(
        known, gone, cohort=cohort, draws=draws, random=generator(seed, OF_SHARING)
    )
    rhos = np.array(sharing.rho.draws)
    stages = finish_stages(known, readings, rhos, cohort=cohort, seed=seed)
    creation = fit_creation(known, draws=draws, random=generator(seed, OF_CREATION))
    amounts = fit_amounts(known, draws=draws, random=generator(seed, OF_AMOUNTS))
    columns = (by,) if isinstance(by, str) else tuple(by or ())
    pooled = tuple(
        one
        for k, name in enumerate(columns)
        for one in pool(known, _segment(known, name), gone, random=generator(seed, OF_SEGMENTS + k))
    )
    fit = Fit(known, stages, creation, amounts, sharing, closing, pooled, (), draws)
    return Fit(known, stages, creation, amounts, sharing, closing, pooled, warnings_of(fit), draws)


def _segment(known: Known, name: str) -> str:
    if name not in known.segments:
        raise unknown("by", name, known.segments, "be a segment of the history")
    return name
