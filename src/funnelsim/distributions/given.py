"""A distribution as users give it: a number, an object, a table of a scenario file; and back."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from funnelsim.distributions.base import Distribution
from funnelsim.distributions.empirical import Discrete, Quantiles, Sample, usable
from funnelsim.distributions.frozen import Frozen, is_of_scipy
from funnelsim.distributions.parametric import Exponential, Fixed, Parametric, Pareto, Weibull
from funnelsim.distributions.special import Gamma, Lognormal, Pert
from funnelsim.errors import InputError, RowProblem, RowsError, unknown
from funnelsim.parameters import NONNEGATIVE, number

ReadColumn = Callable[[str, str], Sequence[Any]]

PARAMETRIC: dict[str, type[Parametric]] = {
    one.family: one for one in (Exponential, Gamma, Lognormal, Weibull, Pert, Pareto)
}
FAMILIES = ("fixed", *PARAMETRIC, "quantiles", "sample", "discrete")
CLASSES: tuple[type[Distribution], ...] = (Fixed, *PARAMETRIC.values(), Quantiles, Sample, Discrete)
RULE = "be a number or a distribution"


def as_distribution(field: str, value: Any) -> Distribution:
    """Return a distribution for what a user gave in Python.

    Parameters
    ----------
    field : str
        What was given, for messages: ``"time of stage 'proposal'"``.
    value : float, Distribution or frozen scipy.stats distribution
        A number is a `Fixed` value.

    Raises
    ------
    InputError
        If it is anything else, or holds values below 0.

    Examples
    --------
    >>> as_distribution("amount", 300_000)
    Fixed(value=300000.0)
    """
    if isinstance(value, Distribution):
        return value
    if _is_number(value):
        return Fixed(number(field, value, NONNEGATIVE))
    if is_of_scipy(value):
        with _named(field):
            return Frozen(value)
    if isinstance(value, (list, tuple)) or hasattr(value, "tolist"):
        remedy = "for values that were seen write Sample([...]), or { sample = [...] } in a file"
        raise InputError(field, RULE, value, remedy)
    names = ", ".join(one.__name__ for one in CLASSES)
    raise InputError(field, RULE, value, f"one of {names}, or a frozen one of scipy.stats")


def distribution_from_toml(
    field: str, value: Any, read_column: ReadColumn | None = None
) -> Distribution:
    """Return the distribution that a scenario file states.

    Parameters
    ----------
    field : str
        What was given, for messages.
    value : float or dict
        A number, or a table with one key, the name of the family.
    read_column : callable, optional
        Called with a file and a column, returns the values of ``sample = {file, column}``.

    Raises
    ------
    InputError
        If a name is not known, parameters are missing or a value is not allowed.
    RowsError
        If rows of a sample's file hold no usable number.

    Examples
    --------
    >>> distribution_from_toml("time", {"gamma": {"mean": 30, "cv": 0.6}})
    Gamma(mean=30.0, cv=0.6)
    """
    if _is_number(value):
        return as_distribution(field, value)
    if not isinstance(value, Mapping) or len(value) != 1:
        remedy = f"as in {{ gamma = {{ mean = 30, cv = 0.6 }} }}; families: {', '.join(FAMILIES)}"
        raise InputError(field, "be a number or a table with one key", value, remedy)
    [(family, content)] = value.items()
    if family not in FAMILIES:
        raise unknown(f"distribution of {field}", family, FAMILIES, "be a known family")
    if family == "sample" and isinstance(content, Mapping):
        return _sample_of_file(field, content, read_column)
    with _named(field):
        return _of_family(family, content)


def distribution_to_toml(distribution: Distribution) -> float | dict[str, Any]:
    """Return the number or the one-key table that states a distribution in a scenario file.

    Raises
    ------
    InputError
        For a `Frozen` distribution: only Python can hold it.

    Examples
    --------
    >>> distribution_to_toml(Lognormal(median=30, sigma=0.5))
    {'lognormal': {'median': 30.0, 'sigma': 0.5}}
    """
    match distribution:
        case Fixed():
            value = _written(distribution.parameters)["value"]
            return {"fixed": value} if isinstance(value, list) else value
        case Parametric():
            return {distribution.family: _written(distribution.parameters)}
        case Quantiles():
            return {"quantiles": {_level(level): value for level, value in distribution.points}}
        case Sample(source=(file, column)):
            return {"sample": {"file": file, "column": column}}
        case Sample():
            return {"sample": list(distribution.values)}
        case Discrete(values, chances):
            return {"discrete": {"values": list(values), "chances": list(chances)}}
    remedy = "use Sample (its values) or Quantiles (a few of its quantiles) instead"
    raise InputError("distribution", "be one that a scenario file can hold", distribution, remedy)


def _is_number(value: Any) -> bool:
    return isinstance(value, (numbers.Real, Decimal)) and not isinstance(value, bool)


@contextmanager
def _named(field: str) -> Iterator[None]:
    """Put the field of the caller in front of an error's own."""
    try:
        yield
    except InputError as error:
        own = f"{field}: {error.field}"
        raise InputError(own, error.rule, error.value, error.remedy, error.where) from None


def _of_family(family: str, content: Any) -> Distribution:
    if family == "fixed":
        return Fixed(content)
    if family == "quantiles":
        return Quantiles(content)
    if family == "sample":
        return Sample(content)
    if family == "discrete":
        _check_keys(family, content, ("values", "chances"))
        _check_complete(family, content, ("values", "chances"))
        return Discrete(**content)
    made = PARAMETRIC[family]
    _check_keys(family, content, tuple(dict.fromkeys(name for form in made.forms for name in form)))
    made.check_form(content)
    return made(**content)


def _check_keys(family: str, content: Any, known: Sequence[str]) -> None:
    if not isinstance(content, Mapping):
        example = ", ".join(f"{name} = …" for name in known[:2])
        raise InputError(family, "be a table of its parameters", content, f"as in {{ {example} }}")
    for name in content:
        if name not in known:
            raise unknown(f"parameter of {family}", name, known)


def _check_complete(family: str, content: Mapping[str, Any], needed: Sequence[str]) -> None:
    if set(content) != set(needed):
        raise InputError(f"parameters of {family}", f"be {' and '.join(needed)}", list(content))


def _sample_of_file(
    field: str, content: Mapping[str, Any], read_column: ReadColumn | None
) -> Sample:
    needed = ("file", "column")
    with _named(field):
        _check_keys("sample", content, needed)
        _check_complete("sample", content, needed)
        for name in needed:
            if not isinstance(content[name], str):
                raise InputError(f"{name} of sample", "be text in quotes", content[name])
        if read_column is None:
            raise InputError("sample", "be a list of numbers: no file can be read here", content)
    file, column = content["file"], content["column"]
    values = read_column(file, column)
    _check_rows(f"{field}: {file}", column, values)
    with _named(field):
        return Sample(values, source=(file, column))


def _check_rows(source: str, column: str, values: Any) -> None:
    """Refuse a column with cells that are no numbers, and name their rows."""
    given = values.tolist() if hasattr(values, "tolist") else list(values)
    if usable(given):
        return
    problems = []
    for row, value in enumerate(given, start=1):
        try:
            number(column, value, NONNEGATIVE)
        except InputError as error:
            problems.append(RowProblem(row, column, error.rule, value))
    if problems:
        raise RowsError(source, problems, "every row of a sample needs a number of at least 0")


def _written(parameters: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in parameters}


def _level(level: float) -> str:
    return repr(level).removesuffix(".0")
