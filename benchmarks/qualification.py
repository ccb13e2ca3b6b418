"""Signals of closed deals beside other ways to tell them: `python -m benchmarks.qualification`.

The data are 448 closed deals of one company with 22 judgements each (see their README for source
and licence). Every way learns from nine tenths of the groups of equal answers and tells the rest,
in the same splits, repeated. Without scikit-learn only ours and the base rate are shown. The
standard error of a difference in log loss takes groups as independent.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from funnelsim.fitting.calibration import (
    BASE_RATE,
    SIGNALS,
    Calibration,
    Chances,
    by_base_rate,
    by_signals,
    calibrate,
)
from funnelsim.fitting.signals_fit import SignalFit, fit_signals
from funnelsim.frames import table_from_file

if TYPE_CHECKING:
    from funnelsim.fitting.alike import Columns

PATH = Path(__file__).parents[1] / "tests/data/b2b_qualification/opportunities.csv"
NOT_SIGNALS = ("row", "Status")
ONE = "signals, one strength"
PLAIN, LIGHT = "logistic regression, no penalty", "logistic regression, scikit-learn's penalty"
FOREST = "random forest"
LEAVES = (2, 5)
TREES = 300
LARGE = 10_000, 40, 5
"""Deals, signals and levels of the table that is timed."""


def fitted(**more: Any) -> SignalFit:
    """Return the fit to the data."""
    columns = [name for name in table_from_file(PATH).columns if name not in NOT_SIGNALS]
    return fit_signals(PATH, columns=columns, **more)


def rivals(trees: int) -> dict[str, Chances]:
    """Return the ways of scikit-learn, by name; none where it is not installed."""
    if importlib.util.find_spec("sklearn") is None:
        return {}
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    def way(make: Any) -> Chances:
        def chances(learn: Columns, told: Columns) -> np.ndarray:
            machine = make().fit(learn.columns, learn.won)
            return machine.predict_proba(told.columns)[:, 1]

        return chances

    def forest(leaf: int) -> Any:
        return lambda: RandomForestClassifier(trees, min_samples_leaf=leaf, random_state=1)

    found = {
        PLAIN: way(lambda: LogisticRegression(C=np.inf, max_iter=3000)),
        LIGHT: way(lambda: LogisticRegression(max_iter=3000)),
        FOREST: way(forest(1)),
    }
    return found | {f"{FOREST}, leaves of {leaf}": way(forest(leaf)) for leaf in LEAVES}


def compared(fit: SignalFit, *, repeats: int, seed: int = 1, trees: int = TREES) -> Calibration:
    """Return the scores of all ways in the same splits."""
    ways = {
        SIGNALS: by_signals(),
        ONE: by_signals([0.0]),
        BASE_RATE: by_base_rate,
        **rivals(trees),
    }
    return calibrate(fit.columns, ways, folds=10, repeats=repeats, seed=seed)


def table(found: Calibration) -> str:
    """Return the scores as a table, each beside how much lower ours is."""
    lines = [
        "| way | log loss | higher than the signals' by | Brier | AUC | calibration slope |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in found.scores.items():
        gain = found.gains.get(name)
        more = "" if gain is None else f"{gain.value:+.4f} ± {1.96 * gain.standard_error:.4f}"
        slope = "-" if one.slope is None else f"{one.slope:.2f}"
        lines.append(
            f"| {name} | {one.log_loss:.4f} | {more} | {one.brier:.4f} | {one.auc:.3f} | {slope} |"
        )
    return "\n".join(lines)


def large_table(seed: int = 1) -> dict[str, list[str]]:
    """Return a made-up table; a fifth of its signals matter."""
    deals, signals, levels = LARGE
    random = np.random.Generator(np.random.Philox(seed))
    eta, columns = np.full(deals, -1.0), {}
    for k in range(signals):
        level = random.choice(levels, deals, p=[0.4, 0.3, 0.15, 0.1, 0.05])
        eta += random.normal(0.0, 0.6, levels)[level] * (k % 5 == 0)
        columns[f"signal {k}"] = [f"level {one}" for one in level.tolist()]
    won = random.random(deals) < 1.0 / (1.0 + np.exp(-eta))
    return columns | {"Status": np.where(won, "Won", "Lost").tolist()}


def main() -> None:
    """Print the table of scores, and what fitting a large table costs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--trees", type=int, default=TREES)
    chosen = parser.parse_args()
    fit = fitted()
    found = compared(fit, repeats=chosen.repeats, trees=chosen.trees)
    how = f"{found.folds} folds, {found.repeats} times"
    print(f"{found.deals} deals in {found.groups} groups of equal answers, {how}\n")
    print(table(found))
    given = large_table()
    began = time.perf_counter()
    fit_signals(given)
    took = time.perf_counter() - began
    print("\n{:,} deals x {} signals of {} levels:".format(*LARGE), f"fitted in {took:.1f} s")


if __name__ == "__main__":
    main()
