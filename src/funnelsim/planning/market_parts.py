"""The market's fields by name, with the correlation of each segment column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from funnelsim.market import Market
from funnelsim.planning.parts import WHOLE, Changes, Fields, Part, joined


class MarketFields(Fields):
    """The fields of the market, with the columns that a segment's correlation may name."""

    def __init__(self, where: str, value: Market, columns: Iterable[str]) -> None:
        super().__init__(where, value)
        self._columns = list(columns)

    def settable(self) -> Sequence[str]:
        """Return the names of the fields that can be set alone: a correlation or a swing."""
        swing = self.value.win_rate_swing is not None
        gone = "win_rate_correlation" if swing else "win_rate_swing"
        free = self.value.win_rate_correlation == 0.0 and not swing
        return [name for name in self.fields() if free or name != gone]

    def get(self, field: str) -> Any:
        """Return the value of a field, or the part that it is."""
        return self.wrapped(field, super().get(field))

    def wrapped(self, field: str, value: Any) -> Any:
        """Return the part that the correlations of segments are."""
        if field != "segment_correlation" or not isinstance(value, Mapping):
            return value
        return Segments(joined(self.where, field), value, self._columns)


class Segments(Part):
    """Correlations of segments, by column; of a column that states none it is 0."""

    def __init__(self, where: str, value: Mapping[str, float], columns: Iterable[str]) -> None:
        super().__init__(where, dict(value))
        self._columns = list(dict.fromkeys([*value, *columns]))

    def fields(self) -> Sequence[str]:
        """Return the columns."""
        return self._columns

    def fits(self, rest: str) -> bool:
        """Return whether the rest of a name may follow: a column ends it."""
        return rest == WHOLE

    def get(self, field: str) -> float:
        """Return the correlation of a column."""
        found: float = self.value.get(field, 0.0)
        return found

    def put(self, changes: Changes) -> dict[str, float]:
        """Return the correlations with some replaced."""
        return {**self.value, **{field: given[WHOLE] for field, given in changes.items()}}
