"""Which words mean won, lost or open, and in what order the open stages come."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.errors import InputError, unknown
from funnelsim.events.doubtful import name_doubtful, not_understood, speaks_of_a_close
from funnelsim.events.log import LOST, ONE_STAGE, WON
from funnelsim.events.pipelines import check_one_pipeline
from funnelsim.events.recognition import folded
from funnelsim.events.sheet import Sheet, Stated

OPEN, UNUSED, FIRST = 0, -3, -1
"""Open as an outcome; the state of a row that says nothing; the label of the first stage."""
MOST_STAGES = 60
SURE = 0.98
"""The share of a stage's rows that must agree for a probability of 0 or 100 to be its outcome."""

_WON = frozenset({"won", "gewonnen", "gagné", "gagnée", "ganado", "ganada", "vinto", "vinta"})
_LOST = frozenset({
    "lost", "declined", "rejected", "cancelled", "canceled", "abandoned", "disqualified",
    "verloren", "perdu", "perdue", "perdido", "perdida", "unsuccessful", "perso", "persa",
    "verlust", "abgelehnt", "abgesagt",
})  # fmt: skip
_WON_ALONE = frozenset({"win", "sold", "approved", "success", "successful", "closedwon"})
_LOST_ALONE = frozenset({
    "loss", "lose", "dead", "outsold", "failed", "closedlost", "deleted",
    "dropped", "withdrawn", "nodecision", "nosale", "nodeal", "noshow", "gescheitert",
})  # fmt: skip
"""Words that are an outcome only if nothing stands beside them, or, if lost, only a reason."""
_REASON = re.compile(r"\s+[-\u2013\u2014]+\s+|\s*[:(/,]\s*")
"""What parts a loss from its reason: ``"Dropped - no budget"``."""
_OPEN = frozenset({
    "open", "active", "pending", "progress", "new", "hold", "ongoing", "engaging", "prospecting",
    "working", "pipeline",
})  # fmt: skip
_NEVER = frozenset({"not", "no", "never", "un", "nicht", "kein", "nie", "non", "pas"})

DEFAULT_ORDERS = (
    ("Prospecting", "Qualification", "Needs Analysis", "Value Proposition", "Id. Decision Makers",
     "Perception Analysis", "Proposal/Price Quote", "Negotiation/Review"),
    ("Qualification", "Needs Analysis", "Proposal", "Negotiation"),
    ("Qualification", "Needs Analysis", "Value Proposition", "Identify Decision Makers",
     "Proposal/Price Quote", "Negotiation/Review"),
    ("Appointment Scheduled", "Qualified to Buy", "Presentation Scheduled",
     "Decision Maker Bought-In", "Contract Sent"),
    ("Qualify", "Develop", "Propose", "Close"),
    ("Qualified", "Contact Made", "Demo Scheduled", "Proposal Made", "Negotiations Started"),
)  # fmt: skip
"""The stages that systems come with; customers rename them, so this order is only used whole."""


def outcome_in(words: str) -> int | None:
    """Return `WON`, `LOST` or `OPEN` if the words of a label say so, else None.

    Examples
    --------
    >>> [outcome_in(text) for text in ("Closed Won", "closedlost", "Not won", "Proposal")]
    [-1, -2, -2, None]
    """
    parts = set(re.findall(r"[^\W\d_]+", words.casefold().replace("'", "").replace("\u2019", "")))
    whole = folded(words)
    head = folded(_REASON.split(words.strip(), maxsplit=1)[0])
    if whole.endswith("closedlost") or parts & _LOST or {whole, head} & _LOST_ALONE:
        return LOST
    if whole.endswith("closedwon") or (parts & (_WON | _WON_ALONE) and parts & _NEVER):
        return LOST if parts & _NEVER else WON
    if parts & _WON or whole in _WON_ALONE:
        return WON
    return OPEN if parts & _OPEN else None


def outcomes_of(
    column: str, labels: Sequence[str], stated: Stated, *, others_open: bool
) -> list[int]:
    """Return the outcome that each label means.

    Parameters
    ----------
    others_open : bool
        Whether a label without a known word is an open stage; else it is an error.

    Raises
    ------
    InputError
        If a word that the user states does not occur, or a word is not understood.
    """
    won, lost = (_stated(name, given, labels, column) for name, given in (
        ("won", stated.won), ("lost", stated.lost)))  # fmt: skip
    found: list[int] = []
    for label in labels:
        meant = _outcome(label, won, lost)
        if meant is None and not others_open and stated.won is None and stated.lost is None:
            raise not_understood(column, label, labels)
        found.append(OPEN if meant is None else meant)
    return found


def refuse_closed(column: str, labels: Sequence[str], meant: Sequence[int], stated: Stated) -> None:
    """Refuse a label that speaks of a close, if nothing says which and no stages are stated."""
    if stated.stages is not None or (stated.won is not None and stated.lost is not None):
        return
    for label, outcome in zip(labels, meant, strict=True):
        if outcome == OPEN and speaks_of_a_close(label):
            raise not_understood(column, label, labels)


def _outcome(label: str, won: set[str] | None, lost: set[str] | None) -> int | None:
    own = label.casefold()
    if won and own in won:
        return WON
    if lost and own in lost:
        return LOST
    meant = outcome_in(label)
    if (meant == WON and won is not None) or (meant == LOST and lost is not None):
        return OPEN
    return meant


def _stated(
    name: str, given: Sequence[str] | None, labels: Sequence[str], column: str
) -> set[str] | None:
    if given is None:
        return None
    if isinstance(given, str):
        given = [given]
    known = {label.casefold() for label in labels}
    for word in given:
        if str(word).casefold() not in known:
            raise unknown(name, str(word), labels, f"occur in {column!r}")
    return {str(word).casefold() for word in given}


@dataclass(frozen=True, eq=False)
class Labelled:
    """Events whose states are still words: ``label`` is a place in ``labels``, or `FIRST`."""

    labels: Sequence[str]
    label: NDArray[np.int64]
    deal: NDArray[np.int64]
    time: NDArray[np.float64]
    row: NDArray[np.int64]


def states_of(sheet: Sheet, events: Labelled) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the open stages in order, and the state that each event is.

    An event with the label `FIRST` is in the first stage, whichever that is.
    """
    events = _without_case(events)
    labels = events.labels
    column = sheet.columns.get("stage", "stage")
    if len(labels) > MOST_STAGES:
        raise InputError(
            column, f"hold at most {MOST_STAGES} different stages", len(labels),
            'name the column of stages: stage="…"',
        )  # fmt: skip
    meant = outcomes_of(column, labels, sheet.stated, others_open=True)
    meant = _by_flags(sheet, events, meant)
    _name_doubtful(sheet, events, meant)
    open_names = [name if meant[k] == OPEN else "" for k, name in enumerate(labels)]
    check_one_pipeline(sheet, open_names, events.label, events.row)
    names = [labels[k] for k, one in enumerate(meant) if one == OPEN]
    former = _former_names(sheet.stated.stages, names, column)
    if former is None:
        former = {name: [name] for name in _ordered_stages(sheet, events, names)}
    place = {one.casefold(): k for k, own in enumerate(former.values()) for one in own}
    state = [
        place.get(name.casefold(), UNUSED) if one == OPEN else one
        for name, one in zip(labels, meant, strict=True)
    ]
    return tuple(former) or ONE_STAGE, np.array([*state, 0], np.int64)[events.label]


def _name_doubtful(sheet: Sheet, events: Labelled, meant: Sequence[int]) -> None:
    by_outcome: dict[int, list[int]] = {OPEN: [], WON: [], LOST: []}
    for k, outcome in enumerate(meant):
        by_outcome[outcome].append(k)
    won, lost = ([events.labels[k] for k in by_outcome[one]] for one in (WON, LOST))
    told = events.label, events.deal, events.time
    name_doubtful(sheet, events.labels, by_outcome[OPEN], (won, lost), told)


def _without_case(events: Labelled) -> Labelled:
    """Return events whose labels differ in more than in capitals; the first spelling is kept."""
    first: dict[str, int] = {}
    merged = [first.setdefault(name.casefold(), len(first)) for name in events.labels]
    spelling = dict(zip(reversed(merged), reversed(list(events.labels)), strict=True))
    label = np.array([*merged, FIRST], np.int64)[events.label]
    return replace(events, labels=[spelling[k] for k in range(len(first))], label=label)


def _by_flags(sheet: Sheet, events: Labelled, meant: list[int]) -> list[int]:
    """Return outcomes with those that flags and probabilities tell where no word does."""
    labels, label, row = events.labels, events.label, events.row
    told = list(meant)
    for outcome, wanted in ((WON, 1.0), (LOST, 0.0)):
        stated = sheet.stated.won if outcome == WON else sheet.stated.lost
        if outcome in meant or stated is not None or sheet.stated.stages is not None:
            continue
        for field, signs in _evidence(sheet, wanted):
            found = [
                k
                for k in range(len(labels))
                if told[k] == OPEN and (label == k).any() and np.mean(signs[row[label == k]]) > SURE
            ]
            if found:
                names = ", ".join(repr(labels[k]) for k in found)
                word = "won" if outcome == WON else "lost"
                sheet.treat(
                    f"{word}-by-{field.replace('_', '-')}", (),
                    f"{names} is taken for {word}, because of column {sheet.columns[field]}",
                )  # fmt: skip
                told = [outcome if k in found else one for k, one in enumerate(told)]
                break
    return told


def _evidence(sheet: Sheet, wanted: float) -> list[tuple[str, NDArray[np.bool_]]]:
    found: list[tuple[str, NDArray[np.bool_]]] = []
    if "is_won" in sheet:
        signs = sheet.flags("is_won") == wanted
        if wanted == 0.0:
            signs = signs & (sheet.flags("is_closed") == 1.0)
        found.append(("is_won", np.asarray(signs)))
    if "probability" in sheet:
        value = sheet.amounts("probability").value
        top = 100.0 if np.nanmax(value, initial=0.0) > 1.0 else 1.0
        found.append(("probability", np.asarray(value == wanted * top)))
    return found


def _ordered_stages(sheet: Sheet, events: Labelled, names: list[str]) -> tuple[str, ...]:
    """Return the stages in the order of the system, or else in that of most deals."""
    for order in DEFAULT_ORDERS:
        by_folded = {folded(name): name for name in names}
        if len(names) > 1 and set(by_folded) <= set(map(folded, order)):
            stages = tuple(by_folded[key] for key in map(folded, order) if key in by_folded)
            sheet.treat("stage-order", (), f"stages in the order of the system: {_arrows(stages)}")
            return stages
    if len(names) < 2:  # noqa: PLR2004  nothing to order
        return tuple(names)
    places = np.array([events.labels.index(name) for name in names])
    stages = tuple(events.labels[k] for k in _by_precedence(places, events))
    sheet.treat(
        "stage-order",
        (),
        f"stages in the order in which most deals come to them: {_arrows(stages)}; "
        "state another with stages=[…]",
    )
    return stages


def _former_names(given: Any, names: Sequence[str], column: str) -> dict[str, list[str]] | None:
    """Return the stages that the user states, each with the names it has in the table."""
    if given is None:
        return None
    if isinstance(given, str) or not given:
        raise InputError("stages", "be a list of the open stages, in order", given)
    former = {
        str(name): [str(one) for one in given[name]] if isinstance(given, Mapping) else [str(name)]
        for name in given
    }
    every = [one for own in former.values() for one in own]
    known = {name.casefold(): name for name in names}
    for one in every:
        if one.casefold() not in known:
            raise unknown("stages", one, names, f"be open stages that occur in {column!r}")
    if len({one.casefold() for one in every}) < max(len(every), len(given)):
        raise InputError("stages", "differ", list(given))
    if isinstance(given, Mapping):
        return former
    return {known[name.casefold()]: own for name, own in former.items()}


def _by_precedence(open_ones: NDArray[np.int64], events: Labelled) -> list[int]:
    """Return stages by how often each is entered before each other one (a Borda count)."""
    size = len(open_ones)
    count = int(events.deal.max(initial=-1)) + 1
    first = np.full((size, count), np.inf)
    for k, one in enumerate(open_ones):
        which = events.label == one
        np.minimum.at(first[k], events.deal[which], events.time[which])
    score = np.zeros(size)
    for k in range(size):
        both = np.isfinite(first) & np.isfinite(first[k])
        ahead = ((first > first[k]) & both).sum(axis=1)
        behind = ((first < first[k]) & both).sum(axis=1)
        score[k] = ((ahead - behind) / np.maximum(ahead + behind, 1)).sum()
    return [int(open_ones[k]) for k in np.argsort(-score, kind="stable")]


def _arrows(names: Iterable[str]) -> str:
    return " > ".join(names)
