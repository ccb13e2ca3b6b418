"""What a reader should know about the deals: counted, named, with what was done."""

import pytest

import funnelsim as fs

AS_OF = "2026-12-31"


def warnings_of(rows, *, time=30, time_if_lost=None, on_bad_rows="raise", conversion=0.5):
    funnel = fs.Funnel(
        [
            fs.Stage("lead", conversion=conversion, time=time, time_if_lost=time_if_lost),
            fs.Stage("offer", conversion=0.5, time=fs.Gamma(mean=30, cv=1)),
            fs.Stage("won", win_probability=1),
        ]
    )
    deals = fs.Pipeline.from_deals(rows, on_bad_rows=on_bad_rows) if rows else fs.Pipeline()
    scenario = fs.Scenario(
        as_of=AS_OF, periods=fs.Periods("quarter", 1), funnel=funnel, pipeline=deals
    )
    return fs.simulate(scenario, paths=2).warnings


def deal(name, **given):
    return {"id": name, "stage": "lead", "amount": 1, **given}


def test_a_fine_pipeline_has_no_warnings():
    assert warnings_of([deal("A", age=3), deal("B", age=0, close_date="2027-01-01")]) == []


def test_deals_older_than_their_times():
    rows = [deal("A", age=29.9), deal("B", age=30), deal("C", age=400)]
    [found] = warnings_of(rows)
    assert (found.code, found.ids, found.count) == ("deal-older-than-its-times", ("B", "C"), 2)
    assert found.message == (
        "deals older than the times in stage allow: kept at their chance, going on at once"
    )


def test_deals_that_could_only_have_been_lost():
    rows = [deal("A", age=5), deal("B", age=35), deal("C", age=60)]
    old, past = warnings_of(rows, time=30, time_if_lost=50)
    assert (past.code, past.ids) == ("deal-cannot-go-forward", ("B",))
    assert (old.code, old.ids) == ("deal-older-than-its-times", ("C",))
    assert "counted as lost" in past.message


def test_with_a_conversion_of_1_a_deal_past_its_time_is_not_lost():
    [found] = warnings_of([deal("A", age=35)], time=30, time_if_lost=50, conversion=1.0)
    assert found.code == "deal-older-than-its-times"


def test_a_judged_deal_that_is_past_its_time_goes_on_at_once():
    rows = [deal("A", age=35, win_probability=0.4)]
    [found] = warnings_of(rows, time=30, time_if_lost=50)
    assert (found.code, found.ids) == ("deal-older-than-its-times", ("A",))


def test_times_that_go_on_for_ever_make_a_deal_very_old():
    rows = [deal("A", age=200), deal("B", age=210), deal("C", age=5000)]
    [found] = warnings_of(rows, time=fs.Exponential(30))  # exp(-210 / 30) is 0.0009
    assert (found.code, found.ids) == ("deal-very-old", ("B", "C"))
    assert "check when they entered it" in found.message


def test_an_age_is_not_rare_where_losing_takes_as_long():
    lost = fs.Exponential(300)
    assert warnings_of([deal("A", age=210)], time=fs.Exponential(30), time_if_lost=lost) == []


def test_deals_older_than_any_time_if_lost():
    rows = [deal("A", age=59), deal("B", age=60), deal("C", age=60, win_probability=0.2)]
    [found] = warnings_of(rows, time=fs.Exponential(90), time_if_lost=60)
    assert (found.code, found.ids) == ("deal-cannot-be-lost", ("B",))
    assert warnings_of(rows, time=fs.Exponential(90), time_if_lost=60, conversion=1) == []


def test_close_dates_that_are_past():
    rows = [deal("A", close_date="2026-12-31"), deal("B", close_date="2027-01-01"),
            deal("C", close_date="2020-01-01")]  # fmt: skip
    [found] = warnings_of(rows)
    assert (found.code, found.ids) == ("close-date-past", ("A", "C"))
    assert found.message == (
        "deals whose stated close date is not after 2026-12-31: the date is ignored"
    )


def test_deals_without_an_age_where_others_have_one():
    [found] = warnings_of([deal("A", age=3), deal("B"), deal("C", entered="2026-12-20")])
    assert (found.code, found.ids) == ("deal-without-age", ("B",))
    assert warnings_of([deal("A"), deal("B")]) == []  # no such column: nothing is missing


def test_rows_that_were_left_out():
    rows = [
        deal("A"),
        deal("B", amount="x", win_probability=45),
        deal("C", stage="laed"),
        deal("D"),
    ]
    [found] = warnings_of(rows, on_bad_rows="skip")
    assert (found.code, found.ids, found.count) == ("rows-skipped", ("2", "3"), 2)


def test_rows_are_in_order_of_their_number():
    rows = [deal(f"d{i}", amount=-1) for i in range(12)] + [deal("fine")]
    [found] = warnings_of(rows, on_bad_rows="skip")
    assert found.ids == tuple(str(row) for row in range(1, 13))


def test_no_deals_at_all():
    [found] = warnings_of([])
    assert (found.code, found.ids, found.count) == ("no-deals", (), 0)


def test_no_deal_that_can_be_used():
    codes = [one.code for one in warnings_of([deal("A", amount=-1)], on_bad_rows="skip")]
    assert codes == ["no-deals", "rows-skipped"]


def test_as_the_json_answer_holds_it():
    found = fs.Caution("close-date-past", ("A1", "B7"), "ignored")
    assert found.to_dict() == {
        "code": "close-date-past", "count": 2, "ids": ["A1", "B7"], "message": "ignored",
    }  # fmt: skip


@pytest.mark.parametrize("paths", [2, 500])
def test_warnings_are_those_of_the_scenario_not_of_the_paths(paths):
    scenario = fs.Scenario(
        as_of=AS_OF, periods=fs.Periods("quarter", 1), funnel=fs.Funnel.key_account(time=30),
        pipeline=fs.Pipeline.from_deals([{"id": "A", "stage": "meeting", "amount": 1, "age": 31}]),
    )  # fmt: skip
    [found] = fs.simulate(scenario, paths=paths).warnings
    assert found.ids == ("A",)
    assert fs.simulate(scenario, paths=paths).to_dict()["warnings"] == [found.to_dict()]


def test_amounts_without_a_finite_variance():
    rows = [deal("A", amount=fs.Pareto(alpha=1.161, low=10)),
            deal("B", amount=fs.Pareto(alpha=2.5, low=10))]  # fmt: skip
    [found] = warnings_of(rows)
    assert (found.code, found.ids) == ("amount-without-variance", ("A",))


# --- deals that do not exist yet ---


def codes_of(business=None, required=None):
    """Return what is warned of where no deal is open, by code."""
    scenario = fs.Scenario(
        as_of=AS_OF, periods=fs.Periods("quarter", 2), funnel=fs.Funnel.key_account(time=30),
        new_business=business, required_pipeline=required,
    )  # fmt: skip
    return {one.code: one.ids for one in fs.simulate(scenario, paths=2).warnings}


def test_new_business_without_an_open_deal_is_fine():
    assert codes_of(fs.NewBusiness(8, 1)) == {}
    assert codes_of(fs.NewBusiness([0, 8], 1)) == {}
    assert codes_of(fs.NewBusiness([0, 0], 1)) == {"no-deals": ()}
    assert codes_of(fs.NewBusiness(8, 1, factor=0)) == {"no-deals": ()}


def test_no_deal_is_the_usual_start_of_asking_how_many_are_required():
    assert codes_of(required=fs.RequiredPipeline(amount=1)) == {}


def test_new_business_that_books_nothing():
    code, whole = "new-business-without-amount", "new_business"
    assert codes_of(fs.NewBusiness(8)) == {code: (whole,)}
    assert codes_of(fs.NewBusiness(8, repeat=fs.Repeat(0.3, 9))) == {
        code: (whole, "new_business.repeat")
    }
    assert codes_of(fs.NewBusiness(8, repeat=fs.Repeat(0.3, 9, 1))) == {code: (whole,)}
    assert codes_of(fs.NewBusiness(8, repeat=fs.Repeat(0, 9))) == {code: (whole,)}
    assert codes_of(fs.NewBusiness(8, 1, repeat=fs.Repeat(0.3, 9))) == {}


def test_shares_that_look_like_percent():
    assert codes_of(fs.NewBusiness(8, 1, growth=10, dispersion=0.4)) == {
        "share-very-large": ("new_business.growth",)
    }
    assert codes_of(fs.NewBusiness(8, 1, growth=0.5, dispersion=30)) == {
        "share-very-large": ("new_business.dispersion",)
    }
    scenario = fs.Scenario(
        as_of=AS_OF, periods=fs.Periods("quarter", 2), funnel=fs.Funnel.key_account(time=30),
        new_business=fs.NewBusiness(8, 1), market=fs.Market(cycle_cv=20, amount_cv=[0.1, 10]),
    )  # fmt: skip
    (found,) = fs.simulate(scenario, paths=2).warnings
    assert found.ids == ("market.cycle_cv", "market.amount_cv")


def test_amounts_of_new_deals_without_a_finite_variance():
    wild, tame = fs.Pareto(alpha=2, low=10), fs.Pareto(alpha=2.1, low=10)
    code = "amount-without-variance"
    assert codes_of(fs.NewBusiness(8, wild)) == {code: ("new_business",)}
    assert codes_of(fs.NewBusiness(8, tame, repeat=fs.Repeat(0.1, 9, wild))) == {
        code: ("new_business.repeat",)
    }
    assert codes_of(fs.NewBusiness(8, 1), fs.RequiredPipeline(amount=wild)) == {
        code: ("required_pipeline",)
    }
    assert codes_of(fs.NewBusiness(8, tame), fs.RequiredPipeline(amount=tame)) == {}


def test_what_people_do_not_limit_is_said():
    scenario = fs.Scenario(
        as_of=AS_OF,
        periods=fs.Periods("quarter", 1),
        funnel=fs.Funnel.key_account(time=30),
        pipeline=fs.Pipeline.from_deals([{"id": "A", "stage": "proposal", "amount": 1}]),
        team=fs.Team([fs.Role("rep", quota=1e6)], [fs.Rep("rep", count=2)]),
    )
    assert fs.simulate(scenario, paths=2).warnings == []
    busy = fs.Team([fs.Role("rep", creates=2)], [fs.Rep("rep")], work={"proposal": 8})
    new = fs.NewBusiness(0, 1)
    [found] = fs.simulate(scenario.replace(team=busy, new_business=new), paths=2).warnings
    assert found.code == "people-limit-paths-only"
    assert found.ids == ("team.work", "team.roles.creates")


def of_people(code, scenario):
    found = {one.code: one for one in fs.simulate(scenario, paths=4).warnings}
    return found[code].ids if code in found else ()


def team_of(**how):
    reps = [fs.Rep("rep", name="Kim"), fs.Rep("rep", start="2030-01-01")]
    return fs.Team([fs.Role("rep")], reps, work={"proposal": 2}, **how)


def with_owners(team):
    rows = [
        {"id": "A", "stage": "meeting", "amount": 5, "owner": "kim", "close_date": "2027-03-01"},
        {"id": "B", "stage": "meeting", "amount": 5, "owner": "Kmi"},
    ]
    return fs.Scenario(
        as_of="2026-12-31",
        periods=fs.Periods("quarter", 1),
        funnel=fs.Funnel.key_account(time=30),
        pipeline=fs.Pipeline.from_deals(rows),
        team=team,
    )


def test_deals_whose_owner_is_no_rep_are_named():
    assert of_people("owner-is-no-rep", with_owners(team_of(by="owner"))) == ("B",)
    assert of_people("owner-is-no-rep", with_owners(team_of())) == ()


def test_deals_without_a_due_date_are_named():
    assert of_people("deal-without-due-date", with_owners(team_of(order="due-date"))) == ("B",)
    assert of_people("deal-without-due-date", with_owners(team_of())) == ()


def test_reps_who_are_never_there_are_named():
    assert of_people("rep-never-there", with_owners(team_of())) == ("team.reps 2 (rep)",)
    gone = fs.Team([fs.Role("rep")], [fs.Rep("rep", name="Kim", leave="2026-12-31")])
    assert of_people("rep-never-there", with_owners(gone)) == ("Kim",)


def test_attrition_that_looks_like_percent_is_named():
    team = fs.Team([fs.Role("rep", attrition=20)], [fs.Rep("rep")])
    assert of_people("share-very-large", with_owners(team)) == ("team.roles.rep.attrition",)
