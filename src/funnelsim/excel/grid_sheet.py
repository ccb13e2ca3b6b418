"""The sheet with the distribution of the sum of won amounts, deal after deal."""

from __future__ import annotations

from collections.abc import Sequence

from funnelsim.excel.book import Book
from funnelsim.excel.cells import letters
from funnelsim.excel.convolution import Grid, nothing_won, one_more
from funnelsim.goal import CENTS

SHEET = "Audit grid"
UNIT, CHANCE, UNITS, FIRST = 3, 5, 6, 8
HINT = (
    "Each column has the chances of the sums after one more deal; the first row is that of no win."
)


def write_grid(
    book: Book,
    grid: Grid,
    deals: tuple[Sequence[str], Sequence[float]],
    sources: Sequence[tuple[str, ...]],
    left: str,
) -> str:
    """Add the sheet of a grid; return the formula of the chance to reach what is left to book.

    Parameters
    ----------
    grid : Grid
        Unit, need and amounts.
    deals : tuple
        Ids and chances of the deals.
    sources : sequence of tuple of str
        For each deal the cells of its id, amount and chance.
    left : str
        The cell of what is left to book.
    """
    page = book.sheet(SHEET, {0: 24, 1: 14})
    page.title("Sums of won amounts", HINT)
    page.text(UNIT, 0, "unit", "name")
    page.write(UNIT, 1, grid.unit / CENTS, "plain", "money")
    for row, name in ((UNIT + 1, "deal"), (CHANCE, "chance"), (UNITS, "amount in units")):
        page.text(row, 0, name, "name")
    page.text(FIRST - 1, 0, "sum in units", "header")
    page.text(FIRST - 1, 1, "before", "header")
    last = FIRST + grid.need
    page.row(FIRST - 1, 2, range(1, len(sources) + 1), "header")
    page.raw.freeze_panes(FIRST, 1)
    sums = nothing_won(grid)
    for k in range(grid.need):
        page.write(FIRST + k, 0, k, "name")
        page.write(FIRST + k, 1, float(sums[k]), "plain", "part")
    unit = f"$B${UNIT + 1}"
    for k, (name, amount, chance) in enumerate(sources):
        column, here, before = k + 2, letters(k + 2), letters(k + 1)
        page.formula(UNIT + 1, column, name, deals[0][k])
        page.formula(CHANCE, column, chance, deals[1][k], "live", "share")
        page.formula(UNITS, column, f"ROUND({amount}/{unit},0)", grid.units[k])
        sums = one_more(sums, grid.units[k], deals[1][k])
        range_before = f"{before}${FIRST + 1}:{before}${last}"
        won, units = f"{here}${CHANCE + 1}", f"{here}${UNITS + 1}"
        for j in range(grid.need):
            n = FIRST + j + 1
            gain = f"IF($A{n}>={units},INDEX({range_before},$A{n}-{units}+1),0)"
            page.formula(
                n - 1,
                column,
                f"(1-{won})*{before}{n}+{won}*{gain}",
                float(sums[j]),
                "plain",
                "part",
            )
    final = letters(len(sources) + 1)
    need = f"ROUNDUP(ROUND({left}/'{SHEET}'!{unit},6),0)"
    indexes = f"'{SHEET}'!$A${FIRST + 1}:$A${last}"
    chances = f"'{SHEET}'!${final}${FIRST + 1}:${final}${last}"
    return (
        f'IF({need}>{grid.need},"the grid is too small",1-SUMPRODUCT(({indexes}<{need})*{chances}))'
    )
