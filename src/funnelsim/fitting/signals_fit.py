"""From closed deals to what each answer is worth: effects of signals, each with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim._signal import ANSWER, MISSING, UNKNOWN
from funnelsim.cautions import Caution
from funnelsim.errors import unknown as unknown_name
from funnelsim.fitting.alike import Columns, fit_columns
from funnelsim.fitting.averaged import APART, Averaged
from funnelsim.fitting.calibration import (
    BASE_CHANCE,
    BASE_RATE,
    SIGNALS,
    Calibration,
    by_base_chance,
    by_base_rate,
    by_signals,
    calibrate,
)
from funnelsim.fitting.fitted import Fitted, generator
from funnelsim.fitting.signal_effects import Effect, centred, effects_of, strengths_of
from funnelsim.fitting.signal_table import ClosedDeals, read_closed_deals
from funnelsim.fitting.signal_warnings import warnings_of
from funnelsim.fitting.signals_text import summary_of
from funnelsim.frames import to_frame
from funnelsim.parameters import NONNEGATIVE, number, whole
from funnelsim.signals import NumericSignal, Signal, Signals

Floats = NDArray[np.float64]

OF_EFFECTS = 3001
MOST_DRAWS, MOST_FOLDS, MOST_REPEATS = 10_000, 100, 100


@dataclass(frozen=True, eq=False)
class SignalFit:
    """What the answers about closed deals say of winning, each with how sure it is.

    Parameters
    ----------
    deals : ClosedDeals
        Outcomes and answers.
    effects : tuple of Effect
        Of each level, and of each number.
    strengths : mapping of str to Fitted
        For each signal the standard deviation of its log-odds over the deals: how far it tells
        them apart.
    likeness : float
        How alike outcomes are inside a group of deals, beyond their answers, in [0, 1].
    warnings : tuple of Caution
        What the table cannot say.
    columns : Columns
        What was regressed.
    posterior : Averaged
        Of intercept and effects.
    log_odds : ndarray, shape (draws, columns)
        Draws of the effects, signal by signal.
    late : tuple of str
        Signals that were perhaps written down after the outcome, by the user's word.

    Examples
    --------
    >>> fit = fit_signals({"coach": ["yes"] * 60 + ["no"] * 60,
    ...                    "Status": ["Won"] * 40 + ["Lost"] * 20 + ["Won"] * 15 + ["Lost"] * 45})
    >>> fit.effect("coach", "yes").evidence, fit.signals(draws=1).names
    ('shown', ('coach',))
    """

    deals: ClosedDeals
    effects: tuple[Effect, ...]
    strengths: dict[str, Fitted]
    likeness: float
    warnings: tuple[Caution, ...] = field(repr=False)
    columns: Columns = field(repr=False)
    posterior: Averaged = field(repr=False)
    log_odds: Floats = field(repr=False)
    late: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the signals."""
        return tuple(one.name for one in self.deals.answers)

    @property
    def draws(self) -> int:
        """How many draws each effect has."""
        return len(self.log_odds)

    def effect(self, signal: str, level: str | None = None) -> Effect:
        """Return the effect of a level; of a numeric signal without one.

        Raises
        ------
        InputError
            If there is no such signal or level.
        """
        if signal not in self.names:
            raise unknown_name("signal", signal, self.names)
        own = {one.level: one for one in self.effects if one.signal == signal}
        wanted = next(iter(own)) if level is None and len(own) == 1 else level
        if wanted not in own:
            raise unknown_name(f"level of {signal!r}", str(wanted), own)
        return own[wanted]

    def calibration(self, *, folds: int = 10, repeats: int = 5, seed: int = 1) -> Calibration:
        """Return how good chances from these signals are, on deals that were not used.

        Groups of deals stay on one side of every split. Beside them stand the base rate, the base
        chances if there are any, and the signals without those that are perhaps late.

        Parameters
        ----------
        folds : int
            Parts that the groups are split into, 2 at least.
        repeats : int
            How often they are split anew.
        seed : int
            Of the splits.
        """
        folds = whole("folds", folds, 2, MOST_FOLDS)
        repeats = whole("repeats", repeats, 1, MOST_REPEATS)
        ways = {SIGNALS: by_signals(self.posterior.apart, self.posterior), BASE_RATE: by_base_rate}
        if self.deals.base_chance is not None:
            ways[BASE_CHANCE] = by_base_chance
        early = [k for k, name in enumerate(self.names) if name not in self.late]
        if early and len(early) < len(self.names):
            name = f"signals without {', '.join(self.late)}"
            ways[name] = by_some_signals(early, self.posterior.apart)
        seed = whole("seed", seed, 0)
        return calibrate(self.columns, ways, folds=folds, repeats=repeats, seed=seed)

    def signals(
        self, names: Sequence[str] | None = None, *, draws: int | None = None, late: bool = False
    ) -> Signals:
        """Return the effects as assumptions of a scenario.

        Odds ratios are against the average deal of the table, whose shares of answers are the
        reference.

        Parameters
        ----------
        names : sequence of str, optional
            Which signals; by default all that are not perhaps late.
        draws : int, optional
            How many draws; by default all. 1: the mean log-odds alone.
        late : bool
            Whether signals that are perhaps late are among them.
        """
        count = self.draws if draws is None else whole("draws", draws, 1, self.draws)
        if names is None:
            names = [one for one in self.names if late or one not in self.late]
        for name in names:
            if name not in self.names:
                raise unknown_name("signal", name, self.names)
        return Signals(tuple(self._signal(name, count) for name in names))

    def _signal(self, name: str, draws: int) -> Signal | NumericSignal:
        place = self.names.index(name)
        answers = self.deals.answers[place]
        own = self.log_odds[:, self.columns.signal == place]
        some = own[:draws] if draws > 1 else own.mean(axis=0, keepdims=True)
        ratios = [one if draws > 1 else one[0] for one in np.exp(some).T.tolist()]
        if answers.numeric:
            normal = {"mean": answers.centre, "sd": answers.scale}
            return NumericSignal(name, ratios[0], per=answers.scale, reference=normal)
        says_unknown = any(level.casefold() == UNKNOWN for level in answers.levels)
        return Signal(
            name,
            dict(zip(answers.levels, ratios, strict=True)),
            reference=answers.shares(),
            unknown=ANSWER if says_unknown else MISSING,
        )

    def to_frame(self, backend: str | None = None) -> Any:
        """Return the effects as a dataframe, a row each.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, optional
            By default the first of these that is installed.
        """
        rows = [one.to_dict() for one in self.effects]
        return to_frame({name: [row[name] for row in rows] for name in rows[0]}, backend)

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as plain values."""
        return {
            "deals": len(self.deals),
            "won": int(self.deals.won.sum()),
            "groups": int(self.columns.group.max()) + 1,
            "likeness": self.likeness,
            "effects": [one.to_dict() for one in self.effects],
            "strengths": {name: one.to_dict() for name, one in self.strengths.items()},
            "warnings": [one.to_dict() for one in self.warnings],
        }

    def summary(self) -> str:
        """Return the effects as a table, the strongest signals first, and what to know."""
        return summary_of(self)

    def __repr__(self) -> str:
        return self.summary()


def by_some_signals(chosen: Sequence[int], apart: Sequence[float]) -> Any:
    """Return the way to tell deals by some of their signals."""

    def only(deals: Columns) -> Columns:
        inside = np.isin(deals.signal, chosen)
        signal = np.searchsorted(chosen, deals.signal[inside])
        return deals._replace(columns=deals.columns[:, inside], signal=signal)

    full = by_signals(apart)
    return lambda learn, told: full(only(learn), only(told))


def fit_signals(
    table: Any,
    outcome: str = "Status",
    won: Any = "Won",
    lost: Any = None,
    *,
    columns: Sequence[str] | None = None,
    numeric: Sequence[str] = (),
    groups: str | None = None,
    base_chance: str | None = None,
    late: Sequence[str] = (),
    unknown: str = ANSWER,
    apart: float | None = None,
    draws: int = 200,
    seed: int = 1,
) -> SignalFit:
    """Return what the answers about closed deals say of winning.

    The log-odds of a win are a level, plus the log-odds of the deal's base chance if it is given,
    plus an effect of each answer. The effects of a signal are normal around 0, with a standard
    deviation of its own that the deals themselves determine: where they show nothing, and where
    a level has few deals, effects shrink towards 0. An empty cell says nothing.

    Parameters
    ----------
    table : dataframe, mapping, list of mappings or path
        Closed deals, a row each.
    outcome : str
        The column that says how a deal ended.
    won, lost : value or list of values
        What it says of won and of lost deals; without ``lost`` there is one other word.
    columns : sequence of str, optional
        The signals; by default all other columns.
    numeric : sequence of str
        Those whose numbers have a straight effect, such as a count of red flags.
    groups : str, optional
        A column that says which deals belong together (an account): they stay on one side of each
        split, and count for less where they end alike. By default deals with equal answers, unless
        there are more than four times as many deals as different answers: then each is by itself.
    base_chance : str, optional
        A column with the chance of each deal without its signals (of its stage), in (0, 1).
    late : sequence of str
        Signals that were perhaps written down after the outcome: fitted, but not among
        `SignalFit.signals`, and `SignalFit.calibration` shows what the others do alone.
    unknown : {"answer", "missing"}
        What the word "unknown" is: an answer of its own, or like an empty cell.
    apart : float, optional
        Standard deviation of the logarithms of the signals' strengths of shrinkage around the one
        they share; 0: one strength for all. By default several are averaged over,
        as far as the deals speak for each.
    draws : int
        Draws of the effects.
    seed : int
        Of the draws.

    Raises
    ------
    InputError
        If a column is missing or of no use, or there are fewer than ten deals, or all ended alike;
        a `RowsError` for cells that cannot be used.

    Examples
    --------
    >>> deals = {"coach": ["yes"] * 60 + ["no"] * 60,
    ...          "Status": ["Won"] * 40 + ["Lost"] * 40 + ["Won"] * 15 + ["Lost"] * 25}
    >>> fit_signals(deals).effect("coach", "yes").in_words
    '40 wins in 60: odds x 2.2 (1.7 to 3)'
    """
    deals = read_closed_deals(
        table, outcome=outcome, won=won, lost=lost, columns=columns, numeric=numeric,
        groups=groups, base_chance=base_chance, unknown=unknown,
    )  # fmt: skip
    late = _known_names("late", late, deals)
    ways = APART if apart is None else (number("apart", apart, NONNEGATIVE),)
    draws, seed = whole("draws", draws, 2, MOST_DRAWS), whole("seed", seed, 0)
    seen = columns_of(deals)
    posterior, likeness = fit_columns(seen, apart=ways)
    drawn = posterior.draws(draws, generator(seed, OF_EFFECTS))
    log_odds = centred(drawn[:, 1:], seen)
    effects = effects_of(deals, seen, log_odds)
    strengths = strengths_of(deals, seen, log_odds)
    warnings = warnings_of(deals, late, likeness)
    return SignalFit(deals, effects, strengths, likeness, warnings, seen, posterior, log_odds, late)


def columns_of(deals: ClosedDeals) -> Columns:
    """Return what is regressed: a column for each level, and for each number."""
    blocks = [one.columns() for one in deals.answers]
    signal = np.repeat(np.arange(len(blocks)), [block.shape[1] for block in blocks])
    return Columns(np.concatenate(blocks, axis=1), signal, deals.won, deals.offset, deals.group)


def _known_names(field_: str, given: Sequence[str], deals: ClosedDeals) -> tuple[str, ...]:
    known = [one.name for one in deals.answers]
    for name in (given,) if isinstance(given, str) else given:
        if name not in known:
            raise unknown_name(field_, name, known, "be a signal")
    return (given,) if isinstance(given, str) else tuple(given)
