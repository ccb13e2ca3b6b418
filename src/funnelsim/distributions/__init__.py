"""Distributions of time in stage (days) and of amounts (currency units)."""

from funnelsim.distributions.base import Distribution
from funnelsim.distributions.empirical import Discrete, Quantiles, Sample
from funnelsim.distributions.frozen import Frozen
from funnelsim.distributions.given import (
    as_distribution,
    distribution_from_toml,
    distribution_to_toml,
)
from funnelsim.distributions.parametric import Exponential, Fixed, Pareto, Weibull
from funnelsim.distributions.special import Gamma, Lognormal, Pert

__all__ = [
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
    "as_distribution",
    "distribution_from_toml",
    "distribution_to_toml",
]
