"""How far wins follow the pipeline: read from a panel of people who share selling time.

Do those win more who hold more pipeline? The wins of a window, given their sum, fall to members
with shares in proportion to ``f0**(1 - g) * f1**g``: ``f0`` what a member won before, ``f1`` what
its pipeline should give. The sum per window is free, so neither season nor market enters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from funnelsim._text import counted
from funnelsim.events import Known
from funnelsim.fitting.hazards import fit_hazards
from funnelsim.outlook.pressure import Dated, Groups, creation_rate, expected_wins, usual_chances
from funnelsim.outlook.spans import Spans, earlier

Floats = NDArray[np.float64]

WINDOW = 28
FIRST_WEEKS = 6
"""Windows begin after so many weeks of the record."""
MOST_WINDOWS = 40
"""Only the latest windows count: about three years."""
MOST_MEMBERS = 400
PRIOR_MEAN, PRIOR_SD = 0.5, 0.35
LEAST_SD = 0.05
OVERDISPERSION = 0.01
PRIOR_CV2 = 0.1
"""Of members' rates: a coefficient of variation of a third."""
TOLD_SD = 0.15
"""A column tells the elasticity if its posterior is no wider."""
GRID = np.linspace(0.0, 1.0, 101)
PEOPLE = (
    *("owner", "agent", "rep", "representative", "seller", "salesperson", "manager"),
    *("team", "group", "region", "office", "territory", "branch"),
)


@dataclass(frozen=True)
class Elasticity:
    """By how many percent wins rise when the pipeline holds one percent more.

    Parameters
    ----------
    value : float
        0: the team is the bottleneck. 1: every deal runs on its own clock.
    sd : float
        Standard deviation of what is believed of it.
    found : str
        ``"panel"``, ``"assumed"`` or ``"given"``.
    columns : tuple of str
        The columns that it was read from.
    windows : int
        Windows of 28 days that it was read from.

    Examples
    --------
    >>> print(Elasticity(0.07, 0.06, "panel", ("manager",), 9))
    Your wins follow your people, not your pipeline: elasticity 0.07 (sd 0.06), read from 9 \
windows of 28 days by manager.
    """

    value: float
    sd: float
    found: str
    columns: tuple[str, ...] = ()
    windows: int = 0

    @property
    def verdict(self) -> str:
        """One of ``"people"``, ``"pipeline"``, ``"both"`` and ``"unknown"``."""
        if self.sd > 0.2:  # noqa: PLR2004
            return "unknown"
        if self.value + self.sd < 0.5:  # noqa: PLR2004
            return "people"
        return "pipeline" if self.value - self.sd > 0.5 else "both"  # noqa: PLR2004

    def __str__(self) -> str:
        says = {
            "people": "Your wins follow your people, not your pipeline",
            "pipeline": "Your wins follow your pipeline",
            "both": "Your wins follow both your people and your pipeline",
            "unknown": "How far your wins follow your pipeline cannot be told yet",
        }[self.verdict]
        by = " and ".join(self.columns)
        how = {
            "panel": f"read from {counted(self.windows, 'window')} of {WINDOW} days by {by}",
            "assumed": "assumed, for want of groups of people to compare",
            "given": "as given",
        }[self.found]
        return f"{says}: elasticity {self.value:.2f} (sd {self.sd:.2f}), {how}."


ASSUMED = Elasticity(PRIOR_MEAN, PRIOR_SD, "assumed")


class Window(NamedTuple):
    """What members were expected to win in a window, and what they won."""

    before: Floats  # (members,) at their past rate
    pipeline: Floats  # (members,) from what they hold
    wins: Floats  # (members,)


def people_columns(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names that look like people who share selling time.

    Examples
    --------
    >>> people_columns(["Owner ID", "product", "sales_region", "report"])
    ('Owner ID', 'sales_region')
    """
    return tuple(name for name in names if any(word in PEOPLE for word in _words(name)))


def _words(name: str) -> list[str]:
    return "".join(letter if letter.isalpha() else " " for letter in name.lower()).split()


def panel_windows(known: Known, columns: Sequence[str]) -> dict[str, list[Window]]:
    """Return the windows of 28 days up to the as-of day, for each column.

    Each window is seen from its start: hazards, rates and deals are those known then.
    """
    result: dict[str, list[Window]] = {name: [] for name in columns}
    first = known.record_start - 1 + 7 * FIRST_WEEKS
    starts = range(first, known.day - WINDOW + 1, WINDOW)
    used = [name for name in columns if 1 < len(known.segments[name][1]) <= MOST_MEMBERS]
    closed = Spans.of(known).closed
    for start in starts[-MOST_WINDOWS:] if used else ():
        then = earlier(known, start)
        spans = Spans.of(then)
        chances = usual_chances(fit_hazards(then), WINDOW)
        inside = known.won & (closed > start) & (closed <= start + WINDOW)
        for name in used:
            window = _window(known, then, spans, chances, name)
            wins = np.bincount(known.segments[name][0][inside], minlength=len(window[0]))
            members = (window[0] > 0.0) & (window[1] > 0.0)
            result[name].append(Window(*(one[members] for one in (*window, wins.astype(float)))))
    return result


def _window(
    known: Known, then: Known, spans: Spans, chances: Dated, column: str
) -> tuple[Floats, Floats]:
    """Return what each member would win at its past rate, and from its pipeline."""
    names = known.segments[column][1]
    mine = np.searchsorted(np.array(names), np.array(then.segments[column][1]))
    codes = mine[then.segments[column][0]].astype(np.int32)
    groups = Groups(codes, len(names))
    wins = np.bincount(groups.code[then.won], minlength=groups.count)
    past = then.day - then.record_start + 1
    before = np.where(wins > 0, _pooled(wins) * WINDOW / past, 0.0)
    rate = creation_rate(spans, groups, then.day, then.record_start, then.day)
    both = expected_wins(spans, groups, chances, then.day, rate)
    return before, np.asarray((both[0] + both[1]).sum(axis=0))


def _pooled(wins: NDArray[np.int64]) -> Floats:
    """Return what members' past wins tell of their rates: drawn to the mean as far as chance goes.

    Gamma rates, Poisson counts; the squared coefficient of variation of the rates by moments,
    with a prior of `PRIOR_CV2` worth one member. Members who never won are left out.
    """
    some = wins[wins > 0]
    mean = float(some.mean()) if len(some) else 1.0
    excess = float((((some - mean) / mean) ** 2).sum()) - (len(some) - 1) / mean
    cv2 = (max(excess, 0.0) + PRIOR_CV2) / max(len(some), 1)
    share = cv2 * mean / (1.0 + cv2 * mean)
    return np.asarray(mean + share * (wins - mean))


def from_windows(windows: Sequence[Window]) -> tuple[float, float]:
    """Return mean and standard deviation of the elasticity's posterior."""
    told = [window for window in windows if len(window.wins) > 1 and window.wins.sum() > 0]
    log_posterior = -0.5 * ((GRID - PRIOR_MEAN) / PRIOR_SD) ** 2
    if told:
        counts = np.concatenate([window.wins for window in told])
        likelihood = sum((_log_shares(window) for window in told), np.zeros(len(GRID)))
        log_posterior += likelihood / (1.0 + OVERDISPERSION * counts.mean())
    weight = np.exp(log_posterior - log_posterior.max())
    weight /= weight.sum()
    mean = float(weight @ GRID)
    return mean, float(np.sqrt(weight @ (GRID - mean) ** 2))


def _log_shares(window: Window) -> Floats:
    """Return the multinomial log-likelihood of a window's wins at each elasticity."""
    logs = np.outer(1.0 - GRID, np.log(window.before)) + np.outer(GRID, np.log(window.pipeline))
    top = logs.max(axis=1, keepdims=True)
    logs -= top + np.log(np.exp(logs - top).sum(axis=1, keepdims=True))
    return np.asarray(logs @ window.wins)


def from_panel(windows: dict[str, list[Window]], columns: Sequence[str]) -> Elasticity:
    """Return the elasticity that columns of people tell.

    Of the columns that tell it the one with the fewest members counts, as it stands nearest to
    the whole; if none does, the one that tells most.
    """
    found = []
    for name in columns:
        told = [window for window in windows[name] if len(window.wins) > 1]
        if told:
            value, sd = from_windows(told)
            members = max(len(window.wins) for window in told)
            result = Elasticity(value, max(sd, LEAST_SD), "panel", (name,), len(told))
            found.append((sd > TOLD_SD, members if sd <= TOLD_SD else sd, name, result))
    return min(found)[-1] if found else ASSUMED
