"""One complete set of assumptions."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from funnelsim.clock import Clock
from funnelsim.errors import InputError, unknown
from funnelsim.funnel import Funnel
from funnelsim.goal import Goal
from funnelsim.market import Market, correlation_of_swing
from funnelsim.new_business import NewBusiness, RequiredPipeline, extra_amount
from funnelsim.parameters import common_draws
from funnelsim.pipeline import Pipeline, PipelineContext
from funnelsim.signals import Signals
from funnelsim.team import Team


@dataclass(frozen=True, kw_only=True)
class Scenario(Goal):
    """Everything that a forecast rests on.

    Parameters
    ----------
    as_of : date or str
        The day the forecast is made, to its end. Nothing later is known.
    periods : Periods
        The windows that bookings are counted in.
    funnel : Funnel
        Stages, chances and times.
    pipeline : Pipeline
        The deals open on the as-of date.
    quota : float or sequence of float, optional
        Bookings to reach over the horizon, in currency units; or one number per period.
    booked : float
        Bookings already signed, which count in the first period.
    currency : str
        The one currency of all amounts, such as ``"CNY"``.
    market : Market
        What deals share.
    clock : Clock
        How calendar time becomes working time.
    new_business : NewBusiness, optional
        The deals that will be created after the as-of date.
    required_pipeline : RequiredPipeline, optional
        What extra deals would be, where it is asked how many are needed.
    team : Team, optional
        Who works on the deals; without one, nothing waits for people.
    signals : Signals, optional
        Columns of the deals that move their odds.
    name : str
        What the scenario is called.

    Raises
    ------
    InputError
        If a value is not usable; the message names the field, the rule, the value and a remedy.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline, Scenario
    >>> deals = Pipeline.from_frame({"stage": ["proposal"], "amount": [300_000]})
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("quarter", 4), quota=300_000,
    ...     funnel=Funnel.key_account(time=30), pipeline=deals,
    ... )
    >>> len(scenario.pipeline), scenario.windows[0].end
    (1, datetime.date(2027, 3, 31))
    """

    funnel: Funnel
    pipeline: Pipeline = field(default_factory=Pipeline)
    market: Market = field(default_factory=Market)
    clock: Clock = field(default_factory=Clock)
    new_business: NewBusiness | None = None
    required_pipeline: RequiredPipeline | None = None
    team: Team | None = None
    signals: Signals | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, kind in _KINDS.items():
            if not isinstance(getattr(self, name), kind):
                raise InputError(name, f"be a {kind.__name__}", getattr(self, name))
        resolved = self.pipeline.resolve(self.context)
        object.__setattr__(self, "pipeline", resolved)
        self._resolve_optional()
        self._check_draws()
        self._check_market()
        windows = self.windows  # dates past the calendar's end are refused here
        if self.new_business is not None:
            self.new_business.check_created(windows, self.as_of)

    @property
    def context(self) -> PipelineContext:
        """What a pipeline must fit: stage names, as-of date and currency."""
        return PipelineContext(self.funnel.names, self.as_of, self.currency)

    @property
    def draws(self) -> int:
        """Number of draws that all uncertain parameters share, 1 if all are certain."""
        rate = self.new_business.draws if self.new_business else 1
        counts = [("the funnel", self.funnel.draws), ("the market", self.market.draws)]
        if self.signals is not None:
            counts.append(("the signals", self.signals.draws))
        return common_draws([*counts, ("new_business.factor", rate)])

    def replace(self, **changes: Any) -> Scenario:
        """Return the same scenario with some fields changed, checked anew.

        Examples
        --------
        >>> from funnelsim import Funnel, Periods, Scenario
        >>> base = Scenario(as_of="2026-12-31", periods=Periods("month", 12),
        ...                 funnel=Funnel.key_account(time=30))
        >>> base.replace(quota=3_000_000).quota
        3000000.0
        """
        known = [one.name for one in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                raise unknown("a field of a scenario", name, known)
        return dataclasses.replace(self, **changes)

    def _resolve_optional(self) -> None:
        names = self.funnel.names
        for name, kind in _OPTIONAL.items():
            if not isinstance(getattr(self, name), kind | None):
                raise InputError(name, f"be a {kind.__name__}", getattr(self, name))
        if self.new_business is not None:
            found = self.new_business.resolve(names, self.periods.count)
            object.__setattr__(self, "new_business", found)
        if self.required_pipeline is not None:
            object.__setattr__(self, "required_pipeline", self.required_pipeline.resolve(names))
            extra_amount(self.required_pipeline, self.new_business)
        if self.team is not None:
            object.__setattr__(self, "team", self.team.resolve(names, self.as_of))
        if self.signals is not None:
            object.__setattr__(self, "signals", self.signals.resolve(self.pipeline))

    def _check_draws(self) -> None:
        _ = self.draws
        for deal, amount in zip(self.pipeline.ids, self.pipeline.amounts, strict=True):
            if not isinstance(amount, int) and amount.draws > 1:
                raise InputError(
                    f"amount of deal {deal!r}",
                    "be certain or one distribution",
                    remedy="a deal's amount takes no sets of draws",
                )

    def _check_market(self) -> None:
        for name in self.market.segment_correlation:
            if len(self.pipeline) or self.pipeline.segments:
                self.pipeline.segment(name)
        if self.market.win_rate_swing is not None:
            wins = self.funnel.win_probabilities[:, 0]
            rho = correlation_of_swing(float(wins.mean()), self.market.win_rate_swing)
            self.market.check_total(rho)


_KINDS: dict[str, type] = {
    "funnel": Funnel,
    "pipeline": Pipeline,
    "market": Market,
    "clock": Clock,
}

_OPTIONAL: dict[str, Any] = {
    "new_business": NewBusiness,
    "required_pipeline": RequiredPipeline,
    "team": Team,
    "signals": Signals,
}
