"""The people who work on deals: a team, and the work that stages take."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from funnelsim.distributions import Distribution
from funnelsim.errors import InputError, unknown
from funnelsim.parameters import POSITIVE, number
from funnelsim.reps import HAZARD, MOST_REPS, Rep, Role, checked_law, checked_name, set_field

__all__ = ["Rep", "Role", "Team", "Work"]

ORDERS = ("first-come", "stage", "value-per-hour", "due-date")
BY = ("pool", "owner")


@dataclass(frozen=True)
class Work:
    """The work that a deal takes in a stage.

    Parameters
    ----------
    hours : Distribution or number
        Hours of one rep's work; drawn for each deal.
    role : str, optional
        Whose work it is; by default that of the team's first role.

    Raises
    ------
    InputError
        If a value is not usable.

    Examples
    --------
    >>> Work(6).hours
    Fixed(value=6.0)
    """

    hours: Distribution
    role: str | None = None

    def __post_init__(self) -> None:
        law = checked_law("hours of work", self.hours)
        if law is None:
            raise InputError("hours of work", "be given", None, "such as 6")
        set_field(self, "hours", law)
        if self.role is not None:
            set_field(self, "role", checked_name("role of work", self.role))


@dataclass(frozen=True)
class Team:
    """Who works on the deals, and in which order.

    Parameters
    ----------
    roles : sequence of Role
        At least one; names differ, whatever the case.
    reps : sequence of Rep
        Each of one of the roles.
    work : mapping of str to Work or number, optional
        What a deal takes in a stage. A stage that is not named takes the hours that the funnel
        states for it, by the first role; without hours it takes none.
    order : {"first-come", "stage", "value-per-hour", "due-date"}
        Which waiting deal is next: the one that has waited longest, the one furthest on, the one
        with the largest amount per hour of work that is left, or the one that is due first.
    by : {"pool", "owner"}
        Whether any rep of the role works on a deal, or its owner alone.
    stale : float
        Hazard, per day of waiting, that a waiting deal is lost.
    over_assignment : float, optional
        Street quota (the sum of the reps' quotas) that is planned for 1 of the target, above 0:
        1.15 says 15 % more.

    Raises
    ------
    InputError
        If a value is not usable; a role that is not known offers the nearest.

    Examples
    --------
    >>> team = Team([Role("rep", quota=600_000)], [Rep("rep", count=8)])
    >>> team.headcount("rep"), team.reps[0].count
    (8, 8)
    """

    roles: tuple[Role, ...]
    reps: tuple[Rep, ...] = ()
    _: KW_ONLY
    work: Mapping[str, Work] = field(default_factory=dict)
    order: str = "first-come"
    by: str = "pool"
    stale: float = 0.0
    over_assignment: float | None = None

    def __post_init__(self) -> None:
        set_field(self, "roles", _listed("team.roles", self.roles, Role))
        set_field(self, "reps", _listed("team.reps", self.reps, Rep))
        self._check_roles()
        set_field(self, "reps", tuple(self._of_own_role(rep) for rep in self.reps))
        self._check_names()
        set_field(self, "work", self._checked_work())
        for key, known in (("order", ORDERS), ("by", BY)):
            if getattr(self, key) not in known:
                raise unknown(f"team.{key}", str(getattr(self, key)), known, "be a known word")
        set_field(self, "stale", number("team.stale", self.stale, HAZARD, "per day of waiting"))
        if self.over_assignment is not None:
            remedy = "15 % more than the target is given as 1.15"
            over = number("team.over_assignment", self.over_assignment, POSITIVE, remedy)
            set_field(self, "over_assignment", over)

    def __hash__(self) -> int:
        work = tuple(sorted((stage, hash(one)) for stage, one in self.work.items()))
        return hash((self.roles, self.reps, work, self.order, self.by, self.stale))

    def _check_roles(self) -> None:
        if not self.roles:
            raise InputError("team.roles", "have at least one role", remedy='such as Role("rep")')
        seen: set[str] = set()
        for role in self.roles:
            if role.name.casefold() in seen:
                raise InputError("names of roles", "differ, whatever the case", role.name)
            seen.add(role.name.casefold())

    def _check_names(self) -> None:
        seen: set[str] = set()
        for rep in self.reps:
            if rep.name is not None and rep.name.casefold() in seen:
                raise InputError("names of reps", "differ, whatever the case", rep.name)
            seen.add((rep.name or "").casefold())
        total = sum(rep.count for rep in self.reps)
        if total > MOST_REPS:
            raise InputError("team.reps", f"be at most {MOST_REPS:,} people", total)

    def _of_own_role(self, rep: Rep) -> Rep:
        own = self.role_name("role of a rep", rep.role)
        return rep if own == rep.role else dataclasses.replace(rep, role=own)

    def _checked_work(self) -> dict[str, Work]:
        given: Any = self.work
        if not isinstance(given, Mapping):
            remedy = 'such as {"proposal": Work(6)}'
            raise InputError("team.work", "map a stage to its work", given, remedy)
        return {str(stage): self._checked_one(stage, one) for stage, one in given.items()}

    def _checked_one(self, stage: Any, given: Any) -> Work:
        try:
            one = given if isinstance(given, Work) else Work(given)
        except InputError as error:
            name = f"hours of work in stage {stage!r}"
            raise InputError(name, error.rule, error.value, error.remedy) from None
        if one.role is None:
            return one
        own = self.role_name(f"role of work in stage {stage!r}", one.role)
        return dataclasses.replace(one, role=own)

    def role_name(self, field: str, word: str) -> str:
        """Return the team's own spelling of a role.

        Raises
        ------
        InputError
            If it has no such role; the message offers the nearest.
        """
        for role in self.roles:
            if role.name.casefold() == word.strip().casefold():
                return role.name
        raise unknown(field, word, [role.name for role in self.roles], "be a role of the team")

    @property
    def people(self) -> tuple[Rep, ...]:
        """The reps one by one: one entry for each seat."""
        return tuple(rep for rep in self.reps for _ in range(rep.count))

    def headcount(self, role: str) -> int:
        """Return how many reps are stated of a role, hires included.

        Raises
        ------
        InputError
            If there is no such role.
        """
        own = self.role_name("role", role)
        return sum(rep.count for rep in self.reps if rep.role == own)

    def hire(self, *reps: Rep) -> Team:
        """Return the same team with more reps, after those that it has.

        Parameters
        ----------
        *reps : Rep
            Who is hired; `Rep.start` says when, and `Rep.delay` how late they may come.

        Raises
        ------
        InputError
            If one is no Rep, or of no role of the team.

        Examples
        --------
        >>> team = Team([Role("rep")], [Rep("rep", count=6)])
        >>> team.hire(Rep("rep", count=2, start="2027-03-01")).headcount("rep")
        8
        """
        return dataclasses.replace(self, reps=(*self.reps, *reps))

    def resolve(self, stages: Sequence[str], as_of: dt.date) -> Team:
        """Return the same team with the funnel's own spelling of stages.

        Parameters
        ----------
        stages : sequence of str
            Names of the funnel's stages.
        as_of : date
            The as-of date.

        Raises
        ------
        InputError
            If there is no such stage, it is the last or named twice; or the start of a rep does
            not go with what else is stated of it.
        """
        for rep in self.reps:
            rep.check_as_of(as_of)
        work: dict[str, Work] = {}
        for stage, one in self.work.items():
            own = own_stage_of_work(stage, stages)
            if own in work:
                raise InputError("team.work", "name each stage once", stage)
            work[own] = one
        return self if work == self.work else dataclasses.replace(self, work=work)


def own_stage_of_work(stage: str, stages: Sequence[str]) -> str:
    """Return the funnel's spelling of a stage in which deals can be worked on.

    Raises
    ------
    InputError
        If there is no such stage, or it is the last.
    """
    for name in stages[:-1]:
        if name.casefold() == stage.strip().casefold():
            return name
    if stages[-1].casefold() == stage.strip().casefold():
        raise InputError("team.work", "not name the last stage", stage, "it is closed-won")
    raise unknown("team.work", stage, stages[:-1], "name a stage of the funnel")


def _listed(field: str, given: Any, kind: type) -> tuple[Any, ...]:
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise InputError(field, f"be a list of {kind.__name__} objects", given)
    entries = tuple(given)
    for one in entries:
        if not isinstance(one, kind):
            raise InputError(field, f"be {kind.__name__} objects", one)
    return entries
