"""Values that stand in several sections: distributions, files beside the scenario, tables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from funnelsim.distributions import Distribution, distribution_from_toml
from funnelsim.errors import InputError
from funnelsim.frames import column_of_file
from funnelsim.scenario_file.document import Document
from funnelsim.scenario_file.lines import KeyPath


def distribution_at(document: Document, field: str, value: Any, place: KeyPath) -> Distribution:
    """Return the distribution at a key; the file of a sample is relative to the document."""
    if isinstance(value, Mapping) and isinstance(value.get("sample"), Mapping):
        sample = dict(value["sample"])
        if isinstance(sample.get("file"), str):
            sample["file"] = beside(document, sample["file"])
        value = {**value, "sample": sample}
    with document.placed(*place):
        return distribution_from_toml(field, value, column_of_file)


def beside(document: Document, file: str) -> str:
    """Return the path of a file that is named relative to the document."""
    return os.path.join(document.folder, file)  # noqa: PTH118  keeps the user's spelling


def list_of_tables(field: str, given: Any) -> list[Mapping[str, Any]]:
    """Return a list of tables, or refuse what is none."""
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise InputError(field, "be a list of tables", given, f"each under [[{field}]]")
    return given
