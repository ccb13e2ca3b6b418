"""Quota capacity: what the reps' quotas add up to, with ramp, leavers and late hires.

For each rep and period it is quota x share of full productivity x attainment factor. The street
quota takes the plan at its word: everybody starts on time and stays. The capacity lets reps leave,
seats be filled again and hires come late; its mean is exact, its spread is simulated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from funnelsim import answers
from funnelsim._text import aligned, percent, plain_number
from funnelsim._version import __version__
from funnelsim.errors import InputError
from funnelsim.estimate import Estimate
from funnelsim.frames import to_frame
from funnelsim.goal import CENTS
from funnelsim.parameters import whole
from funnelsim.scenario import Scenario

if TYPE_CHECKING:
    from funnelsim._quota import Means

Cents = NDArray[np.int64]

FORMAT = 1
MOST_PATHS, MOST_SEED = 2**24, 2**64 - 1
LEVELS = [0.1, 0.5, 0.9]
HEADER = ["period", "reps", "ramped", "street quota", "capacity", "P10", "P90"]
OF_TARGET = ["target", "gap", "covered"]
ESTIMATES = ("expected", "mean", "p10", "p50", "p90", "covered")


@dataclass(frozen=True)
class PeriodCapacity:
    """The quota capacity of one period, or of the whole horizon.

    Amounts are in currency units. What hangs on a target is None without one.

    Parameters
    ----------
    start, end : date or float
        First and last day, as in `Periods.windows`.
    headcount : float
        Mean number of filled seats over the days; exact, with leavers and late hires.
    productive : float
        The same, each rep with the share of full productivity: ramped equivalents.
    street : float
        Sum of the reps' quotas, with ramp, if everybody starts on time and stays.
    expected : Estimate
        Mean capacity, exact.
    mean : Estimate
        The same by simulation.
    sd : float
        Standard deviation of the capacity.
    p10, p50, p90 : Estimate
        Quantiles of the capacity.
    cost : float or None
        Mean cost of the filled seats, exact; None if no role states one.
    target : float or None
        The quota that is left to reach, without what is booked already.
    gap : float or None
        Mean capacity less the target; below 0 where capacity is short.
    covered : Estimate or None
        Chance that the capacity reaches the target.
    over_assignment : float or None
        Street quota over target: what there is.
    over_assignment_needed : float or None
        Street quota over mean capacity: with so much for 1 of the target, the mean capacity is
        the target. None where there is no capacity.
    """

    start: Any
    end: Any
    headcount: float
    productive: float
    street: float
    expected: Estimate
    mean: Estimate
    sd: float
    p10: Estimate
    p50: Estimate
    p90: Estimate
    cost: float | None
    target: float | None
    gap: float | None
    covered: Estimate | None
    over_assignment: float | None
    over_assignment_needed: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as the JSON answer holds it."""
        return {name: _plain(value) for name, value in vars(self).items()}

    def row(self) -> dict[str, Any]:
        """Return it as a row of a table; an estimate fills its own column and that of its error."""
        cells: dict[str, Any] = {}
        for name, value in vars(self).items():
            if name in ESTIMATES:
                cells[name] = math.nan if value is None else value.value
                cells[f"{name}_standard_error"] = (
                    math.nan if value is None else value.standard_error
                )
            else:
                cells[name] = math.nan if value is None else value
        return cells


@dataclass(frozen=True, repr=False, eq=False)
class QuotaCapacity:
    """The quota capacity of a team; made by `quota_capacity`.

    Parameters
    ----------
    scenario : Scenario
        The assumptions.
    seed, paths : int
        Of the simulated distribution.
    periods : tuple of PeriodCapacity
        Period by period.
    total : PeriodCapacity
        Over the horizon.
    cents : ndarray of int64
        Capacity in cents, shape (periods, paths).

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Rep, Role, Team
    >>> scenario = Scenario(as_of="2026-12-31", periods=Periods("year", 1),
    ...                     funnel=Funnel.key_account(time=30),
    ...                     team=Team([Role("rep", quota=750_000)], [Rep("rep", count=8)]))
    >>> quota_capacity(scenario, paths=100).total.expected.value
    6000000.0
    """

    scenario: Scenario
    seed: int
    paths: int
    periods: tuple[PeriodCapacity, ...]
    total: PeriodCapacity
    cents: Cents

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as the JSON answer holds it."""
        assert self.scenario.team is not None
        return {
            "funnelsim": __version__,
            "format": FORMAT,
            "seed": self.seed,
            "paths": self.paths,
            "currency": self.scenario.currency,
            "over_assignment_planned": self.scenario.team.over_assignment,
            "periods": [one.to_dict() for one in self.periods],
            "total": self.total.to_dict(),
        }

    def to_frame(self, *, backend: str | None = None) -> Any:
        """Return a dataframe with a row for each period; what there is not is NaN.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, optional
            The library to use; by default the first of these that is installed.
        """
        rows = [one.row() for one in self.periods]
        return to_frame({name: [row[name] for row in rows] for name in rows[0]}, backend)

    def __repr__(self) -> str:
        team = self.scenario.team
        assert team is not None
        heading = f"Quota capacity, {self.paths:,} paths, seed {self.seed}"
        return _text_of(heading, self.periods, self.total, team.over_assignment)


def quota_capacity(scenario: Scenario, *, paths: int = 16_384, seed: int = 1) -> QuotaCapacity:
    """Return the quota capacity of a scenario's team, period by period.

    A quota per year counts for a month with 1/12, for a quarter with 1/4; for periods by days with
    their share of 365.25. Inside a period all days count alike. A quota booked already is taken
    off the first period's target.

    Parameters
    ----------
    scenario : Scenario
        The assumptions, with a team. Without a quota, the target is the street quota over the
        team's planned over-assignment, where one is stated.
    paths : int
        Number of simulated futures, 2 to 16,777,216.
    seed : int
        Key of all random numbers, from 0 to 2**64 - 1.

    Raises
    ------
    InputError
        If the scenario has no team, no rep has a quota, or a number is not usable.

    Examples
    --------
    Seven ramped reps who bring 85 % of a quota of 150,000 a quarter, three new ones with 40 %:

    >>> from funnelsim import Funnel, Periods, Scenario
    >>> from funnelsim.team import Rep, Role, Team
    >>> roles = [
    ...     Role("ramped", quota=600_000, attainment_factor=0.85),
    ...     Role("new", quota=600_000, attainment_factor=0.40),
    ... ]
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("quarter", 1), funnel=Funnel.key_account(time=30),
    ...     team=Team(roles, [Rep("ramped", count=7), Rep("new", count=3)]),
    ... )
    >>> quota_capacity(scenario, paths=64).total.expected.value
    1072500.0
    """
    if not isinstance(scenario, Scenario):
        raise InputError("scenario", "be a Scenario", scenario)
    paths = whole("paths", paths, 2, MOST_PATHS)
    seed = whole("seed", seed, 0, MOST_SEED)
    from funnelsim import _quota  # noqa: PLC0415  loads the compiler
    from funnelsim._expected_staff import presence_of  # noqa: PLC0415
    from funnelsim._staffing import lower_team  # noqa: PLC0415

    worth, staff, span = _quota.worth_of(scenario), lower_team(scenario), _quota.Span.of(scenario)
    cents = _quota.draw_cents(staff, span, worth, seed, paths)
    street = _quota.street_quota(staff, span, worth)
    expected = _quota.Expected.of(scenario, span, worth, presence_of(staff))
    means = _quota.means_of(span, street, expected, _quota.targets(scenario, street))
    rows = [
        _capacity(mean, own) for mean, own in zip(means, [*cents, cents.sum(axis=0)], strict=True)
    ]
    return QuotaCapacity(scenario, seed, paths, tuple(rows[:-1]), rows[-1], cents)


def _capacity(means: Means, cents: Cents) -> PeriodCapacity:
    """Return exact means and the simulated distribution of a period, or of all."""
    low, middle, high = answers.quantiles(cents, LEVELS, CENTS)
    expected, target = means.expected, means.target
    reached = None if target is None else cents >= round(target * CENTS)
    there = target is not None and target > 0.0
    return PeriodCapacity(
        **means._asdict() | {"expected": Estimate.exact(expected)},
        mean=answers.mean(cents, CENTS),
        sd=answers.deviation(cents, CENTS),
        p10=low,
        p50=middle,
        p90=high,
        gap=None if target is None else expected - target,
        covered=None if reached is None else answers.probability(reached),
        over_assignment=means.street / target if target is not None and there else None,
        over_assignment_needed=means.street / expected if expected > 0.0 else None,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Estimate):
        return value.to_dict()
    return value.isoformat() if hasattr(value, "isoformat") else value


def _text_of(
    heading: str,
    periods: Sequence[PeriodCapacity],
    total: PeriodCapacity,
    planned: float | None,
) -> str:
    """Return the table of periods and total, and what it says of over-assignment."""
    wanted = total.target is not None
    header = [*HEADER, *(OF_TARGET if wanted else [])]
    rows = [_row(f"{one.start} to {one.end}", one, wanted=wanted) for one in periods]
    rows.append(_row("in all", total, wanted=wanted))
    notes = _notes(total, planned)
    return "\n".join([heading, "", *aligned(header, rows), *([""] if notes else []), *notes])


def _row(label: str, one: PeriodCapacity, *, wanted: bool) -> list[str]:
    numbers = (one.headcount, one.productive, one.street, one.expected, one.p10, one.p90)
    cells = [label, *(plain_number(float(number)) for number in numbers)]
    if not wanted:
        return cells
    if one.target is None or one.gap is None or one.covered is None:
        return [*cells, "-", "-", "-"]
    return [*cells, plain_number(one.target), _signed(one.gap), percent(one.covered.value)]


def _signed(value: float) -> str:
    return f"+{plain_number(value)}" if value > 0.0 else plain_number(value)


def _notes(total: PeriodCapacity, planned: float | None) -> list[str]:
    notes = []
    if total.over_assignment_needed is not None:
        needed = f"{total.over_assignment_needed:.3g}"
        notes.append(f"over-assignment needed: {needed} of street quota for 1 of the target")
    if total.over_assignment is not None:
        there = f"over-assignment there is: {total.over_assignment:.3g}"
        notes.append(there if planned is None else f"{there}, planned: {planned:.3g}")
    if total.cost is not None:
        notes.append(f"cost of the seats that are filled: {plain_number(total.cost)}")
    return notes
