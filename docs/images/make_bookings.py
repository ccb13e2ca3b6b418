"""Draw bookings.svg, the picture of the README, from a real forecast; needs matplotlib.

Run it from anywhere: ``python docs/images/make_bookings.py``.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

import funnelsim as fs

HERE = Path(__file__).parent
SCENARIO = HERE.parents[1] / "examples" / "key-account" / "scenario.toml"
BANDS = ((0.05, 0.95, "#d5e3f1"), (0.1, 0.9, "#b5cfe7"), (0.25, 0.75, "#8cb4da"))
MILLION = 1e6
BLUE, RED = "#2a6fb0", "#b03a2a"

mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "funnelsim", "font.size": 10})


def main() -> None:
    """Draw the fan of cumulative bookings beside the quota."""
    scenario = fs.read_scenario(SCENARIO)
    forecast = fs.simulate(scenario, paths=100_000, seed=1)
    so_far = (scenario.booked + np.cumsum(forecast.bookings, axis=1)) / MILLION
    so_far = np.column_stack([np.full(len(so_far), scenario.booked / MILLION), so_far])
    months = np.arange(so_far.shape[1])

    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    axes = figure.add_subplot()
    for low, high, color in BANDS:
        edges = np.quantile(so_far, [low, high], axis=0)
        label = f"P{100 * low:.0f} to P{100 * high:.0f}"
        axes.fill_between(months, *edges, color=color, lw=0, label=label)
    axes.plot(months, np.median(so_far, axis=0), color=BLUE, label="P50")
    quota = scenario.quota_cents / 100 / MILLION
    chance = 100 * forecast.attainment_probability().value
    axes.axhline(quota, color=RED, ls="--", lw=1)
    axes.annotate(f"quota {quota:.1f} million", (0.1, quota + 0.12), color=RED)
    axes.set_title(f"{scenario.name}: {chance:.0f} % of futures reach the quota", loc="left")
    axes.set(
        xlim=(0, months[-1]), ylim=(0, None), xlabel="months from the as-of date",
        ylabel=f"booked so far, million {scenario.currency}",
    )  # fmt: skip
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right", frameon=False)
    file = HERE / "bookings.svg"
    figure.savefig(file, metadata={"Date": None})
    lines = (line.rstrip() for line in file.read_text("utf-8").splitlines())
    file.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
