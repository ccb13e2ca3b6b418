"""The audit sheet: formulas on the assumptions, which compute some answers again and compare."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from funnelsim import _exact
from funnelsim.excel.assumptions import MORE_VALUES, Cells
from funnelsim.excel.book import Book, Page
from funnelsim.excel.capacity_audit import write_capacity_audit
from funnelsim.excel.cells import letters
from funnelsim.excel.convolution import Grid, chance_to_reach, grid_of
from funnelsim.excel.grid_sheet import write_grid
from funnelsim.goal import CENTS
from funnelsim.quotas import QuotaCapacity
from funnelsim.scenario import Scenario

AUDIT = "Audit"
CHECKS = 4
MOST_CHECKS = 8
ENOUGH = "1E-9"
CLOSE = 1e-12
HINT = (
    "Blue cells are formulas on the sheets of assumptions: change those, and they follow. The"
    " column forecast has what funnelsim said."
)


class Check(NamedTuple):
    """One answer that is computed again."""

    name: str
    formula: str
    value: float
    kind: str


class Tables(NamedTuple):
    """Where the tables of the audit sheet stand: rows count from 0."""

    stages: int
    deals: int
    last_deal: int

    def column(self, name: str) -> str:
        """Return the cells of a column of the deals."""
        return f"${name}${self.deals + 1}:${name}${self.last_deal + 1}"


def write_audit(
    book: Book,
    scenario: Scenario,
    deals: Mapping[str, list[Any]],
    capacity: QuotaCapacity | None,
    cells: Cells,
) -> None:
    """Add the audit sheet, and the grid of sums that it uses.

    Parameters
    ----------
    scenario : Scenario
        The assumptions.
    deals : mapping of str to list
        The forecast's table of open deals.
    capacity : QuotaCapacity or None
        The quota capacity of the team, if there is one.
    cells : dict
        Where the assumptions stand in the workbook.
    """
    page = book.sheet(AUDIT, {0: 42, **dict.fromkeys(range(1, 5), 20.0), 5: 20, 6: 20, 7: 20})
    page.title("Audit", HINT)
    grid = grid_of(scenario)
    stages = CHECKS + MOST_CHECKS + 4
    first = stages + len(scenario.funnel.stages) + 3
    tables = Tables(stages, first, first + max(len(scenario.pipeline), 1) - 1)
    checks = _checks(scenario, tables, cells)
    if isinstance(grid, Grid):
        checks.append(_attainment(book, page, scenario, grid, deals, tables, checks))
    if capacity is not None:
        formula = write_capacity_audit(book, capacity, cells)
        expected = capacity.total.expected.value
        checks.append(Check("quota capacity", formula, expected, "money"))
    _write_checks(page, checks)
    row = CHECKS + len(checks) + 1
    page.text(row, 0, _of_attainment(grid), "hint")
    _write_stages(page, scenario, tables, cells)
    _write_deals(page, scenario, deals, tables, cells)


def _of_attainment(grid: Grid | str) -> str:
    if isinstance(grid, str):
        return f"The exact chance that the open deals reach the quota is left out: {grid}."
    return (
        "The chance in the end is exact for deals on their own: no time limit, no new business, no "
        "market that they share. Its steps are on the sheet Audit grid."
    )


def _checks(scenario: Scenario, tables: Tables, cells: Cells) -> list[Check]:
    """Return what formulas compute again, one below the other."""
    open_pipeline = _exact.open_pipeline(scenario.pipeline)
    checks = [
        Check("open pipeline", f"SUM({tables.column('C')})", open_pipeline, "money"),
        Check(
            "weighted pipeline",
            f"SUM({tables.column('G')})",
            _exact.weighted_pipeline(scenario),
            "money",
        ),
    ]
    quota = scenario.quota_cents
    if quota is None:
        return checks
    row, column = cells["Scenario", "quota"]
    last = column + max(MORE_VALUES, scenario.periods.count) - 1
    stated = f"SUM(Scenario!{_cell(row, column)}:{_cell(row, last)})"
    if isinstance(scenario.quota, tuple) and len(scenario.quota) == 1:
        stated = repr(scenario.quota[0])  # a list of one value is a text
    booked = f"N(Scenario!{_cell(*cells['Scenario', 'booked'])})"
    at = CHECKS + len(checks) + 1
    checks += [
        Check("quota", stated, quota / CENTS, "money"),
        Check("booked to date", booked, scenario.booked, "money"),
        Check(
            "left to book",
            f"MAX(B{at}-B{at + 1},0)",
            max(quota - scenario.booked_cents, 0) / CENTS,
            "money",
        ),
    ]
    coverage = _exact.coverage(scenario)
    if coverage is not None:
        formula = f"B{CHECKS + 1}/B{at + 2}"
        checks.append(Check("coverage of what is left to book", formula, coverage, "decimal"))
    return checks


def _attainment(  # noqa: PLR0917
    book: Book,
    page: Page,
    scenario: Scenario,
    grid: Grid,
    deals: Mapping[str, list[Any]],
    tables: Tables,
    checks: list[Check],
) -> Check:
    """Add the grid of sums; return the chance that it gives."""
    left = 1 + CHECKS + [one.name for one in checks].index("left to book")
    chances = deals["win_probability"]
    sources = [
        tuple(f"{page.name}!${name}${row + 1}" for name in "ACH")
        for row in range(tables.deals, tables.last_deal + 1)
    ]
    formula = write_grid(
        book, grid, (scenario.pipeline.ids, chances), sources, f"{page.name}!$B${left}"
    )
    name = "open deals reach the quota in the end"
    return Check(name, formula, chance_to_reach(grid, chances), "chance")


def _write_checks(page: Page, checks: list[Check]) -> None:
    header = ("answer", "live", "forecast", "difference", "verdict")
    page.text(CHECKS - 1, 0, header[0], "header")
    page.row(CHECKS - 1, 1, header[1:], "number header")
    page.raw.freeze_panes(CHECKS, 1)
    for row, check in enumerate(checks, CHECKS):
        page.text(row, 0, check.name, "name")
        if not math.isfinite(check.value):
            page.text(row, 1, "not finite")
            continue
        live, said, apart = (f"{name}{row + 1}" for name in "BCD")
        page.formula(row, 1, check.formula, check.value, "live", check.kind)
        page.write(row, 2, check.value, "plain", check.kind)
        page.formula(row, 3, f"{live}-{said}", 0.0, "live", "tiny")
        test = f'IF(ABS({apart})<={ENOUGH}*MAX(1,ABS({said})),"equal","differs")'
        page.formula(row, 4, test, "equal")


def _write_stages(page: Page, scenario: Scenario, tables: Tables, cells: Cells) -> None:
    page.row(
        tables.stages - 1, 0, ("stage", "win probability", "conversion", "chance to win"), "header"
    )
    wins = scenario.funnel.win_probabilities.mean(axis=0).tolist()
    first, name_column = cells["Funnel", "name"]
    for k, (stage, win) in enumerate(zip(scenario.funnel.stages, wins, strict=True)):
        row = tables.stages + k
        page.formula(row, 0, f"Funnel!{_cell(first + k, name_column)}", stage.name)
        stated = []
        for column, key in ((1, "win_probability"), (2, "conversion")):
            source = f"Funnel!{_cell(first + k, cells['Funnel', key][1])}"
            value = getattr(stage, key)
            shown = value if isinstance(value, float) else ""
            page.formula(row, column, f'IF(ISNUMBER({source}),{source},"")', shown, "live", "share")
            stated.append(f"{letters(column)}{row + 1}")
        if scenario.funnel.draws > 1:
            page.write(row, 3, win, "plain", "share")  # the mean over draws is no formula
            continue
        after = f"D{row + 2}" if k + 1 < len(wins) else "1"
        page.formula(
            row, 3, f'IF({stated[0]}="",{stated[1]}*{after},{stated[0]})', win, "live", "share"
        )


def _write_deals(
    page: Page,
    scenario: Scenario,
    deals: Mapping[str, list[Any]],
    tables: Tables,
    cells: Cells,
) -> None:
    header = ("deal", "stage", "amount (mean)", "chance of its stage", "own judgement",
              "chance that is used", "weighted amount", "chance given its age")  # fmt: skip
    page.row(tables.deals - 1, 0, header, "header")
    pipeline = scenario.pipeline
    wins = scenario.funnel.win_probabilities.mean(axis=0).tolist()
    of_stage = dict(zip(scenario.funnel.names, wins, strict=True))
    for k, amount in enumerate(_exact.mean_amounts(pipeline)):
        own = pipeline.win_probabilities[k]
        used = of_stage[pipeline.stages[k]] if own is None else own
        source = _Source(cells, k)
        row = tables.deals + k
        page.formula(row, 0, source("id"), pipeline.ids[k])
        page.formula(row, 1, source("stage"), pipeline.stages[k])
        stated = pipeline.amounts[k]
        if isinstance(stated, int) and not _is_text(stated):
            page.formula(row, 2, source("amount"), amount, "live", "money")
        else:
            page.write(row, 2, amount, "plain", "money")
        names = f"$A${tables.stages + 1}:$A${tables.stages + len(wins)}"
        chances = f"$D${tables.stages + 1}:$D${tables.stages + len(wins)}"
        n = row + 1
        formula = f"SUMPRODUCT(({names}=B{n})*{chances})"
        page.formula(row, 3, formula, of_stage[pipeline.stages[k]], "live", "share")
        if ("Pipeline", "win_probability") in cells:
            judged = source("win_probability")
            shown = "" if own is None else own
            page.formula(row, 4, f'IF(ISNUMBER({judged}),{judged},"")', shown, "live", "share")
        page.formula(row, 5, f"IF(ISNUMBER(E{n}),E{n},D{n})", used, "live", "share")
        page.formula(row, 6, f"C{n}*F{n}", amount * used, "live", "money")
        chance = deals["win_probability"][k]
        if abs(chance - used) <= CLOSE:
            page.formula(row, 7, f"F{n}", chance, "live", "share")
        else:
            page.write(row, 7, chance, "plain", "share")  # its age tells: no formula


class _Source(NamedTuple):
    """The cells of one deal on the sheet Pipeline."""

    cells: Cells
    deal: int

    def __call__(self, name: str) -> str:
        row, column = self.cells["Pipeline", name]
        return f"Pipeline!{_cell(row + self.deal, column)}"


def _is_text(amount: int) -> bool:
    """Return whether a scenario file has an amount in cents as a text: no float is that amount."""
    return Decimal(repr(amount / CENTS)) * CENTS != amount


def _cell(row: int, column: int) -> str:
    return f"${letters(column)}${row + 1}"
