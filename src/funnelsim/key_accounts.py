"""Key accounts: what each brings, how concentrated that is, and the forecast without some."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim import _exact
from funnelsim._any_win import chance_of_any
from funnelsim._key_accounts_text import accounts_text, in_words
from funnelsim.amount_laws import AmountLaws, fit_amount_laws
from funnelsim.concentration import Concentration
from funnelsim.errors import InputError, unknown
from funnelsim.estimate import Estimate
from funnelsim.frames import to_frame
from funnelsim.parameters import plain, whole
from funnelsim.pruning import Source
from funnelsim.scenario import Scenario
from funnelsim.without_accounts import WithoutAccounts, leave_out

if TYPE_CHECKING:
    from funnelsim._arrays import Lowered

Ints = NDArray[np.int64]

NOBODY = "(none)"
"""The account of the deals that name none."""
LARGEST = (1, 3, 5)
"""Numbers of accounts of a table, unless asked."""


@dataclass(frozen=True)
class KeyAccount:
    """An account, and what its open deals are expected to bring.

    Parameters
    ----------
    rank : int
        From 1: the largest weighted amount.
    name : str
        The account; ``"(none)"`` holds the deals that name none.
    deals : int
        Number of open deals.
    amount : float
        Sum of their mean amounts, in currency units.
    weighted_amount : float
        Sum of mean amount times the chance to be won in the end, given age and signals.
    share : float
        Of the weighted amount of all accounts; 0 where there is none at all.
    cumulative_share : float
        The same of this account and all of a better rank.
    expected_wins : float
        Sum of the chances.
    win_probability : Estimate
        Chance to win at least one of the deals in the end, with all that they share.
    further_wins : float or None
        Wins that those wins are expected to open, and those in turn, whenever they come; None
        where the scenario states no repeat business.

    Examples
    --------
    >>> chance = Estimate.exact(0.75)
    >>> KeyAccount(1, "Acme", 2, 4e5, 2e5, 0.4, 0.4, 1.0, chance, None).win_probability.value
    0.75
    """

    rank: int
    name: str
    deals: int
    amount: float
    weighted_amount: float
    share: float
    cumulative_share: float
    expected_wins: float
    win_probability: Estimate
    further_wins: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON holds them."""
        return vars(self) | {"win_probability": self.win_probability.to_dict()}


@dataclass(frozen=True, repr=False, eq=False)
class KeyAccounts:
    """Accounts by what their open deals bring; made by `Forecast.key_accounts`.

    Amounts, shares and expected wins are exact. So is the chance to win anything: an average over
    the factors that the deals share, by the trapezoid rule. Only where the deals of an account
    differ in several columns that have a factor each, it is an average over the factors of
    simulated paths, with its error. All of it looks at the end, not at the horizon.

    Parameters
    ----------
    by : str
        The column of the open deals that names the account.
    accounts : tuple of KeyAccount
        From the largest weighted amount to the smallest.
    amounts, weighted_amounts : Concentration or None
        How amounts, and weighted amounts, are spread over the accounts; None where they are all 0.
    laws : AmountLaws or None
        A lognormal and a Pareto fitted to the amounts of the accounts that have a name; None for
        less than 3 above 0, or if all are equal.
    repeat_mean : float or None
        Mean number of wins that a win opens, where the scenario states it.
    source : Source
        What simulates again.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline, simulate
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("year", 1), funnel=Funnel.key_account(time=30),
    ...     pipeline=Pipeline.from_frame({
    ...         "account": ["Acme", "Bolt", "Acme"], "amount": [2e5, 3e5, 1e5],
    ...         "stage": ["proposal", "meeting", "negotiation"],
    ...     }))
    >>> found = simulate(scenario, paths=1_000).key_accounts()
    >>> [(one.name, round(one.weighted_amount), round(one.win_probability.value, 3))
    ...  for one in found.accounts]
    [('Acme', 180000, 0.9), ('Bolt', 60000, 0.2)]
    >>> found.weighted_amounts.gini
    0.25
    """

    by: str
    accounts: tuple[KeyAccount, ...]
    amounts: Concentration | None
    weighted_amounts: Concentration | None
    laws: AmountLaws | None
    repeat_mean: float | None
    source: Source

    @property
    def unnamed(self) -> int:
        """Number of deals that name no account; they stand together as one, ``"(none)"``."""
        return sum(one.deals for one in self.accounts if one.name == NOBODY)

    def without(self, accounts: int | str | Sequence[str]) -> WithoutAccounts:
        """Return the forecast without some accounts, on the same draws.

        The deals of all others are simulated again: where people limit the deals, they get the
        hours that are left.

        Parameters
        ----------
        accounts : int, str or sequence of str
            How many of the largest by weighted amount, or which by name.

        Raises
        ------
        InputError
            If there are not so many, or an account is not known.
        """
        left_out = self._chosen(plain(accounts))
        return leave_out(left_out, self.accounts, self._deals_of(left_out), self.source)

    def table(self, largest: Sequence[int] | None = None) -> dict[str, list[Any]]:
        """Return the forecast without so many of the largest accounts, column by column.

        Parameters
        ----------
        largest : sequence of int, optional
            Numbers of accounts; by default 1, 3 and 5, if there are so many.

        Returns
        -------
        dict of str to list
            ``accounts``, ``deals`` and ``weighted_amount`` left out, ``share`` of all, then
            ``attainment_probability``, ``bookings`` and their differences to all accounts, each
            beside its standard error; NaN where there is none. Any dataframe library takes it.

        Raises
        ------
        InputError
            If there are not so many.
        """
        if largest is None:
            largest = [many for many in LARGEST if many <= len(self.accounts)]
        rows = [self.without(many).row() for many in largest]
        return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}

    def in_words(self) -> str:
        """Return how few accounts bring most, in a sentence."""
        return in_words(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the accounts and their concentration as the JSON answer holds them."""
        parts = {
            name: None if part is None else part.to_dict()
            for name, part in (
                ("amounts", self.amounts),
                ("weighted_amounts", self.weighted_amounts),
                ("laws", self.laws),
            )
        }
        return {
            **self.source.forecast._heading(),  # noqa: SLF001  as all answers begin
            "by": self.by,
            "unnamed_deals": self.unnamed,
            "repeat_mean": self.repeat_mean,
            "accounts": [one.to_dict() for one in self.accounts],
            **parts,
            "in_words": self.in_words(),
        }

    def to_frame(self, *, backend: str | None = None) -> Any:
        """Return a dataframe with a row for each account.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, optional
            The library to use; by default the first of these that is installed.
        """
        columns: dict[str, list[Any]] = {
            name: [getattr(one, name) for one in self.accounts]
            for name in KeyAccount.__dataclass_fields__
        }
        chances = columns["win_probability"]
        columns["win_probability"] = [one.value for one in chances]
        columns["win_probability_standard_error"] = [one.standard_error for one in chances]
        further = columns["further_wins"]
        columns["further_wins"] = [math.nan if one is None else one for one in further]
        return to_frame(columns, backend)

    def __repr__(self) -> str:
        return accounts_text(self)

    def _chosen(self, asked: Any) -> list[KeyAccount]:
        by_name = {one.name: one for one in self.accounts}
        if isinstance(asked, str):
            asked = [asked]
        if not isinstance(asked, Sequence):
            return list(self.accounts[: whole("accounts", asked, 0, len(self.accounts))])
        names = list(dict.fromkeys(asked))
        for name in names:
            if name not in by_name:
                raise unknown(self.by, str(name), by_name, "be one of the open deals")
        return sorted((by_name[name] for name in names), key=lambda one: one.rank)

    def _deals_of(self, accounts: Sequence[KeyAccount]) -> set[str]:
        names = {one.name for one in accounts}
        pipeline = self.source.forecast.scenario.pipeline
        cells = zip(pipeline.ids, pipeline.segment(self.by), strict=True)
        return {deal for deal, name in cells if name in names}


def find_accounts(source: Source, lowered: Lowered, by: str, seed: int) -> KeyAccounts:
    """Return the accounts of a forecast's open deals.

    Raises
    ------
    InputError
        If the deals have no such column, or the mean of an amount is infinite.
    """
    scenario = source.forecast.scenario
    m = _repeat_mean(scenario)
    ranked = sorted(_summed(scenario, lowered, by), key=_order)
    total = math.fsum(one.weighted for one in ranked) or 1.0
    so_far = itertools.accumulate(one.weighted for one in ranked)
    accounts = tuple(
        KeyAccount(
            rank=rank,
            name=one.name,
            deals=len(one.places),
            amount=one.amount,
            weighted_amount=one.weighted,
            share=one.weighted / total,
            cumulative_share=min(until / total, 1.0),
            expected_wins=one.wins,
            win_probability=chance_of_any(lowered, one.places, seed),
            further_wins=None if m is None else one.wins * m / (1.0 - m),
        )
        for rank, (one, until) in enumerate(zip(ranked, so_far, strict=True), 1)
    )
    named = [one.amount for one in accounts if one.name != NOBODY]
    spreads = _spread([one.amount for one in ranked]), _spread([one.weighted for one in ranked])
    return KeyAccounts(by, accounts, *spreads, fit_amount_laws(named), m, source)


class _Summed(NamedTuple):
    """An account and the sums over its deals."""

    name: str
    places: Ints
    amount: float
    weighted: float
    wins: float


def _summed(scenario: Scenario, lowered: Lowered, by: str) -> list[_Summed]:
    deals_of = _deals_of_each(scenario, by)
    amounts, chances = np.array(_finite_amounts(scenario)), lowered.chance[lowered.group]
    return [
        _Summed(name, at, _sum(amounts[at]), _sum(amounts[at] * chances[at]), _sum(chances[at]))
        for name, at in deals_of.items()
    ]


def _order(one: _Summed) -> tuple[float, float, str]:
    return -one.weighted, -one.amount, one.name


def _deals_of_each(scenario: Scenario, by: str) -> dict[str, Ints]:
    """Return the places of the deals of each account."""
    columns = dict(scenario.pipeline.segments)
    if by not in columns:
        rule = "be a column of the open deals"
        if columns:
            raise unknown("by", str(by), columns, rule)
        remedy = "they have none beside those of a deal: add one that names the account"
        raise InputError("by", rule, by, remedy)
    places: dict[str, list[int]] = {}
    for place, name in enumerate(columns[by]):
        places.setdefault(name, []).append(place)
    return {name: np.array(found, dtype=np.int64) for name, found in places.items()}


def _finite_amounts(scenario: Scenario) -> list[float]:
    amounts = _exact.mean_amounts(scenario.pipeline)
    for deal, amount in zip(scenario.pipeline.ids, amounts, strict=True):
        if not math.isfinite(amount):
            rule, remedy = "have a finite mean, to tell shares of it", "prefer a lognormal"
            raise InputError(f"amount of deal {deal!r}", rule, amount, remedy)
    return amounts


def _repeat_mean(scenario: Scenario) -> float | None:
    business = scenario.new_business
    return None if business is None or business.repeat is None else business.repeat.mean


def _sum(values: NDArray[np.float64]) -> float:
    return math.fsum(values.tolist())


def _spread(values: list[float]) -> Concentration | None:
    return Concentration(tuple(values)) if any(values) else None
