"""Monte Carlo sales forecasting: will we make the number, and how sure are we?"""

from funnelsim._version import __version__
from funnelsim.cautions import Caution
from funnelsim.clock import Clock, QuarterEnd
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
from funnelsim.errors import FunnelsimError, InputError, RowsError
from funnelsim.estimate import Estimate
from funnelsim.forecast import Forecast, Record
from funnelsim.funnel import Funnel, Stage
from funnelsim.market import Market
from funnelsim.periods import Periods
from funnelsim.pipeline import Pipeline
from funnelsim.progress import progress_bar
from funnelsim.scenario import Scenario
from funnelsim.scenario_file import read_scenario, write_scenario
from funnelsim.simulate import simulate

__all__ = [
    "Caution",
    "Clock",
    "Discrete",
    "Distribution",
    "Estimate",
    "Exponential",
    "Fixed",
    "Forecast",
    "Frozen",
    "Funnel",
    "FunnelsimError",
    "Gamma",
    "InputError",
    "Lognormal",
    "Market",
    "Pareto",
    "Periods",
    "Pert",
    "Pipeline",
    "Quantiles",
    "QuarterEnd",
    "Record",
    "RowsError",
    "Sample",
    "Scenario",
    "Stage",
    "Weibull",
    "__version__",
    "progress_bar",
    "read_scenario",
    "simulate",
    "write_scenario",
]
