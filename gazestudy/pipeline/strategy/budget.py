"""Which placements of a study to buy for a budget, and how robust that choice is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import StudyError
from gazestudy.model.recording import Finding
from gazestudy.model.wording import in_short
from gazestudy.pipeline.field_results import SEED
from gazestudy.pipeline.strategy.document import STRATEGY_NAME, load_strategy
from gazestudy.pipeline.strategy.potential import KnownTables, study_tables
from gazestudy.pipeline.strategy.terms import StrategyTables, counted_sums, placement_chains
from gazestudy.store import Study
from gazestudy.strategy.allocation import Plan, allocate
from gazestudy.strategy.goals import GOAL_MEASURES, PlacementPlan, Strategy
from gazestudy.strategy.offers import Group, Offer
from gazestudy.strategy.potential import WHOLE_DAY, potential
from gazestudy.strategy.robustness import Robustness, robustness
from gazestudy.strategy.terms import Term

Floats = NDArray[np.float64]
FEW_PEOPLE = 8
"""A segment with fewer participants is given the figures of everybody, and that is said."""


@dataclass(frozen=True, slots=True)
class BudgetResult:
    """Allocation of a budget.

    Attributes
    ----------
    strategy : Strategy
        The document.
    plan : Plan
        What to buy.
    robustness : Robustness
        How the choice stands.
    left_out : dict of str to str
        Placements that could not be considered, and why.
    findings : tuple of Finding
        What is missing or doubtful.
    conclusions : tuple of str
        In plain words.
    seed : int
        Of the simulation.
    """

    strategy: Strategy
    plan: Plan
    robustness: Robustness
    left_out: dict[str, str]
    findings: tuple[Finding, ...]
    conclusions: tuple[str, ...]
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Offered:
    """What a study can buy and what that brings, made once for many budgets.

    Attributes
    ----------
    strategy : Strategy
        The document.
    offers : tuple of Offer
        Placements with a price and a known potential.
    drawn : ndarray of float, shape (draws, offers)
        Draws of what each brings.
    left_out : dict of str to str
        The other placements, and why.
    findings : tuple of Finding
        What is missing or doubtful.
    seed : int
        Of the simulation.
    """

    strategy: Strategy
    offers: tuple[Offer, ...]
    drawn: Floats
    left_out: dict[str, str]
    findings: tuple[Finding, ...]
    seed: int

    @classmethod
    def of(
        cls,
        study: Study,
        *,
        document: Path | None = None,
        seed: int = SEED,
        draws: int = 200,
        level: float = 0.95,
        known: KnownTables | None = None,
    ) -> Offered:
        """Read and simulate; parameters and errors as those of `study_budget`."""
        strategy = load_strategy(study, document)
        tables, findings = study_tables(study) if known is None else known
        values, drawn, more = _segment_values(strategy, tables, draws=draws, seed=seed, level=level)
        offers, columns, left_out = [], [], {}
        for one in strategy.placements:
            if one.cost is None:
                left_out[one.id] = "it has no price"
            elif not np.isfinite(values[one.id]) or not np.isfinite(drawn[one.id]).all():
                left_out[one.id] = "its potential is not known"
            else:
                offers.append(_offer(one, values[one.id], strategy))
                columns.append(drawn[one.id])
        if not offers:
            raise StudyError(
                f"no placement has both a price and a known potential: {_by_reason(left_out)}."
                f" Write your own numbers for what is missing below assumptions of {STRATEGY_NAME}, such as"
                ' - {term: exposed, value: 0.6, low: 0.4, high: 0.8, source: "who says so"};'
                " the potential says what is missing"
            )
        together = np.stack(columns, axis=1)
        return cls(strategy, tuple(offers), together, left_out, (*findings, *more), seed)

    def bought(self, budget: float | None = None) -> BudgetResult:
        """Return which placements to buy for a budget, that of the document by default."""
        money = float(self.strategy.goal.budget) if budget is None else budget
        groups = _groups(self.strategy)
        plan = allocate(self.offers, budget=money, groups=groups)
        stands = robustness(self.offers, plan, self.drawn, budget=money, groups=groups)
        words = tuple(_budget_words(self.strategy, plan, stands, self.left_out, money))
        return BudgetResult(self.strategy, plan, stands, self.left_out, self.findings, words, self.seed)


def study_budget(
    study: Study,
    *,
    document: Path | None = None,
    budget: float | None = None,
    seed: int = SEED,
    draws: int = 200,
    level: float = 0.95,
    known: KnownTables | None = None,
) -> BudgetResult:
    """Return which placements to buy for the budget, and how robust that choice is.

    Parameters
    ----------
    study : Study
        The study.
    document : Path, optional
        Strategy document; that of the study by default.
    budget : float, optional
        Instead of that of the document.
    seed : int
        Of the simulation.
    draws : int
        Draws for which the best plan is found anew.
    level : float
        Confidence.
    known : KnownTables, optional
        From `study_tables`.

    Raises
    ------
    StudyError
        If there is no strategy document, or no placement has both a price and a known potential.
    ParameterError
        If the constraints cannot all be kept.
    """
    ready = Offered.of(study, document=document, seed=seed, draws=draws, level=level, known=known)
    return ready.bought(budget)


def _by_reason(left_out: dict[str, str]) -> str:
    reasons: dict[str, list[str]] = {}
    for name, why in left_out.items():
        reasons.setdefault(why, []).append(name)
    return "; ".join(f"{in_short(names, 3)} ({why})" for why, names in reasons.items())


def _offer(plan: PlacementPlan, value: float, strategy: Strategy) -> Offer:
    return Offer(
        plan.id,
        float(plan.cost or 0.0),
        value,
        whole=plan.whole,
        min_share=float(plan.min_share),
        max_share=float(plan.max_share),
        required=plan.required,
        group=plan.group,
        half_brings=float(strategy.goal.half_brings),
    )


def _groups(strategy: Strategy) -> list[Group]:
    return [
        Group(
            group.id,
            float(group.min_cost),
            float("inf") if group.max_cost is None else float(group.max_cost),
            float(group.half_brings),
        )
        for group in strategy.groups
    ]


def _segment_values(
    strategy: Strategy, tables: StrategyTables, *, draws: int, seed: int, level: float
) -> tuple[dict[str, float], dict[str, Floats], list[Finding]]:
    """Return what each placement brings in the period, weighted by segment: value and draws."""
    measure, days = GOAL_MEASURES[strategy.goal.measure], float(strategy.goal.period_days)
    parts: list[tuple[str, float]] = [(segment.id, float(segment.value)) for segment in strategy.segments]
    findings: list[Finding] = []
    chains: dict[tuple[str, str], list[Term]] = {}
    weights: dict[str, tuple[str, float]] = {}
    counted = counted_sums(strategy, tables.log)
    for segment, weight in parts or [("", 1.0)]:
        people = tables.cases.loc[tables.cases["segment"] == segment, "participant_id"].nunique()
        used = tables
        if segment and people < FEW_PEOPLE:
            text = f"segment {segment}: {people} participants; the looks of everybody are taken for it"
            findings.append(Finding("warning", "strategy", "thin_segment", text, people))
            used = StrategyTables(
                tables.log, tables.cases.assign(segment=segment), tables.memory.assign(segment=segment)
            )
        made = placement_chains(strategy, used, segment=segment, counted=counted, level=level)
        findings += made.findings
        for (placement, daypart), terms in made.terms.items():
            name = f"{placement}\n{segment}"  # no id holds a line break
            weights[name] = (placement, weight)
            chains[name, daypart] = terms
    found = potential(chains, draws=draws, level=level, rng=np.random.default_rng(seed))
    rows = found.table[(found.table["daypart"] == WHOLE_DAY) & (found.table["measure"] == measure)]
    by_name = dict(zip(rows["placement_id"], rows["value"], strict=True))
    values = {plan.id: 0.0 for plan in strategy.placements}
    drawn = {plan.id: np.zeros(draws) for plan in strategy.placements}
    for name, (placement, weight) in weights.items():
        values[placement] += weight * days * float(by_name[name])
        one = found.draws.get((name, WHOLE_DAY, measure), np.full(draws, np.nan))
        drawn[placement] = drawn[placement] + weight * days * one
    return values, drawn, findings


def _budget_words(
    strategy: Strategy, plan: Plan, stands: Robustness, left_out: dict[str, str], money: float
) -> list[str]:
    words = [
        f"the plan spends {plan.cost:,.0f} of {money:,.0f} {strategy.currency} for {plan.value:,.0f}"
        f" {strategy.goal.measure.replace('_', ' ')} in {strategy.goal.period_days:g} days",
        f"drawn anew from their uncertainty, {100 * stands.same_choice:.0f} % of {stands.draws} draws choose"
        f" the same placements; the plan misses {100 * stands.regret:.1f} % of the best value on average, and"
        f" less than {100 * stands.regret_high:.1f} % in 95 % of draws",
    ]
    table = stands.table
    firm = table[(table["share"] > 0) & (table["bought_in"] >= 0.9)]["placement_id"]
    loose = table[(table["bought_in"] > 0.1) & (table["bought_in"] < 0.9)]["placement_id"]
    if len(firm):
        words.append("firm choices (in 90 % of draws or more): " + ", ".join(firm))
    if len(loose):
        words.append("open choices (in 10 to 90 % of draws): " + ", ".join(loose))
    if left_out:
        words.append("left out: " + _by_reason(left_out))
    if strategy.goal.half_brings > 0.5:
        source = strategy.goal.source or "no source given"
        words.append(
            f"diminishing returns are assumed, not measured: half of a placement brings"
            f" {100 * strategy.goal.half_brings:.0f} % ({source})"
        )
    return words
