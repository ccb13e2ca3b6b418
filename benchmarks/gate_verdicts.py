"""When a row fails: slower than the baseline by more than the tolerance, three times in a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks import plain_table

TOLERANCE = 0.15
REPEATS = 2
"""Further measurements of a row that was too slow; all of them have to be too slow as well."""

OK, NOISE, SLOWER, FASTER, NEW = "ok", "ok, repeated", "SLOWER", "faster", "no baseline"


@dataclass(frozen=True)
class Measured:
    """The ratio of a row, and what it was expected to be in the same measurement."""

    ratio: float
    expected: float

    @property
    def change(self) -> float:
        """Relative change of the cost: 0.3 is 30 % slower."""
        return self.ratio / self.expected - 1.0


@dataclass(frozen=True)
class Judged:
    """A row with all its measurements; without any where there was nothing to compare with."""

    name: str
    ratio: float
    measured: tuple[Measured, ...]
    tolerance: float

    @property
    def verdict(self) -> str:
        """What is said of the row."""
        if not self.measured:
            return NEW
        slow = [too_slow(one, self.tolerance) for one in self.measured]
        if all(slow):
            return SLOWER
        if slow[0]:
            return NOISE
        fast = self.measured[0].change < 1.0 / (1.0 + self.tolerance) - 1.0
        return FASTER if fast else OK

    @property
    def deciding(self) -> Measured | None:
        """The measurement with the least change: the one that the verdict rests on."""
        return min(self.measured, key=lambda one: one.change, default=None)

    def to_dict(self) -> dict[str, object]:
        """Return all of it for a JSON file."""
        return {
            "row": self.name,
            "ratio": self.ratio,
            "measured": [[one.ratio, one.expected] for one in self.measured],
            "tolerance": self.tolerance,
            "verdict": self.verdict,
        }


def too_slow(one: Measured, tolerance: float) -> bool:
    """Return whether a measurement is worse than expected by more than the tolerance."""
    return one.change > tolerance


def judge(name: str, first: Measured, tolerance: float, again: Callable[[], Measured]) -> Judged:
    """Measure a row again while it is too slow, `REPEATS` times at most, and judge it."""
    measured = [first]
    while len(measured) <= REPEATS and too_slow(measured[-1], tolerance):
        measured.append(again())
    return Judged(name, first.ratio, tuple(measured), tolerance)


def table(rows: Sequence[Judged]) -> str:
    """Return the plain table of all rows."""
    header = ("cost, in units of its yardstick", "ratio", "expected", "change", "allowed", "")
    return plain_table.lines(header, map(_cells, rows))


def _cells(row: Judged) -> list[object]:
    one = row.deciding
    if one is None:
        return [row.name, row.ratio, "", "", "", row.verdict]
    return [
        row.name, one.ratio, one.expected, f"{100 * one.change:+.0f} %",
        f"{100 * row.tolerance:+.0f} %", row.verdict,
    ]  # fmt: skip


def conclusion(rows: Sequence[Judged]) -> str:
    """Return the sentence that ends the output."""
    slower = [row.name for row in rows if row.verdict == SLOWER]
    faster = [row.name for row in rows if row.verdict == FASTER]
    noise = [row.name for row in rows if row.verdict == NOISE]
    said = [f"FAILED: slower in {1 + REPEATS} measurements: {', '.join(slower)}."] if slower else []
    if noise:
        said.append(f"Too slow once, not again: {', '.join(noise)}.")
    if faster:
        said.append(
            f"Faster than the baseline (--update makes it the new one): {', '.join(faster)}."
        )
    return "\n".join([*said, *([] if slower else ["Passed."])])
