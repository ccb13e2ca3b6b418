"""Do the tools compute the same thing? Compared before anything is timed.

Compared are the mean bookings of each period and, at two quotas, the attainment probability up to
the end of each period: each tool with each other, and the means with their exact values. Of
trajectories also what enters and stands in each stage, and when the first wins are signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.peers.careful_trajectories import Trajectories
    from benchmarks.work import Work

FALSE_ALARM = 1e-3
"""Chance that tools which agree are said to differ, over all comparisons together."""
RARE = 0.02
NEVER = 2**31 - 1


@dataclass(frozen=True)
class Difference:
    """One comparison: what, between whom, and by how many standard errors."""

    what: str
    first: str
    second: str
    errors: float

    def __str__(self) -> str:
        return f"{self.what}: {self.first} and {self.second} differ by {self.errors:.1f} errors"


def differences(work: Work, bookings: Mapping[str, np.ndarray]) -> list[Difference]:
    """Return all comparisons of the bookings (paths, periods) that the tools returned."""
    exact = work.expected_bookings()
    found = [
        Difference(f"mean of period {k}", name, "exact", _mean_errors(paths[:, k], exact[k]))
        for name, paths in bookings.items()
        for k in range(work.periods)
    ]
    for one, other in combinations(bookings, 2):
        found += _between(one, other, bookings[one], bookings[other], exact)
    return found


def differences_of_ways(names: tuple[str, str], ways: tuple[Trajectories, ...]) -> list[Difference]:
    """Return all comparisons of the stages of two tools, where they are more than rare events."""
    first, second = ways
    last = np.minimum.reduce([way.signed.max(where=way.signed < NEVER, initial=0) for way in ways])
    days = [np.minimum(way.signed, last + 1) for way in ways]
    tables = {
        "entering": (first.entering, second.entering),
        "standing": (first.standing, second.standing),
        "day of a first win": days,
    }
    found = []
    for what, (one, other) in tables.items():
        left, right = (table.reshape(len(table), -1) for table in (one, other))
        for column in np.flatnonzero((left > 0).mean(axis=0) >= RARE):
            errors = _two_means(left[:, column], right[:, column])
            found.append(Difference(f"{what}, column {column}", *names, errors))
    return found


def disagreements(found: list[Difference]) -> list[Difference]:
    """Return the comparisons beyond the threshold, which counts how many there are."""
    limit = special.ndtri(1.0 - FALSE_ALARM / (2 * len(found)))
    return [difference for difference in found if not abs(difference.errors) <= limit]


def _between(
    one: str, other: str, left: np.ndarray, right: np.ndarray, exact: np.ndarray
) -> list[Difference]:
    found = []
    for k in range(len(exact)):
        errors = _two_means(left[:, k], right[:, k])
        found.append(Difference(f"mean of period {k}", one, other, errors))
        for share in (1.0, 1.2):
            quota = share * exact[: k + 1].sum()
            reached = [paths[:, : k + 1].sum(axis=1) >= quota for paths in (left, right)]
            what = f"attainment of {share:.0%} of the mean by period {k}"
            found.append(Difference(what, one, other, _two_shares(*reached)))
    return found


def _mean_errors(sample: np.ndarray, exact: float) -> float:
    return float((sample.mean() - exact) / (sample.std(ddof=1) / np.sqrt(len(sample))))


def _two_means(left: np.ndarray, right: np.ndarray) -> float:
    error = np.sqrt(left.var(ddof=1) / len(left) + right.var(ddof=1) / len(right))
    return float((left.mean() - right.mean()) / error)


def _two_shares(left: np.ndarray, right: np.ndarray) -> float:
    pooled = np.concatenate([left, right]).mean()
    if pooled in (0.0, 1.0):
        return 0.0
    error = np.sqrt(pooled * (1 - pooled) * (1 / len(left) + 1 / len(right)))
    return float((left.mean() - right.mean()) / error)
