"""The value of an input at which a chance reaches a target, found with few trials."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

STRIDE = 4.0
MOST_STRIDES = 6
"""From where the input stands: 4,096 times as much, or as little, and the end if there is one."""
PROBES = 10
"""Parts of a range whose ends are tried before it is given up."""
MOST_BEFORE_WALL = 20
"""Values tried between one that can be and one that cannot."""
FINE, COARSE = 1e-4, 1e-3
"""How near to the edge a search stops, as a part of the value."""


@dataclass(frozen=True)
class Domain:
    """The values that an input may have.

    Parameters
    ----------
    low, high : float
        The ends; they may be infinite.
    whole : bool
        Whether it is a number of things.
    unit : float
        The first stride from 0; infinite if all of a stated range is to be looked through.
    settled : callable, optional
        Whether two values that were tried, one above the other, show that no larger one differs.
    """

    low: float
    high: float
    whole: bool = False
    unit: float = 1.0
    settled: Callable[[float, float], bool] | None = None

    def away(self, start: float, up: bool) -> Iterator[float]:
        """Yield values ever farther from ``start``, at last the end if it is near.

        They grow by strides; towards an end the distance that is left shrinks by strides.
        """
        end, sign = (self.high, 1.0) if up else (self.low, -1.0)
        distance, unit = abs(end - start), self.unit
        if math.isfinite(unit) and start != 0.0:
            unit = abs(start)
        seen = start
        for k in range(1, MOST_STRIDES + 1):
            step = min(unit * (STRIDE**k - 1.0), distance * (1.0 - STRIDE**-k))
            value = start + sign * step
            value = float(round(value)) if self.whole else value
            if abs(value - seen) > COARSE * FINE * abs(value):
                yield value
                if up and self.settled is not None and self.settled(seen, value):
                    return
                seen = value
        if end != seen and distance <= unit * STRIDE**MOST_STRIDES:
            yield end

    def between(self, one: float, other: float) -> float | None:
        """Return a value between two, None where they are next to each other."""
        low, high = sorted((one, other))
        if self.whole:
            return None if high - low <= 1.0 else float((low + high) // 2)
        far = low > 0.0 and high > STRIDE * low
        return math.sqrt(low * high) if far else 0.5 * (low + high)


Chance = Callable[[float], float | None]
"""The chance at a value of the input; None where the value cannot be."""


@dataclass(frozen=True)
class Edge:
    """Where a search ended.

    Parameters
    ----------
    value : float or None
        The value next to the edge at which the target is reached; None where no value does.
    rising : bool or None
        Whether more of the input makes the chance larger; None where it does not move it.
    everywhere : bool
        Whether all values that were tried reach the target; ``value`` is then the last of them.
    """

    value: float | None
    rising: bool | None
    everywhere: bool = False


def find_edge(
    chance: Chance, target: float, start: float, domain: Domain, *, part: float = FINE
) -> Edge:
    """Return the value at which a monotone chance reaches a target.

    Parameters
    ----------
    chance : callable
        Asked as seldom as can be; it may remember.
    target : float
        The chance to reach.
    start : float
        A value of the input that can be.
    domain : Domain
        Where to look.
    part : float
        How near to the edge, as a part of the value.
    """
    now = chance(start)
    assert now is not None
    rising = _rising(chance, start, domain)
    if rising is None:
        return Edge(start if now >= target else None, None, now >= target)
    if now >= target:
        return _least(chance, target, start, domain, rising, part)
    bad = start
    for value in domain.away(start, up=rising):
        reached = chance(value)
        if reached is None:
            return _before_wall(chance, target, (bad, value), domain, rising, part)
        if reached >= target:
            return Edge(_bisected(chance, target, value, bad, domain, part), rising)
        bad = value
    return _inside(chance, target, start, domain, part) or Edge(None, rising)


def _inside(chance: Chance, target: float, bad: float, domain: Domain, part: float) -> Edge | None:
    """Look between the ends of a range that is short, or stated: the chance may rise and fall."""
    width = domain.high - domain.low
    if width <= 1.0 or (math.isinf(domain.unit) and math.isfinite(width)):
        for k in range(1, PROBES):
            value = domain.low + width * k / PROBES
            value = float(round(value)) if domain.whole else value
            reached = chance(value)
            if reached is not None and reached >= target:
                return Edge(_bisected(chance, target, value, bad, domain, part), value > bad)
    return None


def _least(  # noqa: PLR0917
    chance: Chance, target: float, good: float, domain: Domain, rising: bool, part: float
) -> Edge:
    """Return how little is enough, from a value that is."""
    for value in domain.away(good, up=not rising):
        reached = chance(value)
        if reached is None:
            break
        if reached < target:
            return Edge(_bisected(chance, target, good, value, domain, part), rising)
        good = value
    return Edge(good, rising, everywhere=True)


def _before_wall(  # noqa: PLR0917
    chance: Chance,
    target: float,
    ends: tuple[float, float],
    domain: Domain,
    rising: bool,
    part: float,
) -> Edge:
    """Look between a value that can be and one that cannot."""
    bad, wall = ends
    for _ in range(MOST_BEFORE_WALL):
        value = domain.between(bad, wall)
        if value is None or not _apart(bad, wall, part):
            break
        reached = chance(value)
        if reached is None:
            wall = value
        elif reached >= target:
            return Edge(_bisected(chance, target, value, bad, domain, part), rising)
        else:
            bad = value
    return Edge(None, rising)


def _rising(chance: Chance, start: float, domain: Domain) -> bool | None:
    """Return in which direction the chance grows, None where it never moves."""
    here = chance(start)
    assert here is not None
    ways = {up: domain.away(start, up=up) for up in (True, False)}
    while ways:
        for up in list(ways):
            value = next(ways[up], None)
            reached = None if value is None else chance(value)
            if reached is None:
                del ways[up]
            elif reached != here:
                return (reached > here) == up
    return None


def _bisected(  # noqa: PLR0917
    chance: Chance, target: float, good: float, bad: float, domain: Domain, part: float
) -> float:
    """Return the value nearest to the edge at which the target is reached."""
    while (value := domain.between(good, bad)) is not None and (
        domain.whole or _apart(good, bad, part)
    ):
        reached = chance(value)
        if reached is not None and reached >= target:
            good = value
        else:
            bad = value
    return good


def _apart(one: float, other: float, part: float) -> bool:
    return abs(one - other) > part * max(abs(one), abs(other), 1e-300)
