"""Parts of a scenario by the names of their fields: one field, and the part with some replaced."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from funnelsim.clock import Clock, QuarterEnd
from funnelsim.distributions import Distribution, distribution_from_toml
from funnelsim.distributions.parametric import UNITLESS, Parametric
from funnelsim.errors import InputError, nearest
from funnelsim.new_business import NewBusiness, Repeat, RequiredPipeline
from funnelsim.parameters import NONNEGATIVE, number, plain
from funnelsim.periods import Periods
from funnelsim.planning.laws import mean_of, with_mean
from funnelsim.team import Role, Team, Work

WHOLE = ""
"""The rest of a name that ends here: the part itself is meant."""
NAMES_SHOWN = 12
OF_CHANCE = ("dispersion", "season", "growth", "factor", "market_swing")
"""Fields of new business that are left out where it is planned."""
LAWS = ("amount", "backfill", "delay", "hours", "time", "time_if_lost")
"""Fields whose values are distributions."""

Changes = Mapping[str, Mapping[str, Any]]
"""For each field to change, what is new: by the rest of its name, `WHOLE` for the field itself."""

_PLACES = {
    "amount": "state it first, such as 300_000",
    "time": "the last stage, closed-won, has none",
    "time_if_lost": "the time of a loss is that of going on: set time, or state time_if_lost",
    "quarter_end": "set clock.quarter_end first, such as QuarterEnd(days=14, weight=3.0)",
    "repeat": "set new_business.repeat first, such as Repeat(mean=0.3, delay=180)",
    "new_business": "set new_business first, such as NewBusiness(per_period=8, amount=300_000)",
    "required_pipeline": "set required_pipeline first, such as RequiredPipeline(amount=300_000)",
    "team": "set team first, such as Team([Role('rep')], [Rep('rep', count=8)])",
    "backfill": "state it first, such as Gamma(mean=60, cv=0.5)",
}


class UnknownNameError(InputError):
    """A name that no field has."""

    near = False
    """Whether a field of the part that was reached is offered instead."""

    def offering(self, names: Iterable[str]) -> InputError:
        """Return the error with the nearest of all names, if it offers none of its own."""
        near = None if self.near else nearest(str(self.value), names)
        if near is None:
            return InputError(self.field, self.rule, self.value, self.remedy)
        known = str(self.remedy).rpartition("? ")[2]
        remedy = f"did you mean {near!r}? {known}"
        return InputError(self.field, self.rule, self.value, remedy)


class Part(ABC):
    """A part of a scenario whose fields have names; ``where`` is its own name."""

    has_value: ClassVar[bool] = True
    """Whether it can be read and set whole."""
    value: Any

    def __init__(self, where: str, value: Any) -> None:
        self.where, self.value = where, value

    @abstractmethod
    def fields(self) -> Sequence[str]:
        """Return the names of the fields."""

    def settable(self) -> Sequence[str]:
        """Return the names of the fields that can be set alone, as the others are now."""
        return self.fields()

    @abstractmethod
    def get(self, field: str) -> Any:
        """Return the value of a field, or the part that it is."""

    def below(self, field: str) -> Any:
        """Return that in which what is below a field is looked for."""
        return self.get(field)

    @abstractmethod
    def put(self, changes: Changes) -> Any:
        """Return the value of the part with some fields replaced."""

    def find(self, word: str) -> str | None:
        """Return the field that a word means, None if there is none."""
        return word if word in self.fields() else None

    def fits(self, rest: str) -> bool:  # noqa: ARG002 - most fields have a value, and may have more
        """Return whether the rest of a name may follow one of the fields."""
        return True

    def split(self, name: str) -> tuple[str, str]:
        """Return the field that a name begins with, the longest that there is, and the rest."""
        words = name.split(".")
        for count in range(len(words), 0, -1):
            field, rest = self.find(".".join(words[:count])), ".".join(words[count:])
            if field is not None and self.fits(rest):
                return field, rest
        raise self.unknown(name)

    def unknown(self, name: str) -> UnknownNameError:
        """Return the error for a name that begins with no field, or ends too early."""
        words = name.split(".")
        for count in range(len(words), 0, -1):
            field = self.find(".".join(words[:count]))
            part = None if field is None else part_of(joined(self.where, field), self.get(field))
            if part is not None:
                return part.unknown(".".join(words[count:]))
        return self._unknown(name)

    def _unknown(self, name: str) -> UnknownNameError:
        first, _, rest = name.partition(".")
        near = nearest(first, self.fields()) if first else None
        offer = f"did you mean {joined(self.where, near, rest)!r}? " if near else ""
        shown = [*self.fields()[:NAMES_SHOWN], *["…"] * (len(self.fields()) > NAMES_SHOWN)]
        place = f" after {self.where!r}" if self.where else ""
        remedy = f"{offer}known{place}: {', '.join(shown) or 'nothing'}"
        error = UnknownNameError("name of a field", "be known", joined(self.where, name), remedy)
        error.near = near is not None and self.where != ""
        return error


class Fields(Part):
    """The fields of a dataclass, by their own names."""

    def fields(self) -> Sequence[str]:
        """Return the names of the fields."""
        return [one.name for one in dataclasses.fields(self.value)]

    def get(self, field: str) -> Any:
        """Return the value of a field."""
        return getattr(self.value, field)

    def put(self, changes: Changes) -> Any:
        """Return the dataclass with some fields replaced, checked anew."""
        return dataclasses.replace(self.value, **self.new_values(changes))

    def new_values(self, changes: Changes) -> dict[str, Any]:
        """Return the new value of each field that changes."""
        return {field: self._new(field, given) for field, given in changes.items()}

    def _new(self, field: str, given: Mapping[str, Any]) -> Any:
        where = joined(self.where, field)
        value = getattr(self.value, field)
        if WHOLE in given:
            new = given[WHOLE]
            value = self.assigned(field, value, law_of(where, new) if field in LAWS else new)
        if set(given) == {WHOLE}:
            return value
        return with_below(where, self.wrapped(field, value), given)

    def wrapped(self, field: str, value: Any) -> Any:  # noqa: ARG002 - for others to change
        """Return the part that a value of a field is, where its kind does not say so."""
        return value

    def assigned(self, field: str, old: Any, new: Any) -> Any:  # noqa: ARG002 - for others to change
        """Return what a field becomes where ``new`` is given."""
        return new


class PeriodsFields(Fields):
    """The fields of periods: edges replace a calendar."""

    def settable(self) -> Sequence[str]:
        """Return the names of the fields that can be set alone."""
        names = self.fields()
        return names if self.value.edges is None else names[2:]

    def put(self, changes: Changes) -> Any:
        """Return the periods with some fields replaced."""
        new = self.new_values(changes)
        if new.get("edges") is not None and self.value.edges is None:
            new = {"every": None, "count": None} | new
        return dataclasses.replace(self.value, **new)


class NewBusinessFields(Fields):
    """The fields of new business: a number of deals keeps the profile of a list."""

    def settable(self) -> Sequence[str]:
        """Return the names of the fields that can be set alone."""
        gone = OF_CHANCE if self.value.planned else ()
        return [name for name in self.fields() if name not in gone]

    def assigned(self, field: str, old: Any, new: Any) -> Any:
        """Return what a field becomes where ``new`` is given."""
        new = plain(new)
        if field != "per_period" or not isinstance(old, tuple) or isinstance(new, Sequence):
            return new
        mean = sum(old) / len(old)
        if mean <= 0.0:
            remedy = "all its numbers are 0: give a list"
            raise InputError("new_business.per_period", "have a profile", old, remedy)
        rate = number("new_business.per_period", new, NONNEGATIVE)
        rates = tuple(one * (rate / mean) for one in old)
        if self.value.planned and not all(one.is_integer() for one in rates):
            rule = f"give whole numbers in the profile of {list(old)}, where it is planned"
            raise InputError("new_business.per_period", rule, new, "or give a list")
        return rates


class TeamFields(Fields):
    """The fields of a team; the number of its reps is a lever."""

    def settable(self) -> Sequence[str]:
        """Return the names of the fields that can be set alone."""
        return [name for name in self.fields() if name != "reps"]

    def get(self, field: str) -> Any:
        """Return the value of a field, or the part that it is."""
        return self.wrapped(field, super().get(field))

    def wrapped(self, field: str, value: Any) -> Any:
        """Return the part that the roles are, or the work of stages."""
        where = joined(self.where, field)
        if field == "roles" and isinstance(value, tuple):
            return Named(where, {role.name: role for role in value})
        if field == "work" and isinstance(value, Mapping):
            return Named(where, value)
        return value

    def _new(self, field: str, given: Mapping[str, Any]) -> Any:
        new = super()._new(field, given)
        return tuple(new.values()) if field == "roles" and isinstance(new, Mapping) else new


class RoleFields(Fields):
    """The fields of a role; reps know it by its name."""

    def settable(self) -> Sequence[str]:
        """Return the names of the fields that can be set alone."""
        return [name for name in self.fields() if name != "name"]


class Named(Part):
    """Parts by name: the roles of a team, or the work of its stages."""

    has_value = False

    def __init__(self, where: str, value: Mapping[str, Any]) -> None:
        super().__init__(where, dict(value))

    def fields(self) -> Sequence[str]:
        """Return the names."""
        return list(self.value)

    def find(self, word: str) -> str | None:
        """Return the name that a word means, whatever the case."""
        folded = {name.casefold(): name for name in self.value}
        return folded.get(word.strip().casefold())

    def get(self, field: str) -> Any:
        """Return the part of a name."""
        return self.value[field]

    def put(self, changes: Changes) -> dict[str, Any]:
        """Return the parts with some of them replaced."""
        new = {
            field: with_below(joined(self.where, field), given.get(WHOLE, self.value[field]), given)
            for field, given in changes.items()
        }
        return {**self.value, **new}


class Law(Part):
    """A distribution: its parameters, or values, and its mean."""

    value: Distribution

    def fits(self, rest: str) -> bool:
        """Return whether the rest of a name may follow: a parameter ends it."""
        return rest == WHOLE

    def unknown(self, name: str) -> UnknownNameError:
        """Return the error for a name of no parameter: it says which there are."""
        error = self._unknown(name)
        error.near = True
        return error

    def fields(self) -> Sequence[str]:
        """Return the names of the parameters, and the mean."""
        return list(dict.fromkeys([*self._stated(), "mean"]))

    def _stated(self) -> dict[str, Any]:
        if isinstance(self.value, Parametric):
            return dict(self.value.parameters)
        names = [one.name for one in dataclasses.fields(self.value)]
        kept = [name for name in names if name in ("points", "values", "chances")]
        return {name: getattr(self.value, name) for name in kept}

    def get(self, field: str) -> Any:
        """Return a parameter, or the mean: of each draw, if there are several."""
        stated = self._stated()
        return stated[field] if field in stated else mean_of(self.value)

    def put(self, changes: Changes) -> Distribution:
        """Return the distribution with some parameters replaced, or scaled to another mean."""
        stated = self._stated()
        given = {field: change[WHOLE] for field, change in changes.items()}
        own = {field: value for field, value in given.items() if field in stated}
        scaling = "mean" in given and "mean" not in stated
        if scaling and not set(own) <= UNITLESS:
            remedy = f"the mean, or {' and '.join(own)}"
            raise InputError(self.where, "be scaled by one name", list(given), remedy)
        law = self.value
        if own:
            try:
                law = type(law)(**stated | own)
            except InputError as error:
                raise named(self.where, error) from None
        if scaling:
            law = with_mean(joined(self.where, "mean"), law, given["mean"])
        return law


_KINDS: dict[type, type[Fields]] = {
    Periods: PeriodsFields,
    Clock: Fields,
    QuarterEnd: Fields,
    NewBusiness: NewBusinessFields,
    Repeat: Fields,
    RequiredPipeline: Fields,
    Team: TeamFields,
    Role: RoleFields,
    Work: Fields,
}


def part_of(where: str, value: Any) -> Part | None:
    """Return the part that a value is, None for a plain one."""
    if isinstance(value, Part):
        return value
    if isinstance(value, Distribution):
        return Law(where, value)
    kind = _KINDS.get(type(value))
    return kind(where, value) if kind else None


def part_below(where: str, value: Any, rest: str) -> Part:
    """Return the part in which the rest of a name is looked for."""
    found = part_of(where, value)
    if found is not None:
        return found
    if value is None and where.rpartition(".")[2] in _PLACES:
        remedy = _PLACES[where.rpartition(".")[2]]
        raise InputError(where, f"be stated, to have {rest!r}", value, remedy)
    remedy = f"it is {where!r} alone"
    error = UnknownNameError("name of a field", "be known", joined(where, rest), remedy)
    error.near = True
    raise error


def with_below(where: str, value: Any, given: Mapping[str, Any]) -> Any:
    """Return a value with what is below it replaced, by the rest of its name."""
    below = {rest: new for rest, new in given.items() if rest != WHOLE}
    if not below:
        return value
    part = part_below(where, value, next(iter(below)))
    changes: dict[str, dict[str, Any]] = {}
    for rest, new in below.items():
        field, remains = part.split(rest)
        if remains in changes.setdefault(field, {}):
            raise InputError("names of fields", "name each once", joined(where, rest))
        changes[field][remains] = new
    return part.put(changes)


def law_of(where: str, value: Any) -> Any:
    """Return the distribution that a table of a scenario file states; another value as it is."""
    return distribution_from_toml(where, value) if isinstance(value, Mapping) else value


def joined(*names: str | None) -> str:
    """Return a dotted name; empty ones are left out.

    Examples
    --------
    >>> joined("", "funnel", "stages")
    'funnel.stages'
    """
    return ".".join(name for name in names if name)


def named(name: str, error: InputError) -> InputError:
    """Return an error whose field begins with a dotted name."""
    if name in error.field:
        return error
    return InputError(f"{name}: {error.field}", error.rule, error.value, error.remedy, error.where)
