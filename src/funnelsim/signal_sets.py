"""Ready-made sets of signals: names and levels alone. How far an answer moves the odds is yours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from funnelsim._signal import AnySignal, NumericSignal, Signal
from funnelsim.errors import InputError, unknown

COVERED, NOT_COVERED = "covered", "not covered"
_COVERING = (COVERED, NOT_COVERED)
_MODES = ("growth", "trouble", "even keel", "overconfident")
NUMBERS: tuple[str, ...] = ()
"""Stands for the levels of a signal of numbers."""

SIGNAL_SETS: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "buying influences": dict.fromkeys(("coach", "user", "technical", "economic"), _COVERING),
    "response mode": dict.fromkeys(
        ("user_response", "technical_response", "economic_response"), _MODES
    ),
    "rating": {"rating": NUMBERS},
    "strengths": {"strengths": NUMBERS},
    "red flags": {"red_flags": NUMBERS},
    "entry point": {"entry_point": ("before", "during", "after", "tender")},
    "ideal customer": {"ideal_customer": ("yes", "partly", "no")},
    "meddpicc": dict.fromkeys(
        (
            "metrics", "economic_buyer", "decision_criteria", "decision_process",
            "paper_process", "identified_pain", "champion", "competition",
        ),
        _COVERING,
    ),
})  # fmt: skip
"""The signals of each set, each with its levels; none for numbers."""

CONTACT_ROLES: Mapping[str, str | None] = MappingProxyType({
    # Salesforce, OpportunityContactRole
    "Business User": "user",
    "Decision Maker": "economic",
    "Economic Buyer": "economic",
    "Economic Decision Maker": "economic",
    "Evaluator": "technical",
    "Executive Sponsor": "coach",
    "Influencer": None,
    "Technical Buyer": "technical",
    "Other": None,
    # HubSpot, hs_buying_role
    "BLOCKER": "technical",
    "BUDGET_HOLDER": "economic",
    "CHAMPION": "coach",
    "DECISION_MAKER": "economic",
    "END_USER": "user",
    "EXECUTIVE_SPONSOR": "coach",
    "INFLUENCER": None,
    "LEGAL_AND_COMPLIANCE": "technical",
    "OTHER": None,
})  # fmt: skip
"""The buying influence of each role that CRMs give to contacts; None for no one of the four. A
reading, to edit: ``{**CONTACT_ROLES, "Executive Sponsor": "economic"}``."""


def signal_set(
    name: str, effects: Mapping[str, Any] | None = None, **more: Any
) -> tuple[AnySignal, ...]:
    """Return the signals of a ready-made set.

    Parameters
    ----------
    name : str
        One of `SIGNAL_SETS`.
    effects : mapping of str to mapping, number or draws, optional
        For a signal its odds ratios by level, as of `Signal`, or the odds ratio of its numbers.
        A level without one has 1, and so have all levels of a signal that is not named: it moves
        nothing, and a forecast says so.
    **more
        Fields of `Signal` for all of them, such as ``unknown="answer"`` (then state the effect of
        "unknown").

    Raises
    ------
    InputError
        If there is no such set, or no such signal in it.

    Examples
    --------
    >>> coach, *others = signal_set("buying influences", {"coach": {"covered": 2.0}})
    >>> coach.effects, [one.moves for one in others]
    ({'covered': 2.0, 'not covered': 1.0}, [False, False, False])
    """
    folded = name.strip().casefold() if isinstance(name, str) else ""
    if folded not in SIGNAL_SETS:
        raise unknown("name of a set of signals", str(name), SIGNAL_SETS)
    stated = dict(effects or {})
    for one in stated:
        if one not in SIGNAL_SETS[folded]:
            raise unknown(f"signal of the set {folded!r}", one, SIGNAL_SETS[folded])
    return tuple(
        _signal(one, levels, stated.get(one), {"group": folded} | more)
        for one, levels in SIGNAL_SETS[folded].items()
    )


def _signal(name: str, levels: tuple[str, ...], effect: Any, more: dict[str, Any]) -> AnySignal:
    if levels == NUMBERS:
        return NumericSignal(name, 1.0 if effect is None else effect, **more)
    given = {} if effect is None else effect
    if not isinstance(given, Mapping):
        remedy = 'such as {"covered": 2.0}'
        raise InputError(f"effects of signal {name!r}", "map levels to odds ratios", given, remedy)
    own = "unknown" if more.get("unknown") == "answer" else None
    known = {level.casefold(): level for level in (*levels, *([own] if own else []))}
    ratios: dict[str, Any] = dict.fromkeys(known.values(), 1.0)
    for level, ratio in given.items():
        if str(level).strip().casefold() not in known:
            raise unknown(f"level of signal {name!r}", str(level), known.values())
        ratios[known[str(level).strip().casefold()]] = ratio
    return Signal(name, ratios, **more)


def buying_influences(
    roles: Iterable[str], table: Mapping[str, str | None] = CONTACT_ROLES, absent: str = "unknown"
) -> dict[str, str]:
    """Return which buying influences of a deal are covered by its contacts.

    Parameters
    ----------
    roles : iterable of str
        Roles of the deal's contacts, as the CRM has them, whatever the case.
    table : mapping of str to str or None
        The influence that each role is; by default `CONTACT_ROLES`.
    absent : str
        The answer where no contact has such a role: a CRM does not know whom nobody entered.

    Raises
    ------
    InputError
        If a role is not in the table; the message offers the nearest.

    Examples
    --------
    >>> buying_influences(["Economic Buyer", "CHAMPION", "Other"])
    {'coach': 'covered', 'user': 'unknown', 'technical': 'unknown', 'economic': 'covered'}
    """
    known = {role.strip().casefold(): influence for role, influence in table.items()}
    found = dict.fromkeys(SIGNAL_SETS["buying influences"], absent)
    for role in roles:
        word = str(role).strip().casefold()
        if word not in known:
            raise unknown("role of a contact", str(role), table, "be in the table of roles")
        influence = known[word]
        if influence is not None and influence not in found:
            raise unknown(f"influence of role {role!r}", influence, found, "be one of the four")
        if influence is not None:
            found[influence] = COVERED
    return found
