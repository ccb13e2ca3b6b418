"""Messages speak of arguments; on a command line they speak of options."""

from __future__ import annotations

import re
from collections.abc import Callable

from funnelsim.errors import FunnelsimError

Words = str | Callable[[re.Match[str]], str]


class OptionError(FunnelsimError):
    """Wrong input, in the words of the command line."""


def in_options(text: str) -> str:
    """Return a message with options where it names arguments of Python.

    Examples
    --------
    >>> print(in_options('state lost=["Closed Lost", "No fit"] or won=["…"]; or day_first=True'))
    state --lost "Closed Lost,No fit" or --won LIST; or --day-first
    >>> in_options('as_of must be a day'), in_options('timezone="Europe/Berlin"')
    ('--as-of must be a day', '--timezone Europe/Berlin')
    """
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return text


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _with_list(found: re.Match[str]) -> str:
    names = re.findall(r'"([^"…]+)"', found[2])
    listed = ",".join(names)
    value = f'"{listed}"' if re.search(r"[^\w,]", listed) else listed
    more = ",…" if names and "…" in found[2] else ""
    return f"{_option(found[1])} {value or 'LIST'}{more}"


def _pattern(pattern: str, words: Words) -> tuple[re.Pattern[str], Words]:
    return re.compile(pattern, re.MULTILINE), words


_ALIKE = (
    "as_of", "by", "draws", "elasticity", "panel", "paths", "seed", "last_day", "record_start",
    "timezone", "decimal",
)  # fmt: skip
_WORDS = [
    _pattern(r",? or state stages=\{[^}]*\}", ""),
    _pattern(r"\b(stages|won|lost|segments)=\[([^\]]*)\]", _with_list),
    _pattern(r'with on_bad_rows="skip"', "without --strict"),
    _pattern(
        r'\b(timezone|currency|format|last_day|record_start|decimal)="([^"]*)"',
        lambda found: f"{_option(found[1])} {found[2]}",
    ),
    _pattern(r"\bday_first=True", "--day-first"),
    _pattern(r"\bday_first=False", "--month-first"),
    _pattern(r"\byear_first=True", "--year-first"),
    _pattern(r"\byear_first=False", "--year-last"),
    _pattern(r'\b(deal|created|stage|closed)=(?:"…"|…)', r"--column \1=NAME"),
    _pattern(r"^(last_day|record_start) of ", lambda found: f"{_option(found[1])} of "),
    _pattern(r"^argument of read_events must be", "FIELD in --column must be"),
    _pattern(r"^horizons must", "--horizon must"),
    _pattern(r"^(won|lost) must occur in", r"--\1 must occur in"),
    _pattern(r"^stages must (be open|be a list|differ)", r"--stages must \1"),
    _pattern(r"^format must be a known", "--format must be a known"),
    _pattern(r"^currency must be one of those", "--currency must be one of those"),
    _pattern(
        rf"^({'|'.join(_ALIKE)}) must",
        lambda found: f"{_option(found[1])} must",
    ),
]
"""What is replaced by what, in this order."""
