"""Roles and reps: hours, ramp, attrition, quota, and when people start and leave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from funnelsim.distributions import Distribution, as_distribution
from funnelsim.errors import InputError
from funnelsim.parameters import Interval, number, plain, whole
from funnelsim.periods import as_date

SHARE = Interval(0.0, 1.0)
HOURS_PER_WEEK = Interval(0.0, 168.0, open_low=True)
HAZARD = Interval(0.0, 100.0)
FACTOR = Interval(0.0, 10.0)
CREATES = Interval(0.0, 1e4)
MONEY = Interval(0.0, 1e15)
MOST_RAMP = 120
"""Months of ramp, at most: ten years."""
MOST_REPS = 10_000
AS_SHARE = "40 % is given as 0.4"


@dataclass(frozen=True)
class Role:
    """What reps of one kind have in common.

    Parameters
    ----------
    name : str
        What the role is called.
    hours_per_week : float
        Selling hours of a fully productive rep, in (0, 168]: the mean over a year, days off
        included. The scenario's clock says on which days they are worked.
    ramp : sequence of float
        Share of full productivity, in [0, 1], in the first, second, ... calendar month since the
        start; 1 from then on.
    attrition : float
        Leavers per filled seat and year of 365.25 days: a hazard, the same at any tenure. With 0.2
        a rep leaves within a year with chance ``1 - exp(-0.2)``, 18 %.
    backfill : Distribution or number, optional
        Days on the calendar from a leaver's last day until a new rep starts, who ramps from the
        first month; by default the seat stays empty.
    quota : float, optional
        Bookings per year that a fully ramped rep is given to reach, in currency units.
    attainment_factor : float
        Share of that quota which a fully ramped rep is expected to bring, in [0, 10].
    cost : float, optional
        Of a filled seat per year, in currency units.
    creates : float
        Deals that a fully productive rep creates per period, at most 10,000.

    Raises
    ------
    InputError
        If a value is not usable; the message names the field, the rule, the value and a remedy.

    Examples
    --------
    >>> Role("account executive", ramp=[0, 0.25, 0.5, 0.75], quota=600_000).ramp
    (0.0, 0.25, 0.5, 0.75)
    """

    name: str
    _: KW_ONLY
    hours_per_week: float = 40.0
    ramp: tuple[float, ...] = ()
    attrition: float = 0.0
    backfill: Distribution | None = None
    quota: float | None = None
    attainment_factor: float = 1.0
    cost: float | None = None
    creates: float = 0.0

    def __post_init__(self) -> None:
        set_field(self, "name", checked_name("name of a role", self.name))
        set_field(self, "ramp", _ramp(self._label("ramp"), self.ramp))
        for key, allowed in OF_ROLE.items():
            set_field(
                self, key, number(self._label(key), getattr(self, key), allowed, _REMEDIES[key])
            )
        for key in ("quota", "cost"):
            if getattr(self, key) is not None:
                set_field(self, key, number(self._label(key), getattr(self, key), MONEY))
        set_field(self, "backfill", checked_law(self._label("backfill"), self.backfill))

    def _label(self, key: str) -> str:
        return f"{key} of role {self.name!r}"


OF_ROLE = {
    "hours_per_week": HOURS_PER_WEEK,
    "attrition": HAZARD,
    "attainment_factor": FACTOR,
    "creates": CREATES,
}
_REMEDIES = {
    "hours_per_week": "such as 40",
    "attrition": "leavers per seat and year: 20 % is given as 0.2",
    "attainment_factor": "85 % is given as 0.85",
    "creates": "deals per period",
}


@dataclass(frozen=True)
class Rep:
    """One rep, or several alike; each has a seat of its own.

    Parameters
    ----------
    role : str
        The name of the role.
    name : str, optional
        Whose deals these are, where owners work on their own deals; one rep alone has a name.
    count : int
        How many such reps there are, at least 1.
    start : date or str, optional
        First day. By default the rep is there on the as-of date and fully ramped. Of a past day,
        the months of ramp are counted from it; of a later one, it is a hire.
    leave : date or str, optional
        Known last day; the seat is closed after it, whoever has it then.
    delay : Distribution or number, optional
        Days on the calendar that a hire starts late; the ramp starts late, too.
    quota : float, optional
        Bookings per year when fully ramped, instead of the role's.
    ramped : int, optional
        Months of ramp that are done on the as-of date, or on the first day of a hire.

    Raises
    ------
    InputError
        If a value is not usable.

    Examples
    --------
    >>> Rep("account executive", count=2, start="2027-04-01", delay=30).start
    datetime.date(2027, 4, 1)
    """

    role: str
    _: KW_ONLY
    name: str | None = None
    count: int = 1
    start: dt.date | None = None
    leave: dt.date | None = None
    delay: Distribution | None = None
    quota: float | None = None
    ramped: int | None = None

    def __post_init__(self) -> None:
        set_field(self, "role", checked_name("role of a rep", self.role))
        if self.name is not None:
            set_field(self, "name", checked_name("name of a rep", self.name))
        set_field(self, "count", whole(self._label("count"), self.count, 1, MOST_REPS))
        if self.name is not None and self.count > 1:
            rule, remedy = "be 1 where the rep has a name", "state each rep by name"
            raise InputError(self._label("count"), rule, self.count, remedy)
        self._check_dates()
        set_field(self, "delay", checked_law(self._label("delay"), self.delay))
        if self.quota is not None:
            set_field(self, "quota", number(self._label("quota"), self.quota, MONEY))
        if self.ramped is not None:
            set_field(self, "ramped", whole(self._label("ramped"), self.ramped, 0, MOST_RAMP))

    def _label(self, key: str) -> str:
        return f"{key} of rep {self.name or self.role!r}"

    def _check_dates(self) -> None:
        for key in ("start", "leave"):
            if getattr(self, key) is not None:
                set_field(self, key, as_date(self._label(key), getattr(self, key)))
        if self.start is not None and self.leave is not None and self.leave < self.start:
            rule = f"not be before the start, {self.start}"
            raise InputError(self._label("leave"), rule, self.leave.isoformat())

    def check_as_of(self, as_of: dt.date) -> None:
        """Refuse a delay or months of ramp that do not go with the start, seen on a day.

        Raises
        ------
        InputError
            If a rep who has started has a delay; or both a past start and months of ramp.
        """
        hired = self.start is not None and self.start > as_of
        if self.delay is not None and not hired:
            rule = "be left out where the start is not after the as-of date"
            raise InputError(self._label("delay"), rule, remedy="only a hire comes late")
        if self.ramped is not None and self.start is not None and not hired:
            rule = "be left out where the start is past"
            remedy = "the months are counted from the start"
            raise InputError(self._label("ramped"), rule, self.ramped, remedy)


def set_field(value: Any, key: str, checked: Any) -> None:
    """Put what was checked into a frozen dataclass that is being made."""
    object.__setattr__(value, key, checked)


def checked_name(field: str, given: Any) -> str:
    """Return a name without space around it.

    Examples
    --------
    >>> checked_name("name of a role", " rep ")
    'rep'
    """
    if not isinstance(given, str) or not given.strip():
        raise InputError(field, "be a text that is not empty", given)
    return given.strip()


def _ramp(field: str, given: Any) -> tuple[float, ...]:
    given = plain(given)
    if not isinstance(given, Sequence) or isinstance(given, str):
        remedy = "one share for each month, such as [0, 0.25, 0.5]"
        raise InputError(field, "be a list", given, remedy)
    if len(given) > MOST_RAMP:
        raise InputError(field, f"have at most {MOST_RAMP} months", len(given))
    pairs = enumerate(given, 1)
    return tuple(number(f"month {k} of {field}", one, SHARE, AS_SHARE) for k, one in pairs)


def checked_law(field: str, given: Any) -> Distribution | None:
    """Return days or hours as one distribution; None if there is none."""
    if given is None:
        return None
    law = as_distribution(field, given)
    if law.draws > 1:
        raise InputError(field, "be certain or one distribution", remedy="it takes no draws")
    return law
