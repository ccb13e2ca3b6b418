"""The sheet that computes quota capacity again, with formulas on the sheets Roles and Reps."""

from __future__ import annotations

from typing import Any, NamedTuple

from funnelsim.excel.assumptions import Cells
from funnelsim.excel.book import Book, Page
from funnelsim.excel.cells import letters
from funnelsim.quotas import QuotaCapacity
from funnelsim.scenario import Scenario

SHEET = "Audit capacity"
HEADER, FIRST = 7, 8
YEARS, LIVE, SAID = 3, 4, 5
SHARES = 5
HINT = (
    "Capacity is count x quota x attainment factor x share of full productivity x part of a year,"
    " summed. The shares are funnelsim's own: ramp, leavers and late hires, day by day."
)


class Shares(NamedTuple):
    """What is known of reps in periods."""

    years: list[float]  # what a whole period is of a year
    of_reps: list[list[float]]  # for each row of reps, its share in each period


def shares_of(scenario: Scenario) -> Shares:
    """Return the mean share of full productivity of the reps of each row in each whole period."""
    from funnelsim import _quota  # noqa: PLC0415  loads the compiler
    from funnelsim._expected_staff import presence_of  # noqa: PLC0415
    from funnelsim._staffing import lower_team  # noqa: PLC0415

    assert scenario.team is not None
    span, presence = _quota.Span.of(scenario), presence_of(lower_team(scenario))
    seat, of_reps = 0, []
    for rep in scenario.team.reps:
        productive = presence[seat].productive[:, None]
        of_reps.append([
            float(span.inside(k, productive)[0]) / float(span.length[k])
            for k in range(len(span.windows))
        ])  # fmt: skip
        seat += rep.count
    return Shares(span.years.tolist(), of_reps)


def write_capacity_audit(book: Book, found: QuotaCapacity, cells: Cells) -> str:
    """Add the sheet; return the formula of the capacity over the horizon."""
    scenario, shares = found.scenario, shares_of(found.scenario)
    assert scenario.team is not None
    reps, periods = scenario.team.reps, len(found.periods)
    page = book.sheet(SHEET, {0: 30, **dict.fromkeys(range(1, SHARES + periods), 16.0)})
    page.title("Quota capacity again", HINT)
    header = ("role of the reps", "count", "quota a year", "attainment factor", "bring a year")
    page.row(HEADER, 0, header, "header")
    page.row(HEADER, SHARES, [f"share to {one.end}" for one in found.periods], "number header")
    page.raw.set_row(HEADER, 32)
    page.raw.freeze_panes(FIRST, 1)
    for k, _rep in enumerate(reps):
        _write_reps(page, scenario, k, cells)
        page.row(FIRST + k, SHARES, shares.of_reps[k], "plain", "share")
    last = FIRST + len(reps)
    for row, name in ((YEARS, "part of a year"), (LIVE, "capacity, live"), (SAID, "forecast")):
        page.text(row, SHARES - 1, name, "name")
    bring = f"$E${FIRST + 1}:$E${last}"
    for k, period in enumerate(found.periods):
        column = letters(SHARES + k)
        page.write(YEARS, SHARES + k, shares.years[k], "plain", "part")
        formula = f"SUMPRODUCT({bring},{column}{FIRST + 1}:{column}{last})*{column}{YEARS + 1}"
        value = period.expected.value
        page.formula(LIVE, SHARES + k, formula, value, "live", "money")
        page.write(SAID, SHARES + k, value, "plain", "money")
    first, end = letters(SHARES), letters(SHARES + periods - 1)
    return f"SUM('{SHEET}'!${first}${LIVE + 1}:${end}${LIVE + 1})"


def _write_reps(page: Page, scenario: Scenario, k: int, cells: Cells) -> None:
    """Write what the reps of one row bring in a year when they are fully ramped."""
    assert scenario.team is not None
    rep = scenario.team.reps[k]
    role = next(one for one in scenario.team.roles if one.name == rep.role)
    row, n = FIRST + k, FIRST + k + 1
    count, quota = (_of_rep(cells, name, k) for name in ("count", "quota"))
    of_role = _lookup(cells, len(scenario.team.roles), f"$A{n}")
    factor = of_role("attainment_factor")
    value = rep.quota if rep.quota is not None else role.quota or 0.0
    page.formula(row, 0, _of_rep(cells, "role", k), rep.role)
    page.formula(row, 1, f"IF(ISNUMBER({count}),{count},1)", rep.count, "live", "whole")
    page.formula(
        row, 2, f"IF(ISNUMBER({quota}),{quota},{of_role('quota')})", value, "live", "money"
    )
    stated = _lookup(cells, len(scenario.team.roles), f"$A{n}", counted=True)("attainment_factor")
    page.formula(row, 3, f"IF({stated}=0,1,{factor})", role.attainment_factor, "live", "share")
    brings = rep.count * value * role.attainment_factor
    page.formula(row, 4, f"B{n}*C{n}*D{n}", brings, "live", "money")


def _of_rep(cells: Cells, name: str, k: int) -> str:
    row, column = cells["Reps", name]
    return f"Reps!${letters(column)}${row + k + 1}"


def _lookup(cells: Cells, roles: int, role: str, *, counted: bool = False) -> Any:
    """Return what makes the formula of a column of the sheet Roles, for one role.

    The names of roles differ whatever the case, as Excel compares them; and a comparison, unlike
    a search, takes no sign in a name for a wildcard.
    """

    def cells_of(name: str) -> str:
        row, column = cells["Roles", name]
        return f"Roles!${letters(column)}${row + 1}:${letters(column)}${row + roles}"

    def formula(name: str) -> str:
        here = cells_of(name)
        values = f"ISNUMBER({here})" if counted else here
        return f"SUMPRODUCT(({cells_of('name')}={role})*{values})"

    return formula
