"""Make open_deals.csv from the publisher's files: the deals known and open on 2017-09-30.

Run it as ``python make_open_deals.py FOLDER [OUTPUT]``, with the folder that holds
sales_pipeline.csv, products.csv and sales_teams.csv.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

AS_OF = "2017-09-30"
SPELLED = {"GTXPro": "GTX Pro"}  # so is the product called in products.csv
COLUMNS = ("id", "stage", "amount", "entered", "owner", "product", "region", "account")


def rows_of(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, each as a mapping of column names to text."""
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


def write_rows(file: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    """Write rows to a CSV file."""
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def is_open(deal: dict[str, str]) -> bool:
    """Say whether a deal was engaged by the as-of date and not closed by then.

    ISO dates are compared as text. A prospecting deal has no date, so nobody can say whether it
    existed on that day: it is left out.
    """
    engaged, closed = deal["engage_date"], deal["close_date"]
    return bool(engaged) and engaged <= AS_OF and (not closed or closed > AS_OF)


def open_deals(folder: Path) -> list[dict[str, str]]:
    """Return the open deals; their amount is the list price, all that is known of it by then."""
    price = {row["product"]: row["sales_price"] for row in rows_of(folder / "products.csv")}
    office = {
        row["sales_agent"]: row["regional_office"] for row in rows_of(folder / "sales_teams.csv")
    }
    rows = []
    for deal in filter(is_open, rows_of(folder / "sales_pipeline.csv")):
        product = SPELLED.get(deal["product"], deal["product"])
        agent = deal["sales_agent"]
        cells = (
            deal["opportunity_id"], "engaging", price[product], deal["engage_date"],
            agent, product, office[agent], deal["account"],
        )  # fmt: skip
        rows.append(dict(zip(COLUMNS, cells, strict=True)))
    return rows


def main(folder: str, output: str | None = None) -> None:
    """Write the open deals of a folder, by default beside this script."""
    file = Path(output) if output else Path(__file__).with_name("open_deals.csv")
    write_rows(file, COLUMNS, open_deals(Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
