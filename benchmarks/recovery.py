"""Known funnels, fitted from their simulated histories: `python -m benchmarks.recovery`.

Twenty funnels of 3 to 6 stages and 12 to 36 months, all censored, some truncated, some with a
correlation by quarter of creation. By kind of number: bias, spread of the error, and how often the
80 % interval held the truth. The band is that of the binomial with 95 % over all kinds at once,
as if the numbers of a kind were independent; those of one funnel share its luck, and so a kind
that has a few numbers a funnel varies more than that.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import plain_table
from funnelsim.events import EventLog
from funnelsim.fitting import fit_known
from funnelsim.fitting.fitted import Fitted
from tests import worlds

FUNNELS = 20
SHARE = 0.8
SURE = 0.95
LEAST_DEALS = 30
"""A stage that fewer deals have left in a way says little of its mean time; it is not counted."""
ABSOLUTE = ("dispersion", "rho", "rho where it is 0")
"""Of these, errors are differences; of the others, parts of the truth."""


@dataclass(frozen=True)
class Found:
    """A number of a funnel: what is true, what was found, and the 80 % interval."""

    kind: str
    funnel: int
    true: float
    value: float
    low: float
    high: float

    @property
    def held(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.true <= self.high


def recovered(seed: int) -> list[Found]:
    """Return what the fit of one funnel says, beside what is true."""
    return repeated(seed, 0)


def repeated(seed: int, history: int) -> list[Found]:
    """Return the same of another history of the funnel."""
    truth = worlds.funnel_truth(seed)
    log = worlds.simulate_truth(truth, seed + 1_000 * history)
    return compared(log, truth, seed + 1_000 * history)


def compared(log: EventLog, truth: worlds.FunnelTruth, seed: int) -> list[Found]:
    """Return what the fit of a history says, beside what is true."""
    fit = fit_known(log.as_of(log.last_day), seed=seed + 1)
    found = [
        _found("created a month", seed, truth.created, fit.creation.per_month),
        _found("dispersion", seed, truth.dispersion, fit.creation.dispersion),
        _found("rho" if truth.rho else "rho where it is 0", seed, truth.rho, fit.sharing.rho),
    ]
    truths = zip(truth.conversions, truth.forward, truth.lost, strict=True)
    for stage, (conversion, forward, lost) in zip(fit.stages, truths, strict=True):
        found.append(_found("conversion", seed, conversion, stage.conversion))
        if stage.forward >= LEAST_DEALS:
            found.append(_found("mean days forward", seed, forward[0], stage.time.mean))
        if stage.lost >= LEAST_DEALS:
            found.append(_found("mean days lost", seed, lost[0], stage.time_if_lost.mean))
    return found


def _found(kind: str, funnel: int, true: float, number: Fitted) -> Found:
    return Found(kind, funnel, float(true), number.value, number.low, number.high)


def beside_lifelines(seeds: Sequence[int]) -> str:
    """Return how far conversions and mean times are from the plain script's, on the same data."""
    from benchmarks.history_cost import frame  # noqa: PLC0415
    from benchmarks.peers import history_lifelines  # noqa: PLC0415

    pairs: dict[str, list[tuple[float, float, float]]] = {}
    for seed in seeds:
        log, truth = worlds.simulate_funnel(seed)
        fit = fit_known(log.as_of(log.last_day))
        stages = len(truth.conversions)
        theirs = history_lifelines.fit(frame(log), log.last_day, stages, log.record_start)
        for own, other in zip(fit.stages, theirs["stages"], strict=True):
            for kind, number, value in (
                ("conversion", own.conversion, other.forward),
                ("mean days forward", own.time.mean, other.mean_forward),
                ("mean days lost", own.time_if_lost.mean, other.mean_lost),
            ):
                width = number.high - number.low
                pairs.setdefault(kind, []).append((number.value, value, width))
    rows = []
    for kind, found in pairs.items():
        ours, other, width = np.array(found).T
        apart = np.abs(ours - other)
        rows.append(
            [
                kind,
                len(ours),
                f"{np.median(apart / ours):.2%}",
                f"{np.max(apart / ours):.2%}",
                f"{np.median(apart / width):.1%}",
                f"{np.max(apart / width):.1%}",
            ]
        )
    header = ["beside lifelines", "numbers", "apart, median", "most", "of the 80 % width", "most"]
    return plain_table.lines(header, rows)


def band(count: int, kinds: int) -> tuple[float, float]:
    """Return the shares that chance allows so many intervals to hold, all kinds at once."""
    from scipy.stats import binom  # noqa: PLC0415

    tail = (1.0 - SURE) / 2.0 / kinds
    low, high = binom.ppf([tail, 1.0 - tail], count, SHARE)
    return float(low / count), float(high / count)


def table(found: Sequence[Found]) -> str:
    """Return the table by kind of number."""
    kinds = list(dict.fromkeys(one.kind for one in found))
    rows = [_row(kind, [one for one in found if one.kind == kind], len(kinds)) for kind in kinds]
    header = ["", "numbers", "bias", "+-", "error", "width", "held", "band", "in it"]
    return plain_table.lines(header, rows)


def _row(kind: str, found: Sequence[Found], kinds: int) -> list[object]:
    true = np.array([one.true for one in found])
    absolute = kind in ABSOLUTE
    scale = np.ones(len(true)) if absolute else true
    error = np.array([one.value for one in found]) / scale - true / scale
    width = np.array([one.high - one.low for one in found]) / scale
    held = float(np.mean([one.held for one in found]))
    low, high = band(len(found), kinds)
    unit: Callable[[float], str] = "{:+.3f}".format if absolute else "{:+.1%}".format
    return [
        kind,
        len(found),
        unit(error.mean()),
        unit(_error_of_mean(error, found)).lstrip("+"),
        unit(error.std()).lstrip("+"),
        unit(width.mean()).lstrip("+"),
        f"{held:.0%}",
        f"{low:.0%}-{high:.0%}",
        "yes" if low <= held <= high else "no",
    ]


def _error_of_mean(error: np.ndarray, found: Sequence[Found]) -> float:
    """Return the standard error of a mean over funnels, whose numbers go together."""
    _, funnel = np.unique([one.funnel for one in found], return_inverse=True)
    sums = np.bincount(funnel, error - error.mean())
    return float(np.sqrt(np.sum(sums**2)) / len(error))


def main() -> None:
    """Print the table of all funnels."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--funnels", type=int, default=FUNNELS)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--histories", type=int, default=1, help="of each funnel")
    parser.add_argument("--lifelines", action="store_true", help="compare with the plain script")
    chosen = parser.parse_args()
    began = time.perf_counter()
    seeds = range(chosen.first_seed, chosen.first_seed + chosen.funnels)
    histories = range(chosen.histories)
    print(table([one for seed in seeds for k in histories for one in repeated(seed, k)]))
    print(f"{chosen.funnels} funnels x {chosen.histories} in {time.perf_counter() - began:.0f} s")
    if chosen.lifelines:
        print(beside_lifelines(seeds))


if __name__ == "__main__":
    main()
