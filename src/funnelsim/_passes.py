"""Further passes over the paths of a forecast, block by block."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funnelsim._running import Run, grid_of, in_order
from funnelsim.scenario import Scenario

if TYPE_CHECKING:
    from funnelsim._arrays import Lowered


@dataclass(frozen=True)
class Ground:
    """What a pass starts from: the scenario, its arrays, and how its paths are run."""

    scenario: Scenario
    lowered: Lowered
    seed: int
    threads: int | None


def pieces(  # noqa: PLR0917
    ground: Ground,
    run: Run[Any],
    shared: Any,
    paths: int,
    size: int,
    kept: Callable[[Any], Any] = lambda block: block,
) -> list[Any]:
    """Return what is kept of each block of so many paths, in order."""
    arguments, grid = (shared, ground.seed), grid_of(paths, size)
    with closing(in_order(run, arguments, grid, ground.threads, None)) as blocks:
        return [kept(block) for _, block in blocks]
