"""What a report needs of the strategy of a study: potential, plan, what-if, trial, creatives."""

from __future__ import annotations

import pandas as pd

from gazestudy.errors import GazestudyError, ParameterError, StudyError
from gazestudy.pipeline.field_results import SEED
from gazestudy.pipeline.strategy.budget import study_budget
from gazestudy.pipeline.strategy.creative import study_creative, study_trial
from gazestudy.pipeline.strategy.document import STRATEGY_NAME
from gazestudy.pipeline.strategy.potential import study_potential, study_tables
from gazestudy.pipeline.strategy.what_if import study_what_if
from gazestudy.report import CreativeEvidence, StrategyEvidence
from gazestudy.store import Study
from gazestudy.strategy.goals import Strategy

_HIGHER_M = (0.5, 1.0)
_MOST_WHAT_IF = 6


def strategy_evidence(study: Study, missing: dict[str, str]) -> StrategyEvidence | None:
    """Return what the strategy document of a study leads to; None, and why in `missing`, without one.

    Parameters
    ----------
    study : Study
        The study.
    missing : dict
        Gets "strategy" where there is nothing.
    """
    document = study.path / STRATEGY_NAME
    if not document.is_file():
        missing["strategy"] = "There is no strategy document in this study."
        return None
    try:
        found = study_potential(study)
    except GazestudyError as error:  # a mistake in the document must not keep the report from being made
        missing["strategy"] = f"The strategy document cannot be used: {error}"
        return None
    plan, words = _plan(study)
    try:
        trial = study_trial(study).statements
    except StudyError:  # none is planned
        trial = ()
    return StrategyEvidence(
        potential=found.potential.table,
        terms=found.potential.terms,
        costs=found.costs,
        currency=found.strategy.currency,
        goal=_goal(found.strategy),
        made_up=is_made_up(document.read_text(encoding="utf-8-sig")),
        conclusions=(*found.conclusions, *(one.message for one in found.findings)),
        plan=plan,
        plan_words=words,
        what_if=_what_if(study, found.strategy),
        trial=trial,
    )


def is_made_up(text: str) -> bool:
    """Return True if a strategy document still holds values of its template, which are marked REPLACE.

    Examples
    --------
    >>> is_made_up("# marked REPLACE"), is_made_up("cost: 40000  # REPLACE, for the period")
    (False, True)
    """
    return any("REPLACE" in line for line in text.splitlines() if not line.lstrip().startswith("#"))


def creative_evidence(study: Study) -> CreativeEvidence | None:
    """Return how creatives work in a glance; None where no recording has been analysed."""
    try:
        found = study_creative(study)
    except GazestudyError:
        return None
    names = {aoi.id: aoi.name or aoi.id for aoi in study.aois()}
    return CreativeEvidence(found.aois, found.brands, found.words, names, found.conclusions)


def _plan(study: Study) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    try:
        found = study_budget(study)
    except (ParameterError, StudyError) as error:
        return None, (str(error).removeprefix(f"{study.path}: "),)
    firm = found.robustness.table[["placement_id", "bought_in"]]
    return found.plan.table.merge(firm, on="placement_id"), found.conclusions


def _what_if(study: Study, strategy: Strategy) -> dict[str, pd.DataFrame]:
    """Return what a higher mounting would change, where heights and distances are known."""
    audits = study.field_log().audits
    found: dict[str, pd.DataFrame] = {}
    known = study_tables(study)
    for plan in strategy.placements:
        noted = audits.loc[audits["placement_id"] == (plan.observed_as or plan.id), "bottom_m"].dropna()
        bottom = plan.bottom_m if plan.bottom_m is not None else (noted.iloc[-1] if len(noted) else None)
        if bottom is None or len(found) == _MOST_WHAT_IF:
            continue
        try:
            heights = [float(bottom) + more for more in _HIGHER_M]
            found[plan.id] = study_what_if(study, plan.id, bottoms_m=heights, seed=SEED, known=known).table
        except (ParameterError, StudyError):  # height, distance or density is not known
            continue
    return found


def _goal(strategy: Strategy) -> tuple[tuple[str, str], ...]:
    goal = strategy.goal
    hours = sum(daypart.minutes for daypart in strategy.dayparts) / 60
    return (
        ("Measure", goal.measure.replace("_", " ")),
        ("Budget", f"{float(goal.budget):,.0f} {strategy.currency} for {float(goal.period_days):g} days"),
        ("Hours of a day", f"{hours:.1f}, in {len(strategy.dayparts)} dayparts"),
        (
            "Half of a placement brings",
            f"{100 * float(goal.half_brings):.0f} % (assumed: {goal.source or 'no source'})",
        ),
        ("Segments", _segments(strategy) or "none told apart"),
    )


def _segments(strategy: Strategy) -> str:
    return "; ".join(
        f"{one.id}: worth {float(one.value):g}, {100 * float(one.passage_share):.0f} % of passages "
        f"({one.source})"
        for one in strategy.segments
    )
