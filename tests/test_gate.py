"""What the gate decides, without timing anything."""

from __future__ import annotations

import json

import pytest

from benchmarks import gate, gate_baseline, gate_rows, gate_sides
from benchmarks.gate_baseline import Baseline, Expected, UnreadableError
from benchmarks.gate_verdicts import (
    FASTER,
    NEW,
    NOISE,
    OK,
    SLOWER,
    Judged,
    Measured,
    conclusion,
    judge,
    table,
)

VERSIONS = {"Python": "3.12", "numpy": "2.0.0"}
RATIOS = {row.name: 2.0 for row in gate_rows.ROWS}
FIRST = gate_rows.ROWS[0].name
SECOND = gate_rows.ROWS[1].name


def judged(*ratios, expected=1.0, tolerance=0.15):
    """Judge a row whose measurements come out like this; none may be left over or lacking."""
    rest = iter(ratios[1:])
    found = judge("row", Measured(ratios[0], expected), tolerance, lambda: Measured(next(rest), 1))
    assert next(rest, None) is None
    return found


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ((1.0,), OK),
        ((1.149,), OK),
        ((1.16, 1.0), NOISE),
        ((1.16, 1.3, 1.0), NOISE),
        ((1.16, 1.3, 1.17), SLOWER),
        ((0.88,), OK),
        ((0.86,), FASTER),
    ],
)
def test_a_row_fails_when_it_is_too_slow_three_times(ratios, verdict):
    assert judged(*ratios).verdict == verdict


def test_the_tolerance_is_the_rows_own():
    assert judged(1.25, tolerance=0.3).verdict == OK
    assert judged(1.35, 1.35, 1.35, tolerance=0.3).verdict == SLOWER


def test_each_measurement_is_compared_with_its_own_expectation():
    found = Judged("row", 2.0, (Measured(2.0, 1.0), Measured(2.0, 1.9)), 0.15)
    assert found.verdict == NOISE
    assert found.deciding == Measured(2.0, 1.9)


def test_a_row_without_a_baseline_does_not_fail():
    found = Judged("row", 2.0, (), 0.15)
    assert found.verdict == NEW
    assert found.deciding is None
    assert conclusion([found]) == "Passed."


def test_the_conclusion_names_the_rows():
    rows = [judged(1.3, 1.3, 1.3), judged(1.3, 1.0), judged(0.5)]
    said = conclusion([Judged(str(n), 1.0, row.measured, 0.15) for n, row in enumerate(rows)])
    assert said.splitlines() == [
        "FAILED: slower in 3 measurements: 0.",
        "Too slow once, not again: 1.",
        "Faster than the baseline (--update makes it the new one): 2.",
    ]


def test_the_table_shows_the_measurement_that_decides():
    lines = table([judged(1.4, 1.2, 1.3), Judged("other", 3.0, (), 0.15)]).splitlines()
    assert lines[2].split() == ["row", "1.2", "1", "+20", "%", "+15", "%", "SLOWER"]
    assert lines[3].split() == ["other", "3", "no", "baseline"]


def test_a_row_is_a_ratio_of_costs_for_each_unit(monkeypatch):
    pieces = {"ours": gate_rows.Piece(lambda: None, 4), "peer": gate_rows.Piece(lambda: None, 2)}
    monkeypatch.setattr(gate_rows, "PIECES", pieces)
    assert gate_rows.Row("row", "ours", "peer").ratio({"ours": 1.0, "peer": 2.0}) == 0.25


def test_rows_are_made_of_pieces_that_there_are():
    assert len({row.name for row in gate_rows.ROWS}) == len(gate_rows.ROWS)
    used = {name for row in gate_rows.ROWS for name in (row.piece, row.yardstick)}
    assert used == set(gate_rows.PIECES)


@pytest.mark.slow
@pytest.mark.parametrize("name", gate_rows.PIECES)
def test_every_piece_can_be_made_and_run(name):
    call = gate_rows.PIECES[name].make()
    assert call() is not None


def baseline(processor="a", ratio=1.0, tolerance=0.15):
    return Baseline(processor, VERSIONS, {"row": Expected(ratio, tolerance)})


def test_a_baseline_is_read_as_it_was_written(tmp_path):
    file = tmp_path / "baseline.json"
    gate_baseline.write(file, baseline())
    assert gate_baseline.read(file, "a") == baseline()


def test_each_processor_has_its_baseline_and_the_first_stands_in(tmp_path):
    file = tmp_path / "baseline.json"
    for processor, ratio in (("a", 1.0), ("b", 2.0), ("a", 3.0)):
        gate_baseline.write(file, baseline(processor, ratio))
    assert [gate_baseline.read(file, one).rows["row"].ratio for one in "abc"] == [3.0, 2.0, 3.0]


def test_an_update_keeps_tolerances(tmp_path):
    file = tmp_path / "baseline.json"
    gate_baseline.write(file, baseline(tolerance=0.25))
    gate_baseline.write(file, baseline(ratio=2.0))
    assert gate_baseline.read(file, "a").rows["row"] == Expected(2.0, 0.25)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "[1]", '[{"processor": "a", "versions": {}}]',
     '[{"processor": "a", "versions": {}, "rows": {"row": {"ratio": 0}}}]',
     '[{"processor": "a", "versions": {}, "rows": {"row": {"ratio": "fast"}}}]'],
)  # fmt: skip
def test_what_is_no_baseline_is_refused(tmp_path, text):
    file = tmp_path / "baseline.json"
    file.write_text(text)
    with pytest.raises(UnreadableError, match=r"baseline\.json"):
        gate_baseline.read(file, "a")


def test_another_processor_and_other_versions_are_said():
    assert baseline().differences("a", VERSIONS) == []
    processor, versions = baseline().differences("b", {**VERSIONS, "numpy": "2.1.0"})
    assert "another processor (a) than this (b)" in processor
    assert versions == "Other versions: numpy 2.0.0 there, 2.1.0 here."


def test_this_machine_has_a_processor_and_versions():
    assert gate_baseline.processor()
    assert set(gate_baseline.versions()) == {"Python", "numpy", "scipy", "numba"}


@pytest.fixture
def file(tmp_path):
    """A baseline with all rows."""
    rows = {name: Expected(ratio) for name, ratio in RATIOS.items()}
    gate_baseline.write(tmp_path / "baseline.json", Baseline("a", VERSIONS, rows))
    return tmp_path / "baseline.json"


def measuring(monkeypatch, *measurements):
    """Let the gate find these ratios, changed from those of the baseline, one after another."""
    asked, left = [], iter(measurements)

    def measure(checkouts, rows):
        asked.append([row.name for row in rows])
        sides = next(left)
        assert len(sides) == len(checkouts)
        names = [row.name for row in rows]
        found = [{**RATIOS, **changed} for changed in sides]
        return [{n: one[n] for n in names if one[n] is not None} for one in found]

    monkeypatch.setattr(gate_sides, "measure", measure)
    return asked


def test_the_gate_passes_at_the_baseline(monkeypatch, file, capsys):
    measuring(monkeypatch, [{}])
    assert gate.main(["--baseline", str(file)]) == 0
    assert "another processor" in (said := capsys.readouterr().out)
    assert said.endswith("Passed.\n")


def test_the_gate_fails_on_a_row_that_stays_slow(monkeypatch, file, tmp_path):
    asked = measuring(monkeypatch, [{FIRST: 2.6}], [{FIRST: 2.5}], [{FIRST: 2.7}])
    found = tmp_path / "found.json"
    assert gate.main(["--baseline", str(file), "--json", str(found)]) == 1
    assert asked[1:] == [[FIRST], [FIRST]]
    first = json.loads(found.read_text())["rows"][0]
    assert first["measured"] == [[2.6, 2.0], [2.5, 2.0], [2.7, 2.0]]
    assert first["verdict"] == SLOWER


def test_the_gate_passes_what_was_slow_but_once(monkeypatch, file, capsys):
    asked = measuring(monkeypatch, [{FIRST: 2.6, SECOND: 0.5}], [{FIRST: 2.1}])
    assert gate.main(["--baseline", str(file)]) == 0
    assert asked[1:] == [[FIRST]]
    said = capsys.readouterr().out
    assert f"Too slow once, not again: {FIRST}." in said
    assert f"one): {SECOND}." in said


def test_another_checkout_stands_in_for_the_baseline(monkeypatch, file, tmp_path, capsys):
    (tmp_path / "src" / "funnelsim").mkdir(parents=True)
    both = [{FIRST: 9.0, SECOND: 3.0}, {FIRST: 9.0, SECOND: None}]
    measuring(monkeypatch, both)
    assert gate.main(["--baseline", str(file), "--against", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "another processor" not in said
    assert NEW in said
    measuring(monkeypatch, [{FIRST: 9.0}, {}], [{FIRST: 9.0}, {}], [{FIRST: 9.0}, {FIRST: 5.0}])
    missing = str(tmp_path / "no.json")
    assert gate.main(["--baseline", missing, "--against", str(tmp_path)]) == 1


def test_without_a_baseline_the_status_is_two(tmp_path, capsys):
    assert gate.main(["--baseline", str(tmp_path / "no.json")]) == 2
    assert "--update" in capsys.readouterr().err


def test_a_baseline_that_lacks_a_row_is_none(file, capsys):
    gate_baseline.write(file, Baseline("a", VERSIONS, {FIRST: Expected(1.0)}))
    assert gate.main(["--baseline", str(file)]) == 2
    assert SECOND in capsys.readouterr().err


def test_what_cannot_be_measured_has_status_two(monkeypatch, file, capsys):
    measuring(monkeypatch, [{FIRST: None}])
    assert gate.main(["--baseline", str(file)]) == 2
    assert f"could not be measured: {FIRST}" in capsys.readouterr().err


def test_an_update_writes_the_median_of_three(monkeypatch, tmp_path):
    measuring(monkeypatch, [{FIRST: 1.0}], [{FIRST: 3.0}], [{FIRST: 1.1}])
    file = tmp_path / "baseline.json"
    assert gate.main(["--baseline", str(file), "--update"]) == 0
    found = gate_baseline.read(file, gate_baseline.processor())
    assert found.rows[FIRST] == Expected(1.1)
    assert found.rows[SECOND] == Expected(2.0)


def test_a_folder_without_the_package_is_no_checkout(tmp_path, capsys):
    with pytest.raises(SystemExit):
        gate.main(["--against", str(tmp_path)])
    assert "no src/funnelsim" in capsys.readouterr().err


def test_the_stored_baseline_has_all_rows():
    found = gate_baseline.read(gate_baseline.FILE, "")
    assert set(found.rows) == {row.name for row in gate_rows.ROWS}
