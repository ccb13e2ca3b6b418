"""Mean numbers of deals that enter each stage in each period, and that stand in it at its end.

A stage is entered after the sum of the times going forward, with the chance to get that far; it is
left after one time more, that of going forward or of being lost. Without cycle factor.
"""

import numpy as np

from tests.oracles import creation, exact, laws
from tests.oracles.description import correlation, periods_of, win_probabilities
from tests.oracles.working_time import WorkingTime, on_the_clock


def mean_activities(description):
    """Return mean entries (stages + 1, periods), closed-won last, and mean standing (stages, ...).

    For one draw of the parameters; deals with a close date are not known here.
    """
    description = on_the_clock(description)
    clock = WorkingTime(description)
    edges = [float(clock.tau(edge)) for edge in description["edges"]]
    stages = len(description["stages"])
    entered, left = np.zeros((stages + 1, len(edges))), np.zeros((stages, len(edges)))
    for deal in description["deals"]:
        _add_open(description, deal, edges, entered, left)
    if "new" in description:
        _add_created(description, clock, edges, entered, left)
    standing = entered[:-1, 1:] - left[:, 1:]
    for deal in description["deals"]:
        standing[deal.get("stage", 0)] += 1.0  # it stands there from the beginning
    return np.diff(entered, axis=1), standing


def _add_open(description, deal, edges, entered, left):
    position, age = deal.get("stage", 0), deal.get("age", 0.0)
    reach = reach_of(description, deal)
    times = _forward(description, position)
    lost = [laws.law_of(one.get("lost", one["time"])) for one in description["stages"][position:]]
    times[0], lost[0] = laws.residual(times[0], age), laws.residual(lost[0], age)
    for step in range(len(times)):
        on, before = reach[step + 1], reach[step]
        for place, edge in enumerate(edges[1:], 1):
            forward = on * laws.sum_cdf(times[: step + 1], edge)
            gone = (before - on) * laws.sum_cdf([*times[:step], lost[step]], edge)
            entered[position + step + 1, place] += forward
            left[position + step, place] += forward + gone


def reach_of(description, deal):
    """Return the chances of an open deal to reach its stage (1) and each later one."""
    position, chances = deal.get("stage", 0), win_probabilities(description)
    later = chances[position + 1 :]
    if "own" in deal:
        return [1.0, *(min(1.0, deal["own"] / one) for one in later)]
    stage = description["stages"][position]
    forward, lost = laws.law_of(stage["time"]), laws.law_of(stage.get("lost", stage["time"]))
    conversion = chances[position] / chances[position + 1]
    first = exact.win_chance_at_age(conversion, forward.sf, lost.sf, deal.get("age", 0.0))
    return [1.0, *(first * chances[position + 1] / one for one in later)]


def _add_created(description, clock, edges, entered, left):
    new = description["new"]
    position = new.get("stage", 0)
    chances = win_probabilities(description)
    times = _forward(description, position)
    reach = [_created_reach(description, chances[position] / one) for one in chances[position:]]
    made = creation.mean_created(description)
    for window, mean in zip(periods_of(description), made, strict=True):
        for place, edge in enumerate(edges[1:], 1):

            def by(some, window=window, edge=edge):
                return creation.booked_by(some, window, edge, 1.0, clock)

            entered[position, place] += mean * reach[0] * by([])
            for step, stage in enumerate(description["stages"][position:]):
                lost = laws.law_of(stage.get("lost", stage["time"]))
                forward = mean * reach[step + 1] * by(times[: step + 1])
                gone = mean * (reach[step] - reach[step + 1]) * by([*times[:step], lost])
                entered[position + step + 1, place] += forward
                left[position + step, place] += forward + gone


def _created_reach(description, chance):
    """Return the mean of the rate's market factor times the chance in that market."""
    swing, rho = description["new"].get("swing", 0.0), correlation(description)
    points, weights = exact.normal_nodes()
    moved = exact.conditional_chance(chance, rho, points)
    return float(weights @ (moved * creation.rate_swing(swing, points)))


def _forward(description, position):
    return [laws.law_of(stage["time"]) for stage in description["stages"][position:]]
