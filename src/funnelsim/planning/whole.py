"""A whole scenario as its parts, of which some are replaced at once."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from funnelsim._deals import MOST_CENTS
from funnelsim.errors import InputError
from funnelsim.goal import CENTS
from funnelsim.parameters import POSITIVE, number, plain
from funnelsim.pipeline import PipelineContext
from funnelsim.planning.deals import PipelinePart
from funnelsim.planning.market_parts import MarketFields
from funnelsim.planning.parts import WHOLE, Changes, Fields, with_below
from funnelsim.planning.stages import FunnelPart
from funnelsim.scenario import Scenario


class Whole(Fields):
    """The fields of a scenario; what is replaced is checked together."""

    value: Scenario

    def __init__(self, scenario: Scenario) -> None:
        super().__init__("", scenario)
        self._parts: dict[str, Any] = {}

    def get(self, field: str) -> Any:
        """Return the value of a field, or the part that it is."""
        if field not in self._parts:
            self._parts[field] = self._part(field, getattr(self.value, field), {})
        return self._parts[field]

    def _part(self, field: str, value: Any, new: Mapping[str, Any]) -> Any:
        """Return a part with what it must know of the others, the new ones first."""
        now = {one: new.get(one, getattr(self.value, one)) for one in self.fields()}
        if field == "funnel":
            return FunnelPart(field, value)
        if field == "market":
            return MarketFields(field, value, dict(now["pipeline"].segments))
        if field == "pipeline":
            context = PipelineContext(now["funnel"].names, now["as_of"], now["currency"])
            return PipelinePart(field, value, context)
        return value

    def put(self, changes: Changes) -> Scenario:
        """Return the scenario with some fields replaced, checked anew."""
        new: dict[str, Any] = {}
        for field in self.fields():  # the pipeline after the funnel that it stands in
            if field in changes:
                new[field] = self._new_part(field, changes[field], new)
        return self.value.replace(**new)

    def _new_part(self, field: str, given: Mapping[str, Any], new: Mapping[str, Any]) -> Any:
        value = getattr(self.value, field)
        if WHOLE in given:
            value = self.assigned(field, value, given[WHOLE])
        if set(given) == {WHOLE}:
            return value
        return with_below(field, self._part(field, value, new), given)

    def assigned(self, field: str, old: Any, new: Any) -> Any:
        """Return what a field becomes: a number of quota keeps the profile of a list."""
        new = plain(new)
        if field != "quota" or not isinstance(old, tuple):
            return new
        if new is None or isinstance(new, Sequence):
            return new
        return shared_out(number("quota", new, POSITIVE), old)


def shared_out(total: float, profile: Sequence[float]) -> tuple[float, ...]:
    """Return a total in parts as a profile, in whole cents that add up to it.

    Examples
    --------
    >>> shared_out(100, (1, 1, 1))
    (33.33, 33.34, 33.33)
    """
    if total * CENTS >= MOST_CENTS:
        raise InputError("quota", f"be below {MOST_CENTS // CENTS:,}", total)
    cents, weight = round(total * CENTS), sum(profile)
    edges, so_far = [0], 0.0
    for one in profile:
        so_far += one
        edges.append(round(cents * (so_far / weight)))
    edges[-1] = cents
    return tuple((after - before) / CENTS for before, after in itertools.pairwise(edges))
