"""Key accounts by hand, against mixtures over what deals share, and without the largest of them."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

import funnelsim as fs
from funnelsim._any_win import PATHS as MIXED_PATHS
from funnelsim._any_win import chance_of_any
from funnelsim.signals import Signal, Signals
from funnelsim.simulation import lowered_of
from tests.oracles.compare import Comparison, assert_agreement
from tests.oracles.exact import (
    bookings_pmf,
    chance_given_factors,
    conditional_chance,
    mixed_bookings_pmf,
    normal_nodes,
    segmented_bookings_pmf,
)

WINS = {"training": 0.1, "meeting": 0.2, "consulting": 0.45, "proposal": 0.5, "negotiation": 0.8}
STAGES = tuple(WINS)


def deal(name, account, stage="proposal", amount=100_000, **more):
    return {"id": name, "account": account, "stage": stage, "amount": amount, **more}


def scenario_of(deals, **changes):
    base = {
        "as_of": "2026-12-31",
        "periods": fs.Periods("year", 1),
        "funnel": fs.Funnel.key_account(time=10),
        "pipeline": fs.Pipeline.from_deals(deals),
    }
    return fs.Scenario(**base | changes)


def accounts_of(scenario, by="account", paths=2, seed=1):
    return fs.simulate(scenario, paths=paths, seed=seed).key_accounts(by)


THREE = [
    deal("1", "Acme", "proposal", 300_000),
    deal("2", "Bolt", "meeting", 500_000),
    deal("3", "Acme", "negotiation", 100_000),
    deal("4", "Cato", "training", 100_000),
]


def some_deals(seed, count, accounts=6):
    rng = np.random.default_rng(seed)
    return [
        deal(
            f"D{i}",
            f"account {rng.integers(accounts)}",
            STAGES[rng.integers(5)],
            round(float(rng.lognormal(12, 1.0)), -3),
        )
        for i in range(count)
    ]


def test_three_accounts_by_hand():
    found = accounts_of(scenario_of(THREE))
    first, second, third = found.accounts
    assert [one.name for one in found.accounts] == ["Acme", "Bolt", "Cato"]
    assert (first.rank, first.deals, first.amount) == (1, 2, 400_000)
    assert first.weighted_amount == pytest.approx(0.5 * 300_000 + 0.8 * 100_000)
    assert second.weighted_amount == pytest.approx(0.2 * 500_000)
    assert first.share == pytest.approx(230 / 340)
    assert second.cumulative_share == pytest.approx(330 / 340)
    assert third.cumulative_share == pytest.approx(1.0)
    assert first.expected_wins == pytest.approx(1.3)
    assert first.win_probability.value == pytest.approx(1 - 0.5 * 0.2)
    assert first.win_probability.standard_error == 0.0
    assert third.further_wins is None
    assert found.amounts.values == (100_000, 400_000, 500_000)
    assert found.weighted_amounts.effective_number == pytest.approx(
        340**2 / (230**2 + 100**2 + 10**2)
    )
    assert found.weighted_amounts.bring(0.8) == 2
    assert found.laws.count == 3


def test_age_and_signals_count_in_the_weighted_amount():
    law = fs.Gamma(mean=20, cv=0.6)
    coach = Signal("coach", {"yes": 4.0, "no": 1.0})
    deals = [deal("1", "A", coach="yes", age=30.0), deal("2", "A", "meeting", coach="no", age=3.0)]
    scenario = scenario_of(
        deals,
        funnel=fs.Funnel.key_account(time=law, time_if_lost=fs.Gamma(mean=50, cv=0.9)),
        signals=Signals([coach]),
    )
    forecast = fs.simulate(scenario, paths=2)
    chances = forecast.deals()["win_probability"]
    [one] = forecast.key_accounts().accounts
    assert one.weighted_amount == pytest.approx(100_000 * sum(chances))
    assert one.win_probability.value == pytest.approx(1 - math.prod(1 - w for w in chances))
    assert chances[0] != pytest.approx(0.5, abs=0.01)


def test_sums_are_those_of_the_deals():
    forecast = fs.simulate(scenario_of(some_deals(1, 40)), paths=2)
    found, table = forecast.key_accounts(), forecast.deals()
    assert sum(one.deals for one in found.accounts) == 40
    assert sum(one.amount for one in found.accounts) == pytest.approx(forecast.open_pipeline)
    assert sum(one.weighted_amount for one in found.accounts) == pytest.approx(
        np.dot(table["amount"], table["win_probability"])
    )
    assert sum(one.share for one in found.accounts) == pytest.approx(1.0)
    shares = [one.share for one in found.accounts]
    assert shares == sorted(shares, reverse=True)
    assert [one.cumulative_share for one in found.accounts] == pytest.approx(np.cumsum(shares))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.randoms())
def test_the_order_of_deals_does_not_matter(seed, order):
    deals = some_deals(seed, 9, accounts=3)
    mixed = list(deals)
    order.shuffle(mixed)
    market = fs.Market(win_rate_correlation=0.1, segment_correlation={"account": 0.2})
    first, second = (accounts_of(scenario_of(one, market=market)) for one in (deals, mixed))
    for one, other in zip(first.accounts, second.accounts, strict=True):
        assert one.name == other.name
        assert one.win_probability.value == pytest.approx(other.win_probability.value, rel=1e-12)
        assert one.weighted_amount == pytest.approx(other.weighted_amount, rel=1e-12)


# The chance to win anything


def as_pairs(stages):
    return [(WINS[stage], 1.0) for stage in stages]


@pytest.mark.parametrize("rho", [0.0, 0.05, 0.6, 0.99])
@pytest.mark.parametrize("stages", [("meeting",), ("training", "meeting", "proposal"), STAGES * 3])
def test_any_win_with_a_market_is_the_mixture(rho, stages):
    deals = [deal(str(i), "A", stage) for i, stage in enumerate(stages)]
    scenario = scenario_of(deals, market=fs.Market(win_rate_correlation=rho))
    [one] = accounts_of(scenario).accounts
    law = mixed_bookings_pmf(as_pairs(stages), [1] * len(stages), rho)
    assert one.win_probability.value == pytest.approx(1 - law[0], abs=1e-10)
    assert one.win_probability.standard_error == 0.0


@pytest.mark.parametrize("rho", [0.3, 0.9, 0.999])
@pytest.mark.parametrize("many", [2, 1000])
def test_any_win_of_very_many_alike_by_adaptive_integration(rho, many):
    """Where the mixture is steep: quadrature that refines itself, not the same rule again."""
    deals = [deal(str(i), "A", "training") for i in range(many)]
    scenario = scenario_of(deals, market=fs.Market(win_rate_correlation=rho))
    [one] = accounts_of(scenario).accounts

    def none(z):
        return stats.norm.pdf(z) * (1.0 - float(conditional_chance(0.1, rho, z))) ** many

    ends = np.linspace(-9, 9, 181)
    exact = math.fsum(quad(none, *both, epsabs=1e-14)[0] for both in itertools.pairwise(ends))
    assert one.win_probability.value == pytest.approx(1 - exact, abs=1e-10)


@pytest.mark.parametrize("rho", [0.0, 0.1])
@pytest.mark.parametrize("r", [0.05, 0.4, 0.85])
def test_an_account_factor_is_the_mixture_over_it(rho, r):
    """The deals of one account share its factor and the market: alike for them, so rho + r."""
    stages = ("meeting", "proposal", "proposal", "negotiation")
    deals = [deal(str(i), "A", stage) for i, stage in enumerate(stages)]
    market = fs.Market(win_rate_correlation=rho, segment_correlation={"account": r})
    [one] = accounts_of(scenario_of(deals, market=market)).accounts
    law = segmented_bookings_pmf([(as_pairs(stages), [1] * 4)], rho, r)
    assert one.win_probability.value == pytest.approx(1 - law[0], abs=1e-10)


@pytest.mark.parametrize(("rho", "r"), [(0.0, 0.3), (0.1, 0.3), (0.05, 0.9)])
def test_deals_that_another_column_tells_apart(rho, r):
    """One account in two regions with a factor each, given the market and the account's own."""
    deals = [
        deal("1", "A", "meeting", region="N"),
        deal("2", "A", "proposal", region="S"),
        deal("3", "A", "training", region="N"),
    ]
    own = 0.04
    market = fs.Market(win_rate_correlation=rho, segment_correlation={"region": r, "account": own})
    [one] = accounts_of(scenario_of(deals, market=market)).accounts
    regions = [(as_pairs(["meeting", "training"]), [1, 1]), (as_pairs(["proposal"]), [1])]
    law = segmented_bookings_pmf(regions, rho + own, r)
    assert one.win_probability.value == pytest.approx(1 - law[0], abs=1e-8)
    assert one.win_probability.standard_error == 0.0


def crossed():
    """Four deals of one account, in two regions and of two products: all pairs once."""
    cells = itertools.product("NS", "xy")
    deals = [deal(f"{a}{b}", "A", "meeting", region=a, product=b) for a, b in cells]
    market = fs.Market(
        win_rate_correlation=0.1, segment_correlation={"region": 0.3, "product": 0.2}
    )
    return scenario_of(deals, market=market)


def test_two_columns_that_cross_are_averaged_over_paths():
    z, w = normal_nodes(41)
    common = math.sqrt(0.1) * z[:, None, None] + math.sqrt(0.3) * z[None, :, None]
    exact = 0.0
    for a, weight in zip(z, w, strict=True):  # given the market and both products' factors
        given_products = []
        for b in z:
            shifts = [common[..., 0] + math.sqrt(0.2) * product for product in (a, b)]
            fails = [1 - chance_given_factors(0.2, shift, 0.6) for shift in shifts]
            of_a_region = (fails[0] * fails[1]) @ w
            given_products.append(w @ of_a_region**2)
        exact += weight * np.dot(w, given_products)
    compared = []
    for seed in range(8):
        [one] = accounts_of(crossed(), seed=seed).accounts
        chance = one.win_probability
        assert 0 < chance.standard_error < 3e-3
        assert 0 <= chance.low <= chance.value <= chance.high <= 1
        compared.append(Comparison(str(seed), chance.value, chance.standard_error, 1 - exact))
    assert_agreement(compared)
    assert MIXED_PATHS % 64 == 0


def test_draws_of_parameters_are_mixed():
    stages = [
        fs.Stage("meeting", conversion=[0.2, 0.5], time=10),
        fs.Stage("proposal", conversion=0.5, time=10),
        fs.Stage("won", win_probability=1.0),
    ]
    rhos = (0.0, 0.3)
    deals = [deal("1", "A", "meeting"), deal("2", "A", "meeting"), deal("3", "A", "proposal")]
    scenario = scenario_of(
        deals, funnel=fs.Funnel(stages), market=fs.Market(win_rate_correlation=rhos)
    )
    [one] = accounts_of(scenario).accounts
    none = [
        mixed_bookings_pmf([(p * 0.5, 1), (p * 0.5, 1), (0.5, 1)], [1] * 3, rho)[0]
        for p, rho in zip((0.2, 0.5), rhos, strict=True)
    ]
    assert one.win_probability.value == pytest.approx(1 - np.mean(none), abs=1e-10)


def test_what_cannot_be_won_and_what_cannot_be_lost():
    market = fs.Market(win_rate_correlation=0.2)
    dead = [deal(name, "A", win_probability=0.0) for name in "12"]
    sure = [deal("3", "B", win_probability=1.0), deal("4", "B")]
    found = {one.name: one for one in accounts_of(scenario_of(dead + sure, market=market)).accounts}
    assert found["A"].win_probability == fs.Estimate.exact(0.0)
    assert found["B"].win_probability == fs.Estimate.exact(1.0)


@pytest.mark.compiled
def test_simulated_wins_of_an_account_are_that_mixture():
    """Chance of each number of wins of one account's deals, over a horizon that all fit into."""
    stages = ("meeting", "proposal", "proposal", "negotiation")
    deals = [deal(str(i), "A", stage) for i, stage in enumerate(stages)]
    deals += [deal(f"B{i}", "B", "meeting") for i in range(3)]
    market = fs.Market(win_rate_correlation=0.05, segment_correlation={"account": 0.3})
    forecast = fs.simulate(scenario_of(deals, market=market), paths=1 << 16, seed=4)
    wins = forecast.by("account")["A"].wins.sum(axis=1)
    law = segmented_bookings_pmf([(as_pairs(stages), [1] * 4)], 0.05, 0.3)
    apart = bookings_pmf([WINS[stage] for stage in stages], [1] * 4)
    compared = []
    for many, exact in enumerate(law):
        means = (wins == many).reshape(-1, 64).mean(axis=0)
        error = means.std(ddof=1) / 8
        compared.append(Comparison(f"{many} wins", means.mean(), error, exact))
    assert_agreement(compared)
    assert law[0] > 1.5 * apart[0]  # what they share is told apart from independence
    anything = forecast.key_accounts().accounts[0].win_probability.value
    assert anything == pytest.approx(1 - law[0], abs=1e-10)
    assert (conditional_chance(0.5, 0.3, 0.0) == 0.5).all()


# Repeat business


def test_each_win_opens_further_wins():
    business = fs.NewBusiness(per_period=0, amount=50_000, repeat=fs.Repeat(mean=0.25, delay=30))
    found = accounts_of(scenario_of(THREE, new_business=business))
    assert [one.further_wins for one in found.accounts] == pytest.approx(
        [one.expected_wins / 3 for one in found.accounts]
    )
    assert "further wins" in repr(found)
    assert found.to_dict()["repeat_mean"] == 0.25


@pytest.mark.compiled
def test_further_wins_are_those_that_are_simulated():
    business = fs.NewBusiness(per_period=0, amount=50_000, repeat=fs.Repeat(mean=0.4, delay=20))
    deals = [deal("1", "A", "negotiation"), deal("2", "A", "meeting")]
    long = scenario_of(deals, new_business=business, periods=fs.Periods("year", 5))
    forecast = fs.simulate(long, paths=1 << 14, seed=2)
    [one] = forecast.key_accounts().accounts
    wins = forecast.expected_wins()
    assert_agreement(
        [Comparison("wins", wins.value, wins.standard_error, one.expected_wins + one.further_wins)]
    )


# Without the largest


def totals(scenario, left_out, paths, seed=1):
    names = scenario.pipeline.segment("account")
    kept = scenario.pipeline.where([name not in left_out for name in names])
    smaller = scenario.replace(pipeline=kept)
    return fs.simulate(smaller, paths=paths, seed=seed).bookings.sum(axis=1)


@pytest.mark.compiled
@pytest.mark.parametrize("which", [1, 2, "account 3", ["account 0", "account 4"]])
def test_without_is_the_difference_of_the_two_forecasts(which):
    scenario = scenario_of(
        some_deals(7, 25), quota=1_500_000, booked=200_000,
        market=fs.Market(win_rate_correlation=0.05, segment_correlation={"account": 0.2}),
    )  # fmt: skip
    forecast = fs.simulate(scenario, paths=2048)
    found = forecast.key_accounts()
    left = found.without(which)
    assert set(left.accounts) == (
        {one.name for one in found.accounts[:which]}
        if isinstance(which, int)
        else {which} if isinstance(which, str) else set(which)
    )  # fmt: skip
    with_all, after = forecast.bookings.sum(axis=1), totals(scenario, left.accounts, 2048)
    assert left.bookings_before == forecast.expected_bookings()
    assert left.bookings_after.value == pytest.approx(after.mean())
    change = (after - with_all).reshape(-1, 64).mean(axis=0)
    assert left.bookings_difference.value == pytest.approx(change.mean())
    assert left.bookings_difference.standard_error == pytest.approx(change.std(ddof=1) / 8)
    hits = [(one >= 1_300_000).mean() for one in (after, with_all)]
    assert left.attainment_before == forecast.attainment_probability()
    assert left.attainment_after.value == pytest.approx(hits[0])
    assert left.attainment_difference.value == pytest.approx(hits[0] - hits[1])
    assert left.share == pytest.approx(
        sum(one.share for one in found.accounts if one.name in left.accounts)
    )
    assert left.deals + left.deals_left == 25
    # on the same draws: far more exact than two forecasts apart
    apart = math.hypot(left.bookings_before.standard_error, left.bookings_after.standard_error)
    assert left.bookings_difference.standard_error < apart


@pytest.mark.compiled
def test_without_people_the_difference_is_what_the_account_books():
    scenario = scenario_of(some_deals(3, 20))
    forecast = fs.simulate(scenario, paths=2048)
    left = forecast.key_accounts().without(1)
    part = forecast.by("account")[left.accounts[0]]
    assert left.bookings_difference.value == pytest.approx(-part.expected_bookings().value)
    assert left.attainment_difference is None
    assert "moves mean bookings by -" in left.in_words()


@pytest.mark.compiled
def test_where_hours_are_short_the_others_get_those_that_are_left():
    team = fs.Team([fs.Role("rep", hours_per_week=6)], [fs.Rep("rep")])
    funnel = fs.Funnel.key_account(time=15, hours=(0, 10, 20, 40, 10))
    deals = [deal(f"{name}{i}", name, "meeting") for name in "AB" for i in range(20)]
    short, free = scenario_of(deals, funnel=funnel, team=team), scenario_of(deals, funnel=funnel)
    lost = [
        -fs.simulate(one, paths=1024).key_accounts().without(1).bookings_difference.value
        for one in (short, free)
    ]
    assert lost[0] < 0.7 * lost[1]


def test_without_nobody_and_without_all():
    found = accounts_of(scenario_of(THREE, quota=400_000), paths=256)
    nobody = found.without(0)
    assert nobody.bookings_difference == fs.Estimate.exact(0.0)
    assert nobody.attainment_difference == fs.Estimate.exact(0.0)
    assert nobody.in_words() == "leaving out no account changes nothing"
    everyone = found.without(3)
    assert (everyone.deals_left, everyone.share) == (0, pytest.approx(1.0))
    assert everyone.bookings_after.value == 0.0
    assert found.without([]).accounts == ()


def test_names_in_any_order_once_each():
    found = accounts_of(scenario_of(THREE), paths=64)
    assert found.without(["Cato", "Acme", "Cato"]).accounts == ("Acme", "Cato")
    assert found.without(("Bolt",)) == found.without("Bolt")


@pytest.mark.parametrize("wrong", [4, -1, 1.5, True, None])
def test_so_many_there_are_not(wrong):
    with pytest.raises(fs.InputError, match="accounts must be a whole number"):
        accounts_of(scenario_of(THREE)).without(wrong)


def test_an_account_nobody_knows():
    with pytest.raises(fs.InputError, match=r"account must be one of .* did you mean 'Acme'\?"):
        accounts_of(scenario_of(THREE)).without(["Bolt", "Akme"])


# Columns


def test_any_column_may_group_the_deals():
    deals = [one | {"region": "N" if one["id"] in "14" else "S"} for one in THREE]
    found = accounts_of(scenario_of(deals), by="region")
    assert {one.name: one.deals for one in found.accounts} == {"N": 2, "S": 2}
    assert repr(found).startswith("Key accounts by region: ")


def test_a_column_that_is_not_there_offers_the_nearest():
    with pytest.raises(fs.InputError, match=r"by must be a column .* did you mean 'account'\?"):
        accounts_of(scenario_of(THREE), by="acount")
    bare = [{key: one[key] for key in ("id", "stage", "amount")} for one in THREE]
    with pytest.raises(fs.InputError, match="by must be a column of the open deals, got 'account'"):
        accounts_of(scenario_of(bare))


def test_deals_without_an_account_are_counted_and_fit_no_law():
    deals = [*THREE, deal("5", None), deal("6", None, amount=900_000)]
    found = accounts_of(scenario_of(deals))
    assert found.accounts[0].name == "(none)"
    assert found.unnamed == 2
    assert found.laws.count == 3
    assert "2 deals without an account count as one, (none)" in repr(found)


def test_without_deals_there_are_no_accounts():
    full = scenario_of(THREE)
    empty = full.replace(pipeline=full.pipeline.where([False] * 4))
    found = accounts_of(empty)
    assert found.accounts == ()
    assert (found.amounts, found.laws) == (None, None)
    assert found.in_words() == "no account is expected to bring anything"
    assert found.table() == {}
    assert repr(found)


def test_where_nothing_can_be_won_there_are_no_shares():
    found = accounts_of(scenario_of([deal("1", "A", win_probability=0.0)]))
    assert found.accounts[0].share == 0.0
    assert found.weighted_amounts is None
    assert found.amounts.gini == 0.0
    assert found.without("A").share == 0.0


def test_an_amount_without_a_mean_has_no_share():
    deals = [*THREE, deal("P", "Acme", amount=fs.Pareto(alpha=1.0, low=1_000))]
    with pytest.raises(fs.InputError, match="amount of deal 'P' must have a finite mean"):
        accounts_of(scenario_of(deals))


# Text, JSON, frames


def test_text_warns_of_a_pareto_without_variance():
    wild = [deal(str(i), f"A{i}", amount=float(1000 * 4**i)) for i in range(6)]
    text = repr(accounts_of(scenario_of(wild)))
    assert "80 % would be sigma 1.683" in text
    assert "80 % would be alpha 1.161" in text
    assert "has no variance, so that a standard error means nothing: prefer the lognormal" in text
    tame = [deal(str(i), f"A{i}", amount=100_000.0 + 1000 * i) for i in range(6)]
    assert "no variance" not in repr(accounts_of(scenario_of(tame)))


def test_text_of_accounts_and_of_what_is_left():
    found = accounts_of(scenario_of(THREE, quota=400_000), paths=256)
    assert found.in_words().startswith("2 of 3 accounts bring 80 % of the weighted amount")
    lines = repr(found).splitlines()
    header = "account deals amount weighted share so far wins wins anything"
    assert " ".join(lines[2].split()) == header
    left = found.without(1)
    assert left.in_words().startswith("leaving out Acme (2 deals, 67.6 % of the weighted amount) ")
    assert repr(left).startswith(left.in_words())
    assert "simulated factors" in repr(accounts_of(crossed()))


def test_many_accounts_show_their_ends():
    many = [deal(str(i), f"A{i}") for i in range(60)]
    text = repr(accounts_of(scenario_of(many), paths=64))
    assert "... 36 accounts between" in text


def test_json_and_frames_hold_the_same():
    found = accounts_of(scenario_of(THREE, quota=400_000), paths=256)
    answer = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [one["name"] for one in answer["accounts"]] == ["Acme", "Bolt", "Cato"]
    assert answer["weighted_amounts"]["gini"] == found.weighted_amounts.gini
    assert (answer["paths"], answer["by"]) == (256, "account")
    table = found.to_frame(backend="pandas")
    assert list(table["name"]) == ["Acme", "Bolt", "Cato"]
    assert table["win_probability"][0] == found.accounts[0].win_probability.value
    left = found.without(2)
    record = json.loads(json.dumps(left.to_dict(), allow_nan=False))
    assert record["accounts"] == ["Acme", "Bolt"]
    assert record["attainment_after"]["value"] == left.attainment_after.value
    rows = found.table()
    assert rows["accounts"] == [1, 3]
    assert found.table([2])["bookings"] == [left.bookings_after.value]


def test_the_chance_of_some_deals_is_asked_by_place():
    lowered = lowered_of(scenario_of(THREE))
    assert chance_of_any(lowered, np.array([3, 1]), 1).value == pytest.approx(1 - 0.9 * 0.8)
