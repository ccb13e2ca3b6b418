"""What is to be reached, and by when: the frame of every forecast."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from funnelsim._deals import MOST_CENTS
from funnelsim.errors import InputError
from funnelsim.parameters import NONNEGATIVE, POSITIVE, number, plain
from funnelsim.periods import Periods, Window, as_date

CENTS = 100


@dataclass(frozen=True, kw_only=True)
class Goal:
    """The day of a forecast, its periods, and the quota.

    Parameters
    ----------
    as_of : date or str
        The day the forecast is made, to its end. Nothing later is known.
    periods : Periods
        The windows that bookings are counted in.
    quota : float or sequence of float, optional
        Bookings to reach over the horizon, in currency units; or one number per period.
    booked : float
        Bookings already signed, which count in the first period.
    currency : str
        The one currency of all amounts, such as ``"CNY"``.
    name : str
        What the forecast is called.

    Raises
    ------
    InputError
        If a value is not usable.

    Examples
    --------
    >>> goal = Goal(as_of="2026-12-31", periods=Periods("quarter", 2), quota=[1e6, 2e6])
    >>> goal.quota_cents, goal.windows[0].end
    (300000000, datetime.date(2027, 3, 31))
    """

    as_of: dt.date
    periods: Periods
    quota: float | tuple[float, ...] | None = None
    booked: float = 0.0
    currency: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        for name in ("name", "currency"):
            if not isinstance(getattr(self, name), str):
                raise InputError(name, "be a text", getattr(self, name))
        object.__setattr__(self, "as_of", as_date("as_of", self.as_of))
        if not isinstance(self.periods, Periods):
            raise InputError("periods", "be a Periods", self.periods)
        object.__setattr__(self, "quota", _quota(self.quota, self.periods.count))
        object.__setattr__(self, "booked", _money("booked", self.booked, NONNEGATIVE))

    @property
    def windows(self) -> tuple[Window, ...]:
        """The periods as windows ``(lo, hi]`` in days after the as-of date."""
        return self.periods.windows(self.as_of)

    @property
    def quota_cents(self) -> int | None:
        """Quota over the horizon in cents, None without one."""
        parts = self.period_quota_cents
        if parts is not None:
            return sum(parts)
        return None if self.quota is None else round(float(self.quota) * CENTS)  # type: ignore[arg-type]

    @property
    def period_quota_cents(self) -> tuple[int, ...] | None:
        """Quota of each period in cents, None unless it was given per period."""
        if not isinstance(self.quota, tuple):
            return None
        return tuple(round(one * CENTS) for one in self.quota)

    @property
    def booked_cents(self) -> int:
        """Bookings already signed, in cents."""
        return round(self.booked * CENTS)


def _money(field_name: str, value: Any, allowed: Any) -> float:
    amount = number(field_name, value, allowed)
    if amount * CENTS >= MOST_CENTS:
        raise InputError(field_name, f"be below {MOST_CENTS // CENTS:,}", value)
    if amount > 0.0 and round(amount * CENTS) == 0:
        raise InputError(field_name, "be at least a cent", value)
    return amount


def _quota(quota: Any, periods: int) -> float | tuple[float, ...] | None:
    if quota is None:
        return None
    quota = plain(quota)
    if not isinstance(quota, Sequence) or isinstance(quota, str):
        return _money("quota", quota, POSITIVE)
    if len(quota) != periods:
        raise InputError(
            "quota",
            f"have one number for each of the {periods} periods",
            len(quota),
            "or one number for the whole horizon",
        )
    return tuple(_money(f"quota of period {k + 1}", one, POSITIVE) for k, one in enumerate(quota))
