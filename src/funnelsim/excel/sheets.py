"""The sheets that hold assumptions: one for each section of a scenario file, with its names."""

from __future__ import annotations

from dataclasses import replace

from funnelsim.clock import WEEKDAYS
from funnelsim.excel.layout import Entry, Fields, Rows, Sheet
from funnelsim.funnel import KEY_ACCOUNT_STAGES
from funnelsim.periods import KINDS
from funnelsim.team import BY, ORDERS

AMOUNT = Entry(
    "amount", "money", "currency units", "mean amount of a deal", 300_000, low=0.0, law=True
)
STAGE = Entry(
    "stage", "text", "", "the stage that they enter; by default the first", named_in="Funnel"
)
SEASON = Entry(
    "season",
    "number",
    "",
    "12 weights, for January to December, of which only the ratios count",
    (1, 0.5, 1, 1, 1, 1, 1, 0.5, 1, 1, 1, 1),
    low=0.0,
    many=True,
)
YEAR_START = Entry(
    "fiscal_year_start", "whole", "month", "first month of fiscal years; by default 1",
    4, low=1, high=12,
)  # fmt: skip

SCENARIO = Fields(
    "Scenario",
    (),
    "What is to be forecast. Values go into the yellow cells; what is left empty is as by default.",
    (
        Entry("name", "text", "", "what the scenario is called", "Plan 2027"),
        Entry("currency", "text", "", "the one currency of all amounts", "EUR"),
        Entry(
            "as_of", "date", "date",
            "needed: the day the forecast is made, to its end; nothing later is known",
            "2026-12-31",
        ),
        Entry(
            "quota", "money", "currency units",
            "bookings to reach over the horizon; or one number per period, to the right",
            3_000_000, low=0.0, many=True,
        ),
        Entry(
            "booked", "money", "currency units",
            "bookings signed already, which count in the first period", 300_000, low=0.0,
        ),
    ),
)  # fmt: skip

PERIODS = Fields(
    "Periods",
    ("periods",),
    "The windows that bookings are counted in; the first is what remains after the as-of date.",
    (
        Entry("every", "choice", "", "length of a period; by default month", "quarter", KINDS),
        Entry("count", "whole", "periods", "how many; by default 12", 4, low=1, high=10_000),
        YEAR_START,
        Entry(
            "edges", "number", "days",
            "instead of every and count: day numbers after the as-of date, from 0",
            (0, 90, 180), low=0.0, many=True, listed=True,
        ),
    ),
)  # fmt: skip

CLOCK = Fields(
    "Clock",
    ("clock",),
    "On which days deals make progress. Empty: on all days alike.",
    (
        Entry(
            "weekend", "choice", "days of the week", "days without progress",
            ("saturday", "sunday"), WEEKDAYS, many=True, listed=True,
        ),
        Entry(
            "holidays", "date", "dates", "dates without progress",
            ("2027-01-01", "2027-12-25"), many=True, listed=True,
        ),
        replace(SEASON, listed=True),
        Entry(
            "quarter_end.days", "whole", "days", "length of a push at the end of quarters",
            14, low=1, high=92,
        ),
        Entry("quarter_end.weight", "number", "", "weight of its days", 3, low=0.0),
        YEAR_START,
    ),
)  # fmt: skip

FUNNEL = Rows(
    "Funnel",
    ("funnel", "stages"),
    "A row for each stage, in order; the last is closed-won, with a win probability of 100 % and no"
    " time.",
    (
        Entry("name", "text", "", "needed: as deals name it", KEY_ACCOUNT_STAGES[3]),
        Entry(
            "win_probability", "share", "",
            "chance that a deal entering the stage is won in the end", 0.5, low=0.0, high=1.0,
        ),
        Entry(
            "conversion", "share", "", "instead of it: the chance to go on to the next stage",
            0.625, low=0.0, high=1.0, many=True,
        ),
        Entry(
            "time", "number", "days", "mean days in the stage if the deal goes on", 30,
            low=0.0, law=True,
        ),
        Entry(
            "time_if_lost", "number", "days", "mean days if it is lost; empty: as time", 60,
            low=0.0, law=True,
        ),
        Entry("hours", "number", "hours", "hours of work of a deal in the stage", 12, low=0.0),
    ),
    ("name",),
)  # fmt: skip

PIPELINE = Rows(
    "Pipeline",
    ("pipeline", "deals"),
    "The deals that are open on the as-of date. Any other column, such as region, is a segment.",
    (
        Entry("id", "text", "", "what the deal is called; its random numbers hang on it", "A-17"),
        Entry("stage", "text", "", "needed: where it stands", "proposal", named_in="Funnel"),
        Entry(
            "amount", "money", "currency units",
            "needed; or { lognormal = { p10 = 2e5, p90 = 5e5 } }",
            300_000, low=0.0,
        ),
        Entry("entered", "date", "date", "the day it entered the stage", "2026-12-01"),
        Entry("age", "number", "days", "instead of it: days since", 30, low=0.0),
        Entry(
            "win_probability", "share", "", "a judgement in place of the stage's chance",
            0.25, low=0.0, high=1.0,
        ),
        Entry("close_date", "date", "date", "the day it closes if it is won", "2027-03-15"),
        Entry("owner", "text", "", "whose deal it is", "Kim"),
    ),
    ("stage", "amount"),
    free=True,
    spare=200,
)  # fmt: skip

NEW_BUSINESS = Fields(
    "New business",
    ("new_business",),
    "Deals that will be created after the as-of date. Empty: there are none.",
    (
        Entry(
            "per_period", "number", "deals",
            "mean number created in a period; or one number for each, to the right",
            8, low=0.0, many=True,
        ),
        AMOUNT,
        STAGE,
        Entry(
            "dispersion", "number", "",
            "the variance is mean + dispersion * mean^2; by default 0", 0.1, low=0.0,
        ),
        SEASON,
        Entry("growth", "share", "a year", "growth of the rate per year; by default 0", 0.1),
        Entry(
            "factor", "number", "",
            "multiplies all rates; several values say how unsure the rate is; by default 1",
            (0.85, 1, 1.15), low=0.0, many=True,
        ),
        Entry(
            "market_swing", "share", "",
            "one standard deviation of the rate that moves with the market; by default 0", 0.15,
        ),
        Entry("planned", "flag", "", "TRUE: exactly so many deals in each period", False),
        Entry(
            "repeat.mean", "number", "wins", "mean number of further wins that a win opens",
            0.2, low=0.0, high=1.0,
        ),
        Entry(
            "repeat.delay", "number", "days", "mean days from a win to one that it opens",
            180, low=0.0, law=True,
        ),
        replace(AMOUNT, name="repeat.amount", rule="mean amount of it; by default as amount"),
    ),
)  # fmt: skip

MARKET = Fields(
    "Market",
    ("market",),
    "What all deals share. Empty: every deal is on its own.",
    (
        Entry(
            "win_rate_correlation", "number", "", "correlation of two deals' luck, from 0 to 1",
            0.05, low=0.0, high=1.0, many=True,
        ),
        Entry(
            "win_rate_swing", "number", "",
            "instead of it: one standard deviation of the yearly win rate of the first stage",
            0.04, low=0.0, high=0.5,
        ),
        Entry(
            "cycle_cv", "number", "", "how far all cycles may be off together: sd over mean",
            0.2, low=0.0, many=True,
        ),
        Entry(
            "amount_cv", "number", "", "how far all amounts may be off together: sd over mean",
            0.1, low=0.0, many=True,
        ),
        Entry(
            "persistence", "number", "",
            "how much of the market goes on from year to year; by default 1",
            0.7, low=0.0, high=1.0,
        ),
        Entry(
            "segment_correlation.region", "number", "",
            "what deals of one region share beside it; a row for each column of segments",
            0.03, low=0.0, high=1.0,
        ),
    ),
    prefix="segment_correlation.",
)  # fmt: skip

REQUIRED_PIPELINE = Fields(
    "Required pipeline",
    ("required_pipeline",),
    "What extra deals would be, where it is asked how many are needed. Empty: it is not asked.",
    (
        STAGE,
        replace(AMOUNT, rule="mean amount of a deal; by default that of new business"),
        Entry(
            "day", "number", "days", "they enter so many days after the as-of date; by default 0",
            90, low=0.0,
        ),
        Entry(
            "confidence", "share", "", "with which the quota is to be reached", (0.5, 0.8, 0.9),
            low=0.0, high=1.0, many=True,
        ),
        Entry("most", "whole", "deals", "give up beyond so many; by default 100,000", 100_000,
              low=1, high=10_000_000),
    ),
)  # fmt: skip

TEAM = Fields(
    "Team",
    ("team",),
    "How the people on the sheets Roles and Reps share the work. Empty: hours have no limit.",
    (
        Entry("order", "choice", "", "which waiting deal is next; by default first-come",
              "first-come", ORDERS),
        Entry("by", "choice", "", "whether any rep of a role works on a deal, or its owner alone",
              "pool", BY),
        Entry("stale", "number", "a day", "hazard that a waiting deal is lost; by default 0",
              0.01, low=0.0, high=100.0),
        Entry("over_assignment", "number", "", "street quota that is planned for 1 of the target",
              1.15, low=0.0),
    ),
)  # fmt: skip

ROLES = Rows(
    "Roles",
    ("team", "roles"),
    "A row for each kind of rep. Empty: there is no team, and hours have no limit.",
    (
        Entry("name", "text", "", "needed: what the role is called", "account executive"),
        Entry("hours_per_week", "number", "hours", "selling hours; by default 40", 40,
              low=0.0, high=168.0),
        Entry("ramp", "share", "", "share of full productivity in month", (0, 0.25, 0.5, 0.75),
              low=0.0, high=1.0, spread=6),
        Entry("attrition", "number", "a year", "leavers per seat; by default 0", 0.2,
              low=0.0, high=100.0),
        Entry("backfill", "number", "days", "mean days until a seat is filled again; empty: never",
              60, low=0.0, law=True),
        Entry("quota", "money", "a year", "quota of a fully ramped rep", 600_000, low=0.0),
        Entry("attainment_factor", "share", "", "part of it that is expected; by default 100 %",
              0.85, low=0.0, high=10.0),
        Entry("cost", "money", "a year", "cost of a filled seat", 180_000, low=0.0),
        Entry("creates", "number", "deals", "deals a fully productive rep creates per period", 2,
              low=0.0),
    ),
    ("name", "hours_per_week"),
)  # fmt: skip

REPS = Rows(
    "Reps",
    ("team", "reps"),
    "A row for each rep, or for several alike; hires have a start after the as-of date.",
    (
        Entry("role", "text", "", "needed: one of the sheet Roles", "account executive",
              named_in="Roles"),
        Entry("name", "text", "", "whose deals these are; one rep alone", "Kim"),
        Entry("count", "whole", "reps", "how many alike; by default 1", 3, low=1, high=10_000),
        Entry("start", "date", "date", "first day; empty: there already, and fully ramped",
              "2027-04-01"),
        Entry("leave", "date", "date", "known last day", "2027-09-30"),
        Entry("delay", "number", "days", "mean days that a hire comes late", 30, low=0.0,
              law=True),
        Entry("quota", "money", "a year", "instead of the role's", 700_000, low=0.0),
        Entry("ramped", "whole", "months", "of ramp that are done", 2, low=0, high=120),
    ),
    ("role", "count"),
    spare=40,
)  # fmt: skip

WORK = Rows(
    "Work",
    ("team", "work"),
    "What a deal takes in a stage. A stage that is not here takes the hours of the sheet Funnel.",
    (
        Entry("stage", "text", "", "needed", "proposal", named_in="Funnel"),
        Entry("hours", "number", "hours", "needed: mean hours of one rep", 12, low=0.0, law=True),
        Entry("role", "text", "", "whose work it is; by default that of the first role",
              "account executive", named_in="Roles"),
    ),
    ("stage", "hours"),
    keyed="stage",
)  # fmt: skip

SHEETS: tuple[Sheet, ...] = (
    SCENARIO,
    PERIODS,
    CLOCK,
    FUNNEL,
    PIPELINE,
    NEW_BUSINESS,
    MARKET,
    REQUIRED_PIPELINE,
    TEAM,
    ROLES,
    REPS,
    WORK,
)
