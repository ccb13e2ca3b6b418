"""Make history.csv from the publisher's files: every dated deal, one row each.

Run it as ``python make_history.py FOLDER [OUTPUT]``, with the folder that holds
sales_pipeline.csv, products.csv and sales_teams.csv.
"""

from __future__ import annotations

import sys
from pathlib import Path

from make_open_deals import SPELLED, rows_of, write_rows

COLUMNS = (
    "id", "created", "closed", "outcome", "amount", "booked", "owner", "manager", "region",
    "product",
)  # fmt: skip
OUTCOMES = {"Won": "won", "Lost": "lost", "Engaging": "open"}


def history(folder: Path) -> list[dict[str, str]]:
    """Return the deals that have a date; their amount is the list price, whatever was booked."""
    price = {row["product"]: row["sales_price"] for row in rows_of(folder / "products.csv")}
    team = {row["sales_agent"]: row for row in rows_of(folder / "sales_teams.csv")}
    rows = []
    for deal in rows_of(folder / "sales_pipeline.csv"):
        if not deal["engage_date"]:  # still prospecting
            continue
        product = SPELLED.get(deal["product"], deal["product"])
        agent, outcome = deal["sales_agent"], OUTCOMES[deal["deal_stage"]]
        cells = (
            deal["opportunity_id"], deal["engage_date"], deal["close_date"], outcome,
            price[product], deal["close_value"] if outcome == "won" else "",
            agent, team[agent]["manager"], team[agent]["regional_office"], product,
        )  # fmt: skip
        rows.append(dict(zip(COLUMNS, cells, strict=True)))
    return rows


def main(folder: str, output: str | None = None) -> None:
    """Write the history of a folder, by default beside this script."""
    file = Path(output) if output else Path(__file__).with_name("history.csv")
    write_rows(file, COLUMNS, history(Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
