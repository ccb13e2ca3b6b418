"""What a sweep costs beside as many separate simulations: `python -m benchmarks.sweep_cost`.

Both sides give the same answers of every combination; a sample of them is compared first. The
separate simulations are timed on part of the combinations, in turns with the sweep.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import plain_table
from benchmarks.timing import seconds
from benchmarks.work import Work, funnelsim_scenario

if TYPE_CHECKING:
    from funnelsim import Scenario, Sweep

PATHS = 20_000
PART = 25
"""Every so many combinations is simulated apart."""
SEED = 1


@dataclass(frozen=True)
class Grid:
    """Values of some inputs; all combinations are swept."""

    name: str
    inputs: dict[str, list[float]]


GRIDS = (
    Grid("500 quotas", {"quota": np.linspace(2e7, 6e7, 500).tolist()}),
    Grid(
        "25 correlations x 20 quotas",
        {
            "market.win_rate_correlation": np.linspace(0, 0.24, 25).tolist(),
            "quota": np.linspace(2e7, 6e7, 20).tolist(),
        },
    ),
    Grid(
        "25 win rates x 20 rates of creation",
        {
            "funnel.win_rate": np.linspace(0.06, 0.14, 25).tolist(),
            "new_business.per_period": np.linspace(20, 58, 20).tolist(),
        },
    ),
    Grid(
        "25 cycle times x 20 amounts of the pipeline",
        {
            "funnel.cycle_time": np.linspace(100, 196, 25).tolist(),
            "pipeline.amount": np.linspace(1e8, 2e8, 20).tolist(),
        },
    ),
)


def base(deals: int) -> Scenario:
    """Return the reference work with new business and a quota."""
    import funnelsim as fs  # noqa: PLC0415

    new = fs.NewBusiness(per_period=40, amount=fs.Lognormal(mean=300_000, cv=0.6))
    return funnelsim_scenario(Work.make(deals), quota=4e7).replace(new_business=new)


def apart(scenario: Scenario, found: Sweep) -> int:
    """Simulate a part of the combinations one by one; return how many, and check the answers."""
    import funnelsim as fs  # noqa: PLC0415

    rows = found.combinations[::PART]
    for row in rows:
        case = fs.with_values(scenario, dict(zip(found.inputs, row.inputs, strict=True)))
        forecast = fs.simulate(case, paths=PATHS, seed=SEED, threads=1)
        low, middle, high = forecast.quantile([0.1, 0.5, 0.9])
        same = forecast.attainment_probability() == row.answers.attainment
        if not (
            same and (low, middle, high) == (row.answers.p10, row.answers.p50, row.answers.p90)
        ):
            raise SystemExit(f"the sweep differs from a simulation at {row.inputs}")
    return len(rows)


def measured(scenario: Scenario, grid: Grid, rounds: int) -> list[str]:
    """Return a row of the table: least seconds of both sides over rounds taken in turns."""
    import funnelsim as fs  # noqa: PLC0415

    kept: list[Sweep] = []

    def swept() -> None:
        kept[:] = [fs.sweep(scenario, grid.inputs, paths=PATHS, seed=SEED, threads=1)]

    swept()
    both = [(seconds(swept), seconds(lambda: apart(scenario, kept[0]))) for _ in range(rounds)]
    count = len(kept[0].combinations)
    sweep, part = (min(side) for side in zip(*both, strict=True))
    alone = part / len(kept[0].combinations[::PART]) * count
    return [grid.name, str(count), f"{sweep:.1f} s", f"{alone:.1f} s", f"{alone / sweep:.1f}"]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--deals", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    scenario = base(chosen.deals)
    header = ["grid", "scenarios", "sweep", "simulated apart", "ratio"]
    rows = [measured(scenario, grid, chosen.rounds) for grid in GRIDS]
    print(f"{chosen.deals:,} open deals and new business, {PATHS:,} paths each, one thread")
    print(plain_table.lines(header, rows))


if __name__ == "__main__":
    main()
