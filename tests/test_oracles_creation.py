"""The oracles of new business, repeats and required pipeline: each against a second way."""

import datetime as dt
import itertools
import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from tests.oracles import creation, exact, futures, laws, repeats, required
from tests.oracles.activity_law import mean_activities
from tests.oracles.business_checks import business_answers
from tests.oracles.business_law import BusinessLaw, laws_of
from tests.oracles.compare import Comparison, assert_agreement, estimate_from_paths
from tests.oracles.description import deals
from tests.oracles.working_time import WorkingTime

PATHS = 64 * 256
GAMMA = {"gamma": {"mean": 30, "cv": 0.6}}
FAST, SLOW = {"exponential": {"mean": 20}}, {"exponential": {"mean": 60}}
LOGNORMAL = {"lognormal": {"median": 25, "sigma": 0.7}}
DICE = {"discrete": {"values": [10, 20, 30], "chances": [0.5, 0.3, 0.2]}}
ONE = [{"win": 0.4, "time": GAMMA}]
TWO = [{"win": 0.3, "time": GAMMA}, {"win": 0.6, "time": {"gamma": {"mean": 15, "cv": 0.6}}}]
EDGES = [0, 20, 45]
WEEKS = {"clock": {"weekend": ["saturday", "sunday"]}, "as_of": dt.date(2026, 12, 31)}


def law(lattice=256, **fields):
    given = {"stages": ONE, "deals": [], "edges": EDGES, **fields}
    return BusinessLaw(given, lattice)


# When


@pytest.mark.parametrize(
    "times",
    [[7], [FAST], [GAMMA], [LOGNORMAL], [DICE], [DICE, 5], [GAMMA, 4], [FAST, SLOW],
     [FAST, FAST, DICE]],
    ids=str,
)  # fmt: skip
def test_excess_is_the_integral_of_the_law(times):
    given = [laws.law_of(time) for time in times]
    middles = (np.arange(250) + 0.5) / 5.0
    summed = math.fsum(laws.sum_cdf(given, x) for x in middles) / 5.0
    assert creation.excess(given, 50.0) == pytest.approx(summed, abs=4e-3)


def test_excess_of_two_exponentials_by_its_closed_form():
    a, b, x = 20.0, 60.0, 50.0
    tail = (a * a * (1 - math.exp(-x / a)) - b * b * (1 - math.exp(-x / b))) / (a - b)
    found = creation.excess([laws.law_of(FAST), laws.law_of(SLOW)], x)
    assert found == pytest.approx(x - tail, abs=1e-8)


@pytest.mark.parametrize("times", [[GAMMA], [12], [FAST, DICE]], ids=str)
@pytest.mark.parametrize("clock", [{}, WEEKS], ids=["days", "weeks"])
def test_wins_by_period_by_direct_integration(times, clock):
    stages = [{"win": 0.4, "time": one} for one in times]
    description = {
        "stages": stages, "deals": [], "edges": [0, 14, 33], "new": {"rate": [5.0, 8.0]}, **clock,
    }  # fmt: skip
    time, given = WorkingTime(description), [laws.law_of(one) for one in times]
    for created, (low, high) in enumerate([(0, 14), (14, 33)]):
        points = low + (np.arange(200) + 0.5) * (high - low) / 200
        by = [
            np.mean([laws.sum_cdf(given, time.tau(edge) - start) for start in time.tau(points)])
            for edge in (0, 14, 33)
        ]
        wins = 0.4 * description["new"]["rate"][created] * np.diff(by)
        found = creation.wins_by_period(description)[:, created]
        assert found == pytest.approx(wins, abs=8e-3)


def test_the_formula_of_the_model_with_weeks_off_keeps_the_mean_in_the_long_run():
    description = {
        "stages": ONE, "deals": [], "edges": [0, 30, 1000], "new": {"rate": [10.0, 0.0]}, **WEEKS,
    }  # fmt: skip
    assert creation.wins_by_period(description).sum() == pytest.approx(4.0, abs=1e-9)


def test_weekends_stand_still_and_days_come_back():
    time = WorkingTime({"edges": [0, 30], **WEEKS})  # the as-of date is a Thursday
    assert time.tau(2.0) == pytest.approx(time.tau(1.0))
    assert time.tau(3.0) == pytest.approx(time.tau(1.0))
    assert time.tau(3.5) - time.tau(3.0) == pytest.approx(0.5 * 365 / 261)
    assert time.day(time.tau(4.25)) == pytest.approx(4.25)
    assert time.day(np.array([time.tau(3.0)])) == pytest.approx([1.0])


# How many


def test_rates_count_pro_rata_with_season_and_growth():
    description = {
        "edges": [0, 16, 44], "shares": [16 / 31, 1.0], "as_of": dt.date(2027, 1, 15),
        "new": {"rate": 6.0, "season": [1, 3] + [2] * 10, "growth": 0.5},
    }  # fmt: skip
    expected = [
        6.0 * 16 / 31 * 0.5 / (1 + 2 * 10 / 12 - 20 / 12) / (24 / 24) * 1.5 ** (8 / 365.25),
        6.0 * 1.5 * 1.5 ** (30 / 365.25),
    ]
    assert creation.mean_created(description) == pytest.approx(expected)


def test_rate_swing_has_mean_one_and_its_size():
    z, weights = exact.normal_nodes()
    for swing in (0.3, -0.3):
        rate = creation.rate_swing(swing, z)
        assert weights @ rate == pytest.approx(1.0, abs=1e-12)
        assert weights @ (rate - 1.0) ** 2 == pytest.approx(swing**2, abs=1e-10)
        assert (rate[-1] > rate[0]) == (swing > 0)


def test_wins_of_new_business_are_poisson():
    one = law(new={"rate": [12.0, 7.0]})
    for period in (0, 1):
        mean = creation.wins_by_period(one.description)[period].sum()
        pmf = one.of([period], "wins")
        assert pmf == pytest.approx(stats.poisson(mean).pmf(np.arange(256)), abs=1e-12)


def test_dispersed_creation_is_negative_binomial():
    one = law(new={"rate": [12.0, 0.0], "dispersion": 0.5}, shares=[0.25, 1.0], lattice=1024)
    mean = creation.wins_by_period(one.description)[:, 0].sum()
    shape = 0.25 / 0.5
    expected = stats.nbinom(shape, shape / (shape + mean)).pmf(np.arange(1024))
    assert one.of([0, 1], "wins") == pytest.approx(expected, abs=1e-9)


def test_parts_of_a_period_add_up_to_the_law_of_the_whole():
    """The gamma of a part has that part of the shape: what is won at once is the same law."""
    at_once = [{"win": 1.0, "time": 0.0}]
    whole = law(stages=at_once, edges=[0, 20], new={"rate": 5.0, "dispersion": 0.4})
    parts = law(
        stages=at_once, edges=[0, 8, 20], shares=[0.4, 0.6],
        new={"rate": 5.0, "dispersion": 0.4},
    )  # fmt: skip
    assert whole.of([0], "wins") == pytest.approx(parts.of([0, 1], "wins"), abs=1e-10)


def test_planned_creation_is_binomial():
    one = law(new={"rate": [9, 0], "planned": True})
    chance = creation.wins_by_period(one.description)[:, 0] / 9
    assert one.of([1], "wins")[:10] == pytest.approx(stats.binom(9, chance[1]).pmf(range(10)))


def panjer(rate, units, chances, size):
    """Return the compound Poisson law by Panjer's recursion."""
    pmf = np.zeros(size)
    pmf[0] = math.exp(-rate)
    for k in range(1, size):
        pmf[k] = rate / k * math.fsum(
            u * p * pmf[k - u] for u, p in zip(units, chances, strict=True) if u <= k
        )  # fmt: skip
    return pmf


def test_bookings_of_new_business_by_panjer_and_with_open_deals_by_convolution():
    amounts = {"values": [1, 2, 5], "chances": [0.5, 0.3, 0.2]}
    open_deals = deals(4, units=2, age=3.0) + deals(3, units=7)
    one = law(deals=open_deals, new={"rate": [12.0, 7.0], "units": amounts})
    mean = creation.wins_by_period(one.description)[0].sum()
    fresh = panjer(mean, amounts["values"], amounts["chances"], 256)
    assert one.of([0], sources=("new",)) == pytest.approx(fresh, abs=1e-12)
    chances = np.array([one.thresholds]) * [cells[0] for cells in one.parts[0][1]]
    standing = exact.bookings_pmf(chances[0], [deal["units"] for deal in open_deals])
    assert one.of([0], sources=("open",))[: len(standing)] == pytest.approx(standing, abs=1e-12)
    assert one.of([0]) == pytest.approx(np.convolve(standing, fresh)[:256], abs=1e-12)


def test_market_and_swing_by_the_plain_trapezoid():
    rho, swing = 0.2, 0.5
    one = law(rho=rho, new={"rate": [12.0, 7.0], "swing": swing, "units": 3}, lattice=1024)
    mean = creation.wins_by_period(one.description)[1].sum()

    def given(z):
        moved = exact.conditional_chance(0.4, rho, z) / 0.4
        return panjer(mean * moved * creation.rate_swing(swing, z), [3], [1.0], 256)

    expected = exact.mix_over_market(given)
    assert one.of([1])[:256] == pytest.approx(expected, abs=1e-9)


def two_years(phi, lattice=256):
    return law(
        lattice, edges=[0, 365.25, 730.5], rho=0.2, persistence=phi,
        stages=[{"win": 0.4, "time": 0.0}], new={"rate": [10.0, 15.0], "swing": 0.3},
    )  # fmt: skip


def test_years_are_independent_without_persistence_and_one_with_full():
    alone = two_years(0.0)
    split = np.convolve(alone.of([0], "wins"), alone.of([1], "wins"))[:256]
    assert alone.of([0, 1], "wins") == pytest.approx(split, abs=1e-9)
    nearly, full = two_years(1.0 - 1e-12), two_years(1.0)
    assert nearly.of([0, 1], "wins") == pytest.approx(full.of([0, 1], "wins"), abs=1e-6)


def test_persistence_correlates_the_years_by_its_size():
    one = two_years(0.5)
    means, products = one.moments()
    common = {}
    for phi in (0.0, 0.5, 1.0):
        means, products = two_years(phi).moments()
        common[phi] = products[0, 1] - means[0] * means[1]
    assert common[0.0] == pytest.approx(0.0, abs=1e-9)
    assert 0.4 * common[1.0] < common[0.5] < 0.6 * common[1.0]


@pytest.mark.parametrize(
    "fields",
    [{"new": {"rate": 6.0, "dispersion": 0.6}}, {"new": {"rate": 6.0}, "rho": 0.3},
     {"new": {"rate": 4, "planned": True}, "cycle_cv": 0.5},
     {"new": {"rate": 6.0, "dispersion": 0.2, "swing": -0.5}, "rho": 0.2, "deals": deals(3)}],
    ids=["dispersed", "market", "planned", "all"],
)  # fmt: skip
def test_moments_are_those_of_the_joint_law(fields):
    one = law(lattice=96, **fields)
    joint, count = one.joint("wins"), np.arange(96)
    means, products = one.moments()
    assert joint.sum() == pytest.approx(1.0)
    assert means == pytest.approx([count @ joint.sum(axis=1), count @ joint.sum(axis=0)], abs=1e-7)
    assert products[0, 1] == pytest.approx(count @ joint @ count, abs=1e-6)
    assert products[0, 0] == pytest.approx(count**2 @ joint.sum(axis=1), abs=1e-6)
    assert joint.sum(axis=0) == pytest.approx(one.of([1], "wins")[:96], abs=1e-8)


def test_frailty_makes_periods_of_wins_covary():
    one = law(new={"rate": [6.0, 0.0], "dispersion": 0.6})
    means, products = one.moments()
    first = creation.wins_by_period(one.description)[:, 0]
    assert products[0, 1] - means[0] * means[1] == pytest.approx(0.6 * first[0] * first[1])


def test_draws_of_the_rate_mix():
    parts = laws_of(
        {"stages": ONE, "deals": [], "edges": EDGES, "new": {"rate": 5.0, "factor": (0.5, 2)}}
    )
    assert [one.created for one in parts] == [[2.5, 2.5], [10.0, 10.0]]


# Repeats


def test_total_progeny_has_the_mean_and_variance_of_borel_and_tanner():
    pmf, total = repeats.borel_tanner_pmf(3, 0.4, 400), np.arange(401)
    assert pmf.sum() == pytest.approx(1.0)
    assert pmf @ total == pytest.approx(3 / 0.6)
    assert pmf @ (total - 5.0) ** 2 == pytest.approx(3 * 0.4 / 0.6**3)


def test_many_generations_approach_borel_tanner_and_poisson_wins_the_generalised_poisson():
    enumerated = repeats.generations_pmf(2, 0.3, 40, 60)
    assert enumerated == pytest.approx(repeats.borel_tanner_pmf(2, 0.3, 60), abs=1e-12)
    mixed = sum(
        stats.poisson(4.0).pmf(wins) * repeats.borel_tanner_pmf(wins, 0.3, 120)
        for wins in range(60)
    )
    assert mixed == pytest.approx(repeats.generalised_poisson_pmf(4.0, 0.3, 120), abs=1e-12)


def test_a_short_delay_and_a_long_horizon_are_no_limit():
    quick = [{"win": 1.0, "time": 1}]
    far = {"stages": quick, "edges": [0, 4000]}
    repeat = {"mean": 0.3, "delay": 20}
    fixed = law(**far, deals=deals(3), new={"rate": 0.0, "repeat": repeat})
    assert fixed.of([0], "wins")[:100] == pytest.approx(
        repeats.borel_tanner_pmf(3, 0.3, 99), abs=1e-9
    )
    fresh = law(stages=quick, edges=[0, 10, 4000], new={"rate": [4.0, 0.0], "repeat": repeat})
    assert fresh.of([0, 1], "wins")[:100] == pytest.approx(
        repeats.generalised_poisson_pmf(4.0, 0.3, 99), abs=1e-9
    )


def test_generations_inside_a_horizon():
    """Three deals won on day 5, repeats after 10 and 20 days fall inside 27 days; 30 do not."""
    one = law(
        stages=[{"win": 1.0, "time": 5}], edges=[0, 27], deals=deals(3),
        new={"rate": 0.0, "repeat": {"mean": 0.6, "delay": 10}},
    )  # fmt: skip
    expected = repeats.generations_pmf(3, 0.6, 2, 120)
    assert one.of([0], "wins")[:120] == pytest.approx(expected[:120], abs=1e-10)


def test_repeats_in_each_window_by_their_means():
    one = law(
        stages=[{"win": 1.0, "time": 5}], edges=[0, 12, 17, 40], deals=deals(2),
        new={"rate": 0.0, "repeat": {"mean": 0.5, "delay": 10, "units": 4}},
    )  # fmt: skip
    found = [exact.mean_of(one.of([period])) for period in range(3)]
    assert found == pytest.approx([2.0, 4.0, 4 * (0.5 + 0.25)])


def test_a_delay_of_two_values_is_the_sum_over_histories():
    repeat = {"mean": 0.5, "delay": {"discrete": {"values": [10, 15], "chances": [0.5, 0.5]}}}
    one = law(
        stages=[{"win": 1.0, "time": 5}], edges=[0, 31], deals=deals(1),
        new={"rate": 0.0, "repeat": repeat},
    )  # fmt: skip
    days = [5 + sum(path) for n in range(3) for path in itertools.product((10, 15), repeat=n)]
    mean = sum(0.25 ** (n) for n in range(3) for path in itertools.product((10, 15), repeat=n)
               if 5 + sum(path) <= 31)  # fmt: skip
    assert len(days) == 7
    assert exact.mean_of(one.of([0], "wins")) == pytest.approx(mean)


def test_mean_within_a_horizon_of_exponential_delays_by_its_renewal_equation():
    mean, delay, days = 0.6, 25.0, 70.0
    convolved, _ = quad(
        lambda u: math.exp(-u / delay) / delay * repeats.mean_within(mean, delay, days - u), 0, days
    )
    assert repeats.mean_within(mean, delay, days) == pytest.approx(1.0 + mean * convolved)
    assert repeats.mean_within(mean, delay, 1e9) == pytest.approx(1.0 / 0.4)


# Required pipeline

FAR = [0, 4000]
MEETINGS = {"stages": [{"win": 0.1, "time": 5}], "deals": [], "edges": FAR, "quota": 10}


def negative_binomial(wins, chance, deals_taken):
    return stats.nbinom(wins, chance).cdf(np.asarray(deals_taken) - wins)


def test_published_first_meetings_for_ten_contracts():
    extra = required.Extra(MEETINGS)
    assert [extra.deals(c) for c in (0.5, 0.8, 0.9)] == [97, 124, 140]
    assert extra.chance(60) == pytest.approx(0.0731, abs=5e-5)
    sixth = required.Extra({**MEETINGS, "stages": [{"win": 1 / 6, "time": 5}]})
    assert sixth.chance(60) == pytest.approx(0.5536, abs=5e-5)
    for number in (30, 97, 200):
        exactly = negative_binomial(10, 0.1, number)
        assert extra.chance(number) == pytest.approx(exactly, abs=1e-12)


@pytest.mark.parametrize(
    ("rho", "expected"), [(0.02, (138, 163)), (0.05, (158, 201)), (0.1, (198, 276))]
)
def test_published_first_meetings_in_a_market(rho, expected):
    extra = required.Extra({**MEETINGS, "rho": rho, "lattice": 1024})
    assert tuple(extra.deals(c) for c in (0.8, 0.9)) == expected


def test_published_coverage_rules():
    for win, expected in [(0.2, 0.061), (1 / 3, 0.568), (0.5, 0.979)]:
        extra = required.Extra({**MEETINGS, "stages": [{"win": win, "time": 5}]})
        assert extra.chance(30) == pytest.approx(expected, abs=5e-4)
        assert 0.55 <= extra.chance(math.ceil(10 / win - 1e-9)) <= 0.63


def test_unequal_amounts_and_a_deadline_step_by_step():
    amounts = {"values": [1, 2, 5], "chances": [0.5, 0.3, 0.2]}
    description = {
        "stages": ONE, "deals": [], "edges": [0, 60], "quota": 12,
        "extra": {"units": amounts, "day": 15},
    }  # fmt: skip
    chance = 0.4 * laws.law_of(GAMMA).cdf(45)
    steps = required.passage_by_steps(chance, [(1, 0.5), (2, 0.3), (5, 0.2)], 12, 60)
    extra = required.Extra(description)
    assert [extra.chance(n) for n in (0, 5, 20, 45)] == pytest.approx(
        steps[[0, 5, 20, 45]], abs=1e-12
    )


def test_open_deals_and_new_business_are_counted_first():
    """The need of each state of what is booked anyway, met step by step."""
    description = {
        "stages": ONE, "deals": deals(4, units=2), "edges": [0, 60], "quota": 9,
        "new": {"rate": 3.0, "units": 3}, "extra": {"units": 1},
    }  # fmt: skip
    extra = required.Extra(description)
    base = extra.laws[0].of([0])
    chance = 0.4 * laws.law_of(GAMMA).cdf(60)
    by_state = [
        1.0 if booked >= 9 else required.passage_by_steps(chance, [(1, 1.0)], 9 - booked, 25)[25]
        for booked in range(len(base))
    ]
    assert extra.chance(25) == pytest.approx(base @ by_state, abs=1e-12)


def test_too_late_is_out_of_reach():
    extra = required.Extra({**MEETINGS, "extra": {"day": 3996}})
    assert extra.deals(0.01) is None
    draws = {**MEETINGS, "stages": [{"conversion": (0.1, 0.4), "time": 5}]}
    mixed = np.mean([negative_binomial(10, c, 50) for c in (0.1, 0.4)])
    assert required.Extra(draws).chance(50) == pytest.approx(mixed)


def test_rate_of_creation_is_the_quantile_of_a_gamma():
    description = {
        "stages": ONE, "deals": [], "edges": EDGES, "quota": 4, "new": {"rate": [2.0, 1.0]},
    }  # fmt: skip
    per_created = creation.wins_by_period(description).sum() / 3.0
    exactly = required.rate_for_equal_amounts(4, per_created, 0.8) / 2.0
    assert required.rate_for(description, 0.8, 60.0) == pytest.approx(exactly, abs=1e-5)
    assert required.chance_at_rate(description, exactly) == pytest.approx(0.8)


# The exact answers against the plain simulator

MIXED = {
    "stages": [{"win": 0.3, "time": GAMMA, "lost": FAST}, {"win": 0.6, "time": 12}],
    "deals": deals(5, units=2, age=10.0) + deals(3, stage=1, age=4.0, own=0.5),
    "edges": [0, 20, 45], "quota": [2, 6],
}  # fmt: skip
SIMULATED = {
    "dispersed, in a market": {
        **MIXED, "rho": 0.2, "amount_cv": 0.3, "joint": True, "lattice": 128,
        "new": {"rate": [4.0, 8.0], "dispersion": 0.5, "swing": -0.4, "units": 2},
        "shares": [0.5, 1.0],
    },
    "planned with draws and slow cycles": {
        **MIXED, "rho": (0.0, 0.3), "cycle_cv": 0.3, "lattice": 64,
        "new": {"rate": [6, 4], "planned": True, "stage": 1},
    },
    "weekends, repeats": {
        **MIXED, **WEEKS,
        "new": {"rate": 6.0, "units": {"values": [1, 3], "chances": [0.7, 0.3]},
                "repeat": {"mean": 0.5, "delay": 11, "units": 1}},
    },
    "two years": {
        **MIXED, "rho": 0.3, "persistence": 0.4, "edges": [0, 200, 500],
        "new": {"rate": 6.0, "swing": 0.5},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SIMULATED)
def test_exact_answers_agree_with_the_plain_simulator(name):
    description = SIMULATED[name]
    answers = business_answers(description)
    seen = seen_in(description, answers, futures.simulate(description, PATHS, seed=5))
    compared = [
        Comparison(key, *estimate_from_paths(seen[key]), answers[key])
        for key in seen.keys() & answers.keys()
    ]
    assert len(compared) >= 8
    assert_agreement(compared, comparisons=100)


def seen_in(description, answers, result):
    """Return the values by path of the answers."""
    fresh, standing, wins = result.fresh_bookings, result.standing_bookings, result.wins
    both, quota = fresh + standing, description["quota"]
    seen = {
        "mean bookings new": 1000.0 * fresh.sum(axis=1),
        "mean bookings open": 1000.0 * standing.sum(axis=1),
        "attainment": both.sum(axis=1) >= sum(quota),
        "every period": np.all(both >= quota, axis=1),
    }
    for period in range(2):
        seen[f"mean wins {period}"] = wins[:, period]
        seen[f"attainment {period}"] = both[:, period] >= quota[period]
        for other in range(period + 1):
            seen[f"mean product {other} {period}"] = wins[:, period] * wins[:, other]
    count = next(key for key in answers if key.startswith("wins >= "))
    seen[count] = wins.sum(axis=1) >= int(count.split()[-1])
    return seen


ACTIVE = {
    "ages and losses": {
        **MIXED, "rho": 0.3, "new": {"rate": 6.0, "swing": 0.5},
    },
    "weekends": {**MIXED, **WEEKS, "new": {"rate": 6.0, "dispersion": 0.3}},
    "straight into the second stage": {**MIXED, "new": {"rate": 5, "planned": True, "stage": 1}},
}  # fmt: skip


@pytest.mark.parametrize("name", ACTIVE)
def test_mean_activities_agree_with_the_plain_simulator(name):
    description = ACTIVE[name]
    entering, standing = mean_activities(description)
    result = futures.simulate(description, PATHS, seed=5)
    compared = [
        Comparison(f"{what} {place}", *estimate_from_paths(values[:, *place]), mean)
        for what, exactly, values in [
            ("entering", entering, result.entering), ("standing", standing, result.waiting),
        ]
        for place, mean in np.ndenumerate(exactly)
    ]  # fmt: skip
    assert_agreement(compared, comparisons=100)
