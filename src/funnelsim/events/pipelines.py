"""One pipeline at a time: stages of two can not be put in one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError
from funnelsim.events.sheet import Sheet


def check_one_pipeline(
    sheet: Sheet, stages: Sequence[str], label: NDArray[np.int64], row: NDArray[np.int64]
) -> None:
    """Refuse a table with several pipelines whose stages differ, unless stages are stated.

    Parameters
    ----------
    stages : sequence of str
        The labels of open stages; other places of ``label`` are ``""``.
    label, row : ndarray of int, shape (events,)
        The label of each event, and its row.
    """
    if "pipeline" not in sheet or sheet.stated.stages is not None:
        return
    names, code = sheet.words("pipeline")
    of_event = code[row]
    found: dict[str, set[str]] = {}
    for k, name in enumerate(names):
        there = np.unique(label[(of_event == k) & (label >= 0)]).tolist()
        found[name] = {stages[one] for one in there if stages[one]}
    refuse_several(sheet, found)


def refuse_several(sheet: Sheet, stages: Mapping[str, set[str]]) -> None:
    """Refuse pipelines unless the stages of one of them are those of all."""
    given = {name: own for name, own in stages.items() if own}
    if len(given) < 2 or max(map(len, given.values())) == len(set().union(*given.values())):  # noqa: PLR2004
        return
    listed = "; ".join(f"{name!r} has {', '.join(sorted(own))}" for name, own in given.items())
    raise InputError(
        sheet.columns.get("pipeline", sheet.table.source),
        f"hold one pipeline, but holds {len(given)} with other stages",
        remedy=f"state the stages of one, in order, with stages=[…]: {listed}",
    )
