"""The law of the time that a deal still needs, given that it is won.

It is the residual of the time in the current stage, given the age, plus the times of the later
stages. Times with single values (fixed, discrete, sampled) add up value by value; the others are
put on a lattice of days (a power of two to a day, so that whole days lie on it); the residual is
the exact survival function. With 8,192 steps chances are within 1e-6, or 5e-6 where a density has
a pole, as that of a gamma with a cv above 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from funnelsim.distributions import Discrete, Distribution, Fixed, Sample

Floats = NDArray[np.float64]

FINEST = 10
"""A step of the lattice is at least 2**-10 days."""
MOST_VALUES = 4096
"""Single values of a sum of times, at most; more go to the lattice."""
ROWS_AT_ONCE = 2**22
"""Numbers of a window matrix held at once."""
FAR_APART = 16
"""Lengths of the lattice between youngest and oldest deal from which on they share no grid."""
TIE = 1e-9
"""Days by which a sum may miss the end of a window through rounding and still count as in it."""
PANELS = np.concatenate([np.linspace(0.0, 4.0, 17), np.geomspace(5.0, 700.0, 24)])
PANEL_NODES = 16
"""Panels of ``-ln u``, and Gauss-Legendre points inside each, for means."""
INNER = 4
"""Points inside a step of a table, over which F is averaged."""


class Values(NamedTuple):
    """A law of single values: where they are, rising, and their chances."""

    at: Floats
    chance: Floats


class Later(NamedTuple):
    """The times of later stages: a sum of single values, plus what lies on the lattice."""

    values: Values
    lattice: Floats | None
    smooth: bool  # the lattice stands for a law without single values


class RemainingTime:
    """Remaining time by stage and age for one draw of the times in stage.

    Parameters
    ----------
    laws : sequence of Distribution
        Certain times in stage going forward, one for each open stage.
    reach : float
        Largest time that will be asked for, in days on the clock.
    steps : int
        Steps of the lattice, at most.
    """

    def __init__(self, laws: Sequence[Distribution], reach: float, steps: int) -> None:
        self.laws = tuple(laws)
        finest = min(FINEST, math.floor(math.log2(steps / max(reach, 2.0**-FINEST))))
        self.step = 2.0**-finest
        self.size = math.ceil(reach / self.step) + 2
        self._values = [_single_values(law) for law in self.laws]
        self._later = self._later_stages()

    def _later_stages(self) -> list[Later]:
        """Return the times after each stage."""
        values, lattice, smooth = Values(np.zeros(1), np.ones(1)), None, False
        later = [Later(values, lattice, smooth)]
        for law, single in zip(self.laws[:0:-1], self._values[:0:-1], strict=True):
            if single is None:
                masses = self._lattice_law(law)
                lattice = masses if lattice is None else _convolve(lattice, masses)
                smooth = smooth or not law.atoms
            else:
                values = _sum(values, single)
            few = len(values.at) == 1 or (lattice is None and len(values.at) <= MOST_VALUES)
            if not few:
                spread = self._spread(values)
                lattice = spread if lattice is None else _convolve(lattice, spread)
                values = Values(np.zeros(1), np.ones(1))
            later.append(Later(values, lattice, smooth))
        return later[::-1]

    def _lattice_law(self, law: Distribution) -> Floats:
        """Return a law's mass at each node: that of half a step to either side of it."""
        halves = (np.arange(self.size + 1) - 0.5) * self.step
        alive = law.sf(halves)
        return np.asarray(np.maximum(alive[:-1] - alive[1:], 0.0))

    def _spread(self, values: Values) -> Floats:
        """Return single values on the lattice; between two nodes the mean stays."""
        place = values.at / self.step
        node = np.floor(place + TIE).astype(np.int64)
        part = np.maximum(place - node, 0.0)
        inside = node < self.size
        node, part, chance = node[inside], part[inside], values.chance[inside]
        masses = np.bincount(node, chance * (1.0 - part), self.size + 1)
        masses += np.bincount(node + 1, chance * part, self.size + 1)
        return np.asarray(masses[: self.size])

    def by(self, stage: int, ages: Floats, times: Floats) -> Floats:
        """Return P(remaining time <= t), shape (ages, times).

        A deal older than its time in stage allows goes on at once.
        """
        values, lattice, smooth = self._later[stage]
        own = self._values[stage]
        if smooth and own is not None and len(own.at) <= MOST_VALUES:
            return self._by_own_values(stage, ages, times)
        chances = np.zeros((len(ages), len(times)))
        for k, time in enumerate(times):
            left = time * (1.0 + 1e-12) + TIE - values.at
            if lattice is None:
                soon = left >= 0.0
                rest, weights = left[soon], values.chance[soon]
            elif left[0] < 0.0:
                continue
            else:
                last = min(math.floor(left[0] / self.step), self.size - 1)
                rest, weights = left[0] - self.step * np.arange(last + 1), lattice[: last + 1]
            if len(rest):
                chances[:, k] = self._residual_by(stage, ages, rest, weights)
        if smooth:
            chances[self.laws[stage].sf(ages) == 0.0] = self._by_later(stage, times)
        return chances

    def _by_later(self, stage: int, times: Floats) -> Floats:
        """Return F of the later stages where they are smooth: of each middle, the sum of masses."""
        values, lattice, _ = self._later[stage]
        assert lattice is not None
        by = np.minimum(np.concatenate([[0.0], np.cumsum(lattice)]), 1.0)
        return np.asarray(np.interp(times - values.at[0], self._middles(), by))

    def _by_own_values(self, stage: int, ages: Floats, times: Floats) -> Floats:
        """Return the same for a stage of single values before later ones that are smooth."""
        result = np.empty((len(ages), len(times)))
        for row, age in enumerate(ages.tolist()):
            residual = self._residual_values(stage, age)
            left = times[:, None] - residual.at
            result[row] = np.minimum(self._by_later(stage, left) @ residual.chance, 1.0)
        return result

    def _residual_values(self, stage: int, age: float) -> Values:
        """Return what remains of a time of single values: it is 0 for a deal that is too old."""
        own = self._values[stage]
        assert own is not None
        open_ones = own.at > age
        chance = own.chance[open_ones]
        if chance.sum() > 0.0:
            return Values(own.at[open_ones] - age, chance / chance.sum())
        return Values(np.zeros(1), np.ones(1))

    def _middles(self) -> Floats:
        """Return 0 and the middles of the lattice's steps."""
        return np.concatenate([[0.0], (np.arange(self.size) + 0.5) * self.step])

    def _residual_by(self, stage: int, ages: Floats, rest: Floats, weights: Floats) -> Floats:
        """Return the sum over nodes of weight times P(residual <= rest), for each age."""
        result = np.full(len(ages), weights.sum())
        alive = self.laws[stage].sf(ages)
        open_ones = np.flatnonzero(alive > 0.0)
        chunk = max(1, ROWS_AT_ONCE // len(rest))
        for first in range(0, len(open_ones), chunk):
            some = open_ones[first : first + chunk]
            result[some] -= (self._survival(stage, ages[some], rest) @ weights) / alive[some]
        return np.asarray(np.clip(result, 0.0, 1.0))

    def _survival(self, stage: int, ages: Floats, rest: Floats) -> Floats:
        """Return P(T > age + rest), shape (ages, rest); on a lattice ``rest`` falls by steps."""
        law = self.laws[stage]
        on_lattice = self._later[stage].lattice is not None
        if law.atoms or not on_lattice or len(ages) * len(rest) <= 4 * self.size:
            together: Floats = ages[:, None] + rest[None, :]
            return law.sf(together)
        lowest = ages + rest[-1]
        nodes = np.floor(lowest / self.step + 1e-7).astype(np.int64)
        part = np.maximum(lowest / self.step - nodes, 0.0)[:, None]
        origin = nodes.min()
        length = len(rest)
        if nodes.max() - origin > FAR_APART * self.size:
            return law.sf(ages[:, None] + rest[None, :])
        grid = (origin + np.arange(nodes.max() - origin + length + 1)) * self.step
        windows = sliding_window_view(law.sf(grid), length + 1)[nodes - origin]
        below, above = windows[:, :-1], windows[:, 1:]
        if not (part > 1e-6).any():  # noqa: PLR2004  ages and times lie on the lattice
            return np.asarray(below[:, ::-1])
        between: Floats = below + part * (above - below)
        return between[:, ::-1]

    def single_values(self, stage: int, age: float) -> Values | None:
        """Return the law of the remaining time where it has few single values, else None."""
        later = self._later[stage]
        if self._values[stage] is None or later.lattice is not None:
            return None
        residual = self._residual_values(stage, age)
        if len(residual.at) * len(later.values.at) > MOST_VALUES:
            return None
        return _sum(later.values, residual)

    def law(self, stage: int, age: float) -> Values:
        """Return the remaining time as values with their chances, up to the reach.

        What is not a sum of single values is on the lattice, each node with the chance of half a
        step to either side.
        """
        single = self.single_values(stage, age)
        if single is not None:
            return single
        values = self._later[stage].values
        fixed = values.at[0] if len(values.at) == 1 else 0.0
        by = next(self._by_lattice(stage, np.array([age])))
        at = np.asarray(fixed + self.step * np.arange(self.size), dtype=np.float64)
        return Values(at, np.diff(by[1:], prepend=0.0))

    def read(self, stage: int, age: float, times: Floats) -> Floats:
        """Return P(remaining time <= t) at many times, by lines between the lattice's middles."""
        single = self.single_values(stage, age)
        if single is not None:
            by = np.minimum(np.concatenate([[0.0], np.cumsum(single.chance)]), 1.0)
            latest = times * (1.0 + 1e-12) + TIE
            return np.asarray(by[np.searchsorted(single.at, latest, side="right")])
        values = self._later[stage].values
        fixed = values.at[0] if len(values.at) == 1 else 0.0
        by = next(self._by_lattice(stage, np.array([age])))
        read = np.interp(times - fixed, self._middles(), by)
        return np.asarray(np.where(times - fixed < -TIE, 0.0, read))

    def averaged(self, stage: int, ages: Floats, edges: Floats) -> Floats:
        """Return the mean of F between neighbouring edges of time, shape (ages, edges - 1).

        Read by straight lines between the middles, it has every jump of F at its right place.
        """
        values = self._later[stage].values
        fixed = values.at[0] if len(values.at) == 1 else 0.0
        widths = np.diff(edges)
        inside = (np.arange(INNER) + 0.5) / INNER
        times = (edges[:-1, None] + inside * widths[:, None]) - fixed
        grid = self._middles()
        result = np.empty((len(ages), len(widths)))
        for row, by in enumerate(self._by_lattice(stage, ages)):
            read = np.interp(times, grid, by)
            read[times < -TIE] = 0.0
            result[row] = read.mean(axis=1)
        return result

    def _by_lattice(self, stage: int, ages: Floats) -> Iterator[Floats]:
        """Yield F at 0 and at the middles of the lattice's steps, for each age in turn."""
        law, (values, lattice, _) = self.laws[stage], self._later[stage]
        if lattice is None:
            single = len(values.at) == 1  # then it is an exact shift
            lattice = self._spread(Values(np.zeros(1), np.ones(1)) if single else values)
        masses = lattice
        at_zero = math.prod(1.0 - float(one.sf(np.zeros(1))[0]) for one in self.laws[stage + 1 :])
        length = _fast_length(2 * self.size)
        transform = np.fft.rfft(masses, length)
        halves = (np.arange(1, self.size + 1) - 0.5) * self.step
        for age in ages:
            together, start = masses, at_zero
            alive = law.sf(np.concatenate([[age], age + halves]))
            if alive[0] > 0.0:
                residual = np.append(alive[:-1] - alive[1:], 0.0)[: self.size] / alive[0]
                if self._values[stage] is not None:
                    residual = self._spread(self._residual_values(stage, age))
                both = np.fft.rfft(residual, length) * transform
                together, start = np.fft.irfft(both, length)[: self.size], 0.0
            yield np.concatenate([[start], np.clip(np.cumsum(together), 0.0, 1.0)])

    def mean(self, stage: int, ages: Floats) -> Floats:
        """Return the mean remaining time for each age, in days on the clock; may be infinite."""
        later = sum(float(law.mean) for law in self.laws[stage + 1 :])
        law, alive = self.laws[stage], self.laws[stage].sf(ages)
        if self._values[stage] is not None:
            own = [self._residual_values(stage, age) for age in ages.tolist()]
            return np.array([later + float(one.at @ one.chance) for one in own])
        if not math.isfinite(law.mean):
            return np.where(alive > 0.0, np.inf, later)
        residual = np.where(alive == 1.0, law.mean - ages, 0.0)
        some = (alive > 0.0) & (alive < 1.0)
        residual[some] = _mean_beyond(law, alive[some]) - ages[some]
        return np.asarray(later + np.maximum(residual, 0.0))


def _mean_beyond(law: Distribution, alive: Floats) -> Floats:
    """Return the mean of the longest share of times, for each share: that of ``isf(alive * u)``.

    In ``-ln u`` the integrand falls off smoothly, whatever the tail.
    """
    nodes, weights = np.polynomial.legendre.leggauss(PANEL_NODES)
    half = 0.5 * np.diff(PANELS)[:, None]
    logs = (PANELS[:-1, None] + half * (nodes + 1.0)).ravel()
    share = np.exp(-logs)
    tail = np.maximum(alive[:, None] * share, np.finfo(np.float64).tiny)
    return np.asarray(law.isf(tail) @ (share * (half * weights).ravel()))


def _single_values(law: Distribution) -> Values | None:
    """Return the values of a law that has nothing else, None of any other."""
    if isinstance(law, Fixed):
        return Values(np.array([float(law.mean)]), np.ones(1))
    if not isinstance(law, Discrete | Sample):
        return None
    at = np.unique(np.array(law.values))
    chance = -np.diff(law.sf(at), prepend=1.0)
    return Values(at[chance > 0.0], chance[chance > 0.0])


def _sum(first: Values, second: Values) -> Values:
    """Return the law of a sum; sums that differ by rounding alone are one value."""
    at = np.add.outer(first.at, second.at).ravel()
    chance = np.multiply.outer(first.chance, second.chance).ravel()
    order = np.argsort(at, kind="stable")
    at, chance = at[order], chance[order]
    starts = np.flatnonzero(np.concatenate([[True], np.diff(at) > TIE]))
    return Values(at[starts], np.add.reduceat(chance, starts))


def _convolve(first: Floats, second: Floats) -> Floats:
    """Return the law of a sum on the same lattice; what goes past its end is dropped."""
    size = len(first)
    length = _fast_length(2 * size)
    product = np.fft.rfft(first, length) * np.fft.rfft(second, length)
    return np.asarray(np.maximum(np.fft.irfft(product, length)[:size], 0.0))


def _fast_length(length: int) -> int:
    """Return the next power of two."""
    return 1 << (length - 1).bit_length()
