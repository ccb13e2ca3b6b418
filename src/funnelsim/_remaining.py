"""The law of the time that a deal still needs, given that it is won.

It is the residual of the time in the current stage, given the age, plus the times of the later
stages. Later stages are put on a lattice of days (a power of two to a day, so that whole days lie
on it), fixed times are exact shifts, and the residual is the exact survival function.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from funnelsim.distributions import Distribution, Fixed

Floats = NDArray[np.float64]

LATTICE = 8192
"""Steps of the lattice over the time that matters, at most."""
FINEST = 7
"""A step of the lattice is at least 2**-7 days."""
ROWS_AT_ONCE = 2**22
"""Numbers of a window matrix held at once."""
TIE = 1e-9
"""Days by which a sum may miss the end of a window through rounding and still count as in it."""
FAR_NODES = 64
INNER = 4
"""Points inside a step of a table, over which F is averaged."""


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

    def __init__(self, laws: Sequence[Distribution], reach: float, steps: int = LATTICE) -> None:
        self.laws = tuple(laws)
        finest = min(FINEST, math.floor(math.log2(steps / max(reach, 1.0))))
        self.step = 2.0**-finest
        self.size = math.ceil(reach / self.step) + 2
        self._later = self._later_stages()

    def _later_stages(self) -> list[tuple[float, Floats]]:
        """Return for each stage the fixed part and the lattice law of the rest of later times."""
        fixed, masses = 0.0, np.zeros(self.size)
        masses[0] = 1.0
        later: list[tuple[float, Floats]] = [(fixed, masses)]
        for law in self.laws[:0:-1]:
            if isinstance(law, Fixed):
                fixed += float(law.mean)
            else:
                masses = _convolve(masses, self._lattice_law(law.sf))
            later.append((fixed, masses))
        return later[::-1]

    def _lattice_law(self, survival: object) -> Floats:
        """Return a law's mass at each node: that of half a step to either side, ends to the right."""
        halves = (np.arange(self.size + 1) - 0.5) * self.step
        alive = np.asarray(survival(halves))  # type: ignore[operator]
        return np.asarray(np.maximum(alive[:-1] - alive[1:], 0.0))

    def by(self, stage: int, ages: Floats, times: Floats) -> Floats:
        """Return P(remaining time <= t), shape (ages, times).

        A deal older than its time in stage allows goes on at once.
        """
        fixed, masses = self._later[stage]
        chances = np.zeros((len(ages), len(times)))
        for k, time in enumerate(times):
            left = time * (1.0 + 1e-12) + TIE - fixed
            if left < 0.0:
                continue
            last = min(math.floor(left / self.step), self.size - 1)
            weights = masses[: last + 1]
            if not weights[1:].any():
                weights, last = weights[:1], 0
            rest = left - self.step * np.arange(last + 1)
            chances[:, k] = self._residual_by(stage, ages, rest, weights)
        return chances

    def _residual_by(self, stage: int, ages: Floats, rest: Floats, weights: Floats) -> Floats:
        """Return the sum over nodes of weight times P(residual <= rest), for each age."""
        result = np.full(len(ages), weights.sum())
        alive = self.laws[stage].sf(ages)
        open_ones = np.flatnonzero(alive > 0.0)
        chunk = max(1, ROWS_AT_ONCE // len(rest))
        for first in range(0, len(open_ones), chunk):
            some = open_ones[first : first + chunk]
            result[some] -= (self._survival(stage, ages[some], rest) @ weights) / alive[some]
        return np.clip(result, 0.0, 1.0)

    def _survival(self, stage: int, ages: Floats, rest: Floats) -> Floats:
        """Return P(T > age + rest), shape (ages, rest); ``rest`` falls by one step a time."""
        law = self.laws[stage]
        if law.atoms or len(ages) * len(rest) <= 4 * self.size:
            return law.sf(ages[:, None] + rest[None, :])
        lowest = ages + rest[-1]
        nodes = np.floor(lowest / self.step + 1e-7).astype(np.int64)
        part = np.maximum(lowest / self.step - nodes, 0.0)[:, None]
        origin = nodes.min()
        length = len(rest)
        grid = (origin + np.arange(nodes.max() - origin + length + 1)) * self.step
        windows = sliding_window_view(law.sf(grid), length + 1)[nodes - origin]
        below, above = windows[:, :-1], windows[:, 1:]
        if not (part > 1e-6).any():  # noqa: PLR2004  ages and times lie on the lattice
            return np.asarray(below[:, ::-1])
        return np.asarray((below + part * (above - below))[:, ::-1])

    def averaged(self, stage: int, ages: Floats, edges: Floats) -> Floats:
        """Return the mean of F between neighbouring edges of time, shape (ages, edges - 1).

        Read by straight lines between the middles, it has every jump of F at its right place.
        """
        fixed, masses = self._later[stage]
        widths = np.diff(edges)
        law = self.laws[stage]
        if not masses[1:].any() and isinstance(law, Fixed):
            jumps = fixed + np.maximum(float(law.mean) - ages, 0.0)
            return np.clip((edges[1:] - jumps[:, None]) / widths, 0.0, 1.0)
        inside = (np.arange(INNER) + 0.5) / INNER
        times = (edges[:-1, None] + inside * widths[:, None]) - fixed
        grid = np.concatenate([[0.0], (np.arange(self.size) + 0.5) * self.step])
        result = np.empty((len(ages), len(widths)))
        for row, by in enumerate(self._by_lattice(stage, ages)):
            read = np.interp(times, grid, by)
            read[times < -TIE] = 0.0
            result[row] = read.mean(axis=1)
        return result

    def _by_lattice(self, stage: int, ages: Floats) -> Iterator[Floats]:
        """Yield F at 0 and at the middles of the lattice's steps, for each age in turn."""
        law, (_, masses) = self.laws[stage], self._later[stage]
        at_zero = math.prod(1.0 - float(one.sf(np.zeros(1))[0]) for one in self.laws[stage + 1 :])
        length = _fast_length(2 * self.size)
        transform = np.fft.rfft(masses, length)
        halves = (np.arange(1, self.size + 1) - 0.5) * self.step
        for age in ages:
            together, start = masses, at_zero
            alive = law.sf(np.concatenate([[age], age + halves]))
            if alive[0] > 0.0:
                residual = np.append(alive[:-1] - alive[1:], 0.0)[: self.size] / alive[0]
                both = np.fft.rfft(residual, length) * transform
                together, start = np.fft.irfft(both, length)[: self.size], 0.0
            yield np.concatenate([[start], np.clip(np.cumsum(together), 0.0, 1.0)])

    def mean(self, stage: int, ages: Floats) -> Floats:
        """Return the mean remaining time for each age, in days on the clock; may be infinite."""
        later = sum(float(law.mean) for law in self.laws[stage + 1 :])
        law = self.laws[stage]
        alive = law.sf(ages)
        if not math.isfinite(law.mean):
            return np.where(alive > 0.0, np.inf, later)
        nodes, weights = np.polynomial.legendre.leggauss(FAR_NODES)
        v = 0.5 * (nodes + 1.0)  # u = v * v softens the tail, where u is near 0
        tail = np.where(alive > 0.0, alive, 1.0)[:, None] * (v * v)[None, :]
        residual = np.maximum(law.isf(tail) @ (weights * v) - ages, 0.0)
        return np.asarray(later + np.where(alive > 0.0, residual, 0.0))


def _convolve(first: Floats, second: Floats) -> Floats:
    """Return the law of a sum on the same lattice; what goes past its end is dropped."""
    size = len(first)
    length = _fast_length(2 * size)
    product = np.fft.rfft(first, length) * np.fft.rfft(second, length)
    return np.asarray(np.maximum(np.fft.irfft(product, length)[:size], 0.0))


def _fast_length(length: int) -> int:
    """Return the next power of two."""
    return 1 << (length - 1).bit_length()
