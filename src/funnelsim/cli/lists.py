"""Lists as they are typed on a command line: numbers, names, stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funnelsim.errors import InputError

if TYPE_CHECKING:
    from funnelsim.funnel import Funnel

PRESET = "key-account"
SUCH_AS = "such as 2,2,1"


def numbers_in(field: str, text: str) -> list[float]:
    """Return the numbers of a list; whole ones stay whole."""
    return [_number(field, part, text) for part in text.split(",")]


def number_or_numbers(field: str, text: str | None) -> float | list[float] | None:
    """Return a number, or the numbers of a list; None stays None."""
    if text is None:
        return None
    numbers = numbers_in(field, text)
    return numbers if len(numbers) > 1 else numbers[0]


def names_in(text: str | None) -> list[str] | None:
    """Return the names of a list; None stays None."""
    return None if text is None else [name.strip() for name in text.split(",")]


def funnel_of(percentages: str) -> Funnel:
    """Return the funnel of a list of win probabilities, or of the preset's name.

    The last of the list is the contract, and tells the unit: 100 for percent, 1 for fractions.
    """
    from funnelsim.funnel import KEY_ACCOUNT_WIN_PROBABILITIES, Funnel, usual_names  # noqa: PLC0415

    if percentages.strip().casefold() == PRESET:
        wins = list(KEY_ACCOUNT_WIN_PROBABILITIES)
    else:
        wins = numbers_in("percentages", percentages.replace("-", ",").replace("%", ""))
        if wins[-1] not in (1, 100):
            rule, remedy = "end with 100, the contract", "or with 1, if all are fractions"
            raise InputError("percentages", rule, wins[-1], remedy)
        _check_rising(wins)
        wins = [win / wins[-1] for win in wins]
    return Funnel.from_percentages(usual_names(len(wins)), wins, time=0)


def _check_rising(wins: list[float]) -> None:
    """Refuse a percentage that is out of range or falls, as it was typed."""
    for win, following in zip(wins, [*wins[1:], wins[-1]], strict=True):
        if not 0 < win <= wins[-1]:
            raise InputError("percentages", f"be above 0 and at most {wins[-1]:g}", win)
        if win > following:
            rule, remedy = "not fall from stage to stage", f"the next is {following:g}"
            raise InputError("percentages", rule, win, remedy)


def _number(field: str, part: str, text: str) -> float:
    for kind in (int, float):
        try:
            return kind(part)
        except ValueError:
            continue
    raise InputError(field, "be numbers separated by commas", text, SUCH_AS)
