"""Key accounts as text: the table of accounts, how concentrated they are, the forecast without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from funnelsim._priorities_text import moved, points, signed
from funnelsim._text import aligned, counted, percent, plain_number
from funnelsim.amount_laws import AmountLaws, lognormal_sigma_of, pareto_alpha_of
from funnelsim.concentration import Concentration
from funnelsim.estimate import Estimate

if TYPE_CHECKING:
    from funnelsim.key_accounts import KeyAccount, KeyAccounts
    from funnelsim.without_accounts import WithoutAccounts

ENDS = 12
"""Accounts that are shown of each end of a long table."""
NAMES = 5
"""Accounts that are named in a sentence."""
HEADER = ["deals", "amount", "weighted", "share", "so far", "wins", "wins anything"]
MEASURES = ["", "Gini", "largest 20 % bring", "bring 80 %", "as many equal ones"]

NO_VARIANCE = (
    "warning: a Pareto with an alpha of at most 2 has no variance, so that a standard error means "
    "nothing: prefer the lognormal"
)


def in_words(found: KeyAccounts) -> str:
    """Return how few accounts bring most, in a sentence."""
    spread = found.weighted_amounts
    if spread is None:
        return "no account is expected to bring anything"
    many, top = spread.bring(), percent(spread.top())
    return (
        f"{many} of {counted(len(spread), 'account')} bring 80 % of the weighted amount, the "
        f"largest 20 % bring {top}: as concentrated as {spread.effective_number:.1f} equal ones"
    )


def accounts_text(found: KeyAccounts) -> str:
    """Return the accounts as text for a terminal."""
    lines = [f"Key accounts by {found.by}: {in_words(found)}", "", *_table(found)]
    spreads = [("amounts", found.amounts), ("weighted amounts", found.weighted_amounts)]
    measured = [_measured(name, one) for name, one in spreads if one is not None]
    if measured:
        lines += ["", *aligned(MEASURES, measured)]
    notes = [*_of_laws(found.laws), *_notes(found)]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _table(found: KeyAccounts) -> list[str]:
    repeats = found.repeat_mean is not None
    header = [found.by, *HEADER, *(["further wins"] if repeats else [])]
    lines = aligned(header, [_row(one) for one in found.accounts])
    left_out = len(found.accounts) - 2 * ENDS
    if left_out > 1:
        lines[1 + ENDS : 1 + ENDS + left_out] = [f"... {counted(left_out, 'account')} between"]
    return lines


def _row(one: KeyAccount) -> list[str]:
    return [
        one.name,
        str(one.deals),
        plain_number(one.amount),
        plain_number(one.weighted_amount),
        percent(one.share),
        percent(one.cumulative_share),
        f"{one.expected_wins:.2f}",
        percent(one.win_probability.value),
        *([] if one.further_wins is None else [f"{one.further_wins:.2f}"]),
    ]


def _measured(name: str, spread: Concentration) -> list[str]:
    equal = f"{spread.effective_number:.1f}"
    return [name, f"{spread.gini:.3f}", percent(spread.top()), str(spread.bring()), equal]


def _of_laws(laws: AmountLaws | None) -> list[str]:
    """Return the fitted laws, one a line, with what a Pareto without variance means."""
    if laws is None:
        return []
    top = laws.pareto_top()
    held = "all: there is no mean" if top is None else percent(top)
    lines = [
        _of_law("lognormal", f"median {plain_number(laws.median)}, sigma", laws.sigma),
        f"  its largest 20 % bring {percent(laws.lognormal_top())}; {_eighty('sigma')}",
        _of_law("Pareto", f"from {plain_number(laws.low)}, alpha", laws.alpha),
        f"  its largest 20 % bring {held}; {_eighty('alpha')}",
        f"  the {'Pareto' if laws.better == 'pareto' else laws.better} fits better",
    ]
    return [*lines, NO_VARIANCE] if laws.has_no_variance else lines


def _of_law(law: str, given: str, one: Estimate) -> str:
    ends = f"95 % interval {one.low:.3g} to {one.high:.3g}"
    return f"amounts as a {law}: {given} {one.value:.3g} ({ends})"


def _eighty(name: str) -> str:
    value = lognormal_sigma_of() if name == "sigma" else pareto_alpha_of()
    return f"80 % would be {name} {value:.3f}"


def _notes(found: KeyAccounts) -> list[str]:
    notes = []
    if found.unnamed:
        notes.append(f"{counted(found.unnamed, 'deal')} without an account count as one, (none)")
    error = max((one.win_probability.standard_error for one in found.accounts), default=0.0)
    if error > 0.0:
        most = f"{100 * error:.2g}"
        notes.append(f"chances to win anything are over simulated factors: ± {most} points at most")
    return notes


def without_in_words(found: WithoutAccounts) -> str:
    """Return what the forecast is without some accounts, in a sentence."""
    count = len(found.accounts)
    if not count:
        return "leaving out no account changes nothing"
    shown = ", ".join(found.accounts[:NAMES])
    more = f" and {count - NAMES} more" * (count > NAMES)
    holds = f"{counted(found.deals, 'deal')}, {percent(found.share)} of the weighted amount"
    return f"leaving out {shown}{more} ({holds}) {moved(found)}"


def without_text(found: WithoutAccounts) -> str:
    """Return the forecast with and without some accounts as text."""
    rows = [["open deals", str(found.deals + found.deals_left), str(found.deals_left)]]
    if found.attainment_before is not None and found.attainment_after is not None:
        both = (found.attainment_before, found.attainment_after)
        rows.append(["chance of the quota", *(percent(one.value) for one in both)])
    ends = (found.bookings_before, found.bookings_after)
    rows.append(["bookings", *(plain_number(one.value) for one in ends)])
    return "\n".join([without_in_words(found), "", *aligned(["", "with", "without"], rows)])


def without_table_text(found: Sequence[WithoutAccounts]) -> str:
    """Return the forecast without several sets of accounts as the lines of one table."""
    chance = any(one.attainment_after is not None for one in found)
    header = ["left out", "deals left", "share", "bookings", "difference"]
    header += ["chance", "points"] if chance else []
    return "\n".join(aligned(header, [_without_row(one, chance=chance) for one in found]))


def _without_row(one: WithoutAccounts, *, chance: bool) -> list[str]:
    row = [
        counted(len(one.accounts), "account"),
        str(one.deals_left),
        percent(one.share),
        plain_number(one.bookings_after.value),
        signed(one.bookings_difference),
    ]
    if chance:
        row.append("-" if one.attainment_after is None else percent(one.attainment_after.value))
        row.append("-" if one.attainment_difference is None else points(one.attainment_difference))
    return row
