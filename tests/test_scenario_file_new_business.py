"""Scenario files on deals that do not exist yet: what is right, what is wrong, what is written."""

import tomllib

import pytest

import funnelsim as fs
from funnelsim import read_scenario, write_scenario

BASE = """\
as_of = 2026-12-31
[periods]
count = 4
[funnel]
preset = "key-account"
time = 30
"""  # six lines
DEAL = '[[pipeline.deals]]\nstage = "training"\namount = 3\n'
NEW = "[new_business]\nper_period = 8\n"
EXTRA = "[required_pipeline]\n"


@pytest.fixture
def save(tmp_path):
    def write(content, name="plan.toml"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


# --- what is right ---


@pytest.mark.parametrize(
    ("text", "business"),
    [
        ("per_period = 8", fs.NewBusiness(8)),
        ("per_period = 0", fs.NewBusiness(0)),
        ("per_period = [1, 2, 3, 4]\nplanned = true", fs.NewBusiness([1, 2, 3, 4], planned=True)),
        ("per_period = 8\nfactor = 0.5", fs.NewBusiness(8, factor=0.5)),
        ("per_period = 8\namount = 5", fs.NewBusiness(8, 5)),
        ("per_period = 8\nrepeat = { mean = 0, delay = 3 }",
         fs.NewBusiness(8, repeat=fs.Repeat(0, 3))),
        ('per_period = 8\namount = { quantiles = { "0.1" = 1, "0.9" = 5 } }',
         fs.NewBusiness(8, fs.Quantiles({0.1: 1, 0.9: 5}))),
        ("per_period = 8\namount = { sample = [3, 5] }", fs.NewBusiness(8, fs.Sample([3, 5]))),
        ("per_period = 8\namount = { discrete = { values = [3, 5], chances = [0.5, 0.5] } }",
         fs.NewBusiness(8, fs.Discrete([3, 5], [0.5, 0.5]))),
    ],
)  # fmt: skip
def test_new_business_in_short(save, text, business):
    assert read_scenario(save(f"{BASE}[new_business]\n{text}\n")).new_business == business


def test_a_section_without_keys_asks_for_what_is_usual(save):
    text = f"{BASE}{NEW}amount = 3\n{EXTRA}"
    found = read_scenario(save(text))
    assert found.required_pipeline == fs.RequiredPipeline()
    one = read_scenario(save(text + "confidence = 0.8\n"))
    assert one.required_pipeline.confidence == (0.8,)


def test_the_file_of_a_sample_of_amounts_lies_beside_the_scenario(save, monkeypatch, tmp_path):
    save("won\n3\n5\n", "won.csv")
    sample = '{ sample = { file = "won.csv", column = "won" } }'
    repeat = f"repeat = {{ mean = 0.1, delay = {sample}, amount = {sample} }}\n"
    text = f"[new_business]\nper_period = 1\namount = {sample}\n{repeat}"
    path = save(f"{BASE}{text}[required_pipeline]\namount = {sample}\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found, seen = read_scenario(path), fs.Sample([3, 5])
    assert found.new_business == fs.NewBusiness(1, seen, repeat=fs.Repeat(0.1, seen, seen))
    assert found.required_pipeline.amount == seen


# --- what is wrong, each with the line ---

WRONG = [
    ("new_business = 3\n" + BASE, "line 1: new_business must be a table, got 3"),
    (BASE + "[[new_business]]\n", "line 7: new_business must be a table, got [{}]"),
    (BASE + "[new_business]\n", "line 7: new_business must state per_period; such as per_period"),
    (
        BASE + NEW + "per_perod = 8\n",
        (
            "line 9: key of new_business must be a known key, got 'per_perod'; "
            "did you mean 'per_period'?"
        ),
    ),
    (BASE + NEW.replace("8", "-8"), "line 8: new_business.per_period must be in [0, 1e+07], got"),
    (BASE + NEW.replace("8", "'8'"), "line 8: new_business.per_period must be in [0, 1e+07], got"),
    (BASE + NEW.replace("8", "[1, 2]"), "line 8: new_business.per_period must have one number for"),
    (
        BASE + NEW.replace("8", "[1,\n2,\n3,\n-4]"),
        "line 8: new_business.per_period of period 4 must be in [0, 1e+07], got -4",
    ),
    (
        BASE + NEW.replace("8", "1e7") + "factor = 2\n",
        "line 8: new_business.per_period must be at most 10,000,000 in each period",
    ),
    (BASE + NEW + "amount = 'x'\n", "line 9: new_business.amount must be a number or a table with"),
    (BASE + NEW + "amount = [1, 2]\n", "line 9: new_business.amount must be a number or a table"),
    (
        BASE + NEW + "amount = 1e15\n",
        "line 9: new_business.amount must be below 90,071,992,547,409",
    ),
    (BASE + NEW + "amount.fixed = [1, 2]\n", "line 9: new_business.amount must be certain or one"),
    (
        BASE + NEW + "\n[new_business.amount.gamma]\nmean = 3\ncv = -1\n",
        "line 12: new_business.amount: cv of gamma must be a finite number above 0, got -1",
    ),
    (
        BASE + NEW + "amount.sample = { file = 'no.csv', column = 'a' }\n",
        "line 9: '",
    ),
    (
        BASE + NEW + "amount.sample = { file = 'deals.csv', column = 'stage' }\n",
        "line 9: deals.csv: 2 rows cannot be used\n  row 1: stage must be a finite number",
    ),
    (
        BASE + DEAL + NEW + "stage = 'meting'\n",
        "line 12: new_business.stage must be a stage of the funnel, got 'meting'; did you mean 'me",
    ),
    (BASE + NEW + "stage = 'Contract'\n", "line 9: new_business.stage must not be the last stage"),
    (BASE + NEW + "stage = 3\n", "line 9: new_business.stage must be the name of a stage, got 3"),
    (BASE + NEW + "dispersion = -1\n", "line 9: new_business.dispersion must be in [0, 10000]"),
    (
        BASE + NEW + "season = [1]\n",
        "line 9: new_business.season must hold 12 weights, got 1; give",
    ),
    (BASE + NEW + "season = 'x'\n", "line 9: new_business.season must be a list, got 'x'"),
    (BASE + NEW + "growth = -1\n", "line 9: new_business.growth must be in (-1, 100], got -1"),
    (BASE + NEW + "factor = [\n]\n", "line 9: new_business.factor must hold at least one draw"),
    (
        BASE + NEW + "factor = [1, 2]\n[market]\ncycle_cv = [0.1, 0.2, 0.3]\n",
        "line 9: new_business.factor must hold as many draws as the market (3), got 2",
    ),
    (BASE + NEW + "market_swing = 10\n", "line 9: new_business.market_swing must be in (-10, 10)"),
    (BASE + NEW + "planned = 1\n", "line 9: new_business.planned must be true or false, got 1"),
    (
        BASE + NEW + "planned = true\ndispersion = 0.5\n",
        "line 10: new_business.dispersion must be left out where new business is planned, got 0.5",
    ),
    (BASE + NEW + "repeat = 0.3\n", "line 9: new_business.repeat must be a table, got 0.3"),
    (
        BASE + NEW + "amount = 3\n[new_business.repeat]\nmean = 0.3\n",
        "line 10: new_business.repeat must state delay; days, such as delay = 180",
    ),
    (BASE + NEW + "repeat = { delay = 3 }\n", "line 9: new_business.repeat must state mean; such"),
    (
        BASE + NEW + "[new_business.repeat]\nmean = 1\ndelay = 3\n",
        "line 10: repeat.mean must be in [0, 1), got 1; with one or more each, wins would",
    ),
    (
        BASE
        + NEW
        + "amount.gamma = { mean = 3, cv = 1 }\n[new_business.repeat]\n\nmean = 1\ndelay=3",
        "line 12: repeat.mean must be in [0, 1), got 1",
    ),
    (
        BASE + NEW + "[new_business.repeat]\nmean = 0.1\ndelay = { fixed = [1, 2] }\n",
        "line 11: repeat.delay must be certain or one distribution; it takes no draws",
    ),
    (
        BASE + NEW + "[new_business.repeat]\nmean = 0.1\ndelay = 3\namount = -1\n",
        "line 12: new_business.repeat.amount must be a finite number of at least 0, got -1",
    ),
    (
        BASE + NEW + "[new_business.repeat]\nmean = 0.1\ndelay = 3\namount = 1e15\n",
        "line 12: repeat.amount must be below 90,071",
    ),
    (
        BASE + NEW + "[new_business.repeat]\nmeen = 0.1\n",
        "line 10: key of new_business.repeat must be a known key, got 'meen'; did you mean 'mean'?",
    ),
    ("required_pipeline = 3\n" + BASE, "line 1: required_pipeline must be a table, got 3"),
    (
        BASE + NEW + "stage = 'meeting'\n" + EXTRA + "stage = 'xyz'\n",
        "line 11: required_pipeline.stage must be a stage of the funnel, got 'xyz'",
    ),
    (BASE + EXTRA + "stage = 'contract'\n", "line 8: required_pipeline.stage must not be the last"),
    (BASE + NEW + EXTRA, "line 9: required_pipeline.amount must be stated; there is no new"),
    (BASE + EXTRA + "amount = true\n", "line 8: required_pipeline.amount must be a number or a "),
    (BASE + EXTRA + "amount.pareto.alpha = 3\n", "line 8: required_pipeline.amount: parameters of"),
    (BASE + EXTRA + "day = -1\n", "line 8: required_pipeline.day must be in [0, "),
    (
        BASE + EXTRA + "confidence = 80\n",
        "line 8: confidence must be in (0, 1), got 80; 80 % is given as 0.8",
    ),
    (BASE + EXTRA + "confidence = [0.8,\n1]\n", "line 8: confidence must be in (0, 1), got 1"),
    (BASE + EXTRA + "confidence = []\n", "line 8: confidence must have at least one number, got"),
    (BASE + EXTRA + "most = 0\n", "line 8: required_pipeline.most must be a whole number of at "),
    (BASE + EXTRA + "mist = 1\n", "line 8: key of required_pipeline must be a known key, got 'mi"),
    (BASE + "[market]\npersistence = 1.5\n", "line 8: persistence must be in [0, 1], got 1.5"),
    (BASE + "[market]\npersistence = [1]\n", "line 8: persistence must be in [0, 1], got [1]"),
]


@pytest.mark.parametrize(("text", "expected"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_named_with_its_line(save, text, expected):
    save("stage,amount\ntraining,3\nproposal,5\n", "deals.csv")
    with pytest.raises(fs.InputError) as caught:
        read_scenario(save(text))
    assert f"plan.toml, {expected}" in str(caught.value)


# --- what is written ---


def test_new_business_is_written_with_what_is_stated(save, tmp_path):
    save("won\n3\n5\n", "won.csv")
    text = """\
[new_business]
per_period = 0
amount = { sample = { file = "won.csv", column = "won" } }
growth = 0.25
repeat = { mean = 0.3, delay = 90 }
[required_pipeline]
"""
    scenario = read_scenario(save(BASE + text))
    write_scenario(scenario, tmp_path / "again.toml")
    table = tomllib.loads((tmp_path / "again.toml").read_text("utf-8"))
    assert table["new_business"] == {
        "per_period": 0,
        "amount": {"sample": {"file": "won.csv", "column": "won"}},
        "growth": 0.25,
        "repeat": {"mean": 0.3, "delay": 90},
    }
    assert table["required_pipeline"] == {
        "day": 0, "confidence": [0.5, 0.8, 0.9], "most": 100_000,
    }  # fmt: skip
    assert read_scenario(tmp_path / "again.toml") == scenario
