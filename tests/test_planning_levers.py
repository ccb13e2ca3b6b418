"""Levers move several fields of a scenario alike."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim.planning.fields import input_names, interval, value_of, with_value, with_values
from funnelsim.planning.levers import lever_names, lever_of

KEY_ACCOUNT = fs.Scenario(
    as_of="2026-12-31",
    periods=fs.Periods("quarter", 4),
    quota=3e6,
    funnel=fs.Funnel.key_account(
        time=fs.Gamma(mean=30, cv=0.6), time_if_lost=fs.Weibull(shape=2, scale=9)
    ),
    pipeline=fs.Pipeline.from_frame(
        {
            "id": ["a", "b", "c"],
            "stage": ["proposal", "proposal", "meeting"],
            "amount": [300_000.01, 100_000, fs.Lognormal(median=1e5, sigma=0.5)],
        }
    ),
)
UNSURE = KEY_ACCOUNT.replace(
    funnel=fs.Funnel(
        (
            fs.Stage("first", conversion=[0.5, 0.2, 0.4], time=fs.Gamma(mean=[20, 30, 40], cv=1)),
            fs.Stage("sure", win_probability=0.7, time=fs.Sample([2, 4]), time_if_lost=5),
            fs.Stage("second", conversion=[0.9, 1, 0.8], time=fs.Weibull(shape=[1, 2, 3], scale=9)),
            fs.Stage("won", conversion=1.0),
        )
    ),
    pipeline=fs.Pipeline(),
)


def logits(wins):
    return np.log(wins) - np.log1p(-wins)


class TestWinRate:
    @given(st.floats(1e-6, 1 - 1e-6))
    def test_all_log_odds_move_alike(self, rate):
        moved = with_value(KEY_ACCOUNT, "funnel.win_rate", rate)
        assert value_of(moved, "funnel.win_rate") == rate
        before = logits(KEY_ACCOUNT.funnel.win_probabilities[:, :-1])
        after = logits(moved.funnel.win_probabilities[:, :-1])
        np.testing.assert_allclose(after - before, logits(rate) - logits(0.1), rtol=1e-6, atol=1e-9)
        assert moved.funnel.win_probabilities[0, -1] == 1.0

    def test_a_stage_that_always_wins_still_does(self):
        funnel = fs.Funnel.from_percentages(["a", "b", "c"], [0.3, 1, 1], time=3)
        scenario = KEY_ACCOUNT.replace(funnel=funnel, pipeline=fs.Pipeline())
        moved = with_value(scenario, "funnel.win_rate", 0.9)
        np.testing.assert_array_equal(moved.funnel.win_probabilities, [[0.9, 1, 1]])

    @pytest.mark.parametrize("rate", [0.001, 0.2, 0.9, 0.999999])
    def test_draws_move_alike_and_their_mean_is_the_value(self, rate):
        moved = with_value(UNSURE, "funnel.win_rate", rate)
        assert value_of(moved, "funnel.win_rate") == pytest.approx(rate, rel=1e-12)
        shift = logits(moved.funnel.win_probabilities[:, 0]) - logits(
            UNSURE.funnel.win_probabilities[:, 0]
        )
        np.testing.assert_allclose(shift, shift[0], atol=1e-8)
        assert moved.funnel.stages[1].win_probability is not None
        np.testing.assert_allclose(moved.funnel.win_probabilities[1, 2:], 1.0)

    def test_neighbours_that_are_almost_equal_stay_in_order(self):
        wins = [0.3, 0.3, np.nextafter(0.3, 1), np.nextafter(0.3, 1), 1]
        funnel = fs.Funnel.from_percentages(list("abcde"), wins, time=3)
        scenario = KEY_ACCOUNT.replace(funnel=funnel, pipeline=fs.Pipeline())
        for rate in np.linspace(0.001, 0.999, 500):
            moved = with_value(scenario, "funnel.win_rate", float(rate))
            assert value_of(moved, "funnel.win_rate") == rate

    @pytest.mark.parametrize("rate", [0, 1, -0.1, 50, float("nan"), True, "0.5"])
    def test_what_is_no_chance_is_refused(self, rate):
        with pytest.raises(fs.InputError, match=r"funnel\.win_rate must be in \(0, 1\)"):
            with_value(KEY_ACCOUNT, "funnel.win_rate", rate)

    def test_a_funnel_that_always_wins_cannot_move(self):
        funnel = fs.Funnel.from_percentages(["a", "b"], [1, 1], time=3)
        scenario = KEY_ACCOUNT.replace(funnel=funnel, pipeline=fs.Pipeline())
        assert "funnel.win_rate" not in input_names(scenario)
        with pytest.raises(fs.InputError, match=r"funnel\.win_rate must be below 1 in the first"):
            with_value(scenario, "funnel.win_rate", 0.5)


class TestCycleTime:
    @pytest.mark.parametrize("scenario", [KEY_ACCOUNT, UNSURE], ids=["certain", "draws"])
    @pytest.mark.parametrize("factor", [0.01, 0.7, 3])
    def test_all_times_are_scaled(self, scenario, factor):
        days = value_of(scenario, "funnel.cycle_time")
        moved = with_value(scenario, "funnel.cycle_time", factor * days)
        assert value_of(moved, "funnel.cycle_time") == pytest.approx(factor * days, rel=1e-13)
        for old, new in zip(scenario.funnel.stages[:-1], moved.funnel.stages[:-1], strict=True):
            for law, scaled in ((old.time, new.time), (old.time_if_lost, new.time_if_lost)):
                for draw in range(law.draws if law else 0):
                    quantiles = [one.at(draw).ppf([0.1, 0.5, 0.9]) for one in (law, scaled)]
                    np.testing.assert_allclose(quantiles[1], factor * quantiles[0], rtol=1e-12)
        np.testing.assert_array_equal(moved.funnel.conversions, scenario.funnel.conversions)

    def test_it_is_the_mean_of_the_draws_of_the_sum_of_means(self):
        assert value_of(KEY_ACCOUNT, "funnel.cycle_time") == pytest.approx(150)
        weibull = [fs.Weibull(shape=shape, scale=9).mean for shape in (1, 2, 3)]
        expected = np.mean(np.array([20, 30, 40]) + 3 + weibull)
        assert value_of(UNSURE, "funnel.cycle_time") == pytest.approx(expected)

    @pytest.mark.parametrize("law", [0, fs.Pareto(alpha=1, low=1)])
    def test_no_time_and_endless_time_cannot_be_scaled(self, law):
        scenario = KEY_ACCOUNT.replace(funnel=fs.Funnel.key_account(time=law))
        assert "funnel.cycle_time" not in input_names(scenario)
        with pytest.raises(fs.InputError, match=r"cycle_time must be above 0 and finite"):
            with_value(scenario, "funnel.cycle_time", 30)


class TestAmount:
    def test_it_is_the_sum_of_the_mean_amounts(self):
        mean = fs.Lognormal(median=1e5, sigma=0.5).mean
        assert value_of(KEY_ACCOUNT, "pipeline.amount") == pytest.approx(400_000.01 + mean)

    def test_distributions_are_scaled(self):
        twice = 2 * value_of(KEY_ACCOUNT, "pipeline.amount")
        moved = with_value(KEY_ACCOUNT, "pipeline.amount", twice)
        assert moved.pipeline.amounts[2] == fs.Lognormal(median=2e5, sigma=0.5)
        assert moved.pipeline.amounts[:2] == (60_000_002, 20_000_000)

    @given(
        st.lists(st.integers(0, 10**9), min_size=1, max_size=6).filter(any),
        st.integers(1, 10**11),
    )
    def test_cents_are_rounded_half_to_even(self, cents, total):
        deals = fs.Pipeline(
            ids=tuple(map(str, range(len(cents)))),
            stages=("meeting",) * len(cents),
            amounts=tuple(cents),
        )
        scenario = KEY_ACCOUNT.replace(pipeline=deals)
        moved = with_value(scenario, "pipeline.amount", total / 100)
        factor = Fraction(total, sum(cents))
        assert moved.pipeline.amounts == tuple(round(one * factor) for one in cents)

    def test_a_half_goes_to_the_even_cent(self):
        deals = fs.Pipeline.from_frame({"stage": ["meeting"] * 3, "amount": [0.01, 0.03, 0.04]})
        moved = with_value(KEY_ACCOUNT.replace(pipeline=deals), "pipeline.amount", 0.04)
        assert moved.pipeline.amounts == (0, 2, 2)

    def test_a_pipeline_without_money_cannot_be_scaled(self):
        empty = KEY_ACCOUNT.replace(pipeline=fs.Pipeline())
        assert "pipeline.amount" not in input_names(empty)
        with pytest.raises(fs.InputError, match="there are no open deals"):
            with_value(empty, "pipeline.amount", 5)
        endless = with_value(KEY_ACCOUNT, "pipeline.deals.c.amount", fs.Pareto(alpha=1, low=2))
        with pytest.raises(fs.InputError, match="to be scaled, got inf"):
            with_value(endless, "pipeline.amount", 5)


class TestExtraDeals:
    def test_they_stand_in_the_first_stage_unless_the_required_pipeline_has_one(self):
        more = with_value(KEY_ACCOUNT, "pipeline.extra_deals", 2)
        assert more.pipeline.ids[3:] == ("extra training 1", "extra training 2")
        assert more.pipeline.stages[3:] == ("training",) * 2
        asked = KEY_ACCOUNT.replace(required_pipeline=fs.RequiredPipeline("meeting", amount=5))
        more = with_value(asked, "pipeline.extra_deals", 1)
        assert (more.pipeline.ids[3:], more.pipeline.amounts[3:]) == (("extra meeting 1",), (500,))
        assert value_of(more, "pipeline.extra_deals.meeting") == 1

    def test_the_number_is_that_of_all_extra_deals(self):
        base = with_value(KEY_ACCOUNT, "pipeline.extra_deals.Meeting", 3)
        assert value_of(base, "pipeline.extra_deals.meeting") == 3
        assert with_value(base, "pipeline.extra_deals.meeting", 0) == KEY_ACCOUNT
        five = with_value(KEY_ACCOUNT, "pipeline.extra_deals.meeting", 5)
        assert with_value(base, "pipeline.extra_deals.meeting", 5) == five
        assert with_value(five, "pipeline.extra_deals.meeting", 3.0) == base

    def test_stages_do_not_mix(self):
        names_ = ("a", "a b", "b")
        funnel = fs.Funnel.from_percentages([*names_, "won"], [0.1, 0.2, 0.3, 1], time=3)
        scenario = KEY_ACCOUNT.replace(
            funnel=funnel, pipeline=fs.Pipeline(), new_business=fs.NewBusiness(1, amount=7)
        )
        counts = {f"pipeline.extra_deals.{name}": k for k, name in enumerate(names_, 1)}
        more = with_values(scenario, counts)
        assert [value_of(more, name) for name in counts] == [1, 2, 3]
        assert len(more.pipeline) == 6

    def test_amounts_are_those_stated_else_means_of_open_deals(self):
        law = fs.Exponential(9)
        new = fs.NewBusiness(1, amount=law)
        extra = "pipeline.extra_deals.proposal"

        def amount(scenario, name=extra):
            return with_value(scenario, name, 1).pipeline.amounts[-1]

        assert amount(KEY_ACCOUNT) == 20_000_000  # (300,000.01 + 100,000) / 2, to the even cent
        mean = value_of(KEY_ACCOUNT, "pipeline.amount") / 3
        assert amount(KEY_ACCOUNT, "pipeline.extra_deals") == round(mean * 100)
        assert amount(KEY_ACCOUNT.replace(new_business=new)) == law
        both = KEY_ACCOUNT.replace(
            new_business=new, required_pipeline=fs.RequiredPipeline(amount=3)
        )
        assert amount(both) == 300
        with pytest.raises(fs.InputError, match=r"state required_pipeline\.amount"):
            with_value(UNSURE, "pipeline.extra_deals", 1)

    def test_other_columns_are_as_of_a_new_deal(self):
        deals = fs.Pipeline.from_frame(
            {"stage": ["meeting"], "amount": [1], "age": [5], "region": ["N"], "currency": ["EUR"]}
        )
        more = with_value(KEY_ACCOUNT.replace(pipeline=deals), "pipeline.extra_deals", 1).pipeline
        assert more.ages == (5.0, 0.0)
        assert more.segment("region") == ("N", "(none)")
        assert more.without_age == ()
        unaged = with_value(KEY_ACCOUNT, "pipeline.extra_deals", 1).pipeline
        assert not unaged.ages_expected

    @pytest.mark.parametrize("count", [-1, 2.5, 100_001, True, "3", float("nan")])
    def test_what_is_no_number_of_deals_is_refused(self, count):
        with pytest.raises(fs.InputError, match="must be a whole number of at least 0"):
            with_value(KEY_ACCOUNT, "pipeline.extra_deals", count)

    @pytest.mark.parametrize(
        ("stage", "message"), [("contract", "not be the last"), ("meting", "'meeting'")]
    )
    def test_a_stage_that_takes_no_deals_is_refused(self, stage, message):
        for asked in (value_of, interval):
            with pytest.raises(fs.InputError, match=message):
                asked(KEY_ACCOUNT, f"pipeline.extra_deals.{stage}")

    def test_one_stage_is_named_once(self):
        counts = {"pipeline.extra_deals": 1, "pipeline.extra_deals.training": 2}
        with pytest.raises(fs.InputError, match="name each once"):
            with_values(KEY_ACCOUNT, counts)


def test_levers_start_from_the_fields_that_are_set_with_them_and_the_amount_holds_in_the_end():
    values = {
        "pipeline.amount": 6e5,
        "pipeline.extra_deals": 2,
        "funnel.win_rate": 0.2,
        "funnel.stages.proposal.win_probability": 0.6,
        "pipeline.deals.c.amount": 2e5,
        "required_pipeline": fs.RequiredPipeline("proposal", amount=1e5),
    }
    moved = with_values(KEY_ACCOUNT, values)
    assert moved == with_values(KEY_ACCOUNT, dict(reversed(values.items())))
    assert value_of(moved, "pipeline.amount") == pytest.approx(6e5, abs=0.03)
    assert value_of(moved, "pipeline.extra_deals") == 2
    proposal = moved.funnel.win_probabilities[0, 3]
    assert logits(proposal) - logits(0.6) == pytest.approx(logits(0.2) - logits(0.1))


@pytest.mark.parametrize("scenario", [KEY_ACCOUNT, UNSURE], ids=["certain", "draws"])
def test_each_lever_says_what_it_is(scenario):
    for name in lever_names(scenario):
        lever = lever_of(scenario, name)
        assert lever.read(scenario) == value_of(scenario, name)
        assert lever.read(scenario) in lever.allowed
        assert interval(scenario, name) == lever.allowed
        assert lever.unit
        assert lever.whole == name.startswith("pipeline.extra_deals")
        assert with_value(scenario, name, value_of(scenario, name)) is scenario


def test_deals_of_a_scenario_keep_their_draws_when_others_are_added():
    base = fs.simulate(KEY_ACCOUNT, paths=64)
    more = fs.simulate(with_value(KEY_ACCOUNT, "pipeline.extra_deals", 3), paths=64)
    assert (more.bookings.sum(axis=1) >= base.bookings.sum(axis=1)).all()
