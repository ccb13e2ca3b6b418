"""A forecast in a few lines: text for a terminal, a small table for a notebook."""

from __future__ import annotations

import html
from typing import Any

from funnelsim._text import MANY, aligned, percent, plain_number

NAMES_SHOWN = 5


def text_summary(answer: dict[str, Any]) -> str:
    """Return the answer (as `Forecast.to_dict` gives it) as plain text."""
    lines = [heading(answer), "", *in_pairs(_facts(answer))]
    lines += ["", *aligned(*periods_table(answer))]
    notes = notes_of(answer["warnings"])
    return "\n".join(lines + (["", *notes] if notes else []))


def html_summary(answer: dict[str, Any]) -> str:
    """Return the answer as a fragment of HTML; names from the user's files are escaped."""
    header, rows = periods_table(answer)

    def line(cells: list[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    facts = "".join(line([name, value], "td") for name, value in _facts(answer))
    body = line(header, "th") + "".join(line(row, "td") for row in rows)
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in notes_of(answer["warnings"]))
    return (
        f"<p><strong>{html.escape(heading(answer))}</strong></p>"
        f"<table>{facts}</table><table>{body}</table>{notes}"
    )


def in_pairs(facts: list[tuple[str, str]]) -> list[str]:
    """Return one line for each name and its value, the values below each other."""
    width = max(len(name) for name, _ in facts)
    return [f"{name:<{width}}  {value}" for name, value in facts]


def heading(answer: dict[str, Any]) -> str:
    """Return what is forecast, as of when, and from how many paths."""
    name = answer["scenario"] or "Forecast"
    return f"{name}: as of {answer['as_of']}, {answer['paths']:,} paths, seed {answer['seed']}"


def _facts(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the answers over the horizon, as pairs of name and text."""
    currency = answer["currency"]
    bookings, wins = answer["bookings"], answer["wins"]
    facts = []
    if answer["quota"] is not None:
        facts += [
            ("quota", money(answer["quota"], currency)),
            ("chance to reach it", chance(answer["attainment_probability"])),
        ]
    every = answer["attainment_probability_every_period"]
    if every is not None:
        facts.append(("chance to reach every period's", chance(every)))
    facts += [
        ("booked to date", money(answer["booked"], currency)),
        ("new bookings, mean", with_error(bookings["mean"], currency)),
        ("new bookings, P10 / P50 / P90", levels(bookings["quantiles"])),
        *_sources(answer["sources"], currency),
        ("wins, mean", f"{wins['mean']['value']:.4g} ± {wins['mean']['standard_error']:.2g}"),
        ("open pipeline", money(answer["open_pipeline"], currency)),
        ("weighted pipeline", money(answer["weighted_pipeline"], currency)),
    ]
    if answer["coverage"] is not None:
        facts.append(("coverage of what is left to book", f"{answer['coverage']:.2f}"))
    return [*facts, *(_required(one, currency) for one in answer["required_pipeline"] or [])]


def _sources(sources: dict[str, Any], currency: str) -> list[tuple[str, str]]:
    """Return where bookings come from, if there is more than one source."""
    if sources["new_business"] is None:
        return []
    return [
        ("of them from the open pipeline", with_error(sources["open_pipeline"]["mean"], currency)),
        ("of them from new business", with_error(sources["new_business"]["mean"], currency)),
    ]


def _required(one: dict[str, Any], currency: str) -> tuple[str, str]:
    """Return the pipeline required for one confidence."""
    name = f"required pipeline for {100 * one['confidence']:g} %"
    if not one["reachable"]:
        return name, f"not reachable, at most {percent(one['most_confidence'])}"
    return name, f"{one['deals']:,} extra deals, {money(one['amount'], currency)}"


def periods_table(answer: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of the table of periods."""
    quotas = any(period["quota"] is not None for period in answer["periods"])
    reached = answer["quota"] is not None
    header = ["period", "mean", "P10", "P50", "P90", "wins"]
    header += ["quota", "chance"] * quotas + ["so far"] * reached
    rows = []
    for period in answer["periods"]:
        levels = period["bookings"]["quantiles"].values()
        row = [
            f"{period['start']} to {period['end']}",
            plain_number(period["bookings"]["mean"]["value"]),
        ]
        row += [plain_number(one["value"]) for one in levels]
        row.append(f"{period['wins']['mean']['value']:.3g}")
        if quotas:
            row += [
                plain_number(period["quota"]),
                percent(period["attainment_probability"]["value"]),
            ]
        if reached:
            row.append(percent(period["cumulative_attainment_probability"]["value"]))
        rows.append(row)
    return header, rows


def notes_of(warnings: list[dict[str, Any]]) -> list[str]:
    """Return one line for each warning of an answer, with the first of the deals it names."""
    notes = []
    for caution in warnings:
        shown = ", ".join(caution["ids"][:NAMES_SHOWN])
        more = f" and {caution['count'] - NAMES_SHOWN} more" * (caution["count"] > NAMES_SHOWN)
        names = f" ({shown}{more})" if shown else ""
        notes.append(f"warning: {_counted(caution['count'], caution['message'])}{names}")
    return notes


def _counted(count: int, message: str) -> str:
    """Return a message with the number of what it begins with; nothing is counted as 0."""
    what, _, rest = message.partition(" ")
    what = what.removesuffix("s") if count == 1 else what
    return f"{count} {what} {rest}" if count else message


def money(value: float | None, currency: str) -> str:
    """Return an amount with its currency."""
    if value is None:  # the mean of an amount is infinite
        return "not finite"
    return f"{plain_number(value)} {currency}".rstrip()


def with_error(estimate: dict[str, float], currency: str) -> str:
    """Return a mean amount with its Monte Carlo error."""
    error = estimate["standard_error"]
    small = abs(estimate["value"]) < MANY
    return f"{money(estimate['value'], currency)} ± {f'{error:.2g}' if small else f'{error:,.0f}'}"


def levels(quantiles: dict[str, dict[str, float]]) -> str:
    """Return P10, P50 and P90."""
    return " / ".join(plain_number(one["value"]) for one in quantiles.values())


def chance(estimate: dict[str, float]) -> str:
    """Return a chance with its 95 % interval, to the digits that its error leaves."""
    return (
        f"{100 * estimate['value']:.2f} % "
        f"(95 % interval {100 * estimate['low']:.2f} to {100 * estimate['high']:.2f} %)"
    )
