"""What a table of closed deals cannot say of its signals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from funnelsim._text import counted
from funnelsim.cautions import Caution
from funnelsim.fitting.signal_table import Answers, ClosedDeals

SETTLED = 0.95
"""A level is suspicious if so large a share of its deals ended alike."""
BY_CHANCE = 1e-3
"""And if that happens by chance, with the win rate of the other levels, no more often."""
MANY_EMPTY = 0.5


def warnings_of(deals: ClosedDeals, late: Sequence[str], likeness: float) -> tuple[Caution, ...]:
    """Return what a reader of the effects should know.

    Parameters
    ----------
    deals : ClosedDeals
        Outcomes and answers.
    late : sequence of str
        Signals that were perhaps written down after the outcome, by the user's word.
    likeness : float
        How alike outcomes are inside groups.
    """
    return (*_late(late), *_settled(deals), *_unheard(deals), *_alike(deals, likeness))


def _late(late: Sequence[str]) -> Iterator[Caution]:
    if late:
        words = f"{', '.join(late)}: perhaps written down after the outcome, so left out of "
        yield Caution("late", tuple(late), words + "the assumptions; calibrated with and without")


def _settled(deals: ClosedDeals) -> Iterator[Caution]:
    found = [one for answers in deals.answers for one in _settled_levels(deals, answers)]
    if found:
        names = tuple(f"{name} {level!r} ({words})" for name, level, words in found)
        message = (
            f"{'; '.join(names)}: an answer that all but settles the outcome may have been "
            "written down after it; see when it is filled in, and name such columns in late="
        )
        yield Caution("settles-outcome", names, message)


def _settled_levels(deals: ClosedDeals, answers: Answers) -> Iterator[tuple[str, str, str]]:
    """Return levels whose deals ended alike, more than the other levels' win rate explains."""
    from scipy.special import bdtr, bdtrc  # noqa: PLC0415

    for k, level in enumerate(answers.levels):
        inside = answers.place == k
        count, wins = int(inside.sum()), int(deals.won[inside].sum())
        if not count or count == len(deals):
            continue
        rate = (float(deals.won[~inside].sum()) + 0.5) / (len(deals) - count + 1.0)
        most = max(wins, count - wins) >= SETTLED * count
        if wins > rate * count:
            chance = float(bdtrc(wins - 1, count, rate))
        else:
            chance = float(bdtr(wins, count, rate))
        if most and chance < BY_CHANCE:
            yield answers.name, level, f"{counted(wins, 'win')} in {count:,}"


def _unheard(deals: ClosedDeals) -> Iterator[Caution]:
    names = tuple(one.name for one in deals.answers if one.empty > MANY_EMPTY * len(deals))
    if names:
        message = f"{', '.join(names)}: most cells are empty, so that little is known"
        yield Caution("mostly-empty", names, message)


def _alike(deals: ClosedDeals, likeness: float) -> Iterator[Caution]:
    if likeness > 0.0:
        size = np.bincount(deals.group)
        worth = float((size / (1.0 + (size - 1.0) * likeness)).sum())
        message = (
            f"{len(deals):,} deals in {len(size):,} groups end alike inside a group "
            f"(correlation {likeness:.2f}): they count for {worth:,.0f} independent ones"
        )
        yield Caution("alike", (), message)
