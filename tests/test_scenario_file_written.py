"""What is written as a scenario file is read as an equal scenario; nothing is half written."""

import datetime as dt
import re
import tomllib

import numpy as np
import pytest
import scipy.stats
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim import read_scenario, write_scenario

SHORT = """\
as_of = 2026-12-31
[periods]
count = 4
[funnel]
preset = "key-account"
time = 30
"""
CSV = "id,stage,amount,region\nA1,training,100.5,N\nA2,Proposal,200,S\n"


@pytest.fixture
def save(tmp_path):
    def write(content, name="plan.toml"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


positive = st.floats(1e-3, 1e6)
chances = st.floats(0.05, 0.95)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).map(str.strip)
names = texts.filter(bool)
days = st.dates(dt.date(2020, 1, 1), dt.date(2026, 12, 31))


def _parameter(values, draws):
    several = st.lists(values, min_size=draws, max_size=draws).map(tuple)
    return values | several if draws > 1 else values


def _pareto_or_fixed(draws):
    return st.builds(fs.Fixed, _parameter(positive, draws)) | st.builds(
        fs.Pareto, alpha=_parameter(positive, draws), low=positive
    )


def _distributions(draws=1):
    def of(values):
        return _parameter(values, draws)

    cvs, sizes = st.floats(0.01, 10), st.floats(0.1, 1000)
    pert = st.tuples(sizes, sizes, sizes).map(sorted).filter(lambda one: one[0] < one[2])
    levels = st.lists(st.floats(0, 0.99), min_size=2, max_size=5, unique=True).map(sorted)
    return st.one_of(
        _pareto_or_fixed(draws),
        st.builds(fs.Exponential, of(positive)),
        st.builds(fs.Gamma, mean=of(positive), cv=of(cvs)),
        st.builds(fs.Gamma, shape=of(sizes), scale=positive),
        st.builds(fs.Lognormal, median=positive, sigma=of(cvs)),
        st.builds(fs.Lognormal, mean=of(positive), cv=cvs),
        st.builds(fs.Weibull, shape=of(cvs), scale=of(positive)),
        pert.map(lambda one: fs.Pert(low=one[0], mode=one[1], high=one[2])),
        st.lists(positive, min_size=1, max_size=5).map(fs.Sample),
        levels.map(lambda one: fs.Quantiles([(level, 100 * level) for level in one])),
        st.lists(positive, min_size=4, max_size=4).map(lambda one: fs.Discrete(one, [0.25] * 4)),
    )


def _amounts():
    return _distributions().filter(lambda law: law.ppf(0.5) < 1e13)


@st.composite
def _funnels(draw, draws):
    count = draw(st.integers(1, 4))
    called = draw(st.lists(names, min_size=count + 1, max_size=count + 1,
                           unique_by=lambda name: name.strip().casefold()))  # fmt: skip
    stages = [
        fs.Stage(
            name,
            conversion=draw(_parameter(chances, draws)),
            time=draw(_distributions(draws)),
            time_if_lost=draw(st.none() | _distributions(draws)),
            hours=draw(st.none() | positive),
        )
        for name in called[:-1]
    ]
    return fs.Funnel((*stages, fs.Stage(called[-1], win_probability=1)))


@st.composite
def _pipelines(draw, stages):
    count = draw(st.integers(0, 4))

    def column(values):
        return draw(st.lists(values, min_size=count, max_size=count))

    ids = draw(st.lists(names, min_size=count, max_size=count, unique=True))
    ages = column(st.none() | st.floats(0, 500))
    entered = [None if age is not None else draw(st.none() | days) for age in ages]
    regions = draw(st.lists(st.sampled_from(["region", "Größe", "a b", "product"]), unique=True))
    return fs.Pipeline(
        ids=tuple(ids),
        stages=tuple(column(st.sampled_from(stages))),
        amounts=tuple(column(st.integers(0, 2**50) | _distributions())),
        ages=tuple(ages),
        entered=tuple(entered),
        win_probabilities=tuple(column(st.none() | st.floats(0, 1))),
        close_dates=tuple(column(st.none() | st.dates(dt.date(2026, 1, 1)))),
        segments=tuple((one, tuple(column(names))) for one in regions) if count else (),
        ages_expected=bool(count) and draw(st.booleans()),
    )


@st.composite
def _clocks(draw):
    weekdays = ["monday", "saturday", "sunday"]
    push = st.builds(fs.QuarterEnd, st.integers(1, 30), st.floats(0.5, 3))
    return fs.Clock(
        weekend=draw(st.lists(st.sampled_from(weekdays), unique=True)),
        holidays=draw(st.lists(days, max_size=3)),
        season=draw(st.just([]) | st.lists(st.floats(0.1, 3), min_size=12, max_size=12)),
        quarter_end=draw(st.none() | push),
        fiscal_year_start=draw(st.integers(1, 12)),
    )


@st.composite
def _markets(draw, draws, segments):
    stated = draw(st.sampled_from(["correlation", "swing", "none"]))
    chosen = {}
    if stated == "correlation":
        chosen["win_rate_correlation"] = draw(_parameter(st.floats(0, 0.5), draws))
    elif stated == "swing":
        chosen["win_rate_swing"] = draw(st.floats(0, 1e-3))
    return fs.Market(
        **chosen,
        cycle_cv=draw(_parameter(st.floats(0, 1), draws)),
        amount_cv=draw(_parameter(st.floats(0, 1), draws)),
        segment_correlation={one: draw(st.floats(0, 0.1)) for one in segments},
        persistence=draw(st.floats(0, 1)),
    )


@st.composite
def _new_business(draw, draws, stages):
    rates = st.floats(0, 100)
    repeats = st.builds(fs.Repeat, st.floats(0, 0.9), _distributions(), st.none() | _amounts())
    common = {
        "amount": draw(st.none() | _amounts()),
        "stage": draw(st.none() | st.sampled_from(stages)),
        "repeat": draw(st.none() | repeats),
    }
    if draw(st.booleans()):
        numbers = st.integers(0, 20)
        several = st.lists(numbers, min_size=4, max_size=4)
        return fs.NewBusiness(draw(numbers | several), **common, planned=True)
    return fs.NewBusiness(
        draw(rates | st.lists(rates, min_size=4, max_size=4)),
        **common,
        dispersion=draw(st.floats(0, 5)),
        season=draw(st.just([]) | st.lists(st.floats(0.1, 3), min_size=12, max_size=12)),
        growth=draw(st.floats(-0.5, 0.5)),
        factor=draw(_parameter(st.floats(0, 3), draws)),
        market_swing=draw(st.floats(-1, 1)),
    )


def _required_pipelines(stages, amounts):
    return st.builds(
        fs.RequiredPipeline,
        stage=st.none() | st.sampled_from(stages),
        amount=amounts,
        day=st.floats(0, 500),
        confidence=chances | st.lists(chances, min_size=1, max_size=3),
        most=st.integers(1, 1000),
    )


@st.composite
def _scenarios(draw):
    draws = draw(st.sampled_from([1, 1, 3]))
    periods = draw(
        st.builds(
            fs.Periods,
            st.sampled_from(["day", "week", "month", "quarter", "year"]),
            st.just(4),
            fiscal_year_start=st.integers(1, 12),
        )
        | st.just(fs.Periods(edges=[0, 1.5, 90, 365, 1000]))
    )
    funnel = draw(_funnels(draws))
    pipeline = draw(_pipelines(funnel.names[:-1]))
    segments = draw(st.lists(st.sampled_from([name for name, _ in pipeline.segments]), unique=True)
                    if pipeline.segments else st.just([]))  # fmt: skip
    money = st.floats(0.01, 1e9)
    business = draw(st.none() | _new_business(draws, funnel.names[:-1]))
    known = business is not None and business.amount is not None
    extra = st.none() | _amounts() if known else _amounts()
    return fs.Scenario(
        name=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=8)),
        currency=draw(st.sampled_from(["", "CNY"])),
        as_of=draw(st.just(dt.date(2026, 12, 31))),
        periods=periods,
        funnel=funnel,
        pipeline=pipeline,
        quota=draw(st.none() | money | st.lists(money, min_size=4, max_size=4)),
        booked=draw(st.just(0) | money),
        market=draw(_markets(draws, segments)),
        clock=draw(_clocks()),
        new_business=business,
        required_pipeline=draw(st.none() | _required_pipelines(funnel.names[:-1], extra)),
    )


@given(scenario=_scenarios())
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_is_written_is_read_as_an_equal_scenario(tmp_path, scenario):
    path = tmp_path / "written.toml"
    write_scenario(scenario, path)
    again = read_scenario(path)
    assert again == scenario
    assert hash(again) == hash(scenario)
    assert list(again.market.segment_correlation) == list(scenario.market.segment_correlation)


def _scenario(**changes):
    return fs.Scenario(
        **{
            "as_of": "2026-12-31",
            "periods": fs.Periods(count=4),
            "funnel": fs.Funnel.key_account(time=30),
        }
        | changes
    )


@given(scenario=_scenarios())
@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_is_written_gives_the_same_forecast(tmp_path, scenario):
    write_scenario(scenario, tmp_path / "written.toml")
    again = read_scenario(tmp_path / "written.toml")
    assert _told(again) == _told(scenario)


def _told(scenario):
    """Return the answers, or what is said where amounts are too large to add up exactly."""
    try:
        return fs.simulate(scenario, paths=50).to_dict()
    except fs.InputError as error:
        return str(error)


def test_a_pipeline_of_a_file_is_written_as_that_file(save, tmp_path):
    save(CSV, "deals.csv")
    mapped = '[pipeline]\nfile = "deals.csv"\non_bad_rows = "skip"\ncolumns = { area = "region" }\n'
    sample = SHORT.replace("30", '{ sample = { file = "deals.csv", column = "amount" } }')
    scenario = read_scenario(save(sample + mapped))
    (tmp_path / "below").mkdir()
    written = tmp_path / "below" / "plan.toml"
    write_scenario(scenario, written)
    table = tomllib.loads(written.read_text("utf-8"))
    assert table["pipeline"] == {
        "file": "../deals.csv", "columns": {"area": "region"}, "on_bad_rows": "skip",
    }  # fmt: skip
    assert table["funnel"]["stages"][0]["time"]["sample"]["file"] == "../deals.csv"
    assert read_scenario(written) == scenario


def test_a_file_that_says_something_else_by_now_is_not_referred_to(save):
    save(CSV, "deals.csv")
    path = save(SHORT + '[pipeline]\nfile = "deals.csv"\n')
    scenario = read_scenario(path)
    part = scenario.replace(pipeline=scenario.pipeline.where([True, False]))
    save(CSV.replace("200", "300"), "deals.csv")
    for one in (part, scenario):
        write_scenario(one, path)
        assert "deals.csv" not in path.read_text("utf-8")
        assert read_scenario(path) == one


def test_deals_of_a_dataframe_are_written_one_by_one(tmp_path):
    frame = {
        "stage": ["training", "proposal"],
        "amount": [np.float64(70368744177664.01), 0.29],
        "age": [None, None],
        "owner": ["Li", None],
        "Area": ["N", "S"],
    }
    pipeline = fs.Pipeline.from_frame(frame, region="Area")
    assert pipeline.without_age == ("1", "2")
    path = tmp_path / "plan.toml"
    write_scenario(_scenario(pipeline=pipeline), path)
    assert read_scenario(path).pipeline == pipeline
    assert read_scenario(path).pipeline.without_age == ("1", "2")


def test_every_cent_of_an_amount_is_kept(tmp_path):
    path = tmp_path / "plan.toml"
    for cents in (2**53 - 2, 7_500_000_000_000_001, 29, 0):
        pipeline = fs.Pipeline(ids=("a",), stages=("training",), amounts=(cents,))
        write_scenario(_scenario(pipeline=pipeline), path)
        assert read_scenario(path).pipeline.amounts == (cents,)


def test_no_deals_are_written_as_no_deals(tmp_path):
    none = fs.Pipeline.from_frame({"stage": ["training"], "amount": [1], "region": ["N"]})
    write_scenario(_scenario(pipeline=none.where([False])), tmp_path / "plan.toml")
    assert len(read_scenario(tmp_path / "plan.toml").pipeline) == 0


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        (_scenario(funnel=fs.Funnel.key_account(time=scipy.stats.gamma(2, scale=10))),
         "distribution must be one that a scenario file can hold"),
        (_scenario(name="\ud800"), "text of the scenario must be Unicode"),
        (_scenario(pipeline=fs.Pipeline(("a",), ("training",), (1,),
                                        segments=(("amounts", ("x",)),))),
         "the scenario must be one that a scenario file can hold; key of a deal must be a field"),
        ("a scenario", "scenario must be a Scenario, got 'a scenario'"),
    ],
)  # fmt: skip
def test_what_no_file_can_hold_is_refused_and_nothing_is_written(tmp_path, scenario, expected):
    path = tmp_path / "plan.toml"
    path.write_text("before")
    with pytest.raises(fs.InputError, match=re.escape(expected)):
        write_scenario(scenario, path)
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["plan.toml"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    for path, reason in [
        (tmp_path, "it is a folder"),
        (tmp_path / "no" / "plan.toml", "there is no folder"),
        ("", "a name is missing"),
    ]:
        with pytest.raises(fs.InputError, match=f"file that can be written; {reason}"):
            write_scenario(_scenario(), path)


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.toml").write_text("")
    link = tmp_path / "link.toml"
    link.symlink_to("real.toml")
    write_scenario(_scenario(), link)
    assert link.is_symlink()
    assert read_scenario(tmp_path / "real.toml") == _scenario()
