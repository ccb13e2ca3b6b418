"""SimPy: deals that wait for people, as processes that request a resource."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import simpy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.capacity import Desk, Station


@dataclass
class Seen:
    """What is counted on all paths."""

    bookings: list[int] = field(default_factory=list)  # by path
    begun: list[int] = field(default_factory=list)  # by path, and so are the next ones
    waited: list[int] = field(default_factory=list)
    days: list[float] = field(default_factory=list)

    def begin(self) -> None:
        """Begin another path."""
        for counts in (self.bookings, self.begun, self.waited, self.days):
            counts.append(0)

    def count(self, wait: float) -> None:
        """Count one whose work begins."""
        self.begun[-1] += 1
        self.waited[-1] += wait > 0.0
        self.days[-1] += wait


def deals(desk: Desk, paths: int, seed: int) -> Seen:
    """Return what is seen of open deals that need people in every stage but the first of theirs."""
    rng, seen = random.Random(seed), Seen()
    shape, scale = desk.shape, desk.scale

    def deal(env: simpy.Environment, reps: simpy.Resource, stage: int, amount: int) -> Iterator:
        yield env.timeout(rng.gammavariate(shape, scale))
        while rng.random() < desk.conversions[stage]:
            stage += 1
            if stage == len(desk.conversions):
                seen.bookings[-1] += amount
                return
            came, asked = env.now, reps.request()
            yield asked
            seen.count(env.now - came)
            work = rng.gammavariate(desk.work_shape, desk.work_scale[stage])
            done = env.timeout(work * desk.days_of_an_hour)
            done.callbacks.append(lambda _, asked=asked: reps.release(asked))
            yield env.timeout(rng.gammavariate(shape, scale))

    for _ in range(paths):
        env = simpy.Environment()
        reps = simpy.Resource(env, desk.reps)
        seen.begin()
        for stage, amount in zip(desk.stages, desk.amounts, strict=True):
            env.process(deal(env, reps, stage, amount))
        env.run(until=desk.horizon)
    return seen


def customers(station: Station, paths: int, seed: int) -> Seen:
    """Return what is seen of customers who come one by one; those of the warm-up do not count."""
    rng, seen = random.Random(seed), Seen()

    def customer(env: simpy.Environment, people: simpy.Resource) -> Iterator:
        came = env.now
        with people.request() as asked:
            yield asked
            if came > station.warm:
                seen.count(env.now - came)
            yield env.timeout(rng.expovariate(1.0))

    def arrivals(env: simpy.Environment, people: simpy.Resource) -> Iterator:
        while True:
            yield env.timeout(rng.expovariate(station.load))
            env.process(customer(env, people))

    for _ in range(paths):
        env = simpy.Environment()
        people = simpy.Resource(env, station.people)
        seen.begin()
        env.process(arrivals(env, people))
        env.run(until=station.end)
    return seen
