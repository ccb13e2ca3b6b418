"""Exports with cells and rows spoilt at random: read, or refused in words, never anything else."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnelsim.errors import InputError
from funnelsim.events import read_events

HISTORIES = Path(__file__).parent / "data" / "histories"
SPOILT = (
    None, "", "N/A", "None", "0", "-1", "1e400", "soon", "won", "Lost", "2019-04-12", "1/2/2019",
    "2019-04-12T10:00:00+05:00", "2099-01-01", 7, 2.5, True, "1.200,50", "$5", "Ω", "x" * 90,
)  # fmt: skip


def table_of(path):
    with path.open(encoding="utf-8") as file:
        records = [record for record in csv.reader(file) if len(record) > 1]
    return {name: [row[k] for row in records[1:]] for k, name in enumerate(records[0])}


TABLES = {path.stem: table_of(path) for path in sorted(HISTORIES.glob("*.csv"))}


@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=30)
@given(drawn=st.data())
def test_a_spoilt_export_is_read_or_refused(name, drawn):
    table = {column: list(cells) for column, cells in TABLES[name].items()}
    rows = len(next(iter(table.values())))
    for _ in range(drawn.draw(st.integers(1, 6))):
        column = drawn.draw(st.sampled_from(sorted(table)))
        row = drawn.draw(st.integers(0, rows - 1))
        table[column][row] = drawn.draw(st.sampled_from(SPOILT))
    if drawn.draw(st.booleans()):
        del table[drawn.draw(st.sampled_from(sorted(table)))]
    day_first = drawn.draw(st.sampled_from([None, True, False]))
    try:
        log = read_events(table, day_first=day_first)
    except InputError as error:
        assert "must" in str(error)  # noqa: PT017
        return
    assert np.isfinite(log.time).all()
    assert len(np.unique(log.deal)) == len(log.ids)
    known = log.as_of(log.last_day)
    assert (known.entry[0] <= known.closed).all()
    assert set(map(len, log.segments.values())) <= {len(log)}
