"""The command that reads closed deals."""

import json
from pathlib import Path

import pytest

import funnelsim as fs
from funnelsim.fitting.signals_fit import fit_signals
from tests.test_cli import refused, run

DEALS = Path(__file__).parent / "data/b2b_qualification/opportunities.csv"
FEW = "Competitors,Client,Up_sale,Authority"


def test_effects_and_scores_are_those_of_python(tmp_path):
    target = tmp_path / "effects.json"
    done = run("signals", str(DEALS), "--columns", FEW, "--late", "Up_sale", "--json", str(target))
    fit = fit_signals(DEALS, columns=FEW.split(","), late=["Up_sale"])
    answer = json.loads(target.read_text("utf-8"))
    assert answer["effects"] == fit.to_dict()["effects"]
    assert answer["calibration"] == fit.calibration(repeats=1).to_dict()
    assert fit.summary() in done.stdout


def test_what_is_written_is_a_section_of_a_scenario(tmp_path):
    section, plan = tmp_path / "signals.toml", tmp_path / "plan.toml"
    run("signals", str(DEALS), "--columns", FEW, "--late", "Up_sale", "--repeats", "0",
        "-o", str(section))  # fmt: skip
    text = section.read_text("utf-8")
    assert "# Competitors = No: 192 wins in 285: odds x" in text
    plan.write_text(
        'as_of = 2026-12-31\n[periods]\nevery = "year"\n'
        '[funnel]\npreset = "key-account"\ntime = 30\n'
        '[[pipeline.deals]]\nstage = "proposal"\namount = 5\nCompetitors = "Yes"\nClient = "New"\n'
        f'Authority = "Low"\n{text}',
        "utf-8",
    )
    signals = fs.read_scenario(plan).signals
    assert signals.names == ("Competitors", "Client", "Authority")
    wanted = fit_signals(DEALS, columns=FEW.split(","), late=["Up_sale"]).signals(draws=1)
    assert signals == wanted


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--columns", "row,Client"], "or --numeric with it"),
        (["--won", "Won?"], "did you mean 'Won'"),
        (["--late", "Clinet"], "did you mean 'Client'"),
        (["--repeats", "-1"], "--repeats must be a whole number of at least 0"),
        (["-o", str(DEALS)], "be another file"),
    ],
)
def test_what_is_wrong_is_said_in_options(more, told):
    assert told in refused("signals", str(DEALS), "--columns", FEW, *more)
