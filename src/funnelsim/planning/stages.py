"""Stages of a funnel by their names, and the fields of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from funnelsim.errors import InputError
from funnelsim.funnel import Funnel, Stage
from funnelsim.parameters import Parameter
from funnelsim.planning.chances import CONVERSION, WIN, Chances
from funnelsim.planning.parts import WHOLE, Changes, Fields, Part, joined, with_below

CHANCES = (WIN, CONVERSION)
STAGE_FIELDS = (*CHANCES, "time", "time_if_lost", "hours")


class FunnelPart(Part):
    """The funnel: it has stages."""

    value: Funnel

    def fits(self, rest: str) -> bool:
        """Return whether the rest of a name may follow: a stage does."""
        return rest != WHOLE

    def fields(self) -> Sequence[str]:
        """Return the one name."""
        return ["stages"]

    def get(self, field: str) -> Part:
        """Return the stages."""
        return Stages(joined(self.where, field), self.value.stages)

    def put(self, changes: Changes) -> Funnel:
        """Return the funnel with some of its stages changed."""
        given = changes["stages"]
        return Funnel(with_below(joined(self.where, "stages"), self.get("stages"), given))


class Stages(Part):
    """The stages, whatever the case of their names, which may hold dots."""

    has_value = False
    value: tuple[Stage, ...]

    def fields(self) -> Sequence[str]:
        """Return the names of the stages."""
        return [stage.name for stage in self.value]

    def find(self, word: str) -> str | None:
        """Return the funnel's spelling of a stage."""
        spelling = {name.casefold(): name for name in self.fields()}
        return spelling.get(word.strip().casefold())

    def fits(self, rest: str) -> bool:
        """Return whether the rest of a name may follow that of a stage."""
        return rest.split(".", maxsplit=1)[0] in STAGE_FIELDS

    def get(self, field: str) -> StageFields:
        """Return a stage."""
        return StageFields(joined(self.where, field), self.value, self.fields().index(field))

    def put(self, changes: Changes) -> tuple[Stage, ...]:
        """Return the stages with some of them changed.

        From the last to the first, so that each chance that is given is kept: those of one kind
        (win probability or conversion) hang on later stages only.
        """
        chances = Chances(self.value)
        for s in range(len(self.value) - 1, -1, -1):
            given = changes.get(self.value[s].name, {})
            kinds = [kind for kind in CHANCES if kind in given]
            if len(kinds) > 1:
                where = joined(self.where, self.value[s].name)
                raise InputError(where, "be given either a win_probability or a conversion")
            for kind in kinds:
                chances.set(s, kind, given[kind])
        stages = list(chances.stages())
        for s, stage in enumerate(stages):
            given = changes.get(stage.name, {})
            below = {rest: new for rest, new in given.items() if rest not in CHANCES}
            if below:
                part = StageFields(joined(self.where, stage.name), stages, s)
                stages[s] = with_below(part.where, part, below)
        return tuple(stages)


class StageFields(Fields):
    """The fields of a stage, and both of its chances however the funnel states them."""

    has_value = False

    def __init__(self, where: str, stages: Sequence[Stage], place: int) -> None:
        super().__init__(where, stages[place])
        self._stages, self._place = stages, place

    def fields(self) -> Sequence[str]:
        """Return the names of the fields."""
        return STAGE_FIELDS

    def settable(self) -> Sequence[str]:
        """Return the names of the fields that can be set: the last stage has no time."""
        return STAGE_FIELDS if self._place + 1 < len(self._stages) else ("hours",)

    def get(self, field: str) -> Any:
        """Return the value of a field; a chance may be one for each draw."""
        if field in CHANCES:
            return Chances(self._stages).get(self._place, field)
        return super().get(field)

    def neighbours(self) -> tuple[Parameter, Parameter]:
        """Return the win probabilities of the stages before and after, 0 and 1 at the ends."""
        chances = Chances(self._stages)
        before = chances.get(self._place - 1, WIN) if self._place else 0.0
        last = self._place + 1 == len(self._stages)
        return before, 1.0 if last else chances.get(self._place + 1, WIN)
