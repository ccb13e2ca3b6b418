"""What a fit and a backtest of a large history cost, in ratio to a plain script (`-m`).

100,000 deals with 500,000 stage changes. Each piece of work runs in a process of its own, warm:
once on a small history first. The peer is `benchmarks.peers.history_lifelines`, with pandas and
lifelines; its backtest is of one kind of forecast, ours of all baselines as well.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass

from benchmarks import plain_table
from benchmarks.memory import MIB
from benchmarks.startup import run

CONVERSION = 0.875
STAGES = 6
MONTHS = 36
ORIGINS = 50
DAYS = 30

CODE = """
import json, time, numpy
from benchmarks import history_cost, memory
work = history_cost.{work}
work(history_cost.history(2_000), 2)
log = history_cost.history({deals})
base = memory.peak()
began = time.perf_counter()
work(log, {origins})
took = time.perf_counter() - began
print(json.dumps([took, memory.peak() - base, len(log), len(log.time)]))
"""


def history(deals: int):
    """Return a history of about so many deals."""
    from tests import worlds  # noqa: PLC0415  a process imports what it measures

    truth = worlds.FunnelTruth(
        conversions=(CONVERSION,) * STAGES,
        forward=((20.0, 2.0),) * STAGES,
        lost=((25.0, 2.0),) * STAGES,
        created=1.02 * deals / MONTHS,
        dispersion=0.02,
        rho=0.02,
        log_mean=10.0,
        log_sd=0.8,
        months=MONTHS,
        truncated=False,
    )
    return worlds.simulate_truth(truth, 1)


def origins(log, count: int) -> list[int]:
    """Return weekly origins, the last so that its window ends with the record."""
    return [log.last_day - DAYS - 7 * back for back in reversed(range(count))]


def fit(log, _: int) -> None:
    """Fit the whole history as of its last day."""
    from funnelsim.fitting import fit_known  # noqa: PLC0415

    fit_known(log.as_of(log.last_day))


def fit_with_lifelines(log, _: int) -> None:
    """Fit the same with the plain script."""
    from benchmarks.peers import history_lifelines  # noqa: PLC0415

    history_lifelines.fit(frame(log), log.last_day, STAGES, log.record_start)


def backtest(log, count: int) -> None:
    """Score the outlook and the baselines at so many origins, 30 days ahead, the total alone."""
    from funnelsim.backtesting.backtest import backtest as ours  # noqa: PLC0415

    ours(log, horizons=(DAYS,), origins=origins(log, count), quarter_end=False)


def backtest_with_lifelines(log, count: int) -> None:
    """Score the plain script's forecast at the same origins."""
    from benchmarks.peers import history_lifelines as peer  # noqa: PLC0415

    peer.backtest(frame(log), origins(log, count), STAGES, log.record_start, days=DAYS)


def frame(log):
    """Return the events as a pandas frame."""
    import pandas as pd  # noqa: PLC0415

    columns = ("deal", "time", "state", "amount")
    return pd.DataFrame({name: getattr(log, name) for name in columns})


@dataclass(frozen=True)
class Cost:
    """Seconds, and bytes of the peak beyond the history itself."""

    seconds: float
    memory: int
    deals: int
    events: int


def measure(work: str, deals: int, count: int) -> Cost:
    """Return the cost of one piece of work in a fresh process."""
    printed = run(CODE.format(work=work, deals=deals, origins=count))[1]
    return Cost(*json.loads(printed.splitlines()[-1]))


def main() -> None:
    """Print a line for the fit and one for the backtest."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--deals", type=int, default=100_000)
    parser.add_argument("--origins", type=int, default=ORIGINS)
    chosen = parser.parse_args()
    began = time.perf_counter()
    rows = []
    for what in ("fit", "backtest"):
        mine = measure(what, chosen.deals, chosen.origins)
        peer = measure(f"{what}_with_lifelines", chosen.deals, chosen.origins)
        rows.append(
            [
                what,
                f"{mine.seconds:.1f} s",
                f"{peer.seconds:.1f} s",
                f"{mine.seconds / peer.seconds:.2f}",
                f"{mine.memory / MIB:.0f} MiB",
                f"{peer.memory / MIB:.0f} MiB",
            ]
        )
    print(f"{mine.deals:,} deals, {mine.events:,} events, {chosen.origins} origins")
    header = ["", "funnelsim", "pandas and lifelines", "ratio", "memory", "its memory"]
    print(plain_table.lines(header, rows))
    print(f"in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
