"""What a reader of a forecast should know about its deals: counted, named, with what was done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from funnelsim import _team_cautions, _team_work
from funnelsim.distributions import Distribution, Pareto
from funnelsim.new_business import NewBusiness
from funnelsim.scenario import Scenario

if TYPE_CHECKING:
    from funnelsim._arrays import Lowered

LARGE_SHARE = 5.0


@dataclass(frozen=True)
class Caution:
    """A warning that names deals.

    Parameters
    ----------
    code : str
        What it is about, for programs.
    ids : tuple of str
        The deals (or rows) concerned; the section, such as ``"new_business"``, for deals that do
        not exist yet.
    message : str
        What was found and what was done, for people.

    Examples
    --------
    >>> Caution("close-date-past", ("A1", "B7"), "stated close date is past: ignored").count
    2
    """

    code: str
    ids: tuple[str, ...]
    message: str

    @property
    def count(self) -> int:
        """Number of deals (or rows) concerned."""
        return len(self.ids)

    def to_dict(self) -> dict[str, Any]:
        """Return code, count, ids and message, as the JSON answer holds them."""
        return {
            "code": self.code,
            "count": self.count,
            "ids": list(self.ids),
            "message": self.message,
        }


def cautions(scenario: Scenario, lowered: Lowered) -> list[Caution]:
    """Return all warnings about a scenario's deals, those without a deal left out."""
    found = [
        *_of_open_deals(scenario, lowered),
        *_of_new_deals(scenario),
        *_of_shares(scenario),
        *_of_rows(scenario),
        *_of_signals(scenario),
        *_of_people(scenario),
        Caution(
            "people-limit-paths-only",
            _limits(scenario),
            "ways in which people limit deals, or create them, count on the simulated paths alone; "
            "chances of single deals, required pipeline and rates are those of deals that never "
            "wait",
        ),
    ]
    named = [one for one in found if one.count]
    asked = scenario.required_pipeline is not None  # then none is the usual start
    if len(scenario.pipeline) or _created(scenario.new_business) or asked:
        return named
    return [Caution("no-deals", (), "there are no deals: none is open, none is created"), *named]


def _limits(scenario: Scenario) -> tuple[str, ...]:
    """Return the parts of a scenario by which people matter, as a scenario file names them."""
    if not _team_work.matters(scenario):
        return ()
    team, work = scenario.team, bool(_team_work.hours_of(scenario))
    assert team is not None
    creates = any(role.creates > 0.0 for role in team.roles)
    parts = {"team.work": work, "team.roles.creates": creates}
    return tuple(name for name, there in parts.items() if there)


def _of_open_deals(scenario: Scenario, lowered: Lowered) -> list[Caution]:
    pipeline, standing, group = scenario.pipeline, lowered.standing, lowered.group
    ids = np.array(pipeline.ids, dtype=object)

    def named(mask: NDArray[np.bool_]) -> tuple[str, ...]:
        return tuple(ids[mask])

    return [
        Caution(
            "deal-older-than-its-times",
            named(standing.too_old[group]),
            "deals older than the times in stage allow: kept at their chance, going on at once",
        ),
        Caution(
            "deal-cannot-go-forward",
            named(standing.past[group]),
            "deals older than any time to go forward, not than the time if lost: counted as lost",
        ),
        Caution(
            "deal-cannot-be-lost",
            named(standing.sure[group]),
            "deals older than any time if lost, not than the time to go forward: counted as sure "
            "to leave their stage forward",
        ),
        Caution(
            "deal-very-old",
            named(standing.rare[group]),
            "deals longer in their stage than all but one in a thousand are: check when they "
            "entered it, and whether they are alive",
        ),
        Caution(
            "close-date-past",
            named(lowered.late),
            f"deals whose stated close date is not after {scenario.as_of}: the date is ignored",
        ),
        Caution(
            "deal-without-age",
            pipeline.without_age,
            "deals without an age or entry date, though others have one: taken as new",
        ),
    ]


def _of_new_deals(scenario: Scenario) -> list[Caution]:
    """Return the warnings about amounts; deals that do not exist yet go by their section."""
    return [
        Caution(
            "new-business-without-amount",
            _without_amount(scenario.new_business),
            "kind of new deals without an amount: wins are counted, and book nothing",
        ),
        Caution(
            "amount-without-variance",
            tuple(name for name, law in _amounts(scenario) if _boundless(law)),
            "deals whose amount has no finite variance: the error of a mean says little, and "
            "quantiles say more; prefer a lognormal",
        ),
    ]


def _of_shares(scenario: Scenario) -> list[Caution]:
    """Return the warning about shares that look like percent."""
    business, market = scenario.new_business, scenario.market
    shares = {"market.cycle_cv": market.cycle_cv, "market.amount_cv": market.amount_cv}
    shares |= _team_cautions.attrition(scenario)
    if business is not None:
        shares |= {
            "new_business.growth": business.growth,
            "new_business.dispersion": business.dispersion,
        }
    large = tuple(name for name, share in shares.items() if np.max(share) >= LARGE_SHARE)
    return [Caution("share-very-large", large, "shares of 5 or more: 20 % is given as 0.2")]


def _of_rows(scenario: Scenario) -> list[Caution]:
    skipped = {str(problem.row) for problem in scenario.pipeline.skipped}
    return [
        Caution(
            "rows-skipped",
            tuple(sorted(skipped, key=int)),
            "rows that cannot be used were left out; these are their numbers",
        )
    ]


def _of_signals(scenario: Scenario) -> list[Caution]:
    """Return the warnings about signals, which go by their names."""
    signals = scenario.signals
    if signals is None:
        return []
    stated = [one for one in signals.signals if one.moves]
    silent = [one.name for one in stated if one.reference is None and signals.population is None]
    return [
        Caution(
            "signal-without-effect",
            tuple(one.name for one in signals.signals if not one.moves),
            "signals whose answers have equal odds: they move nothing",
        ),
        Caution(
            "signal-unknown-everywhere",
            tuple(silent) if len(scenario.pipeline) else (),
            "signals without a known answer: they move nothing",
        ),
        Caution(
            "signal-reference-of-open-deals",
            tuple(one.name for one in stated if one.name in signals.own),
            "signals without a stated reference: the open deals' own answers are it, so that on "
            "average over them the chances stay those of the stages",
        ),
    ]


def _of_people(scenario: Scenario) -> list[Caution]:
    """Return the warnings about a team."""
    return [
        Caution(
            "owner-is-no-rep",
            _team_cautions.without_rep(scenario),
            "deals whose owner is none of the reps, though owners work on their own: one rep of "
            "the role has each, picked by the deal's id",
        ),
        Caution(
            "deal-without-due-date",
            _team_cautions.without_due_date(scenario),
            "deals without a close date, though the deal that is due first is next: they come last",
        ),
        Caution(
            "rep-never-there",
            _team_cautions.never_there(scenario),
            "reps who leave before the first day, or start after the last: they are never there",
        ),
    ]


def _created(business: NewBusiness | None) -> bool:
    """Say whether any deal may be created."""
    return business is not None and bool(np.any(business.per_period) and np.any(business.factor))


def _without_amount(business: NewBusiness | None) -> tuple[str, ...]:
    """Return which new deals have no amount; repeats have that of new business if none."""
    if business is None or business.amount is not None:
        return ()
    repeat = business.repeat
    repeated = repeat is not None and repeat.mean > 0.0 and repeat.amount is None
    return ("new_business",) * _created(business) + ("new_business.repeat",) * repeated


def _amounts(scenario: Scenario) -> Iterator[tuple[str, int | Distribution | None]]:
    """Yield each amount that is stated, with the name of its deal or section."""
    pipeline, business = scenario.pipeline, scenario.new_business
    yield from zip(pipeline.ids, pipeline.amounts, strict=True)
    if business is not None:
        yield "new_business", business.amount
        if business.repeat is not None:
            yield "new_business.repeat", business.repeat.amount
    if scenario.required_pipeline is not None:
        yield "required_pipeline", scenario.required_pipeline.amount


def _boundless(amount: int | Distribution | None) -> bool:
    """Say whether an amount has no finite variance: a Pareto with an alpha of 2 or less."""
    if not isinstance(amount, Pareto):
        return False
    alpha = dict(amount.parameters)["alpha"]
    return isinstance(alpha, float) and alpha <= 2.0  # noqa: PLR2004
