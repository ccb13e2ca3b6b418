"""A described scenario with new business: simulated, each answer held against its exact value."""

import zlib
from itertools import combinations_with_replacement

import numpy as np

import funnelsim as fs
from tests.oracles import exact, required
from tests.oracles.build import scenario_of
from tests.oracles.business_law import laws_of
from tests.oracles.checking import PATHS, estimates, testable
from tests.oracles.compare import Comparison, assert_agreement, estimate_from_paths
from tests.oracles.scenario_law import telling_counts

UNIT = 1000.0


def simulated(name, description, paths=PATHS):
    """Return the forecast of a described scenario."""
    scenario = scenario_of(description, name)
    return fs.simulate(scenario, paths=paths, seed=zlib.crc32(name.encode()))


def check_business(name, description, paths=PATHS):
    """Simulate, compare, and return the worst comparison."""
    forecast = simulated(name, description, paths)
    answers = testable(business_answers(description))
    found = estimates(forecast, description, answers) | _own_estimates(forecast, answers)
    return assert_agreement(Comparison(key, *found[key], answer) for key, answer in answers.items())


def business_answers(description):
    """Return {name: exact value}, averaged over the draws."""
    laws = laws_of(description)
    wins = np.mean([law.of(range(law.periods), "wins") for law in laws], axis=0)
    answers = {"mean wins": exact.mean_of(wins)}
    for count in telling_counts(wins):
        answers[f"wins >= {count}"] = exact.at_least(wins, count)
    each = [_means(law) | _attainments(law) for law in laws]
    answers |= {name: float(np.mean([one[name] for one in each])) for name in each[0]}
    if not description.get("new", {}).get("repeat"):
        products = np.mean([law.moments()[1] for law in laws], axis=0)
        for one, other in combinations_with_replacement(range(len(products)), 2):
            answers[f"mean product {one} {other}"] = float(products[one, other])
    return answers


def _means(law):
    unit, horizon = law.description.get("unit", UNIT), range(law.periods)
    answers = {}
    for source in ("open", "new"):
        mean = exact.mean_of(law.of(horizon, sources=(source,)))
        answers[f"mean bookings {source}"] = unit * mean
    for period in horizon:
        answers[f"mean bookings {period}"] = unit * exact.mean_of(law.of([period]))
        answers[f"mean wins {period}"] = exact.mean_of(law.of([period], "wins"))
    return answers


def _attainments(law):
    description, horizon = law.description, range(law.periods)
    quota, booked = description.get("quota"), description.get("booked", 0)
    cv = description.get("amount_cv", 0.0)
    if quota is None:
        return {}

    def chance(windows, units):
        return exact.attainment_with_amount_factor(law.of(windows), units, cv)

    answers = {"attainment": chance(horizon, required.needed(description))}
    if not isinstance(quota, list):
        return answers
    for period in horizon:
        answers[f"attainment {period}"] = chance([period], quota[period] - booked * (period == 0))
        so_far = sum(quota[: period + 1]) - booked
        answers[f"cumulative {period}"] = chance(range(period + 1), so_far)
    if description.get("joint"):
        joint = law.joint()
        states = {state: p for state, p in np.ndenumerate(joint) if p > 1e-13}
        answers["every period"] = exact.every_period(states, [quota[0] - booked, quota[1]], cv)
    return answers


def _own_estimates(forecast, names):
    """Return {name: (value, standard error)} of answers that other scenarios do not have."""
    wins, sources, found = forecast.wins, forecast.sources(), {}
    for name in names:
        *_, last = name.split()
        if name.startswith("mean product"):
            one, other = (wins[:, int(period)].astype(float) for period in name.split()[2:])
            found[name] = estimate_from_paths(one * other)
        elif name.startswith("mean wins "):
            found[name] = estimate_from_paths(wins[:, int(last)])
        elif name in ("mean bookings open", "mean bookings new"):
            source = "open_pipeline" if last == "open" else "new_business"
            mean = sources[source]["mean"]
            found[name] = mean["value"], mean["standard_error"]
    return found


def most_comparisons(description):
    """Return how many answers of a description can be compared at most."""
    periods = len(description["edges"]) - 1
    return 2 + 3 + 2 + 2 * periods + periods * (periods + 1) // 2 + 1 + 2 * periods + 1
