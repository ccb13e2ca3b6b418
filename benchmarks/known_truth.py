"""Forecasts in worlds whose truth is known: `python -m benchmarks.known_truth --help`.

Each case is a world, a seed, a length of history and a horizon. A cell of the table is the mean
CRPS of bookings over its cases, divided by that of the best simple baseline, which is picked
afterwards; the interval draws whole seeds again (90 %, bootstrap). The outlook's spread is scaled
by its own past errors, at origins 28 days apart; "as modelled" is the same without. Cases are
written to a file as they are done, so that a run can be continued.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import plain_table
from benchmarks.resampling import ratio_to_best
from funnelsim.backtesting import scores
from funnelsim.backtesting.baselines import baselines
from funnelsim.backtesting.experience import weight_of, widened
from funnelsim.backtesting.origins import HISTORY
from funnelsim.backtesting.outcomes import wins_of
from funnelsim.errors import InputError
from funnelsim.outlook.outlook import prepare
from tests import worlds

MONTHS = (9, 15, 24, 36)
DAYS = (30, 91)
AFTER = 3.1
"""Months after the last origin, for what comes in 91 days."""
EVERY = 28
"""Days between the origins whose errors say what the spread should have been."""
OUTLOOK, MODELLED = "outlook", "as modelled"
OURS = {MODELLED: None, "throughput": 0.0, "physics": 1.0}
SHARES = (0.5, 0.8, 0.95)
STEADY = ("steady",)
AT_MOST = {"changing creation": 0.85, "unequal deals": 0.85, "all of these": 0.85}
EVERYWHERE = 1.1
FREE, BOUND = 0.7, 0.35


def cases(world: str, seed: int, months: tuple[int, ...], paths: int) -> list[dict]:
    """Return the scores of every method at every origin of one history."""
    log = worlds.simulate_world(world, seed, max(months) + AFTER)
    came = wins_of(log.as_of(log.last_day))
    origins = {worlds.origin(seed, length): length for length in months}
    past = _past_errors(log, came, max(origins), paths, seed)
    rows = []
    for day, length in origins.items():
        for method, days, sample, elasticity in _samples(log.as_of(day), past, paths, seed):
            about = {"world": world, "seed": seed, "months": length, "days": days}
            row = about | {"method": method, "elasticity": elasticity}
            rows.append(row | _scores(sample, came, (day, day + days)))
    return rows


def _scores(sample, came, window) -> dict:
    wins, cents = sample
    truth = came.bookings(*window)
    return {
        "crps": scores.crps(cents, truth) / 100,
        "crps_wins": scores.crps(wins, came.count(*window)),
        "place": scores.pit(cents, truth),
        "held": [scores.holds(cents, truth, share) for share in SHARES],
        "mean": float(np.mean(cents)) / 100,
        "truth": truth / 100,
    }


def _past_errors(
    log, came, last: int, paths: int, seed: int
) -> list[tuple[int, int, float, float]]:
    """Return day, horizon, and normal scores of wins and bookings of outlooks of the past."""
    found = []
    for day in range(log.record_start + HISTORY, last, EVERY):
        ground = prepare(log.as_of(day))
        for days in DAYS:
            if day + days <= last:
                ahead = ground.ahead([days], paths=paths, seed=seed)
                z = (
                    scores.normal_score(scores.pit(sample[:, 0], actual), paths)
                    for sample, actual in (
                        (ahead.wins, came.count(day, day + days)),
                        (ahead.bookings, came.bookings(day, day + days)),
                    )
                )
                found.append((day, days, *z))
    return found


def _recalibrated(sample, past, day: int, days: int):
    """Return wins and cents with the spread that past errors ask for."""
    over = np.array([z for then, ahead, *z in past if ahead == days and then + days <= day])
    if not len(over):
        return sample
    weights = np.full(len(over), weight_of(EVERY, days))
    return tuple(widened(one * 1.0, z, weights) for one, z in zip(sample, over.T, strict=True))


def _samples(known, past, paths: int, seed: int) -> Iterator[tuple]:
    for method, elasticity in OURS.items():
        ground = prepare(known, elasticity=elasticity)
        for days in DAYS:
            ahead = ground.ahead([days], paths=paths, seed=seed)
            sample, found = (ahead.wins[:, 0], ahead.bookings[:, 0]), ahead.elasticity.value
            yield method, days, sample, found
            if method == MODELLED:
                yield OUTLOOK, days, _recalibrated(sample, past, known.day, days), found
    for method, forecast in baselines().items():
        for days in DAYS:
            try:
                yield method, days, forecast(known, days, None, paths, seed), None
            except InputError:
                continue  # the record is too short for it


def _one(job: tuple[str, int], months: tuple[int, ...], paths: int) -> list[dict]:
    return cases(*job, months, paths)


class Results:
    """The rows of all cases, to be asked for a cell."""

    def __init__(self, rows: list[dict]) -> None:
        self.rows = rows
        self.worlds = [name for name in worlds.WORLDS if any(r["world"] == name for r in rows)]

    def cell(self, method: str, **chosen: object) -> list[dict]:
        """Return the rows of a method; a value that is a tuple allows several."""
        return [
            row
            for row in self.rows
            if row["method"] == method
            and all(row[k] in (v if isinstance(v, tuple) else (v,)) for k, v in chosen.items())
        ]

    def ratio(self, method: str, score: str = "crps", **chosen: object):
        """Return the ratio to the best baseline that has a forecast for all cases."""
        mine = self.cell(method, **chosen)
        others = {}
        for name in baselines():
            rows = self.cell(name, **chosen)
            if len(rows) == len(mine):
                others[name] = np.array([row[score] for row in rows])
        scale = np.ones(len(mine))
        if isinstance(chosen.get("world"), tuple):  # worlds differ in size: each counts the same
            scale = 1 / self._typical(mine, others)
        return ratio_to_best(
            scale * [row[score] for row in mine],
            {name: scale * values for name, values in others.items()},
            np.array([row["seed"] for row in mine]),
        )

    @staticmethod
    def _typical(mine, others):
        world = np.array([row["world"] for row in mine])
        least = {
            name: min(values[world == name].mean() for values in others.values())
            for name in set(world)
        }
        return np.array([least[name] for name in world])

    def held(self, method: str, share: float, **chosen: object) -> float:
        """Return the percentage of truths that a method's interval holds."""
        place = SHARES.index(share)
        return 100 * np.mean([row["held"][place] for row in self.cell(method, **chosen)])

    def bias(self, **chosen: object) -> float:
        """Return by what part of all bookings the outlook was too high."""
        rows = self.cell(OUTLOOK, **chosen)
        return scores.bias([row["mean"] for row in rows], [row["truth"] for row in rows])

    def elasticity(self, world: str, months: int) -> tuple[float, float]:
        """Return the mean elasticity found over seeds, and its standard error."""
        rows = self.cell(OUTLOOK, world=world, months=months, days=DAYS[0])
        found = np.array([row["elasticity"] for row in rows])
        return float(found.mean()), float(found.std() / np.sqrt(max(len(found) - 1, 1)))


def report(results: Results, months: tuple[int, ...]) -> str:
    """Return the tables: by world, the coverage, and by length of history."""
    return "\n\n".join(
        [
            _ratios(results),
            _coverage(results),
            _elasticities(results, months),
            _by_length(results, months),
        ]
    )


def _ratios(results: Results) -> str:
    header = ["CRPS over the best baseline", *(f"{d} days" for d in DAYS), "best baseline",
              "goal", "met", "as modelled", "throughput", "physics", "wins"]  # fmt: skip
    rows = []
    for world in results.worlds:
        found = [results.ratio(OUTLOOK, world=world, days=days) for days in DAYS]
        goal = AT_MOST.get(world, EVERYWHERE)
        others = [
            " / ".join(f"{results.ratio(m, world=world, days=d).value:.2f}" for d in DAYS)
            for m in OURS
        ]
        wins = [results.ratio(OUTLOOK, "crps_wins", world=world, days=d).value for d in DAYS]
        rows.append(
            [
                world,
                *map(str, found),
                " / ".join(one.best for one in found),
                f"<= {goal:g}",
                "yes" if max(one.value for one in found) <= goal else "no",
                *others,
                " / ".join(f"{one:.2f}" for one in wins),
            ]
        )
    return plain_table.lines(header, rows)


def _coverage(results: Results) -> str:
    header = ["per cent held by 50 / 80 / 95 % intervals", *(f"{d} days" for d in DAYS), "cases",
              "80 % in 70-90", "80 % as modelled", "bias"]  # fmt: skip
    rows = []
    for world in results.worlds:
        about = [{"world": world, "days": days} for days in DAYS]
        held = [[results.held(OUTLOOK, share, **one) for share in SHARES] for one in about]
        eighty = [one[1] for one in held]
        rows.append(
            [
                world,
                *(" / ".join(f"{share:.0f}" for share in one) for one in held),
                len(results.cell(OUTLOOK, **about[0])),
                "yes" if min(eighty) >= 70 and max(eighty) <= 90 else "no",
                " / ".join(f"{results.held(MODELLED, 0.8, **one):.0f}" for one in about),
                " / ".join(f"{100 * results.bias(**one):+.0f} %" for one in about),
            ]
        )
    return plain_table.lines(header, rows)


def _elasticities(results: Results, months: tuple[int, ...]) -> str:
    header = ["elasticity found", *(f"{length} months" for length in months), "goal at 15"]
    rows = []
    for world in results.worlds:
        found = [results.elasticity(world, length) for length in months]
        goal = f"< {BOUND:g}" if world == "capacity-bound" else f"> {FREE:g}"
        rows.append([world, *(f"{mean:.2f} +- {error:.2f}" for mean, error in found), goal])
    return plain_table.lines(header, rows)


def _by_length(results: Results, months: tuple[int, ...]) -> str:
    header = ["all worlds but steady, ratio", *(f"{length} months" for length in months)]
    chosen = tuple(name for name in results.worlds if name not in STEADY)
    rows = [
        [f"{days} days"]
        + [str(results.ratio(OUTLOOK, world=chosen, days=days, months=m)) for m in months]
        for days in DAYS
        if chosen
    ]
    return plain_table.lines(header, rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--worlds", default=",".join(worlds.WORLDS), help="names, with commas")
    parser.add_argument("--seeds", type=int, default=10, help="how many")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--months", default=",".join(map(str, MONTHS)), help="of the origins")
    parser.add_argument("--paths", type=int, default=2048)
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--cases", type=Path, help="a file of cases, continued where it is there")
    return parser.parse_args()


def _run(jobs: list, work: partial, workers: int) -> Iterator[list[dict]]:
    if workers == 1:
        yield from map(work, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap_unordered(work, jobs)


def main() -> None:
    """Run the cases that are not in the file yet, and print the tables of all."""
    chosen = _arguments()
    months = tuple(map(int, chosen.months.split(",")))
    rows = []
    if chosen.cases and chosen.cases.exists():
        rows = [json.loads(line) for line in chosen.cases.read_text().splitlines()]
    done = {(row["world"], row["seed"]) for row in rows}
    seeds = range(chosen.first_seed, chosen.first_seed + chosen.seeds)
    jobs = [(w, s) for s in seeds for w in chosen.worlds.split(",") if (w, s) not in done]
    began = time.perf_counter()
    for found in _run(jobs, partial(_one, months=months, paths=chosen.paths), chosen.workers):
        rows += found
        if chosen.cases:
            with chosen.cases.open("a") as file:
                file.writelines(json.dumps(row) + "\n" for row in found)
    order = list(worlds.WORLDS)
    rows.sort(key=lambda r: (order.index(r["world"]), r["seed"], r["months"], r["days"]))
    print(report(Results(rows), months))
    print(f"\n{len(jobs)} histories in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
