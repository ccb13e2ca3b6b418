"""A fit as a scenario file: each number with a comment on where it came from."""

from __future__ import annotations

import csv
import io
import os
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funnelsim._whole_file import check_writable, write_whole
from funnelsim.distributions import Distribution
from funnelsim.errors import InputError
from funnelsim.fitting.fitted import Fitted
from funnelsim.frames import Path_
from funnelsim.pipeline import Pipeline
from funnelsim.scenario_file.writing import scenario_text

if TYPE_CHECKING:
    from funnelsim.fitting.fit import Fit

WIDTH = 96
_HEADER = re.compile(r"\[\[?([\w.\" -]+)\]\]?")
_KEY = re.compile(r"([\w-]+) = ")
_NUMBERS = re.compile(r"^([\w-]+) = \[\n((?:    [-+\d.e]+,\n)+)\]$", re.MULTILINE)
Comments = Mapping[tuple[str, str], str]
"""What to say above a key of a table; above the table itself where the key is empty."""


def write_fit(fit: Fit, path: Path_ | None, deals: str | None, given: Mapping[str, Any]) -> str:
    """Return the text of the scenario file, and write it, and its deals, where it is asked to."""
    more = dict(given)
    if deals is not None:
        if path is None:
            raise InputError("deals", "be left out without a path", deals, "it is written beside")
        beside = Path(os.fspath(path)).parent / deals
        check_writable(beside)
        write_whole(beside, _deals_csv(fit.pipeline()).encode())
        more["pipeline"] = Pipeline.from_csv(beside)
    scenario = fit.scenario(**more)
    plain = scenario_text(scenario, "scenario.toml" if path is None else str(os.fspath(path)))
    text = _commented(_folded(plain), _comments(fit, given))
    if path is not None:
        check_writable(path)
        write_whole(path, text.encode())
    return text


def _deals_csv(pipeline: Pipeline) -> str:
    """Return the open deals as the text of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [name for name, _ in pipeline.segments]
    writer.writerow(["id", "stage", "amount", "age", *names])
    amounts = [f"{cents // 100}.{cents % 100:02d}" for cents in pipeline.amounts]  # type: ignore[operator]
    segments = [cells for _, cells in pipeline.segments]
    rows = zip(pipeline.ids, pipeline.stages, amounts, pipeline.ages, *segments, strict=True)
    writer.writerows(rows)
    return text.getvalue()


def _folded(text: str) -> str:
    r"""Return the text with lists of numbers on few lines, instead of one line for each.

    Examples
    --------
    >>> print(_folded("a = [\n    1,\n    2.5,\n]"))
    a = [
        1, 2.5,
    ]
    """

    def on_few_lines(found: re.Match[str]) -> str:
        words = " ".join(found[2].split())
        return f"{found[1]} = [\n{textwrap.indent(textwrap.fill(words, WIDTH), '    ')}\n]"

    return _NUMBERS.sub(on_few_lines, text)


def _commented(text: str, comments: Comments) -> str:
    """Return the text with comments above the keys and tables they speak of."""
    lines: list[str] = _as_comment(comments["", ""])
    table, stage = "", -1
    for line in text.split("\n"):
        header, key = _HEADER.fullmatch(line), _KEY.match(line)
        if header:
            name = header[1]
            stage += name == "funnel.stages"
            table = name.replace("funnel.stages", f"funnel.stages.{stage}", 1)
            lines += _as_comment(comments.get((table, ""), ""))
        elif key:
            lines += _as_comment(comments.get((table, key[1]), ""))
        lines.append(line)
    return "\n".join([*lines, ""])


def _as_comment(words: str) -> list[str]:
    plain = (
        "".join(sign if sign.isprintable() else " " for sign in part) for part in words.split("\n")
    )
    return [f"# {line}" for part in plain for line in textwrap.wrap(part, WIDTH)]


def _comments(fit: Fit, given: Mapping[str, Any]) -> Comments:
    """Return what to say about each number that was fitted, not given."""
    found = {("", ""): _opening(fit)}
    if given.get("booked") is None:
        found["", "booked"] = "booked since the start of the current first period"
    if "market" not in given:
        found["market", "win_rate_correlation"] = _behind(fit.sharing.rho)
    if "clock" not in given:
        found["clock", ""] = "\n".join(fit.closing.words)
    if "funnel" not in given:
        found |= dict(_of_stages(fit))
    if not isinstance(given.get("new_business", True), bool):
        return found
    return found | dict(_of_the_rest(fit))


def _opening(fit: Fit) -> str:
    lines = [
        f"Fitted to {len(fit.known):,} deals known on {fit.as_of}; nothing later was used.",
        "A list of numbers for one assumption holds its draws: how unsure it is. Write one number",
        "instead to state it as certain.",
        *(f"{one.code}: {one.message}" for one in fit.warnings),
    ]
    return "\n".join(lines)


def _behind(one: Fitted) -> str:
    """Return value, interval and origin of a number."""
    return f"{one.value:,.5g}, 80 % interval {one.low:,.4g} to {one.high:,.4g}; {one.how}"


def _of_stages(fit: Fit) -> Iterator[tuple[tuple[str, str], str]]:
    for s, one in enumerate(fit.stages):
        table = f"funnel.stages.{s}"
        yield (table, "conversion"), _behind(one.conversion)
        for key, time in (("time", one.time), ("time_if_lost", one.time_if_lost)):
            family = _family(time.distribution)
            yield (f"{table}.{key}.{family}", ""), f"mean days {_behind(time.mean)}"


def _family(distribution: Distribution | None) -> str:
    """Return the key that a scenario file has for a distribution."""
    return type(distribution).__name__.casefold()


def _of_the_rest(fit: Fit) -> Iterator[tuple[tuple[str, str], str]]:
    rate, spread = fit.creation.per_month, fit.creation.dispersion
    yield ("new_business", "per_period"), f"deals created in a month: {_behind(rate)}"
    yield ("new_business", "dispersion"), f"of a month: {_behind(spread)}"
    yield ("new_business", "factor"), "draws of the rate of creation over its value"
    yield ("new_business", "season"), "January to December, shrunk by what chance alone does"
    if fit.amounts.mean is not None:
        family = _family(fit.amounts.distribution)
        words = f"mean amount of a win {_behind(fit.amounts.mean)}"
        yield (f"new_business.amount.{family}", ""), words
        yield ("new_business.amount", ""), words
    pipeline = f"{int(fit.known.open.sum()):,} open deals, ages in days at the end of {fit.as_of}"
    if fit.stalled:
        pipeline += f"; {len(fit.stalled):,} of them have stalled and do not count"
    yield ("pipeline", ""), pipeline
