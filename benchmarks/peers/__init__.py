"""The same work done with other tools. One table drives the tests and the benchmarks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.peers import (
    careful_numpy,
    careful_numpy_folded,
    plain_numpy,
    pure_python,
    simpy_peer,
)
from benchmarks.work import Work

Simulate = Callable[[Work, int, int], np.ndarray]

PEERS: dict[str, Simulate] = {
    "careful NumPy, folded": careful_numpy_folded.simulate,
    "careful NumPy": careful_numpy.simulate,
    "plain NumPy": plain_numpy.simulate,
    "pure Python": pure_python.simulate,
    "SimPy": simpy_peer.simulate,
}
