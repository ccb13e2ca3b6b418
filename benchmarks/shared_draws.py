"""What shared draws are worth for a difference: `python -m benchmarks.shared_draws`.

A difference of two scenarios is taken over and over, with seeds of its own for each side, and with
one seed for both. The ratio of the two variances says how many times fewer paths the shared draws
need for the same error. Its 90 % interval is that of the ratio of two variances of normal numbers
(F distribution). The paired error that funnelsim tells is compared with the spread that was seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from benchmarks import plain_table
from benchmarks.work import Work, funnelsim_scenario
from funnelsim import Forecast, Scenario
from funnelsim.planning.fields import value_of, with_value
from funnelsim.planning.paired import main_differences
from funnelsim.planning.runs import Runs

DEALS, PATHS, REPEATS = 200, 16_384, 100
HORIZON = 182.0
"""Half a year: deals are cut off, so that the cycle matters."""

CHANGES = (
    ("one more deal in proposal", "pipeline.extra_deals.proposal", lambda now: now + 1),
    ("one point of win rate", "funnel.win_rate", lambda now: now + 0.01),
    ("cycle 10 % shorter", "funnel.cycle_time", lambda now: 0.9 * now),
)
ANSWERS = ("attainment", "mean bookings")


@dataclass(frozen=True)
class Spread:
    """Differences of one answer over the repeats, apart and shared, and the errors that are told.

    ``apart`` and ``shared`` are differences of shape (repeats,), ``told`` standard errors.
    """

    apart: np.ndarray
    shared: np.ndarray
    told: np.ndarray

    def cells(self) -> list[str]:
        """Return the ratio of variances with its interval, and the errors told over seen."""
        count = len(self.shared)
        seen = self.shared.var(ddof=1)
        ratio = self.apart.var(ddof=1) / seen
        low, high = ratio / stats.f.ppf([0.95, 0.05], count - 1, count - 1)
        told = np.sqrt(np.mean(self.told**2) / seen)
        return [f"{ratio:.1f}", f"{low:.1f} to {high:.1f}", f"{told:.2f}"]


def base_scenario(deals: int = DEALS) -> Scenario:
    """Return open key-account deals with a correlation of 0.05, and a quota of the mean."""
    work = replace(Work.make(deals), edges=(0.0, HORIZON))
    return funnelsim_scenario(work, quota=float(work.expected_bookings().sum()))


def spreads(base: Scenario, changed: Scenario, paths: int, repeats: int) -> Iterator[Spread]:
    """Yield the differences of attainment, then of mean bookings."""
    rows = [_differences(base, changed, paths, seed) for seed in range(1, repeats + 1)]
    for answer in np.moveaxis(np.array(rows), 1, 0):
        yield Spread(*answer.T)


def _differences(base: Scenario, changed: Scenario, paths: int, seed: int) -> list[list[float]]:
    runs = Runs(paths=paths, seed=seed)
    before, after = runs.forecast(base), runs.forecast(changed)
    other = Runs(paths=paths, seed=1_000_000 + seed).forecast(changed)
    shared = main_differences(after, before)
    apart = [a - b for a, b in zip(_answers(other), _answers(before), strict=True)]
    return [
        [alone, paired.value, paired.standard_error]
        for alone, paired in zip(apart, shared, strict=True)
        if paired is not None
    ]


def _answers(forecast: Forecast) -> list[float]:
    chance = forecast.attainment_probability()
    assert chance is not None
    return [chance.value, forecast.expected_bookings().value]


def rows(deals: int = DEALS, paths: int = PATHS, repeats: int = REPEATS) -> Iterator[list[str]]:
    """Yield the rows of the table."""
    base = base_scenario(deals)
    for what, name, step in CHANGES:
        changed = with_value(base, name, step(value_of(base, name)))
        for answer, spread in zip(ANSWERS, spreads(base, changed, paths, repeats), strict=True):
            mean = spread.shared.mean()
            size = f"{100 * mean:+.2f} points" if answer == "attainment" else f"{mean:+,.0f}"
            yield [what, answer, size, *spread.cells()]


HEADER = ["change", "difference of", "size", "variance apart / shared", "90 % interval",
          "error told / seen"]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--deals", type=int, default=DEALS)
    parser.add_argument("--paths", type=int, default=PATHS)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    given = parser.parse_args()
    print(f"{given.deals} deals, {given.paths:,} paths, {given.repeats} repeats.\n")
    print(plain_table.lines(HEADER, rows(given.deals, given.paths, given.repeats)))


if __name__ == "__main__":
    main()
