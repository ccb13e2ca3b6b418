"""Scenario files: what is right is read, what is wrong is named with its line, nothing is lost."""

import datetime as dt
import tomllib

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim import read_scenario

TOP = "as_of = 2026-12-31\n"
PERIODS = "[periods]\ncount = 4\n"
FUNNEL = '[funnel]\npreset = "key-account"\ntime = 30\n'
BASE = TOP + PERIODS + FUNNEL  # six lines
CSV = "id,stage,amount,region\nA1,training,100.5,N\nA2,Proposal,200,S\n"
WHOLE = """\
name = "Key accounts 2027"
currency = "CNY"
as_of = 2026-12-31
quota = 3_000_000              # over the horizon
booked = 450_000

[periods]
every = "month"
count = 12
fiscal_year_start = 4

[clock]
weekend = ["saturday", "sunday"]
holidays = [2027-01-01, "2027-12-25"]
quarter_end = { days = 14, weight = 3.0 }

[funnel]
[[funnel.stages]]
name = "training"
win_probability = 0.10
time = { lognormal = { median = 30, sigma = 0.5 } }
time_if_lost = { exponential = { mean = 60 } }
hours = 6
[[funnel.stages]]
name = "talks"
conversion = [0.4, 0.5]
time = { quantiles = { "0.1" = 10, "0.5" = 30, "0.9" = 80 } }
[[funnel.stages]]
name = "signed"
win_probability = 1

[pipeline]
on_bad_rows = "skip"
[[pipeline.deals]]
id = "A1"
stage = "Training"
amount = { lognormal = { mean = 300_000, cv = 0.6 } }
entered = 2026-11-30
region = "North"
[[pipeline.deals]]
id = "A2"
stage = "talks"
amount = 12.5
age = 12
win_probability = 0.45
close_date = 2027-03-01

[new_business]
per_period = [8, 8, 8, 9, 9, 9, 10, 10, 10, 11, 11, 12]
stage = "Talks"
amount = { lognormal = { mean = 300_000, cv = 0.6 } }
dispersion = 0.5
season = [1, 1, 1, 1, 1, 1, 0.5, 0.5, 1, 1, 1, 2]
growth = 0.1
factor = [0.9, 1.1]
market_swing = -0.2
[new_business.repeat]
mean = 0.3
delay = { gamma = { mean = 180, cv = 0.6 } }
amount = 100_000

[required_pipeline]
stage = "training"
amount = { pareto = { alpha = 3, low = 200_000 } }
day = 30
confidence = [0.5, 0.8]
most = 5_000

[market]
win_rate_correlation = [0.05, 0.1]
persistence = 0.7
cycle_cv = 0.2
segment_correlation = { region = 0.03 }
"""


@pytest.fixture
def save(tmp_path):
    def write(content, name="plan.toml"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


# --- what is right ---


def test_every_part_of_a_file_is_read(save):
    scenario = read_scenario(save(WHOLE))
    assert scenario == fs.Scenario(
        name="Key accounts 2027",
        currency="CNY",
        as_of="2026-12-31",
        quota=3_000_000,
        booked=450_000,
        periods=fs.Periods("month", 12, fiscal_year_start=4),
        clock=fs.Clock(
            weekend=["sat", "sun"],
            holidays=["2027-01-01", "2027-12-25"],
            quarter_end=fs.QuarterEnd(14, 3.0),
            fiscal_year_start=4,
        ),
        funnel=fs.Funnel(
            (
                fs.Stage(
                    "training",
                    win_probability=0.1,
                    time=fs.Lognormal(median=30, sigma=0.5),
                    time_if_lost=fs.Exponential(60),
                    hours=6,
                ),
                fs.Stage(
                    "talks",
                    conversion=[0.4, 0.5],
                    time=fs.Quantiles({0.1: 10, 0.5: 30, 0.9: 80}),
                ),
                fs.Stage("signed", win_probability=1),
            )
        ),
        pipeline=fs.Pipeline(
            ids=("A1", "A2"),
            stages=("training", "talks"),
            amounts=(fs.Lognormal(mean=300_000, cv=0.6), 1250),
            ages=(None, 12.0),
            entered=(dt.date(2026, 11, 30), None),
            win_probabilities=(None, 0.45),
            close_dates=(None, dt.date(2027, 3, 1)),
            segments=(("region", ("North", "(none)")),),
        ),
        new_business=fs.NewBusiness(
            [8, 8, 8, 9, 9, 9, 10, 10, 10, 11, 11, 12],
            fs.Lognormal(mean=300_000, cv=0.6),
            stage="talks",
            dispersion=0.5,
            season=[1] * 6 + [0.5, 0.5, 1, 1, 1, 2],
            growth=0.1,
            factor=[0.9, 1.1],
            market_swing=-0.2,
            repeat=fs.Repeat(0.3, fs.Gamma(mean=180, cv=0.6), 100_000),
        ),
        required_pipeline=fs.RequiredPipeline(
            "training", fs.Pareto(alpha=3, low=200_000), 30, (0.5, 0.8), 5000
        ),
        market=fs.Market(
            win_rate_correlation=[0.05, 0.1],
            cycle_cv=0.2,
            segment_correlation={"region": 0.03},
            persistence=0.7,
        ),
    )


def test_a_short_file_has_no_deals_and_the_usual_market(save):
    scenario = read_scenario(save(BASE))
    assert scenario == fs.Scenario(
        as_of="2026-12-31", periods=fs.Periods(count=4), funnel=fs.Funnel.key_account(time=30)
    )


@pytest.mark.parametrize(
    ("text", "funnel"),
    [
        ('preset = "key-account"\ntime = { gamma = { mean = 30, cv = 0.6 } }',
         fs.Funnel.key_account(fs.Gamma(mean=30, cv=0.6))),
        ('preset = "key-account"\ntime = [1, 2, { fixed = 3 }, 4.5, 5]\nhours = [1, 2, 3, 4, 5]',
         fs.Funnel.key_account([1, 2, 3, 4.5, 5], hours=[1, 2, 3, 4, 5])),
        ('counts = "6-5-3-3-2-1"\ntime = 9\ntime_if_lost = 12\nhours = 3',
         fs.Funnel.from_counts("6-5-3-3-2-1", 9, time_if_lost=12, hours=[3] * 5)),
        ('counts = [4, 2, 1]\nnames = ["a", "b", "c"]\ntime = [1, 2]',
         fs.Funnel.from_counts([4, 2, 1], [1, 2], names=["a", "b", "c"])),
        (('stages = [{ name = "a", conversion = 0.5, time = 1 }, '
         '{ name = "b", win_probability = 1 }]'),
         fs.Funnel([fs.Stage("a", conversion=0.5, time=1), fs.Stage("b", 1)])),
    ],
)  # fmt: skip
def test_the_three_forms_of_a_funnel(save, text, funnel):
    assert read_scenario(save(f"{TOP}{PERIODS}[funnel]\n{text}\n")).funnel == funnel


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + BASE.encode(),
        BASE.replace("\n", "\r\n"),
        BASE.replace("2026-12-31", '"2026-12-31"'),
        BASE.replace("2026-12-31", "2026-12-31T10:00:00"),
        BASE.replace("[periods]\n", "[ periods ] # the year\n\n"),
        BASE + "[pipeline]\ndeals = []\n",
        f"{TOP}periods.count = 4\nfunnel = {{ preset = 'key-account', time = 30 }}",
        f'{TOP}"periods" = {{ "count" = 4 }}\n["funnel"]\n"preset" = """key-account"""\ntime = 30',
    ],
)
def test_other_spellings_of_the_same_scenario(save, text):
    assert read_scenario(save(text)) == read_scenario(save(BASE, "plain.toml"))


def test_names_in_any_script(save):
    text = 'name = "大客户 ± ü"\n' + BASE + '[[pipeline.deals]]\nid = "客户"\nstage = "TRAINING"\n'
    scenario = read_scenario(save(text + 'amount = 1\n"地区" = "北"\n'))
    assert (scenario.name, scenario.pipeline.ids) == ("大客户 ± ü", ("客户",))
    assert scenario.pipeline.segment("地区") == ("北",)


def test_a_deal_without_an_id_is_called_by_its_number(save):
    deal = '[[pipeline.deals]]\nstage = "training"\namount = 1\n'
    assert read_scenario(save(BASE + deal + deal)).pipeline.ids == ("1", "2")


@pytest.mark.parametrize("csv", [CSV, CSV.replace(",", ";"), "\ufeff" + CSV.replace("\n", "\r\n")])
def test_the_file_of_a_pipeline_lies_beside_the_scenario(save, monkeypatch, tmp_path, csv):
    save(csv, "deals.csv")
    save("days\n3\n5\n", "days.csv")
    time = '{ sample = { file = "days.csv", column = "days" } }'
    deals = '[pipeline]\nfile = "deals.csv"\ncolumns = { area = "region" }\n'
    path = save(TOP + PERIODS + FUNNEL.replace("30", time) + deals)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for place in (path, "../plan.toml"):
        scenario = read_scenario(place)
        assert scenario.pipeline.amounts == (10050, 20000)
        assert scenario.pipeline.segment("area") == ("N", "S")
        assert scenario.funnel.stages[0].time == fs.Sample([3, 5])


# --- any text is a scenario or an InputError ---

SNIPPETS = [
    *"[]{}=\"'#,.\n-1ea ", "[[", "]]", '"""', "nan", "inf", "true", "9e999", "-0", "1e-9", "[]",
    "{}", "\r\n", "\0", "\x7f", "ü", "2026-13-01", "2027-01-01T00:00:00Z", "\n[market]\n",
    "\n[[pipeline.deals]]\n", "\n[[funnel.stages]]\n", "time = ", "amount = ", "{ gamma = {",
    "sample = { file = 'x', column = 'y' }", "0x" + "f" * 30,
]  # fmt: skip


@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, len(WHOLE)),
            st.sampled_from([0, 0, 1, 2, 5, 20]),
            st.sampled_from(SNIPPETS) | st.sampled_from(WHOLE.split()) | st.text(max_size=3),
        ),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_read_or_refused(save, edits):
    text = WHOLE
    for place, removed, added in edits:
        text = text[:place] + added + text[place + removed :]
    try:
        scenario = read_scenario(save(text.encode("utf-8", "replace")))
    except fs.InputError as error:
        assert "plan.toml" in str(error)  # noqa: PT017
    else:
        assert isinstance(scenario, fs.Scenario)


def _paths(value, path=()):
    """Return the place of everything in a parsed document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield (*path, key)
        if isinstance(one, dict | list):
            yield from _paths(one, (*path, key))


VALUES = [  # a local time: no zone
    "3m",
    "",
    True,
    5,
    -1,
    0,
    2.5,
    10**30,
    [],
    [1],
    [True],
    ["x"],
    {},
    {"a": 1},
    [[]],
    [{}],
    dt.date(2027, 1, 1),
    dt.datetime(2027, 1, 1, 3),  # noqa: DTZ001
    dt.time(3),
]
KEYS = [key for key in _paths(tomllib.loads(WHOLE)) if isinstance(key[-1], str)]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: ".".join(map(str, key)))
def test_a_wrong_type_anywhere_is_refused(save, key):
    for value in VALUES:
        document = tomllib.loads(WHOLE)
        inner = document
        for part in key[:-1]:
            inner = inner[part]
        inner[key[-1]] = value
        path = save(tomli_w.dumps(document))
        try:
            read_scenario(path)
        except fs.InputError as error:
            assert "plan.toml" in str(error)  # noqa: PT017
