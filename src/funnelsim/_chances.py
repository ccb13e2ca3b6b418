"""Chances to win: what age tells, and how the market moves them."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim.distributions import Distribution
from funnelsim.funnel import Stage
from funnelsim.market import correlation_of_swing
from funnelsim.parameters import Parameter
from funnelsim.scenario import Scenario

Floats = NDArray[np.float64]

GRAIN = 2.0**40
"""Chances are rounded to multiples of 2**-40, so that a last bit of a library does not show."""
CERTAIN = 1e6
"""A score that no shift brings back: the chance stays 0 or 1."""


class Shared(NamedTuple):
    """The parameters of the path factors, one entry for each draw."""

    common: Floats  # (draws,) correlation of all deals
    segments: Floats  # (columns,) correlation inside a segment, for each column that has one
    streams: NDArray[np.uint64]  # (cells, columns) number of the factor of a cell's segment
    cycle: Floats  # (draws,) sigma of the cycle factor's logarithm
    size: Floats  # (draws,) sigma of the amount factor's logarithm
    step: float  # width of a step on the axis of the table of remaining times


def lower_market(scenario: Scenario) -> tuple[Shared, NDArray[np.int64]]:
    """Return the market's parameters, and the cell (combination of segments) of each deal.

    A cell of -1 says that the market does not move chances at all.
    """
    market, draws = scenario.market, scenario.draws
    common = _each(market.win_rate_correlation, draws)
    if market.win_rate_swing is not None:
        first = float(scenario.funnel.win_probabilities[:, 0].mean())
        common = np.full(draws, correlation_of_swing(first, market.win_rate_swing))
    columns = [name for name, rho in market.segment_correlation.items() if rho > 0.0]
    segments = np.array([market.segment_correlation[name] for name in columns])
    cells, cell_of_deal = _cells(scenario, columns)
    if not columns and not common.any():
        cell_of_deal = np.full(len(scenario.pipeline), -1, dtype=np.int64)
    cycle, size = _sigma(market.cycle_cv, draws), _sigma(market.amount_cv, draws)
    return Shared(common, segments, cells, cycle, size, 1.0), cell_of_deal


def _each(value: Parameter, draws: int) -> Floats:
    return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), (draws,)))


def _sigma(cv: Parameter, draws: int) -> Floats:
    """Return the sigma of a mean-one lognormal with this coefficient of variation."""
    return np.sqrt(np.log1p(_each(cv, draws) ** 2))


def _cells(scenario: Scenario, columns: list[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the streams of each combination of segments, and the combination of each deal."""
    deals = len(scenario.pipeline)
    if not columns or not deals:
        return np.zeros((1, len(columns)), np.uint64), np.zeros(deals, np.int64)
    values = [scenario.pipeline.segment(name) for name in columns]
    number: dict[tuple[str, ...], int] = {}
    cell_of_deal = [number.setdefault(cell, len(number)) for cell in zip(*values, strict=True)]
    streams = [
        [stable_number(f"{name}\0{value}") for name, value in zip(columns, cell, strict=True)]
        for cell in number
    ]
    return np.array(streams, dtype=np.uint64), np.array(cell_of_deal, dtype=np.int64)


def stable_number(name: str) -> int:
    """Return a 64-bit number that depends on the name alone."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def scores(chances: Floats, shared: Shared, *, moved: bool) -> Floats:
    """Return chances as the kernel wants them, shape (groups, draws).

    With a market factor, ``Phi_inv(w) / sqrt(1 - rho)``, to which the path's shift is added; 0 and
    1 stay what they are.
    """
    if not moved:
        return chances
    from scipy.special import ndtri  # noqa: PLC0415

    own = 1.0 - shared.common - shared.segments.sum()
    return np.asarray(np.clip(ndtri(chances) / np.sqrt(own), -CERTAIN, CERTAIN))


def rounded(values: Floats) -> Floats:
    """Return numbers as multiples of the grain."""
    return np.ascontiguousarray(np.rint(values * GRAIN) / GRAIN)


def chance_at_age(stage: Stage, conversion: Floats, ages: Floats) -> Floats:
    """Return the chance to go forward given the age, shape (ages, draws).

    ``conversion`` is the chance without an age, for all alike or for each.

    ``logit p(a) = logit p + ln A(a) - ln L(a)``, with the survival functions A of the time going
    forward and L of the time if lost. Where both are 0, the conversion stays.
    """
    law, lost = stage.time, stage.time_if_lost
    assert law is not None
    prior = np.broadcast_to(conversion, (len(ages), conversion.shape[-1]))
    if lost is None:
        return prior
    return posterior(prior, _survivals(law, ages), _survivals(lost, ages))


def _survivals(law: Distribution, ages: Floats) -> Floats:
    """Return P(T > age), shape (ages, draws of the law)."""
    return np.column_stack([law.at(d).sf(ages) for d in range(law.draws)])


def posterior(prior: Floats, forward: Floats, lost: Floats) -> Floats:
    """Return ``p A / (p A + (1 - p) L)`` without underflow; the prior where A and L are 0."""
    most = np.maximum(forward, lost)
    known = most > 0.0
    scale = np.where(known, most, 1.0)
    win = prior * np.where(known, forward / scale, 1.0)
    lose = (1.0 - prior) * np.where(known, lost / scale, 1.0)
    both = win + lose
    return np.where(both > 0.0, win / np.where(both > 0.0, both, 1.0), prior)
