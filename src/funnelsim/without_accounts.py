"""The forecast without some accounts, against that with all of them, on the same draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funnelsim import answers
from funnelsim._key_accounts_text import without_in_words, without_text
from funnelsim.estimate import Estimate
from funnelsim.goal import CENTS
from funnelsim.pruning import Source, attainment_difference, in_json, without_deals

if TYPE_CHECKING:
    from funnelsim.key_accounts import KeyAccount


@dataclass(frozen=True, repr=False)
class WithoutAccounts:
    """What the forecast is without some accounts; made by `KeyAccounts.without`.

    Amounts are exact. What is simulated has its error; differences are path by path, on the same
    draws.

    Parameters
    ----------
    accounts : tuple of str
        Those that are left out, by rank.
    accounts_left : int
        Number of the others.
    deals, deals_left : int
        Numbers of open deals left out, and of the others.
    amount, weighted_amount : float
        Of the deals that are left out, in currency units.
    share : float
        Their share of the weighted amount of all.
    attainment_before, attainment_after, attainment_difference : Estimate or None
        Chance to reach the quota; None without one.
    bookings_before, bookings_after, bookings_difference : Estimate
        Mean bookings over the horizon, in currency units.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline, Scenario, simulate
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("year", 1), funnel=Funnel.key_account(time=30),
    ...     pipeline=Pipeline.from_frame({
    ...         "account": ["Acme", "Bolt"], "amount": [2e5, 3e5], "stage": ["proposal", "meeting"],
    ...     }))
    >>> left = simulate(scenario, paths=1_000).key_accounts().without("Acme")
    >>> left.accounts, left.weighted_amount, left.share
    (('Acme',), 100000.0, 0.625)
    """

    accounts: tuple[str, ...]
    accounts_left: int
    deals: int
    deals_left: int
    amount: float
    weighted_amount: float
    share: float
    attainment_before: Estimate | None
    attainment_after: Estimate | None
    attainment_difference: Estimate | None
    bookings_before: Estimate
    bookings_after: Estimate
    bookings_difference: Estimate

    def in_words(self) -> str:
        """Return what it is without them, in a sentence."""
        return without_in_words(self)

    def row(self) -> dict[str, Any]:
        """Return it as a row of a table; an estimate fills its own column and that of its error."""
        cells: dict[str, Any] = {
            "accounts": len(self.accounts),
            "deals": self.deals,
            "weighted_amount": self.weighted_amount,
            "share": self.share,
        }
        estimates = {
            "attainment_probability": self.attainment_after,
            "attainment_difference": self.attainment_difference,
            "bookings": self.bookings_after,
            "bookings_difference": self.bookings_difference,
        }
        for name, one in estimates.items():
            cells[name] = math.nan if one is None else one.value
            cells[f"{name}_standard_error"] = math.nan if one is None else one.standard_error
        return cells

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON holds them."""
        fields = {name: in_json(value) for name, value in vars(self).items()}
        return fields | {"in_words": self.in_words()}

    def __repr__(self) -> str:
        return without_text(self)


def leave_out(
    left_out: Sequence[KeyAccount], everyone: Sequence[KeyAccount], deals: set[str], source: Source
) -> WithoutAccounts:
    """Return the forecast without some accounts.

    Parameters
    ----------
    left_out, everyone : sequence of KeyAccount
        The accounts to leave out, and all of them.
    deals : set of str
        Ids of the deals of those that are left out.
    source : Source
        The forecast of all of them.
    """
    before = source.forecast
    after = without_deals(source, deals)
    change = after._total - before._total  # noqa: SLF001  exact, unlike bookings in units
    total = math.fsum(one.weighted_amount for one in everyone)
    weighted = math.fsum(one.weighted_amount for one in left_out)
    return WithoutAccounts(
        accounts=tuple(one.name for one in left_out),
        accounts_left=len(everyone) - len(left_out),
        deals=len(deals),
        deals_left=len(before.scenario.pipeline) - len(deals),
        amount=math.fsum(one.amount for one in left_out),
        weighted_amount=weighted,
        share=weighted / total if total > 0.0 else 0.0,
        attainment_before=before.attainment_probability(),
        attainment_after=after.attainment_probability(),
        attainment_difference=attainment_difference(after, before),
        bookings_before=before.expected_bookings(),
        bookings_after=after.expected_bookings(),
        bookings_difference=answers.mean(change, CENTS),
    )
