"""Which format a table has, by its headers, and what became of each column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from funnelsim.errors import InputError, unknown
from funnelsim.events.layouts import DATE_ENTERED, FIELDS, FORMATS, LAYOUTS, Layout
from funnelsim.frames import Table, column_named

_ENTERED_BY_ID = re.compile(r"hs_(?:v2_)?date_entered_(?!current_stage$)(.+)", re.IGNORECASE)
_ENTERED_BY_LABEL = re.compile(r"date entered \"?(.+?)(?: \(([^()]*)\))?\"?", re.IGNORECASE)


@dataclass(frozen=True)
class Recognised:
    """The format of a table, and the column that each field was read from.

    Parameters
    ----------
    format : str
        ``"salesforce"``, ``"deals"``, ...
    columns : tuple of (str, str)
        Each field with the column it was read from.

    Examples
    --------
    >>> print(Recognised("deals", (("deal", "Opp No"), ("created", "Opened"))))
    deals: deal is 'Opp No', created is 'Opened'
    """

    format: str
    columns: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"{self.format}: " + ", ".join(f"{name} is {own!r}" for name, own in self.columns)


@dataclass(frozen=True)
class Match:
    """A layout, and the columns of a table that fill it."""

    layout: Layout
    columns: Mapping[str, str]

    @property
    def lacking(self) -> list[str]:
        """The fields that are needed and not there."""
        return [
            need
            for need in self.layout.needs
            if not any(name in self.columns for name in need.split(" or "))
        ]

    def recognised(self) -> Recognised:
        """Return what to say of it."""
        named = {name: own for name, own in self.columns.items() if name != DATE_ENTERED}
        return Recognised(self.layout.format, tuple(named.items()))


def folded(header: str) -> str:
    """Return a header in small letters and without blanks and signs.

    Examples
    --------
    >>> folded("Deal - Won time"), folded("Probability (%)")
    ('dealwontime', 'probability')
    """
    return "".join(filter(str.isalnum, header.casefold()))


def date_entered_columns(headers: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """Return the columns that say when a stage was entered, with its name and pipeline.

    Examples
    --------
    >>> date_entered_columns(["hs_v2_date_entered_123", 'Date entered "Demo (Sales)"', "id"])
    {'hs_v2_date_entered_123': ('123', None), 'Date entered "Demo (Sales)"': ('Demo', 'Sales')}
    """
    found: dict[str, tuple[str, str | None]] = {}
    for header in headers:
        by_id = _ENTERED_BY_ID.fullmatch(header.strip())
        by_label = _ENTERED_BY_LABEL.fullmatch(header.strip())
        if by_id:
            found[header] = (by_id[1], None)
        elif by_label:
            found[header] = (by_label[1], by_label[2])
    return found


def recognise(table: Table, wanted: str | None, named: Mapping[str, Any]) -> Match:
    """Return the layout that a table has.

    Parameters
    ----------
    wanted : str, optional
        The format that the user asks for; by default every one is tried.
    named : mapping of str to str
        The columns that the user named, by field.

    Raises
    ------
    InputError
        If no layout fits, or two fit equally well.
    """
    own = _own_columns(table, named)
    if wanted is not None and wanted not in FORMATS:
        raise unknown("format", str(wanted), FORMATS, "be a known format")
    tried = [_match(layout, table, own) for layout in LAYOUTS if wanted in {None, layout.format}]
    marked = [match for match in tried if wanted or _marked(match, table)]
    fitting = [match for match in marked if not match.lacking and set(own) <= set(match.columns)]
    if not fitting:
        raise _nothing_fits(table, tried, wanted, own)
    best = max(_score(match) for match in fitting)
    first = [match for match in fitting if _score(match) == best]
    formats = dict.fromkeys(match.layout.format for match in first)
    if len(formats) > 1:
        raise InputError(
            f"format of {table.source}",
            f"be stated: {' and '.join(map(repr, formats))} fit equally well",
            remedy=f'format="{next(iter(formats))}"; the columns are {_listed(table.columns)}',
        )
    return first[0]


def _own_columns(table: Table, named: Mapping[str, Any]) -> dict[str, str]:
    for name in named:
        if name not in FIELDS:
            raise unknown("argument of read_events", name, FIELDS, "be a field of a history")
    given = {name: own for name, own in named.items() if own is not None}
    found = {name: column_named(table, own, name) for name, own in given.items()}
    twice = {own for own in found.values() if list(found.values()).count(own) > 1}
    if twice:
        both = [name for name, own in found.items() if own in twice]
        raise InputError(" and ".join(both), "be different columns", min(twice))
    return found


def _match(layout: Layout, table: Table, own: Mapping[str, str]) -> Match:
    """Return the columns that fill a layout: the user's own, then the likeliest headers."""
    found = dict(own)
    by_folded: dict[str, str] = {}
    for header in table.columns:
        by_folded.setdefault(folded(header), header)
    for name, headers in layout.names.items():
        free = [h for h in headers if h in by_folded and by_folded[h] not in found.values()]
        if name not in found and free:
            found[name] = by_folded[free[0]]
    if layout.kind == "stage dates" and date_entered_columns(table.columns):
        found[DATE_ENTERED] = DATE_ENTERED
    order = [*FIELDS, DATE_ENTERED]
    allowed = {*layout.names, DATE_ENTERED}
    return Match(layout, {name: found[name] for name in order if name in found and name in allowed})


def _marked(match: Match, table: Table) -> bool:
    """Return whether a table has the headers that only this system writes."""
    if not match.layout.marks:
        return True
    headers = set(map(folded, table.columns))
    if DATE_ENTERED in match.columns:
        headers.add(DATE_ENTERED)
    return any(headers.issuperset(marks) for marks in match.layout.marks)


def _score(match: Match) -> tuple[bool, int]:
    return bool(match.layout.marks), len(match.columns)


def _nothing_fits(
    table: Table, tried: list[Match], wanted: str | None, own: Mapping[str, str]
) -> InputError:
    nearest = sorted(tried, key=lambda match: len(match.lacking))
    lines = [f"  {m.layout.format} lacks {', '.join(m.lacking)}" for m in nearest if m.lacking]
    for match in tried:
        extra = sorted(set(own) - set(match.columns))
        if extra and not match.lacking:
            lines.append(f"  {match.layout.format} has no {', '.join(extra)}")
    kind = f"a history of format {wanted!r}" if wanted else "a history of a known format"
    return InputError(
        table.source,
        f"be {kind}",
        remedy=f'its columns are {_listed(table.columns)}; name yours, as in deal="…"\n'
        + "\n".join(dict.fromkeys(lines)),
    )


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - 30} more" if len(shown) > 30 else ""  # noqa: PLR2004
    return ", ".join(map(repr, shown[:30])) + more
