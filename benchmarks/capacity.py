"""Deals that wait for people, beside SimPy; M/M/8 beside SimPy and Ciw.

`python -m benchmarks.capacity` times the same work side by side, in interleaved rounds, and shows
that all see the same: the waits, and what is booked. Ours draws, simulates and counts on one core.
"""

from __future__ import annotations

import argparse
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks import plain_table
from benchmarks.peers import simpy_capacity
from benchmarks.timing import best_of
from funnelsim import (
    Exponential,
    Funnel,
    Gamma,
    NewBusiness,
    Periods,
    Pipeline,
    Rep,
    Role,
    Scenario,
    Stage,
    Team,
    Work,
)
from funnelsim._arrays import lower
from funnelsim._queue import lower_queue
from funnelsim._queue_blocks import QueueBlock, Trip, block_of, run_queue
from funnelsim.funnel import KEY_ACCOUNT_STAGES, KEY_ACCOUNT_WIN_PROBABILITIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.peers.simpy_capacity import Seen

HOURS_OF_A_WEEK = 40.0
HOURS = (2.0, 3.0, 6.0, 6.0, 4.0)
"""Mean hours of work in each stage."""
ROUND_THE_CLOCK = 168.0
DAY = 86_400.0


@dataclass(frozen=True)
class Desk:
    """Open deals at every stage of the key-account funnel, and reps who work on them."""

    deals: int = 2_000
    reps: int = 8
    horizon: float = 364.0
    mean: float = 30.0
    cv: float = 0.6
    work_cv: float = 0.5

    @property
    def shape(self) -> float:
        """Shape of the time in stage."""
        return 1.0 / self.cv**2

    @property
    def scale(self) -> float:
        """Scale of the time in stage, days."""
        return self.mean * self.cv**2

    @property
    def work_shape(self) -> float:
        """Shape of the hours of work."""
        return 1.0 / self.work_cv**2

    @property
    def work_scale(self) -> list[float]:
        """Scale of the hours of work in each stage."""
        return [mean * self.work_cv**2 for mean in HOURS]

    @property
    def days_of_an_hour(self) -> float:
        """Calendar days in which a rep works an hour: hours are spread evenly over the week."""
        return 7.0 / HOURS_OF_A_WEEK

    @property
    def conversions(self) -> list[float]:
        """Chance to go on from each open stage."""
        wins = KEY_ACCOUNT_WIN_PROBABILITIES
        return [now / later for now, later in itertools.pairwise(wins)]

    @property
    def stages(self) -> list[int]:
        """Stage of each deal."""
        return [number % len(HOURS) for number in range(self.deals)]

    @property
    def amounts(self) -> list[int]:
        """Amount of each deal."""
        return [100 + number % 17 for number in range(self.deals)]

    def scenario(self) -> Scenario:
        """Return the same as a scenario."""
        rows = [
            {"stage": KEY_ACCOUNT_STAGES[stage], "amount": amount}
            for stage, amount in zip(self.stages, self.amounts, strict=True)
        ]
        work = {
            name: Work(Gamma(mean=hours, cv=self.work_cv))
            for name, hours in zip(KEY_ACCOUNT_STAGES, HOURS, strict=False)
        }
        return Scenario(
            as_of="2026-12-31",
            periods=Periods(edges=[0, self.horizon / 4, self.horizon / 2, self.horizon]),
            funnel=Funnel.key_account(time=Gamma(mean=self.mean, cv=self.cv)),
            pipeline=Pipeline.from_deals(rows),
            team=Team([Role("rep", hours_per_week=HOURS_OF_A_WEEK)], [Rep("rep", count=self.reps)],
                      work=work),
        )  # fmt: skip


@dataclass(frozen=True)
class Station:
    """M/M/c: customers come at random, and are served for a day on average."""

    load: float = 7.2
    people: int = 8
    warm: float = 100.0
    end: float = 250.0

    def scenario(self) -> Scenario:
        """Return the same as a scenario, but for who came last and is not served by the end."""
        edges = [0.0, self.warm, self.end]
        rates = [self.load * self.warm, self.load * (self.end - self.warm)]
        return Scenario(
            as_of="2026-12-31",
            periods=Periods(edges=edges),
            funnel=Funnel([Stage("desk", conversion=1.0, time=0), Stage("won", 1.0)]),
            new_business=NewBusiness(rates),
            team=Team(
                [Role("clerk", hours_per_week=ROUND_THE_CLOCK)],
                [Rep("clerk", count=self.people)],
                work={"desk": Exponential(24.0)},
            ),
        )

    def exact(self) -> tuple[float, float]:
        """Return the chance to wait (Erlang's C) and the mean wait in days."""
        blocked = 1.0
        for one in range(1, self.people + 1):
            blocked = self.load * blocked / (one + self.load * blocked)
        chance = self.people * blocked / (self.people - self.load * (1.0 - blocked))
        return chance, chance / (self.people - self.load)


class Figures(NamedTuple):
    """What is seen, by path."""

    bookings: np.ndarray
    begun: np.ndarray
    waited: np.ndarray
    days: np.ndarray

    @classmethod
    def of_peer(cls, seen: Seen) -> Figures:
        """Return what a peer has seen."""
        return cls(*(np.array(one, float) for one in
                     (seen.bookings, seen.begun, seen.waited, seen.days)))  # fmt: skip

    @classmethod
    def of_blocks(cls, blocks: list[QueueBlock], first: int) -> Figures:
        """Return what the kernel has seen, of those who come in a period from this one on."""

        def of(values: list[np.ndarray]) -> np.ndarray:
            return np.concatenate(values, axis=-1).astype(float)

        return cls(
            of([one.deals.bookings.sum(axis=0) for one in blocks]) / 100,
            *(
                of([getattr(one.loads, name)[:, first:].sum(axis=(0, 1)) for one in blocks])
                for name in ("begun", "waited")
            ),
            of([one.loads.wait[:, first:].sum(axis=(0, 1)) for one in blocks]) / DAY,
        )

    def answers(self) -> dict[str, tuple[float, float]]:
        """Return answers with their standard errors."""
        root = math.sqrt(len(self.begun))
        found = {"mean bookings": (self.bookings.mean(), self.bookings.std(ddof=1) / root)}
        for name, part in (("share that waits", self.waited), ("mean wait, days", self.days)):
            value = part.sum() / self.begun.sum()
            off = (part - value * self.begun) / self.begun.mean()
            found[name] = (value, off.std(ddof=1) / root)
        return found


class Ours:
    """Runs blocks of one scenario."""

    def __init__(self, scenario: Scenario, first: int = 0) -> None:
        lowered = lower(scenario)
        queue = lower_queue(scenario, lowered)
        self._trip, self._block = Trip(queue, lowered.shared, 0), block_of(queue)
        self._first = first
        run_queue(self._trip, 1, 0, 0)

    def __call__(self, paths: int, seed: int = 1) -> Figures:
        """Return what is seen on so many paths."""
        size = self._block
        blocks = [
            run_queue(self._trip, seed, first, min(size, paths - first))
            for first in range(0, paths, size)
        ]
        return Figures.of_blocks(blocks, self._first)


class Side(NamedTuple):
    """One way to simulate: its name, the call, how many paths."""

    name: str
    run: Callable[[int, int], Figures]
    paths: int


def rows_of(sides: list[Side], units: float, rounds: int) -> list[list[str]]:
    """Return a row for each side: seconds, time a unit of work, ratio to ours."""
    calls = {side.name: (lambda side=side: side.run(side.paths, 1)) for side in sides}
    best = best_of(calls, rounds)
    each = {side.name: best[side.name] / side.paths / units for side in sides}
    ours = each[sides[0].name]
    return [
        [side.name, str(side.paths), f"{best[side.name]:.2f}", f"{each[side.name] * 1e9:,.0f}",
         f"{each[side.name] / ours:,.0f}"]
        for side in sides
    ]  # fmt: skip


def agreement_of(sides: list[Side], paths: dict[str, int], wanted: tuple[str, ...]) -> list:
    """Return the answers of each side, and how far those of the peers are from ours."""
    found = {side.name: side.run(paths[side.name], 2).answers() for side in sides}
    ours = found[sides[0].name]
    rows = []
    for side in sides:
        for name in wanted:
            value, error = found[side.name][name]
            z = (value - ours[name][0]) / math.hypot(error, ours[name][1])
            far = "" if side is sides[0] else f"{z:+.1f}"
            rows.append([side.name, name, f"{value:.5g}", f"{error:.2g}", far])
    return rows


def desk_sides(desk: Desk, ours: int, peer: int) -> list[Side]:
    """Return ours and SimPy on open deals."""
    kernel = Ours(desk.scenario())
    return [
        Side("funnelsim", kernel, ours),
        Side("SimPy", lambda n, seed: Figures.of_peer(simpy_capacity.deals(desk, n, seed)), peer),
    ]


def station_sides(station: Station, ours: int, peer: int) -> list[Side]:
    """Return ours, SimPy and, where it is installed, Ciw on customers."""
    kernel = Ours(station.scenario(), first=1)
    sides = [
        Side("funnelsim", kernel, ours),
        Side("SimPy",
             lambda n, seed: Figures.of_peer(simpy_capacity.customers(station, n, seed)), peer),
    ]  # fmt: skip
    try:
        from benchmarks.peers import ciw_station  # noqa: PLC0415
    except ImportError:
        return sides
    ciw = Side("Ciw", lambda n, seed: Figures.of_peer(ciw_station.customers(station, n, seed)),
               max(peer // 2, 2))  # fmt: skip
    return [*sides, ciw]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few paths of the peers")
    args = parser.parse_args()
    header = ["", "paths", "seconds", "ns", "times ours"]
    says = ["", "answer", "value", "error", "z from ours"]
    desk, station = Desk(), Station()
    peer = 2 if args.quick else 8

    sides = desk_sides(desk, 1024, peer)
    print(f"\n{desk.deals:,} open deals, {desk.reps} reps, a year; ns a deal and path\n")
    print(plain_table.lines(header, rows_of(sides, desk.deals, args.rounds)))
    many = {"funnelsim": 4096, "SimPy": 6 * peer}
    print()
    print(plain_table.lines(says, agreement_of(
        sides, many, ("mean bookings", "share that waits", "mean wait, days"))))  # fmt: skip

    sides = station_sides(station, 1024, 2 * peer)
    chance, mean = station.exact()
    print(f"\nM/M/{station.people}, load {station.load}; ns a customer; exact: share that waits "
          f"{chance:.5f}, mean wait {mean:.5f} days\n")  # fmt: skip
    each = station.load * station.end
    print(plain_table.lines(header, rows_of(sides, each, args.rounds)))
    many = {"funnelsim": 8192, "SimPy": 16 * peer, "Ciw": 8 * peer}
    print()
    print(plain_table.lines(says, agreement_of(
        sides, many, ("share that waits", "mean wait, days"))))  # fmt: skip


if __name__ == "__main__":
    main()
