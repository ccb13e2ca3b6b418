"""The exact answers of a whole scenario, put together from the formulas.

Given a draw of the parameters, the cycle factor and the market factors, the deals are independent;
each has one chance for every period. So the law of bookings is a mixture of their convolutions.
"""

import math
from collections import defaultdict

import numpy as np

from tests.oracles import exact, laws
from tests.oracles.description import (
    at_draw,
    close_day,
    correlation,
    number_of_draws,
    periods_of,
    win_probabilities,
)


def exact_answers(description):
    """Return {name: exact value}; a quota list adds the answers by period.

    Every answer is an average over paths, and each draw of the parameters has an equal share of
    them, so the answers are averaged over the draws.
    """
    draws = [at_draw(description, draw) for draw in range(number_of_draws(description))]
    laws_of_draws = [_Mixture(here) for here in draws]
    wins = np.mean([law.of(law.horizon, law.ones) for law in laws_of_draws], axis=0)
    answers = {"mean wins": exact.mean_of(wins)}
    for count in telling_counts(wins):
        answers[f"wins >= {count}"] = exact.at_least(wins, count)
    each = [_bookings(law) | _attainments(law) for law in laws_of_draws]
    return answers | {name: float(np.mean([one[name] for one in each])) for name in each[0]}


def _bookings(law):
    unit = law.description.get("unit", 1000.0)
    answers = {"mean bookings": unit * exact.mean_of(law.of(law.horizon, law.units))}
    for period in law.horizon:
        pmf = law.of([period], law.units)
        answers[f"mean bookings {period}"] = unit * exact.mean_of(pmf)
    return answers


def _attainments(law):
    quota, booked = law.description.get("quota"), law.description.get("booked", 0)
    cv = law.description.get("amount_cv", 0.0)
    if quota is None:
        return {}

    def chance(windows, needed):
        return exact.attainment_with_amount_factor(law.of(windows, law.units), needed, cv)

    quotas = quota if isinstance(quota, list) else [quota]
    answers = {"attainment": chance(law.horizon, sum(quotas) - booked)}
    if not isinstance(quota, list):
        return answers
    needed = [quotas[0] - booked, *quotas[1:]]
    for period in law.horizon:
        answers[f"attainment {period}"] = chance([period], needed[period])
        so_far = range(period + 1)
        answers[f"cumulative {period}"] = chance(so_far, sum(quotas[: period + 1]) - booked)
    if law.description.get("joint"):
        answers["every period"] = exact.every_period(law.joint(), needed, cv)
    return answers


def telling_counts(wins):
    """Return the counts of wins that are reached with chances nearest to 0.9, 0.5 and 0.1."""
    reached = np.cumsum(wins[::-1])[::-1]
    counts = {int(np.argmin(np.abs(reached - level))) for level in (0.9, 0.5, 0.1)}
    return sorted(count for count in counts if 0.02 < reached[count] < 0.98)


class _Mixture:
    """The law of bookings in one draw, averaged over the cycle factor and the market factors."""

    def __init__(self, description):
        self.description = description
        self.horizon = range(len(periods_of(description)))
        self.units = [deal.get("units", 1) for deal in description["deals"]]
        self.ones = [1] * len(self.units)
        self.thresholds = [deal_threshold(description, deal) for deal in description["deals"]]
        factors = exact.factor_nodes(description.get("cycle_cv", 0.0), _breaks(description))
        self.parts = [  # a weight, and for each deal its chance in each period, given a win
            (weight, _inside(description, factor)) for factor, weight in zip(*factors, strict=True)
        ]

    def of(self, windows, units):
        """Return the law of what is booked inside these periods together."""
        windows = list(windows)
        total = 0.0
        for weight, inside in self.parts:
            chances = [
                (threshold, sum(row[period] for period in windows))
                for threshold, row in zip(self.thresholds, inside, strict=True)
            ]
            total = total + weight * _shared_pmf(self.description, chances, units)
        return total

    def joint(self):
        """Return the joint law of what is booked in each period."""
        total = defaultdict(float)
        for weight, inside in self.parts:
            law = _shared_joint(self.description, self.thresholds, inside, self.units)
            for state, chance in law.items():
                total[state] += weight * chance
        return total


def deal_threshold(description, deal):
    """Return the chance that a deal is won, before the market moves it."""
    if "own" in deal:
        return deal["own"]  # age moves then when, not whether
    chances = win_probabilities(description)
    position, age = deal.get("stage", 0), deal.get("age", 0.0)
    forward, lost = _times(description["stages"][position])
    conversion = chances[position] / chances[position + 1]
    return exact.win_chance_at_age(conversion, forward.sf, lost.sf, age, chances[position + 1])


def _times(stage):
    return laws.law_of(stage["time"]), laws.law_of(stage.get("lost", stage["time"]))


def remaining_times(description, deal):
    """Return the laws of the residual time and of the times in the later stages, given a win."""
    position = deal.get("stage", 0)
    current, *later = [laws.law_of(stage["time"]) for stage in description["stages"][position:]]
    return [laws.residual(current, deal.get("age", 0.0)), *later]


def _inside(description, factor):
    """Return, for each deal and period, the chance to be booked in it, given a win."""
    cdf = {}
    rows = []
    for deal in description["deals"]:
        key = (deal.get("stage", 0), deal.get("age", 0.0), close_day(deal))
        for edge in description["edges"]:
            if (key, edge) not in cdf:
                cdf[key, edge] = _booked_by(description, deal, edge, factor)
        rows.append([cdf[key, hi] - cdf[key, lo] for lo, hi in periods_of(description)])
    return rows


def _booked_by(description, deal, day, factor):
    """Return P(booked by a day | won). What is open today is won later: "at once" is day 0+."""
    if day <= 0.0:
        return 0.0
    if close_day(deal) is not None:
        return float(close_day(deal) <= day)
    return laws.sum_cdf(remaining_times(description, deal), day / factor)


def _breaks(description):
    """Return the cycle factors at which a fixed time crosses the end of a period."""
    found = set()
    for deal in description["deals"]:
        times = remaining_times(description, deal)
        if any(not isinstance(law, laws.Atoms) for law in times):
            continue
        totals = {0.0}
        for law in times:
            totals = {total + value for total in totals for value in law.values}
        found |= {edge / total for total in totals if total > 0 for edge in description["edges"]}
    return sorted(found)


# The market


def _factors(description):
    """Return the common correlation, that of the segments, and the column of the segments.

    A column in which all deals agree is one factor for all: part of the common one.
    """
    rho, own, column = correlation(description), 0.0, None
    for name, value in description.get("segments", {}).items():
        if len({deal[name] for deal in description["deals"]}) == 1:
            rho += value
        else:
            assert column is None, "only one column of segments can have several values"
            own, column = value, name
    return rho, own, column


def _groups(description, column, *lists):
    """Return the lists cut by segment: one tuple of lists for each."""
    names = [deal[column] for deal in description["deals"]]
    return [
        tuple([one for one, name in zip(values, names, strict=True) if name == segment]
              for values in lists)
        for segment in sorted(set(names))
    ]  # fmt: skip


def _shared_pmf(description, chances, units):
    rho, own, column = _factors(description)
    if column is None:
        return exact.mixed_bookings_pmf(chances, units, rho)
    return exact.segmented_bookings_pmf(_groups(description, column, chances, units), rho, own)


def _shared_joint(description, thresholds, inside, units):
    rho, own, column = _factors(description)
    groups = [(thresholds, inside, units)]
    if column is not None:
        groups = _groups(description, column, thresholds, inside, units)
    common, weights = exact.normal_nodes() if rho > 0.0 else (np.zeros(1), np.ones(1))
    if column is None:
        return _joint_given(groups[0], math.sqrt(rho) * common, rho, weights)
    total = defaultdict(float)
    segment, segment_weights = exact.normal_nodes(exact.SEGMENT_NODES)
    for z, weight in zip(common, weights, strict=True):
        law = {(0,) * len(inside[0]): 1.0}
        for group in groups:
            shift = math.sqrt(rho) * z + math.sqrt(own) * segment
            law = exact.convolved(law, _joint_given(group, shift, rho + own, segment_weights))
        for state, chance in law.items():
            total[state] += weight * chance
    return total


def _joint_given(group, shift, explained, weights):
    """Return the joint law of a group of deals, averaged over the values of its factor."""
    thresholds, inside, units = group
    chances = [
        [exact.chance_given_factors(threshold, shift, explained) * q for q in row]
        for threshold, row in zip(thresholds, inside, strict=True)
    ]
    law = exact.joint_law(chances, units)
    return {state: float(np.sum(weights * chance)) for state, chance in law.items()}
