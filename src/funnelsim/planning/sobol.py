"""Shares of an answer's variance over uncertain inputs, which move together."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from funnelsim._text import aligned
from funnelsim._workers import Executors
from funnelsim.errors import InputError
from funnelsim.estimate import Estimate
from funnelsim.parameters import Interval, number, plain, whole
from funnelsim.planning.fields import check_scenario, with_values
from funnelsim.planning.paired import by_replicate
from funnelsim.planning.results import COLUMNS, WORDS, Result, checked_answer, one_answer
from funnelsim.planning.runs import Runs
from funnelsim.scenario import Scenario
from funnelsim.simulation import MOST_SEED, Progress

Floats = NDArray[np.float64]

LEAST_INPUTS = 2
RESAMPLES = 499
CENTRAL = (0.025, 0.975)
FINITE = Interval()
POINTS, BOOTSTRAP = 1, 2
"""Streams of random numbers under the seed, for the points and for the intervals."""


class Quantiles(Protocol):
    """A distribution, as far as it is needed: of funnelsim, or a frozen one of SciPy."""

    def ppf(self, q: Any) -> Any:
        """Return the quantiles at levels in [0, 1]."""


@dataclass(frozen=True)
class Share:
    """What one input contributes to the variance of an answer.

    Parameters
    ----------
    input : str
        Dotted name of the field.
    low, high : float
        P2.5 and P97.5 of its values.
    first : Estimate
        First-order share: of the variance that is gone when this input is known.
    total : Estimate
        Total share: of the variance that is left when all others are known. It is the first-order
        share and what the input does together with others.
    """

    input: str
    low: float
    high: float
    first: Estimate
    total: Estimate


@dataclass(frozen=True, kw_only=True, repr=False)
class SobolShares(Result):
    """Shares of an answer's variance, largest total share first; made by `sobol_shares`.

    Parameters
    ----------
    answer : str
        Of which answer.
    mean, sd : float
        Of the answer over the uncertain inputs.
    noise : float
        Share of the variance that is Monte Carlo noise: what the answers of single runs are off,
        apart from what they are all off alike. More paths make it less.
    samples : int
        Points of each of the two samples; there are ``samples * (inputs + 2)`` runs.
    shares : tuple of Share
        One for each input.

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline
    >>> deals = Pipeline.from_frame({"stage": ["proposal"] * 9, "amount": [300_000] * 9})
    >>> base = Scenario(as_of="2026-12-31", periods=Periods("year", 1), quota=1_200_000,
    ...                 funnel=Funnel.key_account(time=30), pipeline=deals)
    >>> found = sobol_shares(base, {"quota": (9e5, 1.8e6), "funnel.win_rate": (0.09, 0.11)},
    ...                      samples=16, paths=512)
    >>> [share.input for share in found.shares]
    ['quota', 'funnel.win_rate']
    """

    answer: str
    mean: float
    sd: float
    noise: float
    samples: int
    shares: tuple[Share, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict for each input: its range and its shares."""
        return [
            {"input": one.input, "low": one.low, "high": one.high,
             "first_order": one.first, "total": one.total}
            for one in self.shares
        ]  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return all answers as JSON holds them."""
        rows = [
            {**row, "first_order": row["first_order"].to_dict(), "total": row["total"].to_dict()}
            for row in self.rows()
        ]
        return {
            **self._heading(),
            "answer": COLUMNS[self.answer],
            "samples": self.samples,
            "mean": self.mean,
            "sd": self.sd,
            "monte_carlo_share": self.noise,
            "inputs": rows,
        }

    def __repr__(self) -> str:
        runs = self.samples * (len(self.shares) + 2)
        title = f"Shares of the variance of the {WORDS[self.answer]}"
        lines = [f"{title}: {runs:,} runs of {self._made()}", ""]
        header = ["input", "P2.5", "P97.5", "alone", "95 % interval", "in all", "95 % interval"]
        lines += aligned(header, [_shown(one) for one in self.shares])
        lines += [
            "",
            f"The answer has a mean of {self.mean:.5g} and a standard deviation of {self.sd:.3g}.",
            f"{100 * self.noise:.2g} % of its variance is Monte Carlo noise.",
        ]
        return "\n".join(lines)


def _shown(one: Share) -> list[str]:
    cells = [one.input, f"{one.low:.5g}", f"{one.high:.5g}"]
    for share in (one.first, one.total):
        cells += [f"{100 * share.value:.1f} %", f"{100 * share.low:.1f} to {100 * share.high:.1f}"]
    return cells


class _Values(NamedTuple):
    """The answer at the points of both samples, and at those of A with one input from B."""

    a: Floats  # (samples,)
    b: Floats  # (samples,)
    mixed: Floats  # (inputs, samples)


def sobol_shares(
    base: Scenario,
    inputs: Mapping[str, Quantiles | tuple[float, float]],
    *,
    samples: int = 512,
    answer: str | None = None,
    paths: int = 4_096,
    seed: int = 1,
    threads: int | None = None,
    executor: Executors | None = None,
    progress: Progress | None = None,
) -> SobolShares:
    """Return what each uncertain input, and what it does with others, adds to a variance.

    Inputs are independent. All runs have the same draws, so the answer is a function of the inputs
    alone. Points are two scrambled Sobol samples A and B; with the points of A in which one input
    is from B, the shares are those of Saltelli and others [1]_, as `scipy.stats.sobol_indices`
    takes them. Intervals come from samples drawn again from the points with replacement; since the
    points are more even than random ones, they are rather too wide.

    Parameters
    ----------
    base : Scenario
        The assumptions that are certain.
    inputs : mapping of str to distribution or (low, high)
        At least two dotted names of fields, each with how its value is spread: evenly between two
        numbers, or by a distribution of funnelsim or a frozen one of `scipy.stats`.
    samples : int
        Points of each sample, a power of two. There are ``samples * (inputs + 2)`` runs.
    answer : {"attainment", "mean", "p10", "p50", "p90", "wins"}, optional
        The chance to reach the quota, or one of bookings, or mean wins. By default attainment, or
        mean bookings where there is no quota.
    paths, seed, threads, executor, progress
        As of `simulate`, for each run; progress is over all of them.

    Returns
    -------
    SobolShares
        First-order and total shares, and how much of the variance is Monte Carlo noise.

    Raises
    ------
    InputError
        If a name is not known, a range is none, or the scenario does not take a value.

    References
    ----------
    .. [1] A. Saltelli, P. Annoni, I. Azzini, F. Campolongo, M. Ratto and S. Tarantola, Variance
       based sensitivity analysis of model output, Computer Physics Communications 181 (2010).

    Examples
    --------
    >>> from funnelsim import Funnel, Periods, Pipeline
    >>> deals = Pipeline.from_frame({"stage": ["proposal"] * 9, "amount": [300_000] * 9})
    >>> base = Scenario(as_of="2026-12-31", periods=Periods("year", 1),
    ...                 funnel=Funnel.key_account(time=30), pipeline=deals)
    >>> found = sobol_shares(base, {"pipeline.amount": (2e6, 3e6), "funnel.cycle_time": (90, 110)},
    ...                      samples=16, paths=512)
    >>> found.shares[0].input, round(found.shares[0].total.value, 1)
    ('pipeline.amount', 1.0)
    """
    check_scenario(base)
    asked = checked_answer(answer, base.quota)
    laws = _laws(inputs)
    count = whole("samples", samples, 2)
    if count & (count - 1):
        raise InputError("samples", "be a power of two", samples, "such as 256 or 512")
    seed = whole("seed", seed, 0, MOST_SEED)
    points = _points(laws, count, seed)
    for _ in _scenarios(base, list(laws), points):
        pass  # what there cannot be is refused before anything is simulated
    with Runs(
        paths=paths,
        seed=seed,
        threads=threads,
        executor=executor,
        progress=progress,
        scenarios=count * (len(laws) + 2),
    ) as runs:
        values, noise = _answers(_scenarios(base, list(laws), points), asked, runs)
    found = _Values(
        values[:count], values[count : 2 * count], values[2 * count :].reshape(-1, count)
    )
    both = values[: 2 * count]
    variance = float(both.var())
    if variance == 0.0:
        remedy = "it is the same at all points: give other inputs, wider ranges or more paths"
        raise InputError(WORDS[asked], "vary with the inputs", float(both[0]), remedy)
    shares = _shares(laws, points, found, seed)
    return SobolShares(
        seed=seed,
        paths=int(paths),
        currency=base.currency,
        answer=asked,
        mean=float(both.mean()),
        sd=variance**0.5,
        noise=noise / variance,
        samples=count,
        shares=tuple(sorted(shares, key=lambda one: -one.total.value)),
    )


def _laws(inputs: Any) -> dict[str, Quantiles]:
    if not isinstance(inputs, Mapping) or len(inputs) < LEAST_INPUTS:
        example = 'such as {"funnel.win_rate": (0.08, 0.12), "quota": (9e5, 1.1e6)}'
        raise InputError("inputs", "map at least two names to ranges", inputs, example)
    return {name: _law(name, given) for name, given in inputs.items()}


def _law(name: str, given: Any) -> Quantiles:
    if hasattr(given, "ppf"):
        return given  # type: ignore[no-any-return]
    try:
        low, high = plain(given)
    except (TypeError, ValueError):
        rule = "be a distribution or a pair of a low and a high number"
        raise InputError(f"range of {name!r}", rule, given) from None
    low, high = number(f"low of {name!r}", low, FINITE), number(f"high of {name!r}", high, FINITE)
    if not low < high:
        raise InputError(f"range of {name!r}", "go from low to high", (low, high))
    from scipy.stats import uniform  # noqa: PLC0415

    return uniform(low, high - low)  # type: ignore[no-any-return]


def _points(laws: Mapping[str, Quantiles], count: int, seed: int) -> Floats:
    """Return the values of the inputs at all points, shape (runs, inputs): A, B, then the mixed."""
    from scipy.stats import qmc  # noqa: PLC0415

    size = len(laws)
    # SciPy 1.15 renamed the argument
    name = "rng" if "rng" in inspect.signature(qmc.Sobol).parameters else "seed"
    sampler = qmc.Sobol(2 * size, bits=64, **{name: _generator(seed, POINTS)})
    levels = sampler.random(count)
    halves = (levels[:, :size], levels[:, size:])
    a, b = (
        np.column_stack([law.ppf(half[:, k]) for k, law in enumerate(laws.values())])
        for half in halves
    )
    mixed = [np.where(np.arange(size) == k, b, a) for k in range(size)]
    return np.concatenate([a, b, *mixed])


def _generator(seed: int, stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, stream))))


def _scenarios(base: Scenario, names: Sequence[str], points: Floats) -> Iterator[Scenario]:
    """Yield the scenario at each point; refuse one that there cannot be."""
    for point in points.tolist():
        values = dict(zip(names, point, strict=True))
        try:
            yield with_values(base, values)
        except InputError as error:
            for name, value in values.items():
                with_values(base, {name: value})  # what is wrong by itself says so
            remedy = f"ranges must allow all combinations; here {error}"
            raise InputError("inputs", "be possible together", values, remedy) from None


def _answers(cases: Iterable[Scenario], answer: str, runs: Runs) -> tuple[Floats, float]:
    """Return the answer at each point, and the variance of its Monte Carlo error over the points.

    What a replicate is off from the answer at a point, less what it is off on average over the
    points, is noise that the points do not have in common. The answer stands for so many
    replicates.
    """
    values, parts = [], []
    for scenario in cases:
        forecast = runs.forecast(scenario)
        values.append(one_answer(forecast, answer).value)
        parts.append(by_replicate(forecast, answer))
    found, own = np.array(values), np.array(parts)
    off = own - own.mean(axis=1, keepdims=True)
    return found, float(off.var(axis=0).sum() / off.shape[1] / (off.shape[1] - 1))


def _shares(
    laws: Mapping[str, Quantiles], points: Floats, values: _Values, seed: int
) -> list[Share]:
    count = len(values.a)
    best = _indices(values)
    rng = _generator(seed, BOOTSTRAP)
    again = np.array(
        [_indices(_drawn(values, rng.integers(count, size=count))) for _ in range(RESAMPLES)]
    )
    error = again.std(axis=0, ddof=1)
    low, high = np.quantile(again, CENTRAL, axis=0)
    ranges = np.quantile(points[: 2 * count], CENTRAL, axis=0)

    def estimate(kind: int, k: int) -> Estimate:
        value = float(best[kind, k])
        ends = min(float(low[kind, k]), value), max(float(high[kind, k]), value)
        return Estimate(value, float(error[kind, k]), *ends)

    return [
        Share(name, float(ranges[0, k]), float(ranges[1, k]), estimate(0, k), estimate(1, k))
        for k, name in enumerate(laws)
    ]


def _indices(values: _Values) -> Floats:
    """Return first-order and total shares, shape (2, inputs)."""
    from scipy.stats import sobol_indices  # noqa: PLC0415

    # copies, since SciPy 1.14 takes the mean off in place
    a, b, mixed = (part.copy() for part in (values.a[None], values.b[None], values.mixed[:, None]))
    found = sobol_indices(func={"f_A": a, "f_B": b, "f_AB": mixed}, n=len(values.a))
    return np.array([found.first_order, found.total_order])


def _drawn(values: _Values, rows: NDArray[np.int64]) -> _Values:
    return _Values(values.a[rows], values.b[rows], values.mixed[:, rows])
