"""The reference work that all peers do: open deals of the key-account funnel over four quarters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from funnelsim import Scenario

WIN_PROBABILITIES = (0.10, 0.20, 0.45, 0.50, 0.80, 1.00)
STAGES = ("training", "meeting", "consulting", "proposal", "negotiation", "contract")
OPEN_STAGES = 5
QUARTER = 91
TABLE_STEP = 0.25
TABLE_END = 800.0


@dataclass(frozen=True, eq=False)
class Work:
    """Open deals, and what is assumed about them.

    Times in stage are gamma with this mean (days) and coefficient of variation, forward and lost
    alike. ``edges`` are the ends of the windows in days from the as-of date, the first is 0.
    """

    stage: np.ndarray
    age: np.ndarray
    amount: np.ndarray
    win_probabilities: tuple[float, ...] = WIN_PROBABILITIES
    mean_time: float = 30.0
    cv_time: float = 0.6
    edges: tuple[float, ...] = (0.0, 91.0, 182.0, 273.0, 364.0)
    rho: float = 0.05

    @classmethod
    def make(cls, deals: int, seed: int = 1, periods: int = 4) -> Work:
        """Return deals spread evenly over the stages, seen at a random moment of their stage.

        Seen at a random moment, a time in stage is length-biased (a gamma with one more in its
        shape) and the age is a uniform part of it; ages are whole days.
        """
        rng = np.random.default_rng(seed)
        edges = tuple(float(QUARTER * period) for period in range(periods + 1))
        blank = cls(np.arange(deals) % OPEN_STAGES, np.zeros(deals), np.zeros(deals), edges=edges)
        whole_time = rng.gamma(blank.shape + 1.0, blank.scale, deals)
        age = np.floor(rng.random(deals) * whole_time)
        amount = np.rint(rng.lognormal(np.log(250_000), 0.6, deals)).astype(np.int64)
        return cls(blank.stage, age, amount, edges=edges)

    @property
    def shape(self) -> float:
        return 1.0 / self.cv_time**2

    @property
    def scale(self) -> float:
        return self.mean_time / self.shape

    @property
    def deals(self) -> int:
        return len(self.stage)

    @property
    def periods(self) -> int:
        return len(self.edges) - 1

    def survival(self, day: np.ndarray) -> np.ndarray:
        """Return the chance that a time in stage exceeds ``day``."""
        return special.gammaincc(self.shape, np.asarray(day) / self.scale)

    @cached_property
    def forward_chance(self) -> np.ndarray:
        """Each deal's chance p_s(a) to go on to the next stage, given that it is open at age a."""
        w = np.asarray(self.win_probabilities)
        p = (w[:-1] / w[1:])[self.stage]
        forward, lost = self.survival(self.age), self.survival(self.age)  # alike in this work
        return special.expit(special.logit(p) + np.log(forward) - np.log(lost))

    def reach_chance(self, stage: int) -> np.ndarray:
        """Return each deal's chance to reach ``stage``; 1 for a deal that is there or beyond."""
        w = np.asarray(self.win_probabilities)
        chance = self.forward_chance * w[self.stage + 1] / w[stage]
        return np.where(self.stage >= stage, 1.0, chance)

    @cached_property
    def win_chance(self) -> np.ndarray:
        """Each deal's chance p_s(a) w_{s+1} to be won in the end."""
        return self.reach_chance(OPEN_STAGES)

    @cached_property
    def log_still_open(self) -> np.ndarray:
        """Each deal's log A(a)."""
        return np.log(self.survival(self.age))

    @cached_property
    def survival_table(self) -> tuple[np.ndarray, np.ndarray]:
        """Log survival, rising, and the days that belong to it: to invert by straight lines."""
        day = np.arange(0.0, TABLE_END, TABLE_STEP)
        return np.log(self.survival(day))[::-1].copy(), day[::-1].copy()

    def groups(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return each group's stage and age, and the group that each deal belongs to."""
        keys, group = np.unique(
            self.stage * 100_000 + self.age.astype(np.int64), return_inverse=True
        )
        return keys // 100_000, (keys % 100_000).astype(float), group

    def booked_by(self, stage: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Return F_g(T_k), the chance that a deal to be won is won by each edge but the first.

        The remaining time in the stage, density f(a + x) / A(a), is convolved with the sum of the
        later stages by Gauss-Legendre quadrature. The sum is a gamma as all have one scale.
        """
        nodes, weights = np.polynomial.legendre.leggauss(200)
        later = self.shape * (OPEN_STAGES - 1 - stage[:, None])
        result = np.empty((len(stage), self.periods))
        for column, end in enumerate(self.edges[1:]):
            x = 0.5 * end * (nodes + 1.0)
            u = (age[:, None] + x) / self.scale
            log_density = (self.shape - 1) * np.log(u) - u - special.gammaln(self.shape)
            tail = np.where(
                later > 0, special.gammainc(np.maximum(later, 1e-9), (end - x) / self.scale), 1.0
            )
            density = np.exp(log_density) / self.survival(age)[:, None] / self.scale
            result[:, column] = (density * tail) @ (0.5 * end * weights)
        return result

    def expected_bookings(self) -> np.ndarray:
        """Return the exact mean of the bookings of each period (the market factor keeps it)."""
        stage, age, group = self.groups()
        by = self.booked_by(stage, age)[group] * (self.win_chance * self.amount)[:, None]
        return np.diff(by.sum(axis=0), prepend=0.0)


def funnelsim_scenario(
    work: Work, *, quota: float | None = None, cycle_cv: float = 0.0
) -> Scenario:
    """Return the scenario of funnelsim that states this work."""
    import funnelsim as fs  # noqa: PLC0415

    table = {
        "id": [f"D{number}" for number in range(work.deals)],
        "stage": [STAGES[stage] for stage in work.stage],
        "amount": work.amount.tolist(),
        "age": work.age.tolist(),
    }
    return fs.Scenario(
        name="reference work",
        as_of="2026-12-31",
        periods=fs.Periods(edges=work.edges),
        funnel=fs.Funnel.key_account(time=fs.Gamma(mean=work.mean_time, cv=work.cv_time)),
        pipeline=fs.Pipeline.from_frame(table),
        quota=quota,
        market=fs.Market(win_rate_correlation=work.rho, cycle_cv=cycle_cv),
    )
