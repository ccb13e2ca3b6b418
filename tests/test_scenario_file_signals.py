"""The section on signals: what is right, what is wrong, what is written."""

import pytest

import funnelsim as fs
from funnelsim import read_scenario, write_scenario
from funnelsim.signals import NumericSignal, Signal, Signals

BASE = """\
as_of = 2026-12-31
[periods]
count = 4
[funnel]
preset = "key-account"
time = 30
[pipeline]
deals = [
    { stage = "meeting", amount = 1000, coach = "covered", rating = 2 },
    { stage = "proposal", amount = 1000, coach = "open" },
    { stage = "proposal", amount = 1000, coach = "covered", rating = -1.5 },
    { stage = "proposal", amount = 1000, coach = "unknown" },
]
"""  # thirteen lines
WHOLE = """\
[signals.columns.coach]
effects = { covered = [1.5, 2.5], open = 1, unknown = { from = 0.5, to = 0.4 } }
reference = { covered = 0.5, open = 0.25, unknown = 0.25 }
unknown = "answer"
group = "buying influences"
[signals.columns.rating]
odds_ratio = 1.3
per = 2
reference = { mean = 0, sd = 2 }
"""
MEANT = Signals([
    Signal(
        "coach",
        {"covered": (1.5, 2.5), "open": 1, "unknown": {"from": 0.5, "to": 0.4}},
        reference={"covered": 0.5, "open": 0.25, "unknown": 0.25},
        unknown="answer", group="buying influences",
    ),
    NumericSignal("rating", 1.3, per=2, reference=(0, 2)),
])  # fmt: skip


def read(tmp_path, section):
    (tmp_path / "plan.toml").write_text(BASE + section)
    return read_scenario(tmp_path / "plan.toml")


def test_a_whole_section(tmp_path):
    assert read(tmp_path, WHOLE).signals == MEANT


def test_without_the_section_there_are_none(tmp_path):
    assert read(tmp_path, "").signals is None


def test_the_open_deals_are_the_reference(tmp_path):
    found = read(tmp_path, "[signals.columns]\ncoach = { effects = { covered = 2, open = 1 } }\n")
    assert found.signals.signals[0].reference == {"covered": 2 / 3, "open": 1 / 3}
    assert found.signals.own == ("coach",)


def test_a_population(tmp_path):
    found = read(tmp_path, """\
[signals]
population = [{ coach = "covered" }, { coach = "open" }, { coach = "open" }]
[signals.columns.coach]
effects = { covered = 2, open = 1 }
""")  # fmt: skip
    assert found.signals.population == {"coach": ("covered", "open", "open")}


@pytest.mark.parametrize(
    "signals",
    [
        MEANT,
        Signals([Signal("coach", {"covered": 2, "open": 1}), NumericSignal("rating", 1.3)]),
        Signals([Signal("coach", {"covered": 2, "open": 1}),
                 NumericSignal("rating", 1.3, reference=[1, 2.5, 2.5])]),
        Signals([Signal("coach", {"covered": 2, "open": 1}),
                 Signal("not there", {"yes": 1, "no": 1})]),
        Signals([Signal("coach", {"covered": 2, "open": 1}), NumericSignal("rating", 0.8)],
                population={"coach": ["covered", "open"], "rating": [1, 2]}),
    ],
)  # fmt: skip
def test_signals_come_back_from_their_file(tmp_path, signals):
    scenario = read(tmp_path, "").replace(signals=signals)
    write_scenario(scenario, tmp_path / "again.toml")
    again = read_scenario(tmp_path / "again.toml")
    assert again == scenario
    assert again.signals.own == scenario.signals.own


def test_a_reference_that_the_deals_no_longer_give_is_written(tmp_path):
    section = "[signals.columns]\ncoach = { effects = { covered = 2, open = 1 } }\n"
    scenario = read(tmp_path, section)
    fewer = scenario.replace(pipeline=scenario.pipeline.where([True, False, True, True]))
    assert fewer.signals == scenario.signals
    write_scenario(fewer, tmp_path / "again.toml")
    assert read_scenario(tmp_path / "again.toml") == fewer


@pytest.mark.parametrize(
    ("section", "line", "message"),
    [
        ("[signals]\n", 14, "signals must have columns"),
        ("[signals]\ncolumn = 3\n", 15, "did you mean 'columns'?"),
        (
            "[signals.columns]\ncoach = { odds = 3 }\n",
            15,
            "signals.columns.coach must have either effects or an odds_ratio",
        ),
        (
            "[signals.columns.coach]\neffects = { covered = 2 }\nref = 1\n",
            16,
            "ref",
        ),
        (
            "[signals.columns.coach]\neffects = { covered = -2 }\n",
            15,
            "effect of 'covered' of signal 'coach' must be in [1e-06, 1e+06], got -2",
        ),
        (
            "[signals.columns.rating]\nodds_ratio = 1.3\nper = 0\n",
            16,
            "per of signal 'rating' must be a finite number above 0, got 0",
        ),
        (
            "[signals.columns.coach]\neffects = { cover = 2, open = 1 }\n",
            None,
            "row 1: coach must be a level of the signal, got 'covered'; did you mean 'cover'?",
        ),
        (
            "[signals.columns.user]\neffects = { yes = 2, no = 1 }\n",
            None,
            "signal must be a column of the deals, got 'user'",
        ),
        ("[signals]\npopulation = 3\ncolumns.coach.effects.covered = 2\n", 15, "list of tables"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, section, line, message):
    with pytest.raises(fs.InputError) as caught:
        read(tmp_path, section)
    assert message in str(caught.value)
    assert "plan.toml" in str(caught.value)
    if line is not None:
        assert f"line {line}" in str(caught.value)
