"""How good stated chances were: log loss, Brier score, AUC and calibration."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.fitting.hierarchical import Places, sigmoid

Floats = NDArray[np.float64]

SURE = 1e-6
"""A chance counts as no surer than this, in a score that a single surprise would make infinite."""
STEPS, TOLERANCE = 50, 1e-10
NEARLY_ALIKE = 0.1
"""Log-odds with no larger standard deviation have no slope worth a number."""
BINS, FEWEST = 10, 20


@dataclass(frozen=True)
class Scores:
    """Scores of stated chances.

    Parameters
    ----------
    log_loss : float
        Mean of minus the logarithm of the chance given to what happened.
    brier : float
        Mean square of chance minus outcome.
    auc : float
        Chance that a won deal had the higher chance of a won and a lost one.
    slope : float or None
        Of the outcomes' log-odds in the stated ones: 1 is right, below 1 the chances are too far
        apart; None where all chances are nearly alike.
    """

    log_loss: float
    brier: float
    auc: float
    slope: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the scores by name."""
        return asdict(self)


@dataclass(frozen=True)
class ReliabilityBin:
    """Deals of like chances: the mean chance beside the share won.

    Parameters
    ----------
    deals : int
        How many.
    chance : float
        Their mean stated chance.
    won : float
        The share of them that was won.
    low, high : float
        80 % interval of the chance that this share speaks for (Jeffreys).
    """

    deals: int
    chance: float
    won: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


def scores_of(won: Floats, chance: Floats) -> Scores:
    """Return the scores of stated chances.

    Parameters
    ----------
    won : ndarray, shape (deals,)
        1 or 0.
    chance : ndarray, shape (deals,)
        In [0, 1].

    Examples
    --------
    >>> found = scores_of(np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.8, 0.4, 0.6, 0.2]))
    >>> round(found.log_loss, 3), round(found.brier, 3), found.auc
    (0.57, 0.2, 0.75)
    """
    return Scores(
        float(losses_of(won, chance).mean()),
        float(((won - chance) ** 2).mean()),
        auc_of(won, chance),
        slope_of(won, chance),
    )


def losses_of(won: Floats, chance: Floats) -> Floats:
    """Return the log loss of each deal."""
    chance = np.clip(chance, SURE, 1.0 - SURE)
    return np.asarray(-np.where(won > 0.0, np.log(chance), np.log1p(-chance)))


def auc_of(won: Floats, chance: Floats) -> float:
    """Return the area under the ROC curve, ties counted half; 0.5 without two outcomes."""
    values, place, count = np.unique(chance, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - 0.5 * (count - 1.0))[place]
    wins, losses = float(won.sum()), float((1.0 - won).sum())
    if not wins or not losses or len(values) == 1:
        return 0.5
    return float((rank @ won - 0.5 * wins * (wins + 1.0)) / (wins * losses))


def slope_of(won: Floats, chance: Floats) -> float | None:
    """Return the calibration slope (Cox, 1958)."""
    chance = np.clip(chance, SURE, 1.0 - SURE)
    stated = np.log(chance) - np.log1p(-chance)
    if stated.std() < NEARLY_ALIKE:
        return None
    rows = np.column_stack([np.ones(len(stated)), stated])
    line = np.zeros(2)
    for _ in range(STEPS):
        told = sigmoid(rows @ line)
        curve = rows.T @ ((told * (1.0 - told) + TOLERANCE)[:, None] * rows)
        step = np.linalg.solve(curve, rows.T @ (won - told))
        line = line + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < TOLERANCE:
            break
    return float(line[1])


def reliability(won: Floats, chance: Floats, repeats: int = 1) -> tuple[ReliabilityBin, ...]:
    """Return deals in bins of like chances, at most ten, none of fewer than 20 deals.

    Parameters
    ----------
    won, chance : ndarray, shape (repeats * deals,)
        Outcomes and stated chances; each deal as often as there are repeats.
    repeats : int
        How often each deal is there.
    """
    from scipy.special import betaincinv  # noqa: PLC0415

    count = int(np.clip(len(won) // repeats // FEWEST, 1, BINS))
    found = []
    for places in np.array_split(np.argsort(chance, kind="stable"), count):
        deals = len(places) / repeats
        wins = float(won[places].sum()) / repeats
        low, high = betaincinv(wins + 0.5, deals - wins + 0.5, [0.1, 0.9])
        mean = float(chance[places].mean())
        found.append(ReliabilityBin(round(deals), mean, wins / deals, float(low), float(high)))
    return tuple(found)


def grouped_folds(group: Places, folds: int, random: np.random.Generator) -> Places:
    """Return the fold of each deal; those of one group are all in one.

    Examples
    --------
    >>> random = np.random.Generator(np.random.Philox(1))
    >>> fold = grouped_folds(np.array([0, 0, 1, 2, 3, 3]), 2, random)
    >>> bool(fold[0] == fold[1]), bool(fold[4] == fold[5]), sorted(set(fold.tolist()))
    (True, True, [0, 1])
    """
    groups = int(group.max()) + 1
    fold = np.empty(groups, np.int64)
    fold[random.permutation(groups)] = np.arange(groups) % folds
    return np.asarray(fold[group])
