"""From a scenario to the text of a scenario file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from funnelsim._whole_file import check_writable, write_whole
from funnelsim.distributions import Distribution, Fixed, Sample, distribution_to_toml
from funnelsim.errors import InputError
from funnelsim.goal import CENTS
from funnelsim.market import Market
from funnelsim.new_business import NewBusiness, Repeat, RequiredPipeline
from funnelsim.pipeline import Pipeline
from funnelsim.scenario import Scenario
from funnelsim.scenario_file.document import parsed
from funnelsim.scenario_file.reading import scenario_of
from funnelsim.scenario_file.signals_section import signals_table
from funnelsim.signals import Signals
from funnelsim.team import Rep, Role, Team, Work

EXACT = 2**53
RULE = "be one that a scenario file can hold"


def write_scenario(scenario: Scenario, path: str | os.PathLike[str]) -> None:
    """Write a scenario as a TOML file, from which `read_scenario` makes an equal one.

    A pipeline or a sample that came from a file, and is still what the file says, is written as
    that file, relative to the folder of the new one; any other as its deals or values. Rows of
    a pipeline that were skipped are not written among its deals.

    Parameters
    ----------
    scenario : Scenario
        The assumptions.
    path : path
        The file to write; one that exists is replaced, whole or not at all.

    Raises
    ------
    InputError
        If the file cannot be written, or it cannot hold the scenario: a frozen distribution of
        SciPy, say.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from funnelsim import Funnel, Periods, Scenario, read_scenario, write_scenario
    >>> scenario = Scenario(
    ...     as_of="2026-12-31", periods=Periods("month", 12), funnel=Funnel.key_account(time=30)
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "plan.toml")
    ...     write_scenario(scenario, file)
    ...     read_scenario(file) == scenario
    True
    """
    if not isinstance(scenario, Scenario):
        raise InputError("scenario", "be a Scenario", scenario)
    check_writable(path)
    write_whole(path, scenario_text(scenario, str(os.fspath(path))).encode())


def scenario_text(scenario: Scenario, file: str, *, inline: bool = False) -> str:
    """Return a text that says the scenario, with references to files if they still hold.

    Files are named relative to the folder of ``file``, which is where the text is to stand; if
    ``inline``, what came from them is spelled out.
    """
    reason: str | None = None
    for referring in (False,) if inline else (True, False):
        text = _toml(_Writer(file, referring).scenario(scenario))
        try:
            if _equal(scenario_of(parsed(file, text)), scenario):
                return text
        except InputError as error:
            reason = error.at("").args[0]
    raise InputError("the scenario", RULE, remedy=reason)


def signals_text(signals: Signals) -> str:
    """Return the section of signals alone, for a file that has the rest."""
    return _toml({"signals": signals_table(signals, Pipeline())})


def _equal(read: Scenario, meant: Scenario) -> bool:
    """Return whether two scenarios are equal; where there are no deals, no names of segments."""
    if not len(read.pipeline) and not len(meant.pipeline):
        meant = meant.replace(pipeline=read.pipeline)
    return read == meant


def _toml(table: dict[str, Any]) -> str:
    import tomli_w  # noqa: PLC0415

    text = tomli_w.dumps(_tidy(table))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        found = error.object[error.start : error.end]
        raise InputError("text of the scenario", "be Unicode", found) from None
    return text


def _tidy(value: Any) -> Any:
    """Return the same value with whole numbers written as such."""
    if isinstance(value, Mapping):
        return {key: _tidy(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_tidy(inner) for inner in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    return value


class _Writer:
    """Turns the parts of a scenario into tables; ``referring`` to files or spelling them out."""

    def __init__(self, file: str, referring: bool) -> None:
        self._folder = Path(file).absolute().parent
        self._referring = referring

    def scenario(self, scenario: Scenario) -> dict[str, Any]:
        """Return the tables of a scenario; what is as by default is left out."""
        pipeline = scenario.pipeline
        table = {
            "name": scenario.name,
            "currency": scenario.currency,
            "as_of": scenario.as_of,
            "quota": scenario.quota,
            "booked": scenario.booked,
            "periods": scenario.periods.to_toml(),
            "clock": _clock(scenario),
            "market": _changed(scenario.market, Market()),
            "funnel": {"stages": [self._written(_given(one)) for one in scenario.funnel.stages]},
            "pipeline": self._pipeline(pipeline) if len(pipeline) or pipeline.source.file else None,
            "new_business": self._new_business(scenario.new_business),
            "required_pipeline": self._required_pipeline(scenario.required_pipeline),
            "team": self._team(scenario.team),
            "signals": _signals(scenario),
        }
        return {key: value for key, value in table.items() if value}

    def _new_business(self, business: NewBusiness | None) -> dict[str, Any] | None:
        if business is None:
            return None
        usual = NewBusiness(per_period=business.per_period)
        return {"per_period": business.per_period} | self._written(_changed(business, usual))

    def _required_pipeline(self, required: RequiredPipeline | None) -> dict[str, Any] | None:
        return None if required is None else self._written(_given(required))

    def _team(self, team: Team | None) -> dict[str, Any] | None:
        if team is None:
            return None
        roles = [
            {"name": one.name} | self._written(_changed(one, _USUAL_ROLE)) for one in team.roles
        ]
        reps = [{"role": one.role} | self._written(_changed(one, _USUAL_REP)) for one in team.reps]
        work = {stage: self._work(one) for stage, one in team.work.items()}
        lists = {"roles": roles, "reps": reps, "work": work}
        table = self._written(_changed(team, Team(team.roles)) | lists)
        return {key: value for key, value in table.items() if value not in ([], {})}

    def _work(self, work: Work) -> Any:
        return self._value(work.hours) if work.role is None else self._written(_given(work))

    def _written(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys of a table; what is None is left out."""
        return {key: self._value(value) for key, value in given.items() if value is not None}

    def _value(self, value: Any) -> Any:
        if isinstance(value, Distribution):
            return self._distribution(value)
        return self._written(_given(value)) if isinstance(value, Repeat) else value

    def _distribution(self, distribution: Distribution) -> Any:
        if isinstance(distribution, Sample) and distribution.source is not None:
            file, column = distribution.source
            if self._referring:
                return {"sample": {"file": self._relative(file), "column": column}}
            return distribution_to_toml(Sample(distribution.values))
        return distribution_to_toml(distribution)

    def _pipeline(self, pipeline: Pipeline) -> dict[str, Any]:
        source = pipeline.source
        if source.file is None or not self._referring:
            return {"deals": self._deals(pipeline)}
        table = {"file": self._relative(source.file), "columns": dict(source.columns)}
        if source.on_bad_rows != "raise":
            table["on_bad_rows"] = source.on_bad_rows
        return {key: value for key, value in table.items() if value}

    def _relative(self, file: str) -> str:
        """Return a file relative to the new scenario, if both are on one drive."""
        absolute = Path(file).absolute()
        try:
            return Path(os.path.relpath(absolute, self._folder)).as_posix()
        except ValueError:
            return absolute.as_posix()

    def _deals(self, pipeline: Pipeline) -> list[dict[str, Any]]:
        columns: dict[str, Any] = {
            "id": pipeline.ids,
            "stage": pipeline.stages,
            "amount": [self._amount(one) for one in pipeline.amounts],
            "age": pipeline.ages,
            "entered": pipeline.entered,
            "win_probability": pipeline.win_probabilities,
            "close_date": pipeline.close_dates,
            "currency": pipeline.currencies,
            **dict(pipeline.segments),
        }
        rows = zip(*columns.values(), strict=True)
        deals = [dict(zip(columns, row, strict=True)) for row in rows]
        if deals and pipeline.ages_expected and not any(map(_is_aged, deals)):
            deals[0]["age"] = ""  # an empty cell: the ages are asked for, and not known
        return [{key: cell for key, cell in deal.items() if cell is not None} for deal in deals]

    def _amount(self, amount: int | Distribution) -> Any:
        if isinstance(amount, int):
            return _units(amount)
        table = self._distribution(amount)
        # a plain number would be cents, not a distribution
        return {"fixed": table} if isinstance(amount, Fixed) else table


_USUAL_ROLE, _USUAL_REP = Role("usual"), Rep("usual")


def _is_aged(deal: Mapping[str, Any]) -> bool:
    return deal["age"] is not None or deal["entered"] is not None


def _units(cents: int) -> int | float | str:
    """Return currency units as a number; as text where a float has no room for the cents."""
    whole, rest = divmod(cents, CENTS)
    if not rest:
        return whole
    units = cents / CENTS
    return units if Decimal(repr(units)) * CENTS == cents else f"{whole}.{rest:02d}"


def _signals(scenario: Scenario) -> dict[str, Any] | None:
    signals = scenario.signals
    return None if signals is None else signals_table(signals, scenario.pipeline)


def _clock(scenario: Scenario) -> dict[str, Any]:
    clock, table = scenario.clock, scenario.clock.to_toml()
    expected = scenario.periods.fiscal_year_start if clock.quarter_end else 1
    if clock.fiscal_year_start != expected:
        table["fiscal_year_start"] = clock.fiscal_year_start
    return table


def _given(part: Any) -> dict[str, Any]:
    """Return the fields of a part of a scenario."""
    return {one.name: getattr(part, one.name) for one in fields(part)}


def _changed(part: Any, usual: Any) -> dict[str, Any]:
    """Return the fields that are not as usual."""
    return {key: value for key, value in _given(part).items() if value != getattr(usual, key)}
