"""Scenarios for tests of workbooks."""

from pathlib import Path

import funnelsim as fs
from funnelsim.team import Rep, Role, Team, Work

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name):
    return fs.read_scenario(EXAMPLES / name / "scenario.toml")


def team_of(first="account executive", second="engineer"):
    roles = [
        Role(first, ramp=[0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9], attrition=0.2, quota=600_000,
             backfill=fs.Gamma(mean=60, cv=0.5), attainment_factor=0.85, cost=200_000),
        Role(second, hours_per_week=30, quota=150_000),
    ]  # fmt: skip
    reps = [
        Rep(first, count=3),
        Rep(first, count=2, start="2027-04-01", delay=fs.Gamma(mean=30, cv=0.4), quota=500_000),
        Rep(second, name="Kim", leave="2027-10-31"),
    ]
    work = {"proposal": Work(fs.Lognormal(mean=12, cv=0.3), role=second), "meeting": Work(3)}
    return Team(roles, reps, work=work, order="stage", stale=0.01, over_assignment=1.1)


def with_team():
    """The key accounts with amounts on a grid, quotas per period, and a team."""
    base = example("key-account")
    deals = base.pipeline.where([name != "KA-06" for name in base.pipeline.ids])
    return base.replace(pipeline=deals, team=team_of(), quota=[250_000.0] * 12)


def everything():
    """A scenario that fills nearly every cell there is."""
    return fs.Scenario(
        name="all of it",
        currency="EUR",
        as_of="2026-12-31",
        quota=[1e6 / 3, 2e6],
        booked=0.1 + 0.2,
        periods=fs.Periods("quarter", 2, fiscal_year_start=4),
        clock=fs.Clock(
            weekend=["sat", "sun"],
            holidays=["2027-01-01", "2027-12-25"],
            season=[1, 0.5, 1, 1, 1, 1, 1, 0.5, 1, 1, 1, 1 / 3],
            quarter_end=fs.QuarterEnd(14, 3.0),
            fiscal_year_start=2,
        ),
        funnel=fs.Funnel([
            fs.Stage("a", conversion=[0.3, 0.1 + 0.2], time=fs.Exponential(mean=20), hours=3),
            fs.Stage("b", conversion=[0.5, 0.6], time=fs.Weibull(shape=1.5, scale=30),
                     time_if_lost=fs.Sample([1, 2.5, 40])),
            fs.Stage("c", win_probability=1),
        ]),
        pipeline=fs.Pipeline.from_deals([
            {"id": "1", "stage": "a", "amount": 90071992547409.91, "age": 3.5, "owner": "Kim"},
            {"id": "2", "stage": "b", "amount": {"lognormal": {"p10": 2e5, "p90": 5e5}},
             "win_probability": 0.25, "close_date": "2027-03-15", "currency": "EUR",
             "region": "2026"},
            {"id": "3", "stage": "b", "amount": 0.01, "entered": "2026-12-01"},
        ]),
        market=fs.Market(
            win_rate_correlation=[0.05, 0.06], cycle_cv=0.2, amount_cv=0.1, persistence=0.7,
            segment_correlation={"region": 0.03, "owner": 0.02},
        ),
        new_business=fs.NewBusiness(
            [8, 7.5], fs.Lognormal(mean=3e5, cv=0.6), stage="a", dispersion=0.1, growth=-0.1,
            factor=[0.9, 1.1], market_swing=0.15, season=[1] * 11 + [2],
            repeat=fs.Repeat(0.2, fs.Gamma(mean=180, cv=0.5), 2e5),
        ),
        required_pipeline=fs.RequiredPipeline("b", fs.Pert(low=1, mode=2, high=4), 30.5, [0.8]),
    )  # fmt: skip
