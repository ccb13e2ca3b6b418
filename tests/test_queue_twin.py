"""The kernel of working capacity gives the same paths as its naive twin, bit for bit."""

from dataclasses import replace

import numba
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import funnelsim as fs
from funnelsim._arrays import lower
from funnelsim._queue import lower_queue
from funnelsim._queue_blocks import People, Trip, run_people
from funnelsim.kernels.cells import time_at
from funnelsim.team import ORDERS, Rep, Role, Team, Work
from tests.oracles.queue_twin import Loads, queue_twin
from tests.test_trajectories_twin import coordinates, floats, scenarios, seeds

PATHS, SIGNED = 320, 3
CHOSEN = (0, 63, 64, 199, 255, 256, 319)
EXAMPLES = 10 if numba.config.DISABLE_JIT else 150

hours = st.one_of(
    floats(0, 40).map(fs.Fixed),
    st.just(fs.Discrete((0.0, 3.0, 30.0), (0.3, 0.4, 0.3))),
    st.just(fs.Sample((1.0, 2.5, 8.0))),
)


@numba.njit
def _read(places, guide, nodes, law, level):
    return time_at(places, guide, nodes, law, level)


@st.composite
def teams(draw):
    roles = draw(st.sampled_from([("ae",), ("ae", "se")]))
    names = [draw(st.lists(st.sampled_from(["Ann", "Bo", None]), max_size=3)) for _ in roles]
    used = set()
    reps = []
    for role, own in zip(roles, names, strict=True):
        reps.append(Rep(role))
        for name in own:
            if name is None or name not in used:
                reps.append(Rep(role, name=name))
                used.add(name)
    order = draw(st.permutations(range(len(reps))))
    stages = draw(st.sets(st.sampled_from(["first", "second", "third"]), min_size=1))
    work = {stage: Work(draw(hours), draw(st.sampled_from(roles))) for stage in sorted(stages)}
    return Team(
        [Role(role) for role in roles],
        [reps[place] for place in order],
        work=work,
        order=draw(st.sampled_from(ORDERS)),
        by=draw(st.sampled_from(["pool", "owner"])),
        stale=draw(st.sampled_from([0.0, 0.0, 0.05, 1.0])),
    )


@st.composite
def with_people(draw):
    """Return a scenario with a team, and the share of a day on which each seat changes."""
    scenario = draw(scenarios())
    owners = draw(st.booleans())
    if owners and len(scenario.pipeline):
        own = tuple(
            draw(st.sampled_from(["Ann", "bo", "Cy"])) for _ in range(len(scenario.pipeline))
        )
        segments = (*scenario.pipeline.segments, ("owner", own))
        scenario = scenario.replace(pipeline=replace(scenario.pipeline, segments=segments))
    return scenario.replace(team=draw(teams())), draw(st.sampled_from([0.0, 0.02, 0.3]))


def seats_at_random(rng, shape, change):
    """Return units of work a second by path, seat and day; -1 where nobody is there."""
    paths, seats, days = shape
    there = (rng.random((paths, seats, days)) < change).cumsum(axis=2) % 2 == 0
    level = rng.choice([0, 60_000, 342_857, 480_000], size=(paths, seats, days))
    level[:, :, 5::7] = 0
    return np.where(there, level, -1).astype(np.int32)


def check(scenario, change, seed):
    lowered = lower(scenario)
    queue = lower_queue(scenario, lowered)
    days = queue.staff.days
    rng = np.random.default_rng(seed % 1000)
    by_rep = seats_at_random(rng, (PATHS, len(queue.seats), days), change)
    patience = None
    if queue.work.patience >= 0:
        tables = (queue.work.places, queue.work.guide, queue.work.nodes)

        def patience(level):
            return float(_read(*tables, np.uint64(queue.work.patience), level))

    wanted = queue_twin(
        scenario,
        lowered,
        seed,
        CHOSEN,
        coordinates(lowered, seed),
        by_rep[list(CHOSEN)],
        patience,
        SIGNED,
    )
    rates = np.ascontiguousarray(by_rep[:, queue.seats])
    people = People(rates, np.zeros((0, 0)))
    block = run_people(Trip(queue, lowered.shared, SIGNED), people, seed, 0)
    for name in ("bookings", "fresh", "entering", "standing", "signed"):
        found = getattr(block.deals, name)[..., CHOSEN]
        np.testing.assert_array_equal(found, wanted[name], err_msg=name)
    for name in Loads._fields:
        found = getattr(block.loads, name)
        found = np.moveaxis(found[list(CHOSEN)], 0, -1) if name == "worked" else found[..., CHOSEN]
        np.testing.assert_array_equal(found, wanted[name], err_msg=name)


@given(with_people(), seeds)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
def test_kernel_and_twin_agree(both, seed):
    check(*both, seed)
