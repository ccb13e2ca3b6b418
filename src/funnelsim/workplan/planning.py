"""Make a work plan from what a planner states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from funnelsim.errors import InputError, unknown
from funnelsim.funnel import Funnel
from funnelsim.parameters import whole
from funnelsim.periods import KINDS, MOST_PERIODS
from funnelsim.workplan.calendar import PERIODS_A_YEAR, first_day
from funnelsim.workplan.load import EFFORTS
from funnelsim.workplan.plan import WorkPlan
from funnelsim.workplan.running import RunningDeals, as_running
from funnelsim.workplan.stages import planned_stages
from funnelsim.workplan.starts import LIST, Starts, contracts_started


def work_plan(
    counts: str | Sequence[float] | Funnel,
    contracts: float | None = None,
    start: str | Sequence[float] | None = None,
    *,
    due: Sequence[float] | None = None,
    lag: int | Sequence[int] = 1,
    effort: str = "once",
    window: int | None = None,
    running: Iterable[RunningDeals] = (),
    hours: float | Sequence[float] | None = None,
    names: Sequence[str] | None = None,
    every: str = "month",
    first: str | dt.date | None = None,
) -> WorkPlan:
    """Plan the work that contracts take, period by period; nothing is random here.

    Parameters
    ----------
    counts : str, sequence of float, or Funnel
        Activities per contract for each stage: ``"6-5-3-3-2-1"``, the last of them 1; or a funnel,
        whose win probabilities ``w_s`` mean ``1 / w_s`` activities.
    contracts : float, optional
        Contracts to sign, where `start` is a pattern; whole where they are started one by one.
    start : str or sequence of float, optional
        When contracts are started. ``"monthly"`` (``"weekly"`` where periods are weeks, and so on):
        one each period, the default; ``"once"``: all in the first period; ``"inside"``: as evenly
        as possible over the periods from which they are still signed inside the window, where the
        earlier ones take the remainder; ``"steady"``: so many in each window, for ever. Or a list
        of the contracts started in each period.
    due : sequence of float, optional
        Contracts due in each period, instead of `start`: each is started as many periods before as
        a contract takes. What is due too early for that starts in the first period, and the plan
        says how late it is.
    lag : int or sequence of int
        Periods in a stage: one number for all, or one per stage; without one for the last stage it
        is 1. The last stage delays nothing: a contract is signed in the period that enters it.
    effort : {"once", "spread", "every"}
        An activity is done once, when its stage is entered; evenly spread over the periods of the
        stage; or in every one of them. A stage with a lag of 0 has one period.
    window : int, optional
        Periods looked at; by default until all is done. Contracts are counted inside the window,
        by default inside a year.
    running : iterable of RunningDeals
        Deals that are already under way; they take what is left of the plan.
    hours : float or sequence of float, optional
        Hours for an activity: one number for all stages, or one per stage; without one for the
        last stage it takes none. By default those of the funnel.
    names : sequence of str, optional
        Names of the stages; by default those of the funnel, or of the key-account method for six.
    every : {"month", "day", "week", "quarter", "year"}
        What a period is.
    first : str or datetime.date, optional
        The first period, such as ``"2027-01"``; then periods are named by date, not by number.

    Raises
    ------
    InputError
        A value is outside its range, or two do not fit together.

    Examples
    --------
    >>> work_plan("6-5-3-3-2-1", contracts=3).total
    array([ 6., 11., 14., 11.,  8.,  6.,  3.,  1.])
    >>> work_plan("6-5-3-3-2-1", contracts=10, start="inside").peak.load
    28.0
    >>> work_plan("6-5-3-3-2-1", due=[0, 0, 0, 0, 0, 0, 3]).starts
    (0.0, 3.0)
    """
    if every not in KINDS:
        raise unknown("every", str(every), KINDS, "be a kind of period")
    if effort not in EFFORTS:
        raise unknown("effort", str(effort), EFFORTS, "be a known word")
    stages = planned_stages(counts, lag, hours, names)
    if window is not None:
        window = whole("window", window, 1, MOST_PERIODS)
    under_way = as_running(running, stages)
    starts = Starts(LIST, 0.0, ())
    if not under_way or (contracts, start, due) != (None, None, None):
        deadline = window or PERIODS_A_YEAR[every]
        total_lag = stages[-1].offset
        starts = contracts_started(
            contracts, start, due, every=every, window=deadline, total_lag=total_lag
        )
    plan = WorkPlan(
        stages=stages,
        contracts=starts.total,
        starts=starts.by_period,
        pattern=starts.pattern,
        late=starts.late,
        effort=effort,
        every=every,
        window=window,
        running=under_way,
        first=None if first is None else first_day(first),
    )
    if plan.periods > MOST_PERIODS:
        remedy = "look at a window of it"
        raise InputError("a plan", f"be done in {MOST_PERIODS} periods", plan.periods, remedy)
    _ = plan.period_names  # the last period has a date, too
    return plan
