"""Monte Carlo sales forecasting: will we make the number, and how sure are we?"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from funnelsim._version import __version__

if TYPE_CHECKING:
    from funnelsim.activities import Activities
    from funnelsim.amount_laws import (
        AmountLaws,
        fit_amount_laws,
        lognormal_sigma_of,
        pareto_alpha_of,
    )
    from funnelsim.backtesting import Backtest, TrackRecord
    from funnelsim.capacity import Capacity, Wait
    from funnelsim.cautions import Caution
    from funnelsim.clock import Clock, QuarterEnd
    from funnelsim.concentration import Concentration
    from funnelsim.distributions import (
        Discrete,
        Distribution,
        Exponential,
        Fixed,
        Frozen,
        Gamma,
        Lognormal,
        Pareto,
        Pert,
        Quantiles,
        Sample,
        Weibull,
    )
    from funnelsim.errors import ExecutorWarning, FunnelsimError, InputError, RowsError
    from funnelsim.estimate import Estimate
    from funnelsim.excel import read_workbook, write_template, write_workbook
    from funnelsim.final_yes import FinalYes
    from funnelsim.fitting import Fit
    from funnelsim.fitting.shrunk_cell import ShrunkCell
    from funnelsim.fitting.signals_fit import SignalFit, fit_signals
    from funnelsim.forecast import Forecast
    from funnelsim.funnel import Funnel, Stage
    from funnelsim.history import History, HistoryForecast, backtest
    from funnelsim.key_accounts import KeyAccount, KeyAccounts
    from funnelsim.market import Market
    from funnelsim.new_business import NewBusiness, Repeat, RequiredPipeline
    from funnelsim.periods import Periods
    from funnelsim.pipeline import Pipeline
    from funnelsim.planning.compare import Comparison, compare
    from funnelsim.planning.fields import input_names, value_of, with_value, with_values
    from funnelsim.planning.sensitivity import Sensitivity, sensitivity
    from funnelsim.planning.sobol import SobolShares, sobol_shares
    from funnelsim.planning.solve import Solution, solve
    from funnelsim.planning.sweep import Sweep, sweep
    from funnelsim.planning.worth import ValueOfChanges, value_of_changes
    from funnelsim.priorities import Priorities, Priority
    from funnelsim.progress import progress_bar
    from funnelsim.pruning import Pruned
    from funnelsim.quotas import QuotaCapacity, quota_capacity
    from funnelsim.required import CreationRate, Requirement
    from funnelsim.scenario import Scenario
    from funnelsim.scenario_answers import Record
    from funnelsim.scenario_file import read_scenario, write_scenario
    from funnelsim.signal_sets import CONTACT_ROLES, SIGNAL_SETS, buying_influences, signal_set
    from funnelsim.signals import NumericSignal, Signal, Signals
    from funnelsim.simulation import simulate
    from funnelsim.statements import Statements, compare_statements
    from funnelsim.streaming import StreamedForecast, stream
    from funnelsim.team import Rep, Role, Team, Work
    from funnelsim.without_accounts import WithoutAccounts
    from funnelsim.workplan import RunningDeals, WorkPlan, work_plan

__all__ = [
    "CONTACT_ROLES",
    "SIGNAL_SETS",
    "Activities",
    "AmountLaws",
    "Backtest",
    "Capacity",
    "Caution",
    "Clock",
    "Comparison",
    "Concentration",
    "CreationRate",
    "Discrete",
    "Distribution",
    "Estimate",
    "ExecutorWarning",
    "Exponential",
    "FinalYes",
    "Fit",
    "Fixed",
    "Forecast",
    "Frozen",
    "Funnel",
    "FunnelsimError",
    "Gamma",
    "History",
    "HistoryForecast",
    "InputError",
    "KeyAccount",
    "KeyAccounts",
    "Lognormal",
    "Market",
    "NewBusiness",
    "NumericSignal",
    "Pareto",
    "Periods",
    "Pert",
    "Pipeline",
    "Priorities",
    "Priority",
    "Pruned",
    "Quantiles",
    "QuarterEnd",
    "QuotaCapacity",
    "Record",
    "Rep",
    "Repeat",
    "RequiredPipeline",
    "Requirement",
    "Role",
    "RowsError",
    "RunningDeals",
    "Sample",
    "Scenario",
    "Sensitivity",
    "ShrunkCell",
    "Signal",
    "SignalFit",
    "Signals",
    "SobolShares",
    "Solution",
    "Stage",
    "Statements",
    "StreamedForecast",
    "Sweep",
    "Team",
    "TrackRecord",
    "ValueOfChanges",
    "Wait",
    "Weibull",
    "WithoutAccounts",
    "Work",
    "WorkPlan",
    "__version__",
    "backtest",
    "buying_influences",
    "compare",
    "compare_statements",
    "fit_amount_laws",
    "fit_signals",
    "input_names",
    "lognormal_sigma_of",
    "pareto_alpha_of",
    "progress_bar",
    "quota_capacity",
    "read_scenario",
    "read_workbook",
    "sensitivity",
    "signal_set",
    "simulate",
    "sobol_shares",
    "solve",
    "stream",
    "sweep",
    "value_of",
    "value_of_changes",
    "with_value",
    "with_values",
    "work_plan",
    "write_scenario",
    "write_template",
    "write_workbook",
]

# Names are loaded when they are first used, so that the import itself costs next to nothing.
_HOMES = {
    "activities": ("Activities",),
    "amount_laws": ("AmountLaws", "fit_amount_laws", "lognormal_sigma_of", "pareto_alpha_of"),
    "backtesting": ("Backtest", "TrackRecord"),
    "capacity": ("Capacity", "Wait"),
    "cautions": ("Caution",),
    "clock": ("Clock", "QuarterEnd"),
    "concentration": ("Concentration",),
    "distributions": (
        "Discrete",
        "Distribution",
        "Exponential",
        "Fixed",
        "Frozen",
        "Gamma",
        "Lognormal",
        "Pareto",
        "Pert",
        "Quantiles",
        "Sample",
        "Weibull",
    ),
    "errors": ("ExecutorWarning", "FunnelsimError", "InputError", "RowsError"),
    "estimate": ("Estimate",),
    "excel": ("read_workbook", "write_template", "write_workbook"),
    "fitting": ("Fit",),
    "forecast": ("Forecast",),
    "funnel": ("Funnel", "Stage"),
    "history": ("History", "HistoryForecast", "backtest"),
    "key_accounts": ("KeyAccount", "KeyAccounts"),
    "market": ("Market",),
    "new_business": ("NewBusiness", "Repeat", "RequiredPipeline"),
    "periods": ("Periods",),
    "pipeline": ("Pipeline",),
    "planning.compare": ("Comparison", "compare"),
    "planning.fields": ("input_names", "value_of", "with_value", "with_values"),
    "planning.sensitivity": ("Sensitivity", "sensitivity"),
    "planning.sobol": ("SobolShares", "sobol_shares"),
    "planning.solve": ("Solution", "solve"),
    "planning.sweep": ("Sweep", "sweep"),
    "planning.worth": ("ValueOfChanges", "value_of_changes"),
    "priorities": ("Priorities", "Priority"),
    "progress": ("progress_bar",),
    "pruning": ("Pruned",),
    "quotas": ("QuotaCapacity", "quota_capacity"),
    "required": ("CreationRate", "Requirement"),
    "scenario": ("Scenario",),
    "scenario_answers": ("Record",),
    "scenario_file": ("read_scenario", "write_scenario"),
    "simulation": ("simulate",),
    "statements": ("Statements", "compare_statements"),
    "streaming": ("StreamedForecast", "stream"),
    "team": ("Rep", "Role", "Team", "Work"),
    "without_accounts": ("WithoutAccounts",),
    "workplan": ("RunningDeals", "WorkPlan", "work_plan"),
    "final_yes": ("FinalYes",),
    "fitting.shrunk_cell": ("ShrunkCell",),
    "fitting.signals_fit": ("SignalFit", "fit_signals"),
    "signal_sets": ("CONTACT_ROLES", "SIGNAL_SETS", "buying_influences", "signal_set"),
    "signals": ("NumericSignal", "Signal", "Signals"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
