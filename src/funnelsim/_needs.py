"""The passes over the paths that required pipeline takes, and the answers made of them.

On each path extra deals are taken in a fixed order until the quota is booked (first passage).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from funnelsim._exact import open_pipeline
from funnelsim._passes import Ground, pieces
from funnelsim.errors import InputError, unknown
from funnelsim.estimate import Estimate
from funnelsim.goal import CENTS
from funnelsim.new_business import NewBusiness, RequiredPipeline, extra_amount
from funnelsim.parameters import plain, whole
from funnelsim.required import (
    LEVELS,
    MOST_RATE,
    PARTS,
    CreationRate,
    Passage,
    Requirement,
    rates_for,
)
from funnelsim.scenario import Scenario

if TYPE_CHECKING:
    from funnelsim._creation import NewDeals

Counts = NDArray[np.int64]

OF_A_RATE = ("stage", "amount")
"""What may be asked of the deals that a rate creates."""
MOST_WINS = 10_000_000


class Needs:
    """What is required to reach the quota of a forecast; a first passage is kept for each plan.

    Parameters
    ----------
    ground : Ground
        The scenario and how its paths are run.
    total, before : ndarray, shape (paths,)
        Bookings over the horizon in cents: all of them, and those without new business.
    """

    def __init__(self, ground: Ground, total: Counts, before: Counts) -> None:
        self._ground, self._total, self._before = ground, total, before
        self._passages: dict[RequiredPipeline, Passage] = {}

    def plan(self, confidence: Any, changes: dict[str, Any]) -> RequiredPipeline:
        """Return what extra deals are: as the scenario says, with some fields changed."""
        scenario = self._ground.scenario
        stated = scenario.required_pipeline or RequiredPipeline()
        known = [one.name for one in dataclasses.fields(stated) if one.name != "confidence"]
        _check_names(changes, known)
        asked = {} if confidence is None else {"confidence": confidence}
        return dataclasses.replace(stated, **changes, **asked).resolve(scenario.funnel.names)

    def passage(self, plan: RequiredPipeline) -> Passage:
        """Return the first passage of a plan; all its answers share one pass."""
        key = dataclasses.replace(plan, confidence=(0.5,))
        if key not in self._passages:
            self._passages[key] = first_passage(self._ground, key, self._total)
        return self._passages[key]

    def requirements(
        self, confidence: Any, changes: dict[str, Any]
    ) -> Requirement | list[Requirement]:
        """Return the requirement of a single confidence, or a list."""
        plan = self.plan(confidence, changes)
        found = self.passage(plan).requirements(plan.confidence)
        return found[0] if _single(confidence) else found

    def chance_with(self, deals: Any, changes: dict[str, Any]) -> Estimate:
        """Return the chance to reach the quota with so many extra deals."""
        plan = self.plan(None, changes)
        found = self.passage(plan).chance_with(whole("deals", deals, 0, plan.most))
        assert found is not None
        return found

    def curve(self, confidence: Any, changes: dict[str, Any]) -> dict[str, list[Any]]:
        """Return the pipeline required against confidence, column by column."""
        plan = self.plan(LEVELS if confidence is None else confidence, changes)
        return self.passage(plan).curve(plan.confidence)

    def rules(self, changes: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what the rules in use would give."""
        plan, scenario = self.plan(None, changes), self._ground.scenario
        win_rate = scenario.funnel.win_probabilities[:, _stage(scenario, plan)].mean()
        return self.passage(plan).rules(open_pipeline(scenario.pipeline), float(win_rate))

    def rates(self, confidence: Any, changes: dict[str, Any]) -> CreationRate | list[CreationRate]:
        """Return the rate of creation of a single confidence, or a list."""
        _check_names(changes, OF_A_RATE)
        found = self._rates(self.plan(confidence, changes), changes)
        return found[0] if _single(confidence) else found

    def _rates(self, plan: RequiredPipeline, changes: dict[str, Any]) -> list[CreationRate]:
        business = created_deals(self._ground.scenario, plan, changes)
        return creation_rates(self._ground, business, plan.confidence, self._before)

    def to_dict(self, confidence: Any, changes: dict[str, Any]) -> dict[str, Any]:
        """Return all of it, as ``funnelsim required`` writes it."""
        plan = self.plan(confidence, changes)
        passage = self.passage(plan)
        rates, notes = self._rates_or_reason(plan, changes)
        finite = math.isfinite(passage.mean_amount)
        return {
            "to_book": passage.to_book / CENTS,
            "extra": {
                "stage": plan.stage or self._ground.scenario.funnel.names[0],
                "day": plan.day,
                "mean_amount": passage.mean_amount if finite else None,
                "most": plan.most,
            },
            "required_pipeline": [one.to_dict() for one in passage.requirements(plan.confidence)],
            "pipeline_rules": self.rules(changes),
            "curve": passage.curve(),
            "required_creation_rate": rates,
            "notes": [*_hindrances(self._ground.scenario, plan, passage), *notes],
        }

    def _rates_or_reason(
        self, plan: RequiredPipeline, changes: dict[str, Any]
    ) -> tuple[list[dict[str, Any]] | None, list[str]]:
        try:
            rates = self._rates(plan, changes)
        except InputError as error:
            return None, [f"no required rate of creation: {error}"]
        return [one.to_dict() for one in rates], []


def _check_names(changes: dict[str, Any], known: Sequence[str]) -> None:
    for name in changes:
        if name not in known:
            raise unknown("a field of required pipeline", name, known)


def _hindrances(scenario: Scenario, plan: RequiredPipeline, passage: Passage) -> list[str]:
    """Return what limits the answer, where that is known beforehand."""
    notes = []
    if plan.day >= scenario.windows[-1].hi:
        notes.append(f"extra deals enter after the last period, which ends on day {_end(scenario)}")
    if passage.mean_amount == 0.0:
        notes.append("an extra deal has an amount of 0")
    business = scenario.new_business
    if business is not None and business.repeat is not None:
        notes.append("repeats of extra deals are not counted: fewer deals may do")
    if passage.mean_amount == math.inf:
        notes.append("the amount of an extra deal has no finite mean: no coverage is stated")
    return notes


def _end(scenario: Scenario) -> str:
    return f"{scenario.windows[-1].hi:g} after the as-of date"


def _single(confidence: Any) -> bool:
    return isinstance(plain(confidence), int | float)


def _stage(scenario: Scenario, plan: RequiredPipeline) -> int:
    return 0 if plan.stage is None else scenario.funnel.names.index(plan.stage)


def to_book(scenario: Scenario) -> int:
    """Return the quota still to book in cents, or refuse a scenario without a quota."""
    quota = scenario.quota_cents
    if quota is None:
        remedy = "required pipeline is what reaches it"
        raise InputError("quota", "be stated", remedy=remedy)
    return max(quota - scenario.booked_cents, 0)


def first_passage(ground: Ground, plan: RequiredPipeline, booked: Counts) -> Passage:
    """Return the extra deals that each path takes; ``booked`` (paths,) is booked without any."""
    from funnelsim._extra_deals import lower_extra  # noqa: PLC0415

    scenario = ground.scenario
    amount, left = extra_amount(plan, scenario.new_business), to_book(scenario)
    stage = _stage(scenario, plan)
    extra = lower_extra(scenario, ground.lowered.shared, stage, plan.day, amount)
    counts = _counts(ground, extra, plan.most, left - booked)
    return Passage(counts, plan.most, left, float(amount.mean))


def _counts(ground: Ground, extra: NewDeals, most: int, need: Counts) -> Counts:
    from funnelsim._blocks import PASSAGE_BLOCK, Search, run_passage  # noqa: PLC0415

    search = Search(extra, ground.lowered.shared, most, need)
    return np.concatenate(pieces(ground, run_passage, search, len(need), PASSAGE_BLOCK))


def creation_rates(
    ground: Ground, business: NewBusiness, confidences: Sequence[float], booked: Counts
) -> list[CreationRate]:
    """Return the rate of creation required for each confidence.

    The wins that a path needs follow from their amounts. At a rate of ``r`` times the planned one
    their number is Poisson with the mean ``r mu``; by inversion it reaches ``m`` with the uniform
    ``u`` where ``r mu`` reaches the quantile of a gamma with shape ``m`` at ``1 - u``.

    Parameters
    ----------
    business : NewBusiness
        New business at a rate of one, as `created_deals` gives it.
    booked : ndarray, shape (paths,)
        What is booked without new business, in cents.
    """
    from scipy.special import gammaincinv  # noqa: PLC0415

    from funnelsim._blocks import BLOCK, Work, run_wanted  # noqa: PLC0415
    from funnelsim._creation import lower_new_business  # noqa: PLC0415
    from funnelsim._extra_deals import always_won  # noqa: PLC0415

    scenario = ground.scenario.replace(new_business=business)
    shared, left = ground.lowered.shared, to_book(ground.scenario)
    new = lower_new_business(scenario, shared)
    assert new is not None
    wins = _counts(ground, always_won(new), MOST_WINS, left - booked)
    work = Work(ground.lowered.deals, shared, new)
    mean, u = np.hstack(pieces(ground, run_wanted, work, len(booked), BLOCK))
    possible = (mean > 0.0) & (wins <= MOST_WINS)
    times = np.full(len(booked), math.inf)
    times[possible] = gammaincinv(wins[possible], 1.0 - u[possible]) / mean[possible]
    times[wins == 0] = 0.0
    rate = np.minimum(times * float(np.mean(business.per_period)), 2.0 * MOST_RATE)
    return rates_for(np.ceil(rate * PARTS - 1e-6).astype(np.int64), confidences)


def created_deals(
    scenario: Scenario, plan: RequiredPipeline, changes: dict[str, Any]
) -> NewBusiness:
    """Return new business at its planned profile, with another stage or amount if so asked.

    Without new business it is the same in all periods, of deals like the extra ones.
    """
    business = scenario.new_business or NewBusiness(1.0, None, stage=plan.stage)
    for name in ("planned", "repeat"):
        if getattr(business, name):
            remedy = "a required rate is that of deals created by chance, without repeats"
            raise InputError(f"new_business.{name}", "be left out", remedy=remedy)
    rates = business.per_period
    if not isinstance(rates, tuple) or not any(rates):
        rates = 1.0
    asked = {name: getattr(plan, name) for name in OF_A_RATE if name in changes}
    if business.amount is None:
        asked["amount"] = extra_amount(plan, scenario.new_business)
    return dataclasses.replace(business, per_period=rates, **asked)
