"""Ciw: customers who come one by one to people who serve them.

Ciw is left out where it is not installed. It needs an environment of its own: it brings a package
named ``tests`` that hides ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ciw

from benchmarks.peers.simpy_capacity import Seen

if TYPE_CHECKING:
    from benchmarks.capacity import Station


def customers(station: Station, paths: int, seed: int) -> Seen:
    """Return what is seen of customers; those of the warm-up do not count."""
    seen = Seen()
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=station.load)],
        service_distributions=[ciw.dists.Exponential(rate=1.0)],
        number_of_servers=[station.people],
    )
    for path in range(paths):
        ciw.seed(1_000 * seed + path)
        run = ciw.Simulation(network)
        run.simulate_until_max_time(station.end)
        seen.begin()
        for record in run.get_all_records():
            if record.arrival_date > station.warm:
                seen.count(record.waiting_time)
    return seen
