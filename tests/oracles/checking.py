"""One described scenario: simulated, and every answer held against its exact value."""

import zlib

import funnelsim as fs
from tests.oracles.build import scenario_of
from tests.oracles.compare import Comparison, assert_agreement, estimate_from_paths
from tests.oracles.scenario_law import exact_answers

PATHS = 1 << 16
RARE = 0.005  # below this, 64 replicates of 1,024 paths are too coarse for a t distribution
ROUNDING = 1e-11


def check(name, description, paths=PATHS):
    """Simulate, compare, and return the worst comparison."""
    seed = zlib.crc32(name.encode())
    forecast = fs.simulate(scenario_of(description, name), paths=paths, seed=seed)
    answers = testable(exact_answers(description))
    estimated = estimates(forecast, description, answers)
    return assert_agreement(
        _comparison(key, *estimated[key], exact) for key, exact in answers.items()
    )


def _comparison(name, value, standard_error, exact):
    """Return the comparison; what is certain or impossible must come out so on every path."""
    sure = not name.startswith("mean") and exact in (0.0, 1.0)
    return Comparison(name, value, 0.0 if sure else standard_error, exact)


def most_comparisons(description):
    """Return how many answers of a description can be compared at most."""
    periods = len(description["edges"]) - 1
    return 2 + 3 + periods + 1 + 2 * periods + 1


def testable(answers):
    """Return the answers that a simulation can be held against.

    A chance that is neither certain nor impossible, but nearly so, is left out; that of the whole
    horizon may not be: such a configuration tests too little.
    """
    kept = {}
    for key, exact in answers.items():
        if key.startswith("mean"):
            kept[key] = exact
        elif min(exact, 1.0 - exact) < ROUNDING:
            kept[key] = float(round(exact))
        elif RARE <= exact <= 1.0 - RARE:
            kept[key] = exact
        else:
            assert key != "attainment", f"choose a quota that is not reached in {exact:.5f}"
    return kept


def estimates(forecast, description, names):
    """Return {name: (value, standard error)}, by the forecast's own methods where it has them."""
    wins, bookings = forecast.wins, forecast.bookings
    found = {"mean wins": estimate_from_paths(wins.sum(axis=1))}
    found["mean bookings"] = _pair(forecast.expected_bookings())
    for period in range(bookings.shape[1]):
        found[f"mean bookings {period}"] = estimate_from_paths(bookings[:, period])
    for name in names:
        if name.startswith("wins >= "):
            count = int(name.removeprefix("wins >= "))
            found[name] = estimate_from_paths(wins.sum(axis=1) >= count)
    if description.get("quota") is None:
        return found
    found["attainment"] = _pair(forecast.attainment_probability())
    if isinstance(description["quota"], list):
        for period, estimate in enumerate(forecast.attainment_by_period()):
            found[f"attainment {period}"] = _pair(estimate)
        for period, estimate in enumerate(forecast.cumulative_attainment()):
            found[f"cumulative {period}"] = _pair(estimate)
        found["every period"] = _pair(forecast.attainment_every_period())
    return found


def _pair(estimate):
    return float(estimate.value), float(estimate.standard_error)
