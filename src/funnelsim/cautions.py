"""What a reader of a forecast should know about its deals: counted, named, with what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.distributions import Distribution, Pareto
from funnelsim.scenario import Scenario

if TYPE_CHECKING:
    from funnelsim._arrays import Lowered


@dataclass(frozen=True)
class Caution:
    """A warning that names deals.

    Parameters
    ----------
    code : str
        What it is about, for programs.
    ids : tuple of str
        The deals (or rows) concerned.
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
    pipeline, standing, group = scenario.pipeline, lowered.standing, lowered.group
    ids = np.array(pipeline.ids, dtype=object)

    def named(mask: NDArray[np.bool_]) -> tuple[str, ...]:
        return tuple(ids[mask])

    amounts = zip(pipeline.ids, pipeline.amounts, strict=True)
    skipped = tuple(sorted({str(problem.row) for problem in pipeline.skipped}, key=int))
    found = [
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
        Caution(
            "amount-without-variance",
            tuple(name for name, law in amounts if _boundless(law)),
            "deals whose amount has no finite variance: the error of a mean says little, and "
            "quantiles say more; prefer a lognormal",
        ),
        Caution(
            "rows-skipped",
            skipped,
            "rows that cannot be used were left out; these are their numbers",
        ),
    ]
    if not len(pipeline):
        return [
            Caution("no-deals", (), "the pipeline has no deals"),
            *(one for one in found if one.count),
        ]
    return [one for one in found if one.count]


def _boundless(amount: int | Distribution) -> bool:
    """Say whether an amount has no finite variance: a Pareto with an alpha of 2 or less."""
    if not isinstance(amount, Pareto):
        return False
    alpha = dict(amount.parameters)["alpha"]
    return isinstance(alpha, float) and alpha <= 2.0  # noqa: PLR2004
