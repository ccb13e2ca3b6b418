"""A forecast from a history in a few lines of text."""

from __future__ import annotations

from typing import Any

from funnelsim._text import aligned
from funnelsim.summary import chance, heading, in_pairs, levels, money, periods_table, with_error


def forecast_text(answer: dict[str, Any]) -> str:
    """Return the answer (as `HistoryForecast.to_dict` gives it) as plain text."""
    record = answer["track_record"]
    lines = [heading(answer), "", *in_pairs(_facts(answer)), "", *aligned(*periods_table(answer))]
    lines += ["", answer["elasticity"]["sentence"]]
    lines += [] if record is None else record["sentences"]
    return "\n".join([*lines, *answer["notes"]])


def _facts(answer: dict[str, Any]) -> list[tuple[str, str]]:
    currency, bookings, wins = answer["currency"], answer["bookings"], answer["wins"]
    facts = [("segment", ": ".join(answer["segment"]))] if answer["segment"] else []
    if answer["quota"] is not None:
        facts += [
            ("quota", money(answer["quota"], currency)),
            ("chance to reach it", chance(answer["attainment_probability"])),
        ]
    return [
        *facts,
        ("booked to date", money(answer["booked"], currency)),
        ("new bookings, mean", with_error(bookings["mean"], currency)),
        ("new bookings, P10 / P50 / P90", levels(bookings["quantiles"])),
        ("wins, mean", f"{wins['mean']['value']:.4g} ± {wins['mean']['standard_error']:.2g}"),
        ("wins, P10 / P50 / P90", levels(wins["quantiles"])),
    ]
