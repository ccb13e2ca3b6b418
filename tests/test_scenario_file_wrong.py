"""Wrong scenario files: the message each gives, with the line."""

import re
import tomllib

import pytest

import funnelsim as fs
from funnelsim import read_scenario
from funnelsim.scenario_file.lines import lines_of

TOP = "as_of = 2026-12-31\n"
PERIODS = "[periods]\ncount = 4\n"
FUNNEL = '[funnel]\npreset = "key-account"\ntime = 30\n'
BASE = TOP + PERIODS + FUNNEL  # six lines
CSV = "id,stage,amount,region\nA1,training,100.5,N\nA2,Proposal,200,S\n"


@pytest.fixture
def save(tmp_path):
    def write(content, name="plan.toml"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def refused(save):
    def message(content):
        with pytest.raises(fs.InputError) as caught:
            read_scenario(save(content))
        return str(caught.value)

    return message


# --- what is wrong, each with the line ---

S1 = '[[funnel.stages]]\nname = "a"\nwin_probability = 0.5\ntime = 3\n'
S2 = '[[funnel.stages]]\nname = "b"\nwin_probability = 1\n'
DEAL = '[[pipeline.deals]]\nstage = "training"\namount = 3\n'
WRONG = [
    # the file
    ("", "plan.toml must hold a scenario; the file is empty"),
    ("# later\n", "plan.toml: the scenario must state as_of, periods, funnel; add as_of = 2026-12"),
    (TOP + PERIODS, "plan.toml: the scenario must state funnel; add [funnel] with preset ="),
    (b"as_of = 1\nname = '\xff'\n", "line 2: the file must be UTF-8 text, but has byte 0xff"),
    (BASE.encode("utf-16"), "line 1: the file must be UTF-8 text"),
    ("as_of\n", "line 1: the file must be proper TOML; Expected '=' after a key"),
    (TOP + "quota =\n", "line 2: the file must be proper TOML; Invalid value (column 8)"),
    (BASE + "[market\n", "line 7: the file must be proper TOML; Expected ']'"),
    (TOP + TOP, "line 2: the file must be proper TOML; Cannot overwrite a value"),
    (TOP + "x = { a = 1", "line 2: the file must be proper TOML; Unclosed inline table"),
    ("as_of = 2026-02-30\n", "line 1: the file must be proper TOML; Invalid date"),
    (
        TOP + "quota = 500,000\n",
        "in 'quota = 500,000'; dates are written 2026-12-31, numbers 0.45 or 500_000",
    ),
    (f"quota = {'9' * 5000}\n" + BASE, "plan.toml must hold no number of thousands of digits"),
    (f"quota = 0x{'f' * 5000}\n" + BASE, "line 1: quota must be a number of at most 64 bits"),
    (f"quota = {'[' * 9000}{']' * 9000}\n" + BASE, "plan.toml must be nested less deeply"),
    (f"{'.'.join('a' * 1100)} = 1\n" + BASE, "plan.toml must be nested less deeply"),
    # the top
    (
        TOP + "qouta = 3\n" + PERIODS + FUNNEL,
        (
            "line 2: key at the top must be a known key, got "
            "'qouta'; did you mean 'quota'? known: name, currency, as_of, quota"
        ),
    ),
    (
        BASE + "[markt]\n",
        "line 7: key at the top must be a known key, got 'markt'; did you mean 'm",
    ),
    ('"a.b" = 3\n' + BASE, "line 1: key at the top must be a known key, got 'a.b'"),
    (
        BASE.replace("2026-12-31", "5"),
        "line 1: as_of must be a date, got 5; write the date as 2026",
    ),
    (BASE.replace("2026-12-31", '"2026-02-30"'), "line 1: as_of must be a date, got '2026-02-30'"),
    (
        BASE.replace("2026-12-31", "2026-12-31T10:00:00+08:00"),
        "line 1: as_of must be a date without a time zone, got '2026-12-31T10:00:00+08:00'",
    ),
    (BASE.replace("2026-12-31", "07:30:00"), "line 1: as_of must be a date"),
    ('quota = "3m"\n' + BASE, "line 1: quota must be a finite number above 0, got '3m'; write a "),
    ("quota = true\n" + BASE, "line 1: quota must be a finite number above 0, got True"),
    ("quota = 0\n" + BASE, "line 1: quota must be a finite number above 0, got 0"),
    ("quota = nan\n" + BASE, "line 1: quota must be a finite number, got nan"),
    ("quota = -inf\n" + BASE, "line 1: quota must be a finite number, got -inf"),
    ("quota = { a = 1 }\n" + BASE, "line 1: quota must be a finite number above 0, got {'a': 1}"),
    ("quota = [1, 2]\n" + BASE, "line 1: quota must have one number for each of the 4 periods"),
    ("quota = [1, 2, 3, -4]\n" + BASE, "line 1: quota of period 4 must be a finite number above 0"),
    ("booked = -1\n" + BASE, "line 1: booked must be a finite number of at least 0, got -1"),
    ("name = 3\n" + BASE, "line 1: name must be a text, got 3"),
    ("currency = 3\n" + BASE + DEAL, "line 1: currency must be a text, got 3"),
    # the periods and the clock
    (TOP + "periods = 3\n" + FUNNEL, "line 2: periods must be a table, got 3"),
    (
        TOP + "[periods]\nevery = 'moth'\n" + FUNNEL,
        ("line 3: periods.every must be a kind of period, got 'moth'; did you mean 'month'?"),
    ),
    (TOP + "[periods]\ncount = 0\n" + FUNNEL, "line 3: periods.count must be a whole number of at"),
    (TOP + "[periods]\ncount = 2.5\n" + FUNNEL, "line 3: periods.count must be a whole number"),
    (
        TOP + "[periods]\ncuont = 2\n" + FUNNEL,
        ("line 3: key of periods must be a known key, got 'cuont'; did you mean 'count'?"),
    ),
    (TOP + "periods.cuont = 2\n" + FUNNEL, "line 2: key of periods must be a known key"),
    (TOP + "[periods]\nedges = [\n0,\n3,\n2]\n" + FUNNEL, "line 3: periods.edges must increase"),
    (
        TOP + "[periods]\nedges = [0,\n\n'3']\n" + FUNNEL,
        "line 3: edge 1 of periods.edges must be a",
    ),
    (TOP + "[periods]\nevery = 'year'\ncount = 9999\n" + FUNNEL, "line 4: periods.count must let"),
    (BASE + "[clock]\nweekends = []\n", "line 8: key of clock must be a known key, got 'weekends'"),
    (BASE + "[clock]\nweekend = ['satday']\n", "line 8: clock.weekend must hold names of weekdays"),
    (BASE + "[clock]\nholidays = ['x']\n", "line 8: holiday 0 of clock.holidays must be a date"),
    (BASE + "[clock]\nquarter_end = { day = 3 }\n", "line 8: key of clock.quarter_end must be a"),
    (BASE + "clock = []\n", "line 7: key of funnel must be a known key, got 'clock'"),
    # the funnel
    (TOP + "funnel = []\n" + PERIODS, "line 2: funnel must be a table, got []"),
    (TOP + PERIODS + "[funnel]\ntime = 3\n", "line 4: funnel must have one of preset, counts, st"),
    (BASE + "counts = '2-1'\n", "line 4: funnel must have one of preset, counts, stages, got 'pre"),
    (
        BASE.replace("key-", "key "),
        (
            "line 5: funnel.preset must be a known preset, got 'key account'"
            "; did you mean 'key-account'?"
        ),
    ),
    (BASE.replace("time = 30", ""), "line 4: funnel must have a time; days in each stage"),
    (
        BASE.replace("30", "[1, 2]"),
        "line 6: time must have one entry for each of the 5 open stages",
    ),
    (BASE.replace("30", "[1,\n2,\n3,\n4,\ntrue]"), "line 10: entry 5 of funnel.time must be a"),
    (
        BASE.replace("30", "{ gama = { mean = 3 } }"),
        (
            "line 6: distribution of funnel.time must be a "
            "known family, got 'gama'; did you mean 'gamma'?"
        ),
    ),
    (
        BASE.replace("30", "{ gamma = { mean = 3, cw = 3 } }"),
        (
            "line 6: funnel.time: parameter of "
            "gamma must be a known name, got 'cw'; did you mean 'cv'?"
        ),
    ),
    (
        BASE.replace("30", "{ gamma = { mean = 3 } }"),
        "line 6: funnel.time: parameters of gamma must",
    ),
    (
        BASE.replace("time = 30", "[funnel.time.gamma]\nmean = 3\ncv = -1"),
        ("line 8: funnel.time: cv of gamma must be a finite number above 0, got -1"),
    ),
    (BASE.replace("30", "{ quantiles = { 0.1 = 3 } }"), "line 6: funnel.time: quantiles must be"),
    (BASE.replace("30", "{ sample = { file = 'no.csv', column = 'a' } }"), "line 6: '"),
    (
        BASE.replace("30", "{ sample = { file = 'deals.csv', column = 'stage' } }"),
        "line 6: deals.csv: 2 rows cannot be used\n  row 1: stage must be a finite number",
    ),
    (BASE + "hours = [1, 2, 3, 4, -5]\n", "line 7: hours of stage 'negotiation' must be a finite"),
    (
        BASE + "hour = 3\n",
        "line 7: key of funnel must be a known key, got 'hour'; did you mean 'ho",
    ),
    (BASE + "names = ['a']\n", "line 7: names must be left out with a preset"),
    (
        TOP + PERIODS + "[funnel]\ntime = 3\ncounts = 3\n",
        "line 6: counts must be text or a list of",
    ),
    (TOP + PERIODS + "[funnel]\ntime = 3\ncounts = '3-x'\n", "line 6: counts must be numbers join"),
    (TOP + PERIODS + "[funnel]\ntime = 3\ncounts = [1, 2]\n", "line 6: counts must not grow"),
    (TOP + PERIODS + "[funnel]\ntime = 3\ncounts = [2, true]\n", "line 6: counts must be a finite"),
    (
        TOP + PERIODS + "[funnel]\ntime = 3\ncounts = []\n",
        "line 4: a funnel must have at least two",
    ),
    (TOP + PERIODS + "[funnel]\ntime = 3\ncounts = '3-2'\nnames = 'ab'\n", "line 7: names must be"),
    (TOP + PERIODS + "[funnel]\nstages = 1\n", "line 5: funnel.stages must be a list of tables"),
    (TOP + PERIODS + "[funnel]\nstages = [1]\n", "line 5: funnel.stages must be a list of tables"),
    (
        TOP + PERIODS + "[funnel]\ntime = 3\n" + S1 + S2,
        "line 5: funnel.time must be left out where",
    ),
    (
        TOP + PERIODS + S1.replace("name", "nam") + S2,
        ("line 5: key of stage 1 must be a known key, got 'nam'; did you mean 'name'?"),
    ),
    (TOP + PERIODS + S1.replace('name = "a"', "") + S2, "line 4: stage 1 must have a name"),
    (TOP + PERIODS + S1.replace('"a"', "3") + S2, "line 5: name of a stage must be a text"),
    (
        TOP + PERIODS + S1.replace("0.5", "50") + S2,
        (
            "line 6: win_probability of stage 'a' must be in"
            " (0, 1], got 50; percentages are given as 0.5, not 50"
        ),
    ),
    (TOP + PERIODS + S1.replace("0.5", "[0.5]") + S2, "line 6: win_probability of stage 'a' must"),
    (TOP + PERIODS + S1 + "conversion = 0.5\n" + S2, "line 4: stage 'a' must have either a win_pr"),
    (TOP + PERIODS + S1.replace("time = 3", "") + S2, "line 4: stage 'a' must have a time"),
    (
        TOP
        + PERIODS
        + S1
        + S1.replace('"a"', '"b"').replace("0.5", "0.4")
        + S2.replace('"b"', '"c"'),
        "line 6: win_probability of stage 'a' must be at most that of the next stage, 0.4",
    ),
    (TOP + PERIODS + S1 + S2.replace('"b"', '"A"'), "line 8: names of stages must differ"),
    (TOP + PERIODS + S1 + S2.replace("1", "0.9"), "line 10: win_probability of the last stage 'b'"),
    (
        TOP
        + PERIODS
        + S1.replace("win_probability = 0.5", "conversion = [0.5, 0.6]").replace(
            "= 3", "= { fixed = [1, 2, 3] }"
        )
        + S2,
        "line 7: time of stage 'a' must hold as many draws as conversion of stage 'a' (2), got 3",
    ),
    # the pipeline
    (BASE + "[pipeline]\n", "line 7: pipeline must have either a file or deals, got 'neither'"),
    (BASE + "[pipeline]\nfile = 3\n", "line 8: file must be text in quotes, got 3"),
    (
        BASE + "[pipeline]\nfile = 'no.csv'\n",
        ("line 8: file must be a file that can be read, got 'no.csv'; looked for "),
    ),
    (BASE + "[pipeline]\nfile = ''\n", "line 7: "),
    (BASE + "[pipeline]\nfile = 'deals.csv'\ndeals = []\n", "line 7: pipeline must have either a"),
    (BASE + "[pipeline]\nfile = 'deals.csv'\ncolumns = 3\n", "line 9: columns must be a table"),
    (
        BASE + "[pipeline]\nfile = 'deals.csv'\ncolumns = { amount = 3 }\n",
        "line 9: amount of deals",
    ),
    (
        BASE + "[pipeline]\nfile = 'deals.csv'\ncolumns = { amont = 'value' }\n",
        (
            "line 9: column mapping must be a field, or a segment with another name, "
            "got 'amont'; did you mean 'amount'?"
        ),
    ),
    (
        BASE + "[pipeline]\nfile = 'deals.csv'\ncolumns.amount = 'Amont'\n",
        (
            "line 9: amount of deals"
            ".csv must be a column of the table, got 'Amont'; did you mean 'amount'?"
        ),
    ),
    (
        BASE + "[pipeline]\nfile = 'deals.csv'\ncolumns.context = 'x'\n",
        "line 9: columns.context must",
    ),
    (
        BASE + "[pipeline]\nfile = 'deals.csv'\non_bad_rows = 'drop'\n",
        "line 9: on_bad_rows must be",
    ),
    (
        BASE + "[pipeline]\nfile = 'deals.csv'\non_bad_row = 'skip'\n",
        "line 9: key of pipeline must",
    ),
    (
        BASE + "[pipeline]\nfile = 'bad.csv'\n",
        (
            "line 8: bad.csv: 2 rows cannot be used\n  row 1: "
            "stage must be a stage of the funnel, got 'trainin'; did you mean 'training'?"
        ),
    ),
    (
        BASE + "[pipeline]\ndeals = 'x'\n",
        "line 8: pipeline.deals must be a list of tables, got 'x'",
    ),
    (BASE + "[pipeline.deals]\nstage = 'training'\n", "line 7: pipeline.deals must be a list of "),
    (
        BASE + "[pipeline]\ncolumns = {}\ndeals = []\n",
        "line 8: columns must be left out where deal",
    ),
    (
        BASE + DEAL + DEAL.replace("amount", "amont"),
        (
            "line 12: key of a deal must be a field, or a "
            "segment with another name, got 'amont'; did you mean 'amount'?"
        ),
    ),
    (
        BASE + DEAL + DEAL.replace("3", "-3").replace("ning", "nin"),
        (
            "line 12: pipeline.deals: 1 row cannot be used\n"
            "  row 2: amount must be a finite number of at least 0, got -3\n  row 2: stage"
        ),
    ),
    (
        BASE + DEAL.replace("3", "{ gamma = { mean = 3, cv = -1 } }"),
        (
            "line 9: pipeline.deals: 1 row "
            "cannot be used\n  row 1: amount: cv of gamma must be a finite number above 0, got -1"
        ),
    ),
    (BASE + DEAL.replace("3", "{ fixed = [1, 2] }"), "line 9: amount of deal '1' must be certain"),
    (BASE + DEAL.replace("3", "[1, 2]"), "line 9: amount of deal 1 must be one value, got [1, 2]"),
    (BASE + DEAL + "region = { a = 1 }\n", "line 10: region of deal 1 must be one value"),
    (BASE + DEAL + "age = nan\n", "line 10: pipeline.deals.age must be a finite number, got nan"),
    (BASE + DEAL + "entered = 2027-01-01\n", "line 10: pipeline.deals: 1 row cannot be used"),
    (
        BASE + DEAL.replace("training", "contract"),
        (
            "line 8: pipeline.deals: 1 row cannot be used\n"
            "  row 1: stage must be one before the last, got 'contract'"
        ),
    ),
    # the market
    ("market = 3\n" + BASE, "line 1: market must be a table, got 3"),
    (
        BASE + "[market]\nwin_rate_corelation = 0.1\n",
        (
            "line 8: key of market must be a known key, "
            "got 'win_rate_corelation'; did you mean 'win_rate_correlation'?"
        ),
    ),
    (
        BASE + "[market]\nwin_rate_correlation = 1\n",
        "line 8: win_rate_correlation must be in [0, 1",
    ),
    (BASE + "[market]\nwin_rate_swing = 0.4\n", "line 8: win_rate_swing must be below 0.285"),
    (BASE + "[market]\nwin_rate_swing = 0.04\nwin_rate_correlation = 0.1\n", "line 7: market must"),
    (
        BASE + "[market]\ncycle_cv = [0.1,\n-0.2]\n",
        "line 8: draw 1 of cycle_cv must be in [0, 100]",
    ),
    (
        BASE + "[market]\ncycle_cv = true\n",
        "line 8: cycle_cv must be in [0, 100]",
    ),
    (
        BASE + "[market]\nsegment_correlation = 3\n",
        "line 8: segment_correlation must map a segment",
    ),
    (
        BASE + "[market]\nsegment_correlation.regio = 0.1\n[pipeline]\nfile = 'deals.csv'\n",
        "line 8: segment must be a segment of the pipeline, got 'regio'; did you mean 'region'?",
    ),
    (BASE + DEAL + "[market.segment_correlation]\nregion = 1\n", "line 11: segment_correlation of"),
]


@pytest.mark.parametrize(("text", "expected"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_named_with_its_line(save, refused, text, expected):
    save(CSV, "deals.csv")
    save("stage,amount\ntrainin,3\nProposal,x\n", "bad.csv")
    wanted = f"plan.toml, {expected}" if expected.startswith("line") else expected
    assert wanted in refused(text)


def test_the_line_is_found_behind_every_kind_of_text(refused):
    text = (
        'name = """\n[funnel]\nqouta = 1 \\" """ # qouta = 1\n'
        "currency = '''\nqouta = 1\n'''\n"
        "'quota' = [ # ]\n  1_0, 2,\n\n  3, 4,\n]\n"
    )
    found = refused(text + BASE + 'hour = "#"\n')
    assert "plan.toml, line 18: key of funnel must be a known key, got 'hour'" in found


def test_no_such_file(tmp_path):
    for path in (tmp_path / "no.toml", tmp_path, f"{tmp_path}\0"):
        with pytest.raises(fs.InputError, match=re.escape(f"looked for {path}")):
            read_scenario(path)
    with pytest.raises(fs.InputError, match="path of a file"):
        read_scenario(3)


# --- lines ---


def test_lines_of_every_kind_of_key():
    text = (
        'a.b = 1\n"c d" = { e = 1, f = [2] }\n[x]\ng = [\n  { h = 1 },\n  { i = 2 },\n]\n'
        "[[y.z]]\nj = 1\n[[y.z]]\n'k' = 1979-05-27 07:32:00\n[y.z.l]\nm = \"]\"\n[[y.z.n]]\n"
    )
    found = lines_of(text.replace("\n", "\r\n"))
    expected = {
        ("a", "b"): 1, ("c d", "e"): 2, ("c d", "f", 0): 2, ("x",): 3, ("x", "g"): 4,
        ("x", "g", 0, "h"): 5, ("x", "g", 1, "i"): 6, ("y", "z"): 8, ("y", "z", 0, "j"): 9,
        ("y", "z", 1): 10, ("y", "z", 1, "k"): 11, ("y", "z", 1, "l", "m"): 13,
        ("y", "z", 1, "n", 0): 14,
    }  # fmt: skip
    assert {key: found.get(key) for key in expected} == expected


def _paths(value, path=()):
    """Return the place of everything in a parsed document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield (*path, key)
        if isinstance(one, dict | list):
            yield from _paths(one, (*path, key))


@pytest.mark.parametrize(
    "text", [text for text, _ in WRONG if isinstance(text, str) and len(text) < 2000]
)
def test_all_that_the_parser_finds_has_a_line(text):
    try:
        parsed = tomllib.loads(text)
    except ValueError:
        return
    found = lines_of(text)
    assert set(_paths(parsed)) <= set(found)
    assert set(found.values()) <= set(range(1, text.count("\n") + 2))
